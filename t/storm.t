# The storm when the database returns: all workers come back, none with more
# connections than it may have, and not all in one moment.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Cluster;
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my $workers = 8;
my $cap = 5;

my $cluster = AmzSync::Cluster->new(settings => {
    log_connections => "on", log_line_prefix => "'%n '" });
my $site = AmzSync::Site->new("seed=1 orders=20 page=10 quota=0");
my @nginx = map { $site->nginx(workers => $workers / 2) } 1 .. 2;


sub connections {
    return $site->db->value("SELECT count(*) FROM pg_stat_activity
                              WHERE usename = 'amzsync_nginx'");
}


# When nginx was let in, in seconds, in order.

sub let_in {
    my ($log) = @_;

    return sort { $a <=> $b }
           $log =~ /^(\S+) LOG:  connection authorized: user=amzsync_nginx/mg;
}


# Away for long enough, for the delays between two tries to be at their
# longest.

ok(AmzSync::Site::until_true(30, sub { connections() == $cap * $workers }),
   "before: all connections are up");

$site->begin($nginx[0], "u1", seller => "S1");
$site->wait_row("u1", 30, sub { $_[0]{state} eq "completed" })
    or die "not completed:\n" . $site->logs;

$cluster->stop("immediate");
sleep 8;
my $before = length $cluster->log;
my $begin = time;
$cluster->start;

my $most = 0;
my $all = AmzSync::Site::until_true(30, sub {
    my $now = connections();

    $most = $now if $now > $most;
    return $now == $cap * $workers;
});

ok($all, "back: all connections are up again") or diag $site->logs;
note sprintf "%.1f s after the server was started", time - $begin;

# Who is let in and refused by its check would come again.
sleep 3;
$most = connections() if connections() > $most;

cmp_ok($most, "<=", $cap * $workers, "back: the cap of the pools is held");

my @in = let_in(substr $cluster->log, $before);
is(scalar @in, $cap * $workers, "back: each connection was made once");

# Delays are between one and a half and three seconds.
my $spread = $in[-1] - $in[0];
cmp_ok($spread, ">", 1, "back: not all in one moment");
cmp_ok($spread, "<", 8, "back: nor late");

my ($width, $most_at_once) = (0.1, 0);

for my $at (@in) {
    my $count = grep { $_ >= $at && $_ < $at + $width } @in;
    $most_at_once = $count if $count > $most_at_once;
}

cmp_ok($most_at_once, "<", @in / 2, "back: no crowd within $width s");
note "$most_at_once of " . @in . " in $width s, all in $spread s";

is(($site->db->call("GET", "/api/sync/status", user => "u1",
                    port => $nginx[1]->port))[0], 200,
   "back: requests are answered");
is_deeply([ $site->alarms ], [], "no alarms");

# The cluster is the last to go.
@nginx = ();
undef $site;
undef $cluster;

done_testing();

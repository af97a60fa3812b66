# What never counts as a try, however often it comes before a page does: a
# worker that is told to go, and a database that is away for longer than the
# lease; with a call in flight each time.  Steals of a dead worker's syncs, and
# waiting for a quota, are in wait.t.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Cluster;
use AmzSync::Site;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $cluster = AmzSync::Cluster->new;
my $site = AmzSync::Site->new("seed=2 orders=30 page=10 quota=0");
my $amazon = $site->amazon;
my $nginx;


# While it is held Amazon takes calls for orders, and does not answer.

my $silent;

sub hold {
    my ($hold) = @_;
    my ($old) = $amazon->workers;
    my $location = "";

    undef $silent;

    if ($hold) {
        $silent = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64)
            or die "no socket: $!\n";
        $location = "location /amazon/orders/ {
                         proxy_pass http://127.0.0.1:" . $silent->sockport
                    . "; }";
    }

    $amazon->configure(http => "", server => $location . $site->db->sandbox(
        "seed=2 orders=30 page=10 quota=0"));
    $amazon->signal("HUP");

    AmzSync::Site::until_true(20, sub {
        my ($new) = $amazon->workers;
        $new && $new != $old;
    }) or die "Amazon was not configured anew\n";
}


# Waits until a worker that is alive has a call in flight.

sub in_flight {
    my ($user) = @_;

    return $site->wait_row($user, 30, sub {
        $_[0]{state} eq "running" && $_[0]{in_flight} eq "{orders}"
            && $_[0]{left} > 0
    }) || die "no call is in flight:\n" . $nginx->log;
}


# Six times, more than may be tried, without a page; then in peace.

sub again {
    my ($name, $user, $fault) = @_;
    my @tries;

    hold(1);
    $site->begin($nginx, $user, seller => "S$user");

    for (1 .. 6) {
        $fault->(in_flight($user));
        push @tries, in_flight($user)->{tries};
    }

    is_deeply(\@tries, [ (0) x 6 ], "$name: no try") or diag $nginx->log;
    is($site->row($user)->{page}, 0, "$name: no page came in between");

    hold(0);

    my $row = $site->wait_row($user, 40, sub {
        $_[0]{state} !~ /^(?:queued|running)$/
    });

    is($row && $row->{state}, "completed", "$name: completed")
        or diag $nginx->log;
    is($row && $row->{page}, 3, "$name: each page once");
    is_deeply([ $site->differences($user, "S$user") ], [],
              "$name: the tables are the truth");
}


$nginx = $site->nginx(workers => 2);

again("released", "u1", sub {
    my ($row) = @_;
    my $lease = $row->{lease};

    $nginx->signal("HUP");
    $site->wait_row("u1", 20, sub { ($_[0]{lease} || $lease) ne $lease })
        or die "not taken over:\n" . $nginx->log;
});

$nginx->stop;

# Whoever looks first when the database is back, the owner is alive.

$nginx = $site->nginx(workers => 2, postgres => "timeout=1s",
                      extra => "amzsync_lease 1s;");

again("outage", "u2", sub {
    $cluster->stop("immediate");
    sleep 1.5;
    $cluster->start;
});

is_deeply([ $site->alarms ], [], "no alarms");

# The cluster is the last to go.
undef $nginx;
undef $site;
undef $cluster;

done_testing();

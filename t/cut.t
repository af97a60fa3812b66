# Connections to PostgreSQL that are cut while a sync commits its pages: in the
# middle of a statement, after it was sent, in the middle of its answer, and
# while it waits for a lock, so that it goes on without us.  Each page is
# applied once.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Cluster;
use AmzSync::Proxy;
use AmzSync::Site;
use POSIX ();
use Test::More;

my ($orders, $pages) = (400, 40);

my $cluster = AmzSync::Cluster->new;
my $site = AmzSync::Site->new("seed=9 orders=$orders page=10 quota=1000");
my $proxy = AmzSync::Proxy->new($cluster->port);
my $nginx = $site->nginx(
    conninfo => { host => "127.0.0.1", port => $proxy->port },
    postgres => "timeout=2s reads=1 work=1");


# Keeps a user's sync locked for a while.

sub lock_row {
    my ($user) = @_;

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;
    return $pid if $pid;

    exec "psql", "-XAtq", "-o", "/dev/null", "-d", $site->db->name,
         "-c", "BEGIN", "-c",
         "SELECT FROM amzsync.sync_progress
           WHERE user_id = '$user' FOR UPDATE",
         "-c", "SELECT pg_sleep(1.2)", "-c", "COMMIT"
        or POSIX::_exit(1);
}


for my $how (qw(middle sent answer waiting)) {
    my $user = "u_$how";
    my $cuts = 0;

    $site->begin($nginx, $user, seller => "S$how");

    for my $page (3, 12, 21) {
        $site->wait_row($user, 20, sub { $_[0]{page} >= $page })
            or die "no progress:\n" . $nginx->log;

        my $locker = $how eq "waiting" ? lock_row($user) : undef;

        $proxy->cut($how, 1);
        $cuts += $proxy->cuts(5);
        waitpid $locker, 0 if $locker;
    }

    my $row = $site->wait_row($user, 60, sub { $_[0]{state} ne "running" });

    is($cuts, 3, "$how: connections were cut");
    is($row && $row->{state}, "completed", "$how: completed")
        or diag $nginx->log;
    is($row->{page}, $pages, "$how: each page once");
    is($row->{rows}, $orders, "$how: each row once");
    is_deeply([ $site->differences($user, "S$how") ], [],
              "$how: the tables are the truth");
}

is_deeply([ $site->alarms ], [], "no alarms");

# The cluster is the last to go.
undef $nginx;
undef $proxy;
undef $site;
undef $cluster;

done_testing();

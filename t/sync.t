# One sync from end to end, what it says of itself meanwhile, a second one
# that has little to do, and another seller's that is given back in the middle.
#
# valgrind

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my $site = AmzSync::Site->new("seed=6 orders=300 page=10 quota=0"
                              . " fault=http_500:7 fault=slow:62"
                              . " token_ttl=300");
my $db = $site->db;
my $nginx = $site->nginx(extra => "amzsync_retry_delay 10ms;");

for my $turn ("first", "second") {
    my $orders = $turn eq "first" ? 300 : 0;
    my $sync = $site->begin($nginx, "u1", seller => "S1");
    my (@seen, $status);

    AmzSync::Site::until_true(60, sub {
        (undef, $status) = $db->call("GET", "/api/sync/status/$sync",
                                     user => "u1", port => $nginx->port);
        push @seen, $status->{progress};
        $status->{status} ne "in_progress";
    });

    is($status->{status}, "completed", "$turn: completed")
        or diag $site->logs;
    is($status->{progress}, 100, "$turn: progress is 100");
    is($status->{ordersProcessed}, $orders, "$turn: orders processed");
    is($status->{totalOrders}, $orders, "$turn: total orders");
    is_deeply([ grep { $seen[$_] < $seen[$_ - 1] } 1 .. $#seen ], [],
              "$turn: progress never fell");
    is_deeply([ $site->differences("u1", "S1") ], [],
              "$turn: the tables are the truth");
}

# Stopped with a page on its way: the sync is free for whoever comes.

$site->begin($nginx, "u2", seller => "S2");
$site->wait_row("u2", 60, sub { $_[0]{page} > 0 });
$nginx->signal("QUIT");
ok(defined $nginx->gone(30), "third: nginx has exited");

my $row = $site->row("u2");
is($row->{state}, "queued", "third: released") or diag $site->logs;
is($row->{in_flight}, "{}", "third: no call in flight");
is_deeply([ $site->alarms ], [], "no alarms");

done_testing();

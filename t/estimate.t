# What a sync waits for, and when it will be done.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

# Calls a second of searchOrders, and of getInventorySummaries; the header of
# the sandbox says the same.

my $quota = 25;
my $rate = 0.0056 * $quota;                 # one call in 7.1 seconds
my $waiting = qr/: waiting for Amazon's quota, /;


sub status {
    my ($site, $nginx, $user) = @_;

    my (undef, $json) = $site->db->call("GET", "/api/sync/status",
                                        user => $user, port => $nginx->port);

    return $json->{lastSync};
}


# A bucket that has its next slot so many seconds from now.

sub bucket {
    my ($site, $operation, $rate, $burst, $wait) = @_;

    $site->db->sql("
        INSERT INTO amzsync.quota_buckets VALUES ('sandbox-client', 'S1',
               'na', '$operation', $rate, $burst,
               now() + ($wait + ($burst - 1) / ${rate}::float8
                        - LEAST(2, 1 / ${rate}::float8)) * interval '1 s', true)
        ON CONFLICT (client_id, selling_partner_id, region, operation)
        DO UPDATE SET rate = excluded.rate, tat = excluded.tat");
}


sub version {
    my ($site, $user) = @_;

    return $site->db->value("SELECT version FROM amzsync.sync_progress
                              WHERE user_id = '$user'
                              ORDER BY sync_no DESC LIMIT 1");
}


# Seconds from now to a time of the status.

sub ahead {
    my ($site, $time) = @_;

    return $site->db->value("SELECT extract(epoch
                                FROM '$time'::timestamptz - now())");
}


# A wait of one dataset is told while others work, until it is over.

{
    my $site = AmzSync::Site->new("seed=2 orders=60 page=100 quota=$quota"
                                  . " inventory=400 inventory_page=10");
    my $nginx = $site->nginx(datasets => "orders inventory");

    # Where nginx is slow the wait shall not begin before it is there.
    $site->connect($nginx, "u1", seller => "S1");
    bucket($site, "searchOrders", $rate, 20, 8);
    $site->begin($nginx, "u1", seller => "S1");

    my ($status, $seen, %messages, @left, @early);

    AmzSync::Site::until_true(60, sub {
        $status = status($site, $nginx, "u1");
        $messages{$status->{message}}++;

        if ($status->{message} =~ /^orders$waiting(\d+) s$/) {
            push @left, $1;
            my ($set) = grep { $_->{name} eq "inventory" }
                        @{ $status->{datasets} };
            $seen = $set->{rows} if $set->{rows};

            my $told = $1;
            push @early, "$told s, $status->{estimatedCompletion}"
                if $status->{estimatedCompletion} && $site->db->value("
                    SELECT '$status->{estimatedCompletion}'::timestamptz
                           < '$status->{updatedAt}'::timestamptz
                             + ($told - 1) * interval '1 s'") eq "t";
        }

        return $status->{status} ne "in_progress";
    });

    is($status->{status}, "completed", "told: completed") or diag $site->logs;
    cmp_ok(scalar @left, ">", 3, "told: for a while")
        or diag explain \%messages;
    cmp_ok($left[0], ">=", 7, "told: the seconds");
    cmp_ok($left[0], "<=", 8, "told: no more than there are");
    is_deeply(\@left, [ sort { $b <=> $a } @left ], "told: they become less");
    cmp_ok($left[-1], ">=", 5, "told: not below five");
    cmp_ok($left[-1], "<", $left[0], "told: with the pages of others");
    ok($seen, "told: while others work");
    is_deeply(\@early, [], "told: nothing ends before the wait");
    ok(!grep({ /^inventory$waiting/ } keys %messages),
       "told: no short wait") or diag explain \%messages;
    is_deeply([ $site->alarms ], [], "told: no alarms");
}


# One wait alone: it is told at once, once, and so is its end; no statement
# more, and no version for what nobody sees.

{
    my $site = AmzSync::Site->new("seed=2 orders=30 page=10 quota=$quota");
    my $nginx = $site->nginx();

    $site->connect($nginx, "u1", seller => "S1");
    bucket($site, "searchOrders", $rate, 20, 6);
    my $begin = time;
    $site->begin($nginx, "u1", seller => "S1");

    my ($status, $told);

    ok(AmzSync::Site::until_true(4, sub {
        ($status = status($site, $nginx, "u1"))->{message} =~ $waiting
    }), "alone: it is told at once");
    is($status->{message}, "orders: waiting for Amazon's quota, 6 s",
       "alone: the message");
    is($status->{estimatedCompletion}, undef, "alone: no estimate: unknown");
    is($status->{progress}, 0, "alone: progress");
    is(version($site, "u1"), 2, "alone: one version");
    my $asked = $status->{updatedAt};
    cmp_ok(-ahead($site, $asked), "<", 5, "alone: updatedAt");

    # The thread's call is held up: the wait is over, and no page is there.
    kill "STOP", $site->amazon->workers;
    ok(AmzSync::Site::until_true(15, sub {
        ($status = status($site, $nginx, "u1"))->{message} !~ $waiting
    }), "alone: its end is told");
    is($status->{message}, "Fetching orders", "alone: what it does then");
    is(version($site, "u1"), 3, "alone: one version more");
    is($site->row("u1")->{page}, 0, "alone: no page yet");
    kill "CONT", $site->amazon->workers;
    cmp_ok($status->{updatedAt}, "gt", $asked, "alone: updatedAt goes on");
    cmp_ok(time - $begin, ">=", 5, "alone: it has waited");
    is_deeply([ $site->alarms ], [], "alone: no alarms");
}


# What is left by the pages of the last sync and the quota: the longest of the
# datasets; and never in the past.

{
    my $site = AmzSync::Site->new("seed=2 orders=100 page=10 quota=500"
                                  . " inventory=40 inventory_page=20");
    my $nginx = $site->nginx(datasets => "orders inventory");
    my $rate = 0.0056 * 500;                # one call in 0.36 seconds

    my $sync = $site->begin($nginx, "u1", seller => "S1");
    is($site->db->wait_sync($sync), "completed", "first: completed")
        or diag $site->logs;

    bucket($site, "searchOrders", $rate, 20, 6);
    my (undef, $json) = $site->db->call(
        "POST", "/api/v1/integrations/amazon/sync", user => "u1",
        port => $nginx->port, body => '{"full":true}');
    ok($json->{success}, "full: started");

    my (@guesses, $status, $progress);
    $progress = 0;

    AmzSync::Site::until_true(60, sub {
        $status = status($site, $nginx, "u1");
        fail("progress fell") if $status->{progress} < $progress;
        $progress = $status->{progress};

        return 1 if $status->{status} ne "in_progress";

        push @guesses, [ $status->{message}, $status->{estimatedCompletion},
                         $status->{updatedAt} ];
        return 0;
    });

    is($status->{status}, "completed", "full: completed") or diag $site->logs;
    is($status->{estimatedCompletion}, undef, "full: and no estimate then");

    # Ten pages: the first in six seconds, the others one in 0.36.
    my @waits = grep { $_->[0] =~ /^orders$waiting/ && defined $_->[1] }
                @guesses;
    ok(@waits, "full: an estimate with the wait") or diag explain \@guesses;

    my $error = $site->db->value("
        SELECT abs(extract(epoch FROM '$status->{completedAt}'::timestamptz
                                      - '$waits[-1][1]'))");
    cmp_ok($error, "<", 2.5, "full: the estimate is right")
        or diag explain \@waits;
    is(scalar(grep { defined $_->[1] && $_->[1] lt $_->[2] } @guesses), 0,
       "full: never in the past");
    is_deeply([ $site->alarms ], [], "full: no alarms");
}


# An estimate that is over is now.

{
    my $site = AmzSync::Site->new("seed=2 orders=10 quota=0");
    my $nginx = $site->nginx();
    my $db = $site->db;

    $db->sql("
        INSERT INTO amzsync.sync_progress (user_id, sync_no,
                    selling_partner_id, region, marketplace_ids, state, lease,
                    lease_until, estimated_completion)
        SELECT 'e' || n, 1764000000000, 'S1', 'na', '{A}', 'running', 1,
               now() + interval '1 day', now() + n * interval '1 hour'
          FROM unnest(ARRAY[-1, 1, NULL]) n WHERE n IS NOT NULL");

    AmzSync::Site::until_true(20, sub { status($site, $nginx, "e1") });

    my $over = status($site, $nginx, "e-1")->{estimatedCompletion};
    cmp_ok(abs(ahead($site, $over)), "<", 5, "over: now");
    my $ahead = ahead($site,
                      status($site, $nginx, "e1")->{estimatedCompletion});
    cmp_ok(abs($ahead - 3600), "<", 20, "ahead: as it is");

    (undef, my $json) = $db->call("GET",
                                  "/api/sync/status/sync_e-1_1764000000000",
                                  user => "e-1", port => $nginx->port);
    cmp_ok(abs(ahead($site, $json->{estimatedCompletion})), "<", 5,
           "over, by id: now");
    is_deeply([ $site->alarms ], [], "over: no alarms");
}

done_testing();

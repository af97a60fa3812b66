# Syncs that wait: for a quota, longer than their lease; for a call that never
# comes back; for a user who connects anew.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my ($orders, $pages) = (200, 10);


# A wait of ten seconds under a lease of two, or six if nginx is slow by
# itself, while another nginx would gladly take over, and somebody at a console
# locks one of the rows.

{
    my $site = AmzSync::Site->new("seed=4 orders=$orders page=20 quota=0");
    my $db = $site->db;
    my $lease = $ENV{AMZSYNC_PATIENCE} ? 6 : 2;
    my @nginx = map { $site->nginx(extra => "amzsync_lease ${lease}s;") }
                    1 .. 2;
    my (%first, @lost, $least);

    # Where nginx is slow the wait shall not begin before it is there.
    $site->connect($nginx[0], "u$_", seller => "S$_") for 1 .. 2;

    $db->sql("INSERT INTO amzsync.quota_buckets
              SELECT 'sandbox-client', s, 'na', 'searchOrders', 1, 1,
                     now() + interval '9 s', true
                FROM unnest(ARRAY['S1', 'S2']) s");

    $site->begin($nginx[0], "u1", seller => "S1");
    $site->begin($nginx[0], "u2", seller => "S2");

    for my $user ("u1", "u2") {
        $first{$user} = $site->wait_row($user, 20,
                                        sub { $_[0]{state} eq "running" });
    }

    my $begin = time;
    my $locker = fork();
    die "fork: $!\n" if !defined $locker;

    if ($locker == 0) {
        exec "psql", "-XAtqd", $db->name, "-c", "BEGIN", "-c",
             "SELECT FROM amzsync.sync_progress WHERE user_id = 'u1'
                 FOR UPDATE", "-c", "SELECT pg_sleep(4)", "-c", "COMMIT";
        die "psql: $!\n";
    }

    while (time - $begin < 7) {
        my $row = $site->row("u2");
        push @lost, $row if $row->{lease} ne $first{u2}{lease}
                            || $row->{left} < 0 || $row->{page} != 0
                            || $row->{in_flight} ne "{}" || $row->{tries};
        sleep 0.2;
    }

    waitpid $locker, 0;

    is_deeply(\@lost, [], "quota: the lease was kept, by no more than beats");
    cmp_ok(keys %{ $site->searches || {} }, "==", 0, "quota: no call yet");

    for my $user ("u1", "u2") {
        my $row = $site->wait_row($user, 15,
                                  sub { $_[0]{state} eq "completed" });
        is($row && $row->{rows}, $orders, "quota: $user is complete");
        is($row && $row->{page}, $pages, "quota: $user has each page once");
    }

    is(scalar(() = $nginx[1]->log =~ /user "u2".*claimed/g), 0,
       "quota: nobody took over what was not locked");
    is_deeply([ $site->alarms ], [], "quota: no alarms");
}

# Every holder dies with its call in flight: five are followed, no more.

{
    my $site = AmzSync::Site->new("seed=4 orders=$orders page=20 quota=0"
                                  . " fault=slow:1");
    my $nginx = $site->nginx();
    my $sync = $site->begin($nginx, "u1", seller => "S1");
    my @tries;

    # Orphans are looked for each sixth of a lease; here, each second.
    undef $nginx;
    $site->{nginx} = [];
    $nginx = $site->nginx(extra => "amzsync_lease 6s;");

    $site->db->sql("UPDATE amzsync.sync_progress SET lease = 1,
                           lease_until = now() WHERE state = 'running'");

    for (1 .. 6) {
        my $row = $site->wait_row("u1", 8, sub {
            $_[0]{state} eq "running" && $_[0]{lease} ne "1"
                && $_[0]{in_flight} eq "{orders}"
        }) or last;

        push @tries, $row->{tries};

        $site->db->sql("UPDATE amzsync.sync_progress SET lease = 1,
                               lease_until = now() WHERE state = 'running'");
    }

    my $row = $site->wait_row("u1", 20, sub { $_[0]{state} eq "failed" });

    cmp_ok($tries[-1], "==", 5, "stalled: the last had five before it")
        or diag "@tries";
    ok($row, "stalled: failed") or diag $site->logs;
    is($row && $row->{error}, "stalled", "stalled: with its code");
    is($row && $row->{status}, "failed", "stalled: the dataset, too");

    my (undef, $status) = $site->db->call("GET", "/api/sync/status/$sync",
                                          user => "u1",
                                          port => $nginx->port);
    is($status->{error}{code}, "stalled", "stalled: the status says so");
    is($status->{datasets}[0]{error}{code}, "stalled",
       "stalled: the status of the dataset, too");

    my $again = $site->db->start("u1", port => $nginx->port);
    isnt($again, $sync, "stalled: the user may start anew");
    is_deeply([ $site->alarms ], [], "stalled: no alarms");
}

# Dead holders whose sync only waited cost nothing.

{
    my $site = AmzSync::Site->new("seed=4 orders=$orders page=20 quota=0");
    my $nginx = $site->nginx(extra => "amzsync_lease 1s;");

    $site->db->sql("INSERT INTO amzsync.quota_buckets VALUES
                    ('sandbox-client', 'S1', 'na', 'searchOrders', 1, 1,
                     now() + interval '1 h', true)");
    $site->begin($nginx, "u1", seller => "S1");

    for (1 .. 3) {
        my $row = $site->wait_row("u1", 20, sub { ($_[0]{lease} || 1) ne "1" });
        is($row && $row->{tries}, 0, "orphan: waiting is no try");

        $site->db->sql("UPDATE amzsync.sync_progress SET lease = 1,
                               lease_until = now() WHERE state = 'running'");
    }

    is_deeply([ $site->alarms ], [], "orphan: no alarms");
}

# The token is refused, but the user has given another one meanwhile: the sync
# goes on with that.  Amazon stands still until it is there.

{
    my $site = AmzSync::Site->new("seed=4 orders=$orders page=20 quota=0");
    my $nginx = $site->nginx();
    my @amazon = $site->amazon->workers;

    $site->connect($nginx, "u1", seller => "S1",
                   token => "Atzr|sandbox-S1-revoked");
    kill "STOP", @amazon;
    $site->db->start("u1", port => $nginx->port);
    $site->wait_row("u1", 20, sub { $_[0]{state} eq "running" });
    sleep 0.3;
    $site->connect($nginx, "u1", seller => "S1");
    kill "CONT", @amazon;

    my $row = $site->wait_row("u1", 10,
                              sub { $_[0]{state} !~ /queued|running/ });
    is($row && $row->{state}, "completed", "connected anew: completed")
        or diag $site->logs;
    like($nginx->log, qr/user "u1", sync sync_u1_\d+: no access token/,
         "connected anew: the old token was refused");
    is($site->db->value("SELECT status FROM amzsync.connections"),
       "connected", "connected anew: the connection stays");
    is_deeply([ $site->differences("u1", "S1") ], [],
              "connected anew: the tables are the truth");
    is_deeply([ $site->alarms ], [], "connected anew: no alarms");
}

# A sync that has lost its connection fails, and does not run for ever.

{
    my $site = AmzSync::Site->new("seed=4 orders=$orders page=20 quota=0");
    my $nginx = $site->nginx();

    $site->connect($nginx, "u1", seller => "S1");
    $site->db->sql("INSERT INTO amzsync.sync_progress (user_id, sync_no,
                        selling_partner_id, region, marketplace_ids)
                    VALUES ('u2', 1, 'S2', 'na', '{}');
                    INSERT INTO amzsync.sync_datasets (user_id, sync_no,
                        dataset, position)
                    VALUES ('u2', 1, 'orders', 1)");

    my $row = $site->wait_row("u2", 20, sub { $_[0]{state} eq "failed" });
    ok($row, "no connection: failed") or diag $site->logs;
    is_deeply([ $site->alarms ], [], "no connection: no alarms");
}

done_testing();

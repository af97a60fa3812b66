# The end of a sync by its user: at once, whoever works on it, and nothing is
# written for it after the answer.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep);

my $site = AmzSync::Site->new("seed=5 orders=2000 page=10 quota=1000");
my $db = $site->db;
my $nginx = $site->nginx(workers => 2);

sub cancel {
    my ($user, $sync, %arg) = @_;

    return $db->call("POST", "/api/sync/cancel/$sync", user => $user,
                     port => $nginx->port, %arg);
}

# All that there is of a user, but for the connection.

sub rows {
    my ($user) = @_;

    return [ map { my $table = $_;
                   map { "$table $_->[0]" } $db->sql("
                       SELECT t::text FROM amzsync.$table t
                        WHERE user_id = '$user' ORDER BY 1") }
             qw(sync_progress sync_datasets sync_units cursors orders
                order_items) ];
}

my @success = (200, { success => JSON::PP::true(),
                      message => "Sync cancelled successfully" });


# Two workers, many syncs, each ended at another page: one time in two the
# worker that answers is not the one that reads.

{
    my (%syncs, %rows);

    $syncs{"u$_"} = $site->begin($nginx, "u$_", seller => "S$_") for 1 .. 12;

    for my $n (1 .. 12) {
        my $user = "u$n";

        $site->wait_row($user, 30, sub { $_[0]{page} >= 3 * $n % 16 + 10 });

        is_deeply([ (cancel($user, $syncs{$user}))[0, 1] ], \@success,
                  "$user: cancelled");
        $rows{$user} = rows($user);
    }

    sleep 1.5;

    for my $user (sort keys %syncs) {
        is_deeply(rows($user), $rows{$user}, "$user: nothing is written");

        my $row = $site->row($user);
        is_deeply([ @$row{qw(state lease left in_flight)} ],
                  [ "cancelled", undef, undef, "{}" ], "$user: its row");
    }

    cmp_ok(scalar(grep { $_ =~ /^orders / } map { @$_ } values %rows), ">=",
           100, "orders had been read");

    my ($status, $json) = $db->call("GET", "/api/sync/status/$syncs{u5}",
                                    user => "u5", port => $nginx->port);
    is($json->{status}, "cancelled", "status: cancelled");
    like($json->{completedAt}, qr/^20/, "status: ended");
    cmp_ok($json->{progress}, "<", 100, "status: not completed");
    is($json->{message}, "Sync cancelled", "status: message");

    is_deeply([ (cancel("u5", $syncs{u5}))[0, 1] ], \@success, "again");
    is_deeply(rows("u5"), $rows{u5}, "again: nothing is written");

    # Another sync goes on from the cursors, and has it all.

    my $sync = $db->start("u5", port => $nginx->port);
    isnt($sync, $syncs{u5}, "anew: another sync");
    is($db->wait_sync($sync), "completed", "anew: completed");
    is_deeply([ $site->differences("u5", "S5") ], [], "anew: the truth");

    is_deeply([ (cancel("u5", $sync))[0, 1] ],
              [ 400, { success => JSON::PP::false(),
                       error => "sync_not_running",
                       message => "Sync is not running any more." } ],
              "completed: too late");
    is($site->row("u5")->{state}, "completed", "completed: it stays so");
    is_deeply([ (cancel("u5", $syncs{u5}))[0, 1] ], \@success,
              "anew: the first one is cancelled still");
}


# Without a worker: nothing runs, and yet it is ended.

{
    $db->sql("
        INSERT INTO amzsync.sync_progress
              (user_id, sync_no, selling_partner_id, region, marketplace_ids,
               state, run_after, lease, lease_until, completed_at)
        VALUES ('w', 1, 'A1', 'na', '{A}', 'failed', now(), NULL, NULL,
                now()),
               ('w', 2, 'A1', 'na', '{A}', 'running', now(), 7,
                now() + interval '1 d', NULL),
               ('x', 1, 'A1', 'na', '{A}', 'queued', now() + interval '1 d',
                NULL, NULL, NULL)");

    is_deeply([ (cancel("w", "sync_w_2"))[0, 1] ], \@success,
              "of a worker that is gone");
    is_deeply([ (cancel("x", "sync_x_1"))[0, 1] ], \@success, "queued");
    is((cancel("w", "sync_w_1"))[1]{error}, "sync_not_running", "failed");
    is_deeply([ map { $_->[0] } $db->sql("
                  SELECT state FROM amzsync.sync_progress
                   WHERE user_id IN ('w', 'x') ORDER BY user_id, sync_no") ],
              [ qw(failed cancelled cancelled) ], "their states");
}


# A page that is being committed comes first, and none comes after it.

{
    my $sync = $site->begin($nginx, "y", seller => "Y");
    $site->wait_row("y", 30, sub { $_[0]{page} >= 2 });

    open my $psql, '|-', "psql", "-Xq", "-o", "/dev/null", "-d", $db->name
        or die "psql: $!\n";
    $psql->autoflush(1);
    print $psql "BEGIN; SELECT FROM amzsync.sync_progress
                  WHERE user_id = 'y' FOR UPDATE;\n";
    AmzSync::Site::until_true(10, sub {
        $db->value("SELECT count(*) FROM pg_stat_activity
                     WHERE state = 'idle in transaction'");
    }) or die "no lock\n";

    my $began = Time::HiRes::time();
    my $pid = fork();
    if (!$pid) {
        sleep 0.7;
        print $psql "COMMIT;\n";
        POSIX::_exit(0);
    }

    is_deeply([ (cancel("y", $sync))[0, 1] ], \@success, "locked: cancelled");
    my $rows = rows("y");
    cmp_ok(Time::HiRes::time() - $began, ">", 0.5, "locked: after the lock");
    waitpid $pid, 0;
    close $psql;
    sleep 1;
    is_deeply(rows("y"), $rows, "locked: nothing is written");
}


# What cannot be cancelled.

{
    my $sync = $site->begin($nginx, "z", seller => "Z");
    my @not_found = (404, { success => JSON::PP::false(),
                            error => "sync_not_found",
                            message => "Sync not found." });

    for my $id ("sync_other_1", "sync_z_1", "sync_z_", "sync_z_01",
                "sync_z_99999999999999999999", "z", "${sync}0",
                "")
    {
        is_deeply([ (cancel("z", $id))[0, 1] ], \@not_found, "id \"$id\"");
    }

    is_deeply([ ($db->call("POST", "/api/sync/cancel", user => "z",
                           port => $nginx->port))[0, 1] ], \@not_found,
              "no id");
    is((cancel("other", $sync))[0], 404, "another user's");
    is((cancel("", $sync))[0], 401, "no user");
    is((cancel("z", $sync, body => "[]"))[0], 400, "a body that is an array");
    is((cancel("z", $sync, body => '{"now":1}'))[1]{error}, "invalid_request",
       "an unknown member");

    my ($status, undef, $answer) = $db->call("GET", "/api/sync/cancel/$sync",
                                             user => "z",
                                             port => $nginx->port);
    is("$status $answer->{headers}{allow}", "405 POST", "GET");
    like($site->row("z")->{state}, qr/^(running|completed)$/, "it goes on");

    is((cancel("z", $sync, body => "{}"))[0], 200, "an empty object");
    is(($db->call("POST", "/api/sync/cancel?syncId=$sync", user => "z",
                  port => $nginx->port))[0], 200, "by the argument");
}

is_deeply([ $site->alarms ], [], "no alarms");

done_testing();

# A host whose clock is an hour off: leases, quotas, schedules and what a sync
# asks for follow the database's clock.  Two nginx, one of them an hour late or
# early, share syncs, and take over from each other.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my ($library) = glob "/usr/lib/*/faketime/libfaketimeMT.so.1";
die "no libfaketime\n" if !$library;

my $sandbox = "seed=6 orders=300 page=10 inventory=60 transactions=200"
              . " transactions_page=20 quota=1000";


# An nginx whose clock differs by so many seconds.

sub nginx {
    my ($site, $off, %arg) = @_;

    local @ENV{qw(LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC)}
        = ($library, sprintf("%+ds", $off), 1);

    return $site->nginx(workers => 2, datasets => $arg{datasets},
                        extra => "amzsync_lease 6s;" . ($arg{extra} || ""));
}


sub ended {
    my ($site, $name, @users) = @_;

    for my $user (@users) {
        my $row = $site->wait_row($user, 60, sub {
            $_[0]{state} !~ /^(?:queued|running)$/
        });

        is($row && $row->{state}, "completed", "$name: $user completed")
            or diag $site->logs;
        is($row->{tries}, 0, "$name: $user without a try");
        is_deeply([ $site->differences($user, "S$user",
                                       @AmzSync::Truth::all) ], [],
                  "$name: $user: the tables are the truth");
    }
}


for my $off (3600, -3600) {
    my $name = $off > 0 ? "early" : "late";
    my $site = AmzSync::Site->new($sandbox);
    my $db = $site->db;
    my $wrong = nginx($site, $off);

    my ($status, undef, $answer) = $db->call("GET", "/api/sync/status",
                                             user => "u1",
                                             port => $wrong->port);
    is($status, 200, "$name: status") or diag $wrong->log;

    # nginx tells its own time.
    my ($hour, $minute) = $answer->{headers}{date} =~ / (\d+):(\d+):/;
    my $here = time + $off;
    my $differs = abs((60 * $hour + $minute) - int($here / 60) % 1440);
    cmp_ok($differs > 720 ? 1440 - $differs : $differs, "<=", 2,
           "$name: its clock is an hour off");

    # Another one, whose clock is right, would steal what looks abandoned.
    my $right = nginx($site, 0);
    my $begin = $db->value("SELECT extract(epoch FROM now())");

    $site->begin($wrong, "u$_", seller => "Su$_") for 1 .. 3;
    $site->begin($right, "u$_", seller => "Su$_") for 4 .. 6;
    ended($site, $name, map { "u$_" } 1 .. 6);

    is(scalar(() = $site->logs =~ /no longer this worker's/g), 0,
       "$name: nobody stole from one who is alive");
    is($db->value("SELECT count(*) FROM amzsync.sync_progress
                    WHERE started_at < to_timestamp($begin)
                       OR completed_at > now()
                       OR abs(sync_no / 1000.0
                              - extract(epoch FROM started_at)) > 2"), 0,
       "$name: times are the database's");
    is($db->value("SELECT count(*) FROM amzsync.cursors
                    WHERE covered_to > now()
                       OR covered_to < to_timestamp($begin)
                                       - interval '5 min'"), 0,
       "$name: what was asked for ends where it should");
    is($db->value("SELECT count(*) FROM amzsync.quota_buckets
                    WHERE tat > now() + interval '5 min'"), 0,
       "$name: quotas are not an hour ahead");

    # It asks for what is new as if nothing were wrong.
    $site->revise("Su1", 1, 400);
    $site->begin($wrong, "u1", seller => "Su1");
    ended($site, "$name, next", "u1");

    # A schedule is due by the database's clock.
    ok($site->connect($wrong, "due", seller => "Sdue", interval => 15),
       "$name: connected with an interval");
    sleep 7;
    is($db->value("SELECT count(*) FROM amzsync.sync_progress
                    WHERE user_id = 'due'"), 0, "$name: nobody is due early");
    my ($next) = $db->value("SELECT extract(epoch FROM next_sync_at - now())
                               FROM amzsync.connections
                              WHERE user_id = 'due'");
    cmp_ok(abs($next - 900), "<", 120, "$name: due in a quarter of an hour");

    # The wrong one dies: the right one takes over in time, and so the other
    # way round.
    for my $case ([ "dead", $wrong ], [ "taken", $right ]) {
        my ($user, $dies) = @$case;

        $site->begin($dies, $user, seller => "S$user");
        my $row = $site->wait_row($user, 20, sub {
            $_[0]{state} eq "running" && $_[0]{page} >= 1
        });
        kill "KILL", $dies->workers if $row;
        ended($site, "$name, $user", $user);
    }

    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [],
              "$name: no alarms");
}

# Reports that Amazon has made a moment ago are taken: it cancels others, and
# what is cancelled has no data.

for my $off (3600, -3600) {
    my $name = $off > 0 ? "early" : "late";
    my $site = AmzSync::Site->new("$sandbox ledger=20000 report_time=100ms");
    my $wrong = nginx($site, $off, datasets => "marketplaces ledger_detail",
                      extra => "amzsync_temp_path " . $site->db->dir
                               . "/temp; amzsync_report_poll 100ms;"
                               . " amzsync_backfill 100d;");

    for my $round ("first", "at once") {
        is($site->db->wait_sync($site->begin($wrong, "u1", seller => "S1")),
           "completed", "$name, reports, $round: completed");
        is_deeply([ $site->db->sql("
            SELECT DISTINCT state FROM amzsync.coverage
             WHERE dataset = 'ledger_detail'") ], [ [ "done" ] ],
                  "$name, reports, $round: none was cancelled");
    }

    is_deeply([ $site->alarms ], [], "$name, reports: no alarms");
}

done_testing();

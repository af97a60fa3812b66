# Retention: which syncs are deleted, in all their tables, and which are not.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;


# Syncs of a user that ended so many days ago, a dataset and a unit each; their
# numbers count from 1.  Those without an end are running elsewhere.

sub syncs {
    my ($db, $user, @syncs) = @_;
    my $values = "";
    my $no = 0;

    for my $sync (@syncs) {
        my ($state, $days) = @$sync;

        $values .= sprintf "%s('%s', %d, '%s', %s::float)",
                           $no ? "," : "", $user, ++$no, $state,
                           defined $days ? $days : "NULL";
    }

    $db->sql("
        INSERT INTO amzsync.sync_progress (user_id, sync_no,
                    selling_partner_id, region, marketplace_ids, state,
                    progress, started_at, completed_at, lease, lease_until)
        SELECT u, n, 'A1', 'na', '{}', s,
               CASE s WHEN 'completed' THEN 100 ELSE 7 END,
               now() - interval '300 d', now() - d * interval '1 d',
               CASE s WHEN 'running' THEN 1 END,
               CASE s WHEN 'running' THEN now() + interval '1 d' END
          FROM (VALUES $values) v (u, n, s, d);

        INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position)
        SELECT user_id, sync_no, d.name, d.position
          FROM amzsync.sync_progress,
               (VALUES ('orders', 1), ('inventory', 2)) d (name, position)
         WHERE user_id = '$user';

        INSERT INTO amzsync.sync_units (user_id, sync_no, dataset, unit,
                    marketplace_ids, range_from, range_to)
        SELECT user_id, sync_no, dataset, 1, '{}', now(), now()
          FROM amzsync.sync_datasets WHERE user_id = '$user'");
}


# The numbers of a user's syncs in a table, each as often as it is there.

sub left {
    my ($db, $table, $user) = @_;

    return $db->value("SELECT coalesce(string_agg(sync_no::text, ' '
                                                  ORDER BY sync_no), '')
                         FROM amzsync.$table WHERE user_id = '$user'");
}


sub is_left {
    my ($db, $user, @numbers) = @_;

    is(left($db, "sync_progress", $user), "@numbers", "$user: syncs");
    is(left($db, "sync_datasets", $user), join(" ", map { ($_) x 2 } @numbers),
       "$user: datasets");
    is(left($db, "sync_units", $user), join(" ", map { ($_) x 2 } @numbers),
       "$user: units");
}


# The default is 90 days.  Several workers of two nginx look at the same time.

{
    my $site = AmzSync::Site->new("");
    my $db = $site->db;

    syncs($db, "active", [ completed => 200 ], [ failed => 150 ],
          [ cancelled => 91 ], [ completed => 89 ], [ completed => 1 ]);
    syncs($db, "quiet", [ completed => 290 ], [ failed => 280 ]);
    syncs($db, "once", [ completed => 299 ]);
    syncs($db, "running", [ failed => 100 ], [ "running" ]);
    syncs($db, "edge", [ completed => 90.01 ], [ completed => 89.99 ],
          [ completed => 0 ]);
    syncs($db, "many", map { [ completed => 250 - $_ / 10 ] } 1 .. 730);

    # All at the same moment, as after an outage.
    syncs($db, "same", map { [ failed => 270 ] } 1 .. 350);
    syncs($db, "same$_", [ failed => 270 ]) for 1 .. 5;

    $db->sql("
        INSERT INTO amzsync.orders (user_id, selling_partner_id, region,
                    order_id, last_updated_time)
        VALUES ('quiet', 'A1', 'na', 'O1', now() - interval '290 d');
        INSERT INTO amzsync.cursors (user_id, selling_partner_id, region,
                    dataset, marketplace_id, covered_to)
        VALUES ('quiet', 'A1', 'na', 'orders', 'A',
                now() - interval '290 d')");

    my @nginx = map { $site->nginx(workers => 2) } 1, 2;

    ok(AmzSync::Site::until_true(30, sub {
        $db->value("SELECT count(*) FROM amzsync.sync_progress
                     WHERE completed_at < now() - interval '90 d'") == 9
    }), "what is old is gone") or diag $site->logs;

    # The first look of those that come late.
    sleep 3;

    is_left($db, "active", 4, 5);
    is_left($db, "quiet", 2);
    is_left($db, "once", 1);
    is_left($db, "running", 2);
    is_left($db, "edge", 2, 3);
    is_left($db, "many", 730);
    is_left($db, "same", 350);
    is_left($db, "same$_", 1) for 1 .. 5;

    is($db->value("SELECT count(*) FROM amzsync.orders"), 1, "data stay");
    is($db->value("SELECT count(*) FROM amzsync.cursors"), 1, "cursors stay");

    my (undef, $status) = $db->call("GET", "/api/sync/status",
                                    user => "quiet",
                                    port => $nginx[0]->port);
    is($status->{lastSync}{syncId}, "sync_quiet_2",
       "the last sync of a quiet seller is told");

    my @deleted = map { $_->log =~ /(\d+) old syncs deleted/g } @nginx;
    my $deleted = 0;
    $deleted += $_ for @deleted;

    is($deleted, 3 + 1 + 1 + 1 + 729 + 349, "the log tells of each");
    is((grep { $_ > 100 } @deleted), 0, "in small batches");
    is_deeply([ $site->alarms ], [], "no alarms");
}

# Later looks; what they find has ended meanwhile.

{
    my $site = AmzSync::Site->new("");
    my $db = $site->db;
    my $nginx = $site->nginx(extra => "amzsync_retention 2s;");

    for my $turn (1, 2) {
        syncs($db, "turn$turn", [ completed => 0 ], [ completed => 0 ]);

        ok(AmzSync::Site::until_true(15, sub {
            left($db, "sync_progress", "turn$turn") eq "2"
        }), "turn $turn: deleted") or diag $site->logs;

        is_left($db, "turn$turn", 2);
    }

    is_deeply([ $site->alarms ], [], "later looks: no alarms");
}

# For ever.

{
    my $site = AmzSync::Site->new("");
    my $db = $site->db;

    syncs($db, "old", [ completed => 299 ], [ completed => 200 ]);

    my $nginx = $site->nginx(extra => "amzsync_retention 0;");
    sleep 5;

    is_left($db, "old", 1, 2);
    is_deeply([ $site->alarms ], [], "for ever: no alarms");
}

done_testing();

# Shipments to Amazon and their items: the tables are the truth, and the log of
# changes tells what came between two truths, whatever happens on the way.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my @tables = qw(inbound_shipments inbound_items);
my $closed = "('CLOSED', 'CANCELLED', 'DELETED', 'ERROR')";


# A site whose data end two days ago, and an nginx for these datasets.

sub stage {
    my ($sandbox, %arg) = @_;
    my $until = POSIX::strftime("%Y-%m-%dT00:00:00Z",
                                gmtime(time - 2 * 86400));
    my $quota = $arg{quota} || 0;
    my $site = AmzSync::Site->new("seed=7 orders=0 until=$until quota=$quota"
                                  . " shipments_page=20 $sandbox");
    my $nginx = $site->nginx(workers => $arg{workers} || 1,
                             datasets => $arg{datasets} || "@tables",
                             extra => "amzsync_retry_delay 50ms; "
                                      . ($arg{extra} || ""));

    return ($site, $nginx);
}


sub run_sync {
    my ($site, $nginx, $user) = @_;
    my $sync = $site->begin($nginx, $user, seller => "S1");

    return $site->db->wait_sync($sync, timeout => 120) || "none";
}


# What was asked of Amazon meanwhile, by operation.

sub asked {
    my ($site, $code) = @_;
    my $before = $site->requests;

    $code->();

    my $after = $site->requests;

    return { map { my $op = $_;
                   $op => ($after->{$op}{200} || 0)
                          - ($before->{$op}{200} || 0) } keys %$after };
}


# The datasets of a user's last sync, by name: status, error, rows.

sub sets {
    my ($site, $user) = @_;

    return { map { my ($name, @rest) = @$_; $name => \@rest } $site->db->sql("
        SELECT dataset, status, error_code, rows
          FROM amzsync.sync_datasets d
         WHERE user_id = '$user'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress p
                           WHERE p.user_id = d.user_id)") };
}


sub is_true {
    my ($name, $site, $user) = @_;

    is_deeply([ $site->differences($user, "S1", @tables) ], [],
              "$name: the tables are the truth");
}


# The truths that the tables were compared with last are kept as another's.

sub keep {
    my ($site) = @_;

    $site->db->sql("SET client_min_messages = warning;
                    DROP TABLE IF EXISTS old_$_;
                    CREATE TABLE old_$_ AS TABLE truth_$_") for @tables;
}


# What changed from those to these, once, against the log of the last sync.

sub is_logged {
    my ($name, $site, $user, $least) = @_;
    my @truth = map { join " ", map { $_ // "-" } @$_ } $site->db->sql("
        SELECT * FROM (
            SELECT 'inbound_shipments', shipment_id, '' AS sku, '' AS fnsku,
                   'shipment_status', o.shipment_status AS old,
                   n.shipment_status AS new
              FROM old_inbound_shipments o
              JOIN truth_inbound_shipments n USING (shipment_id)
            UNION ALL
            SELECT 'inbound_items', shipment_id, seller_sku,
                   fulfillment_network_sku, 'quantity_received',
                   o.quantity_received::text, n.quantity_received::text
              FROM old_inbound_items o
              JOIN truth_inbound_items n
             USING (shipment_id, seller_sku, fulfillment_network_sku)) x
         WHERE old IS DISTINCT FROM new
         ORDER BY 1, 2, 3, 4");
    my @log = map { join " ", map { $_ // "-" } @$_ } $site->db->sql("
        SELECT dataset, key ->> 'shipment_id',
               COALESCE(key ->> 'seller_sku', ''),
               COALESCE(key ->> 'fulfillment_network_sku', ''),
               column_name, old_value, new_value
          FROM amzsync.changes c
         WHERE user_id = '$user' AND selling_partner_id = 'S1'
           AND region = 'na' AND changed_at > now() - interval '1 h'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress p
                           WHERE p.user_id = c.user_id)
         ORDER BY 1, 2, 3, 4");

    is_deeply(\@log, \@truth, "$name: the log has what changed, once");
    cmp_ok(scalar(grep { /shipment_status/ } @truth), '>=', $least,
           "$name: statuses changed");
    cmp_ok(scalar(grep { /quantity_received/ } @truth), '>=', $least,
           "$name: quantities changed") if $least;
}


sub open_shipments {
    my ($site, $user) = @_;

    return $site->db->value("
        SELECT count(*) FROM amzsync.inbound_shipments
         WHERE user_id = '$user' AND shipment_status NOT IN $closed");
}


sub alarms {
    my ($name, $site) = @_;

    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [],
              "$name: no alarms in the logs");
}


# --- first, at once again, and revision by revision

{
    my ($site, $nginx) = stage("shipments=300 duplicates=on");
    my $db = $site->db;
    my $asked = asked($site, sub {
        is(run_sync($site, $nginx, "u1"), "completed", "first: completed");
    });

    is_true("first", $site, "u1");
    is($asked->{getShipmentItemsByShipmentId}, 300,
       "first: each shipment was asked for");
    cmp_ok($asked->{getShipmentItems}, '>', 16, "first: some of them again");
    is($db->value("SELECT count(*) FROM amzsync.changes"), 0,
       "first: nothing has changed");
    is($db->value("SELECT count(*) FROM amzsync.inbound_shipments
                    WHERE items_status IS DISTINCT FROM shipment_status"), 0,
       "first: all are known as read");
    is_deeply([ $db->sql("SELECT DISTINCT marketplace_id
                            FROM amzsync.inbound_shipments ORDER BY 1") ],
              [ map { [ $_ ] } sort { $a cmp $b } AmzSync::Site::markets() ],
              "first: shipments name their marketplaces");
    is($db->value("SELECT count(*) FROM amzsync.sync_units
                    WHERE dataset = 'inbound_items' AND parent_id LIKE 'FBA%'
                      AND cardinality(marketplace_ids) = 1"), 300,
       "first: a unit a shipment");

    my $open = open_shipments($site, "u1");
    cmp_ok($open, '>', 20, "first: some are open");

    keep($site);
    $asked = asked($site, sub {
        is(run_sync($site, $nginx, "u1"), "completed", "again: completed");
    });

    is_true("again", $site, "u1");
    is($asked->{getShipmentItemsByShipmentId}, $open,
       "again: the items of the open ones only");
    is($asked->{getShipments}, 3, "again: a call a marketplace");
    is_logged("again", $site, "u1", 0);

    for my $revision (1 .. 5) {
        my $name = "revision $revision";

        $site->revise("S1", $revision, 600 - $revision);
        $asked = asked($site, sub {
            is(run_sync($site, $nginx, "u1"), "completed",
               "$name: completed");
        });

        is_true($name, $site, "u1");
        is_logged($name, $site, "u1", 3);
        cmp_ok($asked->{getShipmentItemsByShipmentId}, "<", 200,
               "$name: not the items of what was closed before");
        keep($site);
    }

    # What the seller no longer has is no reason to fail.

    $site->revise("S1", 0, 10);
    is(run_sync($site, $nginx, "u1"), "completed", "gone: completed");
    is(sets($site, "u1")->{inbound_items}[0], "completed",
       "gone: items, too");
    like($site->logs, qr/nothing is known of "FBA/, "gone: the log tells");

    for my $table (map { @$_ } $db->sql("
        SELECT c.oid::regclass FROM pg_class c
         WHERE c.relnamespace = 'amzsync'::regnamespace AND c.relkind = 'r'"))
    {
        is($db->value("SELECT count(*) FROM $table t
                        WHERE t::text ~ 'Secret Street|Private'"), 0,
           "no address in $table");
    }

    alarms("first", $site);
}


# --- a sync that ends early: the next one reads what is left

{
    my ($site, $nginx) = stage("shipments=90 fault=denied:40:"
                               . "getShipmentItemsByShipmentId");

    is(run_sync($site, $nginx, "u1"), "completed", "early: completed");
    is_deeply([ @{ sets($site, "u1")->{inbound_items} }[0, 1] ],
              [ "failed", "access_denied" ], "early: items failed");

    my $left = $site->db->value("SELECT count(*) FROM amzsync.inbound_shipments
                                  WHERE items_status IS NULL");
    is($left, 90 - 39, "early: some are left");

    for (1 .. 9) {
        run_sync($site, $nginx, "u1");
        last if sets($site, "u1")->{inbound_items}[0] eq "completed";
    }

    is_true("early", $site, "u1");
    alarms("early", $site);
}


# --- faults that pass

for my $fault (qw(http_500:3 cut:4 malformed:5 throttle:4
                  wrong_type:4:getShipmentItems))
{
    my ($site, $nginx) = stage("shipments=60 fault=$fault");

    is(run_sync($site, $nginx, "u1"), "completed", "$fault: completed");
    is_true($fault, $site, "u1");
    alarms($fault, $site);
}


# --- and those that do not

for ([ "same_token:3:getShipments", "inbound_shipments", "token_loop" ],
     [ "same_token:1:getShipmentItems", "inbound_items", "token_loop" ],
     [ "denied:1:getShipments", "inbound_shipments", "access_denied" ],
     [ "denied:1:getShipmentItemsByShipmentId", "inbound_items",
       "access_denied" ])
{
    my ($fault, $dataset, $code) = @$_;
    my ($site, $nginx) = stage("shipments=300 fault=$fault",
                               datasets => "marketplaces @tables");

    is(run_sync($site, $nginx, "u1"), "completed", "$fault: completed");

    my $set = sets($site, "u1")->{$dataset};
    is("$set->[0] $set->[1]", "failed $code", "$fault: the dataset failed");
    alarms($fault, $site);
}


# --- workers that die: twenty calls a second leave them the time to

{
    my ($site, $nginx) = stage("shipments=300 duplicates=on", workers => 2,
                               quota => 10, extra => "amzsync_lease 1s;");

    for my $revision (0 .. 2) {
        my $name = "killed, revision $revision";

        $site->revise("S1", $revision, 600 - $revision) if $revision;

        my $sync = $site->begin($nginx, "u1", seller => "S1");
        my ($kills, $state) = (0, "");
        my $end = time + 100;

        while (time < $end) {
            $state = $site->db->value("SELECT state FROM amzsync.sync_progress
                                        ORDER BY sync_no DESC LIMIT 1");
            last if $state !~ /queued|running/;

            if ($kills < 6) {
                sleep(rand 0.4);
                $kills += (kill "KILL", $nginx->workers) > 0;
            }

            sleep(0.05);
        }

        is($state, "completed", "$name: completed");
        cmp_ok($kills, '>', 0, "$name: workers died");
        is_true($name, $site, "u1");
        is_logged($name, $site, "u1", 3) if $revision;
        keep($site);
    }

    alarms("killed", $site);
}


# --- transactions: their status is logged, those without an id, too

{
    my ($site, $nginx) = stage("transactions=4000 transactions_page=100",
                               datasets => "financial_transactions");
    my $db = $site->db;

    $db->sql("CREATE TABLE seen (LIKE amzsync.financial_transactions)");
    is(run_sync($site, $nginx, "u1"), "completed", "money: completed");

    for my $revision (1 .. 2) {
        $db->sql("TRUNCATE seen; INSERT INTO seen
                  SELECT * FROM amzsync.financial_transactions");
        $site->revise("S1", $revision, 600 - $revision);
        is(run_sync($site, $nginx, "u1"), "completed", "money: completed");
        is_deeply([ $site->differences("u1", "S1",
                                       "financial_transactions") ], [],
                  "money, revision $revision: the truth");

        my @changed = $db->sql("
            SELECT row_key, ordinal, o.transaction_status,
                   n.transaction_status
              FROM seen o JOIN amzsync.financial_transactions n
             USING (row_key, ordinal)
             WHERE o.transaction_status IS DISTINCT FROM n.transaction_status
             ORDER BY 1, 2");
        my @logged = $db->sql("
            SELECT key ->> 'row_key', key ->> 'ordinal', old_value, new_value
              FROM amzsync.changes
             WHERE dataset = 'financial_transactions'
               AND column_name = 'transaction_status'
               AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress)
             ORDER BY 1, (key ->> 'ordinal')::int");

        is_deeply(\@logged, \@changed, "money, revision $revision: logged");
        cmp_ok(scalar @changed, '>', 2, "money, revision $revision: changed");
    }

    alarms("money", $site);
}


done_testing();

# All datasets of a seller, side by side; what a second sync fetches, and what
# it changes; and which marketplaces they ask for.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;

# The data ends two days ago, so that a revision may be younger.

my $until = POSIX::strftime("%Y-%m-%dT00:00:00Z", gmtime(time - 2 * 86400));
my $site = AmzSync::Site->new("seed=9 orders=300 page=20 quota=0 until=$until"
                              . " inventory=130 inventory_page=20"
                              . " transactions=700 transactions_page=40",
                              icu => "en-US");
my $db = $site->db;
my $nginx = $site->nginx(datasets => undef);
my @markets = qw(A1AM78C64UM0Y8 A2EUQ1WTGCTBG2 ATVPDKIKX0DER);

# Runs a sync to its end; answers its datasets by name, and how often Amazon
# was called meanwhile, by operation.

sub sync {
    my ($name, $user, %arg) = @_;
    my $before = calls();
    my $sync = $site->begin($arg{nginx} || $nginx, $user, seller => "S1",
                            %arg);
    my $status;

    AmzSync::Site::until_true(60, sub {
        (undef, $status) = $db->call("GET", "/api/sync/status/$sync",
                                     user => $user, port => $nginx->port);
        $status->{status} ne "in_progress";
    });

    is($status->{status}, $arg{status} || "completed", "$name: status")
        or diag $site->logs;

    my $after = calls();

    return { map { $_->{name} => $_ } @{ $status->{datasets} } },
           { map { $_ => $after->{$_} - ($before->{$_} || 0) } keys %$after };
}

sub calls {
    my $requests = $site->requests;

    return { map { $_ => $requests->{$_}{200} || 0 } keys %$requests };
}

sub is_true {
    my ($name, $user, @tables) = @_;

    is_deeply([ $site->differences($user, "S1", @tables) ], [],
              "$name: the tables are the truth");
}

sub tables {
    my ($user, @tables) = @_;

    return { map { $_ => $db->value("SELECT count(*) FROM amzsync.$_
                                      WHERE user_id = '$user'") } @tables };
}


# The first sync reads all; the second one begins where that ended.

{
    my ($sets, $calls) = sync("first", "u1");

    is_deeply([ map { "$_ $sets->{$_}{status}" } sort keys %$sets ],
              [ map { "$_ completed" }
                    qw(financial_transactions inventory marketplaces orders) ],
              "first: the datasets");
    is_true("first", "u1", @AmzSync::Truth::all);

    my $rows = tables("u1", qw(inventory financial_transactions orders));

    is_deeply({ map { $_ => $sets->{$_}{rows} } keys %$rows }, $rows,
              "first: rows as in the tables");
    is($calls->{getMarketplaceParticipations}, 1, "first: one call");
    cmp_ok($calls->{listTransactions}, ">=", 700 / 40 + 12,
           "first: transactions by windows");

    my $deferred = $db->value("SELECT count(*)
                                 FROM amzsync.financial_transactions
                                WHERE transaction_status = 'DEFERRED'");
    cmp_ok($deferred, ">", 5, "first: deferred transactions");

    ($sets, $calls) = sync("second", "u1");

    is($sets->{orders}{rows}, 0, "second: no orders");
    is($calls->{searchOrders}, 1, "second: one call for orders");
    is($sets->{inventory}{rows}, $rows->{inventory},
       "second: all of the inventory");
    cmp_ok($sets->{financial_transactions}{rows}, "<",
           $rows->{financial_transactions} / 4,
           "second: the last transactions, and days with deferred ones");
    cmp_ok($sets->{financial_transactions}{rows}, ">=", $deferred,
           "second: of which there are as many");
    is_true("second", "u1", @AmzSync::Truth::all);
}


# What a revision changes arrives, and what it takes away goes.

for my $revision (1 .. 3) {
    my $before = tables("u1", "financial_transactions");

    $db->sql("CREATE TABLE before AS SELECT seller_sku, fn_sku
                FROM amzsync.inventory WHERE user_id = 'u1'");

    $site->revise("S1", $revision, 400 - $revision);
    my ($sets) = sync("revision $revision", "u1");

    is_true("revision $revision", "u1", @AmzSync::Truth::all);
    is($sets->{orders}{rows} > 0 && $sets->{orders}{rows} < 300, 1,
       "revision $revision: some orders");

    cmp_ok($db->value("SELECT count(*) FROM (
                           SELECT * FROM before EXCEPT
                           SELECT seller_sku, fn_sku FROM amzsync.inventory
                            WHERE user_id = 'u1') gone"), ">", 0,
           "revision $revision: some of the inventory went");
    cmp_ok(tables("u1", "financial_transactions")->{financial_transactions},
           ">", $before->{financial_transactions},
           "revision $revision: more transactions");

    $db->sql("DROP TABLE before");
}


# What somebody took out of the tables comes back: orders whose items are still
# there, items whose orders are, and rows of others; what is put in goes.

{
    $db->sql("
        DELETE FROM amzsync.orders WHERE order_id ~ '[0-3]\$';
        DELETE FROM amzsync.order_items WHERE order_id ~ '[3-5]\$';
        DELETE FROM amzsync.inventory WHERE seller_sku ~ '[3-5]\$';
        DELETE FROM amzsync.financial_transactions WHERE row_key ~ '[3-5]\$';
        INSERT INTO amzsync.order_items (user_id, selling_partner_id, region,
                                         order_id, order_item_id)
        SELECT user_id, selling_partner_id, region, order_id, 'of nobody'
          FROM amzsync.order_items
        ON CONFLICT DO NOTHING");

    my (undef, $json) = $db->call("POST", "/api/v1/integrations/amazon/sync",
                                  user => "u1", port => $nginx->port,
                                  body => '{"full":true}');

    is($db->wait_sync($json->{syncId}), "completed", "mended: completed")
        or diag $site->logs;
    is_true("mended", "u1", @AmzSync::Truth::all);
}


# Somebody puts rows in by hand while pages come: the page that meets them
# waits, is refused, as they were not there when it began, and is sent again.

{
    my $put = "BEGIN;\n";

    for my $table (qw(orders order_items inventory financial_transactions)) {
        $db->sql("CREATE TABLE $table AS SELECT * FROM amzsync.$table
                   WHERE user_id = 'u1' LIMIT 30;
                  UPDATE $table SET user_id = 'u6'");
        $put .= "INSERT INTO amzsync.$table SELECT * FROM $table;\n";
    }

    open my $psql, '|-', "psql", "-XAtqd", $db->name or die "psql: $!\n";
    $psql->autoflush;
    print $psql $put;

    ok(AmzSync::Site::until_true(20, sub {
        $db->value("SELECT count(*) FROM pg_stat_activity
                     WHERE state = 'idle in transaction'") }), "by hand: rows");

    my $sync = $site->begin($nginx, "u6", seller => "S1");

    ok(AmzSync::Site::until_true(20, sub {
        $db->value("SELECT count(*) FROM pg_locks
                     WHERE NOT granted AND locktype = 'transactionid'") }),
       "by hand: a page waits");
    print $psql "COMMIT;\n";
    close $psql;

    is($db->wait_sync($sync), "completed", "by hand: completed")
        or diag $site->logs;
    is_true("by hand", "u6", @AmzSync::Truth::all);
    like($nginx->log, qr/duplicate key value/, "by hand: a page was refused");
    $db->sql("DROP TABLE $_")
        for qw(orders order_items inventory financial_transactions);
}


# A row that is there already where all on the pages before were new: the page
# that meets it is sent again, once, and the row is Amazon's.

for my $met ([ "u7", orders => 150, "last_updated_time = '2000-01-01'", 1 ],
             [ "u8", order_items => 150, "quantity_ordered = 999", 1 ],
             [ "u9", orders => 0, "currency = 'x'", 0 ],
             [ "u10", inventory => 20, "product_name = 'x'" ],
             [ "u11", financial_transactions => 300, "total_amount = -1" ])
{
    my ($user, $table, $offset, $other, $refused) = @$met;
    my $name = "met, $user, $table";
    $db->sql("CREATE TABLE met AS
                  SELECT t.* FROM amzsync.$table t
                   WHERE t.user_id = 'u1' " . ($table =~ /^order/ ? "
                   ORDER BY (SELECT o.last_updated_time FROM amzsync.orders o
                              WHERE o.user_id = t.user_id
                                AND o.order_id = t.order_id)" : "") . "
                  OFFSET $offset LIMIT 1;
              UPDATE met SET user_id = '$user', $other;
              INSERT INTO amzsync.$table SELECT * FROM met;
              DROP TABLE met");

    my $pages = sub { scalar(() = $nginx->log =~ /duplicate key value/g) };
    my $before = $pages->();

    sync($name, $user);
    is_true($name, $user, @AmzSync::Truth::all);

    my $times = $pages->() - $before;

    defined $refused ? is($times, $refused, "$name: pages refused")
                     : cmp_ok($times, "<=", 1, "$name: pages refused");
}


# Marketplaces: those of Amazon that the seller takes part in, if the
# connection names none.

{
    my $path = "/api/v1/integrations/amazon/connection";
    my $only = $site->nginx(datasets => "orders");

    my ($sets, $calls) = sync("unknown", "u2", marketplaces => undef,
                              nginx => $only, status => "failed");

    is($sets->{orders}{error}{code}, "marketplaces_unknown",
       "unknown: the error");
    is($calls->{searchOrders}, 0, "unknown: no call");

    ($sets) = sync("all", "u2", marketplaces => undef);
    is_true("all", "u2", @AmzSync::Truth::all);

    my ($code, $json) = $db->call("GET", $path, user => "u2",
                                  port => $nginx->port);
    is_deeply($json->{marketplaceIds}, \@markets, "all: they are known now");
    is($db->value("SELECT count(*) FROM amzsync.marketplaces
                    WHERE user_id = 'u2'"), 5, "all: others are, too");

    sync("known", "u2", marketplaces => undef, nginx => $only);
}


# A marketplace more has all of its orders read, the others go on.

{
    sync("two", "u3", marketplaces => [ @markets[0, 1] ]);
    sync("three", "u3", marketplaces => \@markets);

    is_deeply([ $db->sql("
        SELECT array_to_string(marketplace_ids, ' '),
               range_to - range_from > interval '360 d'
          FROM amzsync.sync_units u
         WHERE user_id = 'u3' AND dataset = 'orders'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress
                           WHERE user_id = 'u3')
         ORDER BY unit") ],
        [ [ $markets[2], "t" ], [ "@markets[0, 1]", "f" ] ],
        "three: the units");
    is_true("three", "u3", @AmzSync::Truth::all);
}

# The schema explains itself.

is_deeply([ map { join ".", map { $_ // () } @$_ } $db->sql("
    SELECT c.relname, a.attname
      FROM pg_class c
      LEFT JOIN pg_attribute a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'amzsync'::regnamespace
       AND c.relkind IN ('r', 'v', 'm', 'p')
       AND (obj_description(c.oid, 'pg_class') IS NULL
            OR col_description(c.oid, a.attnum) IS NULL)
     ORDER BY 1, a.attnum") ], [], "a comment on everything");
is($db->value("SELECT col_description('amzsync.settlements'::regclass, attnum)
                 FROM pg_attribute
                WHERE attrelid = 'amzsync.settlements'::regclass
                  AND attname = 'posted_date_time'"), "posted-date-time",
   "a view's is the table's");

is_deeply([ $site->alarms ], [], "no alarms");

done_testing();

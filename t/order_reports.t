# Orders by report: a first sync that would take days by searchOrders takes
# them from reports, and the last hours from searchOrders.  What both tell of
# an order is the same; what is newer wins, and searchOrders if both are.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use POSIX qw(strftime);
use Test::More;

# Quotas as they are, but 20 times as fast: after a burst of 20 pages one comes
# in 9 seconds, and 1000 take longer than 13 reports.
my $sandbox = "seed=5 quota=20 report_time=100ms";


# Beside it the same sellers, without quotas to speak of.

sub stage {
    my ($more, %arg) = @_;
    my $site = AmzSync::Site->new("$sandbox $more", server => "
        location /fast/ {
            amzsync_sandbox zone=fast:1m seed=5 quota=20000 $more;
        }");

    return ($site, nginx($site, %arg));
}


sub nginx {
    my ($site, %arg) = @_;
    my $temp = $site->db->dir . "/temp";

    return $site->nginx(
        workers => $arg{workers} || 1,
        datasets => "marketplaces orders",
        extra => "amzsync_temp_path $temp; amzsync_report_poll 100ms;"
                 . " amzsync_retry_delay 50ms; " . ($arg{extra} // ""));
}


sub calls {
    my ($site, $operation) = @_;
    my $calls = $site->requests->{$operation} || {};

    return join ", ", map { "$calls->{$_} x $_" }
                      grep { $calls->{$_} } sort keys %$calls;
}


sub alarms {
    my ($name, $site) = @_;

    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [],
              "$name: no alarms in the logs");
}


# The truths of both: that of the report has a line an item.

sub load_truth {
    my ($site, $seller) = @_;
    my $db = $site->db;
    my $load = "";

    for my $table (qw(orders order_items report_orders)) {
        my $file = AmzSync::Truth::fetch($db, $table,
            { url => $site->url, seller => $seller,
              marketplaces => [ AmzSync::Site::markets() ] });
        my $columns = join ", ", map { s/\s+//gr . " text" }
                                 split /,/, AmzSync::Truth::header($file);

        $load .= "DROP TABLE IF EXISTS t_$table;\n"
                 . "CREATE TABLE t_$table ($columns);\n"
                 . "\\copy t_$table FROM '$file' WITH (FORMAT csv, HEADER)\n";
    }

    $db->script($load);
}


# What is wrong with a user's orders, and with their items: of each order, be
# it of searchOrders or of a report, the truth of that; how many of a report.

# The report's times are of whole seconds, and it never leaves out the name of
# the marketplace.

my $order = "order_id, created_time::timestamptz, "
            . "CASE WHEN report_id IS NULL THEN last_updated_time::timestamptz "
            . "ELSE date_trunc('second', last_updated_time::timestamptz) END, "
            . "fulfillment_status, fulfilled_by, fulfillment_service_level, "
            . "marketplace_id, "
            . "CASE WHEN report_id IS NULL THEN marketplace_name END";

my $item = "seller_sku, asin, title, quantity_ordered, unit_price_currency, "
           . "price_designation, item_status, item_price, item_tax, "
           . "shipping_price, shipping_tax, gift_wrap_price, gift_wrap_tax, "
           . "item_discount, shipping_discount";

my $line = "sku, asin, product_name, quantity, currency, price_designation, "
           . "item_status, item_price, item_tax, shipping_price, "
           . "shipping_tax, gift_wrap_price, gift_wrap_tax, "
           . "item_promotion_discount, ship_promotion_discount";

sub wrong {
    my ($site, $user) = @_;
    my $db = $site->db;
    my $of = "user_id = '$user'";
    my $both = sub {
        my ($ours, $truth) = @_;
        return "SELECT (SELECT count(*) FROM (($ours) EXCEPT ALL ($truth)) a)
                       + (SELECT count(*) FROM (($truth) EXCEPT ALL ($ours))
                          b)";
    };
    my $items = join ", ", map { "i.$_\::text" } split /, /, $item;
    my $lines = join ", ", map { "r.$_" } split /, /, $line;

    return {
        orders => $db->value($both->(
            "SELECT $order FROM amzsync.orders WHERE $of",
            "SELECT $order FROM t_orders
               LEFT JOIN (SELECT order_id, report_id FROM amzsync.orders
                           WHERE $of) o USING (order_id)")),

        # of searchOrders
        money => $db->value($both->(
            "SELECT order_id, grand_total::text, currency,
                    ship_by_latest FROM amzsync.orders
              WHERE $of AND report_id IS NULL",
            "SELECT order_id, t.grand_total, t.currency,
                    t.ship_by_latest::timestamptz
               FROM t_orders t JOIN amzsync.orders o USING (order_id)
              WHERE $of AND report_id IS NULL")),
        items => $db->value($both->(
            "SELECT order_id, order_item_id, seller_sku, quantity_ordered,
                    unit_price::text, proceeds_total::text
               FROM amzsync.order_items WHERE $of AND report_id IS NULL",
            "SELECT order_id, order_item_id, t.seller_sku,
                    t.quantity_ordered::bigint, t.unit_price,
                    t.proceeds_total
               FROM t_order_items t JOIN amzsync.orders o USING (order_id)
              WHERE $of AND report_id IS NULL")),

        # of a report
        lines => $db->value($both->(
            "SELECT o.order_id, $items
               FROM amzsync.orders o JOIN amzsync.order_items i
              USING (user_id, selling_partner_id, region, order_id, report_id)
              WHERE $of",
            "SELECT r.amazon_order_id, $lines FROM t_report_orders r
               JOIN amzsync.orders o ON o.order_id = r.amazon_order_id
              WHERE $of AND o.report_id IS NOT NULL")),
        strays => $db->value(
            "SELECT count(*) FROM amzsync.order_items i
               JOIN amzsync.orders o
              USING (user_id, selling_partner_id, region, order_id)
              WHERE $of AND i.report_id IS DISTINCT FROM o.report_id"),
        more => $db->value(
            "SELECT count(*) FROM amzsync.orders
              WHERE $of AND report_id IS NOT NULL
                AND (grand_total, ship_by_latest, programs::text)
                    IS DISTINCT FROM (NULL, NULL, NULL)"),
        personal => $db->value(
            "SELECT count(*) FROM amzsync.order_items
              WHERE $of AND extra::text ~* 'ship-(city|state|postal|country)'"),
    };
}

my $right = { map { $_ => 0 } qw(orders money items lines strays more
                                 personal) };


sub by_report {
    my ($site, $user) = @_;

    return $site->db->value("SELECT count(*) FROM amzsync.orders
                              WHERE user_id = '$user'
                                AND report_id IS NOT NULL");
}


sub units {
    my ($site, $user) = @_;

    return join "\n", map { join " ", map { $_ // "-" } @$_ } $site->db->sql(
        "SELECT unit, by_report, range_to > range_from,
                range_from IS NOT DISTINCT FROM lag(range_to)
                    OVER (ORDER BY unit)
           FROM amzsync.sync_units u
          WHERE user_id = '$user' AND dataset = 'orders'
            AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_units m
                            WHERE m.user_id = u.user_id) ORDER BY unit");
}


# --- chosen, and explained; then what is new

{
    my ($site, $nginx) = stage("orders=3000 page=3");
    my $db = $site->db;

    # What failed before, of a marketplace that is read, and of another one.

    $db->sql("
        INSERT INTO amzsync.coverage (user_id, selling_partner_id, region,
                    dataset, load_sync_no, load_step, marketplace_ids,
                    range_from, range_to, state)
        SELECT 'u1', 'S1', 'na', 'orders', 1, n, ARRAY[m],
               now() - interval '100 d', now() - interval '90 d', 'failed'
          FROM (VALUES (1, 'ATVPDKIKX0DER'), (2, 'OTHER')) v (n, m)");

    my $sync = $site->begin($nginx, "u1", seller => "S1");
    my @messages;

    AmzSync::Site::until_true(120, sub {
        my (undef, $status) = $db->call("GET", "/api/sync/status?syncId=$sync",
                                        port => $nginx->port, user => "u1");

        push @messages, $status->{message}
            if !@messages || $messages[-1] ne $status->{message};

        return $status->{status} ne "in_progress";
    });

    is($db->wait_sync($sync), "completed", "chosen: completed");
    ok(scalar(grep { /^Fetching orders by 13 reports: \d+ calls would / }
              @messages), "chosen: the status says why")
        or diag explain \@messages;
    like($nginx->log, qr/user "u1".*orders: Fetching orders by 13 reports/,
         "chosen: the log, too");
    is(units($site, "u1"), "1 t t f\n2 f t t",
       "chosen: a unit by reports, one by calls behind it");
    is(calls($site, "createReport"), "13 x 202", "chosen: thirteen reports");

    load_truth($site, "S1");
    is_deeply(wrong($site, "u1"), $right, "chosen: the tables are the truth");

    my $by_report = by_report($site, "u1");

    cmp_ok($by_report, ">", 2900, "chosen: most are of reports");
    is($db->value("SELECT rows FROM amzsync.sync_datasets
                    WHERE user_id = 'u1' AND dataset = 'orders'"),
       3000, "chosen: each order counts once");

    is($db->value("
        SELECT string_agg(state || ' ' || n, ', ' ORDER BY state, n DESC)
          FROM (SELECT state, count(*) AS n FROM amzsync.coverage
                 WHERE dataset = 'orders'
                 GROUP BY state, report_id IS NULL) c"),
       "done 11, done 3, failed 1",
       "chosen: windows without orders, which Amazon cancels, and the last "
       . "hours by calls");
    is($db->value("SELECT array_to_string(marketplace_ids, ' ')
                     FROM amzsync.coverage WHERE state = 'failed'"),
       "OTHER", "chosen: what failed of another marketplace is told still");

    my (undef, $status) = $db->call("GET",
                                    "/api/sync/status?syncId=$sync&coverage=1",
                                    port => $nginx->port, user => "u1");
    my ($orders) = grep { $_->{name} eq "orders" } @{ $status->{datasets} };

    is_deeply($orders->{missing}, [], "chosen: nothing is missing");

    # the next sync: nothing but what is new, by searchOrders

    local $site->{url} = $site->url =~ s/amazon$/fast/r;
    $nginx->stop;
    $nginx = nginx($site);
    $db->call("POST", "/fast/_sandbox/revision?seller=S1&set=1&at="
                      . strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time - 300)),
              port => $site->amazon->port);

    my $second = $site->begin($nginx, "u1", seller => "S1");

    is($db->wait_sync($second, timeout => 120), "completed", "new: completed");
    is(units($site, "u1"), "1 f t f", "new: all by calls");

    load_truth($site, "S1");
    is_deeply(wrong($site, "u1"), $right, "new: the tables are the truth");
    cmp_ok(by_report($site, "u1"), "<", $by_report,
           "new: searchOrders takes the place of a report");

    alarms("chosen", $site);
}


# --- reports of several slices; the worker is killed before, between and behind

{
    my ($site, $nginx) = stage("orders=12000 page=12", workers => 2,
                               extra => "amzsync_lease 2s;");
    my $db = $site->db;
    my %killed;

    # A report stays half read for long enough to be met.

    $db->sql("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
              'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END';
              CREATE TRIGGER linger BEFORE UPDATE ON amzsync.sync_datasets
                 FOR EACH ROW WHEN (OLD.next_token LIKE 's %')
                 EXECUTE FUNCTION linger()");

    my $sync = $site->begin($nginx, "u1", seller => "S1");

    AmzSync::Site::until_true(180, sub {
        my ($row) = $db->sql("
            SELECT p.state, left(d.next_token, 1), d.unit,
                   (p.lease IS NOT NULL)::int
              FROM amzsync.sync_progress p JOIN amzsync.sync_datasets d
             USING (user_id, sync_no)
             WHERE user_id = 'u1' AND dataset = 'orders'");
        my ($state, $step, $unit, $held) = @$row;

        $step = "-" if !defined $step;

        if ($unit == 1 && $held && $step =~ /^[rs]$/ && !$killed{$step}++) {
            kill "KILL", $nginx->workers;
        }

        return $state eq "completed" || $state eq "failed";
    });

    is($db->wait_sync($sync), "completed", "killed: completed");
    is_deeply([ sort keys %killed ], [ "r", "s" ],
              "killed: with a report, and between two slices of it");
    is(calls($site, "createReport"), "13 x 202",
       "killed: no report is made twice");

    load_truth($site, "S1");
    is_deeply(wrong($site, "u1"), $right, "killed: the tables are the truth");
    is($db->value("SELECT rows FROM amzsync.sync_datasets
                    WHERE user_id = 'u1' AND dataset = 'orders'"),
       12000, "killed: each order counts once");
    alarms("killed", $site);
}


# --- not chosen: switched off; and few orders

{
    my ($site, $nginx) = stage("orders=3000 page=3",
                               extra => "amzsync_order_reports off;");
    my $db = $site->db;
    my $sync = $site->begin($nginx, "u1", seller => "S1");

    AmzSync::Site::until_true(60, sub {
        ($db->value("SELECT page FROM amzsync.sync_datasets
                      WHERE dataset = 'orders'") || 0) >= 22
    });

    is(calls($site, "createReport"), "", "off: no report");
    is(units($site, "u1"), "1 - t f", "off: one unit");

    $db->call("POST", "/api/sync/cancel?syncId=$sync", port => $nginx->port,
              user => "u1");
    alarms("off", $site);
}

{
    my ($site, $nginx) = stage("orders=240 page=10");
    my $sync = $site->begin($nginx, "u1", seller => "S1");

    is($site->db->wait_sync($sync, timeout => 120), "completed",
       "few: completed");
    is(calls($site, "createReport"), "", "few: no report");
    is(by_report($site, "u1"), 0, "few: all are of searchOrders");
    alarms("few", $site);
}


# --- a full sync, of orders that calls have read: what has changed since is
# --- read by calls

sub hours_ago {
    my ($hours) = @_;

    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time - $hours * 3600));
}

{
    my ($site, $slow_one) = stage("orders=3000 page=3");
    my $db = $site->db;
    my $slow = $site->url;

    local $site->{url} = $site->url =~ s/amazon$/fast/r;
    $slow_one->stop;
    my $nginx = ($site->nginx(datasets => "marketplaces orders"));
    my $sync = $site->begin($nginx, "u1", seller => "S1");

    is($db->wait_sync($sync, timeout => 120), "completed", "full: by calls");
    is(by_report($site, "u1"), 0, "full: no order is of a report");

    # That was 13 hours ago; an hour later some have changed.

    $db->sql("UPDATE amzsync.cursors SET covered_to = '" . hours_ago(13) . "'
               WHERE dataset = 'orders'");
    $db->call("POST", "/$_/_sandbox/revision?seller=S1&set=1&at="
                      . hours_ago(12), port => $site->amazon->port)
        for "amazon", "fast";

    $nginx->stop;
    $site->{url} = $slow;
    $nginx = nginx($site);

    my (undef, $answer) = $db->call(
        "POST", "/api/v1/integrations/amazon/sync", user => "u1",
        port => $nginx->port, body => { full => \1 });

    ok(AmzSync::Site::until_true(120, sub {
        units($site, "u1") =~ /^1 t/
    }), "full: by report") or diag $nginx->log;

    is($db->value("SELECT range_from < '" . hours_ago(13) . "'
                          AND range_from > '" . hours_ago(14) . "'
                     FROM amzsync.sync_units WHERE unit = 2
                      AND dataset = 'orders'
                      AND sync_no = (SELECT max(sync_no)
                                       FROM amzsync.sync_progress)"),
       "t", "full: until the sync before began");

    # The rest without quotas.

    $nginx->stop;
    $db->sql("DELETE FROM amzsync.quota_buckets");
    $site->{url} = $slow =~ s/amazon$/fast/r;
    $nginx = nginx($site);

    is($db->wait_sync($answer->{syncId}, timeout => 240), "completed",
       "full: completed") or diag $nginx->log;
    load_truth($site, "S1");
    is_deeply(wrong($site, "u1"), $right, "full: the tables are the truth");
    is(by_report($site, "u1"), 0,
       "full: what calls have told stays, and what is new they tell");

    $site->{url} = $slow;
    alarms("full", $site);
}


# --- cancelled in the middle: the next sync goes on by reports

{
    my ($site, $nginx) = stage("orders=3000 page=3");
    my $db = $site->db;
    my $sync = $site->begin($nginx, "u1", seller => "S1");

    ok(AmzSync::Site::until_true(120, sub {
        $db->value("SELECT covered_to FROM amzsync.cursors
                     WHERE dataset = 'orders'")
    }), "middle: a window was read") or diag $nginx->log;

    $db->call("POST", "/api/sync/cancel?syncId=$sync", port => $nginx->port,
              user => "u1");
    is($db->wait_sync($sync), "cancelled", "middle: cancelled");

    $sync = $site->begin($nginx, "u1", seller => "S1");

    ok(AmzSync::Site::until_true(30, sub { units($site, "u1") ne "" }),
       "middle: the next sync has a plan");
    is(units($site, "u1"), "1 - t f", "middle: which is not decided");
    ok(AmzSync::Site::until_true(120, sub {
        units($site, "u1") eq "1 t t f\n2 f t t"
    }), "middle: by reports again") or diag units($site, "u1"), $nginx->log;

    $db->call("POST", "/api/sync/cancel?syncId=$sync", port => $nginx->port,
              user => "u1");

    # A few days are not worth a report.

    $db->sql("UPDATE amzsync.cursors
                 SET covered_to = now() - interval '20 days'
               WHERE dataset = 'orders'");
    $sync = $site->begin($nginx, "u1", seller => "S1");
    ok(AmzSync::Site::until_true(30, sub { units($site, "u1") ne "" }),
       "days: planned");
    is(units($site, "u1"), "1 f t f", "days: by calls");

    $db->call("POST", "/api/sync/cancel?syncId=$sync", port => $nginx->port,
              user => "u1");
    alarms("middle", $site);
}


# --- a report fails, or is cancelled though there are orders: its window is
# --- read by calls, and the next one by report again

for my $case ([ "fatal", "fatal:1",
                qr/calls take the place of a report,.*: \w+:/ ],
              [ "cancelled", "cancelled:1",
                qr/calls take the place of report \d+, which was cancelled/ ],
              [ "never made", "http_503:1:createReport",
                qr/calls take the place of a report,.*: \w+:/ ])
{
    my ($name, $fault, $line) = @$case;
    my ($site, $nginx) = stage("orders=3000 page=3 fault=$fault",
                               extra => "amzsync_retries 2;");
    my $db = $site->db;
    my $sync = $site->begin($nginx, "u1", seller => "S1");
    my $windows = sub {
        $db->value("SELECT extract(epoch FROM calls_to - range_from) / 86400
                      FROM amzsync.sync_units
                     WHERE user_id = 'u1' AND dataset = 'orders'
                       AND unit = 1") // 0
    };

    # The first windows have no orders: a call is enough.

    ok(AmzSync::Site::until_true(60, sub { $windows->() == 60 }),
       "$name: one after the other") or diag $windows->(), $nginx->log;

    like($nginx->log, $line, "$name: the log says so");
    is(units($site, "u1"), "1 t t f\n2 f t t", "$name: the same units");
    is(by_report($site, "u1"), 0, "$name: nothing is of a report");
    is($db->value("SELECT status FROM amzsync.sync_datasets
                    WHERE dataset = 'orders'"), "in_progress",
       "$name: nothing has failed");

    $db->call("POST", "/api/sync/cancel?syncId=$sync", port => $nginx->port,
              user => "u1");
    alarms($name, $site);
}


done_testing();

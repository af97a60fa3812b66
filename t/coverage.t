# The ledger of what was read: a row for each window that calls have read, or
# failed at, without a gap between them; and what the status says is missing.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use JSON::PP ();
use POSIX qw(strftime);
use Test::More;

my $all = "marketplaces orders inventory financial_transactions";
my @two = qw(A2EUQ1WTGCTBG2 ATVPDKIKX0DER);

my $site = AmzSync::Site->new("seed=6 orders=90 page=20 quota=0 inventory=40"
                              . " transactions=100");
my $db = $site->db;
my $nginx = $site->nginx(datasets => $all);
my @alarms;


# Whoever is there claims any sync: one nginx goes before the other comes, to
# the same database, and to another Amazon.

sub move {
    my ($to, $datasets) = @_;

    $nginx->stop;
    push @alarms, $nginx->alarms;

    $nginx = AmzSync::Nginx->new(
        http => $db->http_config(endpoint => $to->{url},
                                 lwa => "$to->{url}/auth/o2/token",
                                 datasets => $datasets,
                                 extra => "amzsync_report_poll 100ms;"
                                          . "amzsync_backfill 60d;"),
        server => $db->locations);
}


# Syncs to the end; answers the status.

sub sync {
    my ($name, $user) = @_;

    my $sync = $site->begin($nginx, $user, seller => "S1",
                            marketplaces => \@two);
    my $state = $db->wait_sync($sync);
    ok($state, "$name: ended") or diag $nginx->log;

    return status($user, $sync);
}


sub status {
    my ($user, $sync) = @_;

    my (undef, $json) = $db->call("GET",
        "/api/sync/status" . ($sync ? "/$sync" : "") . "?coverage=1",
        user => $user, port => $nginx->port);

    return { map { $_->{name} => $_ } @{ $json->{datasets}
                                         || $json->{lastSync}{datasets} } };
}


sub rows {
    my ($user, $dataset) = @_;

    return $db->sql("
        SELECT state, array_to_string(marketplace_ids, '+'), report_id, rows,
               load_sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress
                                WHERE user_id = '$user')
          FROM amzsync.coverage
         WHERE user_id = '$user' AND dataset = '$dataset'
         ORDER BY range_from, marketplace_ids");
}


# How many pieces that are not joined the windows of a state are.

sub pieces {
    my ($user, $dataset) = @_;

    return $db->value("
        SELECT count(*) FROM (
            SELECT unnest(range_agg(tstzrange(range_from, range_to)))
              FROM amzsync.coverage WHERE user_id = '$user'
               AND dataset = '$dataset' AND state = 'done') r");
}


# Whether the windows that were read are all that the cursors say.

sub is_whole {
    my ($name, $user, $dataset) = @_;

    is(pieces($user, $dataset), 1, "$name: no gap");
    is($db->value("
        SELECT min(range_from) < now() - interval '300 d'
               AND max(range_to) = (SELECT max(covered_to)
                                      FROM amzsync.cursors
                                     WHERE user_id = '$user'
                                       AND dataset = '$dataset')
          FROM amzsync.coverage
         WHERE user_id = '$user' AND dataset = '$dataset'"), "t",
       "$name: from the beginning to the cursor");
}


# Windows, and all rows in them; a later sync goes on, and leaves no row more.

{
    my $sets = sync("first", "u1");

    is_deeply([ rows("u1", "orders") ],
              [ [ "done", join("+", @two), undef, $sets->{orders}{rows},
                  "t" ] ], "first: one window of orders");
    cmp_ok($sets->{orders}{rows}, ">", 40, "first: with rows");

    my @windows = rows("u1", "financial_transactions");
    my $sum = 0;
    $sum += $_->[3] for @windows;

    cmp_ok(scalar @windows, ">", 2, "first: windows of transactions");
    is($sum, $sets->{financial_transactions}{rows},
       "first: with all rows between them");
    is_deeply([ grep { $_->[0] ne "done" || $_->[1] ne "" } @windows ], [],
              "first: done, of no marketplace");
    is_whole("first $_", "u1", $_) for qw(orders financial_transactions);

    my %scan = map { $_ => $db->value("
        SELECT count(*) FROM amzsync.inventory
         WHERE user_id = 'u1' AND marketplace_id = '$_'") } @two;
    is_deeply([ rows("u1", "inventory") ],
              [ map { [ "done", $_, undef, $scan{$_}, "t" ] } @two ],
              "first: a scan of each marketplace");
    is_deeply([ rows("u1", "marketplaces") ],
              [ [ "done", "", undef, 5, "t" ] ], "first: and of the seller");

    is_deeply({ map { $_ => $sets->{$_}{missing} } keys %$sets },
              { map { $_ => [] } split / /, $all },
              "first: the status misses nothing");

    for my $name ("second", "third") {
        $sets = sync($name, "u1");

        is_whole("$name $_", "u1", $_) for qw(orders financial_transactions);
        is(scalar(rows("u1", "orders")), 1, "$name: still one row of orders");
        is((rows("u1", "orders"))[0][4], "t", "$name: the last sync's");
        is_deeply([ rows("u1", "inventory") ],
                  [ map { [ "done", $_, undef, $scan{$_}, "t" ] } @two ],
                  "$name: the last scan of each marketplace");
        is($db->value("
            SELECT count(*) FROM amzsync.coverage
             WHERE user_id = 'u1' AND dataset = 'financial_transactions'
               AND range_to - range_from > interval '5 d'"),
           scalar @windows, "$name: no window of transactions more");
        is_deeply($sets->{financial_transactions}{missing}, [],
                  "$name: nothing is missing");
    }
}


# A sync that failed; what is missing is what it was to read and nobody has.

{
    my $other = AmzSync::Site->new("seed=6 orders=90 page=20 quota=0"
                                   . " fault=denied:1:searchOrders");
    my $to = strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime(time - 3600));

    # Nothing for the last hour: a cursor is there, and what was read.
    $db->sql("
        INSERT INTO amzsync.cursors
        SELECT 'u2', 'S1', 'na', 'orders', m, '$to'
          FROM unnest('{@{[ join ',', @two ]}}'::text[]) m;
        INSERT INTO amzsync.coverage
               (user_id, selling_partner_id, region, dataset, load_sync_no,
                load_step, marketplace_ids, range_from, range_to, state, rows)
        VALUES ('u2', 'S1', 'na', 'orders', 1, 0,
                '{@{[ join ',', @two ]}}', now() - interval '365 d', '$to',
                'done', 7)");

    move($other, "orders");
    my $sets = sync("failed", "u2");

    is_deeply([ map { $_->[0] } rows("u2", "orders") ], [ "done", "failed" ],
              "failed: a row for its window");
    is($sets->{orders}{error}{code}, "access_denied", "failed: why");

    my $missing = $sets->{orders}{missing};
    is_deeply([ map { $_->{marketplaceId} } @$missing ], \@two,
              "failed: each marketplace misses something");
    is($missing->[0]{from}, $to, "failed: from where it was read to");
    is($missing->[0]{to},
       $db->value("SELECT to_char(range_to AT TIME ZONE 'UTC',
                                  'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
                     FROM amzsync.sync_units WHERE user_id = 'u2'"),
       "failed: to the end of its unit");
    is_deeply(status("u2"), $sets, "failed: without an id the same");

    my (undef, undef, $answer) = $db->call(
        "GET", "/api/sync/status", user => "u2", port => $nginx->port);
    unlike($answer->{content}, qr/"missing":/, "not asked for: not told");

    sync("failed again", "u2");
    is_deeply([ map { $_->[0] } rows("u2", "orders") ], [ "done", "failed" ],
              "failed again: one row of both");

    move($site, "orders");
    $sets = sync("mended", "u2");
    is_deeply([ map { $_->[0] } rows("u2", "orders") ], [ "done" ],
              "mended: one row");
    is_whole("mended", "u2", "orders");
    is_deeply($sets->{orders}{missing}, [], "mended: nothing is missing");

    is_deeply([ $other->alarms ], [], "failed: no alarms");
}


# Reports: their windows are there by their reports, and one that could not be
# asked for as a failed one.

{
    my $reports = "orders=10 quota=0 returns=60 report_time=50ms";
    my $other = AmzSync::Site->new($reports);
    my $denied = AmzSync::Site->new("$reports fault=denied:1:createReport");

    move($denied, "customer_returns");
    my $sets = sync("denied", "u4");
    my $set = $sets->{customer_returns};

    is($set->{error}{code}, "access_denied", "denied: why");
    is_deeply([ map { [ @$_[0, 2, 3] ] } rows("u4", "customer_returns") ],
              [ [ "failed", undef, 0 ] ], "denied: the first window");
    my $units = $db->value("SELECT extract(epoch
                                      FROM sum(range_to - range_from))
                              FROM amzsync.sync_units WHERE user_id = 'u4'
                               AND marketplace_ids = (
                                   SELECT marketplace_ids FROM amzsync.coverage
                                    WHERE user_id = 'u4')");
    cmp_ok($units, ">=", 60 * 86400 - 86400, "denied: of the unit");
    is(scalar(grep { $_->{to} gt $_->{from} } @{ $set->{missing} }),
       scalar @{ $set->{missing} }, "denied: something is missing");
    cmp_ok(scalar @{ $set->{missing} }, ">=", 1, "denied: all of it");

    move($other, "customer_returns");
    $sets = sync("reports", "u4");
    $set = $sets->{customer_returns};

    is($set->{status}, "completed", "reports: completed")
        or diag explain $set;
    my @rows = grep { $_->[0] ne "replaced" } rows("u4", "customer_returns");
    is(scalar(grep { $_->[0] !~ /^(?:done|empty)$/ || !$_->[2] } @rows), 0,
       "reports: each window by its report") or diag explain \@rows;
    is($set->{rows}, $db->value("SELECT count(*) FROM amzsync.customer_returns
                                  WHERE user_id = 'u4'"), "reports: rows");
    cmp_ok($set->{rows}, ">", 0, "reports: some");
    is_deeply($set->{missing}, [], "reports: nothing is missing");
    is_deeply([ map { $_->alarms } $other, $denied ], [],
              "reports: no alarms");
}


# What is not read by windows: all that the sync has not come to.

{
    my $data = "orders=10 quota=0 shipments=90 report_time=50ms";
    my $good = AmzSync::Site->new($data);
    my $denied = AmzSync::Site->new("$data fault=denied:1:getReports"
                           . " fault=denied:1:getShipmentItemsByShipmentId");
    my $datasets = "settlements inbound_shipments inbound_items";

    move($denied, $datasets);
    my $sets = sync("not by windows", "u5");

    for my $name ("settlements", "inbound_items") {
        is($sets->{$name}{status}, "failed", "not by windows: $name");
        cmp_ok(scalar @{ $sets->{$name}{missing} || [] }, ">=", 1,
               "not by windows: $name are missing");
        like($sets->{$name}{missing}[0]{from} // "", qr/^\d{4}-\d\d-\d\dT/,
             "not by windows: $name, from when");
    }

    is_deeply($sets->{inbound_shipments}{missing}, [],
              "not by windows: no shipments are");

    move($good, $datasets);
    $sets = sync("not by windows, again", "u5");

    is_deeply($sets->{$_}{missing}, [], "not by windows, again: $_")
        for qw(settlements inbound_items inbound_shipments);
    is_deeply([ map { $_->alarms } $good, $denied ], [],
              "not by windows: no alarms");
}


# A sync that has just begun misses all of it, and one without a plan does not
# know; nor has anybody else's id an answer.

{
    $db->sql("
        INSERT INTO amzsync.sync_progress (user_id, sync_no,
                    selling_partner_id, region, marketplace_ids, state, lease,
                    lease_until)
        VALUES ('u3', 1764000000000, 'S1', 'na', '{A}', 'running', 1,
                now() + interval '1 day');
        INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position)
        VALUES ('u3', 1764000000000, 'orders', 1),
               ('u3', 1764000000000, 'financial_transactions', 2),
               ('u3', 1764000000000, 'inventory', 3);
        INSERT INTO amzsync.sync_units (user_id, sync_no, dataset, unit,
                    marketplace_ids, range_from, range_to)
        VALUES ('u3', 1764000000000, 'orders', 1, '{\"A\\\"B\",C}',
                '2026-01-01Z', '2026-02-01Z'),
               ('u3', 1764000000000, 'financial_transactions', 1, '{}',
                '2026-01-01Z', '2026-04-01Z');
        INSERT INTO amzsync.coverage
               (user_id, selling_partner_id, region, dataset, load_sync_no,
                load_step, marketplace_ids, range_from, range_to, state)
        VALUES ('u3', 'S1', 'na', 'orders', 1, 0, '{C}', '2026-01-01Z',
                '2026-02-01Z', 'done'),
               ('u3', 'S1', 'na', 'orders', 1, 1, '{\"A\\\"B\"}',
                '2026-01-01Z', '2026-02-01Z', 'failed'),
               ('u3', 'S1', 'na', 'financial_transactions', 1, 2, '{\"\"}',
                '2026-01-11Z', '2026-01-21Z', 'done'),
               ('u3', 'S1', 'na', 'financial_transactions', 1, 3, '{\"\"}',
                '2026-02-01Z', '2026-02-11Z', 'empty'),
               ('u3', 'S1', 'eu', 'financial_transactions', 1, 3, '{\"\"}',
                '2026-01-01Z', '2026-04-01Z', 'done')");

    my $gap = sub {
        my ($market, $from, $to) = @_;
        return { marketplaceId => $market, from => "2026-${from}T00:00:00.000Z",
                 to => "2026-${to}T00:00:00.000Z" };
    };

    my (undef, $json, $answer) = $db->call(
        "GET", "/api/sync/status/sync_u3_1764000000000?coverage=1",
        user => "u3", port => $nginx->port);

    is_deeply([ map { $_->{missing} } @{ $json->{datasets} } ], [
        [ $gap->('A"B', "01-01", "02-01") ],
        [ $gap->(undef, "01-01", "01-11"), $gap->(undef, "01-21", "02-01"),
          $gap->(undef, "02-11", "04-01") ],
        undef ], "gaps");
    like($answer->{content}, qr/,"rows":0,"error":null,"missing":\[\{
                                "marketplaceId":"A\\"B","from":"[^"]+",
                                "to":"[^"]+"\}\]\},\{/x, "gaps: the form");

    for my $value ("0", "", "11", "true") {
        (undef, undef, $answer) = $db->call(
            "GET", "/api/sync/status/sync_u3_1764000000000?coverage=$value",
            user => "u3", port => $nginx->port);
        unlike($answer->{content}, qr/missing/, "coverage=$value: not told");
    }

    is(($db->call("GET", "/api/sync/status/sync_u3_1764000000001?coverage=1",
                  user => "u3", port => $nginx->port))[0], 404, "no sync: 404");
    is(($db->call("GET", "/api/sync/status?coverage=1", user => "nobody",
                  port => $nginx->port))[1]{lastSync}, undef,
       "never a sync: null");
}

is_deeply([ $site->alarms, $nginx->alarms, @alarms ], [], "no alarms");

done_testing();

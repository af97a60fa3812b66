# Datasets that come in reports: from createReport to rows that are the truth,
# whatever happens on the way.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use List::Util qw(sum);
use Test::More;
use Time::HiRes qw(sleep time);

my @all = qw(customer_returns reimbursements ledger_detail ledger_summary
             removal_orders removal_shipments replacements);
my $quick = "report_time=100ms quota=20000";

# Windows of a dataset that lie in so many days up to now: they begin at the
# same times whatever the day.

sub windows {
    my ($days, $dataset) = @_;
    my $span = ($dataset =~ /^ledger/ ? 28 : 30) * 86400;
    my $origin = 946684800;
    my $from = time - $days * 86400;

    return POSIX::ceil((time - 180 - $from + ($from - $origin) % $span)
                       / $span);
}

my %all = map { $_ => windows(548, $_) } @all;
my %some = map { $_ => windows(100, $_) } @all;
my $all = sum(values %all);


# A site whose data end two days ago, and an nginx that reads these datasets
# far enough back for some windows.

sub stage {
    my ($sandbox, $datasets, %arg) = @_;
    my $until = POSIX::strftime("%Y-%m-%dT00:00:00Z",
                                gmtime(time - 2 * 86400));

    my $site = AmzSync::Site->new("seed=5 orders=200 until=$until $quick"
                                  . " $sandbox");
    my $temp = $site->db->dir . "/temp";

    # As nginx makes it: for its workers alone.
    my $extra = "amzsync_temp_path $temp; amzsync_report_poll 100ms;"
                . " amzsync_retry_delay 50ms;"
                . ($arg{extra} // " amzsync_backfill 100d;");

    my $nginx = $site->nginx(workers => $arg{workers} || 1,
                             datasets => "marketplaces @$datasets",
                             extra => $extra);

    return ($site, $nginx);
}


sub run_sync {
    my ($site, $nginx, $user) = @_;
    my $sync = $site->begin($nginx, $user, seller => "S1");

    return $site->db->wait_sync($sync, timeout => 120) || "none";
}


# The datasets of a user's last sync, by name.

sub sets {
    my ($site, $user) = @_;

    return { map { my ($name, @rest) = @$_; $name => \@rest } $site->db->sql("
        SELECT dataset, status, error_code, error_message
          FROM amzsync.sync_datasets d
         WHERE user_id = '$user' AND dataset <> 'marketplaces'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress p
                           WHERE p.user_id = d.user_id)") };
}


# What is covered, in a line a dataset: its windows touch each other.  The data
# end two days ago, so that the newest window may have none.

sub coverage {
    my ($site, $user) = @_;

    return map { join " ", map { $_ // "-" } @$_ } $site->db->sql("
        SELECT dataset,
               min(state) FILTER (WHERE range_from < now() - interval '3 days'),
               max(state) FILTER (WHERE range_from < now() - interval '3 days'),
               count(*), count(*) FILTER (WHERE gap)
          FROM (SELECT *, range_from <> lag(range_to) OVER
                          (PARTITION BY dataset ORDER BY range_from) AS gap
                  FROM amzsync.coverage
                 WHERE user_id = '$user' AND dataset <> 'marketplaces') c
         GROUP BY 1 ORDER BY 1");
}


# Rows that no view shows.

sub hidden {
    my ($site, @datasets) = @_;

    return grep { $_ } map {
        $site->db->value("SELECT (SELECT count(*) FROM amzsync.${_}_rows)
                                 - (SELECT count(*) FROM amzsync.$_)")
        ? $_ : ()
    } @datasets;
}


sub is_true {
    my ($name, $site, $user, @datasets) = @_;
    my $more = $datasets[-1] =~ /^&/ ? pop @datasets : undef;
    my @differences = truth($site, $user, $more, @datasets);

    is_deeply(\@differences, [], "$name: the tables are the truth");
}


# Of the time that was read: it begins with the first window, unless told.

sub truth {
    my ($site, $user, $more, @datasets) = @_;
    my %from = map { @$_ } $site->db->sql("
        SELECT dataset, to_char(min(range_from) AT TIME ZONE 'UTC',
                                'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
          FROM amzsync.coverage WHERE user_id = '$user' GROUP BY 1");

    return map {
        AmzSync::Truth::compare($site->db, user => $user,
                                url => $site->url, seller => "S1",
                                marketplaces => [ AmzSync::Site::markets() ],
                                tables => [ $_ ],
                                more => $more || "&from=$from{$_}")
    } @datasets;
}


sub calls {
    my ($site, $operation) = @_;
    my $calls = $site->requests->{$operation};

    return { map { $_ => $calls->{$_} } grep { $calls->{$_} } keys %$calls };
}


sub alarms {
    my ($name, $site) = @_;

    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [],
              "$name: no alarms in the logs");
}


# --- all of them; again at once; and again when the seller has changed

{
    my ($site, $nginx) = stage("", \@all, extra => "");

    is(run_sync($site, $nginx, "u1"), "completed", "first: completed");
    is_true("first", $site, "u1", @all);

    is_deeply([ coverage($site, "u1") ],
              [ map { "$_ done done $all{$_} 0" } sort @all ],
              "first: 18 months are covered without a gap");
    is($site->db->value("SELECT count(*) FROM amzsync.coverage
                          WHERE dataset <> 'marketplaces'
                            AND report_id IS NULL"), 0,
       "first: every window names its report");

    my $empty = $site->db->value("SELECT count(*) FROM amzsync.coverage
                                   WHERE state <> 'done'
                                     AND dataset <> 'marketplaces'");

    is_deeply(calls($site, "createReport"), { 202 => $all },
              "first: a report a window");
    is_deeply(calls($site, "document"), { 200 => $all - $empty },
              "first: a download a report, without a token");

    my ($total) = map { $_->[0] } $site->db->sql("
        SELECT sum(rows) FROM amzsync.sync_datasets
         WHERE dataset <> 'marketplaces'");
    my $rows = 0;
    $rows += $site->db->value("SELECT count(*) FROM amzsync.${_}_rows")
        for @all;
    is($total, $rows, "first: each row was counted once");

    # Re-read windows of earlier months are asked for again, the newest ones
    # are fresh: Amazon would cancel another report.

    is(run_sync($site, $nginx, "u1"), "completed", "at once: completed");
    is_true("at once", $site, "u1", @all);

    my $created = calls($site, "createReport")->{202};
    my $again = $created - $all;
    is(calls($site, "document")->{200} - ($all - $empty),
       $again + @all - 2 * $empty,
       "at once: the newest report of each is taken, not made again");

    # Amazon forgets its reports, the seller changes.

    my $amazon = $site->amazon;
    $amazon->stop;
    $amazon->start;
    $site->revise("S1", 1, 400);

    is(run_sync($site, $nginx, "u1"), "completed", "changed: completed");
    is_true("changed", $site, "u1", @all);
    is_deeply([ coverage($site, "u1") ],
              [ map { "$_ done done $all{$_} 0" } sort @all ],
              "changed: all is covered by one load each");
    is_deeply([ hidden($site, grep { $_ ne "removal_orders" } @all) ], [],
              "changed: nothing is left of the loads before");
    alarms("all", $site);
}


# --- marketplaces that go, take their rows along, and come back

{
    my ($site, $nginx) = stage("", [ "reimbursements", "customer_returns" ],
                               extra => "");
    my @sets = qw(reimbursements customer_returns);
    my @markets = AmzSync::Site::markets();

    my $again = sub {
        my ($name, $full, @markets) = @_;

        $site->connect($nginx, "u1", seller => "S1",
                       marketplaces => \@markets);

        my (undef, $answer) = $site->db->call(
            "POST", "/api/v1/integrations/amazon/sync", user => "u1",
            port => $nginx->port, body => $full ? { full => \1 } : {});

        is($site->db->wait_sync($answer->{syncId}, timeout => 120),
           "completed", "$name: completed");
    };

    is(run_sync($site, $nginx, "u1"), "completed", "all markets: completed");
    is_true("all markets", $site, "u1", @sets);

    my $rows = $site->db->value("SELECT count(*)
                                   FROM amzsync.customer_returns");

    $again->("one market", 1, $markets[0]);
    cmp_ok($site->db->value("SELECT count(*) FROM amzsync.customer_returns"),
           "<", $rows, "one market: the others' rows are gone");
    is_true("one market", $site, "u1", "reimbursements");

    $again->("all again", 0, @markets);
    is_true("all again", $site, "u1", @sets);
    alarms("all again", $site);
}


# --- those that Amazon makes by itself, one after the other

{
    my ($site, $nginx) = stage("settlements=4000", [ "settlements" ],
                               extra => "");

    is(run_sync($site, $nginx, "u1"), "completed", "settlements: completed");

    my $published = "&from=" . $site->db->value("
        SELECT to_char(range_from AT TIME ZONE 'UTC',
                       'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
          FROM amzsync.sync_units WHERE dataset = 'settlements'");

    is_true("settlements", $site, "u1", "settlements", $published);

    my ($states) = map { "@$_" } $site->db->sql("
        SELECT min(state), max(state), count(*), count(DISTINCT report_id)
          FROM amzsync.coverage WHERE dataset = 'settlements'");
    like($states, qr/^done done ([67]) \1$/, "settlements: one a fortnight");
    is_deeply(calls($site, "createReport"), {}, "settlements: none was made");

    # One more, the newest of before is looked at again.

    $site->revise("S1", 1, 400);
    is(run_sync($site, $nginx, "u1"), "completed", "settlements: again");
    is_true("settlements, again", $site, "u1", "settlements", $published);
    is($site->db->value("SELECT count(*) - count(DISTINCT report_id)
                           FROM amzsync.coverage
                          WHERE dataset = 'settlements'"), 0,
       "settlements, again: each report once");
    is_deeply([ hidden($site, "settlements") ], [], "settlements: tidy");
    alarms("settlements", $site);
}


# --- what reports are written in

for my $writing ("report_charset=cp1252", "report_charset=cp932",
                 "report_gzip=off", "report_charset=cp932 report_gzip=off")
{
    my ($site, $nginx) = stage($writing, [ "customer_returns",
                                           "reimbursements" ]);

    is(run_sync($site, $nginx, "u1"), "completed", "$writing: completed");
    is_true($writing, $site, "u1", "customer_returns", "reimbursements");
    alarms($writing, $site);
}


# --- faults that pass

for my $fault (qw(http_500:3:createReport cut:3:getReport
                  malformed:4:getReport http_503:3:getReportDocument
                  cut:3:document http_500:3:document
                  throttle:4:createReport expired:5:getReport
                  expired_address:3 slow_report:3))
{
    my ($site, $nginx) = stage("fault=$fault", [ "customer_returns" ]);

    is(run_sync($site, $nginx, "u1"), "completed", "$fault: completed");
    is_true($fault, $site, "u1", "customer_returns");
    is_deeply([ coverage($site, "u1") ],
              [ "customer_returns done done $some{customer_returns} 0" ],
              "$fault: covered");
    is_deeply([ hidden($site, "customer_returns") ], [], "$fault: tidy");
    alarms($fault, $site);
}


# --- and those that do not

for ([ "fatal:3", "report_failed", qr/\S/ ],
     [ "fatal_bare:3", "report_failed", qr/does not say why/ ],
     [ "denied:1:createReport", "access_denied", qr/Unauthorized/ ],
     [ "same_token:1:getReports", "token_loop", qr/same page token/,
       "settlements" ])
{
    my ($fault, $code, $text, $name) = (@$_, "customer_returns");
    my ($site, $nginx) = stage("fault=$fault", [ $name ]);

    is(run_sync($site, $nginx, "u1"), "completed", "$fault: completed");

    my $set = sets($site, "u1")->{$name};
    is("$set->[0] $set->[1]", "failed $code", "$fault: the dataset failed");
    like($set->[2], $text, "$fault: and says why");
    alarms($fault, $site);
}


# --- Amazon cancels what has no data: the rows that are there stay

{
    my ($site, $nginx) = stage("fault=cancelled:1 report_cooldown=0",
                               [ "customer_returns" ]);

    is(run_sync($site, $nginx, "u1"), "completed", "cancelled: completed");
    is_deeply([ coverage($site, "u1") ],
              [ "customer_returns empty empty $some{customer_returns} 0" ],
              "cancelled: the windows are empty");

    is(run_sync($site, $nginx, "u1"), "completed", "cancelled: again");
    is_deeply([ coverage($site, "u1") ],
              [ "customer_returns empty empty $some{customer_returns} 0" ],
              "cancelled: and are told once");
    alarms("cancelled", $site);
}


# --- larger than allowed

{
    my ($site, $nginx) = stage("returns=3000", [ "customer_returns" ],
        extra => " amzsync_backfill 100d; amzsync_max_report_size 20k;");

    is(run_sync($site, $nginx, "u1"), "completed", "large: completed");
    is(sets($site, "u1")->{customer_returns}[1], "report_too_large",
       "large: the dataset failed");
    is_deeply([ glob $site->db->dir . "/temp/*" ], [], "large: no file");
    alarms("large", $site);
}


# --- a window that is shorter than the time in which Amazon makes no other

{
    my ($site, $nginx) = stage("", [ "customer_returns" ]);

    # A plan that was made before: two months ago, ten minutes of a window.
    $site->connect($nginx, "u1", seller => "S1");
    $site->db->sql("
        INSERT INTO amzsync.sync_progress (user_id, sync_no,
                    selling_partner_id, region, marketplace_ids)
        VALUES ('u1', 1764000000000, 'S1', 'na', '{ATVPDKIKX0DER}');
        INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position)
        VALUES ('u1', 1764000000000, 'customer_returns', 1);
        INSERT INTO amzsync.sync_units (user_id, sync_no, dataset, unit,
                    marketplace_ids, range_from, range_to)
        SELECT 'u1', 1764000000000, 'customer_returns', 1,
               '{ATVPDKIKX0DER}', w, w + interval '720 h 10 min'
          FROM date_bin('720 h', now() - interval '1440 h',
                        '2000-01-01Z') w");

    is($site->db->wait_sync("sync_u1_1764000000000", timeout => 60),
       "completed", "short: completed") or diag $nginx->log;
    is_deeply([ $site->db->sql("
        SELECT range_to - range_from FROM amzsync.coverage
         WHERE state IN ('done', 'empty') ORDER BY range_from") ],
              [ [ "30 days" ], [ "00:10:00" ] ], "short: both were read");
    alarms("short", $site);
}


# --- workers that die, in every step of a report

{
    my ($site, $nginx) = stage("ledger=400000 report_time=600ms",
                               [ "ledger_detail", "customer_returns" ],
                               workers => 2, extra =>
                               " amzsync_backfill 100d; amzsync_lease 1s;");
    my $sync = $site->begin($nginx, "u1", seller => "S1");
    my (%met, $kills, $state);

    my $end = time + 150;

    while (time < $end) {
        $state = $site->db->value("SELECT state FROM amzsync.sync_progress");
        last if $state !~ /queued|running/;

        my ($place) = map { substr $_ // "-", 0, 1 } $site->db->value("
            SELECT next_token FROM amzsync.sync_datasets
             WHERE dataset = 'ledger_detail'");

        if (($met{$place} || 0) < 3) {
            sleep(rand 0.3);
            $met{$place} += (kill "KILL", $nginx->workers) > 0;
            $kills++;
        }

        sleep(0.05);
    }

    is($state, "completed", "killed: completed");
    cmp_ok($met{r} || 0, '>=', 2, "killed: while a report is made");
    cmp_ok($met{s} || 0, '>=', 1, "killed: while its rows are stored");
    is_true("killed", $site, "u1", "ledger_detail", "customer_returns");
    is_deeply([ coverage($site, "u1") ],
              [ map { "$_ done done $some{$_} 0" }
                    qw(customer_returns ledger_detail) ],
              "killed: covered");
    is_deeply([ hidden($site, "ledger_detail", "customer_returns") ], [],
              "killed: tidy");
    cmp_ok(calls($site, "createReport")->{202}, '<=',
           $some{customer_returns} + $some{ledger_detail} + 1,
           "killed: no report was made again whose id was stored");
    is($site->db->value("SELECT sum(rows) FROM amzsync.sync_datasets
                          WHERE dataset = 'ledger_detail'"),
       $site->db->value("SELECT count(*) FROM amzsync.ledger_detail"),
       "killed: each row was counted once");
    is_deeply([ glob $site->db->dir . "/temp/*" ], [], "killed: no file");
    note("$kills kills: " . join ", ", map { "$_ $met{$_}" } sort keys %met);
    alarms("killed", $site);
}


done_testing();

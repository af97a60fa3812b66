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


sub slurp {
    my ($path) = @_;

    open my $fh, '<', $path or die "$path: $!\n";
    local $/;

    return <$fh>;
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


# The windows that a user's last sync was to read, by the day they begin at.

sub planned {
    my ($site, $dataset) = @_;

    return map { $_->[0] } $site->db->sql("
        SELECT w::date
          FROM amzsync.sync_units, generate_series(
                   date_bin('720 h', range_from, '2000-01-01Z'),
                   range_to - interval '1 ms', '720 h') w
         WHERE dataset = '$dataset'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress)
         ORDER BY unit, w");
}


# How many windows are in which state; the newest one, if it may have no data,
# does not count.

sub states {
    my ($site, $dataset) = @_;

    return join ", ", map { join " ", @$_ } $site->db->sql("
        SELECT state, count(*), count(DISTINCT range_from)
          FROM amzsync.coverage WHERE dataset = '$dataset'
           AND range_from < now() - interval '3 days'
         GROUP BY 1 ORDER BY 1");
}


sub young { windows(3, $_[0]) - 1 }


# Whether the newest window has a report that the next sync takes.

sub taken {
    my ($site, $dataset) = @_;

    return $site->db->value("
        SELECT count(*) FROM amzsync.coverage
         WHERE dataset = '$dataset' AND state = 'done'
           AND range_to = (SELECT max(range_to) FROM amzsync.coverage
                            WHERE dataset = '$dataset')");
}


# What the status says is missing of the only dataset of reports.

sub missing {
    my ($site, $nginx) = @_;
    my (undef, $json) = $site->db->call("GET",
        "/api/sync/status?coverage=1", user => "u1", port => $nginx->port);

    return $json->{lastSync}{datasets}[-1]{missing};
}


sub sandbox {
    my ($more) = @_;

    return "seed=5 orders=200 until="
           . POSIX::strftime("%Y-%m-%dT00:00:00Z", gmtime(time - 2 * 86400))
           . " $quick $more";
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


# --- marketplaces that go, take their rows along, and come back; what is the
# --- region's is there once, whichever of them are named

# A user's sync with these marketplaces; "full" reads all anew.

sub run_with {
    my ($name, $site, $nginx, $full, @markets) = @_;

    $site->connect($nginx, "u1", seller => "S1", marketplaces => \@markets);

    my (undef, $answer) = $site->db->call(
        "POST", "/api/v1/integrations/amazon/sync", user => "u1",
        port => $nginx->port, body => $full ? { full => \1 } : {});

    is($site->db->wait_sync($answer->{syncId}, timeout => 120), "completed",
       "$name: completed");
}


my @regional = qw(reimbursements removal_orders removal_shipments);

{
    my ($site, $nginx) = stage("", [ @regional, "customer_returns" ],
                               extra => "");
    my @sets = (@regional, "customer_returns");
    my @markets = AmzSync::Site::markets();
    my @run = ($site, $nginx);

    is(run_sync($site, $nginx, "u1"), "completed", "all markets: completed");
    is_true("all markets", $site, "u1", @sets);

    my $rows = $site->db->value("SELECT count(*)
                                   FROM amzsync.customer_returns");

    run_with("one market", @run, 1, $markets[0]);
    cmp_ok($site->db->value("SELECT count(*) FROM amzsync.customer_returns"),
           "<", $rows, "one market: the others' rows are gone");
    is_true("one market", $site, "u1", @regional);

    run_with("all again", @run, 0, @markets);
    is_true("all again", $site, "u1", @sets);
    alarms("all again", $site);
}

{
    my ($site, $nginx) = stage("report_cooldown=0", \@regional);
    my ($us, $ca, $mx) = AmzSync::Site::markets();
    my @run = ($site, $nginx);

    run_with("first market", @run, 0, $us);
    is_true("first market", $site, "u1", @regional);

    run_with("one more", @run, 0, $us, $ca);
    is_true("one more", $site, "u1", @regional);

    run_with("another", @run, 0, $mx);
    is_true("another", $site, "u1", @regional);

    # What a database may hold of a module that took them for a marketplace's.

    $site->db->sql("
        INSERT INTO amzsync.coverage
        SELECT user_id, selling_partner_id, region, dataset, load_sync_no - n,
               load_step, ids, range_from, range_to - n * interval '1 min',
               report_id, state, rows, updated_at
          FROM amzsync.coverage,
               (VALUES (1, '{$ca}'::text[]), (2, '{$us}')) v (n, ids)
         WHERE dataset <> 'marketplaces'");
    $site->db->sql("
        CREATE TEMP TABLE more AS SELECT * FROM amzsync.${_}_rows;
        UPDATE more SET load_sync_no = load_sync_no - 1;
        INSERT INTO amzsync.${_}_rows SELECT * FROM more;
        UPDATE more SET load_sync_no = load_sync_no - 1;
        INSERT INTO amzsync.${_}_rows SELECT * FROM more") for @regional;

    isnt(scalar(truth($site, "u1", undef, "reimbursements")), 0,
         "old module: doubled");

    $site->db->script(slurp(AmzSync::root() . "/sql/0014_windows.sql"));

    is_true("migrated", $site, "u1", @regional);
    is_deeply([ map { @$_ } $site->db->sql("
        SELECT DISTINCT array_to_string(marketplace_ids, ' ')
          FROM amzsync.coverage
         WHERE state = 'done' AND dataset <> 'marketplaces'") ],
              [ join " ", sort $us, $ca, $mx ],
              "migrated: each window is all marketplaces'");

    run_with("migrated, again", @run, 0, $mx);
    is_true("migrated, again", $site, "u1", @regional);
    is_deeply([ hidden($site, grep { $_ ne "removal_orders" } @regional) ],
              [], "migrated, again: tidy");
    alarms("another", $site);
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

for ([ "fatal:3", "report_failed", qr/\S/,
       int $some{customer_returns} / 3 ],
     [ "fatal_bare:3", "report_failed", qr/does not say why/,
       int $some{customer_returns} / 3 ],
     [ "cut:1:document", "malformed_answer", qr/\S/,
       $some{customer_returns} ],
     [ "http_503:1:document", "amazon_unavailable", qr/\S/, 1 ],
     [ "denied:1:createReport", "access_denied", qr/Unauthorized/, 1 ],
     [ "same_token:1:getReports", "token_loop", qr/same page token/, 1,
       "settlements" ])
{
    my ($fault, $code, $text, $windows, $name) = (@$_, "customer_returns");
    my ($site, $nginx) = stage("fault=$fault", [ $name ]);

    is(run_sync($site, $nginx, "u1"), "completed", "$fault: completed");

    my $set = sets($site, "u1")->{$name};
    is("$set->[0] $set->[1]", "failed $code", "$fault: the dataset failed");
    like($set->[2], $text, "$fault: and says why");
    is($site->db->value("SELECT count(*) FROM amzsync.coverage
                          WHERE state = 'failed'"), $windows,
       "$fault: windows that failed");
    alarms($fault, $site);
}


# --- a window that fails does not stop the others, and is asked for again

sub failed {
    my ($site) = @_;

    return [ map { { marketplaceId => $_->[0], from => $_->[1],
                     to => $_->[2] } } $site->db->sql("
        SELECT m, to_char(range_from AT TIME ZONE 'UTC', f),
               to_char(range_to AT TIME ZONE 'UTC', f)
          FROM amzsync.coverage, unnest(marketplace_ids) m,
               (VALUES ('YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')) v (f)
         WHERE state = 'failed' ORDER BY range_from, m") ];
}

{
    my ($site, $nginx) = stage("fault=fatal:3 report_cooldown=0",
                               [ "customer_returns" ], extra => "");
    my @run = ($site, $nginx, "u1");
    my $all = $all{customer_returns};
    my $old = $all - young("customer_returns");
    my $bad = int $old / 3;

    is(run_sync(@run), "completed", "some fail: completed");
    is_deeply([ @{ sets($site, "u1")->{customer_returns} }[0, 1] ],
              [ "failed", "report_failed" ], "some fail: the dataset, too");
    is(states($site, "customer_returns"),
       join(" ", "done", ($old - $bad) x 2) . ", " . join(" ", "failed",
                                                          ($bad) x 2),
       "some fail: all the others were read");
    is_deeply(missing($site, $nginx), failed($site),
              "some fail: these are missing");
    is($site->db->value("SELECT rows FROM amzsync.sync_datasets
                          WHERE dataset = 'customer_returns'"),
       $site->db->value("SELECT count(*) FROM amzsync.customer_returns"),
       "some fail: each row was counted once");

    # All of them fail: those of before, too.

    my $taken = taken($site, "customer_returns");

    $site->renew(sandbox("fault=fatal_bare:1 report_cooldown=0"));
    is(run_sync(@run), "completed", "all fail: completed");
    like(sets($site, "u1")->{customer_returns}[2], qr/does not say why/,
         "all fail: why");

    my @planned = planned($site, "customer_returns");
    is(calls($site, "createReport")->{202}, $all + @planned - $taken,
       "all fail: each was asked for once, but for one that is taken");
    cmp_ok(scalar @planned, '>', windows(120, "customer_returns"),
           "all fail: also older ones");

    # Amazon forgets what could be taken.

    $site->renew(sandbox("report_cooldown=0"));
    $site->amazon->stop;
    $site->amazon->start;
    is(run_sync(@run), "completed", "none fails: completed");
    is(sets($site, "u1")->{customer_returns}[0], "completed",
       "none fails: the dataset");
    is_true("none fails", $site, "u1", "customer_returns");
    is(states($site, "customer_returns"), "done $old $old",
       "none fails: all are read");
    is_deeply(missing($site, $nginx), [], "none fails: nothing is missing");
    is_deeply([ hidden($site, "customer_returns") ], [], "none fails: tidy");
    alarms("some fail", $site);
}

# The worker dies: the error of a window is the dataset's still.

{
    my ($site, $nginx) = stage("fault=fatal:2 report_time=400ms",
                               [ "customer_returns" ], workers => 2, extra =>
                               " amzsync_backfill 100d; amzsync_lease 1s;");
    my $sync = $site->begin($nginx, "u1", seller => "S1");

    ok(AmzSync::Site::until_true(60, sub {
        $site->db->value("SELECT error_code FROM amzsync.sync_datasets
                           WHERE dataset = 'customer_returns'
                             AND status = 'in_progress'")
    }), "killed behind it: the error is told") or diag $nginx->log;

    kill "KILL", $nginx->workers;

    is($site->db->wait_sync($sync, timeout => 60), "completed",
       "killed behind it: completed");
    is_deeply([ @{ sets($site, "u1")->{customer_returns} }[0, 1] ],
              [ "failed", "report_failed" ],
              "killed behind it: the dataset failed");
    alarms("killed behind it", $site);
}

# Amazon finds a report too large to ask for: no window is cut in two.

{
    my $site = AmzSync::Site->new("orders=10", server => "
        location = /large/auth/o2/token {
            default_type application/json;
            return 200 '{\"access_token\":\"a\",\"expires_in\":3600}';
        }
        location = /large/reports/2021-06-30/reports {
            default_type application/json;
            if (\$request_method = POST) {
                return 413 '{\"errors\":[{\"code\":\"TooLarge\"}]}';
            }
            return 200 '{\"reports\":[]}';
        }");
    my $nginx = $site->nginx(
        datasets => "customer_returns",
        amazon => "http://127.0.0.1:" . $site->amazon->port . "/large",
        extra => "amzsync_temp_path " . $site->db->dir . "/temp;"
                 . " amzsync_backfill 100d;");

    is(run_sync($site, $nginx, "u1"), "failed", "413: failed");
    is(sets($site, "u1")->{customer_returns}[1], "invalid_input", "413: why");
    is_deeply([ coverage($site, "u1") ],
              [ "customer_returns failed failed $some{customer_returns} 0" ],
              "413: the windows are whole");
    alarms("413", $site);
}


# --- a settlement that cannot be read stops no other one, but the cursor

{
    my $bad = "location ~ /_document/.*\\.7000000003(6|7)\\. {
                   default_type 'text/plain;charset=ebcdic-x';
                   return 200 'settlement-id';
               }";
    my ($site, $nginx) = stage("settlements=4000", [ "settlements" ],
                               extra => "");
    my @run = ($site, $nginx, "u1");
    my $cursor = sub {
        $site->db->value("SELECT max(covered_to) FROM amzsync.cursors
                           WHERE dataset = 'settlements'")
    };

    $site->renew(sandbox("settlements=4000"), server => $bad);
    is(run_sync(@run), "completed", "unread: completed");
    is_deeply([ @{ sets($site, "u1")->{settlements} }[0, 1] ],
              [ "failed", "unknown_charset" ], "unread: the dataset failed");

    my $published = "&from=" . $site->db->value("
        SELECT to_char(range_from AT TIME ZONE 'UTC',
                       'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
          FROM amzsync.sync_units WHERE dataset = 'settlements'");

    my $states = states($site, "settlements");
    like($states, qr/^done [45] \d, failed 2 2$/, "unread: all but two");
    is($cursor->(), undef, "unread: the cursor waits");
    cmp_ok(scalar @{ missing($site, $nginx) }, '>=', 1,
           "unread: something is missing");

    my $documents = calls($site, "document")->{200};

    is(run_sync(@run), "completed", "unread, again: completed");
    is(states($site, "settlements"), $states, "unread, again: the same");
    is($cursor->(), undef, "unread, again: the cursor waits");
    is(calls($site, "document")->{200}, $documents,
       "unread, again: what is there is not downloaded");

    $site->renew(sandbox("settlements=4000"));
    is(run_sync(@run), "completed", "mended: completed");
    is(sets($site, "u1")->{settlements}[0], "completed",
       "mended: the dataset");
    is(calls($site, "document")->{200}, $documents + 2,
       "mended: nor when the others are");
    is_true("mended", $site, "u1", "settlements", $published);
    like(states($site, "settlements"), qr/^done (\d) \1$/,
         "mended: each once");
    isnt($cursor->(), undef, "mended: the cursor goes on");
    is_deeply([ hidden($site, "settlements") ], [], "mended: tidy");

    run_with("mended, full", $site, $nginx, 1, AmzSync::Site::markets());
    is_true("mended, full", $site, "u1", "settlements", $published);
    cmp_ok(calls($site, "document")->{200}, '>=', 2 * $documents + 4,
           "mended, full: all are downloaded");
    alarms("unread", $site);
}


# --- Amazon cancels what has no data, and other reports: such a window is asked
# --- for once more, by the next sync; then it is empty

{
    my ($site, $nginx) = stage("fault=cancelled:1 report_cooldown=0",
                               [ "reimbursements" ], extra => "");
    my @run = ($site, $nginx, "u1");
    my $all = $all{reimbursements};
    my $old = $all - young("reimbursements");

    is(run_sync(@run), "completed", "cancelled: completed");
    is(states($site, "reimbursements"), "cancelled $old $old",
       "cancelled: each window is");
    is_deeply(missing($site, $nginx), [], "cancelled: nothing is missing");

    $site->renew(sandbox("report_cooldown=0"));
    is(run_sync(@run), "completed", "not cancelled: completed");
    is(states($site, "reimbursements"), "done $old $old",
       "not cancelled: each window was read");
    is_true("not cancelled", $site, "u1", "reimbursements");
    is_deeply(calls($site, "createReport"), { 202 => 2 * $all },
              "not cancelled: each was asked for once more");
    is($site->db->value("SELECT count(*) FROM amzsync.sync_units
                          WHERE dataset = 'reimbursements'
                            AND sync_no = (SELECT max(sync_no)
                                             FROM amzsync.sync_progress)"),
       2, "not cancelled: as a unit before what is read again");

    my $again = windows(30, "reimbursements")
                - taken($site, "reimbursements");

    is(run_sync(@run), "completed", "again: completed");
    is_deeply(calls($site, "createReport"), { 202 => 2 * $all + $again },
              "again: these no more; the newest report is taken");
    alarms("cancelled", $site);
}

{
    my ($site, $nginx) = stage("fault=cancelled:1 report_cooldown=0",
                               [ "reimbursements" ], extra => "");
    my @run = ($site, $nginx, "u1");
    my $all = $all{reimbursements};
    my $young = young("reimbursements");
    my $read = windows(30, "reimbursements");

    is(run_sync(@run), "completed", "cancelled twice: completed");

    # One of them will be the same report: the first that is asked for next.

    $site->db->sql("
        UPDATE amzsync.coverage SET report_id = (
                   SELECT max(report_id)::bigint + 1 FROM amzsync.coverage)
         WHERE range_from = (SELECT min(range_from) FROM amzsync.coverage
                              WHERE dataset = 'reimbursements')");

    is(run_sync(@run), "completed", "cancelled twice: again");

    # The newest window is longer now: of its end nobody has said so before.

    my ($once, $twice) = (2 - $young, $all - 2);
    is(states($site, "reimbursements"),
       "cancelled $once $once, empty $twice $twice",
       "cancelled twice: the windows are empty, but for the newest one");

    my @planned = planned($site, "reimbursements");
    is(scalar @planned, $all, "cancelled twice: all were asked for");

    is(run_sync(@run), "completed", "cancelled twice: once more");
    is(states($site, "reimbursements"), ($young ? "" : "cancelled 1 1, ")
       . join(" ", "empty", ($all - 1) x 2), "cancelled twice: no other state");

    my %empty = map { $_ => 1 } @planned[1 .. $all - 1 - $read];
    is(scalar(grep { $empty{$_} } planned($site, "reimbursements")), 0,
       "cancelled twice: empty ones are not asked for");
    is(scalar planned($site, "reimbursements"), 1 + $read,
       "cancelled twice: but the one whose report was the same");

    is_deeply(missing($site, $nginx), [], "cancelled twice: none is missing");
    alarms("cancelled twice", $site);
}

# Some marketplaces go: what was empty of the others is so still.

{
    my ($site, $nginx) = stage("fault=cancelled:1 report_cooldown=0",
                               [ "customer_returns" ], extra => "");
    my ($us, $ca) = AmzSync::Site::markets();
    my @run = ($site, $nginx);
    my $pieces = sub {
        $site->db->value("
            SELECT count(*) FROM (
                SELECT unnest(range_agg(tstzrange(range_from, range_to)))
                  FROM amzsync.coverage
                 WHERE dataset = 'customer_returns' AND '$ca' = ANY (
                       marketplace_ids)
                   AND state IN ('done', 'cancelled', 'empty')) r")
    };
    my $cursor = sub {
        $site->db->value("SELECT covered_to FROM amzsync.cursors
                           WHERE dataset = 'customer_returns'
                             AND marketplace_id = '$ca'")
    };

    run_with("both, $_", @run, 0, $us, $ca) for 1, 2;
    is($pieces->(), 1, "both: covered");

    my $covered_to = $cursor->();

    run_with("one of them, cancelled", @run, 1, $us);
    is($pieces->(), 1, "one of them, cancelled: the other is covered");

    $site->renew(sandbox("fault=fatal:1 report_cooldown=0"));
    run_with("one of them, failed", @run, 1, $us);
    is($pieces->(), 1, "one of them, failed: the other is covered");

    $site->renew(sandbox("report_cooldown=0"));
    run_with("one of them, read", @run, 1, $us);
    is($pieces->(), 1, "one of them, read: the other is covered");
    is($cursor->(), $covered_to, "one of them, read: and need not be again");
    is($site->db->value("SELECT count(*) FROM amzsync.coverage
                          WHERE dataset = 'customer_returns'
                            AND state NOT IN ('done', 'replaced')
                            AND range_from < now() - interval '3 days'
                            AND '$us' = ANY (marketplace_ids)"), 0,
       "one of them, read: as a whole");
    alarms("both", $site);
}

# Every third one, of datasets by marketplaces; rows that are there stay.

{
    my ($site, $nginx) = stage("fault=cancelled:3 report_cooldown=0",
                               [ "customer_returns" ], extra => "");
    my @run = ($site, $nginx, "u1");

    is(run_sync(@run), "completed", "every third: completed");

    my @cancelled = map { $_->[0] } $site->db->sql("
        SELECT range_from::date FROM amzsync.coverage
         WHERE state = 'cancelled' AND range_from < now() - interval '3 days'
         ORDER BY range_from");
    is(scalar @cancelled,
       int(($all{customer_returns} - young("customer_returns")) / 3),
       "every third: so many");

    my $rows = $site->db->value("SELECT count(*)
                                   FROM amzsync.customer_returns");

    $site->renew(sandbox("fault=cancelled:1 report_cooldown=0"));
    is(run_sync(@run), "completed", "every third, then all: completed");

    my %again = map { $_ => 1 } planned($site, "customer_returns");
    is_deeply([ grep { !$again{$_} } @cancelled ], [],
              "every third, then all: those were asked for again");
    is(keys %again, scalar(grep { $_ lt $site->db->value("
           SELECT max(range_from)::date FROM amzsync.sync_units
            WHERE dataset = 'customer_returns'") } @cancelled)
                     + windows(120, "customer_returns"),
       "every third, then all: and what is always read again, no other");
    is($site->db->value("SELECT count(*) FROM amzsync.customer_returns"),
       $rows, "every third, then all: the rows that were there stay");

    $site->renew(sandbox("report_cooldown=0"));
    run_with("every third, full", $site, $nginx, 1,
             AmzSync::Site::markets());
    is_true("every third, full", $site, "u1", "customer_returns");
    is_deeply([ coverage($site, "u1") ],
              [ "customer_returns done done $all{customer_returns} 0" ],
              "every third, full: all is covered");
    alarms("every third", $site);
}


# --- larger than allowed

{
    my ($site, $nginx) = stage("returns=3000", [ "customer_returns" ],
        extra => " amzsync_backfill 100d; amzsync_max_report_size 20k;");

    is(run_sync($site, $nginx, "u1"), "completed", "large: completed");
    is(sets($site, "u1")->{customer_returns}[1], "report_too_large",
       "large: the dataset failed");
    cmp_ok((states($site, "customer_returns") =~ /failed (\d)/)[0], '>=',
           $some{customer_returns} - 1,
           "large: each window, but for the newest perhaps");
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
         WHERE state IN ('done', 'cancelled') ORDER BY range_from") ],
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

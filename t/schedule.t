# Schedules: the interval of a connection, who is due, and that a sync is
# queued once, however many workers look.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use JSON::PP ();
use Test::More;

my $path = "/api/v1/integrations/amazon/connection";
my $site = AmzSync::Site->new("seed=3 orders=100 page=50 quota=0");
my $db = $site->db;
my @nginx = map { $site->nginx(workers => 2) } 1, 2;

for my $n (@nginx) {
    AmzSync::Site::until_true(20, sub {
        ($db->call("GET", $path, user => "x", port => $n->port))[0] == 200
    }) or die "no database:\n" . $n->log;
}


# PUT with the digits of an interval, or without one.

sub put {
    my ($user, $interval) = @_;
    my $body = '{"sellingPartnerId":"S1","region":"na",'
               . '"marketplaceIds":["ATVPDKIKX0DER"],'
               . '"refreshToken":"Atzr|sandbox-S1"'
               . (defined $interval ? ",\"syncIntervalMinutes\":$interval" : "")
               . "}";

    my ($status, $json) = $db->call("PUT", $path, user => $user, body => $body,
                                    port => $nginx[0]->port);

    return ($status, $json);
}


sub shown {
    my ($user) = @_;
    my (undef, undef, $answer) = $db->call("GET", $path, user => $user,
                                           port => $nginx[1]->port);

    return $answer->{content} =~ /,"syncIntervalMinutes":(\d+|null),/
           ? $1 : $answer->{content};
}


sub status {
    my ($user) = @_;
    my (undef, $json) = $db->call("GET", "/api/sync/status", user => $user,
                                  port => $nginx[0]->port);

    return $json;
}


# The next time of a user, as the status should tell it.

sub next_sync {
    my ($user) = @_;

    return $db->value("SELECT to_char(next_sync_at AT TIME ZONE 'UTC',
                                      'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
                         FROM amzsync.connections WHERE user_id = '$user'");
}


sub connection {
    my ($user) = @_;

    return $db->value("SELECT c::text FROM amzsync.connections c
                        WHERE user_id = '$user'");
}


# Whether the next time is an interval from now, and not too much more.

sub ahead {
    my ($user, $minutes) = @_;
    my $jitter = $minutes / 10 < 5 ? $minutes / 10 : 5;

    return $db->value("
        SELECT next_sync_at > now() + ($minutes - 1) * interval '1 min'
               AND next_sync_at < now() + ($minutes + $jitter)
                                          * interval '1 min'
          FROM amzsync.connections WHERE user_id = '$user'");
}


# Good intervals: stored, shown, and told by the status.

for my $case ([ 15 => 15 ], [ 60 => 60 ], [ 43200 => 43200 ]) {
    my ($interval, $minutes) = @$case;

    is((put("good", $interval))[0], 200, "interval $interval: taken");
    is(shown("good"), $interval, "interval $interval: shown");
    is(ahead("good", $minutes), "t", "interval $interval: begins now");
    is_deeply(status("good"),
              { success => JSON::PP::true, hasActiveSync => JSON::PP::false,
                lastSync => undef, nextScheduledSync => next_sync("good") },
              "interval $interval: told by the status");
}

my $next = next_sync("good");
is((put("good", 43200))[0], 200, "the same interval: taken");
is(next_sync("good"), $next, "the same interval: does not begin anew");

for my $none ("null", undef) {
    my $name = $none || "no interval";

    is((put("good", 60))[0], 200, "$name: there is one");
    is((put("good", $none))[0], 200, "$name: taken");
    is(shown("good"), "null", "$name: shown");
    is(next_sync("good"), undef, "$name: no schedule");
    is(status("good")->{nextScheduledSync}, undef,
       "$name: told by the status");
}

# Disconnecting ends the schedule; connecting again begins another.

is((put("good", 60))[0], 200, "disconnect: there is a schedule");
is(($db->call("DELETE", $path, user => "good",
              port => $nginx[1]->port))[0], 200, "disconnect: done");
is(shown("good"), "null", "disconnect: no interval is shown");
is(next_sync("good"), undef, "disconnect: no schedule");
is((put("good", 60))[0], 200, "disconnect: connected again");
is(ahead("good", 60), "t", "disconnect: the interval begins anew");

# Bad intervals; they are refused whole.

my $message = "syncIntervalMinutes must be null or a whole number, at least 15"
              . " and at most 43200.";

is((put("bad", 60))[0], 200, "bad intervals: there is a connection");
my $before = connection("bad");

for my $bad (14, 1, 0, -1, -60, 1.5, "60.0", 43201, 9223372036854775807,
             "1e3", "true", "false", '"60"', '""', "[60]", '{"minutes":60}')
{
    for my $user ("bad", "none") {
        is_deeply([ put($user, $bad) ], [ 400, {
            success => JSON::PP::false, error => "invalid_request",
            message => $message } ], "interval $bad: refused");
    }
}

for my $bad ("9223372036854775808", "1" x 400, "-" . "9" x 40, "1e999") {
    my ($status, $json) = put("bad", $bad);

    is($status, 400, substr("interval $bad", 0, 40) . ": refused");
    like($json->{message}, qr/^Request body has a number that is too large /,
         "it says why");
}

is(connection("bad"), $before, "bad intervals: nothing has changed");
is(connection("none"), undef, "bad intervals: nothing was stored");

# From the schedule to the data; the other workers find nothing to do.

ok($site->connect($nginx[0], "u1", seller => "S1", interval => 15),
   "scheduled: connected");
$db->sql("UPDATE amzsync.connections SET next_sync_at = now()
           WHERE user_id = 'u1'");

my $row = $site->wait_row("u1", 30, sub {
    ($_[0]{state} || "") eq "completed"
});
is($row && $row->{rows}, 100, "scheduled: a sync has run")
    or diag $site->logs;
is_deeply([ $site->differences("u1", "S1") ], [],
          "scheduled: the tables are the truth");
is(ahead("u1", 15), "t", "scheduled: the next one is an interval away");

my $status = status("u1");
is($status->{nextScheduledSync}, next_sync("u1"),
   "scheduled: told by the status");
is($status->{lastSync}{status}, "completed", "scheduled: beside the last sync");
is_deeply([ map { $_->{name} } @{ $status->{lastSync}{datasets} } ],
          [ "orders" ], "scheduled: the datasets of the http block");

# Amazon refuses the token: no more syncs, until the user connects anew; what
# was due meanwhile is queued then.

$db->sql("UPDATE amzsync.connections SET status = 'reauthorization_required',
                 next_sync_at = now() - interval '1 h'
           WHERE user_id = 'u1'");
is(status("u1")->{nextScheduledSync}, undef, "refused: told by the status");

# Many who are due, and some who are not.  Their tokens cannot be opened, so
# that their syncs end at once: one that is queued twice is there twice.  It
# takes so long to queue them that every worker looks meanwhile.

$db->sql("
    INSERT INTO amzsync.connections (user_id, selling_partner_id, region,
                marketplace_ids, status, token_sealed, token_key_id,
                sync_interval_minutes, next_sync_at)
    SELECT k || i, 'A1', 'na', '{}'::text[],
           CASE k WHEN 'refused' THEN 'reauthorization_required'
                  WHEN 'gone' THEN 'disconnected' ELSE 'connected' END,
           CASE WHEN k <> 'gone' THEN 'x'::bytea END,
           CASE WHEN k <> 'gone' THEN 'k1' END,
           CASE WHEN k NOT IN ('gone', 'never') THEN 60 END,
           CASE k WHEN 'refused' THEN now() - interval '10 min'
                  WHEN 'later' THEN now() + interval '10 min'
                  WHEN 'due' THEN now() + interval '1 d'
                  WHEN 'busy' THEN now() + interval '1 d' END
      FROM unnest('{due,busy,later,refused,gone,never}'::text[]) k,
           generate_series(1, CASE k WHEN 'due' THEN 300 ELSE 5 END) i");

$db->sql("
    INSERT INTO amzsync.sync_progress (user_id, sync_no, selling_partner_id,
                region, marketplace_ids, state, lease, lease_until)
    SELECT user_id, 1, 'A1', 'na', '{}', 'running', 1, now() + interval '1 d'
      FROM amzsync.connections WHERE user_id LIKE 'busy%'");

$db->sql("
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \$\$
    BEGIN
        PERFORM pg_sleep(0.03);
        RETURN NEW;
    END \$\$;
    CREATE TRIGGER slow BEFORE UPDATE OF next_sync_at ON amzsync.connections
    FOR EACH ROW WHEN (NEW.next_sync_at > now()) EXECUTE FUNCTION slow()");

$db->sql("UPDATE amzsync.connections SET next_sync_at = now()
           WHERE user_id LIKE 'due%' OR user_id LIKE 'busy%'");

ok(AmzSync::Site::until_true(60, sub {
    $db->value("SELECT count(*) FROM amzsync.connections
                 WHERE status = 'connected' AND next_sync_at <= now()") == 0
    && $db->value("SELECT count(*) FROM amzsync.sync_progress
                    WHERE user_id LIKE 'due%'
                      AND state IN ('queued', 'running')") == 0
}), "many: all that was due has run") or diag $site->logs;

# Another look of every worker.
sleep 8;

is_deeply([ $db->sql("SELECT rtrim(user_id, '0123456789') k,
                             count(DISTINCT user_id), count(*)
                        FROM amzsync.sync_progress WHERE user_id <> 'u1'
                       GROUP BY k ORDER BY k") ],
          [ [ "busy", 5, 5 ], [ "due", 300, 300 ] ],
          "many: a sync each, once, and none of those who are not due");

is_deeply([ $db->sql("SELECT dataset, position, count(*)
                        FROM amzsync.sync_datasets WHERE user_id LIKE 'due%'
                       GROUP BY 1, 2") ],
          [ [ "orders", 1, 300 ] ], "many: with its datasets");

is_deeply([ $db->sql("
    SELECT count(*), bool_and(next_sync_at > now() + interval '58 min'),
           bool_and(next_sync_at < now() + interval '65 min'),
           max(next_sync_at) - min(next_sync_at) > interval '2 min'
      FROM amzsync.connections
     WHERE user_id LIKE 'due%' OR user_id LIKE 'busy%'") ],
          [ [ 305, "t", "t", "t" ] ],
          "many: the next ones are an interval away, and apart");

my ($queued, %worker) = (0);

for my $log (map { $_->log } @nginx) {
    while ($log =~ /(\d+)#\d+: amzsync: (\d+) scheduled syncs queued/g) {
        $worker{$1}++;
        $queued += $2;
    }
}

is($queued, 301, "many: the log tells of each");
cmp_ok(scalar keys %worker, ">", 1, "many: several workers have queued them");

# The token that was refused is replaced.

is($db->value("SELECT count(*) FROM amzsync.sync_progress
                WHERE user_id = 'u1'"), 1, "refused: not scheduled");
ok($site->connect($nginx[0], "u1", seller => "S1", interval => 15),
   "refused: connected anew");
ok(AmzSync::Site::until_true(20, sub {
    $db->value("SELECT count(*) FROM amzsync.sync_progress
                 WHERE user_id = 'u1' AND state = 'completed'") == 2
}), "refused: what was due is queued then") or diag $site->logs;

is_deeply([ $site->alarms ], [], "no alarms");

# Without the directive in the http block: all datasets.  And a graceful end
# with the timers set.

{
    my $site = AmzSync::Site->new("seed=3 orders=10 inventory=10"
                                  . " transactions=10 quota=0");
    my $nginx = $site->nginx(datasets => undef);

    $site->connect($nginx, "u1", interval => 15);
    $site->db->sql("UPDATE amzsync.connections SET next_sync_at = now()");

    my $all = AmzSync::Site::until_true(20, sub {
        $site->db->value("SELECT count(*) FROM amzsync.sync_datasets")
    });
    ok($all, "all datasets: queued") or diag $site->logs;

    is($site->db->value("SELECT string_agg(dataset, ' ' ORDER BY position)
                           FROM amzsync.sync_datasets"),
       "marketplaces orders inventory financial_transactions",
       "all datasets: in their order");

    $nginx->signal("QUIT");
    ok(defined $nginx->gone(15), "all datasets: nginx has exited");
    is_deeply([ $site->alarms ], [], "all datasets: no alarms");
}

done_testing();

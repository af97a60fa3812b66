# A user's syncs, newest first, page by page.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use JSON::PP ();
use Test::More;

my $db = AmzSync->new;
my $nginx = AmzSync::Nginx->new(
    http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                               lwa => "http://127.0.0.1:1/token"),
    server => $db->locations);

# Syncs 1 to 130 of u1: each third failed, each fifth was cancelled, the last
# one runs; sync n took n seconds and has n orders, and twice as much else.

$db->sql("
    INSERT INTO amzsync.sync_progress
          (user_id, sync_no, selling_partner_id, region, marketplace_ids,
           state, progress, error_code, error_message, error_request_id,
           started_at, completed_at, lease, lease_until)
    SELECT 'u1', n, 'A1', 'na', '{A}', s.state,
           CASE s.state WHEN 'completed' THEN 100 ELSE n % 100 END,
           CASE s.state WHEN 'failed' THEN 'access_denied' END,
           CASE s.state WHEN 'failed' THEN 'No \"role\"' END,
           CASE WHEN s.state = 'failed' AND n % 2 = 0 THEN 'R' || n END,
           t.at,
           CASE WHEN s.state <> 'running' THEN t.at + n * interval '1 s' END,
           CASE s.state WHEN 'running' THEN 1 END,
           CASE s.state WHEN 'running' THEN now() + interval '1 d' END
      FROM generate_series(1, 130) n,
           LATERAL (SELECT CASE WHEN n = 130 THEN 'running'
                                WHEN n % 5 = 0 THEN 'cancelled'
                                WHEN n % 3 = 0 THEN 'failed'
                                ELSE 'completed' END AS state) s,
           LATERAL (SELECT timestamptz '2026-01-01 00:00:00.25Z'
                           + n * interval '1 h' AS at) t;

    INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position,
                                       rows)
    SELECT 'u1', n, d.name, d.position, n * d.position
      FROM generate_series(1, 130) n,
           (VALUES ('orders', 1), ('inventory', 2)) d (name, position);

    INSERT INTO amzsync.sync_progress
          (user_id, sync_no, selling_partner_id, region, marketplace_ids)
    VALUES ('u2', 7, 'A2', 'na', '{A}')");

sub history {
    my ($user, $args) = @_;

    return $db->call("GET", "/api/sync/history$args", user => $user,
                     port => $nginx->port);
}

sub wanted {
    my ($n) = @_;
    my $status = $n == 130 ? "in_progress" : $n % 5 == 0 ? "cancelled"
                 : $n % 3 == 0 ? "failed" : "completed";
    my $time = sub { POSIX::strftime("%Y-%m-%dT%H:%M:%S.250Z",
                                     gmtime(1767225600 + $_[0])) };

    return {
        syncId => "sync_u1_$n", status => $status,
        startedAt => $time->($n * 3600),
        completedAt => $n == 130 ? undef : $time->($n * 3600 + $n),
        duration => $n == 130 ? undef : $n,
        ordersProcessed => $n, rowsProcessed => 3 * $n,
        error => $status ne "failed" ? undef
                 : { code => "access_denied", message => 'No "role"',
                     requestId => $n % 2 ? undef : "R$n" },
    };
}

for my $case ([ "",                      130, 111 ],
              [ "?limit=1",              130, 130 ],
              [ "?limit=100",            130, 31 ],
              [ "?limit=5&offset=2",     128, 124 ],
              [ "?offset=120",           10, 1 ],
              [ "?offset=129&limit=100", 1, 1 ],
              [ "?limit=007",            130, 124 ])
{
    my ($args, $first, $last) = @$case;
    my ($status, $json) = history("u1", $args);

    is($status, 200, "\"$args\": status");
    is_deeply($json, { success => JSON::PP::true(), total => 130,
                       history => [ map { wanted($_) }
                                    reverse $last .. $first ] },
              "\"$args\": the syncs");
}

is_deeply((history("u1", "?offset=130"))[1],
          { success => JSON::PP::true(), history => [], total => 130 },
          "behind the end");
is_deeply((history("u1", "?offset=1000000000"))[1]{history}, [],
          "far behind the end");
is_deeply((history("u3", ""))[1],
          { success => JSON::PP::true(), history => [], total => 0 },
          "nobody's");

my (undef, $json, $answer) = history("u2", "");
is($json->{total}, 1, "another's: one");
is($json->{history}[0]{status}, "in_progress", "another's: queued");
like($answer->{content}, qr/^\{"success":true,"history":\[\{"syncId":
     "sync_u2_7","status":"in_progress","startedAt":"[^"]+",
     "completedAt":null,"duration":null,"ordersProcessed":0,
     "rowsProcessed":0,"error":null\}\],"total":1\}$/x, "the order of members");

for my $limit (0, 101, -1, "", "x", "1x", "1.5", "+1", "%31", "1e1",
               "99999999999999999999", " 1")
{
    my ($status, $json) = history("u1", "?limit=" . ($limit =~ s/ /%20/gr));

    is($status, 400, "limit \"$limit\": status");
    is($json->{message}, "limit must be an integer from 1 to 100.",
       "limit \"$limit\": message");
}

for my $offset (-1, "", "x", "1000000001", "99999999999999999999", "0x1") {
    my ($status, $json) = history("u1", "?offset=$offset");

    is($status, 400, "offset \"$offset\": status");
    is($json->{message}, "offset must be an integer from 0 to 1000000000.",
       "offset \"$offset\": message");
}

is((history("", ""))[0], 401, "no user");

my ($status);
($status, undef, $answer) = $db->call("POST", "/api/sync/history",
                                      user => "u1", port => $nginx->port);
is("$status $answer->{headers}{allow}", "405 GET, HEAD", "POST");

($status, undef, $answer) = $db->call("HEAD", "/api/sync/history",
                                      user => "u1", port => $nginx->port);
is("$status <" . ($answer->{content} || "") . ">", "200 <>", "HEAD");

is_deeply([ $nginx->alarms ], [], "no alarms");

done_testing();

# GET: the state of a sync.

use lib 't/lib';
use AmzSync;
use Test::Nginx::Socket 'no_plan';

repeat_each(2);
no_long_string();

our $db = AmzSync->new;
our $http = $db->http_config;
our $away = $db->http_config(conninfo => { port => 1 },
                             postgres => "timeout=300ms");

# Leases of a worker that is far away: nobody here takes these syncs up.
$db->sql("
    INSERT INTO amzsync.sync_progress (user_id, sync_no, selling_partner_id,
                region, marketplace_ids, state, progress, message, error_code,
                error_message, error_request_id, started_at, updated_at,
                completed_at, estimated_completion, run_after, lease,
                lease_until)
    VALUES ('u1', 1764000000001, 'A1', 'na', '{A}', 'running', 45,
            'Fetching orders', NULL, NULL, NULL,
            '2026-11-22T10:00:00Z', '2026-11-22T10:00:01.5Z', NULL,
            '2096-11-22T11:00:00.0019Z', now(), 1, now() + interval '1 d'),
           ('u1', 1764000000000, 'A1', 'na', '{A}', 'completed', 100,
            'Sync completed', NULL, NULL, NULL,
            '2026-11-21T10:00:00Z', '2026-11-21T10:00:30Z',
            '2026-11-21T10:00:30Z', NULL, now(), NULL, NULL),
           ('u2', 1764000000000, 'A1', 'na', '{A}', 'failed', 0,
            'Say \"no\"', 'access_denied', E'A\\nB', NULL,
            '2026-11-21T10:00:00Z', '2026-11-21T10:00:30Z',
            '2026-11-21T10:00:30Z', NULL, now(), NULL, NULL),
           ('q', 1764000000000, 'A1', 'na', '{A}', 'queued', 0,
            'Waiting to start', NULL, NULL, NULL,
            '2026-11-21T10:00:00Z', '2026-11-21T10:00:00Z', NULL, NULL,
            now() + interval '1 d', NULL, NULL),
           ('it''s \"1\" \\ é', 7, 'A1', 'na', '{A}', 'cancelled', 3,
            'Cancelled', NULL, NULL, NULL,
            '2026-11-21T10:00:00Z', '2026-11-21T10:00:30Z',
            '2026-11-21T10:00:30Z', NULL, now(), NULL, NULL)");

$db->sql("
    INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position,
                status, progress, rows, error_code, error_message,
                error_request_id)
    SELECT p.user_id, p.sync_no, d.*, e.*
      FROM amzsync.sync_progress p,
           (VALUES ('orders', 1, 'in_progress', 60, 1247)) d,
           (VALUES (NULL, NULL, NULL)) e
     WHERE user_id <> 'u2'");

$db->sql("
    INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position,
                status, progress, rows, error_code, error_message,
                error_request_id)
    VALUES ('u2', 1764000000000, 'orders', 1, 'failed', 0, 0, 'access_denied',
            E'Access to \"x\" é\n\\\\ is denied.', 'abc-1')");

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value("main_config", AmzSync::main_config());
    $block->set_value("http_config", $block->away ? $away : $http);
    $block->set_value("config", $db->locations);
    $block->set_value("no_error_log", "[alert]\n[emerg]\n[crit]\n[error]")
        if !$block->no_error_log;
});

our $path = "/api/sync/status";

our $running = '"syncId":"sync_u1_1764000000001","status":"in_progress",'
    . '"progress":45,"message":"Fetching orders",'
    . '"startedAt":"2026-11-22T10:00:00.000Z",'
    . '"updatedAt":"2026-11-22T10:00:01.500Z","completedAt":null,'
    . '"estimatedCompletion":"2096-11-22T11:00:00.001Z",'
    . '"ordersProcessed":1247,"totalOrders":null,"error":null,"datasets":['
    . '{"name":"orders","status":"in_progress","progress":60,"rows":1247,'
    . '"error":null}]';

our $not_found = '{"success":false,"error":"sync_not_found",'
    . '"message":"Sync not found."}';

our $not_allowed = '{"success":false,"error":"method_not_allowed",'
    . '"message":"Method not allowed."}';

run_tests();

__DATA__

=== TEST 1: by argument, by path, without an id
--- more_headers
X-User: u1
--- pipelined_requests eval
["GET $::path?syncId=sync_u1_1764000000001",
 "GET $::path/sync_u1_1764000000001",
 "GET $::path",
 "GET $::path?x=1&syncId=sync%5Fu1%5f1764000000001&y",
 "GET $::path/sync%5Fu1_1764000000001?syncId=nonsense"]
--- error_code eval
[(200) x 5]
--- response_headers eval
[("Content-Type: application/json") x 5]
--- response_body eval
["{\"success\":true,$::running}",
 "{\"success\":true,$::running}",
 "{\"success\":true,\"hasActiveSync\":true,\"lastSync\":{$::running}"
 . ",\"nextScheduledSync\":null}",
 "{\"success\":true,$::running}",
 "{\"success\":true,$::running}"]



=== TEST 2: no sync at all
--- more_headers
X-User: nobody
--- request eval
"GET $::path"
--- response_body chomp
{"success":true,"hasActiveSync":false,"lastSync":null,"nextScheduledSync":null}



=== TEST 3: an older sync, completed
--- more_headers
X-User: u1
--- request eval
"GET $::path/sync_u1_1764000000000"
--- response_body_like eval
qr/^\{"success":true,"syncId":"sync_u1_1764000000000","status":"completed",
    "progress":100,"message":"Sync\ completed",.*
    "completedAt":"2026-11-21T10:00:30\.000Z","estimatedCompletion":null,/x



=== TEST 4: a failed one, and not the active one any more
--- more_headers
X-User: u2
--- request eval
"GET $::path"
--- response_body eval
'{"success":true,"hasActiveSync":false,"lastSync":{'
. '"syncId":"sync_u2_1764000000000","status":"failed","progress":0,'
. '"message":"Say \"no\"","startedAt":"2026-11-21T10:00:00.000Z",'
. '"updatedAt":"2026-11-21T10:00:30.000Z",'
. '"completedAt":"2026-11-21T10:00:30.000Z","estimatedCompletion":null,'
. '"ordersProcessed":0,"totalOrders":null,"error":{"code":"access_denied",'
. '"message":"A\nB","requestId":null},"datasets":[{"name":"orders",'
. '"status":"failed","progress":0,"rows":0,"error":{"code":"access_denied",'
. "\"message\":\"Access to \\\"x\\\" \xc3\xa9\\n\\\\ is denied.\","
. '"requestId":"abc-1"}}]},"nextScheduledSync":null}'



=== TEST 5: what is queued shows as in progress
--- more_headers
X-User: q
--- request eval
"GET $::path"
--- response_body_like eval
qr/^\{"success":true,"hasActiveSync":true,"lastSync":\{
    "syncId":"sync_q_1764000000000","status":"in_progress","progress":0,/x



=== TEST 6: a user id with everything in it
--- more_headers eval
"X-User: it's \"1\" \\ \xc3\xa9"
--- pipelined_requests eval
["GET $::path?syncId=sync_it's+%221%22+%5C+%C3%A9_7",
 "GET $::path/sync_it's%20%221%22%20%5C%20%C3%A9_7"]
--- error_code eval
[200, 200]
--- response_body_like eval
[(qr/^\{"success":true,"syncId":"sync_it's \\"1\\" \\\\ \xc3\xa9_7","status":"cancelled",/)
 x 2]



=== TEST 7: absent, another user's, and malformed ids
--- more_headers
X-User: u1
--- pipelined_requests eval
[map({ "GET $::path?syncId=$_" } "sync_u1_1", "sync_u2_1764000000000", "",
     "sync_u1_", "sync_u1", "sync_u1_x", "sync_u1_-1", "sync_u1_01",
     "sync_u1_1764000000001x", "sync_u1_1764000000001%00",
     "sync_u1_%C0%80", "%FF", "sync_u1_1764000000001%20",
     "sync_u1_99999999999999999999", "sync_u1_9223372036854775808",
     "sync_u1_1%27--", "SYNC_u1_1764000000001", "sync_u1_1764000000001,",
     "x" x 1000, "sync_u1_" . "1" x 1000),
 "GET $::path/", "GET $::path/x", "GET ${main::path}x",
 "GET ${main::path}sync_u1_1764000000001",
 "GET $::path/sync_u1_1764000000001/x", "GET $::path/sync_u2_1764000000000"]
--- error_code eval
[(404) x 26]
--- response_body eval
[($::not_found) x 26]



=== TEST 8: ids of 10,000 bytes
--- more_headers
X-User: u1
--- pipelined_requests eval
["GET $::path?syncId=" . "x" x 7000, "GET $::path/" . "%27" x 2000,
 "GET $::path"]
--- error_code eval
[404, 404, 200]
--- response_body_like eval
[$::not_found, $::not_found, "hasActiveSync"]



=== TEST 9: HEAD
--- more_headers
X-User: u1
--- request eval
["HEAD $::path/sync_u1_1764000000001", "HEAD $::path/x", "HEAD $::path"]
--- error_code eval
[200, 404, 200]
--- response_body eval
["", "", ""]



=== TEST 10: wrong methods
--- more_headers
X-User: u1
--- pipelined_requests eval
["POST $::path\n{}", "PUT $::path\n{}", "DELETE $::path", "OPTIONS $::path"]
--- error_code eval
[(405) x 4]
--- response_headers eval
[("Allow: GET, HEAD") x 4]
--- response_body eval
[($::not_allowed) x 4]



=== TEST 11: nobody
--- request eval
"GET $::path"
--- error_code: 401
--- response_body chomp
{"success":false,"error":"unauthorized","message":"Unauthorized. Please log in."}



=== TEST 12: a body that nobody asked for
--- more_headers
X-User: u1
--- pipelined_requests eval
["GET $::path?syncId=x\n" . "x" x 60000,
 "GET $::path/sync_u1_1764000000001\n" . "x" x 60000,
 "GET $::path/sync_u1_1764000000001\n" . "x" x 200000,
 "GET $::path/sync_u1_1764000000001"]
--- error_code eval
[404, 200, 400, 200]
--- response_body eval
[$::not_found, "{\"success\":true,$::running}",
 '{"success":false,"error":"invalid_request",'
 . '"message":"Request body is larger than 65536 bytes."}',
 "{\"success\":true,$::running}"]



=== TEST 13: the database is away; malformed ids need none
--- away: 1
--- more_headers
X-User: u1
--- pipelined_requests eval
["GET $::path/x", "GET $::path"]
--- error_code eval
[404, 500]
--- response_body eval
[$::not_found, '{"success":false,"error":"internal_server_error",'
 . '"message":"Something went wrong. Please try again later."}']
--- no_error_log
[alert]
[emerg]
[crit]

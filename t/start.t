# POST: starting a sync.

use lib 't/lib';
use AmzSync;
use Test::Nginx::Socket 'no_plan';

repeat_each(1);
no_long_string();

our $db = AmzSync->new;

# Nobody listens there: a sync that was started stays in progress while it
# tries, if its token can be read; those made here cannot, and fail at once.
our $http = $db->http_config(endpoint => "http://127.0.0.1:1",
                             lwa => "http://127.0.0.1:1/token");

our $away = $db->http_config(conninfo => { port => 1 },
                             postgres => "timeout=300ms");

$db->sql("
    INSERT INTO amzsync.connections (user_id, selling_partner_id, region,
                marketplace_ids, status, token_sealed, token_key_id)
    SELECT u, 'A1SELLER', 'na', '{ATVPDKIKX0DER}', 'connected', 'x', 'k1'
      FROM unnest('{u1,u3,empty,chunked,chunks,file,busy,h1,s0,s40,s600,
                    s9000}'::text[]) u");

$db->sql("
    INSERT INTO amzsync.connections (user_id, selling_partner_id, region,
                marketplace_ids, status, token_sealed, token_key_id)
    VALUES ('gone', 'A1SELLER', 'na', '{A}', 'disconnected', NULL, NULL),
           ('refused', 'A1SELLER', 'na', '{A}', 'reauthorization_required',
            'x', 'k1')");

# A sync that another worker holds.
$db->sql("
    INSERT INTO amzsync.sync_progress (user_id, sync_no, selling_partner_id,
                region, marketplace_ids, state, lease, lease_until)
    VALUES ('busy', 1764000000000, 'A1SELLER', 'na', '{A}', 'running', 1,
            now() + interval '1 day')");

# Syncs that are over, for estimates.
$db->sql("
    INSERT INTO amzsync.sync_progress (user_id, sync_no, selling_partner_id,
                region, marketplace_ids, state, progress, started_at,
                completed_at)
    SELECT u, 1764000000000, 'A1SELLER', 'na', '{A}', 'completed', 100,
           now() - s * interval '1 s', now()
      FROM (VALUES ('s0', 0), ('s40', 40), ('s600', 600), ('s9000', 9000))
           AS t (u, s)");

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value("main_config", AmzSync::main_config());
    $block->set_value("http_config", $block->away ? $away : $http);
    $block->set_value("config", $db->locations . ($block->more_config || ""));
    $block->set_value("no_error_log", "[alert]\n[emerg]\n[crit]");
});

our $path = "/api/v1/integrations/amazon/sync";

our $not_connected = '{"success":false,"error":"amazon_not_connected",'
    . '"message":"Amazon account not connected. Please connect your Amazon'
    . ' account first."}';

our $failed = '{"success":false,"error":"internal_server_error",'
    . '"message":"Failed to start sync. Please try again later."}';

our $not_allowed = '{"success":false,"error":"method_not_allowed",'
    . '"message":"Method not allowed."}';

sub main::started {
    my ($user, $estimate) = @_;

    $estimate ||= "30-60 seconds";

    return qr/^\{"success":true,"syncId":"sync_${user}_\d{13}","message":
              "Sync\ started\ successfully","status":"in_progress",
              "estimatedDuration":"\Q$estimate\E"\}$/x;
}

sub main::invalid {
    return '{"success":false,"error":"invalid_request","message":"'
           . $_[0] . '"}';
}

sub main::request {
    my ($headers, $body) = @_;

    return "POST $path HTTP/1.1\r\nHost: localhost\r\n"
           . join("", map { "$_\r\n" } @$headers) . "\r\n$body";
}

sub main::chunked {
    return join("", map { sprintf("%x\r\n%s\r\n", length $_, $_) } @_)
           . "0\r\n\r\n";
}

run_tests();

__DATA__

=== TEST 1: a sync starts
--- more_headers
X-User: u1
--- request eval
"POST $::path"
--- response_headers
Content-Type: application/json
--- response_body_like eval
main::started("u1")



=== TEST 2: not connected
--- more_headers
X-User: nobody
--- request eval
"POST $::path"
--- error_code: 400
--- response_headers
Content-Type: application/json
--- response_body eval
$::not_connected



=== TEST 3: disconnected, or Amazon's authorization gone
--- more_headers eval
["X-User: gone", "X-User: refused"]
--- pipelined_requests eval
["POST $::path", "POST $::path"]
--- error_code eval
[400, 400]
--- response_body eval
[$::not_connected, $::not_connected]



=== TEST 4: running already, held by another worker
--- more_headers
X-User: busy
--- request eval
"POST $::path"
--- error_code: 409
--- response_body chomp
{"success":false,"error":"sync_in_progress","message":"Sync already in progress (sync_busy_1764000000000). Please wait for it to complete or cancel it first.","existingSyncId":"sync_busy_1764000000000"}



=== TEST 5: the second of two starts is told the first
--- more_headers
X-User: u2
--- pipelined_requests eval
["PUT /api/v1/integrations/amazon/connection\n"
 . '{"sellingPartnerId":"A1SELLER","region":"na","refreshToken":"Atzr|x"}',
 "POST $::path", "POST $::path"]
--- error_code eval
[200, 200, 409]
--- response_body_like eval
["connected", main::started("u2"),
 qr/^\{"success":false,"error":"sync_in_progress","message":"Sync\ already\ in
    \ progress\ \((sync_u2_\d{13})\)\.\ Please\ wait\ for\ it\ to\ complete\ or
    \ cancel\ it\ first\.","existingSyncId":"\1"\}$/x]



=== TEST 6: nobody
--- request eval
"POST $::path"
--- error_code: 401
--- response_body chomp
{"success":false,"error":"unauthorized","message":"Unauthorized. Please log in."}



=== TEST 7: the estimate follows the last sync
--- more_headers eval
["X-User: s0", "X-User: s40", "X-User: s600", "X-User: s9000"]
--- pipelined_requests eval
[("POST $::path") x 4]
--- error_code eval
[(200) x 4]
--- response_body_like eval
[main::started("s0", "1-2 seconds"),
 main::started("s40", "30-50 seconds"),
 main::started("s600", "7-13 minutes"),
 main::started("s9000", "1-4 hours")]



=== TEST 8: wrong methods
--- more_headers
X-User: u3
--- pipelined_requests eval
["GET $::path", "PUT $::path\n{}", "DELETE $::path", "OPTIONS $::path"]
--- error_code eval
[(405) x 4]
--- response_headers eval
[("Allow: POST") x 4]
--- response_body eval
[($::not_allowed) x 4]



=== TEST 9: HEAD has no body
--- more_headers
X-User: u3
--- request eval
"HEAD $::path"
--- error_code: 405
--- response_headers
Allow: POST
Content-Length: 78
--- response_body



=== TEST 10: an empty object
--- more_headers
X-User: empty
--- request eval
"POST $::path\n {}\n"
--- response_body_like eval
main::started("empty")



=== TEST 11: what is not an empty object
--- more_headers
X-User: u3
--- pipelined_requests eval
["POST $::path\n[]", "POST $::path\n{", "POST $::path\n{\"fully\":true}",
 "POST $::path\n{\"a\":1,\"a\":1}", "POST $::path\n{} {}", "POST $::path\n1",
 "POST $::path\n{\"\\u0000\":1}", "POST $::path\n{\"\xff\":1}",
 "POST $::path\n{\"a\\\"b\\\\\":{}}"]
--- error_code eval
[(400) x 9]
--- response_body eval
[main::invalid("Request body is not a JSON object."),
 main::invalid("Request body is not valid JSON (line 1, column 1)."),
 main::invalid('Unknown member \"fully\".'),
 main::invalid("Request body has a duplicate member (line 1, column 10)."),
 main::invalid("Request body is not valid JSON (line 1, column 4)."),
 main::invalid("Request body is not a JSON object."),
 main::invalid("Request body is not valid JSON (line 1, column 9)."),
 main::invalid("Request body is not valid JSON (line 1, column 2)."),
 main::invalid('Unknown member \"a\"b\\\\\".')]



=== TEST 12: a long name in the answer is cut at a character
--- more_headers
X-User: u3
--- request eval
"POST $::path\n{\"" . "\xc3\xa9" x 400 . "\":1}"
--- error_code: 400
--- response_body_like eval
qr/^\{"success":false,"error":"invalid_request","message":
    "Unknown\ member\ \\"(?:\xc3\xa9)+\??"\}$/x



=== TEST 13: a body as large as it may be
--- more_headers
X-User: u3
--- request eval
"POST $::path\n[\"" . "x" x 65532 . "\"]"
--- error_code: 400
--- response_body eval
main::invalid("Request body is not a JSON object.")



=== TEST 14: a byte too large, and far too large; the connection lives on
--- more_headers
X-User: h1
--- pipelined_requests eval
["POST $::path\n[\"" . "x" x 65533 . "\"]", "POST $::path\n" . "x" x 3e6,
 "POST $::path"]
--- error_code eval
[400, 400, 200]
--- response_body_like eval
[(quotemeta main::invalid("Request body is larger than 65536 bytes.")) x 2,
 main::started("h1")]



=== TEST 15: a chunked body
--- raw_request eval
main::request(["X-User: chunked", "Connection: close",
               "Transfer-Encoding: chunked"], main::chunked("{", " ", "}"))
--- response_body_like eval
main::started("chunked")



=== TEST 16: chunks over many packets
--- raw_request eval
[main::request(["X-User: chunks", "Connection: close",
                "Transfer-Encoding: chunked"], ""),
 map({ sprintf("%x\r\n%s\r\n", length, $_) } "{", " " x 20000, " " x 20000,
     "}"), "0\r\n\r\n"]
--- raw_request_middle_delay: 0.05
--- response_body_like eval
main::started("chunks")



=== TEST 17: a chunked body without an end
--- raw_request eval
[main::request(["X-User: u3", "Transfer-Encoding: chunked"], ""),
 map { sprintf("%x\r\n%s\r\n", length, $_) } (" " x 10000) x 7]
--- raw_request_middle_delay: 0.02
--- error_code: 400
--- response_headers
Connection: close
--- response_body eval
main::invalid("Request body is larger than 65536 bytes.")



=== TEST 18: too large, but first of all by nobody, or by a wrong method
--- pipelined_requests eval
["POST $::path\n" . "x" x 3e6, "PATCH $::path\n" . "x" x 3e6,
 "POST $::path\n" . "x" x 65537, "GET $::path"]
--- error_code eval
[401, 405, 401, 405]
--- response_body_like eval
["unauthorized", "method_not_allowed", "unauthorized", "method_not_allowed"]



=== TEST 19: chunks that are too large, by nobody
--- raw_request eval
[main::request(["Transfer-Encoding: chunked"], ""),
 map { sprintf("%x\r\n%s\r\n", length, $_) } (" " x 10000) x 7]
--- raw_request_middle_delay: 0.02
--- error_code: 401
--- response_headers
Connection: close
--- response_body_like: unauthorized



=== TEST 20: a body that ends too early
--- raw_request eval
main::request(["X-User: u3", "Content-Length: 10"], "{")
--- abort
--- timeout: 0.3
--- ignore_response
--- no_error_log
[alert]
[emerg]
[crit]
[error]



=== TEST 21: a body that another module has read, in a temporary file
--- more_config
location = /mirrored {
    mirror /mirror;
    client_body_in_file_only on;
    client_body_buffer_size 1k;
    amzsync_user $http_x_user;
    amzsync_start;
}
location = /mirror {
    internal;
    return 204;
}
--- more_headers
X-User: file
--- pipelined_requests eval
["POST /mirrored\n{\"" . "x" x 3000 . "\":1}",
 "POST /mirrored\n{" . "\n" x 3000 . "}"]
--- error_code eval
[400, 200]
--- response_body_like eval
[qr/"message":"Unknown member \\"x{100}/, main::started("file")]



=== TEST 22: the database is away
--- away: 1
--- more_headers
X-User: u3
--- pipelined_requests eval
["POST $::path", "POST $::path\n{\"x\":1}", "POST $::path"]
--- error_code eval
[500, 400, 500]
--- response_body eval
[$::failed, main::invalid('Unknown member \"x\".'), $::failed]



=== TEST 23: the log says which location, which user and why
--- away: 1
--- more_headers
X-User: u3
--- request eval
"POST $::path"
--- error_code: 500
--- error_log
amzsync start failed for user "u3": no usable connection to the database

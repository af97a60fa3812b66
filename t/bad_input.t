# Users, ids, bodies and clients as they should not be; subrequests.

use lib 't/lib';
use AmzSync;
use Test::Nginx::Socket 'no_plan';

repeat_each(1);
no_long_string();

our $db = AmzSync->new;

our $http = $db->http_config(endpoint => "http://127.0.0.1:1",
                             lwa => "http://127.0.0.1:1/token")
            . "large_client_header_buffers 4 64k;\n";

our $away = $db->http_config(conninfo => { port => 1 },
                             postgres => "timeout=1s");

# Leases of a worker that is far away: nobody here takes these syncs up.
$db->sql("
    INSERT INTO amzsync.sync_progress (user_id, sync_no, selling_partner_id,
                region, marketplace_ids, state, lease, lease_until)
    SELECT u, 1764000000001, 'A1', 'na', '{A}', 'running', 1,
           now() + interval '1 d'
      FROM unnest(ARRAY['u1', 'u2', repeat('u', 128)]) u");

$db->sql("
    INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset,
                position)
    SELECT user_id, sync_no, 'orders', 1
      FROM amzsync.sync_progress");

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value("main_config", AmzSync::main_config());
    $block->set_value("http_config", $block->away ? $away : $http);
    $block->set_value("config",
                      $db->locations . ($block->more_config || ""));
    $block->set_value("no_error_log", "[alert]\n[emerg]\n[crit]\n0f3c9a6b"
                                      . ($block->away ? "" : "\n[error]"));
});

our $start = "/api/v1/integrations/amazon/sync";
our $connection = "/api/v1/integrations/amazon/connection";
our $status = "/api/sync/status";

our $not_found = '{"success":false,"error":"sync_not_found",'
    . '"message":"Sync not found."}';
our $busy = '"existingSyncId":"sync_u1_1764000000001"\}$';

sub main::invalid {
    return '{"success":false,"error":"invalid_request","message":"'
           . $_[0] . '"}';
}

# A body that connects, but for some text behind it, or a member.

our $token = "Atzr|0f3c9a6be1d275480ace";
our $account = '{"sellingPartnerId":"A1","region":"na","refreshToken":"'
               . $token . '"';

sub main::account {
    my (@more) = @_;

    return "PUT $connection\n" . CORE::join(",", $account, @more) . "}";
}

# A lock that keeps a read waiting for a second, or longer if nginx is slow.

sub main::hold {
    my $name = $db->name;
    my $held = $ENV{AMZSYNC_PATIENCE} ? 6 : 1;

    defined(my $pid = fork()) or die "fork: $!\n";

    if ($pid == 0) {
        exec "psql", "-Xq", "-d", $name, "-o", "/dev/null", "-c",
             "BEGIN; LOCK TABLE amzsync.connections; SELECT pg_sleep($held)";
    }

    select undef, undef, undef, 0.3;
}

run_tests();

__DATA__

=== TEST 1: a user id of 128 bytes
--- more_headers eval
"X-User: " . "u" x 128
--- pipelined_requests eval
["GET $::status", "POST $::start", "GET $::connection",
 "GET $::status/sync_" . "u" x 128 . "_1764000000001"]
--- error_code eval
[200, 409, 200, 200]
--- response_body_like eval
["sync_u{128}_1764000000001", "sync_u{128}_1764000000001", "disconnected",
 "sync_u{128}_1764000000001"]



=== TEST 2: longer ones
--- more_headers eval
["X-User: " . "u" x 129, "X-User: " . "u" x 10000,
 "X-User: " . "\xc3\xa9" x 65]
--- pipelined_requests eval
["GET $::status", "POST $::start", "GET $::connection"]
--- error_code eval
[400, 400, 400]
--- response_body eval
[(main::invalid("User id is longer than 128 bytes.")) x 3]



=== TEST 3: no UTF-8
--- more_headers eval
["X-User: \xff", "X-User: a\xc0\x80b", "X-User: \xed\xa0\x80",
 "X-User: \xf4\x90\x80\x80", "X-User: \xe2\x82"]
--- pipelined_requests eval
["GET $::status", "POST $::start", "GET $::connection", "GET $::status",
 "DELETE $::connection"]
--- error_code eval
[(400) x 5]
--- response_body eval
[(main::invalid("User id is not valid UTF-8.")) x 5]



=== TEST 4: control characters
--- more_headers eval
["X-User: a\tb", "X-User: a\x1fb", "X-User: a\x7fb"]
--- pipelined_requests eval
[("GET $::status") x 3]
--- error_code eval
[400, 400, 400]
--- response_body eval
[(main::invalid("User id has a control character.")) x 3]



=== TEST 5: SQL in a user id is a user id
--- more_headers eval
["X-User: u1' OR '1'='1", "X-User: \"u1\"", "X-User: u1\\", "X-User: \$1"]
--- pipelined_requests eval
[("GET $::status") x 4]
--- error_code eval
[(200) x 4]
--- response_body eval
[('{"success":true,"hasActiveSync":false,"lastSync":null,'
  . '"nextScheduledSync":null}') x 4]



=== TEST 6: ids of 10,000 bytes
--- more_headers
X-User: u1
--- pipelined_requests eval
["GET $::status?syncId=" . "x" x 10000, "GET $::status/" . "x" x 10000,
 "GET $::status?syncId=sync_u1_" . "1" x 10000,
 "GET $::status/" . "%27" x 10000, "GET $::status?syncId=" . "%FF" x 10000,
 "GET $::status?syncId=sync_u1_1764000000001"]
--- error_code eval
[404, 404, 404, 404, 404, 200]
--- response_body_like eval
[(quotemeta $::not_found) x 5, "sync_u1_1764000000001"]



=== TEST 7: another user's id
--- more_headers
X-User: u2
--- pipelined_requests eval
["GET $::status?syncId=sync_u1_1764000000001",
 "GET $::status/sync_u1_1764000000001",
 "GET $::status/sync_u2_1764000000001"]
--- error_code eval
[404, 404, 200]
--- response_body_like eval
[(quotemeta $::not_found) x 2, "sync_u2_1764000000001"]



=== TEST 8: the user comes from auth_request
--- more_config
location = /_auth {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/whoami;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
}
location = /whoami {
    add_header X-User-Id $arg_never$http_x_login;
    return 200;
}
location /mine {
    auth_request /_auth;
    auth_request_set $uid $upstream_http_x_user_id;
    amzsync_user $uid;
    amzsync_status;
}
location = /mystart {
    auth_request /_auth;
    auth_request_set $uid $upstream_http_x_user_id;
    amzsync_user $uid;
    amzsync_start;
}
--- more_headers eval
["X-Login: u1", "X-Nobody: u1", "X-Login: u1"]
--- pipelined_requests eval
["GET /mine/sync_u1_1764000000001", "GET /mine/sync_u1_1764000000001",
 "POST /mystart\n{}"]
--- error_code eval
[200, 401, 409]
--- response_body_like eval
["sync_u1_1764000000001", "unauthorized", $::busy]



=== TEST 9: a location of ours as the subrequest of auth_request
--- more_config
location = /check {
    internal;
    amzsync_user $http_x_user;
    amzsync_connection;
}
location = /ok.txt {
    auth_request /check;
}
--- user_files
>>> ok.txt
fine
--- more_headers eval
["X-User: u1", "X-Nobody: 1"]
--- request eval
["GET /ok.txt", "GET /ok.txt"]
--- error_code eval
[200, 401]
--- response_body_like eval
["^fine\$", "401 Authorization Required"]



=== TEST 10: answers inside a page
--- more_config
location = /one {
    internal;
    amzsync_user $http_x_user;
    amzsync_status;
}
location = /page.html {
    ssi on;
}
--- user_files
>>> page.html
[<!--# include virtual="/one" -->,
<!--# include virtual="/one?syncId=sync_u1_1764000000001" -->,
<!--# include virtual="/one?syncId=sync_u1_1764000000001" -->,
<!--# include virtual="/one?syncId=x" -->]
--- more_headers
X-User: u1
--- request
GET /page.html
--- response_body_like eval
qr/^\[\{"success":true,"hasActiveSync":true,"lastSync":\{[^\n]*\},
\{"success":true,"syncId":"sync_u1_1764000000001"[^\n]*\},
\{"success":true,"syncId":"sync_u1_1764000000001"[^\n]*\},
\{"success":false,"error":"sync_not_found"[^\n]*\}\]$/



=== TEST 11: the client goes while the query waits for a lock
--- init: main::hold()
--- more_headers
X-User: u1
--- request eval
"GET $::connection"
--- abort
--- timeout eval: $ENV{AMZSYNC_PATIENCE} ? 2 : 0.3
--- wait eval: $ENV{AMZSYNC_PATIENCE} ? 6 : 1
--- ignore_response
--- error_log
client prematurely closed connection



=== TEST 12: and nothing else is disturbed
--- more_headers
X-User: u1
--- request eval
"GET $::connection"
--- response_body_like: "connected":false



=== TEST 13: the client goes while there is no database
--- away: 1
--- more_headers
X-User: u1
--- request eval
"POST $::start"
--- abort
--- timeout: 0.3
--- wait: 1
--- ignore_response
--- error_log
client prematurely closed connection



=== TEST 14: HTTP/1.0 without a host
--- raw_request eval
"GET $::status HTTP/1.0\r\nX-User: u1\r\n\r\n"
--- response_body_like: "hasActiveSync":true



=== TEST 15: a value that is no object, in every location with a body
--- more_headers
X-User: u1
--- pipelined_requests eval
[map({ my $to = $_; map { "$to\n$_" } "1", "-0.5e3", "true", "null",
       "\"full\"", "\"\\u00e9\"", " [] ", "[{}]" }
     "POST $::start", "PUT $::connection",
     "POST /api/sync/cancel/sync_u1_1764000000001")]
--- error_code eval
[(400) x 24]
--- response_body eval
[(main::invalid("Request body is not a JSON object.")) x 24]



=== TEST 16: what is no JSON is told by its place alone
--- more_headers
X-User: u1
--- pipelined_requests eval
["PUT $::connection\n{\"refreshToken\":\"$::token",
 "PUT $::connection\n{\"refreshToken\":\"$::token\" \"region\":1}",
 "PUT $::connection\n{\"refreshToken\":$::token}",
 "PUT $::connection\n{\n\n  \"refreshToken\":\"$::token\\ud800\"}",
 "PUT $::connection\n{\"refreshToken\":\"$::token\\u0000\"}",
 "PUT $::connection\n{\"refreshToken\":\"$::token\xff\"}",
 "PUT $::connection\n{\"refreshToken\":\"$::token\n\"}",
 "POST $::start\n{\"full\":tru}", "POST $::start\n\xef\xbb\xbf{}",
 "POST $::start\n{\"full\":" . "[" x 3000 . "]" x 3000 . "}",
 "POST $::start\n{\"full\":1e999}", "POST $::start\n{\"full\":9"
 . "9" x 400 . "}"]
--- error_code eval
[(400) x 12]
--- response_body_like eval
[('^\{"success":false,"error":"invalid_request","message":"Request body is '
  . 'not valid JSON \(line \d, column \d+\)\."\}$') x 10,
 ('^\{"success":false,"error":"invalid_request","message":"Request body has '
  . 'a number that is too large \(line 1, column \d+\)\."\}$') x 2]



=== TEST 17: whatever else is wrong, the token is not told
--- more_headers
X-User: bad
--- pipelined_requests eval
[main::account('"marketplaceIds":[]'), main::account('"datasets":["order"]'),
 main::account('"syncIntervalMinutes":14'), main::account('"more":1'),
 main::account('"refreshToken":"x"'),
 "PUT $::connection\n" . $::account =~ s/ace"$/ace\\u0001"}/r,
 "PUT $::connection\n" . $::account =~ s/"na"/"us"/r . "}"]
--- error_code eval
[(400) x 7]
--- response_body_unlike eval
[("Atzr|0f3c9a6b") x 7]



=== TEST 18: names are repeated as text, and cut between characters
--- more_headers
X-User: u1
--- pipelined_requests eval
["POST $::start\n{\"a\\u0001\\n\\\"b\":1}",
 "POST $::start\n{\"datasets\":[\"</script>\\u2028\"]}",
 map({ "POST $::start\n{\"datasets\":[\"" . "x" x $_
       . "\xf0\x9f\x98\x80" x 200 . "\"]}" } 0 .. 3)]
--- error_code eval
[(400) x 6]
--- response_body_like eval
['"message":"Unknown member \\\\"a\\\\u0001\\\\n\\\\"b\\\\"\."\}$',
 "\"message\":\"datasets: there is no dataset \\\\\"</script>\xe2\x80\xa8"
 . "\\\\\"\\.\"\\}\$",
 map { qr/\\"x{$_}(?:\xf0\x9f\x98\x80)+\?*"\}$/ } 0 .. 3]



=== TEST 19: members of every wrong type
--- more_headers
X-User: bad
--- pipelined_requests eval
[map({ my $name = $_; map { main::account("\"$name\":$_") }
       "true", "1.5", "\"\"", "{}", "[[]]", "[null]" }
     "marketplaceIds", "syncIntervalMinutes", "datasets")]
--- error_code eval
[(400) x 18]
--- response_body_like eval
[("marketplaceIds must be null or") x 6,
 ("syncIntervalMinutes must be null or") x 6,
 ("datasets must be null or an array of names") x 4,
 ("datasets must be an array of strings") x 2]

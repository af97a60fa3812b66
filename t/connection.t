# GET, PUT, DELETE: the user's Amazon account.

use lib 't/lib';
use AmzSync;
use Test::Nginx::Socket 'no_plan';

repeat_each(1);
no_long_string();
no_shuffle();

our $db = AmzSync->new;

our $http = $db->http_config(endpoint => "http://127.0.0.1:1",
                             lwa => "http://127.0.0.1:1/token",
                             extra => "amzsync_endpoint eu"
                                      . " http://127.0.0.1:1/;\n");

our $away = $db->http_config(conninfo => { port => 1 },
                             postgres => "timeout=300ms");

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value("main_config", AmzSync::main_config());
    $block->set_value("http_config", $block->away ? $away : $http);
    $block->set_value("config", $db->locations);
    $block->set_value("no_error_log", "[alert]\n[emerg]\n[crit]\nAtzr");
});

our $path = "/api/v1/integrations/amazon/connection";
our $sync = "/api/v1/integrations/amazon/sync";

our $none = '{"success":true,"connected":false,"status":"disconnected",'
    . '"sellingPartnerId":null,"region":null,"marketplaceIds":null,'
    . '"connectedAt":null,"syncIntervalMinutes":null,"datasets":null}';

our $connected = '{"success":true,"message":"Amazon account connected"}';
our $disconnected = '{"success":true,"message":"Amazon account disconnected"}';

our $not_allowed = '{"success":false,"error":"method_not_allowed",'
    . '"message":"Method not allowed."}';

our $failed = '{"success":false,"error":"internal_server_error",'
    . '"message":"Something went wrong. Please try again later."}';

# A body; arguments replace members, undef leaves one out.

sub main::body {
    my %member = (
        sellingPartnerId => '"A1SELLER"',
        region           => '"na"',
        marketplaceIds   => '["ATVPDKIKX0DER","A2EUQ1WTGCTBG2"]',
        refreshToken     => '"Atzr|secret"',
        @_);

    return "{" . join(",", map { "\"$_\":$member{$_}" }
                           grep { defined $member{$_} }
                           sort keys %member) . "}";
}

sub main::put {
    return "PUT $path\n" . main::body(@_);
}

sub main::invalid {
    return '{"success":false,"error":"invalid_request","message":"'
           . $_[0] . '"}';
}

sub main::shown {
    my ($status, $seller, $region, $markets) = @_;
    my ($connected, $at) = $status eq "connected"
        ? ("true", qr/"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/)
        : ("false", "null");

    return qr/^\{"success":true,"connected":$connected,"status":"$status",
              "sellingPartnerId":"$seller","region":"$region",
              "marketplaceIds":\Q$markets\E,
              "connectedAt":$at,"syncIntervalMinutes":null,
              "datasets":null\}$/x;
}

our $seller = "sellingPartnerId must be a string of 1 to 64 letters and"
              . " digits.";
our $region = 'region must be \"na\", \"eu\" or \"fe\".';
our $markets = "marketplaceIds must be null or an array of 1 to 50 strings of"
               . " 1 to 32 capital letters and digits.";
our $token = "refreshToken must be a string of 1 to 4096 printable ASCII"
             . " characters.";

run_tests();

# What is at rest: sealed, of the right length, and nowhere in clear.
my ($row) = $db->sql("SELECT octet_length(token_sealed), token_key_id,
                             position('secret' IN encode(token_sealed,
                                                         'escape')),
                             version
                        FROM amzsync.connections WHERE user_id = 'sealed'");

is_deeply($row, [11 + 28, "k1", 0, 2], "the token is sealed at rest");

is($db->value("SELECT count(*) FROM amzsync.connections
                WHERE token_sealed IS NOT NULL AND user_id = 'u1'"), 0,
   "a disconnected user has no token left");

__DATA__

=== TEST 1: nothing there
--- more_headers
X-User: u1
--- request eval
"GET $::path"
--- response_headers
Content-Type: application/json
--- response_body eval
$::none



=== TEST 2: disconnecting what is not there
--- more_headers
X-User: u1
--- request eval
"DELETE $::path"
--- response_body eval
$::disconnected



=== TEST 3: connect, look, start, disconnect, look
--- more_headers
X-User: u1
--- pipelined_requests eval
[main::put(), "GET $::path", "POST $::sync", "DELETE $::path", "GET $::path",
 "POST $::sync", "DELETE $::path"]
--- error_code eval
[200, 200, 200, 200, 200, 400, 200]
--- response_body_like eval
[quotemeta $::connected,
 main::shown("connected", "A1SELLER", "na",
             '["ATVPDKIKX0DER","A2EUQ1WTGCTBG2"]'),
 '"success":true,"syncId":"sync_u1_',
 quotemeta $::disconnected,
 main::shown("disconnected", "A1SELLER", "na",
             '["ATVPDKIKX0DER","A2EUQ1WTGCTBG2"]'),
 "amazon_not_connected",
 quotemeta $::disconnected]



=== TEST 4: disconnecting has ended the sync
--- more_headers
X-User: u1
--- request
GET /api/sync/status
--- response_body_like: "hasActiveSync":false,"lastSync":\{"syncId":"sync_u1_\d+","status":"cancelled"



=== TEST 5: a new token alone leaves the sync, another region ends it
--- more_headers
X-User: u2
--- pipelined_requests eval
[main::put(), "POST $::sync", main::put(refreshToken => '"new"'),
 "GET /api/sync/status", main::put(region => '"eu"'),
 "GET /api/sync/status", "GET $::path"]
--- error_code eval
[(200) x 7]
--- response_body_like eval
[quotemeta $::connected, "syncId", quotemeta $::connected,
 '"hasActiveSync":true', quotemeta $::connected, '"hasActiveSync":false',
 main::shown("connected", "A1SELLER", "eu",
             '["ATVPDKIKX0DER","A2EUQ1WTGCTBG2"]')]



=== TEST 6: the token is sealed; every change of it is another version
--- more_headers
X-User: sealed
--- pipelined_requests eval
[main::put(refreshToken => '"Atzr|first"'), main::put()]
--- error_code eval
[200, 200]
--- response_body eval
[$::connected, $::connected]



=== TEST 7: at the bounds
--- more_headers
X-User: bounds
--- pipelined_requests eval
[main::put(sellingPartnerId => '"' . "a" x 64 . '"',
           marketplaceIds => "[" . CORE::join(",", map { "\"A$_\"" } 1 .. 50) . "]",
           refreshToken => '"' . "~" x 4096 . '"'),
 main::put(sellingPartnerId => '"Z"', refreshToken => '"\u0021"',
           marketplaceIds => '["' . "Z" x 32 . '"]'),
 "GET $::path"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
[quotemeta $::connected, quotemeta $::connected,
 main::shown("connected", "Z", "na", '["' . "Z" x 32 . '"]')]



=== TEST 8: bad sellers and regions
--- more_headers
X-User: bad
--- pipelined_requests eval
[map({ main::put(sellingPartnerId => $_) }
     undef, "null", "1", '""', '"a b"', '"a-b"', '"\u00e9"',
     '"' . "a" x 65 . '"', '["A1"]'),
 map({ main::put(region => $_) }
     undef, "null", '"NA"', '"us"', '""', '"naa"', '["na"]')]
--- error_code eval
[(400) x 16]
--- response_body eval
[(main::invalid($::seller)) x 9, (main::invalid($::region)) x 7]



=== TEST 9: a region without an endpoint
--- more_headers
X-User: bad
--- request eval
main::put(region => '"fe"')
--- error_code: 400
--- response_body eval
main::invalid('region \"fe\" is not served here.')



=== TEST 10: bad marketplaces
--- more_headers
X-User: bad
--- pipelined_requests eval
[map({ main::put(marketplaceIds => $_) }
     '"A1"', "[]", "[1]", '[""]', '["a1"]', '["A1,A2"]',
     '["A1",null]', '["' . "A" x 33 . '"]', '{"A1":1}',
     "[" . CORE::join(",", map { "\"A$_\"" } 1 .. 51) . "]",
     '["A1","A2","A1"]')]
--- error_code eval
[(400) x 11]
--- response_body eval
[(main::invalid($::markets)) x 10,
 main::invalid("marketplaceIds must not have duplicates.")]



=== TEST 10a: no marketplaces: those that Amazon tells, unknown as yet
--- more_headers
X-User: all
--- pipelined_requests eval
[main::put(marketplaceIds => undef), main::put(marketplaceIds => "null"),
 "GET $::path"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
["connected", "connected", '"marketplaceIds":null,']



=== TEST 11: bad tokens; none of them is told again
--- more_headers
X-User: bad
--- pipelined_requests eval
[map({ main::put(refreshToken => $_) }
     undef, "null", '""', '"Atzr\n"', '"Atzr\u007f"', '"Atzr\u00e9"',
     '"' . "a" x 4097 . '"', "17", '["Atzr"]')]
--- error_code eval
[(400) x 9]
--- response_body eval
[(main::invalid($::token)) x 9]



=== TEST 12: bodies of other shapes
--- more_headers
X-User: bad
--- pipelined_requests eval
["PUT $::path", "PUT $::path\n{}", "PUT $::path\n[]", "PUT $::path\nx",
 main::put(more => "1"), "PUT $::path\n{\"refreshToken\":\"Atzr|secret",
 "PUT $::path\n{\"refreshToken\":\"Atzr|secret\",\"refreshToken\":\"x\"}",
 main::put(more => '"' . "x" x 70000 . '"')]
--- error_code eval
[(400) x 8]
--- response_body_like eval
["Request body is empty", quotemeta main::invalid($::seller),
 "Request body is not a JSON object", "Request body is not valid JSON",
 quotemeta main::invalid('Unknown member \"more\".'),
 '^\{"success":false,"error":"invalid_request",'
 . '"message":"Request body is not valid JSON \(line 1, column \d+\)\."\}$',
 '^\{"success":false,"error":"invalid_request",'
 . '"message":"Request body has a duplicate member \(line 1, column \d+\)\."'
 . '\}$',
 "Request body is larger than 65536 bytes"]



=== TEST 13: nothing of it was stored
--- more_headers
X-User: bad
--- request eval
"GET $::path"
--- response_body eval
$::none



=== TEST 14: wrong methods, HEAD, nobody
--- more_headers eval
["X-User: u1", "X-User: u1", "X-User: u1", "X-Nobody: 1"]
--- request eval
["POST $::path\n{}", "OPTIONS $::path", "HEAD $::path", "GET $::path"]
--- error_code eval
[405, 405, 200, 401]
--- response_headers eval
["Allow: GET, HEAD, PUT, DELETE", "Allow: GET, HEAD, PUT, DELETE",
 "Content-Type: application/json", "Content-Type: application/json"]
--- response_body eval
[$::not_allowed, $::not_allowed, "",
 '{"success":false,"error":"unauthorized",'
 . '"message":"Unauthorized. Please log in."}']



=== TEST 15: the database is away
--- away: 1
--- more_headers
X-User: u1
--- pipelined_requests eval
["GET $::path", main::put(), "DELETE $::path"]
--- error_code eval
[500, 500, 500]
--- response_body eval
[($::failed) x 3]



=== TEST 16: preconditions do not make another answer of what was done
--- more_headers eval
["X-User: pre\nIf-None-Match: *", "X-User: pre\nIf-Match: \"x\"",
 "X-User: pre\nIf-Unmodified-Since: Sat, 01 Jan 2050 00:00:00 GMT",
 "X-User: pre\nIf-None-Match: *"]
--- request eval
[main::put(), "DELETE $::path", "GET $::path", "GET $::path"]
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
[quotemeta $::connected, quotemeta $::disconnected,
 (main::shown("disconnected", "A1SELLER", "na",
              '["ATVPDKIKX0DER","A2EUQ1WTGCTBG2"]')) x 2]

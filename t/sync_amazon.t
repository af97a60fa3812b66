# A sync against an Amazon that misbehaves: what passes is retried and leaves
# the tables true, what stays fails the dataset with code, text and request id.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use AmzSync::Site;
use AmzSync::Truth;
use Test::More;

my @markets = qw(ATVPDKIKX0DER A2EUQ1WTGCTBG2 A1AM78C64UM0Y8);

my $db = AmzSync->new;
my $user = 0;


# One sync of a new user against a sandbox with these arguments; answers the
# status, after the checks that hold for all of them.

sub sync {
    my ($name, $sandbox, %arg) = @_;

    my $amazon = AmzSync::Nginx->new(
        http => "",
        server => $db->sandbox("seed=3 orders=300 page=50 quota=100000"
                               . " $sandbox"));
    my $url = ($arg{scheme} || "http") . "://127.0.0.1:" . $amazon->port
              . "/amazon";

    my $nginx = AmzSync::Nginx->new(
        http => $db->http_config(endpoint => $url,
                                 lwa => "$url/auth/o2/token",
                                 extra => "amzsync_retry_delay 10ms;"
                                          . ($arg{extra} || "")),
        server => $db->locations);

    my @who = (user => "u" . ++$user, port => $nginx->port);
    my $token = $arg{token} || "Atzr|sandbox-DEMO";

    ok(AmzSync::Site::until_true(20, sub {
        $db->connect($who[1], @who[2, 3], marketplaces => \@markets,
                     token => $token)
    }), "$name: connected");

    my $sync = $db->start($who[1], @who[2, 3]);
    ok($db->wait_sync($sync), "$name: ended") or diag $nginx->log;

    my ($code, $status) = $db->call("GET", "/api/sync/status/$sync", @who);

    is_deeply([ $nginx->alarms, $amazon->alarms ], [], "$name: no alarms");
    unlike($nginx->log, qr/Atzr\||Atza\||sandbox-secret/,
           "$name: no secret in the log");

    my (undef, $stats) = $db->call("GET", "/amazon/_sandbox/stats",
                                   port => $amazon->port);

    $status->{stats} = $stats;
    $status->{user} = $who[1];
    $status->{log} = $nginx->log;
    $status->{differences} = [
        AmzSync::Truth::compare($db, user => $who[1], url => $url,
                                seller => "DEMO", marketplaces => \@markets)
    ];

    return $status;
}


sub passes {
    my ($name, $sandbox, $pattern, %arg) = @_;
    my $status = sync($name, $sandbox, %arg);

    is($status->{status}, "completed", "$name: completed");
    is($status->{progress}, 100, "$name: progress is 100");
    is($status->{error}, undef, "$name: no error");
    is($status->{datasets}[0]{status}, "completed", "$name: orders too");
    is($status->{ordersProcessed}, $arg{orders} || 300,
       "$name: orders processed");
    is($status->{totalOrders}, $status->{ordersProcessed},
       "$name: total orders");
    is_deeply($status->{differences}, [], "$name: the tables are the truth");
    like($status->{log}, $pattern, "$name: the fault was seen") if $pattern;

    return $status;
}


sub fails {
    my ($name, $sandbox, $code, $text, $id, %arg) = @_;
    my $status = sync($name, $sandbox, %arg);
    my $error = $status->{datasets}[0]{error} || {};

    is($status->{status}, "failed", "$name: failed");
    cmp_ok($status->{progress}, "<", 100, "$name: progress is below 100");
    is($status->{datasets}[0]{status}, "failed", "$name: orders failed");
    is($error->{code}, $code, "$name: code");
    like($error->{message}, $text, "$name: message");
    is_deeply($status->{error}, $error, "$name: the sync says the same");

    $id ? like($error->{requestId}, qr/\S/, "$name: request id")
        : is($error->{requestId}, undef, "$name: no request id");

    return $status;
}


passes("healthy", "");
passes("a scheme in capitals", "", undef, scheme => "HTTP");
passes("some 500", "fault=http_500:3", qr/amazon_unavailable/);
passes("some 503", "fault=http_503:2", qr/amazon_unavailable/);
passes("some cut", "fault=cut:3", qr/malformed_answer|amazon_unavailable/);
passes("some malformed", "fault=malformed:3", qr/malformed_answer/);
passes("some of wrong type", "fault=wrong_type:3", qr/malformed_answer/);
passes("some not UTF-8", "fault=bad_utf8:3", qr/malformed_answer/);
passes("some expired", "fault=expired:3", qr/access_token_expired/);
passes("some throttled", "fault=throttle:3", qr/quota_exceeded/);

# An order that comes again on the next page is processed twice, stored once.
passes("duplicates", "duplicates=on", undef, orders => 301);

# A hundred pages at eleven a second, with tokens that live four: two of these
# are left when they are refreshed, enough for a call of a slow machine.
my $status = passes("short tokens", "token_ttl=4 page=3 quota=2000");
cmp_ok($status->{stats}{requests}{token}{200}, ">=", 3,
       "short tokens: refreshed");
is($status->{stats}{requests}{searchOrders}{403}, undef,
   "short tokens: before they expired");

$status = passes("some LWA 500", "token_ttl=2 page=5 quota=2000"
                                 . " fault=lwa_500:2", qr/no access token/);
cmp_ok($status->{stats}{requests}{token}{500}, ">=", 1,
       "some LWA 500: there were");

fails("all 500", "fault=http_500:1", "amazon_unavailable", qr/InternalFailure/,
      1);
fails("all cut", "fault=cut:1", "malformed_answer", qr/\S/, 1);
fails("all malformed", "fault=malformed:1", "malformed_answer",
      qr/invalid JSON/, 1);
fails("all of wrong type", "fault=wrong_type:1", "malformed_answer",
      qr/orders row \d+: \S+ is not/, 1);
fails("all not UTF-8", "fault=bad_utf8:1", "malformed_answer", qr/UTF-8/, 1);
fails("huge", "fault=huge:1", "answer_too_large", qr/larger than allowed/, 1,
      extra => "amzsync_max_page_size 256k;");
fails("one token for ever", "fault=same_token:1", "token_loop",
      qr/same page token/, 0);
fails("denied", "fault=denied:1", "access_denied", qr/Unauthorized/, 1);
fails("always expired", "fault=expired:1", "access_token_expired",
      qr/expired/, 1);
fails("client refused", "fault=lwa_invalid_client:1", "lwa_rejected",
      qr/\S/, 1);

$status = fails("revoked", "", "reauthorization_required", qr/\S/, 1,
                   token => "Atzr|sandbox-DEMO-revoked");

is($db->value("SELECT status FROM amzsync.connections
                WHERE user_id = '$status->{user}'"),
   "reauthorization_required", "revoked: so says the connection");

done_testing();

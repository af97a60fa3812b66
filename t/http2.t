# The API over HTTP/2.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use Test::More;

my $db = AmzSync->new;
my $port = AmzSync::Nginx::free_port();
my $start = "/api/v1/integrations/amazon/sync";
my $connection = "/api/v1/integrations/amazon/connection";
my $status = "/api/sync/status";

my $nginx = AmzSync::Nginx->new(
    http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                               lwa => "http://127.0.0.1:1/token"),
    server => "listen 127.0.0.1:$port http2;\n" . $db->locations);

my $account = '{"sellingPartnerId":"A1","region":"na","marketplaceIds":["A1"],'
              . '"refreshToken":"Atzr|secret"}';

# One request: (version, status, text).  Each has a connection of its own, as
# this curl does not take up one of prior knowledge.

sub h2 {
    my ($user, $method, $path, $body) = @_;
    my @command = ("curl", "-s", "--http2-prior-knowledge", "--max-time", 10,
                   "-w", "\n%{http_version} %{http_code}\n");

    push @command, $method eq "HEAD" ? ("-I", "-o", "/dev/null")
                                     : ("-X", $method);
    push @command, "-H", "X-User: $user" if defined $user;
    push @command, "--data-binary", "\@" . $db->file("body", $body)
        if defined $body;

    open my $fh, '-|', @command, "http://127.0.0.1:$port$path"
        or die "curl: $!\n";
    local $/;
    my $out = <$fh>;
    close $fh;
    diag sprintf "curl exits with %d\n%s", $? >> 8, $nginx->log if $?;

    my ($text, $version, $status) = $out =~ /^(.*?)\n([\d.]+) (\d+)\n$/s;

    return ($version, $status, $text);
}

sub answers {
    my ($name, $user, @cases) = @_;

    for my $i (0 .. $#cases) {
        my ($request, $code, $pattern) = @{ $cases[$i] };
        my ($version, $status, $text) = h2($user, @$request);

        is("$version $status", "2 $code", "$name, $i: status");
        like($text, $pattern, "$name, $i: body");
    }
}

answers("nobody", undef,
    [["GET", $status], 401, qr/"error":"unauthorized"/],
    [["POST", $start, "{}"], 401, qr/"error":"unauthorized"/]);

answers("a sync", "u1",
    [["POST", $start, "{}"], 400, qr/"error":"amazon_not_connected"/],
    [["PUT", $connection, $account], 200, qr/"Amazon account connected"/],
    [["POST", $start], 200, qr/"syncId":"sync_u1_\d+"/],
    [["POST", $start, "{}"], 409, qr/"error":"sync_in_progress"/],
    [["GET", $status], 200, qr/"hasActiveSync":true/],
    [["HEAD", $status], 200, qr/^$/],
    [["GET", "$status/x"], 404, qr/"error":"sync_not_found"/],
    [["DELETE", $status], 405, qr/"error":"method_not_allowed"/],
    [["DELETE", $connection], 200, qr/"Amazon account disconnected"/]);

# Bodies of many frames.

answers("bodies", "u2",
    [["POST", $start, '["' . "x" x 65532 . '"]'], 400,
     qr/body is not a JSON object/],
    [["POST", $start, '{"' . "x" x 40000 . '":1}'], 400, qr/Unknown member/],
    [["GET", $status, "x" x 60000], 200, qr/"lastSync":null/],
    [["POST", $start, "{}"], 400, qr/"error":"amazon_not_connected"/]);

# Bodies of unknown length.  What is too large is refused at once and the stream
# reset: curl may miss the answer.

for (["{}", qr/amazon_not_connected/],
     ["x" x 200000, qr/^$|larger than 65536/],
     ["{" . "\n" x 60000 . "}", qr/amazon_not_connected/])
{
    my ($body, $text) = @$_;
    my $file = $db->file("body", $body);
    my $out = `curl -s --http2-prior-knowledge --max-time 10 -T - \\
                    -H "X-User: u2" -X POST \\
                    http://127.0.0.1:$port$start < $file`;

    like($out, $text, length($body) . " bytes of unknown length");
}

is_deeply([$nginx->alarms], [], "no alarms in the log");

done_testing();

# Every kind of location: where a status finds its id, and who answers in a
# block of "if" or "limit_except".

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use Test::More;

my $db = AmzSync->new;

$db->sql("
    INSERT INTO amzsync.sync_progress (user_id, sync_no, selling_partner_id,
                region, marketplace_ids, state, lease, lease_until)
    VALUES ('u1', 1, 'A1', 'na', '{A}', 'running', 1,
            now() + interval '1 d')");

$db->sql("
    INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset,
                position)
    VALUES ('u1', 1, 'orders', 1)");

my $nginx = AmzSync::Nginx->new(
    http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                               lwa => "http://127.0.0.1:1/token"),
    server => <<'END');
        amzsync_user u1;

        location = /exact {
            amzsync_status;
        }
        location /prefix {
            amzsync_status;
        }
        location /slash/ {
            amzsync_status;
            location /slash/nested {
                amzsync_status;
            }
        }
        location /rewritten {
            rewrite ^/rewritten/(.*) /prefix/$1;
        }
        location /if {
            set $yes 1;
            if ($yes) {
                set $no 0;
            }
            amzsync_status;
        }
        location /limited {
            limit_except POST {
                allow all;
            }
            amzsync_status;
        }
        location /denied {
            limit_except GET {
                deny all;
            }
            amzsync_status;
        }
        location = /connection {
            limit_except GET {
                allow all;
            }
            amzsync_connection;
        }
        location /amazon/ {
            set $yes 1;
            if ($yes) {
                set $no 0;
            }
            amzsync_sandbox zone=sandbox:1m;
        }
END

my $last = qr/^\{"success":true,"hasActiveSync":true,"lastSync":\{"syncId":
              "sync_u1_1"/x;
my $one = qr/^\{"success":true,"syncId":"sync_u1_1"/;
my $none = qr/^\{"success":false,"error":"sync_not_found"/;

for (["/exact" => $last],
     ["/exact?syncId=sync_u1_1" => $one],
     ["/prefix" => $last],
     ["/prefix/sync_u1_1" => $one],
     ["/prefix//sync_u1_1" => $one],
     ["/prefix/" => $none],
     ["/prefixsync_u1_1" => $none],
     ["/prefix/sync_u1_1/" => $none],
     ["/slash/" => $last],
     ["/slash/sync_u1_1" => $one],
     ["/slash/nested" => $last],
     ["/slash/nested/sync_u1_1" => $one],
     ["/if" => $last],
     ["/if/sync_u1_1" => $one],
     ["/limited" => $last],
     ["/limited/sync_u1_1" => $one],
     ["/denied" => $last],
     ["/denied/sync_u1_1" => $one],
     ["/rewritten/sync_u1_1" => $one],
     ["/rewritten/x" => $none])
{
    my ($path, $text) = @$_;
    my ($status, $json, $answer) = $db->call("GET", $path,
                                             port => $nginx->port);

    is($status, $text eq $none ? 404 : 200, "$path: status");
    like($answer->{content}, $text, "$path: answer");
}

# What is tried, its body, and what comes.

for (["POST", "/denied", undef, 403, qr/403 Forbidden/],
     ["DELETE", "/connection", undef, 200,
      qr/^\{"success":true,"message":"Amazon account disconnected"\}$/],
     ["PUT", "/connection", "x" x 1200000, 400,
      qr/"message":"Request body is larger than 65536 bytes\."/],
     ["GET", "/amazon/orders/2026-01-01/orders", undef, 403,
      qr/^\{"errors":\[\{"code":"Unauthorized"/])
{
    my ($method, $path, $body, $code, $text) = @$_;
    my ($status, $json, $answer) = $db->call($method, $path, body => $body,
                                             port => $nginx->port);

    is($status, $code, "$method $path: status");
    like($answer->{content}, $text, "$method $path: answer");
}

is_deeply([$nginx->alarms], [], "no alarms in the log");

done_testing();

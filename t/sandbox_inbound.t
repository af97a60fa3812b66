# The sandbox's shipments to Amazon and their items: Amazon's rules, what a
# seller has and its truth, faults.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

use AmzSync::Script;
use Time::HiRes qw(sleep time);

our @markets = qw(ATVPDKIKX0DER A2EUQ1WTGCTBG2 A1AM78C64UM0Y8);
our $us = $markets[0];
our $shipments = "/fba/inbound/v0/shipments";
our $items = "/fba/inbound/v0/shipmentItems";
our @answered = qw(WORKING SHIPPED IN_TRANSIT DELIVERED CHECKED_IN RECEIVING
                   CLOSED CANCELLED DELETED ERROR);
our $all = join ",", @answered, "READY_TO_SHIP";


# The parameters that a call has, and others; undef takes one away.

sub param {
    my %param = (MarketplaceId => $us, @_);

    return map { defined $param{$_} ? ($_ => $param{$_}) : () } keys %param;
}


sub shipments {
    my ($seller, @param) = @_;

    return $seller->get($shipments, param(QueryType => "SHIPMENT",
                                          ShipmentStatusList => $all, @param));
}


sub items {
    my ($seller, @param) = @_;

    return $seller->get($items, param(QueryType => "DATE_RANGE", @param));
}


# All pages that begin with an answer and go on at a path.

sub follow {
    my ($seller, $path, $market, $status, $json) = @_;
    my @pages;

    while (1) {
        die error($status, $json) if $status != 200;
        push @pages, $json->{payload}{ShipmentData}
                     || $json->{payload}{ItemData};

        my $token = $json->{payload}{NextToken};
        return @pages if !length($token // "") || @pages > 2000;

        ($status, $json) = $seller->get($path, QueryType => "NEXT_TOKEN",
                                        MarketplaceId => $market || $us,
                                        NextToken => $token);
    }
}


sub all_shipments {
    my ($seller, @param) = @_;
    my %param = param(@param);

    return map { @$_ } follow($seller, $shipments, $param{MarketplaceId},
                              shipments($seller, @param));
}


sub all_items {
    my ($seller, $id) = @_;

    return map { @$_ } follow($seller, $items, $us,
                              $seller->get("$shipments/$id/items"));
}


# Rows of an answer as the truth has them.

sub shipment {
    my ($s) = @_;
    my %row = map { ($_->[0] => $s->{ $_->[1] }) }
        [ shipment_id => "ShipmentId" ], [ shipment_name => "ShipmentName" ],
        [ destination_fulfillment_center_id =>
          "DestinationFulfillmentCenterId" ],
        [ shipment_status => "ShipmentStatus" ],
        [ label_prep_type => "LabelPrepType" ],
        [ confirmed_need_by_date => "ConfirmedNeedByDate" ],
        [ box_contents_source => "BoxContentsSource" ];
    my $cases = $s->{AreCasesRequired};
    my $fee = $s->{EstimatedBoxContentsFee};

    $row{are_cases_required} = defined $cases ? ($cases ? "true" : "false")
                                              : undef;
    $row{box_contents_total_units} = $fee->{TotalUnits};
    $row{box_contents_fee_per_unit} = $fee->{FeePerUnit}{Value};
    $row{box_contents_fee_per_unit_currency} =
        $fee->{FeePerUnit}{CurrencyCode};
    $row{box_contents_total_fee} = $fee->{TotalFee}{Value};
    $row{box_contents_total_fee_currency} = $fee->{TotalFee}{CurrencyCode};

    return text(\%row);
}


sub item {
    my ($i) = @_;

    return text({
        shipment_id => $i->{ShipmentId},
        seller_sku => $i->{SellerSKU} // "",
        fulfillment_network_sku => $i->{FulfillmentNetworkSKU} // "",
        quantity_shipped => $i->{QuantityShipped},
        quantity_received => $i->{QuantityReceived},
        quantity_in_case => $i->{QuantityInCase},
        release_date => $i->{ReleaseDate},
        prep_details_list => $i->{PrepDetailsList},
    });
}


# Every value as text, JSON in one form, amounts by their value.

sub text {
    my ($row) = @_;
    my $json = JSON::PP->new->canonical;
    my %text;

    for my $name (keys %$row) {
        my $value = $row->{$name};

        if (defined $value && $name eq "prep_details_list") {
            $value = $json->encode(ref $value ? $value
                                   : JSON::PP::decode_json($value));

        } elsif (defined $value && $name =~ /_(fee|per_unit)$/) {
            $value = sprintf "%.4f", $value;

        } elsif (defined $value) {
            utf8::decode($value) if !utf8::is_utf8($value);
            $value = "$value";
        }

        $text{$name} = $value;
    }

    return $json->encode(\%text);
}


sub truth {
    my ($seller, $table, @param) = @_;

    return map { text($_) } $seller->truth("inbound_$table", @param);
}


our $config = <<'END';
    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m seed=1 shipments=400 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /default/ {
        amzsync_sandbox zone=default:1m quota=0;
    }

    location /small/ {
        amzsync_sandbox zone=small:1m shipments=90 shipments_page=7 quota=0
                        duplicates=on inventory=0;
    }

    location /empty/ {
        amzsync_sandbox zone=empty:1m shipments=0 quota=0;
    }

    location /many/ {
        amzsync_sandbox zone=many:1m shipments=10000000 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /quota/ {
        amzsync_sandbox zone=quota:1m;
    }

    location /tenth/ {
        amzsync_sandbox zone=tenth:1m quota=0.1;
    }

    location /cut/ {
        amzsync_sandbox zone=f1:1m quota=0 fault=cut:1;
    }

    location /malformed/ {
        amzsync_sandbox zone=f2:1m quota=0 fault=malformed:1;
    }

    location /wrong_type/ {
        amzsync_sandbox zone=f3:1m quota=0 fault=wrong_type:1;
    }

    location /bad_utf8/ {
        amzsync_sandbox zone=f4:1m quota=0 fault=bad_utf8:1;
    }

    location /same_token/ {
        amzsync_sandbox zone=f5:1m quota=0 shipments=200 shipments_page=10
                        fault=same_token:3:getShipments
                        fault=same_token:2:getShipmentItems;
    }

    location /aimed/ {
        amzsync_sandbox zone=f6:1m quota=0 fault=http_500:2:getShipments
                        fault=denied:1:getShipmentItemsByShipmentId
                        fault=throttle:1:getShipmentItems;
    }
END

add_response_body_check(sub {
    AmzSync::Script::check(sub { eval "use strict; $_[0]" }, @_);
});

add_block_preprocessor(sub { AmzSync::Script::defaults($_[0], $config) });

master_on();
workers(1);
log_level('info');
run_tests();

__DATA__

=== TEST 1: what asks for shipments wrongly
--- client
my $s = seller();
my $t = sub { error(shipments($s, @_)) };
my @dates = (LastUpdatedAfter => "2026-01-01", LastUpdatedBefore => "2026-02");
$t->(QueryType => undef),
$t->(QueryType => "shipment"),
$t->(QueryType => ""),
$t->(MarketplaceId => undef),
$t->(MarketplaceId => ""),
$t->(ShipmentStatusList => undef),
$t->(ShipmentStatusList => ""),
$t->(ShipmentStatusList => "OPEN"),
$t->(ShipmentStatusList => "CLOSED,closed"),
$t->(ShipmentIdList => ""),
$t->(ShipmentIdList => "FBA1,,FBA2"),
$t->(ShipmentIdList => join ",", (1) x 1000),
$t->(QueryType => "DATE_RANGE"),
$t->(QueryType => "DATE_RANGE", LastUpdatedAfter => "2026-01-01"),
$t->(QueryType => "DATE_RANGE", LastUpdatedBefore => "2026-01-01"),
$t->(QueryType => "DATE_RANGE", LastUpdatedAfter => "2026-01-02",
     LastUpdatedBefore => "2026-01-01"),
$t->(QueryType => "DATE_RANGE", LastUpdatedAfter => "2026-01-01",
     LastUpdatedBefore => "2026-01-02", ShipmentStatusList => undef),
$t->(LastUpdatedAfter => "yesterday"),
$t->(LastUpdatedBefore => "now"),
$t->(QueryType => "NEXT_TOKEN"),
$t->(QueryType => "NEXT_TOKEN", NextToken => ""),
$t->(QueryType => "NEXT_TOKEN", NextToken => "x"),
$t->(QueryType => "NEXT_TOKEN", NextToken => "+/8=" x 200),
error($s->get($shipments, "QueryType=SHIPMENT&QueryType=SHIPMENT")),
error($s->get($shipments, "QueryType=SHIPMENT&x=%zz"))
--- lines
400 InvalidInput: QueryType is missing.
400 InvalidInput: QueryType must be SHIPMENT, DATE_RANGE or NEXT_TOKEN.
400 InvalidInput: QueryType must be SHIPMENT, DATE_RANGE or NEXT_TOKEN.
400 InvalidInput: MarketplaceId is missing.
400 InvalidInput: MarketplaceId is empty.
400 InvalidInput: At least one of ShipmentStatusList and ShipmentIdList must b
400 InvalidInput: ShipmentStatusList has an unknown value.
400 InvalidInput: ShipmentStatusList has an unknown value.
400 InvalidInput: ShipmentStatusList has an unknown value.
400 InvalidInput: ShipmentIdList has an empty value, or more than 999 values.
400 InvalidInput: ShipmentIdList has an empty value, or more than 999 values.
400 InvalidInput: ShipmentIdList has an empty value, or more than 999 values.
400 InvalidInput: A pair of LastUpdatedAfter and LastUpdatedBefore must be pas
400 InvalidInput: A pair of LastUpdatedAfter and LastUpdatedBefore must be pas
400 InvalidInput: A pair of LastUpdatedAfter and LastUpdatedBefore must be pas
400 InvalidInput: LastUpdatedAfter must not be later than LastUpdatedBefore.
400 InvalidInput: At least one of ShipmentStatusList and ShipmentIdList must b
400 InvalidInput: LastUpdatedAfter must be a date in ISO 8601 format.
400 InvalidInput: LastUpdatedBefore must be a date in ISO 8601 format.
400 InvalidInput: NextToken is missing.
400 InvalidInput: NextToken is empty.
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: A parameter that takes one value is repeated.
400 InvalidInput: The query string is not well-formed.



=== TEST 2: what asks for items wrongly
--- client
my $s = seller();
my $t = sub { error(items($s, @_)) };
my @dates = (LastUpdatedAfter => "2026-01-01",
             LastUpdatedBefore => "2026-01-02");
my ($id) = map { $_->{shipment_id} } $s->truth("inbound_shipments");
my ($other) = map { $_->{shipment_id} }
              seller("/amazon", "S2")->truth("inbound_shipments");
$t->(QueryType => undef),
$t->(QueryType => "SHIPMENT", @dates),
$t->(MarketplaceId => undef, @dates),
$t->(@dates[0, 1]),
$t->(QueryType => "NEXT_TOKEN"),
$t->(@dates),
(map { error($s->get($_)) } "$shipments/$id", "$shipments/$id/labels",
    "$shipments//items", "$shipments/items", "$shipments/FBA15000000/items",
    "$shipments/$other/items", "$shipments/$id/items/"),
error($s->get("$shipments/$id/items")),
error($s->get("$shipments/$id/items", "MarketplaceId=")),
error($s->call("GET", "$shipments/$id/items")),
($s->call("POST", $shipments))[2]{headers}{allow}
--- lines
400 InvalidInput: QueryType is missing.
400 InvalidInput: QueryType must be DATE_RANGE or NEXT_TOKEN.
400 InvalidInput: MarketplaceId is missing.
400 InvalidInput: A pair of LastUpdatedAfter and LastUpdatedBefore must be pas
400 InvalidInput: NextToken is missing.
200 no error
404 NotFound
404 NotFound
404 NotFound
404 NotFound
404 NotFound: The seller has no such shipment.
404 NotFound: The seller has no such shipment.
404 NotFound
200 no error
200 no error
403 Unauthorized: Access token is missing in the request header.
GET, HEAD



=== TEST 3: all pages of all marketplaces are the truth
--- client
my $s = seller();
my (@lines, @rows);
for my $m (@markets) {
    my @pages = follow($s, $shipments, $m, shipments($s, MarketplaceId => $m));
    my @own = map { shipment($_) } map { @$_ } @pages;
    push @lines, join(" ", map { scalar @$_ } @pages),
                 same(\@own, [ truth($s, "shipments", marketplaceIds => $m) ]);
    push @rows, @own;
}
my @truth = truth($s, "shipments");
my %seen = map { $_ => 1 } @rows;
@lines, same([ sort @rows ], [ sort @truth ]), scalar keys %seen,
scalar(() = all_shipments($s, MarketplaceId => "A1F83G8C2ARO7P"))
--- lines
50 50 50 50 44
same
50 50 3
same
50 3
same
same
400
0



=== TEST 4: the items of every shipment are the truth, whatever goes on
--- client
my $s = seller("/default");
my @shipments = $s->truth("inbound_shipments");
my (@rows, %sizes, %seen);
for my $id (map { $_->{shipment_id} } @shipments) {
    my @items = all_items($s, $id);
    $sizes{@items > 100 ? "above 100" : @items > 50 ? "above 50"
           : @items == 1 ? "one" : "some"}++;
    $seen{"$_->{ShipmentId} $_->{SellerSKU}"}++ for @items;
    push @rows, map { item($_) } @items;
}
my @truth = truth($s, "items");
scalar @shipments, same(\@rows, \@truth), scalar keys %seen == @rows ? "unique"
: "not unique", join(" ", sort keys %sizes),
same([ map { $_->{shipment_id} } @shipments ],
     [ sort { 0 } do { my %s; grep { !$s{$_}++ }
       map { $_->{shipment_id} } $s->truth("inbound_items") } ])
--- lines
60
same
unique
above 100 above 50 one some
same
--- timeout: 30



=== TEST 5: the form of the answers
--- client
my $s = seller();
my ($status, $json, $answer) = shipments($s);
my ($long) = grep { $_->{n} > 50 } do { my %n;
    $n{ $_->{shipment_id} }++ for $s->truth("inbound_items");
    map { +{ id => $_, n => $n{$_} } } sort keys %n };
my ($status2, $json2) = $s->get("$shipments/$long->{id}/items");
my %members = map { map { $_ => 1 } keys %$_ }
              @{ $json->{payload}{ShipmentData} };
my %more = map { map { $_ => 1 } keys %$_ } @{ $json2->{payload}{ItemData} };
delete $_->{unknownMember} for \%members, \%more;
my ($end) = ($s->get($items, QueryType => "NEXT_TOKEN", MarketplaceId => $us,
                     NextToken => $json2->{payload}{NextToken}))[1];
join(" ", keys %$json), join(" ", sort keys %{ $json->{payload} }),
join("\n", sort keys %members),
join(" ", sort keys %{ $json2->{payload} }),
join("\n", sort keys %more),
$answer->{headers}{"content-type"}, $answer->{headers}{"x-amzn-ratelimit-limit"}
--- lines
payload
NextToken ShipmentData
AreCasesRequired
BoxContentsSource
ConfirmedNeedByDate
DestinationFulfillmentCenterId
EstimatedBoxContentsFee
LabelPrepType
ShipFromAddress
ShipmentId
ShipmentName
ShipmentStatus
ItemData NextToken
FulfillmentNetworkSKU
PrepDetailsList
QuantityInCase
QuantityReceived
QuantityShipped
ReleaseDate
SellerSKU
ShipmentId
application/json
1000.0



=== TEST 6: the data hold what breaks programs
--- client
my $s = seller();
my @rows = map { all_shipments($s, MarketplaceId => $_) } @markets;
my @truth = $s->truth("inbound_shipments");
my @items = $s->truth("inbound_items");
my $text = (shipments($s))[2]{content};
my $ways = sub {
    my ($name) = @_;
    my $absent = grep { !exists $_->{$name} } @rows;
    my $null = grep { exists $_->{$name} && !defined $_->{$name} } @rows;
    my $empty = grep { defined $_->{$name} && $_->{$name} eq "" } @rows;
    join " ", $name, map { $_ ? "yes" : "no" } $absent, $null, $empty;
};
my $some = sub { my ($f, $rows) = @_;
                 (grep { $f->($_) } @$rows) ? "yes" : "no" };
(map { $ways->($_) } qw(ShipmentId ShipmentName DestinationFulfillmentCenterId
    ShipmentStatus LabelPrepType AreCasesRequired ConfirmedNeedByDate
    BoxContentsSource EstimatedBoxContentsFee ShipFromAddress)),
(grep { $_->{EstimatedBoxContentsFee}
        && $_->{BoxContentsSource} ne "NONE" } @rows) ? "fees" : "no fees",
$some->(sub { exists $_[0]{unknownMember} }, \@rows),
$some->(sub { ref $_[0]{EstimatedBoxContentsFee}
              && !%{ $_[0]{EstimatedBoxContentsFee} } }, \@rows),
$some->(sub { defined $_[0]{box_contents_total_fee}
              && !defined $_[0]{box_contents_fee_per_unit} }, \@truth),
$some->(sub { ($_[0]{box_contents_total_fee} // "") =~ /e-4$/ }, \@truth),
$some->(sub { ($_[0]{box_contents_total_fee} // "") =~ /\.\d\d$/ }, \@truth),
$some->(sub { ($_[0]{box_contents_fee_per_unit} // "") =~ /\.\d{4}$/ },
        \@truth),
$text =~ /"Value":[0-9]/ ? "numbers" : "texts",
(map { my $n = $_; $some->(sub { $_[0]{seller_sku} =~ $n }, \@items) }
    qr/[^\x00-\x7f]/, qr/["\\]/, qr/ $/, qr/\t/),
$some->(sub { $_[0]{fulfillment_network_sku} eq "" }, \@items),
$some->(sub { !defined $_[0]{quantity_received} }, \@items),
$some->(sub { !defined $_[0]{quantity_in_case} }, \@items),
$some->(sub { !defined $_[0]{prep_details_list} }, \@items),
$some->(sub { ($_[0]{prep_details_list} // "") eq "[]" }, \@items),
$some->(sub { !defined $_[0]{release_date} }, \@items),
$some->(sub { $_[0]{quantity_received} > $_[0]{quantity_shipped} },
        [ grep { defined $_->{quantity_received} } @items ])
--- lines
ShipmentId no no no
ShipmentName yes yes yes
DestinationFulfillmentCenterId yes yes yes
ShipmentStatus no no no
LabelPrepType yes yes no
AreCasesRequired yes yes no
ConfirmedNeedByDate yes yes no
BoxContentsSource yes yes no
EstimatedBoxContentsFee yes yes no
ShipFromAddress no no no
no fees
yes
yes
yes
yes
yes
yes
numbers
yes
yes
yes
yes
yes
yes
yes
yes
yes
yes
yes



=== TEST 7: fees are what units cost; cases are full
--- client
my $s = seller();
my %units;
$units{ $_->{shipment_id} } += $_->{quantity_shipped}
    for $s->truth("inbound_items");
my ($wrong, $units, $fees) = (0, 0, 0);
for my $row ($s->truth("inbound_shipments")) {
    my ($n, $each, $total) = @$row{qw(box_contents_total_units
        box_contents_fee_per_unit box_contents_total_fee)};
    next if !defined $n;
    $units++;
    $wrong++ if $n != $units{ $row->{shipment_id} };
    next if !defined $each;
    $fees++;
    $wrong++ if abs($n * $each - $total) > 1e-6;
}
my %cased = map { $_->{shipment_id} => 1 }
            grep { ($_->{are_cases_required} // "") eq "true" }
            $s->truth("inbound_shipments");
my @items = grep { $cased{ $_->{shipment_id} } } $s->truth("inbound_items");
$wrong += grep { $_->{quantity_shipped} % 6
                 || ($_->{quantity_in_case} // 6) != 6 } @items;
$wrong, $units > 10 ? "units" : $units, $fees > 10 ? "fees" : $fees,
@items > 50 ? "cases" : scalar @items
--- lines
0
units
fees
cases



=== TEST 8: statuses of all kinds, one by one; one that is never answered
--- client
my $s = seller();
my @rows = all_shipments($s);
my %count;
$count{ $_->{ShipmentStatus} }++ for @rows;
my @wrong = grep {
    my $status = $_;
    my @found = all_shipments($s, ShipmentStatusList => $status);
    @found != $count{$status}
        || grep { $_->{ShipmentStatus} ne $status } @found;
} @answered;
my @two = all_shipments($s, ShipmentStatusList => "WORKING,ERROR");
my @again = map { @$_ } follow($s, $shipments, $us, $s->get($shipments,
    "QueryType=SHIPMENT&MarketplaceId=$us&ShipmentStatusList=WORKING"
    . "&ShipmentStatusList=ERROR"));
scalar @wrong, join(" ", sort keys %count),
scalar(() = all_shipments($s, ShipmentStatusList => "READY_TO_SHIP")),
@two == $count{WORKING} + $count{ERROR} ? "both" : scalar @two,
same(\@two, \@again)
--- lines
0
CANCELLED CHECKED_IN CLOSED DELETED DELIVERED ERROR IN_TRANSIT RECEIVING SHIPPED WORKING
0
both
same



=== TEST 9: shipments by their ids, in one page, each once, and by status
--- client
my $s = seller();
my %truth = map { $_->{shipment_id} => text($_) }
            $s->truth("inbound_shipments", marketplaceIds => $us);
my @ids = (sort keys %truth)[0 .. 79];
my ($id) = map { $_->{shipment_id} }
           $s->truth("inbound_shipments", marketplaceIds => $markets[1]);
my ($status, $json) = shipments($s, ShipmentStatusList => undef,
    ShipmentIdList => join ",", reverse(@ids), $ids[3], $id, "FBA15ZZZZZZZ",
                                "none");
my @rows = @{ $json->{payload}{ShipmentData} };
my @closed = all_shipments($s, ShipmentStatusList => "CLOSED",
                           ShipmentIdList => join ",", @ids);
my @true = grep { $truth{$_} =~ /"CLOSED"/ } @ids;
$status, same([ map { shipment($_) } @rows ],
              [ map { $truth{$_} } reverse @ids ]),
length($json->{payload}{NextToken} // "") ? "token" : "end",
same([ map { $_->{ShipmentId} } @closed ], \@true),
scalar(() = all_shipments($s, ShipmentStatusList => undef,
                          ShipmentIdList => "none"))
--- lines
200
same
end
same
0



=== TEST 10: a range of dates, both ends in it, is cut from all
--- client
my $s = seller();
my $range = sub {
    my ($from, $to, @param) = @_;
    map { $_->{ShipmentId} } all_shipments($s, QueryType => "DATE_RANGE",
        LastUpdatedAfter => $from, LastUpdatedBefore => $to, @param);
};
my @all = map { $_->{ShipmentId} } all_shipments($s);
my @months = map { sprintf "%04d-%02d-01", $_ / 12, $_ % 12 + 1 }
             2025 * 12 + 8 .. 2026 * 12 + 11;
my (@parts, @sizes);
for (0 .. $#months - 1) {
    my @part = $range->("$months[$_]T00:00:00.001Z",
                        "$months[$_ + 1]T00:00:00.000Z");
    push @parts, @part;
    push @sizes, scalar @part;
}
my @closed = $range->("2025-01-01", "2027-01-01",
                      ShipmentStatusList => "CLOSED");
my %closed = map { $_->{ShipmentId} => 1 }
             all_shipments($s, ShipmentStatusList => "CLOSED");
my @two = $range->("2025-01-01", "2027-01-01",
                   ShipmentIdList => "$all[0],$all[1]");
my @items = map { @$_ } follow($s, $items, $us, items($s,
    LastUpdatedAfter => "2026-03-01", LastUpdatedBefore => "2026-06-01"));
my %in = map { $_ => 1 } $range->("2026-03-01", "2026-06-01");
my @true = map { text($_) } grep { $in{ $_->{shipment_id} } }
           $s->truth("inbound_items");
same(\@parts, \@all), (grep { $_ > 10 } @sizes) > 10 ? "spread" : "@sizes",
scalar @closed == keys %closed ? "closed" : scalar @closed, scalar @two,
same([ map { item($_) } @items ], \@true), @items > 100 ? "pages" : "page",
scalar(() = $range->("2026-11-02", "2027-01-01"))
--- lines
same
spread
closed
2
same
pages
0



=== TEST 11: a revision moves statuses and quantities, closes some, adds some
--- client
my $s = seller("/amazon", "R11");
my $state = sub {
    my %state = map { $_->{shipment_id} => { status => $_->{shipment_status} } }
                $s->truth("inbound_shipments");
    $state{ $_->{shipment_id} }{got} += $_->{quantity_received} // 0
        for $s->truth("inbound_items");
    \%state;
};
my $first = $state->();
my $old = $first;
my @lines;
my %open = map { $_ => 1 } @answered[0 .. 5];

# Moved, received more, that without a move, closed, received less, changed
# though they were not open, added.
for my $revision (1 .. 4) {
    $s->revise($revision, at => "2026-11-0${revision}T12:00:00Z");
    my $new = $state->();
    my @both = grep { $old->{$_} } keys %$new;
    my @moved = grep { $new->{$_}{status} ne $old->{$_}{status} } @both;
    my @more = grep { $new->{$_}{got} > $old->{$_}{got} } @both;
    my %moved = map { $_ => 1 } @moved;
    push @lines, join " ", scalar @moved, scalar @more,
        scalar(grep { !$moved{$_} } @more),
        scalar(grep { $new->{$_}{status} eq "CLOSED" } @moved),
        scalar(grep { $new->{$_}{got} < $old->{$_}{got} } @both),
        scalar(grep { !$open{ $old->{$_}{status} } } @moved, @more),
        scalar(keys(%$new) - keys(%$old));
    $old = $new;
}
my @now = map { shipment($_) } map { all_shipments($s, MarketplaceId => $_) }
          @markets;
my $true = same([ sort @now ], [ sort(truth($s, "shipments")) ]);
$s->revise(0);
@lines, $true, same($state->(), $first)
--- lines
32 24 12 6 0 0 8
41 18 6 6 0 0 8
33 18 12 6 0 0 8
42 18 6 6 0 0 8
same
same
--- timeout: 20



=== TEST 12: dates are blind to quantities that grow
--- client
my $s = seller("/amazon", "R12");
my $got = sub { my %got; $got{ $_->{shipment_id} } .= " " .
                ($_->{quantity_received} // "-")
                    for $s->truth("inbound_items", marketplaceIds => $us);
                \%got };
my %old = map { $_->{shipment_id} => $_->{shipment_status} }
          $s->truth("inbound_shipments", marketplaceIds => $us);
my $before = $got->();
$s->revise(1, at => "2026-11-05T00:00:00Z");
my %new = map { $_->{shipment_id} => $_->{shipment_status} }
          $s->truth("inbound_shipments", marketplaceIds => $us);
my $after = $got->();
my @param = (LastUpdatedAfter => "2026-11-04",
             LastUpdatedBefore => "2026-11-06");
my %found = map { $_->{ShipmentId} => 1 }
            all_shipments($s, QueryType => "DATE_RANGE", @param);
my %items = map { $_->{ShipmentId} => 1 }
            map { @$_ } follow($s, $items, $us, items($s, @param));
my @moved = grep { ($old{$_} // "") ne $new{$_} } keys %new;
my @grown = grep { $before->{$_} && $before->{$_} ne $after->{$_}
                   && $old{$_} eq $new{$_} } keys %new;
my ($id) = sort @grown;
my ($one) = grep { $_->{QuantityReceived} } all_items($s, $id);
same([ sort keys %found ], [ sort @moved ]),
same([ sort keys %items ], [ sort @moved ]),
scalar(grep { $found{$_} } @grown), @grown > 3 ? "blind" : scalar @grown,
(grep { $new{$_} ne "RECEIVING" } @grown) ? "others" : "RECEIVING",
$one ? "seen by its id" : "unseen"
--- lines
same
same
0
blind
RECEIVING
seen by its id



=== TEST 13: in the end all that was open is closed, or came to nothing
--- client
my $s = seller("/amazon", "R13");
my @first = map { $_->{shipment_id} } $s->truth("inbound_shipments");
$s->revise(20, at => "2026-11-05T00:00:00Z");
my %count;
my %status = map { $_->{shipment_id} => $_->{shipment_status} }
             $s->truth("inbound_shipments");
$count{ $status{$_} }++ for @first;
scalar @first, scalar keys %status, join(" ", sort keys %count)
--- lines
400
560
CANCELLED CLOSED DELETED ERROR



=== TEST 14: a token goes with its seller, marketplace and list
--- client
my $s = seller();
my $next = sub {
    my ($path, $token, %param) = @_;
    my $from = delete $param{from} || $s;
    error($from->get($path, param(QueryType => "NEXT_TOKEN",
                                  NextToken => $token, %param)));
};
my ($long) = do { my %n;
    $n{ $_->{shipment_id} }++ for $s->truth("inbound_items");
    grep { $n{$_} > 50 } sort keys %n };
my ($list) = map { $_->{payload}{NextToken} } (shipments($s))[1];
my ($dated) = map { $_->{payload}{NextToken} } (items($s,
    LastUpdatedAfter => "2026-01-01", LastUpdatedBefore => "2026-05-01"))[1];
my ($one) = map { $_->{payload}{NextToken} }
            ($s->get("$shipments/$long/items"))[1];
my @again = map { ($s->get($shipments, param(QueryType => "NEXT_TOKEN",
    NextToken => $list, @$_)))[1]{payload} }
    [], [ ShipmentStatusList => "ERROR", LastUpdatedAfter => "2030-01-01" ];
$next->($shipments, $list), $next->($items, $dated), $next->($items, $one),
$next->($items, $one, MarketplaceId => $markets[2]),
$next->($shipments, $list, MarketplaceId => $markets[1]),
$next->($items, $dated, MarketplaceId => $markets[1]),
$next->($items, $list), $next->($shipments, $dated), $next->($shipments, $one),
$next->($shipments, $list, from => seller("/amazon", "S2")),
$next->($items, $one, from => seller("/amazon", "S2")),
$next->($shipments, $list =~ s/^(.{60})./$1!/r),
same(@again),
(map { index($list, $_) >= 0 ? "yes" : "no" } "+", "/", "=")
--- lines
200 no error
200 no error
200 no error
200 no error
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
400 InvalidInput: The NextToken is invalid, has expired, or belongs to another
same
yes
yes
yes



=== TEST 15: the end of a list: no token, an empty one, null
--- client
my $s = seller();
my %ends;
for my $id (map { $_->{shipment_id} } $s->truth("inbound_shipments")) {
    my ($json) = ($s->get("$shipments/$id/items"))[1];
    my $p = $json->{payload};
    my $end = !exists $p->{NextToken} ? "absent"
              : !defined $p->{NextToken} ? "null"
              : length $p->{NextToken} ? "more" : "empty";
    $ends{$end}++;
}
join " ", sort keys %ends
--- lines
absent empty more null
--- timeout: 20



=== TEST 16: duplicates: a row again on the following page, unchanged
--- client
my $s = seller("/small");
my @lines;
my @of_shipments = follow($s, $shipments, $us, shipments($s));
my @of_items = follow($s, $items, $us, items($s,
    LastUpdatedAfter => "2020-01-01", LastUpdatedBefore => moment(0)));
for ([ \@of_shipments, \&shipment, "shipments" ],
     [ \@of_items, \&item, "items" ])
{
    my ($pages, $row, $table) = @$_;
    my ($twice, $before) = (0);
    my %seen;
    for my $page (@$pages) {
        $twice++ if defined $before && $row->($page->[0]) eq $before;
        $seen{ $row->($_) }++ for @$page;
        $before = $row->($page->[-1]);
    }
    my @truth = truth($s, $table, marketplaceIds => $us);
    push @lines, same([ sort keys %seen ], [ sort @truth ]),
        $twice > 1 ? "some" : $twice,
        (grep { @$_ > 7 } @$pages) ? "more" : "seven";
}
@lines
--- lines
same
some
seven
same
some
seven
--- timeout: 20



=== TEST 17: none, ten million
--- client
my $none = seller("/empty");
$none->revise(2);
my $many = seller("/many");
my ($status, $json) = shipments($many);
my $range = sub {
    (shipments($many, QueryType => "DATE_RANGE", LastUpdatedAfter => $_[0],
               LastUpdatedBefore => $_[1]))[1]{payload}{ShipmentData};
};
my @rows = @{ $range->("2026-04-01T00:00:00Z", "2026-04-01T00:10:00Z") };
my $open = $range->("2026-10-31T23:50:00Z", "2026-10-31T23:59:59Z");
my ($id) = map { $_->{ShipmentId} } @rows;
my ($status2) = $many->get("$shipments/$id/items");
my ($found) = all_shipments($many, ShipmentStatusList => undef,
                            ShipmentIdList => $id);
scalar(() = all_shipments($none)), scalar($none->truth("inbound_shipments")),
scalar($none->truth("inbound_items")),
scalar @{ $json->{payload}{ShipmentData} }, scalar @rows, scalar @$open,
$status2, $found->{ShipmentId} eq $id ? "found" : "lost"
--- lines
0
0
0
50
50
50
200
found
--- timeout: 30



=== TEST 18: the same seed gives the same data, another seller other data
--- client
my @truth = map { [ truth(seller("/amazon", $_), "shipments") ] }
            "S1", "S1", "S2";
my @items = map { [ truth(seller("/amazon", $_), "items") ] } "S1", "S1", "S2";
map { same(@$_[0, 1]), same(@$_[0, 2]) } \@truth, \@items
--- lines
same
different
same
different



=== TEST 19: quotas: thirty, then two a second, each operation of its own
--- client
my $s = seller("/quota", "Q" . int rand 1e9);
my ($id) = map { $_->{shipment_id} } $s->truth("inbound_shipments");
my @dates = (LastUpdatedAfter => "2026-01-01",
             LastUpdatedBefore => "2026-01-02");
my @rates = map { $_->[2]{headers}{"x-amzn-ratelimit-limit"} }
    [ shipments($s) ], [ items($s, @dates) ],
    [ $s->get("$shipments/$id/items") ];
my $slow = seller("/tenth", "Q" . int rand 1e9);
my @answers = map { [ $slow->get("$shipments/$id/items") ] } 1 .. 31;
"@rates", scalar(grep { $_->[0] == 404 || $_->[0] == 200 } @answers),
error(@{ $answers[30] }), (shipments($slow))[0],
$answers[0][2]{headers}{"x-amzn-ratelimit-limit"}
--- lines
2.0 2.0 2.0
30
429 QuotaExceeded
200
0.2



=== TEST 20: faults aimed at the operations
--- client
my $s = seller("/aimed");
my ($id) = map { $_->{shipment_id} } $s->truth("inbound_shipments");
(map { error(shipments($s)) } 1, 2), error($s->get("$shipments/$id/items")),
error(items($s))
--- lines
200 no error
500 InternalFailure
403 Unauthorized
429 QuotaExceeded



=== TEST 21: faults: cut, malformed, of the wrong type, not UTF-8
--- client
my @dates = (LastUpdatedAfter => "2020-01-01",
             LastUpdatedBefore => "2030-01-01");
my $bad = sub { my $t = $_[2]{content}; utf8::decode($t) ? "UTF-8" : "bad" };
my $type = seller("/wrong_type");
(map { (shipments($_))[0], (items($_, @dates))[0] } seller("/cut")),
(map { my @a = @$_; "$a[0] " . (defined $a[1] ? "JSON" : "no JSON") }
    [ shipments(seller("/malformed")) ],
    [ items(seller("/malformed"), @dates) ]),
(map { ref $_->{ShipmentStatus} || "text" }
    @{ (shipments($type))[1]{payload}{ShipmentData} }[0, 1]),
(map { ref $_->{QuantityShipped} || "number" }
    @{ (items($type, @dates))[1]{payload}{ItemData} }[0, 1]),
$bad->(shipments(seller("/bad_utf8"))),
$bad->(items(seller("/bad_utf8"), @dates))
--- lines
599
599
200 no JSON
200 no JSON
HASH
text
HASH
number
bad
bad



=== TEST 22: faults: the same page and its token again
--- client
my $s = seller("/same_token");
my ($status, $json) = shipments($s);
my @tokens = $json->{payload}{NextToken};
my @pages;
for (1 .. 3) {
    ($status, $json) = $s->get($shipments, QueryType => "NEXT_TOKEN",
        MarketplaceId => $us, NextToken => $tokens[-1]);
    push @tokens, $json->{payload}{NextToken};
    push @pages, $json->{payload}{ShipmentData};
}
my ($id) = do { my %n; $n{ $_->{shipment_id} }++
                    for $s->truth("inbound_items");
                grep { $n{$_} > 50 } sort keys %n };
my ($one) = map { $_->{payload}{NextToken} }
            ($s->get("$shipments/$id/items"))[1];
my @items = map { ($s->get($items, QueryType => "NEXT_TOKEN",
    MarketplaceId => $us, NextToken => $one))[1]{payload} } 1, 2;
(map { $tokens[$_] eq $tokens[$_ - 1] ? "same token" : "another" } 1 .. 3),
same(@pages[1, 2]), same(@pages[0, 1]),
(map { $_->{NextToken} eq $one ? "same token" : "another" } @items),
same(map { $_->{ItemData} } @items)
--- lines
another
same token
another
same
different
another
same token
same



=== TEST 23: a revision between two pages loses nothing
--- client
my $s = seller("/amazon", "R23");
my ($status, $json) = shipments($s);
my (%got, $n);
while (1) {
    $got{ $_->{ShipmentId} }++ for @{ $json->{payload}{ShipmentData} };
    my $token = $json->{payload}{NextToken};
    last if !length($token // "");
    $s->revise(++$n, at => "2026-11-02T00:00:00Z");
    ($status, $json) = $s->get($shipments, QueryType => "NEXT_TOKEN",
                               MarketplaceId => $us, NextToken => $token);
}
my @truth = map { $_->{shipment_id} }
            $s->truth("inbound_shipments", marketplaceIds => $us);
same([ sort keys %got ], [ sort @truth ]), (grep { $_ > 1 } values %got)
    ? "twice" : "once"
--- lines
same
once



=== TEST 24: statistics have the operations
--- config
    location /amazon/ {
        amzsync_sandbox zone=stats:1m quota=0;
    }
--- client
my $s = seller();
my ($id) = map { $_->{shipment_id} } $s->truth("inbound_shipments");
my $count = sub {
    my ($json) = ($s->call("GET", "/_sandbox/stats"))[1];
    map { $json->{requests}{$_}{200} // 0 } "getShipments",
        "getShipmentItemsByShipmentId", "getShipmentItems";
};
my @before = $count->();
shipments($s) for 1 .. 3;
$s->get("$shipments/$id/items") for 1, 2;
items($s, LastUpdatedAfter => "2020-01-01", LastUpdatedBefore => "2030-01-01");
my @after = $count->();
map { $after[$_] - $before[$_] } 0 .. 2
--- lines
3
2
1



=== TEST 25: mistakes in the configuration: sizes
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m shipments=10000001;
    }
--- must_die
--- error_log
needs a number from 0 to 10000000 in "shipments=10000001"



=== TEST 26: mistakes in the configuration: a page of none
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m shipments_page=0;
    }
--- must_die
--- error_log
needs a number from 1 to 100 in "shipments_page=0"

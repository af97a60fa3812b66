# The sandbox: Amazon's rules, a seller's data and their truth, faults.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

use AmzSync::Script;
use Time::HiRes qw(sleep time);

our $long_ago = "2020-01-01T00:00:00Z";

add_response_body_check(sub {
    AmzSync::Script::check(sub { eval "use strict; $_[0]" }, @_);
});


sub lwa_error {
    my ($status, $json) = @_;

    return "$status " . ($json->{error} // "no error");
}


our $config = <<'END';
    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m seed=1 orders=500 page=100 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /secret/ {
        amzsync_sandbox zone=secret:1m orders=10 quota=0 client_id=id
                        client_secret=secret;
    }

    location /short/ {
        amzsync_sandbox zone=short:1m orders=10 quota=0 token_ttl=1;
    }

    location /other/ {
        amzsync_sandbox zone=other:1m seed=2 orders=500 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /quota/ {
        amzsync_sandbox zone=quota:1m orders=10 quota=1;
    }

    location /fast/ {
        amzsync_sandbox zone=fast:1m orders=10 quota=1000;
    }

    location /duplicates/ {
        amzsync_sandbox zone=duplicates:1m orders=300 page=10 quota=0
                        duplicates=on;
    }

    location /empty/ {
        amzsync_sandbox zone=empty:1m orders=0 quota=0;
    }

    location /one/ {
        amzsync_sandbox zone=one:1m orders=1 quota=0;
    }

    location /many/ {
        amzsync_sandbox zone=many:1m orders=3000000 quota=0;
    }

    location /today/ {
        amzsync_sandbox zone=today:1m orders=100 quota=0;
    }

    location /http_500/ {
        amzsync_sandbox zone=f1:1m orders=300 quota=0 fault=http_500:2;
    }

    location /http_503/ {
        amzsync_sandbox zone=f2:1m orders=300 quota=0 fault=http_503:1;
    }

    location /cut/ {
        amzsync_sandbox zone=f3:1m orders=300 quota=0 fault=cut:1;
    }

    location /malformed/ {
        amzsync_sandbox zone=f4:1m orders=300 quota=0 fault=malformed:1;
    }

    location /wrong_type/ {
        amzsync_sandbox zone=f5:1m orders=300 quota=0 fault=wrong_type:1;
    }

    location /bad_utf8/ {
        amzsync_sandbox zone=f6:1m orders=300 quota=0 fault=bad_utf8:1;
    }

    location /huge/ {
        amzsync_sandbox zone=f7:1m orders=300 quota=0 fault=huge:1;
    }

    location /same_token/ {
        amzsync_sandbox zone=f8:1m orders=300 quota=0 fault=same_token:1;
    }

    location /denials/ {
        amzsync_sandbox zone=f9:1m orders=300 quota=0 fault=expired:2
                        fault=denied:3 fault=throttle:5;
    }

    location /slow/ {
        amzsync_sandbox zone=f10:1m orders=300 quota=0 fault=slow:1;
    }

    location /lwa/ {
        amzsync_sandbox zone=f11:1m orders=300 quota=0 fault=lwa_500:2
                        fault=lwa_503:3 fault=lwa_invalid_client:5
                        fault=lwa_unauthorized_client:7
                        fault=lwa_access_denied:11 fault=lwa_invalid_scope:13;
    }
END

add_block_preprocessor(sub { AmzSync::Script::defaults($_[0], $config) });

master_on();
workers(1);
log_level('info');
run_tests();

__DATA__

=== TEST 1: a grant, as a form
--- client
my ($status, $json, $answer) = seller()->grant;
$status, join(" ", sort keys %$json), $json->{token_type},
$json->{expires_in}, $json->{refresh_token},
$json->{access_token} =~ /^Atza\|[\w-]{40,}$/ ? "token" : "none",
$answer->{headers}{"content-type"},
$answer->{headers}{"x-amzn-requestid"} =~ /^[0-9a-f-]{36}$/ ? "id" : "none"
--- lines
200
access_token expires_in refresh_token token_type
bearer
3600
Atzr|sandbox-S1
token
application/json
id



=== TEST 2: a grant with a bar as it stands, plus for space, and as JSON
--- client
my $s = seller();
my $form = "grant_type=refresh_token&client_id=a+b&client_secret=c";
my ($bar) = $s->call("POST", "/auth/o2/token",
    content => "$form&refresh_token=Atzr|sandbox-S1");
my $body = JSON::PP::encode_json({
    grant_type => "refresh_token", refresh_token => "Atzr|sandbox-S1",
    client_id => "c", client_secret => "s" });
my ($json) = $s->call("POST", "/auth/o2/token", content => $body,
    headers => { "Content-Type" => "application/json; charset=utf-8" });
my @parts = (substr($body, 0, 10), substr($body, 10));
my ($chunked) = $s->call("POST", "/auth/o2/token",
    content => sub { shift @parts },
    headers => { "Content-Type" => "application/json" });
$bar, $json, $chunked
--- lines
200
200
200



=== TEST 3: what LWA refuses
--- client
my $s = seller();
my @lines;
push @lines, lwa_error($s->grant(@$_)) for
    [ grant_type => undef ],
    [ grant_type => "authorization_code" ],
    [ grant_type => "authorization_code", code => "x" ],
    [ grant_type => "refresh_tokens" ],
    [ refresh_token => undef ],
    [ refresh_token => "" ],
    [ client_id => undef ],
    [ client_id => "" ],
    [ client_secret => undef ],
    [ refresh_token => "Atzr|sandbox-" ],
    [ refresh_token => "Atzr|other" ],
    [ refresh_token => "Atzr|sandbox-S1-revoked" ],
    [ refresh_token => "Atzr|sandbox-" . "x" x 65 ],
    [ refresh_token => "Atzr|sandbox-S1\0" ],
    [ client_secret => "x" x 20000 ];
push @lines, lwa_error($s->call("POST", "/auth/o2/token", content => $_,
    headers => { "Content-Type" => "application/json" })) for
    "", "{", "[]", '{"grant_type":1}', "[" x 10000;
push @lines, lwa_error($s->call("POST", "/auth/o2/token", content => "%zz"));
@lines
--- lines
400 invalid_request
400 invalid_request
400 invalid_grant
400 unsupported_grant_type
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_request
400 invalid_request



=== TEST 4: a body in a temporary file
--- http_config
    client_body_in_file_only clean;
--- client
my ($status) = seller()->grant;
$status
--- lines
200



=== TEST 5: a client that must be known
--- client
my $s = seller("/secret");
lwa_error($s->grant),
lwa_error($s->grant(client_id => "id", client_secret => "wrong")),
lwa_error($s->grant(client_id => "i", client_secret => "secret")),
lwa_error($s->grant(client_id => "id", client_secret => "secret"))
--- lines
401 invalid_client
401 invalid_client
401 invalid_client
200 no error



=== TEST 6: LWA's own faults, each with its number
--- client
my $s = seller("/lwa");
map { lwa_error($s->grant) } 1 .. 13
--- lines
200 no error
500 server_error
503 temporarily_unavailable
500 server_error
401 invalid_client
500 server_error
400 unauthorized_client
500 server_error
503 temporarily_unavailable
500 server_error
400 access_denied
500 server_error
400 invalid_scope



=== TEST 7: access tokens: none, forged, of another seed, expired
--- client
my $s = seller();
my @path = ("/orders/2026-01-01/orders?createdAfter=$long_ago");
my $ask = sub { $s->call("GET", @path, headers => { @_ }) };
my $token = $s->token;
my $short = seller("/short");
$short->token;
my ($before) = $short->search(createdAfter => $long_ago);
sleep 2.1;
my ($status, $json, $answer) = $ask->();
error($status, $json),
exists $answer->{headers}{"x-amzn-requestid"} ? "id" : "no id",
exists $answer->{headers}{"x-amzn-ratelimit-limit"} ? "rate" : "no rate",
error($ask->("x-amz-access-token" => "")),
error($ask->("x-amz-access-token" => "Atza|x")),
error($ask->("x-amz-access-token" => "Atza|" . "A" x 3000)),
error($ask->("x-amz-access-token" => substr($token, 0, -1))),
error($ask->("x-amz-access-token" => $token =~ s/(.)(.)$/$2$1x/r)),
error($ask->("x-amz-access-token" => seller("/other")->token)),
$before,
error($short->search(createdAfter => $long_ago))
--- lines
403 Unauthorized: Access token is missing in the request header.
id
no rate
403 Unauthorized: The access token you provided is revoked, malformed or inval
403 Unauthorized: The access token you provided is revoked, malformed or inval
403 Unauthorized: The access token you provided is revoked, malformed or inval
403 Unauthorized: The access token you provided is revoked, malformed or inval
403 Unauthorized: The access token you provided is revoked, malformed or inval
403 Unauthorized: The access token you provided is revoked, malformed or inval
200
403 Unauthorized: The access token you provided has expired.
--- timeout: 10



=== TEST 8: what a search refuses
--- client
my $s = seller();
my $after = "lastUpdatedAfter=$long_ago";
map { error($s->search($_)) } (
    "",
    "$after&createdAfter=$long_ago",
    "$after&createdBefore=2021-01-01T00:00:00Z",
    "createdAfter=$long_ago&lastUpdatedBefore=2021-01-01T00:00:00Z",
    "lastUpdatedAfter=yesterday",
    "lastUpdatedAfter=",
    "lastUpdatedAfter=2025-02-30T00:00:00Z",
    "lastUpdatedAfter=2025-01-01T00:00:00+01:00",
    "$after&lastUpdatedBefore=" . moment(-100),
    "$after&lastUpdatedBefore=2019-01-01T00:00:00Z",
    "$after&fulfillmentStatuses=Shipped",
    "$after&fulfillmentStatuses=SHIPPED,",
    "$after&fulfillmentStatuses=",
    "$after&fulfillmentStatuses=READY_TO_SHIP",
    "$after&fulfilledBy=SELLER",
    "$after&includedData=ITEMS",
    "$after&maxResultsPerPage=0",
    "$after&maxResultsPerPage=101",
    "$after&maxResultsPerPage=-1",
    "$after&maxResultsPerPage=1.5",
    "$after&maxResultsPerPage=",
    "$after&marketplaceIds=",
    "$after&marketplaceIds=" . join(",", ("A") x 51),
    "$after&" . join("&", ("marketplaceIds=A") x 51),
    "$after&$after",
    "$after&paginationToken=",
    "$after&paginationToken=x",
    "$after&x=%zz",
    "$after&x=%ff",
    "$after&marketplaceIds=%00",
)
--- lines
400 InvalidInput: Exactly one of createdAfter and lastUpdatedAfter must be pro
400 InvalidInput: Exactly one of createdAfter and lastUpdatedAfter must be pro
400 InvalidInput: The upper bound must be of the same kind as the lower bound.
400 InvalidInput: The upper bound must be of the same kind as the lower bound.
400 InvalidInput: lastUpdatedAfter must be a date in ISO 8601 format.
400 InvalidInput: lastUpdatedAfter must be a date in ISO 8601 format.
400 InvalidInput: lastUpdatedAfter must be a date in ISO 8601 format.
400 InvalidInput: lastUpdatedAfter must be a date in ISO 8601 format.
400 InvalidInput: The upper bound must be at least two minutes before the time
400 InvalidInput: The upper bound must not be before the lower bound.
400 InvalidInput: fulfillmentStatuses has an unknown value.
400 InvalidInput: fulfillmentStatuses has an unknown value.
400 InvalidInput: fulfillmentStatuses has an unknown value.
400 InvalidInput: fulfillmentStatuses has an unknown value.
400 InvalidInput: fulfilledBy has an unknown value.
400 InvalidInput: includedData has an unknown value.
400 InvalidInput: maxResultsPerPage must be an integer between 1 and 100.
400 InvalidInput: maxResultsPerPage must be an integer between 1 and 100.
400 InvalidInput: maxResultsPerPage must be an integer between 1 and 100.
400 InvalidInput: maxResultsPerPage must be an integer between 1 and 100.
400 InvalidInput: maxResultsPerPage must be an integer between 1 and 100.
400 InvalidInput: marketplaceIds has an empty value, or more than 50 values.
400 InvalidInput: marketplaceIds has an empty value, or more than 50 values.
400 InvalidInput: marketplaceIds has an empty value, or more than 50 values.
400 InvalidInput: A parameter that takes one value is repeated.
400 InvalidInput: paginationToken is empty.
400 InvalidInput: The paginationToken is invalid, has expired, or belongs to o
400 InvalidInput: The query string is not well-formed.
400 InvalidInput: The query string is not well-formed.
400 InvalidInput: The query string is not well-formed.



=== TEST 9: what a search takes, however it is written
--- client
my $s = seller();
map { ($s->search($_))[0] } (
    "lastUpdatedAfter=$long_ago&unknown=1&&x&=y",
    "createdAfter=2025-01-01",
    "createdAfter=2025-01-01T00%3A00%3A00.000Z",
    "createdAfter=2025-01-01T00:00:00%2B09:00",
    "createdAfter=$long_ago&marketplaceIds=A%2CB",
    "createdAfter=$long_ago&marketplaceIds=A&marketplaceIds=B",
    "createdAfter=$long_ago&marketplaceIds=" . join(",", ("A") x 50),
    "createdAfter=$long_ago&createdBefore=$long_ago",
    "createdAfter=$long_ago&createdBefore=" . moment(-121),
    "createdAfter=" . moment(3600),
)
--- lines
200
200
200
200
200
200
200
200
200
200



=== TEST 10: the answer's bounds are the request's, or two minutes ago
--- client
my $s = seller();
my ($status, $json, $answer) = $s->search(createdAfter => $long_ago,
                                 createdBefore => "2026-05-01T12:00:00Z");
my $early = moment(-121);
my ($status2, $json2) = $s->search(lastUpdatedAfter => "2026-10-31");
my $late = moment(-119);
join(" ", sort keys %$json), $json->{createdBefore},
join(" ", sort keys %$json2),
$early le $json2->{lastUpdatedBefore} && $json2->{lastUpdatedBefore} le $late
    ? "two minutes" : $json2->{lastUpdatedBefore},
$answer->{headers}{"content-type"},
exists $answer->{headers}{"x-amzn-requestid"} ? "id" : "no id",
$answer->{headers}{"x-amzn-ratelimit-limit"}
--- lines
createdBefore orders pagination
2026-05-01T12:00:00Z
lastUpdatedBefore orders
two minutes
application/json
id
1000.0



=== TEST 11: all orders, in the order of their times, as the truth has them
--- client
my $s = seller();
my @truth = $s->truth("orders");
my @updated = $s->all(lastUpdatedAfter => $long_ago,
                      includedData => "FULFILLMENT");
my @created = $s->all(createdAfter => $long_ago,
                      includedData => "FULFILLMENT");
my $full = sub { $_[0] =~ s/:(\d\d)Z$/:$1.000Z/r };
my $by = sub {
    my ($member, @orders) = @_;
    my @times = map { $full->($_->{$member}) } @orders;
    same(\@times, [ sort @times ]);
};
my $line = sub {
    join " ", map { defined $_ ? $_ : "-" } @_
};
my @one = sort map { $line->($_->{orderId}, $full->($_->{createdTime}),
    $full->($_->{lastUpdatedTime}), $_->{fulfillment}{fulfillmentStatus},
    $_->{fulfillment}{fulfilledBy}, $_->{salesChannel}{marketplaceId}) }
    @updated;
my @two = sort map { $line->(@$_{qw(order_id created_time last_updated_time
    fulfillment_status fulfilled_by marketplace_id)}) } @truth;
scalar @updated, scalar @created, $by->("lastUpdatedTime", @updated),
$by->("createdTime", @created), same(\@one, \@two),
same([ map { $_->{orderId} } @updated ], [ map { $_->{orderId} } @created ]),
same([ sort map { $_->{orderId} } @updated ],
     [ sort map { $_->{orderId} } @created ]),
scalar(grep { $_->{createdTime} gt $_->{lastUpdatedTime} } @updated),
scalar(grep { $_->{lastUpdatedTime} ge "2026-11-01" } @updated),
scalar(grep { $_->{lastUpdatedTime} lt "2026-01-05" } @updated)
--- lines
500
500
same
same
same
different
same
0
0
0
--- timeout: 10



=== TEST 12: the truth of items, value by value
--- client
my $s = seller();
my $json = JSON::PP->new->canonical->allow_nonref;
my $text = sub { utf8::encode(my $t = $_[0]) if defined $_[0]; $t };
my %item;
for my $o ($s->all(createdAfter => $long_ago,
                   includedData => "FULFILLMENT,PROCEEDS")) {
    for my $i (@{ $o->{orderItems} }) {
        my $p = $i->{product};
        $item{"$o->{orderId} $i->{orderItemId}"} = [
            $i->{quantityOrdered}, $i->{fulfillment}{quantityFulfilled},
            $i->{fulfillment}{quantityUnfulfilled}, $p->{asin},
            $p->{sellerSku}, $p->{title}, $p->{condition}{conditionType},
            $p->{condition}{conditionSubtype}, $p->{price}{unitPrice}{amount},
            $p->{price}{unitPrice}{currencyCode}, $p->{price}{priceDesignation},
            $i->{proceeds}{proceedsTotal}{amount},
            $i->{proceeds}{proceedsTotal}{currencyCode},
            $i->{proceeds}{breakdowns}, $i->{programs}, $p->{serialNumbers} ];
    }
}
my @truth = $s->truth("order_items");
my $wrong = 0;
for my $row (@truth) {
    my $got = delete $item{"$row->{order_id} $row->{order_item_id}"};
    my @want = @$row{qw(quantity_ordered quantity_fulfilled
        quantity_unfulfilled asin seller_sku title condition_type
        condition_subtype unit_price unit_price_currency price_designation
        proceeds_total proceeds_currency proceeds_breakdowns programs
        serial_numbers)};
    for my $n (0 .. 15) {
        my $w = $want[$n];
        utf8::decode($w) if defined $w;
        $w = $json->decode(utf8::is_utf8($want[$n]) ? $w : $w)
            if $n > 12 && defined $w;
        $wrong++ if $json->encode([ $n > 12 ? $got->[$n]
                                            : defined $got->[$n]
                                              ? "$got->[$n]" : undef ])
                 ne $json->encode([ $w ]);
    }
}
@truth > 700 ? "many" : scalar @truth, scalar keys %item, $wrong
--- lines
many
0
0
--- timeout: 10



=== TEST 13: the data hold what breaks programs
--- client
my $s = seller();
my @items = $s->truth("order_items");
my @orders = $s->truth("orders");
my $count = sub { my ($f) = @_; scalar(grep { $f->($_) } @items) > 0 };
map { $_ ? "yes" : "no" } (
    $count->(sub { !defined $_[0]{title} }),
    $count->(sub { defined $_[0]{title} && $_[0]{title} eq "" }),
    $count->(sub { ($_[0]{title} // "") =~ /[\x01-\x1f]/ }),
    $count->(sub { ($_[0]{title} // "") =~ /\xf0\x9f/ }),
    $count->(sub { ($_[0]{title} // "") eq "NULL" }),
    $count->(sub { ($_[0]{seller_sku} // "") =~ /["\\]/ }),
    $count->(sub { ($_[0]{proceeds_total} // "") =~ /^-/ }),
    $count->(sub { ($_[0]{unit_price} // "") =~ /\.\d{4}$/ }),
    $count->(sub { ($_[0]{unit_price_currency} // "") eq "JPY"
                   && $_[0]{unit_price} =~ /^\d+$/ }),
    $count->(sub { ($_[0]{programs} // "") eq "[]" }),
    $count->(sub { !defined $_[0]{unit_price} }),
    scalar(grep { !defined $_->{grand_total} } @orders) > 0,
    scalar(grep { !defined $_->{ship_by_earliest} } @orders) > 0,
)
--- lines
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
yes
yes



=== TEST 14: items are unique, one to eight in an order, mostly one or two
--- client
my %order;
my %seen;
for my $row (seller()->truth("order_items")) {
    $order{$row->{order_id}}++;
    $seen{"$row->{order_id} $row->{order_item_id}"}++;
}
my %count;
$count{$_}++ for values %order;
scalar keys %order, (grep { $_ > 1 } values %seen) ? "twice" : "unique",
join(" ", sort keys %count), $count{1} + $count{2} > 400 ? "mostly" : "no"
--- lines
500
unique
1 2 3 4 5 6 7 8
mostly



=== TEST 15: the same seed gives the same data, another does not
--- client
my $truth = sub { [ seller(@_)->truth("order_items") ] };
same($truth->("/amazon", "S1"), $truth->("/amazon", "S1")),
same($truth->("/amazon", "S1"), $truth->("/amazon", "S2")),
same($truth->("/amazon", "S1"), $truth->("/other", "S1"))
--- lines
same
different
different
--- timeout: 10



=== TEST 16: filters filter
--- client
my $s = seller();
my @truth = $s->truth("orders");
my $check = sub {
    my ($column, $param, @values) = @_;
    my %wanted = map { $_ => 1 } @values;
    my @found = $s->all(createdAfter => $long_ago,
                        $param => join(",", @values));
    my @rows = grep { $wanted{ $_->{$column} // "" } } @truth;
    scalar @found
        . " " . same([ sort map { $_->{orderId} } @found ],
                     [ sort map { $_->{order_id} } @rows ]);
};
my $none = sub { $_[0] =~ /^0 same/ ? "none" : $_[0] };
(map { $check->("marketplace_id", "marketplaceIds", @$_) =~ s/^[1-9]\d* //r }
    [ "ATVPDKIKX0DER" ], [ "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8" ], [ "X" ],
    [ "X", "A1AM78C64UM0Y8" ]),
(map { $check->("fulfillment_status", "fulfillmentStatuses", @$_)
        =~ s/^[1-9]\d* //r } [ "SHIPPED" ], [ "PENDING", "CANCELLED" ]),
(map { $check->("fulfilled_by", "fulfilledBy", @$_) =~ s/^[1-9]\d* //r }
    [ "AMAZON" ], [ "MERCHANT" ], [ "AMAZON", "MERCHANT" ])
--- lines
same
same
0 same
same
same
same
same
same
same
--- timeout: 15



=== TEST 17: both ends of a window are in it
--- client
my $s = seller();
my @truth = sort { $a->{last_updated_time} cmp $b->{last_updated_time} }
            $s->truth("orders");
my ($from, $to) = map { $truth[$_]{last_updated_time} } 100, 230;
my @found = $s->all(lastUpdatedAfter => $from, lastUpdatedBefore => $to);
my @created = sort map { $_->{created_time} } $s->truth("orders");
my ($c1, $c2) = @created[10, 20];
my $many = grep { $_ ge $c1 && $_ le $c2 } @created;
scalar @found, $found[0]{orderId} eq $truth[100]{order_id} ? "first" : "no",
$found[-1]{orderId} eq $truth[230]{order_id} ? "last" : "no",
scalar($s->all(createdAfter => $c1, createdBefore => $c2)) - $many
--- lines
131
first
last
0



=== TEST 18: included data are included, items always
--- client
my $s = seller();
my %seen;
my @all = qw(BUYER RECIPIENT PROCEEDS EXPENSE PROMOTION CANCELLATION
             FULFILLMENT PACKAGES TAX PAYMENT FULFILLMENT_ORDERS);
my @always = qw(createdTime lastUpdatedTime orderId orderItems salesChannel
                i.orderItemId i.product i.quantityOrdered);
my @sometimes = qw(orderAliases programs associatedOrders i.programs);
my $members = sub {
    my %m;
    for my $o (@_) {
        $m{$_}++ for keys %$o;
        $m{"i.$_"}++ for map { keys %$_ } @{ $o->{orderItems} };
    }
    my $all = grep { $m{$_} } @always;
    delete @m{@always, @sometimes};
    join " ", $all, sort keys %m;
};
my @param = (createdAfter => $long_ago);
my @each = map { $members->($s->all(@param, includedData => $_)) } @all;
my @together = $s->all(@param, includedData => join ",", @all);
my %union = map { $_ => 1 } map { split } @each;
$members->($s->all(@param)), @each,
same([ sort split " ", $members->(@together) ], [ sort keys %union ])
--- lines
8
8 buyer
8 recipient
8 i.proceeds proceeds
8 i.expense
8 i.promotion
8 i.cancellation
8 fulfillment i.fulfillment
8 packages
8 i.tax tax
8 payment
8 fulfillmentOrders
same
--- timeout: 15



=== TEST 19: pages: sizes, the last without a token, tokens repeatable
--- client
my $s = seller();
my @pages = $s->pages(createdAfter => $long_ago);
my @small = $s->pages(createdAfter => $long_ago, maxResultsPerPage => 7);
my ($status, $json) = $s->search(createdAfter => $long_ago);
my $token = $json->{pagination}{nextToken};
my @again = map { ($s->search(createdAfter => $long_ago,
                              paginationToken => $token))[1] } 1, 2;
join(" ", map { scalar @$_ } @pages), scalar @small, scalar @{ $small[-1] },
same([ map { @$_ } @pages ], [ map { @$_ } @small ]),
same($again[0]{orders}, $again[1]{orders}),
$again[0]{createdBefore} eq $json->{createdBefore} ? "same" : "other"
--- lines
100 100 100 100 100
72
3
same
same
same
--- timeout: 10



=== TEST 20: a token goes with its seller and parameters, and not with others,
but for maxResultsPerPage and includedData
--- client
my $s = seller();
my @param = (createdAfter => $long_ago, marketplaceIds => "ATVPDKIKX0DER",
             includedData => "FULFILLMENT");
my ($status, $json) = $s->search(@param);
my $token = $json->{pagination}{nextToken};
my $t = sub { ($s->search(@_, paginationToken => $token))[0] };
my $other = seller("/amazon", "S2");
$t->(@param),
$t->(@param[2 .. 5], @param[0, 1]),
$t->(@param, maxResultsPerPage => 100),
$t->(@param, maxResultsPerPage => 50),
$t->(@param[0 .. 3]),
$t->(@param[0, 1, 4, 5]),
$t->(@param, fulfilledBy => "AMAZON"),
$t->(@param, fulfillmentStatuses => "SHIPPED"),
$t->(@param, createdBefore => $json->{createdBefore}),
$t->(createdAfter => "2020-01-01T00:00:01Z", @param[2 .. 5]),
$t->(lastUpdatedAfter => $long_ago, @param[2 .. 5]),
($other->search(@param, paginationToken => $token))[0],
($s->search(@param, paginationToken => substr($token, 1)))[0],
($s->search(@param, paginationToken => $s->token =~ s/^Atza\|//r))[0]
--- lines
200
200
200
200
200
400
400
400
400
400
400
400
400
400



=== TEST 21: sellers with one order, with none, with millions
--- client
my $one = seller("/one");
my ($order) = $one->all(lastUpdatedAfter => $long_ago);
my $many = seller("/many");
my ($status, $json) = $many->search(createdAfter => $long_ago,
    fulfillmentStatuses => "UNFULFILLABLE",
    marketplaceIds => "A1AM78C64UM0Y8", maxResultsPerPage => 2);
my ($status2, $json2) = $many->search(createdAfter => $long_ago,
    marketplaceIds => "none");
scalar($one->truth("orders")), $order ? "order" : "none",
scalar(seller("/empty")->truth("order_items")),
scalar(seller("/empty")->all(createdAfter => $long_ago)),
scalar @{ $json->{orders} }, exists $json->{pagination} ? "token" : "no",
scalar @{ $json2->{orders} }, exists $json2->{pagination} ? "token" : "no"
--- lines
1
order
0
0
2
token
0
no
--- timeout: 20



=== TEST 22: one order by its id
--- client
my $s = seller();
my @orders = $s->all(createdAfter => $long_ago, includedData => "PROCEEDS");
my ($status, $json, $answer) = $s->order($orders[77]{orderId},
                                         includedData => "PROCEEDS");
my ($bare, $plain) = $s->order($orders[77]{orderId});
my $id = $orders[77]{orderId};
$status, same($json->{order}, $orders[77]),
exists $plain->{order}{proceeds} ? "proceeds" : "bare",
$answer->{headers}{"x-amzn-ratelimit-limit"},
error($s->order($id, includedData => "ALL")),
error($s->order($id =~ s/\d$/x/r)),
error($s->order("1")),
error($s->order("123-4567890-1234567")),
error($s->order($id . "0")),
error(seller("/amazon", "S2")->order($id))
--- lines
200
same
bare
1000.0
400 InvalidInput: includedData has an unknown value.
404 NotFound: The seller has no such order.
404 NotFound: The seller has no such order.
404 NotFound: The seller has no such order.
404 NotFound: The seller has no such order.
404 NotFound: The seller has no such order.
--- timeout: 10



=== TEST 23: paths and methods
--- client
my $s = seller();
my $get = sub {
    my ($status, $json, $answer) = $s->call(@_);
    "$status " . ($answer->{headers}{allow} // "-")
               . " " . ($json->{errors}[0]{code} // "-");
};
$get->("GET", "/"),
$get->("GET", "/orders/v0/orders"),
$get->("GET", "/orders/2026-01-01/orders/"),
$get->("POST", "/orders/2026-01-01/orders"),
$get->("PUT", "/orders/2026-01-01/orders/1"),
$get->("GET", "/auth/o2/token"),
$get->("GET", "/_sandbox/revision?seller=S1&set=1"),
$get->("POST", "/_sandbox/stats"),
$get->("HEAD", "/_sandbox/stats")
--- lines
404 - NotFound
404 - NotFound
404 - NotFound
405 GET, HEAD InvalidInput
405 GET, HEAD InvalidInput
405 POST InvalidInput
405 POST InvalidInput
405 GET, HEAD InvalidInput
200 - -



=== TEST 24: HEAD has no body, a body on GET is passed over
--- client
my $s = seller("/amazon", "S1", keep_alive => 1);
my @head = $s->call("HEAD", "/orders/2026-01-01/orders?createdAfter=$long_ago",
                    headers => { "x-amz-access-token" => $s->token });
my @get = $s->call("GET", "/orders/2026-01-01/orders?createdAfter=$long_ago",
                   headers => { "x-amz-access-token" => $s->token,
                                "Content-Type" => "application/json" },
                   content => "{}");
my @after = $s->search(createdAfter => $long_ago);
$head[0], length($head[2]{content} // ""), $get[0], scalar @{ $get[1]{orders} },
$after[0]
--- lines
200
0
200
100
200



=== TEST 25: the burst, then 429; others have buckets of their own
--- client
my $s = seller("/quota");
my @status = map { ($s->search(createdAfter => $long_ago))[0] } 1 .. 21;
my ($status, $json, $answer) = $s->search(createdAfter => $long_ago);
my ($id) = map { $_->{order_id} } $s->truth("orders");
my $other = seller("/quota", "S2");
my $client = seller("/quota", "S1", client => "another");
my ($code, undef, $first) = $other->search(createdAfter => $long_ago);
scalar(grep { $_ == 200 } @status), $status[20], error($status, $json),
$json->{errors}[0]{message},
exists $answer->{headers}{"x-amzn-ratelimit-limit"} ? "rate" : "no rate",
exists $answer->{headers}{"x-amzn-requestid"} ? "id" : "no id",
$code, $first->{headers}{"x-amzn-ratelimit-limit"},
($client->search(createdAfter => $long_ago))[0],
scalar(grep { ($s->order($id))[0] == 200 } 1 .. 31),
($s->order($id))[2]{headers}{"x-amzn-ratelimit-limit"} // "none",
($other->order($id))[2]{headers}{"x-amzn-ratelimit-limit"}
--- lines
20
429
429 QuotaExceeded
You exceeded your quota for the requested resource.
no rate
id
200
0.0056
200
30
none
0.5
--- timeout: 10



=== TEST 26: a bucket fills again at the rate
--- client
my $s = seller("/fast", "S" . int(rand 1e9));
my $n = 0;
my $start = time;
while (time - $start < 2) {
    $n++ if ($s->search(createdAfter => $long_ago))[0] == 200;
    sleep 0.01;
}
my ($status, undef, $answer);
do {
    ($status, undef, $answer) = $s->search(createdAfter => $long_ago);
} while ($status == 429);
$answer->{headers}{"x-amzn-ratelimit-limit"},
$n >= 29 && $n <= 32 ? "burst and rate" : $n
--- lines
5.6
burst and rate
--- timeout: 10



=== TEST 27: revisions change a tenth of the orders, and tell when
--- client
my $s = seller("/amazon", "R27");
my %before = map { $_->{order_id} => $_ } $s->truth("orders");
my @items = $s->truth("order_items");
my @all = $s->all(lastUpdatedAfter => $long_ago, includedData => "FULFILLMENT");
my $at = "2026-11-05T10:00:00.000Z";
my ($status, $json) = $s->revise(1, at => $at);
my @changed = $s->all(lastUpdatedAfter => $at, includedData => "FULFILLMENT");
my @after = $s->truth("orders");
my @moved = grep { $_->{last_updated_time} ne
                   $before{ $_->{order_id} }{last_updated_time} } @after;
my @same = grep { $_->{fulfillment_status} eq
                  $before{ $_->{order_id} }{fulfillment_status} } @moved;
my %n;
$n{ $_->{order_id} }-- for @items;
$n{ $_->{order_id} }++ for $s->truth("order_items");
my @again = $s->all(lastUpdatedAfter => $long_ago,
                    includedData => "FULFILLMENT");
my ($set) = $s->revise(0);
my @back = $s->all(lastUpdatedAfter => $long_ago,
                   includedData => "FULFILLMENT");
$status, $json->{revision}, scalar @after, scalar @moved, scalar @same,
same([ sort map { $_->{orderId} } @changed ],
     [ sort map { $_->{order_id} } @moved ]),
same([ sort map { $_->{orderId} } @again ], [ sort keys %before ]),
$again[-1]{lastUpdatedTime} eq "2026-11-05T10:00:00Z" ? "last" : "no",
(grep { $_ > 0 } values %n) ? "added" : "none",
(grep { $_ < 0 } values %n) ? "removed" : "none",
$set, same(\@back, \@all)
--- lines
200
1
500
50
0
same
same
last
added
removed
200
same
--- timeout: 15



=== TEST 28: many revisions: every order once, in the order of their times
--- client
my $s = seller("/amazon", "R28");
my @lines;
for my $n (1, 4, 9, 10, 13, 24) {
    $s->revise($n, at => sprintf("2026-11-02T00:%02d:00Z", $n));
    my @orders = $s->all(lastUpdatedAfter => $long_ago,
                         maxResultsPerPage => 37);
    my @times = map { $_->{lastUpdatedTime} =~ s/:(\d\d)Z$/:$1.000Z/r }
                @orders;
    my %id = map { $_->{orderId} => 1 } @orders;
    push @lines, join " ", $n, scalar @orders, scalar keys %id,
                      same(\@times, [ sort @times ]);
}
@lines
--- lines
1 500 500 same
4 500 500 same
9 500 500 same
10 500 500 same
13 500 500 same
24 500 500 same
--- timeout: 20



=== TEST 29: a revision between two pages loses no order
--- client
my $s = seller("/amazon", "R29");
my %want = map { $_->{order_id} => 1 } $s->truth("orders");
my %param = (lastUpdatedAfter => $long_ago, maxResultsPerPage => 20);
my ($page, %got) = (0);
do {
    my ($status, $json) = $s->search(%param);
    die $status if $status != 200;
    $got{ $_->{orderId} }++ for @{ $json->{orders} };
    $param{paginationToken} = $json->{pagination}{nextToken};
    $s->revise($page, at => sprintf("2026-11-02T00:%02d:00Z", $page))
        if ++$page < 20;
} while (defined $param{paginationToken});
scalar(grep { !$got{$_} } keys %want),
(grep { $_ > 1 } values %got) ? "seen again" : "none changed"
--- lines
0
seen again
--- timeout: 15



=== TEST 30: by default a revision can be seen at once
--- client
my $s = seller("/today", "R30");
my $since = moment(-155);
$s->revise(1);
scalar($s->all(lastUpdatedAfter => $since, lastUpdatedBefore => moment(-149)))
--- lines
10



=== TEST 31: what control refuses
--- client
my $s = seller("/amazon", "R31");
$s->revise(2, at => "2026-11-05T00:00:00Z");
error($s->revise(65)),
error($s->revise("x")),
error($s->revise(3, at => "x")),
error($s->revise(3, at => "2026-11-04T00:00:00Z")),
error($s->revise(3, at => "2026-10-04T00:00:00Z")),
error($s->call("POST", "/_sandbox/revision?set=1")),
error($s->call("POST", "/_sandbox/revision?set=1&seller=a-b")),
error($s->call("GET", "/_sandbox/orders.csv")),
error($s->call("GET", "/_sandbox/orders.csv?seller=%ff")),
error($s->call("GET", "/_sandbox/orders.csv?seller=S&marketplaceIds=a,,b"))
--- lines
400 InvalidInput: set must be a number from 0 to 64.
400 InvalidInput: set must be a number from 0 to 64.
400 InvalidInput: at must be a time, and not before "until".
400 InvalidInput: at must not be before the revision that stands.
400 InvalidInput: at must be a time, and not before "until".
400 InvalidInput: seller is missing or wrong.
400 InvalidInput: seller is missing or wrong.
400 InvalidInput: seller is missing or wrong.
400 InvalidInput: seller is missing or wrong.
400 InvalidInput: marketplaceIds is wrong.



=== TEST 32: control answers to this host alone
--- skip_eval
4: `$ENV{TEST_NGINX_BINARY} -V 2>&1` !~ /realip/
--- http_config
    set_real_ip_from 127.0.0.1;
    real_ip_header X-From;
--- client
my $s = seller();
my $from = sub {
    join " ", map { ($s->call(@$_, headers => { "X-From" => $_[0] }))[0] }
        [ "GET", "/_sandbox/stats" ],
        [ "GET", "/_sandbox/orders.csv?seller=S1" ],
        [ "GET", "/_sandbox/order_items.csv?seller=S1" ],
        [ "POST", "/_sandbox/revision?seller=S1&set=0" ],
        [ "GET", "/_sandbox/inbound_items.csv?seller=S1" ],
        [ "POST", "/_sandbox/revoke?seller=S32" ],
        [ "POST", "/_sandbox/roles?seller=S32&deny=" ];
};
map { $from->($_) } "192.0.2.1", "2001:db8::1", "::1", "127.9.9.9"
--- lines
403 403 403 403 403 403 403
403 403 403 403 403 403 403
200 200 200 200 200 200 200
200 200 200 200 200 200 200



=== TEST 33: the truth of some marketplaces
--- client
my $s = seller();
my @all = $s->truth("orders");
my @two = (marketplaceIds => "ATVPDKIKX0DER,A1AM78C64UM0Y8");
my @some = $s->truth("orders", @two);
my %id = map { $_->{order_id} => 1 } @some;
my @items = $s->truth("order_items", @two);
my %in = map { $_->{order_id} => 1 } @items;
same(\@some, [ grep { $_->{marketplace_id} ne "A2EUQ1WTGCTBG2" } @all ]),
same([ sort keys %id ], [ sort keys %in ]),
scalar($s->truth("orders", marketplaceIds => "none"))
--- lines
same
same
0



=== TEST 34: duplicates: an order again on the following page, unchanged
--- client
my @pages = seller("/duplicates")->pages(lastUpdatedAfter => $long_ago,
                                         includedData => "PROCEEDS");
my (%seen, $wrong);
my ($twice, $before) = (0);
for my $page (@pages) {
    $twice++, $wrong ||= same($page->[0], $before) ne "same"
        if $before && $page->[0]{orderId} eq $before->{orderId};
    $seen{ $_->{orderId} }++ for @$page;
    $before = $page->[-1];
}
scalar keys %seen, $twice > 3 ? "some" : $twice, $wrong ? "wrong" : "same",
scalar(grep { @$_ > 10 } @pages)
--- lines
300
some
same
0



=== TEST 35: faults: errors of the server, by their number
--- client
my $s = seller("/http_500");
(map { error($s->search(createdAfter => $long_ago)) } 1 .. 4),
error(seller("/http_503")->search(createdAfter => $long_ago))
--- lines
200 no error
500 InternalFailure
200 no error
500 InternalFailure
503 ServiceUnavailable



=== TEST 36: faults: refusals, by their number
--- client
my $s = seller("/denials");
map { error($s->search(createdAfter => $long_ago)) } 1 .. 6
--- lines
200 no error
403 Unauthorized: The access token you provided has expired.
403 Unauthorized
403 Unauthorized: The access token you provided has expired.
429 QuotaExceeded
403 Unauthorized: The access token you provided has expired.



=== TEST 37: faults: a cut answer, a malformed one
--- client
my @param = (createdAfter => $long_ago);
my ($status, $json, $answer) = seller("/cut")->search(@param);
my ($status2, $json2, $answer2) = seller("/malformed")->search(@param);
$status, $answer->{content} =~ /^(Unexpected end of stream)/, $status2,
defined $json2 ? "JSON" : "no JSON", length $answer2->{content} > 1000
    ? "text" : "none"
--- lines
599
Unexpected end of stream
200
no JSON
text



=== TEST 38: faults: a wrong type, bad UTF-8
--- client
my @param = (createdAfter => $long_ago);
my ($status, $json) = seller("/wrong_type")->search(@param);
my ($status2, $json2, $answer) = seller("/bad_utf8")->search(@param);
my $text = $answer->{content};
$status, (map { ref $json->{orders}[$_]{lastUpdatedTime} || "text" } 0, 1),
$status2, utf8::decode($text) ? "UTF-8" : "bad"
--- lines
200
HASH
text
200
bad


=== TEST 39: faults: an answer of more than 64 MiB
--- client
my $s = seller("/huge");
my ($length, $first, $last) = (0);
$s->token;
my ($status, undef, $answer) = $s->call(
    "GET", "/orders/2026-01-01/orders?createdAfter=$long_ago",
    headers => { "x-amz-access-token" => $s->token },
    data_callback => sub {
        $first = substr $_[0], 0, 11 if !$length;
        $length += length $_[0];
        $last = $_[0];
    });
$status, $length > 64 * 1024 * 1024 ? "huge" : $length, $first,
substr($last, -2)
--- lines
200
huge
{"orders":[
"}
--- timeout: 20



=== TEST 40: faults: the same token for ever
--- client
my $s = seller("/same_token");
my ($token, @tokens);
for (1 .. 5) {
    my ($status, $json) = $s->search(createdAfter => $long_ago,
        defined $token ? (paginationToken => $token) : ());
    $token = $json->{pagination}{nextToken};
    push @tokens, $token;
}
my %token = map { $_ => 1 } @tokens;
scalar keys %token
--- lines
1



=== TEST 41: faults: a slow answer
--- client
my $s = seller("/slow");
$s->token;
my $start = time;
my ($status, $json) = $s->search(createdAfter => $long_ago);
my $took = time - $start;
$status, scalar @{ $json->{orders} }, $took > 2.9 && $took < 4 ? "slow" : $took
--- lines
200
100
slow
--- timeout: 10



=== TEST 42: clients that leave: at once, in a slow answer, in a long one
--- client
require IO::Socket::INET;
my $s = seller("/slow");
my $huge = seller("/huge");
my $open = sub {
    my ($path, $token) = @_;
    my $socket = IO::Socket::INET->new("127.0.0.1:" . server_port_for_client())
        or die "connect: $!";
    print $socket "GET $path/orders/2026-01-01/orders?createdAfter=$long_ago"
        . " HTTP/1.1\r\nHost: a\r\nx-amz-access-token: $token\r\n\r\n";
    return $socket;
};
for (1 .. 5) {
    close $open->("/slow", $s->token);
    my $socket = $open->("/slow", $s->token);
    sleep 0.05;
    close $socket;
    $socket = $open->("/huge", $huge->token);
    read $socket, my $text, 100000;
    close $socket;
    close $open->("/huge", $huge->token);
}
sleep 0.2;
my ($status) = seller()->search(createdAfter => $long_ago);
$status
--- lines
200
--- timeout: 10



=== TEST 43: a client that takes its time gets all
--- client
require IO::Socket::INET;
my $s = seller("/huge");
my $socket = IO::Socket::INET->new("127.0.0.1:" . server_port_for_client());
print $socket "GET /huge/orders/2026-01-01/orders?createdAfter=$long_ago"
    . " HTTP/1.0\r\nx-amz-access-token: " . $s->token . "\r\n\r\n";
sleep 0.5;
my ($length, $text) = (0);
while (my $n = sysread $socket, $text, 1 << 20) {
    $length += $n;
    sleep 0.002;
}
$length > 64 * 1024 * 1024 ? "all" : $length
--- lines
all
--- timeout: 20



=== TEST 44: limit_rate holds, and the answer is whole
--- config
    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m seed=1 orders=500 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /limited/ {
        limit_rate 100k;
        amzsync_sandbox zone=limited:1m seed=1 orders=500 quota=0
                        until=2026-11-01T00:00:00Z;
    }
--- client
my @param = (createdAfter => $long_ago, includedData => "PROCEEDS");
my $start = time;
my (undef, $slow) = seller("/limited")->search(@param);
my $took = time - $start;
my (undef, $fast) = seller()->search(@param);
same($slow->{orders}, $fast->{orders}), $took > 0.5 ? "slow" : $took
--- lines
same
slow
--- timeout: 10



=== TEST 45: gzip, and a subrequest
--- config
    gzip on;
    gzip_types application/json text/csv;

    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m seed=1 orders=500 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location = /both {
        set $csv /amazon/_sandbox/orders.csv?seller=S1;
        set $truth '<!--# include virtual="$csv" -->';
        ssi on;
        ssi_types *;
        return 200 "$truth=\n$truth";
    }
--- client
my $s = seller();
my @csv = ("GET", "/_sandbox/orders.csv?seller=S1");
my ($status, undef, $answer) = $s->call(@csv,
    headers => { "Accept-Encoding" => "gzip" });
require IO::Uncompress::Gunzip;
IO::Uncompress::Gunzip::gunzip(\$answer->{content}, \my $csv);
my (undef, undef, $plain) = $s->call(@csv);
my (undef, undef, $both) = seller("/both")->call("GET", "");
same($csv, $plain->{content}),
same($both->{content}, "$plain->{content}=\n$plain->{content}")
--- lines
same
same



=== TEST 46: statistics
--- config
    location /amazon/ {
        amzsync_sandbox zone=stats:1m orders=10 quota=1 fault=http_500:3;
    }
--- client
my $s = seller("/amazon", "S1");
my ($before) = ($s->call("GET", "/_sandbox/stats"))[1];
$s->search(createdAfter => $long_ago) for 1 .. 3;
$s->search("");
$s->order("1");
$s->call("GET", "/nothing");
my ($after) = ($s->call("GET", "/_sandbox/stats"))[1];
my $r = $after->{requests};
my $b = $before->{requests};
my $n = sub { ($r->{$_[0]}{$_[1]} // 0) - ($b->{$_[0]}{$_[1]} // 0) };
$n->("token", 200), $n->("searchOrders", 200), $n->("searchOrders", 500),
$n->("searchOrders", 400), $n->("getOrder", 404), $n->("other", 404),
$n->("control", 200), ($after->{faults}{http_500} // 0)
--- lines
1
2
1
1
1
1
1
1



=== TEST 47: the day's midnight is kept over a reload, and so are revisions
--- config
    location /amazon/ {
        amzsync_sandbox zone=kept:1m orders=10 quota=0;
    }
--- client
my $s = seller("/amazon", "K1");
my @plain = $s->truth("orders");
$s->revise(3);
my @before = $s->truth("orders");
kill HUP => Test::Nginx::Util::get_pid_from_pidfile("reload");
sleep 1;
same([ $s->truth("orders") ], \@before), same(\@plain, \@before)
--- lines
same
different



=== TEST 48: mistakes in the configuration: no zone
--- config
    location /amazon/ { amzsync_sandbox orders=1; }
--- must_die
--- error_log
has no "zone=NAME:SIZE"



=== TEST 49: mistakes in the configuration: not a prefix
--- config
    location = /amazon { amzsync_sandbox zone=z:1m; }
--- must_die
--- error_log
needs a location given by a prefix



=== TEST 50: mistakes in the configuration: a regular expression
--- config
    location ~ ^/amazon/ { amzsync_sandbox zone=z:1m; }
--- must_die
--- error_log
needs a location given by a prefix



=== TEST 51: mistakes in the configuration: twice
--- config
    location /amazon/ { amzsync_sandbox zone=z:1m; amzsync_sandbox zone=z:1m; }
--- must_die
--- error_log
is duplicate



=== TEST 52: mistakes in the configuration: an unknown fault
--- config
    location /amazon/ { amzsync_sandbox zone=z:1m fault=none:1; }
--- must_die
--- error_log
does not know the fault "fault=none:1"



=== TEST 53: mistakes in the configuration: an unknown argument
--- config
    location /amazon/ { amzsync_sandbox zone=z:1m order=1; }
--- must_die
--- error_log
has an unknown argument "order=1"



=== TEST 54: mistakes in the configuration: a time that is none
--- config
    location /amazon/ { amzsync_sandbox zone=z:1m until=now; }
--- must_die
--- error_log
needs a time of ISO 8601, of 1972 or later, in "until=now"



=== TEST 55: mistakes in the configuration: tokens that outlive the clock
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m token_ttl=9223372036854775807s;
    }
--- must_die
--- error_log
needs a time of at most a year in "token_ttl=9223372036854775807s"



=== TEST 56: a body that is not well-formed is the client's mistake
--- client
require IO::Socket::INET;
map {
    my $socket = IO::Socket::INET->new(
        PeerAddr => "127.0.0.1", PeerPort => server_port_for_client(),
        Timeout => 10) or die "no connection: $!";

    print $socket "$_ HTTP/1.1\r\nHost: localhost\r\n"
                  . "Transfer-Encoding: chunked\r\n\r\nzz\r\n";
    (<$socket> // "nothing") =~ s/\r\n//r;
} (
    "GET /amazon/_sandbox/stats",
    "GET /amazon/none",
    "POST /amazon/_sandbox/stats",
    "POST /amazon/auth/o2/token",
)
--- lines
HTTP/1.1 400 Bad Request
HTTP/1.1 400 Bad Request
HTTP/1.1 400 Bad Request
HTTP/1.1 400 Bad Request



=== TEST 57: an access token lives for as long as its grant says
--- client
my $s = seller("/short");
my ($status, $start);
# Late in a second; once more if the machine was too slow.
for (1 .. 10) {
    sleep 0.02 while time - int time < 0.8;
    $start = time;
    delete $s->{token};
    $s->token;
    sleep 0.6;
    ($status) = $s->search(createdAfter => $long_ago);
    last if time - $start < 1;
}
$status
--- lines
200
--- timeout: 20

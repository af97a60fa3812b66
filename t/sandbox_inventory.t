# The sandbox's marketplaces and FBA inventory: Amazon's rules, what a seller
# has and its truth, faults.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

use AmzSync::Script;
use Time::HiRes qw(sleep time);

our $us = "ATVPDKIKX0DER";
our $participations = "/sellers/v1/marketplaceParticipations";
our $summaries = "/fba/inventory/v1/summaries";


# The parameters that every call has, and others; undef takes one away.

sub ask {
    my %param = (granularityType => "Marketplace", granularityId => $us,
                 marketplaceIds => $us, @_);

    return map { defined $param{$_} ? ($_ => $param{$_}) : () } keys %param;
}


sub inventory {
    my ($seller, @param) = @_;

    return $seller->get($summaries, ask(@param));
}


# The rows of each page.

sub pages {
    my ($seller, @param) = @_;
    my (@pages, $token);

    do {
        my ($status, $json) = inventory($seller, @param, nextToken => $token);
        die error($status, $json) if $status != 200;
        push @pages, $json->{payload}{inventorySummaries};
        $token = $json->{pagination}{nextToken};
    } while (defined $token && @pages < 1000);

    return @pages;
}


sub all {
    return map { @$_ } pages(@_);
}


# A row of an answer with details as the truth has it, key parts first.

our %names = (
    "" => { asin => "asin", product_name => "productName",
            total_quantity => "totalQuantity", stores => "stores",
            last_updated_time => "lastUpdatedTime" },
    "." => { fulfillable_quantity => "fulfillableQuantity",
             inbound_working_quantity => "inboundWorkingQuantity",
             inbound_shipped_quantity => "inboundShippedQuantity",
             inbound_receiving_quantity => "inboundReceivingQuantity" },
    reservedQuantity => {
        reserved_quantity => "totalReservedQuantity",
        reserved_customer_order_quantity => "pendingCustomerOrderQuantity",
        reserved_transshipment_quantity => "pendingTransshipmentQuantity",
        reserved_fc_processing_quantity => "fcProcessingQuantity" },
    researchingQuantity => {
        researching_quantity => "totalResearchingQuantity",
        researching_breakdown => "researchingQuantityBreakdown" },
    unfulfillableQuantity => {
        unfulfillable_quantity => "totalUnfulfillableQuantity",
        map { ("unfulfillable_$_->[0]_quantity" => "$_->[1]Quantity") }
            [ customer_damaged => "customerDamaged" ],
            [ warehouse_damaged => "warehouseDamaged" ],
            [ distributor_damaged => "distributorDamaged" ],
            [ carrier_damaged => "carrierDamaged" ],
            [ defective => "defective" ], [ expired => "expired" ] },
);

sub row {
    my ($summary, $marketplace) = @_;
    my %row = (marketplace_id => $marketplace || $us);
    my $details = $summary->{inventoryDetails};

    @row{qw(seller_sku fn_sku condition)} =
        map { $_ // "" } @$summary{qw(sellerSku fnSku condition)};

    for my $place (keys %names) {
        my $from = $place eq "" ? $summary
                   : $place eq "." ? $details : $details->{$place};
        $row{$_} = $from->{ $names{$place}{$_} } for keys %{ $names{$place} };
    }

    my $time = $row{last_updated_time} // "";
    $time =~ s/:(\d\d)Z$/:$1.000Z/;
    $row{last_updated_time} = length $time ? $time : undef;

    return text(\%row);
}


# Every value as text, JSON in one form.

sub text {
    my ($row) = @_;
    my $json = JSON::PP->new->canonical;
    my %text;

    for my $name (keys %$row) {
        my $value = $row->{$name};

        if (defined $value && $name =~ /^(?:stores|researching_breakdown)$/) {
            $value = $json->encode(ref $value ? $value
                                   : JSON::PP::decode_json($value));

        } elsif (defined $value) {
            utf8::decode($value) if !utf8::is_utf8($value);
            $value = "$value";
        }

        $text{$name} = $value;
    }

    return $json->encode(\%text);
}


sub truth {
    my ($seller, @param) = @_;

    return map { text($_) } $seller->truth("inventory", @param);
}


our $config = <<'END';
    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m seed=1 inventory=500 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /small/ {
        amzsync_sandbox zone=small:1m inventory=120 inventory_page=7 quota=0
                        duplicates=on;
    }

    location /short/ {
        amzsync_sandbox zone=short:1m inventory=300 inventory_ttl=5 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /today/ {
        amzsync_sandbox zone=today:1m inventory=300 quota=0;
    }

    location /empty/ {
        amzsync_sandbox zone=empty:1m inventory=0 quota=0;
    }

    location /many/ {
        amzsync_sandbox zone=many:1m inventory=10000000 quota=0;
    }

    location /quota/ {
        amzsync_sandbox zone=quota:1m quota=1;
    }

    location /aimed/ {
        amzsync_sandbox zone=aimed:1m quota=0
                        fault=http_500:2:getInventorySummaries
                        fault=denied:1:getMarketplaceParticipations
                        fault=throttle:3:getInventorySummaries;
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

    location /huge/ {
        amzsync_sandbox zone=f5:1m quota=0 fault=huge:1;
    }

    location /same_token/ {
        amzsync_sandbox zone=f6:1m quota=0 fault=same_token:1;
    }

    location /expired/ {
        amzsync_sandbox zone=f7:1m quota=0 fault=expired:1;
    }

    location /slow/ {
        amzsync_sandbox zone=f8:1m quota=0 fault=slow:1;
    }

    location /http_503/ {
        amzsync_sandbox zone=f9:1m quota=0 fault=http_503:1;
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

=== TEST 1: marketplaces, as the truth has them
--- client
my $s = seller();
my ($status, $json, $answer) = $s->get($participations);
my @truth = $s->truth("marketplaces");
my $true = sub { $_[0] ? "true" : "false" };
my @rows = map {
    my ($m, $p) = ($_->{marketplace}, $_->{participation});
    utf8::encode(my $store = $_->{storeName});
    +{ marketplace_id => $m->{id}, name => $m->{name},
       country_code => $m->{countryCode},
       default_currency_code => $m->{defaultCurrencyCode},
       default_language_code => $m->{defaultLanguageCode},
       domain_name => $m->{domainName}, store_name => $store,
       is_participating => $true->($p->{isParticipating}),
       has_suspended_listings => $true->($p->{hasSuspendedListings}) }
} @{ $json->{payload} };
$status, join(" ", keys %$json), $answer->{headers}{"content-type"},
exists $answer->{headers}{"x-amzn-requestid"} ? "id" : "no id",
$answer->{headers}{"x-amzn-ratelimit-limit"}, same(\@rows, \@truth),
map { "$_->{marketplace_id} $_->{country_code} $_->{is_participating} "
      . $_->{domain_name} } @truth
--- lines
200
payload
application/json
id
1000.0
same
ATVPDKIKX0DER US true www.amazon.com
A2EUQ1WTGCTBG2 CA true www.amazon.ca
A1AM78C64UM0Y8 MX true www.amazon.com.mx
A2Q3Y263D00KWC BR false www.amazon.com.br
A2ZV50J4W1RKNI US true sim1.stores.amazon.com



=== TEST 2: listings are suspended for some sellers, at some revisions
--- client
my $suspended = sub {
    join " ", map { $_->{marketplace_id} }
              grep { $_->{has_suspended_listings} eq "true" }
              seller("/amazon", $_[0])->truth("marketplaces");
};
my %seen = map { $suspended->("M$_") => 1 } 1 .. 20;
my $s = seller("/amazon", "M1");
my %revised = map { $s->revise($_); ($suspended->("M1") => 1) } 0 .. 5;
(map { length $_ ? $_ : "none" } sort keys %seen),
same([ sort keys %seen ], [ sort keys %revised ])
--- lines
none
A2EUQ1WTGCTBG2
same



=== TEST 3: what asks for inventory wrongly
--- client
my $s = seller();
my $t = sub { error(inventory($s, @_)) };
my $base = "granularityType=Marketplace&granularityId=$us";
$t->(granularityType => undef),
$t->(granularityType => "marketplace"),
$t->(granularityId => undef),
$t->(granularityId => ""),
$t->(granularityId => "A1AM78C64UM0Y8"),
$t->(marketplaceIds => undef),
$t->(marketplaceIds => ""),
$t->(marketplaceIds => "$us,A1AM78C64UM0Y8"),
error($s->get($summaries, "$base&marketplaceIds=$us&marketplaceIds=$us")),
$t->(details => "yes"),
$t->(details => ""),
$t->(startDateTime => "yesterday"),
$t->(startDateTime => moment(-550 * 86400)),
$t->(sellerSkus => join ",", map { "SKU-$_" } 1 .. 51),
$t->(sellerSkus => "SKU-1,,SKU-2"),
$t->(sellerSkus => ""),
$t->(sellerSku => ""),
$t->(nextToken => ""),
$t->(nextToken => "x"),
$t->(nextToken => "+/8=" x 200),
error($s->get($summaries, "$base&marketplaceIds=$us&x=%zz"))
--- lines
400 InvalidInput: granularityType is missing.
400 InvalidInput: granularityType must be Marketplace.
400 InvalidInput: granularityId is missing.
400 InvalidInput: granularityId is empty.
400 InvalidInput: granularityId must be the marketplace of marketplaceIds.
400 InvalidInput: marketplaceIds is missing.
400 InvalidInput: marketplaceIds must have exactly one value.
400 InvalidInput: marketplaceIds must have exactly one value.
400 InvalidInput: A parameter that takes one value is repeated.
400 InvalidInput: details must be true or false.
400 InvalidInput: details must be true or false.
400 InvalidInput: startDateTime must be a date in ISO 8601 format.
400 InvalidInput: startDateTime must be within the last 18 months.
400 InvalidInput: sellerSkus has an empty value, or more than 50 values.
400 InvalidInput: sellerSkus has an empty value, or more than 50 values.
400 InvalidInput: sellerSkus has an empty value, or more than 50 values.
400 InvalidInput: sellerSku is empty.
400 InvalidInput: nextToken is empty.
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p
400 InvalidInput: The query string is not well-formed.



=== TEST 4: what asks for inventory rightly
--- client
my $s = seller();
map { (inventory($s, @$_))[0] } (
    [],
    [ details => "false" ],
    [ startDateTime => moment(-540 * 86400) ],
    [ startDateTime => moment(3600) ],
    [ sellerSkus => join ",", map { "SKU-$_" } 1 .. 50 ],
    [ sellerSkus => join ",", ("SKU-1") x 60 ],
    [ sellerSku => "none" ],
    [ unknown => 1 ],
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



=== TEST 5: the form of an answer
--- client
my ($status, $json, $answer) = inventory(seller());
my $payload = $json->{payload};
join(" ", sort keys %$json), join(" ", sort keys %$payload),
join(" ", map { "$_=$payload->{granularity}{$_}" }
          sort keys %{ $payload->{granularity} }),
scalar @{ $payload->{inventorySummaries} },
join(" ", keys %{ $json->{pagination} }),
$answer->{headers}{"x-amzn-ratelimit-limit"},
scalar(grep { exists $_->{inventoryDetails} }
       @{ $payload->{inventorySummaries} })
--- lines
pagination payload
granularity inventorySummaries
granularityId=ATVPDKIKX0DER granularityType=Marketplace
50
nextToken
1000.0
0



=== TEST 6: all pages of all marketplaces are the truth
--- client
my $s = seller();
my @lines;
my @all;
for my $m ($us, "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8") {
    my @pages = pages($s, details => "true", granularityId => $m,
                      marketplaceIds => $m);
    my @rows = map { row($_, $m) } map { @$_ } @pages;
    push @lines, join(" ", map { scalar @$_ } @pages),
                 same(\@rows, [ truth($s, marketplaceIds => $m) ]);
    push @all, @rows;
}
my %seen = map { $_ => 1 } @all;
@lines, same(\@all, [ truth($s) ]), scalar keys %seen
--- lines
50 50 50 50 50 50 50 50 50 50
same
50 50 50 50 50 50 50 50 50 50
same
50 50 50 50 50 50 50 50 50 50
same
same
1500
--- timeout: 20



=== TEST 7: keys are unique, and each part of them counts
--- client
my (%key, %without);
for my $row (seller()->truth("inventory", marketplaceIds => $us)) {
    my @key = map { $row->{$_} } qw(seller_sku fn_sku condition);
    $key{ join "\0", @key }++;
    $without{"fn_sku"}{ join "\0", @key[0, 2] }++;
    $without{"condition"}{ join "\0", @key[0, 1] }++;
}
my $more = sub { scalar(grep { $_ > 1 } values %{ $_[0] }) ? "yes" : "no" };
scalar keys %key, $more->(\%key), $more->($without{"fn_sku"}),
$more->($without{"condition"})
--- lines
500
no
yes
yes



=== TEST 8: the data hold what breaks programs
--- client
my $s = seller();
my @rows = all($s, details => "true");
my @truth = $s->truth("inventory", marketplaceIds => $us);
my $some = sub { my ($f) = @_; (grep { $f->($_) } @rows) ? "yes" : "no" };
my $many = sub { my ($f) = @_; (grep { $f->($_) } @truth) ? "yes" : "no" };
my @ways;
for my $name (qw(sellerSku fnSku condition asin productName lastUpdatedTime)) {
    my $absent = $some->(sub { !exists $_[0]{$name} });
    my $null = $some->(sub { exists $_[0]{$name} && !defined $_[0]{$name} });
    my $empty = $some->(sub { defined $_[0]{$name} && $_[0]{$name} eq "" });
    push @ways, "$name $absent $null $empty";
}
@ways,
$some->(sub { !exists $_[0]{inventoryDetails} }),
$some->(sub { exists $_[0]{totalQuantity} && !defined $_[0]{totalQuantity} }),
$some->(sub { exists $_[0]{unknownMember} }),
$many->(sub { $_[0]{seller_sku} =~ / $/ }),
$many->(sub { $_[0]{seller_sku} =~ /^ / }),
$many->(sub { $_[0]{seller_sku} =~ /[^\x00-\x7f]/ }),
$many->(sub { $_[0]{seller_sku} =~ /["\\]/ }),
$many->(sub { $_[0]{seller_sku} =~ /\t/ }),
$many->(sub { ($_[0]{stores} // "") eq "[]" }),
$many->(sub { !defined $_[0]{stores} }),
$many->(sub { !defined $_[0]{researching_breakdown}
              && defined $_[0]{researching_quantity} }),
$many->(sub { ($_[0]{researching_breakdown} // "") eq "[]" }),
$many->(sub { ($_[0]{total_quantity} // 1) == 0 })
--- lines
sellerSku yes yes yes
fnSku yes yes yes
condition yes yes yes
asin yes yes yes
productName yes yes yes
lastUpdatedTime yes yes yes
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



=== TEST 9: rows by their SKUs, whatever stands in them
--- client
my $s = seller();
my @truth = $s->truth("inventory", marketplaceIds => $us);
my %rows;
push @{ $rows{ $_->{seller_sku} } }, text($_)
    for grep { length $_->{seller_sku} } @truth;
my $wrong = 0;
for my $sku (keys %rows) {
    my @found = map { row($_) } all($s, details => "true", sellerSku => $sku);
    $wrong++ if same(\@found, $rows{$sku}) ne "same";
}
my @skus = (sort grep { !/,/ } keys %rows)[10 .. 59];
my @found = map { row($_) } all($s, details => "true",
                                sellerSkus => join ",", @skus);
my ($three) = grep { @{ $rows{$_} } == 3 } keys %rows;
$wrong, same(\@found, [ map { @{ $rows{$_} } } @skus ]),
scalar(all($s, sellerSkus => "$three,$three,none,SKU-99999999")),
scalar(all($s, sellerSkus => "SKU-1,SKU-2", sellerSku => $three)),
scalar(all($s, startDateTime => "2026-10-31T23:00:00Z", sellerSku => $three))
    <= 1 ? "time" : "SKU",
scalar(all($s, sellerSku => "SKU"))
--- lines
0
same
3
2
time
0
--- timeout: 30



=== TEST 10: changes since a time
--- client
my $s = seller("/amazon", "I10");
my $since = sub { sort map { row($_) }
                  all($s, details => "true", startDateTime => $_[0]) };
my @old = $since->("2026-09-01T00:00:00Z");
my @late = grep { ($_->{last_updated_time} // "") ge "2026-09-01" }
           $s->truth("inventory", marketplaceIds => $us);
my %found = map { $_ => 1 } @old;
my $missing = grep { !$found{ text($_) } } @late;
my %before = map { text($_) => 1 } $s->truth("inventory",
                                             marketplaceIds => $us);
$s->revise(1, at => "2026-11-05T00:00:00Z");
my @new = $since->("2026-11-04T00:00:00Z");
my @changed = grep { !$before{ text($_) } }
              $s->truth("inventory", marketplaceIds => $us);
my %new = map { $_ => 1 } @new;
my @blind = grep { !$new{ text($_) } } @changed;
$missing, @old > @late ? "rows without a time, too" : "none",
scalar(() = $since->("2026-11-06T00:00:00Z")),
@new > 0 && @new < @changed ? "some" : "all",
@blind > 0 ? "blind" : "none",
scalar(grep { $before{$_} } @new),
scalar(grep { ($_->{last_updated_time} // "") ge "2026-11" } @blind)
--- lines
0
rows without a time, too
0
some
blind
0
0
--- timeout: 20



=== TEST 11: a revision changes, removes and adds
--- client
my $s = seller("/amazon", "I11");
my $key = sub { join "\0", @{ $_[0] }{qw(marketplace_id seller_sku fn_sku
                                         condition)} };
my @lines;
my %old = map { $key->($_) => text($_) } $s->truth("inventory");
my %first = %old;
for my $revision (1 .. 3) {
    $s->revise($revision, at => "2026-11-0${revision}T12:00:00Z");
    my %new = map { $key->($_) => text($_) } $s->truth("inventory");
    my @rows = map { my $m = $_; map { row($_, $m) }
                     all($s, details => "true", granularityId => $m,
                         marketplaceIds => $m) }
               $us, "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8";
    push @lines, join " ",
        scalar(grep { exists $new{$_} && $new{$_} ne $old{$_} } keys %old),
        scalar(grep { !exists $new{$_} } keys %old),
        scalar(grep { !exists $old{$_} } keys %new),
        same([ sort @rows ], [ sort values %new ]);
    %old = %new;
}
$s->revise(0);
@lines, same({ map { $key->($_) => text($_) } $s->truth("inventory") },
             \%first)
--- lines
120 30 30 same
123 30 30 same
123 33 30 same
same
--- timeout: 30



=== TEST 12: what was removed comes back
--- client
my $s = seller("/amazon", "I12");
my $key = sub { join "\0", @{ $_[0] }{qw(seller_sku fn_sku condition)} };
my @first = map { $key->($_) } $s->truth("inventory", marketplaceIds => $us);
map {
    $s->revise($_, at => "2026-11-02T00:00:00Z");
    my %now = map { $key->($_) => 1 } $s->truth("inventory",
                                                marketplaceIds => $us);
    "$_: " . grep { $now{$_} } @first;
} 0, 1, 10, 11, 20, 64
--- lines
0: 500
1: 490
10: 400
11: 410
20: 500
64: 460



=== TEST 13: a token must be escaped in a URL
--- client
my $s = seller();
my ($status, $json) = inventory($s);
my $token = $json->{pagination}{nextToken};
my $base = "granularityType=Marketplace&granularityId=$us&marketplaceIds=$us";
(map { index($token, $_) >= 0 ? "yes" : "no" } "+", "/", "="),
(inventory($s, nextToken => $token))[0],
error($s->get($summaries, "$base&nextToken=$token"))
--- lines
yes
yes
yes
200
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p



=== TEST 14: a token goes with its seller and parameters, and not with others
--- client
my $s = seller();
my @param = (details => "true", startDateTime => "2026-01-01T00:00:00Z");
my ($status, $json) = inventory($s, @param);
my $token = $json->{pagination}{nextToken};
my $t = sub { (inventory($s, @_, nextToken => $token))[0] };
my $ca = "A2EUQ1WTGCTBG2";
my @again = map { (inventory($s, @param, nextToken => $token))[1] } 1, 2;
$t->(@param),
$t->(@param, unknown => 1),
$t->(@param, sellerSku => "counts for nothing"),
$t->(@param[2, 3]),
$t->(@param[0, 1]),
$t->(details => "false", @param[2, 3]),
$t->(@param[0, 1], startDateTime => "2026-01-02T00:00:00Z"),
$t->(@param, granularityId => $ca, marketplaceIds => $ca),
(inventory(seller("/amazon", "S2"), @param, nextToken => $token))[0],
(inventory($s, @param, nextToken => substr $token, 4))[0],
(inventory($s, @param, nextToken => $token =~ s/^(.{60})./$1!/r))[0],
same(map { $_->{payload} } @again)
--- lines
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
same



=== TEST 15: a token dies
--- client
my $s = seller("/short");
my ($status, $json) = inventory($s);
my $token = $json->{pagination}{nextToken};
my ($before) = inventory($s, nextToken => $token);
sleep 6.1;
$before, error(inventory($s, nextToken => $token)),
scalar @{ $json->{payload}{inventorySummaries} }
--- lines
200
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p
50
--- timeout: 20



=== TEST 16: by default after thirty seconds
--- config
    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m quota=0;
    }
--- client
my $s = seller();
my ($status, $json) = inventory($s);
my $token = $json->{pagination}{nextToken};
sleep 25;
my ($before) = inventory($s, nextToken => $token);
sleep 6.1;
$before, (inventory($s, nextToken => $token))[0]
--- lines
200
400
--- timeout: 60



=== TEST 17: duplicates: a row again on the following page, unchanged
--- client
my $s = seller("/small");
my @pages = pages($s, details => "true");
my (%seen, $before, $wrong);
my $twice = 0;
for my $page (@pages) {
    my $first = row($page->[0]);
    $twice++ if defined $before && $first eq $before;
    $seen{ row($_) }++ for @$page;
    $before = row($page->[-1]);
}
same([ sort keys %seen ], [ sort(truth($s, marketplaceIds => $us)) ]),
$twice > 2 ? "some" : $twice, (grep { @$_ > 7 } @pages) ? "more" : "seven"
--- lines
same
some
seven
--- timeout: 10



=== TEST 18: none, unknown marketplaces, ten million
--- client
my $s = seller();
my ($status, $json) = inventory(seller("/empty"));
my $many = seller("/many");
my ($status2, $json2) = inventory($many, details => "true");
my @last = all($many, sellerSku => "SKU-624999");
my @none = all($many, startDateTime => moment(0));
my $since = (inventory($many, startDateTime => moment(-86400 * 3)))[1];
$many->revise(2);
my @pages = map { (inventory($many, startDateTime => moment($_)))[1] }
            -86400 * 3, -600;
$status, scalar @{ $json->{payload}{inventorySummaries} },
exists $json->{pagination}{nextToken} ? "token" : "end",
scalar(seller("/empty")->truth("inventory")),
scalar(all($s, granularityId => "A1F83G8C2ARO7P",
           marketplaceIds => "A1F83G8C2ARO7P")),
scalar @{ $json2->{payload}{inventorySummaries} }, scalar @last, scalar @none,
(map { scalar @{ $_->{payload}{inventorySummaries} } } $since, @pages)
--- lines
200
0
end
0
0
50
1
0
50
50
50
--- timeout: 20



=== TEST 19: the same seed gives the same data, another seller other data
--- client
my @truth = map { [ truth(seller("/amazon", $_)) ] } "S1", "S1", "S2";
same($truth[0], $truth[1]), same($truth[0], $truth[2])
--- lines
same
different
--- timeout: 10



=== TEST 20: no token, and an old one
--- client
my $s = seller();
my @bare = map { error($s->call("GET", $_)) } $participations, $summaries;
my $expired = seller("/expired");
@bare, error($expired->get($participations)), error(inventory($expired))
--- lines
403 Unauthorized: Access token is missing in the request header.
403 Unauthorized: Access token is missing in the request header.
403 Unauthorized: The access token you provided has expired.
403 Unauthorized: The access token you provided has expired.



=== TEST 21: quotas: two, then two a second; fifteen for marketplaces
--- client
my $s = seller("/quota", "Q" . int rand 1e9);
my @answers = map { [ inventory($s) ] } 1 .. 3;
my @calls = map { [ $s->get($participations) ] } 1 .. 16;
sleep 0.6;
(map { error(@$_) } @answers),
$answers[0][2]{headers}{"x-amzn-ratelimit-limit"},
$answers[2][2]{headers}{"x-amzn-ratelimit-limit"} // "no rate",
(inventory($s))[0],
scalar(grep { $_->[0] == 200 } @calls), error(@{ $calls[15] }),
$calls[0][2]{headers}{"x-amzn-ratelimit-limit"}
--- lines
200 no error
200 no error
429 QuotaExceeded
2.0
no rate
200
15
429 QuotaExceeded
0.016



=== TEST 22: faults aimed at one operation count its requests alone
--- client
my $s = seller("/aimed");
my @orders = map { ($s->search(createdAfter => "2020-01-01T00:00:00Z"))[0] }
             1 .. 3;
"@orders", (map { error(inventory($s)) } 1 .. 6),
error($s->get($participations)), error($s->get($participations))
--- lines
200 200 200
200 no error
500 InternalFailure
429 QuotaExceeded
500 InternalFailure
200 no error
500 InternalFailure
403 Unauthorized
403 Unauthorized



=== TEST 23: faults: cut, malformed, of the wrong type, not UTF-8
--- client
my $text = sub { $_[2]{content} };
my $bad = sub { my $t = $_[2]{content}; utf8::decode($t) ? "UTF-8" : "bad" };
my $cut = seller("/cut");
my $malformed = seller("/malformed");
my $type = seller("/wrong_type");
my $utf8 = seller("/bad_utf8");
my ($status, $json) = inventory($type);
my $rows = $json->{payload}{inventorySummaries};
(inventory($cut))[0], ($cut->get($participations))[0],
(map { my @a = @$_; "$a[0] " . (defined $a[1] ? "JSON" : "no JSON") }
    [ inventory($malformed) ], [ $malformed->get($participations) ]),
(map { ref $_->{totalQuantity} || "number" } @$rows[0, 1]),
(map { ref $_->{marketplace}{id} || "text" }
    @{ ($type->get($participations))[1]{payload} }[0, 1]),
$bad->(inventory($utf8)), $bad->($utf8->get($participations))
--- lines
599
599
200 no JSON
200 no JSON
HASH
number
HASH
text
bad
bad



=== TEST 24: faults: huge, slow, unavailable, one token for ever
--- client
my $length = 0;
my $huge = seller("/huge");
$huge->call("GET", $summaries . "?granularityType=Marketplace&granularityId=$us"
    . "&marketplaceIds=$us", headers => { "x-amz-access-token" => $huge->token },
    data_callback => sub { $length += length $_[0] });
my $slow = seller("/slow");
$slow->token;
my $start = time;
my ($status) = inventory($slow);
my $took = time - $start;
my $same = seller("/same_token");
my ($token, %tokens);
for (1 .. 4) {
    my ($status, $json) = inventory($same, nextToken => $token);
    $token = $json->{pagination}{nextToken};
    $tokens{$token}++;
}
$length > 64 * 1024 * 1024 ? "huge" : $length, $status,
$took > 2.9 ? "slow" : $took, error(inventory(seller("/http_503"))),
join " ", values %tokens
--- lines
huge
200
slow
503 ServiceUnavailable
4
--- timeout: 20



=== TEST 25: a revision between two pages loses no row that stays
--- client
my $s = seller("/amazon", "I25");
my (%got, $token);
my $page = 0;
do {
    my ($status, $json) = inventory($s, details => "true",
                                    nextToken => $token);
    die $status if $status != 200;
    $got{ $_->{fnSku} // "" }++ for @{ $json->{payload}{inventorySummaries} };
    $token = $json->{pagination}{nextToken};
    $s->revise(++$page, at => "2026-11-02T00:00:00Z") if $page < 5;
} while (defined $token);
my %before = map { $_->{fn_sku} => 1 }
             seller("/amazon", "S1")->truth("inventory",
                                            marketplaceIds => $us);
my @after = $s->truth("inventory", marketplaceIds => $us);
scalar(grep { !$got{ $_->{fn_sku} } } @after)
--- lines
0



=== TEST 26: statistics have the operations
--- config
    location /amazon/ {
        amzsync_sandbox zone=stats:1m quota=0;
    }
--- client
my $s = seller();
my $count = sub {
    my ($json) = ($s->call("GET", "/_sandbox/stats"))[1];
    map { $json->{requests}{$_}{200} // 0 }
        "getMarketplaceParticipations", "getInventorySummaries";
};
my @before = $count->();
$s->get($participations);
inventory($s) for 1, 2;
my @after = $count->();
map { $after[$_] - $before[$_] } 0, 1
--- lines
1
2



=== TEST 27: mistakes in the configuration: an unknown operation
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m fault=http_500:1:getOrders;
    }
--- must_die
--- error_log
does not know the operation of "fault=http_500:1:getOrders"



=== TEST 28: mistakes in the configuration: a fault of tokens is aimed
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m fault=lwa_500:1:searchOrders;
    }
--- must_die
--- error_log
is for tokens, and has an operation in "fault=lwa_500:1:searchOrders"



=== TEST 29: mistakes in the configuration: sizes
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m inventory=10000001;
    }
--- must_die
--- error_log
needs a number from 0 to 10000000 in "inventory=10000001"



=== TEST 30: mistakes in the configuration: a page of none
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m inventory_page=0;
    }
--- must_die
--- error_log
needs a number from 1 to 100 in "inventory_page=0"

# What is in the sandbox's reports: the truth, in Amazon's forms and charsets,
# and where their documents lie.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

use AmzSync::Certificates;
use AmzSync::Report;
use AmzSync::Script;
use Encode ();
use IO::Socket::INET ();
use Time::HiRes qw(sleep time);

our $returns = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA";
our $ledger = "GET_LEDGER_DETAIL_VIEW_DATA";
our $removals = "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA";

# For the one place that is reached by TLS.

our $certificates = AmzSync::Certificates->new;
our ($certificate, $key) = map { $certificates->path("amazon.$_") } qw(crt key);
$certificates->authority("amazon", "DNS:localhost");

our $tls = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)
    ->sockport;

# All that there is, where a window may be as long.

our @ever = (dataStartTime => "2023-01-01", dataEndTime => "2025-06-01");
our @three = ($us, "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8");


# What comes of a body before the connection ends, well or badly.

sub received {
    my ($url) = @_;
    my ($host, $path) = $url =~ m{^http://([^/]+)(/.*)$};
    my $socket = IO::Socket::INET->new($host) or die "$host: $!\n";

    print $socket "GET $path HTTP/1.0\r\nHost: $host\r\n\r\n";

    my $answer = do { local $/; <$socket> };
    return $answer =~ s/^.*?\r\n\r\n//sr;
}


# Lines of a report, and of the truth, in one form and order.

sub lines {
    return [ sort map { canonical($_) } rows(@_) ];
}


sub truth {
    my ($seller, $type, @param) = @_;

    return [ sort map { canonical($_) }
             $seller->truth($types{$type} || "settlements", @param) ];
}


sub column {
    my ($rows, $name) = @_;

    return map { $_->{$name} } @$rows;
}


our $config = <<'END';
    location /amazon/ {
        amzsync_sandbox zone=amazon:1m seed=1 quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0
                        report_span=1000d orders=300;
    }

    location /plain/ {
        amzsync_sandbox zone=plain:1m seed=1 quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0
                        report_span=1000d orders=300 report_gzip=off;
    }

    location /cp1252/ {
        amzsync_sandbox zone=cp1252:1m seed=1 quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0
                        report_span=1000d orders=300 report_charset=cp1252;
    }

    location /cp932/ {
        amzsync_sandbox zone=cp932:1m seed=1 quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0
                        report_span=1000d orders=300 report_charset=cp932;
    }

    location /today/ {
        amzsync_sandbox zone=today:1m quota=0;
    }

    location /none/ {
        amzsync_sandbox zone=none:1m quota=0 report_time=0 returns=0
                        settlements=0 until=2025-03-01T00:00:00Z;
    }

    location /large/ {
        amzsync_sandbox zone=large:1m quota=0 report_time=0 ledger=300000
                        until=2025-03-01T00:00:00Z report_span=1000d;
    }

    location /short/ {
        amzsync_sandbox zone=short:1m quota=0 report_time=0 document_ttl=1s
                        until=2025-03-01T00:00:00Z;
    }

    location /faults/ {
        amzsync_sandbox zone=faults:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z
                        fault=expired_address:2 fault=http_503:3:document;
    }

    location /cut/ {
        amzsync_sandbox zone=cut:1m quota=0 report_time=0 report_span=1000d
                        until=2025-03-01T00:00:00Z fault=cut:1:document;
    }

    location /malformed/ {
        amzsync_sandbox zone=malformed:1m quota=0 report_time=0
                        report_span=1000d until=2025-03-01T00:00:00Z
                        fault=malformed:1:document;
    }

    location /bad_text/ {
        amzsync_sandbox zone=bad_text:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z
                        fault=bad_utf8:1:document;
    }

    location /bad_number/ {
        amzsync_sandbox zone=bad_number:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z
                        fault=wrong_type:1:document;
    }

    location /late/ {
        amzsync_sandbox zone=late:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z fault=slow:1:document;
    }
END

add_response_body_check(sub {
    AmzSync::Script::check(sub { eval "use strict; $_[0]" }, @_);
});

add_block_preprocessor(sub { AmzSync::Script::defaults($_[0], $config) });

master_on();
workers(2);
log_level('info');
run_tests();

__DATA__

=== TEST 1: the headers are Amazon's
--- client
my $s = seller();
(map { "$types{$_}: " . join "|", @{ (table(asked($s, $_, @ever)))[0] } }
    sort { $types{$a} cmp $types{$b} } keys %types),
do {
    my $t = seller("/today");
    my $r = (reports($t, reportTypes => $settlements))[1]{reports}[0];
    "settlements: " . join "|",
        @{ (table(document($t, $r->{reportDocumentId})->{content}))[0] };
}
--- lines
customer_returns: return-date|order-id|sku|asin|fnsku|product-name|quantity|fulfillment-center-id|detailed-disposition|reason|status|license-plate-number|customer-comments
ledger_detail: Date|FNSKU|ASIN|MSKU|Title|Event Type|Reference ID|Quantity|Fulfillment Center|Disposition|Reason|Country|Reconciled Quantity|Unreconciled Quantity|Date and Time|Store
ledger_summary: Date|FNSKU|ASIN|MSKU|Title|Disposition|Starting Warehouse Balance|In Transit Between Warehouses|Receipts|Customer Shipments|Customer Returns|Vendor Returns|Warehouse Transfer In/Out|Found|Lost|Damaged|Disposed|Other Events|Ending Warehouse Balance|Unknown Events|Location|Store
reimbursements: approval-date|reimbursement-id|case-id|amazon-order-id|reason|sku|fnsku|asin|product-name|condition|currency-unit|amount-per-unit|amount-total|quantity-reimbursed-cash|quantity-reimbursed-inventory|quantity-reimbursed-total|original-reimbursement-id|original-reimbursement-type|x-new-column
removal_orders: request-date|order-id|order-type|service-speed|order-status|last-updated-date|sku|fnsku|disposition|requested-quantity|cancelled-quantity|disposed-quantity|shipped-quantity|in-process-quantity|removal-fee|currency
removal_shipments: request-date|order-id|shipment-date|sku|fnsku|disposition|shipped-quantity|carrier|tracking-number|removal-order-type
replacements: shipment-date|sku|asin|fulfillment-center-id|original-fulfillment-center-id|quantity|replacement-reason-code|replacement-amazon-order-id|original-amazon-order-id
report_orders: amazon-order-id|merchant-order-id|purchase-date|last-updated-date|order-status|fulfillment-channel|sales-channel|order-channel|ship-service-level|product-name|sku|asin|item-status|quantity|currency|item-price|item-tax|shipping-price|shipping-tax|gift-wrap-price|gift-wrap-tax|item-promotion-discount|ship-promotion-discount|ship-city|ship-state|ship-postal-code|ship-country|promotion-ids|is-business-order|purchase-order-number|price-designation
settlements: settlement-id|settlement-start-date|settlement-end-date|deposit-date|total-amount|currency|transaction-type|order-id|merchant-order-id|adjustment-id|shipment-id|marketplace-name|amount-type|amount-description|amount|fulfillment-id|posted-date|posted-date-time|order-item-code|merchant-order-item-id|merchant-adjustment-item-id|sku|quantity-purchased



=== TEST 2: every report is the truth, at three revisions
--- client
my $s = seller("/amazon", "TRUE");
my $plain = seller("/plain", "TRUE");
map {
    my $revision = $_;
    $_->revise($revision, at => "2025-03-0${revision}T10:00:00Z")
        for $s, $plain;
    map {
        my $truth = truth($s, $_);
        my $rows = lines(asked($s, $_, @ever, marketplaceIds => \@three));
        "$revision $types{$_} " . same($rows, $truth) . " "
            . same(lines(asked($plain, $_, @ever, marketplaceIds => \@three)),
                   $truth) . (@$truth > 90 ? "" : " few");
    } sort keys %types;
} 1, 2, 4
--- lines
1 customer_returns same same
1 replacements same same
1 removal_orders same same
1 removal_shipments same same
1 reimbursements same same
1 report_orders same same
1 ledger_detail same same
1 ledger_summary same same
2 customer_returns same same
2 replacements same same
2 removal_orders same same
2 removal_shipments same same
2 reimbursements same same
2 report_orders same same
2 ledger_detail same same
2 ledger_summary same same
4 customer_returns same same
4 replacements same same
4 removal_orders same same
4 removal_shipments same same
4 reimbursements same same
4 report_orders same same
4 ledger_detail same same
4 ledger_summary same same
--- timeout: 60



=== TEST 3: windows that touch are the whole; days that both touch are in both
--- client
my $s = seller();
my @days = ("2023-01-01", "2024-03-01", "2024-06-30T11:22:33Z", "2025-01-31",
            "2025-02-20", "2025-06-01");
map {
    my $type = $_;
    my (@rows, @truth);
    for my $n (1 .. $#days) {
        my ($from, $to) = @days[$n - 1, $n];
        my $text = asked($s, $type, dataStartTime => $from,
                         dataEndTime => $to, marketplaceIds => \@three);
        my @part = $text eq "CANCELLED" ? () : @{ lines($text) };
        ($from, $to) = asked_times($type, $from, $to);
        my $part = truth($s, $type, from => $from, to => $to);
        die "$type $from\n" if same([ sort @part ], $part) ne "same";
        push @rows, @part;
    }
    my $all = truth($s, $type);
    "$types{$type} " . (@rows > @$all ? "more" : same([ sort @rows ], $all));
} sort keys %types
--- lines
customer_returns same
replacements same
removal_orders same
removal_shipments same
reimbursements same
report_orders same
ledger_detail more
ledger_summary more
--- timeout: 20



=== TEST 4: marketplaces: each has its rows, but where a region has them all
--- client
my $s = seller();
map {
    my $type = $_;
    my @each = map {
        my $m = $_;
        my $rows = lines(asked($s, $type, @ever, marketplaceIds => [ $m ]));
        same($rows, truth($s, $type, marketplaceIds => $m)) eq "same"
            ? $rows : die "$type $m\n";
    } @three;
    my $all = truth($s, $type);
    "$types{$type} "
        . (same([ sort map { @$_ } @each ], $all) eq "same" ? "apart"
           : (grep { same($_, $all) eq "same" } @each) == 3 ? "together" : "?");
} sort keys %types
--- lines
customer_returns apart
replacements apart
removal_orders together
removal_shipments together
reimbursements together
report_orders apart
ledger_detail apart
ledger_summary apart
--- timeout: 20



=== TEST 5: keys are unique, and lines without a key are there twice
--- client
my $s = seller();
my %keys = (
    customer_returns => [ qw(order_id fnsku license_plate_number) ],
    removal_orders => [ qw(order_id sku fnsku disposition) ],
    removal_shipments => [ qw(order_id tracking_number sku fnsku
                              disposition) ],
    replacements => [ qw(replacement_amazon_order_id sku) ],
);
$s->revise(3, at => "2025-03-02T00:00:00Z");
my @unique = map {
    my ($table, %seen) = $_;
    $seen{ join "\0", @$_{ @{ $keys{$table} } } }++ for $s->truth($table);
    "$table " . (grep { $_ > 1 } values %seen);
} sort keys %keys;
my @twice = map {
    my ($table, %seen) = $_;
    $seen{ canonical($_) }++ for $s->truth($table);
    my $n = grep { $_ == 2 } values %seen;
    "$table " . ($n > 4 ? "twice" : $n) . (grep { $_ > 2 } values %seen);
} qw(reimbursements ledger_detail customer_returns);
my %shared;
$shared{ $_->{reimbursement_id} }{ $_->{sku} } = 1
    for $s->truth("reimbursements");
my %orders;
$orders{ $_->{order_id} }++ for $s->truth("removal_orders");
$s->revise(0);
@unique, @twice,
(grep { keys %$_ > 1 } values %shared) > 10 ? "one id, two products" : "?",
(grep { $_ > 1 } values %orders) > 10 ? "one order, two lines" : "?"
--- lines
customer_returns 0
removal_orders 0
removal_shipments 0
replacements 0
reimbursements twice0
ledger_detail twice0
customer_returns 00
one id, two products
one order, two lines



=== TEST 6: the data hold what breaks programs
--- client
my $s = seller();
my %rows = map { ($types{$_} => [ $s->truth($types{$_}) ]) } keys %types;
my $any = sub {
    my ($table, $name, $pattern) = @_;
    my @found = grep { defined && /$pattern/ } column($rows{$table}, $name);
    "$table $name: " . (@found ? "yes" : "no");
};
my $empty = sub {
    my ($table, $name) = @_;
    my @none = grep { !defined } column($rows{$table}, $name);
    "$table $name: " . (@none && @none < @{ $rows{$table} } ? "some" : "?");
};
$any->("customer_returns", "customer_comments", qr/^"/),
$any->("customer_returns", "customer_comments", qr/[^"]"$/),
$any->("customer_returns", "customer_comments", qr/ $/),
$any->("customer_returns", "sku", qr/ $/),
$any->("customer_returns", "sku", qr/^ /),
$any->("customer_returns", "product_name", qr/[\x80-\xff]/),
$any->("customer_returns", "product_name", qr/^NULL$/),
$any->("ledger_detail", "quantity", qr/^-/),
$any->("ledger_summary", "lost", qr/^-/),
$any->("reimbursements", "amount_total", qr/^-\d/),
$any->("reimbursements", "amount_per_unit", qr/\.\d{4}$/),
$any->("reimbursements", "amount_per_unit", qr/\.\d\d$/),
$any->("reimbursements", "extra", qr/quoted/),
$any->("removal_orders", "removal_fee", qr/\.\d{4}$/),
$empty->("customer_returns", "reason"),
$empty->("reimbursements", "amazon_order_id"),
$empty->("reimbursements", "original_reimbursement_id"),
$empty->("reimbursements", "extra"),
$empty->("ledger_detail", "reconciled_quantity"),
$empty->("ledger_detail", "reference_id"),
$empty->("removal_orders", "removal_fee"),
$empty->("replacements", "replacement_reason_code"),
scalar(grep { $_->{ending_warehouse_balance}
    != $_->{starting_warehouse_balance} + $_->{receipts}
       + $_->{customer_shipments} + $_->{customer_returns}
       + $_->{vendor_returns} + $_->{warehouse_transfer_in_out} + $_->{found}
       + $_->{lost} + $_->{damaged} + $_->{disposed} + $_->{other_events} }
    @{ $rows{ledger_summary} })
--- lines
customer_returns customer_comments: yes
customer_returns customer_comments: yes
customer_returns customer_comments: yes
customer_returns sku: yes
customer_returns sku: yes
customer_returns product_name: yes
customer_returns product_name: yes
ledger_detail quantity: yes
ledger_summary lost: yes
reimbursements amount_total: yes
reimbursements amount_per_unit: yes
reimbursements amount_per_unit: yes
reimbursements extra: yes
removal_orders removal_fee: yes
customer_returns reason: some
reimbursements amazon_order_id: some
reimbursements original_reimbursement_id: some
reimbursements extra: some
ledger_detail reconciled_quantity: some
ledger_detail reference_id: some
removal_orders removal_fee: some
replacements replacement_reason_code: some
0



=== TEST 7: a revision adds rows, and changes some of the last days
--- client
my $s = seller("/amazon", "REVISED");
my @tables = sort values %types;
my %before = map { ($_ => [ $s->truth($_) ]) } @tables;
$s->revise(1, at => "2025-03-01T12:34:56Z");
map {
    my $table = $_;
    my (%old, %new) = ();
    $old{ canonical($_) }++ for @{ $before{$table} };
    my @after = $s->truth($table);
    $new{ canonical($_) }++ for @after;
    my @gone = grep { !$new{$_} } keys %old;
    my @come = grep { !$old{$_} } keys %new;
    my @old = grep { /2024|2025-01/ && !/2025-0[23]/ } @gone, @come;
    my $come = grep { /2025-03-01/ } @come;
    "$table: " . join ", ", @come > @gone ? "more" : "as many",
        @gone ? "some changed" : "none changed",
        $come ? "new ones" : "no new ones",
        $table eq "report_orders" || !@old ? "recent" : "old";
} @tables
--- lines
customer_returns: more, some changed, new ones, recent
ledger_detail: more, some changed, new ones, recent
ledger_summary: more, some changed, new ones, recent
reimbursements: more, some changed, new ones, recent
removal_orders: more, some changed, new ones, recent
removal_shipments: more, some changed, new ones, recent
replacements: more, some changed, new ones, recent
report_orders: more, some changed, new ones, recent



=== TEST 8: what a revision does to returns and removals
--- client
my $s = seller("/amazon", "CHANGED");
my $by = sub {
    my ($table, @key) = @_;
    map { my $row = $_; (join("|", @$row{@key}) => $row) } $s->truth($table);
};
my @returns = qw(order_id fnsku license_plate_number);
my @removals = qw(order_id sku fnsku disposition);
my %returned = $by->("customer_returns", @returns);
my %removed = $by->("removal_orders", @removals);
$s->revise($_, at => "2025-03-0${_}T00:00:00Z") for 1 .. 3;
my %after = $by->("customer_returns", @returns);
my %later = $by->("removal_orders", @removals);
my $moved = grep { $after{$_} && $after{$_}{return_date}
                   ne $returned{$_}{return_date} } keys %returned;
my @done = grep { $later{$_} && $later{$_}{last_updated_date}
                  ne $removed{$_}{last_updated_date} } keys %removed;
(grep { !$after{$_} } keys %returned), (grep { !$later{$_} } keys %removed),
$moved ? "dates move" : "none", keys %after > keys %returned ? "more" : "?",
@done ? "removals move" : "none",
(grep { $later{$_}{order_status} ne "Completed" } @done),
(grep { $later{$_}{last_updated_date} !~ /^2025-03-0[123]/ } @done)
--- lines
dates move
more
removals move



=== TEST 9: a document stays what it was when it was asked for
--- client
my $s = seller("/amazon", "STAYS");
my $r = ended($s, (create($s, $returns, @ever))[1]{reportId});
my $before = document($s, $r->{reportDocumentId})->{content};
$s->revise(2, at => "2025-03-02T00:00:00Z");
same($before, document($s, $r->{reportDocumentId})->{content}),
same($before, asked($s, $returns, @ever))
--- lines
same
different



=== TEST 10: order lines are what searchOrders answers
--- client
my $s = seller();
my %items;
$items{ $_->{order_id} }++ for $s->truth("order_items");
my %orders = map { ($_->{order_id} => $_) } $s->truth("orders");
my ($wrong, %lines) = (0);
for my $line (rows(asked($s, $all_orders, @ever, marketplaceIds => \@three))) {
    my $order = $orders{ $line->{amazon_order_id} };
    $lines{ $line->{amazon_order_id} }++;
    my $cut = sub { $_[0] =~ s/\.\d{3}Z$/.000Z/r };
    $wrong++ if !$order
        || $line->{last_updated_date} ne $cut->($order->{last_updated_time})
        || $line->{purchase_date} ne $cut->($order->{created_time});
}
scalar keys %orders, same(\%items, \%lines), $wrong,
do {
    my $text = asked($s, $all_orders, @ever);
    my ($head, @lines) = table($text);
    my ($city) = grep { $head->[$_] eq "ship-city" } 0 .. $#$head;
    (grep { $_->[$city] ne "SEATTLE" } @lines) ? "?" : "has cities",
    exists +(rows($text))[0]{ship_city} ? "?" : "the truth has none";
}
--- lines
300
same
0
has cities
the truth has none



=== TEST 11: settlements: the truth, and amounts that add up
--- client
my $s = seller("/today");
my @all = map { @$_ } all_reports($s, reportTypes => $settlements);
my @texts = map { document($s, $_->{reportDocumentId})->{content} } @all;
my @rows = map { rows($_) } @texts;
my @lines = sort map { canonical($_) } @rows;
my $from = $all[-1]{createdTime} =~ s/\+00:00/Z/r;
my (%total, %sum, %places) = ();
for my $row (@rows) {
    if (defined $row->{total_amount}) {
        $total{ $row->{settlement_id} } = $row->{total_amount};
        next;
    }
    $sum{ $row->{settlement_id} } += $row->{amount};
    $places{ length $1 }++ if $row->{amount} =~ /\.(\d+)$/;
}
my $first = (rows($texts[0]))[0];
same(\@lines, truth($s, $settlements, from => $from)),
scalar(keys %total) == @all ? "each has a total" : scalar keys %total,
(grep { abs($total{$_} - $sum{$_}) > 0.00001 } keys %total),
join(" ", sort keys %places),
(grep { $_->{amount} < 0 } grep { defined $_->{amount} } @rows)
    ? "some are negative" : "none is negative",
join(" ", grep { defined $first->{$_} } sort keys %$first),
@{ truth($s, $settlements) } > @rows ? "older ones are no more listed" : "?"
--- lines
same
each has a total
2 4
some are negative
currency deposit_date settlement_end_date settlement_id settlement_start_date total_amount
older ones are no more listed



=== TEST 12: charsets: the same bytes as an encoder's
--- client
map {
    my ($path, $type, $charset) = @$_;
    my $s = seller($path);
    my ($wrong, %seen) = (0);
    for my $report (sort keys %types) {
        my $r = ended($s, (create($s, $report, @ever,
                                  marketplaceIds => \@three))[1]{reportId});
        my $answer = document($s, $r->{reportDocumentId});
        $seen{ $answer->{headers}{"content-type"} }++;
        my $text = Encode::decode($charset, $answer->{content},
                                  Encode::FB_CROAK);
        $wrong++ if same(lines(Encode::encode("UTF-8", $text)),
                         truth($s, $report)) ne "same";
    }
    my %texts = map { ($_ => 1) } column([ $s->truth("customer_returns") ],
                                         "product_name");
    "$path $wrong", (map { "$_ $seen{$_}" } keys %seen),
    map { my $t = Encode::encode("UTF-8", $_);
          exists $texts{$t} ? "has it" : "has not" }
        "Caf\x{e9} Press\x{2122} \x{2013} 8 cups",
        "\x{9ad9}\x{5cf6}\x{5c4b} \x{30bf}\x{30aa}\x{30eb}",
        "Caf? Press? ? 8 cups", "??? ???"
} [ "/amazon", "UTF-8", "UTF-8" ], [ "/cp1252", "Cp1252", "cp1252" ],
  [ "/cp932", "Windows-31J", "cp932" ]
--- lines
/amazon 0
text/plain;charset=UTF-8 8
has it
has it
has not
has not
/cp1252 0
text/plain;charset=Cp1252 8
has it
has not
has not
has it
/cp932 0
text/plain;charset=Windows-31J 8
has not
has it
has it
has not
--- timeout: 30



=== TEST 13: gzip, or not, or as an encoding of the transfer
--- client
my $doc = sub {
    my ($path, @param) = @_;
    my $s = seller($path);
    my $r = ended($s, (create($s, $returns, @ever))[1]{reportId});
    my $a = address($s, $r->{reportDocumentId}, @param);
    my $answer = download($a->{url});
    join(" ", sort keys %$a), $a->{compressionAlgorithm} // "none",
    $answer->{headers}{"content-encoding"} // "identity",
    $answer->{content} =~ /^return-date\t/ ? "text"
    : Compress::Zlib::memGunzip($answer->{content}) =~ /^return-date\t/
      ? "gzip" : "?";
};
$doc->("/amazon"), $doc->("/plain"),
$doc->("/amazon", enableContentEncodingUrlHeader => "true"),
$doc->("/amazon", enableContentEncodingUrlHeader => "false"),
do {
    my $s = seller();
    my $r = ended($s, (create($s, $returns, @ever))[1]{reportId});
    error($s->get("/reports/2021-06-30/documents/$r->{reportDocumentId}",
                  enableContentEncodingUrlHeader => "yes"));
}
--- lines
compressionAlgorithm reportDocumentId url
GZIP
identity
gzip
reportDocumentId url
none
identity
text
compressionAlgorithm reportDocumentId url
GZIP
gzip
gzip
compressionAlgorithm reportDocumentId url
GZIP
identity
gzip
400 InvalidInput: enableContentEncodingUrlHeader must be true or false.



=== TEST 14: an address is the client's name for this place
--- client
my $s = seller();
my $r = ended($s, (create($s, $returns, @ever))[1]{reportId});
my $path = "/amazon/reports/2021-06-30/documents/$r->{reportDocumentId}";
my ($url) = address($s, $r->{reportDocumentId})->{url};
my $port = Test::Nginx::Util::server_port_for_client();
my $local = "http://127.0.0.1:$port/amazon/_document/";
$url =~ m{^\Q$local$r->{reportDocumentId}\E\?X-Amz-Algorithm=SANDBOX
          &X-Amz-Expires=300&X-Amz-Signature=[\w-]+$}x ? "here" : $url,
do {
    my $socket = IO::Socket::INET->new("127.0.0.1:$port") or die $!;
    print $socket "GET $path HTTP/1.1\r\nHost: reports.example:81\r\n"
        . "Connection: close\r\nx-amz-access-token: " . $s->token
        . "\r\n\r\n";
    join("", <$socket>) =~ m{"url":"(http://[^"]+/_document/)};
}
--- lines
here
http://reports.example:81/amazon/_document/



=== TEST 15: who may not have a document
--- client
my $s = seller();
my $r = ended($s, (create($s, $returns, @ever))[1]{reportId});
my $other = ended($s, (create($s, $returns, @ever))[1]{reportId})
    ->{reportDocumentId};
my $url = address($s, $r->{reportDocumentId})->{url};
my $said = sub {
    my ($answer) = @_;
    my ($code, $message) = $answer->{content}
        =~ m{<Error><Code>(\w+)</Code><Message>(.*)</Message></Error>$};
    join ": ", grep { defined } $answer->{status},
        $answer->{headers}{"content-type"}, $code, $message;
};
$said->(download($url, headers => { "x-amz-access-token" => $s->token })),
$said->(download($url, headers => { "X-AMZ-Access-Token" => "x" })),
$said->(download($url, headers => { Authorization => "Bearer x" })),
$said->(download($url =~ s/\?.*//r)),
$said->(download($url =~ s/.$//r)),
$said->(download($url =~ s/Signature=./Signature=_/r)),
$said->(download($url =~ s/\Q$r->{reportDocumentId}\E/$other/r)),
download($url)->{status}, download($url)->{status}
--- lines
400: application/xml: InvalidArgument: Only one auth mechanism allowed
400: application/xml: InvalidArgument: Only one auth mechanism allowed
400: application/xml: InvalidArgument: Only one auth mechanism allowed
403: application/xml: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.
403: application/xml: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.
403: application/xml: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.
403: application/xml: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.
200
200



=== TEST 16: an address expires, and another is to be had
--- client
my $s = seller("/short");
my @window = (dataStartTime => "2025-02-15", dataEndTime => "2025-03-01");
my $r = ended($s, (create($s, $returns, @window))[1]{reportId});
my $url = address($s, $r->{reportDocumentId})->{url};
sleep 2.2;
my $answer = download($url);
$answer->{status}, $answer->{content} =~ m{(<Error>.*)},
download(address($s, $r->{reportDocumentId})->{url})->{status}
--- lines
403
<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>
200
--- timeout: 10



=== TEST 17: faults of documents, each by the number of the download
--- client
my $s = seller("/faults");
my @window = (dataStartTime => "2025-02-15", dataEndTime => "2025-03-01");
my $r = ended($s, (create($s, $returns, @window))[1]{reportId});
my $url = address($s, $r->{reportDocumentId})->{url};
map { my $a = download($url);
      "$a->{status} " . ($a->{content} =~ m{<Code>(\w+)} ? $1 : "") } 1 .. 6
--- lines
200 
403 AccessDenied
503 SlowDown
403 AccessDenied
200 
503 SlowDown



=== TEST 18: documents that are cut, or end too early
--- client
my $get = sub {
    my ($path) = @_;
    my $s = seller($path);
    my $r = ended($s, (create($s, $ledger, @ever))[1]{reportId});
    my $url = address($s, $r->{reportDocumentId})->{url};
    my $got = received($url);
    my ($z) = Compress::Zlib::inflateInit(
        -WindowBits => Compress::Zlib::WANT_GZIP());
    my ($text, $status) = $z->inflate($got);
    download($url)->{status}, $text =~ /^Date\t/ ? "begins" : "nothing",
    length $text > 20000 ? "long" : length $text,
    $status == Compress::Zlib::Z_STREAM_END() ? "whole" : "not whole";
};
$get->("/cut"), $get->("/malformed")
--- lines
599
begins
long
not whole
200
begins
long
not whole



=== TEST 19: texts of no charset, and numbers that are none
--- client
my @window = (dataStartTime => "2025-02-15", dataEndTime => "2025-03-01");
my $text = asked(seller("/bad_text"), $returns, @window);
my $number = asked(seller("/bad_number"), $returns, @window);
my ($head, @lines) = table($number);
my ($n) = grep { $head->[$_] eq "quantity" } 0 .. $#$head;
eval { Encode::decode("UTF-8", my $copy = $text, Encode::FB_CROAK); 1 }
    ? "good" : "bad",
scalar(() = $text =~ /\xff/g), $lines[0][$n], $lines[1][$n]
--- lines
bad
1
many
1



=== TEST 20: a document that comes late
--- client
my $s = seller("/late");
my @window = (dataStartTime => "2025-02-15", dataEndTime => "2025-03-01");
my $r = ended($s, (create($s, $returns, @window))[1]{reportId});
my $url = address($s, $r->{reportDocumentId})->{url};
my $start = time;
my $answer = download($url);
$answer->{status}, time - $start > 2.9 ? "late" : time - $start
--- lines
200
late
--- timeout: 20



=== TEST 21: a large report is whole
--- client
my $s = seller("/large");
my $r = ended($s, (create($s, $ledger, @ever,
                          marketplaceIds => \@three))[1]{reportId});
my ($z) = Compress::Zlib::inflateInit(
    -WindowBits => Compress::Zlib::WANT_GZIP());
my ($lines, $rest, $sum, $wrong) = (0, "", 0, 0);
download(address($s, $r->{reportDocumentId})->{url}, data_callback => sub {
    my $text = $rest . $z->inflate(my $copy = $_[0]);
    my @lines = split /\n/, $text, -1;
    $rest = pop(@lines) // "";
    $lines += @lines;
    $wrong += grep { tr/\t// != 15 } @lines;
});
my $truth = 0;
$s->call("GET", "/_sandbox/ledger_detail.csv?seller=S1",
         data_callback => sub { $truth += $_[0] =~ tr/\n// });
$lines == $truth ? "as many" : "$lines $truth",
$lines > 295000 ? "many" : $lines, length $rest, $wrong
--- lines
as many
many
0
0
--- timeout: 60



=== TEST 22: a seller without rows
--- client
my $s = seller("/none");
asked($s, $returns, dataStartTime => "2025-02-15",
      dataEndTime => "2025-03-01"),
scalar(map { @$_ } all_reports($s, reportTypes => $settlements)),
map { scalar($s->truth($_)) } "customer_returns", "settlements"
--- lines
CANCELLED
0
0
0



=== TEST 23: truths that are asked for wrongly
--- client
my $s = seller();
error($s->call("GET", "/_sandbox/nothing.csv?seller=S1")),
error($s->call("GET", "/_sandbox/ledger_detail?seller=S1")),
error($s->call("GET", "/_sandbox/ledger_detail.csv")),
error($s->call("GET", "/_sandbox/ledger_detail.csv?seller=S1&from=x")),
error($s->call("GET", "/_sandbox/ledger_detail.csv?seller=S1"
                      . "&marketplaceIds=,"))
--- lines
404 NotFound
404 NotFound
400 InvalidInput: seller is missing or wrong.
400 InvalidInput: from and to must be times.
400 InvalidInput: marketplaceIds is wrong.



=== TEST 24: an address by TLS
--- http_config eval
"server {
    listen 127.0.0.1:$::tls ssl;
    ssl_certificate $::certificate;
    ssl_certificate_key $::key;
    location /tls {
        amzsync_sandbox zone=tls:1m quota=0 report_time=0;
    }
}"
--- client
my $here = "https://127.0.0.1:$tls/tls";
my $curl = sub { my $answer = `curl -sk @_`; $answer };
my $token = JSON::PP::decode_json($curl->(
    "-d 'grant_type=refresh_token&client_id=c&client_secret=s"
    . "&refresh_token=Atzr|sandbox-S1' $here/auth/o2/token"))->{access_token};
my $header = "-H 'x-amz-access-token: $token'";
my $r = JSON::PP::decode_json($curl->(
    $header, "$here$reports?reportTypes=$settlements"))->{reports}[0];
my $url = JSON::PP::decode_json($curl->(
    $header, "$here/reports/2021-06-30/documents/$r->{reportDocumentId}"))
    ->{url};
index($url, "$here/_document/$r->{reportDocumentId}?") == 0 ? "https" : $url,
Compress::Zlib::memGunzip($curl->("'$url'")) =~ /^(settlement-id)\t/
--- lines
https
settlement-id

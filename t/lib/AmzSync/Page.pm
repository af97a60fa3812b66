package AmzSync::Page;

# Pages of Amazon's answers as text, value by value, and what the tables shall
# have of them.  The columns are told here once more, by hand: what the
# descriptors in src/dataset say is under test.
#
#     my $row = AmzSync::Page::row("orders", order_id => '"1"',
#                                  grand_total => '1e5');
#     my $text = AmzSync::Page::page("orders", [ $row ], '"next token"');
#     my %stored = AmzSync::Page::stored($db, "orders", $user);
#
# Values are JSON as it stands, undef: the member is left out.  Without a value
# a column has its base value, "base".

use strict;
use warnings;

our @sets = qw(marketplaces orders inventory financial_transactions);

# The column that tells the rows of a table apart.
our %key = (
    marketplaces           => "marketplace_id",
    orders                 => "order_id",
    order_items            => "order_item_id",
    inventory              => "seller_sku",
    financial_transactions => "transaction_id",
);

our %array = (
    marketplaces           => "payload",
    orders                 => "orders",
    order_items            => "orderItems",
    inventory              => "payload.inventorySummaries",
    financial_transactions => "payload.transactions",
);

# A value of each type, and how the table shows it.
my %base = (
    NUMERIC => [ '"1.50"', "1.50" ],
    BIGINT  => [ '42', "42" ],
    TIME    => [ '"2026-01-02T03:04:05Z"', "2026-01-02T03:04:05.000000Z" ],
    BOOLEAN => [ 'true', "true" ],
    JSON    => [ '[{"a":1.50}]', '[{"a": 1.50}]' ],
);

# By table, in order: name, path, type.
our %columns;


{
    local $/ = "";

    while (<DATA>) {
        my ($table, @words) = split;

        while (my ($name, $path, $type) = splice @words, 0, 3) {
            push @{ $columns{$table} },
                 { name => $name, path => $path, type => $type };
        }
    }
}


# The base value of a column as JSON, and as the table shows it.

sub base {
    my ($column) = @_;

    return @{ $base{ $column->{type} } || [ qq{"$column->{name}"},
                                            $column->{name} ] };
}


# A row.  Also: members => { path => JSON } instead of the columns there or
# below; how => "escaped", "extra" or "twice", see object().

sub row {
    my ($table, %value) = @_;
    my $how = delete $value{how};
    my %member = %{ delete $value{members} || {} };

    for my $column (@{ $columns{$table} }) {
        my $name = $column->{name};
        my $text = exists $value{$name} ? delete $value{$name}
                                        : (base($column))[0];

        $member{ $column->{path} } = $text
            if defined $text
               && !grep { "$column->{path}." =~ /^\Q$_\E\./ } keys %member;
    }

    die "no column of $table: ", keys %value, "\n" if %value;

    delete @member{ grep { !defined $member{$_} } keys %member };

    return object(\%member, $how || "");
}


# An object of paths.  Its members may have their names escaped, stand among
# unknown ones, or each come twice, a wrong one first.

sub object {
    my ($member, $how) = @_;
    my (%inner, @text);

    for my $path (sort keys %$member) {
        my ($name, $rest) = split /\./, $path, 2;

        if (defined $rest) {
            $inner{$name}{$rest} = $member->{$path};

        } else {
            push @text, [ $name, $member->{$path} ];
        }
    }

    push @text, map { [ $_, object($inner{$_}, $how) ] } sort keys %inner;

    @text = map { member($how, @$_) } @text;

    @text = ('"":0', '"unknown":{"amount":[{"orderId":[null]}]}', @text,
             '"\\u00fcnknown":"\\ud83d\\ude00"')
        if $how eq "extra";

    return "{" . join(",", @text) . "}";
}


sub member {
    my ($how, $name, $value) = @_;
    my $text = qq{"$name":$value};

    if ($how eq "escaped") {
        $name =~ s/(.)/sprintf "\\u%04x", ord $1/ge;
        return qq{"$name":$value};
    }

    return (qq{"$name":[{"x":1e5000}]}, qq{"$name":{"amount":[]}}, $text)
        if $how eq "twice";

    return $text;
}


# An answer; the token is JSON, "how" that of object().

sub page {
    my ($table, $rows, $token, $how) = @_;

    return page("orders", [ row("orders", members => {
        orderItems => "[" . join(",", @$rows) . "]" }) ])
        if $table eq "order_items";

    my %member = ($array{$table} => "[" . join(",", @$rows) . "]");

    $member{ $table eq "financial_transactions" ? "payload.nextToken"
                                                : "pagination.nextToken" }
        = $token
        if defined $token;

    return object(\%member, $how || "");
}


# The pages of a scan, to be answered by the token: "t1" gets the second one.

sub chain {
    my ($table, @pages) = @_;

    return sub {
        my ($call) = @_;
        my $i = defined $call->{token} ? $call->{token} =~ s/^t//r : 0;

        return page($table, $pages[$i], $i < $#pages ? '"t' . ($i + 1) . '"'
                                                     : undef);
    };
}


# The rows of a user by their key: column => text, undef for NULL.

sub stored {
    my ($db, $table, $user) = @_;
    my %rows;

    for my $row (rows($db, $table, $user)) {
        my $key = $row->{ $key{$table} };
        $rows{ defined $key ? $key : "" } = $row;
    }

    return %rows;
}


sub rows {
    my ($db, $table, $user) = @_;
    my @names = map { $_->{name} } @{ $columns{$table} };

    my @select = map {
        $_->{type} eq "TIME"
        ? qq{to_char($_->{name} AT TIME ZONE 'UTC',
                     'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')}
        : "$_->{name}::text"
    } @{ $columns{$table} };

    return map {
        my $row = $_;
        +{ map { $names[$_] => $row->[$_] } 0 .. $#names };
    } $db->sql("SELECT " . join(", ", @select) . " FROM amzsync.$table
                 WHERE user_id = '$user' ORDER BY 1, 2, 3");
}


1;

__DATA__
marketplaces
    marketplace_id              marketplace.id                          TEXT
    name                        marketplace.name                        TEXT
    country_code                marketplace.countryCode                 TEXT
    default_currency_code       marketplace.defaultCurrencyCode         TEXT
    default_language_code       marketplace.defaultLanguageCode         TEXT
    domain_name                 marketplace.domainName                  TEXT
    is_participating            participation.isParticipating           BOOLEAN
    has_suspended_listings      participation.hasSuspendedListings      BOOLEAN
    store_name                  storeName                               TEXT

orders
    order_id                    orderId                                 TEXT
    created_time                createdTime                             TIME
    last_updated_time           lastUpdatedTime                         TIME
    fulfillment_status          fulfillment.fulfillmentStatus           TEXT
    fulfilled_by                fulfillment.fulfilledBy                 TEXT
    fulfillment_service_level   fulfillment.fulfillmentServiceLevel     TEXT
    ship_by_earliest            fulfillment.shipByWindow.earliestDateTime TIME
    ship_by_latest              fulfillment.shipByWindow.latestDateTime TIME
    deliver_by_earliest
        fulfillment.deliverByWindow.earliestDateTime TIME
    deliver_by_latest           fulfillment.deliverByWindow.latestDateTime TIME
    channel_name                salesChannel.channelName                TEXT
    marketplace_id              salesChannel.marketplaceId              TEXT
    marketplace_name            salesChannel.marketplaceName            TEXT
    grand_total                 proceeds.grandTotal.amount              NUMERIC
    currency                    proceeds.grandTotal.currencyCode        TEXT
    proceeds_breakdowns         proceeds.breakdowns                     JSON
    programs                    programs                                JSON
    order_aliases               orderAliases                            JSON
    associated_orders           associatedOrders                        JSON

order_items
    order_item_id               orderItemId                             TEXT
    quantity_ordered            quantityOrdered                         BIGINT
    quantity_fulfilled          fulfillment.quantityFulfilled           BIGINT
    quantity_unfulfilled        fulfillment.quantityUnfulfilled         BIGINT
    asin                        product.asin                            TEXT
    seller_sku                  product.sellerSku                       TEXT
    title                       product.title                           TEXT
    condition_type              product.condition.conditionType         TEXT
    condition_subtype           product.condition.conditionSubtype      TEXT
    unit_price                  product.price.unitPrice.amount          NUMERIC
    unit_price_currency         product.price.unitPrice.currencyCode    TEXT
    price_designation           product.price.priceDesignation          TEXT
    proceeds_total              proceeds.proceedsTotal.amount           NUMERIC
    proceeds_currency           proceeds.proceedsTotal.currencyCode     TEXT
    proceeds_breakdowns         proceeds.breakdowns                     JSON
    programs                    programs                                JSON
    serial_numbers              product.serialNumbers                   JSON

inventory
    seller_sku                  sellerSku                               TEXT
    fn_sku                      fnSku                                   TEXT
    condition                   condition                               TEXT
    asin                        asin                                    TEXT
    product_name                productName                             TEXT
    last_updated_time           lastUpdatedTime                         TIME
    total_quantity              totalQuantity                           BIGINT
    fulfillable_quantity        inventoryDetails.fulfillableQuantity    BIGINT
    inbound_working_quantity    inventoryDetails.inboundWorkingQuantity BIGINT
    inbound_shipped_quantity    inventoryDetails.inboundShippedQuantity BIGINT
    inbound_receiving_quantity  inventoryDetails.inboundReceivingQuantity BIGINT
    reserved_quantity
        inventoryDetails.reservedQuantity.totalReservedQuantity BIGINT
    reserved_customer_order_quantity
        inventoryDetails.reservedQuantity.pendingCustomerOrderQuantity BIGINT
    reserved_transshipment_quantity
        inventoryDetails.reservedQuantity.pendingTransshipmentQuantity BIGINT
    reserved_fc_processing_quantity
        inventoryDetails.reservedQuantity.fcProcessingQuantity BIGINT
    researching_quantity
        inventoryDetails.researchingQuantity.totalResearchingQuantity BIGINT
    researching_breakdown
        inventoryDetails.researchingQuantity.researchingQuantityBreakdown JSON
    unfulfillable_quantity
        inventoryDetails.unfulfillableQuantity.totalUnfulfillableQuantity BIGINT
    unfulfillable_customer_damaged_quantity
        inventoryDetails.unfulfillableQuantity.customerDamagedQuantity BIGINT
    unfulfillable_warehouse_damaged_quantity
        inventoryDetails.unfulfillableQuantity.warehouseDamagedQuantity BIGINT
    unfulfillable_distributor_damaged_quantity
        inventoryDetails.unfulfillableQuantity.distributorDamagedQuantity BIGINT
    unfulfillable_carrier_damaged_quantity
        inventoryDetails.unfulfillableQuantity.carrierDamagedQuantity BIGINT
    unfulfillable_defective_quantity
        inventoryDetails.unfulfillableQuantity.defectiveQuantity BIGINT
    unfulfillable_expired_quantity
        inventoryDetails.unfulfillableQuantity.expiredQuantity BIGINT
    stores                      stores                                  JSON

financial_transactions
    transaction_id              transactionId                           TEXT
    transaction_type            transactionType                         TEXT
    transaction_status          transactionStatus                       TEXT
    description                 description                             TEXT
    posted_date                 postedDate                              TIME
    total_amount                totalAmount.currencyAmount              NUMERIC
    currency                    totalAmount.currencyCode                TEXT
    marketplace_id              marketplaceDetails.marketplaceId        TEXT
    marketplace_name            marketplaceDetails.marketplaceName      TEXT
    seller_marketplace_id       sellingPartnerMetadata.marketplaceId    TEXT
    account_type                sellingPartnerMetadata.accountType      TEXT
    related_identifiers         relatedIdentifiers                      JSON
    items                       items                                   JSON
    contexts                    contexts                                JSON
    breakdowns                  breakdowns                              JSON

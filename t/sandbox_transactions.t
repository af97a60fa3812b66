# The sandbox's financial transactions: Amazon's rules, what a seller has and
# its truth, faults.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

use AmzSync::Script;
use Time::HiRes qw(sleep time);

our $path = "/finances/2024-06-19/transactions";

# Windows of less than 180 days that together hold everything.

our @windows = ([ "2025-06-15", "2025-12-01" ], [ "2025-12-01", "2026-05-01" ],
                [ "2026-05-01", "2026-09-01" ], [ "2026-09-01", "2026-11-02" ]);


sub list {
    my ($seller, @param) = @_;
    my %param = @param;

    delete @param{ grep { !defined $param{$_} } keys %param };

    return $seller->get($path, %param);
}


# The payload of each page.

sub pages {
    my ($seller, @param) = @_;
    my (@pages, $token);

    do {
        my ($status, $json, $answer) = list($seller, @param,
                                            nextToken => $token);
        die error($status, $json) if $status != 200;
        $json->{payload}{text} = $answer->{content};
        push @pages, $json->{payload};
        $token = $json->{payload}{nextToken};
    } while (defined $token && @pages < 1000);

    return @pages;
}


sub all {
    return map { @{ $_->{transactions} } } pages(@_);
}


# All windows, or those up to a later time.

sub everything {
    my ($seller, @param) = @_;
    my $end = @param % 2 ? shift @param : $windows[-1][1];

    return map { all($seller, postedAfter => $_->[0],
                     postedBefore => $_ == $windows[-1] ? $end : $_->[1],
                     @param) } @windows;
}


# Numbers as the text that they have in an answer: a string that begins with
# "#".  Then JSON can be compared to the letter.

sub exact {
    my ($text) = @_;

    $text =~ s/("(?:[^"\\]|\\.)*+")|(-?\d[\d.eE+-]*)/
               defined $1 ? $1 : "\"#$2\""/gex;

    return JSON::PP::decode_json($text);
}


sub exact_all {
    my ($seller, @param) = @_;

    return map { @{ exact($_->{text})->{payload}{transactions} } }
           pages($seller, @param);
}


sub number {
    my ($text) = @_;

    return defined $text ? $text =~ s/^#//r : undef;
}


# A transaction of exact_all() as the truth has it, as one text.

sub row {
    my ($t) = @_;
    my $total = $t->{totalAmount};
    my $market = $t->{marketplaceDetails};
    my $meta = $t->{sellingPartnerMetadata};

    return JSON::PP->new->canonical->encode([
        @$t{qw(transactionId transactionType transactionStatus description)},
        $t->{postedDate} =~ s/:(\d\d)Z$/:$1.000Z/r,
        number($total->{currencyAmount}), $total->{currencyCode},
        @$market{qw(marketplaceId marketplaceName)},
        @$meta{qw(marketplaceId accountType)},
        @$t{qw(relatedIdentifiers items contexts breakdowns)} ]);
}


our @columns = qw(transaction_id transaction_type transaction_status
    description posted_date total_amount currency marketplace_id
    marketplace_name seller_marketplace_id account_type);

sub truth_row {
    my ($row) = @_;
    my @texts = map { utf8::decode(my $t = $_) if defined; $t // $_ }
                @$row{@columns};

    return JSON::PP->new->canonical->encode([
        @texts, map { defined ? exact($_) : undef }
                @$row{qw(related_identifiers items contexts breakdowns)} ]);
}


sub truth {
    my ($seller) = @_;

    return map { truth_row($_) } $seller->truth("financial_transactions");
}


# The marketplace of a transaction, or nothing.

sub market {
    my ($t) = @_;
    my $market = $t->{marketplaceDetails} || {};

    return $market->{marketplaceId} // "";
}


# One related identifier of a transaction.

sub related {
    my ($t, $name) = @_;
    my ($found) = grep { $_->{relatedIdentifierName} eq $name }
                  @{ $t->{relatedIdentifiers} || [] };

    return $found ? $found->{relatedIdentifierValue} : undef;
}


our $config = <<'END';
    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m seed=1 transactions=1200 orders=500
                        quota=0 until=2026-11-01T00:00:00Z;
    }

    location /small/ {
        amzsync_sandbox zone=small:1m transactions=300 transactions_page=10
                        quota=0 duplicates=on
                        until=2026-11-01T00:00:00Z;
    }

    location /short/ {
        amzsync_sandbox zone=short:1m transactions=300 quota=0
                        transactions_ttl=5 until=2026-11-01T00:00:00Z;
    }

    location /today/ {
        amzsync_sandbox zone=today:1m transactions=300 quota=0;
    }

    location /empty/ {
        amzsync_sandbox zone=empty:1m transactions=0 orders=0 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /one/ {
        amzsync_sandbox zone=one:1m transactions=1 orders=0 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /many/ {
        amzsync_sandbox zone=many:1m transactions=10000000 orders=1000 quota=0
                        until=2026-11-01T00:00:00Z;
    }

    location /quota/ {
        amzsync_sandbox zone=quota:1m quota=1;
    }

    location /aimed/ {
        amzsync_sandbox zone=aimed:1m quota=0
                        fault=http_500:2:listTransactions;
    }

    location /cut/ {
        amzsync_sandbox zone=f1:1m quota=0 fault=cut:1;
    }

    location /cut_many/ {
        amzsync_sandbox zone=f9:1m transactions=10000000 quota=0 fault=cut:1
                        until=2026-11-01T00:00:00Z;
    }

    location /malformed/ {
        amzsync_sandbox zone=f2:1m quota=0 fault=malformed:1;
    }

    location /wrong_type/ {
        amzsync_sandbox zone=f3:1m quota=0 fault=wrong_type:1
                        until=2026-11-01T00:00:00Z;
    }

    location /bad_utf8/ {
        amzsync_sandbox zone=f4:1m quota=0 fault=bad_utf8:1
                        until=2026-11-01T00:00:00Z;
    }

    location /huge/ {
        amzsync_sandbox zone=f5:1m quota=0 fault=huge:1;
    }

    location /same_token/ {
        amzsync_sandbox zone=f6:1m quota=0 fault=same_token:1;
    }

    location /denials/ {
        amzsync_sandbox zone=f7:1m quota=0 fault=expired:2 fault=denied:3
                        fault=throttle:5;
    }

    location /slow/ {
        amzsync_sandbox zone=f8:1m quota=0 fault=slow:1;
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

=== TEST 1: what is refused
--- client
my $s = seller();
my $t = sub { error(list($s, @_)) };
my @after = (postedAfter => "2026-09-01T00:00:00Z");
$t->(),
$t->(postedBefore => "2022-03-07"),
$t->(transactionStatus => "RELEASED"),
$t->(postedAfter => "yesterday"),
$t->(postedAfter => ""),
$t->(@after, postedBefore => "2026-02-30"),
$t->(postedAfter => moment(-110)),
$t->(@after, postedBefore => moment(-110)),
$t->(postedAfter => moment(3600)),
$t->(@after, postedBefore => "2026-08-01"),
$t->(@after, postedBefore => "2026-09-01"),
$t->(@after, transactionStatus => "released"),
$t->(@after, transactionStatus => "RELEASED,DEFERRED"),
$t->(@after, marketplaceId => ""),
$t->(@after, relatedIdentifierName => "ORDER_ID"),
$t->(relatedIdentifierValue => "1"),
$t->(relatedIdentifierName => "REFUND_ID", relatedIdentifierValue => "1"),
$t->(@after, nextToken => ""),
$t->(@after, nextToken => "x"),
error($s->get($path, "postedAfter=2026-09-01&postedAfter=2026-09-01")),
error($s->get($path, "postedAfter=2026-09-01&x=%ff"))
--- lines
400 InvalidInput: Start date cannot be null
400 InvalidInput: Start date cannot be null
400 InvalidInput: Start date cannot be null
400 InvalidInput: postedAfter must be a date in ISO 8601 format.
400 InvalidInput: postedAfter must be a date in ISO 8601 format.
400 InvalidInput: postedBefore must be a date in ISO 8601 format.
400 InvalidInput: postedAfter and postedBefore must be more than two minutes b
400 InvalidInput: postedAfter and postedBefore must be more than two minutes b
400 InvalidInput: postedAfter and postedBefore must be more than two minutes b
400 InvalidInput: postedBefore must be later than postedAfter.
400 InvalidInput: postedBefore must be later than postedAfter.
400 InvalidInput: transactionStatus has an unknown value.
400 InvalidInput: transactionStatus has an unknown value.
400 InvalidInput: marketplaceId is empty.
400 InvalidInput: relatedIdentifierName and relatedIdentifierValue must be pro
400 InvalidInput: relatedIdentifierName and relatedIdentifierValue must be pro
400 InvalidInput: relatedIdentifierName must be FINANCIAL_EVENT_GROUP_ID or OR
400 InvalidInput: nextToken is empty.
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p
400 InvalidInput: A parameter that takes one value is repeated.
400 InvalidInput: The query string is not well-formed.



=== TEST 2: what is taken, and the form of an answer
--- client
my $s = seller();
my ($status, $json, $answer) = list($s, postedAfter => "2026-09-01");
$status, join(" ", keys %$json),
exists $json->{payload}{transactions} ? "transactions" : "none",
$answer->{headers}{"content-type"},
exists $answer->{headers}{"x-amzn-requestid"} ? "id" : "no id",
$answer->{headers}{"x-amzn-ratelimit-limit"},
(map { (list($s, @$_))[0] }
    [ postedAfter => "2026-09-01T00:00:00.000+02:00" ],
    [ postedAfter => moment(-130) ],
    [ postedAfter => "2026-09-01", postedBefore => moment(-121) ],
    [ postedAfter => "2026-09-01", marketplaceId => "none", unknown => 1 ],
    [ relatedIdentifierName => "ORDER_ID", relatedIdentifierValue => "1" ])
--- lines
200
payload
transactions
application/json
id
1000.0
200
200
200
200
200



=== TEST 3: all windows together are the truth, to the digit
--- client
my $s = seller();
my @rows = map { row($_) }
           map { exact_all($s, postedAfter => $_->[0],
                           postedBefore => $_->[1]) } @windows;
my @truth = truth($s);
my @dates = map { $_->{posted_date} } $s->truth("financial_transactions");
scalar @rows, same(\@rows, \@truth), same(\@dates, [ sort @dates ]),
substr($dates[0], 0, 7), substr($dates[-1], 0, 7)
--- lines
1200
same
same
2025-06
2026-09
--- timeout: 20



=== TEST 4: postedAfter is in the window, postedBefore is not
--- client
my $s = seller();
my @dates = map { $_->{posted_date} } $s->truth("financial_transactions");
my ($from, $to) = @dates[650, 800];
my @wanted = grep { $_ ge $from && $_ lt $to } @dates;
my @found = map { $_->{postedDate} =~ s/:(\d\d)Z$/:$1.000Z/r }
            all($s, postedAfter => $from, postedBefore => $to);
same(\@found, \@wanted), $found[0] eq $from ? "from" : $found[0],
$found[-1] lt $to ? "to" : $found[-1],
(grep { $dates[$_] eq $dates[$_ + 1] } 0 .. $#dates - 1) > 100 ? "ties" : "no"
--- lines
same
from
to
ties



=== TEST 5: more than 180 days are empty, and no error
--- client
my $s = seller();
my $t = sub {
    my ($status, $json) = list($s, @_);
    my $p = $json->{payload};
    "$status " . (@{ $p->{transactions} } ? "some" : "none") . " "
        . (defined $p->{nextToken} ? "token" : "end");
};
my $some = sub { scalar(all($s, @_)) ? "some" : "none" };
my $before = "2026-10-31T00:00:00Z";
$t->(postedAfter => "2026-05-03T23:59:59Z", postedBefore => $before),
$t->(postedAfter => "2025-01-01T00:00:00Z", postedBefore => $before),
$t->(postedAfter => "2025-01-01T00:00:00Z"),
$t->(postedAfter => moment(-181 * 86400)),
$t->(postedAfter => "2025-01-01", relatedIdentifierName => "ORDER_ID",
     relatedIdentifierValue => "1"),
$some->(postedAfter => "2026-05-04T00:00:00Z", postedBefore => $before),
$some->(postedAfter => moment(-179 * 86400))
--- lines
200 none end
200 none end
200 none end
200 none end
200 none end
some
some



=== TEST 6: the default of postedBefore is two minutes ago, on every page
--- client
my $s = seller("/today", "T6");
$s->revise(1, at => moment(-121));
$s->revise(2, at => moment(-60));
my @truth = $s->truth("financial_transactions");
my @late = grep { $_->{posted_date} gt moment(-110) } @truth;
my @found = all($s, postedAfter => moment(-100 * 86400));
my @old = grep { $_->{postedDate} gt moment(-110) } @found;
scalar @late > 0 ? "late" : "none", scalar @old,
(grep { $_->{postedDate} gt moment(-180) } @found) > 2 ? "there" : "missing"
--- lines
late
0
there



=== TEST 7: pages have a hundred, some are empty with a token
--- client
my $s = seller();
my @pages = map { [ pages($s, postedAfter => $_->[0],
                          postedBefore => $_->[1]) ] } @windows;
my %count;
for my $window (@pages) {
    $count{full}++ for grep { @{ $_->{transactions} } == 100 } @$window;
    $count{more}++ for grep { @{ $_->{transactions} } > 100 } @$window;
    $count{end}++ if !defined $window->[-1]{nextToken};
}
my $small = seller("/today");
my (%first, %null);
for my $day (20 .. 120) {
    my ($page, @more) = pages($small, postedAfter => moment(-$day * 86400));
    $first{ @{ $page->{transactions} } ? "rows" : "empty" }++;
    $null{ exists +($more[-1] || $page)->{nextToken} ? "null" : "absent" }++;
}
$count{full} > 5 ? "full" : $count{full}, $count{more} // 0, $count{end},
$first{empty} >= 5 && $first{empty} <= 30 ? "some are empty at first"
    : $first{empty},
join(" ", sort keys %null)
--- lines
full
0
4
some are empty at first
absent null
--- timeout: 30



=== TEST 8: one page in seven is empty, always the same
--- client
my $s = seller("/small", "S8");
my $t = sub { join "", map { @{ $_->{transactions} } ? "x" : "-" }
              pages($s, postedAfter => "2026-05-10",
                    postedBefore => "2026-11-01") };
my ($one, $two) = ($t->(), $t->());
$one eq $two ? "same" : "different",
$one =~ /^x{0,6}(?:-x{6})*(?:-x{0,6})?$/ ? "one in seven" : $one,
$one =~ /-/ ? "empty" : "none"
--- lines
same
one in seven
empty



=== TEST 9: numbers keep forms that doubles lose
--- client
my $s = seller();
my %seen;
$seen{ $_->{total_amount} // "NULL" }++
    for $s->truth("financial_transactions");
my $text = join "", map { $_->{text} } map { pages($s,
    postedAfter => $_->[0], postedBefore => $_->[1]) } @windows;
(map { my $digits = $_;
       "$digits " . ($seen{$digits} ? "truth" : "none") . " "
       . ($text =~ /"currencyAmount":\Q$digits\E[,}]/ ? "answer" : "none") }
    qw(10.00 0.10 12345678901234.5678 1.5e2 -0.0 -2.50E+1 1E-2 0)),
(grep { /^-\d+\.\d{4}$/ } keys %seen) > 5 ? "negative" : "none",
(grep { /^\d+\.\d{4}$/ } keys %seen) > 5 ? "four decimals" : "none",
$seen{NULL} ? "NULL" : "none"
--- lines
10.00 truth answer
0.10 truth answer
12345678901234.5678 truth answer
1.5e2 truth answer
-0.0 truth answer
-2.50E+1 truth answer
1E-2 truth answer
0 truth answer
negative
four decimals
NULL



=== TEST 10: ids are unique, or missing, and some rows are there twice
--- client
my $s = seller();
my @pages = map { pages($s, postedAfter => $_->[0], postedBefore => $_->[1]) }
            @windows;
my (%id, %row, %page);
my ($absent, $null, $n) = (0, 0, 0);
for my $page (@pages) {
    $n++;
    for my $t (@{ exact($page->{text})->{payload}{transactions} }) {
        my $row = row($t);
        $row{$row}++;
        $page{$row}{$n} = 1;
        $id{ $t->{transactionId} }++ if defined $t->{transactionId};
        $absent++ if !exists $t->{transactionId};
        $null++ if exists $t->{transactionId} && !defined $t->{transactionId};
    }
}
my @twice = grep { $row{$_} > 1 } keys %row;
my %type = map { JSON::PP::decode_json($_)->[1] => 1 } @twice;
(grep { $_ > 1 } values %id) ? "twice" : "unique",
$absent > 20 && $null > 20 ? "missing" : "$absent $null",
scalar @twice, join(" ", keys %type),
(grep { keys %{ $page{$_} } > 1 } @twice) >= 6 ? "two pages" : "one",
(grep { keys %{ $page{$_} } == 1 } @twice) >= 6 ? "one page" : "two"
--- lines
unique
missing
24
ServiceFee
two pages
one page



=== TEST 11: the data hold what breaks programs
--- client
my $s = seller();
my @rows = everything($s);
my $ways = sub {
    my ($name) = @_;
    my @ways = ((grep { !exists $_->{$name} } @rows) > 0,
                (grep { exists $_->{$name} && !defined $_->{$name} } @rows) > 0,
                (grep { defined $_->{$name} && ref $_->{$name} eq "ARRAY"
                        && !@{ $_->{$name} } } @rows) > 0);
    join " ", $name, map { $_ ? "yes" : "no" } @ways;
};
my %type = map { $_->{transactionType} => 1 } @rows;
my %context = map { map { $_->{contextType} => 1 }
    @{ $_->{contexts} || [] },
    map { @{ $_->{contexts} || [] } } @{ $_->{items} || [] } } @rows;
my ($deep) = grep { @{ $_->{breakdowns} || [] } > 1 } @rows;
my $b = $deep->{breakdowns}[1]{breakdowns}[0]{breakdowns}[0]{breakdowns}[0];
(map { $ways->($_) } qw(items contexts breakdowns relatedIdentifiers
                        marketplaceDetails totalAmount)),
join(" ", sort keys %type), join(" ", sort keys %context),
$b->{breakdownType},
(grep { exists $_->{unknownMember} } @rows) > 5 ? "unknown" : "none",
(grep { ($_->{description} // "") =~ /[^\x00-\x7f]/ } @rows) ? "wide" : "no",
(grep { exists $_->{description} && !defined $_->{description} } @rows)
    ? "null" : "no",
(grep { ($_->{description} // "x") eq "" } @rows) ? "empty" : "no"
--- lines
items yes yes yes
contexts yes yes yes
breakdowns yes yes yes
relatedIdentifiers yes yes no
marketplaceDetails yes yes no
totalAmount yes yes no
Adjustment Chargeback ProductAdsPayment Refund ServiceFee Shipment Transfer
AmazonPayContext DeferredContext PaymentsContext ProductContext TimeRangeContext
Base
unknown
wide
null
empty



=== TEST 12: filters: status, marketplace
--- client
my $s = seller("/amazon", "F12");
$s->revise(3, at => "2026-11-01T12:00:00Z");
my @rows = everything($s);
my $id = sub { join "\n", sort map { JSON::PP->new->canonical->encode($_) } @_ };
my $check = sub {
    my ($keep, @param) = @_;
    my @found = everything($s, @param);
    @found > 0 && $id->(@found) eq $id->(grep { $keep->($_) } @rows)
        ? "same" : "different";
};
my $of = sub {
    my ($id) = @_;
    $check->(sub { market($_[0]) eq $id }, marketplaceId => $id);
};
my $us = "ATVPDKIKX0DER";
my %us = map { ($_->{transactionId} // "") => 1 }
         everything($s, marketplaceId => $us);
my @missing = grep { market($_) eq $us
                     && !$us{ $_->{transactionId} // "" } } @rows;
my %network = map { $_->{fulfillmentNetwork} => 1 }
              map { @{ $_->{contexts} } } map { @{ $_->{items} || [] } }
              @missing;
(map { my $status = $_; $check->(sub { $_[0]{transactionStatus} eq $status },
                                 transactionStatus => $status) }
    qw(RELEASED DEFERRED DEFERRED_RELEASED)),
$of->("A2EUQ1WTGCTBG2"), $of->("A1AM78C64UM0Y8"), keys %network,
scalar(everything($s, marketplaceId => "A1F83G8C2ARO7P"))
--- lines
same
same
same
same
same
MFN
0
--- timeout: 60



=== TEST 13: filters: orders and groups, without a time and with one
--- client
my $s = seller("/amazon", "F13");
$s->revise(2, at => "2026-11-01T12:00:00Z");
my @rows = everything($s);
my (%order, %group);
for my $t (@rows) {
    my ($o, $g) = map { related($t, $_) } qw(ORDER_ID FINANCIAL_EVENT_GROUP_ID);
    push @{ $order{$o} }, $t if defined $o;
    push @{ $group{$g} }, $t if defined $g;
}
my $wrong = sub {
    my ($name, $rows, @ids) = @_;
    scalar grep { same([ all($s, relatedIdentifierName => $name,
                             relatedIdentifierValue => $_) ], $rows->{$_})
                  ne "same" } @ids;
};
my ($three) = grep { @{ $order{$_} } == 3 } sort keys %order;
my @times = map { $_->{postedDate} } @{ $order{$three} };
my %known = map { $_->{order_id} => 1 } $s->truth("orders");
my @ask = (relatedIdentifierName => "ORDER_ID",
           relatedIdentifierValue => $three);
$wrong->("ORDER_ID", \%order, (sort keys %order)[0 .. 40], $three),
$wrong->("FINANCIAL_EVENT_GROUP_ID", \%group, keys %group),
scalar(grep { !$known{$_} } keys %order),
scalar(all($s, @ask)),
scalar(all($s, @ask, postedAfter => $times[2])),
scalar(all($s, @ask, postedBefore => $times[2])),
scalar(all($s, @ask, postedBefore => $times[0])),
scalar(all($s, @ask[0, 1], relatedIdentifierValue => "123-1234567-1234567")),
scalar(all($s, relatedIdentifierName => "FINANCIAL_EVENT_GROUP_ID",
           relatedIdentifierValue => "G0123456789abcdef-1"))
--- lines
0
0
0
3
1
2
0
0
0
--- timeout: 60



=== TEST 14: a revision releases what was deferred, and adds
--- client
my $s = seller("/amazon", "R14");
my %old = map { $_->{transaction_id} => $_ }
          grep { defined $_->{transaction_id} }
          $s->truth("financial_transactions");
my @before = truth($s);
my $at = "2026-11-01T12:00:00.000Z";
$s->revise(1, at => $at);
my @rows = $s->truth("financial_transactions");
my @new = @rows[scalar(@before) .. $#rows];
my @changed = grep {
    my $was = defined $_->{transaction_id} && $old{ $_->{transaction_id} };
    $was && same($_, $was) ne "same";
} @rows;
my %columns;
for my $row (@changed) {
    my $was = $old{ $row->{transaction_id} };
    $columns{$_}++ for grep { ($row->{$_} // "") ne ($was->{$_} // "") }
                       keys %$row;
}
my %from = map { $old{ $_->{transaction_id} }{transaction_status} => 1 }
           @changed;
my %to = map { $_->{transaction_status} => 1 } @changed;
my %released;
for my $row (@new) {
    my $related = JSON::PP::decode_json($row->{related_identifiers} // "[]");
    my $id = related({ relatedIdentifiers => $related },
                     "DEFERRED_TRANSACTION_ID");
    $released{$id} = $row->{transaction_status} if defined $id;
}
my $oldest = (sort map { $_->{posted_date} } @changed)[0];
my @all = map { row($_) } map { exact_all($s, postedAfter => $_->[0],
                                postedBefore => $_->[1]) } @windows;
$s->revise(0);
scalar @changed, join(" ", sort keys %columns), keys %from, keys %to,
same([ sort keys %released ],
     [ sort map { $_->{transaction_id} } @changed ]),
join(" ", keys %{{ reverse %released }}),
$oldest lt "2026-10-25" && $oldest gt "2026-08" ? "weeks ago" : $oldest,
scalar(grep { $_->{posted_date} ne $at } @new),
@new > @changed ? "others, too" : "none",
scalar(grep { !defined $_->{transaction_id} } @new) >= 2 ? "no id" : "ids",
scalar(grep { $_->{transaction_status} eq "DEFERRED" } @new) ? "deferred"
    : "none",
scalar @all == @rows ? "all" : scalar @all,
same([ truth($s) ], \@before)
--- lines
1
description transaction_status
DEFERRED
DEFERRED_RELEASED
same
RELEASED
weeks ago
0
others, too
no id
deferred
all
same
--- timeout: 20



=== TEST 15: many revisions: everything once, in the order of time
--- client
my $s = seller("/amazon", "R15");
my @lines;
my $deferred = sub { scalar grep { $_->{transaction_status} eq "DEFERRED"
                                   && $_->{posted_date} lt "2026-11" }
                     $s->truth("financial_transactions") };
for my $n (1, 2, 7, 16, 17, 64) {
    $s->revise($n, at => sprintf("2026-11-01T12:00:%02dZ", $n % 60 + $n / 60));
    my @rows = map { row($_) } map { exact_all($s, postedAfter => $_->[0],
                                     postedBefore => $_->[1]) } @windows;
    push @lines, join " ", $n, $deferred->(), same(\@rows, [ truth($s) ]);
}
@lines
--- lines
1 11 same
2 10 same
7 5 same
16 0 same
17 0 same
64 0 same
--- timeout: 60



=== TEST 16: a token goes with its seller and parameters, and not with others
--- client
my $s = seller();
my @param = (postedAfter => "2026-05-10", postedBefore => "2026-11-01",
             transactionStatus => "RELEASED");
my ($status, $json) = list($s, @param);
my $token = $json->{payload}{nextToken};
my $t = sub { (list($s, @_, nextToken => $token))[0] };
my @again = map { (list($s, @param, nextToken => $token))[1] } 1, 2;
$t->(@param),
$t->(@param, unknown => 1),
$t->(postedAfter => "2026-05-10T00:00:00Z", @param[2 .. 5]),
$t->(),
$t->(@param[0 .. 3]),
$t->(@param[0, 1, 4, 5]),
$t->(@param[2 .. 5], postedAfter => "2026-05-11"),
$t->(@param[0, 1, 4, 5], postedBefore => "2026-10-31"),
$t->(@param[0 .. 3], transactionStatus => "DEFERRED"),
$t->(@param, marketplaceId => "ATVPDKIKX0DER"),
$t->(@param, relatedIdentifierName => "ORDER_ID",
     relatedIdentifierValue => "1"),
(list(seller("/amazon", "S2"), @param, nextToken => $token))[0],
(list($s, @param, nextToken => $token =~ s/^(.{60})./$1!/r))[0],
same(map { $_->{payload}{transactions} } @again),
(map { index($token, $_) >= 0 ? "yes" : "no" } "+", "/", "="),
error($s->get($path, "postedAfter=2026-05-10&postedBefore=2026-11-01"
                     . "&transactionStatus=RELEASED&nextToken=$token"))
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
400
400
same
yes
yes
yes
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p



=== TEST 17: tokens of inventory are none of transactions
--- client
my $s = seller();
my $us = "ATVPDKIKX0DER";
my ($status, $json) = $s->get("/fba/inventory/v1/summaries",
    granularityType => "Marketplace", granularityId => $us,
    marketplaceIds => $us);
my $token = $json->{pagination}{nextToken};
error(list($s, postedAfter => "2026-09-01", nextToken => $token))
--- lines
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p



=== TEST 18: a token dies
--- client
my $s = seller("/short");
my @param = (postedAfter => "2026-05-10", postedBefore => "2026-11-01");
my ($status, $json) = list($s, @param);
my $token = $json->{payload}{nextToken};
my ($before) = list($s, @param, nextToken => $token);
sleep 6.1;
$before, error(list($s, @param, nextToken => $token))
--- lines
200
400 InvalidInput: The nextToken is invalid, has expired, or belongs to other p
--- timeout: 20



=== TEST 19: duplicates: rows with an id again on the following page
--- client
my $s = seller("/small", "D19");
my @param = (postedAfter => "2026-05-10", postedBefore => "2026-11-01");
my @pages = map { exact($_->{text})->{payload}{transactions} }
            pages($s, @param);
my @truth = grep { $_->{posted_date} ge "2026-05-10" }
            $s->truth("financial_transactions");
my (%seen, %truth);
$seen{ row($_) }++ for map { @$_ } @pages;
$truth{ truth_row($_) }++ for @truth;
my @more = grep { $seen{$_} > $truth{$_} } keys %seen;
same([ sort keys %seen ], [ sort keys %truth ]), @more > 1 ? "some" : @more,
scalar(grep { !defined JSON::PP->new->decode($_)->[0] } @more),
scalar(grep { @$_ > 10 } @pages)
--- lines
same
some
0
0
--- timeout: 10



=== TEST 20: none, one, ten million
--- client
my $empty = seller("/empty");
my $one = seller("/one");
my $many = seller("/many");
$empty->revise(3, at => "2026-11-01T12:00:00Z");
my @param = (postedAfter => "2026-05-10", postedBefore => "2026-11-01");
my ($status, $json, @sizes);
my $token;
for (1 .. 8) {
    ($status, $json) = list($many, @param, nextToken => $token);
    $token = $json->{payload}{nextToken};
    push @sizes, scalar @{ $json->{payload}{transactions} };
}
$many->revise(5, at => "2026-11-01T12:00:00Z");
my @answers = map { [ list($many, @param, @$_) ] } (
    [ transactionStatus => "DEFERRED_RELEASED" ],
    [ marketplaceId => "A1AM78C64UM0Y8" ],
    [ postedAfter => "2026-11-01", postedBefore => "2026-11-02" ] );
my ($id) = grep { defined } map { related($_, "ORDER_ID") }
           map { @{ $_->[1]{payload}{transactions} } } @answers;
push @answers, [ list($many, relatedIdentifierName => "ORDER_ID",
                      relatedIdentifierValue => $id) ];
scalar($empty->truth("financial_transactions")), scalar(everything($empty)),
scalar($one->truth("financial_transactions")), scalar(everything($one)),
scalar(grep { $_ == 100 } @sizes) >= 6 ? "full" : "@sizes",
join(" ", map { $_->[0] } @answers)
--- lines
0
0
1
1
full
200 200 200 200
--- timeout: 20



=== TEST 21: the same seed gives the same data, another seller other data
--- client
my @truth = map { [ truth(seller("/amazon", $_)) ] } "S1", "S1", "S2";
same($truth[0], $truth[1]), same($truth[0], $truth[2])
--- lines
same
different
--- timeout: 10



=== TEST 22: quotas: ten, then one in two seconds
--- client
my $s = seller("/quota", "Q" . int rand 1e9);
my @answers = map { [ list($s, postedAfter => moment(-86400)) ] } 1 .. 11;
scalar(grep { $_->[0] == 200 } @answers), error(@{ $answers[10] }),
$answers[10][1]{errors}[0]{message},
$answers[0][2]{headers}{"x-amzn-ratelimit-limit"},
$answers[10][2]{headers}{"x-amzn-ratelimit-limit"} // "no rate",
exists $answers[10][2]{headers}{"x-amzn-requestid"} ? "id" : "no id"
--- lines
10
429 QuotaExceeded
You exceeded your quota for the requested resource.
0.5
no rate
id



=== TEST 23: no token, an expired one, faults by their number
--- client
my $s = seller("/denials");
my @after = (postedAfter => "2026-09-01");
my $aimed = seller("/aimed");
my @aimed = map { error(list($aimed, @after)),
                  ($aimed->search(createdAfter => "2020-01-01"))[0] } 1 .. 4;
error($s->call("GET", "$path?postedAfter=2026-09-01")),
(map { error(list($s, @after)) } 1 .. 5), @aimed
--- lines
403 Unauthorized: Access token is missing in the request header.
200 no error
403 Unauthorized: The access token you provided has expired.
403 Unauthorized
403 Unauthorized: The access token you provided has expired.
429 QuotaExceeded
200 no error
200
500 InternalFailure
200
200 no error
200
500 InternalFailure
200



=== TEST 24: faults: cut, malformed, of the wrong type, not UTF-8
--- client
my @param = (postedAfter => "2026-05-10", postedBefore => "2026-11-01");

# A page may be empty: the first that is not shows the fault.
my $rows = sub {
    my ($s) = @_;
    my ($status, $json, $answer) = list($s, @param);
    return ($json, $answer) if $answer->{content} =~ /"postedDate"/;
    return (list($s, @param,
                 nextToken => $json->{payload}{nextToken}))[1, 2];
};
my ($cut) = list(seller("/cut"), @param);
my $many = seller("/cut_many");
$many->revise(1, at => "2026-11-01T12:00:00Z");
my ($rare) = list($many, @param, transactionStatus => "DEFERRED_RELEASED");
my ($status, $json) = list(seller("/malformed"), @param);
my ($wrong) = $rows->(seller("/wrong_type"));
my (undef, $bad) = $rows->(seller("/bad_utf8"));
my $text = $bad->{content};
$cut, $rare, $status, defined $json ? "JSON" : "no JSON",
(map { ref $wrong->{payload}{transactions}[$_]{postedDate} || "text" } 0, 1),
utf8::decode($text) ? "UTF-8" : "bad"
--- lines
599
599
200
no JSON
HASH
text
bad



=== TEST 25: faults: huge, slow, one token for ever
--- client
my @param = (postedAfter => moment(-100 * 86400));
my $huge = seller("/huge");
my $length = 0;
$huge->call("GET", "$path?postedAfter=$param[1]",
    headers => { "x-amz-access-token" => $huge->token },
    data_callback => sub { $length += length $_[0] });
my $slow = seller("/slow");
$slow->token;
my $start = time;
my ($status) = list($slow, @param);
my $took = time - $start;
my $same = seller("/same_token");
my ($token, %tokens);
for (1 .. 4) {
    my ($status, $json) = list($same, postedAfter => "2026-09-01",
                               nextToken => $token);
    $token = $json->{payload}{nextToken};
    $tokens{$token}++;
}
$length > 64 * 1024 * 1024 ? "huge" : $length, $status,
$took > 2.9 ? "slow" : $took, join " ", values %tokens
--- lines
huge
200
slow
4
--- timeout: 20



=== TEST 26: a revision between two pages moves no row
--- client
my $s = seller("/amazon", "R26");
my @param = (postedAfter => "2026-05-10", postedBefore => "2026-11-02");
my (%got, $token);
my $page = 0;
do {
    my ($status, $json) = list($s, @param, nextToken => $token);
    die $status if $status != 200;
    $got{ $_->{transactionId} // "" }++ for @{ $json->{payload}{transactions} };
    $token = $json->{payload}{nextToken};
    $s->revise(++$page, at => sprintf "2026-11-01T00:0$page:00Z") if $page < 9;
} while (defined $token);
my @truth = grep { $_->{posted_date} ge "2026-05-10"
                   && $_->{posted_date} lt "2026-11-01" }
            $s->truth("financial_transactions");
scalar(grep { !$got{ $_->{transaction_id} // "" } } @truth),
scalar(grep { $_ ne "" && $got{$_} > 1 } keys %got)
--- lines
0
0



=== TEST 27: mistakes in the configuration
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m transactions_ttl=soon;
    }
--- must_die
--- error_log
needs a time of at most a year in "transactions_ttl=soon"

package AmzSync::Report;

# A small client of the Reports API, for the sandbox's own tests: it takes the
# truth's names from Amazon's headers by a rule of its own.
#
#     my ($status, $json) = create($seller, $type, dataStartTime => ...);
#     my $report = ended($seller, $id);
#     my $answer = document($seller, $report->{reportDocumentId});
#     my @rows = rows($type, text($answer));

use strict;
use warnings;

use AmzSync::Seller;
use Compress::Zlib ();
use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);

our @EXPORT = qw(create report cancel reports all_reports ended address
                 download document text table rows canonical asked asked_times
                 $reports $us %types $settlements $all_orders);

our $reports = "/reports/2021-06-30/reports";
our $us = "ATVPDKIKX0DER";
our $settlements = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";
our $all_orders = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";

# Those that can be asked for, and the tables of their truth.

our %types = (
    GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA => "customer_returns",
    GET_FBA_REIMBURSEMENTS_DATA => "reimbursements",
    GET_LEDGER_DETAIL_VIEW_DATA => "ledger_detail",
    GET_LEDGER_SUMMARY_VIEW_DATA => "ledger_summary",
    GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA => "removal_orders",
    GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA => "removal_shipments",
    GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA => "replacements",
    $all_orders => "report_orders",
);

# What nobody may keep, and what nobody knows.

my %personal = map { $_ => 1 }
    qw(ship-city ship-state ship-postal-code ship-country);
my %unknown = map { $_ => 1 } qw(x-new-column);

my $json = JSON::PP->new->canonical;


# Members that are undef are left out; a text is the body itself.

sub create {
    my ($seller, $type, %member) = @_;
    my $body = delete $member{body};

    if (!defined $body) {
        my %body = (reportType => $type, marketplaceIds => [ $us ], %member);
        delete @body{ grep { !defined $body{$_} } keys %body };
        $body = $json->encode(\%body);
    }

    return $seller->call("POST", $reports, content => $body,
        headers => { "x-amz-access-token" => $seller->token,
                     "Content-Type" => "application/json" });
}


sub report {
    my ($seller, $id) = @_;

    return $seller->get("$reports/$id", "");
}


sub cancel {
    my ($seller, $id) = @_;

    return $seller->call("DELETE", "$reports/$id",
        headers => { "x-amz-access-token" => $seller->token });
}


sub reports {
    my ($seller, @param) = @_;

    return $seller->get($reports, @param);
}


# All pages; answers a reference to the reports of each.

sub all_reports {
    my ($seller, @param) = @_;
    my @pages;

    for (1 .. 1000) {
        my ($status, $json) = reports($seller, @param);
        die "reports: $status\n" if $status != 200;

        push @pages, $json->{reports};
        return @pages if !defined $json->{nextToken};
        @param = (nextToken => $json->{nextToken});
    }

    die "the pages do not end\n";
}


# A report once it has come to an end.

sub ended {
    my ($seller, $id) = @_;
    my $end = time + 30;

    while (time < $end) {
        my ($status, $report) = report($seller, $id);
        die "report: $status\n" if $status != 200;

        return $report if $report->{processingStatus} !~ /^IN_/;
        sleep 0.05;
    }

    die "the report does not end\n";
}


sub address {
    my ($seller, $id, @param) = @_;
    my ($status, $json) = $seller->get(
        "/reports/2021-06-30/documents/$id", @param ? @param : "");

    die "document: $status\n" if $status != 200;
    return $json;
}


# Without a token, and without a look at Content-Encoding.

sub download {
    my ($url, %option) = @_;

    return HTTP::Tiny->new(timeout => 60)->request("GET", $url, \%option);
}


# The text of a document, in bytes of its charset.

sub document {
    my ($seller, $id, @param) = @_;
    my $address = address($seller, $id, @param);
    my $answer = download($address->{url});

    die "download: $answer->{status}\n" if $answer->{status} != 200;

    $answer->{content} = Compress::Zlib::memGunzip($answer->{content})
        if ($address->{compressionAlgorithm} || "") eq "GZIP";
    die "not gzip\n" if !defined $answer->{content};

    return $answer;
}


# A report from the question to the text: what nothing is waited for.

sub asked {
    my ($seller, $type, %member) = @_;
    my ($status, $json) = create($seller, $type, %member);

    die "create: $status\n" if $status != 202;

    my $report = ended($seller, $json->{reportId});
    return $report->{processingStatus} if $report->{processingStatus} ne "DONE";

    return document($seller, $report->{reportDocumentId})->{content};
}


# The times that a report of a type is of, if it is asked for these: of ledgers
# the days that they touch, which begin eight hours later than in UTC.

sub asked_times {
    my ($type, @asked) = @_;

    return @asked if $type !~ /LEDGER/;

    my ($from, $to) = map {
        my ($y, $m, $d, $clock) = /^(\d+)-(\d+)-(\d+)(?:T(.*)Z)?$/;
        my ($h, $min, $s) = split /:/, $clock || "00:00:00";
        timegm($s, $min, $h, $d, $m - 1, $y) - 8 * 3600
    } @asked;

    return map { POSIX::strftime("%Y-%m-%dT00:00:00Z", gmtime $_) }
               $from, $to - 1 + 86400;
}


# Lines of cells; the first one are headers.

sub table {
    my ($text) = @_;

    die "the last line has no end\n" if $text !~ /\n\z/;

    return map { [ split /\t/, $_, -1 ] } split /\n/, $text;
}


# Rows as the truth has them.

sub rows {
    my ($text) = @_;
    my ($head, @lines) = table($text);
    my @names = map { name($_) } @$head;

    return map {
        my $line = $_;
        my %row;

        die "a line of " . @$line . " cells\n" if @$line != @names;

        for my $n (0 .. $#names) {
            my ($header, $cell) = ($head->[$n], $line->[$n]);
            next if $personal{$header};

            $row{ $names[$n] } = !length $cell ? undef
                : $unknown{$header} ? $json->encode({ $header => $cell })
                : $names[$n] =~ /date/ ? moment($cell) : $cell;
        }

        \%row;
    } @lines;
}


sub name {
    my ($header) = @_;

    return "extra" if $unknown{$header};

    my $name = lc $header;
    $name =~ s/[^a-z0-9]+/_/g;
    return $name;
}


# Times as the truth has them, of all the forms that Amazon has.

sub moment {
    my ($text) = @_;

    return "$3-$1-$2" if $text =~ m{^(\d\d)/(\d\d)/(\d{4})$};
    return $text if $text =~ /^\d{4}-\d\d-\d\d$/;
    return "$1T$2.000Z"
        if $text =~ /^(\S{10})[T ](\d\d:\d\d:\d\d)(?:\+00:?00| UTC)$/;

    die "no time: $text\n";
}


# A row as text, for comparison.

sub canonical {
    my ($row) = @_;
    my %copy = %$row;

    $copy{extra} = $json->encode(JSON::PP::decode_json($copy{extra}))
        if defined $copy{extra};

    return $json->encode(\%copy);
}


1;

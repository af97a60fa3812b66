package AmzSync::Truth;

# Compares the tables with the sandbox's ground truth, row by row and over
# every column: numbers by their digits, not only by their value.
#
#     my @differences = AmzSync::Truth::compare($db,
#         user => "u1", url => "http://127.0.0.1:$port/amazon",
#         seller => "DEMO", marketplaces => ["ATVPDKIKX0DER"],
#         tables => ["orders", "order_items"]);
#
# "more" is what else the sandbox is asked, such as "&from=2026-01-01".
#
# An empty list: the tables are the truth.  What the module adds to a row, its
# marks and made-up keys, is not part of it.

use strict;
use warnings;

use HTTP::Tiny;


our @orders = qw(orders order_items);
our @all = (@orders, qw(marketplaces inventory financial_transactions));

my %ours = map { $_ => 1 } qw(user_id selling_partner_id region row_key
                              ordinal scan_sync_no scan_page items_status
                              changed_from);


sub compare {
    my ($db, %arg) = @_;
    my @differences;

    for my $table (@{ $arg{tables} || \@orders }) {
        my $file = fetch($db, $table, %arg);
        my @columns = columns($db, $table);

        push @differences, differences($db, $table, $file, $arg{user},
                                       @columns);
    }

    return @differences;
}


sub fetch {
    my ($db, $table, %arg) = @_;
    my $url = "$arg{url}/_sandbox/$table.csv?seller=$arg{seller}";

    $url .= "&marketplaceIds=" . join(",", @{ $arg{marketplaces} })
        if $arg{marketplaces};
    $url .= $arg{more} if $arg{more};

    my $answer = HTTP::Tiny->new(timeout => 60)->get($url);
    die "$url: $answer->{status} $answer->{content}\n" if !$answer->{success};

    return $db->file("$table.csv", $answer->{content});
}


sub header {
    my ($file) = @_;

    open my $fh, '<', $file or die "$file: $!\n";

    return scalar <$fh>;
}


sub columns {
    my ($db, $table) = @_;

    return grep { !$ours{ $_->[0] } } $db->sql(
        "SELECT column_name, data_type FROM information_schema.columns
          WHERE table_schema = 'amzsync' AND table_name = '$table'
          ORDER BY ordinal_position");
}


sub differences {
    my ($db, $table, $file, $user, @columns) = @_;

    # What no report has a column for has no truth: NULL.  Nor do shipments
    # say which marketplace they were asked of.
    my $header = header($file);
    @columns = grep { $_->[0] ne "marketplace_id"
                      || $header =~ /\bmarketplace_id\b/ } @columns;
    my $names = join ", ", grep { $_ ne "extra" || $header =~ /\bextra\b/ }
                           map { $_->[0] } @columns;
    my $types = join ", ", map { "$_->[0] $_->[1]" } @columns;
    my $exact = join ", ", map {
        $_->[1] =~ /^(numeric|jsonb)$/ ? "$_->[0]::text" : $_->[0]
    } @columns;

    $db->script(<<END);
DROP TABLE IF EXISTS truth_$table;
CREATE TABLE truth_$table ($types);
\\copy truth_$table ($names) FROM '$file' WITH (FORMAT csv, HEADER match)
END

    my $ours = "SELECT $exact FROM amzsync.$table WHERE user_id = '$user'";
    my $truth = "SELECT $exact FROM truth_$table";

    my ($row) = $db->sql(<<END);
SELECT (SELECT count(*) FROM ($ours EXCEPT ALL $truth) x),
       (SELECT count(*) FROM ($truth EXCEPT ALL $ours) x),
       (SELECT count(*) FROM truth_$table)
END

    my ($extra, $missing, $total) = @$row;

    return "$table: the truth is empty" if $total == 0;
    return if $extra == 0 && $missing == 0;

    my ($first) = $db->sql("SELECT row_to_json(x) FROM
        (($ours EXCEPT ALL $truth) UNION ALL ($truth EXCEPT ALL $ours)) x
        LIMIT 1");

    return "$table: $extra rows that are not true, $missing true rows missing,"
           . " such as $first->[0]";
}


1;

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
# "partner" leaves out the rows of other selling partners; with "as" several may
# compare at once in one database, each under a name of its own.
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


# Few programs of psql, whatever the number of tables: campaigns compare often.

sub compare {
    my ($db, %arg) = @_;
    my @tables = @{ $arg{tables} || \@orders };
    my %columns = columns($db);
    my (%sql, $load, @counts);

    for my $table (@tables) {
        my $file = fetch($db, $table, \%arg);
        my ($create, $ours, $truth) = queries($table, \%arg, header($file),
                                              @{ $columns{$table} });

        $sql{$table} = "($ours EXCEPT ALL $truth) UNION ALL
                        ($truth EXCEPT ALL $ours)";
        $load .= $create . "FROM '$file' WITH (FORMAT csv, HEADER match)\n";

        push @counts, "SELECT '$table',
            (SELECT count(*) FROM ($ours EXCEPT ALL $truth) x),
            (SELECT count(*) FROM ($truth EXCEPT ALL $ours) x),
            (SELECT count(*) FROM ($truth) x)";
    }

    $db->script($load);

    return map { difference($db, $sql{ $_->[0] }, @$_) }
           $db->sql(join " UNION ALL ", @counts);
}


# The name that a table's truth has, as a file and as a table.

sub name {
    my ($table, $arg) = @_;

    return defined $arg->{as} ? "truth_$arg->{as}_$table" : "truth_$table";
}


sub fetch {
    my ($db, $table, $arg) = @_;
    my $url = "$arg->{url}/_sandbox/$table.csv?seller=$arg->{seller}";

    $url .= "&marketplaceIds=" . join(",", @{ $arg->{marketplaces} })
        if $arg->{marketplaces};
    $url .= $arg->{more} if $arg->{more};

    my $answer = HTTP::Tiny->new(timeout => 60)->get($url);
    die "$url: $answer->{status} $answer->{content}\n" if !$answer->{success};

    return $db->file(name($table, $arg) . ".csv", $answer->{content});
}


sub header {
    my ($file) = @_;

    open my $fh, '<', $file or die "$file: $!\n";

    return scalar <$fh>;
}


# The columns that are Amazon's, with their types, of each table.

sub columns {
    my ($db) = @_;
    my %columns;

    push @{ $columns{ $_->[0] } }, [ @$_[1, 2] ]
        for grep { !$ours{ $_->[1] } } $db->sql(
            "SELECT table_name, column_name, data_type
               FROM information_schema.columns
              WHERE table_schema = 'amzsync'
              ORDER BY table_name, ordinal_position");

    return %columns;
}


# What makes the table of a truth, up to its file; what reads ours, and it.

sub queries {
    my ($table, $arg, $header, @columns) = @_;

    my $of = "user_id = '$arg->{user}'";
    my $name = name($table, $arg);

    # What the truth has no column for is NULL, if Amazon tells it in another
    # way only.  Shipments do not say which marketplace they were asked of.
    @columns = grep { $_->[0] ne "marketplace_id"
                      || $header =~ /\bmarketplace_id\b/ } @columns;
    my $names = join ", ", grep { $header =~ /\b$_\b/ }
                           map { $_->[0] } @columns;
    my $types = join ", ", map { "$_->[0] $_->[1]" } @columns;
    my $exact = join ", ", map {
        $_->[1] =~ /^(numeric|jsonb)$/ ? "$_->[0]::text" : $_->[0]
    } @columns;

    $of .= " AND selling_partner_id = '$arg->{partner}'"
        if defined $arg->{partner};

    return ("DROP TABLE IF EXISTS $name;
             CREATE TABLE $name ($types);\n\\copy $name ($names) ",
            "SELECT $exact FROM amzsync.$table WHERE $of",
            "SELECT $exact FROM $name");
}


sub difference {
    my ($db, $sql, $table, $extra, $missing, $total) = @_;

    return "$table: the truth is empty" if $total == 0;
    return if $extra == 0 && $missing == 0;

    my ($first) = $db->sql("SELECT row_to_json(x) FROM ($sql) x LIMIT 1");

    return "$table: $extra rows that are not true, $missing true rows missing,"
           . " such as " . ($first ? $first->[0] : "none now");
}


1;

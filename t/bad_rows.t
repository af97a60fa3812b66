# Rows as Amazon should not send them, to every column of every dataset: what
# is stored, digit by digit, and what is refused with all of its page.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Page;
use AmzSync::Stage;
use JSON::PP ();
use Test::More;

my $stage = AmzSync::Stage->new(extra => "amzsync_backfill 20d;"
                                         . " amzsync_retries 1;"
                                         . " amzsync_retry_delay 1ms;");

my $forty = "1234567890" x 4;
my $zeros = "0" x 400;

# What a column of a type takes, and what the table has then.

my %good = (
    TEXT => [
        [ undef, undef ], [ 'null', undef ], [ '""', "" ],
        [ '"null"', "null" ], [ '"NULL"', "NULL" ], [ '12.50', "12.50" ],
        [ 'true', "true" ], [ '"{a,\\"b\\"}"', '{a,"b"}' ],
        [ '"\\\\N\'--"', "\\N'--" ], [ '"\\u00e4\\n\\/"', "\xc3\xa4\n/" ],
        [ $forty, $forty ], [ '1e400', "1e400" ],
    ],
    NUMERIC => [
        [ undef, undef ], [ 'null', undef ], [ '""', undef ],
        [ '0.10', "0.10" ], [ '"0.1000"', "0.1000" ], [ '-7', "-7" ],
        [ '1e5', "100000" ], [ '1E+5', "100000" ], [ '1.5E-3', "0.0015" ],
        [ '"1.5E-3"', "0.0015" ], [ '-0', "0" ], [ '-0.00', "0.00" ],
        [ $forty, $forty ], [ qq{"$forty.$forty"}, "$forty.$forty" ],
        [ "0.$forty", "0.$forty" ], [ '1e400', "1$zeros" ],
        [ '1e-400', "0." . "0" x 399 . "1" ], [ '"\\u0031\\u002e50"', "1.50" ],
        [ '9007199254740993', "9007199254740993" ],
    ],
    BIGINT => [
        [ undef, undef ], [ 'null', undef ], [ '""', undef ],
        [ '0', "0" ], [ '-0', "0" ], [ '"7"', "7" ], [ '7.000', "7" ],
        [ '1e5', "100000" ], [ '"1.2E1"', "12" ], [ '500e-2', "5" ],
        [ '9223372036854775807', "9223372036854775807" ],
        [ '-9223372036854775808', "-9223372036854775808" ],
        [ '0e400', "0" ], [ '9007199254740993', "9007199254740993" ],
    ],
    TIME => [
        [ undef, undef ], [ 'null', undef ], [ '""', undef ],
        [ '"2024-02-29T23:59:59.123456-08:00"',
          "2024-03-01T07:59:59.123456Z" ],
        [ '"2026-01-02t03:04:05z"', "2026-01-02T03:04:05.000000Z" ],
        [ '"2016-12-31T23:59:60Z"', "2017-01-01T00:00:00.000000Z" ],
        [ '"0001-01-01T00:00:00Z"', "0001-01-01T00:00:00.000000Z" ],
        [ '"9999-12-31T23:59:59Z"', "9999-12-31T23:59:59.000000Z" ],
    ],
    BOOLEAN => [
        [ undef, undef ], [ 'null', undef ], [ '""', undef ],
        [ 'true', "true" ], [ 'false', "false" ], [ '"true"', "true" ],
        [ '"false"', "false" ], [ '"\\u0074rue"', "true" ],
    ],
    JSON => [
        [ undef, undef ], [ 'null', undef ], [ '""', '""' ],
        [ '"null"', '"null"' ], [ '[]', "[]" ], [ '{}', "{}" ],
        [ 'true', "true" ], [ '-0.00', "0.00" ], [ '1.5E-3', "0.0015" ],
        [ '[null]', "[null]" ], [ "[$forty.10]", "[$forty.10]" ],
        [ '1e400', "1$zeros" ], [ '{"a":1,"\\u0061":2.0}', '{"a": 2.0}' ],
        [ '"\\"\\\\{,}"', '"\\"\\\\{,}"' ],
    ],
);

# What it does not take; the words that it is refused with.

my %bad = (
    TEXT => [ "is not a text", '{}', '[]', '["x"]', '{"a":"x"}' ],
    NUMERIC => [ "is not a number", '{}', '["1"]', 'true', '"x"', '"1,5"',
                 '" 1"', '"NaN"', '"Infinity"', '1e1001' ],
    BIGINT => [ "is not an integer of 64 bits", '{}', '[1]', 'true', '"x"',
                '1.5', '9223372036854775808', '-9223372036854775809', '1e400',
                $forty ],
    TIME => [ "is not a time of RFC 3339", '{}', '["x"]', 'true', '1767322800',
              '"2026-01-02"', '"tomorrow"', '"2026-02-30T00:00:00Z"' ],
    BOOLEAN => [ "is not true or false", '{}', '[true]', '1', '0', '"yes"',
                 '"TRUE"' ],
    JSON => [ "has a number of more than 1000 digits", '1e1001',
              '{"a":[1e-1001]}' ],
);

my $users = 0;


sub set_of {
    my ($table) = @_;

    return $table eq "order_items" ? "orders" : $table;
}


# The row that has base values but for these.

sub shown {
    my ($table, %value) = @_;

    return { (map { $_->{name} => (AmzSync::Page::base($_))[1] }
                  @{ $AmzSync::Page::columns{$table} }), %value };
}


# One sync with rows of a table; "rows" are the JSON, "shown" what is stored
# then, by key.

sub stores {
    my ($name, $table, $rows, $shown) = @_;
    my $set = set_of($table);

    $stage->scene("good" . ++$users,
        rounds => [ { $set => AmzSync::Page::page($table, $rows) } ],
        check => sub {
            my (undef, $user) = @_;
            my %stored = AmzSync::Page::stored($stage->db, $table, $user);

            is($stage->set($user, $set)->{status}, "completed",
               "$name: completed")
                or diag $stage->set($user, $set)->{message};
            is(join(" ", sort keys %stored), join(" ", sort keys %$shown),
               "$name: the keys");

            for my $key (sort keys %$shown) {
                is_deeply($stored{$key}, $shown->{$key},
                          "$name: " . ($key =~ s/[^ -~]+/?/gr));
            }
        });
}


# One with a row of such values that is refused, behind a good one: the dataset
# fails, its table stays empty, and the others have theirs.

sub refuses {
    my ($table, $words, %value) = @_;
    my $set = set_of($table);
    my $rows = [ AmzSync::Page::row($table, $AmzSync::Page::key{$table}
                                            => '"first"'),
                 AmzSync::Page::row($table, %value) ];
    my $place = $table eq "order_items"
                ? "orders row 1, orderItems row 2:"
                : "$AmzSync::Page::array{$table} row 2:";

    $stage->scene("bad" . ++$users,
        rounds => [ { $set => AmzSync::Page::page($table, $rows) } ],
        check => sub {
            my (undef, $user) = @_;

            is_refused($user, $set, "$place $words",
                       (map { ref $_ ? values %$_ : $_ } values %value)[0]);
        });
}


sub is_refused {
    my ($user, $set, $message, $json) = @_;

    my %got = map {
        my $got = $stage->set($user, $_);
        my $said = $got->{message} || "";

        $said = $message if $said =~ /^\Q$message\E.*, byte \d+$/;

        ($_ => "$got->{status} " . ($got->{code} || "") . " $said, "
               . $stage->count($user, $_));
    } @AmzSync::Page::sets;

    my %expected = map { $_ => "completed  , 1" } @AmzSync::Page::sets;
    $expected{$set} = "failed malformed_answer $message, 0";

    $json = defined $json ? substr $json =~ s/[^ -~]+/?/gr, 0, 40 : "absent";

    is_deeply(\%got, \%expected, "$set: $message: $json");
    is($stage->count($user, "order_items"), 0, "$set: no items")
        if $set eq "orders";
}


# --- every column ---

# What we add, and what reports alone tell.

my %ours = map { $_ => 1 } qw(user_id selling_partner_id region row_key ordinal
                              scan_sync_no scan_page changed_from report_id
                              item_status item_price item_tax shipping_price
                              shipping_tax gift_wrap_price gift_wrap_tax
                              item_discount shipping_discount extra);

for my $table (sort keys %AmzSync::Page::columns) {
    my %parents = map { $_ => 1 } $table eq "order_items" ? "order_id"
                                : $table eq "inventory" ? "marketplace_id"
                                : ();

    is_deeply([ map { $_->{name} } @{ $AmzSync::Page::columns{$table} } ],
              [ grep { !$ours{$_} && !$parents{$_} } map { $_->[0] }
                $stage->db->sql("
                    SELECT column_name FROM information_schema.columns
                     WHERE table_schema = 'amzsync' AND table_name = '$table'
                     ORDER BY ordinal_position") ],
              "$table: all columns are told here");
}


for my $table (sort keys %AmzSync::Page::columns) {
    my $key = $AmzSync::Page::key{$table};
    my (@rows, %shown);

    my $add = sub {
        my ($id, $shown, %value) = @_;

        push @rows, AmzSync::Page::row($table, $key => qq{"$id"}, %value);
        $shown{$id} = shown($table, $key => $id, %$shown);
    };

    $add->($_, {}, how => $_) for "plain", "escaped", "extra", "twice";

    for my $column (@{ $AmzSync::Page::columns{$table} }) {
        my ($name, $path, $type) = @$column{qw(name path type)};
        my ($words, @values) = @{ $bad{$type} };
        my $n = 0;

        refuses($table, "$path $words", $name => $_) for @values;

        next if $name eq $key;

        for (@{ $good{$type} }) {
            my ($json, $text) = @$_;

            if ($table eq "orders" && $name eq "last_updated_time"
                && !defined $text)
            {
                refuses($table, "$path is missing", $name => $json);
                next;
            }

            # Of these a NULL is stored as an empty text.
            $text = "" if !defined $text
                          && $name =~ /^(?:fn_sku|condition)$/
                          && $table eq "inventory";

            $add->("$name-" . ++$n, { $name => $text }, $name => $json);
        }
    }

    stores($table, $table, \@rows, \%shown);
}


# What stands between a row and its values may be missing, but must not be
# anything else.

for my $table (sort keys %AmzSync::Page::columns) {
    my @columns = @{ $AmzSync::Page::columns{$table} };
    my $key = $AmzSync::Page::key{$table};
    my (@rows, %shown, %below);

    for my $column (@columns) {
        my $path = $column->{path};
        push @{ $below{$path} }, $column while $path =~ s/\.\w+$//;
    }

    for my $path (sort keys %below) {
        my @names = map { $_->{name} } @{ $below{$path} };
        my $first = $below{$path}[0]{path};

        refuses($table, "$first has no object on its way",
                members => { $path => $_ })
            for '"x"', '[{}]', '7', 'false';

        if (grep { $_ eq $key } @names) {
            refuses($table, "$first is missing", members => { $path => $_ })
                for 'null', '{}';
            next;
        }

        for my $value (undef, 'null', '{}', '{"unknown":0}') {
            my $id = "$path-" . ($value || "absent");

            push @rows, AmzSync::Page::row($table, members => {
                $path => $value }, $key => JSON::PP->new->allow_nonref
                                                   ->encode($id));
            $shown{$id} = shown($table, $key => $id,
                                map { $_ => undef } @names);
        }

        next if $path =~ /\./;

        # Nor does a value stay of an object that comes again without it.

        my $again = AmzSync::Page::row($table, $key => qq("again $path"));

        push @rows, $again =~ s/\}$/,"$path":{}}/r;
        $shown{"again $path"} = shown($table, $key => "again $path",
                                      map { $_ => undef } @names);
    }

    stores("$table without", $table, \@rows, \%shown) if @rows;
}


# --- ids ---

my @ids = (
    [ q("it's"), "it's" ], [ '"\\"a\\",\\"b\\""', '"a","b"' ],
    [ '"a\\\\b\\\\\\\\"', 'a\\b\\\\' ], [ '"{a,{b},}"', "{a,{b},}" ],
    [ '"{}"', "{}" ],
    [ '"NULL"', "NULL" ], [ '"null"', "null" ], [ '"\\\\N"', "\\N" ],
    [ '"  a  "', "  a  " ], [ '" "', " " ],
    [ '"\\t\\r\\n\\u0001"', "\t\r\n\x01" ],
    [ '"\\u00e4\\ud83d\\ude00"', "\xc3\xa4\xf0\x9f\x98\x80" ],
    [ qq("\xc3\xb6\xf0\x9f\x98\x80"), "\xc3\xb6\xf0\x9f\x98\x80" ],
    [ '"a\\/b\\u005c"', "a/b\\" ], [ '"$1\');--%n"', "\$1');--%n" ],
    [ '42', "42" ], [ '42.0', "42.0" ], [ '-1e5', "-1e5" ],
    [ '"42 "', "42 " ],
    [ 'true', "true" ], [ $forty, $forty ],
    [ '"' . "k" x 256 . '"', "k" x 256 ],
    [ '"' . "\\u00e4" x 128 . '"', "\xc3\xa4" x 128 ],
    [ '"' . "\xf0\x9f\x98\x80" x 64 . '"', "\xf0\x9f\x98\x80" x 64 ],
);

my @long = ('"' . "k" x 257 . '"', '"' . "\\u20ac" x 86 . '"', "1" x 257,
            '"k' . "\xf0\x9f\x98\x80" x 64 . '"');


for my $table (sort keys %AmzSync::Page::columns) {
    my $key = $AmzSync::Page::key{$table};
    my @keys = $table eq "inventory" ? ($key, "fn_sku", "condition") : $key;

    for my $column (grep { my $name = $_->{name};
                           grep { $_ eq $name } @keys }
                    @{ $AmzSync::Page::columns{$table} })
    {
        my ($name, $path) = @$column{qw(name path)};

        refuses($table, "$path is too long for a key", $name => $_) for @long;

        refuses($table, "invalid JSON, \\u0000 in a string",
                $name => '"a\\u0000"');
        refuses($table, "invalid JSON, surrogate without its pair",
                $name => '"\\ud83d"');
        refuses($table, "invalid JSON, invalid UTF-8", $name => qq("\xe4"));

        next if $table =~ /^(?:inventory|financial_transactions)$/;

        refuses($table, "$path is missing", $name => $_) for undef, 'null';
    }

    # An empty id is one, but of transactions.

    my @some = (@ids, $table eq "financial_transactions" ? () : [ '""', "" ]);

    stores("ids of $table", $table,
           [ map { AmzSync::Page::row($table, $key => $_->[0]) } @some ],
           { map { $_->[1] => shown($table, $key => $_->[1]) } @some });
}


# A key of three, which may all be missing.

{
    my (@rows, %shown);
    my @none = (undef, 'null', '""');

    for my $sku (@none, @ids) {
        for my $name (qw(fn_sku condition)) {
            my ($json, $text) = ref $sku ? @$sku : ($sku, "");
            my $other = $name eq "fn_sku" ? "condition" : "fn_sku";
            my $id = "$name-" . @rows;

            push @rows, AmzSync::Page::row("inventory",
                seller_sku => qq("$id"), $name => $json, $other => undef);
            $shown{$id} = shown("inventory", seller_sku => $id,
                                $name => $text, $other => "");
        }
    }

    my $n = 0;

    for my $value (@none) {
        push @rows, AmzSync::Page::row("inventory", seller_sku => $value,
                                       fn_sku => $value, condition => $value,
                                       total_quantity => ++$n);
    }

    $shown{""} = shown("inventory", seller_sku => "", fn_sku => "",
                       condition => "", total_quantity => 3);

    # All of them as long as may be, and not to be compressed.

    my @long = map { join "", map { chr 48 + int rand 40 } 1 .. 256 } 0 .. 2;

    s/\\/x/g for @long;

    push @rows, AmzSync::Page::row("inventory",
        seller_sku => qq("$long[0]"), fn_sku => qq("$long[1]"),
        condition => qq("$long[2]"));
    $shown{$long[0]} = shown("inventory", seller_sku => $long[0],
                             fn_sku => $long[1], condition => $long[2]);

    stores("keys of inventory", "inventory", \@rows, \%shown);
}


$stage->play;

is($stage->db->value("SELECT count(*) FROM amzsync.financial_transactions
                       WHERE transaction_id IS DISTINCT FROM row_key
                          OR ordinal <> 1"), 0, "ids of transactions are keys");

is_deeply([ $stage->nginx->alarms ], [], "no alarms");

done_testing();

# Pages as Amazon should not send them: rows that come again, tokens, requests
# that are refused, snapshots that are not whole; and the windows asked for.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Page;
use AmzSync::Stage;
use Test::More;

my $conf = "amzsync_retries 2; amzsync_retry_delay 1ms;"
           . " amzsync_max_page_size 1m;";
my $stage = AmzSync::Stage->new(extra => "amzsync_backfill 20d; $conf");

my $money = "financial_transactions";

my $bad_request = sub { AmzSync::Stage::refused("InvalidInput") };


# --- helpers ---

sub row { AmzSync::Page::row(@_) }

sub page { AmzSync::Page::page(@_) }

sub chain { AmzSync::Page::chain(@_) }


# An order of such an age, with items; both say who they are.

sub order {
    my ($id, $minute, $version, @items) = @_;

    return row("orders", order_id => qq("$id"), currency => qq("$version"),
               last_updated_time => sprintf('"2026-01-02T03:%02d:00Z"',
                                            $minute),
               members => { orderItems => "[" . join(",", map {
                   my ($item, $title) = split /=/;
                   row("order_items", order_item_id => qq("$item"),
                       title => '"' . ($title || $version) . '"')
               } @items) . "]" });
}


sub sku {
    my ($id, $n) = @_;

    return row("inventory", seller_sku => qq("$id"), total_quantity => $n);
}


sub transaction {
    my ($id, $text, %value) = @_;

    return row($money, transaction_id => defined $id ? qq("$id") : undef,
               description => qq("$text"), %value);
}


sub is_rows {
    my ($name, $table, $user, $names, @rows) = @_;

    is_deeply([ $stage->rows($user, $table, @$names) ], [ sort @rows ], $name);
}


# The dataset has ended like this, and the others are completed.

sub ended {
    my ($name, $user, $set, $code, $message) = @_;
    my $got = $stage->set($user, $set);

    is_deeply([ map { $stage->set($user, $_)->{status} }
                    grep { $_ ne $set } @AmzSync::Page::sets ],
              [ ("completed") x 3 ], "$name: the others are completed");
    is($got->{status}, $code ? "failed" : "completed", "$name: status")
        or diag $got->{message};
    is($got->{code}, $code, "$name: code");
    like($got->{message}, $message, "$name: message") if $message;
}


# Scenes of one dataset; "rounds" are its answers.

sub scene {
    my ($user, $set, $rounds, $check, %arg) = @_;

    $stage->scene($user, rounds => [ map { { $set => $_ } } @$rounds ],
                  check => sub { $check->($user, $_[2]) }, %arg);
}


sub tokens {
    my ($user, $round, $set) = @_;

    return map { $_->{token} } $stage->calls($user, $round, $set);
}


# --- rows that come again ---

scene("again_orders", "orders", [
    chain("orders",
          [ order("newer", 2, "two", "i1", "i2"),
            order("newer", 1, "one", "i3"),
            order("tie", 1, "first", "i1"),
            order("tie", 1, "second", "i2"),
            order("three", 1, "one"), order("three", 3, "three"),
            order("three", 2, "two"),
            order("items", 1, "x", "i=first", "j", "i=second"),
            order("back", 5, "five", "i5"), order("on", 1, "one", "i1", "i2"),
            order("same", 5, "first", "i1"), order("none", 1, "one", "i1") ],
          [ order("back", 4, "four", "i4"), order("on", 3, "three", "i2", "i3"),
            order("same", 5, "second", "i2"), order("none", 2, "two") ]),
    page("orders", [ order("newer", 1, "zero", "i9"), order("tie", 1, "again"),
                     order("back", 4, "zero"), order("on", 2, "zero") ]),
], sub {
    my ($user, $round) = @_;
    my $tie = $round == 1 ? "second" : "again";

    ended("orders again, $round", $user, "orders");
    is_rows("orders again, $round: the newest, else the later", "orders", $user,
            [ "order_id", "currency" ],
            "newer two", "tie $tie", "three three", "items x", "back five",
            "on three", "same second", "none two");
    is_rows("orders again, $round: their items", "order_items", $user,
            [ "order_id", "order_item_id", "title" ],
            "newer i1 two", "newer i2 two", "items i second", "items j x",
            "back i5 five", "on i2 three", "on i3 three", "same i2 second",
            $round == 1 ? "tie i2 second" : ());
});

scene("again_inventory", "inventory", [
    chain("inventory",
          [ sku("a", 1), sku("b", 2), sku("a", 3), sku("gone", 1) ],
          [ sku("b", 4) ], [ sku("c", 5), sku("a", 6), sku("a", 7) ]),
    chain("inventory", [ sku("c", 2), sku("a", 1) ], [ sku("b", 3) ], []),
], sub {
    my ($user, $round) = @_;

    ended("inventory again, $round", $user, "inventory");
    is_rows("inventory again, $round: later wins", "inventory", $user,
            [ "seller_sku", "total_quantity" ],
            $round == 1 ? ("a 7", "b 4", "c 5", "gone 1")
                        : ("a 1", "b 3", "c 2"));
});

{
    # Alike, however it is written.
    my @same = map { transaction(undef, $_->[0], total_amount => $_->[1],
                                 posted_date => $_->[2],
                                 related_identifiers => $_->[3]) }
               [ "1", '1.5', '"2026-01-02T03:04:05Z"', '[{"a":"1","b":2}]' ],
               [ "2", '"1.500"', '"2026-01-02T04:04:05.000+01:00"',
                 '[ {"b":2,"a":"\\u0031"} ]' ],
               [ "3", '15e-1', '"2026-01-02T03:04:05.0Z"',
                 '[{"b":0,"b":2,"a":"1"}]' ];

    my @pages = (
        [ transaction("a", "one"), $same[0], transaction("b", "one"),
          transaction("a", "two"), $same[1] ],
        [], [ transaction("b", "two"), $same[2], transaction("", "other",
                                                   total_amount => '1.51') ],
    );

    scene("again_money", $money, [
        chain($money, @pages),
        chain($money, @pages),
        page($money, [ map { @$_ } reverse @pages ]),
        page($money, [ transaction("a", "three"),
                       transaction(undef, "4", total_amount => '1.50',
                                   related_identifiers => '[{"a":"1","b":2}]',
                                   transaction_status => '"DEFERRED"') ]),
    ], sub {
        my ($user, $round) = @_;
        my @ids = ("two two", "two two", "two one", "three one");
        my ($a, $b) = split / /, $ids[$round - 1];

        # The last two rounds begin with what had been the last one.

        my @like = $round < 3 ? ("1 1 1.5", "2 2 1.500", "3 3 1.5")
                   : ($round == 3 ? "1 3 1.5" : "1 4 1.50", "2 1 1.5",
                      "3 2 1.500");

        ended("money again, $round", $user, $money);
        is_rows("money again, $round: by id later wins, without it they count",
                $money, $user,
                [ "transaction_id", "ordinal", "description", "total_amount" ],
                "a 1 $a 1.50", "b 1 $b 1.50", "- 1 other 1.51",
                map { "- $_" } @like);
        is($stage->db->value("SELECT count(DISTINCT row_key)
                                FROM amzsync.financial_transactions
                               WHERE user_id = '$user'
                                 AND row_key ~ '^sha256:[0-9a-f]{64}\$'"), 2,
           "money again, $round: two keys without an id");
    });
}


# An order that comes without its items has none.

scene("no_items", "orders", [
    page("orders", [ map { order($_, 1, "one", "i") } qw(absent null empty) ]),
    page("orders", [
        row("orders", order_id => '"absent"'),
        row("orders", order_id => '"null"', members => {
            orderItems => 'null' }),
        row("orders", order_id => '"empty"', members => {
            orderItems => '[]' }) ]),
], sub {
    my ($user, $round) = @_;

    ended("no items, $round", $user, "orders");
    is($stage->count($user, "orders"), 3, "no items, $round: orders");
    is($stage->count($user, "order_items"), $round == 1 ? 3 : 0,
       "no items, $round: items");
});


# --- answers of another shape ---

# "%s" is a page of the dataset, "[%s]" its rows.

my @shapes = (
    [ '',         qr/^invalid JSON, no value, byte 0$/ ],
    [ '[%s]',     qr/^the answer is not an object, byte 0$/ ],
    [ 'null',     qr/^the answer is not an object, byte 0$/ ],
    [ '7',        qr/^the answer is not an object, byte 0$/ ],
    [ '"x"',      qr/^the answer is not an object, byte 1$/ ],
    [ '%s,',      qr/^invalid JSON, text after the value, byte \d+$/ ],
    [ '%s%s',     qr/^invalid JSON, text after the value, byte \d+$/ ],
    [ "\xef\xbb\xbf%s",  qr/^invalid JSON, no value, byte 0$/ ],
    [ '{"x":"\u0000",%s', qr/^invalid JSON, \\u0000 in a string, byte 6$/ ],
    [ "{\"x\":\"\xff\",%s", qr/^invalid JSON, invalid UTF-8, byte 6$/ ],
    [ '{"x":01,%s', qr/^invalid JSON, no ',' or '}', byte 6$/ ],
);

for my $set (@AmzSync::Page::sets) {
    my $array = $AmzSync::Page::array{$set};
    my $good = page($set, [ row($set) ]);
    my $tail = substr $good, 1;
    my $n = 0;

    my $refused = sub {
        my ($text, $message) = @_;
        my $name = "$set, shape " . ++$n;

        scene("shape${n}_$set", $set, [ $text ], sub {
            my ($user) = @_;

            ended($name, $user, $set, "malformed_answer", $message);
            is($stage->count($user, $set), 0, "$name: no rows");
        });
    };

    for (@shapes) {
        my ($text, $message) = @$_;

        $text =~ s/\{(.*)%s$/{$1$tail/;
        $text =~ s/%s/$good/g;
        $refused->($text, $message);
    }

    # Neither the array nor what stands above it may be something else.

    for my $path ($array, $array =~ /(.*)\./) {
        $refused->(AmzSync::Page::object({ $path => $_ }, ""),
                   $path eq $array || $_ ne '{}'
                   ? qr/^\Q$array\E is not an array, byte \d+$/
                   : qr/^\Q$array\E is missing, byte \d+$/)
            for '"x"', '7', 'false', $path eq $array ? '{}' : '[]';
    }

    $refused->(page($set, [ row($set), $_ ]),
               qr/^\Q$array\E row 2: the row is not an object, byte \d+$/)
        for 'null', '7', '"x"', 'true', '[]';

    # All of an answer escaped, among strangers, or doubled; but rows are read
    # as they come, even if others come instead.

    for my $how ("escaped", "extra", $array =~ /\./ ? "twice" : ()) {
        scene("${how}_$set", $set, [ sub {
            my ($call) = @_;

            return page($set, [ row($set, $AmzSync::Page::key{$set}
                                          => qq("$call->{n}")) ],
                        $set eq "marketplaces" || $call->{n} ? 'null' : '"t"',
                        $how);
        } ], sub {
            my ($user) = @_;

            ended("$set, $how", $user, $set);
            is_rows("$set, $how: rows", $set, $user,
                    [ $AmzSync::Page::key{$set} ],
                    $set eq "marketplaces" ? 0 : (0, 1));
        });
    }

    # Of two answers in one the later.

    scene("double_$set", $set, [
        page($set, [ (row($set, $AmzSync::Page::key{$set} => '"a"')) x 3 ],
             '"t"') =~ s/\}$/,/r
        . substr(page($set, [ row($set, $AmzSync::Page::key{$set} => '"b"') ],
                      'null'), 1)
    ], sub {
        my ($user) = @_;

        ended("$set, double", $user, $set);
        is_rows("$set, double: rows", $set, $user,
                [ $AmzSync::Page::key{$set} ], "b");
        is($stage->set($user, $set)->{rows}, 1, "$set, double: rows counted");
    });
}

{
    my $n = 0;

    for ([ '"x"', qr/orderItems is not an array/ ],
         [ '{}', qr/orderItems is not an array/ ],
         [ '[null]', qr/, orderItems row 1: the row is not an object/ ],
         [ '[[]]', qr/, orderItems row 1: the row is not an object/ ])
    {
        my ($items, $message) = @$_;

        scene("items" . ++$n, "orders", [
            page("orders", [ order("a", 1, "x", "i"), row("orders", members => {
                orderItems => $items }) ])
        ], sub {
            my ($user) = @_;

            ended("items $items", $user, "orders", "malformed_answer",
                  qr/^orders row 2.*$message, byte \d+$/);
            is($stage->count($user, $_), 0, "items $items: no $_")
                for "orders", "order_items";
        });
    }
}


# --- a second page that is refused ---

# The first one stays, nothing is deleted, and the next sync reads all of it.

my @with_tokens = ("orders", "inventory", $money);

for my $set (@with_tokens) {
    my $key = $AmzSync::Page::key{$set};
    my ($a, $b, $old) = map { row($set, $key => qq("$_")) } qw(a b old);
    my $good = chain($set, [ $a ], [ $b ]);

    scene("half_$set", $set, [
        page($set, [ $old ]),
        sub {
            my ($call) = @_;

            return defined $call->{token} ? page($set, [ $b, '7' ])
                                          : $good->($call);
        },
        $good,
    ], sub {
        my ($user, $round) = @_;
        my $ends = rows_of_cursor($user, $set);

        ended("half, $set, $round", $user, $set, $round == 2
              ? ("malformed_answer", qr/ row 2: the row is not an object/)
              : undef);
        is_rows("half, $set, $round: rows", $set, $user, [ $key ],
                $round == 1 ? "old" : $round == 2 ? ("a", "old")
                : ("a", "b", $set eq "inventory" ? () : "old"));
        is($ends, $set eq "inventory" ? 0 : 1, "half, $set, $round: cursors");
    });

    scene("never_whole_$set", $set, [
        sub {
            my ($call) = @_;

            return defined $call->{token} ? page($set, [ '7' ])
                                          : $good->($call);
        },
        $good,
    ], sub {
        my ($user, $round) = @_;

        is(rows_of_cursor($user, $set),
           $round == 1 || $set eq "inventory" ? 0 : 1,
           "never whole, $set, $round: cursors");
        is($stage->count($user, $set), $round, "never whole, $set, $round");
    });
}

sub rows_of_cursor {
    my ($user, $set) = @_;

    return scalar grep { $_ eq $set }
                  $stage->rows($user, "cursors", "dataset");
}


# --- tokens ---

for my $set (@with_tokens) {
    my $same = sub { page($set, [ row($set) ], '"same"') };
    my $path = $set eq $money ? "payload.nextToken" : "pagination.nextToken";

    scene("loop_$set", $set, [ $same ], sub {
        my ($user) = @_;

        ended("$set, one token", $user, $set, "token_loop",
              qr/same page token again/);
        cmp_ok(scalar tokens($user, 1, $set), "<=", 3,
               "$set, one token: few calls");
    });

    scene("circle_$set", $set, [ sub {
        my ($call) = @_;
        my $next = ($call->{token} || 0) % 7 + 1;

        return page($set, [ row($set) ], qq("$next"));
    } ], sub {
        my ($user) = @_;

        ended("$set, seven tokens", $user, $set, "token_loop");
        cmp_ok(scalar tokens($user, 1, $set), "<=", 24,
               "$set, seven tokens: few calls");
    });

    # No token at all is that of a row's page in many other scenes.

    for my $end (undef, 'null', '""') {
        my $name = defined $end ? $end =~ s/""/empty/r : "absent";

        scene("end_${name}_$set", $set, [ page($set, [ row($set) ], $end) ],
              sub {
            my ($user) = @_;

            ended("$set, token $name", $user, $set);
            is_deeply([ tokens($user, 1, $set) ], [ undef ],
                      "$set, token $name: one call");
            is($stage->count($user, $set), 1, "$set, token $name: one row");
        });
    }

    my $bad = 0;

    for my $token ('7', 'true', '{}', '["t"]', '"' . "t" x 4097 . '"',
                   '"a\\u0000"')
    {
        scene("token" . ++$bad . "_$set", $set,
              [ page($set, [ row($set) ], $token) ], sub {
            my ($user) = @_;
            my $name = "$set, token " . substr $token, 0, 20;

            ended($name, $user, $set, "malformed_answer",
                  $token =~ /^"t/ ? qr/^\Q$path\E is too long, byte \d+$/
                  : $token =~ /u0000/ ? qr/\\u0000 in a string/
                  : qr/^\Q$path\E is not a text, byte \d+$/);
            is($stage->count($user, $set), 0, "$name: no rows");
        });
    }

    my @odd = (
        [ "t" x 4096 ], [ "a+b/c==" ], [ " a b " ], [ "?&=#;:@,!'()*~" ],
        [ '%41%zz%' ], [ '\"<>\\\\^`{|}', '"<>\\^`{|}' ],
        [ '\u00e4\ud83d\ude00', "\xc3\xa4\xf0\x9f\x98\x80" ],
        [ "\xc3\xb6" ], [ '\u0001\t\r\n', "\x01\t\r\n" ], [ "../x" ], [ "0" ],
    );

    scene("odd_$set", $set, [ sub {
        my ($call) = @_;
        my $next = $odd[ $call->{n} ];

        return page($set, $call->{n} % 2 ? [] : [ row($set) ],
                    $next ? qq("$next->[0]") : undef);
    } ], sub {
        my ($user) = @_;

        ended("$set, odd tokens", $user, $set);
        is_deeply([ tokens($user, 1, $set) ],
                  [ undef, map { $_->[-1] } @odd ],
                  "$set, odd tokens: they come back");
    });

    # All parameters but the token are those of the first page.

    scene("empty_$set", $set, [ chain($set, [], [], [ row($set) ], []) ], sub {
        my ($user) = @_;
        my @calls = map { $_->{args} } $stage->calls($user, 1, $set);

        delete @$_{qw(nextToken paginationToken)} for @calls;

        ended("$set, empty pages", $user, $set);
        is($stage->count($user, $set), 1, "$set, empty pages: the row");
        is_deeply(\@calls, [ ($calls[0]) x 4 ],
                  "$set, empty pages: the same but for the token");
    });
}

scene("sparse", $money, [ [
    '{"payload":{"nextToken":"t1"}}', '{"payload":{"nextToken":"t2",'
    . '"transactions":null}}', page($money, [ row($money) ], '"t3"'),
    '{"payload":{}}',
] ], sub {
    my ($user) = @_;

    ended("no transactions", $user, $money);
    is_deeply([ tokens($user, 1, $money) ], [ undef, "t1", "t2", "t3" ],
              "no transactions: the tokens count");
    is($stage->count($user, $money), 1, "no transactions: the row");
});


# --- 400 InvalidInput ---

# The second page's token is dead at first: what the scan had seen until then
# and sees no longer has gone at the end of the next one.

sub dies {
    my ($set, $first, @pages) = @_;
    my $chain = chain($set, @pages);

    return sub {
        my ($call) = @_;

        return page($set, $first, '"t1"') if $call->{n} == 0;
        return $bad_request->() if $call->{n} == 1;
        return $chain->($call);
    };
}

scene("dead_inventory", "inventory", [
    chain("inventory", [ sku("old", 1), sku("a", 1) ]),
    dies("inventory", [ sku("a", 2), sku("b", 2) ],
         [ sku("c", 3), sku("a", 3) ], [ sku("d", 3) ]),
], sub {
    my ($user, $round) = @_;

    return if $round == 1;

    ended("dead token, inventory", $user, "inventory");
    is_deeply([ tokens($user, 2, "inventory") ], [ undef, "t1", undef, "t1" ],
              "dead token, inventory: from the beginning");
    is_rows("dead token, inventory: the new scan's rows", "inventory", $user,
            [ "seller_sku", "total_quantity" ], "a 3", "c 3", "d 3");
    is($stage->set($user, "inventory")->{rows}, 3,
       "dead token, inventory: rows of the dead one do not count");
});

scene("dead_orders", "orders", [
    dies("orders", [ order("a", 1, "one") ], [ order("a", 1, "two") ],
         [ order("b", 1, "two", "i") ]),
], sub {
    my ($user) = @_;

    ended("dead token, orders", $user, "orders");
    is_rows("dead token, orders: the rows", "orders", $user,
            [ "order_id", "currency" ], "a two", "b two");
    is($stage->set($user, "orders")->{rows}, 2, "dead token, orders: rows");
});

scene("dead_money", $money, [
    dies($money, [ (transaction(undef, "x")) x 3, transaction("a", "one") ],
         [ (transaction(undef, "x")) x 2 ],
         [ transaction(undef, "x"), transaction("a", "two") ]),
], sub {
    my ($user) = @_;

    ended("dead token, money", $user, $money);
    is_rows("dead token, money: the same are counted anew", $money, $user,
            [ "transaction_id", "ordinal", "description" ],
            "- 1 x", "- 2 x", "- 3 x", "a 1 two");
    is($stage->set($user, $money)->{rows}, 4, "dead token, money: rows");
});


# Transactions that get an id: each takes the place of one without it, wherever
# they stand, and of no other.

my @unnamed = ((transaction(undef, "x")) x 2, transaction("z", "z"),
               transaction(undef, "y", total_amount => 7));

my %named = (
    "one page"  => [ [ transaction("x1", "x"), @unnamed[1 .. 3] ],
                     "- 1 x", "- 1 y", "x1 1 x", "z 1 z" ],
    "first"     => [ [ transaction("x1", "x") ], [ @unnamed[1 .. 3] ],
                     "- 1 x", "- 1 y", "x1 1 x", "z 1 z" ],
    "last"      => [ [ @unnamed[1 .. 3] ], [ transaction("x1", "x") ],
                     "- 1 x", "- 1 y", "x1 1 x", "z 1 z" ],
    "all"       => [ [ transaction("x1", "x"), $unnamed[2] ],
                     [ transaction("y", "y", total_amount => "7.00"),
                       transaction("x2", "x") ],
                     "x1 1 x", "x2 1 x", "y 1 y", "z 1 z" ],
    "one more"  => [ [ transaction("x1", "x"), @unnamed ],
                     "- 1 x", "- 1 y", "- 2 x", "x1 1 x", "z 1 z" ],
    "and later" => [ [ transaction("x1", "x") ], [ $unnamed[0] ],
                     [ @unnamed[1 .. 3] ],
                     "- 1 x", "- 1 y", "- 2 x", "x1 1 x", "z 1 z" ],
);

for my $case (sort keys %named) {
    my @pages = grep { ref } @{ $named{$case} };
    my @rows = grep { !ref } @{ $named{$case} };

    scene("named_" . ($case =~ s/ /_/gr), $money,
          [ chain($money, [ @unnamed ]), (chain($money, @pages)) x 2 ], sub {
        my ($user, $round) = @_;

        ended("named, $case, $round", $user, $money);
        is_rows("named, $case, $round: rows", $money, $user,
                [ "transaction_id", "ordinal", "description" ],
                $round == 1 ? ("- 1 x", "- 1 y", "- 2 x", "z 1 z") : @rows);
    });
}


# Without a token: half the page; windows.t has those halved.

scene("large_orders", "orders", [ sub {
    my ($call) = @_;

    return $bad_request->() if $call->{args}{maxResultsPerPage} > 25;
    return chain("orders", [ order("a", 1, "x") ], [ order("b", 1, "x") ])
               ->($call);
} ], sub {
    my ($user) = @_;

    ended("large pages", $user, "orders");
    is_deeply([ map { $_->{args}{maxResultsPerPage} }
                    $stage->calls($user, 1, "orders") ],
              [ 100, 50, 25, 25 ], "large pages: they are halved");
    is_rows("large pages: the rows", "orders", $user, [ "order_id" ],
            "a", "b");
});


# Later pages may be larger: after eight good ones twice the size is tried, with
# the same token, and after a refusal of that not so soon again.

scene("grow_orders", "orders", [ sub {
    my ($call) = @_;

    return $bad_request->()
        if $call->{args}{maxResultsPerPage} > ($call->{n} < 3 ? 25 : 50);
    return chain("orders", map { [ order("o$_", 1, "x") ] } 1 .. 36)
               ->($call);
} ], sub {
    my ($user) = @_;
    my @calls = map { "$_->{args}{maxResultsPerPage} " . ($_->{token} || "-") }
                $stage->calls($user, 1, "orders");

    ended("larger pages", $user, "orders");
    is_deeply(\@calls, [ "100 -", "50 -", "25 -",
                         (map { "25 t$_" } 1 .. 7),
                         (map { "50 t$_" } 8 .. 15),
                         "100 t16",
                         (map { "50 t$_" } 16 .. 31),
                         "100 t32",
                         (map { "50 t$_" } 32 .. 35) ],
              "larger pages: again and again");
    is($stage->count($user, "orders"), 36, "larger pages: all rows");
});


# A page that is too large in the middle is halved, and none is read again.

scene("huge_orders", "orders", [ sub {
    my ($call) = @_;
    my @rows = map { order("o$_", 1, "x" x 300_000) } 1 .. 4;

    return page("orders", [ order("a", 1, "x") ], '"t"') if $call->{n} == 0;
    return page("orders", \@rows) if $call->{args}{maxResultsPerPage} > 50;
    return page("orders", [ $rows[0] ]);
} ], sub {
    my ($user) = @_;

    ended("huge page", $user, "orders");
    is_deeply([ map { "$_->{args}{maxResultsPerPage} " . ($_->{token} || "-") }
                    $stage->calls($user, 1, "orders") ],
              [ "100 -", "100 t", "50 t" ], "huge page: half of it");
    is($stage->count($user, "orders"), 2, "huge page: all rows");
});


# For ever.

my %most = (marketplaces => 1, inventory => 1, orders => 7, $money => 7);

for my $set (@AmzSync::Page::sets) {
    scene("never_$set", $set, [ $bad_request ], sub {
        my ($user) = @_;

        ended("$set, never", $user, $set, "invalid_input",
              qr/^InvalidInput: No\.$/);
        is(scalar tokens($user, 1, $set), $most{$set},
           "$set, never: calls");
        is($stage->count($user, $set), 0, "$set, never: no rows");
    });

    next if $set eq "marketplaces";

    scene("dead_always_$set", $set, [ sub {
        my ($call) = @_;

        return $bad_request->() if defined $call->{token};
        return page($set, [ row($set) ], '"dead"');
    } ], sub {
        my ($user) = @_;

        ended("$set, always dead", $user, $set, "invalid_input");
        cmp_ok(scalar tokens($user, 1, $set), "<=", 60,
               "$set, always dead: few calls");
    });
}


# --- snapshots ---

my @markets = qw(ATVPDKIKX0DER A2EUQ1WTGCTBG2);

# Answers by marketplace.

sub of_markets {
    my (@texts) = @_;

    return sub {
        my ($call) = @_;
        my ($i) = grep { $markets[$_] eq $call->{args}{marketplaceIds} } 0, 1;

        return $texts[$i];
    };
}

my %no_array = (
    absent => '{"payload":{}}',
    null => '{"payload":{"inventorySummaries":null}}',
    object => '{"payload":{"inventorySummaries":{}}}',
    nothing => '{}', payload => '{"payload":null}', text => '{"payload":"x"}',
    errors => '{"errors":[{"code":"InternalFailure"}]}',
    number => '7', array => '[]',
    two => '{"payload":{"inventorySummaries":[]}}7',
    cut => '{"payload":{"inventorySummaries":[', bytes => '',
);

for my $name (sort keys %no_array) {
    my $both = of_markets(page("inventory", [ sku("a", 1), sku("b", 1) ]),
                          page("inventory", [ sku("a", 2) ]));

    scene("snapshot_$name", "inventory", [
        $both,
        of_markets($no_array{$name}, page("inventory", [])),
        of_markets(page("inventory", []), page("inventory", [ sku("c", 3) ])),
    ], sub {
        my ($user, $round) = @_;
        my @names = qw(marketplace_id seller_sku total_quantity);
        my @all = ("$markets[0] a 1", "$markets[0] b 1", "$markets[1] a 2");

        if ($round == 2) {
            ended("no array, $name", $user, "inventory", "malformed_answer",
                  $name =~ /absent|null|nothing|payload|errors/
                  ? qr/^payload\.inventorySummaries is missing, byte/
                  : qr/, byte \d+$/);

            # Units stand in order of their marketplaces: the empty one may
            # have been read before.

            @all = @all[0, 1];
        }

        @all = "$markets[1] c 3" if $round == 3;

        is_rows("no array, $name, $round: rows", "inventory", $user, \@names,
                @all);
    }, markets => \@markets);
}

sub market {
    my ($id) = @_;

    return row("marketplaces", marketplace_id => qq("$id"));
}

scene("markets", "marketplaces", [
    page("marketplaces", [ market("A"), market("B") ]),
    '{"payload":null}',
    page("marketplaces", [ market("B"), market("C"), market("B") ]),
    page("marketplaces", []),
], sub {
    my ($user, $round) = @_;

    ended("marketplaces, $round", $user, "marketplaces",
          $round == 2 ? ("malformed_answer", qr/^payload is missing/)
                      : undef);
    is_rows("marketplaces, $round: rows", "marketplaces", $user,
            [ "marketplace_id" ], $round < 3 ? ("A", "B")
                                : $round == 3 ? ("B", "C") : ());
    is($stage->db->value("SELECT count(*) > 50 FROM amzsync.marketplaces"),
       "t", "marketplaces, $round: those of others stay");
});


$stage->play;

is_deeply([ $stage->nginx->alarms ], [], "no alarms");

done_testing();

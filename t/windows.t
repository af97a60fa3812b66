# The windows that are asked for, and those that are refused or read again.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Page;
use AmzSync::Stage;
use POSIX ();
use Test::More;
use Time::Local ();

my $stage = AmzSync::Stage->new;
my $money = "financial_transactions";
my $day = 86400;
my $now = time;

my %bounds = (orders => [ "lastUpdatedAfter", "lastUpdatedBefore" ],
              $money => [ "postedAfter", "postedBefore" ]);


# --- helpers ---

sub ago {
    my ($days) = @_;

    return POSIX::strftime("%Y-%m-%dT%H:%M:%S.000Z",
                           gmtime($now - $days * $day));
}


sub seconds {
    my ($text) = @_;
    my ($year, $month, @rest) = $text =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d)
                                          :(\d\d):(\d\d)\.\d{3}Z$/x
        or die "not a time: $text\n";

    return Time::Local::timegm(reverse($year, $month - 1, @rest));
}


# A row of so many days ago, with its date.

sub dated {
    my ($set, $id, $days, $status) = @_;
    my $date = ago($days);

    return [ $date, $set eq "orders"
             ? AmzSync::Page::row($set, order_id => qq("$id"),
                                  last_updated_time => qq("$date"))
             : AmzSync::Page::row($set, transaction_id => qq("$id"),
                                  posted_date => qq("$date"),
                                  transaction_status => qq("$status")) ];
}


# Answers with the rows that are asked for.

sub within {
    my ($set, @dated) = @_;
    my ($after, $before) = @{ $bounds{$set} };

    return sub {
        my ($call) = @_;
        my $args = $call->{args};

        return AmzSync::Page::page($set, [
            map { $_->[1] }
            grep { $_->[0] ge $args->{$after} && $_->[0] lt $args->{$before} }
            @dated ]);
    };
}


# What was asked for, [ from, to ]: never the future, never nothing.

sub windows {
    my ($name, $user, $round, $set) = @_;
    my ($after, $before) = @{ $bounds{$set} };
    my @windows;

    for my $call ($stage->calls($user, $round, $set)) {
        my ($from, $to) = map { seconds($call->{args}{$_}) } $after, $before;

        cmp_ok($from, "<", $to, "$name, $round: $set, a window");
        cmp_ok($to, "<=", $call->{at} - 120,
               "$name, $round: $set, two minutes old");

        push @windows, [ $from, $to ];
    }

    return @windows;
}


sub is_adjacent {
    my ($name, @windows) = @_;

    is_deeply([ map { $_->[0] } @windows[1 .. $#windows] ],
              [ map { $_->[1] } @windows[0 .. $#windows - 1] ],
              "$name: each begins where the one before ended");
}


sub is_completed {
    my ($name, $user, $round) = @_;

    is_deeply([ map { $stage->set($user, $_)->{status} }
                @AmzSync::Page::sets ], [ ("completed") x 4 ],
              "$name, $round: completed");
}


sub ids {
    my ($set, $user) = @_;
    my %stored = AmzSync::Page::stored($stage->db, $set, $user);

    return join " ", sort keys %stored;
}


# --- all of the history, then what may have changed ---

# The one of 600 days ago comes unasked; it is never read again.

my @deferred = ([ 600, "old" ], [ 200, "a" ], [ 100, "b" ], [ 99, "c" ],
                [ 1, "new" ]);

sub days {
    my (@open) = @_;
    my %open = map { $_ => 1 } @open;
    my @dated = ((map { dated($money, $_->[1], $_->[0], $open{ $_->[1] }
                              ? "DEFERRED" : "DEFERRED_RELEASED") } @deferred),
                 dated($money, "done", 50, "RELEASED"));
    my $old = shift @dated;
    my $answer = within($money, @dated);

    return sub {
        my ($call) = @_;

        return $call->{n} || $call->{round} > 1 ? $answer->($call)
               : AmzSync::Page::page($money, [ $old->[1] ]);
    };
}


# The days of the rows, as one range.

sub range {
    my (@days) = @_;
    my @at = map { seconds(ago($_) =~ s/T.*/T00:00:00.000Z/r) } @days;

    return [ $at[0], $at[-1] + $day ];
}


{
    my @all = ("old", "a", "b", "c", "new");
    my @then = ([ 200 ], [ 100, 99 ]);
    my @expected = (undef, [ map { range(@$_) } @then ],
                    [ range(100, 99) ], [ range(99) ], []);
    my %end;

    $stage->scene("days", rounds => [
        { $money => days(@all) }, { $money => days("old", "b", "c", "new") },
        { $money => days("old", "c", "new") }, { $money => days("new") },
        { $money => days() },
    ], check => sub {
        my (undef, $user, $round) = @_;
        my @orders = windows("days", $user, $round, "orders");
        my @money = windows("days", $user, $round, $money);

        is_completed("days", $user, $round);
        is(ids($money, $user), "a b c done new old", "days, $round: rows");
        is(scalar @orders, 1, "days, $round: one window of orders");

        if ($round == 1) {
            is_first(\@orders, \@money);

        } else {
            is($orders[0][0], $end{orders} - 600,
               "days, $round: orders of ten minutes again");
            is($money[0][0], $end{$money} - 72 * 3600,
               "days, $round: transactions of 72 hours again");
            is_deeply([ @money[1 .. $#money] ], $expected[$round - 1],
                      "days, $round: and days with deferred ones");
        }

        $end{orders} = $orders[0][1];
        $end{$money} = $round == 1 ? $money[-1][1] : $money[0][1];
    });
}


sub is_first {
    my ($orders, $money) = @_;

    cmp_ok($now - $orders->[0][0], ">", 364 * $day,
           "days, 1: orders of a year");
    cmp_ok($now - $money->[0][0], ">", 547 * $day,
           "days, 1: transactions of 18 months");
    cmp_ok($now - $money->[0][0], "<", 549 * $day,
           "days, 1: of no more");
    cmp_ok($now - $money->[-1][1], "<", 300, "days, 1: until now");
    is(scalar(grep { $_->[1] - $_->[0] > 180 * $day } @$money), 0,
       "days, 1: windows of at most 180 days");
    cmp_ok(scalar @$money, ">=", 4, "days, 1: that is several");
    is_adjacent("days, 1", @$money);
}


# --- cursors that cannot be ---

# What came late, ten days ago, is found: such a cursor tells nothing.

my $cursors = 0;

for my $cursor ("now() + interval '1 year'", "now() + interval '1 h'",
                "'infinity'", "'-infinity'", "now() - interval '5 years'")
{
    my $name = "cursor $cursor";
    my %end;

    $stage->scene("cursor" . ++$cursors, rounds => [ map {
        my @late = $_ > 1 ? ("late") : ();

        +{ map { my $set = $_;
                 ($set => within($set, map { dated($set, $_, 10, "RELEASED") }
                                       "first", @late)) }
           "orders", $money };
    } 1 .. 3 ], before => sub {
        my (undef, $user, $round) = @_;

        $stage->db->sql("UPDATE amzsync.cursors SET covered_to = $cursor
                          WHERE user_id = '$user'") if $round == 2;
    }, check => sub {
        my (undef, $user, $round) = @_;

        is_completed($name, $user, $round);

        for my $set ("orders", $money) {
            my @windows = windows($name, $user, $round, $set);

            is(ids($set, $user), $round == 1 ? "first" : "first late",
               "$name, $round: $set");
            is_adjacent("$name, $round: $set", @windows);
            is($windows[0][0], $end{$set} - ($set eq $money ? 72 * 3600 : 600),
               "$name, $round: $set, from the last end on")
                if $round == 3;

            $end{$set} = $windows[-1][1];
        }
    });
}


# --- windows that are refused ---

# More than ten rows are too many for this Amazon.

{
    my $from = 530;
    my @dated = map { dated($money, "t$_", $from - $_ / 2, "RELEASED") }
                1 .. 39;
    my $answer = within($money, @dated);

    $stage->scene("large", rounds => [ { $money => sub {
        my ($call) = @_;
        my $page = $answer->($call);
        my $rows = () = $page =~ /"transactionId"/g;

        return $rows > 10 ? AmzSync::Stage::refused("InvalidInput") : $page;
    } } ], check => sub {
        my (undef, $user, $round) = @_;
        my @windows = windows("large", $user, $round, $money);

        # One that is refused is followed by one that begins there, too.
        my @from = map { $_->[0] } @windows;
        my @answered = @windows[grep { $_ == $#from
                                       || $from[$_] != $from[$_ + 1] }
                                0 .. $#from];

        is_completed("large", $user, $round);
        is($stage->count($user, $money), 39, "large: all rows");
        cmp_ok(@windows - @answered, ">=", 2, "large: some were refused");
        is_adjacent("large", @answered);
    });
}


$stage->play;

is_deeply([ $stage->nginx->alarms ], [], "no alarms");

done_testing();

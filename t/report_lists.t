# The listing of reports that Amazon makes by itself: pages that do not end, and
# pages that do not come.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Stage;
use Test::More;

my $retries = 2;
my $stage = AmzSync::Stage->new(
    extra => "amzsync_datasets settlements; amzsync_retries $retries;"
             . " amzsync_retry_delay 1ms; amzsync_report_poll 100ms;");


# A page without reports.

sub page {
    my ($token) = @_;

    return qq({"reports":[]) . ($token ? qq(,"nextToken":"$token") : "") . "}";
}


sub scene {
    my ($user, $answer, $check) = @_;

    $stage->scene($user, rounds => [ { reports => $answer } ],
                  check => sub { $check->($user) });
}


# How the dataset has ended; and the tokens that were sent.

sub ended {
    my ($user) = @_;
    my $set = $stage->set($user, "settlements");

    return join ": ", grep { defined } @$set{qw(status code)};
}


sub tokens {
    my ($user) = @_;

    return map { $_->{token} // "-" } $stage->calls($user, 1, "reports");
}


# --- tokens that come again ---

scene("same", sub { page("same") }, sub {
    my ($user) = @_;

    is(ended($user), "failed: token_loop", "one token: the dataset failed");
    like($stage->set($user, "settlements")->{message},
         qr/same page token again/, "one token: and says why");
    is_deeply([ tokens($user) ], [ "-", "same" ], "one token: few calls");
});

scene("circle", sub {
    my ($call) = @_;

    return page("t" . ((($call->{token} || "t0") =~ s/t//r) % 7 + 1));
}, sub {
    my ($user) = @_;

    is(ended($user), "failed: token_loop", "seven tokens: the dataset failed");
    cmp_ok(scalar tokens($user), "<=", 24, "seven tokens: few calls");
});

scene("many", sub {
    my ($call) = @_;
    my $n = ($call->{token} || "t0") =~ s/t//r;

    return page($n < 30 ? "t" . ($n + 1) : undef);
}, sub {
    my ($user) = @_;

    is(ended($user), "completed", "many tokens: completed");
    is(scalar tokens($user), 31, "many tokens: all pages");
});


# --- a second page that does not come: once, or never ---

my %bad = (
    500 => sub { (500, "{}") },
    400 => sub { AmzSync::Stage::refused("InvalidInput") },
);

for my $status (sort keys %bad) {

    scene("once$status", sub {
        my ($call) = @_;

        return page("t1") if !defined $call->{token};
        return $call->{n} == 1 ? $bad{$status}->() : page();
    }, sub {
        my ($user) = @_;

        is(ended($user), "completed", "$status once: completed");
        is_deeply([ tokens($user) ],
                  [ "-", "t1", $status == 400 ? "-" : (), "t1" ],
                  "$status once: the page is asked for again");
    });

    scene("never$status", sub {
        my ($call) = @_;

        return defined $call->{token} ? $bad{$status}->() : page("t1");
    }, sub {
        my ($user) = @_;

        is(ended($user), $status == 400 ? "failed: invalid_input"
                                        : "failed: amazon_unavailable",
           "$status for ever: the dataset failed");
        is_deeply([ tokens($user) ],
                  $status == 400 ? [ ("-", "t1") x ($retries + 1) ]
                                 : [ "-", ("t1") x ($retries + 1) ],
                  "$status for ever: few calls");
    });
}


$stage->play;

is_deeply([ $stage->nginx->alarms ], [], "no alarms");

done_testing();

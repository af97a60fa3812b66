package AmzSync::Amazon;

# An Amazon that a test plays: a small HTTP server on loopback, in a process of
# its own, which ends with the object or with the test.
#
#     my $amazon = AmzSync::Amazon->new(sub {
#         my ($call) = @_;
#         return (200, $json);
#     });
#     $amazon->url; $amazon->calls;
#
# A call has "user" and "round" (of the refresh token "user|round"), "set" (the
# dataset by the path), "args", "token" (the next token among them) and "n",
# how many calls of the same user, round and dataset there were before.

use strict;
use warnings;

use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();

my %sets = (
    "/sellers/v1/marketplaceParticipations" => "marketplaces",
    "/orders/2026-01-01/orders"             => "orders",
    "/fba/inventory/v1/summaries"           => "inventory",
    "/finances/2024-06-19/transactions"     => "financial_transactions",
    "/reports/2021-06-30/reports"           => "reports",
);

my %reasons = (200 => "OK", 400 => "Bad Request",
               500 => "Internal Server Error");


sub new {
    my ($class, $answer) = @_;

    my $self = bless {
        parent => $$,
        answer => $answer,
        listen => IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                                        Listen => 64, ReuseAddr => 1),
        log    => File::Temp->new(TEMPLATE => "amzsync.XXXXXX", TMPDIR => 1),
    }, $class;

    die "no free port: $!\n" if !$self->{listen};

    $self->{port} = $self->{listen}->sockport;
    $self->{pid} = fork();
    die "fork: $!\n" if !defined $self->{pid};

    if ($self->{pid} == 0) {
        eval { $self->serve };
        print STDERR $@ if $@;
        POSIX::_exit(1);
    }

    close $self->{listen};

    return $self;
}


sub url { "http://127.0.0.1:$_[0]{port}" }


# All that was asked so far, in order.

sub calls {
    my ($self) = @_;

    open my $fh, '<', "$self->{log}" or die "$self->{log}: $!\n";

    return map { JSON::PP::decode_json($_) } <$fh>;
}


# The process of its own, until the test is gone.

sub serve {
    my ($self) = @_;
    my $select = IO::Select->new($self->{listen});
    my %text;

    $SIG{TERM} = "DEFAULT";

    while (getppid() == $self->{parent}) {

        for my $socket ($select->can_read(0.5)) {

            if ($socket == $self->{listen}) {
                my $client = $socket->accept;
                $select->add($client) if $client;
                next;
            }

            if (!sysread $socket, $text{$socket}, 65536,
                         length($text{$socket} || ""))
            {
                $select->remove($socket);
                delete $text{$socket};
                close $socket;
                next;
            }

            $self->request($socket, \$text{$socket});
        }
    }
}


# Answers the requests that have arrived whole.

sub request {
    my ($self, $socket, $text) = @_;

    while ($$text =~ /^(.*?)\r\n\r\n/s) {
        my $head = $1;
        my ($size) = $head =~ /^content-length: *(\d+)/im;
        my $whole = length($head) + 4 + ($size || 0);

        return if length $$text < $whole;

        my $body = substr $$text, length($head) + 4, $size || 0;
        substr($$text, 0, $whole) = "";

        my ($status, $answer) = $self->respond($head, $body);

        $answer = "HTTP/1.1 $status $reasons{$status}\r\n"
                  . "Content-Type: application/json\r\n"
                  . "Content-Length: " . length($answer) . "\r\n"
                  . "x-amzn-RequestId: played\r\n"
                  . "x-amzn-RateLimit-Limit: 100000\r\n\r\n$answer";

        while (length $answer) {
            my $n = syswrite $socket, $answer or return;
            substr($answer, 0, $n) = "";
        }
    }
}


sub respond {
    my ($self, $head, $body) = @_;

    my ($path, $query) = $head =~ m{^\w+ ([^? ]+)\??(\S*)};
    my $set = $sets{$path};

    if (!$set) {
        my $token = query($body)->{refresh_token};

        return (200, JSON::PP::encode_json({
            access_token => "Atza|$token", token_type => "bearer",
            expires_in => 3600 }));
    }

    my ($user, $round) = $head =~ /^x-amz-access-token: Atza\|(.*)\|(\d+)/im;
    my $args = query($query);

    my $call = {
        user  => $user,
        round => $round,
        set   => $set,
        args  => $args,
        token => exists $args->{nextToken} ? $args->{nextToken}
                                           : $args->{paginationToken},
        n     => $self->{seen}{"$user $round $set"}++ || 0,
        at    => time,
    };

    syswrite $self->{log}, JSON::PP::encode_json($call) . "\n";

    return $self->{answer}($call);
}


sub query {
    my ($text) = @_;
    my %args;

    for (split /&/, $text) {
        my ($name, $value) = split /=/, $_, 2;

        $value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
        $args{$name} = $value;
    }

    return \%args;
}


sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    return if $self->{parent} != $$;

    kill "TERM", $self->{pid};
    waitpid $self->{pid}, 0;
}


1;

package AmzSync::Gate;

# A way to Amazon that can be closed: a proxy on loopback for calls of HTTP, in
# a process of its own, which ends with the object or with the test.
#
#     my $gate = AmzSync::Gate->new($amazon->port);
#     $gate->hold("createReport", "answer", "GET_LEDGER");
#     my $held = $gate->held or ...;      # { port => ..., call => TEXT }
#     my @calls = $gate->calls;           # all of them so far
#
# The next call of an operation, whose text matches the pattern, is held:
#
#     call     Amazon does not get it;
#     answer   Amazon has answered, of which nothing is delivered;
#     middle   half of what comes first is delivered.
#
# Nothing more goes over its connection, until the client is gone.

use strict;
use warnings;

use parent "AmzSync::Proxy";

use File::Temp ();
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time);

# Of the Reports API, by what a call begins with.
my $api = "/reports/2021-06-30";
my @operations = (
    [ qr{^POST \S*$api/reports }, "createReport" ],
    [ qr{^GET \S*$api/reports\?}, "getReports" ],
    [ qr{^GET \S*$api/reports/}, "getReport" ],
    [ qr{^GET \S*$api/documents/}, "getReportDocument" ],
    [ qr{^GET \S*/_document/}, "document" ],
);


sub new {
    my ($class, $port) = @_;
    my $log = File::Temp->new(TEMPLATE => "amzsync.XXXXXX", TMPDIR => 1);

    return $class->SUPER::new($port, log => $log);
}


# One at a time; none is held any more with an operation that does not exist.

sub hold {
    my ($self, $operation, $how, $pattern) = @_;

    $self->{text} = "";
    syswrite $self->{control}, join(" ", $operation, $how, $pattern) . "\n";
}


sub held {
    my ($self) = @_;

    1 while sysread $self->{control}, $self->{text}, 4096,
                    length $self->{text};

    return $self->{text} =~ /^(\d+) (.*)\n/
           ? { port => $1, call => $2 } : undef;
}


# What was asked of the Reports API, in order: when, which operation, the text;
# of createReport also "id".

sub calls {
    my ($self) = @_;

    open my $fh, '<', "$self->{log}" or die "$self->{log}: $!\n";

    return map { JSON::PP::decode_json($_) } <$fh>;
}


# --- the process of its own ---

sub command {
    my ($self) = @_;

    sysread $self->{control}, my $text, 4096 or POSIX::_exit(0);

    my ($operation, $how, $pattern) = $text =~ /^(\S+) (\S+) (.*)$/m;
    $self->{armed} = { hold => [ $operation, $how, qr/$pattern/ ] };
}


# A call goes on when all of it has come.

sub ask {
    my ($self, $pair, $bytes) = @_;

    $pair->{text} .= $bytes;

    my ($head, $body) = $pair->{text} =~ /^(.*?\r\n)\r\n(.*)/s or return;
    my ($size) = $head =~ /^content-length: *(\d+)/im;

    return if length $body < ($size || 0);

    my ($operation) = map { $_->[1] } grep { $head =~ $_->[0] } @operations;
    my ($line) = $head =~ /^(\S+ \S+)/;

    $bytes = delete $pair->{text};
    $pair->{call} = $operation ? { at => time, operation => $operation,
                                   call => "$line $body" } : undef;

    return $self->stop($pair) if $self->is_aim($pair, "call");

    give($pair->{server}, $bytes);
}


sub answer {
    my ($self, $pair, $bytes) = @_;

    my $begun = $pair->{call} && $pair->{call}{begun}++;

    $self->note($pair, $bytes);

    return $self->stop($pair) if !$begun && $self->is_aim($pair, "answer");

    my $half = $self->is_aim($pair, "middle");

    $bytes = substr $bytes, 0, length($bytes) / 2 if $half;
    give($pair->{client}, $bytes);
    $self->stop($pair) if $half;
}


# A call is told when its answer begins; one that makes a report, with its id.

sub note {
    my ($self, $pair, $bytes) = @_;
    my $call = $pair->{call};

    return if !$call || $call->{noted};

    if ($call->{operation} eq "createReport") {
        $call->{got} .= $bytes;
        ($call->{id}) = $call->{got} =~ /"reportId":"(\d+)"/
            or return;
    }

    $call->{noted} = 1;
    syswrite $self->{log},
             JSON::PP::encode_json({ map { $_ => $call->{$_} }
                                     grep { defined $call->{$_} }
                                     qw(at operation call id) }) . "\n";
}


sub is_aim {
    my ($self, $pair, $how) = @_;
    my $hold = $self->{armed}{hold} or return;
    my $call = $pair->{call} or return;

    # What makes a report is held when the report is known.
    return $hold->[1] eq $how && $hold->[0] eq $call->{operation}
           && $call->{call} =~ $hold->[2]
           && ($how eq "call" || $call->{noted});
}


sub stop {
    my ($self, $pair) = @_;

    $pair->{cut} = 1;
    $self->{armed} = {};
    syswrite $self->{control},
             $pair->{client}->peerport . " $pair->{call}{call}\n";
}


sub give { AmzSync::Proxy::give(@_) }


1;

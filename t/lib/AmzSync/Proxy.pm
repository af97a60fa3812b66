package AmzSync::Proxy;

# A way to PostgreSQL that can be cut: a proxy on loopback, in a process of its
# own, which ends with the object or with the test.
#
#     my $proxy = AmzSync::Proxy->new($cluster->port);
#     $proxy->cut("sent", 2);         # the next two connections that qualify
#     my $count = $proxy->cuts(3);    # how many were, after three seconds or
#                                     # as soon as one was; no more from now on
#
# Connections are cut
#
#     middle   in the middle of what a client sends: half of it arrives;
#     sent     after all of it has arrived, before any answer;
#     answer   in the middle of the answer: half of it is delivered;
#     waiting  that have waited for an answer for a fifth of a second.
#
# The server always gets a clean end after what has arrived, and goes on with
# that.

use strict;
use warnings;

use AmzSync::Nginx ();
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket;
use Time::HiRes qw(time);


sub new {
    my ($class, $port, %arg) = @_;

    socketpair my $mine, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!\n";

    my $self = bless {
        parent => $$,
        to     => $port,
        listen => IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                                        Listen => 64, ReuseAddr => 1),
        armed  => {},
        %arg,
    }, $class;

    die "no free port: $!\n" if !$self->{listen};

    $self->{port} = $self->{listen}->sockport;
    $self->{pid} = fork();
    die "fork: $!\n" if !defined $self->{pid};

    if ($self->{pid} == 0) {
        $SIG{PIPE} = "IGNORE";
        $SIG{$_} = "DEFAULT" for qw(TERM ALRM);
        close $mine;
        $self->{control} = $its;
        eval { $self->serve };
        print STDERR $@ if $@;
        POSIX::_exit(1);
    }

    close $its;
    close $self->{listen};
    $self->{control} = $mine;
    $mine->blocking(0);

    return $self;
}


sub port { $_[0]{port} }


sub cut {
    my ($self, $how, $count) = @_;

    syswrite $self->{control}, "$how $count\n";
}


# What was not cut by now will not be.

sub cuts {
    my ($self, $seconds) = @_;
    my $text = "";

    IO::Select->new($self->{control})->can_read($seconds || 0);

    syswrite $self->{control}, "none 0\n";
    1 while sysread $self->{control}, $text, 4096, length $text;

    return ($text =~ tr/\n//);
}


# The process of its own, until the test is gone.

sub serve {
    my ($self) = @_;
    my $select = $self->{select} = IO::Select->new($self->{listen},
                                                   $self->{control});

    while (getppid() == $self->{parent}) {

        for my $socket ($select->can_read(0.05)) {

            if ($socket == $self->{listen}) {
                $self->accept;

            } elsif ($socket == $self->{control}) {
                $self->command;

            } elsif (my $end = $self->{ends}{$socket}) {
                $self->pass($end);
            }
        }

        $self->wait if $self->{armed}{waiting};
    }
}


sub command {
    my ($self) = @_;

    sysread $self->{control}, my $text, 4096 or POSIX::_exit(0);

    for (split /\n/, $text) {
        my ($how, $count) = split;
        $self->{armed} = $how eq "none" ? {} : { $how => $count };
    }
}


# Each end knows the other one; "begun" once the server has let the client in.

sub accept {
    my ($self) = @_;
    my $client = $self->{listen}->accept or return;
    my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => $self->{to});

    return close $client if !$server;

    my $pair = { client => $client, server => $server };

    $self->{ends}{$client} = { %$pair, pair => $pair, from => $client };
    $self->{ends}{$server} = { %$pair, pair => $pair, from => $server };
    $self->{select}->add($client, $server);
}


# At an end without a cut both sides see it.

sub pass {
    my ($self, $end) = @_;
    my $pair = $end->{pair};
    my $up = $end->{from} == $pair->{client};

    if (!sysread $end->{from}, my $bytes, 65536) {
        $self->forget($pair->{client});
        $self->forget($pair->{server});

    } elsif ($pair->{cut}) {
        # The answer that nobody gets.
        return;

    } elsif ($up) {
        $self->ask($pair, $bytes);

    } else {
        $self->answer($pair, $bytes);
    }
}


sub ask {
    my ($self, $pair, $bytes) = @_;

    # The first message is the log-in's.
    my $how = !$pair->{begun} ? ""
              : $self->{armed}{middle} ? "middle"
              : $self->{armed}{sent} ? "sent" : "";

    $bytes = substr $bytes, 0, length($bytes) / 2 if $how eq "middle";

    # Each Sync is answered by a ReadyForQuery.
    $pair->{pending} += () = $bytes =~ /S\x00\x00\x00\x04/g;
    $pair->{asked} ||= time;
    give($pair->{server}, $bytes);
    $self->end($pair, $how) if $how;
}


sub answer {
    my ($self, $pair, $bytes) = @_;
    my $how = $pair->{begun} && $self->{armed}{answer} ? "answer" : "";

    $bytes = substr $bytes, 0, length($bytes) / 2 if $how;

    # Authentication is over with ReadyForQuery.
    $pair->{begun} ||= $bytes =~ /Z\x00\x00\x00\x05I\z/;

    $pair->{pending} -= () = $bytes =~ /Z\x00\x00\x00\x05/g;
    $pair->{pending} = 0 if $pair->{pending} < 0;
    $pair->{asked} = $pair->{pending} ? time : 0;
    give($pair->{client}, $bytes);
    $self->end($pair, $how) if $how;
}


sub wait {
    my ($self) = @_;
    my %seen;

    for my $pair (map { $_->{pair} } values %{ $self->{ends} }) {

        next if $seen{$pair}++ || $pair->{cut} || !$pair->{asked}
                || time - $pair->{asked} < 0.2;

        $self->end($pair, "waiting");
        return if !$self->{armed}{waiting};
    }
}


# The client is cut off, the server hears that no more will come.

sub end {
    my ($self, $pair, $how) = @_;

    $pair->{cut} = 1;
    $self->forget($pair->{client});
    shutdown $pair->{server}, 1;

    delete $self->{armed}{$how} if --$self->{armed}{$how} <= 0;
    syswrite $self->{control}, "$how\n";
}


sub forget {
    my ($self, $socket) = @_;

    return if !delete $self->{ends}{$socket};

    $self->{select}->remove($socket);
    close $socket;
}


sub give {
    my ($socket, $bytes) = @_;

    while (length $bytes) {
        my $n = syswrite $socket, $bytes or return;
        substr($bytes, 0, $n) = "";
    }
}


sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    return if $self->{parent} != $$;

    kill "TERM", $self->{pid};
    waitpid $self->{pid}, 0;
}


1;

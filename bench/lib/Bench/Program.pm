package Bench::Program;

# A program that runs beside the benches, such as a server of a peer: it ends
# with the object.
#
#     my $program = Bench::Program->new([ $node, "server.js" ],
#                                       env => { PORT => $port }, log => $path);
#     $program->listens($port);

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Time::HiRes ();


sub new {
    my ($class, $command, %arg) = @_;

    my $self = bless { owner => $$, log => $arg{log}, name => $command->[-1] },
                     $class;

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        %ENV = (%ENV, %{ $arg{env} || {} });
        open STDOUT, '>', $arg{log} or die "$arg{log}: $!\n";
        open STDERR, '>&', \*STDOUT;
        { exec @$command }
        POSIX::_exit(127);
    }

    $self->{pid} = $pid;

    return $self;
}


sub pid { $_[0]{pid} }


sub output {
    my ($self) = @_;

    open my $fh, '<', $self->{log} or return "";
    local $/;

    return <$fh> // "";
}


# Waits until it answers on a port.

sub listens {
    my ($self, $port) = @_;

    for (1 .. 300) {
        return $self if IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                              PeerPort => $port);
        last if !$self->runs;

        Time::HiRes::sleep(0.1);
    }

    die "$self->{name} does not listen:\n" . $self->output;
}


sub runs {
    my ($self) = @_;

    return 0 if !$self->{pid};

    if (waitpid($self->{pid}, 1) == $self->{pid}) {
        $self->{pid} = undef;
        $self->{status} = $?;
    }

    return defined $self->{pid};
}


# Waits for the end by itself; dies if that was a failure, or never comes.

sub wait {
    my ($self, $timeout) = @_;
    my $end = Time::HiRes::time() + $timeout;

    while ($self->runs) {
        die "$self->{name} does not end:\n" . $self->output
            if Time::HiRes::time() > $end;

        Time::HiRes::sleep(0.02);
    }

    die "$self->{name} failed:\n" . $self->output if $self->{status};

    return $self->output;
}


sub stop {
    my ($self) = @_;

    return if !$self->runs;

    kill "TERM", $self->{pid};

    for (1 .. 200) {
        return if !$self->runs;
        Time::HiRes::sleep(0.02);
    }

    kill "KILL", $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
}


sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    $self->stop if $self->{owner} == $$;
}


1;

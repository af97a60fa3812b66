package AmzSync::Nginx;

# An nginx of a test's own, for what Test::Nginx cannot do: reload, quit, kill.
# It listens on a free loopback port, and ends with the object.
#
#     my $nginx = AmzSync::Nginx->new(workers => 2, http => "...",
#                                     server => "...");
#     $nginx->port; $nginx->workers; $nginx->signal("HUP");

use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET;
use Time::HiRes ();


sub new {
    my ($class, %arg) = @_;

    my $self = bless {
        pid    => $$,
        dir    => File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1),
        port   => $arg{port} || free_port(),
        binary => $ENV{TEST_NGINX_BINARY} || "nginx",
    }, $class;

    chmod 0755, "$self->{dir}";

    $self->configure(%arg);
    $self->start;

    return $self;
}


sub free_port {
    my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
                                       Listen => 1, ReuseAddr => 1)
        or die "no free port: $!\n";

    return $socket->sockport;
}


sub configure {
    my ($self, %arg) = @_;
    my $module = $ENV{TEST_NGINX_LOAD_MODULES}
                 ? "load_module $ENV{TEST_NGINX_LOAD_MODULES};" : "";
    my $workers = $arg{workers} || 1;
    my $level = $arg{log_level} || "info";
    my $threads = $arg{threads} || 4;
    my $connections = $arg{connections} || 512;

    my $text = <<END;
$module
worker_processes $workers;
daemon off;
pid $self->{dir}/nginx.pid;
error_log $self->{dir}/error.log $level;
thread_pool amzsync threads=$threads max_queue=65536;
events { worker_connections $connections; }
http {
    access_log off;
    client_body_temp_path $self->{dir}/body;
    proxy_temp_path $self->{dir}/proxy;
    fastcgi_temp_path $self->{dir}/fastcgi;
    uwsgi_temp_path $self->{dir}/uwsgi;
    scgi_temp_path $self->{dir}/scgi;
    $arg{http}
    server {
        listen 127.0.0.1:$self->{port};
        $arg{server}
    }
}
END

    open my $fh, '>', "$self->{dir}/nginx.conf" or die "nginx.conf: $!\n";
    print $fh $text;
    close $fh or die "nginx.conf: $!\n";
}


sub start {
    my ($self) = @_;

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        exec $self->{binary}, "-p", "$self->{dir}", "-e",
             "$self->{dir}/error.log", "-c", "$self->{dir}/nginx.conf";
        die "$self->{binary}: $!\n";
    }

    $self->{master} = $pid;

    for (1 .. 100) {
        return if IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                        PeerPort => $self->{port});
        die "nginx did not start:\n" . $self->log
            if waitpid($pid, 1) == $pid;

        Time::HiRes::sleep(0.1);
    }

    die "nginx does not listen:\n" . $self->log;
}


sub port { $_[0]{port} }

sub master { $_[0]{master} }


# The workers that are not shutting down, by pid.

sub workers {
    my ($self) = @_;

    return grep { $self->works($_) } $self->children;
}


# Below valgrind a process keeps its command line: the log tells what it does.

sub works {
    my ($self, $pid) = @_;

    open my $fh, '<', "/proc/$pid/cmdline" or return 0;
    my $command = <$fh> || "";

    return $self->log !~ / $pid#\d+: (gracefully shutting down|exiting)/
        if $command =~ /valgrind/;

    return $command =~ /worker process\0*$/;
}


# All children of the master, also those that are shutting down.

sub children {
    my ($self) = @_;
    my $master = $self->{master} or return;

    open my $fh, '<', "/proc/$master/task/$master/children" or return;

    return split " ", <$fh> || "";
}


# SIGKILL to the master and to all of its children, none forgotten.

sub slay {
    my ($self) = @_;

    kill "STOP", $self->{master};
    kill "KILL", $self->children, $self->{master};

    $self->gone(10);
}


sub signal {
    my ($self, $signal) = @_;

    kill $signal, $self->{master};
}


sub log {
    my ($self) = @_;

    open my $fh, '<', "$self->{dir}/error.log" or return "";
    local $/;

    return <$fh>;
}


# Lines of the error log that no test may leave behind.

sub alarms {
    my ($self, $but) = @_;

    return grep { /\[(?:alert|emerg|crit)\]/ && !($but && /$but/) }
           split /\n/, $self->log;
}


sub stop {
    my ($self) = @_;

    return if !$self->{master};

    kill "TERM", $self->{master};
    $self->gone(10);
    $self->{master} = undef;
}


# Waits until nginx has exited; answers the seconds that it took, or undef.

sub gone {
    my ($self, $timeout) = @_;
    my $begin = Time::HiRes::time();

    while (Time::HiRes::time() - $begin < $timeout) {
        if (waitpid($self->{master}, 1) == $self->{master}) {
            $self->{master} = undef;
            return Time::HiRes::time() - $begin;
        }

        Time::HiRes::sleep(0.02);
    }

    return undef;
}


sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    $self->stop if $self->{pid} == $$;
}


1;

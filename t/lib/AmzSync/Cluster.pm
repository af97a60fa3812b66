package AmzSync::Cluster;

# A PostgreSQL cluster of a test's own, to be stopped and started as it likes.
# It listens on a unix socket and on a loopback port, and PGHOST, PGPORT and
# PGUSER point to it from now on; it ends with the object.  Its settings may be
# named: settings => { shared_buffers => "512MB" }.

use strict;
use warnings;

use AmzSync::Nginx;
use File::Temp ();


sub new {
    my ($class, %arg) = @_;

    my ($bin) = sort { $b cmp $a } glob "/usr/lib/postgresql/*/bin";
    die "no PostgreSQL server programs\n" if !$bin;

    my $self = bless {
        pid  => $$,
        bin  => $bin,
        dir  => File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1),
        port => AmzSync::Nginx::free_port(),
        settings => $arg{settings} || {},
    }, $class;

    chmod 0755, "$self->{dir}";

    # initdb refuses root.
    if ($> == 0) {
        my ($uid, $gid) = (getpwnam "nobody")[2, 3];
        chown $uid, $gid, "$self->{dir}";
        $self->{as} = [ "setpriv", "--reuid=$uid", "--regid=$gid",
                        "--clear-groups" ];
    }

    $self->run("initdb", "-D", "$self->{dir}/data", "-U", "postgres", "-A",
               "trust", "-E", "UTF8", "--no-sync") or die "initdb failed\n";

    $self->start;

    $ENV{PGHOST} = "$self->{dir}";
    $ENV{PGPORT} = $self->{port};
    $ENV{PGUSER} = "postgres";
    delete $ENV{PGPASSWORD};

    return $self;
}


sub run {
    my ($self, $program, @args) = @_;

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        chdir "/";
        open STDOUT, '>>', "/dev/null";
        exec @{ $self->{as} || [] }, "$self->{bin}/$program", @args;
        die "$program: $!\n";
    }

    waitpid $pid, 0;

    return $? == 0;
}


sub start {
    my ($self) = @_;
    my %set = (listen_addresses => "127.0.0.1", fsync => "off",
               %{ $self->{settings} });

    $self->run("pg_ctl", "-D", "$self->{dir}/data", "-w", "-l",
               "$self->{dir}/log", "-o",
               join(" ", "-k $self->{dir} -p $self->{port}",
                    map { "-c $_=$set{$_}" } sort keys %set),
               "start")
        or die "PostgreSQL did not start\n";
}


sub stop {
    my ($self, $mode) = @_;

    return $self->run("pg_ctl", "-D", "$self->{dir}/data", "-w", "-m",
                      $mode || "immediate", "stop");
}


sub port { $_[0]{port} }


# The pid of the postmaster.

sub pid {
    my ($self) = @_;

    open my $fh, '<', "$self->{dir}/data/postmaster.pid" or return;

    my $line = <$fh>;
    chomp $line;

    return $line;
}


sub log {
    my ($self) = @_;

    open my $fh, '<', "$self->{dir}/log" or return "";
    local $/;

    return <$fh>;
}


sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    $self->stop if $self->{pid} == $$;
}


1;

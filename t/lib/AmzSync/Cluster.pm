package AmzSync::Cluster;

# A PostgreSQL cluster of a test's own, to be stopped and started as it likes.
# It listens on a unix socket and on a loopback port, and PGHOST, PGPORT and
# PGUSER point to it from now on; it ends with the object.  Arguments:
#
#     settings => { shared_buffers => "512MB" }
#     hba      => TEXT, instead of initdb's pg_hba.conf
#     files    => { "server.key" => TEXT }, in its folder before it starts
#     from     => a cluster that this one is a streaming standby of; PGHOST and
#                 the others are left alone

use strict;
use warnings;

use AmzSync ();
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
        $self->{owner} = [ $uid, $gid ];
        $self->{as} = [ "setpriv", "--reuid=$uid", "--regid=$gid",
                        "--clear-groups" ];
    }

    if ($arg{from}) {
        $self->run("pg_basebackup", "-D", "$self->{dir}/data", "-R", "-c",
                   "fast", "--no-sync", "-d", "user=postgres application_name="
                   . "standby host=$arg{from}{dir} port=$arg{from}{port}")
            or die "pg_basebackup failed\n";

        $self->start;

        return $self;
    }

    $self->run("initdb", "-D", "$self->{dir}/data", "-U", "postgres", "-A",
               "trust", "-E", "UTF8", "--no-sync") or die "initdb failed\n";

    $self->file("pg_hba.conf", $arg{hba}) if defined $arg{hba};
    $self->file($_, $arg{files}{$_}) for keys %{ $arg{files} || {} };

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
        delete @ENV{qw(PGHOST PGPORT PGTARGETSESSIONATTRS)};
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


# A standby becomes a primary.

sub promote {
    my ($self) = @_;

    $self->run("pg_ctl", "-D", "$self->{dir}/data", "-w", "promote")
        or die "PostgreSQL was not promoted\n";
}


# Settings that take effect now; an empty value is one, too.

sub set {
    my ($self, %set) = @_;

    $self->sql("postgres", "ALTER SYSTEM SET $_ = '$set{$_}'")
        for sort keys %set;
    $self->sql("postgres", "SELECT pg_reload_conf()");
}


# Runs SQL in this cluster, wherever PGHOST points to.

sub sql {
    my ($self, $database, $text) = @_;
    delete local $ENV{PGTARGETSESSIONATTRS};
    local @ENV{qw(PGHOST PGPORT PGUSER)}
        = ("$self->{dir}", $self->{port}, "postgres");

    return AmzSync::psql($database, $text);
}


# Writes a file of the server's.

sub file {
    my ($self, $name, $text) = @_;
    my $path = "$self->{dir}/data/$name";

    open my $fh, '>', $path or die "$path: $!\n";
    chmod 0600, $path;
    print $fh $text;
    close $fh or die "$path: $!\n";

    chown @{ $self->{owner} }, $path if $self->{owner};
}


sub dir { "$_[0]{dir}" }

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

    $self->stop if $self->{pid} == $$ && $self->pid;
}


1;

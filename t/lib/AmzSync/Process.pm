package AmzSync::Process;

# What /proc tells of a process; undef once it is gone.

use strict;
use warnings;

use POSIX ();

my $ticks = POSIX::sysconf(&POSIX::_SC_CLK_TCK);


# The fields of "stat" behind the name: 0 is the state, 1 the parent.

sub stat {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/stat" or return;
    my $line = <$fh>;

    return defined $line && $line =~ /^.*\) (.*)$/ ? split(/ /, $1) : ();
}


sub state { (&stat)[0] }


# A pid and when it began: never the same for two processes.

sub identity {
    my ($pid) = @_;
    my @stat = &stat;

    return @stat ? "$pid since $stat[19]" : undef;
}


# Seconds of processor time.

sub cpu {
    my @stat = &stat;

    return @stat ? ($stat[11] + $stat[12]) / $ticks : undef;
}


# Resident memory in MB: now, and at most so far.

sub memory { size($_[0], "VmRSS") }

sub peak { size($_[0], "VmHWM") }


sub size {
    my ($pid, $what) = @_;

    open my $fh, '<', "/proc/$pid/status" or return;
    my ($kb) = map { /^$what:\s+(\d+)/ ? $1 : () } <$fh>;

    return defined $kb ? $kb / 1024 : undef;
}


# Which of the processes has the end of a connection that has this port.

sub owner {
    my ($port, @pids) = @_;
    my %sockets = map { ("socket:[$_]" => 1) } sockets($port);

    for my $pid (@pids) {
        return $pid if grep { $sockets{ readlink($_) || "" } }
                       glob "/proc/$pid/fd/*";
    }

    return undef;
}


sub sockets {
    my ($port) = @_;
    my $end = sprintf ":%04X", $port;
    my @inodes;

    for my $file ("/proc/net/tcp", "/proc/net/tcp6") {
        open my $fh, '<', $file or next;

        for (<$fh>) {
            my @field = split;
            push @inodes, $field[9] if $field[1] =~ /$end$/;
        }
    }

    return @inodes;
}


sub descriptors {
    my ($pid) = @_;

    opendir my $dir, "/proc/$pid/fd" or return;

    return scalar grep { !/^\./ } readdir $dir;
}


# Children of a process that nobody has waited for.

sub zombies {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/task/$pid/children" or return;

    return grep { (state($_) || "") eq "Z" } split " ", <$fh> || "";
}


1;

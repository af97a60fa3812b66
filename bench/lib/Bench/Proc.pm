package Bench::Proc;

# What processes cost, as /proc tells.

use strict;
use warnings;

use POSIX ();

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());


# A process and all that descend from it.

sub tree {
    my ($pid) = @_;
    my @children;

    for my $file (glob "/proc/$pid/task/*/children") {
        open my $fh, '<', $file or next;
        push @children, split " ", <$fh> || "";
    }

    return ($pid, map { tree($_) } @children);
}


# CPU seconds of a process and its descendants so far, the dead included.

sub cpu {
    my ($root) = @_;
    my $sum = 0;

    for my $pid (tree($root)) {
        my @stat = stat_of("/proc/$pid/stat") or next;
        $sum += $stat[11] + $stat[12] + $stat[13] + $stat[14];
    }

    return $sum / $ticks;
}


# The fields after the name, which may have spaces: state is the first.

sub stat_of {
    my ($file) = @_;

    open my $fh, '<', $file or return;
    my $line = <$fh>;
    return if !defined $line;

    return split " ", substr $line, rindex($line, ")") + 2;
}


# CPU seconds of each thread, by its id.

sub threads {
    my ($pid) = @_;
    my %cpu;

    for my $dir (glob "/proc/$pid/task/*") {
        my @stat = stat_of("$dir/stat") or next;
        my ($tid) = $dir =~ /(\d+)$/;
        $cpu{$tid} = ($stat[11] + $stat[12]) / $ticks;
    }

    return \%cpu;
}


# Resident memory in KiB.

sub rss {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/status" or die "/proc/$pid: $!\n";

    while (<$fh>) {
        return $1 if /^VmRSS:\s+(\d+) kB/;
    }

    die "no VmRSS of $pid\n";
}


1;

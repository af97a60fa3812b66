package Bench::Load;

# One run of wrk: requests a second, latencies, and what the processes that
# answered used of the CPU meanwhile.
#
#     my $sample = Bench::Load::run(
#         port => $port, kind => "status", seconds => 5, connections => 64,
#         cpu => { server => $pid, postgres => $pid });

use strict;
use warnings;

use Bench::Proc;
use File::Basename ();
use JSON::PP ();

my $script = File::Basename::dirname(__FILE__) . "/../../wrk/load.lua";


sub run {
    my (%arg) = @_;
    my %cpu = %{ $arg{cpu} || {} };
    my %before = map { $_ => Bench::Proc::cpu($cpu{$_}) } keys %cpu;

    my @command = ("wrk", "-t1", "-c$arg{connections}", "-d$arg{seconds}s",
                   "-s", $script, "http://127.0.0.1:$arg{port}",
                   "--", $arg{kind}, $arg{first} || 1, $arg{count} || 1);

    open my $fh, '-|', @command or die "wrk: $!\n";
    my @lines = <$fh>;
    close $fh or die "wrk failed: @lines\n";

    my ($line) = grep { /^\{/ } @lines;
    die "wrk says nothing: @lines\n" if !$line;

    my $sample = JSON::PP::decode_json($line);
    my $bad = $sample->{broken};

    # A 409 is what some ask for.
    $bad += $arg{refused} ? abs($sample->{requests} - $sample->{refused})
                          : $sample->{refused};

    die "$bad of $sample->{requests} requests failed: $line\n"
        if $bad || !$sample->{requests};

    $sample->{rate} = $sample->{requests} / $sample->{seconds};

    # Microseconds a request.
    for my $who (keys %cpu) {
        $sample->{"cpu_$who"} = (Bench::Proc::cpu($cpu{$who}) - $before{$who})
                                * 1e6 / $sample->{requests};
    }

    return $sample;
}


1;

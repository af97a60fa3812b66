package Bench::Mixed;

# What one worker does to its requests while it syncs: the rate of statuses
# with and without, and how late its event loop answers.

use strict;
use warnings;

use Bench::Ingest;
use Bench::Load;
use Bench::Program;
use Bench::Report;
use Bench::Requests;
use JSON::PP ();
use Time::HiRes qw(sleep time);

my $interval = 5;


# Starts a probe of a server's /ping; its end answers the latencies.

sub probe {
    my ($site, $nginx, $name, $seconds) = @_;

    return Bench::Program->new(
        [ $site->{probe}, $nginx->port, "/ping", $interval, $seconds ],
        log => $site->out . "/probe-$name.log");
}


# Latencies of the worker, with or without statuses asked of it, and at the
# same time those of an nginx that has nothing else to do: they are the
# machine's own.

sub probes {
    my ($site, $worker, $idle, $seconds, $loaded) = @_;
    my %probe = (worker => probe($site, $worker, "worker", $seconds),
                 idle   => probe($site, $idle, "idle", $seconds));
    my %sample;

    $sample{rate} = load($worker, $seconds)->{rate} if $loaded;

    for my $name (keys %probe) {
        my $found = JSON::PP::decode_json($probe{$name}->wait($seconds + 30));

        $sample{"${name}_$_"} = $found->{$_} for qw(p50 p99 max);
    }

    return \%sample;
}


sub load {
    my ($nginx, $seconds) = @_;

    return Bench::Load::run(
        port => $nginx->port, kind => "status", seconds => $seconds,
        connections => 64, count => 10000,
        cpu => { server => $nginx->master });
}


# Runs something while the worker syncs; adds the pages a second.

sub under_ingest {
    my ($site, $nginx, $warm, $run) = @_;

    Bench::Ingest::begin($site, $nginx);
    sleep($warm);

    my ($begin, $pages) = (time, Bench::Ingest::pages($site, "m"));
    my $sample = $run->();
    $sample->{pages} = (Bench::Ingest::pages($site, "m") - $pages)
                       / (time - $begin);

    Bench::Ingest::cancel($site);
    Bench::Ingest::clean($site, "m");

    return $sample;
}


sub mixed {
    my ($site) = @_;
    my ($warm, $seconds, $rounds) = $site->quick ? (2, 4, 3) : (3, 10, 5);

    Bench::Requests::prepare($site);
    Bench::Ingest::fill($site);

    my $idle = $site->constant("pong");
    my $nginx = $site->module(
        amazon => Bench::Ingest::amazon($site), threads => 2,
        datasets => "orders",
        server => "location = /ping { return 200 pong; }\n");

    load($nginx, 1);

    my $rates = Bench::Report->new(
        "mixed", "Status by id while the same worker syncs at full load, "
                 . "64 connections");

    $rates->metrics([ rate => "requests/s", "%.0f" ],
                    [ p50 => "median ms", "%.2f" ],
                    [ p99 => "p99 ms", "%.2f" ],
                    [ pages => "pages/s", "%.0f" ]);

    $rates->rounds($rounds, {
        "without sync" => sub { load($nginx, $seconds) },
        "with sync"    => sub {
            under_ingest($site, $nginx, $warm, sub { load($nginx, $seconds) })
        },
    }, "without sync", "with sync");

    $rates->ratio("with sync", "without sync", "rate");

    my $stalls = Bench::Report->new(
        "stall", "Latency of a trivial location of the worker, asked every "
                 . "$interval ms; \"idle\" is an nginx that does nothing else");

    $stalls->metrics([ rate => "requests/s", "%.0f" ],
                     [ pages => "pages/s", "%.0f" ],
                     [ worker_p50 => "median ms", "%.2f" ],
                     [ worker_p99 => "p99 ms", "%.2f" ],
                     [ worker_max => "max ms", "%.2f" ],
                     [ idle_p99 => "idle p99 ms", "%.2f" ],
                     [ idle_max => "idle max ms", "%.2f" ]);

    my $stall = sub { probes($site, $nginx, $idle, $seconds, $_[0]) };
    my $sync = sub { under_ingest($site, $nginx, $warm, @_) };

    $stalls->rounds($rounds, {
        "idle"              => sub { $stall->(0) },
        "statuses"          => sub { $stall->(1) },
        "sync"              => sub { $sync->(sub { $stall->(0) }) },
        "sync and statuses" => sub { $sync->(sub { $stall->(1) }) },
    }, "idle", "statuses", "sync", "sync and statuses");

    return ($rates, $stalls);
}


1;

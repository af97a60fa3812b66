package Bench::Events;

# A thousand event streams in one worker: what one of them costs, and how late
# a change reaches its clients.

use strict;
use warnings;

use Bench::Proc;
use Bench::Report;
use IO::Poll qw(POLLIN);
use IO::Socket::IP;
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);

my $streams = 1000;
my $syncs = 50;


sub stream {
    my ($port, $user, $id) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => "127.0.0.1",
                                     PeerPort => $port)
        or die "connect: $!\n";

    print $socket "GET /api/sync/events/$id HTTP/1.1\r\nHost: h\r\n"
                  . "X-User: $user\r\n\r\n";

    return $socket;
}


# Milliseconds from "updatedAt" in each event to its arrival, for a while.

sub delays {
    my ($poll, $seconds) = @_;
    my $end = time + $seconds;
    my @delays;

    while ((my $left = $end - time) > 0) {
        $poll->poll($left);

        for my $socket ($poll->handles(POLLIN)) {
            my $bytes = sysread $socket, my $text, 65536;
            my $now = time;

            die "a stream ended\n" if !$bytes;

            while ($text =~ /"updatedAt":"(\d+)-(\d+)-(\d+)T(\d+):(\d+):
                             (\d+)(\.\d+)Z"/gx)
            {
                push @delays, 1000 * ($now - timegm($6, $5, $4, $3, $2 - 1, $1)
                                      - $7);
            }
        }
    }

    return sort { $a <=> $b } @delays;
}


sub quantile {
    my ($q, @sorted) = @_;

    return @sorted ? $sorted[ int($q * $#sorted) ] : 0;
}


sub events {
    my ($site) = @_;
    my $seconds = $site->quick ? 8 : 30;

    # A page a second and sync, when the burst is over.
    my $amazon = $site->sandbox("seed=1 orders=100000 page=10 quota=179");
    my $nginx = $site->module(amazon => $amazon, datasets => "orders",
                              threads => 2, extra => "amzsync_max_streams "
                                                     . "$streams;\n");
    my ($pid) = $nginx->workers;
    my @syncs = map { $site->begin($nginx, "e$_", "E$_") } 1 .. $syncs;

    sleep(25);

    my $before = Bench::Proc::rss($pid);
    my $poll = IO::Poll->new;
    my @sockets = map { stream($nginx->port, "e" . ($_ % $syncs + 1),
                               $syncs[$_ % $syncs]) } 0 .. $streams - 1;
    $poll->mask($_ => POLLIN) for @sockets;

    delays($poll, 3);
    my $after = Bench::Proc::rss($pid);

    my $cpu = Bench::Proc::cpu($nginx->master);
    my @own = delays($poll, $seconds);
    $cpu = Bench::Proc::cpu($nginx->master) - $cpu;

    my @other = others($site, $nginx, $seconds);

    my $report = Bench::Report->new(
        "events", "$streams event streams of $syncs syncs in one worker");

    $report->target("KiB of resident memory a stream",
                    [ ($after - $before) / $streams ]);
    $report->target("events a second", [ @own / $seconds ]);
    $report->target("% of a core, worker with its syncs",
                    [ 100 * $cpu / $seconds ]);
    $report->target("ms from this worker's commit to the client, median",
                    [ quantile(0.5, @own) ]);
    $report->target("ms from this worker's commit to the client, 99 %",
                    [ quantile(0.99, @own) ]);
    $report->target("ms from another's commit to the client, median",
                    [ quantile(0.5, @other) ]);
    $report->target("ms from another's commit to the client, 99 %",
                    [ quantile(0.99, @other) ]);

    close $_ for @sockets;
    undef $nginx;

    $site->sql("DELETE FROM amzsync.$_ WHERE user_id ~ '^e[0-9]'")
        for "order_items", "orders";
    $site->forget("e");

    return $report;
}


# A thousand syncs that nobody here works on, a stream each; all change at once,
# at another part of the second each time.

sub others {
    my ($site, $nginx, $seconds) = @_;
    my $other = $site->module(datasets => "orders",
                              extra => "amzsync_max_streams $streams;\n");
    my $poll = IO::Poll->new;

    $site->syncs("o", $streams, "running");

    my @sockets = map { stream($other->port, "o$_",
                               "sync_o${_}_" . $site->number($_)) }
                  1 .. $streams;
    $poll->mask($_ => POLLIN) for @sockets;
    delays($poll, 3);

    my @delays;

    for my $n (1 .. int($seconds / 2)) {
        $site->sql("UPDATE amzsync.sync_progress
                       SET version = version + 1, updated_at = now()
                     WHERE user_id ~ '^o[0-9]'");
        push @delays, delays($poll, 1.7 + $n % 7 / 10);
    }

    close $_ for @sockets;
    undef $other;
    $site->forget("o");

    return sort { $a <=> $b } @delays;
}


1;

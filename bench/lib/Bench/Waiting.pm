package Bench::Waiting;

# What a sync costs while it waits, as it does for most of its life; and how
# close to Amazon's quota it comes.

use strict;
use warnings;

use Bench::Proc;
use Bench::Report;
use JSON::PP ();
use Time::HiRes qw(sleep time);

my $syncs = 2000;
my $pages_each = 2;

# Of searchOrders.
my $rate = 0.0056;
my $burst = 20;


sub worker {
    my ($nginx) = @_;
    my ($pid) = $nginx->workers;

    return $pid;
}


# Sellers who have used all of their burst but two calls.

sub buckets {
    my ($site) = @_;
    my $used = $burst - $pages_each;

    $site->sql("
        INSERT INTO amzsync.quota_buckets
              (client_id, selling_partner_id, region, operation, rate, burst,
               tat, granted)
        SELECT 'sandbox-client', 'W' || i, 'na', 'searchOrders', $rate, $burst,
               now() + $used / $rate * interval '1 s', true
          FROM generate_series(1, $syncs) i");
}


sub pages {
    my ($site) = @_;

    return $site->value("SELECT coalesce(sum(page), 0)
                           FROM amzsync.sync_datasets
                          WHERE user_id ~ '^w[0-9]'");
}


# Waits until each has fetched what it may.

sub settle {
    my ($site) = @_;
    my $end = time + 150;

    while (pages($site) < $syncs * $pages_each) {
        die "the syncs do not come to wait: " . pages($site) . " pages\n"
            if time > $end;
        sleep(0.5);
    }

    # Memory is given back at a heartbeat, every five seconds.
    sleep(11);
}


sub waiting {
    my ($site) = @_;
    my $seconds = $site->quick ? 15 : 30;

    my $amazon = $site->sandbox("seed=1 orders=100000 page=100 quota=1");
    my $nginx = $site->module(amazon => $amazon, datasets => "orders",
                               threads => 2);
    my $pid = worker($nginx);

    buckets($site);
    sleep(1);

    my %before = (rss => Bench::Proc::rss($pid));

    $site->begin($nginx, "w$_", "W$_") for 1 .. $syncs;
    settle($site);

    my %after = (rss => Bench::Proc::rss($pid));
    my $threads = Bench::Proc::threads($pid);
    my $postgres = Bench::Proc::cpu($site->postgres);
    my $begin = time;

    sleep($seconds);

    my $took = time - $begin;
    my $now = Bench::Proc::threads($pid);
    my %used = map { $_ => $now->{$_} - ($threads->{$_} || 0) } keys %$now;
    my $cpu = 0;
    $cpu += $_ for values %used;
    $postgres = Bench::Proc::cpu($site->postgres) - $postgres;

    my $running = $site->value("SELECT count(*) FROM amzsync.sync_progress
                                 WHERE user_id ~ '^w[0-9]'
                                   AND state = 'running'");
    my $connections = $site->value("SELECT count(*) FROM pg_stat_activity
                                     WHERE usename = 'amzsync_nginx'");

    die "only $running of $syncs syncs wait\n" if $running != $syncs;

    my $report = Bench::Report->new(
        "waiting", "$syncs syncs of $syncs users in one worker, all waiting "
                   . "for Amazon's own quotas");

    $report->target("KiB of resident memory a sync",
                    [ ($after{rss} - $before{rss}) / $syncs ], "<=", 8);
    $report->target("% of a core, worker, over " . int($took) . " s",
                    [ 100 * $cpu / $took ], "<=", 1);
    $report->target("% of a core, PostgreSQL", [ 100 * $postgres / $took ]);
    $report->target("threads that worked, beside the event loop",
                    [ scalar grep { $used{$_} > 0 && $_ != $pid }
                      keys %used ]);
    $report->target("connections to PostgreSQL", [ $connections ]);
    $report->note("resident memory: $before{rss} KiB before, "
                  . "$after{rss} KiB with the syncs");

    undef $nginx;

    $site->sql("DELETE FROM amzsync.$_ WHERE user_id ~ '^w[0-9]'")
        for "order_items", "orders";
    $site->forget("w");

    return $report;
}


# One seller from start to end with quotas a thousand times Amazon's: the ideal
# is what the bucket allows.

sub quota {
    my ($site) = @_;
    my ($seconds, $rounds) = $site->quick ? (8, 1) : (30, 3);
    my $fast = $rate * 1000;
    my $orders = 100 * ($burst + int($fast * $seconds));
    my (@efficiency, @refused);

    for my $round (1 .. $rounds) {
        my $amazon = $site->sandbox("seed=1 orders=$orders quota=1000");
        my $nginx = $site->module(amazon => $amazon, datasets => "orders",
                                  threads => 2);
        my $db = $site->db;

        my $sync = $site->begin($nginx, "q$round", "Q$round");
        my $state = $db->wait_sync($sync, timeout => 10 * $seconds) || "";

        die "the sync ended as \"$state\":\n" . $nginx->log
            if $state ne "completed";

        my ($row) = $site->sql("
            SELECT extract(epoch FROM p.completed_at - p.started_at), d.page
              FROM amzsync.sync_progress p
              JOIN amzsync.sync_datasets d USING (user_id, sync_no)
             WHERE user_id = 'q$round'");
        my ($took, $pages) = @$row;

        push @efficiency, ($pages - $burst) / $fast / $took;

        my (undef, $stats) = $db->call("GET", "/amazon/_sandbox/stats",
                                       port => $amazon->port);
        push @refused, $stats->{requests}{searchOrders}{429} || 0;
    }

    my $report = Bench::Report->new(
        "quota", "One seller, quotas a thousand times Amazon's: the time that "
                 . "the bucket needs / the time that the sync took");

    $report->target("efficiency", \@efficiency, ">=", 0.95);
    $report->target("calls refused by Amazon (429)", \@refused);

    return $report;
}


1;

package Bench::Ingest;

# Pages of a hundred orders with their items, from a sandbox in an nginx of its
# own into the tables: the module, the ingester in JavaScript, and a bare client
# of libpq that has nothing to fetch.

use strict;
use warnings;

use AmzSync::Truth;
use Bench::Proc;
use Bench::Program;
use Bench::Report;
use JSON::PP ();
use Time::HiRes qw(sleep time);

my $sellers = 16;
my $dumped = 100;
# Pages a connection.
my $history = 600;
my $connections = 2;
my $depth = 2;


# A sandbox whose sellers never end, and that never limits.

sub amazon {
    my ($site) = @_;

    return $site->{endless}
        ||= $site->sandbox("seed=1 orders=1000000 page=100 quota=0");
}


sub url { "http://127.0.0.1:" . $_[0]->port . "/amazon" }


# Pages that users with a prefix have in the tables.

sub pages {
    my ($site, $prefix) = @_;

    return $site->value("SELECT coalesce(sum(page), 0)
                           FROM amzsync.sync_datasets
                          WHERE user_id ~ '^${prefix}[0-9]'");
}


# Counts pages and CPU seconds for a while.

sub window {
    my ($site, $prefix, $client, $seconds, $amazon) = @_;
    my %pid = (client => $client, postgres => $site->postgres,
               defined $amazon ? (sandbox => $amazon) : ());

    my $begin = time;
    my $pages = pages($site, $prefix);
    my %cpu = map { $_ => Bench::Proc::cpu($pid{$_}) } keys %pid;

    sleep($seconds);

    my $took = time - $begin;
    $pages = pages($site, $prefix) - $pages;
    %cpu = map { $_ => Bench::Proc::cpu($pid{$_}) - $cpu{$_} } keys %pid;

    die "no pages of \"$prefix\"\n" if !$pages;

    return {
        pages => $pages,
        rate  => $pages / $took,
        (map { ("cpu_$_" => $cpu{$_} * 1e6 / $pages) } keys %cpu),
        defined $cpu{sandbox} ? (busy_sandbox => 100 * $cpu{sandbox} / $took)
                              : (),
    };
}


# The same tables for the next one.

sub clean {
    my ($site, $prefix) = @_;

    $site->sql("DELETE FROM amzsync.$_ WHERE user_id ~ '^$prefix\[0-9]'")
        for "order_items", "orders";
    $site->sql("VACUUM amzsync.$_") for "order_items", "orders";
    $site->forget($prefix);
}


# Orders of other sellers that are there before, so that the tables have the
# size and the statistics of a database in use.

sub fill {
    my ($site) = @_;

    return if $site->{filled}++;

    upsert($site, "h", 2, $depth, 600, $history)->wait(600);
    $site->sql("VACUUM ANALYZE amzsync.$_") for "order_items", "orders";
    $site->vacuum;
}


# --- the module

sub begin {
    my ($site, $nginx) = @_;

    $site->begin($nginx, "m$_", "M$_") for 1 .. $sellers;
}


# Ends all syncs of the module as a cancellation does, and waits until the
# worker has noticed.

sub cancel {
    my ($site) = @_;

    $site->sql("UPDATE amzsync.sync_progress
                   SET state = 'cancelled', completed_at = now(),
                       lease = NULL, lease_until = NULL
                 WHERE user_id ~ '^m[0-9]' AND state IN ('queued', 'running')");
    sleep(0.5);
}


sub module {
    my ($site, $nginx, $warm, $seconds) = @_;

    begin($site, $nginx);
    sleep($warm);

    my $sample = window($site, "m", $nginx->master, $seconds,
                        amazon($site)->master);

    cancel($site);
    clean($site, "m");

    return $sample;
}


# --- the ingester in JavaScript

# Syncs that the users are at work on: number 1, lease 1.

sub leases {
    my ($site, $seller, @users) = @_;
    my $array = join ",", map { "'$_'" } @users;

    $site->sql("
        WITH p AS (
            INSERT INTO amzsync.sync_progress
                  (user_id, sync_no, selling_partner_id, region,
                   marketplace_ids, state, lease, lease_until)
            SELECT u, 1, 'A1', 'na', '{ATVPDKIKX0DER}', 'running', 1,
                   'infinity'
              FROM unnest(ARRAY[$array]) u
            RETURNING user_id
        )
        INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position)
        SELECT user_id, 1, 'orders', 1 FROM p");
}


sub ingester {
    my ($site, $amazon, $users, %env) = @_;
    my @jobs = map { { user => $_, no => "1", seller => uc $_ } } @$users;

    return $site->peer("ingester/ingest.js",
                       AMAZON       => url($amazon),
                       MARKETPLACES => join(",", $site->markets),
                       SYNCS        => JSON::PP::encode_json(\@jobs),
                       STATEMENT    => $site->page_statement("any"),
                       %env);
}


sub node {
    my ($site, $warm, $seconds, %env) = @_;
    my @users = map { "n$_" } 1 .. $sellers;

    leases($site, "A1", @users);

    my $amazon = amazon($site);
    my $ingester = ingester($site, $amazon, \@users, %env);

    sleep($warm);

    my $sample = window($site, "n", $ingester->pid, $seconds, $amazon->master);

    $ingester->stop;
    clean($site, "n");

    return $sample;
}


# It must store what the module stores.

sub check_node {
    my ($site) = @_;
    my $amazon = $site->amazon;

    leases($site, "A1", "n1");
    ingester($site, $amazon, [ "n1" ], PROCESSES => 1)->wait(60);

    my @differences = AmzSync::Truth::compare(
        $site->db, user => "n1", url => url($amazon), seller => "N1",
        marketplaces => [ $site->markets ]);

    die "the ingester is wrong:\n@differences\n" if @differences;

    clean($site, "n");
}


# --- the bare client

# The parameters of real pages.

sub dump_pages {
    my ($site) = @_;
    my $pages = $site->out . "/pages";

    if (!$site->{dumped}++) {
        ingester($site, amazon($site), [ "b1" ], PROCESSES => 1,
                 DUMP => $pages, PAGES => $dumped)->wait(60);
    }

    return $pages;
}


sub upsert {
    my ($site, $prefix, $n, $in_flight, $seconds, $limit) = @_;
    my @files = ($site->page_statement("fresh"), dump_pages($site));

    leases($site, "A1", map { my $c = $_; map { "$prefix${c}_$_" } 0 .. 400 }
                        0 .. $n - 1);

    return Bench::Program->new(
        [ $site->{libpq}, $site->db->conninfo, $prefix, $n, $in_flight,
          $seconds, $limit, @files ],
        log => $site->out . "/upsert.log");
}


sub libpq {
    my ($site, $warm, $seconds, $n, $in_flight) = @_;
    my $program = upsert($site, "b", $n || $connections, $in_flight || $depth,
                         $warm + $seconds + 5, 1e9);

    sleep($warm);

    my $sample = window($site, "b", $program->pid, $seconds);

    die $program->output if !$program->runs;

    $program->stop;
    clean($site, "b");

    return $sample;
}


sub ingest {
    my ($site) = @_;
    my ($warm, $seconds, $rounds) = $site->quick ? (2, 4, 3) : (3, 10, 5);

    fill($site);
    check_node($site);

    my $nginx = $site->module(amazon => amazon($site), datasets => "orders",
                               threads => 2);

    my $report = Bench::Report->new(
        "ingest", "Pages of 100 orders with items, $sellers sellers at once");

    $report->metrics([ rate => "pages/s", "%.0f" ],
                     [ cpu_client => "client us/page", "%.0f" ],
                     [ cpu_postgres => "postgres us/page", "%.0f" ],
                     [ cpu_sandbox => "sandbox us/page", "%.0f" ],
                     [ busy_sandbox => "sandbox % CPU", "%.0f" ]);

    $report->rounds($rounds, {
        "module"     => sub { module($site, $nginx, $warm, $seconds) },
        "Node.js"    => sub { node($site, $warm, $seconds) },
        "bare libpq" => sub { libpq($site, $warm, $seconds) },
    }, "module", "Node.js", "bare libpq");

    $report->ratio("module", "Node.js", "rate", ">=", 2);
    $report->ratio("module", "bare libpq", "rate", ">=", 0.6);
    $report->ratio("module", "Node.js", "cpu_client");

    return $report;
}


1;

# What amzsync_metrics counts, against what has happened: to the letter, over
# reloads and deaths of workers, with and without the database; the variables
# for the access log; and what the error log says of syncs that fail.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Metrics;
use AmzSync::Site;
use IO::Socket::INET;
use IPC::Open3;
use Test::More;
use Time::HiRes qw(sleep time);

my @datasets = qw(marketplaces orders inventory financial_transactions
                  customer_returns reimbursements ledger_detail ledger_summary
                  removal_orders removal_shipments replacements settlements
                  inbound_shipments inbound_items);

my $status_path = "/api/sync/status";


sub scrape {
    my ($site, $nginx) = @_;

    return AmzSync::Metrics->scrape($site->db, $nginx);
}


# Waits until the metrics are as wanted; answers the last ones.

sub wait_metrics {
    my ($site, $nginx, $wanted) = @_;
    my $m;

    AmzSync::Site::until_true(20, sub {
        $m = scrape($site, $nginx);
        $wanted->($m);
    });

    return $m;
}


sub codes {
    my ($m, $operation) = @_;
    my $codes = $m->values_by("amzsync_spapi_calls_total", "code",
                              operation => $operation);

    return { map { $_ => $codes->{$_} } grep { $codes->{$_} } keys %$codes };
}


sub classes { $_[0]->values_by("amzsync_connections", "class") }


# Whether so many workers have all of their connections.

sub all_up {
    my ($m, $workers) = @_;
    my $up = classes($m);

    return $up->{read} == 2 * $workers && $up->{write} == $workers
           && $up->{work} == 2 * $workers;
}

sub nginx {
    my ($site, %arg) = @_;

    return $site->nginx(%arg, server => AmzSync::Metrics::location()
                                        . ($arg{server} || ""));
}


# A site whose faults pass.  No seller's first call is one that is throttled:
# the rate is not known then, and the seller would wait as long as at Amazon.

{
    my $site = AmzSync::Site->new("seed=3 orders=300 page=10 quota=100000"
                                  . " fault=http_500:7:searchOrders"
                                  . " fault=throttle:13:searchOrders"
                                  . " fault=cut:11:searchOrders");
    my $nginx = nginx($site, workers => 2, datasets => "marketplaces orders",
                      extra => "amzsync_retry_delay 10ms;");
    my $all = { read => 4, write => 2, work => 4 };

    my $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_workers") == 2 && all_up($_[0], 2)
    });

    is($m->status, 200, "begin: 200, and nobody had to log in");
    is($m->type, "text/plain; version=0.0.4; charset=utf-8",
       "begin: content type");
    is_deeply([ $m->mistakes ], [], "begin: well formed");
    is($m->value("amzsync_up"), 1, "begin: the database is there");
    is_deeply(classes($m), $all, "begin: connections of both workers");

    for my $name (qw(claims steals fenced_writes)) {
        is($m->value("amzsync_${name}_total"), 0, "begin: no $name");
    }

    is_deeply($m->values_by("amzsync_pages_total", "dataset"),
              { map { $_ => 0 } @datasets }, "begin: all datasets, no pages");

    # A sync: thirty pages, and what Amazon did on the way.

    my $sync = $site->begin($nginx, "u1", seller => "S1");
    is($site->db->wait_sync($sync), "completed", "sync: completed")
        or diag $site->logs;

    $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_syncs_ended_total", state => "completed")
    });
    my $requests = $site->requests;

    is_deeply([ $m->mistakes ], [], "sync: well formed");
    is_deeply($m->values_by("amzsync_pages_total", "dataset"),
              { (map { $_ => 0 } @datasets), marketplaces => 1, orders => 30 },
              "sync: pages");
    is($m->value("amzsync_rows_total", dataset => "orders"), 300,
       "sync: rows");
    is($m->value("amzsync_rows_total", dataset => "marketplaces"),
       $site->db->value("SELECT count(*) FROM amzsync.marketplaces"),
       "sync: rows of a snapshot");

    # The sandbox takes an answer that it cuts for one of its 200.
    my $codes = codes($m, "searchOrders");
    is($codes->{200}, 30, "sync: a call with 200 for each page");
    is_deeply([ sort keys %$codes ], [ qw(200 429 500 error) ],
              "sync: each fault was seen");
    is($codes->{error}, $requests->{searchOrders}{200} - 30,
       "sync: calls that were cut");
    is($codes->{$_}, $requests->{searchOrders}{$_}, "sync: calls with $_")
        for 429, 500;
    is_deeply(codes($m, "token"), $requests->{token}, "sync: tokens");
    is_deeply(codes($m, "getMarketplaceParticipations"), { 200 => 1 },
              "sync: marketplaces");
    is_deeply(codes($m, "listTransactions"), {}, "sync: nothing else");

    my @orders = (operation => "searchOrders");
    # On a slow machine a bucket may be full again before it is asked.
    cmp_ok($m->value("amzsync_quota_waits_total", @orders), ">=", 1,
           "sync: it waited after a 429");
    cmp_ok($m->value("amzsync_quota_wait_seconds_total", @orders), ">", 0,
           "sync: for some time");
    is($m->value("amzsync_claims_total"), 1, "sync: claimed once");
    is($m->value("amzsync_steals_total"), 0, "sync: not stolen");
    is($m->value("amzsync_fenced_writes_total"), 0, "sync: nothing fenced");
    is_deeply($m->values_by("amzsync_syncs_ended_total", "state"),
              { completed => 1, failed => 0 }, "sync: ended");
    is_deeply($m->values_by("amzsync_syncs", "state"),
              { queued => 0, running => 0 }, "sync: none is active");

    # Statements: connect and start were writes; each scrape is a read.

    is($m->value("amzsync_query_seconds_count", class => "write"), 2,
       "queries: two writes");
    cmp_ok($m->value("amzsync_query_seconds_count", class => "work"), ">=",
           2 * 31, "queries: a slot and a commit for each page");

    my $reads = $m->value("amzsync_query_seconds_count", class => "read");
    $site->db->call("GET", "$status_path/$sync", user => "u1",
                    port => $nginx->port) for 1 .. 3;
    $m = scrape($site, $nginx);
    is($m->value("amzsync_query_seconds_count", class => "read"), $reads + 4,
       "queries: three reads and a scrape");
    is_deeply($m->values_by("amzsync_query_failures_total", "class"),
              { read => 0, write => 0, work => 0 }, "queries: none failed");

    # What another nginx does is not counted here.

    my $other = nginx($site);
    my $zone = scrape($site, $other);
    is($zone->value("amzsync_claims_total"), 0, "another nginx: zone");
    $other->stop;

    # Whatever becomes of the workers, what was counted stays.

    my @kept = qw(amzsync_pages_total amzsync_rows_total
                  amzsync_spapi_calls_total amzsync_claims_total
                  amzsync_quota_wait_seconds_total);
    my $kept = sub {
        my ($text) = map { $_->text } @_;
        join "\n", grep { my $l = $_; grep { $l =~ /^$_\b/ } @kept }
                   split /\n/, $text;
    };
    my $before = $kept->($m);

    for my $end (qw(HUP KILL)) {
        my @old = $nginx->workers;

        $end eq "HUP" ? $nginx->signal("HUP") : kill("KILL", $old[0]);
        $m = wait_metrics($site, $nginx, sub {
            my %old = map { $_ => 1 } @old;
            my @new = grep { !$old{$_} } $nginx->workers;

            @new == ($end eq "HUP" ? 2 : 1)
            && !grep { kill 0, $_ } $end eq "HUP" ? @old : $old[0]
                and $_[0]->value("amzsync_workers") == 2
                and join(" ", map { classes($_[0])->{$_} }
                              qw(read write work)) eq "4 2 4";
        });

        is_deeply([ $m->mistakes ], [], "$end: well formed");
        is($kept->($m), $before, "$end: counters stay");
        is($m->value("amzsync_workers"), 2, "$end: two workers");
        is_deeply(classes($m), $all, "$end: connections");
    }

    # Both workers count in the same zone.

    for my $user (2 .. 5) {
        my $sync = $site->begin($nginx, "u$user", seller => "S$user");
        is($site->db->wait_sync($sync), "completed", "u$user: completed");
    }

    $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_syncs_ended_total", state => "completed") == 5
    });
    is($m->value("amzsync_pages_total", dataset => "orders"), 150,
       "five syncs: pages");
    is($m->value("amzsync_rows_total", dataset => "orders"), 1500,
       "five syncs: rows");
    is($m->value("amzsync_claims_total"), 5, "five syncs: claims");

  SKIP: {
        my ($promtool) = grep { -x } map { "$_/promtool" }
                         split /:/, $ENV{PATH};

        skip "no promtool; tools/test --full has it", 1
            if !$promtool && !$ENV{AMZSYNC_FULL};

        my $pid = open3(my $in, my $out, undef, $promtool || "promtool",
                        "check", "metrics");
        print $in $m->text;
        close $in;
        my $said = join "", <$out>;
        waitpid $pid, 0;
        is("$?: $said", "0: ", "promtool has nothing to say");
    }

    # The alarms are nginx's, about the worker that was killed.
    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [], "no alarms");
}


# Event streams, in whichever worker, also over the death of one.

{
    my $site = AmzSync::Site->new("seed=3 orders=10");
    my $nginx = nginx($site, workers => 2);
    my @streams;

    $site->db->sql("
        INSERT INTO amzsync.sync_progress
               (user_id, sync_no, selling_partner_id, region, marketplace_ids,
                state, lease, lease_until)
        VALUES ('s', 1, 'A1', 'na', '{A}', 'running', 1, 'infinity')");

    is(scrape($site, $nginx)->value("amzsync_event_streams"), 0,
       "streams: none");

    for (1 .. 6) {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                           PeerPort => $nginx->port)
            or die "connect: $!\n";
        print $socket "GET /api/sync/events/sync_s_1 HTTP/1.1\r\nHost: h\r\n"
                      . "X-User: s\r\n\r\n";
        push @streams, $socket;
    }

    my $open = sub {
        my ($n) = @_;
        my $m = wait_metrics($site, $nginx, sub {
            $_[0]->value("amzsync_event_streams") == $n
        });
        return $m->value("amzsync_event_streams");
    };

    is($open->(6), 6, "streams: six");
    close $_ for splice @streams, 0, 2;
    is($open->(4), 4, "streams: two have gone");
    kill "KILL", $nginx->workers;
    is($open->(0), 0, "streams: none in new workers");
    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [],
              "streams: no alarms");
}


# Scrapes at the same time share a statement.

{
    my $site = AmzSync::Site->new("seed=3 orders=10");
    my $nginx = nginx($site);
    my $reads = sub {
        scrape($site, $nginx)->value("amzsync_query_seconds_count",
                                     class => "read")
    };

    wait_metrics($site, $nginx, sub { $_[0]->value("amzsync_up") });

    my ($worker) = $nginx->workers;
    my $before = $reads->();

    kill "STOP", $worker;

    my @sockets = map {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                           PeerPort => $nginx->port)
            or die "connect: $!\n";
        print $socket "GET /metrics HTTP/1.0\r\n\r\n";
        $socket;
    } 1 .. 40;

    kill "CONT", $worker;

    my $good = grep { local $/;
                      <$_> =~ m{^HTTP/1.1 200 .*^amzsync_up 1$}ms } @sockets;

    is($good, 40, "scrapes: all answered");
    cmp_ok($reads->() - $before, "<=", 35, "scrapes: they share statements");
    is_deeply([ $site->alarms ], [], "scrapes: no alarms");
}


# Methods.

{
    my $site = AmzSync::Site->new("seed=1 orders=1");
    my $nginx = nginx($site);
    my @port = (port => $nginx->port);

    for my $method (qw(POST PUT DELETE)) {
        my ($code, $json, $answer) = $site->db->call($method, "/metrics", @port,
                                                     body => "x" x 100_000);

        is($code, 405, "$method: 405");
        is($answer->{headers}{allow}, "GET, HEAD", "$method: Allow");
        is_deeply($json, { success => JSON::PP::false(),
                           error => "method_not_allowed",
                           message => "Method not allowed." }, "$method: JSON");
    }

    my ($code, undef, $answer) = $site->db->call("HEAD", "/metrics", @port);
    is($code, 200, "HEAD: 200");
    is($answer->{content} // "", "", "HEAD: no body");
    cmp_ok($answer->{headers}{"content-length"}, ">", 1000, "HEAD: length");
    is_deeply([ $site->alarms ], [], "methods: no alarms");

    # A worker that never comes to its end of shutting down, nor has a successor
    # in its own place.

    my ($old) = $nginx->workers;
    my $two = sub { all_up($_[0], 2) };

    kill "STOP", $old;
    $nginx->signal("HUP");
    my $m = wait_metrics($site, $nginx, $two);
    is($m->value("amzsync_workers"), 2, "standstill: two workers");
    is_deeply(classes($m), { read => 4, write => 2, work => 4 },
              "standstill: the connections of both");

    kill "KILL", $old;
    $m = wait_metrics($site, $nginx, sub { all_up($_[0], 1) });
    is($m->value("amzsync_workers"), 1, "standstill, killed: one worker");
    is_deeply(classes($m), { read => 2, write => 1, work => 2 },
              "standstill, killed: its connections");
    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [],
              "standstill: no alarms");
}


# What is under way: one thread, three sellers, and room for two syncs.

{
    my $site = AmzSync::Site->new("seed=9 orders=100 page=10 quota=0"
                                  . " fault=slow:1");
    # A successor that is slow by itself shall find the queued one first, too.
    my $lease = $ENV{AMZSYNC_PATIENCE} ? 12 : 3;
    my $nginx = nginx($site, pool => "tasks=1",
                      extra => "amzsync_lease ${lease}s; amzsync_max_syncs 2;");

    $site->begin($nginx, "u$_", seller => "S$_") for 1 .. 3;

    # Until it shows in the age: how long since it was due.
    $site->db->sql("UPDATE amzsync.sync_progress
                       SET run_after = now() - interval '100 s'
                     WHERE state = 'queued'");

    my $busy = sub {
        my ($m) = @_;
        $m->value("amzsync_threads_busy") == 1
        && $m->value("amzsync_tasks_waiting") == 1
    };
    my $m = wait_metrics($site, $nginx, $busy);

    is($m->value("amzsync_threads_busy"), 1, "busy: one thread");
    is($m->value("amzsync_tasks_waiting"), 1, "busy: one task waits");
    is_deeply($m->values_by("amzsync_syncs", "state"),
              { queued => 1, running => 2 }, "busy: syncs by state");
    my $age = $m->value("amzsync_queue_age_seconds");
    cmp_ok($age, ">=", 100, "busy: age of the queued one");
    cmp_ok($age, "<", 160, "busy: it is not older");
    is_deeply([ $m->mistakes ], [], "busy: well formed");

    # A worker dies with a thread that is busy; its successor has room for the
    # sync that was queued, and for one to steal.

    my ($worker) = $nginx->workers;
    kill "KILL", $worker;
    $m = wait_metrics($site, $nginx, sub {
        ($nginx->workers)[0] != $worker
        && all_up($_[0], 1)
    });
    cmp_ok($m->value("amzsync_threads_busy"), "<=", 1, "killed: threads");
    is_deeply(classes($m), { read => 2, write => 1, work => 2 },
              "killed: connections");

    $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_steals_total") == 1
    });
    is($m->value("amzsync_steals_total"), 1, "killed: one was stolen");
    is($m->value("amzsync_claims_total"), 4, "killed: it is a claim, too");

    # Somebody else ends them: the fence refuses the pages under way.

    wait_metrics($site, $nginx, $busy);
    $site->db->sql("UPDATE amzsync.sync_progress
                       SET state = 'cancelled', completed_at = now(),
                           lease = NULL, lease_until = NULL
                     WHERE state IN ('queued', 'running')");
    my $pages = $m->value("amzsync_pages_total", dataset => "orders");

    $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_threads_busy") == 0
        && $_[0]->value("amzsync_tasks_waiting") == 0
        && (() = $nginx->log =~ /no longer this worker's/g) == 2
    });
    cmp_ok($m->value("amzsync_fenced_writes_total"), "<=", 1,
           "cancelled: at most the call under way is fenced");
    is($m->value("amzsync_threads_busy"), 0, "cancelled: no thread is busy");
    is($m->value("amzsync_tasks_waiting"), 0, "cancelled: no task waits");
    is_deeply($m->values_by("amzsync_syncs_ended_total", "state"),
              { completed => 0, failed => 0 }, "cancelled: none was ended");
    is_deeply([ $site->alarms(qr/exited on signal 9/) ], [],
              "busy: no alarms");
}


# A page that the fence refuses, before any heartbeat could tell.

{
    my $site = AmzSync::Site->new("seed=9 orders=100 page=10 quota=0"
                                  . " fault=slow:6:searchOrders");
    my $nginx = nginx($site);

    $site->begin($nginx, "u1", seller => "S1");
    ok($site->wait_row("u1", 10, sub {
        $_[0]{page} == 5 && $_[0]{in_flight} eq "{orders}"
    }), "fence: a call is in flight");
    $site->db->sql("UPDATE amzsync.sync_progress SET lease = 1
                     WHERE state = 'running'");

    my $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_fenced_writes_total")
    });
    is($m->value("amzsync_fenced_writes_total"), 1, "fence: one write");
    is($m->value("amzsync_pages_total", dataset => "orders"), 5,
       "fence: its page is not counted");
    is(codes($m, "searchOrders")->{200}, 6, "fence: its call is");
    is_deeply([ $site->alarms ], [], "fence: no alarms");
}


# The database away: from the beginning, and in the middle.

{
    my $site = AmzSync::Site->new("seed=1 orders=1");
    my $conf = $site->db->http_config(conninfo => { port => 1 },
                                      endpoint => $site->{url},
                                      lwa => "$site->{url}/auth/o2/token");
    my $away = AmzSync::Nginx->new(http => $conf,
                                   server => AmzSync::Metrics::location());
    my $m = scrape($site, $away);

    is($m->status, 200, "away: 200");
    is($m->value("amzsync_up"), 0, "away: not up");
    is_deeply([ $m->mistakes ], [], "away: well formed");
    is($m->value("amzsync_claims_total"), 0, "away: the rest is there");
    is_deeply(classes($m), { read => 0, write => 0, work => 0 },
              "away: no connections");
    unlike($m->text, qr/amzsync_syncs\{|queue_age/, "away: no queue");
    is_deeply([ $away->alarms ], [], "away: no alarms");

    my $nginx = nginx($site, postgres => "timeout=500ms");
    my $up = sub { $_[0]->value("amzsync_up") };

    is(wait_metrics($site, $nginx, $up)->value("amzsync_up"), 1,
       "stuck: up before");

    my $pid = open my $psql, "|-", "psql", "-Xq", "-d", $site->db->name
        or die "psql: $!\n";
    $psql->autoflush;
    print $psql "BEGIN; LOCK TABLE amzsync.sync_progress;\n";

    my $begin = time();
    $m = wait_metrics($site, $nginx, sub { !$up->($_[0]) });
    is($m->value("amzsync_up"), 0, "stuck: not up");
    is($m->status, 200, "stuck: 200");
    is_deeply([ $m->mistakes ], [], "stuck: well formed");
    unlike($m->text, qr/amzsync_syncs\{/, "stuck: no queue");

    # It is given up a moment after those who wait for it.
    $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_query_failures_total", class => "read")
    });
    cmp_ok($m->value("amzsync_query_failures_total", class => "read"), ">=", 1,
           "stuck: a statement without an answer");

    print $psql "ROLLBACK;\n";
    close $psql;

    is(wait_metrics($site, $nginx, $up)->value("amzsync_up"), 1,
       "stuck: up again");
    is_deeply([ $nginx->alarms ], [], "stuck: no alarms");
}


# Variables of the access log.

{
    my $site = AmzSync::Site->new("seed=1 orders=20 page=10 quota=0"
                                  . " fault=slow:2:searchOrders");
    my $log = $site->amazon->{dir} . "/variables.log";
    my $nginx = nginx($site, extra => <<'EXTRA', server => <<SERVER);
        log_format amzsync "$request_method $uri $status $amzsync_sync_id"
                           " $amzsync_error";
EXTRA
        access_log $log amzsync;
        location /other { return 200 "<\$amzsync_error>"; }
SERVER
    my @port = (port => $nginx->port);
    my @lines;

    my $call = sub {
        my ($expected, $method, $path, %arg) = @_;
        my ($code) = $site->db->call($method, $path, @port, %arg);

        (my $uri = $path) =~ s/\?.*//;
        push @lines, "$method $uri $code $expected";
    };

    $site->connect($nginx, "u1", seller => "S1");

    my $start = "/api/v1/integrations/amazon/sync";
    my @u1 = (user => "u1");

    $call->("- amazon_not_connected", "POST", $start, user => "nobody");
    my (undef, $json) = $site->db->call("POST", $start, @port, @u1);
    my $id = $json->{syncId};
    push @lines, "POST $start 200 $id -";

    $call->("$id sync_in_progress", "POST", $start, @u1);
    $call->("$id -", "GET", "$status_path/$id", @u1);
    $call->("$id -", "GET", "$status_path?syncId=$id", @u1);
    $call->("$id -", "GET", $status_path, @u1);
    $call->("- -", "GET", $status_path, user => "nobody");
    $call->("sync_u1_7 sync_not_found", "GET", "$status_path/sync_u1_7", @u1);
    $call->("- sync_not_found", "GET", "$status_path/sync_u2_7", @u1);
    $call->("- sync_not_found", "GET", "$status_path/nonsense", @u1);
    $call->("- unauthorized", "GET", $status_path);
    $call->("- method_not_allowed", "PUT", $status_path, @u1);
    $call->("- invalid_request", "POST", $start, @u1, body => '{"x":1}');
    $call->("- -", "GET", "/api/v1/integrations/amazon/connection", @u1);
    $call->("- -", "GET", "/metrics");
    $call->("- method_not_allowed", "POST", "/metrics");
    $call->("- -", "GET", "/amazon/_sandbox/stats");
    $call->("- -", "GET", "/amazon/orders/2026-01-01/orders");
    $call->("- -", "GET", "/other");
    $call->("- -", "GET", "/absent");

    # A line is written after its answer was sent.
    my @logged;
    AmzSync::Site::until_true(5, sub {
        open my $fh, '<', $log or die "$log: $!\n";
        @logged = grep { !/^PUT .*connection/ } map { chomp; $_ } <$fh>;
        @logged >= @lines;
    });
    is_deeply(\@logged, \@lines, "variables");

    my (undef, undef, $answer) = $site->db->call("GET", "/other", @port);
    is($answer->{content}, "<>", "variables: empty in a text");
    is_deeply([ $site->alarms ], [], "variables: no alarms");
}


# The error log of syncs that go wrong: who, which, what, and what Amazon's
# support asks for.

my $request = 'request id "[\w-]{8,}"';

my %fails = (
    "http_500:1:searchOrders" => {
        "error, orders: no answer to use, page 0: amazon_unavailable: .*"
        . ", status 500, $request" => 3,
        "error, orders: failed, page 0: amazon_unavailable: .*, $request" => 1,
        "error: ended as failed: amazon_unavailable: .*, $request" => 1,
    },
    "denied:1:searchOrders" => {
        "error, orders: no answer to use, page 0: access_denied: .*"
        . ", status 403, $request" => 1,
        "error, orders: failed, page 0: access_denied: .*, $request" => 1,
        "error: ended as failed: access_denied: .*, $request" => 1,
    },
    "throttle:2:searchOrders" => {
        "info, orders: no answer to use, page [12]: quota_exceeded: .*"
        . ", status 429, $request" => 2,
        "info: ended as completed, 0 of 1 datasets failed" => 1,
    },
    "lwa_invalid_client:1" => {
        "error: no access token: lwa_rejected: .*, status 401, $request" => 1,
        "error, orders: failed, page 0: lwa_rejected: .*, $request" => 1,
        "error: ended as failed: lwa_rejected: .*, $request" => 1,
    },
);

for my $fault (sort keys %fails) {
    my $site = AmzSync::Site->new("seed=1 orders=30 page=10 quota=100000"
                                  . " fault=$fault");
    my $nginx = nginx($site, extra => "amzsync_retries 2;"
                                      . "amzsync_retry_delay 5ms;");
    my $sync = $site->begin($nginx, "u1", seller => "S1");
    my $state = $fault =~ /throttle/ ? "completed" : "failed";

    is($site->db->wait_sync($sync), $state, "$fault: $state");

    my $m = wait_metrics($site, $nginx, sub {
        $_[0]->value("amzsync_syncs_ended_total", state => $state)
    });
    is($m->value("amzsync_syncs_ended_total", state => $state), 1,
       "$fault: counted");

    my $log = $nginx->log;

    for my $line (sort keys %{ $fails{$fault} }) {
        my ($level, $text) = $line =~ /^(\w+)(.*)/;

        is(scalar(() = $log =~
                  /\[$level\].* amzsync: user "u1", sync \Q$sync\E$text$/mg),
           $fails{$fault}{$line}, "$fault: $line") or diag $log;
    }

    unlike($log, qr/Atzr|Atza|sandbox-secret/, "$fault: no secret");
    is_deeply([ $site->alarms ], [], "$fault: no alarms");
}


# What Amazon says is one line of the log, whatever is in it.

{
    my $site = AmzSync::Site->new("seed=1 orders=1");
    my $amazon = AmzSync::Nginx->new(http => "", server =>
        "location /amazon/orders/ { return 403 '"
        . '{"errors":[{"code":"X","message":"a\\\\nb\\\\u007fc"}]}' . "'; }"
        . $site->db->sandbox);
    my $url = "http://127.0.0.1:" . $amazon->port . "/amazon";
    my $nginx = AmzSync::Nginx->new(
        http => $site->db->http_config(endpoint => $url,
                                       lwa => "$url/auth/o2/token"),
        server => $site->db->locations);

    my $sync = $site->begin($nginx, "u1");
    is($site->db->wait_sync($sync), "failed", "control characters: failed");
    AmzSync::Site::until_true(10, sub { $nginx->log =~ /ended as/ });
    like($nginx->log, qr/ended as failed: access_denied: .* X: a b c, request/,
         "control characters: none in the log");
    is_deeply([ $nginx->alarms ], [], "control characters: no alarms");
}

done_testing();

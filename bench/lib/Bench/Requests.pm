package Bench::Requests;

# Benches of single requests by wrk: status by id, the answer to a second
# start, starts.  nginx has one worker; Fastify two processes.

use strict;
use warnings;

use Bench::Load;
use Bench::Report;
use HTTP::Tiny;
use Time::HiRes ();

my $users = 10000;
# More than can start in a round.
my $starters = 300000;
my $start = "/api/v1/integrations/amazon/sync";


sub body {
    my ($port, $method, $path, $user, $expected) = @_;

    my $answer = HTTP::Tiny->new->request(
        $method, "http://127.0.0.1:$port$path",
        { headers => { "X-User" => $user } });

    die "$method $path of $user: $answer->{status} $answer->{content}\n"
        if $answer->{status} != $expected;

    return $answer->{content};
}


# What is measured against each other answers the same.

sub same {
    my ($one, $other, @request) = @_;
    my ($a, $b) = map { body($_, @request) } $one, $other;

    die "not the same answers:\n$a\n$b\n" if $a ne $b;
}


# The rows that statuses and refused starts are asked of.

sub prepare {
    my ($site) = @_;

    return if $site->{requests_prepared}++;

    $site->syncs("u", $users, qw(running running completed running running
                                 completed running failed running running));
    $site->syncs("c", $users, "running");
    $site->vacuum;
}


# One run a contestant and round; the first of each only warms up.

sub measure {
    my ($site, $report, $who, %arg) = @_;
    my ($seconds, $rounds) = $site->quick ? (2, 3) : (5, 7);
    my %run;

    for my $name (keys %$who) {
        my ($port, $pid) = @{ $who->{$name} };

        my $load = sub {
            $arg{before}->() if $arg{before};

            Bench::Load::run(%arg, port => $port, seconds => $_[0],
                             refused => $arg{refused}
                                        && $name ne "return 200",
                             cpu => { server   => $pid,
                                      postgres => $site->postgres });
        };

        $load->(1);
        $run{$name} = sub { $load->($seconds) };
    }

    $report->metrics([ rate => "requests/s", "%.0f" ],
                     [ p50 => "median ms", "%.2f" ],
                     [ p99 => "p99 ms", "%.2f" ],
                     [ cpu_server => "server us/req", "%.1f" ],
                     [ cpu_postgres => "postgres us/req", "%.1f" ]);
    $report->rounds($rounds, \%run, grep { $run{$_} }
                    "module", "return 200", "Fastify");
}


sub fastify {
    my ($site, @env) = @_;
    my ($fastify, $port) = $site->fastify(@env);

    return ($fastify, [ $port, $fastify->pid ]);
}


sub status {
    my ($site) = @_;
    my @reports;

    prepare($site);

    my $nginx = $site->module;
    my ($peer, $fastify) = fastify($site);

    for my $i (1 .. 20, $users) {
        same($nginx->port, $fastify->[0], "GET",
             "/api/sync/status?syncId=sync_u${i}_" . $site->number($i),
             "u$i", 200);
    }

    same($nginx->port, $fastify->[0], "GET",
         "/api/sync/status?syncId=sync_u1_1", "u1", 404);

    my $constant = $site->constant(
        body($nginx->port, "GET",
             "/api/sync/status?syncId=sync_u1_" . $site->number(1), "u1", 200));

    for my $case ([ 64, $users ], [ 256, $users ], [ 64, 5 ]) {
        my ($connections, $count) = @$case;
        my $hot = $count < $users;

        my $report = Bench::Report->new(
            $hot ? "status-hot" : "status-$connections",
            "Status by id, " . ($hot ? "$count hot ids" : "$count random ids")
            . ", $connections connections, one nginx worker");

        measure($site, $report, {
            "module"     => [ $nginx->port, $nginx->master ],
            "return 200" => [ $constant->port, $constant->master ],
            $hot ? () : ("Fastify" => $fastify),
        }, kind => "status", connections => $connections, count => $count);

        $report->ratio("module", "return 200", "rate", ">=",
                       $hot ? 0.8 : 0.45);

        if (!$hot) {
            $report->ratio("module", "Fastify", "rate", ">=", 1.7);
            $report->ratio("module", "Fastify", "cpu_server", "<=", 0.45);
        }

        push @reports, $report;
    }

    return @reports;
}


sub conflict {
    my ($site) = @_;

    prepare($site);

    my $nginx = $site->module;
    my ($peer, $fastify) = fastify($site);

    same($nginx->port, $fastify->[0], "POST", $start, "c$_", 409) for 1 .. 5;
    same($nginx->port, $fastify->[0], "POST", $start, "nobody", 400);

    my $constant = $site->constant(
        body($nginx->port, "POST", $start, "c1", 409));

    my $report = Bench::Report->new(
        "conflict", "A start while a sync is active: 409, $users users, "
                    . "64 connections, one nginx worker");

    measure($site, $report, {
        "module"     => [ $nginx->port, $nginx->master ],
        "return 200" => [ $constant->port, $constant->master ],
        "Fastify"    => $fastify,
    }, kind => "conflict", connections => 64, count => $users,
       refused => 1);

    $report->ratio("module", "return 200", "rate", ">=", 0.4);
    $report->ratio("module", "Fastify", "rate", ">=", 2);

    return $report;
}


# Connected users without a sync start one each.  A sync that waits for its
# quota all the time is the only one that the worker may hold: it claims none
# of those that are started.

sub start {
    my ($site) = @_;

    $site->sql("
        INSERT INTO amzsync.connections
              (user_id, selling_partner_id, region, marketplace_ids, status,
               token_sealed, token_key_id, connected_at)
        SELECT 's' || i, 'A1' || i, 'na', '{ATVPDKIKX0DER}', 'connected',
               'sealed', 'k1', now()
          FROM generate_series(1, $starters) i");

    my $nginx = $site->module(extra => "amzsync_max_syncs 1;");
    my ($peer, $fastify) = fastify($site);

    $site->block($nginx);

    my $report = Bench::Report->new(
        "start", "Starts, each of another user, 64 connections, "
                 . "one nginx worker");

    measure($site, $report, {
        "module"  => [ $nginx->port, $nginx->master ],
        "Fastify" => $fastify,
    }, kind => "start", connections => 64, count => $starters,
       before => sub { $site->forget("s") });

    $report->ratio("module", "Fastify", "rate", ">=", 2.5);
    $report->ratio("module", "Fastify", "cpu_server");

    die "starts were worked on meanwhile\n"
        if $site->value("SELECT count(*) FROM amzsync.sync_progress
                          WHERE user_id ~ '^s[0-9]+\$'
                            AND state <> 'queued'");

    $site->forget("s");

    return $report;
}


1;

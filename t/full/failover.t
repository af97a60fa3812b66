# A primary that dies and its standby that is promoted, as conninfo's
# "host=one,two target_session_attrs=read-write" has it: with synchronous
# replication, and with a standby that lags, so that commits which the module
# was told of are lost.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Cluster;
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my $orders = 400;

# Pages by quota: a sync of some seconds.
my $sandbox = "seed=11 orders=$orders page=10 inventory=60 transactions=300"
              . " transactions_page=20 quota=1000 until=2026-11-01T00:00:00Z";

my @users = map { "u$_" } 1 .. 6;

my ($primary, $standby, $site, $nginx);


sub setup {
    my ($synchronous) = @_;

    $primary = AmzSync::Cluster->new;
    $site = AmzSync::Site->new($sandbox);
    $standby = AmzSync::Cluster->new(from => $primary);

    # The test's own statements go where the module's do.
    $ENV{PGHOST} = $primary->dir . "," . $standby->dir;
    $ENV{PGPORT} = $primary->port . "," . $standby->port;
    $ENV{PGTARGETSESSIONATTRS} = "read-write";

    until_true(20, sub {
        $site->db->value("SELECT count(*) FROM pg_stat_replication
                           WHERE state = 'streaming'")
    }) or die "the standby does not stream:\n" . $standby->log;

    $primary->set(synchronous_standby_names => "standby",
                  synchronous_commit => "remote_apply") if $synchronous;

    $nginx = $site->nginx(
        workers => 2, datasets => undef,
        conninfo => { target_session_attrs => "read-write" },
        postgres => "timeout=1s connect_timeout=1s",
        extra => "amzsync_lease 3s;");
}


sub until_true { AmzSync::Site::until_true(@_) }


# What a server has of all syncs.

sub state {
    my ($cluster) = @_;
    my @names = qw(syncs pages rows ended buckets);

    my ($row) = $cluster->sql($site->db->name, "
        SELECT count(DISTINCT (user_id, sync_no)), sum(page), sum(rows),
               count(*) FILTER (WHERE status IN ('completed', 'failed')),
               (SELECT sum(extract(epoch FROM tat - '2026-01-01'))
                  FROM amzsync.quota_buckets)
          FROM amzsync.sync_datasets");

    return { map { $names[$_] => $row->[$_] } 0 .. $#names };
}


# A status by HTTP; whatever happens meanwhile, the answer is one of two.

sub status {
    my ($user, $sync) = @_;
    my $path = "/api/sync/status" . ($sync ? "/$sync" : "");
    my ($code, $json) = $site->db->call("GET", $path, user => $user,
                                        port => $nginx->port, timeout => 5);

    return ($code, $json);
}


# Asks for everybody's status for some seconds, or until "end" is true; answers
# how often each code came.  A 500 has our words.

sub watch {
    my ($seconds, $end, %syncs) = @_;
    my %codes;

    until_true($seconds, sub {
        for my $user (sort keys %syncs) {
            my ($code, $json) = status($user, $syncs{$user});

            $code = "$code without our words"
                if $code == 500
                   && ($json || {})->{error} ne "internal_server_error";

            $codes{$code}++;
        }

        return $end && $end->();
    });

    return \%codes;
}


sub ended {
    my ($name, %syncs) = @_;

    for my $user (sort keys %syncs) {
        is($site->db->wait_sync($syncs{$user}, timeout => 90), "completed",
           "$name: $user completed") or diag $nginx->log;

        my ($code, $json) = status($user, $syncs{$user});
        is_deeply([ $code, $json->{status}, $json->{progress},
                    map { "$_->{name} $_->{status}" } @{ $json->{datasets} } ],
                  [ 200, "completed", 100, "marketplaces completed",
                    "orders completed", "inventory completed",
                    "financial_transactions completed" ],
                  "$name: $user: the status says so");

        is_deeply([ $site->differences($user, "S$user",
                                       @AmzSync::Truth::all) ], [],
                  "$name: $user: the tables are the truth");
    }
}


sub begin {
    my @users = @_;

    return map { $_ => $site->begin($nginx, $_, seller => "S$_") } @users;
}


# The primary dies without a word; some seconds later the standby is promoted.

sub failover {
    my ($name, %syncs) = @_;

    my $before = state($primary);
    $primary->stop("immediate");
    my $left = state($standby);

    my $codes = watch(2, undef, %syncs);
    is_deeply([ keys %$codes ], [ 500 ], "$name: without a primary all is 500")
        or diag explain $codes;

    my $begin = time;
    $standby->promote;

    ok(until_true(20, sub { (status("u1"))[0] == 200 }),
       "$name: 200 after the promotion") or diag $nginx->log;

    note sprintf "%s: %.2f s after the promotion began", $name, time - $begin;

    return ($before, $left);
}


# All connections have gone over, and work again.

sub over {
    my ($name, %syncs) = @_;
    my $codes = watch(60, sub {
        !$site->db->value("SELECT count(*) FROM amzsync.sync_progress
                            WHERE state IN ('queued', 'running')")
    }, %syncs);

    note explain $codes;
    ok($codes->{200}, "$name: statuses are answered again");
    is_deeply([ grep { !/^(?:200|500|404)$/ } keys %$codes ], [],
              "$name: by a status, or a clear 500");
}


sub teardown {
    my ($name) = @_;

    is($site->db->value("SELECT max(tries) FROM amzsync.sync_progress"), 0,
       "$name: nothing of it counts as a try");
    is_deeply([ $site->alarms ], [], "$name: no alarms in the logs");

    # The clusters are the last to go.
    undef $nginx;
    undef $site;
    undef $standby;
    undef $primary;
    delete $ENV{PGTARGETSESSIONATTRS};
}


# Without target_session_attrs and with a standby in front: what it refuses to
# write makes its connections go on to the primary.

sub found {
    my ($name) = @_;

    my $second = AmzSync::Cluster->new(from => $standby);
    my $lost = $site->nginx(
        workers => 1, datasets => undef,
        conninfo => { host => $second->dir . "," . $standby->dir,
                      port => $second->port . "," . $standby->port },
        postgres => "timeout=5s connect_timeout=1s");

    ok($site->connect($lost, "found", seller => "Sfound"),
       "$name: the primary is found behind a standby") or diag $lost->log;
    is($site->db->value("SELECT count(*) FROM amzsync.connections
                          WHERE user_id = 'found'"), 1,
       "$name: and written to");
    like($lost->log, qr/connection \d+, failure 1: is read-only/,
         "$name: its connection to the standby was closed");
    $lost->stop;
}


sub synchronous {
    my $name = "synchronous";

    setup(1);

    my %syncs = begin(@users);
    watch(1.5, undef, %syncs);

    my ($before, $left) = failover($name, %syncs);

    cmp_ok($left->{pages}, '>', 20, "$name: syncs were under way");
    cmp_ok($left->{ended}, '<', 24, "$name: and had not ended");
    cmp_ok($left->{pages}, '>=', $before->{pages}, "$name: no page is lost");
    is($left->{syncs}, 6, "$name: no sync is lost");

    over($name, %syncs);
    ended($name, %syncs);

    found($name);

    # A first sync counts each row once.
    is_deeply([ $site->db->sql("
                    SELECT user_id, rows FROM amzsync.sync_datasets
                     WHERE dataset = 'orders' ORDER BY 1") ],
              [ map { [ $_, $orders ] } @users ], "$name: no page twice");

    teardown($name);
}


# From here on nothing arrives at the standby.

sub cut {
    $standby->set(primary_conninfo => "");

    until_true(10, sub {
        !$site->db->value("SELECT count(*) FROM pg_stat_replication")
    }) or die "the standby still streams\n";
}


sub lagging {
    my $name = "lagging";

    setup(0);

    my %syncs = begin(@users);
    watch(1, undef, %syncs);

    cut();

    # A user whose sync is wholly unknown afterwards.
    my %late = begin("late");
    watch(1.5, undef, %syncs, %late);
    is((status("late", $late{late}))[0], 200, "$name: a late sync is running");

    my ($before, $left) = failover($name, %syncs, %late);

    note explain [ $before, $left ];
    cmp_ok($left->{pages} + 20, '<', $before->{pages},
           "$name: acknowledged pages are lost");
    cmp_ok($left->{buckets}, '<', $before->{buckets},
           "$name: quotas have gone back");
    is($left->{syncs}, 6, "$name: the late sync is lost");
    cmp_ok($left->{ended}, '<', 24, "$name: and the others had not ended");

    over($name, %syncs, %late);
    ended($name, %syncs);

    my ($code, $json) = status("late", $late{late});
    is_deeply([ $code, $json->{error} ], [ 404, "sync_not_found" ],
              "$name: the lost sync is not found");
    is($site->db->value("SELECT count(*) FROM amzsync.orders
                          WHERE user_id = 'late'"), 0,
       "$name: and nothing was written for it");

    # What is asked for anew, and the next sync of all others.
    for my $user (@users, "late") {
        $site->revise("S$user", 1, 400);
    }

    ended("$name, next", begin(@users, "late"));

    teardown($name);
}


# A sync that had ended, with its cursors, and has not: it ends once more.

sub undone {
    my $name = "undone";

    setup(0);

    my %syncs = begin("u1");
    watch(0.5, undef, %syncs);
    cut();
    ended("$name, before", %syncs);

    my ($before, $left) = failover($name, %syncs);

    is($before->{ended}, 4, "$name: the sync had ended");
    cmp_ok($left->{ended}, '<', 4, "$name: it has not any more");

    ended($name, %syncs);
    $site->revise("Su1", 1, 400);
    ended("$name, next", begin("u1"));
    teardown($name);
}


synchronous();
lagging();
undone();

done_testing();

# Who works on a sync, and who goes on when that one is told to go, stands
# still, or dies: pages and rows are exact, whatever happens.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my ($orders, $pages) = (400, 40);


# Site for a test of its own; its pages come in some five seconds.

sub site {
    my ($sandbox) = @_;

    return AmzSync::Site->new("seed=9 orders=$orders page=10 "
                              . ($sandbox || "quota=1000"));
}


sub exact {
    my ($site, $name, $user, $seller) = @_;
    my $row = $site->wait_row($user, 30, sub { $_[0]{state} ne "running" });

    is($row->{state}, "completed", "$name: completed") or diag $site->logs;
    is($row->{page}, $pages, "$name: each page once");
    is($row->{rows}, $orders, "$name: each row once");
    is($row->{tries}, 0, "$name: no try is left");
    is_deeply([ $site->differences($user, $seller) ], [],
              "$name: the tables are the truth");
}


sub half_way {
    my ($site, $user) = @_;

    return $site->wait_row($user, 10, sub { $_[0]{page} >= 20 })
        || die "no progress:\n" . $site->logs;
}


# It may have run to its end before we look.

sub resumed {
    my ($row, $before) = @_;

    return $row->{state} ne "queued"
           && ($row->{lease} || "") ne $before->{lease};
}


sub alive {
    return grep { kill 0, $_ } @_;
}


# Reload.  The lease is the default's, thirty seconds: only a release explains
# that another worker goes on before it ends.  It takes a second or so; how long
# on a busy machine is not for a test to say.

{
    my $site = site();
    my $nginx = $site->nginx(workers => 2);

    $site->begin($nginx, "u1", seller => "S1");
    my $before = half_way($site, "u1");
    my @old = $nginx->workers;

    $nginx->signal("HUP");

    ok($site->wait_row("u1", 15, sub {
        resumed($_[0], $before)
    }), "reload: resumed before the lease ends") or diag $nginx->log;

    ok(AmzSync::Site::until_true(15, sub { !alive(@old) }),
       "reload: the old workers are gone");

    exact($site, "reload", "u1", "S1");
    like($site->logs, qr/1 syncs released/, "reload: released");
    is_deeply([ $site->alarms ], [], "reload: no alarms");
}

# Quit, with a call in flight that takes three seconds; another nginx goes on.

{
    my $site = site("quota=0 fault=slow:30");
    my $nginx = $site->nginx();

    $site->begin($nginx, "u1", seller => "S1");
    my $before = $site->wait_row("u1", 10, sub {
        $_[0]{page} == 29 && $_[0]{in_flight} eq "{orders}"
    });
    ok($before, "quit: a slow call is in flight");

    my $other = $site->nginx();
    sleep 0.5;
    $nginx->signal("QUIT");

    ok($site->wait_row("u1", 15, sub {
        resumed($_[0], $before)
    }), "quit: resumed before the lease ends") or diag $site->logs;

    my $took = $nginx->gone(15);
    ok(defined $took, "quit: nginx has exited");
    cmp_ok($took || 99, "<", 2.5, "quit: it did not wait for Amazon");

    exact($site, "quit", "u1", "S1");
    unlike($nginx->log, qr/released.*claimed/s, "quit: claimed nothing more");
    is_deeply([ $site->alarms ], [], "quit: no alarms");
}

# Quit, while the row of the sync is locked and a page waits to be committed:
# it is in before the release, or refused; the release waits for the row, too.

{
    my $site = site();
    my $nginx = $site->nginx();

    $site->begin($nginx, "u1", seller => "S1");
    half_way($site, "u1");

    my $other = $site->nginx();

    open my $psql, '|-', "psql", "-Xq", "-o", "/dev/null", "-d",
         $site->db->name or die "psql: $!\n";
    $psql->autoflush(1);
    print $psql "BEGIN; SELECT FROM amzsync.sync_progress
                  WHERE user_id = 'u1' FOR UPDATE;\n";

    ok(AmzSync::Site::until_true(10, sub {
        $site->db->value("SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database()
                             AND wait_event_type = 'Lock'")
    }), "commit: a statement of the sync waits");
    my $before = $site->row("u1");

    $nginx->signal("QUIT");
    ok(AmzSync::Site::until_true(10, sub {
        $nginx->log =~ /gracefully shutting down/
    }), "commit: the worker shuts down");
    close $psql;

    ok($site->wait_row("u1", 15, sub {
        resumed($_[0], $before)
    }), "commit: resumed before the lease ends") or diag $site->logs;

    ok(defined $nginx->gone(15), "commit: nginx has exited");
    like($nginx->log, qr/1 syncs released/, "commit: released");
    exact($site, "commit", "u1", "S1");
    is_deeply([ $site->alarms ], [], "commit: no alarms");
}

# A worker that stands still for longer than its lease.

{
    my $site = site();
    my $nginx = $site->nginx(extra => "amzsync_lease 1500ms;");

    $site->begin($nginx, "u1", seller => "S1");
    my $before = half_way($site, "u1");

    my $other = $site->nginx(extra => "amzsync_lease 1500ms;");
    my ($worker) = $nginx->workers;
    kill "STOP", $worker;

    ok($site->wait_row("u1", 20, sub {
        $_[0]{lease} && $_[0]{lease} ne $before->{lease}
            && $_[0]{page} > $before->{page} + 1
    }), "standstill: stolen");

    kill "CONT", $worker;

    ok(AmzSync::Site::until_true(20, sub {
        $nginx->log =~ /sync sync_u1_\d+: no longer this worker's/
    }), "standstill: the worker stops that job itself");

    exact($site, "standstill", "u1", "S1");
    is_deeply([ $site->alarms ], [], "standstill: no alarms");
}

# An nginx that is killed as a whole in the middle of a page: another one goes
# on once the lease has ended and it has looked.  Five more seconds are for a
# slow machine.

{
    my $site = site();
    my $nginx = $site->nginx(workers => 2, extra => "amzsync_lease 3s;");

    $site->begin($nginx, "u1", seller => "S1");
    half_way($site, "u1");

    my $other = $site->nginx(extra => "amzsync_lease 3s;");
    $nginx->slay;

    my $before = $site->row("u1");
    my $begin = time;
    my $sweep = 3 / 6 + 0.75 * 1.5;

    ok($site->wait_row("u1", 20, sub { resumed($_[0], $before) }),
       "killed: resumed") or diag $other->log;

    my $took = time - $begin;

    cmp_ok($took, ">", $before->{left} - 0.5, "killed: not under the lease");
    cmp_ok($took, "<", 5 + $before->{left} + $sweep,
           "killed: within the lease and a sweep");

    exact($site, "killed", "u1", "S1");
    is_deeply([ $site->alarms ], [], "killed: no alarms");
}

# Two nginx share what is queued, whoever was asked.  Each sync waits for its
# quota for a second, so that the first has no time for all of them.

{
    my $site = site("quota=2000");
    my @nginx = map { $site->nginx(extra => "amzsync_max_syncs 1;") } 1 .. 2;

    $site->begin($nginx[0], "u$_", seller => "S$_") for 1 .. 8;

    for my $user (map { "u$_" } 1 .. 8) {
        my $row = $site->wait_row($user, 20,
                                  sub { $_[0]{state} eq "completed" });
        is($row && $row->{rows}, $orders, "shared: $user is complete");
    }

    my @claims = map { scalar(() = $_->log =~ /claimed at progress/g) } @nginx;

    cmp_ok($claims[0], ">", 0, "shared: the one that was asked has worked");
    cmp_ok($claims[1], ">", 0, "shared: so has the other");
    is($claims[0] + $claims[1], 8, "shared: each sync was claimed once");
    is_deeply([ $site->alarms ], [], "shared: no alarms");
}

# A sync that is ended by somebody else, or has another owner: nothing is
# written any more.

my %fate = (
    cancelled => "state = 'cancelled', completed_at = now(), lease = NULL,
                  lease_until = NULL",
    failed    => "state = 'failed', completed_at = now(), lease = NULL,
                  lease_until = NULL",
    stolen    => "lease = 1, lease_until = now() + interval '1 h'",
);

for my $end (sort keys %fate) {
    my $site = site("quota=0 fault=slow:6");
    my $nginx = $site->nginx(workers => 2);

    # The sixth call brings its page three seconds later, sooner than a beat.
    $site->begin($nginx, "u1", seller => "S1");
    ok($site->wait_row("u1", 10, sub {
        $_[0]{page} == 5 && $_[0]{in_flight} eq "{orders}"
    }), "$end: a call is in flight");

    $site->db->sql("UPDATE amzsync.sync_progress SET $fate{$end}
                     WHERE state = 'running'");

    my $what = "SELECT p::text, d::text, (SELECT count(*) FROM amzsync.orders),
                       (SELECT max(xmin::text::bigint) FROM amzsync.orders)
                  FROM amzsync.sync_progress p, amzsync.sync_datasets d";
    my @then = $site->db->sql($what);

    ok(AmzSync::Site::until_true(20, sub {
        $nginx->log =~ /no longer this worker's/
    }), "$end: the worker stops that job itself");

    is_deeply([ $site->db->sql($what) ], \@then, "$end: no later write");
    is_deeply([ $site->alarms ], [], "$end: no alarms");
}

done_testing();

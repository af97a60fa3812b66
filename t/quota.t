# Amazon's quotas as buckets in the database: whoever syncs, from wherever, a
# seller's calls stay within burst + rate * time; a crash refills nothing.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my $burst = 20;
my $rate = 0.0056 * 500;                    # of the sandbox, calls a second


sub bucket {
    my ($site, $seller) = @_;
    my @names = qw(rate burst ahead granted);

    my ($row) = $site->db->sql("
        SELECT rate, burst, extract(epoch FROM tat - now()), granted
          FROM amzsync.quota_buckets WHERE selling_partner_id = '$seller'");

    return $row && { map { $names[$_] => $row->[$_] } 0 .. $#names };
}


sub near {
    my ($got, $expected, $name) = @_;

    cmp_ok(abs($got - $expected), "<=", 0.02 * $expected, $name)
        or diag "$got instead of $expected";
}


# Keeps all buckets for a while: whoever wants a slot waits.

sub lock_buckets {
    my ($db) = @_;

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        exec "psql", "-XAtqd", $db->name, "-c", "BEGIN", "-c",
             "LOCK TABLE amzsync.quota_buckets", "-c", "SELECT pg_sleep(1.5)",
             "-c", "COMMIT";
        die "psql: $!\n";
    }

    sleep 0.2;

    return $pid;
}


# Two users of one seller, over two nginx of two workers.  Everything dies in
# the middle; nobody gets more than the seller has, and nobody is told to wait.

{
    my $site = AmzSync::Site->new("seed=2 orders=300 page=10 quota=500");
    my @extra = (workers => 2, extra => "amzsync_lease 2s;");
    my @nginx = map { $site->nginx(@extra) } 1 .. 2;

    # The bucket is known and full, and the first calls are on their way for
    # longer than all later ones.
    $site->db->sql("INSERT INTO amzsync.quota_buckets VALUES ('sandbox-client',
                    'S1', 'na', 'searchOrders', $rate, $burst, now(), true)");

    my $locker = lock_buckets($site->db);
    my $begin = time;
    $site->begin($nginx[0], "u1", seller => "S1");
    $site->begin($nginx[1], "u2", seller => "S1");
    AmzSync::Site::until_true(1, sub { $site->tokens >= 2 });
    kill "STOP", $site->amazon->workers;
    waitpid $locker, 0;
    $site->wait_row($_, 20, sub { $_[0]{in_flight} eq "{orders}" })
        for "u1", "u2";
    sleep 0.05;
    kill "CONT", $site->amazon->workers;

    $site->wait_row("u1", 10, sub { $_[0]{page} >= 3 });
    AmzSync::Site::until_true(10, sub {
        ($site->searches->{200} || 0) >= $burst
    });

    my $within = $burst + $rate * (time - $begin);
    my $searches = $site->searches;
    cmp_ok($searches->{200}, ">=", $burst, "shared: the burst is spent first");
    cmp_ok($searches->{200}, "<=", $within, "shared: within the quota");

    for my $nginx (@nginx) {
        kill "KILL", $nginx->master, $nginx->workers;
        $nginx->gone(5);
    }

    my $bucket = bucket($site, "S1");
    near($bucket->{rate}, $rate, "killed: the bucket has the header's rate");
    is($bucket->{burst}, $burst, "killed: and its burst");
    cmp_ok($bucket->{ahead}, ">", ($burst - 4) / $rate,
           "killed: and is empty");

    $site->nginx(@extra) for 1 .. 2;

    for my $user ("u1", "u2") {
        my $row = $site->wait_row($user, 30,
                                  sub { $_[0]{state} eq "completed" });
        is($row && $row->{rows}, 300, "$user is complete")
            or diag $site->logs;
        is_deeply([ $site->differences($user, "S1") ], [],
                  "$user: the tables are the truth");
    }

    $within = $burst + $rate * (time - $begin);
    $searches = $site->searches;

    cmp_ok($searches->{200}, ">=", 60, "all pages were fetched");
    cmp_ok($searches->{200}, "<=", $within, "within the quota to the end");

    # Where a call is held up on its way, Amazon's bucket is behind ours.
    cmp_ok($searches->{429} || 0, "<=", 3, "Amazon had to refuse next to none");
    is_deeply([ $site->alarms ], [], "no alarms");
}

# 429 empties the bucket, and the sync gets there all the same.

{
    my $site = AmzSync::Site->new("seed=2 orders=60 page=10 quota=2000"
                                  . " fault=throttle:5");
    my $nginx = $site->nginx();

    $site->begin($nginx, "u1", seller => "S1");

    ok(AmzSync::Site::until_true(10, sub {
        ($site->searches || {})->{429}
    }), "throttled: Amazon refuses");
    my $refused = time;

    # The next call has waited for the bucket: all of the burst is gone.
    my $row = $site->wait_row("u1", 10, sub { $_[0]{state} eq "completed" });
    is($row && $row->{rows}, 60, "throttled: complete") or diag $site->logs;

    my $bucket = bucket($site, "S1");
    cmp_ok($bucket->{ahead} + time - $refused, ">",
           ($burst - 8) / ($rate * 4),
           "throttled: the bucket was emptied");
    is($row && $row->{tries}, 0, "throttled: no try");
    is_deeply([ $site->alarms ], [], "throttled: no alarms");
}

# The header's rate is followed up and down, and what is left of a wait with
# it; what is no rate is not taken for one.

{
    my $site = AmzSync::Site->new("seed=2 orders=40 page=10 quota=500");
    my $db = $site->db;
    my $nginx = $site->nginx();

    for my $given (0.5, 50) {
        $db->sql("DELETE FROM amzsync.quota_buckets;
                  INSERT INTO amzsync.quota_buckets VALUES
                  ('sandbox-client', 'S1', 'na', 'searchOrders', $given, 20,
                   now() + interval '10 s' / $given, true)");

        # Users of one seller share its buckets, but not what they have read.
        my $user = "user-$given";

        my $begin = time;
        $site->begin($nginx, $user, seller => "S1");
        my $row = $site->wait_row($user, 20,
                                  sub { $_[0]{state} eq "completed" });
        ok($row, "rate $given: complete") or diag $site->logs;

        my $bucket = bucket($site, "S1");
        near($bucket->{rate}, $rate, "rate $given: became the header's");
        cmp_ok($bucket->{ahead}, "<=", 14.5 / $rate,
               "rate $given: the wait is scaled");
        cmp_ok($bucket->{ahead} + time - $begin, ">=", 10 / $rate,
               "rate $given: the wait is not forgotten");
    }

    is_deeply([ $site->alarms ], [], "rates: no alarms");
}

# What teaches the bucket is lost, as a connection or a failover may lose it:
# the next answer teaches it again, before the burst is over.

{
    my $site = AmzSync::Site->new("seed=2 orders=250 page=10 quota=500");
    my $db = $site->db;

    $db->sql("CREATE SEQUENCE learnt;
              CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql
              SECURITY DEFINER AS
              'BEGIN IF nextval(''public.learnt'') < 3 THEN RETURN NULL;
               END IF; RETURN NEW; END';
              CREATE TRIGGER forget BEFORE UPDATE ON amzsync.quota_buckets
              FOR EACH ROW WHEN (OLD.rate <> NEW.rate)
              EXECUTE FUNCTION forget()");

    my $nginx = $site->nginx();
    $site->begin($nginx, "u1", seller => "S1");
    my $row = $site->wait_row("u1", 20,
                              sub { $_[0]{state} eq "completed" });
    ok($row, "lost: complete") or diag $site->logs;
    is($row && $row->{page}, 25, "lost: more pages than the burst has");

    near(bucket($site, "S1")->{rate}, $rate, "lost: the rate is the header's");
    is($db->value("SELECT last_value FROM learnt"), 3,
       "lost: it was learnt at the third time, and not again");
    is_deeply([ $site->alarms ], [], "lost: no alarms");
}

done_testing();

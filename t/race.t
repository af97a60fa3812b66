# Many clients at once: starts against each other and against the end of the
# sync, against disconnecting, and against changing the seller.  What must
# never be is looked for in the database all the while, in one snapshot each.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use File::Temp ();
use HTTP::Tiny;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

my $sync = "/api/v1/integrations/amazon/sync";
my $connection = "/api/v1/integrations/amazon/connection";

my $site = AmzSync::Site->new("seed=1 orders=100 page=50 quota=0");
my $db = $site->db;
my $nginx = $site->nginx(workers => 2);
my $base = "http://127.0.0.1:" . $nginx->port;


# Runs code in processes of their own until "seconds" are over; answers what
# they reported, one reference to the words of a line each.

sub crowd {
    my ($seconds, @code) = @_;
    my $dir = File::Temp->newdir;
    my $end = time + $seconds;
    my @pids;

    for my $i (0 .. $#code) {
        my $pid = fork();
        die "fork: $!\n" if !defined $pid;

        if (!$pid) {
            open my $out, '>', "$dir/$i" or die "$dir/$i: $!\n";
            my $http = HTTP::Tiny->new(keep_alive => 1, timeout => 20);

            while (time < $end) {
                my @line = $code[$i]->($http) or next;
                print $out join(" ", @line), "\n";
            }

            close $out;
            require POSIX;
            POSIX::_exit(0);
        }

        push @pids, $pid;
    }

    waitpid $_, 0 for @pids;

    my @lines;

    for my $i (0 .. $#code) {
        open my $in, '<', "$dir/$i" or die "$dir/$i: $!\n";
        push @lines, map { [ split ] } <$in>;
    }

    return @lines;
}


# POST of a user: (status, id or error).

sub start {
    my ($http, $user) = @_;

    my $answer = $http->post("$base$sync", { headers => {
        "X-User" => $user, "Content-Length" => 0 } });
    my $json = eval { JSON::PP::decode_json($answer->{content}) } || {};

    return ("start", $answer->{status},
            $json->{syncId} || $json->{existingSyncId} || $json->{error}
            || "-");
}


sub put {
    my ($http, $user, $seller) = @_;

    my $answer = $http->put("$base$connection", {
        headers => { "X-User" => $user },
        content => JSON::PP::encode_json({
            sellingPartnerId => $seller, region => "na",
            marketplaceIds => [ "ATVPDKIKX0DER" ],
            refreshToken => "Atzr|sandbox-$seller" }) });

    return ("put", $answer->{status});
}


sub disconnect {
    my ($http, $user) = @_;

    my $answer = $http->delete("$base$connection",
                               { headers => { "X-User" => $user } });

    return ("delete", $answer->{status});
}


# A process in the database: "what", and a look at what must not be, again and
# again; what it saw is in the table "seen".

sub background {
    my ($seconds, $wrong, $what) = @_;

    $db->sql("SET client_min_messages = warning;
              DROP TABLE IF EXISTS seen;
              CREATE TABLE seen (looks bigint, wrong bigint, done bigint);
              INSERT INTO seen VALUES (0, 0, 0)");

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;

    if (!$pid) {
        exec "psql", "-XAtq", "-d", $db->name, "-c", <<SQL;
DO \$\$
DECLARE
    v_end timestamptz := clock_timestamp() + interval '$seconds s';
    v_looks bigint := 0; v_wrong bigint := 0; v_done bigint := 0;
    v_n bigint;
BEGIN
    WHILE clock_timestamp() < v_end LOOP
        SELECT count(*) INTO v_n FROM ($wrong) x;
        v_wrong := v_wrong + v_n;
        v_looks := v_looks + 1;
        $what;
        GET DIAGNOSTICS v_n = ROW_COUNT;
        v_done := v_done + v_n;
        COMMIT;
        PERFORM pg_sleep(0.002);
    END LOOP;
    UPDATE seen SET looks = v_looks, wrong = v_wrong, done = v_done;
END
\$\$
SQL
        die "psql: $!\n";
    }

    return $pid;
}


# 32 starters of one user, and one who ends whatever was started.

$site->connect($nginx, "u1", seller => "S1") or die $nginx->log;

my $finisher = background(6, "SELECT FROM amzsync.sync_progress
    WHERE state IN ('queued', 'running') GROUP BY user_id HAVING count(*) > 1",
    "UPDATE amzsync.sync_progress
        SET state = 'completed', progress = 100, completed_at = now(),
            lease = NULL, lease_until = NULL
      WHERE state IN ('queued', 'running')");
my @lines = crowd(6, (sub { start($_[0], "u1") }) x 32);
waitpid $finisher, 0;

my @odd = grep { $_->[1] !~ /^(?:200|409)$/ || $_->[2] !~ /^sync_u1_\d+$/ }
          @lines;
is_deeply(\@odd, [], "starts: each is answered with an id")
    or diag $nginx->log =~ /^(.*\[error\].*)$/mg;

my %new;
$new{ $_->[2] }++ for grep { $_->[1] == 200 } @lines;
my %known = map { ("sync_u1_$_->[0]" => 1) }
            $db->sql("SELECT sync_no FROM amzsync.sync_progress");

is_deeply([ grep { $new{$_} > 1 } keys %new ], [],
          "starts: no id is given twice");
is_deeply([ sort keys %new ], [ sort keys %known ],
          "starts: each sync has one who started it");
is_deeply([ grep { !$known{ $_->[2] } } @lines ], [],
          "starts: who comes too late is told a sync that is");

my ($seen) = $db->sql("SELECT looks, wrong, done FROM seen");
is($seen->[1], 0, "starts: never two at a time");
cmp_ok($seen->[2], ">", 100, "starts: many were ended meanwhile");
cmp_ok(scalar(@lines), ">", 1000, "starts: there were many");
note scalar(@lines) . " starts, " . keys(%new) . " syncs, @$seen";

is($db->value("SELECT count(*) FROM amzsync.sync_progress p
                WHERE NOT EXISTS (SELECT FROM amzsync.sync_datasets d
                    WHERE (d.user_id, d.sync_no) = (p.user_id, p.sync_no))"),
   0, "starts: each sync has its datasets");

# Starters, while the user disconnects and connects to one seller or another.

my $watcher = background(8, "SELECT FROM amzsync.sync_progress p
      JOIN amzsync.connections c USING (user_id)
     WHERE p.state IN ('queued', 'running')
       AND (c.status <> 'connected'
            OR c.selling_partner_id <> p.selling_partner_id)", "NULL");

@lines = crowd(8, (sub { start($_[0], "u2") }) x 12,
               sub { put($_[0], "u2", "S1") },
               sub { put($_[0], "u2", "S2") },
               sub { disconnect($_[0], "u2") },
               sub { disconnect($_[0], "u2"), put($_[0], "u2", "S1") });
waitpid $watcher, 0;

($seen) = $db->sql("SELECT looks, wrong FROM seen");
is($seen->[1], 0, "connections: never a sync of another seller, or of none");
cmp_ok($seen->[0], ">", 100, "connections: there was a look at it");

@odd = grep { $_->[1] !~ /^(?:200|400|409)$/ } @lines;
is_deeply(\@odd, [], "connections: each request is answered")
    or diag $nginx->log =~ /^(.*\[error\].*)$/mg;

my %count;
$count{"$_->[0] $_->[1]"}++ for @lines;
cmp_ok($count{$_} || 0, ">", 10, "connections: $_")
    for "start 200", "start 400", "start 409", "put 200", "delete 200";
note join ", ", map { "$count{$_} $_" } sort keys %count;

cmp_ok($db->value("SELECT count(*) FROM amzsync.sync_progress
                    WHERE user_id = 'u2' AND state = 'cancelled'"), ">", 10,
       "connections: many were cancelled");

# One at a time: what each of them says of the sync that it ends.

my $slow = AmzSync::Site->new("seed=1 orders=400 page=10 quota=200");
my $one = $slow->nginx();

for my $case ([ "another seller", "PUT", "S2", "cancelled" ],
              [ "the same seller", "PUT", "S1", "running" ],
              [ "disconnected", "DELETE", undef, "cancelled" ])
{
    my ($name, $method, $seller, $state) = @$case;
    my $user = "u$method" . ($seller || "");

    my $id = $slow->begin($one, $user, seller => "S1");
    $slow->wait_row($user, 10, sub { $_[0]{state} eq "running" });

    my ($code) = $seller
        ? $slow->connect($one, $user, seller => $seller) && 200
        : $slow->db->call($method, $connection, user => $user,
                          port => $one->port);

    is($code, 200, "$name: answered");
    is($slow->row($user)->{state}, $state, "$name: the sync is $state");

    my (undef, $status) = $slow->db->call("GET", "/api/sync/status/$id",
                                          user => $user, port => $one->port);
    is($status->{status}, $state eq "running" ? "in_progress" : $state,
       "$name: so says its status");
}

is_deeply([ $site->alarms, $slow->alarms ], [], "no alarms");

done_testing();

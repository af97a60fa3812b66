# PgBouncer in transaction mode, with fewer connections to the server than
# nginx has to it: all that the locations do, syncs to their end, and the
# pooler or its server gone in the middle.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use File::Temp ();
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $pool = 2;
my $orders = 300;

my $site = AmzSync::Site->new(
    "seed=12 orders=$orders page=10 inventory=60 transactions=300"
    . " transactions_page=20 quota=250");
my $db = $site->db;

my $dir = File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1);
my $port = AmzSync::Nginx::free_port();
my $bouncer = start();

my $nginx = $site->nginx(
    workers => 3, datasets => undef,
    conninfo => { host => "127.0.0.1", port => $port },
    postgres => "prepared=off timeout=2s connect_timeout=2s",
    extra => "amzsync_lease 3s;");

my %syncs;


# PgBouncer refuses root, and needs to read its files.

sub start {
    my @as;

    if ($> == 0) {
        my ($uid, $gid) = (getpwnam "nobody")[2, 3];

        chown $uid, $gid, "$dir";
        @as = ("setpriv", "--reuid=$uid", "--regid=$gid", "--clear-groups");
    }

    put("users", qq("amzsync_nginx" "amzsync"\n));
    put("pgbouncer.ini", <<END);
[databases]
* = host=127.0.0.1 port=$ENV{PGPORT}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $dir/users
pool_mode = transaction
default_pool_size = $pool
logfile = $dir/log
END

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        open STDERR, '>>', "/dev/null";
        exec @as, "/usr/sbin/pgbouncer", "$dir/pgbouncer.ini";
        die "pgbouncer: $!\n";
    }

    until_true(10, sub {
        IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port)
    }) or die "PgBouncer did not start:\n" . bouncer_log();

    return $pid;
}


sub stop {
    return if !$bouncer;

    kill $_[0], $bouncer;
    waitpid $bouncer, 0;
    $bouncer = undef;
}


sub put {
    my ($name, $text) = @_;

    open my $fh, '>', "$dir/$name" or die "$dir/$name: $!\n";
    chmod 0644, "$dir/$name";
    print $fh $text;
    close $fh or die "$dir/$name: $!\n";
}


sub bouncer_log {
    open my $fh, '<', "$dir/log" or return "";
    local $/;

    return <$fh>;
}


sub until_true { AmzSync::Site::until_true(@_) }


sub call {
    my ($method, $path, $user) = @_;
    my ($code, $json) = $db->call($method, $path, user => $user,
                                  port => $nginx->port);

    return ($code, $json);
}


# What PgBouncer has of the server now.

sub backends {
    return $db->sql("SELECT pid FROM pg_stat_activity
                      WHERE usename = 'amzsync_nginx'
                        AND datname = '" . $db->name . "'");
}


sub ended {
    my ($name, @users) = @_;

    for my $user (@users) {
        is($db->wait_sync($syncs{$user}), "completed",
           "$name: $user completed") or diag $nginx->log, bouncer_log();

        my ($code, $json) = call("GET", "/api/sync/status/$syncs{$user}",
                                 $user);
        is_deeply([ $code, $json->{status}, $json->{progress},
                    $json->{ordersProcessed} ],
                  [ 200, "completed", 100, $orders ],
                  "$name: $user: the status says so");

        is_deeply([ $site->differences($user, "S$user",
                                       @AmzSync::Truth::all) ], [],
                  "$name: $user: the tables are the truth");
    }
}


sub begin {
    $syncs{$_} = $site->begin($nginx, $_, seller => "S$_") for @_;
}


# How many of all syncs have not ended.

sub running {
    return $db->value("SELECT count(*) FROM amzsync.sync_progress
                        WHERE state IN ('queued', 'running')");
}


# The settings of the role are those of each connection to the server.

sub settings {
    local @ENV{qw(PGHOST PGPORT PGUSER PGPASSWORD)}
        = ("127.0.0.1", $port, "amzsync_nginx", "amzsync");
    my @names = qw(lock_timeout statement_timeout plan_cache_mode
                   enable_seqscan jit client_encoding);

    my ($row) = AmzSync::psql($db->name, "SELECT "
                    . join ", ", map { "current_setting('$_')" } @names);

    is_deeply($row, [qw(2s 30s force_generic_plan off off UTF8)],
              "the settings of the role");
}


# The locations, from no connection to none again.

sub locations {
    my $api = "/api/v1/integrations/amazon";
    my ($code, $json) = call("GET", "/api/sync/status", "u0");

    is($code, 200, "status of a new user") or diag $nginx->log, bouncer_log();
    is_deeply($json, { success => JSON::PP::true, lastSync => undef,
                       hasActiveSync => JSON::PP::false,
                       nextScheduledSync => undef }, "there was no sync");

    ($code, $json) = call("POST", "$api/sync", "u0");
    is_deeply([ $code, $json->{error} ], [ 400, "amazon_not_connected" ],
              "start without a connection");

    ok($site->connect($nginx, "u0", seller => "Su0"), "connect");

    ($code, $json) = call("GET", "$api/connection", "u0");
    is_deeply([ $code, $json->{status}, $json->{sellingPartnerId} ],
              [ 200, "connected", "Su0" ], "connection");

    ($code, $json) = call("POST", "$api/sync", "u0");
    my $sync = $json->{syncId};
    is_deeply([ $code, $json->{status} ], [ 200, "in_progress" ], "start");

    ($code, $json) = call("POST", "$api/sync", "u0");
    is_deeply([ $code, $json->{error}, $json->{existingSyncId} ],
              [ 409, "sync_in_progress", $sync ], "start once more");

    for my $path ("/api/sync/status?syncId=$sync", "/api/sync/status/$sync") {
        ($code, $json) = call("GET", $path, "u0");
        is_deeply([ $code, $json->{syncId}, $json->{status} ],
                  [ 200, $sync, "in_progress" ], $path =~ s/=?sync_.*//r);
    }

    ($code, $json) = call("GET", "/api/sync/status", "u0");
    is_deeply([ $code, $json->{hasActiveSync}, $json->{lastSync}{syncId} ],
              [ 200, JSON::PP::true, $sync ], "status without an id");

    ($code, $json) = call("GET", "/api/sync/status/$sync", "u1");
    is_deeply([ $code, $json->{error} ], [ 404, "sync_not_found" ],
              "status of another user's sync");

    for my $time ("cancel", "cancel once more") {
        ($code, $json) = call("POST", "/api/sync/cancel/$sync", "u0");
        is_deeply([ $code, $json->{message} ],
                  [ 200, "Sync cancelled successfully" ], $time);
    }

    ($code, $json) = call("POST", "$api/sync", "u0");
    isnt($json->{syncId}, $sync, "start after a cancel");
    my $cancelled = $sync;
    $sync = $json->{syncId};

    ($code, $json) = call("DELETE", "$api/connection", "u0");
    is_deeply([ $code, $json->{message} ],
              [ 200, "Amazon account disconnected" ], "disconnect");

    ($code, $json) = call("GET", "/api/sync/status/$sync", "u0");
    is_deeply([ $code, $json->{status} ], [ 200, "cancelled" ],
              "which ended the sync");

    ($code, $json) = call("GET", "$api/connection", "u0");
    is_deeply([ $code, $json->{connected}, $json->{status} ],
              [ 200, JSON::PP::false, "disconnected" ], "disconnected");

    ($code, $json) = call("GET", "/api/sync/history", "u0");
    is_deeply([ $code, $json->{total},
                map { "$_->{syncId} $_->{status}" } @{ $json->{history} } ],
              [ 200, 2, "$sync cancelled", "$cancelled cancelled" ],
              "history");
}


# The events of a sync, to its end.

sub events {
    begin("e1");

    my ($code, undef, $answer) = $db->call(
        "GET", "/api/sync/events/$syncs{e1}", user => "e1",
        port => $nginx->port);
    my @events = $answer->{content} =~ /^event: (\w+)/mg;
    my $last = pop @events;

    is($code, 200, "events") or diag $nginx->log;
    is($last, "sync_complete", "events: the last one");
    cmp_ok(scalar @events, '>=', 2, "events: and some of its progress");
    is_deeply([ grep { $_ ne "sync_progress" } @events ], [],
              "events: nothing else");
    ended("events", "e1");
}


# Syncs of many users, and statuses of all of them meanwhile.

sub many {
    my @users = map { "u$_" } 1 .. 12;
    my (%codes, @most);

    begin(@users);

    for (1 .. 10) {
        for my $user (@users) {
            my ($code, $json) = call("GET", "/api/sync/status/$syncs{$user}",
                                     $user);
            $codes{"$code " . ($json->{syncId} eq $syncs{$user})}++;
        }

        my @now = backends();
        @most = @now if @now > @most;
    }

    is_deeply(\%codes, { "200 1" => 120 }, "many: statuses");
    ended("many", @users);
    is_deeply([ $nginx->log =~ /^.*\[(?:warn|error)\].*$/mg ], [],
              "many: nothing is refused, and no connection breaks");
    cmp_ok(scalar @most, '>', 0, "many: there are connections to the server");
    cmp_ok(scalar @most, '<=', $pool, "many: not more than the pool's");

    # nginx has more: three workers with five.
    my $logins = () = bouncer_log() =~ /login attempt: .*user=amzsync_nginx/g;
    cmp_ok($logins, '>=', 15, "many: all of nginx's connections came in");
}


# What the server's own backends meet, nginx hears from PgBouncer.

sub terminated {
    begin("t1", "t2");

    for (1 .. 10) {
        $db->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE usename = 'amzsync_nginx'
                     AND datname = '" . $db->name . "'");
        sleep 0.2;
    }

    is(running(), 2, "terminated: in the midst of the syncs");
    ended("terminated", "t1", "t2");
}


sub restarted {
    my ($user, $signal) = @_;

    begin($user);
    sleep 0.5;
    stop($signal);

    my @sync = ("GET", "/api/sync/status/$syncs{$user}", $user);
    my ($code, $json) = call(@sync);

    is_deeply([ $code, $json->{error} ], [ 500, "internal_server_error" ],
              "SIG$signal: without PgBouncer it is 500");

    $bouncer = start();

    ok(until_true(20, sub { (call(@sync))[0] == 200 }),
       "SIG$signal: 200 with it") or diag $nginx->log, bouncer_log();
    is(running(), 1, "SIG$signal: in the midst of the sync");
    ended("SIG$signal", $user);
}


settings();
locations();
events();
many();
terminated();
restarted("r1", "TERM");
restarted("r2", "KILL");

unlike($nginx->log, qr/unsupported startup parameter/,
       "no parameter has to be ignored");
is($db->value("SELECT max(tries) FROM amzsync.sync_progress"), 0,
   "nothing of it counts as a try");
is_deeply([ $site->alarms ], [], "no alarms in the logs");

# nginx first: it uses the others to the end.
$nginx->stop;

done_testing();

END {
    local $?;
    stop("TERM");
}

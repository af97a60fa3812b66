# TLS with sslmode=verify-full, and an authority of the test's own: by name and
# by address; whatever is not as it should be is refused at once, with a reason
# in the log; backends that are terminated, and a server that is restarted.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Certificates;
use AmzSync::Cluster;
use AmzSync::Site;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

# Seconds that a slow machine may need for what is done at once elsewhere.
my $slow = $ENV{TEST_NGINX_TIMEOUT} || 3;

my $certificates = AmzSync::Certificates->new;

$certificates->authority("ca");
$certificates->authority("other");
$certificates->issue("server", "ca", "DNS:localhost,IP:127.0.0.1");
$certificates->issue("wrong", "ca", "DNS:db.example");
$certificates->issue("foreign", "other", "DNS:localhost,IP:127.0.0.1");
$certificates->issue("amzsync_nginx", "ca", "DNS:client");

# libpq wants a key to be its user's own, and nobody else's.
chown +(getpwnam "nobody")[2, 3], path("amzsync_nginx.key") if $> == 0;

my $cluster = AmzSync::Cluster->new(
    settings => { ssl => "on" },
    files    => { "server.crt" => text("server.crt"),
                  "server.key" => text("server.key"),
                  "root.crt" => text("ca.crt") },
    hba      => hba("scram-sha-256"));

$cluster->set(ssl_ca_file => "root.crt");

my $site = AmzSync::Site->new("seed=13 orders=600 page=15 quota=1500");
my $db = $site->db;

my %verify = (host => "localhost", sslmode => "verify-full",
              sslrootcert => path("ca.crt"));
my $refused = { success => JSON::PP::false, error => "internal_server_error",
                message => "Something went wrong. Please try again later." };


sub path { $certificates->path(@_) }

sub text { $certificates->text(@_) }


# The module's role comes over TLS only; the test itself by the socket.

sub hba {
    my ($method) = @_;

    return "local all postgres trust\n"
           . "hostssl all amzsync_nginx 127.0.0.1/32 $method\n";
}


# What the server has now, after a reload.

sub server {
    my ($name) = @_;

    my $since = $db->value("SELECT pg_conf_load_time()");

    $cluster->file("server.crt", text("$name.crt"));
    $cluster->file("server.key", text("$name.key"));
    $db->sql("SELECT pg_reload_conf()");

    AmzSync::Site::until_true(10, sub {
        $db->value("SELECT pg_conf_load_time()") ne $since
    }) or die "not reloaded:\n" . $cluster->log;
}


sub nginx {
    my (%conninfo) = @_;
    my $limits = delete $conninfo{limits}
                 || "timeout=" . 2 * $slow . "s connect_timeout=${slow}s";

    return $site->nginx(workers => 1, extra => "amzsync_lease 3s;",
                        postgres => $limits,
                        conninfo => { %verify, %conninfo });
}


sub status {
    my ($nginx, $user, $sync) = @_;
    my $path = "/api/sync/status" . ($sync ? "/$sync" : "");
    my ($code, $json) = $db->call("GET", $path, user => $user,
                                  port => $nginx->port, timeout => 90);

    return ($code, $json);
}


# How the connections of nginx are made: version, the client's name.

sub sessions {
    my @rows = $db->sql("
        SELECT DISTINCT ssl, version, client_dn
          FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE usename = 'amzsync_nginx'");

    return map { join " ", map { defined $_ ? $_ : "-" } @$_ } @rows;
}


sub accepted {
    my ($name, $nginx, @sessions) = @_;
    my ($code, $json) = status($nginx, "u0");

    is_deeply([ $code, $json->{success} ], [ 200, JSON::PP::true ],
              "$name: status") or diag $nginx->log;
    is_deeply([ sessions() ], [ @sessions ? @sessions : "t TLSv1.3 -" ],
              "$name: all connections are encrypted");
    $nginx->stop;
}


# An answer within the time-out, in our words, and a worker that serves on.

sub refused {
    my ($name, $reason, %conninfo) = @_;
    my $nginx = nginx(limits => "timeout=700ms connect_timeout=${slow}s",
                      %conninfo);
    my $begin = time;
    my ($code, $json) = status($nginx, "u0");
    my $seconds = time - $begin;

    is($code, 500, "$name: status is 500");
    is_deeply($json, $refused, "$name: in our words");
    cmp_ok($seconds, '<', $slow, "$name: after the time-out");
    AmzSync::Site::until_true($slow, sub { $nginx->log =~ $reason });
    like($nginx->log, qr/\[error\].*PostgreSQL read connection.*$reason/,
         "$name: the log says why");
    is_deeply([ sessions() ], [], "$name: no connection");

    ($code) = $db->call("GET", "/api/sync/status", port => $nginx->port);
    is($code, 401, "$name: requests that need no database are answered");

    is_deeply([ $nginx->alarms ], [], "$name: no alarms in the log");
    $nginx->stop;
}


# A sync in the midst of which "fault" happens.

sub disturbed {
    my ($nginx, $name, $fault) = @_;
    my $user = $name =~ s/\W//gr;
    my $sync = $site->begin($nginx, $user);

    sleep 0.3;
    $fault->();

    like($site->row($user)->{state}, qr/^(?:queued|running)$/,
         "$name: in the midst of it");
    is($db->wait_sync($sync), "completed", "$name: completed")
        or diag $nginx->log;
    is($db->value("SELECT rows FROM amzsync.sync_datasets
                    WHERE user_id = '$user'"), 600, "$name: no page twice");
    is_deeply([ $site->differences($user, "DEMO") ], [],
              "$name: the tables are the truth");
    AmzSync::Site::until_true(10, sub { sessions() });
    is_deeply([ sessions() ], [ "t TLSv1.3 -" ],
              "$name: all connections are encrypted");
}


accepted("name", nginx());
accepted("address", nginx(host => "127.0.0.1"));
accepted("require", nginx(sslmode => "require", sslrootcert => undef));

refused("none", qr/no pg_hba\.conf entry .* no encryption/,
        sslmode => "disable");
refused("wrong authority", qr/certificate verify failed/,
        sslrootcert => path("other.crt"));

server("foreign");
refused("foreign certificate", qr/certificate verify failed/);

server("wrong");
refused("wrong name",
        qr/certificate for "db\.example" .*not match host name "localhost"/);
refused("wrong address",
        qr/certificate for "db\.example" .*not match host name "127\.0\.0\.1"/,
        host => "127.0.0.1");
accepted("verify-ca does not ask", nginx(sslmode => "verify-ca"));

# The first of two hosts is not who it says, and keeps nobody from the other.
accepted("the other host", nginx(host => "localhost,db.example",
                                 hostaddr => "127.0.0.1,127.0.0.1"));

# A server that is willing, and then silent in the handshake.
server("server");

my $silent = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64)
    or die "no socket: $!\n";
my $pid = fork();
die "fork: $!\n" if !defined $pid;

if ($pid == 0) {
    my @clients;

    while (my $client = $silent->accept) {
        $client->sysread(my $request, 8);
        $client->syswrite("S");
        push @clients, $client;
    }

    POSIX::_exit(0);
}

refused("silent", qr/timed out while connecting/,
        limits => "timeout=700ms connect_timeout=500ms",
        port => $silent->sockport);

kill "TERM", $pid;
waitpid $pid, 0;

# A certificate instead of a password.

$cluster->file("pg_hba.conf", hba("cert"));
server("server");

my %mine = (sslcert => path("amzsync_nginx.crt"),
            sslkey => path("amzsync_nginx.key"), password => undef);

accepted("certificate", nginx(%mine), "t TLSv1.3 /CN=amzsync_nginx");
refused("no certificate", qr/requires a valid client certificate/,
        password => undef);

$cluster->file("pg_hba.conf", hba("scram-sha-256"));
server("server");

# Bad days, and all of them by TLS.

my $nginx = nginx();

disturbed($nginx, "calm", sub { });

disturbed($nginx, "terminated", sub {
    for (1 .. 5) {
        $db->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE usename = 'amzsync_nginx'");
        sleep 0.1;
    }
});

disturbed($nginx, "restarted", sub {
    $cluster->stop("immediate");
    sleep 0.5;
    $cluster->start;
});

is_deeply([ $site->alarms ], [], "no alarms in the logs");

# The cluster is the last to go.
undef $nginx;
undef $db;
undef $site;
undef $cluster;

done_testing();

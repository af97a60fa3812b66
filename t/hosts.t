# Several hosts in the conninfo: one that does not answer, that is starting up,
# hangs up, or has no room, keeps nobody from the next.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Test::More;

my $db = AmzSync->new;

# Seconds; a slow machine is told by the environment.
my $limit = 2 * ($ENV{TEST_NGINX_TIMEOUT} || 3);

# Its queue is full: the kernel drops what else would connect.
my $silent = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 0)
    or die "no socket: $!\n";
my @queued = map {
    IO::Socket::INET->new(PeerAddr => "127.0.0.1", Blocking => 0,
                          PeerPort => $silent->sockport)
} 1 .. 4;

# A server that listens in the folder by this port, and answers so to all.
sub server {
    my ($port, $code, $text) = @_;
    my $path = $db->dir . "/.s.PGSQL.$port";

    my $socket = IO::Socket::UNIX->new(Local => $path, Listen => 64)
        or die "no socket: $!\n";
    chmod 0777, $path;

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;
    return $pid if $pid;

    my $answer = $code ? "SFATAL\0VFATAL\0C$code\0M$text\0\0" : "";

    while (my $client = $socket->accept) {
        $client->sysread(my $startup, 4096);
        $client->syswrite("E" . pack("N", 4 + length $answer) . $answer)
            if $answer;
    }

    exit 0;
}

my @servers = (
    server(5432, "57P03", "the database system is starting up"),
    server(5433),
    server(5434, "53300", "sorry, too many clients already"),
);

sub try {
    my ($name, $hosts, $ports) = @_;
    my $nginx = AmzSync::Nginx->new(
        http   => $db->http_config(
            conninfo => { host => $hosts, port => $ports },
            postgres => "timeout=${limit}s connect_timeout=300ms reads=1",
            endpoint => "http://127.0.0.1:1",
            lwa      => "http://127.0.0.1:1/token"),
        server => $db->locations);

    my ($status, $json) = $db->call("GET", "/api/sync/status", user => "u1",
                                    port => $nginx->port);

    is($status, 200, "$name: status") or diag $nginx->log;
    is_deeply($json, { success => JSON::PP::true, lastSync => undef,
                       hasActiveSync => JSON::PP::false,
                       nextScheduledSync => undef }, "$name: answer");
    is_deeply([$nginx->alarms], [], "$name: no alarms in the log");
}

my $host = $ENV{PGHOST} || "localhost";
my $no = $silent->sockport;

try("the first is silent", "127.0.0.1,$host", "$no,$ENV{PGPORT}");
try("two are silent", "127.0.0.1,127.0.0.1,$host", "$no,$no,$ENV{PGPORT}");
try("the first is starting up", $db->dir . ",$host", "5432,$ENV{PGPORT}");
try("starting up, silent, well", $db->dir . ",127.0.0.1,$host",
    "5432,$no,$ENV{PGPORT}");

try("the first hangs up", $db->dir . ",$host", "5433,$ENV{PGPORT}");
try("the first has no room", $db->dir . ",$host", "5434,$ENV{PGPORT}");
try("hangs up, no room, silent, well",
    $db->dir . "," . $db->dir . ",127.0.0.1,$host",
    "5433,5434,$no,$ENV{PGPORT}");

kill 'TERM', @servers;
waitpid $_, 0 for @servers;

done_testing();

# Several hosts in the conninfo: one that does not answer, and one that is
# starting up, keep nobody from the next.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Test::More;

my $db = AmzSync->new;

# Its queue is full: the kernel drops what else would connect.
my $silent = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 0)
    or die "no socket: $!\n";
my @queued = map {
    IO::Socket::INET->new(PeerAddr => "127.0.0.1", Blocking => 0,
                          PeerPort => $silent->sockport)
} 1 .. 4;

# A server that is starting up says so, and hangs up.
my $starting = fork();
die "fork: $!\n" if !defined $starting;

if ($starting == 0) {
    my $socket = IO::Socket::UNIX->new(Local => $db->dir . "/.s.PGSQL.5432",
                                       Listen => 64)
        or die "no socket: $!\n";
    my $text = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up"
               . "\0\0";

    chmod 0777, $db->dir . "/.s.PGSQL.5432";

    while (my $client = $socket->accept) {
        $client->sysread(my $startup, 4096);
        $client->syswrite("E" . pack("N", 4 + length $text) . $text);
    }

    exit 0;
}

sub try {
    my ($name, $hosts, $ports) = @_;
    my $nginx = AmzSync::Nginx->new(
        http   => $db->http_config(
            conninfo => { host => $hosts, port => $ports },
            postgres => "timeout=6s connect_timeout=300ms reads=1",
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

kill 'TERM', $starting;
waitpid $starting, 0;

done_testing();

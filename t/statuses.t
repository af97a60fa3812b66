# Statuses that are asked for at the same time share a statement; everyone
# gets an answer of one's own.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

my $db = AmzSync->new;
my $nginx = AmzSync::Nginx->new(
    http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                               lwa => "http://127.0.0.1:1/token"),
    server => $db->locations);

# User n has the syncs 1 to 3, with 1 to 4 datasets and rows of their own.

$db->sql("
    INSERT INTO amzsync.sync_progress (user_id, sync_no, selling_partner_id,
                region, marketplace_ids, state, progress, completed_at)
    SELECT 'u' || n, i, 'A1', 'na', '{}', 'completed', 100, now()
      FROM generate_series(1, 100) n, generate_series(1, 3) i;

    INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position,
                                       status, progress, rows)
    SELECT 'u' || n, i, 'set' || k, k, 'completed', 100, 1000 * n + 10 * i + k
      FROM generate_series(1, 100) n, generate_series(1, 3) i,
           generate_series(1, 4) k
     WHERE k <= 1 + n % 4");

my ($worker) = $nginx->workers;

sub ask {
    my ($user, $id) = @_;
    my $socket = connection();

    request($socket, $user, $id);
    return $socket;
}

sub connection {
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                 PeerPort => $nginx->port)
        || die "connect: $!\n";
}

sub request {
    my ($socket, $user, $id) = @_;

    print $socket "GET /api/sync/status/$id HTTP/1.0\r\n"
                  . "X-User: $user\r\n\r\n";
}

sub answer {
    my ($socket) = @_;
    local $/;
    my ($status, $body) = <$socket> =~ m{^HTTP/1.1 (\d+).*?\r\n\r\n(.*)}s;

    return ($status, JSON::PP::decode_json($body));
}

sub wanted {
    my ($n, $i) = @_;

    return [ 200, "sync_u${n}_$i",
             map { "set$_ " . (1000 * $n + 10 * $i + $_) } 1 .. 1 + $n % 4 ];
}

sub got {
    my ($status, $json) = answer(@_);

    return [ $status, $json->{syncId},
             map { "$_->{name} $_->{rows}" } @{ $json->{datasets} || [] } ];
}

# Of these users, in one turn of the worker, which accepts them before.

sub together {
    my @sockets = map { connection() } @_;

    sleep 0.2;
    kill STOP => $worker;
    request($sockets[$_], "u$_[$_]", "sync_u$_[$_]_1") for 0 .. $#_;
    kill CONT => $worker;

    return @sockets;
}

my $shared = 0;

for my $round (1 .. 3) {
    my (@sockets, @want);

    # All are there when the worker looks.

    kill STOP => $worker;

    for my $n (map { 1 + (7 * $_) % 100 } 1 .. 90) {
        my $i = 1 + $n % 3;

        push @sockets, ask("u$n", "sync_u${n}_$i");
        push @want, wanted($n, $i);

        if ($n % 10 == 0) {
            push @sockets, ask("u$n", "sync_u${n}_4");
            push @want, [ 404, undef ];

            # Asked for twice, or by somebody who has gone.
            push @sockets, ask("u$n", "sync_u${n}_$i");
            push @want, wanted($n, $i);
            close ask("u$n", "sync_u${n}_2");
        }
    }

    kill CONT => $worker;

    is_deeply([ map { got($_) } @sockets ], \@want,
              "round $round: everyone's own");

    # The last statement of a connection may have been for one of them alone.

    $shared += $db->value("SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database()
                              AND pid <> pg_backend_pid()
                              AND query LIKE '%WITH ORDINALITY AS r%'");
}

cmp_ok($shared, ">", 0, "they shared statements");

# While many wait for a server that is stopped, few go by the other connection.

my @servers = map { $_->[0] } $db->sql("
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND query LIKE '%WITH ORDINALITY AS r%' ORDER BY pid");

my (@many, @few);

for my $try (1 .. 20) {
    my $server = $servers[$try % @servers];

    kill STOP => $server or last;
    @many = together(1 .. 20);

    if (!IO::Select->new($many[0])->can_read(0.5)) {
        @few = map { got($_) } together(21, 22);
        kill CONT => $server;
        last;
    }

    kill CONT => $server;
    got($_) for @many;
}

is(scalar @servers, 2, "two connections for reads");
is_deeply(\@few, [ wanted(21, 1), wanted(22, 1) ], "few are not held up");
is_deeply([ map { got($_) } @many ], [ map { wanted($_, 1) } 1 .. 20 ],
          "and many are answered later");
is_deeply([ $nginx->alarms ], [], "no alarms");

undef $nginx;
done_testing();

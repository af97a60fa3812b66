# A sandbox that is reloaded while it answers: the answers come to their end.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use IO::Socket::INET;
use Test::More;

my $db = AmzSync->new(migrate => 0);
my $amazon = AmzSync::Nginx->new(
    http => "", server => $db->sandbox("seed=1 orders=3000 quota=0"));


sub ask {
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => $amazon->port)
        or die "connect: $!\n";

    print $socket "GET /amazon/_sandbox/orders.csv?seller=S1 HTTP/1.0\r\n\r\n";

    return $socket;
}


sub answer {
    my ($socket) = @_;
    local $/;

    my ($body) = <$socket> =~ /\r\n\r\n(.*)/s;

    return $body;
}


my $whole = answer(ask());
cmp_ok(length $whole, ">", 300_000, "a large answer");

# Some of them are being generated when the worker is told to exit.

for my $round (1 .. 10) {
    my @sockets = map { ask() } 1 .. 8;

    sysread $sockets[0], my $first, 1;
    $amazon->signal("HUP");

    my @cut = grep { $_ ne $whole }
              map { answer($_) || "" } @sockets[1 .. $#sockets];
    is(scalar @cut, 0, "round $round: all answers are whole");
}

is_deeply([ $amazon->alarms ], [], "no alarms");

done_testing();

# What a worker still holds of a seller's tokens once a sync has ended: nothing,
# in no buffer of any library either.  And what it tells of them: nothing.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use Test::More;
use Time::HiRes qw(sleep time);

my $seller = "KEPTNOWHERE" . "x" x 53;

my $db = AmzSync->new;


# How often the writable memory of a process has each kind of token.

sub search {
    my ($pid) = @_;
    my %found = (bytes => 0, refresh => 0, access => 0);

    open my $maps, '<', "/proc/$pid/maps" or die "maps: $!\n";
    open my $memory, '<:raw', "/proc/$pid/mem" or die "mem: $!\n";

    while (<$maps>) {
        no warnings 'portable';

        my ($from, $to) = /^(\w+)-(\w+) rw/ or next;
        my $size = hex($to) - hex($from);

        # Shadows of a sanitizer.
        next if $size > 256 * 1024 * 1024;

        sysseek $memory, hex($from), 0 or next;
        sysread $memory, my $bytes, $size or next;

        $found{bytes} += length $bytes;
        $found{refresh} += () = $bytes =~ /sandbox-\Q$seller\E/g;
        $found{access} += () = $bytes =~ /Atza(?:\||%7C)[\w-]{40}/g;
    }

    return \%found;
}


my $amazon = AmzSync::Nginx->new(
    http => "",
    server => $db->sandbox("seed=3 orders=300 page=50 quota=100000"));
my $url = "http://127.0.0.1:" . $amazon->port . "/amazon";

sub nginx {
    return AmzSync::Nginx->new(
        http => $db->http_config(endpoint => $url,
                                 lwa => "$url/auth/o2/token"),
        server => $db->locations);
}

# The worker that took the token from its user is another one.

my $nginx = nginx();
ok($db->connect("u1", port => $nginx->port,
                token => "Atzr|sandbox-$seller"), "connected");
$nginx->stop;

$nginx = nginx();
my $sync = $db->start("u1", port => $nginx->port);
is($db->wait_sync($sync), "completed", "completed");

# Its only child is the worker, whatever its name is under valgrind.

my $master = $nginx->master;
open my $children, '<', "/proc/$master/task/$master/children"
    or die "children: $!\n";
my ($pid) = split " ", <$children>;
my $found;

# The end is in the database a moment before the job lets go of its token.

for (my $end = time() + 20; time() < $end; sleep(0.2)) {
    $found = search($pid);
    last if $found->{refresh} + $found->{access} == 0;
}

cmp_ok($found->{bytes}, ">", 1024 * 1024, "the memory could be read");
is($found->{refresh}, 0, "no refresh token");
is($found->{access}, 0, "no access token");

is_deeply([ $nginx->alarms, $amazon->alarms ], [], "no alarms");


# Errors that repeat a secret more often than there is room for.

$nginx->stop;
$amazon->stop;

sub repeats {
    my ($name, $location, $text, $code, $count) = @_;
    my $user = $name =~ tr/ /_/r;

    my $server = AmzSync::Nginx->new(
        http => "",
        server => $location . $db->sandbox("seed=3 orders=10 quota=0"));
    my $url = "http://127.0.0.1:" . $server->port . "/amazon";

    my $nginx = AmzSync::Nginx->new(
        http => $db->http_config(endpoint => $url,
                                 lwa => "$url/auth/o2/token"),
        server => $db->locations);
    my @port = (port => $nginx->port);

    ok($db->connect($user, @port, token => "Atzr|sandbox-$seller"),
       "$name: connected");
    my $sync = $db->start($user, @port);
    is($db->wait_sync($sync), "failed", "$name: failed");

    my (undef, $json) = $db->call("GET", "/api/sync/status/$sync", @port,
                                  user => $user);
    my $error = $json->{datasets}[0]{error};

    is($error->{code}, $code, "$name: code");
    is($error->{message}, $text . "***" x $count, "$name: no half of a secret");
    unlike($nginx->log, qr/sandbox-\Q$seller\E|Atza\|/,
           "$name: not in the log");
}


my $token = '$http_x_amz_access_token';

repeats("access token",
        "location /amazon/orders/ { return 400 '"
        . '{"errors":[{"code":"X","message":"' . $token x 120 . '"}]}' . "'; }",
        "X: ", "invalid_input", 120);

repeats("refresh token",
        "location /amazon/auth/ { set \$it 'Atzr|sandbox-$seller'; return 400 '"
        . '{"error":"x","error_description":"' . '$it' x 120 . '"}' . "'; }",
        "x: ", "lwa_rejected", 120);

done_testing();

# Starts that come while another one is being committed share a commit; one
# that fails does no harm to its neighbours.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use IO::Socket::INET;
use Test::More;
use IO::Select;
use Time::HiRes qw(sleep time);

# Login with Amazon is out of reach: no sync gets anywhere.

my $db = AmzSync->new;
my $nginx = AmzSync::Nginx->new(
    http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                               lwa => "http://127.0.0.1:1/token",
                               postgres => "timeout=60s writes=1"),
    server => $db->locations);

for my $n (0 .. 30) {
    $db->connect("u$n", port => $nginx->port) or die "not connected\n";
}

# A session that holds the rows of users until it is closed.

sub hold {
    my (@users) = @_;
    my $list = join ", ", map { "'$_'" } @users;

    open my $fh, '|-', "psql", "-Xq", "-o", "/dev/null", "-d", $db->name
        or die "psql: $!\n";
    $fh->autoflush(1);
    print $fh "BEGIN; SELECT FROM amzsync.connections
                WHERE user_id IN ($list) FOR UPDATE;\n";

    waiting(1, "granted AND relation = 'amzsync.connections'::regclass
                AND mode = 'RowShareLock' AND pid IN (
                    SELECT pid FROM pg_stat_activity
                     WHERE state = 'idle in transaction')");
    return $fh;
}

sub waiting {
    my ($n, $what) = @_;

    for (1 .. 200) {
        return if $db->value("SELECT count(*) FROM pg_locks WHERE $what")
                  >= $n;
        sleep 0.05;
    }

    die "no lock: $what\n";
}

sub post {
    my ($user, $port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => $port || $nginx->port)
        or die "connect: $!\n";

    print $socket "POST /api/v1/integrations/amazon/sync HTTP/1.0\r\n"
                  . "X-User: $user\r\n\r\n";
    return $socket;
}

sub answer {
    my ($socket) = @_;
    local $/;
    my $text = <$socket>;

    return $text =~ m{^HTTP/1.1 (\d+).*?\r\n\r\n(.*)}s;
}


# The first start waits for a lock.  The others come meanwhile: they are the
# next group, and one of them waits for a lock in vain.

my $first = hold("u0");
my $second = hold("u7");
my %socket = (u0 => post("u0"));

waiting(1, "NOT granted");
$socket{"u$_"} = post("u$_") for 1 .. 30;

# Two of the same user in one group.
my $again = post("u9");
sleep 0.3;
close $first;

my (%status, %text);
($status{$_}, $text{$_}) = answer($socket{$_}) for keys %socket;
my ($status, $text) = answer($again);

is_deeply({ %status },
          { (map { ("u$_" => 200) } 0 .. 6, 8 .. 30), u7 => 500 },
          "all start but the one whose row is locked");
like($text{u7}, qr/"error":"internal_server_error"/, "that has an error");
is($status, 409, "one user's second start is refused");

my ($id) = $text{u9} =~ /"syncId":"([^"]+)"/;
like($text, qr/"existingSyncId":"\Q$id\E"/, "with the id of the first");

is($db->value("SELECT count(*) FROM amzsync.sync_progress"), 30,
   "each of them has a sync");
is($db->value("SELECT count(DISTINCT user_id) FROM amzsync.sync_datasets"), 30,
   "with its datasets");

close $second;


# Without a failure they share the commit.

$db->sql("DELETE FROM amzsync.sync_progress;
          DELETE FROM amzsync.sync_datasets");
$first = hold("u0");
%socket = (u0 => post("u0"));
waiting(1, "NOT granted");
$socket{"u$_"} = post("u$_") for 1 .. 30;
sleep 0.3;
close $first;

my @failed = grep { (answer($socket{$_}))[0] != 200 } keys %socket;
is_deeply(\@failed, [], "all start");

my $commits = $db->value("SELECT count(DISTINCT xmin::text)
                            FROM amzsync.sync_datasets");
cmp_ok($commits, "<=", 10, "of 31 starts many share a commit");


# What is refused to everybody is not tried for each alone.

sub refusals {
    return scalar(() = $nginx->log =~ /permission denied/g);
}

$db->sql("DELETE FROM amzsync.sync_progress;
          DELETE FROM amzsync.sync_datasets");
$first = hold("u0");
%socket = (u0 => post("u0"));
waiting(1, "NOT granted");
$socket{"u$_"} = post("u$_") for 1 .. 30;
sleep 0.3;
$db->sql("REVOKE INSERT ON amzsync.sync_progress FROM amzsync_nginx");
close $first;

my @refused = grep { (answer($socket{"u$_"}))[0] == 500 } 1 .. 30;
is(scalar @refused, 30, "no right: nobody starts");
cmp_ok(refusals(), ">=", 1, "no right: the log says so");
cmp_ok(refusals(), "<=", 5, "no right: once a statement");

$db->sql("GRANT INSERT ON amzsync.sync_progress TO amzsync_nginx");
is_deeply([ $nginx->alarms ], [], "no alarms");
undef $nginx;


# Each has a time of its own, from when it came, whoever is in its statement:
# the first is locked out, the others wait for its end, and are then, too.

{
    my $hasty = AmzSync::Nginx->new(
        http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                                   lwa => "http://127.0.0.1:1/token",
                                   postgres => "timeout=3s writes=1"),
        server => $db->locations);

    $db->connect("u0", port => $hasty->port) or die "not connected\n";
    $db->sql("DELETE FROM amzsync.sync_progress;
              DELETE FROM amzsync.sync_datasets");

    my $held = hold("u0", "u1", "u2");
    my (%began, %ended, %answer);

    for my $user ("u0", "u1", "u2") {
        $began{$user} = time;
        $socket{$user} = post($user, $hasty->port);
        waiting(1, "NOT granted") if $user eq "u0";
        sleep($user eq "u0" ? 0.2 : 1.7) if $user ne "u2";
    }

    while (keys %ended < 3) {
        for my $user ("u0", "u1", "u2") {
            next if $ended{$user}
                    || !IO::Select->new($socket{$user})->can_read(0.01);
            $ended{$user} = time;
            $answer{$user} = (answer($socket{$user}))[0];
        }
    }

    close $held;

    is_deeply(\%answer, { u0 => 500, u1 => 500, u2 => 500 }, "too late");
    cmp_ok($ended{$_} - $began{$_}, ">", 2.8, "$_ had its time")
        for "u0", "u1", "u2";
    cmp_ok($ended{u2} - $ended{u1}, ">", 0.8, "and u2 as much as u1");
    cmp_ok($db->value("SELECT count(*) FROM amzsync.sync_progress
                        WHERE user_id = 'u1'"), "==", 0,
           "u1, which was not sent, does not start later");
    is_deeply([ $hasty->alarms ], [], "no alarms of that one");
}

done_testing();

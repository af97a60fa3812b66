# PostgreSQL's bad days: away before nginx starts, at a start, during a sync;
# backends terminated; a schema that is missing or too old.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Cluster;
use AmzSync::Nginx;
use AmzSync::Truth;
use Test::More;
use Time::HiRes qw(sleep time);

my @markets = qw(ATVPDKIKX0DER A2EUQ1WTGCTBG2 A1AM78C64UM0Y8);
my $orders = 2000;

my $cluster = AmzSync::Cluster->new;
my $db = AmzSync->new;

my $amazon = AmzSync::Nginx->new(
    http => "",
    server => $db->sandbox("seed=5 orders=$orders page=50 quota=2000"));
my $url = "http://127.0.0.1:" . $amazon->port . "/amazon";
my $user = 0;


sub nginx {
    my ($base, %arg) = @_;

    return AmzSync::Nginx->new(
        workers => 2,
        http => $base->http_config(endpoint => $url,
                                   lwa => "$url/auth/o2/token",
                                   postgres => "timeout=1s",
                                   extra => "amzsync_lease 3s;"),
        server => $base->locations);
}


sub truth {
    my ($who, $name) = @_;

    is_deeply([ AmzSync::Truth::compare($db, user => $who, url => $url,
                                        seller => "DEMO",
                                        marketplaces => \@markets) ],
              [], "$name: the tables are the truth");
}


# Starts a sync of a new user, lets "fault" disturb it, and sees it to its end.

sub disturbed {
    my ($nginx, $name, $fault) = @_;
    my $who = "u" . ++$user;

    # The connections that the last fault has cut come back one by one.
    until_true(sub {
        $db->connect($who, port => $nginx->port, marketplaces => \@markets)
    }) or die "not connected:\n" . $nginx->log;

    my $sync;
    until_true(sub { $sync = $db->start($who, port => $nginx->port) })
        or die "not started:\n" . $nginx->log;
    sleep 1;
    $fault->();

    is($db->wait_sync($sync), "completed", "$name: completed")
        or diag $nginx->log;
    is($db->value("SELECT rows FROM amzsync.sync_datasets
                    WHERE user_id = '$who'"), $orders, "$name: no page twice");
    truth($who, $name);
}


sub until_true {
    my ($condition) = @_;
    my $end = time + 20;

    while (time < $end) {
        return 1 if $condition->();
        sleep 0.2;
    }

    return 0;
}


sub terminate {
    $db->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE usename = 'amzsync_nginx'");
}


# Away before nginx starts: nginx starts, requests fail, and all is well once
# the database is there.

$cluster->stop;

my $nginx = nginx($db);
my @who = (user => "u0", port => $nginx->port);

my ($code, $json) = $db->call("GET", "/api/sync/status", @who);
is($code, 500, "away: status is 500");
is_deeply($json, { success => JSON::PP::false(),
                   error => "internal_server_error",
                   message => "Something went wrong. Please try again later."
                 }, "away: status in our words");

($code, $json) = $db->call("POST", "/api/v1/integrations/amazon/sync", @who);
is($code, 500, "away: start is 500");
is($json->{message}, "Failed to start sync. Please try again later.",
   "away: start in its own words");

$cluster->start;

ok(until_true(sub {
    ($code, $json) = $db->call("GET", "/api/sync/status", @who);
    $code == 200;
}), "back: status is 200");
is($json->{lastSync}, undef, "back: there was no sync");

disturbed($nginx, "undisturbed", sub { });

disturbed($nginx, "terminated", sub {
    for (1 .. 15) { terminate(); sleep 0.2 }
});

disturbed($nginx, "restarted", sub {
    for (1 .. 2) {
        $cluster->stop("immediate");
        sleep 1;
        $cluster->start;
        sleep 1.5;
    }
});

disturbed($nginx, "away for longer than the lease", sub {
    $cluster->stop("fast");
    sleep 6;
    $cluster->start;
});

is($db->value("SELECT max(tries) FROM amzsync.sync_progress"), 0,
   "outages never count as tries");

is_deeply([ $nginx->alarms, $amazon->alarms ], [], "no alarms");

# Schemas.

my $none = AmzSync->new(migrate => 0);
my $without = nginx($none);

($code) = $none->call("GET", "/api/sync/status", user => "u0",
                      port => $without->port);
is($code, 500, "no schema: status is 500");
like($without->log, qr/no schema "amzsync"/, "no schema: the log says so");

my $old = AmzSync->new;
my $newest = $old->value("SELECT max(version) FROM amzsync.schema_version");
$old->sql("DELETE FROM amzsync.schema_version WHERE version > 1");
my $stale = nginx($old);

($code) = $old->call("GET", "/api/sync/status", user => "u0",
                     port => $stale->port);
is($code, 500, "old schema: status is 500");
like($stale->log, qr/schema has version 1, but \d+ is needed/,
     "old schema: the log says so");

$old->sql("INSERT INTO amzsync.schema_version (version, name)
           SELECT v, 'later' FROM generate_series(2, $newest) v");
ok(until_true(sub {
    ($code) = $old->call("GET", "/api/sync/status", user => "u0",
                         port => $stale->port);
    $code == 200;
}), "migrated: status is 200, without a reload");

# The cluster is the last to go.
undef $_ for $nginx, $without, $stale, $none, $old, $db;

done_testing();

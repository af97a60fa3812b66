# A browser's EventSource follows a sync from its start to its end, over a
# reload of nginx, and does not come again.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use AmzSync::Site;
use File::Temp ();
use JSON::PP ();
use Test::More;

my ($chromium) = grep { -x } "/usr/bin/chromium";

die "no /usr/bin/chromium\n" if !$chromium;

# The page starts a sync, watches it, and tells what it has seen as requests
# that stand in the access log.

my $page = <<'END';
<!DOCTYPE html>
<title>sync</title>
<script>
const tell = (what) => fetch('/seen/' + encodeURIComponent(what));

async function run() {
    const start = await fetch('/api/v1/integrations/amazon/sync',
                              { method: 'POST' });
    const { syncId } = await start.json();
    const source = new EventSource('/api/sync/events/' + syncId);
    const last = [ 'sync_complete', 'sync_failed', 'sync_cancelled' ];

    source.onopen = () => tell('open');
    source.onerror = () => tell('error ' + source.readyState);

    for (const name of [ 'sync_progress', ...last ]) {
        source.addEventListener(name, (event) => {
            const data = JSON.parse(event.data);
            tell([ name, data.syncId, data.progress, data.ordersProcessed,
                   data.datasets.length, event.lastEventId ].join(' '));
        });
    }
}

run();
</script>
END

my $dir = File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1);
chmod 0755, "$dir";
open my $fh, '>', "$dir/index.html" or die "index.html: $!\n";
print $fh $page;
close $fh or die "index.html: $!\n";

my $db = AmzSync->new;
my $amazon = AmzSync::Nginx->new(
    http => "", server => $db->sandbox("seed=1 orders=700 page=10 quota=1000"));
my $url = "http://127.0.0.1:" . $amazon->port . "/amazon";
my $nginx = AmzSync::Nginx->new(
    workers => 2,
    http    => $db->http_config(endpoint => $url,
                                lwa => "$url/auth/o2/token",
                                extra => "log_format seen '\$request_uri';\n"),
    server  => $db->locations(user => "browser") . <<END);
        root $dir;
        location /seen/ {
            access_log $dir/seen.log seen;
            return 204;
        }
END

AmzSync::Site::until_true(20, sub {
    $db->connect("browser", port => $nginx->port) }) or die "not connected\n";

# What the page has told so far, in order.

sub seen {
    open my $fh, '<', "$dir/seen.log" or return;

    return map { chomp; s{^/seen/}{}; s/%([0-9A-F]{2})/chr hex $1/ger } <$fh>;
}

my $pid = fork();

if (!$pid) {
    open STDOUT, '>', "$dir/chromium.log";
    open STDERR, '>&', \*STDOUT;
    setpgrp;
    exec $chromium, "--headless", "--no-sandbox", "--disable-gpu",
         "--disable-dev-shm-usage", "--no-first-run",
         "--user-data-dir=$dir/profile", "--remote-debugging-port=0",
         "http://127.0.0.1:" . $nginx->port . "/index.html";
    die "chromium: $!\n";
}

my $ended = sub { grep { /^sync_(complete|failed|cancelled) / } seen() };
my $progressed = sub {
    my ($n) = @_;
    scalar(grep { /^sync_progress / } seen()) >= $n;
};

ok(AmzSync::Site::until_true(60, sub { $progressed->(2) }), "events arrive");
$nginx->signal("HUP");
ok(AmzSync::Site::until_true(60, $ended), "the end arrives")
    or diag join "\n", seen();

# Long enough to come again twice, if it wanted to.

sleep 5;

my @seen = seen();
my @events = map { [ split / / ] } grep { /^sync_/ } @seen;
my @progress = map { $_->[2] } @events;

kill 'KILL', -$pid;
waitpid $pid, 0;

is_deeply([ grep { $_ ne "sync_progress" } map { $_->[0] } @events ],
          [ "sync_complete" ], "one event of the end");
is($events[-1][0], "sync_complete", "it is the last one");
cmp_ok(scalar @events, ">=", 4, "some before it");
is_deeply(\@progress, [ sort { $a <=> $b } @progress ],
          "progress never falls, over the reload");
is($progress[-1], 100, "and ends at 100");
is($events[-1][3], $db->value("SELECT count(*) FROM amzsync.orders"),
   "all orders");
cmp_ok(scalar(grep { $_ eq "open" } @seen), ">=", 2,
       "the browser came again after the reload");
is($seen[-1], "error 2", "and closed after the end, for good")
    or diag join "\n", @seen;
is_deeply([ AmzSync::Truth::compare($db, user => "browser", url => $url,
                                    seller => "DEMO",
                                    marketplaces => [ "ATVPDKIKX0DER" ]) ],
          [], "the tables are the truth");
is_deeply([ $nginx->alarms, $amazon->alarms ], [], "no alarms");

done_testing();

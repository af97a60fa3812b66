# What a load leaves behind is deleted whole, also where the answer to a batch
# is lost while its server works on: the next batch waits for it, and finds the
# rows that are being deleted.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Aim;
use AmzSync::Cluster;
use AmzSync::Proxy;
use AmzSync::Site;
use POSIX qw(strftime);
use Test::More;

# Windows are of 30 days since 2000; of that in which the sync begins, 8 to 14
# days have rows, 1,100 a day: several batches, whatever the day is.

my $begin = time - 10 * 86400;
$begin -= ($begin - 946684800) % (30 * 86400);

my $end = time - 2 * 86400;
$end = $begin + 14 * 86400 if $end > $begin + 14 * 86400;

my $until = strftime("%Y-%m-%dT00:00:00Z", gmtime $end);

my $cluster = AmzSync::Cluster->new;
my $site = AmzSync::Site->new("seed=5 ledger=600000 quota=0 until=$until"
                              . " report_time=0 report_cooldown=0");
my $proxy = AmzSync::Proxy->new($cluster->port);
my $temp = $site->db->dir . "/temp";
my $nginx = $site->nginx(
    conninfo => { host => "127.0.0.1", port => $proxy->port },
    postgres => "timeout=20s reads=1 work=1",
    datasets => "marketplaces ledger_detail",
    extra => "amzsync_temp_path $temp; amzsync_report_poll 100ms;"
             . " amzsync_retry_delay 10ms; amzsync_backfill 10d;");


# How many rows there are, and how many of them the view shows.

sub counts {
    return map { $site->db->value("SELECT count(*) FROM amzsync.$_") }
           qw(ledger_detail_rows ledger_detail);
}


my $sync = $site->begin($nginx, "u1", seller => "S1");
is($site->db->wait_sync($sync, timeout => 120), "completed",
   "the first sync is completed");

my ($stored, $shown) = counts();

cmp_ok($stored, ">", 5000, "there are more rows than a batch deletes");
is($shown, $stored, "all are shown");

# The second sync replaces them; the connection of its first purge is cut while
# this one waits in a trigger, and goes on when the next one waits for it.

my $aim = AmzSync::Aim->new($site->db);

$aim->at("purge", "kept");
$sync = $site->begin($nginx, "u1", seller => "S1");

ok(AmzSync::Site::until_true(120, sub { $aim->met }),
   "a purge is under way") or diag $nginx->log;

$proxy->cut("waiting", 1);
is($proxy->cuts(10), 1, "its connection is cut");

ok(AmzSync::Site::until_true(20, sub {
    $site->db->value("SELECT count(*) FROM pg_stat_activity
                       WHERE wait_event_type = 'Lock'
                         AND query LIKE '%DELETE FROM amzsync.ledger%'")
}), "the next one waits for it");

$aim->over;

is($site->db->wait_sync($sync, timeout => 120), "completed",
   "the second sync is completed");
is_deeply([ counts() ], [ $shown, $shown ],
          "nothing is left that nobody sees");
is($site->db->value("SELECT count(*) FROM amzsync.coverage
                      WHERE state IN ('loading', 'replaced')"), 0,
   "nor any load that was replaced");

is_deeply([ $site->alarms ], [], "no alarms");

# The cluster is the last to go.
undef $nginx;
undef $proxy;
undef $aim;
undef $site;
undef $cluster;

done_testing();

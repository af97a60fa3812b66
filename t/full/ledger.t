# A ledger of two million rows: the tables are the truth, and the worker that
# reads it takes little memory.  AMZSYNC_LEDGER=N is another size.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Process;
use AmzSync::Site;
use Test::More;
use Time::HiRes qw(sleep time);

my $rows = $ENV{AMZSYNC_LEDGER} || 2_000_000;
my $limit = 900;

my $until = POSIX::strftime("%Y-%m-%dT00:00:00Z", gmtime(time - 2 * 86400));
my $site = AmzSync::Site->new("seed=9 orders=10 ledger=$rows until=$until"
                              . " report_time=100ms quota=20000");
my $temp = $site->db->dir . "/temp";
my $nginx = $site->nginx(datasets => "marketplaces ledger_detail",
                         extra => "amzsync_temp_path $temp;"
                                  . " amzsync_report_poll 200ms;");


# A worker that has its connections, and no sync.
sleep(1);
my ($worker) = $nginx->workers;
my $idle = AmzSync::Process::memory($worker);

my $begin = time;
my $sync = $site->begin($nginx, "u1", seller => "S1");
my $state = $site->db->wait_sync($sync, timeout => $limit) || "none";

note(sprintf "%.0f s", time - $begin);
is($state, "completed", "completed") or diag $nginx->log;

my $most = AmzSync::Process::peak($worker);

note("$idle MiB idle, $most MiB at most");
cmp_ok($most - $idle, "<", 64, "less than 64 MiB above the idle worker");

cmp_ok($site->db->value("SELECT count(*) FROM amzsync.ledger_detail"), ">",
       0.9 * $rows, "rows of 18 months");

my $from = $site->db->value("
    SELECT to_char(min(range_from) AT TIME ZONE 'UTC',
                   'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
      FROM amzsync.coverage WHERE dataset = 'ledger_detail'");

is_deeply([ AmzSync::Truth::compare($site->db, user => "u1",
                                    url => $site->url, seller => "S1",
                                    marketplaces =>
                                        [ AmzSync::Site::markets() ],
                                    tables => [ "ledger_detail" ],
                                    more => "&from=$from") ], [],
          "the table is the truth");

is_deeply([ $site->alarms ], [], "no alarms in the logs");

done_testing();

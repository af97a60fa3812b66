# What the sandbox answers is valid by Amazon's own models, which are in the
# folder t/models, or AMZSYNC_MODELS.

use Test::Nginx::Socket 'no_plan';

use Cwd ();
use File::Basename ();

our $here = Cwd::abs_path(File::Basename::dirname(__FILE__));
our $models = $ENV{AMZSYNC_MODELS} || "$here/models";

add_response_body_check(sub {
    my ($block, undef, undef, undef, $dry_run) = @_;

    return if $dry_run;

    my $url = "http://127.0.0.1:" . server_port_for_client() . "/amazon";
    my $output = `python3 '$here/sandbox/validate.py' $url '$models' 2>&1`;

    is($output, $block->output, $block->name . " - answers");
    is($? >> 8, 0, $block->name . " - status");
});

log_level('info');
run_tests();

__DATA__

=== TEST 1: every answer is valid
--- config
    location /amazon/ {
        amzsync_sandbox zone=model:1m seed=3 orders=1000 page=100 quota=0
                        until=2026-10-01T00:00:00Z report_time=0
                        report_cooldown=0;
    }

    location /amazon-faults/ {
        amzsync_sandbox zone=faults:1m seed=3 orders=1000 quota=0
                        fault=http_500:2 fault=http_503:3 fault=throttle:5;
    }
--- request
GET /amazon/_sandbox/stats
--- output
searchOrders 200: valid
getOrder 200: valid
getMarketplaceParticipations 200: valid
getInventorySummaries 200: valid
listTransactions 200: valid
createReport 202: valid
getReports 200: valid
getReport 200: valid
getReportDocument 200: valid
error 400: valid
error 403: valid
error 404: valid
error 429: valid
error 500: valid
error 503: valid
getMarketplaceParticipations error 403: valid
getMarketplaceParticipations error 429: valid
getMarketplaceParticipations error 500: valid
getMarketplaceParticipations error 503: valid
getInventorySummaries error 400: valid
getInventorySummaries error 403: valid
getInventorySummaries error 429: valid
getInventorySummaries error 500: valid
getInventorySummaries error 503: valid
listTransactions error 400: valid
listTransactions error 403: valid
listTransactions error 429: valid
listTransactions error 500: valid
listTransactions error 503: valid
getReports error 400: valid
getReports error 403: valid
getReports error 429: valid
getReports error 500: valid
getReports error 503: valid
createReport error 400: valid
createReport error 403: valid
getReport error 403: valid
getReport error 404: valid
cancelReport error 400: valid
cancelReport error 403: valid
cancelReport error 404: valid
getReportDocument error 403: valid
getReportDocument error 404: valid
--- timeout: 60
--- no_error_log
[alert]
[emerg]

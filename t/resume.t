# A sync that ends halfway, and the next one from where its datasets stand;
# sellers whose data change while a sync reads them.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use AmzSync::Site;
use Test::More;

# Two Amazons over the same data: one of them denies calls.

my $until = POSIX::strftime("%Y-%m-%dT00:00:00Z", gmtime(time - 2 * 86400));
my $sellers = "seed=3 orders=400 page=20 until=$until"
              . " inventory=130 inventory_page=20"
              . " transactions=700 transactions_page=40";
my $site = AmzSync::Site->new("$sellers quota=0");
my $db = $site->db;

my $denying = AmzSync::Nginx->new(http => "", server => <<END);
    location /amazon/ {
        amzsync_sandbox zone=denying:1m $sellers quota=0
                        fault=denied:9:searchOrders
                        fault=denied:8:getInventorySummaries
                        fault=denied:12:listTransactions;
    }
END

sub module {
    my ($amazon, $extra) = @_;
    my $url = "http://127.0.0.1:" . $amazon->port . "/amazon";

    return AmzSync::Nginx->new(
        http => $db->http_config(endpoint => $url,
                                 lwa => "$url/auth/o2/token",
                                 datasets => undef, extra => $extra || ""),
        server => $db->locations);
}

# The datasets of a user's last sync when it has ended, by name.

sub ended {
    my ($user) = @_;

    AmzSync::Site::until_true(60, sub {
        $db->value("SELECT state FROM amzsync.sync_progress
                     WHERE user_id = '$user'
                     ORDER BY sync_no DESC LIMIT 1") !~ /queued|running/;
    }) or die "$user: no end\n";

    my @rows = $db->sql("
        SELECT dataset, status, error_code, page FROM amzsync.sync_datasets d
         WHERE user_id = '$user'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress p
                           WHERE p.user_id = d.user_id)");

    return { map { $_->[0] => { status => $_->[1], error => $_->[2],
                                page => $_->[3] } } @rows };
}

sub is_true {
    my ($name, $user, $seller) = @_;

    is_deeply([ $site->differences($user, $seller, @AmzSync::Truth::all) ], [],
              "$name: the tables are the truth");
}


# Each dataset ends somewhere else; what it has read whole is not read again.

{
    my $nginx = module($denying);

    $site->begin($nginx, "u1", seller => "S1");
    my $sets = ended("u1");

    is_deeply({ map { $_ => "$sets->{$_}{status} "
                            . ($sets->{$_}{error} || "") } keys %$sets },
              { marketplaces => "completed ",
                orders => "failed access_denied",
                inventory => "failed access_denied",
                financial_transactions => "failed access_denied" },
              "denied: the datasets");
    is($db->value("SELECT state FROM amzsync.sync_progress
                    WHERE user_id = 'u1'"), "completed",
       "denied: one dataset was read, so the sync was no failure");

    my $cursors = sub {
        return { map { $_->[0] => $_->[1] } $db->sql("
            SELECT dataset, count(*) FROM amzsync.cursors
             WHERE user_id = 'u1' GROUP BY 1") };
    };
    my $before = $cursors->();

    is($before->{orders}, undef, "denied: no orders were read whole");
    is($before->{financial_transactions}, 1,
       "denied: some windows of transactions were");
    cmp_ok($db->value("SELECT count(*) FROM amzsync.orders"), ">=", 100,
           "denied: orders are kept");
    undef $nginx;

    $nginx = module($site->amazon);
    $site->begin($nginx, "u1", seller => "S1");
    $sets = ended("u1");

    is_deeply([ grep { $sets->{$_}{status} ne "completed" } keys %$sets ], [],
              "allowed: all is read");
    is($cursors->()->{orders}, 3, "allowed: a cursor a marketplace");

    my $resumed = $sets->{financial_transactions}{page};
    $site->begin($nginx, "u2", seller => "S1");
    cmp_ok($resumed, "<=", ended("u2")->{financial_transactions}{page} - 2,
           "allowed: windows that were read are not read again");

    is_true("allowed", "u1", "S1");
    is_true("of a piece", "u2", "S1");
    is_deeply([ $nginx->alarms, $denying->alarms ], [], "denied: no alarms");
}


# While its pages are read, a seller's orders change, items of the inventory go
# and come, deferred transactions are released: the next sync has it all.  What
# is new happened before the end of what the sync reads, and was told late.

{
    my $slow = AmzSync::Nginx->new(http => "", server => <<END);
        location /amazon/ {
            amzsync_sandbox zone=slow:1m $sellers quota=400;
        }
END
    my $nginx = module($slow);

    for my $revision (1 .. 3) {
        my ($user, $seller) = ("v$revision", "V$revision");

        $site->begin($nginx, $user, seller => $seller);

        AmzSync::Site::until_true(30, sub {
            ($db->value("SELECT min(page) FROM amzsync.sync_datasets
                          WHERE user_id = '$user'
                            AND dataset <> 'marketplaces'") || 0)
            >= 2 * $revision;
        }) or die "no pages\n";

        my $at = POSIX::strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time - 180));

        for my $amazon ($slow, $site->amazon) {
            $db->call("POST", "/amazon/_sandbox/revision?seller=$seller"
                              . "&set=$revision&at=$at",
                      port => $amazon->port);
        }

        is($db->value("SELECT state FROM amzsync.sync_progress
                        WHERE user_id = '$user'"), "running",
           "revision $revision: in the middle of a sync");

        my $sets = ended($user);
        is_deeply([ grep { $sets->{$_}{status} ne "completed" } keys %$sets ],
                  [], "revision $revision: it ends well");

        $site->begin($nginx, $user, seller => $seller);
        ended($user);
        is_true("revision $revision", $user, $seller);
    }

    is_deeply([ $nginx->alarms, $slow->alarms ], [], "revisions: no alarms");
}

is_deeply([ $site->alarms ], [], "no alarms");

done_testing();

# What a seller no longer allows: a role that is missing fails its own datasets,
# a grant that is revoked ends the sync and all calls, until somebody connects
# again; and what comes after.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Seller;
use AmzSync::Site;
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;

my $start = "/api/v1/integrations/amazon/sync";
my $connection = "/api/v1/integrations/amazon/connection";
my $until = POSIX::strftime("%Y-%m-%dT00:00:00Z",
                            gmtime(time - 2 * 86400));
my $temp = File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1);
my $stages = 0;

my %tables = (
    orders        => [ qw(orders order_items) ],
    map { $_ => [ $_ ] } qw(marketplaces inventory financial_transactions
                            inbound_shipments inbound_items customer_returns
                            settlements));


# A site whose Amazon writes down the ids of its answers, and an nginx.

sub stage {
    my ($sandbox, $datasets, %arg) = @_;
    my $log = "$temp/" . $stages++;
    my $site = AmzSync::Site->new(
        "seed=9 until=$until redirect_uri=http://127.0.0.1:1/callback $sandbox",
        http => "log_format ids '\$uri \$status \$sent_http_x_amzn_requestid';",
        server => "access_log $log ids;");

    my $consent = "amzsync_consent na $site->{url} application_id=a;";
    my $nginx = $site->nginx(
        datasets => "marketplaces $datasets",
        extra => "amzsync_temp_path " . $site->db->dir . "/temp;"
                 . " amzsync_report_poll 100ms; amzsync_retry_delay 50ms;"
                 . " $consent " . ($arg{extra} || ""),
        server => <<'END');
            location = /authorize {
                amzsync_user $http_x_user;
                amzsync_authorize na;
            }
            location = /callback {
                amzsync_user $http_x_user;
                amzsync_callback https://app.example/;
            }
END

    return { site => $site, nginx => $nginx, db => $site->db, log => $log };
}


sub call {
    my ($at, $user, $method, $path, $body) = @_;
    my ($status, $json, $answer) = $at->{db}->call(
        $method, $path, user => $user, port => $at->{nginx}->port,
        body => $body);

    return wantarray ? ($status, $json, $answer) : $json;
}


# What tests tell Amazon about a seller.

sub control {
    my ($at, $what, $seller, %param) = @_;
    my ($status) = AmzSync::Seller->new($at->{site}->url, $seller)->call(
        "POST", "/_sandbox/$what?"
        . AmzSync::Seller::query({ seller => $seller, %param }));

    die "$what: $status\n" if $status != 200;
}


# What Amazon was asked so far, and how it answered.

sub asked {
    my ($at) = @_;
    my $asked = $at->{site}->requests;
    my %asked;

    for my $op (grep { !/^(?:control|consent)$/ } keys %$asked) {
        $asked{"$op $_"} = $asked->{$op}{$_} for keys %{ $asked->{$op} };
    }

    return \%asked;
}


# Ids of answers with this status to requests for this path.

sub has_answered {
    my ($at, $path, $status, $id) = @_;

    return defined $id && AmzSync::Site::until_true(5, sub {
        open my $fh, '<', $at->{log} or return 0;
        grep { /^\S*\Q$path\E\S* \Q$status $id\E$/ } <$fh>;
    });
}


# The browser's way to Seller Central's page and back: what it comes back with.

sub agree {
    my ($at, $seller, $location) = @_;
    my $amazon = AmzSync::Seller->new($at->{site}->url, $seller);
    my $url = $at->{site}->url;

    $location = "/apps/authorize/consent?application_id=a&state=b"
        if !defined $location;
    $location =~ s/^\Q$url\E//;

    my (undef, undef, $answer) = $amazon->call("GET",
                                               "$location&seller=$seller");
    my (undef, $query) = split /\?/, $answer->{headers}{location} || "", 2;
    my %param = map { split /=/, $_, 2 } split /&/, $query || "";

    return ($query, \%param, $amazon);
}


sub connect_as {
    my ($at, $user, $seller, %arg) = @_;
    my $id = $at->{ids}{$seller}
             ||= (agree($at, $seller))[1]{selling_partner_id};
    my @body = (
        sellingPartnerId => $id, region => "na",
        marketplaceIds   => [ AmzSync::Site::markets() ],
        refreshToken     => $arg{token} || "Atzr|sandbox-$seller",
        $arg{interval} ? (syncIntervalMinutes => $arg{interval}) : (),
        $arg{datasets} ? (datasets => $arg{datasets}) : ());

    return AmzSync::Site::until_true(20, sub {
        (call($at, $user, "PUT", $connection, { @body }))[0] == 200
    });
}


# A new grant, as the seller's own page hands it over, and PUT with its token.

sub connect_anew {
    my ($at, $user, $seller, %arg) = @_;
    my (undef, $param, $amazon) = agree($at, $seller);
    my (undef, $json) = $amazon->grant(
        grant_type => "authorization_code", refresh_token => undef,
        code => $param->{spapi_oauth_code});

    return connect_as($at, $user, $seller, %arg,
                      token => $json->{refresh_token});
}


# By amzsync_authorize and amzsync_callback.

sub consent {
    my ($at, $user, $seller) = @_;
    my $http = HTTP::Tiny->new(max_redirect => 0);
    my $visit = sub {
        $http->get("http://127.0.0.1:" . $at->{nginx}->port . $_[0],
                   { headers => { "X-User" => $user } })
             ->{headers}{location}
    };
    my ($query) = agree($at, $seller, $visit->("/authorize"));

    return $visit->("/callback?$query") eq
           "https://app.example/?amzsync=connected";
}


sub begin {
    my ($at, $user, $body) = @_;
    my $json = call($at, $user, "POST", $start, $body);

    return $json->{syncId} || $json->{existingSyncId}
           || die "$user: no sync: $json->{message}\n" . $at->{nginx}->log;
}


# Datasets by name, and the whole status.

sub sets {
    my ($at, $user, $sync) = @_;
    my $status = call($at, $user, "GET", "/api/sync/status/$sync");

    return ({ map { $_->{name} => $_ } @{ $status->{datasets} } }, $status);
}


# Differences of the datasets' tables from the truth.  Of reports: of the time
# that was read.

sub differences {
    my ($at, $user, $seller, @datasets) = @_;
    my %from = map { @$_ } $at->{db}->sql("
        SELECT dataset, to_char(min(range_from) AT TIME ZONE 'UTC',
                                'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
          FROM amzsync.sync_units WHERE user_id = '$user' GROUP BY 1");

    return map {
        my $reports = /^(?:customer_returns|settlements)$/;
        AmzSync::Truth::compare($at->{db}, user => $user,
            url => $at->{site}->url, seller => $seller,
            marketplaces => [ AmzSync::Site::markets() ],
            tables => $tables{$_}, more => $reports ? "&from=$from{$_}" : "")
    } @datasets;
}


sub alarms {
    my ($name, $at) = @_;

    is_deeply([ $at->{site}->alarms(qr/exited on signal 9/) ], [],
              "$name: no alarms in the logs");
    unlike($at->{site}->logs, qr/Atz[ra](?:\||%7C)|sandbox-secret/,
           "$name: no secret in them");
}


# --- roles: a seller for each that is missing, all at once

{
    my $inbound = "/fba/inbound/v0/shipments";
    my $reports = "/reports/2021-06-30";

    # Operations, the datasets that need them, and the paths that are denied.
    my %roles = (
        sellers   => [ "getMarketplaceParticipations", "marketplaces" ],
        orders    => [ "searchOrders,getOrder", "orders" ],
        inventory => [ "getInventorySummaries", "inventory" ],
        finances  => [ "listTransactions", "financial_transactions" ],
        reports   => [ "createReport,getReports,getReport,getReportDocument",
                       "customer_returns settlements" ],
        documents => [ "getReportDocument", "customer_returns settlements" ],
        inbound   => [ "getShipments,getShipmentItemsByShipmentId,"
                       . "getShipmentItems",
                       "inbound_shipments inbound_items" ],
        items     => [ "getShipmentItemsByShipmentId,getShipmentItems",
                       "inbound_items" ],
    );
    my %paths = (
        marketplaces => "/sellers/v1/", orders => "/orders/",
        inventory => "/fba/inventory/v1/",
        financial_transactions => "/finances/",
        customer_returns => "/reports/", settlements => "/reports/",
        inbound_shipments => "/fba/inbound/v0/",
        inbound_items => "/fba/inbound/v0/",
    );
    my @all = sort keys %tables;
    my $at = stage("quota=0 orders=60 page=20 inventory=30 transactions=150"
                   . " shipments=15 returns=90 settlements=300"
                   . " report_time=50ms", "orders inventory"
                   . " financial_transactions inbound_shipments inbound_items"
                   . " customer_returns settlements");
    my %syncs;

    for my $role (sort keys %roles) {
        ok(connect_as($at, $role, "R$role"), "$role: connected");
        control($at, "roles", "R$role", deny => $roles{$role}[0]);
        $syncs{$role} = begin($at, $role);
    }

    for my $role (sort keys %roles) {
        my @fail = split / /, $roles{$role}[1];
        my %fail = map { $_ => 1 } @fail;
        my @well = grep { !$fail{$_} } @all;

        is($at->{db}->wait_sync($syncs{$role}, timeout => 300), "completed",
           "$role: the sync is completed") or diag $at->{nginx}->log;

        my ($sets, $status) = sets($at, $role, $syncs{$role});

        is($status->{error}, undef, "$role: the sync has no error");
        is($status->{message},
           "Sync completed, but not all data could be fetched",
           "$role: and says that there is more");
        is(call($at, $role, "GET", $connection)->{status}, "connected",
           "$role: the connection is as it was");

        for my $name (@fail) {
            my $set = $sets->{$name};
            my $error = $set->{error} || {};

            is($set->{status}, "failed", "$role: $name failed");
            is($error->{code}, "access_denied", "$role: $name: code");
            like($error->{message}, qr/\brole\b.*Solution\ Provider\ Portal
                                       .*authorize.*\bagain\b
                                       .*Unauthorized:\ Access/x,
                 "$role: $name: what to do, and Amazon's words");
            like($error->{requestId}, qr/^[0-9a-f-]{36}$/,
                 "$role: $name: request id");
            ok(has_answered($at, $paths{$name}, 403, $error->{requestId}),
               "$role: $name: which is Amazon's");
        }

        is_deeply([ map { $sets->{$_}{status} } @well ],
                  [ map { "completed" } @well ], "$role: the others completed");
        is_deeply([ differences($at, $role, "R$role", @well) ], [],
                  "$role: the others' tables are the truth");

        my $history = call($at, $role, "GET", "/api/sync/history");
        is($history->{history}[0]{status} . " "
           . ($history->{history}[0]{error} || "-"), "completed -",
           "$role: the history says so");
    }

    # Who has no right is not asked again and again.

    my $asked = asked($at);
    is_deeply({ map { $_ => $asked->{"$_ 403"} }
                qw(searchOrders getInventorySummaries listTransactions
                   getMarketplaceParticipations getShipments) },
              { searchOrders => 1, getInventorySummaries => 1,
                listTransactions => 1, getMarketplaceParticipations => 1,
                getShipments => 1 }, "denied: each was asked for once");

    for my $role (sort keys %roles) {
        control($at, "roles", "R$role", deny => "");
        $syncs{$role} = begin($at, $role);
    }

    for my $role (sort keys %roles) {
        is($at->{db}->wait_sync($syncs{$role}, timeout => 300), "completed",
           "$role, again: completed") or diag $at->{nginx}->log;

        my ($sets, $status) = sets($at, $role, $syncs{$role});

        is($status->{message}, "Sync completed", "$role, again: all of it");
        is_deeply([ grep { $sets->{$_}{error} } @all ], [],
                  "$role, again: no errors");
        is_deeply([ differences($at, $role, "R$role", @all) ], [],
                  "$role, again: the tables are the truth");
    }

    alarms("roles", $at);
}


# --- grants

# Everybody is told that the seller must connect again, and nothing is asked of
# Amazon for it.  "done" are datasets that had been read before.

my $calm = { success => JSON::PP::false, error => "amazon_not_connected",
             message => "Amazon account not connected. Please connect your"
                        . " Amazon account first." };

sub is_told {
    my ($name, $at, $user, $sync, @done) = @_;
    my $asked = asked($at);
    my ($sets, $status) = sets($at, $user, $sync);
    my $error = $status->{error} || {};

    is($status->{status}, "failed", "$name: the sync has failed");
    cmp_ok($status->{progress}, "<", 100, "$name: progress is below 100");
    is($error->{code}, "reauthorization_required", "$name: code");
    like($error->{message}, qr/\bConnect the Amazon account again\b/,
         "$name: what to do");

    for my $set (map { $sets->{$_} } sort keys %$sets) {
        if (grep { $_ eq $set->{name} } @done) {
            is("$set->{status} " . ($set->{error} || "-"), "completed -",
               "$name: $set->{name} stays completed");
        } else {
            is($set->{status}, "failed", "$name: $set->{name} has failed");
            is_deeply($set->{error}, $error, "$name: $set->{name} says why");
        }
    }

    my $last = call($at, $user, "GET", "/api/sync/status");
    is($last->{hasActiveSync} ? "active" : "none", "none",
       "$name: no active sync");
    is($last->{nextScheduledSync}, undef, "$name: none is scheduled");
    is_deeply({ %{ $last->{lastSync} }, success => JSON::PP::true }, $status,
              "$name: the last sync is this one");

    my $history = call($at, $user, "GET", "/api/sync/history")->{history}[0];
    is("$history->{syncId} $history->{status}", "$sync failed",
       "$name: the history says so");
    is_deeply($history->{error}, $error, "$name: and why");

    my (undef, undef, $stream) = call($at, $user, "GET",
                                      "/api/sync/events/$sync");
    my ($event, $data) = $stream->{content} =~ /^event: (.*)\ndata: (.*)\n/m;
    is($event, "sync_failed", "$name: so does the event");
    is_deeply(eval { JSON::PP::decode_json($data) }, $status,
              "$name: with the same status");

    my $shown = call($at, $user, "GET", $connection);
    is($shown->{status}, "reauthorization_required", "$name: the connection");
    is($shown->{connected} ? "yes" : "no", "no", "$name: is none");

    my ($code, $json) = call($at, $user, "POST", $start);
    is($code, 400, "$name: no other sync is started");
    is_deeply($json, $calm, "$name: the answer to that");

    is_deeply(asked($at), $asked, "$name: Amazon is asked nothing");

    return $error;
}


# What is stored is true, if not all of it.

sub is_part {
    my ($name, $at, $user, $seller, %least) = @_;

    for my $dataset (sort keys %least) {
        my $rows = $at->{db}->value("SELECT count(*) FROM amzsync.$dataset
                                      WHERE user_id = '$user'");
        cmp_ok($rows, ">=", $least{$dataset}, "$name: $dataset are kept");
        like((differences($at, $user, $seller, $dataset))[0],
             qr/^$dataset: 0 rows that are not true, [1-9]\d* true rows miss/,
             "$name: they are true");
    }
}


sub failed {
    my ($name, $at, $sync) = @_;

    is($at->{db}->wait_sync($sync, timeout => 60), "failed", "$name: ended")
        or diag $at->{nginx}->log;
}


my @cases;


# Revoked before the first call.

{
    my $at = stage("quota=0 orders=40 page=10", "orders");

    connect_as($at, "u1", "Sfirst", interval => 60);
    control($at, "revoke", "Sfirst");
    my $sync = begin($at, "u1");

    failed("first", $at, $sync);
    my $error = is_told("first", $at, "u1", $sync);
    like($error->{message}, qr/invalid_grant: The request has an invalid/,
         "first: Amazon's words");
    ok(has_answered($at, "/auth/o2/token", 400, $error->{requestId}),
       "first: the request id is Amazon's");
    is_deeply(asked($at), { "token 400" => 1 }, "first: one call was made");

    # A sync that somebody takes up whose worker died when it knew of this.

    $at->{db}->sql("
        UPDATE amzsync.sync_progress
           SET state = 'running', lease = 1, completed_at = NULL,
               error_code = NULL, error_message = NULL,
               error_request_id = NULL, progress = 0,
               lease_until = now() - interval '1 s'
         WHERE user_id = 'u1';
        UPDATE amzsync.sync_datasets
           SET status = CASE dataset WHEN 'orders' THEN 'in_progress'
                                     ELSE 'completed' END,
               error_code = NULL, error_message = NULL,
               error_request_id = NULL
         WHERE user_id = 'u1'");

    failed("taken up", $at, $sync);
    is_told("taken up", $at, "u1", $sync, "marketplaces");
    is_deeply(asked($at), { "token 400" => 1 }, "taken up: no call was made");

    push @cases, {
        name => "first", at => $at, user => "u1", seller => "Sfirst",
        renew => sub { connect_anew($at, "u1", "Sfirst", interval => 60) },
        datasets => [ qw(marketplaces orders) ],
    };
}


# Revoked while a dataset waits for its quota: the next slot is minutes away.
# Another one finds it out.

{
    my $at = stage("quota=1 token_ttl=4 orders=400 page=10 inventory=300"
                   . " inventory_page=5", "orders inventory");

    connect_as($at, "u1", "Squota");
    my $sync = begin($at, "u1");
    my $stream = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => $at->{nginx}->port);
    print $stream "GET /api/sync/events/$sync HTTP/1.0\r\nX-User: u1\r\n\r\n";

    my $wait = 0;
    AmzSync::Site::until_true(40, sub {
        my (undef, $status) = sets($at, "u1", $sync);
        ($wait) = $status->{message} =~ /^orders: waiting .*, (\d+) s$/;
        $wait;
    });
    cmp_ok($wait || 0, ">", 90, "quota: orders wait for long");
    control($at, "revoke", "Squota");

    failed("quota", $at, $sync);
    is_told("quota", $at, "u1", $sync, "marketplaces");
    is_part("quota", $at, "u1", "Squota", orders => 200, inventory => 10);

    my $asked = asked($at);
    is($asked->{"token 400"}, 1, "quota: the token was refused once");
    is($asked->{"searchOrders 200"}, 20, "quota: no more orders");

    my $seen = "";
    my $select = IO::Select->new($stream);
    while ($select->can_read(20)
           && sysread $stream, $seen, 65536, length $seen) { }
    my @events = $seen =~ /^event: (.*)$/mg;
    is($events[-1], "sync_failed", "quota: who looked on was told");
    like($seen, qr/"error":\{"code":"reauthorization_required"[^\n]*\n\n$/,
         "quota: and why");

    push @cases, {
        name => "quota", at => $at, user => "u1", seller => "Squota",
        renew => sub { connect_anew($at, "u1", "Squota") },
        body => { datasets => [ "marketplaces" ] },
        datasets => [ qw(marketplaces) ],
    };
}


# Revoked while a page is fetched, by a sync that does nothing else: the page is
# stored, and the next one is not asked for, or refused.

for my $how ("page", "page, access tokens, too") {
    my $refused = $how ne "page";
    my $at = stage("quota=0 orders=80 page=10 fault=slow:2:searchOrders"
                   . " token_ttl=" . ($refused ? 3600 : 4), "orders");
    my $slow = sub {
        ($at->{db}->call("GET", "/amazon/_sandbox/stats",
                         port => $at->{site}->amazon->port))[1]{faults}{slow}
    };

    connect_as($at, "u1", "Spage", interval => 60);
    my $sync = begin($at, "u1");

    ok(AmzSync::Site::until_true(30, sub {
        my ($sets) = sets($at, "u1", $sync);
        $sets->{marketplaces}{status} eq "completed"
        && 2 * ($slow->() || 0) > (asked($at)->{"searchOrders 200"} || 0);
    }), "$how: Amazon is at one");
    my $before = asked($at)->{"searchOrders 200"};
    control($at, "revoke", "Spage", $refused ? (access => "off") : ());

    failed($how, $at, $sync);
    is_told($how, $at, "u1", $sync, "marketplaces");

    my $asked = asked($at);
    my $pages = $asked->{"searchOrders 200"};

    cmp_ok($pages, "<=", $before + 1, "$how: no more pages");
    is_part($how, $at, "u1", "Spage", orders => 10 * $pages);
    is($asked->{"searchOrders 403"}, $refused ? 1 : undef,
       "$how: Amazon had to refuse none, or one");
    is($asked->{"token 400"}, 1, "$how: the token was refused once");

    push @cases, {
        name => $how, at => $at, user => "u1", seller => "Spage",
        renew => sub { consent($at, "u1", "Spage") },
        datasets => [ qw(marketplaces orders) ],
    };
}


# Revoked in the middle of a report.

{
    my $at = stage("quota=0 returns=800 report_time=3s token_ttl=4",
                   "customer_returns", extra => "amzsync_backfill 100d;");
    my $covered = sub {
        join " ", map { "@$_" } $at->{db}->sql("
            SELECT state, count(*) FROM amzsync.coverage
             WHERE dataset = 'customer_returns' GROUP BY 1 ORDER BY 1")
    };

    connect_as($at, "u1", "Sreport", interval => 60);
    my $sync = begin($at, "u1");

    ok(AmzSync::Site::until_true(30, sub {
        ($at->{db}->value("
            SELECT unit || left(next_token, 1) || (
                       SELECT count(*) FROM amzsync.coverage
                        WHERE dataset = 'customer_returns' AND state = 'done')
              FROM amzsync.sync_datasets
             WHERE dataset = 'customer_returns'") || "") eq "1r1"
    }), "report: the second one is made") or diag $covered->();
    control($at, "revoke", "Sreport");

    failed("report", $at, $sync);
    is_told("report", $at, "u1", $sync, "marketplaces");

    my ($done, $failed) = $covered->() =~ /^done ([12]) failed (1)$/;
    is($failed, 1, "report: its window has failed, not those before")
        or diag $covered->();
    is_part("report", $at, "u1", "Sreport", customer_returns => 10);
    is(asked($at)->{"token 400"}, 1, "report: the token was refused once");

    push @cases, {
        name => "report", at => $at, user => "u1", seller => "Sreport",
        renew => sub { connect_anew($at, "u1", "Sreport", interval => 60) },
        datasets => [ qw(marketplaces customer_returns) ],
        after => sub {
            is($covered->(), "done 4", "report, again: all is covered");
        },
    };
}


# Who is due and must connect again is left out, in the very look in which
# somebody else is queued.

for my $case (@cases) {
    my $at = $case->{at};

    $case->{asked} = asked($at);
    connect_as($at, "other", "Sother", interval => 60,
               datasets => [ "marketplaces" ]);
    $at->{db}->sql("
        UPDATE amzsync.connections
           SET sync_interval_minutes = 60,
               next_sync_at = now() - CASE user_id WHEN 'other'
                                      THEN interval '1 min'
                                      ELSE interval '1 h' END");
}

for my $case (@cases) {
    my ($name, $at) = @$case{qw(name at)};

    ok(AmzSync::Site::until_true(40, sub {
        ($at->{site}->row("other")->{state} || "") eq "completed"
    }), "$name: somebody else is synced by schedule");
    is($at->{db}->value("SELECT count(*) FROM amzsync.sync_progress
                          WHERE user_id = '$case->{user}'"), 1,
       "$name: the seller is not");

    my $asked = asked($at);
    $case->{asked}{$_} += 1
        for "token 200", "getMarketplaceParticipations 200";
    is_deeply($asked, $case->{asked}, "$name: nor is Amazon asked");

    $at->{db}->sql("UPDATE amzsync.connections SET next_sync_at =
                           now() + interval '1 h', sync_interval_minutes = 60
                     WHERE user_id = '$case->{user}'");
}


# Connected again, by either way, the next sync goes on.

for my $case (@cases) {
    my ($name, $at, $user) = @$case{qw(name at user)};

    ok($case->{renew}->(), "$name, again: connected");
    is(call($at, $user, "GET", $connection)->{status}, "connected",
       "$name, again: so it says");

    $case->{sync} = begin($at, $user, $case->{body});
}

for my $case (@cases) {
    my ($name, $at, $user) = @$case{qw(name at user)};

    is($at->{db}->wait_sync($case->{sync}, timeout => 90), "completed",
       "$name, again: completed") or diag $at->{nginx}->log;

    my ($sets, $status) = sets($at, $user, $case->{sync});
    is($status->{message}, "Sync completed", "$name, again: all of it");
    is_deeply([ sort keys %$sets ], [ sort @{ $case->{datasets} } ],
              "$name, again: of these datasets");
    is_deeply([ differences($at, $user, $case->{seller},
                            @{ $case->{datasets} }) ], [],
              "$name, again: the tables are the truth");

    $case->{after}->() if $case->{after};
    alarms($name, $at);
}


# Who connects anew before Amazon says that the old token is none has given
# another one: the sync goes on with it.

{
    my $at = stage("quota=0 orders=40 page=10", "orders");
    my $state = sub { $at->{site}->row("u1")->{state} || "" };

    connect_as($at, "u1", "Searly", token => "Atzr|sandbox-Searly-revoked");
    kill "STOP", $at->{site}->amazon->workers;
    my $sync = begin($at, "u1");
    ok(AmzSync::Site::until_true(10, sub { $state->() eq "running" }),
       "early: it runs");
    ok(connect_as($at, "u1", "Searly"), "early: connected anew");
    kill "CONT", $at->{site}->amazon->workers;

    is($at->{db}->wait_sync($sync, timeout => 60), "completed",
       "early: completed") or diag $at->{nginx}->log;
    is(call($at, "u1", "GET", $connection)->{status}, "connected",
       "early: it stays connected");
    is_deeply([ differences($at, "u1", "Searly", "orders") ], [],
              "early: the tables are the truth");
    is(asked($at)->{"token 400"}, 1, "early: the old token was refused");
    alarms("early", $at);
}

done_testing();

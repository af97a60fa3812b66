# What a start chooses: datasets, and whether all is read anew; and what a
# connection says for those that choose nothing, scheduled ones included.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

my $start = "/api/v1/integrations/amazon/sync";
my $connection = "/api/v1/integrations/amazon/connection";

my $site = AmzSync::Site->new("seed=4 orders=120 page=20 quota=0 inventory=40"
                              . " transactions=100");
my $db = $site->db;
my $all = "marketplaces orders inventory financial_transactions";

# One location fetches less than http says, another one more.

my $nginx = $site->nginx(datasets => $all, server => <<'END');
        location = /orders {
            amzsync_user $http_x_user;
            amzsync_datasets orders;
            amzsync_start;
        }

        location = /more {
            amzsync_user $http_x_user;
            amzsync_datasets orders customer_returns;
            amzsync_start;
        }
END

AmzSync::Site::until_true(20, sub {
    ($db->call("GET", $connection, user => "x", port => $nginx->port))[0]
    == 200
}) or die "no database:\n" . $nginx->log;


sub post {
    my ($user, $body, $path) = @_;

    my ($status, $json) = $db->call("POST", $path || $start, user => $user,
                                    port => $nginx->port, body => $body);

    return ($status, $json);
}


sub put {
    my ($user, $datasets, %arg) = @_;

    my ($status, $json) = $db->call(
        "PUT", $connection, user => $user, port => $nginx->port,
        body => '{"sellingPartnerId":"S1","region":"na","marketplaceIds":'
                . '["ATVPDKIKX0DER","A2EUQ1WTGCTBG2"],'
                . '"refreshToken":"Atzr|sandbox-S1"'
                . ($arg{interval} ? ",\"syncIntervalMinutes\":$arg{interval}"
                                  : "")
                . (defined $datasets ? ",\"datasets\":$datasets" : "") . "}");

    return ($status, $json);
}


# Starts a sync, and waits for its end; answers the datasets of the status.

sub sync {
    my ($name, $user, $body, $path) = @_;
    my ($status, $json) = post($user, $body, $path);

    is($status, 200, "$name: started") or diag explain $json;

    my $sync = $json->{syncId};
    is($db->wait_sync($sync), "completed", "$name: completed")
        or diag $site->logs;

    (undef, $json) = $db->call("GET", "/api/sync/status/$sync", user => $user,
                               port => $nginx->port);

    return { map { $_->{name} => $_ } @{ $json->{datasets} } },
           join(" ", map { $_->{name} } @{ $json->{datasets} });
}


# Whether the units of the last sync of a user begin long ago.

sub ranges {
    my ($user, $dataset) = @_;

    return join " ", map { "$_->[0]:$_->[1]" } $db->sql("
        SELECT array_to_string(marketplace_ids, '+'),
               range_to - range_from > interval '300 d'
          FROM amzsync.sync_units
         WHERE user_id = '$user' AND dataset = '$dataset'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress
                           WHERE user_id = '$user')
         ORDER BY unit");
}


sub cursors {
    my ($user) = @_;

    return { map { $_->[0] => $_->[1] } $db->sql("
        SELECT dataset || ' ' || marketplace_id, covered_to
          FROM amzsync.cursors WHERE user_id = '$user'") };
}


# Keeps connections for a while.

sub hold {
    my $pid = fork();
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        exec "psql", "-XAtqd", $db->name, "-c", "BEGIN", "-c",
             "LOCK TABLE amzsync.connections", "-c", "SELECT pg_sleep(1)",
             "-c", "COMMIT";
        die "psql: $!\n";
    }

    sleep 0.3;

    return $pid;
}


# What is wrong is named, and nothing is started or connected.

my $array = "datasets must be null or an array of names of datasets, at least"
            . " one.";
my @wrong = (
    [ '[]' => $array ], [ '"orders"' => $array ], [ '{}' => $array ],
    [ '7' => $array ], [ 'true' => $array ],
    [ '[1]' => "datasets must be an array of strings." ],
    [ '["orders",null]' => "datasets must be an array of strings." ],
    [ '["orders","order"]' => 'datasets: there is no dataset "order".' ],
    [ '[""]' => 'datasets: there is no dataset "".' ],
    [ '["orders","inventory","orders"]' =>
      'datasets: "orders" is there twice.' ],
    [ '[' . join(",", ('"inventory"') x 40) . ']' =>
      'datasets: "inventory" is there twice.' ],
    [ '["ledger_detail"]' => 'datasets: "ledger_detail" is not fetched here.' ],
);

put("u1");

for my $case (@wrong) {
    my ($datasets, $message) = @$case;

    for my $answer ([ post("u1", "{\"datasets\":$datasets}") ],
                    [ put("u1", $datasets) ])
    {
        is($answer->[0], 400, "$datasets: refused");
        is_deeply($answer->[1], { success => JSON::PP::false,
                                  error   => "invalid_request",
                                  message => $message },
                  "$datasets: why");
    }
}

for my $full ('1', '"true"', 'null', '[]') {
    my ($status, $json) = post("u1", "{\"full\":$full}");
    is($status, 400, "full $full: refused");
    is($json->{message}, "full must be true or false.", "full $full: why");
}

is((post("u1", '{"datasets":["inventory"]}', "/orders"))[1]{message},
   'datasets: "inventory" is not fetched here.', "another location's");
is($db->value("SELECT count(*) FROM amzsync.sync_progress"), 0,
   "nothing was started");
is($db->value("SELECT version FROM amzsync.connections"), 1,
   "nothing was connected");


# A start with a choice fetches just that, in the order of the location.

{
    my ($sets, $names) = sync("chosen", "u1",
                              '{"datasets":["inventory","orders"]}');
    is($names, "orders inventory", "chosen: what, in the location's order");
    cmp_ok($sets->{orders}{rows}, ">", 50, "chosen: rows");
    my $count = $sets->{orders}{rows};

    (undef, $names) = sync("null", "u1", '{"datasets":null,"full":false}');
    is($names, $all, "null: all");
    is(ranges("u1", "orders"), "A2EUQ1WTGCTBG2+ATVPDKIKX0DER:f",
       "null: from the cursors");


    # All from the beginning, whatever the cursors say; they go on from there.

    my $before = cursors("u1");
    ($sets, $names) = sync("full", "u1",
                           '{"full":true,"datasets":["orders","marketplaces",'
                           . '"financial_transactions"]}');
    is($names, "marketplaces orders financial_transactions", "full: what");
    is(ranges("u1", "orders"), "A2EUQ1WTGCTBG2+ATVPDKIKX0DER:t",
       "full: one unit, from the beginning");
    is(ranges("u1", "financial_transactions"), ":t",
       "full: all transactions, and no day of them twice");
    is($sets->{orders}{rows}, $count, "full: all orders");
    is($db->value("SELECT string_agg(full_sync::text, ' ' ORDER BY sync_no)
                     FROM amzsync.sync_progress WHERE user_id = 'u1'"),
       "false false true", "full: kept with the sync");

    my $after = cursors("u1");
    is_deeply([ sort keys %$after ], [ sort keys %$before ],
              "full: the same cursors");
    is(scalar(grep { $after->{$_} lt $before->{$_} } keys %$before), 0,
       "full: none went back");

    ($sets) = sync("after", "u1", '{}');
    is(ranges("u1", "orders"), "A2EUQ1WTGCTBG2+ATVPDKIKX0DER:f",
       "after: from the cursors again");
    is($sets->{orders}{rows}, 0, "after: nothing new");
}


# A sync keeps its choice when another worker takes it up: it plans the same.

{
    put("u2");
    sync("kept", "u2", '{"datasets":["orders"]}');

    $db->sql("
        INSERT INTO amzsync.sync_progress (user_id, sync_no,
                    selling_partner_id, region, marketplace_ids, state, lease,
                    lease_until, full_sync)
        SELECT 'u2', max(sync_no) + 1, 'S1', 'na', '{ATVPDKIKX0DER}',
               'running', 1, now() - interval '1 s', true
          FROM amzsync.sync_progress WHERE user_id = 'u2';
        INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position)
        SELECT 'u2', max(sync_no), 'orders', 1
          FROM amzsync.sync_progress WHERE user_id = 'u2'");

    ok($site->wait_row("u2", 30, sub { $_[0]{state} eq "completed" }),
       "kept: taken up") or diag $site->logs;
    is(ranges("u2", "orders"), "ATVPDKIKX0DER:t", "kept: from the beginning");
}


# The connection says what those fetch who choose nothing.

{
    my @cases = (
        [ '["orders","inventory"]' => "orders inventory" ],
        [ '["inventory"]'          => "inventory" ],
        [ 'null'                   => $all ],
    );

    for my $case (@cases) {
        my ($datasets, $names) = @$case;

        is((put("u3", $datasets))[0], 200, "default $datasets: taken");

        my (undef, undef, $answer) = $db->call("GET", $connection,
                                               user => "u3",
                                               port => $nginx->port);
        like($answer->{content},
             qr/,"syncIntervalMinutes":null,"datasets":\Q$datasets\E\}$/,
             "default $datasets: shown");
        is((sync("default $datasets", "u3", ''))[1], $names,
           "default $datasets: fetched");
    }

    put("u3", '["inventory","orders"]');
    is((sync("overruled", "u3", '{"datasets":["marketplaces"]}'))[1],
       "marketplaces", "overruled: the request's");
    is((sync("narrow", "u3", '', "/orders"))[1], "orders",
       "narrow: those of the location's");

    put("u3", '["inventory"]');
    is((sync("narrower", "u3", '', "/orders"))[1], "orders",
       "narrower: all of the location, if it has none of them");

    put("u3");
    my (undef, $json) = $db->call("GET", $connection, user => "u3",
                                  port => $nginx->port);
    is($json->{datasets}, undef, "default left out: there is none");
}


# Scheduled ones, too.

{
    my %names = (
        s1 => [ '["financial_transactions","marketplaces"]',
                "marketplaces financial_transactions" ],
        s2 => [ 'null', $all ],
    );

    put($_, $names{$_}[0], interval => 15) for sort keys %names;
    $db->sql("UPDATE amzsync.connections SET next_sync_at = now()
               WHERE user_id LIKE 's_'");

    for my $user (sort keys %names) {
        ok(AmzSync::Site::until_true(30, sub {
               ($site->row($user)->{state} || "") eq "completed"
           }), "scheduled $user: completed") or diag $site->logs;

        is($db->value("SELECT string_agg(dataset, ' ' ORDER BY position)
                         FROM amzsync.sync_datasets WHERE user_id = '$user'"),
           $names{$user}[1], "scheduled $user: what");
    }
}


# Starts of several users share a statement, each with its own choice; of
# different starts of one user at once one is made, and all are told which.

{
    put($_) for "b0" .. "b6";

    # While a statement of starts is held up by a lock, all others wait for it,
    # and go together.

    my $batch = sub {
        my @bodies = ([ "b0", "{}" ], @_);
        my $locker = hold();
        my @sockets = map { AmzSync::Choice::connect($nginx->port) } @bodies;

        for my $n (0 .. $#bodies) {
            my ($user, $body) = @{ $bodies[$n] };
            sleep 0.3 if $n == 1;
            $sockets[$n]->syswrite("POST $start HTTP/1.1\r\nHost: x\r\n"
                . "X-User: $user\r\nConnection: close\r\nContent-Length: "
                . length($body) . "\r\n\r\n$body");
        }

        my @answers = map {
            local $/;
            JSON::PP::decode_json(readline($_) =~ s/.*?\r\n\r\n//sr)
        } @sockets;

        waitpid $locker, 0;
        shift @answers;

        return @answers;
    };

    my %chosen = (b1 => "orders", b2 => "inventory", b3 => "orders inventory",
                  b4 => "marketplaces", b5 => "financial_transactions");
    my @answers = $batch->(map {
        my $list = join ",", map { "\"$_\"" } split / /, $chosen{$_};
        [ $_, "{\"datasets\":[$list]}" ]
    } sort keys %chosen);

    is(scalar(grep { $_->{success} } @answers), 5, "batch: all were started");

    for my $user (sort keys %chosen) {
        is($db->value("SELECT string_agg(dataset, ' ' ORDER BY position)
                         FROM amzsync.sync_datasets WHERE user_id = '$user'"),
           $chosen{$user}, "batch: $user has its own");
    }

    @answers = $batch->(
        map { [ "b6", $_ ] } '{"datasets":["orders"]}',
        '{"datasets":["inventory"],"full":true}', '{"full":true}', '{}',
        '{"datasets":["orders","inventory"]}', '{"datasets":["orders"]}');

    my ($first) = map { $_->{syncId} } grep { $_->{success} } @answers;
    my @others = map { $_->{existingSyncId} } grep { !$_->{success} } @answers;

    is(scalar @others, 5, "one user: one start was made");
    is_deeply(\@others, [ ($first) x 5 ], "one user: the others are told it");
    is($db->value("SELECT count(*) FROM amzsync.sync_progress
                    WHERE user_id = 'b6'"), 1, "one user: one row");

    $db->wait_sync($_->{syncId}) for grep { $_->{success} } @answers;
}

is_deeply([ $site->alarms ], [], "no alarms");
unlike($site->logs, qr/\[error\]/, "no errors");

done_testing();


package AmzSync::Choice;

use IO::Socket::INET;

sub connect {
    my ($port) = @_;

    return IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port,
                                 Timeout => 10) || die "connect: $!\n";
}

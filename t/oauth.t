# A seller's consent: to Seller Central with a state, back with a code; and all
# that is refused on the way.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use AmzSync::Nginx;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(decode_base64url encode_base64url);
use Test::More;
use Time::HiRes qw(sleep time);

my $back = "http://127.0.0.1:1/callback";
my $page = "https://app.example/settings?tab=amazon";
my $application = "application_id=amzn1.sp.solution.1";
my %secrets;
my @nginx;

my $db = AmzSync->new;
my $access = $db->dir . "/access.log";
my $amazon = amazon(AmzSync::Nginx::free_port());
my $url = "http://127.0.0.1:" . $amazon->port;


sub amazon {
    my ($port) = @_;

    # The second one refuses to give tokens; then come an answer that is slow,
    # some that are none, and one that repeats a secret.

    return AmzSync::Nginx->new(port => $port, http => "", server => <<"END");
        location /amazon/ {
            amzsync_sandbox zone=a:1m seed=1 orders=30 quota=0
                            redirect_uri=$back;
        }
        location /down/ {
            amzsync_sandbox zone=d:1m quota=0 fault=lwa_500:1
                            redirect_uri=$back;
        }
        location = /slow {
            limit_rate 100;
            proxy_pass http://127.0.0.1:$port/amazon/auth/o2/token;
        }
        location = /none {
            return 200 '{"access_token":"x","expires_in":3600}';
        }
        location = /long {
            return 200 '{"refresh_token":"a\\u0001b"}';
        }
        location = /leak {
            return 400 '{"error":"x","error_description":"sandbox-secret"}';
        }
END
}


sub nginx {
    my (%arg) = @_;
    my $lwa = $arg{lwa} || "/amazon/auth/o2/token";
    my $uri = $arg{uri} || $back;

    my $nginx = AmzSync::Nginx->new(
        log_level => "debug", workers => $arg{workers} || 2,
        http => $db->http_config(
            endpoint => "$url/amazon", lwa => "$url$lwa",
            datasets => "marketplaces orders",
            (map { $_ => $arg{$_} } grep { exists $arg{$_} }
             qw(keys conninfo postgres pool)),
            extra => <<"END"),
                log_format all '"\$request" \$request_uri \$args \$query_string'
                               ' \$arg_state \$arg_spapi_oauth_code \$status'
                               ' \$server_protocol \$amzsync_error';
                amzsync_endpoint eu $url/amazon;
                amzsync_consent na $url/amazon $application;
                amzsync_consent eu $url/amazon/ $application version=beta
                                redirect_uri=$uri state_ttl=500ms;
END
        server => $db->locations(sandbox => "quota=0") . <<"END");
            amzsync_user \$http_x_user;
            access_log $access all;
            location = /asked {
                auth_request /auth;
                amzsync_callback $page;
            }
            location = /auth {
                internal;
                if (\$request = never) { return 403; }
                if (\$request_uri = never) { return 403; }
                return 204;
            }
            location = /authorize { amzsync_authorize na; }
            location = /any { amzsync_authorize; }
            location = /callback { amzsync_callback $page; }
            location = /plain { amzsync_callback https://app.example/; }
END

    push @nginx, $nginx;

    return $nginx;
}


sub send_request {
    my ($port, $path, %arg) = @_;
    my %header = (Host => "127.0.0.1", Connection => "close",
                  defined $arg{user} ? ("X-User" => $arg{user}) : (),
                  %{ $arg{headers} || {} });

    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                       PeerPort => $port)
        or die "connect: $!\n";

    print $socket ($arg{method} || "GET") . " $path HTTP/1.1\r\n"
        . join("", map { "$_: $header{$_}\r\n" } sort keys %header) . "\r\n";

    return $socket;
}


sub receive {
    my ($socket) = @_;
    local $/;

    my ($head, $body) = split /\r\n\r\n/, <$socket> // "", 2;
    my ($status) = $head =~ m{^HTTP/1\.1 (\d+)};
    my %header = map { /^([^:]+): (.*)$/ ? (lc $1, $2) : () }
                 split /\r\n/, $head;

    return { status => $status, header => \%header, body => $body,
             location => $header{location},
             json => eval { JSON::PP::decode_json($body) } || {} };
}


sub visit {
    my ($nginx, $path, $user, %arg) = @_;

    return receive(send_request($nginx->port, $path, user => $user, %arg));
}


# What an answer came to, in a word.

sub outcome {
    my ($answer) = @_;
    my $location = $answer->{location};

    return "$answer->{status} $answer->{json}{error}" if !defined $location;
    return "elsewhere: $location"
        if $location !~ s/^\Q$page\E&amzsync=//;
    return $location;
}


# Where a user is sent to, and the state in it.

sub authorize {
    my ($nginx, $user, $path) = @_;
    my $answer = visit($nginx, $path || "/authorize", $user);
    my ($state) = ($answer->{location} // "") =~ /[?&]state=([^&]*)$/;

    $secrets{$state} = 1 if defined $state;

    return ($answer->{location}, $state, $answer);
}


# The seller agrees: the query that the browser comes back with.

sub agree {
    my ($location, $seller) = @_;
    my ($path) = $location =~ m{^\Q$url\E(/.*)} or die "not Amazon's\n";
    my $answer = visit($amazon, "$path&seller=" . ($seller || "DEMO"));
    my ($query) = ($answer->{location} // "") =~ /^\Q$back\E\?(.*)/
        or die "no consent: $answer->{status}\n";

    $secrets{$1} = 1 if $query =~ /spapi_oauth_code=([^&]*)/;

    return $query;
}


# To Amazon and back.

sub consent {
    my ($nginx, $user, $seller, $path) = @_;

    return agree((authorize($nginx, $user, $path))[0], $seller);
}


sub come_back {
    my ($nginx, $user, $query, %arg) = @_;

    return visit($nginx, "/callback?$query", $user, %arg);
}


sub connection {
    my ($nginx, $user) = @_;
    my (undef, $json) = $db->call(
        "GET", "/api/v1/integrations/amazon/connection",
        port => $nginx->port, user => $user);

    return $json;
}


# Requests for tokens that Amazon has seen.

sub asked {
    my (undef, $json) = $db->call("GET", "/amazon/_sandbox/stats",
                                  port => $amazon->port);
    my $count = $json->{requests}{token} || {};
    my $sum = 0;

    $sum += $_ for values %$count;

    return $sum;
}


sub until_true {
    my ($timeout, $condition) = @_;
    my $end = time() + $timeout;

    while (time() < $end) {
        return 1 if $condition->();
        sleep 0.05;
    }

    return 0;
}


my $nginx = nginx();
my $other = nginx(keys => $db->file("rotated",
    "k2 " . "fedcba9876543210" x 4 . "\nk1 " . "0123456789abcdef" x 4 . "\n"));

# The database may take a moment.

until_true(20, sub {
    connection($nginx, "warm")->{success}
    && connection($other, "warm")->{success}
}) or die "no database\n";


subtest "the whole way" => sub {
    my ($location, $state, $answer) = authorize($nginx, "u1");

    is($answer->{status}, 302, "authorize: redirects");
    like($location, qr{^\Q$url\E/amazon/apps/authorize/consent
                       \?\Q$application\E&state=[\w-]{68}$}x,
         "authorize: where to");
    is($answer->{header}{"cache-control"}, "no-store", "authorize: no cache");
    is($answer->{header}{"content-length"}, 0, "authorize: no body");

    my $query = agree($location);
    my ($seller) = $query =~ /selling_partner_id=(\w+)/;
    $answer = come_back($nginx, "u1", $query);

    is($answer->{status}, 302, "callback: redirects");
    is($answer->{location}, "$page&amzsync=connected", "callback: where to");
    is($answer->{header}{"cache-control"}, "no-store", "callback: no cache");

    my $connection = connection($nginx, "u1");
    delete $connection->{connectedAt};
    is_deeply($connection, {
        success => JSON::PP::true, connected => JSON::PP::true,
        status => "connected", sellingPartnerId => $seller, region => "na",
        marketplaceIds => undef, syncIntervalMinutes => undef,
        datasets => undef,
    }, "connection");

    is($db->value("SELECT count(*) FROM amzsync.consents"), 0,
       "no state is left");
    is($db->value("SELECT token_key_id || ' ' || octet_length(token_sealed)
                     FROM amzsync.connections WHERE user_id = 'u1'"),
       "k1 " . (28 + length "Atzr|sandbox-DEMO"), "the token is sealed");

    my $sync = $db->start("u1", port => $nginx->port);
    is($db->wait_sync($sync), "completed", "a sync completes");
    is($db->value("SELECT string_agg(dataset || ' ' || status || ' ' || rows,
                                     ', ' ORDER BY position)
                     FROM amzsync.sync_datasets WHERE user_id = 'u1'"),
       "marketplaces completed 5, orders completed 30", "with rows");

    $answer = visit($nginx, "/plain?" . consent($nginx, "u1"), "u1");
    is($answer->{location}, "https://app.example/?amzsync=connected",
       "a page without arguments");
};


subtest "refused before it is read" => sub {
    my $query = consent($nginx, "u0");

    my $try = sub {
        return outcome(come_back($nginx, @_));
    };

    is($try->(undef, $query), "401 unauthorized", "no user");
    is($try->("u" x 129, $query), "400 invalid_request", "user id");
    is($try->("u0", $query, method => "POST"), "405 method_not_allowed",
       "POST");
    is(come_back($nginx, "u0", $query, method => "HEAD")->{status}, 405,
       "HEAD");
    is(outcome(visit($nginx, "/asked?$query", "u0")), "connected",
       "what nginx's phases have seen before");
};


subtest "states that are refused" => sub {
    my $query = consent($nginx, "u2");
    my ($state) = $query =~ /state=([^&]*)/;
    my $asked = asked();
    my %answers;

    my $try = sub {
        my ($new, %arg) = @_;
        my $changed = $query =~ s/state=[^&]*/$new/r;
        return outcome(come_back($arg{nginx} || $nginx, $arg{user} || "u2",
                                 $changed));
    };

    is($try->(""), "400 invalid_state", "none");
    is($try->("state="), "400 invalid_state", "empty");
    is($try->("state=" . "A" x 68), "400 invalid_state", "forged");
    is($try->("state=" . substr $state, 1), "400 invalid_state", "short");
    is($try->("state=${state}A"), "400 invalid_state", "long");
    is($try->("state=" . substr($state, 0, 64) . "===="),
       "400 invalid_state", "padded");
    is($try->("state=" . substr($state, 0, 67) . "%00"),
       "400 invalid_state", "NUL");
    is($try->("state=" . "x" x 4000), "400 invalid_state", "very long");
    is($try->("state=$state", user => "u3"), "400 invalid_state",
       "of another user");
    is($try->("state=$state", user => "u20"), "400 invalid_state",
       "of a user who is nearly the same");

    # One of five, of all bytes.

    my $bytes = decode_base64url($state);
    my @bits = map { 5 * $_ + $_ % 5 } 0 .. int(8 * length($bytes) / 5) - 1;

    for my $bit (@bits) {
        my $copy = $bytes;
        vec($copy, $bit, 1) ^= 1;
        $answers{ $try->("state=" . encode_base64url($copy)) }++;
    }

    is_deeply(\%answers, { "400 invalid_state" => scalar @bits },
              "a bit flipped");

    my $eu = $bytes;
    substr($eu, 0, 1) = "\1";
    is($try->("state=" . encode_base64url($eu)), "400 invalid_state",
       "of another region");

    my $answer = come_back($nginx, "u2", $query =~ s/state=/state=x/r);
    is_deeply($answer->{json}, {
        success => JSON::PP::false, error => "invalid_state",
        message => "This authorization is not valid, has expired, or was used "
                   . "before. Please start again.",
    }, "the answer");

    is(asked(), $asked, "nothing was called");
    is(connection($nginx, "u2")->{status}, "disconnected", "nor stored");

    is(outcome(come_back($other, "u2", $query)), "connected",
       "none of this spends the state; a key that is not the first is good");

    is(outcome(come_back($_, "u2", $query)), "400 invalid_state", "a replay")
        for $nginx, $other;
    is(asked(), $asked + 1, "only one was called");

    $query = consent($nginx, "u3");
    my @sockets = map { send_request($_->port, "/callback?$query",
                                     user => "u3") } ($nginx, $other) x 4;
    is(join(" ", sort map { outcome(receive($_)) } @sockets),
       "400 invalid_state " x 7 . "connected", "eight at once");
    is(asked(), $asked + 2, "only one of them was called");
};


subtest "a key that is gone" => sub {
    my $new = nginx(keys => $db->file("new", "k2 " . "fedcba9876543210" x 4
                                             . "\n"));
    until_true(20, sub { connection($new, "u4")->{success} });

    is(outcome(come_back($new, "u4", consent($nginx, "u4"))),
       "400 invalid_state", "is good for no state");
    is(outcome(come_back($new, "u4", consent($other, "u4"))), "connected",
       "a key of both");
};


subtest "a state expires" => sub {
    my ($location, $state) = authorize($nginx, "u5", "/any?region=eu");

    like($location, qr{^\Q$url\E/amazon/apps/authorize/consent
                       \?\Q$application\E&version=beta
                       &redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A1%2Fcallback
                       &state=[\w-]{68}$}x, "where to, with all arguments");

    my $query = agree($location);
    my $asked = asked();
    sleep 0.6;

    is(outcome(come_back($nginx, "u5", $query)), "400 invalid_state",
       "too late");
    is(asked(), $asked, "nothing was called");
    is($db->value("SELECT count(*) FROM amzsync.consents
                    WHERE user_id = 'u5'"), 0, "it is gone");

    authorize($nginx, "u5", "/any?region=eu") for 1 .. 3;
    sleep 0.6;
    authorize($nginx, "u6");
    is($db->value("SELECT string_agg(user_id, ' ') FROM amzsync.consents
                    WHERE user_id IN ('u5', 'u6')"), "u6",
       "those of other users go in passing");
};


subtest "a region of its own" => sub {
    $db->sql("UPDATE amzsync.consents SET expires_at = now()");

    my ($location) = authorize($nginx, "u7", "/authorize?region=eu");
    my $query = agree($location, "E7");
    $db->sql("UPDATE amzsync.consents SET expires_at = now() + interval '1 h'
               WHERE user_id = 'u7'");

    is(outcome(come_back($nginx, "u7", $query)), "connected", "connected");
    is(connection($nginx, "u7")->{region}, "eu", "in the region of the state");
};


subtest "another redirect URI than Amazon knows" => sub {
    my $wrong = nginx(uri => "${back}x");
    until_true(20, sub { connection($wrong, "u7")->{success} });

    my ($location) = authorize($wrong, "u7", "/any?region=eu");
    my ($path) = $location =~ m{^\Q$url\E(/.*)};
    my $answer = visit($amazon, $path);

    is($answer->{json}{errors}[0]{details},
       "MD5101: redirect_uri is none of the application's.",
       "is sent to Seller Central");

    my $query = agree($location =~ s/&redirect_uri=[^&]*//r);
    $db->sql("UPDATE amzsync.consents SET expires_at = now() + interval '1 h'
               WHERE user_id = 'u7'");

    is(outcome(come_back($wrong, "u7", $query)), "error&error=invalid_grant",
       "and with the code");
};


subtest "states are bounded" => sub {
    my @queries = map { consent($nginx, "u8") } 1 .. 22;

    is($db->value("SELECT count(*) FROM amzsync.consents
                    WHERE user_id = 'u8'"), 20, "the newest are kept");
    is(outcome(come_back($nginx, "u8", $queries[0])), "400 invalid_state",
       "the oldest is not");
    is(outcome(come_back($nginx, "u8", $queries[21])), "connected",
       "the newest is");
    is(outcome(come_back($nginx, "u8", $queries[20])), "connected",
       "so is the one before");
};


subtest "no open redirect" => sub {
    my $evil = "https%3A%2F%2Fevil.example%2F";

    for my $more ("redirect=$evil", "redirect_uri=$evil", "page=$evil",
                  "url=$evil", "next=//evil.example", "error_uri=$evil",
                  "amzsync=$evil", "%0d%0aLocation:%20$evil")
    {
        is(outcome(come_back($nginx, "u9", consent($nginx, "u9") . "&$more")),
           "connected", $more);
    }

    is(outcome(come_back($nginx, "u9", consent($nginx, "u9"), headers => {
        Host => "evil.example", "X-Forwarded-Host" => "evil.example" })),
       "connected", "Host");

    my ($location) = authorize($nginx, "u9", "/authorize?redirect_uri=$evil"
                                             . "&url=$evil&application_id=x");
    like($location, qr{^\Q$url\E/amazon/apps/authorize/consent
                       \?\Q$application\E&state=[\w-]{68}$}x, "authorize");
};


subtest "what Amazon refuses" => sub {
    my $query = consent($nginx, "v1");
    my $bad = $query =~ s/(spapi_oauth_code=.{9})(.)/
                          $1 . ($2 eq "A" ? "B" : "A")/er;

    is(outcome(come_back($nginx, "v1", $bad)), "error&error=invalid_grant",
       "a code that is none");
    is(outcome(come_back($nginx, "v1", $query)), "400 invalid_state",
       "the state is spent by it");

    my ($code) = consent($nginx, "v1") =~ /spapi_oauth_code=([^&]*)/;
    my $with = sub {
        my ($change) = @_;
        local $_ = consent($nginx, "v1");
        $change->();
        return outcome(come_back($nginx, "v1", $_));
    };
    my $asked = asked();

    is($with->(sub { s/&spapi_oauth_code=[^&]*// }),
       "error&error=invalid_request", "no code");
    is($with->(sub { s/(spapi_oauth_code)=[^&]*/$1=/ }),
       "error&error=invalid_request", "an empty code");
    is($with->(sub { s/(spapi_oauth_code)=[^&]*/"$1=" . "x" x 2049/e }),
       "error&error=invalid_request", "a long code");
    is($with->(sub { s/(spapi_oauth_code)=/$1=%0a/ }),
       "error&error=invalid_request", "a code with a newline");
    is($with->(sub { s/&selling_partner_id=[^&]*// }),
       "error&error=invalid_request", "no seller");
    is($with->(sub { s/(selling_partner_id)=/$1=%27/ }),
       "error&error=invalid_request", "a seller that is none");
    is($with->(sub { s/(selling_partner_id)=[^&]*/"$1=" . "A" x 65/e }),
       "error&error=invalid_request", "a seller that is long");

    my ($state) = (authorize($nginx, "v1"))[1];
    my $denied = "state=$state&error=access_denied&error_description=No";

    is(outcome(come_back($nginx, "v2", $denied)), "400 invalid_state",
       "denied, by another user");
    is(outcome(come_back($nginx, "v1", $denied)), "error&error=access_denied",
       "denied");
    is(outcome(come_back($nginx, "v1", $denied)), "400 invalid_state",
       "denied again");
    is($with->(sub { $_ .= "&error=server_error%0d%0aX:%20y" }),
       "error&error=access_denied", "any other error, with a code");

    is(asked(), $asked, "nothing was called");
    is(connection($nginx, "v1")->{status}, "disconnected", "nor stored");
};


subtest "an exchange that fails" => sub {
    my %codes = ("/down/auth/o2/token" => "amazon_unavailable",
                 "/none" => "malformed_answer", "/long" => "malformed_answer",
                 "/leak" => "lwa_rejected");
    my %reasons = (
        "/down/auth/o2/token" =>
            "server_error: The authorization server encountered an "
            . "unexpected condition (HTTP status 500)",
        "/none" => "No refresh_token in the answer to the token request "
                   . "(HTTP status 200)",
        "/long" => "The refresh_token is not printable ASCII "
                   . "(HTTP status 200)",
        "/leak" => "x: *** (HTTP status 400)",
    );

    for my $lwa (sort keys %codes) {
        my $failing = nginx(lwa => $lwa);
        until_true(20, sub { connection($failing, "v3")->{success} });

        is(outcome(come_back($failing, "v3", consent($failing, "v3"))),
           "error&error=$codes{$lwa}", $lwa);
        my ($why) = $failing->log =~ /amzsync: user "v3": (the code .*)/;
        is($why, "the code of a consent was not exchanged: $codes{$lwa}: "
                 . "$reasons{$lwa}", "$lwa: the log says why");
        is(connection($failing, "v3")->{status}, "disconnected",
           "$lwa: nothing is stored");
        $failing->stop;
    }
};


subtest "methods, users, regions" => sub {
    my $query = consent($nginx, "v4");
    my $t = sub {
        my ($method, $path, $user) = @_;
        my $answer = visit($nginx, $path, $user, method => $method);
        return join " ", $answer->{status}, $answer->{json}{error} // "-",
                         $answer->{header}{allow} // "-";
    };

    is($t->("HEAD", "/callback?$query", "v4"), "405 - GET", "HEAD callback");
    is($t->("POST", "/callback?$query", "v4"), "405 method_not_allowed GET",
       "POST callback");
    is($t->("GET", "/callback?$query", undef), "401 unauthorized -",
       "nobody");
    is($t->("GET", "/callback?$query", "x" x 129), "400 invalid_request -",
       "a long user");
    is(outcome(come_back($nginx, "v4", $query)), "connected",
       "none of this spends the state");

    my $head = visit($nginx, "/authorize", "v4", method => "HEAD");
    is($head->{status}, 302, "HEAD authorize");
    like($head->{location}, qr/&state=/, "HEAD authorize: where to");
    is($t->("POST", "/authorize", "v4"), "405 method_not_allowed GET, HEAD",
       "POST authorize");
    is($t->("GET", "/authorize", undef), "401 unauthorized -", "authorize");

    my $message = sub { visit($nginx, "/any$_[0]", "v4")->{json}{message} };
    is($message->(""), 'region must be "na", "eu" or "fe".', "no region");
    is($message->("?region=us"), 'region must be "na", "eu" or "fe".',
       "no such region");
    is($message->("?region=fe"), 'region "fe" is not served here.',
       "a region without a page");
};


subtest "a connection that is there" => sub {
    my ($id) = consent($nginx, "v5", "S5") =~ /selling_partner_id=(\w+)/;

    $db->connect("v5", port => $nginx->port, seller => $id,
                 token => "Atzr|sandbox-none", interval => 60);
    $db->sql("UPDATE amzsync.connections SET status = 'reauthorization_required'
               WHERE user_id = 'v5'");
    my $before = connection($nginx, "v5");

    is(outcome(come_back($nginx, "v5", consent($nginx, "v5", "S5"))),
       "connected", "again");

    $before->{status} = "connected";
    $before->{connected} = JSON::PP::true;
    is_deeply(connection($nginx, "v5"), $before,
              "keeps marketplaces and interval");
    is($db->value("SELECT version FROM amzsync.connections
                    WHERE user_id = 'v5'"), 2, "and has another version");

    is(outcome(come_back($nginx, "v5", consent($nginx, "v5", "S6"))),
       "connected", "another seller");

    my $after = connection($nginx, "v5");
    isnt($after->{sellingPartnerId}, $id, "is another one");
    is_deeply([ @$after{qw(status marketplaceIds syncIntervalMinutes)} ],
              [ "connected", undef, undef ], "with all marketplaces");
};


subtest "a client that goes, a worker that ends" => sub {
    my $slow = nginx(lwa => "/slow", pool => "tasks=1", workers => 1);
    until_true(20, sub { connection($slow, "w1")->{success} });

    # Three syncs want tokens, one after the other.

    my $asked = asked();

    for my $user (map { "x$_" } 1 .. 7) {
        $db->connect($user, port => $slow->port);
        $db->start($user, port => $slow->port);
    }

    until_true(20, sub { asked() > $asked });

    my $query = consent($slow, "w0");
    is(outcome(come_back($slow, "w0", $query)), "connected", "connected");
    cmp_ok(asked() - $asked, "<=", 6, "before those who waited first");

    $query = consent($slow, "w1");
    my $socket = send_request($slow->port, "/callback?$query", user => "w1");
    until_true(20, sub {
        $db->value("SELECT count(*) FROM amzsync.consents
                     WHERE user_id = 'w1'") == 0 });
    close $socket;

    is(connection($slow, "w1")->{status}, "disconnected", "not connected yet");
    ok(until_true(60, sub {
        connection($slow, "w1")->{status} eq "connected"
    }), "connected without the client");
    is($db->value("SELECT token_key_id FROM amzsync.connections
                    WHERE user_id = 'w1'"), "k1", "with a token");

    $query = consent($slow, "w2");
    $socket = send_request($slow->port, "/callback?$query", user => "w2");
    until_true(20, sub {
        $db->value("SELECT count(*) FROM amzsync.consents
                     WHERE user_id = 'w2'") == 0 });
    $slow->signal("QUIT");

    is(outcome(receive($socket)), "connected", "a worker ends what it began");
    ok(defined $slow->gone(20), "and exits");
};


subtest "no database" => sub {
    my $without = nginx(conninfo => { port => 1 },
                        postgres => "timeout=500ms connect_timeout=300ms");
    my $query = consent($nginx, "w3");
    my $asked = asked();

    is(outcome(come_back($without, "w3", $query)), "500 internal_server_error",
       "callback");
    is(outcome(visit($without, "/authorize", "w3")),
       "500 internal_server_error", "authorize");
    is(asked(), $asked, "nothing was called");
    is(outcome(come_back($nginx, "w3", $query)), "connected", "elsewhere");
};


# nginx itself tells all that it reads and sends, if asked for.

my $own = qr/\[debug\]\ .*\ http\ (?:request\ line|args):\ "
             | \[debug\]\ .*\ "(?:GET\ )?\/(?:callback|plain|asked)\?
             | ^Location:\ /x;
my %seen = (lines => 0);

open my $fh, '<', $access or die "$access: $!\n";
my @visits = <$fh>;

like($visits[0], qr{^"GET /}, "there is an access log");
is_deeply([ grep { !m{ HTTP/1\.1 \S+$} } @visits ], [], "of whole lines");
ok(scalar(grep { m{^"GET /asked\?\*+ HTTP/1\.1" /asked\?\*+ - } } @visits),
   "what was seen before is hidden");

for my $nginx (@nginx) {
    for my $line (@visits, split /\n/, $nginx->log) {
        $seen{lines}++;
        next if $line =~ $own;

        for my $secret (keys %secrets) {
            $seen{"a state or code: $line"}++ if index($line, $secret) >= 0;
        }

        $seen{"a token: $line"}++
            if $line =~ /Atz[ra](?:\||%7C)|sandbox-secret/;
    }
}

my $lines = delete $seen{lines};
cmp_ok($lines, ">", 1000, "there are logs");
cmp_ok(keys %secrets, ">", 50, "and secrets");
is_deeply(\%seen, {}, "which are not in them");

is_deeply([ map { $_->alarms } @nginx, $amazon ], [], "no alarms");

done_testing();

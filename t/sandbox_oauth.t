# The sandbox's part in a seller's consent: the page of Seller Central, the code
# that comes of it, grants that are revoked, roles that are missing.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

use AmzSync::Script;
use Time::HiRes qw(sleep time);

our $page = "/apps/authorize/consent";
our $back = "http://127.0.0.1:1/callback";
our $participations = "/sellers/v1/marketplaceParticipations";


# Asks for consent, as a browser does.

sub consent {
    my ($seller, %param) = @_;

    %param = (application_id => "amzn1.sp.solution.1", state => "s1",
              seller => $seller->{name}, %param);

    return $seller->call("GET", "$page?" . AmzSync::Seller::query(\%param));
}


# The address that an answer redirects to, and its parameters.

sub target {
    my ($status, undef, $answer) = @_;
    my ($uri, $query) = split /\?/, $answer->{headers}{location} // "", 2;
    my %param;

    for (split /&/, $query // "") {
        my ($name, $value) = split /=/, $_, 2;
        $value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
        $param{$name} = $value;
    }

    return ($status, $uri, \%param);
}


sub code {
    my ($status, undef, $param) = target(consent(@_));

    die "no code: $status\n" if $status != 302;
    return $param->{spapi_oauth_code};
}


sub exchange {
    my ($seller, $code, %field) = @_;

    return $seller->grant(grant_type => "authorization_code", code => $code,
                          refresh_token => undef, %field);
}


sub lwa {
    my ($status, $json) = @_;

    return "$status " . ($json->{error} // "granted");
}


sub rights {
    my ($seller, $what, %param) = @_;

    return $seller->call("POST", "/_sandbox/$what?" . AmzSync::Seller::query({
        seller => $seller->{name}, %param }));
}


our $config = <<'END';
    location /amazon/ {
        amzsync_sandbox zone=sandbox:1m seed=1 quota=0
                        redirect_uri=http://127.0.0.1:1/callback
                        until=2026-11-01T00:00:00Z;
    }

    location /other/ {
        amzsync_sandbox zone=other:1m seed=2 quota=0
                        redirect_uri=https://shop.example/back?from=amazon;
    }

    location /short/ {
        amzsync_sandbox zone=short:1m quota=0 code_ttl=2s
                        redirect_uri=http://127.0.0.1:1/callback;
    }

    location /bare/ {
        amzsync_sandbox zone=bare:1m quota=0;
    }

    location /secret/ {
        amzsync_sandbox zone=secret:1m quota=0 client_id=id
                        client_secret=secret
                        redirect_uri=http://127.0.0.1:1/callback;
    }

    location /faults/ {
        amzsync_sandbox zone=faults:1m quota=0 fault=lwa_500:2
                        redirect_uri=http://127.0.0.1:1/callback;
    }

    location /little/ {
        amzsync_sandbox zone=little:32k quota=0
                        redirect_uri=http://127.0.0.1:1/callback;
    }
END

add_response_body_check(sub {
    AmzSync::Script::check(sub { eval "use strict; $_[0]" }, @_);
});

add_block_preprocessor(sub { AmzSync::Script::defaults($_[0], $config) });

master_on();
workers(2);
log_level('info');
run_tests();

__DATA__

=== TEST 1: consent leads back, with all that was asked for
--- client
my $s = seller();
my $state = "a b+c/=&%é\"?#;" . "x" x 1000;
my ($status, $uri, $param) = target(consent($s, state => $state));
my $raw = (consent($s, state => $state))[2]{headers}{location};
my ($status2, $uri2, $param2) = target(consent(seller("/other")));
my ($beta) = consent($s, version => "beta", redirect_uri => $back);
my ($demo) = (target($s->call("GET", "$page?application_id=a&state=b")))[2];
my ($transaction) = grep { $_->{sellingPartnerMetadata} }
    @{ ($s->get("/finances/2024-06-19/transactions",
        postedAfter => "2026-10-01"))[1]{payload}{transactions} };
$status, $uri, join(" ", sort keys %$param), same($param->{state}, $state),
$raw =~ /^[\x21-\x7e]+$/ ? "escaped" : "not escaped",
$param->{selling_partner_id} =~ /^A[0-9a-f]{13}$/ ? "id" : "no id",
same($param->{selling_partner_id},
     $transaction->{sellingPartnerMetadata}{sellingPartnerId}),
same($param->{selling_partner_id}, $demo->{selling_partner_id}),
same($demo->{selling_partner_id},
     (target(consent(seller("/amazon", "DEMO"))))[2]{selling_partner_id}),
$status2, $uri2, join(" ", sort keys %$param2), $beta
--- lines
302
http://127.0.0.1:1/callback
selling_partner_id spapi_oauth_code state
same
escaped
id
same
different
same
302
https://shop.example/back
from selling_partner_id spapi_oauth_code state
302



=== TEST 2: what the page refuses
--- client
my $s = seller();
my $t = sub { error(consent($s, @_)) };
$t->(application_id => undef), $t->(application_id => ""),
$t->(state => undef), $t->(state => ""), $t->(seller => "a-b"),
$t->(seller => ""), $t->(redirect_uri => ""),
$t->(redirect_uri => "https://evil.example/"),
$t->(redirect_uri => "${back}x"), $t->(redirect_uri => substr $back, 0, -1),
error($s->call("GET", "$page?application_id=a&state=%zz")),
error($s->call("GET", "$page?application_id=a&state=b&state=c")),
error(consent(seller("/bare"))),
error(consent(seller("/bare"), redirect_uri => $back)),
($s->call("POST", $page))[2]{headers}{allow}
--- lines
400 InvalidInput: application_id is missing.
400 InvalidInput: application_id is empty.
400 InvalidInput: state is missing.
400 InvalidInput: state is empty.
400 InvalidInput: seller is wrong.
400 InvalidInput: seller is empty.
400 InvalidInput: redirect_uri is empty.
400 InvalidInput: MD5101: redirect_uri is none of the application's.
400 InvalidInput: MD5101: redirect_uri is none of the application's.
400 InvalidInput: MD5101: redirect_uri is none of the application's.
400 InvalidInput: The query string is not well-formed.
400 InvalidInput: A parameter that takes one value is repeated.
400 InvalidInput: The sandbox has no redirect_uri.
400 InvalidInput: The sandbox has no redirect_uri.
GET, HEAD



=== TEST 3: a code gives tokens of its seller
--- client
my $s = seller();
my $code = code($s, seller => "X3");
my ($status, $json, $answer) = exchange($s, $code);
my @rows = map { $_->{payload}{inventorySummaries}[0]{fnSku} } map {
    ($s->call("GET", "/fba/inventory/v1/summaries?granularityType=Marketplace"
        . "&granularityId=ATVPDKIKX0DER&marketplaceIds=ATVPDKIKX0DER",
        headers => { "x-amz-access-token" => $_ }))[1]
} $json->{access_token}, seller("/amazon", "X3")->token;
my ($again) = seller("/amazon", "X3")->grant(
    refresh_token => $json->{refresh_token});
$status, join(" ", sort keys %$json), $json->{token_type},
$json->{expires_in}, $json->{refresh_token},
$json->{access_token} =~ /^Atza\|[\w-]{40,}$/ ? "token" : "none",
$answer->{headers}{"content-type"}, $again, same(@rows)
--- lines
200
access_token expires_in refresh_token token_type
bearer
3600
Atzr|sandbox-X3
token
application/json
200
same



=== TEST 4: a code works once, also after a reload
--- client
my $s = seller();
my @codes = map { code($s) } 1 .. 2;
my @lines = map { lwa(exchange($s, $_)) } @codes, @codes;
my $late = code($s);
kill HUP => Test::Nginx::Util::get_pid_from_pidfile("once");
sleep 1;
@lines, (map { lwa(exchange($s, $_)) } @codes, $late, $late)
--- lines
200 granted
200 granted
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
200 granted
400 invalid_grant



=== TEST 5: codes that are none
--- client
my $s = seller();
my $code = code($s);
my $t = sub { lwa(exchange($s, @_)) };
my $other = code(seller("/other"));
$t->(undef), $t->(""), $t->("x"), $t->("Atzr|sandbox-S1"),
$t->(substr $code, 1), $t->(substr $code, 0, -4), $t->("${code}AAAA"),
$t->($code =~ s/^(.{30})(.)/$1 . ($2 eq "A" ? "B" : "A")/er),
$t->($other), $t->("A" x 3000), $t->($s->token =~ s/^Atza\|//r),
lwa($s->grant(refresh_token => $code)), $t->($code)
--- lines
400 invalid_request
400 invalid_request
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
400 invalid_grant
200 granted



=== TEST 6: a code dies
--- client
my $s = seller("/short");
my @codes = map { code($s) } 1 .. 2;
my $before = lwa(exchange($s, $codes[0]));
sleep 2.1;
$before, lwa(exchange($s, $codes[1])), lwa(exchange($s, code($s)))
--- lines
200 granted
400 invalid_grant
200 granted



=== TEST 7: a wrong client, address or request does not spend a code
--- client
my $s = seller("/secret");
my $code = code($s);
my %right = (client_id => "id", client_secret => "secret");
my $t = sub { lwa(exchange($s, $code, %right, @_)) };
$t->(client_secret => "wrong"), $t->(client_id => "i"),
$t->(client_id => undef), $t->(client_secret => undef),
$t->(grant_type => "authorization_codes"),
$t->(redirect_uri => "https://evil.example/"), $t->(redirect_uri => "${back}x"),
$t->(redirect_uri => $back), $t->()
--- lines
401 invalid_client
401 invalid_client
400 invalid_request
400 invalid_request
400 unsupported_grant_type
400 invalid_grant
400 invalid_grant
200 granted
400 invalid_grant



=== TEST 8: an exchange as JSON, and faults of LWA
--- client
my $s = seller();
my $json = sub {
    lwa($s->call("POST", "/auth/o2/token",
        headers => { "Content-Type" => "application/json" },
        content => JSON::PP::encode_json({ grant_type => "authorization_code",
            client_id => "c", client_secret => "s", @_ })));
};
my $f = seller("/faults");
my @codes = map { code($f) } 1, 2;
$json->(code => code($s)), $json->(code => code($s), redirect_uri => $back),
$json->(code => 1),
(map { lwa(exchange($f, $_)) } $codes[0], $codes[1], $codes[1])
--- lines
200 granted
200 granted
400 invalid_request
200 granted
500 server_error
200 granted



=== TEST 9: a revoked grant is none until the next consent
--- client
my $s = seller("/amazon", "R9");
my $t = sub { lwa($s->grant) };
my $token = $s->token;
my $early = code($s);
my @lines = $t->();
my ($status, $json) = rights($s, "revoke");
push @lines, "$status $json->{seller} " . ($json->{revoked} ? "yes" : "no"),
    $t->(), lwa(exchange($s, $early)), ($s->get($participations))[0],
    lwa(seller("/amazon", "R99")->grant), (rights($s, "revoke"))[0], $t->();
my $code = code($s);
@lines, $t->(), lwa(exchange($s, $code)), $t->(),
(rights($s, "revoke"))[0], lwa(exchange($s, code($s))), $t->()
--- lines
200 granted
200 R9 yes
400 invalid_grant
400 invalid_grant
200
200 granted
200
400 invalid_grant
200 granted
200 granted
200 granted
200
200 granted
200 granted



=== TEST 9a: access=off revokes the access tokens, too
--- client
my $s = seller("/amazon", "R9a");
my $other = seller("/amazon", "R9b");
my $t = sub { map { error($_->get($participations)) } $s, $other };
my @before = $t->();
my @lines = (error(rights($s, "revoke", access => "on")),
             error(rights($s, "revoke", access => "")), $t->(),
             (rights($s, "revoke", access => "off"))[0], $t->(),
             lwa($s->grant));
code($s);
@before, @lines, lwa($s->grant), $t->()
--- lines
200 no error
200 no error
400 InvalidInput: access must be "off".
400 InvalidInput: access must be "off".
200 no error
200 no error
200
403 Unauthorized: The access token you provided is revoked, malformed or inval
200 no error
400 invalid_grant
200 granted
200 no error
200 no error



=== TEST 10: operations without their role are denied
--- client
my $s = seller("/amazon", "R10");
my $other = seller("/amazon", "R11");
my $calls = sub {
    my ($who) = @_;
    join ", ", map { error($who->get(@$_)) } [ $participations ],
        [ "/orders/2026-01-01/orders", createdAfter => "2026-01-01" ],
        [ "/fba/inbound/v0/shipments", QueryType => "SHIPMENT",
          MarketplaceId => "ATVPDKIKX0DER", ShipmentStatusList => "CLOSED" ];
};
my $deny = sub {
    my ($status, $json) = rights($s, "roles", deny => $_[0]);
    "$status @{ $json->{denied} || [ $json->{errors}[0]{details} ] }";
};
my ($text) = map { $_->{errors}[0]{message} } do {
    $deny->("searchOrders"); ($s->get("/orders/2026-01-01/orders",
        createdAfter => "2026-01-01"))[1] };
$text, $calls->($s), $calls->($other),
$deny->("getShipments,getMarketplaceParticipations"), $calls->($s),
lwa($s->grant), $deny->("getShipments,none"), $deny->("token"), $calls->($s),
$deny->(undef), $deny->(""), $calls->($s),
error(rights($s, "roles", seller => "a-b", deny => "")),
error(rights($s, "revoke", seller => undef))
--- lines
Access to requested resource is denied.
200 no error, 403 Unauthorized, 200 no error
200 no error, 200 no error, 200 no error
200 getMarketplaceParticipations getShipments
403 Unauthorized, 200 no error, 403 Unauthorized
200 granted
400 deny has an unknown operation.
400 deny has an unknown operation.
403 Unauthorized, 200 no error, 403 Unauthorized
400 deny is missing.
200 
200 no error, 200 no error, 200 no error
400 InvalidInput: seller is missing or wrong.
400 InvalidInput: seller is missing or wrong.



=== TEST 11: what is kept is bounded, and yet no code works twice
--- client
my $s = seller("/little", "B11", keep_alive => 1);
my @codes = map { code($s) } 1 .. 700;
my @spent = map { lwa(exchange($s, $_)) } @codes;
my @again = map { lwa(exchange($s, $_)) } @codes;
my %spent = map { $_ => 1 } @spent;
my %again = map { $_ => 1 } @again;
my $late = lwa(exchange($s, code($s)));
join(" ", keys %spent), join(" ", keys %again), $late
--- lines
200 granted
400 invalid_grant
200 granted
--- timeout: 60



=== TEST 12: a revision keeps what was revoked and denied
--- client
my $s = seller("/amazon", "R12");
rights($s, "roles", deny => "getMarketplaceParticipations");
$s->token;
rights($s, "revoke");
$s->revise(1, at => "2026-11-05T00:00:00Z");
my @lines = (lwa($s->grant), error($s->get($participations)));
code($s);
@lines, lwa($s->grant), error($s->get($participations)),
same([ $s->truth("orders") ], [ do { my $t = seller("/amazon", "R12");
                                     $t->revise(1); $t->truth("orders") } ])
--- lines
400 invalid_grant
403 Unauthorized
200 granted
403 Unauthorized
same



=== TEST 13: statistics, HEAD, a body, a path below
--- config
    location /amazon/ {
        amzsync_sandbox zone=stats:1m quota=0
                        redirect_uri=http://127.0.0.1:1/callback;
    }
--- client
my $s = seller("/amazon", "S1", keep_alive => 1);
my $count = sub {
    my ($json) = ($s->call("GET", "/_sandbox/stats"))[1];
    map { $json->{requests}{consent}{$_} // 0 } "other", 400;
};
my @before = $count->();
my @head = $s->call("HEAD", "$page?application_id=a&state=b");
my @get = $s->call("GET", "$page?application_id=a&state=b",
                   content => "{}");
consent($s, state => "");
my @after = $count->();
my ($below) = $s->call("GET", "$page/x?application_id=a&state=b");
$head[0], length $head[2]{headers}{location} ? "location" : "none", $get[0],
(map { $after[$_] - $before[$_] } 0, 1), $below
--- lines
302
location
302
2
1
404



=== TEST 14: mistakes in the configuration: an address that is none
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m redirect_uri=/callback;
    }
--- must_die
--- error_log
needs an address of http or https, without a fragment, in "redirect_uri=/callba



=== TEST 15: mistakes in the configuration: an address with a fragment
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m "redirect_uri=http://127.0.0.1/a#b";
    }
--- must_die
--- error_log
needs an address of http or https, without a fragment, in "redirect_uri=http://

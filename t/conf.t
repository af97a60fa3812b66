# What "nginx -t" refuses, and what it says.

use strict;
use warnings;

use lib 't/lib';
use AmzSync;
use File::Temp ();
use Test::More;

my $dir = File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1);
my $nginx = $ENV{TEST_NGINX_BINARY} || "nginx";
my $key = "0123456789abcdef" x 4;

my %default = (
    thread_pool => "thread_pool amzsync threads=4;",
    postgres    => 'amzsync_postgres "host=127.0.0.1 dbname=x";',
    pool        => "amzsync_thread_pool amzsync tasks=4;",
    endpoint    => "amzsync_endpoint na https://example.com;",
    lwa         => "amzsync_lwa https://example.com/token client_id=a"
                   . " client_secret=b;",
    keys        => "amzsync_token_keys keys;",
    temp        => "amzsync_temp_path temp;",
    more        => "",
    user        => 'amzsync_user $http_x_user;',
    locations   => "location /start { amzsync_start; }",
);

sub file {
    my ($name, $text) = @_;

    open my $fh, '>:raw', "$dir/$name" or die "$dir/$name: $!\n";
    print $fh $text;
    close $fh;
}

# The output of "nginx -t" with other directives in place of some.

sub try {
    my %conf = (%default, @_);
    my $load = join "", map { "load_module $_;\n" }
                        split " ", $ENV{TEST_NGINX_LOAD_MODULES} || "";

    file("nginx.conf", <<"END");
$load
$conf{thread_pool}
pid $dir/nginx.pid;
error_log stderr notice;
events {}
http {
    access_log off;
    client_body_temp_path $dir/1;
    proxy_temp_path $dir/2;
    fastcgi_temp_path $dir/3;
    uwsgi_temp_path $dir/4;
    scgi_temp_path $dir/5;
    $conf{postgres}
    $conf{pool}
    $conf{endpoint}
    $conf{lwa}
    $conf{keys}
    $conf{temp}
    $conf{more}
    server {
        listen 127.0.0.1:1984;
        $conf{user}
        $conf{locations}
    }
}
END

    my $out = `$nginx -t -p $dir/ -c $dir/nginx.conf -e stderr 2>&1`;

    return ($? >> 8, $out);
}

sub good {
    my ($name, @conf) = @_;
    my ($status, $out) = try(@conf);

    is($status, 0, $name) or diag($out);
    unlike($out, qr/\[(?:emerg|alert|crit)\]/, "$name: nothing to complain");
}

sub bad {
    my ($name, $text, @conf) = @_;
    my ($status, $out) = try(@conf);

    is($status, 1, "$name: refused") or diag($out);
    like($out, qr/\[emerg\].*$text/, "$name: says what");
    like($out, qr/in \S*nginx\.conf:\d+/, "$name: says where");
    unlike($out, qr/0123456789|hush/, "$name: tells no secret");
    unlike($out, qr/\[alert\]/, "$name: no alert");
}

sub in {
    my ($path, $more) = @_;

    return "location $path { $more }";
}

file("keys", "# keys\n\nk2 $key\nk1 " . reverse($key) . "\n");
file("secret", "hush\n");
file("empty", "");
file("lines", "hush\nhush\n");
file("newline", "\n");
file("large", "x" x 70000);
file("short", "k1 " . substr($key, 1) . "\n");
file("noid", "\n$key\n");
file("twice", "k1 $key\nk1 $key\n");
file("comments", "# nothing\n");

# Good ones.

good("all defaults");
good("all that can be set", postgres =>
     'amzsync_postgres "host=127.0.0.1" reads=1 writes=2 work=3 queue=4'
     . ' timeout=1s connect_timeout=500ms prepared=off;',
     more => 'amzsync_user_agent "x/1 (Language=C)";'
     . 'amzsync_connect_timeout 1s; amzsync_transfer_timeout 2m;'
     . 'amzsync_max_page_size 1m; amzsync_retries 0; amzsync_retry_delay 1ms;'
     . 'amzsync_max_syncs 1; amzsync_lease 1s; amzsync_backfill 30d;'
     . ' amzsync_max_streams 10; amzsync_retention 0;'
     . ' amzsync_max_report_size 1024g;');
good("$_", more => "$_;")
    for "amzsync_max_page_size 1024", "amzsync_max_page_size 32m",
        "amzsync_max_report_size 1k";
good("the default thread pool", pool => "", thread_pool => "");
good("verified TLS to PostgreSQL", postgres =>
     qq{amzsync_postgres "host=127.0.0.1 sslmode=verify-full}
     . qq{ sslrootcert=$dir/keys";});
good("a secret in a file", lwa =>
     "amzsync_lwa https://example.com/token client_id=a"
     . " client_secret_file=secret;");
good("http to $_", endpoint => "amzsync_endpoint eu http://$_;")
    for "127.0.0.1", "127.9.9.9:81/", "localhost:1/a", "[::1]:8080";
good("only a sandbox", user => "", map({ ($_ => "") } qw(postgres pool
     endpoint lwa keys temp thread_pool)), locations =>
     in("/amazon/", "amzsync_sandbox zone=s:1m;"));
good("nothing of it", user => "", map({ ($_ => "") } qw(postgres pool
     endpoint lwa keys temp thread_pool locations)));
good("every location", locations => in("/a", "amzsync_start;")
     . in("/b", "amzsync_status;") . in("/c", "amzsync_connection;")
     . in("/d/", "amzsync_sandbox zone=s:1m;") . in("/e", "amzsync_metrics;"));
good("metrics without a user", user => "",
     locations => in("/", "amzsync_metrics;"));

# Where reports lie unless told: a folder beside nginx's own, by this name,
# whatever is in memory that has not been written.  It is made for whoever may
# need it, if it is not there, and if the tests may.

my ($beside) = `$nginx -V 2>&1` =~ m{--http-client-body-temp-path=(/\S*)/};
my $temp = ($beside //= "$dir") . "/amzsync_temp";

sub made {
    my %before = map { $_ => 1 } glob "$temp*";

    local $ENV{MALLOC_PERTURB_} = 37;
    my (undef, $out) = try(temp => "", @_);
    my @made = grep { !$before{$_} } glob "$temp*";

    rmdir for @made;
    push @made, $1 if $out =~ /mkdir\(\) "(.*?)" failed/s;

    return "@made";
}

my $new = -e $temp ? "" : $temp;

is(made(), $new, "the folder for reports");
is(made(pool => ""), $new, "the folder, with nginx's own thread pool");
is(made(more => "amzsync_order_reports off;"), "", "no folder, no reports");
is(made(more => "amzsync_order_reports off; amzsync_datasets settlements;"),
   $new, "the folder for a dataset");
is(made(locations => "", pool => ""), "", "no folder, no syncs");

# What is not there.

bad("no $_", "\"amzsync_start\" in \\S+:\\d+ needs \"$_\"",
    (/^amzsync_(?:token_)?(\w+)/)[0] => "")
    for qw(amzsync_postgres amzsync_endpoint amzsync_lwa amzsync_token_keys);

bad("no user", '"amzsync_status" in \S+:\d+ needs "amzsync_user"',
    user => "", locations => in("/", "amzsync_status;"));
bad("no database", '"amzsync_metrics" in \S+:\d+ needs "amzsync_postgres"',
    postgres => "", locations => in("/", "amzsync_metrics;"));
bad("no thread pool", 'unknown thread pool "amzsync"', thread_pool => "");

# Duplicates.

bad("$_ twice", '"\w+" directive is duplicate', more => $default{$_})
    for qw(postgres pool endpoint lwa keys);

for (qw(amzsync_connect_timeout amzsync_transfer_timeout amzsync_retry_delay
        amzsync_lease amzsync_backfill amzsync_retention))
{
    bad("$_ twice", "\"$_\" directive is duplicate", more => "$_ 60s; $_ 60s;");
}

bad("user twice", '"amzsync_user" directive is duplicate',
    locations => in("/", 'amzsync_user a; amzsync_user b; amzsync_start;'));
bad("start twice", '"amzsync_start" directive stands beside',
    locations => in("/", "amzsync_start; amzsync_start;"));
bad("start and status", '"amzsync_status" directive stands beside',
    locations => in("/", "amzsync_start; amzsync_status;"));
bad("$_ beside the metrics", "stands beside",
    locations => in("/", "$_; amzsync_metrics;"))
    for qw(amzsync_metrics amzsync_status), "amzsync_sandbox zone=s:1m";
bad("sandbox and start", '"amzsync_start" directive stands beside',
    locations => in("/a/", "amzsync_sandbox zone=s:1m; amzsync_start;"));
bad("start and sandbox", '"amzsync_sandbox" directive conflicts',
    locations => in("/a/", "amzsync_start; amzsync_sandbox zone=s:1m;"));

# An id in the path stands behind the location's name.

for my $where ("~ ^/status", "~* /status\$", "\@status") {
    bad("$_ in $where", "\"$_\" directive needs a location given by a prefix",
        locations => in($where, "$_;"))
        for qw(amzsync_status amzsync_cancel amzsync_events);

    good("no id in $where", locations => in($where, "amzsync_start;"));
}

# The sandbox.

bad("sandbox: $_->[0]", $_->[0], locations => $_->[1])
    for ['no "zone=NAME:SIZE"', in("/a/", "amzsync_sandbox seed=1;")],
        ["prefix", in("= /a", "amzsync_sandbox zone=s:1m;")],
        ["ordres=5", in("/a/", "amzsync_sandbox zone=s:1m ordres=5;")];

# PostgreSQL.

bad("conninfo $_->[0]", "invalid conninfo in \"amzsync_postgres\": .*$_->[1]",
    postgres => "amzsync_postgres \"$_->[0]\";")
    for ["host=127.0.0.1 nonsense=1", "unknown option"],
        ["password=hush host", '"=" is missing'],
        ["host=127.0.0.1 options=-cx=1", "options"],
        ["host=127.0.0.1 sslmode=prefer password=hush", "sslmode"],
        ["host=127.0.0.1 sslmode=verify-full password=hush",
         '"sslmode=verify-full" needs "sslrootcert"'],
        ["host=127.0.0.1 sslmode=verify-ca sslrootcert=/none password=hush",
         'cannot read sslrootcert "/none"'],
        ["host=nowhere.invalid password=hush", "nowhere.invalid"];

bad("parameter $_->[0]", $_->[1],
    postgres => "amzsync_postgres \"host=127.0.0.1\" $_->[0];")
    for ["read=1", 'invalid parameter "read="'],
        ["password=hush", 'invalid parameter "password="'],
        ["reads=", 'invalid parameter "reads="'],
        ["reads=0", 'invalid value in "reads=0", must be between 1 and 100'],
        ["work=101", 'invalid value in "work=101"'],
        ["writes=x", 'invalid value in "writes=x"'],
        ["queue=0", 'invalid value in "queue=0"'],
        ["timeout=0", 'invalid value in "timeout=0"'],
        ["timeout=2h", 'between 1ms and 3600000ms'],
        ["connect_timeout=-1", 'invalid value'],
        ["prepared=yes", 'must be "on" or "off"'],
        ["reads=1 reads=1", 'duplicate parameter "reads=1"'];

bad("tasks", 'invalid value in "tasks=0"',
    pool => "amzsync_thread_pool amzsync tasks=0;");

# URLs.

bad("endpoint $_->[0]", $_->[1], endpoint => "amzsync_endpoint na $_->[0];")
    for ["example.com", "not an https URL"],
        ["ftp://example.com", "not an https URL"],
        ["https://", "not an https URL"],
        ["http://example.com", "must begin with https"],
        ["http://127.0.0.1.example.com", "must begin with https"],
        ["http://localhost.example.com", "must begin with https"],
        ["http://128.0.0.1", "must begin with https"],
        ["https://me:hush\@example.com", "invalid URL: must have no user"],
        ["https://example.com/?a=1", "must have no arguments"],
        ["https://example.com/#a", "must have no fragment"],
        ['"https://exam ple.com"', "has an invalid character"],
        ["https://example.com:0", "invalid port"],
        ["https://example.com:x", "invalid port"],
        ["https://:443", "no host"],
        ["https://unix:/x", "must have a host"];

bad("region", 'invalid region "us"',
    endpoint => "amzsync_endpoint us https://example.com;");

# LWA and files.

bad("lwa $_->[0]", $_->[1],
    lwa => "amzsync_lwa https://example.com/token $_->[0];")
    for ["client_id=a client_id=b", 'duplicate parameter "client_id="'],
        ["client_id=a secret=hush", 'invalid parameter "secret="'],
        ["client_id= client_secret=hush", 'invalid parameter "client_id="'],
        ["client_id=a client_secret=", 'invalid parameter "client_secret="'],
        ["client_secret=hush client_secret_file=secret",
         'duplicate parameter "client_secret_file="'],
        ["client_id=a client_secret_file=none", 'none" failed \(2: '],
        ["client_id=a client_secret_file=.", 'failed \(21: '],
        ["client_id=a client_secret_file=empty", 'empty" is empty'],
        ["client_id=a client_secret_file=newline", "must be one line"],
        ["client_id=a client_secret_file=lines", "must be one line"],
        ["client_id=a client_secret_file=large", "is larger than 4096 bytes"];

bad("keys $_->[0]", $_->[1], keys => "amzsync_token_keys $_->[0];")
    for ["none", 'none" failed \(2: '],
        ["empty", 'empty" is empty'],
        ["large", "is larger than 65536 bytes"],
        ["short", 'key is not 64 hexadecimal digits in "\S+/short", line 1'],
        ["noid", 'key id is not 1 to 32 .* in "\S+/noid", line 2'],
        ["twice", 'duplicate key id in "\S+/twice", line 2'],
        ["comments", 'no key in "\S+/comments", line 1'];

bad("certificate $_", "cannot read a certificate from \"\\S+/$_\"",
    more => "amzsync_trusted_certificate $_;")
    for qw(none empty keys);

# Consent.

my $consent = "amzsync_consent na https://a.example application_id=a";

good("consent", more => "$consent;",
     locations => in("/a", "amzsync_authorize;")
     . in("/b", "amzsync_authorize na;")
     . in("/c", "amzsync_callback https://a.example;")
     . in("/d", "amzsync_callback 'http://127.0.0.1:3000/a/?b=c&d';"
                . " if (\$http_x) { set \$y 1; }"));
good("all of consent", more => "amzsync_endpoint eu https://example.com;"
     . " amzsync_consent eu http://localhost:1/a version=beta application_id=a"
     . " redirect_uri=https://a.example/b state_ttl=1h; $consent;",
     locations => in("/a", "amzsync_authorize eu;"));
good("consent that nobody asks for",
     more => "amzsync_consent fe https://a.example application_id=a;");

bad("consent $_->[0]", $_->[1], more => "amzsync_consent $_->[0];")
    for ["us https://a.example application_id=a", 'invalid region "us"'],
        ["na", "invalid number of arguments"],
        ["na https://a.example", 'has no "application_id"'],
        ["na http://a.example application_id=a", "must begin with https"],
        ["na https://a.example/?b application_id=a", "must have no arguments"],
        ["na https://a.example application_id=", "must be printable ASCII"],
        ["na https://a.example application_id=a application_id=b",
         '"application_id=b": is duplicate'],
        ["na https://a.example application_id=a version=1", 'must be "beta"'],
        ["na https://a.example application_id=a version=beta version=beta",
         '"version=beta": is duplicate'],
        ["na https://a.example application_id=a state=1", "is not known"],
        ["na https://a.example application_id=a redirect_uri=/b",
         "not an https URL"],
        ["na https://a.example application_id=a redirect_uri=https://a/"
         . " redirect_uri=https://a/", "is duplicate"],
        map { ["na https://a.example application_id=a state_ttl=$_",
               "must be between 1ms and 1h"] } "0", "2h", "x", "";

bad("consent twice", '"amzsync_consent" directive is duplicate',
    more => "$consent; $consent;");

bad("consent: $_->[0]", $_->[1], more => $_->[2] // "$consent;",
    locations => in("/a", "$_->[0];"))
    for ["amzsync_authorize", '"amzsync_authorize" in \S+:\d+ needs '
         . '"amzsync_consent"', ""],
        ["amzsync_callback https://a.example", '"amzsync_callback" in \S+:\d+ '
         . 'needs "amzsync_consent"', ""],
        ["amzsync_authorize eu", 'needs "amzsync_consent eu"'],
        ["amzsync_authorize", 'needs "amzsync_endpoint eu"',
         "amzsync_consent eu https://a.example application_id=a;"],
        ["amzsync_authorize us", 'invalid region "us"'],
        ["amzsync_authorize; amzsync_callback https://a", "stands beside"],
        ["amzsync_callback", "invalid number of arguments"],
        ["amzsync_callback /a", "not an https URL"],
        ["amzsync_callback //a.example", "not an https URL"],
        ["amzsync_callback http://a.example", "must begin with https"],
        ["amzsync_callback https://\$host/", "must have no variables"],
        ["amzsync_callback https://a.example/?b=\$arg_b",
         "must have no variables"],
        ["amzsync_callback https://a.example/?b#c", "must have no fragment"],
        ["amzsync_callback https://a.example/#c", "must have no fragment"],
        ["amzsync_callback https://me:hush\@a.example/",
         "invalid URL: must have no user"],
        ["amzsync_callback 'https://a.example/?b c'", "invalid character"];

bad("$_ without a user", "\"$_\" in \\S+:\\d+ needs \"amzsync_user\"",
    user => "", more => "$consent;",
    locations => in("/", $_ eq "amzsync_callback" ? "$_ https://a;" : "$_;"))
    for qw(amzsync_authorize amzsync_callback);

# Numbers.

bad("number $_->[0]", $_->[1], more => "$_->[0];")
    for ["amzsync_connect_timeout 0", "value must be"],
        ["amzsync_transfer_timeout 2h", "value must be"],
        ["amzsync_max_page_size 1023", "must be between 1024 and 33554432"],
        ["amzsync_max_page_size 33m", "must be between 1024 and 33554432"],
        ["amzsync_max_page_size 2g", "invalid value|value must be"],
        ["amzsync_max_report_size 0", "must be between 1024 and 1099511627776"],
        ["amzsync_max_report_size 1025g", "must be between 1024 and \\d+"],
        ["amzsync_max_report_size x", "invalid value"],
        ["amzsync_retries 101", "value must be"],
        ["amzsync_retries -1", "invalid number"],
        ["amzsync_retry_delay x", "invalid value"],
        ["amzsync_max_syncs 0", "value must be"],
        ["amzsync_datasets", "invalid number of arguments"],
        ["amzsync_datasets orders items", 'unknown dataset "items"'],
        ["amzsync_datasets orders orders", 'duplicate dataset "orders"'],
        ["amzsync_datasets orders; amzsync_datasets orders", "is duplicate"],
        ["amzsync_lease 10ms", "value must be"],
        ["amzsync_backfill 3y", "value must be"],
        ["amzsync_backfill 1s", "value must be"],
        ["amzsync_retention -1d", "invalid value"],
        ["amzsync_retention 51y", "value must be"];

bad("user agent", "must be 1 to 500",
    more => "amzsync_user_agent \"$_\";") for "x" x 501, "a\x{7f}";

done_testing();

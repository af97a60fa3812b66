# nginx -t refuses every mistake that it can see, and says what and where.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::More;

my $binary = $ENV{TEST_NGINX_BINARY} || "nginx";
my $module = $ENV{TEST_NGINX_LOAD_MODULES};
my $dir = File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1);

my $secret = "a-secret-of-the-client";
my $key = "0123456789abcdef" x 4;
my $password = "a-password-of-the-role";

file("keys", "# comment\n\nk2 $key\nk1 " . "f" x 64 . "\n");
file("empty", "");
file("secret", "$secret\n");
file("short_key", "k1 0123\n");
file("bad_key", "k1 $key\nk2 " . "x" x 64 . "\n");
file("twice", "k1 $key\nk1 $key\n");
file("no_id", "$key\n");
file("no_cert.pem", "nothing of the kind\n");

my %default = (
    thread_pool => "thread_pool amzsync threads=2;",
    postgres    => "amzsync_postgres \"host=/nowhere dbname=x"
                   . " password=$password\";",
    pool        => "amzsync_thread_pool amzsync;",
    endpoint    => "amzsync_endpoint na https://sellingpartnerapi.example;",
    lwa         => "amzsync_lwa https://lwa.example/token client_id=id"
                   . " client_secret_file=$dir/secret;",
    keys        => "amzsync_token_keys $dir/keys;",
    extra       => "",
    user        => "amzsync_user \$http_x_user;",
    location    => "location = /sync { amzsync_start; }",
);


sub file {
    my ($name, $text) = @_;

    open my $fh, '>', "$dir/$name" or die "$name: $!\n";
    print $fh $text;
    close $fh or die "$name: $!\n";
}


# The exit status and what nginx says of this configuration.

sub check {
    my %with = (%default, @_);

    file("nginx.conf", <<END);
@{[ $module ? "load_module $module;" : "" ]}
pid $dir/nginx.pid;
error_log stderr notice;
$with{thread_pool}
events { }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    $with{postgres}
    $with{pool}
    $with{endpoint}
    $with{lwa}
    $with{keys}
    $with{extra}
    server {
        listen 127.0.0.1:1;
        $with{user}
        $with{location}
    }
}
END

    my $said = `$binary -t -p $dir -e stderr -c $dir/nginx.conf 2>&1`;

    return ($? >> 8, $said);
}


sub good {
    my ($name, %with) = @_;
    my ($status, $said) = check(%with);

    is($status, 0, "$name: accepted") or diag $said;
}


sub bad {
    my ($name, $pattern, %with) = @_;
    my ($status, $said) = check(%with);

    is($status, 1, "$name: refused");
    like($said, qr/\[emerg\].*$pattern/, "$name: says what");
    unlike($said, qr/$secret|$key|$password|hunter2/,
           "$name: keeps its secrets");
    unlike($said, qr/\[alert\]/, "$name: no alert");
}


my $where = qr/ in \S*nginx\.conf:\d+/;

good("complete");
good("a secret in the file itself",
     lwa => "amzsync_lwa https://lwa.example/token client_id=id"
            . " client_secret=$secret;");
good("loopback without TLS",
     endpoint => "amzsync_endpoint na http://127.0.0.1:8080/amazon/;"
                 . "amzsync_endpoint eu http://[::1]:8080;"
                 . "amzsync_endpoint fe http://localhost;");
good("only a sandbox needs nothing else",
     map({ $_ => "" } qw(thread_pool postgres pool endpoint lwa keys user)),
     location => "location /amazon/ { amzsync_sandbox zone=s:1m; }");
good("nothing of ours",
     map({ $_ => "" } qw(thread_pool postgres pool endpoint lwa keys user)),
     location => "");
good("every directive",
     postgres => "amzsync_postgres \"host=/nowhere\" reads=4 writes=2 work=3"
                 . " queue=100 timeout=2s connect_timeout=1s prepared=off;",
     pool => "amzsync_thread_pool amzsync tasks=2;",
     extra => "amzsync_user_agent \"Shop/1.0 (Language=C)\";"
              . "amzsync_connect_timeout 5s; amzsync_transfer_timeout 30s;"
              . "amzsync_max_page_size 8m; amzsync_retries 3;"
              . "amzsync_retry_delay 100ms; amzsync_max_syncs 100;"
              . "amzsync_lease 20s; amzsync_history 30d;");

# PostgreSQL

bad("conninfo of no form", qr/invalid conninfo in "amzsync_postgres".*$where/,
    postgres => "amzsync_postgres \"host\";");
bad("conninfo with an unknown word", qr/invalid conninfo.*$where/,
    postgres => "amzsync_postgres \"hots=/nowhere password=hunter2\";");
bad("conninfo with options", qr/invalid conninfo.*options.*$where/,
    postgres => "amzsync_postgres \"host=/nowhere options=-cgeqo=off\";");
bad("conninfo with sslmode=prefer", qr/invalid conninfo.*sslmode.*$where/,
    postgres => "amzsync_postgres \"host=127.0.0.1 sslmode=prefer\";");
bad("a host that does not exist", qr/invalid conninfo.*nowhere\.invalid/,
    postgres => "amzsync_postgres \"host=nowhere.invalid\";");
bad("no connections", qr/reads=0.*$where/,
    postgres => "amzsync_postgres \"host=/nowhere\" reads=0;");
bad("a number that is none", qr/writes=many.*$where/,
    postgres => "amzsync_postgres \"host=/nowhere\" writes=many;");
bad("a time that is none", qr/timeout=soon.*$where/,
    postgres => "amzsync_postgres \"host=/nowhere\" timeout=soon;");
bad("an unknown argument", qr/invalid parameter "wirtes=2".*$where/,
    postgres => "amzsync_postgres \"host=/nowhere\" wirtes=2;");
bad("prepared is a flag", qr/prepared=maybe.*$where/,
    postgres => "amzsync_postgres \"host=/nowhere\" prepared=maybe;");
bad("postgres twice", qr/"amzsync_postgres" directive is duplicate$where/,
    postgres => "$default{postgres} $default{postgres}");
bad("no postgres", qr/"amzsync_start"$where needs "amzsync_postgres"/,
    postgres => "");

# Threads

bad("a thread pool that is missing", qr/unknown thread pool "amzsync"/,
    thread_pool => "");
bad("tasks are a number", qr/tasks=0.*$where/,
    pool => "amzsync_thread_pool amzsync tasks=0;");

# Amazon

bad("no endpoint", qr/needs "amzsync_endpoint"/, endpoint => "");
bad("an unknown region", qr/invalid region "us".*$where/,
    endpoint => "amzsync_endpoint us https://sellingpartnerapi.example;");
bad("a region twice", qr/"amzsync_endpoint" directive is duplicate$where/,
    endpoint => "$default{endpoint} $default{endpoint}");
bad("no TLS", qr/http:\/\/sellingpartnerapi\.example.*$where/,
    endpoint => "amzsync_endpoint na http://sellingpartnerapi.example;");
bad("no TLS, though it looks like loopback", qr/127\.0\.0\.1\.example.*$where/,
    endpoint => "amzsync_endpoint na http://127.0.0.1.example;");
bad("a scheme of its own", qr/ftp:.*$where/,
    endpoint => "amzsync_endpoint na ftp://sellingpartnerapi.example;");
bad("a query", qr/\?.*$where/,
    endpoint => "amzsync_endpoint na https://sellingpartnerapi.example/?a=b;");
bad("credentials in the URL", qr/invalid URL: must have no user$where/,
    endpoint => "amzsync_endpoint na https://me:hunter2\@a.example;");
bad("no LWA", qr/needs "amzsync_lwa"/, lwa => "");
bad("no client id", qr/invalid number of arguments in "amzsync_lwa".*$where/,
    lwa => "amzsync_lwa https://lwa.example client_secret=$secret;");
bad("two client secrets", qr/client_secret.*$where/,
    lwa => "amzsync_lwa https://lwa.example client_secret=$secret"
           . " client_secret_file=$dir/secret;");
bad("a secret file that is missing", qr/\/none.*No such file/,
    lwa => "amzsync_lwa https://lwa.example client_id=id"
           . " client_secret_file=$dir/none;");
bad("a secret file that is empty", qr/\/empty.*$where/,
    lwa => "amzsync_lwa https://lwa.example client_id=id"
           . " client_secret_file=$dir/empty;");

# Keys

bad("no keys", qr/needs "amzsync_token_keys"/, keys => "");
bad("a key file that is missing", qr/\/none.*No such file/,
    keys => "amzsync_token_keys $dir/none;");
bad("a key file that is empty", qr/\/empty.*$where/,
    keys => "amzsync_token_keys $dir/empty;");
bad("a key file that is a folder", qr/$where/,
    keys => "amzsync_token_keys $dir;");
bad("a key that is short", qr/short_key", line 1$where/,
    keys => "amzsync_token_keys $dir/short_key;");
bad("a key of other digits", qr/bad_key", line 2$where/,
    keys => "amzsync_token_keys $dir/bad_key;");
bad("a key without an id", qr/no_id", line 1$where/,
    keys => "amzsync_token_keys $dir/no_id;");
bad("a key id twice", qr/twice", line 2$where/,
    keys => "amzsync_token_keys $dir/twice;");

# The rest

bad("a user agent too long", qr/"amzsync_user_agent".*500.*$where/,
    extra => "amzsync_user_agent " . "a" x 501 . ";");
bad("a certificate that is none", qr/cannot read a certificate.*$where/,
    extra => "amzsync_trusted_certificate $dir/no_cert.pem;");
bad("a certificate that is missing", qr/cannot read a certificate.*$where/,
    extra => "amzsync_trusted_certificate $dir/none.pem;");
bad("a size that is none", qr/"amzsync_max_page_size".*$where/,
    extra => "amzsync_max_page_size big;");
bad("a lease that is none", qr/$where/, extra => "amzsync_lease 0;");
bad("no syncs", qr/$where/, extra => "amzsync_max_syncs 0;");

# Locations

bad("no user", qr/"amzsync_start"$where needs "amzsync_user"/, user => "");
bad("a location twice", qr/"amzsync_status".*another directive.*$where/,
    location => "location /a { amzsync_start; amzsync_status; }");
bad("a sandbox with it", qr/amzsync_sandbox/,
    location => "location /a { amzsync_start; amzsync_sandbox zone=s:1m; }");
bad("a sandbox without zone", qr/no "zone=NAME:SIZE"$where/,
    location => "location /a/ { amzsync_sandbox seed=1; }");
bad("a sandbox that is no prefix", qr/prefix$where/,
    location => "location = /a { amzsync_sandbox zone=s:1m; }");
bad("a sandbox with an unknown argument", qr/ordres=5.*$where/,
    location => "location /a/ { amzsync_sandbox zone=s:1m ordres=5; }");

done_testing();

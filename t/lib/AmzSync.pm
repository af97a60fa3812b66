package AmzSync;

# What the suites share: a database of their own, the configuration that every
# test needs, SQL, and calls to the module's locations.
#
#     use lib 't/lib';
#     use Test::Nginx::Socket;
#     use AmzSync;
#
#     our $db = AmzSync->new;
#     our $http_config = $db->http_config;
#
# The server programs are expected where PGHOST, PGPORT, PGUSER and PGPASSWORD
# point to, as pg_virtualenv sets them.

use strict;
use warnings;

use Cwd ();
use Fcntl qw(:flock);
use File::Basename ();
use File::Temp ();
use HTTP::Tiny;
use JSON::PP ();
use Time::HiRes ();

my $root = Cwd::abs_path(File::Basename::dirname(__FILE__) . "/../..");
my $password = "amzsync";
my $count = 0;


# A new database with the schema in it; it is dropped with the object.
# migrate => 0 leaves it empty; icu => a locale whose rules it has, not C's.

sub new {
    my ($class, %arg) = @_;

    die "no PostgreSQL: run the tests by tools/test\n" if !$ENV{PGPORT};

    my $self = bless {
        pid  => $$,
        name => sprintf("amzsync_%d_%d", $$, ++$count),
        dir  => File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1),
    }, $class;

    # nginx's workers read the files as another user.
    chmod 0755, "$self->{dir}";

    # Whatever the locale is that the cluster was made in.
    psql("postgres", "CREATE DATABASE $self->{name} TEMPLATE template0
                      ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' "
                     . ($arg{icu} ? "LOCALE_PROVIDER icu
                                     ICU_LOCALE '$arg{icu}'" : ""));

    $self->migrate if !exists $arg{migrate} || $arg{migrate};

    $self->file("keys", "k1 " . "0123456789abcdef" x 4 . "\n");
    $self->file("client_secret", "sandbox-secret\n");

    return $self;
}


sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    return if $self->{pid} != $$;

    eval {
        psql("postgres", "DROP DATABASE IF EXISTS $self->{name} WITH (FORCE)");
    };
}


sub migrate {
    my ($self) = @_;

    # The password belongs to the cluster: not two at a time.
    open my $lock, '<', "$root/tools/migrate" or die "tools/migrate: $!\n";
    flock $lock, LOCK_EX or die "flock: $!\n";

    system("$root/tools/migrate 'dbname=$self->{name}' >/dev/null") == 0
        or die "tools/migrate failed\n";

    psql($self->{name}, "ALTER ROLE amzsync_nginx PASSWORD '$password'");
}


sub name { $_[0]{name} }

sub dir { "$_[0]{dir}" }

sub root { $root }


# Writes a file for nginx to read, and returns its path.

sub file {
    my ($self, $name, $text) = @_;
    my $path = "$self->{dir}/$name";

    open my $fh, '>:raw', $path or die "$path: $!\n";
    print $fh $text;
    close $fh or die "$path: $!\n";

    return $path;
}


# For amzsync_postgres: the least-privilege role.

sub conninfo {
    my ($self, %arg) = @_;
    my %info = (
        host     => $ENV{PGHOST} || "localhost",
        port     => $ENV{PGPORT},
        dbname   => $self->{name},
        user     => "amzsync_nginx",
        password => $password,
        sslmode  => "disable",
        %arg,
    );

    return join " ", map { "$_=$info{$_}" } grep { defined $info{$_} }
                     sort keys %info;
}


sub main_config {
    return "thread_pool amzsync threads=4 max_queue=65536;";
}


# For --- http_config.  Arguments: postgres => the arguments that follow the
# conninfo (AMZSYNC_PATIENCE, unless told: for an nginx that is slow by itself),
# conninfo => { ... }, endpoint => URL, lwa => URL, datasets => names
# (orders alone, unless told), pool => the arguments that follow the thread
# pool's name, extra => TEXT; undef leaves a directive out.  The default
# endpoint is the sandbox in the server under test, see sandbox().

sub http_config {
    my ($self, %arg) = @_;
    my $amazon = 'http://127.0.0.1:$TEST_NGINX_SERVER_PORT/amazon';
    my %with = (
        postgres => $ENV{AMZSYNC_PATIENCE} || "",
        endpoint => $amazon,
        lwa      => "$amazon/auth/o2/token",
        keys     => "$self->{dir}/keys",
        datasets => "orders",
        pool     => "",
        extra    => "",
        %arg,
    );
    my $text = "";

    $text .= sprintf qq{amzsync_postgres "%s" %s;\n},
                     $self->conninfo(%{ $with{conninfo} || {} }),
                     $with{postgres}
        if defined $with{postgres};
    $text .= "amzsync_thread_pool amzsync $with{pool};\n";
    $text .= "amzsync_endpoint na $with{endpoint};\n"
        if defined $with{endpoint};
    $text .= "amzsync_lwa $with{lwa} client_id=sandbox-client"
             . " client_secret_file=$self->{dir}/client_secret;\n"
        if defined $with{lwa};
    $text .= "amzsync_token_keys $with{keys};\n" if defined $with{keys};
    $text .= "amzsync_datasets $with{datasets};\n"
        if defined $with{datasets};

    # The default is a folder of the system's.
    $text .= "amzsync_temp_path $self->{dir}/temp;\n"
        if $with{extra} !~ /amzsync_temp_path/;

    return $text . $with{extra};
}


# For --- config: the locations; the user is in the header X-User.

sub locations {
    my ($self, %arg) = @_;
    my $user = $arg{user} || '$http_x_user';

    return <<END . $self->sandbox($arg{sandbox});
        location = /api/v1/integrations/amazon/sync {
            amzsync_user $user;
            amzsync_start;
        }

        location /api/sync/status {
            amzsync_user $user;
            amzsync_status;
        }

        location /api/sync/cancel {
            amzsync_user $user;
            amzsync_cancel;
        }

        location /api/sync/events {
            amzsync_user $user;
            amzsync_events;
        }

        location = /api/sync/history {
            amzsync_user $user;
            amzsync_history;
        }

        location = /api/v1/integrations/amazon/connection {
            amzsync_user $user;
            amzsync_connection;
        }

END
}


# The embedded Amazon; the zone is a file's own, by the number of the object.

sub sandbox {
    my ($self, $args) = @_;

    $args = "seed=1 orders=500 page=100 quota=10000" if !defined $args;

    return <<END;
        location /amazon/ {
            amzsync_sandbox zone=sandbox:1m $args;
        }
END
}


# Runs SQL as the owner of the cluster; rows are references to arrays of text,
# with undef for NULL.

sub sql {
    my ($self, $text) = @_;

    return psql($self->{name}, $text);
}


# The first column of the first row.

sub value {
    my ($self, $text) = @_;
    my ($row) = $self->sql($text);

    return $row ? $row->[0] : undef;
}


sub psql {
    my ($database, $text) = @_;
    my ($in, $out);

    my $null = "\x02";
    # TLS only where it must be: it costs more than most of what is asked.
    my @command = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\x1f",
                   "-R", "\x1e", "-P", "null=$null",
                   "-d", "dbname=$database sslmode=allow", "-c", $text);

    open my $fh, '-|', @command or die "psql: $!\n";
    local $/;
    $out = <$fh>;
    close $fh or die "psql failed: $text\n";

    $out =~ s/\n\z//;

    return map {
        [ map { $_ eq $null ? undef : $_ } split /\x1f/, $_, -1 ]
    } split /\x1e/, $out;
}


# Runs a script of psql, which may have its backslash commands.

sub script {
    my ($self, $text) = @_;

    open my $fh, '|-', "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-o",
         "/dev/null", "-d", $self->{name} or die "psql: $!\n";
    print $fh "SET client_min_messages = warning;\n$text";
    close $fh or die "psql failed: $text\n";
}


# Calls a location; answers (status, decoded JSON or undef, response).

sub call {
    my ($self, $method, $path, %arg) = @_;
    my $port = $arg{port} || $ENV{TEST_NGINX_SERVER_PORT};

    my %options = (headers => { %{ $arg{headers} || {} } });
    $options{headers}{"X-User"} = $arg{user} if defined $arg{user};

    if (ref $arg{body}) {
        $options{content} = JSON::PP::encode_json($arg{body});
        $options{headers}{"Content-Type"} = "application/json";

    } elsif (defined $arg{body}) {
        $options{content} = $arg{body};
    }

    my $http = HTTP::Tiny->new(timeout => $arg{timeout} || 30);
    my $answer = $http->request($method, "http://127.0.0.1:$port$path",
                                \%options);
    my $json = eval { JSON::PP::decode_json($answer->{content}) };

    return ($answer->{status}, $json, $answer);
}


# Connects a user to the sandbox's demo seller.

sub connect {
    my ($self, $user, %arg) = @_;

    my ($status, $json) = $self->call(
        "PUT", "/api/v1/integrations/amazon/connection",
        user => $user, port => $arg{port},
        body => {
            sellingPartnerId => $arg{seller} || "A1SANDBOXDEMO",
            region           => $arg{region} || "na",
            marketplaceIds   => exists $arg{marketplaces}
                                ? $arg{marketplaces} : ["ATVPDKIKX0DER"],
            refreshToken     => $arg{token} || "Atzr|sandbox-DEMO",
            exists $arg{interval}
                ? (syncIntervalMinutes => $arg{interval}) : (),
        });

    return $status == 200;
}


# Starts a sync and answers its id, or undef.

sub start {
    my ($self, $user, %arg) = @_;

    my ($status, $json) = $self->call(
        "POST", "/api/v1/integrations/amazon/sync",
        user => $user, port => $arg{port});

    return $json ? $json->{syncId} || $json->{existingSyncId} : undef;
}


# Waits until a user's sync has ended; answers its state in the database, or
# undef when the seconds of "timeout" are over.

sub wait_sync {
    my ($self, $sync, %arg) = @_;
    my $end = Time::HiRes::time() + ($arg{timeout} || 60);

    my ($user, $no) = $sync =~ /^sync_(.*)_(\d+)$/
        or die "not a sync id: $sync\n";
    $user =~ s/'/''/g;

    while (Time::HiRes::time() < $end) {
        my $state = $self->value(
            "SELECT state FROM amzsync.sync_progress
              WHERE user_id = '$user' AND sync_no = $no");

        return $state if defined $state && $state !~ /^(?:queued|running)$/;

        Time::HiRes::sleep(0.1);
    }

    return undef;
}


1;

package Bench::Site;

# What the benches share: a private PostgreSQL, nginx with the module, an
# Amazon in an nginx of its own, and the peers.

use strict;
use warnings;

use AmzSync;
use AmzSync::Cluster;
use AmzSync::Nginx;
use Bench::Program;
use JSON::PP ();
use Time::HiRes ();

# As a small server of its own would be set up.
my %settings = (
    shared_buffers               => "512MB",
    max_wal_size                 => "8GB",
    checkpoint_timeout           => "1h",
    max_connections              => 200,
    # Its workers would fall into some rounds and not into others.
    autovacuum                   => "off",
);

my $datasets = "marketplaces,orders,inventory,financial_transactions";
my $bulk = 1764000000000;
my @markets = qw(ATVPDKIKX0DER A2EUQ1WTGCTBG2 A1AM78C64UM0Y8);


# Arguments: out => folder for logs, node => folder of the peers in JavaScript,
# node_program => node, libpq => the bare client, quick => 0 or 1.

sub new {
    my ($class, %arg) = @_;

    my $cluster = AmzSync::Cluster->new(settings => \%settings);
    my $db = AmzSync->new;

    return bless { %arg, cluster => $cluster, db => $db }, $class;
}


sub db { $_[0]{db} }

sub sql { my $self = shift; return $self->{db}->sql(@_) }

sub value { my $self = shift; return $self->{db}->value(@_) }

sub out { $_[0]{out} }

sub quick { $_[0]{quick} }

sub postgres { $_[0]{cluster}->pid }

sub markets { @markets }


# --- nginx

# With the module.  Arguments: amazon => AmzSync::Nginx of a sandbox, threads,
# postgres => of amzsync_postgres, datasets => those of a sync if not all,
# extra => directives, server => locations.

sub module {
    my ($self, %arg) = @_;
    my $url = "http://127.0.0.1:" . ($arg{amazon} || $self->amazon)->port
              . "/amazon";
    my $threads = $arg{threads} || 2;

    my $http = $self->{db}->http_config(endpoint => $url,
                                        lwa => "$url/auth/o2/token",
                                        postgres => $arg{postgres}
                                                    || "writes=2",
                                        datasets => $arg{datasets},
                                        pool => "tasks=$threads",
                                        extra => $arg{extra} || "");

    return AmzSync::Nginx->new(
        threads     => $threads,
        connections => 4096,
        log_level   => "error",
        http        => "keepalive_requests 1000000000;\n$http",
        server      => $self->{db}->locations . ($arg{server} || ""));
}


# One that answers the same text to whatever is asked.

sub constant {
    my ($self, $text) = @_;

    die "not a text for nginx.conf: $text\n" if $text =~ /['\$\\]/;

    return AmzSync::Nginx->new(
        connections => 4096,
        log_level   => "error",
        http        => "keepalive_requests 1000000000;\n",
        server      => "location / { default_type application/json;\n"
                       . "return 200 '$text'; }");
}


# A sandbox in an nginx of its own.  The one without arguments never limits.

sub sandbox {
    my ($self, $args) = @_;

    return AmzSync::Nginx->new(
        connections => 4096,
        log_level   => "error",
        http        => "keepalive_requests 1000000000;\n",
        server      => $self->{db}->sandbox($args));
}


sub amazon {
    my ($self) = @_;

    return $self->{amazon} ||= $self->sandbox("seed=1 orders=500 quota=0");
}


# --- peers

sub database {
    my ($self) = @_;

    return JSON::PP->new->canonical->encode({
        host     => $ENV{PGHOST},
        port     => int $ENV{PGPORT},
        database => $self->{db}->name,
        user     => "amzsync_nginx",
        password => "amzsync",
    });
}


# A peer in JavaScript; the rest is its environment.

sub peer {
    my ($self, $file, %env) = @_;

    return Bench::Program->new(
        [ $self->{node_program}, "$self->{node}/$file" ],
        log => "$self->{out}/" . ($file =~ s{/}{-}gr) . ".log",
        env => {
            NODE_ENV => "production",
            DATABASE => $self->database,
            DATASETS => $datasets,
            %env,
        });
}


sub fastify {
    my ($self, %env) = @_;
    my $port = AmzSync::Nginx::free_port();

    return ($self->peer("fastify/server.js", PORT => $port, %env)
                 ->listens($port), $port);
}


# The module's own page statements of orders as PostgreSQL sees them, so that
# peers send the same: the name of a file, of the one for "any" rows, or of that
# for pages whose rows are all "fresh".

sub page_statement {
    my ($self, $kind) = @_;
    my $file = "$self->{out}/$kind.sql";

    return $file if $self->{statement}++;

    my $db = $self->{db};
    my $name = $db->name;

    $self->sql("ALTER ROLE amzsync_nginx IN DATABASE $name
                SET log_statement = 'all'");

    {
        my $nginx = $self->module;
        my $sync = $self->begin($nginx, "statements", "STATEMENTS");

        ($db->wait_sync($sync) || "") eq "completed"
            or die "the first sync failed:\n" . $nginx->log;
    }

    $self->sql("ALTER ROLE amzsync_nginx IN DATABASE $name
                RESET log_statement");

    my $log = $self->{cluster}->log;

    $self->write_statement($log, "any", qr/unmet/);
    $self->write_statement($log, "fresh", qr/fresh/);

    return $file;
}


# The one whose INSERT of orders has this name.

sub write_statement {
    my ($self, $log, $kind, $name) = @_;
    my $file = "$self->{out}/$kind.sql";

    my ($text) = $log
        =~ /LOG:\s+execute \w+: (.*$name AS \(INSERT INTO amzsync\.orders .*)\n/
        or die "no $kind page of orders in PostgreSQL's log\n";

    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";
}


# --- data

# Connects a user to a seller of the sandbox by nginx and starts a sync;
# answers its id.

sub begin {
    my ($self, $nginx, $user, $seller) = @_;
    my $db = $self->{db};

    for (1 .. 100) {
        my $sync = $db->connect($user, port => $nginx->port,
                                seller => $seller, marketplaces => \@markets,
                                token => "Atzr|sandbox-$seller")
                   && $db->start($user, port => $nginx->port);

        return $sync if $sync;

        Time::HiRes::sleep(0.1);
    }

    die "no sync began:\n" . $nginx->log;
}


# Syncs of all datasets that nobody works on, of the users PREFIX1 to
# PREFIXcount; their numbers are 1764000000000 and the user's, their states
# those given, in turn.  No worker takes them over: their leases do not end.

sub syncs {
    my ($self, $prefix, $count, @states) = @_;
    my $array = "(ARRAY[" . join(",", map { "'$_'" } @states) . "])[1 + i % "
                . @states . "]";

    $self->sql("
        INSERT INTO amzsync.sync_progress
              (user_id, sync_no, selling_partner_id, region, marketplace_ids,
               state, progress, message, error_code, error_message,
               error_request_id, started_at, updated_at, completed_at,
               estimated_completion, lease, lease_until)
        SELECT '$prefix' || i, $bulk + i, 'A1' || i, 'na', '{ATVPDKIKX0DER}',
               s.state,
               CASE s.state WHEN 'completed' THEN 100 ELSE i % 100 END,
               CASE s.state WHEN 'completed' THEN 'Sync completed'
                            WHEN 'failed' THEN 'Sync failed'
                            ELSE 'Fetching orders' END,
               CASE WHEN s.state = 'failed' THEN 'access_denied' END,
               CASE WHEN s.state = 'failed' THEN 'Amazon denies access' END,
               CASE WHEN s.state = 'failed' THEN md5(i::text) END,
               now() - interval '1 hour', now() - interval '1 minute',
               CASE WHEN s.state <> 'running' THEN now() END,
               CASE WHEN s.state = 'running' THEN now() + interval '9 min' END,
               CASE WHEN s.state = 'running' THEN 1 END,
               CASE WHEN s.state = 'running' THEN 'infinity'::timestamptz END
          FROM generate_series(1, $count) i, LATERAL (SELECT $array AS state) s
    ");

    $self->sql("
        INSERT INTO amzsync.sync_datasets
              (user_id, sync_no, dataset, position, status, progress, page,
               rows, error_code, error_message, error_request_id)
        SELECT user_id, sync_no, d.name, d.position,
               CASE state WHEN 'running' THEN 'in_progress' ELSE state END,
               progress, progress, progress * 100, error_code, error_message,
               error_request_id
          FROM amzsync.sync_progress,
               unnest('{$datasets}'::text[])
                   WITH ORDINALITY AS d (name, position)
         WHERE user_id ~ '^$prefix\[0-9]+\$'
    ");
}


# Holds the one sync that a worker may have (amzsync_max_syncs 1): it waits for
# its quota until tomorrow.

sub block {
    my ($self, $nginx) = @_;

    $self->sql("
        INSERT INTO amzsync.quota_buckets
              (client_id, selling_partner_id, region, operation, rate, burst,
               tat, granted)
        VALUES ('sandbox-client', 'BLOCKER', 'na', 'searchOrders', 0.0056, 20,
                now() + interval '1 day', false)
        ON CONFLICT DO NOTHING");

    $self->begin($nginx, "blocker", "BLOCKER");

    for (1 .. 100) {
        return if $self->value("SELECT state FROM amzsync.sync_progress
                                 WHERE user_id = 'blocker'") eq "running";
        Time::HiRes::sleep(0.1);
    }

    die "the first sync does not run:\n" . $nginx->log;
}


# Deletes the syncs of the users with a prefix and a number.

sub forget {
    my ($self, $prefix) = @_;

    $self->sql("DELETE FROM amzsync.$_ WHERE user_id ~ '^$prefix\[0-9]'")
        for "sync_datasets", "sync_progress", "cursors";
    $self->vacuum;
}


sub vacuum {
    my ($self) = @_;

    $self->sql($_) for "VACUUM ANALYZE amzsync.sync_progress",
                       "VACUUM ANALYZE amzsync.sync_datasets",
                       "VACUUM ANALYZE amzsync.connections",
                       "CHECKPOINT";
}


# The database goes before its cluster.

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    delete $self->{amazon};
    delete $self->{db};
}


sub number { return $bulk + $_[1] }


1;

package AmzSync::Site;

# A database, an Amazon in an nginx of its own, and as many nginx with the
# module as a suite wants.
#
#     my $site = AmzSync::Site->new("seed=1 orders=600 page=10 quota=2000");
#     my $nginx = $site->nginx(workers => 2, extra => "amzsync_lease 3s;");
#     my $sync = $site->begin($nginx, "u1", seller => "S1");
#     my $row = $site->row("u1");

use strict;
use warnings;

use AmzSync;
use AmzSync::Nginx;
use AmzSync::Truth;
use POSIX qw(strftime);
use Time::HiRes ();

my @markets = qw(ATVPDKIKX0DER A2EUQ1WTGCTBG2 A1AM78C64UM0Y8);


# "http" and "server" are what else Amazon's nginx has there, "icu" the
# database's locale.

sub new {
    my ($class, $sandbox, %arg) = @_;

    my $db = AmzSync->new(icu => $arg{icu});
    my $amazon = AmzSync::Nginx->new(http => $arg{http} || "",
                                     server => ($arg{server} || "")
                                               . $db->sandbox($sandbox));

    return bless {
        db     => $db,
        amazon => $amazon,
        url    => "http://127.0.0.1:" . $amazon->port . "/amazon",
        nginx  => [],
    }, $class;
}


sub db { $_[0]{db} }

sub amazon { $_[0]{amazon} }

sub url { $_[0]{url} }

# Those that sellers are connected with, unless told.

sub markets { @markets }


# Amazon's arguments are others from now on; its zone stays.

sub renew {
    my ($self, $sandbox, %arg) = @_;
    my $amazon = $self->{amazon};
    my ($old) = $amazon->workers;

    $amazon->configure(http => $arg{http} || "",
                       server => ($arg{server} || "")
                                 . $self->{db}->sandbox($sandbox));
    $amazon->signal("HUP");

    until_true(20, sub {
        my ($new) = $amazon->workers;
        $new && $new != $old;
    }) or die "the sandbox was not configured anew\n";
}


# "amazon" is another address of Amazon's.

sub nginx {
    my ($self, %arg) = @_;
    my $url = $arg{amazon} || $self->{url};

    my $nginx = AmzSync::Nginx->new(
        workers => $arg{workers}, log_level => $arg{log_level},
        http => $self->{db}->http_config(endpoint => $url,
                                         lwa => "$url/auth/o2/token",
                                         (map { $_ => $arg{$_} }
                                          grep { exists $arg{$_} }
                                          qw(datasets conninfo pool postgres)),
                                         extra => $arg{extra} || ""),
        server => $self->{db}->locations . ($arg{server} || ""));

    push @{ $self->{nginx} }, $nginx;

    return $nginx;
}


sub connect {
    my ($self, $nginx, $user, %arg) = @_;
    my $seller = $arg{seller} || "DEMO";
    my $token = $arg{token} || "Atzr|sandbox-$seller";

    return until_true(20, sub {
        $self->{db}->connect($user, port => $nginx->port, seller => $seller,
                             token => $token,
                             exists $arg{interval}
                             ? (interval => $arg{interval}) : (),
                             marketplaces => exists $arg{marketplaces}
                                             ? $arg{marketplaces} : \@markets)
    });
}


# Connects a user and starts a sync; answers its id.

sub begin {
    my ($self, $nginx, $user, %arg) = @_;
    my $sync;

    $self->connect($nginx, $user, %arg)
        or die "not connected:\n" . $nginx->log;

    until_true(20, sub {
        $sync = $self->{db}->start($user, port => $nginx->port)
    }) or die "not started:\n" . $nginx->log;

    return $sync;
}


# A user's last sync and its only dataset, as the database has them.

sub row {
    my ($self, $user) = @_;
    my @names = qw(state lease left tries in_flight progress error page rows
                   status window_page);

    my ($row) = $self->{db}->sql("
        SELECT p.state, p.lease, extract(epoch FROM p.lease_until - now()),
               p.tries, p.in_flight, p.progress, p.error_code, d.page, d.rows,
               d.status, d.window_page
          FROM amzsync.sync_progress p
          JOIN amzsync.sync_datasets d USING (user_id, sync_no)
         WHERE user_id = '$user' ORDER BY sync_no DESC LIMIT 1");

    return { map { $names[$_] => $row->[$_] } 0 .. $#names };
}


# Waits until a user's row is as wanted; answers it, or undef.

sub wait_row {
    my ($self, $user, $timeout, $wanted) = @_;
    my $row;

    return until_true($timeout, sub {
        $wanted->($row = $self->row($user))
    }) ? $row : undef;
}


# Differences of a user's tables from a seller's truth: of orders and items,
# or of those named; the last may be what else the sandbox is asked, "&...".

sub differences {
    my ($self, $user, $seller, @tables) = @_;
    my $more = @tables && $tables[-1] =~ /^&/ ? pop @tables : undef;

    return AmzSync::Truth::compare($self->{db}, user => $user,
                                   url => $self->{url}, seller => $seller,
                                   marketplaces => \@markets, more => $more,
                                   tables => @tables ? \@tables : undef);
}


# Takes a seller to a revision; what is new in it happened so many seconds ago.

sub revise {
    my ($self, $seller, $revision, $ago) = @_;
    my $at = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time - $ago));

    my ($status) = $self->{db}->call("POST", "/amazon/_sandbox/revision"
                   . "?seller=$seller&set=$revision&at=$at",
                   port => $self->{amazon}->port);

    die "revision: $status\n" if $status != 200;
}


# What the sandbox counted: of searchOrders, by status; and the tokens given.

sub requests {
    my ($self) = @_;
    my (undef, $stats) = $self->{db}->call("GET", "/amazon/_sandbox/stats",
                                           port => $self->{amazon}->port);

    return $stats->{requests};
}


sub searches { $_[0]->requests->{searchOrders} }

sub tokens { $_[0]->requests->{token}{200} || 0 }


sub logs {
    my ($self) = @_;

    return join "", map { $_->log } @{ $self->{nginx} };
}


sub alarms {
    my ($self, $but) = @_;

    return map { $_->alarms($but) } $self->{amazon}, @{ $self->{nginx} };
}


sub until_true {
    my ($timeout, $condition) = @_;
    my $end = Time::HiRes::time() + $timeout;

    while (Time::HiRes::time() < $end) {
        return 1 if $condition->();
        Time::HiRes::sleep(0.05);
    }

    return 0;
}


# nginx first: they use the database to the end.

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    $self->{nginx} = [];
    $self->{amazon} = undef;
}


1;

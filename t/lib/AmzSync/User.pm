package AmzSync::User;

# A user of a campaign, in a process of his own: he starts syncs, looks at them
# until they end, compares the tables with the truth, and changes his mind, as
# people do.  He has a seller of his own, and now and then another one.
#
#     my $user = AmzSync::User->new(site => $site, name => "u1", seed => 1,
#                                   ports => [ 8001, 8002 ], out => $pipe,
#                                   stop => "/path/of/a/file");
#     my $pid = $user->live;          # until that file is there
#     my $pid = $user->calm;          # one more sync, which must be right
#
# What he tells, a line each in "out", begins with a word:
#
#     fault KIND           something that he did, which the module must bear
#     ended HOW            how a sync of his ended
#     code CODE COUNT      how often requests were answered so
#     started ID           of a sync that was answered 200
#     cancelled ID         of one whose cancel was answered 200
#     bad TEXT             something that must never be

use strict;
use warnings;

use AmzSync::Truth ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);

my $start = "/api/v1/integrations/amazon/sync";
my $connection = "/api/v1/integrations/amazon/connection";
my $markets = [ qw(ATVPDKIKX0DER A2EUQ1WTGCTBG2 A1AM78C64UM0Y8) ];

# A request may reach a worker that stands still, and be done much later.
my $patience = 4;
my $late = 12;

# Revisions that a seller of the sandbox may have.
my $revisions = 60;


sub new {
    my ($class, %arg) = @_;

    return bless { %arg, codes => {}, sellers => 0, revision => 0,
                   revised => 0, unsure => 0 }, $class;
}


sub live { $_[0]->fork(\&lives) }

sub calm { $_[0]->fork(\&calms) }


sub fork {
    my ($self, $code) = @_;

    my $pid = fork();
    die "fork: $!\n" if !defined $pid;
    return $pid if $pid;

    # psql and HTTP may fail as often as they like.
    open STDERR, '>', "/dev/null";
    $SIG{$_} = "DEFAULT" for qw(TERM ALRM);
    srand $self->{seed};

    eval { $code->($self); 1 }
        or $self->stopped || $self->tell("bad", "$self->{name} died: $@");

    $self->tell("code", $_, $self->{codes}{$_})
        for sort keys %{ $self->{codes} };

    POSIX::_exit(0);
}


sub stopped { -e $_[0]{stop} }


sub tell {
    my ($self, @words) = @_;
    my $line = substr join(" ", @words), 0, 1000;

    $line =~ s/\s+/ /g;
    syswrite $self->{out}, "$line\n";
}


sub pause {
    my ($self, $seconds) = @_;
    my $end = time + $seconds;

    while (time < $end) {
        die "stopped\n" if $self->stopped;
        sleep 0.05;
    }
}


# A call to one of the nginx.  Nobody there, or no answer, is a 599; a 500 has
# the module's words.

sub call {
    my ($self, $method, $path, %arg) = @_;
    my $port = $arg{port} || $self->{ports}[rand @{ $self->{ports} }];

    my ($code, $json, $answer) = $self->{site}->db->call(
        $method, $path, user => $self->{name}, port => $port,
        timeout => $patience, body => $arg{body});

    return $self->check("$method $path", $code, $json, $answer->{content});
}


sub check {
    my ($self, $what, $code, $json, $text) = @_;

    $self->{codes}{$code}++;
    $json = {} if ref $json ne "HASH";

    $self->tell("bad", "$what: $code $text")
        if $code != 599 && !defined $json->{success}
           || $code == 500 && ($json->{error} || "") ne "internal_server_error"
           || $code !~ /^(?:200|400|409|500|599)$/;

    return ($code, $json);
}


# Again and again, until it is answered as it is wanted.

sub insist {
    my ($self, $method, $path, %arg) = @_;

    for my $n (1 .. 60) {
        my ($code) = $self->call($method, $path, %arg);
        return 1 if $code == 200;

        if ($code == 500 || $code == 599) {
            $self->{unsure} = time + $late;
        } else {
            $self->tell("bad", "$method $path: $code");
        }

        $self->pause(0.3);
    }

    $self->tell("bad", "$method $path: not answered any more");
    die "no answer\n";
}


sub connect {
    my ($self, $seller) = @_;

    $self->insist("PUT", $connection, body => {
        sellingPartnerId => $seller, region => "na",
        marketplaceIds => $markets,
        refreshToken => "Atzr|sandbox-$seller" });

    $self->{connected} = 1;
    $self->{seller} = $seller;
}


# Amazon's quotas for the seller are those of the sandbox already: a 429 to the
# very first call would be believed for an hour.

sub another_seller {
    my ($self) = @_;
    my $seller = "$self->{name}s" . ++$self->{sellers};

    $self->patiently(sub {
        $self->{site}->db->sql("
            INSERT INTO amzsync.quota_buckets
            SELECT 'sandbox-client', '$seller', 'na', operation, 1000, burst,
                   now(), true
              FROM (VALUES ('getMarketplaceParticipations', 15),
                           ('searchOrders', 20), ('getInventorySummaries', 2),
                           ('listTransactions', 10)) q (operation, burst)
            ON CONFLICT DO NOTHING")
    });

    $self->{revision} = 0;
    $self->connect($seller);
}


# --- the life of a user ---

sub lives {
    my ($self) = @_;

    $self->another_seller;

    while (!$self->stopped) {
        $self->pause(rand 0.5);

        my $id = rand() < 0.15 ? $self->start_twice : $self->start_once;
        next if !defined $id;

        my $how = $self->follow($id);
        $self->tell("ended", $how);
        $self->truth($id) if $how =~ /^(?:completed|partly)/;
        $self->revise if rand() < 0.7;
    }
}


# A sync that runs, whoever has started it, or nothing.

sub start_once {
    my ($self) = @_;

    return $self->started($self->call("POST", $start));
}


sub started {
    my ($self, $code, $json) = @_;

    if ($code == 200) {
        $self->tell("started", $json->{syncId});
        return $json->{syncId};
    }

    if ($code == 409) {
        $self->tell("told", $json->{existingSyncId});
        return $json->{existingSyncId};
    }

    if ($code == 400) {
        $self->tell("bad", "$self->{name}: start: 400 $json->{error}")
            if $json->{error} ne "amazon_not_connected"
               || $self->{connected} && time > $self->{unsure};
        $self->connect($self->{seller});

    } else {
        $self->{unsure} = time + $late;
    }

    return undef;
}


# Two starts at the same moment, by two nginx: one sync.

sub start_twice {
    my ($self) = @_;
    my @sockets;

    for my $port (@{ $self->{ports} }) {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
                                           PeerPort => $port,
                                           Timeout => $patience)
            or return $self->start_once;
        push @sockets, $socket;
    }

    print $_ "POST $start HTTP/1.0\r\nX-User: $self->{name}\r\n"
             . "Content-Length: 0\r\n\r\n" for @sockets;

    my @answers = map { [ $self->read_answer($_) ] } @sockets;
    $self->tell("fault", "two starts at once");

    my @ids = map { $self->started(@$_) } @answers;
    my ($one, $other) = grep { defined } @ids;

    # Both may be new if the first has ended before the second came.
    if (defined $other && $one ne $other) {
        my ($first) = sort { length $a <=> length $b || $a cmp $b }
                           $one, $other;
        my $row = $self->row($first);

        $self->tell("bad", "$one and $other run at once")
            if !$row || $row->{state} =~ /queued|running/;
        $one = $first eq $one ? $other : $one;
    }

    return $one;
}


sub read_answer {
    my ($self, $socket) = @_;
    my $text = "";

    eval {
        local $SIG{ALRM} = sub { die "late\n" };
        alarm $patience;
        1 while sysread $socket, $text, 65536, length $text;
        alarm 0;
    };
    alarm 0;

    my ($code, $body) = $text =~ m{^HTTP/1\.\d (\d+).*?\r\n\r\n(.*)$}s;
    my $json = eval { JSON::PP::decode_json($body) };

    return $self->check("POST $start", defined $json ? $code : 599, $json,
                        $text);
}


# Looks at a sync until it has ended; answers how.

sub follow {
    my ($self, $id) = @_;
    my $act = rand() < 0.3 ? $self->acts : undef;
    my $when = time + 0.2 + rand 3;
    my $seen = 0;

    while (1) {
        my ($code, $json) = $self->call("GET", "/api/sync/status/$id");

        if ($code == 200) {
            $self->tell("bad", "$id: progress from $seen to $json->{progress}")
                if $json->{progress} < $seen;
            $seen = $json->{progress};

            return $self->end($id, $json)
                if $json->{status} ne "in_progress";
        }

        if ($act && time > $when) {
            $act->($self, $id);
            $act = undef;
        }

        $self->pause(0.1 + rand 0.3);
    }
}


sub end {
    my ($self, $id, $json) = @_;
    my $status = $json->{status};

    return "failed, $json->{error}{code}" if $status eq "failed";

    if ($status eq "cancelled") {
        $self->tell("bad", "$id was cancelled, and nobody did it")
            if !$self->{cancels}{$id} && time > $self->{unsure};
        return $status;
    }

    my ($bad) = grep { $_->{status} ne "completed" } @{ $json->{datasets} };

    return $bad ? "partly, $bad->{error}{code}" : "completed";
}


# --- what users do in the middle of a sync ---

sub acts {
    my @acts = (\&cancel, \&cancel, \&cancel_twice, \&disconnect, \&change,
                \&restart);

    return $acts[rand @acts];
}


# Whether it was cancelled; it may have ended before.

sub cancel {
    my ($self, $id, %arg) = @_;

    $self->tell("fault", $arg{kind} || "cancel");
    $self->{cancels}{$id} = 1;

    for (1 .. 60) {
        my ($code, $json) = $self->call("POST", "/api/sync/cancel/$id", %arg);

        if ($code == 200) {
            $self->tell("cancelled", $id);
            return 1;
        }

        if ($code == 400) {
            $self->tell("bad", "$id: cancel: $json->{error}")
                if $json->{error} ne "sync_not_running";
            return 0;
        }

        $self->pause(0.2);
    }

    return 0;
}


sub cancel_twice {
    my ($self, $id) = @_;

    for my $port (@{ $self->{ports} }) {
        $self->cancel($id, kind => "cancel, twice", port => $port)
            or return;
    }
}


sub restart {
    my ($self, $id) = @_;

    $self->cancel($id, kind => "cancel and start") or return;

    my $next = $self->start_once;

    $self->tell("bad", "$id was cancelled, and started anew")
        if defined $next && $next eq $id;
}


# Once this was answered no sync runs, and none may be started; unless a start
# that was given up comes late.

sub disconnect {
    my ($self, $id) = @_;

    $self->tell("fault", "disconnect");
    $self->{cancels}{$id} = 1;
    $self->insist("DELETE", $connection);

    my $sure = time > $self->{unsure};
    my $row = $self->row($id);
    $self->tell("bad", "$id: $row->{state} after disconnecting")
        if $row && $row->{state} =~ /queued|running/;

    $self->{connected} = 0;
    my ($code, $json) = $self->call("POST", $start);
    $self->tell("bad", "start without a connection: $code")
        if $sure && $code !~ /^(?:400|500|599)$/;

    $self->pause(rand 0.5);
    $self->connect($self->{seller});
}


sub change {
    my ($self, $id) = @_;

    $self->tell("fault", "another seller");
    $self->{cancels}{$id} = 1;
    $self->another_seller;
}


# --- what is in the database ---

# The database may be away; not for ever.

sub patiently {
    my ($self, $code) = @_;

    for (1 .. 60) {
        my @answer;
        return @answer if eval { @answer = $code->(); 1 };
        $self->pause(0.5);
    }

    die "the database does not answer: $@";
}


sub row {
    my ($self, $id) = @_;
    my ($no) = $id =~ /_(\d+)$/;
    my @names = qw(state seller newest);

    my ($row) = $self->patiently(sub {
        $self->{site}->db->sql("
            SELECT state, selling_partner_id,
                   (SELECT max(sync_no) FROM amzsync.sync_progress n
                     WHERE n.user_id = p.user_id)
              FROM amzsync.sync_progress p
             WHERE user_id = '$self->{name}' AND sync_no = $no")
    });

    return $row && { map { $names[$_] => $row->[$_] } 0 .. $#names };
}


# The tables of the datasets that a sync has completed are the truth, if it
# began after the last revision (a start that was given up may have come late),
# and is the last one still when they have been read.

sub truth {
    my ($self, $id) = @_;
    my ($no) = $id =~ /_(\d+)$/;
    my $row = $self->row($id);

    return $self->tell("bad", "$id is not there") if !$row;
    return if $no < $self->{revised};

    my %done = map { $_->[0] => 1 } $self->patiently(sub {
        $self->{site}->db->sql("
            SELECT dataset FROM amzsync.sync_datasets
             WHERE user_id = '$self->{name}' AND sync_no = $no
               AND status = 'completed'")
    });

    $done{order_items} = $done{orders};

    my @differences = $self->patiently(sub {
        AmzSync::Truth::compare(
            $self->{site}->db, user => $self->{name}, as => $self->{name},
            url => $self->{site}{url}, seller => $row->{seller},
            partner => $row->{seller}, marketplaces => $markets,
            tables => [ grep { $done{$_} } @AmzSync::Truth::all ])
    });

    return if $self->row($id)->{newest} != $no;

    $self->tell("compared", scalar keys %done);
    $self->tell("bad", "$id: $_") for @differences;
}


# What is new in a revision is younger than what the sync before it saw last.

sub revise {
    my ($self) = @_;

    return if $self->{revision} == $revisions;

    $self->patiently(sub {
        $self->{site}->revise($self->{seller}, $self->{revision} + 1, 400);
    });
    $self->{revision}++;
    $self->{revised} = 1000 * time;
}


# --- after the campaign ---

sub calms {
    my ($self) = @_;

    $self->{cancels} = {};
    $self->{seller} = ($self->patiently(sub {
        $self->{site}->db->value("SELECT selling_partner_id
                                    FROM amzsync.connections
                                   WHERE user_id = '$self->{name}'")
    }))[0];
    $self->connect($self->{seller});

    my $id = $self->start_once;
    return $self->tell("bad", "$self->{name}: no calm start") if !defined $id;

    my $how = $self->look($id);
    $self->tell("calm", $how);
    $self->tell("bad", "$id, calm: $how") if $how ne "completed";
    $self->truth($id);
}


sub look {
    my ($self, $id) = @_;
    my $limit = time + $self->{limit};

    while (time < $limit) {
        my ($code, $json) = $self->call("GET", "/api/sync/status/$id");

        $self->tell("bad", "$id, calm: status $code") if $code != 200;
        return $self->end($id, $json)
            if $code == 200 && $json->{status} ne "in_progress";

        $self->pause(0.3);
    }

    return "not ended after $self->{limit} s";
}


1;

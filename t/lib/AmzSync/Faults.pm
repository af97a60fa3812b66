package AmzSync::Faults;

# The faults of a campaign, injected one by one, some at the same time.
#
#     my $faults = AmzSync::Faults->new(site => $site, cluster => $cluster,
#         proxy => $proxy, nginx => [ $one, $other ], lease => 2,
#         sandbox => sub { "seed=1 $_[0]" });
#     $faults->inject;                # one at random
#     $faults->turn;                  # again and again: what is due
#     $faults->settle;                # until all is as before
#     $faults->log;                   # [ kind, time, workers ], ...
#
# The second of the nginx has its connections through the proxy.

use strict;
use warnings;

use AmzSync::Metrics ();
use AmzSync::Process ();
use AmzSync::Site ();
use POSIX ();
use Time::HiRes qw(sleep time);

# Arguments of the sandbox: requests of one kind fail, for a second or two.
my %storms = (
    "Amazon: 5xx"                  => "fault=http_503:2 fault=http_500:3",
    "Amazon: answers cut"          => "fault=cut:3",
    "Amazon: answers malformed"    => "fault=malformed:3",
    "Amazon: 429"                  => "fault=throttle:3",
    "Amazon: access tokens expire" => "fault=expired:9",
    "Amazon: slow"                 => "fault=slow:4",
    "Amazon: page tokens die"      => "inventory_ttl=1s transactions_ttl=1s",
    "Amazon: no access tokens"     => "fault=lwa_503:2 token_ttl=1s",
);

# How often each kind is picked, and what does it.
my @kinds = (
    "worker: SIGKILL"                => 8, \&kill_worker,
    "worker: stopped, continued"     => 7, \&stop_worker,
    "nginx: reload"                  => 4, \&reload,
    "nginx: quit and start"          => 4, \&quit,
    "nginx: SIGKILL and start"       => 3, \&kill_nginx,
    "backends terminated"            => 7, \&terminate,
    "PostgreSQL: immediate stop"     => 4, \&stop_postgres,
    "socket: in a statement"         => 4, \&cut_middle,
    "socket: after a statement"      => 6, \&cut_sent,
    "socket: in an answer"           => 4, \&cut_answer,
    "socket: statement waits"        => 6, \&cut_waiting,
    map({ ($_ => 2, \&storm) } sort keys %storms),
);


sub new {
    my ($class, %arg) = @_;
    my $self = bless {
        %arg, log => [], due => [], busy => {}, metrics => {}, outages => [],
        up => 1, left => {},
    }, $class;

    for (my $i = 0; $i < @kinds; $i += 3) {
        my ($kind, $weight, $code) = @kinds[$i .. $i + 2];

        $self->{code}{$kind} = $code;
        push @{ $self->{bag} }, ($kind) x $weight;
    }

    return $self;
}


sub kinds { map { $kinds[3 * $_] } 0 .. @kinds / 3 - 1 }

sub log { @{ $_[0]{log} } }

sub outages { @{ $_[0]{outages} } }


# One that is possible now.  The first of each kind come before any second.

sub inject {
    my ($self) = @_;

    for (1 .. 20) {
        my @never = grep { !$self->{done}{$_} } kinds();
        my @bag = @never && rand() < 0.7 ? @never : @{ $self->{bag} };
        my $kind = $bag[rand @bag];

        return $kind if $self->{code}{$kind}->($self, $kind);
    }

    return undef;
}


# A fault has come to pass; it met these workers, or whoever there was.

sub note {
    my ($self, $kind, @workers) = @_;

    $self->{done}{$kind}++;
    push @{ $self->{log} }, [ $kind, time, @workers ];

    return 1;
}


sub later {
    my ($self, $seconds, $code) = @_;

    push @{ $self->{due} }, [ time + $seconds, $code ];
}


# An action that must wait says so by a number of seconds.

sub turn {
    my ($self) = @_;
    my @now = grep { $_->[0] <= time } @{ $self->{due} };
    my %now = map { $_ => 1 } @now;

    @{ $self->{due} } = grep { !$now{$_} } @{ $self->{due} };

    for my $due (@now) {
        my $again = $due->[1]->();
        $self->later($again, $due->[1]) if $again;
    }
}


sub settle {
    my ($self) = @_;

    $self->{settling} = 1;

    while (@{ $self->{due} }) {
        $self->turn;
        sleep 0.02;
    }
}


# --- workers ---

# nginx that are as they should be; the second is spared for the later half,
# so that leaks have time to show.

sub whole {
    my ($self) = @_;

    return grep { !$self->{busy}{$_} } @{ $self->{nginx} };
}


sub spare {
    my ($self) = @_;
    my ($worker) = grep { !$self->{left}{$_} } $self->{nginx}[1]->workers;

    $self->{spared} = $worker;
}


sub victims {
    my ($self) = @_;

    return grep { !$self->{spared} || $_ != $self->{nginx}[1] }
           $self->whole;
}


sub kill_worker {
    my ($self, $kind) = @_;
    my @pids = grep { $_ != ($self->{spared} || 0) && !$self->{left}{$_} }
               map { $_->workers } $self->whole;
    my $pid = $pids[rand @pids] or return;

    return kill("KILL", $pid) && $self->note($kind, $pid);
}


# Longer than the lease; then its syncs are somebody else's.  Amazon is slow,
# often, so that they stand still in the middle of a call: its page is there
# when they go on.

sub stop_worker {
    my ($self, $kind) = @_;

    return if !keys %{ $self->standing } || $self->{stopping};

    $self->{stopping} = 1;
    $self->storm("Amazon: slow") if rand() < 0.7;

    $self->later(0.6, sub {
        my %pids = %{ $self->standing };

        $self->{stopping} = 0;
        $self->stand_still($kind, $_) for map { $pids{$_} } keys %pids;
        return;
    });

    return 1;
}


# One worker of each nginx that is whole, at random, or of one of them; another
# one shall be left there.

sub standing {
    my ($self) = @_;
    my %pids;

    for my $nginx ($self->whole) {
        my @pids = $nginx->workers;

        next if grep { $self->{left}{$_} } @pids;
        $pids{$nginx} = $pids[rand @pids] if @pids > 1;
    }

    delete $pids{ (keys %pids)[0] } if keys %pids > 1 && rand() < 0.5;

    return \%pids;
}


sub stand_still {
    my ($self, $kind, $pid) = @_;
    my $who = AmzSync::Process::identity($pid) or return;

    kill "STOP", $pid or return;
    $self->{left}{$pid} = $who;
    $self->note($kind, $pid);

    $self->later($self->{lease} + 0.8 + rand 1.2, sub {
        kill "CONT", $pid
            if (AmzSync::Process::identity($pid) || "") eq $who;
        delete $self->{left}{$pid};
        return;
    });
}


# --- nginx ---

sub reload {
    my ($self, $kind) = @_;
    my @all = $self->victims or return;
    my $nginx = $all[rand @all];
    my @workers = $nginx->workers;

    $nginx->signal("HUP");

    return $self->note($kind, @workers);
}


sub quit {
    my ($self, $kind) = @_;
    my @all = $self->victims or return;
    my $nginx = $all[rand @all];
    my $begin = time;

    $self->scrape($nginx);
    $self->{busy}{$nginx} = 1;
    $self->note($kind, $nginx->workers);
    $nginx->signal("QUIT");

    # A worker that stands still quits when it goes on.
    my $limit = 15 + $self->{lease} + 2;

    $self->later(0.05, sub {
        if (!defined $nginx->gone(0.01)) {
            return 0.05 if time - $begin < $limit;
            $self->{bad}->("nginx did not quit within $limit s: "
                           . join ", ", $nginx->children);
            $nginx->slay;
        }

        $nginx->start;
        delete $self->{busy}{$nginx};
        return;
    });

    return 1;
}


sub kill_nginx {
    my ($self, $kind) = @_;
    my @all = $self->victims or return;
    my $nginx = $all[rand @all];

    $self->scrape($nginx);
    $self->{busy}{$nginx} = 1;
    $self->note($kind, $nginx->workers);
    $nginx->slay;

    $self->later(0.1 + rand 1, sub {
        $nginx->start;
        delete $self->{busy}{$nginx};
        return;
    });

    return 1;
}


# --- PostgreSQL ---

sub terminate {
    my ($self, $kind) = @_;

    return if !$self->{up};

    my $count = $self->sql("
        SELECT count(pg_terminate_backend(pid)) FROM (
            SELECT pid FROM pg_stat_activity
             WHERE usename = 'amzsync_nginx' AND random() < 0.4) x");

    return $count && $self->note($kind);
}


# A value, or nothing if it is not to be had.

sub sql {
    my ($self, $text) = @_;

    return eval { $self->{site}->db->value($text) };
}


# Workers wait for it without work: who spins is found out.

sub stop_postgres {
    my ($self, $kind) = @_;

    return if !$self->{up};

    $self->{up} = 0;
    $self->note($kind);
    $self->{cluster}->stop("immediate");
    $self->outage(0.3 + rand 2);

    return 1;
}


sub outage {
    my ($self, $seconds) = @_;
    my $begin = time;
    my %cpu = map { $_ => AmzSync::Process::cpu($_) }
              map { $_->workers } $self->whole;

    $self->later($seconds, sub {
        my $took = time - $begin;

        for my $pid (keys %cpu) {
            my $cpu = AmzSync::Process::cpu($pid);
            push @{ $self->{outages} }, [ $took, $cpu - $cpu{$pid} ]
                if defined $cpu && defined $cpu{$pid};
        }

        $self->{cluster}->start;
        $self->{up} = 1;
        return;
    });
}


sub cut {
    my ($self, $kind, $how, $wait) = @_;
    my $nginx = $self->{nginx}[1];

    return if !$self->{up} || $self->{busy}{$nginx} || $self->{cutting};

    my @workers = $nginx->workers;
    my $at = time;

    $self->{cutting} = 1;
    $self->{proxy}->cut($how, 1 + int rand 4);

    # One that met nobody was none.
    $self->later($wait, sub {
        my $count = $self->{proxy}->cuts;

        $self->{cutting} = 0;
        $self->{cut}{$kind} += $count;
        $self->note($kind, @workers) && ($self->{log}[-1][1] = $at) if $count;
        return;
    });

    return 1;
}


sub cut_middle { cut(@_, "middle", 1) }

sub cut_sent { cut(@_, "sent", 1) }

sub cut_answer { cut(@_, "answer", 1) }


# Somebody at a console locks syncs; what waits for them is cut off, goes on
# all the same, and meets what the worker sends next.

sub cut_waiting {
    my ($self, $kind) = @_;

    return if !$self->{up} || $self->{cutting} || $self->{locker};

    my $pid = fork();
    return if !defined $pid;

    if (!$pid) {
        open STDERR, '>', "/dev/null";
        exec "psql", "-XAtq", "-o", "/dev/null", "-d",
             $self->{site}->db->name, "-c", "BEGIN", "-c",
             "SELECT FROM amzsync.sync_progress WHERE state = 'running'
                 FOR UPDATE", "-c", "SELECT pg_sleep(1.1)", "-c", "COMMIT"
            or POSIX::_exit(1);
    }

    $self->{locker} = $pid;

    $self->later(1, sub {
        return 0.1 if waitpid($pid, POSIX::WNOHANG()) == 0;
        $self->{locker} = undef;
        return;
    });

    return cut($self, $kind, "waiting", 1.3)
}


# --- Amazon ---

# A new configuration is in force once another worker has begun.

sub storm {
    my ($self, $kind) = @_;

    return if $self->{storm};

    $self->{storm} = 1;
    $self->amazon($storms{$kind});

    $self->later(1 + rand 1.5, sub {
        $self->amazon("");
        $self->{storm} = 0;
        return;
    });

    return $self->note($kind);
}


sub amazon {
    my ($self, $args) = @_;
    my $amazon = $self->{site}->amazon;
    my ($old) = $amazon->workers;

    $amazon->configure(http => "", connections => 2048,
                       server => $self->{site}->db->sandbox(
                           $self->{sandbox}->($args)));
    $amazon->signal("HUP");

    AmzSync::Site::until_true(20, sub {
        my ($new) = $amazon->workers;
        $new && $new != $old;
    }) or $self->{bad}->("the sandbox was not configured anew");
}


# --- what the module counts ---

# Counters end with their nginx: what it has until now is kept.

sub scrape {
    my ($self, $nginx) = @_;

    # One that stands still would answer no sooner than we let it go on.
    return if grep { $self->{left}{$_} } $nginx->workers;

    my $metrics = eval {
        AmzSync::Metrics->scrape($self->{site}->db, $nginx)
    } or return;

    for my $name (qw(claims steals fenced_writes)) {
        $self->{metrics}{$name}
            += $metrics->value("amzsync_${name}_total") || 0;
    }
}


sub metrics {
    my ($self) = @_;

    $self->scrape($_) for @{ $self->{nginx} };

    return %{ $self->{metrics} };
}


1;

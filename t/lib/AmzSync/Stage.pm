package AmzSync::Stage;

# Syncs of many users at once, each against answers of its own.
#
#     my $stage = AmzSync::Stage->new(extra => "amzsync_backfill 20d;");
#     $stage->scene("u1", rounds => [ { orders => $page } ], check => sub {
#         my ($stage, $user) = @_;
#         is($stage->set($user, "orders")->{status}, "completed");
#     });
#     $stage->play;
#
# A round is a sync: what Amazon answers to each dataset, as a text (always the
# same), a list (one after the other; the last one remains), or a function of
# the call that returns a text or (status, text).  A dataset that is not named
# gets one row of base values.  "check" is called after each round with its
# number, from 1; "before" likewise, before it begins.

use strict;
use warnings;

use AmzSync;
use AmzSync::Amazon;
use AmzSync::Nginx;
use AmzSync::Page;
use Time::HiRes ();

my $market = "ATVPDKIKX0DER";


sub new {
    my ($class, %arg) = @_;

    return bless {
        extra  => $arg{extra} || "",
        db     => AmzSync->new,
        scenes => {},
        order  => [],
    }, $class;
}


sub db { $_[0]{db} }

sub nginx { $_[0]{nginx} }


sub scene {
    my ($self, $user, %scene) = @_;

    die "two scenes of $user\n" if $self->{scenes}{$user};

    push @{ $self->{order} }, $user;
    $self->{scenes}{$user} = \%scene;
}


sub play {
    my ($self) = @_;

    $self->{amazon} = AmzSync::Amazon->new(sub { $self->answer(@_) });

    my $url = $self->{amazon}->url;

    $self->{nginx} = AmzSync::Nginx->new(
        http => $self->{db}->http_config(endpoint => $url,
                                         lwa => "$url/auth/o2/token",
                                         datasets => undef,
                                         extra => $self->{extra}),
        server => $self->{db}->locations);

    for (my $round = 1; my @users = $self->users($round); $round++) {
        $self->round($round, @users);
    }
}


sub users {
    my ($self, $round) = @_;

    return grep { $self->{scenes}{$_}{rounds}[$round - 1] }
           @{ $self->{order} };
}


sub round {
    my ($self, $round, @users) = @_;

    for my $user (@users) {
        my $scene = $self->{scenes}{$user};

        $scene->{before}($self, $user, $round) if $scene->{before};
        $self->start($user, $round);
    }

    $self->wait;
    $self->load;

    for my $user (@users) {
        my $scene = $self->{scenes}{$user};

        $scene->{check}($self, $user, $round) if $scene->{check};
    }
}


sub start {
    my ($self, $user, $round) = @_;
    my @who = ($user, port => $self->{nginx}->port);
    my $scene = $self->{scenes}{$user};

    # Each user has a seller, and so quotas, of his own.

    $self->{db}->connect(@who, seller => "S" . ($user =~ s/_//gr),
                         token => "$user|$round",
                         marketplaces => $scene->{markets} || [ $market ])
        && $self->{db}->start(@who)
        or die "$user is not connected:\n" . $self->{nginx}->log;
}


sub wait {
    my ($self) = @_;
    my $end = Time::HiRes::time() + 240;

    while (Time::HiRes::time() < $end) {
        return if !$self->{db}->value(
            "SELECT count(*) FROM amzsync.sync_progress
              WHERE state IN ('queued', 'running')");

        Time::HiRes::sleep(0.1);
    }

    die "syncs do not end:\n" . $self->{nginx}->log;
}


# What the datasets of everybody's last sync came to, and what was asked.

sub load {
    my ($self) = @_;
    my @names = qw(status code message rows);

    $self->{rows} = {};
    $self->{sets} = {};
    $self->{calls} = {};

    for ($self->{db}->sql("
        SELECT user_id, dataset, status, error_code, error_message, rows
          FROM amzsync.sync_datasets d
         WHERE sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress p
                           WHERE p.user_id = d.user_id)"))
    {
        my ($user, $set, @values) = @$_;
        @{ $self->{sets}{$user}{$set} }{@names} = @values;
    }

    $self->{counts} = {};

    for ($self->{db}->sql(join " UNION ALL ", map {
        "SELECT user_id, '$_', count(*) FROM amzsync.$_ GROUP BY 1"
    } keys %AmzSync::Page::key)) {
        $self->{counts}{ $_->[0] }{ $_->[1] } = $_->[2];
    }

    for my $call ($self->{amazon}->calls) {
        push @{ $self->{calls}{ "@$call{qw(user round set)}" } }, $call;
    }
}


sub set { $_[0]{sets}{ $_[1] }{ $_[2] } }


# How many rows a user has in a table.

sub count { $_[0]{counts}{ $_[1] }{ $_[2] } || 0 }


# Some columns of a user's rows, sorted, as text.  All users' are read at once.

sub rows {
    my ($self, $user, $table, @names) = @_;
    my $select = join ", ", "user_id", @names;
    my $rows = $self->{rows}{"$select FROM $table"} ||= {};

    if (!%$rows) {
        for ($self->{db}->sql("SELECT $select FROM amzsync.$table")) {
            my ($user, @values) = @$_;
            push @{ $rows->{$user} },
                 join " ", map { defined $_ ? $_ : "-" } @values;
        }
    }

    return sort @{ $rows->{$user} || [] };
}


# The calls of a user in a round for a dataset.

sub calls {
    my ($self, $user, $round, $set) = @_;

    return @{ $self->{calls}{"$user $round $set"} || [] };
}


# Amazon's side.

sub answer {
    my ($self, $call) = @_;
    my $set = $call->{set};
    my $answer = $self->{scenes}{ $call->{user} }
                      {rounds}[$call->{round} - 1]{$set};

    return (200, AmzSync::Page::page($set, [ AmzSync::Page::row($set) ]))
        if !defined $answer;

    $answer = $answer->[ $call->{n} ] // $answer->[-1]
        if ref $answer eq "ARRAY";

    my @answer = ref $answer eq "CODE" ? $answer->($call) : $answer;

    return @answer == 1 ? (200, @answer) : @answer;
}


# An error of Amazon's, for answers.

sub refused {
    my ($code) = @_;

    return (400, qq({"errors":[{"code":"$code","message":"No.",)
                 . qq("details":""}]}));
}


# nginx first: it uses the database to the end.

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);

    $self->{nginx} = undef;
    $self->{amazon} = undef;
}


1;

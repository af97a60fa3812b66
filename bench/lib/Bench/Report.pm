package Bench::Report;

# The figures of one bench: a sample a round for each contestant.  Prints
# medians, and ratios that are taken round by round, so that a machine whose
# speed drifts does not spoil them; and writes all of it as JSON.
#
#     my $report = Bench::Report->new("status", "Status by id");
#     $report->rounds(5, \%run, @names);
#     $report->metrics([ rate => "requests/s", "%.0f" ], ...);
#     $report->ratio("module", "fastify", "rate", ">=", 1.7);

use strict;
use warnings;

use JSON::PP ();


sub new {
    my ($class, $name, $title) = @_;

    return bless {
        name    => $name,
        title   => $title,
        order   => [],
        samples => {},
        metrics => [],
        targets => [],
        notes   => [],
    }, $class;
}


# Runs each contestant once a round; who begins changes with the round.

sub rounds {
    my ($self, $rounds, $run, @names) = @_;

    for my $round (0 .. $rounds - 1) {
        for my $i (0 .. $#names) {
            my $name = $names[($i + $round) % @names];

            $self->add($name, $run->{$name}->($round));
        }
    }

    @{ $self->{order} } = @names;
}


sub add {
    my ($self, $name, $sample) = @_;

    push @{ $self->{order} }, $name if !$self->{samples}{$name};
    push @{ $self->{samples}{$name} }, $sample;
}


# Columns: [ key, heading, format ].

sub metrics {
    my ($self, @metrics) = @_;

    $self->{metrics} = \@metrics;
}


sub note {
    my ($self, $text) = @_;

    push @{ $self->{notes} }, $text;
}


# "one" over "other" by a metric, compared with a target.

sub ratio {
    my ($self, $one, $other, $key, $sign, $target) = @_;
    my @ratios;
    my $count = @{ $self->{samples}{$one} };

    for my $i (0 .. $count - 1) {
        my $a = $self->{samples}{$one}[$i]{$key};
        my $b = $self->{samples}{$other}[$i]{$key};

        push @ratios, $a / $b if defined $a && $b;
    }

    my ($heading) = map { $_->[1] } grep { $_->[0] eq $key }
                    @{ $self->{metrics} };

    $self->target("$heading: $one / $other", \@ratios, $sign, $target);
}


# Values that are compared with a target as they are.

sub target {
    my ($self, $what, $values, $sign, $target) = @_;
    my $median = median(@$values);
    my $met;

    if (defined $target) {
        $met = !defined $median ? 0
               : $sign eq ">=" ? $median >= $target : $median <= $target;
    }

    push @{ $self->{targets} }, {
        what => $what, values => $values, median => $median,
        defined $target ? (sign => $sign, target => $target,
                           met => $met ? JSON::PP::true : JSON::PP::false)
                        : (),
    };
}


sub median {
    my @sorted = sort { $a <=> $b } grep { defined } @_;

    return undef if !@sorted;

    return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}


sub of {
    my ($self, $name, $key) = @_;

    return map { $_->{$key} } @{ $self->{samples}{$name} };
}


sub text {
    my ($format, $value) = @_;

    return defined $value ? sprintf $format, $value : "-";
}


sub print {
    my ($self) = @_;
    my @metrics = @{ $self->{metrics} };

    print "\n$self->{title}\n\n";

    if (@metrics && @{ $self->{order} }) {
        printf "  %-22s", "";
        printf " %15s", $_->[1] for @metrics;
        print "\n";

        for my $name (@{ $self->{order} }) {
            printf "  %-22s", $name;
            printf " %15s", text($_->[2], median($self->of($name, $_->[0])))
                for @metrics;
            print "\n";
        }

        print "\n";
    }

    for my $target (@{ $self->{targets} }) {
        my @sorted = sort { $a <=> $b } @{ $target->{values} };
        my $range = @sorted > 1
                    ? sprintf("(%.2f to %.2f)", $sorted[0], $sorted[-1]) : "";
        my $wanted = defined $target->{target}
                     ? sprintf("target %s %s: %s", $target->{sign},
                               $target->{target},
                               $target->{met} ? "met" : "MISSED")
                     : "";

        printf "  %-46s %8s %-18s %s\n", $target->{what},
               text("%.2f", $target->{median}), $range, $wanted;
    }

    print "  $_\n" for @{ $self->{notes} };
}


sub save {
    my ($self, $dir) = @_;
    my %data = map { $_ => $self->{$_} }
               qw(name title samples targets notes);

    open my $fh, '>', "$dir/$self->{name}.json"
        or die "$dir/$self->{name}.json: $!\n";
    print $fh JSON::PP->new->canonical->pretty->encode(\%data);
    close $fh or die "$dir: $!\n";
}


# The targets that were missed, as text.

sub missed {
    my ($self) = @_;

    return map { sprintf "%s, %s: %s, target %s %s", $self->{name}, $_->{what},
                         text("%.2f", $_->{median}), $_->{sign},
                         $_->{target} }
           grep { exists $_->{met} && !$_->{met} } @{ $self->{targets} };
}


1;

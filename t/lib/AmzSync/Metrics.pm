package AmzSync::Metrics;

# What a location with amzsync_metrics answers, read strictly.
#
#     my $m = AmzSync::Metrics->scrape($db, $nginx);
#     is_deeply([ $m->mistakes ], []);
#     $m->value("amzsync_pages_total", dataset => "orders");

use strict;
use warnings;

my $path = "/metrics";
my $name = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $label = qr/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"/;
my $number = qr/\d+(?:\.\d+)?/;


sub location {
    return "location = $path { amzsync_metrics; }";
}


# Without a user: none is needed.

sub scrape {
    my ($class, $db, $nginx) = @_;
    my ($status, undef, $answer) = $db->call("GET", $path,
                                             port => $nginx->port);

    return $class->new($answer->{content}, status => $status,
                       type => $answer->{headers}{"content-type"});
}


sub new {
    my ($class, $text, %arg) = @_;
    my $self = bless { %arg, text => $text, types => {}, values => {},
                       mistakes => [] }, $class;
    my (%help, %seen, $family);

    $self->mistake("no newline at the end") if $text !~ /\n\z/;

    for my $line (split /\n/, $text, -1) {
        if ($line =~ /^# HELP ($name) \S(?:[^\\]|\\[\\n])*$/) {
            $self->mistake("again: $line") if $help{$1}++;
            $family = $1;

        } elsif ($line =~ /^# TYPE ($name) (counter|gauge|histogram)$/) {
            $self->mistake("not after its help: $line") if $1 ne $family;
            $self->{types}{$1} = $2;

        } elsif ($line =~ /^($name)(?:\{($label(?:,$label)*)\})? ($number)$/) {
            my ($sample, $labels, $value) = ($1, $2 || "", $3);
            my $key = key($sample, $labels =~ /(\w+)="((?:[^"\\]|\\.)*)"/g);

            $self->mistake("twice: $line") if exists $self->{values}{$key};
            $self->{values}{$key} = $value;
            $self->check_sample($line, $family, $sample);

        } elsif ($line ne "") {
            $self->mistake("not a line: $line");
        }
    }

    $self->check_histogram($_)
        for grep { $self->{types}{$_} eq "histogram" }
            sort keys %{ $self->{types} };

    return $self;
}


sub check_sample {
    my ($self, $line, $family, $sample) = @_;
    my $type = $self->{types}{$family || ""} || "none";
    my $suffix = $type eq "histogram" ? qr/_(?:bucket|sum|count)/ : qr//;

    $self->mistake("not of $family: $line")
        if $sample !~ /^\Q$family\E$suffix$/;
    $self->mistake("not ours: $line") if $sample !~ /^amzsync_/;
    $self->mistake("the name of a counter: $line")
        if ($type eq "counter") != ($sample =~ /_total$/);
}


# Buckets never fall, the last one is the count, and the sum is possible.

sub check_histogram {
    my ($self, $family) = @_;
    my %series;

    for my $key (keys %{ $self->{values} }) {
        next if $key !~ /^\Q${family}_bucket\E\{(.*)\}$/;

        my %labels = split /[=,]/, $1;
        my $le = delete $labels{le};
        push @{ $series{join ",", map { "$_=$labels{$_}" } sort keys %labels} },
             [ $le eq "+Inf" ? 9**9**9 : $le, $self->{values}{$key} ];
    }

    $self->mistake("$family has no buckets") if !%series;

    for my $labels (sort keys %series) {
        my @buckets = sort { $a->[0] <=> $b->[0] } @{ $series{$labels} };
        my @labels = split /[=,]/, $labels;
        my $count = $self->value("${family}_count", @labels);
        my $sum = $self->value("${family}_sum", @labels);
        my ($least, $most, $before) = (0, 0, 0);

        for my $i (0 .. $#buckets) {
            my $n = $buckets[$i][1] - $before;

            $self->mistake("$family $labels falls") if $n < 0;
            $least += $n * ($i ? $buckets[$i - 1][0] : 0);
            $most += $n * $buckets[$i][0] if $n;
            $before = $buckets[$i][1];
        }

        $self->mistake("$family $labels has no +Inf")
            if $buckets[-1][0] != 9**9**9;
        $self->mistake("$family $labels: +Inf is not the count")
            if !defined $count || $buckets[-1][1] != $count;
        $self->mistake("$family $labels: the sum $sum")
            if !defined $sum || $sum < $least || $sum > $most;
    }
}


sub mistake {
    my ($self, $text) = @_;

    push @{ $self->{mistakes} }, $text;
}


sub key {
    my ($sample, %labels) = @_;

    return $sample . "{" . join(",", map { "$_=$labels{$_}" }
                                     sort keys %labels) . "}";
}


# Of one series, or undef.

sub value {
    my ($self, $sample, %labels) = @_;

    return $self->{values}{key($sample, %labels)};
}


# Of all series of a family that have these labels: the other label's values.

sub values_by {
    my ($self, $sample, $by, %labels) = @_;
    my %found;

    for my $key (keys %{ $self->{values} }) {
        my ($family, $text) = $key =~ /^(\w+)\{(.*)\}$/;
        my %has = split /[=,]/, $text;

        next if $family ne $sample
                || grep { ($has{$_} // "") ne $labels{$_} } keys %labels;

        $found{$has{$by}} = $self->{values}{$key};
    }

    return \%found;
}


sub mistakes { @{ $_[0]{mistakes} } }

sub text { $_[0]{text} }

sub status { $_[0]{status} }

sub type { $_[0]{type} }


1;

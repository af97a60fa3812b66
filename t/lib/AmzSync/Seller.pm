package AmzSync::Seller;

# A small client of the Selling Partner API, for the sandbox's own tests and
# for whoever needs to know what a seller has.
#
#     my $seller = AmzSync::Seller->new("http://127.0.0.1:$port/amazon", "S1");
#     my ($status, $json, $answer) = $seller->search(lastUpdatedAfter => ...);
#     my @orders = $seller->all(createdAfter => ...);
#     my @rows = $seller->truth("orders", marketplaceIds => "ATVPDKIKX0DER");

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP ();

my $search = "/orders/2026-01-01/orders";


sub new {
    my ($class, $url, $name, %arg) = @_;

    return bless {
        url    => $url,
        name   => $name,
        client => $arg{client} || "client",
        http   => HTTP::Tiny->new(timeout => 30, max_redirect => 0,
                                  keep_alive => $arg{keep_alive} ? 1 : 0),
    }, $class;
}


# Answers (status, decoded JSON or undef, response).

sub call {
    my ($self, $method, $path, %option) = @_;

    my $answer = $self->{http}->request($method, "$self->{url}$path",
                                        \%option);
    my $json = eval { JSON::PP::decode_json($answer->{content}) };

    return ($answer->{status}, $json, $answer);
}


# A grant; fields that are undef are left out.

sub grant {
    my ($self, %field) = @_;

    %field = (grant_type    => "refresh_token",
              refresh_token => "Atzr|sandbox-$self->{name}",
              client_id     => $self->{client},
              client_secret => "secret",
              %field);

    return $self->call("POST", "/auth/o2/token",
        headers => { "Content-Type" => "application/x-www-form-urlencoded" },
        content => query(\%field));
}


sub token {
    my ($self) = @_;

    if (!defined $self->{token}) {
        my ($status, $json) = $self->grant;
        die "no token: $status\n" if $status != 200;
        $self->{token} = $json->{access_token};
    }

    return $self->{token};
}


# Parameters: a hash, or text as it shall stand in the URL.

sub get {
    my ($self, $path, @param) = @_;
    my $query = @param == 1 ? $param[0] : query({ @param });

    return $self->call("GET", $path . (length $query ? "?$query" : ""),
                       headers => { "x-amz-access-token" => $self->token });
}


sub search {
    my ($self, @param) = @_;

    return $self->get($search, @param);
}


# All pages; answers a reference to the orders of each.

sub pages {
    my ($self, %param) = @_;
    my @pages;

    for (1 .. 10000) {
        my ($status, $json) = $self->search(%param);
        die "search: $status\n" if $status != 200;

        push @pages, $json->{orders};

        $param{paginationToken} = ($json->{pagination} || {})->{nextToken};
        return @pages if !defined $param{paginationToken};
    }

    die "the pages do not end\n";
}


sub all {
    my ($self, %param) = @_;

    return map { @$_ } $self->pages(%param);
}


sub order {
    my ($self, $id, @param) = @_;

    return $self->get("$search/$id", @param);
}


sub revise {
    my ($self, $revision, %param) = @_;

    return $self->call("POST", "/_sandbox/revision?" . query({
        seller => $self->{name}, set => $revision, %param }));
}


# The ground truth as hashes; an empty cell is undef, an empty text is "".

sub truth {
    my ($self, $table, %param) = @_;

    my ($status, undef, $answer) = $self->call(
        "GET", "/_sandbox/$table.csv?"
               . query({ seller => $self->{name}, %param }));
    die "truth: $status\n" if $status != 200;

    my $text = $answer->{content};
    my (@rows, @row);

    while ($text =~ /\G(?:"((?:[^"]++|"")*+)"|([^",\n]*))([,\n])/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);

        if (defined $quoted) {
            $quoted =~ s/""/"/g;
            push @row, $quoted;

        } else {
            push @row, length $plain ? $plain : undef;
        }

        if ($end eq "\n") {
            push @rows, [ @row ];
            @row = ();
        }
    }

    die "not CSV at " . (pos $text || 0) . "\n"
        if @row || (pos $text || 0) != length $text;

    my @names = @{ shift @rows };

    return map {
        my $row = $_;
        die "a row of " . @$row . " cells\n" if @$row != @names;
        +{ map { $names[$_] => $row->[$_] } 0 .. $#names };
    } @rows;
}


sub query {
    my ($field) = @_;

    return join "&", map { "$_=" . escape($field->{$_}) }
                     grep { defined $field->{$_} } sort keys %$field;
}


sub escape {
    my ($text) = @_;

    $text =~ s/([^A-Za-z0-9._~-])/sprintf "%%%02X", ord $1/ge;
    return $text;
}


1;

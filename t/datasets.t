# All datasets of a seller, side by side, and what a second sync fetches.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use Test::More;

my $site = AmzSync::Site->new("seed=9 orders=300 page=20 quota=0"
                              . " inventory=130 inventory_page=20"
                              . " transactions=700 transactions_page=40");
my $db = $site->db;
my $nginx = $site->nginx(datasets => undef);

sub finish {
    my ($sync, $name) = @_;
    my $status;

    AmzSync::Site::until_true(60, sub {
        (undef, $status) = $db->call("GET", "/api/sync/status/$sync",
                                     user => "u1", port => $nginx->port);
        $status->{status} ne "in_progress";
    });

    is($status->{status}, "completed", "$name: completed")
        or diag $site->logs;

    my %rows = map { $_->{name} => $_ } @{ $status->{datasets} };
    is_deeply([ map { $_->{name} } @{ $status->{datasets} } ],
              [qw(marketplaces orders inventory financial_transactions)],
              "$name: the datasets");
    is_deeply([ map { $_->{error} } @{ $status->{datasets} } ],
              [ (undef) x 4 ], "$name: no errors");
    is_deeply([ $site->differences("u1", "S1", @AmzSync::Truth::all) ], [],
              "$name: the tables are the truth");

    return \%rows;
}

my $rows = finish($site->begin($nginx, "u1", seller => "S1"), "first");
is($rows->{orders}{rows}, 300, "first: orders");

done_testing();

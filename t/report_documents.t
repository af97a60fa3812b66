# Documents of reports, hand-made: names of fields that need care, and what is
# no report at all.  Amazon's nginx has its API; what lies at the address of
# every document is a file of the test's.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use File::Temp ();
use JSON::PP ();
use Test::More;

my $dir = File::Temp->newdir("amzsync.XXXXXX", TMPDIR => 1);
chmod 0755, "$dir";

my $sandbox = "seed=5 quota=0 report_time=0 report_cooldown=0"
              . " report_gzip=off";
my $server = "
    location /amazon/_document/ {
        root $dir;
        default_type text/plain;
        charset utf-8;
        try_files /document =404;
    }";

my $site = AmzSync::Site->new($sandbox, server => $server);
my $temp = $site->db->dir . "/temp";
my $extra = "amzsync_temp_path $temp; amzsync_report_poll 100ms;"
            . " amzsync_retry_delay 10ms; amzsync_backfill 10d;";
my $nginx = $site->nginx(datasets => "marketplaces customer_returns",
                         extra => $extra);


# The document from now on.

sub document {
    open my $fh, '>:raw', "$dir/document.new" or die "$dir: $!\n";
    print $fh @_;
    close $fh or die "$dir: $!\n";

    rename "$dir/document.new", "$dir/document" or die "$dir: $!\n";
}


# Lines of fields.

sub lines {
    return map { join("\t", @$_) . "\n" } @_;
}


# A sync: the state of the dataset, with its error.

sub run_sync {
    my ($user) = @_;
    my $sync = $site->begin($nginx, $user, seller => "S$user");

    $site->db->wait_sync($sync, timeout => 60) or diag $nginx->log;

    my ($set) = $site->db->sql("
        SELECT status, error_code, error_message FROM amzsync.sync_datasets
         WHERE user_id = '$user' AND dataset = 'customer_returns'
         ORDER BY sync_no DESC LIMIT 1");

    return join ": ", grep { defined } @$set;
}


# What the view shows of a user, of each row once: all windows have the same.

sub rows {
    my ($user) = @_;

    return [ map { join " ", map { $_ // "-" } @$_ } $site->db->sql("
        SELECT DISTINCT order_id, quantity, extra
          FROM amzsync.customer_returns WHERE user_id = '$user'
         ORDER BY 1") ];
}


# --- names that JSON has to escape

{
    my @names = ('size "x"', 'back\\slash', "a\x01z", "\x{c3}\x{a9}" x 300);
    my @values = map { "v$_" } 1 .. @names;

    document(lines([ "order-id", @names ], [ "o1", @values ]));
    is(run_sync("names"), "completed", "names: completed");

    my ($extra) = $site->db->value("
        SELECT extra FROM amzsync.customer_returns
         WHERE user_id = 'names' LIMIT 1");

    is_deeply(JSON::PP->new->utf8->decode($extra),
              { (map { $names[$_] => $values[$_] } 0 .. 2),
                "\x{e9}" x 255 => $values[3] },
              "names: each has its value");

    # a writer that quotes only where it must

    document(lines([ "order-id", '"say ""x"""', "quantity" ],
                   [ "o1", '"a ""b"""', "2" ]));
    is(run_sync("quoted"), "completed", "quoted: completed");
    is_deeply(rows("quoted"), [ 'o1 2 {"say \"x\"": "a \"b\""}' ],
              "quoted: without what quotes them");
}


# --- what is no report: the rows that are there stay

{
    my $what = "The first line has no name of a field that this report has";
    my %bad = (
        "an error page" => [ $what, qq(<?xml version="1.0"?>\n<Error>)
                                    . "<Code>InternalError</Code></Error>" ],
        "nothing known" => [ $what, "colour\tx\nred\t1\n" ],
        "no names"      => [ $what, "\n" ],
        "nothing"       => [ "The document is empty", "" ],
    );
    my $true = [ "o1 2 -", "o2 3 -" ];

    document("order-id\tquantity\no1\t2\no2\t3\n");
    is(run_sync("bad"), "completed", "bad: completed before");
    is_deeply(rows("bad"), $true, "bad: with rows");

    for my $name (sort keys %bad) {
        my ($message, $text) = @{ $bad{$name} };

        document($text);
        is(run_sync("bad"), "failed: malformed_report: $message",
           "$name: no report");
        is_deeply(rows("bad"), $true, "$name: the rows stay");
    }

    # names alone are a report: there is nothing any more

    document("order-id\tquantity\n");
    is(run_sync("bad"), "completed", "no lines: completed");
    is_deeply(rows("bad"), [], "no lines: no rows");
}


# --- decimal commas: of amounts in settlements, of nothing else

{
    my $nginx = $site->nginx(datasets => "settlements",
                             extra => $extra =~ s/10d/40d/r);

    document(lines([ "settlement-id", "settlement-start-date", "total-amount",
                     "order-id", "amount", "posted-date",
                     "quantity-purchased" ],
                   [ "1", "14.03.2023 07:49:55 UTC", "1141,18", "o1", "",
                     "", "" ],
                   [ "1", "", "", "o2", "-95,00", "28.03.2023", "1" ],
                   [ "1", "", "", "o3", "12.5", "28.03.2023", "2,5" ],
                   [ "1", "", "", "o4", "1.234,56", "28.03.2023", "" ]));

    my $sync = $site->begin($nginx, "euro", seller => "S1");

    is($site->db->wait_sync($sync, timeout => 60), "completed",
       "commas: completed") or diag $nginx->log;
    is_deeply([ map { join " ", map { $_ // "-" } @$_ } $site->db->sql("
        SELECT DISTINCT order_id, total_amount, amount, posted_date,
               quantity_purchased, extra
          FROM amzsync.settlements ORDER BY 1") ],
              [ "o1 1141.18 - - - -", "o2 - -95.00 2023-03-28 1 -",
                'o3 - 12.5 2023-03-28 - {"quantity-purchased": "2,5"}',
                'o4 - - 2023-03-28 - {"amount": "1.234,56"}' ],
              "commas: amounts are numbers");

    document("order-id\tquantity\no1\t1,5\n");
    is(run_sync("returns"), "completed", "commas: elsewhere, completed");
    is_deeply(rows("returns"), [ 'o1 - {"quantity": "1,5"}' ],
              "commas: elsewhere they are none");
}


# --- what a document says of a report that failed

$site->renew("$sandbox fault=fatal:1", server => $server);

{
    my $untold = "Amazon could not make the report and does not say why.";
    my $e = "\x{c3}\x{a9}";

    for ([ "a reason", "Nothing\tof this.\n", "Nothing of this. " ],
         [ "a long one", $e x 300, $e x 255 ],
         [ "an empty one", "", $untold ],
         [ "a blank one", "\r\n  \n", $untold ])
    {
        my ($name, $text, $message) = @$_;

        document($text);
        is(run_sync("fatal"), "failed: report_failed: $message",
           "$name: is told");
    }
}


is_deeply([ $site->alarms ], [], "no alarms in the logs");

done_testing();

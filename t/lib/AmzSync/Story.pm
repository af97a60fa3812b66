package AmzSync::Story;

# What the programs of t/faults share: checks that count, and syncs that are
# followed to their end.
#
#     my $run = follow($site, $nginx, "u1", $sync, limit => 60,
#                      each => sub { ... });     # again and again
#     ok($run->{status} eq "completed", "completed", @why);
#     progressed("first", $run, 10);
#     exit total();

use strict;
use warnings;

use Exporter qw(import);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(ok total follow datasets ended progressed);

my ($passed, $failed) = (0, 0);


sub ok {
    my ($good, $name, @why) = @_;

    splice @why, 10 if @why > 10;
    $good ? $passed++ : $failed++;
    print $good ? "ok" : "not ok", " - $name\n";
    print "#   $_\n" for $good ? () : @why;

    return $good;
}


# The last line, and the status to exit with.

sub total {
    print "$passed passed, $failed failed\n";

    return $failed ? 1 : 0;
}


# The datasets of a user's last sync by name, as the database has them.

sub datasets {
    my ($site, $user) = @_;
    my @names = qw(status page rows error);

    return map {
        my ($name, @row) = @$_;
        $name => { map { $names[$_] => $row[$_] } 0 .. $#names };
    } $site->db->sql("
        SELECT dataset, status, page, rows, error_code
          FROM amzsync.sync_datasets
         WHERE user_id = '$user'
           AND sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress
                           WHERE user_id = '$user')");
}


# Asks for the status of a sync until it has ended, or "limit" seconds are over;
# does what "each" is between two times.

sub follow {
    my ($site, $nginx, $user, $sync, %arg) = @_;
    my $begin = time;
    my $run = { user => $user, progress => [], status => "none" };

    while (time - $begin < $arg{limit}) {
        my ($code, $json) = $site->db->call("GET", "/api/sync/status/$sync",
                                            user => $user, timeout => 2,
                                            port => $nginx->port);

        if ($code == 200) {
            $run->{status} = $json->{status};
            push @{ $run->{progress} }, $json->{progress};
            last if $json->{status} ne "in_progress";
        }

        $arg{each}->() if $arg{each};
        sleep(0.02);
    }

    $run->{seconds} = time - $begin;

    return $run;
}


# All of so many datasets are completed.

sub ended {
    my ($name, $run, $count, $log, %datasets) = @_;

    my @states = map { join " ", $_, $datasets{$_}{status},
                       $datasets{$_}{error} || () } sort keys %datasets;
    my @bad = grep { !/ completed$/ } @states;

    ok($run->{status} eq "completed" && @states == $count && !@bad,
       "$name: completed", "$run->{status}: @states",
       $log =~ /^(.*\[error\].*)$/mg);
}


sub progressed {
    my ($name, $run, $least) = @_;

    my @seen = @{ $run->{progress} };
    my @falls = grep { $seen[$_] < $seen[$_ - 1] } 1 .. $#seen;
    my %values = map { $_ => 1 } @seen;

    ok(!@falls, "$name: progress never fell", "@seen");
    ok(keys %values >= $least, "$name: progress took $least values or more",
       join " ", sort { $a <=> $b } keys %values);
}


1;

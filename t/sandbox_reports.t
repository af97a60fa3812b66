# The sandbox's Reports API: Amazon's rules about reports, their lives and
# their lists.  What is in them is t/sandbox_report_data.t's.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

use AmzSync::Report;
use AmzSync::Script;
use Time::HiRes qw(sleep time);

our $returns = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA";
our $ledger = "GET_LEDGER_DETAIL_VIEW_DATA";
our $removals = "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA";

# Two weeks before the data's end, which is years ago.

our @window = (dataStartTime => "2025-02-15T00:00:00Z",
               dataEndTime => "2025-03-01T00:00:00Z");


# Answers of a kind, in short.

sub short {
    my ($status, $json) = @_;

    return ref $json && $json->{errors} ? error($status, $json) : $status;
}


sub id {
    my ($seller, $type, @member) = @_;
    my ($status, $json) = create($seller, $type || $returns, @window, @member);

    die error($status, $json) . "\n" if $status != 202;
    return $json->{reportId};
}


sub ids {
    return join " ", map { $_->{reportId} =~ /(\d\d\d)$/ } map { @$_ } @_;
}


our $config = <<'END';
    location /amazon/ {
        amzsync_sandbox zone=amazon:1m seed=1 quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0;
    }

    location /waiting/ {
        amzsync_sandbox zone=waiting:1m quota=0 report_time=1d
                        until=2025-03-01T00:00:00Z report_cooldown=0;
    }

    location /live/ {
        amzsync_sandbox zone=live:1m quota=0 report_time=4s
                        until=2025-03-01T00:00:00Z;
    }

    location /cool/ {
        amzsync_sandbox zone=cool:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z;
    }

    location /brief/ {
        amzsync_sandbox zone=brief:1m quota=0 report_time=0
                        report_cooldown=0.001 until=2025-03-01T00:00:00Z;
    }

    location /today/ {
        amzsync_sandbox zone=today:1m quota=0;
    }

    location /tiny/ {
        amzsync_sandbox zone=tiny:32k quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0;
    }

    location /quota/ {
        amzsync_sandbox zone=quota:1m until=2025-03-01T00:00:00Z;
    }

    location /faults/ {
        amzsync_sandbox zone=faults:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0
                        fault=cancelled:2 fault=fatal:3
                        fault=fatal_bare:5:createReport;
    }

    location /slow/ {
        amzsync_sandbox zone=slow:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z fault=slow_report:2;
    }

    location /lost/ {
        amzsync_sandbox zone=lost:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z report_cooldown=0
                        fault=cut:1:createReport fault=denied:2:getReport
                        fault=throttle:2:getReportDocument;
    }

    location /same_token/ {
        amzsync_sandbox zone=same_token:1m quota=0
                        fault=same_token:1:getReports;
    }

    location /wrong_type/ {
        amzsync_sandbox zone=wrong_type:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z
                        fault=wrong_type:2:createReport;
    }
END

add_response_body_check(sub {
    AmzSync::Script::check(sub { eval "use strict; $_[0]" }, @_);
});

add_block_preprocessor(sub { AmzSync::Script::defaults($_[0], $config) });

master_on();
workers(2);
log_level('info');
run_tests();

__DATA__

=== TEST 1: a report is asked for
--- client
my ($status, $json, $answer) = create(seller(), $returns, @window);
$status, join(" ", keys %$json), $json->{reportId} =~ /^50{4}\d{6}$/ ? 1 : 0,
$answer->{headers}{"content-type"},
exists $answer->{headers}{"x-amzn-requestid"} ? "id" : "no id",
$answer->{headers}{"x-amzn-ratelimit-limit"}
--- lines
202
reportId
1
application/json
id
1000.0



=== TEST 2: what asks for a report wrongly
--- client
my $s = seller();
my $t = sub { short(create($s, $returns, @_)) };
short(create($s, "GET_SOMETHING")),
short(create($s, lc $returns)),
short(create($s, "")),
short(create($s, undef, @window)),
$t->(body => ""),
$t->(body => "[]"),
$t->(body => "{\"reportType\":"),
$t->(body => "{\"reportType\":1}"),
$t->(body => "{\"reportType\":\"$returns\",\"reportType\":\"$ledger\"}"),
$t->(body => " " x 20000),
$t->(marketplaceIds => undef),
$t->(marketplaceIds => []),
$t->(marketplaceIds => $us),
$t->(marketplaceIds => [ ($us) x 26 ]),
$t->(marketplaceIds => [ 1 ]),
$t->(marketplaceIds => [ $us, "ATVPDKIKX0DEX" ]),
$t->(reportOptions => []),
$t->(reportOptions => { a => {} }),
$t->(dataStartTime => "yesterday"),
$t->(dataStartTime => 1),
$t->(dataEndTime => ""),
$t->(dataStartTime => moment(3600)),
$t->(dataStartTime => "2025-01-01", dataEndTime => moment(3600)),
$t->(dataStartTime => "2025-02-01", dataEndTime => "2025-01-01"),
short($s->call("POST", $reports, content => "{}"))
--- lines
400 InvalidInput: reportType has an unknown value.
400 InvalidInput: reportType has an unknown value.
400 InvalidInput: reportType has an unknown value.
400 InvalidInput: reportType is missing, or no string.
400 InvalidInput: The body must be a JSON object.
400 InvalidInput: The body must be a JSON object.
400 InvalidInput: The body must be a JSON object.
400 InvalidInput: reportType is missing, or no string.
400 InvalidInput: The body must be a JSON object.
400 InvalidInput: The body must be a JSON object.
400 InvalidInput: marketplaceIds must be a list of 1 to 25 marketplaces.
400 InvalidInput: marketplaceIds must be a list of 1 to 25 marketplaces.
400 InvalidInput: marketplaceIds must be a list of 1 to 25 marketplaces.
400 InvalidInput: marketplaceIds must be a list of 1 to 25 marketplaces.
400 InvalidInput: marketplaceIds has an unknown marketplace.
400 InvalidInput: marketplaceIds has an unknown marketplace.
400 InvalidInput: reportOptions must be an object.
400 InvalidInput: The values of reportOptions must be strings.
400 InvalidInput: dataStartTime and dataEndTime must be dates in ISO 8601 form
400 InvalidInput: dataStartTime and dataEndTime must be strings.
400 InvalidInput: dataStartTime and dataEndTime must be dates in ISO 8601 form
400 InvalidInput: dataStartTime and dataEndTime must not be in the future.
400 InvalidInput: dataStartTime and dataEndTime must not be in the future.
400 InvalidInput: dataEndTime must not be before dataStartTime.
403 Unauthorized: Access token is missing in the request header.



=== TEST 3: what asks for a report rightly
--- client
my $s = seller();
map { (create($s, $returns, @$_))[0] } (
    [ dataStartTime => "2025-02-01", dataEndTime => "2025-02-02" ],
    [ dataStartTime => "2025-02-01T00:00:00.000+01:00",
      dataEndTime => "2025-02-02T00:00:00Z" ],
    [ @window, reportOptions => { custom => "true" } ],
    [ @window, marketplaceIds => [ ($us) x 25 ] ],
    [ @window, marketplaceIds => [ "A2Q3Y263D00KWC" ] ],
    [ @window, unknown => { a => 1 } ],
    [ body => "{\"reportType\":\"$returns\",\"marketplaceIds\":[\"$us\"]}" ])
--- lines
202
202
202
202
202
202
202



=== TEST 4: what a report says of itself
--- client
my $s = seller();
my $before = moment(-2);
my $id = id($s, $returns, marketplaceIds => [ "A1AM78C64UM0Y8", $us ]);
my ($status, $r, $answer) = report($s, $id);
my $created = $r->{createdTime};
$status, join(" ", sort keys %$r), $r->{reportId} eq $id ? 1 : 0,
$r->{reportType}, $r->{processingStatus}, "@{ $r->{marketplaceIds} }",
$r->{dataStartTime}, $r->{dataEndTime},
$created =~ s/\+00:00$/Z/ && $created ge $before
    && $created le moment(2) ? "now" : $created,
$r->{processingStartTime} eq $r->{createdTime}
    && $r->{processingEndTime} eq $r->{createdTime} ? "at once" : "later"
--- lines
200
createdTime dataEndTime dataStartTime marketplaceIds processingEndTime processingStartTime processingStatus reportDocumentId reportId reportType
1
GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA
DONE
ATVPDKIKX0DER A1AM78C64UM0Y8
2025-02-15T00:00:00+00:00
2025-03-01T00:00:00+00:00
now
at once



=== TEST 5: the life of a report
--- client
my $s = seller("/live");
my $id = id($s);
my $end = time + 20;
my (@lives, $r);
do {
    $r = (report($s, $id))[1];
    my $life = join " ", $r->{processingStatus},
        map { exists $r->{$_} ? $_ : () } "processingStartTime",
            "processingEndTime", "reportDocumentId";
    push @lives, $life if !@lives || $lives[-1] ne $life;
    sleep 0.1;
} while ($r->{processingStatus} =~ /^IN_/ && time < $end);
@lives
--- lines
IN_QUEUE
IN_PROGRESS processingStartTime
DONE processingStartTime processingEndTime reportDocumentId
--- timeout: 30



=== TEST 6: reports that the seller does not have
--- client
my $s = seller();
my $id = id($s);
short(report($s, $id)), short(report(seller("/amazon", "S2"), $id)),
short(report($s, "1")), short(report($s, "x")), short(report($s, "0$id")),
short(report($s, "50000999999")), short(report($s, "9" x 30)),
short($s->get("$reports/", "")), short(cancel($s, "50000999999")),
short($s->get("/reports/2021-06-30/documents/x", "")),
short($s->get("/reports/2021-06-30/documents/"
              . (report($s, $id))[1]{reportDocumentId} . "0", "")),
short(seller("/amazon", "S2")->get("/reports/2021-06-30/documents/"
              . (report($s, $id))[1]{reportDocumentId}, ""))
--- lines
200
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report.
404 NotFound
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report document.
404 NotFound: The seller has no such report document.
404 NotFound: The seller has no such report document.



=== TEST 7: a report is cancelled while it waits
--- client
my $s = seller("/waiting");
my $id = id($s);
my ($waits) = (report($s, $id))[1]{processingStatus};
my ($status, undef, $answer) = cancel($s, $id);
my $r = (report($s, $id))[1];
my $done = seller();
$waits, $status, length $answer->{content}, $r->{processingStatus},
exists $r->{processingStartTime} ? "started" : "never started",
exists $r->{processingEndTime} ? "ended" : "never ended",
exists $r->{reportDocumentId} ? "document" : "no document",
short(cancel($s, $id)), short(cancel($done, id($done))),
short(cancel(seller("/waiting", "S2"), id($s)))
--- lines
IN_QUEUE
200
0
CANCELLED
never started
ended
no document
400 InvalidInput: Only reports whose processingStatus is IN_QUEUE can be cance
400 InvalidInput: Only reports whose processingStatus is IN_QUEUE can be cance
404 NotFound: The seller has no such report.



=== TEST 8: no data is CANCELLED: no window, an empty one, elsewhere
--- client
my $s = seller();
map { ended($s, (create($s, @$_))[1]{reportId})->{processingStatus} } (
    [ $returns ],
    [ $returns, dataStartTime => "2025-03-02", dataEndTime => "2025-03-09" ],
    [ $returns, dataStartTime => "2020-03-02", dataEndTime => "2020-03-09" ],
    [ $returns, @window, marketplaceIds => [ "A2Q3Y263D00KWC" ] ],
    [ $all_orders, @window, marketplaceIds => [ "A2Q3Y263D00KWC" ] ],
    [ $all_orders, dataStartTime => "2020-03-02", dataEndTime => "2020-03-09" ],
    [ $returns, @window ],
    [ $all_orders, @window ])
--- lines
CANCELLED
CANCELLED
CANCELLED
CANCELLED
CANCELLED
CANCELLED
DONE
DONE



=== TEST 9: too long a window is FATAL, and its document says why
--- client
my $s = seller();
my $ask = sub {
    my $r = ended($s, (create($s, $ledger, dataStartTime => $_[0],
                              dataEndTime => "2025-03-01"))[1]{reportId});
    my $answer = document($s, $r->{reportDocumentId});
    $r->{processingStatus}, $answer->{headers}{"content-type"},
    $answer->{content} =~ /^(The .*)\n\z/ ? $1
        : $answer->{content} =~ /^Date\t/ ? "data" : "?";
};
$ask->("2025-01-30"), $ask->("2025-01-29T23:59:59Z"), $ask->("2024-03-01")
--- lines
DONE
text/plain;charset=UTF-8
data
FATAL
text/plain;charset=UTF-8
The requested time range of 31 days is longer than the 30 days that GET_LEDGER_DETAIL_VIEW_DATA may have.
FATAL
text/plain;charset=UTF-8
The requested time range of 365 days is longer than the 30 days that GET_LEDGER_DETAIL_VIEW_DATA may have.



=== TEST 10: asked again too soon is CANCELLED, orders are not
--- client
my $s = seller("/cool");
my $ask = sub {
    my ($type, %member) = @_;
    ended($s, id($s, $type, %member))->{processingStatus};
};
my $other = seller("/cool", "S2");
my @later = (dataStartTime => "2025-02-15T00:20:00Z",
             dataEndTime => "2025-03-01T00:20:00Z");
$ask->($returns), $ask->($returns),
"later " . $ask->($returns, @later),
"before " . $ask->($returns, dataStartTime => "2025-02-10"),
"elsewhere " . $ask->($returns, marketplaceIds => [ "A2EUQ1WTGCTBG2" ]),
$ask->($ledger), $ask->($ledger),
"a little " . $ask->($ledger, @later),
"much " . $ask->($ledger, dataStartTime => "2025-02-15T00:40:00Z"),
"orders " . $ask->($all_orders), "orders " . $ask->($all_orders),
"another seller " . ended($other, id($other))->{processingStatus}
--- lines
DONE
CANCELLED
later CANCELLED
before DONE
elsewhere DONE
DONE
CANCELLED
a little CANCELLED
much DONE
orders DONE
orders DONE
another seller DONE



=== TEST 11: the time between is scaled, and what failed does not count
--- client
my $s = seller("/brief");
my $ask = sub { ended($s, id($s, @_))->{processingStatus} };
my @lives = ($ask->($removals), $ask->($removals));
sleep 2.5;
push @lives, $ask->($removals);
push @lives, "long " . $ask->($ledger, dataStartTime => "2024-02-15"),
             "again " . $ask->($ledger, dataStartTime => "2024-02-15");
@lives
--- lines
DONE
CANCELLED
DONE
long FATAL
again FATAL
--- timeout: 10



=== TEST 12: what asks for reports wrongly
--- client
my $s = seller();
my $t = sub { short(reports($s, @_)) };
my $token = (reports(seller("/today"), reportTypes => $settlements,
                     pageSize => 1))[1]{nextToken};
$t->(),
$t->(reportTypes => ""),
$t->(reportTypes => "GET_SOMETHING"),
$t->(reportTypes => join ",", ($returns) x 11),
$t->(processingStatuses => "DONE"),
$t->(reportTypes => $returns, processingStatuses => "done"),
$t->(reportTypes => $returns, marketplaceIds => "x"),
$t->(reportTypes => $returns, marketplaceIds => join ",", ($us) x 11),
$t->(reportTypes => $returns, pageSize => 0),
$t->(reportTypes => $returns, pageSize => 101),
$t->(reportTypes => $returns, createdSince => "yesterday"),
$t->(reportTypes => $returns, createdUntil => ""),
$t->("reportTypes=$returns&pageSize=1&pageSize=1"),
$t->(nextToken => ""),
$t->(nextToken => "x"),
$t->(nextToken => $token . "x"),
short(reports(seller("/today"), nextToken => $token, pageSize => 1)),
short(reports(seller("/today"), nextToken => $token,
              reportTypes => $settlements)),
short(reports(seller("/today", "S2"), nextToken => $token)),
short(reports(seller("/today"), nextToken => $token))
--- lines
400 InvalidInput: Either reportTypes or nextToken is required.
400 InvalidInput: reportTypes has an unknown value, or more than 10.
400 InvalidInput: reportTypes has an unknown value, or more than 10.
400 InvalidInput: reportTypes has an unknown value, or more than 10.
400 InvalidInput: Either reportTypes or nextToken is required.
400 InvalidInput: processingStatuses has an unknown value.
400 InvalidInput: marketplaceIds has an unknown value, or more than 10.
400 InvalidInput: marketplaceIds has an unknown value, or more than 10.
400 InvalidInput: pageSize must be a number from 1 to 100.
400 InvalidInput: pageSize must be a number from 1 to 100.
400 InvalidInput: createdSince must be a date in ISO 8601 format.
400 InvalidInput: createdUntil must be a date in ISO 8601 format.
400 InvalidInput: A parameter that takes one value is repeated.
400 InvalidInput: nextToken is empty.
400 InvalidInput: The nextToken is invalid.
400 InvalidInput: The nextToken is invalid.
400 InvalidInput: nextToken must be the only parameter.
400 InvalidInput: nextToken must be the only parameter.
400 InvalidInput: The nextToken is invalid.
200



=== TEST 13: reports are listed, newest first, page by page
--- client
my $s = seller("/amazon", "LIST");
my @made = map { id($s, $_ % 3 ? $returns : $ledger) } 1 .. 25;
my $want = sub { join " ", map { /(\d\d\d)$/ } reverse @_ };
my @pages = all_reports($s, reportTypes => "$returns,$ledger");
my @small = all_reports($s, reportTypes => "$returns,$ledger", pageSize => 4);
my @one = all_reports($s, reportTypes => $ledger);
my @two = all_reports($s, "reportTypes=$ledger&reportTypes=$returns"
                          . "&pageSize=100");
my $r = $pages[0][0];
join(" ", map { scalar @$_ } @pages),
ids(@pages) eq $want->(@made) ? "all" : ids(@pages),
join(" ", map { scalar @$_ } @small),
ids(@small) eq $want->(@made) ? "all" : ids(@small),
ids(@one) eq $want->(@made[2, 5, 8, 11, 14, 17, 20, 23]) ? "all" : ids(@one),
join(" ", map { scalar @$_ } @two),
same($r, (report($s, $r->{reportId}))[1]),
scalar(map { @$_ } all_reports($s, reportTypes => $removals)),
scalar(map { @$_ } all_reports(seller("/amazon", "LIST2"),
                               reportTypes => "$returns,$ledger"))
--- lines
10 10 5
all
4 4 4 4 4 4 1
all
all
25
same
0
0



=== TEST 14: the other filters
--- client
my $s = seller("/amazon", "FILTER");
my @made = (id($s), id($s, $returns, marketplaceIds => [ "A2EUQ1WTGCTBG2" ]),
            id($s, $returns, dataStartTime => "2024-01-01"),
            id($s, $returns, dataStartTime => "2025-03-01"));
my $list = sub {
    my @found = map { $_->{reportId} } map { @$_ }
                all_reports($s, reportTypes => $returns, @_);
    join " ", map { my $id = $_; grep { $made[$_] eq $id } 0 .. $#made } @found;
};
"all " . $list->(),
"done " . $list->(processingStatuses => "DONE"),
"others " . $list->(processingStatuses => "FATAL,CANCELLED"),
"waiting " . $list->(processingStatuses => "IN_QUEUE,IN_PROGRESS"),
"ca " . $list->(marketplaceIds => "A2EUQ1WTGCTBG2"),
"mx or ca " . $list->(marketplaceIds => "A1AM78C64UM0Y8,A2EUQ1WTGCTBG2"),
"both " . $list->(marketplaceIds => $us, processingStatuses => "DONE"),
"since " . $list->(createdSince => moment(-60)),
"too late " . $list->(createdSince => moment(60)),
"until " . $list->(createdUntil => moment(60)),
"too early " . $list->(createdUntil => moment(-60))
--- lines
all 3 2 1 0
done 1 0
others 3 2
waiting 
ca 1
mx or ca 1
both 0
since 3 2 1 0
too late 
until 3 2 1 0
too early 



=== TEST 15: settlements come unasked, at most ninety days back
--- client
my $s = seller("/today");
my @all = map { @$_ } all_reports($s, reportTypes => $settlements);
my @small = map { @$_ } all_reports($s, reportTypes => $settlements,
                                    pageSize => 2);
my ($r) = @all;
my $day = 86400;
my @since = map { @$_ } all_reports($s, reportTypes => $settlements,
                                    createdSince => moment(-40 * $day));
my @far = map { @$_ } all_reports($s, reportTypes => $settlements,
                                  createdSince => moment(-400 * $day));
my @mixed = map { $_->{reportType} } map { @$_ } do {
    id($s, $returns);
    all_reports($s, reportTypes => "$settlements,$returns", pageSize => 3);
};
(@all >= 5 && @all <= 7 ? "a fortnight each" : scalar @all),
same(\@all, \@small), (grep { $_->{processingStatus} ne "DONE" } @all),
(grep { $all[$_]{dataEndTime} ne $all[$_ - 1]{dataStartTime} } 1 .. $#all),
$all[-1]{createdTime} gt moment(-91 * $day) ? "young" : $all[-1]{createdTime},
@since < @all && @since >= 2 ? "since" : scalar @since, same(\@far, \@all),
same($r, (report($s, $r->{reportId}))[1]),
short(create($s, $settlements)),
short(cancel($s, $r->{reportId})),
$mixed[0] eq $returns && @mixed == 1 + @all ? "both" : "@mixed",
short(report($s, $r->{reportId} - 20)), short(report($s, $r->{reportId} + 1)),
scalar(map { @$_ } all_reports(seller(), reportTypes => $settlements))
--- lines
a fortnight each
same
young
since
same
same
400 InvalidInput: Reports of this type cannot be requested: Amazon schedules t
400 InvalidInput: Only reports whose processingStatus is IN_QUEUE can be cance
both
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report.
0



=== TEST 16: a settlement that a revision brings
--- client
my $s = seller("/today", "NEW");
my $list = sub { map { @$_ } all_reports($s, reportTypes => $settlements) };
my @before = $list->();
$s->revise(1);
my @after = $list->();
my $r = $after[0];
@after - @before, $r->{createdTime} gt moment(-600) ? "new" : "old",
$r->{dataEndTime} eq $r->{createdTime} ? "ends" : "?",
scalar(rows(document($s, $r->{reportDocumentId})->{content}))
--- lines
1
new
ends
20



=== TEST 17: the zone keeps the newest reports
--- client
my $s = seller("/tiny");
my @made = map { id($s) } 1 .. 150;
my @pages = all_reports($s, reportTypes => $returns, pageSize => 100);
my @kept = map { $_->{reportId} } map { @$_ } @pages;
my $kept = @kept;
$kept > 20 && $kept < 140 ? "some" : $kept,
same(\@kept, [ reverse @made[-$kept .. -1] ]),
short(report($s, $made[-1])), short(report($s, $made[-$kept])),
short(report($s, $made[-$kept - 1])), short(report($s, $made[0])),
"another " . short(report($s, id($s)))
--- lines
some
same
200
200
404 NotFound: The seller has no such report.
404 NotFound: The seller has no such report.
another 200



=== TEST 18: quotas are those of the model
--- client
my $s = seller("/quota");
my $id = id($s);
my %calls = (
    create => sub { create($s, $returns, @window) },
    get => sub { report($s, $id) },
    list => sub { reports($s, reportTypes => $returns) },
    document => sub { $s->get("/reports/2021-06-30/documents/x", "") },
    cancel => sub { cancel($s, "50000999999") },
);
map {
    my ($name, $n, $error, $rate) = ($_, 0);
    for (1 .. 60) {
        my ($status, $json, $answer) = $calls{$name}->();
        $error = $status == 429 && $json->{errors}[0]{code};
        last if $error;
        $rate = $answer->{headers}{"x-amzn-ratelimit-limit"};
        $n++;
    }
    $n = $name eq "get" && $n >= 15 ? "15 or more" : $n;
    "$name $rate $n $error";
} sort keys %calls
--- lines
cancel 0.0222 10 QuotaExceeded
create 0.0167 14 QuotaExceeded
document 0.0167 15 QuotaExceeded
get 2.0 15 or more QuotaExceeded
list 0.0222 10 QuotaExceeded



=== TEST 19: faults of reports, each by the number of the createReport
--- client
my $s = seller("/faults");
map {
    report($s, "x") if $_ == 1;
    my $r = ended($s, id($s));
    my $text = $r->{reportDocumentId}
        ? document($s, $r->{reportDocumentId})->{content} : "no document";
    "$_ $r->{processingStatus} " . ($text =~ /^return-date/ ? "data"
                                    : $text =~ s/\n\z//r);
} 1 .. 6
--- lines
1 DONE data
2 CANCELLED no document
3 FATAL Error: the report could not be generated. Please submit the request again later.
4 CANCELLED no document
5 FATAL no document
6 CANCELLED no document



=== TEST 20: a slow report
--- client
my $s = seller("/slow");
(map { (report($s, id($s, $_)))[1]{processingStatus} } $returns, $ledger)
--- lines
DONE
IN_QUEUE



=== TEST 21: an answer that is lost leaves a report behind
--- client
my $s = seller("/lost");
my ($status) = create($s, $returns, @window);
my @left = map { @$_ } all_reports($s, reportTypes => $returns);
$status, scalar @left, short(report($s, $left[0]{reportId})),
short(report($s, $left[0]{reportId})),
short($s->get("/reports/2021-06-30/documents/"
              . $left[0]{reportDocumentId}, "")),
short($s->get("/reports/2021-06-30/documents/"
              . $left[0]{reportDocumentId}, ""))
--- lines
599
1
200
403 Unauthorized
200
429 QuotaExceeded



=== TEST 22: one token for ever, and wrong types
--- client
my $s = seller("/same_token");
my ($token, %seen) = ();
for (1 .. 4) {
    my $json = (reports($s, $token ? (nextToken => $token)
                            : (reportTypes => $returns)))[1];
    $token = $json->{nextToken};
    $seen{$token}++;
}
my $wrong = seller("/wrong_type");
join(" ", values %seen),
(map { ref((create($wrong, $_, @window))[1]{reportId}) || "text" }
    $returns, $ledger)
--- lines
4
text
HASH



=== TEST 23: methods
--- client
my $s = seller();
my %headers = (headers => { "x-amz-access-token" => $s->token });
map {
    my ($status, undef, $answer) = $s->call(@$_, %headers);
    "$status " . ($answer->{headers}{allow} // "");
} [ "PUT", $reports ], [ "PUT", "$reports/1" ],
  [ "DELETE", "/reports/2021-06-30/documents/1" ], [ "POST", "$reports/1" ],
  [ "HEAD", "$reports?reportTypes=$returns" ], [ "POST", "/_document/x" ]
--- lines
405 GET, HEAD, POST
405 GET, HEAD, DELETE
405 GET, HEAD
405 GET, HEAD, DELETE
200 
405 GET, HEAD



=== TEST 24: statistics have the operations
--- config
    location /amazon/ {
        amzsync_sandbox zone=stats:1m quota=0 report_time=0
                        until=2025-03-01T00:00:00Z;
    }
--- client
my $s = seller();
my $id = id($s);
reports($s, reportTypes => $returns);
document($s, (report($s, $id))[1]{reportDocumentId});
cancel($s, $id);
my $stats = ($s->call("GET", "/_sandbox/stats"))[1]{requests};
map { my $op = $_; "$op " . join " ", map { "$_=$stats->{$op}{$_}" }
                            sort keys %{ $stats->{$op} } }
    qw(createReport getReports getReport getReportDocument document
       cancelReport)
--- lines
createReport 202=1
getReports 200=1
getReport 200=1
getReportDocument 200=1
document 200=1
cancelReport 400=1



=== TEST 25: mistakes in the configuration: a time
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m report_time=2d;
    }
--- must_die
--- error_log
needs a time of at most a day in "report_time=2d"



=== TEST 26: mistakes in the configuration: a charset
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m report_charset=latin1;
    }
--- must_die
--- error_log
needs "utf-8", "cp1252" or "cp932" in "report_charset=latin1"



=== TEST 27: mistakes in the configuration: a fault of another operation
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m fault=fatal:1:getReport;
    }
--- must_die
--- error_log
is of another operation than that in "fault=fatal:1:getReport"



=== TEST 28: mistakes in the configuration: an argument that there is not
--- config
    location /amazon/ {
        amzsync_sandbox zone=z:1m report_colour=red;
    }
--- must_die
--- error_log
has an unknown argument "report_colour=red"

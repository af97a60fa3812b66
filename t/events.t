# Syncs as Server-Sent Events: what a client sees from the first to the last
# event, whoever works on the sync, and clients that are slow, or too many.

use strict;
use warnings;

use lib 't/lib';
use AmzSync::Site;
use IO::Select;
use IO::Socket::IP;
use JSON::PP ();
use Socket qw(SO_RCVBUF SOL_SOCKET);
use Test::More;
use Time::HiRes qw(sleep time);

my $site = AmzSync::Site->new("seed=2 orders=600 page=4 quota=2000");
my $db = $site->db;
my $nginx = $site->nginx(workers => 2, extra => "send_timeout 2s;");

# A stream: { socket, text } with what has come so far, after the header.

sub stream {
    my ($user, $id, %arg) = @_;
    my $socket = IO::Socket::IP->new(
        PeerHost => "127.0.0.1", PeerPort => $arg{port} || $nginx->port,
        $arg{rcvbuf} ? (Sockopts => [ [ SOL_SOCKET, SO_RCVBUF,
                                        $arg{rcvbuf} ] ]) : ())
        or die "connect: $!\n";
    my $path = exists $arg{path} ? $arg{path} : "/api/sync/events/$id";

    print $socket join("\r\n", ($arg{method} || "GET") . " $path HTTP/1.1",
                       "Host: h", "X-User: $user",
                       defined $arg{seen} ? "Last-Event-ID: $arg{seen}" : (),
                       "", "");

    return { socket => $socket, raw => "" };
}

# Reads until a pattern is seen, the end, or the time is over.

sub until_seen {
    my ($stream, $pattern, $timeout) = @_;
    my $end = time + ($timeout || 20);
    my $select = IO::Select->new($stream->{socket});

    while ($stream->{raw} !~ $pattern && time < $end) {
        next if !$select->can_read(0.1);
        if (!sysread $stream->{socket}, $stream->{raw}, 65536,
                     length $stream->{raw})
        {
            $stream->{closed} = 1;
            last;
        }
    }

    return $stream->{raw} =~ $pattern;
}

# (header, the body's text without its chunks, whether it ended well)

sub parts {
    my ($stream) = @_;
    my ($header, $rest) = split /\r\n\r\n/, $stream->{raw}, 2;
    my ($body, $done) = ("", 0);

    $rest = "" if !defined $rest;

    while ($rest =~ s/^([0-9a-f]+)\r\n//) {
        my $size = hex $1;
        $done = 1, last if $size == 0;
        $body .= substr $rest, 0, $size, "";
        $rest =~ s/^\r\n//;
    }

    return ($header, $body, $done);
}

# Events: { id, event, data }.

sub events {
    my ($stream) = @_;
    my (undef, $body) = parts($stream);
    my @events;

    for my $block ($body =~ /(.*?)\n\n/gs) {
        my %event = $block =~ /^(id|event|data|retry): (.*)$/mg;
        next if !defined $event{data};
        $event{data} = JSON::PP::decode_json($event{data});
        push @events, \%event;
    }

    return @events;
}

sub status {
    my ($user, $id) = @_;

    return ($db->call("GET", "/api/sync/status/$id", user => $user,
                      port => $nginx->port))[1];
}

sub row {
    my ($user, $no, %row) = @_;
    my %all = (selling_partner_id => "A1", region => "na",
               marketplace_ids => "{A}", state => "running", lease => 1,
               lease_until => "infinity", %row);
    my @names = sort keys %all;

    $db->sql("INSERT INTO amzsync.sync_progress (user_id, sync_no, "
             . join(", ", @names) . ") VALUES ('$user', $no, "
             . join(", ", map { defined $all{$_} ? "'$all{$_}'" : "NULL" }
                          @names) . ")");
    return "sync_${user}_$no";
}

sub change {
    my ($user, $set) = @_;

    $db->sql("UPDATE amzsync.sync_progress SET version = version + 1, $set
               WHERE user_id = '$user'");
}


# A stream on which nothing happens, for the end of this file.

my $idle = stream("idle", row("idle", 1));
my $idle_since = time;


# Syncs are followed to their end, by several clients, in any worker.

{
    my %syncs = map { $_ => $site->begin($nginx, $_, seller => uc $_) }
                qw(u1 u2 u3);
    my @streams = map { my $user = $_;
                        map { [ $user, stream($user, $syncs{$user}) ] } 1 .. 3
                      } sort keys %syncs;

    for my $i (0 .. $#streams) {
        my ($user, $stream) = @{ $streams[$i] };
        my $name = "$user, stream $i";

        ok(until_seen($stream, qr/\r\n0\r\n\r\n/, 40), "$name: it ends");

        my @events = events($stream);
        my @progress = map { $_->{data}{progress} } @events;

        is_deeply([ map { $_->{event} } @events ],
                  [ ("sync_progress") x $#events, "sync_complete" ],
                  "$name: the events");
        cmp_ok(scalar @events, ">=", 4, "$name: many of them");
        is_deeply(\@progress, [ sort { $a <=> $b } @progress ],
                  "$name: progress");

        my @ids = map { $_->{id} } @events;
        is_deeply(\@ids, [ sort { $a <=> $b } keys %{{ map { $_ => 1 }
                                                        @ids }} ],
                  "$name: ids go up");
        is_deeply($events[-1]{data}, status($user, $syncs{$user}),
                  "$name: the last one is the status");
        is($events[0]{retry}, 2000, "$name: when to come again");
    }

    my ($header) = parts($streams[0][1]);
    like($header, qr{^HTTP/1.1 200 OK\r}, "status");
    like($header, qr{^Content-Type: text/event-stream\r?$}m, "type");
    like($header, qr{^Cache-Control: no-cache\r?$}m, "no cache");
    like($header, qr{^X-Accel-Buffering: no\r?$}m, "no buffering");


    # An ended one: one event, and never again.

    my $stream = stream("u1", $syncs{u1});
    until_seen($stream, qr/\r\n0\r\n\r\n/);
    my @events = events($stream);
    is_deeply([ map { $_->{event} } @events ], [ "sync_complete" ],
              "ended: one event");

    $stream = stream("u1", $syncs{u1}, seen => $events[0]{id});
    until_seen($stream, qr/\r\n\r\n/);
    like($stream->{raw}, qr{^HTTP/1.1 204 }, "ended and seen: 204");

    for my $seen ($events[0]{id} - 1, "x", "-1", "") {
        $stream = stream("u1", $syncs{u1}, seen => $seen);
        until_seen($stream, qr/\r\n0\r\n\r\n/);
        is(scalar(events($stream)), 1, "ended, \"$seen\" seen: the event");
    }
}


# What others change is seen within a second or two: the row is the truth.

for my $case ([ "completed", "sync_complete" ], [ "failed", "sync_failed" ],
              [ "cancelled", "sync_cancelled" ])
{
    my ($state, $event) = @$case;
    my $user = "other_$state";
    my $id = row($user, 5, progress => 7);
    my $stream = stream($user, $id);

    until_seen($stream, qr/"progress":7,/);
    change($user, "progress = 9, message = E'Line\\none \"two\"'");
    ok(until_seen($stream, qr/"progress":9,/, 3), "$state: a change");

    my @events = events($stream);
    is($events[-1]{data}{message}, qq{Line\none "two"}, "$state: message");

    my $end = $state eq "cancelled"
        ? $db->call("POST", "/api/sync/cancel/$id", user => $user,
                    port => $nginx->port)
        : change($user, "state = '$state', completed_at = now(), lease = NULL,
                         lease_until = NULL, error_code =
                         CASE WHEN '$state' = 'failed' THEN 'stalled' END,
                         progress = CASE WHEN '$state' = 'completed' THEN 100
                                         ELSE progress END");

    ok(until_seen($stream, qr/\r\n0\r\n\r\n/, 3), "$state: the end");
    @events = events($stream);
    is_deeply([ map { $_->{event} } @events ],
              [ "sync_progress", "sync_progress", $event ],
              "$state: the events");
    is_deeply($events[-1]{data}, status($user, $id), "$state: the status");
}


# A sync whose row is deleted by hand ends well, and is not found then.

{
    my $id = row("gone", 1, progress => 3);
    my @streams = map { stream("gone", $id) } 1 .. 3;

    row("gone", 2, progress => 4, state => "failed", lease => undef,
        lease_until => undef, completed_at => "now()");
    $db->sql("INSERT INTO amzsync.sync_datasets
                     (user_id, sync_no, dataset, position)
              VALUES ('gone', 1, 'orders', 1)");

    until_seen($_, qr/"progress":3,/) for @streams;
    $db->sql("DELETE FROM amzsync.sync_progress
               WHERE user_id = 'gone' AND sync_no = 1");

    for my $stream (@streams) {
        ok(until_seen($stream, qr/\r\n0\r\n\r\n/, 5), "deleted: it ends well");
        is(scalar(events($stream)), 1, "deleted: without another event");
    }

    my $again = stream("gone", $id);
    until_seen($again, qr/\}/);
    like($again->{raw}, qr{^HTTP/1.1 404 }, "deleted: not found");
}


# Who joins late brings the news to those who were there, also the last one;
# a rate of the location holds nothing back.

{
    my $port = AmzSync::Nginx::free_port();
    my $other = AmzSync::Nginx->new(
        http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                                   lwa => "http://127.0.0.1:1/token",
                                   extra => "limit_rate 10k;\n"),
        server => "listen 127.0.0.1:$port;\n" . $db->locations);

    for my $n (1 .. 4) {
        my $id = row("join$n", 1, progress => 1);
        my $first = stream("join$n", $id, port => $port);

        until_seen($first, qr/"progress":1,/);
        sleep 0.3 * $n;
        change("join$n", "progress = 2");
        my $second = stream("join$n", $id, port => $port);
        until_seen($second, qr/"progress":2,/);
        ok(until_seen($first, qr/"progress":2,/, 4), "joined $n: a change");

        change("join$n", "state = 'cancelled', completed_at = now(),
                          lease = NULL, lease_until = NULL");
        my $third = stream("join$n", $id, port => $port);
        ok(until_seen($_, qr/sync_cancelled.*\r\n0\r\n\r\n/s, 4),
           "joined $n: the end") for $third, $first, $second;
    }

    is_deeply([ $other->alarms ], [], "joined: no alarms");
}


# A client that is slow gets the newest state, not all of them; one that never
# reads is left.

{
    my $port = AmzSync::Nginx::free_port();
    my $small = AmzSync::Nginx->new(
        http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                                   lwa => "http://127.0.0.1:1/token",
                                   extra => "send_timeout 5s;
                                             amzsync_max_streams 3;"),
        server => "listen 127.0.0.1:$port sndbuf=4k;" . $db->locations);

    my $id = row("slow", 1);
    my $slow = stream("slow", $id, port => $port, rcvbuf => 2048);
    my $quick = stream("slow", $id, port => $port);
    my $never = stream("slow", $id, port => $port, rcvbuf => 2048);

    until_seen($_, qr/sync_progress/) for $slow, $quick;

    my $too_many = stream("slow", $id, port => $port);
    until_seen($too_many, qr/\}/);
    like($too_many->{raw}, qr/^HTTP\/1.1 503 .*"error":"too_many_streams"/s,
         "a fourth stream: refused");

    for my $n (1 .. 4) {
        change("slow", "message = repeat('a$n ', 20000)");
        until_seen($quick, qr/"message":"a$n [^\n]*\n\n/, 4);
    }

    is(scalar(events($quick)), 5, "quick: all of them");

    until_seen($slow, qr/"message":"a4 [^\n]*\n\n/, 10);
    my @events = events($slow);
    cmp_ok(scalar @events, "<", 5, "slow: not all of them");
    is($events[-1]{data}{message}, "a4 " x 20000, "slow: the newest");

    change("slow", "message = repeat('b ', 30000)");
    ok(until_seen($slow, qr/"message":"b /, 10), "slow: it goes on");

    ok(AmzSync::Site::until_true(15, sub {
           my $next = stream("slow", $id, port => $port);
           until_seen($next, qr/\r\n\r\n/);
           $next->{raw} =~ m{^HTTP/1.1 200 };
       }), "the one that never reads has lost its place");
    like($small->log, qr/client of an event stream does not read/,
         "and the log says so");

    # Many come and go.

    for (1 .. 200) {
        my $stream = stream("slow", $id, port => $port);
        until_seen($stream, qr/HTTP/) if $_ % 3;
    }

    ok(AmzSync::Site::until_true(10, sub {
           my $next = stream("slow", $id, port => $port);
           until_seen($next, qr/\r\n\r\n/);
           $next->{raw} =~ m{^HTTP/1.1 200 };
       }), "after many that came and went: a place");

    is_deeply([ $small->alarms ], [], "slow: no alarms");
}


# A reload ends streams well; the client comes again and sees the same.  A
# request that an old worker has begun to read ends as well.

{
    my $id = row("reload", 1, progress => 3);
    my @streams = map { stream("reload", $id) } 1 .. 4;
    my $late = { socket => IO::Socket::IP->new(PeerHost => "127.0.0.1",
                                               PeerPort => $nginx->port),
                 raw => "" };

    print { $late->{socket} } "GET /api/sync/events/$id HTTP/1.1\r\n"
                              . "Host: h\r\n";
    until_seen($_, qr/"progress":3,/) for @streams;

    my @before = $nginx->workers;
    $nginx->signal("HUP");

    for my $stream (@streams) {
        ok(until_seen($stream, qr/\r\n0\r\n\r\n/, 5), "reload: it ends well");
    }

    AmzSync::Site::until_true(10, sub {
        my %now = map { $_ => 1 } $nginx->workers;
        !grep { $now{$_} } @before;
    }) or die "the old workers stay\n";
    sleep 0.3;

    print { $late->{socket} } "X-User: reload\r\n\r\n";
    ok(until_seen($late, qr/\r\n0\r\n\r\n/, 5), "reload, late: it ends well");
    like($late->{raw}, qr{^HTTP/1.1 200 }, "reload, late: status");

    my @events = events($late);
    is_deeply([ map { "$_->{event} $_->{retry} $_->{data}{progress}" }
                @events ], [ "sync_progress 2000 3" ],
              "reload, late: the event, and when to come again");

    ok(AmzSync::Site::until_true(5, sub { !grep { kill 0, $_ } @before }),
       "reload: old workers exit");

    my $stream = stream("reload", $id, seen => 1);
    until_seen($stream, qr/"progress":3,/);
    change("reload", "progress = 4");
    ok(until_seen($stream, qr/"progress":4,/, 3), "reload: again");
}


# HTTP/2, and what is no stream.

{
    my $port = AmzSync::Nginx::free_port();
    my $h2 = AmzSync::Nginx->new(
        http   => $db->http_config(endpoint => "http://127.0.0.1:1",
                                   lwa => "http://127.0.0.1:1/token"),
        server => "listen 127.0.0.1:$port http2;\n" . $db->locations);

    my $id = row("h2", 1, progress => 1);
    my $pid = open my $fh, '-|', "curl", "-sN", "--http2-prior-knowledge",
                   "--max-time", 60, "-H", "X-User: h2",
                   "http://127.0.0.1:$port/api/sync/events/$id"
        or die "curl: $!\n";

    my $text = "";
    my $read = sub {
        my ($pattern) = @_;
        my $line;

        $text .= $line while $text !~ $pattern && defined($line = <$fh>);
    };

    $read->(qr/"progress":1,/);
    change("h2", "progress = 2");
    $read->(qr/"progress":2,/);
    change("h2", "state = 'cancelled', completed_at = now(), lease = NULL,
                  lease_until = NULL");
    $read->(qr/(?!)/);
    close $fh;

    is_deeply([ $text =~ /^event: (\w+)$/mg ],
              [ qw(sync_progress sync_progress sync_cancelled) ],
              "HTTP/2: the events");
    is($?, 0, "HTTP/2: the end");
    is_deeply([ $h2->alarms ], [], "HTTP/2: no alarms");
}

{
    my $id = row("bad", 1);

    for my $case ([ GET => "/api/sync/events/sync_other_1", 404 ],
                  [ GET => "/api/sync/events/sync_bad_2", 404 ],
                  [ GET => "/api/sync/events/x", 404 ],
                  [ GET => "/api/sync/events", 404 ],
                  [ GET => "/api/sync/events?syncId=", 404 ],
                  [ POST => "/api/sync/events/$id", 405 ],
                  [ HEAD => "/api/sync/events/$id", 200 ],
                  [ GET => "/api/sync/events?syncId=$id", 200 ])
    {
        my ($method, $path, $code) = @$case;
        my $stream = stream("bad", "", method => $method, path => $path);

        until_seen($stream, $code == 200 ? qr/\r\n\r\n/ : qr/\}/);
        like($stream->{raw}, qr{^HTTP/1.1 $code }, "$method $path");
        like($stream->{raw}, qr{text/event-stream}, "$method $path: type")
            if $code == 200;
    }
}


# Proxies shall not think that nobody is there.

sleep 1 while time - $idle_since < 17;
$idle = stream("idle", "sync_idle_1") if $idle->{closed};
ok(until_seen($idle, qr/\n:\n\n/, 17), "a comment after fifteen seconds");
is(scalar(events($idle)), 1, "and no second event");

is_deeply([ $site->alarms ], [], "no alarms");

done_testing();

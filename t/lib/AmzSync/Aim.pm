package AmzSync::Aim;

# Stops the module at a step of a report, as it is seen from outside, so that
# the worker that is at it may be killed right there.
#
#     my $aim = AmzSync::Aim->new($db, $gate);
#     $aim->at("last slice", "lost");
#     my $met = $aim->met or ...;     # { port => ..., dataset => ... }
#     kill "KILL", AmzSync::Process::owner($met->{port}, $nginx->workers);
#     $aim->over;                     # the statement goes on, or is lost
#
# A call is held by the gate.  A statement waits in a trigger of the test's,
# with all its work done; then it is committed, if it shall be "kept", although
# whoever sent it is dead, or it is "lost".

use strict;
use warnings;

use AmzSync::Report ();

# What the gate holds: operation, how, and what the call has.
my %calls = (
    find     => [ "getReports", "answer", '^(?!.*=GET_V2_SETTLEMENT)' ],
    list     => [ "getReports", "answer", "=GET_V2_SETTLEMENT" ],
    create   => [ "createReport", "answer", "" ],
    stored   => [ "getReport", "call", "" ],
    poll     => [ "getReport", "answer", "" ],
    address  => [ "getReportDocument", "answer", "" ],
    download => [ "document", "middle", "" ],
);

# What waits in the database.
my @steps = ("id", "waiting", "only slice", "first slice", "middle slice",
             "last slice", "purge", "end");

my %datasets = (%AmzSync::Report::types,
                $AmzSync::Report::settlements => "settlements");

delete $datasets{$AmzSync::Report::all_orders};


sub new {
    my ($class, $db, $gate) = @_;
    my $self = bless { db => $db, gate => $gate }, $class;

    install($db);

    return $self;
}


# A step of the module's is known by the checkpoint before and after it; when
# the id of a report was stored is written down.

sub install {
    my ($db) = @_;

    $db->script(<<'SQL');
CREATE SCHEMA aim;

CREATE TABLE aim.target (step text);

CREATE TABLE aim.ids (
    at timestamptz, user_id text, sync_no bigint, dataset text
);

CREATE FUNCTION aim.wait(p_step text, p_dataset text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM aim.target WHERE step = p_step) THEN
        PERFORM set_config('application_name', 'aim: ' || p_dataset, true);
    END IF;
    WHILE EXISTS (SELECT FROM aim.target WHERE step = p_step) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;

CREATE FUNCTION aim.step(a amzsync.sync_datasets, b amzsync.sync_datasets)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN b.next_token = a.next_token THEN 'waiting'
        WHEN b.next_token LIKE 'r %' THEN 'id'
        WHEN b.status = 'completed' THEN 'end'
        WHEN b.rows <= a.rows THEN 'other'
        WHEN a.next_token LIKE 'r %' AND b.next_token LIKE 's %'
            THEN 'first slice'
        WHEN b.next_token LIKE 's %' THEN 'middle slice'
        WHEN a.next_token LIKE 's %' THEN 'last slice'
        ELSE 'only slice'
    END
$$;

CREATE FUNCTION aim.on_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_step text := aim.step(OLD, NEW);
BEGIN
    IF v_step = 'id' THEN
        INSERT INTO aim.ids
        VALUES (clock_timestamp(), NEW.user_id, NEW.sync_no, NEW.dataset);
    END IF;
    PERFORM aim.wait(v_step, NEW.dataset);
    RETURN NULL;
END
$$;

CREATE FUNCTION aim.on_purge() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM gone) THEN
        PERFORM aim.wait('purge', TG_ARGV[0]);
    END IF;
    RETURN NULL;
END
$$;
SQL

    $db->script(<<END . join "", map { <<END } sort values %datasets);
CREATE TRIGGER aim AFTER UPDATE ON amzsync.sync_datasets FOR EACH ROW
    WHEN (NEW.dataset IN (@{[ join ", ", map { "'$_'" } values %datasets ]}))
    EXECUTE FUNCTION aim.on_step();
END
CREATE TRIGGER aim AFTER DELETE ON amzsync.${_}_rows
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION aim.on_purge('$_');
END
}


# The dataset of a report's type.

sub dataset { $datasets{ $_[0] } }


sub names { (sort(keys %calls), @steps) }


# Waits for the next time that the module is at this step.

sub at {
    my ($self, $step, $fate) = @_;

    $self->{step} = $step;
    $self->{fate} = $fate;

    if ($calls{$step}) {
        $self->{gate}->hold(@{ $calls{$step} });

    } else {
        $self->{db}->sql("INSERT INTO aim.target VALUES ('$step')");
    }
}


sub met {
    my ($self) = @_;

    return $calls{ $self->{step} } ? $self->met_call : $self->met_statement;
}


sub met_call {
    my ($self) = @_;
    my $held = $self->{gate}->held or return;

    if ($held->{call} =~ /\b(GET_[A-Z0-9_]+)/) {
        $held->{dataset} = $datasets{$1};

    } else {
        my ($id) = $held->{call} =~ m{(?:reports/|\.)(\d{11,})\b};
        $held->{dataset} = $self->{db}->value("
            SELECT dataset FROM amzsync.sync_datasets
             WHERE next_token ~ ' $id( |\$)' ORDER BY sync_no DESC LIMIT 1");
    }

    return $held;
}


sub met_statement {
    my ($self) = @_;
    my ($row) = $self->{db}->sql("
        SELECT pid, client_port, substr(application_name, 6)
          FROM pg_stat_activity WHERE application_name LIKE 'aim: %'");

    return if !$row;

    $self->{server} = $row->[0];

    return { port => $row->[1], dataset => $row->[2] };
}


# What was held may end, in one way or the other.

sub over {
    my ($self) = @_;

    return if $calls{ $self->{step} };

    # At most these milliseconds until it is gone.
    $self->{db}->sql("SELECT pg_terminate_backend($self->{server}, 5000)")
        if $self->{server} && $self->{fate} eq "lost";

    $self->{db}->sql("DELETE FROM aim.target");
    $self->{server} = undef;
}


# Nothing is waited for any more.

sub off {
    my ($self) = @_;

    $self->{gate}->hold("nothing", "call", "");
    $self->{db}->sql("DELETE FROM aim.target");
}


1;

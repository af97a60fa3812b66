package AmzSync::Audit;

# What a campaign's database writes down of every change, by triggers that the
# test installs, and the rules that all of it must have kept.
#
#     AmzSync::Audit::install($db);
#     ...
#     AmzSync::Audit::servers($db, $nginx->log, ...);
#     my %broken = AmzSync::Audit::broken($db);
#
# A trigger runs inside the module's statement: what it writes is there if, and
# only if, the statement was committed.  Numbers follow the row locks, so that
# the rows about one sync, and about one user, are in order.

use strict;
use warnings;

use POSIX ();

my @data = qw(orders order_items marketplaces inventory
              financial_transactions);


sub install {
    my ($db) = @_;

    $db->script(<<'SQL');
CREATE SCHEMA audit;

CREATE TABLE audit.progress (
    id bigserial, tx xid8, at timestamptz, pid int,
    user_id text, sync_no bigint, seller text,
    old_state text, new_state text, old_lease bigint, new_lease bigint,
    tries int, new_tries int, in_flight boolean, error text,
    refused_start boolean
);

CREATE TABLE audit.steps (
    id bigserial, tx xid8, at timestamptz, pid int,
    user_id text, sync_no bigint, dataset text,
    old_page bigint, new_page bigint, old_status text, new_status text,
    old_window text, new_window text, old_window_page bigint,
    new_window_page bigint
);

CREATE TABLE audit.writes (
    id bigserial, tx xid8, at timestamptz, dataset text, what text,
    user_id text, seller text, sync_no bigint
);

CREATE TABLE audit.servers (pid int, at timestamptz, worker int);

-- Left out is what follows the datasets by a trigger of the schema's.

CREATE FUNCTION audit.on_progress() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_new  jsonb;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        v_new := to_jsonb(NEW) || jsonb_build_object(
            'datasets', OLD.datasets, 'rows_processed', OLD.rows_processed,
            'orders_processed', OLD.orders_processed,
            'total_orders', OLD.total_orders);
        IF v_new = to_jsonb(OLD) AND to_jsonb(NEW) <> v_new THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        NEW := OLD;
        NEW.state := 'deleted';
    END IF;
    INSERT INTO audit.progress
           (tx, at, pid, user_id, sync_no, seller, old_state, new_state,
            old_lease, new_lease, tries, new_tries, in_flight, error,
            refused_start)
    VALUES (pg_current_xact_id(), clock_timestamp(), pg_backend_pid(),
            NEW.user_id, NEW.sync_no, NEW.selling_partner_id,
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.state END, NEW.state,
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.lease END, NEW.lease,
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.tries END,
            NEW.tries,
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.in_flight <> '{}' END,
            NEW.error_code,
            TG_OP = 'UPDATE' AND NEW.starts_refused > OLD.starts_refused);
    RETURN NULL;
END
$$;

CREATE FUNCTION audit.on_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO audit.steps
           (tx, at, pid, user_id, sync_no, dataset, old_page, new_page,
            old_status, new_status, old_window, new_window, old_window_page,
            new_window_page)
    VALUES (pg_current_xact_id(), clock_timestamp(), pg_backend_pid(),
            NEW.user_id, NEW.sync_no, NEW.dataset, OLD.page, NEW.page,
            OLD.status, NEW.status,
            concat_ws(' ', OLD.unit, OLD.window_from),
            concat_ws(' ', NEW.unit, NEW.window_from),
            OLD.window_page, NEW.window_page);
    RETURN NULL;
END
$$;

-- The arguments are the dataset, and what was done to its table.

CREATE FUNCTION audit.on_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO audit.writes (tx, at, dataset, what, user_id, seller)
    SELECT DISTINCT pg_current_xact_id(), clock_timestamp(), TG_ARGV[0],
                    TG_OP || ' ' || TG_TABLE_NAME, user_id,
                    selling_partner_id FROM rows;
    RETURN NULL;
END
$$;

CREATE FUNCTION audit.on_cursor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO audit.writes (tx, at, dataset, what, user_id, seller)
    VALUES (pg_current_xact_id(), clock_timestamp(), NEW.dataset,
            TG_OP || ' cursors', NEW.user_id, NEW.selling_partner_id);
    RETURN NULL;
END
$$;

-- A plan takes the lock of its sync, but changes nothing there.

CREATE FUNCTION audit.on_unit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM amzsync.sync_progress
                    WHERE user_id = NEW.user_id AND sync_no = NEW.sync_no
                      AND state = 'running')
    THEN
        INSERT INTO audit.writes (tx, at, dataset, what, user_id, sync_no)
        VALUES (pg_current_xact_id(), clock_timestamp(), NEW.dataset,
                'plan of a sync that does not run', NEW.user_id,
                NEW.sync_no);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE
    ON amzsync.sync_progress FOR EACH ROW
    EXECUTE FUNCTION audit.on_progress();
CREATE TRIGGER audit AFTER UPDATE ON amzsync.sync_datasets FOR EACH ROW
    EXECUTE FUNCTION audit.on_step();
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON amzsync.cursors FOR EACH ROW
    EXECUTE FUNCTION audit.on_cursor();
CREATE TRIGGER audit AFTER INSERT ON amzsync.sync_units FOR EACH ROW
    EXECUTE FUNCTION audit.on_unit();
SQL

    for my $table (@data) {
        my $dataset = $table eq "order_items" ? "orders" : $table;

        $db->script(join "", map {
            my $rows = $_ eq "DELETE" ? "OLD" : "NEW";
            <<END;
CREATE TRIGGER audit_\L$_\E AFTER $_ ON amzsync.$table
    REFERENCING $rows TABLE AS rows FOR EACH STATEMENT
    EXECUTE FUNCTION audit.on_write('$dataset');
END
        } qw(INSERT UPDATE DELETE));
    }
}


# Which worker has talked over which process of the server: logs of nginx tell,
# before the first statement of a sync.  A number may be used again later.

sub servers {
    my ($db, @logs) = @_;
    my @rows;

    for my $log (@logs) {
        while ($log =~ m{^(\d+)/(\d+)/(\d+)\ (\d+):(\d+):(\d+)\ \[\w+\]
                         \ (\d+)\#.*\ connection\ \d+\ is\ up,
                         \ process\ (\d+)$}mgx)
        {
            my $at = POSIX::mktime($6, $5, $4, $3, $2 - 1, $1 - 1900, 0, 0,
                                   -1);
            push @rows, "$8\t$at\t$7";
        }
    }

    die "no log tells of connections\n" if !@rows;

    my $file = $db->file("servers", join "", map { "$_\n" } @rows);

    $db->script(<<END);
CREATE TEMP TABLE known (pid int, at float8, worker int);
\\copy known FROM '$file'
INSERT INTO audit.servers SELECT pid, to_timestamp(at), worker FROM known;
CREATE INDEX ON audit.servers (pid, at);
CREATE INDEX ON audit.progress (user_id, sync_no, id);
CREATE INDEX ON audit.progress (tx);
CREATE INDEX ON audit.steps (tx);
CREATE INDEX ON audit.steps (user_id, sync_no, dataset, id);
ANALYZE;

-- The second of a log's line is cut off, so that the line is never later than
-- what was said over the connection.

CREATE FUNCTION audit.worker(p_pid int, p_at timestamptz) RETURNS int
LANGUAGE sql STABLE AS \$\$
    SELECT worker FROM audit.servers WHERE pid = p_pid AND at <= p_at
     ORDER BY at DESC LIMIT 1
\$\$;

-- Who held which sync from when to when.

CREATE TABLE audit.holds AS
SELECT user_id, sync_no, new_lease AS lease, worker, id, at AS since,
       lead(id) OVER w AS until_id, lead(at) OVER w AS until,
       lead(new_state) OVER w AS then_state, old_state
  FROM (SELECT *, audit.worker(pid, at) AS worker FROM audit.progress
         WHERE old_lease IS DISTINCT FROM new_lease) p
WINDOW w AS (PARTITION BY user_id, sync_no ORDER BY id);

DELETE FROM audit.holds WHERE lease IS NULL;
CREATE INDEX ON audit.holds (user_id, sync_no, lease);
END
}


# The rules, each with a query of what has broken it.

my @rules = (
    "a sync that has ended changes no more", "
        SELECT * FROM audit.progress
         WHERE old_state NOT IN ('queued', 'running')",

    "a sync goes from state to state as it may", "
        SELECT * FROM (
            SELECT *, lag(new_state) OVER w AS was, lag(new_lease) OVER w AS l
              FROM audit.progress
            WINDOW w AS (PARTITION BY user_id, sync_no ORDER BY id)) p
         WHERE old_state IS DISTINCT FROM was
            OR old_lease IS DISTINCT FROM l
            OR old_state IS NULL AND new_state <> 'queued'
            OR old_state = 'queued'
               AND new_state NOT IN ('queued', 'running', 'cancelled')",

    "a user has one active sync at most", "
        SELECT * FROM (
            SELECT *, sum(CASE WHEN old_state IS NULL THEN 1
                               WHEN old_state IN ('queued', 'running')
                                AND new_state NOT IN ('queued', 'running')
                               THEN -1 ELSE 0 END)
                          OVER (PARTITION BY user_id ORDER BY id) AS n
              FROM audit.progress) p
         WHERE n NOT IN (0, 1)",

    "each page comes after the one before, and once", "
        SELECT * FROM (
            SELECT *, lag(new_page) OVER w AS was
              FROM audit.steps
            WINDOW w AS (PARTITION BY user_id, sync_no, dataset ORDER BY id)) s
         WHERE old_page <> COALESCE(was, 0)
            OR new_page <> old_page + 1 AND new_status <> 'failed'
            OR old_status NOT IN ('pending', 'in_progress')",

    "each page follows the page that it was asked for after", "
        SELECT * FROM audit.steps
         WHERE new_status <> 'failed'
           AND new_window_page <> old_window_page + 1
           AND NOT (new_window_page = 0
                    AND (old_window_page > 0 OR new_window <> old_window))",

    "nothing of a dataset is written but for a running sync", "
        SELECT * FROM audit.steps s
         WHERE NOT EXISTS (
               SELECT FROM audit.progress p
                WHERE (p.tx, p.user_id, p.sync_no)
                      = (s.tx, s.user_id, s.sync_no)
                  AND p.old_state = 'running'
                  AND (p.new_state = 'running' OR p.error = 'stalled'))",

    "a sync ends when all of its datasets have", "
        SELECT d.* FROM amzsync.sync_datasets d
          JOIN amzsync.sync_progress p USING (user_id, sync_no)
         WHERE d.status IN ('pending', 'in_progress')
           AND p.state IN ('completed', 'failed')",

    "a sync's row shows its datasets as they are", "
        SELECT p.*, d.* FROM amzsync.sync_progress p
          CROSS JOIN LATERAL (
               SELECT '[' || string_agg(amzsync.dataset_status(d), ','
                                        ORDER BY d.position) || ']' AS shown,
                      sum(d.rows) AS rows,
                      COALESCE(sum(d.rows) FILTER (
                          WHERE d.dataset = 'orders'), 0) AS orders,
                      sum(d.rows) FILTER (WHERE d.dataset = 'orders'
                                            AND d.status = 'completed')
                          AS total
                 FROM amzsync.sync_datasets d
                WHERE d.user_id = p.user_id AND d.sync_no = p.sync_no) d
         WHERE p.datasets::text IS DISTINCT FROM d.shown
            OR p.rows_processed IS DISTINCT FROM d.rows
            OR p.orders_processed IS DISTINCT FROM d.orders
            OR p.total_orders IS DISTINCT FROM d.total",

    "no row of data and no cursor is written but with a step", "
        SELECT * FROM audit.writes w
         WHERE NOT EXISTS (
               SELECT FROM audit.steps s
                 JOIN audit.progress p
                   ON (p.tx, p.user_id, p.sync_no)
                      = (s.tx, s.user_id, s.sync_no)
                WHERE (s.tx, s.user_id, s.dataset)
                      = (w.tx, w.user_id, w.dataset)
                  AND p.seller = w.seller)",

    "a lease is used by the worker that has it", "
        SELECT p.*, h.worker, audit.worker(p.pid, p.at) AS writer
          FROM audit.progress p
          JOIN audit.holds h ON (h.user_id, h.sync_no, h.lease)
                                = (p.user_id, p.sync_no, p.old_lease)
         WHERE p.old_state = 'running' AND NOT p.refused_start
           AND (p.new_state = 'completed' OR p.new_state = 'queued'
                OR p.new_state = 'failed' AND p.error <> 'stalled'
                OR p.new_lease = p.old_lease)
           AND h.worker IS DISTINCT FROM audit.worker(p.pid, p.at)",

    "no lease is given twice", "
        SELECT lease FROM (SELECT DISTINCT lease, worker FROM audit.holds) h
         GROUP BY lease HAVING count(*) > 1",

    "only a steal in the middle of a call is a try", "
        SELECT * FROM audit.progress
         WHERE new_tries > tries
           AND NOT (in_flight AND old_state = 'running'
                    AND new_lease <> old_lease AND new_tries = tries + 1)",

    "only what was tried five times is given up", "
        SELECT * FROM audit.progress WHERE error = 'stalled' AND tries < 5",
);


# What was broken, by rule: how often, and the first that has.

sub broken {
    my ($db) = @_;
    my @found;

    for (my $i = 0; $i < @rules; $i += 2) {
        my ($rule, $query) = @rules[$i, $i + 1];
        my ($row) = $db->sql("
            SELECT count(*), (array_agg(row_to_json(x)))[1]
              FROM ($query) x");

        push @found, [ $rule, $row->[0], $row->[1] ];
    }

    return @found;
}


1;

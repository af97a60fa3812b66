-- The schema of amzsync: its version, connections, syncs and quotas.
--
-- Everything is keyed by the user first, so that tables can be distributed by
-- user and no statement of a request can reach another user's row.  Keys are
-- compared byte by byte, COLLATE "C": faster, and no index depends on rules of
-- sorting that change with the operating system.  Lease, progress and
-- checkpoint columns stand in no index and in no index's predicate: their
-- updates stay heap-only.

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the encoding of database "%" is %, but UTF8 is needed',
                        current_database(), current_setting('server_encoding')
              USING HINT = 'CREATE DATABASE … ENCODING ''UTF8'' '
                           'TEMPLATE template0';
    END IF;
END
$$;


CREATE SCHEMA amzsync;

COMMENT ON SCHEMA amzsync IS
    'Sellers'' data from the Amazon Selling Partner API, kept by nginx';


CREATE TABLE amzsync.schema_version (
    version     integer PRIMARY KEY,
    name        text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE amzsync.schema_version IS
    'The numbered migrations that were applied; nginx asks for the newest';
COMMENT ON COLUMN amzsync.schema_version.version IS
    'number of the migration, the digits that its file''s name begins with';
COMMENT ON COLUMN amzsync.schema_version.name IS 'name of its file';
COMMENT ON COLUMN amzsync.schema_version.applied_at IS 'when it was applied';


CREATE TABLE amzsync.connections (
    user_id             text COLLATE "C" PRIMARY KEY,
    selling_partner_id  text COLLATE "C" NOT NULL,
    region              text COLLATE "C" NOT NULL
                            CHECK (region IN ('na', 'eu', 'fe')),
    marketplace_ids     text[] NOT NULL,
    status              text NOT NULL CHECK (status IN
                            ('connected', 'reauthorization_required',
                             'disconnected')),
    token_sealed        bytea,
    token_key_id        text,
    version             bigint NOT NULL DEFAULT 1,
    connected_at        timestamptz,
    updated_at          timestamptz NOT NULL DEFAULT now(),

    CHECK (octet_length(user_id) BETWEEN 1 AND 128),
    CHECK (status <> 'connected' OR token_sealed IS NOT NULL),
    CHECK (status <> 'disconnected' OR token_sealed IS NULL),
    CHECK ((token_sealed IS NULL) = (token_key_id IS NULL))
);

COMMENT ON TABLE amzsync.connections IS
    'A user''s Amazon seller account, and the authorization to read it';
COMMENT ON COLUMN amzsync.connections.user_id IS
    'the application''s user, as amzsync_user gives it';
COMMENT ON COLUMN amzsync.connections.selling_partner_id IS
    'Amazon''s id of the seller';
COMMENT ON COLUMN amzsync.connections.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.connections.marketplace_ids IS
    'marketplaces to sync; empty: all that the seller takes part in';
COMMENT ON COLUMN amzsync.connections.status IS
    'connected; reauthorization_required once Amazon refuses the token; '
    'disconnected by the user';
COMMENT ON COLUMN amzsync.connections.token_sealed IS
    'refresh token: nonce (12 bytes), AES-256-GCM ciphertext, tag (16); the '
    'user id is the associated data';
COMMENT ON COLUMN amzsync.connections.token_key_id IS
    'which key of amzsync_token_keys sealed it';
COMMENT ON COLUMN amzsync.connections.version IS
    'goes up whenever the token changes';
COMMENT ON COLUMN amzsync.connections.connected_at IS
    'when this seller was connected';
COMMENT ON COLUMN amzsync.connections.updated_at IS 'last change of the row';


CREATE TABLE amzsync.sync_progress (
    user_id             text COLLATE "C" NOT NULL,
    sync_no             bigint NOT NULL,
    selling_partner_id  text COLLATE "C" NOT NULL,
    region              text COLLATE "C" NOT NULL,
    marketplace_ids     text[] NOT NULL,
    state               text NOT NULL DEFAULT 'queued' CHECK (state IN
                            ('queued', 'running', 'completed', 'failed',
                             'cancelled')),
    progress            smallint NOT NULL DEFAULT 0
                            CHECK (progress BETWEEN 0 AND 100),
    message             text NOT NULL DEFAULT 'Waiting to start',
    error_code          text,
    error_message       text,
    error_request_id    text,
    started_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    completed_at        timestamptz,
    estimated_completion timestamptz,
    run_after           timestamptz NOT NULL DEFAULT now(),
    lease               bigint,
    lease_until         timestamptz,
    in_flight           text[] NOT NULL DEFAULT '{}',
    tries               smallint NOT NULL DEFAULT 0,
    starts_refused      integer NOT NULL DEFAULT 0,
    version             bigint NOT NULL DEFAULT 1,

    PRIMARY KEY (user_id, sync_no),
    CHECK ((progress = 100) = (state = 'completed')),
    CHECK ((state IN ('queued', 'running')) = (completed_at IS NULL)),
    CHECK ((state = 'running') = (lease IS NOT NULL)),
    CHECK ((lease IS NULL) = (lease_until IS NULL))
);

CREATE UNIQUE INDEX sync_progress_active ON amzsync.sync_progress (user_id)
    WHERE state IN ('queued', 'running');

CREATE INDEX sync_progress_queued ON amzsync.sync_progress (run_after)
    WHERE state = 'queued';

CREATE INDEX sync_progress_running ON amzsync.sync_progress (user_id, sync_no)
    WHERE state = 'running';

COMMENT ON TABLE amzsync.sync_progress IS
    'One sync of one user; the id that clients see is '
    'sync_<user_id>_<sync_no>';
COMMENT ON COLUMN amzsync.sync_progress.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.sync_progress.sync_no IS
    'epoch milliseconds of the start; two starts in one take the next number';
COMMENT ON COLUMN amzsync.sync_progress.selling_partner_id IS
    'the seller, as connected at the start';
COMMENT ON COLUMN amzsync.sync_progress.region IS
    'the region, as connected at the start';
COMMENT ON COLUMN amzsync.sync_progress.marketplace_ids IS
    'the connection''s marketplaces at the start; empty: all';
COMMENT ON COLUMN amzsync.sync_progress.state IS
    'queued and running show as in_progress; at most one of them a user';
COMMENT ON COLUMN amzsync.sync_progress.progress IS
    'percent; never falls, 100 only when completed';
COMMENT ON COLUMN amzsync.sync_progress.message IS 'for people';
COMMENT ON COLUMN amzsync.sync_progress.error_code IS
    'why it failed, for programs';
COMMENT ON COLUMN amzsync.sync_progress.error_message IS
    'why it failed, for people';
COMMENT ON COLUMN amzsync.sync_progress.error_request_id IS
    'x-amzn-RequestId of the failure';
COMMENT ON COLUMN amzsync.sync_progress.started_at IS 'when it was asked for';
COMMENT ON COLUMN amzsync.sync_progress.updated_at IS
    'last change that a client can see';
COMMENT ON COLUMN amzsync.sync_progress.completed_at IS 'when it ended';
COMMENT ON COLUMN amzsync.sync_progress.estimated_completion IS
    'from the pace so far; NULL while unknown';
COMMENT ON COLUMN amzsync.sync_progress.run_after IS
    'a queued sync is claimed from then on';
COMMENT ON COLUMN amzsync.sync_progress.lease IS
    'random number of the claim that may write; NULL unless running';
COMMENT ON COLUMN amzsync.sync_progress.lease_until IS
    'from then on another worker may steal the sync';
COMMENT ON COLUMN amzsync.sync_progress.in_flight IS
    'datasets with a call to Amazon that may be under way';
COMMENT ON COLUMN amzsync.sync_progress.tries IS
    'steals with a call in flight since the last page; too many end the sync';
COMMENT ON COLUMN amzsync.sync_progress.starts_refused IS
    'starts that met this sync at the same moment';
COMMENT ON COLUMN amzsync.sync_progress.version IS
    'goes up with every change that a client can see';


-- No foreign key to sync_progress: the one statement that starts a sync makes
-- the rows of both, and the checks would be a third of its work.

CREATE TABLE amzsync.sync_datasets (
    user_id             text COLLATE "C" NOT NULL,
    sync_no             bigint NOT NULL,
    dataset             text COLLATE "C" NOT NULL,
    position            smallint NOT NULL,
    status              text NOT NULL DEFAULT 'pending' CHECK (status IN
                            ('pending', 'in_progress', 'completed',
                             'failed')),
    progress            smallint NOT NULL DEFAULT 0
                            CHECK (progress BETWEEN 0 AND 100),
    page                bigint NOT NULL DEFAULT 0,
    rows                bigint NOT NULL DEFAULT 0,
    unit                smallint NOT NULL DEFAULT 1,
    window_page         bigint NOT NULL DEFAULT 0,
    window_rows         bigint NOT NULL DEFAULT 0,
    window_from         timestamptz,
    window_to           timestamptz,
    next_token          text,
    error_code          text,
    error_message       text,
    error_request_id    text,

    PRIMARY KEY (user_id, sync_no, dataset),
    CHECK ((status = 'failed') = (error_code IS NOT NULL))
);

COMMENT ON TABLE amzsync.sync_datasets IS
    'One dataset of one sync, with the checkpoint that it goes on from';
COMMENT ON COLUMN amzsync.sync_datasets.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.sync_datasets.sync_no IS 'the sync';
COMMENT ON COLUMN amzsync.sync_datasets.dataset IS 'name, such as orders';
COMMENT ON COLUMN amzsync.sync_datasets.position IS 'order in answers';
COMMENT ON COLUMN amzsync.sync_datasets.status IS
    'pending, in_progress, completed or failed';
COMMENT ON COLUMN amzsync.sync_datasets.progress IS 'percent';
COMMENT ON COLUMN amzsync.sync_datasets.page IS
    'steps committed so far: the fence that applies each of them once';
COMMENT ON COLUMN amzsync.sync_datasets.rows IS 'rows stored by its pages';
COMMENT ON COLUMN amzsync.sync_datasets.unit IS
    'the present unit of sync_units';
COMMENT ON COLUMN amzsync.sync_datasets.window_page IS
    'pages committed of the present window';
COMMENT ON COLUMN amzsync.sync_datasets.window_rows IS
    'rows stored by them; taken back when the window begins anew';
COMMENT ON COLUMN amzsync.sync_datasets.window_from IS
    'begin of the present window; NULL: the unit''s first';
COMMENT ON COLUMN amzsync.sync_datasets.window_to IS
    'end of the present window';
COMMENT ON COLUMN amzsync.sync_datasets.next_token IS
    'Amazon''s token of the next page; NULL: the first of the window';
COMMENT ON COLUMN amzsync.sync_datasets.error_code IS
    'why it failed, for programs';
COMMENT ON COLUMN amzsync.sync_datasets.error_message IS
    'why it failed, for people';
COMMENT ON COLUMN amzsync.sync_datasets.error_request_id IS
    'x-amzn-RequestId of the failure';


CREATE TABLE amzsync.sync_units (
    user_id             text COLLATE "C" NOT NULL,
    sync_no             bigint NOT NULL,
    dataset             text COLLATE "C" NOT NULL,
    unit                smallint NOT NULL,
    marketplace_ids     text[] NOT NULL,
    range_from          timestamptz NOT NULL,
    range_to            timestamptz NOT NULL,

    PRIMARY KEY (user_id, sync_no, dataset, unit),
    FOREIGN KEY (user_id, sync_no, dataset) REFERENCES amzsync.sync_datasets
        ON DELETE CASCADE
);

COMMENT ON TABLE amzsync.sync_units IS
    'What a dataset of a sync has to read: planned from the cursors when its '
    'work begins, done unit after unit';
COMMENT ON COLUMN amzsync.sync_units.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.sync_units.sync_no IS 'the sync';
COMMENT ON COLUMN amzsync.sync_units.dataset IS 'name, such as orders';
COMMENT ON COLUMN amzsync.sync_units.unit IS 'number, from 1';
COMMENT ON COLUMN amzsync.sync_units.marketplace_ids IS
    'marketplaces that it asks for; empty: Amazon is asked for none by name';
COMMENT ON COLUMN amzsync.sync_units.range_from IS
    'begin of what it asks for';
COMMENT ON COLUMN amzsync.sync_units.range_to IS
    'end; of a snapshot, the time that it was planned';


CREATE TABLE amzsync.cursors (
    user_id             text COLLATE "C" NOT NULL,
    selling_partner_id  text COLLATE "C" NOT NULL,
    region              text COLLATE "C" NOT NULL,
    dataset             text COLLATE "C" NOT NULL,
    marketplace_id      text COLLATE "C" NOT NULL,
    covered_to          timestamptz NOT NULL,

    PRIMARY KEY (user_id, selling_partner_id, region, dataset, marketplace_id)
);

COMMENT ON TABLE amzsync.cursors IS
    'How far the data reach: the next sync asks from there on, and a little '
    'before';
COMMENT ON COLUMN amzsync.cursors.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.cursors.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.cursors.region IS 'the region';
COMMENT ON COLUMN amzsync.cursors.dataset IS 'name, such as orders';
COMMENT ON COLUMN amzsync.cursors.marketplace_id IS
    'the marketplace; empty for datasets that know none';
COMMENT ON COLUMN amzsync.cursors.covered_to IS
    'end of the last window that was read whole';


CREATE TABLE amzsync.quota_buckets (
    client_id           text COLLATE "C" NOT NULL,
    selling_partner_id  text COLLATE "C" NOT NULL,
    region              text COLLATE "C" NOT NULL,
    operation           text COLLATE "C" NOT NULL,
    rate                double precision NOT NULL CHECK (rate > 0),
    burst               integer NOT NULL CHECK (burst > 0),
    tat                 timestamptz NOT NULL,
    granted             boolean NOT NULL,

    PRIMARY KEY (client_id, selling_partner_id, region, operation)
);

COMMENT ON TABLE amzsync.quota_buckets IS
    'Amazon''s token buckets as GCRA, one per application, seller and '
    'operation; shared by all users of the seller';
COMMENT ON COLUMN amzsync.quota_buckets.client_id IS
    'LWA client id of the application';
COMMENT ON COLUMN amzsync.quota_buckets.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.quota_buckets.region IS 'the region';
COMMENT ON COLUMN amzsync.quota_buckets.operation IS
    'SP-API''s operation, such as searchOrders';
COMMENT ON COLUMN amzsync.quota_buckets.rate IS
    'calls a second; follows x-amzn-RateLimit-Limit';
COMMENT ON COLUMN amzsync.quota_buckets.burst IS 'calls at once';
COMMENT ON COLUMN amzsync.quota_buckets.tat IS
    'theoretical arrival time: when the bucket will be full again';
COMMENT ON COLUMN amzsync.quota_buckets.granted IS
    'whether the last request took a slot';

-- Consents: users who were sent to Seller Central and are not back yet; and
-- what stores the connection of those who are.

CREATE TABLE amzsync.consents (
    user_id     text COLLATE "C" NOT NULL,
    nonce       bytea NOT NULL,
    expires_at  timestamptz NOT NULL,

    PRIMARY KEY (user_id, nonce),
    CHECK (octet_length(user_id) BETWEEN 1 AND 128)
);

COMMENT ON TABLE amzsync.consents IS
    'States that users were sent to Seller Central with; the one who comes '
    'back deletes the row, so that no state is good for twice';
COMMENT ON COLUMN amzsync.consents.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.consents.nonce IS
    'the random part of the state, which is worth nothing without its '
    'signature';
COMMENT ON COLUMN amzsync.consents.expires_at IS
    'the state is refused from then on, and the row deleted in passing';

CREATE INDEX consents_expired ON amzsync.consents (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON amzsync.consents TO amzsync_nginx;


CREATE FUNCTION amzsync.connection_consent(
    p_user_id text, p_selling_partner_id text, p_region text,
    p_token_sealed bytea, p_token_key_id text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_version bigint;
BEGIN
    UPDATE amzsync.connections
       SET status = 'connected', token_sealed = p_token_sealed,
           token_key_id = p_token_key_id, version = version + 1,
           updated_at = now()
     WHERE user_id = p_user_id
       AND selling_partner_id = p_selling_partner_id
       AND region = p_region AND status <> 'disconnected'
    RETURNING version INTO v_version;

    IF FOUND THEN
        RETURN v_version;
    END IF;

    RETURN amzsync.connection_put(p_user_id, p_selling_partner_id, p_region,
                                  '{}', p_token_sealed, p_token_key_id, NULL);
END
$$;

COMMENT ON FUNCTION amzsync.connection_consent IS
    'Connects a user by a consent: the same seller keeps the marketplaces and '
    'the interval of the connection; another one has all marketplaces and no '
    'schedule.  Returns the version';

REVOKE ALL ON FUNCTION amzsync.connection_consent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION amzsync.connection_consent TO amzsync_nginx;

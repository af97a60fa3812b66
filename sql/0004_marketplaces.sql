-- Marketplaces: getMarketplaceParticipations of the Sellers API.

CREATE TABLE amzsync.marketplaces (
    user_id                   text COLLATE "C" NOT NULL,
    selling_partner_id        text COLLATE "C" NOT NULL,
    region                    text COLLATE "C" NOT NULL,
    marketplace_id            text COLLATE "C" NOT NULL,
    name                      text,
    country_code              text,
    default_currency_code     text,
    default_language_code     text,
    domain_name               text,
    is_participating          boolean,
    has_suspended_listings    boolean,
    store_name                text,
    scan_sync_no              bigint NOT NULL,
    scan_page                 bigint NOT NULL,

    PRIMARY KEY (user_id, selling_partner_id, region, marketplace_id)
);

COMMENT ON TABLE amzsync.marketplaces IS
    'The marketplaces that a seller takes part in; a connection that names '
    'none syncs those of Amazon''s own';
COMMENT ON COLUMN amzsync.marketplaces.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.marketplaces.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.marketplaces.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.marketplaces.marketplace_id IS 'marketplace.id';
COMMENT ON COLUMN amzsync.marketplaces.name IS 'marketplace.name';
COMMENT ON COLUMN amzsync.marketplaces.country_code IS
    'marketplace.countryCode';
COMMENT ON COLUMN amzsync.marketplaces.default_currency_code IS
    'marketplace.defaultCurrencyCode';
COMMENT ON COLUMN amzsync.marketplaces.default_language_code IS
    'marketplace.defaultLanguageCode';
COMMENT ON COLUMN amzsync.marketplaces.domain_name IS 'marketplace.domainName';
COMMENT ON COLUMN amzsync.marketplaces.is_participating IS
    'participation.isParticipating';
COMMENT ON COLUMN amzsync.marketplaces.has_suspended_listings IS
    'participation.hasSuspendedListings';
COMMENT ON COLUMN amzsync.marketplaces.store_name IS 'storeName';
COMMENT ON COLUMN amzsync.marketplaces.scan_sync_no IS
    'the sync that saw the row last, and';
COMMENT ON COLUMN amzsync.marketplaces.scan_page IS
    'the step of it at which its scan began';


GRANT SELECT, INSERT, UPDATE, DELETE ON amzsync.marketplaces TO amzsync_nginx;

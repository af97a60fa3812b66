
/*
 * The marketplaces that a seller takes part in: getMarketplaceParticipations
 * of the Sellers API.  One answer has them all.
 *
 * Connections that name no marketplaces take theirs from here.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_marketplaces_columns[] = {
    { "marketplace_id", "marketplace.id",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY },
    { "name", "marketplace.name",
      AMZSYNC_TEXT, 0 },
    { "country_code", "marketplace.countryCode",
      AMZSYNC_TEXT, 0 },
    { "default_currency_code", "marketplace.defaultCurrencyCode",
      AMZSYNC_TEXT, 0 },
    { "default_language_code", "marketplace.defaultLanguageCode",
      AMZSYNC_TEXT, 0 },
    { "domain_name", "marketplace.domainName",
      AMZSYNC_TEXT, 0 },
    { "is_participating", "participation.isParticipating",
      AMZSYNC_BOOLEAN, 0 },
    { "has_suspended_listings", "participation.hasSuspendedListings",
      AMZSYNC_BOOLEAN, 0 },
    { "store_name", "storeName",
      AMZSYNC_TEXT, 0 }
};


static const amzsync_rowset_t  amzsync_marketplaces_rows = {
    "marketplaces",
    "payload",
    amzsync_marketplaces_columns,
    sizeof(amzsync_marketplaces_columns) / sizeof(amzsync_column_t),
    NULL
};


const amzsync_dataset_t  amzsync_dataset_marketplaces = {
    "marketplaces",
    "Fetching marketplaces",
    AMZSYNC_GET_PARTICIPATIONS,
    "/sellers/v1/marketplaceParticipations",
    NULL,
    0,
    0,
    AMZSYNC_UNIT_SELLER,
    AMZSYNC_DATASET_SNAPSHOT|AMZSYNC_DATASET_MARKETS,

    0,
    0,
    0,
    0,
    0,

    NULL,
    &amzsync_marketplaces_rows,

    NULL,
    NULL,
    NULL,

    NULL,
    NULL,
    NULL
};

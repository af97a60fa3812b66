
/*
 * Money: listTransactions of the Finances API 2024-06-19.
 *
 * No marketplaceId is sent: it would leave out orders that a seller in the US
 * ships.  Transactions of the last 48 hours may be missing at first, so that
 * 72 are read again.  A deferred transaction keeps its posted date when it is
 * released, maybe months later.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_financial_transactions_columns[] = {
    { "transaction_id", "transactionId",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_ID },
    { "transaction_type", "transactionType",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_HASHED },
    { "transaction_status", "transactionStatus",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_TRACKED },
    { "description", "description",
      AMZSYNC_TEXT, 0 },
    { "posted_date", "postedDate",
      AMZSYNC_TIME, AMZSYNC_COLUMN_HASHED },
    { "total_amount", "totalAmount.currencyAmount",
      AMZSYNC_NUMERIC, AMZSYNC_COLUMN_HASHED },
    { "currency", "totalAmount.currencyCode",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_HASHED },
    { "marketplace_id", "marketplaceDetails.marketplaceId",
      AMZSYNC_TEXT, 0 },
    { "marketplace_name", "marketplaceDetails.marketplaceName",
      AMZSYNC_TEXT, 0 },
    { "seller_marketplace_id", "sellingPartnerMetadata.marketplaceId",
      AMZSYNC_TEXT, 0 },
    { "account_type", "sellingPartnerMetadata.accountType",
      AMZSYNC_TEXT, 0 },
    { "related_identifiers", "relatedIdentifiers",
      AMZSYNC_JSON, AMZSYNC_COLUMN_HASHED },
    { "items", "items",
      AMZSYNC_JSON, 0 },
    { "contexts", "contexts",
      AMZSYNC_JSON, 0 },
    { "breakdowns", "breakdowns",
      AMZSYNC_JSON, 0 }
};


static const amzsync_rowset_t  amzsync_financial_transactions_rows = {
    "financial_transactions",
    "payload.transactions",
    amzsync_financial_transactions_columns,
    sizeof(amzsync_financial_transactions_columns)
        / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_param_t  amzsync_financial_transactions_params[] = {
    { "postedAfter", AMZSYNC_PARAM_FROM, NULL },
    { "postedBefore", AMZSYNC_PARAM_TO, NULL },
    { "nextToken", AMZSYNC_PARAM_TOKEN, NULL }
};


const amzsync_dataset_t  amzsync_dataset_financial_transactions = {
    "financial_transactions",
    "Fetching financial transactions",
    AMZSYNC_LIST_TRANSACTIONS,
    "/finances/2024-06-19/transactions",
    amzsync_financial_transactions_params,
    sizeof(amzsync_financial_transactions_params) / sizeof(amzsync_param_t),
    0,
    AMZSYNC_UNIT_SELLER,
    AMZSYNC_DATASET_SPARSE,

    548 * 24 * 3600,                /* 18 months */
    72 * 3600,
    30 * 24 * 3600,                 /* Amazon allows 180 days, but tokens die
                                       young, and then a window is lost */
    150,                            /* Amazon asks for two minutes */
    0,                              /* unconfirmed: minutes */

    "payload.nextToken",
    &amzsync_financial_transactions_rows,

    "transaction_status",
    "DEFERRED",
    "posted_date",

    NULL,
    NULL,
    NULL
};

-- Financial transactions: listTransactions of the Finances API 2024-06-19.

CREATE TABLE amzsync.financial_transactions (
    user_id                  text COLLATE "C" NOT NULL,
    selling_partner_id       text COLLATE "C" NOT NULL,
    region                   text COLLATE "C" NOT NULL,
    row_key                  text COLLATE "C" NOT NULL,
    ordinal                  bigint NOT NULL,
    transaction_id           text,
    transaction_type         text,
    transaction_status       text,
    description              text,
    posted_date              timestamptz,
    total_amount             numeric,
    currency                 text,
    marketplace_id           text,
    marketplace_name         text,
    seller_marketplace_id    text,
    account_type             text,
    related_identifiers      jsonb,
    items                    jsonb,
    contexts                 jsonb,
    breakdowns               jsonb,
    scan_sync_no             bigint NOT NULL,
    scan_page                bigint NOT NULL,

    PRIMARY KEY (user_id, selling_partner_id, region, row_key, ordinal)
);

COMMENT ON TABLE amzsync.financial_transactions IS
    'A seller''s financial transactions, amounts with every digit';
COMMENT ON COLUMN amzsync.financial_transactions.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.financial_transactions.selling_partner_id IS
    'the seller';
COMMENT ON COLUMN amzsync.financial_transactions.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.financial_transactions.row_key IS
    'transactionId; without one sha256: and a hash of what never changes';
COMMENT ON COLUMN amzsync.financial_transactions.ordinal IS
    '1; transactions without an id that are alike are counted';
COMMENT ON COLUMN amzsync.financial_transactions.transaction_id IS
    'transactionId';
COMMENT ON COLUMN amzsync.financial_transactions.transaction_type IS
    'transactionType: Shipment, Refund, …';
COMMENT ON COLUMN amzsync.financial_transactions.transaction_status IS
    'transactionStatus: DEFERRED, RELEASED or DEFERRED_RELEASED';
COMMENT ON COLUMN amzsync.financial_transactions.description IS 'description';
COMMENT ON COLUMN amzsync.financial_transactions.posted_date IS 'postedDate';
COMMENT ON COLUMN amzsync.financial_transactions.total_amount IS
    'totalAmount.currencyAmount, every digit';
COMMENT ON COLUMN amzsync.financial_transactions.currency IS
    'totalAmount.currencyCode';
COMMENT ON COLUMN amzsync.financial_transactions.marketplace_id IS
    'marketplaceDetails.marketplaceId';
COMMENT ON COLUMN amzsync.financial_transactions.marketplace_name IS
    'marketplaceDetails.marketplaceName';
COMMENT ON COLUMN amzsync.financial_transactions.seller_marketplace_id IS
    'sellingPartnerMetadata.marketplaceId';
COMMENT ON COLUMN amzsync.financial_transactions.account_type IS
    'sellingPartnerMetadata.accountType';
COMMENT ON COLUMN amzsync.financial_transactions.related_identifiers IS
    'relatedIdentifiers';
COMMENT ON COLUMN amzsync.financial_transactions.items IS 'items';
COMMENT ON COLUMN amzsync.financial_transactions.contexts IS 'contexts';
COMMENT ON COLUMN amzsync.financial_transactions.breakdowns IS 'breakdowns';
COMMENT ON COLUMN amzsync.financial_transactions.scan_sync_no IS
    'the sync that saw the row last, and';
COMMENT ON COLUMN amzsync.financial_transactions.scan_page IS
    'the step of it at which its scan began';


-- The days that are read again until nothing on them is deferred any more.

CREATE INDEX financial_transactions_deferred
    ON amzsync.financial_transactions
       (user_id, selling_partner_id, region, posted_date)
 WHERE transaction_status = 'DEFERRED';


GRANT SELECT, INSERT, UPDATE ON amzsync.financial_transactions
   TO amzsync_nginx;

-- A transaction that was stored without an id, and comes with one, is stored
-- under its id: what it was before is deleted.

GRANT DELETE ON amzsync.financial_transactions TO amzsync_nginx;

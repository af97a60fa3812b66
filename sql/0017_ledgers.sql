-- Amazon's ledgers have whole days, of a time zone of its own, and those at the
-- borders of two windows came with both.  The next sync reads all of them anew,
-- each day with the window that it is of.

DELETE FROM amzsync.cursors
 WHERE dataset IN ('ledger_detail', 'ledger_summary');


/*
 * Orders by report, in place of calls: the choice, and the pages.
 *
 * A slice of the report is written into the tables that searchOrders fills.  An
 * order that searchOrders has told is left alone, unless the report's is newer;
 * one of a report is written again by each slice that has lines of it.  Lines
 * have no key but their report and number, which are their items' id; when an
 * order is written, its items of other reports, or of searchOrders, go.
 */


#include <store/amzsync_store_upsert.h>


/*
 * $23 where calls go on from: there the unit ends, and another one begins
 * behind all units; $24 where the unit's reports begin.
 */

const amzsync_pg_stmt_t  amzsync_store_choice_stmt = {
    AMZSYNC_STORE_CHOICE, "choice",

    "WITH " AMZSYNC_STORE_FENCES("0") ", chosen AS ("
        "UPDATE amzsync.sync_units u SET by_report = true, "
               "range_to = COALESCE($23::timestamptz, u.range_to), "
               "calls_to = $24::timestamptz "
          "FROM page WHERE u.user_id = $1 AND u.sync_no = $2 "
           "AND u.dataset = $4 AND u.unit = $18::integer "
    "), tail AS ("
        "INSERT INTO amzsync.sync_units "
              "(user_id, sync_no, dataset, unit, marketplace_ids, parent_id, "
               "range_from, range_to, by_report) "
        "SELECT $1, $2, $4, (SELECT max(n.unit) + 1 "
                              "FROM amzsync.sync_units n "
                             "WHERE n.user_id = $1 AND n.sync_no = $2 "
                               "AND n.dataset = $4), "
               "u.marketplace_ids, u.parent_id, $23, u.range_to, false "
          "FROM page, amzsync.sync_units u "
         "WHERE u.user_id = $1 AND u.sync_no = $2 AND u.dataset = $4 "
           "AND u.unit = $18 AND $23 IS NOT NULL"
    ") SELECT 0 FROM page",
    AMZSYNC_STORE_WINDOW_PARAMS
};


/* The orders of a slice. */

#define AMZSYNC_STORE_ORDER_REPORT_COUNT                                      \
    "(SELECT count(DISTINCT o) FROM unnest($27::text[]) o)"

/*
 * An order's lines say the same of it, but a line without a price has no
 * currency.  The marketplace's id is that of the one of this name.
 */

#define AMZSYNC_STORE_ORDER_REPORT_ORDERS                                     \
    ", stored AS ("                                                           \
        "INSERT INTO amzsync.orders AS o "                                    \
              "(user_id, selling_partner_id, region, order_id, "              \
               "created_time, last_updated_time, fulfillment_status, "        \
               "fulfilled_by, fulfillment_service_level, marketplace_id, "    \
               "marketplace_name, currency, report_id) "                      \
        "SELECT DISTINCT ON (l.order_id) $1, page.selling_partner_id, "       \
               "page.region, l.order_id, l.created_time, "                    \
               "l.last_updated_time, l.fulfillment_status, l.fulfilled_by, "  \
               "l.fulfillment_service_level, ("                               \
                   "SELECT CASE count(*) WHEN 1 THEN min(m.marketplace_id) "  \
                          "END FROM amzsync.marketplaces m "                  \
                    "WHERE m.user_id = $1 "                                   \
                      "AND m.selling_partner_id = page.selling_partner_id "   \
                      "AND m.region = page.region "                           \
                      "AND m.name = l.marketplace_name), "                    \
               "l.marketplace_name, l.unit_price_currency, $25 "              \
          "FROM page, lines l "                                               \
         "ORDER BY l.order_id, l.last_updated_time DESC, "                    \
                  "l.unit_price_currency, l.line DESC "                       \
        "ON CONFLICT (user_id, selling_partner_id, region, order_id) "        \
        "DO UPDATE SET created_time = excluded.created_time, "                \
               "last_updated_time = excluded.last_updated_time, "             \
               "fulfillment_status = excluded.fulfillment_status, "           \
               "fulfilled_by = excluded.fulfilled_by, "                       \
               "fulfillment_service_level = "                                 \
                   "excluded.fulfillment_service_level, "                     \
               "ship_by_earliest = NULL, ship_by_latest = NULL, "             \
               "deliver_by_earliest = NULL, deliver_by_latest = NULL, "       \
               "channel_name = NULL, "                                        \
               "marketplace_id = excluded.marketplace_id, "                   \
               "marketplace_name = excluded.marketplace_name, "               \
               "grand_total = NULL, "                                         \
               "currency = COALESCE(excluded.currency, "                      \
                   "CASE WHEN o.report_id = excluded.report_id "              \
                   "THEN o.currency END), "                                   \
               "proceeds_breakdowns = NULL, programs = NULL, "                \
               "order_aliases = NULL, associated_orders = NULL, "             \
               "report_id = excluded.report_id "                              \
         "WHERE o.last_updated_time < excluded.last_updated_time "            \
            "OR (o.last_updated_time = excluded.last_updated_time "           \
                "AND o.report_id IS NOT NULL) "                               \
        "RETURNING o.order_id"                                                \
    ")"

/*
 * A line that is there already is the same: what a report says does not change.
 * How those that go are looked for is told at "there" in
 * amzsync_store_upsert.c; IS TRUE keeps the planner, who expects few rows, from
 * a join by loops.
 */

#define AMZSYNC_STORE_ORDER_REPORT_ITEMS                                      \
    ", gone AS ("                                                             \
        "DELETE FROM amzsync.order_items "                                    \
         "WHERE ctid = ANY (ARRAY("                                           \
               "SELECT k.place FROM page, stored s CROSS JOIN LATERAL ("      \
                   "SELECT i.ctid AS place, i.report_id "                     \
                     "FROM amzsync.order_items i "                            \
                    "WHERE i.user_id = $1 "                                   \
                      "AND i.selling_partner_id = page.selling_partner_id "   \
                      "AND i.region = page.region "                           \
                      "AND i.order_id = s.order_id OFFSET 0) k "              \
                "WHERE k.report_id IS DISTINCT FROM $25))"                    \
    "), items AS ("                                                           \
        "INSERT INTO amzsync.order_items "                                    \
              "(user_id, selling_partner_id, region, order_id, "              \
               "order_item_id, quantity_ordered, asin, seller_sku, title, "   \
               "unit_price_currency, price_designation, report_id, "          \
               "item_status, item_price, item_tax, shipping_price, "          \
               "shipping_tax, gift_wrap_price, gift_wrap_tax, "               \
               "item_discount, shipping_discount, extra) "                    \
        "SELECT $1, page.selling_partner_id, page.region, l.order_id, "       \
               "$25 || ':' || l.line, l.quantity_ordered, l.asin, "           \
               "l.seller_sku, l.title, l.unit_price_currency, "               \
               "l.price_designation, $25, l.item_status, l.item_price, "      \
               "l.item_tax, l.shipping_price, l.shipping_tax, "               \
               "l.gift_wrap_price, l.gift_wrap_tax, l.item_discount, "        \
               "l.shipping_discount, l.extra "                                \
          "FROM page, lines l "                                               \
         "WHERE (l.order_id IN (SELECT order_id FROM stored)) IS TRUE "       \
        "ON CONFLICT DO NOTHING"                                              \
    ")"

/* As of other loads, but nobody has to delete the rows of what was given up. */

#define AMZSYNC_STORE_ORDER_REPORT_LOAD                                       \
    ", forgotten AS ("                                                        \
        "DELETE FROM amzsync.coverage c USING page "                          \
         "WHERE $26 = 'done' AND " AMZSYNC_STORE_LOADS                        \
          " AND (c.load_sync_no, c.load_step) <> ($2, $21::bigint) "          \
           "AND (c.state IN ('loading', 'replaced') "                         \
                "OR (c.marketplace_ids <@ $20 "                               \
                    "AND (c.state = 'failed' AND c.range_from < $24 "         \
                             "AND c.range_to > $23 "                          \
                         "OR c.range_from >= $23::timestamptz "               \
                             "AND c.range_to <= $24::timestamptz)))"          \
    "), load AS ("                                                            \
        "UPDATE amzsync.coverage c SET state = $26, report_id = $25, "        \
               "range_from = $23, range_to = $24, "                           \
               "rows = c.rows + " AMZSYNC_STORE_ORDER_REPORT_COUNT ", "       \
               "updated_at = now() "                                          \
          "FROM page WHERE " AMZSYNC_STORE_LOADS                              \
          " AND (c.load_sync_no, c.load_step) = ($2, $21)"                    \
    ")"


/* One column of the report a parameter, in the order of its descriptor. */

amzsync_pg_stmt_t *
amzsync_store_order_report_create(ngx_pool_t *pool,
    const amzsync_dataset_t *report, ngx_uint_t index)
{
    amzsync_store_sql_t      sql;
    const amzsync_rowset_t  *rows;

    ngx_memzero(&sql, sizeof(amzsync_store_sql_t));

    rows = report->rows;

    sql.pool = pool;
    sql.param = 1 + AMZSYNC_STORE_LOAD_PARAMS;

    amzsync_store_sql(&sql, "WITH %s, lines AS MATERIALIZED (SELECT ",
                      AMZSYNC_STORE_FENCES(AMZSYNC_STORE_ORDER_REPORT_COUNT));

    amzsync_store_sql_arrays(&sql, rows);

    amzsync_store_sql(&sql, ")%s%s%s SELECT 0 FROM page",
                      AMZSYNC_STORE_ORDER_REPORT_ORDERS,
                      AMZSYNC_STORE_ORDER_REPORT_ITEMS,
                      AMZSYNC_STORE_ORDER_REPORT_LOAD);

    return amzsync_store_sql_stmt(&sql, index, "order_report", sql.param - 1);
}


ngx_int_t
amzsync_store_choice_params(amzsync_pg_query_t *query,
    const amzsync_store_choice_t *choice)
{
    ngx_int_t  rc;

    rc = amzsync_store_param_time(query, choice->tail);

    if (rc == NGX_OK) {
        rc = amzsync_store_param_time(query, choice->calls_to);
    }

    return rc;
}

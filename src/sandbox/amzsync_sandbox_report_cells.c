
/*
 * What stands in the cells of reports: getters that columns share.  Texts hold
 * what breaks programs that take tab separated text for CSV, and characters
 * that one of the charsets has alone.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


#define AMZSYNC_SANDBOX_C_ORDER   0x200          /* fields, beside columns */
#define AMZSYNC_SANDBOX_C_FORM    0x201
#define AMZSYNC_SANDBOX_C_CENTER  0x202
#define AMZSYNC_SANDBOX_C_ID      0x203


/* One number in each; a product has one of them for ever. */

static const char *const  amzsync_sandbox_report_skus[] = {
    "SKU-%uL",
    "sku-%uL",
    "A/B_%uL #1",
    "\"q\"-%uL",
    "caf\303\251-%uL",
    " lead-%uL",
    "trail-%uL ",
    "back\\slash-%uL"
};


/*
 * With what Cp1252 alone has (accents, a trade mark, a euro), what CP932 has
 * (kana, kanji, a circled digit, a wave dash), and a kanji beyond JIS.
 */

static const char *const  amzsync_sandbox_report_titles[] = {
    "Wireless Mouse, 2.4 GHz",
    "Caf\303\251 Press\342\204\242 \342\200\223 8 cups",
    "\343\203\257\343\202\244\343\203\244\343\203\254\343\202\271"
        "\343\202\244\343\203\244\343\203\233\343\203\263",
    "4\" Chef's Knife \"Damascus\"",
    "\342\200\234Deluxe\342\200\235 Edition \342\202\254 9",
    "\351\253\230\345\223\201\350\263\252\343\202\261\343\203\274"
        "\343\203\226\343\203\253 \342\221\240 \357\275\236 2m",
    "Back\\slash, not \\t a tab",
    " leading and trailing ",
    "Cr\303\250me Br\303\273l\303\251e Torch\302\256",
    "NULL",
    "\351\253\231\345\263\266\345\261\213 \343\202\277\343\202\252\343\203\253",
    "100% cotton; a,b|c"
};


static const char *const  amzsync_sandbox_report_centers[] = {
    "PHX3", "ONT8", "BFI4", "LEX2", "YYZ1", "MEX2"
};


static uint64_t
amzsync_sandbox_report_field(const amzsync_sandbox_report_row_t *row,
    const amzsync_sandbox_report_column_t *column)
{
    return column - row->report->columns;
}


uint64_t
amzsync_sandbox_report_pick(const amzsync_sandbox_report_row_t *row,
    uint64_t field, uint64_t n)
{
    return (amzsync_sandbox_hash(row->hash, 1, field) >> 8) % n;
}


void
amzsync_sandbox_report_text(amzsync_sandbox_report_cell_t *cell,
    const void *p, size_t len)
{
    cell->text.data = (u_char *) p;
    cell->text.len = len;
    cell->there = (len > 0);
}


void
amzsync_sandbox_report_cstr(amzsync_sandbox_report_cell_t *cell,
    const char *s)
{
    if (s) {
        amzsync_sandbox_report_text(cell, s, ngx_strlen(s));
    }
}


void
amzsync_sandbox_report_number(amzsync_sandbox_report_cell_t *cell, int64_t n)
{
    cell->n = n;
    cell->there = (n != AMZSYNC_SANDBOX_REPORT_NONE);
}


amzsync_sandbox_report_get(list)
{
    uint64_t            field;
    ngx_uint_t          n;
    const char *const  *list;

    list = column->data;
    field = amzsync_sandbox_report_field(row, column);

    for (n = 0; list[n]; n++) { /* void */ }

    field = amzsync_sandbox_report_pick(row, field, n)
            + (column->arg ? row->touches : 0);

    amzsync_sandbox_report_cstr(cell, list[field % n]);
}


amzsync_sandbox_report_get(word)
{
    const char *const  *list;

    list = column->data;

    if (row->n[column->arg] != AMZSYNC_SANDBOX_REPORT_NONE) {
        amzsync_sandbox_report_cstr(cell, list[row->n[column->arg]]);
    }
}


amzsync_sandbox_report_get(constant)
{
    amzsync_sandbox_report_cstr(cell, column->data);
}


amzsync_sandbox_report_get(sku)
{
    size_t      len;
    ngx_uint_t  form;

    form = amzsync_sandbox_hash(row->view->key, row->product,
                                AMZSYNC_SANDBOX_C_FORM) >> 8;
    form %= 2 * sizeof(amzsync_sandbox_report_skus)
              / sizeof(amzsync_sandbox_report_skus[0]);

    if (form >= sizeof(amzsync_sandbox_report_skus)
                / sizeof(amzsync_sandbox_report_skus[0]))
    {
        form = 0;
    }

    len = ngx_sprintf(cell->buf, amzsync_sandbox_report_skus[form],
                      row->product)
          - cell->buf;

    amzsync_sandbox_report_text(cell, cell->buf, len);
}


amzsync_sandbox_report_get(fnsku)
{
    amzsync_sandbox_report_text(cell, cell->buf,
        ngx_sprintf(cell->buf, "X00%07uL",
                    row->product * 6180339 % 10000000) - cell->buf);
}


amzsync_sandbox_report_get(asin)
{
    amzsync_sandbox_report_text(cell, cell->buf,
        ngx_sprintf(cell->buf, "B0%08uL",
                    row->product * 61803399 % 100000000) - cell->buf);
}


amzsync_sandbox_report_get(title)
{
    amzsync_sandbox_report_cstr(cell,
        amzsync_sandbox_report_titles[row->product
            % (sizeof(amzsync_sandbox_report_titles)
               / sizeof(amzsync_sandbox_report_titles[0]))]);
}


amzsync_sandbox_report_get(order)
{
    uint64_t  n;

    n = amzsync_sandbox_report_pick(row, AMZSYNC_SANDBOX_C_ORDER, 1000000);

    if (column->arg && n % (uint64_t) column->arg == 0) {
        return;
    }

    n = row->view->orders ? n % (uint64_t) row->view->orders : n;

    amzsync_sandbox_order_id(row->view->key, n, (char *) cell->buf);
    amzsync_sandbox_report_text(cell, cell->buf, ngx_strlen(cell->buf));
}


amzsync_sandbox_report_get(number)
{
    amzsync_sandbox_report_number(cell, row->n[column->arg]);
}


amzsync_sandbox_report_get(id)
{
    u_char    *p;
    uint64_t   hash;

    hash = amzsync_sandbox_hash(row->view->key, row->parent,
                                AMZSYNC_SANDBOX_C_ID);

    p = ngx_sprintf(cell->buf, "%s%010uL", (char *) column->data,
                    (row->parent + 1) * 61803 + hash % 61803);

    amzsync_sandbox_report_text(cell, cell->buf, p - cell->buf);
}


amzsync_sandbox_report_get(date)
{
    int64_t   time;
    uint64_t  field;

    time = row->date;

    if (column->arg) {
        field = amzsync_sandbox_report_field(row, column);
        time -= (int64_t) amzsync_sandbox_report_pick(row, field,
                                                      column->arg * 86400)
                * 1000;
    }

    amzsync_sandbox_report_number(cell, time);
}


amzsync_sandbox_report_get(center)
{
    amzsync_sandbox_report_cstr(cell,
        amzsync_sandbox_report_centers[row->marketplace
            ? 3 + row->marketplace
            : amzsync_sandbox_report_pick(row, AMZSYNC_SANDBOX_C_CENTER, 4)]);
}


amzsync_sandbox_report_get(country)
{
    amzsync_sandbox_report_cstr(cell,
        amzsync_sandbox_marketplaces[row->marketplace].country);
}


amzsync_sandbox_report_get(currency)
{
    amzsync_sandbox_report_cstr(cell,
        amzsync_sandbox_marketplaces[row->marketplace].currency);
}

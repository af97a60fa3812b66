
/*
 * Where a seller sells: marketplaces and participations, in the shape of the
 * Sellers API v1.  Beside the marketplaces that have data there are one that
 * the seller does not sell in, and one that is not Amazon's, as in real
 * accounts.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_marketplace.h>


#define AMZSYNC_SANDBOX_M_SUSPENDED     64      /* fields */
#define AMZSYNC_SANDBOX_M_STORE         65


typedef struct {
    const char              *id;
    const char              *name;
    const char              *country;
    const char              *currency;
    const char              *language;
    const char              *domain;
    unsigned                 participating:1;
    unsigned                 suspendable:1;
} amzsync_sandbox_participation_t;


static ngx_uint_t amzsync_sandbox_suspended(const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_participation_t *p);
static const char *amzsync_sandbox_store(const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_participation_t *p);
static void amzsync_sandbox_participation(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_participation_t *p, ngx_uint_t spoil);


static const amzsync_sandbox_participation_t
    amzsync_sandbox_list[AMZSYNC_SANDBOX_PARTICIPATIONS] =
{
    { "ATVPDKIKX0DER", "Amazon.com", "US", "USD", "en_US",
      "www.amazon.com", 1, 0 },
    { "A2EUQ1WTGCTBG2", "Amazon.ca", "CA", "CAD", "en_CA",
      "www.amazon.ca", 1, 1 },
    { "A1AM78C64UM0Y8", "Amazon.com.mx", "MX", "MXN", "es_MX",
      "www.amazon.com.mx", 1, 0 },
    { "A2Q3Y263D00KWC", "Amazon.com.br", "BR", "BRL", "pt_BR",
      "www.amazon.com.br", 0, 0 },
    { "A2ZV50J4W1RKNI", "Non-Amazon US", "US", "USD", "en_US",
      "sim1.stores.amazon.com", 1, 0 }
};


static const char *const  amzsync_sandbox_stores[] = {
    "BestSeller Store",
    "Zoë & Söhne \"Outlet\"",
    "山田商店",
    "Back\\slash, Inc."
};


ngx_int_t
amzsync_sandbox_marketplace(const ngx_str_t *id)
{
    ngx_int_t  n;

    for (n = 0; n < AMZSYNC_SANDBOX_MARKETPLACES; n++) {
        if (ngx_strlen(amzsync_sandbox_marketplaces[n].id) == id->len
            && ngx_memcmp(amzsync_sandbox_marketplaces[n].id, id->data,
                          id->len)
               == 0)
        {
            return n;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
amzsync_sandbox_participation_find(const ngx_str_t *id)
{
    ngx_int_t  n;

    for (n = 0; n < AMZSYNC_SANDBOX_PARTICIPATIONS; n++) {
        if (ngx_strlen(amzsync_sandbox_list[n].id) == id->len
            && ngx_memcmp(amzsync_sandbox_list[n].id, id->data, id->len) == 0)
        {
            return n;
        }
    }

    return NGX_DECLINED;
}


const char *
amzsync_sandbox_participation_id(ngx_uint_t n)
{
    return amzsync_sandbox_list[n].id;
}


/* Some sellers' listings are suspended, and revisions change that. */

static ngx_uint_t
amzsync_sandbox_suspended(const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_participation_t *p)
{
    uint64_t  hash;

    hash = amzsync_sandbox_hash(view->key, 0, AMZSYNC_SANDBOX_M_SUSPENDED);

    return p->suspendable && ((hash >> 8) + view->revision) % 3 == 0;
}


static const char *
amzsync_sandbox_store(const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_participation_t *p)
{
    uint64_t  hash;

    if (!p->participating) {
        return "";
    }

    hash = amzsync_sandbox_hash(view->key, 0, AMZSYNC_SANDBOX_M_STORE);

    return amzsync_sandbox_stores[(hash >> 8)
               % (sizeof(amzsync_sandbox_stores)
                  / sizeof(amzsync_sandbox_stores[0]))];
}


void
amzsync_sandbox_participations(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view, ngx_uint_t spoil)
{
    ngx_uint_t  i;

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_open(out, "payload", '[');

    for (i = 0; i < AMZSYNC_SANDBOX_PARTICIPATIONS; i++) {
        amzsync_sandbox_participation(out, view, &amzsync_sandbox_list[i],
                                      (i == 0) ? spoil : 0);
    }

    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_participation(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_participation_t *p, ngx_uint_t spoil)
{
    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_open(out, "marketplace", '{');

    if (spoil & AMZSYNC_SANDBOX_WRONG_TYPE) {
        amzsync_sandbox_open(out, "id", '{');
        amzsync_sandbox_cstr(out, "value", p->id);
        amzsync_sandbox_close(out, '}');

    } else {
        amzsync_sandbox_cstr(out, "id", p->id);
    }

    amzsync_sandbox_cstr(out, "name", p->name);
    amzsync_sandbox_cstr(out, "countryCode", p->country);
    amzsync_sandbox_cstr(out, "defaultCurrencyCode", p->currency);
    amzsync_sandbox_cstr(out, "defaultLanguageCode", p->language);
    amzsync_sandbox_cstr(out, "domainName", p->domain);
    amzsync_sandbox_close(out, '}');

    amzsync_sandbox_open(out, "participation", '{');
    amzsync_sandbox_bool(out, "isParticipating", p->participating);
    amzsync_sandbox_bool(out, "hasSuspendedListings",
                         amzsync_sandbox_suspended(view, p));
    amzsync_sandbox_close(out, '}');

    if (spoil & AMZSYNC_SANDBOX_BAD_UTF8) {
        amzsync_sandbox_json(out, "storeName", AMZSYNC_SANDBOX_BAD_TEXT);

    } else {
        amzsync_sandbox_cstr(out, "storeName",
                             amzsync_sandbox_store(view, p));
    }

    amzsync_sandbox_close(out, '}');
}


ngx_int_t
amzsync_sandbox_participations_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out)
{
    ngx_uint_t                              i;
    const amzsync_sandbox_participation_t  *p;

    static const char  header[] =
        "marketplace_id,name,country_code,default_currency_code,"
        "default_language_code,domain_name,is_participating,"
        "has_suspended_listings,store_name\n";

    amzsync_sandbox_raw(out, header, sizeof(header) - 1);

    for (i = 0; i < AMZSYNC_SANDBOX_PARTICIPATIONS; i++) {
        p = &amzsync_sandbox_list[i];

        amzsync_sandbox_cell_cstr(out, p->id);
        amzsync_sandbox_cell_cstr(out, p->name);
        amzsync_sandbox_cell_cstr(out, p->country);
        amzsync_sandbox_cell_cstr(out, p->currency);
        amzsync_sandbox_cell_cstr(out, p->language);
        amzsync_sandbox_cell_cstr(out, p->domain);
        amzsync_sandbox_cell_cstr(out, p->participating ? "true" : "false");
        amzsync_sandbox_cell_cstr(out, amzsync_sandbox_suspended(&csv->view, p)
                                       ? "true" : "false");
        amzsync_sandbox_cell_cstr(out, amzsync_sandbox_store(&csv->view, p));
        amzsync_sandbox_line(out);
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}

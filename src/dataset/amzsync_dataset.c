
/*
 * The datasets there are.
 */


#include <dataset/amzsync_dataset.h>


extern const amzsync_dataset_t  amzsync_dataset_marketplaces;
extern const amzsync_dataset_t  amzsync_dataset_orders;
extern const amzsync_dataset_t  amzsync_dataset_inventory;
extern const amzsync_dataset_t  amzsync_dataset_financial_transactions;
extern const amzsync_dataset_t  amzsync_dataset_customer_returns;
extern const amzsync_dataset_t  amzsync_dataset_reimbursements;
extern const amzsync_dataset_t  amzsync_dataset_ledger_detail;
extern const amzsync_dataset_t  amzsync_dataset_ledger_summary;
extern const amzsync_dataset_t  amzsync_dataset_removal_orders;
extern const amzsync_dataset_t  amzsync_dataset_removal_shipments;
extern const amzsync_dataset_t  amzsync_dataset_replacements;
extern const amzsync_dataset_t  amzsync_dataset_settlements;
extern const amzsync_dataset_t  amzsync_dataset_inbound_shipments;
extern const amzsync_dataset_t  amzsync_dataset_inbound_items;


const amzsync_dataset_t *const  amzsync_datasets[] = {
    &amzsync_dataset_marketplaces,
    &amzsync_dataset_orders,
    &amzsync_dataset_inventory,
    &amzsync_dataset_financial_transactions,
    &amzsync_dataset_customer_returns,
    &amzsync_dataset_reimbursements,
    &amzsync_dataset_ledger_detail,
    &amzsync_dataset_ledger_summary,
    &amzsync_dataset_removal_orders,
    &amzsync_dataset_removal_shipments,
    &amzsync_dataset_replacements,
    &amzsync_dataset_settlements,
    &amzsync_dataset_inbound_shipments,
    &amzsync_dataset_inbound_items
};

const ngx_uint_t  amzsync_ndatasets = sizeof(amzsync_datasets)
                                      / sizeof(amzsync_datasets[0]);


const amzsync_dataset_t *
amzsync_dataset_find(const u_char *p, size_t len)
{
    ngx_uint_t   i;
    const char  *name;

    for (i = 0; i < amzsync_ndatasets; i++) {
        name = amzsync_datasets[i]->name;

        if (ngx_strlen(name) == len && ngx_memcmp(name, p, len) == 0) {
            return amzsync_datasets[i];
        }
    }

    return NULL;
}


ngx_uint_t
amzsync_dataset_index(const amzsync_dataset_t *dataset)
{
    ngx_uint_t  i;

    for (i = 0; amzsync_datasets[i] != dataset; i++) {
        if (amzsync_datasets[i]->instead == dataset) {
            break;
        }
    }

    return i;
}

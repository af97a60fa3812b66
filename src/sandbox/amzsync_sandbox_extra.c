
/*
 * The sections of an order that a sync does not ask for, and other clients
 * may: buyer and recipient (invented), expense, promotion, cancellation,
 * packages, tax, payment, fulfillment orders.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


static void amzsync_sandbox_buyer(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_recipient(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_address(amzsync_sandbox_out_t *out,
    const char *key, const char *name, const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_payment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_tax(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_packages(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_expense(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_promotion(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_item_t *item);
static void amzsync_sandbox_cancellation(amzsync_sandbox_out_t *out);
static void amzsync_sandbox_item_tax(amzsync_sandbox_out_t *out);


static const char *const  amzsync_sandbox_names[] = {
    "Ada Example", "José Ñúñez", "山田 太郎", "O'Brien \"Bob\"",
    "Zoë 😀"
};


void
amzsync_sandbox_order_extra(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, ngx_uint_t included)
{
    if (included & AMZSYNC_SANDBOX_BUYER) {
        amzsync_sandbox_buyer(out, order);
    }

    if (included & AMZSYNC_SANDBOX_RECIPIENT) {
        amzsync_sandbox_recipient(out, order);
    }

    if (included & AMZSYNC_SANDBOX_PAYMENT) {
        amzsync_sandbox_payment(out, order);
    }

    if (included & AMZSYNC_SANDBOX_TAX) {
        amzsync_sandbox_tax(out, order);
    }

    /* packages are known for what the merchant ships */

    if ((included & AMZSYNC_SANDBOX_PACKAGES)
        && order->fulfilled_by == AMZSYNC_SANDBOX_MERCHANT
        && order->status == AMZSYNC_SANDBOX_SHIPPED)
    {
        amzsync_sandbox_packages(out, order);
    }

    if ((included & AMZSYNC_SANDBOX_FULFILLMENT_ORDERS)
        && order->hash % 8 == 0)
    {
        amzsync_sandbox_open(out, "fulfillmentOrders", '[');
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "fulfillmentOrderId", order->id);
        amzsync_sandbox_close(out, '}');
        amzsync_sandbox_close(out, ']');
    }
}


static void
amzsync_sandbox_buyer(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_open(out, "buyer", '{');
    amzsync_sandbox_cstr(out, "buyerName",
                         amzsync_sandbox_names[order->hash % 5]);

    if (order->fulfilled_by == AMZSYNC_SANDBOX_MERCHANT) {
        amzsync_sandbox_cstr(out, "buyerEmail",
                             "buyer@marketplace.example.com");
    }

    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_recipient(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_open(out, "recipient", '{');
    amzsync_sandbox_address(out, "deliveryAddress",
                            amzsync_sandbox_names[order->hash % 5], order);

    if (order->hash % 3 == 0) {
        amzsync_sandbox_open(out, "deliveryPreference", '{');
        amzsync_sandbox_cstr(out, "dropOffLocation", "Front desk");
        amzsync_sandbox_open(out, "deliveryCapabilities", '[');
        amzsync_sandbox_cstr(out, NULL, "HAS_ACCESS_POINT");
        amzsync_sandbox_close(out, ']');
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_address(amzsync_sandbox_out_t *out, const char *key,
    const char *name, const amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_open(out, key, '{');
    amzsync_sandbox_cstr(out, "name", name);
    amzsync_sandbox_cstr(out, "addressLine1", "1 Example Street");
    amzsync_sandbox_cstr(out, "addressLine2", "");
    amzsync_sandbox_cstr(out, "city", "Exampleville");
    amzsync_sandbox_cstr(out, "postalCode", "00000");
    amzsync_sandbox_cstr(out, "countryCode",
                  amzsync_sandbox_marketplaces[order->marketplace].country);
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_payment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_open(out, "payment", '{');
    amzsync_sandbox_open(out, "paymentExecutions", '[');

    if (order->proceeds) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "paymentMethod", "CreditCard");
        amzsync_sandbox_money(out, "paymentAmount", order, order->total);
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_tax(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_open(out, "tax", '{');

    if (order->hash % 6 == 0) {
        amzsync_sandbox_open(out, "taxRegistrations", '[');
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "entityType", "BUYER");
        amzsync_sandbox_cstr(out, "taxRegistrationType", "BUSINESS");
        amzsync_sandbox_cstr(out, "taxRegistrationNumber", "000000000");
        amzsync_sandbox_address(out, "taxRegistrationAddress",
                                amzsync_sandbox_names[order->hash % 5],
                                order);
        amzsync_sandbox_close(out, '}');
        amzsync_sandbox_close(out, ']');
    }

    amzsync_sandbox_open(out, "taxInvoicing", '{');
    amzsync_sandbox_cstr(out, "invoiceStatus", "NOT_REQUIRED");
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_packages(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    ngx_uint_t  i;

    amzsync_sandbox_open(out, "packages", '[');
    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "packageReferenceId", order->id);
    amzsync_sandbox_time(out, "createdTime", order->created + 3600000);

    amzsync_sandbox_open(out, "packageStatus", '{');
    amzsync_sandbox_cstr(out, "status", "DELIVERED");
    amzsync_sandbox_cstr(out, "detailedStatus", "DELIVERED");
    amzsync_sandbox_close(out, '}');

    amzsync_sandbox_cstr(out, "carrier", "Example Post");
    amzsync_sandbox_cstr(out, "trackingNumber", order->id);

    amzsync_sandbox_address(out, "shipFromAddress", "Example Warehouse",
                            order);

    amzsync_sandbox_open(out, "packageItems", '[');

    for (i = 0; i < order->nitems; i++) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "orderItemId", order->items[i].id);
        amzsync_sandbox_int(out, "quantity", order->items[i].quantity);
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');
}


void
amzsync_sandbox_item_extra(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item,
    ngx_uint_t included)
{
    if ((included & AMZSYNC_SANDBOX_EXPENSE) && item->hash % 4 == 0) {
        amzsync_sandbox_expense(out, order);
    }

    if (included & AMZSYNC_SANDBOX_PROMOTION) {
        amzsync_sandbox_promotion(out, item);
    }

    if ((included & AMZSYNC_SANDBOX_CANCELLATION)
        && order->status == AMZSYNC_SANDBOX_CANCELLED)
    {
        amzsync_sandbox_cancellation(out);
    }

    if ((included & AMZSYNC_SANDBOX_TAX)
        && item->parts[AMZSYNC_SANDBOX_PART_TAX])
    {
        amzsync_sandbox_item_tax(out);
    }
}


static void
amzsync_sandbox_expense(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_open(out, "expense", '{');
    amzsync_sandbox_open(out, "pointsCost", '{');
    amzsync_sandbox_open(out, "pointsGranted", '{');
    amzsync_sandbox_int(out, "pointsNumber", 60);
    amzsync_sandbox_money(out, "pointsMonetaryValue", order, 600000);
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_promotion(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_item_t *item)
{
    amzsync_sandbox_open(out, "promotion", '{');
    amzsync_sandbox_open(out, "breakdowns", '[');

    if (item->parts[AMZSYNC_SANDBOX_PART_DISCOUNT]) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "promotionId", "EXAMPLE-SALE");
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_cancellation(amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_open(out, "cancellation", '{');
    amzsync_sandbox_open(out, "cancellationRequest", '{');
    amzsync_sandbox_cstr(out, "requester", "BUYER");
    amzsync_sandbox_cstr(out, "cancelReason", "Ordered by mistake");
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_open(out, "cancellationExecution", '{');
    amzsync_sandbox_cstr(out, "cancelledBy", "MERCHANT");
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_item_tax(amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_open(out, "tax", '{');
    amzsync_sandbox_open(out, "taxCollections", '[');
    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "model", "MARKETPLACE_FACILITATOR");
    amzsync_sandbox_cstr(out, "responsibleParty", "Amazon Services, Inc.");
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
}

#!/usr/bin/env python3
#
# validate.py URL MODELS: asks the sandbox at URL for all that it has, in all
# kinds of ways, and validates each answer against Amazon's models, which are in
# the folder MODELS; prints a line a kind of answer, "KIND: valid", and exits
# with 1 if an answer is not valid.
#
# The models are Swagger 2.0, whose schemas are JSON Schema of draft 4.  They do
# not forbid members that they do not name; here they are forbidden, so that a
# misspelt member does not pass.  Amazon's answers hold what its models do not
# know: null, and new members; so do the sandbox's, and both are passed over.

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

import jsonschema

url, models = sys.argv[1:3]
orders = "/orders/2026-01-01/orders"
participations = "/sellers/v1/marketplaceParticipations"
summaries = "/fba/inventory/v1/summaries"
transactions = "/finances/2024-06-19/transactions"
shipments = "/fba/inbound/v0/shipments"
shipment_items = "/fba/inbound/v0/shipmentItems"
included = ("BUYER RECIPIENT PROCEEDS EXPENSE PROMOTION CANCELLATION "
            "FULFILLMENT PACKAGES TAX PAYMENT FULFILLMENT_ORDERS").split()
money = re.compile(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$")
time = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"


def load(name):
    with open("%s/%s.json" % (models, name), encoding="utf-8") as f:
        model = json.load(f)

    # Of what "allOf" puts together, each part has members of others.

    parts = [part["$ref"].split("/")[-1]
             for definition in model["definitions"].values()
             for part in definition.get("allOf", []) if "$ref" in part]

    for kind, definition in model["definitions"].items():
        if "properties" in definition and kind not in parts:
            definition["additionalProperties"] = False

    return model


model = load("orders_2026-01-01")
sellers = load("sellers")
inventory = load("fbaInventory")
finances = load("finances_2024-06-19")
inbound = load("fulfillmentInboundV0")

# What the descriptions say, and the schemas do not.

for kind, member, pattern in (
        ("Order", "orderId", r"^\d{3}-\d{7}-\d{7}$"),
        ("Order", "lastUpdatedTime", time),
        ("Order", "createdTime", time),
        ("SalesChannel", "channelName", "^(AMAZON|NON_AMAZON)$"),
        ("OrderFulfillment", "fulfilledBy", "^(AMAZON|MERCHANT)$"),
        ("ItemPrice", "priceDesignation", "^BUSINESS_PRICE$"),
        ("Money", "currencyCode", "^[A-Z]{3}$")):
    model["definitions"][kind]["properties"][member]["pattern"] = pattern

model["definitions"]["Decimal"]["pattern"] = money.pattern
model["definitions"]["SearchOrdersResponse"]["properties"]["orders"][
    "maxItems"] = 100


inventory["definitions"]["InventorySummary"]["properties"][
    "lastUpdatedTime"]["pattern"] = time.replace("^", "^(|").replace("$", ")$")
inventory["definitions"]["InventorySummaries"]["maxItems"] = 50

# Every context is valid by all kinds of them, of which two have a storeName.
del finances["definitions"]["BusinessContext"]["properties"]["storeName"][
    "enum"]

finances["definitions"]["Date"]["pattern"] = time
finances["definitions"]["Transaction"]["required"] = ["postedDate"]
finances["definitions"]["Transaction"]["properties"]["transactionStatus"][
    "enum"] = ["DEFERRED", "RELEASED", "DEFERRED_RELEASED"]
finances["definitions"]["Transactions"]["maxItems"] = 100

# Amazon's own example lacks it; of the schemas none asks for the id.
inbound["definitions"]["InboundShipmentInfo"]["required"] = [
    "ShipmentId", "ShipmentStatus", "ShipFromAddress"]
inbound["definitions"]["InboundShipmentItem"]["required"] += ["ShipmentId"]
inbound["definitions"]["DateStringType"]["pattern"] = r"^\d{4}-\d\d-\d\d$"


def validator(model, path, status):
    schema = dict(model["paths"][path]["get"]["responses"][status]["schema"])
    schema["definitions"] = model["definitions"]

    return jsonschema.Draft4Validator(schema)


answers = {
    "searchOrders 200": validator(model, orders, "200"),
    "getOrder 200": validator(model, orders + "/{orderId}", "200"),
    "getMarketplaceParticipations 200":
        validator(sellers, participations, "200"),
    "getInventorySummaries 200": validator(inventory, summaries, "200"),
    "listTransactions 200": validator(finances, transactions, "200"),
    "getShipments 200": validator(inbound, shipments, "200"),
    "getShipmentItemsByShipmentId 200":
        validator(inbound, shipments + "/{shipmentId}/items", "200"),
    "getShipmentItems 200": validator(inbound, shipment_items, "200"),
}

# Errors are called after the operation, but those of orders.

for name, of, path in (("", model, orders),
                       ("getMarketplaceParticipations ", sellers,
                        participations),
                       ("getInventorySummaries ", inventory, summaries),
                       ("listTransactions ", finances, transactions),
                       ("getShipments ", inbound, shipments),
                       ("getShipmentItems ", inbound, shipment_items)):
    for status in ("400", "403", "404", "429", "500", "503"):
        answers["%serror %s" % (name, status)] = validator(of, path, status)

valid = dict.fromkeys(answers, 0)
invalid = 0


def call(path, params=(), token=None, body=None):
    request = urllib.request.Request(
        url + path + "?" + urllib.parse.urlencode(params), data=body)

    if token is not None:
        request.add_header("x-amz-access-token", token)

    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)

    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


# Without what no model knows.

def known(value):
    if isinstance(value, list):
        return [known(element) for element in value]

    if isinstance(value, dict):
        return {name: known(member) for name, member in value.items()
                if member is not None and name != "unknownMember"}

    return value


def check(kind, document):
    global invalid

    errors = list(answers[kind].iter_errors(known(document)))
    valid[kind] += not errors
    invalid += bool(errors)

    for error in errors[:3]:
        where = "/".join(str(step) for step in error.absolute_path)
        print("%s: %s: %s" % (kind, where, error.message[:200]))


def access(seller):
    body = urllib.parse.urlencode({
        "grant_type": "refresh_token", "client_id": "c", "client_secret": "s",
        "refresh_token": "Atzr|sandbox-" + seller})

    return call("/auth/o2/token", body=body.encode())[1]["access_token"]


def get(operation, path, params, token):
    status, document = call(path, params, token)
    kind = "%s %s%d" % (operation, "" if status == 200 else "error ", status)

    if kind not in answers:
        kind = "error %d" % status

    check(kind, document)

    return document


def pages(token, params):
    params = dict(params)

    while True:
        document = get("searchOrders", orders, params, token)
        yield document

        if "pagination" not in document:
            return

        params["paginationToken"] = document["pagination"]["nextToken"]


def all_orders(token, begin):
    ids = []

    for data in (None, ",".join(included), *included):
        params = dict(begin, includedData=data) if data else begin

        for document in pages(token, params):
            ids += [order["orderId"] for order in document["orders"]]

    for order in ids[:50]:
        get("getOrder", orders + "/" + order,
            {"includedData": ",".join(included)}, token)

    get("getOrder", orders + "/1", {}, token)
    get("searchOrders", orders, {}, token)
    get("searchOrders", orders, begin, "")


def all_inventory(token):
    get("getMarketplaceParticipations", participations, {}, token)
    get("getMarketplaceParticipations", participations, {}, "")

    for marketplace in ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"):
        for details in ("true", "false"):
            params = {"granularityType": "Marketplace", "details": details,
                      "granularityId": marketplace,
                      "marketplaceIds": marketplace}

            while True:
                document = get("getInventorySummaries", summaries, params,
                               token)

                if "nextToken" not in document["pagination"]:
                    break

                params["nextToken"] = document["pagination"]["nextToken"]

    get("getInventorySummaries", summaries, {}, token)
    get("getInventorySummaries", summaries, params, "")


def all_transactions(token):
    bounds = ("2025-06-15", "2025-12-01", "2026-05-01", "2026-10-01")

    for begin, end in zip(bounds, bounds[1:]):
        params = {"postedAfter": begin, "postedBefore": end}

        while True:
            document = get("listTransactions", transactions, params, token)

            if document["payload"].get("nextToken") is None:
                break

            params["nextToken"] = document["payload"]["nextToken"]

    get("listTransactions", transactions, {}, token)
    get("listTransactions", transactions, params, "")


def all_inbound(token):
    statuses = ",".join(inbound["definitions"]["ShipmentStatus"]["enum"])
    ids = []

    for marketplace in ("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8"):
        params = {"QueryType": "SHIPMENT", "MarketplaceId": marketplace,
                  "ShipmentStatusList": statuses}

        for document in inbound_pages("getShipments", shipments, params,
                                      token):
            ids += [shipment["ShipmentId"]
                    for shipment in document["payload"]["ShipmentData"]]

    for shipment in ids:
        document = get("getShipmentItemsByShipmentId",
                       "%s/%s/items" % (shipments, shipment), {}, token)

        if document["payload"].get("NextToken"):
            params = {"QueryType": "NEXT_TOKEN", "MarketplaceId": marketplace,
                      "NextToken": document["payload"]["NextToken"]}
            list(inbound_pages("getShipmentItems", shipment_items, params,
                               token))

    get("getShipments", shipments, {}, token)
    get("getShipments", shipments, params, "")
    get("getShipmentItems", shipment_items, {}, token)
    get("getShipmentItems", shipment_items, params, "")
    get("getShipmentItemsByShipmentId", shipments + "/1/items", {}, token)


def inbound_pages(operation, path, params, token):
    while True:
        document = get(operation, path, params, token)
        yield document

        if not document["payload"].get("NextToken"):
            return

        params = {"QueryType": "NEXT_TOKEN",
                  "MarketplaceId": params["MarketplaceId"],
                  "NextToken": document["payload"]["NextToken"]}


def main():
    token = access("MODEL")
    begin = {"lastUpdatedAfter": "2020-01-01T00:00:00Z"}
    some = {"granularityType": "Marketplace", "granularityId": "ATVPDKIKX0DER",
            "marketplaceIds": "ATVPDKIKX0DER"}

    all_orders(token, begin)
    all_inventory(token)
    all_transactions(token)
    all_inbound(token)

    # This location fails by a fault: 500, 503 and 429 in turn.

    global url
    url += "-faults"

    for _ in range(30):
        get("searchOrders", orders, begin, token)

    for _ in range(30):
        get("getMarketplaceParticipations", participations, {}, token)

    for _ in range(30):
        get("getInventorySummaries", summaries, some, token)

    for _ in range(30):
        get("listTransactions", transactions, {"postedAfter": "2026-01-01"},
            token)

    for _ in range(30):
        get("getShipments", shipments,
            {"QueryType": "SHIPMENT", "MarketplaceId": "ATVPDKIKX0DER",
             "ShipmentStatusList": "CLOSED"}, token)

    for _ in range(30):
        get("getShipmentItems", shipment_items,
            {"QueryType": "DATE_RANGE", "MarketplaceId": "ATVPDKIKX0DER",
             "LastUpdatedAfter": "2026-09-01",
             "LastUpdatedBefore": "2026-10-01"}, token)

    for kind, count in valid.items():
        if count:
            print("%s: valid" % kind)

    sys.exit(invalid != 0)


main()

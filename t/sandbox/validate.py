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
reports = "/reports/2021-06-30/reports"
documents = "/reports/2021-06-30/documents"
settlements = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
types = ("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
         "GET_FBA_REIMBURSEMENTS_DATA",
         "GET_LEDGER_DETAIL_VIEW_DATA",
         "GET_LEDGER_SUMMARY_VIEW_DATA",
         "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
         "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
         "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
         "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL")
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
reporting = load("reports_2021-06-30")

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


for member in ("dataStartTime", "dataEndTime", "createdTime",
               "processingStartTime", "processingEndTime"):
    reporting["definitions"]["Report"]["properties"][member]["pattern"] = (
        time.replace("Z", r"\+00:00"))

reporting["definitions"]["ReportList"]["maxItems"] = 100


def validator(model, path, status, method="get"):
    schema = dict(model["paths"][path][method]["responses"][status]["schema"])
    schema["definitions"] = model["definitions"]

    return jsonschema.Draft4Validator(schema)


answers = {
    "searchOrders 200": validator(model, orders, "200"),
    "getOrder 200": validator(model, orders + "/{orderId}", "200"),
    "getMarketplaceParticipations 200":
        validator(sellers, participations, "200"),
    "getInventorySummaries 200": validator(inventory, summaries, "200"),
    "listTransactions 200": validator(finances, transactions, "200"),
    "createReport 202": validator(reporting, reports, "202", "post"),
    "getReports 200": validator(reporting, reports, "200"),
    "getReport 200": validator(reporting, reports + "/{reportId}", "200"),
    "getReportDocument 200":
        validator(reporting, documents + "/{reportDocumentId}", "200"),
}

# Errors are called after the operation, but those of orders.

for name, of, path in (("", model, orders),
                       ("getMarketplaceParticipations ", sellers,
                        participations),
                       ("getInventorySummaries ", inventory, summaries),
                       ("listTransactions ", finances, transactions),
                       ("getReports ", reporting, reports)):
    for status in ("400", "403", "404", "429", "500", "503"):
        answers["%serror %s" % (name, status)] = validator(of, path, status)

# What has no error of its own here has the same as getReports.

for name, path, method in (
        ("createReport", reports, "post"),
        ("getReport", reports + "/{reportId}", "get"),
        ("cancelReport", reports + "/{reportId}", "delete"),
        ("getReportDocument", documents + "/{reportDocumentId}", "get")):
    for status in ("400", "403", "404"):
        answers["%s error %s" % (name, status)] = validator(
            reporting, path, status, method)

valid = dict.fromkeys(answers, 0)
invalid = 0


def call(path, params=(), token=None, body=None, method=None):
    request = urllib.request.Request(
        url + path + "?" + urllib.parse.urlencode(params), data=body,
        method=method)

    if token is not None:
        request.add_header("x-amz-access-token", token)

    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or "null")

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


def get(operation, path, params, token, body=None, method=None):
    status, document = call(path, params, token, body, method)
    kind = "%s %s%d" % (operation, "" if status < 300 else "error ", status)

    # The model has no body for it.
    if operation == "cancelReport" and status == 200:
        return document

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


def create(token, **members):
    return get("createReport", reports, {}, token,
               json.dumps(members).encode())


def all_reports(token):
    window = {"dataStartTime": "2026-09-10", "dataEndTime": "2026-09-30",
              "marketplaceIds": ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]}
    ids = [create(token, reportType=name, **window)["reportId"]
           for name in types]

    ids += [create(token, reportType=types[0], **dict(window, **other))
            ["reportId"]
            for other in ({"dataStartTime": "2026-01-01"},
                          {"dataStartTime": "2026-09-30"},
                          {"reportOptions": {"custom": "true"}})]

    for report in ids:
        document = get("getReport", "%s/%s" % (reports, report), {}, token)

        if "reportDocumentId" in document:
            get("getReportDocument",
                "%s/%s" % (documents, document["reportDocumentId"]), {}, token)

    for size in (1, 7, 100):
        params = {"reportTypes": ",".join(types + (settlements,)),
                  "pageSize": size}

        while params is not None:
            document = get("getReports", reports, params, token)
            params = ({"nextToken": document["nextToken"]}
                      if "nextToken" in document else None)

    get("getReports", reports, {"reportTypes": settlements}, token)
    get("cancelReport", reports + "/" + ids[0], {}, token, method="DELETE")
    get("cancelReport", reports + "/1", {}, token, method="DELETE")
    get("cancelReport", reports + "/1", {}, "", method="DELETE")
    create(token, reportType=settlements, **window)
    create("", reportType=types[0], **window)
    get("getReports", reports, {}, token)
    get("getReports", reports, {}, "")
    get("getReport", reports + "/1", {}, token)
    get("getReport", reports + "/1", {}, "")
    get("getReportDocument", documents + "/1", {}, token)
    get("getReportDocument", documents + "/1", {}, "")


def main():
    token = access("MODEL")
    begin = {"lastUpdatedAfter": "2020-01-01T00:00:00Z"}
    some = {"granularityType": "Marketplace", "granularityId": "ATVPDKIKX0DER",
            "marketplaceIds": "ATVPDKIKX0DER"}

    all_orders(token, begin)
    all_inventory(token)
    all_transactions(token)
    all_reports(token)

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
        get("getReports", reports, {"reportTypes": settlements}, token)

    for kind, count in valid.items():
        if count:
            print("%s: valid" % kind)

    sys.exit(invalid != 0)


main()

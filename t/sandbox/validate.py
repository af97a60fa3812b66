#!/usr/bin/env python3
#
# validate.py URL MODEL: asks the sandbox at URL for orders, in all kinds of
# ways, and validates each answer against Amazon's model; prints a line a kind
# of answer, "KIND: N valid", and exits with 1 if an answer is not valid.
#
# The model is Swagger 2.0, whose schemas are JSON Schema of draft 4.  It does
# not forbid members that it does not name; here they are forbidden, so that a
# misspelt member does not pass.

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

import jsonschema

url, model = sys.argv[1:3]
orders = "/orders/2026-01-01/orders"
included = ("BUYER RECIPIENT PROCEEDS EXPENSE PROMOTION CANCELLATION "
            "FULFILLMENT PACKAGES TAX PAYMENT FULFILLMENT_ORDERS").split()
money = re.compile(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$")

with open(model, encoding="utf-8") as f:
    model = json.load(f)

for definition in model["definitions"].values():
    if "properties" in definition:
        definition["additionalProperties"] = False

# What the descriptions say, and the schemas do not.

for kind, member, pattern in (
        ("Order", "orderId", r"^\d{3}-\d{7}-\d{7}$"),
        ("Order", "lastUpdatedTime",
         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"),
        ("Order", "createdTime",
         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"),
        ("SalesChannel", "channelName", "^(AMAZON|NON_AMAZON)$"),
        ("OrderFulfillment", "fulfilledBy", "^(AMAZON|MERCHANT)$"),
        ("ItemPrice", "priceDesignation", "^BUSINESS_PRICE$"),
        ("Money", "currencyCode", "^[A-Z]{3}$")):
    model["definitions"][kind]["properties"][member]["pattern"] = pattern

model["definitions"]["Decimal"]["pattern"] = money.pattern
model["definitions"]["SearchOrdersResponse"]["properties"]["orders"][
    "maxItems"] = 100


def validator(path, status):
    schema = dict(model["paths"][path]["get"]["responses"][status]["schema"])
    schema["definitions"] = model["definitions"]

    return jsonschema.Draft4Validator(schema)


answers = {
    "searchOrders 200": validator(orders, "200"),
    "getOrder 200": validator(orders + "/{orderId}", "200"),
}

for status in ("400", "403", "404", "429", "500", "503"):
    answers["error " + status] = validator(orders, status)

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


def check(kind, document):
    global invalid

    errors = list(answers[kind].iter_errors(document))
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
    check("%s 200" % operation if status == 200 else "error %d" % status,
          document)

    return document


def pages(token, params):
    params = dict(params)

    while True:
        document = get("searchOrders", orders, params, token)
        yield document

        if "pagination" not in document:
            return

        params["paginationToken"] = document["pagination"]["nextToken"]


def main():
    token = access("MODEL")
    begin = {"lastUpdatedAfter": "2020-01-01T00:00:00Z"}
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

    # This location fails by a fault: 500, 503 and 429 in turn.

    global url
    url += "-faults"

    for _ in range(12):
        get("searchOrders", orders, begin, token)

    for kind, count in valid.items():
        print("%s: %s" % (kind, "valid" if count else "none seen"))

    sys.exit(invalid != 0)


main()

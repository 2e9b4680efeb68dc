"""Fills a shop with a little and runs schemathesis against it as three kinds of people. Called by scripts/test-api."""

import json
import os
import subprocess
import sys
import urllib.request

base, password, folder, examples, seed = sys.argv[1:]


def send(method, path, body=None, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def log_in(role):
    session = send("POST", "/v1/auth/login", {"email": f"{role}@test.example", "password": password})
    return session["access_token"], session["user"]["id"]


admin, _ = log_in("admin")
customer, customer_id = log_in("customer")
products, orders = [], []
for number in range(3):
    product = send("POST", "/v1/products", {
        "sku": f"API-{number}", "name": f"Mug {number}", "description": "for tea", "category": "kitchen/mugs",
        "price": {"amount": 1250, "currency": "GBP"}, "attributes": {"colour": "red"}, "status": "active"}, admin)
    products.append(product["id"])
    send("POST", "/v1/stock/receive", {"product_id": product["id"], "quantity": 100000, "reason": "test"}, admin)
for number in range(3):
    order = send("POST", "/v1/orders", {"lines": [{"product_id": products[number], "quantity": 1}]}, customer)
    orders.append(order["id"])

# Ids that exist, so that more than "there is no such thing" is answered.
description = send("GET", "/openapi.json")


def give_examples(path, operation):
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] == "id":
            if path.startswith("/v1/products"):
                parameter["example"] = products[0]
            elif path.startswith("/v1/orders"):
                parameter["example"] = orders[0]
            elif path.startswith("/v1/streams"):
                parameter["example"] = orders[0]
        elif parameter["in"] == "path" and parameter["name"] == "aggregate":
            parameter["example"] = "order"


for path, item in description["paths"].items():
    for operation in item.values():
        if isinstance(operation, dict):
            give_examples(path, operation)
schema = os.path.join(folder, "openapi.json")
with open(schema, "w", encoding="utf-8") as file:
    json.dump(description, file)

# What they call positive data may still name a product that is not there, so that a refusal of it is no mistake.
NOT = "positive_data_acceptance"
failed = []
for role, token in (("administrator", admin), ("customer", customer), ("visitor", None)):
    print(f"\n== as {role}", flush=True)
    command = [
        os.path.join(os.path.dirname(sys.executable), "st"), "--no-color", "run", schema, "--url", base,
        "--checks", "all", "--exclude-checks", NOT, "--max-examples", examples, "--seed", seed, "--workers", "1",
        "--generation-database", "none", "--no-shrink", "--continue-on-failure",
        "--request-timeout", "30", "--warnings", "off", "--phases", "examples,coverage,fuzzing",
        "--suppress-health-check", "all",
        # Prometheus' own format.
        "--exclude-path", "/metrics",
    ]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    if subprocess.run(command, cwd=folder, check=False).returncode != 0:
        failed.append(role)
if failed:
    sys.exit(f"test-api: the answers are not as described, as {', '.join(failed)}")

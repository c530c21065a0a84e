"""Both sides on one port: addresses, filling, the proof, faults, the control API, and the process by itself."""

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal

import httpx
import pytest

from simulator import Simulator


@pytest.fixture(scope="module")
def shared():
    """A filled simulator that nobody changes."""
    with Simulator(seed=3) as sim:
        sim.fill(orders=60, customers=20, days=3)
        yield sim


@pytest.fixture
def sim():
    with Simulator(quotas=False) as sim:
        yield sim


def bearer(sim):
    """A client of the QuickBooks side with a fresh token."""
    answer = httpx.post(
        sim.token_url,
        data={"grant_type": "refresh_token", "refresh_token": sim.company.refresh_token},
        auth=(sim.company.client_id, sim.company.client_secret),
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    return httpx.Client(
        base_url=f"{sim.quickbooks_url}/v3/company/{sim.company.realm_id}",
        headers={"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"},
        params={"minorversion": "75"},
    )


def shop_client(sim):
    return httpx.Client(
        base_url=f"{sim.bigcommerce_url}/stores/{sim.shop.store_hash}", headers={"X-Auth-Token": sim.shop.access_token}
    )


def test_both_sides_answer_below_their_prefixes(shared):
    with shop_client(shared) as shop, bearer(shared) as company:
        assert shop.get("/v2/store").json()["currency"] == "USD"
        assert len(shop.get("/v2/orders", params={"limit": 250}).json()) == 60
        found = company.get("/query", params={"query": "select * from Item where Active = true maxresults 1000"}).json()
        skus = {item.get("Sku") for item in found["QueryResponse"]["Item"]}
    sold = {line["sku"] for order in shared.shop.orders.values() for line in order.products}
    assert sold - {""} <= skus


def test_filling_makes_products_items_and_customers(shared):
    assert len(shared.shop.products) == 60
    assert {order.header["customer_id"] for order in shared.shop.orders.values()} - {0} == {
        customer["id"] for customer in shared.shop.customers
    }
    items = {item["Sku"]: item for item in shared.company.objects("Item") if item.get("Sku")}
    tracked = {p["sku"] for p in shared.shop.products if p["inventory_tracking"] == "product"}
    assert {sku for sku, item in items.items() if item["Type"] == "Inventory"} == tracked


def test_filling_twice_adds_orders_and_no_products_twice(sim):
    sim.fill(orders=3)
    sim.fill(orders=2, price_mode="inclusive")
    assert list(sim.shop.orders) == [1001, 1002, 1003, 1004, 1005]
    assert [o.header["is_tax_inclusive_pricing"] for o in sim.shop.orders.values()] == [False] * 3 + [True] * 2
    assert len(sim.shop.products) == 60


def test_the_shop_has_the_companys_currency():
    with Simulator(home_currency="AUD") as sim:
        sim.fill(orders=2, clean=True)
        with shop_client(sim) as shop:
            assert shop.get("/v2/store").json()["currency"] == "AUD"
            assert {row["default_currency_code"] for row in shop.get("/v2/orders").json()} == {"AUD"}


def tax_block(sim, tax):
    """An amount of tax as a company with plain sales tax takes it: with a code and one line of the code's rate."""
    rate = {"PercentBased": True, "TaxRateRef": {"value": sim.company.id_of("TaxRate", "State tax")}}
    return {
        "TxnTaxCodeRef": {"value": sim.company.id_of("TaxCode", "State tax")},
        "TotalTax": tax,
        "TaxLine": [{"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": rate}],
    }


@pytest.fixture
def booked(sim):
    """Three orders of 108.25 with 8.25 tax, and a function that books one as a sales receipt by hand."""
    for order_id in (1, 2, 3):
        sim.shop.add_order(
            {
                "id": order_id,
                "taxes": [{"rate": "8.2500", "line_amount": "8.2500"}],
                "total_inc_tax": "108.2500",
                "total_tax": "8.2500",
                "gift_certificate_amount": "0.0000",
                "store_credit_amount": "0.0000",
            }
        )
    sim.company.add_item(name="Goods", sku="GOODS", kind="noninventory")

    with bearer(sim) as client:

        def book(number, note, amount="100.00", tax="8.25", redeemed="0"):
            goods = sim.company.id_of("Item", "Goods")
            lines = [(amount, "TAX")] + ([(f"-{redeemed}", "NON")] if Decimal(redeemed) else [])
            body = {
                "DocNumber": number,
                "PrivateNote": note,
                "Line": [
                    {
                        "Amount": float(each),
                        "DetailType": "SalesItemLineDetail",
                        "SalesItemLineDetail": {
                            "ItemRef": {"value": goods},
                            "Qty": 1,
                            "UnitPrice": float(each),
                            "TaxCodeRef": {"value": code},
                        },
                    }
                    for each, code in lines
                ],
                "TxnTaxDetail": tax_block(sim, float(tax)),
            }
            answer = client.post("/salesreceipt", json=body, params={"requestid": number})
            assert answer.status_code == 200, answer.text
            return answer.json()["SalesReceipt"]

        yield sim, book, client


def test_an_empty_company_proves_nothing_posted(booked):
    sim, _, _ = booked
    assert sim.proof() == {
        "orders": 3,
        "posted": 0,
        "documents": 0,
        "duplicates": 0,
        "difference": "0.00",
        "rows": [],
        "tax_difference": "0.00",
        "tax_by_rate_difference": "0.00",
        "off_by_rate": {},
        "tax_by_agency": None,
        **{name: {"count": 0, "difference": "0.00"} for name in ("refunds", "voids", "edits")},
        "off_by_refund": {},
        "off_by_void": {},
        "clearing": {},
        "totals": {},
        "balances": {},
    }


def test_documents_are_found_by_number_by_suffix_and_by_marker(booked):
    sim, book, _ = booked
    book("BC-1", "")
    book("BC-2-S", "")
    book("X-9", "a note\ncartledger:sim5tore:order:3")
    proof = sim.proof()
    assert (proof["posted"], proof["documents"], proof["duplicates"], proof["difference"]) == (3, 3, 0, "0.00")


def test_the_same_order_id_of_another_store_in_the_company_is_another_order(booked):
    sim, book, _ = booked
    book("BC-1", "cartledger:sim5tore:order:1")
    book("AN-1", "cartledger:an0ther:order:1")
    assert (sim.proof()["documents"], sim.proof()["duplicates"]) == (1, 0)


def test_a_second_document_for_an_order_is_a_duplicate_and_a_voided_one_is_none(booked):
    sim, book, client = booked
    first = book("BC-1", "cartledger:sim5tore:order:1")
    book("BC-1B", "cartledger:sim5tore:order:1")
    assert (sim.proof()["documents"], sim.proof()["duplicates"]) == (2, 1)
    voided = client.post(
        "/salesreceipt",
        params={"operation": "update", "include": "void", "requestid": "void-1"},
        json={"Id": first["Id"], "SyncToken": first["SyncToken"], "sparse": True},
    )
    assert voided.status_code == 200, voided.text
    assert (sim.proof()["documents"], sim.proof()["duplicates"]) == (1, 0)


def test_a_cent_and_a_wrong_tax_are_differences_with_a_row(booked):
    sim, book, _ = booked
    book("BC-1", "", amount="100.01")
    book("BC-2", "", amount="101.25", tax="7.00")
    proof = sim.proof()
    assert [proof[name] for name in ("difference", "tax_difference", "tax_by_rate_difference")] == [
        *("1.26", "1.25", "1.25")
    ]
    assert proof["off_by_rate"] == {"2": "1.25"}
    assert proof["totals"] == {
        "USD": {
            "sales": {"shop": "216.50", "books": "216.51"},
            "tax": {"shop": "16.50", "books": "15.25"},
            "money": {"shop": "216.50", "books": "0.00"},  # these receipts name no account to deposit to
        }
    }
    assert proof["rows"] == [
        {
            "order": 1,
            "number": "BC-1",
            "shop_total": "108.25",
            "book_total": "108.26",
            "tax_shop": "8.25",
            "tax_books": "8.25",
        },
        {
            "order": 2,
            "number": "BC-2",
            "shop_total": "108.25",
            "book_total": "108.25",
            "tax_shop": "8.25",
            "tax_books": "7.00",
        },
    ]


def test_redeemed_tenders_are_added_to_what_the_books_say(booked):
    sim, book, _ = booked
    sim.shop.update(1, gift_certificate_amount="50.0000", store_credit_amount="8.2500")
    book("BC-1", "", redeemed="58.25")
    assert sim.proof()["difference"] == "0.00"
    sim.shop.update(1, store_credit_amount="0.0000")
    assert sim.proof()["difference"] == "8.25"


def test_the_number_may_follow_another_pattern(booked):
    sim, book, _ = booked
    book("WEB1", "")
    assert sim.proof(number="WEB{id}")["posted"] == 1
    assert sim.proof()["posted"] == 0


def test_the_report_counts_what_arrived(sim):
    with shop_client(sim) as shop:
        shop.get("/v2/time")
        shop.get("/v2/orders")
    with bearer(sim) as company:
        company.get("/query", params={"query": "select * from Customer"})
    report = httpx.get(f"{sim.url}/control/report").json()
    assert report["bigcommerce"] == {"calls": 2, "throttled": 0}
    assert report["called"] == {"time": 1, "orders": 1}
    assert report["quickbooks"]["reads"] == 1
    assert httpx.post(f"{sim.url}/control/reset-counts").status_code == 204
    assert sim.report()["bigcommerce"] == {"calls": 0, "throttled": 0}
    assert sim.report()["called"] == {}
    assert sim.report()["quickbooks"]["reads"] == 0


@pytest.mark.parametrize(("kind", "carried_out"), [("drop_after", 1), ("drop_before", 0), ("throttled", 0)])
def test_a_bulk_write_of_stock_can_fail_like_any_other_call(sim, kind, carried_out):
    sim.shop.add_product(sku="LAMP", name="Lamp", price=Decimal(9), tracked=True)
    sim.faults.add(side="bigcommerce", call="adjust", kind=kind, nth=1)
    body = {"items": [{"location_id": 1, "product_id": 1, "quantity": 4}]}
    statuses = []
    with shop_client(sim) as shop:
        for _ in range(2):
            try:
                statuses.append(shop.put("/v3/inventory/adjustments/absolute", json=body).status_code)
            except httpx.TransportError:
                statuses.append(0)
    assert statuses == [429 if kind == "throttled" else 0, 200]
    assert len(sim.shop.adjustments) == carried_out + 1


def test_faults_are_added_and_cleared_over_http_and_name_calls_of_both_sides(sim):
    rule = {"side": "bigcommerce", "call": "orders", "kind": "status", "status": 503, "body": "html", "nth": 2}
    assert httpx.post(f"{sim.url}/control/faults", json=rule).status_code == 204
    with shop_client(sim) as shop:
        assert [shop.get(path).status_code for path in ("/v2/orders", "/v2/time", "/v2/orders")] == [204, 200, 503]
        httpx.post(
            f"{sim.url}/control/faults", json={"side": "bigcommerce", "call": "*", "kind": "drop_before", "first": 9}
        )
        with pytest.raises(httpx.TransportError):
            shop.get("/v2/time")
        assert httpx.delete(f"{sim.url}/control/faults").status_code == 204
        assert shop.get("/v2/time").status_code == 200


@pytest.mark.parametrize("rule", [{"side": "bigcommerce"}, {"surprise": 1}, [1]])
def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(shared, rule):
    answer = httpx.post(f"{shared.url}/control/faults", json=rule)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_control_answers_the_same_proof_and_balances(booked):
    sim, book, _ = booked
    book("BC-1", "")
    assert httpx.get(f"{sim.url}/control/proof").json() == sim.proof()
    assert httpx.get(f"{sim.url}/control/proof", params={"number": "ZZ-{id}"}).json()["posted"] == 0
    balances = httpx.get(f"{sim.url}/control/balances").json()
    assert sum(Decimal(amount) for amount in balances.values()) == 0
    assert "108.25" in balances.values()
    assert httpx.get(f"{sim.url}/control/ready").json() == {"ready": True}


def test_lives_are_lived_over_http_and_the_same_seed_gives_the_same(sim):
    sim.fill(orders=40, customers=10, share_odd=0)
    with Simulator(quotas=False) as other:
        other.fill(orders=40, customers=10, share_odd=0, now=sim.shop.clock())
        life = {"steps": 60, "seed": 3, "rates": {"edit a line": 270, "pay the difference": 0}}
        first, again = (httpx.post(f"{each.url}/control/live", json=life).json() for each in (sim, other))
    assert first["counts"] == again["counts"]
    assert sum(first["counts"].values()) == len(first["said"]) == 60
    assert "pay the difference" not in first["counts"]
    assert first["counts"]["edit a line"] > 10
    paid = httpx.post(f"{sim.url}/control/settle").json()["said"]
    assert paid
    assert all(each.endswith("paid on top") for each in paid)
    assert httpx.post(f"{sim.url}/control/settle").json() == {"said": []}


@pytest.mark.parametrize("life", [{"steps": 1, "rates": {"explode": 1}}, {"seed": 1}, {"steps": 1, "surprise": 1}, [1]])
def test_a_life_that_cannot_be_lived_is_refused_with_the_reason(shared, life):
    answer = httpx.post(f"{shared.url}/control/live", json=life)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_hanging_request_does_not_hold_the_exit():
    with Simulator(cap=30) as sim:
        sim.faults.add(side="bigcommerce", call="time", kind="hang", nth=1)
        with shop_client(sim) as shop, pytest.raises(httpx.ReadTimeout):
            shop.get("/v2/time", timeout=0.2)


@pytest.mark.parametrize(("number", "company"), [(signal.SIGTERM, "us"), (signal.SIGINT, "ca")])
def test_the_process_says_where_it_is_and_ends_well(number, company):
    command = [sys.executable, "-m", "simulator", "--orders", "5", "--customers", "3", "--no-requestid-memory"]
    command += ["--company", company]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        told = json.loads(process.stdout.readline())
        assert set(told) >= {"bigcommerce_url", "quickbooks_url", "token_url", "store_hash", "access_token"}
        assert set(told) >= {"realm_id", "client_id", "client_secret", "refresh_token"}
        assert httpx.get(f"{told['url']}/control/proof").json()["orders"] == 5
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")

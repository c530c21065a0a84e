"""Gift certificates and store credit: what the shop owes its customers."""

from decimal import Decimal

import pytest

from simulator import Simulator


@pytest.fixture
def issued(shop):
    shop.add_gift_certificate(amount=Decimal(50), order_id=7)
    shop.add_gift_certificate(amount=Decimal(30), balance=Decimal("12.5"), status="expired", currency="EUR")
    shop.add_gift_certificate(amount=Decimal(20))


def ids(response):
    return [row["id"] for row in response.json()]


def test_a_certificate_has_the_documented_keys(api, issued):
    first, second, _ = api.get("/v2/gift_certificates").json()
    assert set(first) == {
        *("id", "code", "amount", "status", "balance", "to_name", "order_id", "template", "message", "to_email"),
        *("from_name", "from_email", "customer_id", "expiry_date", "purchase_date", "currency_code"),
    }
    assert (first["amount"], first["balance"], first["status"]) == ("50.0000", "50.0000", "active")
    assert (first["order_id"], first["purchase_date"]) == (7, "1777384800")
    assert (second["balance"], second["status"], second["currency_code"]) == ("12.5000", "expired", "EUR")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"min_id": "2"}, [2, 3]),
        ({"max_id": "2"}, [1, 2]),
        ({"order_id": "7"}, [1]),
        ({"code": "sim-003-gift"}, [3]),
        ({"sort": "id", "direction": "desc"}, [3, 2, 1]),
        ({"limit": "2", "page": "2"}, [3]),
    ],
)
def test_filters_order_and_pages(api, issued, params, expected):
    assert ids(api.get("/v2/gift_certificates", params=params)) == expected


@pytest.mark.parametrize(
    ("params", "status"),
    [({"status": "active"}, 400), ({"min_id": "x"}, 400), ({"sort": "code"}, 400), ({"limit": "251"}, 413)],
)
def test_what_is_not_offered_is_refused(api, issued, params, status):
    assert api.get("/v2/gift_certificates", params=params).status_code == status


def test_none_at_all_is_204(api):
    assert api.get("/v2/gift_certificates").status_code == 204


def test_store_credit_comes_when_it_is_asked_for(api, shop):
    billing = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Buyer", "company": "", "phone": ""}
    shop.add_customer(customer_id=4, billing=billing, credit=Decimal("43.15"))
    [plain] = api.get("/v3/customers").json()["data"]
    [asked] = api.get("/v3/customers", params={"include": "storecredit"}).json()["data"]
    assert "store_credit_amounts" not in plain
    assert asked["store_credit_amounts"] == [{"amount": 43.15}]
    assert api.get("/v3/customers", params={"include": "orders"}).status_code == 422


def test_a_customer_with_credit_has_the_documented_keys(authentic, api, shop):
    billing = dict.fromkeys(("email", "first_name", "last_name", "company", "phone"), "")
    shop.add_customer(customer_id=4, billing=billing, credit=Decimal("43.15"))
    [row] = api.get("/v3/customers", params={"include": "storecredit"}).json()["data"]
    assert row["store_credit_amounts"] == authentic("customers.json")["data"][0]["store_credit_amounts"]


def test_a_filled_shop_owes_what_its_orders_sold():
    with Simulator(quotas=False) as sim:
        sim.fill(orders=120, customers=20)
        sold = {
            line["gift_certificate_id"]: (order.id, Decimal(line["total_inc_tax"]))
            for order in sim.shop.orders.values()
            for line in order.products
            if line["type"] == "giftcertificate"
        }
        owed = {row["id"]: (row["order_id"], Decimal(row["balance"])) for row in sim.shop.gift_certificates}
    assert sold
    assert owed == sold

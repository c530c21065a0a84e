"""What a document says beside its money, as the company keeps it, and orders that go on their way."""

from __future__ import annotations

import pytest

from cartledger.ledger.types import State
from daemon.demos.settings import NAME
from mapping.standing import standing_hash

SHIPPED = {
    "status_id": 2,
    "status": "Shipped",
    "date_shipped": "Mon, 04 May 2026 15:00:00 +0000",
    "shipments": [{"id": 1, "order_id": 1001, "tracking_number": "EX1"}],
}
SAYING = {
    "sales.class": "Web",
    "sales.location": "Web store",
    "sales.due_date_offset": 30,
    "sales.allow_credit_card_payments": True,
    "sales.use_default_customer_message": True,
    "sales.tracking_numbers": True,
    "sales.custom_fields": {"Channel": "channel_id"},
}


def wordy(open_books, **changes):
    """Books of a company that knows and tracks all that can be said."""
    books = open_books(**SAYING | changes)
    company = books.sim.company
    company.preferences["AccountingInfoPrefs"] |= {
        "ClassTrackingPerTxn": True,
        "TrackDepartments": True,
    }
    company.preferences["SalesFormsPrefs"] |= {"ETransactionPaymentEnabled": True}
    company.add_custom_field("Channel")
    return books


def test_an_invoice_says_it_all(open_books, plain_order):
    books = wordy(open_books, **{"sales.post_as": "invoice"})
    books.add(plain_order(1001, payment_status="pending", **SHIPPED))
    books.sync()
    invoice = books.documents()["BC-1001"]
    assert {name: invoice[name]["name"] for name in ("ClassRef", "DepartmentRef")} == {
        "ClassRef": "Web",
        "DepartmentRef": "Web store",
    }
    assert (invoice["DueDate"], invoice["AllowOnlineCreditCardPayment"]) == ("2026-05-31", True)
    assert (invoice["ShipDate"], invoice["TrackingNum"]) == ("2026-05-04", "EX1")
    assert invoice["CustomerMemo"] == {"value": "Thank you for your business."}
    (field,) = invoice["CustomField"]
    assert (field["Name"], field["StringValue"]) == ("Channel", "1")
    books.prove()


@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_an_order_that_ships_after_the_settings_were_changed_only_ships(open_books, plain_order, post_as):
    books = open_books(**{"sales.post_as": post_as})
    books.add(plain_order(1001, customer_message="Please ring"))
    books.sync()
    before = books.documents()["BC-1001"]
    books.change(**{"sales.tracking_numbers": True, "sales.automatic_numbers": True, "sales.due_date_offset": 30})
    books.sim.shop.update(1001, **SHIPPED)
    assert books.sync().posted == 1
    after = books.documents()["BC-1001"]
    assert (after.pop("ShipDate"), after.pop("TrackingNum")) == ("2026-05-04", "EX1")
    assert standing_hash(after) == standing_hash(before)


def test_a_tracking_number_costs_one_call_for_each_order_that_is_shipped(open_books, plain_order):
    books = open_books(**{"sales.tracking_numbers": True})
    books.add(plain_order(1001, **SHIPPED), plain_order(1002), plain_order(1003, **SHIPPED))
    books.sync()
    numbers = {number: document.get("TrackingNum") for number, document in books.documents().items()}
    assert numbers == {"BC-1001": "EX1", "BC-1002": None, "BC-1003": "EX1"}
    assert books.sim.report()["bigcommerce"]["calls"] == 2 + 2


def test_documents_of_the_day_of_shipping_wait_for_it(open_books, plain_order):
    books = open_books(**{"sales.document_date": "shipped"})
    books.add(plain_order(1001))
    books.sync()
    assert (books.state(1001), books.documents()) == (State.EXCLUDED, {})
    books.sim.shop.update(1001, **SHIPPED)
    books.sync()
    assert books.documents()["BC-1001"]["TxnDate"] == "2026-05-04"


def test_documents_of_the_day_of_payment_wait_for_it(open_books, plain_order):
    books = open_books(**{"sales.document_date": "paid", "sales.post_as": "invoice"})
    books.add(plain_order(1001, payment_status="authorized"))
    books.sync()
    assert (books.state(1001), books.documents()) == (State.EXCLUDED, {})
    capture = {
        "id": 1,
        "event": "capture",
        "amount": 20,
        "currency": "USD",
        "date_created": "2026-05-06T15:00:00+00:00",
        "gateway": "stripe",
        "method": "credit_card",
        "status": "ok",
    }
    books.sim.shop.update(1001, payment_status="captured", transactions=[capture])
    books.sync()
    assert books.documents()["BC-1001"]["TxnDate"] == "2026-05-06"
    (payment,) = books.sim.company.objects("Payment")
    assert payment["TxnDate"] == "2026-05-06"
    books.prove()


def test_held_until_the_company_tracks_its_classes(open_books, plain_order):
    books = open_books(**{"sales.class": "Web"})
    books.add(plain_order(1001))
    books.sync()
    assert books.held() == {"1001": ["class_not_tracked"]}
    books.sim.company.preferences["AccountingInfoPrefs"]["ClassTrackingPerTxn"] = True
    books.app.lines[NAME].book.forget()  # as `cartledger held retry` does
    books.app.ledger.retry(books.pair)
    books.sync()
    assert books.documents()["BC-1001"]["ClassRef"]["name"] == "Web"

"""What a document says beside its money: day, number, class and location, words, due date, shipping, custom fields."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping.facts import Standing
from mapping.fingerprint import changed_fields
from mapping.transactions import read_transactions

RECEIPT_AND_INVOICE = pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
CLASSES = {"per document": "ClassTrackingPerTxn", "per line": "ClassTrackingPerTxnLine"}
STANDS = {"stands": {"document": Standing(entity="SalesReceipt", amount=Decimal("64.96"))}}
SHIPPED = "Mon, 04 May 2026 03:00:00 +0000"
"""The third of May in Chicago."""


def custom_fields(*names, on=(1, 2, 3)):
    """The company's preferences with these names of custom fields, switched on where `on` says so."""
    prefix = "SalesFormsPrefs."
    switches = [{"Name": f"{prefix}UseSalesCustom{n}", "BooleanValue": n in on} for n in (3, 2, 1)]
    titles = [{"Name": f"{prefix}SalesCustomName{n}", "StringValue": name} for n, name in enumerate(names, 1)]
    return {"SalesFormsPrefs": {"CustomField": [{"CustomField": switches}, {"CustomField": titles}]}}


# -- which orders, by where they came from


@pytest.mark.option("sales.sources")
@pytest.mark.parametrize(
    ("sources", "order_source", "more", "rule"),
    [
        (None, "www", {}, None),
        (None, "manual", {}, None),
        (None, "", {}, None),
        (None, "Amazon", {}, "Sold on Amazon: marketplaces settle with books of their own."),
        (None, "ebay", {}, "Sold on ebay: marketplaces settle with books of their own."),
        (None, "www", {"external_source": "M-MIG"}, "History migrated from another shop (M-MIG)."),
        (
            None,
            "www",
            {"payment_method": "TEST payment gateway"},
            "A test order (TEST payment gateway): no money moved.",
        ),
        (["amazon", "www"], "Amazon", {}, None),
        (["amazon"], "www", {}, 'Its source "www" is not among sales.sources.'),
        (["www"], "", {}, 'Its source "" is not among sales.sources.'),
        (["www"], "www", {"external_source": "m-mig"}, 'Its source "m-mig" is not among sales.sources.'),
        (["m-mig"], "external", {"external_source": "M-MIG"}, None),
        (["www"], "www", {"payment_method": "Test Payment Gateway"}, 'Its source "test" is not among sales.sources.'),
        (["test"], "www", {"payment_method": "Test Payment Gateway"}, None),
        (
            ["test"],
            "www",
            {"payment_method": "Test Payment Gateway", "external_source": "M-MIG"},
            'Its source "m-mig" is not among sales.sources.',
        ),
    ],
)
def test_orders_of_these_sources(decide, order, sources, order_source, more, rule):
    decided = decide(order(order_source=order_source, **more), **{"sales.sources": sources})
    if rule is None:
        assert decided.total == "64.96"
    else:
        assert decided.rule == rule


# -- its day


@pytest.mark.option("sales.document_date")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize(
    ("document_date", "shipped", "day"),
    [("created", "", "2026-05-01"), ("created", SHIPPED, "2026-05-01"), ("shipped", SHIPPED, "2026-05-03")],
)
def test_the_day_it_was_placed_or_shipped(decide, order, document_date, shipped, day, post_as):
    changes = {"sales.document_date": document_date, "sales.post_as": post_as}
    assert decide(order(date_shipped=shipped), **changes).body["TxnDate"] == day


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize("status", [3, 8, 9, 11])
def test_what_was_not_shipped_yet_waits(decide, order, status):
    decided = decide(order(status_id=status), **{"sales.document_date": "shipped"})
    assert decided.rule == "Not shipped yet: documents bear the day of shipping (sales.document_date)."


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize(("status", "name"), [(2, "Shipped"), (10, "Completed")])
def test_a_shipped_order_without_its_day_is_held(decide, order, status, name):
    decided = decide(order(status_id=status), **{"sales.document_date": "shipped"})
    text = f"The order is {name}, and BigCommerce does not say when it was shipped."
    assert decided.reasons == {"no_shipping_day": text}


@pytest.mark.option("sales.document_date")
def test_a_day_of_shipping_that_is_no_day_is_held(decide, order):
    decided = decide(order(date_shipped="Mon, 01 Jan 9500 00:00:00 +0000"), **{"sales.document_date": "shipped"})
    assert set(decided.reasons) == {"unreadable_field"}


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize(("kinds", "waits"), [(["digital"], False), (["digital", "physical"], True)])
def test_what_needs_no_shipping_is_there_when_it_is_ordered(decide, order, line, kinds, waits):
    lines = [line("A", 1, "20.00", type=kind) for kind in kinds]
    decided = decide(order(*lines), **{"sales.document_date": "shipped"})
    if waits:
        assert decided.rule.startswith("Not shipped yet")
    else:
        assert decided.body["TxnDate"] == "2026-05-01"


PAID_LATER = {"date_modified": "Wed, 06 May 2026 12:00:00 +0000"}
CAPTURE = {
    "id": 7,
    "event": "capture",
    "amount": Decimal("64.96"),
    "currency": "USD",
    "date_created": "2026-05-05T04:30:00+00:00",
    "gateway": "stripe",
    "method": "credit_card",
    "status": "ok",
}


@pytest.mark.option("sales.document_date")
@RECEIPT_AND_INVOICE
def test_the_day_its_money_was_captured(decide, order, post_as):
    changes = {"sales.document_date": "paid", "sales.post_as": post_as}
    assert decide(order(), **changes).body["TxnDate"] == "2026-05-01"
    assert decide(order(**PAID_LATER), **changes).needs == "transactions"
    facts = {"transactions": read_transactions([CAPTURE])}
    assert decide(order(**PAID_LATER), **changes, facts=facts).body["TxnDate"] == "2026-05-04"


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize(("payment_status", "post_as"), [("authorized", "sales_receipt"), ("pending", "invoice")])
def test_what_was_not_paid_yet_waits(decide, order, payment_status, post_as):
    changes = {"sales.document_date": "paid", "sales.post_as": post_as}
    decided = decide(order(payment_status=payment_status), **changes)
    assert decided.rule == "Not paid yet: documents bear the day of payment (sales.document_date)."


@pytest.mark.option("sales.document_date")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize("price", ["0", "20.00"])
def test_what_is_free_or_redeemed_is_paid_when_it_is_ordered(decide, order, line, post_as, price):
    changes = {"sales.document_date": "paid", "sales.post_as": post_as}
    raw = order(line("A", 1, price), payment_status="", store_credit_amount=price, **PAID_LATER)
    assert decide(raw, **changes).body["TxnDate"] == "2026-05-01"


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize(
    ("payment_status", "code"), [("pending", None), ("captured", "amount_out_of_range")], ids=["waits", "held"]
)
def test_an_order_whose_total_is_no_amount_is_due_all_the_same(decide, order, payment_status, code):
    changes = {"sales.document_date": "paid", "sales.post_as": "invoice"}
    decided = decide(order(payment_status=payment_status, total_inc_tax="1e30"), **changes)
    assert code in decided.reasons if code else decided.rule.startswith("Not paid yet")


@pytest.mark.option("sales.document_date", "start_date")
@pytest.mark.parametrize(
    ("document_date", "start_date", "rule"),
    [
        ("created", "2026-05-02", "Placed on 2026-05-01, before start_date 2026-05-02."),
        ("shipped", "2026-05-02", None),
        ("shipped", "2026-05-04", "Shipped on 2026-05-03, before start_date 2026-05-04."),
    ],
)
def test_the_start_date_is_about_the_day_of_the_document(decide, order, document_date, start_date, rule):
    decided = decide(order(date_shipped=SHIPPED), **{"sales.document_date": document_date, "start_date": start_date})
    assert (decided.rule if rule else None) == rule
    assert rule or decided.body["TxnDate"] == "2026-05-03"


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize(("document_date", "held"), [("created", True), ("shipped", False)])
def test_closed_books_are_asked_for_the_day_of_the_document(decide, order, document_date, held):
    closed = {"AccountingInfoPrefs": {"BookCloseDate": "2026-05-02"}}
    decided = decide(order(date_shipped=SHIPPED), preferences=closed, **{"sales.document_date": document_date})
    assert set(decided.reasons) == {"books_closed"} if held else decided.body["TxnDate"] == "2026-05-03"


@pytest.mark.option("sales.document_date")
@pytest.mark.parametrize("document_date", ["created", "shipped", "paid"])
@pytest.mark.parametrize("undone", [{}, {"payment_status": "pending"}, {"date_shipped": ""}])
def test_what_stands_keeps_its_day_whatever_changes(decide, order, document_date, undone):
    """Also when books are closed since, the start date is moved, or what its day was of is undone."""
    closed = {"AccountingInfoPrefs": {"BookCloseDate": "2026-06-30"}}
    changes = {"sales.document_date": document_date, "sales.post_as": "invoice", "workflows": ["sales"]}
    raw = order(date_shipped=SHIPPED, **PAID_LATER)
    (posted,) = decide(raw, facts={"transactions": read_transactions([CAPTURE])}, **changes).decision.documents
    stands = {"stands": {"document": Standing(entity="Invoice", amount=Decimal("64.96"))}}
    (again,) = decide(
        raw | undone, preferences=closed, facts=stands, **changes | {"start_date": "2026-06-01"}
    ).decision.documents
    assert changed_fields(posted.hash, again.hash) == ({"ShipDate"} if "date_shipped" in undone else set())


# -- its number


@pytest.mark.option("sales.automatic_numbers")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize(("custom", "sent"), [(True, "AUTO_GENERATE"), (False, None)])
def test_quickbooks_numbers_the_document_and_the_note_names_the_order(decide, order, post_as, custom, sent):
    preferences = {"SalesFormsPrefs": {"CustomTxnNumbers": custom}}
    changes = {"sales.automatic_numbers": True, "sales.post_as": post_as}
    decided = decide(order(id=10**19), preferences=preferences, **changes)
    assert decided.body.get("DocNumber") == sent
    assert decided.decision.documents[0].number == ""
    assert decided.body["PrivateNote"].startswith("BigCommerce order 10000000000000000000.")


# -- class and location


@pytest.mark.option("sales.class")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize("where", list(CLASSES))
def test_the_class_stands_where_the_company_tracks_it(decide, order, line, post_as, where):
    raw = order(line("A", 1, "50.00", off="5.00"), line("B", 1, "10.00"), shipping=("4.00", "0"))
    preferences = {"AccountingInfoPrefs": {CLASSES[where]: True}}
    changes = {"sales.class": "web", "sales.post_as": post_as}
    decided = decide(raw, preferences=preferences, without=["sales.discount_product"], **changes)
    assert decided.name("Class", "ClassRef") == ("Web" if where == "per document" else None)
    details = [each[each["DetailType"]] for each in decided.body["Line"]]
    assert [decided.names["Class", each["ClassRef"]["value"]] for each in details if "ClassRef" in each] == (
        ["Web"] * 4 if where == "per line" else []
    )
    assert [each["DetailType"] for each in decided.body["Line"]].count("DiscountLineDetail") == 1


@pytest.mark.option("sales.location")
@RECEIPT_AND_INVOICE
def test_the_location_stands_on_the_document(decide, order, post_as):
    preferences = {"AccountingInfoPrefs": {"TrackDepartments": True}}
    changes = {"sales.location": "WEB store", "sales.post_as": post_as}
    decided = decide(order(), preferences=preferences, **changes)
    assert decided.name("Department", "DepartmentRef") == "Web store"
    assert all("DepartmentRef" not in document for document in decided.documents[1:])


@pytest.mark.option("sales.class", "sales.location")
@pytest.mark.parametrize(
    ("setting", "preference", "name", "code", "text"),
    [
        (
            "class",
            "ClassTrackingPerTxn",
            "Web",
            "class_not_tracked",
            'sales.class is "Web", and class tracking is off in QuickBooks.',
        ),
        (
            "location",
            "TrackDepartments",
            "Web store",
            "location_not_tracked",
            'sales.location is "Web store", and location tracking is off in QuickBooks.',
        ),
        (
            "class",
            "ClassTrackingPerTxnLine",
            "Webb",
            "no_class",
            'sales.class: QuickBooks has no class "Webb". Did you mean "Web"?',
        ),
        (
            "location",
            "TrackDepartments",
            "Web stor",
            "no_location",
            'sales.location: QuickBooks has no location "Web stor". Did you mean "Web store"?',
        ),
    ],
)
def test_held_where_quickbooks_would_drop_it(decide, order, setting, preference, name, code, text):
    tracked = {"AccountingInfoPrefs": {preference: not code.endswith("not_tracked")}}
    assert decide(order(), preferences=tracked, **{f"sales.{setting}": name}).reasons == {code: text}


# -- words


@pytest.mark.option("sales.use_default_customer_message")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize(
    ("default", "words", "company", "printed"),
    [
        (False, "Please ring\ntwice 🔔", "Thank you.", "Please ring twice"),
        (False, "", "Thank you.", None),
        (True, "Please ring twice", "Thank you.", "Thank you."),
        (True, "Please ring twice", "", None),
    ],
)
def test_the_customers_words_or_the_companys(decide, order, post_as, default, words, company, printed):
    raw = order(customer_message=words, staff_notes="a difficult one")
    preferences = {"SalesFormsPrefs": {"DefaultCustomerMessage": company}}
    changes = {"sales.use_default_customer_message": default, "sales.post_as": post_as}
    decided = decide(raw, preferences=preferences, **changes)
    assert decided.body.get("CustomerMemo") == (printed and {"value": printed})
    assert "difficult" not in str(decided.documents)


@pytest.mark.option("sales.use_default_customer_message")
def test_long_words_are_cut_at_the_end_of_one(decide, order):
    printed = decide(order(customer_message="thanks " * 200)).body["CustomerMemo"]["value"]
    assert (len(printed), printed[-8:]) == (994, " thanks…")


# -- what an invoice says of its payment


@pytest.mark.option("sales.allow_credit_card_payments")
@pytest.mark.parametrize("tenders", ["line", "credit_memo"])
@pytest.mark.parametrize(
    ("post_as", "payment_status", "credit", "allowed"),
    [
        ("invoice", "pending", "0", True),
        ("invoice", "captured", "0", None),
        ("invoice", "pending", "64.96", None),
        ("invoice", "pending", "4.96", True),
        ("invoice", "captured", "4.96", None),
        ("sales_receipt", "pending", "0", None),
    ],
)
def test_cards_are_taken_for_what_is_open(decide, order, post_as, payment_status, credit, allowed, tenders):
    changes = {
        "sales.allow_credit_card_payments": True,
        "sales.post_as": post_as,
        "sales.tenders_on_invoice": tenders,
    }
    raw = order(payment_status=payment_status, store_credit_amount=credit)
    assert decide(raw, **changes).body.get("AllowOnlineCreditCardPayment") is allowed
    switched_off = decide(raw, **changes | {"sales.allow_credit_card_payments": False})
    assert "AllowOnlineCreditCardPayment" not in switched_off.body


@pytest.mark.option("sales.due_date_offset")
@pytest.mark.parametrize(
    ("post_as", "offset", "due"),
    [
        ("invoice", None, "2026-05-01"),
        ("invoice", 0, "2026-05-01"),
        ("invoice", 31, "2026-06-01"),
        ("sales_receipt", 31, None),
    ],
)
def test_days_from_the_invoices_date(decide, order, post_as, offset, due):
    changes = {"sales.due_date_offset": offset, "sales.post_as": post_as}
    assert decide(order(), **changes).body.get("DueDate") == due


@pytest.mark.option("sales.due_date_offset", "sales.document_date")
def test_the_due_date_follows_the_day_of_the_document(decide, order):
    changes = {"sales.due_date_offset": 30, "sales.document_date": "shipped", "sales.post_as": "invoice"}
    assert decide(order(date_shipped=SHIPPED), **changes).body["DueDate"] == "2026-06-02"


# -- how it was shipped

SHIPPED_ORDER = {
    "date_shipped": SHIPPED,
    "status_id": 2,
    "consignments": {"shipping": [{"shipping_method": "Flat Rate", "city": "Austin"}]},
}


def shipping_of(body):
    return tuple(body.get(name) for name in ("ShipDate", "ShipMethodRef", "TrackingNum"))


@RECEIPT_AND_INVOICE
@pytest.mark.option("sales.tracking_numbers")
@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        ((), None),
        (("EX1",), "EX1"),
        (("EX1", "EX2"), "EX1, EX2"),
        (("A" * 12, "B" * 12, "C" * 12), "AAAAAAAAAAAA, BBBBBBBBBBBB, …"),
        (("A" * 40,), None),
        (("A" * 31,), "A" * 31),
        (("A" * 25, "B" * 12), "AAAAAAAAAAAAAAAAAAAAAAAAA, …"),
    ],
)
def test_tracking_numbers_that_fit_each_whole(decide, order, post_as, numbers, written):
    changes = {"sales.tracking_numbers": True, "sales.post_as": post_as}
    assert decide(order(**SHIPPED_ORDER), **changes).needs == "shipments"
    found = shipping_of(decide(order(**SHIPPED_ORDER), facts={"shipments": numbers}, **changes).body)
    assert found == ("2026-05-03", {"value": "Flat Rate", "name": "Flat Rate"}, written)


@pytest.mark.option("sales.tracking_numbers")
def test_day_and_method_come_with_the_order_and_nothing_is_read(decide, order):
    method = {"value": "Flat Rate", "name": "Flat Rate"}
    assert shipping_of(decide(order(**SHIPPED_ORDER)).body) == ("2026-05-03", method, None)


@pytest.mark.option("sales.tracking_numbers")
def test_what_was_not_shipped_says_nothing_of_it(decide, order):
    decided = decide(order(**SHIPPED_ORDER | {"date_shipped": ""}), **{"sales.tracking_numbers": True})
    assert shipping_of(decided.body) == (None, None, None)


@pytest.mark.option("sales.tracking_numbers")
@pytest.mark.parametrize(("method", "written"), [("None", None), ("", None), ("x" * 32, "x" * 30 + "…")])
def test_no_method_and_long_methods(decide, order, method, written):
    raw = order(**SHIPPED_ORDER | {"consignments": {"shipping": [{"shipping_method": method}]}})
    reference = decide(raw).body.get("ShipMethodRef")
    assert (reference and reference["value"]) == written


@pytest.mark.option("sales.tracking_numbers")
def test_nothing_is_read_of_what_stands(decide, order):
    decided = decide(order(**SHIPPED_ORDER), facts=STANDS, **{"sales.tracking_numbers": True})
    assert decided.total == "64.96"


# -- custom fields

FILLED_IN = {
    "billing_address": {
        "form_fields": [
            {"name": "PO number", "value": " 2026-07 "},
            {"name": "Delivery", "value": ["by day", "by bike"]},
            {"name": "Floor", "value": 3},
            {"name": "Bell", "value": {}},
        ]
    }
}


@pytest.mark.option("sales.custom_fields")
@RECEIPT_AND_INVOICE
@pytest.mark.parametrize(
    ("field", "more", "written"),
    [
        ("order_id", {}, "1001"),
        ("order_source", {"order_source": "manual"}, "manual"),
        ("channel_id", {"channel_id": 2}, "2"),
        ("channel_id", {"channel_id": None}, None),
        ("external_id", {"external_id": "ERP-7 🌻"}, "ERP-7"),
        ("external_id", {"external_id": {}}, None),
        ("external_source", {"external_source": "POS"}, "POS"),
        ("external_merchant_id", {"external_merchant_id": "M1"}, "M1"),
        ("external_order_id", {"external_order_id": "112-7"}, "112-7"),
        ("form_fields.po NUMBER", FILLED_IN, "2026-07"),
        ("form_fields.Delivery", FILLED_IN, "by day, by bike"),
        ("form_fields.Floor", FILLED_IN, "3"),
        ("form_fields.Bell", FILLED_IN, None),
        ("form_fields.Colour", FILLED_IN, None),
        ("form_fields.Colour", {"billing_address": {}}, None),
        ("payment_reference", {"payment_provider_id": "ch_1"}, "ch_1"),
        (
            "payment_reference",
            {"payment_provider_id": "purchase order 2026-07 of Byrne"},
            "purchase order 2026-07 of Byrne",
        ),
        (
            "payment_reference",
            {"payment_provider_id": "purchase order 2026-07 of Byrne Looms"},
            "purchase order 2026-07 of…",
        ),
    ],
)
def test_filled_from_the_order_and_left_out_where_it_has_none(decide, order, post_as, field, more, written):
    changes = {"sales.custom_fields": {"REP": field}, "sales.post_as": post_as}
    decided = decide(order(**more), preferences=custom_fields("Order", "Rep"), **changes)
    filled = {"DefinitionId": "2", "Type": "StringType", "StringValue": written}
    assert decided.body.get("CustomField") == ([filled] if written else None)


@pytest.mark.option("sales.custom_fields")
@pytest.mark.parametrize("on", [(1, 2), (2,)])
def test_held_where_the_company_has_no_such_field(decide, order, on):
    changes = {"sales.custom_fields": {"Channel": "channel_id", "Rep": "order_id"}}
    decided = decide(order(), preferences=custom_fields("Chanel", "Rep", on=on), **changes)
    near = ' Did you mean "chanel"?' if on == (1, 2) else ""
    text = f'sales.custom_fields: QuickBooks has no custom field "Channel" on sales forms.{near}'
    assert decided.reasons == {"no_custom_field": text}


# -- none of it makes another document


@RECEIPT_AND_INVOICE
@pytest.mark.parametrize("where", list(CLASSES))
@pytest.mark.parametrize(
    ("progress", "changed"),
    [
        ({"status_id": 10}, set()),
        (SHIPPED_ORDER | {"consignments": []}, {"ShipDate", "TrackingNum"}),
        ({"customer_message": "Thanks"}, {"CustomerMemo", "CustomField"}),
        ({"external_id": "ERP-7"}, {"CustomField"}),
    ],
)
def test_settings_change_no_document_but_where_the_order_changes(decide, order, post_as, where, progress, changed):
    """An order that ships after the settings were changed is not one that changed in other ways."""
    raw = order(payment_status="pending")
    plain = decide(raw, **{"sales.post_as": post_as})
    preferences = custom_fields("Order") | {"AccountingInfoPrefs": {CLASSES[where]: True, "TrackDepartments": True}}
    later = decide(
        raw | progress,
        preferences=preferences,
        facts={"shipments": ("EX1",)},
        **{
            "sales.post_as": post_as,
            "sales.class": "Web",
            "sales.location": "Web store",
            "sales.due_date_offset": 30,
            "sales.allow_credit_card_payments": True,
            "sales.tracking_numbers": True,
            "sales.custom_fields": {"Order": "order_id"},
            "sales.automatic_numbers": True,
        },
    )
    assert changed_fields(plain.decision.documents[0].hash, later.decision.documents[0].hash) == changed


@RECEIPT_AND_INVOICE
@pytest.mark.option("sales.discount_product", "sales.default_product", "sales.shipping_item")
def test_items_and_accounts_change_no_document_of_the_same_order(decide, order, line, post_as):
    """Under the settings of the second look the lines are others, and the money is elsewhere."""
    raw = order(line("A", 1, "50.00", off="5.00"), line("NOPE", 1, "10.00"), shipping=("4.00", "0"))
    changes = {"sales.post_as": post_as, "sales.default_product": "Fee"}
    before = decide(raw, **changes)
    after = decide(
        raw,
        without=["sales.discount_product", "sales.shipping_item"],
        **changes | {"sales.default_product": "Handling", "payments.default_account": "PayPal clearing"},
    )
    assert before.rows != after.rows
    assert changed_fields(before.decision.documents[0].hash, after.decision.documents[0].hash) == set()

"""What a document says beside its money: number, day, people, notes."""

from __future__ import annotations

from cartledger.money import write_json
from cartledger.records import with_lines
from mapping.fingerprint import changed_fields


def test_header_of_a_receipt(example, decide, posted):
    order = example("1") | {"payment_provider_id": "ch_0123456789abcdefghijklm", "staff_notes": "call back"}
    order["consignments"] = {"shipping": [{"first_name": "Bo", "street_1": "2 High Street", "city": "Dallas"}]}
    body = posted(decide(order)).body
    assert {name: body[name] for name in body if name not in ("Line", "TxnTaxDetail")} == {
        "DocNumber": "BC-1001",
        "TxnDate": "2026-04-30",
        "CurrencyRef": {"value": "USD"},
        "CustomerRef": {"value": "9"},
        "BillEmail": {"Address": "ada@example.com"},
        "BillAddr": {
            "Line1": "Ada Byrne",
            "Line2": "Byrne Looms",
            "Line3": "1 Mill Lane",
            "City": "Austin",
            "CountrySubDivisionCode": "Texas",
            "PostalCode": "78701",
            "Country": "United States",
        },
        "ShipAddr": {"Line1": "Bo", "Line2": "2 High Street", "City": "Dallas"},
        "ShippingTaxIncludedInTotalTax": True,
        "ApplyTaxAfterDiscount": True,
        "DepositToAccountRef": {"value": "100"},
        "PaymentMethodRef": {"value": "7"},
        "PaymentRefNum": "ch_0123456789abcdefgh",
        "PrivateNote": "BigCommerce order 1001. Payment method: Credit Card. "
        "Reference: ch_0123456789abcdefghijklm.\ncartledger:abc123:order:1001",
    }


def test_amounts_are_written_with_two_decimals(example, decide, posted):
    text = write_json(posted(decide(example("5"))).body)
    assert '"Amount":80.00' in text
    assert '"Amount":-50.00' in text
    assert '"TotalTax":7.01' in text


def test_a_method_with_an_account_of_its_own(example, decide, posted):
    body = posted(decide(example("1") | {"payment_method": "paypal"})).body
    assert body["DepositToAccountRef"] == {"value": "101"}
    assert "PaymentMethodRef" not in body


def test_the_order_without_prefix_is_its_own_number(example, decide, posted, make_connection):
    document = posted(decide(example("1"), connection=make_connection(sales={"number_prefix": ""})))
    assert document.number == document.body["DocNumber"] == "1001"


def test_progress_of_the_order_makes_no_other_document(example, decide, posted):
    before = example("1")
    after = before | {"status_id": 10, "status": "Completed", "date_modified": "Sat, 02 May 2026 10:00:00 +0000"}
    assert posted(decide(before)).hash == posted(decide(after)).hash


def test_shipping_changes_what_the_document_says_of_it_alone(example, decide, posted):
    before = example("1")
    after = before | {"status_id": 2, "status": "Shipped", "date_shipped": "Sat, 02 May 2026 10:00:00 +0000"}
    assert changed_fields(posted(decide(before)).hash, posted(decide(after)).hash) == {"ShipDate"}


def test_store_credit_in_place_of_a_certificate_makes_other_lines(example, decide, posted):
    before, after = example("5"), example("5") | {"gift_certificate_amount": "0", "store_credit_amount": "50.00"}
    assert changed_fields(posted(decide(before)).hash, posted(decide(after)).hash) == {"Line"}


def test_texts_that_quickbooks_refuses_are_mended(example, decide, posted):
    order = example("1")
    first, *others = order["products"]
    options = [
        {"display_name": "Size", "display_value": "L"},
        {"display_name": "Engraving", "display_value": "🐦\tbird"},
    ]
    order = with_lines(order, [first | {"name": "Mug\n🌻 " + "long " * 1000, "product_options": options}, *others])
    order["billing_address"] |= {"email": "not an address", "street_1": "x" * 600, "zip": "9" * 40, "first_name": "🌻"}
    body = posted(decide(order)).body
    description = body["Line"][0]["Description"]
    assert description.startswith("Mug long long")
    assert description.endswith("long…")
    assert len(description) <= 4000
    assert "BillEmail" not in body
    assert body["BillAddr"]["Line1"] == "Byrne"
    assert (len(body["BillAddr"]["Line3"]), len(body["BillAddr"]["PostalCode"])) == (500, 30)


def test_options_stand_in_the_description(example, decide, posted):
    order = example("1")
    order["products"][0]["product_options"] = [{"display_name": "Size", "display_value": "L"}]
    assert posted(decide(order)).body["Line"][0]["Description"] == "Product A (Size: L)"


def test_an_order_without_addresses_has_none(example, decide, posted):
    body = posted(decide(example("1") | {"billing_address": {}})).body
    assert not {"BillAddr", "ShipAddr", "BillEmail"} & set(body)


def test_the_marker_survives_every_cut(example, decide, posted):
    order = example("1") | {"payment_method": "method " * 1000, "payment_provider_id": "9" * 5000}
    document = posted(decide(order))
    assert len(document.body["PrivateNote"]) <= 4000
    assert document.body["PrivateNote"].endswith("\ncartledger:abc123:order:1001")
    assert document.marker == "cartledger:abc123:order:1001"

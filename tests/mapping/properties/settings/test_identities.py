"""Random orders × random settings × every kind of company: posted with every identity met, or held with a named reason.

What documents must come to is computed here again, from the order as it was made and from the documents' own bodies.
They are then put into a simulated company, which refuses what QuickBooks refuses, and answers the same totals.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartledger.records import Order, read_order
from mapping.decision import Document, Excluded, Fact, Held, Post

CENT = Decimal("0.01")
NOTHING = Decimal(0)
SHIPPING_FIELD = "SHIPPING_ITEM_ID"
NEEDED_FOR = {
    "certificate": "gift_card_product",
    "handling": "handling_item",
    "gift-wrapping": "wrapping_item",
    "fee": "fee_item",
}
LENGTHS = {
    "DocNumber": 21,
    "PaymentRefNum": 21,
    "PrivateNote": 4000,
    "Description": 4000,
    "StringValue": 31,
    "ShipMethodRef": 31,
    "TrackingNum": 31,
    "CustomerMemo": 1000,
    "Address": 100,
    **dict.fromkeys(("Line1", "Line2", "Line3", "Line4", "Line5"), 500),
    **dict.fromkeys(("City", "Country", "CountrySubDivisionCode"), 255),
    "PostalCode": 30,
}
REFERENCES = {
    "ItemRef": "Item",
    "TaxRateRef": "TaxRate",
    "CustomerRef": "Customer",
    "DepositToAccountRef": "Account",
    "DiscountAccountRef": "Account",
    "PaymentMethodRef": "PaymentMethod",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "TaxCodeRef": "TaxCode",
    "TxnTaxCodeRef": "TaxCode",
}


def cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def total(amounts: Any) -> Decimal:
    return sum(amounts, NOTHING)


def signed(line: Mapping[str, Any]) -> Decimal:
    return -line["Amount"] if line["DetailType"] == "DiscountLineDetail" else line["Amount"]


def booked(document: Document, item: str) -> list[Decimal]:
    lines = [line for line in document.body["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    return [line["Amount"] for line in lines if line["SalesItemLineDetail"]["ItemRef"]["value"] == item]


def of_entity(post: Post, entity: str) -> list[Document]:
    return [document for document in post.documents if document.entity == entity]


def check_sale(case: Any, post: Post, books: Any) -> None:
    """Σ lines + tax = total; total + redeemed = what the shop charged, with its tax."""
    shop, sale = case.shop, post.documents[0]
    lines = total(signed(line) for line in sale.body["Line"])
    block = sale.body.get("TxnTaxDetail", {})
    tax = block.get("TotalTax", NOTHING)
    memos = {
        item: total(abs(a) for each in of_entity(post, "CreditMemo") for a in booked(each, item))
        for item in books.redeemed
    }
    redeemed = {item: -total(a for a in booked(sale, item) if a < 0) for item in books.redeemed}
    assert sale.amount >= 0
    assert tax == shop.tax
    assert total(line["Amount"] for line in block.get("TaxLine", [{"Amount": tax}])) == tax
    assert lines + tax == sale.amount
    assert lines + total(redeemed.values()) == shop.total_ex
    assert sale.amount + total(redeemed.values()) == shop.total_ex + shop.tax
    assert [redeemed[item] + memos[item] for item in books.redeemed] == [shop.certificate, shop.credit]
    assert total(each.amount for each in of_entity(post, "CreditMemo")) == total(memos.values())
    assert total(memos.values()) in (NOTHING, shop.tenders)


def check_money(case: Any, post: Post, books: Any) -> None:
    """What came in stands on a receipt as a whole, or on an invoice payment by payment."""
    sale = post.documents[0]
    payments = [each for each in of_entity(post, "Payment") if each.amount]
    told = case.came if Fact.TRANSACTIONS in books.asked else ()
    for payment in of_entity(post, "Payment"):
        assert payment.amount == payment.body["TotalAmt"] == settled(payment)
    if sale.entity == "SalesReceipt":
        assert not payments
        assert not case.settings.invoices
        assert sale.body["DepositToAccountRef"]
        assert total(told) in (NOTHING, case.due)
    elif case.settings.invoices and "payments" not in case.settings.sections["workflows"]:
        assert not payments
    elif told:
        assert [payment.amount for payment in payments] == list(told)
    else:
        assert [payment.amount for payment in payments] == ([case.due] if case.paid and case.due else [])
    if sale.entity == "Invoice" and not case.settings.invoices:
        assert case.settings.sections["payments"]["multi_tender"] == "invoice"
        assert len(told) > 1 or total(told) < case.due


def settled(payment: Document) -> Decimal:
    """What a payment settles of invoices, less the credit memos that it uses."""
    return total(
        -line["Amount"] if linked["TxnType"] == "CreditMemo" else line["Amount"]
        for line in payment.body["Line"]
        for linked in line["LinkedTxn"]
    )


def check_lines(case: Any, post: Post, books: Any) -> None:
    per_line = case.settings.sales["class"] is not None and case.settings.on("ClassTrackingPerTxnLine")
    sale = post.documents[0]
    check_lines_are_products(post)
    for line in sale.body["Line"]:
        detail = line[line["DetailType"]]
        if case.facts_of_kind.per_line or line["DetailType"] == "SalesItemLineDetail":
            assert detail["TaxCodeRef"]
        assert ("ClassRef" in detail) is per_line
    assert booked(sale, books.id("Item", "Rounding")) == ([post.rounding] if post.rounding else [])
    assert abs(post.rounding) <= case.settings.sales["rounding_limit"]
    if post.rounding:
        assert not can_be_allocated(case.shop)


def can_be_allocated(shop: Any) -> bool:
    """Whether the things charged, each in cents below or above what is printed, can sum to what was charged."""
    ways = [{thing.actual.quantize(CENT, way) for way in (ROUND_FLOOR, ROUND_CEILING)} for thing in shop.things]
    wanted = shop.total_ex + shop.off + (shop.tax if shop.inclusive else NOTHING)
    return any(total(amounts) == wanted for amounts in product(*ways))


def check_tax_by_rate(case: Any, post: Post, books: Any) -> None:
    """Each rate takes what the shop's tax of that name took; to a cent a thing where the shop rounds taxes together."""
    body = post.documents[0].body
    details = [(line["Amount"], line["TaxLineDetail"]) for line in body["TxnTaxDetail"]["TaxLine"]]
    sent = {detail["TaxRateRef"]["value"]: amount for amount, detail in details}
    charged, loose = by_rate(case, books)
    for rate, amount in sent.items():
        assert abs(amount - charged[rate]) <= loose[rate]
    assert {rate for rate, amount in charged.items() if cent(amount)} <= set(sent)
    assert {detail["TaxRateRef"]["value"]: detail["NetAmountTaxable"] for _, detail in details} == bases(body, books)


def by_rate(case: Any, books: Any) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
    """The shop's tax for each rate of the company, and how exactly that is known."""
    ids = {key: books.id("TaxRate", name) for key, name in case.facts_of_kind.rates.items()}
    charged: defaultdict[str, Decimal] = defaultdict(Decimal)
    loose: defaultdict[str, Decimal] = defaultdict(Decimal)
    for thing in case.shop.things:
        for name, percent, amount in thing.taxes:
            rate = ids[name, str(percent)]
            exact = thing.tax if len(thing.taxes) == 1 else amount
            charged[rate] += exact
            loose[rate] += NOTHING if exact == cent(exact) else CENT
    return charged, loose


def bases(body: Mapping[str, Any], books: Any) -> dict[str, Decimal]:
    """What each rate of the lines' codes is taken of."""
    codes = {code["Id"]: code for code in books.company.objects("TaxCode")}
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in body["Line"]:
        code = codes[line[line["DetailType"]]["TaxCodeRef"]["value"]]
        for detail in code["SalesTaxRateList"]["TaxRateDetail"]:
            found[detail["TaxRateRef"]["value"]] += signed(line)
    return dict(found)


def check_form(case: Any, post: Post, books: Any) -> None:
    """Every reference is known to the company, every text fits, and no character is refused."""
    ids = {entity: {each["Id"] for each in books.company.objects(entity)} for entity in set(REFERENCES.values())}
    ids["Item"].add(SHIPPING_FIELD)
    for document in post.documents:
        for name, value in walk(document.body):
            if name in REFERENCES and isinstance(value, dict):
                assert value["value"] in ids[REFERENCES[name]], (name, value)
            if isinstance(value, str):
                assert len(value) <= LENGTHS.get(name, 100), name
                assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\U00010000-\U0010ffff]", value)
        assert document.body["PrivateNote"].endswith(f"\n{document.marker}")
        assert document.body["CurrencyRef"] == {"value": case.currency}
        assert ("ExchangeRate" in document.body) is case.foreign


def walk(body: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a body with the name it stands under; what only wraps a text stands for it."""
    yield name, body
    if isinstance(body, dict):
        for key, value in body.items():
            yield from walk(value, name if key == "value" else key)
    elif isinstance(body, list):
        for value in body:
            yield from walk(value, name)


def put(post: Post, books: Any, *, per_line: bool) -> None:
    """The company takes each document as it is and answers with its total and its tax lines."""
    made: dict[str, Any] = {}
    for document in post.documents:
        answer = books.company.create(document.entity, filled(document.body, made))
        made[document.name] = answer["Id"]
        assert answer["TotalAmt"] == document.amount
        if per_line and "TxnTaxDetail" in document.body:
            sent, taken = (each["TxnTaxDetail"]["TaxLine"] for each in (document.body, answer))
            assert [line["Amount"] for line in taken] == [line["Amount"] for line in sent]
    assert total(books.company.balances().values()) == 0


def filled(body: Any, made: Mapping[str, str]) -> Any:
    """The body with the ids of earlier documents in place of the references to them."""
    if isinstance(body, dict):
        return made[body["$ref"]] if set(body) == {"$ref"} else {key: filled(each, made) for key, each in body.items()}
    return [filled(each, made) for each in body] if isinstance(body, list) else body


def check_reasons(held: Held) -> None:
    """A code, a sentence that names a setting, a name or a figure, and what to do."""
    assert held.problems
    for problem in held.problems:
        assert re.fullmatch("[a-z][a-z_]+", problem.code)
        assert re.search(r'\d|"|\b[A-Z]{3}\b|[a-z]+\.[a-z_]+', f"{problem.text} {problem.fix}"), problem
        assert problem.text.endswith((".", "?", ".)")), problem
        assert problem.fix.endswith((".", ")")) or "Did you mean" in problem.text, problem


def must_hold(case: Any) -> set[str]:
    """Reasons that an order cannot be posted with."""
    shop, settings = case.shop, case.settings
    needed = {item for kind, item in NEEDED_FOR.items() if shop.of(kind)}
    needed |= {"gift_card_product"} if shop.certificate else set()
    needed |= {"store_credit_product"} if shop.credit else set()
    needed |= {"shipping_item"} if shop.of("shipping") and not settings.on("AllowShipping") else set()
    needed |= {"discount_product"} if shop.off and not settings.on("AllowDiscount") else set()
    return {f"no_{item}" for item in needed if settings.sales[item] is None} | _not_found(case) | _currency(case)


def _not_found(case: Any) -> set[str]:
    """What the settings or the order name, and the company does not have."""
    settings = case.settings
    tracked = {
        "class": settings.on("ClassTrackingPerTxn") or settings.on("ClassTrackingPerTxnLine"),
        "location": settings.on("TrackDepartments"),
    }
    named = {what: settings.sales[what] for what in tracked if settings.sales[what] is not None}
    codes = {f"{what}_not_tracked" for what in named if not tracked[what]}
    codes |= {f"no_{what}" for what, name in named.items() if tracked[what] and name in ("Nothing", "Nowhere")}
    codes |= {"no_custom_field"} if settings.sales["custom_fields"] and not settings.custom_field else set()
    skus = {line["sku"] for line in case.raw["products"] if line["type"] == "physical"}
    if settings.sales["default_product"] is None:
        codes |= {"blank_sku"} if "" in skus else set()
        codes |= {"no_item"} if "NEW" in skus and not settings.sections["products"]["create_missing"] else set()
    return codes


def _currency(case: Any) -> set[str]:
    if not case.foreign:
        return set()
    if not case.settings.multicurrency:
        return {"foreign_currency"}
    home, by_shop = case.facts_of_kind.currency, case.settings.sales["exchange_rate"] == "shop"
    if by_shop and case.raw["store_default_currency_code"] != home:
        return {"shop_rate_unusable"}
    far = by_shop and case.raw["store_default_to_transactional_exchange_rate"] == "100.0000000000"
    if case.rate is None:
        return {"no_exchange_rate"}
    return {"implausible_exchange_rate"} if far else set()


def may_hold(case: Any) -> set[str]:
    """Reasons that depend on more than is worked out here."""
    shop, settings = case.shop, case.settings
    codes = {"no_discount_product"} if shop.off and settings.sales["discount_product"] is None else set()
    codes |= {"totals_ambiguous"} if shop.tenders else set()
    codes |= set() if shop.whole_cents else {"no_rounding_product", "lines_do_not_close"}
    codes |= {"no_account"} if case.foreign else set()
    codes |= {"several_payments"} if settings.sections["payments"]["multi_tender"] == "hold" else set()
    if settings.sales["tenders_on_invoice"] == "credit_memo" and shop.tenders:
        codes |= {"number_too_long", "credits_applied"}
    codes |= {"no_shipping_day"} if settings.sales["document_date"] == "shipped" else set()
    return codes | _tax_reasons(case)


def _tax_reasons(case: Any) -> set[str]:
    shop, settings, tax = case.shop, case.settings, case.settings.sections["tax"]
    if not case.facts_of_kind.per_line:
        return set() if "*" in tax["map"] or not shop.tax else {"unmapped_tax", "mixed_tax_codes"}
    told = shop.shares_printed and not shop.fees and settings.maps_every_tax(case.facts_of_kind)
    codes = set() if told else {"unmapped_tax", "tax_rate_differs"}
    return codes | ({"no_out_of_scope"} if tax["out_of_scope"] is None else set())


def is_left_out(case: Any) -> bool:
    """Whether a rule leaves the order out: its source, money that did not come, a day that is not known yet."""
    sales, raw = case.settings.sales, case.raw
    if sales["sources"] and raw["order_source"] not in sales["sources"]:
        return True
    if sales["document_date"] == "shipped" and not raw["date_shipped"]:
        return raw["status_id"] not in (2, 10)
    if sales["document_date"] == "paid" and case.due > 0:
        unpaid = case.paid is False or (case.paid is None and case.settings.invoices)
        if unpaid:
            return True
    receipt = not case.settings.invoices and not sales["receipt_for_unpaid"]
    return receipt and case.due > 0 and case.paid is False


@pytest.mark.parametrize("kind", ["us", "us_ast", "eur", "uk", "au", "ca"])
def test_posted_to_the_cent_or_held_with_a_named_reason(cases, open_company, kind):
    outcomes: Counter[str] = Counter()

    @given(cases(kind))
    def run(case):
        books = open_company(case)
        decision = books.decide()
        outcomes[type(decision).__name__] += 1
        left_out, must = is_left_out(case), must_hold(case)
        if isinstance(decision, Excluded):
            assert left_out, decision
            assert decision.rule.endswith(".")
        elif isinstance(decision, Held):
            check_reasons(decision)
            assert {problem.code for problem in decision.problems} <= must | may_hold(case), decision
        else:
            assert not left_out
            assert not must
            check(case, decision, books)

    def check(case, post, books):
        per_line = case.facts_of_kind.per_line
        check_sale(case, post, books)
        check_money(case, post, books)
        check_lines(case, post, books)
        if per_line and case.settings.maps_every_tax(case.facts_of_kind):  # else a tax may pass for another of cents
            check_tax_by_rate(case, post, books)
        if not post.wants:  # else the documents are a trial
            check_form(case, post, books)
            put(post, books, per_line=per_line)

    run()
    assert outcomes["Post"] > sum(outcomes.values()) / 6, outcomes


AMOUNTS = sorted(
    [f"{name}_{side}_tax" for name in ("subtotal", "shipping_cost", "handling_cost", "total") for side in ("ex", "inc")]
    + ["total_tax", "subtotal_tax", "discount_amount", "coupon_discount"]
    + ["gift_certificate_amount", "store_credit_amount"]
)


@pytest.mark.parametrize("kind", ["us", "us_ast", "eur", "uk", "au", "ca"])
def test_an_order_that_does_not_add_up_is_held_or_posted_as_its_totals_say(cases, open_company, kind):
    """A figure of the header or of a line is a cent or more off: what is posted comes to the printed totals, and what
    no line can say stands on the rounding line, within its limit."""

    fields, odd_cents = (
        st.one_of(st.just("line"), st.sampled_from(AMOUNTS)),
        st.one_of(st.integers(1, 60), st.integers(1, 500)),
    )

    @given(cases(kind), fields, odd_cents, st.sampled_from([1, -1]))
    def run(case, field, cents, sign):
        tamper(case.raw, field, sign * Decimal(cents) / 100)
        books = open_company(case)
        decision = books.decide()
        if isinstance(decision, Held):
            check_reasons(decision)
        elif isinstance(decision, Post):
            check_totals(read_order(case.raw), decision, case.settings.sales["rounding_limit"])
            check_lines_are_products(decision)
            if not decision.wants:
                put(decision, books, per_line=case.facts_of_kind.per_line)

    run()


def tamper(raw: dict[str, Any], field: str, change: Decimal) -> None:
    if field == "line":
        line = raw["products"][0]
        line |= {name: f"{Decimal(line[name]) + change:.4f}" for name in ("total_ex_tax", "total_inc_tax")}
    else:
        raw[field] = f"{Decimal(raw[field]) + change:.4f}"


def check_totals(order: Order, post: Post, limit: Decimal) -> None:
    sale = post.documents[0]
    memos = total(document.amount for document in of_entity(post, "CreditMemo"))
    redeemed = cent(order.tenders) - memos
    tax = sale.body.get("TxnTaxDetail", {}).get("TotalTax", NOTHING)
    assert tax == cent(order.total.tax)
    assert total(signed(line) for line in sale.body["Line"]) + tax == sale.amount
    assert sale.amount >= 0
    assert sale.amount + redeemed in (cent(order.total.inc), cent(order.total.inc + order.tenders))
    assert abs(post.rounding) <= limit
    if post.rounding:
        assert lines_differ(order)


def lines_differ(order: Order) -> bool:
    """Whether the lines come to something else than the header says, on either side."""
    sides = [
        (total(getattr(line.total, side) for line in order.lines), getattr(order.subtotal, side))
        for side in ("ex", "inc")
    ]
    return any(cent(lines) != cent(subtotal) for lines, subtotal in sides)


def check_lines_are_products(post: Post) -> None:
    for line in post.documents[0].body["Line"]:
        detail = line[line["DetailType"]]
        assert line["Amount"] == cent(line["Amount"])
        assert "UnitPrice" not in detail or cent(detail["Qty"] * detail["UnitPrice"]) == line["Amount"]

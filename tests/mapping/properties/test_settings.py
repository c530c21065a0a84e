"""Random orders × random settings × every kind of company: posted with every identity met, or held with a named reason.

What a document must come to is computed here again, from the order as it was made and from the document's own body. It
is then put into a simulated company, which refuses what QuickBooks refuses, and answers the same total.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartledger.money import D
from cartledger.records import read_order
from cartledger.settings import Connection
from mapping.company import read_company
from mapping.decision import Document, Excluded, Fact, Held, Needs, Post
from mapping.facts import UNREAD
from mapping.sale import decide_sale
from simulator.quickbooks.company import Company

CENT = Decimal("0.01")
NOTHING = Decimal(0)
ZONE = ZoneInfo("America/Chicago")
SHIPPING_FIELD = "SHIPPING_ITEM_ID"


@dataclass(frozen=True)
class Kind:
    """A kind of company. `codes` are its tax codes by the shop's tax names at one place, `rates` the names of its
    tax rates by the shop's taxes; `without`, `exported` and `outside` its codes of 0 % and of no supply."""

    currency: str
    taxes: Mapping[str, tuple[tuple[str, str], ...]]
    rates: Mapping[tuple[str, str], str]
    without: str = ""
    exported: str = ""
    outside: str = ""

    @property
    def per_line(self) -> bool:
        return bool(self.outside)


US = Kind("USD", {"State tax": (("Tax", "8.25"),)}, {})
KINDS = {
    "us": US,
    "us_ast": Kind("USD", {"State tax": (("Tax", "8.25"),), "City tax": (("Low", "2.25"),)}, {}),
    "eur": US,
    "uk": Kind(
        "GBP",
        {"20.0% S": (("Standard", "20"),), "5.0% R": (("Reduced", "5"),)},
        {("Standard", "20"): "20.0% S (sales)", ("Reduced", "5"): "5.0% R (sales)"},
        "0.0% Z",
        "Exempt",
        "No VAT",
    ),
    "au": Kind(
        "AUD", {"GST": (("GST", "10"),)}, {("GST", "10"): "GST (sales)"}, "GST free", "GST free", "BAS Excluded"
    ),
    "ca": Kind(
        "CAD",
        {
            "HST ON": (("HST", "13"),),
            "GST": (("GST", "5"),),
            "GST/QST QC": (("GST", "5"), ("QST", "9.975")),
            "GST/PST BC": (("GST", "5"), ("PST", "7")),
        },
        {("HST", "13"): "HST (ON)", ("GST", "5"): "GST", ("QST", "9.975"): "QST", ("PST", "7"): "PST (BC)"},
        "Zero-rated",
        "Exempt",
        "Out of Scope",
    ),
}
ITEMS = {
    "default_product": "Unknown product",
    "gift_card_product": "Gift certificate",
    "store_credit_product": "Store credit",
    "discount_product": "Discount",
    "rounding_product": "Rounding",
    "shipping_item": "Shipping",
    "handling_item": "Handling",
    "wrapping_item": "Wrapping",
    "fee_item": "Fee",
}
PREFERENCES = {
    "AccountingInfoPrefs": ("ClassTrackingPerTxn", "ClassTrackingPerTxnLine", "TrackDepartments"),
    "SalesFormsPrefs": ("AllowShipping", "AllowDiscount", "CustomTxnNumbers", "ETransactionPaymentEnabled"),
}
NEEDED_FOR = {
    "item": "default_product",
    "certificate": "gift_card_product",
    "handling": "handling_item",
    "gift-wrapping": "wrapping_item",
    "fee": "fee_item",
}
LENGTHS = {"DocNumber": 21, "PaymentRefNum": 21, "PrivateNote": 4000, "Description": 4000, "StringValue": 31} | {
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
WITHOUT_REMEDY = {"unreadable_field"}


def cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def mostly(value: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([value] * 7 + [*others])


def flags(*names: str) -> st.SearchStrategy[dict[str, bool]]:
    return st.fixed_dictionaries({name: st.booleans() for name in names})


SALES = st.fixed_dictionaries(
    {
        "post_as": st.sampled_from(["sales_receipt", "invoice"]),
        "statuses": st.just([1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14]),
        "receipt_for_unpaid": st.booleans(),
        "number_prefix": st.sampled_from(["BC", "", "SHOP123456"]),
        **{setting: mostly(name, None) for setting, name in ITEMS.items()},
        "rounding_limit": st.integers(0, 100).map(lambda number: Decimal(number) / 100),
    }
)
PAYMENTS = st.fixed_dictionaries(
    {
        "default_account": st.just("Card clearing"),
        "methods": st.fixed_dictionaries(
            {},
            optional={
                "Credit Card": st.just({"method": "Visa"}),
                "paypal": st.sampled_from([{"account": "PayPal clearing", "method": "PayPal"}, {}]),
            },
        ),
    }
)
TEXTS = st.sampled_from(["", "Ada", "Ünïcödé 🧶 and\ttabs\x00", "many words " * 450, "x" * 5000])
PLACES = st.fixed_dictionaries(
    {
        "country_iso2": st.sampled_from(["", "US", "GB", "AU", "CA", "DE", "JP"]),
        "state": st.sampled_from(["", "Quebec", "Texas"]),
        "country": TEXTS,
        "street_1": TEXTS,
        "city": TEXTS,
        "zip": TEXTS,
        "company": TEXTS,
    }
)
CIRCUMSTANCES = st.fixed_dictionaries(
    {
        "payment_method": st.sampled_from(["Credit Card", "PayPal", "Cash on Delivery", ""]),
        "payment_status": st.sampled_from(["captured", "paid", "authorized", "pending", ""]),
        "payment_provider_id": st.one_of(st.none(), TEXTS),
        "status_id": st.sampled_from([11, 10, 2, 7, 1, 14]),
        "date_shipped": st.sampled_from(["", "Tue, 05 May 2026 18:00:00 +0000"]),
        "order_source": st.sampled_from(["www", "manual", "external"]),
        "customer_message": TEXTS,
        "external_id": TEXTS,
    }
)


@st.composite
def tax_settings(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """A row for each tax of the shop, but for one at times; "none" and the code of no supply where they count."""
    rows: dict[str, str] = {}
    for code, levies in kind.taxes.items():
        for name, _ in levies:
            rows.setdefault(name, code)
    if not kind.per_line:
        return {"map": draw(st.sampled_from([{"*": "State tax"}, rows, rows, {}]))}
    rows |= {"none": kind.without, "none @ export": kind.exported}
    left_out = draw(mostly(None, *rows))
    return {
        "map": {row: code for row, code in rows.items() if row != left_out},
        "out_of_scope": draw(mostly(kind.outside, None)),
    }


@dataclass(frozen=True)
class Settings:
    """What is set in the file (`sections`), and in the company."""

    sections: dict[str, Any]
    preferences: dict[str, dict[str, bool]]

    @property
    def sales(self) -> dict[str, Any]:
        return self.sections["sales"]

    def maps_every_tax(self, kind: Kind) -> bool:
        names = {name for levies in kind.taxes.values() for name, _ in levies}
        return {*names, "none"} <= set(self.sections["tax"]["map"])

    def allowed(self, flag: str) -> bool:
        return self.preferences["SalesFormsPrefs"][flag]


@st.composite
def all_settings(draw: st.DrawFn, kind: Kind) -> Settings:
    return Settings(
        sections={
            "workflows": draw(mostly(["sales", "payments"], ["sales"])),
            "sales": draw(SALES),
            "payments": draw(PAYMENTS),
            "products": {"match_by": draw(st.sampled_from(["name", "sku"]))},
            "tax": draw(tax_settings(kind)),
        },
        preferences={section: draw(flags(*names)) for section, names in PREFERENCES.items()},
    )


class Books:
    """A simulated company with these preferences, as mapping knows it, and what it is asked to write."""

    def __init__(self, kind: str, settings: Settings) -> None:
        self.kind = KINDS[kind]
        self.company = Company(kind=kind)
        self.company.add_item(name="A", sku="A")
        for section, flags_set in settings.preferences.items():
            self.company.preferences[section].update(flags_set)
        (info,), (preferences,) = self.company.objects("CompanyInfo"), self.company.objects("Preferences")
        lists = ("Account", "Item", "TaxCode", "TaxRate", "PaymentMethod", "Class", "Department")
        accounts, items, codes, rates, methods, classes, departments = (self.company.objects(name) for name in lists)
        self.known = read_company(
            info=info,
            preferences=preferences,
            accounts=accounts,
            items=items,
            tax_codes=codes,
            tax_rates=rates,
            payment_methods=methods,
            classes=classes,
            departments=departments,
        )
        self.customer = self.company.create("Customer", {"DisplayName": "Ada Byrne"})["Id"]
        self.connection = Connection.model_validate(
            {
                "start_date": "2015-01-01",
                "bigcommerce": {"store_hash": "abc123", "access_token": "x"},
                "quickbooks": {"realm_id": "1", "client_id": "x", "client_secret": "x", "refresh_token": "x"},
                **settings.sections,
            }
        )

    def decide(self, raw: dict[str, Any], facts: Mapping[Fact, Any]) -> Post | Held | Excluded:
        """Asked for what it needs, each fact once."""
        order, read = read_order(raw), UNREAD
        while True:
            decision = decide_sale(
                order,
                connection=self.connection,
                company=self.known,
                zone=ZONE,
                customer_id=self.customer,
                facts=read,
            )
            if not isinstance(decision, Needs):
                return decision
            assert getattr(read, decision.fact) is None
            read = replace(read, **{decision.fact: facts[decision.fact]})

    def id(self, entity: str, name: str) -> str:
        return self.company.id_of(entity, name)

    def put(self, post: Post) -> None:
        """The company takes each document as it is and answers with its total and its tax lines."""
        made: dict[str, Any] = {}
        for document in post.documents:
            answer = self.company.create(document.entity, filled(document.body, made))
            made[document.name] = answer["Id"]
            assert answer["TotalAmt"] == document.amount
            if self.kind.per_line and "TxnTaxDetail" in document.body:
                sent, taken = (each["TxnTaxDetail"]["TaxLine"] for each in (document.body, answer))
                assert [line["Amount"] for line in taken] == [line["Amount"] for line in sent]
        assert sum(self.company.balances().values(), NOTHING) == 0


def filled(body: Any, made: Mapping[str, str]) -> Any:
    """The body with the ids of earlier documents in place of the references to them."""
    if isinstance(body, dict):
        return made[body["$ref"]] if set(body) == {"$ref"} else {key: filled(each, made) for key, each in body.items()}
    return [filled(each, made) for each in body] if isinstance(body, list) else body


def signed(line: dict[str, Any]) -> Decimal:
    return -line["Amount"] if line["DetailType"] == "DiscountLineDetail" else line["Amount"]


def sum_of(documents: list[Document]) -> Decimal:
    return sum((document.amount for document in documents), NOTHING)


def item_of(line: dict[str, Any]) -> str:
    return line.get("SalesItemLineDetail", {}).get("ItemRef", {}).get("value", "")


def booked(documents: list[Document], item: str) -> list[Decimal]:
    return [line["Amount"] for each in documents for line in each.body["Line"] if item_of(line) == item]


def walk(body: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a body with the name it stands under."""
    yield name, body
    if isinstance(body, dict):
        for key, value in body.items():
            yield from walk(value, key)
    elif isinstance(body, list):
        for value in body:
            yield from walk(value, name)


def check_money(shop: Any, post: Post, books: Books) -> None:
    sale, *others = post.documents
    memos = [each for each in others if each.entity == "CreditMemo"]
    payments = [each for each in others if each.entity == "Payment"]
    lines = sum((signed(line) for line in sale.body["Line"]), NOTHING)
    tax = sale.body.get("TxnTaxDetail", {}).get("TotalTax", NOTHING)
    gift, credit = (books.id("Item", ITEMS[name]) for name in ("gift_card_product", "store_credit_product"))
    redeemed = -sum((amount for item in (gift, credit) for amount in booked([sale], item) if amount < 0), NOTHING)
    assert sale.amount >= 0
    assert tax == shop.tax
    assert lines + tax == sale.amount
    assert lines + redeemed == shop.total_ex
    assert sale.amount + redeemed == shop.total_ex + shop.tax
    assert redeemed + sum_of(memos) == shop.tenders
    assert sum_of(payments) in (NOTHING, sale.amount - sum_of(memos))
    for payment in payments:
        assert payment.amount == payment.body["TotalAmt"]


def check_lines(shop: Any, post: Post, books: Books) -> None:
    sale = post.documents[0]
    for line in sale.body["Line"]:
        detail = line.get("SalesItemLineDetail", {})
        assert line["Amount"] == cent(line["Amount"])
        if "UnitPrice" in detail:
            assert cent(detail["Qty"] * detail["UnitPrice"]) == line["Amount"]
        assert bool(detail.get("TaxCodeRef")) is (line["DetailType"] == "SalesItemLineDetail")
    rounding = booked([sale], books.id("Item", "Rounding"))
    assert rounding == ([post.rounding] if post.rounding else [])
    assert abs(post.rounding) <= books.connection.sales.rounding_limit
    if post.rounding:
        assert not can_be_allocated(shop)


def can_be_allocated(shop: Any) -> bool:
    """Whether the things charged, each in cents below or above what is printed, can sum to what was charged."""
    ways = [{thing.actual.quantize(CENT, way) for way in (ROUND_FLOOR, ROUND_CEILING)} for thing in shop.things]
    wanted = shop.total_ex + shop.off + (shop.tax if shop.inclusive else NOTHING)
    return any(sum(amounts, NOTHING) == wanted for amounts in product(*ways))


def check_tax_by_rate(shop: Any, post: Post, books: Books) -> None:
    """Each rate takes what the shop's tax of that name took; to a cent a thing where the shop rounds taxes together."""
    body = post.documents[0].body
    sent: dict[str, Decimal] = {}
    bases: dict[str, Decimal] = {}
    for line in body["TxnTaxDetail"]["TaxLine"]:
        sent[line["TaxLineDetail"]["TaxRateRef"]["value"]] = line["Amount"]
        bases[line["TaxLineDetail"]["TaxRateRef"]["value"]] = line["TaxLineDetail"]["NetAmountTaxable"]
    charged, loose = by_rate(shop, books)
    for rate, amount in sent.items():
        assert abs(amount - charged[rate]) <= loose[rate]
    assert {rate for rate, amount in charged.items() if cent(amount)} <= set(sent)
    assert bases == bases_of(body, books)


def by_rate(shop: Any, books: Books) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
    """The shop's tax for each rate of the company, and how exactly that is known."""
    ids = {key: books.id("TaxRate", name) for key, name in books.kind.rates.items()}
    charged: defaultdict[str, Decimal] = defaultdict(Decimal)
    loose: defaultdict[str, Decimal] = defaultdict(Decimal)
    for thing in shop.things:
        for name, percent, amount in thing.taxes:
            rate = ids[name, str(percent)]
            exact = thing.tax if len(thing.taxes) == 1 else amount
            charged[rate] += exact
            loose[rate] += NOTHING if exact == cent(exact) else CENT
    return charged, loose


def bases_of(body: dict[str, Any], books: Books) -> dict[str, Decimal]:
    """What each rate of the lines' codes is taken of."""
    codes = {code["Id"]: code for code in books.company.objects("TaxCode")}
    bases: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in body["Line"]:
        code = codes[line[line["DetailType"]]["TaxCodeRef"]["value"]]
        for detail in code["SalesTaxRateList"]["TaxRateDetail"]:
            bases[detail["TaxRateRef"]["value"]] += signed(line)
    return dict(bases)


def check_form(post: Post, books: Books) -> None:
    """Every reference is known to the company, every text fits, and no character is refused."""
    ids = {entity: {each["Id"] for each in books.company.objects(entity)} for entity in set(REFERENCES.values())}
    ids["Item"].add(SHIPPING_FIELD)
    for document in post.documents:
        for name, value in walk(document.body):
            if name in REFERENCES and isinstance(value, dict):
                assert value["value"] in ids[REFERENCES[name]], (name, value)
            if isinstance(value, str):
                assert len(value) <= LENGTHS.get(name, 1000), name
                assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\U00010000-\U0010ffff]", value)
        assert document.body["PrivateNote"].endswith(f"\n{document.marker}")


def check_reasons(held: Held) -> None:
    """A code, a sentence that names a setting, a name or a figure, and what to do."""
    assert held.problems
    for problem in held.problems:
        assert re.fullmatch("[a-z][a-z_0-9]+", problem.code)
        assert re.search(r'\d|"|[a-z]+\.[a-z_]+', f"{problem.text} {problem.fix}"), problem
        assert problem.text.endswith("."), problem
        assert problem.fix or problem.code in WITHOUT_REMEDY, problem


def missing(shop: Any, settings: Settings, kind: Kind) -> tuple[set[str], set[str]]:
    """The reasons that must hold the order, and those that may."""
    sales = settings.sales
    must = {f"no_{NEEDED_FOR[each]}" for each in ("handling", "gift-wrapping", "fee", "certificate") if shop.of(each)}
    must |= {"no_gift_card_product"} if shop.certificate else set()
    must |= {"no_store_credit_product"} if shop.credit else set()
    must |= {"no_shipping_item"} if shop.of("shipping") and not settings.allowed("AllowShipping") else set()
    must |= {"no_discount_product"} if shop.off and not settings.allowed("AllowDiscount") else set()
    must = {code for code in must if sales[code.removeprefix("no_")] is None}
    may = {"no_discount_product"} if shop.off and sales["discount_product"] is None else set()
    may |= {"totals_ambiguous"} if shop.tenders else set()
    may |= set() if shop.whole_cents else {"no_rounding_product", "lines_do_not_close"}
    return must, may | tax_reasons(shop, settings, kind)


def tax_reasons(shop: Any, settings: Settings, kind: Kind) -> set[str]:
    if not kind.per_line:
        mapped = "*" in settings.sections["tax"]["map"]
        return set() if mapped or not shop.tax else {"unmapped_tax", "mixed_tax_codes"}
    complete = settings.maps_every_tax(kind)
    may = {"unmapped_tax", "tax_rate_differs"} if shop.fees or not shop.shares_printed or not complete else set()
    outside = settings.sections["tax"]["out_of_scope"] is not None
    return may if outside else may | {"no_out_of_scope"}


@pytest.mark.parametrize("kind", KINDS)
def test_posted_to_the_cent_or_held_with_a_named_reason(orders_of, kind):
    facts = KINDS[kind]
    taxes = {
        sum(Decimal(percent) for _, percent in levies): tuple((name, D(percent)) for name, percent in levies)
        for levies in facts.taxes.values()
    }
    outcomes: defaultdict[str, int] = defaultdict(int)

    @given(orders_of(taxes), all_settings(facts), CIRCUMSTANCES, PLACES)
    def run(shop, settings, circumstances, place):
        raw = shop.raw | circumstances | {"default_currency_code": facts.currency}
        raw["billing_address"] = raw["billing_address"] | place
        books = Books(kind, settings)
        decision = books.decide(raw, {Fact.TAXES: shop.rows})
        outcomes[type(decision).__name__] += 1
        must, may = missing(shop, settings, facts)
        if isinstance(decision, Held):
            check_reasons(decision)
            assert {problem.code for problem in decision.problems} <= must | may, decision
            return
        assert isinstance(decision, Post), decision
        assert not must
        check_money(shop, decision, books)
        check_lines(shop, decision, books)
        check_form(decision, books)
        if facts.per_line and settings.maps_every_tax(facts):  # else a tax may pass for another of a few cents
            check_tax_by_rate(shop, decision, books)
        books.put(decision)

    run()
    assert outcomes["Post"] > sum(outcomes.values()) / 4

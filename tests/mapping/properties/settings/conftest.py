"""Cases drawn at random: an order, what can be read beside it, the settings, and a company of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st

from cartledger.money import D
from cartledger.records import read_order
from cartledger.settings import Connection
from mapping.case import Case as Life
from mapping.currency import DayRate
from mapping.decision import Excluded, Fact, Held, Needs, Post
from mapping.facts import UNREAD
from mapping.sale import decide_sale
from mapping.transactions import read_transactions
from simulator.quickbooks.company import Company
from tests.known import known

CENT = Decimal("0.01")
NOTHING = Decimal(0)
ZONE = ZoneInfo("America/Chicago")
Levies = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Kind:
    """A kind of company. `codes` are its tax codes by the taxes of the shop that each stands for, `rates` the names of
    its tax rates; `without`, `exported` and `outside` its codes of 0 % and of no supply."""

    currency: str
    codes: Mapping[str, tuple[tuple[str, str], ...]]
    rates: Mapping[tuple[str, str], str]
    without: str = ""
    exported: str = ""
    outside: str = ""

    @property
    def per_line(self) -> bool:
        return bool(self.outside)

    @property
    def taxes(self) -> dict[Decimal, Levies]:
        """By percent together, as orders are made with them."""
        levied = [tuple((name, D(percent)) for name, percent in levies) for levies in self.codes.values()]
        return {sum((percent for _, percent in levies), NOTHING): levies for levies in levied}

    @property
    def tax_names(self) -> dict[str, str]:
        """The code of each of the shop's taxes alone, or the first one that it is part of."""
        names: dict[str, str] = {}
        for code, levies in self.codes.items():
            for name, _ in levies:
                names.setdefault(name, code)
        return names


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
    "SalesFormsPrefs": (
        "AllowShipping",
        "AllowDiscount",
        "CustomTxnNumbers",
        "ETransactionPaymentEnabled",
        "AutoApplyCredit",
        "AutoApplyPayments",
    ),
}
CUSTOM_FIELD = "Order reference"


@dataclass(frozen=True)
class Settings:
    """What is set in the file (`sections`) and in the company (`preferences`, `multicurrency`, `custom_field`)."""

    sections: dict[str, Any]
    preferences: dict[str, dict[str, bool]]
    multicurrency: bool
    custom_field: bool

    @property
    def sales(self) -> dict[str, Any]:
        return self.sections["sales"]

    @property
    def invoices(self) -> bool:
        return self.sales["post_as"] == "invoice"

    def on(self, flag: str) -> bool:
        return any(flags.get(flag, False) for flags in self.preferences.values())

    def maps_every_tax(self, kind: Kind) -> bool:
        return {*kind.tax_names, "none"} <= set(self.sections["tax"]["map"])

    def paid_when(self, method: str) -> str:
        mapped = {name.casefold(): each for name, each in self.sections["payments"]["methods"].items()}
        return mapped.get(method.casefold(), {}).get("paid_when", "captured")


@dataclass(frozen=True)
class Case:
    """An order in its circumstances. `raw` is what the shop answers for it; `came` what its transactions say came in,
    payment by payment; `facts` what is read when it is asked for."""

    kind: str
    shop: Any
    settings: Settings
    raw: dict[str, Any]
    came: tuple[Decimal, ...]
    facts: dict[Fact, Any]
    rate: Decimal | None

    @property
    def facts_of_kind(self) -> Kind:
        return KINDS[self.kind]

    @property
    def currency(self) -> str:
        return self.raw["default_currency_code"]

    @property
    def foreign(self) -> bool:
        return self.currency != KINDS[self.kind].currency

    @property
    def due(self) -> Decimal:
        return self.shop.total_ex + self.shop.tax - self.shop.tenders

    @property
    def paid(self) -> bool | None:
        """Whether the header says that the money came in, where it says so."""
        said = {"captured": True, "paid": True, "authorized": False}.get(self.raw["payment_status"])
        match self.settings.paid_when(self.raw["payment_method"]):
            case "never":
                return False
            case "status":
                return said is True or self.raw["status_id"] in (10, 14)
            case _:
                return said

    def read(self, needs: Needs) -> Any:
        if needs.fact is Fact.EXCHANGE_RATES:
            return tuple(DayRate(day=day, rate=self.rate) for day in needs.days)
        return self.facts[needs.fact]


def mostly(value: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([value] * 12 + [*others])


def table(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(strategies)


SALES = table(
    post_as=st.sampled_from(["sales_receipt", "invoice"]),
    statuses=st.just([1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14]),
    receipt_for_unpaid=st.booleans(),
    number_prefix=st.sampled_from(["BC", "", "SHOP123456"]),
    automatic_numbers=st.sampled_from([False] * 5 + [True]),
    sources=mostly(None, ["www", "manual"]),
    document_date=mostly("created", "paid", "shipped"),
    tenders_on_invoice=st.sampled_from(["line", "credit_memo"]),
    rounding_limit=st.integers(0, 100).map(lambda number: Decimal(number) / 100),
    location=mostly(None, "Web store", "Nowhere"),
    use_default_customer_message=st.booleans(),
    allow_credit_card_payments=st.booleans(),
    due_date_offset=st.sampled_from([None, 0, 30, 3650]),
    tracking_numbers=st.booleans(),
    custom_fields=mostly({}, {CUSTOM_FIELD: "external_id"}, {CUSTOM_FIELD: "payment_reference"}),
    exchange_rate=st.sampled_from(["company", "shop"]),
    **{"class": st.sampled_from([None, "Web", None, "Web", "Nothing"])},
    **{setting: mostly(name, None) for setting, name in ITEMS.items()},
)
PAID_WHEN = st.sampled_from(["captured", "status", "never"])
METHODS = st.fixed_dictionaries(
    {
        "Credit Card": table(method=st.just("Visa"), paid_when=PAID_WHEN),
        "paypal": table(account=st.just("PayPal clearing"), method=st.just("PayPal"), paid_when=PAID_WHEN),
        "Cash on Delivery": table(account=st.just("Cash clearing"), paid_when=PAID_WHEN),
    }
)
PAYMENTS = table(
    default_account=st.just("Card clearing"),
    default_accounts=st.sampled_from([{}, {"EUR": "Card clearing EUR"}]),
    multi_tender=st.sampled_from(["invoice", "hold"]),
    methods=st.one_of(METHODS, METHODS, st.just({})),
)
PRODUCTS = table(
    match_by=st.sampled_from(["name", "sku"]),
    create_missing=st.booleans(),
    inventory_accounts=st.just({"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"}),
    noninventory_accounts=st.just({"income": "Sales", "expense": "Cost of Goods Sold"}),
)
TEXTS = st.sampled_from(["", "Ada", "Ünïcödé 🧶 and\ttabs\x00", "many words " * 110, "x" * 1100])
PLACES = table(
    country_iso2=st.sampled_from(["", "US", "GB", "AU", "CA", "DE", "JP"]),
    state=st.sampled_from(["", "Quebec", "Texas"]),
    **dict.fromkeys(("country", "street_1", "city", "zip", "company"), TEXTS),
)
CIRCUMSTANCES = table(
    payment_method=st.sampled_from(["Credit Card", "Credit Card, PayPal", "PayPal", "Cash on Delivery", ""]),
    payment_status=st.sampled_from(["captured", "paid", "authorized", "pending", ""]),
    payment_provider_id=st.one_of(st.none(), TEXTS),
    status_id=st.sampled_from([11, 10, 2, 7, 1, 14]),
    date_shipped=st.sampled_from(["", "Tue, 05 May 2026 18:00:00 +0000"]),
    date_modified=st.sampled_from(["Fri, 01 May 2026 03:30:00 +0000", "Tue, 05 May 2026 18:00:00 +0000"]),
    order_source=mostly("www", "manual", "external"),
    customer_message=TEXTS,
    external_id=TEXTS,
    store_default_currency_code=mostly("USD", "CHF"),
    store_default_to_transactional_exchange_rate=mostly("0.9259260000", "1.0800000000", "100.0000000000"),
)


@st.composite
def tax_settings(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """A row for each tax of the shop, but for one at times; "none" and the code of no supply where they count."""
    if not kind.per_line:
        tables = [{"*": "State tax"}, {"*": "City tax"}, kind.tax_names, kind.tax_names, {}]
        return {"map": draw(st.sampled_from(tables))}
    rows = kind.tax_names | {"none": kind.without, "none @ export": kind.exported}
    left_out = draw(mostly(None, *rows))
    return {
        "map": {row: code for row, code in rows.items() if row != left_out},
        "out_of_scope": draw(mostly(kind.outside, None)),
    }


@st.composite
def all_settings(draw: st.DrawFn, name: str) -> Settings:
    return Settings(
        sections={
            "workflows": draw(mostly(["sales", "payments"], ["sales"])),
            "sales": draw(SALES),
            "payments": draw(PAYMENTS),
            "products": draw(PRODUCTS),
            "tax": draw(tax_settings(KINDS[name])),
        },
        preferences={
            section: draw(table(**{flag: st.booleans() for flag in flags})) for section, flags in PREFERENCES.items()
        },
        multicurrency=name == "eur" or draw(st.booleans()),
        custom_field=draw(st.booleans()),
    )


def paid(number: int, amount: Decimal, currency: str, **more: Any) -> dict[str, Any]:
    """A transaction as the shop lists it."""
    return {
        "id": number,
        "event": "purchase",
        "amount": f"{amount:.2f}",
        "currency": currency,
        "date_created": f"2026-05-0{number}T18:00:00+00:00",
        "gateway": "stripe",
        "method": "credit_card",
        "status": "ok",
        "test": False,
        "gateway_transaction_id": f"ch_{number}",
        **more,
    }


@st.composite
def transactions(draw: st.DrawFn, due: Decimal, currency: str) -> tuple[tuple[Decimal, ...], list[dict[str, Any]]]:
    """What came in, payment by payment, and the rows that say so, among others that are no money."""
    part = (due * draw(st.integers(1, 99)) / 100).quantize(CENT, ROUND_DOWN)
    came = draw(st.sampled_from([(part, due - part), (due,), (part,), ()]))
    came = tuple(amount for amount in came if amount > 0)
    gateways = draw(st.sampled_from([("stripe", "paypal"), ("stripe", "stripe")]))
    rows = [paid(n, amount, currency, gateway=gateways[n - 1]) for n, amount in enumerate(came, 1)]
    if draw(st.booleans()):
        rows += [
            paid(3, due, currency, event="authorization"),
            paid(4, due, currency, status="error"),
            paid(5, due, currency, test=True),
            paid(6, due, currency, event="capture"),
            paid(7, due, currency, event="void", reference_transaction_id=6),
        ]
    return came, rows


@st.composite
def _cases(draw: st.DrawFn, orders_of: Any, name: str) -> Case:
    kind = KINDS[name]
    shop, settings = draw(orders_of(kind.taxes)), draw(all_settings(name))
    currency = draw(st.sampled_from(["USD", "EUR"])) if name == "eur" else draw(mostly(kind.currency, "EUR"))
    circumstances = draw(CIRCUMSTANCES)
    skus = st.sampled_from(["A"] * 12 + ["NEW", ""])
    raw = shop.raw | circumstances | {"default_currency_code": currency}
    raw["billing_address"] = raw["billing_address"] | draw(PLACES)
    raw["products"] = [line | {"sku": draw(skus)} for line in raw["products"]]
    came, rows = draw(transactions(shop.total_ex + shop.tax - shop.tenders, currency))
    return Case(
        kind=name,
        shop=shop,
        settings=settings,
        raw=raw,
        came=came,
        facts={
            Fact.TAXES: shop.rows,
            Fact.TRANSACTIONS: read_transactions(rows),
            Fact.SHIPMENTS: draw(st.sampled_from([(), ("1Z999",), ("1Z" + "9" * 16, "1Z" + "8" * 16)])),
        },
        rate=draw(mostly(Decimal("1.08"), None)),
    )


class Books:
    """A simulated company with these preferences, as mapping knows it."""

    def __init__(self, case: Case) -> None:
        self.case, settings = case, case.settings
        self.company = Company(kind=case.kind, multicurrency=settings.multicurrency)
        self.company.add_item(name="A", sku="A")
        for section, flags in settings.preferences.items():
            self.company.preferences[section].update(flags)
        if settings.custom_field:
            self.company.add_custom_field(CUSTOM_FIELD)
        self.known = known(self.company)
        currency = {"CurrencyRef": {"value": case.currency}} if settings.multicurrency else {}
        self.customer = self.company.create("Customer", {"DisplayName": "Ada Byrne", **currency})["Id"]
        access = {"store_hash": "abc123", "access_token": "x"}
        app = {"realm_id": "1", "client_id": "x", "client_secret": "x", "refresh_token": "x"}
        self.connection = Connection.model_validate(
            {"start_date": "2015-01-01", "bigcommerce": access, "quickbooks": app, **settings.sections}
        )
        self.asked: list[Fact] = []

    def decide(self) -> Post | Held | Excluded:
        """Told what it asks for; no fact is asked for twice."""
        order, read = read_order(self.case.raw), UNREAD
        while True:
            case = Life(
                order=order,
                connection=self.connection,
                company=self.known,
                zone=ZONE,
                customer_id=self.customer,
                facts=read,
            )
            decision = decide_sale(case)
            if not isinstance(decision, Needs):
                return decision
            assert decision.fact not in self.asked
            self.asked.append(decision.fact)
            read = replace(read, **{decision.fact: self.case.read(decision)})

    @property
    def redeemed(self) -> tuple[str, str]:
        """The items of certificates and store credit."""
        return self.id("Item", ITEMS["gift_card_product"]), self.id("Item", ITEMS["store_credit_product"])

    def id(self, entity: str, name: str) -> str:
        return self.company.id_of(entity, name)


@pytest.fixture
def cases(orders_of):
    """`cases("uk")`: a strategy of cases in a company of that kind."""
    return lambda kind: _cases(orders_of, kind)


@pytest.fixture
def open_company():
    """The company of a case."""
    return Books

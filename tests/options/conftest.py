"""What one setting does to one document: an order, the demo's company, and the settings of a table beside each other.

decided = decide(order(), **{"sales.post_as": "invoice"})
assert decided.rows == [("A", "2 × 25", "50.00", "TAX"), ("Shipping", "1 × 10", "10.00", "TAX")]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cartledger.records import read_order
from cartledger.settings import Connection
from mapping.case import Case
from mapping.decision import Decision, Excluded, Held, Needs, Post
from mapping.facts import Facts
from mapping.sale import decide_sale
from simulator.quickbooks.company import Company
from tests.known import known, names

SECTIONS: dict[str, Any] = {
    "start_date": "2015-01-01",
    "timezone": "America/Chicago",
    "workflows": ["sales", "payments"],
    "bigcommerce": {"store_hash": "abc123", "access_token": "x"},
    "quickbooks": {"realm_id": "1", "client_id": "x", "client_secret": "x", "refresh_token": "x"},
    "products": {"match_by": "sku"},
    "sales": {
        "post_as": "sales_receipt",
        "number_prefix": "BC",
        "discount_product": "Discount",
        "gift_card_product": "Gift certificate",
        "store_credit_product": "Store credit",
        "rounding_product": "Rounding",
        "shipping_item": "Shipping",
        "handling_item": "Handling",
        "wrapping_item": "Wrapping",
        "fee_item": "Fee",
    },
    "payments": {"default_account": "Card clearing"},
}
TAXES: dict[str, Any] = {
    "us": {"map": {"*": "State tax"}},
    "uk": {"map": {"Standard": "20.0% S", "Reduced": "5.0% R", "none": "0.0% Z"}, "out_of_scope": "No VAT"},
    "au": {"map": {"GST": "GST", "none": "GST free"}, "out_of_scope": "BAS Excluded"},
    "ca": {
        "map": {"HST": "HST ON", "GST": "GST", "QST": "GST/QST QC", "PST": "GST/PST BC", "none": "Zero-rated"},
        "out_of_scope": "Out of Scope",
    },
}
SIDES = ("ex_tax", "tax", "inc_tax")
Pair = tuple[str, str]
"""Without tax, tax."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What became of an order; amounts as texts, references as names."""

    decision: Decision
    names: Mapping[tuple[str, str], str]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The bodies: the sale first."""
        assert isinstance(self.decision, Post), self.decision
        return [document.body for document in self.decision.documents]

    @property
    def kinds(self) -> list[str]:
        assert isinstance(self.decision, Post), self.decision
        return [document.entity for document in self.decision.documents]

    @property
    def body(self) -> dict[str, Any]:
        return self.documents[0]

    @property
    def total(self) -> str:
        assert isinstance(self.decision, Post), self.decision
        return f"{self.decision.documents[0].amount:.2f}"

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """Item, quantity × price, amount and tax code of each line."""
        return [self._row(line) for line in self.body["Line"]]

    @property
    def tax_rows(self) -> list[tuple[str, str, str]]:
        """Rate, what it is taken of, and its tax."""
        return [
            (
                self._named("TaxRate", line["TaxLineDetail"]["TaxRateRef"]),
                f"{line['TaxLineDetail']['NetAmountTaxable']:.2f}",
                f"{line['Amount']:.2f}",
            )
            for line in self.body["TxnTaxDetail"]["TaxLine"]
        ]

    @property
    def reasons(self) -> dict[str, str]:
        """Why it is held: sentences by code."""
        assert isinstance(self.decision, Held), self.decision
        return {problem.code: problem.text for problem in self.decision.problems}

    @property
    def rule(self) -> str:
        """The rule that leaves it out."""
        assert isinstance(self.decision, Excluded), self.decision
        return self.decision.rule

    @property
    def needs(self) -> str:
        assert isinstance(self.decision, Needs), self.decision
        return self.decision.fact

    def name(self, entity: str, field: str, document: int = 0) -> str | None:
        """What a reference of a document's header names, None where there is none."""
        reference = self.documents[document].get(field)
        return None if reference is None else self._named(entity, reference)

    def _named(self, entity: str, reference: Mapping[str, str]) -> str:
        return self.names.get((entity, reference["value"]), reference["value"])

    def _row(self, line: Mapping[str, Any]) -> tuple[str, str, str, str]:
        detail = line[line["DetailType"]]
        item = self._named("Item", detail["ItemRef"]) if "ItemRef" in detail else "own discount"
        product = f"{detail['Qty']} × {detail['UnitPrice'].normalize():f}" if "Qty" in detail else ""
        code = self._named("TaxCode", detail["TaxCodeRef"]) if "TaxCodeRef" in detail else ""
        return item, product, f"{line['Amount']:.2f}", code


def _decide(
    raw: dict[str, Any],
    *,
    company: str = "us",
    preferences: Mapping[str, Mapping[str, Any]] | None = None,
    facts: Mapping[str, Any] | None = None,
    without: Sequence[str] = (),
    **changes: Any,
) -> Decided:
    """The decision under the demo's settings without `without` and with `changes` ("sales.class").

    `preferences` are the company's own, by section; `facts` what was read beside the order.
    """
    simulated = Company(kind=company)
    for sku in ("A", "B"):
        simulated.add_item(name=f"Product {sku}", sku=sku)
    for section, values in (preferences or {}).items():
        simulated.preferences[section].update(values)
    case = Case(
        order=read_order({"default_currency_code": simulated.home_currency} | raw),
        connection=_connection(TAXES.get(company, TAXES["us"]), without, changes),
        company=known(simulated),
        zone=ZoneInfo("America/Chicago"),
        customer_id="1",
        facts=Facts(**(facts or {})),
    )
    return Decided(decision=decide_sale(case), names=names(simulated))


def _connection(tax: Mapping[str, Any], without: Sequence[str], changes: Mapping[str, Any]) -> Connection:
    sections: dict[str, Any] = {name: dict(each) if isinstance(each, dict) else each for name, each in SECTIONS.items()}
    sections["tax"] = dict(tax)
    for option in without:
        section, _, name = option.partition(".")
        sections[section].pop(name)
    for option, value in changes.items():
        section, _, name = option.partition(".")
        if name:
            sections[section][name] = value
        else:
            sections[section] = value
    return Connection.model_validate(sections)


def _line(sku: str, quantity: int, ex: str, tax: str = "0", *, off: str = "", **more: Any) -> dict[str, Any]:
    """Before order-level discounts; `off` is the line's share of them."""
    shares = [{"id": "total-coupon", "amount": off, "code": "SAVE", "target": "order"}] if off else []
    return {
        "product_id": 1,
        "name": f"Product {sku}",
        "sku": sku,
        "type": "physical",
        "quantity": quantity,
        **_printed("total_{}", (ex, tax)),
        "applied_discounts": shares,
        **more,
    }


def _printed(pattern: str, *pairs: Pair) -> dict[str, str]:
    ex, tax = (sum((Decimal(pair[side]) for pair in pairs), Decimal(0)) for side in (0, 1))
    amounts = dict(zip(SIDES, (ex, tax, ex + tax), strict=True))
    return {pattern.format(side): f"{amount:.4f}" for side, amount in amounts.items()}


def _order(
    *lines: dict[str, Any],
    shipping: Pair = ("0", "0"),
    handling: Pair = ("0", "0"),
    wrapping: Pair = ("0", "0"),
    fee: Pair | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Order 1001 of a shop that enters prices without tax, whose totals are the sums; without lines it is
    2 A for 50.00 and shipping for 10.00, both taxed 8.25 %."""
    if not lines:
        lines, shipping = (_line("A", 2, "50.00", "4.13"),), ("10.00", "0.83")
    goods = [(line["total_ex_tax"], line["total_tax"]) for line in lines]
    off = sum((Decimal(share["amount"]) for line in lines for share in line["applied_discounts"]), Decimal(0))
    fees = [{"id": 1, "display_name_merchant": "Small order", **_printed("cost_{}", fee)}] if fee else []
    everything = (*goods, shipping, handling, wrapping, *([fee] if fee else []))
    return {
        "id": 1001,
        "customer_id": 42,
        "date_created": "Fri, 01 May 2026 15:30:00 +0000",
        "date_modified": "Fri, 01 May 2026 15:30:00 +0000",
        "status_id": 11,
        "status": "Awaiting Fulfillment",
        "items_total": sum(line["quantity"] for line in lines),
        "payment_method": "Credit Card",
        "payment_status": "captured",
        "order_source": "www",
        "is_deleted": False,
        "billing_address": {"first_name": "Ada", "last_name": "Byrne", "email": "ada@example.com"},
        **_printed("subtotal_{}", *goods),
        **_printed("shipping_cost_{}", shipping),
        **_printed("handling_cost_{}", handling),
        **_printed("wrapping_cost_{}", wrapping),
        **_printed("total_{}", *everything, (str(-off), "0")),
        "coupon_discount": f"{off:.4f}",
        "fees": fees,
        "products": [{"id": number, **line} for number, line in enumerate(lines, 1)],
        **more,
    }


@pytest.fixture
def decide():
    return _decide


@pytest.fixture
def connect():
    """`connect(**{"products.match_by": "name"})`: settings with changes, and their company as it is known."""

    def connected(*, preferences=None, company="us", without=(), **changes):
        simulated = Company(kind=company)
        for section, values in (preferences or {}).items():
            simulated.preferences[section].update(values)
        return _connection(TAXES.get(company, TAXES["us"]), without, changes), known(simulated)

    return connected


@pytest.fixture
def line():
    return _line


@pytest.fixture
def order():
    return _order

"""What the refunds of an order become beside its sale: raw orders and refund rows of the shop, a simulated company, and
documents shown as short rows.

life = decide(order(1001), refund(12, product(1), total="24.36", tax="1.86"))
assert life.rows("refund-12") == [("Returned goods", "1 × 22.5", "22.50", "TAX")]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cartledger.records import Operation, read_order, with_refunds
from cartledger.settings import Connection
from mapping.case import Case
from mapping.currency import DayRate
from mapping.decision import Decision, Document, Needs, Post
from mapping.facts import Facts, OpenInvoice, Standing
from mapping.life import decide_life
from simulator.quickbooks.company import Company
from tests.known import known, names

SIDES = ("ex_tax", "tax", "inc_tax")
SETTINGS: dict[str, Any] = {
    "start_date": "2026-01-01",
    "timezone": "America/Chicago",
    "workflows": ["sales", "payments", "refunds"],
    "bigcommerce": {"store_hash": "abc123", "access_token": "x"},
    "quickbooks": {"realm_id": "1", "client_id": "x", "client_secret": "x", "refresh_token": "x"},
    "products": {"match_by": "sku"},
    "sales": {
        "post_as": "sales_receipt",
        "number_prefix": "BC",
        "default_product": "Unknown product",
        "discount_product": "Discount",
        "gift_card_product": "Gift certificate",
        "store_credit_product": "Store credit",
        "rounding_product": "Rounding",
        "shipping_item": "Shipping",
        "handling_item": "Handling",
        "wrapping_item": "Wrapping",
        "fee_item": "Fee",
    },
    "payments": {
        "default_account": "Card clearing",
        "methods": {"Credit Card": {"method": "Visa"}, "PayPal": {"account": "PayPal clearing", "method": "PayPal"}},
    },
    "refunds": {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
    },
}
TAXES: dict[str, Any] = {
    "us": {"map": {"*": "State tax"}},
    "us_ast": {"map": {"*": "State tax"}},
    "uk": {"map": {"VAT": "20.0% S", "Reduced": "5.0% R", "none": "0.0% Z"}, "out_of_scope": "No VAT"},
    "au": {"map": {"GST": "GST", "none": "GST free"}, "out_of_scope": "BAS Excluded"},
    "ca": {
        "map": {"HST": "HST ON", "GST": "GST", "QST": "GST/QST QC", "PST": "GST/PST BC", "none": "Zero-rated"},
        "out_of_scope": "Out of Scope",
    },
    "eur": {"map": {"*": "State tax"}},
}


@dataclass(frozen=True, kw_only=True)
class Life:
    """What became of an order and its refunds; amounts as texts, references as names."""

    decision: Decision
    names: Mapping[tuple[str, str], str]

    @property
    def post(self) -> Post:
        assert isinstance(self.decision, Post), self.decision
        return self.decision

    @property
    def kinds(self) -> dict[str, str]:
        """The entity of each document, by its name, in their order."""
        return {document.name: document.entity for document in self.post.documents}

    @property
    def codes(self) -> list[str]:
        return [problem.code for problem in self.post.problems]

    @property
    def needs(self) -> str:
        assert isinstance(self.decision, Needs), self.decision
        return self.decision.fact

    def document(self, name: str) -> Document:
        (found,) = [document for document in self.post.documents if document.name == name]
        return found

    def body(self, name: str) -> dict[str, Any]:
        return self.document(name).body

    def total(self, name: str) -> str:
        return f"{self.document(name).amount:.2f}"

    def tax(self, name: str) -> str:
        return f"{self.body(name).get('TxnTaxDetail', {}).get('TotalTax', 0):.2f}"

    def tax_rows(self, name: str) -> list[tuple[str, str, str]]:
        """Rate, what it is taken of, and its tax."""
        return [
            (
                self._name("TaxRate", line["TaxLineDetail"]["TaxRateRef"]),
                f"{line['TaxLineDetail']['NetAmountTaxable']:.2f}",
                f"{line['Amount']:.2f}",
            )
            for line in self.body(name)["TxnTaxDetail"]["TaxLine"]
        ]

    def rows(self, name: str) -> list[tuple[str, str, str, str]]:
        """Item, quantity × price, amount and tax code of each line."""
        return [self._row(line["SalesItemLineDetail"], line["Amount"]) for line in self.body(name)["Line"]]

    def named(self, name: str, field: str, entity: str = "Account") -> str:
        return self._name(entity, self.body(name)[field])

    def stands(self) -> dict[str, Standing]:
        """As if all of it had been written, one id after the other."""
        return {
            document.name: Standing(
                entity=document.entity,
                amount=document.amount,
                target_id=str(100 + place),
                sync_token="0",
                number=document.number,
                hash=document.hash,
                customer="1",
                day=date.fromisoformat(document.body["TxnDate"]),
            )
            for place, document in enumerate(self.post.documents)
            if document.operation is Operation.CREATE
        }

    def _row(self, detail: Mapping[str, Any], amount: Decimal) -> tuple[str, str, str, str]:
        price = f" × {Decimal(detail['UnitPrice']).normalize():f}" if "UnitPrice" in detail else ""
        product = f"{detail['Qty']}{price}" if "Qty" in detail else ""
        code = self._name("TaxCode", detail["TaxCodeRef"]) if "TaxCodeRef" in detail else ""
        return self._name("Item", detail["ItemRef"]), product, f"{amount:.2f}", code

    def _name(self, entity: str, reference: Mapping[str, str]) -> str:
        return self.names.get((entity, reference["value"]), reference["value"])


@dataclass(kw_only=True)
class World:
    """A company and settings; orders are decided in it."""

    company: Company
    settings: dict[str, Any]

    def decide(
        self,
        raw: dict[str, Any],
        *rows: dict[str, Any],
        stands: Mapping[str, Standing] | None = None,
        owed: str | None = None,
        rates: Mapping[str, str] | None = None,
        closed: str | None = None,
        **facts: Any,
    ) -> Life:
        """`stands` are documents by name, `owed` the balance of the invoice among them; `rates` those of days."""
        found = Facts(**{"transactions": (), **facts}, stands=stands or {})
        if owed is not None:
            found = replace(found, invoice=OpenInvoice(total=found.stands["document"].amount, balance=Decimal(owed)))
        if rates is not None:
            days = (DayRate(day=date.fromisoformat(day), rate=Decimal(rate)) for day, rate in rates.items())
            found = replace(found, exchange_rates=tuple(days))
        company = replace(known(self.company), book_close_date=date.fromisoformat(closed) if closed else None)
        case = Case(
            order=read_order(with_refunds({"default_currency_code": company.home_currency} | raw, rows)),
            connection=Connection.model_validate(self.settings),
            company=company,
            zone=ZoneInfo("America/Chicago"),
            customer_id="1",
            facts=found,
        )
        return Life(decision=decide_life(case), names=names(self.company))


def _world(company: str = "us", without: Sequence[str] = (), **changes: Any) -> World:
    """`changes` are settings ("refunds.restock"), `without` those that are not set. A is an inventory item."""
    simulated = Company(kind=company)
    simulated.add_item(name="A", sku="A", kind="inventory", cost=Decimal(12), quantity=Decimal(100))
    for sku in ("B", "C"):
        simulated.add_item(name=sku, sku=sku)
    settings = {name: dict(each) if isinstance(each, dict) else each for name, each in SETTINGS.items()}
    settings["tax"] = TAXES[company]
    for option in without:
        section, _, name = option.partition(".")
        settings[section].pop(name)
    for option, value in changes.items():
        section, _, name = option.partition(".")
        if name:
            settings[section][name] = value
        else:
            settings[section] = value
    return World(company=simulated, settings=settings)


Pair = tuple[str, str]


def printed(pattern: str, *pairs: Pair) -> dict[str, str]:
    """Amounts without tax and their tax, summed, in the shop's three views."""
    ex, tax = (sum((Decimal(pair[side]) for pair in pairs), Decimal(0)) for side in (0, 1))
    return {pattern.format(side): f"{amount:.4f}" for side, amount in zip(SIDES, (ex, tax, ex + tax), strict=True)}


def _line(sku: str, quantity: int, ex: str, tax: str = "0", *, off: str = "", **more: Any) -> dict[str, Any]:
    """Before order-level discounts; `off` is the line's share of them."""
    shares = [{"id": "total-coupon", "amount": off, "code": "SAVE", "target": "order"}] if off else []
    wrapping = more.pop("wrapping", ("0", "0"))
    return {
        "product_id": 1,
        "name": f"Product {sku}",
        "sku": sku,
        "type": "physical",
        "quantity": quantity,
        **printed("total_{}", (ex, tax)),
        **printed("wrapping_cost_{}", wrapping),
        "applied_discounts": shares,
        **more,
    }


def _order(
    *lines: dict[str, Any],
    shipping: Pair = ("0", "0"),
    handling: Pair = ("0", "0"),
    fees: Sequence[Pair] = (),
    **more: Any,
) -> dict[str, Any]:
    """Order 1001 of a shop that enters prices without tax; its lines have the ids 1, 2 … Without lines it is example
    1a: 2 A for 50.00 and B for 30.00, less a coupon of 8.00, and shipping for 10.00, all taxed 8.25 %."""
    if not lines:
        lines = (_line("A", 2, "50.00", "3.71", off="5.00"), _line("B", 1, "30.00", "2.23", off="3.00"))
        shipping = ("10.00", "0.83")
    goods = [(line["total_ex_tax"], line["total_tax"]) for line in lines]
    wrapping = [(line["wrapping_cost_ex_tax"], line["wrapping_cost_tax"]) for line in lines]
    off = sum((Decimal(share["amount"]) for line in lines for share in line["applied_discounts"]), Decimal(0))
    everything = (*goods, shipping, handling, *wrapping, *fees, (str(-off), "0"))
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
        "payment_provider_id": "ch_1001",
        "order_source": "www",
        "is_deleted": False,
        "billing_address": {"first_name": "Ada", "last_name": "Byrne", "email": "ada@example.com"},
        **printed("subtotal_{}", *goods),
        **printed("shipping_cost_{}", shipping),
        **printed("handling_cost_{}", handling),
        **printed("wrapping_cost_{}", *wrapping),
        **printed("total_{}", *everything),
        "coupon_discount": f"{off:.4f}",
        "fees": [
            {"id": 70 + number, "display_name_merchant": f"Fee {number}", **printed("cost_{}", fee)}
            for number, fee in enumerate(fees, 1)
        ],
        "products": [{"id": number, **line} for number, line in enumerate(lines, 1)],
        **more,
    }


def _refund(
    refund_id: int,
    *items: dict[str, Any],
    total: str,
    tax: str = "0.00",
    paid: Sequence[tuple[str, str]] | None = None,
    declined: Sequence[str] = (),
    created: str = "2026-05-20T15:00:00+00:00",
    **more: Any,
) -> dict[str, Any]:
    """A row; `paid` are providers and what went back by each (by card when not said), `declined` those that said no."""
    ways = [("stripe", total)] if paid is None else paid
    return {
        "id": refund_id,
        "order_id": 1001,
        "created": created,
        "total_amount": Decimal(total),
        "total_tax": Decimal(tax),
        "uses_merchant_override_values": False,
        "items": list(items),
        "payments": [
            {"id": number, "provider_id": name, "amount": Decimal(amount), "is_declined": name in declined}
            for number, (name, amount) in enumerate(ways, 1)
        ],
        **more,
    }


def _item(
    kind: str, item_id: int, amount: str | None = None, quantity: int | None = None, **more: Any
) -> dict[str, Any]:
    requested = None if amount is None else Decimal(amount)
    units = {} if quantity is None else {"quantity": quantity}
    return {"item_type": kind, "item_id": item_id, "requested_amount": requested, **units, **more}


def _product(line_id: int, units: int = 1, *, kept: str = "") -> dict[str, Any]:
    """Units of a line, of which `kept` is kept back."""
    adjustments = {"adjustments": [{"amount": -Decimal(kept), "description": "Service fee"}]} if kept else {}
    return _item("PRODUCT", line_id, quantity=units, **adjustments)


@pytest.fixture(scope="session")
def world():
    return _world


@pytest.fixture(scope="session")
def line():
    return _line


@pytest.fixture(scope="session")
def order():
    return _order


@pytest.fixture(scope="session")
def refund():
    return _refund


@pytest.fixture(scope="session")
def item():
    return _item


@pytest.fixture(scope="session")
def product():
    return _product

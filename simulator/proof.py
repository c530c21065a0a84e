"""The proof that shop and books agree, counted from the simulator's own state and never from what a client says."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.bigcommerce.store import Order, Store
from simulator.quickbooks.company import Company
from simulator.tax_proof import Taxes

Json = dict[str, Any]

_MARKER = re.compile(r":(\w+):order:(\d+)[ \t]*$", re.MULTILINE)
_SALES = ("SalesReceipt", "Invoice")


def prove(shop: Store, company: Company, number: str = "BC-{id}") -> Json:
    """What of the shop's orders stands in the company, and by how much it differs. Amounts are texts with two decimals.

    A sales receipt or invoice belongs to an order when its number is `number` (also with `-S` after it) or a line of
    its private note ends in `:<store hash>:order:<id>`. Voided ones count as none. Of several for one order the first
    is compared.

    {"orders", "posted" (orders with a document), "documents", "duplicates" (beyond one an order),
     "difference" (sum over posted orders of |TotalAmt + redeemed tenders − total_inc_tax| + |TotalTax − total_tax|;
     a document in another currency than the order's comes to nothing),
     "tax_difference" (the part of it that is tax), "tax_by_rate_difference" (the same, rate by rate), "off_by_rate"
     (by how much, by order); where the company splits tax by itself the difference by rate is None and "tax_by_agency",
     else None, is how it did: {agency: amount},
     "totals": by currency, of the posted orders, each as {"shop", "books"}: "sales" with tax, "tax" in them, and
     "money" that was or is to be paid, which the books have in clearing accounts and receivables of that currency,
     "balances": {account: balance in its own currency} of these accounts, "rows": the orders that differ}
    """
    with shop.lock:
        orders = list(shop.orders.values())
    documents = _Documents(company, shop.store_hash)
    found = {order.id: documents.of(order.id, number.format(id=order.id)) for order in orders}
    taxes = Taxes(company)
    posted = [
        _Posted(order=order, document=document, off_by_rate=taxes.off_by_rate(order, document))
        for order in orders
        for document in found[order.id][:1]
    ]
    total = sum(map(len, found.values()))
    return {
        "orders": len(orders),
        "posted": len(posted),
        "documents": total,
        "duplicates": total - len(posted),
        "difference": _text(_sum(each.off for each in posted)),
        "rows": [each.row() for each in posted if each.off],
        "tax_difference": _text(_sum(each.tax_off for each in posted)),
        "tax_by_rate_difference": None if taxes.split_by_company else _text(_sum(each.off_by_rate for each in posted)),
        "off_by_rate": {str(each.order.id): _text(each.off_by_rate) for each in posted if each.off_by_rate},
        "tax_by_agency": _by_agency(taxes, posted) if taxes.split_by_company else None,
        "totals": _totals(posted, _money(company)),
        "balances": {name: _text(amount) for name, (_, amount) in _money(company).items() if amount},
    }


@dataclass(frozen=True, kw_only=True)
class _Posted:
    """An order and its document, and how far the tax of its rates is from the shop's."""

    order: Order
    document: Json
    off_by_rate: Decimal

    @property
    def currency(self) -> str:
        """The order's; the document's counts as nothing if it is another."""
        return str(self.order.header.get("default_currency_code") or self.document["CurrencyRef"]["value"])

    @property
    def total(self) -> Decimal:
        """What the books say of the order, redeemed tenders added."""
        same = self.document["CurrencyRef"]["value"] == self.currency
        return (Decimal(str(self.document["TotalAmt"])) if same else Decimal(0)) + self.redeemed

    @property
    def tax(self) -> Decimal:
        return Decimal(str((self.document.get("TxnTaxDetail") or {}).get("TotalTax") or 0))

    @property
    def redeemed(self) -> Decimal:
        return self.shops("gift_certificate_amount") + self.shops("store_credit_amount")

    @property
    def tax_off(self) -> Decimal:
        return abs(self.tax - self.shops("total_tax"))

    @property
    def off(self) -> Decimal:
        return abs(self.total - self.shops("total_inc_tax")) + self.tax_off

    def shops(self, name: str) -> Decimal:
        """An amount of the shop. One that is no number counts as nothing, so that a document for it differs."""
        try:
            return Decimal(self.order.header.get(name) or 0)
        except (InvalidOperation, TypeError):
            return Decimal(0)

    def row(self) -> Json:
        return {
            "order": self.order.id,
            "number": self.document.get("DocNumber"),
            "shop_total": _text(self.shops("total_inc_tax")),
            "book_total": _text(self.total),
            "tax_shop": _text(self.shops("total_tax")),
            "tax_books": _text(self.tax),
        }


def _by_agency(taxes: Taxes, posted: list[_Posted]) -> dict[str, str]:
    return {name: _text(tax) for name, tax in taxes.by_agency(each.document for each in posted).items()}


def _totals(posted: list[_Posted], booked: Mapping[str, tuple[str, Decimal]]) -> Json:
    return {
        currency: _sides(
            [each for each in posted if each.currency == currency],
            _sum(amount for own, amount in booked.values() if own == currency),
        )
        for currency in sorted({each.currency for each in posted})
    }


def _sides(posted: list[_Posted], booked: Decimal) -> Json:
    sales, redeemed = _sum(each.shops("total_inc_tax") for each in posted), _sum(each.redeemed for each in posted)
    sides = {
        "sales": (sales, _sum(each.total for each in posted)),
        "tax": (_sum(each.shops("total_tax") for each in posted), _sum(each.tax for each in posted)),
        "money": (sales - redeemed, booked),
    }
    return {name: {"shop": _text(shop), "books": _text(books)} for name, (shop, books) in sides.items()}


class _Documents:
    """The company's sales documents, found by number and by the order their note names."""

    def __init__(self, company: Company, store_hash: str) -> None:
        self._store_hash = store_hash
        self._by_number: dict[str, dict[str, Json]] = defaultdict(dict)
        self._by_order: dict[int, dict[str, Json]] = defaultdict(dict)
        for entity in _SALES:
            for document in company.objects(entity):
                self._enter(f"{entity} {document['Id']}", document)

    def _enter(self, key: str, document: Json) -> None:
        note = document.get("PrivateNote") or ""
        if note.startswith("Voided"):
            return
        self._by_number[document.get("DocNumber") or ""][key] = document
        for store_hash, order_id in _MARKER.findall(note):
            if store_hash == self._store_hash:
                self._by_order[int(order_id)][key] = document

    def of(self, order_id: int, number: str) -> list[Json]:
        numbered = self._by_number.get(number, {}) | self._by_number.get(f"{number}-S", {})
        return list((numbered | self._by_order.get(order_id, {})).values())


def balances(company: Company) -> dict[str, str]:
    """Every account that has moved, debit positive."""
    return {name: _text(amount) for name, amount in company.balances().items() if amount}


def _money(company: Company) -> dict[str, tuple[str, Decimal]]:
    """Clearing accounts and receivables: each one's currency, and its balance in that, debit positive."""
    home, own = company.balances(), company.foreign_balances()
    return {
        account["Name"]: (account["CurrencyRef"]["value"], own.get(account["Name"], home[account["Name"]]))
        for account in company.objects("Account")
        if account["AccountType"] in ("Bank", "Accounts Receivable")
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _text(amount: Decimal) -> str:
    return f"{amount:.2f}"

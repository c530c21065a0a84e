"""The proof that shop and books agree, counted from the simulator's own state and never from what a client says."""

import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.bigcommerce.store import Order, Store
from simulator.quickbooks.company import Company

Json = dict[str, Any]

_MARKER = re.compile(r":order:(\d+)[ \t]*$", re.MULTILINE)
_SALES = ("SalesReceipt", "Invoice")


def prove(shop: Store, company: Company, number: str = "BC-{id}") -> Json:
    """What of the shop's orders stands in the company, and by how much it differs. Amounts are texts with two decimals.

    A sales receipt or invoice belongs to an order when its number is `number` (also with `-S` after it) or a line of
    its private note ends in `:order:<id>`. Voided ones count as none. Of several for one order the first is compared.

    {"orders", "posted" (orders with a document), "documents", "duplicates" (beyond one an order),
     "difference" (sum over posted orders of |TotalAmt + redeemed tenders − total_inc_tax| + |TotalTax − total_tax|),
     "totals": of the posted orders, each as {"shop", "books"}: "sales" with tax, "tax" in them, and "money" that was
     or is to be paid, which the books have in clearing accounts and receivable,
     "receivable", "clearing": {account: balance}, "rows": the orders that differ}
    """
    with shop.lock:
        orders = list(shop.orders.values())
    documents = _Documents(company)
    found = {order.id: documents.of(order.id, number.format(id=order.id)) for order in orders}
    posted = [(order, found[order.id][0]) for order in orders if found[order.id]]
    rows = [(order, document, _difference(order, document)) for order, document in posted]
    total = sum(map(len, found.values()))
    balances = _balances(company)
    return {
        "orders": len(orders),
        "posted": len(posted),
        "documents": total,
        "duplicates": total - len(posted),
        "difference": _text(sum((off for _, _, off in rows), Decimal(0))),
        "rows": [_row(order, document) for order, document, off in rows if off],
        "totals": _totals(posted, balances),
        **balances,
    }


def _totals(posted: list[tuple[Order, Json]], balances: Json) -> Json:
    sales = sum((_amount(order.header, "total_inc_tax") for order, _ in posted), Decimal(0))
    redeemed = sum((_redeemed(order) for order, _ in posted), Decimal(0))
    tax = sum((_amount(order.header, "total_tax") for order, _ in posted), Decimal(0))
    documents = [document for _, document in posted]
    booked = Decimal(balances["receivable"]) + sum(map(Decimal, balances["clearing"].values()))
    sides = {
        "sales": (sales, sum(map(_book_total, documents), redeemed)),
        "tax": (tax, sum(map(_book_tax, documents), Decimal(0))),
        "money": (sales - redeemed, booked),
    }
    return {name: {"shop": _text(shop), "books": _text(books)} for name, (shop, books) in sides.items()}


class _Documents:
    """The company's sales documents, found by number and by the order their note names."""

    def __init__(self, company: Company) -> None:
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
        for order_id in _MARKER.findall(note):
            self._by_order[int(order_id)][key] = document

    def of(self, order_id: int, number: str) -> list[Json]:
        numbered = self._by_number.get(number, {}) | self._by_number.get(f"{number}-S", {})
        return list((numbered | self._by_order.get(order_id, {})).values())


def balances(company: Company) -> dict[str, str]:
    """Every account that has moved, debit positive."""
    return {name: _text(amount) for name, amount in company.balances().items() if amount}


def _difference(order: Order, document: Json) -> Decimal:
    gross = _book_total(document) + _redeemed(order) - _amount(order.header, "total_inc_tax")
    return abs(gross) + abs(_book_tax(document) - _amount(order.header, "total_tax"))


def _row(order: Order, document: Json) -> Json:
    return {
        "order": order.id,
        "number": document.get("DocNumber"),
        "shop_total": _text(_amount(order.header, "total_inc_tax")),
        "book_total": _text(_book_total(document) + _redeemed(order)),
        "tax_shop": _text(_amount(order.header, "total_tax")),
        "tax_books": _text(_book_tax(document)),
    }


def _book_total(document: Json) -> Decimal:
    return Decimal(str(document["TotalAmt"]))


def _book_tax(document: Json) -> Decimal:
    return Decimal(str((document.get("TxnTaxDetail") or {}).get("TotalTax") or 0))


def _redeemed(order: Order) -> Decimal:
    return _amount(order.header, "gift_certificate_amount") + _amount(order.header, "store_credit_amount")


def _amount(header: Json, name: str) -> Decimal:
    """An amount of the shop; one that is no number counts as nothing, so a document for it shows as a difference."""
    try:
        return Decimal(header.get(name) or 0)
    except (InvalidOperation, TypeError):
        return Decimal(0)


def _balances(company: Company) -> Json:
    moved = company.balances()
    accounts = company.objects("Account")
    return {
        "receivable": _text(_sum_of(moved, _names(accounts, "Accounts Receivable"))),
        "clearing": {name: _text(moved[name]) for name in _names(accounts, "Bank") if moved.get(name)},
    }


def _names(accounts: Iterable[Json], kind: str) -> list[str]:
    return [account["Name"] for account in accounts if account["AccountType"] == kind]


def _sum_of(moved: dict[str, Decimal], names: Iterable[str]) -> Decimal:
    return sum((moved.get(name, Decimal(0)) for name in names), Decimal(0))


def _text(amount: Decimal) -> str:
    return f"{amount:.2f}"

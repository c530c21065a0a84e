"""The proof that shop and books agree, counted from the simulator's own state and never from what a client says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulator.bigcommerce.refund_figures import counts
from simulator.bigcommerce.store import Store
from simulator.documents import Documents, Paper
from simulator.quickbooks.company import Company
from simulator.returns import Life, cancellation_off, clearing, lives, refunds_off
from simulator.tax_proof import Taxes

Json = dict[str, Any]


def prove(shop: Store, company: Company, number: str = "BC-{id}") -> Json:
    """What of the shop's orders stands in the company, and by how much it differs. Amounts are texts with two decimals.

    A sales receipt or invoice belongs to an order when its number is `number` (also with `-S` after it) or a line of
    its private note ends in `:<store hash>:order:<id>`. Voided ones count as none. Of several for one order the first
    is compared. What stands for a refund, or for a cancellation, is known by its note alone (`…:refund:<refund's id>`,
    `…:cancellation:<order's id>`).

    {"orders", "posted" (orders with a document), "documents", "duplicates" (beyond one an order, and one a refund or a
     cancellation),
     "difference" (sum over posted orders of |TotalAmt + redeemed tenders − total_inc_tax| + |TotalTax − total_tax|;
     a document in another currency than the order's comes to nothing; what an edit took off the order's totals and a
     refund gave back is still part of the sale),
     "tax_difference" (the part of it that is tax), "tax_by_rate_difference" (the same, rate by rate), "off_by_rate"
     (by how much, by order); where the company splits tax by itself the difference by rate is None and "tax_by_agency",
     else None, is how it did: {agency: amount},
     "refunds", "voids", "edits": each {"count", "difference"}: what went back of booked orders, by value, tax and open
     credit; invoices that were voided or taken back by a memo, and what is owed or open of them still; documents that
     the API has changed, and their part of "difference"; "off_by_refund", "off_by_void" (by how much, by refund, by
     order),
     "totals": by currency, of the booked orders, each as {"shop", "books"}: "sales" with tax, "tax" in them, and
     "money" that was or is to be paid and did not go back, which the books have in clearing accounts and receivables
     of that currency,
     "clearing": by account, {"shop", "books"}: what the providers kept, and the balance,
     "balances": {account: balance in its own currency} of these accounts, "rows": the orders that differ}
    """
    with shop.lock:
        orders, rows = list(shop.orders.values()), list(shop.refunds)
    documents = Documents(company, shop.store_hash)
    booked = [life for life in lives(orders, rows, documents, number) if life.booked]
    taxes = Taxes(company)
    posted = [_posted(life, life.sale, taxes) for life in booked if life.sale]
    return {
        "orders": len(orders),
        "posted": len(posted),
        "documents": sum(len(life.sales) for life in booked),
        "duplicates": sum(life.twice for life in booked),
        "difference": _text(_sum(each.off for each in posted)),
        "rows": [each.row() for each in posted if each.off],
        "tax_difference": _text(_sum(each.tax_off for each in posted)),
        "tax_by_rate_difference": None if taxes.split_by_company else _text(_sum(each.off_by_rate for each in posted)),
        "off_by_rate": _texts({each.life.order.id: each.off_by_rate for each in posted}),
        "tax_by_agency": _by_agency(taxes, posted) if taxes.split_by_company else None,
        **_since(booked, posted, documents),
        "totals": _totals(booked, posted, _money(company)),
        "clearing": _clearing(booked, company),
        "balances": {name: _text(amount) for name, (_, amount) in _money(company).items() if amount},
    }


@dataclass(frozen=True, kw_only=True)
class _Posted:
    """An order and its document, and how far the tax of its rates is from the shop's."""

    life: Life
    paper: Paper
    off_by_rate: Decimal

    @property
    def total(self) -> Decimal:
        """What the books say of the order, redeemed tenders added."""
        return (self.paper.total if self.paper.currency == self.life.currency else Decimal(0)) + self.life.redeemed

    @property
    def tax_off(self) -> Decimal:
        return abs(self.paper.tax - self.life.sold.tax)

    @property
    def off(self) -> Decimal:
        return abs(self.total - self.life.sold.total) + self.tax_off

    def row(self) -> Json:
        return {
            "order": self.life.order.id,
            "number": self.paper.shown.get("DocNumber"),
            "shop_total": _text(self.life.sold.total),
            "book_total": _text(self.total),
            "tax_shop": _text(self.life.sold.tax),
            "tax_books": _text(self.paper.tax),
        }


def _posted(life: Life, paper: Paper, taxes: Taxes) -> _Posted:
    taken_back = life.sold.tax - life.shops("total_tax")
    return _Posted(life=life, paper=paper, off_by_rate=taxes.off_by_rate(life.order, paper.shown, taken_back))


def _by_agency(taxes: Taxes, posted: list[_Posted]) -> dict[str, str]:
    return {name: _text(tax) for name, tax in taxes.by_agency(each.paper.shown for each in posted).items()}


def _since(booked: list[Life], posted: list[_Posted], documents: Documents) -> Json:
    """What became of the orders after they were sold."""
    refunds = {number: off for life in booked for number, off in refunds_off(life, documents).items()}
    voids = {life.order.id: cancellation_off(life) for life in booked}
    edited = [each for each in posted if each.paper.updates]
    given = [row for life in booked for row in life.rows if row["id"] in refunds and counts(row)]
    return {
        "refunds": {"count": len(given), "difference": _text(_sum(refunds.values()))},
        "voids": {
            "count": sum(len(life.voided) + len(life.cancellations) for life in booked),
            "difference": _text(_sum(voids.values())),
        },
        "edits": {"count": len(edited), "difference": _text(_sum(each.off for each in edited))},
        "off_by_refund": _texts(refunds),
        "off_by_void": _texts(voids),
    }


def _totals(booked: list[Life], posted: list[_Posted], balances: Mapping[str, tuple[str, Decimal]]) -> Json:
    return {
        currency: _sides(
            [life for life in booked if life.currency == currency],
            [each for each in posted if each.life.currency == currency],
            _sum(amount for own, amount in balances.values() if own == currency),
        )
        for currency in sorted({life.currency for life in booked})
    }


def _sides(booked: list[Life], posted: list[_Posted], balance: Decimal) -> Json:
    sides = {
        "sales": (_sum(each.life.sold.total for each in posted), _sum(each.total for each in posted)),
        "tax": (_sum(each.life.sold.tax for each in posted), _sum(each.paper.tax for each in posted)),
        "money": (_sum(life.money for life in booked), balance),
    }
    return {name: {"shop": _text(shop), "books": _text(books)} for name, (shop, books) in sides.items()}


def _clearing(booked: list[Life], company: Company) -> Json:
    """Of the accounts that the company has, whichever side has something to say of them."""
    balances = _money(company)
    shop = clearing(booked, company.home_currency)
    return {
        name: {"shop": _text(shop[name]), "books": _text(balances[name][1])}
        for name in sorted(shop.keys() & balances.keys())
    }


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


def _texts(amounts: Mapping[int, Decimal]) -> dict[str, str]:
    """By id, those that are not nothing."""
    return {str(number): _text(amount) for number, amount in amounts.items() if amount}


def _text(amount: Decimal) -> str:
    return f"{amount:.2f}"

"""What stands in a company for a shop's orders, found by number and by the order or refund that a note names."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulator.pricing import ZERO
from simulator.quickbooks.company import Company

Json = dict[str, Any]

_MARKER = re.compile(r":(\w+):(order|refund|cancellation|payment):(\d+)(?:-\d+)?[ \t]*$", re.MULTILINE)
_ENTITIES = ("SalesReceipt", "Invoice", "RefundReceipt", "CreditMemo", "Payment")
_KINDS: Mapping[str, tuple[str, ...]] = {
    "order": ("SalesReceipt", "Invoice"),
    "refund": ("RefundReceipt", "CreditMemo"),
    "cancellation": ("CreditMemo",),
    "payment": ("Payment",),
}
"""Which documents a marker of each kind is looked for on."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A document as the API shows it. Amounts in its own currency; `updates` is how often the API has changed it."""

    entity: str
    shown: Json
    updates: int

    @property
    def currency(self) -> str:
        return str(self.shown["CurrencyRef"]["value"])

    @property
    def total(self) -> Decimal:
        return self.amount("TotalAmt")

    @property
    def tax(self) -> Decimal:
        return Decimal(str((self.shown.get("TxnTaxDetail") or {}).get("TotalTax") or 0))

    @property
    def open(self) -> Decimal:
        """What is left of it to be paid, used or applied."""
        return sum((self.amount(name) for name in _OPEN.get(self.entity, ())), ZERO)

    @property
    def voided(self) -> bool:
        return str(self.shown.get("PrivateNote") or "").startswith("Voided")

    def amount(self, name: str) -> Decimal:
        return Decimal(str(self.shown.get(name) or 0))


_OPEN: Mapping[str, tuple[str, ...]] = {
    "Invoice": ("Balance",),
    "CreditMemo": ("RemainingCredit",),
    "Payment": ("UnappliedAmt",),
}


class Documents:
    """Those of one shop, as the company has them now."""

    def __init__(self, company: Company, store_hash: str) -> None:
        self._liabilities = _liabilities(company)
        self._store_hash = store_hash
        self._by_number: defaultdict[str, list[Paper]] = defaultdict(list)
        self._marked: defaultdict[tuple[str, int], list[Paper]] = defaultdict(list)
        for entity in _ENTITIES:
            for shown in company.objects(entity):
                self._enter(Paper(entity=entity, shown=shown, updates=company.updates(entity, shown["Id"])))

    def _enter(self, paper: Paper) -> None:
        if paper.entity in _KINDS["order"]:
            self._by_number[paper.shown.get("DocNumber") or ""].append(paper)
        for store_hash, kind, number in _MARKER.findall(paper.shown.get("PrivateNote") or ""):
            if store_hash == self._store_hash and paper.entity in _KINDS[kind]:
                self._marked[kind, int(number)].append(paper)

    def sales(self, order_id: int, number: str) -> list[Paper]:
        """Receipts and invoices that stand."""
        return [paper for paper in self._sold(order_id, number) if not paper.voided]

    def voided(self, order_id: int, number: str) -> list[Paper]:
        """Invoices that were voided."""
        return [paper for paper in self._sold(order_id, number) if paper.voided and paper.entity == "Invoice"]

    def marked(self, kind: str, number: int) -> list[Paper]:
        """Those whose note ends with the marker of this shop, `kind` (refund, cancellation, payment) and id."""
        return self._marked.get((kind, number), [])

    def _sold(self, order_id: int, number: str) -> list[Paper]:
        named = (number, f"{number}-S")
        found = [*(paper for each in named for paper in self._by_number.get(each, [])), *self.marked("order", order_id)]
        return list({(paper.entity, paper.shown["Id"]): paper for paper in found}.values())

    def returned(self, paper: Paper) -> Decimal:
        """What a refund receipt or credit memo takes back: its total, and what went to certificates and credit."""
        lines = (line for line in paper.shown["Line"] if line["DetailType"] == "SalesItemLineDetail")
        kept = (
            -Decimal(str(line["Amount"]))
            for line in lines
            if line["SalesItemLineDetail"]["ItemRef"]["value"] in self._liabilities
        )
        return paper.total + sum((amount for amount in kept if amount > 0), ZERO)


def _liabilities(company: Company) -> frozenset[str]:
    """Ids of items that post to one: certificates and store credit."""
    owed = {each["Id"] for each in company.objects("Account") if each["Classification"] == "Liability"}
    items = company.objects("Item")
    return frozenset(item["Id"] for item in items if (item.get("IncomeAccountRef") or {}).get("value") in owed)

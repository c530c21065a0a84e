"""The documents that stand in the company for a shop's orders, each known by the marker in its note."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.books.lives.world import World

ENTITIES = ("SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt", "Payment", "Purchase", "Transfer")
_MARKER = re.compile(r"cartledger:\w+:([a-z-]+):(\d+)(?:-\d+)?\s*$")
_LIVELY = ("SyncToken", "MetaData", "Balance", "HomeBalance", "LinkedTxn", "UnappliedAmt", "RemainingCredit")
"""What becomes of a document without anybody changing it."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A document. `kind` and `number` are its marker's; `entries` its journal and `foreign` its moves of accounts in
    another currency, by account name, debit positive."""

    entity: str
    kind: str
    number: int
    order_id: int
    shown: Mapping[str, Any]
    entries: Mapping[str, Decimal]
    foreign: Mapping[str, Decimal]

    @property
    def id(self) -> str:
        return str(self.shown["Id"])

    @property
    def total(self) -> Decimal:
        return Decimal(self.shown.get("TotalAmt", 0))

    @property
    def tax(self) -> Decimal:
        return Decimal((self.shown.get("TxnTaxDetail") or {}).get("TotalTax") or 0)

    @property
    def is_sale(self) -> bool:
        return self.kind == "order"

    @property
    def voided(self) -> bool:
        return str(self.shown.get("PrivateNote") or "").startswith("Voided")

    @property
    def lasting(self) -> dict[str, Any]:
        """All that only somebody who changes it changes."""
        return {name: value for name, value in self.shown.items() if name not in _LIVELY}

    def __str__(self) -> str:
        moves = ", ".join(f"{name} {amount:.2f}" for name, amount in self.entries.items() if amount)
        number, day = self.shown.get("DocNumber", ""), self.shown.get("TxnDate")
        return f"{self.entity} {self.id} {number} {self.kind}:{self.number} of {day}{' voided' * self.voided}: {moves}"


def papers(world: World, known: Mapping[tuple[str, str], tuple[str, int]]) -> list[Paper]:
    """All that bear a marker, and those that did: `known` are kind and number by entity and id."""
    orders = {row["id"]: row["order_id"] for row in world.shop.refunds}
    found = []
    with world.company.lock:
        for entity in ENTITIES:
            for shown in world.company.objects(entity):
                note = _MARKER.search(str(shown.get("PrivateNote") or ""))
                mark = (note[1], int(note[2])) if note else known.get((entity, shown["Id"]))
                if mark:
                    kind, number = mark
                    order_id = orders[number] if kind.startswith("refund") else number
                    found.append(_paper(world, entity, kind, number, order_id, shown))
    return found


def _paper(world: World, entity: str, kind: str, number: int, order_id: int, shown: Mapping[str, Any]) -> Paper:
    company, key = world.company, (entity, shown["Id"])
    foreign = {
        company.state.get("Account", account).shown["Name"]: amount
        for account, amount in company.state.foreign.entries(key).items()
    }
    entries = company.entries(*key)
    return Paper(
        entity=entity, kind=kind, number=number, order_id=order_id, shown=shown, entries=entries, foreign=foreign
    )

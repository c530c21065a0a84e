"""The documents of orders, looked up in QuickBooks: what came of a call, and what an earlier ledger has made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cartledger.clients.quickbooks import QuickBooks, quote, select
from cartledger.ledger.types import Claim, Made, Part
from cartledger.money import ZERO
from cartledger.records import Operation
from consumers.posting import DOCUMENT, VOID, read_made
from mapping.text import marker_of

PAYMENT = "Payment"

_Where = Callable[[Sequence[Part]], str]


def find_parts(quickbooks: QuickBooks, parts: Sequence[Part]) -> dict[str, Made]:
    """Those that stand there, or are voided as they should be, by marker. Raises what the client raises."""
    found: dict[str, Made] = {}
    for (entity, where), wanted in _questions(parts).items():
        rows = quickbooks.query(select(entity, where(wanted)))
        found |= _deleted(wanted, rows)
        by_marker = {part.marker: part for part in wanted}
        for row in rows:
            part, made = by_marker.get(marker_of(str(row.get("PrivateNote") or ""))), read_made(row)
            if part and not (part.operation is Operation.VOID and made.amount):
                found[part.marker] = made
    return found


def _deleted(parts: Iterable[Part], rows: Iterable[Mapping[str, Any]]) -> dict[str, Made]:
    """What is taken back by deleting it, and is in no row any more."""
    there = {str(row["Id"]) for row in rows}
    gone = [part for part in parts if part.operation is Operation.DELETE and part.body["Id"] not in there]
    return {part.marker: read_made({"Id": part.body["Id"]}) for part in gone}


def may_stand_unseen(claim: Claim, part: Part) -> bool:
    """A document without a number, and a payment that leaves room on its invoice for another one like it, once what
    comes before it has settled its share."""
    if part.number or part.operation is not Operation.CREATE:
        return False
    if part.entity != PAYMENT:
        return True
    before = [each.amount for each in claim.parts if each.name not in (DOCUMENT, VOID) and each.order < part.order]
    settled = sum(before, ZERO)
    return any(each.name == DOCUMENT and settled + 2 * part.amount <= each.amount for each in claim.parts)


def _questions(parts: Iterable[Part]) -> Mapping[tuple[str, _Where], list[Part]]:
    """The parts by what they are asked for with: one query each."""
    questions: defaultdict[tuple[str, _Where], list[Part]] = defaultdict(list)
    for part in parts:
        where = _of_ids if part.operation is not Operation.CREATE else _numbered if part.number else _of_buyers
        questions[part.entity, where].append(part)
    return questions


def _of_ids(parts: Sequence[Part]) -> str:
    """What is changed, voided or deleted is known by its id."""
    return f"Id in ({', '.join(quote(str(part.body['Id'])) for part in parts)})"


def _numbered(parts: Sequence[Part]) -> str:
    return f"DocNumber in ({', '.join(quote(part.number) for part in parts)})"


def _of_buyers(parts: Sequence[Part]) -> str:
    """Payments have no number to ask for, and QuickBooks' own is not known: those of the same customers and days."""
    customers = sorted({str(part.body["CustomerRef"]["value"]) for part in parts})
    days = sorted({str(part.body["TxnDate"]) for part in parts})
    return f"CustomerRef in ({', '.join(map(quote, customers))}) and TxnDate in ({', '.join(map(quote, days))})"

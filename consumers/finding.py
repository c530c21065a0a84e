"""The documents of orders, looked up in QuickBooks: what came of a call, and what an earlier ledger has made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cartledger.clients.quickbooks import QuickBooks, quote, select
from cartledger.ledger.types import Claim, Made, Part, Stage
from cartledger.money import ZERO, D, read_json
from cartledger.records import Operation, read_order
from consumers.posting import DOCUMENT, read_made
from mapping.fingerprint import own_day
from mapping.standing import wanted_stands
from mapping.tenders import MEMO
from mapping.text import marker_of

CLOCKS_APART = timedelta(hours=1)
"""More than the shop's clock and ours may differ."""

PAYMENT = "Payment"
_RANKED = frozenset({"RefundReceipt", "CreditMemo"})
"""Documents that are numbered by their rank among the order's refunds."""

_OF_NOBODY = frozenset({"Transfer", "Purchase"})
"""What cannot be asked for by customer."""

_Where = Callable[[Sequence[Part]], str]


def find_parts(quickbooks: QuickBooks, parts: Sequence[Part]) -> dict[str, Made]:
    """Those that stand there, or are changed or taken back as they should be, by marker. Raises what the client
    raises."""
    found: dict[str, Made] = {}
    for (entity, where), wanted in _questions(parts).items():
        rows = quickbooks.query(select(entity, where(wanted)))
        for part in wanted:
            row = next((row for row in rows if _is_of(part, row)), None)
            if is_done(part, row):
                found[part.marker] = read_made(row or {"Id": part.body["Id"]})
    return found


def is_done(part: Part, row: Mapping[str, Any] | None) -> bool:
    """Whether QuickBooks shows the object of `part` as `part` was to make it; None: it is not there."""
    if row is None:
        return part.operation is Operation.DELETE
    match part.operation:
        case Operation.CREATE:
            return True
        case Operation.UPDATE:
            return wanted_stands(part.body, row)
        case Operation.VOID:
            return not D(row["TotalAmt"])
        case Operation.DELETE:
            return False


def _is_of(part: Part, row: Mapping[str, Any]) -> bool:
    """What is to be made is known by its marker, what stood before by its id."""
    if part.operation is Operation.CREATE:
        return marker_of(str(row.get("PrivateNote") or "")) == part.marker
    return bool(str(row["Id"]) == part.body["Id"])


def may_stand_unseen(claim: Claim, part: Part, unknown_until: datetime | None) -> bool:
    """Whether QuickBooks would make it a second time without a word: it has no number, or may have stood under another
    one, and what it settles leaves room for it twice. Where the company does not warn of numbers that are taken, it
    would make everything twice that was made by the ledger whose copy came back."""
    if part.operation is not Operation.CREATE:
        return False
    if unknown_until is not None and read_order(read_json(claim.record)).created < unknown_until + CLOCKS_APART:
        return True
    if part.number:
        return part.entity in _RANKED and _ranks_have_moved(claim)
    return part.entity != PAYMENT or not part.amount or _leaves_room(claim, part)


def _ranks_have_moved(claim: Claim) -> bool:
    """Refunds that were declined have no rank, and those behind them moved up."""
    return any(refund.declined for refund in read_order(read_json(claim.record)).refunds)


def _leaves_room(claim: Claim, payment: Part) -> bool:
    """On the invoice, once what comes before in the same plan has settled its share."""
    before = [each for each in claim.parts if each.order < payment.order]
    settled = sum((each.amount for each in before if each.entity == PAYMENT or each.name == MEMO), ZERO)
    return any(each.name == DOCUMENT and settled + 2 * payment.amount <= each.amount for each in claim.parts)


def _questions(parts: Iterable[Part]) -> Mapping[tuple[str, _Where], list[Part]]:
    """The parts by what they are asked for with: one query each."""
    questions: defaultdict[tuple[str, _Where], list[Part]] = defaultdict(list)
    for part in parts:
        questions[part.entity, _where(part)].append(part)
    return questions


def _where(part: Part) -> _Where:
    if part.operation is not Operation.CREATE:
        return _of_ids
    # What was sent was sent under this number; what an earlier ledger has sent may bear the one of another rank.
    if part.number and (part.stage is Stage.SENDING or part.entity not in _RANKED):
        return _numbered
    return _of_days if part.entity in _OF_NOBODY else _of_buyers


def _of_ids(parts: Sequence[Part]) -> str:
    """What is changed, voided or deleted is known by its id."""
    return f"Id in ({_quoted(part.body['Id'] for part in parts)})"


def _numbered(parts: Sequence[Part]) -> str:
    return f"DocNumber in ({_quoted(part.number for part in parts)})"


def _of_buyers(parts: Sequence[Part]) -> str:
    """Payments have no number to ask for, and QuickBooks' own is not known: those of the same customers and days."""
    return f"CustomerRef in ({_quoted(part.body['CustomerRef']['value'] for part in parts)}) and {_of_days(parts)}"


def _of_days(parts: Sequence[Part]) -> str:
    """Where the books of a document's own day are closed, it may have been made on any day since."""
    days = {str(part.body["TxnDate"]) for part in parts}
    own = [str(day) for part in parts if (day := own_day(part.hash))]
    if own:
        return f"TxnDate >= {quote(min(own))} and TxnDate <= {quote(max(days))}"
    return f"TxnDate in ({_quoted(days)})"


def _quoted(values: Iterable[Any]) -> str:
    return ", ".join(map(quote, sorted({str(value) for value in values})))

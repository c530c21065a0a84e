"""What follows when QuickBooks refuses to change, void or delete a document of an order.

The sync token that a change names is its lock. It is stale when somebody has changed the document, but also when a
payment has settled it or a deposit holds it: the document as it stands is held against what QuickBooks answered when we
wrote it last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cartledger.clients.faults import Fault, is_gone, is_stale
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Problem, TryLater
from cartledger.ledger.types import Claim, Link, Part
from cartledger.money import D
from cartledger.records import Operation
from consumers.finding import is_done
from consumers.outcome import Held
from consumers.posting import AfterRefusal, read_made
from consumers.remaining import remaining_with
from mapping.standing import standing_hash

_NOT_DONE = {
    Operation.UPDATE: "was not changed along with its order",
    Operation.VOID: "was not voided",
    Operation.DELETE: "was not deleted",
}
_APPLIED_TO = frozenset({"Invoice", "CreditMemo"})


def is_as_written(link: Link | None, row: Mapping[str, Any]) -> bool:
    """Whether nobody has changed it since we did. Never sure of what an older version wrote, which did not remember."""
    return link is not None and bool(link.stood) and standing_hash(row) == link.stood


def after_refused_change(
    quickbooks: QuickBooks, claim: Claim, part: Part, link: Link | None, fault: Fault
) -> AfterRefusal | None:
    """`link` is what was to be changed. None: neither its lock nor its absence was the reason. Raises what the client
    raises."""
    if not (is_stale(fault) or is_gone(fault)):
        return None
    row = quickbooks.read(part.entity, part.body["Id"])
    if is_done(part, row):
        return read_made(row or {"Id": part.body["Id"]})
    if row is None:
        return Held(problems=(_deleted(part, link),))
    if not is_stale(fault):
        return None
    if not is_as_written(link, row):
        return Held(problems=(_edited(part, link, row),))
    return _once_more(claim, part, link, row)


def _once_more(claim: Claim, part: Part, link: Link | None, row: Mapping[str, Any]) -> AfterRefusal:
    """Nobody changed it; but what was applied to it meanwhile may make the change another one."""
    token = str(row["SyncToken"])
    if token == part.body["SyncToken"] or (_is_settled(row, part) and not claim.attempts):
        return TryLater(f"{_name(part, link)} was changed or settled at the same time.")
    if _is_settled(row, part) and part.operation is not Operation.UPDATE:
        return Held(problems=(_settled(part, link),))
    return remaining_with(claim, part, body=part.body | {"SyncToken": token})


def _is_settled(row: Mapping[str, Any], part: Part) -> bool:
    """Whether something is applied to what is to become another amount."""
    moves = part.operation is not Operation.UPDATE or D(row["TotalAmt"]) != part.amount
    return moves and part.entity in _APPLIED_TO and D(row["Balance"]) != D(row["TotalAmt"])


def naming(part: Part, problem: Problem) -> Problem:
    """A refusal, with what it is about."""
    return replace(problem, text=f"{_name(part, None)} {_NOT_DONE[part.operation]}: {problem.text}")


def _name(part: Part, link: Link | None) -> str:
    return f"{part.entity} {part.number or (link and link.number) or part.body['Id']}"


def _deleted(part: Part, link: Link | None) -> Problem:
    return Problem(
        code="deleted_by_hand",
        text=f"{_name(part, link)} was deleted in QuickBooks, so it {_NOT_DONE[part.operation]}.",
        fix="Enter what is missing there by hand, then use `cartledger held ignore`.",
    )


def _edited(part: Part, link: Link | None, row: Mapping[str, Any]) -> Problem:
    voided = not D(row.get("TotalAmt", 1)) and (link is None or link.amount)
    how = "voided" if voided else "edited"
    return Problem(
        code="changed_by_hand",
        text=f"{_name(part, link)} was {how} in QuickBooks since it was posted, so it {_NOT_DONE[part.operation]}.",
        fix="Make the change there by hand if it is still wanted, then use `cartledger held ignore`.",
    )


def _settled(part: Part, link: Link | None) -> Problem:
    return Problem(
        code="settled_by_hand",
        text=f"Something was applied to {_name(part, link)} in QuickBooks, so it {_NOT_DONE[part.operation]}.",
        fix="Unlink there what was applied to it, then retry the order; or use `cartledger held ignore`.",
    )

"""Refunds that were declined after they were posted: nothing went back, so their documents go again."""

from __future__ import annotations

from collections.abc import Iterator

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Operation
from cartledger.refunds import Refund
from mapping.case import Case
from mapping.closing import is_closed
from mapping.decision import Document, Post
from mapping.facts import Standing
from mapping.payments.applied import UNDONE
from mapping.text import marker

_LAST_FIRST = ("-application", "-cash-application", "-cash", "-transfer", "")
"""What hangs on another document goes before it."""


def refund_name(refund: Refund) -> str:
    """What a refund's own document is called among its order's."""
    return f"refund-{refund.id}"


def undo_declined(case: Case) -> Post:
    """What stands of declined refunds is deleted; QuickBooks voids none of it (credit memos, refund receipts)."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for refund in case.order.refunds:
        standing = dict(_standing(refund, case)) if refund.declined else {}
        closed = [each for each in standing.values() if each.day and is_closed(each.day, case.company)]
        if closed:
            problems.append(_in_closed_books(refund, closed[0]))
        else:
            documents += [_deleted(name, each, case) for name, each in standing.items()]
    return Post(documents=tuple(documents), problems=tuple(problems))


def _standing(refund: Refund, case: Case) -> Iterator[tuple[str, Standing]]:
    """What is there of a refund still, last first."""
    own, stands = refund_name(refund), case.facts.stands
    parts = [name.removeprefix(own) for name in stands if name == own or name.startswith(f"{own}-")]
    left = [part for part in parts if not part.endswith(UNDONE) and f"{own}{part}{UNDONE}" not in stands]
    for part in sorted(left, key=lambda part: next(i for i, kind in enumerate(_LAST_FIRST) if part.startswith(kind))):
        yield f"{own}{part}", stands[f"{own}{part}"]


def _deleted(name: str, standing: Standing, case: Case) -> Document:
    _, _, part = name.partition("-")
    return Document(
        name=f"{name}{UNDONE}",
        entity=standing.entity,
        body={"Id": standing.target_id, "SyncToken": standing.sync_token},
        number=standing.number,
        marker=marker(case.connection.bigcommerce.store_hash, "undone", part),
        amount=ZERO,
        operation=Operation.DELETE,
        whole=standing.hash,
    )


def _in_closed_books(refund: Refund, standing: Standing) -> Problem:
    return Problem(
        code="declined_in_closed_books",
        text=f"Refund {refund.id} was declined after {standing.entity} {standing.number} of {standing.day} was posted, "
        "and the books of that day are closed.",
        fix="Open the books for that day, or correct it by hand and use `cartledger held ignore`.",
    )

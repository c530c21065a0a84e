"""Orders that were posted and leave: cancelled, declined, archived, or in a status that is no sale."""

from __future__ import annotations

from cartledger.errors import Problem
from mapping.case import SALE, Case
from mapping.decision import Needs, Post
from mapping.facts import Standing


def decide_leaving(case: Case, rule: str) -> Post | Needs:
    """What is to be written for an order whose sale stands and that `rule` would leave out now; refunds included."""
    return Post(documents=(), problems=(_left(case.facts.stands[SALE], rule),))


def _left(stands: Standing, rule: str) -> Problem:
    return Problem(
        code="left_after_posting",
        text=f"{stands.entity} {stands.number} stands in QuickBooks, and now: {rule}",
        fix="Void or refund the document in QuickBooks if need be, then use `cartledger held ignore`.",
    )

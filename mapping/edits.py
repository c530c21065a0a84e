"""Orders that changed after they were posted: the smallest change of what stands, or why it is left alone."""

from __future__ import annotations

from dataclasses import replace

from cartledger.errors import Problem
from mapping.case import SALE, Case
from mapping.decision import Needs, Post
from mapping.facts import Standing


def decide_edits(case: Case, sale: Post) -> Post | Needs:
    """`sale` as the order is now, with only what is to be written of it: what does not stand yet, and changes."""
    stands = case.facts.stands
    changed = [each for each in sale.documents if each.name in stands and stands[each.name].hash != each.hash]
    if changed:
        return Post(documents=(), problems=(_changed(stands[SALE]),))
    return replace(sale, documents=tuple(each for each in sale.documents if each.name not in stands))


def _changed(stands: Standing) -> Problem:
    return Problem(
        code="changed_after_posting",
        text=f"The order changed after {stands.entity} {stands.number} was posted; this version changes no document.",
        fix="Change the document in QuickBooks, then use `cartledger held ignore`.",
    )

"""What becomes of an order in all that happens to it: its sale, then what changed, went back or was called off since.

Everything that an order needs in QuickBooks is decided in one look, so that it does not matter in which order the
shop's news arrive. What stands already is not written again; what cannot be booked holds the order once the rest
stands.
"""

from __future__ import annotations

from dataclasses import replace

from cartledger.errors import Problem
from cartledger.records import Operation
from mapping.cancelling import after_taking_back, decide_full_refund, decide_leaving
from mapping.case import SALE, Case
from mapping.decision import Decision, Document, Excluded, Held, Needs, Post, in_turn
from mapping.edits import decide_edits
from mapping.facts import Facts
from mapping.refunds.decide import decide_refunds
from mapping.sale import decide_sale

TAKEN_BACK = "void"
"""The part by which a sale was taken back at once, since QuickBooks made it another one than was sent."""


def decide_life(case: Case) -> Decision:
    """The documents that are still to be written for the order, or why there are none. Never raises."""
    if TAKEN_BACK in case.facts.stands:
        return Held(problems=(_taken_back(case.facts),))
    sale = decide_sale(case)
    if isinstance(sale, Needs):
        return sale
    decision = _of_a_sale_that_stands(case, sale) if SALE in case.facts.stands else _of_a_new_sale(case, sale)
    return replace(decision, documents=in_turn(decision.documents)) if isinstance(decision, Post) else decision


def _of_a_new_sale(case: Case, sale: Post | Held | Excluded) -> Decision:
    """What went back of a sale before the first day is booked without it."""
    if isinstance(sale, Post):
        return _with_refunds(case, sale, sale.documents)
    if isinstance(sale, Excluded) and sale.early and case.connection.records_refunds and case.order.refunds:
        return _with_refunds(case, Post(documents=()), ())
    return sale


def _of_a_sale_that_stands(case: Case, sale: Post | Held | Excluded) -> Decision:
    """An order that cannot be read as a sale any more leaves its document alone; what went back is booked even so."""
    if isinstance(sale, Excluded):
        return decide_leaving(case, sale.rule)
    taken = after_taking_back(case) or decide_full_refund(case, sale.documents if isinstance(sale, Post) else ())
    if taken is not None:
        return taken
    if isinstance(sale, Held):
        return _with_refunds(case, Post(documents=(), problems=sale.problems), ())
    edits = decide_edits(case, sale)
    return edits if isinstance(edits, Needs) else _with_refunds(case, edits, sale.documents)


def _with_refunds(case: Case, sale: Post, documents: tuple[Document, ...]) -> Post | Needs:
    """`documents` are the sale's as decided now, whether they stand or not."""
    if not case.connection.records_refunds:
        return sale
    edited = next((each for each in sale.documents if each.operation is Operation.UPDATE), None)
    refunds = decide_refunds(case, documents, edited=edited)
    return refunds if isinstance(refunds, Needs) else together(sale, refunds)


def together(first: Post, then: Post) -> Post:
    """Both, one after the other."""
    return Post(
        documents=(*first.documents, *then.documents),
        rounding=first.rounding + then.rounding,
        problems=tuple(dict.fromkeys((*first.problems, *then.problems))),
        notices=tuple(dict.fromkeys((*first.notices, *then.notices))),
        wants=tuple({each.key: each for each in (*first.wants, *then.wants)}.values()),
    )


def _taken_back(facts: Facts) -> Problem:
    undone = (facts.stands[TAKEN_BACK].entity, facts.stands[TAKEN_BACK].target_id)
    made = next(
        standing
        for name, standing in facts.stands.items()
        if name != TAKEN_BACK and (standing.entity, standing.target_id) == undone
    )
    return Problem(
        code="voided",
        text=f"{made.entity} {made.number} was made with another total or exchange rate than was sent, and voided.",
        fix="Enter the sale by hand, then use `cartledger held ignore`.",
    )

"""What the refunds of an order become: one look at all of them, since what one gives back no other can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO, cents
from cartledger.refunds import Refund
from mapping.case import SALE, Case
from mapping.decision import Document, Fact, Needs, Post
from mapping.finder import TO_BE_MADE, Finder
from mapping.identities import check_refund
from mapping.payments.applied import applied_in_all
from mapping.payments.money import INVOICE
from mapping.payments.paid import is_paid
from mapping.pricing import Priced, price_order
from mapping.refunds.numbers import free_number
from mapping.refunds.on_invoice import Receivable, read_receivable
from mapping.refunds.one import Decided, One, changed_since, is_whole
from mapping.refunds.payouts import credited, unsettled
from mapping.refunds.undoing import refund_name, undo_declined
from mapping.rules import unpostable
from mapping.tenders import MEMO
from mapping.transactions import money_in


def decide_refunds(case: Case, sale: tuple[Document, ...], *, edited: Document | None = None) -> Post | Needs:
    """The documents that are still to be written for the order's refunds. `sale` are those of the sale as decided in
    this look, whether they stand or not; none where the sale is not ours or cannot be read any more. `edited` is the
    change of the sale's document that goes before."""
    undone = undo_declined(case)
    changed = tuple(problem for refund in case.order.gone_back if (problem := changed_since(refund, case)))
    due = _due(case, sale, edited)
    if isinstance(due, Needs):
        return due
    return Post(
        documents=(*undone.documents, *due.documents),
        problems=(*undone.problems, *changed, *due.problems),
        notices=due.notices,
        wants=due.wants,
    )


def _due(case: Case, sale: tuple[Document, ...], edited: Document | None) -> Post | Needs:
    """Those that do not stand in whole."""
    if all(is_whole(refund, case) for refund in case.order.gone_back):
        return Post(documents=())
    find = Finder(case.connection, case.company)
    priced = price_order(case.order, case.facts, find)
    receivable = _receivable(case, sale)
    if isinstance(priced, Needs):
        return priced
    if isinstance(receivable, Needs):
        return receivable
    blocked = unpostable(case.order, case.connection, case.company)
    if isinstance(receivable, Problem):
        return Post(documents=(), problems=(receivable,))
    if priced is None or blocked:
        return Post(documents=(), problems=blocked or find.problems)
    return _each(case, sale, edited, priced, receivable)


def _each(
    case: Case, sale: tuple[Document, ...], edited: Document | None, priced: Priced, receivable: Receivable | None
) -> Post | Needs:
    beyond = _beyond(case, sale, priced, edited)
    if isinstance(beyond, Needs):
        return beyond
    look = _Look(
        case=case,
        sale=_number(case, sale),
        priced=priced,
        receivable=receivable,
        left=_sold(case, priced, edited),
        beyond=beyond,
    )
    for rank, refund in enumerate(case.order.gone_back, 1):
        look.take(refund, rank)
    return look.outcome()


def _receivable(case: Case, sale: tuple[Document, ...]) -> Receivable | Needs | Problem | None:
    """Where the invoice is, None where the sale is none."""
    entities = [case.facts.stands[SALE].entity] if SALE in case.facts.stands else [each.entity for each in sale[:1]]
    return read_receivable(case, sale) if entities == [INVOICE] else None


def _number(case: Case, sale: tuple[Document, ...]) -> str | None:
    """Of the sale's document, None where there is none of ours."""
    standing = case.facts.stands.get(SALE)
    return standing.number if standing else next((each.number for each in sale), None)


def _sold(case: Case, priced: Priced, edited: Document | None) -> Decimal:
    """What can be given back, tenders included: what is booked of the order, whatever it was edited to since."""
    booked = edited or case.facts.stands.get(SALE)
    if booked is None:
        return priced.bill.totals.total_inc
    return booked.amount + (ZERO if MEMO in case.facts.stands else cents(case.order.tenders))


def _beyond(case: Case, sale: tuple[Document, ...], priced: Priced, edited: Document | None) -> Problem | Needs | None:
    """Why nothing more of a posted order can be said to go back: more came in than is booked of it. A unit that was
    added, paid on top and taken back with its money shows in nothing but the transactions."""
    stands, order = case.facts.stands, case.order
    new = any(refund.total and refund_name(refund) not in stands for refund in order.gone_back)
    if SALE not in stands or not new or is_paid(order, case.connection) is False:
        return None
    if case.facts.transactions is None:
        return Needs(fact=Fact.TRANSACTIONS)
    came = sum((each.amount for each in money_in(case.facts.transactions, order.currency)), ZERO)
    tenders, settled = cents(order.tenders), applied_in_all(stands)
    booked = (edited or stands[SALE]).amount - settled
    if MEMO in {*stands, *(each.name for each in sale)}:
        booked -= tenders
    # More that the order comes to by now is what the change of its sale is for.
    asked = max(booked, priced.bill.totals.total_inc - tenders - settled)
    return _came_beyond(case, came, booked) if came > asked else None


def _came_beyond(case: Case, came: Decimal, booked: Decimal) -> Problem:
    standing = case.facts.stands[SALE]
    return Problem(
        code="paid_too_much",
        text=f"The shop's transactions say that {came} came in for the order, and {booked} of it can be booked for "
        f"{standing.entity} {standing.number}: no refund is booked of what the books do not have.",
        fix=f"Enter by hand what came in beside it ({came - booked}) and what went back, then use `cartledger held "
        "ignore`.",
    )


@dataclass(kw_only=True)
class _Look:
    """The order's refunds, one after the other: `left` is what can still be given back (order currency), `beyond` why
    no more of them can be booked."""

    case: Case
    sale: str | None
    priced: Priced
    receivable: Receivable | None
    left: Decimal
    beyond: Problem | None
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    needs: list[Needs] = field(default_factory=list)

    def take(self, refund: Refund, rank: int) -> None:
        stands = self.case.facts.stands
        if refund_name(refund) not in stands and (problem := self._refused(refund)):
            self.problems.append(problem)
            return
        self.left -= refund.total
        if is_whole(refund, self.case):
            return
        found = self._one(refund, rank).decide()
        if isinstance(found, Decided):
            self.receivable = found.receivable
            self._keep(found, refund)
        elif isinstance(found, Needs):
            self.needs.append(found)
        else:
            self.problems += found

    def outcome(self) -> Post | Needs:
        if self.needs:
            fact = self.needs[0].fact
            days = (day for needs in self.needs if needs.fact is fact for day in needs.days)
            return Needs(fact=fact, days=tuple(dict.fromkeys(days)))
        made = {line["SalesItemLineDetail"]["ItemRef"]["value"] for line in self._lines()}
        return Post(
            documents=tuple(self.documents),
            problems=tuple(dict.fromkeys(self.problems)),
            notices=tuple(self.notices),
            wants=self.priced.wanted if TO_BE_MADE in made else (),
        )

    def _one(self, refund: Refund, rank: int) -> One:
        standing = self.case.facts.stands.get(refund_name(refund))
        taken = (document.number for document in self.documents)
        return One(
            refund=refund,
            case=self.case,
            priced=None if standing else self.priced,
            number=standing.number if standing else free_number(self.case, rank, taken),
            sale=self.sale,
            receivable=self.receivable,
        )

    def _refused(self, refund: Refund) -> Problem | None:
        if problem := unsettled(refund) or self.beyond:
            return problem
        if refund.total <= self.left:
            return None
        return Problem(
            code="refund_exceeds_sale",
            text=f"Refund {refund.id} gives back {refund.total}, and {self.left} of the sale is left.",
            fix="Correct it in BigCommerce, or book it by hand and use `cartledger held ignore`.",
        )

    def _keep(self, found: Decided, refund: Refund) -> None:
        """A document that would not say what the refund says is never posted."""
        new = [each for each in found.documents if each.name not in self.case.facts.stands]
        violated = check_refund(new, refund, money=refund.total - credited(refund))
        self.problems += violated
        if not violated:
            self.documents += new
            self.notices += found.notices

    def _lines(self) -> Iterator[dict[str, Any]]:
        for document in self.documents:
            yield from (line for line in document.body.get("Line", ()) if "SalesItemLineDetail" in line)

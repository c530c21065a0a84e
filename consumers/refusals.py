"""What follows when QuickBooks refuses a document of an order: it stands already, it becomes another one, or a hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from cartledger.clients.faults import Fault, books_are_closed, duplicate_of, lists_are_stale, verdict
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Hold, Problem, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Link, Part
from cartledger.money import D, read_json
from cartledger.records import Operation, read_order
from cartledger.settings import TAKEN_SUFFIX
from consumers.applied import as_far_as_open
from consumers.buyers import Buyers
from consumers.changes import after_refused_change, naming
from consumers.company import CompanyBook
from consumers.finding import PAYMENT, find_parts
from consumers.outcome import Held
from consumers.posting import AfterRefusal, customer_of, read_made
from consumers.remaining import remaining_for, remaining_with
from mapping.decision import Post
from mapping.text import marker_of

_SPENT = frozenset({"Check", "Expense"})
"""What payments call a purchase."""


class Refusals:
    """Those of one connection's orders."""

    def __init__(self, *, ledger: Ledger, quickbooks: QuickBooks, book: CompanyBook, buyers: Buyers) -> None:
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._book = book
        self._buyers = buyers

    def after(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """What follows, whatever was refused. Raises what the client raises."""
        special = self._of_a_new_one if part.operation is Operation.CREATE else self._of_a_change
        return special(claim, part, fault) or self._of_any(claim, part, fault)

    def _of_a_change(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal | None:
        target = (part.entity, part.body["Id"])
        stands = (link for link in self._links(claim).values() if (link.entity, link.target_id) == target)
        return after_refused_change(self._quickbooks, claim, part, next(stands, None), fault)

    def _of_a_new_one(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal | None:
        """A number that is taken is ours (found again after all) or a stranger's, who is never touched.

        Payments have no number: one that is refused may be there already, on an invoice that was found again.
        """
        if part.entity == PAYMENT:
            paid = find_parts(self._quickbooks, [part])
            return paid.get(part.marker) or self._as_what_it_settles_is(claim, part)
        other = duplicate_of(fault)
        return None if other is None else self._number_taken(claim, part, fault, other)

    def _of_any(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        if lists_are_stale(fault) and (successor := self._successor(claim, part)) is not None:
            return successor if isinstance(successor, Held) else remaining_for(claim, successor)
        if lists_are_stale(fault) or books_are_closed(fault):
            self._book.forget()
            if claim.attempts == 0:
                return TryLater("The company has changed in QuickBooks since it was read.")
        return _as_said(part, fault)

    def _links(self, claim: Claim) -> Mapping[str, Link]:
        return self._ledger.links(claim.key.pair, claim.key.kind, [claim.key.id]).get(claim.key.id, {})

    def _as_what_it_settles_is(self, claim: Claim, payment: Part) -> AfterRefusal | None:
        """What follows where somebody has taken back or settled meanwhile what the payment was to settle."""
        settled = list(_settled_by(payment, self._links(claim)))
        rows = [self._quickbooks.read(link.entity, link.target_id) for link, _ in settled]
        for (link, amount), row in zip(settled, rows, strict=True):
            if row is None or not D(row["TotalAmt"]):
                return Held(problems=(_taken_back(link),))
            if not payment.amount and (left := D(row.get("Balance", amount))) < amount:
                return Held(problems=(_settled_already(link, left, amount),))
        applies = payment.amount and self._book.company().applies_payments
        return self._relinked(claim, rows[0], payment) if applies and rows and rows[0] else None

    def _relinked(self, claim: Claim, invoice: Mapping[str, Any], payment: Part) -> AfterRefusal | None:
        body = as_far_as_open(self._quickbooks, invoice, payment.body)
        return body if body is None or isinstance(body, Held) else remaining_with(claim, payment, body=body)

    def _number_taken(self, claim: Claim, part: Part, fault: Fault, other: str) -> AfterRefusal:
        row = self._quickbooks.read(part.entity, other)
        if row is not None and marker_of(str(row.get("PrivateNote") or "")) == part.marker:
            return read_made(row)
        if not part.number or part.number.endswith(TAKEN_SUFFIX):
            return _as_said(part, fault)
        return _renumbered(claim, part)

    def _successor(self, claim: Claim, refused: Part) -> str | Held | None:
        """The customer that the order has by now, if it is another one than that of the refused part."""
        if not (customer := customer_of(refused.body)):
            return None
        order, home_currency = read_order(read_json(claim.record)), self._book.company().home_currency
        return self._buyers.successor(customer, claim.key, order, home_currency)


def _as_said(part: Part, fault: Fault) -> Held | TryLater:
    error = verdict(fault)
    if not isinstance(error, Hold):
        return TryLater(str(error))
    made = part.operation is Operation.CREATE
    return Held(problems=tuple(problem if made else naming(part, problem) for problem in error.problems))


def _settled_by(payment: Part, links: Mapping[str, Link]) -> Iterator[tuple[Link, Decimal]]:
    """What a payment was to settle, and how much of each."""
    for line in payment.body.get("Line") or ():
        (linked,) = line["LinkedTxn"]
        entity = "Purchase" if linked["TxnType"] in _SPENT else linked["TxnType"]
        named = linked["TxnId"]
        ours = links.get(named["$ref"]) if isinstance(named, Mapping) else _link_of(entity, named, links)
        if ours:
            yield ours, D(line["Amount"])


def _link_of(entity: str, target_id: str, links: Mapping[str, Link]) -> Link | None:
    return next((link for link in links.values() if (link.entity, link.target_id) == (entity, target_id)), None)


def _renumbered(claim: Claim, part: Part) -> Post:
    """The same documents, the refused one under its number with a suffix: the same order always gets the same."""
    number = part.number + TAKEN_SUFFIX
    notice = Problem(code="number_taken", text=f"{part.number} is another document's number, so {number} is used.")
    return remaining_with(claim, part, notice, body=part.body | {"DocNumber": number}, number=number)


def _taken_back(link: Link) -> Problem:
    return Problem(
        code="taken_back",
        text=f"{link.entity} {link.number} was voided or deleted before the rest of the order was booked.",
        fix="Enter in QuickBooks what is missing, or take back the rest there, then use `cartledger held ignore`.",
    )


def _settled_already(link: Link, left: Decimal, wanted: Decimal) -> Problem:
    return Problem(
        code="settled_already",
        text=f"{link.entity} {link.number} has {left:.2f} open by now, less than the {wanted:.2f} to be applied to it.",
        fix="Unlink in QuickBooks what was applied to it meanwhile, then retry the order.",
    )

"""What follows when QuickBooks refuses a document of an order: it stands already, it becomes another one, or a hold."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cartledger.clients.faults import Fault, duplicate_of, lists_are_stale, verdict
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Hold, Problem, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Link, Part, Stage
from cartledger.money import ZERO, D, read_json
from cartledger.records import Operation, read_order
from cartledger.settings import TAKEN_SUFFIX
from consumers.applied import as_far_as_open
from consumers.buyers import Buyers
from consumers.company import CompanyBook
from consumers.finding import PAYMENT, find_parts
from consumers.outcome import Held
from consumers.posting import DOCUMENT, AfterRefusal, read_made
from mapping.decision import Document, Post
from mapping.tenders import APPLICATION
from mapping.text import marker_of


class Refusals:
    """Those of one connection's orders."""

    def __init__(self, *, ledger: Ledger, quickbooks: QuickBooks, book: CompanyBook, buyers: Buyers) -> None:
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._book = book
        self._buyers = buyers

    def after(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """A number that is taken is ours (found again after all) or a stranger's, who is never touched.

        Payments have no number: one that is refused may be there already, on an invoice that was found again.
        """
        if part.entity == PAYMENT and (paid := find_parts(self._quickbooks, [part])):
            return paid[part.marker]
        if (
            part.entity == PAYMENT
            and part.operation is Operation.CREATE
            and (followed := self._as_its_invoice_is(claim, part))
        ):
            return followed
        if (other := duplicate_of(fault)) is not None:
            return self._number_taken(claim, part, fault, other)
        if lists_are_stale(fault):
            successor = self._successor(claim, part)
            if successor is not None:
                return successor if isinstance(successor, Held) else _given_to(successor, claim)
            self._book.forget()
            if claim.attempts == 0:
                return TryLater("What the document refers to has changed in QuickBooks.")
        return _as_said(fault)

    def _as_its_invoice_is(self, claim: Claim, payment: Part) -> AfterRefusal | None:
        """What follows where somebody has taken back or settled the invoice meanwhile."""
        link = self._ledger.links(claim.key.pair, claim.key.kind, [claim.key.id])[claim.key.id][DOCUMENT]
        invoice = self._quickbooks.read(link.entity, link.target_id)
        if invoice is None or not D(invoice["TotalAmt"]):
            return Held(problems=(_taken_back(link),))
        if payment.name == APPLICATION:
            owed, used = D(invoice["Balance"]), D(payment.body["Line"][0]["Amount"])
            return Held(problems=(_settled(link, owed, used),)) if owed < used else None
        return self._relinked(claim, invoice, payment) if self._book.company().applies_payments else None

    def _relinked(self, claim: Claim, invoice: Mapping[str, Any], payment: Part) -> AfterRefusal | None:
        body = as_far_as_open(self._quickbooks, invoice, payment.body)
        if body is None or isinstance(body, Held):
            return body
        return Post(documents=_with(claim, payment, body=body), rounding=ZERO)

    def _number_taken(self, claim: Claim, part: Part, fault: Fault, other: str) -> AfterRefusal:
        row = self._quickbooks.read(part.entity, other)
        if row is not None and marker_of(str(row.get("PrivateNote") or "")) == part.marker:
            return read_made(row)
        if not part.number or part.number.endswith(TAKEN_SUFFIX):
            return _as_said(fault)
        return _renumbered(claim, part)

    def _successor(self, claim: Claim, refused: Part) -> str | Held | None:
        """The customer that the order has by now, if it is another one than that of the refused part."""
        if "CustomerRef" not in refused.body:
            return None
        order, home_currency = read_order(read_json(claim.record)), self._book.company().home_currency
        return self._buyers.successor(str(refused.body["CustomerRef"]["value"]), claim.key, order, home_currency)


def _as_said(fault: Fault) -> Held | TryLater:
    error = verdict(fault)
    return Held(problems=error.problems) if isinstance(error, Hold) else TryLater(str(error))


def _open(claim: Claim) -> list[Part]:
    """Of what stood before this claim no body is kept. What was made since then stays as it is: none of the changes
    here makes a document another one (`Document.hash`)."""
    return [part for part in claim.parts if part.stage is not Stage.ANSWERED]


def _document(part: Part, **changes: Any) -> Document:
    """The part as it was decided, with these changes."""
    fields = ("name", "order", "entity", "operation", "body", "number", "marker", "amount")
    return Document(**{name: getattr(part, name) for name in fields} | changes, whole=part.hash)


def _with(claim: Claim, part: Part, **changes: Any) -> tuple[Document, ...]:
    """The documents that are still to be made, that of `part` with these changes."""
    return tuple(_document(each, **(changes if each.name == part.name else {})) for each in _open(claim))


def _given_to(customer: str, claim: Claim) -> Post:
    """What is still to be made, for another customer."""
    reference = {"CustomerRef": {"value": customer}}
    documents = tuple(_document(part, body=part.body | reference) for part in _open(claim))
    return Post(documents=documents, rounding=ZERO)


def _renumbered(claim: Claim, part: Part) -> Post:
    """The same documents, the refused one under its number with a suffix: the same order always gets the same."""
    number = part.number + TAKEN_SUFFIX
    documents = _with(claim, part, body=part.body | {"DocNumber": number}, number=number)
    notice = Problem(code="number_taken", text=f"{part.number} is another document's number, so {number} is used.")
    return Post(documents=documents, rounding=ZERO, notices=(notice,))


def _taken_back(invoice: Link) -> Problem:
    return Problem(
        code="taken_back",
        text=f"{invoice.entity} {invoice.number} was voided or deleted before the rest of the order was booked.",
        fix="Enter in QuickBooks what is missing, or take back the rest there, then use `cartledger held ignore`.",
    )


def _settled(invoice: Link, owed: Decimal, redeemed: Decimal) -> Problem:
    return Problem(
        code="settled_already",
        text=f"{invoice.entity} {invoice.number} owes {owed:.2f} by now, less than the {redeemed:.2f} redeemed.",
        fix="Unlink in QuickBooks what was applied to it meanwhile, then retry the order.",
    )

"""Orders that were posted and leave: cancelled, declined, archived, or in a status that is no sale.

What went back of such an order is booked like any refund. Where nothing of its money is left, an invoice that owes
something is taken back: voided, or by a credit memo of all that earlier refunds have left of the sale. Money that stays
is a person's decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import ZERO, cents
from cartledger.records import Operation
from mapping.case import SALE, Case
from mapping.closing import is_closed
from mapping.decision import Decision, Document, Fact, Held, Needs, Post
from mapping.facts import Standing
from mapping.fingerprint import LINES, changed_fields
from mapping.payments.applied import APPLIED, CASH, UNDONE, applied_in_all
from mapping.payments.money import INVOICE
from mapping.payments.paid import is_paid
from mapping.refunds.cancellation import CANCELLATION, cancel_by_memo
from mapping.refunds.decide import decide_refunds
from mapping.refunds.on_invoice import PAYMENT, Receivable, read_receivable
from mapping.refunds.undoing import refund_name, undo_declined
from mapping.rules import CANCELLED, DECLINED
from mapping.sale import decide_sale
from mapping.text import marker


@dataclass(frozen=True, kw_only=True)
class _Left:
    """An order that leaves: `sale` are its documents as they would be decided if it stayed, none where that cannot be
    told. `receivable` is None where its money is said to be in on a receipt."""

    case: Case
    rule: str
    sale: tuple[Document, ...]
    receivable: Receivable | None

    @property
    def owes(self) -> bool:
        """Whether its invoice is open, or was of nothing and can only be taken back itself."""
        return self.receivable is not None and (self.receivable.owed > 0 or self.of_nothing)

    @property
    def of_nothing(self) -> bool:
        """Whether nothing was to be paid, and nothing can go back."""
        order = self.case.order
        return not (self.case.facts.stands[SALE].amount or order.tenders or order.gone_back)

    @property
    def kept(self) -> Decimal:
        """What came in, redeemed certificates and store credit included, and did not go back."""
        return self._came + cents(self.case.order.tenders) - _returned(self.case)

    @property
    def _came(self) -> Decimal:
        standing, connection = self.case.facts.stands[SALE], self.case.connection
        if self.receivable is None:
            return standing.amount
        if not connection.records_payments and is_paid(self.case.order, connection):
            return standing.amount
        stands = self.case.facts.stands
        sent = [each.amount for name, each in stands.items() if name.endswith(CASH) and f"{name}{UNDONE}" not in stands]
        # What a refund took off the invoice, nobody paid; it counts as gone back, too.
        return self.receivable.money + sum(sent, applied_in_all(stands))


def decide_leaving(case: Case, rule: str) -> Post | Needs:
    """What is to be written for an order whose sale stands and that `rule` would leave out now; refunds included."""
    if not case.connection.records_refunds:
        return Post(documents=(), problems=(_left_after_posting(case, rule),))
    if is_taken_back(case):
        return _since_taken_back(case)
    sale = _as_a_sale(case)
    if isinstance(sale, Needs):
        return sale
    documents = sale.documents if isinstance(sale, Post) else ()
    if case.facts.transactions is None and any(
        each.entity == PAYMENT and each.amount for each in _new(case, documents)
    ):
        # The header of an order that was called off does not tell how much of it came in.
        return Needs(fact=Fact.TRANSACTIONS)
    return _decide(case, rule, documents, sale.problems if isinstance(sale, Held) else ())


def _decide(case: Case, rule: str, sale: tuple[Document, ...], held: tuple[Problem, ...]) -> Post | Needs:
    """`held` is why the sale's documents cannot be told."""
    receivable = read_receivable(case, sale) if case.facts.stands[SALE].entity == INVOICE else None
    if isinstance(receivable, Needs):
        return receivable
    if isinstance(receivable, Problem):
        return _by_a_person(case, sale, (*held, receivable))
    left = _Left(case=case, rule=rule, sale=sale, receivable=receivable)
    if receivable is None and left.of_nothing and is_called_off(case) and _may_void(case, _day(case)):
        return _void(case)
    if receivable and left.owes and left.kept <= 0 and is_called_off(case):
        return _take_back(left, receivable)
    return _refunded(case, sale, _stays(left))


def is_called_off(case: Case) -> bool:
    """Whether its status says so, and the settings go by that. Archiving says nothing about money."""
    return case.order.status_id in {CANCELLED, DECLINED} & {*case.connection.refunds.statuses}


def is_taken_back(case: Case) -> bool:
    """Whether the sale was taken back and all that goes with it stands."""
    stands = case.facts.stands
    taken = stands.get(CANCELLATION)
    return taken is not None and (taken.entity == INVOICE or not taken.amount or f"{CANCELLATION}{APPLIED}" in stands)


def after_taking_back(case: Case) -> Post | None:
    """For an order that is a sale: what follows where it was taken back before, None where it was not."""
    taken, sale = case.facts.stands.get(CANCELLATION), case.facts.stands.get(SALE)
    if taken is None or sale is None:
        return None
    if _returned(case) >= sale.amount + cents(case.order.tenders):
        return Post(documents=())
    how = "voided" if taken.entity == INVOICE else f"taken back by credit memo {taken.number}"
    problem = Problem(
        code="reopened",
        text=f"Invoice {sale.number} was {how} when the order was called off, which is {case.order.status} now.",
        fix="Enter the sale anew in QuickBooks, then use `cartledger held ignore`; or cancel the order again.",
    )
    return Post(documents=(), problems=(problem,))


def decide_full_refund(case: Case, sale: tuple[Document, ...]) -> Post | Needs | None:
    """The void of an invoice that nobody paid anything of, where the whole of it was refunded at once; None where that
    is not so. `sale` are its documents as decided now."""
    standing, refunds = case.facts.stands.get(SALE), case.order.gone_back
    if standing is None or standing.entity != INVOICE or not (refunds and case.connection.records_refunds):
        return None
    if any(refund_name(refund) in case.facts.stands for refund in case.order.refunds):
        return None
    if not standing.amount or _returned(case) != standing.amount or case.order.tenders:
        return None
    day = max(refund.created for refund in refunds).astimezone(case.zone).date()
    receivable = read_receivable(case, sale) if _may_void(case, day) else None
    if receivable is None or isinstance(receivable, Needs):
        return receivable
    if isinstance(receivable, Problem) or not _is_untouched(case, receivable):
        return None
    return _void(case)


def _as_a_sale(case: Case) -> Decision:
    """The order as if its state were that of a sale."""
    sales = case.connection.sales
    counted = sales.model_copy(update={"statuses": (*sales.statuses, case.order.status_id)})
    connection = case.connection.model_copy(update={"sales": counted})
    return decide_sale(replace(case, order=replace(case.order, archived=False), connection=connection))


def _refunded(case: Case, sale: tuple[Document, ...], problems: Iterable[Problem]) -> Post | Needs:
    """What came in since and what went back, booked whatever became of the order."""
    refunds = decide_refunds(case, sale)
    if isinstance(refunds, Needs):
        return refunds
    return replace(
        refunds,
        documents=(*_new(case, sale), *refunds.documents),
        problems=tuple(dict.fromkeys((*refunds.problems, *problems))),
    )


def _by_a_person(case: Case, sale: tuple[Document, ...], problems: tuple[Problem, ...]) -> Post | Needs:
    """Nothing can be done with the invoice. Where it was taken out of the books that is all that was wanted, unless
    there is money to be told of."""
    invoice = case.facts.invoice
    paid = PAYMENT in {*(each.entity for each in case.facts.stands.values()), *(each.entity for each in sale)}
    moved = paid or case.order.tenders or case.order.gone_back
    if is_called_off(case) and invoice is not None and not (invoice.total or moved):
        return Post(documents=(), notices=problems[-1:])
    return _refunded(case, (), problems)


def _since_taken_back(case: Case) -> Post:
    """What follows where money moved after that: a person has to say what of."""
    stands, taken = case.facts.stands, case.facts.stands[CANCELLATION]
    undone = undo_declined(case)
    if undone.documents or any(name.endswith(UNDONE) for name in stands):
        return replace(undone, problems=(*undone.problems, _open_again(taken)))
    paid = any(each.entity == PAYMENT and each.amount for each in stands.values())
    late = not paid and is_paid(case.order, case.connection) is True
    if late and _returned(case) < stands[SALE].amount + cents(case.order.tenders):
        return replace(undone, problems=(*undone.problems, _paid_late(case)))
    return undone


def _stays(left: _Left) -> Iterator[Problem]:
    """Why a person has to look at what stays in the books of an order that left."""
    open_ = left.receivable is not None and left.receivable.owed > 0
    if is_called_off(left.case) and left.kept > 0:
        yield _money_kept(left)
    elif left.kept > 0 or open_ or (left.of_nothing and is_called_off(left.case)):
        yield _left_after_posting(left.case, left.rule)


def _new(case: Case, sale: tuple[Document, ...]) -> tuple[Document, ...]:
    """What of the sale is still to be written: mostly payments that came in since."""
    return tuple(each for each in sale if each.name not in case.facts.stands)


def _returned(case: Case) -> Decimal:
    return sum((refund.returned for refund in case.order.refunds), ZERO)


# -- taking the sale back


def _take_back(left: _Left, receivable: Receivable) -> Post | Needs:
    case, standing = left.case, left.case.facts.stands[SALE]
    if case.facts.invoice and case.facts.invoice.total != standing.amount:
        return Post(documents=(), problems=(_changed_by_hand(standing),))
    day = _day(case)
    if CANCELLATION not in case.facts.stands and _is_untouched(case, receivable) and _may_void(case, day):
        return _void(case)
    document = next((each for each in left.sale if each.name == SALE), None)
    if document is None or _differs(document, standing):
        return Post(documents=(), problems=(_changed_and_called_off(case),))
    memo = cancel_by_memo(case, document, receivable, day)
    new = _new(case, left.sale)
    return replace(memo, documents=(*new, *memo.documents)) if isinstance(memo, Post) else memo


def _day(case: Case) -> date:
    """That of the order's last change: the shop does not tell when a status was set."""
    return case.order.modified.astimezone(case.zone).date()


def _may_void(case: Case, day: date) -> bool:
    """Whether the settings want an invoice voided of what was called off on `day`."""
    issued = case.facts.stands[SALE].day
    match case.connection.refunds.cancel_unpaid:
        case "void":
            return True
        case "credit_memo":
            return False
        case _:
            return issued is not None and day.replace(day=1) == issued.replace(day=1) and not _is_closed(case)


def _is_closed(case: Case) -> bool:
    issued = case.facts.stands[SALE].day
    return issued is not None and is_closed(issued, case.company)


def _is_untouched(case: Case, receivable: Receivable) -> bool:
    """Whether nothing was ever taken off the invoice, so that it can go as if it had not been."""
    standing, order = case.facts.stands[SALE], case.order
    booked = any(refund_name(refund) in case.facts.stands for refund in order.refunds)
    return receivable.owed == standing.amount and not (order.tenders or booked)


def _void(case: Case) -> Post:
    standing = case.facts.stands[SALE]
    if _is_closed(case):
        return Post(documents=(), problems=(_in_closed_books(case),))
    void = Document(
        name=CANCELLATION,
        entity=standing.entity,
        operation=Operation.VOID,
        body={"Id": standing.target_id, "SyncToken": standing.sync_token, "sparse": True},
        number=standing.number,
        marker=marker(case.connection.bigcommerce.store_hash, "order", case.order.id),
        amount=ZERO,
        whole=standing.hash,
    )
    return Post(documents=(void,))


def _differs(document: Document, standing: Standing) -> bool:
    """Whether the sale as decided now is not what stands."""
    changed = changed_fields(standing.hash, document.hash)
    return document.amount != standing.amount or (changed is not None and LINES in changed)


# -- what a person is told


def _left_after_posting(case: Case, rule: str) -> Problem:
    stands = case.facts.stands[SALE]
    return Problem(
        code="left_after_posting",
        text=f"{stands.entity} {stands.number} stands in QuickBooks, and now: {rule}",
        fix="Void or refund the document in QuickBooks if need be, then use `cartledger held ignore`.",
    )


def _money_kept(left: _Left) -> Problem:
    case, standing = left.case, left.case.facts.stands[SALE]
    return Problem(
        code="cancelled_money_kept",
        text=f"The order is {case.order.status}, and {left.kept} that came in for {standing.entity} {standing.number} "
        "did not go back.",
        fix="Refund it in BigCommerce; or book by hand what became of it, or leave it as income, and use "
        "`cartledger held ignore`.",
    )


def _open_again(taken: Standing) -> Problem:
    return Problem(
        code="declined_after_cancellation",
        text=f"The order was called off and {taken.entity} {taken.number} took its sale back; a refund that was sent "
        "back with it was declined since.",
        fix="Book by hand what became of the money, then use `cartledger held ignore`.",
    )


def _paid_late(case: Case) -> Problem:
    return Problem(
        code="paid_after_cancellation",
        text=f"Invoice {case.facts.stands[SALE].number} was taken back when the order was called off, and the shop "
        "says that it was paid.",
        fix="Refund it in BigCommerce; or book by hand what became of the money, and use `cartledger held ignore`.",
    )


def _changed_by_hand(standing: Standing) -> Problem:
    return Problem(
        code="changed_by_hand",
        text=f"The order was called off, and {standing.entity} {standing.number} was changed in QuickBooks since it "
        "was written: it is left as it is there.",
        fix="Void it in QuickBooks, or take it back by a credit memo, then use `cartledger held ignore`.",
    )


def _changed_and_called_off(case: Case) -> Problem:
    standing = case.facts.stands[SALE]
    return Problem(
        code="changed_and_called_off",
        text=f"The order was changed before it was called off, so that it is no longer what {standing.entity} "
        f"{standing.number} says.",
        fix="Void it in QuickBooks, or take it back by a credit memo, then use `cartledger held ignore`.",
    )


def _in_closed_books(case: Case) -> Problem:
    standing, closed = case.facts.stands[SALE], case.company.book_close_date
    return Problem(
        code="books_closed",
        text=f"The order was called off; {standing.entity} {standing.number} is of {standing.day}, and the company's "
        f"books are closed up to {closed}.",
        fix='Set refunds.cancel_unpaid = "auto", so that a credit memo takes it back, or open the books for that day.',
    )

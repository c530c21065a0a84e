"""What one refund becomes: a refund receipt of a sale that was paid, or what settles its invoice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.refunds import Refund
from mapping.case import SALE, Case
from mapping.currency import Exchange, decide_exchange
from mapping.decision import Document, Needs
from mapping.facts import Standing
from mapping.finder import Finder
from mapping.fingerprint import ACCOUNTS, CHARGES, says
from mapping.header import Tracked, decide_tracking
from mapping.lines import line_body
from mapping.payments.applied import APPLIED, CASH, CASH_APPLIED
from mapping.pricing import Priced
from mapping.refunds.content import Content, refund_content
from mapping.refunds.on_invoice import (
    CREDIT_MEMO,
    PARTS,
    Going,
    Receivable,
    days_of,
    on_open_invoice,
)
from mapping.refunds.payouts import Payout, credited, money_of, payouts_of, up_to
from mapping.refunds.receipt import (
    RECEIPT,
    TRANSFERRED,
    moves_of,
    receipt_of,
    told_of,
    transfer_part,
    transfers_of,
)
from mapping.refunds.undoing import refund_name

KIND = "refund"


@dataclass(frozen=True, kw_only=True)
class Decided:
    """One refund's documents, whether they stand or not, and where the order's invoice is after them."""

    documents: tuple[Document, ...]
    receivable: Receivable | None
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class One:
    """A refund on its way to its documents. `number` is that of its own one; `sale` the number of what it takes back a
    part of, "" where QuickBooks is still to give one, None where that is not ours. `receivable` is where the invoice
    is, None where the sale is none. `priced` is None for one that stands: only what hangs on its document is still to
    be written."""

    refund: Refund
    case: Case
    priced: Priced | None
    number: str
    sale: str | None
    receivable: Receivable | None

    @property
    def name(self) -> str:
        return refund_name(self.refund)

    def decide(self) -> Decided | Needs | tuple[Problem, ...]:
        """Problems: why it cannot be booked."""
        find = Finder(self.case.connection, self.case.company)
        tracked = decide_tracking(find)
        payouts = payouts_of(self.refund, self.case, find)
        content = self._content(find)
        if isinstance(payouts, Needs):
            return payouts
        if isinstance(content, Needs):
            return content
        if content is None or find.problems:
            return find.problems
        going = self._going(payouts, tracked)
        if not isinstance(going, Going):
            return going if isinstance(going, Needs) else (going,)
        return self._documents(going, content, payouts, tracked)

    def _content(self, find: Finder) -> Content | Needs | None:
        if self.priced is not None:
            return refund_content(self.refund, self.priced, self.case, find)
        back = self.refund
        return Content(lines=(), tax_fields={}, total=back.total, tax=back.tax, credit=credited(back), notices=())

    def _going(self, payouts: tuple[Payout, ...], tracked: Tracked) -> Going | Needs | Problem:
        case, day = self.case, own_day_of(self.refund, self.case)
        parts = (*PARTS, *(transfer_part(number) for number in range(1, len(payouts))))
        days = days_of(case, self.name, dict.fromkeys(parts, day), f"Refund {self.refund.id} is of")
        if isinstance(days, Problem):
            return days
        exchange = exchange_of(case, tuple(each.day for each in days.values()))
        if not isinstance(exchange, Exchange):
            return exchange
        sale = case.facts.stands.get(SALE)
        return Going(
            case=case,
            name=self.name,
            kind=KIND,
            id=self.refund.id,
            said=refund_of(self.refund, self.sale),
            number=self.number,
            booked=days[""],
            days=days,
            exchange=exchange,
            customer=(sale.customer if sale else "") or case.customer_id,
            header=tracked.fields,
        )

    def _documents(
        self, going: Going, content: Content, payouts: tuple[Payout, ...], tracked: Tracked
    ) -> Decided | tuple[Problem, ...]:
        notices = (*content.notices, *going.booked.notices, *([_of_early_sale(self)] if self.sale is None else []))
        if self.receivable and self._is_on_invoice(self.receivable):
            lines = [line_body(line, "", tracked.line_class) for line in content.lines]
            settled = on_open_invoice(going, content, lines, self.receivable, payouts[0].deposit.account)
            if isinstance(settled, Problem):
                return (settled,)
            (memo, *others), receivable = settled
            sent = sum((each.amount for each in others if each.name.endswith(CASH)), ZERO)
            moved = transfers_of(going, up_to(payouts, sent))
            return Decided(documents=(memo, *moved, *others), receivable=receivable, notices=notices)
        standing = self.case.facts.stands.get(self.name)
        if standing and not says(standing.hash, ACCOUNTS, moves_of(payouts)):
            return (_transfer_missing(self.refund, standing),)
        receipt = receipt_of(self.refund, going, content, payouts, tracked, _words(self))
        documents = (receipt, *transfers_of(going, payouts))
        return Decided(documents=documents, receivable=self.receivable, notices=notices)

    def _is_on_invoice(self, receivable: Receivable) -> bool:
        """What was paid in whole is given back; what stands is what it was made as."""
        standing = self.case.facts.stands.get(self.name)
        return standing.entity == CREDIT_MEMO if standing else receivable.owed > 0


def is_whole(refund: Refund, case: Case) -> bool:
    """Whether all documents of a refund stand."""
    stands, name = case.facts.stands, refund_name(refund)
    own = stands.get(name)
    if own is None:
        return False
    if own.entity == CREDIT_MEMO:
        cash = stands.get(f"{name}{CASH}")
        given_back = cash is not None and cash.amount == own.amount and f"{name}{CASH_APPLIED}" in stands
        return not own.amount or given_back or f"{name}{APPLIED}" in stands
    transfers = [each for each in stands if each.startswith(f"{name}{TRANSFERRED}")]
    return len(transfers) + 1 >= len(money_of(refund)) or says(own.hash, ACCOUNTS, [])


def changed_since(refund: Refund, case: Case) -> Problem | None:
    """Why the document of a refund says something else than the shop does now: some of it was declined meanwhile."""
    standing = case.facts.stands.get(refund_name(refund))
    back = refund.returned - credited(refund)
    if standing is None or (standing.amount == back and not _tells_otherwise(standing, refund)):
        return None
    return Problem(
        code="refund_changed",
        text=f"{standing.entity} {standing.number} stands with {standing.amount}, and of refund {refund.id} now "
        f"{back} in money and {credited(refund)} in credit went back.",
        fix="Correct the document in QuickBooks, then use `cartledger held ignore`.",
    )


def _tells_otherwise(standing: Standing, refund: Refund) -> bool:
    return standing.entity == RECEIPT and CHARGES in standing.hash and not says(standing.hash, CHARGES, told_of(refund))


def own_day_of(refund: Refund, case: Case) -> date:
    """The day that it was made, in the zone of the documents."""
    return refund.created.astimezone(case.zone).date()


def exchange_of(case: Case, days: Iterable[date]) -> Exchange | Needs | Problem:
    """The shop's rate is that of the order, so that it is looked at beside QuickBooks' of the order's day."""
    connection, order = case.connection, case.order
    first = (order.created.astimezone(case.zone).date(),) if connection.sales.exchange_rate == "shop" else ()
    return decide_exchange(order, (*first, *days), case.facts.exchange_rates, connection, case.company)


def refund_of(refund: Refund, sale: str | None) -> str:
    """What the notes of its documents begin with; `sale` is the number of the sale's."""
    number = f" ({sale})" if sale else ""
    return f"Refund {refund.id} of BigCommerce order {refund.order_id}{number}."


def _words(one: One) -> tuple[str, ...]:
    return (_EARLY.format(one.case.connection.start_date),) if one.sale is None else ()


_EARLY = "Its sale was before {}, the first day that is kept here."


def _of_early_sale(one: One) -> Problem:
    early = _EARLY.format(one.case.connection.start_date)
    return Problem(code="refund_of_early_sale", text=f"{refund_of(one.refund, one.sale)} {early}")


def _transfer_missing(refund: Refund, standing: Standing) -> Problem:
    return Problem(
        code="refund_transfer_missing",
        text=f"Refund {refund.id} left several accounts, and the settings name others than when {standing.entity} "
        f"{standing.number} was posted, before its transfers were.",
        fix="Enter the transfer by hand, then use `cartledger held ignore`.",
    )

"""The documents that take back a sale whose invoice is not voided: a memo of all of it, and what the memo settles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.refunds import Refund
from mapping.case import SALE, Case
from mapping.closing import Booked
from mapping.currency import Exchange
from mapping.decision import Document, Needs, Post
from mapping.finder import Finder
from mapping.header import decide_tracking
from mapping.lines import line_body
from mapping.payments.applied import APPLIED, CASH, CASH_APPLIED
from mapping.pricing import Priced, price_order
from mapping.refunds.numbers import free_number
from mapping.refunds.on_invoice import (
    Going,
    Receivable,
    cash_out,
    days_of,
    memo_of,
    settling,
)
from mapping.refunds.one import exchange_of, own_day_of, refund_of
from mapping.refunds.payouts import money_of, payouts_of, up_to
from mapping.refunds.receipt import transfers_of
from mapping.refunds.undoing import refund_name
from mapping.refunds.whole import Whole, whole_content

CANCELLATION = "cancellation"
"""What takes the sale back is called among the order's documents: the void of its invoice, or a credit memo."""

_HEADER = ("ClassRef", "DepartmentRef", "BillEmail", "BillAddr", "ShipAddr")


@dataclass(frozen=True, kw_only=True)
class _Memo:
    """All that the documents are made of. `sent` is what each of the `later` refunds, by id, sent back in money: they
    have no memo of their own. `days` are by the name of what bears them, and the part of it."""

    case: Case
    sale: Document
    whole: Whole
    owed: Decimal
    later: tuple[Refund, ...]
    sent: Mapping[int, Decimal]
    days: Mapping[str, Mapping[str, Booked]]
    exchange: Exchange

    @property
    def notices(self) -> Iterable[Problem]:
        """What a person should know of the days that new documents bear, each once."""
        return dict.fromkeys(notice for days in self.days.values() for each in days.values() for notice in each.notices)


def cancel_by_memo(case: Case, sale: Document, receivable: Receivable, day: date) -> Post | Needs:
    """What is still to be written of the memo of an order that was called off on `day`, and of what it settles.

    `sale` is its invoice as decided now, which must be what stands. What earlier refunds took back by memos of their
    own is left out of this one; later ones are sent back by it.
    """
    find = Finder(case.connection, case.company)
    earlier = [refund for refund in case.order.gone_back if refund_name(refund) in case.facts.stands]
    later = [refund for refund in case.order.gone_back if refund not in earlier]
    priced = price_order(case.order, case.facts, find)
    whole = whole_content(priced, earlier, later, case, find) if isinstance(priced, Priced) else priced
    if not isinstance(whole, Whole):
        return Post(documents=(), problems=find.problems) if whole is None else whole
    memo = _memo(case, sale, whole, receivable, later, day)
    if not isinstance(memo, _Memo):
        return Post(documents=(), problems=(memo,)) if isinstance(memo, Problem) else memo
    documents = _documents(memo, find)
    if isinstance(documents, Needs):
        return documents
    if isinstance(documents, Problem) or find.problems:
        return Post(documents=(), problems=(documents,) if isinstance(documents, Problem) else find.problems)
    new = tuple(each for each in documents if each.name not in case.facts.stands)
    return Post(documents=new, notices=tuple(memo.notices), wants=find.wanted)


def _memo(
    case: Case, sale: Document, whole: Whole, receivable: Receivable, later: Sequence[Refund], day: date
) -> _Memo | Needs | Problem:
    sent = _sent(case, later, whole.total - receivable.owed)
    if sent is None:
        return _does_not_close(whole, receivable)
    days = _days(case, [refund for refund in later if sent[refund.id]], day)
    if isinstance(days, Problem):
        return days
    exchange = exchange_of(case, [each.day for parts in days.values() for each in parts.values()])
    if not isinstance(exchange, Exchange):
        return exchange
    return _Memo(
        case=case,
        sale=sale,
        whole=whole,
        owed=receivable.owed,
        later=tuple(later),
        sent=sent,
        days=days,
        exchange=exchange,
    )


def _sent(case: Case, refunds: Sequence[Refund], amount: Decimal) -> dict[int, Decimal] | None:
    """How much of `amount`, which is what the memo has beyond what the invoice owes, each refund sent back in money;
    None where they do not make it up."""
    sent: dict[int, Decimal] = {}
    for refund in refunds:
        standing = case.facts.stands.get(f"{refund_name(refund)}{CASH}")
        money = sum((each.amount for each in money_of(refund)), ZERO) if refund.payments else refund.total
        sent[refund.id] = standing.amount if standing else max(ZERO, min(money, amount))
        amount -= sent[refund.id]
    return sent if amount == 0 else None


def _days(case: Case, refunds: Sequence[Refund], day: date) -> dict[str, dict[str, Booked]] | Problem:
    found: dict[str, dict[str, Booked]] = {}
    own = {CANCELLATION: ({"": day, APPLIED: day}, "The order was called off on")}
    for refund in refunds:
        went = own_day_of(refund, case)
        own[refund_name(refund)] = {CASH: went, CASH_APPLIED: max(went, day)}, f"Refund {refund.id} is of"
    for name, (parts, said) in own.items():
        days = days_of(case, name, parts, said)
        if isinstance(days, Problem):
            return days
        found[name] = days
    return found


def _documents(memo: _Memo, find: Finder) -> tuple[Document, ...] | Needs | Problem:
    """What is settled last is the invoice: until then it shows that something is missing."""
    going, line_class = _going(memo), decide_tracking(find).line_class
    lines = [line_body(line, find.company.discount_account, line_class) for line in memo.whole.lines]
    taken = memo_of(going, lines, memo.whole.tax_fields, memo.whole.total)
    if isinstance(taken, Problem):
        return taken
    documents = [taken]
    for refund in memo.later:
        if amount := memo.sent[refund.id]:
            out = _money_of(memo, refund, amount, find)
            if not isinstance(out, list):
                return out
            documents += out
    return (*documents, settling(going, memo.owed)) if memo.owed else tuple(documents)


def _money_of(memo: _Memo, refund: Refund, amount: Decimal, find: Finder) -> list[Document] | Needs | Problem:
    payouts = payouts_of(refund, memo.case, find)
    if isinstance(payouts, Needs):
        return payouts
    going = _refunds_going(memo, refund)
    out = cash_out(going, payouts[0].deposit.account, amount, of=CANCELLATION)
    return out if isinstance(out, Problem) else [*transfers_of(going, up_to(payouts, amount)), *out]


def _going(memo: _Memo) -> Going:
    case, days = memo.case, memo.days[CANCELLATION]
    standing = case.facts.stands.get(CANCELLATION)
    rank = 1 + len(case.order.gone_back)
    return Going(
        case=case,
        name=CANCELLATION,
        kind=CANCELLATION,
        id=case.order.id,
        said=f"BigCommerce order {case.order.id} ({memo.sale.number}) was called off.",
        number=standing.number if standing else free_number(case, rank),
        booked=days[""],
        days=days,
        exchange=memo.exchange,
        customer=_customer(case),
        header={name: memo.sale.body[name] for name in _HEADER if name in memo.sale.body},
    )


def _refunds_going(memo: _Memo, refund: Refund) -> Going:
    name = refund_name(refund)
    return Going(
        case=memo.case,
        name=name,
        kind="refund",
        id=refund.id,
        said=refund_of(refund, memo.sale.number),
        number="",
        booked=memo.days[name][CASH],
        days=memo.days[name],
        exchange=memo.exchange,
        customer=_customer(memo.case),
    )


def _customer(case: Case) -> str:
    return case.facts.stands[SALE].customer or case.customer_id


def _does_not_close(whole: Whole, receivable: Receivable) -> Problem:
    return Problem(
        code="cancellation_does_not_close",
        text=f"The order was called off: {whole.total} of its sale is left, its invoice owes {receivable.owed}, and "
        "the difference is not what was sent back.",
        fix="Take it back in QuickBooks by hand, then use `cartledger held ignore`.",
    )

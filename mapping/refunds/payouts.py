"""Which accounts the money of a refund left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.refunds import Refund, RefundPayment
from mapping.case import Case
from mapping.decision import Needs
from mapping.finder import Finder
from mapping.payments.money import Deposit, deposit_of, method_of
from mapping.refunds.pieces import CERTIFICATE, STORE_CREDIT


@dataclass(frozen=True, kw_only=True)
class Payout:
    """Money that left one account (`deposit`), in the order's currency."""

    deposit: Deposit
    amount: Decimal


def unsettled(refund: Refund) -> Problem | None:
    """Why it is not known what went back: some of it was declined, or the payments are not what the refund comes to."""
    declined = sum((each.amount for each in refund.payments if each.declined), ZERO)
    if declined:
        text = f"Of refund {refund.id} {declined} was declined, and {refund.returned} went back."
        fix = "Enter what went back by hand, then use `cartledger held ignore`."
        return Problem(code="refund_partly_declined", text=text, fix=fix)
    if refund.returned != refund.total:
        text = f"Refund {refund.id} comes to {refund.total}, and its payments to {refund.returned}."
        fix = "Enter it by hand, then use `cartledger held ignore`."
        return Problem(code="refund_payments_differ", text=text, fix=fix)
    return None


def money_of(refund: Refund) -> tuple[RefundPayment, ...]:
    """The payments that were money: store credit and certificates are owed instead."""
    return tuple(each for each in refund.paid if each.provider not in (STORE_CREDIT, CERTIFICATE) and each.amount)


def credited(refund: Refund) -> Decimal:
    """What the shop owes instead of having paid it out."""
    return sum((each.amount for each in refund.paid), ZERO) - sum((each.amount for each in money_of(refund)), ZERO)


def payouts_of(refund: Refund, case: Case, find: Finder) -> tuple[Payout, ...] | Needs:
    """By account, the first payment's first; one of nothing where no money left. What the company lacks is reported to
    `find`."""
    paid = money_of(refund)
    if not paid:
        amount = refund.total if not refund.payments else ZERO
        return (Payout(deposit=_deposit(case.order.payment_method, case, find), amount=amount),)
    found: dict[str, Payout] = {}
    for payment in paid:
        method = method_of(payment.provider, case.order, case.facts, case.connection)
        if isinstance(method, Needs):
            return method
        deposit = _deposit(method, case, find)
        before = found.get(deposit.account)
        more = payment.amount + (before.amount if before else ZERO)
        found[deposit.account] = Payout(deposit=before.deposit if before else deposit, amount=more)
    return tuple(found.values())


def up_to(payouts: Sequence[Payout], amount: Decimal) -> tuple[Payout, ...]:
    """The first so much of them; the first account stays, also where nothing left it."""
    found = []
    for payout in payouts:
        part = min(payout.amount, amount)
        amount -= part
        found.append(replace(payout, amount=part))
    return (*found[:1], *(payout for payout in found[1:] if payout.amount))


def _deposit(method: str, case: Case, find: Finder) -> Deposit:
    """The account that the method's money went to, unless all refunds leave another one."""
    order, account = case.order, case.connection.refunds.account_of(case.order.currency)
    return deposit_of(method, order, find, reference=order.payment_reference, refunded_from=account)

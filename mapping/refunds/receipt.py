"""The refund receipt of what went back of a sale that was paid, and the transfers where it left several accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from cartledger.money import cents
from cartledger.refunds import Refund
from mapping.case import Case
from mapping.decision import Document
from mapping.fingerprint import ACCOUNTS, CHARGES
from mapping.header import Tracked
from mapping.lines import line_body
from mapping.payments.money import Deposit
from mapping.refunds.content import Content
from mapping.refunds.on_invoice import Going
from mapping.refunds.payouts import Payout
from mapping.text import clean, cut, note

RECEIPT, TRANSFER = "RefundReceipt", "Transfer"
TRANSFERRED = "-transfer"
"""What is added to the receipt's name for what gives it back money that left another account."""


_CURRENCY = ("CurrencyRef", "ExchangeRate")


def receipt_of(
    refund: Refund, going: Going, content: Content, payouts: Sequence[Payout], tracked: Tracked, words: Sequence[str]
) -> Document:
    """Money out of the first of `payouts`, which gets back by transfers what left the others. `words` go into the
    note."""
    first = payouts[0].deposit
    deposit = first if content.money else Deposit(account=first.account)
    day = going.day()
    said = [going.said, *words, *_paid_by(going.case), *day.words]
    body = {
        "DocNumber": going.number,
        **tracked.fields,
        **going.body(),
        **going.buyer,
        "Line": [line_body(line, "", tracked.line_class) for line in content.lines],
        **content.tax_fields,
        **deposit.fields,
        "PrivateNote": note(said, going.mark()),
    }
    return Document(
        name=going.name,
        entity=RECEIPT,
        body=body,
        number=going.number,
        marker=going.mark(),
        amount=content.money,
        own_day=day.own,
        said={CHARGES: told_of(refund), ACCOUNTS: moves_of(payouts)},
    )


def transfers_of(going: Going, payouts: Sequence[Payout]) -> Iterator[Document]:
    """To the account that the receipt is from, since a receipt has but one."""
    for number, payout in enumerate(payouts[1:], 1):
        part = transfer_part(number)
        source, target = payout.deposit.account, payouts[0].deposit.account
        amount, currency = _moved(going, part, payout.amount, (source, target))
        body = {
            **{name: value for name, value in going.body(part).items() if name not in _CURRENCY},
            **currency,
            "FromAccountRef": {"value": source},
            "ToAccountRef": {"value": target},
            "Amount": amount,
        }
        yield Document(
            name=f"{going.name}{part}",
            entity=TRANSFER,
            body=body,
            number="",
            marker=going.mark(part),
            amount=amount,
            own_day=going.day(part).own,
        )


def transfer_part(number: int) -> str:
    """What is added to the receipt's name for its `number`-th transfer."""
    return TRANSFERRED if number == 1 else f"{TRANSFERRED}-{number}"


def moves_of(payouts: Sequence[Payout]) -> list[list[Any]]:
    """What the transfers move: a receipt that stands remembers it, so that other settings move nothing later."""
    first = payouts[0].deposit.account
    return [[payout.deposit.account, first, payout.amount] for payout in payouts[1:]]


def _moved(going: Going, part: str, amount: Decimal, accounts: Sequence[str]) -> tuple[Decimal, dict[str, Any]]:
    """A transfer is in the currency of its accounts, which may be the company's own for money in another one."""
    company, exchange, day = going.case.company, going.exchange, going.day(part).day
    currencies = {company.accounts_by_id[each].currency for each in accounts if each in company.accounts_by_id}
    if exchange.currency in currencies or not exchange.rates:
        return amount, exchange.fields(day)
    return cents(amount * exchange.rates[day]), {"CurrencyRef": {"value": company.home_currency}}


def told_of(refund: Refund) -> list[Any]:
    """All that the shop says that can make another document of it."""
    return [refund.total, refund.tax, [[each.provider, each.amount] for each in refund.paid]]


def _paid_by(case: Case) -> Iterator[str]:
    if case.order.payment_method:
        yield f"Payment method: {cut(clean(case.order.payment_method), 100)}."
    if case.order.payment_reference:
        yield f"Reference: {cut(clean(case.order.payment_reference), 200)}."

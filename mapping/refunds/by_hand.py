"""Refunds that no document can say: why, and the entry that a person makes instead."""

from __future__ import annotations

from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import cents
from cartledger.refunds import Refund
from mapping.case import Case
from mapping.company import Item


def refusal(refund: Refund, case: Case) -> Problem | None:
    """Why a refund is booked by hand, whatever its order charges for."""
    if cents(refund.total) != refund.total or cents(refund.tax) != refund.tax:
        text = f"comes to {refund.total}, {refund.tax} of it tax; QuickBooks takes two decimals"
        return entered_by_hand("refund_below_a_cent", text, refund, case)
    if refund.tax < 0:
        return entered_by_hand(
            "negative_refund_tax", f"gives back {refund.total} and takes {-refund.tax} tax", refund, case
        )
    if refund.tax > refund.total:
        return entered_by_hand("refund_of_tax", f"gives back {refund.total}, and {refund.tax} tax", refund, case)
    if refund.tax and (not refund.items or refund.tax == refund.total):
        return entered_by_hand("refund_of_tax", f"gives back {refund.tax} tax and nothing else", refund, case)
    if not refund.items:
        return entered_by_hand("refund_without_items", f"gives back {refund.total} and names no items", refund, case)
    return None


def tax_beyond_items(refund: Refund, expected: Decimal, case: Case) -> Problem:
    """More tax than what goes back bears at the rates that the order was taxed at."""
    text = f"gives back {refund.tax} tax, and its items bear {expected}"
    return entered_by_hand("refund_tax_differs", text, refund, case)


def entered_by_hand(code: str, text: str, refund: Refund, case: Case) -> Problem:
    return Problem(
        code=code,
        text=f"Refund {refund.id} {text}.",
        fix=f"Enter it by hand ({_entry(refund, case)}), then use `cartledger held ignore`.",
    )


def _entry(refund: Refund, case: Case) -> str:
    """Debits and credits in the order's currency."""
    order, connection = case.order, case.connection
    account = connection.refunds.account_of(order.currency)
    money = account or connection.payments.of(order.payment_method, order.currency).account or "the clearing account"
    sides = (
        (refund.total - refund.tax, _returns_account(case)),
        (refund.tax, "sales tax"),
        (-refund.total, money),
    )
    debit = [f"debit {name} {amount}" for amount, name in sides if amount > 0]
    credit = [f"credit {name} {-amount}" for amount, name in sides if amount < 0]
    return ", ".join((*debit, *credit))


def _returns_account(case: Case) -> str:
    """The one that refund adjustments are posted to, as QuickBooks calls it."""
    name, company = case.connection.refunds.adjustment_product, case.company
    item = company.item(name) if name else None
    account = company.accounts_by_id.get(item.income_account) if isinstance(item, Item) else None
    return account.name if account else "sales returns"

"""Where an order's money went, payment by payment, and which document it makes of the order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.errors import Problem
from cartledger.money import ZERO, cents
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.case import SALE
from mapping.closing import Booked, booked
from mapping.decision import Fact, Needs
from mapping.facts import Facts
from mapping.finder import Finder
from mapping.payments.applied import applied_in_all
from mapping.payments.paid import is_paid, paid_day
from mapping.text import clean
from mapping.totals import Totals
from mapping.transactions import Transaction, money_in

INVOICE, RECEIPT = "Invoice", "SalesReceipt"
PENDING, AWAITING_PAYMENT = 1, 7

_REFERENCE_LIMIT = 21
_JOINTS = re.compile(r"\s*(?:[,;+&/|]|\band\b)\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Deposit:
    """Where money goes and what it came by: ids of the clearing account and the payment method, and the reference that
    the payment provider gave it; the last two "" where there is none."""

    account: str
    method: str = ""
    reference: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """What a receipt or a payment says of it."""
        reference = clean(self.reference)[:_REFERENCE_LIMIT].rstrip()
        return {
            "DepositToAccountRef": {"value": self.account},
            **({"PaymentMethodRef": {"value": self.method}} if self.method else {}),
            **({"PaymentRefNum": reference} if reference else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Received:
    """One payment that came in, in the order's currency. `booked` is the day that a document of it bears; `method` is
    the shop's name of how; `transaction` its id there, None where the header alone tells of it."""

    amount: Decimal
    booked: Booked
    method: str
    deposit: Deposit
    transaction: int | None = None

    @property
    def day(self) -> date:
        return self.booked.day


@dataclass(frozen=True, kw_only=True)
class Money:
    """What an order's money makes of it: a receipt with its deposit, or an invoice with a payment for each received."""

    entity: str
    deposit: Deposit | None
    received: tuple[Received, ...]

    @property
    def came(self) -> Decimal:
        return _sum(self.received)

    @property
    def payments(self) -> tuple[Received, ...]:
        return self.received if self.entity == INVOICE else ()


def unpaid_rule(order: Order, totals: Totals, connection: Connection, facts: Facts) -> str | None:
    """Why no receipt can be made of the order yet: its money has not come in."""
    sales, due = connection.sales, totals.total_inc - cents(order.tenders)
    if entity_of(connection, facts) == INVOICE or sales.receipt_for_unpaid or due <= 0:
        return None
    if is_paid(order, connection) is not False:
        return None
    when = connection.payments.of(order.payment_method, order.currency).paid_when
    why = {
        "never": f'the method "{order.payment_method}" never counts as paid',
        "status": f'"{order.payment_method}" is paid in payments.paid_statuses, not in {order.status}',
        "captured": f'its payment is "{order.payment_status}"',
    }[when]
    return f"A sales receipt says that the money came in: {why}."


def payment_name(number: int) -> str:
    """What the order's `number`-th payment is called among its documents."""
    return "payment" if number == 1 else f"payment-{number}"


def entity_of(connection: Connection, facts: Facts) -> str:
    """What the settings make of an order; one that stands stays what it is, whatever they say later."""
    if standing := facts.stands.get(SALE):
        return standing.entity
    return RECEIPT if connection.sales.post_as == "sales_receipt" else INVOICE


def decide_money(
    order: Order, total: Decimal, facts: Facts, find: Finder, *, day: date, zone: ZoneInfo
) -> Money | Needs:
    """What came in of `total`, which redeemed tenders are not part of. `day` is the document's.

    What is in the way is reported to `find`: an unknown account, more money than the order comes to.
    """
    if entity_of(find.connection, facts) == INVOICE:
        # What was refunded before anybody paid is not owed any more.
        received = _of_invoice(order, total - applied_in_all(facts.stands), facts, find, zone)
        return received if isinstance(received, Needs) else _invoice(received, facts, find)
    if total <= 0:
        account = deposit_of(order.payment_method, order, find).account
        return Money(entity=RECEIPT, deposit=Deposit(account=account), received=())
    whole = [_whole(order, total, day, find)]
    if SALE in facts.stands:
        seen = money_in(facts.transactions or (), order.currency)
        return _standing_receipt(total, _each(order, seen, find, zone) or whole, facts, find)
    told = _transactions(order, total, facts, find)
    if isinstance(told, Needs):
        return told
    return _receipt(total, _each(order, told, find, zone) or whole, facts, find)


def _of_invoice(
    order: Order, total: Decimal, facts: Facts, find: Finder, zone: ZoneInfo
) -> tuple[Received, ...] | Needs:
    connection = find.connection
    if total <= 0 or not (connection.records_payments or connection.sales.post_as == "sales_receipt"):
        return ()
    told = _transactions(order, total, facts, find)
    if isinstance(told, Needs):
        return told
    if told:
        return tuple(_each(order, told, find, zone))
    if not is_paid(order, connection):
        return ()
    day = paid_day(order, zone, facts, part="payment")
    return day if isinstance(day, Needs) else (_whole(order, total, day, find),)


def _invoice(received: Sequence[Received], facts: Facts, find: Finder) -> Money:
    dated = tuple(_dated(each, payment_name(number), facts, find) for number, each in enumerate(received, 1))
    return Money(entity=INVOICE, deposit=None, received=dated)


def _dated(received: Received, name: str, facts: Facts, find: Finder) -> Received:
    """With the day that its payment bears, which is called `name`."""
    day = booked(
        received.day,
        f"{received.amount} came in on",
        standing=facts.stands.get(name),
        connection=find.connection,
        company=find.company,
        fix="Open the books for that day, or enter sale and payment by hand and ignore the order.",
    )
    if isinstance(day, Booked):
        return replace(received, booked=day)
    find.report(day)
    return received


def _receipt(total: Decimal, received: Sequence[Received], facts: Facts, find: Finder) -> Money:
    """One receipt where all came in, and into one account; else the invoice that can say so, or none."""
    came, deposit = _sum(received), _one_deposit(received)
    if came == total and deposit is not None:
        return Money(entity=RECEIPT, deposit=deposit, received=tuple(received))
    if find.connection.payments.multi_tender == "hold":
        find.report(_in_parts(received, came, total))
    return _invoice(received, facts, find)


def _standing_receipt(total: Decimal, received: Sequence[Received], facts: Facts, find: Finder) -> Money:
    """It stays a receipt, whatever came in since; of another total only where one account got all of it."""
    came, deposit = _sum(received), _one_deposit(received)
    if deposit is None and came == total != facts.stands[SALE].amount:
        find.report(_in_parts(received, came, total))
    return Money(entity=RECEIPT, deposit=deposit or received[0].deposit, received=tuple(received))


def _one_deposit(received: Sequence[Received]) -> Deposit | None:
    """What a receipt of all says of them; None where they went into several accounts."""
    deposits = {each.deposit for each in received}
    if len({deposit.account for deposit in deposits}) > 1:
        return None
    first, methods = received[0].deposit, {deposit.method for deposit in deposits}
    return replace(first, method=first.method if len(methods) == 1 else "")


def _sum(received: Iterable[Received]) -> Decimal:
    return sum((each.amount for each in received), ZERO)


def _transactions(order: Order, total: Decimal, facts: Facts, find: Finder) -> tuple[Transaction, ...] | Needs:
    """The payments as the shop's transactions have them, none where the header tells all."""
    connection = find.connection
    paid = is_paid(order, connection)
    if paid is False:
        return ()
    unsure = _may_be_in_parts(order, paid, connection) or _stands_in_parts(facts, total)
    unsure = unsure or (paid is True and _was_edited(order, total, facts))
    unsure = unsure or (connection.records_refunds and _may_have_been_lessened(order, facts))
    if facts.transactions is None:
        return Needs(fact=Fact.TRANSACTIONS) if unsure else ()
    if not unsure and payment_name(1) in facts.stands:
        # One payment stands for the whole: what is read for another reason does not divide it.
        return ()
    told = money_in(facts.transactions, order.currency)
    came = sum((each.amount for each in told), ZERO)
    if came > total and SALE not in facts.stands:
        find.report(too_much(came, total))
    return told


def _may_be_in_parts(order: Order, paid: bool | None, connection: Connection) -> bool:
    """Whether more than one payment may have come in, or less than the whole.

    How a header shows two payments is not documented; two things are tried. A checkout that was paid in part stays
    Pending, and an order that awaits its payment has not got all of it. A name that no setting lists, made of names
    that one does, is taken for those methods.
    """
    if connection.sales.post_as == "invoice" and order.status_id in (PENDING, AWAITING_PAYMENT):
        return paid is True or order.status_id == PENDING
    return len(_named(order, connection)) > 1


def _may_have_been_lessened(order: Order, facts: Facts) -> bool:
    """Whether a first look may come too late: an order that was edited down shows less than came in, and what was given
    back for it would be booked of what never was."""
    return SALE not in facts.stands and bool(order.gone_back)


def _named(order: Order, connection: Connection) -> list[str]:
    """The methods that the header names, as the settings call them."""
    known = {name.casefold(): name for name in connection.payments.methods}
    names = _JOINTS.split(order.payment_method)
    if order.payment_method.casefold() in known or not any(name.casefold() in known for name in names):
        return [order.payment_method]
    return [known.get(name.casefold(), name) for name in names if name]


def _stands_in_parts(facts: Facts, total: Decimal) -> bool:
    paid = [each for name, each in facts.stands.items() if name.startswith("payment")]
    return bool(paid) and [each.amount for each in paid] != [total]


def _was_edited(order: Order, total: Decimal, facts: Facts) -> bool:
    """Whether an invoice stands that came to something else: what its header says was paid may have been that."""
    standing = facts.stands.get(SALE)
    return standing is not None and standing.amount not in (total, total + cents(order.tenders))


def _whole(order: Order, total: Decimal, day: date, find: Finder) -> Received:
    deposit = deposit_of(order.payment_method, order, find, reference=order.payment_reference)
    return Received(amount=total, booked=Booked(day=day), method=order.payment_method, deposit=deposit)


def _each(order: Order, told: Sequence[Transaction], find: Finder, zone: ZoneInfo) -> list[Received]:
    """One alone is the header's, with the header's reference."""
    methods = _methods(order, told, find.connection)
    alone = order.payment_reference if len(told) == 1 else ""
    return [
        Received(
            amount=each.amount,
            booked=Booked(day=each.moment.astimezone(zone).date()),
            method=methods[each.names],
            deposit=deposit_of(methods[each.names], order, find, reference=alone or each.reference),
            transaction=each.id,
        )
        for each in told
    ]


def _methods(order: Order, told: Sequence[Transaction], connection: Connection) -> Mapping[tuple[str, ...], str]:
    """The method of each, by its names, as the settings call it.

    Transactions do not bear the shop's name of the method. What the settings list under a name that they do bear is
    that; the others are those that the header names, in their order; further ones keep their own name.
    """
    known = {name.casefold(): name for name in connection.payments.methods}
    listed = {each.names: [known[name.casefold()] for name in each.names if name.casefold() in known] for each in told}
    found = {names: methods[0] for names, methods in listed.items() if methods}
    free = [name for name in _named(order, connection) if name not in found.values()]
    for names in listed:
        if names not in found:
            found[names] = free.pop(0) if free else next(iter(names), "")
    return found


def method_of(provider: str, order: Order, facts: Facts, connection: Connection) -> str | Needs:
    """The method by which a payment provider gives money of the order back, as the settings call it: the one that bears
    the provider's name, else the order's own; of several the one that the provider's transactions are of."""
    known = {name.casefold(): name for name in connection.payments.methods}
    if provider.casefold() in known:
        return known[provider.casefold()]
    if facts.transactions is None:
        several = len(_named(order, connection)) > 1 or payment_name(2) in facts.stands
        return Needs(fact=Fact.TRANSACTIONS) if several else order.payment_method
    told = money_in(facts.transactions, order.currency)
    methods = _methods(order, told, connection)
    return next((methods[each.names] for each in told if each.gateway == provider), order.payment_method)


def deposit_of(
    method: str, order: Order, find: Finder, *, reference: str = "", refunded_from: str | None = None
) -> Deposit:
    """Where the money of a method goes; `refunded_from` stands in for the method's own account where it goes back. What
    the company lacks is reported to `find`."""
    mapped = find.connection.payments.of(method, order.currency)
    name, setting = (refunded_from, "refunds.account") if refunded_from else (mapped.account, "payments")
    method = find.payment_method(mapped.method) if mapped.method else ""
    return Deposit(account=find.account(name, order.currency, setting=setting), method=method, reference=reference)


def _in_parts(received: Sequence[Received], came: Decimal, total: Decimal) -> Problem:
    each = ", ".join(f'{one.amount} by "{one.method}"' for one in received)
    text = f"The order comes to {total}, and {came} came in: {each}. A sales receipt has one account for the whole."
    fix = 'Set payments.multi_tender = "invoice", or enter the sale by hand and ignore the order.'
    return Problem(code="several_payments", text=text, fix=fix)


def too_much(came: Decimal, total: Decimal) -> Problem:
    text = f"The shop's transactions say that {came} came in for an order of {total}."
    fix = "Correct the order in BigCommerce, or enter the sale by hand and ignore the order."
    return Problem(code="paid_too_much", text=text, fix=fix)

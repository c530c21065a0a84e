"""Which orders are left out by rule, and which cannot be posted whatever their figures come to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from cartledger.errors import Problem
from cartledger.records import Money3, Order
from cartledger.settings import NUMBER_LENGTH, ORDER_STATUSES, Connection
from mapping.company import Company, TaxMode
from mapping.currency import currency_problems, thousandths
from mapping.decision import Excluded, Held

INCOMPLETE, REFUNDED, PARTIALLY_REFUNDED = 0, 4, 14
MARKETPLACES = frozenset({"amazon", "ebay"})
MIGRATED = "m-mig"

_AMOUNT_LIMIT = Decimal(10) ** 11  # QuickBooks takes 11 digits before the point
_DECIMALS = 10  # the shop prints 4; more than this is no amount
_FIRST_YEAR, _LAST_YEAR = 1990, 9000


def screen(order: Order, connection: Connection, zone: ZoneInfo) -> Excluded | Held | None:
    """What needs no look at the order's money: a rule that leaves it out, or a state in which no sale can be told."""
    if not _FIRST_YEAR <= order.created.year <= _LAST_YEAR:
        text = f"The order is dated {order.created.isoformat()}, which is no day of a sale."
        return Held(problems=(Problem(code="unreadable_field", text=text),))
    if rule := next(_rules(order, connection, day_of(order, zone)), None):
        return Excluded(rule=rule)
    problems = tuple(_open_questions(order))
    return Held(problems=problems) if problems else None


def day_of(order: Order, zone: ZoneInfo) -> date:
    """The day that the order was placed on, in `zone`; only for orders that `screen` lets through."""
    return order.created.astimezone(zone).date()


def unpostable(order: Order, connection: Connection, company: Company, day: date) -> tuple[Problem, ...]:
    """Facts of order and company that no mapping can mend."""
    return (*_company_problems(order, connection, company, day), *_figure_problems(order), *thousandths(order))


def _rules(order: Order, connection: Connection, day: date) -> Iterator[str]:
    if order.archived:
        yield "Archived (deleted) in BigCommerce."
    if day < connection.start_date:
        yield f"Placed on {day}, before start_date {connection.start_date}."
    if order.source.casefold() in MARKETPLACES:
        yield f"Sold on {order.source}: marketplaces settle with books of their own."
    if order.external_source.casefold() == MIGRATED:
        yield f"History migrated from another shop ({order.external_source})."
    if order.status_id == INCOMPLETE:
        yield "Incomplete (0): an abandoned checkout is no sale."
    known = order.status_id in ORDER_STATUSES
    if known and order.status_id not in {*connection.sales.statuses, REFUNDED, PARTIALLY_REFUNDED}:
        yield f"Its status {ORDER_STATUSES[order.status_id]} ({order.status_id}) is not among sales.statuses."


def _open_questions(order: Order) -> Iterator[Problem]:
    if order.status_id not in ORDER_STATUSES:
        yield Problem(
            code="unknown_status",
            text=f'The order has the status {order.status_id} ("{order.status}"), which BigCommerce does not document.',
            fix="Give the order one of the standard statuses.",
        )
    if order.status_id == REFUNDED:
        yield Problem(
            code="refunded",
            text="The order is Refunded (4), and this version records no refunds.",
            fix="Enter sale and refund by hand, then ignore the order.",
        )
    if order.lines_incomplete:
        yield Problem(
            code="lines_missing",
            text=f"The order has {order.items_total} units, and its lines that were read do not hold as many.",
            fix="It is read again when it changes in BigCommerce; if it is gone there, use `cartledger held ignore`.",
        )


def _company_problems(order: Order, connection: Connection, company: Company, day: date) -> Iterator[Problem]:
    yield from currency_problems(order, connection, company)
    if company.book_close_date is not None and day <= company.book_close_date:
        yield Problem(
            code="books_closed",
            text=f"The order is of {day}; the company's books are closed up to {company.book_close_date}.",
            fix="Open the books for that day, or ignore the order.",
        )
    if company.tax_mode in (TaxMode.NONE, TaxMode.UNTAXED) and order.total.tax:
        yield Problem(
            code="sales_tax_off",
            text="The shop charged tax, and the company's sales tax is not set up.",
            fix="Finish the sales tax setup in QuickBooks.",
        )
    if len(connection.number(order.id)) > NUMBER_LENGTH:
        yield Problem(
            code="number_too_long",
            text=f"The number {connection.number(order.id)} is longer than QuickBooks' {NUMBER_LENGTH} characters.",
            fix="Shorten sales.number_prefix.",
        )


def _figure_problems(order: Order) -> Iterator[Problem]:
    if not order.lines:
        yield Problem(code="no_lines", text="The order has no lines.", fix="Enter the sale by hand if it is one.")
    if not all(_is_amount(amount) for amount in _amounts(order)):
        text = "The order has an amount with more digits than QuickBooks takes."
        yield Problem(code="amount_out_of_range", text=text, fix="Correct the order in BigCommerce.")
    if any(amount < 0 for amount in _charged(order)):
        text = "The order has a negative amount, which a sale cannot have."
        yield Problem(code="negative_amount", text=text, fix="Correct the order in BigCommerce, or enter it by hand.")
    for line in order.lines:
        if line.quantity == 0 and line.total != Money3():
            text = f'The line "{line.name}" has an amount and no quantity.'
            yield Problem(code="no_quantity", text=text, fix="Correct the order in BigCommerce.")
        if line.is_gift_certificate and line.total.tax:
            text = f'The gift certificate "{line.name}" bears tax; selling one is not a taxed sale.'
            yield Problem(code="taxed_certificate", text=text, fix="Correct the order in BigCommerce.")


def _is_amount(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    return amount.copy_abs() < _AMOUNT_LIMIT and isinstance(exponent, int) and exponent >= -_DECIMALS


def _amounts(order: Order) -> Iterator[Decimal]:
    yield from (order.total.ex, order.total.inc)
    yield from _charged(order)


def _charged(order: Order) -> Iterator[Decimal]:
    """All but the totals, which may be printed after redeemed tenders: net of tax they may then be below zero."""
    charges = [order.subtotal, order.shipping, order.handling, order.wrapping]
    charges += [line.total for line in order.lines] + [fee.amount for fee in order.fees]
    for charge in charges:
        yield from (charge.ex, charge.inc, charge.tax)
    yield from (order.total.tax, order.discount, order.coupon, order.store_credit, order.gift_certificate)
    for line in order.lines:
        yield line.quantity
        yield from (discount.amount for discount in line.discounts)

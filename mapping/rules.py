"""Which orders are left out by rule, and which cannot be posted whatever their figures come to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from cartledger.errors import Problem
from cartledger.money import cents
from cartledger.records import Money3, Order
from cartledger.settings import NUMBER_LENGTH, ORDER_STATUSES, Connection
from mapping.company import Company, TaxMode
from mapping.currency import currency_problems, thousandths
from mapping.decision import Excluded, Held, Needs
from mapping.facts import Facts
from mapping.payments.paid import is_paid, paid_day
from mapping.totals import Totals, read_totals

INCOMPLETE, REFUNDED, CANCELLED, DECLINED, PARTIALLY_REFUNDED = 0, 4, 5, 6, 14
SHIPPED = frozenset({2, 10})  # Shipped, Completed
MARKETPLACES = frozenset({"amazon", "ebay"})
MIGRATED = "m-mig"
TEST = "test"

_TEST_GATEWAY = "test payment gateway"
_NOT_SHIPPED = frozenset({"digital", "giftcertificate"})
_AMOUNT_LIMIT = Decimal(10) ** 11  # QuickBooks takes 11 digits before the point
_DECIMALS = 10  # the shop prints 4; more than this is no amount
_FIRST_YEAR, _LAST_YEAR = 1990, 9000


def screen(order: Order, connection: Connection, zone: ZoneInfo, facts: Facts) -> date | Excluded | Held | Needs:
    """The order's own day, or what needs no look at its money: a rule that leaves it out, or a
    state in which no sale can be told."""
    for moment in (order.created, order.shipped or order.created):
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            text = f"The order is dated {moment.isoformat()}, which is no day of a sale."
            return Held(problems=(Problem(code="unreadable_field", text=text),))
    if rule := next(_rules(order, connection), None):
        return Excluded(rule=rule)
    day = _document_day(order, connection, zone, facts)
    if not isinstance(day, date):
        return day
    if day < connection.start_date and not _stands(facts):
        verb = _VERBS[connection.sales.document_date]
        return Excluded(rule=f"{verb} on {day}, before start_date {connection.start_date}.", early=True)
    problems = tuple(_open_questions(order, connection))
    return Held(problems=problems) if problems else day


_VERBS = {"created": "Placed", "shipped": "Shipped", "paid": "Paid"}


def _document_day(order: Order, connection: Connection, zone: ZoneInfo, facts: Facts) -> date | Excluded | Held | Needs:
    """An order that waits for its day comes again as a new version; a document that stands keeps the one it has."""
    match connection.sales.document_date:
        case "shipped" if _needs_shipping(order) and not _stands(facts):
            return _shipping_day(order, zone)
        case "paid" if _is_due(order) and not _stands(facts):
            if _is_unpaid(order, connection):
                return Excluded(rule="Not paid yet: documents bear the day of payment (sales.document_date).")
            return paid_day(order, zone, facts, part="document")
        case _:
            return order.created.astimezone(zone).date()


def _stands(facts: Facts) -> bool:
    return "document" in facts.stands


def _needs_shipping(order: Order) -> bool:
    """What needs no shipping is there when it is ordered."""
    return any(line.type not in _NOT_SHIPPED for line in order.lines)


def _is_due(order: Order) -> bool:
    """Whether redeemed certificates and store credit left anything to pay. What is free is paid when it is ordered."""
    totals = None if any(_figure_problems(order)) else read_totals(order)
    return not isinstance(totals, Totals) or totals.total_inc != cents(order.tenders)


def _is_unpaid(order: Order, connection: Connection) -> bool:
    """A receipt says of itself that money came in, where nothing speaks against it."""
    paid = is_paid(order, connection)
    return paid is False or (paid is None and connection.sales.post_as == "invoice")


def _shipping_day(order: Order, zone: ZoneInfo) -> date | Excluded | Held:
    if order.shipped is not None:
        return order.shipped.astimezone(zone).date()
    if order.status_id in SHIPPED:
        text = f"The order is {ORDER_STATUSES[order.status_id]}, and BigCommerce does not say when it was shipped."
        fix = 'Enter the sale by hand, or set sales.document_date = "created".'
        return Held(problems=(Problem(code="no_shipping_day", text=text, fix=fix),))
    return Excluded(rule="Not shipped yet: documents bear the day of shipping (sales.document_date).")


def unpostable(order: Order, connection: Connection, company: Company) -> tuple[Problem, ...]:
    """Facts of order and company that no mapping can mend."""
    figures = tuple(_figure_problems(order)) or thousandths(order)
    return (*_company_problems(order, connection, company), *figures)


def _rules(order: Order, connection: Connection) -> Iterator[str]:
    if order.archived:
        yield "Archived (deleted) in BigCommerce."
    yield from _source_rules(order, connection)
    if order.status_id == INCOMPLETE:
        yield "Incomplete (0): an abandoned checkout is no sale."
    known = order.status_id in ORDER_STATUSES
    if known and order.status_id not in {*connection.sales.statuses, REFUNDED, PARTIALLY_REFUNDED}:
        yield f"Its status {ORDER_STATUSES[order.status_id]} ({order.status_id}) is not among sales.statuses."


def _source_rules(order: Order, connection: Connection) -> Iterator[str]:
    sources, named = _sources(order), connection.sales.sources
    if named is not None:
        yield from (f'Its source "{source}" is not among sales.sources.' for source in sorted(sources - set(named)))
        return
    if order.source.casefold() in MARKETPLACES:
        yield f"Sold on {order.source}: marketplaces settle with books of their own."
    if MIGRATED in sources:
        yield f"History migrated from another shop ({order.external_source})."
    if TEST in sources:
        yield f"A test order ({order.payment_method}): no money moved."


def _sources(order: Order) -> set[str]:
    """Where the order came from; what is migrated, or a test, is that before all else."""
    special = {MIGRATED} if order.external_source.casefold() == MIGRATED else set()
    special |= {TEST} if order.payment_method.casefold() == _TEST_GATEWAY else set()
    return special or {order.source.casefold()}


def _open_questions(order: Order, connection: Connection) -> Iterator[Problem]:
    if order.status_id not in ORDER_STATUSES:
        yield Problem(
            code="unknown_status",
            text=f'The order has the status {order.status_id} ("{order.status}"), which BigCommerce does not document.',
            fix="Give the order one of the standard statuses.",
        )
    if problem := _refunded(order, connection):
        yield problem
    if order.lines_incomplete:
        yield Problem(
            code="lines_missing",
            text=f"The order has {order.items_total} units, and its lines that were read do not hold as many.",
            fix="It is read again when it changes in BigCommerce; if it is gone there, use `cartledger held ignore`.",
        )


def _refunded(order: Order, connection: Connection) -> Problem | None:
    """Why a status that says that something went back tells of no sale: what it was is not known."""
    if not connection.records_refunds:
        text = "The order is Refunded (4), and the workflow refunds is off."
        fix = "Enter sale and refund by hand, then ignore the order."
        return Problem(code="refunded", text=text, fix=fix) if order.status_id == REFUNDED else None
    if order.gone_back or order.status_id not in {REFUNDED, PARTIALLY_REFUNDED} & {*connection.refunds.statuses}:
        return None
    what = "all refunds of it were declined" if order.refunds else "the shop has no refund of it"
    return Problem(
        code="refunded_without_refunds",
        text=f"The order is {ORDER_STATUSES[order.status_id]} ({order.status_id}), and {what}.",
        fix="Refund it in BigCommerce, or give it back its status; else book by hand what went back and use "
        "`cartledger held ignore`.",
    )


def _company_problems(order: Order, connection: Connection, company: Company) -> Iterator[Problem]:
    yield from currency_problems(order, connection, company)
    if company.tax_mode in (TaxMode.NONE, TaxMode.UNTAXED) and order.total.tax:
        yield Problem(
            code="sales_tax_off",
            text="The shop charged tax, and the company's sales tax is not set up.",
            fix="Finish the sales tax setup in QuickBooks.",
        )
    if not connection.sales.automatic_numbers and len(connection.number(order.id)) > NUMBER_LENGTH:
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
    if (least := min(_charged(order))) < 0:
        text = f"The order has the amount {least:.6g}, and nothing of a sale can be below 0."
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

"""What recent orders would become, and what that says of the settings. Nothing is posted, made or remembered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Order, OrderLine
from cartledger.settings import Connection
from mapping.case import Case
from mapping.checks.findings import Finding, note, warning
from mapping.company import Company
from mapping.decision import Decision, Excluded, Fact, Held, Post
from mapping.facts import Facts
from mapping.life import decide_life

_LARGE_ENOUGH = 10
"""From this amount on, tax over price tells the percent; that of a smaller line is mostly rounding."""
_OF_ORDERS = frozenset(
    {"blank_sku", "no_item", "inactive_item", "ambiguous_item", "bundle_item", "unmapped_tax"}
    | {"no_generic_customer", "inactive_generic_customer", "generic_customer_currency"}
)
"""Causes that an order has by itself, whatever the settings lack besides."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One order as it would be decided. `order` is None where it cannot be read, `decision` where that was not found
    out, since facts of it would have had to be read."""

    id: int
    order: Order | None
    decision: Post | Held | Excluded | None


def try_order(
    order: Order,
    facts: Facts,
    *,
    connection: Connection,
    company: Company,
    zone: ZoneInfo,
    restocks: bool | None = None,
) -> Decision:
    """As `decide_life` before the customer exists, as if the order came today with all that went back of it since: that
    it was placed before start_date, or in a time whose books are closed, says nothing of the orders to come. Nor do the
    days and parts of its payments, so transactions are not read: those of one order tell nothing of another.
    `restocks` is what the store says of all."""
    return decide_life(
        Case(
            order=order,
            connection=connection.model_copy(update={"start_date": date.min}),
            company=replace(company, book_close_date=None),
            zone=zone,
            customer_id="",
            facts=replace(facts, transactions=(), restocks=restocks),
        )
    )


def without_customer(tried: Sequence[Tried], missing: Mapping[str, Problem]) -> list[Tried]:
    """Held where there is no customer for all in the order's currency: `missing` says why, by currency."""
    return [
        replace(one, decision=Held(problems=(missing[one.order.currency],)))
        if one.order is not None and isinstance(one.decision, Post) and one.order.currency in missing
        else one
        for one in tried
    ]


def alike(order: Order, fact: Fact) -> Hashable:
    """What the orders have in common of which that fact, read of one of them, tells enough. What went back of one is
    nothing that went back of another."""
    if order.refunds:
        return order.id
    if fact is Fact.TAXES:
        return taxed_alike(order)
    return fact, order.currency, "" if fact is Fact.EXCHANGE_RATES else (order.payment_method, order.payment_status)


def taxed_alike(order: Order) -> Hashable:
    """Where it goes, at about which rates its lines are taxed, in whole percents, and what else is."""
    address, else_taxed = order.ship_to or order.billing, (order.shipping.tax > 0, order.total.tax > 0)
    return address.country_iso2, address.state, _percents(order), else_taxed


def _percents(order: Order) -> frozenset[int]:
    taxed = [(line.total.tax, _paid(line, order)) for line in order.lines if line.total.tax]
    large = [(tax, paid) for tax, paid in taxed if paid >= _LARGE_ENOUGH]
    return frozenset(round(100 * tax / paid) for tax, paid in large or taxed if paid > 0)


def _paid(line: OrderLine, order: Order) -> Decimal:
    """For the line without tax, about: discounts of shops whose prices are with tax have it in them."""
    off = sum((discount.amount for discount in line.discounts), ZERO)
    gross = order.inclusive_hint and line.total.inc
    return line.total.ex - (off * line.total.ex / line.total.inc if gross else off)


def report(
    tried: Sequence[Tried], *, known: Iterable[Finding], connection: Connection, zone: ZoneInfo
) -> list[Finding]:
    """What the trial says, grouped by cause. `known` was found in the settings and is not said again."""
    causes = {finding.code for finding in known} - _OF_ORDERS
    texts = [finding.text.casefold() for finding in known]

    def is_known(problem: Problem) -> bool:
        return problem.code in causes or any(problem.text.casefold().endswith(text) for text in texts)

    return [
        *_held(tried, is_known),
        *_unmapped_methods(tried),
        *_new_items(tried, connection),
        *_left_out(tried),
        *_summary(tried, connection, zone),
    ]


def _held(tried: Sequence[Tried], is_known: Callable[[Problem], bool]) -> Iterator[Finding]:
    groups: defaultdict[tuple[str, str], dict[int, Problem]] = defaultdict(dict)
    for one in tried:
        for problem in _problems(one):
            if not is_known(problem):
                groups[problem.code, problem.fix].setdefault(one.id, problem)
    for (code, fix), problems in groups.items():
        example, problem = next(iter(problems.items()))
        yield warning(code, f"{_share(tried, len(problems), example)} would be held: {problem.text}", fix)


def _problems(tried: Tried) -> tuple[Problem, ...]:
    """Why it would be held, also once what can be booked of it stands."""
    return tried.decision.problems if isinstance(tried.decision, Held | Post) else ()


def _unmapped_methods(tried: Sequence[Tried]) -> Iterator[Finding]:
    groups: defaultdict[str, dict[int, Problem]] = defaultdict(dict)
    for one in tried:
        for notice in one.decision.notices if isinstance(one.decision, Post) else ():
            if notice.code == "unmapped_method":
                groups[notice.text][one.id] = notice
    for text, notices in groups.items():
        fix = "Add it to payments.methods, with its account (`cartledger methods` shows all)."
        yield warning("unmapped_method", f"{_share(tried, len(notices), next(iter(notices)))}: {text}", fix)


def _new_items(tried: Sequence[Tried], connection: Connection) -> Iterator[Finding]:
    """Of orders that are alike the items of one are known."""
    wanted = [product for one in tried if isinstance(one.decision, Post) for product in one.decision.wants]
    if not wanted:
        return
    count = len({product.key for product in wanted})
    items = "one item" if count == 1 else f"{count} items"
    yield note("new_items", f"At least {items} that QuickBooks does not have would be made ({wanted[0].sku} for one).")
    for section, tracks in (("inventory_accounts", "tracks"), ("noninventory_accounts", "does not track")):
        if getattr(connection.products, section) is None:
            text = f"products.{section} is not set: orders of new products whose stock the shop {tracks} would be held."
            yield warning(f"no_{section}", text, f"Set products.{section}, or make the items in QuickBooks.")


def _left_out(tried: Sequence[Tried]) -> Iterator[Finding]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for one in tried:
        if isinstance(one.decision, Excluded):
            groups[one.decision.rule].append(one.id)
    for rule, ids in groups.items():
        yield note("left_out", f"{_share(tried, len(ids), ids[0])} would be left out: {rule}")


def _summary(tried: Sequence[Tried], connection: Connection, zone: ZoneInfo) -> Iterator[Finding]:
    if not tried:
        yield note("trial", "The shop has no orders that could be tried.")
        return
    decided, held = sum(one.decision is not None for one in tried), sum(bool(_problems(one)) for one in tried)
    left = sum(isinstance(one.decision, Excluded) for one in tried)
    posted, unknown = decided - held - left, len(tried) - decided
    open_ends = f" (not found out: {unknown})" if unknown else ""
    text = f"Of the last {len(tried)} orders {posted} would be posted, {held} held, {left} left out{open_ends}."
    early = sum(one.order is not None and is_early(one.order, connection, zone) for one in tried)
    before = f" Placed before start_date {connection.start_date}, and tried all the same: {early}." if early else ""
    yield note("trial", text + before)


def is_early(order: Order, connection: Connection, zone: ZoneInfo) -> bool:
    """Whether it was placed before start_date, so that it is never posted."""
    return order.created.astimezone(zone).date() < connection.start_date


def _share(tried: Sequence[Tried], count: int, example: int) -> str:
    if count == 1:
        return f"One of the last {len(tried)} orders ({example})"
    return f"{count} of the last {len(tried)} orders ({example} for one)"

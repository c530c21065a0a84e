"""The taxes that a shop's recent orders bear, and the QuickBooks tax code that each becomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from cartledger.money import ZERO
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.company import Company, TaxCode, TaxMode, fold
from mapping.tax.rows import OrderTax
from mapping.tax.tax_map import TaxMap, read_tax_map

_TAXED_BY_STATE = frozenset({"us", "ca"})
_OF_SALES = frozenset({"20.0% s", "5.0% r", "0.0% z", "gst", "gst free", "zero-rated"})
"""QuickBooks' own names for ordinary sales in the UK, Australia and Canada; codes of the same rates are for reverse
charges, exempt goods and the like."""


@dataclass(frozen=True, kw_only=True)
class Tax:
    """One tax by the shop's names; `rate` in percent."""

    name: str
    class_name: str
    rate: Decimal


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Taxes charged together on orders to one place ("GB", "CA-Quebec"); none at all on lines without tax.

    `code` is the name of the QuickBooks tax code that they become, "" where there is none; `by_rate` that their rate
    tells it and no row of tax.map.
    """

    taxes: tuple[Tax, ...]
    place: str
    orders: int
    example: int
    code: str
    by_rate: bool

    @property
    def rate(self) -> Decimal:
        return sum((tax.rate for tax in self.taxes), ZERO)


def needs_map(company: Company) -> bool:
    """Whether tax.map decides anything in this company."""
    return company.tax_mode in (TaxMode.PLAIN, TaxMode.PER_LINE)


def taxes_seen(
    samples: Iterable[tuple[Sequence[Order], Sequence[OrderTax]]], connection: Connection, company: Company
) -> list[Seen]:
    """Of each sample: orders that are taxed alike, and the tax rows of the first. Most frequent first."""
    together: defaultdict[Hashable, list[Seen]] = defaultdict(list)
    for orders, rows in samples:
        for seen in _seen(orders, rows, connection, company):
            together[seen.taxes, seen.place, seen.code].append(seen)
    every = [replace(same[0], orders=sum(one.orders for one in same)) for same in together.values()]
    return sorted(every, key=lambda one: -one.orders)


def rows_to_add(seen: Sequence[Seen], connection: Connection, company: Company) -> dict[str, str]:
    """The rows that tax.map lacks: key and tax code, or what code to look for."""
    rows: dict[str, str] = {}
    taken = {fold(row) for row in connection.tax.map}
    for one in seen:
        if not one.code:
            value = _code_to_name(one, company)
            key = next(key for key in _keys(one, seen, connection, company) if rows.get(key, value) == value)
            if fold(key) not in taken:
                rows[key] = value
    return rows


def _seen(
    orders: Sequence[Order], rows: Sequence[OrderTax], connection: Connection, company: Company
) -> Iterator[Seen]:
    order = orders[0]
    table, _ = read_tax_map(connection, company, order)
    charged: defaultdict[Hashable, dict[Tax, OrderTax]] = defaultdict(dict)
    for row in rows:
        tax = Tax(name=row.name, class_name=row.class_name, rate=row.rate)
        charged[row.line_item_type, row.order_product_id][tax] = row
    for taxes, same in {tuple(found): tuple(found.values()) for found in charged.values()}.items():
        code, by_rate = _code(same, table, company)
        yield Seen(
            taxes=taxes,
            place=_place(order),
            orders=len(orders),
            example=order.id,
            code=code.name if code else "",
            by_rate=by_rate,
        )
    untaxed = [each for each in orders if _has_untaxed_line(each)]
    if untaxed and company.tax_mode is TaxMode.PER_LINE:
        code = table.untaxed(())
        yield Seen(
            taxes=(),
            place=_place(order),
            orders=len(untaxed),
            example=untaxed[0].id,
            code=code.name if code else "",
            by_rate=False,
        )


def _has_untaxed_line(order: Order) -> bool:
    return any(line.total.ex and not line.total.tax and not line.is_gift_certificate for line in order.lines)


def _place(order: Order) -> str:
    address = order.ship_to or order.billing
    country = address.country_iso2.upper()
    return f"{country}-{address.state}" if fold(country) in _TAXED_BY_STATE and address.state else country


def _code(rows: Sequence[OrderTax], table: TaxMap, company: Company) -> tuple[TaxCode | None, bool]:
    """As an order's decision finds it: by the rows of tax.map, else the one code of that rate."""
    rate = sum((row.rate for row in rows), ZERO)
    if not rate:
        return table.untaxed(rows), False
    if named := _named(rows, rate, table, company):
        return named, False
    fitting = [code for code in table.charging if code.percent == rate]
    return (fitting[0], True) if len(fitting) == 1 else (None, False)


def _named(rows: Sequence[OrderTax], rate: Decimal, table: TaxMap, company: Company) -> TaxCode | None:
    """On a document with one code all its taxes have to lead there; elsewhere one of those charged together is enough,
    if the code has the rate of them all."""
    if company.tax_mode is TaxMode.PLAIN:
        each = {next(table.named(row), None) for row in rows}
        return each.pop() if len(each) == 1 else None
    return next((code for row in rows for code in table.named(row) if code.percent == rate), None)


def _keys(one: Seen, seen: Sequence[Seen], connection: Connection, company: Company) -> Iterator[str]:
    """What a row for it may be called, best first: by a name that no row has and that means nothing else there. The
    last is made up, since the code's rate tells then."""
    if not one.taxes:
        yield from (connection.tax.WITHOUT, f"{connection.tax.WITHOUT} @ {one.place}")
        return
    taken = {fold(row) for row in connection.tax.map}
    others = [each for each in seen if each.rate != one.rate]
    names = sorted((tax.name for tax in one.taxes), key=lambda name: _times(name, others))
    yield from (name for name in names if fold(name) not in taken)
    if company.tax_mode is TaxMode.PER_LINE:
        here = [each for each in others if each.place == one.place]
        placed = (f"{name} @ {one.place}" for name in names if not _times(name, here))
        yield from (key for key in placed if fold(key) not in taken)
    yield f"{' and '.join(names)} {one.rate.normalize():f} %"


def _times(name: str, seen: Sequence[Seen]) -> int:
    return sum(name == tax.name for each in seen for tax in each.taxes)


def _code_to_name(one: Seen, company: Company) -> str:
    """The company's one code of that rate, of several the one that sales usually bear, else what to look for."""
    codes = {code.id: code for found in company.tax_codes.values() for code in found if code.active}
    fitting = [code.name for code in codes.values() if (code.percent == one.rate if one.rate else code.zero)]
    usual = fitting if len(fitting) == 1 else [name for name in fitting if fold(name) in _OF_SALES]
    return usual[0] if len(usual) == 1 else f"your tax code of {one.rate.normalize():f} %"

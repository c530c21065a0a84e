"""An order read for its money, for the documents of its sale and of what went back of it alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import split
from cartledger.records import Order
from mapping.bill import Bill, read_bill
from mapping.bundles import settle_bundles
from mapping.charges import charges_of
from mapping.company import TaxCode, TaxMode
from mapping.decision import Held, Needs
from mapping.discount import net_shares, nets
from mapping.facts import Facts
from mapping.finder import Finder
from mapping.item import Product
from mapping.tax.coding import Coding, no_coding, us_coding
from mapping.tax.line_codes import code_charges
from mapping.tax.us import Taxed, decide_code, unusable_code
from mapping.totals import Totals, read_totals


@dataclass(frozen=True, kw_only=True)
class Priced:
    """What an order charges for, and of each charge its code and what was paid for it without tax. `problems` are what
    is missing for some of the charges, `wanted` the products that have no item yet."""

    bill: Bill
    coding: Coding
    nets: tuple[Decimal, ...]
    problems: tuple[Problem, ...]
    wanted: tuple[Product, ...]


def price_order(order: Order, facts: Facts, find: Finder) -> Priced | Needs | None:
    """None where the order's figures cannot be told; why is reported to `find`."""
    read = read_figures(order, find)
    bill = read_bill(*read, find) if read else None
    if bill is None:
        return None
    coding = code_bill(bill, facts, find)
    if isinstance(coding, Needs):
        return coding
    return Priced(bill=bill, coding=coding, nets=tuple(_paid_nets(bill)), problems=find.problems, wanted=find.wanted)


def read_figures(order: Order, find: Finder) -> tuple[Order, Totals] | None:
    """The order with the money of its bundles where it counts, and its totals; None where they do not close. All that
    is in the way is reported to `find` in one look."""
    order = settle_bundles(order)
    totals = read_totals(order)
    if isinstance(totals, Problem):
        find.report(totals)
        charges_of(order, find)
        return None
    return order, totals


def code_bill(bill: Bill, facts: Facts, find: Finder) -> Coding | Needs:
    """The code of each charge."""
    if find.company.tax_mode is TaxMode.PER_LINE:
        return code_charges(bill, facts.taxes, find)
    return no_coding(bill) if find.company.tax_mode is TaxMode.UNTAXED else us_coding(bill)


def us_code(bill: Bill, facts: Facts, find: Finder) -> TaxCode | Needs | Held:
    """The one code of the order's taxed documents in a US company."""
    place = (bill.order.ship_to or bill.order.billing).country_iso2.upper()
    code = decide_code(list(_taxed(bill)), facts.taxes, find.connection.tax.map, find.company, place=place)
    if not isinstance(code, TaxCode):
        return code
    unusable = unusable_code(code, find.company)
    return Held(problems=(unusable,)) if unusable else code


def _paid_nets(bill: Bill) -> list[Decimal]:
    """What was paid for each charge without tax, the discount taken off as the sale's lines have it where the shop does
    not say how it falls."""
    told = [bill.paid_net(i) for i in range(len(bill.charges))]
    known = [net for net in told if net is not None]
    if len(known) == len(told):
        return known
    amounts = nets(bill.charges, bill.discount.shares, bill.totals)
    off = split(bill.discount.total, net_shares(amounts, bill.discount, bill.charges, bill.totals))
    return [amount - share for amount, share in zip(amounts, off, strict=True)]


def _taxed(bill: Bill) -> Iterator[Taxed]:
    for i, charge in enumerate(bill.charges):
        if charge.taxed:
            yield Taxed(net=bill.paid_net(i), tax=charge.printed.tax)

"""What one refund says: its lines, its tax and its tenders, for a refund receipt and a credit memo alike.

The shop's total and tax are what is booked. Its items say what that is of; what they do not come to stands on a line of
its own, without tax, so that nothing is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import CENT, ZERO, split
from cartledger.refunds import Refund
from mapping.case import Case
from mapping.charges import ONE
from mapping.company import TaxMode, TaxRate
from mapping.decision import Fact, Held, Needs
from mapping.finder import Finder
from mapping.lines import Line
from mapping.pricing import Priced
from mapping.refunds.by_hand import refusal, tax_beyond_items
from mapping.refunds.pieces import Piece, adjustment, credit_of, goods_of, loose_of, no_supply
from mapping.refunds.shares import parts_of
from mapping.tax.fields import tax_fields
from mapping.tax.rates import Taxes

_FEW = Decimal("0.05")
"""What rounding may leave between a refund and its items: it goes onto their lines."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """One refund in the order's currency. `total` is with `tax`; `credit` is what of it became store credit or gift
    certificates, which are the negative ones of `lines`. `tax_fields` stand in the document's body."""

    lines: tuple[Line, ...]
    tax_fields: dict[str, Any]
    total: Decimal
    tax: Decimal
    credit: Decimal
    notices: tuple[Problem, ...]

    @property
    def money(self) -> Decimal:
        """What left an account, and what the document comes to."""
        return self.total - self.credit


def refund_content(refund: Refund, priced: Priced, case: Case, find: Finder) -> Content | Needs | None:
    """None where the refund cannot be booked; why is reported to `find`. `priced` is the refund's order."""
    if problem := refusal(refund, case):
        find.report(problem)
        return None
    restock = _restocks(case)
    if isinstance(restock, Needs):
        return restock
    before = [each for each in case.order.refunds if each.id < refund.id and not each.declined]
    goods = list(goods_of(parts_of(refund, before, priced.bill), priced, find, restock=restock))
    taxed = _with_its_tax(goods, refund, priced, case, find)
    pieces, notices = _with_its_total([*taxed, *loose_of(refund, priced, find)], refund, priced, find)
    credit = tuple(credit_of(refund, priced, find))
    if find.problems:
        return None
    lines = (*(piece.line for piece in pieces), *credit)
    fields = tax_fields(lines, _taxes(pieces, refund), priced.bill, find, case.facts)
    if isinstance(fields, Needs):
        return fields
    if isinstance(fields, Held):
        for problem in fields.problems:
            find.report(problem)
        return None
    return Content(
        lines=lines,
        tax_fields=fields,
        total=refund.total,
        tax=refund.tax,
        credit=-sum((line.amount for line in credit), ZERO),
        notices=notices,
    )


def _restocks(case: Case) -> bool | Needs:
    setting = case.connection.refunds.restock
    if setting != "shop":
        return setting == "always"
    return Needs(fact=Fact.RESTOCKS) if case.facts.restocks is None else case.facts.restocks


def _with_its_tax(pieces: Sequence[Piece], refund: Refund, priced: Priced, case: Case, find: Finder) -> list[Piece]:
    """The pieces with so much taxed as bears the refund's tax, which somebody may have typed in: all of them, a part,
    or nothing."""
    expected = sum((piece.tax for piece in pieces), ZERO)
    slack = CENT * (ONE + sum((piece.things for piece in pieces if piece.tax), ZERO))
    if refund.tax > expected + slack or (refund.tax and not expected):
        find.report(tax_beyond_items(refund, expected, case))
        return list(pieces)
    if refund.tax == 0:
        # An automated US company works out the tax of taxable lines itself where none is sent.
        us = find.company.tax_mode is not TaxMode.PER_LINE
        bare = us or expected > slack
        return [piece.without_tax(no_supply(priced, find)) if bare and (us or piece.tax) else piece for piece in pieces]
    if refund.tax < expected - slack:
        return [piece.scaled(refund.tax / expected) if piece.tax else piece for piece in pieces]
    return list(pieces)


def _with_its_total(
    pieces: Sequence[Piece], refund: Refund, priced: Priced, find: Finder
) -> tuple[list[Piece], tuple[Problem, ...]]:
    """The pieces with what the refund comes to beside them: few cents go onto lines, more stands on its own."""
    off = refund.total - refund.tax - sum((piece.line.amount for piece in pieces), ZERO)
    if pieces and abs(off) <= _FEW:
        return [piece.plus(share) for piece, share in zip(pieces, split(off, _weights(pieces)), strict=True)], ()
    why = "Adjusted in the shop" if refund.overridden else "Difference from what was paid for the items"
    text = (
        f"Refund {refund.id} comes to {abs(off)} {'more' if off > 0 else 'less'} than was paid for what it names; "
        "that stands on a line of its own."
    )
    return [*pieces, adjustment(off, why, priced, find)], (Problem(code="refund_adjusted", text=text),)


def _weights(pieces: Sequence[Piece]) -> list[Decimal]:
    """By which cents that are left over fall on the pieces: on those of which the shop says the least."""
    least = min((piece.told for piece in pieces if piece.line.amount > 0), default=None)
    return [piece.line.amount if piece.told is least and piece.line.amount > 0 else ZERO for piece in pieces]


def _taxes(pieces: Sequence[Piece], refund: Refund) -> Taxes:
    by_rate: dict[TaxRate, Decimal] = {}
    things: dict[TaxRate, Decimal] = {}
    for piece in pieces:
        for rate, tax in zip(piece.line.code.rates, piece.taxes, strict=True):
            by_rate[rate] = by_rate.get(rate, ZERO) + tax
            # A share of a rounded tax is rounded once more.
            things[rate] = things.get(rate, ONE) + piece.things
    return Taxes(total=refund.tax, by_rate=by_rate, things=things)

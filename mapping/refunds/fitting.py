"""Makes the lines of a refund come to what it says: its tax and its total are the shop's, or somebody's who typed them
in, and need not be what was paid for the things that it names."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import CENT, ZERO, split
from cartledger.refunds import Refund
from mapping.case import Case
from mapping.charges import ONE
from mapping.company import TaxMode
from mapping.finder import Finder
from mapping.pricing import Priced
from mapping.refunds.by_hand import tax_beyond_items
from mapping.refunds.pieces import Piece, adjustment, loose_of, no_supply, taxed_amount

_FEW = Decimal("0.05")
"""What rounding may leave between a refund and its items: it goes onto their lines."""

Fitted = tuple[list[Piece], tuple[Problem, ...]]
"""Pieces that sum to the refund, and what a person should know of them."""


def fit(goods: Sequence[Piece], refund: Refund, priced: Priced, case: Case, find: Finder) -> Fitted:
    """`goods` as the order charged for them, and what else it takes. What cannot be is reported to `find`."""
    expected = sum((piece.tax for piece in goods), ZERO)
    slack = CENT * (ONE + sum((piece.things for piece in goods if piece.tax), ZERO))
    beyond = refund.tax - expected
    if beyond > slack or (refund.tax and not expected):
        amount = taxed_amount(_left(goods, refund), beyond, priced, find, slack=slack + CENT)
        if amount is not None:
            return [*goods, amount], ()
        find.report(tax_beyond_items(refund, expected, case))
        return [], ()
    taxed = _with_less_tax(goods, refund, expected, priced, find, slack=slack)
    return _with_its_total([*taxed, *loose_of(refund, priced, find)], refund, priced, find)


def _left(pieces: Sequence[Piece], refund: Refund) -> Decimal:
    """What the refund comes to beside the pieces, without tax."""
    return refund.total - refund.tax - sum((piece.line.amount for piece in pieces), ZERO)


def _with_less_tax(
    pieces: Sequence[Piece], refund: Refund, expected: Decimal, priced: Priced, find: Finder, *, slack: Decimal
) -> list[Piece]:
    """The pieces with so much taxed as bears the refund's tax: all of them, a part, or nothing."""
    if refund.tax == 0:
        # An automated US company works out the tax of taxable lines itself where none is sent.
        us = find.company.tax_mode is not TaxMode.PER_LINE
        bare = us or expected > slack
        return [piece.without_tax(no_supply(priced, find)) if bare and (us or piece.tax) else piece for piece in pieces]
    if refund.tax < expected - slack:
        return [piece.scaled(refund.tax / expected) if piece.tax else piece for piece in pieces]
    return list(pieces)


def _with_its_total(pieces: Sequence[Piece], refund: Refund, priced: Priced, find: Finder) -> Fitted:
    """Few cents go onto lines, more stands on its own."""
    off = _left(pieces, refund)
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

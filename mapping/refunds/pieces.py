"""The lines of one refund before they are made to come to what it says: what was charged for, and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum

from cartledger.errors import Problem
from cartledger.money import ZERO, cents, split
from cartledger.refunds import Refund
from mapping.charges import ONE, Kind
from mapping.company import TaxCode, TaxMode
from mapping.finder import SHIPPING_ITEM, Finder
from mapping.lines import Line
from mapping.pricing import Priced
from mapping.refunds.shares import WHOLE_ORDER, Part, Share, children_of, share_of
from mapping.tax.coding import NO_CODE
from mapping.text import DESCRIPTION_LIMIT, clean, cut

STORE_CREDIT, CERTIFICATE = "storecredit", "giftcertificate"
"""The providers whose payouts are no money: the shop owes them afterwards."""


class Told(IntEnum):
    """How the shop says what goes back: the less it says, the sooner are cents that are left over its."""

    UNITS = 0  # units of a product, of which the money has to be worked out
    AMOUNT = 1  # an amount, of which the tax has to be worked out
    EXACTLY = 2  # an amount that bears no tax


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A line with the tax on it, in whole and for each rate of its code. The shop may round each of its `things`;
    `told` is how much of its amount the shop says."""

    line: Line
    tax: Decimal = ZERO
    taxes: tuple[Decimal, ...] = ()
    things: Decimal = ONE
    told: Told = Told.UNITS

    def scaled(self, by: Decimal) -> Piece:
        return replace(
            self,
            line=replace(self.line, amount=cents(self.line.amount * by)),
            tax=self.tax * by,
            taxes=tuple(tax * by for tax in self.taxes),
        )

    def plus(self, amount: Decimal) -> Piece:
        return replace(self, line=replace(self.line, amount=self.line.amount + amount))

    def without_tax(self, code: TaxCode) -> Piece:
        return replace(self, line=replace(self.line, code=code), tax=ZERO, taxes=(ZERO,) * len(code.rates))


_TOLD = {Kind.ITEM: Told.UNITS, Kind.CERTIFICATE: Told.EXACTLY}


def goods_of(parts: Sequence[Part], priced: Priced, find: Finder, *, restock: bool) -> Iterator[Piece]:
    """What the order charged for, in its own order; bundled lines whose stock comes back follow theirs, unless they are
    named themselves."""
    named = {part.position for part in parts}
    for part in parts:
        share = share_of(part, priced)
        if share.charge.kind is not Kind.ITEM:
            yield _taken_back(share, priced, find)
        elif not restock:
            yield _not_restocked(share, priced, find)
        else:
            yield _taken_back(share, priced, find)
            for position, units in children_of(part, priced.bill):
                if position not in named:
                    yield _child(position, units, priced, find)


def loose_of(refund: Refund, priced: Priced, find: Finder) -> Iterator[Piece]:
    """Amounts of the order as a whole, and what was kept back of an item: the shop taxes neither."""
    for item in refund.items:
        if item.kind == WHOLE_ORDER and item.requested:
            yield adjustment(item.requested, "Amount refunded", priced, find)
        for amount, words in item.adjustments:
            yield adjustment(amount, words or "Adjustment", priced, find)


def adjustment(amount: Decimal, description: str, priced: Priced, find: Finder) -> Piece:
    """What is of no goods."""
    item = find.item("adjustment_product", what="an amount refunded that is of no goods", section="refunds")
    text, code = cut(clean(description), DESCRIPTION_LIMIT), no_supply(priced, find)
    line = Line(item=item, description=text, amount=cents(amount), quantity=ONE, code=code)
    return Piece(line=line, taxes=(ZERO,) * len(code.rates), told=Told.EXACTLY)


def taxed_amount(net: Decimal, tax: Decimal, priced: Priced, find: Finder, *, slack: Decimal) -> Piece | None:
    """An amount of no goods that somebody gave back with the tax on it: at the one rate that the order was taxed at.
    None where it was taxed at several, or where that makes another tax."""
    charges = list(zip(priced.bill.charges, priced.coding.charges, priced.nets, strict=True))
    codes = {coded.code for charge, coded, _ in charges if charge.taxed}
    taxed = [(charge.printed.tax, paid) for charge, _, paid in charges if charge.taxed]
    base, taxes = sum((paid for _, paid in taxed), ZERO), sum((each for each, _ in taxed), ZERO)
    if len(codes) != 1 or net <= 0 or base <= 0 or abs(net * taxes / base - tax) > slack:
        return None
    code = codes.pop()
    piece = adjustment(net, "Amount refunded", priced, find)
    shares = tuple(split(tax, [rate.percent for rate in code.rates]))
    return replace(piece, line=replace(piece.line, code=code), tax=tax, taxes=shares, told=Told.AMOUNT)


def credit_of(refund: Refund, priced: Priced, find: Finder) -> Iterator[Line]:
    """What became store credit or a gift certificate: negative, since no money left."""
    for provider, setting, name in (
        (CERTIFICATE, "gift_card_product", "a gift certificate"),
        (STORE_CREDIT, "store_credit_product", "store credit"),
    ):
        if amount := sum((each.amount for each in refund.paid if each.provider == provider), ZERO):
            item, code = find.item(setting, what=f"a refund to {name}"), no_supply(priced, find)
            text = f"Refunded to {name}"
            yield Line(item=item, description=text, amount=-amount, quantity=ONE, code=code, redeemed=True)


def no_supply(priced: Priced, find: Finder) -> TaxCode:
    """The code of what is no supply."""
    found = priced.coding.no_supply
    if isinstance(found, TaxCode):
        return found
    find.report(found)
    return NO_CODE


def _not_restocked(share: Share, priced: Priced, find: Finder) -> Piece:
    """By one item for all such goods, which moves no stock."""
    line = next(line for line in priced.bill.order.lines if line.id == share.charge.line)
    units = share.part.more
    sku = f" ({line.sku})" if line.sku else ""
    item = find.item("no_restock_product", what="a refund of goods that are not put back to stock", section="refunds")
    return _piece(share, priced, find, item=item, description=f"{units:f} × {line.name}{sku}", quantity=units)


def _taken_back(share: Share, priced: Priced, find: Finder) -> Piece:
    """By the item that it was sold by."""
    charge = share.charge
    if not charge.item:
        _report(priced.problems, find)
    units = share.part.more if charge.line is not None else ONE
    quantity = None if charge.item == SHIPPING_ITEM else units
    return _piece(share, priced, find, item=charge.item, description=charge.description, quantity=quantity)


def _child(position: int, units: Decimal, priced: Priced, find: Finder) -> Piece:
    """A bundled line: its money is its parent's."""
    charge, code = priced.bill.charges[position], _code(position, priced, find)
    if not charge.item:
        _report(priced.problems, find)
    line = Line(item=charge.item, description=charge.description, amount=ZERO, quantity=units, code=code)
    return Piece(line=line, taxes=(ZERO,) * len(code.rates), things=units)


def _piece(
    share: Share, priced: Priced, find: Finder, *, item: str, description: str, quantity: Decimal | None
) -> Piece:
    code = _code(share.part.position, priced, find)
    text = cut(clean(description), DESCRIPTION_LIMIT)
    return Piece(
        line=Line(item=item, description=text, amount=share.net, quantity=quantity, code=code),
        tax=share.tax,
        taxes=share.taxes,
        things=max(ONE, quantity or ONE),
        told=_TOLD.get(share.charge.kind, Told.AMOUNT),
    )


def _code(position: int, priced: Priced, find: Finder) -> TaxCode:
    """The sale's; why there is none was told when the order was priced."""
    code = priced.coding.charges[position].code
    if code == NO_CODE and find.company.tax_mode is not TaxMode.UNTAXED:
        _report(priced.problems, find)
    return code


def _report(problems: Iterable[Problem], find: Finder) -> None:
    for problem in problems:
        find.report(problem)

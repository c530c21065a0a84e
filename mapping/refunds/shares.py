"""What each thing of a refund comes to: its share of what was paid for it, as the shop works it out.

The shop tells units of products and amounts of everything else, and of products no money at all. Shares of one thing
sum to what was paid for it exactly, so that its last refund takes the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cartledger.money import ZERO, cents, split
from cartledger.refunds import Refund, RefundItem
from mapping.bill import Bill
from mapping.charges import Charge, Kind
from mapping.pricing import Priced

_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "PRODUCT": (Kind.ITEM, Kind.CERTIFICATE),
    "GIFT_WRAPPING": (Kind.WRAPPING,),
    "SHIPPING": (Kind.SHIPPING,),
    "HANDLING": (Kind.HANDLING,),
    "FEE": (Kind.FEE,),
}
WHOLE_ORDER = "ORDER"


@dataclass(frozen=True, kw_only=True)
class Part:
    """`more` of the order's charge at `position`, of which `done` went back before, out of `whole`: units of a product,
    an amount on the side that the shop enters of anything else."""

    position: int
    done: Decimal
    more: Decimal
    whole: Decimal

    def share(self, of: Decimal) -> Decimal:
        """This part's of an amount, in whole cents; those of all parts sum to it."""
        return self._until(self.done + self.more, of) - self._until(self.done, of)

    def shares(self, of: Decimal, each: Sequence[Decimal]) -> tuple[Decimal, ...]:
        """The same for an amount that is made of `each`: what they come to is this part's share of the whole."""
        before, after = (split(self._until(done, of), each) for done in (self.done, self.done + self.more))
        return tuple(then - now for now, then in zip(before, after, strict=True))

    def _until(self, done: Decimal, of: Decimal) -> Decimal:
        return cents(of * done / self.whole) if self.whole else ZERO


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a part comes to: without tax, its tax, and that for each rate of its code (in the order's currency)."""

    part: Part
    charge: Charge
    net: Decimal
    tax: Decimal
    taxes: tuple[Decimal, ...]


def parts_of(refund: Refund, before: Sequence[Refund], bill: Bill) -> tuple[Part, ...]:
    """The parts of the order that go back, each once; `before` are the refunds that came first. What the order does not
    charge for (any more) is none."""
    done: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for earlier in before:
        for position, more in _measured(earlier, bill, done).items():
            done[position] += more
    return tuple(
        Part(position=position, done=done[position], more=more, whole=_whole(bill.charges[position], bill))
        for position, more in sorted(_measured(refund, bill, done).items())
    )


def share_of(part: Part, priced: Priced) -> Share:
    """On the side that the shop enters first, as it does: what is left beside the tax follows."""
    bill, charge = priced.bill, priced.bill.charges[part.position]
    net, tax = priced.nets[part.position], charge.printed.tax
    returned_tax = part.share(tax)
    returned = part.share(net + tax) - returned_tax if bill.totals.inclusive else part.share(net)
    taxes = part.shares(tax, priced.coding.charges[part.position].taxes)
    return Share(part=part, charge=charge, net=returned, tax=returned_tax, taxes=taxes)


def _measured(refund: Refund, bill: Bill, done: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """How much of each charge goes back, by its position."""
    found: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for item in refund.items:
        position = _position(item, bill)
        if position is not None:
            found[position] += _measure(item, bill, position, done.get(position, ZERO))
    return dict(found)


def _position(item: RefundItem, bill: Bill) -> int | None:
    """Where the order charges for it. The shop's own charges are one for all of its addresses; that the id of a fee is
    the order's is said in one place of its documentation, and can be meant where there is but one."""
    kinds = _KINDS.get(item.kind, ())
    found = [i for i, charge in enumerate(bill.charges) if charge.kind in kinds]
    match item.kind:
        case "PRODUCT":
            found = [i for i in found if bill.charges[i].line == item.id]
        case "FEE" if item.id != bill.order.id or len(found) > 1:
            found = [i for i in found if bill.charges[i].fee == item.id]
    return found[0] if found else None


def _measure(item: RefundItem, bill: Bill, position: int, done: Decimal) -> Decimal:
    """Of what has no amount of its own: all that is left."""
    if item.kind == "PRODUCT":
        return item.quantity
    if item.kind == "GIFT_WRAPPING":
        return sum((bill.totals.side(line.wrapping) for line in bill.order.lines if line.id == item.id), ZERO)
    return _whole(bill.charges[position], bill) - done if item.requested is None else item.requested


def _whole(charge: Charge, bill: Bill) -> Decimal:
    if charge.line is not None:
        return charge.quantity or ZERO
    return bill.totals.side(charge.printed)


def children_of(part: Part, bill: Bill) -> Iterator[tuple[int, Decimal]]:
    """The bundled lines that come along with a line: the position of each, and its units."""
    parent = bill.charges[part.position].line
    positions = {charge.line: i for i, charge in enumerate(bill.charges) if charge.line is not None}
    for line in bill.order.lines:
        if parent is not None and line.parent_id == parent and line.id in positions:
            yield positions[line.id], line.quantity * part.more / part.whole

"""The items of a refund, checked against what is left, and what they come to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.bigcommerce.refund_figures import (
    Charged,
    Figures,
    fee_paid,
    handling_paid,
    line_paid,
    shipping_paid,
    wrapping_paid,
)
from simulator.bigcommerce.store import Json, Order
from simulator.pricing import ZERO


class RefundRefusedError(ValueError):
    """What the API answers with 422: more than is left, of a thing that is not there, or to nobody's credit."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What goes back. Amounts are on the side that the shop enters, None being all that is left.

    `products` are units by line, of which `deductions` are kept back (positive, by line; the tax stays); `wrapping`
    are lines, each whole; `shipping` and `handling` amounts by address, `fees` by fee; `amount` is of the order as
    such, without tax. A `tax_adjustment` gives back tax alone and goes with nothing else. `override` is (total with
    tax, tax) as the merchant says, in place of what the shop works out.
    """

    products: Mapping[int, int] = field(default_factory=dict)
    deductions: Mapping[int, Decimal] = field(default_factory=dict)
    wrapping: Sequence[int] = ()
    shipping: Mapping[int, Decimal | None] = field(default_factory=dict)
    handling: Mapping[int, Decimal | None] = field(default_factory=dict)
    fees: Mapping[int, Decimal | None] = field(default_factory=dict)
    amount: Decimal = ZERO
    tax_adjustment: Decimal = ZERO
    override: tuple[Decimal, Decimal] | None = None


class Bill:
    """The items of a refund and what they come to, `before` being the order's refunds so far."""

    def __init__(self, order: Order, before: Sequence[Json]) -> None:
        self._order = order
        self._before = before

    def of(self, asked: Asked) -> tuple[list[Json], Figures]:
        if asked.tax_adjustment:
            return [], Figures(total=asked.tax_adjustment, tax=asked.tax_adjustment)
        found = [
            *(self._product(line, units, asked.deductions.get(line, ZERO)) for line, units in asked.products.items()),
            *(self._wrapping(line) for line in asked.wrapping),
            *self._amounts("SHIPPING", asked.shipping),
            *self._amounts("HANDLING", asked.handling),
            *self._amounts("FEE", asked.fees),
            *([self._whole_order(asked.amount)] if asked.amount else []),
        ]
        if not found:
            msg = "nothing is asked for"
            raise RefundRefusedError(msg)
        figures = sum((figures for _, figures in found), Figures())
        if asked.override:
            figures = Figures(total=asked.override[0], tax=asked.override[1])
        return [item for item, _ in found], figures

    def rest(self) -> Asked:
        order = self._order
        return Asked(
            products={line["id"]: left for line in _own_lines(order) if (left := _units_left(line))},
            wrapping=tuple(line["id"] for line in _own_lines(order) if self._wrapped(line)),
            shipping=self._left("SHIPPING", order.shipping_addresses),
            handling=self._left("HANDLING", order.shipping_addresses),
            fees=self._left("FEE", order.fees),
        )

    def _left(self, kind: str, rows: Iterable[Json]) -> dict[int, Decimal | None]:
        left = {row["id"]: _PAID[kind](self._order, row).entered - self._requested(kind, row["id"]) for row in rows}
        return {number: amount for number, amount in left.items() if amount}

    def _product(self, line_id: int, units: int, deduction: Decimal) -> tuple[Json, Figures]:
        line = named(_own_lines(self._order), line_id)
        if not 0 < units <= _units_left(line):
            msg = f"line {line_id} has {_units_left(line)} units left, not {units}"
            raise RefundRefusedError(msg)
        done, whole = Decimal(line["quantity_refunded"]), Decimal(line["quantity"])
        figures = line_paid(self._order, line).part(done, Decimal(units), whole)
        item = {**_item("PRODUCT", line_id), "quantity": units, "requested_amount": None}
        if deduction:
            item["adjustments"] = [{"amount": -deduction, "description": "Service fee"}]
        return item, Figures(total=figures.total - deduction, tax=figures.tax)

    def _wrapping(self, line_id: int) -> tuple[Json, Figures]:
        line = named(_own_lines(self._order), line_id)
        if not self._wrapped(line):
            msg = f"line {line_id} has no wrapping left"
            raise RefundRefusedError(msg)
        figures = wrapping_paid(self._order, line).part(ZERO, Decimal(1), Decimal(1))
        return {**_item("GIFT_WRAPPING", line_id), "requested_amount": None}, figures

    def _wrapped(self, line: Json) -> bool:
        back = any(True for _ in self._items("GIFT_WRAPPING", line["id"]))
        return bool(wrapping_paid(self._order, line).entered) and not back

    def _amounts(self, kind: str, asked: Mapping[int, Decimal | None]) -> Iterable[tuple[Json, Figures]]:
        rows = self._order.fees if kind == "FEE" else self._order.shipping_addresses
        for number, amount in asked.items():
            yield self._amount(kind, number, amount, _PAID[kind](self._order, named(rows, number)))

    def _amount(self, kind: str, number: int, asked: Decimal | None, paid: Charged) -> tuple[Json, Figures]:
        done = self._requested(kind, number)
        amount = paid.entered - done if asked is None else asked
        if not 0 < amount <= paid.entered - done:
            msg = f"of {kind} {number} {paid.entered - done} is left, not {amount}"
            raise RefundRefusedError(msg)
        return {**_item(kind, number), "requested_amount": amount}, paid.amount(done, amount)

    def _whole_order(self, amount: Decimal) -> tuple[Json, Figures]:
        return {**_item("ORDER", self._order.id), "requested_amount": amount}, Figures(total=amount)

    def _requested(self, kind: str, number: int) -> Decimal:
        return sum((Decimal(str(item["requested_amount"])) for item in self._items(kind, number)), ZERO)

    def _items(self, kind: str, number: int) -> Iterable[Json]:
        items = (item for row in self._before for item in row["items"])
        return (item for item in items if (item["item_type"], item["item_id"]) == (kind, number))


_PAID: Mapping[str, Callable[[Order, Json], Charged]] = {
    "SHIPPING": shipping_paid,
    "HANDLING": handling_paid,
    "FEE": fee_paid,
}


def _item(kind: str, number: int) -> Json:
    return {"item_type": kind, "item_id": number, "reason": ""}


def _own_lines(order: Order) -> list[Json]:
    """Lines that can be given back by themselves: bundled children go along with their parent."""
    return [line for line in order.products if line["parent_order_product_id"] is None]


def named(rows: Iterable[Json], number: int) -> Json:
    for row in rows:
        if row["id"] == number:
            return row
    msg = f"there is no {number} to be refunded"
    raise RefundRefusedError(msg)


def _units_left(line: Json) -> int:
    return int(line["quantity"]) - int(line["quantity_refunded"])

"""Orders edited in the control panel: units, prices and addresses, with the totals worked out anew."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from simulator.bigcommerce.store import Json, Order, Store
from simulator.pricing import ZERO, Amounts, Totals, cents, price, printed, split


def edit_line(
    store: Store, order_id: int, line_id: int, *, units: int | None = None, unit_price: Decimal | None = None
) -> Order:
    """Sells `units` of a line at `unit_price`, on the side that the shop enters; None is as before, no units take the
    line away with its bundled children.

    A changed line loses its discounts, as the API documents. Its tax is at the rates it had; money that was paid and
    the charges on the order stay. ValueError for a line that is partly sent or refunded, or is not there.
    """
    with store.lock:
        order = store.orders[order_id]
        line = next((each for each in order.products if each["id"] == line_id), None)
        if line is None or line["quantity_refunded"] or line["quantity_shipped"]:
            msg = f"order {order_id} has no line {line_id} that can be changed"
            raise ValueError(msg)
        wanted = line["quantity"] if units is None else units
        if wanted:
            _sell(order, line, wanted, Decimal(line["base_price"]) if unit_price is None else unit_price)
        else:
            _take_away(order, line_id)
        found = totals(order)
        store.follow_edit(order_id, order.header, order.products)
        return store.update(order_id, **found, coupons=_coupons(order, Decimal(found["coupon_discount"])))


def edit_address(store: Store, order_id: int, address_id: int | None = None, **fields: Any) -> Order:
    """Changes a shipping address, or the billing address for None. Neither charges nor tax follow, as documented."""
    with store.lock:
        order = store.orders[order_id]
        if address_id is None:
            return store.update(order_id, billing_address={**order.header["billing_address"], **fields})
        rows = [{**row, **fields} if row["id"] == address_id else row for row in order.shipping_addresses]
        return store.update(order_id, shipping_addresses=rows)


def totals(order: Order) -> Json:
    """The header's money and units as lines, charges and fees have them."""
    header = order.header
    inclusive = bool(header["is_tax_inclusive_pricing"])
    found = Totals(
        subtotal=_sum(_three(line, "total_{}") for line in order.products),
        shipping=_three(header, "shipping_cost_{}"),
        handling=_three(header, "handling_cost_{}"),
        wrapping=_sum(_three(line, "wrapping_cost_{}") for line in order.products),
        fees=_sum(_three({"cost_ex_tax": fee.get("cost_exc_tax"), **fee}, "cost_{}") for fee in order.fees),
        discount=_discounts(order, "manual-discount"),
        coupon=_discounts(order, "total-coupon"),
        inclusive=inclusive,
    )
    return {
        **_printed(found.subtotal, "subtotal_{}"),
        "base_wrapping_cost": printed(found.wrapping.actual(inclusive=inclusive)),
        **_printed(found.wrapping, "wrapping_cost_{}"),
        **_printed(found.total, "total_{}"),
        "discount_amount": printed(found.discount),
        "coupon_discount": printed(found.coupon),
        "items_total": sum(line["quantity"] for line in order.products if line["parent_order_product_id"] is None),
    }


def _sell(order: Order, line: Json, units: int, unit_price: Decimal) -> None:
    inclusive = bool(order.header["is_tax_inclusive_pricing"])
    rows = _tax_rows(order, line)
    rates = [Decimal(row["rate"]) for row in rows]
    total = cents(unit_price * units)
    amounts = price(total, sum(rates, ZERO), inclusive=inclusive)
    for row, tax in zip(rows, split(amounts.tax, rates), strict=True):
        row["priority_amount"] = row["line_amount"] = printed(tax)
    for child in order.products:
        if child["parent_order_product_id"] == line["id"]:
            child["quantity"] = child["quantity"] * units // line["quantity"]
    line.update(
        quantity=units,
        base_price=printed(unit_price),
        base_total=printed(total),
        applied_discounts=[],
        discounted_total_inc_tax=printed(amounts.inc),
        **_printed(_of_one(amounts, units, unit_price, inclusive=inclusive), "price_{}"),
        **_printed(amounts, "total_{}"),
    )
    _count_units(order)


def _of_one(amounts: Amounts, units: int, unit_price: Decimal, *, inclusive: bool) -> Amounts:
    ex, inc = amounts.ex / units, amounts.inc / units
    ex, inc = (ex, unit_price) if inclusive else (unit_price, inc)
    return Amounts(ex=ex, inc=inc, tax=inc - ex)


def _take_away(order: Order, line_id: int) -> None:
    gone = {line["id"] for line in order.products if line_id in (line["id"], line["parent_order_product_id"])}
    texts = {str(number) for number in gone}
    stray = _wrapping_rows(order, line_id)
    order.taxes = [row for row in order.taxes if row["order_product_id"] not in texts and row["id"] not in stray]
    order.products = [line for line in order.products if line["id"] not in gone]
    _count_units(order)


def _wrapping_rows(order: Order, line_id: int) -> list[int]:
    """Ids of the tax rows of the line's wrapping, which name no line: they stand in the lines' order, as many each."""
    wrapped = [line["id"] for line in order.products if Decimal(line["wrapping_cost_tax"])]
    if line_id not in wrapped:
        return []
    rows = [row["id"] for row in order.taxes if row["line_item_type"] == "gift-wrapping"]
    each, place = len(rows) // len(wrapped), wrapped.index(line_id)
    return rows[each * place : each * (place + 1)]


def _tax_rows(order: Order, line: Json) -> list[Json]:
    return [row for row in order.taxes if row["order_product_id"] == str(line["id"])]


def _count_units(order: Order) -> None:
    for address in order.shipping_addresses:
        own = [line for line in order.products if line["order_address_id"] == address["id"]]
        address["items_total"] = sum(line["quantity"] for line in own if line["parent_order_product_id"] is None)


def _coupons(order: Order, taken_off: Decimal) -> list[Json]:
    """One coupon an order is all that orders here have; `discount` is what it took off."""
    return [{**row, "discount": taken_off} for row in order.coupons if taken_off]


def _discounts(order: Order, kind: str) -> Decimal:
    applied = (each for line in order.products for each in line["applied_discounts"])
    return sum((Decimal(each["amount"]) for each in applied if each["id"] == kind), ZERO)


def _three(row: Json, pattern: str) -> Amounts:
    ex, inc, tax = (Decimal(row[pattern.format(side)]) for side in ("ex_tax", "inc_tax", "tax"))
    return Amounts(ex=ex, inc=inc, tax=tax)


def _printed(amounts: Amounts, pattern: str) -> Json:
    shown = {"ex_tax": amounts.ex, "inc_tax": amounts.inc, "tax": amounts.tax}
    return {pattern.format(side): printed(amount) for side, amount in shown.items()}


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    return sum(amounts, Amounts())

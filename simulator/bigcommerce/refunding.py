"""What the shop does when it gives money back: the refund's row, and what it leaves on the order and its journal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.bigcommerce import journal
from simulator.bigcommerce.dates import iso8601
from simulator.bigcommerce.refund_figures import (
    Charged,
    Figures,
    counts,
    fee_paid,
    handling_paid,
    line_paid,
    shipping_paid,
    went_back,
    wrapping_paid,
)
from simulator.bigcommerce.store import Json, Order, Store
from simulator.pricing import ZERO, cents

FULLY, PARTLY = 4, 14


class RefundRefusedError(ValueError):
    """What the API answers with 422: more than is left, of a thing that is not there, or to nobody's credit."""


@dataclass(frozen=True, kw_only=True)
class Payout:
    """One way that the money goes back. `amount` None is what the other ways leave. `offline`: recorded only, the
    money moves elsewhere. `declined` is the provider's message where it refuses at once."""

    provider: str
    amount: Decimal | None = None
    offline: bool = False
    declined: str = ""


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


def refund(
    store: Store,
    order_id: int,
    asked: Asked,
    *payouts: Payout,
    reason: str = "",
    set_status: bool = True,
) -> Json:
    """Makes the refund and returns its row. Without `payouts` the money goes back where it came from, gateways first,
    and what no transaction brought is recorded as given back by hand.

    Lines count the units that came back, their bundled children along with them. The order's totals stay; it becomes
    Refunded or Partially Refunded unless `set_status` is False, and only then does `date_modified` move. A payout to
    store credit raises the customer's, one to a gift certificate makes a new one. More than is left of the order is cut
    down to it. RefundRefusedError where the shop would refuse; nothing is changed then.
    """
    with store.lock:
        order = store.orders[order_id]
        before = [row for row in store.refunds if row["order_id"] == order_id and counts(row)]
        items, asked_for = _Bill(order, before).of(asked)
        figures = _capped(order, before, asked_for)
        ways = _ways(order, figures.total, payouts)
        row = _row(store, order_id, items, figures, reason)
        row["uses_merchant_override_values"] = asked.override is not None
        store.refunds.append(row)
        row["payments"] = [_pay_out(store, order, number, way) for number, way in enumerate(ways, _next_payment(store))]
        if counts(row):
            _count_units(order, asked.products, 1)
        if set_status:
            _mark(store, order)
        return row


def refund_rest(store: Store, order_id: int, *payouts: Payout, reason: str = "", set_status: bool = True) -> Json:
    """Refunds everything that is left on the order's lines and charges."""
    with store.lock:
        order = store.orders[order_id]
        before = [row for row in store.refunds if row["order_id"] == order_id and counts(row)]
        asked = _Bill(order, before).rest()
    return refund(store, order_id, asked, *payouts, reason=reason, set_status=set_status)


def decline(store: Store, refund_id: int, message: str = "Declined by the bank", *, place: int = 0) -> Json:
    """The provider of the refund's payment at `place` says no, later: money and units count as not given back. Neither
    status nor `date_modified` follows. ValueError if it said no already, or nobody was asked."""
    with store.lock:
        row = next(each for each in store.refunds if each["id"] == refund_id)
        payment = row["payments"][place]
        if payment["is_declined"] or payment["offline"]:
            msg = f"payment {payment['id']} cannot be declined"
            raise ValueError(msg)
        order = store.orders[row["order_id"]]
        payment.update(is_declined=True, declined_message=message)
        for each in order.transactions:
            if str(each["id"]) == payment.get("transaction_id"):
                each["status"] = "error"
        if not counts(row):
            _count_units(order, {i["item_id"]: i["quantity"] for i in row["items"] if i["item_type"] == "PRODUCT"}, -1)
        return row


class _Bill:
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
            wrapping=[line["id"] for line in _own_lines(order) if self._wrapped(line)],
            shipping=self._left("SHIPPING", order.shipping_addresses),
            handling=self._left("HANDLING", order.shipping_addresses),
            fees=self._left("FEE", order.fees),
        )

    def _left(self, kind: str, rows: Iterable[Json]) -> dict[int, Decimal | None]:
        left = {row["id"]: _PAID[kind](self._order, row).entered - self._requested(kind, row["id"]) for row in rows}
        return {number: amount for number, amount in left.items() if amount}

    def _product(self, line_id: int, units: int, deduction: Decimal) -> tuple[Json, Figures]:
        line = _found(_own_lines(self._order), line_id)
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
        line = _found(_own_lines(self._order), line_id)
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
            yield self._amount(kind, number, amount, _PAID[kind](self._order, _found(rows, number)))

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


def _found(rows: Iterable[Json], number: int) -> Json:
    for row in rows:
        if row["id"] == number:
            return row
    msg = f"there is no {number} to be refunded"
    raise RefundRefusedError(msg)


def _units_left(line: Json) -> int:
    return int(line["quantity"]) - int(line["quantity_refunded"])


def _capped(order: Order, before: Sequence[Json], figures: Figures) -> Figures:
    """At most what is left of the order's total, as the adjustment of a refund's quote has it."""
    left = Decimal(order.header["total_inc_tax"]) - went_back(before)
    if figures.total < 0 or figures.total != cents(figures.total) or (figures.total > 0 and left <= 0):
        msg = f"of order {order.id} {left} is left, not {figures.total}"
        raise RefundRefusedError(msg)
    return Figures(total=min(cents(left), figures.total), tax=figures.tax)


def _ways(order: Order, total: Decimal, payouts: Sequence[Payout]) -> list[Payout]:
    """The payouts with their amounts, which make up `total`."""
    chosen = list(payouts) or _back_where_it_came_from(order, total)
    said = sum((way.amount for way in chosen if way.amount is not None), ZERO)
    open_ways = [way for way in chosen if way.amount is None]
    if len(open_ways) > 1 or said > total or (not open_ways and said != total):
        msg = f"the payments do not make {total}"
        raise RefundRefusedError(msg)
    if any(way.provider == "storecredit" for way in chosen) and not order.header["customer_id"]:
        msg = "a guest has no store credit"
        raise RefundRefusedError(msg)
    return [
        Payout(provider=way.provider, amount=amount, offline=way.offline, declined=way.declined)
        for way in chosen
        if (amount := total - said if way.amount is None else way.amount)
    ]


def _back_where_it_came_from(order: Order, total: Decimal) -> list[Payout]:
    found, left = [], total
    for tender in journal.tenders(order):
        share = min(left, tender.left)
        found.append(Payout(provider=tender.provider, amount=share))
        left -= share
    return [*found, Payout(provider="custom", amount=left, offline=True)]


def _row(store: Store, order_id: int, items: list[Json], figures: Figures, reason: str) -> Json:
    return {
        "id": 1 + max((row["id"] for row in store.refunds), default=0),
        "order_id": order_id,
        "user_id": 1,
        "created": iso8601(store.clock()),
        "reason": reason,
        "total_amount": figures.total,
        "total_tax": figures.tax,
        "uses_merchant_override_values": False,
        "items": items,
        "payments": [],
    }


def _next_payment(store: Store) -> int:
    return 1 + max((payment["id"] for row in store.refunds for payment in row["payments"]), default=0)


def _pay_out(store: Store, order: Order, number: int, way: Payout) -> Json:
    payment = {
        "id": number,
        "provider_id": way.provider,
        "amount": way.amount,
        "offline": way.offline,
        "is_declined": bool(way.declined),
        "declined_message": way.declined,
    }
    if not way.offline:
        payment["transaction_id"] = str(_journal(store, order, way)["id"])
        if not way.declined:
            _give_credit(store, order, way.provider, way.amount or ZERO)
    return payment


_METHODS = {"storecredit": "store_credit", "giftcertificate": "gift_certificate"}


def _journal(store: Store, order: Order, way: Payout) -> Json:
    like = next((tender.row for tender in journal.tenders(order) if tender.provider == way.provider), None)
    method = like["method"] if like else _METHODS.get(way.provider, "custom")
    return journal.record(
        store,
        order,
        like or journal.blank(order, way.provider, method),
        event="refund",
        amount=way.amount,
        status="error" if way.declined else "ok",
    )


def _give_credit(store: Store, order: Order, provider: str, amount: Decimal) -> None:
    if provider == "giftcertificate":
        store.add_gift_certificate(amount=amount, currency=order.header["default_currency_code"])
    if provider == "storecredit":
        own = cents(amount / Decimal(order.header["store_default_to_transactional_exchange_rate"]))
        for customer in store.customers:
            if customer["id"] == order.header["customer_id"]:
                credit = customer["store_credit_amounts"][0]
                credit["amount"] = Decimal(str(credit["amount"])) + own


def _count_units(order: Order, products: Mapping[int, int], sign: int) -> None:
    for line in order.products:
        parent = line["parent_order_product_id"]
        units = products.get(parent or line["id"], 0)
        if parent:
            units = units * line["quantity"] // _found(order.products, parent)["quantity"]
        line["quantity_refunded"] += sign * units
        line["is_refunded"] = line["quantity_refunded"] == line["quantity"]


def _mark(store: Store, order: Order) -> None:
    """Moves the date only where the status changes: a second partial refund leaves the header as it was."""
    back = went_back(row for row in store.refunds if row["order_id"] == order.id)
    fully = back >= Decimal(order.header["total_inc_tax"])
    payment = "refunded" if fully else "partially refunded"
    wanted = FULLY if fully else PARTLY
    if order.header["status_id"] != wanted and any(counts(row) for row in store.refunds if row["order_id"] == order.id):
        order.header["payment_status"] = payment
        store.set_status(order.id, wanted)

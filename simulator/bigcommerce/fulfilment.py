"""What the shop does with an order until it is with the buyer: money taken or let go, parcels sent, or called off."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from simulator.bigcommerce import journal
from simulator.bigcommerce.dates import rfc2822
from simulator.bigcommerce.store import Json, Order, Store
from simulator.pricing import ZERO, cents

PENDING, SHIPPED, PARTLY_SHIPPED, CANCELLED, AWAITING_PAYMENT, AWAITING_FULFILMENT = 1, 2, 3, 5, 7, 11
_FIRST_NEW_ID = 500_000_000  # above what generated orders number their shipments with


def due(order: Order) -> Decimal:
    """What is to be paid, in the order's currency, after redeemed certificates and store credit."""
    total, *redeemed = (
        Decimal(order.header[name]) for name in ("total_inc_tax", "gift_certificate_amount", "store_credit_amount")
    )
    return cents(total - sum(redeemed, ZERO))


def received(order: Order) -> Decimal:
    """What transactions say came in for what was due, whatever went back since."""
    return sum((journal.amount(row) for row in journal.money_in(order) if not journal.is_own_credit(row)), ZERO)


def reserved(order: Order) -> Json | None:
    """The authorisation whose money is neither taken nor let go."""
    done = {row["reference_transaction_id"] for row in order.transactions if row["event"] in ("capture", "void")}
    open_rows = (row for row in order.transactions if row["event"] == "authorization" and row["id"] not in done)
    return next((row for row in open_rows if row["status"] == "ok"), None)


def pay(store: Store, order_id: int) -> None:
    """The rest of what is due comes in, as another purchase by the provider that took the first part. Where no provider
    took any it comes by hand: no transaction, and `payment_status` stays. The order awaits fulfilment."""
    with store.lock:
        order = store.orders[order_id]
        first = next((row for row in journal.money_in(order) if not journal.is_own_credit(row)), None)
        if first:
            left = due(order) - received(order)
            _require(left > 0, f"order {order_id} is paid")
            journal.record(store, order, first, event="purchase", amount=left, reference_transaction_id=None)
            store.update(order_id, payment_status="captured")
        _paid(store, order)


def capture(store: Store, order_id: int) -> Json:
    """Takes the money that was reserved. Returns the new transaction. ValueError if there is none."""
    with store.lock:
        order = store.orders[order_id]
        authorisation = _reserved(order)
        row = journal.record(store, order, authorisation, event="capture")
        store.update(order_id, payment_status="captured")
        _paid(store, order)
        return row


def void(store: Store, order_id: int) -> Json:
    """Lets the reserved money go, and cancels the order. ValueError if there is none."""
    with store.lock:
        order = store.orders[order_id]
        row = journal.record(store, order, _reserved(order), event="void")
        store.update(order_id, payment_status="void")
        store.set_status(order_id, CANCELLED)
        return row


def cancel(store: Store, order_id: int) -> None:
    """Calls the order off; money that came in stays until it is refunded, money that was reserved is let go."""
    with store.lock:
        if reserved(store.orders[order_id]):
            void(store, order_id)
        else:
            store.set_status(order_id, CANCELLED)


def ship(store: Store, order_id: int, units: Mapping[int, int] | None = None, *, tracking: str = "") -> list[Json]:
    """Sends units by line, or all that is left, in one parcel an address, and returns the shipments.

    The order is Shipped with the last unit, which sets `date_shipped`, and Partially Shipped before. ValueError if
    there are not so many left.
    """
    with store.lock:
        order = store.orders[order_id]
        left = unsent(order)
        sent = left if units is None else dict(units)
        _require(bool(sent), f"order {order_id} has nothing to send")
        for line_id, number in sent.items():
            _require(0 < number <= left.get(line_id, 0), f"line {line_id} has {left.get(line_id, 0)} units to send")
        made = []
        for address in order.shipping_addresses:
            own = [line for line in _sendable(order) if _goes_to(line, address)]
            if parcel := [(line, sent[line["id"]]) for line in own if line["id"] in sent]:
                made.append(_shipment(store, order, address, parcel, tracking))
                order.shipments.append(made[-1])
        _count(order)
        whole = not unsent(order)
        if whole:
            order.header["date_shipped"] = rfc2822(store.clock())
        store.set_status(order_id, SHIPPED if whole else PARTLY_SHIPPED)
        return made


def unsent(order: Order) -> dict[int, int]:
    """Units by line that are in no shipment yet."""
    found = {line["id"]: line["quantity"] - _sent(order, line["id"]) for line in _sendable(order)}
    return {line_id: units for line_id, units in found.items() if units > 0}


def _sendable(order: Order) -> list[Json]:
    """Bundled children travel with their parent; what is picked up or downloaded goes to no address."""
    return [line for line in order.products if line["order_address_id"] and line["parent_order_product_id"] is None]


def _goes_to(line: Json, address: Json) -> bool:
    return bool(line["order_address_id"] == address["id"])


def _sent(order: Order, line_id: int) -> int:
    items: Iterable[Json] = (item for shipment in order.shipments for item in shipment["items"])
    return sum(item["quantity"] for item in items if item["order_product_id"] == line_id)


def _count(order: Order) -> None:
    for line in _sendable(order):
        line["quantity_shipped"] = _sent(order, line["id"])
    for address in order.shipping_addresses:
        own = [line for line in _sendable(order) if _goes_to(line, address)]
        address["items_shipped"] = sum(line["quantity_shipped"] for line in own)
    order.header["items_shipped"] = sum(address["items_shipped"] for address in order.shipping_addresses)


def _shipment(store: Store, order: Order, address: Json, lines: list[tuple[Json, int]], tracking: str) -> Json:
    numbers = (row["id"] for other in store.orders.values() for row in other.shipments)
    number = 1 + max([_FIRST_NEW_ID + address["id"], *numbers])
    return {
        "id": number,
        "order_id": order.id,
        "customer_id": order.header["customer_id"],
        "order_address_id": address["id"],
        "date_created": rfc2822(store.clock()),
        "tracking_number": tracking or f"EX{number}US",
        "merchant_shipping_cost": "0.0000",
        "shipping_method": address["shipping_method"],
        "comments": "",
        "shipping_provider": "usps",
        "shipping_provider_display_name": "USPS",
        "tracking_carrier": "usps",
        "tracking_link": "",
        "generated_tracking_link": "",
        "billing_address": order.header["billing_address"],
        "shipping_address": {name: address[name] for name in order.header["billing_address"] if name != "form_fields"},
        "items": [
            {"order_product_id": line["id"], "product_id": line["product_id"], "quantity": units}
            for line, units in lines
        ],
    }


def _paid(store: Store, order: Order) -> None:
    if order.header["status_id"] in (PENDING, AWAITING_PAYMENT):
        store.set_status(order.id, AWAITING_FULFILMENT)


def _reserved(order: Order) -> Json:
    row = reserved(order)
    if row is None:
        msg = f"order {order.id} has no money reserved"
        raise ValueError(msg)
    return row


def _require(holds: bool, msg: str) -> None:
    if not holds:
        raise ValueError(msg)

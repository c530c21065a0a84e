"""What the shop does when it gives money back: the refund's row, and what it leaves on the order and its journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulator.bigcommerce import journal
from simulator.bigcommerce.dates import iso8601
from simulator.bigcommerce.refund_bill import Asked, Bill, RefundRefusedError, named
from simulator.bigcommerce.refund_figures import Figures, counts, went_back
from simulator.bigcommerce.store import Json, Order, Store
from simulator.pricing import ZERO, cents

FULLY, PARTLY = 4, 14


@dataclass(frozen=True, kw_only=True)
class Payout:
    """One way that the money goes back. `amount` None is what the other ways leave. `offline`: recorded only, the
    money moves elsewhere. `declined` is the provider's message where it refuses at once."""

    provider: str
    amount: Decimal | None = None
    offline: bool = False
    declined: str = ""


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
        items, asked_for = Bill(order, before).of(asked)
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
        asked = Bill(order, before).rest()
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
        share = max(ZERO, min(left, tender.left))  # more may have become store credit than was paid with it
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
            units = units * line["quantity"] // named(order.products, parent)["quantity"]
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

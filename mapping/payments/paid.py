"""Whether an order's money has come in, and on which day: from its header where that can tell.

| `payment_status`                                     | money     | invoice          | sales receipt                 |
| ---------------------------------------------------- | --------- | ---------------- | ----------------------------- |
| captured, paid, partially refunded, refunded         | came      | with its payment | posted                        |
| authorized, capture pending, held for review,        | did not   | stays open       | left out, until a new version |
| declined, void, void pending                         |           |                  |                               |
| pending, none, any other (offline methods)           | not said  | stays open       | posted, by `sales.statuses`   |

That is `paid_when = "captured"`. Under "status" the money came where the first row says so or the order's status is one
of `paid_statuses`, and did not come otherwise; under "never" it did not come. `receipt_for_unpaid` posts all receipts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cartledger.records import Order
from cartledger.settings import Connection
from mapping.decision import Fact, Needs
from mapping.facts import Facts
from mapping.transactions import money_in

_SAYS: Mapping[str, bool] = {
    **dict.fromkeys(("captured", "paid", "partially refunded", "refunded"), True),
    **dict.fromkeys(("authorized", "capture pending", "held for review", "declined", "void", "void pending"), False),
}
_WERE_PAID = frozenset({4, 14})  # Refunded, Partially Refunded: what goes back had come in


def is_paid(order: Order, connection: Connection) -> bool | None:
    """Whether the order's money has come in; None where neither its header nor a setting says so."""
    payments = connection.payments
    said = _SAYS.get(order.payment_status)
    match payments.of(order.payment_method, order.currency).paid_when:
        case "never":
            return False
        case "status":
            return said is True or order.status_id in {*payments.paid_statuses, *_WERE_PAID}
        case _:
            return said


def paid_day(order: Order, zone: ZoneInfo, facts: Facts, *, part: str) -> date | Needs:
    """The day in `zone` that the last of the money of a paid order came in; `part` is the document that will bear it.

    A capture lies between the order's creation and its last change, so the header tells where both are of one day;
    else the transactions do. A status is of the last change, which may have been another one: the day of shipping is
    nearer where there is one. A document that stands keeps its day whatever this says (`Document.hash`), so nothing is
    read for it.
    """
    placed, changed = _day(order.created, zone), _day(order.modified, zone)
    if placed >= changed or part in facts.stands:
        return placed
    if not _SAYS.get(order.payment_status):
        return max(placed, _day(order.shipped, zone) if order.shipped else changed)
    if facts.transactions is None:
        return Needs(fact=Fact.TRANSACTIONS)
    came = money_in(facts.transactions, order.currency)
    return max(placed, _day(came[-1].moment, zone)) if came else placed


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()

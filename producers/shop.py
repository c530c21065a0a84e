"""One round: everything that a shop has to tell, in the order in which it belongs together."""

from __future__ import annotations

from producers.orders import follow_refunds, read_orders
from producers.reading import Reading, Walk
from producers.refunds import read_refunds, say_read


def read_shop(reading: Reading) -> Walk:
    """Read what is new in the shop into the ledger: refunds first, so that orders are remembered with them at once, and
    last the orders that did not move with theirs."""
    if not reading.refunds:
        return read_orders(reading, Walk())
    walk = follow_refunds(reading, read_orders(reading, read_refunds(reading, Walk())))
    say_read(reading)
    return walk

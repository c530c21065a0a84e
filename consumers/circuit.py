"""The breaker of one pair towards QuickBooks or the shop. Its state stands in the ledger, so that every process keeps
to it.

While it is open nothing is sent, no attempt is spent and nothing waits unacked; sources go back to the ledger, which
hands one of them over as a probe when the time has come (design §3, third failure).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cartledger import logs
from cartledger.errors import CartledgerError, Pause, Stop, Throttled
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Circuit

QUICKBOOKS, BIGCOMMERCE = "quickbooks", "bigcommerce"
READING_ORDERS, READING_STOCK, SIGNING_IN = "reading orders", "reading stock", "signing in"
"""Stand in the ledger as sides while these fail; nothing is kept from being sent by them."""

NAMES = {
    QUICKBOOKS: "QuickBooks",
    BIGCOMMERCE: "BigCommerce",
    READING_ORDERS: "Reading the shop",
    READING_STOCK: "Reading the stock",
    SIGNING_IN: "Signing in to QuickBooks",
}
"""Of the sides, for people."""

FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=10)
THROTTLED_WAIT = timedelta(seconds=60)  # what the API's documentation asks for after a 429
PERSON_WAIT = timedelta(minutes=15)
DOUBTS_IN_A_ROW = 3


def wait_for(error: CartledgerError, failures: int) -> timedelta:
    """How long to leave the other side alone after its `failures`-th failure in a row (from 1)."""
    if isinstance(error, Pause) and error.seconds is not None:
        return timedelta(seconds=error.seconds)
    if isinstance(error, Throttled):
        return THROTTLED_WAIT
    if isinstance(error, Stop):
        return PERSON_WAIT
    return min(FIRST_WAIT * (1 << (failures - 1)), LONGEST_WAIT)


class Breaker:
    """Opens when the side does not answer, closes when it does; each is logged once, the second with its length."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        pair: str,
        connection: str,
        clock: Callable[[], datetime],
        side: str = QUICKBOOKS,
    ) -> None:
        self._ledger = ledger
        self._pair = pair
        self._side = side
        self._connection = connection
        self._clock = clock
        self._doubts = 0

    def is_open(self) -> bool:
        """Whether nothing may go out now."""
        circuit = self._standing()
        return circuit is not None and circuit.until > self._clock()

    def failed(self, error: CartledgerError) -> None:
        """Note a failed call. One lost answer opens nothing; three in a row do."""
        self._doubts += 1
        if error.in_doubt and self._doubts < DOUBTS_IN_A_ROW:
            return
        standing = self._standing()
        until = self._clock() + wait_for(error, standing.failures + 1 if standing else 1)
        self._ledger.open_circuit(
            self._pair,
            self._side,
            until=until,
            kind=type(error).__name__,
            reason=str(error),
            needs_person=isinstance(error, Stop),
        )
        if standing is None:
            logs.warning(f"{NAMES[self._side]}: {error}", action="circuit_open", connection=self._connection)

    def tried(self) -> None:
        """Note that sources were worked on. One that was to try the side may have had no call to make: a read that
        succeeds closes nothing, since a company can be read that takes no data."""
        if self._standing():
            self._ledger.probe_over(self._pair, self._side)

    def _standing(self) -> Circuit | None:
        return next((circuit for circuit in self._ledger.circuits(self._pair) if circuit.side == self._side), None)

    def worked(self, sent_at: datetime) -> None:
        """Note a call that was sent then, and answered. One that was on its way as the side failed closes nothing."""
        self._doubts = 0
        standing = self._standing()
        if standing is None or standing.since > sent_at:
            return
        if circuit := self._ledger.close_circuit(self._pair, self._side):
            seconds = int(circuit.lasted(self._clock()).total_seconds())
            logs.info(
                f"{NAMES[self._side]} answers again after {seconds} s.",
                action="circuit_closed",
                connection=self._connection,
                seconds=seconds,
            )

"""Hands the keys of due sources to the broker, in portions, and notices those whose messages were lost.

The ledger says what is due; the broker holds at most a portion of it, so that a backlog of any size is cheap to lose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from cartledger import logs
from cartledger.broker.queues import Broker, Standing
from cartledger.ledger.store import Ledger
from cartledger.records import write_message

SWEEP_EVERY = timedelta(seconds=5)

KINDS: Mapping[str, tuple[str, ...]] = {"lists": ("customer", "item"), "sales": ("order",), "stock": ("stock",)}
"""Which kinds of sources travel in which queue; what others wait for comes first, to try a closed side too."""

PORTIONS = {"lists": 300, "sales": 2000, "stock": 2000}
"""The most that a queue holds. Lists are worked on by one batch at a time: what orders wait for must not come behind a
whole catalogue."""

SIDES = {"lists": "quickbooks", "sales": "quickbooks", "stock": "bigcommerce"}
"""Which side the sources of a queue are written to. Only that one's circuit keeps them."""


class HandOver:
    """One link to the broker that only publishes. `start` first, then `once` whenever something may be due."""

    def __init__(
        self,
        *,
        broker: Broker,
        ledger: Ledger,
        pairs: Sequence[str],
        clock: Callable[[], datetime],
        is_gone: Callable[[str], bool],
        on_queues: Callable[[Mapping[str, Standing]], None] = lambda _: None,
    ) -> None:
        """`is_gone` says of an owner of claims and leases whether its process is known to have ended. `on_queues` hears
        now and then how the queues stand, by workflow."""
        self._broker = broker
        self._ledger = ledger
        self._pairs = pairs
        self._clock = clock
        self._is_gone = is_gone
        self._on_queues = on_queues
        self._swept_at: datetime | None = None

    def start(self, *, messages_are_gone: bool) -> None:
        """`messages_are_gone`: the broker lives in this process, which is new. Raises BrokerDown, BrokerMisdeclared."""
        self._broker.declare(list(KINDS))
        if messages_are_gone:
            for kinds in KINDS.values():
                self._ledger.forget_handed_over(kinds)

    def once(self) -> int:
        """Hand over what is due now. Returns how many. Raises BrokerDown: what was not confirmed stays due."""
        self._sweep()
        return sum(self._workflow(workflow, kinds) for workflow, kinds in KINDS.items())

    def _workflow(self, workflow: str, kinds: tuple[str, ...]) -> int:
        depth = self._broker.depth(workflow)
        if depth == 0:
            self._ledger.seen_empty(kinds, self._clock())
        asked = self._clock()
        keys = self._ledger.due(self._pairs, kinds, max(0, PORTIONS[workflow] - depth), side=SIDES[workflow])
        if keys:
            self._broker.publish(workflow, [write_message(key) for key in keys])
            self._ledger.handed_over(keys, asked=asked)
        return len(keys)

    def _sweep(self) -> None:
        now = self._clock()
        if self._swept_at is not None and self._swept_at <= now < self._swept_at + SWEEP_EVERY:
            return
        self._swept_at = now
        swept = self._ledger.sweep(gone=filter(self._is_gone, self._ledger.owners()))
        if swept.dead_leases or swept.lost:
            logs.info(
                f"{swept.dead_leases} sources of a consumer that ended, {swept.lost} whose messages were lost: again.",
                action="sweep",
                count=swept.dead_leases + swept.lost,
            )
        self._on_queues({workflow: self._broker.standing(workflow) for workflow in KINDS})

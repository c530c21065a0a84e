"""The made-up shop of `cartledger demo --stock`: people buy, goods come in, and the shop's levels follow QuickBooks'
quantities; at first with a person's leave, and once while QuickBooks tells nonsense."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.app import App
from daemon.by_hand.approving import approve_with_progress
from daemon.by_hand.syncing import Synced, sync_with_progress
from daemon.demos.life import let_the_second_pass
from daemon.demos.settings import NAME
from daemon.demos.simulated import ask, tell, untell

ROUNDS = 3
LOST = {2: ("quickbooks", "batch"), 3: ("bigcommerce", "adjust")}
"""By round, the side and the call whose answer is lost after it did what it was asked for."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the levels came to. Of `skus` that both sides keep, `changed` were written at all, and `written` counts how
    often. A person approved the first `approved`; `held_by_breaker` waited while QuickBooks said zero of
    everything, and `written_meanwhile` were written all the same. In the end `equal` are what QuickBooks has less the
    units that it does not know of yet, others `above` or `below`. `oversold` are units that were sold and not there."""

    skus: int
    changed: int
    written: int
    approved: int
    held_by_breaker: int
    written_meanwhile: int
    equal: int
    above: int
    below: int
    oversold: int

    @property
    def agrees(self) -> bool:
        """Whether the levels are QuickBooks' and the breaker held."""
        followed = 0 < self.skus == self.equal and self.written > 0
        return followed and self.held_by_breaker > 0 and not (self.written_meanwhile or self.oversold)

    def rows(self) -> list[tuple[str, int, str]]:
        """For a table."""
        return [
            ("kept", self.skus, "SKUs that the shop and the company both count"),
            ("approved", self.approved, "in the first run, which waits for a person"),
            ("written", self.written, "in the first run and since, as both sides traded"),
            ("held", self.held_by_breaker, "while QuickBooks said zero of everything"),
            ("written then", self.written_meanwhile, "in spite of the breaker"),
            ("equal", self.equal, "to QuickBooks' quantity, less the units that it does not know of yet"),
            ("above", self.above, "that"),
            ("below", self.below, "that"),
            ("oversold", self.oversold, "units that were sold and not there"),
        ]


def keep_stock(app: App, url: str, *, steps: int, seed: int) -> tuple[Synced, Kept]:
    """Approve the first levels, then rounds of `steps` on both sides, each followed by a sync. Returns what the last
    one came to. `url` is that of the simulators, who count all that they can see."""
    approved = _approve(app)
    for number in range(1, ROUNDS + 1):
        let_the_second_pass()
        tell(url, "trade", {"steps": steps, "seed": seed * ROUNDS + number})
        if number in LOST:
            side, call = LOST[number]
            tell(url, "faults", {"side": side, "call": call, "kind": "drop_after", "nth": 1})
        sync_with_progress(app, NAME)
    held, written = _while_quickbooks_says_zero(app, url)
    synced = sync_with_progress(app, NAME)
    proof = ask(url, "stock?number=BC-{id}")
    counted = {name: proof[name] for name in ("skus", "changed", "written", "equal", "above", "below", "oversold")}
    return synced, Kept(approved=approved, held_by_breaker=held, written_meanwhile=written, **counted)


def _approve(app: App) -> int:
    line = app.lines[NAME]
    waiting = app.ledger.waiting_proposal(line.connection.pair)
    return approve_with_progress(app, line, waiting).written.count if waiting else 0


def _while_quickbooks_says_zero(app: App, url: str) -> tuple[int, int]:
    """How many levels waited for a person, and how many were written all the same."""
    before = ask(url, "stock")["written"]
    tell(url, "lie", {"kind": "zero"})
    sync_with_progress(app, NAME)
    untell(url, "lie")
    waiting = app.ledger.waiting_proposal(app.lines[NAME].connection.pair)
    return waiting.count if waiting else 0, ask(url, "stock")["written"] - before

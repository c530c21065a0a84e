"""The made-up shop of `cartledger demo --life` lives on, and the real program reads it after each round."""

from __future__ import annotations

import time

from daemon.app import App
from daemon.by_hand.syncing import Synced, sync_with_progress
from daemon.demos.settings import NAME
from daemon.demos.simulated import tell

ROUNDS = 4
LOST = {2: ("drop_after", 1), 4: ("drop_after", 2)}
"""By round, how an answer of QuickBooks is lost after it did what it was asked for, and which of its batches it is."""


def live_on(app: App, url: str, *, steps: int, seed: int) -> Synced:
    """Rounds of `steps` each; in the end everybody pays what is still owed. Returns what the last sync came to.

    `url` is that of the simulators. The same seed on the same shop makes the same lives.
    """
    for number in range(1, ROUNDS + 1):
        let_the_second_pass()
        tell(url, "live", {"steps": steps, "seed": seed * ROUNDS + number})
        if number in LOST:
            kind, nth = LOST[number]
            tell(url, "faults", {"side": "quickbooks", "call": "batch", "kind": kind, "nth": nth})
        sync_with_progress(app, NAME)
    let_the_second_pass()
    tell(url, "settle", {})
    return sync_with_progress(app, NAME)


def let_the_second_pass() -> None:
    """The shop dates changes by whole seconds: two in one, with a reading between them, look like one that is known."""
    time.sleep(1 - time.time() % 1)

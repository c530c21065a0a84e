"""Leave to write for what a person asked for, while it goes on."""

from __future__ import annotations

from datetime import timedelta

from daemon.app import App

PERMIT = timedelta(minutes=2)
PROLONG_EVERY = timedelta(seconds=30)


class Permit:
    """For whatever process works on it; `disable` takes it back. `keep` is to be called often."""

    def __init__(self, app: App, pair: str) -> None:
        self._app = app
        self._pair = pair
        self._prolong_at = app.clock() + PROLONG_EVERY
        app.ledger.permit(pair, app.owner, PERMIT)

    def keep(self) -> None:
        # By the clock that the permit runs out by: a machine that slept wakes up with one that is over, not taken back.
        if self._app.clock() >= self._prolong_at:
            self._prolong()

    def _prolong(self) -> None:
        self._prolong_at = self._app.clock() + PROLONG_EVERY
        self._app.ledger.prolong_permit(self._pair, self._app.owner, PERMIT)

    def end(self) -> list[str]:
        """Returns what there is to say."""
        self._prolong()
        taken_back = not self._app.ledger.may_write(self._pair)
        self._app.ledger.end_permit(self._pair, self._app.owner)
        return ["The connection was disabled meanwhile; what is left waits for `cartledger enable`."] * taken_back

"""How long the history is kept."""

from __future__ import annotations

from datetime import timedelta

from cartledger import logs
from daemon.app import App


def forget_history(app: App) -> None:
    """Forget some of what is older than `ledger.history_days`."""
    days = app.settings.ledger.history_days
    gone = app.ledger.forget_history(app.clock() - timedelta(days=days))
    if count := sum(gone.values()):
        logs.debug(f"{count} rows of history that were older than {days} days are gone.", action="forgot", count=count)

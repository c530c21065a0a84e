"""What is wrong and needs a look: raised once, cleared once, whoever of several processes notices."""

from __future__ import annotations

from datetime import datetime

from cartledger.ledger import watching_statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import maybe_time, read_alert, write_time
from cartledger.ledger.types import Alert


class Alerts(Engine):
    """One row for each alert that stands. `pair` is "" for what concerns the whole installation."""

    def raise_alert(self, alert: Alert) -> bool:
        """True: it did not stand before, and whoever called has to tell of it. What stands gets the newer words."""
        values = {"pair": alert.pair, "cause": alert.cause, "text": alert.text, "fix": alert.fix}
        with self.transaction():
            if self._row(sql.RAISE_ALERT, **values, since=write_time(alert.since)) is not None:
                return True
            self._rows(sql.RESTATE_ALERT, **values)
        return False

    def clear_alert(self, pair: str, cause: str) -> Alert | None:
        """The alert that stood, for whoever has to tell that it is over; None where it did not stand (any more)."""
        row = self._row(sql.CLEAR_ALERT, pair=pair, cause=cause)
        return None if row is None else read_alert(row)

    def alerts(self, pair: str) -> list[Alert]:
        """What stands, oldest first."""
        return [read_alert(row) for row in self._rows(sql.ALERTS, pair=pair)]

    def oldest_ready(self, pair: str, kind: str) -> datetime | None:
        """Since when the source has waited that could have been worked on for longest; None where none could be."""
        (row,) = self._rows(sql.OLDEST_READY, pair=pair, kind=kind, now=self._now())
        return maybe_time(row["at"])

    def is_leased(self, name: str) -> bool:
        """Whether somebody has this lease now."""
        return self._row(sql.LEASED, name=name, now=self._now()) is not None

"""QuickBooks' exchange rates by currency and day: read once for all orders and processes, since reads are metered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from cartledger.clients.quickbooks import QuickBooks
from cartledger.ledger.store import Ledger
from cartledger.money import D, read_json, write_json
from mapping.currency import PAR, DayRate

UNSETTLED_FOR = timedelta(minutes=1)
"""How long "no rate" is believed: somebody is about to enter one."""


class RateBook:
    """The rates of one pair's company, kept in the ledger."""

    def __init__(self, *, pair: str, ledger: Ledger, quickbooks: QuickBooks, clock: Callable[[], datetime]) -> None:
        self._pair = pair
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._clock = clock

    def rates(self, currency: str, days: Iterable[date]) -> tuple[DayRate, ...]:
        """What the company says of `currency` on each of `days`. Raises what the client raises."""
        return tuple(DayRate(day=day, rate=self._rate(currency, day)) for day in days)

    def _rate(self, currency: str, day: date) -> Decimal | None:
        name = f"exchange rate {currency} {day}"
        known = self._ledger.reference(self._pair, name)
        if known is not None:
            rate = _read(known.content)
            if rate not in (None, PAR) or self._clock() - known.fetched_at < UNSETTLED_FOR:
                return rate
        rate = self._quickbooks.exchange_rate(currency, day)
        self._ledger.save_reference(self._pair, name, write_json({"Rate": rate}).encode())
        return rate


def _read(content: bytes) -> Decimal | None:
    told = read_json(content)["Rate"]
    return None if told is None else D(told)

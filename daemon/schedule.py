"""When a connection is read by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cartledger.settings import Schedule


def next_time(schedule: Schedule, last: datetime | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next reading after `last` (aware; None: never read). None for `manual`.

    A time that was missed is due at once, and once only, however many were missed. A daily time in the gap of daylight
    saving is taken an hour later, one in the fold the first time. A clock that was set back since `last` makes it due
    at once: what it says of the next time is worth nothing.
    """
    if schedule.every is None and not schedule.at:
        return None
    if last is None or last > now:
        return now
    if schedule.every is not None:
        return last + schedule.every
    day = last.astimezone(zone).date()
    # fold=0 takes the first of two; in a gap it is the offset before it, which lands an hour later on the clock.
    times = (datetime.combine(day + timedelta(days), at, zone).astimezone(UTC) for days in (0, 1) for at in schedule.at)
    return min(time for time in times if time > last)

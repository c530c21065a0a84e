"""When a connection is read by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cartledger.settings import Schedule


def next_time(schedule: Schedule, last: datetime | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next reading after `last` (aware; None: never read). None for `manual`.

    A time that was missed is due at once, and once only. A daily time in the gap of daylight saving is taken an hour
    later, one in the fold the first time.
    """
    if schedule.every is not None:
        return now if last is None else last + schedule.every
    if schedule.at is None:
        return None
    if last is None:
        return now
    local = last.astimezone(zone)
    # fold=0 takes the first of two; in a gap it is the offset before it, which lands an hour later on the clock.
    today = datetime.combine(local.date(), schedule.at, zone)
    if today.astimezone(UTC) > last.astimezone(UTC):
        return today.astimezone(UTC)
    return datetime.combine(local.date() + timedelta(days=1), schedule.at, zone).astimezone(UTC)

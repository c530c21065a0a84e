"""When a connection is read by itself. Times are written as UTC; Chicago is six hours behind, five in summer."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cartledger.settings import Schedule
from cartledger.settings.values import Interval
from daemon.schedule import next_time

CHICAGO = ZoneInfo("America/Chicago")
NIGHTLY = Schedule(at=(time(2, 30),))
EARLY = Schedule(at=(time(1, 30),))
TWICE = Schedule(at=(time(2, 30), time(14, 30)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


NOW = at("2026-06-15T12:00")


@pytest.mark.parametrize(
    "text", ["1h", "24h", "15m", "90m", "45s", "daily at 02:30", "daily at 02:30 and 14:30", "manual"]
)
def test_a_schedule_is_shown_as_the_file_says_it(text):
    assert str(TypeAdapter(Interval).validate_python(text)) == text


@pytest.mark.option("interval")
@pytest.mark.parametrize(
    ("schedule", "last", "due"),
    [
        (Schedule(every=timedelta(hours=1)), None, NOW),
        (Schedule(every=timedelta(hours=1)), at("2026-06-15T11:30"), at("2026-06-15T12:30")),
        (Schedule(every=timedelta(minutes=15)), at("2026-06-14T00:00"), at("2026-06-14T00:15")),  # missed: due at once
        (Schedule(), None, None),
        (Schedule(), at("2026-06-15T11:30"), None),
        (NIGHTLY, None, NOW),
        (NIGHTLY, at("2026-06-15T07:29"), at("2026-06-15T07:30")),
        (NIGHTLY, at("2026-06-15T07:30"), at("2026-06-16T07:30")),
        (NIGHTLY, at("2026-06-10T09:00"), at("2026-06-11T07:30")),  # five nights missed: due at once, and once
        (NIGHTLY, at("2026-01-15T08:29"), at("2026-01-15T08:30")),  # winter
        (TWICE, at("2026-06-14T19:29"), at("2026-06-14T19:30")),  # 14:30 in Chicago
        (TWICE, at("2026-06-14T19:30"), at("2026-06-15T07:30")),
        (TWICE, at("2026-06-10T09:00"), at("2026-06-10T19:30")),
        # 8 March 2026: 02:00 to 03:00 is left out
        (NIGHTLY, at("2026-03-07T08:30"), at("2026-03-08T08:30")),  # 03:30 in Chicago
        (NIGHTLY, at("2026-03-08T08:30"), at("2026-03-09T07:30")),
        # 1 November 2026: 01:00 to 02:00 comes twice
        (EARLY, at("2026-10-31T06:30"), at("2026-11-01T06:30")),  # the first of the two
        (EARLY, at("2026-11-01T06:30"), at("2026-11-02T07:30")),
        (EARLY, at("2026-11-01T07:10"), at("2026-11-02T07:30")),  # within the second hour: not once more
    ],
)
def test_the_next_reading(schedule, last, due):
    assert next_time(schedule, last, max(NOW, last or NOW), CHICAGO) == due


def test_the_gap_on_the_clock_of_the_shop():
    due = next_time(NIGHTLY, at("2026-03-07T08:30"), NOW, CHICAGO)
    assert due.astimezone(CHICAGO).strftime("%d %B %H:%M") == "08 March 03:30"


@pytest.mark.parametrize("schedule", [Schedule(every=timedelta(hours=1)), NIGHTLY, TWICE], ids=str)
@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(hours=1), timedelta(days=400)], ids=str)
def test_a_clock_that_was_set_back_keeps_nothing_waiting(schedule, ahead):
    assert next_time(schedule, NOW + ahead, NOW, CHICAGO) == NOW
    assert next_time(schedule, NOW, NOW, CHICAGO) > NOW


def test_a_clock_that_was_set_back_reads_nothing_that_only_a_person_asks_for():
    assert next_time(Schedule(), NOW + timedelta(days=1), NOW, CHICAGO) is None


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    start=st.datetimes(datetime(2025, 12, 1), datetime(2027, 1, 31)),  # noqa: DTZ001 - the strategy adds the zone
    zone=st.sampled_from(["America/Chicago", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "UTC"]),
)
def test_a_daily_time_comes_once_a_day(hour, minute, start, zone):
    place, last, days = ZoneInfo(zone), start.replace(tzinfo=UTC), []
    for _ in range(10):
        due = next_time(Schedule(at=(time(hour, minute),)), last, last, place)
        assert due > last
        days.append(due.astimezone(place).date())
        last = due
    assert days == [days[0] + timedelta(days=number) for number in range(10)]


@given(
    at=st.sets(st.times(), min_size=2, max_size=5),
    start=st.datetimes(datetime(2025, 12, 1), datetime(2027, 1, 31)),  # noqa: DTZ001 - the strategy adds the zone
    zone=st.sampled_from(["America/Chicago", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "UTC"]),
)
def test_several_times_come_as_each_of_them_alone(at, start, zone):
    """But for those that fall onto the same instant in the gap of daylight saving."""
    place, began, days = ZoneInfo(zone), start.replace(tzinfo=UTC), 6

    def dues(schedule: Schedule) -> list[datetime]:
        last, found = began, []
        while (last := next_time(schedule, last, last, place)) <= began + timedelta(days=days):
            found.append(last)
        return found

    alone = {due for one in at for due in dues(Schedule(at=(one,)))}
    assert dues(Schedule(at=tuple(sorted(at)))) == sorted(alone)

"""Metered reads against what is granted: by app, each company once, and at which pace."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from daemon.metering import forecast, uses

NOW = datetime(2026, 4, 16, tzinfo=UTC)  # half of April


class Counted:
    def __init__(self, **reads: int) -> None:
        self.reads = reads

    def reads_of(self, realm: str, month: str) -> int:
        assert month == "2026-04"
        return self.reads[f"realm_{realm}"]


def connection(realm: str, app: str = "app", monthly_reads: int = 500_000) -> SimpleNamespace:
    return SimpleNamespace(
        quickbooks=SimpleNamespace(realm_id=realm, client_id=app, monthly_reads=monthly_reads),
    )


def test_two_shops_of_one_company_count_once():
    (use,) = uses({"one": connection("1"), "two": connection("1")}, Counted(realm_1=700), NOW)
    assert (use.connections, use.reads, use.forecast) == (("one", "two"), 700, 1400)


def test_companies_of_one_app_share_its_budget_and_other_apps_have_their_own():
    connections = {
        "one": connection("1"),
        "two": connection("2", monthly_reads=400_000),
        "else": connection("3", app="another"),
    }
    first, second = uses(connections, Counted(realm_1=10, realm_2=20, realm_3=4), NOW)
    assert (first.connections, first.reads, first.budget) == (("one", "two"), 30, 400_000)
    assert (second.connections, second.reads, second.budget) == (("else",), 4, 500_000)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-04-01T00:00:00+00:00", 3000),  # as if a day had gone by
        ("2026-04-01T12:00:00+00:00", 3000),
        ("2026-04-02T00:00:00+00:00", 3000),
        ("2026-04-04T00:00:00+00:00", 1000),
        ("2026-02-28T23:00:00-02:00", 3100),  # the first of March by UTC
        ("2026-12-31T23:59:59+00:00", 100),
    ],
)
def test_the_pace_of_the_month_so_far_but_of_no_less_than_a_day(now, expected):
    assert forecast(100, datetime.fromisoformat(now)) == expected

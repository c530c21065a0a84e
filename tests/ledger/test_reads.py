"""Metered reads: counted exactly, by company and calendar month (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime


def test_reads_count_into_their_month_and_company(ledger, clock):
    clock.now = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    ledger.count_reads("1234567890")
    ledger.count_reads("1234567890", 2)
    clock.now = datetime(2026, 2, 1, tzinfo=UTC)
    ledger.count_reads("1234567890")
    ledger.count_reads("9876543210")
    assert [ledger.reads_of("1234567890", month) for month in ("2025-12", "2026-01", "2026-02")] == [0, 3, 1]
    assert ledger.reads_of("9876543210", "2026-02") == 1


def test_a_month_is_of_utc_whatever_the_clock_says(ledger, clock):
    clock.now = datetime.fromisoformat("2026-01-31T20:00:00-06:00")
    ledger.count_reads("1234567890")
    assert ledger.reads_of("1234567890", "2026-02") == 1

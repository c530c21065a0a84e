"""What a process does beside the sync: each in its own time, and none of it in the way of another."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from cartledger.errors import LedgerTrouble
from daemon.running.upkeep import Chore, Upkeep

HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def done():
    """The names of chores, as they were done."""
    return []


def test_each_has_its_own_time(clock, done):
    often = Chore(name="often", every=HOUR, do=lambda: done.append("often"))
    rarely = Chore(name="rarely", every=2 * HOUR, do=lambda: done.append("rarely"))
    upkeep = Upkeep([often, rarely], clock)
    for _ in range(4):
        upkeep.once()
        upkeep.once()
        clock.now += HOUR
    assert done == ["often", "rarely", "often", "often", "rarely", "often"]


def test_a_clock_that_is_set_back_keeps_none_waiting(clock, done):
    upkeep = Upkeep([Chore(name="a", every=HOUR, do=lambda: done.append("a"))], clock)
    upkeep.once()
    clock.now -= timedelta(days=400)
    upkeep.once()
    clock.now += HOUR / 2
    upkeep.once()
    assert done == ["a", "a"]


def test_one_that_fails_is_told_of_once_and_once_when_it_works_again(clock, done, caplog):
    troubles = [OSError("no"), ValueError("no"), None, None]

    def fail():
        if (trouble := troubles.pop(0)) is not None:
            raise trouble

    upkeep = Upkeep(
        [Chore(name="Mails", every=HOUR, do=fail), Chore(name="b", every=HOUR, do=lambda: done.append("b"))], clock
    )
    with caplog.at_level(logging.INFO, "cartledger"):
        for _ in range(4):
            upkeep.once()
            clock.now += HOUR
    assert done == ["b"] * 4
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "Mails: no"),
        ("INFO", "Mails works again after 7200 s."),
    ]


def test_a_ledger_that_cannot_be_written_ends_the_process(clock):
    def fail():
        raise LedgerTrouble("The disk is full.")

    with pytest.raises(LedgerTrouble):
        Upkeep([Chore(name="a", every=HOUR, do=fail)], clock).once()

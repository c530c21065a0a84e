"""Who has not got on for too long: loops, batches in work; not those that wait for a slow answer or a broker."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from daemon.pulse import LONGEST_SILENCE, Pulse
from daemon.running.supervisor import Crew


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_(self, time: timedelta) -> None:
        self.seconds += time.total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


A_MOMENT = timedelta(seconds=1)


def test_a_loop_is_stuck_when_it_has_not_turned_for_too_long(clock):
    pulse = Pulse(clock)
    with pulse.of("read-main"), pulse.of("work"):
        clock.pass_(LONGEST_SILENCE)
        assert pulse.stuck() == []
        pulse.beat("work")
        clock.pass_(A_MOMENT)
        assert pulse.stuck() == ["read-main"]
        pulse.beat("read-main")
        assert pulse.stuck() == []


def test_what_has_ended_or_was_never_expected_is_not_stuck(clock):
    pulse = Pulse(clock)
    with pulse.of("work"):
        pass
    pulse.beat("MainThread")
    clock.pass_(LONGEST_SILENCE * 2)
    assert pulse.stuck() == []


def test_a_beat_without_a_name_is_of_the_thread(clock):
    crew = Crew(pulse=Pulse(clock))
    begun, go_on, beaten = threading.Event(), threading.Event(), threading.Event()

    def body() -> None:
        begun.set()
        go_on.wait(60)
        crew.beat()
        beaten.set()
        crew.quiet.wait(60)

    crew.start("upkeep", body)
    try:
        assert begun.wait(60)
        clock.pass_(LONGEST_SILENCE + A_MOMENT)
        assert crew.stuck() == ["upkeep"]
        go_on.set()
        assert beaten.wait(60)
        assert crew.stuck() == []
    finally:
        crew.stop()
        crew.wait()

from __future__ import annotations

import pytest

from cartledger.ledger.quota import Quota


@pytest.fixture
def quota(ledger):
    quota = Quota(ledger)
    yield quota
    quota.close()


def grants(quota, clock, *, seconds, per_second, burst, bucket="qbo:9130", tick=0.05):
    """How many calls of a greedy client are granted in `seconds`, asking every `tick`."""
    granted = 0
    for _ in range(round(seconds / tick)):
        granted += quota.take(bucket, per_second=per_second, burst=burst) == 0.0
        clock.step(tick)
    return granted


def test_a_burst_and_then_the_rate(quota, clock):
    assert grants(quota, clock, seconds=10, per_second=2, burst=5) == 5 + 19


def test_a_full_bucket_says_when_to_ask_again_and_takes_nothing(quota, clock):
    assert [quota.take("b", per_second=4, burst=2) for _ in range(3)] == [0.0, 0.0, 0.25]
    assert quota.take("b", per_second=4, burst=2) == 0.25
    clock.step(0.25)
    assert quota.take("b", per_second=4, burst=2) == 0.0
    assert quota.take("other", per_second=4, burst=2) == 0.0


def test_minutes_are_rates_too(quota, clock):
    assert grants(quota, clock, seconds=60, per_second=40 / 60, burst=1, tick=0.1) == 40


def test_a_clock_that_is_set_back_starts_the_bucket_anew(quota, clock):
    for _ in range(3):
        quota.take("b", per_second=1, burst=2)
    clock.step(-3600)
    assert [quota.take("b", per_second=1, burst=2) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_clocks_of_two_processes_may_differ_a_little(quota, clock):
    for _ in range(2):
        quota.take("b", per_second=1, burst=2)
    clock.step(-1)
    assert quota.take("b", per_second=1, burst=2) == 2.0

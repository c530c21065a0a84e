"""Shop and company trade at random while answers are lost and processes die: no level is ever set above what is there,
nothing is sold that is not there, and whenever all is quiet both sides show the same."""

from __future__ import annotations

import pytest

STEPS = 150
SHORT = (1, 5, 8, 26)
LONG = range(100, 140)
LONG_STEPS = 250
"""Forty walks of these are 10,000."""


@pytest.mark.parametrize("seed", SHORT)
def test_levels_follow_trade(make_walk, seed):
    make_walk(seed).go(STEPS)


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG)
def test_levels_follow_trade_for_long(make_walk, seed):
    make_walk(seed).go(LONG_STEPS)

"""Seven days on which all is well: nobody is told of anything, and the signs of life come all the time."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest

from daemon.watching.heartbeat import BEAT

DAYS = 7
HICCUPS = [
    (2, "quickbooks", "batch", "drop_after"),
    (3, "quickbooks", "token", "drop_before"),
    (4, "bigcommerce", "*", "drop_before"),
]
OPENS, CLOSES = 14, 23  # in UTC, of a shop in Chicago


class Beats:
    """The distances between signs of life."""

    def __init__(self, life):
        self._life, self._seen = life, [life.now]

    def look(self):
        last = self._life.app.ledger.reference("", BEAT)
        if last is not None and last.fetched_at > self._seen[-1]:
            self._seen.append(last.fetched_at)

    @property
    def longest_silence(self):
        return max(later - earlier for earlier, later in pairwise([*self._seen, self._life.now]))


@pytest.mark.parametrize(
    ("connection", "hiccups", "step"),
    [
        ({"interval": "1h", "timezone": "America/Chicago"}, HICCUPS, 1),  # daylight saving begins on the fourth day
        ({"interval": "daily at 02:30", "timezone": "America/Chicago"}, [], 5),  # which has no 02:30
        ({"interval": "manual"}, [], 5),
    ],
    ids=["hourly", "daily", "manual"],
)
def test_nobody_is_told_of_anything(make_life, connection, hiccups, step):
    life = make_life(step=timedelta(minutes=step), connection=connection)
    beats = Beats(life)
    for day in range(DAYS):
        for hour in range(OPENS - 6, CLOSES - 6, 3):
            life.at(days=day, hours=hour, do=life.orders)
    for days, side, call, kind in hiccups:
        life.at(days=days, hours=9, do=partial(life.sim.faults.add, side=side, call=call, kind=kind, nth=1))
    for _ in range(DAYS * 24 * 3):
        life.lives(minutes=20)
        beats.look()
    assert (life.told(), life.standing(), life.mails()) == ([], [], [])
    assert beats.longest_silence <= timedelta(minutes=25)
    assert all(rule.seen for rule in life.sim.faults._rules)
    if connection["interval"] != "manual":
        life.lives(days=1)
        life.all_posted()
    assert life.sim.company.tokens.refreshes >= DAYS * 20

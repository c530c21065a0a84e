"""A trial of recent orders: what is read for it, and what it says when it may not be read."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from consumers.trial import READS
from daemon.inspection import fetched
from mapping.decision import Excluded, Held, Post

TWO_OF_A_RATE = {
    "out_of_scope": "No VAT",
    "map": {"VAT": "20.0% S", "Other": "20.0% FR", "Reduced": "5.0% R", "none": "0.0% Z"},
}
"""The rate does not tell the code, so that the orders' tax rows are read."""


@pytest.fixture
def make_trial(make_sim, make_road):
    """`make_trial(orders=…, tax=…)`: a trial, the rows of the last orders, and the simulator."""

    def make(*, tax=TWO_OF_A_RATE, change=lambda _: None, **fill):
        sim = make_sim(company="uk")
        sim.company.add_tax_code(name="20.0% FR", percent=20)
        sim.fill(**{"orders": 60, "customers": 15, "clean": True, **fill})
        change(sim)
        road = make_road(sim, tax=tax)
        app = road.app(sleep=lambda _: None)
        line = app.lines[road.name]
        heard = []
        trial = app.trial(line, fetched(line), ZoneInfo("Europe/London"), heard.append)
        rows = line.shop.latest_orders().rows
        sim.reset_counts()
        return trial, rows, sim, heard

    return make


def calls(sim):
    return sim.report()["bigcommerce"]["calls"]


def kinds(tried):
    return {type(one.decision) for one in tried}


def test_orders_that_are_alike_share_what_was_read_of_one(make_trial):
    trial, rows, sim, heard = make_trial()
    tried = trial.run(rows)
    assert [one.id for one in tried] == [row["id"] for row in rows]
    assert kinds(tried) == {Post}
    assert 0 < calls(sim) < 25
    assert heard[-1] == len(rows)
    assert trial.troubles == []


def test_no_more_is_read_than_is_allowed(make_trial):
    trial, rows, sim, _ = make_trial()
    trial.reads = 3
    tried = trial.run(rows)
    assert calls(sim) == 3
    assert kinds(tried) == {Post, type(None)}


def test_the_most_frequent_kinds_come_first(make_trial):
    def told(reads):
        trial, rows, _, _ = make_trial()
        trial.reads = reads
        return sum(one.decision is not None for one in trial.run(rows))

    none, one, two = (told(reads) for reads in range(3))
    assert one - none >= two - one
    assert one - none > 1


def test_there_is_a_bound(make_trial):
    trial, _, _, _ = make_trial(orders=6)
    assert trial.reads == READS == 25


def test_what_may_not_be_read_is_told_once(make_trial):
    trial, rows, sim, _ = make_trial()
    sim.faults.add(side="bigcommerce", call="taxes", kind="status", status=403)
    tried = trial.run(rows)
    assert trial.reads == READS - 1
    (trouble,) = trial.troubles
    assert str(trouble).startswith("The token may not read the taxes of order ")
    assert kinds(tried) == {Post, type(None)}


def test_a_side_that_does_not_answer_is_asked_no_more(make_trial):
    trial, rows, sim, _ = make_trial()
    sim.faults.add(side="bigcommerce", call="taxes", kind="drop_before")
    assert kinds(trial.run(rows)) == {Post, type(None)}
    assert (trial.reads, len(trial.troubles)) == (0, 1)


def test_an_order_that_is_gone_meanwhile_would_be_held(make_trial):
    trial, rows, sim, _ = make_trial(orders=6)
    for row in rows:
        sim.shop.delete(row["id"])
    tried = trial.run(rows)
    gone = [one for one in tried if isinstance(one.decision, Held)]
    assert {problem.code for one in gone for problem in one.decision.problems} == {"order_gone"}
    assert trial.troubles == []


def test_orders_with_more_lines_than_a_list_brings_are_read_whole(make_trial):
    trial, rows, sim, _ = make_trial(orders=6, big_orders=6)
    assert kinds(trial.run(rows)) == {Post}
    trial, rows, sim, _ = make_trial(orders=6, big_orders=6)
    trial.reads = 0
    assert kinds(trial.run(rows)) == {type(None)}
    assert calls(sim) == 0


def test_rules_and_unreadable_orders(make_trial):
    def change(sim):
        sim.shop.update(1001, total_ex_tax="n/a")
        sim.shop.update(1002, order_source="amazon")

    trial, rows, _, _ = make_trial(orders=6, change=change)
    decisions = {one.id: one.decision for one in trial.run(rows)}
    assert isinstance(decisions[1001], Held)
    assert isinstance(decisions[1002], Excluded)
    assert {type(decisions[n]) for n in range(1003, 1007)} == {Post}

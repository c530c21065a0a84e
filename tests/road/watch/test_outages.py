"""Outages are told of within two intervals, once, and that they are over once; mails go out with it."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from functools import partial

import pytest

from cartledger.errors import LedgerTrouble
from cartledger.ledger.types import State
from daemon.watching.alerts import Watch
from daemon.watching.outside import telling_of_ledger_trouble
from tests.broker.conftest import Proxy

INTERVALS = 2
SHIPPED = 2
AFTER = {"hours": 1}


@pytest.fixture
def shop(make_life):
    """One with an order each hour, which has run for a while."""

    def make(*, nightly=False, **sections):
        life = make_life(**sections)
        life.orders()
        for hour in range(1, 30):
            if not nightly:
                life.at(hours=hour, do=life.orders)
        life.lives(hours=3)
        assert (life.told(), life.mails()) == ([], [])
        return life

    return make


def goes_through(life, begin, end, cause, within=INTERVALS):
    """The outage, which lasts for longer than it takes to be told of."""
    begin()
    life.lives(hours=within)
    assert (life.told(), life.standing()) == ([cause], [cause])
    life.lives(**AFTER)
    assert (life.told(), life.standing()) == ([cause], [cause])
    end()
    life.lives(hours=INTERVALS)
    assert (life.told(), life.standing()) == ([cause, f"over {cause}"], [])
    life.lives(**AFTER)
    life.comes_to_rest()
    assert (life.told(), life.mails()) == ([cause, f"over {cause}"], ["alert", "all clear"])
    life.all_posted()


@pytest.mark.parametrize("nightly", [False, True], ids=["with orders", "while nothing is sold"])
def test_the_token_is_taken_back(shop, nightly):
    life = shop(nightly=nightly)
    goes_through(life, life.sim.company.tokens.revoke, life.connect_again, "token_refused")


def both_sides(life, **fault):
    def begin():
        for side in ("bigcommerce", "quickbooks"):
            life.sim.faults.add(side=side, call="*", **fault)

    return begin


def test_the_network_is_gone(shop):
    life = shop()
    goes_through(life, both_sides(life, kind="drop_before"), life.sim.faults.clear, "bigcommerce_down")


def test_the_broker_is_down(shop, rabbitmq_url):
    proxy = Proxy(rabbitmq_url)
    try:
        life = shop(broker={"url": proxy.url})

        def end():
            proxy.up()
            life.until_the_broker_is_reached()

        goes_through(life, proxy.down, end, "broker_down")
    finally:
        proxy.close()


def test_a_start_in_the_middle_of_an_outage_tells_nothing_again(shop):
    life = shop()

    def begin():
        life.sim.company.tokens.revoke()
        life.lives(hours=1)
        life.watched_anew()

    def end():
        life.connect_again()
        life.watched_anew()

    goes_through(life, begin, end, "token_refused")


def test_a_side_that_comes_and_goes_is_one_outage(shop):
    life = shop()
    ledger, side = life.app.ledger, (life.road.pair, "quickbooks")
    for _ in range(4):
        ledger.open_circuit(*side, until=life.now + timedelta(days=1), kind="Unreachable", reason="It is down.")
        life.lives(minutes=30)
        ledger.close_circuit(*side)
        life.lives(minutes=3)
    assert (life.told(), life.standing()) == (["quickbooks_down"], ["quickbooks_down"])
    life.comes_to_rest()
    assert life.told() == ["quickbooks_down", "over quickbooks_down"]


def test_of_two_that_watch_one_tells(shop):
    life = shop()
    other = life.road.app(clock=life.app.clock)
    watch = Watch(other, [life.road.name])
    life.sim.company.tokens.revoke()
    for _ in range(90):
        life.lives(minutes=1)
        watch.look()
    assert (life.told(), life.mails()) == (["token_refused"], ["alert"])


def test_a_ledger_that_cannot_be_written_again_and_again_is_one_outage_and_no_crash_loop(shop, caplog):
    life = shop(connection={"interval": "5m"})
    settings, trouble = life.app.settings, LedgerTrouble("The disk is full.", fix="Free some space.")
    for start in range(3):
        life.app.ledger.process_started(f"elsewhere:{start}:a:b", "sync", 0)
        with pytest.raises(LedgerTrouble), telling_of_ledger_trouble(settings, life.app.clock):
            raise trouble
        life.lives(minutes=2)
    life.lives(hours=2)
    assert life.told() == ["ledger_trouble", "over ledger_trouble"]
    assert life.mails() == ["all clear"]
    assert caplog.text.count("No mail could be sent about it") == 1


def test_settings_that_are_wrong_are_told_of_until_they_are_mended(shop):
    life = shop()

    def told_to_reload(problem):
        life.app.settings_wrong = problem

    goes_through(life, lambda: told_to_reload("Line 3 is wrong."), lambda: told_to_reload(""), "settings_wrong")


def test_whoever_reads_hangs(shop):
    life = shop()

    def begin():
        life.reads = False

    def end():
        life.reads = True

    goes_through(life, begin, end, "not_reading", within=INTERVALS + 1)


def test_whoever_posts_is_gone_without_a_word(shop):
    life = shop()
    goes_through(life, life.stops_posting, life.posts_again, "nothing_posted", within=INTERVALS + 1)


def test_orders_that_change_in_the_shop_are_no_sign_that_any_is_posted(shop):
    life = shop()
    first, second, third, *_ = sorted(life.sim.shop.orders)
    for hour, order in enumerate([first, second, third], 3):
        life.at(hours=hour, minutes=30, do=partial(life.sim.shop.set_status, order, SHIPPED))
    life.stops_posting()
    life.lives(hours=INTERVALS + 1)
    assert life.app.ledger.counts(life.road.pair, "order")[State.POSTED] == 1
    assert life.told() == ["nothing_posted"]


def test_a_process_that_is_started_again_and_again_puts_nothing_off(shop):
    life = shop()

    def begin():
        life.stops_posting()
        for minutes in range(10, 60 * (INTERVALS + 1), 20):
            life.at(hours=3, minutes=minutes, do=life.watched_anew)

    goes_through(life, begin, life.posts_again, "nothing_posted", within=INTERVALS + 1)


def test_what_waited_for_being_enabled_is_not_late(shop):
    life = shop()
    watch = Watch(life.app, [life.road.name])
    assert watch.found() == []
    life.app.ledger.switch(life.road.pair, enabled=False, who="test")
    life.stops_posting()
    life.lives(hours=5)
    life.enable()
    assert watch.found() == []
    life.lives(hours=INTERVALS + 1)
    assert life.told() == ["nothing_posted"]


AHEAD = timedelta(days=400)


def test_a_clock_that_was_set_back_keeps_nothing_waiting(shop):
    life = shop()
    life.sim.faults.add(side="quickbooks", call="*", kind="status", status=503)
    life.lives(hours=2)
    life.sim.faults.clear()
    life.now -= AHEAD
    life.lives(minutes=10)
    life.all_posted()
    life.lives(hours=1)
    assert life.told() == ["quickbooks_down", "over quickbooks_down"]
    assert life.mails() == ["alert", "all clear"]


def test_what_begins_after_a_clock_was_set_back_is_told_of(shop):
    life = shop()
    life.now -= AHEAD
    life.stops_posting()
    life.orders(now=life.now + AHEAD)
    life.lives(hours=INTERVALS + 1)
    assert life.told() == ["nothing_posted"]
    life.posts_again()
    life.comes_to_rest()
    assert life.told() == ["nothing_posted", "over nothing_posted"]


def test_more_comes_than_is_posted(shop):
    life = shop(connection={"interval": "5m"})
    life.stops_posting()
    life.orders(320)
    for minutes in range(5, 20, 5):
        life.at(hours=3, minutes=minutes, do=partial(life.orders, 130))
        life.at(hours=3, minutes=minutes + 2, do=life.posts_some)
    life.lives(minutes=17)
    assert (life.told(), life.standing()) == (["queue_growing"], ["queue_growing"])
    life.lives(minutes=5)
    assert (life.told(), life.standing()) == (["queue_growing"], ["queue_growing"])
    life.posts_again()
    life.comes_to_rest()
    assert (life.told(), life.mails()) == (["queue_growing", "over queue_growing"], ["alert", "all clear"])
    life.all_posted()


def test_a_consumer_is_not_seen_any_more(shop):
    life = shop()

    def begin():
        life.app.ledger.process_started("elsewhere:1:a:b", "consume", 2)

    goes_through(life, begin, lambda: life.app.ledger.process_ended("elsewhere:1:a:b"), "consumer_missing")


@pytest.mark.parametrize(("side", "cause"), [("quickbooks", "throttled"), ("bigcommerce", "throttled")])
def test_a_quota_is_used_up(shop, side, cause):
    life = shop()
    goes_through(life, lambda: life.sim.faults.add(side=side, call="*", kind="throttled"), life.sim.faults.clear, cause)


@pytest.mark.parametrize(("side", "cause"), [("quickbooks", "quickbooks_down"), ("bigcommerce", "bigcommerce_down")])
def test_one_side_is_down(shop, side, cause):
    life = shop()
    goes_through(
        life, lambda: life.sim.faults.add(side=side, call="*", kind="status", status=503), life.sim.faults.clear, cause
    )


def test_an_order_is_held_until_a_person_lets_it_go(shop):
    life = shop()
    life.orders(clean=False, share_odd=1)
    life.lives(hours=2)
    assert (life.told(), life.standing()) == (["held_orders"], ["held_orders"])
    life.orders(clean=False, share_odd=1)
    life.lives(hours=3)
    (alert,) = life.app.ledger.alerts(life.road.pair)
    assert alert.text.startswith("2 are")
    life.app.ledger.ignore([each.key for each in life.app.ledger.held(life.road.pair)], "test")
    life.lives(hours=2)
    assert (life.told(), life.standing()) == (["held_orders", "over held_orders"], [])


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ({"side": "quickbooks", "call": "batch", "kind": "drop_after"}, 1),
        ({"side": "quickbooks", "call": "batch", "kind": "status", "status": 503}, 2),
        ({"side": "quickbooks", "call": "*", "kind": "throttled"}, 2),
        ({"side": "bigcommerce", "call": "*", "kind": "drop_before"}, 6),
        ({"side": "quickbooks", "call": "token", "kind": "status", "status": 503}, 1),
    ],
)
def test_what_passes_by_itself_is_not_told_of(shop, fault, times):
    life = shop()
    life.sim.faults.add(**fault, first=times)
    life.lives(hours=6)
    life.comes_to_rest()
    assert (life.told(), life.mails()) == ([], [])
    life.all_posted()


@pytest.mark.option("report.when")
@pytest.mark.parametrize(
    ("when", "kinds"),
    [
        ("never", []),
        ("on_problem", ["alert", "all clear"]),
    ],
)
def test_whether_a_mail_goes_out(shop, when, kinds):
    life = shop(report={"when": when, "to": ["books@shop.example"]})
    life.sim.faults.add(side="bigcommerce", call="*", kind="status", status=503)
    life.lives(hours=2)
    life.sim.faults.clear()
    life.lives(hours=2)
    assert life.told() == ["bigcommerce_down", "over bigcommerce_down"]
    assert life.mails() == kinds


def test_what_a_mail_says(shop):
    life = shop()
    life.sim.company.tokens.revoke()
    life.lives(hours=2)
    (mail,) = life.app.ledger.mails_waiting()
    message = message_from_bytes(mail.content, policy=policy.default)
    assert message["Subject"] == "cartledger demo: the connection was refused"
    said = message.get_content()
    assert "The connection to QuickBooks has expired or was taken back. Run `cartledger connect quickbooks" in said
    assert said.splitlines()[-1] == "Since 2026-03-05 09:01 UTC. More about it: docs/RUNBOOK.md#token_refused"


def test_short_intervals_are_told_of_sooner(shop):
    life = shop(connection={"interval": "10m"})
    life.sim.faults.add(side="bigcommerce", call="*", kind="status", status=503)
    life.lives(minutes=20)
    assert life.told() == ["bigcommerce_down"]
    life.sim.faults.clear()
    life.lives(minutes=20)
    assert life.told() == ["bigcommerce_down", "over bigcommerce_down"]

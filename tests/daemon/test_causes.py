"""Which facts are a cause, which cause says it for others, and what is too short to be told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cartledger.ledger.types import Alert, Circuit, Process
from cartledger.settings import Schedule
from consumers.circuit import BIGCOMMERCE, NAMES, QUICKBOOKS, READING_ORDERS, READING_STOCK, SIGNING_IN
from daemon.watching.causes import (
    EXPLAINED_BY,
    TITLES,
    BrokerTrouble,
    Budget,
    ConnectionFacts,
    Facts,
    MailTrouble,
    Stream,
    causes,
    heading,
    pace,
    to_tell,
    watched_since,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
HOUR = timedelta(hours=1)


def ago(**much):
    return NOW - timedelta(**much)


def connection(**facts):
    usual = {"name": "main", "pair": "p", "enabled": True, "pace": HOUR, "in_flight": timedelta(seconds=130)}
    return ConnectionFacts(**usual | {"settled_at": LONG_AGO} | facts)


def facts(*connections, **more):
    return Facts(watched_since=LONG_AGO, connections=connections, **more)


def circuit(side, kind, *, minutes, needs_person=False):
    since, reason = ago(minutes=minutes), "The reason."
    return Circuit(
        pair="p", side=side, since=since, until=NOW, failures=1, kind=kind, reason=reason, needs_person=needs_person
    )


def process(owner, role="consume", instance=1, *, started, seen, ended=None):
    times = {"started": ago(minutes=started), "seen_at": ago(minutes=seen)}
    return Process(owner=owner, role=role, instance=instance, ended=ended, **times)


def found(*args, **more):
    return [alert.cause for alert in causes(facts(*args, **more), NOW)]


def of(**one):
    return found(connection(**one))


def stream(**more):
    usual = {"what": "The shop", "due": NOW, "pace": HOUR, "going_on": False}
    return Stream(**usual | more)


@pytest.mark.parametrize(
    ("side", "kind", "minutes", "needs_person", "cause"),
    [
        (QUICKBOOKS, "Unreachable", 9, False, None),
        (QUICKBOOKS, "Unreachable", 10, False, "quickbooks_down"),
        (QUICKBOOKS, "BrokenAnswer", 10, False, "quickbooks_down"),
        (QUICKBOOKS, "", 10, False, "quickbooks_down"),
        (QUICKBOOKS, "Throttled", 9, False, None),
        (QUICKBOOKS, "Throttled", 10, False, "throttled"),
        (QUICKBOOKS, "Unauthorised", 0, True, "token_refused"),
        (QUICKBOOKS, "Forbidden", 0, True, "token_refused"),
        (QUICKBOOKS, "CompanyReadOnly", 0, True, "token_refused"),
        (BIGCOMMERCE, "Unreachable", 10, False, "bigcommerce_down"),
        (READING_ORDERS, "Unreachable", 9, False, None),
        (READING_ORDERS, "Unreachable", 10, False, "bigcommerce_down"),
        (READING_ORDERS, "Forbidden", 0, True, "token_refused"),
        (READING_ORDERS, "Throttled", 10, False, "throttled"),
        (READING_STOCK, "Unreachable", 10, False, "not_reading"),
        (READING_STOCK, "Unauthorised", 0, True, "token_refused"),
        (SIGNING_IN, "Unreachable", 10, False, "quickbooks_down"),
        (SIGNING_IN, "Unauthorised", 0, True, "token_refused"),
    ],
)
def test_a_side_that_fails(side, kind, minutes, needs_person, cause):
    expected = [cause] if cause else []
    assert of(circuits=[circuit(side, kind, minutes=minutes, needs_person=needs_person)]) == expected


def test_every_side_has_a_cause():
    for side in NAMES:
        assert len(of(circuits=[circuit(side, "Unreachable", minutes=10)])) == 1


def test_a_short_interval_shortens_what_is_waited_for():
    down = [circuit(QUICKBOOKS, "Unreachable", minutes=3)]
    assert of(circuits=down, pace=timedelta(minutes=5)) == ["quickbooks_down"]
    assert of(circuits=down, pace=timedelta(minutes=15)) == []
    assert of(circuits=[circuit(QUICKBOOKS, "Unreachable", minutes=7)], pace=timedelta(minutes=15)) == []
    assert of(circuits=[circuit(QUICKBOOKS, "Unreachable", minutes=8)], pace=timedelta(minutes=15)) == [
        "quickbooks_down"
    ]


def test_one_alert_says_it_where_two_sides_have_the_same_cause():
    both = [circuit(side, "Unauthorised", minutes=1, needs_person=True) for side in (QUICKBOOKS, SIGNING_IN)]
    assert of(circuits=both) == ["token_refused"]


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        ({"ready_since": ago(minutes=122)}, None),
        ({"ready_since": ago(minutes=122, seconds=10)}, "nothing_posted"),
        ({"ready_since": ago(minutes=500), "settled_at": ago(minutes=122)}, None),
        ({"ready_since": ago(minutes=500), "settled_at": ago(minutes=123)}, "nothing_posted"),
        ({"backlog": 900, "backlog_before": 900, "ready_since": ago(minutes=500), "settled_at": NOW}, None),
        ({"backlog": 900, "backlog_before": 800, "ready_since": ago(minutes=500), "settled_at": NOW}, "queue_growing"),
        ({"backlog": 900, "backlog_before": 800, "ready_since": ago(minutes=50), "settled_at": NOW}, None),
        ({"backlog": 900, "backlog_before": None, "ready_since": ago(minutes=500), "settled_at": NOW}, None),
        ({"backlog": 300, "backlog_before": 2, "ready_since": ago(minutes=500), "settled_at": NOW}, None),
        ({"backlog": 301, "backlog_before": 2, "ready_since": ago(minutes=500), "settled_at": NOW}, "queue_growing"),
        ({"backlog": 880, "backlog_before": 800, "ready_since": ago(minutes=500), "settled_at": NOW}, None),
        ({"backlog": 881, "backlog_before": 800, "ready_since": ago(minutes=500), "settled_at": NOW}, "queue_growing"),
        (
            {"backlog": 900, "backlog_before": 800, "ready_since": ago(minutes=122, seconds=10), "settled_at": NOW},
            "queue_growing",
        ),
        ({"held": {"no_item": 2}}, "held_orders"),
        ({"held": {"total_differs": 1}}, "difference"),
        ({"held": {"stands_otherwise": 1}}, "difference"),
        ({"held": {"exchange_rate_differs": 1}}, "difference"),
        ({"proposal": 7}, "stock_waiting"),
        ({"token_expires": NOW + timedelta(days=14)}, None),
        ({"token_expires": NOW + timedelta(days=13, hours=23)}, "token_expires"),
        ({"budget": Budget(reads=799, forecast=900, budget=1000)}, None),
        ({"budget": Budget(reads=800, forecast=900, budget=1000)}, "reads_near_budget"),
        ({"budget": Budget(reads=249, forecast=7000, budget=1000)}, None),
        ({"budget": Budget(reads=250, forecast=1000, budget=1000)}, None),
        ({"budget": Budget(reads=250, forecast=1001, budget=1000)}, "reads_near_budget"),
        ({"streams": [stream(due=ago(minutes=119))]}, None),
        ({"streams": [stream(due=ago(minutes=120))]}, "not_reading"),
        ({"streams": [stream(due=ago(minutes=120), going_on=True)]}, None),
        ({"streams": [stream(due=None)]}, None),
        ({"streams": [stream(), stream(due=ago(minutes=30), pace=timedelta(minutes=15))]}, "not_reading"),
    ],
)
def test_a_connection(one, cause):
    assert of(**one) == ([cause] if cause else [])


def test_a_backlog_that_is_being_read_is_none_that_grows():
    waiting = {"backlog": 900, "backlog_before": 800, "ready_since": ago(minutes=500), "settled_at": NOW}
    assert of(**waiting, streams=[stream(due=ago(minutes=500), going_on=True)]) == []


def test_nothing_is_told_of_a_connection_that_nobody_has_switched_on():
    wrong = {"held": {"no_item": 2}, "circuits": [circuit(QUICKBOOKS, "Unauthorised", minutes=9, needs_person=True)]}
    assert of(**wrong, proposal=7) == ["token_refused", "held_orders", "stock_waiting"]
    assert of(**wrong, proposal=7, enabled=False) == []


def test_what_was_missed_while_nothing_ran_is_not_late():
    late = connection(streams=[stream(due=LONG_AGO)], ready_since=LONG_AGO)
    assert {alert.cause for alert in causes(facts(late), NOW)} == {"not_reading", "nothing_posted"}
    assert causes(Facts(watched_since=ago(minutes=119), connections=[late]), NOW) == []


@pytest.mark.parametrize(
    ("processes", "minutes"),
    [
        ([], 0),
        ([process("own", "run", 0, started=5, seen=0)], 5),
        ([process("own", "run", 0, started=5, seen=0), process("before", "run", 0, started=70, seen=8)], 70),
        ([process("own", "run", 0, started=5, seen=0), process("before", "run", 0, started=70, seen=9)], 5),
        ([process("own", "run", 0, started=5, seen=0), process("c", "consume", 1, started=70, seen=0)], 5),
        (
            [
                process("own", "produce", 0, started=5, seen=0),
                process("other", "run", 0, started=40, seen=1),
                process("before", "run", 0, started=70, seen=42, ended=ago(minutes=42)),
            ],
            70,
        ),
    ],
)
def test_since_when_the_shops_are_read_by_somebody(processes, minutes):
    assert watched_since(processes, NOW) == ago(minutes=minutes)


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        ({"broker": BrokerTrouble(since=ago(seconds=119), address="pika://shop", kind="down")}, None),
        ({"broker": BrokerTrouble(since=ago(seconds=120), address="pika://shop", kind="down")}, "broker_down"),
        ({"broker": BrokerTrouble(since=ago(seconds=120), address="pika://shop", kind="refused")}, "broker_down"),
        ({"broker": BrokerTrouble(since=ago(seconds=120), address="pika://shop", kind="blocked")}, "broker_blocked"),
        ({"settings_wrong": "Line 3 is wrong."}, "settings_wrong"),
        ({"mails": MailTrouble(since=ago(minutes=59), text="No.")}, None),
        ({"mails": MailTrouble(since=ago(minutes=60), text="No.")}, "mails_fail"),
        ({"ledger_trouble_since": NOW}, "ledger_trouble"),
    ],
)
def test_what_concerns_everything(trouble, cause):
    assert found(**trouble) == ([cause] if cause else [])


DEAD = [process(f"dead{n}", "run", 0, started=9 - n, seen=9 - n) for n in range(3)]
ALIVE = process("alive", "run", 0, started=1, seen=0)


@pytest.mark.parametrize(
    ("processes", "gone", "cause"),
    [
        ([*DEAD, ALIVE], {"dead0", "dead1", "dead2"}, "crash_loop"),
        ([*DEAD[:2], ALIVE], {"dead0", "dead1"}, None),
        ([*DEAD, ALIVE], set(), "crash_loop"),  # on another machine: not seen any more
        ([process(f"a{n}", instance=n, started=2, seen=0) for n in range(4)], set(), None),
        ([process(f"a{n}", instance=n, started=9, seen=1) for n in range(4)], {"a0", "a1", "a2"}, None),
        ([process(f"old{n}", "run", 0, started=40 + n, seen=40 + n) for n in range(3)] + [ALIVE], set(), None),
        ([process(f"a{n}", instance=1, started=14, seen=1) for n in range(3)], {"a0", "a1", "a2"}, "crash_loop"),
        ([process(f"a{n}", started=15, seen=1) for n in range(3)], {"a0", "a1", "a2"}, "crash_loop"),
        ([process(f"a{n}", started=16, seen=1) for n in range(3)], {"a0", "a1", "a2"}, None),
        ([process(f"a{n}", started=9, seen=5, ended=ago(minutes=5)) for n in range(3)], set(), None),
        ([process("a", started=60, seen=3)], set(), None),
        ([process("a", "sync", 0, started=60, seen=4)], set(), None),
        ([process("a", started=60, seen=4)], set(), "consumer_missing"),
        ([process("a", started=60, seen=4, ended=ago(minutes=4))], set(), None),
        ([process("a", started=60, seen=50), process("b", started=40, seen=0)], {"a"}, None),
        ([process("a", started=60, seen=50), process("b", instance=2, started=40, seen=0)], set(), "consumer_missing"),
        ([process("a", "produce", 0, started=60, seen=4)], set(), "consumer_missing"),
    ],
)
def test_processes(processes, gone, cause):
    assert found(processes=processes, gone=frozenset(gone)) == ([cause] if cause else [])


WAITS = connection(ready_since=ago(minutes=3))
PRODUCER = process("p", "produce", 0, started=60, seen=0)


@pytest.mark.parametrize(
    ("others", "gone"),
    [
        ([], set()),
        ([process("c", started=60, seen=5, ended=ago(minutes=5))], set()),
        ([process("c", started=60, seen=1)], {"c"}),
    ],
    ids=["none", "ended", "killed"],
)
def test_orders_wait_and_nobody_consumes(others, gone):
    processes = [PRODUCER, *others]
    assert found(WAITS, shared_broker=True, processes=processes, gone=frozenset(gone)) == ["consumer_missing"]
    assert found(WAITS, shared_broker=False, processes=processes, gone=frozenset(gone)) == []


@pytest.mark.parametrize("role", ["consume", "run", "sync"])
def test_somebody_consumes(role):
    assert found(WAITS, shared_broker=True, processes=[PRODUCER, process("c", role, started=60, seen=1)]) == []


@pytest.mark.parametrize(
    "connections",
    [[connection()], [connection(ready_since=ago(minutes=2))], [connection(ready_since=ago(hours=9), enabled=False)]],
    ids=["nothing waits", "for a moment", "not enabled"],
)
def test_nobody_consumes_what_does_not_wait(connections):
    assert found(*connections, shared_broker=True, processes=[PRODUCER]) == []


def test_since_when_nobody_consumes():
    lately, long = connection(ready_since=ago(minutes=2)), connection(ready_since=ago(minutes=9))
    usual = {"connections": [lately, long], "shared_broker": True, "processes": [PRODUCER]}
    (alert,) = causes(Facts(watched_since=LONG_AGO, **usual), NOW)
    assert alert.since == ago(minutes=9)
    assert causes(Facts(watched_since=ago(minutes=2), **usual), NOW) == []


@pytest.mark.parametrize(
    ("args", "more", "text", "fix"),
    [
        (
            [],
            {"processes": [PRODUCER, process("a", started=60, seen=5), process("b", "run", 0, started=60, seen=9)]},
            "Not seen any more: cartledger consume (instance 1), cartledger run.",
            "Start it again. If it is not wanted any more, start it once and stop it, so that it can say goodbye.",
        ),
        (
            [],
            {"broker": BrokerTrouble(since=LONG_AGO, address="pika://shop", kind="down")},
            "RabbitMQ at pika://shop does not answer.",
            "Start RabbitMQ again: `systemctl status rabbitmq-server`.",
        ),
        (
            [],
            {"broker": BrokerTrouble(since=LONG_AGO, address="pika://shop", kind="refused")},
            "RabbitMQ at pika://shop refuses the user, the password or the virtual host, which it took before.",
            "Set them there again (`rabbitmqctl list_users`), or mend broker.url and restart cartledger.",
        ),
        (
            [],
            {"broker": BrokerTrouble(since=LONG_AGO, address="pika://shop", kind="blocked")},
            "RabbitMQ at pika://shop takes nothing: it is short of memory or disk.",
            "Free memory or disk on the broker's machine: `rabbitmqctl status` says which is short.",
        ),
        (
            [connection(circuits=[circuit(QUICKBOOKS, "Unreachable", minutes=10)])],
            {},
            "QuickBooks: The reason.",
            "It is tried again by itself; nothing is lost.",
        ),
        (
            [connection(circuits=[circuit(QUICKBOOKS, "Unauthorised", minutes=1, needs_person=True)])],
            {},
            "QuickBooks: The reason.",
            "",
        ),
        (
            [connection(held={"no_item": 1})],
            {},
            "1 is (1 no_item) held.",
            "See `cartledger held list --connection main`.",
        ),
        (
            [connection(held={"no_item": 1, "not_paid": 2, "total_differs": 1})],
            {},
            "QuickBooks has another amount than the shop: 1 is (1 total_differs) held.",
            "See `cartledger held list --connection main`.",
        ),
        (
            [connection(backlog=900, backlog_before=800, ready_since=ago(hours=9), settled_at=NOW)],
            {},
            "900 orders wait; 120 minutes ago it was 800.",
            "Start more consumers: `cartledger-consumer@2` and so on.",
        ),
    ],
)
def test_what_is_said(args, more, text, fix):
    said, *_ = causes(facts(*args, **more), NOW)
    assert (said.text, said.fix) == (text, fix)


def test_since_when_processes_are_missing():
    lost = [process("a", started=60, seen=5), process("b", "run", 0, started=60, seen=9)]
    (alert,) = causes(facts(processes=lost), NOW)
    assert alert.since == ago(minutes=9)


def test_a_heading_is_a_sentence():
    assert heading("held_orders") == "Orders are held."


def alert(cause, pair="p"):
    return Alert(pair=pair, cause=cause, since=NOW, text="", fix="")


@pytest.mark.parametrize(
    ("found", "standing", "told"),
    [
        (["broker_down", "consumer_missing", "nothing_posted", "queue_growing"], [], ["broker_down"]),
        (["consumer_missing", "nothing_posted"], [], ["consumer_missing"]),
        (["crash_loop", "consumer_missing", "not_reading", "nothing_posted"], [], ["crash_loop"]),
        (["quickbooks_down", "bigcommerce_down", "not_reading", "mails_fail"], [], ["quickbooks_down"]),
        (["quickbooks_down"], ["bigcommerce_down"], []),
        (["nothing_posted"], ["token_refused"], []),
        (["token_refused", "token_expires"], [], ["token_refused"]),
        (["nothing_posted", "held_orders"], [], ["nothing_posted", "held_orders"]),
        (["ledger_trouble", "crash_loop", "consumer_missing", "not_reading"], [], ["ledger_trouble"]),
        (["ledger_trouble", "not_reading", "queue_growing"], [], ["ledger_trouble"]),
        (["broker_blocked", "consumer_missing", "nothing_posted", "queue_growing"], [], ["broker_blocked"]),
        (["consumer_missing", "queue_growing"], [], ["consumer_missing"]),
        (["bigcommerce_down", "throttled", "not_reading", "nothing_posted", "mails_fail"], [], ["bigcommerce_down"]),
        (["throttled", "not_reading", "nothing_posted"], [], ["throttled"]),
        (["throttled", "queue_growing"], [], ["throttled"]),
        (["queue_growing"], ["nothing_posted"], []),
    ],
)
def test_the_deepest_cause_says_it_for_the_others(found, standing, told):
    assert [each.cause for each in to_tell(list(map(alert, found)), list(map(alert, standing)))] == told


def test_a_cause_explains_nothing_of_another_connection():
    told = to_tell([alert("quickbooks_down", "one"), alert("nothing_posted", "two")], [])
    assert [each.cause for each in told] == ["quickbooks_down", "nothing_posted"]
    assert to_tell([alert("nothing_posted", "two")], [alert("broker_down", "")]) == []
    assert to_tell([alert("mails_fail", "")], [alert("quickbooks_down", "one")]) == []


def test_causes_come_with_the_deeper_ones_first():
    order = list(TITLES)
    mutual = {"bigcommerce_down", "quickbooks_down"}
    for cause, deeper in EXPLAINED_BY.items():
        for other in deeper:
            assert order.index(other) < order.index(cause) or {cause, other} == mutual, (other, cause)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(every=timedelta(minutes=1)), timedelta(minutes=5)),
        (Schedule(every=timedelta(minutes=15)), timedelta(minutes=15)),
        (Schedule(every=timedelta(days=2)), timedelta(hours=6)),
        (Schedule(), timedelta(hours=1)),
    ],
)
def test_the_measure_for_what_is_late(schedule, expected):
    assert pace(schedule) == expected

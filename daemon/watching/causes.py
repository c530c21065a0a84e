"""What is wrong, decided from facts alone: which alerts there should be, and which of them says it all.

An outage has many signs. Causes are looked for from the deepest on, and where one explains another, that other one is
not told of. Every cause has to have stood for a while that is shorter than two intervals of its connection, so that a
single lost answer raises nothing; what has no sign but that nothing happens, for two whole ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from cartledger.errors import CompanyReadOnly, Forbidden, Throttled, Unauthorised
from cartledger.ledger.types import Alert, Circuit, Process
from cartledger.settings import Schedule
from consumers.circuit import BIGCOMMERCE, NAMES, QUICKBOOKS, READING_ORDERS, READING_STOCK, SIGNING_IN

EVERYWHERE = ""
"""In place of a pair: what concerns the whole installation."""

LEDGER_TROUBLE = "ledger_trouble"
SETTINGS_WRONG = "settings_wrong"
BROKER_DOWN = "broker_down"
BROKER_BLOCKED = "broker_blocked"
CRASH_LOOP = "crash_loop"
CONSUMER_MISSING = "consumer_missing"
TOKEN_REFUSED = "token_refused"  # noqa: S105 - a cause
QUICKBOOKS_DOWN = "quickbooks_down"
BIGCOMMERCE_DOWN = "bigcommerce_down"
THROTTLED = "throttled"
NOT_READING = "not_reading"
NOTHING_POSTED = "nothing_posted"
QUEUE_GROWING = "queue_growing"
DIFFERENCE = "difference"
HELD_ORDERS = "held_orders"
STOCK_WAITING = "stock_waiting"
TOKEN_EXPIRES = "token_expires"  # noqa: S105 - a cause
READS_NEAR_BUDGET = "reads_near_budget"
MAILS_FAIL = "mails_fail"

TITLES: Mapping[str, str] = {
    LEDGER_TROUBLE: "the ledger cannot be written",
    SETTINGS_WRONG: "the settings are wrong",
    BROKER_DOWN: "the broker does not answer",
    BROKER_BLOCKED: "the broker takes nothing",
    CRASH_LOOP: "a process ends again and again",
    CONSUMER_MISSING: "a process is missing",
    TOKEN_REFUSED: "the connection was refused",
    QUICKBOOKS_DOWN: "QuickBooks does not answer",
    BIGCOMMERCE_DOWN: "BigCommerce does not answer",
    THROTTLED: "a quota is used up",
    NOT_READING: "the shop is not read",
    NOTHING_POSTED: "nothing is posted",
    QUEUE_GROWING: "orders pile up",
    DIFFERENCE: "QuickBooks totalled otherwise",
    HELD_ORDERS: "orders are held",
    STOCK_WAITING: "stock levels wait",
    TOKEN_EXPIRES: "the connection expires soon",
    READS_NEAR_BUDGET: "reads are nearly used up",
    MAILS_FAIL: "mails cannot be sent",
}
"""Of every cause, for the subject of a mail; the deeper ones first."""

_STOPS_ALL = frozenset({LEDGER_TROUBLE, BROKER_DOWN, BROKER_BLOCKED, CRASH_LOOP})
_SIDES = frozenset({TOKEN_REFUSED, QUICKBOOKS_DOWN, BIGCOMMERCE_DOWN, THROTTLED})
_DOWN = frozenset({QUICKBOOKS_DOWN, BIGCOMMERCE_DOWN})
EXPLAINED_BY: Mapping[str, AbstractSet[str]] = {
    CRASH_LOOP: {LEDGER_TROUBLE},
    CONSUMER_MISSING: _STOPS_ALL,
    # A machine without a network reaches neither side: whichever is noticed first tells of it.
    QUICKBOOKS_DOWN: {BIGCOMMERCE_DOWN},
    BIGCOMMERCE_DOWN: {QUICKBOOKS_DOWN},
    THROTTLED: _DOWN,
    NOT_READING: {LEDGER_TROUBLE, CRASH_LOOP, *_SIDES},
    NOTHING_POSTED: {*_STOPS_ALL, CONSUMER_MISSING, *_SIDES},
    QUEUE_GROWING: {*_STOPS_ALL, CONSUMER_MISSING, NOTHING_POSTED, *_SIDES},
    TOKEN_EXPIRES: {TOKEN_REFUSED},
    MAILS_FAIL: _DOWN,
}

_BROKER: Mapping[str, tuple[str, str, str]] = {
    "down": (BROKER_DOWN, "does not answer", "Start RabbitMQ again: `systemctl status rabbitmq-server`."),
    "refused": (
        BROKER_DOWN,
        "refuses the user, the password or the virtual host, which it took before",
        "Set them there again (`rabbitmqctl list_users`), or mend broker.url and restart cartledger.",
    ),
    "blocked": (
        BROKER_BLOCKED,
        "takes nothing: it is short of memory or disk",
        "Free memory or disk on the broker's machine: `rabbitmqctl status` says which is short.",
    ),
}
"""By kind of trouble: the cause, what is said, and what to do."""

TOTALLED_OTHERWISE = frozenset({"total_differs", "exchange_rate_differs", "stands_otherwise"})
"""The codes of problems with which QuickBooks has another amount than the shop."""

GRACE = timedelta(minutes=10)
LONGEST_PACE = timedelta(hours=6)
LOOKED_BACK = 3 * LONGEST_PACE
"""Longer than anything has to stand before it is told of."""

SHORTEST_PACE = timedelta(minutes=5)
UNSCHEDULED_PACE = timedelta(hours=1)
BROKER_GRACE = timedelta(minutes=2)
MISSING_AFTER = timedelta(minutes=3)
READERS = frozenset({"run", "produce"})
CRASHES, CRASHES_WITHIN = 3, timedelta(minutes=15)
EXPIRES_WITHIN = timedelta(days=14)
MAILS_GRACE = timedelta(hours=1)
BUDGET_WARNED_AT = 0.8
FORECAST_BELIEVED_AT = 0.25
WORTH_A_WORD = 300
"""Sources; fewer than these wait now and then without anything being wrong."""

GROWN_BY = 1.1


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Something that is read on a schedule. `due` is when the next reading is or was due, None where only a person asks
    for it; `going_on` whether somebody is at it."""

    what: str
    due: datetime | None
    pace: timedelta
    going_on: bool


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Metered reads of this month, by an app whose first connection this is."""

    reads: int
    forecast: int
    budget: int


@dataclass(frozen=True, kw_only=True)
class ConnectionFacts:
    """One connection. `pace` is its interval within bounds; `ready_since` since when the order has waited that could
    have been posted for longest; `settled_at` when an order was last seen settled; `backlog` orders wait now, and
    `backlog_before` waited two paces ago (None: not watched for as long); `held` counts by the first reason's code."""

    name: str
    pair: str
    enabled: bool
    pace: timedelta
    in_flight: timedelta
    circuits: Sequence[Circuit] = ()
    token_expires: datetime | None = None
    budget: Budget | None = None
    proposal: int | None = None
    held: Mapping[str, int] = field(default_factory=dict)
    ready_since: datetime | None = None
    settled_at: datetime
    backlog: int = 0
    backlog_before: int | None = None
    streams: Sequence[Stream] = ()


@dataclass(frozen=True, kw_only=True)
class BrokerTrouble:
    """The broker as this process sees it: it does not answer, does not let it in any more, or takes nothing."""

    since: datetime
    address: str
    kind: Literal["down", "refused", "blocked"]


@dataclass(frozen=True, kw_only=True)
class MailTrouble:
    """The oldest mail that could not be sent."""

    since: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that causes are decided from. `watched_since` is since when somebody has looked; `gone` are the owners
    of `processes` that are known to have ended."""

    watched_since: datetime
    connections: Sequence[ConnectionFacts] = ()
    processes: Sequence[Process] = ()
    gone: AbstractSet[str] = frozenset()
    shared_broker: bool = False
    broker: BrokerTrouble | None = None
    settings_wrong: str = ""
    mails: MailTrouble | None = None
    ledger_trouble_since: datetime | None = None


def causes(facts: Facts, now: datetime) -> list[Alert]:
    """Every cause that has stood for long enough, the deepest first, explained by another one or not."""
    found = [*_of_all(facts, now), *(alert for each in facts.connections for alert in _of_one(each, facts, now))]
    depth = list(TITLES).index
    return sorted(found, key=lambda alert: (depth(alert.cause), alert.pair))


def to_tell(found: Sequence[Alert], standing: Iterable[Alert]) -> list[Alert]:
    """Those of `found` that nothing deeper explains, be it found now or still standing from before."""
    told: list[Alert] = []
    deeper = list(standing)
    for alert in found:
        if not any(_explains(other, alert) for other in deeper):
            told.append(alert)
            deeper.append(alert)
    return told


def _explains(other: Alert, alert: Alert) -> bool:
    near = other.pair == alert.pair or EVERYWHERE in {other.pair, alert.pair}
    return near and other.cause in EXPLAINED_BY.get(alert.cause, ())


def heading(cause: str) -> str:
    """The title as the first sentence of what is told."""
    return f"{TITLES[cause][0].upper()}{TITLES[cause][1:]}."


def pace(schedule: Schedule) -> timedelta:
    """How often something happens, within bounds, as the measure for what is late."""
    return min(max(schedule.every or UNSCHEDULED_PACE, SHORTEST_PACE), LONGEST_PACE)


def watched_since(processes: Iterable[Process], now: datetime) -> datetime:
    """Since when the shops have been read by somebody without a longer break. A process that is ended and started again
    and again would else never have looked for long enough to be told of anything."""
    since = now
    for each in sorted(processes, key=lambda process: process.seen_at, reverse=True):
        if each.role in READERS and since - each.seen_at <= MISSING_AFTER:
            since = min(since, each.started)
    return since


def grace(pace: timedelta) -> timedelta:
    """How long a side may be silent before anybody is told."""
    return min(GRACE, pace / 2)


def _of_all(facts: Facts, now: datetime) -> Iterator[Alert]:
    if facts.ledger_trouble_since is not None:
        yield _everywhere(
            LEDGER_TROUBLE,
            facts.ledger_trouble_since,
            "The ledger could not be written.",
            "See that its disk has room and is sound: `df -h`, `dmesg`.",
        )
    if facts.settings_wrong:
        yield _everywhere(
            SETTINGS_WRONG,
            now,
            f"The settings were read again and are wrong; the earlier ones are in force. {facts.settings_wrong}",
            "Mend the file and reload: `systemctl reload cartledger`.",
        )
    if facts.broker is not None and now - facts.broker.since >= BROKER_GRACE:
        cause, said, fix = _BROKER[facts.broker.kind]
        yield _everywhere(cause, facts.broker.since, f"RabbitMQ at {facts.broker.address} {said}.", fix)
    yield from _crash_loops(facts, now)
    yield from _missing(facts, now)
    if facts.mails is not None and now - facts.mails.since >= MAILS_GRACE:
        yield _everywhere(
            MAILS_FAIL,
            facts.mails.since,
            f"Mails cannot be sent: {facts.mails.text}",
            "Check the section [smtp] with `cartledger report --test`.",
        )


def _everywhere(cause: str, since: datetime, text: str, fix: str) -> Alert:
    return Alert(pair=EVERYWHERE, cause=cause, since=since, text=text, fix=fix)


def _name(process: Process) -> str:
    return f"cartledger {process.role}" + (f" (instance {process.instance})" if process.instance else "")


def _kind(process: Process) -> tuple[str, int]:
    return process.role, process.instance


def _by_kind(processes: Iterable[Process]) -> Iterator[list[Process]]:
    for _, same in groupby(sorted(processes, key=lambda each: (*_kind(each), each.started)), key=_kind):
        yield list(same)


def _is_silent(process: Process, facts: Facts, now: datetime) -> bool:
    return process.owner in facts.gone or now - process.seen_at > MISSING_AFTER


def _crash_loops(facts: Facts, now: datetime) -> Iterator[Alert]:
    for same in _by_kind(facts.processes):
        dead = [
            each
            for each in same
            if each.ended is None and now - each.started <= CRASHES_WITHIN and _is_silent(each, facts, now)
        ]
        if len(dead) >= CRASHES:
            yield _everywhere(
                CRASH_LOOP,
                dead[0].started,
                f"{_name(dead[0])} ended {len(dead)} times within {_minutes(CRASHES_WITHIN)} without being told to.",
                "Its last lines say why: `journalctl -u 'cartledger*' -p warning -n 50`.",
            )
            return  # one alert, whichever of them it is


def _missing(facts: Facts, now: datetime) -> Iterator[Alert]:
    lost = [
        last
        for *_, last in _by_kind(facts.processes)
        if last.ended is None and now - last.seen_at > MISSING_AFTER and last.role != "sync"
    ]
    if lost:
        yield _everywhere(
            CONSUMER_MISSING,
            min(each.seen_at for each in lost),
            f"Not seen any more: {', '.join(map(_name, lost))}.",
            "Start it again. If it is not wanted any more, start it once and stop it, so that it can say goodbye.",
        )
    elif facts.shared_broker and not _anybody_consumes(facts, now):
        waiting = [each.ready_since for each in facts.connections if each.ready_since and each.enabled]
        since = max(min(waiting), facts.watched_since) if waiting else now
        if now - since >= MISSING_AFTER:
            yield _everywhere(
                CONSUMER_MISSING,
                since,
                "Orders wait and no process consumes.",
                "Start one: `systemctl start cartledger-consumer@1`, or `cartledger consume`.",
            )


def _anybody_consumes(facts: Facts, now: datetime) -> bool:
    return any(
        each.ended is None and each.role in {"run", "consume", "sync"} and not _is_silent(each, facts, now)
        for each in facts.processes
    )


def _of_one(one: ConnectionFacts, facts: Facts, now: datetime) -> Iterator[Alert]:
    """Nothing of one that a person has not switched on: whoever sets it up is looking at it."""
    if one.enabled:
        yield from _one_a_cause([*_sides(one, now), *_not_reading(one, facts, now)])
        yield from _waiting(one, facts, now)
        yield from _for_a_person(one, now)


def _for_a_person(one: ConnectionFacts, now: datetime) -> Iterator[Alert]:
    """What keeps nothing else from going on."""
    held = {code: count for code, count in one.held.items() if code not in TOTALLED_OTHERWISE}
    if held:
        yield _of(
            one, HELD_ORDERS, now, f"{_counted(held)} held.", f"See `cartledger held list --connection {one.name}`."
        )
    different = {code: count for code, count in one.held.items() if code in TOTALLED_OTHERWISE}
    if different:
        text = f"QuickBooks has another amount than the shop: {_counted(different)} held."
        yield _of(one, DIFFERENCE, now, text, f"See `cartledger held list --connection {one.name}`.")
    if one.proposal is not None:
        text = "Levels of the shop are not written, since too much would change at once."
        yield _of(one, STOCK_WAITING, now, text, f"Look at them: `cartledger stock show {one.proposal}`.")
    if one.token_expires is not None and one.token_expires - now < EXPIRES_WITHIN:
        text = f"The connection to QuickBooks ends at {one.token_expires:%Y-%m-%d %H:%M} UTC."
        yield _of(one, TOKEN_EXPIRES, now, text, f"Run `cartledger connect quickbooks {one.name}` before that.")
    if one.budget is not None and _is_near(one.budget):
        text = (
            f"{one.budget.reads} of this month's {one.budget.budget} metered reads of QuickBooks are used, "
            f"{one.budget.forecast} by its end at this pace."
        )
        fix = "Read less often (interval, stock.interval), or raise quickbooks.monthly_reads if Intuit grants more."
        yield _of(one, READS_NEAR_BUDGET, now, text, fix)


def _of(one: ConnectionFacts, cause: str, since: datetime, text: str, fix: str) -> Alert:
    return Alert(pair=one.pair, cause=cause, since=since, text=text, fix=fix)


def _one_a_cause(alerts: Iterable[Alert]) -> Iterator[Alert]:
    told: set[str] = set()
    for alert in alerts:
        if alert.cause not in told:
            told.add(alert.cause)
            yield alert


def _counted(held: Mapping[str, int]) -> str:
    count = sum(held.values())
    named = ", ".join(f"{held[code]} {code}" for code in sorted(held, key=lambda code: (-held[code], code)))
    return f"{count} {'is' if count == 1 else 'are'} ({named})"


def _is_near(budget: Budget) -> bool:
    # A first reading of everything is no pace.
    runs_out = budget.forecast > budget.budget and budget.reads >= budget.budget * FORECAST_BELIEVED_AT
    return budget.reads >= budget.budget * BUDGET_WARNED_AT or runs_out


def _sides(one: ConnectionFacts, now: datetime) -> Iterator[Alert]:
    for circuit in one.circuits:
        cause = _cause_of(circuit)
        if circuit.needs_person or circuit.lasted(now) >= grace(one.pace):
            text = f"{NAMES.get(circuit.side, circuit.side)}: {circuit.reason}"
            fix = "It is tried again by itself; nothing is lost." if not circuit.needs_person else ""
            yield _of(one, cause, circuit.since, text, fix)


def _cause_of(circuit: Circuit) -> str:
    match circuit.kind:
        case Unauthorised.__name__ | Forbidden.__name__ | CompanyReadOnly.__name__:
            return TOKEN_REFUSED
        case Throttled.__name__:
            return THROTTLED
    # What fails about the stock's reading may be either side.
    by_side = {
        QUICKBOOKS: QUICKBOOKS_DOWN,
        SIGNING_IN: QUICKBOOKS_DOWN,
        BIGCOMMERCE: BIGCOMMERCE_DOWN,
        READING_ORDERS: BIGCOMMERCE_DOWN,
        READING_STOCK: NOT_READING,
    }
    return by_side[circuit.side]


def _not_reading(one: ConnectionFacts, facts: Facts, now: datetime) -> Iterator[Alert]:
    for stream in one.streams:
        due = None if stream.due is None else max(stream.due, facts.watched_since)
        if due is not None and not stream.going_on and now - due >= 2 * stream.pace:
            text = f"{stream.what} should have been read at {due:%Y-%m-%d %H:%M} UTC."
            yield _of(one, NOT_READING, due, text, "See what the process does: `journalctl -u 'cartledger*' -n 50`.")
            return


def _waiting(one: ConnectionFacts, facts: Facts, now: datetime) -> Iterator[Alert]:
    if one.ready_since is None:
        return
    limit = 2 * one.pace + one.in_flight
    since = max(one.ready_since, one.settled_at, facts.watched_since)
    if now - since >= limit:
        text = f"{one.backlog} orders wait, and none was posted since {since:%Y-%m-%d %H:%M} UTC."
        yield _of(one, NOTHING_POSTED, since, text, "See what the process does: `journalctl -u 'cartledger*' -n 50`.")
    elif (
        one.backlog_before is not None
        and now - one.ready_since >= limit
        and one.backlog > max(one.backlog_before * GROWN_BY, WORTH_A_WORD)
        and not any(stream.going_on for stream in one.streams)
    ):
        text = f"{one.backlog} orders wait; {_minutes(2 * one.pace)} ago it was {one.backlog_before}."
        yield _of(one, QUEUE_GROWING, one.ready_since, text, "Start more consumers: `cartledger-consumer@2` and so on.")


def _minutes(much: timedelta) -> str:
    return f"{much.total_seconds() / 60:.0f} minutes"

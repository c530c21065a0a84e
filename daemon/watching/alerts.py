"""Looks once a minute at what is wrong, and tells of it: once when it begins, once when it is over.

One process at a time tells, under a lease; that an alert stands is in the ledger, so that another one goes on where it
ended. What the process itself sees (its links to the broker) and how things were a while ago it knows from looking.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cartledger import logs
from cartledger.ledger.types import Alert, Event, Process, State
from cartledger.settings import Schedule
from daemon.app import App, Line
from daemon.mails import compose
from daemon.metering import uses
from daemon.owners import is_gone
from daemon.schedule import next_time
from daemon.watching.causes import (
    CRASHES_WITHIN,
    EVERYWHERE,
    LEDGER_TROUBLE,
    LOOKED_BACK,
    MAILS_FAIL,
    MISSING_AFTER,
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
from daemon.watching.outside import forget_ledger_trouble, ledger_trouble_since

LOOK_EVERY = timedelta(minutes=1)
LATE = timedelta(minutes=1)
"""What other processes did may come into the history a little later than it is timed."""

_SETTLED = frozenset({State.POSTED, State.HELD, State.EXCLUDED})
LEASE, LEASE_TIME = "alerts", timedelta(minutes=3)
QUIET_FOR = timedelta(minutes=15)
"""How long a cause has to be gone before it is said to be over; three quarters of an interval where that is shorter.
Longer than a side may be silent before it is told of: else one that comes and goes would be told of each time."""


@dataclass(kw_only=True)
class _Seen:
    """One connection as it was before. Its history was looked at up to `known_until`."""

    settled_at: datetime
    known_until: datetime
    backlogs: deque[tuple[datetime, int]] = field(default_factory=deque)

    def look(self, happened: Iterable[Event], backlog: int, now: datetime, window: timedelta) -> None:
        # Not by how many are settled: one that the shop changes again is one less.
        settled = (event.at for event in happened if event.key.kind == "order" and event.what in _SETTLED)
        self.settled_at, self.known_until = max([self.settled_at, *settled]), now
        self.backlogs.append((now, backlog))
        while len(self.backlogs) > 1 and now - self.backlogs[1][0] >= window:
            self.backlogs.popleft()

    def backlog_before(self, now: datetime, window: timedelta) -> int | None:
        at, backlog = self.backlogs[0]
        return backlog if now - at >= window else None


class Watch:
    """What one process knows about how things stand. `look` is called every `LOOK_EVERY`."""

    def __init__(self, app: App, names: Sequence[str]) -> None:
        self._app = app
        self._lines = [app.lines[name] for name in names]
        self._since = watched_since(app.ledger.processes(app.clock() - LOOKED_BACK), app.clock())
        self._looked_at = app.clock()
        self._seen: dict[str, _Seen] = {}
        self._broker: BrokerTrouble | None = None
        self._gone: dict[tuple[str, str], datetime] = {}

    def look(self) -> None:
        """Raise what has begun, clear what is over. Raises LedgerTrouble."""
        self._app.ledger.process_seen(self._app.owner)  # whatever kept it from its other chores, it is there
        found = self.found()
        if self._app.ledger.lease(LEASE, self._app.owner, LEASE_TIME):
            standing = [alert for pair in self._pairs() for alert in self._app.ledger.alerts(pair)]
            self._clear(found, standing)
            for alert in to_tell(found, standing):
                self._raise(alert)
            forget_ledger_trouble(self._app.ledger, self._app.clock())

    def found(self) -> list[Alert]:
        """What is wrong now, told of or not."""
        return causes(self.facts(), self._app.clock())

    def facts(self) -> Facts:
        """How everything stands, from the ledger and this process; nothing is called."""
        app, now = self._app, self._app.clock()
        if now < self._looked_at:
            self._forget(now)
        self._looked_at = now
        processes = app.ledger.processes(now - CRASHES_WITHIN)
        return Facts(
            watched_since=self._since,
            connections=[self._connection(line, now) for line in self._lines],
            processes=processes,
            gone=frozenset(_gone(processes)),
            shared_broker=not app.settings.broker.url.startswith("memory:"),
            broker=self._look_at_broker(now),
            settings_wrong=app.settings_wrong,
            mails=self._mails(),
            ledger_trouble_since=ledger_trouble_since(app.ledger),
        )

    def _forget(self, now: datetime) -> None:
        """The clock was set back: what is known from looking is of times that are yet to come."""
        self._since = min(self._since, now)
        self._broker = None
        self._seen.clear()
        self._gone.clear()

    def _pairs(self) -> list[str]:
        return [EVERYWHERE, *(line.connection.pair for line in self._lines)]

    def _connection(self, line: Line, now: datetime) -> ConnectionFacts:
        ledger, pair, own_pace = self._app.ledger, line.connection.pair, pace(line.connection.interval)
        seen, backlog = self._history(pair, now), ledger.backlog(pair, "order")
        seen.look(ledger.happened(pair, seen.known_until - LATE, now), backlog, now, 2 * own_pace)
        switch = ledger.switched(pair)
        connected, proposal = line.tokens.connected(), ledger.waiting_proposal(pair)
        return ConnectionFacts(
            name=line.name,
            pair=pair,
            enabled=switch is not None and switch.enabled,
            pace=own_pace,
            in_flight=line.connection.in_flight,
            circuits=ledger.circuits(pair),
            token_expires=connected.expires if connected else None,
            budget=self._budget(line, now),
            proposal=proposal.id if proposal else None,
            held=Counter(each.problems[0].code for each in ledger.held(pair) if each.problems),
            ready_since=ledger.oldest_ready(pair, "order"),
            settled_at=max(seen.settled_at, switch.turned_at) if switch else seen.settled_at,
            backlog=backlog,
            backlog_before=seen.backlog_before(now, 2 * own_pace),
            streams=list(self._streams(line, now)),
        )

    def _history(self, pair: str, now: datetime) -> _Seen:
        since = max(self._since, now - LOOKED_BACK)
        return self._seen.setdefault(pair, _Seen(settled_at=since, known_until=since))

    def _budget(self, line: Line, now: datetime) -> Budget | None:
        """Said once for each app: of the first of its connections that posts by itself."""
        ledger, connections = self._app.ledger, self._app.settings.connections
        for use in uses(connections, ledger, now):
            posting = (name for name in use.connections if ledger.is_enabled(connections[name].pair))
            if next(posting, None) == line.name:
                return Budget(reads=use.reads, forecast=use.forecast, budget=use.budget)
        return None

    def _streams(self, line: Line, now: datetime) -> Iterator[Stream]:
        pair = line.connection.pair
        schedule = line.connection.interval
        yield self._stream("The shop", line, schedule, line.last_read(), f"read:{pair}", now)
        if line.connection.keeps_stock:
            schedule = line.connection.stock.interval
            yield self._stream("The stock", line, schedule, line.last_stock_read(), f"stock-read:{pair}", now)

    def _stream(
        self, what: str, line: Line, schedule: Schedule, last: datetime | None, lease: str, now: datetime
    ) -> Stream:
        zone = line.known_zone(self._app.ledger) if schedule.at else ZoneInfo("UTC")
        due = None if zone is None else next_time(schedule, last or self._since, now, zone)
        if due is not None and last is None:
            due = self._since
        return Stream(what=what, due=due, pace=pace(schedule), going_on=self._app.ledger.is_leased(lease))

    def _look_at_broker(self, now: datetime) -> BrokerTrouble | None:
        """An outage that began with RabbitMQ being short of something stays one of that kind."""
        links = list(self._app.links)
        before, self._broker = self._broker, None
        if not all(link.is_up and not link.is_held_back for link in links):
            blocked = any(link.is_held_back for link in links) or (before is not None and before.kind == "blocked")
            refused = any(link.is_refused for link in links)
            self._broker = BrokerTrouble(
                since=before.since if before else now,
                address=links[0].address,
                kind="blocked" if blocked else "refused" if refused else "down",
            )
        return self._broker

    def _mails(self) -> MailTrouble | None:
        failing = [mail for mail in self._app.ledger.mails_waiting() if mail.attempts]
        return MailTrouble(since=failing[0].made_at, text=failing[0].why) if failing else None

    def _raise(self, alert: Alert) -> None:
        if self._app.ledger.raise_alert(alert) and alert.cause != LEDGER_TROUBLE:
            # That the ledger could not be written was told when it happened, in another way.
            said = f"{heading(alert.cause)} {alert.text} {alert.fix}".strip()
            logs.warning(said, action="alert", cause=alert.cause, **self._connection_of(alert))
            self._mail(alert, "alert", TITLES[alert.cause], f"{alert.text}\n\n{alert.fix}".strip())

    def _clear(self, found: Sequence[Alert], standing: Sequence[Alert]) -> None:
        now, present = self._app.clock(), {(alert.pair, alert.cause) for alert in found}
        over = {(alert.pair, alert.cause) for alert in standing} - present
        self._gone = {key: self._gone.get(key, now) for key in over}
        for pair, cause in sorted(over):
            if now - self._gone[pair, cause] >= self._quiet_for(pair):
                self._over(pair, cause, self._gone[pair, cause])

    def _quiet_for(self, pair: str) -> timedelta:
        paces = [pace(line.connection.interval) for line in self._lines if pair in {EVERYWHERE, line.connection.pair}]
        return min([QUIET_FOR, *(each * 3 / 4 for each in paces)])

    def _over(self, pair: str, cause: str, at: datetime) -> None:
        alert = self._app.ledger.clear_alert(pair, cause)
        if alert is None:
            return
        lasted = max(at - alert.since, timedelta(0))
        said = f"Over after {in_words(lasted)}: {TITLES[cause]}."
        seconds = int(lasted.total_seconds())
        logs.info(said, action="alert_over", cause=cause, seconds=seconds, **self._connection_of(alert))
        self._mail(alert, "all clear", f"over: {TITLES[cause]}", f"{said}\n\nWhat it was: {alert.text}")

    def _connection_of(self, alert: Alert) -> dict[str, str]:
        named = (line.name for line in self._lines if line.connection.pair == alert.pair)
        return {"connection": name} if (name := next(named, "")) else {}

    def _mail(self, alert: Alert, kind: str, title: str, text: str) -> None:
        if self._app.settings.report.when == "never" or alert.cause == MAILS_FAIL:
            return
        name = self._connection_of(alert).get("connection", "")
        subject = f"cartledger{f' {name}' if name else ''}: {title}"
        plain = f"{text}\n\nSince {alert.since:%Y-%m-%d %H:%M} UTC. More about it: docs/RUNBOOK.md#{alert.cause}\n"
        content = compose(self._app.settings, subject=subject, plain=plain)
        if content is not None:
            self._app.ledger.queue_mail(alert.pair, kind, content)


def still_runs(process: Process, now: datetime) -> bool:
    """Whether it has said so lately, and is not known to have ended."""
    return process.ended is None and now - process.seen_at <= MISSING_AFTER and not is_gone(process.owner)


def _gone(processes: Sequence[Process]) -> Iterator[str]:
    return (process.owner for process in processes if process.ended is None and is_gone(process.owner))


def in_words(length: timedelta) -> str:
    """How long something lasted, for people."""
    minutes = round(length.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"

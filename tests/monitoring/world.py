"""An installation as Prometheus sees it, minute by minute: one that produces and two that consume, for one connection
that is read every hour and whose orders are posted within minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, product

from cartledger.metrics import LOOKED_UP

INTERVAL = 60  # minutes between two readings
HOUR, DAY = 60, 24 * 60
PRODUCER, *CONSUMERS = INSTANCES = ("127.0.0.1:9470", "127.0.0.1:9471", "127.0.0.1:9472")
SERVICES = ("quickbooks", "bigcommerce")
WORKFLOWS = ("sales", "lists", "stock")
SIDES = ("quickbooks", "bigcommerce", "reading orders", "reading stock", "signing in")
POSTED_A_MINUTE = 8
ORDERS = 12
CALLS = 2

Values = list[float | None]


def named(name: str, instance: str = PRODUCER, **labels: str) -> str:
    """A series as promtool writes it."""
    pairs = {"job": "cartledger", "instance": instance, **labels}
    inside = ", ".join(f'{key}="{value}"' for key, value in pairs.items())
    return f"{name}{{{inside}}}"


def ours(name: str, instance: str = PRODUCER, **labels: str) -> str:
    """A metric of ours at one instance."""
    return named(f"cartledger_{name}", instance, **labels)


def of_main(name: str, **labels: str) -> str:
    """A metric of the connection that the process which reads says."""
    return ours(name, connection="main", **labels)


def messages(outcome: str, connection: str = "main") -> str:
    """What a consumer says of the orders that it worked on."""
    return ours("messages_total", CONSUMERS[0], connection=connection, workflow="sales", outcome=outcome)


CONSUMERS_OF_QUEUES = [ours("queue_consumers", workflow=workflow) for workflow in WORKFLOWS]


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What goes wrong between two minutes. Then series have the values that `sets` says (None: they are gone), only
    `scraped` answers, the shop is not read, nothing is posted, the heart does not beat and an alert of ours says so,
    `starts_again` crashes every other minute, each process makes `calls` of `service` a minute that are answered and
    `refused` ones (429), and a reading finds `orders`."""

    begins: int = HOUR + 1
    ends: int = 5 * HOUR
    sets: Mapping[str, float | None] = field(default_factory=dict)
    scraped: Sequence[str] = INSTANCES
    reads: bool = True
    posts: bool = True
    beats: bool = True
    tells: bool = True
    starts_again: str = ""
    service: str = SERVICES[0]
    calls: int = CALLS
    refused: int = 0
    orders: int = ORDERS

    def is_on(self, minute: int) -> bool:
        return self.begins <= minute < self.ends


class World:
    """Every series over `minutes`, with its outages."""

    def __init__(
        self,
        minutes: range,
        outages: Iterable[Outage],
        orders: Mapping[int, int] | None = None,
        others: Mapping[str, float | Callable[[int], float]] | None = None,
    ) -> None:
        """`orders` says what the reading of a minute finds, where there is no outage and it is not a dozen; `others`
        are more series: a value, or what is made of each minute."""
        self.minutes = minutes
        self._outages = [*outages]
        self._orders = orders or {}
        self.series: dict[str, Values] = {}
        self._company()
        self._processes()
        self._work()
        for name, value in (others or {}).items():
            self._say(name, value)
        for outage in self._outages:
            self._break(outage)

    def input_series(self) -> list[dict[str, str]]:
        """As promtool reads them."""
        return [
            {"series": name, "values": " ".join("stale" if value is None else f"{value:.15g}" for value in values)}
            for name, values in self.series.items()
        ]

    def _is(self, what: Callable[[Outage], bool], minute: int) -> bool:
        return any(what(outage) for outage in self._outages if outage.is_on(minute))

    def _say(self, name: str, value: float | Callable[[int], float | None]) -> None:
        self.series[name] = [value(minute) if callable(value) else value for minute in self.minutes]

    def _count(self, name: str, each: Callable[[int], float]) -> None:
        self.series[name] = [*accumulate(each(minute) for minute in self.minutes)]

    def _processes(self) -> None:
        for number, instance in enumerate(INSTANCES):
            role = "consume" if number else "produce"
            self._say(named("up", instance), 1)
            self._say(named("process_start_time_seconds", instance), lambda minute: 60.0 * _started(minute))
            self._say(ours("build_info", instance, version="1", python="3.11", number=str(number), role=role), 1)
            self._say(ours("settings_reload_success", instance), 1)
            self._say(ours("broker_connected", instance), 1)
            self._say(ours("broker_blocked", instance), 0)
            for service, answer in product(SERVICES, ("2xx", "429")):
                labels = {"service": service, "class": answer}
                self._count(ours("api_requests_total", instance, **labels), self._calls(service, answer))
        for name in CONSUMERS_OF_QUEUES:
            self._say(name, 2)

    def _calls(self, service: str, answer: str) -> Callable[[int], float]:
        """How many calls of a minute are answered, or refused: on a good day one in an hour."""

        def calls(minute: int) -> float:
            outages = (each for each in self._outages if each.is_on(minute) and each.service == service)
            outage = next(outages, Outage())
            return max(outage.refused, minute % HOUR == 30) if answer == "429" else outage.calls

        return calls

    def _company(self) -> None:
        self._say(of_main("enabled"), 1)
        self._say(of_main("stock_waiting"), 0)
        self._say(of_main("difference_documents"), 0)
        self._say(of_main("token_expires_timestamp_seconds"), lambda minute: (minute // DAY + 100) * 86400.0)
        self._say(of_main("quickbooks_reads_month"), lambda minute: 3 * (minute % (5 * DAY)))
        self._say(of_main("quickbooks_reads_forecast"), 130_000)
        self._say(of_main("quickbooks_reads_budget"), 500_000)
        for side in SIDES:
            self._say(of_main("circuit_open", side=side), 0)
        self._say(ours("mails_waiting"), 0)
        self._say(ours("heartbeat_timestamp_seconds"), lambda minute: self._beat(minute) * 60.0)
        self._say(ours("heartbeat_next_timestamp_seconds"), lambda minute: (self._beat(minute) + 5) * 60.0)
        self._say(of_main("alert", cause="of ours"), self._alert)

    def _alert(self, minute: int) -> float | None:
        """It is taken back a moment before the heart beats again."""
        told = any(
            outage.begins <= minute < outage.ends - 1 and not outage.beats and outage.tells for outage in self._outages
        )
        return 1 if told else None

    def _beat(self, minute: int) -> int:
        """When the heart last beat; every five minutes, on a good day."""
        silent = [outage for outage in self._outages if outage.is_on(minute) and not outage.beats]
        return min([minute - minute % 5, *(outage.begins for outage in silent)])

    def _work(self) -> None:
        waiting: list[int] = []  # by the minute in which they were read
        posted, read = 1000, 0
        rows: dict[str, Values] = {name: [] for name in ("queued", "posted", "done", "oldest", "last", "next")}
        for minute in self.minutes:
            if minute - read >= INTERVAL and not self._is(lambda outage: not outage.reads, minute):
                waiting += [minute] * self._found(minute)
                read = minute
            elif not self._is(lambda outage: not outage.posts, minute):
                posted += len(waiting[:POSTED_A_MINUTE])
                del waiting[:POSTED_A_MINUTE]
            rows["queued"].append(len(waiting))
            rows["posted"].append(posted)
            rows["done"].append(posted - 1000)
            rows["oldest"].append(waiting[0] * 60.0 if waiting else None)
            rows["last"].append(read * 60.0)
            rows["next"].append((read + INTERVAL) * 60.0)
        self.series |= {
            of_main("sources", kind="order", state="queued"): rows["queued"],
            of_main("sources", kind="order", state="posted"): rows["posted"],
            messages("done"): rows["done"],
            messages("later"): [float(minute) for minute in self.minutes],
            of_main("oldest_queued_timestamp_seconds", kind="order"): rows["oldest"],
            of_main("last_read_timestamp_seconds", stream="orders"): rows["last"],
            of_main("next_read_timestamp_seconds", stream="orders"): rows["next"],
        }
        for state in ("claimed", "held", "excluded"):
            self._say(of_main("sources", kind="order", state=state), 0)

    def _found(self, minute: int) -> int:
        more = [outage.orders for outage in self._outages if outage.is_on(minute)]
        return max([*more, self._orders.get(minute, ORDERS)]) if more else self._orders.get(minute, ORDERS)

    def _break(self, outage: Outage) -> None:
        for name, value in outage.sets.items():
            values = self.series.setdefault(name, [None for _ in self.minutes])
            values[outage.begins : outage.ends] = [value] * (outage.ends - outage.begins)
        if outage.starts_again:
            starts = self.series[named("process_start_time_seconds", outage.starts_again)]
            for minute in range(outage.begins, outage.ends):
                starts[minute] = 60.0 * (minute - minute % 2)
            starts[outage.ends :] = [60.0 * outage.ends for _ in starts[outage.ends :]]
        for name, values in self.series.items():
            if not any(f'instance="{instance}"' in name for instance in outage.scraped):
                gone = 0.0 if name.startswith("up{") else None
                values[outage.begins : outage.ends] = [gone] * (outage.ends - outage.begins)


def looked_up(series: Iterable[str]) -> list[str]:
    """Those of the series that stand in the ledger or at the broker."""
    names = {metric.name for metric in LOOKED_UP}
    return [name for name in series if name.partition("{")[0] in names]


def _started(minute: int) -> int:
    """All are started anew each night at four, and once more at ten past."""
    day, at = divmod(minute, DAY)
    before = (day - 1) * DAY + 250 if day else 0
    return max(before, *(day * DAY + start if start <= at else before for start in (240, 250)))

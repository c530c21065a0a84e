"""What all calls to one store have in common: the token, the quota, waiting, and what an answer is taken for.

Reading twice does no harm, so a read that fails is repeated here a few times, with growing waits; longer outages are
the caller's business. A write is repeated only after a 429, which says that it was not carried out. The quota belongs
to all apps of the store together, so the answers' own headers are believed and no number of ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

from cartledger.clients.faults import shop_error
from cartledger.clients.http import Answer, BrokenAnswer, Http
from cartledger.errors import Forbidden, Pause, Throttled, TryLater, Unreachable

PAGE = 250
SMALLEST_PAGE = 50
DEADLINE = 60.0
TRIES = 5
LONGEST_WAIT = 60.0
"""Seconds; whoever is asked to wait longer gives the call back instead."""

LEAVE_WITHIN = timedelta(seconds=60)
FEW_LEFT = 10
INFORMATION = "Information & Settings: read-only"


class Meter(Protocol):
    """Hears what calls cost."""

    def throttled(self, seconds: float) -> None:
        """A call waits, or has to be left, for so long."""

    def quota_left(self, calls: int) -> None:
        """So many calls are left in the store's present window, by its own word."""


class _Unmetered:
    def throttled(self, seconds: float) -> None: ...

    def quota_left(self, calls: int) -> None: ...


_UNMETERED = _Unmetered()


@dataclass(frozen=True, kw_only=True)
class Call:
    """What to read or, with a `body`, to write; its name for people, and the scope of the token that it needs."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    what: str
    scope: str

    @property
    def writes(self) -> bool:
        return self.body is not None

    def of_page(self, page: int, limit: int = PAGE) -> Call:
        return self.asking(limit=str(limit), page=str(page))

    def asking(self, **params: str) -> Call:
        return replace(self, params={**self.params, **params})


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list, its numbers as Decimals; `more` says whether others come after it.

    `limit` may be lower than was asked for: pages that break off are asked for in smaller ones. Then `page` counts in
    these, and is the one that begins at or before the first row asked for. `server_time` is the store's clock (ours
    where it does not tell).
    """

    rows: list[dict[str, Any]] = field(repr=False)
    more: bool
    limit: int
    page: int
    server_time: datetime


@dataclass(frozen=True, kw_only=True)
class Read:
    """An answer worth having: 200 with its JSON, 204 or 404 without."""

    status: int
    content: Any
    server_time: datetime | None


class StoreCalls:
    """One store. Shared by threads.

    `access_token` is asked before each call, since a person may give another one meanwhile. `clock` gives aware times,
    `sleep` takes seconds. Every call may raise Unauthorised, Forbidden, Unreachable and
    Throttled, or Refused where BigCommerce does not understand what is asked.
    """

    def __init__(
        self,
        *,
        http: Http,
        base_url: str,
        store_hash: str,
        access_token: Callable[[], str],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        meter: Meter = _UNMETERED,
    ) -> None:
        self._http = http
        self._meter = meter
        self._store = f"{base_url.rstrip('/')}/stores/{quote(store_hash, safe='')}"
        self._store_hash = store_hash
        self._access_token = access_token
        self._clock = clock
        self._sleep = sleep
        self._not_before: datetime | None = None

    def _all_pages(self, call: Call, found: Callable[[Read], Read]) -> list[dict[str, Any]]:
        """`found` raises for a 404."""
        return [row for rows in self._pages(call, found) for row in rows]

    def _pages(self, call: Call, found: Callable[[Read], Read], limit: int = PAGE) -> Iterator[list[dict[str, Any]]]:
        page, more = 0, True
        while more:
            page += 1
            rows, more = a_page(found(self._fetch(call.of_page(page, limit))), page, limit)
            yield rows

    def _page(self, call: Call, limit: int, page: int) -> Page:
        """One page. Those that break off are asked for in smaller ones, down to `SMALLEST_PAGE`."""
        first = (page - 1) * limit

        def ask() -> Read:
            nonlocal limit
            try:
                return self._once(call.of_page(first // limit + 1, limit))
            except BrokenAnswer:
                limit = max(min(limit, SMALLEST_PAGE), limit // 2)
                raise

        read = self._of_a_store(self._patiently(ask))
        rows, more = a_page(read, first // limit + 1, limit)
        return Page(
            rows=rows, more=more, limit=limit, page=first // limit + 1, server_time=read.server_time or self._clock()
        )

    def _found(self, call: Call) -> Read:
        return self._of_a_store(self._fetch(call))

    def _of_a_store(self, read: Read) -> Read:
        """What every store has is missing only where there is no store."""
        if read.status == 404:
            raise Forbidden(
                f"BigCommerce knows no store “{self._store_hash}”.",
                fix="Copy the store hash from the address of the control panel: store-<hash>.mybigcommerce.com.",
            )
        return read

    def _fetch(self, call: Call) -> Read:
        return self._patiently(lambda: self._once(call))

    def _write(self, call: Call) -> Read:
        """Sent within `LEAVE_WITHIN`, hence over within that and `DEADLINE`, or not at all (TryLater). What is in doubt
        is not sent again, nor is anything after another failure than a 429."""
        leave_by = self._clock() + LEAVE_WITHIN
        return self._patiently(lambda: self._once(call, leave_by), Throttled)

    def _patiently(self, ask: Callable[[], Read], passing: type[Pause] = Pause) -> Read:
        """Ask again after what may pass by itself, a bounded number of times."""
        for wait in _waits():
            try:
                return ask()
            except passing as pause:
                seconds = wait if pause.seconds is None else pause.seconds
                if isinstance(pause, Throttled):
                    self._meter.throttled(seconds)
                if seconds > LONGEST_WAIT:
                    raise
                self._sleep(seconds)
        return ask()

    def _once(self, call: Call, leave_by: datetime | None = None) -> Read:
        self._keep_within_quota()
        send_within = None if leave_by is None else (leave_by - self._clock()).total_seconds()
        if send_within is not None and send_within <= 0:
            raise TryLater("The call to BigCommerce could not be sent in time.")
        headers = {"X-Auth-Token": self._access_token(), "Accept": "application/json"}
        answer = self._http.call(
            "PUT" if call.writes else "GET",
            f"{self._store}{call.path}",
            deadline=DEADLINE,
            send_within=send_within,
            headers={**headers, "Content-Type": "application/json"} if call.writes else headers,
            params=call.params,
            body=call.body,
        )
        if answer.status == 429:
            raise Throttled("The store's quota of calls is used up.", seconds=_seconds_to_reset(answer))
        self._notice_quota(answer)
        if answer.status in (204, 404):
            return Read(status=answer.status, content=None, server_time=answer.date)
        if answer.status in (200, 201, 202):
            return Read(status=200, content=_json(answer, in_doubt=call.writes), server_time=answer.date)
        raise shop_error(answer.status, answer.body, what=call.what, scope=call.scope, writing=call.writes)

    def _keep_within_quota(self) -> None:
        if self._not_before is not None:
            seconds = (self._not_before - self._clock()).total_seconds()
            if seconds > 0:
                self._meter.throttled(min(seconds, LONGEST_WAIT))
                self._sleep(min(seconds, LONGEST_WAIT))

    def _notice_quota(self, answer: Answer) -> None:
        """When few calls are left in the window, spread them over the rest of it."""
        left, reset = _header(answer, "x-rate-limit-requests-left"), _seconds_to_reset(answer)
        if left is not None:
            self._meter.quota_left(left)
        if left is None or reset is None or left >= FEW_LEFT:
            self._not_before = None
        else:
            self._not_before = self._clock() + timedelta(seconds=reset / (left + 1))


def instant(moment: datetime) -> str:
    """Whole seconds, UTC. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _waits() -> Iterator[float]:
    """Seconds between the tries: 1, 2, 4, 8, each half to one and a half times as long so that processes spread."""
    for n in range(TRIES - 1):
        yield 2**n * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing


def _header(answer: Answer, name: str) -> int | None:
    told = answer.headers.get(name, "")
    return int(told) if told.isdecimal() else None


def _seconds_to_reset(answer: Answer) -> float | None:
    """When the quota is full again; None where the answer does not say, as when the platform itself is overloaded."""
    milliseconds = _header(answer, "x-rate-limit-time-reset-ms")
    if milliseconds is not None:
        return milliseconds / 1000
    return _header(answer, "x-retry-after")


def _json(answer: Answer, *, in_doubt: bool) -> Any:
    try:
        return answer.json()
    except ValueError:
        # Cut off where the length was not told in advance, or a page of somebody in between.
        raise BrokenAnswer("BigCommerce answered with something that is no JSON.", in_doubt=in_doubt) from None


def an_object(read: Read) -> dict[str, Any]:
    if not isinstance(read.content, dict):
        raise Unreachable("BigCommerce answered without the object that was asked for.")
    return read.content


def a_list(read: Read) -> list[dict[str, Any]]:
    """A v2 list: a bare array, or no content at all."""
    found = [] if read.status == 204 else read.content
    if not isinstance(found, list):
        raise Unreachable("BigCommerce answered without the list that was asked for.")
    return found


def a_page(read: Read, page: int, limit: int = PAGE) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a page in either version, and whether there are more; v3 may or may not count its pages."""
    if not isinstance(read.content, dict):
        rows = a_list(read)
        return rows, len(rows) == limit
    found = read.content.get("data")
    if not isinstance(found, list):
        raise Unreachable("BigCommerce answered without the list that was asked for.")
    total = ((read.content.get("meta") or {}).get("pagination") or {}).get("total_pages")
    return found, page < total if isinstance(total, int) else len(found) == limit

"""QuickBooks Online: queries, single reads and batches of one company.

A call either comes back with what was asked or raises for the whole of it; the error's class says what to do and
`in_doubt` whether it may have been executed. For a batch that means: not executed after a failed connection, 401,
403, 429 and a fault for the batch as one; unknown after a timeout, a reset, a 5xx, a web page or half an answer.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote as url_quote

from cartledger.clients.faults import CONNECT, QUICKBOOKS, THROTTLE_SECONDS, Fault, fault_of, verdict, xml_fault
from cartledger.clients.http import Answer, Http
from cartledger.clients.oauth import Tokens
from cartledger.errors import Forbidden, Pause, Refused, Stop, Throttled, TryLater, Unauthorised, Unreachable
from cartledger.money import D, write_json

PAGE = 1000
BATCH_ITEMS = 30
BATCH_BYTES = 1_000_000
REQUEST_ID_LENGTH = 36
BID_LENGTH = 10

RENEWALS = 3
"""How many new access tokens one call tries: another process may have renewed it meanwhile."""

# A token bucket lets `burst` + 60 × `per_second` calls through in its busiest minute, so both stay under the limits:
# 10 a second and 500 a minute for all calls, 40 a minute for batches.
_CALLS_PER_SECOND, _CALLS_BURST = 8.0, 2
_BATCHES_PER_SECOND, _BATCHES_BURST = 38 / 60, 2

_BEYOND_LATIN_1 = re.compile(r"[^\x00-\xff]+")
_JSON = "application/json; charset=utf-8"


class Quota(Protocol):
    """Leave to call, shared by all processes that talk to one company."""

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        """0 when a call is granted; else the seconds after which to ask again."""


class Meter(Protocol):
    """Hears what calls cost."""

    def read(self) -> None:
        """One metered read was answered. What failed, or whose answer was lost, Intuit does not count."""

    def throttled(self, seconds: float) -> None:
        """A call waits, or has to be left, for so long."""


class _Unmetered:
    def read(self) -> None: ...

    def throttled(self, seconds: float) -> None: ...


_UNMETERED = _Unmetered()


@dataclass(frozen=True, kw_only=True)
class BatchItem:
    """One item of a batch: its id in there, and its bytes as they go out, made by `batch_item_bytes`."""

    bid: str
    sent: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class BatchAnswer:
    """What became of each item: the object as QuickBooks keeps it, or a fault. `missing` were not answered at all."""

    results: Mapping[str, dict[str, Any] | Fault] = field(repr=False)
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Leave to send one batch: quota taken, token fresh."""

    access: str = field(repr=False)


def batch_item_bytes(bid: str, operation: str, entity: str, body: Mapping[str, Any]) -> bytes:
    """One item of a batch as JSON. `operation` is `create`, `update`, `delete` or `void`; `body` has Decimals."""
    # Void is no operation of its own in a batch but a way to update.
    how = {"operation": "update", "optionsData": "void"} if operation == "void" else {"operation": operation}
    return write_json({"bId": bid, **how, entity: body}).encode()


def quote(text: str) -> str:
    """`text` as a string literal of the query language: backslashes and single quotes escaped by a backslash."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def select(entity: str, where: str = "") -> str:
    """The statement that reads all of `entity` that meets `where`, in an order that makes paging safe."""
    condition = f" WHERE {where}" if where else ""
    return f"SELECT * FROM {entity}{condition} ORDERBY Id"  # noqa: S608 - callers put values in with `quote`


class QuickBooks:
    """One company. Shared by threads.

    `in_flight` is how long after sending a batch it may still be carried out: QuickBooks ends a request after 120 of
    130 parts of it, and a call here is over after 125. `clock` gives aware times; `sleep` waits for the quota.
    """

    def __init__(
        self,
        *,
        http: Http,
        base_url: str,
        realm_id: str,
        tokens: Tokens,
        quota: Quota,
        in_flight: timedelta,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        meter: Meter = _UNMETERED,
    ) -> None:
        self._http = http
        self._meter = meter
        self._company = f"{base_url.rstrip('/')}/v3/company/{url_quote(realm_id, safe='')}"
        self._realm_id = realm_id
        self._tokens = tokens
        self._quota = quota
        self._queues = {"calls": threading.Lock(), "batches": threading.Lock()}
        self._deadline = in_flight * 125 / 130
        self._leave_within = in_flight * 10 / 130
        self._clock = clock
        self._sleep = sleep

    def query(self, statement: str) -> list[dict[str, Any]]:
        """All objects that `statement` (of `select`, without paging) finds; one call for each thousand."""
        return [row for page in self.pages(statement) for row in page]

    def pages(self, statement: str, *, expected: int | None = None) -> Iterator[list[dict[str, Any]]]:
        """The same page by page. Where so many are `expected`, no call asks for what may be beyond them.

        Raises Unreachable for a page that QuickBooks says holds more or fewer objects than it does.
        """
        entity = _entity(statement)
        read, full = 0, True
        while full and (expected is None or read < expected):
            page = _page(self._ask(f"{statement} STARTPOSITION {read + 1} MAXRESULTS {PAGE}"), entity)
            read, full = read + len(page), len(page) == PAGE
            yield page

    def find(self, entity: str, name: str, values: Iterable[str], where: str = "") -> list[dict[str, Any]]:
        """Objects whose text property `name` is one of `values`, in any case of letters, and that meet `where`.

        Inactive ones come only where `where` asks for them. The query language reads no character beyond Latin-1 in a
        literal (4000, "Lexical error"): a value with one is asked for as a pattern, a call each, and compared here.
        """
        condition = f" AND {where}" if where else ""
        plain, foreign = _by_alphabet(values)
        rows: list[dict[str, Any]] = []
        if plain:
            rows += self.query(select(entity, f"{name} IN ({', '.join(map(quote, plain))}){condition}"))
        for value in foreign:
            pattern = quote(_BEYOND_LATIN_1.sub("%", value))
            found = self.query(select(entity, f"{name} LIKE {pattern}{condition}"))
            rows += [row for row in found if str(row.get(name)).casefold() == value.casefold()]
        return rows

    def count(self, entity: str, where: str = "") -> int:
        """How many of `entity` meet `where`."""
        condition = f" WHERE {where}" if where else ""
        found = self._ask(f"SELECT COUNT(*) FROM {entity}{condition}")  # noqa: S608 - callers put values in with `quote`
        total = found.get("totalCount")
        if not isinstance(total, int):
            raise Unreachable("QuickBooks answered a count without a number.")
        return total

    def company_info(self) -> dict[str, Any]:
        """The company's name, country and addresses."""
        return self._get(f"/companyinfo/{url_quote(self._realm_id, safe='')}", "CompanyInfo")

    def preferences(self) -> dict[str, Any]:
        """What is switched on in the company: tax, currencies, custom numbers, discounts and so on."""
        return self._get("/preferences", "Preferences")

    def read(self, entity: str, entity_id: str) -> dict[str, Any] | None:
        """One object; None where there is none of that id, or it was deleted."""
        try:
            return self._get(f"/{entity.lower()}/{url_quote(entity_id, safe='')}", entity)
        except Refused as refused:
            if "610" in refused.codes:
                return None
            raise

    def exchange_rate(self, currency: str, day: date) -> Decimal | None:
        """Home units for one of `currency` on `day`, as the company holds it; 1 where it holds none.

        None where it refuses to say: no such currency, or none but its own.
        """
        asked = {"sourcecurrencycode": currency, "asofdate": day.isoformat()}
        try:
            found = self._get("/exchangerate", "ExchangeRate", asked)
        except Refused:
            return None
        return D(found["Rate"]) if "Rate" in found else None

    def turn(self) -> Turn:
        """Wait until a batch may be sent.

        To be called before the parts of a batch are marked as being sent: the in-flight limit counts from there.
        """
        self._take("batches", _BATCHES_PER_SECOND, _BATCHES_BURST)
        self._take("calls", _CALLS_PER_SECOND, _CALLS_BURST)
        return Turn(access=self._tokens.access())

    def batch(
        self,
        items: Sequence[BatchItem],
        request_id: str,
        turn: Turn | None = None,
        *,
        sent_at: datetime | None = None,
    ) -> BatchAnswer:
        """Write up to 30 items, 1 MB in all. A repetition must have the same `request_id`, bIds and bytes.

        Whoever marks parts as being sent passes the `turn` it took before, and as `sent_at` the time it marked them
        with: the in-flight limit counts from there, however long the process slept since. Raises TryLater, not in
        doubt, when the batch could not leave early enough to be over within that limit.
        """
        _check(items, request_id)
        asked = sent_at or self._clock()
        access = (turn or self.turn()).access
        request = _Request(
            method="POST",
            path="/batch",
            params={"requestid": request_id},
            body=b'{"BatchItemRequest":[' + b",".join(item.sent for item in items) + b"]}",
            content_type=_JSON,
            leave_by=asked + self._leave_within,
            end_by=asked + self._deadline,
        )
        return _batch_answer(self._call(request, access), [item.bid for item in items])

    def _ask(self, statement: str) -> dict[str, Any]:
        # POST, as the length of an address is limited; the media type is the documented one.
        answer = self._read("POST", "/query", body=statement.encode(), content_type="application/text")
        found = answer.get("QueryResponse")
        if not isinstance(found, dict):
            raise Unreachable("QuickBooks answered a query without a result.")
        return found

    def _get(self, path: str, entity: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        found = self._read("GET", path, params=params).get(entity)
        if not isinstance(found, dict):
            raise Unreachable(f"QuickBooks answered without the {entity} that was asked for.")
        return found

    def _read(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "",
    ) -> dict[str, Any]:
        self._take("calls", _CALLS_PER_SECOND, _CALLS_BURST)
        access = self._tokens.access()
        end_by = self._clock() + self._deadline
        request = _Request(
            method=method,
            path=path,
            params=params,
            body=body,
            content_type=content_type,
            leave_by=end_by,
            end_by=end_by,
        )
        found = self._call(request, access)
        self._meter.read()
        return found

    def _call(self, request: _Request, access: str) -> dict[str, Any]:
        answer = self._send(request, access)
        for _ in range(RENEWALS):
            if answer.status != 401:
                break
            access = self._tokens.renewed(access)
            answer = self._send(request, access)  # what was refused was not executed
        try:
            return _object(answer)
        except Throttled as error:
            self._meter.throttled(error.seconds or THROTTLE_SECONDS)
            raise

    def _send(self, request: _Request, access: str) -> Answer:
        now = self._clock()
        if request.leave_by <= now:
            raise TryLater("The call to QuickBooks could not be sent in time.")
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        return self._http.call(
            request.method,
            f"{self._company}{request.path}",
            deadline=(request.end_by - now).total_seconds(),
            send_within=(request.leave_by - now).total_seconds(),
            headers=headers,
            params=request.params,
            body=request.body,
        )

    def _take(self, bucket: str, per_second: float, burst: int) -> None:
        name = f"quickbooks:{self._realm_id}:{bucket}"
        # Threads queue here, else one of many could wait for ever while its claims run out.
        with self._queues[bucket]:
            while (wait := self._quota.take(name, per_second=per_second, burst=burst)) > 0:
                self._meter.throttled(wait)
                self._sleep(wait)


@dataclass(frozen=True, kw_only=True)
class _Request:
    """One call; it must have left by `leave_by` and be over by `end_by`."""

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: bytes | None = field(repr=False)
    content_type: str
    leave_by: datetime
    end_by: datetime


def _by_alphabet(values: Iterable[str]) -> tuple[list[str], list[str]]:
    """The values that a literal of the query language can hold, and the others; each once, in order."""
    every = sorted(set(values))
    foreign = [value for value in every if _BEYOND_LATIN_1.search(value)]
    return [value for value in every if value not in foreign], foreign


def _check(items: Sequence[BatchItem], request_id: str) -> None:
    bids = [item.bid for item in items]
    if not 0 < len(items) <= BATCH_ITEMS or sum(len(item.sent) for item in items) > BATCH_BYTES:
        raise ValueError(f"a batch has 1 to {BATCH_ITEMS} items and at most {BATCH_BYTES} bytes")
    # QuickBooks keys its memory by request id and bId together, at most 50 characters.
    if not 0 < len(request_id) <= REQUEST_ID_LENGTH or not all(0 < len(bid) <= BID_LENGTH for bid in bids):
        raise ValueError(f"a request id has 1 to {REQUEST_ID_LENGTH} characters, a bId 1 to {BID_LENGTH}")
    if len(set(bids)) < len(bids):
        raise ValueError("two items of a batch have the same bId")


def _object(answer: Answer) -> dict[str, Any]:
    """The JSON object that a call was answered with; raises for everything else, by status, then by code."""
    found = _json(answer)
    fault = xml_fault(answer.body) if found is None else fault_of(found)
    if answer.status == 429 or (fault and "3001" in fault.codes):  # older gateways sent the throttle's body with a 403
        raise Throttled("The company's quota of calls is used up.", seconds=_retry_after(answer))
    if answer.status in (401, 403):
        raise _denied(answer.status, fault)
    if answer.status >= 500:
        raise _no_answer(answer)
    if fault is not None:
        raise verdict(fault)
    if answer.status != 200 or found is None:
        raise _no_answer(answer)
    return found


def _json(answer: Answer) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _denied(status: int, fault: Fault | None) -> Stop:
    known = verdict(fault) if fault and set(fault.codes) <= QUICKBOOKS.keys() else None
    if isinstance(known, Stop):
        return known
    if status == 401:
        return Unauthorised("QuickBooks refuses the token.", fix=CONNECT)
    return Forbidden("The token does not open this company.", fix=CONNECT)


def _no_answer(answer: Answer) -> Pause:
    kind = answer.headers.get("content-type", "no content type").partition(";")[0]
    trace = answer.headers.get("intuit_tid") or answer.headers.get("intuit-tid")
    asked = f", intuit_tid {trace}" if trace else ""
    return Unreachable(f"QuickBooks gave no answer: status {answer.status}, {kind}{asked}.", in_doubt=True)


def _retry_after(answer: Answer) -> float:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else THROTTLE_SECONDS


def _entity(statement: str) -> str:
    asked = re.search(r"\bFROM\s+(\w+)", statement, re.IGNORECASE)
    if asked is None:
        raise ValueError(f"no entity in {statement!r}")
    return asked[1]


def _page(found: Mapping[str, Any], entity: str) -> list[dict[str, Any]]:
    """The objects of one page; an empty one has no key for its entity."""
    rows: list[dict[str, Any]] = next((rows for name, rows in found.items() if name.lower() == entity.lower()), [])
    if found.get("maxResults", len(rows)) != len(rows):
        raise Unreachable(f"QuickBooks told of {found['maxResults']} objects on a page with {len(rows)}.")
    return rows


def _batch_answer(found: Mapping[str, Any], bids: Sequence[str]) -> BatchAnswer:
    items = found.get("BatchItemResponse")
    if not isinstance(items, list):
        raise Unreachable("QuickBooks answered a batch without results.", in_doubt=True)
    results = {item["bId"]: result for item in items if (result := _result(item)) is not None and item["bId"] in bids}
    return BatchAnswer(results=results, missing=tuple(bid for bid in bids if bid not in results))


def _result(item: Any) -> dict[str, Any] | Fault | None:
    """The object or the fault of one item; None where it holds neither, a fault without an error included."""
    if not isinstance(item, dict) or not isinstance(item.get("bId"), str):
        return None
    by_name = {name.lower(): value for name, value in item.items() if isinstance(value, dict)}
    if "fault" in by_name:
        return fault_of(item)
    by_name.pop("warnings", None)
    return next(iter(by_name.values()), None)

"""Faults on demand, by call number, never by time: pure ASGI middleware around a whole app.

    faults = Faults(cap=2.0)
    faults.add(side="quickbooks", call="batch", kind="drop_after", nth=3)      # or every=5, or first=2
    app = FaultInjector(app, faults, name=lambda method, path: ("quickbooks", "batch"))  # None: a call that never fails
    faults.release()          # from another thread than the server's: lets go of what hangs, runs what is late
    await faults.let_go()     # the same from a coroutine of the server's own loop
    faults.clear()            # forgets all rules and lets go of what hangs; call it before stopping the server

A rule counts the calls of its own side and name from the moment it is added (`call="*"` counts all of the side). The
first rule that applies decides. Kinds, and what they take:

    drop_before   connection reset, nothing executed
    drop_after    executed, then reset without a byte of answer
    commit_late   a 504 page at once; executed when released or when `late_calls` further calls of the side come in
                  (before they are answered), never after the cap
    status        status=500|503|504|429|401|403, body="fault"|"html"|"empty", executed=False|True
    html          executed, answered 200 with a page
    missing       executed, a batch's answer without its last item
    truncated     executed, half of the body, then reset
    drip          executed, the body byte by byte, `interval` seconds apart, reset at the cap
    hang          no answer until released (then the real one if `executed`, else a 504 page) or the cap (a 504 page)
    unauthorised  401 as the side's gateway says it, not executed
    throttled     429 as the side says it, not executed
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.quickbooks import gateway

Kind = Literal[
    "drop_before",
    "drop_after",
    "commit_late",
    "status",
    "html",
    "missing",
    "truncated",
    "drip",
    "hang",
    "unauthorised",
    "throttled",
]
NameCall = Callable[[str, str], tuple[str, str] | None]
"""(method, path) -> (side, call name)."""

_PHRASES = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests", 503: "Service Unavailable"}
_RESET = struct.pack("ii", 1, 0)  # linger on, zero seconds: close sends RST
_TIMED_OUT = 504
_RATE_HEADERS = [
    (b"x-rate-limit-requests-left", b"0"),
    (b"x-rate-limit-requests-quota", b"150"),
    (b"x-rate-limit-time-reset-ms", b"1000"),
    (b"x-rate-limit-time-window-ms", b"30000"),
]


@dataclass(kw_only=True)
class Rule:
    side: str
    call: str
    kind: Kind
    nth: int | None = None
    every: int | None = None
    first: int | None = None
    status: int = 500
    body: Literal["fault", "html", "empty"] = "fault"
    executed: bool = False
    late_calls: int | None = None
    interval: float = 0.2
    seen: int = 0

    def applies(self, side: str, call: str) -> bool:
        """Counts the call if it is one of the rule's."""
        if side != self.side or self.call not in {call, "*"}:
            return False
        self.seen += 1
        if self.nth is not None:
            return self.seen == self.nth
        if self.every is not None:
            return self.seen % self.every == 0
        return self.first is None or self.seen <= self.first


@dataclass(kw_only=True)
class Late:
    """A request answered with a time-out that has yet to be executed."""

    side: str
    calls_left: int | None
    deadline: float
    run: Callable[[], Awaitable[object]]


class Faults:
    """The rules, and what is being held back. `cap` is the server's own limit for one request, in seconds."""

    def __init__(self, *, cap: float = 120.0) -> None:
        self.cap = cap
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._late: list[Late] = []
        self._hanging: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(
        self,
        *,
        side: str,
        call: str,
        kind: Kind,
        nth: int | None = None,
        every: int | None = None,
        first: int | None = None,
        **detail: Any,
    ) -> None:
        """Raises ValueError or TypeError for what it does not know: a fault that never fires hides bugs."""
        if kind not in get_args(Kind):
            raise ValueError(f"unknown kind of fault: {kind}")
        if sum(each is not None for each in (nth, every, first)) > 1:
            raise ValueError("one of nth, every, first")
        rule = Rule(side=side, call=call, kind=kind, nth=nth, every=every, first=first, **detail)
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
        self._late.clear()
        self._call_soon(self._wake)

    def release(self) -> None:
        """Returns when everything late has been executed. Not to be called from the server's loop."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self.let_go(), self._loop).result()

    async def let_go(self) -> None:
        self._wake()
        late, self._late = self._late, []
        for each in late:
            await _run_in_time(each)

    def due(self, side: str, call: str) -> Rule | None:
        with self._lock:
            applying = [rule for rule in self._rules if rule.applies(side, call)]
        return applying[0] if applying else None

    async def come_in(self, side: str) -> None:
        """A further call: executes what has waited for it."""
        self._loop = asyncio.get_running_loop()
        for late in [each for each in self._late if each.side == side and each.calls_left is not None]:
            late.calls_left = (late.calls_left or 0) - 1
            if late.calls_left <= 0 and late in self._late:
                self._late.remove(late)
                await _run_in_time(late)

    def put_off(self, late: Late) -> None:
        self._late.append(late)

    async def hold(self, deadline: float) -> bool:
        """True when let go before the deadline."""
        event = asyncio.Event()
        self._hanging.add(event)
        try:
            await asyncio.wait_for(event.wait(), max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            return False
        finally:
            self._hanging.discard(event)
        return True

    @property
    def held(self) -> int:
        """How many requests hang or are late: what a test waits for before it goes on."""
        return len(self._hanging) + len(self._late)

    def _wake(self) -> None:
        for event in self._hanging:
            event.set()

    def _call_soon(self, action: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)


async def _run_in_time(late: Late) -> None:
    if time.monotonic() <= late.deadline:
        await late.run()


@dataclass(kw_only=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(kw_only=True)
class Exchange:
    """One request on its way through the injector."""

    app: ASGIApp
    scope: Scope
    body: bytes
    send: Send
    side: str
    rule: Rule
    deadline: float
    answer: Answer | None = field(default=None)

    async def execute(self) -> Answer:
        """Runs the app with the whole body, catching what it answers."""
        answer = Answer(status=500, headers=[])

        async def receive() -> Message:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def catch(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message.get("headers", []))
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")

        await self.app(dict(self.scope), receive, catch)
        return answer

    def reset(self) -> None:
        """Aborts the connection; uvicorn's raw `send` is a method of the cycle that owns the transport."""
        transport = self.send.__self__.transport  # type: ignore[attr-defined] # outermost middleware: send is uvicorn's
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()


class FaultInjector:
    """The middleware. It must be the outermost one, or connections cannot be reset."""

    def __init__(self, app: ASGIApp, faults: Faults, *, name: NameCall) -> None:
        self._app = app
        self._faults = faults
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = self._name(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if named is None:
            await self._app(scope, receive, send)
            return
        deadline = time.monotonic() + self._faults.cap
        await self._faults.come_in(named[0])
        rule = self._faults.due(*named)
        if rule is None:
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        exchange = Exchange(
            app=self._app, scope=scope, body=body, send=send, side=named[0], rule=rule, deadline=deadline
        )
        await _KINDS[rule.kind](exchange, self._faults)


async def _whole_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _drop_before(exchange: Exchange, _: Faults) -> None:
    exchange.reset()


async def _drop_after(exchange: Exchange, _: Faults) -> None:
    await exchange.execute()
    exchange.reset()


async def _commit_late(exchange: Exchange, faults: Faults) -> None:
    late = Late(
        side=exchange.side, calls_left=exchange.rule.late_calls, deadline=exchange.deadline, run=exchange.execute
    )
    faults.put_off(late)
    await _page(_TIMED_OUT).send(exchange.send)


async def _status(exchange: Exchange, _: Faults) -> None:
    if exchange.rule.executed:
        await exchange.execute()
    status, body = exchange.rule.status, exchange.rule.body
    if body == "html":
        answer = _page(status)
    elif body == "empty":
        answer = _answer(status, b"", "text/plain")
    else:
        answer = _fault(exchange.side, status)
    await answer.send(exchange.send)


async def _html(exchange: Exchange, _: Faults) -> None:
    await exchange.execute()
    await _page(200).send(exchange.send)


async def _missing(exchange: Exchange, _: Faults) -> None:
    answer = await exchange.execute()
    found = json.loads(answer.body)
    found["BatchItemResponse"].pop()
    await _answer(answer.status, json.dumps(found).encode(), "application/json").send(exchange.send)


async def _truncated(exchange: Exchange, _: Faults) -> None:
    answer = await exchange.execute()
    await _start(exchange, answer)
    half = answer.body[: len(answer.body) // 2]
    await exchange.send({"type": "http.response.body", "body": half, "more_body": True})
    exchange.reset()


async def _drip(exchange: Exchange, faults: Faults) -> None:
    answer = await exchange.execute()
    await _start(exchange, answer)
    pause = exchange.rule.interval
    for position in range(len(answer.body)):
        await exchange.send(
            {"type": "http.response.body", "body": answer.body[position : position + 1], "more_body": True}
        )
        if await faults.hold(min(exchange.deadline, time.monotonic() + pause)):
            pause = 0.0
        if time.monotonic() >= exchange.deadline:
            exchange.reset()
            return
    await exchange.send({"type": "http.response.body", "body": b""})


async def _start(exchange: Exchange, answer: Answer) -> None:
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    await exchange.send({"type": "http.response.start", "status": answer.status, "headers": [*headers, length]})


async def _hang(exchange: Exchange, faults: Faults) -> None:
    answer = await exchange.execute() if exchange.rule.executed else _page(_TIMED_OUT)
    released = await faults.hold(exchange.deadline)
    await (answer if released else _page(_TIMED_OUT)).send(exchange.send)


async def _unauthorised(exchange: Exchange, _: Faults) -> None:
    await _fault(exchange.side, 401).send(exchange.send)


async def _throttled(exchange: Exchange, _: Faults) -> None:
    await _fault(exchange.side, 429).send(exchange.send)


_KINDS: dict[Kind, Callable[[Exchange, Faults], Awaitable[None]]] = {
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "commit_late": _commit_late,
    "status": _status,
    "html": _html,
    "missing": _missing,
    "truncated": _truncated,
    "drip": _drip,
    "hang": _hang,
    "unauthorised": _unauthorised,
    "throttled": _throttled,
}


def _answer(status: int, body: bytes, media_type: str) -> Answer:
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    return Answer(status=status, headers=headers, body=body)


def _page(status: int) -> Answer:
    text = gateway.page(status, _PHRASES.get(status, "Gateway Time-out" if status == _TIMED_OUT else "Answer"))
    return _answer(status, text.encode(), "text/html")


def _fault(side: str, status: int) -> Answer:
    if side == "quickbooks" and status == 429:
        return _answer(429, gateway.throttled_xml("2026-01-05T00:00:00.000-08:00").encode(), "application/xml")
    body = _quickbooks_fault(status) if side == "quickbooks" else _bigcommerce_fault(status)
    answer = _answer(status, json.dumps(body).encode(), "application/json")
    if status == 429:
        answer.headers.extend(_RATE_HEADERS)
    return answer


def _quickbooks_fault(status: int) -> Any:
    if status == 401:
        return gateway.unauthorised("Token expired", 0)
    if status == 403:
        return gateway.forbidden("0", 0)
    error = {
        "Message": "An application error has occurred while processing your request",
        "Detail": "System Failure Error: An application error has occurred while processing your request",
        "code": "10000",
        "element": "",
    }
    return {"Fault": {"Error": [error], "type": "SystemFault"}}


def _bigcommerce_fault(status: int) -> Any:
    title = _PHRASES.get(status, "Internal Server Error")
    kind = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"
    return {"status": status, "title": title, "type": kind, "errors": {}}

"""What a process says of itself over HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever starts it.

Every request has a thread of its own, and there are only so many of them: neither a slow scrape nor one who says
nothing keeps the process from its work.
"""

from __future__ import annotations

import errno
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from cartledger import logs
from cartledger.errors import CartledgerError, WrongUse

MOST_AT_ONCE = 16
SILENCE = 10.0  # seconds that one who asks may say nothing, or take nothing
JSON = "application/json"


class Page:
    """One answer."""

    def __init__(self, body: bytes, content_type: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.body = body
        self.content_type = content_type
        self.status = status


class AddressTaken(CartledgerError):
    """Somebody else listens there, perhaps for a moment only: whoever starts the process tries again."""


Pages = Mapping[str, Callable[[str], Page]]
"""By path. Each is given what the request says it accepts."""


def as_json(facts: Mapping[str, Any], *, well: bool) -> Page:
    """Facts, with the status that tells whether all is well."""
    body = json.dumps(facts, indent=2).encode() + b"\n"
    return Page(body, JSON, HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)


@contextmanager
def serving(host: str, port: int, pages: Pages) -> Iterator[None]:
    """Answer on `host` and `port` while the body runs. Raises AddressTaken where somebody else does, WrongUse where
    the address cannot be listened on at all."""
    try:
        server = _Server(host, port, pages)
    except OSError as error:
        kind = AddressTaken if error.errno == errno.EADDRINUSE else WrongUse
        raise kind(
            f"Nothing can listen on {host}:{port} for metrics: {error.strerror or error}.",
            fix="Set metrics.port to a port that is free, for each process its own, and metrics.host to an address of "
            "this machine.",
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """Not HTTPServer: that one asks the DNS for the machine's name before it listens."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        self.pages = pages
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._failing: set[str] = set()
        self.address_family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        super().__init__((str(address[0]), int(address[1])), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone away."""

    def page(self, path: str, accepts: str) -> Page:
        """A page that fails is told of once, until it works again."""
        try:
            page = self.pages[path](accepts) if path in self.pages else _plain(HTTPStatus.NOT_FOUND)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not go to whoever asked
            if path not in self._failing:
                self._failing.add(path)
                logs.exception(f"{path} fails: {type(error).__name__}.", action="page_failed")
            return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)
        self._failing.discard(path)
        return page


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SILENCE

    def do_GET(self) -> None:
        self._answer(self.server.page(self.path.partition("?")[0], self.headers.get("Accept", "")))

    def do_HEAD(self) -> None:
        self.do_GET()

    def version_string(self) -> str:
        return "cartledger"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What is no request, or another one than GET and HEAD. The library's own page quotes it."""
        # It says 501 for a method that a handler has no name for.
        self._answer(_plain(HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)))

    def log_message(self, *_: object) -> None:
        """Requests are not logged: there is one every few seconds."""

    def _answer(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        if page.status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)


def _plain(status: HTTPStatus) -> Page:
    return Page(f"{status.phrase}\n".encode(), "text/plain; charset=utf-8", status)

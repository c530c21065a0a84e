"""A person lets the app use a company: from the address of Intuit's page to the first pair of tokens.

Intuit sends the browser back to the redirect URI, which must stand among the app's keys, letter by letter. It takes
http only for localhost and development keys; production keys need https and a name. So there are two ways: to listen
here, or to paste the address that the browser ended at, whether or not a page is there.
"""

from __future__ import annotations

import hmac
import html
import queue
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from cartledger.clients.http import Http
from cartledger.clients.oauth import RENEWAL_SECONDS, Intuit
from cartledger.errors import CartledgerError, Forbidden, Unauthorised, WrongUse
from cartledger.records import Token
from cartledger.settings import Connection
from daemon.clock import now

SCOPE = "com.intuit.quickbooks.accounting"
PATIENCE = timedelta(minutes=10)
"""How long the browser is waited for; Intuit's code lives about as long."""

_AGAIN = "Run the command again"
_TIME_TO_READ = 5.0  # seconds for the page to reach the browser
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address holds the code
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Connection": "close",
}


@dataclass(frozen=True, kw_only=True)
class AppKeys:
    """The app at Intuit. `redirect_uri` is one of those that stand at its keys."""

    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    redirect_uri: str

    @classmethod
    def at(cls, connection: Connection, *, client_id: str, client_secret: str) -> AppKeys:
        """The app of these keys, where the settings say that Intuit is and sends browsers to."""
        quickbooks = connection.quickbooks
        return cls(
            client_id=client_id,
            client_secret=client_secret,
            authorize_url=quickbooks.authorize_url,
            token_url=quickbooks.token_url,
            redirect_uri=quickbooks.redirect_uri,
        )


@dataclass(frozen=True, kw_only=True)
class Authorised:
    """Which company said yes, and its tokens, not stored yet. `skew` is how far Intuit's clock is ahead of ours."""

    realm_id: str
    token: Token
    skew: timedelta


Redirected = Callable[[Mapping[str, str]], Authorised]
"""What is done with the parameters that the browser came back with. Raises what is wrong with them."""


class Way(Protocol):
    """How the answer of Intuit's page comes here."""

    def ask(self, address: str, redirected: Redirected, tell: Callable[[str], None]) -> Authorised:
        """Have a person open `address`. Raises what `redirected` does, and Unauthorised where nobody came back."""


def authorise(
    app: AppKeys,
    way: Way,
    *,
    tell: Callable[[str], None],
    realm_id: str | None = None,
    state: str | None = None,
    clock: Callable[[], datetime] = now,
) -> Authorised:
    """The tokens that a person allows; `tell` hears what to do meanwhile. None of them is stored.

    `realm_id` is the company that is wanted, where that is known; `state` the one of an address that was told before.
    Raises Unauthorised or Forbidden where it was not allowed, or not for this company, and what Intuit's server of
    tokens says no with.
    """
    state = state or new_state()

    def redirected(parameters: Mapping[str, str]) -> Authorised:
        realm, code = _answer(parameters, state, realm_id)
        with Http() as http:
            intuit = Intuit(
                http=http,
                token_url=app.token_url,
                client_id=app.client_id,
                client_secret=app.client_secret,
                clock=clock,
            )
            token, skew = intuit.exchange(code, app.redirect_uri)
        return Authorised(realm_id=realm, token=token, skew=skew)

    return way.ask(address_of(app, state), redirected, tell)


def new_state() -> str:
    """What only we and the browser that we sent know."""
    return secrets.token_urlsafe(32)


def address_of(app: AppKeys, state: str) -> str:
    """Intuit's page that asks the person."""
    asked = {
        "client_id": app.client_id,
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": app.redirect_uri,
        "state": state,
    }
    return f"{app.authorize_url}?{urlencode(asked)}"


def _answer(parameters: Mapping[str, str], state: str, realm_id: str | None) -> tuple[str, str]:
    """Realm and code of an answer to our own question. The state comes first: without it anybody may have sent it."""
    if not hmac.compare_digest(parameters.get("state", "").encode(), state.encode()):
        raise Unauthorised(
            "The answer is not to this request: its state is another one.",
            fix=f"{_AGAIN} and open the address that it prints, not an older one.",
        )
    if error := parameters.get("error"):
        raise _refusal(error)
    realm, code = parameters.get("realmId", ""), parameters.get("code", "")
    if not realm or not code:
        missing = "code" if realm else "realmId"
        raise Unauthorised(
            f"The answer has no {missing}.", fix=f"{_AGAIN} and take the whole address, as the browser shows it."
        )
    if realm_id is not None and realm != realm_id:
        raise Forbidden(
            f"The company that was chosen is {realm}, and not {realm_id}, as it is set.",
            fix=f"{_AGAIN} and choose the other company, or set the realm id of this one.",
        )
    return realm, code


def _refusal(error: str) -> Unauthorised:
    if error == "access_denied":
        return Unauthorised(
            "Access was refused on Intuit's page.",
            fix=f"{_AGAIN}, as an administrator of the company, and choose “Connect”.",
        )
    known = error if error.replace("_", "").isalpha() and len(error) <= len("temporarily_unavailable") else "error"
    return Unauthorised(f"Intuit's page answered with {known}.", fix=f"{_AGAIN}.")


def parameters_in(address: str) -> Mapping[str, str]:
    """Of the address that the browser was sent to, or of what stands after its question mark. Raises WrongUse, without
    quoting it."""
    try:
        asked = urlsplit(address.strip())
    except ValueError:
        asked = urlsplit("")
    found = dict(parse_qsl(asked.query or (asked.path if "=" in asked.path else "")))
    if not found:
        raise WrongUse("What was pasted is not the address that Intuit sent the browser to: it has no code and state.")
    return found


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """For servers without a browser: `read` gives the address that the browser ended at, on whatever machine. `why`
    tells a person who did not ask for it."""

    read: Callable[[], str]
    why: str = ""

    def ask(self, address: str, redirected: Redirected, tell: Callable[[str], None]) -> Authorised:
        tell(f"Open this address in a browser, on any machine, and choose the company:\n\n{address}\n")
        if self.why:
            tell(self.why)
        tell(
            "The browser then ends at an address with code= and state= in it, whether or not a page is there. "
            "Paste that address here."
        )
        return redirected(parameters_in(self.read()))


@dataclass(frozen=True, kw_only=True)
class Loopback:
    """Listens on 127.0.0.1 for the browser of this machine, and takes one answer. `browse` opens an address there."""

    port: int
    path: str = "/callback"
    browse: Callable[[str], object] | None = None
    patience: timedelta = PATIENCE

    def ask(self, address: str, redirected: Redirected, tell: Callable[[str], None]) -> Authorised:
        with _listening(self.port, self.path) as arrived:
            tell(f"Open this address in a browser on this machine, and choose the company:\n\n{address}\n")
            if self.browse is not None:
                self.browse(address)
            try:
                one = arrived.get(timeout=self.patience.total_seconds())
            except queue.Empty:
                minutes = int(self.patience.total_seconds() // 60)
                raise Unauthorised(
                    f"No browser came back within {minutes} minutes.",
                    fix=f"{_AGAIN}; where the browser is on another machine, add --paste.",
                ) from None
            return one.settle(redirected)


class _Arrived:
    """One answer, whose browser waits for what becomes of it."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters
        self._page: queue.Queue[tuple[int, str]] = queue.Queue()
        self._shown = threading.Event()

    def settle(self, redirected: Redirected) -> Authorised:
        """On the thread that asked."""
        try:
            found = redirected(self._parameters)
        except CartledgerError as error:
            self._show(400, _page("Not connected", str(error)))
            raise
        self._show(200, _page("Allowed", "This window can be closed. The terminal says how it goes on."))
        return found

    def answer(self, show: Callable[[int, str], None]) -> None:
        """On the browser's thread."""
        try:
            show(*self._page.get(timeout=2 * RENEWAL_SECONDS))
        except (queue.Empty, OSError):
            return  # whoever closes the window meanwhile reads it in the terminal
        finally:
            self._shown.set()

    def _show(self, status: int, page: str) -> None:
        self._page.put((status, page))
        self._shown.wait(_TIME_TO_READ)


class _Listener(ThreadingHTTPServer):
    """Threads, since browsers open connections ahead on which nothing ever comes."""

    daemon_threads = True

    def __init__(self, port: int, path: str, arrived: queue.Queue[_Arrived]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.path = path
        self._arrived = arrived
        self._first = threading.Lock()

    def take(self, parameters: Mapping[str, str]) -> _Arrived | None:
        """None where another one was taken before."""
        if not self._first.acquire(blocking=False):
            return None
        one = _Arrived(parameters)
        self._arrived.put(one)
        return one


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path != self.server.path:
            self._show(404, _page("Nothing here", f"cartledger waits for {self.server.path}."))
        elif (one := self.server.take(dict(parse_qsl(asked.query)))) is None:
            self._show(410, _page("Answered already", "The terminal says how it goes on."))
        else:
            one.answer(self._show)

    def _show(self, status: int, page: str) -> None:
        body = page.encode()
        self.send_response_only(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the line would hold the code."""


@contextmanager
def _listening(port: int, path: str) -> Iterator[queue.Queue[_Arrived]]:
    arrived: queue.Queue[_Arrived] = queue.Queue()
    try:
        server = _Listener(port, path, arrived)
    except OSError as error:
        raise WrongUse(
            f"Port {port} of this machine cannot be listened to: {error.strerror}.",
            fix="End what uses it, or take another one: as --port and in the redirect URI, here and at the app's keys.",
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield arrived
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _page(title: str, text: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>cartledger: {title}</title>'
        '<meta name="viewport" content="width=device-width">'
        '<body style="font: 1.1rem/1.5 sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem">'
        f"<h1>{title}</h1><p>{html.escape(text)}</p></body></html>"
    )

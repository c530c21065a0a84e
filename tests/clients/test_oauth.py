"""Tokens: one renewal at a time among all processes, stored before anybody uses it."""

import base64
import re
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from cartledger.clients.http import Http
from cartledger.clients.oauth import Intuit, Tokens
from cartledger.errors import CartledgerError, LedgerTrouble, Stop, Throttled, Unauthorised, Unreachable
from cartledger.records import Token
from tests.clients.conftest import Asked, Clock, Reply, Store, Wire, as_json, token


class Server:
    """Gives out a new pair for the last refresh token and `invalid_grant` for any older one."""

    def __init__(self, first: str = "refresh-1") -> None:
        self.valid = first
        self.given = 1
        self.refused = 0
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        with self._lock:
            form = parse_qs(asked.body.decode())
            if form["refresh_token"] != [self.valid]:
                self.refused += 1
                return as_json({"error": "invalid_grant"}, 400)
            self.given += 1
            self.valid = f"refresh-{self.given}"
            return as_json(
                {
                    "token_type": "bearer",
                    "access_token": f"access-{self.given}",
                    "expires_in": 3600,
                    "refresh_token": self.valid,
                    "x_refresh_token_expires_in": 8726400,
                }
            )


@pytest.fixture
def intuit(wire: Wire) -> Server:
    intuit = Server()
    wire.on = intuit
    return intuit


def test_a_fresh_token_is_used_without_asking(wire: Wire, tokens: Tokens) -> None:
    assert tokens.access() == "access-1"
    assert wire.asked == []


def test_a_token_about_to_expire_is_renewed(
    wire: Wire, tokens: Tokens, store: Store, clock: Clock, intuit: Server
) -> None:
    clock.now += timedelta(minutes=59, seconds=1)
    assert tokens.access() == "access-2"
    assert store.token == Token(
        access="access-2",
        refresh="refresh-2",
        access_expires=clock.now + timedelta(hours=1),
        refresh_expires=clock.now + timedelta(days=101),
    )
    [asked] = wire.asked
    assert asked.method == "POST"
    assert asked.path == "/oauth2/v1/tokens/bearer"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"client-7:client-secret").decode()
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.body == b"grant_type=refresh_token&refresh_token=refresh-1"


def test_rotation_goes_on_from_the_last_refresh_token(tokens: Tokens, clock: Clock, intuit: Server) -> None:
    used = []
    for _ in range(4):
        clock.now += timedelta(hours=1)
        used.append(tokens.access())
    assert used == ["access-2", "access-3", "access-4", "access-5"]
    assert intuit.refused == 0


def test_a_refused_token_is_renewed_although_it_looks_fresh(tokens: Tokens, intuit: Server) -> None:
    assert tokens.renewed("access-1") == "access-2"


def test_a_refused_token_that_was_replaced_meanwhile_costs_no_renewal(
    tokens: Tokens, store: Store, clock: Clock, intuit: Server
) -> None:
    store.token = token(7, clock)
    assert tokens.renewed("access-1") == "access-7"
    assert intuit.given == 1


def test_a_pair_that_cannot_be_stored_is_not_used(tokens: Tokens, clock: Clock, intuit: Server, store: Store) -> None:
    def full(_: Token) -> None:
        raise LedgerTrouble("the disk is full")

    store.save = full  # type: ignore[method-assign]
    clock.now += timedelta(hours=1)
    with pytest.raises(LedgerTrouble):
        tokens.access()


def test_no_token_yet(tokens: Tokens, store: Store) -> None:
    store.token = None
    with pytest.raises(Unauthorised, match="cartledger connect quickbooks"):
        tokens.access()


def test_eight_threads_renew_once(http: Http, tokens: Tokens, intuit: Server) -> None:
    ready = threading.Barrier(8)
    used: list[str] = []

    def refused() -> None:
        ready.wait()
        used.append(tokens.renewed("access-1"))

    threads = [threading.Thread(target=refused) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert used == ["access-2"] * 8
    assert (intuit.given, intuit.refused) == (2, 0)


def test_eight_processes_renew_once(wire: Wire, intuit: Server, tmp_path: Path) -> None:
    stored = tmp_path / "token"
    stored.write_text("access-1 refresh-1")
    script = Path(__file__).with_name("renew_in_a_process.py")
    command = [sys.executable, str(script), wire.url, str(stored)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    used = [process.communicate()[0].strip() for process in running]
    assert used == ["access-2"] * 8
    assert (intuit.given, intuit.refused) == (2, 0)
    assert stored.read_text() == "access-2 refresh-2"


class OvertakenStore(Store):
    """Somebody stores another pair while the first renewal is under way."""

    def __init__(self, first: Token, then: Token) -> None:
        super().__init__(first)
        self.then = then

    def load(self) -> Token | None:
        now, self.token = self.token, self.then
        return now


def _tokens(wire: Wire, http: Http, store: Store, clock: Clock) -> Tokens:
    return Tokens(
        intuit=Intuit(http=http, token_url=wire.url, client_id="client-7", client_secret="client-secret", clock=clock),
        store=store,
        clock=clock,
    )


def test_invalid_grant_finds_the_pair_that_somebody_else_stored(wire: Wire, http: Http, clock: Clock) -> None:
    wire.on = Server(first="refresh-5")
    store = OvertakenStore(token(1, clock), token(5, clock))
    assert _tokens(wire, http, store, clock).renewed("access-1") == "access-5"


def test_invalid_grant_renews_the_other_pair_when_that_is_old_too(wire: Wire, http: Http, clock: Clock) -> None:
    intuit = Server(first="refresh-5")
    wire.on = intuit
    store = OvertakenStore(token(1, clock), token(5, clock, lasts=-60))
    assert _tokens(wire, http, store, clock).renewed("access-1") == "access-2"
    assert intuit.refused == 1


@pytest.mark.parametrize("second", [1, 5])
def test_invalid_grant_for_good_asks_a_person_to_connect(wire: Wire, http: Http, clock: Clock, second: int) -> None:
    wire.on = Server(first="refresh-9")
    store = OvertakenStore(token(1, clock), token(second, clock, lasts=-60))
    with pytest.raises(Unauthorised, match="cartledger connect quickbooks"):
        _tokens(wire, http, store, clock).renewed("access-1")


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (as_json({"error": "invalid_client"}, 401), Unauthorised, "client id or the client secret"),
        (Reply(status=401), Unauthorised, "client id or the client secret"),
        (as_json({"error": "unsupported_grant_type"}, 400), Unauthorised, "unsupported_grant_type"),
        (Reply(status=429), Throttled, "too many calls"),
        (as_json({"error": "server_error"}, 500), Unreachable, "500"),
        (Reply(status=503, body=b"<html>busy</html>"), Unreachable, "503"),
        (Reply(status=400, body=b"<html>busy</html>"), Unreachable, "400"),
        (Reply(body=b"<html>welcome</html>"), Unreachable, "no token in it"),
        (as_json([]), Unreachable, "no token in it"),
        (as_json({"access_token": "a"}), Unreachable, "no token in it"),
        (as_json({"access_token": "", "refresh_token": "", "expires_in": 1}), Unreachable, "no token in it"),
        (as_json({"access_token": "a", "refresh_token": "r", "expires_in": "soon"}), Unreachable, "no token in it"),
        (Reply(end="reset"), Unreachable, "could not be renewed"),
        (Reply(body=b"{}", end="cut"), Unreachable, "could not be renewed"),
    ],
)
def test_what_else_intuit_may_say(
    wire: Wire, tokens: Tokens, store: Store, reply: Reply, kind: type[CartledgerError], words: str
) -> None:
    wire.replies = [reply]
    with pytest.raises(kind, match=words) as caught:
        tokens.renewed("access-1")
    # The call that needed the token has not happened, whatever became of the renewal.
    assert not caught.value.in_doubt
    assert store.saved == []
    assert bool(caught.value.fix) or not isinstance(caught.value, Stop)
    assert not {"access-1", "refresh-1", "client-secret"} & set(str(caught.value).split())


# -- the first pair, and the last word


@pytest.fixture
def intuits(wire: Wire, http: Http, clock: Clock) -> Intuit:
    return Intuit(
        http=http,
        token_url=f"{wire.url}/oauth2/v1/tokens/bearer",
        client_id="client-7",
        client_secret="client-secret",
        clock=clock,
    )


def answered(**more: Any) -> Reply:
    return as_json({"access_token": "a", "refresh_token": "r", "expires_in": 3600, **more})


def test_a_code_is_exchanged_with_the_redirect_uri_that_it_was_asked_with(
    wire: Wire, intuits: Intuit, clock: Clock
) -> None:
    wire.replies = [answered(x_refresh_token_expires_in=8726400)]
    token, _ = intuits.exchange("AB1", "http://localhost:8765/callback")
    assert (token.access, token.refresh) == ("a", "r")
    assert token.refresh_expires == clock.now + timedelta(days=101)
    [asked] = wire.asked
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["AB1"],
        "redirect_uri": ["http://localhost:8765/callback"],
    }


def test_a_code_that_is_not_taken_is_for_a_person(wire: Wire, intuits: Intuit) -> None:
    wire.replies = [as_json({"error": "invalid_grant"}, 400)]
    with pytest.raises(Unauthorised, match="used before, or is older than a few minutes"):
        intuits.exchange("AB1", "http://localhost:8765/callback")


@pytest.mark.parametrize(
    ("lives", "days"),
    [
        ({"x_refresh_token_expires_in": 8726400, "x_refresh_token_hard_expires_in": 5 * 365 * 86400}, 101),
        ({"x_refresh_token_expires_in": 8726400, "x_refresh_token_hard_expires_in": 10 * 86400}, 10),
        ({"x_refresh_token_hard_expires_in": 10 * 86400}, 10),
        ({}, None),
    ],
)
def test_the_connection_ends_with_the_nearer_of_both_ends(
    wire: Wire, tokens: Tokens, store: Store, clock: Clock, lives: dict[str, int], days: int | None
) -> None:
    wire.replies = [answered(**lives)]
    tokens.renewed("access-1")
    assert wire.asked[0].headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert store.token is not None
    assert store.token.refresh_expires == (None if days is None else clock.now + timedelta(days=days))


@pytest.mark.parametrize(
    ("reply", "known"),
    [
        (Reply(status=200), True),
        (Reply(status=400), False),
        (as_json({"error": "invalid_grant"}, 401), False),
    ],
)
def test_a_refresh_token_is_taken_back_where_intuit_knows_it(
    wire: Wire, intuits: Intuit, clock: Clock, reply: Reply, known: bool
) -> None:
    wire.replies = [reply]
    assert intuits.revoke(f"{wire.url}/v2/oauth2/tokens/revoke", token(7, clock)) is known
    [asked] = wire.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v2/oauth2/tokens/revoke", b'{"token":"refresh-7"}')
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"client-7:client-secret").decode()


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(status=401), Unauthorised, "Intuit does not know the app"),
        (Reply(status=429), Throttled, "The connection could not be taken back. There were too many calls."),
        (Reply(status=503), Unreachable, "The connection could not be taken back. Intuit answered with status 503."),
        (Reply(end="reset"), Unreachable, "The connection could not be taken back. "),
    ],
)
def test_what_was_not_taken_back_is_told(
    wire: Wire, intuits: Intuit, clock: Clock, reply: Reply, kind: type[CartledgerError], words: str
) -> None:
    wire.replies = [reply]
    with pytest.raises(kind, match=re.escape(words)):
        intuits.revoke(f"{wire.url}/v2/oauth2/tokens/revoke", token(7, clock))

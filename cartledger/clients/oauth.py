"""QuickBooks tokens: an access token that lives an hour, and a refresh token that changes about once a day.

Intuit forgets a refresh token as soon as it has given out the next one. So there is one renewal at a time among all
processes, and the new pair is stored before anybody uses it; whoever waited finds the new pair and asks for nothing.

The first pair comes from a person who said yes on Intuit's page: the code that this gives is exchanged for it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

from cartledger.clients.faults import CONNECT
from cartledger.clients.http import Answer, Http
from cartledger.errors import Throttled, Unauthorised, Unreachable
from cartledger.money import write_json
from cartledger.records import Token

RENEWAL_SECONDS = 30.0
"""The deadline of one renewal; a store's lock must outlive two of them."""

_EARLY = timedelta(minutes=1)
_LIVES = ("x_refresh_token_expires_in", "x_refresh_token_hard_expires_in")
"""Seconds until a refresh token ends unless it is used (about 100 days), and until it ends in any case (5 years after a
person said yes)."""


class TokenStore(Protocol):
    """Where the token of one company stands."""

    def load(self) -> Token | None:
        """The token last saved, by any process."""

    def save(self, token: Token) -> None:
        """Store `token` for good before returning."""

    def lock(self) -> AbstractContextManager[object]:
        """Excludes all other threads and processes. No transaction may be held meanwhile: HTTP happens inside."""


class Intuit:
    """What Intuit's server of tokens is asked on behalf of one app.

    `clock` gives aware times. Everything raises Unauthorised when only a person can help, Unreachable or Throttled
    (never in doubt: the call the token was for did not happen) when Intuit does not answer.
    """

    def __init__(
        self, *, http: Http, token_url: str, client_id: str, client_secret: str, clock: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock

    def exchange(self, code: str, redirect_uri: str) -> tuple[Token, timedelta]:
        """The first pair, for a code that is good once and for a few minutes, and how far Intuit's clock is ahead of
        ours. `redirect_uri` is the one that the code was asked for with."""
        asked = self._clock()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        failed = "The code could not be exchanged."
        answer = self._ask(form, failed)
        try:
            token = _read(answer, asked, failed)
        except _InvalidGrantError:
            raise Unauthorised(
                "Intuit does not take the code: it was used before, or is older than a few minutes.",
                fix="Run the command again.",
            ) from None
        return token, (answer.date or asked) - asked

    def refresh(self, token: Token) -> Token:
        """The next pair."""
        asked = self._clock()
        form = {"grant_type": "refresh_token", "refresh_token": token.refresh}
        failed = "The token could not be renewed."
        return _read(self._ask(form, failed), asked, failed)

    def revoke(self, revoke_url: str, token: Token) -> bool:
        """The app may not use the company any more. False: Intuit does not know the token, which was taken back before,
        is over, or was exchanged for another one that we do not have."""
        body = write_json({"token": token.refresh}).encode()
        failed = "The connection could not be taken back."
        answer = self._call(revoke_url, body, "application/json", failed)
        if answer.status in (200, 400):
            return answer.status == 200
        refusal = _refusal(answer, _facts(answer), failed)
        if isinstance(refusal, _InvalidGrantError):
            return False
        raise refusal

    def _ask(self, form: Mapping[str, str], failed: str) -> Answer:
        return self._call(self._token_url, urlencode(form).encode(), "application/x-www-form-urlencoded", failed)

    def _call(self, url: str, body: bytes, content_type: str, failed: str) -> Answer:
        pair = f"{self._client_id}:{self._client_secret}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": content_type,
            "Accept": "application/json",
            "x-include-refresh-token-hard-expires-in": "true",
        }
        try:
            return self._http.call("POST", url, deadline=RENEWAL_SECONDS, headers=headers, body=body)
        except Unreachable as error:
            # The renewal may have happened; the call that needed the token has not.
            raise Unreachable(f"{failed} {error.text}", fix=error.fix) from error


class Tokens:
    """Access tokens of one company, renewed when due or refused. Raises what Intuit does; `connect` is what a person
    does where none can be had any more."""

    def __init__(
        self, *, intuit: Intuit, store: TokenStore, clock: Callable[[], datetime], connect: str = CONNECT
    ) -> None:
        self._connect = connect
        self._intuit = intuit
        self._store = store
        self._clock = clock

    def access(self) -> str:
        """An access token good for at least another minute, as far as anybody can know."""
        token = self._load()
        return token.access if self._is_fresh(token) else self._renew(token.access).access

    def renewed(self, refused: str) -> str:
        """The access token to use after the API has answered 401 to `refused`."""
        return self._renew(refused).access

    def _load(self) -> Token:
        token = self._store.load()
        if token is None:
            raise Unauthorised("QuickBooks is not connected yet.", fix=self._connect)
        return token

    def _is_fresh(self, token: Token) -> bool:
        return token.access_expires - _EARLY > self._clock()

    def _renew(self, old: str) -> Token:
        with self._store.lock():
            token = self._load()
            if token.access != old and self._is_fresh(token):
                return token
            try:
                return self._refresh(token)
            except _InvalidGrantError:
                return self._second_chance(token)

    def _second_chance(self, refused: Token) -> Token:
        """Another pair may have been stored meanwhile: by `connect`, or by an owner of the lock before us who slept."""
        token = self._load()
        if token.refresh == refused.refresh:
            raise Unauthorised("The connection to QuickBooks has expired or was taken back.", fix=self._connect)
        if self._is_fresh(token):
            return token
        try:
            return self._refresh(token)
        except _InvalidGrantError:
            raise Unauthorised(
                "The connection to QuickBooks has expired or was taken back.", fix=self._connect
            ) from None

    def _refresh(self, token: Token) -> Token:
        new = self._intuit.refresh(token)
        self._store.save(new)
        return new


class _InvalidGrantError(Exception):
    """Intuit does not know the refresh token (any more)."""


def _facts(answer: Answer) -> Mapping[str, Any]:
    try:
        facts = answer.json()
    except ValueError:
        facts = None
    return facts if isinstance(facts, dict) else {}


def _read(answer: Answer, asked: datetime, failed: str) -> Token:
    facts = _facts(answer)
    if answer.status != 200:
        raise _refusal(answer, facts, failed)
    try:
        return _token(facts, asked)
    except (KeyError, TypeError, ValueError):
        raise Unreachable(f"{failed} Intuit's answer has no token in it.") from None


def _refusal(answer: Answer, facts: Mapping[str, Any], failed: str) -> Exception:
    error = str(facts.get("error", ""))
    if answer.status == 429:
        return Throttled(f"{failed} There were too many calls.", seconds=60.0)
    if error == "invalid_grant":
        return _InvalidGrantError()
    if error == "invalid_client" or answer.status == 401:
        return Unauthorised(
            "Intuit does not know the app: the client id or the client secret is wrong.",
            fix="Copy both from the app's keys at developer.intuit.com (sandbox and live have different ones).",
        )
    if answer.status >= 500 or not error:
        return Unreachable(f"{failed} Intuit answered with status {answer.status}.")
    return Unauthorised(f"{failed} Intuit answered {error}.", fix=CONNECT)


def _token(facts: Mapping[str, Any], asked: datetime) -> Token:
    lives = [int(facts[name]) for name in _LIVES if facts.get(name) is not None]
    token = Token(
        access=facts["access_token"],
        refresh=facts["refresh_token"],
        access_expires=asked + timedelta(seconds=int(facts["expires_in"])),
        refresh_expires=asked + timedelta(seconds=min(lives)) if lives else None,
    )
    if not (isinstance(token.access, str) and isinstance(token.refresh, str) and token.access and token.refresh):
        raise ValueError
    return token

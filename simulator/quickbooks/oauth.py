"""Tokens of one company: what is issued, what still holds, and what has been superseded."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from simulator.quickbooks.wire import JsonObject

REFRESH_SECONDS = 8_726_400  # 101 days, as recorded
HARD_SECONDS = 5 * 365 * 86_400  # "a maximum validity of 5 years" from the grant on
CODE_SECONDS = 600
SCOPE = "com.intuit.quickbooks.accounting"
LOOPBACK = "http://localhost:8765/callback"
PLAYGROUND = "https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl"


@dataclass(frozen=True, kw_only=True)
class Code:
    redirect_uri: str
    expires: float


@dataclass(kw_only=True)
class Access:
    realm_id: str
    expires: float
    calls_left: int | None


class RefusedError(Exception):
    """What the token endpoint says no with."""

    def __init__(self, error: str, status: int = 400, description: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.description = description

    def as_json(self) -> JsonObject:
        if self.description:
            return {"error": self.error, "error_description": self.description}
        return {"error": self.error}


class NoPageError(ValueError):
    """What the authorise page says instead of asking; the browser is sent nowhere."""


class Tokens:
    """`redirect_uris` are those that stand at the app's keys.

    `lifetime` (seconds) and `lifetime_calls` (API calls) bound an access token.

    Every `rotate_every`-th refresh brings a new refresh token, and its predecessor is void at once; the real one
    changes about once a day. It ends when it was not used for `refresh_lifetime` seconds, and in any case
    `hard_lifetime` seconds after the grant.
    """

    def __init__(self, *, realm_id: str, clock: Callable[[], float], seed: int) -> None:
        self._clock = clock
        self._random = random.Random(seed)
        self.realm_id = realm_id
        self.client_id = "AB" + self._word(48)
        self.client_secret = self._word(40)
        self.lifetime = 3600
        self.lifetime_calls: int | None = None
        self.rotate_every = 1
        self.refresh_lifetime = REFRESH_SECONDS
        self.hard_lifetime = HARD_SECONDS
        self.redirect_uris = {LOOPBACK, PLAYGROUND}
        self.refreshes = 0
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Access] = {}
        self._granted = self._used = clock()
        self.refresh_token: str = self._new_refresh_token()

    def check_question(self, asked: dict[str, str]) -> None:
        """The parameters of the authorise page. Raises NoPageError."""
        if asked.get("client_id") != self.client_id:
            raise NoPageError("The client_id query parameter value is invalid.")
        if asked.get("redirect_uri") not in self.redirect_uris:
            raise NoPageError(
                "The redirect_uri query parameter value is invalid. Make sure it is listed in the Redirect URIs "
                "section on your app's keys tab and matches it exactly."
            )
        if asked.get("response_type") != "code":
            raise NoPageError("The response_type query parameter value is invalid.")
        if SCOPE not in asked.get("scope", "").split():
            raise NoPageError("The scope query parameter value is invalid.")
        if not asked.get("state"):
            raise NoPageError("The state query parameter is missing.")

    def issue_code(self, redirect_uri: str = LOOPBACK) -> str:
        """An authorisation code, good for one exchange within some minutes, by who names the same redirect URI."""
        code = "AB1" + self._word(40)
        self._codes[code] = Code(redirect_uri=redirect_uri, expires=self._clock() + CODE_SECONDS)
        return code

    def issue_access(self, realm_id: str | None = None) -> str:
        """An access token without a refresh; for tests of another realm's token too."""
        token = "eyJ" + self._word(60)
        self._access[token] = Access(
            realm_id=realm_id or self.realm_id,
            expires=self._clock() + self.lifetime,
            calls_left=self.lifetime_calls,
        )
        return token

    def exchange(
        self, client: tuple[str, str] | None, form: dict[str, str], *, tells_hard_end: bool = False
    ) -> JsonObject:
        """The token endpoint. Raises RefusedError."""
        self._check_client(client)
        grant = form.get("grant_type")
        if grant == "authorization_code":
            self._spend_code(form.get("code", ""), form.get("redirect_uri", ""))
        elif grant == "refresh_token":
            self._spend_refresh_token(form.get("refresh_token", ""))
        else:
            raise RefusedError("unsupported_grant_type")
        told = {
            "token_type": "bearer",
            "access_token": self.issue_access(),
            "expires_in": self.lifetime,
            "refresh_token": self.refresh_token,
            "x_refresh_token_expires_in": self.refresh_lifetime,
        }
        if tells_hard_end:
            told["x_refresh_token_hard_expires_in"] = int(self._granted + self.hard_lifetime - self._clock())
        return told

    def take_back(self, client: tuple[str, str] | None, token: object) -> None:
        """The revocation endpoint: an access or a refresh token ends the whole grant. Raises RefusedError."""
        self._check_client(client)
        if not isinstance(token, str) or not token or token not in {self.refresh_token, *self._access}:
            raise RefusedError("invalid_request")
        self.revoke()

    def _check_client(self, client: tuple[str, str] | None) -> None:
        if client != (self.client_id, self.client_secret):
            raise RefusedError("invalid_client", 401)

    def _spend_code(self, code: str, redirect_uri: str) -> None:
        known = self._codes.pop(code, None)
        if known is None or known.redirect_uri != redirect_uri or known.expires <= self._clock():
            raise RefusedError("invalid_grant", description="Invalid authorization code")
        self._granted = self._used = self._clock()
        self.refresh_token = self._new_refresh_token()

    def _spend_refresh_token(self, token: str) -> None:
        now = self._clock()
        over = now >= min(self._used + self.refresh_lifetime, self._granted + self.hard_lifetime)
        if over or not self.refresh_token or token != self.refresh_token:
            raise RefusedError("invalid_grant", description="Incorrect or invalid refresh token")
        self._used = now
        self.refreshes += 1
        if self.refreshes % self.rotate_every == 0:
            self.refresh_token = self._new_refresh_token()

    def realm_of(self, token: str) -> str | None:
        """The realm an access token is good for, None when it is unknown or over. Counts as one use of it."""
        access = self._access.get(token)
        if access is None or access.expires <= self._clock() or access.calls_left == 0:
            return None
        if access.calls_left is not None:
            access.calls_left -= 1
        return access.realm_id

    def expire_access(self) -> None:
        """Every access token is over at once; the refresh token stays."""
        self._access.clear()

    def revoke(self) -> None:
        """The owner disconnects the app."""
        self._access.clear()
        self._codes.clear()
        self.refresh_token = ""

    def _new_refresh_token(self) -> str:
        return f"RT1-{self._random.randrange(1000)}-H0-{self._word(30)}"

    def _word(self, length: int) -> str:
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=length))

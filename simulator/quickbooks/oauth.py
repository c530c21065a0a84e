"""Tokens of one company: what is issued, what still holds, and what has been superseded."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from simulator.quickbooks.wire import JsonObject

REFRESH_SECONDS = 8_726_400  # 101 days, as recorded


@dataclass(kw_only=True)
class Access:
    realm_id: str
    expires: float
    calls_left: int | None


class RefusedError(Exception):
    """What the token endpoint says no with."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status

    def as_json(self) -> JsonObject:
        if self.error == "invalid_grant":
            return {"error": self.error, "error_description": "Incorrect or invalid refresh token"}
        return {"error": self.error}


class Tokens:
    """`lifetime` (seconds) and `lifetime_calls` (API calls) bound an access token.

    Every `rotate_every`-th refresh brings a new refresh token, and its predecessor is void at once; the real one
    changes about once a day.
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
        self.refreshes = 0
        self._codes: set[str] = set()
        self._access: dict[str, Access] = {}
        self.refresh_token: str = self._new_refresh_token()

    def issue_code(self) -> str:
        """An authorisation code, good for one exchange."""
        code = "AB1" + self._word(40)
        self._codes.add(code)
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

    def exchange(self, client: tuple[str, str] | None, form: dict[str, str]) -> JsonObject:
        """The token endpoint. Raises RefusedError."""
        if client != (self.client_id, self.client_secret):
            raise RefusedError("invalid_client", 401)
        grant = form.get("grant_type")
        if grant == "authorization_code":
            self._spend_code(form.get("code", ""))
        elif grant == "refresh_token":
            self._spend_refresh_token(form.get("refresh_token", ""))
        else:
            raise RefusedError("unsupported_grant_type")
        return {
            "token_type": "bearer",
            "access_token": self.issue_access(),
            "expires_in": self.lifetime,
            "refresh_token": self.refresh_token,
            "x_refresh_token_expires_in": REFRESH_SECONDS,
        }

    def _spend_code(self, code: str) -> None:
        if code not in self._codes:
            raise RefusedError("invalid_grant")
        self._codes.discard(code)
        self.refresh_token = self._new_refresh_token()

    def _spend_refresh_token(self, token: str) -> None:
        if not self.refresh_token or token != self.refresh_token:
            raise RefusedError("invalid_grant")
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

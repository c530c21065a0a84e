"""The ledger as the place where QuickBooks tokens stand, for all processes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from cartledger.clients.oauth import RENEWAL_SECONDS
from cartledger.ledger.store import Ledger
from cartledger.records import Token

LEASE = timedelta(seconds=3 * RENEWAL_SECONDS)
ASK_AGAIN = 0.1


class LedgerTokens:
    """The tokens of one app at one company, whichever shops post there: Intuit voids a refresh token with the next one.

    `first_refresh` is the refresh token of the settings: it counts until it has been exchanged once, and again when a
    person has put another one there.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        realm_id: str,
        client_id: str,
        first_refresh: str,
        new_owner: Callable[[], str],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._ledger = ledger
        self._company = f"{realm_id}:{client_id}"
        self._first_refresh = first_refresh
        self._new_owner = new_owner
        self._origin = hashlib.sha256(first_refresh.encode()).hexdigest()
        self._clock = clock
        self._sleep = sleep
        self._name = f"token:{self._company}"

    def load(self) -> Token | None:
        """The token last saved, or the settings' own where it is newer than what was saved."""
        origin = self._ledger.reference(self._company, "token_origin")
        if origin is None or origin.content.decode() != self._origin:
            return Token(access="", refresh=self._first_refresh, access_expires=self._clock(), refresh_expires=None)
        return self._ledger.token(self._company)

    def save(self, token: Token) -> None:
        with self._ledger.transaction():
            self._ledger.save_token(self._company, token)
            self._ledger.save_reference(self._company, "token_origin", self._origin.encode())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """A lease row: no transaction is open while the token is renewed."""
        owner = self._new_owner()
        while not self._ledger.lease(self._name, owner, LEASE):
            self._sleep(ASK_AGAIN)
        try:
            yield
        finally:
            self._ledger.unlease(self._name, owner)

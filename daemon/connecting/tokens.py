"""The ledger as the place where the tokens of both sides stand, for all processes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cartledger.clients.oauth import RENEWAL_SECONDS
from cartledger.errors import Unauthorised
from cartledger.ledger.store import Ledger
from cartledger.records import Token
from daemon.owners import new_owner

LEASE = timedelta(seconds=3 * RENEWAL_SECONDS)
ASK_AGAIN = 0.1
ORIGIN = "token_origin"
CONNECTED = "connected"
ACCESS = "access"
STATE = "state"
ADDRESS_LASTS = timedelta(hours=1)
SETTINGS, SETUP, BROWSER, PASTED, BY_HAND = "settings", "setup", "browser", "pasted", "token"
"""The ways of a token: a person put it into the settings, or gave it to `setup`; `connect` had it from the browser, or
from the address that was pasted; the shop's was given to `connect` by hand."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Connected:
    """A side that has a token: since when and by which way (None: not told), and until when (None: no end is known)."""

    since: datetime | None
    way: str | None
    expires: datetime | None


class LedgerTokens:
    """The tokens of one app at one company, whichever shops post there: Intuit voids a refresh token with the next one.

    `first_refresh` is the refresh token of the settings, if there is one: it counts until it has been exchanged once,
    and again when a person has put another one there. What `connect` keeps counts until then, too.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        realm_id: str,
        client_id: str,
        first_refresh: str | None,
        new_owner: Callable[[], str],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._ledger = ledger
        self._company = f"{realm_id}:{client_id}"
        self._first_refresh = first_refresh
        self._new_owner = new_owner
        self._clock = clock
        self._sleep = sleep
        self._name = f"token:{self._company}"

    def load(self) -> Token | None:
        """The token last saved, or the settings' own where it is newer than what was saved."""
        if self._first_refresh is not None and self._origin_kept() != self._origin(self._first_refresh):
            return Token(access="", refresh=self._first_refresh, access_expires=self._clock(), refresh_expires=None)
        return self._ledger.token(self._company)

    def save(self, token: Token) -> None:
        with self._ledger.transaction():
            self._ledger.save_token(self._company, token)
            self._settle_origin()

    def connect(self, token: Token, way: str) -> None:
        """Keep what a person allowed, in place of whatever there was; a renewal that goes on is waited for."""
        with self.lock(), self._ledger.transaction():
            self.save(token)
            self._ledger.save_reference(self._company, CONNECTED, way.encode())

    def forget(self, take_back: Callable[[Token], T]) -> T | None:
        """Nothing is connected any more, until `connect`, or until a person puts another token into the settings.

        `take_back` ends the token that counts, which nobody renews meanwhile; what it raises leaves all as it was.
        Returns what it does, None where there was no token.
        """
        with self.lock():
            token = self.load()
            taken_back = None if token is None else take_back(token)
            with self._ledger.transaction():
                self._ledger.drop_token(self._company)
                self._ledger.drop_reference(self._company, CONNECTED)
                self._settle_origin()
        return taken_back

    def connected(self) -> Connected | None:
        """Since when and how; None where it is not, or where nothing has been exchanged yet."""
        token, kept = self.load(), self._ledger.reference(self._company, CONNECTED)
        if token is None:
            return None
        if kept is None:
            return Connected(since=None, way=SETTINGS, expires=token.refresh_expires)
        return Connected(since=kept.fetched_at, way=kept.content.decode(), expires=token.refresh_expires)

    def expect(self, state: str) -> None:
        """A person was told an address with this state."""
        self._ledger.save_reference(self._company, STATE, state.encode())

    def expected(self) -> str:
        """The state of the address that was told last, once. Raises Unauthorised where none was, or long ago."""
        kept = self._ledger.reference(self._company, STATE)
        self._ledger.drop_reference(self._company, STATE)
        if kept is None or self._clock() - kept.fetched_at > ADDRESS_LASTS:
            raise Unauthorised(
                "No address was told within the last hour that this could be the answer to.",
                fix="Run `cartledger connect quickbooks --address` first.",
            )
        return kept.content.decode()

    def _settle_origin(self) -> None:
        """The settings' token has been used, or was replaced. What is known of one that we were not given stays, since
        a process that was given it has to go on taking it for used."""
        if self._first_refresh is not None:
            self._ledger.save_reference(self._company, ORIGIN, self._origin(self._first_refresh).encode())

    def _origin_kept(self) -> str | None:
        kept = self._ledger.reference(self._company, ORIGIN)
        return None if kept is None else kept.content.decode()

    @staticmethod
    def _origin(refresh: str) -> str:
        return hashlib.sha256(refresh.encode()).hexdigest()

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


def keep(
    ledger: Ledger, realm_id: str, client_id: str, token: Token, *, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Keep the first token of a company that no settings name yet."""
    LedgerTokens(
        ledger=ledger,
        realm_id=realm_id,
        client_id=client_id,
        first_refresh=None,
        new_owner=new_owner,
        clock=ledger.clock,
        sleep=sleep,
    ).connect(token, SETUP)


class ShopToken:
    """The token of a store's API account: the settings' own, else the one that `connect` keeps in the ledger."""

    def __init__(self, *, ledger: Ledger, store_hash: str, from_settings: str | None, connection: str) -> None:
        self._ledger = ledger
        self._store = f"store:{store_hash}"
        self._from_settings = from_settings
        self._connection = connection

    def __call__(self) -> str:
        """The token to call with. Raises Unauthorised where there is none."""
        if self._from_settings is not None:
            return self._from_settings
        kept = self._ledger.reference(self._store, ACCESS)
        if kept is None:
            raise Unauthorised(
                "BigCommerce is not connected yet.", fix=f"Run `cartledger connect bigcommerce {self._connection}`."
            )
        return kept.content.decode()

    def connect(self, token: str, way: str) -> None:
        with self._ledger.transaction():
            self._ledger.save_reference(self._store, ACCESS, token.encode())
            self._ledger.save_reference(self._store, CONNECTED, way.encode())

    def forget(self) -> None:
        with self._ledger.transaction():
            self._ledger.drop_reference(self._store, ACCESS)
            self._ledger.drop_reference(self._store, CONNECTED)

    def connected(self) -> Connected | None:
        """Since when and how; None where it is not."""
        if self._from_settings is not None:
            return Connected(since=None, way=SETTINGS, expires=None)
        kept, way = self._ledger.reference(self._store, ACCESS), self._ledger.reference(self._store, CONNECTED)
        if kept is None:
            return None
        return Connected(since=kept.fetched_at, way=None if way is None else way.content.decode(), expires=None)


def keep_shop(ledger: Ledger, store_hash: str, access_token: str) -> None:
    """Keep the token of a store that no settings name yet."""
    ShopToken(ledger=ledger, store_hash=store_hash, from_settings=None, connection="").connect(access_token, SETUP)

"""Tokens in the ledger, while several processes are at them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cartledger.errors import Unreachable
from cartledger.ledger.store import Ledger
from cartledger.records import Token
from daemon.connecting.tokens import BROWSER, LEASE, LedgerTokens

NOW = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
COMPANY = ("4620816365000000001", "app")


def token(name: str) -> Token:
    return Token(access=f"a-{name}", refresh=f"r-{name}", access_expires=NOW + timedelta(hours=1), refresh_expires=None)


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.db", clock=lambda: NOW)
    yield ledger
    ledger.close()


def tokens(ledger: Ledger, *, sleep=lambda _: None) -> LedgerTokens:
    realm_id, client_id = COMPANY
    return LedgerTokens(
        ledger=ledger,
        realm_id=realm_id,
        client_id=client_id,
        first_refresh=None,
        new_owner=lambda: "us",
        clock=lambda: NOW,
        sleep=sleep,
    )


def test_the_token_of_a_renewal_that_goes_on_is_the_one_that_is_taken_back(ledger):
    lease, taken = f"token:{':'.join(COMPANY)}", []
    tokens(ledger).connect(token("old"), BROWSER)
    ledger.lease(lease, "another process", LEASE)

    def renewal_ends(_: float) -> None:
        tokens(ledger).save(token("new"))
        ledger.unlease(lease, "another process")

    tokens(ledger, sleep=renewal_ends).forget(taken.append)
    assert (taken, tokens(ledger).load()) == ([token("new")], None)


def test_what_cannot_be_taken_back_stays(ledger):
    def refuse(_: Token) -> None:
        raise Unreachable("down")

    ours = tokens(ledger)
    ours.connect(token("old"), BROWSER)
    with pytest.raises(Unreachable):
        ours.forget(refuse)
    assert (ours.load(), ours.connected().way) == (token("old"), BROWSER)

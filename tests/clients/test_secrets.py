"""Tokens and the client secret show up nowhere: not in prints, not in errors, not in the logs of any library."""

import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.http import Http
from cartledger.clients.oauth import Tokens
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import CartledgerError
from tests.clients.conftest import Asked, Clock, Reply, Store, Wire, as_json, token

SHOP_TOKEN = "shop-token-s3cret"
SECRETS = (SHOP_TOKEN, "access-1", "access-2", "refresh-1", "refresh-2", "client-secret")
ENVELOPE = {"error": [{"message": "m", "detail": "Token expired: access-1", "code": "3200"}]}


def _everything_said(error: BaseException) -> str:
    parts = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    return "\n".join(parts)


def _answers() -> list[Reply]:
    return [
        as_json({"fault": ENVELOPE}, 401),
        as_json({"fault": ENVELOPE}, 400),
        as_json({"Fault": {"Error": [{"Message": "m", "Detail": "d", "code": "2010"}]}}, 400),
        Reply(status=500, body=b"<html>"),
        Reply(status=403),
        Reply(status=429),
        Reply(end="reset"),
        Reply(body=b"{}", end="cut"),
        as_json({}),
    ]


def _wire(reply: Reply, renewal: Reply) -> Callable[[Asked], Reply]:
    return lambda asked: renewal if asked.path.endswith("/bearer") else reply


RENEWED = as_json({"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600})
RENEWALS = [
    RENEWED,
    as_json({"error": "invalid_grant"}, 400),
    as_json({"error": "invalid_client"}, 401),
    Reply(status=503),
]


@pytest.mark.parametrize("renewal", RENEWALS)
def test_quickbooks_tells_no_secret(
    wire: Wire, quickbooks: QuickBooks, tokens: Tokens, caplog: pytest.LogCaptureFixture, renewal: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(quickbooks), repr(tokens)]
    for reply in _answers():
        wire.on = _wire(reply, renewal)
        with pytest.raises(CartledgerError) as caught:
            quickbooks.preferences()
        said.append(_everything_said(caught.value))
    assert wire.asked
    _no_secret_in("\n".join([*said, caplog.text, *map(repr, caplog.records)]))


def _shop(wire: Wire, http: Http, clock: Clock, access_token: str) -> BigCommerce:
    return BigCommerce(
        http=http,
        base_url=wire.url,
        store_hash="abc123",
        access_token=lambda: access_token,
        clock=clock,
        sleep=clock.sleep,
    )


def test_bigcommerce_tells_no_secret(wire: Wire, http: Http, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop = _shop(wire, http, clock, SHOP_TOKEN)
    said = [repr(shop)]
    for reply in _answers():
        wire.replies = [reply]
        with pytest.raises(CartledgerError) as caught:
            shop.orders(datetime(2026, 3, 2, tzinfo=UTC))
        said.append(_everything_said(caught.value))
    assert all(asked.headers["x-auth-token"] == SHOP_TOKEN for asked in wire.asked)
    _no_secret_in("\n".join([*said, caplog.text]))


def test_a_token_with_a_line_end_is_not_told_either(http: Http, wire: Wire, clock: Clock) -> None:
    shop = BigCommerce(
        http=http,
        base_url=wire.url,
        store_hash="abc123",
        access_token=lambda: f"{SHOP_TOKEN}\n",
        clock=clock,
        sleep=clock.sleep,
    )
    with pytest.raises(CartledgerError) as caught:
        shop.store()
    _no_secret_in(_everything_said(caught.value))


@pytest.mark.parametrize("what", [lambda clock: token(1, clock), lambda clock: Store(token(1, clock)).load()])
def test_a_token_prints_without_its_secrets(clock: Clock, what: Callable[[Clock], Any]) -> None:
    assert "access_expires" in repr(what(clock))
    _no_secret_in(repr(what(clock)))


def test_a_turn_prints_without_its_token(quickbooks: QuickBooks) -> None:
    turn = quickbooks.turn()
    assert turn.access == "access-1"
    _no_secret_in(repr(turn))


def _no_secret_in(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []

"""The other side does not answer or lets nobody in: one sentence, nothing lost; when it is back all is posted."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest

from cartledger.ledger.types import State
from daemon.clock import now
from daemon.running.supervisor import Crew, Producing
from simulator.quickbooks.oauth import LOOPBACK
from tests.road.sentences.conftest import OTHERS, UNHURRIED, hurried

DEAD = "http://127.0.0.1:1"
REFUSED = "No connection to 127.0.0.1: [Errno 111] Connection refused. Check the network."
CONNECT = "Run `cartledger connect quickbooks`, as an administrator of the company."
CONNECT_DEMO = "Run `cartledger connect quickbooks demo`, as an administrator of the company."
SUBSCRIBE = "Renew the QuickBooks subscription, or connect a company that is active."


def at_once(_: float) -> None:
    """In place of the sleeps between two tries of one call."""


def all_waits(road, synced, sentence: str) -> None:
    """Everything read is queued, no attempt spent, and the sentence stands in the result and in `status`."""
    assert (synced.waiting, synced.posted, synced.exit_code) == (OTHERS, 0, 1)
    assert synced.troubles == (f"QuickBooks: {sentence}",)
    standings = [road.ledger.standing(road.key(order_id)) for order_id in road.sim.shop.orders]
    assert {(one.state, one.attempts) for one in standings} == {(State.QUEUED, 0)}
    (circuit,) = road.ledger.circuits(road.pair)
    assert circuit.reason == sentence


def all_posted(road, synced) -> None:
    assert (synced.posted, synced.waiting, synced.troubles, synced.exit_code) == (OTHERS, 0, (), 0)
    assert road.ledger.circuits(road.pair) == []
    road.agree()


def test_bigcommerce_does_not_answer(shop, make_road):
    dead = make_road(shop, bigcommerce={"api_url": DEAD})
    synced = dead.sync(sleep=at_once)
    assert synced.troubles == (f"The shop cannot be read: {REFUSED}",)
    assert (synced.read, synced.exit_code) == (0, 1)
    road = make_road(shop, folder=dead.folder)
    all_posted(road, road.sync())


def test_what_was_read_is_posted_while_bigcommerce_does_not_answer(shop, make_road):
    road = make_road(shop)
    road.app().lines[road.name].read_shop(lambda _: None)
    dead = make_road(shop, folder=road.folder, bigcommerce={"api_url": DEAD})
    synced = dead.sync(sleep=at_once)
    assert (synced.posted, synced.waiting, synced.exit_code) == (OTHERS, 0, 1)
    assert synced.troubles == (f"The shop cannot be read: {REFUSED}",)


class Naps(threading.Event):
    """What a run sleeps on: time passes at once, and `then` happens after each nap."""

    def __init__(self, *then):
        super().__init__()
        self.slept, self._then = timedelta(0), iter(then)

    def wait(self, timeout=None):
        self.slept += timedelta(seconds=timeout)
        next(self._then, self.set)()
        return self.is_set()


def test_a_run_says_once_that_the_shop_is_silent_and_once_that_it_is_not(shop, make_road, caplog):
    began, road = now(), make_road(shop)
    token, shop.shop.access_token = shop.shop.access_token, "another"
    naps = Naps(lambda: None, lambda: setattr(shop.shop, "access_token", token), lambda: None)
    app = road.app(clock=lambda: began + naps.slept)
    with caplog.at_level(logging.INFO, "cartledger"):
        Producing(app, [road.name], Crew(quiet=naps)).read_for_ever(road.name)
    said = [record.getMessage() for record in caplog.records if getattr(record, "action", "").startswith("read")]
    assert [sentence.partition(": BigCommerce refuses")[0] for sentence in said] == [
        "The shop cannot be read",
        f"{OTHERS} orders new or changed.",
        "The shop is read again after 90 s.",
    ]


def test_quickbooks_does_not_answer(shop, make_road):
    clock = hurried()
    dead = make_road(shop, quickbooks={"api_url": DEAD, "token_url": DEAD, **UNHURRIED})
    all_waits(dead, dead.sync(clock=clock), f"The token could not be renewed. {REFUSED}")
    road = make_road(shop, folder=dead.folder, quickbooks=UNHURRIED)
    all_posted(road, road.sync(clock=clock))


def test_neither_side_answers(shop, make_road):
    dead = make_road(shop, bigcommerce={"api_url": DEAD}, quickbooks={"api_url": DEAD, "token_url": DEAD})
    synced = dead.sync(sleep=at_once)
    assert (synced.waiting, synced.exit_code) == (0, 1)
    assert synced.troubles == (f"The shop cannot be read: {REFUSED}",)
    road = make_road(shop, folder=dead.folder)
    all_posted(road, road.sync())


def test_the_company_takes_no_data(shop, make_road):
    road = make_road(shop)
    shop.company.subscription_ended = True
    all_waits(road, road.sync(), f"The company's subscription has ended. (QuickBooks 6190) {SUBSCRIBE}")
    assert shop.company.report()["written"] == 0
    shop.company.subscription_ended = False
    all_posted(road, road.sync())


def test_the_subscription_has_lapsed(shop, make_road):
    road = make_road(shop)
    shop.company.subscription_lapsed = True
    all_waits(road, road.sync(), f"The company's subscription has lapsed. (QuickBooks 7001) {SUBSCRIBE}")
    shop.company.subscription_lapsed = False
    all_posted(road, road.sync())


def test_the_connection_was_taken_back(shop, make_road):
    road = make_road(shop)
    shop.company.tokens.revoke()
    all_waits(road, road.sync(), f"The connection to QuickBooks has expired or was taken back. {CONNECT_DEMO}")
    connected = shop.company.tokens.exchange(
        (shop.company.client_id, shop.company.client_secret),
        {"grant_type": "authorization_code", "code": shop.company.tokens.issue_code(), "redirect_uri": LOOPBACK},
    )
    again = make_road(shop, folder=road.folder)
    assert set(again.environment.values()) >= {connected["refresh_token"]}
    all_posted(again, again.sync())


def test_a_token_of_another_realm(shop, make_road):
    road = make_road(shop)
    tokens = shop.company.tokens
    tokens.realm_id, realm = "9130347957983546", tokens.realm_id
    all_waits(road, road.sync(), f"The app has no permission for this company. (QuickBooks 3100) {CONNECT}")
    tokens.realm_id = realm
    tokens.expire_access()
    all_posted(road, road.sync())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"access_token": "another"},
            "The shop cannot be read: BigCommerce refuses the token. "
            "(BigCommerce 401: X-Auth-Client and X-Auth-Token headers are required and must match) "
            "Make a new API account in the BigCommerce control panel and give its token to `cartledger connect "
            "bigcommerce`.",
        ),
        (
            {"scopes": frozenset({"store_v2_information_read_only"})},
            "The shop cannot be read: The token may not read orders. "
            "(BigCommerce 403: You don't have a required scope to access the endpoint) "
            "Make a BigCommerce API account with the scope “Orders: read-only” and give its token to "
            "`cartledger connect bigcommerce`.",
        ),
        (
            {"store_hash": "another"},
            "The shop cannot be read: BigCommerce knows no store “sim5tore”. "
            "Copy the store hash from the address of the control panel: store-<hash>.mybigcommerce.com.",
        ),
    ],
    ids=["token", "scope", "store"],
)
def test_bigcommerce_does_not_let_us_in(shop, make_road, change, sentence):
    road = make_road(shop)
    for name, value in change.items():
        setattr(shop.shop, name, value)
    synced = road.sync()
    assert (synced.troubles, synced.exit_code) == ((sentence,), 1)

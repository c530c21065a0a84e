"""Options that say where shop, company and ledger are, who we are there, and how days and calls are counted."""

from __future__ import annotations

import stat
from datetime import timedelta

import pytest

from cartledger.records import SourceKey
from daemon.by_hand.syncing import run_sync
from simulator import Simulator

UNKNOWN_APP = "QuickBooks: Intuit does not know the app: the client id or the client secret is wrong."


@pytest.mark.option("bigcommerce.store_hash", "bigcommerce.access_token")
@pytest.mark.option("quickbooks.realm_id", "quickbooks.client_id", "quickbooks.client_secret")
@pytest.mark.option("quickbooks.refresh_token")
@pytest.mark.parametrize(
    ("option", "value", "trouble"),
    [
        ("bigcommerce.store_hash", "other", "The shop cannot be read: BigCommerce knows no store “other”."),
        ("bigcommerce.access_token", "another", "The shop cannot be read: BigCommerce refuses the token."),
        ("quickbooks.realm_id", "1", "QuickBooks: The app has no permission for this company."),
        ("quickbooks.client_id", "another", UNKNOWN_APP),
        ("quickbooks.client_secret", "another", UNKNOWN_APP),
        (
            "quickbooks.refresh_token",
            "another",
            "QuickBooks: The connection to QuickBooks has expired or was taken back.",
        ),
    ],
)
def test_with_another_value_nothing_is_posted_and_the_side_is_named(open_books, plain_order, option, value, trouble):
    books = open_books(**{option: value})
    books.add(plain_order(1001))
    synced = run_sync(books.app, "demo", lambda now: None)
    assert (synced.posted, books.documents()) == (0, {})
    (told,) = synced.troubles
    assert told.startswith(trouble)


@pytest.fixture
def elsewhere():
    """A second shop and company, under the same names and secrets as the first."""
    with Simulator(quotas=False) as sim:
        yield sim


@pytest.mark.option("bigcommerce.api_url")
def test_orders_are_read_at_this_address(open_books, plain_order, elsewhere):
    books = open_books(**{"bigcommerce.api_url": elsewhere.addresses()["bigcommerce_url"]})
    books.add(plain_order(1001))
    elsewhere.shop.add_order(plain_order(1002))
    books.sync()
    assert list(books.documents()) == ["BC-1002"]


@pytest.mark.option("quickbooks.api_url", "quickbooks.token_url")
def test_documents_are_written_at_this_address_with_a_token_from_that(open_books, plain_order, elsewhere):
    there = elsewhere.addresses()
    books = open_books(**{"quickbooks.api_url": there["quickbooks_url"], "quickbooks.token_url": there["token_url"]})
    books.add(plain_order(1001))
    elsewhere.company.add_item(name="GOODS", sku="GOODS")
    books.sync()
    assert books.documents() == {}
    assert [receipt["DocNumber"] for receipt in elsewhere.company.objects("SalesReceipt")] == ["BC-1001"]


@pytest.mark.option("ledger.path")
def test_the_ledger_is_a_file_beside_the_settings_readable_by_its_owner_only(open_books):
    path = open_books().app.settings.ledger.path
    assert (path.name, path.with_name("cartledger.toml").exists()) == ("cartledger.db", True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.option("timezone")
@pytest.mark.parametrize(
    ("timezone", "day"),
    [(None, "2026-04-30"), ("America/Chicago", "2026-04-30"), ("Australia/Sydney", "2026-05-01")],
)
def test_documents_are_dated_in_this_zone_or_in_the_stores(open_books, plain_order, timezone, day):
    books = open_books(without=("timezone",), **({"timezone": timezone} if timezone else {}))
    books.add(plain_order(1001, date_created="Fri, 01 May 2026 03:30:00 +0000"))
    books.sync()
    assert books.sim.shop.timezone == "America/Chicago"
    assert books.documents()["BC-1001"]["TxnDate"] == day


@pytest.mark.option("quickbooks.in_flight_limit")
@pytest.mark.parametrize("limit", [1, 2])
def test_a_lost_answer_is_looked_up_when_the_call_cannot_be_executed_any_more(open_books, plain_order, limit):
    books = open_books(**{"quickbooks.in_flight_limit": limit})
    books.sim.faults.add(side="quickbooks", call="batch", kind="drop_after", nth=2)
    books.add(plain_order(1001))
    books.sync()
    events = books.app.ledger.events(SourceKey(pair=books.pair, kind="order", id="1001"))
    sent, found = (next(event.at for event in events if event.what == what) for what in ("sent", "answered"))
    assert found - sent >= timedelta(seconds=limit)
    assert list(books.documents()) == ["BC-1001"]

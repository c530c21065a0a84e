"""How refunds get to the books: which order they come with, what that costs in calls, and what a sync says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cartledger.ledger.store import Ledger
from cartledger.ledger.types import State
from cartledger.records import read_order
from consumers.restocking import AGES_AFTER, StockSettings
from daemon.by_hand.syncing import run_sync
from daemon.commands.sync import say
from daemon.demos.settings import NAME
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, refund
from tests.said import REFUNDS


def give_back(books, order_id, amount="5.00", *, moves=True):
    """Without its order moving, unless told so."""
    asked, card = Asked(amount=Decimal(amount)), Payout(provider="stripe")
    return refund(books.sim.shop, order_id, asked, card, set_status=moves)


def receipts(books):
    return sorted(row["DocNumber"] for row in books.sim.company.objects("RefundReceipt"))


def shop_calls(books):
    calls = books.sim.report()["bigcommerce"]["calls"]
    books.sim.reset_counts()
    return calls


def test_a_round_without_news_costs_one_call_to_the_shop_for_the_refunds(open_books, plain_order):
    books = open_books(**REFUNDS)
    books.add(plain_order(1001))
    books.sync()
    give_back(books, 1001)
    assert books.sync().refunds == 1
    shop_calls(books)
    synced = books.sync()
    assert (synced.new_or_changed, synced.refunds, shop_calls(books)) == (0, 0, 1 + 2)


def test_refunds_of_posted_orders_cost_a_call_each_where_the_orders_do_not_move(open_books, plain_order):
    books = open_books(**REFUNDS)
    books.add(plain_order(1001), plain_order(1002), plain_order(1003))
    books.sync()
    give_back(books, 1001)
    give_back(books, 1002, moves=False)
    give_back(books, 1002, moves=False)
    shop_calls(books)
    synced = books.sync()
    assert (synced.new_or_changed, synced.refunds, synced.exit_code) == (2, 3, 0)
    what_came_in_for_both = 2
    assert shop_calls(books) == 1 + 2 + 1 + what_came_in_for_both
    assert receipts(books) == ["R-1001", "R-1002", "R-1002-2"]


def test_switched_on_later_refunds_reach_what_is_posted_and_switched_off_they_stay(open_books, plain_order):
    books = open_books()
    books.add(plain_order(1001))
    give_back(books, 1001, moves=False)
    assert (books.sync().refunds, receipts(books)) == (0, [])
    books.change(**REFUNDS)
    assert books.app.lines[NAME].last_read() is None
    books.sync()
    assert receipts(books) == ["R-1001"]
    books.change()
    books.sim.shop.touch(1001)
    give_back(books, 1001, moves=False)
    assert (books.sync().new_or_changed, receipts(books)) == (0, ["R-1001"])
    books.change(**REFUNDS)
    books.sync()
    assert receipts(books) == ["R-1001", "R-1001-2"]


def test_an_order_that_is_gone_is_held_for_its_refund(open_books, plain_order):
    books = open_books(**REFUNDS)
    books.add(plain_order(1001))
    books.sync()
    give_back(books, 1001, moves=False)
    books.sim.shop.delete(1001)
    books.sync()
    assert (books.state(1001), books.held()) == (State.HELD, {"1001": ["order_gone"]})
    assert (list(books.documents()), receipts(books)) == (["BC-1001"], [])


def test_a_sync_says_how_many_refunds_came(open_books, plain_order, capsys):
    books = open_books(**REFUNDS)
    books.add(plain_order(1001))
    give_back(books, 1001)
    give_back(books, 1001)
    say(books.sync())
    assert "demo: 1 orders and 2 refunds new or changed. In the ledger: 1 posted, " in capsys.readouterr().out
    say(books.sync())
    assert "demo: 0 orders new or changed. " in capsys.readouterr().out


def test_the_shop_counts_as_read_when_its_refunds_were_read_too(open_books, plain_order):
    books = open_books(**REFUNDS)
    line = books.app.lines[NAME]
    books.add(plain_order(1001))
    assert line.last_read() is None
    books.sync()
    read = line.last_read()
    assert read is not None
    give_back(books, 1001, moves=False)
    books.sim.faults.add(side="bigcommerce", call="order", kind="unauthorised", first=1)
    synced = run_sync(books.app, NAME, lambda _: None)
    assert (len(synced.troubles), line.last_read()) == (1, read)
    books.sync()
    assert (line.last_read() > read, receipts(books)) == (True, ["R-1001"])


class Clock:
    now = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def stock(open_books, tmp_path):
    """`stock.restocks(order)`, the store it asks, and the time."""
    clock = Clock()
    books = open_books()
    ledger = Ledger.open(tmp_path / "stock.db", clock=clock)
    yield StockSettings(pair=books.pair, ledger=ledger, shop=books.app.lines[NAME].shop, clock=clock), books, clock
    ledger.close()


@pytest.mark.parametrize(
    ("source", "channel_id", "restocks", "calls"),
    [("www", 1, True, 1), ("manual", 1, False, 1), ("www", 2, False, 2), ("www", 0, False, 1)],
)
def test_whether_goods_go_back_is_what_the_channel_says_or_else_the_store(
    stock, plain_order, source, channel_id, restocks, calls
):
    """Of orders that were entered by hand the store says it, whatever their channel."""
    settings, books, _ = stock
    books.sim.shop.channel_inventory_settings = {"1": {"refund_order_stock_adjustment": True}, "2": {}}
    order = read_order(plain_order(1001, order_source=source, channel_id=channel_id))
    assert [settings.restocks(order) for _ in range(2)] == [restocks] * 2
    assert shop_calls(books) == calls


def test_whether_goods_go_back_is_asked_once_in_hours(stock, plain_order):
    settings, books, clock = stock
    order = read_order(plain_order(1001, order_source="manual"))
    assert settings.restocks(order) is False
    books.sim.shop.inventory_settings["refund_order_stock_adjustment"] = True
    clock.now += AGES_AFTER - timedelta(seconds=1)
    assert settings.restocks(order) is False
    clock.now += timedelta(seconds=1)
    assert settings.restocks(order) is True
    assert shop_calls(books) == 2


def test_what_one_channel_says_is_not_taken_for_another_ones(stock, plain_order):
    settings, books, _ = stock
    books.sim.shop.channel_inventory_settings = {"1": {"refund_order_stock_adjustment": True}, "2": {}}
    orders = [read_order(plain_order(1001, channel_id=channel)) for channel in (1, 2, 0, 1)]
    assert [settings.restocks(order) for order in orders] == [True, False, False, True]

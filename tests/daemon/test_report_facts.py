"""What a report makes of one order: the shop's side, the books', and why they differ; and that it names nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cartledger.errors import Problem
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Link, Read
from cartledger.records import SourceKey
from cartledger.settings import read_settings
from cartledger.stock import Allocation
from daemon.reporting.days import MOST_DAYS, compare_days
from daemon.reporting.facts import plainly
from tests.options.test_wrong_values import RIGHT, SECRETS, full

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
SALE, VOID, CANCELLATION, MEMO = "document", "void", "cancellation", "memo"


class Day:
    """Orders that were placed on one day, or on several, of one connection."""

    def __init__(self, folder):
        self.ledger = Ledger.open(folder / "cartledger.db", clock=lambda: NOW)
        self.folder = folder
        self.settle()

    def settle(self, **changes):
        path = self.folder / "cartledger.toml"
        path.write_text("\n".join(f"{full(key)} = {value}" for key, value in (RIGHT | changes).items()))
        self.connection = read_settings(path, SECRETS).connection("main")

    def order(self, id_="1", *, placed=NOW, state="posted", links=(), **says):
        """Its sale comes to 10.00, unless the shop `says` another total; `links` are (part, entity, amount)."""
        pair = self.connection.pair
        key = SourceKey(pair=pair, kind="order", id=id_)
        facts = {
            "placed": placed.isoformat(),
            "status": 11,
            "currency": "USD",
            "total": Decimal("10.00"),
            "redeemed": 0,
        }
        told = None if "total" in says and says["total"] is None else facts | says
        self.ledger.remember(pair, "order", [Read(id=id_, version="v", record=b"{}", modified=NOW, told=told or {})])
        allocation = Allocation(order_id=id_, version="v", created=placed, modified=placed, units={})
        self.ledger.allocate(pair, [allocation])
        for part, entity, amount in links:
            link = Link(
                key=key, part=part, entity=entity, target_id=f"{id_}{part}", sync_token="0", number=id_,
                amount=Decimal(amount), currency="USD", hash="",
            )  # fmt: skip
            self.ledger.set_link(link)
        self._becomes(key, state)

    def _becomes(self, key, state):
        if state == "queued":
            return
        (claim,) = self.ledger.claim([key], "me", timedelta(minutes=1))
        match state:
            case "posted":
                self.ledger.unchanged(claim, "rules")
            case "held":
                self.ledger.hold(claim, [Problem(code="no_item", text="No item.")], "rules")
            case "excluded":
                self.ledger.exclude(claim, "a rule", "rules")

    def compared(self):
        soon = NOW + timedelta(minutes=1)
        events = self.ledger.happened(self.connection.pair, NOW - timedelta(minutes=1), soon)
        return compare_days(self.ledger, self.connection, CHICAGO, events)


@pytest.fixture
def day(tmp_path):
    made = Day(tmp_path)
    yield made
    made.ledger.close()


SOLD = (SALE, "Invoice", "10.00")
TABLE = {
    "it stands": ({"links": [SOLD]}, "10.00", "10.00", {}),
    "nothing is there yet": ({"state": "queued"}, "10.00", "0", {"waiting": "10.00"}),
    "held": ({"state": "held"}, "10.00", "0", {"held": "10.00"}),
    "left out": ({"state": "excluded"}, "10.00", "0", {"left out": "10.00"}),
    "edited, and the edit is held": (
        {"state": "held", "links": [SOLD], "total": Decimal("12.00")}, "12.00", "10.00", {"held": "2.00"}),
    "called off before it was posted": ({"state": "excluded", "status": 5}, "0", "0", {}),
    "called off, and its invoice voided": (
        {"status": 5, "links": [SOLD, (CANCELLATION, "Invoice", "0")]}, "0", "0", {}),
    "called off, and its invoice taken back by a memo": (
        {"status": 5, "links": [SOLD, (CANCELLATION, "CreditMemo", "10.00")]}, "0", "0", {}),
    "called off, and its money was kept": (
        {"status": 5, "state": "held", "links": [SOLD]}, "0", "10.00", {"held": "-10.00"}),
    "voided, since QuickBooks made another total of it": (
        {"state": "held", "links": [SOLD, (VOID, "Invoice", "0")]}, "10.00", "0", {"held": "10.00"}),
    "a certificate redeemed on a line": (
        {"redeemed": Decimal("4.00"), "links": [(SALE, "Invoice", "6.00")]}, "6.00", "6.00", {}),
    "a certificate redeemed by a memo": (
        {"redeemed": Decimal("4.00"), "links": [SOLD, (MEMO, "CreditMemo", "4.00")]}, "10.00", "10.00", {}),
    "a refunded unit that was taken off the order": (
        {"total": Decimal("7.00"), "links": [SOLD, ("refund-5", "RefundReceipt", "3.00")]},
        "7.00", "10.00", {"refunded": "-3.00"}),
    "refunded as a whole, which the order keeps": (
        {"status": 4, "links": [SOLD, ("refund-5", "RefundReceipt", "10.00")]}, "10.00", "10.00", {}),
    "nothing explains it": ({"links": [(SALE, "Invoice", "9.99")]}, "10.00", "9.99", {"differs": "0.01"}),
}  # fmt: skip


@pytest.mark.parametrize(("order", "shop", "books", "why"), TABLE.values(), ids=TABLE)
def test_one_order(day, order, shop, books, why):
    day.order(**order)
    (row,) = day.compared().days
    assert (row.day.isoformat(), row.currency, row.orders) == ("2026-03-05", "USD", 1)
    assert (row.shop, row.books) == (Decimal(shop), Decimal(books))
    assert row.why == {cause: Decimal(amount) for cause, amount in why.items()}


def test_statuses_that_the_settings_post_are_sales(day):
    day.settle(**{"sales.statuses": '["Cancelled"]'})
    day.order(status=5, links=[SOLD])
    (row,) = day.compared().days
    assert row.why == {}


def test_a_checkout_that_was_left_is_no_order(day):
    day.order(state="excluded", status=0)
    assert day.compared().days == []


def test_what_nobody_knows_is_counted_and_not_compared(day):
    day.order("1", links=[SOLD])
    day.order("2", state="held", total=None)
    compared = day.compared()
    assert (compared.unknown, [row.orders for row in compared.days]) == (1, [1])


def test_currencies_are_apart_and_days_begin_in_the_zone(day):
    day.order("1", links=[SOLD])
    day.order("2", links=[SOLD], currency="EUR")
    day.order("3", links=[SOLD], placed=NOW.replace(hour=5, minute=59))  # 23:59 of the day before
    assert [(row.day.day, row.currency) for row in day.compared().days] == [(4, "USD"), (5, "EUR"), (5, "USD")]


def test_the_latest_days_are_shown(day):
    for number in range(MOST_DAYS + 2):
        day.order(str(number), links=[SOLD], placed=NOW - timedelta(days=number))
    compared = day.compared()
    assert (len(compared.days), compared.more) == (MOST_DAYS, 2)
    assert compared.days[-1].day == NOW.date()


def test_days_before_the_first_are_not(day):
    day.order(state="excluded", placed=datetime(2025, 12, 30, tzinfo=UTC))
    assert day.compared().days == []


NAME = "José García"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "quickbooks_6240",
            "Another customer, vendor or employee has this name, perhaps an inactive one. (QuickBooks 6240)",
        ),
        ("quickbooks_98765", "QuickBooks refused it. (QuickBooks 98765)"),
        ("bigcommerce_422", "BigCommerce refused it. (BigCommerce 422)"),
        ("customer_held", "Its customer cannot be made in QuickBooks."),
    ],
)
def test_the_words_of_others_stay_at_home(code, told):
    assert plainly(Problem(code=code, text=f"It says: {NAME} is taken.")) == told


def test_our_own_words_are_told():
    assert plainly(Problem(code="no_item", text="There is no item A-1.")) == "There is no item A-1."

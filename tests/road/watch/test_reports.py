"""When reports are made, and what they tell of a connection to which everything happened."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from cartledger.ledger.types import Alert, State
from daemon.reporting.facts import gather
from daemon.reporting.shown import show_report
from daemon.running.supervisor import Crew, Producing
from simulator.bigcommerce.fulfilment import cancel
from tests.road.sentences.test_secrecy import people, secrets, told

CHICAGO = ZoneInfo("America/Chicago")


def reports(life):
    """When each report was made, in the connection's zone, and the message."""
    return [
        (mail.made_at.astimezone(CHICAGO), message_from_bytes(mail.content, _class=EmailMessage, policy=policy.default))
        for mail in life.app.ledger.mails_waiting()
        if mail.kind == "report"
    ]


def times(life):
    return [f"{at:%d %H:%M}" for at, _ in reports(life)]


def plain(message):
    return message.get_body(("plain",)).get_content()


def reporting(**report):
    return {"report": {"to": ["books@shop.example"], **report}}


@pytest.mark.option("report.when")
@pytest.mark.parametrize(
    ("report", "made"),
    [
        ({"when": "never"}, []),
        ({"when": "on_problem"}, []),
        ({"when": "each_run"}, ["05 01:02", "05 03:02"]),
        ({"when": "daily", "daily_at": "02:30"}, ["05 02:31"]),
    ],
    ids=lambda each: each.get("when") if isinstance(each, dict) else "",
)
def test_how_often_they_come(make_life, report, made):
    life = make_life(**reporting(**report))
    life.at(minutes=30, do=lambda: life.orders(3))
    life.at(minutes=150, do=life.orders)
    life.lives(hours=4)
    assert times(life) == made


def test_each_tells_of_what_came_since_the_last_one(make_life):
    life = make_life(**reporting(when="each_run"))
    life.at(minutes=30, do=lambda: life.orders(3))
    life.at(minutes=90, do=lambda: life.orders(2))
    life.lives(hours=3)
    first, second = (message for _, message in reports(life))
    assert (first["Subject"], second["Subject"]) == ("cartledger demo: 3 posted", "cartledger demo: 2 posted")
    assert [plain(message).splitlines()[1] for message in (first, second)] == [
        "Thu 5 Mar 2026, 01:00 to Thu 5 Mar 2026, 01:01, America/Chicago",
        "Thu 5 Mar 2026, 01:01 to Thu 5 Mar 2026, 02:01, America/Chicago",
    ]


def test_an_order_that_waits_is_told_of_once_it_does_not(make_life):
    life = make_life(**reporting(when="each_run"))
    life.at(minutes=30, do=life.orders)
    life.at(minutes=31, do=lambda: life.sim.faults.add(side="quickbooks", call="*", kind="drop_before"))
    life.at(minutes=90, do=life.sim.faults.clear)
    life.lives(hours=3)
    ((_, message),) = reports(life)
    assert message["Subject"].startswith("cartledger demo: 1 posted")


@pytest.mark.option("report.daily_at")
@pytest.mark.parametrize(("daily_at", "made"), [("07:00", "07:01"), ("23:30", "23:31")])
def test_the_daily_one_comes_by_the_clock_of_the_connection_also_when_that_is_changed(make_life, daily_at, made):
    """The clocks were changed in the night to the 8th."""
    life = make_life(**reporting(when="daily", daily_at=daily_at))
    life.orders()
    life.lives(minutes=2)
    for day in range(5, 10):
        hour, minute = map(int, daily_at.split(":"))
        life.now = datetime(2026, 3, day, hour, minute, tzinfo=CHICAGO).astimezone(UTC) - timedelta(minutes=5)
        life.lives(minutes=10)
    assert times(life) == [f"{day:02} {made}" for day in range(5, 10)]
    assert [message["Subject"] for _, message in reports(life)] == [
        "cartledger demo: 1 posted",
        *["cartledger demo: nothing new posted"] * 4,
    ]


def test_a_daily_one_that_was_missed_comes_once(make_life):
    life = make_life(**reporting(when="daily"))
    life.lives(minutes=5)
    life.now += timedelta(days=3)
    life.lives(minutes=5)
    ((at, message),) = reports(life)
    assert plain(message).splitlines()[1].startswith("Thu 5 Mar 2026, 00:0")
    assert at.day == 8


def test_a_clock_that_was_set_back_silences_nothing(make_life):
    life = make_life(**reporting(when="daily", daily_at="00:10"))
    life.lives(minutes=15)
    assert times(life) == ["05 00:11"]
    life.now -= timedelta(days=2)
    life.lives(minutes=5)
    life.now += timedelta(hours=23, minutes=50)
    life.lives(minutes=15)
    assert times(life)[1:] == ["04 00:11"]


def test_runs_are_told_of_after_a_clock_was_set_back(make_life):
    life = make_life(**reporting(when="each_run"))
    life.orders()
    life.lives(minutes=5)
    life.now -= timedelta(days=2)
    life.orders(now=life.now + timedelta(days=2, minutes=5))
    life.lives(minutes=70)
    assert [message["Subject"] for _, message in reports(life)] == ["cartledger demo: 1 posted"] * 2


# -- what they tell


LIVED = {
    "connection": {"interval": "10m", "workflows": ["sales", "payments", "refunds", "stock"]},
    "sales": {"post_as": "invoice", "statuses": ["Pending", "Awaiting Fulfillment", "Shipped", "Completed"]},
    "refunds": {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
    },
    "quickbooks": {"in_flight_limit": 600},
}


def an_uneven_order(life):
    """Its lines come to a cent less than its total: the rounding product takes it."""
    life.orders()
    order_id = max(life.sim.shop.orders)
    order = life.sim.shop.orders[order_id]
    sku = life.sim.shop.products[0]["sku"]
    line = order.products[0] | {"sku": sku, "quantity": 1, "applied_discounts": []}
    sides = ("ex_tax", "inc_tax", "tax")

    def amounts(name, ex, tax):
        return dict(zip((f"{name}_{side}" for side in sides), (ex, str(Decimal(ex) + Decimal(tax)), tax), strict=True))

    lines = [
        line | {"id": 9001} | amounts("total", "9.9900", "0.8200"),
        line | {"id": 9002} | amounts("total", "10.0000", "0.8300"),
    ]
    nothing = {
        name: value
        for charge in ("shipping_cost", "handling_cost", "wrapping_cost")
        for name, value in amounts(charge, "0.0000", "0.0000").items()
    }
    nothing |= dict.fromkeys(
        ("discount_amount", "coupon_discount", "store_credit_amount", "gift_certificate_amount"), "0.0000"
    )
    life.sim.shop.update(
        order_id,
        products=lines,
        fees=[],
        items_total=2,
        total_tax="1.6500",
        **nothing,
        **{f"subtotal_{side}": amounts("x", "20.0000", "1.6500")[f"x_{side}"] for side in sides},
        **{f"total_{side}": amounts("x", "20.0000", "1.6500")[f"x_{side}"] for side in sides[:2]},
    )
    return order_id


def an_unpaid_order(life):
    life.orders()
    order_id = max(life.sim.shop.orders)
    nothing = dict.fromkeys(("store_credit_amount", "gift_certificate_amount"), "0.0000")
    life.sim.shop.update(order_id, status_id=11, payment_status="", transactions=[], **nothing)
    return order_id


@pytest.fixture
def lived(make_life, make_careless_sim):
    """Hours of a connection to which everything happened."""
    sim = make_careless_sim()
    life = make_life(sim, **LIVED)
    sim.fill(orders=40, customers=9, share_odd=0.3, now=life.now, days=3)
    unpaid = an_unpaid_order(life)
    life.lives(minutes=15)
    cancel(sim.shop, unpaid)
    for seed in range(4):
        sim.live(steps=12, seed=seed, rates={"cancel": 0})
        life.lives(minutes=10)
    an_uneven_order(life)
    life.lives(minutes=10)
    Producing(life.app, [life.road.name], Crew(pulse=life.app.pulse)).read_stock(life.line)
    life._post()
    life.orders(3)
    sim.faults.add(side="quickbooks", call="batch", kind="drop_after", nth=1)
    life.lives(minutes=12)
    life.app.ledger.raise_alert(
        Alert(pair="", cause="reads_near_budget", since=life.now, text="450,000 of <500,000> reads.", fix="Read less.")
    )
    return life


def report_of(life, **span):
    return gather(life.app, life.line, CHICAGO, life.now - timedelta(**span or {"days": 2}), life.now)


def test_every_kind_of_outcome(lived):
    report, sim = report_of(lived), lived.sim
    it_is_so(report, sim, sim.proof(), lived.road.counts())
    days_are_so(report, sim)
    shown = show_report(report)
    it_says_so(shown, report)
    assert told(people(sim) | secrets(sim), [shown.plain, shown.html]) == {}
    needs_nothing_else(shown.html)


def it_is_so(report, sim, proof, counts):
    """What the simulators count, and the program did not tell them."""
    booked = {(row.entity, row.operation): row for row in report.booked}
    assert report.in_doubt == report.waiting == 2
    assert booked["Invoice", "create"].count + report.in_doubt == len(sim.company.objects("Invoice"))
    assert booked["Payment", "create"].count == len(sim.company.objects("Payment"))
    assert booked["Invoice", "update"].count == proof["edits"]["count"] > 0
    assert report.refunds - report.undone == proof["refunds"]["count"] > 0
    assert report.taken_back == proof["voids"]["count"] == 1
    assert (report.rounded, report.rounding) == (1, {"USD": Decimal("0.01")})
    assert len(report.held) > 3
    assert report.held_in_all == counts[State.HELD]
    assert sum(one.count for one in report.left_out) == counts[State.EXCLUDED] > 0
    assert (report.stock.waiting, report.stock.written) == (1, 0)
    assert [alert.cause for alert in report.alerts] == ["reads_near_budget"]
    assert report.reads.reads == sim.report()["quickbooks"]["reads"]


def days_are_so(report, sim):
    """The books' side is what QuickBooks holds, less what is in doubt; the shop's is what the shop shows."""
    books, shop = Counter(), Counter()
    invoices = sorted(sim.company.objects("Invoice"), key=lambda each: int(each["Id"]))
    for invoice in invoices[: -report.in_doubt]:
        books[invoice["TxnDate"], invoice["CurrencyRef"]["value"]] += invoice["TotalAmt"]
    unreadable = {id_ for cause in report.held if cause.code == "unreadable_field" for id_ in cause.orders}
    for order in sim.shop.orders.values():
        header = order.header
        if header["status"] not in {"Cancelled", "Declined", "Incomplete"} and str(order.id) not in unreadable:
            day = parsedate_to_datetime(header["date_created"]).astimezone(CHICAGO).date().isoformat()
            redeemed = Decimal(header["store_credit_amount"]) + Decimal(header["gift_certificate_amount"])
            total = Decimal(header["total_inc_tax"]) - redeemed
            shop[day, header["currency_code"]] += total.quantize(Decimal("0.01"))
    days = {(day.day.isoformat(), day.currency): day for day in report.compared.days}
    assert {key: day.books for key, day in days.items() if day.books} == {
        key: sum_ for key, sum_ in books.items() if sum_
    }
    assert {key: day.shop for key, day in days.items()} == dict(shop)
    assert all(day.difference == sum(day.why.values()) for day in days.values())
    assert {why for day in days.values() for why in day.why} == {"held", "left out", "refunded", "waiting"}
    assert report.compared.unknown == len(unreadable) > 0


def it_says_so(shown, report):
    """Plain and as HTML the same: each figure, cause and order that is to be told of."""
    words = unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", re.sub(r"</?code>", "", shown.html), flags=re.DOTALL))
    texts = [" ".join(shown.plain.replace("`", "").split()), " ".join(words.split())]
    said = [
        f"{report.posted} posted, {report.held_in_all} held, 1 alert, stock waits",
        "450,000 of <500,000> reads.",
        "cartledger stock show 1",
        "Invoices, changed",
        f"{report.refunds} refunds booked: {report.refunded['USD']:,.2f} USD.",
        "1 sale taken back, since the order was called off.",
        "Rounding took 0.01 USD in 1 order, on the line for it.",
        "2 documents were sent to QuickBooks and not answered",
        *(cause.code for cause in report.held),
        *(", ".join(cause.orders) for cause in report.held),
        *(" ".join(cause.fix.replace("`", "").split()) for cause in report.held),
        *(one.rule for one in report.left_out),
        *(f"{day.shop:,.2f} {day.books:,.2f}" for day in report.compared.days),
        *(f"held {day.why['held']:,.2f}" for day in report.compared.days if "held" in day.why),
    ]
    for text in texts:
        assert [each for each in said if each not in text] == []


def needs_nothing_else(html):
    """Mail clients show nothing that has to be fetched, and run nothing."""
    assert not re.search(r"https?://|src=|url\(|@import|<script|<link", html)
    assert "&lt;500,000&gt;" in html


def test_nothing_happened(make_life):
    life = make_life()
    life.lives(hours=2)
    report = report_of(life, minutes=30)
    assert not report.something_happened
    shown = show_report(report)
    assert shown.subject == "cartledger demo: nothing new posted"
    assert "Nothing." in shown.plain

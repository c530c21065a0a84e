"""`cartledger check`: settings, shop and company, all problems at once, each with what to do about it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from simulator.bigcommerce.store import _now
from tests.road.commands.conftest import Command

DEAD = "http://127.0.0.1:1"
REFUSED = "No connection to 127.0.0.1: [Errno 111] Connection refused. Check the network."


NOTES = [
    "note: cartledger.toml:12: connections.demo.start_date: Up to 6 orders since 2020-01-01 will be read and posted.",
    "note: connections.demo: Of the last 6 orders 6 would be posted, 0 held, 0 left out.",
]
NEXT = "Next: cartledger sync demo, or cartledger enable demo and cartledger run."
FITS = f"demo: the shop, the company and the settings fit together. {NEXT}"
WARNED = f"demo: nothing keeps it from posting; what the warnings tell of is better mended first. {NEXT}"


@pytest.fixture
def sound(make_sim):
    """A shop and a company that fit together."""
    sim = make_sim()
    sim.fill(orders=6, customers=3, clean=True)
    return sim


def checked(command: Command, expect: int) -> list[str]:
    """The lines of `check` but notes, without the folder of the settings."""
    shown = command("check", expect=expect).stdout.replace(f"{command.road.folder}/", "")
    return [line for line in shown.splitlines() if not line.startswith("note: ")]


def test_all_fits_together(sound, make_road, command):
    run = command(make_road(sound))
    assert run("check").stdout.replace(f"{run.road.folder}/", "").splitlines() == [*NOTES, FITS]
    facts = run.facts("check")["demo"]
    assert [(fact["level"], fact["code"], fact["blocks"]) for fact in facts] == [
        ("note", "start_long_ago", False),
        ("note", "trial", False),
    ]
    assert sound.company.report()["written"] == 0


def test_it_makes_nothing_and_asks_little(sound, make_road, command):
    road = make_road(sound)
    command(road)("check")
    report = sound.report()
    assert (report["quickbooks"]["written"], report["quickbooks"]["reads"]) == (0, 9)
    assert report["bigcommerce"]["calls"] == 7
    assert sum(road.counts().values()) == 0
    assert road.ledger.cursor(road.pair, "orders") is None


def test_every_name_that_the_company_does_not_have_at_once_with_file_and_line(sound, make_road, command):
    road = make_road(
        sound,
        sales={"default_product": "Unknwon product", "shipping_item": "Shiping", "discount_product": "Card clearing"},
        payments={"default_account": "Card claering", "methods": {"PayPal": {"account": "Sales", "method": "Pay Pal"}}},
        tax={"map": {"*": "State taxx"}},
    )
    lines = road.config.read_text().splitlines()

    def at(text: str) -> str:
        (line,) = [number for number, written in enumerate(lines, 1) if text in written]
        return f"problem: cartledger.toml:{line}: connections.demo"

    assert checked(command(road), 2)[:7] == [
        f'{at("Card claering")}.payments.default_account: QuickBooks has no account "Card claering". '
        'Did you mean "Card clearing"?',
        f'{at("Sales")}.payments.methods."PayPal".account: The account "Sales" is of type Income. '
        "It must be Bank or Other Current Asset.",
        f'{at("Pay Pal")}.payments.methods."PayPal".method: QuickBooks has no payment method "Pay Pal". '
        'Did you mean "PayPal"?',
        f'{at("Unknwon")}.sales.default_product: QuickBooks has no item "Unknwon product". '
        'Did you mean "Unknown product"?',
        f'{at("discount_product")}.sales.discount_product: QuickBooks has no item "Card clearing". '
        "Correct the name, or make the item in QuickBooks.",
        f'{at("Shiping")}.sales.shipping_item: QuickBooks has no item "Shiping". Did you mean "Shipping"?',
        f'{at("taxx")}.tax.map."*": QuickBooks has no tax code "State taxx". Did you mean "State tax"?',
    ]
    facts = command(road).facts("check", expect=2)["demo"]
    assert sum(fact["blocks"] for fact in facts) == 7


def test_a_name_from_the_environment(sound, make_road, command):
    road = make_road(sound)
    road.environment = {**road.environment, "CARTLEDGER_CONNECTIONS__DEMO__SALES__FEE_ITEM": "Fees"}
    assert checked(command(road), 2) == [
        'problem: environment: connections.demo.sales.fee_item: QuickBooks has no item "Fees". Did you mean "Fee"?'
    ]


def test_what_does_not_keep_it_from_posting_is_a_warning(shop, make_road, command):
    """Two orders of this shop will be held."""
    shop.shop.clock = lambda: _now() + timedelta(hours=1)
    *warnings, verdict = checked(command(make_road(shop)), 0)
    assert {line.removeprefix("warning: connections.demo: ") for line in warnings} == {
        "This machine's clock is 60 minutes behind BigCommerce's; set it (timedatectl set-ntp true).",
        'One of the last 6 orders (1002) would be held: The order has the status 15 ("On [hold] :pause:"), which '
        "BigCommerce does not document. Give the order one of the standard statuses.",
        "One of the last 6 orders (1001) would be held: The order is in EUR, the company's books are in USD. "
        "Switch on multicurrency in QuickBooks (for ever), or enter the sale by hand and ignore the order.",
    }
    assert verdict == WARNED


def test_many_odd_skus_are_counted(sound, make_road, command):
    for number in range(25):
        sound.shop.add_product(sku="", name="Odd", price=Decimal(1), product_id=9000 + number)
    facts = [fact for fact in command(make_road(sound)).facts("check")["demo"] if fact["level"] == "warning"]
    assert [fact["code"] for fact in facts] == ["blank_sku"] * 20 + ["more_skus"]
    assert facts[-1]["text"] == "connections.demo: 5 more SKUs are blank or not unique."


def test_a_side_that_does_not_answer_is_no_wrong_setting(sound, make_road, command):
    road = make_road(sound, quickbooks={"api_url": DEAD, "token_url": DEAD})
    (line,) = checked(command(road), 1)
    assert line.endswith(f": connections.demo.quickbooks: The token could not be renewed. {REFUSED}")


def test_a_company_that_does_not_let_us_in(sound, make_road, command):
    road = make_road(sound)
    sound.company.tokens.revoke()
    (line,) = checked(command(road), 2)
    assert line.endswith(
        ": connections.demo.quickbooks: The connection to QuickBooks has expired or was taken back. "
        "Run `cartledger connect quickbooks demo`, as an administrator of the company."
    )


def test_a_shop_that_does_not_let_us_in_is_asked_once(sound, make_road, command):
    road = make_road(sound)
    sound.shop.access_token = "another"
    (line,) = checked(command(road), 2)
    assert ": connections.demo.bigcommerce: BigCommerce refuses the token." in line
    assert sound.report()["bigcommerce"]["calls"] == 1


@pytest.mark.parametrize(
    ("scope", "level", "what", "named"),
    [
        ("information", "problem", "the store", "Information & Settings"),
        ("orders", "problem", "orders", "Orders"),
        ("products", "problem", "the SKUs of the catalogue", "Products"),
        ("transactions", "problem", "the transactions of order 1006", "Order Transactions"),
        ("customers", "warning", "the customers' store credit", "Customers"),
        ("marketing", "warning", "the gift certificates", "Marketing"),
    ],
)
def test_a_scope_that_the_shops_token_lacks(sound, make_road, command, scope, level, what, named):
    road = make_road(sound)
    sound.shop.scopes -= {f"store_v2_{scope}_read_only"}
    line = checked(command(road), 2 if level == "problem" else 0)[0]
    place, _, text = line.partition(": connections.demo.bigcommerce: ")
    assert place.startswith(f"{level}: ")
    assert text == (
        f"The token may not read {what}. (BigCommerce 403: You don't have a required scope to access the endpoint) "
        f"Make a BigCommerce API account with the scope “{named}: read-only” and give its token to `cartledger connect "
        "bigcommerce`."
    )


def test_all_scopes_that_are_missing_are_told_at_once(sound, make_road, command):
    road = make_road(sound)
    sound.shop.scopes = frozenset({"store_v2_orders_read_only"})
    levels = [line.partition(":")[0] for line in checked(command(road), 2)]
    assert levels == ["problem", "problem", "problem", "warning", "warning"]


def test_an_order_that_is_gone_when_it_is_looked_at_again(sound, make_road, command):
    road = make_road(sound)
    sound.faults.add(side="bigcommerce", call="transactions", kind="status", status=404)
    assert checked(command(road), 0) == [FITS]


def test_a_number_that_is_too_long(sound, make_road, command):
    run = command(make_road(sound, sales={"number_prefix": "BIGCOMMERCE"}))
    assert run("check", expect=2).stderr.partition(": ")[2] == (
        'connections.demo.sales.number_prefix is "BIGCOMMERCE", which is too long; the most is 10 characters.\n'
    )


def test_opening_entries_hold_before_and_after_the_orders_are_posted(make_sim, make_road, command):
    sim = make_sim()
    sim.fill(orders=40, customers=8, clean=True)
    road = make_road(sim)
    (line, _) = checked(command(road), 0)
    amount = re.search(r'"Gift certificates" (\d+\.\d\d)\.$', line)[1]
    redeemed = sum(Decimal(order.header["gift_certificate_amount"]) for order in sim.shop.orders.values())
    assert Decimal(amount) == redeemed > 0
    assert sim.shop.gift_certificates == []

    item = {"value": sim.company.id_of("Item", "Gift certificate")}
    sold = {"DetailType": "SalesItemLineDetail", "Amount": redeemed, "SalesItemLineDetail": {"ItemRef": item}}
    sim.company.create("SalesReceipt", {"Line": [sold]})  # stands in for the entry, which the simulator does not take
    assert checked(command(road), 0) == [FITS]
    assert road.sync().posted == 40
    assert sim.company.balances()["Gift certificates"] == 0
    assert checked(command(road), 0) == [FITS]


def test_wrong_settings_as_facts(sound, make_road, command):
    road = make_road(sound, sales={"post_as": "bill"})
    (fact,) = command(road).facts("check", expect=2)["settings"]
    assert (fact["level"], fact["code"], fact["blocks"]) == ("problem", "literal_error", True)
    assert fact["text"].endswith('connections.demo.sales.post_as is "bill". Allowed: "sales_receipt", "invoice".')
    assert command(road)("check", expect=2).stderr == f"{fact['text']}\n"

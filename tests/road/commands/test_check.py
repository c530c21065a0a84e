"""`cartledger check`: settings, shop and company, all problems at once, each with what to do about it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from simulator.bigcommerce.store import _now
from tests.road.commands.conftest import Command

DEAD = "http://127.0.0.1:1"
REFUSED = "No connection to 127.0.0.1: [Errno 111] Connection refused. Check the network."


def checked(command: Command, expect: int) -> list[str]:
    """The lines of `check`, without the folder of the settings and their line numbers' width."""
    shown = command("check", expect=expect).stdout.replace(f"{command.road.folder}/", "")
    return shown.splitlines()


def test_all_fits_together(shop, make_road, command):
    run = command(make_road(shop))
    assert checked(run, 0) == [
        "demo: the shop, the company and the settings fit together. "
        "Next: cartledger sync demo, or cartledger enable demo and cartledger run."
    ]
    assert run.facts("check") == {"demo": []}
    assert shop.company.report()["written"] == 0


def test_every_name_that_the_company_does_not_have_at_once_with_file_and_line(shop, make_road, command):
    road = make_road(
        shop,
        sales={"default_product": "Unknwon product", "shipping_item": "Shiping", "discount_product": "Card clearing"},
        payments={"default_account": "Card claering", "methods": {"PayPal": {"account": "Sales", "method": "Pay Pal"}}},
        tax={"map": {"*": "State taxx"}},
    )
    lines = road.config.read_text().splitlines()

    def at(text: str) -> str:
        (line,) = [number for number, written in enumerate(lines, 1) if text in written]
        return f"problem: cartledger.toml:{line}: connections.demo"

    assert checked(command(road), 2) == [
        f'{at("Card claering")}.payments.default_account: QuickBooks has no account "Card claering". '
        'Did you mean "Card clearing"?',
        f'{at("Sales")}.payments.methods."PayPal".account: the account "Sales" is of type Income. '
        "It must be Bank or Other Current Asset.",
        f'{at("Pay Pal")}.payments.methods."PayPal".method: QuickBooks has no payment method "Pay Pal". '
        'Did you mean "PayPal"?',
        f'{at("Unknwon")}.sales.default_product: QuickBooks has no item "Unknwon product". '
        'Did you mean "Unknown product"?',
        f'{at("discount_product")}.sales.discount_product: QuickBooks has no item "Card clearing".',
        f'{at("Shiping")}.sales.shipping_item: QuickBooks has no item "Shiping". Did you mean "Shipping"?',
        f'{at("taxx")}.tax.map."*": QuickBooks has no tax code "State taxx". Did you mean "State tax"?',
    ]
    facts = command(road).facts("check", expect=2)["demo"]
    assert [fact["blocks"] for fact in facts] == [True] * 7


def test_a_name_from_the_environment(shop, make_road, command):
    road = make_road(shop)
    road.environment = {**road.environment, "CARTLEDGER_CONNECTIONS__DEMO__SALES__FEE_ITEM": "Fees"}
    assert checked(command(road), 2) == [
        'problem: environment: connections.demo.sales.fee_item: QuickBooks has no item "Fees". Did you mean "Fee"?'
    ]


def test_what_does_not_keep_it_from_posting_is_a_warning(shop, make_road, command):
    for number, sku in enumerate(("", "twin", "TWIN"), 1):
        shop.shop.add_product(sku=sku, name=f"Odd {number}", price=Decimal(1), product_id=9000 + number)
    shop.shop.clock = lambda: _now() + timedelta(hours=1)
    run = command(make_road(shop))
    *warnings, fits = checked(run, 0)
    assert warnings == [
        "warning: This machine's clock is 60 minutes behind BigCommerce's; set it (timedatectl set-ntp true).",
        "warning: No SKU: variant 19001 of product 9001. Give it a SKU in BigCommerce.",
        'warning: The SKU "twin" is shared by variant 19002 of product 9002, variant 19003 of product 9003. '
        "Give each a SKU of its own.",
    ]
    assert fits.startswith("demo: the shop, the company and the settings fit together.")


def test_many_odd_skus_are_counted(shop, make_road, command):
    for number in range(25):
        shop.shop.add_product(sku="", name="Odd", price=Decimal(1), product_id=9000 + number)
    facts = command(make_road(shop)).facts("check")["demo"]
    assert [fact["code"] for fact in facts] == ["blank_sku"] * 20 + ["more_skus"]
    assert facts[-1]["text"] == "5 more SKUs are blank or not unique."


def test_a_side_that_does_not_answer_is_no_wrong_setting(shop, make_road, command):
    road = make_road(shop, quickbooks={"api_url": DEAD, "token_url": DEAD})
    assert checked(command(road), 1) == [
        f"problem: connections.demo.quickbooks: The token could not be renewed. {REFUSED}"
    ]


def test_both_sides_that_do_not_let_us_in(shop, make_road, command):
    road = make_road(shop)
    shop.company.tokens.revoke()
    shop.shop.scopes = frozenset({"store_v2_information_read_only", "store_v2_orders_read_only"})
    assert checked(command(road), 2) == [
        "problem: connections.demo.bigcommerce: The token may not read the SKUs of the catalogue. "
        "(BigCommerce 403: You don't have a required scope to access the endpoint) Make a BigCommerce API account with "
        "the scope “Products: read-only” and put its token into the settings.",
        "problem: connections.demo.quickbooks: The connection to QuickBooks has expired or was taken back. Connect the "
        "app to the company again, as an administrator of it, and put the new refresh token into the settings.",
    ]


def test_a_shop_of_another_currency(make_sim, make_road, command):
    sim = make_sim(home_currency="EUR")
    sim.shop.currency = "USD"
    run = command(make_road(sim))
    assert (
        "problem: connections.demo: the shop sells in USD, the company's books are in EUR. "
        "Orders in other currencies are held."
    ) in checked(run, 2)


def test_wrong_settings_as_facts(shop, make_road, command):
    road = make_road(shop, sales={"post_as": "bill"})
    (fact,) = command(road).facts("check", expect=2)["settings"]
    assert (fact["code"], fact["blocks"]) == ("literal_error", True)
    assert fact["text"].endswith('connections.demo.sales.post_as is "bill". Allowed: "sales_receipt", "invoice".')
    assert command(road)("check", expect=2).stderr == f"{fact['text']}\n"

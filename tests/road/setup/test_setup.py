"""`cartledger setup` without a terminal: what it writes, and that what it writes is right."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pytest

from daemon.context import SYSTEM
from daemon.setup.chosen import Chosen, Existing
from tests.road.setup.conftest import allow

SECRET = "credentials/cartledger_connections__{}__quickbooks__client_secret"
LEFT = {"cartledger.toml", "cartledger.db", "credentials", SECRET.format("main")}


@pytest.mark.parametrize("kind", ["us", "us_ast", "uk", "au", "ca", "eur"])
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_with_proposals_alone_every_order_can_be_posted(make_stranger, kind, post_as):
    stranger = make_stranger(kind)
    said = stranger.setup("--post-as", post_as, "--json")
    assert said.code == 0, said.err
    assert [one["text"] for one in said.facts["check"] if one["level"] == "problem"] == []
    assert "Of the last 40 orders 40 would be posted, 0 held, 0 left out." in said.facts["check"][-1]["text"]


def test_what_is_written(make_stranger):
    stranger = make_stranger("uk")
    assert stranger.setup().code == 0
    here = stranger.sim.addresses()
    main = stranger.tree["connections"]["main"]
    methods = main["payments"].pop("methods")
    assert methods["PayPal"] == {"account": "PayPal clearing", "method": "PayPal"}
    assert stranger.tree["metrics"] == {"port": 9470}
    assert {key: value for key, value in main.items() if value not in ({}, {"methods": {}})} == {
        "start_date": date(2020, 1, 1),
        "timezone": "America/Chicago",
        "workflows": ["sales", "payments", "refunds"],
        "bigcommerce": {"store_hash": here["store_hash"], "api_url": here["bigcommerce_url"]},
        "quickbooks": {
            "realm_id": here["realm_id"],
            "client_id": here["client_id"],
            "api_url": here["quickbooks_url"],
            "authorize_url": here["authorize_url"],
            "token_url": here["token_url"],
        },
        "sales": {
            "post_as": "sales_receipt",
            "number_prefix": "BC",
            "default_product": "Unknown product",
            "gift_card_product": "Gift certificate",
            "store_credit_product": "Store credit",
            "discount_product": "Discount",
            "rounding_product": "Rounding",
            "shipping_item": "Shipping",
            "handling_item": "Handling",
            "wrapping_item": "Wrapping",
            "fee_item": "Fee",
            "custom_fields": {},
        },
        "products": {"match_by": "sku"},
        "payments": {"default_account": "Card clearing", "default_accounts": {}},
        "refunds": {
            "number_prefix": "R",
            "no_restock_product": "Returned goods",
            "adjustment_product": "Refund adjustments",
            "accounts": {},
        },
        "tax": {"out_of_scope": "No VAT", "map": {"VAT": "20.0% S", "VAT 5 %": "5.0% R", "none": "0.0% Z"}},
    }


def test_where_it_is_written_and_who_may_read_it(make_stranger):
    stranger = make_stranger()
    assert stranger.setup().code == 0
    assert stranger.files == LEFT
    modes = {name: stat.S_IMODE((stranger.folder / name).stat().st_mode) for name in LEFT}
    assert modes == {
        "cartledger.toml": 0o640,
        "cartledger.db": 0o600,
        "credentials": 0o700,
        SECRET.format("main"): 0o600,
    }
    assert (stranger.folder / SECRET.format("main")).read_text() == stranger.sim.addresses()["client_secret"]


def test_no_secret_is_shown_or_stands_in_the_file(make_stranger):
    stranger, codes = make_stranger(), []

    def browse(address):
        codes.append(allow(address))
        return codes[-1]

    said = stranger.setup(browser=browse)
    here = stranger.sim.addresses()
    code = codes[0].partition("code=")[2].partition("&")[0]
    secrets = [here["access_token"], here["client_secret"], stranger.sim.company.tokens.refresh_token, code]
    assert all(len(secret) > 10 for secret in secrets)
    told = said.out + said.err + stranger.config.read_text()
    assert [secret for secret in secrets if secret in told] == []


def test_both_tokens_are_told_to_be_of_setup(make_stranger):
    stranger = make_stranger(orders=4)
    stranger.setup()
    sides = stranger.run("connect", "--json").facts["main"]
    assert {side: facts["way"] for side, facts in sides.items()} == {"bigcommerce": "setup", "quickbooks": "setup"}


def test_a_dry_run_prints_the_file_and_writes_nothing(make_stranger):
    stranger = make_stranger()
    said = stranger.setup("--dry-run")
    assert (said.code, stranger.files) == (0, set())
    assert said.out.startswith("# cartledger: written by `cartledger setup`")
    assert stranger.setup().code == 0
    assert stranger.config.read_text() == said.out


def test_any_other_setting_is_a_flag_too(make_stranger):
    stranger = make_stranger()
    sets = {
        "sales.rounding_limit": "0.02",
        "sales.number_prefix": "WEB",
        "sales.custom_fields": '{"PO number" = "order_id"}',
        "payments.default_account": "Checking",
        "tax.map": '{"*" = "State tax"}',
        "report.to": '["books@shop.example"]',
        "ledger.path": "books.db",
    }
    words = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
    stranger.setup("--workflow", "sales", *words)
    main = stranger.tree["connections"]["main"]
    assert (main["sales"]["rounding_limit"], main["sales"]["number_prefix"]) == ("0.02", "WEB")
    assert main["sales"]["custom_fields"] == {"PO number": "order_id"}
    assert main["payments"]["default_account"] == "Checking"
    assert main["tax"]["map"] == {"*": "State tax"}
    assert (main["workflows"], "number_prefix" in main["refunds"]) == (["sales"], False)
    assert stranger.tree["report"]["to"] == ["books@shop.example"]
    assert "books.db" in stranger.files


def test_items_that_are_to_be_made_have_accounts(make_stranger):
    stranger = make_stranger()
    stranger.setup("--create-items")
    assert stranger.tree["connections"]["main"]["products"] == {
        "match_by": "sku",
        "create_missing": True,
        "inventory_accounts": {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"},
        "noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
    }


def test_refunds_are_kept_in_step_where_they_can_be_booked(make_stranger):
    stranger = make_stranger()
    for item in stranger.sim.company.objects("Item"):
        if item["Name"] in {"Returned goods", "Returned"}:
            stranger.sim.company.edit_item(item["Id"], Active=False)
    stranger.setup()
    assert stranger.tree["connections"]["main"]["workflows"] == ["sales", "payments"]


@pytest.mark.parametrize(
    ("words", "workflows"),
    [
        (("--workflow", "sales"), ["sales"]),
        (("--set", 'workflows=["sales", "refunds"]'), ["sales", "refunds"]),
    ],
)
def test_who_names_workflows_has_these(make_stranger, words, workflows):
    stranger = make_stranger(orders=4)
    assert stranger.setup(*words).code == 0
    assert stranger.tree["connections"]["main"]["workflows"] == workflows


def test_where_all_goods_go_back_to_stock_refunds_need_no_item(make_stranger):
    stranger = make_stranger(orders=4)
    for item in stranger.sim.company.objects("Item"):
        if item["Name"] in {"Returned goods", "Returned"}:
            stranger.sim.company.edit_item(item["Id"], Active=False)
    assert stranger.setup("--set", "refunds.restock=always").code == 0
    assert "refunds" in stranger.tree["connections"]["main"]["workflows"]


def test_addresses_may_come_from_the_environment(make_stranger):
    stranger = make_stranger(orders=4)
    here = stranger.sim.addresses()
    flags = stranger.flags()
    pairs = zip(flags[::2], flags[1::2], strict=True)
    words = [word for flag, value in pairs if "authorize_url" not in value for word in (flag, value)]
    stranger.environment["CARTLEDGER_CONNECTIONS__MAIN__QUICKBOOKS__AUTHORIZE_URL"] = here["authorize_url"]
    assert stranger.run("setup", "--paste", *words).code == 0


def test_what_check_finds_is_told_at_the_end(make_stranger):
    stranger = make_stranger()
    said = stranger.setup("--default-account", "Card clering")
    assert said.code == 1
    assert 'QuickBooks has no account "Card clering". Did you mean "Card clearing"?' in said.out
    assert "connections.main.payments.default_account" in said.out
    assert stranger.files == LEFT


def test_the_store_stands_where_its_books_are_dated(make_stranger):
    stranger = make_stranger()
    stranger.setup("--set", "timezone=America/New_York")
    assert stranger.tree["connections"]["main"]["timezone"] == "America/New_York"


MINE = '\n# about the other shop\n[report] # nobody reads them\nwhen = "never"\n'


@pytest.fixture
def begun(make_stranger):
    """Somebody with one connection and words of their own in the file, and with a second shop."""
    stranger = make_stranger()
    assert stranger.setup().code == 0
    text = stranger.config.read_text().replace("[report]", "# [report]") + MINE
    stranger.config.write_text(text)
    other = make_stranger(store_hash="other5tore")
    return stranger, other, text


def of_the_same_company(stranger, other):
    here, there = stranger.sim.addresses(), other.sim.addresses()
    return {**here, "store_hash": there["store_hash"], "access_token": there["access_token"]} | {
        "bigcommerce_url": there["bigcommerce_url"]
    }


def test_a_second_shop_into_the_same_company(begun):
    stranger, other, text = begun
    said = stranger.setup("--connection", "second", "--json", **of_the_same_company(stranger, other))
    assert said.code == 0, said.err
    assert stranger.config.read_text().startswith(text)
    first, second = stranger.tree["connections"]["main"], stranger.tree["connections"]["second"]
    assert (second["sales"]["number_prefix"], second["refunds"]["number_prefix"]) == ("BC2", "R2")
    assert second["quickbooks"] == first["quickbooks"]
    assert second["bigcommerce"]["store_hash"] == "other5tore"
    assert Path(said.facts["kept"]).read_text() == text
    assert stranger.run("check", "--json").facts["second"][-1]["blocks"] is False


def test_a_second_shop_needs_no_keys_of_the_same_app(begun):
    stranger, other, _ = begun
    flags = stranger.flags(**of_the_same_company(stranger, other))
    flags = flags[: flags.index("--client-id")] + flags[flags.index("--start-date") :]
    said = stranger.run("setup", "--paste", "--connection", "second", *flags)
    assert said.code == 0, said.err
    secrets = {(stranger.folder / SECRET.format(name)).read_text() for name in ("main", "second")}
    assert len(secrets) == 1


def test_a_second_shop_with_a_company_of_its_own(begun, make_stranger):
    stranger, _, _ = begun
    north = make_stranger("uk", store_hash="n0rth", realm_id="2002")
    said = stranger.setup("--connection", "north", "--json", **north.sim.addresses())
    assert said.code == 0, said.err
    second = stranger.tree["connections"]["north"]
    assert (second["sales"]["number_prefix"], second["refunds"]["number_prefix"]) == ("BC", "R")
    assert (second["quickbooks"]["realm_id"], second["tax"]["out_of_scope"]) == ("2002", "No VAT")
    checked = stranger.run("check", "--json")
    assert (checked.code, set(checked.facts)) == (0, {"main", "north"})


def test_a_settings_file_of_the_system_has_the_services_ledger():
    chosen, new = Chosen(name="main"), Existing(text=None, settings=None)
    assert 'path = "/var/lib/cartledger/cartledger.db"' in chosen.text(new, SYSTEM).splitlines()[5]
    assert "# path = " in chosen.text(new, Path("/home/me/cartledger.toml")).splitlines()[5]


def test_what_stands_there_is_not_written_over(begun):
    stranger, _, text = begun
    said = stranger.setup()
    assert (said.code, stranger.config.read_text()) == (2, text)
    assert said.err == (
        f"{stranger.config} has a connection main already. Add another one with --connection NAME, or write this one "
        "anew with --replace: the file as it is is kept beside.\n"
    )


def test_anew_and_the_old_file_is_kept(begun):
    stranger, _, text = begun
    said = stranger.setup("--replace", "--post-as", "invoice", "--json")
    assert said.code == 0, said.err
    assert stranger.tree["connections"]["main"]["sales"]["post_as"] == "invoice"
    assert MINE in stranger.config.read_text()
    assert Path(said.facts["kept"]).read_text() == text


def test_settings_beside_the_connections_stay_as_they_are(begun):
    stranger, other, text = begun
    said = stranger.setup(
        "--connection", "second", "--set", "report.when=daily", **of_the_same_company(stranger, other)
    )
    assert (said.code, stranger.config.read_text()) == (2, text)
    assert said.err == "--set report.when=daily: [report] stands in the file already. Change it there.\n"


def test_a_file_that_keeps_its_mode(begun):
    stranger, other, _ = begun
    stranger.config.chmod(0o600)
    stranger.setup("--connection", "second", **of_the_same_company(stranger, other))
    assert stat.S_IMODE(stranger.config.stat().st_mode) == 0o600

"""What right settings say."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartledger.errors import SettingsWrong
from cartledger.settings import Schedule, read_settings

MAIN = "CARTLEDGER_CONNECTIONS__MAIN__"


def test_a_file_that_is_right(read, tmp_path):
    settings = read()
    main = settings.connections["main"]
    assert settings.ledger.path == tmp_path / "cartledger.db"
    assert settings.broker.url == "memory://"
    assert (main.start_date, main.pair) == (date(2026, 1, 1), "abc123:1234567890")
    assert main.in_flight == timedelta(seconds=130)
    assert main.records_payments
    assert main.number(1234) == "BC-1234"
    assert main.quickbooks.refresh_token.get_secret_value() == "shh-refresh"


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("1h", Schedule(every=timedelta(hours=1))),
        ("15m", Schedule(every=timedelta(minutes=15))),
        ("90s", Schedule(every=timedelta(seconds=90))),
        ("daily at 02:30", Schedule(at=(time(2, 30),))),
        ("daily at 23:59", Schedule(at=(time(23, 59),))),
        ("daily at 02:30 and 14:30", Schedule(at=(time(2, 30), time(14, 30)))),
        ("daily at 18:00, 12:00, 06:15", Schedule(at=(time(6, 15), time(12), time(18)))),
        ("daily at 18:00, 12:00 and 12:00", Schedule(at=(time(12), time(18)))),
        ("manual", Schedule()),
    ],
)
def test_intervals(read, text, schedule):
    assert read(('# interval = "1h"', f'interval = "{text}"')).connections["main"].interval == schedule


@pytest.mark.parametrize(
    "text",
    [
        "0m",
        "1 h",
        "h",
        "1d",
        "daily",
        "daily at 24:00",
        "daily at 2:30",
        "02:30",
        "-1h",
        "",
        "daily at 02:30 14:30",
        "daily at 02:30 and",
        "daily at 02:30,14:30",
        "daily at 02:30 and 1h",
    ],
)
def test_no_intervals(mistakes, text):
    (told,) = mistakes(('# interval = "1h"', f'interval = "{text}"'))
    assert f'interval is "{text}", which is no interval.' in told


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ('["Shipped"]', (2,)),
        ('["awaiting fulfillment", " COMPLETED "]', (11, 10)),
        ("[4, 5, 14]", (4, 5, 14)),
        ('[11, "Manual Verification Required"]', (11, 12)),
    ],
)
def test_statuses_by_name_in_any_case_or_by_id(read, written, ids):
    line = '# statuses = ["Awaiting Fulfillment", "Awaiting Shipment", "Awaiting Pickup", "Partially Shipped", "Shipped", "Completed"]'  # noqa: E501 - as it stands there
    settings = read((line, f"statuses = {written}"), ('post_as = "sales_receipt"', 'post_as = "invoice"'))
    assert settings.connections["main"].sales.statuses == ids


def test_unpaid_receipts_are_taken_on_the_owners_word(read):
    edits = [("# receipt_for_unpaid = false", 'receipt_for_unpaid = true\nstatuses = ["Pending"]')]
    assert read(*edits).connections["main"].sales.statuses == (1,)


@pytest.mark.parametrize("written", ['"0.05"', "0.05"])
def test_an_amount_is_exact_however_it_is_written(read, written):
    settings = read(('# rounding_limit = "0.05"', f"rounding_limit = {written}"))
    assert settings.connections["main"].sales.rounding_limit == Decimal("0.05")


@pytest.mark.parametrize("loaded_as", ["", "secret_"], ids=["one by one", "as a folder"])
def test_the_environment_wins_over_a_credential_and_that_over_the_file(tmp_path, example, loaded_as):
    path, credentials = tmp_path / "cartledger.toml", tmp_path / "credentials"
    path.write_text(example)
    credentials.mkdir()
    for name in ("bigcommerce__access_token", "quickbooks__client_secret", "quickbooks__refresh_token"):
        (credentials / f"{loaded_as}cartledger_connections__main__{name}").write_text(f"credential {name}\n")
    (credentials / "of_another_unit").write_text("nothing of ours")
    environment = {
        "CREDENTIALS_DIRECTORY": str(credentials),
        f"{MAIN}QUICKBOOKS__REFRESH_TOKEN": "environment",
        f"{MAIN}SALES__NUMBER_PREFIX": "ENV",
        f"{MAIN}SALES__STATUSES": '["Shipped", 10]',
    }
    main = read_settings(path, environment).connections["main"]
    assert main.bigcommerce.access_token.get_secret_value() == "credential bigcommerce__access_token"
    assert main.quickbooks.refresh_token.get_secret_value() == "environment"
    assert (main.sales.number_prefix, main.sales.statuses) == ("ENV", (2, 10))


def test_every_kind_of_option_can_come_from_the_environment(read):
    environment = {
        f"{MAIN}SALES__POST_AS": "invoice",
        f"{MAIN}SALES__CLASS": "Web",
        f"{MAIN}SALES__DUE_DATE_OFFSET": "30",
        f"{MAIN}SALES__SOURCES": '["WWW"]',
        f"{MAIN}SALES__CUSTOM_FIELDS": '{"Channel": "channel_id"}',
        f"{MAIN}PRODUCTS__CREATE_MISSING": "true",
        f"{MAIN}PRODUCTS__NONINVENTORY_ACCOUNTS__INCOME": "Sales",
        f"{MAIN}PRODUCTS__NONINVENTORY_ACCOUNTS__EXPENSE": "Cost",
        f"{MAIN}PAYMENTS__METHODS__PAYPAL__ACCOUNT": "PayPal clearing",
        f"{MAIN}PAYMENTS__DEFAULT_ACCOUNTS": '{"eur": "Card clearing EUR"}',
        f"{MAIN}TAX__MAP": '{"Reduced": "5.0% R"}',
    }
    main = read(env=environment).connections["main"]
    sales, accounts = main.sales, main.products.noninventory_accounts
    assert (sales.class_, sales.due_date_offset, sales.sources) == ("Web", 30, ("www",))
    assert sales.custom_fields == {"Channel": "channel_id"}
    assert (accounts.income, accounts.expense) == ("Sales", "Cost")
    assert main.payments.of("PayPal").account == "PayPal clearing"
    assert main.payments.default_accounts == {"EUR": "Card clearing EUR"}
    assert main.tax.map == {"*": "State tax", "Reduced": "5.0% R"}  # beside the file's


def test_variables_of_the_command_line_and_of_the_tests_are_no_settings(read):
    environment = {"CARTLEDGER_CONFIG": "x", "CARTLEDGER_TEST_AMQP_URL": "y", "HOME": "/"}
    assert read(env=environment).model_dump() == read().model_dump()


def test_a_ledger_elsewhere(read):
    assert read(('# path = "cartledger.db"', 'path = "/var/lib/cartledger/a.db"')).ledger.path == Path(
        "/var/lib/cartledger/a.db"
    )


def test_a_file_with_a_byte_order_mark(tmp_path, example):
    path = tmp_path / "cartledger.toml"
    path.write_text(example, encoding="utf-8-sig")
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(path, {})
    assert {problem.code for problem in wrong.value.problems} == {"missing"}  # the secrets, and nothing else


def test_no_secret_shows_in_print(read):
    url = "pika://cart:hush@localhost:5672/%2F"
    settings = read(('# url = "memory://"', f'url = "{url}"'))
    shown = f"{settings} {settings!r} {settings.model_dump()}"
    assert "shh" not in shown
    assert "hush" not in f"{settings} {settings!r}"
    assert settings.broker.url == url


def test_payment_methods_in_any_case_with_the_default_account(read):
    method = '"PayPal" = { account = "PayPal clearing", method = "PayPal" }\n"Cash" = { method = "Cash" }'
    payments = read(
        ('# "PayPal" = { account = "PayPal clearing", method = "PayPal" }', method)
    ).connections["main"].payments  # fmt: skip
    mapped = {name: (payments.of(name).account, payments.of(name).method) for name in ("PAYPAL", "cash", "Cheque")}
    assert mapped == {
        "PAYPAL": ("PayPal clearing", "PayPal"),
        "cash": ("Card clearing", "Cash"),
        "Cheque": ("Card clearing", None),
    }


def test_a_connection_that_is_not_there(read):
    with pytest.raises(SettingsWrong) as wrong:
        read().connection("mian")
    assert str(wrong.value) == 'There is no connection "mian". Did you mean "main"? Connections in the file: main.'


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("*", ("*", "")),
        (" VAT ", ("vat", "")),
        ("VAT @ DE", ("vat", "de")),
        ("none@Export", ("none", "export")),
        ("GST @ CA-British Columbia", ("gst", "ca-british columbia")),
        ("* @ eu", ("*", "eu")),
        ("VAT @ 20%", ("vat @ 20%", "")),
        ("VAT @ standard rate", ("vat @ standard rate", "")),
        ("VAT @ 20% @ domestic", ("vat @ 20%", "domestic")),
        ("@ DE", ("@ de", "")),
    ],
)
def test_rows_of_the_tax_map_with_a_destination(read, key, parts):
    tax = read(('"*" = "State tax"', f'"{key}" = "Code"')).connections["main"].tax
    assert tax.map == {key: "Code"}
    assert tax.split(key) == parts

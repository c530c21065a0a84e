"""One mistake a row, and the sentence that answers it: place, key, what it is, what is allowed."""

from __future__ import annotations

import os
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartledger.errors import SettingsWrong
from cartledger.settings import read_settings

MAIN = "CARTLEDGER_CONNECTIONS__MAIN__"
STATUSES = (
    "Pending (1), Shipped (2), Partially Shipped (3), Refunded (4), Cancelled (5), Declined (6), Awaiting Payment (7), "
    "Awaiting Pickup (8), Awaiting Shipment (9), Completed (10), Awaiting Fulfillment (11), "
    "Manual Verification Required (12), Disputed (13), Partially Refunded (14)"
)
STATUSES_LINE = (
    '# statuses = ["Awaiting Fulfillment", "Awaiting Shipment", "Awaiting Pickup", "Partially Shipped", "Shipped", '
    '"Completed"]'
)
CLIENT = 'client_id = "your app\'s client id"'

ONE_MISTAKE = [
    # a key or a section
    ('post_as = "sales_receipt"', "", "24: connections.main.sales.post_as is missing (the document an order becomes)."),
    ("start_date = 2026-01-01", "", "11: connections.main.start_date is missing "
     "(no sale, payment or refund before this day is read)."),
    ("[ledger]", "[ledgr]", '4: ledgr is not a setting. Did you mean "ledger"?'),
    ("[ledger]", '[ledger]\npth = "x"', '5: ledger.pth is not a setting. Did you mean "path"?'),
    ("[connections.main.payments]", "[connections.main.payment]",
     '43: connections.main.payment is not a setting. Did you mean "payments"?'),
    ('# "PayPal" = { account', '"PayPal" = { acount',
     '47: connections.main.payments.methods.PayPal.acount is not a setting. Did you mean "account"?'),
    ("number_prefix", "frobnicate", "28: connections.main.sales.frobnicate is not a setting."),
    # the wrong type
    ("[ledger]", "ledger = 5",
     "4: ledger is 5 where a table belongs: a section in square brackets, or { key = value, … }."),
    ('# "PayPal" = { account = "PayPal clearing", method = "PayPal" }', '"PayPal" = "PayPal clearing"',
     '47: connections.main.payments.methods.PayPal is "PayPal clearing" where a table belongs: '
     "a section in square brackets, or { key = value, … }."),
    ('realm_id = "1234567890"', "realm_id = 1234567890",
     "21: connections.main.quickbooks.realm_id is 1234567890, which is no text; put it in quotation marks."),
    ('default_account = "Card clearing"', "default_account = true",
     "44: connections.main.payments.default_account is true, which is no text; put it in quotation marks."),
    ('"*" = "State tax"', '"*" = 8.25',
     '51: connections.main.tax.map."*" is 8.25, which is no text; put it in quotation marks.'),
    ('"*" = "State tax"', '"20" = 20.0',
     "51: connections.main.tax.map.20 is 20.0, which is no text; put it in quotation marks."),
    ('"*" = "State tax"', '"none @ exprot" = "0.0% Z"',
     '50: connections.main.tax.map has the row "none @ exprot", which names no destination. Did you mean "export"? '
     "Allowed after the @: domestic, eu, export, a country (DE), a country and state (CA-Quebec)."),
    ('"*" = "State tax"', '"* @ Germany" = "USt"',
     '50: connections.main.tax.map has the row "* @ Germany", which names no destination. '
     "Allowed after the @: domestic, eu, export, a country (DE), a country and state (CA-Quebec)."),
    ('# path = "cartledger.db"', "path = 7", "5: ledger.path is 7, which is no text; put it in quotation marks."),
    ("# receipt_for_unpaid = false", 'receipt_for_unpaid = "perhaps"',
     '27: connections.main.sales.receipt_for_unpaid is "perhaps"; write true or false.'),
    (CLIENT, f"{CLIENT}\nin_flight_limit = 130.5",
     "23: connections.main.quickbooks.in_flight_limit is 130.5, which is no whole number."),
    ('workflows = ["sales", "payments"]', 'workflows = "sales"',
     '14: connections.main.workflows is "sales" where a list belongs: write ["sales"].'),
    (STATUSES_LINE, 'statuses = "Shipped"',
     '26: connections.main.sales.statuses is "Shipped" where a list belongs: write ["Shipped"].'),
    # the wrong value
    ('post_as = "sales_receipt"', 'post_as = "sales_reciept"',
     '25: connections.main.sales.post_as is "sales_reciept". Did you mean "sales_receipt"? '
     'Allowed: "sales_receipt", "invoice".'),
    ('match_by = "sku"', 'match_by = "title"',
     '41: connections.main.products.match_by is "title". Allowed: "name", "sku".'),
    ("start_date = 2026-01-01", 'start_date = "soon"',
     '12: connections.main.start_date is "soon", which is no day; write it as 2026-01-31.'),
    ("start_date = 2026-01-01", "start_date = 2026-01-01T10:00:00",
     "12: connections.main.start_date is 2026-01-01 10:00:00, which is no day; write it as 2026-01-31."),
    ("start_date = 2026-01-01", "start_date = 86400",
     "12: connections.main.start_date is 86400, which is no day; write it as 2026-01-31."),
    ('# timezone = "America/Chicago"', 'timezone = "America/Chikago"',
     '13: connections.main.timezone is "America/Chikago", which is no time zone. '
     "Nearest: America/Chicago, America/Sitka, America/Bahia."),
    ('# interval = "1h"', 'interval = "hourly"',
     '15: connections.main.interval is "hourly", which is no interval. '
     'Allowed: "1h", "15m", "daily at 02:30", "daily at 02:30 and 14:30", "manual".'),
    ('workflows = ["sales", "payments"]', 'workflows = ["sales", "paiments"]',
     '14: connections.main.workflows names "paiments", which is no workflow of this version. '
     'Did you mean "payments"? Allowed: sales, payments, refunds, stock.'),
    ('workflows = ["sales", "payments"]', 'workflows = ["payments"]',
     '14: connections.main.workflows does not name "sales", without which this version keeps nothing in step; add it.'),
    ('store_hash = "abc123"', 'store_hash = "store-abc123"',
     '18: connections.main.bigcommerce.store_hash is "store-abc123"; allowed are lower-case letters and digits.'),
    ('realm_id = "1234567890"', 'realm_id = "1234 5678"',
     '21: connections.main.quickbooks.realm_id is "1234 5678"; allowed are digits.'),
    (CLIENT, 'client_id = ""', "22: connections.main.quickbooks.client_id is empty."),
    (CLIENT, f"{CLIENT}\nin_flight_limit = 0",
     "23: connections.main.quickbooks.in_flight_limit is 0, which is too little; the least is 1."),
    (CLIENT, f"{CLIENT}\nin_flight_limit = 601",
     "23: connections.main.quickbooks.in_flight_limit is 601, which is too much; the most is 600."),
    (CLIENT, f"{CLIENT}\nin_flight_limit = 120",
     "23: connections.main.quickbooks.in_flight_limit is 120, but QuickBooks may carry out a request until 120 s "
     "after it was sent; take it out."),
    (CLIENT, f'{CLIENT}\napi_url = "http://quickbooks.example.com"',
     '23: connections.main.quickbooks.api_url is "http://quickbooks.example.com"; write an address that begins with '
     "https://, or with http:// and this machine (127.0.0.1)."),
    ('number_prefix = "BC"', 'number_prefix = "BIGCOMMERCE"',
     '28: connections.main.sales.number_prefix is "BIGCOMMERCE", which is too long; the most is 10 characters.'),
    ('number_prefix = "BC"', 'number_prefix = "B-C"',
     '28: connections.main.sales.number_prefix is "B-C"; allowed are letters and digits.'),
    ('# rounding_limit = "0.05"', 'rounding_limit = "a lot"',
     '34: connections.main.sales.rounding_limit is "a lot", which is no amount; write it as "0.05".'),
    ('# rounding_limit = "0.05"', "rounding_limit = inf",
     '34: connections.main.sales.rounding_limit is inf, which is no amount; write it as "0.05".'),
    ('# rounding_limit = "0.05"', "rounding_limit = -1",
     "34: connections.main.sales.rounding_limit is -1, which is too little; the least is 0."),
    ('# rounding_limit = "0.05"', 'rounding_limit = "5.00"',
     "34: connections.main.sales.rounding_limit is 5.00, which is too much; the most is 1."),
    (STATUSES_LINE, 'statuses = ["Shipped", "Awaiting Fulfilment"]',
     '26: connections.main.sales.statuses names "Awaiting Fulfilment", which is no order status. '
     f'Did you mean "Awaiting Fulfillment"? Allowed: {STATUSES}.'),
    (STATUSES_LINE, "statuses = [11, 15]",
     f"26: connections.main.sales.statuses names 15, which is no order status. Allowed: {STATUSES}."),
    (STATUSES_LINE, "statuses = [0, 11]",
     "26: connections.main.sales.statuses names Incomplete (0), which is an abandoned checkout and no sale; "
     "take it out."),
    (STATUSES_LINE, "statuses = []", "26: connections.main.sales.statuses is empty; name at least one."),
    (STATUSES_LINE, 'statuses = [11, "Pending", "Awaiting Payment"]',
     "26: connections.main.sales.statuses names Pending and Awaiting Payment, while a sales receipt says that the "
     'money came in. Take that out, or set post_as = "invoice", or receipt_for_unpaid = true.'),
    ('default_account = "Card clearing"', "",
     "43: connections.main.payments.default_account is missing: sales receipts and payments need the account that "
     "the money goes to."),
    ('# namespace = "cartledger"', 'namespace = "My Shop"',
     '9: broker.namespace is "My Shop"; allowed are lower-case letters, digits, - and _.'),
    ('# url = "memory://"', 'url = "amqp://guest:hush@localhost"',
     "8: broker.url is no broker: write memory:// (one process) or pika://user:password@host:5672/%2F (RabbitMQ)."),
    # secrets
    (CLIENT, f'{CLIENT}\nclient_secret = "hush"',
     "23: connections.main.quickbooks.client_secret is a secret, which does not stand in the file; "
     f"take it out and set {MAIN}QUICKBOOKS__CLIENT_SECRET instead."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), ONE_MISTAKE, ids=lambda text: str(text)[:40])
def test_one_mistake_is_answered_with_one_sentence(mistakes, old, new, sentence):
    assert mistakes((old, new)) == [f"cartledger.toml:{sentence}"]


def test_a_misspelt_key_is_missed_under_its_right_name_too(mistakes):
    assert mistakes(('match_by = "sku"', 'match = "sku"')) == [
        "cartledger.toml:40: connections.main.products.match_by is missing "
        "(a BigCommerce SKU equals the item's Name, or its SKU).",
        'cartledger.toml:41: connections.main.products.match is not a setting. Did you mean "match_by"?',
    ]


def test_all_mistakes_come_at_once_from_the_top_of_the_file_to_its_end(mistakes):
    told = mistakes(
        ("[ledger]", "[ledgr]"),
        ("start_date = 2026-01-01", 'start_date = "soon"'),
        ('store_hash = "abc123"', 'store_hash = "ABC"'),
        ('number_prefix = "BC"', 'number_prefix = "B C"'),
        ('match_by = "sku"', 'match_by = "title"'),
        env={f"{MAIN}BIGCOMMERCE__ACESS_TOKEN": "x", "CARTLEDGER_LEDGR__PATH": "y"},
    )
    assert [sentence.partition(" ")[0] for sentence in told] == [
        "environment:",
        "cartledger.toml:4:",
        "cartledger.toml:12:",
        "environment:",
        "cartledger.toml:18:",
        "cartledger.toml:28:",
        "cartledger.toml:41:",
    ]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"CARTLEDGER_LEDGR__PATH": "x"},
         'CARTLEDGER_LEDGR__PATH is not a setting. Did you mean "CARTLEDGER_LEDGER__PATH"?'),
        ({"CARTLEDGER_FROBNICATE": "x"}, "CARTLEDGER_FROBNICATE is not a setting. Unset it."),
        ({f"{MAIN}BIGCOMMERCE__ACESS_TOKEN": "x"},
         f'{MAIN}BIGCOMMERCE__ACESS_TOKEN is not a setting. Did you mean "access_token"?'),
        ({"CARTLEDGER_CONNECTIONS__MIAN__SALES__POST_AS": "invoice"},
         'CARTLEDGER_CONNECTIONS__MIAN__SALES__POST_AS is of a connection "mian" that the file does not have. '
         'Did you mean "main"?'),
        ({f"{MAIN}SALES__POST_AS": "bill"},
         f'{MAIN}SALES__POST_AS is "bill". Allowed: "sales_receipt", "invoice".'),
        ({f"{MAIN}SALES__STATUSES": "Shipped"},
         f'{MAIN}SALES__STATUSES holds a list or a table; write it as JSON: ["one", "two"] or {{"key": "value"}}.'),
        ({f"{MAIN}START_DATE": "2026-02-30"},
         f'{MAIN}START_DATE is "2026-02-30", which is no day; write it as 2026-01-31.'),
        ({f"{MAIN}BIGCOMMERCE__ACCESS_TOKEN": ""}, f"{MAIN}BIGCOMMERCE__ACCESS_TOKEN is empty."),
        ({f"{MAIN}SALES__CLASS": ""}, f"{MAIN}SALES__CLASS is empty."),
        ({f"{MAIN}SALES__CLASS_": "Web"}, f'{MAIN}SALES__CLASS_ is not a setting. Did you mean "class"?'),
        ({f"{MAIN}SALES__DUE_DATE_OFFSET": "soon"},
         f'{MAIN}SALES__DUE_DATE_OFFSET is "soon", which is no whole number.'),
        ({f"{MAIN}PRODUCTS__OPENING_QUANTITY": "store"},
         f"{MAIN}PRODUCTS__OPENING_QUANTITY has no effect without create_missing = true and inventory_accounts; "
         "add those, or take it out."),
        ({f"{MAIN}SALES__CUSTOM_FIELDS": "channel_id"},
         f'{MAIN}SALES__CUSTOM_FIELDS holds a list or a table; '
         'write it as JSON: ["one", "two"] or {"key": "value"}.'),
        ({f"{MAIN}TAX__MAP": '{"Reduced": 5}'},
         f"{MAIN}TAX__MAP: connections.main.tax.map.Reduced is 5, which is no text; put it in quotation marks."),
        ({f"{MAIN}PAYMENTS__METHODS": '{"PayPal": {"paid_when": "capture"}}'},
         f'{MAIN}PAYMENTS__METHODS: connections.main.payments.methods.PayPal.paid_when is "capture". '
         'Did you mean "captured"? Allowed: "captured", "status", "never".'),
        ({f"{MAIN}PAYMENTS__METHODS__PAYPAL__ACOUNT": "PayPal clearing"},
         f'{MAIN}PAYMENTS__METHODS__PAYPAL__ACOUNT is not a setting. Did you mean "account"?'),
        ({f"{MAIN}PRODUCTS__CREATE_MISSING": "true", f"{MAIN}PRODUCTS__NONINVENTORY_ACCOUNTS__INCOME": "Sales",
          f"{MAIN}PRODUCTS__NONINVENTORY_ACCOUNTS__EXPENSE": ""},
         f"{MAIN}PRODUCTS__NONINVENTORY_ACCOUNTS__EXPENSE is empty."),
    ],
    ids=lambda value: next(iter(value), "") if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_mistake_in_the_environment_names_the_variable(mistakes, variables, sentence):
    assert mistakes(env=variables) == [f"environment: {sentence}"]


def test_a_variable_that_cannot_be_read_hides_no_other_mistake(mistakes):
    told = mistakes(('"*" = "State tax"', '"*" = 5'), env={f"{MAIN}TAX__MAP": '{"Reduced": 5'})
    assert told == [
        f'environment: {MAIN}TAX__MAP holds a list or a table; write it as JSON: ["one", "two"] or {{"key": "value"}}.',
        'cartledger.toml:51: connections.main.tax.map."*" is 5, which is no text; put it in quotation marks.',
    ]


def test_a_missing_secret_names_its_variable(tmp_path, example):
    path = tmp_path / "cartledger.toml"
    path.write_text(example)
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(path, {})
    assert [problem.text.removeprefix(f"{path}:") for problem in wrong.value.problems] == [
        f"20: connections.main.quickbooks.client_secret is missing; set the environment variable "
        f"{MAIN}QUICKBOOKS__CLIENT_SECRET.",
    ]


def test_a_credentials_folder_that_is_not_there_is_named(mistakes):
    assert mistakes(env={"CREDENTIALS_DIRECTORY": "/nowhere"}) == [
        'The credentials cannot be read: directory "/nowhere" does not exist.'
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[broker\n", "1: this is not TOML: Expected ']' at the end of a table declaration."),
        ('\n[broker]\nurl = "a"\nurl = "b"\n',
         "4: this is not TOML: the same key stands there twice."),
        ("[ledger]\n[ledger]\n", "2: this is not TOML: the section [ledger] stands there twice."),
        ('[broker]\nurl = "a\n', "2: this is not TOML: Illegal character '\\n'."),
        ("[broker]\nurl = ", "2: this is not TOML: Invalid value."),
        ("", "1: connections is missing (a section [connections.main] for each store and its company)."),
        ("[connections]",
         "1: connections is empty; add a section [connections.main] for each store and its company."),
    ],
)  # fmt: skip
def test_a_file_that_is_no_settings_file(tmp_path, text, sentence):
    path = tmp_path / "cartledger.toml"
    path.write_text(text)
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(path, {})
    assert str(wrong.value) == f"{path}:{sentence}"


def test_a_connection_of_an_impossible_name(tmp_path, example):
    path = tmp_path / "cartledger.toml"
    path.write_text(example.replace("connections.main", "connections.Main"))
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(path, {})
    assert wrong.value.problems[0].text == (
        f'{path}:11: connections.Main is "Main"; allowed are lower-case letters, digits and _, a letter first.'
    )


def test_no_file(tmp_path):
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(tmp_path / "nowhere.toml", {})
    assert str(wrong.value) == (
        f"There is no settings file {tmp_path}/nowhere.toml. Name it with --config, or make it: cartledger setup."
    )


def test_a_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(tmp_path, {})
    assert str(wrong.value) == f"{tmp_path}: the file cannot be read (Is a directory)."


def test_a_file_that_may_not_be_read(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / "cartledger.toml"
    path.touch(mode=0)
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(path, {})
    assert str(wrong.value) == (
        f"{path}: the file cannot be read (Permission denied). Give the command as the user whom it belongs to: the "
        "one that cartledger runs as (sudo -u cartledger …)."
    )


def test_a_file_in_another_encoding(tmp_path, example):
    path = tmp_path / "cartledger.toml"
    path.write_bytes(example.replace("Card clearing", "Carte bancaire réglée").encode("latin-1", "replace"))
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(path, {})
    assert str(wrong.value) == f"{path}: the file is not in UTF-8. Save it as UTF-8."


SECOND = """
[connections.second]
start_date = 2026-01-01
workflows = ["sales"]
[connections.second.bigcommerce]
store_hash = "def456"
[connections.second.quickbooks]
realm_id = "1234567890"
client_id = "id"
[connections.second.sales]
post_as = "sales_receipt"
number_prefix = "BD"
[connections.second.products]
match_by = "sku"
[connections.second.payments]
default_account = "Card clearing"
"""
SECOND_SECRETS = {
    f"CARTLEDGER_CONNECTIONS__SECOND__{name}": "shh"
    for name in ("BIGCOMMERCE__ACCESS_TOKEN", "QUICKBOOKS__CLIENT_SECRET", "QUICKBOOKS__REFRESH_TOKEN")
}


def test_two_shops_may_post_into_one_company(read, example):
    settings = read(text=example + SECOND, env=SECOND_SECRETS)
    assert list(settings.connections) == ["main", "second"]


def test_two_shops_of_one_company_have_different_numbers(mistakes, example):
    text = example + SECOND.replace('"BD"', '"BC"')
    assert mistakes(text=text, env=SECOND_SECRETS) == [
        'cartledger.toml:71: connections.second.sales.number_prefix is "BC", as in connection main, which posts into '
        "the same company; choose another."
    ]


@pytest.mark.parametrize("key", ["CLIENT_SECRET", "REFRESH_TOKEN"])
def test_two_shops_of_one_company_use_an_app_with_the_same_secrets(mistakes, example, key):
    same_app = example + SECOND.replace('client_id = "id"', CLIENT)
    same = {
        f"CARTLEDGER_CONNECTIONS__SECOND__QUICKBOOKS__{name}": f"shh-{name.partition('_')[0].lower()}"
        for name in ("CLIENT_SECRET", "REFRESH_TOKEN")
    }
    variable = f"CARTLEDGER_CONNECTIONS__SECOND__QUICKBOOKS__{key}"
    assert mistakes(text=same_app, env=SECOND_SECRETS | same | {variable: "another"}) == [
        f"environment: {variable} is not that of connection main, which is of the same app and company; "
        "use one for both."
    ]


def test_one_of_two_shops_of_a_company_may_have_the_refresh_token_for_both(read, example):
    same_app = example + SECOND.replace('client_id = "id"', CLIENT)
    same = {"CARTLEDGER_CONNECTIONS__SECOND__QUICKBOOKS__CLIENT_SECRET": "shh-client"}
    without = {name: value for name, value in SECOND_SECRETS.items() if not name.endswith("REFRESH_TOKEN")}
    settings = read(text=same_app, env=without | same)
    assert [one.quickbooks.refresh_token is None for one in settings.connections.values()] == [False, True]


def test_case_does_not_make_two_numbers_differ(mistakes, example):
    (told,) = mistakes(text=example + SECOND.replace('"BD"', '"bc"'), env=SECOND_SECRETS)
    assert 'connections.second.sales.number_prefix is "bc", as in connection main' in told


@pytest.mark.parametrize("numbered_by_quickbooks", ["MAIN", "SECOND"])
def test_numbers_of_quickbooks_own_do_not_collide(read, example, numbered_by_quickbooks):
    automatic = {f"CARTLEDGER_CONNECTIONS__{numbered_by_quickbooks}__SALES__AUTOMATIC_NUMBERS": "true"}
    settings = read(text=example + SECOND.replace('"BD"', '"BC"'), env=SECOND_SECRETS | automatic)
    assert {one.sales.number_prefix for one in settings.connections.values()} == {"BC"}


def test_credit_memos_have_numbers_of_ours_whatever_the_others_have(mistakes, example):
    more = {
        f"CARTLEDGER_CONNECTIONS__{name}__SALES__{key}": value
        for name in ("MAIN", "SECOND")
        for key, value in (("AUTOMATIC_NUMBERS", "true"), ("TENDERS_ON_INVOICE", "credit_memo"))
    }
    (told,) = mistakes(text=example + SECOND.replace('"BD"', '"BC"'), env=SECOND_SECRETS | more)
    assert 'connections.second.sales.number_prefix is "BC", as in connection main' in told


def refunds(**prefixes):
    """Variables that switch refunds on, numbered so."""
    facts = {"WORKFLOWS": '["sales", "payments", "refunds"]', "REFUNDS__RESTOCK": "always"}
    return {
        f"CARTLEDGER_CONNECTIONS__{name}__{key}": value
        for name, prefix in prefixes.items()
        for key, value in (facts | {"REFUNDS__NUMBER_PREFIX": prefix}).items()
    }


@pytest.mark.parametrize(
    ("sales", "prefixes", "sentence"),
    [
        ("BD", {"MAIN": "R", "SECOND": "r"},
         'environment: CARTLEDGER_CONNECTIONS__SECOND__REFUNDS__NUMBER_PREFIX is "r", as in connection main, which '
         "posts into the same company; choose another."),
        ("BD", {"SECOND": "bc"},
         'environment: CARTLEDGER_CONNECTIONS__SECOND__REFUNDS__NUMBER_PREFIX is "bc", as that of sales in connection '
         "main, which posts into the same company; choose another."),
        ("R", {"MAIN": "r"},
         'cartledger.toml:71: connections.second.sales.number_prefix is "R", as that of refunds in connection main, '
         "which posts into the same company; choose another."),
        ("BD", {"SECOND": "bd"},
         'environment: CARTLEDGER_CONNECTIONS__SECOND__REFUNDS__NUMBER_PREFIX is "bd", as that of sales; choose '
         "another."),
    ],
    ids=["refunds", "refunds as sales", "sales as refunds", "of one connection"],
)  # fmt: skip
def test_refunds_are_numbered_otherwise_than_all_else_in_the_company(mistakes, example, sales, prefixes, sentence):
    text = example + SECOND.replace('"BD"', f'"{sales}"')
    assert mistakes(text=text, env=SECOND_SECRETS | refunds(**prefixes)) == [sentence]


def test_a_prefix_that_has_no_effect_is_nobodys_number(mistakes, example):
    idle = {"CARTLEDGER_CONNECTIONS__SECOND__REFUNDS__NUMBER_PREFIX": "R"}
    assert mistakes(text=example + SECOND, env=SECOND_SECRETS | refunds(MAIN="R") | idle) == [
        "environment: CARTLEDGER_CONNECTIONS__SECOND__REFUNDS__NUMBER_PREFIX has no effect without workflow "
        '"refunds"; add that, or take it out.'
    ]


def test_refunds_of_two_shops_or_two_companies(read, example):
    settings = read(text=example + SECOND, env=SECOND_SECRETS | refunds(MAIN="R", SECOND="S"))
    assert {one.refund_number(7, 2) for one in settings.connections.values()} == {"R-7-2", "S-7-2"}
    elsewhere = example + SECOND.replace('"1234567890"', '"987"')
    settings = read(text=elsewhere, env=SECOND_SECRETS | refunds(MAIN="R", SECOND="R"))
    assert {one.refund_number(7, 1) for one in settings.connections.values()} == {"R-7"}


def test_one_store_may_be_kept_in_two_companies(read, example):
    text = example + SECOND.replace("def456", "abc123").replace('"1234567890"', '"987"').replace('"BD"', '"BC"')
    assert [one.pair for one in read(text=text, env=SECOND_SECRETS).connections.values()] == [
        "abc123:1234567890",
        "abc123:987",
    ]


def test_one_shop_and_company_have_one_connection(mistakes, example):
    text = example + SECOND.replace("def456", "abc123")
    assert mistakes(text=text, env=SECOND_SECRETS) == [
        "cartledger.toml:61: connections.second joins the same store and company as connection main; "
        "keep one of the two."
    ]


JUNK = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.floats().map(lambda number: str(number).replace("e+", "e")),
    st.sampled_from(["true", "[]", "{}", '[""]', "[1, true]", '{a = "b"}', "2026-01-01", "12:00:00", '""', '" "']),
    st.text(string.printable.replace('"', "").replace("\\", ""), max_size=20).map(
        lambda text: f'"{"".join(each for each in text if each >= " ")}"'
    ),
)
PLACES = [
    '# path = "cartledger.db"', '# url = "memory://"', '# namespace = "cartledger"', "start_date = 2026-01-01",
    '# timezone = "America/Chicago"', 'workflows = ["sales", "payments"]', '# interval = "1h"', 'store_hash = "abc123"',
    'realm_id = "1234567890"', CLIENT, 'post_as = "sales_receipt"', STATUSES_LINE, "# receipt_for_unpaid = false",
    'number_prefix = "BC"', 'default_product = "Unknown product"', '# rounding_limit = "0.05"', 'match_by = "sku"',
    'default_account = "Card clearing"', '"*" = "State tax"',
]  # fmt: skip


@given(place=st.sampled_from(PLACES), junk=JUNK)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_there_is_taken_or_answered_in_one_line(read, place, junk):
    key = place.removeprefix("# ").partition(" =")[0]
    told: list[str] = []
    try:
        read((place, f"{key} = {junk}"))
    except SettingsWrong as wrong:
        told = str(wrong).splitlines()
    assert [line for line in told if "cartledger.toml:" not in line] == []

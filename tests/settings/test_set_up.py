"""Files that setup writes, and files with one connection more: nothing else in them changes."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from cartledger.errors import SettingsWrong
from cartledger.settings.editing import with_connection, without_connection
from cartledger.settings.example import example, set_up, set_up_connection

MAIN = {
    "start_date": date(2026, 1, 1),
    "workflows": ["sales", "payments"],
    "bigcommerce": {"store_hash": "abc123", "api_url": "http://127.0.0.1:1/shop"},
    "quickbooks": {"realm_id": "1", "client_id": "app"},
    "sales": {
        "post_as": "invoice",
        "class": "Web",
        "rounding_product": "Cents",
        "rounding_limit": "0.02",
        "custom_fields": {"PO number": "order_id"},
    },
    "products": {
        "match_by": "name",
        "create_missing": True,
        "noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
    },
    "payments": {
        "default_account": 'Clearing "new"',
        "default_accounts": {"EUR": "Clearing EUR"},
        "methods": {"PayPal": {"account": "PayPal", "accounts": {"EUR": "PayPal EUR"}}, "Cash": {"method": "Cash"}},
    },
    "tax": {"out_of_scope": "No VAT", "map": {"VAT": "20.0% S", "none @ export": "0.0% Z"}},
}
CHOSEN = {"ledger": {"path": "/var/lib/cartledger/cartledger.db"}, "connections": {"main": MAIN}}


def said(text):
    """What is in force, without sections that say nothing."""

    def full(table):
        found = {key: full(value) if isinstance(value, dict) else value for key, value in table.items()}
        return {key: value for key, value in found.items() if value != {}}

    return full(tomllib.loads(text))


def test_what_was_chosen_is_in_force_and_nothing_else():
    assert said(set_up(CHOSEN)) == CHOSEN


def test_where_nothing_was_chosen_nothing_is_in_force():
    assert said(set_up_connection("main", {})) == {}


def test_every_option_stands_in_it_with_its_meaning():
    """The same lines as in the example, whether in force or not, but for those that only tests need."""
    keys = [[line.removeprefix("# ").split(" = ")[0] for line in text.splitlines()] for text in (example(), set_up({}))]
    left_out = [key for key in keys[0] if key.isidentifier() and key not in keys[1]]
    assert left_out  # without a connection there are none of its options
    mine = [line.removeprefix("# ").split(" = ")[0] for line in set_up(CHOSEN).splitlines()]
    assert [key for key in keys[0] if key.isidentifier() and key not in mine] == []


def test_a_set_up_file_is_right(read):
    settings = read(text=set_up(CHOSEN))
    main = settings.connections["main"]
    assert (main.sales.class_, main.payments.of("paypal", "EUR").account) == ("Web", "PayPal EUR")


OLD = """\
# mine
[ledger]
path = "books.db"  # on the big disk

[connections.main]   # the first shop
start_date = 2026-01-01
[connections."main".sales]
post_as = "invoice"
# about sales
[ connections.main.payments.methods ]
"a [b]" = { account = "x" }
# "PayPal" = { account = "y" }

# who reads them
[report] # after it
when = "daily"
"""
SECOND = set_up_connection("second", MAIN)


def test_one_connection_more_changes_no_letter_of_the_rest():
    text = with_connection(OLD, "second", SECOND)
    assert text.startswith(OLD)
    assert said(text)["connections"]["second"] == MAIN
    assert said(text)["connections"]["main"] == said(OLD)["connections"]["main"]


def test_one_connection_anew_changes_no_letter_of_the_rest():
    text = with_connection(OLD, "main", set_up_connection("main", MAIN))
    assert said(text) == {"ledger": {"path": "books.db"}, "report": {"when": "daily"}, "connections": {"main": MAIN}}
    assert text.startswith(
        '# mine\n[ledger]\npath = "books.db"  # on the big disk\n\n# who reads them\n[report] # after it\n'
    )


def test_a_name_that_begins_like_it_is_another_one():
    text = "[connections.main2]\nstart_date = 2026-01-01\n"
    assert without_connection(text, "main") == text


@pytest.mark.parametrize(
    "text",
    [
        "connections.main.start_date = 2026-01-01\n",
        "[connections]\nmain = { start_date = 2026-01-01 }\n",
        "[connections]\nmain.start_date = 2026-01-01\n",
        '[connections."main.old"]\nstart_date = 2026-01-01\n',
    ],
)
def test_a_connection_that_is_written_otherwise_is_not_edited(text):
    with pytest.raises(SettingsWrong, match=r"does not write connection main in sections \[connections\.main…\]"):
        with_connection(text, "main", set_up_connection("main", MAIN))


@pytest.mark.parametrize(
    "text",
    ["", "\n", "[connections]\n", "connections.other.start_date = 2026-01-01\n", '[ledger]\npath = "a.db"'],
)
def test_files_without_it_take_it(text):
    assert said(with_connection(text, "main", set_up_connection("main", MAIN)))["connections"]["main"] == MAIN

"""The example and the page of options are what the fields say, and the example can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cartledger.settings.documentation import FILES
from cartledger.settings.fields import ANY_NAME, Option, options
from cartledger.settings.options import FOR_TESTS, SECRETS

ROOT = Path(__file__).parents[2]
EXAMPLE = FILES["cartledger.example.toml"]()
PAGE = FILES["docs/CONFIGURATION.md"]()
OPTIONS = list(options())


def named(option: Option) -> str:
    return ".".join(option.key)


def has_default(option: Option) -> bool:
    return not option.field.is_required() and option.field.get_default(call_default_factory=True) not in (None, {}, ())


@pytest.mark.parametrize("path", FILES)
def test_the_files_are_what_the_fields_say(path):
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path](), "run `make docs`"


def test_the_example_is_right_as_it_stands(read):
    main = read(text=EXAMPLE).connections["main"]
    assert (main.sales.post_as, main.number(1234), main.tax.map) == ("sales_receipt", "BC-1234", {"*": "State tax"})
    assert (main.records_payments, main.payments.default_account) == (True, "Card clearing")


def test_what_the_example_shows_as_a_default_is_the_default(read):
    text, shown = EXAMPLE, set()
    for option in OPTIONS:
        line = re.compile(rf"^# ({option.key[-1]} = )", re.MULTILINE)
        if has_default(option) and line.search(text):
            shown.add(named(option))
            text = line.sub(r"\1", text, count=1)
    assert shown >= {"ledger.path", "connections.*.interval", "connections.*.sales.statuses"}
    assert read(text=text).model_dump() == read(text=EXAMPLE).model_dump()


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_every_option_says_what_it_is(option):
    assert option.field.description
    assert not option.field.description.endswith(".")


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_every_option_stands_in_the_example_but_secrets_and_those_for_tests(option):
    left_out = option.key[-2:] in SECRETS or option.field.json_schema_extra == FOR_TESTS or ANY_NAME in option.key[2:]
    *path, name = (part.replace(ANY_NAME, "main") for part in option.key)
    (section,) = re.findall(rf"^\[{'.'.join(path[:3])}\].*?(?=^\[|\Z)", EXAMPLE, re.MULTILINE | re.DOTALL)
    key, table = rf"^(# )?{name} = ", rf"^\[{'.'.join([*path, name])}\]"
    inline = rf"^# {path[-1]} = .*\b{name} = "
    found = any(
        re.search(each, text, re.MULTILINE) for each, text in ((key, section), (table, EXAMPLE), (inline, section))
    )
    assert found != left_out


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_every_option_stands_on_the_page_once(option):
    *path, name = option.key
    heading = ".".join(path).replace("connections.*", "connections.main").replace(ANY_NAME, "NAME")
    (chapter,) = re.findall(rf"^## `\[{re.escape(heading)}\]`$.*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert len(re.findall(rf"^\| `{name}` \| [^|]+ \| [^|]+ \| .+ \|$", chapter, re.MULTILINE)) == 1


def test_the_page_leads_to_its_sections():
    headings = {
        "".join(c for c in found if c.isalnum() or c in "_-").lower() for found in re.findall("^## `(.+)`$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#(.+?)\)", PAGE)) == headings


@pytest.mark.parametrize(
    "row",
    [
        '| `post_as` | `"sales_receipt"` or `"invoice"` | required | the document an order becomes. '
        'Example: `"sales_receipt"` |',
        '| `class` | name | none | QuickBooks class of every document, or of every line. Example: `"Web"` |',
        "| `due_date_offset` | whole number (from 0, to 3650) | none | days from an invoice's date to its due date, as "
        "orders bear no terms of their own; without it the date itself. Example: `30` |",
        '| `rounding_limit` | amount (from 0, to 1) | `"0.05"` | the most that the rounding item may take |',
        "| `refresh_token` | secret | none | the first one, where `cartledger connect quickbooks` has none; later ones "
        "live in the ledger. Environment: `CARTLEDGER_CONNECTIONS__MAIN__QUICKBOOKS__REFRESH_TOKEN` |",
        "| `default_accounts` | table: currency = name | none | the same for orders in other currencies, by currency; "
        "else default_account. An account has the currency of the orders or of the books; a method's own account comes "
        'first. Example: `{ EUR = "Card clearing EUR" }` |',
    ],
    ids=lambda row: row.split("`")[1],
)
def test_rows_of_the_page(row):
    assert row in PAGE.splitlines()

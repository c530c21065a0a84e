"""The page of fault codes is what the tables say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cartledger.clients.documentation import PAGE, errors
from cartledger.clients.faults import BIGCOMMERCE, QUICKBOOKS

ROOT = Path(__file__).parents[2]
TEXT = errors()
CODES = [*(("QuickBooks", code) for code in QUICKBOOKS), *(("BigCommerce", str(status)) for status in BIGCOMMERCE)]


def test_the_page_is_what_the_tables_say():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == TEXT, "run `make docs`"


@pytest.mark.parametrize(("side", "code"), CODES)
def test_every_code_has_a_cause_what_happens_and_a_fix(side, code):
    (chapter,) = re.findall(rf"^## {side}$(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    (row,) = re.findall(rf"^\| `{code}` \|(.+)\|$", chapter, re.MULTILINE)
    assert len([cell for cell in row.split(" | ") if cell.strip()]) == 3
    assert "{" not in row


@pytest.mark.parametrize(
    "row",
    [
        "| `6240` | Another customer, vendor or employee has this name, perhaps an inactive one. | held | "
        "Rename one of the two in QuickBooks, then retry. |",
        "| `600` | The same request is already under way. | tried again, held after 8 times; looked up first, since it "
        "may have been made | It is tried again by itself. |",
        "| `3001` | The quota of calls is used up. | the connection waits as long as it is asked to, else a minute | "
        "It goes on by itself. |",
        "| `6190` | The company's subscription has ended. | the connection waits for a person; tried every 15 minutes "
        "| Renew the QuickBooks subscription, or connect a company that is active. |",
        "| `503` | The store is under maintenance or suspended: no answer about the object. | the connection "
        "waits, ten minutes at most between two tries | It goes on by itself when BigCommerce is back. |",
    ],
    ids=lambda row: row.split("`")[1],
)
def test_rows_of_the_page(row):
    assert row in TEXT.splitlines()

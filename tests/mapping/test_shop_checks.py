"""The catalogue's SKUs, and how far back a connection begins."""

from __future__ import annotations

from datetime import date

import pytest

from mapping.checks.shop import SKUS_SHOWN, check_catalogue, check_start


def test_blank_and_twin_skus():
    variants = [
        {"id": 1, "product_id": 10, "sku": "MUG"},
        {"id": 2, "product_id": 11, "sku": "mug "},
        {"id": 3, "product_id": 12, "sku": ""},
        {"id": 4, "product_id": 13, "sku": None},
        {"id": 5, "product_id": 14, "sku": "BOWL"},
    ]
    assert [(one.code, one.text) for one in check_catalogue(variants)] == [
        ("blank_sku", "No SKU: variant 3 of product 12."),
        ("blank_sku", "No SKU: variant 4 of product 13."),
        ("twin_skus", 'The SKU "MUG" is shared by variant 1 of product 10, variant 2 of product 11.'),
    ]


def test_the_rest_is_counted():
    blanks = [{"id": number, "product_id": 1, "sku": ""} for number in range(SKUS_SHOWN + 3)]
    assert [one.code for one in check_catalogue(blanks)] == ["blank_sku"] * SKUS_SHOWN + ["more_skus"]
    assert check_catalogue(blanks)[-1].text == "3 more SKUs are blank or not unique."
    assert len(check_catalogue(blanks[:SKUS_SHOWN])) == SKUS_SHOWN


@pytest.mark.parametrize(
    ("start", "first", "last", "text"),
    [
        (date(2026, 5, 2), None, 9, "No order is posted before 2026-05-02: today's are left out."),
        (date(2026, 5, 1), None, 9, None),
        (date(2025, 5, 1), 10, 12009, None),
        (date(2025, 4, 30), 10, 12009, None),
        (date(2025, 4, 29), 10, 12009, "Up to 12,000 orders since 2025-04-29 will be read and posted."),
        (date(2025, 4, 29), None, 12009, None),
        (date(2025, 4, 29), 10, None, None),
    ],
)
def test_the_start(start, first, last, text):
    found = [one.text for one in check_start(start, date(2026, 5, 1), first=first, last=last)]
    assert found == ([text] if text else [])

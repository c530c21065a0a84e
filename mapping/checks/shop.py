"""What a shop's catalogue and its oldest orders say of a connection, before anything is posted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from mapping.checks.findings import Finding, note, warning
from mapping.company import fold

SKUS_SHOWN = 20
LONG_AGO = timedelta(days=366)


def check_catalogue(variants: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Blank SKUs and SKUs that several variants share, in any case; rows of `/v3/catalog/variants`. The first 20."""
    by_sku: defaultdict[str, list[str]] = defaultdict(list)
    shown: dict[str, str] = {}
    for variant in variants:
        sku = str(variant.get("sku") or "").strip()
        by_sku[fold(sku)].append(f"variant {variant.get('id')} of product {variant.get('product_id')}")
        shown.setdefault(fold(sku), sku)
    blanks = [
        warning("blank_sku", f"No SKU: {where}.", "Give it a SKU in BigCommerce.") for where in by_sku.pop("", [])
    ]
    twins = [
        warning("twin_skus", f'The SKU "{shown[sku]}" is shared by {", ".join(places)}.', "Give each a SKU of its own.")
        for sku, places in by_sku.items()
        if len(places) > 1
    ]
    every = [*blanks, *twins]
    left = len(every) - SKUS_SHOWN
    more = [warning("more_skus", f"{left} more SKUs are blank or not unique.")] if left > 0 else []
    return [*every[:SKUS_SHOWN], *more]


def check_start(start: date, today: date, *, first: int | None, last: int | None) -> Iterator[Finding]:
    """`first` and `last` are the ids of the first order since `start` and of the shop's latest, None where not known.

    Ids are given out one by one, to abandoned checkouts too, so that the count is an upper bound.
    """
    if start > today:
        yield note("start_in_future", f"No order is posted before {start}: today's are left out.", key=("start_date",))
    elif first is not None and last is not None and today - start > LONG_AGO:
        text = f"Up to {last - first + 1:,} orders since {start} will be read and posted."
        yield note("start_long_ago", text, key=("start_date",))

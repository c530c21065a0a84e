"""What a demo came to, in numbers of the simulators, and whether shop and books are one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.by_hand.syncing import Synced
from daemon.demos.simulated import Shop

DIFFERENCES = ("difference", "tax_difference", "tax_by_rate_difference")  # the last is None where QuickBooks splits tax
SINCE = {
    "refunds": "refunds booked",
    "voids": "invoices voided or taken back",
    "edits": "documents changed",
}


def demo_facts(
    shop: Shop, synced: Synced, proof: Mapping[str, Any], report: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """The one object: calls and documents are counted by the simulators, not by the client."""
    quickbooks = {name: report["quickbooks"][name] for name in ("reads", "batches", "singles", "written", "throttled")}
    return {
        "orders": proof["orders"],
        "posted": synced.posted,
        "held": synced.held,
        "excluded": synced.excluded,
        "documents": proof["documents"],
        "duplicates": proof["duplicates"],
        **{name: proof[name] for name in DIFFERENCES},
        "tax_by_agency": proof["tax_by_agency"],
        **{name: proof[name] for name in SINCE if shop.goes_on},
        "bigcommerce": {name: report["bigcommerce"][name] for name in ("calls", "throttled")},
        "quickbooks": quickbooks,
        "seconds": round(seconds, 1),
    }


def agree(facts: Mapping[str, Any], proof: Mapping[str, Any]) -> bool:
    """Whether shop and books are one: every order accounted for, nothing twice, and nothing off by a cent."""
    settled = facts["posted"] + facts["held"] + facts["excluded"] == facts["orders"]
    differences = [
        *(facts[name] for name in DIFFERENCES),
        *(facts[name]["difference"] for name in SINCE if name in facts),
    ]
    equal = all(side["shop"] == side["books"] for sides in proof["totals"].values() for side in sides.values())
    return settled and _once(facts) and equal and all(difference in ("0.00", None) for difference in differences)


def _once(facts: Mapping[str, Any]) -> bool:
    """One document for each order that is posted. Of those that live on, some are held with the document that they
    had, and some were voided with it."""
    if SINCE.keys() <= facts.keys():
        every = facts["posted"] <= facts["documents"] + facts["voids"]["count"]
    else:
        every = facts["posted"] == facts["documents"]
    return bool(every and facts["duplicates"] == 0)

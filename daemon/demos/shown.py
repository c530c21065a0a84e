"""What a demo came to, for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from cartledger.ledger.types import Standing
from daemon.console import out, table
from daemon.demos.proof import SINCE
from daemon.demos.stock import Kept


def print_demo(
    facts: Mapping[str, Any], proof: Mapping[str, Any], held: Iterable[Standing], post_as: str, kept: Kept | None
) -> None:
    console = out()
    document = post_as.replace("_", " ")
    outcomes = [
        ("posted", facts["posted"], f"one {document} each, numbered BC-1001 and so on"),
        ("held", facts["held"], "waiting for a person: see below"),
        ("excluded", facts["excluded"], "left out by a rule: not sold, not paid, or sold on a marketplace"),
    ]
    title = f"{facts['orders']} orders of a made-up shop, brought into the books of a made-up company"
    console.print(table(title, ["orders", "count", "what became of them"], outcomes, right=["count"]))
    console.print()
    amounts = ["shop", "books", "difference"]
    rows = _proof(proof["totals"], post_as, lived=SINCE.keys() <= facts.keys())
    console.print(table("The proof, to the cent", ["posted orders", *amounts], rows, right=amounts))
    console.print(_taxes(facts), soft_wrap=True)
    since = [(what, *facts[name].values()) for name, what in SINCE.items() if name in facts]
    if any(count for _, count, _ in since):
        console.print()
        console.print(
            table("What became of them since", ["what", "count", "difference"], since, right=["count", "difference"])
        )
    console.print(f"Documents there twice: {facts['duplicates']}. Counted by the simulators, not by cartledger.\n")
    if kept:
        console.print(table("The shop's stock", ["levels", "count", "what"], kept.rows(), right=["count"]))
        console.print()
    if causes := _causes(held):
        reasons = table("Held", ["order", "why", "what to do"], causes)
        reasons.show_lines = True
        console.print(reasons)
        console.print()
    quickbooks = facts["quickbooks"]
    console.print(
        f"{facts['bigcommerce']['calls']} calls to BigCommerce, {quickbooks['reads']} reads and "
        f"{quickbooks['batches']} batches of at most 30 to QuickBooks, at the pace that the real ones allow: "
        f"{facts['seconds']} s."
    )


def _proof(
    totals: Mapping[str, Mapping[str, Mapping[str, str]]], post_as: str, *, lived: bool
) -> Iterator[tuple[str, ...]]:
    """Each currency by itself, named where there are several."""
    money = "money received" if post_as == "sales_receipt" else "money received or owed"
    names = {
        "sales": "sales with tax",
        "tax": "sales tax in them",
        "money": f"{money}, less refunds" if lived else money,
    }
    for currency, sides in totals.items():
        for key, name in names.items():
            shop, books = Decimal(sides[key]["shop"]), Decimal(sides[key]["books"])
            what = name if len(totals) == 1 else f"{name}, {currency}"
            yield what, f"{shop:,.2f}", f"{books:,.2f}", f"{books - shop:,.2f}"


def _taxes(facts: Mapping[str, Any]) -> str:
    if (agencies := facts["tax_by_agency"]) is None:
        return f"Difference of the tax, rate by rate: {facts['tax_by_rate_difference']}."
    split = ", ".join(f"{Decimal(tax):,.2f} to {agency}" for agency, tax in agencies.items()) or "nothing"
    return f"QuickBooks' own split of the tax: {split}."


def _causes(held: Iterable[Standing]) -> list[tuple[str, str, str]]:
    """The first order of each cause."""
    by_code: dict[str, list[Standing]] = defaultdict(list)
    for one in held:
        by_code[one.problems[0].code].append(one)
    return [
        (
            ones[0].key.id + (f" and {len(ones) - 1} more" if len(ones) > 1 else ""),
            ones[0].problems[0].text,
            ones[0].problems[0].fix,
        )
        for ones in by_code.values()
    ]

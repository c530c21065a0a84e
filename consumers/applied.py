"""Companies that apply payments by themselves (AutoApplyPayments): an invoice may be settled before its payment comes.

An older payment of the customer that nobody had linked then pays for the new invoice. The order's own payment is
recorded all the same, in full, and linked to as much as the invoice still owes: what is left stays with the customer,
who owes as much as before. A payment that was made after the invoice may be the order's own, entered by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cartledger.clients.quickbooks import QuickBooks, quote, select
from cartledger.errors import Problem
from cartledger.money import D
from consumers.outcome import Held
from mapping.text import marker_of


def as_far_as_open(
    quickbooks: QuickBooks, invoice: Mapping[str, Any], payment: Mapping[str, Any]
) -> dict[str, Any] | Held | None:
    """The body of a refused payment, linked to what its invoice still owes; None where it owes enough. Raises what the
    client raises."""
    (line,) = payment["Line"]
    if (open_amount := D(invoice["Balance"])) >= D(line["Amount"]):
        return None
    younger = [row for row in _strangers(quickbooks, invoice) if _made(row) >= _made(invoice)]
    if younger:
        return Held(problems=(_paid_already(invoice, younger),))
    return {**payment, "Line": [{**line, "Amount": open_amount}] if open_amount else []}


def _strangers(quickbooks: QuickBooks, invoice: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The payments on an invoice that are not ours."""
    ids = [each["TxnId"] for each in invoice.get("LinkedTxn") or [] if each["TxnType"] == "Payment"]
    rows = quickbooks.query(select("Payment", f"Id in ({', '.join(map(quote, ids))})")) if ids else []
    return [row for row in rows if not marker_of(str(row.get("PrivateNote") or ""))]


def _made(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["MetaData"]["CreateTime"])


def _paid_already(invoice: Mapping[str, Any], payments: Sequence[Mapping[str, Any]]) -> Problem:
    ids = ", ".join(str(row["Id"]) for row in payments)
    return Problem(
        code="paid_already",
        text=f"Invoice {invoice.get('DocNumber')} was paid in QuickBooks (payment {ids}) before the shop's payment was "
        "recorded.",
        fix="If that is the same money, use `cartledger held ignore`; else unlink that payment, then retry.",
    )

"""Options that are right one by one and wrong together."""

from __future__ import annotations

from collections.abc import Iterator

from cartledger.settings.options import Connection, Settings
from cartledger.settings.values import ORDER_STATUSES, UNPAID_STATUSES

Contradiction = tuple[tuple[str, ...], str, str]
"""Where it shows (section and key), its code, and its sentence from the verb on."""

INTUITS_LIMIT = 120  # seconds after which QuickBooks ends a request


def contradictions(settings: Settings) -> Iterator[Contradiction]:
    """All of them, connection by connection."""
    numbers: dict[tuple[str, str], str] = {}
    pairs: dict[str, str] = {}
    for name, connection in settings.connections.items():
        for key, code, text in _within(connection):
            yield ("connections", name, *key), code, text
        if (other := pairs.setdefault(connection.pair, name)) != name:
            text = f"joins the same store and company as connection {other}; keep one of the two."
            yield ("connections", name), "same_pair", text
        number = (connection.quickbooks.realm_id, connection.sales.number_prefix)
        if (other := numbers.setdefault(number, name)) != name:
            text = f'is "{number[1]}", as in connection {other}, which posts into the same company; choose another.'
            yield ("connections", name, "sales", "number_prefix"), "same_numbers", text


def _within(connection: Connection) -> Iterator[Contradiction]:
    sales, quickbooks = connection.sales, connection.quickbooks
    unpaid = [ORDER_STATUSES[number] for number in sales.statuses if number in UNPAID_STATUSES]
    if "sales" not in connection.workflows:
        text = 'does not name "sales", without which this version keeps nothing in step; add it.'
        yield ("workflows",), "no_sales", text
    if sales.post_as == "sales_receipt" and unpaid and not sales.receipt_for_unpaid:
        text = (
            f"names {' and '.join(unpaid)}, while a sales receipt says that the money came in. "
            f'Take that out, or set post_as = "invoice", or receipt_for_unpaid = true.'
        )
        yield ("sales", "statuses"), "unpaid_receipt", text
    if not connection.payments.default_account and (sales.post_as == "sales_receipt" or connection.records_payments):
        text = "is missing: sales receipts and payments need the account that the money goes to."
        yield ("payments", "default_account"), "no_default_account", text
    if ".intuit.com/" in f"{quickbooks.api_url}/" and quickbooks.in_flight_limit <= INTUITS_LIMIT:
        text = (
            f"is {quickbooks.in_flight_limit}, but QuickBooks may carry out a request until {INTUITS_LIMIT} s after it "
            f"was sent; take it out."
        )
        yield ("quickbooks", "in_flight_limit"), "in_flight_too_short", text

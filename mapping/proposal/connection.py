"""All that can be proposed for a connection, from what the shop sold of late and what the company has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cartledger.records import Order
from cartledger.settings import Connection
from mapping.checks.methods_seen import methods_seen
from mapping.company import Company
from mapping.proposal.items import propose_items, propose_refund_items
from mapping.proposal.money import propose_money
from mapping.proposal.products import propose_item_accounts
from mapping.proposal.proposed import Found
from mapping.proposal.taxes import Samples, propose_taxes


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was read of both sides: the shop's last orders, the taxes of some, every SKU, and the company."""

    orders: Sequence[Order]
    samples: Samples
    skus: Sequence[str]
    company: Company


def propose(connection: Connection, seen: Seen) -> Iterator[Found]:
    """In the order of the file. What `connection` says already is not asked again."""
    for found in _every(connection, seen):
        section, *_ = found.key
        if len(found.key) > 2 or getattr(getattr(connection, section), found.key[1]) in (None, {}):
            yield found


def _every(connection: Connection, seen: Seen) -> Iterator[Found]:
    company = seen.company
    yield from propose_items(company)
    if connection.products.create_missing:
        yield from propose_item_accounts(company)
    yield from propose_money(methods_seen(seen.orders, connection), connection, company)
    if connection.records_refunds:
        yield from propose_refund_items(company)
    yield from propose_taxes(seen.samples, connection, company)

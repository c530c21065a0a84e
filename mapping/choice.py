"""What is answered about a customer or an item that an order needs: one that stands, or a new one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Match:
    """A customer or an item that stands in QuickBooks already."""

    id: str
    sync_token: str


@dataclass(frozen=True, kw_only=True)
class Create:
    """A new customer or item, under this name."""

    name: str

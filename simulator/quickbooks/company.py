"""The company itself, usable without HTTP. The names below are the ones other modules may rely on."""

from __future__ import annotations


class Company:
    """One realm.

    Attributes: `realm_id`, `client_id`, `client_secret`, `refresh_token`, `preferences` (dict), `quota` (None switches it off),
    `counts`, `calls` (the log), `cap` (seconds), `clock_skew` (seconds), `requestid_memory` (True, False or how many).
    Methods: `objects(entity) -> list[dict]`, `balances() -> {account name: Decimal, debit positive}`,
    `entries(type, id) -> {account name: Decimal, debit positive}`, `id_of(entity, name) -> str`,
    `add_item(name=, sku=, kind="inventory"|"noninventory", cost=, quantity=) -> dict`, `report() -> dict`, `reset_counts()`.
    """

    def __init__(
        self, *, kind: str = "us", home_currency: str = "USD", realm_id: str = "4620816365000000001", seed: int = 1
    ) -> None:
        self.kind = kind
        self.home_currency = home_currency
        self.realm_id = realm_id
        self.seed = seed

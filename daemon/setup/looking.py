"""A connection that is being set up: both sides looked at, before there are settings of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cartledger.records import Token
from cartledger.settings import Settings, read_settings
from cartledger.settings.example import set_up
from cartledger.settings.reading import CREDENTIALS
from daemon.app import App, Line
from daemon.connecting.scopes import refuse_missing_scopes
from daemon.connecting.tokens import keep, keep_shop
from daemon.inspection import fetched, latest_orders, taxed_samples
from daemon.setup.chosen import Chosen
from mapping.proposal.connection import Seen

CLIENT_SECRET = "cartledger_connections__{name}__quickbooks__client_secret"  # noqa: S105 - the name of its file
_NOBODY = {"realm_id": "0", "client_id": "none"}


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What nobody may see: the shop's token, and of the company the app's secret and what a person allowed."""

    access_token: str = ""
    client_secret: str = ""
    token: Token | None = None


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The store itself. `zone` is "" where it names none that is known here."""

    name: str
    currency: str
    zone: str


@contextmanager
def drafted(
    chosen: Chosen, keys: Keys, environment: Mapping[str, str], build: Callable[[Settings], App]
) -> Iterator[Line]:
    """The connection with what is known of both sides, on settings and a ledger of its own, which are gone afterwards:
    the real program, and nothing of it stays. Raises SettingsWrong for what cannot be right."""
    connection = {
        "start_date": "2026-01-01",
        "workflows": ["sales"],
        "bigcommerce": chosen.connection["bigcommerce"],
        "quickbooks": {**_NOBODY, **chosen.connection.get("quickbooks", {})},
        "sales": {"post_as": "invoice"},
        "products": {"match_by": "sku"},
    }
    name = chosen.name
    with tempfile.TemporaryDirectory(prefix="cartledger-setup-") as made:
        folder = Path(made)
        (folder / CREDENTIALS).mkdir(mode=0o700)
        (folder / CREDENTIALS / CLIENT_SECRET.format(name=name)).write_text(keys.client_secret or "none")
        file = folder / "cartledger.toml"
        file.write_text(set_up({"connections": {name: connection}}), encoding="utf-8")
        ours = f"CARTLEDGER_CONNECTIONS__{name}__".upper()
        app = build(read_settings(file, {key: value for key, value in environment.items() if key.startswith(ours)}))
        try:
            line = app.lines[name]
            keep_shop(app.ledger, line.connection.bigcommerce.store_hash, keys.access_token)
            if keys.token is not None:
                quickbooks = line.connection.quickbooks
                keep(app.ledger, quickbooks.realm_id, quickbooks.client_id, keys.token)
            yield line
        finally:
            app.close()


def look_at_shop(line: Line, workflows: Iterable[str]) -> Shop:
    """Raises Forbidden with every scope that the token lacks for `workflows`, and what the client raises."""
    facts = line.shop.store()
    refuse_missing_scopes(line.connection.model_copy(update={"workflows": frozenset(workflows)}), line.shop)
    return Shop(
        name=str(facts.get("name", "")),
        currency=str(facts.get("currency", "")),
        zone=_known_zone(str((facts.get("timezone") or {}).get("name", ""))),
    )


def look_at_both(line: Line, say: Callable[[str], None]) -> Seen:
    """What proposals are made of. Raises what the clients raise."""
    say("reading the company")
    company = fetched(line)
    say("reading the shop's last orders")
    orders = latest_orders(line)
    samples, _ = taxed_samples(line, orders)
    say("reading the shop's catalogue")
    return Seen(orders=orders, samples=samples, skus=_skus(line.shop.variants()), company=company)


def _skus(variants: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(variant.get("sku") or "") for variant in variants]


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError):
        return ""

"""What of an item follows the shop: its sales price and its description, each where it changes there.

A link's hash says of each what the shop said last, as `name:hash`. So a price that a bookkeeper has set stays until the
shop's own changes, and what is not known yet is only remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.records import content_hash
from mapping.company import Company, TaxMode
from mapping.item import Product
from mapping.text import DESCRIPTION_LIMIT, cut

PRICE, DESCRIPTION = "price", "description"

_UNTOLD = "-"
_DIGITS = 12  # of 32: two prices of one product that share them will not be met
_FINEST_PRICE = Decimal("0.0000001")  # a unit price of QuickBooks keeps seven places


@dataclass(frozen=True, kw_only=True)
class Prices:
    """How the shop enters prices: in which currency, and with tax or without."""

    currency: str
    with_tax: bool


def read_prices(store: Mapping[str, Any]) -> Prices:
    """By what `/v2/store` answers."""
    return Prices(currency=str(store.get("currency", "")), with_tax=store.get("is_price_entered_with_tax") is True)


Said = Mapping[str, str]
"""What the shop said of an item, hashed, by what may follow it."""


def said_of(product: Product) -> Said:
    """What the catalogue says now; of a price that cannot be read nothing."""
    price = {} if product.price is None else {PRICE: _hash(format(product.price.normalize(), "f"))}
    return price | {DESCRIPTION: _hash(product.name)}


def said_when_made(product: Product, update: Collection[str]) -> Said:
    """The same of an item that is being made. A price that should be on it and is not known yet is one that the shop
    has not said, so that the first one that it says goes there."""
    untold = {PRICE: _UNTOLD} if PRICE in update else {}
    return {**untold, **said_of(product)}


def write_said(said: Said, token: str = "") -> str:
    """`token` is that of the item which a change is made to: the same price, sent again later, is another change."""
    parts = [f"{name}:{said[name]}" for name in (PRICE, DESCRIPTION) if name in said]
    return " ".join([*parts, f"after:{token}"] if token else parts)


def read_said(text: str) -> Said:
    """Nothing of a hash that an earlier version wrote."""
    parts = dict(part.partition(":")[::2] for part in text.split(" "))
    return {name: parts[name] for name in (PRICE, DESCRIPTION) if parts.get(name)}


def changed(before: Said, now: Said, update: Collection[str]) -> frozenset[str]:
    """What of `update` the shop says otherwise by now."""
    return frozenset(name for name in update if name in before and name in now and before[name] != now[name])


def fields_of(product: Product, names: Collection[str], company: Company, prices: Prices) -> dict[str, Any]:
    """The properties of an item that say these of the product. A price in another currency than the company's own says
    nothing."""
    price = _price(product, company, prices) if PRICE in names else {}
    described = {"Description": cut(product.name, DESCRIPTION_LIMIT)} if DESCRIPTION in names else {}
    return price | described


def _price(product: Product, company: Company, prices: Prices) -> dict[str, Any]:
    if product.price is None or not in_home_currency(company, prices):
        return {}
    price = {"UnitPrice": product.price.quantize(_FINEST_PRICE, ROUND_HALF_UP).normalize()}
    return price | ({"SalesTaxIncluded": prices.with_tax} if company.tax_mode is TaxMode.PER_LINE else {})


def in_home_currency(company: Company, prices: Prices) -> bool:
    return prices.currency == company.home_currency


def foreign_prices(company: Company, prices: Prices) -> Problem:
    """Why items get no price."""
    return Problem(
        code="foreign_prices",
        text=f"products.update names the price, but the shop enters prices in {prices.currency} and the books are in "
        f"{company.home_currency}: items get no price.",
    )


def _hash(text: str) -> str:
    return content_hash(text)[:_DIGITS]

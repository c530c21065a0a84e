"""Products that QuickBooks has no item for: what is made of each, under which name and on which accounts.

An item has no field for a marker. None is needed: whatever bears the SKU where products.match_by looks is the item,
whoever made it. So an item of ours whose answer was lost is found again like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import D
from cartledger.products import item_source
from cartledger.records import OrderLine
from cartledger.settings import Connection
from mapping.choice import Create, Match
from mapping.company import Account, Company, Miss, TaxMode, fold
from mapping.text import DESCRIPTION_LIMIT, clean, cut

NAME_LIMIT = 100
SKU_LIMIT = 100
NAME_FIELD, SKU_FIELD = "Name", "Sku"

_TOLD_BY_CATALOGUE = ("tracking", "price", "others")
_NUMBERED = 5
_DELETED = " (deleted)"
_CATEGORY, _GROUP = "Category", "Group"


@dataclass(frozen=True, kw_only=True)
class Product:
    """What the shop sells under one SKU, as an order line says it, or its catalogue. `product_id` is 0 for what is in
    no catalogue.

    Only the catalogue tells the rest: `tracking` how its stock is counted (`none`, `product` or `variant`), `price` in
    the shop's own currency as it enters prices, `others` which other products have this SKU, too, by name and id.
    """

    sku: str
    name: str
    product_id: int
    tracking: str = ""
    price: Decimal | None = None
    others: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for all lines that are one item: a SKU is the same in any case of letters."""
        return fold(self.sku)

    @property
    def source_id(self) -> str:
        """What messages, links and people know it by, beside the ids of orders and customers."""
        return item_source(self.key)


def product_of(line: OrderLine) -> Product:
    return Product(sku=line.sku, name=clean(line.name), product_id=line.product_id)


def write_product(product: Product) -> dict[str, Any]:
    """The product as JSON, for the ledger: what is not known of it is left out."""
    facts = {name: value for name, value in asdict(product).items() if name not in _TOLD_BY_CATALOGUE}
    return facts | {
        name: value for name in _TOLD_BY_CATALOGUE if (value := getattr(product, name)) not in ("", None, ())
    }


def read_product(facts: Mapping[str, Any]) -> Product:
    """What `write_product` wrote. Raises TypeError for anything else."""
    price = {"price": D(facts["price"])} if "price" in facts else {}
    return Product(**{**facts, **price, "others": tuple(facts.get("others", ()))})


def match_field(connection: Connection) -> str:
    """The property of an item that equals its SKU."""
    return NAME_FIELD if connection.products.match_by == "name" else SKU_FIELD


def names(product: Product, field: str) -> tuple[str, ...]:
    """Names to try, best first, always the same ones. Variants of one product share its name, so the SKU goes in."""
    if field == NAME_FIELD:
        return (product.sku,)
    # A colon would make a sub-item of it; double quotes are discouraged.
    name, sku = (re.sub(r"\s*:\s*", " ", text).replace('"', "'") for text in (product.name, product.sku))
    tag = f" ({sku})"
    with_sku = f"{cut(name, NAME_LIMIT - len(tag))}{tag}" if name and len(tag) < NAME_LIMIT // 2 else ""
    numbered = (f"{cut(sku, NAME_LIMIT - 4)} ({number})" for number in range(2, _NUMBERED))
    return tuple(dict.fromkeys(filter(None, (cut(name, NAME_LIMIT), with_sku, cut(sku, NAME_LIMIT), *numbered))))


def choose_item(
    product: Product, rows: Iterable[Mapping[str, Any]], field: str, *, taken: Iterable[str] = ()
) -> Match | Create | Problem:
    """The item to adopt among `rows` (Items as QuickBooks answers them), the name of a new one, or why there is none.

    `taken` are names that refused creations and others of the same batch hold. An item that is inactive is never
    adopted, nor is another one made beside it.
    """
    if problem := _unfit(product, field) or sold_twice(product):
        return problem
    items = {str(row["Id"]): row for row in rows}
    same = [row for row in items.values() if bears(row, field, product.key) and row.get("Type") != _CATEGORY]
    active = [row for row in same if row.get("Active", True) is not False]
    if len(active) == 1:
        return _adopted(active[0])
    if same:
        return about_sku(Miss.AMBIGUOUS if active else Miss.INACTIVE, product, field)
    known = {fold(name) for name in taken} | {
        borne(row, NAME_FIELD) for row in items.values() if not row.get("ParentRef")
    }
    free = next((name for name in names(product, field) if fold(name) not in known), None)
    return Create(name=free) if free else _name_taken(product)


def bears(row: Mapping[str, Any], field: str, key: str) -> bool:
    """Whether an Item of QuickBooks bears the SKU of `key`, active or not."""
    return borne(row, field) == key


def borne(row: Mapping[str, Any], field: str) -> str:
    """What an Item of QuickBooks bears in `field`, folded, without the mark of an inactive one."""
    return fold(str(row.get(field) or "").removesuffix(_DELETED))


def item_body(
    product: Product, name: str, *, opening: Decimal | None, connection: Connection, company: Company
) -> dict[str, Any] | tuple[Problem, ...]:
    """The Item to make, or what is wrong with the accounts that it needs.

    `opening` are the units that QuickBooks begins to count with, None for what the shop does not count. Prices and
    costs are never sent.
    """
    accounts = _accounts(NONINVENTORY if opening is None else INVENTORY, connection, company)
    if isinstance(accounts, tuple):
        return accounts
    us = company.tax_mode in (TaxMode.PLAIN, TaxMode.AUTOMATED)
    description = {"Description": cut(product.name, DESCRIPTION_LIMIT)} if product.name else {}
    common = {"Name": name, "Sku": product.sku, **description, **({"Taxable": True} if us else {}), **accounts}
    if opening is None:
        return {**common, "Type": "NonInventory"}
    stock = {"TrackQtyOnHand": True, "QtyOnHand": opening, "InvStartDate": _first_day(connection, company).isoformat()}
    return {**common, "Type": "Inventory", **stock}


INVENTORY, NONINVENTORY = "inventory_accounts", "noninventory_accounts"
_COGS = frozenset({"Cost of Goods Sold"})
ITEM_ACCOUNTS: Mapping[str, Mapping[str, tuple[str, frozenset[str]]]] = {
    INVENTORY: {
        "IncomeAccountRef": ("income", frozenset({"Income"})),
        "AssetAccountRef": ("asset", frozenset({"Other Current Asset"})),
        "ExpenseAccountRef": ("cogs", _COGS),
    },
    NONINVENTORY: {
        "IncomeAccountRef": ("income", frozenset({"Income", "Other Income"})),
        "ExpenseAccountRef": ("expense", frozenset({"Expense", "Other Expense"}) | _COGS),
    },
}
"""By the settings' section: each reference of the item, the key that names its account, and the types it may have."""


def _accounts(section: str, connection: Connection, company: Company) -> dict[str, Any] | tuple[Problem, ...]:
    named = getattr(connection.products, section)
    if named is None:
        return (_no_accounts(section),)
    found = {
        reference: _account(f"products.{section}.{key}", getattr(named, key), types, company)
        for reference, (key, types) in ITEM_ACCOUNTS[section].items()
    }
    problems = tuple(each for each in found.values() if isinstance(each, Problem))
    return problems or {reference: {"value": each.id} for reference, each in found.items() if isinstance(each, Account)}


def _account(setting: str, name: str, types: frozenset[str], company: Company) -> Account | Problem:
    account = company.account(name)
    if isinstance(account, Problem):
        return Problem(code=account.code, text=f"{setting}: {account.text}", fix=account.fix or f"Correct {setting}.")
    if account.type in types:
        return account
    allowed = " or ".join(sorted(types))
    text = f'{setting}: the account "{account.name}" is of type {account.type}.'
    return Problem(code="wrong_account_type", text=text, fix=f"It must be {allowed}.")


def _first_day(connection: Connection, company: Company) -> date:
    """The earliest day that a document may bear: stock that begins later would refuse its sales (6270), stock that
    begins in closed books would change them."""
    if company.book_close_date is None:
        return connection.start_date
    return max(connection.start_date, company.book_close_date + timedelta(days=1))


def about_sku(miss: Miss, product: Product, field: str) -> Problem:
    """Why a SKU leads to no item, by the property where it was looked for."""
    text, fix = _SKU_PROBLEMS[miss]
    what = "name" if field == NAME_FIELD else "SKU"
    return Problem(code=f"{miss}_item", text=text.format(field=what, sku=product.sku, name=product.name), fix=fix)


def bundle_item(name: str) -> Problem:
    return Problem(
        code="bundle_item",
        text=f'The item "{name}" is a QuickBooks bundle, which a sales line cannot name.',
        fix="Map to an ordinary item.",
    )


_SKU_PROBLEMS = {
    Miss.NONE: (
        'No QuickBooks item has the {field} "{sku}" ({name}).',
        "Create the item in QuickBooks, correct the SKU in BigCommerce, or set products.create_missing or "
        "sales.default_product.",
    ),
    Miss.AMBIGUOUS: (
        'Several active QuickBooks items have the {field} "{sku}" ({name}).',
        "Leave one of them active, or tell them apart.",
    ),
    Miss.INACTIVE: ('The QuickBooks item with the {field} "{sku}" is inactive ({name}).', "Make it active again."),
}


def _name_taken(product: Product) -> Problem:
    return Problem(
        code="item_name_taken",
        text=f'QuickBooks has other items under every name that one for "{product.sku}" ({product.name}) could get.',
        fix="Rename one of them, or create the item in QuickBooks.",
    )


def _no_accounts(section: str) -> Problem:
    counts = "counts" if section == INVENTORY else "does not count"
    return Problem(
        code=f"no_{section}",
        text=f"products.{section} is not set: no item can be made for products whose stock the shop {counts}.",
        fix=f"Set products.{section}, or create the item in QuickBooks.",
    )


def _unfit(product: Product, field: str) -> Problem | None:
    """A SKU that QuickBooks would keep otherwise than it is, so that no order would find it again."""
    too_long = len(product.sku) > (NAME_LIMIT if field == NAME_FIELD else SKU_LIMIT)
    as_name = field == NAME_FIELD and ":" in product.sku
    if not too_long and not as_name and clean(product.sku) == product.sku:
        return None
    return Problem(
        code="unfit_sku",
        text=f'The SKU "{cut(clean(product.sku), NAME_LIMIT)}" cannot be the {field} of a QuickBooks item: at most '
        f"{NAME_LIMIT} ordinary characters{', no colon' if field == NAME_FIELD else ''}.",
        fix="Correct the SKU in BigCommerce.",
    )


def sold_twice(product: Product) -> Problem | None:
    """Which of two products an item would be of is not known."""
    if not product.others:
        return None
    return Problem(
        code="sku_of_several",
        text=f'Several products of the shop have the SKU "{product.sku}": {product.name} (product {product.product_id})'
        f" and {', '.join(product.others)}.",
        fix="Give each of them a SKU of its own in BigCommerce.",
    )


def _adopted(row: Mapping[str, Any]) -> Match | Problem:
    if row.get("Type") == _GROUP:
        return bundle_item(str(row.get("Name", "")))
    return Match(id=str(row["Id"]), sync_token=str(row.get("SyncToken", "")))

"""Finds in the company what an order's documents refer to, and gathers all that is not there.

A name that is not found answers with an empty id and leaves a problem behind, so that one look at an order tells
everything that keeps it from being posted.
"""

from __future__ import annotations

from typing import TypeVar

from cartledger.errors import Problem
from cartledger.records import OrderLine
from cartledger.settings import Connection, nearest
from mapping.company import Company, Entry, Item, Miss, find, fold
from mapping.currency import check_account
from mapping.item import NAME_FIELD, Product, about_sku, bundle_item, match_field, product_of

SHIPPING_ITEM = "SHIPPING_ITEM_ID"
TO_BE_MADE = "to be made"
"""Stands for the id of an item that there is not yet."""

E = TypeVar("E", bound=Entry)


class Finder:
    """One look-up run for one order; `problems` is what was missing, each reason once."""

    def __init__(self, connection: Connection, company: Company) -> None:
        self.connection = connection
        self.company = company
        self._problems: dict[Problem, None] = {}
        self._wanted: dict[str, Product] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    @property
    def wanted(self) -> tuple[Product, ...]:
        """Products that an item must be made of first; `TO_BE_MADE` stands for its id."""
        return tuple(self._wanted.values())

    def report(self, problem: Problem) -> None:
        self._problems[problem] = None

    def product(self, line: OrderLine) -> tuple[str, bool]:
        """Item id for a product line, and whether it is the default product's."""
        found = self._by_sku(line)
        if isinstance(found, Item):
            return self._sellable(found), False
        if found.code == "no_item" and self.connection.products.create_missing:
            return self._made(product_of(line)), False
        if found.code in ("blank_sku", "no_item"):
            default = self.connection.sales.default_product
            if default is not None:
                return self.item("default_product", what="lines without a match"), True
        self.report(found)
        return "", False

    def item(self, setting: str, *, what: str, section: str = "sales") -> str:
        """Id of the item that `<section>.<setting>` names; `what` is what the order needs it for."""
        key, name = f"{section}.{setting}", getattr(getattr(self.connection, section), setting)
        if name is None:
            self.report(
                Problem(
                    code=f"no_{setting}",
                    text=f"The order has {what}, and {key} is not set.",
                    fix=f"Set {key} to a QuickBooks item.",
                )
            )
            return ""
        found = self._found(self.company.item(name), key)
        return self._sellable(found) if found else ""

    def shipping(self) -> str:
        """Id of the shipping item, or QuickBooks' own shipping field where the company allows it."""
        if self.connection.sales.shipping_item is None and self.company.allows_shipping:
            return SHIPPING_ITEM
        return self.item("shipping_item", what="shipping, the company's shipping field is off")

    def account(self, name: str | None, currency: str, *, setting: str = "payments") -> str:
        """Id of the account that money in `currency` is deposited to, or leaves; `setting` is what names it."""
        if name is None:
            self.report(
                Problem(
                    code="no_default_account",
                    text="The money's account is not known, since payments.default_account is not set.",
                    fix="Set payments.default_account to a clearing account.",
                )
            )
            return ""
        found = self._found(self.company.account(name), setting)
        if found and (problem := check_account(found, currency, self.company)):
            self.report(problem)
        return found.id if found else ""

    def payment_method(self, name: str) -> str:
        found = self._found(self.company.payment_method(name), "payments.methods")
        return found.id if found else ""

    def class_(self) -> str:
        """Id of the class of all documents or lines, "" where none is set."""
        name, tracking = self.connection.sales.class_, self.company.tracking
        if name is None or not self._tracked("class", name, on=tracking.class_per_document or tracking.class_per_line):
            return ""
        found = self._found(self.company.class_(name), "sales.class")
        return found.id if found else ""

    def location(self) -> str:
        """Id of the location of all documents, "" where none is set."""
        name = self.connection.sales.location
        if name is None or not self._tracked("location", name, on=self.company.tracking.locations):
            return ""
        found = self._found(self.company.location(name), "sales.location")
        return found.id if found else ""

    def custom_field(self, name: str) -> str:
        """Definition id of a custom field of sales forms."""
        found = self.company.custom_fields.get(fold(name), "")
        if not found:
            near = nearest(name, self.company.custom_fields)
            self.report(
                Problem(
                    code="no_custom_field",
                    text=f'sales.custom_fields: QuickBooks has no custom field "{name}" on sales forms.{near}',
                    fix="Switch it on in QuickBooks under Sales, or take it out of sales.custom_fields.",
                )
            )
        return found

    def _tracked(self, what: str, name: str, *, on: bool) -> bool:
        """QuickBooks drops in silence what it does not track."""
        if not on:
            self.report(
                Problem(
                    code=f"{what}_not_tracked",
                    text=f'sales.{what} is "{name}", and {what} tracking is off in QuickBooks.',
                    fix=f"Switch it on there, or take sales.{what} out.",
                )
            )
        return on

    def _found(self, found: E | Problem, setting: str) -> E | None:
        if not isinstance(found, Problem):
            return found
        self.report(Problem(code=found.code, text=f"{setting}: {found.text}", fix=found.fix))
        return None

    def _sellable(self, item: Item) -> str:
        if item.type != "Group":
            return item.id
        self.report(bundle_item(item.name))
        return ""

    def _made(self, product: Product) -> str:
        """Id of the item of a SKU that no item is known to bear: it is new, or has been given another name since."""
        item_id = self.company.made_items.get(product.key)
        if item_id is None:
            self._wanted.setdefault(product.key, product)
            return TO_BE_MADE
        known = self.company.items_by_id.get(item_id)
        if known is not None and not known.active:
            self.report(about_sku(Miss.INACTIVE, product, match_field(self.connection)))
            return ""
        return self._sellable(known) if known else item_id

    def _by_sku(self, line: OrderLine) -> Item | Problem:
        if not line.sku:
            return Problem(
                code="blank_sku",
                text=f'The line "{line.name}" has no SKU.',
                fix="Give the product a SKU in BigCommerce, or set sales.default_product.",
            )
        field = match_field(self.connection)
        found = find(self.company.items_by_name if field == NAME_FIELD else self.company.items_by_sku, line.sku)
        return about_sku(found, product_of(line), field) if isinstance(found, Miss) else found

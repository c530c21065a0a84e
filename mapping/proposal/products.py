"""How the shop's SKUs meet the company's items, and the accounts of items that are to be made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mapping.company import Account, Company, Miss, find, fold
from mapping.item import ITEM_ACCOUNTS
from mapping.proposal.proposed import Found, Open, Proposed

_USUAL: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "income": (("SalesOfProductIncome",), ("Sales of Product Income", "Sales")),
    "asset": (("Inventory",), ("Inventory Asset", "Inventory")),
    "cogs": (("SuppliesMaterialsCogs",), ("Cost of Goods Sold", "Cost of sales")),
    "expense": (("SuppliesMaterialsCogs", "SuppliesMaterials"), ("Cost of Goods Sold", "Cost of sales", "Purchases")),
}
"""By setting: QuickBooks' own kinds of such accounts (AccountSubType), and how they are called when it makes them."""


@dataclass(frozen=True, kw_only=True)
class Matches:
    """How many SKUs the shop has, of how many an item bears the SKU, and of how many its name."""

    skus: int
    by_sku: int
    by_name: int

    @property
    def match_by(self) -> str:
        return "name" if self.by_name > self.by_sku else "sku"

    @property
    def missing(self) -> int:
        """SKUs that have no item, as they are matched."""
        return self.skus - max(self.by_sku, self.by_name)

    def __str__(self) -> str:
        return f"of {self.skus:,} SKUs {self.by_sku:,} are an item's SKU, {self.by_name:,} an item's name"


def matches(skus: Iterable[str], company: Company) -> Matches:
    """`skus` in any case of letters; blanks count for nothing."""
    every = {fold(sku) for sku in skus} - {""}
    by_sku, by_name = (
        sum(not isinstance(find(table, sku), Miss) for sku in every)
        for table in (company.items_by_sku, company.items_by_name)
    )
    return Matches(skus=len(every), by_sku=by_sku, by_name=by_name)


def propose_item_accounts(company: Company) -> Iterator[Found]:
    """For products.create_missing."""
    for section, references in ITEM_ACCOUNTS.items():
        found = {key: _account(key, types, company) for key, types in references.values()}
        missing = [key for key, account in found.items() if account is None]
        key = ("products", section)
        if missing:
            text = f"No account is surely the one for {' and '.join(missing)}: orders of such new products are held."
            yield Open(key=key, text=text, fix="Name the accounts.")
        else:
            yield Proposed(
                key=key,
                value={name: _named(account, company) for name, account in found.items() if account},
                why="by their kind",
            )


def _account(key: str, types: frozenset[str], company: Company) -> Account | None:
    """By the usual name, else the one of that kind."""
    subtypes, names = _USUAL[key]
    fitting = [each for each in company.accounts_by_id.values() if each.active and each.type in types]
    called = [each for name in names for each in fitting if fold(name) in (fold(each.name), fold(each.path))]
    if called:
        return called[0]
    kind = [each for each in fitting if each.subtype in subtypes]
    return kind[0] if len(kind) == 1 else None


def _named(account: Account, company: Company) -> str:
    """With its parents, where others have its name."""
    return account.name if find(company.accounts, account.name) == account else account.path

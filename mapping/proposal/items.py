"""Which of the company's items stand for what is no product: shipping, discounts, certificates, cents.

They are told by their names, which people give in a handful of ways. What posts to an account of the wrong type is not
proposed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mapping.checks.company import ITEM_SETTINGS
from mapping.checks.named import INCOME, check_item
from mapping.company import Company, Miss, find
from mapping.proposal.proposed import Found, Key, Open, Proposed

_OF_SALES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "default_product": (
        ("Unknown product", "Unknown item", "Default product", "Default item", "Miscellaneous"),
        "lines whose product has no item in QuickBooks hold their order",
    ),
    "gift_card_product": (
        ("Gift certificate", "Gift certificates", "Gift card", "Gift cards", "Gift voucher", "Gift vouchers"),
        "orders with gift certificates are held",
    ),
    "store_credit_product": (
        ("Store credit", "Store credits", "Customer credit"),
        "orders that store credit was redeemed on are held",
    ),
    "discount_product": (
        ("Discount", "Discounts", "Sales discount", "Discounts given", "Coupon", "Coupons"),
        "discounts go to QuickBooks' own discount line",
    ),
    "rounding_product": (
        ("Rounding", "Rounding difference", "Rounding adjustment", "Rounding differences"),
        "orders that do not close to the cent are held",
    ),
    "shipping_item": (
        ("Shipping", "Shipping charge", "Shipping charges", "Shipping income", "Delivery", "Freight", "Postage"),
        "shipping goes to QuickBooks' own shipping field",
    ),
    "handling_item": (
        ("Handling", "Handling fee", "Handling charge", "Shipping and handling"),
        "orders with handling are held",
    ),
    "wrapping_item": (("Wrapping", "Gift wrapping", "Gift wrap"), "orders with gift wrapping are held"),
    "fee_item": (("Fee", "Fees", "Order fee", "Order fees", "Service fee", "Surcharge"), "orders with fees are held"),
}
"""By setting: the names, best first, and what it means to have none."""

_OF_REFUNDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "no_restock_product": (
        ("Returned goods", "Returned products", "Returns", "Sales returns", "Product returns"),
        "refunds cannot be booked without it",
    ),
    "adjustment_product": (
        ("Refund adjustments", "Refund adjustment", "Refunds", "Refund"),
        "refunds of an amount without goods are held",
    ),
}


def propose_items(company: Company) -> Iterator[Found]:
    """Each setting of sales that names an item: the one that fits, or that there is none."""
    for setting, (names, without) in _OF_SALES.items():
        yield _item(("sales", setting), names, without, ITEM_SETTINGS[setting], company, counted=True)


def propose_refund_items(company: Company) -> Iterator[Found]:
    """The same for refunds."""
    for setting, (names, without) in _OF_REFUNDS.items():
        yield _item(("refunds", setting), names, without, INCOME, company, counted=False)


def _item(
    key: Key, names: tuple[str, ...], without: str, types: frozenset[str] | None, company: Company, *, counted: bool
) -> Found:
    unfit = ""
    for name in names:
        item = find(company.items_by_name, name)
        if isinstance(item, Miss):
            continue
        wrong = next(check_item(key, name, types, company, counted=counted), None)
        if wrong is None:
            return Proposed(key=key, value=item.name, why="by its name")
        unfit = unfit or f"{wrong.text} {wrong.fix} "
    text = f"{unfit}Without it {without}."
    return Open(key=key, text=text, fix=f'Make an item in QuickBooks ("{names[0]}"{_posting_to(types)}), and name it.')


def _posting_to(types: frozenset[str] | None) -> str:
    return f", on an account of type {' or '.join(sorted(types))}" if types else ""

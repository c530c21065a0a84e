"""What takes back all of a sale that earlier refunds have left of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cartledger.money import ZERO
from cartledger.refunds import Refund
from mapping.case import Case
from mapping.company import TaxRate
from mapping.decision import Held, Needs
from mapping.finder import SHIPPING_ITEM, Finder
from mapping.lines import Line, draft_sale
from mapping.pricing import Priced
from mapping.refunds.content import Content, refund_content
from mapping.refunds.pieces import credit_of
from mapping.tax.rates import Taxes, taxes_of
from mapping.tax_fields import tax_fields

STOCKED = "Inventory"


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The lines of the memo and its fields of tax; `total` is with tax, in the order's currency."""

    lines: tuple[Line, ...]
    tax_fields: dict[str, Any]
    total: Decimal


def whole_content(
    priced: Priced, earlier: Iterable[Refund], later: Iterable[Refund], case: Case, find: Finder
) -> Whole | Needs | None:
    """The sale as it was posted, without what was redeemed for it; less what the documents of `earlier` refunds took
    back, and less what the shop owes for `later` ones, which have no documents with lines of their own. None where that
    cannot be told; why is reported to `find`."""
    taken: list[Content] = []
    for refund in earlier:
        content = refund_content(refund, priced, case, find)
        if not isinstance(content, Content):
            return content
        taken.append(content)
    sold = [line for line in draft_sale(priced.bill, priced.coding, find).lines if not line.redeemed]
    back = [line for content in taken for line in content.lines if not line.redeemed]
    credit = [line for refund in later for line in credit_of(refund, priced, find)]
    lines = tuple(_one_shipping([*sold, *(_turned(line, find) for line in back), *credit]))
    taxes = _less(taxes_of(priced.bill, priced.coding), taken)
    fields = tax_fields(lines, taxes, priced.bill, find, case.facts)
    if isinstance(fields, Held):
        for problem in fields.problems:
            find.report(problem)
    if find.problems or isinstance(fields, Held):
        return None
    if isinstance(fields, Needs):
        return fields
    return Whole(lines=lines, tax_fields=fields, total=sum((line.amount for line in lines), taxes.total))


def _turned(line: Line, find: Finder) -> Line:
    """What a refund took back is not taken back again. Units count where stock moves; else the price is negative, as
    QuickBooks is known to take it."""
    item = find.company.items_by_id.get(line.item)
    if line.quantity is not None and item is not None and item.type == STOCKED:
        return replace(line, amount=-line.amount, quantity=-line.quantity)
    return replace(line, amount=-line.amount)


def _one_shipping(lines: Sequence[Line]) -> Iterator[Line]:
    """A form has one line of QuickBooks' own shipping."""
    shipping = [line for line in lines if line.item == SHIPPING_ITEM]
    for line in lines:
        if line.item != SHIPPING_ITEM:
            yield line
        elif line is shipping[0]:
            yield replace(line, amount=sum((each.amount for each in shipping), ZERO))


def _less(taxes: Taxes, taken: Iterable[Content]) -> Taxes:
    by_rate, things, total = dict(taxes.by_rate), dict(taxes.things), taxes.total
    known = {rate.id: rate for rate in by_rate}
    for content in taken:
        total -= content.tax
        for line in content.tax_fields.get("TxnTaxDetail", {}).get("TaxLine", ()):
            rate: TaxRate | None = known.get(line["TaxLineDetail"]["TaxRateRef"]["value"])
            if rate is not None:
                by_rate[rate] -= line["Amount"]
                things[rate] = things.get(rate, ZERO) + len(content.lines)
    return Taxes(total=total, by_rate=by_rate, things=things)

"""What a document says of tax: nothing, one code for all of it, or a line for each rate."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from mapping.bill import Bill
from mapping.company import TaxCode, TaxMode
from mapping.decision import Held, Needs
from mapping.facts import Facts
from mapping.finder import Finder
from mapping.lines import Line
from mapping.pricing import us_code
from mapping.tax.rates import Taxes, tax_detail
from mapping.tax.us import tax_block


def tax_fields(
    lines: Sequence[Line], taxes: Taxes, bill: Bill, find: Finder, facts: Facts
) -> dict[str, Any] | Needs | Held:
    """The fields of a document of `lines` that bears `taxes`; none in the US where it bears none. `bill` is that of the
    order that it belongs to."""
    if find.company.tax_mode is TaxMode.UNTAXED:
        return {"GlobalTaxCalculation": "NotApplicable"}
    if find.company.tax_mode is TaxMode.PER_LINE:
        detail = tax_detail([(line.amount, line.code) for line in lines], taxes)
        if isinstance(detail, Problem):
            return Held(problems=(detail,))
        return {"GlobalTaxCalculation": "TaxExcluded", "TxnTaxDetail": detail}
    return {} if taxes.total == 0 else _us_fields(lines, taxes.total, bill, find, facts)


def _us_fields(
    lines: Sequence[Line], total: Decimal, bill: Bill, find: Finder, facts: Facts
) -> dict[str, Any] | Needs | Held:
    code = us_code(bill, facts, find)
    if not isinstance(code, TaxCode):
        return code
    base = sum((line.amount for line in lines if line.taxed), ZERO)
    # Without the flag an automated company adds its own shipping tax on top of the explicit amount.
    return {"TxnTaxDetail": tax_block(code, total, base, find.company), "ShippingTaxIncludedInTotalTax": True}

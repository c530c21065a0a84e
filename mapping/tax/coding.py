"""The tax code of each charge: TAX or NON in US companies, a real code with its rates elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from cartledger.errors import Problem
from mapping.bill import Bill
from mapping.company import TaxCode

TAX = TaxCode(id="TAX", name="TAX", active=True, taxable=True, rates=())
NON = TaxCode(id="NON", name="NON", active=True, taxable=False, rates=())
US_CODES = (TAX, NON)
"""The pseudo-codes of US lines; the document's one real code brings the rates."""
NO_CODE = TaxCode(id="", name="", active=True, taxable=False, rates=())
"""Of lines that bear none; and where one is missing, so that all that is missing is found in one look."""


@dataclass(frozen=True, kw_only=True)
class Coded:
    """The code of one charge, and the shop's tax on it for each of the code's rates (order currency)."""

    code: TaxCode
    taxes: tuple[Decimal, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Coding:
    """The charges' codes in their order, and the code of lines that are no supply, or why there is none."""

    charges: tuple[Coded, ...]
    no_supply: TaxCode | Problem


def us_coding(bill: Bill) -> Coding:
    """A line is TAX when the shop charged tax on it; in an order without tax all are NON."""
    untaxed = bill.totals.tax == 0
    codes = [Coded(code=TAX if charge.taxed and not untaxed else NON) for charge in bill.charges]
    return Coding(charges=tuple(codes), no_supply=NON)


def no_coding(bill: Bill) -> Coding:
    """Companies outside the US that are not registered for tax take no codes."""
    return Coding(charges=(Coded(code=NO_CODE),) * len(bill.charges), no_supply=NO_CODE)

"""Sales tax. One rule per kind of company; a rule says what a line's code means and what the whole sale is taxed."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.quickbooks.tax.coded import CodedTax
from simulator.quickbooks.tax.sale import TaxRule
from simulator.quickbooks.tax.us import AutomatedTax, PlainTax

RULES: Mapping[str, TaxRule] = {
    "us": PlainTax(),
    "us_ast": AutomatedTax(),
    "eur": PlainTax(),
    **dict.fromkeys(("uk", "au", "ca"), CodedTax()),
}

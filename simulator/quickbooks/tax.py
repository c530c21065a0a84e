"""Sales tax. One rule per kind of company; a rule says what a line's code means and what the whole sale is taxed.

`RULES` is where companies outside the US get theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from simulator.quickbooks import errors
from simulator.quickbooks.state import Record, State
from simulator.quickbooks.wire import ZERO, JsonObject, money

TAXABLE = "TAX"
EXEMPT = "NON"


@dataclass(frozen=True, kw_only=True)
class TaxableLine:
    amount: Decimal
    taxable: bool
    shipping: bool


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What a tax rule looks at. `block` is the TxnTaxDetail asked for, `state_code` where the goods go if known."""

    lines: Sequence[TaxableLine]
    discount: Decimal
    tax_after_discount: bool
    block: JsonObject
    shipping_included: bool
    state_code: str | None
    new: bool

    @property
    def base(self) -> Decimal:
        """The taxable amount; a discount on the whole sale falls on taxable and exempt lines alike."""
        taxable = sum((line.amount for line in self.lines if line.taxable), ZERO)
        everything = sum((line.amount for line in self.lines), ZERO)
        if not self.tax_after_discount or not self.discount or not everything:
            return taxable
        return taxable - money(self.discount * taxable / everything)

    @property
    def taxed_shipping(self) -> Decimal:
        return sum((line.amount for line in self.lines if line.taxable and line.shipping), ZERO)


@dataclass(frozen=True, kw_only=True)
class Tax:
    total: Decimal = ZERO
    detail: JsonObject = field(default_factory=lambda: {"TotalTax": ZERO})


class TaxRule(Protocol):
    def line_code(self, supplied: str | None, item: Record | None) -> str:
        """The code a line is stored with. Raises FaultError for one that cannot be used."""

    def assess(self, state: State, sale: Sale) -> Tax:
        """The tax of the whole sale. Raises FaultError for a tax block that cannot be used."""


class PlainTax:
    """US without automated sales tax: the sender's amounts stand, and without them there is no tax."""

    def line_code(self, supplied: str | None, item: Record | None) -> str:  # noqa: ARG002 - the item has no say here
        return _us_code(supplied or EXEMPT)

    def assess(self, state: State, sale: Sale) -> Tax:
        block = sale.block
        lines = block.get("TaxLine", [])
        code = _real_code(state, block)
        _check_tax_lines(state, lines)
        # A code alone was reported to leave the sale untaxed, although the documentation says it would be computed.
        if code is None or not lines or "TotalTax" not in block:
            return Tax()
        total = money(Decimal(block["TotalTax"]))
        if sum((Decimal(line["Amount"]) for line in lines), ZERO) != total:
            raise errors.business("The tax lines don't add up to the total tax.")
        if total and not _has_taxable(sale):
            raise errors.tax_not_allowed()
        shown = [_tax_line(state, line, code, sale.base) for line in lines]
        reference = {"value": code.id}
        return Tax(total=total, detail={"TxnTaxCodeRef": reference, "TotalTax": total, "TaxLine": shown})


class AutomatedTax:
    """US with automated sales tax: the engine decides unless an amount is sent together with a code."""

    engine_code = "5"

    def line_code(self, supplied: str | None, item: Record | None) -> str:
        if supplied:
            return _us_code(supplied)
        exempt = item is not None and item.shown.get("Taxable") is False
        return EXEMPT if exempt else TAXABLE

    def assess(self, state: State, sale: Sale) -> Tax:
        if sale.new and sale.block.get("TaxLine"):
            raise errors.business("Tax lines can't be set while sales tax is automated.")
        if sale.block.get("TxnTaxCodeRef", {}).get("value") not in {None, TAXABLE}:
            _real_code(state, sale.block)
        asked = money(Decimal(sale.block.get("TotalTax", 0)))
        if asked and not _has_taxable(sale):
            raise errors.tax_not_allowed()
        rates = _rates(state, state.get("TaxCode", self.engine_code))
        # No presence in another state, no tax there.
        outside = sale.state_code not in {None, _home_state(state)}
        owed = Decimal(0) if outside else sum((rate for _, rate in rates), ZERO)
        total = self._total(sale, asked if state.honours_tax_override else ZERO, owed)
        return Tax(total=total, detail=self._detail(rates, total, sale.base)) if total else Tax()

    def _total(self, sale: Sale, asked: Decimal, percent: Decimal) -> Decimal:
        """An amount of zero is no override: it was reported to be computed anew."""
        override = asked and "TxnTaxCodeRef" in sale.block and not sale.block.get("UseAutomatedSalesTax")
        if not override:
            return money(sale.base * percent / 100)
        on_top = ZERO if sale.shipping_included else money(sale.taxed_shipping * percent / 100)
        return asked + on_top

    def _detail(self, rates: Sequence[tuple[str, Decimal]], total: Decimal, base: Decimal) -> JsonObject:
        """The total is prorated over the rates of the engine's code; the last one takes the odd cent."""
        percent = sum((rate for _, rate in rates), ZERO)
        shares = [money(total * rate / percent) for _, rate in rates]
        shares[-1] += total - sum(shares, ZERO)
        lines = [
            _shown_tax_line(rate, percent, share, base) for (rate, percent), share in zip(rates, shares, strict=True)
        ]
        return {"TxnTaxCodeRef": {"value": self.engine_code}, "TotalTax": total, "TaxLine": lines}


RULES: Mapping[str, TaxRule] = {"us": PlainTax(), "us_ast": AutomatedTax()}


def _us_code(supplied: str) -> str:
    if supplied not in {TAXABLE, EXEMPT}:
        raise errors.wrong_line_tax_code(supplied)
    return supplied


def _has_taxable(sale: Sale) -> bool:
    return any(line.taxable for line in sale.lines)


def _real_code(state: State, block: JsonObject) -> Record | None:
    reference = block.get("TxnTaxCodeRef")
    if not reference:
        return None
    if reference["value"] in {TAXABLE, EXEMPT}:
        raise errors.no_such_reference("TaxCodes", reference["value"])
    return state.refer("TaxCode", reference)


def _check_tax_lines(state: State, lines: Sequence[JsonObject]) -> None:
    for line in lines:
        if line.get("DetailType") != "TaxLineDetail" or "Amount" not in line:
            missing = "TxnTaxDetail.TaxLine.Amount" if line.get("DetailType") else "TxnTaxDetail.TaxLine.DetailType"
            raise errors.fault(errors.required(missing))
        reference = line.get("TaxLineDetail", {}).get("TaxRateRef")
        if not reference:
            raise errors.fault(errors.required("TxnTaxDetail.TaxLine.TaxLineDetail.TaxRateRef"))
        state.refer("TaxRate", reference)


def _rates(state: State, code: Record) -> list[tuple[str, Decimal]]:
    """(rate id, percent) of a tax code."""
    details = code.shown["SalesTaxRateList"]["TaxRateDetail"]
    ids = [detail["TaxRateRef"]["value"] for detail in details]
    return [(rate, Decimal(state.get("TaxRate", rate).shown["RateValue"])) for rate in ids]


def _tax_line(state: State, line: JsonObject, code: Record, base: Decimal) -> JsonObject:
    """The rate is rewritten to the code's own when the code has but one."""
    rates = dict(_rates(state, code))
    rate = line["TaxLineDetail"]["TaxRateRef"]["value"]
    if rate not in rates:
        if len(rates) != 1:
            raise errors.business(f"Tax rate {rate} does not belong to tax code {code.id}.")
        rate = next(iter(rates))
    return _shown_tax_line(rate, rates[rate], Decimal(line["Amount"]), base)


def _shown_tax_line(rate: str, percent: Decimal, amount: Decimal, base: Decimal) -> JsonObject:
    return {
        "Amount": money(amount),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate},
            "PercentBased": True,
            "TaxPercent": percent,
            "NetAmountTaxable": money(base),
        },
    }


def _home_state(state: State) -> str | None:
    for record in state.records("CompanyInfo"):
        code: str | None = record.shown["CompanyAddr"].get("CountrySubDivisionCode")
        return code
    return None

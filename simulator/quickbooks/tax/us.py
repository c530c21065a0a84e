"""Sales tax in the US: lines are taxable or not, and one code taxes the whole sale."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.state import Record, State
from simulator.quickbooks.tax.sale import (
    Sale,
    Tax,
    TaxableLine,
    check_tax_lines,
    prorated,
    rates_of,
    shown_tax_line,
)
from simulator.quickbooks.wire import ZERO, JsonObject, money

TAXABLE = "TAX"
EXEMPT = "NON"


class _UsTax:
    def mode(self, asked: JsonObject) -> str:  # noqa: ARG002 - GlobalTaxCalculation is ignored in the US
        return ""

    def header(self, asked: JsonObject) -> JsonObject:
        return {"ApplyTaxAfterDiscount": bool(asked.get("ApplyTaxAfterDiscount"))}

    def line(self, state: State, mode: str, detail: JsonObject, amount: Decimal, item: Record | None) -> TaxableLine:
        del state, mode
        return TaxableLine(amount=amount, code=self._code(detail.get("TaxCodeRef", {}).get("value"), item))

    def discount(self, state: State, mode: str, detail: JsonObject, amount: Decimal) -> TaxableLine:
        """It falls on taxable and exempt lines alike, whatever code it carries."""
        del state, mode, detail
        return TaxableLine(amount=amount)

    def _code(self, supplied: str | None, item: Record | None) -> str:
        raise NotImplementedError


class PlainTax(_UsTax):
    """US without automated sales tax: the sender's amounts stand, and without them there is no tax."""

    def _code(self, supplied: str | None, item: Record | None) -> str:  # noqa: ARG002 - the item has no say here
        return _us_code(supplied or EXEMPT)

    def assess(self, state: State, sale: Sale) -> Tax:
        block = sale.block
        lines = block.get("TaxLine", [])
        code = _real_code(state, block)
        check_tax_lines(state, lines)
        # A code alone was reported to leave the sale untaxed, although the documentation says it would be computed.
        if code is None or not lines or "TotalTax" not in block:
            return Tax()
        total = money(Decimal(block["TotalTax"]))
        if sum((Decimal(line["Amount"]) for line in lines), ZERO) != total:
            raise errors.business("The tax lines don't add up to the total tax.")
        if total and not _has_taxable(sale):
            raise errors.tax_not_allowed()
        shown = [_tax_line(state, line, code, _base(sale)) for line in lines]
        reference = {"value": code.id}
        return Tax(total=total, detail={"TxnTaxCodeRef": reference, "TotalTax": total, "TaxLine": shown})


class AutomatedTax(_UsTax):
    """US with automated sales tax: the engine decides unless an amount is sent together with a code."""

    engine_code = "5"

    def _code(self, supplied: str | None, item: Record | None) -> str:
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
        rates = rates_of(state, state.get("TaxCode", self.engine_code))
        # No presence in another state, no tax there.
        outside = sale.state_code not in {None, _home_state(state)}
        owed = Decimal(0) if outside else sum((rate for _, rate in rates), ZERO)
        total = self._total(sale, asked if state.honours_tax_override else ZERO, owed)
        return Tax(total=total, detail=self._detail(rates, total, _base(sale))) if total else Tax()

    def _total(self, sale: Sale, asked: Decimal, percent: Decimal) -> Decimal:
        """An amount of zero is no override: it was reported to be computed anew."""
        override = asked and "TxnTaxCodeRef" in sale.block and not sale.block.get("UseAutomatedSalesTax")
        if not override:
            return money(_base(sale) * percent / 100)
        shipping = sale.shipping
        if sale.shipping_included or shipping is None or shipping.code != TAXABLE:
            return asked
        return asked + money(shipping.amount * percent / 100)

    def _detail(self, rates: Sequence[tuple[str, Decimal]], total: Decimal, base: Decimal) -> JsonObject:
        """The total is prorated over the rates of the engine's code."""
        shares = prorated(total, [percent for _, percent in rates])
        lines = [
            shown_tax_line(rate, percent, share, base) for (rate, percent), share in zip(rates, shares, strict=True)
        ]
        return {"TxnTaxCodeRef": {"value": self.engine_code}, "TotalTax": total, "TaxLine": lines}


def _us_code(supplied: str) -> str:
    if supplied not in {TAXABLE, EXEMPT}:
        raise errors.wrong_line_tax_code(supplied)
    return supplied


def _has_taxable(sale: Sale) -> bool:
    return any(line.code == TAXABLE for line in sale.lines)


def _base(sale: Sale) -> Decimal:
    """The taxable amount; a discount on the whole sale falls on taxable and exempt lines alike."""
    taxable = sum((line.amount for line in sale.lines if line.code == TAXABLE), ZERO)
    everything = sum((line.amount for line in sale.lines), ZERO)
    if not sale.tax_after_discount or sale.discount is None or not everything:
        return taxable
    return taxable - money(sale.discount.amount * taxable / everything)


def _real_code(state: State, block: JsonObject) -> Record | None:
    reference = block.get("TxnTaxCodeRef")
    if not reference:
        return None
    if reference["value"] in {TAXABLE, EXEMPT}:
        raise errors.no_such_reference("TaxCodes", reference["value"])
    return state.refer("TaxCode", reference)


def _tax_line(state: State, line: JsonObject, code: Record, base: Decimal) -> JsonObject:
    """The rate is rewritten to the code's own when the code has but one."""
    rates = dict(rates_of(state, code))
    rate = line["TaxLineDetail"]["TaxRateRef"]["value"]
    if rate not in rates:
        if len(rates) != 1:
            raise errors.business(f"Tax rate {rate} does not belong to tax code {code.id}.")
        rate = next(iter(rates))
    return shown_tax_line(rate, rates[rate], Decimal(line["Amount"]), base)


def _home_state(state: State) -> str | None:
    for record in state.records("CompanyInfo"):
        code: str | None = record.shown["CompanyAddr"].get("CountrySubDivisionCode")
        return code
    return None

"""Tax outside the US: every line has a code of its own, and every rate of these codes is one tax line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import ZERO, JsonObject, money

UNTAXED = "NotApplicable"
INCLUSIVE = "TaxInclusive"
_FEW_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Owed:
    """The company's own sum for one rate, over so many lines."""

    lines: int
    percent: Decimal
    base: Decimal
    amount: Decimal


class CodedTax:
    """The company computes the tax itself; a tax line near enough to its own sum is taken instead."""

    def mode(self, asked: JsonObject) -> str:
        require(asked, ["GlobalTaxCalculation"])
        found: str = asked["GlobalTaxCalculation"]
        return found

    def header(self, asked: JsonObject) -> JsonObject:
        return {"GlobalTaxCalculation": self.mode(asked)}

    def line(
        self,
        state: State,
        mode: str,
        detail: JsonObject,
        amount: Decimal,
        item: Record | None,  # noqa: ARG002 - the item has no say here
    ) -> TaxableLine:
        reference = detail.get("TaxCodeRef")
        if mode == UNTAXED:
            if reference:
                raise errors.business("Tax codes can't be used on a transaction without tax.")
            return TaxableLine(amount=amount)
        if not reference:
            raise errors.no_tax_code(state.country.tax_word)
        line = TaxableLine(amount=amount, code=state.refer("TaxCode", reference).id)
        return replace(line, gross=_gross(state, line, detail)) if mode == INCLUSIVE else line

    def discount(self, state: State, mode: str, detail: JsonObject, amount: Decimal) -> TaxableLine:
        return self.line(state, mode, detail, amount, None)

    def assess(self, state: State, sale: Sale) -> Tax:
        if sale.mode == UNTAXED:
            if sale.block:
                raise errors.tax_detail_not_allowed()
            return Tax()
        if sale.block.get("TxnTaxCodeRef"):
            raise errors.business("TxnTaxCodeRef is for companies in the United States.")
        owed = _owed(state, sale)
        amounts = _amounts(state, sale, owed)
        total = sum(amounts.values(), ZERO)
        lines = [shown_tax_line(rate, own.percent, amounts[rate], own.base) for rate, own in owed.items()]
        return Tax(total=total, detail={"TotalTax": total, "TaxLine": lines})


def _amounts(state: State, sale: Sale, owed: Mapping[str, Owed]) -> Mapping[str, Decimal]:
    """What stands from before stands, near the company's own sum or not."""
    if sale.standing:
        return {rate: sale.standing.get(rate, own.amount) for rate, own in owed.items()}
    sent = _sent(state, sale.block, owed)
    return {rate: _honoured(state, own, sent.get(rate)) for rate, own in owed.items()}


def _gross(state: State, line: TaxableLine, detail: JsonObject) -> Decimal:
    """With tax: as sent, if that can be the amount with its tax."""
    own = line.amount + _tax_of(state, line)
    if "TaxInclusiveAmt" not in detail:
        return own
    sent = money(Decimal(detail["TaxInclusiveAmt"]))
    if not _near(state, sent, own, 1):
        raise errors.business("The amount with tax is not the amount and its tax.")
    return sent


def _tax_of(state: State, line: TaxableLine) -> Decimal:
    return sum((money(line.amount * percent / 100) for _, percent in _rates(state, line)), ZERO)


def _rates(state: State, line: TaxableLine) -> list[tuple[str, Decimal]]:
    return rates_of(state, state.get("TaxCode", line.code))


def _owed(state: State, sale: Sale) -> Mapping[str, Owed]:
    """What the company's own sum comes to, by rate, in the order of the lines."""
    bases: dict[str, Decimal] = defaultdict(Decimal)
    by_line: dict[str, Decimal] = defaultdict(Decimal)
    percents: dict[str, Decimal] = {}
    lines: Counter[str] = Counter()
    for line in _with_discount(sale):
        rates = _rates(state, line)
        for (rate, percent), share in zip(rates, _shares(line, rates), strict=True):
            percents[rate] = percent
            lines[rate] += 1
            bases[rate] += line.amount
            by_line[rate] += share
    at_once = state.tax_rounding == "rate" and sale.mode != INCLUSIVE
    return {
        rate: Owed(
            lines=lines[rate],
            percent=percent,
            base=bases[rate],
            amount=money(bases[rate] * percent / 100) if at_once else by_line[rate],
        )
        for rate, percent in percents.items()
    }


def _with_discount(sale: Sale) -> Iterator[TaxableLine]:
    yield from sale.lines
    if sale.discount is None:
        return
    gross = sale.discount.gross
    if gross is not None and sale.percent is not None:
        gross = money(sum((line.gross or ZERO for line in sale.lines), ZERO) * sale.percent / 100)
    yield replace(sale.discount, amount=-sale.discount.amount, gross=None if gross is None else -gross)


def _shares(line: TaxableLine, rates: list[tuple[str, Decimal]]) -> list[Decimal]:
    """The tax of one line by rate. Where its price includes tax it is the difference, not a product."""
    if line.gross is None:
        return [money(line.amount * percent / 100) for _, percent in rates]
    return prorated(line.gross - line.amount, [percent for _, percent in rates])


def _sent(state: State, block: JsonObject, owed: Mapping[str, Owed]) -> Mapping[str, Decimal]:
    """The amounts asked for, by rate. Raises 6000 for tax lines that don't go with the sale's lines."""
    lines = block.get("TaxLine", [])
    check_tax_lines(state, lines)
    found: dict[str, Decimal] = {}
    for line in lines:
        detail = line["TaxLineDetail"]
        rate = detail["TaxRateRef"]["value"]
        if rate in found:
            raise errors.business(f"Tax rate {rate} is there twice.")
        if rate not in owed:
            raise errors.business(f"Tax rate {rate} does not belong to a tax code on the lines.")
        own = owed[rate]
        if not _near(state, Decimal(detail.get("NetAmountTaxable", own.base)), own.base, own.lines):
            raise errors.business("The net amount taxable is not what the lines come to.")
        found[rate] = Decimal(line["Amount"])
    if found and "TotalTax" in block and sum(found.values(), ZERO) != block["TotalTax"]:
        raise errors.business("The tax lines don't add up to the total tax.")
    return found


def _honoured(state: State, own: Owed, sent: Decimal | None) -> Decimal:
    return own.amount if sent is None or not _near(state, sent, own.amount, own.lines) else money(sent)


def _near(state: State, sent: Decimal, own: Decimal, lines: int) -> bool:
    limit = state.tax_override_limit
    return limit is None or abs(sent - own) <= limit * max(_FEW_LINES, lines)

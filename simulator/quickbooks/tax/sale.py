"""What tax rules look at and answer, and what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from simulator.quickbooks import errors
from simulator.quickbooks.state import Record, State
from simulator.quickbooks.wire import ZERO, JsonObject, money


@dataclass(frozen=True, kw_only=True)
class TaxableLine:
    """A line as a rule reads it. `amount` without tax; `gross` with it, where prices include tax; `code` as stored."""

    amount: Decimal
    code: str = ""
    gross: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What is taxed. `discount` goes off the whole sale, `percent` of it if it was given so.

    `shipping` is one of `lines`, `mode` the GlobalTaxCalculation outside the US, `block` the TxnTaxDetail asked for,
    `standing` the tax by rate that an update leaves as it was, `state_code` where the goods go if known.
    """

    lines: Sequence[TaxableLine]
    discount: TaxableLine | None
    percent: Decimal | None
    shipping: TaxableLine | None
    mode: str
    tax_after_discount: bool
    block: JsonObject
    shipping_included: bool
    state_code: str | None
    new: bool
    standing: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tax:
    total: Decimal = ZERO
    detail: JsonObject = field(default_factory=lambda: {"TotalTax": ZERO})


class TaxRule(Protocol):
    def mode(self, asked: JsonObject) -> str:
        """How the whole form is taxed, "" where there is but one way. Raises FaultError."""

    def header(self, asked: JsonObject) -> JsonObject:
        """What the form shows of it."""

    def line(self, state: State, mode: str, detail: JsonObject, amount: Decimal, item: Record | None) -> TaxableLine:
        """What the line is stored with. Raises FaultError for a code that cannot be used."""

    def discount(self, state: State, mode: str, detail: JsonObject, amount: Decimal) -> TaxableLine:
        """The same for a discount on the whole sale."""

    def assess(self, state: State, sale: Sale) -> Tax:
        """The tax of the whole sale. Raises FaultError for a tax block that cannot be used."""


def rates_of(state: State, code: Record) -> list[tuple[str, Decimal]]:
    """(rate id, percent) of a tax code."""
    details = code.shown["SalesTaxRateList"]["TaxRateDetail"]
    ids = [detail["TaxRateRef"]["value"] for detail in details]
    return [(rate, Decimal(state.get("TaxRate", rate).shown["RateValue"])) for rate in ids]


def check_tax_lines(state: State, lines: Sequence[JsonObject]) -> None:
    for line in lines:
        if line.get("DetailType") != "TaxLineDetail" or "Amount" not in line:
            missing = "TxnTaxDetail.TaxLine.Amount" if line.get("DetailType") else "TxnTaxDetail.TaxLine.DetailType"
            raise errors.fault(errors.required(missing))
        reference = line.get("TaxLineDetail", {}).get("TaxRateRef")
        if not reference:
            raise errors.fault(errors.required("TxnTaxDetail.TaxLine.TaxLineDetail.TaxRateRef"))
        state.refer("TaxRate", reference)


def prorated(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """In proportion to the weights, each to the cent; the last one takes the odd cent."""
    whole = sum(weights, ZERO)
    shares = [money(total * weight / whole) if whole else ZERO for weight in weights]
    shares[-1] += total - sum(shares, ZERO)
    return shares


def shown_tax_line(rate: str, percent: Decimal, amount: Decimal, base: Decimal) -> JsonObject:
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

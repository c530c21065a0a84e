"""What one refund says: its lines, its tax and its tenders, for a refund receipt and a credit memo alike.

The shop's total and tax are what is booked. Its items say what that is of; what they do not come to stands on a line of
its own, without tax, so that nothing is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.refunds import Refund
from mapping.case import Case
from mapping.charges import ONE
from mapping.company import TaxRate
from mapping.decision import Fact, Held, Needs
from mapping.finder import Finder
from mapping.lines import Line
from mapping.pricing import Priced
from mapping.refunds.by_hand import refusal
from mapping.refunds.fitting import fit
from mapping.refunds.pieces import Piece, credit_of, goods_of
from mapping.refunds.shares import parts_of
from mapping.tax.rates import Taxes
from mapping.tax_fields import tax_fields


@dataclass(frozen=True, kw_only=True)
class Content:
    """One refund in the order's currency. `total` is with `tax`; `credit` is what of it became store credit or gift
    certificates, which are the negative ones of `lines`. `tax_fields` stand in the document's body."""

    lines: tuple[Line, ...]
    tax_fields: dict[str, Any]
    total: Decimal
    tax: Decimal
    credit: Decimal
    notices: tuple[Problem, ...]

    @property
    def money(self) -> Decimal:
        """What left an account, and what the document comes to."""
        return self.total - self.credit


def refund_content(refund: Refund, priced: Priced, case: Case, find: Finder) -> Content | Needs | None:
    """None where the refund cannot be booked; why is reported to `find`. `priced` is the refund's order."""
    if problem := refusal(refund, case):
        find.report(problem)
        return None
    restock = _restocks(case)
    if isinstance(restock, Needs):
        return restock
    before = [each for each in case.order.gone_back if each.id < refund.id]
    goods = list(goods_of(parts_of(refund, before, priced.bill), priced, find, restock=restock))
    pieces, notices = fit(goods, refund, priced, case, find)
    credit = tuple(credit_of(refund, priced, find))
    if find.problems:
        return None
    lines = (*(piece.line for piece in pieces), *credit)
    fields = tax_fields(lines, _taxes(pieces, refund), priced.bill, find, case.facts)
    if isinstance(fields, Needs):
        return fields
    if isinstance(fields, Held):
        for problem in fields.problems:
            find.report(problem)
        return None
    return Content(
        lines=lines,
        tax_fields=fields,
        total=refund.total,
        tax=refund.tax,
        credit=-sum((line.amount for line in credit), ZERO),
        notices=notices,
    )


def _restocks(case: Case) -> bool | Needs:
    setting = case.connection.refunds.restock
    if setting != "shop":
        return setting == "always"
    return Needs(fact=Fact.RESTOCKS) if case.facts.restocks is None else case.facts.restocks


def _taxes(pieces: Sequence[Piece], refund: Refund) -> Taxes:
    by_rate: dict[TaxRate, Decimal] = {}
    things: dict[TaxRate, Decimal] = {}
    for piece in pieces:
        for rate, tax in zip(piece.line.code.rates, piece.taxes, strict=True):
            by_rate[rate] = by_rate.get(rate, ZERO) + tax
            # A share of a rounded tax is rounded once more.
            things[rate] = things.get(rate, ONE) + piece.things
    return Taxes(total=refund.tax, by_rate=by_rate, things=things)

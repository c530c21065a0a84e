"""A report as a mail and as a page: the same facts, plain and as HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from cartledger.records import Operation
from daemon.reporting.days import Day
from daemon.reporting.facts import Amounts, Booked, Cause, LeftOut, Report

WIDTH = 78

_KINDS = {
    "SalesReceipt": "Sales receipts",
    "Invoice": "Invoices",
    "CreditMemo": "Credit memos",
    "RefundReceipt": "Refund receipts",
    "Payment": "Payments",
    "Purchase": "Expenses",
    "Transfer": "Transfers",
    "Customer": "Customers",
    "Item": "Products",
}
"""What people call the entities of QuickBooks."""

_OPERATIONS = {
    Operation.CREATE: "",
    Operation.UPDATE: ", changed",
    Operation.VOID: ", voided",
    Operation.DELETE: ", deleted",
}

TONES = {"ink": "#1d2733", "good": "#1e7d46", "warn": "#8a6100", "bad": "#b3261e"}
"""Colours in light; those for the dark stand in the template."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A report in words."""

    subject: str
    plain: str
    html: str


def show_report(report: Report) -> Shown:
    """The report as a mail would have it."""
    subject = f"cartledger {report.connection}: {headline(report)}"
    words: dict[str, Any] = {
        "report": report,
        "subject": subject,
        "headline": headline(report),
        "under_way": list(_under_way(report)),
        "went_back": list(_went_back(report)),
        "beside_days": list(_beside_days(report)),
        "reads": _reads(report),
        "closing": "Made by cartledger from its ledger. How often these mails come: report.when in its settings.",
        "tones": TONES,
    }
    plain, html = (_templates.get_template(f"report.{kind}").render(words) for kind in ("txt", "html"))
    return Shown(subject=subject, plain=f"{plain.strip()}\n", html=html)


def headline(report: Report) -> str:
    """The whole of it, in a few words."""
    told = [f"{report.posted:,} posted" if report.posted else "nothing new posted"]
    if report.held:
        told.append(f"{report.held_in_all} held")
    if report.alerts:
        told.append(_count(len(report.alerts), "alert"))
    if report.stock and report.stock.waiting:
        told.append("stock waits")
    return ", ".join(told)


def _under_way(report: Report) -> Iterator[str]:
    if report.waiting and report.oldest_waiting:
        yield (
            f"{_count(report.waiting, 'order')} wait{'s' if report.waiting == 1 else ''} to be posted; the oldest was "
            f"changed in the shop on {_minutes(report.oldest_waiting)}."
        )
    if report.in_doubt:
        yield (
            f"{_count(report.in_doubt, 'document')} {'was' if report.in_doubt == 1 else 'were'} sent to QuickBooks and "
            "not answered; each is looked up before it is sent again."
        )


def _went_back(report: Report) -> Iterator[str]:
    if report.refunds:
        yield f"{_count(report.refunds, 'refund')} booked: {' and '.join(_amounts(report.refunded))}."
    if report.undone:
        yield f"{_count(report.undone, 'refund')} taken out again, since declined by the payment provider."
    if report.taken_back:
        yield f"{_count(report.taken_back, 'sale')} taken back, since the order was called off."
    if report.rounded:
        cents = " and ".join(_amounts(report.rounding))
        yield f"Rounding took {cents} in {_count(report.rounded, 'order')}, on the line for it."


def _beside_days(report: Report) -> Iterator[str]:
    yield (
        "Shop: what the day's orders come to with tax, less redeemed certificates and store credit. Books: what their "
        "sales come to in QuickBooks. Refunds are booked by themselves and change neither."
    )
    if report.compared.more:
        yield f"{_count(report.compared.more, 'earlier day')} with changes not shown."
    if report.compared.unknown:
        yield (
            f"{_count(report.compared.unknown, 'order')} of these days not counted: what they come to cannot be read, "
            "or was not remembered by the version that read them."
        )


def _reads(report: Report) -> str:
    reads = report.reads
    return (
        f"{reads.reads:,} of {reads.budget:,} that Intuit grants in this calendar month; at this pace it will be "
        f"{reads.forecast:,}."
    )


def _minutes(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}"


def _here(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone)


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")


def _amounts(amounts: Amounts) -> list[str]:
    """Each with its currency."""
    return [f"{_money(amount)} {currency}" for currency, amount in amounts.items()]


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _kind(row: Booked) -> str:
    return f"{_KINDS.get(row.entity, row.entity)}{_OPERATIONS[row.operation]}"


def _which(group: Cause | LeftOut) -> str:
    """How many there are, of them how many are new, and the numbers of the first."""
    fresh = group.fresh if isinstance(group, Cause) else group.count
    new = f" ({fresh} new)" if 0 < fresh < group.count else ""
    more = " …" if group.count > len(group.orders) else ""
    return f"{group.count}{new}{': ' if group.orders else ''}{', '.join(group.orders)}{more if group.orders else ''}"


def _commands(text: str) -> Markup:
    """What stands between backticks is to be typed."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else piece for number, piece in enumerate(pieces)
    )


def _why(day: Day) -> str:
    return ", ".join(f"{cause} {_money(amount)}" for cause, amount in day.why.items())


def _folded(text: str, indent: int = 2) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


_templates = Environment(
    loader=PackageLoader("daemon", "reporting/templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
_templates.filters |= {
    "minutes": _minutes,
    "here": _here,
    "day": _day,
    "money": _money,
    "amounts": _amounts,
    "count": _count,
    "kind": _kind,
    "which": _which,
    "commands": _commands,
    "why": _why,
    "folded": _folded,
}

"""What went back of an order whose invoice is not wholly paid: it is owed no more, or it was sent back.

A credit memo takes the sale back. What of it was sent back in money leaves the clearing account by an expense on the
receivables; the rest settles the invoice. Both are tied to the memo by payments of nothing. A memo cannot be applied to
a paid invoice: it would stay open, and settle another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from mapping.case import SALE, Case
from mapping.closing import Booked, booked
from mapping.company import TaxMode
from mapping.currency import Exchange
from mapping.decision import Document, Fact, Needs
from mapping.facts import Standing
from mapping.payments.applied import APPLIED, CASH, CASH_APPLIED, UNDONE, applied_in_all
from mapping.payments.money import INVOICE
from mapping.payments.paid import is_paid
from mapping.refunds.content import Content
from mapping.tenders import APPLICATION, MEMO
from mapping.text import marker, note

CREDIT_MEMO, PAYMENT, PURCHASE = "CreditMemo", "Payment", "Purchase"
PARTS = ("", CASH, CASH_APPLIED, APPLIED)
"""What is added to the name of a memo, of what was sent back, and of the payments that apply the memo to either."""

EXPENSE = "Cash"
"""PaymentType of what sends money back. A check leaves a bank account only and waits to be printed; clearing accounts
may be other current assets."""
LINKED_AS = "Expense"
"""What a payment calls such a purchase: never "Purchase" (documented)."""


_CREDITS_APPLIED = Problem(
    code="credits_applied",
    text="The company applies credit memos by itself, and may settle another invoice with what went back here.",
    fix="Switch that off in QuickBooks under Automation, then retry.",
)


@dataclass(frozen=True, kw_only=True)
class Receivable:
    """What is open of an order, in its currency: `owed` on its invoice, and the `money` that came in for it and was not
    sent back since."""

    owed: Decimal
    money: Decimal


@dataclass(frozen=True, kw_only=True)
class Going:
    """What the documents of one refund, or of one cancellation, have in common.

    `name` is that of its memo among the order's documents, `kind` that of its marker and `id` what the marker ends
    with; `said` is what the notes begin with. `booked` is the day that they bear but for those of `days`, by what is
    added to the name (`PARTS`). `header` are further fields of the memo (class, location, addresses).
    """

    case: Case
    name: str
    kind: str
    id: int
    said: str
    number: str
    booked: Booked
    exchange: Exchange
    customer: str
    header: Mapping[str, Any] = field(default_factory=dict)
    days: Mapping[str, Booked] = field(default_factory=dict)

    def mark(self, part: str = "") -> str:
        return marker(self.case.connection.bigcommerce.store_hash, f"{self.kind}{part}", self.id)

    def day(self, part: str = "") -> Booked:
        return self.days.get(part, self.booked)

    def body(self, part: str = "") -> dict[str, Any]:
        """The fields that all of them have, but for whose they are."""
        day = self.day(part)
        return {
            "TxnDate": day.day.isoformat(),
            **self.exchange.fields(day.day),
            "PrivateNote": note([self.said, *day.words], self.mark(part)),
        }

    @property
    def buyer(self) -> dict[str, Any]:
        return {"CustomerRef": {"value": self.customer}}


def days_of(case: Case, name: str, own: Mapping[str, date], said: str) -> dict[str, Booked] | Problem:
    """The days of the documents of one refund or cancellation, by part: they tell of what happened on `own`."""
    found: dict[str, Booked] = {}
    for part, day in own.items():
        standing = case.facts.stands.get(f"{name}{part}")
        dated = booked(day, said, standing=standing, connection=case.connection, company=case.company)
        if isinstance(dated, Problem):
            return dated
        found[part] = dated
    return found


def read_receivable(case: Case, sale: tuple[Document, ...]) -> Receivable | Needs | Problem:
    """Where the invoice is once `sale`, the sale's documents as decided now, stands in whole. A problem: somebody has
    taken it out of the books, or it was paid, and what holds the sale (no `sale`) keeps the payment back, too."""
    stands = {name: each for name, each in case.facts.stands.items() if f"{name}{UNDONE}" not in case.facts.stands}
    decided = {each.name: each for each in sale if each.name not in stands}
    total = _total(case, decided)
    if not isinstance(total, Decimal):
        return total
    settled = total - case.facts.invoice.balance if case.facts.invoice else ZERO
    by_memo = _amount(stands.get(MEMO) or decided.get(MEMO))
    applied = applied_in_all(case.facts.stands)
    sent = sum((each.amount for name, each in stands.items() if name.endswith(CASH)), ZERO)
    came = sum((each.amount for each in decided.values() if each.entity == PAYMENT), ZERO)
    before = by_memo if APPLICATION in stands else ZERO
    owed = total - settled - came - (by_memo - before)
    if owed > 0 and not sale and case.connection.records_payments and is_paid(case.order, case.connection):
        return _payment_kept_back(stands[SALE])
    return Receivable(owed=owed, money=settled - before - applied - sent + came)


def _total(case: Case, decided: Mapping[str, Document]) -> Decimal | Needs | Problem:
    """Of the invoice as it stands in QuickBooks; as decided where it does not stand yet."""
    invoice, standing = case.facts.invoice, case.facts.stands.get(SALE)
    if standing is None:
        return decided[SALE].amount
    if invoice is None:
        return Needs(fact=Fact.INVOICE)
    if invoice.gone or (standing.amount and not invoice.total):
        return _taken_out(standing, gone=invoice.gone)
    return invoice.total


def _amount(document: Standing | Document | None) -> Decimal:
    return document.amount if document else ZERO


def _taken_out(standing: Standing, *, gone: bool) -> Problem:
    return Problem(
        code="deleted_by_hand" if gone else "voided_by_hand",
        text=f"{standing.entity} {standing.number} was {'deleted' if gone else 'voided'} in QuickBooks, and is left as "
        "it is.",
        fix="Book by hand what is missing, then use `cartledger held ignore`.",
    )


def _payment_kept_back(standing: Standing) -> Problem:
    return Problem(
        code="payment_kept_back",
        text=f"{standing.entity} {standing.number} was paid, and the payment cannot be booked yet: what else became of "
        "the order waits for it.",
        fix="Mend what else holds the order.",
    )


def on_open_invoice(
    going: Going,
    content: Content,
    lines: Sequence[dict[str, Any]],
    receivable: Receivable,
    account: str,
) -> tuple[tuple[Document, ...], Receivable] | Problem:
    """The documents of one refund, and where the invoice is after it. `lines` are the content's in QuickBooks' JSON,
    `account` is the id of the one that its money left.

    What came in goes back first: the shop does not say that of what it gave back somebody paid less.
    """
    stands = going.case.facts.stands
    cash = stands.get(f"{going.name}{CASH}")
    sent = cash.amount if cash else min(content.money, receivable.money)
    settled = content.money - sent
    done = f"{going.name}{APPLIED}" in stands
    if not done and settled > receivable.owed:
        return _more_than_owed(going, settled, receivable.owed)
    memo = memo_of(going, lines, content.tax_fields, content.money)
    out = cash_out(going, account, sent, of=going.name) if sent else ()
    if isinstance(memo, Problem):
        return memo
    if isinstance(out, Problem):
        return out
    documents = [memo, *out]
    if settled:
        documents.append(settling(going, settled))
    after = Receivable(
        owed=receivable.owed - (ZERO if done else settled), money=receivable.money - (ZERO if cash else sent)
    )
    return tuple(documents), after


def memo_of(
    going: Going, lines: Sequence[dict[str, Any]], tax: Mapping[str, Any], amount: Decimal
) -> Document | Problem:
    """The credit memo; `amount` is what it must come to. A problem where QuickBooks would use it on its own."""
    if going.case.company.applies_credits and going.name not in going.case.facts.stands:
        return _CREDITS_APPLIED
    body = {
        "DocNumber": going.number,
        **going.header,
        **going.body(),
        **going.buyer,
        "Line": list(lines),
        **tax,
        "ApplyTaxAfterDiscount": True,
    }
    return replace(_document(going, CREDIT_MEMO, "", body, amount), number=going.number)


def settling(going: Going, amount: Decimal) -> Document:
    """The payment of nothing by which the memo settles that much of the invoice."""
    lines = [_link(going, SALE, INVOICE, amount), _link(going, going.name, CREDIT_MEMO, amount)]
    return _of_nothing(going, APPLIED, lines)


def cash_out(going: Going, account: str, amount: Decimal, *, of: str) -> tuple[Document, ...] | Problem:
    """What was sent back from `account` (an id), and the payment of nothing that takes it off the memo called `of`."""
    company = going.case.company
    receivable = company.receivable(going.case.order.currency)
    if isinstance(receivable, Problem):
        return receivable
    line = {
        "Amount": amount,
        "Description": going.said,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": receivable.id}},
    }
    body = {
        "PaymentType": EXPENSE,
        "AccountRef": {"value": account},
        "EntityRef": {"value": going.customer, "type": "Customer"},
        **going.body(CASH),
        **_untaxed(company.tax_mode),
        "Line": [line],
    }
    name = f"{going.name}{CASH}"
    links = [_link(going, name, LINKED_AS, amount), _link(going, of, CREDIT_MEMO, amount)]
    return _document(going, PURCHASE, CASH, body, amount), _of_nothing(going, CASH_APPLIED, links)


def _untaxed(mode: TaxMode) -> dict[str, Any]:
    """Money that moves is no supply. Outside the US a purchase says so, or bears a code on each line (guessed: as a
    sale)."""
    return {"GlobalTaxCalculation": "NotApplicable"} if mode in (TaxMode.PER_LINE, TaxMode.UNTAXED) else {}


def _of_nothing(going: Going, part: str, lines: list[dict[str, Any]]) -> Document:
    body = {**going.body(part), **going.buyer, "TotalAmt": ZERO, "Line": lines}
    return _document(going, PAYMENT, part, body, ZERO)


def _document(going: Going, entity: str, part: str, body: dict[str, Any], amount: Decimal) -> Document:
    return Document(
        name=f"{going.name}{part}",
        entity=entity,
        body=body,
        number="",
        marker=going.mark(part),
        amount=amount,
        own_day=going.day(part).own,
    )


def _link(going: Going, name: str, kind: str, amount: Decimal) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": going.case.facts.ref(name), "TxnType": kind}]}


def _more_than_owed(going: Going, settled: Decimal, owed: Decimal) -> Problem:
    return Problem(
        code="refund_exceeds_invoice",
        text=f"{going.said} {settled} of it was not paid before, and the invoice owes {owed}.",
        fix="Book it by hand, then use `cartledger held ignore`.",
    )

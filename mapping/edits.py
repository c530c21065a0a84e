"""Orders that changed after they were posted: the smallest change of what stands, or why it is left alone.

A sale's document follows the shop in one sparse update of the fields that changed. What it comes to follows only where
the shop tells of the money, too: nobody is said to have paid what was not seen to come in. Payments never change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Operation
from mapping.case import SALE, Case
from mapping.closing import is_closed
from mapping.company import TaxMode
from mapping.decision import Document, Fact, Needs, Post
from mapping.facts import OpenInvoice, Standing
from mapping.fingerprint import ACCOUNTS, CHARGES, FIELDS, LINES, SHIPPING, changed_fields, of_day, with_groups
from mapping.payments.applied import applied_in_all
from mapping.payments.money import RECEIPT, too_much
from mapping.payments.paid import is_paid
from mapping.tenders import APPLICATION, MEMO
from mapping.transactions import money_in

_MONEY = frozenset({LINES, *FIELDS[ACCOUNTS]})
_NO_LINES = {f"Line{number}": "" for number in range(1, 6)}
_NO_ADDRESS = {**_NO_LINES, "City": "", "CountrySubDivisionCode": "", "PostalCode": "", "Country": ""}

_EMPTY: Mapping[str, Any] = {
    "BillEmail": {"Address": ""},
    "BillAddr": _NO_ADDRESS,
    "ShipAddr": _NO_ADDRESS,
    "TrackingNum": "",
    "PaymentRefNum": "",
    "CustomerMemo": {"value": ""},
    "CustomField": [],
}
"""What clears a field in a sparse update is not documented: texts are sent empty, all else is null. Intuit's staff says
that references cannot be cleared in one. Whether parts of an address that are not sent stay is not known either."""

_WITH_LINES = ("Line", "TxnTaxDetail", "GlobalTaxCalculation", "ShippingTaxIncludedInTotalTax", "ApplyTaxAfterDiscount")


@dataclass(frozen=True, kw_only=True)
class _Edit:
    """The `fields` of the sale's document that are to be changed, and what keeps others from it."""

    fields: frozenset[str]
    problems: tuple[Problem, ...] = ()
    notices: tuple[Problem, ...] = ()


def decide_edits(case: Case, sale: Post) -> Post | Needs:
    """`sale` as the order is now, with only what is to be written of it: what does not stand yet, and changes."""
    edit = _edit(case, sale)
    return edit if isinstance(edit, Needs) else _written(case, sale, edit)


def _edit(case: Case, sale: Post) -> _Edit | Needs:
    document, standing = sale.documents[0], case.facts.stands[SALE]
    changed = changed_fields(standing.hash, document.hash)
    if changed is None:
        # An earlier version's hash tells nothing, so that only another total shows that something changed.
        alike = document.amount == standing.amount or _refunds_explain(case, document.amount)
        return _Edit(fields=frozenset(), problems=() if alike else (_changed(standing),))
    if changed & {*FIELDS[SHIPPING]} and _tracking_is_unread(case):
        return Needs(fact=Fact.SHIPMENTS)
    follow = _lines_follow(case, sale) if LINES in changed else False
    if isinstance(follow, Needs):
        return follow
    edit = _Edit(
        fields=changed if follow is True else changed - {LINES},
        problems=(follow,) if isinstance(follow, Problem) else (),
    )
    return _where_open(case, edit)


def _tracking_is_unread(case: Case) -> bool:
    """Nobody asks for what cannot be written."""
    wanted = case.connection.sales.tracking_numbers and case.order.shipped is not None
    return wanted and case.facts.shipments is None and not _in_closed_books(case)


def _in_closed_books(case: Case) -> bool:
    day = case.facts.stands[SALE].day
    return day is not None and is_closed(day, case.company)


def _where_open(case: Case, edit: _Edit) -> _Edit:
    """Nothing of closed books is changed; what is not money there is not worth to hold every order that ships later."""
    standing = case.facts.stands[SALE]
    if not edit.fields or not _in_closed_books(case):
        return edit
    told = (_closed(standing, case),)
    if edit.fields & _MONEY:
        return replace(edit, fields=frozenset(), problems=edit.problems + told)
    return replace(edit, fields=frozenset(), notices=told)


def _written(case: Case, sale: Post, edit: _Edit) -> Post:
    """The update, and the order's other documents that do not stand yet."""
    document, *others = sale.documents
    total = document.amount if LINES in edit.fields else case.facts.stands[SALE].amount
    new = [each for each in others if each.name not in case.facts.stands]
    problems = list(edit.problems)
    if not problems and not _refunds_explain(case, document.amount):
        problems += _others_changed(case, others)
    if any(map(_is_payment, new)) and (came := _settling(case, others)) > total:
        new = [each for each in new if not _is_payment(each)]
        problems += () if problems else (too_much(came, total),)
    return replace(
        sale,
        documents=(*([_update(case, document, edit, total)] if edit.fields else []), *new),
        problems=tuple(problems),
        notices=(*sale.notices, *edit.notices),
        wants=sale.wants if LINES in edit.fields else (),
    )


def _is_payment(document: Document) -> bool:
    return _names_payment(document.name)


def _names_payment(name: str) -> bool:
    return name.startswith("payment")


# -- whether the lines follow


def _lines_follow(case: Case, sale: Post) -> bool | Problem | Needs:
    """False: what went back since makes up for what is sold no more, and is booked by itself."""
    document, standing = sale.documents[0], case.facts.stands[SALE]
    if document.amount == standing.amount:
        return True
    if _refunds_explain(case, document.amount):
        return False
    return _of_receipt(case, document) if standing.entity == RECEIPT else _of_invoice(case, sale)


def _refunds_explain(case: Case, total: Decimal) -> bool:
    """Whether some of the refunds come to just as much as the order became less."""
    less = case.facts.stands[SALE].amount - total
    if less <= 0 or not case.connection.records_refunds:
        return False
    sums = {ZERO}
    for refund in case.order.refunds:
        sums |= {each + refund.returned for each in sums if each + refund.returned <= less}
    return less in sums


def _of_receipt(case: Case, document: Document) -> bool | Problem | Needs:
    """A receipt says that all of it came in, unless it was made of what is not paid, by a setting."""
    if is_paid(case.order, case.connection) is False:
        return True
    if case.facts.transactions is None:
        return Needs(fact=Fact.TRANSACTIONS)
    came = sum((each.amount for each in money_in(case.facts.transactions, case.order.currency)), ZERO)
    return came == document.amount or _unexplained(case, document)


def _of_invoice(case: Case, sale: Post) -> bool | Problem | Needs:
    """An invoice that is not paid changes freely, as far down as what came in; a paid one, where just the new total
    came in."""
    if case.facts.invoice is None:
        return Needs(fact=Fact.INVOICE)
    if touched := _touched(case, case.facts.invoice):
        return touched
    document, *others = sale.documents
    recorded = {name: each.amount for name, each in case.facts.stands.items() if _names_payment(name)}
    decided = {each.name: each.amount for each in others if _is_payment(each)}
    if not recorded and not decided:
        return True
    came, paid = _settling(case, others), case.facts.stands[SALE].amount
    explained = came == document.amount or came < min(paid, document.amount)
    return (explained and recorded.items() <= decided.items()) or _unexplained(case, document)


def _touched(case: Case, invoice: OpenInvoice) -> Problem | None:
    """What a person did to the invoice, or with it, since it was written."""
    standing = case.facts.stands[SALE]
    if invoice.gone:
        return deleted_by_hand(standing)
    if invoice.total != standing.amount:
        return changed_by_hand(standing)
    owed = max(standing.amount - _settled(case.facts.stands), ZERO)
    return None if invoice.balance == owed else _settled_by_hand(standing, owed, invoice.balance)


def _settled(stands: Mapping[str, Standing]) -> Decimal:
    """What payments and applied credit memos of ours took off the invoice."""
    paid = (each.amount for name, each in stands.items() if _names_payment(name))
    redeemed = stands[MEMO].amount if {MEMO, APPLICATION} <= stands.keys() else ZERO
    return sum(paid, redeemed + applied_in_all(stands))


def _settling(case: Case, others: Sequence[Document]) -> Decimal:
    """What payments and redeemed tenders of the sale come to, those that stand and those to be made."""
    amounts = {each.name: each.amount for each in others}
    amounts |= {name: each.amount for name, each in case.facts.stands.items()}
    return sum((amount for name, amount in amounts.items() if _names_payment(name) or name == MEMO), ZERO)


def _others_changed(case: Case, others: Sequence[Document]) -> Iterator[Problem]:
    for each in others:
        standing = case.facts.stands.get(each.name)
        if standing is not None and standing.amount != each.amount:
            yield _another_amount(standing, each)


# -- the update


def _update(case: Case, document: Document, edit: _Edit, total: Decimal) -> Document:
    standing = case.facts.stands[SALE]
    kept = frozenset() if LINES in edit.fields else frozenset({CHARGES})
    return replace(
        document,
        body={
            "Id": standing.target_id,
            "SyncToken": standing.sync_token,
            "sparse": True,
            "CurrencyRef": document.body["CurrencyRef"],
            **_changes(document.body, edit.fields, case.company.tax_mode),
        },
        number=standing.number,
        amount=total,
        operation=Operation.UPDATE,
        whole=of_day(with_groups(document.hash, standing.hash, kept), document.own_day),
    )


def _changes(body: Mapping[str, Any], fields: frozenset[str], mode: TaxMode) -> dict[str, Any]:
    """Those fields as they are now, and what clears those that are not there any more."""
    changes = {name: body.get(name, _EMPTY.get(name)) for name in sorted(fields - {LINES})}
    changes |= {name: _NO_ADDRESS | changes[name] for name in ("BillAddr", "ShipAddr") if name in changes}
    if LINES not in fields:
        return changes
    # Tax that an update does not speak of stays as it was.
    untaxed = {"TxnTaxDetail": {"TotalTax": ZERO}} if mode in (TaxMode.PLAIN, TaxMode.AUTOMATED) else {}
    return changes | untaxed | {name: body[name] for name in _WITH_LINES if name in body}


# -- why it is left alone


def changed_by_hand(standing: Standing) -> Problem:
    return Problem(
        code="changed_by_hand",
        text=f"The order changed, and so did {standing.entity} {standing.number} in QuickBooks since it was written: "
        "it is left as it is there.",
        fix="Change the document in QuickBooks as the order needs it, then use `cartledger held ignore`.",
    )


def deleted_by_hand(standing: Standing) -> Problem:
    return Problem(
        code="deleted_by_hand",
        text=f"The order changed, and {standing.entity} {standing.number} was deleted in QuickBooks.",
        fix="Enter in QuickBooks what the order needs, then use `cartledger held ignore`.",
    )


def _settled_by_hand(standing: Standing, owed: Decimal, balance: Decimal) -> Problem:
    return Problem(
        code="settled_by_hand",
        text=f"The order's total changed, and {standing.entity} {standing.number} owes {balance} in QuickBooks where "
        f"{owed} would be open by what was recorded here.",
        fix="Unlink in QuickBooks what was applied to it and retry, or change the document there by hand, then use "
        "`cartledger held ignore`.",
    )


def _changed(standing: Standing) -> Problem:
    return Problem(
        code="changed_after_posting",
        text=f"The order changed after {standing.entity} {standing.number} was posted by an earlier version, which did "
        "not remember of what.",
        fix="Change the document in QuickBooks, then use `cartledger held ignore`.",
    )


def _unexplained(case: Case, document: Document) -> Problem:
    standing = case.facts.stands[SALE]
    return Problem(
        code="edited_after_payment",
        text=f"The order was edited from {standing.amount} to {document.amount} after {standing.entity} "
        f"{standing.number} was paid, and neither payments nor refunds in the shop come to the difference.",
        fix="Take the edit back, or record the payment or the refund in the shop; or change the document in QuickBooks "
        "by hand, then use `cartledger held ignore`.",
    )


def _another_amount(standing: Standing, document: Document) -> Problem:
    return Problem(
        code="payment_changed",
        text=f"The shop says {document.amount} of a {document.entity} of the order that stands with {standing.amount}.",
        fix="Correct the order in BigCommerce; or book the difference in QuickBooks by hand, then use "
        "`cartledger held ignore`.",
    )


def _closed(standing: Standing, case: Case) -> Problem:
    return Problem(
        code="books_closed",
        text=f"The order changed, and {standing.entity} {standing.number} is of {standing.day}; the company's books "
        f"are closed up to {case.company.book_close_date}.",
        fix="Open the books for that day and retry, or book the difference in QuickBooks by hand, then use "
        "`cartledger held ignore`.",
    )

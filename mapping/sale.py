"""What an order becomes. One call, no side effects: documents, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Order
from mapping.bill import Bill, read_bill
from mapping.case import SALE, Case
from mapping.closing import Booked, booked
from mapping.company import TaxMode
from mapping.currency import Exchange, decide_exchange
from mapping.decision import Decision, Document, Excluded, Held, Needs, Post, in_turn
from mapping.document import Sale, document_of
from mapping.facts import Facts
from mapping.finder import Finder
from mapping.header import decide_header
from mapping.identities import check_documents
from mapping.lines import NOTHING, Draft, Line, draft_sale
from mapping.payments.money import decide_money, unpaid_rule
from mapping.pricing import code_bill, read_figures
from mapping.rules import screen, unpostable
from mapping.shipments import shipping_fields
from mapping.tax.coding import Coding
from mapping.tax.rates import bases, taxes_of
from mapping.tax.us import tax_line
from mapping.tax_fields import tax_fields
from mapping.tenders import application_of, memo_lines, memo_of, payments_of, tender_days
from mapping.totals import Totals

_TAXED_LINES_LIMIT = 750  # of a taxable QuickBooks transaction


def decide_sale(case: Case) -> Decision:
    """The documents of the order's sale, or why it is held or excluded: without a customer that shows, too. Never
    raises."""
    order, connection, company = case.order, case.connection, case.company
    zone, facts = case.zone, case.facts
    own = screen(order, connection, zone, facts)
    if not isinstance(own, date):
        return own
    day = booked(own, "The order is of", standing=facts.stands.get(SALE), connection=connection, company=company)
    problems = unpostable(order, connection, company)
    if isinstance(day, Problem) or problems:
        return Held(problems=(day, *problems) if isinstance(day, Problem) else problems)
    find = Finder(connection, company)
    read = read_figures(order, find)
    if read is None:
        return Held(problems=find.problems)
    order, totals = read
    if rule := unpaid_rule(order, totals, connection, facts):
        return Excluded(rule=rule)
    bill = read_bill(order, totals, find)
    if bill is None:
        decide_money(order, totals.tax, facts, find, day=day.day, zone=zone)
        _check_size(NOTHING, totals, find)
        return Held(problems=find.problems)
    decision = _decide_bill(bill, facts, find, day=day, zone=zone, customer=case.customer_id)
    return replace(decision, wants=find.wanted) if isinstance(decision, Post) else decision


def _decide_bill(
    bill: Bill, facts: Facts, find: Finder, *, day: Booked, zone: ZoneInfo, customer: str
) -> Post | Held | Needs:
    coding = code_bill(bill, facts, find)
    if isinstance(coding, Needs):
        return Held(problems=find.problems) if find.problems else coding
    return _decide_coded(bill, coding, facts, find, day=day, zone=zone, customer=customer)


def _decide_coded(
    bill: Bill, coding: Coding, facts: Facts, find: Finder, *, day: Booked, zone: ZoneInfo, customer: str
) -> Post | Held | Needs:
    draft = draft_sale(bill, coding, find)
    total = draft.net + bill.totals.tax
    money = decide_money(bill.order, total, facts, find, day=day.day, zone=zone)
    header = decide_header(bill.order, find)
    _check_size(draft, bill.totals, find)
    if isinstance(money, Needs):
        return Held(problems=find.problems) if find.problems else money
    redeemed = memo_lines(bill.order, draft.lines, total, money, facts, find)
    days = {SALE: day} | (tender_days(day, facts, find) if redeemed else {})
    if find.problems:
        return Held(problems=find.problems)
    draft = replace(draft, lines=tuple(line for line in draft.lines if line not in redeemed))
    tax = tax_fields(draft.lines, taxes_of(bill, coding), bill, find, facts)
    if not isinstance(tax, dict):
        return tax
    dates = [*(each.day for each in days.values()), *(each.day for each in money.payments)]
    exchange = decide_exchange(bill.order, dates, facts.exchange_rates, find.connection, find.company)
    if not isinstance(exchange, Exchange):
        return exchange if isinstance(exchange, Needs) else Held(problems=(exchange,))
    shipping = shipping_fields(bill.order, find.connection, facts, zone)
    if isinstance(shipping, Needs):
        return shipping
    sale = Sale(
        order=bill.order,
        facts=facts,
        connection=find.connection,
        days=days,
        exchange=exchange,
        customer=customer,
        header=header,
        shipping=shipping,
        lines=draft.lines,
        tax=tax,
        total=draft.net + bill.totals.tax,
        discount_account=find.company.discount_account,
        money=money,
    )
    documents = in_turn(_documents(sale, redeemed, find.company.tax_mode))
    # What came in for a sale that stands is weighed against what its document comes to in the end (mapping.edits).
    asked = [each for each in documents if not (SALE in facts.stands and each.name.startswith("payment"))]
    posted = Post(documents=documents, rounding=draft.rounding, notices=tuple(_notices(sale, bill.totals)))
    return _checked(posted, asked, bill.order)


def _checked(posted: Post, asked: Sequence[Document], order: Order) -> Post | Held:
    """The last pass: a document that would not say what the order says is never posted."""
    violated = check_documents(asked, order)
    return Held(problems=violated) if violated else posted


def _documents(sale: Sale, redeemed: Sequence[Line], mode: TaxMode) -> Iterator[Document]:
    """The receipt, or the invoice followed by what settles it."""
    yield document_of(sale)
    if redeemed:
        memo = memo_of(sale, redeemed, _untaxed_fields(redeemed, mode))
        yield memo
        yield application_of(sale, memo.amount)
    yield from payments_of(sale, sale.money.payments)


def _check_size(draft: Draft, totals: Totals, find: Finder) -> None:
    total = draft.net + totals.tax
    if min(totals.total_ex, totals.total_inc) < 0:
        text = f"The order's discounts exceed what it charges for: its total is {totals.total_inc}."
        find.report(Problem(code="negative_amount", text=text, fix="Correct the order in BigCommerce."))
    elif total < 0:
        find.report(
            Problem(
                code="tenders_exceed_total",
                text=f"Certificates and store credit redeemed exceed the order's total by {-total}.",
                fix="Correct the order in BigCommerce, or enter the sale by hand.",
            )
        )
    taxed = sum(line.taxed for line in draft.lines)
    if taxed > _TAXED_LINES_LIMIT:
        find.report(
            Problem(
                code="too_many_lines",
                text=f"The order has {taxed} taxed lines; QuickBooks takes {_TAXED_LINES_LIMIT} on one document.",
                fix="Enter the sale by hand in two documents, then ignore the order.",
            )
        )


def _untaxed_fields(lines: Sequence[Line], mode: TaxMode) -> dict[str, Any]:
    """The fields of tax of a document whose lines are no supply."""
    if mode is TaxMode.UNTAXED:
        return {"GlobalTaxCalculation": "NotApplicable"}
    if mode is not TaxMode.PER_LINE:
        return {}
    based = bases((-line.amount, line.code) for line in lines)
    rates = [tax_line(rate, ZERO, base) for rate, base in based.items()]
    return {"GlobalTaxCalculation": "TaxExcluded", "TxnTaxDetail": {"TotalTax": ZERO, "TaxLine": rates}}


def _notices(sale: Sale, totals: Totals) -> Iterator[Problem]:
    """What a person should know of a posted order: nothing is wrong with it."""
    dated = (*sale.days.values(), *(each.booked for each in sale.money.payments))
    yield from dict.fromkeys(notice for each in dated for notice in each.notices)
    payments = sale.connection.payments
    listed = {name.casefold() for name in payments.methods}
    for method in dict.fromkeys(each.method for each in sale.money.received):
        if method.casefold() not in listed:
            yield Problem(
                code="unmapped_method",
                text=f'The payment method "{method}" is not in payments.methods; '
                f'its money goes to "{payments.default_account}".',
            )
    if totals.fees_inside:
        yield Problem(code="fees_inside_subtotal", text="The order's subtotal holds its fees already.")
    if totals.after_tenders:
        yield Problem(
            code="totals_after_tenders",
            text="The order's totals are printed after redeemed certificates and store credit; the sale is the sum.",
        )

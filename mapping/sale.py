"""What an order becomes. One call, no side effects: documents, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.errors import Problem
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.bill import Bill, read_bill
from mapping.bundles import settle_bundles
from mapping.charges import charges_of
from mapping.checks import check_document
from mapping.coding import Coding, no_coding, us_coding
from mapping.company import Company, TaxCode, TaxMode
from mapping.currency import decide_exchange
from mapping.decision import Decision, Document, Held, Needs, Post
from mapping.document import Sale, document_of
from mapping.facts import Facts
from mapping.finder import Finder
from mapping.line_codes import code_charges
from mapping.lines import NOTHING, Draft, draft_sale
from mapping.payment import decide_deposit, payment_of
from mapping.rates import tax_detail
from mapping.rules import day_of, screen, unpostable
from mapping.tax import Taxed, decide_code, tax_block, unusable_code
from mapping.totals import Totals, read_totals

_TAXED_LINES_LIMIT = 750  # of a taxable QuickBooks transaction


def decide_sale(
    order: Order,
    *,
    connection: Connection,
    company: Company,
    zone: ZoneInfo,
    customer_id: str,
    facts: Facts,
) -> Decision:
    """The documents of `order`, or why it is held or excluded. Never raises.

    `zone` is the one that documents are dated in; `customer_id` QuickBooks' id, "" for a trial before the customer
    exists (everything that holds or excludes shows then too); `facts` what was read beside the order.
    """
    screened = screen(order, connection, zone)
    if screened is not None:
        return screened
    day = day_of(order, zone)
    problems = unpostable(order, connection, company, day)
    if problems:
        return Held(problems=problems)
    order = settle_bundles(order)
    find = Finder(connection, company)
    totals = read_totals(order)
    if isinstance(totals, Problem):
        find.report(totals)
        charges_of(order, find)
        return Held(problems=find.problems)
    bill = read_bill(order, totals, find)
    if bill is None:
        decide_deposit(order, totals.tax, find)
        _check_size(NOTHING, totals, find)
        return Held(problems=find.problems)
    decision = _decide_bill(bill, facts, find, day=day, customer=customer_id)
    return replace(decision, wants=find.wanted) if isinstance(decision, Post) else decision


def _decide_bill(bill: Bill, facts: Facts, find: Finder, *, day: date, customer: str) -> Post | Held | Needs:
    coding = _coding(bill, facts, find)
    if isinstance(coding, Needs):
        return Held(problems=find.problems) if find.problems else coding
    draft = draft_sale(bill, coding, find)
    total = draft.net + bill.totals.tax
    deposit = decide_deposit(bill.order, total, find)
    _check_size(draft, bill.totals, find)
    if find.problems:
        return Held(problems=find.problems)
    tax = _tax_fields(draft, bill, coding, find, facts)
    if not isinstance(tax, dict):
        return tax
    exchange = decide_exchange(bill.order, [day], facts.exchange_rates, find.connection, find.company)
    if isinstance(exchange, Problem):
        return Held(problems=(exchange,))
    if isinstance(exchange, Needs):
        return exchange
    sale = Sale(
        order=bill.order,
        connection=find.connection,
        day=day,
        exchange=exchange,
        customer=customer,
        lines=draft.lines,
        tax=tax,
        total=total,
        discount_account=find.company.discount_account,
        deposit=deposit,
    )
    return _checked(sale, bill.totals, draft.rounding)


def _checked(sale: Sale, totals: Totals, rounding: Decimal) -> Post | Held:
    """The last pass: a document that would not say what the order says is never posted."""
    documents = _documents(sale)
    violated = tuple(problem for document in documents for problem in check_document(document, sale.order))
    if violated:
        return Held(problems=violated)
    return Post(documents=documents, rounding=rounding, notices=tuple(_notices(sale, totals)))


def _documents(sale: Sale) -> tuple[Document, ...]:
    """The receipt, or the invoice followed by its payment where there is a deposit."""
    document = document_of(sale)
    if document.entity != "Invoice" or sale.deposit is None:
        return (document,)
    return document, payment_of(sale, sale.deposit)


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


def _coding(bill: Bill, facts: Facts, find: Finder) -> Coding | Needs:
    if find.company.tax_mode is TaxMode.PER_LINE:
        return code_charges(bill, facts.taxes, find)
    return no_coding(bill) if find.company.tax_mode is TaxMode.UNTAXED else us_coding(bill)


def _tax_fields(draft: Draft, bill: Bill, coding: Coding, find: Finder, facts: Facts) -> dict[str, Any] | Needs | Held:
    """The document's fields of tax; none in the US for an order without tax."""
    if find.company.tax_mode is TaxMode.UNTAXED:
        return {"GlobalTaxCalculation": "NotApplicable"}
    if find.company.tax_mode is TaxMode.PER_LINE:
        detail = tax_detail([(line.amount, line.code) for line in draft.lines], bill, coding)
        if isinstance(detail, Problem):
            return Held(problems=(detail,))
        return {"GlobalTaxCalculation": "TaxExcluded", "TxnTaxDetail": detail}
    return {} if bill.totals.tax == 0 else _us_tax_fields(draft, bill, find, facts)


def _us_tax_fields(draft: Draft, bill: Bill, find: Finder, facts: Facts) -> dict[str, Any] | Needs | Held:
    place = (bill.order.ship_to or bill.order.billing).country_iso2.upper()
    code = decide_code(list(_taxed(bill)), facts.taxes, find.connection.tax.map, find.company, place=place)
    if not isinstance(code, TaxCode):
        return code
    unusable = unusable_code(code, find.company)
    if unusable is not None:
        return Held(problems=(unusable,))
    block = tax_block(code, bill.totals.tax, draft.taxed_net, find.company)
    # Without the flag an automated company adds its own shipping tax on top of the explicit amount.
    return {"TxnTaxDetail": block, "ShippingTaxIncludedInTotalTax": True}


def _taxed(bill: Bill) -> Iterator[Taxed]:
    for i, charge in enumerate(bill.charges):
        if charge.taxed:
            yield Taxed(net=bill.paid_net(i), tax=charge.printed.tax)


def _notices(sale: Sale, totals: Totals) -> Iterator[Problem]:
    """What a person should know of a posted order: nothing is wrong with it."""
    payments, method = sale.connection.payments, sale.order.payment_method
    paid = sale.deposit is not None and sale.total != 0
    if paid and method.casefold() not in {name.casefold() for name in payments.methods}:
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

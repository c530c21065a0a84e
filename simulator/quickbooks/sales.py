"""Builders of the four sales forms: lines, tax, totals, and what they post.

A sale and its mirror differ by sign only: a refund receipt gives money back at once, a credit memo lowers what is owed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.accounts import deposit_account, home_journal, in_own_currency, receivable
from simulator.quickbooks.books import journal
from simulator.quickbooks.currency import Exchange, exchange_of
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.lines import keep_tracking, line_class, line_id, numbered
from simulator.quickbooks.lists import due_date
from simulator.quickbooks.numbering import number_document
from simulator.quickbooks.state import Draft, Effects, Record, State
from simulator.quickbooks.tax import RULES
from simulator.quickbooks.tax.sale import Sale, Tax, TaxableLine
from simulator.quickbooks.wire import ZERO, JsonObject, money, plain

SHIPPING = "SHIPPING_ITEM_ID"


@dataclass(frozen=True, kw_only=True)
class Form:
    """`sign` is 1 for sales, -1 for returns; `on_account` forms post to receivables instead of money."""

    sign: int
    on_account: bool
    required: tuple[str, ...]
    numbers_itself: bool = False  # knows AUTO_GENERATE


FORMS: Mapping[str, Form] = {
    "SalesReceipt": Form(sign=1, on_account=False, required=("Line",), numbers_itself=True),
    "Invoice": Form(sign=1, on_account=True, required=("Line", "CustomerRef"), numbers_itself=True),
    "CreditMemo": Form(sign=-1, on_account=True, required=("Line", "CustomerRef")),
    "RefundReceipt": Form(sign=-1, on_account=False, required=("Line", "DepositToAccountRef")),
}

# Properties that the server computes, or that this edition does not know: sent ones are ignored.
_NOT_TAKEN_OVER = frozenset(
    [
        "TotalAmt",
        "HomeTotalAmt",
        "Balance",
        "HomeBalance",
        "RemainingCredit",
        "ExchangeRate",
        "GlobalTaxCalculation",
        "ApplyTaxAfterDiscount",
        "AutoDocNumber",
        "ShippingTaxIncludedInTotalTax",
        "LinkedTxn",
        "Line",
        "TxnTaxDetail",
        "CustomField",
        "InvoiceLink",
        "TxnSource",
    ]
)


@dataclass(frozen=True, kw_only=True)
class SalesLine:
    """One line as stored. `account` None: a line of text; `units` of an inventory item move stock."""

    shown: JsonObject
    amount: Decimal = ZERO
    account: str | None = None
    taxed: TaxableLine | None = None
    shipping: bool = False
    item: Record | None = None
    units: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Discount:
    """What goes off the whole sale; `percent` of it where it was given so."""

    amount: Decimal = ZERO
    account: str = ""
    taxed: TaxableLine | None = None
    percent: Decimal | None = None
    shown: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Priced:
    """The lines with what goes off and on top of them."""

    lines: Sequence[SalesLine]
    discount: Discount
    tax: Tax

    @property
    def subtotal(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        return self.subtotal - self.discount.amount + self.tax.total


def build_sale(state: State, asked: JsonObject, old: Record | None, *, entity: str) -> Draft:
    form = FORMS[entity]
    _require(form, asked)
    issued = asked.get("TxnDate") or state.now().date().isoformat()
    exchange = exchange_of(state, asked, issued)
    priced = _priced(state, asked, issued, old)
    _refuse_impossible_total(state, priced.total, old)
    money_account = _money_account(state, form, asked, exchange)
    number = number_document(state, entity, asked.get("DocNumber"), old, by_itself=form.numbers_itself)
    header = {
        **_header(state, entity, asked, issued),
        **exchange.shown(priced.total),
        **_settlement(entity, asked, money_account),
    }
    return Draft(
        asked={**asked, **number, "TxnDate": issued, **exchange.kept, **_kept_tax(state, priced.tax)},
        shown={
            **header,
            **number,
            "Line": _shown_lines(priced, old),
            "TxnTaxDetail": priced.tax.detail,
            "TotalAmt": money(priced.total),
        },
        effects=_effects(state, form, asked, priced, money_account, exchange),
        keys=((entity, number["DocNumber"]),) if number else (),
    )


def _priced(state: State, asked: JsonObject, issued: str, old: Record | None) -> Priced:
    mode = RULES[state.kind].mode(asked)
    lines = list(_lines(state, asked["Line"], issued, mode))
    untaxed = Priced(lines=lines, discount=Discount(), tax=Tax())
    discount = _discount(state, asked["Line"], untaxed.subtotal, mode)
    tax = RULES[state.kind].assess(state, _taxable_sale(asked, lines, discount, mode, old))
    return Priced(lines=lines, discount=discount, tax=tax)


def _refuse_impossible_total(state: State, total: Decimal, old: Record | None) -> None:
    if total < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    if old is not None and not state.frees_overpaid and total < sum((link.amount for link in old.links.values()), ZERO):
        raise errors.business("The amount can't be less than what has been paid or applied already.")


def _require(form: Form, asked: JsonObject) -> None:
    """A missing Line is a missing parameter, an empty one is a sale without lines."""
    missing = [errors.required(name) for name in form.required if asked.get(name) is None]
    if asked.get("Line") == []:
        missing.append(errors.missing_lines())
    for line in asked.get("Line") or []:
        if not line.get("DetailType"):
            missing.append(errors.required("Line.DetailType"))
        elif line["DetailType"] == "SalesItemLineDetail":
            missing.extend(
                errors.required(f"Line.{name}") for name in ("Amount", line["DetailType"]) if name not in line
            )
    if missing:
        raise FaultError(errors=missing)


# -- lines


def _lines(state: State, asked: Sequence[JsonObject], issued: str, mode: str) -> Iterator[SalesLine]:
    shipping = 0
    for line in asked:
        kind = line["DetailType"]
        if kind == "SalesItemLineDetail":
            read = _item_line(state, line, issued, mode)
            shipping += read.shipping
            yield read
        elif kind == "DescriptionOnly":
            yield SalesLine(shown=_text_line(line))
        elif kind not in {"SubTotalLineDetail", "DiscountLineDetail"}:
            raise errors.business(f"A line of type {kind} can't be used on this form.")
    if shipping > 1:
        raise errors.business("A form has only one shipping line.")


def _text_line(line: JsonObject) -> JsonObject:
    detail = line.get("DescriptionLineDetail", {})
    return {**line_id(line), "Description": line.get("Description", ""), "DetailType": "DescriptionOnly"} | {
        "DescriptionLineDetail": detail
    }


def _item_line(state: State, line: JsonObject, issued: str, mode: str) -> SalesLine:
    detail = line["SalesItemLineDetail"]
    reference = detail.get("ItemRef")
    if not reference:
        return SalesLine(shown=_text_line(line))
    amount = money(Decimal(line["Amount"]))
    _check_product(detail, amount)
    shipping = reference["value"] == SHIPPING
    item = None if shipping else state.refer("Item", reference)
    if shipping:
        _check_shipping(state, detail)
    if item is not None and item.shown["Type"] == "Inventory":
        _check_inventory(detail, item, issued)
    taxed = RULES[state.kind].line(state, mode, detail, amount, item)
    return SalesLine(
        shown=_shown_item_line(state, line, taxed),
        amount=amount,
        account=_income_account(state, item),
        taxed=taxed,
        shipping=shipping,
        item=item,
        units=Decimal(detail.get("Qty", 0)),
    )


def _check_product(detail: JsonObject, amount: Decimal) -> None:
    if "Qty" in detail and "UnitPrice" in detail and money(detail["Qty"] * Decimal(detail["UnitPrice"])) != amount:
        raise errors.wrong_amount(amount)


def _check_shipping(state: State, detail: JsonObject) -> None:
    if not state.preference("SalesFormsPrefs", "AllowShipping"):
        raise errors.business("To use this feature, turn on shipping.")
    if "Qty" in detail or "UnitPrice" in detail:
        raise errors.conflicting("A shipping line takes neither Qty nor UnitPrice.")


def _check_inventory(detail: JsonObject, item: Record, issued: str) -> None:
    if "Qty" not in detail:
        raise errors.quantity_required()
    if issued < item.shown["InvStartDate"]:
        raise errors.before_inventory_start()


def _income_account(state: State, item: Record | None) -> str:
    if item is None:
        account: str = state.preference("SalesFormsPrefs", "DefaultShippingAccount")
        return account
    if "IncomeAccountRef" not in item.shown:
        raise errors.business("Select an income account for this product or service.")
    income: str = item.shown["IncomeAccountRef"]["value"]
    return income


def _shown_item_line(state: State, line: JsonObject, taxed: TaxableLine) -> JsonObject:
    detail = dict(line["SalesItemLineDetail"])
    for name in ("Qty", "UnitPrice"):
        if name in detail:
            detail[name] = plain(Decimal(detail[name]))
    if taxed.code:
        detail["TaxCodeRef"] = {"value": taxed.code}
    if taxed.gross is not None:
        detail["TaxInclusiveAmt"] = taxed.gross
    if detail.pop("ClassRef", None):
        detail |= line_class(state, line["SalesItemLineDetail"])
    described = {"Description": line["Description"]} if line.get("Description") else {}
    shown = {**line_id(line), **described, "Amount": taxed.amount, "DetailType": "SalesItemLineDetail"}
    return {**shown, "SalesItemLineDetail": detail}


def _shown_lines(priced: Priced, old: Record | None) -> list[JsonObject]:
    discount = [priced.discount.shown] if priced.discount.shown else []
    return [*numbered((line.shown for line in priced.lines), old), _subtotal_line(priced.subtotal), *discount]


def _subtotal_line(subtotal: Decimal) -> JsonObject:
    return {"Amount": money(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}


def _discount(state: State, asked: Sequence[JsonObject], subtotal: Decimal, mode: str) -> Discount:
    found = [line for line in asked if line["DetailType"] == "DiscountLineDetail"]
    if not found:
        return Discount()
    if not state.preference("SalesFormsPrefs", "AllowDiscount"):
        raise errors.business("To use this feature, turn on discounts.")
    if len(found) > 1:
        raise errors.business("A form has only one discount line.")
    detail = found[0].get("DiscountLineDetail", {})
    amount = _discount_amount(found[0], detail, subtotal)
    if amount < 0:
        raise errors.fault(errors.negative_amount("Line.Amount"))
    default = {"value": state.preference("SalesFormsPrefs", "DefaultDiscountAccount")}
    account = state.refer("Account", detail.get("DiscountAccountRef", default))
    taxed = RULES[state.kind].discount(state, mode, detail, amount)
    percent = plain(Decimal(detail["DiscountPercent"])) if detail.get("PercentBased") else None
    return Discount(
        amount=amount,
        account=account.id,
        taxed=taxed,
        percent=percent,
        shown={
            "Amount": amount,
            "DetailType": "DiscountLineDetail",
            "DiscountLineDetail": {
                "PercentBased": percent is not None,
                **({} if percent is None else {"DiscountPercent": percent}),
                "DiscountAccountRef": {"value": account.id},
                **line_class(state, detail),
                **({"TaxCodeRef": {"value": taxed.code}} if taxed.code else {}),
            },
        },
    )


def _discount_amount(line: JsonObject, detail: JsonObject, subtotal: Decimal) -> Decimal:
    if detail.get("PercentBased") and "DiscountPercent" in detail:
        return money(subtotal * Decimal(detail["DiscountPercent"]) / 100)
    if detail.get("PercentBased") or "Amount" not in line:
        raise errors.discount_without_amount()
    return money(Decimal(line["Amount"]))


# -- tax


def _taxable_sale(
    asked: JsonObject, lines: Sequence[SalesLine], discount: Discount, mode: str, old: Record | None
) -> Sale:
    address = asked.get("ShipAddr") or asked.get("BillAddr") or {}
    return Sale(
        lines=[line.taxed for line in lines if line.taxed is not None],
        discount=discount.taxed,
        percent=discount.percent,
        shipping=next((line.taxed for line in lines if line.shipping), None),
        mode=mode,
        tax_after_discount=bool(asked.get("ApplyTaxAfterDiscount")),
        block=asked.get("TxnTaxDetail") or {},
        shipping_included=bool(asked.get("ShippingTaxIncludedInTotalTax")),
        state_code=address.get("CountrySubDivisionCode"),
        new=old is None,
        standing=_standing_tax(asked, old),
    )


def _standing_tax(asked: JsonObject, old: Record | None) -> Mapping[str, Decimal]:
    """By rate, where an update does not speak of the tax or sends it as it was: it is not computed anew then."""
    block = asked.get("TxnTaxDetail")
    if old is None or not block or block not in (old.asked.get("TxnTaxDetail"), old.shown["TxnTaxDetail"]):
        return {}
    lines = old.shown["TxnTaxDetail"].get("TaxLine", [])
    return {line["TaxLineDetail"]["TaxRateRef"]["value"]: line["Amount"] for line in lines}


def _kept_tax(state: State, tax: Tax) -> JsonObject:
    """An automated amount stands as an override on later updates, until the tax block is removed by a full one."""
    if state.kind != "us_ast" or not tax.total:
        return {}
    return {"TxnTaxDetail": tax.detail, "ShippingTaxIncludedInTotalTax": True}


# -- header


def _header(state: State, entity: str, asked: JsonObject, issued: str) -> JsonObject:
    taken = {name: each for name, each in asked.items() if name not in _NOT_TAKEN_OVER}
    _check_references(state, taken)
    shown = {
        **RULES[state.kind].header(asked),
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
        **taken,
        "TxnDate": issued,
        "CustomField": _custom_fields(state, asked),
        "Balance": ZERO,
    }
    if shown["EmailStatus"] == "NeedToSend" and not shown.get("BillEmail", {}).get("Address"):
        raise errors.email_required()
    return {**shown, **_addresses(state, shown), **(_invoice_header(state, shown) if entity == "Invoice" else {})}


def _check_references(state: State, taken: JsonObject) -> None:
    for name, entity in (("CustomerRef", "Customer"), ("PaymentMethodRef", "PaymentMethod"), ("SalesTermRef", "Term")):
        if taken.get(name):
            state.refer(entity, taken[name])
    keep_tracking(state, taken)


def _custom_fields(state: State, asked: JsonObject) -> list[JsonObject]:
    """The definitions that are switched on, with the values sent; a value for another one is dropped."""
    sent = {each.get("DefinitionId"): each for each in asked.get("CustomField", [])}
    fields = []
    for definition, name in _definitions(state):
        value = sent.get(definition, {}).get("StringValue")
        text = {"StringValue": value} if value is not None else {}
        fields.append({"DefinitionId": definition, "Name": name, "Type": "StringType", **text})
    return fields


def _definitions(state: State) -> Iterator[tuple[str, str]]:
    prefix = "SalesFormsPrefs.SalesCustomName"
    groups = state.preference("SalesFormsPrefs", "CustomField") or []
    fields = {each["Name"]: each for group in groups for each in group["CustomField"]}
    for name, field_ in fields.items():
        definition = name.removeprefix(prefix)
        used = fields.get(f"SalesFormsPrefs.UseSalesCustom{definition}", {}).get("BooleanValue")
        if name.startswith(prefix) and used:
            yield definition, field_["StringValue"]


def _addresses(state: State, shown: JsonObject) -> JsonObject:
    names = [name for name in ("BillAddr", "ShipAddr") if shown.get(name)]
    return {name: {"Id": state.new_id("Address"), **shown[name]} for name in names if "Id" not in shown[name]}


def _invoice_header(state: State, shown: JsonObject) -> JsonObject:
    customer = state.get("Customer", shown["CustomerRef"]["value"])
    own = {name: customer.shown[name] for name in ("BillAddr", "ShipAddr") if name in customer.shown}
    if shown.get("Deposit"):
        raise errors.business("To use this feature, turn on deposits.")
    return {
        **{name: each for name, each in own.items() if not shown.get(name)},
        **_online_payment(state, shown),
        "DueDate": shown.get("DueDate") or _due(state, shown, customer),
    }


def _online_payment(state: State, shown: JsonObject) -> JsonObject:
    """Cards and transfers are for companies that have QuickBooks Payments; for others the wish is ignored."""
    enabled = bool(state.preference("SalesFormsPrefs", "ETransactionPaymentEnabled"))
    wished = ("AllowOnlineCreditCardPayment", "AllowOnlineACHPayment")
    flags = {name: enabled and bool(shown.get(name)) for name in wished}
    return {"AllowIPNPayment": False, "AllowOnlinePayment": False, **flags}


def _due(state: State, shown: JsonObject, customer: Record) -> str:
    default = state.preference("SalesFormsPrefs", "DefaultTerms")
    reference: Any = shown.get("SalesTermRef") or customer.shown.get("SalesTermRef") or default
    issued = dt.date.fromisoformat(shown["TxnDate"])
    term = state.find("Term", reference["value"]) if reference else None
    return (due_date(term, issued) if term else issued).isoformat()


def _money_account(state: State, form: Form, asked: JsonObject, exchange: Exchange) -> str:
    return receivable(state, exchange.currency) if form.on_account else deposit_account(state, asked, exchange)


def _settlement(entity: str, asked: JsonObject, money_account: str) -> JsonObject:
    if FORMS[entity].on_account:
        return {}
    unprinted = asked.get("PrintStatus", "NeedToPrint") == "NeedToPrint" and not asked.get("PaymentRefNum")
    to_print = {"PaymentRefNum": "To Print"} if entity == "RefundReceipt" and unprinted else {}
    return {"DepositToAccountRef": {"value": money_account}, **to_print}


# -- what it does to the books


def _effects(
    state: State, form: Form, asked: JsonObject, priced: Priced, money_account: str, exchange: Exchange
) -> Effects:
    sold = [(line.account, -line.amount) for line in priced.lines if line.account is not None]
    postings = [(money_account, priced.total), *sold, *_owed_tax(state, priced.tax)]
    if priced.discount.account:
        postings.append((priced.discount.account, priced.discount.amount))
    signed = [(account, form.sign * amount) for account, amount in postings]
    goods = [(account, form.sign * amount) for account, amount in _cost_of_goods(priced.lines)]
    stock: dict[str, Decimal] = defaultdict(Decimal)
    for item, units in _stocked(priced.lines):
        stock[item.id] -= form.sign * units
    customer = asked.get("CustomerRef")
    owed = {customer["value"]: form.sign * priced.total} if form.on_account and customer else {}
    return Effects(
        journal=journal([*home_journal(state, exchange, signed).items(), *goods]),
        foreign=in_own_currency(state, signed),
        stock=dict(stock),
        owed=owed,
    )


def _owed_tax(state: State, tax: Tax) -> Iterator[tuple[str, Decimal]]:
    """Every agency has an account of its own."""
    for line in tax.detail.get("TaxLine", []):
        rate = state.get("TaxRate", line["TaxLineDetail"]["TaxRateRef"]["value"])
        yield state.roles[f"tax agency {rate.shown['AgencyRef']['value']}"], -line["Amount"]


def _stocked(lines: Sequence[SalesLine]) -> Iterator[tuple[Record, Decimal]]:
    for line in lines:
        if line.item is not None and line.item.shown["Type"] == "Inventory":
            yield line.item, line.units


def _cost_of_goods(lines: Sequence[SalesLine]) -> Iterator[tuple[str, Decimal]]:
    """At the purchase cost of the day: without purchases, first in first out comes to the same."""
    for item, units in _stocked(lines):
        cost = money(units * item.shown["PurchaseCost"])
        yield item.shown["ExpenseAccountRef"]["value"], cost
        yield item.shown["AssetAccountRef"]["value"], -cost

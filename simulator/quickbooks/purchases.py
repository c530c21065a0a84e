"""Builder of purchases: money out as a check, an expense or a card charge. On the receivables it sends credit back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.accounts import home_journal, in_own_currency, receivable, require_currency
from simulator.quickbooks.currency import Exchange, exchange_of
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.lines import keep_tracking, line_class, line_id, numbered
from simulator.quickbooks.numbering import number_document
from simulator.quickbooks.state import Draft, Effects, Record, State
from simulator.quickbooks.tax.coded import UNTAXED
from simulator.quickbooks.tax.sale import rates_of
from simulator.quickbooks.tax.us import EXEMPT
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import ZERO, JsonObject, money

_DETAIL = "AccountBasedExpenseLineDetail"
_PAID_FROM: Mapping[str, frozenset[str]] = {
    "Check": frozenset({"Bank"}),
    "Cash": frozenset({"Bank", "Other Current Asset"}),
    "CreditCard": frozenset({"Credit Card"}),
}
_PARTIES = frozenset({"Customer", "Vendor", "Employee"})
_RECEIVABLE = "Accounts Receivable"
_NOT_TAKEN_OVER = frozenset(
    {"TotalAmt", "ExchangeRate", "DocNumber", "LinkedTxn", "TxnTaxDetail", "Line", "CustomField", "Credit"}
)


@dataclass(frozen=True, kw_only=True)
class _Spent:
    """One line: what it was spent on, in the document's currency."""

    account: Record
    amount: Decimal
    shown: JsonObject

    @property
    def on_account(self) -> bool:
        return bool(self.account.shown["AccountType"] == _RECEIVABLE)


def linked_as(purchase: Record) -> str:
    """The TxnType by which a payment settles it."""
    return "Check" if purchase.shown["PaymentType"] == "Check" else "Expense"


def build_purchase(state: State, asked: JsonObject, old: Record | None) -> Draft:
    _require(asked, old)
    issued = asked.get("TxnDate") or state.now().date().isoformat()
    exchange = exchange_of(state, asked, issued)
    party = _party(state, asked, exchange)
    paid_from = _paid_from(state, asked, exchange)
    lines = list(_lines(state, asked, exchange))
    owed = _sent_back(lines, party, old)
    total = money(sum((line.amount for line in lines), ZERO))
    if total < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    asked_number = asked.get("DocNumber")
    number = number_document(state, "Purchase", asked_number, old, by_itself=False) if asked_number else {}
    return Draft(
        asked={**asked, **number, "TxnDate": issued, **exchange.kept},
        shown={
            **_header(state, asked),
            **number,
            "TxnDate": issued,
            "CurrencyRef": {"value": exchange.currency},
            **exchange.kept,
            "Line": list(numbered((line.shown for line in lines), old)),
            "TotalAmt": total,
        },
        effects=_effects(state, paid_from, lines, exchange, owed),
        keys=(("Purchase", number["DocNumber"]),) if number else (),
    )


def _require(asked: JsonObject, old: Record | None) -> None:
    require(asked, ["PaymentType", "AccountRef"])
    if asked["PaymentType"] not in _PAID_FROM:
        raise errors.fault(errors.malformed("enumeration", "PaymentType", asked["PaymentType"]))
    if old is not None and old.shown["PaymentType"] != asked["PaymentType"]:
        raise errors.business("The payment type of a purchase can't be changed.")
    if asked.get("Credit"):
        raise errors.unsupported("create on Purchase with Credit")
    if not asked.get("Line"):
        raise errors.fault(errors.missing_lines())
    missing = [
        errors.required(f"Line.{name}")
        for line in asked["Line"]
        for name in ("DetailType", "Amount")
        if line.get(name) is None
    ]
    if missing:
        raise FaultError(errors=missing)


def _party(state: State, asked: JsonObject, exchange: Exchange) -> Record | None:
    """Who the money goes to, of whichever of the three lists `type` says."""
    reference = asked.get("EntityRef")
    if not reference:
        return None
    if reference.get("type") not in _PARTIES:
        raise errors.fault(errors.required("EntityRef.type"))
    party = state.refer(reference["type"], reference)
    if party.shown.get("CurrencyRef", {}).get("value", exchange.currency) != exchange.currency:
        raise errors.business("The currency of the transaction must be the currency of the payee.")
    return party


def _paid_from(state: State, asked: JsonObject, exchange: Exchange) -> Record:
    account = state.refer("Account", asked["AccountRef"])
    if account.shown["AccountType"] not in _PAID_FROM[asked["PaymentType"]]:
        raise errors.wrong_account_type("AccountRef")
    require_currency(state, account, exchange)
    return account


def _lines(state: State, asked: JsonObject, exchange: Exchange) -> Iterator[_Spent]:
    _check_tax_block(state, asked)
    for line in asked["Line"]:
        if line["DetailType"] != _DETAIL:
            raise errors.business(f"A line of type {line['DetailType']} can't be used on this form.")
        detail = line.get(_DETAIL) or {}
        require(detail, ["AccountRef"])
        account = state.refer("Account", detail["AccountRef"])
        require_currency(state, account, exchange)
        amount = money(Decimal(line["Amount"]))
        yield _Spent(account=account, amount=amount, shown=_shown_line(state, asked, line, amount))
        if account.shown["AccountType"] == _RECEIVABLE and account.id != receivable(state, exchange.currency):
            raise errors.business("The account must be in the currency of the customer.")


def _shown_line(state: State, asked: JsonObject, line: JsonObject, amount: Decimal) -> JsonObject:
    detail = {name: each for name, each in line[_DETAIL].items() if name not in {"ClassRef", "TaxCodeRef"}}
    described = {"Description": line["Description"]} if line.get("Description") else {}
    shown = {**line_id(line), **described, "Amount": amount, "DetailType": _DETAIL}
    own = {**detail, **line_class(state, line[_DETAIL]), **_tax_code(state, asked, line[_DETAIL])}
    return {**shown, _DETAIL: {"BillableStatus": "NotBillable", **own}}


def _check_tax_block(state: State, asked: JsonObject) -> None:
    """Tax on purchases is not simulated: a block may only say that there is none."""
    block = asked.get("TxnTaxDetail") or {}
    if not state.country.pseudo_codes:
        require(asked, ["GlobalTaxCalculation"])
        if asked["GlobalTaxCalculation"] == UNTAXED and block:
            raise errors.tax_detail_not_allowed()
    if block.get("TotalTax"):
        raise errors.tax_not_allowed()


def _tax_code(state: State, asked: JsonObject, detail: JsonObject) -> JsonObject:
    reference = detail.get("TaxCodeRef")
    if state.country.pseudo_codes:
        if reference and reference["value"] != EXEMPT:
            raise errors.wrong_line_tax_code(reference["value"])
        return {"TaxCodeRef": {"value": EXEMPT}}
    if asked["GlobalTaxCalculation"] == UNTAXED:
        if reference:
            raise errors.business("Tax codes can't be used on a transaction without tax.")
        return {}
    if not reference:
        raise errors.no_tax_code(state.country.tax_word)
    if any(percent for _, percent in rates_of(state, state.refer("TaxCode", reference))):
        raise errors.tax_not_allowed()
    return {"TaxCodeRef": {"value": reference["value"]}}


def _sent_back(lines: Sequence[_Spent], party: Record | None, old: Record | None) -> Mapping[str, Decimal]:
    """What a customer owes for it: the one line on the receivables."""
    found = [line.amount for line in lines if line.on_account]
    applied = sum((link.amount for link in old.links.values()), ZERO) if old else ZERO
    if not found and not applied:
        return {}
    if party is None or party.entity != "Customer":
        raise errors.business("When you use Accounts Receivable, you must choose a customer in the Name field.")
    if len(found) > 1 or any(amount <= 0 for amount in found):
        raise errors.business("A transaction can have one line on Accounts Receivable, above zero.")
    if sum(found, ZERO) < applied:
        raise errors.business("The amount can't be less than what has been paid or applied already.")
    return {party.id: found[0]}


def _header(state: State, asked: JsonObject) -> JsonObject:
    taken = {name: each for name, each in asked.items() if name not in _NOT_TAKEN_OVER}
    keep_tracking(state, taken)
    if taken.get("PaymentMethodRef"):
        state.refer("PaymentMethod", taken["PaymentMethodRef"])
    printed = {"PrintStatus": "NeedToPrint"} if asked["PaymentType"] == "Check" else {}
    return {**printed, **taken, "Credit": False}


def _effects(
    state: State, paid_from: Record, lines: Sequence[_Spent], exchange: Exchange, owed: Mapping[str, Decimal]
) -> Effects:
    total = sum((line.amount for line in lines), ZERO)
    postings = [*((line.account.id, line.amount) for line in lines), (paid_from.id, -total)]
    return Effects(journal=home_journal(state, exchange, postings), foreign=in_own_currency(state, postings), owed=owed)

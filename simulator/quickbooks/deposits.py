"""Builder of deposits: what lies in Undeposited Funds is brought to the bank, and is locked from then on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.accounts import balanced, deposit_account, in_own_currency, require_currency
from simulator.quickbooks.books import DocumentKey
from simulator.quickbooks.currency import Exchange, exchange_of
from simulator.quickbooks.lines import line_class, line_id, numbered
from simulator.quickbooks.state import Draft, Effects, Record, State
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import ZERO, JsonObject, money

_DETAIL = "DepositLineDetail"
_SIGNS: Mapping[str, int] = {"Payment": 1, "SalesReceipt": 1, "RefundReceipt": -1}
_TAKEN_OVER = frozenset({"PrivateNote", "DepartmentRef", "GlobalTaxCalculation"})


@dataclass(frozen=True, kw_only=True)
class _Brought:
    """One line: the account that it comes from, in the deposit's currency and at home."""

    account: str
    amount: Decimal
    home: Decimal
    shown: JsonObject
    document: DocumentKey | None = None


def build_deposit(state: State, asked: JsonObject, old: Record | None) -> Draft:
    require(asked, ["DepositToAccountRef"])
    if not asked.get("Line"):
        raise errors.fault(errors.missing_lines())
    if asked.get("CashBack"):
        raise errors.unsupported("create on Deposit with CashBack")
    issued = asked.get("TxnDate") or state.now().date().isoformat()
    exchange = exchange_of(state, asked, issued)
    bank = deposit_account(state, asked, exchange)
    lines = list(_lines(state, asked, exchange, old))
    documents = [line.document for line in lines if line.document]
    if len(documents) > len(set(documents)):
        raise errors.cannot_link("A transaction is there twice.")
    total = money(sum((line.amount for line in lines), ZERO))
    if total < 0:
        raise errors.business("Transaction amount must be 0 or greater.")
    return Draft(
        asked={**asked, "TxnDate": issued, **exchange.kept},
        shown={
            **{name: each for name, each in asked.items() if name in _TAKEN_OVER},
            "TxnDate": issued,
            "DepositToAccountRef": {"value": bank},
            **exchange.shown(total),
            "TotalAmt": total,
            "Line": list(numbered((line.shown for line in lines), old)),
        },
        effects=_effects(state, bank, lines, exchange, frozenset(documents)),
    )


def _lines(state: State, asked: JsonObject, exchange: Exchange, old: Record | None) -> Iterator[_Brought]:
    for line in asked["Line"]:
        require(line, ["Amount"])
        amount = money(Decimal(line["Amount"]))
        if line.get("LinkedTxn"):
            yield _linked(state, line, amount, exchange, old)
        else:
            yield _other(state, line, amount, exchange)


def _linked(state: State, line: JsonObject, amount: Decimal, exchange: Exchange, old: Record | None) -> _Brought:
    link = line["LinkedTxn"][0]
    require(link, ["TxnId", "TxnType", "TxnLineId"])
    if len(line["LinkedTxn"]) > 1 or link["TxnType"] not in _SIGNS:
        raise errors.cannot_link(f"TxnType {link['TxnType']} is not simulated.")
    document = _waiting(state, (link["TxnType"], link["TxnId"]), exchange, old)
    sign = _SIGNS[document.entity]
    if amount != sign * document.shown["TotalAmt"]:
        raise errors.business("The amount is not the amount of the transaction.")
    at_home: Decimal = document.shown["HomeTotalAmt" if "HomeTotalAmt" in document.shown else "TotalAmt"]
    return _Brought(
        account=state.roles["undeposited"],
        amount=amount,
        home=sign * at_home,
        shown={**line_id(line), "Amount": amount, "LinkedTxn": [link]},
        document=document.key,
    )


def _waiting(state: State, key: DocumentKey, exchange: Exchange, old: Record | None) -> Record:
    """A document whose money lies in Undeposited Funds, or is in this deposit already."""
    document = state.find(*key)
    if document is None or key in state.fresh:
        raise errors.not_found()
    if document.shown["DepositToAccountRef"]["value"] != state.roles["undeposited"]:
        raise errors.cannot_link("The money of the transaction is not in Undeposited Funds.")
    if document.deposit not in {None, old.id if old else None}:
        raise errors.cannot_link("The transaction has been deposited.")
    if document.shown["CurrencyRef"]["value"] != exchange.currency:
        raise errors.business("The currency of the transaction must be the currency of the deposit.")
    return document


def _other(state: State, line: JsonObject, amount: Decimal, exchange: Exchange) -> _Brought:
    """A fee, or anything else that no document stands for."""
    require(line, ["DetailType", _DETAIL])
    detail = line[_DETAIL]
    require(detail, ["AccountRef"])
    account = state.refer("Account", detail["AccountRef"])
    if account.shown["AccountType"] in {"Accounts Receivable", "Accounts Payable"}:
        raise errors.wrong_account_type(f"Line.{_DETAIL}.AccountRef")
    require_currency(state, account, exchange)
    shown = {name: each for name, each in detail.items() if name != "ClassRef"} | line_class(state, detail)
    described = {"Description": line["Description"]} if line.get("Description") else {}
    return _Brought(
        account=account.id,
        amount=amount,
        home=exchange.home(amount),
        shown={**line_id(line), **described, "Amount": amount, "DetailType": _DETAIL, _DETAIL: shown},
    )


def _effects(
    state: State, bank: str, lines: Sequence[_Brought], exchange: Exchange, documents: frozenset[DocumentKey]
) -> Effects:
    """What was taken in leaves Undeposited Funds at what it came in at."""
    total = sum((line.amount for line in lines), ZERO)
    at_home = [(bank, exchange.home(total)), *((line.account, -line.home) for line in lines)]
    own = [(bank, total), *((line.account, -line.amount) for line in lines)]
    return Effects(journal=balanced(state, at_home), foreign=in_own_currency(state, own), deposited=documents)

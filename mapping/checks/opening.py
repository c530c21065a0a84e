"""What the shop owes its customers, gift certificates and store credit, against the accounts that keep it: the opening
entry that is missing when a shop begins to keep its books here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO, D, cents
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.checks.findings import Finding, note, warning
from mapping.company import Account, Company

CERTIFICATES, CREDIT = "gift_card_product", "store_credit_product"
LIABILITIES = frozenset({"Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability"})
_OPENING = "OpeningBalanceEquity"


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What the shop owes today in its default currency, and how many certificates or customers share it."""

    amount: Decimal
    count: int


@dataclass(frozen=True, kw_only=True)
class ToCome:
    """What orders that are still to be posted will do to one of the accounts, in the company's currency.

    `whole` is False where orders since start_date may be missing: those that changed before the ones looked at.
    """

    sold: Decimal
    redeemed: Decimal
    whole: bool


def certificates_owed(rows: Iterable[Mapping[str, Any]], currency: str) -> Owed:
    """Of `/v2/gift_certificates`: the balances of active ones in `currency`. Raises ValueError for no number."""
    left = [
        D(row.get("balance") or 0)
        for row in rows
        if row.get("status") == "active" and row.get("currency_code", currency) in ("", currency)
    ]
    return _owed(left)


def credit_owed(rows: Iterable[Mapping[str, Any]]) -> Owed:
    """Of `/v3/customers?include=storecredit`: all of it is in the shop's default currency. Raises ValueError."""
    left = [sum((D(one.get("amount") or 0) for one in row.get("store_credit_amounts") or ()), ZERO) for row in rows]
    return _owed(left)


def _owed(left: Iterable[Decimal]) -> Owed:
    owing = [cents(amount) for amount in left if amount > 0]
    return Owed(amount=sum(owing, ZERO), count=len(owing))


def to_come(orders: Iterable[Order], setting: str, company: Company, *, whole: bool) -> ToCome:
    """`orders` are those since start_date that are still to be posted; of other currencies they are not counted."""
    home = [order for order in orders if order.currency == company.home_currency]
    if setting == CREDIT:
        return ToCome(sold=ZERO, redeemed=sum((cents(order.store_credit) for order in home), ZERO), whole=whole)
    sold = (cents(line.total.ex) for order in home for line in order.lines if line.is_gift_certificate)
    redeemed = (cents(order.gift_certificate) for order in home)
    return ToCome(sold=sum(sold, ZERO), redeemed=sum(redeemed, ZERO), whole=whole)


def check_opening(
    connection: Connection,
    company: Company,
    owed: Mapping[str, Owed],
    coming: Mapping[str, ToCome],
    *,
    today: date,
) -> Iterator[Finding]:
    """The journal entries that make the accounts hold what the shop owes, once all orders are posted.

    `owed` and `coming` by setting (CERTIFICATES, CREDIT); what could not be read is missing from `owed`. Two settings
    may share one account.
    """
    together: defaultdict[str, list[str]] = defaultdict(list)
    for setting in (CERTIFICATES, CREDIT):
        if getattr(connection.sales, setting) is not None:
            together[_account_of(connection, company, setting)].append(setting)
        elif setting in owed and owed[setting].amount:
            text = (
                f"The shop owes {_owing(setting, owed[setting])}, and sales.{setting} is not set: orders that redeem "
            )
            fix = f"Set sales.{setting} to an item that posts to a liability."
            yield warning(f"no_{setting}", f"{text}it will be held.", fix)
    for account_id, settings in together.items():
        account = company.accounts_by_id.get(account_id)
        if account is not None and all(setting in owed for setting in settings):
            books = _Books(
                account=account, special=frozenset(together), company=company, start=connection.start_date, today=today
            )
            yield from books.missing(settings, owed, [coming[setting] for setting in settings])


def _account_of(connection: Connection, company: Company, setting: str) -> str:
    """Its id; "" where a finding about the setting itself says why, or the account is kept in another currency."""
    item = company.item(getattr(connection.sales, setting))
    account = None if isinstance(item, Problem) else company.accounts_by_id.get(item.income_account)
    if account is None or account.type not in LIABILITIES or account.currency not in ("", company.home_currency):
        return ""
    return account.id


def _owing(setting: str, owed: Owed) -> str:
    certificates = setting == CERTIFICATES
    if not owed.amount:
        return "nothing on gift certificates" if certificates else "nothing in store credit"
    several = "" if owed.count == 1 else "s"
    what = f"on {owed.count} gift certificate" if certificates else f"in store credit to {owed.count} customer"
    return f"{owed.amount:.2f} {what}{several}"


@dataclass(frozen=True, kw_only=True)
class _Books:
    """One liability account on one day; `special` are the ids of all that are looked at here."""

    account: Account
    special: frozenset[str]
    company: Company
    start: date
    today: date

    def missing(self, settings: Sequence[str], owed: Mapping[str, Owed], coming: Sequence[ToCome]) -> Iterator[Finding]:
        change = sum((each.sold - each.redeemed for each in coming), ZERO)
        wanted = sum((owed[setting].amount for setting in settings), ZERO) - change
        held, key = self._held(), ("sales", settings[0])
        owing = " and ".join(_owing(setting, owed[setting]) for setting in settings)
        text = f'The shop owes {owing}{_still_to_come(coming)}; the account "{self.account.name}" holds '
        if held is None and abs(self.account.balance) != abs(wanted):
            fix = f"Look at the account: {wanted:.2f} should be owed."
            side = f"{abs(self.account.balance):.2f}, and QuickBooks does not say on which side."
            yield warning("opening_balance", f"{text}{side}", fix, key=key)
        elif held is not None and wanted != held and not all(each.whole for each in coming):
            later = "The opening entry can be told when more of the orders are posted: check again after a sync."
            yield note("opening_balance", f"{text}{held:.2f}. {later}", key=key)
        elif held is not None and wanted != held:
            lacking = f"{wanted - held:.2f} is not" if wanted > held else f"{held - wanted:.2f} too much is"
            yield warning(
                "opening_balance", f"{text}{held:.2f}: {lacking} in the books.", self._entry(wanted - held), key=key
            )

    def _held(self) -> Decimal | None:
        """What the account says is owed; None where that cannot be told.

        Documentation shows a liability that is owed with a CurrentBalance below zero, other recordings one above. The
        company's other liabilities tell: together they are owed in any business.
        """
        liabilities = (one for one in self.company.accounts_by_id.values() if one.type in LIABILITIES)
        together = sum((one.balance for one in liabilities if one.id not in self.special), ZERO)
        if self.account.balance and not together:
            return None
        return -self.account.balance if together < 0 else self.account.balance

    def _entry(self, missing: Decimal) -> str:
        day, closed = self.start - timedelta(days=1), self.company.book_close_date
        when = f"{day}, the day before start_date"
        if closed is not None and day <= closed:
            when = f"{closed + timedelta(days=1)}, the first day after the closed ones"
        accounts = self.company.accounts_by_id.values()
        opening = next((one.name for one in accounts if one.subtype == _OPENING), "Opening Balance Equity")
        debit, credit = (opening, self.account.name) if missing > 0 else (self.account.name, opening)
        again = " Check again on that day: the figure moves until then." if self.start > self.today else ""
        return f'Make a journal entry on {when}: debit "{debit}", credit "{credit}" {abs(missing):.2f}.{again}'


def _still_to_come(coming: Sequence[ToCome]) -> str:
    sold, redeemed = (sum(each, ZERO) for each in zip(*((one.sold, one.redeemed) for one in coming), strict=True))
    moves = [f"{amount:.2f} {word}" for amount, word in ((sold, "sold"), (redeemed, "redeemed")) if amount]
    return f", with {' and '.join(moves)} in orders still to be posted" if moves else ""

"""The QuickBooks company as mapping sees it: look-up tables of what its settings and lists hold.

Names are matched without regard to case. Inactive entries are known as inactive (QuickBooks lists them as
"X (deleted)"), names that several active entries share as ambiguous.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from cartledger.errors import Problem
from cartledger.money import ZERO, D
from cartledger.settings import nearest

_DELETED = " (deleted)"
_PSEUDO_CODES = frozenset({"TAX", "NON"})
_RECEIVABLE = "Accounts Receivable"


class TaxMode(StrEnum):
    """How the company takes sales tax."""

    NONE = "none"  # US with sales tax switched off: NON on a line
    UNTAXED = "untaxed"  # elsewhere with tax switched off (not registered for it): no code on any line
    PLAIN = "plain"  # US without automation: TAX or NON on a line, one code with its tax lines on the document
    AUTOMATED = "automated"  # US automated sales tax: TAX or NON on a line, the amount as an override
    PER_LINE = "per line"  # elsewhere: a real code on every line


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a list. `name` is without the mark of an inactive one."""

    id: str
    name: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class Account(Entry):
    """An account; `type` is QuickBooks' AccountType (`Bank`, `Other Current Liability`), `subtype` its AccountSubType
    (`OpeningBalanceEquity`), `balance` its CurrentBalance in its own currency (signs: `mapping.checks.opening`)."""

    path: str
    type: str
    subtype: str
    currency: str
    balance: Decimal


@dataclass(frozen=True, kw_only=True)
class Item(Entry):
    """A product or service; `type` is QuickBooks' Type (`Inventory`, `Group`)."""

    path: str
    sku: str
    type: str
    income_account: str


@dataclass(frozen=True, kw_only=True)
class TaxRate:
    """One rate of a code, in percent."""

    id: str
    percent: Decimal


@dataclass(frozen=True, kw_only=True)
class TaxCode(Entry):
    """A real code of the company (never the pseudo-codes TAX and NON)."""

    taxable: bool
    rates: tuple[TaxRate, ...]

    @property
    def percent(self) -> Decimal:
        """All its rates together."""
        return sum((rate.percent for rate in self.rates), ZERO)

    @property
    def zero(self) -> bool:
        """Whether none of its rates takes anything (those of a reverse charge take and give back)."""
        return all(rate.percent == 0 for rate in self.rates)


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """What the company keeps its books apart by, beside accounts."""

    class_per_document: bool
    class_per_line: bool
    locations: bool


E = TypeVar("E", bound=Entry)
Table = Mapping[str, tuple[E, ...]]


@dataclass(frozen=True, kw_only=True)
class Company:
    """What a decision needs to know of the company. Tables are keyed by the folded name.

    `made_items` are ids of items that we made or found, by the folded SKU, for SKUs that the lists do not tell.
    """

    country: str
    home_currency: str
    multicurrency: bool
    tax_mode: TaxMode
    tracking: Tracking
    custom_numbers: bool
    allows_shipping: bool
    shipping_account: str
    allows_discount: bool
    discount_account: str
    book_close_date: date | None
    default_tax_code: str
    accounts: Table[Account]
    accounts_by_id: Mapping[str, Account]
    items_by_name: Table[Item]
    items_by_sku: Table[Item]
    items_by_id: Mapping[str, Item]
    made_items: Mapping[str, str]
    tax_codes: Table[TaxCode]
    payment_methods: Table[Entry]
    classes: Table[Entry]
    locations: Table[Entry]
    custom_fields: Mapping[str, str]
    customer_message: str
    takes_cards: bool
    applies_credits: bool
    applies_payments: bool

    @property
    def automated_tax(self) -> bool:
        return self.tax_mode is TaxMode.AUTOMATED

    def account(self, name: str) -> Account | Problem:
        """By name or by path (`Bank:Clearing`); a path wins over a bare name."""
        return look_up("account", self.accounts, name)

    def receivable(self, currency: str) -> Account | Problem:
        """The account that customers owe in `currency` on. Which of several a document is on, QuickBooks does not tell
        beforehand."""
        named = {currency} if currency != self.home_currency else {currency, ""}
        found = [each for each in self.accounts_by_id.values() if each.type == _RECEIVABLE and each.currency in named]
        active = [account for account in found if account.active]
        if len(active) == 1:
            return active[0]
        return Problem(
            code="several_receivables" if active else "no_receivable",
            text=f"QuickBooks has {len(active) or 'no'} active accounts of type Accounts Receivable in {currency}, and "
            "money that goes back to a customer is booked on the one.",
            fix="Leave one of them active, or book what was sent back by hand and ignore the order.",
        )

    def item(self, name: str) -> Item | Problem:
        """By name or by path."""
        return look_up("item", self.items_by_name, name)

    def tax_code(self, name: str) -> TaxCode | Problem:
        return look_up("tax code", self.tax_codes, name)

    def payment_method(self, name: str) -> Entry | Problem:
        return look_up("payment method", self.payment_methods, name)

    def class_(self, name: str) -> Entry | Problem:
        return look_up("class", self.classes, name)

    def location(self, name: str) -> Entry | Problem:
        return look_up("location", self.locations, name)


def fold(name: str) -> str:
    """What two names are compared by."""
    return name.strip().casefold()


class Miss(StrEnum):
    """Why a name leads to no entry."""

    NONE = "no"  # nothing has this name
    INACTIVE = "inactive"  # only inactive entries have it
    AMBIGUOUS = "ambiguous"  # several active entries have it


def find(table: Table[E], name: str) -> E | Miss:
    """The one active entry of that name, or why there is none."""
    found = table.get(fold(name), ())
    active = [entry for entry in found if entry.active]
    if len(active) == 1:
        return active[0]
    return Miss.AMBIGUOUS if active else Miss.INACTIVE if found else Miss.NONE


def look_up(kind: str, table: Table[E], name: str) -> E | Problem:
    """As `find`, with the reason in words (`no_item`, `inactive_account` …) and the nearest name."""
    found = find(table, name)
    if not isinstance(found, Miss):
        return found
    code = f"{found}_{kind.replace(' ', '_')}"
    if found is Miss.AMBIGUOUS:
        text = f'QuickBooks has several active {kind}s called "{name}".'
        return Problem(code=code, text=text, fix=f'Write the full name ("Parent:{name}"), or rename all but one.')
    if found is Miss.INACTIVE:
        text = f'The {kind} "{name}" is inactive in QuickBooks.'
        return Problem(code=code, text=text, fix="Make it active again, or name another one.")
    names = {entry.name for entries in table.values() for entry in entries if entry.active}
    near = nearest(name, names)
    fix = "" if near else f"Correct the name, or make the {kind} in QuickBooks."
    return Problem(code=code, text=f'QuickBooks has no {kind} "{name}".{near}', fix=fix)


def read_company(
    *,
    info: Mapping[str, Any],
    preferences: Mapping[str, Any],
    accounts: Sequence[Mapping[str, Any]],
    items: Sequence[Mapping[str, Any]],
    tax_codes: Sequence[Mapping[str, Any]],
    tax_rates: Sequence[Mapping[str, Any]],
    payment_methods: Sequence[Mapping[str, Any]],
    classes: Sequence[Mapping[str, Any]],
    departments: Sequence[Mapping[str, Any]],
) -> Company:
    """The company in the API's own JSON: CompanyInfo, Preferences, and whole lists with the inactive entries.

    `info` and `preferences` may still stand in their envelopes. Numbers are Decimal or int, never float.
    """
    info = info.get("CompanyInfo", info)
    preferences = preferences.get("Preferences", preferences)
    forms = preferences.get("SalesFormsPrefs", {})
    tax = preferences.get("TaxPrefs", {})
    accounting = preferences.get("AccountingInfoPrefs", {})
    currency = preferences.get("CurrencyPrefs", {})
    read_accounts = [_account(raw) for raw in accounts]
    read_items = [read_item(raw) for raw in items if raw.get("Type") != "Category"]
    country = str(info.get("Country", ""))
    return Company(
        country=country,
        home_currency=_reference(currency, "HomeCurrency"),
        multicurrency=currency.get("MultiCurrencyEnabled") is True,
        tax_mode=_tax_mode(tax, tax_codes, country),
        custom_numbers=forms.get("CustomTxnNumbers") is True,
        allows_shipping=forms.get("AllowShipping") is True,
        shipping_account=str(forms.get("DefaultShippingAccount", "")),
        allows_discount=forms.get("AllowDiscount") is True,
        discount_account=str(forms.get("DefaultDiscountAccount", "")),
        book_close_date=_day(accounting.get("BookCloseDate")),
        tracking=Tracking(
            class_per_document=accounting.get("ClassTrackingPerTxn") is True,
            class_per_line=accounting.get("ClassTrackingPerTxnLine") is True,
            locations=accounting.get("TrackDepartments") is True,
        ),
        default_tax_code=_reference(tax, "TaxGroupCodeRef"),
        accounts={**_table(read_accounts, _name), **_table(read_accounts, lambda account: account.path)},
        accounts_by_id={account.id: account for account in read_accounts},
        items_by_name=_table(read_items, _name, lambda item: item.path),
        items_by_sku=_table(read_items, lambda item: item.sku),
        items_by_id={item.id: item for item in read_items},
        made_items={},
        tax_codes=_table(_tax_codes(tax_codes, tax_rates), _name),
        payment_methods=_table([Entry(**_entry(raw)) for raw in payment_methods], _name),
        classes=_tree(classes),
        locations=_tree(departments),
        custom_fields=_custom_fields(forms),
        customer_message=str(forms.get("DefaultCustomerMessage") or ""),
        takes_cards=forms.get("ETransactionPaymentEnabled") is True,
        applies_credits=forms.get("AutoApplyCredit") is True,
        applies_payments=forms.get("AutoApplyPayments") is True,
    )


def _tax_mode(tax: Mapping[str, Any], codes: Sequence[Mapping[str, Any]], country: str) -> TaxMode:
    """By preferences and codes; the country speaks only where they are silent.

    PartnerTaxEnabled: true is automated sales tax, false an automated company that never set it up.
    """
    if tax.get("PartnerTaxEnabled") is True:
        return TaxMode.AUTOMATED
    pseudo_codes = any(str(code.get("Id")) in _PSEUDO_CODES for code in codes)
    us_style = "TaxGroupCodeRef" in tax or pseudo_codes or country in ("US", "USA", "")
    if tax.get("PartnerTaxEnabled") is False or tax.get("UsingSalesTax") is False:
        return TaxMode.NONE if us_style else TaxMode.UNTAXED
    return TaxMode.PLAIN if us_style else TaxMode.PER_LINE


def _entry(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(raw["Id"]),
        "name": str(raw.get("Name", "")).removesuffix(_DELETED),
        "active": raw.get("Active", True) is not False,
    }


def _path(raw: Mapping[str, Any]) -> str:
    return str(raw.get("FullyQualifiedName") or raw.get("Name", "")).removesuffix(_DELETED)


def _account(raw: Mapping[str, Any]) -> Account:
    return Account(
        **_entry(raw),
        path=_path(raw),
        type=str(raw.get("AccountType", "")),
        subtype=str(raw.get("AccountSubType", "")),
        currency=_reference(raw, "CurrencyRef"),
        balance=D(raw.get("CurrentBalance") or 0),
    )


def read_item(raw: Mapping[str, Any]) -> Item:
    """An Item of the API's own JSON."""
    return Item(
        **_entry(raw),
        path=_path(raw),
        sku=str(raw.get("Sku") or ""),
        type=str(raw.get("Type", "")),
        income_account=_reference(raw, "IncomeAccountRef"),
    )


def kept_item(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What `read_item` reads of an Item of the API's own JSON."""
    return {name: raw[name] for name in _ITEM_FIELDS if name in raw}


_ITEM_FIELDS = ("Id", "Name", "Active", "FullyQualifiedName", "Sku", "Type", "IncomeAccountRef")


def _tax_codes(codes: Iterable[Mapping[str, Any]], rates: Iterable[Mapping[str, Any]]) -> list[TaxCode]:
    # The rates of automated codes may come without a value.
    percents = {str(rate["Id"]): D(rate.get("RateValue") or 0) for rate in rates}
    return [
        TaxCode(**_entry(code), taxable=code.get("Taxable", True) is not False, rates=tuple(_rates_of(code, percents)))
        for code in codes
        if str(code["Id"]) not in _PSEUDO_CODES
    ]


def _rates_of(code: Mapping[str, Any], percents: Mapping[str, Decimal]) -> Iterable[TaxRate]:
    for detail in (code.get("SalesTaxRateList") or {}).get("TaxRateDetail", []):
        rate = _reference(detail, "TaxRateRef")
        yield TaxRate(id=rate, percent=percents.get(rate, ZERO))


def _tree(entries: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Entry, ...]]:
    """By name and by path."""
    paths = {str(raw["Id"]): _path(raw) for raw in entries}
    return _table([Entry(**_entry(raw)) for raw in entries], _name, lambda entry: paths[entry.id])


def _custom_fields(forms: Mapping[str, Any]) -> dict[str, str]:
    """Definition id of each custom field that sales forms use, by folded name.

    The preferences hold one list of switches (`SalesFormsPrefs.UseSalesCustom1`) and one of names
    (`SalesFormsPrefs.SalesCustomName1`).
    """
    fields = [field for group in forms.get("CustomField", []) for field in group.get("CustomField", [])]
    told = {str(field.get("Name", "")).rpartition(".")[2]: field for field in fields}
    used = {name[-1] for name, field in told.items() if name[:-1] == "UseSalesCustom" and field.get("BooleanValue")}
    return {
        fold(str(field.get("StringValue", ""))): name[-1]
        for name, field in told.items()
        if name[:-1] == "SalesCustomName" and name[-1] in used
    }


def _reference(raw: Mapping[str, Any], name: str) -> str:
    return str((raw.get(name) or {}).get("value", ""))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _name(entry: Entry) -> str:
    return entry.name


def _table(entries: Iterable[E], *names: Callable[[E], str]) -> dict[str, tuple[E, ...]]:
    """Entries by every folded name that they have; an entry stands once under a name."""
    table: defaultdict[str, dict[str, E]] = defaultdict(dict)
    for entry in entries:
        for name in names:
            if key := fold(name(entry)):
                table[key][entry.id] = entry
    return {key: tuple(found.values()) for key, found in table.items()}

"""Builders of the lists: people and companies, products, accounts and the small ones.

A builder reads what was asked for (already valid by the schema) and drafts the record as the API would show it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.books import Journal, journal
from simulator.quickbooks.currency import currency_of
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.state import DELETED, Draft, Effects, Record, State
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import ZERO, JsonObject, money, plain

_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_PEOPLE = ("Customer", "Vendor", "Employee")
_OWNED_BY_SERVER = frozenset(
    {"Balance", "BalanceWithJobs", "OpenBalanceDate", "FullyQualifiedName", "Level", "CurrentBalance", "AvgCost"}
    | {"CurrentBalanceWithSubAccounts", "Classification"}
)


def build_customer(state: State, asked: JsonObject, old: Record | None) -> Draft:
    name, shown = _person(state, "Customer", asked, old)
    parent = state.refer("Customer", asked["ParentRef"]) if asked.get("ParentRef") else None
    path = f"{parent.shown['FullyQualifiedName']}:" if parent else ""
    level = {"ParentRef": asked["ParentRef"], "Level": parent.shown.get("Level", 0) + 1} if parent else {}
    defaults = {
        "Taxable": True,
        "Job": parent is not None,
        "BillWithParent": False,
        "PreferredDeliveryMethod": "Print",
        **_default_tax_code(state),
    }
    _refuse_inactive_with_balance(asked, old)
    return Draft(
        asked=asked,
        shown={
            **defaults,
            **shown,
            **level,
            "CurrencyRef": currency_of(state, asked, old),
            "FullyQualifiedName": path + shown["DisplayName"],
        },
        keys=(("people", state.same_name(name)),),
    )


def build_vendor(state: State, asked: JsonObject, old: Record | None) -> Draft:
    name, shown = _person(state, "Vendor", asked, old)
    shown = {"Balance": ZERO, "Vendor1099": False, **shown, "CurrencyRef": currency_of(state, asked, old)}
    return Draft(asked=asked, shown=shown, keys=(("people", state.same_name(name)),))


def build_employee(state: State, asked: JsonObject, old: Record | None) -> Draft:
    name, shown = _person(state, "Employee", asked, old)
    return Draft(asked=asked, shown={"BillableTime": False, **shown}, keys=(("people", state.same_name(name)),))


def _person(state: State, entity: str, asked: JsonObject, old: Record | None) -> tuple[str, JsonObject]:
    """The bare name, and what the three kinds of people have in common."""
    name = _display_name(asked)
    _refuse_bad_name("DisplayName", name)
    owner = _other_owner(state, ("people", state.same_name(name)), old)
    if owner is not None:
        raise errors.duplicate_name(None if owner.entity == entity else "customer, vendor or employee")
    active = asked.get("Active", True)
    return name, {
        "PrintOnCheckName": asked.get("CompanyName") or name,
        **_as_asked(asked),
        **_addresses(state, asked, old),
        "DisplayName": _listed_name(name, active=active),
        "Active": active,
    }


def _display_name(asked: JsonObject) -> str:
    spoken = " ".join(asked[part] for part in _NAME_PARTS if asked.get(part))
    name = (asked.get("DisplayName") or spoken).strip().removesuffix(DELETED)
    if not name:
        raise FaultError(errors=[errors.no_name()])
    return name


def _addresses(state: State, asked: JsonObject, old: Record | None) -> JsonObject:
    found: JsonObject = {}
    for name in ("BillAddr", "ShipAddr"):
        if asked.get(name):
            known = old.shown.get(name, {}).get("Id") if old else None
            found[name] = {"Id": known or state.new_id("Address"), **asked[name]}
    return found


def _default_tax_code(state: State) -> JsonObject:
    code = state.preference("TaxPrefs", "TaxGroupCodeRef")
    return {"DefaultTaxCodeRef": {"value": code["value"]}} if code else {}


def _refuse_inactive_with_balance(asked: JsonObject, old: Record | None) -> None:
    if old is not None and old.active and asked.get("Active") is False and old.running:
        raise errors.has_balance()


# -- products


def build_item(state: State, asked: JsonObject, old: Record | None) -> Draft:
    kind = asked.get("Type", "Service")
    if old is not None and "Inventory" in (kind, old.shown["Type"]) and kind != old.shown["Type"]:
        raise errors.business("The type of an inventory item can't be changed.")
    if old is not None and not old.active and asked.get("Active") is not True:
        raise errors.not_found()
    return draft_item(state, asked, old)


def draft_item(state: State, asked: JsonObject, old: Record | None) -> Draft:
    """What a person may do to an item too, who can turn one without stock into one with it."""
    kind = asked.get("Type", "Service")
    name = _list_name(asked)
    _refuse_bad_name("Name", name)
    if kind not in {"Inventory", "NonInventory", "Service"}:
        raise errors.unsupported(f"create Item of type {kind}")
    if state.country.pseudo_codes and "SalesTaxIncluded" in asked:
        raise errors.business("A price can't include sales tax here.")
    parent = state.refer("Item", asked["ParentRef"]) if asked.get("ParentRef") else None
    key = (f"item under {parent.id if parent else 'top'}", name.casefold())
    if _other_owner(state, key, old):
        raise errors.duplicate_name("product or service")
    _check_accounts(state, asked, kind)
    _refuse_stock_in_closed_books(state, asked, old)
    shown = _shown_item(asked, kind, name, parent)
    return Draft(asked=asked, shown=shown, effects=_stock_effects(state, asked, old, kind), keys=(key,))


def _shown_item(asked: JsonObject, kind: str, name: str, parent: Record | None) -> JsonObject:
    active = asked.get("Active", True)
    listed = _listed_name(name, active=active)
    return {
        "Taxable": False,
        **_as_asked(asked),
        "Name": listed,
        "Active": active,
        "FullyQualifiedName": f"{parent.shown['FullyQualifiedName']}:{listed}" if parent else listed,
        "Type": kind,
        "UnitPrice": plain(Decimal(asked.get("UnitPrice", 0))),
        "PurchaseCost": plain(Decimal(asked.get("PurchaseCost", 0))),
        "TrackQtyOnHand": kind == "Inventory",
    }


def _check_accounts(state: State, asked: JsonObject, kind: str) -> None:
    if kind != "Inventory":
        if not asked.get("ExpenseAccountRef"):
            require(asked, ["IncomeAccountRef"])
        for name in ("IncomeAccountRef", "ExpenseAccountRef"):
            if asked.get(name):
                state.refer("Account", asked[name])
        return
    if not state.preference("ProductAndServicesPrefs", "QuantityOnHand"):
        raise errors.business("To use this feature, turn on quantity on hand tracking.")
    required = ["IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "TrackQtyOnHand", "QtyOnHand"]
    require(asked, [*required, "InvStartDate"])
    if asked["TrackQtyOnHand"] is not True:
        raise errors.business("An inventory item must track its quantity on hand.")
    for name, wanted in _INVENTORY_ACCOUNTS.items():
        if state.refer("Account", asked[name]).shown["AccountType"] != wanted:
            raise errors.wrong_account_type(name)


def _refuse_stock_in_closed_books(state: State, asked: JsonObject, old: Record | None) -> None:
    """A quantity is an adjustment as of the day that the item's stock begins on."""
    closed = state.preference("AccountingInfoPrefs", "BookCloseDate")
    if closed and asked.get("QtyOnHand", 0) != (old.running if old else 0) and asked["InvStartDate"] <= closed:
        raise errors.books_closed()


_INVENTORY_ACCOUNTS = {
    "IncomeAccountRef": "Income",
    "ExpenseAccountRef": "Cost of Goods Sold",
    "AssetAccountRef": "Other Current Asset",
}


def _stock_effects(state: State, asked: JsonObject, old: Record | None, kind: str) -> Effects:
    """A quantity that is sent is the level from then on: the difference is an adjustment, valued at today's cost. What
    becomes inactive has its stock written off."""
    if kind != "Inventory":
        return Effects()
    level = Decimal(asked["QtyOnHand"]) if asked.get("Active", True) else ZERO
    change = level - old.running if old else level
    before = old.effects if old else Effects()
    value = money(change * Decimal(asked.get("PurchaseCost", 0)))
    return Effects(opening=before.opening + change, journal=_adjusted(state, before.journal, asked, value))


def _adjusted(state: State, before: Journal, asked: JsonObject, value: Decimal) -> Journal:
    adjustment = [(asked["AssetAccountRef"]["value"], value), (state.roles["opening balance"], -value)]
    return journal([*before.items(), *adjustment])


# -- accounts and the small lists

_CLASSIFICATIONS = {
    "Asset": ("Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset"),
    "Liability": ("Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability"),
    "Equity": ("Equity",),
    "Revenue": ("Income", "Other Income"),
    "Expense": ("Cost of Goods Sold", "Expense", "Other Expense"),
}


def build_account(state: State, asked: JsonObject, old: Record | None) -> Draft:
    require(asked, ["AccountType"])
    kind = asked["AccountType"]
    draft = _build_plain(state, asked, old, list_name="account", flag="SubAccount")
    classification = next(name for name, kinds in _CLASSIFICATIONS.items() if kind in kinds)
    currency = currency_of(state, asked, old)
    if currency["value"] != state.home_currency and classification not in {"Asset", "Liability"}:
        raise errors.business("Only balance sheet accounts can be in a foreign currency.")
    shown = {
        "AccountSubType": kind.replace(" ", ""),
        **draft.shown,
        "Classification": classification,
        "CurrencyRef": currency,
    }
    return Draft(asked=asked, shown=shown, keys=draft.keys)


def build_class(state: State, asked: JsonObject, old: Record | None) -> Draft:
    return _build_plain(state, asked, old, list_name="class", flag="SubClass")


def build_department(state: State, asked: JsonObject, old: Record | None) -> Draft:
    return _build_plain(state, asked, old, list_name="location", flag="SubDepartment")


def build_payment_method(state: State, asked: JsonObject, old: Record | None) -> Draft:
    draft = _build_plain(state, {"Type": "NON_CREDIT_CARD", **asked}, old, list_name="payment method", flag=None)
    return Draft(asked=asked, shown=draft.shown, keys=draft.keys)


def build_term(state: State, asked: JsonObject, old: Record | None) -> Draft:
    if "DueDays" not in asked and "DayOfMonthDue" not in asked:
        require(asked, ["DueDays"])
    draft = _build_plain(state, asked, old, list_name="term", flag=None)
    kind = "STANDARD" if "DueDays" in asked else "DATE_DRIVEN"
    return Draft(asked=asked, shown={**draft.shown, "Type": kind}, keys=draft.keys)


def _build_plain(state: State, asked: JsonObject, old: Record | None, *, list_name: str, flag: str | None) -> Draft:
    name = _list_name(asked)
    _refuse_bad_name("Name", name)
    key = (list_name, name.casefold())
    if _other_owner(state, key, old):
        raise errors.duplicate_name(list_name)
    active = asked.get("Active", True)
    listed = _listed_name(name, active=active)
    nested = {flag: bool(asked.get("ParentRef")), "FullyQualifiedName": listed} if flag else {}
    return Draft(asked=asked, shown={**_as_asked(asked), "Name": listed, "Active": active, **nested}, keys=(key,))


# -- names


def _list_name(asked: JsonObject) -> str:
    require(asked, ["Name"])
    name: str = asked["Name"].strip().removesuffix(DELETED)
    return name


def _listed_name(name: str, *, active: bool) -> str:
    return name if active else name + DELETED


def _refuse_bad_name(element: str, name: str) -> None:
    if set(name) & set(":\t\n"):
        raise errors.fault(errors.invalid_characters(element, name))


def _other_owner(state: State, key: tuple[str, str], old: Record | None) -> Record | None:
    owner = state.owner(key)
    return None if owner is old else owner


def _as_asked(asked: JsonObject) -> JsonObject:
    return {name: each for name, each in asked.items() if name not in _OWNED_BY_SERVER}


def due_date(term: Record, issued: dt.date) -> dt.date:
    """Standard terms only; a date-driven term answers the day of the following month."""
    if "DueDays" in term.shown:
        return issued + dt.timedelta(days=term.shown["DueDays"])
    following = issued.replace(day=28) + dt.timedelta(days=4)
    return following.replace(day=min(term.shown["DayOfMonthDue"], 28))


BUILDERS: Mapping[str, Any] = {
    "Customer": build_customer,
    "Vendor": build_vendor,
    "Employee": build_employee,
    "Item": build_item,
    "Account": build_account,
    "Class": build_class,
    "Department": build_department,
    "PaymentMethod": build_payment_method,
    "Term": build_term,
}

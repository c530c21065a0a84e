"""What a company holds before the first order: accounts, products, people (all invented), tax codes, preferences."""

from __future__ import annotations

from decimal import Decimal

from simulator.quickbooks import writes
from simulator.quickbooks.countries import Rate
from simulator.quickbooks.preferences import preferences
from simulator.quickbooks.state import Draft, Record, State
from simulator.quickbooks.wire import JsonObject

_START = "2015-01-01"

_ACCOUNTS = {
    "Card clearing": ("Bank", "Checking"),
    "Cash clearing": ("Bank", "CashOnHand"),
    "PayPal clearing": ("Bank", "Checking"),
    "Undeposited Funds": ("Other Current Asset", "UndepositedFunds"),
    "Accounts Receivable (A/R)": ("Accounts Receivable", "AccountsReceivable"),
    "Inventory Asset": ("Other Current Asset", "Inventory"),
    "Sales": ("Income", "SalesOfProductIncome"),
    "Shipping income": ("Income", "ServiceFeeIncome"),
    "Handling income": ("Income", "ServiceFeeIncome"),
    "Wrapping income": ("Income", "ServiceFeeIncome"),
    "Fee income": ("Income", "ServiceFeeIncome"),
    "Discounts given": ("Income", "DiscountsRefundsGiven"),
    "Sales returns": ("Income", "DiscountsRefundsGiven"),
    "Rounding": ("Income", "OtherPrimaryIncome"),
    "Gift certificates": ("Other Current Liability", "OtherCurrentLiabilities"),
    "Store credit": ("Other Current Liability", "OtherCurrentLiabilities"),
    "Cost of Goods Sold": ("Cost of Goods Sold", "SuppliesMaterialsCogs"),
    "Opening Balance Equity": ("Equity", "OpeningBalanceEquity"),
    "Checking": ("Bank", "Checking"),
}
_ROLES = {
    "receivable": "Accounts Receivable (A/R)",
    "undeposited": "Undeposited Funds",
    "opening balance": "Opening Balance Equity",
}
_PRODUCTS = {
    "Discount": ("Service", "Discounts given"),
    "Gift certificate": ("Service", "Gift certificates"),
    "Store credit": ("Service", "Store credit"),
    "Shipping": ("Service", "Shipping income"),
    "Handling": ("Service", "Handling income"),
    "Wrapping": ("Service", "Wrapping income"),
    "Fee": ("Service", "Fee income"),
    "Rounding": ("Service", "Rounding"),
    "Returned": ("NonInventory", "Sales returns"),
    "Unknown product": ("NonInventory", "Sales"),
    "Returned goods": ("NonInventory", "Sales returns"),
    "Refund adjustments": ("NonInventory", "Sales returns"),
}
_PAYMENT_METHODS = {
    "Visa": "CREDIT_CARD",
    "Cash": "NON_CREDIT_CARD",
    "PayPal": "NON_CREDIT_CARD",
    "Check": "NON_CREDIT_CARD",
    "Manual": "NON_CREDIT_CARD",
}
_TERMS = {"Due on receipt": 0, "Net 15": 15, "Net 30": 30}


def fill(state: State, *, multicurrency: bool) -> None:
    """An empty state becomes a company in business."""
    state.preferences = preferences(state.kind, state.home_currency, multicurrency=multicurrency)
    _fill_accounts(state)
    _fill_foreign(state)
    for name, (kind, account) in _PRODUCTS.items():
        writes.create(state, "Item", {"Name": name, "Type": kind, "IncomeAccountRef": _account(state, account)})
    for name, kind in _PAYMENT_METHODS.items():
        writes.create(state, "PaymentMethod", {"Name": name, "Type": kind})
    for name, days in _TERMS.items():
        writes.create(state, "Term", {"Name": name, "DueDays": days})
    _fill_tax(state)
    _fill_people(state)
    for name in ("Web", "Wholesale"):
        writes.create(state, "Class", {"Name": name})
        writes.create(state, "Department", {"Name": f"{name} store"})
    _install(state, "CompanyInfo", "1", _company_info(state))
    _install(state, "Preferences", "1", state.preferences)


def product(state: State, *, name: str, sku: str, kind: str, cost: Decimal, quantity: Decimal) -> JsonObject:
    """The body of an Item for a product of the shop."""
    body = {
        "Name": name,
        "Sku": sku,
        "PurchaseCost": cost,
        "IncomeAccountRef": _account(state, "Sales"),
        "Taxable": True,
    }
    if kind != "inventory":
        return {**body, "Type": "NonInventory", "ExpenseAccountRef": _account(state, "Cost of Goods Sold")}
    return {**body, **stock_fields(state, quantity=quantity, since=_START)}


def stock_fields(state: State, *, quantity: Decimal, since: str) -> JsonObject:
    """What tells an item whose units are counted from other ones."""
    return {
        "Type": "Inventory",
        "ExpenseAccountRef": _account(state, "Cost of Goods Sold"),
        "AssetAccountRef": _account(state, "Inventory Asset"),
        "TrackQtyOnHand": True,
        "QtyOnHand": quantity,
        "InvStartDate": since,
    }


def tax_code(state: State, *, name: str, percent: Decimal) -> Record:
    """A further code of one rate, owed to the company's first agency."""
    rate_id, code_id = _free_id(state, "TaxRate"), _free_id(state, "TaxCode")
    _install(state, "TaxRate", rate_id, _tax_rate(Rate(id=rate_id, name=name, percent=str(percent))))
    _install(state, "TaxCode", code_id, _tax_code(name, (rate_id,)))
    return state.get("TaxCode", code_id)


def _free_id(state: State, entity: str) -> str:
    return str(1 + max(int(record.id) for record in state.records(entity) if record.id.isdigit()))


def _account(state: State, name: str) -> JsonObject:
    return {"value": state.named("Account", name).id}


def _fill_accounts(state: State) -> None:
    taxes = {agency.account: ("Other Current Liability", agency.sub_type) for agency in state.country.agencies}
    for name, (kind, sub_type) in (_ACCOUNTS | taxes).items():
        writes.create(state, "Account", {"Name": name, "AccountType": kind, "AccountSubType": sub_type})
    state.roles = {role: state.named("Account", name).id for role, name in _ROLES.items()}
    for agency in state.country.agencies:
        state.roles[f"tax agency {agency.id}"] = state.named("Account", agency.account).id
    forms = state.preferences["SalesFormsPrefs"]
    forms["DefaultDiscountAccount"] = state.named("Account", "Discounts given").id
    forms["DefaultShippingAccount"] = state.named("Account", "Shipping income").id


def _fill_foreign(state: State) -> None:
    country = state.country
    if country.foreign_currency is None or not state.multicurrency:
        return
    currency = {"CurrencyRef": {"value": country.foreign_currency}}
    for name, (kind, sub_type) in _ACCOUNTS.items():
        if kind == "Bank":
            body = {"Name": f"{name} {country.foreign_currency}", "AccountType": kind, "AccountSubType": sub_type}
            writes.create(state, "Account", body | currency)
    rate = {"SourceCurrencyCode": country.foreign_currency, "Rate": Decimal(country.foreign_rate)}
    writes.create(state, "ExchangeRate", {**rate, "AsOfDate": _START})


def _fill_tax(state: State) -> None:
    country = state.country
    for agency in country.agencies:
        shown = {"DisplayName": agency.name, "TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False}
        _install(state, "TaxAgency", agency.id, shown)
    for pseudo, taxable in (("TAX", True), ("NON", False)) if country.pseudo_codes else ():
        code = {"Name": pseudo, "Description": pseudo, "Active": True, "Taxable": taxable, "TaxGroup": False}
        _install(state, "TaxCode", pseudo, code)
    for rate in country.rates:
        _install(state, "TaxRate", rate.id, _tax_rate(rate))
    for each in country.codes:
        _install(state, "TaxCode", each.id, {**_tax_code(each.name, each.rates), "Taxable": each.taxable})


def _tax_rate(rate: Rate) -> JsonObject:
    return {
        "Name": rate.name,
        "Description": "Sales Tax",
        "Active": True,
        "RateValue": Decimal(rate.percent),
        "AgencyRef": {"value": rate.agency},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
    }


def _tax_code(name: str, rates: tuple[str, ...]) -> JsonObject:
    details = [{"TaxTypeApplicable": "TaxOnAmount", "TaxRateRef": {"value": rate}, "TaxOrder": 0} for rate in rates]
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "Taxable": True,
        "TaxGroup": True,
        "SalesTaxRateList": {"TaxRateDetail": details},
        "PurchaseTaxRateList": {"TaxRateDetail": []},
    }


def _fill_people(state: State) -> None:
    address = state.country.customers_address
    customers: list[JsonObject] = [
        {"DisplayName": "Harbor Lane Stationers", "CompanyName": "Harbor Lane Stationers", "BillAddr": address},
        {"GivenName": "Dana", "FamilyName": "Whitfield", "PrimaryEmailAddr": {"Address": "dana@example.com"}},
        {"DisplayName": "Quill & Oak Books", "PrimaryEmailAddr": {"Address": "orders@quill-oak.example.com"}},
    ]
    for customer in customers:
        writes.create(state, "Customer", customer)
    for vendor in ("Northgate Wholesale", "Parcel Express", "Robin Castellan"):
        writes.create(state, "Vendor", {"DisplayName": vendor})
    writes.create(state, "Employee", {"GivenName": "Marlow", "FamilyName": "Ashdown"})


def _install(state: State, entity: str, record_id: str, shown: JsonObject) -> None:
    """A record that the API only reads."""
    now = state.now()
    record = Record(entity=entity, id=record_id, created=now, updated=now)
    state.put(record, Draft(asked={}, shown=shown))


def _company_info(state: State) -> JsonObject:
    address = {"Id": "1", **state.country.address}
    return {
        "CompanyName": "Lantern Goods",
        "LegalName": "Lantern Goods LLC",
        "CompanyAddr": address,
        "CustomerCommunicationAddr": address,
        "LegalAddr": address,
        "PrimaryPhone": {"FreeFormNumber": state.country.phone},
        "CompanyStartDate": _START,
        "FiscalYearStartMonth": "January",
        "Country": address["Country"],
        "Email": {"Address": "books@example.com"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "NameValue": [
            {"Name": "NeoEnabled", "Value": "true"},
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            {"Name": "SubscriptionStatus", "Value": "PAID"},
        ],
    }

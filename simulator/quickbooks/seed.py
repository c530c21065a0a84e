"""What a company holds before the first order: accounts, products, people (all invented), tax codes, preferences."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator.quickbooks import writes
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
    "Sales tax payable": ("Other Current Liability", "SalesTaxPayable"),
    "Gift certificates": ("Other Current Liability", "OtherCurrentLiabilities"),
    "Store credit": ("Other Current Liability", "OtherCurrentLiabilities"),
    "Cost of Goods Sold": ("Cost of Goods Sold", "SuppliesMaterialsCogs"),
    "Opening Balance Equity": ("Equity", "OpeningBalanceEquity"),
    "Checking": ("Bank", "Checking"),
}
_ROLES = {
    "receivable": "Accounts Receivable (A/R)",
    "undeposited": "Undeposited Funds",
    "sales tax": "Sales tax payable",
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
}
_PAYMENT_METHODS = {
    "Visa": "CREDIT_CARD",
    "Cash": "NON_CREDIT_CARD",
    "PayPal": "NON_CREDIT_CARD",
    "Check": "NON_CREDIT_CARD",
    "Manual": "NON_CREDIT_CARD",
}
_TERMS = {"Due on receipt": 0, "Net 15": 15, "Net 30": 30}

# (code id, name, [(rate id, name, percent)]); TAX and NON are pseudo codes and come first in every list.
_TAX_CODES = [
    ("2", "State tax", [("3", "State tax", "8.25")]),
    ("3", "City tax", [("4", "State share", "7.25"), ("5", "City share", "1.5")]),
    ("4", "Out of state", [("6", "Out of state", "0")]),
    ("5", "California", [("7", "California State", "6"), ("8", "California, Alameda County", "3.25")]),
    ("6", "Eight percent", [("9", "Eight percent", "8")]),
]


def fill(state: State) -> None:
    """An empty state becomes a company in business."""
    state.preferences = preferences(state.home_currency, automated=state.kind == "us_ast")
    _fill_accounts(state)
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
    _install(state, "CompanyInfo", "1", _company_info())
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
    return {
        **body,
        "Type": "Inventory",
        "ExpenseAccountRef": _account(state, "Cost of Goods Sold"),
        "AssetAccountRef": _account(state, "Inventory Asset"),
        "TrackQtyOnHand": True,
        "QtyOnHand": quantity,
        "InvStartDate": _START,
    }


def tax_code(state: State, *, name: str, percent: Decimal) -> Record:
    """A further code of one rate."""
    rate_id, code_id = _free_id(state, "TaxRate"), _free_id(state, "TaxCode")
    _install(state, "TaxRate", rate_id, _tax_rate(name, str(percent)))
    _install(state, "TaxCode", code_id, _tax_code(name, [rate_id]))
    return state.get("TaxCode", code_id)


def _free_id(state: State, entity: str) -> str:
    return str(1 + max(int(record.id) for record in state.records(entity) if record.id.isdigit()))


def _account(state: State, name: str) -> JsonObject:
    return {"value": state.named("Account", name).id}


def _fill_accounts(state: State) -> None:
    for name, (kind, sub_type) in _ACCOUNTS.items():
        writes.create(state, "Account", {"Name": name, "AccountType": kind, "AccountSubType": sub_type})
    state.roles = {role: state.named("Account", name).id for role, name in _ROLES.items()}
    forms = state.preferences["SalesFormsPrefs"]
    forms["DefaultDiscountAccount"] = state.named("Account", "Discounts given").id
    forms["DefaultShippingAccount"] = state.named("Account", "Shipping income").id


def _fill_tax(state: State) -> None:
    agency = {"DisplayName": "State Board of Sales Tax", "TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False}
    _install(state, "TaxAgency", "1", agency)
    for pseudo, taxable in (("TAX", True), ("NON", False)):
        code = {"Name": pseudo, "Description": pseudo, "Active": True, "Taxable": taxable, "TaxGroup": False}
        _install(state, "TaxCode", pseudo, code)
    for code_id, name, rates in _TAX_CODES:
        for rate_id, rate_name, percent in rates:
            _install(state, "TaxRate", rate_id, _tax_rate(rate_name, percent))
        _install(state, "TaxCode", code_id, _tax_code(name, [rate_id for rate_id, _, _ in rates]))


def _tax_rate(name: str, percent: str) -> JsonObject:
    return {
        "Name": name,
        "Description": "Sales Tax",
        "Active": True,
        "RateValue": Decimal(percent),
        "AgencyRef": {"value": "1"},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
    }


def _tax_code(name: str, rates: list[str]) -> JsonObject:
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
    address = {"Line1": "12 Harbor Lane", "City": "Berkeley", "CountrySubDivisionCode": "CA", "PostalCode": "94704"}
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


def _company_info() -> JsonObject:
    address = {
        "Id": "1",
        "Line1": "200 Orchard Street",
        "City": "Oakland",
        "Country": "US",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94607",
    }
    return {
        "CompanyName": "Lantern Goods",
        "LegalName": "Lantern Goods LLC",
        "CompanyAddr": address,
        "CustomerCommunicationAddr": address,
        "LegalAddr": address,
        "PrimaryPhone": {"FreeFormNumber": "(510) 555-0100"},
        "CompanyStartDate": _START,
        "FiscalYearStartMonth": "January",
        "Country": "US",
        "Email": {"Address": "books@example.com"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "NameValue": [
            {"Name": "NeoEnabled", "Value": "true"},
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            {"Name": "SubscriptionStatus", "Value": "PAID"},
        ],
    }


def preferences(home_currency: str, *, automated: bool) -> JsonObject:
    """The recorded shape of Preferences, set up for a shop: own numbers, shipping and discounts, stock, sales tax."""
    thanks = "Thank you for your business."
    tax: JsonObject = {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}}
    return {
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January",
            "UseAccountNumbers": False,
            "TaxYearMonth": "January",
            "ClassTrackingPerTxn": False,
            "TrackDepartments": False,
            "TaxForm": "6",
            "CustomerTerminology": "Customers",
            "DepartmentTerminology": "Location",
            "ClassTrackingPerTxnLine": False,
        },
        "ProductAndServicesPrefs": dict.fromkeys(
            ("ForSales", "ForPurchase", "QuantityWithPriceAndRate", "QuantityOnHand"), True
        ),
        "SalesFormsPrefs": _sales_forms(thanks),
        "EmailMessagesPrefs": {
            f"{form}Message": {"Subject": f"{form} from Lantern Goods", "Message": thanks}
            for form in ("Invoice", "Estimate", "SalesReceipt", "Statement")
        },
        "VendorAndPurchasesPrefs": {
            "TrackingByCustomer": True,
            "BillableExpenseTracking": True,
            "POCustomField": _custom_fields("PurchasePrefs.UsePurchaseCustom"),
        },
        "TimeTrackingPrefs": {
            "UseServices": True,
            "BillCustomers": True,
            "ShowBillRateToAll": False,
            "WorkWeekStartDate": "Monday",
            "MarkTimeEntriesBillable": True,
        },
        "TaxPrefs": {**tax, "PartnerTaxEnabled": True} if automated else tax,
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": home_currency}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": _other_preferences(thanks)},
    }


def _sales_forms(thanks: str) -> JsonObject:
    return {
        "CustomField": _custom_fields("SalesFormsPrefs.UseSalesCustom"),
        "CustomTxnNumbers": True,
        "AllowDeposit": False,
        "AllowDiscount": True,
        "AllowEstimates": True,
        "ETransactionEnabledStatus": "NotApplicable",
        "ETransactionAttachPDF": False,
        "ETransactionPaymentEnabled": False,
        "IPNSupportEnabled": False,
        "AllowServiceDate": False,
        "AllowShipping": True,
        "AutoApplyCredit": False,
        "AutoApplyPayments": False,
        "DefaultTerms": {"value": "3"},
        "UsingPriceLevels": False,
        "DefaultCustomerMessage": thanks,
    }


def _custom_fields(prefix: str) -> list[JsonObject]:
    unused = [{"Name": f"{prefix}{n}", "Type": "BooleanType", "BooleanValue": False} for n in (3, 2, 1)]
    return [{"CustomField": unused}]


def _other_preferences(thanks: str) -> list[dict[str, Any]]:
    values = {
        "SalesFormsPrefs.DefaultCustomerMessage": thanks,
        "SalesFormsPrefs.DefaultItem": "1",
        "DTXCopyMemo": "true",
        "UncategorizedAssetAccountId": "4",
        "UncategorizedIncomeAccountId": "7",
        "UncategorizedExpenseAccountId": "18",
        "SFCEnabled": "true",
        "DataPartner": "false",
        "Vendor1099Enabled": "true",
        "TimeTrackingFeatureEnabled": "true",
    }
    return [{"Name": name, "Value": value} for name, value in values.items()]

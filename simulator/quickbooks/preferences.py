"""The company's settings in the recorded shape of Preferences, set up for a shop."""

from __future__ import annotations

from typing import Any

from simulator.quickbooks.countries import COUNTRIES
from simulator.quickbooks.wire import JsonObject


def preferences(kind: str, home_currency: str, *, multicurrency: bool) -> JsonObject:
    """Own numbers, shipping and discounts, stock, tax as this kind of company has it."""
    thanks = "Thank you for your business."
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
        "TaxPrefs": _tax(kind),
        "CurrencyPrefs": {"MultiCurrencyEnabled": multicurrency, "HomeCurrency": {"value": home_currency}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": _other_preferences(thanks)},
    }


def _tax(kind: str) -> JsonObject:
    """A default code is known in the US only; PartnerTaxEnabled is absent where sales tax is not automated."""
    default = {"TaxGroupCodeRef": {"value": "2"}} if COUNTRIES[kind].pseudo_codes else {}
    automated = {"PartnerTaxEnabled": True} if kind == "us_ast" else {}
    return {"UsingSalesTax": True, **default, **automated}


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

"""What the API refuses and in which words: one function per error code, recorded texts where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Error:
    """One entry of `Fault.Error`; `element` None means that the key is left out, as some recordings do."""

    code: str
    message: str
    detail: str
    element: str | None = None

    def as_json(self) -> dict[str, Any]:
        body = {"Message": self.message, "Detail": self.detail, "code": self.code}
        return body if self.element is None else {**body, "element": self.element}


@dataclass(kw_only=True)
class FaultError(Exception):
    """A refused call. `timed` False leaves out the `time` key of a top-level answer (recorded for 2030)."""

    errors: Sequence[Error]
    type: str = "ValidationFault"
    status: int = 400
    timed: bool = field(default=True)

    def __str__(self) -> str:
        return "; ".join(f"{error.code} {error.detail}" for error in self.errors)

    def as_json(self) -> dict[str, Any]:
        return {"Error": [error.as_json() for error in self.errors], "type": self.type}


class CapExceededError(Exception):
    """The server's time for one request is over: nothing may be committed any more."""


def fault(error: Error) -> FaultError:
    return FaultError(errors=[error])


def unsupported(what: str) -> FaultError:
    return fault(
        Error(
            code="500",
            message="Unsupported Operation",
            detail=f"Operation {what} is not supported.",
        )
    )


def no_such_resource(path: str) -> FaultError:
    full = f"https://c50.sandbox.qbo.intuit.com/qbo50{path}"
    return unsupported(f"Could not find resource for relative : {path} of full path: {full}")


def request_in_flight(requestid: str) -> FaultError:
    return fault(
        Error(code="600", message="Duplicate Request ID", detail=f"Duplicate Request ID : {requestid}", element="")
    )


def not_found() -> FaultError:
    """Bad ids on reading, and inactive references on writing: the API says the same to both."""
    return fault(
        Error(
            code="610",
            message="Object Not Found",
            detail="Object Not Found : Something you're trying to use has been made inactive. "
            "Check the fields with accounts, customers, items, vendors or employees.",
            element="",
        )
    )


def cannot_link(detail: str) -> FaultError:
    return fault(
        Error(code="620", message="Txn ID cannot be linked", detail=f"Txn ID cannot be linked : {detail}", element="")
    )


def batch_too_large(items: int) -> FaultError:
    return fault(
        Error(
            code="1040",
            message="Batch size exceeds allowed limit",
            detail=f"Batch size exceeds the allowed limit of 30. Supplied items:{items}",
        )
    )


# Jackson names the known properties in an order of its own; this one is recorded.
_RECORDED_ORDER = {
    "Invoice": """
    DocNumber HomeTotalAmt TotalAmt TxnSource AllowOnlinePayment RecurringInfo EmailStatus callToAction
    AutoDocNumber ECloudStatusTimeStamp TaxFormNum TxnDate FOB ClassRef AllowOnlineACHPayment
    DepositToAccountRef InvoiceEx AllowOnlineCreditCardPayment CurrencyRef InvoiceLink PONumber ShipDate
    PaymentMethodRef TrackingNum TxnTaxDetail CustomerRef ShipFromAddr BillAddr EInvoiceStatus Id
    RecurDataRef ApplyTaxAfterDiscount DepartmentRef SalesRepRef ExchangeRate domain invoiceStatusLog
    TaxFormType BillEmailBcc LessCIS CustomerMemo TxnStatus HomeBalance PrintStatus ConvenienceFeeDetail
    DiscountRate DeliveryInfo FreeFormAddress AllowIPNPayment CustomField PaymentDetailsMessage
    TransactionLocationType MetaData LinkedTxn status RemitToRef PrivateNote ShipMethodRef PaymentRefNum Tag
    TxnApprovalInfo
    """
}


def unknown_property(name: str, class_name: str, known: Sequence[str]) -> Error:
    """2010 in Jackson's words: the list of known properties is cut after a thousand characters."""
    first = _RECORDED_ORDER.get(class_name, "").split()
    ordered = [*first, *(each for each in known if each not in first)]
    listed = f" ({len(known)} known properties: "
    for position, each in enumerate(ordered):
        listed += f'"{each}"'
        if len(listed) > 1000:
            listed += " [truncated]"
            break
        listed += ", " if position < len(ordered) - 1 else ""
    return Error(
        code="2010",
        message="Request has invalid or unsupported property",
        detail=f'Property Name:Unrecognized field "{name}" (class com.intuit.schema.finance.v3.{class_name}), '
        f"not marked as ignorable{listed}])\n specified is unsupported or invalid",
    )


def unreadable(detail: str) -> FaultError:
    """A body that is no JSON, or JSON of another shape than the entity's."""
    return fault(
        Error(
            code="2010",
            message="Request has invalid or unsupported property",
            detail=f"Property Name:{detail} specified is unsupported or invalid",
        )
    )


def required(element: str) -> Error:
    return Error(
        code="2020",
        message="Required param missing, need to supply the required value for the API",
        detail=f"Required parameter {element} is missing in the request",
        element=element,
    )


def invalid_id(supplied: str) -> FaultError:
    error = Error(
        code="2030",
        message="Invalid ID",
        detail=f"Id should be a valid number. Supplied value:{supplied}",
        element="Id",
    )
    return FaultError(errors=[error], timed=False)


def invalid_characters(element: str, supplied: str) -> Error:
    return Error(
        code="2040",
        message="Invalid String",
        detail=f"Element contains invalid characters: {supplied!r}",
        element=element,
    )


def wrong_length(element: str, supplied: int, most: int) -> Error:
    return Error(
        code="2050",
        message="String length is either shorter or longer than supported by specification",
        detail="String length specified does not match the supported length. "
        f"Min:0 Max:{most} supported. Supplied length:{supplied}",
        element=element,
    )


# The codes are documented, the sentences are not.
_MALFORMED = {
    "date": ("2070", "Invalid date"),
    "number": ("2110", "Invalid decimal"),
    "money": ("2140", "Invalid amount"),
    "integer": ("2090", "Invalid number"),
    "enumeration": ("2170", "Invalid enumeration"),
    "email": ("2210", "Invalid email address format"),
    "currency": ("2220", "Invalid currency"),
    "flag": ("2230", "Invalid boolean"),
    "text": ("2120", "Invalid type"),
}


def malformed(kind: str, element: str, supplied: object) -> Error:
    code, message = _MALFORMED[kind]
    return Error(code=code, message=message, detail=f"{message}. Supplied value:{supplied}", element=element)


def missing_lines() -> Error:
    return Error(
        code="2250",
        message="Missing lines",
        detail="Missing lines : You must enter at least one split line.",
        element="Line",
    )


def negative_amount(element: str) -> Error:
    return Error(
        code="2290",
        message="Negative amounts are not supported",
        detail="Negative amounts are not supported on this transaction line or total.",
        element=element,
    )


def no_such_reference(list_name: str, supplied: str) -> FaultError:
    return fault(
        Error(
            code="2500",
            message="Invalid Reference Id",
            detail=f"Invalid Reference Id : {list_name} element id {supplied} not found",
            element="",
        )
    )


def conflicting(detail: str) -> FaultError:
    return fault(Error(code="2600", message="Conflicting elements in the request", detail=detail, element=""))


def unparsable_query(token: str, image: str, column: int, expected: str) -> FaultError:
    """JavaCC's sentence: the kind of token met, its text, and what was expected in its place."""
    return fault(
        Error(
            code="4000",
            message="Error parsing query",
            detail=f'QueryParserError: Encountered " {token} "{image} "" at line 1, column {column}.\n'
            f"Was expecting:\n    {expected} ...\n    ",
        )
    )


def invalid_query(detail: str) -> FaultError:
    return fault(Error(code="4001", message="Invalid query", detail=f"QueryValidationError: {detail}"))


def stale(user: str) -> FaultError:
    return fault(
        Error(
            code="5010",
            message="Stale Object Error",
            detail=f"Stale Object Error : You and {user} were working on this at the same time. "
            f"{user} finished before you did, so your work was not saved.",
            element="",
        )
    )


def business(detail: str) -> FaultError:
    """6000, the catch-all."""
    return fault(
        Error(
            code="6000",
            message="A business validation error has occurred while processing your request",
            detail=f"Business Validation Error: {detail}",
            element="",
        )
    )


def requestid_too_long(requestid: str) -> FaultError:
    return business(
        "You cannot enter more than 50 characters in the request_id field. "
        f"You tried entering {requestid}, which is {len(requestid)} characters"
    )


def wrong_amount(supplied: Decimal) -> FaultError:
    return fault(
        Error(
            code="6070",
            message="Amount calculation incorrect in the request",
            detail=f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied:,}",
            element="Line.Amount",
        )
    )


def no_name() -> Error:
    return Error(
        code="6080",
        message="No name provided",
        detail="At least one of Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix must be provided.",
        element="DisplayName",
    )


def discount_without_amount() -> FaultError:
    return fault(
        Error(
            code="6090",
            message="Discount line is missing a value",
            detail="A discount line needs an amount or a percentage.",
            element="Line.DiscountLineDetail",
        )
    )


def wrong_line_tax_code(supplied: str) -> FaultError:
    return fault(
        Error(
            code="6100",
            message="Invalid tax code on a line",
            detail=f"TaxCodeRef of a line must be TAX or NON. Supplied value:{supplied}",
            element="Line.SalesItemLineDetail.TaxCodeRef",
        )
    )


def duplicate_number(number: str, type_name: str, txn_id: str) -> FaultError:
    return fault(
        Error(
            code="6140",
            message="Duplicate Document Number Error",
            detail="Duplicate Document Number Error : You must specify a different number. This number has already "
            f"been used. DocNumber={number} is assigned to TxnType={type_name} with TxnId={txn_id}",
            element="",
        )
    )


def no_tax_code(tax_word: str) -> FaultError:
    """`tax_word` is what the company calls its tax: VAT, GST."""
    return business(f"Make sure all your transactions have a {tax_word} rate before you save.")


def tax_detail_not_allowed() -> FaultError:
    return fault(
        Error(
            code="6170",
            message="TxnTaxDetail is not allowed",
            detail="TxnTaxDetail can't be set when GlobalTaxCalculation is NotApplicable.",
            element="TxnTaxDetail",
        )
    )


def subscription_ended() -> FaultError:
    return fault(
        Error(
            code="6190",
            message="Invalid Company Status",
            detail="Subscription period has ended or cancelled or there was a billing problem : You can't add data "
            "to QuickBooks Online Plus because your trial or subscription period ended.",
            element="",
        )
    )


def subscription_lapsed() -> FaultError:
    return fault(
        Error(
            code="7001",
            message="message=SubscriptionLapsed; errorCode=007001; statusCode=400",
            detail="Subscription for company has lapsed or Invalid destination URL is used. Sandbox company works "
            "with Sandbox URL; errorCode=007001; statusCode=400",
        )
    )


def books_closed() -> FaultError:
    return fault(
        Error(
            code="6210",
            message="Account Period Closed, Cannot Update Through Services API",
            detail="The account period has closed and the account books cannot be updated through through the QBO "
            "Services API. Please use the QBO website to make these changes.",
            element="",
        )
    )


def has_balance() -> FaultError:
    return fault(
        Error(
            code="6220",
            message="Delete entity has balance",
            detail="You can't make this inactive: it still has a balance.",
            element="",
        )
    )


def duplicate_name(taken_by: str | None) -> FaultError:
    """6240; a clash inside one list is recorded with the text `null`, one across the lists names who has it."""
    if taken_by is None:
        reason, element = "null", None
    else:
        reason, element = f"Another {taken_by} is already using this name. Please use a different name.", ""
    return fault(
        Error(
            code="6240",
            message="Duplicate Name Exists Error",
            detail=f"The name supplied already exists. : {reason}",
            element=element,
        )
    )


def before_inventory_start() -> FaultError:
    return fault(
        Error(
            code="6270",
            message="Transaction date is prior to start date for inventory item",
            detail="Transactions with inventory (QOH) products cant be dated earlier than the Inventory Start Date "
            "for the product",
            element="",
        )
    )


def email_required() -> FaultError:
    return fault(
        Error(
            code="6420",
            message="Email is required",
            detail="An email address is required because the delivery type is email.",
            element="BillEmail",
        )
    )


def wrong_account_type(element: str) -> FaultError:
    return fault(
        Error(
            code="6430",
            message="Invalid account type",
            detail="Invalid account type used : Select a different account type for this field.",
            element=element,
        )
    )


def tax_not_allowed() -> FaultError:
    return fault(
        Error(
            code="6470",
            message="Tax is not allowed on this transaction or no tax rate is given",
            detail="A tax amount needs a taxable line.",
            element="TxnTaxDetail",
        )
    )


def quantity_required() -> FaultError:
    return fault(
        Error(
            code="6520",
            message="Missing Inventory Item Quantity",
            detail="Quantity required for inventory item",
            element="Line.SalesItemLineDetail.Qty",
        )
    )


def deposited() -> FaultError:
    return fault(
        Error(
            code="6540",
            message="Deposited Transaction cannot be changed",
            detail="This transaction has been deposited. If you want to change or delete it, you must edit the deposit "
            "it appears on and remove it first",
            element="",
        )
    )


def reconciled() -> FaultError:
    """6480 is documented for what is matched to a bank transaction; its words are not."""
    return fault(
        Error(
            code="6480",
            message="Matched transaction cannot be changed",
            detail="This transaction has been matched to a bank transaction.",
            element="",
        )
    )

"""What people see of a document that stands in QuickBooks, as one hash: taken from QuickBooks' own answer, so that a
later look tells whether somebody has changed it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cartledger.records import content_hash

_HEADER = (
    *("DocNumber", "TxnDate", "CurrencyRef", "ExchangeRate", "TotalAmt", "DepositToAccountRef"),
    *("PaymentMethodRef", "PaymentRefNum", "AccountRef", "PaymentType", "FromAccountRef", "ToAccountRef"),
    *("Amount", "ClassRef", "DepartmentRef", "SalesTermRef", "DueDate", "BillEmail", "ShipDate", "ShipMethodRef"),
    *("TrackingNum", "CustomerMemo", "PrivateNote", "GlobalTaxCalculation"),
)
_ADDRESSES = ("BillAddr", "ShipAddr")
_LINE = ("Description", "Amount", "DetailType", "LinkedTxn")
_DETAILS = (
    *("SalesItemLineDetail", "DiscountLineDetail", "AccountBasedExpenseLineDetail"),
    *("DescriptionLineDetail", "GroupLineDetail"),
)


def standing_hash(entity: Mapping[str, Any]) -> str:
    """Of a transaction as QuickBooks answers it. What follows from others (balance, links of an invoice, times, sync
    token) and what is printed or mailed of it is left out, so are the ids of addresses and lines, and whose it is: a
    customer that is merged takes along documents that nobody touched."""
    kept = {name: _plain(entity[name]) for name in _HEADER if not _is_empty(entity.get(name))}
    for name in _ADDRESSES:
        lines = (entity.get(name) or {}).items()
        kept[name] = {key: value for key, value in lines if value and key not in ("Id", "Lat", "Long")}
    kept["Line"] = [_line(line) for line in entity.get("Line") or () if line.get("DetailType") != "SubTotalLineDetail"]
    kept["Tax"] = [
        {"Amount": line.get("Amount"), **_plain(line.get("TaxLineDetail") or {})}
        for line in (entity.get("TxnTaxDetail") or {}).get("TaxLine") or ()
    ]
    kept["CustomField"] = _texts(entity.get("CustomField") or ())
    return content_hash(kept)


def wanted_stands(body: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether all that the body of a change asks for is in the object as QuickBooks shows it. Empty and missing are the
    same; what QuickBooks adds of its own does not count."""
    return all(_shows(name, row.get(name), wanted) for name, wanted in body.items() if name not in _NOT_SHOWN)


_NOT_SHOWN = frozenset({"Id", "SyncToken", "sparse", "ShippingTaxIncludedInTotalTax", "ApplyTaxAfterDiscount"})
_FROM_ITEMS = frozenset({"ItemAccountRef", "TaxClassificationRef"})  # of a line, by what its item is


def _shows(name: str, shown: Any, wanted: Any) -> bool:
    if _is_empty(wanted):
        return _is_empty(shown)
    match name:
        case "Line":
            return _same_lines(shown or (), wanted)
        case "TxnTaxDetail":
            return _same_tax(shown or {}, wanted)
        case "CustomField":
            return _texts(shown or ()) == _texts(wanted)
    return _has(shown, wanted)


def _is_empty(value: Any) -> bool:
    """Also what has nothing but empty things in it."""
    if isinstance(value, Mapping):
        return all(
            _is_empty(each) for name, each in value.items() if name not in ("Id", "DefinitionId", "Name", "Type")
        )
    return all(map(_is_empty, value)) if isinstance(value, list | tuple) else value in (None, "")


def _has(shown: Any, wanted: Any) -> bool:
    """A reference is what it refers to; a number is its value."""
    if isinstance(wanted, Mapping):
        names = ["value"] if "value" in wanted else wanted
        return isinstance(shown, Mapping) and all(_has(shown.get(name), wanted[name]) for name in names)
    if isinstance(wanted, list):
        return isinstance(shown, list) and len(shown) == len(wanted) and all(map(_has, shown, wanted))
    return bool(shown == wanted) or (_is_empty(shown) and _is_empty(wanted))


def _same_lines(shown: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]]) -> bool:
    """In their order, but for the discount on the whole, which QuickBooks puts at the end."""
    return all(_has(_lines_of(shown, off=off), _lines_of(wanted, off=off)) for off in (False, True))


def _lines_of(lines: Iterable[Mapping[str, Any]], *, off: bool) -> list[Mapping[str, Any]]:
    kept = (line for line in lines if line.get("DetailType") != "SubTotalLineDetail")
    return [line for line in kept if (line.get("DetailType") == "DiscountLineDetail") is off]


def _same_tax(shown: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """By amounts: codes and rates are replaced where QuickBooks knows better."""
    amounts = [
        sorted(line["Amount"] for line in each.get("TaxLine") or () if line["Amount"]) for each in (shown, wanted)
    ]
    return shown.get("TotalTax", 0) == wanted.get("TotalTax", 0) and (amounts[0] == amounts[1] or not amounts[1])


def _texts(fields: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {field["DefinitionId"]: field["StringValue"] for field in fields if field.get("StringValue")}


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: _plain(line[name]) for name in _LINE if name in line}
    return kept | {name: _plain(line[name]) for name in _DETAILS if name in line}


def _plain(value: Any) -> Any:
    """References by their id alone: names follow the lists that they are in, as does what a line has of its item."""
    if isinstance(value, Mapping):
        left = _FROM_ITEMS | ({"name"} if "value" in value else set())
        return {key: _plain(each) for key, each in value.items() if key not in left}
    return [_plain(each) for each in value] if isinstance(value, list) else value

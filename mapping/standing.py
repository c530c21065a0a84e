"""What people see of a document that stands in QuickBooks, as one hash: taken from QuickBooks' own answer, so that a
later look tells whether somebody has changed it since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cartledger.records import content_hash

_HEADER = (
    *("DocNumber", "TxnDate", "CustomerRef", "CurrencyRef", "ExchangeRate", "TotalAmt", "DepositToAccountRef"),
    *("PaymentMethodRef", "PaymentRefNum", "AccountRef", "EntityRef", "PaymentType", "FromAccountRef", "ToAccountRef"),
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
    """Of a transaction as QuickBooks answers it. What follows from other documents (balance, links of an invoice,
    times, sync token) and what is printed or mailed of it is left out, so are the ids of addresses and lines."""
    kept = {name: _plain(entity[name]) for name in _HEADER if name in entity}
    for name in _ADDRESSES:
        if name in entity:
            kept[name] = {key: value for key, value in entity[name].items() if key not in ("Id", "Lat", "Long")}
    kept["Line"] = [_line(line) for line in entity.get("Line") or () if line.get("DetailType") != "SubTotalLineDetail"]
    kept["Tax"] = [
        {"Amount": line.get("Amount"), **_plain(line.get("TaxLineDetail") or {})}
        for line in (entity.get("TxnTaxDetail") or {}).get("TaxLine") or ()
    ]
    kept["CustomField"] = [
        (field.get("DefinitionId"), field["StringValue"])
        for field in entity.get("CustomField") or ()
        if field.get("StringValue")
    ]
    return content_hash(kept)


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: _plain(line[name]) for name in _LINE if name in line}
    return kept | {name: _plain(line[name]) for name in _DETAILS if name in line}


def _plain(value: Any) -> Any:
    """References by their id alone: names follow the lists that they are in."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if not (key == "name" and "value" in value)}
    return [_plain(each) for each in value] if isinstance(value, list) else value


_OF_THE_LOCK = frozenset({"Id", "SyncToken", "sparse", "PaymentType"})


def wanted_stands(body: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether everything that the body of an update asks for is in the object as QuickBooks shows it; None in the body
    is a field that is to be empty."""
    return all(_shows(row.get(name), wanted) for name, wanted in body.items() if name not in _OF_THE_LOCK)


def _shows(shown: Any, wanted: Any) -> bool:
    if wanted is None:
        return not shown
    if isinstance(wanted, Mapping):
        return isinstance(shown, Mapping) and all(_shows(shown.get(name), each) for name, each in wanted.items())
    if isinstance(wanted, list):
        rows = [each for each in shown or () if each.get("DetailType") != "SubTotalLineDetail"]
        return len(rows) == len(wanted) and all(map(_shows, rows, wanted))
    return bool(shown == wanted)

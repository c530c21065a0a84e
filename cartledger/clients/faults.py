"""What the two APIs say when they say no: every code we know, its cause in plain words, and what it asks of us.

Texts of QuickBooks are localised, so a code alone decides. The one exception is the catch-all 6000, which covers
"wait a few minutes" as well as plain refusals; its English text is all there is to tell them apart. A code without a
row is quoted as it came and holds the source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree import ElementTree as ET

from cartledger.errors import (
    CartledgerError,
    CompanyReadOnly,
    Forbidden,
    Pause,
    Problem,
    Refused,
    Stop,
    Throttled,
    TryLater,
    Unauthorised,
    Unreachable,
)

THROTTLE_SECONDS = 60.0
"""How long Intuit asks to wait after a 429."""

CONNECT = "Run `cartledger connect quickbooks`, as an administrator of the company."
_RULES = "Correct the order in the shop, or the settings, then retry it."
_REPORT = "This is a mistake of cartledger: please report it with the text above."
_QUOTED_AT_MOST = 300
_FAULT_AT_MOST = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One error of a QuickBooks `Fault`; `more` are the other errors of the same answer.

    `detail` may name people and, for codes of authentication, quotes the token; there it is dropped on reading.
    """

    code: str
    message: str
    detail: str = field(default="", repr=False)
    element: str = ""
    type: str = ""
    more: tuple[Fault, ...] = ()

    @property
    def errors(self) -> tuple[Fault, ...]:
        """This error and the others of the answer, in its order."""
        return (self, *self.more)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(error.code for error in self.errors)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one code means. `in_doubt` says that the thing may have been made all the same.

    `stale` says that what we remember of the other side's lists must be read again before another try.
    """

    verdict: type[CartledgerError]
    cause: str
    fix: str
    in_doubt: bool = False
    stale: bool = False


def fault_of(answer: Any) -> Fault | None:
    """The fault in parsed JSON, the whole answer or one item of a batch; None where there is none."""
    fault = _lower(_lower(answer).get("fault"))
    errors = fault.get("error")
    if not isinstance(errors, list):
        return None
    return _fault([_error(_lower(error), _text(fault.get("type"))) for error in errors])


def xml_fault(body: bytes) -> Fault | None:
    """The fault in an XML answer, which some calls get whatever they asked for; None for anything else."""
    text = body[:_FAULT_AT_MOST].decode(errors="replace").strip()
    # A document type could define entities that expand without end; QuickBooks sends none, and a web page is no fault.
    if not text.startswith("<") or re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314 - no document type, hence no entities
    except (ET.ParseError, ValueError):
        return None
    for fault in root.iter():
        if _name(fault) == "fault":
            kind = fault.get("type", "")
            return _fault([_error(dict(_xml_error(error)), kind) for error in fault if _name(error) == "error"])
    return None


def verdict(fault: Fault) -> CartledgerError:
    """The error that `fault` asks to raise. Of several errors the gravest decides; all of them are quoted."""
    gravest = min(fault.errors, key=_gravity)
    row = _row(gravest)
    in_doubt = any(_row(error).in_doubt for error in fault.errors)
    if issubclass(row.verdict, Refused):
        return Refused(map(_problem, fault.errors), codes=fault.codes, detail=_quoted(gravest.detail))
    text = f"{row.cause} (QuickBooks {gravest.code})"
    if issubclass(row.verdict, Pause):
        seconds = THROTTLE_SECONDS if row.verdict is Throttled else None
        return row.verdict(text, fix=row.fix, in_doubt=in_doubt, seconds=seconds)
    return row.verdict(text, fix=row.fix, in_doubt=in_doubt)


def lists_are_stale(fault: Fault) -> bool:
    """Whether accounts, items, customers or tax codes as we remember them must be read again."""
    return any(_row(error).stale for error in fault.errors)


def is_stale(fault: Fault) -> bool:
    """Whether the object has been changed since its SyncToken was read."""
    return "5010" in fault.codes


def is_gone(fault: Fault) -> bool:
    """Whether the object may not be there any more; or it is something that it names."""
    return "610" in fault.codes


def books_are_closed(fault: Fault) -> bool:
    """Whether the closing date has moved over the day of the document."""
    return bool({"6200", "6210"} & set(fault.codes))


def duplicate_of(fault: Fault) -> str | None:
    """The Id of the document that has the number already, out of a 6140; None for any other fault."""
    for error in fault.errors:
        found = re.search(r"TxnId=(\d+)", error.detail)
        if error.code == "6140" and found:
            return found[1]
    return None


def shop_error(status: int, body: bytes, *, what: str, scope: str, writing: bool = False) -> CartledgerError:
    """The error for an answer of BigCommerce that is none.

    `what` was read or written, `scope` is the permission it needs, in the words of the control panel. A write that the
    store broke down over is in doubt. `detail` of a refusal is all that the store said.
    """
    row = BIGCOMMERCE.get(status) or (_SHOP_REFUSED if 400 <= status < 500 else _SHOP_DOWN)
    said = _shop_text(body)
    cause = row.cause.format(what=what, give="take" if writing else "give", read="write" if writing else "read")
    text = f"{cause} (BigCommerce {status}{': ' + _quoted(said) if said else ''})"
    fix = row.fix.format(scope=scope)
    if issubclass(row.verdict, Refused):
        return Refused([Problem(code=f"bigcommerce_{status}", text=text, fix=fix)], codes=[str(status)], detail=said)
    return row.verdict(text, fix=fix, in_doubt=writing and issubclass(row.verdict, Unreachable))


def units_named(refused: Refused) -> set[str]:
    """Which of the levels that were to be set a refusal of BigCommerce names: `product:<id>`, `variant:<id>`, or a SKU
    as the store prints it. Empty where it names none."""
    skus = {sku.strip(" \"'") for sku in _NAMED_SKU.findall(refused.detail)}
    ids = _NAMED_ID.findall(_NAMED_SKU.sub("", refused.detail))
    return skus | {f"{kind.lower()}:{number}" for kind, numbers in ids for number in re.findall(r"\d+", numbers)}


def _hold(cause: str, fix: str = _RULES, *, stale: bool = False) -> Row:
    return Row(verdict=Refused, cause=cause, fix=fix, stale=stale)


def _mistake(cause: str) -> Row:
    return _hold(cause, _REPORT)


def _later(cause: str, *, in_doubt: bool = False) -> Row:
    return Row(verdict=TryLater, cause=cause, fix="It is tried again by itself.", in_doubt=in_doubt)


def _down(cause: str) -> Row:
    return Row(verdict=Unreachable, cause=cause, fix="It goes on by itself when QuickBooks is back.")


_IN_QUICKBOOKS = "Change it in QuickBooks, then retry."
_SUBSCRIPTION = "Renew the QuickBooks subscription, or connect a company that is active."

QUICKBOOKS: Mapping[str, Row] = {
    "120": Row(verdict=Forbidden, cause="QuickBooks does not let this app at the company.", fix=CONNECT),
    "130": _down("The company is being moved inside QuickBooks."),
    "140": _down("The company is locked."),
    "150": _down("QuickBooks is under maintenance."),
    "500": _mistake("QuickBooks knows no such operation."),
    "600": _later("The same request is already under way.", in_doubt=True),
    "610": _hold(
        "Something the document refers to does not exist any more or is inactive.",
        "Make the account, customer or product active again, or choose another one in the settings.",
        stale=True,
    ),
    "620": _hold("The documents cannot be linked.", _IN_QUICKBOOKS),
    "630": _later("QuickBooks holds such an object already.", in_doubt=True),
    "700": _hold("The parent it refers to is wrong.", _IN_QUICKBOOKS),
    "800": _hold("Something else depends on it, so it cannot be deleted.", _IN_QUICKBOOKS),
    "900": _hold("It would be its own parent.", _IN_QUICKBOOKS),
    "1000": _hold("QuickBooks could not carry this out."),
    "1010": _hold("QuickBooks could not create it."),
    "1020": _hold("QuickBooks could not update it."),
    "1040": _mistake("The batch is larger than QuickBooks takes."),
    "2000": _mistake("QuickBooks knows no such object."),
    "2010": _mistake("The document has a property that QuickBooks does not know."),
    "2020": _hold("Something QuickBooks requires is missing."),
    "2030": _mistake("An id is no number."),
    "2040": _hold("A text has characters that QuickBooks does not take.", "Remove them in the shop, then retry."),
    "2050": _hold("A text is longer or shorter than QuickBooks allows."),
    "2060": _mistake("A date has the wrong format."),
    "2070": _hold("A date is wrong."),
    "2080": _mistake("A number has the wrong format."),
    "2090": _hold("A number is wrong."),
    "2100": _mistake("A decimal number has the wrong format."),
    "2110": _hold("A decimal number is wrong."),
    "2120": _mistake("A value has the wrong type."),
    "2130": _mistake("The request id has the wrong format."),
    "2140": _hold("An amount is wrong."),
    "2150": _hold("A percentage is wrong."),
    "2160": _hold("A quantity is wrong."),
    "2170": _mistake("A value is none of those allowed."),
    "2210": _hold("The e-mail address is not valid.", "Correct the address in the shop, then retry."),
    "2220": _hold("The currency is not valid in this company."),
    "2230": _mistake("A yes/no value is wrong."),
    "2240": _hold("A number is outside the range that QuickBooks allows."),
    "2250": _hold("The document has no lines."),
    "2280": _hold("A tax code needs a tax amount."),
    "2290": _hold("QuickBooks takes no negative amount here."),
    "2300": _mistake("Debits and credits of the journal entry differ."),
    "2500": _hold(
        "The document refers to something that QuickBooks does not find.",
        "Choose an account, product or tax code that exists in the settings, then retry.",
        stale=True,
    ),
    "2600": _mistake("Two parts of the document contradict each other."),
    "3000": _hold("A custom field is wrong.", "Choose a custom field that is switched on in QuickBooks."),
    "3001": Row(verdict=Throttled, cause="The quota of calls is used up.", fix="It goes on by itself."),
    "3100": Row(verdict=Forbidden, cause="The app has no permission for this company.", fix=CONNECT),
    "3200": Row(verdict=Unauthorised, cause="QuickBooks refuses the token.", fix=CONNECT),
    "3202": Row(
        verdict=Forbidden,
        cause="The token belongs to another company, or to the other of sandbox and live.",
        fix=CONNECT,
    ),
    "4000": _mistake("QuickBooks cannot read the query."),
    "4001": _mistake("QuickBooks refuses the query."),
    "5010": _later("Somebody else changed it at the same time."),
    "5020": Row(verdict=Forbidden, cause="The user who connected may not do this.", fix=CONNECT),
    "5030": Row(verdict=Forbidden, cause="The user who connected may not do this.", fix=CONNECT),
    "6000": _hold("A rule of QuickBooks forbids it."),
    "6070": _mistake("Quantity times price is not the line's amount."),
    "6080": _hold("A customer needs a name.", "Give the shopper a name in the shop, then retry."),
    "6090": _mistake("A discount line has neither amount nor percentage."),
    "6100": _mistake("A line's tax code must be TAX or NON in this company."),
    "6140": _hold("Another document has this number.", "Change the number of the other document, then retry."),
    "6160": _hold("This tax code cannot be used here.", "Choose another tax code in the settings, then retry."),
    "6170": _mistake("A document outside the scope of tax carries tax."),
    "6180": _hold("The names are nested too deep.", _IN_QUICKBOOKS),
    "6190": Row(verdict=CompanyReadOnly, cause="The company's subscription has ended.", fix=_SUBSCRIPTION),
    "6200": _hold("The books are closed for this date.", "Move the closing date in QuickBooks, then retry."),
    "6210": _hold("The books are closed for this date.", "Move the closing date in QuickBooks, then retry."),
    "6220": _hold("It still has a balance, so it cannot be made inactive.", _IN_QUICKBOOKS),
    "6230": _hold("This tax code cannot be changed.", _IN_QUICKBOOKS),
    "6240": _hold(
        "Another customer, vendor or employee has this name, perhaps an inactive one.",
        "Rename one of the two in QuickBooks, then retry.",
    ),
    "6250": _hold(
        "The customer does not exist any more or is inactive.",
        "Make the customer active again, then retry.",
        stale=True,
    ),
    "6270": _hold(
        "The document is dated before the start date of an inventory product.",
        "Move the product's start date in QuickBooks, then retry.",
    ),
    "6420": _hold("Delivery by e-mail needs an address.", "Give the order an address, or do not send by e-mail."),
    "6430": _hold(
        "An account has the wrong type for its place.", "Choose another account in the settings, then retry."
    ),
    "6440": _hold("A line with an amount has neither product nor account."),
    "6450": _hold("The payment is settled and cannot be voided.", _IN_QUICKBOOKS),
    "6470": _hold("This document takes no tax, or no tax rate is given."),
    "6480": _hold("It is matched to a bank transaction.", "Undo the match in QuickBooks, then retry."),
    "6520": _mistake("A line with an inventory product has no quantity."),
    "6540": _hold("It is already deposited.", "Delete the deposit in QuickBooks, then retry."),
    "7001": Row(verdict=CompanyReadOnly, cause="The company's subscription has lapsed.", fix=_SUBSCRIPTION),
    "10000": _later("An error inside QuickBooks.", in_doubt=True),
    "10100": _mistake("The result is too large."),
    "10200": _hold("The company was reset meanwhile.", "Run `cartledger check`, then retry.", stale=True),
}

_NEW_ACCOUNT = (
    "Make a new API account in the BigCommerce control panel and give its token to `cartledger connect bigcommerce`."
)
_SHOP_LATER = "It goes on by itself when BigCommerce is back."
_SHOP_DOWN = Row(verdict=Unreachable, cause="BigCommerce could not {give} {what}.", fix=_SHOP_LATER)


def _shop_mistake(cause: str) -> Row:
    return Row(verdict=Refused, cause=cause, fix=_REPORT)


_SHOP_REFUSED = _shop_mistake("BigCommerce refused to {give} {what}.")
_NO_SUCH_CALL = _shop_mistake("BigCommerce knows no such call about {what}.")
_WRONG_FORM = _shop_mistake("BigCommerce does not speak the form in which it was asked about {what}.")

BIGCOMMERCE: Mapping[int, Row] = {
    400: _shop_mistake("BigCommerce did not understand what was asked about {what}."),
    401: Row(verdict=Unauthorised, cause="BigCommerce refuses the token.", fix=_NEW_ACCOUNT),
    403: Row(
        verdict=Forbidden,
        cause="The token may not {read} {what}.",
        fix="Make a BigCommerce API account with the scope “{scope}” and give its token to `cartledger connect "
        "bigcommerce`.",
    ),
    404: Row(
        verdict=Refused,
        cause="BigCommerce does not find {what}.",
        fix="Look whether it was deleted in the shop; retry it, and report it if it is there.",
    ),
    405: _NO_SUCH_CALL,
    406: _WRONG_FORM,
    409: Row(verdict=TryLater, cause="{what} conflicts with another change.", fix="It is tried again by itself."),
    413: _shop_mistake("Too much of {what} was asked for or sent at once."),
    415: _WRONG_FORM,
    422: Row(
        verdict=Refused,
        cause="BigCommerce refused to {give} {what}.",
        fix="Mend what it names, then retry; report it if nothing there is wrong.",
    ),
    423: Row(verdict=TryLater, cause="{what} is locked.", fix="It is tried again by itself."),
    429: Row(verdict=Throttled, cause="The store's quota of calls is used up.", fix="It goes on by itself."),
    499: _SHOP_DOWN,
    500: _SHOP_DOWN,
    501: _NO_SUCH_CALL,
    503: Row(
        verdict=Unreachable,
        cause="The store is under maintenance or suspended: no answer about {what}.",
        fix=_SHOP_LATER,
    ),
    504: _SHOP_DOWN,
    507: Row(verdict=Forbidden, cause="A limit of the store's plan is reached.", fix="Upgrade the BigCommerce plan."),
}

# Only some of these texts are documented: `[Item with variant_id 106 is tracked by product, please update stock by
# product id]`, `Items with identity: [product_id 113] requires absolute adjustment before relative`, and with `sku`.
_NAMED_ID = re.compile(r"\b(product|variant)[_ ]?ids?\b[\s:=\"']*(\d+(?:\s*,\s*\d+)*)", re.IGNORECASE)
_NAMED_SKU = re.compile(
    r"\bsku[ :=]+(.+?)"
    r"(?=\]|$|,? (?:is|are|has|have|was|were|do|does|cannot|requires?)\b|, (?:items? with )?(?:sku|\w+_id)\b)",
    re.IGNORECASE,
)

# 6000 covers refusals and hiccups alike; this sentence of its English text marks a hiccup.
_HICCUP = re.compile(r"wait a few minutes", re.IGNORECASE)
_HICCUP_ROW = _later("QuickBooks was busy with the same data.", in_doubt=True)
# Companies were reported whose closed books are told by the code of a conflict, which would be tried again and again.
_CLOSED = re.compile(r"account period has closed", re.IGNORECASE)
_UNKNOWN_ROW = _hold("", "Look the code up at developer.intuit.com, or ask its support.")
_GRAVITY = (Stop, Pause, TryLater, Refused)
_TELLS_THE_TOKEN = frozenset({"120", "3100", "3200", "3202"})


def _row(error: Fault) -> Row:
    if error.code == "6000" and _HICCUP.search(error.detail):
        return _HICCUP_ROW
    return QUICKBOOKS.get(error.code, _UNKNOWN_ROW)


def _gravity(error: Fault) -> int:
    """Stop before pause before doubt before refusal; a conflict beside a refusal helps nothing."""
    row = _row(error)
    if row.verdict is TryLater and not row.in_doubt:
        return len(_GRAVITY)
    return next(rank for rank, kind in enumerate(_GRAVITY) if issubclass(row.verdict, kind))


def _problem(error: Fault) -> Problem:
    row = _row(error)
    cause = row.cause or f"QuickBooks refused it: {_quoted(error.message)}."
    detail = f" {_quoted(error.detail)}" if error.detail and row.verdict is Refused else ""
    place = f" at {error.element}" if error.element else ""
    return Problem(
        code=f"quickbooks_{error.code}", text=f"{cause} (QuickBooks {error.code}{place}){detail}", fix=row.fix
    )


def _quoted(text: str) -> str:
    return " ".join(text.split())[:_QUOTED_AT_MOST]


def _lower(value: Any) -> Mapping[str, Any]:
    return {str(name).lower(): each for name, each in value.items()} if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _error(error: Mapping[str, Any], kind: str) -> Fault:
    code = _text(error.get("code")).lstrip("0")
    if code == "5010" and _CLOSED.search(_text(error.get("detail"))):
        code = "6210"
    return Fault(
        code=code,
        message=_text(error.get("message")),
        detail="" if code in _TELLS_THE_TOKEN else _text(error.get("detail")),
        element=_text(error.get("element")),
        type=kind,
    )


def _fault(errors: list[Fault]) -> Fault | None:
    if not errors:
        return None
    first, *more = errors
    return replace(first, more=tuple(more))


def _xml_error(error: ET.Element) -> Iterator[tuple[str, str]]:
    yield from error.attrib.items()
    for child in error:
        yield _name(child), (child.text or "").strip()


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _shop_text(body: bytes) -> str:
    """What BigCommerce wrote: a bare array in v2, an object in v3; empty for anything else."""
    try:
        found = json.loads(body) if len(body) <= _FAULT_AT_MOST else None
    except (ValueError, RecursionError):
        return ""
    first = found[0] if isinstance(found, list) and found else found
    if not isinstance(first, Mapping):
        return ""
    more = [_text(text) for text in _lower(first.get("errors")).values()]
    told = dict.fromkeys(part for part in (_text(first.get("title") or first.get("message")), *more) if part)
    return "; ".join(told)

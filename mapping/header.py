"""What a document says beside its money: number, class and location, words for the customer, custom fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cartledger.records import Order
from cartledger.settings import FORM_FIELD
from mapping.company import fold
from mapping.finder import Finder
from mapping.text import clean, cut

NEXT_NUMBER = "AUTO_GENERATE"
"""In place of a number: QuickBooks takes its next one."""

_MESSAGE_LIMIT = 1000
_CUSTOM_FIELD_LIMIT = 31


@dataclass(frozen=True, kw_only=True)
class Header:
    """`number` is "" where QuickBooks numbers the document. `fields` stand in its body, `line_class` (an id, or "") on
    each of its lines."""

    number: str
    fields: dict[str, Any]
    line_class: str


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """What books are kept apart by: `fields` of a document, `line_class` (an id, or "") of each of its lines."""

    fields: dict[str, Any]
    line_class: str


def decide_header(order: Order, find: Finder) -> Header:
    """The header of a receipt or an invoice; what the company lacks is reported to `find`."""
    sales = find.connection.sales
    number = "" if sales.automatic_numbers else find.connection.number(order.id)
    tracked = decide_tracking(find)
    fields = {
        **_number_field(number, custom_numbers=find.company.custom_numbers),
        **tracked.fields,
        **_message(find.company.customer_message if sales.use_default_customer_message else order.customer_message),
        **_custom_fields(order, find),
    }
    return Header(number=number, fields=fields, line_class=tracked.line_class)


def decide_tracking(find: Finder) -> Tracked:
    """Class and location of a document."""
    tracking, class_ = find.company.tracking, find.class_()
    return Tracked(
        fields={
            **_reference("ClassRef", class_ if tracking.class_per_document else ""),
            **_reference("DepartmentRef", find.location()),
        },
        line_class=class_ if tracking.class_per_line else "",
    )


def _number_field(number: str, *, custom_numbers: bool) -> dict[str, str]:
    """A company with numbers of its own leaves a number empty that is not sent; any other gives the next one then."""
    if not number:
        return {"DocNumber": NEXT_NUMBER} if custom_numbers else {}
    return {"DocNumber": number}


def _reference(name: str, target: str) -> dict[str, Any]:
    return {name: {"value": target}} if target else {}


def _message(text: str) -> dict[str, Any]:
    words = cut(clean(text), _MESSAGE_LIMIT)
    return {"CustomerMemo": {"value": words}} if words else {}


def _custom_fields(order: Order, find: Finder) -> dict[str, Any]:
    """Those that the order can fill; those that the company does not know are reported whether it can or not."""
    named = {find.custom_field(name): source for name, source in find.connection.sales.custom_fields.items()}
    filled = [
        {"DefinitionId": definition, "Type": "StringType", "StringValue": cut(text, _CUSTOM_FIELD_LIMIT)}
        for definition, source in sorted(named.items())
        if definition and (text := _text_of(order, source))
    ]
    return {"CustomField": filled} if filled else {}


def _text_of(order: Order, source: str) -> str:
    """The order's field as text, "" where it is empty; ids are never 0."""
    if source.startswith(FORM_FIELD):
        asked = fold(source.removeprefix(FORM_FIELD))
        return clean(next((answer for name, answer in order.form_fields if fold(name) == asked), ""))
    names = {"order_id": "id", "order_source": "source"}
    return clean(str(getattr(order, names.get(source, source)) or ""))

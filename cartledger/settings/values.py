"""What the values of options must look like: each type with its own sentence for what is not of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sized
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from cartledger.settings.words import nearest, shown

ORDER_STATUSES = {
    0: "Incomplete",
    1: "Pending",
    2: "Shipped",
    3: "Partially Shipped",
    4: "Refunded",
    5: "Cancelled",
    6: "Declined",
    7: "Awaiting Payment",
    8: "Awaiting Pickup",
    9: "Awaiting Shipment",
    10: "Completed",
    11: "Awaiting Fulfillment",
    12: "Manual Verification Required",
    13: "Disputed",
    14: "Partially Refunded",
}
"""BigCommerce's fixed ids; a shop may rename the labels, so ids are what counts."""

UNPAID_STATUSES = frozenset({1, 7, 12, 13})
CALLED_OFF_STATUSES = frozenset({5, 6})
RETURN_STATUSES = (4, 14, 5, 6)
"""Those that say of a sale that something of it went back, or that it was called off."""
CONNECTION_NAME = r"^[a-z][a-z0-9_]*$"
NAMESPACE = r"^[a-z0-9_-]+$"
STORE_HASH = r"^[a-z0-9]+$"
REALM_ID = r"^[0-9]+$"
NUMBER_PREFIX = r"^[A-Za-z0-9]*$"

PATTERNS: Mapping[str, str] = {
    CONNECTION_NAME: "lower-case letters, digits and _, a letter first",
    NAMESPACE: "lower-case letters, digits, - and _",
    STORE_HASH: "lower-case letters and digits",
    REALM_ID: "digits",
    NUMBER_PREFIX: "letters and digits",
}
"""What each pattern allows, in words."""


def _status_id(value: object) -> int:
    known = {name.casefold(): number for number, name in ORDER_STATUSES.items()}
    number = known.get(str(value).strip().casefold(), value)
    if number == 0 and not isinstance(number, bool):
        raise ValueError("names Incomplete (0), which is an abandoned checkout and no sale; take it out.")
    if not isinstance(number, int) or isinstance(number, bool) or number not in ORDER_STATUSES:
        names = ", ".join(f"{name} ({number})" for number, name in ORDER_STATUSES.items() if number)
        hint = nearest(str(value), ORDER_STATUSES.values())
        raise ValueError(f"names {shown(value)}, which is no order status.{hint} Allowed: {names}.")
    return number


def _return_status(value: object) -> int:
    number = _status_id(value)
    if number not in RETURN_STATUSES:
        allowed = ", ".join(f"{ORDER_STATUSES[one]} ({one})" for one in RETURN_STATUSES)
        raise ValueError(
            f"names {ORDER_STATUSES[number]}, which says nothing of what went back or was called off. "
            f"Allowed: {allowed}."
        )
    return number


def _day(value: object) -> date:
    """A TOML date, or a text from the environment. (pydantic alone would take a number for seconds since 1970.)"""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"is {shown(value)}, which is no day; write it as 2026-01-31.") from None


def _zone(value: object) -> str:
    if isinstance(value, str) and value in available_timezones():
        return value
    close = difflib.get_close_matches(value, available_timezones(), n=3, cutoff=0.5) if isinstance(value, str) else []
    hint = f". Nearest: {', '.join(close)}." if close else "; write it by its place: America/New_York."
    raise ValueError(f"is {shown(value)}, which is no time zone{hint}")


def _address(value: object) -> str:
    """Tokens travel to it, so it is encrypted or does not leave the machine."""
    parts = urlsplit(str(value))
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in THIS_MACHINE)):
        return str(value)
    raise ValueError(
        f"is {shown(value)}; write an address that begins with https://, or with http:// and this machine (127.0.0.1)."
    )


def _redirect_uri(value: object) -> str:
    host = urlsplit(str(value)).hostname or ""
    if re.fullmatch(r"[\d.]+|.*:.*", host):
        raise ValueError(f"is {shown(value)}, while Intuit takes no IP address; write http://localhost:8765/callback.")
    return _address(value)


THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


class Schedule(BaseModel):
    """When a connection is read by itself: every `every`, or daily at each of `at` (in order), or never (neither)."""

    model_config = ConfigDict(frozen=True)
    every: timedelta | None = None
    at: tuple[time, ...] = ()

    def __str__(self) -> str:
        """As the file says it."""
        if self.at:
            *earlier, last = (f"{each:%H:%M}" for each in self.at)
            return f"daily at {', '.join(earlier)} and {last}" if earlier else f"daily at {last}"
        if self.every is None:
            return "manual"
        seconds = int(self.every.total_seconds())
        size, unit = next((size, unit) for size, unit in _SECONDS.items() if seconds % size == 0)
        return f"{seconds // size}{unit}"


_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"


def _time_of_day(value: object) -> time:
    if isinstance(value, time):
        return value
    if found := re.fullmatch(_CLOCK, str(value).strip()):
        return time(int(found[1]), int(found[2]))
    raise ValueError(f'is {shown(value)}, which is no time of day; write it as "07:00".')


def _mail_address(value: object) -> str:
    text = str(value).strip()
    if re.fullmatch(r"[^@\s,<>]+@[^@\s,<>]+", text):
        return text
    raise ValueError(f"is {shown(value)}, which is no mail address; write it as books@shop.example.")


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
_SECONDS = {3600: "h", 60: "m", 1: "s"}


def _schedule(value: object) -> Schedule:
    text = str(value).strip()
    if isinstance(value, Schedule):
        return value
    if text == "manual":
        return Schedule()
    if found := re.fullmatch(r"([1-9]\d*)([smh])", text):
        return Schedule(every=timedelta(**{_UNITS[found[2]]: int(found[1])}))
    if re.fullmatch(f"daily at {_CLOCK}(?:(?:, | and ){_CLOCK})*", text):
        return Schedule(at=tuple(sorted({time(int(hour), int(minute)) for hour, minute in re.findall(_CLOCK, text)})))
    raise ValueError(
        f'is {shown(value)}, which is no interval. Allowed: "1h", "15m", "daily at 02:30", '
        '"daily at 02:30 and 14:30", "manual".'
    )


def _amount(value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f'is {shown(value)}, which is no amount; write it as "0.05".')
    return amount


def _currency(value: object) -> str:
    code = str(value).strip().upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError("is no currency; write its three letters (EUR).")
    return code


def _order_source(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"names {shown(value)}, which is no order source; write what the shop calls it (www, manual).")
    return value.strip().casefold()


def _whole_number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"is {shown(value)}, which is no whole number.")
    return value


_Many = TypeVar("_Many", bound=Sized | None)


def at_least_one(values: _Many) -> _Many:
    """For lists that may be left out, but not be empty."""
    if values is not None and not len(values):
        raise ValueError("is empty; name at least one.")
    return values


ORDER_FIELDS = (
    "channel_id",
    "external_id",
    "external_merchant_id",
    "external_order_id",
    "external_source",
    "order_id",
    "order_source",
    "payment_reference",
)
"""What a custom field can be filled with, beside what customers fill in."""
FORM_FIELD = "form_fields."
"""Begins the name of a field of the checkout's billing address that the shop has added."""


def _order_field(value: object) -> str:
    name = str(value).strip()
    if name in ORDER_FIELDS or name.removeprefix(FORM_FIELD).strip() not in (name, ""):
        return name
    allowed = ", ".join(f'"{field}"' for field in ORDER_FIELDS)
    raise ValueError(
        f"is {shown(value)}.{nearest(name, ORDER_FIELDS)} Allowed: {allowed}, and for a field that the shop has added "
        f'to its checkout "{FORM_FIELD}" and its name.'
    )


@dataclass(frozen=True)
class Words:
    """What the documentation calls a value of this type."""

    text: str


Name = Annotated[str, Field(min_length=1), Words("name")]
StatusId = Annotated[int, BeforeValidator(_status_id), Words("order status")]
ReturnStatusId = Annotated[int, BeforeValidator(_return_status), Words("order status")]
ZoneName = Annotated[str, BeforeValidator(_zone), Words("time zone")]
WholeNumber = Annotated[int, BeforeValidator(_whole_number), Words("whole number")]
Interval = Annotated[Schedule, BeforeValidator(_schedule), Words("interval")]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day), Words("time of day")]
MailAddress = Annotated[str, BeforeValidator(_mail_address), Words("mail address")]
Amount = Annotated[Decimal, BeforeValidator(_amount), Words("amount")]
Day = Annotated[date, BeforeValidator(_day), Words("day")]
Address = Annotated[str, BeforeValidator(_address), Words("address")]
RedirectUri = Annotated[str, BeforeValidator(_redirect_uri), Words("address")]
Secret = Annotated[SecretStr, Field(min_length=1), Words("secret")]
Currency = Annotated[str, BeforeValidator(_currency), Words("currency")]
OrderSource = Annotated[str, BeforeValidator(_order_source), Words("order source")]
OrderField = Annotated[str, BeforeValidator(_order_field), Words("field of the order")]

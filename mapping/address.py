"""Postal and e-mail addresses in QuickBooks' shape and limits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cartledger.records import Address
from mapping.text import clean, cut

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_EMAIL_LIMIT = 100
_LINE_LIMIT = 500


def fold_email(email: str) -> str:
    """What two e-mail addresses are compared by."""
    return clean(email).casefold()


def email_of(address: Address) -> str:
    """The address's e-mail if QuickBooks would take it, else ""."""
    email = clean(address.email)
    return email if len(email) <= _EMAIL_LIMIT and is_email(email) else ""


def is_email(text: str) -> bool:
    """Whether it is an address at all: tills write "none" and "n/a" there."""
    return _EMAIL.fullmatch(text) is not None


def full_name(address: Address) -> str:
    return clean(f"{address.first_name} {address.last_name}")


def postal(address: Address, *, addressee: bool) -> dict[str, str]:
    """A PhysicalAddress, without what is empty; `addressee` puts the names above the street."""
    names = [full_name(address), clean(address.company)] if addressee else []
    street = [clean(address.street_1), clean(address.street_2)]
    place = {
        "City": cut(clean(address.city), 255),
        "CountrySubDivisionCode": cut(clean(address.state), 255),
        "PostalCode": clean(address.zip)[:30],
        "Country": cut(clean(address.country) or clean(address.country_iso2), 255),
    }
    found = {name: text for name, text in place.items() if text}
    return {**_numbered([*names, *street]), **found} if found or any(street) else {}


def _numbered(lines: Sequence[str]) -> dict[str, str]:
    kept = [cut(line, _LINE_LIMIT) for line in lines if line]
    return {f"Line{number}": line for number, line in enumerate(kept, 1)}

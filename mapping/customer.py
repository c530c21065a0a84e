"""Who bought: one person of the shop, and the QuickBooks customer that stands for them.

A person is registered (the shop's customer id), a guest with an e-mail address, or a guest without. The key that
follows from this is what links, markers and messages know them by; it holds no personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cartledger.money import ZERO
from cartledger.records import Address, Order, content_hash
from mapping.address import email_of, fold_email, full_name, postal
from mapping.company import fold
from mapping.decision import Document
from mapping.text import CUSTOMER_NOTE_LIMIT, clean, cut, marker_of, note

_NAME_LIMIT = 500
_PART_LIMIT = 100
_PHONE_LIMIT = 30
_CANDIDATES = 5
_DELETED = " (deleted)"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A buyer. `key` is `c<customer id>`, `g<hash of the e-mail>` or `n<hash of name and postcode>`."""

    key: str
    customer_id: int
    name: str
    given: str
    family: str
    company: str
    email: str
    phone: str
    currency: str
    address: Address


@dataclass(frozen=True, kw_only=True)
class Adopt:
    """The person stands in QuickBooks already."""

    id: str
    sync_token: str


@dataclass(frozen=True, kw_only=True)
class Create:
    """A new customer, under this display name."""

    name: str


def person(order: Order) -> Person:
    """The buyer as the order's billing address names them."""
    billing = order.billing
    key = person_key(order)
    return Person(
        key=key,
        customer_id=order.customer_id,
        name=_display_name(billing, key),
        given=cut(clean(billing.first_name), _PART_LIMIT),
        family=cut(clean(billing.last_name), _PART_LIMIT),
        company=cut(clean(billing.company), _PART_LIMIT),
        email=email_of(billing),
        phone=clean(billing.phone)[:_PHONE_LIMIT],
        currency=order.currency,
        address=billing,
    )


def person_key(order: Order) -> str:
    """Stable over orders: the customer id, else the e-mail address in any case, else name and postcode."""
    if order.customer_id:
        return f"c{order.customer_id}"
    if email := fold_email(order.billing.email):
        return f"g{content_hash(email)[:16]}"
    return f"n{content_hash([fold(full_name(order.billing)), fold(clean(order.billing.zip))])[:16]}"


def write_person(who: Person) -> dict[str, Any]:
    """The person as JSON, for the ledger."""
    return asdict(who)


def read_person(facts: Mapping[str, Any]) -> Person:
    """What `write_person` wrote. Raises KeyError or TypeError for anything else."""
    return Person(**{**facts, "address": Address(**facts["address"])})


def names(who: Person) -> tuple[str, ...]:
    """Display names to try, best first, always the same ones: QuickBooks shares them among all kinds of people."""
    tag = str(who.customer_id) if who.customer_id else who.key[1:7]
    tags = ["", f" ({tag})", *(f" ({tag}-{number})" for number in range(2, _CANDIDATES))]
    return tuple(f"{who.name}{suffix}" for suffix in tags)


def choose_customer(
    who: Person,
    by_email: Sequence[Mapping[str, Any]],
    by_name: Sequence[Mapping[str, Any]],
    *,
    marker: str = "",
    taken: Iterable[str] = (),
) -> Adopt | Create:
    """The customer to adopt among those found by e-mail and by display name, or the name of a new one.

    First the one that bears our marker, then the e-mail address (of several the oldest), then the same display name
    if that customer has no other e-mail address and is nobody else's. `taken` are names that vendors, employees and
    refused creations hold. Customers that are inactive, projects or of another currency are never adopted.
    """
    usable = [found for found in (*by_email, *by_name) if _usable(found, who)]
    chosen = (
        [found for found in usable if marker and marker_of(_notes(found)) == marker]
        or [found for found in usable if who.email and fold_email(who.email) in _emails(found)]
        or [found for found in usable if _same_name(found, who)]
    )
    if chosen:
        oldest = min(chosen, key=lambda found: int(found["Id"]))
        return Adopt(id=str(oldest["Id"]), sync_token=str(oldest.get("SyncToken", "")))
    known = {fold(name) for name in taken} | {_listed(found) for found in (*by_email, *by_name)}
    candidates = names(who)
    return Create(name=next((name for name in candidates if fold(name) not in known), candidates[-1]))


def customer_document(who: Person, name: str, marker: str) -> Document:
    """The Customer to make under `name`; its notes end with `marker`."""
    origin = f"BigCommerce customer {who.customer_id}." if who.customer_id else "BigCommerce guest."
    optional = {
        "GivenName": who.given,
        "FamilyName": who.family,
        "CompanyName": who.company,
        "PrimaryEmailAddr": {"Address": who.email} if who.email else {},
        "PrimaryPhone": {"FreeFormNumber": who.phone} if who.phone else {},
        "BillAddr": postal(who.address, addressee=False),
    }
    body = {
        "DisplayName": name,
        **{field: value for field, value in optional.items() if value},
        "CurrencyRef": {"value": who.currency},
        "Notes": note([origin], marker, CUSTOMER_NOTE_LIMIT),
    }
    return Document(name="document", order=0, entity="Customer", body=body, number="", marker=marker, amount=ZERO)


def _display_name(billing: Address, key: str) -> str:
    """A colon would make a sub-customer of it."""
    for text in (full_name(billing), billing.company, billing.email):
        if name := clean(text.replace(":", " ")):
            return cut(name, _NAME_LIMIT - 30)
    return f"Guest {key[1:9]}"


def _usable(found: Mapping[str, Any], who: Person) -> bool:
    """A row without an id is a name that is about to be taken."""
    currency = (found.get("CurrencyRef") or {}).get("value", who.currency)
    return (
        bool(found.get("Id"))
        and found.get("Active", True) is not False
        and not found.get("Job")
        and currency == who.currency
    )


def _emails(found: Mapping[str, Any]) -> set[str]:
    """QuickBooks takes several addresses in one field, with commas."""
    field = str((found.get("PrimaryEmailAddr") or {}).get("Address") or "")
    return {fold_email(email) for email in field.split(",") if email.strip()}


def _same_name(found: Mapping[str, Any], who: Person) -> bool:
    same = _listed(found) == fold(who.name)
    return same and not _emails(found) and not marker_of(_notes(found))


def _listed(found: Mapping[str, Any]) -> str:
    return fold(str(found.get("DisplayName", "")).removesuffix(_DELETED))


def _notes(found: Mapping[str, Any]) -> str:
    return str(found.get("Notes") or "")

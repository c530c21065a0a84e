"""Who bought: one person or company of the shop, and the QuickBooks customer that stands for them.

A buyer is registered (the shop's customer id), a guest with an e-mail address, a guest without, or a company, where the
settings say that companies are the customers. The key that follows from this is what links, markers and messages know
them by; it holds no personal data. QuickBooks' customers have one currency for ever, so a buyer has a customer, and a
key, in each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Address, Order, content_hash
from mapping.address import email_of, fold_email, full_name, is_email, postal
from mapping.choice import Create, Match
from mapping.company import fold
from mapping.decision import Document
from mapping.text import CUSTOMER_NOTE_LIMIT, clean, cut, marker_of, note, without_accents

_NAME_LIMIT = 500
_PART_LIMIT = 100
_PHONE_LIMIT = 30
_CANDIDATES = 5
_SUFFIX_LIMIT = 30  # " (EUR) (1234567890-4)"
_DELETED = " (deleted)"
_COMPANY = "o"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A buyer. `key` is `c<customer id>`, `g<hash of the e-mail>`, `n<hash of name and postcode>` or `o<hash of the
    company's name>`, followed by `-<currency>` where that is not the books' own (`foreign`)."""

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
    foreign: bool = False

    @property
    def is_company(self) -> bool:
        return self.key.startswith(_COMPANY)


def person(order: Order, home_currency: str, *, companies: bool = False) -> Person:
    """The buyer as the order's billing address names them; with `companies` its company, where it names one.

    A company is told by its name alone, and has no e-mail address: each of its people would bring another one.
    """
    billing, foreign = order.billing, order.currency != home_currency
    company = _name(billing.company)
    as_company = bool(companies and company)
    key = company_key(company) if as_company else person_key(order)
    return Person(
        key=f"{key}-{order.currency}" if foreign else key,
        customer_id=0 if as_company else order.customer_id,
        name=company if as_company else _display_name(billing, key),
        given=_part(billing.first_name),
        family=_part(billing.last_name),
        company=_part(billing.company),
        email="" if as_company else email_of(billing),
        phone=clean(billing.phone)[:_PHONE_LIMIT],
        currency=order.currency,
        address=billing,
        foreign=foreign,
    )


def person_key(order: Order) -> str:
    """Stable over orders: the customer id, else the e-mail address in any case, else name and postcode. A buyer without
    a name of their own goes by the company's."""
    if order.customer_id:
        return f"c{order.customer_id}"
    if is_email(email := fold_email(order.billing.email)):
        return f"g{content_hash(email)[:16]}"
    name = full_name(order.billing) or clean(order.billing.company)
    return f"n{content_hash([_alike(name), fold(clean(order.billing.zip))])[:16]}"


def company_key(name: str) -> str:
    """The same for all spellings that differ in case, accents or blanks alone."""
    return f"{_COMPANY}{content_hash(_alike(name))[:16]}"


def write_person(who: Person) -> dict[str, Any]:
    """The person as JSON, for the ledger."""
    return asdict(who)


def read_person(facts: Mapping[str, Any]) -> Person:
    """What `write_person` wrote. Raises KeyError or TypeError for anything else."""
    return Person(**{**facts, "address": Address(**facts["address"])})


def names(who: Person) -> tuple[str, ...]:
    """Display names to try, best first, always the same ones: QuickBooks shares them among all kinds of people."""
    name = f"{who.name} ({who.currency})" if who.foreign else who.name
    tag = str(who.customer_id) if who.customer_id else who.key[1:7]
    tags = ["", f" ({tag})", *(f" ({tag}-{number})" for number in range(2, _CANDIDATES))]
    return tuple(f"{name}{suffix}" for suffix in tags)


def known_names(who: Person) -> tuple[str, ...]:
    """Display names that the buyer may stand under already: somebody who made them by hand wrote no currency."""
    return tuple(dict.fromkeys((who.name, *names(who))))


def choose_customer(
    who: Person,
    by_email: Sequence[Mapping[str, Any]],
    by_name: Sequence[Mapping[str, Any]],
    *,
    marker: str = "",
    taken: Iterable[str] = (),
) -> Match | Create:
    """The customer to adopt among those found by e-mail and by display name, or the name of a new one.

    First the one that bears our marker, then the e-mail address (of several the oldest), then the same display name
    if that customer is nobody else's: it has no other e-mail address, unless a company is looked for. `taken` are names
    that vendors, employees and refused creations hold. Customers that are inactive, projects or of another currency are
    never adopted, nor is a person a company because it has their e-mail address.
    """
    usable = [found for found in (*by_email, *by_name) if _usable(found, who)]
    chosen = (
        [found for found in usable if marker and marker_of(_notes(found)) == marker]
        or [found for found in usable if _same_email(found, who)]
        or [found for found in usable if _same_name(found, who)]
    )
    if chosen:
        oldest = min(chosen, key=lambda found: int(found["Id"]))
        return Match(id=str(oldest["Id"]), sync_token=str(oldest.get("SyncToken", "")))
    known = {_folded(name) for name in taken} | {_listed(found) for found in (*by_email, *by_name)}
    candidates = names(who)
    return Create(name=next((name for name in candidates if _folded(name) not in known), candidates[-1]))


def generic_name(name: str, currency: str, home_currency: str) -> str:
    """The display name of the one customer for all, in that currency."""
    return name if currency == home_currency else f"{name} ({currency})"


def listed_names(name: str) -> tuple[str, str]:
    """How a customer of that display name is listed while it is active, and when it is not."""
    return name, f"{name}{_DELETED}"


def choose_generic(name: str, currency: str, rows: Iterable[Mapping[str, Any]]) -> str | Problem:
    """The id of the customer `name` (of `generic_name`) among `rows`, or why sales in `currency` cannot go there."""
    named = [row for row in rows if _listed(row) == _folded(name)]
    active = [row for row in named if row.get("Active", True) is not False]
    if not active:
        why = f'The customer "{name}" is inactive in QuickBooks.' if named else f'QuickBooks has no customer "{name}".'
        fix = "Make it active again" if named else f"Make it there, with the currency {currency}"
        code = "inactive_generic_customer" if named else "no_generic_customer"
        return Problem(code=code, text=why, fix=f"{fix}, or name another one as sales.generic_customer.")
    other = _currency(active[0])
    if other and other != currency:
        text = f'The customer "{name}" has the currency {other}, not {currency}.'
        fix = f"Rename it in QuickBooks and make one of that name with the currency {currency}."
        return Problem(code="generic_customer_currency", text=text, fix=fix)
    return str(active[0]["Id"])


def customer_document(who: Person, name: str, marker: str) -> Document:
    """The Customer to make under `name`; its notes end with `marker`."""
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
        "Notes": note([_origin(who)], marker, CUSTOMER_NOTE_LIMIT),
    }
    return Document(name="document", entity="Customer", body=body, number="", marker=marker, amount=ZERO)


def _origin(who: Person) -> str:
    if who.is_company:
        return "Company that BigCommerce orders were billed to."
    return f"BigCommerce customer {who.customer_id}." if who.customer_id else "BigCommerce guest."


def _display_name(billing: Address, key: str) -> str:
    for text in (full_name(billing), billing.company, billing.email):
        if name := _name(text):
            return name
    return f"Guest {key[1:9]}"


def _name(text: str) -> str:
    """As a display name, with room for what tells namesakes apart; "" where nothing of it would show."""
    name = cut(_without_colons(text), _NAME_LIMIT - _SUFFIX_LIMIT, ellipsis="")
    return name if any(letter.isprintable() and not letter.isspace() for letter in name) else ""


def _part(text: str) -> str:
    return cut(_without_colons(text), _PART_LIMIT, ellipsis="")


def _without_colons(text: str) -> str:
    """A colon would make a sub-customer of it."""
    return clean(text.replace(":", " "))


def _alike(name: str) -> str:
    """What two spellings of one buyer's name have in common."""
    return without_accents(clean(name)).casefold()


def _usable(found: Mapping[str, Any], who: Person) -> bool:
    """A row without an id is a name that is about to be taken; one without a currency is in the books' own."""
    same_currency = _currency(found) == who.currency or not (who.foreign or _currency(found))
    return same_currency and bool(found.get("Id")) and found.get("Active", True) is not False and not found.get("Job")


def _currency(found: Mapping[str, Any]) -> str:
    return str((found.get("CurrencyRef") or {}).get("value", ""))


def _same_email(found: Mapping[str, Any], who: Person) -> bool:
    return bool(who.email) and fold_email(who.email) in _emails(found) and not _is_company(found)


def _emails(found: Mapping[str, Any]) -> set[str]:
    """QuickBooks takes several addresses in one field, with commas."""
    field = str((found.get("PrimaryEmailAddr") or {}).get("Address") or "")
    return {fold_email(email) for email in field.split(",") if email.strip()}


def _is_company(found: Mapping[str, Any]) -> bool:
    """Whether it was made as a company; somebody may have given it an e-mail address since."""
    return marker_of(_notes(found)).rpartition(":")[2].startswith(_COMPANY)


def _same_name(found: Mapping[str, Any], who: Person) -> bool:
    same = _listed(found) in {_folded(who.name), _folded(names(who)[0])}
    return same and (who.is_company or not _emails(found)) and not marker_of(_notes(found))


def _listed(found: Mapping[str, Any]) -> str:
    return _folded(str(found.get("DisplayName", "")).removesuffix(_DELETED))


def _folded(name: str) -> str:
    """What QuickBooks surely holds for the same display name; whether accents count is not known: it says so then."""
    return fold(clean(name))


def _notes(found: Mapping[str, Any]) -> str:
    return str(found.get("Notes") or "")

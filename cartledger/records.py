"""What travels: keys of sources, messages of the broker, and the shop's orders as they are read.

A record is what BigCommerce answered (`/v2/orders` with `include=consignments.line_items,fees`), kept as JSON in the
ledger. Here it becomes an `Order` with Decimals; the tolerance for the API's habits (numbers as strings, `{}` for
null, two spellings of one field, four buckets of line items) ends here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime, parsedate_to_datetime
from enum import StrEnum
from typing import Any, TypeVar

from cartledger.errors import BadRecord, Problem
from cartledger.money import ZERO, D, write_json
from cartledger.refunds import Refund, kept, read_refunds

MESSAGE_SCHEMA = 1
REFUNDS = "refunds"
"""The key of a raw order that its refunds are laid in under; the shop gives them apart."""
GONE = "gone"
"""The key of a raw order that stands for one that is no more."""
T = TypeVar("T")
_NO_DATE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, order=True)
class SourceKey:
    """One thing of the shop, or one customer or item that its orders need.

    `pair` is `<store hash>:<realm id>` (never the connection's name: a rename posts nothing twice); `kind` is
    `order`, `customer`, `item` or `stock`; `id` is the shop's id as text.
    """

    pair: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Operation(StrEnum):
    """What is done to an object of QuickBooks."""

    CREATE = "create"
    UPDATE = "update"
    VOID = "void"
    DELETE = "delete"


class NotAMessage(ValueError):
    """Bytes in a queue that are not a message of ours."""


def write_message(key: SourceKey) -> bytes:
    """The message that hands `key` over: about 100 bytes, no personal data."""
    return json.dumps(
        {"schema": MESSAGE_SCHEMA, "pair": key.pair, "kind": key.kind, "id": key.id}, separators=(",", ":")
    ).encode()


def read_message(body: bytes) -> SourceKey:
    """The key in a message. Raises NotAMessage for anything else, a message of another schema included."""
    try:
        facts = json.loads(body)
        schema, *parts = (facts[name] for name in ("schema", "pair", "kind", "id"))
    except (ValueError, RecursionError) as error:
        raise NotAMessage("it is no JSON") from error
    except (KeyError, TypeError) as error:
        raise NotAMessage("it has no schema, pair, kind and id") from error
    if schema != MESSAGE_SCHEMA:
        raise NotAMessage(f"schema {schema!r} is not {MESSAGE_SCHEMA}")
    if not all(isinstance(part, str) and part for part in parts):
        raise NotAMessage("pair, kind and id are texts")
    pair, kind, source_id = parts
    return SourceKey(pair=pair, kind=kind, id=source_id)


@dataclass(frozen=True, kw_only=True)
class Token:
    """The QuickBooks tokens of one company; they never show in a print. Expiries are aware times; `refresh_expires`
    is None where Intuit did not say."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    access_expires: datetime
    refresh_expires: datetime | None


def content_hash(value: Any) -> str:
    """32 hexadecimal digits that tell two contents apart; keys in any order, Decimals by value (7.1 = 7.10)."""
    return hashlib.sha256(write_json(_canonical(value)).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Money3:
    """One amount of the shop in its three views, order currency. Only one of `ex` and `inc` is actual (design §7)."""

    ex: Decimal = ZERO
    inc: Decimal = ZERO
    tax: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Address:
    """A frozen copy that the order keeps; any field may be empty."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    street_1: str = ""
    street_2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    country_iso2: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class AppliedDiscount:
    """A share of an order-level discount or coupon on one line; `amount` on the order's actual side."""

    id: str
    amount: Decimal
    code: str
    target: str


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One order product. `total` is the line before order-level discounts; `total.tax` is the final tax after them.
    `refunded` of its quantity went back."""

    id: int
    product_id: int
    variant_id: int
    name: str
    sku: str
    type: str
    quantity: Decimal
    refunded: Decimal = field(default=ZERO, compare=False)
    total: Money3
    wrapping: Money3
    parent_id: int | None
    discounts: tuple[AppliedDiscount, ...]
    options: tuple[str, ...]

    @property
    def is_gift_certificate(self) -> bool:
        return self.type == "giftcertificate"


@dataclass(frozen=True, kw_only=True)
class Fee:
    """An order-level fee."""

    id: int
    name: str
    amount: Money3


@dataclass(frozen=True, kw_only=True)
class Order:
    """One BigCommerce order, amounts in `currency` (the transactional currency). Its shipping and handling are those of
    so many `deliveries`."""

    id: int
    customer_id: int
    created: datetime
    modified: datetime
    shipped: datetime | None
    status_id: int
    status: str
    currency: str
    store_currency: str
    exchange_rate: Decimal
    inclusive_hint: bool | None
    subtotal: Money3
    shipping: Money3
    handling: Money3
    wrapping: Money3
    total: Money3
    discount: Decimal
    coupon: Decimal
    store_credit: Decimal
    gift_certificate: Decimal
    items_total: Decimal
    payment_method: str
    payment_status: str
    payment_reference: str
    source: str
    external_source: str
    external_id: str
    external_merchant_id: str
    external_order_id: str
    channel_id: int
    shipping_method: str
    archived: bool
    customer_message: str
    staff_notes: str
    tax_provider: str
    billing: Address
    form_fields: tuple[tuple[str, str], ...]
    ship_to: Address | None
    lines: tuple[OrderLine, ...]
    fees: tuple[Fee, ...]
    deliveries: int
    refunds: tuple[Refund, ...] = ()
    lines_incomplete: bool = field(compare=False)

    @property
    def gone_back(self) -> tuple[Refund, ...]:
        """Its refunds but for those of which nothing went back, since their payments were declined."""
        return tuple(refund for refund in self.refunds if not refund.declined)

    @property
    def tenders(self) -> Decimal:
        """Gift certificates and store credit redeemed: payments, never discounts."""
        return self.gift_certificate + self.store_credit


def read_order(raw: Mapping[str, Any]) -> Order:
    """The order in a `/v2/orders` row. Raises BadRecord with every field that cannot be read.

    `lines_incomplete` is True where the answer holds fewer lines than the order has (`__warning__`, or quantities
    that do not reach `items_total`): `/v2/orders/{id}/products` must be read and laid in with `with_lines`.
    """
    if raw.get(GONE):
        raise BadRecord([_gone(raw)])
    read = _Reader(raw)
    lines = tuple(_line(line, read) for line in _raw_lines(raw))
    order = Order(
        id=read.int("id"),
        customer_id=read.int("customer_id"),
        created=read.date("date_created"),
        modified=read.date("date_modified"),
        shipped=read.optional_date("date_shipped"),
        status_id=read.int("status_id"),
        status=read.text("status"),
        currency=read.text("default_currency_code") or read.text("currency_code"),
        store_currency=read.text("store_default_currency_code"),
        exchange_rate=read.money("store_default_to_transactional_exchange_rate", default=D(1)),
        inclusive_hint=raw.get("is_tax_inclusive_pricing"),
        subtotal=read.money3("subtotal_{}"),
        shipping=read.money3("shipping_cost_{}"),
        handling=read.money3("handling_cost_{}"),
        wrapping=read.money3("wrapping_cost_{}"),
        total=read.money3("total_{}"),
        discount=read.money("discount_amount"),
        coupon=read.money("coupon_discount"),
        store_credit=read.money("store_credit_amount"),
        gift_certificate=read.money("gift_certificate_amount"),
        items_total=read.money("items_total"),
        payment_method=read.text("payment_method"),
        payment_status=read.text("payment_status").lower(),
        payment_reference=read.text("payment_provider_id"),
        source=read.text("order_source"),
        external_source=read.text("external_source"),
        external_id=read.text("external_id"),
        external_merchant_id=read.text("external_merchant_id"),
        external_order_id=read.text("external_order_id"),
        channel_id=read.int("channel_id"),
        shipping_method=read.text("shipping_method", next(_shippings(raw), {})),
        archived=bool(raw.get("is_deleted", False)),
        customer_message=read.text("customer_message"),
        staff_notes=read.text("staff_notes"),
        tax_provider=read.text("tax_provider_id"),
        billing=_address(raw.get("billing_address")),
        form_fields=tuple(_form_fields(raw.get("billing_address"))),
        ship_to=_ship_to(raw),
        lines=lines,
        fees=tuple(_fee(fee, read) for fee in _list(raw.get("fees"))),
        deliveries=max(1, read.int("shipping_address_count")),
        refunds=read_refunds(_list(raw.get(REFUNDS))),
        lines_incomplete=lines_are_cut(raw) or not _complete(lines, read.money("items_total")),
    )
    read.finish()
    return order


def with_lines(raw: Mapping[str, Any], products: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The raw order with all its lines from `/v2/orders/{id}/products` in place of those of the consignments."""
    return {**raw, "products": list(products)}


def with_refunds(raw: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The raw order with its refunds, of which only what can change a document is kept."""
    refunds = sorted(map(kept, rows), key=lambda row: int(row["id"]))
    return {**raw, REFUNDS: refunds} if refunds else dict(raw)


def gone_order(order_id: int, modified: datetime) -> dict[str, Any]:
    """Stands for an order that the shop has no more, though something is still to be said of it: `read_order` raises
    BadRecord with that. `modified` is when it was last seen to change."""
    return {"id": order_id, "date_modified": format_datetime(modified), GONE: True}


def order_modified(raw: Mapping[str, Any]) -> datetime:
    """When the shop says the order was last modified (whole seconds, UTC)."""
    return _moment(str(raw["date_modified"]))


def order_created(raw: Mapping[str, Any]) -> datetime:
    """When the shop says the order was placed (UTC); where that cannot be read, when it was last modified."""
    try:
        return _moment(str(raw["date_created"]))
    except (KeyError, ValueError):
        return order_modified(raw)


def order_shipped(raw: Mapping[str, Any]) -> datetime | None:
    """When the shop says that all of the order was shipped (UTC), None where it does not, or not in a way to read."""
    try:
        return _moment(str(raw["date_shipped"]))
    except (KeyError, ValueError):
        return None


def order_units(raw: Mapping[str, Any]) -> Iterator[tuple[int, int, str, Decimal]]:
    """Product id, variant id (0 where there is none), SKU and quantity of each line, also of an order that cannot be
    read otherwise; of lines where the others are no numbers, nothing."""
    for line in _raw_lines(raw):
        read = _Reader(line)
        found = read.int("product_id"), read.int("variant_id"), read.text("sku"), read.money("quantity")
        if not read.problems:
            yield found


def order_version(raw: Mapping[str, Any]) -> str:
    """What tells two states of one order apart: a hash of the fields that can change a document.

    Fields that BigCommerce adds, and those that say nothing about money, people or goods, change no version. An
    unreadable order has a version too.
    """
    kept = {name: raw[name] for name in _VERSION_FIELDS if name in raw}
    kept["lines"] = [{name: line.get(name) for name in _VERSION_LINE_FIELDS} for line in _raw_lines(raw)]
    kept["fees"] = _list(raw.get("fees"))
    kept["ship_to"] = [
        {name: row.get(name) for name in _VERSION_SHIPPING_FIELDS if name in row} for row in _shippings(raw)
    ]
    if refunds := _list(raw.get(REFUNDS)):
        kept[REFUNDS] = refunds
    return content_hash(kept)


def _gone(raw: Mapping[str, Any]) -> Problem:
    refunds = " and ".join(
        f"{refund.returned:.2f} of it went back on {refund.created:%Y-%m-%d} (refund {refund.id})"
        for refund in read_refunds(_list(raw.get(REFUNDS)))
        if not refund.declined
    )
    return Problem(
        code="order_gone",
        text=f"Order {raw['id']} does not exist in BigCommerce any more{refunds and f', and {refunds}'}.",
        fix="What stands of it in QuickBooks is left alone. Enter by hand what is missing there, then use "
        "`cartledger held ignore`.",
    )


_MONEY_FIELDS = ("subtotal", "shipping_cost", "handling_cost", "wrapping_cost", "total")
_VERSION_FIELDS = (
    *(
        f"{name}_{side}"
        for name in _MONEY_FIELDS
        for side in ("ex_tax", "inc_tax", "tax")
        if (name, side) != ("total", "tax")
    ),
    *("total_tax", "discount_amount", "coupon_discount", "store_credit_amount", "gift_certificate_amount"),
    *(
        "status_id",
        "customer_id",
        "default_currency_code",
        "payment_method",
        "payment_status",
        "payment_provider_id",
    ),
    *("items_total", "date_created", "date_shipped", "order_source", "external_source", "is_deleted"),
    *("customer_message", "billing_address", "external_id", "external_merchant_id"),
    *("external_order_id", "channel_id"),
)
_VERSION_SHIPPING_FIELDS = ("shipping_method", *Address.__dataclass_fields__)
_VERSION_LINE_FIELDS = (
    *("id", "sku", "name", "type", "quantity", "total_ex_tax", "total_inc_tax", "total_tax"),
    *("wrapping_cost_ex_tax", "wrapping_cost_inc_tax", "wrapping_cost_tax", "applied_discounts"),
)


class _Reader:
    """Reads fields of one record and gathers what cannot be read; `finish` raises all of it at once."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.problems: list[Problem] = []

    def money(self, name: str, raw: Mapping[str, Any] | None = None, *, default: Decimal = ZERO) -> Decimal:
        value = _or_none((self.raw if raw is None else raw).get(name))
        return default if value is None else self._try(name, value, lambda: D(value), ZERO)

    def money3(self, pattern: str, raw: Mapping[str, Any] | None = None) -> Money3:
        ex, inc, tax = (self.money(pattern.format(side), raw) for side in ("ex_tax", "inc_tax", "tax"))
        return Money3(ex=ex, inc=inc, tax=tax)

    def int(self, name: str, raw: Mapping[str, Any] | None = None) -> int:
        value = _or_none((self.raw if raw is None else raw).get(name))
        return 0 if value is None else self._try(name, value, lambda: int(value), 0)

    def text(self, name: str, raw: Mapping[str, Any] | None = None) -> str:
        value = _or_none((self.raw if raw is None else raw).get(name))
        return "" if value is None else str(value).strip()

    def date(self, name: str) -> datetime:
        value = self.text(name)
        return self._try(name, value, lambda: _moment(value), _NO_DATE)

    def optional_date(self, name: str) -> datetime | None:
        return self.date(name) if self.text(name) else None

    def finish(self) -> None:
        if self.problems:
            raise BadRecord(self.problems)

    def _try(self, name: str, value: object, read: Callable[[], T], default: T) -> T:
        try:
            return read()
        except (ValueError, TypeError):
            self.problems.append(
                Problem(
                    code="unreadable_field",
                    text=f"{name} is {value!r}, which cannot be read.",
                    fix="Correct the order in BigCommerce; it is read again when it changes.",
                )
            )
            return default


def _moment(text: str) -> datetime:
    """An RFC 2822 date; `-0000` is UTC too."""
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _or_none(value: Any) -> Any:
    """The API writes null as null, "", {} or []."""
    return None if value in ("", {}, []) else value


def _list(value: Any) -> list[Mapping[str, Any]]:
    """A list where the API gives a list, a lone object, or a {url, resource} stub."""
    if isinstance(value, Mapping):
        return [] if "resource" in value else [value]
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping) and "resource" not in item]


def _raw_lines(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Lines from a full `/products` read if there is one, else from all buckets of all consignments, by id."""
    if isinstance(raw.get("products"), list):
        return _list(raw["products"])
    lines = [line for bucket in _buckets(raw) for line in _list(bucket.get("line_items"))]
    return sorted(lines, key=lambda line: str(line.get("id")).zfill(20))


def _buckets(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every consignment: shipping, pickups, downloads and the gift certificates of `email`, in both shapes."""
    for consignments in _list(raw.get("consignments")):
        for kind in ("shipping", "pickups", "downloads"):
            yield from _list(consignments.get(kind))
        for email in _list(consignments.get("email")):
            yield from _list(email.get("gift_certificates"))


def lines_are_cut(raw: Mapping[str, Any]) -> bool:
    """Whether the shop itself says that the order has more lines than came with it."""
    return not isinstance(raw.get("products"), list) and any("__warning__" in bucket for bucket in _buckets(raw))


def _complete(lines: Iterable[OrderLine], items_total: Decimal) -> bool:
    """Whether the lines hold the order's units; whether bundled children count is not known, so both are right."""
    with_children = sum((line.quantity for line in lines), ZERO)
    without = sum((line.quantity for line in lines if line.parent_id is None), ZERO)
    return items_total in (with_children, without)


def _line(raw: Mapping[str, Any], read: _Reader) -> OrderLine:
    return OrderLine(
        id=read.int("id", raw),
        product_id=read.int("product_id", raw),
        variant_id=read.int("variant_id", raw),
        name=read.text("name", raw),
        sku=read.text("sku", raw),
        type=read.text("type", raw),
        quantity=read.money("quantity", raw),
        refunded=read.money("quantity_refunded", raw),
        total=read.money3("total_{}", raw),
        wrapping=read.money3("wrapping_cost_{}", raw),
        parent_id=read.int("parent_order_product_id", raw) or None,
        discounts=tuple(_discount(d, read) for d in _list(raw.get("applied_discounts"))),
        options=tuple(
            f"{read.text('display_name', option)}: {read.text('display_value', option)}"
            for option in _list(raw.get("product_options"))
        ),
    )


def _discount(raw: Mapping[str, Any], read: _Reader) -> AppliedDiscount:
    return AppliedDiscount(
        id=read.text("id", raw),
        amount=read.money("amount", raw),
        code=read.text("code", raw),
        target=read.text("target", raw),
    )


def _fee(raw: Mapping[str, Any], read: _Reader) -> Fee:
    # The official examples spell the net field both ways.
    ex = "cost_ex_tax" if "cost_ex_tax" in raw else "cost_exc_tax"
    amount = Money3(ex=read.money(ex, raw), inc=read.money("cost_inc_tax", raw), tax=read.money("cost_tax", raw))
    name = read.text("display_name_merchant", raw) or read.text("display_name_customer", raw) or "Fee"
    return Fee(id=read.int("id", raw), name=name, amount=amount)


def _address(raw: Any) -> Address:
    facts = raw if isinstance(raw, Mapping) else {}
    return Address(**{name: str(_or_none(facts.get(name)) or "").strip() for name in Address.__dataclass_fields__})


def _form_fields(address: Any) -> Iterator[tuple[str, str]]:
    """What the customer filled in beside the address: name and answer. Several answers are a list."""
    for field_ in _list(address.get("form_fields") if isinstance(address, Mapping) else None):
        value = _or_none(field_.get("value"))
        answers = value if isinstance(value, list) else [value]
        yield str(field_.get("name") or ""), ", ".join(str(each).strip() for each in answers if each is not None)


def _ship_to(raw: Mapping[str, Any]) -> Address | None:
    first = next(_shippings(raw), None)
    return None if first is None else _address(first)


def _shippings(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What is shipped, one row an address."""
    for consignments in _list(raw.get("consignments")):
        yield from _list(consignments.get("shipping"))


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, Decimal):
        return value.normalize() if value else ZERO
    return value

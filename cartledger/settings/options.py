"""Every option as one field: name, type, default and a description; and what its value must look like.

Secrets never stand in the file; they come from the environment
(`CARTLEDGER_CONNECTIONS__MAIN__BIGCOMMERCE__ACCESS_TOKEN`) or from systemd credentials.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cartledger.errors import Problem, SettingsWrong
from cartledger.settings.words import closest, nearest, shown

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
WORKFLOWS = ("sales", "payments")
ENVIRONMENT_PREFIX = "CARTLEDGER_"
SECRETS = (("bigcommerce", "access_token"), ("quickbooks", "client_secret"), ("quickbooks", "refresh_token"))
"""Section and key of each."""

QUICKBOOKS_API = "https://quickbooks.api.intuit.com"
QUICKBOOKS_TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
BIGCOMMERCE_API = "https://api.bigcommerce.com"
BC_ID_DIGITS = 10
NUMBER_LENGTH = 21

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


def _day(value: object) -> date:
    """A TOML date, or a text from the environment. (pydantic alone would take a number for seconds since 1970.)"""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"is {shown(value)}, which is no day; write it as 2026-01-31.") from None


def _zone(value: object) -> str:
    name = str(value)
    if name not in available_timezones():
        close = difflib.get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
        nearest_zones = ", ".join(close) or "America/New_York, Europe/London"
        raise ValueError(f"is {shown(value)}, which is no time zone. Nearest: {nearest_zones}.")
    return name


def _address(value: object) -> str:
    """Tokens travel to it, so it is encrypted or does not leave the machine."""
    parts = urlsplit(str(value))
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)):
        return str(value)
    raise ValueError(
        f"is {shown(value)}; write an address that begins with https://, or with http:// and this machine (127.0.0.1)."
    )


_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


class Schedule(BaseModel):
    """When a connection is read by itself: every `every`, or daily at `at`, or never (both None)."""

    model_config = ConfigDict(frozen=True)
    every: timedelta | None = None
    at: time | None = None


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def _schedule(value: object) -> Schedule:
    text = str(value).strip()
    if isinstance(value, Schedule):
        return value
    if text == "manual":
        return Schedule()
    if found := re.fullmatch(r"([1-9]\d*)([smh])", text):
        return Schedule(every=timedelta(**{_UNITS[found[2]]: int(found[1])}))
    if found := re.fullmatch(r"daily at ([01]\d|2[0-3]):([0-5]\d)", text):
        return Schedule(at=time(int(found[1]), int(found[2])))
    raise ValueError(f'is {shown(value)}, which is no interval. Allowed: "1h", "15m", "daily at 02:30", "manual".')


def _amount(value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f'is {shown(value)}, which is no amount; write it as "0.05".')
    return amount


StatusId = Annotated[int, BeforeValidator(_status_id)]
ZoneName = Annotated[str, BeforeValidator(_zone)]
Interval = Annotated[Schedule, BeforeValidator(_schedule)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Day = Annotated[date, BeforeValidator(_day)]
Address = Annotated[str, BeforeValidator(_address)]
Secret = Annotated[SecretStr, Field(min_length=1)]


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Ledger(Section):
    """Where everything is remembered."""

    path: Path = Field(Path("cartledger.db"), description="SQLite file, beside the settings if relative; not on NFS")


class Broker(Section):
    """What hands work to the consumers."""

    url: str = Field(
        "memory://",
        repr=False,
        description="memory:// for one process, pika://user:password@host:5672/%2F for RabbitMQ",
    )
    namespace: str = Field("cartledger", pattern=NAMESPACE, description="prefix of the queue names")

    @field_validator("url")
    @classmethod
    def _known_transport(cls, url: str) -> str:
        if not url.startswith(("memory://", "pika://")):
            raise ValueError(
                "is no broker: write memory:// (one process) or pika://user:password@host:5672/%2F (RabbitMQ)."
            )
        return url


class BigCommerce(Section):
    """The shop."""

    store_hash: str = Field(pattern=STORE_HASH, description="the part after /stores/ in the API path")
    access_token: Secret = Field(description="secret: a store-level API account's token")
    api_url: Address = Field(BIGCOMMERCE_API, description="another address only for simulators and proxies")


class QuickBooks(Section):
    """The company."""

    realm_id: str = Field(pattern=REALM_ID, description="the company's id, as the connect page shows it")
    client_id: str = Field(min_length=1, description="of your app at the developer portal")
    client_secret: Secret = Field(description="secret: of your app")
    refresh_token: Secret = Field(description="secret: the first one; later ones live in the ledger")
    api_url: Address = Field(QUICKBOOKS_API, description="another address only for simulators and sandboxes")
    token_url: Address = Field(QUICKBOOKS_TOKENS, description="where tokens are renewed")
    in_flight_limit: int = Field(
        130,
        ge=1,
        le=600,
        description="seconds after which a request cannot be executed any more (the API ends it at 120)",
    )


class Sales(Section):
    """How orders become documents."""

    post_as: Literal["sales_receipt", "invoice"] = Field(description="the document an order becomes")
    statuses: tuple[StatusId, ...] = Field(
        (11, 9, 8, 3, 2, 10), description="order statuses that are posted, by name or id"
    )
    receipt_for_unpaid: bool = Field(
        default=False, description="allow unpaid statuses although receipts say that money came in"
    )
    number_prefix: str = Field(
        "",
        max_length=NUMBER_LENGTH - BC_ID_DIGITS - 1,
        pattern=NUMBER_PREFIX,
        description="BC makes order 1234 BC-1234",
    )
    default_product: str | None = Field(None, description="item for lines whose product has no match")
    gift_card_product: str | None = Field(None, description="item of gift certificates sold and redeemed (a liability)")
    store_credit_product: str | None = Field(None, description="item of store credit redeemed (a liability)")
    discount_product: str | None = Field(None, description="item of order discounts and coupons, as negative lines")
    rounding_product: str | None = Field(None, description="item that takes cents no line can absorb")
    rounding_limit: Amount = Field(Decimal("0.05"), ge=0, le=1, description="the most that the rounding item may take")
    shipping_item: str | None = Field(None, description="item for shipping; without it QuickBooks' own shipping field")
    handling_item: str | None = Field(None, description="item for handling")
    wrapping_item: str | None = Field(None, description="item for gift wrapping")
    fee_item: str | None = Field(None, description="item for order fees")

    @field_validator("statuses", mode="after")
    @classmethod
    def _some(cls, statuses: tuple[int, ...]) -> tuple[int, ...]:
        if not statuses:
            raise ValueError("is empty; name at least one.")
        return statuses


class PaymentMethod(Section):
    """Where the money of one BigCommerce payment method goes."""

    account: str | None = Field(None, description="clearing account; without it the default account")
    method: str | None = Field(None, description="QuickBooks payment method")


class Payments(Section):
    """Which account the money went to."""

    default_account: str | None = Field(None, description="clearing account of methods that are not listed")
    methods: dict[str, PaymentMethod] = Field(default_factory=dict, description="by the shop's name of the method")

    def of(self, method: str) -> PaymentMethod:
        """The mapping of `method` (any case), with the default account laid in."""
        by_fold = {name.casefold(): mapped for name, mapped in self.methods.items()}
        mapped = by_fold.get(method.casefold(), PaymentMethod())
        return mapped if mapped.account else mapped.model_copy(update={"account": self.default_account})


class Products(Section):
    """How the shop's SKUs meet QuickBooks' items."""

    match_by: Literal["name", "sku"] = Field(description="a BigCommerce SKU equals the item's Name, or its SKU")


_DESTINATIONS = ("domestic", "eu", "export")
_WITH_DESTINATION = rf"(?P<what>.*\S)\s*@\s*(?P<where>{'|'.join(_DESTINATIONS)}|[a-z]{{2}}(?:-.+)?)"


class Tax(Section):
    """Which QuickBooks tax code a tax of the shop becomes."""

    EVERY: ClassVar[str] = "*"
    WITHOUT: ClassVar[str] = "none"

    out_of_scope: str | None = Field(
        None,
        description="outside the US: the code of lines that are no supply (gift certificates, store credit, rounding)",
    )
    map: dict[str, str] = Field(
        default_factory=dict,
        description='by the tax\'s name or class; "*" stands for every tax that is not listed. Outside the US also '
        '"none" for lines without tax (a class comes first), and any of these with where it is delivered to: '
        '"none @ export", "VAT @ DE", "GST @ CA-Quebec", "Books @ eu", "* @ domestic"; the most exact row counts',
    )

    @field_validator("map", mode="after")
    @classmethod
    def _known_destinations(cls, rows: dict[str, str]) -> dict[str, str]:
        for key in rows:
            what, at, where = cls.split(key)[0].rpartition("@")
            if at and (what.strip() in (cls.EVERY, cls.WITHOUT) or closest(where.strip(), _DESTINATIONS)):
                raise ValueError(
                    f"has the row {shown(key)}, which names no destination.{nearest(where.strip(), _DESTINATIONS)} "
                    f"Allowed after the @: {', '.join(_DESTINATIONS)}, a country (DE), a country and state (CA-Quebec)."
                )
        return rows

    @staticmethod
    def split(key: str) -> tuple[str, str]:
        """What a key of the map names and where that counts ("" for everywhere), both with letters folded."""
        text = key.strip().casefold()
        found = re.fullmatch(_WITH_DESTINATION, text)
        return (found["what"], found["where"]) if found else (text, "")


class Connection(Section):
    """One store joined to one company."""

    start_date: Day = Field(description="no sale or payment before this day is read")
    timezone: ZoneName | None = Field(None, description="documents are dated in this zone; without it the store's")
    workflows: frozenset[str] = Field(frozenset(), description="what is kept in step: sales, payments")
    interval: Interval = Field(Schedule(every=timedelta(hours=1)), description="how often the shop is read by itself")
    bigcommerce: BigCommerce
    quickbooks: QuickBooks
    sales: Sales
    products: Products
    payments: Payments = Payments()
    tax: Tax = Tax()

    @field_validator("workflows", mode="after")
    @classmethod
    def _known_workflows(cls, names: frozenset[str]) -> frozenset[str]:
        for name in sorted(names - set(WORKFLOWS)):
            raise ValueError(
                f'names "{name}", which is no workflow of this version.{nearest(name, WORKFLOWS)} '
                f"Allowed: {', '.join(WORKFLOWS)}."
            )
        return names

    @property
    def pair(self) -> str:
        """What everything in the ledger is keyed by: the store and the company, never the connection's name."""
        return f"{self.bigcommerce.store_hash}:{self.quickbooks.realm_id}"

    @property
    def in_flight(self) -> timedelta:
        return timedelta(seconds=self.quickbooks.in_flight_limit)

    @property
    def records_payments(self) -> bool:
        return "payments" in self.workflows

    def number(self, order_id: int) -> str:
        """The document number of an order."""
        return f"{self.sales.number_prefix}-{order_id}" if self.sales.number_prefix else str(order_id)


class Settings(BaseSettings):
    """The whole file. Read it with `read_settings`, never by constructing it."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )
    ledger: Ledger = Ledger()
    broker: Broker = Broker()
    connections: dict[Annotated[str, Field(pattern=CONNECTION_NAME)], Connection] = Field(
        min_length=1, description="a section [connections.main] for each store and its company"
    )

    def connection(self, name: str) -> Connection:
        """Raises SettingsWrong with the nearest name."""
        if name not in self.connections:
            known = ", ".join(self.connections)
            raise SettingsWrong(
                [
                    Problem(
                        code="no_connection",
                        text=f'There is no connection "{name}".{nearest(name, self.connections)}',
                        fix=f"Connections in the file: {known}.",
                    )
                ]
            )
        return self.connections[name]

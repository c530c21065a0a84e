"""cartledger.toml, read and checked whole before anything is touched.

Every option is one field: name, type, default and a description. Secrets never stand in the file; they come from the
environment (`CARTLEDGER_CONNECTIONS__MAIN__BIGCOMMERCE__ACCESS_TOKEN`) or from systemd credentials. A wrong file is
answered with all its problems at once (`SettingsWrong`), each with file, line, key, value and what is allowed.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from cartledger.errors import Problem, SettingsWrong

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
QUICKBOOKS_API = "https://quickbooks.api.intuit.com"
QUICKBOOKS_TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
BIGCOMMERCE_API = "https://api.bigcommerce.com"
BC_ID_DIGITS = 10
NUMBER_LENGTH = 21


def nearest(word: str, words: Iterable[str]) -> str:
    """` Did you mean "x"?` for the nearest of `words`, or nothing."""
    by_fold = {known.casefold(): known for known in words}
    found = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f' Did you mean "{by_fold[found[0]]}"?' if found else ""


def _status_id(value: object) -> int:
    known = {name.casefold(): number for number, name in ORDER_STATUSES.items()}
    number = known.get(str(value).strip().casefold(), value)
    if not isinstance(number, int) or isinstance(number, bool) or number not in ORDER_STATUSES:
        names = ", ".join(f"{name} ({number})" for number, name in ORDER_STATUSES.items())
        raise ValueError(
            f'"{value}" is no order status.{nearest(str(value), ORDER_STATUSES.values())} Allowed: {names}.'
        )
    if number == 0:
        raise ValueError("Incomplete (0) is an abandoned checkout, not a sale; take it out.")
    return number


def _zone(value: object) -> str:
    name = str(value)
    if name not in available_timezones():
        close = difflib.get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
        raise ValueError(f'"{name}" is no time zone. Nearest: {", ".join(close) or "America/New_York, Europe/London"}.')
    return name


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
    raise ValueError(f'"{text}" is no interval. Allowed: "1h", "15m", "daily at 02:30", "manual".')


def _decimal(value: object) -> Decimal:
    if isinstance(value, float | int | str | Decimal) and not isinstance(value, bool):
        return Decimal(str(value))
    raise ValueError(f"{value!r} is no amount")


StatusId = Annotated[int, BeforeValidator(_status_id)]
ZoneName = Annotated[str, BeforeValidator(_zone)]
Interval = Annotated[Schedule, BeforeValidator(_schedule)]
Amount = Annotated[Decimal, BeforeValidator(_decimal)]


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Ledger(Section):
    """Where everything is remembered."""

    path: Path = Field(Path("cartledger.db"), description="SQLite file, beside the settings if relative; not on NFS")


class Broker(Section):
    """What hands work to the consumers."""

    url: str = Field(
        "memory://", description="memory:// for one process, pika://user:password@host:5672/%2F for RabbitMQ"
    )
    namespace: str = Field("cartledger", pattern=r"^[a-z0-9_-]+$", description="prefix of the queue names")

    @field_validator("url")
    @classmethod
    def _known_transport(cls, url: str) -> str:
        if not url.startswith(("memory://", "pika://")):
            raise ValueError(
                "the broker is memory:// (one process) or pika://user:password@host:port/vhost (RabbitMQ)."
            )
        return url


class BigCommerce(Section):
    """The shop."""

    store_hash: str = Field(pattern=r"^[a-z0-9]+$", description="the part after /stores/ in the API path")
    access_token: SecretStr = Field(description="secret: a store-level API account's token")
    api_url: str = Field(BIGCOMMERCE_API, description="another address only for simulators and proxies")


class QuickBooks(Section):
    """The company."""

    realm_id: str = Field(pattern=r"^\d+$", description="the company's id, as the connect page shows it")
    client_id: str = Field(description="of your app at the developer portal")
    client_secret: SecretStr = Field(description="secret: of your app")
    refresh_token: SecretStr = Field(description="secret: the first one; later ones live in the ledger")
    api_url: str = Field(QUICKBOOKS_API, description="another address only for simulators and sandboxes")
    token_url: str = Field(QUICKBOOKS_TOKENS, description="where tokens are renewed")
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
        pattern=r"^[A-Za-z0-9]*$",
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


class Tax(Section):
    """Which QuickBooks tax code a tax of the shop becomes."""

    map: dict[str, str] = Field(
        default_factory=dict, description='by the tax\'s name or class; "*" stands for every tax that is not listed'
    )


class Connection(Section):
    """One store joined to one company."""

    start_date: date = Field(description="no sale or payment before this day is read")
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
                f'"{name}" is no workflow of this version.{nearest(name, WORKFLOWS)} Allowed: sales, payments.'
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

    def zone(self, store_zone: str) -> ZoneInfo:
        return ZoneInfo(self.timezone or store_zone)


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
    connections: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Connection] = Field(min_length=1)

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


def read_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """The settings in `path` and `environment`, checked in themselves (not against shop or company).

    Relative paths in the file are beside the file. Raises SettingsWrong with every problem.
    """
    source = _Source(path)
    problems = [*source.secrets_in_file(), *_unknown_variables(environment)]
    try:
        settings = _build(path, environment)
    except ValidationError as error:
        raise SettingsWrong([*problems, *(source.problem(detail) for detail in error.errors())]) from error
    problems += [source.at(key, code, text) for key, code, text in _contradictions(settings)]
    if problems:
        raise SettingsWrong(problems)
    ledger = settings.ledger.model_copy(update={"path": path.parent / settings.ledger.path})
    return settings.model_copy(update={"ledger": ledger})


def _build(path: Path, environment: Mapping[str, str]) -> Settings:
    class Environment(EnvSettingsSource):
        def _load_env_vars(self) -> Mapping[str, str | None]:
            return {name.lower(): value for name, value in environment.items()}

    class Read(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            credentials = environment.get("CREDENTIALS_DIRECTORY")
            secrets = NestedSecretsSettingsSource(
                file_secret_settings, secrets_dir=credentials, secrets_nested_delimiter="__"
            )
            sources = (Environment(settings_cls), TomlConfigSettingsSource(settings_cls, toml_file=path))
            return (sources[0], secrets, sources[1]) if credentials else sources

    return Read()


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[Problem]:
    """pydantic-settings passes over unknown variables; a misspelt secret must not be silent."""
    known = {name.upper() for name in Settings.model_fields} | {"CONFIG"}
    for name in environment:
        first = name.removeprefix(ENVIRONMENT_PREFIX).split("__")[0]
        if name.startswith(ENVIRONMENT_PREFIX) and first.upper() not in known and first != "TEST":
            hint = nearest(first, known).replace('"', "").strip()
            yield Problem(
                code="unknown_variable", text=f"environment: {name} is not a setting.", fix=hint or "Unset it."
            )


def _contradictions(settings: Settings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    numbers: dict[tuple[str, str], str] = {}
    for name, connection in settings.connections.items():
        at = ("connections", name)
        sales = connection.sales
        unpaid = [ORDER_STATUSES[number] for number in sales.statuses if number in UNPAID_STATUSES]
        if sales.post_as == "sales_receipt" and unpaid and not sales.receipt_for_unpaid:
            yield (
                (*at, "sales", "statuses"),
                "unpaid_receipt",
                f"{', '.join(unpaid)} unpaid: a sales receipt would say that the money came in. "
                f"Take it out, or set post_as to invoice, or receipt_for_unpaid to true.",
            )
        if not connection.payments.default_account and (
            sales.post_as == "sales_receipt" or connection.records_payments
        ):
            yield (
                (*at, "payments", "default_account"),
                "no_default_account",
                "is missing: sales receipts and payments need the account that the money goes to.",
            )
        other = numbers.setdefault((connection.quickbooks.realm_id, sales.number_prefix), name)
        if other != name:
            yield (
                (*at, "sales", "number_prefix"),
                "same_numbers",
                f'"{sales.number_prefix}" is also the prefix of connection {other}, which posts into the same company.',
            )


class _Source:
    """The file, for saying where a key stands. pydantic knows no lines: longer and longer heads of the file are
    parsed, and the first one in which the key exists ends at its line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.lines = path.read_text(encoding="utf-8").splitlines()
            self.tree = tomllib.loads("\n".join(self.lines))
        except FileNotFoundError as error:
            raise SettingsWrong(
                [
                    Problem(
                        code="no_file",
                        text=f"There is no settings file {path}.",
                        fix="Name it with --config, or copy cartledger.example.toml.",
                    )
                ]
            ) from error
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsWrong([Problem(code="bad_file", text=f"{path}: {error}.")]) from error

    def problem(self, detail: ErrorDetails) -> Problem:
        key = tuple(str(part) for part in detail["loc"])
        return self.at(key, detail["type"], _sentence(detail, key))

    def at(self, key: tuple[str, ...], code: str, text: str) -> Problem:
        shown = ".".join(part for part in key if part != "[key]")
        return Problem(code=code, text=f"{self.path}:{self._line(key)}: {shown}: {text}")

    def secrets_in_file(self) -> Iterator[Problem]:
        for name, connection in self.tree.get("connections", {}).items():
            for section, key in (
                ("bigcommerce", "access_token"),
                ("quickbooks", "client_secret"),
                ("quickbooks", "refresh_token"),
            ):
                if key in _table(_table(connection).get(section)):
                    variable = f"{ENVIRONMENT_PREFIX}CONNECTIONS__{name}__{section}__{key}".upper()
                    yield self.at(
                        ("connections", name, section, key),
                        "secret_in_file",
                        f"secrets do not stand in the file; set {variable} instead.",
                    )

    def _line(self, key: tuple[str, ...]) -> int:
        while key and not _reach(self.tree, key):
            key = key[:-1]
        for number in range(1, len(self.lines) + 1):
            try:
                head = tomllib.loads("\n".join(self.lines[:number]))
            except tomllib.TOMLDecodeError:
                continue
            if _reach(head, key):
                return number
        return 1


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _reach(tree: Mapping[str, Any], key: tuple[str, ...]) -> bool:
    value: Any = tree
    for part in key:
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            return False
    return bool(key)


def _sentence(detail: ErrorDetails, key: tuple[str, ...]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not a setting.{nearest(key[-1], _names_beside(key))}"
    if kind == "missing":
        return _missing(key)
    if kind == "literal_error":
        return f"allowed: {context['expected']}."
    if kind == "string_pattern_mismatch":
        return f"has characters that do not belong there (allowed: {context['pattern']})."
    if kind == "value_error":
        return str(context["error"])
    return f"{detail['msg']}."


_SECRETS = ("access_token", "client_secret", "refresh_token")


def _missing(key: tuple[str, ...]) -> str:
    if key[-1] in _SECRETS:
        return f"is missing; set the environment variable {ENVIRONMENT_PREFIX}{'__'.join(key).upper()}."
    return "is missing and has no default."


def _names_beside(key: tuple[str, ...]) -> Iterable[str]:
    sections: dict[str, type[BaseModel]] = {
        "ledger": Ledger,
        "broker": Broker,
        "bigcommerce": BigCommerce,
        "quickbooks": QuickBooks,
        "sales": Sales,
        "products": Products,
        "payments": Payments,
        "tax": Tax,
    }
    if len(key) == 1:
        return Settings.model_fields
    if len(key) == 3 and key[0] == "connections":
        return Connection.model_fields
    return sections[key[-2]].model_fields if key[-2] in sections else ()


def read_environment() -> Mapping[str, str]:
    """The process's environment, read here and nowhere else."""
    return os.environ

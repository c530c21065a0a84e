"""Every option as one field: name, type, default and a description.

Secrets never stand in the file; they come from the environment
(`CARTLEDGER_CONNECTIONS__MAIN__BIGCOMMERCE__ACCESS_TOKEN`) or from systemd credentials.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from cartledger.errors import Problem, SettingsWrong
from cartledger.settings.values import (
    CONNECTION_NAME,
    FORM_FIELD,
    NAMESPACE,
    NUMBER_PREFIX,
    ORDER_FIELDS,
    ORDER_STATUSES,
    REALM_ID,
    STORE_HASH,
    Address,
    Amount,
    Currency,
    Day,
    Interval,
    MailAddress,
    Name,
    OrderField,
    OrderSource,
    RedirectUri,
    ReturnStatusId,
    Schedule,
    Secret,
    StatusId,
    TimeOfDay,
    WholeNumber,
    Words,
    ZoneName,
    at_least_one,
)
from cartledger.settings.words import closest, nearest, shown

WORKFLOWS = ("sales", "payments", "refunds", "stock")
ENVIRONMENT_PREFIX = "CARTLEDGER_"
SECRETS = (
    ("bigcommerce", "access_token"),
    ("quickbooks", "client_secret"),
    ("quickbooks", "refresh_token"),
    ("smtp", "password"),
)
"""Section and key of each."""

QUICKBOOKS_API = "https://quickbooks.api.intuit.com"
QUICKBOOKS_TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
QUICKBOOKS_PAGE = "https://appcenter.intuit.com/connect/oauth2"
QUICKBOOKS_REVOKES = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
LOOPBACK = "http://localhost:8765/callback"
BIGCOMMERCE_API = "https://api.bigcommerce.com"
BC_ID_DIGITS = 10
NUMBER_LENGTH = 21
MEMO_SUFFIX = "-T"
"""Of a credit memo, after the order's number: refunds have a prefix of their own and end in digits."""
TAKEN_SUFFIX = "-S"
"""Of a document whose number is another one's already."""

ESSENTIAL: JsonDict = {"example": "set"}
"""Marks an option that cartledger.example.toml sets, although it has a default."""
FOR_TESTS: JsonDict = {"example": "left out"}
"""Marks an option that only simulators, sandboxes and proxies need."""


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Ledger(Section):
    """Where everything is remembered."""

    path: Path = Field(Path("cartledger.db"), description="SQLite file, beside the settings if relative; not on NFS")
    history_days: WholeNumber = Field(
        730,
        ge=30,
        le=36_500,
        description="how long the history is kept: what happened to orders, runs, mails that were sent. What is posted "
        "or held is never forgotten",
    )


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
        rest = url.partition("://")[2]
        if rest.count("@") != re.split("[/?#]", rest)[0].count("@") or rest.count("@") > 1:
            raise ValueError(
                "has a user or a password with characters that mean something in an address: write @ as %40, / as %2F, "
                "# as %23, ? as %3F."
            )
        return url


class Metrics(Section):
    """What Prometheus scrapes, and what says whether a process is well: /metrics, /healthz and /readyz."""

    host: str = Field("127.0.0.1", min_length=1, description="the address that is listened on; nothing there is secret")
    port: WholeNumber | None = Field(
        None,
        ge=1,
        le=65_000,
        description="of run and produce; `consume --instance 3` takes the third one after it; else nothing listens",
        examples=[9470],
        json_schema_extra=ESSENTIAL,
    )


class Smtp(Section):
    """The server that takes mails."""

    host: Name | None = Field(
        None, description="the server's name; without it no mail is sent", examples=["mail.example"]
    )
    port: WholeNumber | None = Field(
        None, ge=1, le=65_535, description="without it 587, with security tls 465, with none 25", examples=[587]
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection is encrypted; none is for a server on this machine"
    )
    username: Name | None = Field(None, description="without it nobody signs in", examples=["shop@mail.example"])
    password: Secret | None = Field(None, description="of the mail account")
    sender: MailAddress | None = Field(
        None, description="whom mails come from; without it the user name", examples=["cartledger@shop.example"]
    )


class Report(Section):
    """Mails about what was done, and what has to be."""

    to: tuple[MailAddress, ...] = Field((), description="whom they go to", examples=[["books@shop.example"]])
    when: Literal["never", "each_run", "daily", "on_problem"] = Field(
        "never",
        description="after each run that did something; once a day; or when something needs a person and when that is "
        "over. With daily and each_run problems are told at once, too",
    )
    daily_at: TimeOfDay = Field(time(7), description="of the daily report, in the connection's time zone")


class Heartbeat(Section):
    """A sign of life while all is well, for something outside that raises the alarm where it stays away."""

    file: Path | None = Field(
        None,
        description="touched at each beat; beside the settings if relative",
        examples=["/var/lib/cartledger/heartbeat"],
    )
    url: Address | None = Field(
        None, description="called (GET) at each beat", examples=["https://heartbeat.example/ping/shop"]
    )
    mail: bool = Field(default=False, description="a mail a day to report.to")
    interval: Interval = Field(Schedule(every=timedelta(minutes=5)), description="how often it beats")


class BigCommerce(Section):
    """The shop."""

    store_hash: str = Field(
        pattern=STORE_HASH, description="the part after /stores/ in the API path", examples=["abc123"]
    )
    access_token: Secret | None = Field(
        None, description="the token of a store-level API account, where `cartledger connect bigcommerce` has none"
    )
    api_url: Address = Field(
        BIGCOMMERCE_API, description="another address only for simulators and proxies", json_schema_extra=FOR_TESTS
    )


class QuickBooks(Section):
    """The company."""

    realm_id: str = Field(
        pattern=REALM_ID, description="the company's id, as the connect page shows it", examples=["1234567890"]
    )
    client_id: Name = Field(description="of your app at the developer portal", examples=["your app's client id"])
    client_secret: Secret = Field(description="of your app")
    refresh_token: Secret | None = Field(
        None,
        description="the first one, where `cartledger connect quickbooks` has none; later ones live in the ledger",
    )
    redirect_uri: RedirectUri = Field(
        LOOPBACK,
        description="where Intuit sends the browser back to, one of those at the app's keys; production keys take "
        "https only",
    )
    api_url: Address = Field(
        QUICKBOOKS_API, description="another address only for simulators and sandboxes", json_schema_extra=FOR_TESTS
    )
    authorize_url: Address = Field(
        QUICKBOOKS_PAGE, description="where a person allows the app", json_schema_extra=FOR_TESTS
    )
    token_url: Address = Field(QUICKBOOKS_TOKENS, description="where tokens are renewed", json_schema_extra=FOR_TESTS)
    revoke_url: Address = Field(
        QUICKBOOKS_REVOKES, description="where tokens are taken back", json_schema_extra=FOR_TESTS
    )
    in_flight_limit: WholeNumber = Field(
        130,
        ge=1,
        le=600,
        description="seconds after which a request cannot be executed any more (the API ends it at 120)",
        json_schema_extra=FOR_TESTS,
    )
    monthly_reads: WholeNumber = Field(
        500_000,
        ge=1,
        description="reads that Intuit grants your app a month, for all its companies together; you are warned before "
        "they are used up",
    )


class Sales(Section):
    """How orders become documents."""

    post_as: Literal["sales_receipt", "invoice"] = Field(
        description="the document an order becomes", examples=["sales_receipt"]
    )
    statuses: tuple[StatusId, ...] = Field(
        (11, 9, 8, 3, 2, 10),
        description="order statuses that are posted, by name or id",
        examples=[[ORDER_STATUSES[number] for number in (11, 9, 8, 3, 2, 10)]],
    )
    receipt_for_unpaid: bool = Field(
        default=False,
        description="post receipts although the order's status or payment says that the money has not come in",
    )
    number_prefix: str = Field(
        "",
        max_length=NUMBER_LENGTH - BC_ID_DIGITS - 1,
        pattern=NUMBER_PREFIX,
        description="BC makes order 1234 BC-1234; without it 1234; with automatic_numbers only credit memos bear it",
        examples=["BC"],
        json_schema_extra=ESSENTIAL,
    )
    automatic_numbers: bool = Field(
        default=False,
        description="QuickBooks numbers the documents; the order's number stays in the private note. One read for each "
        "batch, since no number shows what stands there already",
    )
    sources: tuple[OrderSource, ...] | None = Field(
        None,
        examples=[["www", "manual"]],
        description="order sources that are posted, as the shop calls them (www, manual, amazon); without it all but "
        "marketplaces (amazon, ebay), orders migrated from another shop (m-mig) and those of the test gateway (test)",
    )
    document_date: Literal["created", "paid", "shipped"] = Field(
        "created",
        description="the day a document bears, which start_date is about: on which the order was placed, its money "
        "captured, or all of it shipped (what needs no shipping: placed); until then it waits. Payments bear the day "
        "the money was captured",
    )
    default_product: Name | None = Field(
        None,
        description="item for lines whose product has no match; without it such orders are held",
        examples=["Unknown product"],
        json_schema_extra=ESSENTIAL,
    )
    gift_card_product: Name | None = Field(
        None,
        description="item of gift certificates sold and redeemed, which posts to a liability",
        examples=["Gift certificate"],
        json_schema_extra=ESSENTIAL,
    )
    store_credit_product: Name | None = Field(
        None,
        description="item of store credit redeemed, which posts to a liability",
        examples=["Store credit"],
        json_schema_extra=ESSENTIAL,
    )
    tenders_on_invoice: Literal["line", "credit_memo"] = Field(
        "line",
        description="how redeemed certificates and store credit show on invoices: as negative lines, or as a credit "
        "memo applied to an invoice of the full amount, numbered as the order with -T after it (BC-1234-T)",
    )
    discount_product: Name | None = Field(
        None,
        description="item of order discounts and coupons, as negative lines; without it QuickBooks' own discount line",
        examples=["Discount"],
        json_schema_extra=ESSENTIAL,
    )
    rounding_product: Name | None = Field(
        None,
        description="item that takes cents no line can absorb; without it such orders are held",
        examples=["Rounding"],
        json_schema_extra=ESSENTIAL,
    )
    rounding_limit: Amount = Field(Decimal("0.05"), ge=0, le=1, description="the most that the rounding item may take")
    shipping_item: Name | None = Field(
        None,
        description="item for shipping; without it QuickBooks' own shipping field",
        examples=["Shipping"],
        json_schema_extra=ESSENTIAL,
    )
    handling_item: Name | None = Field(
        None,
        description="item for handling",
        examples=["Handling"],
        json_schema_extra=ESSENTIAL,
    )
    wrapping_item: Name | None = Field(
        None,
        description="item for gift wrapping",
        examples=["Wrapping"],
        json_schema_extra=ESSENTIAL,
    )
    fee_item: Name | None = Field(
        None,
        description="item for order fees",
        examples=["Fee"],
        json_schema_extra=ESSENTIAL,
    )
    class_: Name | None = Field(
        None, alias="class", description="QuickBooks class of every document, or of every line", examples=["Web"]
    )
    location: Name | None = Field(
        None, description="QuickBooks location (department) of every document", examples=["Warehouse"]
    )
    customer: Literal["original", "organisation", "generic"] = Field(
        "original",
        description="who the document's customer is: the shop's customer, the billing company, told by its name (where "
        "it is empty: the customer), or one for all, generic_customer; orders that were posted keep theirs",
    )
    generic_customer: Name | None = Field(
        None,
        description="display name of the customer that stands for all; it has to be in QuickBooks, and beside it one "
        'called "Web shop (EUR)", with that currency, for orders in another currency than the books\'',
        examples=["Web shop"],
    )
    use_default_customer_message: bool = Field(
        default=False, description="print the company's own message instead of the customer's words on the order"
    )
    allow_credit_card_payments: bool = Field(
        default=False, description="let the customer pay an open invoice by card, where the company takes cards"
    )
    due_date_offset: WholeNumber | None = Field(
        None,
        ge=0,
        le=3650,
        description="days from an invoice's date to its due date, as orders bear no terms of their own; without it the "
        "date itself",
        examples=[30],
    )
    tracking_numbers: bool = Field(
        default=False,
        description="read the tracking number of orders that are shipped when they are posted: one call to BigCommerce "
        "for each. The day and method of shipping come with the order",
    )
    custom_fields: dict[Name, OrderField] = Field(
        default_factory=dict,
        examples=[{"Channel": "channel_id", "PO number": "form_fields.PO number"}],
        description=f"QuickBooks custom field = field of the order: {', '.join(ORDER_FIELDS)}, or {FORM_FIELD}NAME for "
        "a field that the shop has added to its checkout (orders have no PO number of their own); at most 31 "
        "characters are printed",
    )
    exchange_rate: Literal["company", "shop"] = Field(
        "company",
        description="the rate of orders in other currencies: QuickBooks' of the day that each document and payment "
        "bears, or the shop's of the order, which counts for its payments, too, and must not be far from QuickBooks'",
    )

    _some = field_validator("statuses", "sources", mode="after")(at_least_one)


class PaymentMethod(Section):
    """Where the money of one BigCommerce payment method goes, and when it is there."""

    account: Name | None = Field(None, description="clearing account; without it the default account")
    accounts: dict[Currency, Name] = Field(
        default_factory=dict, description="clearing accounts of orders in other currencies, by currency"
    )
    method: Name | None = Field(None, description="QuickBooks payment method")
    paid_when: Literal["captured", "status", "never"] = Field(
        "captured",
        description="an order counts as paid when the shop says that its money was captured, when its status is one of "
        "paid_statuses (cash on delivery, bank deposit), or never (payments are entered by hand). Where the shop says "
        "nothing of captures, as of offline methods, captured leaves an invoice open and posts a receipt by "
        "sales.statuses. No receipt is made while the shop says that the money is only authorised, declined or void",
    )


class Payments(Section):
    """Which account the money went to."""

    default_account: Name | None = Field(
        None,
        description="clearing account of methods that are not listed: a bank or other current asset account",
        examples=["Card clearing"],
        json_schema_extra=ESSENTIAL,
    )
    default_accounts: dict[Currency, Name] = Field(
        default_factory=dict,
        description="the same for orders in other currencies, by currency; else default_account. An account has the "
        "currency of the orders or of the books; a method's own account comes first",
        examples=[{"EUR": "Card clearing EUR"}],
    )
    paid_statuses: tuple[StatusId, ...] = Field(
        (10,),
        description='order statuses that say paid, for methods with paid_when = "status"',
        examples=[[ORDER_STATUSES[10]]],
    )
    multi_tender: Literal["invoice", "hold"] = Field(
        "invoice",
        description="where receipts are posted, an order that was paid in part, or by methods whose accounts differ, "
        "is an invoice with a payment for each, or held",
    )
    methods: dict[Name, PaymentMethod] = Field(
        default_factory=dict,
        description="by the shop's name of the method, in any case; of two methods on one order also by the name that "
        "the shop's transactions bear (stripe, squarev2.card). `cartledger methods` lists those of the last orders",
        examples=[
            {
                "PayPal": {"account": "PayPal clearing", "method": "PayPal"},
                "Cash on Delivery": {"account": "Cash clearing", "method": "Cash", "paid_when": "status"},
            }
        ],
    )

    _some = field_validator("paid_statuses", mode="after")(at_least_one)

    def of(self, method: str, currency: str = "") -> PaymentMethod:
        """The mapping of `method` (any case), with the account that its money in `currency` goes to."""
        by_fold = {name.casefold(): mapped for name, mapped in self.methods.items()}
        mapped = by_fold.get(method.casefold(), PaymentMethod())
        own = mapped.accounts.get(currency) or mapped.account
        account = own or self.default_accounts.get(currency) or self.default_account
        return mapped.model_copy(update={"account": account})


REFUND_PREFIX_LENGTH = NUMBER_LENGTH - BC_ID_DIGITS - len("--99")


class Refunds(Section):
    """What refunds and cancellations become, with workflow refunds."""

    number_prefix: str = Field(
        "",
        max_length=REFUND_PREFIX_LENGTH,
        pattern=NUMBER_PREFIX,
        description="R makes the first refund of order 1234 R-1234, the next R-1234-2; it has to be another one than "
        "that of sales",
        examples=["R"],
        json_schema_extra=ESSENTIAL,
    )
    statuses: tuple[ReturnStatusId, ...] = Field(
        (4, 14, 5),
        description="order statuses that say something went back or was called off: an order that was posted and is "
        "Cancelled now, or Refunded without a refund, is looked at; refunds themselves are posted whatever the status",
        examples=[[ORDER_STATUSES[number] for number in (4, 14, 5)]],
    )
    account: Name | None = Field(
        None,
        description="account that the money of all refunds leaves; without it the clearing account that the sale's "
        "money went to",
        examples=["Card clearing"],
    )
    accounts: dict[Currency, Name] = Field(
        default_factory=dict,
        description="the same for orders in other currencies, by currency",
        examples=[{"EUR": "Card clearing EUR"}],
    )
    restock: Literal["never", "always", "shop"] = Field(
        "never",
        description="whether refunded goods go back to stock in QuickBooks, by their own item, or not, by "
        "no_restock_product; shop: as the store's own setting has it, since the shop does not say it of a refund",
    )
    no_restock_product: Name | None = Field(
        None,
        description="item of goods that were refunded and are not put back to stock; it posts to sales returns",
        examples=["Returned goods"],
        json_schema_extra=ESSENTIAL,
    )
    adjustment_product: Name | None = Field(
        None,
        description="item of amounts that were refunded without goods, and of what was kept back",
        examples=["Refund adjustments"],
        json_schema_extra=ESSENTIAL,
    )
    cancel_unpaid: Literal["auto", "void", "credit_memo"] = Field(
        "auto",
        description="what becomes of an unpaid invoice whose order is cancelled: it is voided, or taken back by a "
        "credit memo of the day of cancellation; auto: voided in its own month while its day is open, else a memo",
    )

    _some = field_validator("statuses", mode="after")(at_least_one)

    def account_of(self, currency: str) -> str | None:
        """The account that all refunds in `currency` leave, None where they leave that of their sale."""
        return self.accounts.get(currency) or self.account


class InventoryAccounts(Section):
    """Accounts of items whose stock the shop tracks, set when they are made and never touched again."""

    income: Name = Field(description="income account")
    asset: Name = Field(description="inventory asset account")
    cogs: Name = Field(description="cost of goods sold account")


class NoninventoryAccounts(Section):
    """Accounts of items whose stock the shop does not track, set when they are made and never touched again."""

    income: Name = Field(description="income account")
    expense: Name = Field(description="expense account")


class Products(Section):
    """How the shop's SKUs meet QuickBooks' items."""

    match_by: Literal["name", "sku"] = Field(
        description="a BigCommerce SKU equals the item's Name, or its SKU", examples=["sku"]
    )
    create_missing: bool = Field(
        default=False,
        description="make an item for each SKU that was sold and has none; lines without a SKU still need "
        "sales.default_product",
    )
    sync: Literal["sold", "all"] = Field(
        "sold",
        description="with create_missing, which products get an item: those that are sold, or every product and "
        "variant of the shop's catalogue that has a SKU",
    )
    update: tuple[Literal["price", "description"], ...] = Field(
        (),
        description='with sync = "all", what of an item follows the shop when it changes there: its sales price, its '
        "description (the product's name). Accounts, costs, names and quantities are never changed",
    )
    inventory_accounts: InventoryAccounts | None = Field(
        None,
        description="accounts of made items whose stock the shop tracks; without it their orders are held",
        examples=[{"income": "Sales of Product Income", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"}],
    )
    noninventory_accounts: NoninventoryAccounts | None = Field(
        None,
        description="accounts of the other made items; without it their orders are held",
        examples=[{"income": "Sales of Product Income", "expense": "Cost of Goods Sold"}],
    )
    opening_quantity: Literal["zero", "store"] = Field(
        "zero",
        description="stock that a made item begins with: none, or, as always with workflow stock, the shop's level and "
        "the units that it has taken for orders still to be posted",
    )

    @property
    def reads_catalogue(self) -> bool:
        return self.create_missing and self.sync == "all"


class Stock(Section):
    """How the shop's stock follows QuickBooks' quantities on hand, with workflow stock."""

    interval: Interval = Field(
        Schedule(every=timedelta(minutes=15)),
        description="how often QuickBooks is asked for items whose quantity has moved; one read each time, another "
        "where any has, and the shop's orders are read, too",
    )
    sweep: Interval = Field(
        Schedule(every=timedelta(hours=24)),
        description="how often every item is read, one read for 1,000 of them, to notice what the others miss",
    )
    recheck: Interval = Field(
        Schedule(every=timedelta(hours=24)),
        description="how often the shop's own levels are read again, one call for 1,000 SKUs, to notice SKUs that are "
        "new there and levels that were changed by hand",
    )
    location: WholeNumber | None = Field(
        None,
        ge=1,
        description="id of the location whose stock is kept; without it the store's default location",
        examples=[1],
    )
    safety_stock: WholeNumber = Field(
        0, ge=0, le=1_000_000, description="units of each SKU that are kept back from the shop"
    )
    max_zero_percent: WholeNumber = Field(
        10,
        ge=0,
        le=100,
        description="nothing is written when QuickBooks says zero, or nothing, of more than this share of the SKUs "
        "that the shop has units of; a person has to approve it",
    )
    max_drop_percent: WholeNumber = Field(
        30,
        ge=0,
        le=100,
        description="the same where more than this share of all units in the shop would go",
    )


_DESTINATIONS = ("domestic", "eu", "export")
_WITH_DESTINATION = rf"(?P<what>.*\S)\s*@\s*(?P<where>{'|'.join(_DESTINATIONS)}|[a-z]{{2}}(?:-.+)?)"


class Tax(Section):
    """Which QuickBooks tax code a tax of the shop becomes."""

    EVERY: ClassVar[str] = "*"
    WITHOUT: ClassVar[str] = "none"

    out_of_scope: Name | None = Field(
        None,
        examples=["No VAT"],
        description="outside the US: the code of lines that are no supply (gift certificates, store credit, rounding)",
    )
    map: dict[Name, Name] = Field(
        default_factory=dict,
        examples=[{"*": "State tax"}, {"Reduced": "5.0% R", "none": "0.0% Z", "none @ export": "0.0% Z"}],
        json_schema_extra=ESSENTIAL,
        description='by the tax\'s name or class; "*" stands for every tax that is not listed. Outside the US also '
        '"none" for lines without tax (a class comes first), and any of these with where it is delivered to: '
        '"none @ export", "VAT @ DE", "GST @ CA-Quebec", "Books @ eu", "* @ domestic"; the most exact row counts. '
        "Where none fits a tax, the one row whose code has its rate does, whatever it is called",
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

    start_date: Day = Field(
        description="no sale, payment or refund before this day is read", examples=[date(2026, 1, 1)]
    )
    timezone: ZoneName | None = Field(
        None, description="documents are dated in this zone; without it the store's", examples=["America/Chicago"]
    )
    workflows: frozenset[Annotated[str, Words("workflow")]] = Field(
        frozenset(),
        description="what is kept in step: sales; with payments, invoices get a Payment when the order is paid; with "
        "refunds, what goes back or is called off is booked, too; with stock, the shop's levels follow QuickBooks' "
        "quantities on hand, which have to be right first: see `cartledger stock plan`",
        examples=[["sales", "payments", "refunds"]],
        json_schema_extra=ESSENTIAL,
    )
    interval: Interval = Field(
        Schedule(every=timedelta(hours=1)),
        description='when the shop is read by itself: "15m", "daily at 02:30", "daily at 02:30 and 14:30", "manual"',
        examples=["1h"],
    )
    closed_books: Literal["hold", "first_open_day"] = Field(
        "hold",
        description="what happens to a sale, refund or payment of a day whose books are closed in QuickBooks: it is "
        "held, or bears the first open day and says its own in the private note; nothing of closed days is changed",
    )
    bigcommerce: BigCommerce
    quickbooks: QuickBooks
    sales: Sales
    products: Products
    payments: Payments = Payments()
    refunds: Refunds = Refunds()
    stock: Stock = Stock()
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

    @property
    def records_refunds(self) -> bool:
        return "refunds" in self.workflows

    @property
    def keeps_stock(self) -> bool:
        return "stock" in self.workflows

    @property
    def opens_with_stock(self) -> bool:
        """Items that are made begin with what the shop has: else its levels would follow nothing."""
        return self.keeps_stock or self.products.opening_quantity == "store"

    @property
    def dated_later(self) -> bool:
        """Whether documents bear another day than that on which their order was placed."""
        return self.sales.document_date != "created"

    def number(self, order_id: int) -> str:
        """The document number of an order."""
        return f"{self.sales.number_prefix}-{order_id}" if self.sales.number_prefix else str(order_id)

    def refund_number(self, order_id: int, rank: int) -> str:
        """The number of what takes the order's sale back in part or whole; `rank` counts from 1."""
        number = f"{self.refunds.number_prefix}-{order_id}"
        return number if rank == 1 else f"{number}-{rank}"


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
    metrics: Metrics = Metrics()
    report: Report = Report()
    smtp: Smtp = Smtp()
    heartbeat: Heartbeat = Heartbeat()
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

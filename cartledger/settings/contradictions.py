"""Options that are right one by one and wrong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cartledger.settings.options import (
    BC_ID_DIGITS,
    MEMO_SUFFIX,
    NUMBER_LENGTH,
    TAKEN_SUFFIX,
    Connection,
    Heartbeat,
    Refunds,
    Section,
    Settings,
    Smtp,
    Stock,
)
from cartledger.settings.values import CALLED_OFF_STATUSES, ORDER_STATUSES, THIS_MACHINE, UNPAID_STATUSES

Contradiction = tuple[tuple[str, ...], str, str]
"""Where it shows (section and key), its code, and its sentence from the verb on."""

ROOM_BESIDE_MEMOS = NUMBER_LENGTH - BC_ID_DIGITS - len(f"-{MEMO_SUFFIX}{TAKEN_SUFFIX}")
INTUITS_LIMIT = 120  # seconds after which QuickBooks ends a request


def contradictions(settings: Settings) -> Iterator[Contradiction]:
    """All of them, connection by connection."""
    for name, connection in settings.connections.items():
        for found in _OF_ONE:
            yield from ((("connections", name, *key), code, text) for key, code, text in found(connection))
    yield from _of_several(settings)
    yield from _of_tokens(settings)
    yield from _of_mails(settings)
    yield from _of_the_heartbeat(settings.heartbeat)


def _of_several(settings: Settings) -> Iterator[Contradiction]:
    numbers: dict[tuple[str, str], tuple[str, str]] = {}
    pairs: dict[str, str] = {}
    for name, connection in settings.connections.items():
        if (other := pairs.setdefault(connection.pair, name)) != name:
            text = f"joins the same store and company as connection {other}; keep one of the two."
            yield ("connections", name), "same_pair", text
            continue
        for section, prefix in _prefixes(connection):
            number = (connection.quickbooks.realm_id, prefix.casefold())
            other, what = numbers.setdefault(number, (name, section))
            if other != name:
                whose = "" if what == section else f"that of {what} "
                text = (
                    f'is "{prefix}", as {whose}in connection {other}, which posts into the same company; '
                    f"choose another."
                )
                yield ("connections", name, section, "number_prefix"), "same_numbers", text


def _prefixes(connection: Connection) -> Iterator[tuple[str, str]]:
    """Of what is numbered by us, with the section that says so."""
    if _numbers_documents(connection):
        yield "sales", connection.sales.number_prefix
    if connection.records_refunds and connection.refunds.number_prefix:
        yield "refunds", connection.refunds.number_prefix


def _numbers_documents(connection: Connection) -> bool:
    """QuickBooks gives no numbers to credit memos."""
    return not connection.sales.automatic_numbers or connection.sales.tenders_on_invoice == "credit_memo"


def _of_tokens(settings: Settings) -> Iterator[Contradiction]:
    """An app has one secret, and one refresh token for a company: the next one that Intuit gives voids the others."""
    first: dict[tuple[str, str, str], str] = {}
    for name, connection in settings.connections.items():
        here = connection.quickbooks
        for key in ("client_secret", "refresh_token"):
            if getattr(here, key) is None:
                continue
            other = first.setdefault((here.realm_id, here.client_id, key), name)
            if getattr(here, key) != getattr(settings.connections[other].quickbooks, key):
                text = f"is not that of connection {other}, which is of the same app and company; use one for both."
                yield ("connections", name, "quickbooks", key), "other_secret", text


def _of_workflows(connection: Connection) -> Iterator[Contradiction]:
    if "sales" not in connection.workflows:
        text = 'does not name "sales", without which this version keeps nothing in step; add it.'
        yield ("workflows",), "no_sales", text


def _of_mails(settings: Settings) -> Iterator[Contradiction]:
    report, smtp = settings.report, settings.smtp
    if smtp.host is None:
        for key in (key for key in ("port", "security", "username", "sender") if _is_set(smtp, key)):
            yield ("smtp", key), "no_effect", "has no effect without smtp.host; add that, or take it out."
    else:
        yield from _of_the_mail_server(smtp)
    if report.when != "never" or settings.heartbeat.mail:
        wanted = "heartbeat.mail = true" if report.when == "never" else f'report.when = "{report.when}"'
        if not report.to:
            yield ("report", "to"), "no_recipient", f"is missing: {wanted} needs somebody to send mails to."
        if smtp.host is None:
            yield ("smtp", "host"), "no_mail_server", f"is missing: {wanted} needs a server that takes mails."
    if _is_set(report, "daily_at") and report.when != "daily":
        yield ("report", "daily_at"), "no_effect", 'has no effect without when = "daily"; add that, or take it out.'


def _of_the_heartbeat(heartbeat: Heartbeat) -> Iterator[Contradiction]:
    if _is_set(heartbeat, "interval") and not (heartbeat.file or heartbeat.url or heartbeat.mail):
        yield (
            ("heartbeat", "interval"),
            "no_effect",
            "has no effect without heartbeat.file, url or mail; add one of them.",
        )


def _of_the_mail_server(smtp: Smtp) -> Iterator[Contradiction]:
    if smtp.security == "none" and smtp.host not in THIS_MACHINE:
        text = (
            f'is "none", and {smtp.host} is another machine: mails and the password would travel for all to read. '
            'Set "starttls" or "tls".'
        )
        yield ("smtp", "security"), "plain_mail", text
    if smtp.username and smtp.password is None:
        yield (
            ("smtp", "password"),
            "no_mail_password",
            "is missing: smtp.username signs in with it; set CARTLEDGER_SMTP__PASSWORD.",
        )
    if smtp.password is not None and not smtp.username:
        text = "is missing: smtp.password is that of a user; name it, or take the password out."
        yield ("smtp", "username"), "no_mail_user", text
    if smtp.sender is None and "@" not in (smtp.username or ""):
        yield ("smtp", "sender"), "no_sender", "is missing: mails have to come from somebody; write an address."


def _of_sales(connection: Connection) -> Iterator[Contradiction]:
    sales = connection.sales
    unpaid = [ORDER_STATUSES[number] for number in sales.statuses if number in UNPAID_STATUSES]
    if sales.post_as == "sales_receipt" and unpaid and not sales.receipt_for_unpaid:
        text = (
            f"names {' and '.join(unpaid)}, while a sales receipt says that the money came in. "
            f'Take that out, or set post_as = "invoice", or receipt_for_unpaid = true.'
        )
        yield ("sales", "statuses"), "unpaid_receipt", text
    if sales.customer == "generic" and not sales.generic_customer:
        text = 'is missing: customer = "generic" needs the name of the customer that stands for all.'
        yield ("sales", "generic_customer"), "no_generic_customer", text
    prefix = sales.number_prefix
    if sales.tenders_on_invoice == "credit_memo" and _may_make_invoices(connection) and len(prefix) > ROOM_BESIDE_MEMOS:
        text = (
            f'is "{prefix}", which leaves no room for the {MEMO_SUFFIX} of credit memos; the most beside '
            f'tenders_on_invoice = "credit_memo" is {ROOM_BESIDE_MEMOS} characters.'
        )
        yield ("sales", "number_prefix"), "no_room_for_memos", text


def _of_payments(connection: Connection) -> Iterator[Contradiction]:
    sales, payments = connection.sales, connection.payments
    receipts = sales.post_as == "sales_receipt"
    if not payments.default_account and (receipts or connection.records_payments):
        text = "is missing: sales receipts and payments need the account that the money goes to."
        yield ("payments", "default_account"), "no_default_account", text
    for name, method in payments.methods.items():
        if method.paid_when == "never" and receipts and not sales.receipt_for_unpaid:
            text = (
                'is "never", while a sales receipt says that the money came in: its orders would never be posted. '
                'Set post_as = "invoice", or receipt_for_unpaid = true.'
            )
            yield ("payments", "methods", name, "paid_when"), "never_paid_receipt", text
        elif method.paid_when == "never" and sales.document_date == "paid":
            text = (
                'is "never", while documents bear the day of payment: its orders would never be posted. '
                'Set document_date = "created".'
            )
            yield ("payments", "methods", name, "paid_when"), "never_a_day", text


def _of_refunds(connection: Connection) -> Iterator[Contradiction]:
    if connection.records_refunds:
        yield from _refund_numbers(connection)
        yield from _refund_statuses(connection)
        if connection.refunds.restock != "always" and not connection.refunds.no_restock_product:
            text = (
                "is missing: goods that are refunded and not put back to stock need an item; name one, or set "
                'restock = "always".'
            )
            yield ("refunds", "no_restock_product"), "no_restock_product", text
        if _no_account_is_known(connection):
            text = (
                "is missing: nothing says which account the money of refunds leaves; name it, or "
                "payments.default_account."
            )
            yield ("refunds", "account"), "no_refund_account", text


def _refund_numbers(connection: Connection) -> Iterator[Contradiction]:
    prefix = connection.refunds.number_prefix
    if not prefix:
        text = "is missing: refunds need a prefix of their own; R makes the first refund of order 1234 R-1234."
        yield ("refunds", "number_prefix"), "no_refund_prefix", text
    elif prefix.casefold() == connection.sales.number_prefix.casefold() and _numbers_documents(connection):
        yield ("refunds", "number_prefix"), "same_numbers", f'is "{prefix}", as that of sales; choose another.'


def _refund_statuses(connection: Connection) -> Iterator[Contradiction]:
    """An order that is called off is no sale. One that was refunded is one, of which something went back."""
    called_off = CALLED_OFF_STATUSES.intersection(connection.sales.statuses, connection.refunds.statuses)
    if called_off:
        names = " and ".join(ORDER_STATUSES[number] for number in sorted(called_off))
        text = f"names {names}, which sales.statuses posts as a sale; take that out of one of the two."
        yield ("refunds", "statuses"), "sale_and_none", text


def _no_account_is_known(connection: Connection) -> bool:
    """Where receipts and payments need one, that is told already."""
    payments = connection.payments
    named = [payments.default_account, *payments.default_accounts.values()]
    named += [account for one in payments.methods.values() for account in (one.account, *one.accounts.values())]
    named += [connection.refunds.account, *connection.refunds.accounts.values()]
    return not any(named) and not _makes_receipts(connection) and not connection.records_payments


def _of_products(connection: Connection) -> Iterator[Contradiction]:
    products = connection.products
    if products.create_missing and not (products.inventory_accounts or products.noninventory_accounts):
        text = (
            "is true, and nothing says what new items post to; add inventory_accounts, noninventory_accounts or both."
        )
        yield ("products", "create_missing"), "no_item_accounts", text
    if (
        connection.keeps_stock
        and products.opening_quantity == "zero"
        and "opening_quantity" in products.model_fields_set
    ):
        text = 'is "zero": with workflow "stock" the shop would have nothing of each item that is made; take it out.'
        yield ("products", "opening_quantity"), "opens_with_nothing", text


def _of_quickbooks(connection: Connection) -> Iterator[Contradiction]:
    quickbooks = connection.quickbooks
    if ".intuit.com/" in f"{quickbooks.api_url}/" and quickbooks.in_flight_limit <= INTUITS_LIMIT:
        text = (
            f"is {quickbooks.in_flight_limit}, but QuickBooks may carry out a request until {INTUITS_LIMIT} s after it "
            f"was sent; take it out."
        )
        yield ("quickbooks", "in_flight_limit"), "in_flight_too_short", text


def _twice(connection: Connection) -> Iterator[Contradiction]:
    """Rows whose names differ in nothing but the case of their letters, which does not count."""
    tax = connection.tax
    rows = [("payments", "methods", name, name.casefold()) for name in connection.payments.methods]
    rows += [("tax", "map", name, " @ ".join(tax.split(name))) for name in tax.map]
    seen: dict[tuple[str, str], str] = {}
    for section, key, name, folded in rows:
        if (other := seen.setdefault((key, folded), name)) != name:
            yield (section, key, name), "twice", f'is "{other}" in other letters; keep one of the two.'


def _idle(connection: Connection) -> Iterator[Contradiction]:
    """Options that say something, which nobody listens to."""
    for (section_name, key), (counts, why) in _NEEDING.items():
        if _is_set(getattr(connection, section_name), key) and not counts(connection):
            yield (section_name, key), "no_effect", f"has no effect {why}"


def _is_set(section: Section, key: str) -> bool:
    """Whether it says something else than its default."""
    default: object = type(section).model_fields[key].get_default(call_default_factory=True)
    return bool(getattr(section, key) != default)


def _makes_receipts(connection: Connection) -> bool:
    return connection.sales.post_as == "sales_receipt"


def _may_make_invoices(connection: Connection) -> bool:
    """An order that was paid in parts is an invoice, too, unless it is to be held."""
    return not _makes_receipts(connection) or connection.payments.multi_tender == "invoice"


def _keeps_refunds(connection: Connection) -> bool:
    return connection.records_refunds


def _calls_invoices_off(connection: Connection) -> bool:
    return _keeps_refunds(connection) and _may_make_invoices(connection)


def _creates(connection: Connection) -> bool:
    return connection.products.create_missing


def _reads_the_catalogue(connection: Connection) -> bool:
    return connection.products.reads_catalogue


def _keeps_stock(connection: Connection) -> bool:
    return connection.keeps_stock


def _creates_inventory(connection: Connection) -> bool:
    return _creates(connection) and connection.products.inventory_accounts is not None


_AS_INVOICE = 'take it out, or set post_as = "invoice".'
_ON_RECEIPTS = f"where no order becomes an invoice; {_AS_INVOICE}"
_WITHOUT_CREATING = "without create_missing = true; add that, or take it out."

_WITHOUT_REFUNDS = 'without workflow "refunds"; add that, or take it out.'
_WITHOUT_STOCK = 'without workflow "stock"; add that, or take it out.'

_OF_ONE = (_of_workflows, _of_sales, _of_payments, _of_refunds, _of_products, _of_quickbooks, _twice, _idle)

_NEEDING: Mapping[tuple[str, str], tuple[Callable[[Connection], bool], str]] = {
    ("sales", "receipt_for_unpaid"): (_makes_receipts, "on invoices, which may be unpaid; take it out."),
    ("sales", "allow_credit_card_payments"): (_may_make_invoices, _ON_RECEIPTS),
    ("sales", "due_date_offset"): (_may_make_invoices, _ON_RECEIPTS),
    ("sales", "tenders_on_invoice"): (_may_make_invoices, _ON_RECEIPTS),
    ("sales", "generic_customer"): (
        lambda connection: connection.sales.customer == "generic",
        'without customer = "generic"; add that, or take it out.',
    ),
    ("sales", "rounding_limit"): (
        lambda connection: connection.sales.rounding_product is not None,
        "without rounding_product; add that, or take it out.",
    ),
    ("products", "inventory_accounts"): (_creates, _WITHOUT_CREATING),
    ("products", "noninventory_accounts"): (_creates, _WITHOUT_CREATING),
    ("products", "opening_quantity"): (
        _creates_inventory,
        "without create_missing = true and inventory_accounts; add those, or take it out.",
    ),
    ("payments", "multi_tender"): (_makes_receipts, "on invoices, which have a payment for each method; take it out."),
    ("payments", "paid_statuses"): (
        lambda connection: any(one.paid_when == "status" for one in connection.payments.methods.values()),
        'without a method that has paid_when = "status"; add that, or take it out.',
    ),
    ("products", "sync"): (_creates, _WITHOUT_CREATING),
    ("products", "update"): (
        _reads_the_catalogue,
        'without create_missing = true and sync = "all"; add those, or take it out.',
    ),
    **{("refunds", key): (_keeps_refunds, _WITHOUT_REFUNDS) for key in Refunds.model_fields},
    **{("stock", key): (_keeps_stock, _WITHOUT_STOCK) for key in Stock.model_fields},
    ("refunds", "cancel_unpaid"): (
        _calls_invoices_off,
        'without workflow "refunds" and orders that become invoices; add those, or take it out.',
    ),
}
"""Options that count only beside others: when, and what there is to say where these are not."""

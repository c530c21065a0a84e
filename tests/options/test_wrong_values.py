"""What each option is answered when its value is wrong: place, key, value, and what is allowed instead.

The file is written one key a line, the wrong one last. `connections.main.` is left out of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cartledger.errors import SettingsWrong
from cartledger.settings import read_settings
from cartledger.settings.fields import options

MAIN = "connections.main."
OF_THE_WHOLE = ("ledger.", "broker.", "metrics.", "report.", "smtp.", "heartbeat.")
VARIABLES = "CARTLEDGER_CONNECTIONS__MAIN__"
SECRETS = {
    f"{VARIABLES}BIGCOMMERCE__ACCESS_TOKEN": "shh",
    f"{VARIABLES}QUICKBOOKS__CLIENT_SECRET": "shh",
    f"{VARIABLES}QUICKBOOKS__REFRESH_TOKEN": "shh",
}
RIGHT = {
    "start_date": "2026-01-01",
    "workflows": '["sales", "payments"]',
    "bigcommerce.store_hash": '"abc123"',
    "quickbooks.realm_id": '"1234567890"',
    "quickbooks.client_id": '"app"',
    "sales.post_as": '"invoice"',
    "products.match_by": '"sku"',
    "payments.default_account": '"Card clearing"',
}
STATUSES = (
    "Pending (1), Shipped (2), Partially Shipped (3), Refunded (4), Cancelled (5), Declined (6), Awaiting Payment (7), "
    "Awaiting Pickup (8), Awaiting Shipment (9), Completed (10), Awaiting Fulfillment (11), "
    "Manual Verification Required (12), Disputed (13), Partially Refunded (14)"
)
ORDER_FIELDS = (
    '"channel_id", "external_id", "external_merchant_id", "external_order_id", "external_source", "order_id", '
    '"order_source", "payment_reference", and for a field that the shop has added to its checkout "form_fields." and '
    "its name"
)
RETURN_STATUSES = "Allowed: Refunded (4), Partially Refunded (14), Cancelled (5), Declined (6)."
A_TABLE = "where a table belongs: a section in square brackets, or { key = value, … }."
AN_ADDRESS = "write an address that begins with https://, or with http:// and this machine (127.0.0.1)."
AN_INTERVAL = 'Allowed: "1h", "15m", "daily at 02:30", "daily at 02:30 and 14:30", "manual".'

WRONG = [
    # option, value, sentence
    ("ledger.path", "7", "ledger.path is 7, which is no text; put it in quotation marks."),
    ("ledger.history_days", "29", "ledger.history_days is 29, which is too little; the least is 30."),
    ("ledger.history_days", '"2 years"', 'ledger.history_days is "2 years", which is no whole number.'),
    ("broker.url", '"amqp://guest:hush@localhost"',
     "broker.url is no broker: write memory:// (one process) or pika://user:password@host:5672/%2F (RabbitMQ)."),
    *(("broker.url", f'"pika://shop:{password}@127.0.0.1:5672/vhost"',
       "broker.url has a user or a password with characters that mean something in an address: write @ as %40, / as "
       "%2F, # as %23, ? as %3F.") for password in ("hu@sh", "12/hush", "12#hush", "12?hush", "hu@sh/sh")),
    ("broker.namespace", '"My Shop"',
     'broker.namespace is "My Shop"; allowed are lower-case letters, digits, - and _.'),
    # metrics
    ("metrics.host", '""', "metrics.host is empty."),
    ("metrics.port", "0", "metrics.port is 0, which is too little; the least is 1."),
    ("metrics.port", "65001", "metrics.port is 65001, which is too much; the most is 65000."),
    # report, smtp
    ("report.to", '"books@shop.example"',
     'report.to is "books@shop.example" where a list belongs: write ["books@shop.example"].'),
    ("report.to", '["books"]',
     'report.to is "books", which is no mail address; write it as books@shop.example.'),
    ("report.when", '"weekly"',
     'report.when is "weekly". Allowed: "never", "each_run", "daily", "on_problem".'),
    ("report.daily_at", '"7 am"', 'report.daily_at is "7 am", which is no time of day; write it as "07:00".'),
    ("report.daily_at", '"06:00"',
     'report.daily_at has no effect without when = "daily"; add that, or take it out.'),
    ("smtp.host", '""', "smtp.host is empty."),
    ("smtp.port", "70000", "smtp.port is 70000, which is too much; the most is 65535."),
    ("smtp.security", '"ssl"', 'smtp.security is "ssl". Allowed: "starttls", "tls", "none".'),
    ("smtp.security", '"none"',
     'smtp.security is "none", and mail.example is another machine: mails and the password would travel for all to '
     'read. Set "starttls" or "tls".'),
    ("smtp.username", "7", "smtp.username is 7, which is no text; put it in quotation marks."),
    ("smtp.password", '"hush"',
     "smtp.password is a secret, which does not stand in the file; take it out and set CARTLEDGER_SMTP__PASSWORD "
     "instead."),
    ("smtp.sender", '"cartledger"',
     'smtp.sender is "cartledger", which is no mail address; write it as books@shop.example.'),
    # heartbeat
    ("heartbeat.file", "7", "heartbeat.file is 7, which is no text; put it in quotation marks."),
    ("heartbeat.url", '"heartbeat.example"',
     'heartbeat.url is "heartbeat.example"; write an address that begins with https://, or with http:// and this '
     "machine (127.0.0.1)."),
    ("heartbeat.mail", '"daily"', 'heartbeat.mail is "daily"; write true or false.'),
    ("heartbeat.interval", '"often"',
     'heartbeat.interval is "often", which is no interval. Allowed: "1h", "15m", "daily at 02:30", '
     '"daily at 02:30 and 14:30", "manual".'),
    ("heartbeat.interval", '"1m"', "heartbeat.interval has no effect without heartbeat.file, url or mail; add one of "
     "them."),
    ("start_date", '"soon"', 'start_date is "soon", which is no day; write it as 2026-01-31.'),
    ("start_date", "86400", "start_date is 86400, which is no day; write it as 2026-01-31."),
    ("start_date", "2026-01-01T10:00:00",
     "start_date is 2026-01-01 10:00:00, which is no day; write it as 2026-01-31."),
    ("timezone", '"America/Chikago"',
     'timezone is "America/Chikago", which is no time zone. Nearest: America/Chicago, America/Sitka, America/Bahia.'),
    ("timezone", "-5", "timezone is -5, which is no time zone; write it by its place: America/New_York."),
    ("workflows", '["sales", "paiments"]',
     'workflows names "paiments", which is no workflow of this version. Did you mean "payments"? '
     "Allowed: sales, payments, refunds, stock."),
    ("workflows", '"sales"', 'workflows is "sales" where a list belongs: write ["sales"].'),
    ("workflows", '["payments"]',
     'workflows does not name "sales", without which this version keeps nothing in step; add it.'),
    ("interval", '"hourly"', f'interval is "hourly", which is no interval. {AN_INTERVAL}'),
    ("interval", '"daily at 25:00"', f'interval is "daily at 25:00", which is no interval. {AN_INTERVAL}'),
    ("closed_books", '"first_day"',
     'closed_books is "first_day". Did you mean "first_open_day"? Allowed: "hold", "first_open_day".'),
    ("closed_books", "true", 'closed_books is true. Allowed: "hold", "first_open_day".'),
    # bigcommerce, quickbooks
    ("bigcommerce.store_hash", '"stores/abc123"',
     'bigcommerce.store_hash is "stores/abc123"; allowed are lower-case letters and digits.'),
    ("bigcommerce.access_token", '"hush"',
     "bigcommerce.access_token is a secret, which does not stand in the file; take it out and set "
     f"{VARIABLES}BIGCOMMERCE__ACCESS_TOKEN instead."),
    ("bigcommerce.api_url", '"http://shop.example.com"',
     f'bigcommerce.api_url is "http://shop.example.com"; {AN_ADDRESS}'),
    ("quickbooks.realm_id", "1234567890",
     "quickbooks.realm_id is 1234567890, which is no text; put it in quotation marks."),
    ("quickbooks.realm_id", '"1234 5678"', 'quickbooks.realm_id is "1234 5678"; allowed are digits.'),
    ("quickbooks.client_id", '""', "quickbooks.client_id is empty."),
    ("quickbooks.client_secret", '"hush"',
     "quickbooks.client_secret is a secret, which does not stand in the file; take it out and set "
     f"{VARIABLES}QUICKBOOKS__CLIENT_SECRET instead."),
    ("quickbooks.refresh_token", '"hush"',
     "quickbooks.refresh_token is a secret, which does not stand in the file; take it out and set "
     f"{VARIABLES}QUICKBOOKS__REFRESH_TOKEN instead."),
    ("quickbooks.api_url", '"quickbooks.example.com"',
     f'quickbooks.api_url is "quickbooks.example.com"; {AN_ADDRESS}'),
    ("quickbooks.redirect_uri", '"http://shop.example.com/callback"',
     f'quickbooks.redirect_uri is "http://shop.example.com/callback"; {AN_ADDRESS}'),
    ("quickbooks.redirect_uri", '"http://127.0.0.1:8765/callback"',
     'quickbooks.redirect_uri is "http://127.0.0.1:8765/callback", while Intuit takes no IP address; write '
     "http://localhost:8765/callback."),
    ("quickbooks.authorize_url", '"appcenter.intuit.com"',
     f'quickbooks.authorize_url is "appcenter.intuit.com"; {AN_ADDRESS}'),
    ("quickbooks.token_url", "443", f"quickbooks.token_url is 443; {AN_ADDRESS}"),
    ("quickbooks.revoke_url", '"http://shop.example.com"',
     f'quickbooks.revoke_url is "http://shop.example.com"; {AN_ADDRESS}'),
    ("quickbooks.monthly_reads", "0", "quickbooks.monthly_reads is 0, which is too little; the least is 1."),
    ("quickbooks.in_flight_limit", "130.5", "quickbooks.in_flight_limit is 130.5, which is no whole number."),
    ("quickbooks.in_flight_limit", "0", "quickbooks.in_flight_limit is 0, which is too little; the least is 1."),
    ("quickbooks.in_flight_limit", "601", "quickbooks.in_flight_limit is 601, which is too much; the most is 600."),
    ("quickbooks.in_flight_limit", "120",
     "quickbooks.in_flight_limit is 120, but QuickBooks may carry out a request until 120 s after it was sent; "
     "take it out."),
    # sales
    ("sales.post_as", '"sales_reciept"',
     'sales.post_as is "sales_reciept". Did you mean "sales_receipt"? Allowed: "sales_receipt", "invoice".'),
    ("sales.post_as", "true", 'sales.post_as is true. Allowed: "sales_receipt", "invoice".'),
    ("sales.statuses", '"Shipped"', 'sales.statuses is "Shipped" where a list belongs: write ["Shipped"].'),
    ("sales.statuses", "[]", "sales.statuses is empty; name at least one."),
    ("sales.statuses", '["Shipped", "Awaiting Fulfilment"]',
     'sales.statuses names "Awaiting Fulfilment", which is no order status. Did you mean "Awaiting Fulfillment"? '
     f"Allowed: {STATUSES}."),
    ("sales.statuses", "[11, 15]", f"sales.statuses names 15, which is no order status. Allowed: {STATUSES}."),
    ("sales.statuses", '["Incomplete"]',
     "sales.statuses names Incomplete (0), which is an abandoned checkout and no sale; take it out."),
    ("sales.receipt_for_unpaid", '"perhaps"', 'sales.receipt_for_unpaid is "perhaps"; write true or false.'),
    ("sales.number_prefix", '"BIGCOMMERCE"',
     'sales.number_prefix is "BIGCOMMERCE", which is too long; the most is 10 characters.'),
    ("sales.number_prefix", '"BC-"', 'sales.number_prefix is "BC-"; allowed are letters and digits.'),
    ("sales.automatic_numbers", '"always"', 'sales.automatic_numbers is "always"; write true or false.'),
    ("sales.sources", '"www"', 'sales.sources is "www" where a list belongs: write ["www"].'),
    ("sales.sources", "[]", "sales.sources is empty; name at least one."),
    ("sales.sources", '["www", " "]',
     'sales.sources names " ", which is no order source; write what the shop calls it (www, manual).'),
    ("sales.document_date", '"create"',
     'sales.document_date is "create". Did you mean "created"? Allowed: "created", "paid", "shipped".'),
    ("sales.default_product", "12", "sales.default_product is 12, which is no text; put it in quotation marks."),
    ("sales.default_product", '""', "sales.default_product is empty."),
    ("sales.default_product", '["Goods"]', 'sales.default_product is ["Goods"] where one text belongs.'),
    ("sales.gift_card_product", "false",
     "sales.gift_card_product is false, which is no text; put it in quotation marks."),
    ("sales.store_credit_product", '""', "sales.store_credit_product is empty."),
    ("sales.tenders_on_invoice", '"lines"',
     'sales.tenders_on_invoice is "lines". Did you mean "line"? Allowed: "line", "credit_memo".'),
    ("sales.discount_product", '{ item = "Discount" }',
     'sales.discount_product is { item = "Discount" } where one text belongs.'),
    ("sales.rounding_product", '""', "sales.rounding_product is empty."),
    ("sales.rounding_limit", '"a lot"', 'sales.rounding_limit is "a lot", which is no amount; write it as "0.05".'),
    ("sales.rounding_limit", "inf", 'sales.rounding_limit is inf, which is no amount; write it as "0.05".'),
    ("sales.rounding_limit", "-0.01", "sales.rounding_limit is -0.01, which is too little; the least is 0."),
    ("sales.rounding_limit", '"1.01"', "sales.rounding_limit is 1.01, which is too much; the most is 1."),
    ("sales.shipping_item", '""', "sales.shipping_item is empty."),
    ("sales.handling_item", "1", "sales.handling_item is 1, which is no text; put it in quotation marks."),
    ("sales.wrapping_item", "[]", "sales.wrapping_item is [] where one text belongs."),
    ("sales.fee_item", "0.5", "sales.fee_item is 0.5, which is no text; put it in quotation marks."),
    ("sales.class", '""', "sales.class is empty."),
    ("sales.class", '["Web", "Shop"]', 'sales.class is ["Web", "Shop"] where one text belongs.'),
    ("sales.location", "3", "sales.location is 3, which is no text; put it in quotation marks."),
    ("sales.customer", '"organization"',
     'sales.customer is "organization". Did you mean "organisation"? '
     'Allowed: "original", "organisation", "generic".'),
    ("sales.generic_customer", '""', "sales.generic_customer is empty."),
    ("sales.use_default_customer_message", '"Thanks!"',
     'sales.use_default_customer_message is "Thanks!"; write true or false.'),
    ("sales.allow_credit_card_payments", "2", "sales.allow_credit_card_payments is 2; write true or false."),
    ("sales.due_date_offset", '"30 days"', 'sales.due_date_offset is "30 days", which is no whole number.'),
    ("sales.due_date_offset", "true", "sales.due_date_offset is true, which is no whole number."),
    ("sales.due_date_offset", "-1", "sales.due_date_offset is -1, which is too little; the least is 0."),
    ("sales.due_date_offset", "4000", "sales.due_date_offset is 4000, which is too much; the most is 3650."),
    ("sales.tracking_numbers", "[true]", "sales.tracking_numbers is [true]; write true or false."),
    ("sales.custom_fields", '"channel_id"', f'sales.custom_fields is "channel_id" {A_TABLE}'),
    ("sales.custom_fields", '{ "PO Number" = "chanel_id" }',
     'sales.custom_fields."PO Number" is "chanel_id". Did you mean "channel_id"? ' f"Allowed: {ORDER_FIELDS}."),
    ("sales.custom_fields", '{ PO = "form_fields. " }',
     f'sales.custom_fields.PO is "form_fields. ". Allowed: {ORDER_FIELDS}.'),
    ("sales.custom_fields", '{ "" = "channel_id" }', 'sales.custom_fields."" is empty.'),
    ("sales.exchange_rate", '"store"', 'sales.exchange_rate is "store". Allowed: "company", "shop".'),
    # products
    ("products.match_by", '"title"', 'products.match_by is "title". Allowed: "name", "sku".'),
    ("products.create_missing", '"inventory"', 'products.create_missing is "inventory"; write true or false.'),
    ("products.inventory_accounts.income", "4000",
     "products.inventory_accounts.income is 4000, which is no text; put it in quotation marks."),
    ("products.inventory_accounts.asset", '""', "products.inventory_accounts.asset is empty."),
    ("products.inventory_accounts.cogs", "true",
     "products.inventory_accounts.cogs is true, which is no text; put it in quotation marks."),
    ("products.noninventory_accounts.income", '""', "products.noninventory_accounts.income is empty."),
    ("products.noninventory_accounts.expense", "5000",
     "products.noninventory_accounts.expense is 5000, which is no text; put it in quotation marks."),
    ("products.opening_quantity", "0", 'products.opening_quantity is 0. Allowed: "zero", "store".'),
    # payments
    ("products.sync", "true", 'products.sync is true. Allowed: "sold", "all".'),
    ("products.sync", '"everything"', 'products.sync is "everything". Allowed: "sold", "all".'),
    ("products.update", '"price"', 'products.update is "price" where a list belongs: write ["price"].'),
    ("products.update", '["prices"]',
     'products.update is "prices". Did you mean "price"? Allowed: "price", "description".'),
    ("payments.default_account", '""', "payments.default_account is empty."),
    ("payments.default_accounts", '"Clearing EUR"', f'payments.default_accounts is "Clearing EUR" {A_TABLE}'),
    ("payments.default_accounts", '{ Euro = "Clearing EUR" }',
     "payments.default_accounts.Euro is no currency; write its three letters (EUR)."),
    ("payments.default_accounts", "{ EUR = 1010 }",
     "payments.default_accounts.EUR is 1010, which is no text; put it in quotation marks."),
    ("payments.paid_statuses", '["Complete"]',
     'payments.paid_statuses names "Complete", which is no order status. Did you mean "Completed"? '
     f"Allowed: {STATUSES}."),
    ("payments.paid_statuses", "10", "payments.paid_statuses is 10 where a list belongs: write [10]."),
    ("payments.paid_statuses", "[]", "payments.paid_statuses is empty; name at least one."),
    ("payments.multi_tender", '"held"',
     'payments.multi_tender is "held". Did you mean "hold"? Allowed: "invoice", "hold".'),
    ("payments.methods.*.account", "1010",
     "payments.methods.PayPal.account is 1010, which is no text; put it in quotation marks."),
    ("payments.methods.*.accounts", '["Clearing EUR"]',
     f'payments.methods.PayPal.accounts is ["Clearing EUR"] {A_TABLE}'),
    ("payments.methods.*.accounts", '{ "€" = "Clearing EUR" }',
     'payments.methods.PayPal.accounts."€" is no currency; write its three letters (EUR).'),
    ("payments.methods.*.method", '""', "payments.methods.PayPal.method is empty."),
    ("payments.methods.*.paid_when", '"capture"',
     'payments.methods.PayPal.paid_when is "capture". Did you mean "captured"? '
     'Allowed: "captured", "status", "never".'),
    # refunds
    ("refunds.number_prefix", '"REFUNDED"',
     'refunds.number_prefix is "REFUNDED", which is too long; the most is 7 characters.'),
    ("refunds.number_prefix", '"R-"', 'refunds.number_prefix is "R-"; allowed are letters and digits.'),
    ("refunds.number_prefix", "7", "refunds.number_prefix is 7, which is no text; put it in quotation marks."),
    ("refunds.statuses", '["Refunded", "Shipped"]',
     f"refunds.statuses names Shipped, which says nothing of what went back or was called off. {RETURN_STATUSES}"),
    ("refunds.statuses", "[13]",
     f"refunds.statuses names Disputed, which says nothing of what went back or was called off. {RETURN_STATUSES}"),
    ("refunds.statuses", '["Canceled"]',
     'refunds.statuses names "Canceled", which is no order status. Did you mean "Cancelled"? '
     f"Allowed: {STATUSES}."),
    ("refunds.statuses", "[]", "refunds.statuses is empty; name at least one."),
    ("refunds.statuses", '"Cancelled"', 'refunds.statuses is "Cancelled" where a list belongs: write ["Cancelled"].'),
    ("refunds.account", '""', "refunds.account is empty."),
    ("refunds.accounts", '"Clearing EUR"', f'refunds.accounts is "Clearing EUR" {A_TABLE}'),
    ("refunds.accounts", '{ Euro = "Clearing EUR" }',
     "refunds.accounts.Euro is no currency; write its three letters (EUR)."),
    ("refunds.restock", '"shops"', 'refunds.restock is "shops". Did you mean "shop"? '
     'Allowed: "never", "always", "shop".'),
    ("refunds.restock", "false", 'refunds.restock is false. Allowed: "never", "always", "shop".'),
    ("refunds.no_restock_product", "5",
     "refunds.no_restock_product is 5, which is no text; put it in quotation marks."),
    ("refunds.adjustment_product", '""', "refunds.adjustment_product is empty."),
    ("refunds.cancel_unpaid", '"memo"',
     'refunds.cancel_unpaid is "memo". Allowed: "auto", "void", "credit_memo".'),
    # stock
    ("stock.interval", "15", f"stock.interval is 15, which is no interval. {AN_INTERVAL}"),
    ("stock.interval", '"often"', f'stock.interval is "often", which is no interval. {AN_INTERVAL}'),
    ("stock.sweep", '"nightly"', f'stock.sweep is "nightly", which is no interval. {AN_INTERVAL}'),
    ("stock.recheck", "true", f"stock.recheck is true, which is no interval. {AN_INTERVAL}"),
    ("stock.location", "0", "stock.location is 0, which is too little; the least is 1."),
    ("stock.location", '"Main"', 'stock.location is "Main", which is no whole number.'),
    ("stock.safety_stock", "-1", "stock.safety_stock is -1, which is too little; the least is 0."),
    ("stock.safety_stock", "1.5", "stock.safety_stock is 1.5, which is no whole number."),
    ("stock.safety_stock", "1_000_001",
     "stock.safety_stock is 1000001, which is too much; the most is 1000000."),
    ("stock.max_zero_percent", "101", "stock.max_zero_percent is 101, which is too much; the most is 100."),
    ("stock.max_zero_percent", '"10 %"', 'stock.max_zero_percent is "10 %", which is no whole number.'),
    ("stock.max_drop_percent", "-1", "stock.max_drop_percent is -1, which is too little; the least is 0."),
    # tax
    ("tax.out_of_scope", "0", "tax.out_of_scope is 0, which is no text; put it in quotation marks."),
    ("tax.map", '["State tax"]', f'tax.map is ["State tax"] {A_TABLE}'),
    ("tax.map", '{ "VAT @ DE" = 19 }', 'tax.map."VAT @ DE" is 19, which is no text; put it in quotation marks.'),
    ("tax.map", '{ VAT = "" }', "tax.map.VAT is empty."),
    ("tax.map", '{ "none @ exprot" = "0.0% Z" }',
     'tax.map has the row "none @ exprot", which names no destination. Did you mean "export"? '
     "Allowed after the @: domestic, eu, export, a country (DE), a country and state (CA-Quebec)."),
]  # fmt: skip

INVENTORY = {
    "products.create_missing": "true",
    "products.inventory_accounts.income": '"Sales"',
    "products.inventory_accounts.asset": '"Stock"',
    "products.inventory_accounts.cogs": '"Cost"',
}
NONINVENTORY = {
    "products.create_missing": "true",
    "products.noninventory_accounts.income": '"Sales"',
    "products.noninventory_accounts.expense": '"Cost"',
}
CATALOGUE = {**NONINVENTORY, "products.sync": '"all"'}
STOCK = {"workflows": '["sales", "payments", "stock"]'}
STOCK_OPTIONS = {
    "stock.interval": '"5m"',
    "stock.sweep": '"daily at 03:00"',
    "stock.recheck": '"manual"',
    "stock.location": "2",
    "stock.safety_stock": "1",
    "stock.max_zero_percent": "0",
    "stock.max_drop_percent": "100",
}
MAIL = {"smtp.host": '"mail.example"', "smtp.sender": '"cartledger@shop.example"'}
BESIDE: Mapping[str, Mapping[str, str]] = {
    "sales.generic_customer": {"sales.customer": '"generic"'},
    **{option: INVENTORY for option in INVENTORY if "accounts" in option},
    **{option: NONINVENTORY for option in NONINVENTORY if "accounts" in option},
    **{f"smtp.{key}": MAIL for key in ("port", "security", "username", "sender")},
    "smtp.password": {**MAIL, "smtp.username": '"shop@mail.example"'},
}
"""What an option does not go without."""

Answer = Callable[..., list[str]]


@pytest.fixture
def answer(tmp_path: Path) -> Answer:
    """`answer({"sales.post_as": '"bill"', "start_date": None})`: the sentences about a right file with these changes,
    without the folder's name; none where it is right."""
    path = tmp_path / "cartledger.toml"

    def ask(changes: Mapping[str, str | None]) -> list[str]:
        kept = {key: value for key, value in RIGHT.items() if key not in changes}
        lines = [f"{full(key)} = {value}" for key, value in {**kept, **changes}.items() if value is not None]
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            read_settings(path, SECRETS)
        except SettingsWrong as wrong:
            return [str(problem).replace(f"{tmp_path}/", "") for problem in wrong.problems]
        return []

    return ask


def full(key: str) -> str:
    key = key.replace("*", "PayPal")
    return key if key.startswith(OF_THE_WHOLE) else f"{MAIN}{key}"


@pytest.mark.parametrize("changes", [{}, INVENTORY, NONINVENTORY], ids=["", "inventory", "noninventory"])
def test_the_file_is_right_but_for_the_wrong_value(answer, changes):
    assert answer(changes) == []


@pytest.mark.parametrize(("option", "value", "sentence"), WRONG, ids=lambda text: text[:40])
def test_a_wrong_value_is_answered_with_one_sentence(answer, option, value, sentence):
    changes = {key: right for key, right in BESIDE.get(option, {}).items() if key != option} | {option: value}
    lines = len(RIGHT.keys() | changes.keys())
    assert answer(changes) == [f"cartledger.toml:{lines}: {full(sentence)}"]


def test_no_option_is_left_out():
    names = [".".join(option.key).removeprefix("connections.*.") for option in options()]
    told = {option for option, _, _ in WRONG}
    assert [name for name in names if name not in told] == []
    assert sorted(told - set(names)) == []


OTHER_KEYS = [
    # a line more, and its sentence
    ('clas = "Web"', "sales", 'clas is not a setting. Did you mean "class"?'),
    ('class_ = "Web"', "sales", 'class_ is not a setting. Did you mean "class"?'),
    ('locaton = "Store"', "sales", 'locaton is not a setting. Did you mean "location"?'),
    ('frobnicate = "Web"', "sales", "frobnicate is not a setting."),
    ('"document day" = 30', "sales", '"document day" is not a setting. Did you mean "document_date"?'),
    ('acount = "PayPal"', "payments.methods.PayPal", 'acount is not a setting. Did you mean "account"?'),
    ('paid_wen = "never"', 'payments.methods."Cash on Delivery"',
     'paid_wen is not a setting. Did you mean "paid_when"?'),
    ("synch = true", "products", 'synch is not a setting. Did you mean "sync"?'),
    ("max_zero = 5", "stock", 'max_zero is not a setting. Did you mean "max_zero_percent"?'),
]  # fmt: skip


@pytest.mark.parametrize(("line", "section", "sentence"), OTHER_KEYS, ids=lambda text: text[:30])
def test_a_key_that_is_none(answer, line, section, sentence):
    key, _, value = line.partition(" = ")
    assert answer({f"{section}.{key}": value}) == [f"cartledger.toml:9: {MAIN}{section}.{sentence}"]


SECTIONS = [
    ("sales", "[]", f"sales is [] {A_TABLE}"),
    ("products.inventory_accounts", '"Stock"', f'products.inventory_accounts is "Stock" {A_TABLE}'),
    ("products.noninventory_accounts", "true", f"products.noninventory_accounts is true {A_TABLE}"),
    ("products.inventory_accounts", '{ income = "Sales", cogs = "Cost" }',
     "products.inventory_accounts.asset is missing (inventory asset account)."),
    ("products.inventory_accounts", '{ income = "Sales", asset = "Stock", cogs = "Cost", cost = "Cost" }',
     'products.inventory_accounts.cost is not a setting. Did you mean "cogs"?'),
    ("products.noninventory_accounts", '{ income = "Sales", expence = "Cost", expense = "Cost" }',
     'products.noninventory_accounts.expence is not a setting. Did you mean "expense"?'),
    ("payments.methods", '"PayPal"', f'payments.methods is "PayPal" {A_TABLE}'),
    ("payments.methods.PayPal", '"PayPal clearing"', f'payments.methods.PayPal is "PayPal clearing" {A_TABLE}'),
    ('payments.methods."Bank Deposit"', "[1, 2]", f'payments.methods."Bank Deposit" is [1, 2] {A_TABLE}'),
]  # fmt: skip


@pytest.mark.parametrize(("section", "value", "sentence"), SECTIONS, ids=lambda text: text[:30])
def test_a_section_that_is_none(answer, section, value, sentence):
    inside = {key: None for key in RIGHT if key.startswith(f"{section}.")}
    lines = len(RIGHT) - len(inside) + 1
    assert answer({**inside, section: value}) == [f"cartledger.toml:{lines}: {MAIN}{sentence}"]


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("start_date", "start_date is missing (no sale, payment or refund before this day is read)."),
        ("bigcommerce.store_hash", "bigcommerce.store_hash is missing (the part after /stores/ in the API path)."),
        ("quickbooks.realm_id", "quickbooks.realm_id is missing (the company's id, as the connect page shows it)."),
        ("sales.post_as", "sales is missing; add the section [connections.main.sales]."),
        ("products.match_by", "products is missing; add the section [connections.main.products]."),
        ("payments.default_account",
         "payments.default_account is missing: sales receipts and payments need the account that the money goes to."),
    ],
)  # fmt: skip
def test_a_key_that_is_missing(answer, option, sentence):
    (told,) = answer({option: None})
    assert told.partition(": ")[2] == f"{MAIN}{sentence}"


WITH_REFUNDS = {
    "workflows": '["sales", "payments", "refunds"]',
    "refunds.number_prefix": '"R"',
    "refunds.no_restock_product": '"Returned goods"',
}
UNPAID_ONLY = {**WITH_REFUNDS, "workflows": '["sales", "refunds"]', "payments.default_account": None}
NOT_KEPT = 'has no effect without workflow "refunds"; add that, or take it out.'
RECEIPTS = {"sales.post_as": '"sales_receipt"'}
ONLY_RECEIPTS = {**RECEIPTS, "payments.multi_tender": '"hold"'}
TOGETHER = [
    # what is changed, the last of it being what is told of
    ({"sales.customer": '"generic"'},
     'sales.generic_customer is missing: customer = "generic" needs the name of the customer that stands for all.'),
    ({"sales.generic_customer": '"Web shop"'},
     'sales.generic_customer has no effect without customer = "generic"; add that, or take it out.'),
    ({"sales.customer": '"organisation"', "sales.generic_customer": '"Web shop"'},
     'sales.generic_customer has no effect without customer = "generic"; add that, or take it out.'),
    ({"sales.receipt_for_unpaid": "true"},
     "sales.receipt_for_unpaid has no effect on invoices, which may be unpaid; take it out."),
    ({**ONLY_RECEIPTS, "sales.due_date_offset": "30"},
     'sales.due_date_offset has no effect where no order becomes an invoice; take it out, or set post_as = "invoice".'),
    ({**ONLY_RECEIPTS, "sales.due_date_offset": "0"},
     'sales.due_date_offset has no effect where no order becomes an invoice; take it out, or set post_as = "invoice".'),
    ({**ONLY_RECEIPTS, "sales.allow_credit_card_payments": "true"},
     "sales.allow_credit_card_payments has no effect where no order becomes an invoice; take it out, or set "
     'post_as = "invoice".'),
    ({"sales.number_prefix": '"WEBSHOP"', "sales.tenders_on_invoice": '"credit_memo"'},
     'sales.number_prefix is "WEBSHOP", which leaves no room for the -T of credit memos; the most beside '
     'tenders_on_invoice = "credit_memo" is 6 characters.'),
    ({**ONLY_RECEIPTS, "sales.tenders_on_invoice": '"credit_memo"'},
     "sales.tenders_on_invoice has no effect where no order becomes an invoice; take it out, or set "
     'post_as = "invoice".'),
    ({"sales.rounding_limit": '"0.10"'},
     "sales.rounding_limit has no effect without rounding_product; add that, or take it out."),
    ({**RECEIPTS, "sales.statuses": '["Shipped", "Pending", "Awaiting Payment"]'},
     "sales.statuses names Pending and Awaiting Payment, while a sales receipt says that the money came in. "
     'Take that out, or set post_as = "invoice", or receipt_for_unpaid = true.'),
    ({"payments.multi_tender": '"hold"'},
     "payments.multi_tender has no effect on invoices, which have a payment for each method; take it out."),
    ({"payments.paid_statuses": '["Shipped"]'},
     'payments.paid_statuses has no effect without a method that has paid_when = "status"; add that, or take it out.'),
    ({**RECEIPTS, 'payments.methods."Cash on Delivery".paid_when': '"never"'},
     'payments.methods."Cash on Delivery".paid_when is "never", while a sales receipt says that the money came in: its '
     'orders would never be posted. Set post_as = "invoice", or receipt_for_unpaid = true.'),
    ({"sales.document_date": '"paid"', "payments.methods.Invoice.paid_when": '"never"'},
     'payments.methods.Invoice.paid_when is "never", while documents bear the day of payment: its orders would never '
     'be posted. Set document_date = "created".'),
    ({**RECEIPTS, "payments.default_account": None},
     "payments.default_account is missing: sales receipts and payments need the account that the money goes to."),
    ({"payments.methods": '{ PayPal = { method = "PayPal" }, "PAYPAL" = { method = "Other" } }'},
     'payments.methods.PAYPAL is "PayPal" in other letters; keep one of the two.'),
    ({"tax.map": '{ "VAT @ DE" = "19", "vat@de" = "USt" }'},
     'tax.map."vat@de" is "VAT @ DE" in other letters; keep one of the two.'),
    ({"products.create_missing": "true"},
     "products.create_missing is true, and nothing says what new items post to; add inventory_accounts, "
     "noninventory_accounts or both."),
    ({"products.inventory_accounts": '{ income = "Sales", asset = "Stock", cogs = "Cost" }'},
     "products.inventory_accounts has no effect without create_missing = true; add that, or take it out."),
    ({"products.noninventory_accounts": '{ income = "Sales", expense = "Cost" }'},
     "products.noninventory_accounts has no effect without create_missing = true; add that, or take it out."),
    ({**NONINVENTORY, "products.opening_quantity": '"store"'},
     "products.opening_quantity has no effect without create_missing = true and inventory_accounts; add those, or take "
     "it out."),
    ({"products.sync": '"all"'},
     "products.sync has no effect without create_missing = true; add that, or take it out."),
    ({**NONINVENTORY, "products.update": '["price"]'},
     'products.update has no effect without create_missing = true and sync = "all"; add those, or take it out.'),
    *(({option: value}, f'{option} has no effect without workflow "stock"; add that, or take it out.')
      for option, value in STOCK_OPTIONS.items()),
    ({"workflows": '["payments", "refunds"]', "refunds.number_prefix": '"R"', "refunds.restock": '"always"'},
     'workflows does not name "sales", without which this version keeps nothing in step; add it.'),
    ({"refunds.number_prefix": '"R"'}, f"refunds.number_prefix {NOT_KEPT}"),
    ({"refunds.statuses": '["Cancelled"]'}, f"refunds.statuses {NOT_KEPT}"),
    ({"refunds.account": '"Checking"'}, f"refunds.account {NOT_KEPT}"),
    ({"refunds.accounts": '{ EUR = "Checking EUR" }'}, f"refunds.accounts {NOT_KEPT}"),
    ({"refunds.restock": '"always"'}, f"refunds.restock {NOT_KEPT}"),
    ({"refunds.no_restock_product": '"Returned goods"'}, f"refunds.no_restock_product {NOT_KEPT}"),
    ({"refunds.adjustment_product": '"Refund adjustments"'}, f"refunds.adjustment_product {NOT_KEPT}"),
    ({"refunds.cancel_unpaid": '"void"'},
     'refunds.cancel_unpaid has no effect without workflow "refunds" and orders that become invoices; add those, or '
     "take it out."),
    ({**ONLY_RECEIPTS, **WITH_REFUNDS, "refunds.cancel_unpaid": '"void"'},
     'refunds.cancel_unpaid has no effect without workflow "refunds" and orders that become invoices; add those, or '
     "take it out."),
    ({**WITH_REFUNDS, "refunds.number_prefix": None},
     "refunds.number_prefix is missing: refunds need a prefix of their own; R makes the first refund of order 1234 "
     "R-1234."),
    ({**WITH_REFUNDS, "sales.number_prefix": '"BC"', "refunds.number_prefix": '"bc"'},
     'refunds.number_prefix is "bc", as that of sales; choose another.'),
    ({**WITH_REFUNDS, "refunds.no_restock_product": None},
     "refunds.no_restock_product is missing: goods that are refunded and not put back to stock need an item; name one, "
     'or set restock = "always".'),
    ({**WITH_REFUNDS, "refunds.no_restock_product": None, "refunds.restock": '"shop"'},
     "refunds.no_restock_product is missing: goods that are refunded and not put back to stock need an item; name one, "
     'or set restock = "always".'),
    (UNPAID_ONLY,
     "refunds.account is missing: nothing says which account the money of refunds leaves; name it, or "
     "payments.default_account."),
    ({**WITH_REFUNDS, "payments.default_account": None},
     "payments.default_account is missing: sales receipts and payments need the account that the money goes to."),
    ({**WITH_REFUNDS, "sales.statuses": '["Shipped", "Cancelled"]'},
     "refunds.statuses names Cancelled, which sales.statuses posts as a sale; take that out of one of the two."),
    ({**WITH_REFUNDS, "sales.statuses": "[2, 5, 6]", "refunds.statuses": "[4, 5, 6]"},
     "refunds.statuses names Cancelled and Declined, which sales.statuses posts as a sale; take that out of one of the "
     "two."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"), TOGETHER, ids=lambda value: list(value)[-1] if isinstance(value, dict) else ""
)
def test_what_is_right_alone_and_wrong_together(answer, changes, sentence):
    (told,) = answer(changes)
    assert told.partition(": ")[2] == f"{MAIN}{sentence}"


@pytest.mark.parametrize(
    "changes",
    [
        {"sales.customer": '"generic"', "sales.generic_customer": '"Web shop"'},
        {"sales.due_date_offset": "30", "sales.allow_credit_card_payments": "true"},
        # What was paid in parts is an invoice.
        {**RECEIPTS, "sales.tenders_on_invoice": '"credit_memo"'},
        {"sales.number_prefix": '"WEBSHP"', "sales.tenders_on_invoice": '"credit_memo"'},
        {"sales.number_prefix": '"WEBSHOP123"'},
        {**RECEIPTS, "sales.due_date_offset": "30", "sales.allow_credit_card_payments": "true"},
        ONLY_RECEIPTS,
        {**RECEIPTS, "sales.statuses": '["Pending"]', "sales.receipt_for_unpaid": "true"},
        {**RECEIPTS, "payments.methods.COD.paid_when": '"never"', "sales.receipt_for_unpaid": "true"},
        {"payments.methods.COD.paid_when": '"never"'},
        {"payments.methods.COD.paid_when": '"status"', "payments.paid_statuses": '["Shipped"]'},
        {"sales.rounding_product": '"Rounding"', "sales.rounding_limit": "0"},
        {"sales.number_prefix": '"BC"', "sales.automatic_numbers": "true"},
        {"workflows": '["sales"]', "payments.default_account": None},
        {**INVENTORY, "products.opening_quantity": '"store"'},
        {**INVENTORY, **NONINVENTORY},
        {"tax.map": '{ VAT = "20", "VAT @ DE" = "19" }'},
        WITH_REFUNDS,
        {**WITH_REFUNDS, "refunds.no_restock_product": None, "refunds.restock": '"always"'},
        {**WITH_REFUNDS, "refunds.cancel_unpaid": '"credit_memo"'},
        # What was paid in parts is an invoice.
        {**RECEIPTS, **WITH_REFUNDS, "refunds.cancel_unpaid": '"void"'},
        {**WITH_REFUNDS, "sales.statuses": "[2, 4, 14]"},
        {**WITH_REFUNDS, "sales.statuses": "[2, 5]", "refunds.statuses": "[4, 14]"},
        {**UNPAID_ONLY, "refunds.account": '"Checking"'},
        {**UNPAID_ONLY, "refunds.accounts": '{ EUR = "Checking EUR" }'},
        {**UNPAID_ONLY, "payments.methods.PayPal.account": '"PayPal clearing"'},
        {**UNPAID_ONLY, "payments.methods.PayPal.accounts": '{ EUR = "PayPal clearing EUR" }'},
        {**UNPAID_ONLY, "payments.default_accounts": '{ EUR = "Card clearing EUR" }'},
        # QuickBooks numbers the sales.
        {**WITH_REFUNDS, "sales.number_prefix": '"R"', "sales.automatic_numbers": "true"},
        {"closed_books": '"first_open_day"'},
        CATALOGUE,
        {**CATALOGUE, "products.update": '["price", "description"]'},
        STOCK,
        {**STOCK, **STOCK_OPTIONS},
    ],
    ids=lambda changes: list(changes)[-1],
)
def test_what_goes_together(answer, changes):
    assert answer(changes) == []

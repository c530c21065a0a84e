"""The settings file of `cartledger demo`, for each kind of company that the simulators know."""

from __future__ import annotations

import json

NAME = "demo"

_COMMON = """\
# A shop and a company that live on this machine only. Secrets come from the environment: see secrets.env.
[ledger]
path = "cartledger.db"

[broker]
url = "{broker}"
namespace = "{namespace}"

[connections.demo]
start_date = {start_date}
timezone = "America/Chicago"
workflows = {workflows}
interval = "1m"

[connections.demo.bigcommerce]
store_hash = "{store_hash}"
api_url = "{bigcommerce_url}"

[connections.demo.quickbooks]
realm_id = "{realm_id}"
client_id = "{client_id}"
api_url = "{quickbooks_url}"
authorize_url = "{authorize_url}"
token_url = "{token_url}"
revoke_url = "{revoke_url}"
in_flight_limit = {in_flight}

[connections.demo.sales]
post_as = "{post_as}"
number_prefix = "BC"
default_product = "Unknown product"
discount_product = "Discount"
gift_card_product = "Gift certificate"
store_credit_product = "Store credit"
rounding_product = "Rounding"
shipping_item = "Shipping"
handling_item = "Handling"
wrapping_item = "Wrapping"
fee_item = "Fee"
{statuses}
[connections.demo.products]
match_by = "sku"

[connections.demo.payments]
default_account = "Card clearing"
"""

_UNPAID_TOO = """\
statuses = ["Pending", "Awaiting Payment", "Awaiting Fulfillment", "Awaiting Shipment", "Awaiting Pickup",
            "Partially Shipped", "Shipped", "Completed"]
"""

_REFUNDS = """\
[connections.demo.refunds]
number_prefix = "R"
no_restock_product = "Returned goods"
adjustment_product = "Refund adjustments"
"""

_STOCK = """\
[connections.demo.stock]
interval = "1m"
"""

_METHODS = """\
[connections.demo.payments.methods]
"Credit Card" = { method = "Visa" }
"PayPal" = { account = "PayPal clearing", method = "PayPal" }
"Cash on Delivery" = { account = "Cash clearing", method = "Cash" }
"Bank Deposit" = { account = "Checking", method = "Check" }
"""

_METHODS_AND_EUR = """\
[connections.demo.payments.default_accounts]
EUR = "Card clearing EUR"

[connections.demo.payments.methods]
"Credit Card" = { method = "Visa" }
"PayPal" = { account = "PayPal clearing", accounts = { EUR = "PayPal clearing EUR" }, method = "PayPal" }
"Cash on Delivery" = { account = "Cash clearing", accounts = { EUR = "Cash clearing EUR" }, method = "Cash" }
"Bank Deposit" = { account = "Checking", accounts = { EUR = "Checking EUR" }, method = "Check" }
"""

_ONE_TAX = """\
[connections.demo.tax.map]
"*" = "State tax"
"""

_TAXES = {
    "us": _ONE_TAX,
    "us_ast": _ONE_TAX,
    "uk": """\
[connections.demo.tax]
out_of_scope = "No VAT"

[connections.demo.tax.map]
"VAT" = "20.0% S"
"Reduced" = "5.0% R"
"none" = "0.0% Z"
""",
    "au": """\
[connections.demo.tax]
out_of_scope = "BAS Excluded"

[connections.demo.tax.map]
"GST" = "GST"
"none" = "GST free"
""",
    "ca": """\
[connections.demo.tax]
out_of_scope = "Out of Scope"

[connections.demo.tax.map]
"HST" = "HST ON"
"GST" = "GST"
"QST" = "GST/QST QC"
"PST" = "GST/PST BC"
"none" = "Zero-rated"
""",
    "eur": _ONE_TAX,
}

COMPANIES = tuple(_TAXES)


def demo_settings(*, company: str, post_as: str, refunds: bool = False, stock: bool = False, **facts: object) -> str:
    """The file. `company` is one of COMPANIES; with `refunds` what goes back or is called off is booked, too, and so
    are invoices that wait for their money; with `stock` the shop's levels follow. `facts` are where everything is: see
    the braces."""
    workflows = ["sales", "payments", *["refunds"] * refunds, *["stock"] * stock]
    common = _COMMON.format(
        workflows=json.dumps(workflows),
        statuses=_UNPAID_TOO if refunds and post_as == "invoice" else "",
        post_as=post_as,
        **facts,
    )
    methods = _METHODS_AND_EUR if company == "eur" else _METHODS
    return "\n".join(
        filter(None, (common, methods, _REFUNDS if refunds else "", _STOCK if stock else "", _TAXES[company]))
    )

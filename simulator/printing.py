"""A draft printed as BigCommerce prints orders: the v2 header, its lines and its sub-resources, strings and all."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator.bigcommerce.dates import iso8601, rfc2822
from simulator.bigcommerce.store import STATUS_NAMES
from simulator.drafts import Destination, Draft, Fee, Item, Payment
from simulator.goods import TAX_CLASSES
from simulator.markets import Levy
from simulator.people import Person
from simulator.pricing import ZERO, Amounts, cents, printed, split

Json = dict[str, Any]

_SHIPPING_CLASS = 2
_WRAPPING_CLASS = 3
_SHIPPED_STATUSES = (2, 10)


def print_order(draft: Draft) -> Json:
    """The raw order with `products`, `shipping_addresses`, `fees`, `coupons`, `taxes`, `transactions` and `shipments`
    built in."""
    return {
        **_header(draft),
        **_money(draft),
        **_constants(draft),
        "billing_address": _address(draft.person),
        "products": [_line(draft, item) for item in draft.items],
        "shipping_addresses": [_shipping_address(draft, d) for d in draft.destinations],
        "fees": [_fee(fee) for fee in draft.fees],
        "coupons": _coupons(draft),
        "taxes": _taxes(draft),
        "transactions": _transactions(draft),
        "shipments": _shipments(draft),
    }


def _header(draft: Draft) -> Json:
    name = STATUS_NAMES[draft.status_id]
    return {
        "id": draft.order_id,
        "customer_id": draft.person.customer_id,
        "date_created": rfc2822(draft.created),
        "date_modified": rfc2822(draft.modified),
        "date_shipped": rfc2822(draft.modified) if draft.status_id in _SHIPPED_STATUSES else "",
        "is_tax_inclusive_pricing": draft.inclusive,
        "status_id": draft.status_id,
        "status": name,
        "custom_status": name,
        "items_total": sum(item.quantity for item in draft.items if item.parent is None),
        "items_shipped": 0,
        "payment_method": draft.payment.name,
        "payment_provider_id": None,
        "payment_status": draft.payment.status,
        "order_is_digital": all(item.product.kind == "digital" for item in draft.items),
        "shipping_address_count": len(draft.destinations),
        "order_source": draft.source,
        "currency_code": draft.currency,
        "default_currency_code": draft.currency,
        "store_default_currency_code": draft.store_currency,
    }


def _money(draft: Draft) -> Json:
    totals = draft.totals
    base = sum((d.base for d in draft.destinations), ZERO)
    return {
        **_three("subtotal_{}", totals.subtotal),
        "base_shipping_cost": printed(base),
        **_three("shipping_cost_{}", totals.shipping),
        "shipping_cost_tax_class_id": _SHIPPING_CLASS,
        "base_handling_cost": printed(totals.handling.actual(inclusive=draft.inclusive)),
        **_three("handling_cost_{}", totals.handling),
        "handling_cost_tax_class_id": _SHIPPING_CLASS,
        "base_wrapping_cost": printed(totals.wrapping.actual(inclusive=draft.inclusive)),
        **_three("wrapping_cost_{}", totals.wrapping),
        "wrapping_cost_tax_class_id": _WRAPPING_CLASS,
        **_three("total_{}", totals.total),
        "refunded_amount": printed(ZERO),
        "store_credit_amount": printed(draft.credit_redeemed),
        "gift_certificate_amount": printed(draft.certificate_redeemed),
        "discount_amount": printed(draft.discount),
        "coupon_discount": printed(draft.coupon),
    }


def _three(pattern: str, amounts: Amounts) -> Json:
    sides = {"ex_tax": amounts.ex, "inc_tax": amounts.inc, "tax": amounts.tax}
    return {pattern.format(side): printed(amount) for side, amount in sides.items()}


def _constants(draft: Draft) -> Json:
    return {
        "ip_address": "192.0.2.10",
        "ip_address_v6": "",
        "geoip_country": draft.person.place.country,
        "geoip_country_iso2": draft.person.place.iso2,
        "currency_id": 1,
        "currency_exchange_rate": "1.0000000000",
        "default_currency_id": 1,
        "store_default_to_transactional_exchange_rate": f"{draft.exchange:.10f}",
        "staff_notes": "",
        "customer_message": "",
        "is_deleted": False,
        "ebay_order_id": "0",
        "cart_id": f"00000000-0000-4000-8000-{draft.order_id:012d}",
        "is_email_opt_in": False,
        "credit_card_type": None,
        "channel_id": 1,
        "external_source": None,
        "external_id": None,
        "external_merchant_id": None,
        "external_order_id": "",
        "tax_provider_id": "BasicTaxProvider",
        "customer_locale": "en",
    }


def _address(person: Person) -> Json:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "street_1": person.street,
        "street_2": "",
        "city": person.place.city,
        "state": person.place.state,
        "zip": person.place.zip,
        "country": person.place.country,
        "country_iso2": person.place.iso2,
        "phone": person.phone,
        "email": person.email,
        "form_fields": [],
    }


def _shipping_address(draft: Draft, destination: Destination) -> Json:
    own = [item for item in draft.items if item.address_id == destination.address_id and item.parent is None]
    return {
        "id": destination.address_id,
        "order_id": draft.order_id,
        **_address(draft.person),
        "items_total": sum(item.quantity for item in own),
        "items_shipped": 0,
        "shipping_method": "Flat Rate" if destination.base else "Free Shipping",
        "base_cost": printed(destination.base),
        **_three("cost_{}", destination.shipping),
        "cost_tax_class_id": _SHIPPING_CLASS,
        "base_handling_cost": printed(destination.handling.actual(inclusive=draft.inclusive)),
        **_three("handling_cost_{}", destination.handling),
        "handling_cost_tax_class_id": _SHIPPING_CLASS,
        "shipping_zone_id": 1,
        "shipping_zone_name": draft.person.place.country,
    }


def _line(draft: Draft, item: Item) -> Json:
    amounts = item.amounts
    unit = Amounts(ex=amounts.ex / item.quantity, inc=amounts.inc / item.quantity)
    unit = Amounts(
        ex=item.unit if not item.inclusive else unit.ex,
        inc=item.unit if item.inclusive else unit.inc,
        tax=unit.inc - unit.ex,
    )
    return {
        "id": item.line_id,
        "order_id": draft.order_id,
        "product_id": item.product.product_id,
        "variant_id": item.product.variant_id,
        "order_pickup_method_id": item.pickup_method,
        "order_address_id": item.address_id,
        "name": item.product.name,
        "name_customer": item.product.name,
        "name_merchant": item.product.name,
        "sku": item.product.sku,
        "upc": "",
        "type": item.product.kind,
        "base_price": printed(item.unit),
        **_three("price_{}", unit),
        "base_total": printed(item.total),
        **_three("total_{}", amounts),
        "quantity": item.quantity,
        "base_wrapping_cost": printed(item.wrapping.actual(inclusive=item.inclusive)),
        **_three("wrapping_cost_{}", item.wrapping),
        "wrapping_id": 1 if item.wrapping.inc else 0,
        "wrapping_name": "Gift wrap" if item.wrapping.inc else "",
        "parent_order_product_id": item.parent,
        "is_bundled_product": item.parent is not None,
        "gift_certificate_id": item.certificate,
        "applied_discounts": _applied(draft, item),
        "discounted_total_inc_tax": printed(_paid(item)),
        **_LINE_CONSTANTS,
    }


def _paid(item: Item) -> Decimal:
    """What the line comes to after every discount, with tax, as the field's description has it."""
    return item.total - item.shares + (ZERO if item.inclusive else item.amounts.tax)


_LINE_CONSTANTS: Json = {
    "weight": "1.0000",
    "width": "0.0000",
    "height": "0.0000",
    "depth": "0.0000",
    "base_cost_price": "0.0000",
    "cost_price_inc_tax": "0.0000",
    "cost_price_ex_tax": "0.0000",
    "cost_price_tax": "0.0000",
    "is_refunded": False,
    "quantity_refunded": 0,
    "refund_amount": "0.0000",
    "return_id": 0,
    "wrapping_message": "",
    "quantity_shipped": 0,
    "event_name": None,
    "event_date": None,
    "fixed_shipping_cost": "0.0000",
    "ebay_item_id": "",
    "ebay_transaction_id": "",
    "option_set_id": None,
    "bin_picking_number": "",
    "external_id": None,
    "fulfillment_source": "",
    "brand": "",
    "product_options": [],
    "configurable_fields": [],
}


def _applied(draft: Draft, item: Item) -> list[Json]:
    found = []
    if item.discount:
        found.append(_discount("manual-discount", item.discount, "Manual Discount", None))
    if item.coupon:
        found.append(_discount("total-coupon", item.coupon, draft.coupon_code, draft.coupon_code))
    return found


def _discount(kind: str, amount: Decimal, name: str, code: str | None) -> Json:
    return {"id": kind, "amount": printed(amount), "name": name, "code": code, "target": "order"}


def _fee(fee: Fee) -> Json:
    """Both spellings of the cost without tax are documented; which of them comes is as good as random."""
    spelling = "cost_ex_tax" if fee.fee_id % 2 else "cost_exc_tax"
    return {
        "id": fee.fee_id,
        "type": "custom_fee",
        "display_name_customer": fee.name,
        "display_name_merchant": fee.name,
        "source": "AA",
        "base_cost": printed(fee.amounts.ex),
        spelling: printed(fee.amounts.ex),
        "cost_inc_tax": printed(fee.amounts.inc),
        "cost_tax": printed(fee.amounts.tax),
        "tax_class_id": None,
    }


def _coupons(draft: Draft) -> list[Json]:
    if not draft.coupon:
        return []
    return [
        {
            "id": draft.order_id,
            "coupon_id": 1,
            "order_id": draft.order_id,
            "code": draft.coupon_code,
            "amount": draft.coupon,
            "type": 2,
            "discount": draft.coupon,
        }
    ]


def _taxes(draft: Draft) -> list[Json]:
    """A row for every tax on a line or charge; fees have none, their kind is not in the documented enumeration."""
    rows = [
        row
        for item in draft.items
        for row in _tax_rows(draft, "item", item.amounts.tax, item.rate, item=item, address_id=item.address_id)
    ]
    for item in draft.items:
        address = item.address_id
        rows += _tax_rows(draft, "gift-wrapping", item.wrapping.tax, draft.charge_rate, address_id=address)
    for destination in draft.destinations:
        address = destination.address_id
        for kind, amounts in (("shipping", destination.shipping), ("handling", destination.handling)):
            rows += _tax_rows(draft, kind, amounts.tax, draft.charge_rate, address_id=address)
    return [{"id": draft.order_id * 1000 + number, **row} for number, row in enumerate(rows, 1)]


def _tax_rows(
    draft: Draft, kind: str, tax: Decimal, rate: Decimal, *, address_id: int, item: Item | None = None
) -> list[Json]:
    """None where nothing was taxed. Taxes charged together share what they came to in proportion."""
    if not tax:
        return []
    levies = draft.levies[rate]
    shares = split(tax, [levy.percent for levy in levies])
    return [_tax_row(draft, kind, share, levy, address_id, item) for share, levy in zip(shares, levies, strict=True)]


def _tax_row(draft: Draft, kind: str, tax: Decimal, levy: Levy, address_id: int, item: Item | None) -> Json:
    rate = int(levy.percent * 100)
    return {
        "order_id": draft.order_id,
        "order_address_id": address_id,
        "tax_rate_id": rate,
        "sales_tax_id": f"Tax{rate}",
        "tax_class_id": TAX_CLASSES.get(item.product.tax, 0) if item else _SHIPPING_CLASS,
        "name": levy.name,
        "class": "Default Tax Class",
        "rate": printed(levy.percent),
        "priority": 0,
        "priority_amount": printed(tax),
        "line_amount": printed(tax),
        "order_pickup_method_id": item.pickup_method if item else 0,
        "order_product_id": str(item.line_id) if item else None,
        "line_item_type": kind,
    }


def _shipments(draft: Draft) -> list[Json]:
    """One for each address of what was shipped."""
    if draft.status_id not in _SHIPPED_STATUSES:
        return []
    return [_shipment(draft, destination) for destination in draft.destinations]


def _shipment(draft: Draft, destination: Destination) -> Json:
    own = [item for item in draft.items if item.address_id == destination.address_id and item.parent is None]
    address = _address(draft.person)
    return {
        "id": destination.address_id,
        "order_id": draft.order_id,
        "customer_id": draft.person.customer_id,
        "order_address_id": destination.address_id,
        "date_created": rfc2822(draft.modified),
        "tracking_number": f"EX{destination.address_id:09d}US",
        "merchant_shipping_cost": "0.0000",
        "shipping_method": "Flat Rate" if destination.base else "Free Shipping",
        "comments": "",
        "shipping_provider": "usps",
        "shipping_provider_display_name": "USPS",
        "tracking_carrier": "usps",
        "tracking_link": "",
        "generated_tracking_link": "",
        "billing_address": address,
        "shipping_address": {name: value for name, value in address.items() if name != "form_fields"},
        "items": [
            {"order_product_id": item.line_id, "product_id": item.product.product_id, "quantity": item.quantity}
            for item in own
        ],
    }


def _transactions(draft: Draft) -> list[Json]:
    tenders = [(_CERTIFICATE, draft.certificate_redeemed), (_STORE_CREDIT, draft.credit_redeemed), *_money_in(draft)]
    kept = [(payment, amount) for payment, amount in tenders if payment.event and amount]
    rows = [_transaction(draft, number, payment, amount) for number, (payment, amount) in enumerate(kept, 1)]
    return [*rows, _capture(rows[-1], draft.captured)] if draft.captured else rows


def _money_in(draft: Draft) -> list[tuple[Payment, Decimal]]:
    """What came in for what is due, by each way to pay."""
    first = cents(draft.due * draft.payment.share)
    paid = [(draft.payment, first)]
    return [*paid, (draft.payment.other, draft.due - first)] if draft.payment.other else paid


def _capture(authorisation: Json, moment: datetime) -> Json:
    number = authorisation["id"] + 1
    return {
        **authorisation,
        "id": number,
        "event": "capture",
        "gateway_transaction_id": f"cap_{number}",
        "reference_transaction_id": authorisation["id"],
        "date_created": iso8601(moment),
    }


_CERTIFICATE = Payment(
    name="Gift Certificate", status="captured", gateway="giftcertificate", method="gift_certificate", event="purchase"
)
_STORE_CREDIT = Payment(
    name="Store Credit", status="captured", gateway="storecredit", method="store_credit", event="purchase"
)


def _transaction(draft: Draft, number: int, payment: Payment, amount: Decimal) -> Json:
    return {
        "id": draft.order_id * 10 + number,
        "order_id": str(draft.order_id),
        "event": payment.event,
        "method": payment.method,
        "amount": amount,
        "currency": draft.currency,
        "gateway": payment.gateway,
        "gateway_transaction_id": f"pay_{draft.order_id}_{number}",
        "date_created": iso8601(draft.created),
        "test": payment.gateway == "testgateway",
        "status": "ok",
        "fraud_review": False,
        "reference_transaction_id": None,
        "avs_result": {},
        "cvv_result": {},
        "credit_card": {},
        "gift_certificate": {},
        "store_credit": {},
        "offline": {},
        "custom": {},
        "payment_instrument_token": None,
        "payment_method_id": f"{payment.gateway}.{payment.method}",
    }

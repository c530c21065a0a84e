"""The state of one BigCommerce store: orders with their parts, refunds, products, customers. No HTTP here."""

import copy
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulator.bigcommerce.dates import iso8601, rfc2822
from simulator.bigcommerce.quota import Quota
from simulator.bigcommerce.stock import Stockroom
from simulator.goods import variant_id

Json = dict[str, Any]

STATUS_NAMES = {
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

ALL_SCOPES = frozenset(
    {
        "store_v2_orders_read_only",
        "store_v2_transactions_read_only",
        "store_v2_products_read_only",
        "store_v2_customers_read_only",
        "store_v2_information_read_only",
        "store_v2_marketing_read_only",
        "store_inventory",
        "store_locations_read_only",
    }
)

_INVENTORY_SETTINGS = {
    "product_out_of_stock_behavior": "do_nothing",
    "option_out_of_stock_behavior": "do_nothing",
    "update_stock_behavior": "order_placed",
    "edit_order_stock_adjustment": True,
    "refund_order_stock_adjustment": False,
    "stock_level_display": "dont_show",
    "default_out_of_stock_message": "",
    "hide_in_product_filtering": False,
    "show_pre_order_stock_levels": False,
    "show_out_of_stock_message": False,
}
_PARTS = ("products", "shipping_addresses", "fees", "coupons", "taxes", "transactions", "shipments")


@dataclass(kw_only=True)
class Order:
    """An order as stored: the v2 header without its links, and what the sub-resources answer with.

    `consignments` is derived from lines and addresses unless the order was added with one of its own.
    """

    header: Json
    products: list[Json] = field(default_factory=list)
    shipping_addresses: list[Json] = field(default_factory=list)
    fees: list[Json] = field(default_factory=list)
    coupons: list[Json] = field(default_factory=list)
    taxes: list[Json] = field(default_factory=list)
    transactions: list[Json] = field(default_factory=list)
    shipments: list[Json] = field(default_factory=list)
    consignments: Json | None = None

    @property
    def id(self) -> int:
        return int(self.header["id"])


def _now() -> datetime:
    return datetime.now(UTC)


class Store(Stockroom):
    """One store. Every method takes `lock`; whoever reads the attributes from another thread takes it too.

    `clock` gives the server's time: it dates changes and stands in the `Date` header of every answer.
    `calls` and `throttled` count requests that arrived and requests refused by the quota, `called` those that arrived
    by name. `channel_inventory_settings` are by channel id, of each channel only what it says otherwise than the store.
    """

    def __init__(
        self,
        *,
        store_hash: str = "sim5tore",
        access_token: str = "bc-token-1",  # noqa: S107 made up
        currency: str = "USD",
        price_mode: str = "exclusive",
        timezone: str = "America/Chicago",
        clock: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__()
        self.store_hash = store_hash
        self.access_token = access_token
        self.currency = currency
        self.price_mode = price_mode
        self.timezone = timezone
        self.clock = clock
        self.scopes: frozenset[str] = ALL_SCOPES
        self.lock = threading.RLock()
        self.quota = Quota()
        self.orders: dict[int, Order] = {}
        self.refunds: list[Json] = []
        self.products: list[Json] = []
        self.customers: list[Json] = []
        self.gift_certificates: list[Json] = []
        self.inventory_settings: Json = dict(_INVENTORY_SETTINGS)
        self.channel_inventory_settings: dict[str, Json] = {"1": {}}
        self._last_product = 0
        self.calls = 0
        self.throttled = 0
        self.called: Counter[str] = Counter()

    def add_order(self, raw: Json, **parts: list[Json]) -> Order:
        """Takes a raw v2 order. Its lines, addresses, fees, coupons, taxes, transactions and shipments may stand
        in `raw` under their resource's name or be given apart; links are dropped and made anew.

        An order with an address count but no addresses ships to its billing address. ValueError on a known id,
        TypeError on a part that orders do not have.
        """
        if not parts.keys() <= set(_PARTS):
            msg = f"no parts of an order: {sorted(parts.keys() - set(_PARTS))}"
            raise TypeError(msg)
        header = copy.deepcopy(raw)
        found = {name: header.pop(name, None) for name in (*_PARTS, "consignments")}
        found.update(copy.deepcopy(parts))
        lists = {name: rows for name in _PARTS if isinstance(rows := found[name], list)}
        order = Order(header=header, consignments=_own_consignments(found["consignments"]), **lists)
        if not order.shipping_addresses and header.get("shipping_address_count"):
            order.shipping_addresses = [_billing_as_shipping(order)]
        with self.lock:
            if order.id in self.orders:
                msg = f"order {order.id} is there already"
                raise ValueError(msg)
            self.orders[order.id] = order
        return order

    def sell(self, raw: Json, **parts: list[Json]) -> Order:
        """Takes an order as `add_order` does, and its units from the stock: now and later, as the store's settings say.
        Orders that were only added leave the stock alone."""
        with self.lock:
            order = self.add_order(raw, **parts)
            self.placed(order.id, order.header, order.products)
            return order

    def update(self, order_id: int, **fields: Any) -> Order:
        """Changes header fields or whole parts (`products=[…]`) and moves `date_modified` to the store's now. The stock
        of an order that was sold follows its lines and its status."""
        with self.lock:
            order = self.orders[order_id]
            for name, value in fields.items():
                if name in _PARTS:
                    setattr(order, name, copy.deepcopy(value))
                else:
                    order.header[name] = copy.deepcopy(value)
            if "date_modified" not in fields:
                order.header["date_modified"] = rfc2822(self.clock())
            if "products" in fields:
                self.follow_edit(order_id, order.header, order.products)
            if "status_id" in fields:
                self.follow_status(order_id, order.header)
            return order

    def touch(self, order_id: int) -> Order:
        """Moves `date_modified` and nothing else."""
        return self.update(order_id)

    def set_status(self, order_id: int, status_id: int) -> Order:
        name = STATUS_NAMES.get(status_id, f"Status {status_id}")
        return self.update(order_id, status_id=status_id, status=name, custom_status=name)

    def archive(self, order_id: int) -> Order:
        """What DELETE does to a real order: it stays readable and is marked."""
        return self.update(order_id, is_deleted=True)

    def delete(self, order_id: int) -> None:
        """Takes the order away for good: 404, and in no list."""
        with self.lock:
            del self.orders[order_id]

    def add_refund(self, raw: Json) -> None:
        with self.lock:
            self.refunds.append(copy.deepcopy(raw))

    def add_product(
        self,
        *,
        sku: str,
        name: str,
        price: Decimal,
        product_id: int | None = None,
        kind: str = "physical",
        tracked: bool = False,
        stock: int = 0,
        tax_class_id: int = 0,
        variants: Mapping[str, int] | None = None,
    ) -> Json:
        """A simple product in the v3 shape, with the one base variant that such a product has; or one with `variants`,
        their stock by SKU, which is counted by variant where it is `tracked`."""
        with self.lock:
            number = product_id or self._last_product + 1
            self._last_product = max(self._last_product, number)
            now = iso8601(self.clock())
            counted = {sku: stock} if variants is None else variants
            rows = [
                {
                    "id": variant_id(number, place),
                    "product_id": number,
                    "sku": of_sku,
                    "sku_id": None,
                    "price": None,
                    "calculated_price": price,
                    "inventory_level": level,
                    "purchasing_disabled": False,
                    "option_values": []
                    if variants is None
                    else [{"id": place, "label": of_sku, "option_id": number, "option_display_name": "Kind"}],
                }
                for place, (of_sku, level) in enumerate(counted.items(), 1)
            ]
            product = {
                "id": number,
                "name": name,
                "type": kind,
                "sku": sku,
                "price": price,
                "cost_price": Decimal(0),
                "calculated_price": price,
                "tax_class_id": tax_class_id,
                "inventory_tracking": ("product" if variants is None else "variant") if tracked else "none",
                "inventory_level": sum(counted.values()),
                "inventory_warning_level": 0,
                "is_visible": True,
                "availability": "available",
                "upc": "",
                "date_created": now,
                "date_modified": now,
                "base_variant_id": rows[0]["id"] if variants is None else None,
                "variants": rows,
            }
            self.products.append(product)
            return product

    def add_customer(self, *, customer_id: int, billing: Json, credit: Decimal = Decimal(0)) -> None:
        """A registered customer in the v3 shape, from the billing address of one of their orders. `credit` is store
        credit in the shop's own currency."""
        now = iso8601(self.clock())
        with self.lock:
            self.customers.append(
                {
                    "id": customer_id,
                    "email": billing["email"],
                    "first_name": billing["first_name"],
                    "last_name": billing["last_name"],
                    "company": billing["company"],
                    "phone": billing["phone"],
                    "notes": "",
                    "tax_exempt_category": "",
                    "customer_group_id": 0,
                    "address_count": 1,
                    "date_created": now,
                    "date_modified": now,
                    "store_credit_amounts": [{"amount": credit}],
                    "origin_channel_id": 1,
                    "channel_ids": None,
                }
            )

    def add_gift_certificate(
        self,
        *,
        amount: Decimal,
        balance: Decimal | None = None,
        status: str = "active",
        order_id: int = 0,
        currency: str | None = None,
        certificate_id: int | None = None,
    ) -> Json:
        """A certificate sold by an order, or by none: given away. `balance` is what is left, all of it unless said."""
        sold = int(self.clock().timestamp())
        with self.lock:
            number = certificate_id or 1 + max((row["id"] for row in self.gift_certificates), default=0)
            left = amount if balance is None else balance
            certificate = {
                "id": number,
                "code": f"SIM-{number:03}-GIFT",
                "amount": f"{amount:.4f}",
                "status": status,
                "balance": f"{left:.4f}",
                "to_name": "Noor Recipient",
                "order_id": order_id,
                "template": "general.html",
                "message": "",
                "to_email": "noor@example.com",
                "from_name": "Ada Giver",
                "from_email": "ada@example.com",
                "customer_id": 0,
                "expiry_date": "0",
                "purchase_date": str(sold),
                "currency_code": currency or self.currency,
            }
            self.gift_certificates.append(certificate)
            return certificate

    def reset_counts(self) -> None:
        with self.lock:
            self.calls = self.throttled = 0
            self.called.clear()


def _own_consignments(given: Any) -> Json | None:
    if isinstance(given, dict) and "shipping" in given:
        return given
    return None


def _billing_as_shipping(order: Order) -> Json:
    header = order.header
    address = {k: v for k, v in (header.get("billing_address") or {}).items() if k != "form_fields"}
    costs = {
        f"{short}{suffix}": header.get(f"{long}{suffix}", "0.0000")
        for short, long in (("", "shipping_"), ("handling_", "handling_"))
        for suffix in ("cost_ex_tax", "cost_inc_tax", "cost_tax", "cost_tax_class_id")
    }
    return {
        "id": next((line["order_address_id"] for line in order.products if line.get("order_address_id")), order.id),
        "order_id": order.id,
        **address,
        "items_total": header.get("items_total", 0),
        "items_shipped": header.get("items_shipped", 0),
        "shipping_method": "None",
        "base_cost": header.get("base_shipping_cost", "0.0000"),
        "base_handling_cost": header.get("base_handling_cost", "0.0000"),
        **costs,
        "shipping_zone_id": 1,
        "shipping_zone_name": "",
        "form_fields": [],
    }

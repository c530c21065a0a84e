"""A store on a real socket, and raw orders written by hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from simulator.bigcommerce.api import bigcommerce_app
from simulator.bigcommerce.store import Store
from simulator.drafts import Destination, Draft, Fee, Item, Payment
from simulator.goods import Product
from simulator.loopback import Loopback
from simulator.markets import US, Levy
from simulator.people import people
from simulator.pricing import price
from simulator.printing import print_order

CARD = Payment(name="Credit Card", status="captured", gateway="stripe", event="purchase")
PAYS = {
    "card": CARD,
    "reserved": replace(CARD, status="authorized", event="authorization"),
    "half": replace(CARD, share=Decimal("0.5")),
    "two ways": replace(
        CARD, other=Payment(name="PayPal", status="", gateway="paypalcommerce", event="purchase"), share=Decimal("0.5")
    ),
    "by hand": Payment(name="Bank Deposit", status="pending"),
}

AUTHENTIC = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def authentic():
    """Reads a payload that the real API sent or documents; skips by name where these are not at hand."""

    def read(name):
        path = AUTHENTIC / "bigcommerce" / name
        if not path.exists():
            pytest.skip(f"authentic payload {name} is not here")
        return json.loads(path.read_text())

    return read


@pytest.fixture
def shop():
    store = Store(clock=lambda: datetime(2026, 4, 28, 14, tzinfo=UTC))
    store.quota.limit = 10_000
    return store


class Switch:
    """One server for all tests: each puts its own store's app behind it."""

    app = None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def switch():
    return Switch()


@pytest.fixture(scope="session")
def url(switch):
    with Loopback(switch) as server:
        yield server.url


@pytest.fixture(scope="session")
def http(url):
    with httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def api(shop, switch, url, http):
    """A client below the store's own path: `api.get("/v2/orders")`."""
    switch.app = bigcommerce_app(shop)
    http.base_url = f"{url}/stores/{shop.store_hash}"
    http.headers["X-Auth-Token"] = shop.access_token
    return http


@pytest.fixture
def order():
    """Builds the raw header of a small order; fields given replace its own."""

    def build(order_id, **fields):
        return {
            "id": order_id,
            "customer_id": 7,
            "date_created": "Tue, 28 Apr 2026 13:00:00 +0000",
            "date_modified": "Tue, 28 Apr 2026 13:00:00 +0000",
            "status_id": 11,
            "total_inc_tax": "10.0000",
            "payment_method": "Credit Card",
            "channel_id": 1,
            "cart_id": f"cart-{order_id}",
            "external_order_id": "",
            "external_id": None,
            "is_deleted": False,
            "items_total": 0,
            "shipping_address_count": 0,
            "billing_address": {"first_name": "Ann", "last_name": "Buyer", "email": "ann@example.com"},
            **fields,
        }

    return build


@pytest.fixture
def line():
    def build(line_id, **fields):
        return {
            "id": line_id,
            "quantity": 1,
            "type": "physical",
            "order_pickup_method_id": 0,
            "order_address_id": 900,
            **fields,
        }

    return build


@pytest.fixture
def clock(shop):
    """Turns the shop's clock on by the hour."""

    class Clock:
        def tick(self):
            moment = shop.clock() + timedelta(hours=1)
            shop.clock = lambda: moment

    return Clock()


def product(name, amount):
    return Product(
        product_id=1, variant_id=1, sku=name, name=name, price=amount, tax="standard", kind="physical", tracked=False
    )


@pytest.fixture
def sold(shop):
    """Puts an order 1001 into the shop: lines (id, units, price, coupon share), charges as the shop enters them."""

    def sell(*lines, rate="8.25", inclusive=False, pays="card", guest=False, status_id=11, **charges):
        percent = Decimal(rate)
        person = next(p for p in people(1, 20, US.places) if bool(p.customer_id) is not guest)
        moment = shop.clock()
        draft = Draft(
            order_id=1001,
            person=person,
            created=moment,
            modified=moment,
            status_id=status_id,
            inclusive=inclusive,
            currency=charges.pop("currency", "USD"),
            store_currency="USD",
            exchange=Decimal(charges.pop("exchange", 1)),
            charge_rate=percent,
            levies={percent: (Levy(name="Tax", percent=percent),)},
            payment=PAYS[pays],
        )

        def charge(name):
            return price(Decimal(charges.get(name, 0)), percent, inclusive=inclusive)

        for number, units, unit, coupon in lines:
            draft.items.append(
                Item(
                    line_id=number,
                    product=product(f"P{number}", Decimal(unit)),
                    quantity=units,
                    unit=Decimal(unit),
                    rate=percent,
                    inclusive=inclusive,
                    address_id=900,
                    coupon=Decimal(coupon),
                )
            )
        draft.items[0].wrapping = charge("wrapping")
        draft.coupon = sum((item.coupon for item in draft.items), Decimal(0))
        draft.credit_redeemed = Decimal(charges.get("credit", 0))
        draft.certificate_redeemed = Decimal(charges.get("certificate", 0))
        draft.destinations = [
            Destination(
                address_id=900,
                base=Decimal(charges.get("shipping", 0)),
                shipping=charge("shipping"),
                handling=charge("handling"),
            )
        ]
        if "fee" in charges:
            draft.fees.append(Fee(fee_id=3, name="Fee", amounts=charge("fee")))
        if person.customer_id:
            raw = print_order(draft)
            shop.add_customer(customer_id=person.customer_id, billing=raw["billing_address"], credit=Decimal(1))
        return shop.add_order(print_order(draft))

    return sell

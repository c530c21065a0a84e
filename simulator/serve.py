"""A BigCommerce store and a QuickBooks Online company on one loopback port, with faults around both."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount

from simulator import proof, stock_proof
from simulator.bigcommerce import api as bigcommerce
from simulator.bigcommerce.store import Store
from simulator.control import control_routes
from simulator.faults import FaultInjector, Faults
from simulator.goods import Product, catalogue
from simulator.lives import Lives, settle
from simulator.loopback import Loopback
from simulator.markets import MARKETS
from simulator.orders import generate
from simulator.people import people
from simulator.pricing import cents
from simulator.quickbooks import api as quickbooks
from simulator.quickbooks.company import Company
from simulator.trade import Trade

Json = dict[str, Any]

# Enough for any run, and still told in the headers of every answer.
_UNLIMITED = 1_000_000
_BUYERS = 40


class Simulator:
    """Both sides, served while entered.

        with Simulator() as sim:
            sim.fill(orders=500)
            …  # clients at sim.bigcommerce_url, sim.quickbooks_url, sim.token_url
            sim.proof()["difference"] == "0.00"

    `company` is the kind of company: "us", "us_ast" (automated sales tax), "uk", "au", "ca", "eur" (a US company whose
    buyers pay in EUR). `home_currency` is its currency and the shop's, by default the country's. `cap` is QuickBooks'
    limit on one request, in seconds. `requestid_memory` False forgets every requestid, `quotas` False lifts the quotas
    of both sides. `store_hash` and `realm_id` tell several of them apart. `connected` False has no refresh token: a
    person says yes at `authorize_url` first.
    """

    def __init__(
        self,
        *,
        company: str = "us",
        home_currency: str | None = None,
        seed: int = 1,
        cap: float = 2.0,
        requestid_memory: bool = True,
        quotas: bool = True,
        port: int = 0,
        store_hash: str = "sim5tore",
        realm_id: str = "4620816365000000001",
        connected: bool = True,
    ) -> None:
        self.seed = seed
        self.company = Company(kind=company, home_currency=home_currency, seed=seed, realm_id=realm_id)
        self.shop = Store(
            currency=self.company.home_currency, store_hash=store_hash, access_token=f"bc-token-of-{store_hash}"
        )
        self.market = MARKETS[company]
        self.company.cap = cap
        self.company.requestid_memory = requestid_memory
        if not connected:
            self.company.tokens.revoke()
        self.faults = Faults(cap=cap)
        if not quotas:
            self.shop.quota.limit = _UNLIMITED
            self.company.quota = None
        self._loopback = Loopback(FaultInjector(self._app(), self.faults, name=_call), port)
        self.url = self._loopback.url
        self.bigcommerce_url = f"{self.url}/bigcommerce"
        self.quickbooks_url = f"{self.url}/quickbooks"
        self.authorize_url = f"{self.quickbooks_url}/connect/oauth2"
        self.token_url = f"{self.quickbooks_url}/oauth2/v1/tokens/bearer"
        self.revoke_url = f"{self.quickbooks_url}/v2/oauth2/tokens/revoke"

    def __enter__(self) -> "Simulator":
        self._loopback.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.faults.clear()
        self._loopback.__exit__(*exc)

    def fill(
        self,
        *,
        orders: int = 500,
        customers: int = 100,
        price_mode: str = "exclusive",
        items: bool = True,
        **options: Any,
    ) -> None:
        """Generates orders into the shop, and the products they are made of into the shop and, as `items`, the company.

        `options` are those of `simulator.orders.generate`. A second call adds orders with the ids after the first's.
        """
        self.shop.price_mode = price_mode
        if not self.shop.products:
            self._stock_up(catalogue(self.seed), items=items)
        options = {
            "now": self.shop.clock(),
            "market": self.market,
            "first_id": max(self.shop.orders, default=1000) + 1,
            **options,
        }
        raw = generate(self.seed, orders, customers, price_mode, self.shop.currency, **options)
        for order in raw:
            self.shop.add_order(order)
        self._register(raw)

    def live(self, *, steps: int, seed: int = 1, rates: dict[str, int] | None = None) -> Json:
        """The shop's orders go on living for so many steps; see `simulator.lives`.

        {"said": a sentence for each step that was taken, "counts": how often each thing happened}
        """
        lives = Lives(self.shop, seed, rates)
        said = [sentence for _ in range(steps) if (sentence := lives.step())]
        return {"said": said, "counts": dict(sorted(lives.happened.items()))}

    def trade(self, *, steps: int, seed: int = 1, rates: dict[str, int] | None = None, number: str = "BC-{id}") -> Json:
        """Buyers buy, and the company buys, counts and sells, for so many steps; see `simulator.trade`. Answers as
        `live` does."""
        buyers = people(self.seed, _BUYERS, self.market.places)
        trade = Trade(self.shop, self.company, buyers, seed, number=number, rates=rates)
        said = [sentence for _ in range(steps) if (sentence := trade.step())]
        return {"said": said, "counts": dict(sorted(trade.happened.items()))}

    def settle(self) -> list[str]:
        """Everybody who still owes what an edit of an order added pays it. Says what was paid."""
        return settle(self.shop)

    def report(self) -> Json:
        """The calls that arrived at each side, as each side counts them; `called` are the shop's by name."""
        with self.shop.lock:
            shop = {"calls": self.shop.calls, "throttled": self.shop.throttled}
            return {"bigcommerce": shop, "called": dict(self.shop.called), "quickbooks": self.company.report()}

    def proof(self, number: str = "BC-{id}") -> Json:
        """See `simulator.proof.prove`."""
        return proof.prove(self.shop, self.company, number)

    def stock_proof(self, number: str = "BC-{id}") -> Json:
        """See `simulator.stock_proof.prove`."""
        return stock_proof.prove(self.shop, self.company, number)

    def reset_counts(self) -> None:
        self.shop.reset_counts()
        self.company.reset_counts()

    def addresses(self) -> dict[str, str]:
        """What a client must be told: URLs, names and secrets."""
        return {
            "url": self.url,
            "bigcommerce_url": self.bigcommerce_url,
            "quickbooks_url": self.quickbooks_url,
            "authorize_url": self.authorize_url,
            "token_url": self.token_url,
            "revoke_url": self.revoke_url,
            "store_hash": self.shop.store_hash,
            "access_token": self.shop.access_token,
            "realm_id": self.company.realm_id,
            "client_id": self.company.client_id,
            "client_secret": self.company.client_secret,
            "refresh_token": self.company.refresh_token,
        }

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Mount("/bigcommerce", bigcommerce.bigcommerce_app(self.shop)),
                Mount("/quickbooks", quickbooks.quickbooks_app(self.company)),
                Mount("/control", routes=control_routes(self)),
            ]
        )

    def _stock_up(self, products: list[Product], *, items: bool) -> None:
        names = Counter(product.name for product in products)
        for product in products:
            self.shop.add_product(
                sku=product.sku,
                name=product.name,
                price=product.price,
                product_id=product.product_id,
                kind=product.kind,
                tracked=product.tracked,
                stock=500 if product.tracked else 0,
            )
            if not items:
                continue
            self.company.add_item(
                name=product.name if _fits_quickbooks(product.name) and names[product.name] == 1 else product.sku,
                sku=product.sku,
                kind="inventory" if product.tracked else "noninventory",
                cost=cents(product.price / 2),
                quantity=Decimal(10_000 if product.tracked else 0),
            )

    def _register(self, orders: Iterable[Json]) -> None:
        known = {customer["id"] for customer in self.shop.customers}
        raw = list(orders)
        self._issue_certificates(raw)
        buyers = {o["customer_id"]: o["billing_address"] for o in raw if o["customer_id"]}
        for customer_id in sorted(buyers.keys() - known):
            self.shop.add_customer(customer_id=customer_id, billing=buyers[customer_id])

    def _issue_certificates(self, orders: Iterable[Json]) -> None:
        """Those that orders sold. Nobody has redeemed them: what orders redeem was sold before the first of them."""
        for order in orders:
            for line in order["products"]:
                if line["type"] == "giftcertificate":
                    self.shop.add_gift_certificate(
                        amount=Decimal(line["total_inc_tax"]),
                        order_id=order["id"],
                        currency=order["default_currency_code"],
                        certificate_id=line["gift_certificate_id"],
                    )


def _fits_quickbooks(name: str) -> bool:
    """At most 100 characters, none outside the basic plane, and no colon, which parts an item from its parent."""
    return len(name) <= 100 and ":" not in name and max(name) <= "\uffff"


def _call(method: str, path: str) -> tuple[str, str] | None:
    if path.startswith("/bigcommerce/"):
        return "bigcommerce", bigcommerce.call_name(method, path)
    if path.startswith("/quickbooks/"):
        return "quickbooks", quickbooks.call_name(method, path)
    return None

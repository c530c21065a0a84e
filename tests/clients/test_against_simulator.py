"""The clients against the strict simulator, which was written from the same documents by other hands."""

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.faults import Fault, duplicate_of, units_named, verdict
from cartledger.clients.http import Http
from cartledger.clients.oauth import Intuit, Tokens
from cartledger.clients.quickbooks import BatchItem, QuickBooks, batch_item_bytes, select
from cartledger.errors import (
    CompanyReadOnly,
    Forbidden,
    Pause,
    Refused,
    Throttled,
    TryLater,
    Unauthorised,
    Unreachable,
)
from cartledger.records import Token, read_order
from cartledger.refunds import read_refunds
from simulator import Simulator
from simulator.bigcommerce.refunding import refund_rest
from tests.clients.conftest import Clock, Quota, Store

IN_FLIGHT = timedelta(seconds=130)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(cap=0.5) as sim:
        yield sim


@pytest.fixture
def store(sim: Simulator, clock: Clock) -> Store:
    """As the settings give it: a refresh token, and no access token yet."""
    return Store(Token(access="", refresh=sim.company.refresh_token, access_expires=clock.now, refresh_expires=None))


@pytest.fixture
def tokens(sim: Simulator, http: Http, store: Store, clock: Clock) -> Tokens:
    return Tokens(
        intuit=Intuit(
            http=http,
            token_url=sim.token_url,
            client_id=sim.company.client_id,
            client_secret=sim.company.client_secret,
            clock=clock,
        ),
        store=store,
        clock=clock,
    )


@pytest.fixture
def books(sim: Simulator, http: Http, tokens: Tokens, quota: Quota, clock: Clock) -> QuickBooks:
    return QuickBooks(
        http=http,
        base_url=sim.quickbooks_url,
        realm_id=sim.company.realm_id,
        tokens=tokens,
        quota=quota,
        in_flight=IN_FLIGHT,
        clock=clock,
        sleep=clock.sleep,
    )


@pytest.fixture
def shop(sim: Simulator, http: Http, clock: Clock) -> BigCommerce:
    return BigCommerce(
        http=http,
        base_url=sim.bigcommerce_url,
        store_hash=sim.shop.store_hash,
        access_token=lambda: sim.shop.access_token,
        clock=clock,
        sleep=clock.sleep,
    )


def customers(*names: str) -> list[BatchItem]:
    return [
        BatchItem(bid=str(n), sent=batch_item_bytes(str(n), "create", "Customer", {"DisplayName": name}))
        for n, name in enumerate(names, 1)
    ]


def request_id() -> str:
    return uuid.uuid4().hex


def names(sim: Simulator) -> list[str]:
    return [customer["DisplayName"] for customer in sim.company.objects("Customer")]


def test_what_the_company_is(books: QuickBooks) -> None:
    assert books.company_info()["Country"] == "US"
    assert books.preferences()["CurrencyPrefs"]["HomeCurrency"]["value"] == "USD"


@pytest.mark.parametrize(
    ("multicurrency", "currency", "rate"),
    [(True, "EUR", Decimal("1.08")), (True, "GBP", Decimal(1)), (True, "XXX", None), (False, "EUR", None)],
)
def test_exchange_rates(
    books: QuickBooks, sim: Simulator, multicurrency: bool, currency: str, rate: Decimal | None
) -> None:
    """1 for a currency that the company holds no rate of, nothing for one that it does not keep."""
    sim.company.preferences["CurrencyPrefs"]["MultiCurrencyEnabled"] = multicurrency
    held = {"SourceCurrencyCode": "EUR", "Rate": Decimal("1.08"), "AsOfDate": "2026-05-01"}
    if multicurrency:
        sim.company.create("ExchangeRate", held)
    assert books.exchange_rate(currency, date(2026, 5, 4)) == rate


def test_customers_are_made_found_by_awkward_names_and_counted(books: QuickBooks, sim: Simulator) -> None:
    awkward = ["Zoë O'Brien", "A & B + 100%", "Back\\slash", "’Quoted’ – ☃"]
    before = books.count("Customer")
    answer = books.batch(customers(*awkward), request_id())
    assert answer.missing == ()
    ids = [answer.results[bid]["Id"] for bid in "1234"]  # type: ignore[index]
    assert books.count("Customer") == before + 4
    for name, customer_id in zip(awkward, ids, strict=True):
        [found] = books.find("Customer", "DisplayName", [name])
        assert found["Id"] == customer_id
    assert books.read("Customer", ids[0])["DisplayName"] == awkward[0]  # type: ignore[index]
    assert books.read("Customer", "999999") is None


def test_a_batch_says_of_each_item_what_became_of_it(books: QuickBooks) -> None:
    answer = books.batch(customers("Ada Sample", "Ada Sample", "a:b", ""), request_id())
    assert isinstance(answer.results["1"], dict)
    codes = [answer.results[bid].code for bid in "234"]  # type: ignore[union-attr]
    assert codes[0] == "6240"
    for bid in "234":
        fault = answer.results[bid]
        assert isinstance(fault, Fault)
        assert isinstance(verdict(fault), Refused)


def test_a_number_used_twice_names_the_first_document(books: QuickBooks, sim: Simulator) -> None:
    sim.fill(orders=1, customers=1)
    [customer, *_] = books.batch(customers("Ada Sample"), request_id()).results.values()
    item = books.query(select("Item"))[0]
    receipt = {
        "CustomerRef": {"value": customer["Id"]},  # type: ignore[index]
        "DocNumber": "BC-7",
        "Line": [
            {
                "Amount": Decimal("7.10"),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": item["Id"]},
                    "Qty": 1,
                    "UnitPrice": Decimal("7.10"),
                    "TaxCodeRef": {"value": "NON"},
                },
            }
        ],
    }
    sent = [BatchItem(bid="1", sent=batch_item_bytes("1", "create", "SalesReceipt", receipt))]
    made = books.batch(sent, request_id()).results["1"]
    assert isinstance(made, dict)
    assert made["TotalAmt"] == Decimal("7.1")
    fault = books.batch(sent, request_id()).results["1"]
    assert isinstance(fault, Fault)
    assert duplicate_of(fault) == made["Id"]


def test_the_same_batch_sent_twice_is_executed_once(books: QuickBooks, sim: Simulator) -> None:
    same = request_id()
    first = books.batch(customers("Ada Sample"), same)
    assert books.batch(customers("Ada Sample"), same).results["1"] == first.results["1"]
    assert names(sim).count("Ada Sample") == 1


@pytest.mark.parametrize("kind", ["drop_after", "truncated", "html", "drip"])
def test_executed_and_not_answered_is_in_doubt(books: QuickBooks, sim: Simulator, kind: Any) -> None:
    sim.faults.add(side="quickbooks", call="batch", kind=kind, nth=1)
    with pytest.raises(Unreachable) as caught:
        books.batch(customers("Ada Sample"), request_id())
    assert caught.value.in_doubt
    assert "Ada Sample" in names(sim)


@pytest.mark.parametrize(
    ("rule", "kind", "in_doubt"),
    [
        ({"kind": "drop_before"}, Unreachable, True),
        ({"kind": "hang"}, Unreachable, True),
        ({"kind": "commit_late"}, Unreachable, True),
        ({"kind": "status", "status": 500}, Unreachable, True),
        ({"kind": "status", "status": 503, "body": "html"}, Unreachable, True),
        ({"kind": "status", "status": 403}, Forbidden, False),
        ({"kind": "status", "status": 429, "body": "html"}, Throttled, False),
        ({"kind": "throttled"}, Throttled, False),
    ],
)
def test_not_executed_or_not_known(
    books: QuickBooks, sim: Simulator, rule: dict[str, Any], kind: type[Pause], in_doubt: bool
) -> None:
    sim.faults.add(side="quickbooks", call="batch", nth=1, **rule)
    with pytest.raises(kind) as caught:
        books.batch(customers("Ada Sample"), request_id())
    assert caught.value.in_doubt is in_doubt
    assert "Ada Sample" not in names(sim)


def test_a_token_refused_in_the_middle_is_renewed(books: QuickBooks, sim: Simulator, store: Store) -> None:
    sim.faults.add(side="quickbooks", call="batch", kind="unauthorised", nth=1)
    assert books.batch(customers("Ada Sample"), request_id()).missing == ()
    assert len(store.saved) == 2
    assert names(sim).count("Ada Sample") == 1


def test_eight_threads_outlive_their_tokens(books: QuickBooks, sim: Simulator, store: Store) -> None:
    sim.company.quota = None
    sim.company.tokens.lifetime_calls = 8
    counted: list[int] = []
    for _ in range(4):
        threads = [threading.Thread(target=lambda: counted.append(books.count("Customer"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(counted) == 32
    assert sim.company.tokens.refreshes == len(store.saved) == 4
    assert sim.company.refresh_token == store.saved[-1].refresh


def test_a_connection_taken_back_is_for_a_person(books: QuickBooks, sim: Simulator, store: Store, clock: Clock) -> None:
    store.token = Token(access="", refresh="RT1-gone", access_expires=clock.now, refresh_expires=None)
    with pytest.raises(Unauthorised, match="cartledger connect quickbooks"):
        books.count("Customer")


def test_another_realms_token_is_for_a_person(books: QuickBooks, sim: Simulator, store: Store, clock: Clock) -> None:
    stranger = sim.company.tokens.issue_access("4620816365")
    store.token = Token(
        access=stranger, refresh="RT1", access_expires=clock.now + timedelta(hours=1), refresh_expires=None
    )
    with pytest.raises(Forbidden):
        books.count("Customer")


def test_a_company_that_takes_no_data(books: QuickBooks, sim: Simulator) -> None:
    sim.company.subscription_lapsed = True
    with pytest.raises(CompanyReadOnly) as caught:
        books.batch(customers("Ada Sample"), request_id())
    assert not caught.value.in_doubt


def test_a_company_that_only_reads(books: QuickBooks, sim: Simulator) -> None:
    sim.company.subscription_ended = True
    fault = books.batch(customers("Ada Sample"), request_id()).results["1"]
    assert isinstance(fault, Fault)
    assert isinstance(verdict(fault), CompanyReadOnly)
    assert books.count("Customer") >= 0


def test_a_query_the_company_cannot_read(books: QuickBooks) -> None:
    with pytest.raises(Refused) as caught:
        books.query("SELECT * FROM Nothing")
    assert caught.value.codes == ("4001",)


def test_orders_are_read_whole_in_the_order_of_their_changes(shop: BigCommerce, sim: Simulator) -> None:
    sim.fill(orders=120, customers=20, clean=True)
    first = shop.orders(LONG_AGO, limit=100)
    second = shop.orders(LONG_AGO, limit=100, page=2)
    orders = [read_order(row) for row in first.rows + second.rows]
    assert len({order.id for order in orders}) == len(orders) == 120
    assert [order.modified for order in orders] == sorted(order.modified for order in orders)
    assert len(second.rows) == 20
    assert shop.orders(orders[-1].modified + timedelta(seconds=1)).rows == []
    short = next(order for order in orders if order.lines and not order.lines_incomplete)
    assert len(shop.order_products(short.id)) == len(short.lines)
    one = shop.order(short.id)
    assert one is not None
    assert read_order(one) == short
    assert shop.order(1) is None
    assert all(Decimal(row["line_amount"]).is_finite() for row in shop.order_taxes(short.id))
    assert all(isinstance(row["amount"], int | Decimal) for row in shop.transactions(short.id))


def test_refunds_are_read_by_their_day_and_by_their_orders(shop: BigCommerce, sim: Simulator) -> None:
    sim.fill(orders=30, customers=5, clean=True)
    begun = shop.time()
    refunded = [refund_rest(sim.shop, order_id)["order_id"] for order_id in list(sim.shop.orders)[:3]]
    page = shop.refunds(begun)
    assert [refund.order_id for refund in read_refunds(page.rows)] == refunded
    assert shop.refunds(begun, page=2).rows == []
    assert shop.refunds(page.server_time + timedelta(days=1)).rows == []
    assert [row["order_id"] for row in shop.refunds_of([1, *refunded[1:]])] == refunded[1:]


def test_whether_refunded_goods_go_back_to_stock(shop: BigCommerce, sim: Simulator) -> None:
    assert (shop.restocks(), shop.restocks(1), shop.restocks(2)) == (False, False, False)
    sim.shop.channel_inventory_settings["1"] = {"refund_order_stock_adjustment": True}
    assert (shop.restocks(), shop.restocks(1), shop.restocks(2)) == (False, True, False)


@pytest.fixture
def stocked(sim: Simulator) -> Simulator:
    """A lamp counted as a whole, a shade counted by colour, a plan that is not counted; kept at location 5."""
    sim.shop.add_location(5, default=True)
    sim.shop.add_product(sku="LAMP", name="Lamp", price=Decimal(30), product_id=111, tracked=True, stock=7)
    shades = {"SHADE-R": 3, "SHADE-B": 0}
    sim.shop.add_product(sku="SHADE", name="Shade", price=Decimal(9), product_id=112, tracked=True, variants=shades)
    sim.shop.add_product(sku="PLAN", name="Plan", price=Decimal(1), product_id=113)
    return sim


def test_where_stock_is_kept(shop: BigCommerce, stocked: Simulator) -> None:
    assert shop.default_location() == 5
    shop.check_location(1)
    stocked.shop.add_location(6, enabled=False)
    for location_id, code in ((6, "location_disabled"), (7, "no_location")):
        with pytest.raises(Refused) as caught:
            shop.check_location(location_id)
        assert caught.value.codes == (code,)


def test_what_is_on_hand_and_how_it_is_counted(shop: BigCommerce, stocked: Simulator) -> None:
    rows = {row.sku: row for row in shop.inventory(5)}
    assert {sku: row.on_hand for sku, row in rows.items()} == {"LAMP": 7, "SHADE-R": 3, "SHADE-B": 0}
    assert {row.sku: row.on_hand for row in shop.inventory(1)} == dict.fromkeys(rows, 0)
    tracking = {111: "product", 112: "variant", 113: "none"}
    assert shop.tracking() == shop.tracking([111, 112, 113, 114]) == tracking
    assert [row.sku for row in shop.inventory(5, ["shade-r", "PLAN", "nobody's"])] == ["SHADE-R"]
    stocked.shop.safety_stock["product:111"] = 2
    assert [row.on_hand for row in shop.inventory(5, ["LAMP"])] == [7]


def test_a_large_catalogue_is_walked_whole(shop: BigCommerce, sim: Simulator) -> None:
    skus = [f"S{n:04}" for n in range(1_050)]
    for number, sku in enumerate(skus, 1):
        sim.shop.add_product(sku=sku, name=sku, price=Decimal(1), product_id=number, tracked=True, stock=number)
    before = sim.shop.calls
    assert {row.sku: row.on_hand for row in shop.inventory(1)} == {sku: n for n, sku in enumerate(skus, 1)}
    assert sim.shop.calls - before == 2
    assert list(shop.tracking()) == list(range(1, 1_051))
    assert sim.shop.calls - before == 2 + 5
    assert len(list(shop.inventory(1, skus[:201]))) == 201
    assert sim.shop.calls - before == 2 + 5 + 3


def test_levels_are_accepted_and_show_later(shop: BigCommerce, stocked: Simulator) -> None:
    stocked.shop.adjustment_delay = 3600
    red, blue = (row.variant_id for row in shop.inventory(5, ["SHADE-R", "SHADE-B"]))
    shop.adjust(5, {"product:111": 9, f"variant:{red}": 0, f"variant:{blue}": 4}, reason="test")
    assert {row.sku: row.on_hand for row in shop.inventory(5)} == {"LAMP": 7, "SHADE-R": 3, "SHADE-B": 0}
    stocked.shop.land()
    assert {row.sku: row.on_hand for row in shop.inventory(5)} == {"LAMP": 9, "SHADE-R": 0, "SHADE-B": 4}


@pytest.mark.parametrize(("tells", "named"), [("all", 2), ("first", 1), ("none", 0)])
@pytest.mark.parametrize(
    "wrong",
    [
        {"variant:10111": 1, "product:112": 1},  # counted the other way
        {"product:113": 1, "product:999": 1},  # not counted, and unknown
    ],
)
def test_a_refusal_sets_nothing_and_names_whom_it_means(
    shop: BigCommerce, stocked: Simulator, wrong: dict[str, int], tells: Any, named: int
) -> None:
    stocked.shop.tells_refused = tells
    with pytest.raises(Refused) as caught:
        shop.adjust(5, {"product:111": 9, **wrong}, reason="test")
    assert units_named(caught.value) == set(list(wrong)[:named])
    assert stocked.shop.levels(landed=True)["LAMP"] == 7


@pytest.mark.parametrize(
    ("location", "levels"), [(4, {"product:111": 1}), (5, {"product:111": -1}), (5, {"product:111": 2_147_483_648})]
)
def test_a_level_or_a_place_that_is_none_is_refused(
    shop: BigCommerce, stocked: Simulator, location: int, levels: dict[str, int]
) -> None:
    with pytest.raises(Refused) as caught:
        shop.adjust(location, levels, reason="test")
    assert units_named(caught.value) == set()


@pytest.mark.parametrize(
    ("rule", "kind", "in_doubt", "accepted"),
    [
        ({"kind": "drop_after"}, Unreachable, True, 1),
        ({"kind": "truncated"}, Unreachable, True, 1),
        ({"kind": "status", "status": 500}, Unreachable, True, 0),
        ({"kind": "status", "status": 503, "executed": True}, Unreachable, True, 1),
        ({"kind": "status", "status": 409}, TryLater, False, 0),
    ],
)
def test_a_writing_that_fails_goes_out_once(
    shop: BigCommerce, stocked: Simulator, rule: dict[str, Any], kind: type[Exception], in_doubt: bool, accepted: int
) -> None:
    stocked.faults.add(side="bigcommerce", call="adjust", nth=1, **rule)
    with pytest.raises(kind) as caught:
        shop.adjust(5, {"product:111": 9}, reason="test")
    assert getattr(caught.value, "in_doubt", None) is in_doubt
    assert len(stocked.shop.adjustments) == accepted


def test_a_throttled_writing_is_accepted_once(shop: BigCommerce, stocked: Simulator) -> None:
    stocked.faults.add(side="bigcommerce", call="adjust", kind="throttled", nth=1)
    shop.adjust(5, {"product:111": 9}, reason="test")
    assert len(stocked.shop.adjustments) == 1


def test_the_catalogue_is_read_by_its_changes(shop: BigCommerce, stocked: Simulator) -> None:
    whole = shop.catalogue(LONG_AGO, page=1)
    assert [(row["sku"], row["name"], row["price"]) for row in whole.rows] == [
        ("LAMP", "Lamp", 30),
        ("SHADE", "Shade", 9),
        ("PLAN", "Plan", 1),
    ]
    assert [variant["sku"] for row in whole.rows for variant in row["variants"]] == [
        "LAMP",
        "SHADE-R",
        "SHADE-B",
        "PLAN",
    ]
    assert not whole.more
    assert shop.catalogue(whole.server_time + timedelta(days=1), page=1).rows == []
    small = shop.catalogue(LONG_AGO, page=2, limit=2)
    assert ([row["sku"] for row in small.rows], small.more) == (["PLAN"], False)
    assert shop.catalogue(LONG_AGO, page=1, limit=2).more


def test_when_the_store_takes_the_units_of_an_order(shop: BigCommerce, sim: Simulator) -> None:
    assert not shop.takes_stock_late()
    sim.shop.inventory_settings["update_stock_behavior"] = "order_completed_or_shipped"
    assert shop.takes_stock_late()


def test_items_are_read_page_by_page_and_no_further_than_counted(books: QuickBooks, sim: Simulator) -> None:
    sim.company.quota = None
    where = "Active IN (true, false)"
    for number in range(1_001 - books.count("Item", where)):
        sim.company.add_item(name=f"Item {number}", sku=f"S{number}")
    total = books.count("Item", where)
    before = sim.company.report()["reads"]
    assert [len(page) for page in books.pages(select("Item", where), expected=total)] == [1000, 1]
    assert sim.company.report()["reads"] - before == 2


def test_what_the_store_is(shop: BigCommerce, sim: Simulator) -> None:
    assert shop.store()["currency"] == "USD"
    assert {status["id"] for status in shop.order_statuses()} >= {0, 11}
    assert shop.time().tzinfo is UTC


@pytest.mark.parametrize("kind", ["drop_before", "truncated", "throttled"])
def test_the_shops_hiccups_pass(shop: BigCommerce, sim: Simulator, kind: Any) -> None:
    sim.fill(orders=30, customers=5)
    sim.faults.add(side="bigcommerce", call="*", kind=kind, first=2)
    assert len(shop.orders(LONG_AGO).rows) == 30


def test_a_wrong_token_and_a_wrong_store(sim: Simulator, http: Http, clock: Clock) -> None:
    for store_hash, access_token, kind in (
        (sim.shop.store_hash, "wrong", Unauthorised),
        ("nosuchstore", sim.shop.access_token, Forbidden),
    ):
        shop = BigCommerce(
            http=http,
            base_url=sim.bigcommerce_url,
            store_hash=store_hash,
            access_token=partial(str, access_token),
            clock=clock,
            sleep=clock.sleep,
        )
        with pytest.raises(kind):
            shop.store()

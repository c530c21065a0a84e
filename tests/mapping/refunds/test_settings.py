"""What each setting of refunds does, beside others of the same setting."""

from __future__ import annotations

import pytest


@pytest.mark.option("refunds.number_prefix")
@pytest.mark.parametrize(("prefix", "numbers"), [("R", ["R-1001", "R-1001-2"]), ("BACK", ["BACK-1001", "BACK-1001-2"])])
def test_the_prefix_of_numbers(world, order, refund, product, item, prefix, numbers):
    rows = refund(12, product(1), total="24.36", tax="1.86"), refund(15, item("ORDER", 1001, "1.00"), total="1.00")
    life = world(**{"refunds.number_prefix": prefix}).decide(order(), *rows)
    assert [life.body(name)["DocNumber"] for name in ("refund-12", "refund-15")] == numbers


@pytest.mark.parametrize(("number", "said"), [(False, " (BC-1001)"), (True, "")])
def test_refunds_are_numbered_by_us_even_where_quickbooks_numbers_sales(world, order, refund, product, number, said):
    here = world(**{"sales.automatic_numbers": number})
    life = here.decide(order(), refund(12, product(1), total="24.36", tax="1.86"))
    assert life.body("refund-12")["DocNumber"] == "R-1001"
    assert life.body("refund-12")["PrivateNote"].startswith(f"Refund 12 of BigCommerce order 1001{said}. Payment")
    assert life.post.notices == ()


@pytest.mark.option("refunds.restock")
@pytest.mark.parametrize(
    ("restock", "shop", "row"),
    [
        ("never", True, ("Returned goods", "2 × 22.5", "45.00", "TAX")),
        ("always", False, ("A", "2 × 22.5", "45.00", "TAX")),
        ("shop", True, ("A", "2 × 22.5", "45.00", "TAX")),
        ("shop", False, ("Returned goods", "2 × 22.5", "45.00", "TAX")),
    ],
)
def test_goods_are_put_back_to_stock_or_not(world, order, refund, product, restock, shop, row):
    here, back = world(**{"refunds.restock": restock}), refund(12, product(1, 2), total="48.71", tax="3.71")
    assert here.decide(order(), back, restocks=shop).rows("refund-12") == [row]
    asked = here.decide(order(), back)
    assert asked.needs == "restocks" if restock == "shop" else asked.kinds


@pytest.mark.option("refunds.no_restock_product")
@pytest.mark.parametrize("name", ["Returned goods", "Returned"])
def test_the_item_of_goods_that_are_not_put_back(world, order, refund, product, name):
    life = world(**{"refunds.no_restock_product": name}).decide(
        order(), refund(12, product(1), total="24.36", tax="1.86")
    )
    assert [row[0] for row in life.rows("refund-12")] == [name]


@pytest.mark.option("refunds.adjustment_product")
@pytest.mark.parametrize("name", ["Refund adjustments", "Returned"])
def test_the_item_of_amounts_without_goods(world, order, refund, product, item, name):
    rows = (
        refund(12, item("ORDER", 1001, "1.00"), total="1.00"),
        refund(13, product(1, kept="5.00"), total="19.36", tax="1.86"),
    )
    life = world(**{"refunds.adjustment_product": name}).decide(order(), *rows)
    assert [life.rows(each)[-1][0] for each in ("refund-12", "refund-13")] == [name, name]


@pytest.mark.option("refunds.account", "refunds.accounts")
@pytest.mark.parametrize(
    ("method", "provider", "changes", "account"),
    [
        ("PayPal", "braintree", {}, "PayPal clearing"),  # the order's own method
        ("Credit Card", "paypal", {}, "PayPal clearing"),  # a provider that the settings name
        ("Money order", "offline", {}, "Card clearing"),  # the default one
        ("PayPal", "custom", {"refunds.account": "Checking"}, "Checking"),
        ("PayPal", "custom", {"refunds.accounts": {"USD": "Checking"}}, "Checking"),
        ("PayPal", "custom", {"refunds.accounts": {"EUR": "Checking"}}, "PayPal clearing"),
        ("PayPal", "custom", {"refunds.account": "Cash clearing", "refunds.accounts": {"USD": "Checking"}}, "Checking"),
    ],
)
def test_the_account_that_the_money_leaves(world, order, refund, product, method, provider, changes, account):
    back = refund(12, product(1), total="24.36", tax="1.86", paid=((provider, "24.36"),))
    life = world(**changes).decide(order(payment_method=method), back)
    assert life.named("refund-12", "DepositToAccountRef") == account


def test_an_account_of_refunds_is_enough_where_no_clearing_account_is_known(world, order, refund, product):
    stands = world().decide(order()).stands()
    here = world(without=("payments.default_account",), **{"refunds.account": "Checking"})
    life = here.decide(order(), refund(12, product(1), total="24.36", tax="1.86"), stands=stands)
    assert life.kinds == {"refund-12": "RefundReceipt"}


def test_all_refunds_from_one_account_need_no_transfer(world, order, refund, product):
    back = refund(12, product(1), total="24.36", tax="1.86", paid=(("stripe", "20.00"), ("paypal", "4.36")))
    life = world(**{"refunds.account": "Checking"}).decide(order(), back)
    assert list(life.kinds) == ["document", "refund-12"]


def test_class_and_location_are_those_of_all_documents(world, order, refund, product):
    here = world(**{"sales.class": "Web", "sales.location": "Web store"})
    here.company.preferences["AccountingInfoPrefs"].update(ClassTrackingPerTxn=True, TrackDepartments=True)
    life = here.decide(order(), refund(12, product(1), total="24.36", tax="1.86"))
    assert life.named("refund-12", "ClassRef", "Class") == "Web"
    assert life.named("refund-12", "DepartmentRef", "Department") == "Web store"


@pytest.mark.parametrize(
    ("without", "kind", "code"),
    [
        ("refunds.no_restock_product", "PRODUCT", "no_no_restock_product"),
        ("refunds.adjustment_product", "ORDER", "no_adjustment_product"),
        ("sales.store_credit_product", "CREDIT", "no_store_credit_product"),
    ],
)
def test_what_a_refund_needs_and_is_not_set(world, order, refund, product, item, without, kind, code):
    items = {"ORDER": item("ORDER", 1001, "10.00")}
    paid = (("storecredit", "10.00"),) if kind == "CREDIT" else None
    back = refund(12, items.get(kind, product(2)), total="10.00", paid=paid, uses_merchant_override_values=True)
    life = world(without=(without,)).decide(order(), back)
    assert (list(life.kinds), life.codes) == (["document"], [code])

"""Payments, and what they settle."""

from decimal import Decimal

import pytest

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"


@pytest.fixture
def invoice(desk):
    return desk.invoice(desk.line("B", "100.00"), CustomerRef=desk.customer(), TxnDate="2026-01-10")


def link(document, amount, kind="Invoice"):
    return {"Amount": D(amount), "LinkedTxn": [{"TxnId": document["Id"], "TxnType": kind}]}


def test_a_payment_is_seen_on_the_invoice(desk, company, invoice, clock):
    clock.now += 60
    payment = desk.pay(invoice, "40.00")
    after = company.read("Invoice", invoice["Id"])
    assert (after["Balance"], after["SyncToken"]) == (60, "1")
    assert after["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert after["MetaData"]["LastUpdatedTime"] > invoice["MetaData"]["LastUpdatedTime"]
    assert (payment["UnappliedAmt"], payment["DepositToAccountRef"]) == (0, {"value": "4"})


def test_the_customers_balance_moves_its_time_and_not_its_token(desk, company, invoice, clock):
    before = company.read("Customer", invoice["CustomerRef"]["value"])
    clock.now += 60
    desk.pay(invoice, "40.00")
    after = company.read("Customer", before["Id"])
    assert (before["Balance"], after["Balance"], after["SyncToken"]) == (100, 60, "0")
    assert after["MetaData"]["LastUpdatedTime"] > before["MetaData"]["LastUpdatedTime"]


def test_a_sub_customers_balance_counts_for_its_parent(desk, company):
    parent = desk.customer("Mill Road")
    job = company.create("Customer", {"DisplayName": "Mill Road barn", "ParentRef": parent})
    desk.invoice(desk.line("B", "30.00"), CustomerRef={"value": job["Id"]})
    shown = company.read("Customer", parent["value"])
    assert (shown["Balance"], shown["BalanceWithJobs"]) == (0, 30)


def test_a_payment_without_lines_is_unapplied(desk, company, invoice):
    body = {"CustomerRef": {"value": invoice["CustomerRef"]["value"]}, "TotalAmt": 25}
    payment = company.create("Payment", body)
    assert (payment["UnappliedAmt"], payment["Line"]) == (25, [])
    assert company.balances()[RECEIVABLE] == 75


def test_an_overpayment_leaves_the_rest_unapplied(desk, company, invoice):
    body = {"CustomerRef": {"value": invoice["CustomerRef"]["value"]}, "TotalAmt": 120}
    payment = company.create("Payment", {**body, "Line": [link(invoice, "100.00")]})
    assert payment["UnappliedAmt"] == 20


def test_payments_that_are_refused(desk, company, invoice):
    other = desk.customer("Somebody Else")
    own = {"value": invoice["CustomerRef"]["value"]}

    def refused(**body):
        return desk.refused(company.create, "Payment", {"CustomerRef": own, "TotalAmt": 100, **body})

    assert refused(TotalAmt=101, Line=[link(invoice, "101.00")]) == ["6000"]
    assert refused(Line=[link(invoice, "60.00"), link(invoice, "41.00")]) == ["6000"]
    assert refused(TotalAmt=10, Line=[link(invoice, "100.00")]) == ["6000"]
    assert refused(CustomerRef=other, Line=[link(invoice, "100.00")]) == ["620"]
    assert refused(Line=[link({"Id": "4711"}, "1.00")]) == ["610"]
    assert refused(Line=[link(invoice, "1.00", "Estimate")]) == ["620"]
    assert refused(TotalAmt=-1) == ["2290"]
    assert refused(PaymentRefNum="x" * 22) == ["2050"]
    assert desk.refused(company.create, "Payment", {}) == ["2020", "2020"]
    assert company.read("Invoice", invoice["Id"])["SyncToken"] == "0"


def test_a_paid_invoice_takes_no_second_payment(desk, invoice):
    desk.pay(invoice, "100.00")
    assert desk.refused(desk.pay, invoice, "0.01") == ["6000"]


def test_a_voided_payment_gives_the_invoice_back(desk, company, invoice):
    payment = desk.pay(invoice, "40.00", PrivateNote="marker")
    voided = company.void("Payment", {"Id": payment["Id"], "SyncToken": "0", "sparse": True})
    assert (voided["TotalAmt"], voided["Line"], voided["PrivateNote"]) == (0, [], "Voided - marker")
    after = company.read("Invoice", invoice["Id"])
    assert (after["Balance"], after["LinkedTxn"], after["SyncToken"]) == (100, [], "2")
    assert company.entries("Payment", payment["Id"]) == {}


def test_a_deleted_payment_gives_the_invoice_back(desk, company, invoice):
    payment = desk.pay(invoice, "40.00")
    company.delete("Payment", {"Id": payment["Id"], "SyncToken": "0"})
    assert company.read("Invoice", invoice["Id"])["Balance"] == 100
    assert company.balances()[RECEIVABLE] == 100


@pytest.mark.parametrize("action", ["void", "delete"])
def test_the_payment_of_a_vanished_invoice_becomes_unapplied(desk, company, invoice, action):
    payment = desk.pay(invoice, "40.00")
    getattr(company, action)("Invoice", {"Id": invoice["Id"], "SyncToken": "1"})
    after = company.read("Payment", payment["Id"])
    assert (after["UnappliedAmt"], after["Line"], after["SyncToken"]) == (40, [], "1")
    assert company.balances()[RECEIVABLE] == -40


def test_a_changed_payment_settles_what_it_now_says(desk, company, invoice):
    payment = desk.pay(invoice, "40.00")
    change = {"Id": payment["Id"], "SyncToken": "0", "sparse": True, "TotalAmt": 100}
    company.update("Payment", {**change, "Line": [link(invoice, "100.00")]})
    after = company.read("Invoice", invoice["Id"])
    assert (after["Balance"], len(after["LinkedTxn"])) == (0, 1)


def test_a_full_update_without_lines_removes_the_links(desk, company, invoice):
    payment = desk.pay(invoice, "40.00")
    body = {
        "Id": payment["Id"],
        "SyncToken": "0",
        "TotalAmt": 40,
        "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
    }
    assert company.update("Payment", body)["UnappliedAmt"] == 40
    assert company.read("Invoice", invoice["Id"])["Balance"] == 100


def test_an_invoice_cannot_shrink_below_what_is_paid(desk, company, invoice):
    desk.pay(invoice, "40.00")
    smaller = {"Id": invoice["Id"], "SyncToken": "1", "sparse": True, "Line": [desk.line("B", "39.99")]}
    assert desk.refused(company.update, "Invoice", smaller) == ["6000"]
    exact = {**smaller, "Line": [desk.line("B", "40.00")]}
    assert company.update("Invoice", exact)["Balance"] == 0


# -- where the company applies payments by itself


@pytest.fixture
def applying(company):
    company.preferences["SalesFormsPrefs"]["AutoApplyPayments"] = True
    return company


def unlinked(company, customer, amount):
    return company.create("Payment", {"CustomerRef": customer, "TotalAmt": D(amount)})


def test_an_unlinked_payment_settles_the_oldest_invoices(desk, applying):
    customer, other = desk.customer(), desk.customer("Somebody Else")
    invoices = [
        desk.invoice(desk.line("B", "30.00"), CustomerRef=who, TxnDate=day)
        for who, day in ((customer, "2026-02-01"), (customer, "2026-01-01"), (other, "2025-01-01"))
    ]
    payment = unlinked(applying, customer, "40.00")
    assert [(each["Amount"], each["LinkedTxn"][0]["TxnId"]) for each in payment["Line"]] == [
        (30, invoices[1]["Id"]),
        (10, invoices[0]["Id"]),
    ]
    assert [applying.read("Invoice", each["Id"])["Balance"] for each in invoices] == [20, 0, 30]
    assert (payment["UnappliedAmt"], payment["SyncToken"]) == (0, "0")


def test_a_new_invoice_is_settled_by_what_was_paid_before_and_takes_no_second_payment(desk, applying):
    customer = desk.customer()
    payment = unlinked(applying, customer, "100.00")
    invoice = desk.invoice(desk.line("B", "60.00"), CustomerRef=customer)
    assert (invoice["Balance"], invoice["LinkedTxn"]) == (0, [{"TxnId": payment["Id"], "TxnType": "Payment"}])
    after = applying.read("Payment", payment["Id"])
    assert (after["UnappliedAmt"], after["SyncToken"]) == (40, "1")
    assert desk.refused(desk.pay, invoice, "60.00") == ["6000"]
    assert applying.balances()[RECEIVABLE] == -40


def test_a_linked_payment_is_applied_as_it_says(desk, applying):
    customer = desk.customer()
    first, second = (desk.invoice(desk.line("B", "30.00"), CustomerRef=customer) for _ in range(2))
    desk.pay(second, "30.00")
    assert [applying.read("Invoice", each["Id"])["Balance"] for each in (first, second)] == [30, 0]


def test_no_company_does_so_unasked(desk, company, invoice):
    unlinked(company, {"value": invoice["CustomerRef"]["value"]}, "100.00")
    assert company.read("Invoice", invoice["Id"])["Balance"] == 100


def test_a_cancelled_invoice_closed_by_its_credit_memo(desk, company, invoice):
    own = {"value": invoice["CustomerRef"]["value"]}
    memo = company.create("CreditMemo", {"Line": [desk.line("B", "100.00")], "CustomerRef": own})
    lines = [link(invoice, "100.00"), link(memo, "100.00", "CreditMemo")]
    company.create("Payment", {"CustomerRef": own, "TotalAmt": 0, "Line": lines})
    assert company.read("Invoice", invoice["Id"])["Balance"] == 0
    assert company.read("CreditMemo", memo["Id"])["RemainingCredit"] == 0
    assert company.balances()[RECEIVABLE] == 0

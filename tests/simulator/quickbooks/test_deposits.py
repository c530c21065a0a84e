"""Deposits: what lies in Undeposited Funds goes to the bank and is locked until it is taken out again."""

from decimal import Decimal

import pytest

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"


@pytest.fixture
def receipt(desk):
    return desk.receipt(desk.line("B", "100.00"), DocNumber="BC-1001")


@pytest.fixture
def payment(desk):
    return desk.pay(desk.invoice(desk.line("B", "60.00"), CustomerRef=desk.customer()), "60.00")


def refund(desk):
    return desk.refund(desk.line("Returned", "25.00"), DepositToAccountRef=desk.ref("Account", "Undeposited Funds"))


def brought(document, kind, amount):
    return {"Amount": D(amount), "LinkedTxn": [{"TxnId": document["Id"], "TxnType": kind, "TxnLineId": "0"}]}


def deposit(desk, *lines, to="Checking", **header):
    return desk.company.create(
        "Deposit", {"DepositToAccountRef": desk.ref("Account", to), "Line": list(lines), **header}
    )


def fee(desk, amount, account="Fee income"):
    detail = {"AccountRef": desk.ref("Account", account)}
    return {"Amount": D(amount), "DetailType": "DepositLineDetail", "DepositLineDetail": detail}


def test_money_goes_to_the_bank_less_refunds_and_fees(desk, company, receipt, payment):
    back = refund(desk)
    made = deposit(
        desk,
        brought(receipt, "SalesReceipt", "100.00"),
        brought(payment, "Payment", "60.00"),
        brought(back, "RefundReceipt", "-25.00"),
        fee(desk, "-4.50"),
    )
    assert made["TotalAmt"] == D("130.50")
    assert company.entries("Deposit", made["Id"]) == {
        "Checking": D("130.50"),
        "Fee income": D("4.50"),
        "Undeposited Funds": D("-135.00"),
    }
    assert company.balances()["Undeposited Funds"] == 0


def test_what_is_in_it_says_so(desk, company, receipt):
    made = deposit(desk, brought(receipt, "SalesReceipt", "100.00"))
    after = company.read("SalesReceipt", receipt["Id"])
    assert after["LinkedTxn"] == [{"TxnId": made["Id"], "TxnType": "Deposit"}]
    assert (after["DepositToAccountRef"]["name"], after["SyncToken"]) == ("Undeposited Funds", "1")


def locked(company, entity, record_id):
    token = company.read(entity, record_id)["SyncToken"]
    identity = {"Id": record_id, "SyncToken": token, "sparse": True}
    yield company.update, {**identity, "PrivateNote": "the smallest change"}
    yield company.delete, identity
    if entity != "RefundReceipt":
        yield company.void, identity


def test_what_is_deposited_is_locked(desk, company, receipt, payment):
    back = refund(desk)
    deposited = [("SalesReceipt", receipt["Id"]), ("Payment", payment["Id"]), ("RefundReceipt", back["Id"])]
    made = company.deposit(*deposited)
    for entity, record_id in deposited:
        before = company.read(entity, record_id)
        for act, body in locked(company, entity, record_id):
            with pytest.raises(desk.FaultError, match="6540 This transaction has been deposited"):
                act(entity, body)
        assert company.read(entity, record_id) == before
    company.delete_document("Deposit", made["Id"])
    for entity, record_id in deposited:
        assert "LinkedTxn" not in company.read(entity, record_id)
        company.delete_document(entity, record_id)


def test_a_stale_token_is_told_before_the_lock(desk, company, receipt):
    company.deposit(("SalesReceipt", receipt["Id"]))
    change = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    assert desk.refused(company.update, "SalesReceipt", change) == ["5010"]


def test_taken_out_of_the_deposit_it_is_free(desk, company, receipt, payment):
    made = company.deposit(("SalesReceipt", receipt["Id"]), ("Payment", payment["Id"]))
    company.edit_document("Deposit", made["Id"], Line=[brought(payment, "Payment", "60.00")])
    assert company.read("SalesReceipt", receipt["Id"])["SyncToken"] == "2"
    assert company.read("Payment", payment["Id"])["SyncToken"] == "1"
    company.void_document("SalesReceipt", receipt["Id"])
    assert company.balances()["Checking"] == 60


def test_the_invoice_of_a_deposited_payment_may_still_go(desk, company, payment):
    invoice = payment["Line"][0]["LinkedTxn"][0]["TxnId"]
    company.deposit(("Payment", payment["Id"]))
    company.void_document("Invoice", invoice)
    assert company.read("Payment", payment["Id"])["UnappliedAmt"] == 60


def test_money_that_went_elsewhere_cannot_be_deposited(desk, company):
    direct = desk.receipt(desk.line("B", "10.00"), DepositToAccountRef=desk.ref("Account", "Card clearing"))
    assert desk.refused(deposit, desk, brought(direct, "SalesReceipt", "10.00")) == ["620"]


def test_what_is_refused(desk, company, receipt):
    line = brought(receipt, "SalesReceipt", "100.00")

    def refused(*lines, **header):
        return desk.refused(deposit, desk, *lines, **header)

    assert refused() == ["2250"]
    assert refused(brought(receipt, "SalesReceipt", "99.99")) == ["6000"]
    assert refused(brought(receipt, "Payment", "100.00")) == ["610"]
    assert refused(brought({"Id": "4711"}, "SalesReceipt", "100.00")) == ["610"]
    assert refused(brought(receipt, "Transfer", "100.00")) == ["620"]
    assert refused({"Amount": D("100.00"), "LinkedTxn": [{"TxnId": receipt["Id"], "TxnType": "SalesReceipt"}]}) == [
        "2020"
    ]
    assert refused(line, line) == ["620"]
    assert refused(line, to="Sales") == ["6430"]
    assert refused(line, fee(desk, "-100.01")) == ["6000"]
    assert refused(line, fee(desk, "-1.00", account=RECEIVABLE)) == ["6430"]
    assert refused(line, CashBack={"Amount": 1}) == ["500"]
    deposit(desk, line)
    assert refused(line) == ["620"]
    assert len(company.objects("Deposit")) == 1


def test_foreign_money_is_brought_in_at_the_rate_of_the_deposit(desk_of):
    euro = desk_of("eur")
    money = {"CurrencyRef": {"value": "EUR"}}
    receipt = euro.receipt(euro.line("B", "100.00"), ExchangeRate=D("1.10"), **money)
    line = brought(receipt, "SalesReceipt", "100.00")
    assert euro.refused(deposit, euro, line, CurrencyRef={"value": "USD"}) == ["6000"]
    made = deposit(euro, line, to="Checking EUR", ExchangeRate=D("1.12"), **money)
    assert euro.company.entries("Deposit", made["Id"]) == {
        "Checking EUR": D("112.00"),
        "Undeposited Funds": D("-110.00"),
        "Exchange Gain or Loss": D("-2.00"),
    }
    assert euro.company.foreign_balances()["Checking EUR"] == 100

"""Purchases: money out of an account, for a customer or for anything else."""

from decimal import Decimal

import pytest

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"


@pytest.fixture
def customer(desk):
    return desk.customer()


def test_what_is_answered(desk, company, customer):
    line = {**desk.spent(RECEIVABLE, "40.00"), "Description": "Refund of BC-1001"}
    made = desk.send_back(customer, line, DocNumber="R-1001-C", TxnDate="2026-06-03", PrivateNote="BC 1001")
    assert made["Line"] == [
        {
            "Id": "1",
            "LineNum": 1,
            "Description": "Refund of BC-1001",
            "Amount": D("40.00"),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {
                "BillableStatus": "NotBillable",
                "AccountRef": {"value": company.id_of("Account", RECEIVABLE), "name": RECEIVABLE},
                "TaxCodeRef": {"value": "NON"},
            },
        }
    ]
    assert made["EntityRef"] == {**customer, "type": "Customer", "name": "Petra Nightingale"}
    names = ("PaymentType", "DocNumber", "TxnDate", "PrivateNote", "TotalAmt", "Credit", "SyncToken")
    assert [made[name] for name in names] == ["Cash", "R-1001-C", "2026-06-03", "BC 1001", 40, False, "0"]
    assert "LinkedTxn" not in made
    found = company.query("select * from Purchase where DocNumber = 'R-1001-C'")["Purchase"]
    assert [each["Id"] for each in found] == [made["Id"]]


def test_it_is_owed_by_the_customer_until_a_memo_is_applied(desk, company, customer):
    desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"), desk.spent("Sales returns", "2.00"))
    assert company.read("Customer", customer["value"])["Balance"] == 40
    assert company.balances()["Card clearing"] == -42


@pytest.mark.parametrize(
    ("kind", "account", "code"),
    [
        ("Check", "Card clearing", None),
        ("Check", "Undeposited Funds", "6430"),
        ("Cash", "Undeposited Funds", None),
        ("Cash", "Sales", "6430"),
        ("CreditCard", "Card clearing", "6430"),
        ("Other", "Card clearing", "2170"),
        ("Purchase", "Card clearing", "2170"),
    ],
)
def test_each_kind_is_paid_from_accounts_of_its_own(desk, customer, kind, account, code):
    header = {"PaymentType": kind, "AccountRef": desk.ref("Account", account)}
    line = desk.spent(RECEIVABLE, "40.00")
    if code is None:
        assert desk.send_back(customer, line, **header)["AccountRef"]["name"] == account
    else:
        assert desk.refused(desk.send_back, customer, line, **header) == [code]


def test_a_credit_card_is_charged(desk, company, customer):
    company.create("Account", {"Name": "Company card", "AccountType": "Credit Card"})
    card = desk.ref("Account", "Company card")
    desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"), PaymentType="CreditCard", AccountRef=card)
    assert company.balances()["Company card"] == -40
    owed = {"value": customer["value"], "type": "Customer"}
    line = desk.spent(RECEIVABLE, "40.00")
    credit = {"PaymentType": "CreditCard", "AccountRef": card, "EntityRef": owed, "Line": [line], "Credit": True}
    assert desk.refused(company.create, "Purchase", credit) == ["500"]


def test_what_is_refused(desk, company, customer):
    line = desk.spent(RECEIVABLE, "40.00")

    def refused(*lines, **header):
        return desk.refused(desk.send_back, customer, *lines, **header)

    assert refused() == ["2250"]
    assert refused({"DetailType": "AccountBasedExpenseLineDetail"}) == ["2020"]
    assert refused(line, PaymentType=None) == ["2020"]
    assert refused(line, AccountRef=None) == ["2020"]
    assert refused(line, EntityRef={**customer}) == ["2020"]
    assert refused(line, EntityRef={"value": "4711", "type": "Customer"}) == ["2500"]
    assert refused(line, CustomerRef=customer) == ["2010"]
    assert refused(desk.line("B", "40.00")) == ["6000"]
    assert refused(desk.spent("Sales returns", "-1.00")) == ["6000"]
    assert refused(desk.spent(RECEIVABLE, "40.00", TaxCodeRef={"value": "TAX"})) == ["6100"]
    assert refused(line, TxnTaxDetail={"TotalTax": 1}) == ["6470"]
    assert refused(line, line) == ["6000"]
    assert refused(desk.spent(RECEIVABLE, "0")) == ["6000"]
    assert refused(line, DocNumber="x" * 22) == ["2050"]
    assert company.objects("Purchase") == []


def test_the_receivables_want_a_customers_name(desk, company):
    line = desk.spent(RECEIVABLE, "40.00")
    vendor = {"value": company.id_of("Vendor", "Parcel Express"), "type": "Vendor"}
    body = {"PaymentType": "Cash", "AccountRef": desk.ref("Account", "Card clearing"), "Line": [line]}
    for who in ({}, {"EntityRef": vendor}):
        with pytest.raises(desk.FaultError, match="you must choose a customer in the Name field"):
            company.create("Purchase", body | who)
    returns = {**body, "Line": [desk.spent("Sales returns", "40.00")], "EntityRef": vendor}
    assert company.create("Purchase", returns)["EntityRef"]["name"] == "Parcel Express"


# -- outside the US


@pytest.mark.parametrize(
    ("tax", "code", "refused_with"),
    [
        ("NotApplicable", None, None),
        ("NotApplicable", "No VAT", ["6000"]),
        ("TaxExcluded", "No VAT", None),
        ("TaxExcluded", None, ["6000"]),
        ("TaxExcluded", "20.0% S", ["6470"]),
        (None, "No VAT", ["2020"]),
    ],
)
def test_in_the_uk_it_says_how_it_is_taxed(desk_of, tax, code, refused_with):
    uk = desk_of("uk")
    detail = {"TaxCodeRef": uk.ref("TaxCode", code)} if code else {}
    line = uk.spent(RECEIVABLE, "40.00", **detail)
    header = {"GlobalTaxCalculation": tax} if tax else {}
    if refused_with is None:
        made = uk.send_back(uk.customer(), line, **header)
        assert uk.company.entries("Purchase", made["Id"]) == {RECEIVABLE: D("40.00"), "Card clearing": D("-40.00")}
    else:
        assert uk.refused(uk.send_back, uk.customer(), line, **header) == refused_with


# -- in another currency


def test_the_receivable_and_the_money_must_be_of_the_customers_currency(desk_of):
    euro = desk_of("eur")
    customer = {"value": euro.company.create("Customer", {"DisplayName": "Ann", "CurrencyRef": {"value": "EUR"}})["Id"]}
    money = {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": D("1.10")}
    euro.invoice(euro.line("B", "100.00"), CustomerRef=customer, **money)
    line = euro.spent(f"{RECEIVABLE} - EUR", "40.00")
    clearing = euro.ref("Account", "Card clearing EUR")
    assert euro.refused(euro.send_back, customer, line, AccountRef=clearing) == ["2020"]
    home = {"CurrencyRef": {"value": "USD"}}
    assert euro.refused(euro.send_back, customer, line, AccountRef=clearing, **home) == ["6000"]
    assert euro.refused(euro.send_back, customer, euro.spent(RECEIVABLE, "40.00"), AccountRef=clearing, **money) == [
        "6000"
    ]
    assert euro.refused(euro.send_back, customer, euro.spent("Sales returns", "40.00"), **home) == ["6000"]
    made = euro.send_back(customer, line, AccountRef=clearing, **money)
    assert (made["TotalAmt"], made["CurrencyRef"]["value"], made["ExchangeRate"]) == (40, "EUR", D("1.1"))
    assert euro.company.foreign_balances()["Card clearing EUR"] == -40
    assert euro.company.read("Customer", customer["value"])["Balance"] == 140
    from_home = euro.send_back(customer, line, **money)
    assert euro.company.entries("Purchase", from_home["Id"])["Card clearing"] == D("-44.00")


# -- changes


def test_an_update_says_the_kind_again_and_cannot_change_it(desk, company, customer):
    made = desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"))
    change = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "corrected"}
    assert desk.refused(company.update, "Purchase", change) == ["2020"]
    assert desk.refused(company.update, "Purchase", {**change, "PaymentType": "Check"}) == ["6000"]
    assert company.update("Purchase", {**change, "PaymentType": "Cash"})["PrivateNote"] == "corrected"
    assert desk.refused(company.update, "Purchase", {**change, "PaymentType": "Cash"}) == ["5010"]


def test_it_cannot_shrink_below_what_is_applied_to_it(desk, company, customer):
    memo = desk.memo(desk.line("B", "40.00"), CustomerRef=customer)
    made = desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"))
    desk.apply(customer, desk.link(made, "40.00", "Expense"), desk.link(memo, "40.00", "CreditMemo"))
    change = {"Id": made["Id"], "SyncToken": "1", "sparse": True, "PaymentType": "Cash"}
    for lines in ([desk.spent(RECEIVABLE, "39.99")], [desk.spent("Sales returns", "40.00")]):
        assert desk.refused(company.update, "Purchase", {**change, "Line": lines}) == ["6000"]
    more = {**change, "Line": [desk.spent(RECEIVABLE, "41.00")]}
    assert company.update("Purchase", more)["TotalAmt"] == 41


def test_a_merged_customers_purchases_go_over(desk, company, customer):
    winner = desk.customer("Winner")
    made = desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"))
    company.merge_customer(customer["value"], winner["value"])
    assert company.read("Purchase", made["Id"])["EntityRef"]["name"] == "Winner"
    assert company.read("Customer", winner["value"])["Balance"] == 40


def test_its_number_is_its_own_and_leaves_the_companys_sequence_alone(desk, company, customer):
    desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"), DocNumber="R-1001")
    assert desk.refused(desk.send_back, customer, desk.spent(RECEIVABLE, "1.00"), DocNumber="R-1001") == ["6140"]
    assert desk.refund(desk.line("B", "1.00"), DocNumber="R-1001")["DocNumber"] == "R-1001"
    assert desk.memo(desk.line("B", "1.00"), DocNumber="R-1001", CustomerRef=customer)["DocNumber"] == "R-1001"
    for make in (desk.refund, desk.memo):
        assert desk.refused(make, desk.line("B", "1.00"), DocNumber="R-1001", CustomerRef=customer) == ["6140"]
    desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"), DocNumber="9000")
    assert desk.receipt(desk.line("B", "1.00"), DocNumber="AUTO_GENERATE")["DocNumber"] == "R-1002"
    company.preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = False
    assert "DocNumber" not in desk.send_back(customer, desk.spent(RECEIVABLE, "1.00"))
    company.warn_duplicates = False
    assert desk.send_back(customer, desk.spent(RECEIVABLE, "1.00"), DocNumber="R-1001")["DocNumber"] == "R-1001"

"""Worked examples 8 to 10: money sent back for a sale, in whole, in part and where it never came, with all entries."""

from decimal import Decimal

import pytest

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"


def dollars(**amounts):
    """`Card_clearing="88.77"` -> {"Card clearing": Decimal("88.77")}."""
    return {name.replace("_", " "): D(amount) for name, amount in amounts.items()}


@pytest.fixture
def lines_1001(desk):
    return [
        desk.line("A", "50.00", qty="2", price="25", tax="TAX"),
        desk.line("B", "30.00", qty="1", price="30", tax="TAX"),
        desk.line("Shipping", "10.00", tax="TAX"),
        desk.line("Discount", "-8.00", qty="1", price="-8", tax="TAX"),
    ]


@pytest.fixture
def invoice_1001(desk, lines_1001):
    """Example 1b, not yet paid."""
    return desk.invoice(
        *lines_1001,
        DocNumber="BC-1001",
        CustomerRef=desk.customer(),
        TxnDate="2026-05-20",
        TxnTaxDetail=desk.tax("6.77"),
    )


def stock(company):
    return company.query("select * from Item where Name = 'A'")["Item"][0]["QtyOnHand"]


def refund_1001(desk, *lines, **header):
    return desk.refund(*lines, DocNumber="R-1001", TxnDate="2026-06-03", TxnTaxDetail=desk.tax("1.86"), **header)


# -- 8: one unit with its tax


@pytest.fixture
def sold_1001(desk, lines_1001):
    clearing = desk.ref("Account", "Card clearing")
    desk.receipt(*lines_1001, DocNumber="BC-1001", DepositToAccountRef=clearing, TxnTaxDetail=desk.tax("6.77"))


@pytest.mark.usefixtures("sold_1001")
@pytest.mark.parametrize(
    ("item", "entries", "units"),
    [
        ("A", dollars(Sales="22.50", Inventory_Asset="12.00", Cost_of_Goods_Sold="-12.00"), 99),
        ("Returned", dollars(Sales_returns="22.50"), 98),
    ],
)
def test_8_a_unit_comes_back_into_stock_or_not(desk, item, entries, units):
    refund = refund_1001(desk, desk.line(item, "22.50", qty="1", price="22.50", tax="TAX"))
    assert (refund["TotalAmt"], refund["TxnTaxDetail"]["TotalTax"]) == (D("24.36"), D("1.86"))
    assert (refund["DepositToAccountRef"]["name"], refund["Balance"]) == ("Card clearing", 0)
    money = dollars(Sales_tax_payable="1.86", Card_clearing="-24.36")
    assert desk.company.entries("RefundReceipt", refund["Id"]) == entries | money
    assert stock(desk.company) == units
    assert desk.company.balances()["Card clearing"] == D("64.41")


@pytest.mark.usefixtures("sold_1001")
def test_8_to_store_credit(desk):
    refund = refund_1001(
        desk,
        desk.line("Returned", "22.50", qty="1", price="22.50", tax="TAX"),
        desk.line("Store credit", "-24.36", qty="1", price="-24.36", tax="NON"),
    )
    assert refund["TotalAmt"] == 0
    assert desk.company.entries("RefundReceipt", refund["Id"]) == dollars(
        Sales_returns="22.50", Sales_tax_payable="1.86", Store_credit="-24.36"
    )
    assert desk.company.balances()["Card clearing"] == D("88.77")


def test_refunds_that_are_refused(desk, company):
    line = desk.line("Returned", "22.50", qty="1", price="22.50", tax="TAX")
    assert desk.refused(company.create, "RefundReceipt", {"Line": [line]}) == ["2020"]
    liability = desk.ref("Account", "Store credit")
    assert desk.refused(desk.refund, line, DepositToAccountRef=liability) == ["6430"]
    too_much = desk.line("Store credit", "-24.37", qty="1", price="-24.37", tax="NON")
    assert desk.refused(refund_1001, desk, line, too_much) == ["6000"]
    assert desk.refused(desk.refund, desk.line("A", "22.50", tax="TAX")) == ["6520"]
    assert company.objects("RefundReceipt") == []


# -- 9: a sum without tax


@pytest.mark.usefixtures("sold_1001")
def test_9_a_custom_amount_without_tax(desk):
    refund_1001(desk, desk.line("Returned", "22.50", qty="1", price="22.50", tax="TAX"))
    second = desk.refund(desk.line("Returned", "10.00", tax="NON"), DocNumber="R-1001-2")
    assert (second["TotalAmt"], second["TxnTaxDetail"]["TotalTax"]) == (10, 0)
    assert desk.company.entries("RefundReceipt", second["Id"]) == dollars(Sales_returns="10.00", Card_clearing="-10.00")
    assert stock(desk.company) == 98
    assert desk.company.balances()["Card clearing"] == D("54.41")


# -- elsewhere


def test_8_and_9_in_the_uk(desk_of):
    """Goods of two rates come back, then a sum of no rate: the out-of-scope code."""
    uk = desk_of("uk")
    header = {"GlobalTaxCalculation": "TaxExcluded"}
    refund = uk.refund(
        uk.coded("Returned", "90.00", "20.0% S", qty="1", price="90"),
        uk.coded("Returned", "36.00", "0.0% Z", qty="1", price="36"),
        TxnTaxDetail=uk.taxes(("1", "18.00"), ("3", "0")),
        **header,
    )
    assert uk.company.entries("RefundReceipt", refund["Id"]) == dollars(
        Sales_returns="126.00", VAT_control="18.00", Card_clearing="-144.00"
    )
    assert [line["TaxLineDetail"]["NetAmountTaxable"] for line in refund["TxnTaxDetail"]["TaxLine"]] == [90, 36]
    second = uk.refund(uk.coded("Returned", "10.00", "No VAT"), **header)
    assert (second["TotalAmt"], second["TxnTaxDetail"]["TotalTax"]) == (10, 0)
    assert uk.refused(uk.refund, uk.line("Returned", "10.00"), **header) == ["6000"]
    assert uk.refused(uk.refund, uk.coded("Returned", "10.00", "No VAT")) == ["2020"]


def test_8_and_9_with_automated_tax(automated_desk):
    """The refund's own tax is honoured with a code; a sum without tax has no taxable line for the engine to tax."""
    desk = automated_desk
    override = {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": D("1.86")}
    refund = desk.refund(desk.line("Returned", "22.50", tax="TAX"), TxnTaxDetail=override)
    assert desk.company.entries("RefundReceipt", refund["Id"]) == dollars(
        Sales_returns="22.50", Sales_tax_payable="1.86", Card_clearing="-24.36"
    )
    assert desk.refund(desk.line("Returned", "10.00", tax="NON"))["TotalAmt"] == 10


@pytest.fixture
def euro(desk_of):
    """A desk whose euro is worth 1.10 dollars in May and 1.12 in June."""
    desk = desk_of("eur")
    for day, rate in (("2026-05-01", "1.10"), ("2026-06-01", "1.12")):
        desk.company.create("ExchangeRate", {"SourceCurrencyCode": "EUR", "AsOfDate": day, "Rate": D(rate)})
    return desk


def foreign_customer(desk):
    body = {"DisplayName": "Petra Nightingale (EUR)", "CurrencyRef": {"value": "EUR"}}
    return {"value": desk.company.create("Customer", body)["Id"]}


def test_11_a_refund_is_worth_what_its_own_day_says(euro):
    refund = euro.refund(
        euro.line("Returned", "20.00", tax="NON"),
        CustomerRef=foreign_customer(euro),
        DepositToAccountRef=euro.ref("Account", "Card clearing EUR"),
        CurrencyRef={"value": "EUR"},
        TxnDate="2026-06-03",
    )
    assert (refund["ExchangeRate"], refund["HomeTotalAmt"]) == (D("1.12"), D("22.40"))
    assert euro.company.entries("RefundReceipt", refund["Id"]) == {
        "Sales returns": D("22.40"),
        "Card clearing EUR": D("-22.40"),
    }
    assert euro.company.foreign_balances()["Card clearing EUR"] == -20


# -- 10: the sale is an invoice


def test_10a_a_paid_invoice_is_refunded_by_a_receipt_alone(desk, company, invoice_1001):
    desk.pay(invoice_1001, "88.77", DepositToAccountRef=desk.ref("Account", "Card clearing"))
    refund_1001(
        desk,
        desk.line("Returned", "22.50", qty="1", price="22.50", tax="TAX"),
        CustomerRef=invoice_1001["CustomerRef"],
    )
    assert company.read("Invoice", invoice_1001["Id"])["Balance"] == 0
    assert (company.balances()[RECEIVABLE], company.balances()["Card clearing"]) == (0, D("64.41"))
    assert company.read("Customer", invoice_1001["CustomerRef"]["value"])["Balance"] == 0


def test_10b_an_unpaid_invoice_is_voided(company, invoice_1001):
    voided = company.void("Invoice", {"Id": invoice_1001["Id"], "SyncToken": "0", "sparse": True})
    assert (voided["TotalAmt"], voided["Balance"], company.entries("Invoice", voided["Id"])) == (0, 0, {})
    assert (company.balances()[RECEIVABLE], stock(company)) == (0, 100)


CANCELLED = dollars(
    Sales="80.00",
    Shipping_income="10.00",
    Sales_tax_payable="6.77",
    Discounts_given="-8.00",
    Inventory_Asset="24.00",
    Cost_of_Goods_Sold="-24.00",
) | {RECEIVABLE: D("-88.77")}


@pytest.fixture
def memo_1001(desk, lines_1001, invoice_1001):
    return desk.memo(
        *lines_1001,
        DocNumber="R-1001",
        CustomerRef=invoice_1001["CustomerRef"],
        TxnDate="2026-06-03",
        TxnTaxDetail=desk.tax("6.77"),
    )


def test_10c_an_unpaid_invoice_of_an_earlier_month(desk, company, invoice_1001, memo_1001):
    assert (memo_1001["TotalAmt"], memo_1001["RemainingCredit"]) == (D("88.77"), D("88.77"))
    assert company.entries("CreditMemo", memo_1001["Id"]) == CANCELLED
    payment = desk.apply(
        memo_1001["CustomerRef"],
        desk.link(invoice_1001, "88.77"),
        desk.link(memo_1001, "88.77", "CreditMemo"),
        TxnDate="2026-06-03",
    )
    assert (payment["TotalAmt"], payment["UnappliedAmt"], company.entries("Payment", payment["Id"])) == (0, 0, {})
    invoice, memo = company.read("Invoice", invoice_1001["Id"]), company.read("CreditMemo", memo_1001["Id"])
    linked = [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert (invoice["Balance"], invoice["SyncToken"], invoice["LinkedTxn"]) == (0, "1", linked)
    assert (memo["RemainingCredit"], memo["SyncToken"], memo["LinkedTxn"]) == (0, "1", linked)
    assert (company.balances()[RECEIVABLE], stock(company)) == (0, 100)


@pytest.mark.parametrize(("kind", "txn_type"), [("Check", "Check"), ("Cash", "Expense")])
def test_10d_a_partly_paid_invoice_is_cancelled_and_the_money_sent_back(
    desk, company, invoice_1001, memo_1001, kind, txn_type
):
    customer = {"value": invoice_1001["CustomerRef"]["value"]}
    desk.pay(invoice_1001, "40.00", DepositToAccountRef=desk.ref("Account", "Card clearing"))
    desk.apply(customer, desk.link(invoice_1001, "48.77"), desk.link(memo_1001, "48.77", "CreditMemo"))
    assert company.read("CreditMemo", memo_1001["Id"])["RemainingCredit"] == 40
    back = desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"), PaymentType=kind, TxnDate="2026-06-03")
    assert (back["TotalAmt"], back["EntityRef"]["name"]) == (40, "Petra Nightingale")
    assert company.entries("Purchase", back["Id"]) == {RECEIVABLE: D("40.00"), "Card clearing": D("-40.00")}
    assert company.read("Customer", customer["value"])["Balance"] == 0
    payment = desk.apply(customer, desk.link(back, "40.00", txn_type), desk.link(memo_1001, "40.00", "CreditMemo"))
    assert [line["LinkedTxn"][0]["TxnType"] for line in payment["Line"]] == [txn_type, "CreditMemo"]
    assert company.entries("Payment", payment["Id"]) == {}
    assert company.read("Invoice", invoice_1001["Id"])["Balance"] == 0
    assert company.read("CreditMemo", memo_1001["Id"])["RemainingCredit"] == 0
    after = company.read("Purchase", back["Id"])
    assert (after["SyncToken"], after["LinkedTxn"]) == ("1", [{"TxnId": payment["Id"], "TxnType": "Payment"}])
    balances = {name: amount for name, amount in company.balances().items() if amount}
    assert balances == dollars(Inventory_Asset="1200.00", Opening_Balance_Equity="-1200.00")


def test_10d_the_other_names_of_a_purchase_are_refused(desk, memo_1001):
    customer = {"value": memo_1001["CustomerRef"]["value"]}
    back = desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"))

    def refused(*links, who=customer):
        return desk.refused(desk.apply, who, *links, desk.link(memo_1001, "40.00", "CreditMemo"))

    assert refused(desk.link(back, "40.00", "Purchase")) == ["620"]
    assert refused(desk.link(back, "40.00", "Check")) == ["610"]
    assert refused(desk.link(back, "40.01", "Expense")) == ["6000"]
    assert refused(desk.link(back, "39.99", "Expense")) == ["6000"]
    elsewhere = desk.send_back(customer, desk.spent("Sales returns", "40.00"))
    assert refused(desk.link(elsewhere, "40.00", "Expense")) == ["620"]
    somebody = desk.send_back(desk.customer("Somebody Else"), desk.spent(RECEIVABLE, "40.00"))
    assert refused(desk.link(somebody, "40.00", "Expense")) == ["620"]


def test_a_memo_is_not_applied_to_a_paid_invoice_nor_for_more_than_it_is_worth(desk, invoice_1001, memo_1001):
    customer = {"value": memo_1001["CustomerRef"]["value"]}
    desk.pay(invoice_1001, "40.00")

    def refused(invoice, memo):
        links = [desk.link(invoice_1001, invoice), desk.link(memo_1001, memo, "CreditMemo")]
        return desk.refused(desk.apply, customer, *links)

    assert refused("48.78", "48.78") == ["6000"]
    assert refused("48.77", "88.77") == ["6000"]
    assert refused("48.77", "48.76") == ["6000"]
    assert refused("88.77", "88.77") == ["6000"]
    desk.pay(invoice_1001, "48.77")
    assert refused("0.01", "0.01") == ["6000"]
    alone = desk.link(memo_1001, "88.77", "CreditMemo")
    assert desk.refused(desk.apply, customer, alone) == ["6000"]


def test_10c_in_the_uk(desk_of):
    uk = desk_of("uk")
    header = {
        "CustomerRef": uk.customer(),
        "GlobalTaxCalculation": "TaxExcluded",
        "TxnTaxDetail": uk.taxes(("1", "20.00"), ("2", "2.50")),
    }
    lines = [uk.coded("B", "100.00", "20.0% S"), uk.coded("B", "50.00", "5.0% R")]
    invoice, memo = uk.invoice(*lines, **header), uk.memo(*lines, **header)
    assert uk.company.entries("CreditMemo", memo["Id"]) == {RECEIVABLE: D("-172.50")} | dollars(
        Sales="150.00", VAT_control="22.50"
    )
    uk.apply(header["CustomerRef"], uk.link(invoice, "172.50"), uk.link(memo, "172.50", "CreditMemo"))
    assert {name for name, amount in uk.company.balances().items() if amount} == {
        "Inventory Asset",
        "Opening Balance Equity",
    }


def test_10d_in_euros_at_the_rates_of_three_days(euro):
    """Owed at 1.10 and credited at 1.12: applying the one to the other loses two cents a euro, as all do in the end."""
    customer, money = foreign_customer(euro), {"CurrencyRef": {"value": "EUR"}}
    receivable, clearing = f"{RECEIVABLE} - EUR", euro.ref("Account", "Card clearing EUR")
    may, june = {"TxnDate": "2026-05-20", **money}, {"TxnDate": "2026-06-03", **money}
    invoice = euro.invoice(euro.line("B", "100.00"), CustomerRef=customer, **may)
    euro.pay(invoice, "40.00", DepositToAccountRef=clearing, **may)
    memo = euro.memo(euro.line("B", "100.00"), CustomerRef=customer, **june)
    applied = euro.apply(customer, euro.link(invoice, "60.00"), euro.link(memo, "60.00", "CreditMemo"), **june)
    assert euro.company.entries("Payment", applied["Id"]) == {
        receivable: D("1.20"),
        "Exchange Gain or Loss": D("-1.20"),
    }
    back = euro.send_back(
        customer, euro.spent(receivable, "40.00"), AccountRef=clearing, ExchangeRate=D("1.15"), **june
    )
    assert euro.company.entries("Purchase", back["Id"]) == {receivable: D("46.00"), "Card clearing EUR": D("-46.00")}
    closed = euro.apply(customer, euro.link(back, "40.00", "Expense"), euro.link(memo, "40.00", "CreditMemo"), **june)
    assert euro.company.entries("Payment", closed["Id"]) == {
        receivable: D("-1.20"),
        "Exchange Gain or Loss": D("1.20"),
    }
    balances = euro.company.balances()
    assert (balances[receivable], euro.company.foreign_balances()[receivable]) == (0, 0)
    assert (euro.company.foreign_balances()["Card clearing EUR"], balances["Card clearing EUR"]) == (0, D("-2.00"))


# -- what goes away takes its links along


def test_a_deleted_memo_gives_the_invoice_back(desk, company, invoice_1001, memo_1001):
    links = [desk.link(invoice_1001, "88.77"), desk.link(memo_1001, "88.77", "CreditMemo")]
    payment = desk.apply(memo_1001["CustomerRef"], *links)
    company.delete("CreditMemo", {"Id": memo_1001["Id"], "SyncToken": "1"})
    assert company.read("Invoice", invoice_1001["Id"])["Balance"] == D("88.77")
    after = company.read("Payment", payment["Id"])
    assert (after["Line"], after["UnappliedAmt"], after["SyncToken"]) == ([], 0, "1")
    assert company.balances()[RECEIVABLE] == D("88.77")
    assert stock(company) == 98


@pytest.mark.parametrize("action", ["void", "delete"])
def test_a_vanished_invoice_gives_the_memo_back(desk, company, invoice_1001, memo_1001, action):
    links = [desk.link(invoice_1001, "88.77"), desk.link(memo_1001, "88.77", "CreditMemo")]
    payment = desk.apply(memo_1001["CustomerRef"], *links)
    getattr(company, action)("Invoice", {"Id": invoice_1001["Id"], "SyncToken": "1"})
    assert company.read("CreditMemo", memo_1001["Id"])["RemainingCredit"] == D("88.77")
    assert (company.read("Payment", payment["Id"])["UnappliedAmt"], company.balances()[RECEIVABLE]) == (0, D("-88.77"))


def test_of_two_invoices_a_smaller_credit_lets_go_of_the_later(desk, company):
    customer = desk.customer()
    first, second = (desk.invoice(desk.line("B", "30.00"), CustomerRef=customer) for _ in range(2))
    small, large = (desk.memo(desk.line("B", amount), CustomerRef=customer) for amount in ("20.00", "40.00"))
    desk.apply(
        customer,
        desk.link(first, "30.00"),
        desk.link(second, "30.00"),
        desk.link(small, "20.00", "CreditMemo"),
        desk.link(large, "40.00", "CreditMemo"),
    )
    company.delete("CreditMemo", {"Id": small["Id"], "SyncToken": "1"})
    assert [company.read("Invoice", each["Id"])["Balance"] for each in (first, second)] == [0, 20]


def test_a_deleted_expense_gives_the_memo_back(desk, company, memo_1001):
    customer = {"value": memo_1001["CustomerRef"]["value"]}
    back = desk.send_back(customer, desk.spent(RECEIVABLE, "40.00"))
    desk.apply(customer, desk.link(back, "40.00", "Expense"), desk.link(memo_1001, "40.00", "CreditMemo"))
    company.delete("Purchase", {"Id": back["Id"], "SyncToken": "1"})
    assert company.read("CreditMemo", memo_1001["Id"])["RemainingCredit"] == D("88.77")
    assert company.balances()["Card clearing"] == 0


# -- where the company applies credit memos by itself


@pytest.fixture
def applying(company):
    company.preferences["SalesFormsPrefs"]["AutoApplyCredit"] = True
    return company


def test_a_new_memo_settles_the_oldest_invoices_and_our_own_payment_is_refused(desk, applying):
    customer, other = desk.customer(), desk.customer("Somebody Else")
    invoices = [
        desk.invoice(desk.line("B", "30.00"), CustomerRef=who, TxnDate=day)
        for who, day in ((customer, "2026-02-01"), (customer, "2026-01-01"), (other, "2025-01-01"))
    ]
    memo = desk.memo(desk.line("B", "40.00"), CustomerRef=customer, TxnDate="2026-03-01")
    assert [applying.read("Invoice", each["Id"])["Balance"] for each in invoices] == [20, 0, 30]
    assert memo["RemainingCredit"] == 0
    made = applying.objects("Payment")
    assert [(each["TotalAmt"], each["TxnDate"]) for each in made] == [(0, "2026-03-01")] * 2
    links = [desk.link(invoices[1], "30.00"), desk.link(memo, "30.00", "CreditMemo")]
    assert desk.refused(desk.apply, customer, *links) == ["6000"]
    assert applying.balances()[RECEIVABLE] == 50


def test_a_new_invoice_takes_the_credit_that_lay_open(desk, applying):
    """What example 10 warns of: the memo of a paid invoice would settle the customer's next one."""
    customer = desk.customer()
    memo = desk.memo(desk.line("B", "40.00"), CustomerRef=customer)
    invoice = desk.invoice(desk.line("B", "60.00"), CustomerRef=customer)
    assert (invoice["Balance"], applying.read("CreditMemo", memo["Id"])["RemainingCredit"]) == (20, 0)
    assert desk.refused(desk.pay, invoice, "60.00") == ["6000"]


def test_no_company_uses_credit_unasked(desk, company):
    customer = desk.customer()
    desk.memo(desk.line("B", "40.00"), CustomerRef=customer)
    assert desk.invoice(desk.line("B", "60.00"), CustomerRef=customer)["Balance"] == 60
    assert company.objects("Payment") == []

"""Documents written by hand, in cents, and the debits and credits that they must lead to."""

from decimal import Decimal

import pytest

D = Decimal


def dollars(**amounts):
    """`Card_clearing="88.77"` -> {"Card clearing": Decimal("88.77")}; names with other characters come in a dict."""
    return {name.replace("_", " "): D(amount) for name, amount in amounts.items()}


RECEIVABLE = "Accounts Receivable (A/R)"
GOODS = {"Cost of Goods Sold": D("24.00"), "Inventory Asset": D("-24.00")}


@pytest.fixture
def lines_1001(desk):
    return [
        desk.line("A", "50.00", qty="2", price="25", tax="TAX"),
        desk.line("B", "30.00", qty="1", price="30", tax="TAX"),
        desk.line("Shipping", "10.00", tax="TAX"),
        desk.line("Discount", "-8.00", qty="1", price="-8", tax="TAX"),
    ]


def test_order_with_coupon_and_taxed_shipping_as_a_receipt(desk, lines_1001):
    receipt = desk.receipt(
        *lines_1001,
        DocNumber="BC-1001",
        DepositToAccountRef=desk.ref("Account", "Card clearing"),
        TxnTaxDetail=desk.tax("6.77"),
    )
    assert receipt["TotalAmt"] == D("88.77")
    assert receipt["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == D("82.00")
    assert desk.company.entries("SalesReceipt", receipt["Id"]) == GOODS | dollars(
        Card_clearing="88.77",
        Discounts_given="8.00",
        Sales="-80.00",
        Shipping_income="-10.00",
        Sales_tax_payable="-6.77",
    )


@pytest.mark.parametrize(("after_discount", "base"), [(True, "82.00"), (False, "90.00")])
def test_the_companys_own_discount_line_is_taxed_before_or_after(desk, lines_1001, after_discount, base):
    discount = {
        "Amount": D("8.00"),
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": False},
    }
    receipt = desk.receipt(
        *lines_1001[:3], discount, ApplyTaxAfterDiscount=after_discount, TxnTaxDetail=desk.tax("6.77")
    )
    assert receipt["TotalAmt"] == D("88.77")
    assert receipt["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == D(base)
    entries = desk.company.entries("SalesReceipt", receipt["Id"])
    assert (entries["Discounts given"], entries["Undeposited Funds"]) == (D("8.00"), D("88.77"))


def test_the_same_order_as_invoice_and_payment(desk, lines_1001):
    invoice = desk.invoice(*lines_1001, DocNumber="BC-1001", CustomerRef=desk.customer(), TxnTaxDetail=desk.tax("6.77"))
    assert (invoice["TotalAmt"], invoice["Balance"]) == (D("88.77"), D("88.77"))
    assert desk.company.entries("Invoice", invoice["Id"]) == GOODS | {RECEIVABLE: D("88.77")} | dollars(
        Discounts_given="8.00", Sales="-80.00", Shipping_income="-10.00", Sales_tax_payable="-6.77"
    )
    payment = desk.pay(invoice, "88.77", DepositToAccountRef=desk.ref("Account", "Card clearing"))
    assert desk.company.entries("Payment", payment["Id"]) == {
        "Card clearing": D("88.77"),
        RECEIVABLE: D("-88.77"),
    }
    assert desk.company.read("Invoice", invoice["Id"])["Balance"] == 0
    assert desk.company.read("Customer", invoice["CustomerRef"]["value"])["Balance"] == 0
    assert desk.company.balances()[RECEIVABLE] == 0


def test_prices_with_tax_and_a_manual_discount(desk_of):
    """Order 519: 2500.00 less 100.00, both with 5.5 % tax."""
    uk = desk_of("uk")
    code = uk.company.add_tax_code(name="5.5 %", percent=D("5.5"))
    rate = code["SalesTaxRateList"]["TaxRateDetail"][0]["TaxRateRef"]["value"]
    block = uk.taxes((rate, "125.12"))
    block["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] = D("2274.88")
    invoice = uk.invoice(
        uk.coded("B", "2369.67", "5.5 %", qty="10", price="236.967"),
        uk.coded("Discount", "-94.79", "5.5 %", qty="1", price="-94.79"),
        DocNumber="BC-519",
        CustomerRef=uk.customer(),
        GlobalTaxCalculation="TaxExcluded",
        TxnTaxDetail=block,
    )
    assert (invoice["TotalAmt"], invoice["TxnTaxDetail"]["TotalTax"]) == (D("2400.00"), D("125.12"))
    assert uk.company.entries("Invoice", invoice["Id"]) == {RECEIVABLE: D("2400.00")} | dollars(
        Discounts_given="94.79", Sales="-2369.67", VAT_control="-125.12"
    )


@pytest.fixture
def lines_1003(desk_of):
    uk = desk_of("uk")
    sold = [("100.00", "20.0% S"), ("100.00", "5.0% R"), ("40.00", "0.0% Z")]
    return uk, [uk.coded("B", amount, code, qty="1", price=amount) for amount, code in sold]


@pytest.mark.parametrize("rounding", ["rate", "line"])
def test_several_rates_and_a_tenth_off_the_whole_order(lines_1003, rounding):
    uk, sold = lines_1003
    uk.company.tax_rounding = rounding
    off = [("-10.00", "20.0% S"), ("-10.00", "5.0% R"), ("-4.00", "0.0% Z")]
    receipt = uk.receipt(
        *sold,
        *[uk.coded("Discount", amount, code, qty="1", price=amount) for amount, code in off],
        DocNumber="BC-1003",
        DepositToAccountRef=uk.ref("Account", "Card clearing"),
        GlobalTaxCalculation="TaxExcluded",
        TxnTaxDetail=uk.taxes(("1", "18.00"), ("2", "4.50"), ("3", "0")),
    )
    assert receipt["TotalAmt"] == D("238.50")
    assert [line["TaxLineDetail"]["NetAmountTaxable"] for line in receipt["TxnTaxDetail"]["TaxLine"]] == [90, 90, 36]
    assert [line["Amount"] for line in receipt["TxnTaxDetail"]["TaxLine"]] == [18, D("4.50"), 0]
    assert uk.company.entries("SalesReceipt", receipt["Id"]) == dollars(
        Card_clearing="238.50", Discounts_given="24.00", Sales="-240.00", VAT_control="-22.50"
    )


def test_one_discount_line_for_several_rates_is_wrong_by_2_30(lines_1003):
    uk, sold = lines_1003
    discount = uk.coded("Discount", "-24.00", "20.0% S", qty="1", price="-24")
    receipt = uk.receipt(*sold, discount, GlobalTaxCalculation="TaxExcluded")
    assert (receipt["TxnTaxDetail"]["TotalTax"], receipt["TotalAmt"]) == (D("20.20"), D("236.20"))


def test_a_gift_certificate_sold_is_no_revenue(desk):
    receipt = desk.receipt(
        desk.line("B", "20.00", qty="1", price="20", tax="TAX"),
        desk.line("Gift certificate", "50.00", qty="1", price="50", tax="NON"),
        DepositToAccountRef=desk.ref("Account", "Card clearing"),
        TxnTaxDetail=desk.tax("1.65"),
    )
    assert receipt["TotalAmt"] == D("71.65")
    assert desk.company.entries("SalesReceipt", receipt["Id"]) == dollars(
        Card_clearing="71.65", Sales="-20.00", Gift_certificates="-50.00", Sales_tax_payable="-1.65"
    )


@pytest.fixture
def lines_1005(desk):
    return [
        desk.line("B", "80.00", qty="1", price="80", tax="TAX"),
        desk.line("Shipping", "5.00", tax="TAX"),
        desk.line("Gift certificate", "-50.00", qty="1", price="-50", tax="NON"),
    ]


SALE_1005 = dollars(Gift_certificates="50.00", Sales="-80.00", Shipping_income="-5.00", Sales_tax_payable="-7.01")


def test_a_gift_certificate_redeemed_on_a_receipt(desk, lines_1005):
    clearing = desk.ref("Account", "Card clearing")
    receipt = desk.receipt(*lines_1005, DepositToAccountRef=clearing, TxnTaxDetail=desk.tax("7.01"))
    assert receipt["TotalAmt"] == D("42.01")
    assert desk.company.entries("SalesReceipt", receipt["Id"]) == SALE_1005 | dollars(Card_clearing="42.01")


def test_a_gift_certificate_redeemed_on_an_invoice(desk, lines_1005):
    invoice = desk.invoice(*lines_1005, CustomerRef=desk.customer(), TxnTaxDetail=desk.tax("7.01"))
    assert desk.company.entries("Invoice", invoice["Id"]) == SALE_1005 | {RECEIVABLE: D("42.01")}
    payment = desk.pay(invoice, "42.01", DepositToAccountRef=desk.ref("Account", "Card clearing"))
    assert desk.company.entries("Payment", payment["Id"])["Card clearing"] == D("42.01")
    assert desk.company.balances()[RECEIVABLE] == 0


def test_a_payment_cannot_be_deposited_to_the_liability(desk, lines_1005):
    invoice = desk.invoice(*lines_1005, CustomerRef=desk.customer(), TxnTaxDetail=desk.tax("7.01"))
    liability = desk.ref("Account", "Gift certificates")
    assert desk.refused(desk.pay, invoice, "42.01", DepositToAccountRef=liability) == ["6430"]


def test_an_invoice_in_full_settled_by_a_credit_memo_for_the_certificate(desk, lines_1005):
    customer = desk.customer()
    invoice = desk.invoice(*lines_1005[:2], CustomerRef=customer, TxnTaxDetail=desk.tax("7.01"))
    assert invoice["TotalAmt"] == D("92.01")
    certificate = desk.line("Gift certificate", "50.00", qty="1", price="50", tax="NON")
    memo = desk.company.create("CreditMemo", {"Line": [certificate], "CustomerRef": customer})
    assert desk.company.entries("CreditMemo", memo["Id"]) == {
        "Gift certificates": D("50.00"),
        RECEIVABLE: D("-50.00"),
    }
    links = [
        {"Amount": D("50.00"), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]},
        {"Amount": D("50.00"), "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]},
    ]
    applied = desk.company.create("Payment", {"TotalAmt": 0, "CustomerRef": customer, "Line": links})
    assert desk.company.entries("Payment", applied["Id"]) == {}
    assert desk.company.read("CreditMemo", memo["Id"])["RemainingCredit"] == 0
    desk.pay(invoice, "42.01")
    assert desk.company.read("Invoice", invoice["Id"])["Balance"] == 0
    assert desk.company.balances()[RECEIVABLE] == 0


def test_paid_in_whole_with_store_credit(desk):
    receipt = desk.receipt(
        desk.line("B", "60.00", qty="1", price="60", tax="TAX"),
        desk.line("Store credit", "-64.95", qty="1", price="-64.95", tax="NON"),
        TxnTaxDetail=desk.tax("4.95"),
    )
    assert receipt["TotalAmt"] == 0
    assert desk.company.entries("SalesReceipt", receipt["Id"]) == dollars(
        Store_credit="64.95", Sales="-60.00", Sales_tax_payable="-4.95"
    )


def test_fee_handling_and_wrapping(desk):
    receipt = desk.receipt(
        desk.line("B", "100.00", qty="1", price="100", tax="TAX"),
        desk.line("Shipping", "12.00", tax="NON"),
        desk.line("Handling", "3.00", tax="TAX"),
        desk.line("Wrapping", "4.00", tax="TAX"),
        desk.line("Fee", "2.50", tax="NON"),
        DepositToAccountRef=desk.ref("Account", "Card clearing"),
        TxnTaxDetail=desk.tax("8.56", code="6", rate="9", percent="8"),
    )
    assert receipt["TotalAmt"] == D("130.06")
    assert receipt["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["NetAmountTaxable"] == D("107.00")
    assert desk.company.entries("SalesReceipt", receipt["Id"]) == dollars(
        Card_clearing="130.06",
        Sales="-100.00",
        Shipping_income="-12.00",
        Handling_income="-3.00",
        Wrapping_income="-4.00",
        Fee_income="-2.50",
        Sales_tax_payable="-8.56",
    )


def test_a_refund_that_puts_goods_back(desk, lines_1001):
    clearing = desk.ref("Account", "Card clearing")
    desk.receipt(*lines_1001, DepositToAccountRef=clearing, TxnTaxDetail=desk.tax("6.77"))
    refund = desk.company.create(
        "RefundReceipt",
        {
            "Line": [desk.line("A", "22.50", qty="1", price="22.50", tax="TAX")],
            "DepositToAccountRef": clearing,
            "TxnTaxDetail": desk.tax("1.86"),
        },
    )
    assert refund["TotalAmt"] == D("24.36")
    assert desk.company.entries("RefundReceipt", refund["Id"]) == dollars(
        Sales="22.50",
        Sales_tax_payable="1.86",
        Card_clearing="-24.36",
        Inventory_Asset="12.00",
        Cost_of_Goods_Sold="-12.00",
    )
    assert desk.company.query("select * from Item where Name = 'A'")["Item"][0]["QtyOnHand"] == 99


def test_every_document_leaves_the_books_in_balance(desk, lines_1001):
    invoice = desk.invoice(*lines_1001, CustomerRef=desk.customer(), TxnTaxDetail=desk.tax("6.77"))
    desk.pay(invoice, "40.00")
    desk.receipt(*lines_1001, TxnTaxDetail=desk.tax("6.77"))
    assert sum(desk.company.balances().values()) == 0
    assert desk.company.balances()[RECEIVABLE] == D("48.77")

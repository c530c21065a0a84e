"""The proof after the sale: refunds, cancellations, edits and money, with documents put into the company by hand."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from simulator.bigcommerce import fulfilment, journal
from simulator.bigcommerce.refund_figures import counts
from simulator.bigcommerce.store import Store
from simulator.lives import Lives, settle
from simulator.orders import generate
from simulator.proof import prove
from simulator.quickbooks.company import Company

D = Decimal
CARD = "Card clearing"


@dataclass
class Desk:
    """Order 1001 of 88.77 with 6.77 tax, paid by card, and a person who enters what becomes of it."""

    shop: Store
    company: Company

    def __post_init__(self):
        self.customer = {"value": self.company.create("Customer", {"DisplayName": "Ada Byrne"})["Id"]}

    def item(self, name, amount, code="NON"):
        detail = {"ItemRef": {"value": self.company.id_of("Item", name)}, "Qty": 1, "UnitPrice": D(amount)}
        detail["TaxCodeRef"] = {"value": code}
        return {"Amount": D(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}

    def enter(self, entity, marker, net, tax, *more, account=CARD, **header):
        detail = {"PercentBased": True, "TaxRateRef": {"value": self.company.id_of("TaxRate", "State tax")}}
        tax_line = {"Amount": D(tax), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
        code = {"value": self.company.id_of("TaxCode", "State tax")}
        block = {"TxnTaxCodeRef": code, "TotalTax": D(tax), "TaxLine": [tax_line]}
        money = {} if entity in ("Invoice", "CreditMemo") else {"DepositToAccountRef": self.account(account)}
        body = {
            "CustomerRef": self.customer,
            "PrivateNote": f"By hand.\ncartledger:sim5tore:{marker}",
            "Line": [*([self.item("Returned", net, "TAX")] if D(net) else []), *more],
            **({"TxnTaxDetail": block} if D(tax) else {}),
            **money,
            **header,
        }
        return self.company.create(entity, body)

    def account(self, name):
        return {"value": self.company.id_of("Account", name)}

    def pay(self, amount, *links, marker="payment:1001", account=CARD):
        """`links` are (amount, document's id, type)."""
        lines = [{"Amount": D(a), "LinkedTxn": [{"TxnId": i, "TxnType": kind}]} for a, i, kind in links]
        body = {"CustomerRef": self.customer, "TotalAmt": D(amount), "Line": lines}
        note = f"By hand.\ncartledger:sim5tore:{marker}"
        return self.company.create(
            "Payment", {**body, "DepositToAccountRef": self.account(account), "PrivateNote": note}
        )

    def send_back(self, amount):
        line = {
            "Amount": D(amount),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": self.account("Accounts Receivable (A/R)")},
        }
        party = {**self.customer, "type": "Customer"}
        body = {"PaymentType": "Check", "AccountRef": self.account(CARD), "EntityRef": party, "Line": [line]}
        return self.company.create("Purchase", body)

    def refund(self, total, tax, *payments, number=1, order_id=1001):
        """A row of the shop; `payments` are (provider, amount) or (provider, amount, "offline" or "declined")."""
        paid = payments or (("stripe", total),)
        self.shop.add_refund(
            {
                "id": number,
                "order_id": order_id,
                "total_amount": D(total),
                "total_tax": D(tax),
                "items": [],
                "payments": [
                    {
                        "provider_id": provider,
                        "amount": D(amount),
                        "offline": "offline" in how,
                        "is_declined": "declined" in how,
                    }
                    for provider, amount, *how in paid
                ],
            }
        )

    def prove(self):
        assert sum(self.company.balances().values()) == 0
        return prove(self.shop, self.company)

    def money(self):
        sides = self.prove()["totals"]["USD"]["money"]
        return sides["shop"], sides["books"]


def order(number=1001, total="88.77", tax="6.77", received=(("stripe", "88.77"),), **header):
    return {
        "id": number,
        "status_id": 11,
        "is_tax_inclusive_pricing": False,
        "default_currency_code": "USD",
        "total_inc_tax": total,
        "total_tax": tax,
        "gift_certificate_amount": "0.0000",
        "store_credit_amount": "0.0000",
        "taxes": [{"rate": "8.2500", "line_amount": tax}],
        "transactions": [
            {"event": "purchase", "status": "ok", "gateway": gateway, "amount": D(amount)}
            for gateway, amount in received
        ],
        **header,
    }


@pytest.fixture
def desk():
    desk = Desk(Store(), Company())
    desk.shop.add_order(order())
    return desk


@pytest.fixture
def sold(desk):
    """The order is a sales receipt."""
    desk.enter("SalesReceipt", "order:1001", "82.00", "6.77")
    return desk


@pytest.fixture
def unpaid():
    """The order is an invoice, and nothing came in."""
    desk = Desk(Store(), Company())
    desk.shop.add_order(order(received=()))
    desk.invoice = desk.enter("Invoice", "order:1001", "82.00", "6.77")["Id"]
    return desk


def counted(count, difference="0.00"):
    return {"count": count, "difference": difference}


# -- refunds


def test_a_refund_and_its_receipt(sold):
    sold.refund("24.36", "1.86")
    sold.enter("RefundReceipt", "refund:1", "22.50", "1.86", DocNumber="R-1001")
    proof = sold.prove()
    assert (proof["refunds"], proof["off_by_refund"], proof["difference"]) == (counted(1), {}, "0.00")
    assert proof["totals"]["USD"] == {
        "sales": {"shop": "88.77", "books": "88.77"},
        "tax": {"shop": "6.77", "books": "6.77"},
        "money": {"shop": "64.41", "books": "64.41"},
    }
    assert proof["clearing"] == {CARD: {"shop": "64.41", "books": "64.41"}}


@pytest.mark.parametrize(
    ("net", "tax", "difference"),
    [("22.51", "1.86", "0.01"), ("22.49", "1.87", "0.01"), ("22.50", "1.87", "0.02"), ("24.36", "0", "1.86")],
)
def test_a_cent_of_value_or_of_tax_is_a_difference(sold, net, tax, difference):
    sold.refund("24.36", "1.86")
    sold.enter("RefundReceipt", "refund:1", net, tax)
    assert sold.prove()["refunds"] == counted(1, difference)
    assert sold.prove()["off_by_refund"] == {"1": difference}


def test_a_refund_that_nothing_stands_for_differs_by_all_of_it(sold):
    sold.refund("24.36", "1.86")
    sold.refund("10.00", "0.00", number=2)
    sold.enter("RefundReceipt", "refund:2", "0", "0", sold.item("Returned", "10.00"))
    assert sold.prove()["refunds"] == counted(2, "26.22")
    assert sold.money() == ("54.41", "78.77")


def test_two_documents_for_one_refund_are_a_duplicate(sold):
    sold.refund("24.36", "1.86")
    for number in ("R-1001", "R-1001-2"):
        sold.enter("RefundReceipt", "refund:1", "22.50", "1.86", DocNumber=number)
    assert (sold.prove()["duplicates"], sold.prove()["documents"]) == (1, 1)
    assert sold.money() == ("64.41", "40.05")


def test_another_shops_refund_or_a_sale_that_says_so_is_none(sold):
    sold.refund("24.36", "1.86")
    sold.enter("RefundReceipt", "refund:1", "22.50", "1.86", PrivateNote="cartledger:other:refund:1")
    sold.enter("SalesReceipt", "refund:1", "22.50", "1.86")
    assert sold.prove()["refunds"] == counted(1, "26.22")


def test_what_went_to_store_credit_or_a_certificate_counts_as_given_back(sold):
    sold.refund("24.36", "1.86", ("storecredit", "20.00"), ("giftcertificate", "4.36"))
    credit = [sold.item("Store credit", "-20.00"), sold.item("Gift certificate", "-4.36")]
    sold.enter("RefundReceipt", "refund:1", "22.50", "1.86", *credit)
    assert sold.prove()["refunds"] == counted(1)
    assert sold.money() == ("88.77", "88.77")


def test_a_certificate_that_was_sold_and_comes_back_is_given_back_in_money(sold):
    sold.refund("50.00", "0.00")
    sold.enter("RefundReceipt", "refund:1", "0", "0", sold.item("Gift certificate", "50.00"))
    assert sold.prove()["refunds"] == counted(1)


def test_what_a_provider_is_only_said_to_have_given_back_it_still_has(sold):
    sold.refund("24.36", "1.86", ("stripe", "24.36", "offline"))
    sold.enter("RefundReceipt", "refund:1", "22.50", "1.86", account="Cash clearing")
    assert sold.prove()["clearing"] == {CARD: {"shop": "88.77", "books": "88.77"}}
    assert sold.money() == ("64.41", "64.41")


def test_a_discount_on_a_refund_takes_off_its_value(sold):
    sold.refund("24.36", "1.86")
    sold.enter("RefundReceipt", "refund:1", "27.50", "1.86", sold.item("Discount", "-5.00"))
    assert sold.prove()["refunds"] == counted(1)


def test_a_declined_refund_needs_nothing_and_what_stands_for_one_is_a_difference(sold):
    sold.refund("24.36", "1.86", ("stripe", "24.36", "declined"))
    assert sold.prove()["refunds"] == counted(0)
    assert sold.money() == ("88.77", "88.77")
    sold.enter("RefundReceipt", "refund:1", "22.50", "1.86")
    assert sold.prove()["refunds"] == counted(0, "26.22")


def test_of_a_refund_in_two_payments_counts_what_was_not_declined(sold):
    sold.refund("24.36", "0.00", ("stripe", "20.00"), ("storecredit", "4.36", "declined"))
    sold.enter("RefundReceipt", "refund:1", "0", "0", sold.item("Returned", "20.00"))
    assert sold.prove()["refunds"] == counted(1)
    assert sold.money() == ("68.77", "68.77")


def test_a_refund_without_payments_is_taken_at_its_word(sold):
    sold.shop.add_refund(
        {"id": 1, "order_id": 1001, "total_amount": D("3.00"), "total_tax": D(0), "items": [], "payments": []}
    )
    assert sold.prove()["refunds"] == counted(1, "3.00")


def test_refunds_of_what_was_never_booked_are_no_concern_of_the_books(desk):
    desk.refund("24.36", "1.86")
    proof = desk.prove()
    assert (proof["refunds"], proof["totals"]) == (counted(0), {})


def test_a_refund_may_stand_without_its_sale(desk):
    desk.refund("24.36", "1.86")
    desk.enter("RefundReceipt", "refund:1", "22.50", "1.86")
    assert (desk.prove()["refunds"], desk.prove()["posted"]) == (counted(1), 0)
    assert desk.money() == ("-24.36", "-24.36")
    assert desk.prove()["clearing"] == {CARD: {"shop": "-24.36", "books": "-24.36"}}


def test_a_memo_that_lies_open_is_a_difference_until_it_is_used(unpaid):
    unpaid.refund("24.36", "1.86", ("custom", "24.36", "offline"))
    memo = unpaid.enter("CreditMemo", "refund:1", "22.50", "1.86")["Id"]
    assert unpaid.prove()["refunds"] == counted(1, "24.36")
    unpaid.pay("0", ("24.36", unpaid.invoice, "Invoice"), ("24.36", memo, "CreditMemo"), marker="refund-application:1")
    assert unpaid.prove()["refunds"] == counted(1)
    assert unpaid.money() == ("64.41", "64.41")
    assert unpaid.prove()["clearing"] == {}


@pytest.fixture
def euros():
    """The order is one of 20.00 EUR without tax, paid by card, and all of it was refunded; the company is in USD."""
    desk = Desk(Store(currency="EUR"), Company(kind="eur"))
    desk.customer = {
        "value": desk.company.create("Customer", {"DisplayName": "Ada (EUR)", "CurrencyRef": {"value": "EUR"}})["Id"]
    }
    desk.shop.add_order(order(default_currency_code="EUR", total="20.00", tax="0", received=(("stripe", "20.00"),)))
    desk.refund("20.00", "0.00")
    return desk


def test_another_currency_has_accounts_of_its_own(euros):
    abroad = {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": D("1.08"), "account": f"{CARD} EUR"}
    euros.enter("SalesReceipt", "order:1001", "0", "0", euros.item("Returned", "20.00"), **abroad)
    assert euros.prove()["totals"]["EUR"]["money"] == {"shop": "0.00", "books": "20.00"}
    euros.enter("RefundReceipt", "refund:1", "0", "0", euros.item("Returned", "20.00"), **abroad)
    assert euros.prove()["refunds"] == counted(1)
    assert euros.prove()["totals"]["EUR"]["money"] == {"shop": "0.00", "books": "0.00"}
    assert euros.prove()["clearing"] == {f"{CARD} EUR": {"shop": "0.00", "books": "0.00"}}


def test_a_refund_in_another_currency_than_the_order_comes_to_nothing(euros):
    euros.customer = {"value": euros.company.id_of("Customer", "Dana Whitfield")}
    at_home = {"CurrencyRef": {"value": "USD"}}
    euros.enter("RefundReceipt", "refund:1", "0", "0", euros.item("Returned", "20.00"), **at_home)
    assert euros.prove()["refunds"] == counted(1, "20.00")


# -- cancellations


def test_a_voided_invoice_is_counted_and_its_refunds_need_nothing(unpaid):
    unpaid.refund("88.77", "6.77", ("custom", "88.77", "offline"))
    unpaid.company.void("Invoice", {"Id": unpaid.invoice, "SyncToken": "0"})
    proof = unpaid.prove()
    assert (proof["posted"], proof["documents"]) == (0, 0)
    assert (proof["voids"], proof["refunds"], proof["off_by_void"]) == (counted(1), counted(0), {})
    assert unpaid.money() == ("0.00", "0.00")


def test_money_on_a_voided_invoice_lies_open(unpaid):
    unpaid.pay("40.00", ("40.00", unpaid.invoice, "Invoice"), marker="payment:1001-7")
    token = unpaid.company.read("Invoice", unpaid.invoice)["SyncToken"]
    unpaid.company.void("Invoice", {"Id": unpaid.invoice, "SyncToken": token})
    proof = unpaid.prove()
    assert (proof["voids"], proof["off_by_void"]) == (counted(1, "40.00"), {"1001": "40.00"})


def test_a_voided_invoice_that_was_entered_again_is_a_sale(unpaid):
    unpaid.company.void("Invoice", {"Id": unpaid.invoice, "SyncToken": "0"})
    unpaid.enter("SalesReceipt", "order:1001", "82.00", "6.77")
    unpaid.refund("24.36", "1.86", ("custom", "24.36", "offline"))
    proof = unpaid.prove()
    assert (proof["posted"], proof["documents"], proof["duplicates"]) == (1, 1, 0)
    assert (proof["voids"], proof["refunds"]) == (counted(1), counted(1, "26.22"))
    assert unpaid.money() == ("64.41", "88.77")


def test_a_voided_receipt_is_no_voided_invoice(sold):
    receipt = sold.company.objects("SalesReceipt")[0]["Id"]
    sold.company.void("SalesReceipt", {"Id": receipt, "SyncToken": "0"})
    assert (sold.prove()["voids"], sold.prove()["posted"]) == (counted(0), 0)


def test_a_sale_taken_back_by_a_memo_stands_and_leaves_nothing(unpaid):
    memo = unpaid.enter("CreditMemo", "cancellation:1001", "82.00", "6.77", DocNumber="R-1001")["Id"]
    assert unpaid.prove()["voids"] == counted(1, "177.54")
    unpaid.pay("0", ("88.77", unpaid.invoice, "Invoice"), ("88.77", memo, "CreditMemo"), marker="application:1001")
    proof = unpaid.prove()
    assert (proof["posted"], proof["documents"], proof["difference"]) == (1, 1, "0.00")
    assert (proof["voids"], proof["refunds"]) == (counted(1), counted(0))
    assert unpaid.money() == ("0.00", "0.00")


def test_a_memo_that_leaves_tax_is_a_difference(unpaid):
    memo = unpaid.enter("CreditMemo", "cancellation:1001", "83.00", "5.77")["Id"]
    unpaid.pay("0", ("88.77", unpaid.invoice, "Invoice"), ("88.77", memo, "CreditMemo"), marker="application:1001")
    assert unpaid.prove()["voids"] == counted(1, "1.00")


def test_a_second_memo_of_a_cancellation_is_a_duplicate(unpaid):
    for number in ("R-1001", "R-1001-2"):
        unpaid.enter("CreditMemo", "cancellation:1001", "82.00", "6.77", DocNumber=number)
    assert (unpaid.prove()["voids"]["count"], unpaid.prove()["duplicates"]) == (2, 1)


def test_a_sale_paid_in_part_taken_back_and_its_money_sent_back():
    """Example 10d."""
    desk = Desk(Store(), Company())
    desk.shop.add_order(order(received=(("stripe", "40.00"),)))
    invoice = desk.enter("Invoice", "order:1001", "82.00", "6.77")["Id"]
    desk.pay("40.00", ("40.00", invoice, "Invoice"))
    assert desk.money() == ("88.77", "88.77")
    assert desk.prove()["clearing"] == {CARD: {"shop": "40.00", "books": "40.00"}}
    desk.refund("88.77", "6.77", ("stripe", "40.00"), ("custom", "48.77", "offline"))
    memo = desk.enter("CreditMemo", "refund:1", "82.00", "6.77")["Id"]
    desk.pay("0", ("48.77", invoice, "Invoice"), ("48.77", memo, "CreditMemo"), marker="refund-application:1")
    check = desk.send_back("40.00")["Id"]
    assert desk.prove()["refunds"] == counted(1, "40.00")
    desk.pay("0", ("40.00", check, "Check"), ("40.00", memo, "CreditMemo"), marker="refund-cash-application:1")
    assert desk.prove()["refunds"] == counted(1)
    assert desk.money() == ("0.00", "0.00")
    assert desk.prove()["clearing"] == {CARD: {"shop": "0.00", "books": "0.00"}}


# -- edits


def test_what_the_api_changed_is_counted_and_not_what_a_person_or_a_payment_did(unpaid):
    unpaid.pay("88.77", ("88.77", unpaid.invoice, "Invoice"))
    unpaid.company.edit_document("Invoice", unpaid.invoice, ShipDate="2026-05-01")
    assert unpaid.prove()["edits"] == counted(0)
    token = unpaid.company.read("Invoice", unpaid.invoice)["SyncToken"]
    body = {"Id": unpaid.invoice, "SyncToken": token, "sparse": True, "TrackingNum": "1Z"}
    unpaid.company.update("Invoice", body, requestid="same")
    unpaid.company.update("Invoice", body, requestid="same")
    assert unpaid.prove()["edits"] == counted(1)


def test_what_an_edit_left_wrong_is_a_difference_of_edits_and_of_all(sold):
    other = order(1002)
    sold.shop.add_order(other)
    sold.enter("SalesReceipt", "order:1002", "82.01", "6.77")
    receipt = sold.company.objects("SalesReceipt")[0]["Id"]
    lines = {
        "Line": [sold.item("Returned", "84.00", "TAX")],
        "TxnTaxDetail": sold.company.objects("SalesReceipt")[0]["TxnTaxDetail"],
    }
    sold.company.update("SalesReceipt", {"Id": receipt, "SyncToken": "0", "sparse": True, **lines})
    proof = sold.prove()
    assert (proof["edits"], proof["difference"]) == (counted(1, "2.00"), "2.01")
    sold.shop.update(1001, total_inc_tax="90.7700")
    assert sold.prove()["edits"] == counted(1)


def test_what_an_edit_added_is_owed_until_it_is_paid(sold):
    sold.shop.update(1001, total_inc_tax="100.0000")
    assert sold.money() == ("100.00", "88.77")
    added = {"event": "purchase", "status": "ok", "gateway": "stripe", "amount": D("11.23")}
    assert sold.prove()["clearing"] == {CARD: {"shop": "88.77", "books": "88.77"}}
    sold.shop.orders[1001].transactions.append(added)
    assert sold.money() == ("100.00", "88.77")
    assert sold.prove()["clearing"] == {CARD: {"shop": "100.00", "books": "88.77"}}


def test_what_an_edit_took_off_and_a_refund_gave_back_stays_part_of_the_sale(sold):
    sold.shop.update(1001, total_inc_tax="64.4100", total_tax="4.9100")
    assert (sold.prove()["difference"], sold.prove()["tax_difference"]) == ("26.22", "1.86")
    assert sold.money() == ("88.77", "88.77")
    sold.refund("24.36", "1.86")
    sold.enter("RefundReceipt", "refund:1", "22.50", "1.86")
    proof = sold.prove()
    assert [proof[name] for name in ("difference", "tax_difference", "rows")] == ["0.00", "0.00", []]
    assert (proof["refunds"], sold.money()) == (counted(1), ("64.41", "64.41"))
    assert proof["totals"]["USD"]["sales"] == {"shop": "88.77", "books": "88.77"}
    assert proof["totals"]["USD"]["tax"] == {"shop": "6.77", "books": "6.77"}


@pytest.mark.parametrize("how", [("24.35", "1.86"), ("24.36", "1.86", ("stripe", "24.36", "declined"))])
def test_a_refund_of_another_amount_or_a_declined_one_explains_no_edit(sold, how):
    sold.shop.update(1001, total_inc_tax="64.4100", total_tax="4.9100")
    sold.refund(*how)
    assert sold.prove()["difference"] == "26.22"


def test_a_refund_that_gives_back_more_tax_than_the_edit_took_off_is_a_difference(sold):
    sold.shop.update(1001, total_inc_tax="64.4100", total_tax="4.9100")
    sold.refund("24.36", "0.00")
    assert (sold.prove()["difference"], sold.prove()["tax_difference"]) == ("1.86", "1.86")


def test_a_market_place_leaves_no_transactions_and_its_money_is_expected_with_the_cards():
    desk = Desk(Store(), Company())
    desk.shop.add_order(order(received=(), payment_method="Ebay"))
    desk.enter("SalesReceipt", "order:1001", "82.00", "6.77")
    assert desk.prove()["clearing"] == {CARD: {"shop": "88.77", "books": "88.77"}}
    desk.refund("24.36", "1.86", ("custom", "24.36", "offline"))
    assert desk.prove()["clearing"] == {CARD: {"shop": "64.41", "books": "88.77"}}


# -- whole lives

ACCOUNTS = {"stripe": CARD, "paypalcommerce": "PayPal clearing", "custom": "Cash clearing"}
CREDIT = {"storecredit": "Store credit", "giftcertificate": "Gift certificate"}


def is_sold(order):
    tried = any(row["gateway"] == "testgateway" for row in order.transactions)
    return order.header["status_id"] not in (0, 1, 5, 6, 7) and not tried


def is_of_a_market_place(order):
    return order.header["payment_method"] in ("Amazon", "Ebay") and not journal.money_in(order)


def enter_sale(desk, order, back):
    """An invoice, and a payment for all that providers took. `back` was taken back by an edit: total and tax."""
    total, tax = (D(order.header[name]) + back for name, back in zip(("total_inc_tax", "total_tax"), back, strict=True))
    used = {"Gift certificate": "gift_certificate_amount", "Store credit": "store_credit_amount"}
    credit = [desk.item(item, -D(order.header[name])) for item, name in used.items() if D(order.header[name])]
    untaxed = [] if tax else [desk.item("Returned", total)]
    marker = f"order:{order.id}"
    invoice = desk.enter(
        "Invoice", marker, total - tax if tax else "0", tax, *untaxed, *credit, DocNumber=str(order.id)
    )
    taken = [(ACCOUNTS[row["gateway"]], row["amount"]) for row in journal.money_in(order) if row["gateway"] in ACCOUNTS]
    if is_of_a_market_place(order):
        taken = [(CARD, total)]
    for place, (account, amount) in enumerate(taken):
        link = (amount, invoice["Id"], "Invoice")
        desk.pay(amount, link, marker=f"payment:{order.id}-{place}", account=account)


def taken_back(shop, order):
    """By the first refund of an order that has less to be paid than came in."""
    if fulfilment.received(order) <= fulfilment.due(order):
        return D(0), D(0)
    row = next(row for row in shop.refunds if row["order_id"] == order.id)
    return row["total_amount"], row["total_tax"]


def enter_refund(desk, row):
    """A receipt from the account of the first provider that gave money back, and transfers to it from the others'."""
    total, tax = D(row["total_amount"]), D(row["total_tax"])
    credit = [desk.item(CREDIT[p["provider_id"]], -p["amount"]) for p in row["payments"] if p["provider_id"] in CREDIT]
    money = [(ACCOUNTS[p["provider_id"]], p["amount"]) for p in row["payments"] if p["provider_id"] in ACCOUNTS]
    by_card = not money or is_of_a_market_place(desk.shop.orders[row["order_id"]])
    account = CARD if by_card else money[0][0]
    untaxed = [] if tax else [desk.item("Returned", total)]
    lines = (total - tax if tax else "0", tax, *untaxed, *credit)
    desk.enter("RefundReceipt", f"refund:{row['id']}", *lines, account=account, DocNumber=f"R{row['id']}")
    for other, amount in money[1:]:
        sides = {"FromAccountRef": desk.account(other), "ToAccountRef": desk.account(account)}
        desk.company.create("Transfer", {**sides, "Amount": amount})


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_lives_come_to_books_kept_by_hand_agree(seed, mode):
    desk = Desk(Store(), Company())
    for raw in generate(seed, 80, share_odd=0, price_mode=mode):
        desk.shop.add_order(raw)
    lives = Lives(desk.shop, seed, {"decline a refund": 0})
    for _ in range(400):
        lives.step()
    settle(desk.shop)
    sold = [order for order in desk.shop.orders.values() if is_sold(order)]
    rows = [row for row in desk.shop.refunds if counts(row) and is_sold(desk.shop.orders[row["order_id"]])]
    for order in sold:
        enter_sale(desk, order, taken_back(desk.shop, order))
    for row in rows:
        enter_refund(desk, row)
    proof = desk.prove()
    assert (proof["posted"], proof["refunds"]["count"]) == (len(sold), len(rows))
    assert len(rows) > 40
    assert [proof[name] for name in ("difference", "rows", "duplicates", "off_by_refund")] == ["0.00", [], 0, {}]
    sides = [*proof["totals"]["USD"].values(), *proof["clearing"].values()]
    assert [side for side in sides if side["shop"] != side["books"]] == []
    assert proof["clearing"].keys() == {CARD, "PayPal clearing"}

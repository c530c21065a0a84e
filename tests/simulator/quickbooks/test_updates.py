"""Changes of documents that stand: lines come whole, tax stays unless sent anew, what is settled stays settled."""

from decimal import Decimal

import pytest

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"


@pytest.fixture
def customer(desk):
    return desk.customer()


def change(company, entity, document, **properties):
    token = company.read(entity, document["Id"])["SyncToken"]
    return company.update(entity, {"Id": document["Id"], "SyncToken": token, "sparse": True, **properties})


def items(document):
    return [(line["Id"], line["Amount"]) for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"]


@pytest.fixture
def make(desk, customer):
    def made(entity):
        lines = [desk.line("A", "50.00", qty="2", price="25"), desk.line("B", "30.00")]
        forms = {"Invoice": desk.invoice, "SalesReceipt": desk.receipt, "CreditMemo": desk.memo}
        return forms.get(entity, desk.refund)(*lines, CustomerRef=customer, PrivateNote="BC 1001")

    return made


FORMS = ["SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt"]


@pytest.mark.parametrize("entity", FORMS)
def test_lines_that_are_not_sent_are_deleted(desk, company, make, entity):
    made = make(entity)
    kept = {**desk.line("B", "35.00"), "Id": made["Line"][1]["Id"]}
    after = change(company, entity, made, Line=[kept])
    assert (items(made), items(after)) == ([("1", 50), ("2", 30)], [("2", 35)])
    assert (after["TotalAmt"], after["PrivateNote"], after["SyncToken"]) == (35, "BC 1001", "1")
    assert company.query("select * from Item where Name = 'A'")["Item"][0]["QtyOnHand"] == 100
    added = change(company, entity, made, Line=[kept, desk.line("B", "5.00")])
    assert items(added) == [("2", 35), ("3", 5)]


@pytest.mark.parametrize("entity", FORMS)
def test_a_stale_token_changes_nothing(desk, company, make, entity):
    made = make(entity)
    company.edit_document(entity, made["Id"], PrivateNote="by hand")
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Line": [desk.line("B", "1.00")]}
    for act in (company.update, company.delete):
        assert desk.refused(act, entity, body) == ["5010"]
    assert company.read(entity, made["Id"])["PrivateNote"] == "by hand"


ADDRESS = {"Line1": "Ada Byrne", "Line2": "1 Mill Lane", "City": "Austin"}
FILLED = {
    "BillAddr": ADDRESS,
    "BillEmail": {"Address": "ada@example.com"},
    "TrackingNum": "EX1",
    "ShipDate": "2026-05-01",
}


@pytest.mark.parametrize("entity", FORMS)
def test_what_is_sent_empty_is_cleared(company, make, entity):
    made = change(company, entity, make(entity), **FILLED)
    nothing = dict.fromkeys(ADDRESS, "")
    after = change(company, entity, made, BillAddr=nothing, BillEmail={"Address": ""}, TrackingNum="", CustomField=[])
    assert not {"BillAddr", "BillEmail", "TrackingNum"} & after.keys()
    assert after["ShipDate"] == "2026-05-01"


@pytest.mark.parametrize("entity", FORMS)
def test_an_address_takes_the_place_of_the_one_before(company, make, entity):
    made = change(company, entity, make(entity), **FILLED)
    after = change(company, entity, made, BillAddr={"Line1": "Bo", "Line2": ""})
    assert {name: text for name, text in after["BillAddr"].items() if name != "Id"} == {"Line1": "Bo"}


@pytest.mark.parametrize("clears", [True, False])
def test_null_clears_or_leaves_alone(company, make, clears):
    company.null_clears = clears
    made = change(company, "SalesReceipt", make("SalesReceipt"), **FILLED)
    after = change(company, "SalesReceipt", made, ShipDate=None)
    assert ("ShipDate" in after) is not clears


# -- tax


def coded(desk, *lines):
    return {"Line": list(lines), "GlobalTaxCalculation": "TaxExcluded"}


@pytest.fixture
def uk(desk_of):
    return desk_of("uk")


@pytest.fixture
def sold_in_the_uk(uk):
    """100.00 at 20 %, with a cent less than the company's own tax."""
    body = coded(uk, uk.coded("B", "100.00", "20.0% S"))
    return uk.company.create("SalesReceipt", {**body, "TxnTaxDetail": uk.taxes(("1", "19.99"))})


def taxed(document):
    lines = document["TxnTaxDetail"]["TaxLine"]
    return [(line["Amount"], line["TaxLineDetail"]["NetAmountTaxable"]) for line in lines]


def test_old_tax_stays_on_new_amounts_that_come_alone(uk, sold_in_the_uk):
    after = change(uk.company, "SalesReceipt", sold_in_the_uk, Line=[uk.coded("B", "50.00", "20.0% S")])
    assert (taxed(after), after["TotalAmt"]) == ([(D("19.99"), 50)], D("69.99"))


def test_so_does_what_was_read_and_is_sent_back(uk, sold_in_the_uk):
    read = uk.company.read("SalesReceipt", sold_in_the_uk["Id"])
    lines = [uk.coded("B", "50.00", "20.0% S")]
    after = change(uk.company, "SalesReceipt", read, **{**coded(uk, *lines), "TxnTaxDetail": read["TxnTaxDetail"]})
    assert after["TotalAmt"] == D("69.99")


def test_a_rate_that_is_new_on_the_lines_is_taxed_by_the_company(uk, sold_in_the_uk):
    lines = [uk.coded("B", "50.00", "20.0% S"), uk.coded("B", "10.00", "5.0% R")]
    after = change(uk.company, "SalesReceipt", sold_in_the_uk, Line=lines)
    assert taxed(after) == [(D("19.99"), 50), (D("0.50"), 10)]


@pytest.mark.parametrize("block", [None, "10.01"])
def test_dropped_or_sent_anew_it_is_what_the_new_amounts_say(uk, sold_in_the_uk, block):
    sent = uk.taxes(("1", block)) if block else None
    lines = [uk.coded("B", "50.00", "20.0% S")]
    after = change(uk.company, "SalesReceipt", sold_in_the_uk, Line=lines, TxnTaxDetail=sent)
    assert taxed(after) == [(D(block or "10.00"), 50)]


def test_a_full_update_without_tax_is_taxed_anew(uk, sold_in_the_uk):
    body = coded(uk, uk.coded("B", "50.00", "20.0% S"))
    after = uk.company.update("SalesReceipt", {"Id": sold_in_the_uk["Id"], "SyncToken": "0", **body})
    assert taxed(after) == [(10, 50)]


# -- what payments settle


@pytest.fixture
def invoice(desk, customer):
    return desk.invoice(desk.line("B", "100.00"), CustomerRef=customer)


def test_a_paid_invoice_that_grows_is_owed_the_rest(desk, company, invoice):
    payment = desk.pay(invoice, "100.00")
    assert change(company, "Invoice", invoice, Line=[desk.line("B", "120.00")])["Balance"] == 20
    assert company.read("Payment", payment["Id"])["SyncToken"] == "0"
    assert company.balances()[RECEIVABLE] == 20


def test_a_note_or_an_address_of_a_paid_invoice_leaves_the_payment_alone(desk, company, invoice):
    payment = desk.pay(invoice, "100.00")
    after = change(company, "Invoice", invoice, ShipAddr={"Line1": "4 Quay Lane"}, TrackingNum="1Z999")
    assert (after["Balance"], after["LinkedTxn"]) == (0, [{"TxnId": payment["Id"], "TxnType": "Payment"}])


def test_it_does_not_shrink_below_what_is_paid(desk, company, invoice):
    desk.pay(invoice, "100.00")
    assert desk.refused(change, company, "Invoice", invoice, Line=[desk.line("B", "99.99")]) == ["6000"]
    assert company.read("Invoice", invoice["Id"])["TotalAmt"] == 100


def test_or_where_it_does_the_latest_payment_lets_go(desk, company, invoice):
    company.frees_overpaid = True
    first, second = desk.pay(invoice, "60.00"), desk.pay(invoice, "40.00")
    after = change(company, "Invoice", invoice, Line=[desk.line("B", "50.00")])
    assert (after["TotalAmt"], after["Balance"]) == (50, 0)
    shown = [company.read("Payment", each["Id"]) for each in (first, second)]
    assert [(each["UnappliedAmt"], len(each["Line"])) for each in shown] == [(10, 1), (40, 0)]
    assert company.balances()[RECEIVABLE] == -50


def test_a_smaller_memo_leaves_that_much_of_the_invoice_open(desk, company, customer, invoice):
    memo = desk.memo(desk.line("B", "100.00"), CustomerRef=customer)
    desk.apply(customer, desk.link(invoice, "100.00"), desk.link(memo, "100.00", "CreditMemo"))
    smaller = {"Line": [desk.line("B", "70.00")]}
    assert desk.refused(change, company, "CreditMemo", memo, **smaller) == ["6000"]
    company.frees_overpaid = True
    assert change(company, "CreditMemo", memo, **smaller)["RemainingCredit"] == 0
    assert company.read("Invoice", invoice["Id"])["Balance"] == 30

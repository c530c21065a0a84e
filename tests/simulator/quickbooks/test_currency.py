"""Several currencies: whose they are, what documents are worth at home, what exchange wins or loses, in both cents."""

from decimal import Decimal

import pytest

D = Decimal
EUR = {"CurrencyRef": {"value": "EUR"}}
USD = {"CurrencyRef": {"value": "USD"}}
RECEIVABLE = "Accounts Receivable (A/R)"
RECEIVABLE_EUR = "Accounts Receivable (A/R) - EUR"
GAIN = "Exchange Gain or Loss"


@pytest.fixture
def eur(desk_of):
    """A US company with clearing accounts in EUR, and 1.08 USD for one EUR since 2015."""
    return desk_of("eur")


@pytest.fixture
def jane(eur):
    return {"value": eur.company.create("Customer", {"DisplayName": "Jane Doe (EUR)", **EUR})["Id"]}


def day_rate(desk, rate, day):
    desk.company.create("ExchangeRate", {"SourceCurrencyCode": "EUR", "Rate": D(rate), "AsOfDate": day})


def named(desk, name):
    (account,) = [each for each in desk.company.objects("Account") if each["Name"] == name]
    return account


# -- what has which currency


def test_a_company_of_one_currency_knows_no_other(desk, company):
    assert company.preferences["CurrencyPrefs"]["MultiCurrencyEnabled"] is False
    for entity, body in {
        "Customer": {"DisplayName": "Jane", **EUR},
        "Account": {"Name": "Clearing EUR", "AccountType": "Bank", **EUR},
        "ExchangeRate": {"SourceCurrencyCode": "EUR", "Rate": D("1.08")},
    }.items():
        assert desk.refused(company.create, entity, body) == ["6000"]
    assert desk.refused(company.exchange_rate, "EUR") == ["6000"]
    receipt = desk.receipt(desk.line("B", "1.00"), ExchangeRate=D("1.08"))
    assert not {"ExchangeRate", "HomeTotalAmt"} & set(receipt)


def test_a_customers_currency_is_for_ever(eur, jane):
    change = {"Id": jane["value"], "SyncToken": "0", "sparse": True}
    assert eur.refused(eur.company.update, "Customer", {**change, **USD}) == ["6000"]
    changed = eur.company.update("Customer", {**change, "Notes": "x"})
    assert changed["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    assert eur.refused(eur.company.create, "Customer", {"DisplayName": "X", "CurrencyRef": {"value": "XXX"}}) == [
        "2220"
    ]


def test_customers_of_two_currencies_are_not_merged(eur, jane):
    assert eur.refused(eur.company.merge_customer, jane["value"], eur.customer()["value"]) == ["6000"]


def test_only_balance_sheet_accounts_are_in_other_currencies(eur):
    def make(name, kind):
        return eur.company.create("Account", {"Name": name, "AccountType": kind, **EUR})

    assert make("Stripe EUR", "Bank")["CurrencyRef"]["value"] == "EUR"
    assert eur.refused(make, "Sales EUR", "Income") == ["6000"]


@pytest.mark.parametrize("entity", ["SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt", "Payment"])
def test_every_document_names_its_customers_currency(eur, jane, entity):
    body = {"CustomerRef": jane}
    if entity == "Payment":
        body["TotalAmt"] = 10
    else:
        body |= {"Line": [eur.line("B", "10.00")], "DepositToAccountRef": eur.ref("Account", "Card clearing")}
    assert eur.refused(eur.company.create, entity, body) == ["2020"]
    assert eur.refused(eur.company.create, entity, {**body, **USD}) == ["6000"]
    assert eur.company.create(entity, {**body, **EUR})["CurrencyRef"]["value"] == "EUR"


@pytest.mark.parametrize(
    ("account", "codes"), [("Card clearing", []), ("Card clearing EUR", []), ("Clearing GBP", ["6000"])]
)
def test_money_goes_to_an_account_in_home_currency_or_the_documents(eur, jane, account, codes):
    eur.company.create("Account", {"Name": "Clearing GBP", "AccountType": "Bank", "CurrencyRef": {"value": "GBP"}})
    where = {"DepositToAccountRef": eur.ref("Account", account), **EUR}
    receipt = {"Line": [eur.line("B", "10.00")], **where}
    payment = {"CustomerRef": jane, "TotalAmt": 10, **where}
    for entity, body in (("SalesReceipt", receipt), ("Payment", payment)):
        if codes:
            assert eur.refused(eur.company.create, entity, body) == codes
        else:
            made = eur.company.create(entity, body)
            assert eur.company.entries(entity, made["Id"])[account] == D("10.80")


def test_a_sale_in_home_currency_stays_out_of_foreign_accounts(eur):
    where = {"DepositToAccountRef": eur.ref("Account", "Card clearing EUR"), **USD}
    assert eur.refused(eur.receipt, eur.line("B", "10.00"), **where) == ["6000"]


# -- rates


def test_the_rate_of_a_day_is_the_latest_known_then(eur):
    day_rate(eur, "1.10", "2026-06-01")
    assert [eur.company.exchange_rate("EUR", day)["Rate"] for day in ("2026-05-31", "2026-06-01", "2026-06-20")] == [
        D("1.08"),
        D("1.1"),
        D("1.1"),
    ]
    assert eur.company.exchange_rate("GBP")["Rate"] == 1
    day_rate(eur, "1.11", "2026-06-01")
    assert eur.company.exchange_rate("EUR", "2026-06-01")["Rate"] == D("1.11")


def test_a_day_without_a_rate_may_have_none(eur):
    eur.company.carries_rates = False
    day_rate(eur, "1.10", "2026-06-01")
    assert [eur.company.exchange_rate("EUR", day)["Rate"] for day in ("2026-06-01", "2026-06-02")] == [D("1.10"), 1]
    assert eur.receipt(eur.line("B", "10.00"), **EUR, TxnDate="2026-06-02")["HomeTotalAmt"] == 10


@pytest.mark.parametrize(
    ("header", "rate", "home"),
    [
        ({**EUR, "TxnDate": "2026-05-31"}, "1.08", "10.80"),
        ({**EUR, "TxnDate": "2026-06-02"}, "1.1", "11.00"),
        ({**EUR, "ExchangeRate": D("1.0999")}, "1.0999", "11.00"),
        ({"CurrencyRef": {"value": "GBP"}}, "1", "10.00"),
        (USD, "1", "10.00"),
    ],
)
def test_a_document_has_the_rate_sent_or_its_days(eur, header, rate, home):
    day_rate(eur, "1.1", "2026-06-01")
    receipt = eur.receipt(eur.line("B", "10.00"), **header)
    assert (receipt["ExchangeRate"], receipt["HomeTotalAmt"], receipt["TotalAmt"]) == (D(rate), D(home), 10)


@pytest.mark.parametrize("header", [{**EUR, "ExchangeRate": 0}, {**USD, "ExchangeRate": D("1.08")}])
def test_rates_that_are_refused(eur, header):
    assert eur.refused(eur.receipt, eur.line("B", "10.00"), **header) == ["6000"]


def test_some_companies_take_no_rate_but_their_own(eur):
    eur.company.honours_exchange_rate = False
    receipt = eur.receipt(eur.line("B", "10.00"), **EUR, ExchangeRate=D("1.20"))
    assert (receipt["ExchangeRate"], receipt["HomeTotalAmt"]) == (D("1.08"), D("10.80"))


def test_a_documents_rate_outlasts_later_changes(eur):
    receipt = eur.receipt(eur.line("B", "10.00"), **EUR, ExchangeRate=D("1.20"))
    change = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True, "Line": [eur.line("B", "20.00")]}
    assert eur.company.update("SalesReceipt", change)["HomeTotalAmt"] == D("24.00")


def test_rates_over_the_api(eur, serve):
    http = serve(eur.company)
    answer = http.get("/exchangerate", params={"sourcecurrencycode": "EUR", "asofdate": "2026-01-05"}).json()
    assert answer["ExchangeRate"].pop("MetaData").keys() == {"LastUpdatedTime"}
    assert answer["ExchangeRate"] == {
        "SyncToken": "0",
        "domain": "QBO",
        "sparse": False,
        "SourceCurrencyCode": "EUR",
        "TargetCurrencyCode": "USD",
        "AsOfDate": "2026-01-05",
        "Rate": 1.08,
    }
    body = {"SourceCurrencyCode": "EUR", "TargetCurrencyCode": "USD", "AsOfDate": "2026-01-05", "Rate": 1.2}
    assert http.post("/exchangerate", json=body).json()["ExchangeRate"]["Rate"] == 1.2
    statement = "select * from exchangerate where sourcecurrencycode in ('EUR', 'GBP') and asofdate='2026-01-05'"
    found = http.get("/query", params={"query": statement}).json()["QueryResponse"]["ExchangeRate"]
    assert [(each["SourceCurrencyCode"], each["Rate"]) for each in found] == [("EUR", 1.2), ("GBP", 1)]
    assert http.get("/exchangerate").json()["Fault"]["Error"][0]["code"] == "2020"
    wrong = http.get("/exchangerate", params={"sourcecurrencycode": "EUR", "asofdate": "5 Jan"}).json()
    assert wrong["Fault"]["Error"][0]["code"] == "2070"


# -- what it does to the books


def goods_and_shipping(desk, **header):
    return {
        "Line": [desk.line("B", "100.00"), desk.line("Shipping", "20.00")],
        **EUR,
        "ExchangeRate": D("1.08"),
        **header,
    }


def test_a_receipt_in_euro(eur, jane):
    clearing = eur.ref("Account", "Card clearing EUR")
    body = goods_and_shipping(eur, CustomerRef=jane, DepositToAccountRef=clearing, DocNumber="BC-1011")
    receipt = eur.company.create("SalesReceipt", body)
    assert (receipt["TotalAmt"], receipt["HomeTotalAmt"]) == (120, D("129.60"))
    assert eur.company.entries("SalesReceipt", receipt["Id"]) == {
        "Card clearing EUR": D("129.60"),
        "Sales": D("-108.00"),
        "Shipping income": D("-21.60"),
    }
    assert eur.company.foreign_balances()["Card clearing EUR"] == 120
    assert named(eur, "Card clearing EUR")["CurrentBalance"] == 120


def test_an_invoice_in_euro_paid_at_a_better_rate(eur, jane):
    invoice = eur.company.create("Invoice", goods_and_shipping(eur, CustomerRef=jane))
    assert eur.company.entries("Invoice", invoice["Id"]) == {
        RECEIVABLE_EUR: D("129.60"),
        "Sales": D("-108.00"),
        "Shipping income": D("-21.60"),
    }
    assert (invoice["Balance"], invoice["HomeBalance"]) == (120, D("129.60"))
    clearing = eur.ref("Account", "Card clearing EUR")
    payment = eur.pay(invoice, "120.00", **EUR, ExchangeRate=D("1.10"), DepositToAccountRef=clearing)
    assert eur.company.entries("Payment", payment["Id"]) == {
        "Card clearing EUR": D("132.00"),
        RECEIVABLE_EUR: D("-129.60"),
        GAIN: D("-2.40"),
    }
    paid = eur.company.read("Invoice", invoice["Id"])
    assert (paid["Balance"], paid["HomeBalance"]) == (0, 0)
    assert eur.company.balances()[RECEIVABLE] == 0
    assert (
        eur.company.foreign_balances() | {RECEIVABLE_EUR: 0, "Card clearing EUR": 120} == eur.company.foreign_balances()
    )


def test_a_refund_at_the_rate_of_its_own_day(eur, jane):
    refund = eur.company.create(
        "RefundReceipt",
        {
            "Line": [eur.line("Returned", "20.00")],
            "CustomerRef": jane,
            "DepositToAccountRef": eur.ref("Account", "Card clearing EUR"),
            **EUR,
            "ExchangeRate": D("1.12"),
        },
    )
    assert eur.company.entries("RefundReceipt", refund["Id"]) == {
        "Sales returns": D("22.40"),
        "Card clearing EUR": D("-22.40"),
    }


def test_a_loss_and_a_rest_that_is_not_applied(eur, jane):
    invoice = eur.invoice(eur.line("B", "100.00"), CustomerRef=jane, **EUR, ExchangeRate=D("1.08"))
    links = [{"Amount": D("100.00"), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]
    body = {"CustomerRef": jane, "TotalAmt": D("110.00"), "Line": links, **EUR, "ExchangeRate": D("1.05")}
    payment = eur.company.create("Payment", body)
    assert payment["UnappliedAmt"] == 10
    assert eur.company.entries("Payment", payment["Id"]) == {
        "Undeposited Funds": D("115.50"),
        RECEIVABLE_EUR: D("-118.50"),  # 108.00 as invoiced, 10.50 as received
        GAIN: D("3.00"),
    }
    assert eur.company.read("Customer", jane["value"])["Balance"] == -10


def test_parts_close_the_receivable_to_the_cent(eur, jane):
    """0.10 at 1.05 is 0.11 at home; three parts of it are 0.04, 0.03 and what is left, 0.04."""
    invoice = eur.invoice(eur.line("B", "0.10"), CustomerRef=jane, **EUR, ExchangeRate=D("1.05"))
    assert invoice["HomeBalance"] == D("0.11")
    for part, left in (("0.04", "0.07"), ("0.03", "0.04"), ("0.03", "0")):
        eur.pay(invoice, part, **EUR, ExchangeRate=D("1.05"))
        assert eur.company.read("Invoice", invoice["Id"])["HomeBalance"] == D(left)
    assert eur.company.balances()[RECEIVABLE_EUR] == 0


def test_cents_lost_between_lines_and_total_are_exchange(eur):
    """Three times 0.05 at 1.05 are three times 0.05 at home, but their total is 0.16."""
    receipt = eur.receipt(*[eur.line("B", "0.05")] * 3, **EUR, ExchangeRate=D("1.05"))
    assert receipt["HomeTotalAmt"] == D("0.16")
    assert eur.company.entries("SalesReceipt", receipt["Id"]) == {
        "Undeposited Funds": D("0.16"),
        "Sales": D("-0.15"),
        GAIN: D("-0.01"),
    }


def test_tax_is_owed_at_home_and_goods_cost_what_they_cost(eur):
    receipt = eur.receipt(
        eur.line("A", "100.00", qty=1, price=100, tax="TAX"),
        TxnTaxDetail=eur.tax("8.25"),
        **EUR,
        DepositToAccountRef=eur.ref("Account", "Card clearing EUR"),
    )
    assert eur.company.entries("SalesReceipt", receipt["Id"]) == {
        "Card clearing EUR": D("116.91"),
        "Sales": D("-108.00"),
        "Sales tax payable": D("-8.91"),
        "Cost of Goods Sold": D("12.00"),
        "Inventory Asset": D("-12.00"),
    }


def test_what_is_voided_or_deleted_leaves_no_money_in_any_currency(eur, jane):
    invoice = eur.invoice(eur.line("B", "100.00"), CustomerRef=jane, **EUR)
    payment = eur.pay(
        invoice, "40.00", **EUR, ExchangeRate=D("1.2"), DepositToAccountRef=eur.ref("Account", "Card clearing EUR")
    )
    voided = eur.company.void("Invoice", {"Id": invoice["Id"], "SyncToken": "1"})
    assert (voided["TotalAmt"], voided["HomeTotalAmt"], voided["HomeBalance"]) == (0, 0, 0)
    assert eur.company.balances()[RECEIVABLE_EUR] == D("-48.00")
    eur.company.delete("Payment", {"Id": payment["Id"], "SyncToken": "1"})
    assert not any(eur.company.balances()[name] for name in (RECEIVABLE_EUR, "Card clearing EUR", GAIN))
    assert not any(eur.company.foreign_balances().values())


def test_any_kind_of_company_may_keep_several_currencies(desk_of):
    uk = desk_of("uk", multicurrency=True)
    receipt = uk.receipt(
        uk.coded("B", "100.00", "20.0% S"), **EUR, ExchangeRate=D("0.85"), GlobalTaxCalculation="TaxExcluded"
    )
    assert (receipt["TotalAmt"], receipt["HomeTotalAmt"]) == (120, D("102.00"))
    assert uk.company.entries("SalesReceipt", receipt["Id"]) == {
        "Undeposited Funds": D("102.00"),
        "Sales": D("-85.00"),
        "VAT control": D("-17.00"),
    }

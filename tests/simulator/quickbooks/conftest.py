"""A company on a clock of its own, and the same company behind a real socket."""

from __future__ import annotations

import json
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path

import httpx
import pytest

from simulator.loopback import Loopback
from simulator.quickbooks.api import quickbooks_app
from simulator.quickbooks.company import Company
from simulator.quickbooks.errors import FaultError

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "quickbooks"
MIDSUMMER = 1_782_000_000.0  # 2026-06-20


class Clock:
    def __init__(self) -> None:
        self.now = MIDSUMMER

    def __call__(self) -> float:
        return self.now


class Desk:
    """Short words for documents written by hand."""

    FaultError = FaultError

    def __init__(self, company: Company) -> None:
        self.company = company

    def line(self, item, amount, *, qty=None, price=None, tax=None):
        value = item if item == "SHIPPING_ITEM_ID" else self.company.id_of("Item", item)
        detail = {"ItemRef": {"value": value}}
        if qty is not None:
            detail["Qty"] = Decimal(qty)
        if price is not None:
            detail["UnitPrice"] = Decimal(price)
        if tax is not None:
            detail["TaxCodeRef"] = {"value": tax}
        return {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}

    def tax(self, total, *, code="2", rate="3", percent="8.25", base="1"):
        """The tax block of a company without automated tax."""
        detail = {
            "TaxRateRef": {"value": rate},
            "PercentBased": True,
            "TaxPercent": Decimal(percent),
            "NetAmountTaxable": Decimal(base),
        }
        line = {"Amount": Decimal(total), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
        return {"TxnTaxCodeRef": {"value": code}, "TotalTax": Decimal(total), "TaxLine": [line]}

    def coded(self, item, amount, code, *, gross=None, **product):
        """A line outside the US; `code` by name, `gross` with tax."""
        line = self.line(item, amount, tax=self.company.id_of("TaxCode", code), **product)
        if gross is not None:
            line["SalesItemLineDetail"]["TaxInclusiveAmt"] = Decimal(gross)
        return line

    def discount(self, amount, code, *, percent=None):
        """The company's own discount line outside the US."""
        kind = {"PercentBased": False} if percent is None else {"PercentBased": True, "DiscountPercent": percent}
        detail = {**kind, "TaxCodeRef": self.ref("TaxCode", code)}
        given = {} if amount is None else {"Amount": Decimal(amount)}
        return {**given, "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}

    def taxes(self, *amounts):
        """The tax block outside the US: (rate id, amount) each."""
        lines = [
            {
                "Amount": Decimal(amount),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {"TaxRateRef": {"value": rate}, "PercentBased": True},
            }
            for rate, amount in amounts
        ]
        return {"TotalTax": sum((line["Amount"] for line in lines), Decimal(0)), "TaxLine": lines}

    def ref(self, entity, name):
        return {"value": self.company.id_of(entity, name)}

    def customer(self, name="Petra Nightingale"):
        return {"value": self.company.create("Customer", {"DisplayName": name})["Id"]}

    def receipt(self, *lines, **header):
        return self.company.create("SalesReceipt", {"Line": list(lines), **header})

    def invoice(self, *lines, **header):
        return self.company.create("Invoice", {"Line": list(lines), **header})

    def pay(self, invoice, amount, **header):
        linked = [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
        return self.company.create(
            "Payment",
            {
                "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
                "TotalAmt": Decimal(amount),
                "Line": [{"Amount": Decimal(amount), "LinkedTxn": linked}],
                **header,
            },
        )

    def refund(self, *lines, **header):
        money = {"DepositToAccountRef": self.ref("Account", "Card clearing")}
        return self.company.create("RefundReceipt", {"Line": list(lines), **money, **header})

    def memo(self, *lines, **header):
        return self.company.create("CreditMemo", {"Line": list(lines), **header})

    def link(self, document, amount, kind="Invoice"):
        return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": document["Id"], "TxnType": kind}]}

    def apply(self, customer, *links, **header):
        """A payment of nothing."""
        return self.company.create("Payment", {"CustomerRef": customer, "TotalAmt": 0, "Line": list(links), **header})

    def spent(self, account, amount, **detail):
        """A line of a purchase."""
        kind = "AccountBasedExpenseLineDetail"
        own = {"AccountRef": self.ref("Account", account), **detail}
        return {"Amount": Decimal(amount), "DetailType": kind, kind: own}

    def send_back(self, customer, *lines, **header):
        """An expense for a customer, out of the clearing account."""
        return self.company.create(
            "Purchase",
            {
                "PaymentType": "Cash",
                "AccountRef": self.ref("Account", "Card clearing"),
                "EntityRef": {**customer, "type": "Customer"},
                "Line": list(lines),
                **header,
            },
        )

    def refused(self, act, *args, **kwargs):
        """The codes that a call is refused with."""
        with pytest.raises(FaultError) as caught:
            act(*args, **kwargs)
        return [error.code for error in caught.value.errors]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def company(clock):
    """Plain tax, no quotas, products A (stock, cost 12.00) and B (no stock)."""
    return _company("us", clock)


@pytest.fixture
def automated(clock):
    """The same with automated sales tax."""
    return _company("us_ast", clock)


def _company(kind, clock, **options):
    company = Company(kind=kind, clock=clock, **options)
    company.quota = None
    company.add_item(name="A", sku="A-1", kind="inventory", cost=Decimal("12.00"), quantity=Decimal(100))
    company.add_item(name="B", sku="B-1")
    company.reset_counts()
    return company


@pytest.fixture
def desk_of(clock):
    """`desk_of("uk")`: a desk in a company of another kind; further arguments are the company's."""
    return lambda kind, **options: Desk(_company(kind, clock, **options))


@pytest.fixture
def desk(company):
    return Desk(company)


@pytest.fixture
def automated_desk(automated):
    return Desk(automated)


@pytest.fixture
def serve():
    """`serve(company)`: a client of the served company, with a token."""
    with ExitStack() as stack:
        yield partial(_served, stack)


def _served(stack, company):
    server = stack.enter_context(Loopback(quickbooks_app(company)))
    headers = {"Authorization": f"Bearer {company.tokens.issue_access()}", "Accept": "application/json"}
    base = f"{server.url}/v3/company/{company.realm_id}"
    return stack.enter_context(httpx.Client(base_url=base, headers=headers, timeout=120))


@pytest.fixture
def http(company, serve):
    return serve(company)


@pytest.fixture
def token_url(http, company):
    base = str(http.base_url).partition("/v3/")[0]
    return f"{base}/oauth2/v1/tokens/bearer"


@pytest.fixture
def recorded():
    """Reads a recording by file name; skips where the recordings are not at hand."""
    if not RECORDED.is_dir():
        pytest.skip("recorded QuickBooks answers are not at hand (../shared/data/quickbooks)")

    def read(name):
        body = json.loads((RECORDED / name).read_text(), parse_float=Decimal)
        return body.get("response_body", body) if isinstance(body, dict) else body

    return read

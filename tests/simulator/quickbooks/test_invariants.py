"""Whatever is written, voided, deleted or merged in whatever order, the books, the balances and the stock agree."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from simulator.quickbooks.company import Company
from simulator.quickbooks.errors import FaultError

RECEIVABLE = "Accounts Receivable (A/R)"
CENTS = st.integers(1, 100_00).map(lambda cents: Decimal(cents) / 100)
FORMS = st.sampled_from(["SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt"])


class Bookkeeping(RuleBasedStateMachine):
    documents = Bundle("documents")
    customers = Bundle("customers")

    @initialize(target=customers)
    def open(self):
        self.company = Company()
        cost, quantity = Decimal("1.25"), Decimal(50)
        self.item = self.company.add_item(name="A", sku="A", kind="inventory", cost=cost, quantity=quantity)["Id"]
        return multiple(*(each["Id"] for each in self.company.objects("Customer")))

    @rule(target=documents, entity=FORMS, customer=customers, amount=CENTS, units=st.integers(1, 5))
    def sell(self, entity, customer, amount, units):
        body = {"Line": [self.line(amount, units)], "CustomerRef": {"value": customer}}
        if entity == "RefundReceipt":
            body["DepositToAccountRef"] = {"value": self.company.id_of("Account", "Card clearing")}
        return (entity, self.company.create(entity, body)["Id"])

    @rule(target=documents, document=documents, amount=CENTS)
    def settle(self, document, amount):
        """As much of the document as is open, the rest stays unapplied."""
        entity, number = document
        if entity not in {"Invoice", "CreditMemo"}:
            return multiple()
        shown = self.company.read(entity, number)
        linked = min(amount, shown["Balance"])
        line = {"Amount": linked, "LinkedTxn": [{"TxnId": number, "TxnType": entity}]}
        body = {"CustomerRef": {"value": shown["CustomerRef"]["value"]}, "TotalAmt": amount, "Line": [line]}
        return ("Payment", self.company.create("Payment", body)["Id"])

    @rule(document=documents, amount=CENTS, units=st.integers(1, 5))
    def correct(self, document, amount, units):
        change = {} if document[0] == "Payment" else {"Line": [self.line(amount, units)]}
        self.attempt(self.company.update, document, sparse=True, PrivateNote="corrected", **change)

    @rule(document=documents)
    def void(self, document):
        self.attempt(self.company.void, document)

    @rule(document=consumes(documents))
    def delete(self, document):
        self.attempt(self.company.delete, document)

    @rule(loser=consumes(customers), winner=customers)
    def merge(self, loser, winner):
        self.company.merge_customer(loser, winner)

    def line(self, amount, units):
        detail = {"ItemRef": {"value": self.item}, "Qty": units}
        return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}

    def attempt(self, act, document, **body):
        """A refusal is an answer too; it must leave everything as it was."""
        entity, number = document
        before = self.company.read(entity, number)
        try:
            act(entity, {"Id": number, "SyncToken": before["SyncToken"], **body})
        except FaultError:
            assert self.company.read(entity, number) == before

    @invariant()
    def debits_are_credits(self):
        assert sum(self.company.balances().values()) == 0

    @invariant()
    def customers_owe_what_the_receivables_say(self):
        owed = self.company.balances()[RECEIVABLE]
        assert sum(each["Balance"] for each in self.company.objects("Customer")) == owed
        opened = sum(each["Balance"] for each in self.company.objects("Invoice"))
        credit = sum(each["RemainingCredit"] for each in self.company.objects("CreditMemo"))
        unapplied = sum(each["UnappliedAmt"] for each in self.company.objects("Payment"))
        assert opened - credit - unapplied == owed

    @invariant()
    def the_stock_account_is_worth_the_units_on_hand(self):
        units = self.company.read("Item", self.item)["QtyOnHand"]
        assert self.company.balances()["Inventory Asset"] == units * Decimal("1.25")


Bookkeeping.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestBookkeeping = Bookkeeping.TestCase

"""Whatever is written, voided, deleted or merged in whatever order, the books, the balances and the stock agree."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from simulator.quickbooks.company import Company
from simulator.quickbooks.errors import FaultError

RATES = st.sampled_from([Decimal("1.0833"), Decimal("1.1"), Decimal("0.97")])
CENTS = st.integers(1, 100_00).map(lambda cents: Decimal(cents) / 100)
FORMS = st.sampled_from(["SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt"])


class Bookkeeping(RuleBasedStateMachine):
    documents = Bundle("documents")
    customers = Bundle("customers")
    receivable = "Accounts Receivable (A/R)"

    def new_company(self):
        return Company()

    def money(self, rate):
        """The currency and rate of a document."""
        return {}

    @initialize(target=customers, frees=st.booleans(), applies=st.booleans())
    def open(self, frees, applies):
        self.company = self.new_company()
        self.company.frees_overpaid = frees
        self.company.preferences["SalesFormsPrefs"] |= dict.fromkeys(("AutoApplyCredit", "AutoApplyPayments"), applies)
        self.item = self.new_item("A")
        return multiple(*self.new_customers())

    def new_item(self, name):
        cost, quantity = Decimal("1.25"), Decimal(50)
        return self.company.add_item(name=name, sku=name, kind="inventory", cost=cost, quantity=quantity)["Id"]

    def new_customers(self):
        return [each["Id"] for each in self.company.objects("Customer")]

    @rule(target=documents, entity=FORMS, customer=customers, amount=CENTS, units=st.integers(1, 5), rate=RATES)
    def sell(self, entity, customer, amount, units, rate):
        body = {"Line": [self.line(amount, units)], "CustomerRef": {"value": customer}, **self.money(rate)}
        if entity == "RefundReceipt":
            body["DepositToAccountRef"] = {"value": self.company.id_of("Account", "Card clearing")}
        return (entity, self.company.create(entity, body)["Id"])

    @rule(target=documents, document=documents, amount=CENTS, rate=RATES)
    def settle(self, document, amount, rate):
        """As much of the invoice as is open, the rest stays unapplied."""
        if document[0] != "Invoice":
            return multiple()
        shown = self.company.read(*document)
        linked = self.link(document, min(amount, shown["Balance"]))
        return self.pay(shown["CustomerRef"]["value"], amount, [linked], rate)

    @rule(target=documents, first=documents, second=documents, amount=CENTS, rate=RATES)
    def use_credit(self, first, second, amount, rate):
        """What a credit memo is good for, on an invoice of the same customer."""
        if (first[0], second[0]) != ("Invoice", "CreditMemo"):
            return multiple()
        invoice, memo = self.company.read(*first), self.company.read(*second)
        if invoice["CustomerRef"] != memo["CustomerRef"]:
            return multiple()
        used = min(amount, invoice["Balance"], memo["Balance"])
        links = [self.link(first, used), self.link(second, used)]
        return self.pay(memo["CustomerRef"]["value"], Decimal(0), links, rate)

    @rule(target=documents, memo=documents, amount=CENTS, rate=RATES)
    def send_back(self, memo, amount, rate):
        """A credit memo's money, as an expense on the receivables that the memo is applied to."""
        if memo[0] != "CreditMemo":
            return multiple()
        shown = self.company.read(*memo)
        expense = ("Purchase", self.spend(shown["CustomerRef"]["value"], amount, rate))
        used = min(amount, shown["Balance"])
        links = [self.link(expense, used, "Expense"), self.link(memo, used)]
        self.pay(shown["CustomerRef"]["value"], Decimal(0), links, rate)
        return expense

    def spend(self, customer, amount, rate):
        detail = {"AccountRef": {"value": self.company.id_of("Account", self.receivable)}}
        line = {
            "Amount": amount,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": detail,
        }
        body = {
            "PaymentType": "Cash",
            "AccountRef": {"value": self.company.id_of("Account", "Card clearing")},
            "EntityRef": {"value": customer, "type": "Customer"},
            "Line": [line],
            **self.money(rate),
        }
        return self.company.create("Purchase", body)["Id"]

    def link(self, document, amount, kind=None):
        return {"Amount": amount, "LinkedTxn": [{"TxnId": document[1], "TxnType": kind or document[0]}]}

    def pay(self, customer, amount, lines, rate):
        body = {"CustomerRef": {"value": customer}, "TotalAmt": amount, "Line": lines, **self.money(rate)}
        return ("Payment", self.company.create("Payment", body)["Id"])

    @rule(document=documents, amount=CENTS, units=st.integers(1, 5))
    def correct(self, document, amount, units):
        change = {"PaymentType": "Cash"} if document[0] == "Purchase" else {}
        if document[0] not in {"Payment", "Purchase"}:
            change = {"Line": [self.line(amount, units)]}
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

    @rule(units=st.integers(-20, 20))
    def buy_and_count(self, units):
        self.company.receive_units(self.item, abs(units))
        self.company.count_units(self.item, Decimal(units))
        assert self.company.read("Item", self.item)["QtyOnHand"] == units

    @rule(units=st.integers(1, 5))
    def sell_by_hand(self, units):
        before = self.company.read("Item", self.item)["QtyOnHand"]
        self.company.sell_units(self.item, Decimal(units))
        assert self.company.read("Item", self.item)["QtyOnHand"] == before - units

    @rule()
    def put_to_sleep_and_wake(self):
        assert self.company.edit_item(self.item, Active=False)["QtyOnHand"] == 0
        self.company.edit_item(self.item, Active=True)

    @rule(gone=st.booleans())
    def merge_items(self, gone):
        """What the item has done is another one's from then on."""
        loser, self.item = self.item, self.new_item(f"A {len(self.company.objects('Item'))}, {self.item}")
        units = sum(self.company.read("Item", each)["QtyOnHand"] for each in (loser, self.item))
        self.company.merge_items(loser, self.item, gone=gone)
        assert self.company.read("Item", self.item)["QtyOnHand"] == units

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
        owed = self.owed()
        assert sum(each["Balance"] for each in self.company.objects("Customer")) == owed
        opened = sum(each["Balance"] for each in self.company.objects("Invoice"))
        credit = sum(each["RemainingCredit"] for each in self.company.objects("CreditMemo"))
        unapplied = sum(each["UnappliedAmt"] for each in self.company.objects("Payment"))
        sent_back = sum(each.open_amount for each in self.company.state.records("Purchase"))
        assert opened + sent_back - credit - unapplied == owed

    def owed(self):
        """What the receivables say, in the customers' currency."""
        return self.company.balances()[self.receivable]

    @invariant()
    def the_stock_account_is_worth_the_units_on_hand(self):
        units = sum(item.get("QtyOnHand", 0) for item in self.company.objects("Item"))
        assert self.company.balances()["Inventory Asset"] == units * Decimal("1.25")


class ForeignBookkeeping(Bookkeeping):
    """The same with customers who pay in another currency, at another rate every time."""

    receivable = "Accounts Receivable (A/R) - EUR"

    def new_company(self):
        return Company(kind="eur")

    def new_customers(self):
        currency = {"CurrencyRef": {"value": "EUR"}}
        return [
            self.company.create("Customer", {"DisplayName": name, **currency})["Id"] for name in ("Ann", "Bo", "Cy")
        ]

    def money(self, rate):
        return {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": rate}

    def owed(self):
        return self.company.foreign_balances().get(self.receivable, 0)

    @invariant()
    def at_home_the_receivable_is_worth_what_is_open(self):
        opened = sum(each["HomeBalance"] for each in self.company.objects("Invoice"))
        credit = sum(each["HomeBalance"] for each in self.company.objects("CreditMemo"))
        sent_back = sum(each.open_at_home for each in self.company.state.records("Purchase"))
        there = opened + sent_back - credit - sum(self.unapplied_at_home())
        assert self.company.balances().get(self.receivable, 0) == there

    def unapplied_at_home(self):
        for payment in self.company.objects("Payment"):
            yield (payment["UnappliedAmt"] * payment["ExchangeRate"]).quantize(Decimal("0.01"), ROUND_HALF_UP)


for machine in (Bookkeeping, ForeignBookkeeping):
    machine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestBookkeeping = Bookkeeping.TestCase
TestForeignBookkeeping = ForeignBookkeeping.TestCase

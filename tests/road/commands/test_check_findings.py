"""Everything that `cartledger check` finds before anything is posted, each with its exact sentence, and nothing of it
in a sound shop."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from simulator import Simulator
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import refund

LAST = 1006
Change = Callable[[Simulator], Any]
Says = tuple[str, str, str]
"""Level, the connection's setting ("" for none), sentence."""

TAXES = {
    "us": {"map": {"*": "State tax"}},
    "us_ast": {"map": {}},
    "uk": {"out_of_scope": "No VAT", "map": {"VAT": "20.0% S", "Reduced": "5.0% R", "none": "0.0% Z"}},
    "au": {"out_of_scope": "BAS Excluded", "map": {"GST": "GST", "none": "GST free"}},
    "ca": {
        "out_of_scope": "Out of Scope",
        "map": {"HST": "HST ON", "GST": "GST", "QST": "GST/QST QC", "PST": "GST/PST BC", "none": "Zero-rated"},
    },
    "eur": {"map": {"*": "State tax"}},
}


METHODS = {
    "Credit Card": {"method": "Visa"},
    "PayPal": {"account": "PayPal clearing", "method": "PayPal"},
    "Cash on Delivery": {"account": "Cash clearing", "method": "Cash"},
    "Bank Deposit": {"account": "Checking", "method": "Check"},
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """`change` is done to both sides of a sound shop, `sections` to its settings; `says` is then printed, and notes."""

    name: str
    says: tuple[Says, ...]
    change: Change = lambda _: None
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kind: str = "us"

    @property
    def exit_code(self) -> int:
        return 2 if any(level == "problem" for level, _, _ in self.says) else 0


def deactivated(entity: str, name: str) -> Change:
    def change(sim: Simulator) -> None:
        found = sim.company.read(entity, sim.company.id_of(entity, name))
        gone = {"Id": found["Id"], "SyncToken": found["SyncToken"], "sparse": True, "Active": False}
        sim.company.update(entity, gone)

    return change


def preferring(section: str, **preferences: Any) -> Change:
    return lambda sim: sim.company.preferences[section].update(preferences)


def item_on(name: str, account: str) -> Change:
    """An item that posts to an account."""

    def change(sim: Simulator) -> None:
        income = {"value": sim.company.id_of("Account", account)}
        sim.company.create("Item", {"Name": name, "Type": "Service", "IncomeAccountRef": income})

    return change


def made(entity: str, **body: Any) -> Change:
    return lambda sim: sim.company.create(entity, body)


def order(**fields: Any) -> Change:
    return lambda sim: sim.shop.update(LAST, **fields)


def first_line(**fields: Any) -> Change:
    """The first line of the last order is another one."""

    def change(sim: Simulator) -> None:
        first, *others = sim.shop.orders[LAST].products
        sim.shop.update(LAST, products=[first | fields, *others])

    return change


def taxes_named(name: str, tax_class: str) -> Change:
    """The taxes of all orders."""

    def change(sim: Simulator) -> None:
        for order_id, each in sim.shop.orders.items():
            sim.shop.update(order_id, taxes=[row | {"name": name, "class": tax_class} for row in each.taxes])

    return change


def products(*skus: str) -> Change:
    def change(sim: Simulator) -> None:
        for number, sku in enumerate(skus, 9001):
            sim.shop.add_product(sku=sku, name=f"Odd {number}", price=Decimal(1), product_id=number)

    return change


def certificate(amount: int, **facts: Any) -> Change:
    return lambda sim: sim.shop.add_gift_certificate(amount=Decimal(amount), **facts)


def credit(*amounts: str) -> Change:
    def change(sim: Simulator) -> None:
        billing = dict.fromkeys(("email", "first_name", "last_name", "company", "phone"), "")
        for number, amount in enumerate(amounts, 9001):
            sim.shop.add_customer(customer_id=number, billing=billing, credit=Decimal(amount))

    return change


def sold_by_hand(amount: int, *, taxed: bool = True) -> Change:
    """A certificate that stands in the books; `taxed` with a tax that is owed too."""

    def change(sim: Simulator) -> None:
        item = {"value": sim.company.id_of("Item", "Gift certificate")}
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": Decimal(amount),
            "SalesItemLineDetail": {"ItemRef": item},
        }
        sim.company.create("SalesReceipt", {"Line": [line]})
        if taxed:
            goods = {"ItemRef": {"value": sim.company.id_of("Item", "Fee")}, "TaxCodeRef": {"value": "TAX"}}
            taxable = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(100), "SalesItemLineDetail": goods}
            rate = {
                "TaxRateRef": {"value": "3"},
                "PercentBased": True,
                "TaxPercent": Decimal("8.25"),
                "NetAmountTaxable": Decimal(100),
            }
            tax = {
                "TxnTaxCodeRef": {"value": "2"},
                "TotalTax": Decimal("8.25"),
                "TaxLine": [{"DetailType": "TaxLineDetail", "Amount": Decimal("8.25"), "TaxLineDetail": rate}],
            }
            sim.company.create("SalesReceipt", {"Line": [taxable], "TxnTaxDetail": tax})

    return change


def both(*changes: Change) -> Change:
    return lambda sim: [change(sim) for change in changes]


def counted(name: str) -> Change:
    """A product whose stock the company keeps."""
    return lambda sim: sim.company.add_item(name=name, sku=name, kind="inventory")


def refunded(amount: str) -> Change:
    """An amount without goods went back of the last order."""
    return lambda sim: refund(sim.shop, LAST, Asked(amount=Decimal(amount)))


def refunding(connection: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Mapping[str, Any]]:
    """The settings of a shop whose refunds are booked, with changes; None takes one out."""
    workflows = {"workflows": ["sales", "payments", "refunds"], **(connection or {})}
    named = {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
        **changes,
    }
    return {"connection": workflows, "refunds": named}


CASES = [
    Case(
        name="an unknown account",
        sections={"payments": {"default_account": "Card claering"}},
        says=(
            (
                "problem",
                "payments.default_account",
                'QuickBooks has no account "Card claering". Did you mean "Card clearing"?',
            ),
        ),
    ),
    Case(
        name="an inactive account",
        change=deactivated("Account", "Cash clearing"),
        says=(
            (
                "problem",
                'payments.methods."Cash on Delivery".account',
                'The account "Cash clearing" is inactive in QuickBooks. Make it active again, or name another one.',
            ),
        ),
    ),
    Case(
        name="a clearing account of the wrong type",
        sections={"payments": {"default_account": "Sales"}},
        says=(
            (
                "problem",
                "payments.default_account",
                'The account "Sales" is of type Income. It must be Bank or Other Current Asset.',
            ),
        ),
    ),
    Case(
        name="a clearing account in another currency",
        kind="eur",
        sections={"payments": {"default_account": "Card clearing EUR"}},
        says=(
            (
                "problem",
                "payments.default_account",
                'The account "Card clearing EUR" is kept in EUR. It must be kept in USD.',
            ),
        ),
    ),
    Case(
        name="clearing accounts by currency",
        kind="eur",
        sections={"payments": {"default_accounts": {"EUR": "Card claering EUR", "GBP": "Card clearing EUR"}}},
        says=(
            (
                "problem",
                'payments.default_accounts."EUR"',
                'QuickBooks has no account "Card claering EUR". Did you mean "Card clearing EUR"?',
            ),
            (
                "problem",
                'payments.default_accounts."GBP"',
                'The account "Card clearing EUR" is kept in EUR. It must be kept in GBP or USD.',
            ),
        ),
    ),
    Case(
        name="accounts for other currencies of a company that has one",
        sections={"payments": {"default_accounts": {"EUR": "Card clearing"}}},
        says=(
            (
                "warning",
                'payments.default_accounts."EUR"',
                "The company keeps its books in USD alone: orders in EUR will be held. Switch on several "
                "currencies in QuickBooks.",
            ),
        ),
    ),
    Case(
        name="an unknown payment method",
        sections={"payments": {"methods": METHODS | {"Credit Card": {"method": "Viza"}}}},
        says=(
            (
                "problem",
                'payments.methods."Credit Card".method',
                'QuickBooks has no payment method "Viza". Did you mean "Visa"?',
            ),
        ),
    ),
    Case(
        name="an unknown item",
        sections={"sales": {"fee_item": "Fees"}},
        says=(("problem", "sales.fee_item", 'QuickBooks has no item "Fees". Did you mean "Fee"?'),),
    ),
    Case(
        name="an inactive item",
        change=deactivated("Item", "Fee"),
        says=(
            (
                "problem",
                "sales.fee_item",
                'The item "Fee" is inactive in QuickBooks. Make it active again, or name another one.',
            ),
        ),
    ),
    Case(
        name="certificates on income",
        change=item_on("Voucher", "Sales"),
        sections={"sales": {"gift_card_product": "Voucher"}},
        says=(
            (
                "problem",
                "sales.gift_card_product",
                'The item "Voucher" posts to "Sales" of type Income. It must be Long Term Liability or Other '
                "Current Liability.",
            ),
        ),
    ),
    Case(
        name="store credit on a bank",
        change=item_on("Wallet", "Checking"),
        sections={"sales": {"store_credit_product": "Wallet"}},
        says=(
            (
                "problem",
                "sales.store_credit_product",
                'The item "Wallet" posts to "Checking" of type Bank. It must be Long Term Liability or Other '
                "Current Liability.",
            ),
        ),
    ),
    Case(
        name="discounts on a liability",
        change=item_on("Off", "Store credit"),
        sections={"sales": {"discount_product": "Off"}},
        says=(
            (
                "problem",
                "sales.discount_product",
                'The item "Off" posts to "Store credit" of type Other Current Liability. It must be Income '
                "or Other Income.",
            ),
        ),
    ),
    Case(
        name="accounts of made items of the wrong type",
        sections={
            "products": {
                "create_missing": True,
                "inventory_accounts": {"income": "Sales", "asset": "Checking", "cogs": "Sales"},
                "noninventory_accounts": {"income": "Slaes", "expense": "Cost of Goods Sold"},
            }
        },
        says=(
            (
                "problem",
                "products.inventory_accounts.asset",
                'The account "Checking" is of type Bank. It must be Other Current Asset.',
            ),
            (
                "problem",
                "products.inventory_accounts.cogs",
                'The account "Sales" is of type Income. It must be Cost of Goods Sold.',
            ),
            (
                "problem",
                "products.noninventory_accounts.income",
                'QuickBooks has no account "Slaes". Did you mean "Sales"?',
            ),
        ),
    ),
    Case(
        name="an unknown class",
        change=preferring("AccountingInfoPrefs", ClassTrackingPerTxnLine=True),
        sections={"sales": {"class": "Webb"}},
        says=(("problem", "sales.class", 'QuickBooks has no class "Webb". Did you mean "Web"?'),),
    ),
    Case(
        name="an inactive class",
        change=both(preferring("AccountingInfoPrefs", ClassTrackingPerTxn=True), deactivated("Class", "Web")),
        sections={"sales": {"class": "Web"}},
        says=(
            (
                "problem",
                "sales.class",
                'The class "Web" is inactive in QuickBooks. Make it active again, or name another one.',
            ),
        ),
    ),
    Case(
        name="an untracked class",
        sections={"sales": {"class": "Web"}},
        says=(
            (
                "problem",
                "sales.class",
                "Class tracking is off in QuickBooks. Switch it on there (Advanced, Categories), or take "
                "sales.class out.",
            ),
        ),
    ),
    Case(
        name="an untracked and unknown location",
        sections={"sales": {"location": "Shop"}},
        says=(
            (
                "problem",
                "sales.location",
                'QuickBooks has no location "Shop". Correct the name, or make the location in QuickBooks.',
            ),
            (
                "problem",
                "sales.location",
                "Location tracking is off in QuickBooks. Switch it on there (Advanced, Categories), or take "
                "sales.location out.",
            ),
        ),
    ),
    Case(
        name="an inactive location",
        change=both(preferring("AccountingInfoPrefs", TrackDepartments=True), deactivated("Department", "Web store")),
        sections={"sales": {"location": "Web store"}},
        says=(
            (
                "problem",
                "sales.location",
                'The location "Web store" is inactive in QuickBooks. Make it active again, or name another one.',
            ),
        ),
    ),
    Case(
        name="an unknown custom field",
        change=lambda sim: sim.company.add_custom_field("Channel"),
        sections={"sales": {"custom_fields": {"Chanel": "channel_id", "Channel": "order_source"}}},
        says=(
            (
                "problem",
                'sales.custom_fields."Chanel"',
                'QuickBooks has no custom field "Chanel" on sales forms. Did you mean "channel"?',
            ),
        ),
    ),
    Case(
        name="an unknown generic customer",
        sections={"sales": {"customer": "generic", "generic_customer": "Web sales"}},
        says=(
            (
                "problem",
                "sales.generic_customer",
                'QuickBooks has no customer "Web sales". Make it there, with the currency USD, or name another one as '
                "sales.generic_customer.",
            ),
        ),
    ),
    Case(
        name="an inactive generic customer",
        change=both(made("Customer", DisplayName="Web sales"), deactivated("Customer", "Web sales")),
        sections={"sales": {"customer": "generic", "generic_customer": "Web sales"}},
        says=(
            (
                "problem",
                "sales.generic_customer",
                'The customer "Web sales" is inactive in QuickBooks. Make it active again, or name another one as '
                "sales.generic_customer.",
            ),
        ),
    ),
    Case(
        name="a generic customer of another currency",
        kind="eur",
        change=both(
            made("Customer", DisplayName="Web sales", CurrencyRef={"value": "EUR"}),
            made("Customer", DisplayName="Web sales (EUR)", CurrencyRef={"value": "EUR"}),
        ),
        sections={"sales": {"customer": "generic", "generic_customer": "Web sales"}},
        says=(
            (
                "problem",
                "sales.generic_customer",
                'The customer "Web sales" has the currency EUR, not USD. Rename it in QuickBooks and make one of that '
                "name with the currency USD.",
            ),
        ),
    ),
    Case(
        name="no generic customer for orders in another currency",
        kind="eur",
        change=made("Customer", DisplayName="Web sales"),
        sections={"sales": {"customer": "generic", "generic_customer": "Web sales"}},
        says=(
            (
                "warning",
                "",
                "3 of the last 6 orders (… for one) would be held: QuickBooks has no customer "
                '"Web sales (EUR)". Make it there, with the currency EUR, or name another one as '
                "sales.generic_customer.",
            ),
        ),
    ),
    Case(
        name="discounts off",
        change=preferring("SalesFormsPrefs", AllowDiscount=False),
        sections={"sales": {"discount_product": None}},
        says=(
            (
                "problem",
                "",
                "sales.discount_product is not set, and the company does not use QuickBooks' discount field. "
                "Set sales.discount_product, or switch discounts on in QuickBooks under Sales.",
            ),
        ),
    ),
    Case(
        name="shipping off",
        change=preferring("SalesFormsPrefs", AllowShipping=False),
        sections={"sales": {"shipping_item": None}},
        says=(
            (
                "problem",
                "",
                "sales.shipping_item is not set, and the company does not use QuickBooks' shipping field. "
                "Set sales.shipping_item, or switch shipping on in QuickBooks under Sales.",
            ),
        ),
    ),
    Case(
        name="custom numbers off",
        change=preferring("SalesFormsPrefs", CustomTxnNumbers=False),
        says=(
            (
                "warning",
                "",
                "Custom transaction numbers are off in QuickBooks: its own numbering may go on from the "
                "orders' numbers. Switch them on in QuickBooks under Sales, or set sales.automatic_numbers = "
                "true.",
            ),
        ),
    ),
    Case(
        name="no prefix",
        sections={"sales": {"number_prefix": ""}},
        says=(
            (
                "warning",
                "",
                "sales.number_prefix is empty: documents are numbered 1234, like the company's own. Set it, "
                'for instance to "BC".',
            ),
        ),
    ),
    Case(
        name="no cards",
        sections={"sales": {"post_as": "invoice", "allow_credit_card_payments": True}},
        says=(
            (
                "warning",
                "sales.allow_credit_card_payments",
                "The company takes no cards on its invoices, so that the switch does nothing. Set up "
                "QuickBooks Payments, or take it out.",
            ),
        ),
    ),
    Case(
        name="no message",
        change=preferring("SalesFormsPrefs", DefaultCustomerMessage=""),
        sections={"sales": {"use_default_customer_message": True}},
        says=(
            (
                "warning",
                "sales.use_default_customer_message",
                "The company has no message of its own, so that documents will have none. Write it in "
                "QuickBooks under Sales, Messages, or take it out.",
            ),
        ),
    ),
    Case(
        name="credits applied by themselves",
        change=preferring("SalesFormsPrefs", AutoApplyCredit=True),
        sections={"sales": {"post_as": "invoice", "tenders_on_invoice": "credit_memo"}},
        says=(
            (
                "problem",
                "sales.tenders_on_invoice",
                "QuickBooks applies credits by itself in this company: the memo of one order may pay another "
                'invoice. Switch "Automatically apply credits" off in QuickBooks (Advanced, Automation), or '
                'set it to "line".',
            ),
        ),
    ),
    Case(
        name="an unknown tax code",
        sections={"tax": {"map": {"*": "State taxx"}}},
        says=(("problem", 'tax.map."*"', 'QuickBooks has no tax code "State taxx". Did you mean "State tax"?'),),
    ),
    Case(
        name="no tax code at all",
        sections={"tax": {"map": {}}},
        says=(
            (
                "warning",
                "",
                'tax.map is empty: orders with tax will be held. Add "*" = "your tax code", or a line for '
                "each of the shop's taxes (`cartledger taxes` lists them).",
            ),
            (
                "warning",
                "",
                '3 of the last 6 orders (… for one) would be held: The tax "Tax" (class "Default Tax '
                'Class", 8.25 %) of an order to US is not mapped to a QuickBooks tax code. Add "Tax" or '
                '"Default Tax Class" to tax.map, or "*" for every tax.',
            ),
        ),
    ),
    Case(
        name="a code with a rate for lines without tax",
        kind="uk",
        sections={"tax": TAXES["uk"] | {"map": TAXES["uk"]["map"] | {"none @ export": "20.0% S"}}},
        says=(("problem", 'tax.map."none @ export"', 'the tax code "20.0% S" has a rate of 20 %. Name one of 0 %.'),),
    ),
    Case(
        name="a code of no supply with a rate",
        kind="uk",
        sections={"tax": TAXES["uk"] | {"out_of_scope": "20.0% S"}},
        says=(("problem", "tax.out_of_scope", 'the tax code "20.0% S" has a rate of 20 %. Name one of 0 %.'),),
    ),
    Case(
        name="no code of no supply",
        kind="uk",
        sections={"tax": {"map": TAXES["uk"]["map"]}},
        says=(
            (
                "warning",
                "",
                "tax.out_of_scope is not set: orders with lines of sales.gift_card_product, "
                "sales.store_credit_product, sales.rounding_product will be held. Name the tax code of no "
                'supply ("No VAT", "BAS Excluded").',
            ),
        ),
    ),
    Case(
        name="a tax that is not mapped",
        kind="uk",
        change=taxes_named("Levy", "Books"),
        sections={"tax": TAXES["uk"] | {"map": {"VAT": "5.0% R", "none": "0.0% Z"}}},
        says=(
            (
                "warning",
                "",
                '3 of the last 6 orders (… for one) would be held: The tax "Levy" (class "Books", 20 %) '
                'on "Wool Shelf No. 17" to GB is not mapped to a QuickBooks tax code. Add "Levy", "Books" or '
                '"Levy @ GB" to tax.map.',
            ),
        ),
    ),
    Case(name="certificates that the books hold", change=both(certificate(50), sold_by_hand(50)), says=()),
    Case(
        name="certificates that the books hold, shown below zero",
        change=both(
            certificate(50),
            sold_by_hand(50, taxed=True),
            lambda sim: setattr(sim.company, "liabilities_below_zero", True),
        ),
        says=(),
    ),
    Case(
        name="more in the books than is owed",
        change=both(certificate(50), sold_by_hand(80, taxed=True)),
        says=(
            (
                "warning",
                "sales.gift_card_product",
                'The shop owes 50.00 on 1 gift certificate; the account "Gift certificates" holds 80.00: '
                "30.00 too much is in the books. Make a journal entry on 2019-12-31, the day before "
                'start_date: debit "Gift certificates", credit "Opening Balance Equity" 30.00.',
            ),
        ),
    ),
    Case(
        name="a balance on a side that is not known",
        change=both(
            certificate(50),
            sold_by_hand(80, taxed=False),
            lambda sim: setattr(sim.company, "liabilities_below_zero", True),
        ),
        says=(
            (
                "warning",
                "sales.gift_card_product",
                'The shop owes 50.00 on 1 gift certificate; the account "Gift certificates" holds 80.00, and '
                "QuickBooks does not say on which side. Look at the account: 50.00 should be owed.",
            ),
        ),
    ),
    Case(
        name="own numbers off, and not needed",
        change=preferring("SalesFormsPrefs", CustomTxnNumbers=False),
        sections={"sales": {"automatic_numbers": True, "number_prefix": ""}},
        says=(),
    ),
    Case(
        name="blank and twin SKUs",
        change=products("", "twin", "TWIN"),
        says=(
            ("warning", "", "No SKU: variant 19001 of product 9001. Give it a SKU in BigCommerce."),
            (
                "warning",
                "",
                'The SKU "twin" is shared by variant 19002 of product 9002, variant 19003 of product 9003. '
                "Give each a SKU of its own.",
            ),
        ),
    ),
    Case(
        name="a SKU without an item",
        change=first_line(sku="NEW-1"),
        sections={"sales": {"default_product": None}},
        says=(
            (
                "warning",
                "",
                'One of the last 6 orders (1006) would be held: No QuickBooks item has the SKU "NEW-1" '
                "(Brass Shelf No. 31). Create the item in QuickBooks, correct the SKU in BigCommerce, or set "
                "products.create_missing or sales.default_product.",
            ),
        ),
    ),
    Case(
        name="a payment method that is not mapped",
        change=order(payment_method="Klarna"),
        says=(
            (
                "warning",
                "",
                'One of the last 6 orders (1006): The payment method "Klarna" is not in payments.methods; '
                'its money goes to "Card clearing". Add it to payments.methods, with its account '
                "(`cartledger methods` shows all).",
            ),
        ),
    ),
    Case(
        name="certificates that nobody has booked",
        change=both(
            certificate(50),
            certificate(30, balance=Decimal("12.50")),
            certificate(9, status="expired"),
            certificate(7, currency="EUR"),
        ),
        says=(
            (
                "warning",
                "sales.gift_card_product",
                'The shop owes 62.50 on 2 gift certificates; the account "Gift certificates" holds 0.00: '
                "62.50 is not in the books. Make a journal entry on 2019-12-31, the day before start_date: "
                'debit "Opening Balance Equity", credit "Gift certificates" 62.50.',
            ),
        ),
    ),
    Case(
        name="certificates without an item",
        change=certificate(50),
        sections={"sales": {"gift_card_product": None}},
        says=(
            (
                "warning",
                "",
                "The shop owes 50.00 on 1 gift certificate, and sales.gift_card_product is not set: orders "
                "that redeem it will be held. Set sales.gift_card_product to an item that posts to a "
                "liability.",
            ),
        ),
    ),
    Case(
        name="store credit that nobody has booked",
        change=credit("20.00", "0.00", "0.50"),
        says=(
            (
                "warning",
                "sales.store_credit_product",
                'The shop owes 20.50 in store credit to 2 customers; the account "Store credit" holds 0.00: '
                "20.50 is not in the books. Make a journal entry on 2019-12-31, the day before start_date: "
                'debit "Opening Balance Equity", credit "Store credit" 20.50.',
            ),
        ),
    ),
    Case(
        name="store credit in another currency than the books",
        kind="eur",
        change=both(credit("20.00"), lambda sim: setattr(sim.shop, "currency", "EUR")),
        says=(),
    ),
    Case(
        name="a balance that cannot be read",
        change=both(certificate(50), lambda sim: sim.shop.gift_certificates[0].update(balance="lots")),
        says=(
            (
                "warning",
                "",
                "What the shop owes its customers cannot be read: 'lots' is not a decimal number.",
            ),
        ),
    ),
    Case(
        name="a shop of another currency",
        kind="us",
        change=lambda sim: setattr(sim.shop, "currency", "CAD"),
        says=(
            (
                "problem",
                "",
                "The shop sells in CAD, the company's books are in USD and know no other currency. Connect "
                "the shop's own company, or switch on several currencies in QuickBooks (that is for good).",
            ),
        ),
    ),
    Case(
        name="closed books",
        change=preferring("AccountingInfoPrefs", BookCloseDate="2025-12-31"),
        says=(
            (
                "warning",
                "start_date",
                "The company's books are closed up to 2025-12-31: orders from 2020-01-01 on till then will "
                "be held. Set start_date = 2026-01-01, or open the books.",
            ),
        ),
    ),
    Case(
        name="an opening entry beside closed books",
        change=both(preferring("AccountingInfoPrefs", BookCloseDate="2025-12-31"), certificate(50)),
        sections={"connection": {"start_date": "2026-01-01"}},
        says=(
            (
                "warning",
                "sales.gift_card_product",
                'The shop owes 50.00 on 1 gift certificate; the account "Gift certificates" holds 0.00: '
                "50.00 is not in the books. Make a journal entry on 2026-01-01, the first day after the "
                'closed ones: debit "Opening Balance Equity", credit "Gift certificates" 50.00.',
            ),
        ),
    ),
    Case(
        name="items of refunds that are not there, or post to a bank",
        change=item_on("Refunds", "Checking"),
        sections=refunding(no_restock_product="Returned godos", adjustment_product="Refunds"),
        says=(
            (
                "problem",
                "refunds.no_restock_product",
                'QuickBooks has no item "Returned godos". Did you mean "Returned goods"?',
            ),
            (
                "problem",
                "refunds.adjustment_product",
                'The item "Refunds" posts to "Checking" of type Bank. It must be Income or Other Income.',
            ),
        ),
    ),
    Case(
        name="goods that are not put back to stock by an item that is counted",
        change=counted("BOX"),
        sections=refunding(no_restock_product="BOX"),
        says=(
            (
                "problem",
                "refunds.no_restock_product",
                'QuickBooks keeps the stock of the item "BOX", and nothing goes back to stock by it. Name a service or '
                "a non-inventory item.",
            ),
        ),
    ),
    Case(
        name="no item for amounts that were refunded without goods",
        sections=refunding(adjustment_product=None),
        says=(
            (
                "warning",
                "",
                "refunds.adjustment_product is not set: refunds of an amount without goods will be held. Set it to an "
                "item that posts to sales returns.",
            ),
        ),
    ),
    Case(
        name="an unknown account of refunds",
        sections=refunding(account="Card claering"),
        says=(
            ("problem", "refunds.account", 'QuickBooks has no account "Card claering". Did you mean "Card clearing"?'),
        ),
    ),
    Case(
        name="refunds that leave an account of the wrong type, which no money comes to",
        sections=refunding(account="Sales"),
        says=(
            (
                "problem",
                "refunds.account",
                'The account "Sales" is of type Income. It must be Bank or Other Current Asset.',
            ),
            (
                "warning",
                "refunds.account",
                'Money comes to "Card clearing", "Cash clearing", "Checking" and "PayPal clearing", and refunds leave '
                '"Sales": payouts will not tie to what these hold. Take it out, and refunds leave the account of the '
                "sale's payment method.",
            ),
        ),
    ),
    Case(
        name="refunds that leave one of several clearing accounts",
        sections={
            **refunding(account="card clearing"),
            "payments": {"methods": {name: {} for name in METHODS} | {"PayPal": {"account": "PayPal clearing"}}},
        },
        says=(
            (
                "warning",
                "refunds.account",
                'Money comes to "PayPal clearing", and refunds leave "Card clearing": payouts will not tie to what '
                "these hold. Take it out, and refunds leave the account of the sale's payment method.",
            ),
        ),
    ),
    Case(
        name="refunds that leave the one clearing account",
        sections={
            **refunding(account="Card clearing"),
            "payments": {"methods": {name: {} for name in METHODS}},
        },
        says=(),
    ),
    Case(
        name="accounts of refunds by currency",
        kind="eur",
        sections={
            **refunding(accounts={"EUR": "Checking EUR", "GBP": "Card clearing EUR"}),
            "payments": {
                "default_accounts": {"EUR": "Card clearing EUR"},
                "methods": {name: {} for name in METHODS},
            },
        },
        says=(
            (
                "problem",
                'refunds.accounts."GBP"',
                'The account "Card clearing EUR" is kept in EUR. It must be kept in GBP or USD.',
            ),
            (
                "warning",
                'refunds.accounts."EUR"',
                'Money comes to "Card clearing EUR", and refunds leave "Checking EUR": payouts will not tie to what '
                "these hold. Take it out, and refunds leave the account of the sale's payment method.",
            ),
            (
                "warning",
                'refunds.accounts."GBP"',
                'Money comes to "Card clearing", and refunds leave "Card clearing EUR": payouts will not tie to what '
                "these hold. Take it out, and refunds leave the account of the sale's payment method.",
            ),
        ),
    ),
    Case(
        name="accounts of refunds by currency in a company that has one",
        sections={
            **refunding(accounts={"EUR": "Card clearing"}),
            "payments": {"methods": {name: {} for name in METHODS}},
        },
        says=(
            (
                "warning",
                'refunds.accounts."EUR"',
                "The company keeps its books in USD alone: orders in EUR will be held. Switch on several currencies in "
                "QuickBooks.",
            ),
        ),
    ),
    Case(
        name="credits that QuickBooks applies by itself, beside refunds",
        change=preferring("SalesFormsPrefs", AutoApplyCredit=True),
        sections=refunding(),
        says=(
            (
                "warning",
                "",
                "QuickBooks applies credits by itself in this company: refunds of unpaid invoices will be held. Switch "
                '"Automatically apply credits" off in QuickBooks (Advanced, Automation).',
            ),
        ),
    ),
    Case(
        name="several accounts that customers owe on",
        change=made("Account", Name="Other receivables", AccountType="Accounts Receivable"),
        sections=refunding(),
        says=(
            (
                "warning",
                "",
                "QuickBooks has several active accounts of type Accounts Receivable in USD: refunds of partly paid "
                "invoices will be held. Leave exactly one active.",
            ),
        ),
    ),
    Case(
        name="where no order becomes an invoice nothing is said of them",
        change=both(
            preferring("SalesFormsPrefs", AutoApplyCredit=True),
            made("Account", Name="Other receivables", AccountType="Accounts Receivable"),
        ),
        sections={**refunding(), "payments": {"multi_tender": "hold"}},
        says=(),
    ),
    Case(
        name="a refund that no item is there for",
        change=refunded("5.00"),
        sections=refunding(adjustment_product=None),
        says=(
            (
                "warning",
                "",
                "refunds.adjustment_product is not set: refunds of an amount without goods will be held. Set it to an "
                "item that posts to sales returns.",
            ),
        ),
    ),
    Case(name="a refund that can be booked", change=refunded("5.00"), sections=refunding(), says=()),
    Case(
        name="books that are closed where what is of that time is dated anew",
        change=preferring("AccountingInfoPrefs", BookCloseDate="2025-12-31"),
        sections={"connection": {"closed_books": "first_open_day"}},
        says=(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_found(case, make_sim, make_road, command):
    sim = make_sim(company=case.kind)
    sim.fill(orders=6, customers=3, clean=True)
    case.change(sim)
    sim.reset_counts()
    road = make_road(sim, **{"tax": TAXES[case.kind], **case.sections})
    printed = command(road)("check", expect=case.exit_code).stdout.splitlines()
    lines = road.config.read_text().splitlines()
    found = [line for line in printed if line.startswith(("problem: ", "warning: "))]
    assert [said(line) for line in found] == list(case.says)
    keys = {number_of(line): said(line)[1] for line in found if "cartledger.toml:" in line}
    assert all(last_key(key) in lines[number - 1] for number, key in keys.items())
    assert sim.company.report()["written"] == 0


def said(line: str) -> Says:
    level, place, sentence = re.fullmatch(
        r'(\w+): (?:\S+cartledger.toml:\d+: )?connections\.demo((?:\.(?:"[^"]*"|\w+))*): (.*)', line
    ).groups()
    # Which of several was changed last depends on the hour: no order changes after the end of its day.
    return level, place.removeprefix("."), re.sub(r"\(\d+ for one\)", "(… for one)", sentence)


def number_of(line: str) -> int:
    return int(re.search(r"cartledger.toml:(\d+): ", line)[1])


def last_key(key: str) -> str:
    """As it stands in the file."""
    return re.findall(r'"[^"]*"|\w+', key)[-1].strip('"')


@pytest.mark.parametrize("kind", TAXES)
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_nothing_is_found_in_a_sound_shop(kind, post_as, make_sim, make_road, command):
    sim = make_sim(company=kind)
    sim.fill(orders=6, customers=3, clean=True, price_mode="inclusive" if post_as == "invoice" else "exclusive")
    facts = command(make_road(sim, sales={"post_as": post_as}, tax=TAXES[kind])).facts("check")["demo"]
    assert {fact["level"] for fact in facts} == {"note"}
    assert facts[-1]["text"] == "connections.demo: Of the last 6 orders 6 would be posted, 0 held, 0 left out."

"""What the books must say of an order, from the shop's own state and the rules of keeping them; nothing of the product.

Amounts are in the order's currency, debit positive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any

from simulator.bigcommerce import journal
from simulator.bigcommerce.refund_figures import counts
from simulator.bigcommerce.store import Order
from tests.books.lives.papers import Paper

ZERO = Decimal(0)
CARD = "Card clearing"
ACCOUNTS = {
    "stripe": CARD,
    "paypalcommerce": "PayPal clearing",
    "PayPal": "PayPal clearing",
    "Cash on Delivery": "Cash clearing",
    "Bank Deposit": "Checking",
}
"""Where the money of a provider, or of a method that the shop names, is kept; all other is with the cards'."""

RECEIVABLES = "Accounts Receivable (A/R)"
CREDIT, CERTIFICATES = "Store credit", "Gift certificates"
TAXES = ("Sales tax payable", "VAT control", "GST payable", "GST/HST payable", "QST payable", "PST payable")
TAX = "tax"

DISPUTED, REFUNDED, PARTLY_REFUNDED, CANCELLED, DECLINED = 13, 4, 14, 5, 6
PAID = ("captured", "paid", "partially refunded", "refunded")
NOT_PAID = ("authorized", "declined", "void")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the books are kept: which document an order becomes, and of which statuses."""

    invoices: bool
    statuses: frozenset[int]
    home_currency: str


@dataclass(frozen=True, kw_only=True)
class Life:
    """An order as the shop has it, its refunds, and what stands for it."""

    rules: Rules
    order: Order
    rows: Sequence[Mapping[str, Any]]
    papers: Sequence[Paper]

    # -- what the shop says

    @property
    def total(self) -> Decimal:
        return _amount(self.order.header["total_inc_tax"])

    @property
    def tax(self) -> Decimal:
        return _amount(self.order.header["total_tax"])

    @property
    def redeemed(self) -> dict[str, Decimal]:
        header = self.order.header
        return {
            CERTIFICATES: _amount(header["gift_certificate_amount"]),
            CREDIT: _amount(header["store_credit_amount"]),
        }

    @property
    def tenders(self) -> Decimal:
        return sum(self.redeemed.values(), ZERO)

    @property
    def status(self) -> int:
        return int(self.order.header["status_id"])

    @property
    def payment_status(self) -> str:
        return str(self.order.header["payment_status"])

    @property
    def currency(self) -> str:
        return str(self.order.header["default_currency_code"])

    @property
    def odd(self) -> str:
        return str(self.order.header.get("staff_notes") or "").removeprefix("simulator: ")

    @property
    def at_home(self) -> bool:
        return self.currency == self.rules.home_currency

    @property
    def off(self) -> bool:
        return self.status in (CANCELLED, DECLINED)

    @property
    def archived(self) -> bool:
        return bool(self.order.header["is_deleted"])

    @property
    def taken(self) -> dict[str, Decimal]:
        """By account, what providers took."""
        rows = [row for row in journal.money_in(self.order) if not journal.is_own_credit(row)]
        return _sums((self._account(row["gateway"]), _amount(row["amount"])) for row in rows)

    @property
    def refunds(self) -> list[Mapping[str, Any]]:
        """Those of which nothing was declined and that can be booked."""
        return [row for row in self.rows if counts(row) and not _declined_in_part(row) and not _tax_alone(row)]

    @property
    def certificates(self) -> dict[int, Decimal]:
        """Those sold, by line."""
        lines = (line for line in self.order.products if line["type"] == "giftcertificate")
        return {line["id"]: _amount(line["total_inc_tax"]) for line in lines}

    @property
    def took_certificates_back(self) -> bool:
        items = (item for row in self.refunds for item in row["items"] if item["item_type"] == "PRODUCT")
        return any(item["item_id"] in self.certificates for item in items)

    def _account(self, name: str) -> str:
        method = str(self.order.header["payment_method"])
        account = ACCOUNTS.get(name) or ACCOUNTS.get(method, CARD)
        return account if self.at_home else f"{account} {self.currency}"

    @property
    def own_account(self) -> str:
        return self._account("")

    # -- what stands

    @property
    def sale(self) -> Paper | None:
        return next((paper for paper in self.papers if paper.is_sale), None)

    @property
    def booked(self) -> Decimal:
        """What the sale is booked at, with what was redeemed."""
        return self.sale.total + (ZERO if self._memo else self.tenders) if self.sale else ZERO

    @property
    def tax_booked(self) -> Decimal:
        return self.sale.tax if self.sale else ZERO

    @property
    def _memo(self) -> bool:
        return any(paper.kind == "redeemed" for paper in self.papers)

    @property
    def is_invoice(self) -> bool:
        return self.sale is not None and self.sale.entity == "Invoice"

    # -- which orders are sales

    @property
    def is_sale(self) -> bool:
        header = self.order.header
        if self.archived or self.odd in NEVER or header["order_source"] in ("amazon", "ebay"):
            return False
        if header["payment_method"] == "Test Payment Gateway":
            return False
        if not self.rules.invoices and self.payment_status in NOT_PAID and self.total > self.tenders:
            return False
        if self.status in (REFUNDED, PARTLY_REFUNDED):
            return any(map(counts, self.rows))
        return self.status in self.rules.statuses


NEVER = ("foreign currency", "overridden total", "price no number", "unknown status")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What must be so: the `wanted` balances by account (of tax, the sum), None where nothing is said of them, and why
    the order may, or must, wait for a person."""

    wanted: Mapping[str, Decimal] | None
    may: frozenset[str] = frozenset()
    must: frozenset[str] = frozenset()


def judge(life: Life, before: Decimal | None) -> Verdict:
    """`before` is what the sale was booked at when all was quiet last, None where nothing stood."""
    if life.sale is None:
        return _unposted(life)
    must, may = set(_must(life)), set(_may(life))
    if life.sale.voided and not _came(life) + life.tenders and _all_given(life) == life.total:
        return Verdict(wanted={}, may=frozenset(may), must=frozenset(must))
    if _came_beyond(life):
        must.add("went back of what is not booked")
        return Verdict(wanted=None, may=frozenset(may), must=frozenset(must))
    if life.off:
        wanted = _off(life, must)
        return Verdict(wanted=None if may else wanted, may=frozenset(may), must=frozenset(must))
    if not _agrees(life, before):
        must.add("edited after it was paid")
        return Verdict(wanted=None, may=frozenset(may), must=frozenset(must))
    return Verdict(wanted=None if may else _balances(life), may=frozenset(may), must=frozenset(must))


def _came_beyond(life: Life) -> bool:
    """Whether a refund is to be booked while more came in than the sale is booked at and than the order comes to by
    now: of a unit that was added, paid and taken back the order tells nothing else."""
    booked = {paper.number for paper in life.papers if paper.kind == "refund"}
    due = any(row["id"] not in booked and _amount(row["total_amount"]) for row in life.refunds)
    came = sum(life.taken.values(), ZERO) + life.tenders
    return due and life.payment_status not in NOT_PAID and came > max(life.booked, life.total)


def _unposted(life: Life) -> Verdict:
    if life.odd in NEVER:
        return Verdict(wanted={}, may=frozenset({life.odd}))
    too_much = sum(life.taken.values(), ZERO) > life.total - life.tenders
    why = {"refunded without refunds": _refunded_by_hand(life), "paid too much": too_much}
    return Verdict(wanted={}, may=frozenset(name for name, so in why.items() if so))


def short(life: Life) -> bool:
    """Whether providers took some of what the order comes to, and not all, as after an edit that made it more."""
    return ZERO < sum(life.taken.values(), ZERO) < life.total - life.tenders and not life.off


def _must(life: Life) -> Iterator[str]:
    if _refunded_by_hand(life):
        yield "refunded without refunds"
    if any(_declined_in_part(row) for row in life.rows):
        yield "declined in part"
    if any(_tax_alone(row) for row in life.rows if counts(row)):
        yield "tax alone"
    if (life.status == DISPUTED or (life.archived and not life.off)) and _kept(life):
        yield "left with money kept"


def _may(life: Life) -> Iterator[str]:
    if life.off and life.booked != life.total:
        yield "changed before it was called off"
    if any(_declined_in_part(row) for row in life.rows):
        yield "declined in part"
    if life.is_invoice and _refunded_by_hand(life) and _recorded(life) < _came(life):
        yield "paid while a person was to look at it"


def _refunded_by_hand(life: Life) -> bool:
    """Whether its status tells of refunds that the shop has not: it is left as it is for a person."""
    return life.status in (REFUNDED, PARTLY_REFUNDED) and not any(map(counts, life.rows)) and not life.archived


def _recorded(life: Life) -> Decimal:
    return sum((paper.total for paper in life.papers if paper.kind == "payment"), ZERO)


def _kept(life: Life) -> Decimal:
    """What was sold and did not go back, whether it was paid or is owed."""
    return life.booked - _all_given(life)


def _agrees(life: Life, before: Decimal | None) -> bool:
    """Whether the sale is booked at what the shop says, or at what it was while refunds tell the difference."""
    if life.booked == life.total:
        return True
    gone = [_given(row) for row in life.refunds]
    told = {sum(some, ZERO) for number in range(1, len(gone) + 1) for some in combinations(gone, number)}
    paid = sum(life.taken.values(), ZERO) + life.tenders
    return life.booked in (before, paid) and life.booked - life.total in told


def _came(life: Life) -> Decimal:
    """What the books say came in of an invoice."""
    taken = sum(life.taken.values(), ZERO)
    if taken:
        return taken if life.payment_status in PAID else ZERO
    return life.booked - life.tenders if life.payment_status in PAID else ZERO


def _off(life: Life, must: set[str]) -> Mapping[str, Decimal] | None:
    """A sale that was called off: nothing is left of it where nothing came in, or all of that went back."""
    came = _came(life) + life.tenders if life.is_invoice else life.booked
    if not came:
        return {}
    if _all_given(life) == life.booked:
        return _balances(life)
    if life.is_invoice and sum(map(_moved, life.refunds), ZERO) == came:
        return _money(life, open_invoice=True)
    must.add("cancelled with money kept")
    return None if life.is_invoice else _balances(life)


def _balances(life: Life) -> dict[str, Decimal]:
    owed = life.booked - life.tenders - _came(life) if life.is_invoice else ZERO
    found = defaultdict(Decimal, _money(life, open_invoice=bool(owed)))
    found[_receivables(life)] += owed
    found[TAX] = sum((_amount(row["total_tax"]) for row in life.refunds), ZERO) - life.tax_booked
    found[CERTIFICATES] -= sum(life.certificates.values(), ZERO)
    return dict(found)


def _money(life: Life, *, open_invoice: bool) -> dict[str, Decimal]:
    """What came in and was redeemed, less what went back."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    came = _came(life) if life.is_invoice else life.booked - life.tenders
    taken = life.taken if sum(life.taken.values(), ZERO) == came else {life.own_account: came}
    for account, amount in (*taken.items(), *life.redeemed.items()):
        found[account] += amount
    for row in life.refunds:
        for account, amount in _went(life, row, open_invoice=open_invoice):
            found[account] -= amount
    return dict(found)


def _receivables(life: Life) -> str:
    return RECEIVABLES if life.at_home else f"{RECEIVABLES} - {life.currency}"


def _went(life: Life, row: Mapping[str, Any], *, open_invoice: bool) -> Iterator[tuple[str, Decimal]]:
    names = {"storecredit": CREDIT, "giftcertificate": CERTIFICATES}
    for payment in row["payments"]:
        provider = payment["provider_id"]
        if provider in names:
            yield names[provider], _amount(payment["amount"])
        elif open_invoice and payment["offline"]:
            yield _receivables(life), _amount(payment["amount"])
        else:
            yield life._account(provider), _amount(payment["amount"])


def _given(row: Mapping[str, Any]) -> Decimal:
    return sum((_amount(each["amount"]) for each in row["payments"] if not each["is_declined"]), ZERO)


def _all_given(life: Life) -> Decimal:
    return sum(map(_given, life.refunds), ZERO)


def _moved(row: Mapping[str, Any]) -> Decimal:
    """What really went back; the rest was only recorded."""
    return sum((_amount(each["amount"]) for each in row["payments"] if not each["offline"]), ZERO)


def _declined_in_part(row: Mapping[str, Any]) -> bool:
    return len({payment["is_declined"] for payment in row["payments"]}) > 1


def _tax_alone(row: Mapping[str, Any]) -> bool:
    """Whether no goods are left in it beside its tax: the shop may work out more tax than there is money left."""
    tax = _amount(row["total_tax"])
    return not row["items"] or (tax > 0 and tax >= _amount(row["total_amount"]))


def stands(life: Life) -> dict[str, Decimal]:
    """What the documents moved, by account; `TAX` is what they say of tax."""
    moves: defaultdict[str, Decimal] = defaultdict(Decimal)
    for paper in life.papers:
        for name, amount in (paper.entries if life.at_home else paper.foreign).items():
            moves[name] += amount
    moves[TAX] = sum((-paper.tax if paper.is_sale else paper.tax for paper in life.papers), ZERO)
    return dict(moves)


def overdrawn(life: Life) -> bool:
    """Whether more went out of accounts than came in; what was redeemed or sold as certificates can pay, too."""
    if life.tenders or life.certificates:
        return False
    moves = stands(life)
    return sum((moves.get(name, ZERO) for name in watched(life) - {TAX}), ZERO) < 0


def watched(life: Life) -> set[str]:
    """The accounts that are compared."""
    own = "" if life.at_home else f" {life.currency}"
    money = {f"{name}{own}" for name in {CARD, *ACCOUNTS.values()}}
    owed = {CREDIT} if life.at_home else set()
    owed |= {CERTIFICATES} if life.at_home and not life.took_certificates_back else set()
    return money | owed | {_receivables(life), TAX}


def _amount(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for name, amount in pairs:
        sums[name] += amount
    return dict(sums)

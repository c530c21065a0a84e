"""What a shop's orders came to in the end, against a company's documents: money in and out, refunds, cancellations."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from simulator.bigcommerce import journal
from simulator.bigcommerce.refund_figures import Figures, counts, went_back
from simulator.bigcommerce.store import Json, Order
from simulator.documents import Documents, Paper
from simulator.pricing import ZERO

CLEARING: Mapping[str, str] = {
    "stripe": "Card clearing",
    "paypalcommerce": "PayPal clearing",
    **dict.fromkeys(("Amazon", "Ebay"), "Card clearing"),
}
"""Where the money of each provider is expected, or of each payment method that leaves no transactions; in a currency
that is not the company's own, with its code after it."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """An order with its refunds, and what stands for it. `sales` and `cancellations` should be one each at most;
    `refunds` are documents by the refund's id. Amounts in the order's currency."""

    order: Order
    rows: Sequence[Json]
    sales: Sequence[Paper]
    voided: Sequence[Paper]
    cancellations: Sequence[Paper]
    payments: Sequence[Paper]
    refunds: Mapping[int, Sequence[Paper]]

    @property
    def sale(self) -> Paper | None:
        return self.sales[0] if self.sales else None

    @property
    def booked(self) -> bool:
        return bool(self.sales or self.voided or self.refunds)

    @property
    def off(self) -> bool:
        """Whether the books say that nothing came of it."""
        return bool(self.cancellations) or (bool(self.voided) and not self.sales)

    @property
    def currency(self) -> str:
        """The order's; what is in another one counts as nothing."""
        own = self.order.header.get("default_currency_code")
        found = [own, *(paper.currency for paper in (*self.sales, *self.voided))]
        return str(next(filter(None, found), ""))

    @property
    def twice(self) -> int:
        """Documents beyond one for the sale, for its cancellation, and for each refund."""
        several = [self.sales, self.cancellations, *self.refunds.values()]
        return sum(max(0, len(papers) - 1) for papers in several)

    @property
    def redeemed(self) -> Decimal:
        return self.shops("gift_certificate_amount") + self.shops("store_credit_amount")

    @property
    def sold(self) -> Figures:
        """What the sale should say: the order's totals, and what an edit took off them after providers were paid, where
        a refund gave just that back, which then is in the books by itself."""
        totals = Figures(total=self.shops("total_inc_tax"), tax=self.shops("total_tax"))
        too_much = self._received - (totals.total - self.redeemed)
        rows = (row for row in self.rows if _went_back(row) == too_much > 0)
        return totals + sum((Figures(total=too_much, tax=_tax(row)) for row in [*rows][:1]), Figures())

    @property
    def money(self) -> Decimal:
        """What was paid or is owed still, less what went back, certificates and credit left out. What is off owes
        nothing, and what was given back by hand of it had never come in."""
        if self.off:
            return self._received - sum(_given(self.rows, offline=False).values(), ZERO)
        back = sum(_given(self.rows).values(), ZERO)
        if self.sale is None:
            return -back
        return max(self.shops("total_inc_tax") - self.redeemed, self._received) - back

    @property
    def _received(self) -> Decimal:
        return sum(self._by_provider.values(), ZERO)

    @property
    def _by_provider(self) -> dict[str, Decimal]:
        rows = [row for row in journal.money_in(self.order) if not journal.is_own_credit(row)]
        return _sums((row["gateway"], journal.amount(row)) for row in rows)

    def kept(self) -> dict[str, Decimal]:
        """By provider, what it took for a sale that is booked, less what it gave back; by payment method where no
        transaction tells."""
        if self.sale and not journal.money_in(self.order):
            return {str(self.order.header.get("payment_method")): self.money}
        taken = self._by_provider if self.sales or self.voided else {}
        back = _given(self.rows, offline=False)
        return {name: taken.get(name, ZERO) - back.get(name, ZERO) for name in {*taken, *back}}

    def shops(self, name: str) -> Decimal:
        """An amount of the shop. One that is no number counts as nothing, so that a document for it differs."""
        try:
            return Decimal(self.order.header.get(name) or 0)
        except (InvalidOperation, TypeError):
            return ZERO


def lives(orders: Iterable[Order], rows: Iterable[Json], documents: Documents, number: str) -> list[Life]:
    """`number` is the pattern of the sales' numbers, with `{id}`."""
    by_order: defaultdict[int, list[Json]] = defaultdict(list)
    for row in rows:
        by_order[row["order_id"]].append(row)
    return [_life(order, by_order[order.id], documents, number.format(id=order.id)) for order in orders]


def _life(order: Order, rows: list[Json], documents: Documents, number: str) -> Life:
    refunds = {row["id"]: documents.marked("refund", row["id"]) for row in rows}
    return Life(
        order=order,
        rows=rows,
        sales=documents.sales(order.id, number),
        voided=documents.voided(order.id, number),
        cancellations=documents.marked("cancellation", order.id),
        payments=documents.marked("payment", order.id),
        refunds={refund: papers for refund, papers in refunds.items() if papers},
    )


def refunds_off(life: Life, documents: Documents) -> dict[int, Decimal]:
    """By how much each of the order's refunds differs in value and tax, or leaves credit open, by its id.

    A refund that nothing stands for differs by all of it, unless nothing stands for its sale either, or the unpaid
    sale was voided. What stands for a refund that all providers declined differs by all of that.
    """
    if not life.booked:
        return {}
    voided = life.off and not life.sales
    owing = [row for row in life.rows if (counts(row) and not voided) or row["id"] in life.refunds]
    return {row["id"]: _refund_off(row, life, documents) for row in owing}


def _refund_off(row: Json, life: Life, documents: Documents) -> Decimal:
    given, tax = (_went_back(row), _tax(row)) if counts(row) else (ZERO, ZERO)
    paper = next(iter(life.refunds.get(row["id"], ())), None)
    if paper is None:
        return abs(given) + abs(tax)
    value = documents.returned(paper) if paper.currency == life.currency else ZERO
    return abs(given - value) + abs(tax - paper.tax) + paper.open


def cancellation_off(life: Life) -> Decimal:
    """What a sale that was voided or taken back leaves: owed, open, or as tax."""
    if not life.off:
        return ZERO
    papers = [*life.sales, *life.voided, *life.cancellations, *life.payments]
    back = [*life.cancellations, *(paper for found in life.refunds.values() for paper in found)]
    tax = sum((paper.tax for paper in life.sales), ZERO) - sum((paper.tax for paper in back), ZERO)
    return sum((abs(paper.open) for paper in papers), ZERO) + abs(tax)


def clearing(booked: Iterable[Life], home_currency: str) -> dict[str, Decimal]:
    """By account, what the providers took for these orders and have not given back; see `CLEARING`."""
    return _sums(
        (CLEARING[provider] + ("" if life.currency == home_currency else f" {life.currency}"), amount)
        for life in booked
        for provider, amount in life.kept().items()
        if provider in CLEARING
    )


def _went_back(row: Json) -> Decimal:
    """A refund without payments is taken at its word."""
    return went_back([row]) if row["payments"] else Decimal(str(row["total_amount"]))


def _tax(row: Json) -> Decimal:
    return Decimal(str(row["total_tax"]))


def _given(rows: Iterable[Json], *, offline: bool = True) -> dict[str, Decimal]:
    """Money that was not declined, by provider; `offline` False leaves out what was given back by hand."""
    return _sums(
        (payment["provider_id"], Decimal(str(payment["amount"])))
        for payment in _payments(rows)
        if not payment["is_declined"] and (offline or not payment["offline"])
        if payment["provider_id"] not in journal.TENDERS
    )


def _payments(rows: Iterable[Json]) -> Iterator[Json]:
    return (payment for row in rows for payment in row["payments"])


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for name, amount in pairs:
        found[name] += amount
    return dict(found)

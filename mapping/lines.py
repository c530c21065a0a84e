"""The lines of a sale: amounts that sum to the cent, discounts per tax code, tenders, rounding, and their JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import CENT, ZERO, cents, split
from cartledger.records import Order
from mapping.bill import Bill
from mapping.charges import ONE, Charge
from mapping.company import TaxCode
from mapping.discount import net_shares, nets
from mapping.finder import Finder
from mapping.tax.coding import NO_CODE, NON, TAX, US_CODES, Coding
from mapping.tax.rates import Priced, distance, lay, shop_taxes
from mapping.text import DESCRIPTION_LIMIT, clean, cut
from mapping.totals import breakdown

_PRICE_DECIMALS = (2, 5, 7)
_PRICE_LIMIT = Decimal(10) ** 11


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a sale. `amount` in whole cents without tax, negative for what is taken off.

    `item` is an id, or "" for QuickBooks' own discount line. `quantity` is None where the line takes none. `redeemed`
    lines are certificates and store credit that paid for the others.
    """

    item: str
    description: str
    amount: Decimal
    quantity: Decimal | None
    code: TaxCode = NON
    redeemed: bool = False

    @property
    def taxed(self) -> bool:
        return self.code == TAX or self.code.percent > 0


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A sale's lines before its tax block is known. `rounding` is what the rounding line took."""

    lines: tuple[Line, ...]
    rounding: Decimal

    @property
    def net(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)


NOTHING = Draft(lines=(), rounding=ZERO)


def draft_sale(bill: Bill, coding: Coding, find: Finder) -> Draft:
    """The lines of a bill; whatever is in the way is reported to `find`."""
    order = bill.order
    amounts, rounding = _amounts(bill, coding)
    sold = [
        Line(
            item=charge.item,
            description=charge.description,
            amount=amount,
            quantity=charge.quantity,
            code=coded.code,
        )
        for charge, amount, coded in zip(bill.charges, amounts, coding.charges, strict=True)
    ]
    rest = [*_rounding(order, rounding, coding, find), *_tenders(order, coding, find)]
    codes = {line.code for line in (*sold, *rest) if line.amount}
    off = list(_discounts(_discount_name(order), _by_code(bill, coding, amounts), codes, find))
    _check_line_taxes(order, bill.charges, find)
    return Draft(lines=(*sold, *off, *rest), rounding=rounding)


def _amounts(bill: Bill, coding: Coding) -> tuple[list[Decimal], Decimal]:
    """The charges in whole cents, and what no charge can absorb."""
    parts = nets(bill.charges, bill.discount.shares, bill.totals)
    amounts, rounding = fit(parts, bill.net)
    codes = [coded.code for coded in coding.charges]
    taxes = {rate: cents(tax) for rate, tax in shop_taxes(coding).items()}

    def measure(tried: Sequence[Decimal]) -> Decimal:
        taken_off: list[Priced] = [(-amount, code) for code, amount in _by_code(bill, coding, tried).items()]
        return distance([*zip(tried, codes, strict=True), *taken_off], taxes)

    return lay(parts, amounts, coding, measure), rounding


def fit(parts: Sequence[Decimal], total: Decimal) -> tuple[list[Decimal], Decimal]:
    """Each part in whole cents, rounded down or up so that they sum to `total`, and what that leaves over.

    Largest remainder. A part that is whole cents already is never touched: what then does not fit is left over.
    """
    amounts = [part.quantize(CENT, ROUND_FLOOR) for part in parts]
    missing = int((total - sum(amounts, ZERO)) / CENT)
    movable = [i for i, part in enumerate(parts) if part != amounts[i]]
    for i in sorted(movable, key=lambda i: (amounts[i] - parts[i], i))[: max(missing, 0)]:
        amounts[i] += CENT
    return amounts, total - sum(amounts, ZERO)


def unit_price(amount: Decimal, quantity: Decimal) -> Decimal | None:
    """The shortest price of 2, 5 or 7 decimals with round_half_up(quantity × price) = amount, or None.

    QuickBooks refuses a line whose product is not its amount (6070), and has been seen to take 7 decimals.
    """
    if quantity == 0 or abs(amount) >= _PRICE_LIMIT * abs(quantity):
        return None
    for places in _PRICE_DECIMALS:
        price = (amount / quantity).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if cents(price * quantity) == amount:
            return _shortest(price)
    return None


def line_body(line: Line, discount_account: str, class_: str) -> dict[str, Any]:
    """The line's JSON, of that class (an id, or ""). A discount without an item is QuickBooks' own line, whose amount
    is positive."""
    of_class = {"ClassRef": {"value": class_}} if class_ else {}
    if not line.item:
        account = {"DiscountAccountRef": {"value": discount_account}} if discount_account else {}
        code = NO_CODE if line.code in US_CODES else line.code
        detail = {"PercentBased": False, **account, **of_class, **_code_reference(code)}
        return {"Amount": -line.amount, "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}
    item: dict[str, Any] = {"ItemRef": {"value": line.item}, **of_class}
    if line.quantity is not None:
        item["Qty"] = _plain(line.quantity)
        price = unit_price(line.amount, line.quantity)
        if price is not None:
            item["UnitPrice"] = price
    item |= _code_reference(line.code)
    return {
        "Description": line.description,
        "Amount": line.amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": item,
    }


def _code_reference(code: TaxCode) -> dict[str, Any]:
    return {"TaxCodeRef": {"value": code.id}} if code.id else {}


def _by_code(bill: Bill, coding: Coding, amounts: Sequence[Decimal]) -> dict[TaxCode, Decimal]:
    """The discount on the lines of each code, highest rate first; `amounts` are the charges as booked."""
    codes = [coded.code for coded in coding.charges]
    weights = list(zip(net_shares(amounts, bill.discount, bill.charges, bill.totals), codes, strict=True))
    each = sorted(dict.fromkeys(codes), key=lambda code: (-code.percent, code != TAX))
    shares = split(bill.discount.total, [sum((weight for weight, of in weights if of == code), ZERO) for code in each])
    return {code: share for code, share in zip(each, shares, strict=True) if share}


def _discounts(name: str, by_code: dict[TaxCode, Decimal], codes: set[TaxCode], find: Finder) -> Iterator[Line]:
    """One negative line per tax code among the discounted lines, or QuickBooks' own where one code covers all lines."""
    if not by_code:
        return
    if find.connection.sales.discount_product is not None:
        item = find.item("discount_product", what="a discount")
        for code, amount in by_code.items():
            yield Line(item=item, description=name, amount=-amount, quantity=ONE, code=code)
    elif find.company.allows_discount and len(codes) == 1:
        total = sum(by_code.values(), ZERO)
        yield Line(item="", description=name, amount=-total, quantity=None, code=next(iter(codes)))
    else:
        find.report(_no_discount_product(several_codes=len(codes) > 1))


def _no_discount_product(*, several_codes: bool) -> Problem:
    why = (
        "QuickBooks' own discount line would fall on lines with and without tax alike"
        if several_codes
        else "the company does not allow QuickBooks' own discount line"
    )
    return Problem(
        code="no_discount_product",
        text=f"The order has a discount, sales.discount_product is not set, and {why}.",
        fix="Set sales.discount_product to an item that posts to your discounts account.",
    )


def _discount_name(order: Order) -> str:
    codes = ", ".join(dict.fromkeys(d.code for line in order.lines for d in line.discounts if d.code))
    coupon = f"coupon {codes}".rstrip()
    names = ["discount"] * bool(order.discount) + [coupon] * bool(order.coupon)
    text = " and ".join(names)
    return cut(clean(text[:1].upper() + text[1:]), DESCRIPTION_LIMIT)


def _rounding(order: Order, rounding: Decimal, coding: Coding, find: Finder) -> Iterator[Line]:
    if rounding == 0:
        return
    limit = find.connection.sales.rounding_limit
    if abs(rounding) > limit:
        find.report(
            Problem(
                code="lines_do_not_close",
                text=f"The lines differ from the order's totals by {rounding}, more than rounding_limit {limit}: "
                f"{breakdown(order)}",
                fix="Correct the order in BigCommerce, or enter the sale by hand.",
            )
        )
        return
    item = find.item("rounding_product", what=f"{rounding} that no line can absorb ({breakdown(order)})")
    yield Line(item=item, description="Rounding", amount=rounding, quantity=ONE, code=_no_supply(coding, find))


def _tenders(order: Order, coding: Coding, find: Finder) -> Iterator[Line]:
    for amount, setting, name in (
        (order.gift_certificate, "gift_card_product", "a gift certificate"),
        (order.store_credit, "store_credit_product", "store credit"),
    ):
        if redeemed := cents(amount):
            item, code = find.item(setting, what=f"{name} redeemed"), _no_supply(coding, find)
            text = f"{name.removeprefix('a ').capitalize()} redeemed"
            yield Line(item=item, description=text, amount=-redeemed, quantity=ONE, code=code, redeemed=True)


def _no_supply(coding: Coding, find: Finder) -> TaxCode:
    if isinstance(coding.no_supply, TaxCode):
        return coding.no_supply
    find.report(coding.no_supply)
    return NO_CODE


def _check_line_taxes(order: Order, charges: Sequence[Charge], find: Finder) -> None:
    """The charges' taxes decide which lines are taxable, so they must be the order's, but for rounding."""
    charged = sum((charge.printed.tax for charge in charges), ZERO)
    if abs(charged - order.total.tax) > CENT * len(charges):
        find.report(
            Problem(
                code="line_taxes_do_not_sum",
                text=f"The taxes of the lines sum to {cents(charged)}, the order's tax is {cents(order.total.tax)}.",
                fix="Correct the order in BigCommerce, or enter the sale by hand.",
            )
        )


def _shortest(price: Decimal) -> Decimal:
    """Without trailing zeros, but two decimals at least."""
    short = price.normalize()
    exponent = short.as_tuple().exponent
    return short if isinstance(exponent, int) and exponent < -2 else price.quantize(CENT)


def _plain(quantity: Decimal) -> Decimal:
    return quantity.quantize(ONE) if quantity == quantity.to_integral_value() else quantity.normalize()

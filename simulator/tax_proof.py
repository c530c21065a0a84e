"""Tax by rate: what the shop's own tax rows say of an order, against the tax lines of its document."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from simulator.bigcommerce.store import Order
from simulator.quickbooks.company import Company

Json = dict[str, Any]
K = TypeVar("K")

_CENT = Decimal("0.01")
_ZERO = Decimal(0)


class Taxes:
    """The company's rates and agencies, as far as tax lines refer to them.

    A company with automated sales tax splits what it is told by itself (`split_by_company`): rates are not compared.
    """

    def __init__(self, company: Company) -> None:
        agencies = {each["Id"]: each["DisplayName"] for each in company.objects("TaxAgency")}
        rates = company.objects("TaxRate")
        self._percents = {rate["Id"]: Decimal(str(rate["RateValue"])) for rate in rates}
        self._agencies = {rate["Id"]: agencies[rate["AgencyRef"]["value"]] for rate in rates}
        self.split_by_company = company.preferences["TaxPrefs"].get("PartnerTaxEnabled") is True

    def off_by_rate(self, order: Order, document: Json, taken_back: Decimal = _ZERO) -> Decimal:
        """How far the document's tax is from the shop's, all rates together.

        Fees have no rows. What a rate takes beyond its rows must be what it takes of the fees, to the cent of each,
        and all of it together must be the fees' tax. Of tax that was sold and `taken_back`, which is in no row any
        more, the shop does not say the rates: only the sum is compared.
        """
        if self.split_by_company:
            return _ZERO
        books = _sums((self._percents[rate], amount) for rate, amount in _lines(document))
        shop = _sums((Decimal(row["rate"]), Decimal(row["line_amount"])) for row in order.taxes)
        beyond = {rate: books.get(rate, _ZERO) - shop.get(rate, _ZERO) for rate in {*books, *shop}}
        taxed = [fee for fee in order.fees if Decimal(fee["cost_tax"])]
        tax = sum((Decimal(fee["cost_tax"]) for fee in taxed), _ZERO)
        if taken_back:
            return abs(sum(beyond.values(), -tax - taken_back))
        if not taxed:
            return sum(map(abs, beyond.values()), _ZERO)
        net = sum((Decimal(fee["cost_inc_tax"]) for fee in taxed), -tax)
        off = (abs(amount - net * rate / 100) for rate, amount in beyond.items() if amount)
        return sum((each for each in off if each > _CENT * len(taxed)), abs(sum(beyond.values(), -tax)))

    def by_agency(self, documents: Iterable[Json]) -> dict[str, Decimal]:
        """Tax by the agency it is owed to."""
        return _sums((self._agencies[rate], amount) for document in documents for rate, amount in _lines(document))


def _lines(document: Json) -> Iterable[tuple[str, Decimal]]:
    for line in (document.get("TxnTaxDetail") or {}).get("TaxLine", []):
        yield line["TaxLineDetail"]["TaxRateRef"]["value"], Decimal(str(line["Amount"]))


def _sums(pairs: Iterable[tuple[K, Decimal]]) -> dict[K, Decimal]:
    found: defaultdict[K, Decimal] = defaultdict(Decimal)
    for key, amount in pairs:
        found[key] += amount
    return dict(found)

"""The simulated company as `mapping` knows it, and the names of what documents refer to there."""

from __future__ import annotations

from mapping.company import Company as Known
from mapping.company import read_company
from simulator.quickbooks.company import Company

_LISTS = {
    "accounts": "Account",
    "items": "Item",
    "tax_codes": "TaxCode",
    "tax_rates": "TaxRate",
    "payment_methods": "PaymentMethod",
    "classes": "Class",
    "departments": "Department",
}


def known(company: Company) -> Known:
    (info,), (preferences,) = company.objects("CompanyInfo"), company.objects("Preferences")
    lists = {name: company.objects(entity) for name, entity in _LISTS.items()}
    return read_company(info=info, preferences=preferences, **lists)


def names(company: Company) -> dict[tuple[str, str], str]:
    """By entity and id."""
    return {(entity, each["Id"]): each["Name"] for entity in _LISTS.values() for each in company.objects(entity)}

"""Foreign money: what a document is in, what that is worth at home, and the day rates that the company holds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.state import CURRENCIES, Draft, Record, State
from simulator.quickbooks.validate import check_body, is_day, require
from simulator.quickbooks.wire import JsonObject, money, plain

PAR = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """The currency of a document; `rate` is home units for one of its own, `shown` what the document says of both."""

    currency: str
    rate: Decimal = PAR
    multicurrency: bool = False

    def home(self, amount: Decimal) -> Decimal:
        return amount if self.rate == PAR else money(amount * self.rate)

    @property
    def kept(self) -> JsonObject:
        """The rate stays with the document, whatever the day's becomes."""
        return {"ExchangeRate": plain(self.rate)} if self.multicurrency else {}

    def shown(self, total: Decimal) -> JsonObject:
        in_home = {"HomeTotalAmt": money(self.home(total))} if self.multicurrency else {}
        return {"CurrencyRef": {"value": self.currency}, **self.kept, **in_home}


def exchange_of(state: State, asked: JsonObject, issued: str) -> Exchange:
    """Raises 6000 for a currency that is not the customer's or not the company's, 2020 where none is named."""
    if not state.multicurrency:
        refuse_foreign_currency(state, asked)
        return Exchange(currency=state.home_currency)
    require(asked, ["CurrencyRef"])
    currency = known_currency(asked["CurrencyRef"]["value"])
    if asked.get("CustomerRef"):
        customer = state.refer("Customer", asked["CustomerRef"])
        if customer.shown["CurrencyRef"]["value"] != currency:
            raise errors.business("The currency of the transaction must be the currency of the customer.")
    return Exchange(currency=currency, rate=_rate(state, asked, currency, issued), multicurrency=True)


def _rate(state: State, asked: JsonObject, currency: str, issued: str) -> Decimal:
    sent = asked.get("ExchangeRate")
    if sent is None or (currency != state.home_currency and not state.honours_exchange_rate):
        return rate_on(state, currency, issued)
    if sent <= 0 or (currency == state.home_currency and sent != PAR):
        raise errors.business("The exchange rate is not valid.")
    return Decimal(sent)


def refuse_foreign_currency(state: State, asked: JsonObject) -> None:
    """While multicurrency is off only the home currency is known."""
    if asked.get("CurrencyRef", {}).get("value", state.home_currency) != state.home_currency:
        raise multicurrency_needed()


def multicurrency_needed() -> errors.FaultError:
    return errors.business("Multi Currency should be enabled to perform this operation.")


def known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise errors.fault(errors.malformed("currency", "CurrencyRef", code))
    return code


def currency_of(state: State, asked: JsonObject, old: Record | None) -> JsonObject:
    """The CurrencyRef of a customer, vendor or account, which is for ever."""
    value = asked.get("CurrencyRef", {}).get("value", state.home_currency)
    if not state.multicurrency:
        refuse_foreign_currency(state, asked)
    if old is not None and old.shown["CurrencyRef"]["value"] != value:
        raise errors.business("The currency can't be changed.")
    return {"value": known_currency(value) if state.multicurrency else value}


# -- day rates


def rate_on(state: State, currency: str, day: str) -> Decimal:
    """The latest that the company holds for that day or before it, or that day's alone; 1 where it holds none."""
    days = {
        each.shown["AsOfDate"]: each
        for each in _rates(state, currency)
        if each.shown["AsOfDate"] == day or (state.carries_rates and each.shown["AsOfDate"] < day)
    }
    return Decimal(days[max(days)].shown["Rate"]) if days else PAR


def shown_rate(state: State, currency: str, day: str) -> JsonObject:
    """An ExchangeRate as the API shows it. Raises 6000 while multicurrency is off."""
    if not state.multicurrency:
        raise multicurrency_needed()
    if not is_day(day):
        raise errors.fault(errors.malformed("date", "AsOfDate", day))
    held = state.find("ExchangeRate", f"{known_currency(currency)} {day}")
    if held is not None:
        return state.show(held)
    now = state.now()
    loose = Record(entity="ExchangeRate", id="", created=now, updated=now)
    loose.shown = _shown(state, currency, day, rate_on(state, currency, day))
    return state.show(loose)


def hold_rate(state: State, body: JsonObject) -> Record:
    """A day's rate, over the one that was held for it."""
    check_body("ExchangeRate", body)
    require(body, ["SourceCurrencyCode", "Rate"])
    if not state.multicurrency:
        raise multicurrency_needed()
    currency = known_currency(body["SourceCurrencyCode"])
    day = body.get("AsOfDate") or state.now().date().isoformat()
    if body["Rate"] <= 0:
        raise errors.fault(errors.malformed("number", "Rate", body["Rate"]))
    key = f"{currency} {day}"
    now = state.now()
    record = state.find("ExchangeRate", key) or Record(entity="ExchangeRate", id=key, created=now, updated=now)
    state.put(record, Draft(asked={}, shown=_shown(state, currency, day, Decimal(body["Rate"]))))
    record.sync_token += 1
    return record


def _rates(state: State, currency: str) -> list[Record]:
    return [each for each in state.records("ExchangeRate") if each.shown["SourceCurrencyCode"] == currency]


def _shown(state: State, currency: str, day: str, rate: Decimal) -> JsonObject:
    return {
        "SourceCurrencyCode": currency,
        "TargetCurrencyCode": state.home_currency,
        "Rate": plain(rate),
        "AsOfDate": day,
    }

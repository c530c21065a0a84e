"""What the payment providers did for an order, as `/v3/orders/{id}/transactions` tells it, and what of it is money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cartledger.errors import BadRecord, Problem
from cartledger.money import D, cents

_MONEY = frozenset({"purchase", "capture"})
_REDEEMED = frozenset({"gift_certificate", "store_credit"})
_REDEEMED_GATEWAYS = frozenset({"giftcertificate", "storecredit"})


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One row. `amount` in whole cents of `currency`; `moment` is aware; `acts_on` is the transaction that a capture,
    void or refund is of. `names` are what its payment method may be called in the settings, the most telling first."""

    id: int
    event: str
    amount: Decimal
    currency: str
    moment: datetime
    gateway: str
    names: tuple[str, ...]
    reference: str
    acts_on: int | None
    redeems: bool
    worked: bool


def read_transactions(rows: Iterable[Mapping[str, Any]]) -> tuple[Transaction, ...]:
    """All rows. Raises BadRecord for one that cannot be read: what it says may be money."""
    return tuple(_read(row) for row in rows)


def money_in(transactions: Iterable[Transaction], currency: str) -> tuple[Transaction, ...]:
    """The payments that came in, oldest first: purchases and captures in the order's currency that were not voided.

    Authorisations are no money, nor is what failed, was a test, or redeemed a certificate or store credit. Refunds are
    no money of the sale's either. None at all proves nothing: not every payment leaves a row.
    """
    worked = [each for each in transactions if each.worked]
    voided = {each.acts_on for each in worked if each.event == "void"}
    kept = [each for each in worked if each.currency == currency and not each.redeems and each.id not in voided]
    taken = [each for each in kept if each.event in _MONEY]
    return tuple(sorted([*taken, *_settled(kept, taken)], key=lambda each: (each.moment, each.id)))


def _settled(kept: Iterable[Transaction], taken: Sequence[Transaction]) -> list[Transaction]:
    """What "settled" means is not documented: that a pending payment came in, or something more of one that had come in
    at once. It counts as money where its gateway took none otherwise."""
    gateways = {each.gateway for each in taken}
    return [each for each in kept if each.event == "settled" and each.gateway not in gateways]


def _read(row: Mapping[str, Any]) -> Transaction:
    try:
        moment = datetime.fromisoformat(str(row["date_created"]))
        gateway, method = str(row.get("gateway") or ""), str(row.get("method") or "")
        acts_on = row.get("reference_transaction_id")
        return Transaction(
            id=int(row["id"]),
            event=str(row["event"]),
            amount=cents(D(row["amount"])),
            currency=str(row["currency"]),
            moment=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
            gateway=gateway,
            names=_names(row, gateway),
            reference=str(row.get("gateway_transaction_id") or ""),
            acts_on=int(acts_on) if acts_on else None,
            redeems=method in _REDEEMED or gateway in _REDEEMED_GATEWAYS,
            worked=row.get("status", "ok") == "ok" and not row.get("test"),
        )
    except (KeyError, ValueError, TypeError) as error:
        text = f"Transaction {row.get('id')} of the order cannot be read ({type(error).__name__}: {error})."
        problem = Problem(code="unreadable_transaction", text=text, fix="Retry; report it if it stays.")
        raise BadRecord([problem]) from None


def _names(row: Mapping[str, Any], gateway: str) -> tuple[str, ...]:
    offline, custom = row.get("offline") or {}, row.get("custom") or {}
    told = (offline.get("display_name"), custom.get("payment_method"), row.get("payment_method_id"), gateway)
    return tuple(dict.fromkeys(str(name) for name in told if name))

"""What is still to be written of an order, decided otherwise after a refusal."""

from __future__ import annotations

from typing import Any

from cartledger.errors import Problem
from cartledger.ledger.types import Claim, Part, Stage
from mapping.decision import Document, Post


def remaining_with(claim: Claim, part: Part, *notices: Problem, **changes: Any) -> Post:
    """The documents that are still to be written, that of `part` with these changes."""
    documents = (_document(each, **(changes if each.name == part.name else {})) for each in _open(claim))
    return Post(documents=tuple(documents), notices=notices)


def remaining_for(claim: Claim, customer: str) -> Post:
    """The same, for another customer where they name any."""
    return Post(documents=tuple(_document(each, body=_given_to(customer, each.body)) for each in _open(claim)))


def _given_to(customer: str, body: dict[str, Any]) -> dict[str, Any]:
    names = (name for name in ("CustomerRef", "EntityRef") if name in body)
    return body | {name: {**body[name], "value": customer} for name in names}


def _open(claim: Claim) -> list[Part]:
    """Of what stood before this claim no body is kept. What was made since then stays as it is: none of the changes
    here makes a document another one (`Document.hash`)."""
    return [part for part in claim.parts if part.stage is not Stage.ANSWERED]


def _document(part: Part, **changes: Any) -> Document:
    """The part as it was decided, with these changes."""
    fields = ("name", "order", "entity", "operation", "body", "number", "marker", "amount")
    return Document(**{name: getattr(part, name) for name in fields} | changes, whole=part.hash)

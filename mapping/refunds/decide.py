"""What each refund of an order becomes."""

from __future__ import annotations

from mapping.case import Case
from mapping.decision import Document, Needs, Post


def decide_refunds(case: Case, sale: tuple[Document, ...]) -> Post | Needs:
    """The documents that are still to be written for the order's refunds. `sale` are those of the sale as decided in
    this look, whether they stand or not; none where the sale is not ours or cannot be read any more."""
    del case, sale
    return Post(documents=())

"""`cartledger setup` without a terminal: what it writes, and that what it writes is right."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("kind", ["us", "us_ast", "uk", "au", "ca", "eur"])
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_with_proposals_alone_every_order_can_be_posted(make_stranger, kind, post_as):
    stranger = make_stranger(kind)
    said = stranger.setup("--post-as", post_as, "--json")
    assert said.code == 0, said.err
    assert [one["text"] for one in said.facts["check"] if one["level"] == "problem"] == []
    assert "Of the last 40 orders 40 would be posted, 0 held, 0 left out." in said.facts["check"][-1]["text"]

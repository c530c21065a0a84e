"""A clock that is an hour off: said in sync and in check; dates, tokens and what is read are right all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cartledger.ledger.types import State
from daemon.clock import now
from tests.road.sentences.conftest import ODD, OTHERS

HOUR = timedelta(hours=1)
SENTENCES = {
    HOUR: "This machine's clock is 60 minutes ahead of BigCommerce's; set it (timedatectl set-ntp true).",
    -HOUR: "This machine's clock is 60 minutes behind BigCommerce's; set it (timedatectl set-ntp true).",
}


@pytest.mark.parametrize("off", SENTENCES, ids=["ahead", "behind"])
def test_this_machines_clock_is_an_hour_off(shop, make_road, plain_order, stands, caplog, off):
    road = make_road(shop)
    clock = lambda: now() + off  # noqa: E731 - a clock is a function
    assert road.sync(clock=clock).posted == OTHERS
    assert SENTENCES[off] in [record.getMessage() for record in caplog.records]
    shop.shop.add_order(plain_order(date_created="Fri, 01 May 2026 02:30:00 +0000"))
    shop.shop.touch(ODD)
    shop.company.tokens.expire_access()
    synced = road.sync(clock=clock)
    assert (synced.new_or_changed, synced.exit_code) == (1, 0)
    assert stands(road).state is State.POSTED
    dates = {one["DocNumber"]: one["TxnDate"] for one in shop.company.objects("SalesReceipt")}
    assert dates[f"BC-{ODD}"] == "2026-04-30"  # the evening before, in Chicago
    road.agree()

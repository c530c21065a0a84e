"""Bytes in the queue that are no message of ours."""

from __future__ import annotations

from cartledger.records import write_message
from tests.road.sentences.conftest import OTHERS

NO_MESSAGES = {
    b"\x00\xff not JSON": "it is no JSON",
    b"": "it is no JSON",
    b"[" * 100_000: "it is no JSON",
    b"[]": "it has no schema, pair, kind and id",
    b'{"schema": 1, "pair": "p"}': "it has no schema, pair, kind and id",
    b'{"schema": 99, "pair": "p", "kind": "order", "id": "1"}': "schema 99 is not 1",
    b'{"schema": 1, "pair": "p", "kind": "order", "id": 1}': "pair, kind and id are texts",
}


def test_bytes_that_are_no_message_are_kept_and_hinder_nobody(shop, make_road, caplog):
    road = make_road(shop)
    app = road.app()
    with app.broker() as broker:
        broker.declare(["sales"])
        broker.publish("sales", [*NO_MESSAGES, write_message(road.key("not read yet"))])
    synced = road.sync()
    assert (synced.posted, synced.exit_code) == (OTHERS, 0)
    letters = road.ledger.dead_letters()
    assert {letter.body: (letter.workflow, letter.why) for letter in letters} == {
        body: ("sales", why) for body, why in NO_MESSAGES.items()
    }
    said = [record.getMessage() for record in caplog.records]
    assert [text for text in said if text.startswith("Bytes")] == [
        f"Bytes in the queue sales are no message: {letter.why}. They are kept in the ledger." for letter in letters
    ]
    shown = road.run_cli("status")
    assert "7 messages in the queues were no messages of cartledger; they are kept in the ledger." in shown.stdout
    road.agree()

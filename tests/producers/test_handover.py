"""Handing over: a side that does not answer keeps what is written to it, and nothing else."""

import uuid
from datetime import timedelta

import pytest

from cartledger.broker.queues import Broker
from cartledger.errors import BrokerDown
from cartledger.ledger.types import Read, State
from cartledger.records import SourceKey
from cartledger.stock import LEVELS, STOCK
from producers.handover import KINDS, HandOver
from producers.orders import ORDER
from tests.producers.conftest import BEGUN, PAIR


@pytest.fixture
def hand_over(world):
    """`hand_over()` says how many keys lie in each queue; one order and the levels are due."""
    for kind, id_ in ((ORDER, "1001"), (STOCK, LEVELS)):
        world.ledger.remember(PAIR, kind, [Read(id=id_, version="1", record=b"{}", modified=BEGUN)])
    with Broker("memory://", f"test-{uuid.uuid4().hex}") as broker:
        handing = HandOver(
            broker=broker, ledger=world.ledger, pairs=[PAIR], clock=world.clock, is_gone=lambda owner: False
        )
        handing.start(messages_are_gone=True)

        def once():
            handing.once()
            return {workflow: broker.depth(workflow) for workflow in KINDS}

        yield once
        broker.delete(list(KINDS))


@pytest.mark.parametrize(
    ("side", "queues"),
    [
        ("", {"lists": 0, "sales": 1, "stock": 1}),
        ("quickbooks", {"lists": 0, "sales": 0, "stock": 1}),
        ("bigcommerce", {"lists": 0, "sales": 1, "stock": 0}),
    ],
)
def test_a_closed_side_keeps_what_is_written_to_it(world, hand_over, side, queues):
    if side:
        world.ledger.open_circuit(PAIR, side, until=BEGUN + timedelta(minutes=1), reason="down")
    assert hand_over() == queues
    world.clock.step(minutes=2)
    assert hand_over() == {"lists": 0, "sales": 1, "stock": 1}


def test_what_an_ended_consumer_held_is_free_while_the_broker_is_away(world):
    world.ledger.remember(PAIR, ORDER, [Read(id="1001", version="1", record=b"{}", modified=BEGUN)])
    key = SourceKey(pair=PAIR, kind=ORDER, id="1001")
    world.ledger.claim([key], "somebody", timedelta(seconds=1))
    world.clock.step(minutes=1)
    with Broker("pika://guest:guest@127.0.0.1:1/%2F", "test") as broker:
        handing = HandOver(
            broker=broker, ledger=world.ledger, pairs=[PAIR], clock=world.clock, is_gone=lambda owner: False
        )
        with pytest.raises(BrokerDown):
            handing.once()
    assert world.ledger.standing(key).state is State.QUEUED


def test_how_the_queues_stand_is_told_now_and_then(world):
    told = []
    with Broker("memory://", f"test-{uuid.uuid4().hex}") as broker:
        handing = HandOver(
            broker=broker,
            ledger=world.ledger,
            pairs=[PAIR],
            clock=world.clock,
            is_gone=lambda owner: False,
            on_queues=lambda queues: told.append({name: standing.messages for name, standing in queues.items()}),
        )
        handing.start(messages_are_gone=True)
        broker.publish("sales", [b"one", b"two"])
        for _ in range(3):
            handing.once()
        world.clock.step(seconds=6)
        broker.publish("stock", [b"one"])
        handing.once()
        world.clock.step(hours=-5)  # the clock was set back
        handing.once()
        broker.delete(list(KINDS))
    assert told == [{"lists": 0, "sales": 2, "stock": 0}, *[{"lists": 0, "sales": 2, "stock": 1}] * 2]

"""Which queues there are: for each workflow and namespace one to work from, and one for what RabbitMQ gave up on.

On memory:// they are plain queues of the same names; it ignores all arguments.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Any

from kombu.entity import Queue

WORKFLOWS = ("sales", "lists", "stock")

# Arguments of a queue can never be changed (406): a change of the ones below is a new version, thus new queues.
VERSION = 1

# A lost connection counts as a delivery, also of messages nobody has looked at. RabbitMQ 4's default of 20 is spent
# by a crash-looping process in two minutes.
DELIVERY_LIMIT = 50

# Two threads that declare a queue of memory:// at once would each make one, and what is in the first is gone.
_DECLARING = Lock()


def queue_name(namespace: str, workflow: str) -> str:
    return f"{namespace}.{workflow}.v{VERSION}"


def dead_queue_name(namespace: str, workflow: str) -> str:
    """Where a message ends that was delivered too often. Nothing consumes it; an alert looks at its depth."""
    return f"{queue_name(namespace, workflow)}.dead"


def declare(channel: Any, namespace: str, workflows: Iterable[str]) -> None:
    """Make the queues, or see that they are as they should be. RabbitMQ answers 406 where they are not."""
    with _DECLARING:
        for workflow in workflows:
            dead = dead_queue_name(namespace, workflow)
            Queue(dead, channel=channel, queue_arguments={"x-queue-type": "quorum"}).declare()
            Queue(queue_name(namespace, workflow), channel=channel, queue_arguments=_arguments(dead)).declare()


def delete(channel: Any, namespace: str, workflows: Iterable[str], *, in_memory: bool) -> None:
    """Delete the queues with what is in them. On memory:// they end with the process, so only what is in them goes:
    kombu deletes a queue there through its bindings, and ours have none."""
    remove = channel.queue_purge if in_memory else channel.queue_delete
    for workflow in workflows:
        remove(queue=queue_name(namespace, workflow))
        remove(queue=dead_queue_name(namespace, workflow))


def _arguments(dead: str) -> dict[str, str | int]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",  # the default exchange: nothing more to declare, bind or lose
        "x-dead-letter-routing-key": dead,
        "x-dead-letter-strategy": "at-least-once",  # needs reject-publish
        "x-overflow": "reject-publish",
    }

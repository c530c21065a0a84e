"""`cartledger run`, `produce` and `consume`: the long-running processes."""

from __future__ import annotations

import click

from daemon.context import Context
from daemon.running.service import Role, Service

THREADS = 8  # a batch is serial inside QuickBooks, about 0.4 s a document: 8 in flight fill the quota of batches

threads_option = click.option(
    "--threads", default=THREADS, show_default=True, type=click.IntRange(1, 32), help="Batches in flight."
)


@click.command()
@threads_option
@click.pass_obj
def run(context: Context, threads: int) -> None:
    """Read the shops and post until stopped.

    Producers and consumers in one process. SIGTERM ends it when what is in flight is finished. SIGHUP makes it read its
    settings anew; where these are wrong it says why and keeps those from before.
    """
    Service(context, Role(name="run", threads=threads)).run()


@click.command()
@click.pass_obj
def produce(context: Context) -> None:
    """Read the shops and hand over what is due.

    `cartledger consume` posts it. Needs RabbitMQ.
    """
    Service(context, Role(name="produce")).run()


@click.command()
@threads_option
@click.option(
    "--instance",
    type=click.IntRange(1, 500),
    help="Which one on this machine it is, from 1. Its metrics are on the port metrics.port + N; without it on none.",
)
@click.pass_obj
def consume(context: Context, threads: int, instance: int | None) -> None:
    """Post what `produce` hands over.

    Start as many as you like. Needs RabbitMQ.
    """
    Service(context, Role(name="consume", threads=threads, instance=instance)).run()

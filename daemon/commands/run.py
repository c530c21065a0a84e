"""`cartledger run`, `produce` and `consume`: the long-running processes."""

from __future__ import annotations

import os
import signal
from functools import partial
from types import FrameType

import click

from cartledger import logs
from cartledger.errors import WrongUse
from daemon.app import App
from daemon.chores import chores, mail_chores
from daemon.context import Context
from daemon.supervisor import Consuming, Crew, Producing
from daemon.upkeep import Upkeep

THREADS = 8  # a batch is serial inside QuickBooks, about 0.4 s a document: 8 in flight fill the quota of batches

threads_option = click.option(
    "--threads", default=THREADS, show_default=True, type=click.IntRange(1, 32), help="Batches in flight."
)


@click.command()
@threads_option
@click.pass_obj
def run(context: Context, threads: int) -> None:
    """Read the shops and post until stopped.

    Producers and consumers in one process. SIGTERM ends it when what is in flight is finished.
    """
    with context.app() as app:
        _until_told(app, produce=True, threads=threads)


@click.command()
@click.pass_obj
def produce(context: Context) -> None:
    """Read the shops and hand over what is due.

    `cartledger consume` posts it. Needs RabbitMQ.
    """
    with context.app() as app:
        _needs_rabbitmq(app)
        _until_told(app, produce=True, threads=0)


@click.command()
@threads_option
@click.pass_obj
def consume(context: Context, threads: int) -> None:
    """Post what `produce` hands over.

    Start as many as you like. Needs RabbitMQ.
    """
    with context.app() as app:
        _needs_rabbitmq(app)
        _until_told(app, produce=False, threads=threads)


def _needs_rabbitmq(app: App) -> None:
    if app.settings.broker.url.startswith("memory:"):
        raise WrongUse(
            "memory:// hands over within one process only.",
            fix="Set broker.url to a pika:// URL of RabbitMQ, or use `cartledger run`.",
        )


def _until_told(app: App, *, produce: bool, threads: int) -> None:
    """SIGTERM and SIGINT: take no more, finish what is in flight, exit 0. The second one exits at once."""
    crew, names = Crew(pulse=app.pulse), list(app.lines)
    _on_signals(crew)
    app.begin()
    if produce:
        producing = Producing(app, names, crew)
        crew.start("hand-over", producing.hand_over)
        for name in names:
            crew.start(f"read-{name}", partial(producing.read_for_ever, name))
        crew.start("upkeep", partial(Upkeep(chores(app, names), app.clock).run, crew.quiet, crew.beat))
        crew.start("mails", partial(Upkeep(mail_chores(app), app.clock).run, crew.quiet, crew.beat))
        for name in (name for name in names if app.lines[name].connection.keeps_stock):
            crew.start(f"stock-{name}", partial(producing.read_stock_for_ever, name))
    if threads:
        crew.start("work", Consuming(app, names, crew, threads=threads).work)
    for name in names:
        enabled = app.ledger.is_enabled(app.lines[name].connection.pair)
        hint = "" if enabled else f"; it reads and decides, and posts nothing until `cartledger enable {name}`"
        logs.info(f"Started{hint}.", action="started", connection=name)
    crew.wait_until_quiet()
    logs.info("Stopping: nothing more is taken, what is in flight is finished.", action="stopping")
    crew.wait()
    logs.info("Stopped; nothing is in flight.", action="stopped")


def _on_signals(crew: Crew) -> None:
    told = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        if told:
            os._exit(130)
        told = True
        crew.tell()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

"""`cartledger`: the command line. One file a command in `daemon/commands`; here is what they share.

Exit codes: 0 done; 1 the books or the sync have something to say; 2 wrong use or wrong settings, nothing touched.
"""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from cartledger import logs
from cartledger.errors import CartledgerError, WrongUse
from daemon.commands.backup import backup, restore
from daemon.commands.check import check
from daemon.commands.connect import connect, disconnect
from daemon.commands.demo import demo
from daemon.commands.enable import disable, enable
from daemon.commands.held import held
from daemon.commands.install_service import install_service
from daemon.commands.methods import methods
from daemon.commands.products import products
from daemon.commands.report import report
from daemon.commands.run import consume, produce, run
from daemon.commands.setup import setup
from daemon.commands.status import status
from daemon.commands.stock import stock
from daemon.commands.sync import sync
from daemon.commands.taxes import taxes
from daemon.commands.why import why
from daemon.context import HERE, SYSTEM, Context, default_config
from daemon.running.notify import journal_takes_stderr


class Commands(click.Group):
    """Turns our errors into one sentence and an exit code, in one place."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WrongUse as error:
            click.echo(str(error), err=True)
            ctx.exit(2)
        except CartledgerError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit code 0: done. 1: the books or the sync have something to say. 2: wrong use or settings.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CARTLEDGER_CONFIG",
    help=f"The settings file, also CARTLEDGER_CONFIG [default: ./{HERE} if it is there, else {SYSTEM}].",
)
@click.option("--verbose", "-v", is_flag=True, help="Log every step.")
@click.version_option(version("cartledger"), prog_name="cartledger")
@click.pass_context
def main(ctx: click.Context, config: Path | None, *, verbose: bool) -> None:
    """Keeps a BigCommerce shop's books in QuickBooks Online: to the cent, exactly once."""
    logs.set_up(
        sys.stderr,
        as_json=not sys.stderr.isatty(),
        level=logging.DEBUG if verbose else logging.INFO,
        to_journal=journal_takes_stderr(),
    )
    ctx.obj = Context(config=config or default_config())


for command in (
    backup,
    check,
    connect,
    consume,
    demo,
    disable,
    disconnect,
    enable,
    held,
    install_service,
    methods,
    produce,
    products,
    report,
    restore,
    run,
    setup,
    status,
    stock,
    sync,
    taxes,
    why,
):
    main.add_command(command)

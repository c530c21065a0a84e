"""`cartledger backup` and `cartledger restore`: the ledger copied while it is used, and copied back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cartledger.ledger.backups import Copied, back_up
from cartledger.ledger.backups import restore as put_back
from daemon.console import json_option, out, print_json
from daemon.context import Context

file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@file_argument
@json_option
@click.pass_obj
def backup(context: Context, file: Path, *, as_json: bool) -> None:
    """Copy the ledger to FILE.

    While everything goes on. An earlier backup in FILE is replaced once the new one is whole. It holds names, addresses
    and tokens.
    """
    copied = back_up(context.ledger_path(), file)
    if as_json:
        print_json(_facts(copied))
        return
    out().print(
        f"Backed up {_orders(copied)} to {copied.path} ({copied.size} bytes). It holds names, addresses and tokens: "
        "keep it where nobody else can read it.",
        soft_wrap=True,
    )


@click.command()
@file_argument
@json_option
@click.pass_obj
def restore(context: Context, file: Path, *, as_json: bool) -> None:
    """Put the backup FILE in the ledger's place.

    What stood there is kept beside it. Nothing posts by itself afterwards, until `cartledger enable`.
    """
    restored = put_back(file, context.ledger_path())
    if as_json:
        print_json({**_facts(restored.copied), "replaced": restored.replaced and str(restored.replaced)})
        return
    console = out()
    console.print(f"Restored {_orders(restored.copied)} to {restored.copied.path}.", soft_wrap=True)
    if restored.replaced is not None:
        console.print(f"What stood there is {restored.replaced} now.", soft_wrap=True)
    console.print(
        "Nothing posts by itself. For each connection: cartledger check, then cartledger sync CONNECTION, which finds "
        "again what was posted since the backup; then cartledger enable CONNECTION.",
        soft_wrap=True,
    )


def _facts(copied: Copied) -> dict[str, Any]:
    return {"path": str(copied.path), "bytes": copied.size, "step": copied.step, "sources": copied.sources}


def _orders(copied: Copied) -> str:
    count = sum(copied.sources.get("order", {}).values())
    return f"{count} order" if count == 1 else f"{count} orders"

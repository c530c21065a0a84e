"""Which way the answer of Intuit's page comes here: this machine listens for the browser, or a person pastes.

cartledger speaks no TLS, and Intuit sends browsers to http on localhost alone. So it listens there, and behind whatever
leads from an https address to a port of this machine.
"""

from __future__ import annotations

import sys
import webbrowser
from datetime import timedelta
from urllib.parse import urlsplit

import click

from daemon.connecting.authorising import PATIENCE, Loopback, Pasted, Way


def way_to(
    redirect_uri: str,
    *,
    port: int | None = None,
    patience: timedelta = PATIENCE,
    paste: bool = False,
    browser: bool = False,
) -> Way:
    """How the answer comes from `redirect_uri`. `paste` is a person's wish, `port` where what comes there is led to;
    `browser` has one opened on this machine, where it is listened to."""
    target = urlsplit(redirect_uri)
    if paste:
        return Pasted(read=pasted)
    if target.scheme == "https" and port is None:
        return Pasted(
            read=pasted, why=f"Intuit then sends the browser to {redirect_uri}, where cartledger cannot listen."
        )
    return Loopback(
        port=port or target.port or 80,
        path=target.path or "/",
        browse=webbrowser.open if browser else None,
        patience=patience,
    )


def pasted() -> str:
    """The address that a person pastes; it does not show, since the code is in it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    found: str = click.prompt("Address (it does not show)", hide_input=True, err=True)
    return found

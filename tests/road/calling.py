"""One process that calls a company again and again. Arguments: the settings, the connection, and how many calls."""

import sys
from pathlib import Path

from cartledger.settings import read_environment, read_settings
from daemon.app import App
from tests.road.conftest import Unhurried


def main(config: str, name: str, calls: str) -> None:
    app = App(read_settings(Path(config), read_environment()), quota=lambda _: Unhurried())
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(calls)):
        app.lines[name].quickbooks.company_info()
    app.close()
    print("done", flush=True)


main(*sys.argv[1:])

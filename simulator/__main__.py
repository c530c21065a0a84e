"""`python -m simulator`: serves a filled shop and an empty company until SIGTERM or SIGINT, then exits 0."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable

from simulator.markets import MARKETS
from simulator.serve import Simulator


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    simulator = Simulator(
        company=options.company,
        home_currency=options.home_currency,
        seed=options.seed,
        cap=options.cap,
        requestid_memory=options.requestid_memory,
        quotas=options.quotas,
        port=options.port,
        connected=options.connected,
    )
    simulator.company.tokens.redirect_uris.update(options.redirect_uri)
    with simulator:
        simulator.fill(
            orders=options.orders, customers=options.customers, price_mode=options.price_mode, clean=options.clean
        )
        sys.stdout.write(json.dumps(simulator.addresses()) + "\n")
        sys.stdout.flush()
        if options.until_stdin_closes:
            threading.Thread(target=_when_stdin_closes, args=(stopped.set,), daemon=True).start()
        stopped.wait()
    return 0


def _when_stdin_closes(then: Callable[[], None]) -> None:
    # Unbuffered: a daemon thread that holds the lock of sys.stdin would abort the interpreter's end.
    while os.read(sys.stdin.fileno(), 1):
        pass
    then()


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--customers", type=int, default=100)
    parser.add_argument("--clean", action="store_true", help="only orders that can all be booked")
    parser.add_argument("--price-mode", choices=("exclusive", "inclusive"), default="exclusive")
    parser.add_argument("--company", choices=tuple(MARKETS), default="us")
    parser.add_argument("--home-currency", help="the country's own by default")
    parser.add_argument("--cap", type=float, default=2.0, help="seconds after which QuickBooks ends a request")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--connected", action=argparse.BooleanOptionalAction, default=True, help="whether the app was let in already"
    )
    parser.add_argument("--redirect-uri", action="append", default=[], help="one more that stands at the app's keys")
    parser.add_argument("--requestid-memory", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--quotas", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end with whoever started it, however it ends"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

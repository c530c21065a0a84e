"""Waiting out a broker that does not answer, and saying so once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cartledger import logs
from cartledger.broker.queues import Broker
from cartledger.errors import BrokerDown


def patiently(
    broker: Broker,
    step: Callable[[], object],
    quiet: threading.Event,
    *,
    who: str,
    on_loss: Callable[[], object] = lambda: None,
) -> None:
    """Do `step`, again and again until it succeeds or `quiet` is set. `who` begins the log lines; `on_loss` is called
    after each failure. Raises what is not BrokerDown.
    """
    down_since: float | None = None
    while not quiet.is_set():
        try:
            step()
        except BrokerDown as error:
            if down_since is None:
                down_since = time.monotonic()
                logs.warning(f"{who}: {error}", action="broker_down")
            on_loss()
            quiet.wait(broker.retry_in)
        else:
            if down_since is not None:
                seconds = int(time.monotonic() - down_since)
                logs.info(f"{who}: the broker answers again after {seconds} s.", action="broker_up", seconds=seconds)
            return

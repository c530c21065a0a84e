"""The request quota of one store: a fixed window, told in four headers on every answer."""

import math
import time
from collections.abc import Callable


class Quota:
    """`limit` requests in each `window` seconds. Not locked: the store's lock is held around it.

    `silent` makes the refusals come without headers, as they do when the platform itself is overloaded.
    """

    def __init__(self, *, limit: int = 150, window: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.window = window
        self.clock = clock
        self.silent = False
        self._used = 0
        self._ends = -math.inf

    def take(self, requests: int = 1) -> bool:
        """Whether so many requests still fit; they are counted either way. Other apps of the store count too."""
        now = self.clock()
        if now >= self._ends:
            self._used, self._ends = 0, now + self.window
        self._used += requests
        return self._used <= self.limit

    def headers(self, *, refused: bool) -> dict[str, str]:
        if refused and self.silent:
            return {}
        left = max(0.0, self._ends - self.clock())
        told = {
            "X-Rate-Limit-Time-Window-Ms": str(round(self.window * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(math.ceil(left * 1000)),
            "X-Rate-Limit-Requests-Quota": str(self.limit),
            "X-Rate-Limit-Requests-Left": str(max(0, self.limit - self._used)),
        }
        if refused:
            told["X-Retry-After"] = str(math.ceil(left))
        return told

"""An ASGI app served on 127.0.0.1 from a thread, for as long as a `with` block lasts."""

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

_START_LIMIT = 30.0


class Loopback:
    """Serves `app` while entered. `url` is known from the start, `port` 0 takes a free one.

    RuntimeError from entering when the server does not come up.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        # asyncio sets TCP_NODELAY on accepted connections only where the listening socket names its protocol.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = _Server(_config(app))
        self._thread = threading.Thread(target=self._serve, name="loopback", daemon=True)

    def __enter__(self) -> "Loopback":
        self._thread.start()
        if not self._server.ready.wait(_START_LIMIT) or not self._server.started:
            msg = f"no server came up on {self.url}"
            raise RuntimeError(msg)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._server.ready.set()


def _config(app: ASGIApp) -> uvicorn.Config:
    """Both sides send a `Date` of their own clock, so uvicorn sends none; a hanging request may not hold the exit."""
    return uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

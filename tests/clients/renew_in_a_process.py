"""One process whose access token was refused. Arguments: the server's address and the file of the token."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cartledger.clients.http import Http
from cartledger.clients.oauth import Intuit, Tokens
from cartledger.records import Token


class FileStore:
    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Token | None:
        access, refresh = self.path.read_text().split()
        expires = datetime.now(UTC) + timedelta(hours=1)
        return Token(access=access, refresh=refresh, access_expires=expires, refresh_expires=None)

    def save(self, token: Token) -> None:
        self.path.write_text(f"{token.access} {token.refresh}")

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self.path.with_suffix(".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


def main(url: str, path: str) -> None:
    with Http() as http:
        tokens = Tokens(
            intuit=Intuit(
                http=http,
                token_url=url,
                client_id="client-7",
                client_secret="client-secret",
                clock=lambda: datetime.now(UTC),
            ),
            store=FileStore(Path(path)),
            clock=lambda: datetime.now(UTC),
        )
        print("ready", flush=True)
        sys.stdin.readline()
        print(tokens.renewed("access-1"))


main(*sys.argv[1:])

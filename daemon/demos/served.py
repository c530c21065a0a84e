"""What a stranger is given by `cartledger demo --serve`: a shop and a company that nobody has connected yet."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from daemon.demos.simulated import IN_FLIGHT

CONNECTION = "main"
SHOPS_TOKEN, APPS_SECRET = "shop-token", "client-secret"
"""Files of the folder; their content is shown nowhere."""

_SET = {
    "bigcommerce.api_url": "bigcommerce_url",
    "quickbooks.api_url": "quickbooks_url",
    "quickbooks.authorize_url": "authorize_url",
    "quickbooks.token_url": "token_url",
    "quickbooks.revoke_url": "revoke_url",
}
"""Which setting is which of the simulators' addresses."""


def hand_out(folder: Path, addresses: Mapping[str, str]) -> None:
    """What a person copies from the shop's control panel and from the app's keys, each in a file of its own."""
    for name, key in ((SHOPS_TOKEN, "access_token"), (APPS_SECRET, "client_secret")):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(f"{addresses[key]}\n")


def setup_words(folder: Path, addresses: Mapping[str, str]) -> list[str]:
    """The arguments of `cartledger setup` that are the simulators', after `--config`."""
    told = {name: addresses[key] for name, key in _SET.items()} | {"quickbooks.in_flight_limit": str(IN_FLIGHT)}
    return [
        *("--config", str(folder / "cartledger.toml"), "setup"),
        *("--store-hash", addresses["store_hash"], "--token-file", str(folder / SHOPS_TOKEN)),
        *("--client-id", addresses["client_id"], "--secret-file", str(folder / APPS_SECRET)),
        *(word for name, value in told.items() for word in ("--set", f"{name}={value}")),
    ]


def served_text(folder: Path, program: str, words: Sequence[str]) -> str:
    """What to do, for a person: `words` are those of `setup_words`, and begin with `--config FILE setup`."""
    asked = " \\\n      ".join(shlex.join(words[at : at + 2]) for at in range(3, len(words), 2))
    return f"""
A shop and a company run until Ctrl-C, and nobody has connected them. {folder} holds what their owner would copy
for you: the token of the shop's API account, and the secret of the app. In another terminal, in this folder:

  export CARTLEDGER_CONFIG={shlex.quote(words[1])}
  {program} setup \\
      {asked}

Open the address that it prints, and choose “Connect”. Afterwards:

  {program} sync {CONNECTION}      post what is there
  {program} connect        what is connected, since when and until when
  {program} disconnect quickbooks {CONNECTION}"""

"""What `cartledger setup` proposes, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Key = tuple[str, ...]
"""Of a connection's setting: its sections and name, from the outside in."""


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A value for one setting, as TOML has it, and what speaks for it."""

    key: Key
    value: Any
    why: str


@dataclass(frozen=True, kw_only=True)
class Open:
    """A setting that nothing was found for: what follows from that, and what to do about it."""

    key: Key
    text: str
    fix: str


Found = Proposed | Open

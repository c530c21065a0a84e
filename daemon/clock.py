"""The one clock. Everything below the daemon gets it as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Now, UTC, aware."""
    return datetime.now(UTC)

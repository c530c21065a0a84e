"""Dates as BigCommerce reads and writes them: RFC 2822 in v2 answers, either format in v2 filters."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache


def rfc2822(moment: datetime) -> str:
    """`Tue, 28 Apr 2026 13:06:44 +0000`, always UTC, whole seconds."""
    return format_datetime(moment.astimezone(UTC))


def http_date(moment: datetime) -> str:
    """`Tue, 28 Apr 2026 13:06:44 GMT`, the form of the `Date` header."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def iso8601(moment: datetime) -> str:
    """`2026-04-28T13:06:44+00:00`, always UTC, whole seconds: the v3 form."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@lru_cache(maxsize=65_536)
def parse(text: str) -> datetime:
    """A filter date in RFC 2822 or ISO 8601. ValueError if it is neither or names no offset.

    Whether the real API reads a date without an offset as the store's or as UTC is not documented, so none is
    guessed. An unescaped `+` arrives as a space and is refused for the same reason.
    """
    moment = _parse_rfc2822(text) or datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = f"{text!r} has no offset"
        raise ValueError(msg)
    return moment.astimezone(UTC)


def _parse_rfc2822(text: str) -> datetime | None:
    if not text[:3].isalpha():
        return None
    return parsedate_to_datetime(text)

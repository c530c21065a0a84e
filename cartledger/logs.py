"""Log lines: one JSON object a line for machines, one sentence for a person at a terminal; always on stderr.

Every line names its action and, where there is one, its connection and source. Records of the shop, secrets and
personal data have no way in: what is logged beside the sentence are the few facts of `FACTS`.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, TextIO

FACTS = ("action", "connection", "source", "cause", "seconds", "count")

ERROR = 3
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4}
"""Those of syslog; all that is worse is an error."""

_logger = logging.getLogger("cartledger")


def set_up(stream: TextIO, *, as_json: bool, level: int = logging.INFO, to_journal: bool = False) -> None:
    """Send our lines to `stream`; libraries speak only from WARNING up. `to_journal`: with what journald takes for a
    line's priority."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JournalLine() if to_journal else JsonLine() if as_json else Sentence())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _logger.setLevel(level)


def debug(text: str, *, action: str, **facts: Any) -> None:
    """Of interest to whoever follows one run."""
    _logger.debug(text, extra={"action": action, **facts})


def info(text: str, *, action: str, **facts: Any) -> None:
    """Something happened as it should."""
    _logger.info(text, extra={"action": action, **facts})


def warning(text: str, *, action: str, **facts: Any) -> None:
    """Something needs a look: a person's or time's."""
    _logger.warning(text, extra={"action": action, **facts})


def exception(text: str, *, action: str, **facts: Any) -> None:
    """A defect of ours; the traceback goes with it."""
    _logger.exception(text, extra={"action": action, **facts})


class JsonLine(logging.Formatter):
    """`{"at": …, "level": …, "text": …, "action": …}` and the facts that are there."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "text": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FACTS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class JournalLine(JsonLine):
    """The same with syslog's number of the level in front, which journald takes off again (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        return f"<{PRIORITIES.get(record.levelno, ERROR)}>{super().format(record)}"


class Sentence(logging.Formatter):
    """`14:02:11 main: 30 orders posted.`"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        connection = f"{record.connection}: " if hasattr(record, "connection") else ""
        text = f"{at:%H:%M:%S} {connection}{record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text

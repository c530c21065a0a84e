"""`docs/CONFIGURATION.md`, written from the fields. `make docs` runs this module, which writes the example too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cartledger.settings.example import CONNECTION, example, shown_value
from cartledger.settings.fields import choices, fields, plain, present, row_of, section_of
from cartledger.settings.options import SECRETS, Settings
from cartledger.settings.problems import variable_of
from cartledger.settings.values import ORDER_STATUSES, PATTERNS, Words
from cartledger.settings.words import literal

NAME = "NAME"
"""Stands for a name that users give."""

HEAD = """\
# Configuration

Every option of `cartledger.toml`. This page and [cartledger.example.toml](../cartledger.example.toml) are written by
`make docs` from the fields in `cartledger/settings/options.py`.

## How it is read

- **The file** is named with `--config FILE` or `CARTLEDGER_CONFIG`; else it is `./cartledger.toml` if that is there,
  else `/etc/cartledger/cartledger.toml`. It is [TOML](https://toml.io). Relative paths in it are beside the file.
- **The environment** wins over the file, key by key. A variable is `CARTLEDGER_`, then sections and key in capitals,
  joined by two underscores.

  | in the file | in the environment |
  | --- | --- |
  | `url` of `[broker]` | `CARTLEDGER_BROKER__URL=memory://` |
  | `post_as` of `[connections.main.sales]` | `CARTLEDGER_CONNECTIONS__MAIN__SALES__POST_AS=invoice` |
  | a list | as JSON: `…__SALES__STATUSES='["Shipped", "Completed"]'` |
  | a table | as JSON: `…__TAX__MAP='{"*": "State tax"}'`; its rows come to those of the file |

- **Secrets** do not stand in the file. They are variables of the environment, or files of the same names in lower case
  (`cartledger_connections__main__quickbooks__client_secret`):
  [systemd credentials](https://systemd.io/CREDENTIALS/) or, where there are none, in the folder `credentials` beside
  the file, which nobody but its owner may look into (0700). The environment wins over a file. The tokens of both sides
  stand in the ledger ([CONNECT.md](CONNECT.md)).
- **Everything is checked at once**, before anything is touched: each mistake is told with its file and line, the key,
  the value and what is allowed. So is an option that has no effect beside the others. `cartledger check` then asks the
  shop and the company whether the names in it are theirs.
- **Several shops and companies**: one `[connections.NAME]` each, with a name of your own (lower-case letters, digits,
  underscores). Two connections into one company need different `number_prefix`es. The sections below are written for a
  connection `main`.
- **A changed option** counts from the next start of `cartledger run` and for the next `cartledger sync`. What was held
  or excluded under other settings is decided again; what is posted stays as it is.

## Values

| value | how it is written |
| --- | --- |
| name | as it stands in QuickBooks, in quotation marks; of a sub-account the whole name: `"Income:Web"` |
| day | `2026-01-31` |
| time zone | by its place: `"America/Chicago"` |
| interval | `"1h"`, `"15m"`, `"daily at 02:30"`, `"daily at 02:30 and 14:30"` (in the connection's time zone), \
`"manual"` (only `cartledger sync`) |
| amount | `"0.05"` |
| currency | its three letters: `"EUR"` |
| order status | its name in BigCommerce or its id: {statuses} |
| address | `https://…`; `http://…` only of this machine |
"""

_PLAIN_WORDS = {bool: "`true` or `false`", int: "whole number", str: "text", Path: "path"}


def configuration() -> str:
    """The page."""
    sections = [(path, section) for path, section in _sections((), Settings) if path]
    contents = [f"- [`{_heading(path)}`](#{_anchor(path)}): {section.__doc__}" for path, section in sections]
    chapters = [line for path, section in sections for line in _chapter(path, section)]
    statuses = ", ".join(f"{name} ({number})" for number, name in ORDER_STATUSES.items() if number)
    return "\n".join([HEAD.replace("{statuses}", statuses), "## The sections", "", *contents, *chapters, ""])


FILES: Mapping[str, Callable[[], str]] = {"docs/CONFIGURATION.md": configuration, "cartledger.example.toml": example}
"""What `make docs` writes, by its path in the repository."""


def _sections(path: tuple[str, ...], section: type[BaseModel]) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """A section and all that are inside it."""
    yield path, section
    for name, field in fields(section).items():
        if inner := section_of(field.annotation):
            yield from _sections((*path, name), inner)
        elif inner := section_of(row_of(field.annotation)):
            yield from _sections((*path, name, NAME if path else CONNECTION), inner)


def _heading(path: tuple[str, ...]) -> str:
    return f"[{'.'.join(path)}]"


def _anchor(path: tuple[str, ...]) -> str:
    """As web pages of repositories make it of a heading: without the signs that are not part of a word."""
    return "".join(path).lower()


def _chapter(path: tuple[str, ...], section: type[BaseModel]) -> Iterator[str]:
    yield from ("", f"## `{_heading(path)}`", "", str(section.__doc__), "")
    yield from ("| option | value | default | meaning |", "| --- | --- | --- | --- |")
    for name, field in fields(section).items():
        if field.description:
            yield f"| `{name}` | {_value(field)} | {_default(field)} | {_meaning((*path, name), field)} |"


def _value(field: FieldInfo) -> str:
    """The type in plain words, and its limits."""
    said = [one.text for one in field.metadata if isinstance(one, Words)]
    return (said[0] if said else _words(field.annotation)) + _limits(field.metadata)


def _words(annotation: Any) -> str:
    found = present(annotation)
    if get_origin(found) is Annotated:
        said = [one.text for one in found.__metadata__ if isinstance(one, Words)]
        return said[0] if said else _words(plain(found))
    if allowed := choices(found):
        return " or ".join(f"`{literal(one)}`" for one in allowed)
    if get_origin(found) in (tuple, frozenset):
        return f"list: {_words(get_args(found)[0])}"
    if get_origin(found) is dict:
        key, row = get_args(found)
        return f"table: {_words(key)} = {_words(row)}"
    return "section" if section_of(found) else _PLAIN_WORDS[found]


def _limits(metadata: Iterable[Any]) -> str:
    limits = {name: getattr(one, name) for one in metadata for name in _LIMITS if hasattr(one, name)}
    said = [words.format(PATTERNS.get(limits[name], limits[name])) for name, words in _LIMITS.items() if name in limits]
    return f" ({', '.join(said)})" if said else ""


_LIMITS = {"pattern": "{}", "max_length": "at most {}", "ge": "from {}", "le": "to {}"}


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    empty = default is None or (isinstance(default, Sized) and not len(default))
    return "none" if empty else f"`{literal(shown_value(field))}`"


def _meaning(key: tuple[str, ...], field: FieldInfo) -> str:
    said = str(field.description)
    if key[-2:] in SECRETS:
        return f"{_escaped(said)}. Environment: `{variable_of(key)}`"
    if field.examples and _default(field) in ("none", "required"):
        return f"{_escaped(said)}. Example: `{literal(field.examples[0])}`"
    return _escaped(said)


def _escaped(text: str) -> str:
    """Signs that would mean something to Markdown."""
    for sign in "|*<":
        text = text.replace(sign, f"\\{sign}")
    return text


def write(root: Path) -> None:
    """Both files, below `root`."""
    for path, text in FILES.items():
        (root / path).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write(Path())

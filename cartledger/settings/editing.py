"""A settings file with one connection more, or with one anew; all else in it stays letter by letter."""

from __future__ import annotations

import re
import tomllib

from cartledger.errors import Problem, SettingsWrong

_HEADER = re.compile(r"""^\s*\[\[?\s*(?P<key>[^\]#]+?)\s*\]\]?\s*(?:\#.*)?$""")


def with_connection(text: str, name: str, sections: str) -> str:
    """`text` with the `sections` of connection `name`, which replace those that stand there. Raises SettingsWrong where
    the connection is not written in sections of its own, so that they cannot be told from the rest."""
    kept = without_connection(text, name)
    head = f"{kept.rstrip()}\n\n" if kept.strip() else ""
    changed = f"{head}{sections.rstrip()}\n"
    if not _holds_the_rest(text, changed, name):
        raise SettingsWrong(
            [
                Problem(
                    code="not_to_be_edited",
                    text=f"The file does not write connection {name} in sections [connections.{name}…] of its own.",
                    fix="Write it so, or name another file with --config.",
                )
            ]
        )
    return changed


def without_connection(text: str, name: str) -> str:
    """`text` without the sections [connections.name] and [connections.name.…], their comments included. A comment that
    stands directly above another section is that one's."""
    kept: list[str] = []
    above: list[str] = []
    ours = False
    for line in text.splitlines(keepends=True):
        if header := _HEADER.match(line):
            was_ours, ours = ours, _names(header["key"])[:2] == ["connections", name]
            if was_ours and not ours:
                kept += above
        above = [*above, line] if line.startswith("#") else []
        if not ours:
            kept.append(line)
    return "".join(kept)


def _names(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in key.split(".")]


def _holds_the_rest(old: str, new: str, name: str) -> bool:
    """Whether `new` is TOML that says of everything but this connection what `old` says."""
    try:
        before, after = tomllib.loads(old), tomllib.loads(new)
    except tomllib.TOMLDecodeError:
        return False
    before.get("connections", {}).pop(name, None)
    after["connections"].pop(name)
    return {"connections": {}, **before} == after

"""A settings file and edits of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cartledger.errors import SettingsWrong
from cartledger.settings import Settings, read_settings

EXAMPLE = Path(__file__).with_name("cartledger.toml")
MAIN = "CARTLEDGER_CONNECTIONS__MAIN__"
SECRETS = {
    f"{MAIN}BIGCOMMERCE__ACCESS_TOKEN": "shh-access",
    f"{MAIN}QUICKBOOKS__CLIENT_SECRET": "shh-client",
    f"{MAIN}QUICKBOOKS__REFRESH_TOKEN": "shh-refresh",
}

Read = Callable[..., Settings]


@pytest.fixture(scope="session")
def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


@pytest.fixture
def read(tmp_path: Path, example: str) -> Read:
    """`read(("old", "new"), …, env={…})`: the example with these edits, and an environment beside the secrets."""

    def read_edited(*edits: tuple[str, str], env: Mapping[str, str] = {}, text: str = example) -> Settings:
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "cartledger.toml"
        path.write_text(text, encoding="utf-8")
        return read_settings(path, SECRETS | dict(env))

    return read_edited


@pytest.fixture
def mistakes(read: Read, tmp_path: Path) -> Callable[..., list[str]]:
    """As `read`, for settings that are wrong: the sentences, without the folder's name."""

    def told(*edits: tuple[str, str], **more: object) -> list[str]:
        with pytest.raises(SettingsWrong) as wrong:
            read(*edits, **more)
        assert not any(secret in str(wrong.value) for secret in SECRETS.values())
        return [str(problem).replace(f"{tmp_path}/", "") for problem in wrong.value.problems]

    return told

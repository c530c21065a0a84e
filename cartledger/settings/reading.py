"""From file, environment and systemd credentials to Settings, or to every problem there is with them.

The environment wins over a credential, a credential over the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from cartledger.errors import Problem, SettingsWrong
from cartledger.settings.contradictions import contradictions
from cartledger.settings.options import ENVIRONMENT_PREFIX, SECRETS, Ledger, Settings
from cartledger.settings.problems import Places, named, sentence, variable_of
from cartledger.settings.words import closest, nearest

CREDENTIALS = "credentials"
"""The folder beside the settings with a file for each secret, named as its variable is, in lower case:
cartledger_connections__main__quickbooks__client_secret."""

_CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd's
_FROM_A_FOLDER = "secret_"
"""What systemd puts before the name of each file for `LoadCredential=secret:/folder`."""
_OF_THE_LEDGER = f"{ENVIRONMENT_PREFIX}LEDGER__"
_NO_SETTINGS = (f"{ENVIRONMENT_PREFIX}CONFIG", f"{ENVIRONMENT_PREFIX}TEST_")


def read_environment() -> Mapping[str, str]:
    """The process's environment, read here and nowhere else."""
    return os.environ


def read_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """The settings in `path` and `environment`, checked in themselves (not against shop or company).

    Relative paths in the file are beside the file. Raises SettingsWrong with every problem.
    """
    places = places_in(path, environment)
    ours = places.environment
    wrong = {name: problem for name in ours if (problem := _variable(name, ours[name], places)) is not None}
    problems = [*wrong.values(), *_secrets_in_file(places)]
    known = {name: value for name, value in ours.items() if name not in wrong}
    try:
        settings = _build(places.tree, known, _credentials(path, environment))
    except ValidationError as error:
        raise SettingsWrong([*problems, *_found(error, places)]) from error
    except SettingsError as error:
        text = f"The credentials cannot be read: {error}."
        raise SettingsWrong([*problems, Problem(code="no_credentials", text=text)]) from error
    problems += [places.problem(*one) for one in contradictions(settings)]
    if problems:
        raise SettingsWrong(problems)
    ledger = settings.ledger.model_copy(update={"path": path.parent / settings.ledger.path})
    file = settings.heartbeat.file
    heartbeat = settings.heartbeat.model_copy(update={"file": None if file is None else path.parent / file})
    return settings.model_copy(update={"ledger": ledger, "heartbeat": heartbeat})


def _credentials(path: Path, environment: Mapping[str, str]) -> str | None:
    """The folder with a file for each secret: systemd's, else `credentials` beside the settings. Raises SettingsWrong
    where others than its owner may look into that one."""
    folder = path.parent / CREDENTIALS
    if _CREDENTIALS in environment or not folder.is_dir():
        return environment.get(_CREDENTIALS)
    if folder.stat().st_mode & 0o077:
        text = f"{folder} holds secrets, and others than its owner may look into it. Run chmod 700 {folder}."
        raise SettingsWrong([Problem(code="open_credentials", text=text)])
    return str(folder)


class _LedgerAlone(BaseModel):
    ledger: Ledger = Ledger()


def read_ledger_path(path: Path, environment: Mapping[str, str]) -> Path:
    """Where the ledger is, whatever else is wrong or missing: it is backed up where the secrets are not. Raises
    SettingsWrong."""
    places = places_in(path, environment)
    ours = {name: value for name, value in places.environment.items() if name.startswith(_OF_THE_LEDGER)}
    said = {**_table(places.tree.get("ledger")), **_table(_Environment(Settings, ours)().get("ledger"))}
    try:
        return path.parent / _LedgerAlone.model_validate({"ledger": said}).ledger.path
    except ValidationError as error:
        raise SettingsWrong(_found(error, places)) from error


def places_in(path: Path, environment: Mapping[str, str]) -> Places:
    """Where each setting stands. Raises SettingsWrong for a file that cannot be read as TOML."""
    ours = {
        name: value
        for name, value in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX) and not name.startswith(_NO_SETTINGS)
    }
    return Places(path, ours)


def _found(error: ValidationError, places: Places) -> Iterator[Problem]:
    """From the top of the file to its end."""
    found = [(detail["loc"], detail) for detail in error.errors()]
    for key, detail in sorted(found, key=lambda one: places.line(one[0])):
        yield places.problem(key, detail["type"], sentence(detail, named(key)))


class _Environment(EnvSettingsSource):
    """The variables that are given, not those of the process."""

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items()}


def _build(tree: dict[str, Any], variables: Mapping[str, str], credentials: str | None) -> Settings:
    class Read(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            environment, file = _Environment(settings_cls, variables), InitSettingsSource(settings_cls, tree)
            if credentials is None:
                return environment, file
            one_by_one, from_a_folder = (
                NestedSecretsSettingsSource(
                    file_secret_settings,
                    secrets_dir=credentials,
                    secrets_dir_missing="error",
                    secrets_prefix=prefix,
                    secrets_nested_delimiter="__",
                )
                for prefix in (ENVIRONMENT_PREFIX, f"{_FROM_A_FOLDER}{ENVIRONMENT_PREFIX}")
            )
            return environment, one_by_one, from_a_folder, file

    return Read()


def _variable(name: str, value: str, places: Places) -> Problem | None:
    """What is wrong with a variable as such. pydantic-settings passes over unknown ones in silence, and a misspelt
    secret must not be silent."""
    section, _, rest = name.removeprefix(ENVIRONMENT_PREFIX).partition("__")
    connections = places.tree.get("connections")
    connection = rest.partition("__")[0] if section.lower() == "connections" else ""
    if section.lower() not in Settings.model_fields:
        known = closest(section, Settings.model_fields)
        hint = f'Did you mean "{name.replace(section, known.upper(), 1)}"?' if known else "Unset it."
        return Problem(code="unknown_variable", text=f"environment: {name} is not a setting. {hint}")
    if connection and isinstance(connections, Mapping) and connection.lower() not in connections:
        hint = nearest(connection.lower(), connections)
        text = f'environment: {name} is of a connection "{connection.lower()}" that the file does not have.{hint}'
        return Problem(code="unknown_variable", text=text)
    try:
        _Environment(Settings, {name: value})()
    except SettingsError:
        text = f'environment: {name} holds a list or a table; write it as JSON: ["one", "two"] or {{"key": "value"}}.'
        return Problem(code="no_json", text=text)
    return None


def _secrets_in_file(places: Places) -> Iterator[Problem]:
    connections = _table(places.tree.get("connections"))
    tables: dict[tuple[str, ...], Mapping[str, Any]] = {
        (): places.tree,
        **{("connections", name): _table(one) for name, one in connections.items()},
    }
    for path, table in tables.items():
        for section, key in SECRETS:
            if key in _table(table.get(section)):
                where = (*path, section, key)
                text = (
                    f"is a secret, which does not stand in the file; take it out and set {variable_of(where)} instead."
                )
                yield places.in_file(where, "secret_in_file", text)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

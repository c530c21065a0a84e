"""cartledger.toml, read and checked whole before anything is touched.

`options` holds every option as one field: name, type, default, description. `reading` puts file, environment and
systemd credentials together; `problems` says what is wrong with them, all at once, each with its place and what is
allowed. Secrets never stand in the file.
"""

from cartledger.settings.options import MEMO_SUFFIX, NUMBER_LENGTH, TAKEN_SUFFIX, Connection, Settings, Smtp, Stock
from cartledger.settings.reading import places_in, read_environment, read_ledger_path, read_settings
from cartledger.settings.values import FORM_FIELD, ORDER_STATUSES, Schedule
from cartledger.settings.words import nearest

__all__ = [
    "FORM_FIELD",
    "MEMO_SUFFIX",
    "NUMBER_LENGTH",
    "ORDER_STATUSES",
    "TAKEN_SUFFIX",
    "Connection",
    "Schedule",
    "Settings",
    "Smtp",
    "Stock",
    "nearest",
    "places_in",
    "read_environment",
    "read_ledger_path",
    "read_settings",
]

"""Every error of ours, and what it asks for. The class is the verdict; the sentence is for a person.

    CartledgerError
    ├── WrongUse              settings or use are wrong: say all problems at once, exit 2, touch nothing
    │   ├── SettingsWrong     a list of problems with file, line, key, value and what is allowed
    │   ├── LedgerRefused     the ledger is newer than the program, readable by others, or no ledger
    │   └── BrokerMisdeclared a queue stands on the broker with other arguments
    ├── Hold                  this one source is wrong: held with its reasons until a person acts
    │   ├── BadRecord         a record of the shop cannot be read (a price that is no number)
    │   └── Refused           the other side refused this object (validation)
    ├── TryLater              this one source may work later: a conflict, a lock, a single hiccup
    ├── Pause                 the other side is down, slow or throttling: the connection waits, all sources keep
    │   ├── Unreachable       no connection, a timeout, a reset, a 5xx, something that is no answer
    │   └── Throttled         429 or its cousins, with the seconds to wait
    ├── Stop                  the connection cannot go on until a person acts
    │   ├── Unauthorised      token refused, revoked or expired for good
    │   ├── Forbidden         a scope is missing, or the token belongs to another realm or store
    │   └── CompanyReadOnly   the subscription has ended: QuickBooks takes no data
    ├── LedgerTrouble         the ledger cannot be written now (disk full, locked): the process stops cleanly
    └── BrokerDown            the broker does not answer: wait and connect again

`in_doubt` on any of them says whether the call may have been executed all the same. A write that failed with
`in_doubt=True` is looked up before it is repeated; with `in_doubt=False` nothing was executed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One reason, as data: what is wrong and what a person does about it.

    `code` is stable and groups reasons by cause (`no_item`, `totals_do_not_close`); `text` says the facts of this
    case; `fix` is an instruction, empty where the text already says it.
    """

    code: str
    text: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.fix}".strip()


class CartledgerError(Exception):
    """Root of the tree. `fix` is one instruction for a person; `in_doubt` whether the call may have been executed."""

    def __init__(self, text: str, *, fix: str = "", in_doubt: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.fix = fix
        self.in_doubt = in_doubt

    def __str__(self) -> str:
        return f"{self.text} {self.fix}".strip()


class WrongUse(CartledgerError):
    """Settings or use are wrong; nothing was touched. Exit code 2."""


class SettingsWrong(WrongUse):
    """All problems of the settings at once; each `text` already names file, line and key."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class LedgerRefused(WrongUse):
    """This file must not be used as the ledger; the sentence says why and what to do."""


class BrokerMisdeclared(WrongUse):
    """A queue of this name stands on the broker with other arguments (RabbitMQ answers 406)."""


class Hold(CartledgerError):
    """This source is wrong as it is. It is held with `problems` until a person or a new version acts."""

    def __init__(self, problems: Iterable[Problem], *, in_doubt: bool = False) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems), in_doubt=in_doubt)


class BadRecord(Hold):
    """A record of the shop cannot be read."""


class Refused(Hold):
    """The other side refused the object; `codes` are its fault codes."""

    def __init__(self, problems: Iterable[Problem], *, codes: Iterable[str] = (), detail: str = "") -> None:
        super().__init__(problems)
        self.codes = tuple(codes)
        self.detail = detail


class TryLater(CartledgerError):
    """This source may work later."""


class Pause(CartledgerError):
    """The other side cannot serve us now. `seconds` is how long it asked us to wait, None when it did not say."""

    def __init__(self, text: str, *, fix: str = "", in_doubt: bool = False, seconds: float | None = None) -> None:
        super().__init__(text, fix=fix, in_doubt=in_doubt)
        self.seconds = seconds


class Unreachable(Pause):
    """No connection, no answer in time, a 5xx, or bytes that are no answer."""


class Throttled(Pause):
    """A quota is used up."""


class Stop(CartledgerError):
    """The connection cannot go on until a person acts; nothing is lost meanwhile."""


class Unauthorised(Stop):
    """The token is refused, revoked or expired for good."""


class Forbidden(Stop):
    """A scope is missing, or the token belongs to another company or store."""


class CompanyReadOnly(Stop):
    """QuickBooks takes no data: the subscription ended or lapsed."""


class LedgerTrouble(CartledgerError):
    """The ledger cannot be written now."""


class BrokerDown(CartledgerError):
    """The broker does not answer, or the link to it broke."""

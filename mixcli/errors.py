"""The error tree. Every message says what was expected, what was found and what to do, on one line.

MixcliError            1   a bug in mixcli (nobody raises it directly)
├── UsageError         2   the command or a spec is wrong
├── InputError         3   a source cannot be read, or is refused
├── NotApplicable      4   the method does not apply to this source
├── LimitExceeded      5   predicted memory or time is over the limit
├── Interrupted      130   Ctrl-C; the partial result has been kept
└── PipeClosed       141   the reader of our standard output went away
"""

from __future__ import annotations

__all__ = [
    "InputError",
    "Interrupted",
    "LimitExceeded",
    "MixcliError",
    "NotApplicable",
    "PipeClosed",
    "UsageError",
]


class MixcliError(Exception):
    """An error with a one-line message and the exit code of its class.

    Args:
        expected: what would have been right.
        found: what was there instead.
        fix: what the user can do about it, as an imperative.
        where: the file, line, option or record concerned; leads the message.

    Example:
        >>> str(InputError("a square matrix", "3 rows and 4 columns", "pass an adjacency matrix", where="a.mtx"))
        'a.mtx: expected a square matrix, found 3 rows and 4 columns; pass an adjacency matrix'
    """

    exit_code = 1

    def __init__(self, expected: str, found: str = "", fix: str = "", *, where: str = "") -> None:
        self.expected, self.found, self.fix, self.where = expected, found, fix, where
        super().__init__(self._line())

    def _line(self) -> str:
        line = f"expected {self.expected}" if self.found else self.expected
        if self.found:
            line += f", found {self.found}"
        if self.fix:
            line += f"; {self.fix}"
        if self.where:
            line = f"{self.where}: {line}"
        return " ".join(line.split())

    def at(self, where: str) -> MixcliError:
        """The same error, with the place it concerns put before what is already there."""
        self.where = f"{where}: {self.where}" if self.where else where
        self.args = (self._line(),)
        return self

    def __str__(self) -> str:
        return self._line()

    def __reduce__(self) -> tuple[object, ...]:  # keyword arguments must survive a process pool
        return (_rebuild, (type(self), self.expected, self.found, self.fix, self.where))


def _rebuild(cls: type[MixcliError], expected: str, found: str, fix: str, where: str) -> MixcliError:
    return cls(expected, found, fix, where=where)


class UsageError(MixcliError):
    """The command line or a spec string is wrong."""

    exit_code = 2


class InputError(MixcliError):
    """A source cannot be read, or is refused because it would be unsafe or meaningless."""

    exit_code = 3


class NotApplicable(MixcliError):
    """The method is not defined for this source (directed, one node, unlabelled …)."""

    exit_code = 4


class LimitExceeded(MixcliError):
    """The predicted memory or time is over the limit; the message names the way around."""

    exit_code = 5


class Interrupted(MixcliError):
    """The user pressed Ctrl-C."""

    exit_code = 130


class PipeClosed(MixcliError):
    """The program that read our standard output has closed it."""

    exit_code = 141

"""Lines of numbers, parsed in C; where one is wrong, the line is looked up for the message."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import InputError
from mixcli.io.base import Reading

__all__ = [
    "as_ids",
    "bad_line",
    "check_weight",
    "data_lines",
    "from_one",
    "line_of",
    "number_table",
    "split_size_line",
    "to_float",
    "unix_lines",
    "weights_told",
]

TIMES = 1e8
"""Whole numbers from here on (spring of 1973) look like Unix times."""

EXACT = 2**53
"""From here on a float no longer tells neighbouring integers apart."""


def weights_told(weight: NDArray[np.float64] | None, what: str, *, doubtful: bool = True) -> dict[str, Any]:
    """The note that numbers are read as conductances, where nothing in the file calls them weights.

    Args:
        weight: the numbers, or None where there are none.
        what: where they stand, for the note.
        doubtful: False where the format says what they are; then only numbers that look like times are told.

    Example:
        >>> weights_told(np.array([2.0, 3.0]), "third column")
        {'weights': 'third column, read as conductance; --unweighted leaves it unread'}
        >>> weights_told(np.ones(2), "third column")
        {}
    """
    if weight is None or not len(weight) or (weight == 1).all():
        return {}
    times = bool((weight >= TIMES).all() and (weight % 1 == 0).all())
    if not times and not doubtful:
        return {}
    hint = " (all are whole numbers of 10^8 and more, like Unix times)" if times else ""
    return {"weights": f"{what}, read as conductance{hint}; --unweighted leaves it unread"}


def unix_lines(text: str) -> str:
    """The text with every kind of line end made a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def data_lines(body: str, start: int = 1) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, stripped, with their numbers."""
    for number, line in enumerate(body.split("\n"), start):
        stripped = line.strip()
        if stripped:
            yield number, stripped


def line_of(body: str, row: int, start: int = 1) -> int:
    """The number of the line that holds a row of the table."""
    return next((number for k, (number, _) in enumerate(data_lines(body, start)) if k == row), start)


def number_table(body: str, delimiter: str | None = None) -> NDArray[np.float64] | None:
    """Lines of numbers as a (lines, columns) array, or None where anything else stands there.

    Example:
        >>> number_table("0 1\\n1 2\\n").tolist(), number_table("0 x\\n")
        ([[0.0, 1.0], [1.0, 2.0]], None)
    """
    if not body.strip():
        return np.zeros((0, 0))
    try:
        return np.loadtxt(io.StringIO(body), dtype=np.float64, comments=None, delimiter=delimiter, ndmin=2)
    except ValueError:
        return None


def as_ids(table: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Floats as integers, or None where one is no integer that a float holds exactly."""
    if not (np.abs(table) < EXACT).all() or (table != np.floor(table)).any():
        return None
    return table.astype(np.int64)


def from_one(
    table: NDArray[np.float64], n: int, reading: Reading, line_of_row: Callable[[int], int]
) -> NDArray[np.int64]:
    """The first two columns, numbers from 1 to n, as node numbers from 0.

    Raises:
        InputError: one is something else, with its line.
    """
    ends = table[:, :2].reshape(-1, 2)
    good = ((ends >= 1) & (ends <= n) & (ends == np.floor(ends))).all(axis=1)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        found = f"({ends[row, 0]:g}, {ends[row, 1]:g})"
        raise reading.error(f"nodes from 1 to {n}", found, line=line_of_row(row))
    return ends.astype(np.int64) - 1


def to_float(token: str, what: str, reading: Reading, line: int) -> float:
    """A number of a file.

    Raises:
        InputError: it is none.
    """
    try:
        return float(token)
    except ValueError:
        raise reading.error(f"a number as {what}", repr(token[:40]), line=line) from None


def check_weight(weight: NDArray[Any], reading: Reading, line_of_row: Callable[[int], int]) -> None:
    """Refuse weights that are no conductances, naming the line.

    Raises:
        InputError: one is NaN, infinite or negative.
    """
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        fix = "a weight is a conductance; leave weights unread with --unweighted"
        raise reading.error("a finite edge weight >= 0", f"{weight[row]:g}", fix, line=line_of_row(row))


def split_size_line(body: str) -> tuple[list[str], str, int]:
    """The words of the first line that is not blank, the text after it, and the line number where that text starts."""
    match = re.search(r"\S[^\n]*", body)
    if match is None:
        return [], "", 1
    return match[0].split(), body[match.end() :], body.count("\n", 0, match.end()) + 1


def bad_line(body: str, columns: tuple[int, ...], reading: Reading, start: int = 1) -> InputError:
    """The complaint about the first line that is not one of numbers in the expected columns."""
    wanted = " or ".join(map(str, columns))
    found = None
    for number, line in data_lines(body, start):
        words = line.split()
        found = found or len(words)
        if len(words) not in columns or len(words) != found:
            return reading.error(f"{wanted} numbers a line", repr(line[:60]), line=number)
        for word in words:
            to_float(word, "an entry", reading, number)
    return reading.error(f"lines of {wanted} numbers", "others")

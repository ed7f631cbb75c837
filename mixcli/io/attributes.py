"""Scalar attributes of nodes and edges, gathered one at a time, as payload arrays; and back to text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import LimitExceeded
from mixcli.graph import Graph

__all__ = ["Columns", "Scalar", "array_of", "is_scalar", "parse_column", "texts"]

Scalar = bool | int | float | str

_ZERO_LED = re.compile(r"[+-]?0\d")
"""A number whose first zero would be lost, so it is a code and not a number."""

SPARSE_CELLS = 10**7
"""Cells of a table of attributes that may be mostly empty; beyond that one in 100 must be filled."""

WIDE_TEXT = 2**28
"""Bytes that a text column may take as a fixed-width array when most of it is padding."""


class Columns:
    """Attributes of nodes (or edges) in the order in which they come; a missing value is None.

    Example:
        >>> table = Columns()
        >>> table.add({"age": 3}); table.add({"age": 4, "club": "A"})
        >>> {key: values.tolist() for key, values in table.payload().items()}
        {'age': [3, 4], 'club': ['', 'A']}
    """

    def __init__(self) -> None:
        self.rows = 0
        self.seen = 0
        self.left_out: list[str] = []
        self._values: dict[str, list[Scalar | None]] = {}

    def add(self, attributes: Mapping[str, Scalar | None]) -> None:
        """Append one node or edge.

        Raises:
            LimitExceeded: nearly every row has attributes of its own.
        """
        self.seen += len(attributes)
        for key, value in attributes.items():
            column = self._values.get(key)
            if column is None:
                if len(self._values) * self.rows > max(SPARSE_CELLS, 100 * self.seen):
                    raise LimitExceeded(
                        "attributes shared by most nodes or edges", f"{len(self._values)} rare ones", "drop them"
                    )
                column = self._values[key] = []
            column.extend([None] * (self.rows - len(column)))
            column.append(value)
        self.rows += 1

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def take(self, key: str) -> list[Scalar | None]:
        """Remove one attribute and return its values, one a row."""
        column = self._values.pop(key)
        column.extend([None] * (self.rows - len(column)))
        return column

    def payload(self) -> dict[str, NDArray[Any]]:
        """The attributes as arrays; names of texts too long and too uneven to store go to `left_out`."""
        arrays: dict[str, NDArray[Any]] = {}
        for key in list(self._values):
            column = self.take(key)
            lengths = [len(v) for v in column if isinstance(v, str)]
            if lengths and 4 * max(lengths) * self.rows > max(WIDE_TEXT, 32 * sum(lengths)):
                self.left_out.append(key)
            else:
                arrays[key] = array_of(column)
        return arrays


def array_of(column: Sequence[Scalar | None]) -> NDArray[Any]:
    """An array of bool, int64, float64 (NaN where missing) or text (empty where missing).

    Example:
        >>> array_of([1, None]).tolist(), array_of(["a", 2]).tolist()
        ([1.0, nan], ['a', '2'])
    """
    kinds = {type(v) for v in column}
    if kinds == {bool}:
        return np.array(column, dtype=bool)
    if kinds == {int}:
        try:
            return np.array(column, dtype=np.int64)
        except OverflowError:
            return np.array([str(v) for v in column])
    if kinds <= {int, float, type(None)} and kinds != {type(None)}:
        try:
            return np.array([np.nan if v is None else float(v) for v in column])
        except OverflowError:
            return np.array(["" if v is None else str(v) for v in column])
    return np.array(["" if v is None else _text(v) for v in column], dtype=np.str_)


def is_scalar(graph: Graph, part: str, key: str) -> bool:
    """Whether a payload array has one number, truth value or text per node or edge (or for the graph)."""
    values = getattr(graph, part)[key]
    shape = values.ndim <= 1 and values.size == 1 if part == "graph" else values.ndim == 1
    if not shape or values.dtype.kind not in "biufU":
        return False
    return values.dtype.kind != "u" or not values.size or int(values.max()) < 2**63


def texts(values: NDArray[Any]) -> list[str]:
    """Each entry of a scalar payload array as text that `parse_column` turns back."""
    return [_text(v) for v in values.ravel().tolist()]


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_column(cells: Sequence[str]) -> NDArray[Any]:
    """A column of text as truth values, integers or numbers where every filled cell is one, else as text.

    Example:
        >>> parse_column(["1", "2"]).tolist(), parse_column(["1", ""]).tolist(), parse_column(["007", "x"]).tolist()
        ([1, 2], [1.0, nan], ['007', 'x'])
    """
    filled = [cell for cell in cells if cell]
    if filled and all(cell in ("true", "false") for cell in filled) and len(filled) == len(cells):
        return np.array([cell == "true" for cell in cells])
    if filled and not any(_ZERO_LED.match(cell) for cell in filled):
        for kind in (int, float):
            try:
                return array_of([kind(cell) if cell else None for cell in cells])
            except ValueError:
                continue
    return np.array(cells, dtype=np.str_)

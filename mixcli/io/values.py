"""Attributes of single nodes and edges, one dict each with values of any kind, turned into payload.

Scalars follow `mixcli.io.attributes`. Lists and arrays become payload when every row has one, of one shape and type.
The names of the others are returned, for provenance to mention.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.io.attributes import Columns
from mixcli.io.jsonarray import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["column", "gather", "label_of"]

MAX_DEPTH = 8
SCALARS = (bool, int, float, str, type(None))


def gather(
    rows: Sequence[Mapping[Any, Any]], skip: Collection[str] = (), dtypes: Mapping[str, Any] | None = None
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Columns of attribute dicts.

    Args:
        rows: one dict per node or edge.
        skip: attributes to pass over.
        dtypes: attribute -> dtype name, where it is known.

    Returns:
        name -> array with one entry per row, and the names that did not make it.

    Example:
        >>> columns, left_out = gather([{"a": 1, "b": [1]}, {"a": 2}])
        >>> columns["a"].tolist(), left_out
        ([1, 2], ['b'])
    """
    dtypes = dtypes or {}
    special = {name: 0 for row in rows for name, value in row.items() if name in dtypes or type(value) not in SCALARS}
    plain = Columns()
    for row in rows:
        plain.add({str(k): v for k, v in row.items() if k not in skip and k not in special})
    columns = plain.payload()
    left_out = list(plain.left_out)
    for name in special:
        if name in skip:
            continue
        values = [row[name] for row in rows if name in row]
        found = column(values, dtypes.get(name)) if len(values) == len(rows) else None
        if found is None:
            left_out.append(str(name))
        else:
            columns[str(name)] = found
    return columns, left_out


def column(values: list[Any], dtype: Any = None) -> NDArray[Any] | None:
    """One array of values of the same type, or None where there is no such array.

    Args:
        values: Python or numpy scalars, nested lists, or arrays.
        dtype: dtype name where it is known.
    """
    kinds: set[str] = set()
    if not all(_collect(value, kinds, 0) for value in values):
        return None
    if len(kinds) > 1 and kinds != {"i", "f"}:
        return None
    wanted = dtype if isinstance(dtype, str) and dtype in DTYPES and kinds <= {"b", "i", "f"} else None
    for attempt in dict.fromkeys((wanted, None)):
        try:
            array = np.array(values, dtype=attempt)
        except (ValueError, TypeError, OverflowError):
            continue
        if array.dtype.kind in "biufU":
            return array
    return None


def label_of(names: Iterable[Any]) -> tuple[str, ...] | None:
    """Labels for node names as a file gives them; None where they are the integers 0 … n-1 in order."""
    names = list(names)
    if all(type(name) is int and name == i for i, name in enumerate(names)):
        return None
    return tuple(map(str, names))


def _collect(value: Any, kinds: set[str], depth: int) -> bool:
    """Add the kinds of the scalars inside a value; False where something else is inside."""
    if isinstance(value, (np.ndarray, np.generic)):
        kind = {"u": "i"}.get(value.dtype.kind, value.dtype.kind)
        kinds.add(kind)
        return kind in "bifU"
    if isinstance(value, (list, tuple)):
        return depth < MAX_DEPTH and all(_collect(part, kinds, depth + 1) for part in value)
    kind = {bool: "b", int: "i", float: "f", str: "U"}.get(type(value), "")
    kinds.add(kind)
    return bool(kind)

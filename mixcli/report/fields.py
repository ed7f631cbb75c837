"""Looking into records that others may have written: whatever is missing or of another type is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["at", "label", "listed", "mapping", "mappings", "number", "numbers", "text"]

LARGEST = 1e150
"""Magnitude whose square can still be computed with."""
LONGEST = 60
"""Characters of a name that are shown."""


def at(data: Any, *path: str | int) -> Any:
    """What stands at the end of a path of keys and places, or None.

    Example:
        >>> at({"a": [{"b": 1}]}, "a", 0, "b"), at({"a": 1}, "a", "b")
        (1, None)
    """
    for key in path:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, (list, tuple)) and isinstance(key, int) and -len(data) <= key < len(data):
            data = data[key]
        else:
            return None
    return data


def number(data: Any, *path: str | int) -> float | None:
    """The number there, or None where there is none, or one that is infinite or beyond all that is measured.

    Example:
        >>> number({"a": 1}, "a"), number({"a": True}, "a"), number({"a": None}, "a")
        (1.0, None, None)
    """
    found = at(data, *path)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    try:
        value = float(found)
    except OverflowError:
        return None
    return value if abs(value) <= LARGEST else None


def numbers(data: Any, *path: str | int) -> list[float | None]:
    """The list there, None for what is no finite number."""
    return [number(value) for value in listed(data, *path)]


def text(data: Any, *path: str | int) -> str:
    """The text there, empty if there is none."""
    found = at(data, *path)
    return found if isinstance(found, str) else ""


def listed(data: Any, *path: str | int) -> list[Any]:
    """The list there, empty if there is none."""
    found = at(data, *path)
    return list(found) if isinstance(found, (list, tuple)) else []


def mapping(data: Any, *path: str | int) -> dict[str, Any]:
    """The object there, empty if there is none."""
    found = at(data, *path)
    return dict(found) if isinstance(found, Mapping) else {}


def mappings(data: Any, *path: str | int) -> Iterator[dict[str, Any]]:
    """The objects in the list there."""
    return (dict(one) for one in listed(data, *path) if isinstance(one, Mapping))


def label(name: Any, most: int = LONGEST) -> str:
    """A name fit to be shown: on one line, nothing invisible or that turns the writing round, not too long.

    Args:
        name: as it came; None is empty.
        most: characters to keep.

    Example:
        >>> label("a\\nb\\u202ec"), label("x" * 99, 5)
        ('a b�c', 'xxxx…')
    """
    whole = "" if name is None else name if isinstance(name, str) else str(name)
    cut = whole[:most] if len(whole) <= most else whole[: most - 1] + "…"
    return "".join(c if c.isprintable() else " " if c in "\n\t" else "\ufffd" for c in cut)

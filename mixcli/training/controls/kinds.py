"""The controls there are, by name, and what is said where one cannot be had."""

from __future__ import annotations

from collections.abc import Sequence

from mixcli.errors import UsageError
from mixcli.spec import nearest

__all__ = ["ALL", "DEFAULT", "DEGREES", "EMPTY", "EMPTY_RELATION", "MLP", "RANDOM", "kinds_of"]

MLP = "mlp"
"""The same network without edges."""
RANDOM = "random"
"""As many edges, placed at random."""
DEGREES = "degrees"
"""Edges placed at random under the degrees that the rewiring gave."""
EMPTY = "empty"
"""The relation of added edges, empty, for the baseline of a relational model."""

EMPTY_RELATION = "empty relation"
"""What a baseline with such a relation is called in tables and records."""

ALL = (MLP, RANDOM, DEGREES, EMPTY)
DEFAULT = (MLP, RANDOM, EMPTY)
"""What is meant where controls are asked for without saying which: all that need one training an arm at most."""


def kinds_of(said: bool | str | Sequence[str]) -> tuple[str, ...]:
    """The controls that are asked for, in the order of `ALL`.

    Args:
        said: names, or a text with commas between them; "all" and True, which is the default ones; "none" and False.

    Raises:
        UsageError: no such control, an empty text, or "none" beside others.

    Example:
        >>> kinds_of("degrees,mlp"), kinds_of(True), kinds_of("none")
        (('mlp', 'degrees'), ('mlp', 'random', 'empty'), ())
    """
    if isinstance(said, bool):
        return DEFAULT if said else ()
    texts = [said] if isinstance(said, str) else said
    names = [name.strip().lower() for text in texts for name in text.split(",") if name.strip()]
    for name in names if names or not texts else [""]:
        if name not in (*ALL, "all", "none"):
            fix = nearest(name, [*ALL, "all", "none"]) or f"one of: {', '.join(ALL)}, all, none"
            raise UsageError("a control", repr(name), fix, where="--controls")
    if "none" in names and set(names) != {"none"}:
        found = ", ".join(names)
        raise UsageError("`none` alone, or names of controls", found, "drop `none`, or the others", where="--controls")
    return tuple(kind for kind in ALL if kind in names or "all" in names)

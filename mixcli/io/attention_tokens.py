"""The tokens behind an attention tensor: in the same file, or a JSON list beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixcli.errors import InputError, UsageError
from mixcli.io.attention_layout import named

if TYPE_CHECKING:
    from mixcli.io.base import Reading

__all__ = ["labels_of", "labels_of_file"]

KEYS = ("tokens", "labels", "input_ids")
MAX_BYTES = 2**26


def labels_of_file(path: Path, tokens: int, sample: int | None) -> tuple[str, ...]:
    """The tokens that a JSON file lists, as text or ids; a list of lists holds a sample each.

    Raises:
        InputError: no such file, no list, or another number of tokens.
    """
    fix = "list one token of the text after the other, as text or as ids"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"a list of at most {MAX_BYTES} bytes", "more", fix, where=str(path))
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("a file of tokens", error.strerror or str(error), "check the path", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise InputError("a JSON list of tokens", f"{error!s:.120}", fix, where=str(path)) from None
    if isinstance(found, dict):
        found = named(found, *KEYS)
    labels = _labels(found, sample)
    if labels is None:
        raise InputError("a JSON list of tokens", type(found).__name__, fix, where=str(path))
    return _fitting(labels, tokens, str(path))


def labels_of(tree: Any, tokens: int, sample: int | None, reading: Reading) -> tuple[str, ...] | None:
    """The tokens that the attention's own file names, or None.

    Raises:
        InputError: another number of tokens.
    """
    found = named(tree, *KEYS)
    if hasattr(found, "take"):
        found = found.take().tolist()
    labels = _labels(found, sample)
    return None if labels is None else _fitting(labels, tokens, reading.where)


def _labels(found: Any, sample: int | None) -> tuple[str, ...] | None:
    if isinstance(found, list) and found and all(isinstance(part, list) for part in found):
        if sample is None and len(found) > 1:
            raise UsageError("one sample", f"tokens of {len(found)}", "choose one with --sample", where="--tokens")
        found = found[min(sample or 0, len(found) - 1)]
    if not isinstance(found, list) or not all(type(token) in (str, int) for token in found):
        return None
    return tuple(map(str, found))


def _fitting(labels: tuple[str, ...], tokens: int, where: str) -> tuple[str, ...]:
    if len(labels) != tokens:
        fix = "list every token that has a row (the last one that generate gives has none)"
        raise InputError(f"{tokens} tokens", str(len(labels)), fix, where=where)
    return labels

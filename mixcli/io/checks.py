"""What every binary reader and writer asks first: how much, how many, and whether numpy can hold it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import numpy as np

from mixcli.errors import InputError, LimitExceeded, UsageError
from mixcli.limits import available_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = ["JSON_GROWTH", "check_nodes", "one", "read_all", "room", "storable"]

T = TypeVar("T")

CHUNK = 2**24
JSON_GROWTH = 16
"""Bytes of Python objects that a byte of JSON may become (`[],[],[]` is the worst)."""

FREE_NODES = 10_000_000
"""Nodes that a file may claim to have without spending a byte on each of them."""


def room() -> int:
    """Bytes that one source may occupy: half of the free memory."""
    return available_memory() // 2


def read_all(stream: BinaryIO, reading: Reading, *, growth: int = 1) -> bytes:
    """All bytes of a stream.

    Args:
        stream: what to read.
        reading: for messages.
        growth: how many times their size the bytes may take once parsed.

    Raises:
        InputError: there are none.
        LimitExceeded: they would fill more than half of the free memory (an endless pipe, a gzip bomb).
    """
    limit, size, parts = room() // growth, 0, []
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise LimitExceeded(
                f"at most {limit} bytes, for the memory that is free", "more", "use a smaller file", where=reading.where
            )
        parts.append(chunk)
    if not size:
        raise reading.error("a graph", "an empty file", "check that the file was written")
    return b"".join(parts)


def check_nodes(n: int, size: int, reading: Reading) -> int:
    """A number of nodes that the file states, believed only as far as its length makes it plausible.

    Args:
        n: nodes claimed.
        size: bytes of the file.
        reading: for the message.
    """
    limit = max(FREE_NODES, size)
    if not 0 <= n <= limit:
        fix = "correct the number of nodes, or leave out isolated nodes"
        raise reading.error(f"between 0 and {limit} nodes in a file of {size} bytes", str(n), fix)
    return n


def one(graphs: Iterable[T], format: str) -> T:
    """The single graph or mask sequence that a one-graph format can write.

    Raises:
        UsageError: there are none or several.
    """
    several = iter(graphs)
    graph = next(several, None)
    if graph is None or next(several, None) is not None:
        found = "none" if graph is None else "several"
        raise UsageError(f"one graph for {format}", found, "write several graphs as jsonl or pt")
    return graph


def storable(values: NDArray[Any], what: str) -> NDArray[Any]:
    """A payload array as every writer wants it: native byte order, contiguous, numbers or text.

    Args:
        values: the array; an object array of str becomes a text array.
        what: name of the payload, for the message.

    Raises:
        InputError: dates, records, bytes or Python objects.

    Example:
        >>> storable(np.array([1, 2], dtype=">i4"), "x").dtype.str
        '<i4'
    """
    values = np.asarray(values)
    if values.dtype.kind == "O" and all(isinstance(v, str) for v in values.ravel()):
        values = values.astype(np.str_)
    extended = values.dtype.kind in "fc" and values.dtype.itemsize > {"f": 8, "c": 16}[values.dtype.kind]
    if values.dtype.kind not in "biufcU" or extended:
        raise InputError(f"numbers or text in payload {what!r}", f"dtype {values.dtype}", "drop it, or convert it")
    return np.array(values, dtype=values.dtype.newbyteorder("="), order="C", copy=None)

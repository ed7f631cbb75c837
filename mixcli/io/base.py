"""What a format is: how to recognise it, read it and write it."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

from mixcli.errors import InputError, UsageError
from mixcli.graph import Graph
from mixcli.limits import available_memory
from mixcli.provenance import Step
from mixcli.sequence import Attention, MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BARE_GRAPH", "WHOLE_GRAPH", "WHOLE_MASKS", "Convention", "Format", "Reading", "Thing", "text_of"]

Convention: TypeAlias = Literal["attend", "block"]
"""What True means in a boolean mask: attend, as `scaled_dot_product_attention` of torch takes it, or block, as its
`MultiheadAttention` does."""

Thing: TypeAlias = Graph | MaskSequence | Attention
"""What a file may hold."""

BARE_GRAPH = frozenset({"weight", "directed", "labels", "isolated", "provenance", "plan"})
"""Parts of a graph without payload."""

WHOLE_GRAPH = BARE_GRAPH | {"node", "edge", "graph"}
"""Parts of a graph."""

WHOLE_MASKS = frozenset({"weights", "roles", "labels", "read-out", "provenance"})
"""Parts of a mask sequence."""

MAX_TEXT = 2**31
"""Bytes of text read from one file; beyond that a binary format is the better idea."""

TEXT_GROWTH = 16
"""Bytes of memory that a byte of text may cost while it becomes a graph."""


@dataclass(frozen=True)
class Reading:
    """What the user said about the bytes being read, and what is known about where they come from.

    Args:
        name: name of the source, for messages and for `Graph.name`.
        directed: True or False where the user decided; None to follow the format's own statement or convention.
        weighted: False to leave weights unread.
        folder: what the user wrote before the name, for messages: "data/" of "data/karate.csv".
        digest: gives the SHA-256 of all bytes read so far.
        convention: what True means in a boolean mask, where the user said so.
        named: whether the user named the format.
    """

    name: str = ""
    directed: bool | None = None
    weighted: bool = True
    digest: Callable[[], str | None] = field(default=lambda: None)
    folder: str = ""
    convention: Convention | None = None
    named: bool = False

    @property
    def where(self) -> str:
        """The source as the user named it."""
        return f"{self.folder}{self.name}"

    def step(self, format: str, **notes: Any) -> Step:
        """The provenance step of this read; `from_arcs` completes its notes with counts."""
        return Step("read", format, sha256=self.digest(), notes=notes)

    def error(self, expected: str, found: str = "", fix: str = "", *, line: int | None = None) -> InputError:
        """An InputError that names the source, and the line where there is one; it always says what to do."""
        if line is None:
            return InputError(expected, found, fix or "correct the file", where=self.where)
        return InputError(expected, found, fix or "correct this line", where=f"{self.where}:{line}")


@dataclass(frozen=True)
class Format:
    """One file format.

    Args:
        name: catalog name.
        title: what people call it.
        suffixes: file name endings, lower case, with the dot; `.gz` is handled before.
        sniff: whether the first 64 KiB of a file look like this format.
        read: bytes -> graphs, lazily where the format holds many. The whole file is read before the first graph of a
            format that holds one.
        write: graphs -> bytes.
        text: whether the bytes are text that may go to a terminal.
        many: whether one file holds several graphs.
        holds: which parts of a graph, those of `WHOLE_GRAPH`, survive writing.
        masks: which parts of a mask sequence, those of `WHOLE_MASKS`, do; None for a format that holds no masks.
        fits: whether one payload array of a part it holds can be written: fits(graph, "node" | "edge" | "graph", key).
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], bool]
    read: Callable[[BinaryIO, Reading], Iterator[Thing]]
    write: Callable[[Iterable[Any], BinaryIO], None]
    text: bool = True
    many: bool = False
    holds: frozenset[str] = frozenset()
    masks: frozenset[str] | None = None
    fits: Callable[[Graph, str, str], bool] = lambda graph, part, key: True

    def payload(self, graph: Graph, part: str) -> dict[str, NDArray[Any]]:
        """The arrays of `graph.node`, `graph.edge` or `graph.graph` that the format can hold."""
        table = getattr(graph, part) if part in self.holds else {}
        return {key: values for key, values in table.items() if self.fits(graph, part, key)}

    def leaves_out(self, thing: Thing) -> list[str]:
        """What of a graph or a mask sequence the format cannot hold, in words for the user.

        Raises:
            UsageError: it can hold nothing of the kind.
        """
        if isinstance(thing, Graph):
            return self._leaves_out(thing)
        if self.masks is None or not isinstance(thing, MaskSequence):
            fix = "write jsonl, npz, pt or npy" if isinstance(thing, MaskSequence) else "write safetensors"
            raise UsageError(f"a graph for {self.name}", repr(thing), fix)
        parts = {
            "weights": any(mask.weigh is not None for mask in thing.layers),
            "roles": bool(thing.roles.any()),
            "labels": thing.labels is not None,
            "read-out": thing.read_out != thing.tokens - 1,
        }
        return [part for part, there in parts.items() if there and part not in self.masks]

    def _leaves_out(self, graph: Graph) -> list[str]:
        parts = {
            "weight": graph.weight is not None and "weights",
            "directed": graph.directed and "directions",
            "labels": graph.labels is not None and "node names",
            "isolated": bool(graph.n) and bool((graph.degree == 0).any()) and "isolated nodes",
            "plan": bool(graph.plan) and "layer plan",
        }
        lost = [str(words) for part, words in parts.items() if words and part not in self.holds]
        for part in ("node", "edge", "graph"):
            kept = self.payload(graph, part)
            keys = [key for key in getattr(graph, part) if key not in kept]
            lost += [f"{part} payload ({', '.join(keys)})"] * bool(keys)
        return lost


def text_of(stream: BinaryIO, reading: Reading) -> str:
    """All of a text file: UTF-8, UTF-16 with a byte order mark, else Latin-1.

    Raises:
        InputError: empty, binary, or too long.
    """
    limit, size, parts = min(MAX_TEXT, available_memory() // TEXT_GROWTH), 0, []
    while part := stream.read(2**22):  # one read of the whole limit would reserve as much
        size += len(part)
        if size > limit:
            raise reading.error(f"at most {limit} bytes of text", "more", "convert it to .npz")
        parts.append(part)
    data = b"".join(parts)
    if not data.strip():
        raise reading.error("a graph", "an empty file", "check that the file was written")
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data[:65536]:
        fix = "leave --from out, or name the format that it is in" if reading.named else "name the format with --from"
        raise reading.error("text", "binary data", fix)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")

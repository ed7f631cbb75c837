"""Graphs and mask sequences in and out of files and pipes: format by suffix or content, gzip, digests, whole files."""

from __future__ import annotations

import codecs
import dataclasses
import gzip
import io
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from mixcli.catalog import FORMATS
from mixcli.errors import InputError, UsageError
from mixcli.graph import Graph
from mixcli.io.atomic import replacing
from mixcli.io.base import Convention, Format, Reading, Thing
from mixcli.io.source import HEAD, Source, opened
from mixcli.sequence import Attention

__all__ = ["format_of", "read", "sniff", "target_format", "write"]

_WEAK = ("edgelist", "csv", "tsv")
"""Formats whose content proves nothing: almost any table of words looks like them."""


def read(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    format: str | None = None,
    directed: bool | None = None,
    weighted: bool = True,
    name: str | None = None,
    convention: Convention | None = None,
) -> Iterator[Thing]:
    """The graphs and mask sequences of a file or a stream, one at a time; nothing is opened before the first is due.

    Args:
        source: a path, or a binary stream, which need not be seekable. gzip is undone.
        format: catalog name; None goes by the suffix, and by the content where there is none or it contradicts.
        directed: keep (True) or forget (False) directions; None follows the file.
        weighted: False leaves weights unread.
        name: what to call the source; default the file name, or "stdin".
        convention: what True means in a boolean mask; None finds out where only one reading makes sense.

    Raises:
        InputError: it cannot be read, with the place at fault.
    """
    is_path = isinstance(source, (str, os.PathLike))
    given = os.fspath(source) if isinstance(source, (str, os.PathLike)) else ""
    if is_path and not given:
        raise InputError("the name of a file", "an empty one", "name a file, or - for standard input")
    file_name = Path(given).name
    label = name or (file_name if is_path else "stdin")
    folder = given.removesuffix(file_name) if file_name and name in (None, "", file_name) else ""
    where = folder + label
    with opened(source, where) as (data, digest):
        if not data.peek(1):
            raise InputError("a graph", "an empty file", "check that the file was written", where=where)
        chosen = FORMATS.get(format) if format is not None else _choose(data, file_name, where)
        note = {} if format is not None or format_of_suffix(file_name) in (None, chosen) else {"suffix": file_name}
        reading = Reading(label, directed, weighted, digest, folder, convention, named=format is not None)
        for graph in chosen.read(io.BufferedReader(data, HEAD), reading):
            if convention is not None and isinstance(graph, Graph):
                fix = "name it mask:file:PATH, or leave --mask-convention out"
                raise UsageError("a mask", "a graph", fix, where=where)
            yield _noted(graph, note)


def write(
    graphs: Iterable[Thing],
    target: str | os.PathLike[str] | BinaryIO,
    *,
    format: str | None = None,
    force: bool = False,
) -> list[str]:
    """Write graphs to a file, which appears when it is complete, or to a stream.

    Args:
        graphs: graphs and mask sequences, taken one at a time, or a single attention.
        target: a path (`.gz` compresses) or a binary stream.
        format: catalog name; default by the suffix.
        force: replace an existing file.

    Returns:
        What the format could not hold, in words.

    Raises:
        UsageError: no format is known, it holds one graph and several come, or the file exists.
    """
    things = iter(graphs)
    first = list(itertools.islice(things, 1))
    if first and isinstance(first[0], Attention):
        from mixcli.io import attention_write

        if next(things, None) is not None:
            raise UsageError("one attention a file", "several", "convert them one by one; --query and --sample choose")
        return attention_write.write(first[0], target, format=format, force=force)
    graphs = itertools.chain(first, things)
    chosen = target_format(target, format)
    lost: dict[str, None] = {}
    watched = _watched(_no_more_than_fit(graphs, chosen), chosen, lost)
    if not isinstance(target, (str, os.PathLike)):
        chosen.write(watched, target)
        target.flush()
        return list(lost)
    path = Path(target)
    if path.is_dir():
        raise UsageError("a file to write", "a folder", "add a file name", where=str(path))
    try:
        if path.exists() and not path.is_file():  # a device or a named pipe
            with path.open("wb") as out:
                chosen.write(watched, out)
        else:
            with replacing(path, force) as out:
                _write_file(chosen, watched, out, compress=path.suffix.lower() == ".gz")
    except OSError as error:
        raise UsageError("a place to write to", error.strerror or str(error), where=str(path)) from error
    return list(lost)


def format_of(path_or_name: str | os.PathLike[str]) -> Format | None:
    """The format of a file name by its suffix (`.gz` aside), or of a catalog name; None where there is none.

    Example:
        >>> format_of("roads.mtx.gz").name, format_of("tsv").name, format_of("notes.odt")
        ('matrix-market', 'tsv', None)
    """
    text = os.fspath(path_or_name)
    found = format_of_suffix(text)
    if found is None and text in FORMATS:
        found = FORMATS.get(text)
    return found


def format_of_suffix(file_name: str) -> Format | None:
    """The format that a suffix stands for."""
    name = file_name.lower().removesuffix(".gz")
    return next((f for f in _formats() if any(name.endswith(suffix) for suffix in f.suffixes)), None)


def sniff(head: bytes) -> Format | None:
    """The first format of the catalog that recognises the start of a file.

    Example:
        >>> sniff(b"%%MatrixMarket matrix coordinate pattern general").name
        'matrix-market'
    """
    return next((f for f in _formats() if f.sniff(head.removeprefix(codecs.BOM_UTF8))), None)


def _formats() -> Iterator[Format]:
    for name in FORMATS:
        yield FORMATS.get(name)


def _choose(data: Source, file_name: str, where: str) -> Format:
    """The format of a source that nobody has named."""
    by_suffix = format_of_suffix(file_name)
    head = data.peek(HEAD, _is_stream_of_graphs)
    if by_suffix is not None and by_suffix.name not in _WEAK and by_suffix.sniff(head.removeprefix(codecs.BOM_UTF8)):
        return by_suffix
    found = sniff(head)
    if by_suffix is not None:
        return by_suffix if found is None or found.name in _WEAK else found
    if found is None:
        fix = f"name the format with --from: {', '.join(FORMATS)}"
        what = "an empty file" if not head.strip() else "content of none"
        raise InputError("a graph in a known format", what, fix, where=where)
    return found


def _is_stream_of_graphs(head: bytes) -> bool:
    """Whether graphs can be handed out already, though the writer of a pipe is still at work."""
    return b"\n" in head.strip(b"\n") and any(f.many and f.text and f.sniff(head) for f in _formats())


def _noted(graph: Thing, note: dict[str, str]) -> Thing:
    """The same with a remark in its last step."""
    if not note or not graph.provenance:
        return graph
    *earlier, last = graph.provenance
    return graph.replace(provenance=(*earlier, dataclasses.replace(last, notes={**last.notes, **note})))


def target_format(target: str | os.PathLike[str] | BinaryIO, format: str | None) -> Format:
    """The format to write in.

    Args:
        target: a path, whose suffix says, or a stream.
        format: catalog name, which goes before the suffix.

    Raises:
        UsageError: neither says.
    """
    if format is not None:
        chosen: Format = FORMATS.get(format)
        return chosen
    names = f"name one with --to: {', '.join(FORMATS)}"
    if not isinstance(target, (str, os.PathLike)):
        raise UsageError("a format", "none", names)
    found = format_of_suffix(os.fspath(target))
    if found is None:
        raise UsageError("a suffix that stands for a format", repr(Path(target).suffix), names, where=str(target))
    return found


def _no_more_than_fit(graphs: Iterable[Thing], chosen: Format) -> Iterator[Thing]:
    """The graphs, once it is sure that the format holds as many as come."""
    several = iter(graphs)
    first = list(itertools.islice(several, 1 if chosen.many else 2))
    if not first:
        raise UsageError("a graph to write", "none")
    if len(first) > 1:
        able = ", ".join(f.name for f in _formats() if f.many)
        raise UsageError(f"one graph ({chosen.name} holds one)", "several", f"write a format that holds many: {able}")
    return itertools.chain(first, several)


def _watched(graphs: Iterator[Thing], chosen: Format, lost: dict[str, None]) -> Iterator[Thing]:
    for graph in graphs:
        lost |= dict.fromkeys(chosen.leaves_out(graph))
        yield graph


def _write_file(chosen: Format, graphs: Iterator[Thing], out: BinaryIO, *, compress: bool) -> None:
    if not compress:
        chosen.write(graphs, out)
        return
    # No name and no time in the header: the same graph gives the same bytes.
    packed = gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0)
    with packed, io.BufferedWriter(_Forward(packed)) as plain:
        chosen.write(graphs, plain)


class _Forward(io.RawIOBase):
    """A gzip file that admits to being written from start to end only, which its own class does not."""

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._packed.write(data)

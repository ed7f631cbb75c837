"""NumPy `.npz`: mixcli's own archive, scipy's sparse matrices, and the archives that graph papers publish.

Members are decoded one by one with `mixcli.io.npy.decode`, so that no header and no compressed size is believed, and
nothing is unpickled. The layouts that are understood are in `mixcli.io.npz_layouts`.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

import numpy as np

from mixcli import provenance
from mixcli.errors import InputError, LimitExceeded
from mixcli.graph import Graph
from mixcli.io import masks_archive, npz_layouts
from mixcli.io.base import WHOLE_GRAPH, WHOLE_MASKS, Format, Reading, Thing
from mixcli.io.checks import one, read_all, room, storable
from mixcli.io.npy import decode, encode
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMAT", "Archive", "read", "write"]

MAX_MEMBERS = 10_000


class Archive(Mapping[str, Any]):
    """The arrays of an npz file, decoded when asked for.

    Args:
        data: the whole file.
        reading: for messages.

    Raises:
        InputError: not a zip file, encrypted, or too many members.
        LimitExceeded: unpacked, it would not fit into half of the free memory.
    """

    def __init__(self, data: bytes, reading: Reading) -> None:
        self.size, self._reading = len(data), reading
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise reading.error("an npz archive", str(error), "save it again with numpy.savez") from error
        members = [i for i in self._zip.infolist() if i.filename.endswith(".npy")]
        if not 0 < len(members) <= MAX_MEMBERS:
            raise reading.error(f"1 to {MAX_MEMBERS} arrays in an npz archive", str(len(members)), "save fewer arrays")
        total, limit = sum(i.file_size for i in members), room()
        if total > limit:
            raise LimitExceeded(
                f"arrays of at most {limit} bytes", f"{total} once unpacked", "use a smaller file", where=reading.where
            )
        self._members = {i.filename.removesuffix(".npy"): i for i in members}

    def __getitem__(self, key: str) -> NDArray[Any]:
        info = self._members[key]
        try:
            data = self._zip.read(info)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
            raise self._reading.error(f"array {key!r}", str(error), "the archive is damaged or encrypted") from error
        return decode(data, dataclasses.replace(self._reading, name=f"{self._reading.name}:{key}"), kinds="biufcSU")

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, key: object) -> bool:
        return key in self._members


def read(stream: BinaryIO, reading: Reading) -> Iterator[Thing]:
    """The graph of an archive in any layout that is understood, or the mask sequence that mixcli wrote."""
    archive = Archive(read_all(stream, reading), reading)
    masks = masks_archive.head_in(archive["mixcli"]) if "mixcli" in archive else None
    if masks is not None:
        yield masks_archive.sequence_in(masks, archive, reading, reading.step("npz"))
        return
    yield npz_layouts.graph_of(archive, archive.size, reading)


def write(graphs: Iterable[Graph | MaskSequence], stream: BinaryIO) -> None:
    """Everything of one graph or mask sequence, compressed; equal ones give equal bytes.

    Members: `mixcli` (JSON: schema, n, directed, name, plan, provenance), `edges` (m, 2), `weight`, `labels`,
    `node/…`, `edge/…`, `graph/…`. Those of masks are as `mixcli.io.masks_archive` says.
    """
    thing = one(graphs, "npz")
    arrays = masks_archive.arrays_of(thing) if isinstance(thing, MaskSequence) else _arrays(thing)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name, values in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy")  # a fixed date, so that equal graphs give equal bytes
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, encode(values))


def _arrays(graph: Graph) -> dict[str, NDArray[Any]]:
    head = {
        "schema": npz_layouts.SCHEMA, "n": graph.n, "directed": graph.directed, "name": graph.name,
        "plan": graph.plan.to_json(), "provenance": json.loads(provenance.dumps(graph.provenance)),
    }  # fmt: skip
    arrays: dict[str, NDArray[Any]] = {"mixcli": np.array(json.dumps(head, sort_keys=True)), "edges": graph.edges}
    if graph.weight is not None:
        arrays["weight"] = graph.weight
    if graph.labels is not None:
        arrays["labels"] = _labels(graph.labels)
    for part in npz_layouts.PARTS:
        for key, values in getattr(graph, part).items():
            arrays[f"{part}/{quote(key, safe='')}"] = storable(values, key)
    return arrays


def _labels(labels: tuple[str, ...]) -> NDArray[np.str_]:
    if any(name.endswith("\0") for name in labels):
        raise InputError("node names that do not end in NUL", "one that does", "write jsonl instead")
    return np.array(labels, dtype=np.str_)


def _sniff(head: bytes) -> bool:
    length = int.from_bytes(head[26:28], "little")
    return head.startswith(b"PK\x03\x04") and head[30 : 30 + length].endswith(b".npy")


FORMAT = Format(
    name="npz",
    title="NumPy archive (mixcli, scipy.sparse, published data sets)",
    suffixes=(".npz",),
    sniff=_sniff,
    read=read,
    write=write,
    text=False,
    holds=WHOLE_GRAPH,
    masks=WHOLE_MASKS,
)

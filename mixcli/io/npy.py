"""NumPy `.npy`: one array, taken for an adjacency matrix, rows of node pairs, or PyG's edge_index.

With three axes or more it is a mask for each layer, see `mixcli.io.masks_arrays`.

The header is checked against the number of bytes that follow before anything is allocated, and only booleans,
integers and floats are read: an array of objects would have to be unpickled.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from mixcli.errors import LimitExceeded
from mixcli.graph import Graph
from mixcli.io import masks_archive
from mixcli.io.arrays import from_array
from mixcli.io.base import Format, Reading, Thing
from mixcli.io.checks import one, read_all
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMAT", "decode", "encode", "read", "write"]

MAGIC = b"\x93NUMPY"
DENSE_LIMIT = 20_000
"""Largest n for which the writer makes an (n, n) matrix."""


def decode(data: bytes, reading: Reading, *, kinds: str = "biuf") -> NDArray[Any]:
    """The array in the bytes of an `.npy` file.

    Args:
        data: the whole file.
        reading: for messages.
        kinds: numpy kind codes that are accepted.

    Raises:
        InputError: not an npy file, a refused dtype, or a length that does not fit the header.
    """
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version, _header_3)
        shape, fortran, dtype = header(stream)
    except Exception as error:  # numpy reads the header with Python's own parser, which can raise many things
        reason = f"a damaged header ({error!s:.120})"
        raise reading.error("an npy array", reason, "save it again with numpy.save") from error
    if dtype.hasobject or dtype.kind not in kinds or dtype.subdtype is not None:
        fix = "save numbers, without allow_pickle"
        raise reading.error("an array of numbers", f"dtype {dtype}", fix)
    size = math.prod(shape)
    if any(axis < 0 for axis in shape) or size * dtype.itemsize != len(data) - stream.tell():
        found = f"{len(data) - stream.tell()} bytes for shape {shape} of {dtype}"
        raise reading.error("as many bytes as the header says", found, "the file is cut off or damaged")
    flat = np.frombuffer(data, dtype, size, stream.tell()) if size * dtype.itemsize else np.zeros(size, dtype)
    array = flat.reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), order="C")


def encode(values: NDArray[Any]) -> bytes:
    """The bytes of an `.npy` file holding one array (version 1.0 wherever it fits)."""
    out = io.BytesIO()
    npy.write_array(out, values, allow_pickle=False)
    return out.getvalue()


def read(stream: BinaryIO, reading: Reading) -> Iterator[Thing]:
    """The graph of a bare array, see `mixcli.io.arrays.from_array` for how it is taken; masks of a deeper one."""
    array = decode(read_all(stream, reading), reading)
    if array.ndim > 2:
        yield from masks_archive.from_array(array, reading, "npy")
        return
    yield from_array(array, reading, reading.step("npy", **masks_archive.hint(array)))


def write(graphs: Iterable[Graph | MaskSequence], stream: BinaryIO) -> None:
    """The dense adjacency matrix: bool for an unweighted graph, float64 conductances otherwise; 0 and 1 of masks.

    A directed graph with every arc in both directions reads back as undirected unless `directed` is given.

    Raises:
        LimitExceeded: more than 20 000 nodes.
    """
    thing = one(graphs, "npy")
    stream.write(encode(masks_archive.stacked(thing) if isinstance(thing, MaskSequence) else _matrix(thing)))


def _matrix(graph: Graph) -> NDArray[Any]:
    if graph.n > DENSE_LIMIT:
        raise LimitExceeded(
            f"at most {DENSE_LIMIT} nodes for a dense matrix", str(graph.n), "write npz instead", where=graph.name
        )
    matrix = np.zeros((graph.n, graph.n), np.bool_ if graph.weight is None else np.float64)
    u, v = graph.edges.T
    values = 1 if graph.weight is None else graph.weight
    matrix[u, v] = values
    if not graph.directed:
        matrix[v, u] = values
    return matrix


def _header_3(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Header of version 3.0 (UTF-8 field names): only structured arrays need it, and those are refused anyway."""
    raise ValueError("version 3.0 or newer")


FORMAT = Format(
    name="npy",
    title="NumPy array (adjacency matrix or node pairs; masks of all layers)",
    suffixes=(".npy",),
    sniff=lambda head: head.startswith(MAGIC),
    read=read,
    write=write,
    text=False,
    holds=frozenset({"weight", "directed", "isolated"}),
    masks=frozenset(),
)

"""Input features from node payload, and what stands in for them where there are none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import InputError
from mixcli.graph import Graph

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["digest", "features", "normalised", "ones", "thinned"]

SPARSE_BELOW = 0.1
SPARSE_FROM = 100_000


def features(graphs: Sequence[Graph]) -> NDArray[np.float32] | None:
    """(all nodes, d) node payload `x` of all graphs, or None where none has one.

    Raises:
        InputError: some graphs have features and others not, or of another width, or they are not finite numbers.
    """
    having = [g for g in graphs if "x" in g.node]
    if not having:
        return None
    if len(having) < len(graphs):
        without = next(g for g in graphs if "x" not in g.node)
        raise InputError("features x for every graph or for none", "a graph without", where=without.name)
    pieces = [_matrix(g) for g in graphs]
    widths = {p.shape[1] for p in pieces}
    if len(widths) > 1:
        raise InputError("features of one width", f"widths {sorted(widths)}", where=graphs[0].name)
    return np.concatenate(pieces) if widths != {0} else None


def _matrix(graph: Graph) -> NDArray[np.float32]:
    x = np.asarray(graph.node["x"])
    if x.dtype.kind not in "iubf":
        raise InputError("numbers as features x", f"type {x.dtype}", "encode them as numbers", where=graph.name)
    x = x.astype(np.float32).reshape(graph.n, int(np.prod(x.shape[1:])) if x.ndim > 1 else 1)
    if not np.isfinite(x).all():
        raise InputError("finite features x", "NaN or infinity", "fill the gaps", where=graph.name)
    return x


def ones(n: int) -> NDArray[np.float32]:
    """The constant feature of graphs without any: nothing but topology is left to learn from."""
    return np.ones((n, 1), dtype=np.float32)


def normalised(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows divided by their sum where all features are >= 0, as Kipf & Welling do; otherwise unchanged."""
    if (x < 0).any():
        return x
    total = x.sum(axis=1, keepdims=True)
    return x / np.where(total > 0, total, 1)


def thinned(x: NDArray[np.float32]) -> NDArray[np.float32] | csr_array:
    """A sparse matrix where that pays: less than a tenth of many entries is non-zero."""
    if x.size < SPARSE_FROM or np.count_nonzero(x) >= SPARSE_BELOW * x.size:
        return x
    from scipy.sparse import csr_array

    return csr_array(x)


def digest(*parts: Any) -> str:
    """SHA-256 over arrays (shape, type and bytes; sparse ones by their three arrays) and texts."""
    total = hashlib.sha256()
    for part in parts:
        if part is None or isinstance(part, (str, int)):
            total.update(f"{part};".encode())
            continue
        arrays = (part,) if isinstance(part, np.ndarray) else (part.data, part.indices, part.indptr)
        for array in arrays:
            total.update(f"{array.shape}{array.dtype};".encode() + np.ascontiguousarray(array).tobytes())
    return total.hexdigest()

"""Random graphs with everything a file may have to carry, and what it means for two of them to be the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from mixcli.graph import REVERSE, Graph, LayerPlan
from mixcli.provenance import Step

DTYPES = ("bool", "int8", "int32", "int64", "uint8", "float16", "float32", "float64", "complex64")
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
KEYS = st.one_of(
    st.sampled_from(
        ["x", "y", "pos", "train_mask", "edge_attr", "edge_type", "batch", "weight", "id", "source", "key"]
    ),
    st.sampled_from(["num_nodes", "edge_weight", "update", "a b", "ü/..", "mixcli", "name", "node_labels", "_x", "T"]),
)


@st.composite
def arrays(draw: st.DrawFn, first: int | None) -> np.ndarray:
    """An array of numbers or text; `first` is the length of its first axis, None for any shape at all."""
    rest = draw(st.sampled_from([(), (), (1,), (3,), (0,), (2, 2)]))
    shape = rest if first is None else (first, *rest)
    size = int(np.prod(shape))
    if draw(st.integers(0, 5)) == 0:
        return np.array(draw(st.lists(TEXT, min_size=size, max_size=size)), dtype=np.str_).reshape(shape)
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    if dtype == np.bool_:
        return np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=bool).reshape(shape)
    raw = draw(st.binary(min_size=size * dtype.itemsize, max_size=size * dtype.itemsize))
    return np.frombuffer(raw, dtype).reshape(shape).copy()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A small graph with weights, labels, payload, provenance and plan, each of them sometimes."""
    n = draw(st.integers(0, 6))
    directed = draw(st.booleans())
    pairs = [(u, v) for u in range(n) for v in range(n) if u != v and (directed or u < v)]
    chosen = sorted(draw(st.sets(st.sampled_from(pairs)))) if pairs else []
    edges = np.array(chosen, dtype=np.int64).reshape(-1, 2)
    m = len(edges)
    weights = st.floats(1e-300, 1e300)
    weight = None
    if draw(st.booleans()):
        weight = np.array(draw(st.lists(weights, min_size=m, max_size=m)), dtype=np.float64)
        weight = None if (weight == 1).all() else weight
    tables: dict[str, dict[str, Any]] = {}
    for part, first in (("node", n), ("edge", m), ("graph", None)):
        keys = draw(st.sets(KEYS, max_size=3))
        tables[part] = {key: draw(arrays(first)) for key in sorted(keys)}
    if m and not directed and draw(st.booleans()):  # payload that differs between the two directions of an edge
        tables["edge"] |= {"w": np.arange(m), "w" + REVERSE: np.arange(m) + m}
    return Graph(
        n, edges, directed, weight, tables["node"], tables["edge"], tables["graph"],
        labels=tuple(draw(st.lists(TEXT, min_size=n, max_size=n))) if n and draw(st.booleans()) else None,
        name=draw(TEXT),
        provenance=(Step("rewire", "sdrf:tau=20", 3, None, {"added": 2}, "0.1"),) if draw(st.booleans()) else (),
        plan=LayerPlan(draw(st.sampled_from([None, "paper"]))),
    )  # fmt: skip


def same_array(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal dtype, shape and bits; text by value, since its dtype is as wide as its longest entry."""
    if a.dtype.kind == "U" or b.dtype.kind == "U":
        return a.dtype.kind == b.dtype.kind and a.shape == b.shape and a.tolist() == b.tolist()
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def assert_same(read: Graph, written: Graph, *, name: bool = True) -> None:
    """Everything a file carries is the same; provenance has one more step, the reading."""
    assert (read.n, read.directed) == (written.n, written.directed)
    assert np.array_equal(read.edges, written.edges)
    assert (read.weight is None) == (written.weight is None)
    assert read.weight is None or read.weight.tobytes() == written.weight.tobytes()
    for part in ("node", "edge", "graph"):
        a, b = getattr(read, part), getattr(written, part)
        assert set(a) == set(b), part
        for key in a:
            assert same_array(a[key], b[key]), (part, key, a[key], b[key])
    assert read.labels == written.labels
    assert read.plan == written.plan
    assert read.provenance[:-1] == written.provenance
    assert not name or not written.name or read.name == written.name

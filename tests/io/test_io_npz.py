"""`.npz`: scipy's matrices, archives that papers publish, and mixcli's own."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from mixcli.errors import InputError, UsageError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.npz import FORMAT

DATA = os.environ.get("MIXCLI_TEST_DATA")
PATH = np.array([[0, 1, 0], [1, 0, 2], [0, 2, 0]])


def saved(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def one(data: bytes, **options: Any) -> Graph:
    (graph,) = FORMAT.read(io.BytesIO(data), Reading("file", **options))
    return graph


@pytest.mark.parametrize("form", ["coo", "csr", "csc"])
@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csr_array])
def test_scipy_matrices(form: str, make: Any) -> None:
    out = io.BytesIO()
    sp.save_npz(out, make(PATH).asformat(form))
    graph = one(out.getvalue())
    assert (graph.n, graph.edges.tolist(), graph.directed) == (3, [[0, 1], [1, 2]], False)
    assert graph.weight is not None
    assert graph.weight.tolist() == [1.0, 2.0]


def test_scipy_direction_is_row_to_column() -> None:
    for form in ("coo", "csr", "csc"):
        out = io.BytesIO()
        sp.save_npz(out, sp.coo_matrix(([2.0], ([0], [2])), shape=(4, 4)).asformat(form))
        graph = one(out.getvalue())
        assert (graph.n, graph.edges.tolist(), graph.directed) == (4, [[0, 2]], True)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [(sp.eye(3).todia(), "'dia'"), (sp.coo_matrix((2, 3)), r"shape \[2, 3\]")],
    ids=["dia", "wide"],
)
def test_scipy_refused(matrix: Any, message: str) -> None:
    out = io.BytesIO()
    sp.save_npz(out, matrix)
    with pytest.raises(InputError, match=message):
        one(out.getvalue())


@pytest.mark.parametrize(
    ("arrays", "directed", "n"),
    [
        ({"edges": np.array([[0, 1], [1, 2]])}, False, 3),
        ({"edges": np.array([[0, 1], [1, 0], [2, 1], [1, 2]])}, False, 3),
        ({"edge_index": np.array([[0, 1, 1, 2], [1, 0, 2, 1]])}, False, 3),
        ({"edge_index": np.array([[0, 1], [1, 2]]), "num_nodes": 5}, True, 5),
        ({"adj": (PATH > 0)}, False, 3),
        ({"adjacency": np.triu(PATH > 0)}, True, 3),
        ({"adj_data": [1, 1], "adj_indices": [1, 2], "adj_indptr": [0, 1, 2, 2], "adj_shape": [3, 3]}, True, 3),
    ],
)
def test_published_layouts(arrays: dict[str, Any], directed: bool, n: int) -> None:
    graph = one(saved(**arrays))
    assert (graph.n, graph.edges.tolist(), graph.directed) == (n, [[0, 1], [1, 2]], directed)


def test_payload_of_published_archives_takes_the_names_of_pyg() -> None:
    masks = np.array([[True, False, False], [False, True, False]])
    graph = one(
        saved(
            edges=np.array([[2, 1], [0, 1]]), node_features=np.eye(3, dtype=np.float32), node_labels=np.arange(3),
            train_masks=masks, kind=np.array([b"a", b"b"]), meta=np.array(["x"]), objects=np.array([{}], dtype=object),
        )
    )  # fmt: skip
    assert set(graph.node) == {"x", "y", "train_mask"}
    assert graph.node["train_mask"].shape == (3, 2)
    assert graph.edge["kind"].tolist() == ["b", "a"]
    assert graph.graph["meta"].tolist() == ["x"]
    assert graph.notes["renamed"]["node_features"] == "x"
    assert graph.notes["left_out"] == ["objects"]


def test_own_archive_opens_in_plain_numpy() -> None:
    graph = Graph(
        3,
        np.array([[0, 1], [1, 2]]),
        node={"x": np.eye(3, dtype=np.float32), "a/b": np.arange(3)},
        labels=("a", "b", "c"),
    )
    out = io.BytesIO()
    FORMAT.write([graph], out)
    out.seek(0)
    with np.load(out) as arrays:
        assert set(arrays) == {"mixcli", "edges", "labels", "node/x", "node/a%2Fb"}
        assert arrays["node/x"].dtype == np.float32
        assert arrays["labels"].tolist() == ["a", "b", "c"]


def test_what_an_archive_cannot_hold() -> None:
    empty = np.zeros((0, 2), np.int64)
    with pytest.raises(UsageError, match="one graph"):
        FORMAT.write([Graph(1, empty), Graph(1, empty)], io.BytesIO())
    with pytest.raises(InputError, match="NUL"):
        FORMAT.write([Graph(1, empty, labels=("a\0",))], io.BytesIO())
    with pytest.raises(InputError, match="payload 'when'"):
        FORMAT.write([Graph(1, empty, node={"when": np.array(["2020"], "datetime64[D]")})], io.BytesIO())


@pytest.mark.skipif(DATA is None, reason="MIXCLI_TEST_DATA does not name the folder of real graphs")
@pytest.mark.parametrize(
    ("name", "n", "m", "features"), [("chameleon", 890, 8854, 2325), ("squirrel", 2223, 46998, 2089)]
)
def test_filtered_wikipedia_graphs(name: str, n: int, m: int, features: int) -> None:
    with (Path(DATA or "") / "heterophilous_filtered" / f"{name}_filtered.npz").open("rb") as stream:
        (graph,) = FORMAT.read(stream, Reading(name))
    assert (graph.n, graph.m, graph.directed) == (n, m, False)
    assert graph.node["x"].shape == (n, features)
    assert graph.node["y"].max() == 4
    assert graph.node["train_mask"].shape == (n, 10)
    assert graph.node["train_mask"].dtype == bool

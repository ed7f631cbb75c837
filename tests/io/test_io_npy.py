"""`.npy`: one array and what it is taken for."""

import io
from typing import Any

import numpy as np
import pytest

from mixcli.errors import InputError, LimitExceeded
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.npy import FORMAT


def saved(array: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def one(data: bytes, **options: Any) -> Graph:
    (graph,) = FORMAT.read(io.BytesIO(data), Reading("a.npy", **options))
    return graph


@pytest.mark.parametrize(
    ("array", "n", "edges", "directed"),
    [
        (np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]), 3, [[0, 1], [1, 2]], False),
        (np.array([[False, True], [False, False]]), 2, [[0, 1]], True),
        (np.array([[0.0, 1, 1], [0, 0, 0], [0, 0, 0]]), 3, [[0, 1], [0, 2]], True),
        (np.array([[2, 0], [1, 2], [0, 1]]), 3, [[0, 1], [0, 2], [1, 2]], False),
        (np.array([[0, 1, 1, 2], [1, 0, 2, 1]]), 3, [[0, 1], [1, 2]], False),
        (np.array([[0, 1, 2], [1, 2, 3]], dtype=np.uint8), 4, [[0, 1], [1, 2], [2, 3]], True),
        (np.array([[0, 1], [1, 0]]), 2, [[0, 1]], False),
        (np.array([[0, 0], [0, 0]]), 2, [], False),
        (np.array([[0, 1], [1, 2]]), 3, [[0, 1], [1, 2]], False),
        (np.array([[0, 3], [3, 0]]), 4, [[0, 3]], False),
        (np.array([[0, 3.5], [3.5, 0]]), 2, [[0, 1]], False),
        (np.zeros((0, 2), np.int64), 0, [], False),
        (np.zeros((0, 0)), 0, [], False),
        (np.zeros((1, 1)), 1, [], False),
    ],
    ids=str,
)
def test_shapes(array: np.ndarray, n: int, edges: list[list[int]], directed: bool) -> None:
    graph = one(saved(array))
    assert (graph.n, graph.edges.tolist(), graph.directed) == (n, edges, directed)


def test_entries_are_conductances_and_diagonal_entries_are_counted() -> None:
    graph = one(saved(np.array([[5, 0.5], [0.5, 0]])))
    assert graph.weight is not None
    assert graph.weight.tolist() == [0.5]
    assert graph.notes["self_loops"] == 1


def test_fortran_order_and_byte_order() -> None:
    array = np.asfortranarray(np.array([[0, 1, 1], [0, 0, 0], [0, 1, 0]], dtype=">i4"))
    assert one(saved(array)).edges.tolist() == [[0, 1], [0, 2], [2, 1]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[1j, 0], [0, 0]]), "complex128"),
        (np.zeros(2, dtype=[("u", int), ("v", int)]), r"dtype \[\('u'"),
        (np.array([["a"]]), "<U1"),
        (np.array([[np.datetime64("2020-01-01")]]), "datetime64"),
        (np.zeros((2, 3)), "float64 of shape"),
        (np.zeros((4, 3), int), r"shape \(4, 3\)"),
        (np.zeros(4), "two axes"),
        (np.array([[0, np.nan], [np.nan, 0]]), "nan at edge"),
        (np.array([[0, -1.0], [-1, 0]]), "-1 at edge"),
        (np.array([[0, -1], [2, 1], [1, 1]]), r"edge \(0, -1\)"),
        (np.array([[0, 2**63]] * 3, dtype=np.uint64), "node numbers"),
        (np.array([[0, 2**40]] * 3), "nodes in a file"),
    ],
)
def test_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        one(saved(array))


def test_objects_are_never_unpickled() -> None:
    with pytest.raises(InputError, match="dtype object"):
        one(saved(np.array([{"a": 1}], dtype=object), allow_pickle=True))


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"x", lambda d: d[:20], lambda d: b"\x93NUMPY\x09\x00"]
)
def test_damage(change: Any) -> None:
    with pytest.raises(InputError):
        one(change(saved(np.eye(3))))


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weight", [None, [0.1, 7.5]])
def test_round_trip(directed: bool, weight: list[float] | None) -> None:
    graph = Graph(4, np.array([[0, 1], [1, 2]]), directed, None if weight is None else np.array(weight))
    out = io.BytesIO()
    FORMAT.write([graph], out)
    assert one(out.getvalue()).fingerprint == graph.fingerprint
    assert FORMAT.sniff(out.getvalue())


def test_two_nodes_and_one_arc() -> None:
    graph = Graph(2, np.array([[0, 1]]), directed=True)
    out = io.BytesIO()
    FORMAT.write([graph], out)
    assert one(out.getvalue()).fingerprint == graph.fingerprint


def test_large_matrices_are_not_written() -> None:
    with pytest.raises(LimitExceeded, match="write npz"):
        FORMAT.write([Graph(30_000, np.zeros((0, 2), np.int64))], io.BytesIO())

"""JSON Lines: what a line looks like, streaming, and arrays in JSON."""

import hashlib
import io
import itertools
import json
from typing import Any

import numpy as np
import pytest

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io import jsonarray
from mixcli.io.base import Reading
from mixcli.io.jsonl import FORMAT

TRIANGLE = Graph(
    3, np.array([[0, 1], [0, 2], [1, 2]]), weight=np.array([0.1, 2.0, 1e-300]),
    node={"x": np.array([[1.5], [2.5], [3.5]], np.float32), "y": np.array([0, 1, 1])}, graph={"y": np.array(1)},
    labels=("a", "b", "c"), name="triangle",
)  # fmt: skip


def read(data: bytes, **options: Any) -> list[Graph]:
    return list(FORMAT.read(io.BytesIO(data), Reading("file", **options)))


def test_a_line_can_be_read_by_a_person() -> None:
    out = io.BytesIO()
    FORMAT.write([TRIANGLE], out)
    line = json.loads(out.getvalue())
    assert out.getvalue().count(b"\n") == 1
    assert line == {
        "schema": "mixcli.graph/1", "name": "triangle", "n": 3, "directed": False, "edges": [[0, 1], [0, 2], [1, 2]],
        "weight": [0.1, 2.0, 1e-300], "labels": ["a", "b", "c"],
        "node": {"x": {"dtype": "float32", "shape": [3, 1], "data": "AADAPwAAIEAAAGBA"}, "y": [0, 1, 1]},
        "graph": {"y": 1},
    }  # fmt: skip


def test_the_least_line() -> None:
    (graph,) = read(b'{"schema":"mixcli.graph/1","n":2,"edges":[[1,0]]}')
    assert (graph.n, graph.edges.tolist(), graph.directed, graph.name) == (2, [[0, 1]], False, "file[0]")


def test_digest_is_that_of_the_line() -> None:
    line = b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]]}'
    graphs = read(line + b"\r\n\n  \n" + b"\xef\xbb\xbf" + line)
    assert [g.name for g in graphs] == ["file[0]", "file[1]"]
    assert {g.provenance[-1].sha256 for g in graphs} == {hashlib.sha256(line).hexdigest()}


def test_lines_are_read_and_written_one_at_a_time() -> None:
    class Endless(io.RawIOBase):
        def readline(self, size: int | None = -1) -> bytes:
            return b'{"schema":"mixcli.graph/1","n":1,"edges":[]}\n'

    stream: Any = Endless()
    assert len(list(itertools.islice(FORMAT.read(stream, Reading("pipe")), 3))) == 3
    out = io.BytesIO()

    def graphs() -> Any:
        for count in range(3):
            assert out.getvalue().count(b"\n") == count
            yield TRIANGLE

    FORMAT.write(graphs(), out)


def test_large_edge_lists_are_packed() -> None:
    u = np.arange(60_000)
    graph = Graph(60_001, np.stack([u, u + 1], axis=1), weight=u + 2.0)
    out = io.BytesIO()
    FORMAT.write([graph], out)
    assert b'"dtype":"int64"' in out.getvalue()
    (back,) = read(out.getvalue())
    assert back.fingerprint == graph.fingerprint


def test_node_link_lines() -> None:
    line = {"nodes": [{"id": "a"}, {"id": "b"}], "links": [{"source": "b", "target": "a"}]}
    (graph,) = read(json.dumps(line).encode())
    assert (graph.labels, graph.edges.tolist()) == (("a", "b"), [[0, 1]])


def test_empty_input() -> None:
    with pytest.raises(InputError, match="empty file"):
        read(b"\n\n")


def test_errors_inside_the_graph_name_the_line() -> None:
    with pytest.raises(InputError, match=r"file:1.*edge \(0, 5\)"):
        read(b'{"schema":"mixcli.graph/1","name":"mine","n":2,"edges":[[0,5]]}')


@pytest.mark.parametrize(
    ("head", "yes"),
    [
        (b'{"schema":"mixcli.graph/1","n":1}', True), (b'{"schema": "mixcli.graph/1"', True), (b"\xef\xbb\xbf", False),
        (b'{"nodes":[]}\n{"nodes":[]}\n', True), (b'{"nodes":[]}\n', False), (b'{\n"nodes":[]}\n', False),
    ],
)  # fmt: skip
def test_sniff(head: bytes, yes: bool) -> None:
    assert FORMAT.sniff(head) is yes


@pytest.mark.parametrize(
    "array",
    [
        np.array(3), np.array(1.5), np.array(True), np.array("a"), np.array([1, 2]), np.array([1.0, -0.0]),
        np.array([]), np.array(["a", ""]), np.array([], dtype=np.str_), np.array([[True], [False]]),
        np.array([np.nan, np.inf]), np.array([1, 2], np.uint8), np.array([1.5], np.float16), np.array([1 + 2j]),
        np.arange(20_000), np.zeros((0, 3)), np.array([["a", "bc"]]), np.array([2**64 - 1], np.uint64),
        np.array([1], dtype=">i4"), np.array(["a"], dtype=object),
    ],
    ids=repr,
)  # fmt: skip
def test_arrays_in_json(array: np.ndarray) -> None:
    text = json.dumps(jsonarray.encode(array, "x"), allow_nan=False)
    back = jsonarray.decode(jsonarray.parse(text), "x")
    expected = array.astype(np.str_) if array.dtype == object else array.astype(array.dtype.newbyteorder("="))
    assert (back.dtype.kind, back.shape) == (expected.dtype.kind, expected.shape)
    assert back.dtype.kind == "U" or (back.dtype == expected.dtype and back.tobytes() == expected.tobytes())
    assert back.tolist() == expected.tolist() or np.isnan(expected).any()


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [([[1.0, 2.0], [3.5, 4.5]], np.float64, (2, 2)), ([[1, 2, 3]], np.int64, (1, 3)), ([[1, 0.5]], np.float64, (1, 2)),
     ([[[True]], [[False]]], np.bool_, (2, 1, 1)), ([["a"], ["bc"]], np.dtype("U2"), (2, 1))],
)  # fmt: skip
def test_nested_lists_are_arrays(value: list[object], dtype: object, shape: tuple[int, ...]) -> None:
    array = jsonarray.decode(value, "x")
    assert (array.dtype, array.shape, array.tolist()) == (dtype, shape, value)


@pytest.mark.parametrize("value", [[[1], [1, 2]], [[1], 2], [[1], ["a"]], [[], []], [[None]], [[[1]], [[1, 2]]]])
def test_ragged_lists_are_refused(value: list[object]) -> None:
    with pytest.raises(ValueError, match=r"^x: "):
        jsonarray.decode(value, "x")


def test_payload_written_by_hand() -> None:
    line = b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]],"node":{"x":[[1.0,2.0],[3.5,4.5]]}}\n'
    (graph,) = read(line)
    assert graph.node["x"].tolist() == [[1.0, 2.0], [3.5, 4.5]]
    assert graph.node["x"].dtype == np.float64

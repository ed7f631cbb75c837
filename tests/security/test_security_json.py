"""Hostile JSON: every contradiction is named, and nothing long is held."""

import base64
import json
from typing import Any

import pytest
from hostile import read, refused

from mixcli.errors import InputError
from mixcli.io import jsonl, node_link


def line(**changes: Any) -> bytes:
    return json.dumps({"schema": "mixcli.graph/1", "n": 3, "edges": [[0, 1]], **changes}).encode()


ARRAY = {"dtype": "float64", "shape": [3], "data": base64.b64encode(bytes(24)).decode()}


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 10**6, b'{"a":' * 10**5, b"{", b"[]", b"7", b"\xff\xfe", b'{"schema":"mixcli.analysis/1"}',
        line(schema="mixcli.graph/2"), line(n=10**12), line(n=-1), line(n=True), line(n="3"), line(n=None),
        line(directed=1), line(edges=[[0, 1, 2]]), line(edges=[[0, 3]]), line(edges=[[-1, 0]]), line(edges=[[0, 1.0]]),
        line(edges=[[0, 2**70]]), line(edges="ab"), line(edges=None), line(edges={"dtype": "int64"}),
        line(weight=["a"]), line(weight=[1, 2]), line(weight=5), line(weight=[-1.0]), line(labels=["a"]),
        line(labels="abc"), line(labels=[1, 2, 3]), line(node=[]), line(node={"x": [1, 2]}), line(node={"x": 1}),
        line(node={"x": [1, "a", 2]}), line(node={"x": {**ARRAY, "dtype": "object"}}),
        line(node={"x": {**ARRAY, "shape": [10**12]}}), line(node={"x": {**ARRAY, "shape": [-3]}}),
        line(node={"x": {**ARRAY, "shape": "3"}}), line(node={"x": {**ARRAY, "data": "!!!!"}}),
        line(node={"x": {**ARRAY, "data": "AAAA"}}), line(node={"x": [2**70, 1, 1]}), line(node={"x": {}}),
        b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]],"weight":[NaN]}',
        b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]],"weight":[1e999]}',
        b'{"schema":"mixcli.graph/1","n":' + b"9" * 5000 + b',"edges":[]}',
        b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]]} trailing',
    ],
    ids=range(45),
)  # fmt: skip
def test_jsonl_line_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"file:2") as caught:
        read(jsonl.FORMAT, line() + b"\n" + data + b"\n")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_jsonl_long_lines_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE", 1000)
    refused(jsonl.FORMAT, line() + b"\n" + b" " * 2000, "at most 1000 bytes")


def test_jsonl_strange_provenance_does_not_stop_a_read() -> None:
    (graph,) = read(jsonl.FORMAT, line(provenance=[7, {"op": [], "notes": 3, "seed": "x"}], plan=[1], name=5))
    assert graph.m == 1


@pytest.mark.parametrize(
    "form",
    [
        [], 7, {"nodes": 3, "edges": []}, {"nodes": [], "edges": 3}, {"nodes": [1], "edges": []}, {"nodes": []},
        {"nodes": [{"id": 1}, {"id": 1}], "edges": []}, {"nodes": [{"id": 1}, {}], "edges": []},
        {"nodes": [{"id": {}}], "edges": []}, {"nodes": [{"id": 1}], "edges": [{"source": 1}]},
        {"nodes": [{"id": 1}], "edges": [{"source": 1, "target": 2}]},
        {"nodes": [{"id": 1}], "edges": [{"source": 1, "target": [1]}]},
        {"nodes": [{"id": 1}, {"id": 2}], "edges": [{"source": 1, "target": 2, "weight": "a"}]},
        {"nodes": [{"id": 1}, {"id": 2}], "edges": [{"source": 1, "target": 2, "weight": -1}]},
        {"nodes": [{"id": 1}, {"id": 2}], "edges": [{"source": 1, "target": 2, "weight": 10**400}]},
        {"nodes": [{"id": 1}], "edges": [], "graph": {"mixcli": {"node": {"x": {**ARRAY, "dtype": "f"}}}}},
    ],
    ids=range(16),
)  # fmt: skip
def test_node_link_contradictions(form: Any) -> None:
    refused(node_link.FORMAT, json.dumps(form).encode(), "expected")


def test_node_link_attacks() -> None:
    refused(node_link.FORMAT, b'{"nodes":' + b"[" * 10**6, "nested too deeply|JSON|Expecting")
    refused(node_link.FORMAT, b'{"nodes":[{"id":0,"a":NaN}],"edges":[]}', "NaN")
    deep = b'{"nodes":[{"id":' + b"[" * 500 + b"]" * 500 + b'}],"edges":[]}'
    refused(node_link.FORMAT, deep, "node id")
    many = json.dumps({"nodes": [{"id": i, f"k{i}": 1} for i in range(5000)], "edges": []}).encode()
    refused(node_link.FORMAT, many, "rare ones")

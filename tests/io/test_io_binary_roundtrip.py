"""The law of every complete format: what was written is what is read, to the bit; and the same bytes each time."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from io_strategies import assert_same, graphs

from mixcli.graph import Graph
from mixcli.io import jsonl, node_link, npz, pt
from mixcli.io.base import Format, Reading

MODEST = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def written(format: Format, several: list[Graph]) -> bytes:
    out = io.BytesIO()
    format.write(several, out)
    return out.getvalue()


def read(format: Format, data: bytes, **options: object) -> list[Graph]:
    return list(format.read(io.BytesIO(data), Reading("file", **options)))


@pytest.mark.parametrize("format", [npz.FORMAT, jsonl.FORMAT, node_link.FORMAT, pt.FORMAT], ids=lambda f: f.name)
@MODEST
@given(graph=graphs())
def test_one_graph_survives(format: Format, graph: Graph) -> None:
    data = written(format, [graph])
    (back,) = read(format, data)
    assert_same(back, graph)
    assert written(format, [graph]) == data
    assert format.sniff(data[:65536])


@pytest.mark.parametrize("format", [jsonl.FORMAT, pt.FORMAT], ids=lambda f: f.name)
@settings(MODEST, max_examples=25)
@given(several=st.lists(graphs(), min_size=2, max_size=4))
def test_several_graphs_survive(format: Format, several: list[Graph]) -> None:
    back = read(format, written(format, several))
    assert len(back) == len(several)
    for a, b in zip(back, several, strict=True):
        assert_same(a, b)


@pytest.mark.parametrize("format", [npz.FORMAT, jsonl.FORMAT, node_link.FORMAT, pt.FORMAT], ids=lambda f: f.name)
@settings(MODEST, max_examples=25)
@given(graph=graphs())
def test_the_user_decides_on_direction_and_weights(format: Format, graph: Graph) -> None:
    data = written(format, [graph])
    (plain,) = read(format, data, weighted=False)
    assert plain.weight is None
    assert plain.m == graph.m
    (forgotten,) = read(format, data, directed=False, weighted=False)
    assert list(map(tuple, forgotten.edges.tolist())) == sorted({(min(e), max(e)) for e in graph.edges.tolist()})
    (arcs,) = read(format, data, directed=True)
    assert arcs.directed
    assert arcs.m == (graph.m if graph.directed else 2 * graph.m)

"""The law of the text formats: what a format says it holds is what is read back; and the same bytes each time."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from io_strategies import graphs

from mixcli.graph import Graph
from mixcli.io import dimacs, edgelist, gexf, gml, graphml, matrix_market, pajek
from mixcli.io.base import Format, Reading
from mixcli.provenance import Step

MODEST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FORMATS = [
    edgelist.FORMAT, edgelist.CSV, edgelist.TSV, matrix_market.FORMAT, dimacs.FORMAT, gml.FORMAT, pajek.FORMAT,
    graphml.FORMAT, gexf.FORMAT,
]  # fmt: skip
NASTY = ("", " ", "a b", 'say "no"', "\n", "a\tb", "1", "#x", "%", "<b>&amp;", "é", "\u2028", "\x00", "\x85", "\ud800")


def written(format: Format, graph: Graph) -> bytes:
    out = io.BytesIO()
    format.write([graph], out)
    return out.getvalue()


def read(format: Format, data: bytes, **options: object) -> Graph:
    (graph,) = format.read(io.BytesIO(data), Reading("file", **options))
    return graph


def assert_same(back: Graph, graph: Graph, format: Format) -> None:
    assert (back.n, back.directed, back.plan) == (graph.n, graph.directed, graph.plan)
    assert np.array_equal(back.edges, graph.edges)
    if format.name == "dimacs" and graph.weight is not None and back.weight is not None:  # w is stored as 1 / w
        np.testing.assert_allclose(back.weight, graph.weight, rtol=1e-15)
    elif format.name != "dimacs":
        assert (back.weight is None) == (graph.weight is None)
        assert back.weight is None or back.weight.tobytes() == graph.weight.tobytes()
    assert back.labels == graph.labels
    assert back.provenance[:-1] == graph.provenance
    for part, rows in (("node", graph.n), ("edge", graph.m), ("graph", 1)):
        kept = format.payload(graph, part)
        found = getattr(back, part)
        assert not rows or set(found) == set(kept), part
        for key in found:
            if kept[key].dtype.kind == "U":
                assert found[key].ravel().tolist() == kept[key].ravel().tolist(), (part, key)
            else:
                np.testing.assert_array_equal(found[key].ravel(), kept[key].ravel())


@pytest.mark.parametrize("format", FORMATS, ids=lambda f: f.name)
@MODEST
@given(graph=graphs())
def test_one_graph_survives(format: Format, graph: Graph) -> None:
    data = written(format, graph)
    assert_same(read(format, data), graph, format)
    assert written(format, graph) == data
    assert format.sniff(data[:65536])


@pytest.mark.parametrize("format", FORMATS, ids=lambda f: f.name)
@settings(MODEST, max_examples=25)
@given(graph=graphs())
def test_the_user_decides_on_direction_and_weights(format: Format, graph: Graph) -> None:
    data = written(format, graph)
    plain = read(format, data, weighted=False)
    assert plain.weight is None
    assert plain.m == graph.m
    forgotten = read(format, data, directed=False)
    assert list(map(tuple, forgotten.edges.tolist())) == sorted({(min(e), max(e)) for e in graph.edges.tolist()})
    arcs = read(format, data, directed=True)
    assert arcs.directed
    assert arcs.m == (graph.m if graph.directed else 2 * graph.m)


@pytest.mark.parametrize("format", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("labels", [NASTY, tuple(map(str, range(len(NASTY)))), ("x",) * len(NASTY)])
def test_names_of_any_kind_survive(format: Format, labels: tuple[str, ...]) -> None:
    n = len(labels)
    edges = np.stack([np.zeros(n - 2, np.int64), np.arange(1, n - 1)], axis=1)
    graph = Graph(n, edges, labels=labels, provenance=(Step("rewire", "sdrf", notes={"line": "a\nb\u2028"}),))
    assert_same(read(format, written(format, graph)), graph, format)


@pytest.mark.parametrize("format", FORMATS, ids=lambda f: f.name)
def test_other_lines_may_end_in_any_way(format: Format) -> None:
    graph = Graph(3, np.array([[0, 1], [1, 2]]), weight=np.array([2.0, 0.5]), labels=("a", "b", "c"))
    data = written(format, graph)
    for end in (b"\r\n", b"\r"):
        assert_same(read(format, data.replace(b"\n", end)), graph, format)


@pytest.mark.parametrize("format", FORMATS, ids=lambda f: f.name)
def test_what_is_left_out_is_said(format: Format) -> None:
    graph = Graph(
        2, np.array([[0, 1]]), node={"x": np.zeros((2, 3)), "age": np.array([1, 2])}, edge={"kind": np.array(["r"])}
    )
    words = " ".join(format.leaves_out(graph))
    assert "x" in words
    assert ("age" in words) == ("node" not in format.holds or format.name == "pajek")
    assert ("kind" in words) == ("edge" not in format.holds)

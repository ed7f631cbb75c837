"""Drawings show the edges that there are, edits marked; curves the rows of their records."""

import json

import numpy as np
import pytest

from mixcli.catalog import FIGURES, MEASURES
from mixcli.errors import LimitExceeded, UsageError
from mixcli.generators.graphs import barbell, complete, cycle, path, ring_of_cliques
from mixcli.graph import Graph
from mixcli.report import curve as trace_records
from mixcli.report.figures.drawing import edited
from mixcli.report.figures.layout import layout
from mixcli.report.shown import from_text, of_record
from mixcli.report.subject import Shown
from mixcli.report.text import to_json, to_jsonl
from mixcli.rewiring.base import rewire
from mixcli.tracing.curve import trace


def lines(drawn) -> list:
    return [c for c in drawn.figure.axes[0].collections if type(c).__name__ == "LineCollection"]


def test_every_edge_is_drawn_between_its_nodes_in_the_colour_of_its_value() -> None:
    g = barbell(5)
    drawn = FIGURES.make("drawing")([Shown("graph", "g", g)])
    (edges,) = lines(drawn)
    places = layout(g)
    ends = {tuple(np.round(s.ravel(), 6)) for s in map(np.asarray, edges.get_segments())}
    assert ends == {tuple(np.round(places[e].ravel(), 6)) for e in g.edges}
    values = MEASURES.make("balanced_forman")(g).data
    assert sorted(edges.get_array().tolist()) == sorted(values.tolist())
    assert edges.norm.vmin == -edges.norm.vmax  # zero lies in the middle of the colours


def test_edits_are_marked() -> None:
    done = rewire(barbell(5), "double_edge_swap:iterations=2")
    thing = Shown("graph", "g", done.graph, before=done.base, method="double_edge_swap")
    added, removed = edited(thing)
    assert {tuple(e) for e in done.graph.edges[added].tolist()}.isdisjoint(map(tuple, done.base.edges.tolist()))
    assert {tuple(e) for e in removed.tolist()}.isdisjoint(map(tuple, done.graph.edges.tolist()))
    drawn = FIGURES.make("drawing")([thing])
    by_label = {c.get_label(): c for c in lines(drawn)}
    assert len(by_label["added"].get_segments()) == len(added)
    assert len(by_label["removed"].get_segments()) == len(removed)
    assert f"{len(added)} edges added" in drawn.caption


def test_a_large_graph_is_refused_with_what_to_do() -> None:
    with pytest.raises(LimitExceeded, match="histogram"):
        FIGURES.make("drawing:most=10")([Shown("graph", "g", cycle(11))])


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_the_smallest_graphs_can_be_drawn(n: int) -> None:
    g = Graph(n, np.zeros((0, 2), np.int64))
    drawn = FIGURES.make("drawing")([Shown("graph", "g", g)])
    assert f"{n} node" in drawn.caption


def test_directed_graphs_have_arrows_and_no_default_measure() -> None:
    g = Graph(3, np.array([[0, 1], [1, 2], [2, 0]]), directed=True)
    drawn = FIGURES.make("drawing")([Shown("graph", "g", g)])
    assert any(type(c).__name__ == "Quiver" for c in drawn.figure.axes[0].collections)
    assert "balanced" not in drawn.caption


@pytest.mark.parametrize("g", [path(9), cycle(8), complete(6), ring_of_cliques(4, 5), barbell(4)])
def test_places_are_apart_and_the_same_every_time(g: Graph) -> None:
    for kind in ("springs", "spectral"):
        first, second = layout(g, kind), layout(g, kind)
        assert (first == second).all()
        assert first.min() >= 0
        assert first.max() <= 1
    apart = np.linalg.norm(first[:, None] - first[None], axis=2)[np.triu_indices(g.n, 1)]
    assert np.isfinite(apart).all()
    springs = layout(g)
    assert np.linalg.norm(springs[:, None] - springs[None], axis=2)[np.triu_indices(g.n, 1)].min() > 0.01


def test_components_stand_side_by_side() -> None:
    g = Graph(6, np.array([[0, 1], [0, 2], [1, 2], [3, 4], [4, 5]]))
    places = layout(g)
    assert places[:3, 0].max() < places[3:, 0].min()


def traced(method: str):
    found = trace(method, barbell(5), ["spectral_gap", "kirchhoff"], budget=6)
    return found, trace_records.record(found, 0, method, 1)


def test_curves_hold_the_rows_of_their_records() -> None:
    (found, record), (_, other) = traced("fosr"), traced("random:6")
    things = [of_record(json.loads(to_json(r)), "x") for r in (record, other)]
    drawn = FIGURES.make("curve")(things)
    gap, total = drawn.figure.axes
    line = gap.get_lines()[0]
    assert line.get_xdata().tolist() == [look.edits for look in found.looks]
    assert line.get_ydata().tolist() == [look.values["spectral_gap"] for look in found.looks]
    assert total.get_ylabel() == "kirchhoff (1 / conductance)"
    assert [t.get_text() for t in gap.get_legend().get_texts()] == ["fosr", "random:6"]


def test_rows_of_a_pipe_draw_the_same_curve() -> None:
    found, record = traced("fosr")
    text = "".join(to_jsonl(row) for row in trace_records.rows(found, 0))
    (thing,) = from_text(text, "x")
    columns = "".join(trace_records.csv(trace_records.rows(found, 0), found.columns))
    (table,) = from_text(columns, "x")
    for one in (thing, table):
        line = FIGURES.make("curve:measure=spectral_gap")([one]).figure.axes[0].get_lines()[0]
        assert line.get_ydata().tolist() == [row["spectral_gap"] for row in record["rows"]]


def test_a_threshold_is_drawn_and_told() -> None:
    found, record = traced("fosr")
    drawn = FIGURES.make("curve:until=spectral_gap>=0.2")([of_record(record, "x")])
    first = next(look.edits for look in found.looks if look.values["spectral_gap"] >= 0.2)
    assert f"fosr at edit {first}" in drawn.caption
    assert any(np.allclose(one.get_ydata(), 0.2) for one in drawn.figure.axes[0].get_lines())


def test_looks_without_a_value_are_gaps() -> None:
    record = {
        "schema": "mixcli.trace/1", "source": {"name": "g"}, "measures": {"kirchhoff": {}},
        "rows": [{"edits": k, "kirchhoff": v} for k, v in enumerate([None, 3.0, 2.0])],
    }  # fmt: skip
    drawn = FIGURES.make("curve")([of_record(record, "x")])
    assert np.isnan(drawn.figure.axes[0].get_lines()[0].get_ydata()[0])
    assert "Gaps: 1 without a finite value" in drawn.caption


def test_unknown_columns_are_refused() -> None:
    _, record = traced("fosr")
    with pytest.raises(UsageError, match="spectral_gap"):
        FIGURES.make("curve:measure=cheeger")([of_record(record, "x")])


def test_many_curves_are_told_by_their_quartiles() -> None:
    things = []
    for k in range(11):
        rows = [{"edits": e, "spectral_gap": k + e} for e in range(2 if k < 7 else 5)]
        record = {"schema": "mixcli.trace/1", "method": "fosr", "measures": {"spectral_gap": {}}, "rows": rows}
        things.append(of_record({**record, "source": {"name": f"g{k}"}}, "x"))
    drawn = FIGURES.make("curve")(things)
    (line,) = drawn.figure.axes[0].get_lines()
    assert line.get_xdata().tolist() == [0, 1]  # further on, fewer than half of the sources go
    assert line.get_ydata().tolist() == [5, 6]
    assert "median over 11 sources" in drawn.caption

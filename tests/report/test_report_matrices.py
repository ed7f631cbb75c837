"""Heat maps, profiles, head grids and summaries show the numbers of the measures and records, no others."""

import json

import numpy as np
import pytest

from mixcli.catalog import FIGURES, MEASURES, SEQUENCE_MEASURES
from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.generators.mask_spec import sequence_of
from mixcli.graph import Graph
from mixcli.report.figures.heads import matrix
from mixcli.report.figures.matrices import hops, ordered, resistances
from mixcli.report.figures.measured import measured
from mixcli.report.record import analysis, entry
from mixcli.report.shown import from_text, of_record
from mixcli.report.subject import Shown
from mixcli.report.text import to_jsonl
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.sequence import Attention


def image(panel) -> np.ndarray:
    (shown,) = panel.get_images()
    return np.ma.filled(shown.get_array().astype(float), np.nan)


def attention() -> Attention:
    rng = np.random.default_rng(0)
    weights = np.tril(rng.random((2, 3, 5, 5)) + 0.1)
    return Attention.of(weights / weights.sum(axis=-1, keepdims=True), name="a")


def test_resistances_in_closed_form_and_infinite_between_components() -> None:
    n = 6
    found = resistances(cycle(n), Context())
    k = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    assert np.allclose(found, k * (n - k) / n)
    two = Graph(4, np.array([[0, 1], [2, 3]]))
    assert np.isinf(resistances(two, Context())[0, 2])
    assert np.isinf(hops(two, Context())[0, 3])


def test_weights_are_conductances_and_hops_ignore_them() -> None:
    g = Graph(3, np.array([[0, 1], [1, 2]]), weight=np.array([2.0, 4.0]))
    assert np.allclose(resistances(g, Context())[0], [0, 0.5, 0.75])
    assert hops(g, Context())[0].tolist() == [0, 1, 2]


def test_the_order_puts_the_sides_of_a_bottleneck_apart() -> None:
    shuffled = np.random.default_rng(1).permutation(12)
    g = barbell(6)
    edges = np.sort(shuffled[g.edges], axis=1)
    order = ordered(Graph(12, edges[np.lexsort(edges.T[::-1])]))
    assert sorted(order.tolist()) == list(range(12))
    side = np.isin(order, shuffled[:6])
    assert len(np.flatnonzero(np.diff(side.astype(int)))) == 1


def test_a_heat_map_holds_the_matrix() -> None:
    g = path(5)
    (panel, bar) = FIGURES.make("heatmap:hops,given")([Shown("graph", "g", g)]).figure.axes
    assert image(panel).tolist() == hops(g, Context()).tolist()
    assert bar.get_ylabel() == "distance (hops)"


def test_a_large_graph_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="histogram"):
        FIGURES.make("heatmap:most=4")([Shown("graph", "g", path(5))])


def test_directed_graphs_have_hops_only() -> None:
    g = Graph(3, np.array([[0, 1], [1, 2]]), directed=True)
    with pytest.raises(NotApplicable, match="hops"):
        FIGURES.make("heatmap")([Shown("graph", "g", g)])
    panel = FIGURES.make("heatmap:hops,given")([Shown("graph", "g", g)]).figure.axes[0]
    assert np.isnan(image(panel)[2, 0])


def test_masks_are_drawn_layer_by_layer_with_what_was_added() -> None:
    tokens = sequence_of("window:2,tokens=8,layers=3")
    done = rewire_sequence(tokens, "sink:1,2")
    drawn = FIGURES.make("heatmap")([Shown("mask", "m", done.sequence, before=tokens, method="sink:1,2")])
    (panel,) = drawn.figure.axes
    codes = image(panel)
    assert (codes == 2).sum() == (done.sequence.visible(0) & ~tokens.visible(0)).sum()
    assert ((codes == 1) | (codes == 3)).sum() == tokens.visible(0).sum()
    several = FIGURES.make("heatmap")([Shown("mask", "m", sequence_of("window:2; causal; window:2,tokens=6,layers=3"))])
    assert len([a for a in several.figure.axes if a.get_visible()]) == 2


def test_attention_by_head_and_by_mean() -> None:
    a = attention()
    one = FIGURES.make("heatmap:layer=1,head=2")([Shown("attention", "a", a)]).figure.axes[0]
    assert image(one).tolist() == a.head(1, 2).tolist()
    mean = FIGURES.make("heatmap:layer=1")([Shown("attention", "a", a)]).figure.axes[0]
    assert np.allclose(image(mean), a.operator(1))
    with pytest.raises(UsageError, match="a layer from 0 to 1"):
        FIGURES.make("heatmap:layer=5")([Shown("attention", "a", a)])


def test_a_profile_holds_the_values_and_marks_tokens_that_do_not_get_through() -> None:
    tokens = sequence_of("window:3,tokens=12,layers=2")
    drawn = FIGURES.make("profile:measure=runway")([Shown("mask", "m", tokens)])
    values = SEQUENCE_MEASURES.make("runway")(tokens).data
    line, lost = drawn.figure.axes[0].get_lines()
    finite = np.isfinite(values)
    assert line.get_ydata()[finite].tolist() == values[finite].tolist()
    assert np.isnan(line.get_ydata()[~finite]).all()
    assert lost.get_xdata().tolist() == np.flatnonzero(~finite).tolist()
    assert f"{(~finite).sum()} tokens without a finite value" in drawn.caption


def test_the_profile_of_written_values_is_the_same() -> None:
    text = "graph,token,influence\n0,0,0.25\n0,1,\n0,2,0.75\n"
    (thing,) = from_text(text, "v.csv")
    drawn = FIGURES.make("profile")([thing])
    assert drawn.figure.axes[0].get_lines()[0].get_ydata().tolist()[::2] == [0.25, 0.75]
    assert "1 token without a finite value" in drawn.caption


def test_the_grid_of_heads_holds_the_values() -> None:
    a = attention()
    drawn = FIGURES.make("heads")([Shown("attention", "a", a)])
    panels = [panel for panel in drawn.figure.axes if panel.get_images()]
    for panel, spec in zip(panels, ("sinks", "entropy"), strict=True):
        series = measured(a, spec, Context())
        assert image(panel).tolist() == matrix(series)[0].tolist()
        assert image(panel)[1, 2] == series.values[5]


def test_heads_that_a_layer_lacks_are_blank() -> None:
    rows = "".join(f'{{"graph":0,"layer":{k},"head":{h},"sinks":0.5}}\n' for k, h in ((0, 0), (0, 1), (3, 1)))
    panel = FIGURES.make("heads")(from_text(rows, "v")).figure.axes[0]
    assert np.isnan(image(panel)[1, 0])
    assert [t.get_text() for t in panel.get_yticklabels()] == ["0", "3"]


def test_a_summary_holds_the_record() -> None:
    g = barbell(5)
    measure = MEASURES.make("balanced_forman")
    record = analysis(g, 0, {"balanced_forman": entry(measure, measure(g))})
    (thing,) = from_text(to_jsonl(record), "x")
    drawn = FIGURES.make("summary")([thing])
    told = record["measures"]["balanced_forman"]["summary"]
    whole, *_ = drawn.figure.axes[0].get_lines()
    assert whole.get_xdata().tolist() == [told["min"], told["max"]]
    assert "21 edges" in drawn.caption
    assert "Exact." in drawn.caption


def test_a_record_without_values_by_element_is_refused() -> None:
    record = {"schema": "mixcli.analysis/1", "source": {"name": "g"}, "measures": {"kirchhoff": {"value": None}}}
    with pytest.raises(NotApplicable, match="values by element"):
        FIGURES.make("summary")([of_record(json.loads(json.dumps(record)), "x")])

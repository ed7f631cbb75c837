"""Histograms hold the values of the record: bars count them, before and after share bins, zero is a border."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.catalog import FIGURES, MEASURES
from mixcli.errors import NotApplicable
from mixcli.generators.graphs import barbell, complete, cycle, grid
from mixcli.report import figures
from mixcli.report.figures.base import encoded, picture
from mixcli.report.figures.histogram import shared_bins
from mixcli.report.shown import from_text, of_thing
from mixcli.report.subject import Shown
from mixcli.rewiring.base import rewire


def bars(panel) -> dict[float, float]:
    """Left edge -> height of what is filled."""
    return {round(b.get_x(), 12): b.get_height() for b in panel.containers[0]}


def graph(g, name: str = "g") -> Shown:
    return Shown("graph", name, g.replace(name=name))


def test_bars_count_the_values() -> None:
    drawn = FIGURES.make("histogram:bins=5")([graph(barbell(5))])
    values = MEASURES.make("balanced_forman")(barbell(5)).data
    (panel,) = drawn.figure.axes
    held = bars(panel)
    edges = shared_bins(values, 5)
    assert list(held.values()) == np.histogram(values, edges)[0].tolist()
    assert sum(held.values()) == len(values)
    assert panel.get_xlabel() == "balanced forman"
    assert panel.get_ylabel() == "edges"
    assert "21 edges of g, exact" in drawn.caption
    assert "1 of 21 below zero" in drawn.caption


def test_before_and_after_share_their_bins() -> None:
    done = rewire(barbell(6), "sdrf:5")
    thing = Shown("graph", "barbell", done.graph, before=done.base, method="sdrf:5")
    (panel,) = FIGURES.make("histogram")([thing]).figure.axes
    (outline,) = [p for p in panel.patches if type(p).__name__ == "StepPatch"]
    heights, edges, _ = outline.get_data()
    left = [b.get_x() for b in panel.containers[0]]
    assert np.allclose(edges[:-1], left)
    assert heights.sum() == done.graph.m
    assert sum(b.get_height() for b in panel.containers[0]) == done.base.m
    assert [t.get_text() for t in panel.get_legend().get_texts()][:2] == ["before", "after sdrf:5"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False), min_size=1, max_size=50), st.integers(0, 30)
)
def test_bins_hold_every_value_and_never_both_signs(values: list[float], wanted: int) -> None:
    data = np.array(values)
    edges = shared_bins(data, wanted)
    assert (np.diff(edges) > 0).all()
    assert np.histogram(data, edges)[0].sum() == len(data)
    if data.min() < 0 < data.max() and np.ptp(data) > 1e-6:
        assert np.abs(edges).min() == 0


def test_equal_values_have_a_bar() -> None:
    (panel,) = FIGURES.make("histogram:measure=effective_resistance")([graph(cycle(5))]).figure.axes
    assert max(bars(panel).values()) == 5


def test_infinite_values_are_counted_and_left_out() -> None:
    text = '{"graph":0,"token":0,"runway":null}\n{"graph":0,"token":1,"runway":2}\n'
    drawn = FIGURES.make("histogram")(from_text(text, "x"))
    assert "1 without a finite value" in drawn.caption
    assert sum(bars(drawn.figure.axes[0]).values()) == 1


def test_many_sources_are_counted_together() -> None:
    drawn = FIGURES.make("histogram")([graph(complete(n), f"k{n}") for n in (3, 4, 5, 6)])
    assert sum(bars(drawn.figure.axes[0]).values()) == 3 + 6 + 10 + 15
    assert "34 edges of 4 sources" in drawn.caption


def test_records_are_counted_by_source() -> None:
    lines = "".join(
        f'{{"schema":"mixcli.analysis/1","source":{{"name":"g{k}"}},"kind":"graph",'
        f'"measures":{{"spectral_gap":{{"level":"graph","value":{value},"exact":true}}}}}}\n'
        for k, value in enumerate(["0.1", "0.2", "null"])
    )
    drawn = FIGURES.make("histogram")(from_text(lines, "x"))
    assert sum(bars(drawn.figure.axes[0]).values()) == 2
    assert "1 without a finite value" in drawn.caption


def test_an_estimate_says_that_it_is_one() -> None:
    drawn = FIGURES.make("histogram:measure=effective_resistance:method=sketch")([graph(barbell(30))])
    assert "estimated, standard errors up to" in drawn.caption


def test_a_measure_of_the_whole_is_refused_with_others() -> None:
    with pytest.raises(NotApplicable, match="balanced_forman"):
        FIGURES.make("histogram:measure=spectral_gap")([graph(barbell(5))])


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_the_same_figure_gives_the_same_bytes(form: str) -> None:
    first, second = (encoded(picture(FIGURES.make("histogram")([graph(barbell(5))])), form) for _ in range(2))
    assert first == second


def test_the_users_own_style_plays_no_role() -> None:
    import matplotlib

    plain = encoded(picture(FIGURES.make("histogram")([graph(barbell(5))])))
    with matplotlib.rc_context({"font.size": 30, "text.usetex": False, "svg.fonttype": "path", "axes.grid": True}):
        assert encoded(picture(FIGURES.make("histogram")([graph(barbell(5))]))) == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_added_edges_of_a_file_tell_what_was_before() -> None:
    done = rewire(barbell(5), "fosr:3")
    shown = of_thing(done.graph)
    assert shown.before.edges.tolist() == done.base.edges.tolist()
    assert shown.method == done.graph.provenance[-1].spec
    assert of_thing(rewire(barbell(5), "double_edge_swap").graph).before is None


def test_many_rewired_sources_are_counted_before_and_after() -> None:
    done = [rewire(barbell(k), "fosr:2") for k in (4, 5, 6)]
    things = [Shown("graph", f"b{d.base.n}", d.graph, before=d.base, method="fosr:2") for d in done]
    drawn = FIGURES.make("histogram")(things)
    (panel,) = drawn.figure.axes
    assert sum(bars(panel).values()) == sum(d.base.m for d in done)
    (outline,) = [p for p in panel.patches if type(p).__name__ == "StepPatch"]
    assert outline.get_data().values.sum() == sum(d.graph.m for d in done)
    assert "(3 sources)" in drawn.caption


def test_what_rounding_puts_below_zero_is_not_negative() -> None:
    drawn = FIGURES.make("histogram")([graph(grid(6, 6))])
    assert "below zero" not in drawn.caption
    assert min(bars(drawn.figure.axes[0])) >= 0
    drawing = FIGURES.make("drawing")([graph(grid(6, 6))])
    assert "thick below zero" not in drawing.caption


def test_columns_of_others_can_be_chosen() -> None:
    from mixcli.report.choice import chosen

    things = from_text("graph,u,v,mine,theirs\n0,0,1,3,4\n0,1,2,3,5\n", "x")
    drawn = chosen(things, measure="theirs")(things)
    assert [panel.get_xlabel() for panel in drawn.figure.axes] == ["theirs"]


def test_nothing_draws_with_global_state() -> None:
    folder = Path(figures.__file__).parent
    for file in folder.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "pyplot" not in text
        assert "rcParams[" not in text

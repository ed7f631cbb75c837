"""The two measures that wrap GraphRicciCurvature: against our own transport, and on graphs with known communities."""

from __future__ import annotations

import builtins
import multiprocessing
from typing import Any

import numpy as np
import pytest
from reference.files import real_graph

from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import measure
from mixcli.measures.graph.ollivier_grc import PAIR, OllivierGRC
from mixcli.measures.graph.ricci_flow import RicciFlow
from mixcli.numerics.weighted_transport import ollivier

REASON = "GraphRicciCurvature is not installed (it needs Python < 3.13)"
SMALL = [
    families.barbell(4), families.petersen(), families.tree(2, 3), families.grid(3, 4), families.erdos_renyi(30, 80),
    families.barabasi_albert(40, 3), families.complete(5),
]  # fmt: skip


@pytest.fixture
def package() -> Any:
    return pytest.importorskip("GraphRicciCurvature.OllivierRicci", reason=REASON)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("g", SMALL, ids=lambda g: g.name)
def test_unweighted_curvature_equals_ours(g: Graph) -> None:
    for alpha in (0.0, 0.5):
        ours = ollivier(g, alpha, Context())
        assert OllivierGRC(alpha)(g).data == pytest.approx(ours, abs=1e-9)
        assert OllivierGRC(alpha, paths="pairwise")(g).data == pytest.approx(ours, abs=1e-9)


@pytest.mark.usefixtures("package")
def test_the_other_methods_stay_on_their_side() -> None:
    g = families.barbell(4)
    exact = OllivierGRC(0.5)(g).data
    sinkhorn = OllivierGRC(0.5, method="Sinkhorn")(g)
    assert not sinkhorn.exact
    assert sinkhorn.data == pytest.approx(exact, abs=0.05)
    assert (OllivierGRC(0.5, method="ATD")(g).data <= exact + 1e-9).all()
    assert OllivierGRC(0.5, method="OTDSinkhornMix")(g).data == pytest.approx(exact, abs=1e-9)
    with pytest.raises(NotApplicable, match="alpha"):
        OllivierGRC(method="Sinkhorn")(g)
    with pytest.raises(NotApplicable, match="all_pairs"):
        OllivierGRC(method="ATD", paths="pairwise")(g)


@pytest.mark.usefixtures("package")
def test_weights_are_lengths_with_masses_that_fall_off() -> None:
    g = Graph(4, np.array([[0, 1], [1, 2], [2, 3]]), weight=np.array([1.0, 0.5, 1.0]))  # lengths 1, 2, 1
    near, far = np.exp(-1), np.exp(-4)
    across = near / (near + far) + (near - far) / (near + far) * 2 + near / (near + far)
    assert OllivierGRC()(g).data[1] == pytest.approx(1 - across / 2)
    same = OllivierGRC(length="weight")(g.replace(weight=1 / g.weight)).data
    assert same == pytest.approx(OllivierGRC()(g).data, abs=1e-12)


@pytest.mark.usefixtures("package")
def test_graphs_in_pieces_and_without_edges() -> None:
    g = Graph(6, np.array([[0, 1], [1, 2], [3, 4]]))
    assert OllivierGRC()(g).data.tolist() == [0, 0, 0]
    assert OllivierGRC()(Graph(2, np.zeros((0, 2)))).data.shape == (0,)
    flow = RicciFlow()(g)
    assert flow.data == pytest.approx(np.ones(3))
    assert flow.details["communities"] == 3
    assert flow.details["sizes"] == [3, 2, 1]
    assert RicciFlow()(Graph(2, np.zeros((0, 2)))).details["communities"] == 2


def test_it_forks_nothing_and_leaves_the_package_as_it_was(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "get_context", None)
    seen: list[tuple[str, int, int]] = []
    g = families.erdos_renyi(60, 250)
    first = OllivierGRC()(g, Context(progress=lambda *step: seen.append(step))).data
    assert seen == [("ollivier_grc", done, 250) for done in (100, 200, 250)]
    assert package.mp is multiprocessing
    other = OllivierGRC()(families.petersen()).data  # other masses under the same node numbers
    assert other == pytest.approx(np.full(15, -1 / 3), abs=1e-9)
    assert np.array_equal(OllivierGRC()(g).data, first)


def test_an_interrupt_ends_it_and_leaves_the_package_as_it_was(package: Any) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    for one in (OllivierGRC(), RicciFlow()):
        with pytest.raises(KeyboardInterrupt):
            one(families.erdos_renyi(60, 250), Context(progress=interrupt))
        assert package.mp is multiprocessing
    assert OllivierGRC()(families.complete(4)).data == pytest.approx(np.full(6, 2 / 3))


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("g", "sizes"),
    [(families.ring_of_cliques(4, 5), [5, 5, 5, 5]), (families.barbell(6), [6, 6]), (families.complete(5), [5])],
    ids=lambda x: getattr(x, "name", ""),
)
def test_flow_separates_cliques(g: Graph, sizes: list[int]) -> None:
    flow = RicciFlow()(g)
    community = np.array(flow.details["community"])
    assert flow.details["sizes"] == sizes
    assert community.tolist() == np.repeat(np.arange(len(sizes)), sizes).tolist()
    between = community[g.edges[:, 0]] != community[g.edges[:, 1]]
    assert flow.data.mean() == pytest.approx(1)
    if between.any():
        assert flow.data[between].min() > 10 * flow.data[~between].max()
        assert flow.details["modularity"] > 0.4
    assert RicciFlow()(g).details == flow.details


@pytest.mark.usefixtures("package")
def test_flow_of_a_ring_of_cliques_converges_to_constant_curvature() -> None:
    flow = RicciFlow(value="curvature")(families.ring_of_cliques(3, 4))
    assert flow.details["converged"]
    assert np.ptp(flow.data) < 1e-4


@pytest.mark.usefixtures("package")
def test_surgery_and_the_number_of_communities() -> None:
    g = families.barbell(4)
    cut = RicciFlow(surgery=2, cut=5.0)(g).details
    assert (cut["removed"], cut["communities"]) == (1, 2)
    assert RicciFlow(communities=2)(g).details["sizes"] == [4, 4]
    with pytest.raises(UsageError, match="cut=LENGTH"):
        RicciFlow(surgery=2)(g)
    with pytest.raises(NotApplicable, match="at most 8"):
        RicciFlow(communities=9)(g)


@pytest.mark.usefixtures("package")
def test_karate_communities_refine_the_two_factions() -> None:
    flow = RicciFlow(iterations=10)(real_graph("karate"))
    hi = {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21}
    community = np.array(flow.details["community"])
    faction = np.array([v in hi for v in range(34)])
    misplaced = sum(min(faction[community == c].sum(), (~faction)[community == c].sum()) for c in np.unique(community))
    assert misplaced <= 2  # nodes 8 and 9 stand between the factions
    assert flow.details["modularity"] > 0.38


def test_limits_and_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    g = families.grid(30, 30)
    if not pytest.importorskip("GraphRicciCurvature", reason=REASON):
        return
    with pytest.raises(LimitExceeded, match="ollivier"):
        OllivierGRC()(g, Context(limits=Limits(memory=10**7)))
    with pytest.raises(LimitExceeded, match="iterations"):
        RicciFlow(iterations=500)(g)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("GraphRicciCurvature"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for spec in ("ollivier_grc", "ricci_flow"):
        with pytest.raises(NotApplicable, match="pip install GraphRicciCurvature"):
            measure(g, spec)


@pytest.mark.usefixtures("package")
def test_a_flow_needs_memory_for_one_component_at_a_time() -> None:
    part = families.barbell(4)
    both = Graph(2 * part.n, np.concatenate([part.edges, part.edges + part.n]))
    tight = Context(limits=Limits(memory=PAIR * part.n**2))
    assert RicciFlow(iterations=1)(both, tight).data == pytest.approx(np.tile(RicciFlow(iterations=1)(part).data, 2))
    with pytest.raises(LimitExceeded, match="paths=pairwise"):  # fewer iterations would not help
        RicciFlow(iterations=1)(both, Context(limits=Limits(memory=PAIR * part.n**2 - 1)))

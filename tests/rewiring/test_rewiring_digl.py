"""DIGL: the error bound, the compiled path, which pairs are kept, their weights, partial results, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import naive_diffusion as naive
from reference.files import real_graph
from strategies import graphs

from mixcli.context import Context
from mixcli.errors import LimitExceeded, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import measure
from mixcli.numerics import diffusion
from mixcli.numerics.diffusion import Transition, rows, work
from mixcli.rewiring.base import Constraints, Rewired, apply, rewire
from mixcli.rewiring.graph.digl import DIGL
from mixcli.tracing.curve import trace

EXAMPLES = settings(max_examples=40, deadline=None)
KERNELS = st.sampled_from([("ppr", 0.15), ("ppr", 0.05), ("ppr", 0.9), ("heat", 0.3), ("heat", 5.0), ("heat", 30.0)])


def dense(walk: Transition, kernel: str, rate: float, tolerance: float) -> np.ndarray:
    out = np.zeros((walk.n, walk.n))
    for source, nodes, values in rows(walk, kernel, rate, tolerance):
        assert len(set(nodes.tolist())) == len(nodes)
        out[source, nodes] = values
    return out


def method(kernel: str, rate: float, **changes: object) -> DIGL:
    return DIGL(kernel=kernel, **({"alpha": rate} if kernel == "ppr" else {"t": rate}), **changes)


def edges(done: Rewired) -> set[tuple[int, int]]:
    return set(map(tuple, done.graph.edges.tolist()))


@given(
    g=graphs(max_nodes=10, weighted=True),
    case=KERNELS,
    loops=st.sampled_from([0.0, 1.0, 0.25]),
    tolerance=st.sampled_from([1e-2, 1e-4, 1e-8]),
)
@EXAMPLES
def test_every_entry_is_within_its_bound(g: Graph, case: tuple, loops: float, tolerance: float) -> None:
    exact = naive.diffusion(g, *case, loops)
    root = naive.roots(g, loops)
    missing = exact - dense(Transition(g, loops), *case, tolerance)
    assert missing.min() > -1e-12
    assert (missing <= tolerance * np.outer(root, root) + 1e-12).all()


@given(g=graphs(max_nodes=9), case=KERNELS)
@EXAMPLES
def test_compiled_rows_are_the_plain_ones(g: Graph, case: tuple) -> None:
    walk = Transition(g, 1.0)
    plain = [(s, n.tolist(), v.tolist()) for s, n, v in rows(walk, *case, 1e-5)]
    before, diffusion.PLAN.spent = diffusion.PLAN.spent, 1e9
    try:
        assert [(s, n.tolist(), v.tolist()) for s, n, v in rows(walk, *case, 1e-5)] == plain
    finally:
        diffusion.PLAN.spent, diffusion.PLAN.loaded = before, False


LEAFY = [
    families.star(8), families.tree(2, 3), families.path(5), Graph(5, np.array([[0, 1], [2, 3]])), families.path(2),
    Graph(
        6, np.array([[0, 1], [0, 3], [0, 4], [0, 5], [1, 2], [2, 3]]), weight=np.array([1.0, 9.0, 0.1, 1.0, 2.0, 0.01])
    ),
]  # fmt: skip


@pytest.mark.parametrize("g", LEAFY, ids=lambda g: f"{g.name or 'own'}:{g.m}")
@pytest.mark.parametrize("loops", [0.0, 1.0])
def test_rows_of_leaves_are_those_of_the_dense_matrix(g: Graph, loops: float) -> None:
    """Leaves are left out of the pushing and come back by factors; of two nodes that have only each other one does."""
    exact, root = naive.diffusion(g, "ppr", 0.15, loops), naive.roots(g, loops)
    for tolerance in (1e-12, 1e-3, 0.1):
        missing = exact - dense(Transition(g, loops), "ppr", 0.15, tolerance)
        assert missing.min() > -1e-14
        assert (missing <= tolerance * np.outer(root, root) + 1e-14).all()


def test_threads_change_nothing() -> None:
    g = families.barabasi_albert(300, 2)
    walk = Transition(g, 1.0)
    expected = [(s, n.tolist(), v.tolist()) for s, n, v in rows(walk, "ppr", 0.15, 1e-5)]
    before = diffusion.PLAN.spent, diffusion.PLAN.loaded
    diffusion.PLAN.loaded = True
    try:
        for threads in (2, 3):
            found = [(s, n.tolist(), v.tolist()) for s, n, v in rows(walk, "ppr", 0.15, 1e-5, threads)]
            assert found == expected
    finally:
        diffusion.PLAN.spent, diffusion.PLAN.loaded = before


@pytest.mark.parametrize("kernel", ["ppr", "heat"])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-5])
def test_nodes_alike_by_symmetry_tie_whatever_the_tolerance(kernel: str, tolerance: float) -> None:
    """Each column keeps its own entry and one of two equal ones: the smaller node's."""
    for n in (3, 9, 10):
        done = apply(DIGL(kernel=kernel, k=2, tolerance=tolerance), families.cycle(n))
        assert edges(done) == {(v - 1, v) for v in range(1, n - 1)} | {(0, n - 1)}
    fan = apply(DIGL(kernel=kernel, k=3, tolerance=tolerance), families.star(8))
    kept = {e for e in edges(fan) if e[0] != 0}
    assert kept == {(1, v) for v in range(2, fan.graph.n)}


def test_closed_form_on_two_nodes() -> None:
    """T = [[1/2, 1/2], [1/2, 1/2]]: S has (1 - α)/2 off the diagonal, and (1 - e^-t)/2 for heat."""
    walk = Transition(families.path(2), 1.0)
    assert dense(walk, "ppr", 0.2, 1e-12)[0] == pytest.approx([0.6, 0.4], abs=1e-11)
    assert dense(walk, "heat", 2.0, 1e-12)[0, 1] == pytest.approx((1 - np.exp(-2)) / 2, abs=1e-11)


@given(
    g=graphs(max_nodes=9, weighted=True), plain=st.booleans(), case=KERNELS, k=st.integers(1, 10),
    eps=st.sampled_from([0.3, 0.03, 0.003]), sparsify=st.sampled_from(["top_k", "threshold"]),
)  # fmt: skip
@EXAMPLES
def test_pairs_and_weights_are_those_of_the_dense_matrix(
    g: Graph, plain: bool, case: tuple, k: int, eps: float, sparsify: str
) -> None:
    g = Graph(g.n, g.edges) if plain else g
    s = naive.diffusion(g, *case, 1.0)
    if sparsify == "threshold":
        assume(abs(s - eps).min() > 1e-6)
    else:
        lines = np.sort(s, axis=0)
        close = np.diff(lines, axis=0)
        assume(((close < 1e-13) | (close > 1e-8)).all())
    done = apply(method(*case, sparsify=sparsify, k=k, eps=eps, tolerance=1e-12), g)
    keep = naive.kept(s, sparsify, k, eps)
    expected = {(u, v) for u in range(g.n) for v in range(u + 1, g.n) if keep[u, v]}
    assert edges(done) == expected
    if expected:
        u, v = done.graph.edges.T
        assert done.graph.weight == pytest.approx(naive.weights(s, keep)[u, v], rel=1e-6, abs=1e-11)
    assert [e.score for e in done.edits] == pytest.approx([s[e.u, e.v] for e in done.edits], abs=1e-8)


@given(g=graphs(max_nodes=12), k=st.integers(1, 12))
@EXAMPLES
def test_components_are_never_joined(g: Graph, k: int) -> None:
    of_node = g.components.of_node
    assert all(of_node[u] == of_node[v] for u, v in rewire(g, f"digl:k={k}").graph.edges.tolist())


def test_all_entries_give_complete_components() -> None:
    g = Graph(7, np.array([[0, 1], [1, 2], [3, 4], [4, 5]]))
    assert edges(rewire(g, "digl:k=99")) == {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}
    assert edges(rewire(g, "digl:k=1")) == set()


def test_strongest_additions_and_weakest_removals_come_first_in_turn() -> None:
    done = rewire(families.barbell(6, 2), "digl:k=4,weights=false")
    scores = {op: [e.score for e in done.edits if e.op == op] for op in ("add", "remove")}
    assert scores["add"] == sorted(scores["add"], reverse=True)
    assert scores["remove"] == sorted(scores["remove"])
    assert done.graph.weight is None


def test_a_partial_result_has_weights_on_every_edge() -> None:
    g = families.barbell(6, 2)
    full, part = apply(DIGL(k=4), g), apply(DIGL(k=4), g, budget=3)
    both = edges(full) & edges(part)
    weight = [{tuple(e): w for e, w in zip(r.graph.edges.tolist(), r.graph.weight, strict=True)} for r in (full, part)]
    assert all(weight[0][pair] == weight[1][pair] for pair in both)
    assert len(part.edits) == 3


def test_weights_of_the_graph_decide() -> None:
    g = Graph(3, np.array([[0, 1], [1, 2]]), weight=np.array([100.0, 0.01]))
    assert edges(rewire(g, "digl:sparsify=threshold,eps=0.1")) == {(0, 1)}


def test_constraints_are_kept() -> None:
    g = families.barbell(6, 2)
    limits = Constraints(max_degree=5, keep_connected=True, forbidden=frozenset({(0, 7)}))
    done = apply(DIGL(k=5), g, constraints=limits)
    assert done.graph.components.count == 1
    assert (0, 7) not in edges(done)
    assert (done.graph.weight > 0).all()


def test_too_much_work_is_refused_with_a_way_around() -> None:
    with pytest.raises(LimitExceeded, match="tolerance"):
        apply(DIGL(), families.cycle(5000), context=Context(limits=Limits(operations=1e6)))
    assert work(Transition(families.cycle(5000), 1.0), "ppr", 0.15, 1e-2) < 5000 * 1e3


def test_a_trace_measures_the_weighted_graph() -> None:
    found = trace(DIGL(k=5), families.barbell(6, 2), ["kirchhoff", "spectral_gap"], every=4)
    for name in ("kirchhoff", "spectral_gap"):
        after = measure(found.rewired.graph, name)[name].data
        assert found.looks[-1].values[name] == pytest.approx(after, rel=1e-9)


@pytest.mark.parametrize("kernel", ["ppr", "heat"])
def test_rough_tolerance_keeps_no_pair_without_weight(kernel: str) -> None:
    done = rewire(families.barabasi_albert(80, 3), f"digl:kernel={kernel},k=70,tolerance=0.01")
    assert (done.graph.weight > 0).all()


def test_parameters_out_of_range_are_refused() -> None:
    for spec in ("digl:alpha=0", "digl:k=0", "digl:t=0", "digl:kernel=cosine", "digl:tolerance=0"):
        with pytest.raises(UsageError):
            rewire(families.path(4), spec)


def test_karate_keeps_what_the_dense_matrix_keeps() -> None:
    g = real_graph("karate")
    s = naive.diffusion(g, "ppr", 0.15, 1.0)
    keep = naive.kept(s, "threshold", 0, 0.02)
    u, v = np.triu_indices(g.n, 1)
    expected = set(zip(u[keep[u, v]].tolist(), v[keep[u, v]].tolist(), strict=True))
    assert edges(rewire(g, "digl:sparsify=threshold,eps=0.02,tolerance=1e-9")) == expected

"""What the methods do under constraints: they always hold, and where they forbid nothing, nothing changes."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import graphs

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.numerics.extreme_allowed_pair import Partners, least_allowed_pair
from mixcli.numerics.local_curvature import LocalCurvature
from mixcli.numerics.neighbours import Neighbours
from mixcli.numerics.support import Surroundings
from mixcli.numerics.support_allowed import draw_allowed
from mixcli.numerics.support_gain import paper_gains
from mixcli.rewiring.base import Constraints, Rewired, Rules, apply

EXAMPLES = settings(max_examples=40, deadline=None)
OURS = ["sdrf", "sdrf:c_plus=-0.5", "sdrf:tau=inf", "fosr", "fosr:converged=true", "random"]
CONSTRAINED = [name for name in REWIRINGS if REWIRINGS.get(name).constrained]


@st.composite
def constraints(draw: st.DrawFn, n: int) -> Constraints:
    """Any mixture of a cap, forbidden pairs, kept components and sides."""
    pairs = list(combinations(range(n), 2))
    forbidden = draw(st.sets(st.sampled_from(pairs), max_size=2 * n)) if pairs and draw(st.booleans()) else set()
    sides = tuple(draw(st.integers(0, 2)) for _ in range(n)) if draw(st.booleans()) else None
    cap = draw(st.one_of(st.none(), st.integers(0, 5)))
    return Constraints(cap, frozenset((v, u) for u, v in forbidden), draw(st.booleans()), sides)


def run(spec: str, graph: Graph, seed: int, limits: Constraints | None) -> Rewired | None:
    try:
        return apply(REWIRINGS.make(spec), graph, context=Context(seed=seed), constraints=limits, budget=8)
    except NotApplicable:
        return None


@pytest.mark.parametrize("spec", [*OURS, *(n for n in CONSTRAINED if n not in OURS)])
@given(data=st.data(), g=graphs(max_nodes=9), seed=st.integers(0, 3))
@EXAMPLES
def test_constraints_hold_after_every_edit(spec: str, data: st.DataObject, g: Graph, seed: int) -> None:
    limits = data.draw(constraints(g.n))
    done = run(spec, g, seed, limits)
    if done is None:
        return
    now = networkx.Graph(g.edges.tolist())
    now.add_nodes_from(range(g.n))
    for edit in done.edits:
        if edit.op == "add":
            assert limits.max_degree is None or max(now.degree(edit.u), now.degree(edit.v)) < limits.max_degree
            assert not {(edit.u, edit.v), (edit.v, edit.u)} & limits.forbidden
            assert limits.sides is None or limits.sides[edit.u] != limits.sides[edit.v]
            now.add_edge(edit.u, edit.v)
        else:
            now.remove_edge(edit.u, edit.v)
            assert not limits.keep_connected or networkx.has_path(now, edit.u, edit.v)


@pytest.mark.parametrize("spec", [*OURS, *(n for n in CONSTRAINED if n not in OURS)])
@given(g=graphs(max_nodes=9), seed=st.integers(0, 3))
@EXAMPLES
def test_constraints_that_forbid_nothing_change_nothing(spec: str, g: Graph, seed: int) -> None:
    """A cap no node reaches, and a side of its own for every node."""
    free = run(spec, g, seed, None)
    if free is None:
        return
    for limits in (Constraints(max_degree=g.n), Constraints(sides=tuple(range(g.n)))):
        loose = run(spec, g, seed, limits)
        assert loose is not None
        assert loose.edits == free.edits


@given(data=st.data(), g=graphs(max_nodes=9))
@EXAMPLES
def test_least_allowed_pair_is_the_least_of_all_allowed_pairs(data: st.DataObject, g: Graph) -> None:
    limits = data.draw(constraints(g.n))
    scores = np.array([data.draw(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])) for _ in range(g.n)])
    rules = Rules(g, limits)
    around = Neighbours(g)
    pairs = [p for p in combinations(range(g.n), 2) if p[1] not in around[p[0]] and rules.may_add(*p)]
    expected = min(pairs, key=lambda p: (scores[p[0]] * scores[p[1]], p), default=None)
    sides = None if limits.sides is None else np.array(limits.sides)
    assert least_allowed_pair(scores, Partners(around, limits.forbidden), rules.open, sides) == expected


@given(data=st.data(), g=graphs(max_nodes=9))
@EXAMPLES
def test_sdrf_joins_the_best_allowed_candidate(data: st.DataObject, g: Graph) -> None:
    rules = Rules(g, data.draw(constraints(g.n)))
    lowest = LocalCurvature(g).lowest()
    if lowest is None:
        return
    near = Surroundings(Neighbours(g), lowest.u, lowest.v)
    gains = paper_gains(near, lowest.value)
    free = draw_allowed(near, gains, np.inf, np.random.default_rng(0), lambda u, v: True, None)
    found = draw_allowed(near, gains, np.inf, np.random.default_rng(0), rules.may_add, rules.open)
    assert found is None or rules.may_add(*found[:2])
    if free is not None and rules.may_add(*free[:2]):
        assert found == free


def test_sdrf_draws_allowed_candidates_by_their_weight() -> None:
    """τ = 0: uniform over what is allowed, whether the first draw was refused or not."""
    g, limits = families.barbell(4), Constraints(forbidden=frozenset({(3, 5), (3, 6)}))
    seen: Counter[tuple[int, int]] = Counter()
    for seed in range(600):
        done = apply(REWIRINGS.make("sdrf:tau=0,iterations=1"), g, context=Context(seed=seed), constraints=limits)
        seen[done.edits[0][1:3]] += 1
    bridge = {(u, v) for u in range(4) for v in range(4, 8)} - {(3, 4), (3, 5), (3, 6)}
    assert set(seen) == bridge
    expected = 600 / len(bridge)
    assert sum((c - expected) ** 2 / expected for c in seen.values()) < 36  # 99.99 % for 12 degrees of freedom: 39


def test_sdrf_goes_on_where_the_bottleneck_is_closed() -> None:
    """Everything around the bridge is forbidden, so the edge of next lowest curvature is helped."""
    g = families.barbell(4)
    closed = frozenset((u, v) for u in range(4) for v in range(4, 8))
    done = apply(REWIRINGS.make("sdrf:iterations=1"), g, constraints=Constraints(forbidden=closed))
    assert done.edits == ()
    path = families.path(7)
    first = apply(REWIRINGS.make("sdrf:iterations=1,tau=inf"), path).edits[0]
    again = apply(
        REWIRINGS.make("sdrf:iterations=1,tau=inf"), path, constraints=Constraints(forbidden=frozenset({first[1:3]}))
    )
    assert again.added == 1
    assert again.edits[0][1:3] != first[1:3]


@pytest.mark.parametrize("patience", [3, 1000])
def test_random_stays_uniform_under_constraints(monkeypatch, patience: int) -> None:
    monkeypatch.setattr("mixcli.rewiring.graph.random.PATIENCE", patience)
    g, limits = families.path(6), Constraints(max_degree=2, forbidden=frozenset({(0, 5)}))
    assert apply(REWIRINGS.make("random"), g, constraints=limits).edits == ()
    limits = Constraints(forbidden=frozenset({(0, 2), (0, 3), (1, 3)}), sides=(0, 0, 0, 1, 1, 1))
    seen = Counter(
        apply(REWIRINGS.make("random:1"), g, context=Context(seed=s), constraints=limits).edits[0][1:3]
        for s in range(900)
    )
    assert set(seen) == {(0, 4), (0, 5), (1, 4), (1, 5), (2, 4), (2, 5)}
    assert sum((c - 150) ** 2 / 150 for c in seen.values()) < 22.5


def test_random_says_where_too_many_pairs_would_have_to_be_listed() -> None:
    g = Graph(3000, np.array([[0, 1]]))
    limits = Constraints(sides=(0,) * 3000)
    with pytest.raises(LimitExceeded, match="loosen"):
        apply(REWIRINGS.make("random"), g, context=Context(limits=Limits(memory=10**6)), constraints=limits)


@pytest.mark.parametrize("spec", ["sdrf", "fosr", "random"])
def test_a_capped_power_law_graph_keeps_its_cap(spec: str) -> None:
    g = families.barabasi_albert(300, 2)
    done = apply(REWIRINGS.make(spec), g, budget=40, constraints=Constraints(max_degree=5))
    assert done.added == 40
    grown = done.graph.degree > g.degree
    assert done.graph.degree[grown].max() <= 5

"""AFRC: thresholds, edits against their definition, many graphs at once, the bound on additions, constraints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import FIFTY, graphs

from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.measures.base import measure
from mixcli.numerics.mixture import two_normals
from mixcli.rewiring.base import Constraints, Edit, apply, rewire
from mixcli.rewiring.graph.afrc import AFRC


def curvatures(g: Graph, cycles: int) -> np.ndarray:
    spec = f"augmented_forman:cycles={cycles}"
    return next(iter(measure(g, spec).values())).data


def thresholds(g: Graph, cycles: int) -> tuple[float, float]:
    kappa = curvatures(g, cycles)
    fit = two_normals(kappa, np.zeros(g.m, np.int64), 1)
    return float(fit.crossing[0]), float(fit.upper[0])


def obeys(g: Graph, edits: tuple[Edit, ...], cycles: int) -> None:
    """Every removal and every addition is one that the definition allows, and none that it asks for is left out."""
    low, high = thresholds(g, cycles)
    for step in range(max((e.step for e in edits), default=-1) + 1):
        mine = [e for e in edits if e.step == step]
        kappa = curvatures(g, cycles)
        of = dict(zip(map(tuple, g.edges.tolist()), kappa.tolist(), strict=True))
        removed = [e for e in mine if e.op == "remove"]
        assert sorted(e[1:3] for e in removed) == sorted(pair for pair, k in of.items() if k > high)
        assert [e.score for e in removed] == sorted((e.score for e in removed), reverse=True)
        assert all(e.score == of[e[1:3]] for e in removed)
        sets = {v: set() for v in range(g.n)}
        for u, v in set(of) - {e[1:3] for e in removed}:
            sets[u].add(v)
            sets[v].add(u)
        additions = iter(e for e in mine if e.op == "add")
        for (u, v), k in sorted(of.items(), key=lambda item: (item[1], item[0])):
            first, other = sets[u] - sets[v] - {v}, sets[v] - sets[u] - {u}
            if k >= low or not (first or other):
                continue
            edit = next(additions)
            end, partners = (v, first) if first else (u, other)
            assert edit.score == k
            assert end in edit[1:3]
            assert (set(edit[1:3]) - {end}) <= partners
            sets[edit.u].add(edit.v)
            sets[edit.v].add(edit.u)
        assert next(additions, None) is None
        g = Graph(g.n, np.array(sorted((u, v) for u in sets for v in sets[u] if u < v), dtype=np.int64).reshape(-1, 2))


@pytest.mark.parametrize("cycles", [3, 4])
def test_edits_are_those_of_the_definition(cycles: int) -> None:
    for g in FIFTY[::4]:
        obeys(g, apply(AFRC(3, cycles, None), g).edits, cycles)


def test_the_bridge_of_a_barbell_gets_company() -> None:
    done = rewire(families.barbell(5), "afrc:iterations=1,cycles=4").edits
    assert [(e.op, e.score) for e in done] == [("add", -6.0)]
    assert done[0].u < 5 <= done[0].v


def test_partners_are_drawn_evenly() -> None:
    g = families.barbell(5)
    found = {rewire(g, "afrc:iterations=1,cycles=4", context=Context(seed=seed)).edits[0][1:3] for seed in range(60)}
    assert found == {(u, 5) for u in range(4)}


def test_equal_curvatures_leave_nothing_to_do() -> None:
    for g in (families.cycle(8), families.complete(6), families.torus(4, 4), Graph(3, np.zeros((0, 2), np.int64))):
        assert rewire(g, "afrc:growth=none").edits == ()


@pytest.mark.parametrize("made", [AFRC(), AFRC(2, 4), AFRC(4, 3, None)], ids=repr)
def test_many_graphs_at_once_are_edited_like_each_alone(made: AFRC) -> None:
    many = [*FIFTY[:12], families.star(5), families.complete(5), Graph(0, FIFTY[0].edges[:0]), families.path(2)]
    assert made.edits_many(many, Context()) == [list(apply(made, g).edits) for g in many]
    budgets = [3 + 5 * (number % 4) for number in range(len(many))]
    endless = AFRC(10**6, made.cycles, made.growth)
    expected = [list(apply(made, g, budget=b).edits) for g, b in zip(many, budgets, strict=True)]
    assert endless.edits_many(many, Context(), budgets) == expected


@given(st.lists(graphs(max_nodes=8), max_size=5))
@settings(max_examples=25, deadline=None)
def test_any_graphs_at_once(many: list[Graph]) -> None:
    assert AFRC(2).edits_many(many, Context()) == [list(apply(AFRC(2), g).edits) for g in many]


@given(graphs(max_nodes=10), st.sampled_from([0.0, 0.2, 1.0]))
@settings(max_examples=40, deadline=None)
def test_additions_stop_at_the_bound(g: Graph, growth: float) -> None:
    assert apply(AFRC(5, 3, growth), g).added <= growth * g.m


def test_constraints_take_partners_away() -> None:
    g = families.barbell(5)
    no = frozenset({(0, 5), (1, 5), (2, 5)})
    held = apply(AFRC(1, 4), g, constraints=Constraints(forbidden=no))
    assert held.edits[0][1:3] == (3, 5)
    tree = families.tree(2, 4)
    kept = apply(AFRC(3), tree, constraints=Constraints(keep_connected=True))
    assert kept.graph.components.count == 1
    capped = apply(AFRC(3), FIFTY[2], constraints=Constraints(max_degree=6))
    assert max(capped.graph.degree[[e.u for e in capped.edits if e.op == "add"]]) <= 6


def test_mixture_finds_two_normals() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(-10, 2, 4000), rng.normal(5, 1, 1000)])
    fit = two_normals(rng.permutation(values), np.zeros(5000, np.int64), 1)
    assert np.allclose(fit.mean, [[-10, 5]], atol=0.15)
    assert np.allclose(fit.deviation, [[2, 1]], atol=0.15)
    assert np.allclose(fit.share, [[0.8, 0.2]], atol=0.01)
    assert fit.crossing[0] == pytest.approx(0.0, abs=0.2)
    assert fit.upper[0] == pytest.approx(6.0, abs=0.2)


def test_mixture_raises_the_likelihood_of_the_best_split() -> None:
    """Against a plain loop of expectation maximisation over the numbers themselves."""
    rng = np.random.default_rng(1)
    values = rng.integers(-12, 6, 60).astype(float)
    fit = two_normals(values, np.zeros(60, np.int64), 1)
    ordered = np.sort(values)
    cuts = [c for c in range(1, 60) if ordered[c] > ordered[c - 1]]
    cut = min(cuts, key=lambda c: ordered[:c].var() * c + ordered[c:].var() * (60 - c))
    parts = (ordered[:cut], ordered[cut:])
    mean, deviation = np.array([p.mean() for p in parts]), np.array([p.std() for p in parts])
    share = np.array([cut, 60 - cut]) / 60
    for _ in range(fit.steps):
        density = share / deviation * np.exp(-0.5 * ((ordered[:, None] - mean) / deviation) ** 2)
        odds = density / density.sum(axis=1)[:, None]
        share = odds.mean(axis=0)
        mean = (odds * ordered[:, None]).sum(axis=0) / odds.sum(axis=0)
        deviation = np.sqrt((odds * (ordered[:, None] - mean) ** 2).sum(axis=0) / odds.sum(axis=0))
    assert np.allclose(fit.mean[0], mean)
    assert np.allclose(fit.deviation[0], deviation)


def test_mixture_of_several_samples_is_that_of_each() -> None:
    rng = np.random.default_rng(2)
    parts = [rng.integers(-5, 5, size).astype(float) for size in (1, 0, 2, 7, 30, 4)] + [np.full(4, 2.0)]
    together = two_normals(np.concatenate(parts), np.repeat(np.arange(7), [len(p) for p in parts]), 7)
    for number, part in enumerate(parts):
        alone = two_normals(part, np.zeros(len(part), np.int64), 1)
        for one, all_ in zip(alone[:3], together[:3], strict=True):
            assert np.array_equal(one[0], all_[number], equal_nan=True)
        assert np.isnan(alone.upper[0]) == (len(set(part.tolist())) < 2)

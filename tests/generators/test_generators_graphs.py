"""The zoo: sizes and degrees in closed form, the same edges as networkx, random families by their laws."""

from __future__ import annotations

from math import comb

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.catalog import GRAPHS
from mixcli.errors import UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph


def edges_of(other: nx.Graph) -> list[list[int]]:
    return sorted([min(e), max(e)] for e in other.edges)


@pytest.mark.parametrize(
    ("g", "other"),
    [
        (families.path(7), nx.path_graph(7)),
        (families.path(1), nx.path_graph(1)),
        (families.cycle(3), nx.cycle_graph(3)),
        (families.cycle(8), nx.cycle_graph(8)),
        (families.complete(1), nx.complete_graph(1)),
        (families.complete(6), nx.complete_graph(6)),
        (families.star(2), nx.star_graph(1)),
        (families.star(9), nx.star_graph(8)),
        (families.bipartite(3, 4), nx.complete_bipartite_graph(3, 4)),
        (families.tree(3, 3), nx.balanced_tree(3, 3)),
        (families.tree(1, 4), nx.path_graph(5)),
        (families.tree(4, 0), nx.path_graph(1)),
        (families.petersen(), nx.petersen_graph()),
        (families.barbell(2), nx.path_graph(4)),
        (families.barbell(5), nx.barbell_graph(5, 0)),
        (families.barbell(4, 3), nx.barbell_graph(4, 3)),
        (families.lollipop(5, 3), nx.lollipop_graph(5, 3)),
        (families.lollipop(4, 0), nx.complete_graph(4)),
    ],
    ids=lambda x: repr(x) if isinstance(x, Graph) else "",
)
def test_same_numbering_as_networkx(g: Graph, other: nx.Graph) -> None:
    assert g.n == other.number_of_nodes()
    assert g.edges.tolist() == edges_of(other)


@pytest.mark.parametrize(
    ("g", "other"),
    [
        (families.grid(3, 5), nx.grid_2d_graph(3, 5)),
        (families.grid(1, 4), nx.path_graph(4)),
        (families.torus(3, 4), nx.grid_2d_graph(3, 4, periodic=True)),
        (families.torus(5, 3), nx.grid_2d_graph(5, 3, periodic=True)),
        (families.hypercube(0), nx.path_graph(1)),
        (families.hypercube(4), nx.hypercube_graph(4)),
        (families.ring_of_cliques(3, 2), nx.cycle_graph(6)),
    ],
    ids=lambda x: repr(x) if isinstance(x, Graph) else "",
)
def test_isomorphic_to_networkx(g: Graph, other: nx.Graph) -> None:
    mine = nx.Graph(g.edges.tolist())
    mine.add_nodes_from(range(g.n))
    assert nx.is_isomorphic(mine, other)


@pytest.mark.parametrize(
    ("g", "m", "degrees"),
    [
        (families.path(9), 8, {1: 2, 2: 7}),
        (families.torus(6, 7), 84, {4: 42}),
        (families.hypercube(5), 80, {5: 32}),
        (families.grid(4, 6), 38, {2: 4, 3: 12, 4: 8}),
        (families.barbell(6, 2), 2 * comb(6, 2) + 3, {2: 2, 5: 10, 6: 2}),
        (families.ring_of_cliques(4, 5), 4 * comb(5, 2) + 4, {4: 12, 5: 8}),
        (families.regular(20, 4, 1), 40, {4: 20}),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_sizes_and_degrees(g: Graph, m: int, degrees: dict[int, int]) -> None:
    assert g.m == m
    values, counts = np.unique(g.degree, return_counts=True)
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == degrees
    assert g.components.count == 1


@pytest.mark.parametrize("name", list(GRAPHS))
def test_every_family_of_the_catalog_has_defaults_a_name_and_a_summary(name: str) -> None:
    g = GRAPHS.get(name)()
    assert g.name == name
    assert not g.directed
    assert g.weight is None
    assert GRAPHS.summary(name).endswith(".")


RANDOM = {
    "erdos_renyi": lambda seed: families.erdos_renyi(30, 60, seed),
    "erdos_renyi, dense": lambda seed: families.erdos_renyi(12, 40, seed),
    "barabasi_albert": lambda seed: families.barabasi_albert(30, 2, seed),
    "watts_strogatz": lambda seed: families.watts_strogatz(30, 4, 0.3, seed),
    "regular": lambda seed: families.regular(20, 3, seed),
}


@pytest.mark.parametrize("family", RANDOM)
def test_a_seed_gives_one_graph_and_seeds_differ(family: str) -> None:
    prints = [RANDOM[family](seed).fingerprint for seed in (0, 1, 2, 0)]
    assert prints[0] == prints[3]
    assert len(set(prints)) == 3


@given(st.integers(1, 12), st.floats(0, 1), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_erdos_renyi_has_the_edges_asked_for(n: int, share: float, seed: int) -> None:
    m = round(share * comb(n, 2))
    g = families.erdos_renyi(n, m, seed)
    assert (g.n, g.m) == (n, m)


def test_erdos_renyi_is_uniform_over_graphs() -> None:
    """Two edges on four nodes: 15 graphs; a quarter as likely or four times as likely would show."""
    found = [families.erdos_renyi(4, 2, seed).fingerprint for seed in range(1500)]
    counts = np.unique(found, return_counts=True)[1]
    assert len(counts) == 15
    assert ((counts - 100) ** 2 / 100).sum() < 42.6  # 99.99 % quantile of chi-square with 14 degrees of freedom


@given(st.integers(1, 5), st.integers(0, 30), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_barabasi_albert_has_m_edges_per_later_node(m: int, more: int, seed: int) -> None:
    n = m + 1 + more
    g = families.barabasi_albert(n, m, seed)
    assert g.m == m * (n - m)
    assert g.components.count == 1
    later = g.edges[:, 1]
    assert np.bincount(later, minlength=n)[m:].tolist() == [m] * (n - m)


def test_barabasi_albert_prefers_high_degrees() -> None:
    grown, uniform = families.barabasi_albert(2000, 2), families.erdos_renyi(2000, 3996)
    assert grown.degree.max() > 3 * uniform.degree.max()


@given(st.integers(6, 30), st.sampled_from([2, 4]), st.floats(0, 1), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_watts_strogatz_keeps_the_number_of_edges(n: int, k: int, p: float, seed: int) -> None:
    g = families.watts_strogatz(n, k, p, seed)
    assert (g.n, g.m) == (n, n * k // 2)


def test_watts_strogatz_without_moves_is_the_ring() -> None:
    assert families.watts_strogatz(20, 6, 0.0).edges.tolist() == edges_of(nx.watts_strogatz_graph(20, 6, 0.0))


@given(st.integers(1, 16), st.integers(0, 15), st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_regular_is_regular(n: int, d: int, seed: int) -> None:
    if d >= n or n * d % 2:
        with pytest.raises(UsageError):
            families.regular(n, d, seed)
    else:
        assert (families.regular(n, d, seed).degree == d).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: families.path(0),
        lambda: families.cycle(2),
        lambda: families.complete(0),
        lambda: families.star(1),
        lambda: families.bipartite(0, 3),
        lambda: families.grid(0, 3),
        lambda: families.torus(2, 5),
        lambda: families.hypercube(-1),
        lambda: families.tree(0, 3),
        lambda: families.barbell(1),
        lambda: families.barbell(3, -1),
        lambda: families.lollipop(1, 2),
        lambda: families.ring_of_cliques(2, 5),
        lambda: families.erdos_renyi(4, 7),
        lambda: families.barabasi_albert(3, 3),
        lambda: families.watts_strogatz(10, 3, 0.1),
        lambda: families.watts_strogatz(10, 4, 1.5),
        lambda: families.regular(5, 3),
    ],
)
def test_sizes_that_make_no_sense_are_refused(call) -> None:
    with pytest.raises(UsageError):
        call()

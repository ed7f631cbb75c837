"""Random edges: uniform over the pairs that are free, exact up to the complete graph, seeded."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import graphs

from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.rewiring.base import rewire


def first(g: Graph, seed: int) -> tuple[int, int]:
    return rewire(g, "random:iterations=1", context=Context(seed=seed)).edits[0][1:3]


@pytest.mark.parametrize("g", [families.path(5), families.bipartite(3, 3)], ids=lambda g: g.name)
def test_uniform_over_the_free_pairs(g: Graph) -> None:
    """Both ways of drawing: the path is sparse, K_{3,3} has more than half of all pairs."""
    free = set(combinations(range(g.n), 2)) - set(map(tuple, g.edges.tolist()))
    seen = Counter(first(g, seed) for seed in range(1200))
    assert set(seen) == free
    expected = 1200 / len(free)
    chi_square = sum((c - expected) ** 2 / expected for c in seen.values())
    assert chi_square < 22.5  # 99.99 % quantile for 5 degrees of freedom is 25.7, for 4 it is 23.5


@given(graphs(max_nodes=8), st.integers(0, 40), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_adds_what_is_asked_for_or_all_there_is(g: Graph, iterations: int, seed: int) -> None:
    done = rewire(g, f"random:iterations={iterations}", context=Context(seed=seed))
    assert done.added == min(iterations, g.n * (g.n - 1) // 2 - g.m)
    assert done.removed == 0


@given(graphs(max_nodes=8))
@settings(max_examples=30, deadline=None)
def test_fewer_edges_are_a_prefix_across_the_change_of_method(g: Graph) -> None:
    full = rewire(g, "random:iterations=99").edits
    for k in range(len(full)):
        assert rewire(g, f"random:iterations={k}").edits == full[:k]


def test_seeds_differ_and_repeat() -> None:
    g = families.cycle(50)
    runs = [rewire(g, "random", context=Context(seed=s)).edits for s in (0, 1, 0)]
    assert runs[0] == runs[2] != runs[1]


def test_large_graph_costs_no_table_of_pairs() -> None:
    arcs = np.stack([np.arange(999_999), np.arange(1, 1_000_000)], axis=1)
    assert rewire(Graph(1_000_000, arcs), "random:iterations=1000").graph.m == 1_000_999

"""BORF on given plans: what a plan decides, and edit for edit on plans of POT's network simplex."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from reference.files import real_graph
from strategies import FIFTY

from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics.motifs import neighbour_sets
from mixcli.numerics.transport_pair import Pair, farthest_pair, pair_of_plan
from mixcli.rewiring.base import apply
from mixcli.rewiring.graph.borf import BORF

ot = pytest.importorskip("ot", reason="POT is not installed")

Plan = tuple[list[int], list[int], list[list[int]], list[list[int]]]
GRAPHS = [
    *FIFTY[:10], families.barbell(5), families.lollipop(5, 3), families.tree(2, 4), families.cycle(7),
    families.grid(4, 5),
]  # fmt: skip
FINE = 10_000
"""Steps a unit of distance is cut into: more than any edge here has mass, so one step never makes a plan dearer."""


def hops(g: Graph) -> np.ndarray:
    from scipy.sparse.csgraph import shortest_path

    return shortest_path(g.adjacency, unweighted=True)


def plan_of_pot(g: Graph, u: int, v: int, apart: np.ndarray, *, shared_stays: bool = True) -> Plan:
    """Sources, targets, an optimal plan over d_u d_v and hops; mass that both ends share stays, or may be moved."""
    a = g.adjacency.toarray()
    mu, nu = a[u] * g.degree[v], a[v] * g.degree[u]
    both = np.minimum(mu, nu) if shared_stays else np.zeros(g.n)
    mu, nu = mu - both, nu - both
    s, t = np.flatnonzero(mu), np.flatnonzero(nu)
    cost = apart[np.ix_(s, t)]
    plan = np.rint(ot.emd(mu[s], nu[t], cost)).astype(int)
    assert (plan.sum(axis=1) == mu[s]).all()
    assert (plan.sum(axis=0) == nu[t]).all()
    return s.tolist(), t.tolist(), plan.tolist(), cost.astype(int).tolist()


def most_carried(plan: Plan) -> Plan:
    """The same problem with what each pair carries at most: POT's optimal plan where this pair is a trifle cheaper."""
    sources, targets, mass, cost = plan
    supply, demand = np.sum(mass, axis=1, dtype=float), np.sum(mass, axis=0, dtype=float)
    least, dear = int((np.array(mass) * cost).sum()), np.array(cost, dtype=float) * FINE
    most = np.zeros_like(mass)
    for at in np.ndindex(most.shape):
        dear[at] -= 1
        found = np.rint(ot.emd(supply, demand, dear)).astype(int)
        dear[at] += 1
        assert (found * cost).sum() == least
        most[at] = found[at]
    return sources, targets, most.tolist(), cost


@pytest.mark.parametrize(
    ("mass", "pair"),
    [
        ([[5, 0, 0], [0, 5, 0], [0, 0, 5]], Pair(0, 6, 3, 15)),  # equal products: the smallest pair
        ([[0, 5, 0], [5, 0, 0], [0, 0, 5]], Pair(0, 7, 3, 15)),  # the one a solver may return on a barbell
        ([[1, 2, 2], [4, 1, 0], [0, 2, 3]], Pair(1, 6, 3, 12)),  # mass decides at equal distance
        ([[0, 0, 0], [0, 0, 0], [0, 0, 0]], Pair(-1, -1, 0, 0)),  # nothing moves
    ],
)
def test_what_a_plan_decides(mass: list[list[int]], pair: Pair) -> None:
    assert pair_of_plan([0, 1, 2], [6, 7, 8], mass, [[3] * 3] * 3) == pair


def test_distance_counts_as_much_as_mass() -> None:
    assert pair_of_plan([0, 1], [5, 6], [[4, 0], [0, 3]], [[2, 2], [2, 3]]) == Pair(1, 6, 3, 9)
    assert pair_of_plan([0, 1], [5, 6], [[3, 0], [0, 2]], [[2, 2], [3, 3]]) == Pair(0, 5, 2, 6)
    assert pair_of_plan([0, 5], [5, 6], [[0, 3], [9, 0]], [[1, 1], [0, 1]]) == Pair(0, 6, 1, 3)  # 5 to 5 is no pair


@pytest.mark.parametrize("shared_stays", [True, False])
def test_decisions_of_single_plans(shared_stays: bool) -> None:
    """Ours is over all plans: one plan of POT never has more distance times mass, and often the same."""
    same = other = 0
    for g in GRAPHS:
        apart, sets = hops(g), neighbour_sets(*g.csr[:2])
        for u, v in g.edges.tolist():
            decided = pair_of_plan(*plan_of_pot(g, u, v, apart, shared_stays=shared_stays))
            ours = farthest_pair(sets, u, v)
            assert decided.value <= ours.value or not shared_stays
            same += decided.value == ours.value
            other += decided.value != ours.value
    assert same > other


def by_given_plans(g: Graph, batches: int, h: int, k: int) -> list[tuple[str, int, int]]:
    """Algorithm 1 with everything from POT: curvatures from the cost of its plans, pairs from those favouring each."""
    edits = []
    for _ in range(batches):
        apart, d = hops(g), g.degree
        plans = {(u, v): plan_of_pot(g, u, v, apart) for u, v in g.edges.tolist()}
        cost = {e: Fraction(int((np.array(p[2]) * p[3]).sum()), int(d[list(e)].prod())) for e, p in plans.items()}
        order = sorted(plans, key=lambda e: (-cost[e], e))
        there, fresh = set(plans), []
        for e in order[:h]:
            pair = pair_of_plan(*most_carried(plans[e]))
            ends = (min(pair[:2]), max(pair[:2]))
            if pair.distance > 1 and ends not in there and ends not in fresh:
                fresh.append(ends)
        gone = order[::-1][:k]
        edits += [("add", *e) for e in fresh] + [("remove", *e) for e in gone]
        g = Graph(g.n, np.array(sorted((there | set(fresh)) - set(gone))))
    return edits


@pytest.mark.parametrize(("h", "k"), [(1, 0), (3, 1), (4, 2)])
def test_sequence_on_given_plans(h: int, k: int) -> None:
    for g in GRAPHS:
        assert [e[:3] for e in apply(BORF(2, h, k), g).edits] == by_given_plans(g, 2, h, k)


def test_karate_on_given_plans() -> None:
    g = real_graph("karate")
    assert [e[:3] for e in apply(BORF(2, 5, 3), g).edits] == by_given_plans(g, 2, 5, 3)

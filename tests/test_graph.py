"""Graph: canonical form, what is counted on the way to it, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import graphs

from mixcli.errors import InputError
from mixcli.generators.graphs import barbell, cycle
from mixcli.graph import REVERSE, Graph, LayerPlan, from_arcs, is_symmetric
from mixcli.provenance import Step, dumps, loads

READ = Step("read", "test")


def arcs(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def test_listing_once_makes_parallel_edges_of_both_orders() -> None:
    g = from_arcs(3, arcs((1, 0), (0, 1), (1, 2)), directed=False, weight=np.array([2.0, 3, 4]), step=READ)
    assert g.edges.tolist() == [[0, 1], [1, 2]]
    assert g.weight.tolist() == [5, 4]  # conductances in parallel add
    assert g.notes == {"parallel_edges": 1}


def test_listing_both_makes_one_edge_of_both_orders() -> None:
    g = from_arcs(
        3, arcs((1, 0), (0, 1), (1, 2)), directed=False, listing="both", weight=np.array([2.0, 4, 4]), step=READ
    )
    assert g.weight.tolist() == [3, 4]
    assert g.notes == {"both_directions": 1, "one_direction": 1, "weights_averaged": 1}


def test_payload_that_differs_by_direction_is_kept_twice() -> None:
    g = from_arcs(
        2, arcs((1, 0), (0, 1)), directed=False, listing="both", edge={"a": np.array([7, 8]), "b": np.array([1, 1])}
    )
    assert g.edge["a"].tolist() == [8]
    assert g.edge["a" + REVERSE].tolist() == [7]
    assert "b" + REVERSE not in g.edge


def test_self_loops_and_zero_weights_are_left_out_and_counted() -> None:
    g = from_arcs(3, arcs((0, 0), (0, 1), (1, 2)), directed=False, weight=np.array([1.0, 0, 1]), step=READ)
    assert g.edges.tolist() == [[1, 2]]
    assert g.weight is None  # what is left is all ones
    assert g.notes == {"self_loops": 1, "zero_weight": 1}


def test_directed_keeps_both_arcs() -> None:
    g = from_arcs(2, arcs((1, 0), (0, 1)), directed=True)
    assert g.m == 2
    assert g.undirected().m == 1


@pytest.mark.parametrize(
    ("pairs", "weight", "says"),
    [
        ([(0, 3)], None, r"edge \(0, 3\)"),
        ([(-1, 0)], None, r"edge \(-1, 0\)"),
        ([(0, 1)], [np.nan], "finite edge weights"),
        ([(0, 1)], [np.inf], "finite edge weights"),
        ([(0, 1)], [-1.0], "edge weights >= 0"),
        ([(0, 1)], [1.0, 2.0], "1 edge weights"),
    ],
)
def test_refused(pairs: list[tuple[int, int]], weight: list[float] | None, says: str) -> None:
    with pytest.raises(InputError, match=says):
        from_arcs(3, arcs(*pairs), directed=False, weight=None if weight is None else np.array(weight))


@pytest.mark.parametrize("edges", [[(1, 0)], [(0, 0)], [(0, 1), (0, 1)], [(1, 2), (0, 1)], [(0, 5)]])
def test_a_graph_cannot_be_made_with_edges_that_are_not_canonical(edges: list[tuple[int, int]]) -> None:
    with pytest.raises(InputError):
        Graph(3, arcs(*edges))


def test_neighbour_lists() -> None:
    indptr, indices, ids = cycle(4).csr
    assert indptr.tolist() == [0, 2, 4, 6, 8]
    assert indices.tolist() == [1, 3, 0, 2, 1, 3, 0, 2]
    assert cycle(4).edges[ids[0]].tolist() == [0, 1]


@pytest.mark.parametrize("n", [5, 300, 70_000, 200_000])
@pytest.mark.parametrize("directed", [False, True])
def test_neighbour_lists_are_sorted_whatever_the_size(n: int, directed: bool) -> None:
    pairs = np.random.default_rng(n).integers(0, n, (500, 2))
    g = from_arcs(n, pairs[pairs[:, 0] != pairs[:, 1]], directed=directed)
    indptr, indices, edge = g.csr
    u, v = g.edges.T if directed else np.concatenate([g.edges, g.edges[:, ::-1]]).T
    row = np.repeat(np.arange(n), np.diff(indptr))
    order = np.lexsort((v, u))
    assert np.array_equal(row, u[order])
    assert np.array_equal(indices, v[order])
    assert all({row[k], indices[k]} == set(g.edges[edge[k]]) for k in range(0, len(edge), 7))


def test_components_are_numbered_by_their_smallest_node() -> None:
    c = from_arcs(5, arcs((3, 4), (0, 2)), directed=False).components
    assert c.count == 3
    assert c.of_node.tolist() == [0, 1, 0, 2, 2]
    assert c.largest == 0


def test_empty_graphs() -> None:
    for n in (0, 1, 3):
        g = Graph(n, arcs())
        assert (g.components.count, g.m, len(g.degree)) == (n, 0, n)
        assert g.adjacency.shape == (n, n)


def test_subgraph_and_component() -> None:
    g = barbell(3, 0)
    assert g.subgraph(np.array([2, 3])).edges.tolist() == [[0, 1]]
    assert g.component(0).m == g.m


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_symmetric_listing_gives_the_same_graph_as_listing_once(pairs: list[tuple[int, int]]) -> None:
    unique = sorted({(min(p), max(p)) for p in pairs if p[0] != p[1]})
    once = from_arcs(7, arcs(*unique), directed=False)
    both_ways = arcs(*unique, *[(v, u) for u, v in unique])
    both = from_arcs(7, both_ways, directed=False, listing="both")
    assert is_symmetric(7, both_ways)
    assert once.fingerprint == both.fingerprint
    assert once.edges.tolist() == [list(p) for p in unique]


def test_provenance_survives_text() -> None:
    steps = (Step("read", "gml", sha256="ab", notes={"self_loops": 2}), Step("rewire", "sdrf", seed=1))
    assert loads(dumps(steps)) == steps
    assert loads("not json") == ()
    assert loads("{}") == ()


def test_layer_plan_survives_text() -> None:
    plan = LayerPlan(last="mean")
    assert LayerPlan.from_json(plan.to_json()) == plan
    assert not LayerPlan()


@given(g=graphs(max_nodes=14))
def test_components_of_small_graphs_are_those_of_large_ones(g: Graph) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mixcli.graph.FEW", 0)
        large = Graph(g.n, g.edges).components if g.n else g.components
    small = Graph(g.n, g.edges).components
    assert small.count == large.count
    assert np.array_equal(small.of_node, large.of_node)
    assert np.array_equal(small.sizes, large.sizes)
    assert small.of_node.dtype == large.of_node.dtype
    both = np.concatenate([g.edges, g.edges[:, ::-1]])
    one_way = Graph(g.n, np.array(sorted(map(tuple, both.tolist())), dtype=np.int64).reshape(-1, 2), directed=True)
    assert np.array_equal(one_way.components.of_node, small.of_node)

"""Applying edits: against a table of all edges, payload, weights, types, budgets, interruption, hostile edits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_rewiring
from strategies import graphs

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import REVERSE, Graph
from mixcli.provenance import Step
from mixcli.rewiring.base import Edit, Rewiring, Rules, apply, apply_edits, rewire
from mixcli.spec import param


@dataclass(frozen=True)
class Growing(Rewiring):
    """Adds the pairs that are free, in order."""

    iterations: int = param(3, "edges to add", ge=0)
    seeded = False

    def edits(self, graph: Graph, context: Context, rules: Rules):
        there = set(map(tuple, graph.edges.tolist()))
        free = [(u, v) for u in range(graph.n) for v in range(u + 1, graph.n) if (u, v) not in there]
        for step, (u, v) in enumerate(free[: self.iterations]):
            yield Edit("add", u, v, float(step), step)


def add(u: int, v: int) -> Edit:
    return Edit("add", u, v, 0.0, 0)


def remove(u: int, v: int) -> Edit:
    return Edit("remove", u, v, 0.0, 0)


@st.composite
def edited_graphs(draw: st.DrawFn) -> tuple[Graph, list[Edit]]:
    """A graph with payload and weights, and possible edits of it, some of which come and go."""
    g = draw(graphs(max_nodes=8, weighted=draw(st.booleans())))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    g = g.replace(edge={"edge_attr": rng.normal(size=(g.m, 2)), "kind": rng.integers(0, 9, g.m)})
    there = set(map(tuple, g.edges.tolist()))
    edits = []
    for _ in range(draw(st.integers(0, 12)) if g.n > 1 else 0):
        u, v = sorted(rng.choice(g.n, 2, replace=False).tolist())
        edits.append(remove(u, v) if (u, v) in there else add(u, v))
        there ^= {(u, v)}
    return g, edits


@given(edited_graphs())
@settings(max_examples=150, deadline=None)
def test_same_as_a_table_of_all_edges(case: tuple[Graph, list[Edit]]) -> None:
    g, edits = case
    after, table = apply_edits(g, edits), naive_rewiring.edited(g, [e[:3] for e in edits])
    assert list(map(tuple, after.edges.tolist())) == sorted(table)
    for row, edge in enumerate(sorted(table)):
        old = table[edge]
        assert after.edge["edge_type"][row] == (old < 0)
        for name, values in g.edge.items():
            expected = values[old] if old >= 0 else np.zeros_like(values[:0].sum(axis=0))
            assert after.edge[name][row].tobytes() == expected.astype(values.dtype).tobytes()
        if g.weight is not None:
            assert after.weight[row] == (g.weight[old] if old >= 0 else 1.0)


def test_kept_rows_keep_their_bits() -> None:
    odd = np.array([np.nan, -0.0, np.inf, 5e-324])
    g = families.path(5).replace(edge={"x": odd, "x" + REVERSE: odd[::-1].copy(), "s": np.array(["a", "b", "c", "d"])})
    after = apply_edits(g, [add(0, 4), remove(1, 2)])
    assert after.edges.tolist() == [[0, 1], [0, 4], [2, 3], [3, 4]]
    assert after.edge["x"][[0, 2, 3]].tobytes() == odd[[0, 2, 3]].tobytes()
    assert after.edge["x" + REVERSE][[0, 2, 3]].tobytes() == odd[::-1][[0, 2, 3]].tobytes()
    assert after.edge["x"].dtype == odd.dtype
    assert after.edge["s"].tolist() == ["a", "", "c", "d"]


def test_an_edge_removed_and_added_again_counts_as_added() -> None:
    g = families.path(3).replace(weight=np.array([2.0, 3.0]))
    after = apply_edits(g, [remove(0, 1), add(0, 1)])
    assert after.edge["edge_type"].tolist() == [1, 0]
    assert after.weight.tolist() == [1.0, 3.0]
    back = apply_edits(g, [add(0, 2), remove(0, 2)])
    assert np.array_equal(back.edges, g.edges)
    assert back.weight.tolist() == [2.0, 3.0]


def test_ends_may_come_in_any_order_where_there_is_no_direction() -> None:
    assert apply_edits(families.path(3), [add(2, 0)]).edges.tolist() == [[0, 1], [0, 2], [1, 2]]
    directed = Graph(3, np.array([[0, 1], [1, 2]]), directed=True)
    assert apply_edits(directed, [add(2, 0), add(1, 0)]).edges.tolist() == [[0, 1], [1, 0], [1, 2], [2, 0]]


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([add(0, 1)], "not there yet"),
        ([add(0, 2), add(2, 0)], "not there yet"),
        ([remove(0, 2)], "that are there"),
        ([remove(0, 1), remove(0, 1)], "that are there"),
        ([add(0, 0)], "between two of the nodes"),
        ([add(0, 3)], "between two of the nodes"),
        ([add(-1, 1)], "between two of the nodes"),
    ],
)
def test_impossible_edits_are_refused(edits: list[Edit], message: str) -> None:
    with pytest.raises(InputError, match=message):
        apply_edits(families.path(3), edits)


def test_edits_of_a_graph_without_nodes_are_refused() -> None:
    bare = Graph(0, np.zeros((0, 2), np.int64))
    assert apply_edits(bare, []).m == 0
    with pytest.raises(InputError):
        apply_edits(bare, [add(0, 1)])


def test_added_edges_get_a_type_of_their_own() -> None:
    typed = families.path(3).replace(edge={"edge_type": np.array([4, 2])})
    assert apply_edits(typed, [add(0, 2)]).edge["edge_type"].tolist() == [4, 5, 2]
    once = apply(Growing(1), families.path(4))
    twice = apply(Growing(1), once.graph)
    assert twice.graph.edge["edge_type"].tolist() == [0, 1, 1, 0, 0]  # 1 already means "added" here


def test_many_edits_of_a_large_graph() -> None:
    n = 200_000
    g = Graph(n, np.stack([np.arange(n - 1), np.arange(1, n)], axis=1))
    edits = [add(u, u + 2) for u in range(0, 100_000)] + [remove(u, u + 1) for u in range(0, 100_000)]
    after = apply_edits(g, edits)
    assert after.m == n - 1
    assert int(after.edge["edge_type"].sum()) == 100_000


def test_thousands_of_tiny_graphs() -> None:
    done = [apply(Growing(2), g) for g in [families.path(4)] * 2000]
    assert sum(d.added for d in done) == 4000


def test_budget_replaces_iterations_and_is_noted() -> None:
    g = families.path(6)
    assert [apply(Growing(), g, budget=b).added for b in (0, 2, 7)] == [0, 2, 7]
    step = apply(Growing(4), g, budget=2).graph.provenance[-1]
    assert step == Step("rewire", "growing:iterations=4", notes={"edits": 2, "budget": 2})
    with pytest.raises(UsageError, match="budget >= 0"):
        apply(Growing(), g, budget=-1)


def test_provenance_grows_by_one_step_with_the_seed_where_it_matters() -> None:
    g = families.path(6).with_step(Step("read", "edgelist"))
    after = rewire(g, "random:2", context=Context(seed=7)).graph
    assert after.provenance[0] == Step("read", "edgelist")
    assert after.provenance[1] == Step("rewire", "random:iterations=2", seed=7, notes={"edits": 2})


def test_interruption_keeps_what_is_done() -> None:
    seen: list[Edit] = []

    def log(edit: Edit) -> None:
        seen.append(edit)
        if len(seen) == 2:
            raise KeyboardInterrupt

    done = apply(Growing(5), families.path(6), log=log)
    assert done.interrupted
    assert done.edits == tuple(seen)
    assert done.graph.m == 7


@pytest.mark.parametrize("at", range(1, 10))
def test_interruption_keeps_whole_steps(at: int) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    g, logged = families.grid(4, 4), []
    swaps = REWIRINGS.make("double_edge_swap:iterations=5")
    done = apply(swaps, g, context=Context(progress=interrupt), log=logged.append)
    assert done.interrupted
    assert done.edits == tuple(logged) == apply(swaps, g).edits[: at - at % 4]
    assert np.array_equal(done.graph.degree, g.degree)


def test_progress_counts_edits() -> None:
    told: list[tuple[str, int, int]] = []
    apply(Growing(3), families.path(6), context=Context(progress=lambda *a: told.append(a)))
    assert told == [("rewire", k, 3) for k in (1, 2, 3)]


def test_directed_graphs_are_refused_where_the_method_is_not_for_them() -> None:
    with pytest.raises(NotApplicable, match="--undirected"):
        apply(Growing(), Graph(2, np.array([[0, 1]]), directed=True))

"""Effective resistances from random spanning trees: w_e R_e is the chance that a tree uses the edge.

Trees are drawn by Wilson's algorithm: from every node not yet in the tree walk at random until the tree is met, and
keep the last exit from each node. Each draw is independent and exactly distributed, so the share of trees that use an
edge is an unbiased estimate of w_e R_e with a binomial error.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import LimitExceeded
from mixcli.numerics.sketch import SIGMAS, Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["grow", "spanning_trees"]

PLAIN_EDGES = 10_000
CHUNK = 32  # trees from one stream of random numbers
FEWEST = 2 * CHUNK
MOST = 20_000
STEP = 100.0  # elementary operations for one step of a walk, which waits for memory on large graphs
DRAWS = 1 << 16  # random numbers made at a time


def spanning_trees(
    graph: Graph,
    error: float,
    seed: int,
    limits: Limits,
    threads: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Estimate:
    """Estimate the resistance of every edge from uniform (weighted: by the product of conductances) spanning trees.

    R_e = (trees that use e) / (w_e T),   error √(p (1 - p) / T) / w_e,   p = (trees that use e + 1) / (T + 2).

    Args:
        graph: undirected; a tree for each component; weights are conductances.
        error: relative error (three standard errors, for an edge of average p) that decides how many trees to draw.
        seed: start of the random streams.
        limits: operations it may take; fewer trees are drawn where they do not suffice, with the error they then give.
        threads: chunks of trees drawn at a time; the result does not depend on it.
        progress: called as progress(what, done, total).

    Returns:
        Edge resistances; no figures for nodes and components. Foster's sum holds for every tree, hence is no check.

    Raises:
        LimitExceeded: not even 64 trees can be drawn within the limits.

    Cost: the mean hitting time of a node, so about n steps a tree on expanders, n log n on grids, n² on paths.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.limits import Limits
        >>> spanning_trees(path(4), 0.1, 0, Limits()).edge.tolist()
        [1.0, 1.0, 1.0]

    Source: Wilson 1996, Theorem 1; Kirchhoff 1847 (the chance of an edge).
    """
    wanted = _wanted(graph, error) if graph.m else 0
    limits.check("spanning trees", memory=60.0 * graph.m + 40.0 * graph.n, instead="raise --max-memory")
    table = _table(graph)
    budget = int(limits.operations / STEP)
    counts, drawn, walked = np.zeros(graph.m, np.int64), 0, 0
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for low in range(0, wanted // CHUNK, 4):  # groups of a fixed size: where it ends depends on no clock or thread
            group = range(low, min(low + 4, wanted // CHUNK))
            share = max(budget - walked, 0) // len(group)
            found = list(pool.map(partial(_chunk, table, seed, share), group))
            if any(trees < CHUNK for _, trees, _ in found):
                break
            for used, trees, steps in found:
                counts += used
                drawn, walked = drawn + trees, walked + steps
            if progress:
                progress("spanning trees", drawn, wanted)
    if drawn < min(FEWEST, wanted):
        raise LimitExceeded(
            f"{FEWEST} spanning trees to take at most {limits.operations:.1g} operations", f"only {drawn} did",
            "use effective_resistance:method=sketch, or raise the limits (Limits(operations=…) from Python)",
        )  # fmt: skip
    return _estimate(graph, counts, drawn)


def _wanted(graph: Graph, error: float) -> int:
    """Trees for the error asked for, in whole chunks."""
    p = (graph.n - graph.components.count) / graph.m
    trees = SIGMAS * SIGMAS * (1 - p) / p / (error * error)
    return CHUNK * int(np.ceil(np.clip(trees, FEWEST, MOST) / CHUNK))


def _estimate(graph: Graph, counts: NDArray[np.int64], trees: int) -> Estimate:
    weight, trees = np.ones(graph.m) if graph.weight is None else graph.weight, max(trees, 1)
    p = (counts + 1) / (trees + 2)  # Laplace's rule: no edge is certain, hence none without an error
    foster = float(counts.sum() / trees)
    expected = graph.n - graph.components.count
    return Estimate(
        counts / trees / weight, np.sqrt(p * (1 - p) / trees) / weight, foster,
        abs(foster - expected) / expected if expected else 0.0, trees, "trees",
    )  # fmt: skip


def _table(graph: Graph) -> tuple[Any, ...]:
    """start, index, edge of the neighbour lists; cumulated share of each neighbour; roots; whether to compile."""
    start, index, edge = graph.csr
    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    along = np.cumsum(weight[edge])
    before = np.concatenate([[0.0], along])[start[:-1]]
    owner = np.repeat(np.arange(graph.n), np.diff(start))
    share = (along - before[owner]) / graph.strength[owner]
    order = np.lexsort((np.arange(graph.n), -graph.strength, graph.components.of_node))
    first = np.unique(graph.components.of_node[order], return_index=True)[1]
    roots = order[first]  # of each component the strongest node: it is found soonest
    uniform = graph.weight is None
    return start, index.astype(np.int64), edge, share, uniform, roots, graph.n, graph.m


def _chunk(table: tuple[Any, ...], seed: int, budget: int, chunk: int) -> tuple[NDArray[np.int64], int, int]:
    """How many of the trees of one chunk use each edge; trees finished; steps walked."""
    start, index, edge, share, uniform, roots, n, m = table
    walk, form = _runner(m <= PLAIN_EDGES)
    rng = np.random.default_rng([seed, chunk])
    lists = tuple(map(form, (start, index, edge, share)))
    member, leaving, used = form(np.full(n, -1)), form(np.zeros(n, np.int64)), form(np.zeros(m, np.int64))
    state = form(np.array([-1, n, n, 0]))  # tree, node whose turn it is, node the walk is at, steps
    for r in roots:
        member[r] = n + CHUNK  # in every tree
    while state[0] < CHUNK and state[3] <= budget:
        walk(*lists, uniform, form(rng.random(DRAWS)), member, leaving, used, state, CHUNK, n + CHUNK)
    return np.array(used, np.int64), int(state[0]), int(state[3])


def _runner(small: bool) -> tuple[Any, Any]:
    """The loop of `grow`, and the form it takes its arrays in."""
    if small:
        return grow, lambda array: array.tolist()
    from mixcli.numerics import spanning_trees_kernel

    return spanning_trees_kernel.grow, lambda array: array


def grow(
    start: Any, index: Any, edge: Any, share: Any, uniform: bool, draws: Any, member: Any, leaving: Any, used: Any,
    state: Any, trees: int, always: int,
) -> None:  # fmt: skip
    """Go on with Wilson's walks until the trees are done or the random numbers are used up.

    Args:
        start: where the neighbours of each node begin.
        index: the neighbours.
        edge: the edge to each.
        share: of the strength of a node, up to and including each neighbour.
        uniform: all neighbours of a node are equally likely.
        draws: random numbers in [0, 1).
        member: number of the tree each node was last in.
        leaving: place in `index` of the last exit from each node.
        used: by edge, how many trees used it; out.
        state: tree, node whose turn it is, node the walk is at, steps so far; in and out.
        trees: how many to grow.
        always: what `member` holds at roots.
    """
    n = len(member)
    tree, turn, at, steps = state[0], state[1], state[2], state[3]
    used_up, last = 0, len(draws)
    while True:
        if turn == n:
            tree += 1
            turn = at = 0
            if tree == trees:
                break
        if member[at] == tree or member[at] == always or start[at] == start[at + 1]:  # the walk is over
            x = turn
            while member[x] != tree and member[x] != always and start[x] < start[x + 1]:
                member[x] = tree
                used[edge[leaving[x]]] += 1
                x = index[leaving[x]]
            turn += 1
            at = turn
            continue
        if used_up == last:
            break
        low, high = start[at], start[at + 1] - 1
        if uniform:
            low += int(draws[used_up] * (high - low + 1))
        else:
            while low < high:
                middle = (low + high) // 2
                if share[middle] > draws[used_up]:
                    high = middle
                else:
                    low = middle + 1
        used_up += 1
        steps += 1
        leaving[at] = low
        at = index[low]
    state[0], state[1], state[2], state[3] = tree, turn, at, steps

"""Rows of a diffusion matrix, by pushing residuals along edges while they still matter: never dense.

With D̃ the strengths plus a loop at every node, T = D̃^-1/2 (A + cI) D̃^-1/2 and S = Σ_k θ_k T^k: θ_k = α (1 - α)^k is
personalised PageRank, θ_k = e^-t t^k / k! heat. T maps √d̃ to itself, so leaving out a residual that is nowhere above
δ √d̃ takes away nowhere more than δ √d̃. What comes back satisfies

    0 <= S_uv - Ŝ_uv <= ε √(d̃_u d̃_v)

for every pair, whatever the graph. PageRank is in `page_rank`, heat here; both run on lists, and `diffusion_kernel`
compiles the same source.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixcli.numerics.jit import Plan
from mixcli.numerics.page_rank import core, push, push_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["Transition", "rows", "spread", "work"]

PLAN = Plan("diffusion", ("diffusion.py", "diffusion_kernel.py", "jit.py", "page_rank.py"), loading=0.4, compiling=3.0)
PLAIN = 1e-7  # seconds for an entry on the plain path

Kernel = Literal["ppr", "heat"]


class Transition:
    """T of a graph, as neighbour lists.

    Args:
        graph: undirected; weights are conductances.
        loops: c >= 0, the conductance of the loop at every node.
    """

    def __init__(self, graph: Graph, loops: float) -> None:
        from scipy.sparse import csr_array, diags_array

        self.graph, self.loops = graph, loops
        strength = graph.strength + loops
        self.root: NDArray[np.float64] = np.sqrt(np.where(strength > 0, strength, 1.0))
        scale = diags_array(1.0 / self.root)
        matrix = csr_array(scale @ (graph.adjacency + diags_array(np.full(graph.n, float(loops)))) @ scale)
        matrix.eliminate_zeros()
        matrix.sort_indices()
        self.lists = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data, self.root)

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.root)

    @property
    def entries(self) -> int:
        """Number of entries of T."""
        return len(self.lists[1])


def work(walk: Transition, kernel: Kernel, rate: float, tolerance: float) -> float:
    """At most about how many entries of T are read for all rows.

    Args:
        walk: T.
        kernel: "ppr" or "heat".
        rate: α, or t.
        tolerance: ε.
    """
    rounds = math.log(tolerance) / math.log1p(-min(rate, 0.999)) if kernel == "ppr" else _terms(rate, tolerance)
    everywhere = walk.entries * max(rounds, 1.0)
    near = 1.0 / (rate * tolerance) if kernel == "ppr" else max(rounds, 1.0) * math.exp(min(rate, 300.0)) / tolerance
    return float(walk.n * min(everywhere, near))


def rows(
    walk: Transition, kernel: Kernel, rate: float, tolerance: float, threads: int = 1
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    """The rows of Ŝ, each once, in no order.

    Args:
        walk: T.
        kernel: "ppr": α (I - (1 - α) T)^-1; "heat": exp(-t (I - T)).
        rate: α in (0, 1], or t >= 0.
        tolerance: ε > 0.
        threads: threads for PageRank.

    Yields:
        The row; nodes, in no order; the values > 0 there.

    Cost: PageRank O(1 / (α ε)) a row whatever n, since a push at u moves at least ε √(d̃_u d̃_source); at most O(m) for
    each of about log(1/ε) / α rounds; a leaf's row only has to be written. Heat O(m) for each of its terms at most.
    O(n + m) memory.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> [values.sum().round(6).item() for _, _, values in rows(Transition(path(2), 1.0), "heat", 1.0, 1e-9)]
        [1.0, 1.0]

    Source: the push of Andersen, Chung & Lang, FOCS 2006; for heat Kloster & Gleich, KDD 2014. The symmetric form of
    both, with one bound for every entry, is ours.
    """
    small = not PLAN.compiled(PLAIN * work(walk, kernel, rate, tolerance))
    pushing: Any = push
    spreading: Any = spread
    if not small:
        from mixcli.numerics import diffusion_kernel

        pushing, spreading = diffusion_kernel.push, diffusion_kernel.spread
    if kernel == "ppr":
        yield from push_rows(core(walk.graph, walk.loops, walk.root, rate), rate, tolerance, pushing, small, threads)
    else:
        yield from _spread_rows(walk, rate, tolerance, spreading, small)
    if not small:
        PLAN.used()


def _spread_rows(
    walk: Transition, rate: float, tolerance: float, run: Any, as_list: bool
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    form: Any = list if as_list else np.array
    n = walk.n
    lists = tuple(part.tolist() if as_list else part for part in walk.lists)
    found, term, after = (form(np.zeros(n)) for _ in range(3))
    front, following, marks, touched, seen = (form(np.zeros(n, np.int64).tolist()) for _ in range(5))
    limits = form(_limits(rate, tolerance, float(walk.root.min(initial=1.0)) ** 2))
    for source in range(n):
        count = run(source, *lists, rate, limits, found, term, after, front, following, marks, touched, seen)
        nodes = np.array(touched[:count], dtype=np.int64)
        values = np.array([found[v] for v in nodes.tolist()]) if as_list else found[nodes]
        for v in nodes.tolist():
            found[v] = 0.0
        some = values > 0  # nodes may have been reached by residuals alone
        yield source, nodes[some], values[some]


def spread(
    source: int,
    start: Any,
    ends: Any,
    value: Any,
    root: Any,
    time: float,
    limits: Any,
    found: Any,
    term: Any,
    after: Any,
    front: Any,
    following: Any,
    marks: Any,
    touched: Any,
    seen: Any,
) -> int:
    """One row of the heat kernel into `found`, at the nodes `touched[:count]`; all else is left zero as it came.

    `limits[k]` is what may be left out of term k. Returns the count.
    """
    scale = math.exp(-time)
    term[source] = 1.0
    front[0] = source
    seen[source] = 1
    touched[0] = source
    size, count = 1, 1
    for k in range(len(limits)):
        ahead = 0
        for i in range(size):
            u = front[i]
            amount = term[u]
            term[u] = 0.0
            found[u] += scale * amount
            if k + 1 == len(limits) or amount <= limits[k] * root[source] * root[u]:
                continue
            for j in range(start[u], start[u + 1]):
                v = ends[j]
                if marks[v] == 0:
                    marks[v] = 1
                    following[ahead] = v
                    ahead += 1
                after[v] += amount * value[j] * time / (k + 1)
        for i in range(ahead):
            v = following[i]
            front[i] = v
            marks[v] = 0
            term[v] = after[v]
            after[v] = 0.0
            if seen[v] == 0:
                seen[v] = 1
                touched[count] = v
                count += 1
        size = ahead
    for i in range(count):
        seen[touched[i]] = 0
    return count


def _terms(time: float, tail: float) -> int:
    """The last k with P(N > k) > tail for a Poisson number N of mean t, plus one."""
    from scipy.special import pdtrc

    terms = 0
    while pdtrc(terms, time) > tail:
        terms += 1
    return terms


def _limits(time: float, tolerance: float, least: float) -> NDArray[np.float64]:
    """(K + 1,) what may be left out of each term of the series, over √(d̃_source d̃_u).

    Half of ε is for the terms after K, half is shared by the others: what is left out of term k would have come back
    e^-t Σ_j t^j k! / (k + j)! times.
    """
    from scipy.special import pdtrc

    terms = _terms(time, tolerance * least / 2)
    limits = np.zeros(terms + 1)
    for k in range(terms):
        log_poisson = k * math.log(time) - math.lgamma(k + 1)  # of e^t P(N = k)
        again = float(pdtrc(k - 1, time)) * math.exp(-log_poisson) if k else 1.0
        limits[k] = tolerance / (2.0 * terms * again)
    return limits

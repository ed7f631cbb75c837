"""How fast what a node knows fades with distance under message passing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.fading import Fading, Figures, fading
from mixcli.numerics.layers import Layer, dense_layers, near_layers, near_pairs
from mixcli.numerics.propagation import operator, strengths
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from mixcli.graph import Graph

__all__ = ["Sensitivity"]

PAIRS = 2**22  # entries of dense columns looked at when not told; all of them up to n = 2048
NEAR = 2**22  # pairs within K hops that are all looked at, sparsely, in a larger graph; half as many of more
FEWEST = 32  # sources, however large the graph
TRIAL = 16  # sources that tell how far K hops reach
PAIR_BYTES = 150
PAIR_OPERATIONS = 60  # for the quantiles of one pair and layer
NEAR_BYTES = 150
NEAR_OPERATIONS = 150


@dataclass(frozen=True)
class Sensitivity(Measure):
    """Sensitivity of messages to distance: by which factor an entry of S^k shrinks with every hop.

    S = c_r I + c_a O with O in {A, D^-1 A, D^-1/2 A D^-1/2}; |∂h_v^(k) / ∂h_u^(0)| <= (constants of the model)^k
    (S^k)_vu. With q_d the median of (S^d)_vu over the pairs d hops apart (the first layer at which u is heard at all),

        value = exp(Σ_d d ln q_d / Σ_d d²),  d = 1 … min(layers, largest distance)

    the factor of the geometric law q_d = value^d that fits best (least squares of the logarithms, ours). The constants
    (slopes of the activations, norms of the weights, width) are the model's and stay out. S is the same in all layers,
    so between layers k and m it is S^(m-k) that counts: the curves by k serve any two layers.

    Args:
        layers: K, the powers looked at.
        operator: the normalisation of O.
        self_loops: A + I in place of A, also in the degrees ("sym" with "add" is the operator of a GCN).
        c_r: weight of a node's own state in an update.
        c_a: weight of what its neighbours send.
        sources: columns of S^k to look at; None: all where n² or the pairs within K hops are at most 2^22, else about
            as many as make up that number, at least 32.
        source: with `target`, look at this pair alone: value = (S^K)_target,source.
        target: the node that listens.

    Returns:
        Values: the factor, None where no node has a neighbour. Details: `distance` (0, 1, … hops) and, by distance,
        `pairs` (ordered, counted from the sources taken), `at_distance` (mean, median, q05, q95 of the entries at the
        layer equal to the distance), `at_last` (at layer K, and `share` of all the mass of S^K); `by_layer` (mean and
        median for k = 0 … K, a row each); `symmetric` (mean and median of Σ_{p <= K} J_p over `pairs` with both ends
        among the sources). From sampled sources mean and median carry `mean_error` and `median_error`, and the value's
        `error` adds those of the ln q_d up as if they all erred the same way.
        J_p(v,u) = (S^p)_vv / d_v + (S^p)_uu / d_u - ((S^p)_vu + (S^p)_uv) / √(d_v d_u) is the symmetric sensitivity
        between layers p apart. For O = D^-1/2 A D^-1/2 (c_r = 0, c_a = 1) its sum over all p is the effective
        resistance R_uv, where it converges.

    Raises:
        UsageError: source or target is no node, or one of them is missing.
        LimitExceeded: the sources asked for need too much memory or time.

    Cost: layers · (n + 2m) · sources multiplications and 150 n · sources bytes; where K hops see little of the graph
    0.1 µs and 150 bytes for each pair within them and each layer.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> found = Sensitivity(layers=3, self_loops="none")(cycle(12))
        >>> round(found.data, 12), found.details["at_distance"]["median"]
        (0.5, [1.0, 0.5, 0.25, 0.125])

    Source: Topping et al., ICLR 2022, Lemma 1 (entries); Di Giovanni et al., ICML 2023, sections 4 and 5 (c_r, c_a and
    the symmetric form); Woodruff 1952 (error of a median).
    """

    layers: int = param(8, "number of message-passing layers", ge=1)
    operator: Literal["sym", "rw", "none"] = param("sym", "D^-1/2 A D^-1/2, D^-1 A or A")
    self_loops: Literal["add", "none"] = param("add", "A + I in place of A, or A")
    c_r: float = param(0.0, "weight of a node's own state", ge=0, le=1000)
    c_a: float = param(1.0, "weight of what the neighbours send", gt=0, le=1000)
    sources: int | None = param(None, "columns of S^k to look at; none: a choice by size", ge=1)
    source: int | None = param(None, "the node that speaks, with target; none: all pairs", ge=0)
    target: int | None = param(None, "the node that listens, with source; none: all pairs", ge=0)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "(0, ∞); at most 1 for sym and rw with c_r + c_a <= 1"
    better = "higher"
    cost: ClassVar[str] = "O(layers (n + m) sources), or O(layers · pairs within them); sampled above 4 million"
    disconnected: ClassVar[str] = "pairs in different components never hear of each other and are left out"
    equation: ClassVar[str] = "exp(Σ d ln q_d / Σ d²), q_d = median of ((c_r I + c_a O)^d)_vu at d hops"
    cites: ClassVar[str] = "Topping et al. 2022, Lemma 1; Di Giovanni et al. 2023"

    def compute(self, graph: Graph, context: Context) -> Values:
        pair = self._pair(graph)
        if graph.m == 0:
            return Values("graph", None, reason="no edges, hence nothing to pass on", details={"layers": self.layers})
        matrix = operator(graph, self.operator, self.self_loops, self.c_r, self.c_a)
        if pair is not None:
            return self._one_pair(graph, matrix, *pair)
        sources, sparse = self._plan(graph, context, matrix.nnz)
        columns: tuple[Graph, csr_array, NDArray[np.int64], int] = (graph, matrix, sources, self.layers)
        layers: Iterator[Layer] = near_layers(*columns) if sparse else dense_layers(*columns)
        watched = context.track("sensitivity", layers, self.layers + 1)
        degree = strengths(graph, self.self_loops)
        return self._values(fading(watched, sources, degree, self.operator == "rw"), len(sources) == graph.n)

    def _pair(self, graph: Graph) -> tuple[int, int] | None:
        if self.source is None and self.target is None:
            return None
        if self.source is None or self.target is None:
            missing = "source" if self.source is None else "target"
            raise UsageError("source and target together", f"no {missing}", "give both, or neither", where=graph.name)
        if (last := max(self.source, self.target)) >= graph.n:
            raise UsageError(f"nodes 0 … {graph.n - 1}", f"{last}", "give numbers of nodes", where=graph.name)
        return self.source, self.target

    def _plan(self, graph: Graph, context: Context, entries: int) -> tuple[NDArray[np.int64], bool]:
        """The sources, and whether their columns are taken sparsely, from a trial of how far K hops reach."""
        n = graph.n
        operations = self.layers * (PAIR_OPERATIONS * n + entries + 2 * graph.m)
        memory, sparse, most = PAIR_BYTES * n, False, n if n * n <= PAIRS else PAIRS // n
        if n * n > PAIRS or self.sources:
            size = min(n, TRIAL)
            trial = context.rng("sensitivity", n, "trial").choice(n, size=size, replace=False)
            reached = near_pairs(graph, np.sort(trial), self.layers) / size
            if sparse := NEAR_OPERATIONS * reached * self.layers < operations:
                operations, memory = int(NEAR_OPERATIONS * reached * self.layers), int(NEAR_BYTES * reached)
                most = n if reached * n <= NEAR else int(NEAR / 2 / reached)
        number = self.sources or max(min(most, int(context.limits.operations / 2 / operations)), FEWEST)
        number = min(n, number)
        context.limits.check(
            f"sensitivity from {number} sources",
            memory=memory * number,
            operations=operations * number,
            instead="ask for fewer with sensitivity:sources=N, or for fewer layers",
        )
        if number == n:
            return np.arange(n), sparse
        context.note(f"sensitivity: {number} of {n} sources sampled, standard errors are given")
        return np.sort(context.rng("sensitivity", n, number).choice(n, size=number, replace=False)), sparse

    def _values(self, found: Fading, exact: bool) -> Values:
        details: dict[str, Any] = {
            "layers": self.layers,
            "sources": found.pairs[0],
            "distance": list(range(len(found.pairs))),
            "pairs": found.pairs,
            "at_distance": _columns(found.first),
            "at_last": _columns(found.last),
            "by_layer": {"mean": found.mean, "median": found.median},
            "symmetric": {
                "pairs": [len(x) for x in found.symmetric],
                "mean": [float(x.mean()) if len(x) else None for x in found.symmetric],
                "median": [float(np.median(x)) if len(x) else None for x in found.symmetric],
            },
        }
        if len(found.first) == 1:
            reason = "none of the sampled sources has a neighbour"
            return Values("graph", None, exact=False, reason=reason, details=details)
        d = np.arange(1.0, len(found.first))
        middle = np.array([one["median"] for one in found.first[1:]])
        value = float(np.exp((d * np.log(middle)).sum() / (d * d).sum()))
        if exact:
            return Values("graph", value, details=details)
        apart = np.array([one["median_error"] for one in found.first[1:]]) / middle
        error = value * float((d * apart).sum() / (d * d).sum())
        return Values("graph", value, exact=False, error=error, details=details)

    def _one_pair(self, graph: Graph, matrix: csr_array, source: int, target: int) -> Values:
        """The curve of a single pair, from two columns."""
        both = np.unique([source, target])
        a, b = np.searchsorted(both, [source, target])
        degree = strengths(graph, self.self_loops)[[source, target]]
        heard: list[float] = []
        symmetric: list[float] = []
        distance = None
        for layer in dense_layers(graph, matrix, both, self.layers):
            (aa, ab), (ba, bb) = layer.entries[np.ix_([source, target], [a, b])]
            heard.append(float(ba))
            across = (ab + ba) / np.sqrt(degree.prod()) if degree.all() else 0.0
            own = [s / d if d else 0.0 for s, d in zip((aa, bb), degree, strict=True)]
            symmetric.append(float(sum(own) - across))
            if target * len(both) + a in layer.fresh:
                distance = layer.number
        details = {
            "layers": self.layers,
            "pair": [source, target],
            "distance": distance,
            "entry": heard,
            "symmetric": symmetric,
            "symmetric_sum": np.cumsum(symmetric).tolist(),
        }
        return Values("graph", heard[-1], details=details)


def _columns(rows: list[Figures]) -> dict[str, list[float]]:
    """A list by distance for each figure."""
    return {key: [row[key] for row in rows] for key in rows[0]}

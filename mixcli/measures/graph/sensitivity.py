"""How fast what a node knows fades with distance under message passing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.clusters import mean_error, median_error
from mixcli.numerics.propagation import ENTRY, layers_from, operator, strengths
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from mixcli.graph import Graph

__all__ = ["Sensitivity"]

PAIRS = 2**22  # (node, source) pairs looked at when not told; all of them up to n = 2048
FEWEST = 32  # sources, however large the graph
PAIR_BYTES = 72
PAIR_OPERATIONS = 60  # for the quantiles of one pair and layer


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
        sources: columns of S^k to look at; None: all up to n = 2048, else 2^22 / n, fewer over the limit, at least 32.
        source: with `target`, look at this pair alone: value = (S^K)_target,source.
        target: the node that listens.

    Returns:
        Values: the factor, None where no node has a neighbour. Details: `distance` (0, 1, … hops) and, by distance,
        `pairs` (ordered, counted from the sources taken), `at_distance` (mean, median, q05, q95 of the entries at the
        layer equal to the distance), `at_last` (at layer K, and `share` of all the mass of S^K); `by_layer` (mean and
        median for k = 0 … K, a row each); `symmetric` (mean and median of Σ_{p <= K} J_p, where all pairs are taken).
        From sampled sources mean and median carry `mean_error` and `median_error`, and the value's `error` adds those
        of the ln q_d up as if they all erred the same way.
        J_p(v,u) = (S^p)_vv / d_v + (S^p)_uu / d_u - ((S^p)_vu + (S^p)_uv) / √(d_v d_u) is the symmetric sensitivity
        between layers p apart. For O = D^-1/2 A D^-1/2 (c_r = 0, c_a = 1) its sum over all p is the effective
        resistance R_uv, where it converges.

    Raises:
        UsageError: source or target is no node, or one of them is missing.
        LimitExceeded: the sources asked for need too much memory or time.

    Cost: layers · (n + 2m) · sources multiplications and 72 n · sources bytes.

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
    c_r: float = param(0.0, "weight of a node's own state", ge=0)
    c_a: float = param(1.0, "weight of what the neighbours send", gt=0)
    sources: int | None = param(None, "columns of S^k to look at; none: a choice by size", ge=1)
    source: int | None = param(None, "the node that speaks, with target; none: all pairs", ge=0)
    target: int | None = param(None, "the node that listens, with source; none: all pairs", ge=0)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "(0, ∞); at most 1 for sym and rw with c_r + c_a <= 1"
    better = "higher"
    cost: ClassVar[str] = "O(layers (n + m) sources), all sources up to n = 2048"
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
        sources = self._sources(graph, context, matrix.nnz)
        return _Curves(self, graph, matrix, sources).values(context)

    def _pair(self, graph: Graph) -> tuple[int, int] | None:
        if self.source is None and self.target is None:
            return None
        if self.source is None or self.target is None:
            missing = "source" if self.source is None else "target"
            raise UsageError("source and target together", f"no {missing}", "give both, or neither", where=graph.name)
        if (last := max(self.source, self.target)) >= graph.n:
            raise UsageError(f"nodes 0 … {graph.n - 1}", f"{last}", "give numbers of nodes", where=graph.name)
        return self.source, self.target

    def _sources(self, graph: Graph, context: Context, entries: int) -> NDArray[np.int64]:
        n = graph.n
        each = self.layers * (PAIR_OPERATIONS * n + ENTRY * (entries + 2 * graph.m))
        wanted = self.sources or (n if n * n <= PAIRS else max(FEWEST, PAIRS // n))
        if not self.sources:
            wanted = max(min(wanted, int(context.limits.operations / 2 / each)), min(FEWEST, n))
        number = min(n, wanted)
        context.limits.check(
            f"sensitivity from {number} sources",
            memory=PAIR_BYTES * n * number,
            operations=each * number,
            instead="ask for fewer with sensitivity:sources=N, or for fewer layers",
        )
        if number == n:
            return np.arange(n)
        context.note(f"sensitivity: {number} of {n} sources sampled, standard errors are given")
        return np.sort(context.rng("sensitivity", n, number).choice(n, size=number, replace=False))

    def _one_pair(self, graph: Graph, matrix: csr_array, source: int, target: int) -> Values:
        """The curve of a single pair, from two columns."""
        both = np.unique([source, target])
        a, b = np.searchsorted(both, [source, target])
        degree = strengths(graph, self.self_loops)[[source, target]]
        heard: list[float] = []
        symmetric: list[float] = []
        distance = None
        for layer in layers_from(graph, matrix, both, self.layers):
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


class _Curves:
    """The entries of S^k by layer and distance, gathered while the layers go by."""

    def __init__(self, measure: Sensitivity, graph: Graph, matrix: csr_array, sources: NDArray[np.int64]) -> None:
        self.measure, self.graph, self.matrix, self.sources = measure, graph, matrix, sources
        self.exact = len(sources) == graph.n
        self.at: list[NDArray[np.int64]] = []
        self.by_layer: dict[str, list[list[float | None]]] = {"mean": [], "median": []}
        self.first: list[dict[str, float | None]] = []
        self.last: list[dict[str, float | None]] = []
        self.symmetric = np.zeros((graph.n, graph.n)) if self.exact else None

    def values(self, context: Context) -> Values:
        self._collect(context)
        known = range(1, len(self.at))
        if not known:
            reason = "none of the sampled sources has a neighbour"
            return Values("graph", None, exact=False, reason=reason, details=self._details())
        d = np.array(known, np.float64)
        middle = np.array([self.first[k]["median"] for k in known])
        value = float(np.exp((d * np.log(middle)).sum() / (d * d).sum()))
        error = None
        if not self.exact:
            apart = np.array([self.first[k]["median_error"] for k in known]) / middle
            error = value * float((d * apart).sum() / (d * d).sum())
        return Values("graph", value, exact=self.exact, error=error, details=self._details())

    def _collect(self, context: Context) -> None:
        layers = layers_from(self.graph, self.matrix, self.sources, self.measure.layers)
        for layer in context.track("sensitivity", layers, self.measure.layers + 1):
            if len(layer.fresh) or not self.at:
                self.at.append(layer.fresh)
                self.first.append(self._figures(layer.entries, layer.fresh))
            groups = [layer.entries.ravel()[at] for at in self.at]
            self.by_layer["mean"].append([float(x.mean()) for x in groups])
            self.by_layer["median"].append([float(np.median(x)) for x in groups])
            if self.symmetric is not None:
                self.symmetric += self._symmetric(layer.entries)
        total = float(layer.entries.sum())
        for at in self.at:
            found = self._figures(layer.entries, at)
            self.last.append({**found, "share": float(layer.entries.ravel()[at].sum()) / total if total else None})

    def _figures(self, entries: NDArray[np.float64], at: NDArray[np.int64]) -> dict[str, float | None]:
        x = entries.ravel()[at]
        low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
        out: dict[str, float | None] = {
            "mean": float(x.mean()), "median": float(middle), "q05": float(low), "q95": float(high),
        }  # fmt: skip
        if not self.exact:
            sample = at % len(self.sources), len(self.sources), self.graph.n
            out["mean_error"] = mean_error(x, *sample)
            out["median_error"] = median_error(x, *sample)
        return out

    def _symmetric(self, entries: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, n) J_p from all the entries of S^p."""
        degree = strengths(self.graph, self.measure.self_loops)
        inverse = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
        root, own = np.sqrt(inverse), entries.diagonal() * inverse
        return own[:, None] + own - (entries + entries.T) * root[:, None] * root

    def _details(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "layers": self.measure.layers,
            "sources": len(self.sources),
            "distance": list(range(len(self.at))),
            "pairs": [len(at) for at in self.at],
            "at_distance": _columns(self.first),
            "at_last": _columns(self.last),
            "by_layer": self.by_layer,
            "symmetric": None,
        }
        if self.symmetric is not None:
            np.fill_diagonal(self.symmetric, 0.0)  # by definition; what is there is rounding
            groups = [self.symmetric.ravel()[at] for at in self.at]
            out["symmetric"] = {
                "mean": [float(x.mean()) for x in groups],
                "median": [float(np.median(x)) for x in groups],
            }
        return out


def _columns(rows: Iterable[dict[str, float | None]]) -> dict[str, list[float | None]]:
    """A list by distance for each figure."""
    listed = list(rows)
    return {key: [row[key] for row in listed] for key in listed[0]}

"""How fast message passing makes all nodes alike: the over-smoothing curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.propagation import operator, strengths
from mixcli.numerics.smoothing import Flattening, flattening
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["Dirichlet"]

CURVES = ("energy", "rayleigh", "mad_edges", "mad_pairs")


@dataclass(frozen=True)
class Dirichlet(Measure):
    """Over-smoothing: the Dirichlet energy per squared norm that node features keep after some layers.

    S = c_r I + c_a O,  E(X) = Σ_uv w_uv |x_u / √d_u - x_v / √d_v|²  or  Σ_uv w_uv |x_u - x_v|²,
    value = E(S^K X) / |S^K X|²

    The value does not change when all features are scaled, so it tells flattening from fading; 0 is a graph whose nodes
    can no longer be told apart. Neither direction is better as such: what mixes fast smooths fast.

    Args:
        layers: K.
        operator: the normalisation of O.
        self_loops: A + I in place of A, also in the degrees.
        c_r: weight of a node's own state.
        c_a: weight of what its neighbours send.
        energy: "normalized" tr X'(I - D^-1/2 A D^-1/2)X, in degrees that count the self-loops; "combinatorial"
            tr X'(D - A)X; "auto" the one that the operator can bring to 0: normalized for "sym", else combinatorial.
        features: "own": the graph's node payload x; "random": independent normal numbers; "auto": own where there are.
        dimension: columns of random features.
        draws: how often random features are drawn.
        fraction: share of the energy of layer 0, for `layers_until`.

    Returns:
        Values: the quotient at layer K; None where all features have become zero. Details, for k = 0 … K: `energy`,
        `rayleigh` (the quotient), `mad_edges` (mean over the nodes of the mean 1 - cos to their neighbours) and
        `mad_pairs` (mean 1 - cos over all pairs), nodes with zero features left out (with one column cos is ±1);
        `layers_until`, the first layer whose energy is at most `fraction` of the first one's (None: not within K);
        `features`, which were taken.
        With random features all curves are means over the draws, `error` and `<curve>_error` standard errors.

    Raises:
        NotApplicable: own features are asked for and there are none.
        InputError: the features are no finite numbers.
        LimitExceeded: the features need too much memory.

    Cost: draws · layers · columns · (n + 6 m) multiplications and 40 n · columns bytes.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> found = Dirichlet(layers=2)(complete(5))
        >>> found.data, found.details["layers_until"]
        (0.0, 1)

    Source: Cai and Wang 2020, section 3 (energy with self-loops); Chen et al., AAAI 2020, eq. (1) to (4) (MAD; unlike
    theirs, ours keeps distances of 0 in the means); the quotient after Di Giovanni et al., TMLR 2023.
    """

    layers: int = param(16, "number of message-passing layers", ge=0)
    operator: Literal["sym", "rw", "none"] = param("sym", "D^-1/2 A D^-1/2, D^-1 A or A")
    self_loops: Literal["add", "none"] = param("add", "A + I in place of A, or A")
    c_r: float = param(0.0, "weight of a node's own state", ge=0, le=1000)
    c_a: float = param(1.0, "weight of what the neighbours send", gt=0, le=1000)
    energy: Literal["auto", "normalized", "combinatorial"] = param("auto", "which Laplacian; auto: by the operator")
    features: Literal["auto", "own", "random"] = param("auto", "the graph's x, or drawn; auto: its own if it has any")
    dimension: int = param(16, "columns of random features", ge=1)
    draws: int = param(8, "draws of random features", ge=2)
    fraction: float = param(0.01, "share of the first energy that counts as smoothed out", gt=0, le=1)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 2], combinatorial [0, 2 d_max]"
    cost: ClassVar[str] = "O(draws · layers · columns · (n + m))"
    disconnected: ClassVar[str] = "each component goes to its own limit; energy and quotient are sums over all"
    equation: ClassVar[str] = "E(S^K X) / |S^K X|², E(X) = Σ w_uv |x_u / √d_u - x_v / √d_v|², S = c_r I + c_a O"
    cites: ClassVar[str] = "Cai and Wang 2020; Chen et al. 2020 (MAD)"

    def compute(self, graph: Graph, context: Context) -> Values:
        own = self._own(graph)
        if graph.n == 0:
            return Values("graph", None, reason="no nodes", details={"layers": self.layers})
        columns = self.dimension if own is None else own.shape[1]
        self._check(graph, columns, 1 if own is not None else self.draws, context)
        matrix, shrink = operator(graph, self.operator, self.self_loops, self.c_r, self.c_a), self._shrink(graph)
        weight = np.ones(graph.m) if graph.weight is None else graph.weight
        if own is not None:
            return self._exact(flattening(matrix, graph.edges, weight, shrink, own, self.layers))
        found = []
        for draw in context.track("dirichlet", range(self.draws), self.draws):
            x = context.rng("dirichlet", draw).standard_normal((graph.n, columns))
            found.append(flattening(matrix, graph.edges, weight, shrink, x, self.layers))
        return self._estimate(np.array(found))

    def _own(self, graph: Graph) -> NDArray[np.float64] | None:
        """(n, f) the graph's own features, or None where random ones are to be drawn."""
        if self.features == "random" or (self.features == "auto" and "x" not in graph.node):
            return None
        if "x" not in graph.node:
            have = ", ".join(graph.node) or "none"
            raise NotApplicable("node features x", f"payload: {have}", "ask for features=random", where=graph.name)
        x = np.asarray(graph.node["x"])
        if not (np.issubdtype(x.dtype, np.number) or x.dtype == bool) or np.iscomplexobj(x):
            raise InputError(
                "node features x that are numbers", str(x.dtype), "ask for features=random", where=graph.name
            )
        x = x.reshape(graph.n, -1) if graph.n else np.zeros((0, 0))
        if not np.isfinite(x).all():
            raise InputError(
                "finite node features x",
                "NaN or infinity",
                "fill the gaps, or ask for features=random",
                where=graph.name,
            )
        return x.astype(np.float64)

    def _check(self, graph: Graph, columns: int, draws: int, context: Context) -> None:
        context.limits.check(
            f"the smoothing of {columns} features",
            memory=40.0 * graph.n * columns,
            operations=3.0 * draws * (self.layers + 1) * columns * (6 * graph.m + 5 * graph.n),
            instead="ask for features=random with a smaller dimension, or for fewer layers",
        )

    def _shrink(self, graph: Graph) -> NDArray[np.float64]:
        """(n,) what features are multiplied by in the energy: 1, or 1 / √d."""
        if self.energy == "combinatorial" or (self.energy == "auto" and self.operator != "sym"):
            return np.ones(graph.n)
        degree = strengths(graph, self.self_loops)
        return np.divide(1.0, np.sqrt(degree), out=np.zeros(graph.n), where=degree > 0)

    def _exact(self, found: Flattening) -> Values:
        details: dict[str, Any] = {"layers": self.layers, "features": "own"}
        details |= {name: _plain(curve) for name, curve in zip(CURVES, found, strict=True)}
        details["layers_until"] = self._until(_shares(found.energy))
        return _values(found.quotient[-1], None, details)

    def _estimate(self, found: NDArray[np.float64]) -> Values:
        """Means over the draws, first axis of (draws, curves, layers + 1)."""
        with np.errstate(invalid="ignore"):  # energies beyond the range of floats
            mean, error = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(self.draws)
        details: dict[str, Any] = {"layers": self.layers, "features": "random"}
        details |= {"dimension": self.dimension, "draws": self.draws}
        for name, curve, bar in zip(CURVES, mean, error, strict=True):
            details[name], details[f"{name}_error"] = _plain(curve), _plain(bar)
        details["layers_until"] = self._until(np.mean([_shares(one[0]) for one in found], axis=0))
        return _values(mean[1, -1], float(error[1, -1]), details)

    def _until(self, shares: NDArray[np.float64]) -> int | None:
        below = np.flatnonzero(shares <= self.fraction)
        return int(below[0]) if len(below) else None


def _shares(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """The energy as a share of that of layer 0; 0 where there was none to begin with."""
    with np.errstate(invalid="ignore"):  # nan is no share, and never below a fraction
        return energy / energy[0] if energy[0] > 0 else np.zeros_like(energy)


def _values(value: float, error: float | None, details: dict[str, Any]) -> Values:
    if np.isnan(value):
        return Values("graph", None, exact=error is None, reason="all features are zero at the end", details=details)
    return Values("graph", float(value), exact=error is None, error=error, details=details)


def _plain(curve: NDArray[np.float64]) -> list[float | None]:
    return [float(y) if np.isfinite(y) else None for y in curve]

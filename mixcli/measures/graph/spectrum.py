"""The first eigenvalues of a Laplacian, and a histogram of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.numerics.spectrum import Lowest


@dataclass(frozen=True)
class Spectrum(Measure):
    """Spectrum: the first k eigenvalues of the Laplacian, and the distribution of all of them.

    0 = λ_1 <= λ_2 <= … <= λ_n of I - D^-1/2 A D^-1/2, or of D - A. λ_k is small exactly where the graph falls into k
    parts with few edges between them.

    Args:
        k: how many eigenvalues, from the smallest on.
        normalized: of the normalised Laplacian, in [0, 2]; an isolated node has eigenvalue 0. Else of D - A.
        bins: bins of the histogram over [0, 2], or from 0 to the largest d_u + d_v over an edge uv; 0 for none.
        tolerance: relative error at which the iteration may end.
        budget: processor seconds for the eigenvalues; none: 20, more beyond a million nodes and edges.

    Returns:
        Values: λ_k, or λ_n of a smaller graph. Details: `eigenvalues`; `residuals` (some eigenvalue of the graph is
        this close to each) and `relative_errors` to expect; `multiplicity_of_zero`, the number of components;
        `bin_edges` and `histogram`, the share of the eigenvalues in each bin, with `histogram_error` (standard errors)
        and `probes` where it is estimated, above 1000 nodes; `largest_component`, with eigenvalues of its own. Where
        the budget ends first, `exact` is False and the eigenvalues are upper bounds, each of the one of its rank.

    Cost: O(n³) up to 1000 nodes; else some tens of products with L for each of the k, and 80 for each of 8 to 32
    random vectors of the histogram.

    Example:
        >>> from mixcli.generators.graphs import hypercube
        >>> found = Spectrum(k=4, bins=4)(hypercube(3))
        >>> [round(x, 9) for x in found.details["eigenvalues"]], found.details["histogram"]
        ([0.0, 0.666666667, 0.666666667, 0.666666667], [0.125, 0.375, 0.375, 0.125])

    Source: Chung, Spectral Graph Theory (1997), chapter 1; λ_k and k parts: Lee, Oveis Gharan and Trevisan 2014,
    theorem 1.1; the histogram by Lanczos quadrature: Ubaru, Chen and Saad 2017.
    """

    k: int = param(6, "eigenvalues, from the smallest on", ge=1)
    normalized: bool = param(True, "normalised Laplacian; false: D - A")
    bins: int = param(21, "bins of the histogram of all eigenvalues; 0 for none", ge=0)
    tolerance: float = param(1e-7, "relative error at which the iteration may end", gt=0)
    budget: float | None = param(None, "processor seconds for the eigenvalues; none: 20, more if large", gt=0)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 2]"
    better: ClassVar = "higher"
    accelerated: ClassVar[bool] = True
    cost: ClassVar[str] = (
        "O(n³) for n <= 1000 (histogram: 20,000 on CUDA), else some tens of products with L per eigenvalue"
    )
    disconnected: ClassVar[str] = "as many zeros as components, exactly; the largest one's eigenvalues in the details"
    equation: ClassVar[str] = "eigenvalues of I - D^-1/2 A D^-1/2, or of D - A"
    cites: ClassVar[str] = "Chung 1997; Lee, Oveis Gharan and Trevisan 2014, thm 1.1"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.n == 0:
            return Values("graph", None, reason="no nodes, hence no eigenvalues")
        found = self._lowest(graph, context)
        details: dict[str, Any] = {
            "multiplicity_of_zero": graph.components.count,
            **_facts(found),
            **(self._histogram(graph, context) if self.bins else {}),
        }
        if graph.components.count > 1:
            largest = graph.component(graph.components.largest)
            details["largest_component"] = {"nodes": largest.n, **_facts(self._lowest(largest, context))}
        residual = float(found.residual.max())
        return Values("graph", float(found.values[-1]), exact=found.converged, residual=residual, details=details)

    def _lowest(self, graph: Graph, context: Context) -> Lowest:
        from mixcli.numerics.eigen import patience
        from mixcli.numerics.spectrum import DENSE, lowest

        k, widest = min(self.k, graph.n), int(graph.components.sizes.max())
        if k > graph.components.count:
            dense = widest <= DENSE or 3 * k > widest
            context.limits.check(
                f"{k} eigenvalues",
                memory=40.0 * widest**2 if dense else 100.0 * (k + 1) * widest,
                operations=10.0 * widest**3 if dense else 0.0,
                instead="ask for fewer (spectrum:k=…)",
            )
        seed = int(context.rng("spectrum").integers(2**63))
        budget = patience(graph) if self.budget is None else self.budget
        return context.once(lowest, graph, k, self.normalized, self.tolerance, budget, seed)

    def _histogram(self, graph: Graph, context: Context) -> dict[str, Any]:
        from mixcli.numerics.density import histogram, sampled_histogram
        from mixcli.numerics.spectrum import all_eigenvalues, upper_end

        edges = np.linspace(0.0, upper_end(graph, self.normalized), self.bins + 1)
        facts: dict[str, Any] = {"bin_edges": edges.tolist()}
        dense, device = _dense_place(graph, context)
        if dense:
            every = context.once(all_eigenvalues, graph, self.normalized, device)
            return {**facts, "histogram": histogram(every, edges).tolist()}
        shares, errors, probes = sampled_histogram(graph, self.normalized, edges, context.rng("spectrum", "histogram"))
        context.note(f"spectrum: histogram estimated from {probes} random vectors, standard errors are given")
        return {**facts, "histogram": shares.tolist(), "histogram_error": errors.tolist(), "probes": probes}


def _dense_place(graph: Graph, context: Context) -> tuple[bool, str | None]:
    """Whether all eigenvalues can be had, and on which device if not on this processor."""
    from mixcli.numerics.device import resolve
    from mixcli.numerics.spectrum import ON_DEVICE, dense_enough

    if dense_enough(graph):
        return True, None
    widest = float(graph.components.sizes.max())
    fits = dense_enough(graph, ON_DEVICE) and context.limits.allows(memory=24.0 * widest**2)
    device = resolve(context.device) if fits and context.device != "cpu" else "cpu"
    return (True, device) if device.startswith("cuda") else (False, None)  # MPS has no double precision


def _facts(found: Lowest) -> dict[str, Any]:
    return {
        "eigenvalues": found.values.tolist(),
        "residuals": found.residual.tolist(),
        "relative_errors": found.error.tolist(),
        "method": found.method,
        "ok": found.converged,
    }

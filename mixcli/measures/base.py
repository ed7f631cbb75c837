"""What a measure is, and what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.catalog import MEASURES
from mixcli.context import Context
from mixcli.graph import not_directed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["Level", "Measure", "Values", "measure"]

Level = Literal["graph", "node", "edge", "pair", "token", "head"]


@dataclass(frozen=True)
class Values:
    """What a measure found, and how far it can be trusted.

    Args:
        level: what `data` is indexed by.
        data: a float (graph level) or an array: (n,) by node, (m,) by edge in the order of `graph.edges`,
            (k,) by pair. None where the quantity is not defined; `reason` then says why.
        index: (k, 2) the pairs, for level "pair".
        exact: True for a direct computation (rounding aside); False for an estimate or a bound.
        error: standard error or half-width of an estimate, same shape as `data` or a float.
        residual: how well an iterative or direct solve satisfied its equation (relative, unit 1).
        reason: why `data` is None or infinite.
        details: further figures by name, JSON-ready (the Cheeger interval, values per component …).
    """

    level: Level
    data: float | NDArray[Any] | None
    index: NDArray[Any] | None = None
    exact: bool = True
    error: float | NDArray[Any] | None = None
    residual: float | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Measure(ABC):
    """One way to look at a graph: a frozen dataclass of its parameters, plus these facts about it.

    A subclass states the facts, documents equation and source, and implements `compute`. Calling an instance checks
    that it applies and computes.
    """

    level: ClassVar[Level]
    unit: ClassVar[str] = "1"
    range: ClassVar[str]
    """Interval of possible values, e.g. "[0, 2]"."""
    better: ClassVar[Literal["higher", "lower"] | None] = None
    """Which way means "mixes more easily"; None where neither does."""
    cost: ClassVar[str]
    exact: ClassVar[bool] = True
    directed: ClassVar[bool] = False
    """Whether it is defined for directed graphs; refused otherwise."""
    weighted: ClassVar[Literal["used", "ignored"]] = "used"
    """What it does with weights (conductances)."""
    accelerated: ClassVar[bool] = False
    """Whether its large cases are worked off on the context's device."""
    disconnected: ClassVar[str]
    """What it gives on a disconnected graph, in words."""
    equation: ClassVar[str]
    cites: ClassVar[str]

    def __call__(self, graph: Graph, context: Context | None = None) -> Values:
        """Check that the measure applies to the graph and compute it.

        Raises:
            NotApplicable: the graph is directed and the measure is not defined there.
            LimitExceeded: the predicted cost is over the limit and there is nothing cheaper to fall back on.
        """
        if graph.directed and not self.directed:
            raise not_directed(MEASURES.name_of(type(self)), graph.name)
        return self.compute(graph, context or Context())

    @abstractmethod
    def compute(self, graph: Graph, context: Context) -> Values:
        """The values; only called with graphs to which the measure applies."""


def measure(graph: Graph, *specs: str, context: Context | None = None) -> dict[str, Values]:
    """Several measures of one graph; work they share is done once.

    Args:
        graph: the graph.
        specs: spec strings, such as "spectral_gap" or "reach:layers=4", and names of groups.
        context: seed, threads, limits, progress.

    Returns:
        spec -> Values, in the order asked for, groups expanded.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> round(measure(complete(4), "spectral_gap")["spectral_gap"].data, 12)
        1.333333333333
    """
    context = context or Context()
    return {spec: MEASURES.make(spec)(graph, context) for spec in MEASURES.expand(specs)}

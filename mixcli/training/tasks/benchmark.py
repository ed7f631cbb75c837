"""Synthetic tasks: a graph made for the purpose, and what is to be carried over it (`task:ring_transfer:n=10`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.catalog import TASKS
from mixcli.errors import InputError, LimitExceeded
from mixcli.provenance import Step
from mixcli.spec import parse, spec_of

if TYPE_CHECKING:
    from mixcli.generators.sized import Sized
    from mixcli.graph import Graph
    from mixcli.limits import Limits
    from mixcli.training.tasks.base import Task

__all__ = ["CARRIED", "Benchmark", "benchmark_of", "source_of"]

CARRIED = "task"
"""Graph payload under which a graph says what task it was made for, `task:SPEC`; files keep it."""


class Benchmark(ABC):
    """A frozen dataclass of a synthetic task's parameters."""

    cites: ClassVar[str]
    deviations: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def family(self) -> tuple[Sized[..., Graph], tuple[int, ...]]:
        """The graph family and the parameters that the graph is made by."""

    @property
    def nodes(self) -> float:
        """Number of nodes, without making the graph."""
        family, parameters = self.family
        return family.forecast(*parameters).nodes

    def graph(self, limits: Limits | None = None) -> Graph:
        """The graph, without payload.

        Args:
            limits: what making it may use; None for what holds where nobody says.

        Raises:
            LimitExceeded: it would not fit.
        """
        family, parameters = self.family
        return family.within(limits, *parameters)

    @abstractmethod
    def pose(self, graph: Graph, name: str) -> Task:
        """The task over a graph with these nodes: the one of `graph`, or a rewired one.

        Args:
            graph: says how far the message has to go, which is the network's depth where the user says nothing.
            name: of the source.
        """


def source_of(text: str, limits: Limits | None = None) -> Graph:
    """The graph of a synthetic task, which says what task it is for.

    Args:
        text: spec, without `task:`.
        limits: what making it may use; None for what holds where nobody says.

    Raises:
        LimitExceeded: the graph would not fit.

    Example:
        >>> source_of("ring_transfer:n=6")
        Graph('ring_transfer:n=6', n=6, m=6, payload=[task])
    """
    parsed = parse(text)
    made = TASKS.make(parsed)
    spec = f"task:{spec_of(TASKS.canonical(parsed.name), made)}"
    try:
        graph: Graph = made.graph(limits).replace(name=str(parsed), graph={CARRIED: np.array(spec)})
    except LimitExceeded as error:
        raise error.at(spec) from None
    return graph.with_step(Step("generate", spec))


def benchmark_of(graph: Graph) -> Benchmark | None:
    """The synthetic task that a graph was made for, None where there is none."""
    said = np.asarray(graph.graph.get(CARRIED, "")).reshape(-1)
    text = str(said[0]) if len(said) == 1 else ""
    if not text.startswith("task:"):
        return None
    made: Benchmark = TASKS.make(text.removeprefix("task:"))
    if made.nodes != graph.n:
        fix = "leave the nodes as they were made"
        raise InputError(f"the {made.nodes} nodes of {text}", f"{graph.n}", fix, where=graph.name)
    return made

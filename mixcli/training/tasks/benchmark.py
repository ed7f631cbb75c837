"""Synthetic tasks: a graph made for the purpose, and what is to be carried over it (`task:ring_transfer:n=10`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.catalog import TASKS
from mixcli.errors import InputError
from mixcli.provenance import Step
from mixcli.spec import parse, spec_of

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.training.tasks.base import Task

__all__ = ["CARRIED", "Benchmark", "benchmark_of", "source_of"]

CARRIED = "task"
"""Graph payload under which a graph says what task it was made for, `task:SPEC`; files keep it."""


class Benchmark(ABC):
    """A frozen dataclass of a synthetic task's parameters."""

    cites: ClassVar[str]
    deviations: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def graph(self) -> Graph:
        """The graph, without payload."""

    @abstractmethod
    def pose(self, graph: Graph, name: str) -> Task:
        """The task over a graph with these nodes: the one of `graph`, or a rewired one.

        Args:
            graph: says how far the message has to go, which is the network's depth where the user says nothing.
            name: of the source.
        """


def source_of(text: str) -> Graph:
    """The graph of a synthetic task, which says what task it is for.

    Args:
        text: spec, without `task:`.

    Example:
        >>> source_of("ring_transfer:n=6")
        Graph('ring_transfer:n=6', n=6, m=6, payload=[task])
    """
    parsed = parse(text)
    made = TASKS.make(parsed)
    spec = f"task:{spec_of(TASKS.canonical(parsed.name), made)}"
    graph: Graph = made.graph().replace(name=str(parsed), graph={CARRIED: np.array(spec)})
    return graph.with_step(Step("generate", spec))


def benchmark_of(graph: Graph) -> Benchmark | None:
    """The synthetic task that a graph was made for, None where there is none."""
    said = np.asarray(graph.graph.get(CARRIED, "")).reshape(-1)
    text = str(said[0]) if len(said) == 1 else ""
    if not text.startswith("task:"):
        return None
    made: Benchmark = TASKS.make(text.removeprefix("task:"))
    if made.graph().n != graph.n:
        fix = "leave the nodes as they were made"
        raise InputError(f"the {made.graph().n} nodes of {text}", f"{graph.n}", fix, where=graph.name)
    return made

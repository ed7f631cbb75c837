"""A trained network with all that probes ask of it: its weights at three moments, and a fixed sample of graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixcli.errors import NotApplicable
from mixcli.training.block import Block
from mixcli.training.probes.geometry import local_arcs
from mixcli.training.probes.states import dense, layer_states
from mixcli.training.slicer import Slicer
from mixcli.training.tasks.base import streams
from mixcli.training.topology import Topology

if TYPE_CHECKING:
    from mixcli.training.engine import Fit
    from mixcli.training.plan import Plan

__all__ = ["Arcs", "Sample", "Trained"]

T = TypeVar("T")

SAMPLED_ROWS = 100_000
"""Node rows that a sample of graphs has at most, one graph aside."""


@dataclass(frozen=True)
class Arcs:
    """Arcs of the sampled graphs on the rows of their real nodes: receiver, sender, weight, and 1 + in-strength."""

    row: Tensor
    column: Tensor
    weight: Tensor
    strength: Tensor


class Trained:
    """The network of one trial, and the sample of graphs that probes look at.

    Args:
        plan: of the comparison.
        arm: number of the arm.
        trial: number of the trial.
        fit: the training; its network is left with the best weights, in evaluation mode.
    """

    def __init__(self, plan: Plan, arm: int, trial: int, fit: Fit) -> None:
        self.plan, self.arm, self.trial, self.fit = plan, plan.arms[arm], trial, fit
        self.net, self.loader, self.task = fit.net, fit.loader, self.arm.task
        self.model = plan.model_of(arm).completed(self.task)
        self.relations = plan.relations if self.model.relational else 1
        self.random = streams(plan.seed, trial)
        self._memo: dict[Any, Any] = {}
        self._load(fit.best_state)

    @cached_property
    def split(self) -> Any:
        """The trial's split."""
        return self.task.split(self.plan.seed, self.trial)

    @property
    def topology(self) -> Topology:
        """The arm's arcs."""
        topology = self.arm.topology
        if not isinstance(topology, Topology):
            raise NotApplicable("a model over graphs", "one over masks", "`mixcli analyze` measures masks")
        return topology

    @property
    def original(self) -> Topology:
        """The arcs of the graphs as given."""
        found = self.plan.original
        return found if isinstance(found, Topology) else self.topology

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self.net.layers)

    @property
    def hops(self) -> int:
        """Hops from which a node hears at most, where layers use the graph's own edges."""
        return int(getattr(self.net, "steps", self.layers))

    @property
    def last_hidden(self) -> int:
        """Place of the last hidden layer in `states` after H_0: the last but one where layers end in scores."""
        return self.layers - 1 if hasattr(self.net, "head") else max(0, self.layers - 2)

    @contextmanager
    def at(self, moment: str) -> Iterator[None]:
        """The network as it was at "start" or after the "first epoch"; "best" changes nothing."""
        self._load(self.fit.best_state if moment == "best" else self.fit.early[moment])
        try:
            yield
        finally:
            self._load(self.fit.best_state)

    def once(self, function: Callable[..., T], *args: Any) -> T:
        """`function(self, *args)`, computed once however many probes ask."""
        key = (function.__module__, function.__qualname__, args)
        if key not in self._memo:
            self._memo[key] = function(self, *args)
        return self._memo[key]

    def sample(self, graphs: int) -> Sample:
        """At most so many graphs, drawn from those held out, the same for every arm."""
        return self.once(Sample, graphs)

    def states(self, graphs: int) -> list[Tensor]:
        """H_0 … H_L on the rows of the real nodes of a sample, without gradients; H_0 may be sparse."""
        return self.once(_states, graphs)

    @cached_property
    def slicer(self) -> Slicer:
        """Cuts copies of graphs out of the arm's arcs."""
        return Slicer(self.topology, self.relations, self.loader.device)

    def _load(self, state: dict[str, Tensor]) -> None:
        self.net.load_state_dict(state)
        self.net.eval()


def _states(trained: Trained, graphs: int) -> list[Tensor]:
    sample = trained.sample(graphs)
    with torch.no_grad():
        found = layer_states(trained.net, sample.x, sample.block)
    return found[:1] + [h[sample.real] for h in found[1:]]


class Sample:
    """Copies of graphs from the held-out part of a trial's split.

    Units of the transfer task and its kin are copies of one graph with different features; a task on the nodes of one
    graph has that graph alone.

    Args:
        trained: the network.
        graphs: how many at most; fewer of large ones.
    """

    def __init__(self, trained: Trained, graphs: int) -> None:
        given = trained.original.start
        few = max(1, min(graphs, int(SAMPLED_ROWS // max(1.0, float(np.diff(given).mean())))))
        held_out = np.concatenate([trained.split.test, trained.split.val])
        order = trained.random.rng("probe graphs").permutation(len(trained.split.test))
        chosen = np.concatenate([held_out[order], held_out[len(order) :]])[:few]
        self.batch: Any = trained.loader.batch(np.sort(chosen))
        self.block: Block = self.batch.block
        if not isinstance(self.block, Block):
            raise NotApplicable("a model over graphs", "one over masks", "`mixcli analyze` measures masks")
        device = self.block.graph.device
        rows = torch.arange(len(self.block.graph), device=device)
        self.real = rows if self.block.real is None else rows[self.block.real]
        self.copy = self.block.graph[self.real]
        self.size: NDArray[np.int64] = self.block.size.cpu().numpy()
        first = np.concatenate([[0], np.cumsum(self.size)[:-1]]).astype(np.int64)
        self.first = first
        start = trained.topology.start
        if trained.topology.node is None:
            node = self.block.node[self.block.offset].cpu().numpy()
            self.graph: NDArray[np.int64] = np.searchsorted(start, node, side="right") - 1
        else:
            of_node = trained.topology.node[start[:-1]]  # the first node of each graph
            self.graph = np.searchsorted(of_node, self.block.node[self.block.offset].cpu().numpy(), side="right") - 1
        self._trained = trained

    @property
    def x(self) -> Any:
        """Features by row."""
        return self.batch.x

    @cached_property
    def dense(self) -> Tensor:
        """Features as a full matrix."""
        return dense(self.x)

    @property
    def copies(self) -> int:
        """Number of graphs in the sample."""
        return len(self.size)

    @cached_property
    def before(self) -> Arcs:
        """The arcs of the graphs as given."""
        return self._arcs(self._trained.original)

    @cached_property
    def after(self) -> Arcs:
        """The arcs of the arm's graphs, without what its layer plan lays over them."""
        return self._arcs(self._trained.topology)

    def _arcs(self, topology: Topology) -> Arcs:
        pieces = [local_arcs(topology, int(g)) for g in self.graph]
        row = np.concatenate([p[0] + o for p, o in zip(pieces, self.first, strict=True)])
        column = np.concatenate([p[1] + o for p, o in zip(pieces, self.first, strict=True)])
        weight = np.concatenate([p[2] for p in pieces])
        strength = 1 + np.bincount(row, weight, minlength=int(self.size.sum()))
        device = self.block.graph.device
        ends = (torch.from_numpy(a).to(device) for a in (row, column))
        numbers = (torch.from_numpy(a.astype(np.float32)).to(device) for a in (weight, strength))
        return Arcs(*ends, *numbers)

    def sums(self, values: Tensor, of: Tensor | None = None) -> NDArray[np.float64]:
        """(copies,) sums of values over the rows (or those rows' arcs) of each graph, in float64.

        Args:
            values: one for each real row, or for each row of `of`.
            of: the real row that each value belongs to; default each its own.
        """
        index = self.copy if of is None else self.copy[of]
        return np.bincount(index.cpu().numpy(), values.cpu().numpy().astype(np.float64), minlength=self.copies)

    def parts(self, h: Tensor) -> list[Tensor]:
        """The rows of each graph."""
        return list(h.split(self.size.tolist()))

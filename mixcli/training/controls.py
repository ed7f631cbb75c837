"""Controls: arms that show how much of a difference is the rewiring's own.

Without edges, the same network is a multilayer perceptron over nodes: what it reaches needs no graph. Random edges,
added and removed in the same number in every graph, show what any change of that size does. A relational model's
baseline has the relation of added edges too, empty, and so the same parameters.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.catalog import MODELS
from mixcli.context import Context, silent
from mixcli.errors import Interrupted
from mixcli.graph import Graph
from mixcli.rewiring.base import Edit, Rewiring, Rules, apply, topology_rng
from mixcli.rewiring.graph.random import RandomEdges
from mixcli.training.arms import NONE, Arm
from mixcli.training.models.base import Model
from mixcli.training.topology import topology_of

__all__ = ["MatchedRandom", "controlled", "mixes", "to_match"]

MLP = "mlp"
"""The same network without edges."""
RANDOM = "random"
"""Random edges of the same number."""
EMPTY = "empty relation"


@dataclass(frozen=True)
class MatchedRandom(Rewiring):
    """As many random edits as another rewiring made: edges drawn as `random` does, and original edges taken away.

    Equation: P(uv) = 1 / |pairs that are no edge| for each addition, 1 / |original edges left| for each removal.

    Args:
        added: edges to add.
        removed: original edges to remove.

    Source: ours, as a control.
    """

    added: int
    removed: int

    removes: ClassVar[bool] = True
    cost: ClassVar[str] = "O(1) per edit"
    equation: ClassVar[str] = "uniform over pairs that are no edge, and over original edges"
    cites: ClassVar[str] = "ours, as a control"
    score: ClassVar[str] = "0"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        """The additions, then the removals."""
        yield from RandomEdges(self.added).edits(graph, context, rules)
        rows = topology_rng(context, "control", graph).permutation(graph.m)[: self.removed]
        for step, row in enumerate(rows.tolist(), self.added):
            u, v = graph.edges[row].tolist()
            yield Edit("remove", u, v, 0.0, step, "drawn at random")


def mixes(model: Model) -> bool:
    """Whether a network hears along edges at all, so that taking them away makes a difference."""
    return getattr(model, "over", "edges") == "edges" and MODELS.name_of(type(model)) != MLP


def to_match(arms: Sequence[Arm]) -> set[str]:
    """Names of the arms that random edges can stand against: those that edit undirected graphs, but not at random."""
    return {
        arm.name
        for arm in arms
        if arm.counts is not None and arm.counts.any() and arm.spec.partition(":")[0] != RANDOM
        and not getattr(arm.topology, "directed", False)
    }  # fmt: skip


def controlled(
    arms: Sequence[Arm],
    sources: Mapping[str, Sequence[Graph]],
    model: Model,
    context: Context,
    matched: Collection[str] | None = None,
) -> list[Arm]:
    """The arms and their controls: the network without edges, and random edges for each arm that edits.

    The baseline is named a control where it is one (`empty relation`, for relational models beside arms with added
    edges).

    Args:
        arms: made from the sources, the baseline among them.
        sources: graphs by source name; the first source's graphs are what is controlled.
        model: what is to be trained.
        context: seed, limits, progress.
        matched: names of the arms that get a random control; default those of `to_match`.

    Raises:
        Interrupted: Ctrl-C while drawing.
    """
    if not mixes(model):
        return list(arms)
    graphs = next(iter(sources.values()))
    wanted = to_match(arms) if matched is None else matched
    several = model.relational and any(a.topology.relation_count > 1 for a in arms)
    baseline = next(a for a in arms if a.spec == NONE)
    out = [dataclasses.replace(a, control=EMPTY) if several and a is baseline else a for a in arms]
    out.append(_edgeless(baseline, graphs))
    for arm in arms:
        if arm.name in wanted and arm.counts is not None:
            own = sources.get(arm.source, graphs) if arm.spec != NONE else graphs
            out.append(_matched(arm, arm.counts, own, context))
    return out


def _edgeless(arm: Arm, graphs: Sequence[Graph]) -> Arm:
    bare = [Graph(g.n, np.empty((0, 2), np.int64), g.directed, name=g.name) for g in graphs]
    counts = np.array([[0, g.m] for g in graphs], dtype=np.int64)
    return dataclasses.replace(
        arm, name="mlp (no edges)", spec="control:no_edges", topology=topology_of(bare), edges=0, added=0,
        removed=int(counts[:, 1].sum()), counts=counts, seconds=0.0, provenance=(), control=MLP,
    )  # fmt: skip


def _matched(arm: Arm, wanted: NDArray[np.int64], graphs: Sequence[Graph], context: Context) -> Arm:
    """Random edges in place of an arm's."""
    began, name = time.perf_counter(), f"random for {arm.name}"
    inner = dataclasses.replace(context, progress=silent) if len(graphs) > 1 else context
    after: list[Graph] = []
    counts = np.zeros_like(wanted)
    for i, graph in enumerate(graphs):
        rewired = apply(MatchedRandom(*wanted[i].tolist()), graph, context=inner)
        if rewired.interrupted:
            raise Interrupted("Ctrl-C while drawing controls", fix="finished trials are kept; run the command again")
        counts[i] = rewired.added, rewired.removed
        after.append(rewired.graph)
        inner.forget()
    added, removed = counts.sum(axis=0).tolist()
    return dataclasses.replace(
        arm, name=name, spec="control:random", topology=topology_of(after), edges=sum(g.m for g in after), added=added,
        removed=removed, counts=counts, seconds=time.perf_counter() - began, control=RANDOM, of=(arm.name,),
        provenance=tuple(s.to_json() for s in after[0].provenance),
    )  # fmt: skip

"""Arms: what is compared, each a source as given or rewired, with everything a training needs of it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.catalog import REWIRINGS
from mixcli.context import Context, silent
from mixcli.errors import InputError, Interrupted, UsageError
from mixcli.graph import Graph
from mixcli.rewiring.base import apply
from mixcli.spec import parse, spec_of
from mixcli.training.encodings import with_encoding
from mixcli.training.mask_topology import MaskTopology
from mixcli.training.tasks.base import Task
from mixcli.training.tasks.infer import infer_task
from mixcli.training.tasks.transfer import Transfer
from mixcli.training.topology import Topology, topology_of

__all__ = ["NONE", "Arm", "arm_spec", "edits", "encoded", "make_arms"]

NONE = "none"
"""The arm without a rewiring."""


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm of a comparison.

    Args:
        name: what to call it in tables.
        spec: the rewiring in full, or "none".
        task: features, labels and splits.
        topology: the arcs after rewiring.
        edges: number of edges after rewiring, over all graphs.
        added: edges added by the rewiring; for a source as given, edges that the first source lacks, None where
            the two differ in their nodes or directions.
        removed: edges removed, in the same sense.
        seconds: rewiring time.
        provenance: what was done to the first graph, as JSON.
        counts: (graphs, 2) edges added to and removed from each graph, None where nodes or directions differ.
        changes: settings of model and protocol in which its training differs from the plan's, such as a tuned "lr".
        source: name of the source it comes from.
        control: what it controls for, "mlp", "random", "degrees" or "empty relation"; empty for an arm that was asked
            for.
        of: names of the arms that a random control is for.
        group: name of the arm that this is one tuned variant of; empty where nothing is tuned.
        notes: what else its record says, JSON-ready: "controls" that it lacks and why, "swaps" of a control.
    """

    name: str
    spec: str
    task: Task
    topology: Topology | MaskTopology
    edges: int
    added: int | None
    removed: int | None
    seconds: float
    provenance: tuple[dict[str, Any], ...] = ()
    counts: NDArray[np.int64] | None = None
    changes: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    control: str = ""
    of: tuple[str, ...] = ()
    group: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def overlays(self) -> dict[str, Any]:
        """What is to be said of the topology beside its edges.

        Of graphs, what the layer plan lays over them, empty where it lays nothing: {"overlay_edges", "virtual_nodes"}.
        These are no edges of the graphs, and count neither as added nor in `edges`. Of masks, whether the first token
        reaches the read-out: {"reaches", "layered_resistance", "tokens"}.
        """
        return self.topology.facts

    def facts(self, seed: int) -> dict[str, Any]:
        """What the store keeps about the rewiring."""
        added, removed = (0, 0) if self.spec == NONE else (self.added, self.removed)  # another source is no rewiring
        return {
            "spec": self.spec, "seed": seed, "edges": self.edges, "edges_added": added, "edges_removed": removed,
            **self.overlays, "seconds": self.seconds, "provenance": list(self.provenance),
        }  # fmt: skip


def arm_spec(text: str) -> str:
    """The full spelling of an arm's spec.

    Raises:
        UsageError: no such rewiring, or a wrong parameter.

    Example:
        >>> arm_spec("None")
        'none'
    """
    parsed = parse(text)
    if parsed.name == NONE:
        if parsed.values or parsed.options:
            raise UsageError("none without parameters", repr(text), "drop them", where="--arm")
        return NONE
    return spec_of(REWIRINGS.canonical(parsed.name), REWIRINGS.make(parsed))


def make_arms(
    sources: Mapping[str, Sequence[Graph]], specs: Sequence[str], context: Context, encodings: Sequence[str] = ()
) -> list[Arm]:
    """Every source under every rewiring, the first source's first.

    Each graph is rewired once, with the comparison's seed: all trials of an arm train on the same graphs, so that they
    differ by split and initialisation only.

    Args:
        sources: graphs by source name.
        specs: rewirings, "none" for the source as it is.
        context: seed, limits, progress.
        encodings: positional encodings; each gives arms of its own, all with features of the same width. None at all
            leaves the features alone.

    Raises:
        UsageError: an unknown rewiring or encoding.
        InputError: the sources are not versions of one data set.
        NotApplicable: no task fits, or a rewiring does not apply.
        Interrupted: Ctrl-C while rewiring.
    """
    full = [arm_spec(s) for s in specs]
    arms: list[Arm] = []
    first: Task | None = None
    for source, graphs in sources.items():
        task = _task(source, graphs, first, context)
        first = first or task
        for spec in full:
            name = spec if len(sources) == 1 else source if spec == NONE else f"{source} + {spec}"
            count = sum(a.name == name or a.name.startswith(f"{name} #") for a in arms)
            made, after = _arm(f"{name} #{count + 1}" if count else name, spec, task, graphs, context)
            made = dataclasses.replace(made, source=source)
            if spec == NONE:
                made = _counted(made, edits(next(iter(sources.values())), graphs))
            arms += encoded(made, after, encodings) if encodings else [made]
    return arms


def encoded(arm: Arm, graphs: Sequence[Graph], encodings: Sequence[str]) -> list[Arm]:
    """An arm once for each positional encoding, computed on the graphs it trains on.

    Args:
        arm: the arm.
        graphs: its graphs, rewired.
        encodings: names, "none" among them for zeros in the same place.
    """
    made = []
    for name in encodings:
        task = with_encoding(arm.task, graphs, name)
        title = name if arm.spec == NONE and arm.name == NONE else f"{arm.name}, pe {name}"
        spec = arm.spec if name == NONE else f"{arm.spec}+pe:{name}"
        made.append(dataclasses.replace(arm, name=title, spec=spec, task=task))
    return made


def edits(before: Sequence[Graph], after: Sequence[Graph]) -> NDArray[np.int64] | None:
    """(graphs, 2) edges that each of `after` has more and less than its `before`; None where nodes do not correspond.

    Example:
        >>> from mixcli.generators.graphs import cycle, path
        >>> edits([path(5), cycle(5)], [cycle(5), path(5)]).tolist()
        [[1, 0], [0, 1]]
    """
    if [(g.n, g.directed) for g in before] != [(g.n, g.directed) for g in after]:
        return None
    out = np.zeros((len(before), 2), dtype=np.int64)
    for row, old, new in zip(out, before, after, strict=True):
        keys = [g.edges[:, 0] * g.n + g.edges[:, 1] for g in (old, new)]
        common = len(np.intersect1d(*keys, assume_unique=True))
        row[:] = new.m - common, old.m - common
    return out


def _counted(arm: Arm, counts: NDArray[np.int64] | None) -> Arm:
    added, removed = (None, None) if counts is None else counts.sum(axis=0).tolist()
    return dataclasses.replace(arm, added=added, removed=removed, counts=counts)


def _task(source: str, graphs: Sequence[Graph], first: Task | None, context: Context) -> Task:
    if isinstance(first, Transfer) and len(graphs) == 1 and "y" not in graphs[0].node:
        if graphs[0].n != first.n or graphs[0].directed:
            found = f"{graphs[0].n} nodes, {'' if not graphs[0].directed else 'directed'}"
            raise InputError(f"an undirected graph of {first.n} nodes, as in {first.name}", found, where=source)
        return first
    task = infer_task(graphs, source, context)
    if first is None:
        return task
    same = type(task) is type(first) and task.width == first.width and np.array_equal(task.labels, first.labels)
    if not same or not np.array_equal(getattr(task, "masks", None), getattr(first, "masks", None)):
        fix = "give versions of one data set, in the same order"
        raise InputError(f"the labels, masks and number of features of {first.name}", "others", fix, where=source)
    return task


def _arm(name: str, spec: str, task: Task, graphs: Sequence[Graph], context: Context) -> tuple[Arm, Sequence[Graph]]:
    """An arm, and the graphs it trains on."""
    if spec == NONE:
        steps = tuple(s.to_json() for s in graphs[0].provenance)
        return Arm(name, spec, task, topology_of(graphs), sum(g.m for g in graphs), 0, 0, 0.0, steps), graphs
    method = REWIRINGS.make(spec)
    many = len(graphs) > 1
    inner = dataclasses.replace(context, progress=silent) if many else context
    began, counts = time.perf_counter(), np.zeros((len(graphs), 2), dtype=np.int64)
    after: list[Graph] = []
    for done, graph in enumerate(graphs):
        rewired = apply(method, graph, context=inner)
        if rewired.interrupted:
            raise Interrupted("Ctrl-C while rewiring", fix="finished trials are kept; run the command again to go on")
        counts[done] = rewired.added, rewired.removed
        after.append(rewired.graph)
        inner.forget()
        if many:
            context.progress(f"rewire {name}", done + 1, len(graphs))
    seconds = time.perf_counter() - began
    steps = tuple(s.to_json() for s in after[0].provenance)
    edges = sum(g.m for g in after)
    arm = Arm(name, spec, task, topology_of(after), edges, 0, 0, seconds, steps)
    return _counted(arm, counts), after

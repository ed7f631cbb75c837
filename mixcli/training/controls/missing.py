"""Which arms have no control of a kind, and why: silence would look like a control that was beaten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mixcli.catalog import MODELS
from mixcli.graph import Graph
from mixcli.plan import Overlay
from mixcli.rewiring.graph.double_edge_swap import is_threshold
from mixcli.training.arms import NONE, Arm
from mixcli.training.controls.kinds import DEGREES, EMPTY, MLP, RANDOM
from mixcli.training.controls.unfold import plans_of
from mixcli.training.models.base import Model
from mixcli.training.topology import Topology

__all__ = ["Missing", "base_of", "baseline_of", "lacking", "mixes"]

Missing = Mapping[str, Mapping[str, str]]
"""Kind of control -> name of arm -> why it has none."""

AT_RANDOM = {RANDOM: ("random",), DEGREES: ("random", "double_edge_swap")}
"""Rewirings that are such a control themselves."""


def mixes(model: Model) -> bool:
    """Whether a network hears along edges at all, so that taking them away makes a difference."""
    return getattr(model, "over", "edges") == "edges" and MODELS.name_of(type(model)) != MLP


def baseline_of(arms: Sequence[Arm]) -> Arm:
    """The arm that others are compared with: the first without a rewiring."""
    return next(a for a in arms if a.spec == NONE)


def base_of(arm: Arm, sources: Mapping[str, Sequence[Graph]]) -> Sequence[Graph]:
    """The graphs that an arm's edits are counted from: its source's, the first one's for another source as given."""
    first = next(iter(sources.values()))
    return first if arm.spec == NONE else sources.get(arm.source, first)


def lacking(
    arms: Sequence[Arm], sources: Mapping[str, Sequence[Graph]], model: Model, kinds: Collection[str]
) -> dict[str, dict[str, str]]:
    """Why arms have no control of the kinds that are asked for.

    Args:
        arms: made from the sources, the baseline among them.
        sources: graphs by source name.
        model: what is to be trained.
        kinds: names of controls.

    Returns:
        For each kind the reasons by name of arm; the baseline needs none but for the empty relation.
    """
    out: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    baseline = baseline_of(arms)
    for kind in out.keys() & {RANDOM, DEGREES}:
        for arm in arms:
            if arm is not baseline and (why := _why(arm, sources, model, kind)):
                out[kind][arm.name] = why
    if EMPTY in out and not model.relational:
        out[EMPTY][baseline.name] = "the network has no relations"
    elif EMPTY in out and all(a.topology.relation_count == 1 for a in arms):
        out[EMPTY][baseline.name] = "no arm brings a relation"
    if MLP in out and not mixes(model):
        out[MLP][baseline.name] = "the network hears no edges"
    return out


def _why(arm: Arm, sources: Mapping[str, Sequence[Graph]], model: Model, kind: str) -> str:
    """Why an arm has no control of a kind, empty if it has."""
    if not mixes(model):
        return "the network hears no edges"
    if arm.counts is None:
        return "its nodes or directions are not those of the first source"
    if arm.spec.partition(":")[0] in AT_RANDOM[kind]:
        return "it is such a control itself"
    base, topology, edited = base_of(arm, sources), cast("Topology", arm.topology), bool(arm.counts.any())
    own = _own(topology, base)
    if not edited and not own:
        if topology.last not in (None, base[0].plan.last):
            return "its last layer joins all pairs, which have no other placement"
        return "it changes no edge"
    if kind == DEGREES:
        movable = edited and (topology.directed or _several(_degrees(topology, base)))
        return "" if movable or _several(_laid_degrees(own)) else "its degrees have no other placement"
    if edited:
        return "random edges are drawn in undirected graphs only" if topology.directed else ""
    free = any(len(overlay.edges) < n * (n - 1) // 2 for overlay, n in own)
    return "" if free else "its layers join all pairs, which have no other placement"


def _own(topology: Topology, base: Sequence[Graph]) -> list[tuple[Overlay, int]]:
    """The overlays with edges that an arm brings to its graphs, each with the number of its nodes, virtual ones too."""
    plans = plans_of(topology, [g.n for g in base])
    return [
        (o, g.n + o.virtual)
        for plan, g in zip(plans, base, strict=True)
        for o in plan.overlays
        if len(o.edges) and o not in g.plan.overlays
    ]


def _several(degrees: Iterable[NDArray[np.int64]]) -> bool:
    """Whether some degrees allow more than one graph."""
    return any(not is_threshold(degree) for degree in degrees)


def _laid_degrees(own: Sequence[tuple[Overlay, int]]) -> Iterator[NDArray[np.int64]]:
    return (np.bincount(overlay.edges.ravel(), minlength=n) for overlay, n in own)


def _degrees(topology: Topology, base: Sequence[Graph]) -> Iterator[NDArray[np.int64]]:
    degree = np.bincount(topology.union.receiver, minlength=int(topology.start[-1]))
    return (degree[a : a + g.n] for a, g in zip(topology.start.tolist(), base, strict=False))

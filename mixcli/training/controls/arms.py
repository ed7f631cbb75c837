"""The arms of the controls, made from those that were asked for."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mixcli.context import Context, silent
from mixcli.errors import Interrupted
from mixcli.graph import Graph
from mixcli.provenance import Step
from mixcli.rewiring.base import apply, topology_rng
from mixcli.training.arms import Arm, edits
from mixcli.training.controls.degrees import Swaps
from mixcli.training.controls.kinds import DEFAULT, DEGREES, EMPTY, EMPTY_RELATION, MLP, RANDOM
from mixcli.training.controls.matched import MatchedRandom
from mixcli.training.controls.missing import Missing, base_of, baseline_of, lacking, mixes
from mixcli.training.controls.placement import anew, uniform
from mixcli.training.controls.unfold import bare_graphs, plans_of
from mixcli.training.models.base import Model
from mixcli.training.topology import Topology, topology_of

__all__ = ["controlled"]

Drawing = Callable[[int, Context], Graph]
"""The graph in place of a numbered one, layer plan included."""


def controlled(
    arms: Sequence[Arm],
    sources: Mapping[str, Sequence[Graph]],
    model: Model,
    context: Context,
    kinds: Sequence[str] = DEFAULT,
    missing: Missing | None = None,
) -> list[Arm]:
    """The arms and their controls.

    `mlp`: the network without edges. `random`, for each arm: as many edits of every graph, drawn uniformly, and in
    place of each overlay as many pairs of the same nodes, virtual ones included, for the same layers. Of a Cayley graph
    or an expander this asks whether it takes more than any sparse graph of that size. `degrees`, for each arm: all
    edges of the rewired graphs, or the overlays where the edges are as given, shuffled under their degrees (`Swaps`).
    Of a Cayley graph that is a random regular graph: whether it takes the group. Of edits it moves the data's own
    edges too: what it reaches needs the degrees alone. `empty`: the baseline is named a control where it is one, for
    relational models beside arms that bring a relation.

    Args:
        arms: made from the sources, the baseline among them.
        sources: graphs by source name; the first source's graphs are what is controlled.
        model: what is to be trained.
        context: seed, limits, progress.
        kinds: names of controls.
        missing: arms without a control, and why; default what `lacking` says.

    Raises:
        Interrupted: Ctrl-C while drawing.
    """
    missing = lacking(arms, sources, model, kinds) if missing is None else missing
    baseline = baseline_of(arms)
    named = EMPTY in kinds and baseline.name not in missing[EMPTY]
    out = [
        _noted(dataclasses.replace(a, control=EMPTY_RELATION) if named and a is baseline else a, missing) for a in arms
    ]
    if not mixes(model):
        return out
    if MLP in kinds:
        out.append(_edgeless(baseline, next(iter(sources.values()))))
    for kind, make in ((RANDOM, _random), (DEGREES, _degrees)):
        for arm in arms if kind in kinds else ():
            if arm is not baseline and arm.name not in missing[kind]:
                out.append(make(arm, base_of(arm, sources), model, context))
    return out


def _noted(arm: Arm, missing: Missing) -> Arm:
    """An arm that says which controls it lacks."""
    why = {kind: reasons[arm.name] for kind, reasons in missing.items() if arm.name in reasons}
    return dataclasses.replace(arm, notes={**arm.notes, "controls": why}) if why else arm


def _edgeless(arm: Arm, graphs: Sequence[Graph]) -> Arm:
    bare = [Graph(g.n, np.empty((0, 2), np.int64), g.directed, name=g.name) for g in graphs]
    counts = np.array([[0, g.m] for g in graphs], dtype=np.int64)
    return dataclasses.replace(
        arm, name="mlp (no edges)", spec="control:no_edges", topology=topology_of(bare), edges=0, added=0,
        removed=int(counts[:, 1].sum()), counts=counts, seconds=0.0, provenance=(), control=MLP, notes={},
    )  # fmt: skip


def _random(arm: Arm, base: Sequence[Graph], model: Model, context: Context) -> Arm:
    """Random edges in place of an arm's, and random pairs in place of its overlays."""
    counts, own = _counts(arm), _own(arm, base, relational=False)

    def draw(i: int, inner: Context) -> Graph:
        graph = base[i]
        if counts.any():
            rewired = apply(MatchedRandom(*counts[i].tolist()), graph, context=inner)
            if rewired.interrupted:
                raise KeyboardInterrupt
            graph = rewired.graph
        return graph.replace(plan=anew(own[i], base[i].plan, graph, inner, uniform, "random overlay"))

    return _made(arm, base, RANDOM, draw, context)


def _degrees(arm: Arm, base: Sequence[Graph], model: Model, context: Context) -> Arm:
    """An arm's graphs with their edges elsewhere, but as many at every node."""
    swaps, own = Swaps(), _own(arm, base, model.relational)
    edited = _counts(arm).any()

    def draw(i: int, inner: Context) -> Graph:
        graph = swaps.graph(own[i], topology_rng(inner, "degrees", own[i])) if edited else own[i]
        plan = anew(own[i], base[i].plan, graph, inner, swaps.overlay, "degrees overlay")
        return graph.replace(plan=plan, provenance=base[i].provenance)

    made = _made(arm, base, DEGREES, draw, context)
    return dataclasses.replace(made, notes={"swaps": {"tried": swaps.tried, "done": swaps.done}})


def _counts(arm: Arm) -> NDArray[np.int64]:
    """(graphs, 2) edges that an arm adds to and removes from each graph."""
    return np.zeros((1, 2), np.int64) if arm.counts is None else arm.counts


def _own(arm: Arm, base: Sequence[Graph], relational: bool) -> list[Graph]:
    """The graphs of an arm, with their layer plans: as they were where no edge was changed."""
    topology, sizes = cast("Topology", arm.topology), [g.n for g in base]
    graphs = bare_graphs(topology, sizes, relational) if _counts(arm).any() else base
    plans = plans_of(topology, sizes)
    return [graph.replace(plan=plan) for graph, plan in zip(graphs, plans, strict=True)]


def _made(arm: Arm, base: Sequence[Graph], kind: str, draw: Drawing, context: Context) -> Arm:
    """The control of a kind for an arm, its graphs drawn one after the other."""
    began, name = time.perf_counter(), f"{kind} for {arm.name}"
    inner = dataclasses.replace(context, progress=silent) if len(base) > 1 else context
    after: list[Graph] = []
    try:
        for i in range(len(base)):
            after.append(draw(i, inner))
            inner.forget()
            if len(base) > 1:
                context.progress(f"draw {name}", i + 1, len(base))
    except KeyboardInterrupt:
        fix = "finished trials are kept; run the command again"
        raise Interrupted("Ctrl-C while drawing controls", fix=fix) from None
    counts = edits(base, after)
    added, removed = (None, None) if counts is None else counts.sum(axis=0).tolist()
    steps = (*after[0].provenance, Step("control", f"control:{kind}", seed=context.seed, notes={"for": arm.spec}))
    return dataclasses.replace(
        arm, name=name, spec=f"control:{kind}", topology=topology_of(after), edges=sum(g.m for g in after), added=added,
        removed=removed, counts=counts, seconds=time.perf_counter() - began, control=kind, of=(arm.name,),
        provenance=tuple(s.to_json() for s in steps), notes={},
    )  # fmt: skip

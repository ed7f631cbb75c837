"""Train before and after rewiring, paired, and say what changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.graph import Graph
from mixcli.sequence import MaskSequence
from mixcli.training.arms import NONE, Arm, make_arms
from mixcli.training.comparison import ArmResult, Comparison, conclude
from mixcli.training.encodings import check_encodings
from mixcli.training.models.base import Model
from mixcli.training.outline import outline_of
from mixcli.training.plan import Plan, model_spec
from mixcli.training.probes.run import check_probes, complete, probe_specs
from mixcli.training.protocol import Protocol
from mixcli.training.runner import run
from mixcli.training.runner.cluster import Cluster
from mixcli.training.shards import WHOLE, Shard
from mixcli.training.store import Store
from mixcli.training.tasks.base import Task
from mixcli.training.topology import Topology, topology_of

__all__ = ["ArmResult", "Comparison", "compare", "conclude"]

DEFAULT_MODEL = {"graph_classification": "gin", "node_classification": "gcn", "transfer": "gcn", "reach": "decoder"}

Sources: TypeAlias = (
    Graph | MaskSequence | Sequence[Graph | MaskSequence] | Mapping[str, Sequence[Graph | MaskSequence]]
)
"""One source, the graphs of one data set, or several sources by name."""


def compare(
    sources: Sources,
    arms: Sequence[str] = (NONE,),
    model: str | None = None,
    trials: int = 10,
    *,
    encodings: Sequence[str] = (),
    protocol: Mapping[str, Any] | None = None,
    probes: Sequence[str] = (),
    store: str | Path | Store | None = None,
    jobs: int = 1,
    shard: Shard = WHOLE,
    cluster: str = "",
    stack: int = 0,
    context: Context | None = None,
) -> Comparison:
    """Train the same network on a source as it is and rewired, in paired trials, and compare.

    The task follows from the source: graphs with graph payload `y` are classified, a graph with node payload `y` has
    its nodes classified, a graph without labels has messages carried between far nodes (`infer_task`), over a mask
    sequence a decoder learns to output the first token at the read-out (`Reach`). In trial t all
    arms have the same split, initial weights, order of batches and dropout masks, so an arm that changes nothing
    differs by exactly 0. (An arm with virtual nodes has more rows, and so other dropout masks.) Rewirings are drawn
    once, from the context's seed. The baseline is the first arm without a
    rewiring, else the first arm.

    Args:
        sources: one graph, the graphs of one data set, or several sources by name, which become arms as given and
            must be versions of one data set; or mask sequences of one length and depth.
        arms: rewirings by spec, "none" for no rewiring; over masks other masks too (`mask_arm_spec`).
        model: spec such as "gcn:layers=3,hidden=32"; default gin for graph classification, decoder over masks, else
            gcn.
        trials: trainings per arm, ≥ 1.
        encodings: positional encodings ("none", "laplacian", "random_walk"), each giving arms of its own.
        protocol: training settings to change from the task's defaults, such as {"epochs": 50}.
        probes: what to look at in the trained networks, such as "sensitivity" or "dirichlet:graphs=8"; see
            `mixcli methods`.
        store: results database to resume from and add to (a path or an open Store); None keeps nothing.
        jobs: processes, see `runner.run`; 0 decides by the first trial.
        shard: the part of the trials to train, for other machines to train the rest.
        cluster: address of a Dask scheduler whose workers train, such as "tcp://host:8786", in place of processes.
        stack: trials to train at a time in one computation; 0 for one on a processor, and on a CUDA device as many as
            fit into its memory.
        context: seed, device, limits, threads, progress.

    Returns:
        The comparison; `record()` gives its JSON.

    Raises:
        UsageError: an unknown arm, model, setting or device, or fewer than one trial.
        InputError: sources that do not belong together.
        NotApplicable: no task fits the source, or a rewiring does not apply to it.
        LimitExceeded: the training would need more memory than the context allows, or a probe more time or memory.
        Interrupted: Ctrl-C before the first trial.

    Cost: arms × trials trainings.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> result = compare(barbell(6, 2), ["none"], "gcn:hidden=4", trials=1, protocol={"epochs": 1})
        >>> result.record()["task"]["kind"]
        'transfer'
    """
    began = time.perf_counter()
    context = context or Context()
    if trials < 1:
        raise UsageError("at least one trial", str(trials), "give --trials 10, say")
    things, looked_at = _by_name(sources), probe_specs(probes)
    name = next(iter(things))
    with ExitStack() as opened:
        if not isinstance(store, Store):
            store = opened.enter_context(Store(store))
        workers = opened.enter_context(Cluster(cluster, context)) if cluster else None
        device = workers.device(context.device) if workers else _device(context.device)
        plan = _plan(things, (arms, encodings), model, trials, protocol, device, context)
        if looked_at:
            plan = replace(plan, probes=looked_at, original=_original(things, plan))
            check_probes(plan, context.limits)
        store.put_plan(plan.digest, outline_of(plan, name))
        finished = run(plan, store, context, jobs, shard=shard, cluster=workers, stack=stack)
        finished = finished and complete(plan, store, context)
        out = conclude(plan, store, name, time.perf_counter() - began, interrupted=not finished, shard=shard)
        if out.complete or shard == WHOLE:
            store.put_record(plan.digest, out.record())
        return out


def _plan(
    sources: Mapping[str, Sequence[Graph | MaskSequence]],
    specs: tuple[Sequence[str], Sequence[str]],
    model: str | None,
    trials: int,
    protocol: Mapping[str, Any] | None,
    device: str,
    context: Context,
) -> Plan:
    Protocol().changed(protocol)  # a mistyped setting must not cost a rewiring first
    chosen = None if model is None else MODELS.make(model)
    arms = _arms(sources, list(specs[0]) or [NONE], check_encodings(specs[1]), context)
    task = arms[0].task
    made = (chosen or MODELS.make(DEFAULT_MODEL[task.kind])).completed(task)
    _fits(made, task)
    return Plan(tuple(arms), made, task.protocol.changed(protocol), context.seed, trials, device)


def _arms(
    sources: Mapping[str, Sequence[Graph | MaskSequence]], specs: list[str], encodings: list[str], context: Context
) -> list[Arm]:
    things = [thing for several in sources.values() for thing in several]
    masks = [thing for thing in things if isinstance(thing, MaskSequence)]
    if not masks:
        return make_arms(cast("Mapping[str, Sequence[Graph]]", sources), specs, context, encodings)
    if encodings:
        raise NotApplicable("graphs for positional encodings", "masks", "use decoder:positions=…", where="--pe")
    if len(masks) < len(things):
        raise InputError("graphs or masks", "both", "compare like with like")
    from mixcli.training.mask_arms import make_mask_arms

    return make_mask_arms(cast("Mapping[str, Sequence[MaskSequence]]", sources), specs, context)


def _original(things: Mapping[str, Sequence[Graph | MaskSequence]], plan: Plan) -> Topology | None:
    """The arcs of the first source's graphs as given."""
    graphs = next(iter(things.values()))
    if not isinstance(plan.arms[0].topology, Topology):
        return None
    return topology_of(cast("Sequence[Graph]", graphs))


def _fits(model: Model, task: Task) -> None:
    """Refuse a decoder on graphs, and convolutions on masks.

    Raises:
        NotApplicable: the model does not read what the task is on.
    """
    wanted = "mask" if task.kind == "reach" else "graph"
    if model.reads != wanted:
        name = model_spec(model).partition(":")[0]
        able = ", ".join(n for n in MODELS if MODELS.get(n).reads == wanted)
        raise NotApplicable(f"a {wanted} model", name, f"choose one of: {able}", where="--model")


def _by_name(sources: Sources) -> dict[str, Sequence[Graph | MaskSequence]]:
    if isinstance(sources, (Graph, MaskSequence)):
        sources = [sources]
    if isinstance(sources, Mapping):
        return {k: [v] if isinstance(v, (Graph, MaskSequence)) else list(v) for k, v in sources.items()}
    graphs = list(sources)
    return {graphs[0].name if graphs else "": graphs}


def _device(name: str) -> str:
    from mixcli.training.device import pick

    return str(pick(name))

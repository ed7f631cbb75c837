"""Train before and after rewiring, paired, and say what changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.graph import Graph
from mixcli.numerics.device import resolve
from mixcli.sequence import MaskSequence
from mixcli.training.arms import NONE
from mixcli.training.comparison import ArmResult, Comparison, conclude
from mixcli.training.controls import kinds_of
from mixcli.training.outline import outline_of
from mixcli.training.plan import Plan
from mixcli.training.planning import Wish, plan_for, protocol_of
from mixcli.training.probes.run import check_probes, complete, probe_specs
from mixcli.training.runner import run
from mixcli.training.runner.cluster import Cluster
from mixcli.training.shards import WHOLE, Shard
from mixcli.training.store import Store
from mixcli.training.topology import Topology, topology_of

__all__ = ["ArmResult", "Comparison", "compare", "conclude"]

Sources: TypeAlias = (
    Graph | MaskSequence | Sequence[Graph | MaskSequence] | Mapping[str, Sequence[Graph | MaskSequence]]
)
"""One source, the graphs of one data set, or several sources by name."""


def compare(
    sources: Sources,
    arms: Sequence[str] = (NONE,),
    model: str | None = None,
    trials: int | None = None,
    *,
    encodings: Sequence[str] = (),
    protocol: str | Mapping[str, Any] | None = None,
    controls: bool | str | Sequence[str] | None = None,
    tune: int = 0,
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
        trials: trainings per arm, ≥ 1; default the preset's, else 10.
        encodings: positional encodings ("none", "laplacian", "random_walk"), each giving arms of its own.
        protocol: training settings to change from the task's defaults, such as {"epochs": 50} or "epochs=50"; a preset
            by name, with changes as in "fosr,epochs=50" or {"preset": "fosr", "epochs": 50}.
        controls: controls to train too, by name (`training.controls`): mlp, random, degrees, empty; True for all but
            degrees, False for none. Default True where the preset has them.
        tune: settings that every arm is tuned over, selected on validation (`training.tuning`); 0 for none.
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
    if trials is not None and trials < 1:
        raise UsageError("at least one trial", str(trials), "give --trials 10, say")
    if stack > 1 and (cluster or jobs > 1):
        fix = "a stack is trained in one process: leave out stack, or jobs and cluster"
        raise UsageError("a stack or several processes", "both", fix)
    kinds = None if controls is None else kinds_of(controls)
    wish = Wish(list(arms) or [NONE], encodings, model, trials, *protocol_of(protocol), kinds, tune)
    if tune and probes:
        fix = "tune first, then probe with the settings found"
        raise UsageError("probes or tuning", "both", fix, where="--tune")
    things, looked_at = wish.prepared(_by_name(sources)), probe_specs(probes)
    name = next(iter(things))
    with ExitStack() as opened:
        if not isinstance(store, Store):
            store = opened.enter_context(Store(store))
        workers = opened.enter_context(Cluster(cluster, context)) if cluster else None
        device = workers.device(context.device) if workers else resolve(context.device)
        plan = plan_for(things, wish, device, context)
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


def _original(things: Mapping[str, Sequence[Graph | MaskSequence]], plan: Plan) -> Topology | None:
    """The arcs of the first source's graphs as given."""
    graphs = next(iter(things.values()))
    if not isinstance(plan.arms[0].topology, Topology):
        return None
    return topology_of(cast("Sequence[Graph]", graphs))


def _by_name(sources: Sources) -> dict[str, Sequence[Graph | MaskSequence]]:
    if isinstance(sources, (Graph, MaskSequence)):
        sources = [sources]
    if isinstance(sources, Mapping):
        return {k: [v] if isinstance(v, (Graph, MaskSequence)) else list(v) for k, v in sources.items()}
    graphs = list(sources)
    return {graphs[0].name if graphs else "": graphs}

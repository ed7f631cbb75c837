"""Train before and after rewiring, paired, and say what changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.graph import Graph
from mixcli.provenance import environment
from mixcli.sequence import MaskSequence
from mixcli.training.arms import NONE, Arm, make_arms
from mixcli.training.encodings import check_encodings
from mixcli.training.models.base import Model
from mixcli.training.plan import Plan, model_spec
from mixcli.training.protocol import Protocol
from mixcli.training.runner import run
from mixcli.training.statistics import Difference, Estimate, estimate, holm, paired
from mixcli.training.store import Store, TrialResult
from mixcli.training.tasks.base import Task
from mixcli.training.verdict import verdict

__all__ = ["ArmResult", "Comparison", "compare"]

DEFAULT_MODEL = {"graph_classification": "gin", "node_classification": "gcn", "transfer": "gcn", "reach": "decoder"}

Sources: TypeAlias = (
    Graph | MaskSequence | Sequence[Graph | MaskSequence] | Mapping[str, Sequence[Graph | MaskSequence]]
)
"""One source, the graphs of one data set, or several sources by name."""


@dataclass(frozen=True, eq=False)
class ArmResult:
    """One arm's trials and what they amount to.

    Args:
        arm: what was trained on.
        trials: trial number -> result, for the finished ones.
        best: test metric at the best validation epoch, over trials.
        last: test metric after the last epoch, over trials.
        difference: to the baseline, trial by trial; None for the baseline.
        p_adjusted: its p after Holm's adjustment over the arms.
        verdict: one sentence; for the baseline, that it is the baseline.
    """

    arm: Arm
    trials: Mapping[int, TrialResult]
    best: Estimate
    last: Estimate
    difference: Difference | None = None
    p_adjusted: float | None = None
    verdict: str = "baseline"

    def to_json(self) -> dict[str, Any]:
        """This arm's part of the comparison record."""
        results = list(self.trials.values())
        task = self.arm.task
        return {
            "name": self.arm.name, "spec": self.arm.spec, "metric": task.metric, **_estimate_json(self.best),
            "last": _estimate_json(self.last), "difference": self._difference_json(), "verdict": self.verdict,
            "edges": self.arm.edges, "edges_added": self.arm.added, "edges_removed": self.arm.removed,
            **self.arm.overlays,
            "seconds": {
                "rewire": self.arm.seconds, "train": sum(r.train for r in results),
                "evaluate": sum(r.evaluate for r in results),
            },
            "epochs": float(np.mean([r.epochs for r in results])) if results else None,
            "diverged": sum(r.diverged for r in results),
            "values": [{"trial": t, "best": r.best, "last": r.last} for t, r in self.trials.items()],
            "provenance": list(self.arm.provenance),
        }  # fmt: skip

    def _difference_json(self) -> dict[str, Any] | None:
        d = self.difference
        if d is None:
            return None
        out = {
            "mean": d.mean, "sd": d.sd, "ci95": None if d.ci95 is None else list(d.ci95), "p": d.p,
            "p_adjusted": self.p_adjusted, "p_permutation": d.p_permutation, "wins": d.wins, "ties": d.ties,
            "losses": d.losses, "smallest_detectable_effect": d.detectable, "test": d.test,
        }  # fmt: skip
        return {**out, "reason": d.reason} if d.reason else out


@dataclass(frozen=True, eq=False)
class Comparison:
    """A finished, or interrupted, comparison.

    Args:
        plan: what was to be trained.
        name: of the data set.
        baseline: name of the arm the others are compared with.
        arms: results in the order of the arms.
        seconds: wall time of the whole command.
        interrupted: whether Ctrl-C stopped it; the results are then those of the finished trials.
    """

    plan: Plan
    name: str
    baseline: str
    arms: tuple[ArmResult, ...]
    seconds: float
    interrupted: bool = False

    @property
    def finished(self) -> int:
        """Trials that there are results of, over all arms; those found in the store count too."""
        return sum(len(a.trials) for a in self.arms)

    @property
    def planned(self) -> int:
        """Trials that were asked for, over all arms."""
        return len(self.plan.jobs)

    @property
    def note(self) -> str:
        """What keeps this from being a comparison, empty if nothing does."""
        if len(self.arms) > 1:
            return ""
        other = "a rewiring, as in --arm sdrf" if self.arms[0].arm.spec == NONE else "--arm none"
        return f"one arm: nothing to compare with; add {other}"

    @property
    def smallest_detectable_effect(self) -> float | None:
        """The difference that every arm's comparison would have found with 80 % power; None where none has one."""
        known = [a.difference.detectable for a in self.arms if a.difference and a.difference.detectable is not None]
        return max(known, default=None)

    def record(self) -> dict[str, Any]:
        """The comparison record, schema `mixcli.comparison/1`: JSON-ready, without NaN or infinity."""
        plan, task = self.plan, self.plan.arms[0].task
        parameters = next((r.parameters for a in self.arms for r in a.trials.values()), None)
        out = {
            "schema": "mixcli.comparison/1", "dataset": self.name, "sha256": task.digest, "task": task.facts(),
            "model": model_spec(plan.model), "parameters": parameters, "relations": plan.relations,
            "protocol": plan.protocol.to_json(), "seed": plan.seed, "trials": plan.trials, "device": plan.device,
            "metric": task.metric, "baseline": self.baseline, "arms": [a.to_json() for a in self.arms],
            "smallest_detectable_effect": self.smallest_detectable_effect, "interrupted": self.interrupted,
            "environment": dict(environment()), "seconds": self.seconds,
        }  # fmt: skip
        return {**out, "note": self.note} if self.note else out


def compare(
    sources: Sources,
    arms: Sequence[str] = (NONE,),
    model: str | None = None,
    trials: int = 10,
    *,
    encodings: Sequence[str] = (),
    protocol: Mapping[str, Any] | None = None,
    store: str | Path | Store | None = None,
    jobs: int = 1,
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
        store: results database to resume from and add to (a path or an open Store); None keeps nothing.
        jobs: processes, see `runner.run`; 0 decides by the first trial.
        context: seed, device, limits, threads, progress.

    Returns:
        The comparison; `record()` gives its JSON.

    Raises:
        UsageError: an unknown arm, model, setting or device, or fewer than one trial.
        InputError: sources that do not belong together.
        NotApplicable: no task fits the source, or a rewiring does not apply to it.
        LimitExceeded: the training would need more memory than the context allows.
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
    if isinstance(store, Store):
        return _compare(_by_name(sources), (arms, encodings), model, trials, protocol, store, jobs, context, began)
    with Store(store) as opened:
        return _compare(_by_name(sources), (arms, encodings), model, trials, protocol, opened, jobs, context, began)


def _compare(
    sources: Mapping[str, Sequence[Graph | MaskSequence]],
    specs: tuple[Sequence[str], Sequence[str]],
    model: str | None,
    trials: int,
    protocol: Mapping[str, Any] | None,
    store: Store,
    jobs: int,
    context: Context,
    began: float,
) -> Comparison:
    Protocol().changed(protocol)  # a mistyped setting must not cost a rewiring first
    chosen = None if model is None else MODELS.make(model)
    device = _device(context.device)
    arms = _arms(sources, list(specs[0]) or [NONE], check_encodings(specs[1]), context)
    task = arms[0].task
    made = (chosen or MODELS.make(DEFAULT_MODEL[task.kind])).completed(task)
    _fits(made, task)
    plan = Plan(tuple(arms), made, task.protocol.changed(protocol), context.seed, trials, device)
    finished = run(plan, store, context, jobs)
    baseline = next((i for i, a in enumerate(arms) if a.spec == NONE), 0)
    results = _results(plan, store, baseline)
    name = next(iter(sources))
    out = Comparison(plan, name, arms[baseline].name, results, time.perf_counter() - began, not finished)
    store.put_record(plan.digest, out.record())
    return out


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


def _results(plan: Plan, store: Store, baseline: int) -> tuple[ArmResult, ...]:
    found: list[dict[int, TrialResult]] = []
    for a in range(len(plan.arms)):
        stored = {t: store.get(plan.key(a, t)) for t in range(plan.trials)}
        found.append({t: r for t, r in stored.items() if r is not None})
    ratio, bounds = _ratio(plan), plan.arms[0].task.bounds
    results = []
    for a, trials in enumerate(found):
        both = sorted(trials.keys() & found[baseline].keys())
        pairs = [trials[t].best for t in both], [found[baseline][t].best for t in both]
        difference = None if a == baseline else paired(*pairs, ratio=ratio, seed=plan.seed, bounds=bounds)
        columns = ([getattr(r, k) for r in trials.values()] for k in ("best", "last"))
        best, last = (estimate(c, ratio, bounds=bounds) for c in columns)
        results.append(ArmResult(plan.arms[a], trials, best, last, difference))
    adjusted = holm([r.difference.p if r.difference else None for r in results])
    return tuple(
        r if r.difference is None else replace(r, p_adjusted=p, verdict=verdict(r.difference, p))
        for r, p in zip(results, adjusted, strict=True)
    )


def _ratio(plan: Plan) -> float | None:
    """Mean n_test / n_train over the trials, None where all have the same split."""
    task = plan.arms[0].task
    if task.fixed:
        return None
    return float(np.mean([task.split(plan.seed, t).ratio for t in range(plan.trials)]))


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


def _estimate_json(e: Estimate) -> dict[str, Any]:
    out = {"mean": e.mean, "sd": e.sd, "ci95": None if e.ci95 is None else list(e.ci95), "trials": e.trials}
    return {**out, "reason": e.reason} if e.reason else out

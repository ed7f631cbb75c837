"""What trained arms amount to: the comparison, and its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mixcli.provenance import environment
from mixcli.training.arms import NONE, Arm
from mixcli.training.plan import Plan, model_spec
from mixcli.training.probes.run import summaries
from mixcli.training.shards import WHOLE, Shard
from mixcli.training.statistics import Difference, Estimate, estimate, holm, paired
from mixcli.training.store import Store, TrialResult
from mixcli.training.verdict import verdict

__all__ = ["ArmResult", "Comparison", "conclude"]


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
        probes: what the trained networks do with their graph, by probe; see `probes.run.summaries`.
    """

    arm: Arm
    trials: Mapping[int, TrialResult]
    best: Estimate
    last: Estimate
    difference: Difference | None = None
    p_adjusted: float | None = None
    verdict: str = "baseline"
    probes: Mapping[str, Any] = field(default_factory=dict)

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
            "provenance": list(self.arm.provenance), **({"probes": dict(self.probes)} if self.probes else {}),
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
        shard: the part of the plan that was to be trained.
        failed: trials without a result, each with its arm and the reason.
        merged: how many stores the trials were put together from, 0 for a comparison that trained them itself.
    """

    plan: Plan
    name: str
    baseline: str
    arms: tuple[ArmResult, ...]
    seconds: float
    interrupted: bool = False
    shard: Shard = WHOLE
    failed: tuple[dict[str, Any], ...] = ()
    merged: int = 0

    @property
    def finished(self) -> int:
        """Trials that there are results of, over all arms; those found in the store count too."""
        return sum(len(a.trials) for a in self.arms)

    @property
    def planned(self) -> int:
        """Trials that were asked for, over all arms."""
        return len(self.plan.jobs)

    @property
    def complete(self) -> bool:
        """Whether there is a result of every trial of every arm."""
        return self.finished == self.planned

    @property
    def note(self) -> str:
        """What keeps this from being a comparison, empty if nothing does."""
        if self.shard != WHOLE and not self.complete:
            own = len(self.shard.trials(self.plan))
            return f"shard {self.shard}: {own} of {self.planned} trials are its own; mixcli merge puts shards together"
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
        more = {"failed": list(self.failed), "merged": self.merged, "note": self.note}
        if self.shard != WHOLE:
            out["shard"] = str(self.shard)
        return {**out, **{k: v for k, v in more.items() if v}}


def conclude(
    plan: Plan,
    store: Store,
    name: str,
    seconds: float,
    *,
    interrupted: bool = False,
    shard: Shard = WHOLE,
    merged: int = 0,
) -> Comparison:
    """What the stored trials of a plan amount to.

    Args:
        plan: what was to be trained; one made from an outline will do.
        store: the trials.
        name: of the data set.
        seconds: that it took.
        interrupted, shard, merged: facts of the `Comparison`.
    """
    baseline = next((i for i, a in enumerate(plan.arms) if a.spec == NONE), 0)
    failed = tuple(
        {"arm": plan.arms[a].name, "trial": t, "reason": reason}
        for a, t in plan.jobs
        if (reason := store.failure(plan.key(a, t))) is not None
    )
    arms = _results(plan, store, baseline)
    return Comparison(plan, name, plan.arms[baseline].name, arms, seconds, interrupted, shard, failed, merged)


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
        probes = summaries(plan, store, a, baseline) if plan.probes else {}
        results.append(ArmResult(plan.arms[a], trials, best, last, difference, probes=probes))
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


def _estimate_json(e: Estimate) -> dict[str, Any]:
    out = {"mean": e.mean, "sd": e.sd, "ci95": None if e.ci95 is None else list(e.ci95), "trials": e.trials}
    return {**out, "reason": e.reason} if e.reason else out

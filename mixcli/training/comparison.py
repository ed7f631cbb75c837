"""What trained arms amount to: the comparison, and its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixcli.provenance import environment
from mixcli.training.arms import NONE
from mixcli.training.plan import Plan, model_spec
from mixcli.training.results import ArmResult, results_of
from mixcli.training.shards import WHOLE, Shard
from mixcli.training.store import Store

__all__ = ["ArmResult", "Comparison", "conclude"]


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
        return sum(a.tried for a in self.arms)

    @property
    def planned(self) -> int:
        """Trials that were asked for, over all arms."""
        return len(self.plan.jobs) if self.shard == WHOLE else len(self.shard.trials(self.plan))

    @property
    def complete(self) -> bool:
        """Whether there is a result of every trial of every arm."""
        return self.finished == len(self.plan.jobs)

    @property
    def work(self) -> float:
        """Seconds of rewiring, training and evaluation, wherever it was done."""
        return sum(a.arm.seconds + sum(r.train + r.evaluate for r in a.trials.values()) for a in self.arms)

    @property
    def note(self) -> str:
        """What keeps this from being a comparison, empty if nothing does."""
        if self.shard != WHOLE and not self.complete:
            own = f"{self.planned} of {len(self.plan.jobs)} trials are its own"
            return f"shard {self.shard}: {own}; mixcli merge puts shards together"
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
            "metric": task.metric, "better": task.better, "percent": task.percent,
            "baseline": self.baseline, "arms": [a.to_json() for a in self.arms],
            "smallest_detectable_effect": self.smallest_detectable_effect, "interrupted": self.interrupted,
            "environment": dict(environment()), "seconds": self.seconds,
        }  # fmt: skip
        out["engine"], out["stack"] = self._engine()
        more = {**plan.facts, "failed": list(self.failed), "merged": self.merged, "note": self.note}
        if self.shard != WHOLE:
            out["shard"] = str(self.shard)
        return {**out, **{k: v for k, v in more.items() if v}}

    def _engine(self) -> tuple[str, int]:
        """How the trials were trained, and how many at a time at most."""
        sizes = [r.stack for a in self.arms for r in a.trials.values()]
        most = max(sizes, default=1)
        return ("lone" if most == 1 else "stacked" if min(sizes) > 1 else "stacked and lone"), most


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
    why = {key: reason for key, _, reason in store.failures()}
    failed = tuple(
        {"arm": plan.arms[a].name, "trial": t, "reason": reason}
        for a, t in (plan.jobs if why else ())
        if (reason := why.get(plan.key(a, t))) is not None
    )
    arms = results_of(plan, store)
    baseline = next((a.arm.name for a in arms if a.difference is None), "")
    return Comparison(plan, name, baseline, arms, seconds, interrupted, shard, failed, merged)

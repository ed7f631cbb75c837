"""What a comparison consists of, without its graphs: enough to make its record again from stored trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from mixcli.catalog import MODELS
from mixcli.training.arms import Arm
from mixcli.training.plan import Plan, model_spec
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Task
from mixcli.training.topology import Topology

__all__ = ["outline_of", "plan_of"]


def outline_of(plan: Plan, name: str) -> dict[str, Any]:
    """The outline of a plan, JSON-ready.

    Args:
        plan: the plan.
        name: of the data set.
    """
    task = plan.arms[0].task
    facts = {
        "kind": task.kind, "metric": task.metric, "better": task.better, "percent": task.percent,
        "bounds": None if task.bounds is None else list(task.bounds), "fixed": task.fixed,
        "same_test": task.same_test, "ratios": [task.split(plan.seed, t).ratio for t in range(plan.trials)],
        "splits": [task.split_number(t) for t in range(plan.trials)],
    }  # fmt: skip
    return {
        "name": name, "task": facts, "facts": task.facts(), "model": model_spec(plan.model),
        "protocol": plan.protocol.to_json(),
        "seed": plan.seed, "trials": plan.trials, "device": plan.device, "relations": plan.relations,
        "arms": [_arm(a) for a in plan.arms], "probes": list(plan.probes), "plan": dict(plan.facts),
    }  # fmt: skip


def plan_of(outline: Mapping[str, Any]) -> Plan:
    """The plan an outline was made of: the same keys and facts, but nothing to train on."""
    arms = []
    for told in outline["arms"]:
        facts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
        dataset, topology, overlays = (facts.pop(k) for k in ("dataset", "topology", "overlays"))
        task = _Task(**_task(outline), digest=dataset, told=outline["facts"])
        arcs = _Topology(topology, overlays, outline["relations"])
        arms.append(Arm(**facts, task=cast("Task", task), topology=cast("Topology", arcs)))
    model, protocol = MODELS.make(outline["model"]), Protocol(**outline["protocol"])
    probes = tuple(outline.get("probes", ()))
    seed, trials, device = (outline[k] for k in ("seed", "trials", "device"))
    return Plan(tuple(arms), model, protocol, seed, trials, device, probes, facts=outline.get("plan", {}))


def _arm(arm: Arm) -> dict[str, Any]:
    """Digests in place of data, and everything else as it is."""
    facts = {f.name: getattr(arm, f.name) for f in fields(arm) if f.name not in ("task", "topology", "counts")}
    digests = {"dataset": arm.task.digest, "topology": arm.topology.digest}
    return {**facts, **digests, "overlays": arm.overlays, "changes": dict(arm.changes)}


def _task(outline: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of the task; early outlines leave out the last three, and ratios where the split is fixed."""
    told, trials = outline["task"], outline["trials"]
    fixed = told["ratios"] is None
    same = fixed or outline["protocol"].get("splits") == "development"
    early = {"fixed": fixed, "same_test": same, "splits": list(range(trials))}
    return {**early, **told, "ratios": told["ratios"] or [0.0] * trials}


@dataclass(frozen=True)
class _Split:
    ratio: float


@dataclass(frozen=True)
class _Task:
    """Stands for a task in all that a record says of it."""

    kind: str
    metric: str
    bounds: tuple[float, float] | None
    fixed: bool
    same_test: bool
    ratios: list[float]
    splits: list[int]
    digest: str
    told: dict[str, Any]
    better: str = "higher"
    percent: bool = True

    def split(self, seed: int, trial: int) -> _Split:
        return _Split(self.ratios[trial])

    def split_number(self, trial: int) -> int:
        return self.splits[trial]

    def facts(self) -> dict[str, Any]:
        return self.told


@dataclass(frozen=True)
class _Topology:
    """Stands for the arcs of an arm."""

    digest: str
    facts: dict[str, Any]
    relation_count: int

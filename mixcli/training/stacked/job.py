"""One trial of a stack, and which trials can share one."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from mixcli.training.models.base import Model
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task
from mixcli.training.topology import Topology

if TYPE_CHECKING:
    from mixcli.training.plan import Plan

__all__ = ["StackJob", "job_of", "obstacle"]

TASKS = {
    "graph_classification", "graph_regression", "graph_labels", "node_classification", "transfer", "matching",
}  # fmt: skip
"""Kinds of task that `StackedLoader` makes batches of."""


@dataclass(frozen=True, eq=False)
class StackJob:
    """A trial, by the arguments of `engine.run_trial`.

    Args:
        task: features, labels and splits.
        topology: the arm's arcs.
        model: completed with the task's defaults.
        protocol: training settings.
        seed: of the comparison.
        trial: its number.
        relations: of a relational model, the most that any arm has.
    """

    task: Task
    topology: Topology
    model: Model
    protocol: Protocol
    seed: int
    trial: int
    relations: int = 1

    @cached_property
    def split(self) -> Split:
        """The trial's split."""
        return self.task.split(self.seed, self.trial)

    @cached_property
    def kind(self) -> Hashable:
        """Equal for trials that can be stacked.

        These have the same shapes: task, network, batches, numbers of units, layer plan; whatever else they differ in
        (arcs, features, seed, dropout, step size, weight decay) is a number by trial.
        """
        topology, task = self.topology, self.task
        plan = tuple((o.plan.name, o.plan.layers, o.plan.replaces) for o in topology.laid)
        planned = bool(plan) or topology.last is not None
        x = getattr(task, "x", None)
        shared = not isinstance(x, np.ndarray)  # sparse features and pairs of nodes are held once for all trials
        split = self.split
        return (
            task.kind, task.width, task.classes, task.labels.tobytes(), task.digest if shared else "", task.drop_input,
            dataclasses.replace(self.model, dropout=0.0), self.relations,  # type: ignore[type-var]
            dataclasses.replace(self.protocol, lr=0.0, weight_decay=0.0),
            topology.last, plan, len(topology.start), len(topology.relations) if planned else 0,
            len(split.train), len(split.val), len(split.test),
        )  # fmt: skip


def job_of(plan: Plan, arm: int, trial: int) -> StackJob | None:
    """A trial of a plan as part of a stack; None where it can only be trained alone (`obstacle`)."""
    if obstacle(plan, arm):
        return None
    a = plan.arms[arm]
    model = plan.model_of(arm).completed(a.task)
    return StackJob(
        a.task, cast("Topology", a.topology), model, plan.protocol_of(arm), plan.seed, trial, plan.relations
    )  # fmt: skip


def obstacle(plan: Plan, arm: int) -> str:
    """Why the trials of an arm cannot be stacked, empty where they can."""
    from mixcli.training.stacked.network import unstackable

    a = plan.arms[arm]
    if plan.probes:
        return "probes look into the network of one trial"
    if not isinstance(a.topology, Topology) or a.task.kind not in TASKS:
        return f"no stacked form of the {a.task.kind} task"
    return unstackable(plan.model_of(arm).completed(a.task), a.task, plan.relations)

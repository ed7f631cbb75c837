"""The plan of a comparison: every trial by its description, and the key under which the store files it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from mixcli.catalog import MODELS
from mixcli.spec import spec_of
from mixcli.training.arms import Arm
from mixcli.training.models.base import Model
from mixcli.training.protocol import Protocol
from mixcli.training.store import SCHEMA, digest_of
from mixcli.training.topology import Topology
from mixcli.training.trial_result import TrialResult
from mixcli.training.tuning import check_equal

__all__ = ["Job", "Plan", "model_spec"]

Job = tuple[int, int]
"""Numbers of the arm and of the trial."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be trained: arms × trials, all under one model and protocol.

    Args:
        arms: the arms.
        model: completed with the task's defaults.
        protocol: training settings.
        seed: of the comparison.
        trials: trials per arm.
        device: kind of device, "cpu", "cuda", "cuda:1" or "mps".
        probes: what to look at in the trained networks, by spec; no trial's result depends on it.
        original: the graphs as given, which probes measure distances on; None where there are no graphs.
        facts: what else the record says of how it was planned: "preset", "tuning".

    Raises:
        ValueError: tuned arms that differ in their settings.
    """

    arms: tuple[Arm, ...]
    model: Model
    protocol: Protocol
    seed: int
    trials: int
    device: str
    probes: tuple[str, ...] = ()
    original: Topology | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_equal(self.arms)

    @cached_property
    def groups(self) -> list[list[int]]:
        """The numbers of each arm's variants, in the order of the settings; one number each where nothing is tuned."""
        out: dict[str | int, list[int]] = {}
        for number, arm in enumerate(self.arms):
            out.setdefault(arm.group or number, []).append(number)
        return list(out.values())

    @cached_property
    def relations(self) -> int:
        """Relations of the network, the same for every arm."""
        return max(a.topology.relation_count for a in self.arms) if self.model.relational else 1

    @cached_property
    def jobs(self) -> list[Job]:
        """(arm, trial) in the order of running: trial by trial, so that what an interrupted run has got is paired."""
        return [(a, t) for t in range(self.trials) for a in range(len(self.arms))]

    def model_of(self, arm: int) -> Model:
        """The model of an arm: the plan's, with the arm's own dropout where it has one and the model takes one."""
        changes = self.arms[arm].changes
        takes = {f.name for f in fields(self.model) if f.init}  # type: ignore[arg-type]
        if "dropout" not in changes or "dropout" not in takes:
            return self.model
        return replace(self.model, dropout=changes["dropout"])  # type: ignore[type-var]

    def protocol_of(self, arm: int) -> Protocol:
        """The protocol of an arm: the plan's, with what the arm changes of it."""
        changes = {k: v for k, v in self.arms[arm].changes.items() if k != "dropout"}
        return self.protocol.changed(changes)

    def describe(self, arm: int, trial: int) -> dict[str, Any]:
        """Everything that a trial's result depends on."""
        return {**self._described[arm], "trial": trial}

    @cached_property
    def _described(self) -> list[dict[str, Any]]:
        """What the results of each arm depend on, whichever trial."""
        return [
            {
                "schema": SCHEMA, "task": a.task.kind, "dataset": a.task.digest, "arm": a.spec,
                "topology": a.topology.digest, "model": model_spec(self.model_of(number)), "relations": self.relations,
                "protocol": self.protocol_of(number).to_json(), "seed": self.seed,
                "device": self.device.partition(":")[0],
            }
            for number, a in enumerate(self.arms)
        ]  # fmt: skip

    def key(self, arm: int, trial: int) -> str:
        """SHA-256 of the description."""
        return digest_of(self.describe(arm, trial))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the whole plan."""
        return digest_of([self.describe(a, self.trials) for a in range(len(self.arms))])

    def run(self, arm: int, trial: int) -> TrialResult:
        """Train one trial, and probe it."""
        import torch

        from mixcli.training.effort import PeakMemory
        from mixcli.training.engine import fit

        memory = PeakMemory(self.device)
        a = self.arms[arm]
        done = fit(
            a.task, a.topology, self.model_of(arm), self.protocol_of(arm), seed=self.seed, trial=trial,
            relations=self.relations, device=torch.device(self.device), early=bool(self.probes),
        )  # fmt: skip
        result = replace(done.result(), peak_memory=memory.bytes)
        if not self.probes:
            return result
        from mixcli.training.probes.run import probe_trial

        return replace(result, probes=probe_trial(self, arm, trial, done))


def model_spec(model: Model) -> str:
    """The spec string of a model."""
    return spec_of(MODELS.name_of(type(model)), model)

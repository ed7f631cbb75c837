"""One trial: a network trained from its own seed on its own split, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from mixcli.context import Context
from mixcli.training.course import Course
from mixcli.training.device import one_thread, synchronise
from mixcli.training.dropout import Dropout
from mixcli.training.loaders import Batch, Loader
from mixcli.training.mask_topology import MaskTopology
from mixcli.training.models.base import Model
from mixcli.training.network import Network
from mixcli.training.objective import Classification, Objective
from mixcli.training.optimiser import Adam, Plateau
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Task, streams
from mixcli.training.topology import Topology
from mixcli.training.trial_result import TrialResult

__all__ = ["Fit", "fit", "number", "run_trial", "sign_of"]


def run_trial(
    task: Task,
    topology: Topology | MaskTopology,
    model: Model,
    protocol: Protocol,
    *,
    seed: int,
    trial: int,
    relations: int = 1,
    device: torch.device | None = None,
) -> TrialResult:
    """Train once.

    A pure function of its arguments: split, initial weights, order of the batches and dropout masks come from streams
    of (seed, trial) alone, so arms with as many nodes get the very same ones, and arms with the same arcs the very same
    result. On a CPU it uses one thread, so the result does not depend on how many trials run beside it.

    Args:
        task: features, labels and splits.
        topology: the arm's arcs, or its masks.
        model: a model, completed with the task's defaults if it is not.
        protocol: training settings.
        seed: of the comparison.
        trial: number of the trial, from 0.
        relations: of a relational model, the most that any arm has.
        device: where to train, default the CPU.

    Returns:
        Metrics, seconds and curves.

    Cost: epochs × (arcs × width + nodes × width²) × layers operations.
    """
    return fit(
        task, topology, model, protocol, seed=seed, trial=trial, relations=relations, device=device
    ).result()  # fmt: skip


def fit(
    task: Task,
    topology: Topology | MaskTopology,
    model: Model,
    protocol: Protocol,
    *,
    seed: int,
    trial: int,
    relations: int = 1,
    device: torch.device | None = None,
    early: bool = False,
) -> Fit:
    """The same, with the trained network and what it was trained on.

    Args:
        task, topology, model, protocol, seed, trial, relations, device: as for `run_trial`.
        early: keep the weights at the start and after the first epoch too, in `Fit.early`.
    """
    device = device or torch.device("cpu")
    model = model.completed(task)
    random = streams(seed, trial)
    split = task.split(seed, trial)
    with one_thread():
        net = model.network(task, relations, torch.Generator().manual_seed(number(random, "init"))).to(device)
        loader: Loader = task.loader(topology, relations if model.relational else 1, device)
        drop = Dropout(model.dropout or 0.0, number(random, "dropout"), device)
        run = Fit(net, loader, protocol, drop, task.objective(split, device), sign_of(task))
        if early:
            run.early["start"] = run.weights()
        held_out = np.concatenate([split.val, split.test])
        checks = list(loader.batches(held_out, loader.chunk()))
        order = random.rng("order")
        while not run.course.ended:
            run.train(order.permutation(split.train))
            run.evaluate(checks, len(split.val))
            if early and len(run.course.curves) == 1:
                run.early["first epoch"] = run.weights()
    return run


def number(random: Context, what: str) -> int:
    """The number that the random stream of a name starts from."""
    return int(random.rng(what).integers(2**63 - 1))


def sign_of(task: Task) -> float:
    """1 where a higher metric is better, -1 where a lower one is."""
    return 1.0 if task.better == "higher" else -1.0


@dataclass
class Fit:
    """A training: the network as it is now, what it has reached, and its best weights.

    Args:
        net: what is trained.
        loader: makes its batches.
        protocol: training settings.
        drop: the trial's dropout.
        objective: what is minimised, and the metric.
        sign: 1 where a higher metric is better, -1 where a lower one is.
    """

    net: Network
    loader: Loader
    protocol: Protocol
    drop: Dropout
    objective: Objective = field(default_factory=Classification)
    sign: float = 1.0
    best_state: dict[str, torch.Tensor] = field(default_factory=dict)
    early: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)
    loss: float = 0.0

    def __post_init__(self) -> None:
        self.course = Course(self.protocol, self.sign)
        parameters = list(self.net.parameters())
        first = {id(p) for p in self.net.layers[0].parameters()}
        decay = [self.protocol.weight_decay if id(p) in first else 0.0 for p in parameters]
        self.adam = Adam(parameters, self.protocol.lr, decay)
        bears = self.protocol.plateau_patience
        self.plateau = Plateau(self.adam, patience=bears) if self.protocol.scheduler == "plateau" else None

    def train(self, units: np.ndarray) -> None:
        """One epoch over the units in the order given."""
        began = time.perf_counter()
        self.net.train()
        total = torch.zeros((), device=self.loader.device)
        for batch in self.loader.batches(units, self.protocol.batch_size):
            self.drop.advance()
            loss = self.objective.loss(batch.scores(self.net(batch.x, batch.block, self.drop)), batch.y)
            self.adam.step(loss)
            total += loss.detach() * len(batch.y)
        self.loss = float(total) / len(units)
        if self.plateau is not None:
            self.plateau.step(self.loss)
        self.course.seconds["train"] += time.perf_counter() - began

    def evaluate(self, checks: Sequence[Batch], val: int) -> None:
        """Metrics of the held-out units, the first `val` of which are for validation."""
        began = time.perf_counter()
        self.net.eval()
        with torch.no_grad():
            scores = torch.cat([b.scores(self.net(b.x, b.block)) for b in checks])
            y = torch.cat([b.y for b in checks])
            loss = self.objective.loss(scores[:val], y[:val])
            totals = self.objective.total(scores[:val], y[:val]), self.objective.total(scores[val:], y[val:])
            val_loss, *counts = torch.stack([loss, *totals]).tolist()
        if self.course.add(self.loss, val_loss, counts[0] / val, counts[1] / (len(y) - val)):
            self.best_state = self.weights()
        synchronise(self.loader.device)
        self.course.seconds["evaluate"] += time.perf_counter() - began

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of the weights and running statistics as they are now, for `net.load_state_dict`."""
        return {name: value.detach().clone() for name, value in self.net.state_dict().items()}

    def result(self) -> TrialResult:
        """What the trial gave."""
        return self.course.result(self.net.parameter_count())

"""One trial: a network trained from its own seed on its own split, and what came of it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from mixcli.training.device import one_thread, synchronise
from mixcli.training.loaders import Batch, Loader
from mixcli.training.mask_topology import MaskTopology
from mixcli.training.models.base import Model
from mixcli.training.network import Dropout, Network
from mixcli.training.optimiser import Adam, Plateau
from mixcli.training.protocol import Protocol
from mixcli.training.store import TrialResult
from mixcli.training.tasks.base import Task, streams
from mixcli.training.topology import Topology

__all__ = ["Fit", "fit", "run_trial"]


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
        net = model.network(task, relations, _generator(random, "init", torch.device("cpu"))).to(device)
        loader: Loader = task.loader(topology, relations if model.relational else 1, device)
        drop = Dropout(model.dropout or 0.0, _generator(random, "dropout", device))
        run = Fit(net, loader, protocol, drop)
        if early:
            run.early["start"] = run.weights()
        held_out = np.concatenate([split.val, split.test])
        checks = list(loader.batches(held_out, loader.chunk()))
        order = random.rng("order")
        for _ in range(protocol.epochs):
            run.train(order.permutation(split.train))
            run.evaluate(checks, len(split.val))
            if early and len(run.curves) == 1:
                run.early["first epoch"] = run.weights()
            if run.diverged or run.stale(protocol.patience):
                break
    return run


def _generator(random: Any, what: str, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(int(random.rng(what).integers(2**63 - 1)))


@dataclass
class Fit:
    """The state of a training: the network as it is now, what has been reached, and how long it took."""

    net: Network
    loader: Loader
    protocol: Protocol
    drop: Dropout
    curves: list[tuple[float, float, float, float]] = field(default_factory=list)
    best: tuple[float, float] = (-1.0, -math.inf)
    best_epoch: int = 0
    best_state: dict[str, torch.Tensor] = field(default_factory=dict)
    early: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict)
    seen_epoch: int = 0
    goal: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: {"train": 0.0, "evaluate": 0.0})
    loss: float = 0.0
    diverged: bool = False

    def __post_init__(self) -> None:
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
            loss = functional.cross_entropy(batch.scores(self.net(batch.x, batch.block, self.drop)), batch.y)
            self.adam.step(loss)
            total += loss.detach() * len(batch.y)
        self.loss = float(total) / len(units)
        self.diverged = not math.isfinite(self.loss)
        if self.plateau is not None:
            self.plateau.step(self.loss)
        self.seconds["train"] += time.perf_counter() - began

    def evaluate(self, checks: Sequence[Batch], val: int) -> None:
        """Metrics of the held-out units, the first `val` of which are for validation."""
        began = time.perf_counter()
        self.net.eval()
        with torch.no_grad():
            scores = torch.cat([b.scores(self.net(b.x, b.block)) for b in checks])
            y = torch.cat([b.y for b in checks])
            right = scores.argmax(dim=1) == y
            loss = functional.cross_entropy(scores[:val], y[:val])
            val_loss, *counts = torch.stack([loss, right[:val].sum(), right[val:].sum()]).tolist()
        accuracy, test = counts[0] / val, counts[1] / (len(y) - val)
        self.curves.append((self.loss, val_loss, accuracy, test))
        reached = (accuracy, -val_loss if math.isfinite(val_loss) else -math.inf)
        if reached > self.best:
            self.best, self.best_epoch = reached, len(self.curves)
            self.best_state = self.weights()
            self.rise(accuracy)
        synchronise(self.loader.device)
        self.seconds["evaluate"] += time.perf_counter() - began

    def rise(self, accuracy: float) -> None:
        """Note a best epoch that patience sees: each one, or those whose metric is above the last by the threshold."""
        if self.protocol.threshold == 1 or not self.seen_epoch or accuracy > self.goal:
            self.seen_epoch, self.goal = len(self.curves), accuracy * self.protocol.threshold

    def stale(self, patience: int) -> bool:
        """Whether the last best epoch that counts lies `patience` epochs back."""
        return patience > 0 and len(self.curves) - self.seen_epoch >= patience

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of the weights and running statistics as they are now, for `net.load_state_dict`."""
        return {name: value.detach().clone() for name, value in self.net.state_dict().items()}

    def result(self) -> TrialResult:
        """What the trial gave."""
        best, last = self.curves[self.best_epoch - 1], self.curves[-1]
        return TrialResult(
            best=best[3], last=last[3], validation=best[2], best_epoch=self.best_epoch, epochs=len(self.curves),
            parameters=self.net.parameter_count(), diverged=self.diverged, train=self.seconds["train"],
            evaluate=self.seconds["evaluate"], curves=np.array(self.curves, dtype=np.float32),
        )  # fmt: skip

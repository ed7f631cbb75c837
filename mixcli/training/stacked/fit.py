"""Training a stack: every step, all trials go one step on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mixcli.training.course import Course
from mixcli.training.device import one_thread, synchronise
from mixcli.training.dropout import Dropout
from mixcli.training.engine import number, sign_of
from mixcli.training.optimiser import Plateau
from mixcli.training.stacked.adam import StackedAdam
from mixcli.training.stacked.job import StackJob
from mixcli.training.stacked.loader import StackedBatch, StackedLoader
from mixcli.training.stacked.network import chosen, stack
from mixcli.training.tasks.base import streams
from mixcli.training.trial_result import TrialResult

__all__ = ["run_stack"]

COMPACTED_EVERY = 10
"""Epochs after which trials that have ended leave the stack."""


def run_stack(jobs: Sequence[StackJob], device: torch.device | None = None) -> list[TrialResult]:
    """Train several trials in one computation.

    Each trial has the weights, batches and dropout masks that it has alone, so its result differs from that of
    `run_trial` by the rounding of sums only.

    Args:
        jobs: trials that can be stacked: all of the same `kind`.
        device: where to train, default the CPU.

    Returns:
        Results in the order of the jobs.

    Cost: as much arithmetic as the trials alone, plus what fills up the rows of the smaller ones; as few operations of
    the device as one trial.
    """
    with one_thread():
        return _Stack(jobs, device or torch.device("cpu")).train()


@dataclass
class _Rate:
    """The step size of one trial."""

    lr: float


@dataclass(eq=False)
class _Member:
    """What the host keeps of one trial."""

    job: StackJob
    course: Course
    rate: _Rate
    plateau: Plateau | None
    order: np.random.Generator


class _Stack:
    def __init__(self, jobs: Sequence[StackJob], device: torch.device) -> None:
        self.device, self.size = device, len(jobs)
        random = [streams(j.seed, j.trial) for j in jobs]
        self.members = [_member(j, r.rng("order")) for j, r in zip(jobs, random, strict=True)]
        self.all = list(self.members)
        made = [
            j.model.network(j.task, j.relations, torch.Generator().manual_seed(number(r, "init")))
            for j, r in zip(jobs, random, strict=True)
        ]
        self.parameters = made[0].parameter_count()
        self.net = stack(made).to(device)
        self.loader = StackedLoader(jobs, device)
        self.drop = Dropout([j.model.dropout or 0.0 for j in jobs], [number(r, "dropout") for r in random], device)
        each = [j.task.objective(j.split, device) for j in jobs]
        self.objective = type(each[0]).together(each)
        decay = torch.tensor([j.protocol.weight_decay for j in jobs], device=device)
        first = {id(p) for p in self.net.layers[0].parameters()}
        parameters = list(self.net.parameters())
        self.adam = StackedAdam(parameters, decay, [id(p) in first for p in parameters])
        self._checks: list[StackedBatch] | None = None

    def train(self) -> list[TrialResult]:
        epoch = 0
        while any(not m.course.ended for m in self.members):
            if epoch and epoch % COMPACTED_EVERY == 0:
                self._compact()
            self._epoch()
            epoch += 1
        return [m.course.result(self.parameters, self.size) for m in self.all]

    def _epoch(self) -> None:
        began = time.perf_counter()
        losses = self._step_through()
        synchronise(self.device)
        trained = time.perf_counter()
        found = torch.stack([losses, *self._evaluate()], dim=1).tolist()  # waits for the device, once an epoch
        done = time.perf_counter()
        val, test = self._counts
        for m, (loss, val_loss, *totals) in zip(self.members, found, strict=True):
            m.course.seconds["train"] += (trained - began) / len(self.members)
            m.course.seconds["evaluate"] += (done - trained) / len(self.members)
            if not m.course.ended:
                m.course.add(loss, val_loss, totals[0] / val, totals[1] / test)
                if m.plateau is not None:
                    m.plateau.step(loss)

    @property
    def _counts(self) -> tuple[int, int]:
        """Units that each trial validates and tests on."""
        split = self.members[0].job.split
        return len(split.val), len(split.test)

    def _step_through(self) -> Tensor:
        """Train one epoch: (trials,) losses."""
        self.net.train()
        protocol = self.members[0].job.protocol
        order = np.stack([m.order.permutation(m.job.split.train) for m in self.members])
        size = protocol.batch_size or order.shape[1]
        rates = torch.tensor([[0.0 if m.course.ended else m.rate.lr] for m in self.members], device=self.device)
        total = torch.zeros(len(self.members), device=self.device)
        for first in range(0, order.shape[1], size):
            batch = self.loader.batch(order[:, first : first + size])
            self.drop.advance()
            losses = self.objective.loss(batch.scores(self.net(batch.x, batch.block, self.drop)), batch.y)
            self.adam.step(losses.sum(), rates)
            total += losses.detach() * batch.y.shape[1]
        return total / order.shape[1]

    def _evaluate(self) -> tuple[Tensor, Tensor, Tensor]:
        """(trials,) validation losses, and the metric of validation and test times their numbers of units."""
        if self._checks is None:
            self._checks = self._held_out()
        self.net.eval()
        with torch.no_grad():
            scores = torch.cat([b.scores(self.net(b.x, b.block)) for b in self._checks], dim=1)
            y = torch.cat([b.y for b in self._checks], dim=1)
            val, _ = self._counts
            known = scores[:, :val], y[:, :val]
            return (
                self.objective.loss(*known), self.objective.total(*known),
                self.objective.total(scores[:, val:], y[:, val:]),
            )  # fmt: skip

    def _held_out(self) -> list[StackedBatch]:
        units = np.stack([np.concatenate([m.job.split.val, m.job.split.test]) for m in self.members])
        size = self.loader.chunk(units)
        return [self.loader.batch(units[:, first : first + size]) for first in range(0, units.shape[1], size)]

    def _compact(self) -> None:
        """Let go of the trials that have ended."""
        left = np.flatnonzero([not m.course.ended for m in self.members])
        if len(left) == len(self.members):
            return
        trials = torch.from_numpy(left).to(self.device)
        self.members = [self.members[i] for i in left]
        self.net = chosen(self.net, trials)
        self.adam.keep(trials, list(self.net.parameters()))
        self.drop.keep(trials)
        self.loader.keep(left)
        self.objective.keep(trials)
        self._checks = None


def _member(job: StackJob, order: np.random.Generator) -> _Member:
    rate = _Rate(job.protocol.lr)
    bears = job.protocol.plateau_patience
    plateau = Plateau(rate, patience=bears) if job.protocol.scheduler == "plateau" else None
    return _Member(job, Course(job.protocol, sign_of(job.task)), rate, plateau, order)

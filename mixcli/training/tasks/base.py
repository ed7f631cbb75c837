"""What a task is: labelled units, how a trial splits them, and the settings under which it is usually trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.context import Context
from mixcli.errors import NotApplicable

if TYPE_CHECKING:
    import torch

    from mixcli.training.loaders import Loader
    from mixcli.training.objective import Objective
    from mixcli.training.protocol import Protocol

__all__ = ["Split", "Task", "class_numbers", "stratified", "streams"]

FEWEST = 10
"""Labelled units below which there is nothing to compare."""


@dataclass(frozen=True)
class Split:
    """Numbers of the units to train on, to choose the epoch by, and to report."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]

    @property
    def ratio(self) -> float:
        """n_test / n_train, what the corrected interval needs."""
        return len(self.test) / len(self.train)


class Task(ABC):
    """One learning problem on one source, without the arcs: features, labels and splits, shared by all its arms."""

    kind: ClassVar[str]
    metric: ClassVar[str] = "accuracy"
    better: ClassVar[str] = "higher"
    """Which way the metric gets better: "higher" or "lower"."""
    percent: ClassVar[bool] = True
    """Whether the metric is a share, shown in percent."""
    bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    """Least and greatest value of the metric, None where there are none."""
    hidden: ClassVar[int]
    dropout: ClassVar[float]
    name: str
    classes: int
    layers: int
    """Convolutions, where the model does not say."""
    drop_input: bool = False
    """Whether input features are dropped out too."""
    labels: NDArray[Any]
    """(units,) class of each unit, -1 where it has none; (units, targets) where there are several, or real ones."""

    @property
    @abstractmethod
    def protocol(self) -> Protocol:
        """The settings that hold where the user says nothing."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of input features."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256 of features, labels and given splits."""

    @property
    @abstractmethod
    def fixed(self) -> bool:
        """Whether every trial has the same split, so that trials differ by initialisation only."""

    @property
    def same_test(self) -> bool:
        """Whether every trial is tested on the same units, so that results speak of these, and need no correction."""
        return self.fixed

    def under(self, protocol: Protocol) -> Task:
        """This task, split and fed as a protocol says; itself where the protocol leaves that to the task.

        Raises:
            NotApplicable: the task's splits are its own.
        """
        if protocol.splits == "default" and protocol.train is protocol.val is protocol.drop_input is None:
            return self
        raise NotApplicable("a task on labelled nodes or graphs for other splits", self.kind, where="--protocol")

    def split_number(self, trial: int) -> int:
        """Number of a trial's split; trials of the same split are one observation of how splits differ."""
        return trial

    @abstractmethod
    def split(self, seed: int, trial: int) -> Split:
        """The split of a trial: a function of the comparison's seed and the trial's number alone."""

    @abstractmethod
    def loader(self, topology: Any, relations: int, device: torch.device) -> Loader:
        """What makes batches of units over the arcs, or the masks, of an arm."""

    def objective(self, split: Split, device: torch.device) -> Objective:
        """What is minimised and reported, as far as it depends on the training units."""
        from mixcli.training.objective import Classification

        return Classification()

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What the record says about the task, JSON-ready."""


def streams(seed: int, trial: int) -> Context:
    """The source of every random number of one trial, the same for all arms.

    Example:
        >>> int(streams(0, 3).rng("split").integers(100)) == int(streams(0, 3).rng("split").integers(100))
        True
    """
    return Context(seed=int(Context(seed=seed).rng("trial", trial).integers(2**31)))


def stratified(labels: NDArray[np.int64], train: float, val: float, rng: np.random.Generator) -> Split:
    """A random split in which each class has its share, to within one unit, and the totals are right.

    Args:
        labels: (units,) classes; units with -1 are left out.
        train: share to train on.
        val: share to validate on; the rest is for testing.
        rng: decides who goes where.

    Example:
        >>> s = stratified(np.repeat([0, 1], 20), 0.8, 0.1, np.random.default_rng(0))
        >>> len(s.train), len(s.val), len(s.test)
        (32, 4, 4)
    """
    order = [rng.permutation(np.flatnonzero(labels == c)) for c in np.unique(labels[labels >= 0])]
    units = np.concatenate(order) if order else np.zeros(0, np.int64)
    # Taken evenly along the row of classes: each class, being a stretch of it, gets its share.
    first = _every(len(units), train)
    rest = units[~first]
    second = _every(len(rest), val / (1 - train))
    return Split(*(np.sort(part).astype(np.int64) for part in (units[first], rest[second], rest[~second])))


def _every(n: int, share: float) -> NDArray[np.bool_]:
    """(n,) evenly spread True for a share of the positions, round(share · k) of the first k for each k."""
    return np.diff(np.round(share * np.arange(n + 1) + 1e-9)) > 0


def class_numbers(y: NDArray[Any], what: str, where: str) -> tuple[NDArray[np.int64], int]:
    """Labels as 0 … C-1 with -1 for "none", and C.

    Negative and NaN labels mean "not labelled".

    Args:
        y: (units,) integer or whole-numbered labels.
        what: "graph" or "node", for messages.
        where: name of the source, for messages.

    Raises:
        NotApplicable: labels are vectors or real numbers, or too few, or all the same.
    """
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    fix = "mixcli compares classifiers; give integer class labels as y"
    if y.ndim != 1:
        raise NotApplicable(f"one class label per {what}", f"labels of shape {y.shape[1:]}", fix, where=where)
    if y.dtype.kind not in "iubf":
        raise NotApplicable(f"one class number per {what}", f"labels of type {y.dtype}", fix, where=where)
    known = ~np.isnan(y) if y.dtype.kind == "f" else np.ones(len(y), bool)
    if (y[known] != np.floor(y[known])).any():
        raise NotApplicable(f"one class label per {what}", "real numbers (a regression)", fix, where=where)
    known &= np.where(known, y, -1) >= 0
    if known.sum() < FEWEST:
        more = "give more of them, or drop y to compare on the transfer task"
        raise NotApplicable(f"at least {FEWEST} labelled {what}s", f"{known.sum()}", more, where=where)
    names, numbers = np.unique(y[known], return_inverse=True)
    if len(names) < 2:
        raise NotApplicable("at least two classes", "one", "give labels that differ", where=where)
    out = np.full(len(y), -1, dtype=np.int64)
    out[known] = numbers
    return out, len(names)

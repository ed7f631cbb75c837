"""Rules that part labelled units into training, validation and test, other than a task's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from mixcli.errors import UsageError
from mixcli.training.tasks.base import Split, stratified, streams

if TYPE_CHECKING:
    from mixcli.training.protocol import Protocol

__all__ = ["SplitRule", "development", "ruled"]

DEVELOPMENT = 1684992425
"""Seed of the development half, that of the code released with SDRF and with GDC before it: nodes in the same order get
the same test half as there."""

PER_CLASS = 20


@dataclass(frozen=True)
class SplitRule:
    """How the units of a trial are parted.

    Args:
        kind: "random" by trial, "stratified" by trial and class, "development": a test half that is the same in every
            trial, and by trial 20 units of each class (at most half of them) of the other half to train on.
        train: share to train on, not for development.
        val: share to validate on.

    Raises:
        UsageError: shares that leave nothing to train on, to validate on or to test.
    """

    kind: Literal["random", "stratified", "development"]
    train: float = 0.6
    val: float = 0.2

    def __post_init__(self) -> None:
        if not (self.train > 0 and self.val > 0 and self.train + self.val < 1):
            found = f"train={self.train:g}, val={self.val:g}"
            raise UsageError(
                "shares above 0 that leave some for testing", found, "say train=0.6,val=0.2", where="--protocol"
            )

    @property
    def same_test(self) -> bool:
        """Whether every trial has the same test units, so that results speak of these."""
        return self.kind == "development"

    def split(self, labels: NDArray[np.int64], seed: int, trial: int) -> Split:
        """The split of a trial.

        Args:
            labels: (units,) classes, -1 for units that take no part.
            seed: of the comparison.
            trial: number of the trial.

        Raises:
            UsageError: a part would be empty.

        Example:
            >>> s = SplitRule("random", 0.5, 0.25).split(np.arange(8) % 2, 0, 0)
            >>> len(s.train), len(s.val), len(s.test)
            (4, 2, 2)
        """
        rng = streams(seed, trial).rng("split")
        if self.kind == "development":
            out = development(labels, rng)
        elif self.kind == "stratified":
            out = stratified(labels, self.train, self.val, rng)
        else:
            units = rng.permutation(np.flatnonzero(labels >= 0))
            ends = [int(self.train * len(units)), int(self.train * len(units)) + int(self.val * len(units))]
            out = Split(*(np.sort(part) for part in np.split(units, ends)))
        if not all(len(part) for part in (out.train, out.val, out.test)):
            found = f"{len(out.train)}, {len(out.val)} and {len(out.test)} units"
            raise UsageError(
                "units to train on, to validate on and to test", found, "change the shares", where="--protocol"
            )
        return out

    def __str__(self) -> str:
        if self.kind == "development":
            return f"a fixed test half; {PER_CLASS} of each class (at most half) of the rest to train on, by trial"
        shares = "/".join(f"{100 * share:.3g}" for share in (self.train, self.val, 1 - self.train - self.val))
        return f"{shares} {'stratified by class' if self.kind == 'stratified' else 'at random'}, by trial"


def development(labels: NDArray[np.int64], rng: np.random.Generator) -> Split:
    """A development half that is always the same, of which 20 units of each class are drawn to train on.

    ⌈n/2⌉ units are drawn for development by a fixed seed; the others are for testing. Of each class min(20, ⌈half of
    its development units⌉) are drawn by `rng` to train on; the rest of the half is for validation.

    Args:
        labels: (n,) classes, -1 for units that take no part.
        rng: of the trial.

    Source: Topping et al., ICLR 2022, released code, after Klicpera et al., NeurIPS 2019.
    """
    fixed = RandomState(DEVELOPMENT)  # the kind whose draws the published halves are
    chosen = fixed.choice(len(labels), -(-len(labels) // 2), replace=False)
    test = np.setdiff1d(np.arange(len(labels)), chosen)
    train = [np.zeros(0, np.int64)]
    for c in np.unique(labels[labels >= 0]):
        own = chosen[labels[chosen] == c]
        train.append(rng.choice(own, min(PER_CLASS, -(-len(own) // 2)), replace=False))
    trained = np.sort(np.concatenate(train)).astype(np.int64)
    val = np.setdiff1d(chosen, trained)
    return Split(trained, val[labels[val] >= 0], test[labels[test] >= 0])


def ruled(protocol: Protocol, own: SplitRule) -> SplitRule:
    """The rule that a protocol asks for; what it does not say is the task's own.

    Args:
        protocol: its `splits`, `train` and `val`.
        own: the task's rule.
    """
    kind = own.kind if protocol.splits == "default" or protocol.splits == "several" else protocol.splits
    train = own.train if protocol.train is None else protocol.train
    return SplitRule(kind, train, own.val if protocol.val is None else protocol.val)

"""What a probe is: figures and curves of one trained network."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

if TYPE_CHECKING:
    from mixcli.training.plan import Plan
    from mixcli.training.probes.trained import Trained

__all__ = ["Probe", "Reading", "Work", "averaged", "mean", "slope"]


@dataclass(frozen=True)
class Reading:
    """What a probe found in one trial.

    Args:
        figures: name -> value, None where it is not defined.
        curves: name -> values by layer or distance, None where there is none.
        reason: why there is nothing, or why some values are missing.
    """

    figures: Mapping[str, float | None] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, without NaN or infinity."""
        out = {
            "figures": {k: _finite(v) for k, v in self.figures.items()},
            "curves": {k: [_finite(v) for v in values] for k, values in self.curves.items()},
        }
        return {**out, "reason": self.reason} if self.reason else out


@dataclass(frozen=True)
class Work:
    """Predicted cost of a probe of one trial: bytes, and elementary operations."""

    memory: float
    operations: float


class Probe(ABC):
    """A frozen dataclass of a probe's parameters, plus these facts about it.

    All probes look at the weights of the best validation epoch, in evaluation mode (no dropout, running statistics),
    on graphs and nodes drawn from the trial's own seed, the same for every arm. Values are averaged per graph, then
    over graphs; the record averages over trials and gives the standard error.
    """

    equation: ClassVar[str]
    cites: ClassVar[str]
    cost: ClassVar[str]
    figures: ClassVar[Mapping[str, str]]
    """name -> what it is, with its unit."""
    curves: ClassVar[Mapping[str, str]] = {}
    by: ClassVar[Literal["layer", "distance"]] = "layer"
    """What the curves run over: layers from 1, or hops from 0 on the graph as given."""
    undefined: ClassVar[Mapping[str, str]] = {}
    """Figure -> why it has no value where it has none; those that always have one are not in it."""

    @abstractmethod
    def __call__(self, trained: Trained) -> Reading:
        """What it finds in one trained network."""

    def read(self, trained: Trained) -> Reading:
        """The same, with the reason of every figure that has no value."""
        found = self(trained)
        missing = [name for name, value in found.figures.items() if value is None or not math.isfinite(value)]
        whys: dict[str, list[str]] = {}
        for name in missing:
            if name in self.undefined:
                whys.setdefault(self.undefined[name], []).append(name)
        reasons = [found.reason, *(f"{', '.join(names)}: {why}" for why, names in whys.items())]
        return replace(found, reason="; ".join(filter(None, reasons)))

    def work(self, plan: Plan) -> Work:
        """Predicted cost for one trial; default a pass over 32 graphs."""
        from mixcli.training.probes.cost import passes

        return passes(plan, getattr(self, "graphs", 32))


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the finite values, None where there are none.

    Example:
        >>> mean([1.0, None, 3.0])
        2.0
    """
    known = [v for v in values if v is not None and math.isfinite(v)]
    return float(np.mean(known)) if known else None


def averaged(rows: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Means over rows, place by place, of as many places as the longest row has.

    Example:
        >>> averaged([[1.0, 2.0], [3.0]])
        [2.0, 2.0]
    """
    longest = max((len(r) for r in rows), default=0)
    return [mean(r[i] if i < len(r) else None for r in rows) for i in range(longest)]


def slope(x: Sequence[float], y: Sequence[float | None]) -> float | None:
    """Least-squares slope of y over x, from the places where y is defined; None with fewer than two.

    Example:
        >>> slope([1, 2, 3], [0.5, None, 1.5])
        0.5
    """
    known = [(a, b) for a, b in zip(x, y, strict=True) if b is not None and math.isfinite(b)]
    if len(known) < 2:
        return None
    a, b = np.array(known).T
    a = a - a.mean()
    spread = float(a @ a)
    return float(a @ b) / spread if spread > 0 else None


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)

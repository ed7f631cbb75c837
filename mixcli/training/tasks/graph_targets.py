"""Graph regression, and graphs with several labels each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import NotApplicable
from mixcli.graph import Graph
from mixcli.training.tasks.base import FEWEST, Split
from mixcli.training.tasks.features import features, ones
from mixcli.training.tasks.graph_classification import GraphClassification
from mixcli.training.tasks.splits import SplitRule

if TYPE_CHECKING:
    import torch

    from mixcli.training.objective import Objective

__all__ = ["GraphLabels", "GraphRegression", "targets_of"]

SPLITS = SplitRule("random", 0.8, 0.1)


@dataclass(frozen=True, eq=False)
class GraphRegression(GraphClassification):
    """Predict real numbers, one or several for each of many graphs (graph payload `y`).

    The mean absolute error is trained, with targets scaled by their mean and deviation over the training graphs, and
    reported in the targets' own unit, averaged over targets; lower is better. Split: random 80/10/10 by trial. All else
    is as for graph classification.

    Args:
        labels: (graphs, targets) values.
        classes: targets.
    """

    kind: ClassVar[str] = "graph_regression"
    metric: ClassVar[str] = "mae"
    better: ClassVar[str] = "lower"
    percent: ClassVar[bool] = False
    bounds: ClassVar[tuple[float, float] | None] = None
    rule: SplitRule = SPLITS

    @classmethod
    def of(cls, graphs: Sequence[Graph], name: str = "") -> GraphRegression:
        """The task that a data set of graphs with targets poses.

        Raises:
            NotApplicable: too few graphs, or targets that are not finite or all the same.
        """
        y = targets_of(graphs)
        if y is None or not np.isfinite(y).all():
            raise NotApplicable("finite numbers y, as many for every graph", "others", where=name)
        if len(y) < FEWEST:
            raise NotApplicable(f"at least {FEWEST} graphs", str(len(y)), "give more of them", where=name)
        if not np.ptp(y, axis=0).any():
            raise NotApplicable("targets that differ", "one value", where=name)
        x = features(graphs)
        start = np.concatenate([[0], np.cumsum([g.n for g in graphs])]).astype(np.int64)
        if (np.diff(start) == 0).any():
            raise NotApplicable("graphs with nodes", "an empty graph", "leave it out", where=name)
        x = ones(int(start[-1])) if x is None else x
        return cls(name, x, start, y.astype(np.float32), y.shape[1])

    def split(self, seed: int, trial: int) -> Split:
        """80/10/10 by the trial, where the protocol says nothing else."""
        return self.rule.split(np.zeros(len(self.labels), np.int64), seed, trial)

    def objective(self, split: Split, device: torch.device) -> Objective:
        """Mean absolute error, scaled by the training graphs alone."""
        import torch

        from mixcli.training.objective import Regression

        known = self.labels[split.train].astype(np.float64)
        deviation = known.std(axis=0)
        scale = np.where(deviation > 0, deviation, 1.0)
        return Regression(*(torch.from_numpy(v.astype(np.float32)).to(device) for v in (known.mean(axis=0), scale)))

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        out = {("targets" if k == "classes" else k): v for k, v in super().facts().items()}
        return {**out, "better": self.better}


@dataclass(frozen=True, eq=False)
class GraphLabels(GraphRegression):
    """Predict which of several labels each of many graphs has (graph payload `y`, a row of zeros and ones).

    Binary cross-entropy of each label is trained; average precision, averaged over the labels, is reported. All else is
    as for graph regression.

    Args:
        labels: (graphs, labels) zeros and ones.
        classes: labels.
    """

    kind: ClassVar[str] = "graph_labels"
    metric: ClassVar[str] = "average_precision"
    better: ClassVar[str] = "higher"
    percent: ClassVar[bool] = True
    bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    def objective(self, split: Split, device: torch.device) -> Objective:
        """Binary cross-entropy, average precision."""
        from mixcli.training.objective import MultiLabel

        return MultiLabel()


def targets_of(graphs: Sequence[Graph]) -> NDArray[np.float64] | None:
    """(graphs, targets) payload `y` of all graphs, None where they are not numbers or not as many for each graph."""
    rows = [np.asarray(g.graph["y"]).reshape(-1) for g in graphs]
    if len({len(r) for r in rows}) != 1 or not len(rows[0]) or any(r.dtype.kind not in "iubf" for r in rows):
        return None
    return np.stack(rows).astype(np.float64)

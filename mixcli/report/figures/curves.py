"""How training went: a metric or a loss by epoch, arm by arm, with its spread over trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.report.courses import courses
from mixcli.report.fields import label, text
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.style import COLORS, DASHES, blank, named
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 8
COLUMNS = {"train_loss": 0, "val_loss": 1, "val": 2, "test": 3}


@dataclass(frozen=True)
class TrainingCurves(Plot):
    """Median over trials by epoch, and the band that holds the middle half of them, while half of the trials train.

    Args:
        of: validation metric, test metric, training or validation loss.

    Example:
        >>> TrainingCurves().of
        'val'
    """

    of: Literal["val", "test", "train_loss", "val_loss"] = param("val", "val and test metric, train_loss, val_loss")

    sources: ClassVar[tuple[str, ...]] = ("comparison",)
    axes: ClassVar[str] = "x: epoch; y: the metric, in percent where it is a share, or the loss"
    many: ClassVar[bool] = False

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """One panel."""
        thing = things[0]
        found = courses(thing)
        if not found:
            raise NotApplicable("finished trials", "none", "finish the comparison", where=thing.name)
        metric = self.of in ("val", "test")
        share = metric and thing.data.get("percent", True)
        figure, (panel,) = blank(6.6, 3.6)
        for k, (name, trials) in enumerate(list(found.items())[:MOST]):
            low, middle, high = spread([c[:, COLUMNS[self.of]] for c in trials])
            x, scale = np.arange(1, len(middle) + 1), 100.0 if share else 1.0
            panel.plot(x, scale * middle, color=COLORS[k], linestyle=DASHES[k], label=named(label(name, 26)))
            panel.fill_between(x, scale * low, scale * high, color=COLORS[k], alpha=0.13, linewidth=0)
        what = label(text(thing.data, "metric")) if metric else "loss"
        split = {"val": "validation", "test": "test", "train_loss": "training", "val_loss": "validation"}[self.of]
        panel.set(xlabel="epoch", ylabel=f"{split} {what}{' (%)' if share else ''}")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(axis="y")
        panel.margins(x=0.01)
        panel.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2)
        counts = sorted({len(trials) for trials in found.values()})
        left = f" {len(found) - MOST} more arms stand in the database." if len(found) > MOST else ""
        over = "–".join(dict.fromkeys(str(c) for c in (counts[0], counts[-1])))
        return Drawn(
            figure,
            f"{split.capitalize()} {what} by epoch, {label(thing.name)} with {label(text(thing.data, 'model'))}: "
            f"median over {over} trials and the middle half of them, as long as at least half of "
            f"the trials train.{left}",
        )


def spread(columns: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float64], ...]:
    """Lower quartile, median and upper quartile by epoch, over the trials that got there, while half of them do.

    Example:
        >>> [part.tolist() for part in spread([np.array([1.0, 5.0]), np.array([3.0])])]
        [[1.5, 5.0], [2.0, 5.0], [2.5, 5.0]]
    """
    longest = max(len(c) for c in columns)
    table = np.full((len(columns), longest), np.nan)
    for row, column in zip(table, columns, strict=True):
        row[: len(column)] = np.where(np.isfinite(column), column, np.nan)
    there = np.isfinite(table).sum(axis=0)
    end = int(np.argmax(there * 2 < len(columns))) if (there * 2 < len(columns)).any() else longest
    if not end:
        return (np.zeros(0),) * 3
    return tuple(np.nanquantile(table[:, :end], share, axis=0) for share in (0.25, 0.5, 0.75))

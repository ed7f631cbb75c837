"""What tuning buys: the test metric to be expected of the best of k settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.report.fields import label, listed, mappings, number, text
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.style import COLORS, DASHES, MARKERS, blank, named
from mixcli.spec import param


@dataclass(frozen=True)
class BestOfK(Plot):
    """Expected test metric of the best of k settings by validation: a fair budget is the same k for all arms.

    Args:
        most: largest k that is drawn; 0 for all.

    Example:
        >>> arms = [{"name": "none", "tuning": {"best_of": [{"k": 1, "mean": 0.5}, {"k": 2, "mean": 0.6}]}}]
        >>> BestOfK()([Shown("comparison", "MUTAG", {"arms": arms, "metric": "accuracy"})]).caption[:46]
        'MUTAG: expected test accuracy of the best of k'
    """

    most: int = param(0, "largest k that is drawn; 0 for all", ge=0)

    sources: ClassVar[tuple[str, ...]] = ("comparison",)
    axes: ClassVar[str] = "x: settings tried; y: expected test metric, in percent where it is a share"
    many: ClassVar[bool] = False

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """One panel, a line an arm."""
        thing = things[0]
        arms = [arm for arm in mappings(thing.data, "arms") if listed(arm, "tuning", "best_of")]
        if not arms:
            raise NotApplicable("arms that were tuned", "none", "compare with --tune K", where=thing.name)
        share = thing.data.get("percent", True)
        figure, (panel,) = blank(6.6, 3.6)
        for k, arm in enumerate(arms):
            steps = [(number(s, "k"), number(s, "mean")) for s in listed(arm, "tuning", "best_of")]
            x, y = zip(*[(a, b) for a, b in steps if a is not None and b is not None], strict=True) or ((), ())
            end = self.most or len(x)
            panel.plot(
                x[:end], [(100 if share else 1) * v for v in y[:end]], color=COLORS[k % 8], linestyle=DASHES[k % 8],
                marker=MARKERS[k % 8], markersize=3.6, label=named(label(text(arm, "name"), 26)),
            )  # fmt: skip
        metric = label(text(thing.data, "metric"))
        panel.set(xlabel="settings tried, k", ylabel=f"expected test {metric}{' (%)' if share else ''}")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(axis="y")
        panel.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2)
        trials = int(number(thing.data, "trials") or 0)
        return Drawn(
            figure,
            f"{label(thing.name)}: expected test {metric} of the best of k settings by validation, mean over {trials} "
            "trials; every arm tries the same settings. No intervals: trials share their settings.",
        )

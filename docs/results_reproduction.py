"""Whether the published means come out again: the table of docs/results.md that holds arms to the figures of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

from results_published import Figure
from scipy import stats

from mixcli.training.statistics import LEVEL, holm

__all__ = ["Again", "again", "table"]

PUBLISHED = 100
"""Trials behind a published mean."""


@dataclass(frozen=True)
class Again:
    """A mean of ours less a published one, in points.

    Args:
        difference: ours less theirs.
        low: lower end of Welch's 95 % interval.
        high: upper end.
        p: two-sided p of Welch's test.
    """

    difference: float
    low: float
    high: float
    p: float


def again(values: Sequence[float], figure: Figure) -> Again | None:
    """Hold accuracies in [0, 1] to a published mean: x̄ - μ ± t(0.975, ν) √(s²/n + e²), with Welch's ν.

    Both are means over random splits of the same graphs, so trials count as independent here, without the correction
    for overlap: the question is not what new graphs would show, but whether the same thing was trained.

    Args:
        values: one accuracy per trial.
        figure: the published mean and its standard error, in percent.

    Returns:
        The difference, None with fewer than two trials.

    Source: Welch, Biometrika 34 (1947).
    """
    if len(values) < 2:
        return None
    own, other = (100 * stdev(values)) ** 2 / len(values), figure.error**2
    freedom = (own + other) ** 2 / (own**2 / (len(values) - 1) + other**2 / (PUBLISHED - 1))
    difference, error = 100 * mean(values) - figure.mean, sqrt(own + other)
    half = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    p = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return Again(difference, difference - half, difference + half, p)


def table(rows: Sequence[tuple[str, str, str, Sequence[float], Figure]]) -> str:
    """The section of the page.

    Args:
        rows: data set, model, arm, accuracies by trial, published figure.
    """
    told = [(r, found) for r in rows if (found := again(r[3], r[4]))]
    if not told:
        return ""
    adjusted = [p for p in holm([found.p for _, found in told]) if p is not None]
    apart = sum(p < LEVEL for p in adjusted)
    lines = [
        "## Do the published means come out again?\n",
        "Means here less the published ones, in points, under the same protocol but for what is named above. Both are",
        "means over random splits of the same graphs, so trials count as independent in this table, and intervals are",
        "Welch's; Holm's adjustment is over the table. "
        f"{apart} of {len(told)} differ after it, {len(told) - apart} do not.\n",
        "| data | model | arm | published | here | difference | interval | p | trials |",
        "|---|---|---|---:|---:|---:|---|---:|---:|",
    ]
    for ((data, model, arm, values, figure), found), p in zip(told, adjusted, strict=True):
        bold = "**" * (p < LEVEL)
        lines.append(
            f"| {data} | {model} | {bold}{arm}{bold} | {figure} | {100 * mean(values):.1f} | {found.difference:+.1f} "
            f"| [{found.low:.1f}, {found.high:.1f}] | {p:.2g} | {len(values)} |"
        )
    return "\n".join(lines) + "\n"

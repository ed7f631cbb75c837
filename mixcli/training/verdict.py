"""One sentence on whether a rewiring helped."""

from __future__ import annotations

from mixcli.training.statistics import LEVEL, Difference

__all__ = ["points", "verdict"]


def verdict(difference: Difference, p: float | None, *, percent: bool = True, better: str = "higher") -> str:
    """What a paired comparison shows, in one line.

    A difference is claimed where the adjusted p is below 5 %; otherwise the sentence says how large a difference this
    many trials could have shown.

    Args:
        difference: of fractions between 0 and 1, shown in percentage points; or of other numbers.
        p: its p, adjusted for the number of arms.
        percent: whether they are fractions.
        better: "higher", or "lower", which is then said.

    Example:
        >>> from mixcli.training.statistics import paired
        >>> verdict(paired([0.8, 0.9, 0.7], [0.8, 0.9, 0.7]), None)
        'no difference: the same result in each of 3 trials'
    """
    trials = difference.wins + difference.ties + difference.losses
    if difference.mean is None:
        return "not compared: no trial finished on both sides"
    if difference.ci95 is None or p is None:
        if difference.ties == trials and trials > 1:
            return f"no difference: the same result in each of {trials} trials"
        return f"{_change(difference.mean, percent, better)} in {trials} trial{'s' * (trials > 1)}; {difference.reason}"
    low, high = difference.ci95
    interval = f"[{100 * low:.1f}, {100 * high:.1f}]" if percent else f"[{low:.4g}, {high:.4g}]"
    shown = f"{_change(difference.mean, percent, better)} {interval}"
    if p < LEVEL:
        return shown
    return f"no difference detected ({shown}, p = {p:.2g}{_least(difference.detectable, trials, percent)})"


def _change(mean: float, percent: bool, better: str) -> str:
    if percent:
        return points(mean)
    return f"{mean:+.4g}" + (" (lower is better)" if better == "lower" else "")


def _least(detectable: float | None, trials: int, percent: bool) -> str:
    if not detectable:
        return ""
    if not percent:
        return f"; {trials} trials can show {detectable:.4g}"
    if detectable > 1:  # no two fractions lie that far apart
        return f"; {trials} trials are too few to show any"
    return f"; {trials} trials can show {100 * detectable:.1f}"


def points(fraction: float) -> str:
    """A difference of fractions in percentage points, with its sign.

    Example:
        >>> points(0.0213)
        '+2.1 points'
    """
    return f"{100 * fraction:+.1f} points"

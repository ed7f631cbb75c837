"""Several comparisons at once: Holm's adjustment, and what belongs to the family that it is over."""

from __future__ import annotations

from collections.abc import Sequence

from mixcli.training.statistics.paired_t import Difference

__all__ = ["adjusted", "holm"]


def adjusted(differences: Sequence[Difference | None]) -> list[float | None]:
    """Holm-adjusted p of each difference of a family.

    A difference that is the same in all trials, but not 0, has no p. It is one of the family all the same, as one that
    is not rejected: the others' p would be too small if it were left out for how it came out. What there are fewer than
    two trials or splits of, and None, are not in the family, since no result could have made them a test.

    Args:
        differences: of the arms to the baseline, None for what is not compared.

    Returns:
        An adjusted p for each; None where the difference has none.

    Example:
        >>> from mixcli.training.statistics import paired
        >>> some, same = paired([0.8, 0.9, 0.7], [0.7, 0.7, 0.7]), paired([0.8, 0.8, 0.8], [0.7, 0.7, 0.7])
        >>> round(some.p, 3), [p and round(p, 3) for p in adjusted([None, some, same])]
        (0.225, [None, 0.451, None])
    """
    ps = holm([None if d is None else 1.0 if d.p is None and d.sd is not None else d.p for d in differences])
    return [None if d is None or d.p is None else p for d, p in zip(differences, ps, strict=True)]


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment: p₍ᵢ₎ becomes max over j ≤ i of min(1, (k - j + 1) p₍ⱼ₎); None stays None.

    Example:
        >>> holm([0.01, None, 0.04, 0.03])
        [0.03, None, 0.06, 0.06]

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    known = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    out: list[float | None] = [None] * len(ps)
    running = 0.0
    for rank, (p, i) in enumerate(known):
        running = max(running, min(1.0, (len(known) - rank) * p))
        out[i] = running
    return out

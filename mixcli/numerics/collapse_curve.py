"""The collapse experiment: one token more of many alike, and what the last token still knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.collapse import collapse_length, gap, log_slope

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["collapse_curve", "lengths_up_to"]

SHORTEST = 4


def lengths_up_to(most: int) -> list[int]:
    """4, 8, 16, … and the longest text that has one token more than it within `most`."""
    found = []
    n = SHORTEST
    while n < most:
        found.append(n)
        n *= 2
    return found


def collapse_curve(
    last: Callable[[NDArray[np.int64]], NDArray[Any]], lengths: list[int], symbols: tuple[int, int, int], *,
    commas: int = 0, cast: str = "bf16",
) -> dict[str, Any]:  # fmt: skip
    """How far apart the last token of a text is from that of the text with one repeated token more.

    The text of length n is a a … a z; Δ(n) compares it with that of length n + 1, and the swap with b a … a z. Δ falls
    as 1/n² where one token more of many is averaged in (collapse), the swap as 1/n (dilution).

    Args:
        last: gives the last token's representation of a text.
        lengths: n to try.
        symbols: a, z and b.
        commas: put b at every so-manieth place of the text, 0 for none: what breaks the monotony slows the collapse.
        cast: format whose n* is reported.

    Returns:
        `lengths` (rows with n, l1, linf, equal by format, swap_l1), `slope` and `swap_slope` of the logarithms, and
        `collapsed_at`, the first n at which all coordinates are equal in `cast`.

    Cost: three runs for each length.

    Source: after Barbero et al., NeurIPS 2024, theorem 4.2; the swap beside it is ours.
    """
    rows: list[dict[str, Any]] = []
    for n in lengths:
        one, more, swapped = (_text(n, symbols, commas), _text(n + 1, symbols, commas), _text(n, symbols, commas))
        swapped[0] = symbols[2] if swapped[0] != symbols[2] else symbols[0]
        base = last(one)
        apart, swap = gap(base, last(more)), gap(base, last(swapped))
        rows.append({"n": n, "l1": apart.l1, "linf": apart.linf, "equal": apart.equal, "swap_l1": swap.l1})
    numbers = [float(row["n"]) for row in rows]
    return {
        "lengths": rows,
        "slope": log_slope(numbers, [row["l1"] for row in rows]),
        "swap_slope": log_slope(numbers, [row["swap_l1"] for row in rows]),
        "collapsed_at": collapse_length([row["n"] for row in rows], [row["equal"][cast] for row in rows]),
    }


def _text(n: int, symbols: tuple[int, int, int], commas: int) -> NDArray[np.int64]:
    text = np.full(n, symbols[0], dtype=np.int64)
    if commas:
        text[commas - 1 :: commas] = symbols[2]
    text[-1] = symbols[1]
    return text

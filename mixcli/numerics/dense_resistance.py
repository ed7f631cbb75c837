"""All resistances of a small or nearly complete graph, without a subtraction that could lose digits.

The same elimination and the same way back as in `mixcli.numerics.elimination`, dense and in panels, so that nearly all
work is matrix products. Eliminating only adds positive numbers, and the way back works on resistances, which are of the
size of the answer; a pseudo-inverse or L + J/n would pass through numbers as large as the largest resistance and lose
what a small one needs (measured: three digits left on two cliques joined by a chain of 10⁻¹² of their conductance).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["all_resistances"]

PANEL = 64
ROWS = 512  # rows updated at a time, which bounds the scratch memory


def all_resistances(flow: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn conductances into resistances, in place.

    Args:
        flow: (r, r) conductances of a connected graph; upper triangle read, all of it written.

    Returns:
        The same array: R_uv between all pairs, 0 on the diagonal.

    Cost: r³ operations, nearly all in matrix products; scratch of 512 r numbers.

    Example:
        >>> all_resistances(np.ones((4, 4))).round(12).tolist()[0]
        [0.0, 0.5, 0.5, 0.5]

    Source: the elimination is that of Grassmann, Taksar and Heyman 1985; the rest is ours.
    """
    r = len(flow)
    panels = [(low, min(low + PANEL, r - 1)) for low in range(0, r - 1, PANEL)]
    pivot = np.empty(r)
    for low, high in panels:
        _eliminate(flow, pivot, low, high)
    if r:
        flow[r - 1, r - 1] = 0.0
    for low, high in reversed(panels):
        _fill(flow, pivot, low, high)
    return flow


def _eliminate(flow: NDArray[np.float64], pivot: NDArray[np.float64], low: int, high: int) -> None:
    """Eliminate low … high-1: their rows become shares of the current, the rows after them gain conductance."""
    for k in range(low, high):
        row = flow[k, k + 1 :]
        if k > low:
            row += (pivot[low:k] * flow[low:k, k]) @ flow[low:k, k + 1 :]
        pivot[k] = row.sum()
        row /= pivot[k]
    shares = flow[low:high]
    for top in range(high, len(flow), ROWS):
        end = min(top + ROWS, len(flow))
        flow[top:end, top:] += (shares[:, top:end].T * pivot[low:high]) @ shares[:, top:]


def _fill(table: NDArray[np.float64], pivot: NDArray[np.float64], low: int, high: int) -> None:
    """Resistances of low … high-1 to each other and to all later vertices, whose own are there already."""
    later = table[low:high, high:] @ table[high:, high:]  # Σ_j p_j R_ij over the j after the panel, for the i after it
    for k in range(high - 1, low - 1, -1):
        inside, outside = table[k, k + 1 : high].copy(), table[k, high:].copy()
        to_outside = later[k - low] + inside @ table[k + 1 : high, high:]
        to_inside = inside @ table[k + 1 : high, k + 1 : high] + table[k + 1 : high, high:] @ outside
        base = 1.0 / pivot[k] - 0.5 * (inside @ to_inside + outside @ to_outside)
        table[k, k] = 0.0
        table[k, k + 1 : high] = table[k + 1 : high, k] = base + to_inside
        table[k, high:] = base + to_outside
    table[high:, low:high] = table[low:high, high:].T

"""The inner loops of `mixcli.numerics.dense_resistance`, over the few vertices of a panel; need no compiler.

Every sum runs in order and every update is by element, so that `dense_panel_kernel`, which compiles the same steps,
returns the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["eliminate", "fill"]


def eliminate(flow: NDArray[np.float64], walk: NDArray[np.float64], pivot: NDArray[np.float64]) -> None:
    """Eliminate the vertices of a panel, all that is outside taken as one vertex.

    Args:
        flow: (b, b + 1) conductances within the panel, upper triangle, and in the last column to all outside; turned
            into shares of the current.
        walk: (b, b) the unit matrix; turned into (I - S')^-1 for the shares S within the panel.
        pivot: (b,) out: conductance of each vertex to those after it.
    """
    for k in range(len(flow)):
        row = flow[k, k + 1 :]
        pivot[k] = np.add.accumulate(row)[-1]
        given = row[:-1, None].copy()
        row /= pivot[k]
        flow[k + 1 :, k + 1 :] += given * row
        walk[k + 1 :, : k + 1] += row[:-1, None] * walk[k, : k + 1]


def fill(
    share: NDArray[np.float64],
    apart: NDArray[np.float64],
    spread: NDArray[np.float64],
    outward: NDArray[np.float64],
    pivot: NDArray[np.float64],
    base: NDArray[np.float64],
    table: NDArray[np.float64],
) -> None:
    """Resistances within a panel, last vertex first.

    Args:
        share: (b, b + 1) as `eliminate` leaves it.
        apart: (b, b) Σ_o s_ko h_wo over the o outside; R_wo = base_w + h_wo.
        spread: (b,) Σ_oo' s_ko s_ko' R_oo'.
        outward: (b,) Σ_o s_ko.
        pivot: (b,) as `eliminate` leaves it.
        base: (b,) out: what the resistance to a vertex outside has beside h.
        table: (b, b) out: resistances.
    """
    last = len(share) - 1
    base[last] = 1.0 / pivot[last] - 0.5 * spread[last]
    table[last, last] = 0.0
    for k in range(last - 1, -1, -1):
        p = share[k, k + 1 : -1]
        outside = outward[k] * base[k + 1 :] + apart[k, k + 1 :]
        inside = np.add.accumulate(p[:, None] * table[k + 1 :, k + 1 :])[-1]
        own = 1.0 / pivot[k] - 0.5 * (spread[k] + np.add.accumulate(p * (inside + 2.0 * outside))[-1])
        table[k, k] = 0.0
        table[k, k + 1 :] = table[k + 1 :, k] = own + (inside + outside)
        base[k] = own + np.add.accumulate(p * base[k + 1 :])[-1]

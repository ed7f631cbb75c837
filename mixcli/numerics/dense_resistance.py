"""All resistances of a small or nearly complete graph, without a subtraction that could lose digits.

The same elimination and the same way back as in `mixcli.numerics.elimination`, dense and in panels, so that nearly all
work is matrix products. Eliminating only adds positive numbers, and the way back works on resistances, which are of the
size of the answer; a pseudo-inverse or L + J/n would pass through numbers as large as the largest resistance and lose
what a small one needs (measured: three digits left on two cliques joined by a chain of 10⁻¹² of their conductance).

The vertices B of a panel are eliminated among themselves, all others C taken as one. With their shares S_BB, S_BC then

    N = (I - S_BB')^-1 >= 0,   S_BC = W^-1 N C_BC,   R_BC = b 1' + N' S_BC R_CC,

where b, found together with R_BB, is what N' makes of the constants of the single vertices (ours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics import dense_panel
from mixcli.numerics.jit import Plan

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

__all__ = ["all_resistances"]

NARROW, WIDE, LARGE = 32, 96, 1000  # width of a panel, and vertices from where the wide one is quicker
ROWS = 64  # rows updated at a time, which bounds the scratch memory
PLAIN_ROW = 2.5e-5  # seconds that the inner loops take for a vertex where they are not compiled
PLAN = Plan("dense_resistance", ("dense_panel_kernel.py",), loading=0.4, compiling=2.0)


def all_resistances(flow: NDArray[np.float64], kernels: bool = False) -> NDArray[np.float64]:
    """Turn conductances into resistances, in place.

    Args:
        flow: (r, r) conductances of a connected graph; upper triangle read, all of it written.
        kernels: compile the inner loops whatever their share is, because the caller compiles others anyhow.

    Returns:
        The same array: R_uv between all pairs, 0 on the diagonal; the same bits whether loops are compiled or not.

    Cost: r³ operations, nearly all in matrix products; scratch of 64 r numbers.

    Example:
        >>> all_resistances(np.ones((4, 4))).round(12).tolist()[0]
        [0.0, 0.5, 0.5, 0.5]

    Source: the elimination is that of Grassmann, Taksar and Heyman 1985; the rest is ours.
    """
    r = len(flow)
    compiled = kernels or PLAN.compiled(r * PLAIN_ROW)
    loops = _kernels() if compiled else dense_panel
    pivot, width = np.empty(r), NARROW if r < LARGE else WIDE
    panels = [(low, min(low + width, r - 1)) for low in range(0, r - 1, width)]
    scratch = np.empty(min(ROWS, r) * r)
    walks = [_eliminate(flow, pivot[low:high], low, high, loops, scratch) for low, high in panels]
    if r:
        flow[r - 1, r - 1] = 0.0
    for (low, high), (share, walk) in zip(reversed(panels), reversed(walks), strict=True):
        _fill(flow, pivot[low:high], low, high, share, walk, loops)
    if compiled:
        PLAN.used()
    return flow


def _kernels() -> ModuleType:
    from mixcli.numerics import dense_panel_kernel

    return dense_panel_kernel


def _eliminate(
    flow: NDArray[np.float64], pivot: NDArray[np.float64], low: int, high: int, loops: ModuleType,
    scratch: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Eliminate low … high-1: their rows become shares of the current, the rows after them gain conductance.

    Returns the shares within the panel and to all after it, and N.
    """
    size = high - low
    share, walk = np.empty((size, size + 1)), np.eye(size)
    share[:, :size] = flow[low:high, low:high]
    flow[low:high, high:].sum(axis=1, out=share[:, size])
    loops.eliminate(share, walk, pivot)
    given = walk @ flow[low:high, high:]
    after = np.divide(given, pivot[:, None], out=flow[low:high, high:])
    for top in range(high, len(flow), ROWS):
        end = min(top + ROWS, len(flow))
        more = scratch[: (end - top) * (len(flow) - top)].reshape(end - top, -1)
        flow[top:end, top:] += np.matmul(given[:, top - high : end - high].T, after[:, top - high :], out=more)
    return share, walk


def _fill(
    table: NDArray[np.float64], pivot: NDArray[np.float64], low: int, high: int,
    share: NDArray[np.float64], walk: NDArray[np.float64], loops: ModuleType,
) -> None:  # fmt: skip
    """Resistances of low … high-1 to each other and to all later vertices, whose own are there already."""
    size = high - low
    after = table[low:high, high:]
    later = after @ table[high:, high:]
    beyond = walk.T @ later
    base, within = np.empty(size), np.empty((size, size))
    spread, outward = np.einsum("ko,ko->k", after, later), after.sum(axis=1)
    loops.fill(share, after @ beyond.T, spread, outward, pivot, base, within)
    beyond += base[:, None]
    table[low:high, low:high] = within
    table[low:high, high:] = beyond
    table[high:, low:high] = beyond.T

"""What joining a pair near an edge ij does to the Balanced Forman curvature of ij, for every candidate pair.

Paper. Let P and Q be the sides of ij without common neighbours and H the bipartite graph between them. Joining k in P
to l in Q adds an edge to H; joining k in P to j (or i to l in Q) makes a triangle and takes k (or l) out of H; joining
anything to a common neighbour changes nothing. So the gain of (k, l) depends on their degrees in H alone.

Released. The code scores a candidate as a single arc k -> l: degrees stay as they are. P × Q gains nothing; a common
neighbour counts once more if it had only i (or j) in common with the other end. (Closed forms of both are ours.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics import curvature
from mixcli.numerics.support import Gains, Surroundings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["paper_gains", "released_gains"]


def paper_gains(near: Surroundings, value: float) -> Gains:
    """Gains by the paper's definition: curvature of ij after joining the pair, less its value now.

    Args:
        near: the surroundings of ij.
        value: curvature of ij.
    """
    d_i, d_j = near.degrees
    t = near.triangles
    in_h = ~near.row_common[near.pair_row] & ~near.column_common[near.pair_column]
    h_row, h_column = near.pair_row[in_h], near.pair_column[in_h]
    row_h = np.bincount(h_row, minlength=len(near.rows))
    column_h = np.bincount(h_column, minlength=len(near.columns))
    s = int((row_h > 0).sum() + (column_h > 0).sum())
    gamma = max(int(row_h.max(initial=0)), int(column_h.max(initial=0)))

    h_a, row_class = _classes(row_h, near.row_common)
    h_b, column_class = _classes(column_h, near.column_common)
    a, b = h_a[:, None], h_b[None, :]
    s_ab, g_ab = s + (a == 0) + (b == 0), np.maximum(gamma, np.maximum(a, b) + 1)
    s_k, g_k = _without(row_h, column_h, h_row, h_column, s)
    s_l, g_l = _without(column_h, row_h, h_column, h_row, s)

    joins = np.repeat([0, 1, 2], [s_ab.size, len(s_k), len(s_l)])  # nothing, k to j, i to l
    gain = curvature.balanced_forman(
        d_i + (joins == 2), d_j + (joins == 1), t + (joins > 0),
        np.concatenate([s_ab.ravel(), s_k, s_l]), np.concatenate([g_ab.ravel(), g_k, g_l]),
    ) - value  # fmt: skip
    table, with_j, with_i = np.split(gain, [s_ab.size, s_ab.size + len(s_k)])
    return Gains(
        row_class, column_class, np.where((a < 0) | (b < 0), 0.0, table.reshape(s_ab.shape)),
        np.where(near.row_common, -np.inf, with_j), np.where(near.column_common, -np.inf, with_i),
    )  # fmt: skip


def _classes(degree: NDArray[np.int64], common: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The degrees in H that occur on a side, -1 standing for common neighbours, and the class of each node."""
    code = np.where(common, 0, degree + 1)
    occurs = np.flatnonzero(np.bincount(code))
    return occurs - 1, np.searchsorted(occurs, code)


def _without(
    mine: NDArray[np.int64], theirs: NDArray[np.int64], ends: NDArray[np.int64], others: NDArray[np.int64], s: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """s and γ of H without each of the nodes of one side.

    Args:
        mine: degrees in H on this side.
        theirs: degrees in H on the other side.
        ends: position on this side of each edge of H.
        others: position on the other side of each edge of H.
        s: nodes of H that are not isolated.
    """
    top = int(theirs.max(initial=0))
    left_alone = np.bincount(ends[theirs[others] == 1], minlength=len(mine))
    tops_joined = np.bincount(ends[theirs[others] == top], minlength=len(mine))
    over_there = np.where(tops_joined == (theirs == top).sum(), top - 1, top) if top else np.zeros(len(mine), np.int64)
    order = np.sort(mine)
    first, second = (int(order[-1]) if len(order) else 0), (int(order[-2]) if len(order) > 1 else 0)
    over_here = np.where(mine == first, second, first)  # with two of the first, the second is the same
    return s - (mine > 0) - left_alone, np.maximum(over_there, over_here)


def released_gains(near: Surroundings, value: float) -> Gains:
    """Gains as the released code computes them.

    Args:
        near: the surroundings of ij.
        value: released curvature of ij.
    """
    d_i, d_j = near.degrees
    t = near.triangles
    high = max(d_i, d_j)
    # Common neighbours of a column with i (j among them), and of a row with j (i among them).
    column_i = np.bincount(near.pair_column, minlength=len(near.columns)) + 1
    row_j = np.bincount(near.pair_row, minlength=len(near.rows)) + 1
    common = near.common_column[near.row_common]
    sharp = d_i + d_j - 2 * t + int((column_i[common] >= 2).sum() + (row_j[near.row_common] >= 2).sum())

    row_class = np.where(near.row_common & (row_j == 1), 1, 0)
    column_class = np.where(near.column_common & (column_i == 1), 1, 0)
    table = curvature.balanced_forman_released(d_i, d_j, t, sharp + np.array([[0, 1], [1, 2]])) - value

    closed = float(curvature.balanced_forman_released(d_i, d_j, t + 1, 0)) - value
    weak = np.zeros(len(near.columns), dtype=bool)  # common neighbours that have only i in common with j
    weak[common] = row_j[near.row_common] == 1
    with_j = _triangle_gain(near, near.i, near.j, near.rows, row_j, near.pair_row, weak[near.pair_column], sharp)
    weak = near.row_common.copy()
    weak[near.row_common] = column_i[common] == 1
    with_i = _triangle_gain(near, near.j, near.i, near.columns, column_i, near.pair_column, weak[near.pair_row], sharp)
    return Gains(
        row_class, column_class, table,
        np.where(near.row_common, -np.inf, closed + with_j / high),
        np.where(near.column_common, -np.inf, closed + with_i / high),
        once=False,
    )  # fmt: skip


def _triangle_gain(
    near: Surroundings,
    end: int,
    other: int,
    nodes: NDArray[np.int64],
    shared: NDArray[np.int64],
    pair_node: NDArray[np.int64],
    pair_weak: NDArray[np.bool_],
    sharp: int,
) -> NDArray[np.float64]:
    """♯/λ after each node beside `end` has been joined to `other` (values at common neighbours have no meaning).

    Args:
        near: the surroundings.
        end: i, for nodes that are its neighbours.
        other: the other end.
        nodes: (r,) the neighbours of `end`.
        shared: (r,) neighbours they have in common with `other`.
        pair_node: position of the node of each edge between the sides.
        pair_weak: whether the far end of that edge is a common neighbour that now counts once more.
        sharp: ♯ now.
    """
    around, of_end, of_other = near.around, near.around[end], near.around[other]
    with_end = np.array([len(around[k] & of_end) for k in nodes.tolist()], dtype=np.int64)
    sharp_after = sharp - (shared == 1) + np.bincount(pair_node[pair_weak], minlength=len(nodes)) + (with_end >= 2)
    most = np.full(len(nodes), max(near.degrees))
    if len(of_other) == max(near.degrees):
        # A node that sees all of the other end's neighbours gains one more walk through the new arc.
        full = {k for k, c in zip(nodes.tolist(), shared.tolist(), strict=True) if c == len(of_other)} - of_other
        most += np.array([bool(around[k] & full) for k in nodes.tolist()], dtype=np.int64)
    return sharp_after / most

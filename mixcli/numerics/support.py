"""The pairs that could be joined to help an edge ij, and a draw among them without listing them all.

Candidates are the pairs kl that are no edge with k in N(i) + i, l in N(j) + j, k ≠ l. There may be (d_i + 1)(d_j + 1)
of them, but nodes of one class on either side have one gain, so counting classes is enough to weigh each k; the
partners l of the k that is drawn are then listed. Cost O(d_i + d_j + edges between the two sides + d_i · classes).
(Classes are ours.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.neighbours import Neighbours

__all__ = ["Candidate", "Gains", "Surroundings", "draw", "joinable", "weights"]

Candidate = tuple[int, int, float]
"""k, l and the gain of joining them."""


class Surroundings:
    """What lies around an edge ij: its two sides and the edges between them.

    Attributes:
        rows: (r,) neighbours of i other than j, ascending.
        columns: (c,) neighbours of j other than i, ascending.
        row_common: (r,) whether a row is a neighbour of j too.
        column_common: (c,) whether a column is a neighbour of i too.
        pair_row, pair_column: positions of the row and column nodes of each edge between the sides (one between two
            common neighbours appears twice).
    """

    def __init__(self, around: Neighbours, i: int, j: int) -> None:
        self.around, self.i, self.j = around, i, j
        of_i, of_j = around[i], around[j]
        row_list, column_list = sorted(of_i - {j}), sorted(of_j - {i})
        self.rows = np.array(row_list, dtype=np.int64)
        self.columns = np.array(column_list, dtype=np.int64)
        self.row_common = np.array([node in of_j for node in row_list], dtype=bool)
        self.column_common = np.array([node in of_i for node in column_list], dtype=bool)
        self.degrees = len(of_i), len(of_j)
        self.triangles = int(self.row_common.sum())
        position = {node: at for at, node in enumerate(column_list)}
        pairs = [(at, position[w]) for at, k in enumerate(row_list) for w in around[k] & of_j if w != i]
        self.pair_row, self.pair_column = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    @cached_property
    def common_column(self) -> NDArray[np.int64]:
        """(r,) column position of each common row; only meaningful where `row_common`."""
        return np.searchsorted(self.columns, self.rows)


@dataclass(frozen=True)
class Gains:
    """The gain of every candidate around an edge, by classes.

    Args:
        row_class: (r,) class of each row.
        column_class: (c,) class of each column.
        table: (row classes, column classes) gain of joining a row and a column.
        with_j: (r,) gain of joining a row to j; -inf where they are joined.
        with_i: (c,) gain of joining a column to i; -inf where they are joined.
        once: whether a pair of common neighbours is one candidate (k < l) or two.
    """

    row_class: NDArray[np.int64]
    column_class: NDArray[np.int64]
    table: NDArray[np.float64]
    with_j: NDArray[np.float64]
    with_i: NDArray[np.float64]
    once: bool = True


def draw(near: Surroundings, gains: Gains, tau: float, uniform: float) -> Candidate | None:
    """The candidate at `uniform` of the cumulated weights exp(tau · gain), in ascending order of (k, l).

    Args:
        near: the surroundings of the edge.
        gains: their gains.
        tau: inverse temperature; inf takes the first candidate of greatest gain.
        uniform: in [0, 1).

    Returns:
        The candidate, or None where there is none.
    """
    count = _available(near, gains)  # (r, column classes)
    gain = np.where(count > 0, gains.table[gains.row_class], -np.inf)
    best = max(gain.max(initial=-np.inf), gains.with_j.max(initial=-np.inf), gains.with_i.max(initial=-np.inf))
    if best == -np.inf:
        return None
    at_i = int(np.searchsorted(near.rows, near.i))  # where k = i stands among the rows
    if np.isinf(tau):
        reaches = (gain == best).any(axis=1) | (gains.with_j == best)
        reaches = _inserted(reaches, at_i, (gains.with_i == best).any())
        k, partners, x = joinable(near, gains, int(reaches.argmax()), at_i)
        at = int(x.argmax())
        return k, int(partners[at]), float(x[at])
    weight = (count * weights(gain - best, tau)).sum(axis=1) + weights(gains.with_j - best, tau)
    weight = _inserted(weight, at_i, weights(gains.with_i - best, tau).sum())
    running = np.cumsum(weight)
    goal = uniform * running[-1]
    row = min(int(np.searchsorted(running, goal, side="right")), int(np.flatnonzero(weight)[-1]))
    k, partners, x = joinable(near, gains, row, at_i)
    inside = np.cumsum(weights(x - best, tau))
    at = int(np.searchsorted(inside, goal - (running[row - 1] if row else 0.0), side="right"))
    at = min(at, len(x) - 1)
    return k, int(partners[at]), float(x[at])


def _inserted(values: NDArray[Any], at: int, value: Any) -> NDArray[Any]:
    """np.insert of one value, without its general machinery: on small graphs that took a tenth of the time."""
    return np.concatenate([values[:at], [value], values[at:]])


def weights(excess: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    """exp(τ · excess), 0 where the excess is -inf, also for τ = 0."""
    possible = excess > -np.inf
    return np.exp(tau * np.where(possible, excess, 0.0)) * possible


def _available(near: Surroundings, gains: Gains) -> NDArray[np.int64]:
    """(r, column classes) number of columns of each class that a row may be joined to."""
    r, classes = len(near.rows), gains.table.shape[1]
    common = np.flatnonzero(near.row_common)
    itself = near.common_column[common]
    taken_row = np.concatenate([near.pair_row, common])
    taken_class = gains.column_class[np.concatenate([near.pair_column, itself])]
    taken = np.bincount(taken_row * classes + taken_class, minlength=r * classes).reshape(r, classes)
    count = np.bincount(gains.column_class, minlength=classes) - taken
    if gains.once and len(common) > 1:
        # Common columns below a common row count for the other order; they all have the class of the first one.
        backwards = near.column_common[near.pair_column] & near.row_common[near.pair_row]
        backwards &= near.columns[near.pair_column] < near.rows[near.pair_row]
        joined = np.bincount(near.pair_row[backwards], minlength=r)[common]
        count[common, gains.column_class[itself[0]]] -= np.arange(len(common)) - joined
    return count


def joinable(
    near: Surroundings, gains: Gains, row: int, at_i: int
) -> tuple[int, NDArray[np.int64], NDArray[np.float64]]:
    """One k with its partners l, ascending, and their gains; rows are counted with i in its place."""
    if row == at_i:
        open_ = np.flatnonzero(~near.column_common)
        return near.i, near.columns[open_], gains.with_i[open_]
    row -= row > at_i
    k = int(near.rows[row])
    joined = near.around[k]
    free = np.array([node != k and node not in joined for node in near.columns.tolist()], dtype=bool)
    if gains.once and near.row_common[row]:
        free &= ~(near.column_common & (near.columns < k))
    partners = near.columns[free]
    x = gains.table[gains.row_class[row], gains.column_class[free]]
    if not near.row_common[row]:
        at = int(np.searchsorted(partners, near.j))
        partners, x = _inserted(partners, at, near.j), _inserted(x, at, gains.with_j[row])
    return k, partners, x

"""A compiled elimination that can pause, and the arrays it works on, which grow as edges are added."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics import elimination_kernel as kernels

__all__ = ["Eliminating"]


class Halves:
    """Half-edge lists of a graph under elimination, and the queue of its vertices by degree.

    Args:
        n: number of vertices.
        u: (m,) int32 one end of each edge.
        v: (m,) int32 the other end.
        conductance: (m,).
    """

    def __init__(self, n: int, u: Any, v: Any, conductance: Any) -> None:
        self.edges = len(u)
        self.head = np.full(n, -1, np.int32)
        self.neighbour, self.following = np.empty((2, 2 * self.edges + 64), np.int32)
        self.weight = np.concatenate([conductance, np.zeros(32)])
        self.queue = np.full((4, n + 1), -1, np.int32)  # bucket, first, after, before
        self.degree = np.zeros(n, np.int32)
        kernels.enlist(u, v, self.head, self.neighbour, self.following, self.degree, self.queue)

    @property
    def lists(self) -> tuple[Any, Any, Any, Any]:
        """head, neighbour, following, weight."""
        return self.head, self.neighbour, self.following, self.weight

    def reserve(self, edges: int) -> None:
        """Make room for so many edges in all."""
        if edges > len(self.weight):
            size = max(edges, 2 * len(self.weight))
            self.weight = _longer(self.weight, size)
            self.neighbour, self.following = _longer(self.neighbour, 2 * size), _longer(self.following, 2 * size)


def _longer(array: Any, size: int) -> Any:
    larger = np.empty(size, array.dtype)
    larger[: len(array)] = array
    return larger


class Eliminating:
    """Elimination of vertices of least degree, which can pause.

    Args:
        n: number of vertices.
        u: (m,) int32 one end of each edge.
        v: (m,) int32 the other end.
        conductance: (m,).
    """

    def __init__(self, n: int, u: Any, v: Any, conductance: Any) -> None:
        self._halves = Halves(n, u, v, conductance)
        self._order, self._pivot, self._start = np.empty(n, np.int64), np.zeros(n), np.zeros(n + 1, np.int64)
        self._rows, self._share = np.empty(4 * len(u) + n, np.int64), np.empty(4 * len(u) + n)
        self._scratch = np.empty(n, np.int32), np.empty(n), np.empty(n, np.int32), np.full(n, -1, np.int32)
        self._state = np.array([0, 0, len(u), 0, 0])  # vertices, neighbours, edges, entries walked, least degree
        self._recent = np.zeros(1)

    def advance(self, balance: float, most: int, largest: int, pause: int) -> None:
        """Go on until one more vertex costs more than it saves the dense tail, or until its degree reaches `pause`.

        The tail of r vertices is worth 3 r² operations less with each vertex; the cost of eliminating one is the list
        entries walked (moving average), so it stops where entries > balance · r². It stops early where at the present
        cost, which grows, `most` entries would not get it down to the largest tail that is of use.

        Args:
            balance: list entries per r².
            most: list entries in all.
            largest: vertices of the largest tail that can be inverted.
            pause: degree.
        """
        while True:
            need = kernels.advance(
                *self._halves.lists, self._halves.queue, self._halves.degree, self._order, self._pivot, self._start,
                self._rows, self._share, *self._scratch, self._state, self._recent, balance, most, largest, pause,
            )  # fmt: skip
            if need < 0:
                return
            self._halves.reserve(int(self._state[2] + need * (need - 1) // 2))
            if self._state[1] + need > len(self._rows):
                size = 2 * len(self._rows) + need
                self._rows, self._share = _longer(self._rows, size), _longer(self._share, size)

    @property
    def left(self) -> int:
        """Vertices not eliminated."""
        return len(self._order) - int(self._state[0])

    def columns(self) -> tuple[Any, ...]:
        """order, pivot, start, rows (vertices), share as in `Elimination`; the rest in ascending order at the end."""
        count, filled = int(self._state[0]), int(self._state[1])
        self._order[count:] = np.flatnonzero(self._halves.queue[0, : len(self._order)] >= 0)
        return self._order, self._pivot[:count], self._start[: count + 1], self._rows[:filled], self._share[:filled]

    def tail(self) -> Any:
        """(r, r) conductances of what is left."""
        vertices = self._order[int(self._state[0]) :]
        tail = np.zeros((len(vertices), len(vertices)))
        kernels.tail_conductances(vertices, *self._halves.lists, tail)
        return tail

    def edges_left(self) -> tuple[Any, Any, Any]:
        """Both directions of the edges of what is left: first, second as places in it, and conductances."""
        vertices = self._order[int(self._state[0]) :]
        size = int(self._halves.degree[vertices].sum())
        first, second, value = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size)
        kernels.list_edges(vertices, *self._halves.lists, first, second, value)
        return first, second, value

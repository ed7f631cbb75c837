"""Motif counts and Balanced Forman curvature written out from their definitions, with dense matrices and loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph


def counts(g: Graph) -> list[tuple[int, int, int, int, int]]:
    """(t, s_i + s_j, γ, q, Q) of every edge, from the sets of the definition."""
    cycles = four_cycles(g)
    return [(*_edge(_sets(g), i, j), cycles[i, j]) for i, j in g.edges.tolist()]


def four_cycles(g: Graph) -> dict[tuple[int, int], int]:
    """All 4-cycles through each edge, by listing every closed walk a-b-c-d-a over four nodes."""
    sets, through = _sets(g), dict.fromkeys(map(tuple, g.edges.tolist()), 0)
    for a in range(g.n):
        for b in sets[a]:
            for c in sets[b] - {a}:
                for d in (sets[c] & sets[a]) - {b}:
                    for u, v in ((a, b), (b, c), (c, d), (d, a)):
                        through[min(u, v), max(u, v)] += 1
    return {edge: count // 8 for edge, count in through.items()}  # four starts, two directions


def balanced_forman(g: Graph) -> NDArray[np.float64]:
    """The paper's definition, term by term."""
    sets, out = _sets(g), []
    for i, j in g.edges.tolist():
        low, high = sorted((len(sets[i]), len(sets[j])))
        t, s, gamma, _ = _edge(sets, i, j)
        value = 2 / low + 2 / high - 2 + 2 * t / high + t / low + (s / (gamma * high) if gamma else 0)
        out.append(0.0 if low == 1 else value)
    return np.array(out)


def balanced_forman_released(g: Graph) -> NDArray[np.float64]:
    """The loop of the released code over dense matrices, without its early exits."""
    a = np.zeros((g.n, g.n))
    a[g.edges[:, 0], g.edges[:, 1]] = a[g.edges[:, 1], g.edges[:, 0]] = 1
    square, degree, out = a @ a, a.sum(axis=0), []
    for i, j in g.edges.tolist():
        low, high = sorted((degree[i], degree[j]))
        value = 2 / high + 2 / low - 2 + (2 / high + 1 / low) * square[i, j]
        sharp, largest = 0, 0.0
        for k in range(g.n):
            for passed in (a[k, j] * (square[i, k] - a[i, k]), a[i, k] * (square[k, j] - a[k, j])):
                if passed > 0:
                    sharp, largest = sharp + 1, max(largest, passed)
        out.append(value + (sharp / (high * largest) if largest > 0 else 0))
    return np.array(out)


def _sets(g: Graph) -> list[set[int]]:
    sets: list[set[int]] = [set() for _ in range(g.n)]
    for u, v in g.edges.tolist():
        sets[u].add(v)
        sets[v].add(u)
    return sets


def _edge(sets: list[set[int]], i: int, j: int) -> tuple[int, int, int, int]:
    of_i = [k for k in sets[i] - sets[j] if k != j]
    of_j = [w for w in sets[j] - sets[i] if w != i]
    from_i = [sum(w in sets[k] for w in of_j) for k in of_i]
    from_j = [sum(k in sets[w] for k in of_i) for w in of_j]
    on_square = [c for c in from_i + from_j if c]
    return len(sets[i] & sets[j]), len(on_square), max(on_square, default=0), sum(from_i)

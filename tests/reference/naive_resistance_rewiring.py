"""Greedy rewirings by effective resistance from their definitions: a pseudo-inverse for every candidate or step."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph

Pair = tuple[int, int]
TIE = 1e-9


def conductances(g: Graph) -> NDArray[np.float64]:
    """(n, n) dense."""
    a = np.zeros((g.n, g.n))
    u, v = g.edges.T
    a[u, v] = a[v, u] = 1.0 if g.weight is None else g.weight
    return a


def resistances(a: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, n), infinite between components."""
    p = np.linalg.pinv(np.diag(a.sum(axis=1)) - a, hermitian=True)
    r = p.diagonal()[:, None] + p.diagonal() - 2 * p
    return np.where(_together(a), r, np.inf)


def total(a: NDArray[np.float64]) -> float:
    """Sum of the finite resistances over unordered pairs."""
    r = resistances(a)
    return float(r[np.isfinite(r)].sum() / 2)


def gtr(g: Graph, edges: int, scaled: bool = True) -> list[tuple[float, int, int]]:
    """Every unjoined pair of a component is added in turn, and the total computed anew."""
    a, found = conductances(g), []
    for _ in range(edges):
        before, size, options = total(a), _together(a).sum(axis=1), {}
        for u, v in _free(a):
            a[u, v] = a[v, u] = 1.0
            options[u, v] = (before - total(a)) / (1 if scaled else size[u])
            a[u, v] = a[v, u] = 0.0
        if not options:
            break
        u, v = _first(options)
        found.append((options[u, v], u, v))
        a[u, v] = a[v, u] = 1.0
    return found


def err(g: Graph, steps: int, adds: bool = True, removes: bool = True) -> list[tuple[str, int, int, float]]:
    """Add the pair of greatest resistance, then remove the edge of least resistance that is no bridge."""
    a, found, touched = conductances(g), [], set()
    for _ in range(steps):
        if adds:
            r = resistances(a)
            options = {p: r[p] for p in _free(a) if p not in touched}
            if not options:
                break
            pair = _first(options)
            found.append(("add", *pair, options[pair]))
            touched.add(pair)
            a[pair] = a[pair[::-1]] = 1.0
        if removes:
            r = resistances(a)
            options = {p: -r[p] for p in _edges(a) if p not in touched and not _is_bridge(a, p)}
            if not options:
                break
            pair = _first(options)
            found.append(("remove", *pair, -options[pair]))
            touched.add(pair)
            a[pair] = a[pair[::-1]] = 0.0
    return found


def _first(options: dict[Pair, float]) -> Pair:
    best = max(options.values())
    return min(p for p, score in options.items() if score >= best - TIE * abs(best))


def _free(a: NDArray[np.float64]) -> list[Pair]:
    together = _together(a)
    return [(u, v) for u, v in _pairs(len(a)) if a[u, v] == 0 and together[u, v]]


def _edges(a: NDArray[np.float64]) -> list[Pair]:
    return [(u, v) for u, v in _pairs(len(a)) if a[u, v] > 0]


def _pairs(n: int) -> Collection[Pair]:
    return [(u, v) for u in range(n) for v in range(u + 1, n)]


def _together(a: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n, n) whether two nodes are in one component, by powers of A + I."""
    reach = (a > 0) | np.eye(len(a), dtype=bool)
    for _ in range(max(len(a), 2).bit_length()):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return reach


def _is_bridge(a: NDArray[np.float64], pair: Pair) -> bool:
    without = a.copy()
    without[pair] = without[pair[::-1]] = 0.0
    return not _together(without)[pair]

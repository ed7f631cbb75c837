"""Rewirings written out from their definitions: dense matrices, full recomputation, every candidate listed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from reference import naive_motifs

from mixcli.graph import Graph
from mixcli.numerics import curvature

Pair = tuple[int, int]
Named = tuple[str, int, int]


def edited(g: Graph, edits: Sequence[Named]) -> dict[Pair, int]:
    """Edge -> row of the old arrays (-1 for an added one), one edit at a time in a table of all edges."""
    now = {(u, v): row for row, (u, v) in enumerate(g.edges.tolist())}
    for op, u, v in edits:
        if op == "add":
            assert (u, v) not in now
            now[u, v] = -1
        else:
            del now[u, v]
    return now


def fosr(g: Graph, x: NDArray[np.float64], power_steps: int, edges: int) -> list[Pair]:
    """FoSR with the outer product of the published code; no node may be without edges."""
    a, found = _dense(g), []

    def step(x: NDArray[np.float64]) -> NDArray[np.float64]:
        d = a.sum(axis=0)
        x = x - (x @ np.sqrt(d)) * np.sqrt(d) / d.sum()
        x = x + (a @ (x / np.sqrt(d))) / np.sqrt(d)
        return x / np.linalg.norm(x)

    for _ in range(power_steps):
        x = step(x)
    for _ in range(edges):
        y = x / np.sqrt(1 + a.sum(axis=0))
        product = np.where((a > 0) | np.eye(g.n, dtype=bool), np.inf, np.outer(y, y))
        u, v = divmod(int(product.argmin()), g.n)
        found.append((min(u, v), max(u, v)))
        a[u, v] = a[v, u] = 1
        x = step(x)
    return found


def curvatures(g: Graph, variant: str) -> NDArray[np.float64]:
    """Balanced Forman curvature of every edge, counts from sets, value by the one formula of the package."""
    counts = np.array(naive_motifs.counts(g), dtype=np.int64).reshape(-1, 5).T
    u, v = g.degree[g.edges].T
    if variant == "paper":
        return curvature.balanced_forman(u, v, *counts[:3])
    a = _dense(g)
    square = a @ a
    sharp = [
        sum(a[k, j] * (square[i, k] - a[i, k]) > 0 for k in range(g.n))
        + sum(a[i, k] * (square[k, j] - a[k, j]) > 0 for k in range(g.n))
        for i, j in g.edges.tolist()
    ]
    return curvature.balanced_forman_released(u, v, counts[0], np.array(sharp, dtype=np.int64))


def candidates(g: Graph, i: int, j: int, variant: str) -> list[tuple[int, int, float]]:
    """Every (k, l) around the edge ij in ascending order, with the change it makes to the curvature of ij."""
    a = _dense(g)
    near_i = sorted({i} | set(np.flatnonzero(a[i]).tolist()))
    near_j = sorted({j} | set(np.flatnonzero(a[j]).tolist()))
    pairs = [(k, w) for k in near_i for w in near_j if k != w and not a[k, w]]
    if variant == "released":
        now = _arc_curvature(a, i, j)
        return [(k, w, _arc_curvature(a + _arc(g.n, k, w), i, j) - now) for k, w in pairs]
    now = _one(g, i, j)
    seen: set[frozenset[int]] = set()
    out = []
    for k, w in pairs:
        if frozenset((k, w)) not in seen:
            seen.add(frozenset((k, w)))
            out.append((k, w, _one(with_edge(g, k, w), i, j) - now))
    return out


def sdrf(
    g: Graph, steps: int, tau: float, c_plus: float | None, variant: str, uniforms: Sequence[float]
) -> list[Named]:
    """SDRF, everything recomputed in every step."""
    out: list[Named] = []
    for step in range(steps):
        if not g.m:
            break
        kappa = curvatures(g, variant)
        i, j = g.edges[kappa.argmin()].tolist()
        top = int(kappa.argmax())
        surplus = g.edges[top].tolist() if c_plus is not None and kappa[top] > c_plus else None
        found = candidates(g, i, j, variant)
        if found:
            k, w = pick(found, tau, uniforms[step])
            out.append(("add", min(k, w), max(k, w)))
            g = with_edge(g, k, w)
        if surplus:
            out.append(("remove", *surplus))
            g = Graph(g.n, g.edges[(g.edges != surplus).any(axis=1)])
        if not found and not surplus:
            break
    return out


def pick(found: Sequence[tuple[int, int, float]], tau: float, uniform: float) -> Pair:
    """The candidate at `uniform` of the cumulated softmax weights; the first best one for tau = inf."""
    gains = [x for _, _, x in found]
    best = max(gains)
    if math.isinf(tau):
        return found[gains.index(best)][:2]
    running = np.cumsum([math.exp(tau * (x - best)) for x in gains])
    return found[min(int(np.searchsorted(running, uniform * running[-1], side="right")), len(found) - 1)][:2]


def with_edge(g: Graph, k: int, w: int) -> Graph:
    """The graph with one more edge."""
    return Graph(g.n, np.array(sorted([*map(tuple, g.edges.tolist()), (min(k, w), max(k, w))])))


def _one(g: Graph, i: int, j: int) -> float:
    t, s, gamma, _ = naive_motifs._edge(naive_motifs._sets(g), i, j)
    return float(curvature.balanced_forman(g.degree[i], g.degree[j], t, s, gamma))


def _arc_curvature(a: NDArray[np.float64], i: int, j: int) -> float:
    """The released curvature of ij in a directed graph: in-degree of i, out-degree of j."""
    square, d_i, d_j = a @ a, a[:, i].sum(), a[j].sum()
    low, high = min(d_i, d_j), max(d_i, d_j)
    terms = [a[k, j] * (square[i, k] - a[i, k]) for k in range(len(a))]
    terms += [a[i, k] * (square[k, j] - a[k, j]) for k in range(len(a))]
    sharp, largest = sum(t > 0 for t in terms), max(terms)
    value = 2 / high + 2 / low - 2 + (2 / high + 1 / low) * square[i, j]
    return float(value + (sharp / (high * largest) if sharp else 0))


def _arc(n: int, k: int, w: int) -> NDArray[np.float64]:
    out = np.zeros((n, n))
    out[k, w] = 1
    return out


def _dense(g: Graph) -> NDArray[np.float64]:
    a = np.zeros((g.n, g.n))
    a[g.edges[:, 0], g.edges[:, 1]] = a[g.edges[:, 1], g.edges[:, 0]] = 1
    return a

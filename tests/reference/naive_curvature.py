"""Curvatures written out from their formulas with Python loops; motifs by listing them."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from reference import naive_motifs, naive_resistance

from mixcli.graph import Graph


def forman(g: Graph, weight: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """w_e (w_i/w_e + w_j/w_e - Σ over the other edges at i and at j of w_v / √(w_e w_e')), node weights w_v = 1."""
    weights = np.ones(g.m) if weight is None else weight
    edges = g.edges.tolist()
    out = []
    for e, (i, j) in enumerate(edges):
        w = weights[e]
        value = 1 / w + 1 / w
        for f, ends in enumerate(edges):
            if f != e:
                value -= sum(1 / sqrt(w * weights[f]) for v in (i, j) if v in ends)
        out.append(w * value)
    return np.array(out, dtype=np.float64)


def augmented_forman(g: Graph, cycles: int, chordless: bool) -> NDArray[np.float64]:
    """4 - d_i - d_j + 3 triangles (+ 2 four-cycles), each motif found by listing."""
    every = naive_motifs.four_cycles(g)
    out = []
    for (i, j), (t, _, _, q, _) in zip(g.edges.tolist(), naive_motifs.counts(g), strict=True):
        four = 0 if cycles == 3 else q if chordless else every[i, j]
        out.append(4 - g.degree[i] - g.degree[j] + 3 * t + 2 * four)
    return np.array(out, dtype=np.float64)


def jost_liu(g: Graph) -> NDArray[np.float64]:
    """-(1 - 1/d_i - 1/d_j - t/min)_+ - (1 - 1/d_i - 1/d_j - t/max)_+ + t/max."""
    out = []
    for (i, j), (t, *_) in zip(g.edges.tolist(), naive_motifs.counts(g), strict=True):
        a, b = int(g.degree[i]), int(g.degree[j])
        rest = 1 - 1 / a - 1 / b
        out.append(t / max(a, b) - max(rest - t / min(a, b), 0) - max(rest - t / max(a, b), 0))
    return np.array(out, dtype=np.float64)


def node_resistance(g: Graph) -> NDArray[np.float64]:
    """p_i = 1 - ½ Σ c_ij R_ij with R from exact fractions."""
    resistance = naive_resistance.resistances(g)
    p = np.ones(g.n)
    for e, (i, j) in enumerate(g.edges.tolist()):
        share = resistance[i, j] * (1.0 if g.weight is None else g.weight[e])
        p[i] -= share / 2
        p[j] -= share / 2
    return p


def resistance(g: Graph) -> NDArray[np.float64]:
    """2 (p_i + p_j) / R_ij."""
    p, r = node_resistance(g), naive_resistance.resistances(g)
    return np.array([2 * (p[i] + p[j]) / r[i, j] for i, j in g.edges.tolist()], dtype=np.float64)

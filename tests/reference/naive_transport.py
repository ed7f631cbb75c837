"""Ollivier curvature of weighted graphs as its definition reads: networkx for distances, POT for the transport."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from mixcli.graph import Graph


def ollivier(g: Graph, alpha: float) -> np.ndarray:
    """1 - W1 / d of every edge, with weights as conductances and 1 / weight as lengths."""
    ot = pytest.importorskip("ot", reason="POT comes with GraphRicciCurvature, which needs Python < 3.13")
    G = nx.Graph()
    G.add_nodes_from(range(g.n))
    weight = np.ones(g.m) if g.weight is None else g.weight
    for (u, v), w in zip(g.edges.tolist(), weight.tolist(), strict=True):
        G.add_edge(u, v, weight=w, length=1 / w)
    apart = dict(nx.all_pairs_dijkstra_path_length(G, weight="length"))
    found = []
    for u, v in g.edges.tolist():
        a, b = _walk(G, u, alpha), _walk(G, v, alpha)
        cost = np.array([[apart[p][q] for q in b] for p in a])
        masses = np.array(list(a.values())), np.array(list(b.values()))
        found.append(1 - ot.emd2(masses[0] / masses[0].sum(), masses[1] / masses[1].sum(), cost) / apart[u][v])
    return np.array(found)


def _walk(G: nx.Graph, x: int, alpha: float) -> dict[int, float]:
    total = sum(G[x][y]["weight"] for y in G[x])
    return {x: alpha} | {y: (1 - alpha) * G[x][y]["weight"] / total for y in G[x]}

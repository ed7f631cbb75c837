"""How the entries of S^k depend on distance and layer, gathered while the layers go by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.clusters import mean_error, median_error
from mixcli.numerics.layers import Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fading", "fading"]

Figures = dict[str, float]


@dataclass
class Fading:
    """Entries by distance d = 0, 1, … and layer k = 0, 1, …

    Args:
        pairs: how many pairs there are at each distance.
        first: figures of (S^d) at distance d: mean, median, q05, q95, and errors where the sources are a sample.
        last: figures of (S^K), and `share` of the sum of all its entries.
        mean: for each k a row by distance, d <= k.
        median: likewise.
        symmetric: for each distance the sums over k of the symmetric sensitivity J_k, of the pairs with both ends among
            the sources.
    """

    pairs: list[int] = field(default_factory=list)
    first: list[Figures] = field(default_factory=list)
    last: list[Figures] = field(default_factory=list)
    mean: list[list[float]] = field(default_factory=list)
    median: list[list[float]] = field(default_factory=list)
    symmetric: list[NDArray[np.float64]] = field(default_factory=list)


def fading(
    layers: Iterable[Layer], sources: NDArray[np.int64], degree: NDArray[np.float64], reversible: bool
) -> Fading:
    """Figures of the entries by distance and layer.

    J_k(v,u) = (S^k)_vv / d_v + (S^k)_uu / d_u - ((S^k)_vu + (S^k)_uv) / √(d_v d_u)

    Args:
        layers: the layers, from 0 on.
        sources: (b,) their sources, ascending; all nodes, or a sample without replacement.
        degree: (n,) d.
        reversible: d_v (S^k)_vu = d_u (S^k)_uv, as for D^-1 A; False: S is symmetric.
    """
    drawn, n, out = len(sources), len(degree), Fading()
    place = np.full(n, -1)
    place[sources] = np.arange(drawn)
    groups: list[NDArray[np.int64]] = []
    mutual: list[NDArray[np.int64]] = []
    sums: list[NDArray[np.float64]] = []
    for layer in layers:
        if len(layer.fresh):
            groups.append(layer.fresh)
            mutual.append(np.flatnonzero(place[layer.node(layer.fresh)] >= 0))
            sums.append(np.zeros(len(mutual[-1])))  # before its first layer a pair has only zeros
            out.first.append(_figures(layer, layer.fresh, drawn, n))
        entries = [layer.at(pairs) for pairs in groups]
        out.mean.append([float(x.mean()) for x in entries])
        out.median.append([float(np.median(x)) for x in entries])
        for total, x, both in zip(sums, entries, mutual, strict=True):
            total += x[both]
    out.pairs = [len(pairs) for pairs in groups]
    for pairs, x in zip(groups, entries, strict=True):
        share = float(x.sum()) / layer.total if layer.total else 0.0
        out.last.append({**_figures(layer, pairs, drawn, n), "share": share})
    own = np.divide(sums[0], degree[sources], out=np.zeros(drawn), where=degree[sources] > 0)
    out.symmetric = [np.zeros(drawn)]  # a node with itself, by definition
    for pairs, both, total in zip(groups[1:], mutual[1:], sums[1:], strict=True):
        v, u = layer.node(pairs[both]), layer.source(pairs[both])
        d_v, d_u = degree[v], degree[sources[u]]
        back = d_v / d_u if reversible else 1.0
        out.symmetric.append(own[place[v]] + own[u] - (1 + back) * total / np.sqrt(d_v * d_u))
    return out


def _figures(layer: Layer, pairs: NDArray[np.int64], drawn: int, population: int) -> Figures:
    x = layer.at(pairs)
    low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
    out = {"mean": float(x.mean()), "median": float(middle), "q05": float(low), "q95": float(high)}
    if drawn < population:
        source = layer.source(pairs)
        out["mean_error"] = mean_error(x, source, drawn, population)
        out["median_error"] = median_error(x, source, drawn, population)
    return out

"""Measures of token graphs as their definitions say, by loops and whole matrices: for small inputs only."""

import itertools
from functools import cache

import numpy as np

from mixcli.sequence import TokenGraph


def product(tokens: TokenGraph, residual: float = 0.0) -> np.ndarray:
    """The layers, each mixed with the identity, multiplied out."""
    out = np.eye(tokens.tokens)
    for layer in range(tokens.depth):
        out = (residual * np.eye(tokens.tokens) + (1 - residual) * tokens.operator(layer)) @ out
    return out


def dobrushin(matrix: np.ndarray) -> float:
    return max(float(np.abs(a - b).sum()) / 2 for a, b in itertools.product(matrix, matrix))


def held(tokens: TokenGraph, layers: int) -> np.ndarray:
    """Which query holds something of which token after so many layers, the source's repeated."""
    out = np.eye(tokens.tokens, dtype=bool)
    for place in range(layers):
        step = tokens.visible(place % tokens.depth) | np.eye(tokens.tokens, dtype=bool)
        out = (step.astype(int) @ out.astype(int)) > 0
    return out


def wanted(tokens: TokenGraph) -> np.ndarray:
    """Pairs that should be reached: earlier keys, and later ones that can be."""
    size = tokens.tokens
    ever = held(tokens, tokens.depth * (size + 1))
    return np.tri(size, k=-1, dtype=bool) | np.triu(ever, 1)


def full_reach(tokens: TokenGraph) -> float:
    """Layers until all visible pairs are reached; infinite where a few rounds too many do not suffice."""
    pairs = wanted(tokens)
    if not pairs.any():
        return 0
    for layers in range(1, tokens.depth * (tokens.tokens + 1) + 1):
        if held(tokens, layers)[pairs].all():
            return layers
    return np.inf


def walk_counts(tokens: TokenGraph) -> list[int]:
    """Whole numbers of walks to the read-out, however large."""
    row = [int(j == tokens.read_out) for j in range(tokens.tokens)]
    for layer in reversed(range(tokens.depth)):
        mask = tokens.visible(layer)
        row = [sum(row[i] for i in np.flatnonzero(mask[:, j])) for j in range(tokens.tokens)]
    return row


def longest(tokens: TokenGraph) -> list[float]:
    """Most steps between different tokens, over all ways there are."""

    @cache
    def best(token: int, layer: int) -> float:
        if layer == tokens.depth:
            return 0 if token == tokens.read_out else -np.inf
        readers = np.flatnonzero(tokens.visible(layer)[:, token])
        return max([best(token, layer + 1), *(1 + best(int(i), layer + 1) for i in readers if i != token)])

    return [best(j, 0) for j in range(tokens.tokens)]


def closed_classes(tokens: TokenGraph) -> list[list[int]]:
    """Sets of tokens that read each other, directly or not, and nothing else."""
    size = tokens.tokens
    distance = hops(tokens)
    reads = [frozenset(np.flatnonzero(np.isfinite(distance[i])).tolist()) for i in range(size)]
    return [sorted(c) for c in {reads[i] for i in range(size) if all(reads[j] == reads[i] for j in reads[i])}]


def radius(tokens: TokenGraph) -> float | None:
    classes = closed_classes(tokens)
    return min(float(hops(tokens)[:, c].max()) for c in classes[0]) if len(classes) == 1 else None


def hops(tokens: TokenGraph) -> np.ndarray:
    """(T, T) steps from query to key over the layers together."""
    union = np.any([tokens.visible(layer) for layer in range(tokens.depth)], axis=0)
    out = np.where(union, 1.0, np.inf)
    np.fill_diagonal(out, 0)
    for k in range(len(out)):
        out = np.minimum(out, out[:, k, None] + out[None, k])
    return out

"""Figures of attention heads and hidden states, as slow and plain as they can be said."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np


def head(a: np.ndarray, keys: np.ndarray) -> dict[str, Any]:
    """The figures of one head by loops over its entries; those of the singular values by SVD."""
    a = np.asarray(a, dtype=np.float64)
    n = len(a)
    causal = not np.triu(a, 1).any()
    rows = range(1, n)
    entropy = [-sum(w * math.log(w) for w in row if w > 0) for row in a.tolist()]
    several = [i for i in range(n) if keys[i] > 1]
    offsets = {
        d: np.mean([a[i, i - d] for i in rows if 0 <= i - d < n])
        for d in range(-(n // 2), n // 2 + 1)
        if d not in (0, 1) and any(0 <= i - d < n for i in rows)
    }
    if causal:
        verticals = {k: np.mean([a[i, k] for i in range(k + 1, n)] or [0.0]) for k in range(1, max(2, n // 2 + 1))}
    else:
        verticals = {k: np.mean([a[i, k] for i in rows]) for k in range(1, n)}
    own = [
        sum(a[i, j] for j in range(n) if j // 16 == i // 16 and j not in (i, i - 1, 0)) for i in rows
    ]  # identity, prev and bos are scores of their own
    moduli = np.abs(np.diag(a)) if causal else np.abs(np.linalg.eigvals(a))
    sigma = np.linalg.svd(a, compute_uv=False)
    return {
        "columns": [sum(a[i, k] for i in range(k, n)) for k in range(n)],
        "diagonal": np.diag(a),
        "first": [sum(a[i, :s].sum() for i in range(s, n)) if s <= n else 0.0 for s in range(1, 17)],
        "small": np.mean(moduli < 0.1),
        "second": sorted(moduli)[-2],
        "future": np.mean([a[i, i + 1 :].sum() for i in range(n)]),
        "negative": np.mean(a < 0),
        "entropy": np.mean(entropy),
        "normalized": np.mean([entropy[i] / math.log(keys[i]) for i in several]) if several else 0.0,
        "perplexity": np.mean(np.exp(entropy)),
        "band": max(math.log(max(row)) - math.log(min(w for w in row if w > 0)) for row in a.tolist()),
        "identity": np.mean([a[i, i] for i in rows]),
        "bos": np.mean([a[i, 0] for i in rows]),
        "prev": np.mean([a[i, i - 1] for i in rows]),
        "offset": max([*offsets.values(), 0.0]),
        "vertical": max(verticals.values()),
        "block": np.mean(own),
        "uniform": np.mean([sum(min(w, 1 / keys[i]) for w in a[i]) for i in rows]),
        "frobenius": (a * a).sum(),
        "sigma": sigma[0],
    }


def mean_cosine(x: np.ndarray) -> float:
    """Mean cosine over unordered pairs of rows."""
    pairs = itertools.combinations(x, 2)
    return float(np.mean([u @ v / (np.linalg.norm(u) * np.linalg.norm(v)) for u, v in pairs]))


def dirichlet(x: np.ndarray, visible: np.ndarray) -> float:
    """Σ |x_i - x_j|² over the unordered pairs joined in either direction."""
    n = len(x)
    pairs = [(i, j) for i in range(n) for j in range(i) if visible[i, j] or visible[j, i]]
    return float(sum(((x[i] - x[j]) ** 2).sum() for i, j in pairs))


def residual(x: np.ndarray, common: np.ndarray) -> float:
    """√(|R|₁ |R|_∞) of R = X - 1 commonᵀ."""
    r = np.abs(x - common)
    return float(np.sqrt(r.sum(axis=0).max() * r.sum(axis=1).max()))

"""Compiled passes of `mixcli.numerics.sketch` over blocks of potentials, one column per random right-hand side.

Blocks are (n, k), rows together, so that one walk over the graph or the factor serves all columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.approxchol_kernel import sweep
from mixcli.numerics.jit import kernel

__all__ = ["average", "centre", "conjugate_gradients", "near_terms", "right_sides", "tally_edges", "tally_nodes"]


@kernel
def right_sides(first: Any, second: Any, root: Any, bits: Any, out: Any) -> None:
    """B' W^1/2 Q into out (n, k): edge e gets the sign of bit c of bits[e] in column c; root = W^1/2."""
    one = np.uint64(1)
    for e in range(len(first)):
        u, v, x = first[e], second[e], bits[e]
        for c in range(out.shape[1]):
            s = root[e] if x & one else -root[e]
            x >>= one
            out[u, c] += s
            out[v, c] -= s


@kernel
def average(start: Any, index: Any, weight: Any, strength: Any, x: Any, out: Any) -> None:
    """out = D^-1 A x; 0 at isolated nodes."""
    k = x.shape[1]
    for i in range(len(strength)):
        for c in range(k):
            out[i, c] = 0
        for p in range(start[i], start[i + 1]):
            j, a = index[p], weight[p] / strength[i]
            for c in range(k):
                out[i, c] += a * x[j, c]


@kernel
def centre(x: Any, mass: Any, label: Any, count: int) -> None:
    """Take the mean weighted by mass, over each component, off each column, in place."""
    n, k = x.shape
    sums, total = np.zeros((count, k)), np.zeros(count)
    for i in range(n):
        total[label[i]] += mass[i]
        for c in range(k):
            sums[label[i], c] += mass[i] * x[i, c]
    for j in range(count):
        for c in range(k):
            sums[j, c] /= max(total[j], 1e-300)
    for i in range(n):
        for c in range(k):
            x[i, c] -= sums[label[i], c]


@kernel
def tally_edges(first: Any, second: Any, x: Any, y: Any, total: Any, square: Any) -> None:
    """Add the products of the two potential differences of each edge, over the columns, and their squares."""
    for e in range(len(first)):
        u, v, s, q = first[e], second[e], 0.0, 0.0
        for c in range(x.shape[1]):
            t = (x[u, c] - x[v, c]) * (y[u, c] - y[v, c])
            s += t
            q += t * t
        total[e] += s
        square[e] += q


@kernel
def tally_nodes(x: Any, y: Any, strength: Any, label: Any, total: Any, square: Any, weighed: Any, plain: Any) -> None:
    """Add the products of the two potentials of each node; weighed, plain (count, k): their sums by component."""
    n, k = x.shape
    for i in range(n):
        s, q, d, j = 0.0, 0.0, strength[i], label[i]
        for c in range(k):
            t = x[i, c] * y[i, c]
            s += t
            q += t * t
            weighed[j, c] += d * t
            plain[j, c] += t
        total[i] += s
        square[i] += q


@kernel
def near_terms(start: Any, index: Any, weight: Any, strength: Any, first: Any, second: Any, meet: Any) -> None:
    """meet[e] = Σ_x w_ux w_vx / d_x over the common neighbours of edge e; edges grouped by `first`."""
    row = np.zeros(len(strength))
    last = -1
    for e in range(len(first)):
        u, v = first[e], second[e]
        if u != last:
            if last >= 0:
                for p in range(start[last], start[last + 1]):
                    row[index[p]] = 0.0
            for p in range(start[u], start[u + 1]):
                row[index[p]] = weight[p] / strength[index[p]]
            last = u
        t = 0.0
        for p in range(start[v], start[v + 1]):
            t += weight[p] * row[index[p]]
        meet[e] = t


@kernel
def _products(x: Any, y: Any) -> Any:
    n, k = x.shape
    sums = np.zeros(k)
    for i in range(n):
        for c in range(k):
            sums[c] += x[i, c] * y[i, c]
    return sums


@kernel
def _laplacian(start: Any, index: Any, weight: Any, strength: Any, x: Any, out: Any) -> None:
    k = x.shape[1]
    for i in range(len(strength)):
        d = strength[i]
        for c in range(k):
            out[i, c] = d * x[i, c]
        for p in range(start[i], start[i + 1]):
            j, a = index[p], weight[p]
            for c in range(k):
                out[i, c] -= a * x[j, c]


@kernel
def _step(x: Any, r: Any, p: Any, q: Any, alpha: Any) -> None:
    n, k = x.shape
    for i in range(n):
        for c in range(k):
            x[i, c] += alpha[c] * p[i, c]
            r[i, c] -= alpha[c] * q[i, c]


@kernel
def _turn(p: Any, z: Any, beta: Any) -> None:
    n, k = p.shape
    for i in range(n):
        for c in range(k):
            p[i, c] = z[i, c] + beta[c] * p[i, c]


@kernel
def _precondition(
    column: Any, row: Any, value: Any, inverse: Any, mass: Any, label: Any, count: int, r: Any, z: Any
) -> Any:
    """z = M r, centred; r'z by columns."""
    n, k = r.shape
    for i in range(n):
        for c in range(k):
            z[i, c] = r[i, c]
    sweep(column, row, value, inverse, z)
    centre(z, mass, label, count)
    return _products(r, z)


@kernel
def conjugate_gradients(
    start: Any, index: Any, weight: Any, strength: Any, column: Any, row: Any, value: Any, inverse: Any,
    label: Any, count: int, mass: Any, r: Any, work: Any, tolerance: float, steps: int,
) -> Any:  # fmt: skip
    """X with L X = r, columns independent; r is overwritten. A factor without entries is Jacobi's preconditioner.

    Stops when every column has r'Mr < tolerance² of its start: with a good M that is the error in the norm of L, which
    does not care about the scale of the weights. work (4, n, k) is zero before; its first block is X after.

    Returns:
        Steps taken, and the largest √(r'Mr) left relative to its start.
    """
    x, z, q, p = work[0], work[1], work[2], work[3]
    k = r.shape[1]
    rz = _precondition(column, row, value, inverse, mass, label, count, r, z)
    first, scale = rz.copy(), np.zeros(k, r.dtype)
    _turn(p, z, scale)
    taken, left = 0, 1.0
    while taken < steps and left >= tolerance:
        _laplacian(start, index, weight, strength, p, q)
        pq = _products(p, q)
        for c in range(k):
            scale[c] = rz[c] / pq[c] if pq[c] > 0.0 else 0.0
        _step(x, r, p, q, scale)
        taken += 1
        new = _precondition(column, row, value, inverse, mass, label, count, r, z)
        left = 0.0
        for c in range(k):
            scale[c] = new[c] / rz[c] if rz[c] > 0.0 else 0.0
            if first[c] > 0.0:
                left = max(left, np.sqrt(max(new[c], 0.0) / first[c]))
        _turn(p, z, scale)
        rz = new
    return taken, left

"""`mixcli.numerics.dense_panel`, compiled; imports numba."""

from __future__ import annotations

from typing import Any

from mixcli.numerics.jit import lean_kernel

__all__ = ["eliminate", "fill"]


@lean_kernel
def eliminate(flow: Any, walk: Any, pivot: Any) -> None:
    b = len(flow)
    for k in range(b):
        total = 0.0
        for j in range(k + 1, b + 1):
            total += flow[k, j]
        pivot[k] = total
        for j in range(k + 1, b + 1):
            if j < b:
                flow[j, k] = flow[k, j]  # kept below the diagonal, which nobody reads
            flow[k, j] /= total
        for i in range(k + 1, b):
            given, part = flow[i, k], flow[k, i]
            for j in range(i + 1, b + 1):
                flow[i, j] += given * flow[k, j]
            for j in range(k + 1):
                walk[i, j] += part * walk[k, j]


@lean_kernel
def fill(share: Any, apart: Any, spread: Any, outward: Any, pivot: Any, base: Any, table: Any) -> None:
    b = len(share)
    for k in range(b - 1, -1, -1):
        for w in range(k, b):
            table[k, w] = 0.0
        for x in range(k + 1, b):
            part = share[k, x]
            for w in range(k + 1, b):
                table[k, w] += part * table[x, w]
        twice = far = 0.0
        for w in range(k + 1, b):
            inside, outside = table[k, w], outward[k] * base[w] + apart[k, w]
            twice += share[k, w] * (inside + 2.0 * outside)
            far += share[k, w] * base[w]
            table[k, w] = inside + outside
        own = 1.0 / pivot[k] - 0.5 * (spread[k] + twice)
        base[k] = own + far
        for w in range(k + 1, b):
            table[k, w] += own
            table[w, k] = table[k, w]

"""Compiled passes of `mixcli.numerics.motifs`; imports numba, so only large inputs come here."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import kernel

__all__ = ["count_edges", "count_sharp"]


@kernel
def count_edges(begin: Any, end: Any, indices: Any, first: Any, second: Any, out: Any) -> None:
    """t, s_i + s_j, γ and q of the edges (first[e], second[e]) into the rows of out (4, k).

    Neighbours of v are indices[begin[v]:end[v]] in any order; rows may have slack between them.
    H is scanned from `first`: the end with fewer second neighbours is the cheaper one.
    """
    n = len(begin)
    mark = np.full(n, -1, np.int64)  # 4e + 1: in N(j); 4e + 2: common neighbour, or i itself
    hits = np.zeros(n, np.int64)
    for e in range(len(first)):
        i, j, in_j, out_of_q = first[e], second[e], 4 * e + 1, 4 * e + 2
        if end[i] - begin[i] < 2:
            continue  # a leaf edge is in no cycle; marking a hub's row for each of its leaves would cost d²
        for p in range(begin[j], end[j]):
            mark[indices[p]] = in_j
            hits[indices[p]] = 0
        triangles = 0
        for p in range(begin[i], end[i]):
            if mark[indices[p]] == in_j:
                mark[indices[p]] = out_of_q
                triangles += 1
        mark[i] = out_of_q
        ends = gamma = squares = 0
        for p in range(begin[i], end[i]):
            k = indices[p]
            if k == j or mark[k] == out_of_q:
                continue
            found = 0
            for q in range(begin[k], end[k]):
                w = indices[q]
                if mark[w] == in_j:
                    found += 1
                    if hits[w] == 0:
                        ends += 1
                    hits[w] += 1
                    gamma = max(gamma, hits[w])
            if found > 0:
                ends += 1
                squares += found
                gamma = max(gamma, found)
        out[0, e], out[1, e], out[2, e], out[3, e] = triangles, ends, gamma, squares


@kernel
def count_sharp(indptr: Any, indices: Any, strong: Any, edges: Any, out: Any) -> None:
    """♯ of each edge into out (k,); strong says for each entry of indices whether that edge lies in two triangles."""
    mark = np.full(len(indptr) - 1, -1, np.int64)  # 2e: in N(j); 2e + 1: and the edge to j lies in two triangles
    for e in range(len(edges)):
        i, j = edges[e, 0], edges[e, 1]
        for p in range(indptr[j], indptr[j + 1]):
            mark[indices[p]] = 2 * e + strong[p]
        common = twice = 0
        for p in range(indptr[i], indptr[i + 1]):
            seen = mark[indices[p]]
            if seen >= 2 * e:
                common += 1
                twice += strong[p] + (seen - 2 * e)
        out[e] = indptr[i + 1] - indptr[i] + indptr[j + 1] - indptr[j] - 2 * common + twice

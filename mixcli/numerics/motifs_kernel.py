"""Compiled passes of `mixcli.numerics.motifs`; imports numba, so only large inputs come here."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import kernel

__all__ = ["count_edges", "count_sharp"]


@kernel
def count_edges(begin: Any, end: Any, indices: Any, first: Any, second: Any, order: Any, out: Any) -> None:
    """t, s_i + s_j, γ, q and all 4-cycles of the edges (first[e], second[e]), e in order, into the columns e of out.

    Neighbours of v are indices[begin[v]:end[v]] in any order; rows may have slack between them. What an edge needs to
    know about i = first[e] is found once for all edges in a row that share it, so sort `order` by first.
    """
    n = len(begin)
    paths = np.zeros(n, np.int64)  # 2-paths from i to the node, above the base of this i
    hits = np.full(n, -1, np.int32)  # edges of H at a node of P; -1: outside N(i), -2: common neighbour, or j itself
    touched = np.empty(n, np.int32)  # nodes of P with hits
    candidate = np.empty(n, np.int32)  # nodes of Q that may have some
    here, base = -1, 0
    for x in range(len(order)):
        e = order[x]
        i, j = first[e], second[e]
        if end[j] - begin[j] < 2 or end[i] - begin[i] < 2:
            continue  # a leaf edge is in no cycle; walking around a hub for each of its leaves would cost d²
        if i != here:
            for p in range(begin[here], end[here] if here >= 0 else begin[here]):
                hits[indices[p]] = -1
            here, base = i, (x + 1) << 32
            for p in range(begin[i], end[i]):
                hits[indices[p]] = 0
                for q in range(begin[indices[p]], end[indices[p]]):
                    paths[indices[q]] = max(paths[indices[q]], base) + 1
        triangles = candidates = 0
        cycles = 1 - (end[j] - begin[j]) - (end[i] - begin[i])  # walks i-k-w-j with k = j or w = i are no cycles
        for p in range(begin[j], end[j]):
            w = indices[p]
            several = paths[w] - base
            cycles += several
            if hits[w] == 0:
                hits[w] = -2
                triangles += 1
            elif several > 1 and w != i:
                candidate[candidates] = w
                candidates += 1
        hits[j] = -2
        ends = others = gamma = squares = 0
        for p in range(candidates):
            w = candidate[p]
            found, most = 0, paths[w] - base - 1  # one of the 2-paths leads through j
            for q in range(begin[w], end[w]):
                k = indices[q]
                seen = hits[k]
                if seen >= 0:
                    found += 1
                    if seen == 0:
                        touched[ends] = k
                        ends += 1
                    hits[k] = seen + 1
                    if found == most:
                        break
            squares += found
            gamma = max(gamma, found)
            others += found > 0
        for p in range(ends):
            gamma = max(gamma, hits[touched[p]])
            hits[touched[p]] = 0
        for p in range(begin[j], end[j] if triangles > 0 else begin[j]):
            if hits[indices[p]] == -2:
                hits[indices[p]] = 0
        hits[j] = 0
        out[0, e], out[1, e], out[2, e], out[3, e], out[4, e] = triangles, ends + others, gamma, squares, cycles


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

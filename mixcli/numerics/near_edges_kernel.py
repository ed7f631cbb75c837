"""Compiled path of `mixcli.numerics.near_edges`; imports numba, so only large inputs come here."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import kernel

__all__ = ["mark_near"]


@kernel
def mark_near(indptr: Any, indices: Any, changed: Any, near: Any) -> None:
    """Set near at the entries of indices that belong to an edge near a changed one, at one of its ends at least."""
    mark, stamp = np.zeros(len(indptr) - 1, np.int64), 0
    for c in range(len(changed)):
        for side in range(2):
            one, other = changed[c, side], changed[c, 1 - side]
            stamp += 1
            for a in range(indptr[other], indptr[other + 1]):
                w = indices[a]
                mark[w] = stamp
                for b in range(indptr[w], indptr[w + 1]):
                    mark[indices[b]] = stamp
            for a in range(indptr[one], indptr[one + 1]):
                near[a] = True
                i = indices[a]
                for b in range(indptr[i], indptr[i + 1]):
                    if mark[indices[b]] == stamp:
                        near[b] = True

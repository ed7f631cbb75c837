"""Maximum flow from at most 64 sources to a few classes of targets, with integer supplies and demands.

Here numbering layers, as `mixcli.numerics.transport_flow` does, costs more than it saves. After a greedy start one
breadth-first tree after another is searched, and flow augmented along its paths.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.bits import lowest
from mixcli.numerics.jit import lean_kernel

__all__ = ["saturate_few"]

NONE = np.uint64(0)
ONE = np.uint64(1)


@lean_kernel
def send_few(k: Any, i: Any, amount: Any, s: Any) -> None:
    """More flow from source i, one of at most 64, to class k."""
    bit = ONE << np.uint64(i)
    if s.support[k] & bit:
        s.flow[64 * k + i] += amount
    else:
        s.flow[64 * k + i] = amount
        s.support[k] |= bit


@lean_kernel
def fill_few(arc: Any, classes: Any, s: Any) -> Any:
    """Push along single arcs as far as that goes; returns the amount."""
    supply, demand = s.supply, s.demand
    pushed = 0
    for turn in range(2):  # classes with a single source have no choice, so they go first
        for k in range(classes):
            if demand[k] == 0:
                continue
            left = arc[k]
            if turn == 0 and left & (left - ONE) != NONE:
                continue
            while left != NONE and demand[k] > 0:
                i = lowest(left)
                left &= left - ONE
                if supply[i] > 0:
                    amount = min(supply[i], demand[k])
                    supply[i] -= amount
                    demand[k] -= amount
                    pushed += amount
                    send_few(k, i, amount, s)
    return pushed


@lean_kernel
def augment_few(end: Any, s: Any) -> Any:
    """Push along the path of the search tree to a class; returns the amount, 0 where other paths have used it up."""
    supply, demand, support, flow, parent, of_source = s.supply, s.demand, s.support, s.flow, s.via, s.walk
    amount, k = demand[end], end
    i = parent[k]
    while of_source[i] >= 0:
        k = of_source[i]
        amount = min(amount, flow[64 * k + i] if (support[k] >> np.uint64(i)) & ONE else 0)
        i = parent[k]
    amount = min(amount, supply[i])
    if amount == 0:
        return amount
    demand[end] -= amount
    supply[i] -= amount
    k = end
    i = parent[k]
    send_few(k, i, amount, s)
    while of_source[i] >= 0:
        k = of_source[i]
        flow[64 * k + i] -= amount
        if flow[64 * k + i] == 0:
            support[k] &= ~(ONE << np.uint64(i))
        i = parent[k]
        send_few(k, i, amount, s)
    return amount


@lean_kernel
def saturate_few(arc: Any, classes: Any, sources: Any, s: Any) -> Any:
    """Push what the arcs (class -> bit set of sources) allow; returns the amount, reached sources and classes."""
    supply, demand, support, parent, found, of_source = s.supply, s.demand, s.support, s.via, s.touched, s.walk
    pushed = fill_few(arc, classes, s)
    while True:
        reached, seen = NONE, NONE
        for i in range(sources):
            if supply[i] > 0:
                reached |= ONE << np.uint64(i)
                of_source[i] = -1
        front, ends = reached, 0
        while front != NONE:
            after = NONE
            for k in range(classes):
                hit = arc[k] & front
                if hit != NONE and not (seen >> np.uint64(k)) & ONE:
                    seen |= ONE << np.uint64(k)
                    parent[k] = lowest(hit)
                    if demand[k] > 0:
                        found[ends] = k
                        ends += 1
                    back = support[k] & ~reached
                    reached |= back
                    after |= back
                    while back != NONE:
                        of_source[lowest(back)] = k
                        back &= back - ONE
            front = after
        if ends == 0:
            return pushed, reached, seen
        for q in range(ends):
            pushed += augment_few(np.int64(found[q]), s)

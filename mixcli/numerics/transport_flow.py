"""Maximum flows from sources to classes of targets, with integer supplies and demands.

Tight arcs are bit sets. `saturate` is Dinic's algorithm after a greedy start: a breadth-first search numbers the layers
of the residual graph, a depth-first search blocks it, and both take 64 arcs at a time. What the last search reached
labels the nodes for the next level of costs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.bits import lowest
from mixcli.numerics.jit import lean_kernel

__all__ = ["saturate"]

NONE = np.uint64(0)
ONE = np.uint64(1)
LOW = np.uint64(63)


@lean_kernel
def number_layers(classes: Any, sources: Any, s: Any) -> Any:
    """Breadth-first layers of the residual graph up to the first with an open class; their number, or -1."""
    rows, support, open_, unseen, reached = s.rows, s.support, s.open, s.unseen, s.reached
    layer_rows, layer_sources, supply = s.layer_rows, s.layer_sources, s.supply
    words, masks = (classes + 63) >> 6, (sources + 63) >> 6
    for w in range(words):
        unseen[w] = ~NONE
    for m in range(masks):
        layer_sources[m] = NONE
    for i in range(sources):
        if supply[i] > 0:
            layer_sources[i >> 6] |= ONE << (np.uint64(i) & LOW)
    for m in range(masks):
        reached[m] = layer_sources[m]
    depth = 0
    while True:
        here = depth * words
        for w in range(words):
            layer_rows[here + w] = NONE
        for m in range(masks):
            left = layer_sources[depth * masks + m]
            while left != NONE:
                row = (64 * m + lowest(left)) * words
                left &= left - ONE
                for w in range(words):
                    layer_rows[here + w] |= rows[row + w]
        hit = NONE
        for w in range(words):
            hit |= layer_rows[here + w] & open_[w]
        if hit != NONE:
            return depth
        after = (depth + 1) * masks
        for m in range(masks):
            layer_sources[after + m] = NONE
        for w in range(words):
            left = layer_rows[here + w] & unseen[w]
            layer_rows[here + w] = left
            unseen[w] ^= left
            while left != NONE:
                k = 64 * w + lowest(left)
                left &= left - ONE
                for m in range(masks):
                    layer_sources[after + m] |= support[k * masks + m]
        any_ = NONE
        for m in range(masks):
            layer_sources[after + m] &= ~reached[m]
            reached[m] |= layer_sources[after + m]
            any_ |= layer_sources[after + m]
        if any_ == NONE:
            return -1
        depth += 1


@lean_kernel
def push(root: Any, depth: Any, end: Any, masks: Any, stride: Any, s: Any) -> Any:
    """Augment along root = walk[0], via[0], walk[1], …, walk[depth], end; returns the amount."""
    supply, demand, support, flow, via, walk = s.supply, s.demand, s.support, s.flow, s.via, s.walk
    amount = min(supply[root], demand[end])
    for step in range(depth):
        amount = min(amount, flow[via[step] * stride + walk[step + 1]])
    supply[root] -= amount
    demand[end] -= amount
    via[depth] = end
    for step in range(depth + 1):
        k, i = via[step], walk[step]
        bit = ONE << (np.uint64(i) & LOW)
        if support[k * masks + (i >> 6)] & bit:
            flow[k * stride + i] += amount
        else:
            flow[k * stride + i] = amount
            support[k * masks + (i >> 6)] |= bit
        if step < depth:
            i = walk[step + 1]
            flow[k * stride + i] -= amount
            if flow[k * stride + i] == 0:
                support[k * masks + (i >> 6)] &= ~(ONE << (np.uint64(i) & LOW))
    return amount


@lean_kernel
def block(root: Any, depth: Any, classes: Any, masks: Any, stride: Any, s: Any) -> Any:
    """Push from one source down the numbered layers until it has no way left; returns the amount."""
    rows, support, open_, demand, supply = s.rows, s.support, s.open, s.demand, s.supply
    layer_rows, layer_sources, via, walk = s.layer_rows, s.layer_sources, s.via, s.walk
    words = (classes + 63) >> 6
    pushed = 0
    at = 0
    walk[0] = root
    while True:
        i = walk[at]
        k = -1
        if at == depth:
            for w in range(words):
                hit = rows[i * words + w] & open_[w]
                if hit != NONE:
                    k = 64 * w + lowest(hit)
                    break
            if k >= 0:
                pushed += push(root, depth, k, masks, stride, s)
                if demand[k] == 0:
                    open_[k >> 6] ^= ONE << (np.uint64(k) & LOW)
                if supply[root] == 0:
                    return pushed
                at = 0
                continue
        else:
            for w in range(words):
                hit = rows[i * words + w] & layer_rows[at * words + w]
                if hit != NONE:
                    k = 64 * w + lowest(hit)
                    break
            if k >= 0:
                after = -1
                for m in range(masks):
                    back = support[k * masks + m] & layer_sources[(at + 1) * masks + m]
                    if back != NONE:
                        after = 64 * m + lowest(back)
                        break
                if after >= 0:
                    via[at] = k
                    at += 1
                    walk[at] = after
                else:
                    layer_rows[at * words + (k >> 6)] ^= ONE << (np.uint64(k) & LOW)
                continue
        if at == 0:
            return pushed
        layer_sources[at * masks + (i >> 6)] &= ~(ONE << (np.uint64(i) & LOW))
        at -= 1


@lean_kernel
def fill(classes: Any, sources: Any, s: Any) -> Any:
    """Push along single arcs as far as that goes; returns the amount."""
    rows, support, open_, demand, supply, flow = s.rows, s.support, s.open, s.demand, s.supply, s.flow
    words, masks = (classes + 63) >> 6, (sources + 63) >> 6
    pushed = 0
    for i in range(sources):
        left = supply[i]
        mask, bit = i >> 6, ONE << (np.uint64(i) & LOW)
        w = 0
        while w < words and left > 0:
            hit = rows[i * words + w] & open_[w]
            while hit != NONE and left > 0:
                k = 64 * w + lowest(hit)
                one = hit & (~hit + ONE)
                hit ^= one
                amount = min(left, demand[k])
                left -= amount
                demand[k] -= amount
                if demand[k] == 0:
                    open_[w] ^= one
                if support[k * masks + mask] & bit:
                    flow[k * sources + i] += amount
                else:
                    flow[k * sources + i] = amount
                    support[k * masks + mask] |= bit
            w += 1
        pushed += supply[i] - left
        supply[i] = left
    return pushed


@lean_kernel
def saturate(classes: Any, sources: Any, total: Any, s: Any) -> Any:
    """Push what the arcs in s.rows allow of `total`; returns the amount.

    Unless that is all, s.reached and ~s.unseen are the sources and classes that the rest reaches.
    """
    words, masks = (classes + 63) >> 6, (sources + 63) >> 6
    for w in range(words):
        s.open[w] = NONE
    for k in range(classes):
        if s.demand[k] > 0:
            s.open[k >> 6] |= ONE << (np.uint64(k) & LOW)
    pushed = fill(classes, sources, s)
    while pushed < total:
        depth = number_layers(classes, sources, s)
        if depth < 0:
            break
        for i in range(sources):
            if s.supply[i] > 0:
                pushed += block(i, depth, classes, masks, sources, s)
    return pushed

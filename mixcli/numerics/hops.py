"""Hop distances of all pairs: counted exactly where that is affordable, from sampled sources where it is not.

Exact: breadth-first searches from many sources at once, one bit a source, so that one OR serves a machine word of them.
Small graphs use Python's long integers as bit sets (no compiler), large ones 512 bits at a time with sources that lie
close together. No n × n matrix is ever stored. Sampled: plain searches from sources drawn without replacement.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Progress

__all__ = ["STEP", "Hops", "hop_counts", "hop_sample"]

PLAIN_WORK = 6e6  # steps of about 100 ns that take no longer than loading or compiling a kernel
TINY_WORK = 2e5  # steps that are done before a kernel that is already loaded has renumbered the graph
ENTRY = 30  # elementary operations for one list entry of a bit-parallel pass
TRIALS = 4  # passes that predict the cost of all
STEP = 20  # elementary operations for one list entry of a plain search


@dataclass(frozen=True)
class Hops:
    """How many ordered pairs of nodes lie at each hop distance.

    Args:
        pairs: (K+1,) ordered pairs at 0 (the nodes themselves), 1, … K hops; scaled up from the sample where sampled.
        pairs_error: (K+1,) standard errors, 0 where exact.
        within_error: (K+1,) standard errors of the running sum of `pairs`.
        total: sum of all the finite distances counted.
        total_error: its standard error.
        sources: breadth-first searches behind the figures.
        eccentricity: (n,) largest finite distance from each node; None where sampled.
    """

    pairs: NDArray[np.float64]
    pairs_error: NDArray[np.float64]
    within_error: NDArray[np.float64]
    total: float
    total_error: float
    sources: int
    eccentricity: NDArray[np.int64] | None

    @property
    def exact(self) -> bool:
        """Whether every node was a source."""
        return self.eccentricity is not None


def hop_counts(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    layers: int | None = None,
    operations: float = 1.5e10,
    threads: int = 1,
    progress: Progress | None = None,
    *,
    directed: bool = False,
) -> Hops | None:
    """Count the ordered pairs at each hop distance, exactly.

    Args:
        indptr: (n+1,) row starts of the neighbour lists (successors of a directed graph).
        indices: neighbours.
        layers: do not look further than this; None for no end.
        operations: elementary operations it may take (about 10⁹ a second).
        threads: threads for the compiled path.
        progress: told of the sources that are done, from any thread but one at a time.
        directed: whether a node may be a successor without being a predecessor.

    Returns:
        The counts, or None where a few trial passes predict more operations than allowed. The eccentricities are those
        of incoming paths in a directed graph.

    Cost: O(n m / 64) word operations at worst, divided by how much the searches from close sources overlap.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> hop_counts(*cycle(5).csr[:2]).pairs.tolist()
        [5.0, 10.0, 10.0]
    """
    limit = len(indptr) if layers is None else min(layers, len(indptr))
    ready = _kernel_ready()
    found = _plain(indptr, indices, limit, TINY_WORK if ready else PLAIN_WORK)
    if found is None:
        found = _compiled(indptr, indices, limit, operations, threads, progress, directed)
    if found is None and ready:  # what is refused must not depend on what the process did before
        found = _plain(indptr, indices, limit, PLAIN_WORK)
    if found is None:
        return None
    pairs, eccentricity = found
    pairs = np.trim_zeros(pairs, "b").astype(np.float64)
    none = np.zeros(len(pairs))
    return Hops(pairs, none, none, float(pairs @ np.arange(len(pairs))), 0.0, len(indptr) - 1, eccentricity)


_Found = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def _plain(indptr: NDArray[np.int64], indices: NDArray[np.int32], layers: int, most: float) -> _Found | None:
    """All sources at once, a long integer per node: bit s of new[v] says that s reached v in this hop."""
    n = len(indptr) - 1
    step = (n + len(indices)) * (1 + n / 1000)
    if step > most:
        return None
    flat = indices.tolist()
    neighbours = [flat[a:b] for a, b in itertools.pairwise(indptr.tolist())]
    seen = [1 << v for v in range(n)]
    new, pairs, last = seen.copy(), [n], [0] * n
    for hops in range(1, layers + 1):
        if hops * step > most:
            return None
        coming, found = [0] * n, 0
        for v, row in enumerate(neighbours):
            fresh = 0
            for u in row:
                fresh |= new[u]
            fresh &= ~seen[v]
            if fresh:
                coming[v] = fresh
                seen[v] |= fresh
                found += fresh.bit_count()
                last[v] = hops
        if not found:
            break
        pairs.append(found)
        new = coming
    return np.array(pairs, np.int64), np.array(last, np.int64)


def _kernel_ready() -> bool:
    """Whether this process has the kernel loaded or compiled, so that nobody would have to wait for it."""
    kernel = sys.modules.get("mixcli.numerics.hops_kernel")
    return bool(kernel and kernel.spread.signatures)


def _compiled(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    layers: int,
    operations: float,
    threads: int = 1,
    progress: Progress | None = None,
    directed: bool = False,
) -> _Found | None:
    from mixcli.numerics.hops_kernel import BATCH, WORDS, gather, spread

    n = len(indptr) - 1
    order = gather(indptr, indices, BATCH)
    lists = _renumbered(indptr, indices, order)
    back = _reversed(*lists) if directed else lists
    sources = np.arange(n, dtype=np.int32)
    batches = range(0, n, BATCH)
    entries = int(operations / ENTRY)
    tell = _Counter(n, progress)

    def run(starts: Iterable[int], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        scratch = np.zeros((3, n, WORDS), np.uint64)
        pairs, last, work = np.zeros(layers + 1, np.int64), np.zeros(n, np.int64), 0
        for start in starts:
            work += spread(lists, back, sources[start : start + BATCH], layers, most - work, scratch, pairs, last)
            if work > most:
                break
            tell(len(sources[start : start + BATCH]))
        return pairs, last, work

    trial = batches[:: len(batches) // TRIALS] if len(batches) > 2 * TRIALS else range(0)
    fair = TRIALS * entries // len(batches)
    parts = []
    for start in trial:
        parts.append(run([start], fair))
        if parts[-1][2] > fair:
            return None
    rest = [b for b in batches if b not in trial]
    left = entries - sum(work for *_, work in parts)
    if left < 0:
        return None
    with ThreadPoolExecutor(threads) as pool:
        parts += pool.map(run, [rest[i::threads] for i in range(threads)], [left // threads] * threads)
    if any(work > left // threads for *_, work in parts[len(trial) :]):
        return None
    eccentricity = np.empty(n, np.int64)
    eccentricity[order] = np.maximum.reduce([last for _, last, _ in parts])
    return np.sum([pairs for pairs, *_ in parts], axis=0), eccentricity


class _Counter:
    """Adds up what several threads have done, and passes it on."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress, self._done, self._lock = total, progress, 0, threading.Lock()

    def __call__(self, more: int) -> None:
        if self._progress is not None:
            with self._lock:
                self._done += more
                self._progress("hop distances", self._done, self._total)


def _renumbered(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The neighbour lists with node order[i] called i, so that close sources touch close memory."""
    degree = np.diff(indptr)[order]
    start = np.concatenate([[0], np.cumsum(degree)])
    entry = np.repeat(indptr[order] - start[:-1], degree) + np.arange(len(indices))
    new = np.empty(len(order), np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return start, new[indices[entry]]


def _reversed(indptr: NDArray[np.int64], indices: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The predecessors of each node."""
    tails = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    start = np.concatenate([[0], np.cumsum(np.bincount(indices, minlength=len(indptr) - 1))])
    return start, tails[np.argsort(indices, kind="stable")]


def hop_sample(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    sources: NDArray[np.int64],
    layers: int | None = None,
    progress: Progress | None = None,
) -> Hops:
    """Estimate the ordered pairs at each hop distance from searches that start at some of the nodes.

    Args:
        indptr: (n+1,) row starts.
        indices: neighbours.
        sources: (k,) distinct nodes, drawn uniformly without replacement.
        layers: do not look further than this; None for no end.
        progress: told of the sources that are done.

    Returns:
        Unbiased estimates: sums over the sources times n / k, with standard errors √(1 - k/n) n s / √k (simple random
        sampling, s the standard deviation over the sources).

    Cost: O(k (n + m)).
    """
    from mixcli.numerics.hops_kernel import BATCH, gather, search

    n, k = len(indptr) - 1, len(sources)
    limit = n if layers is None else layers
    order = gather(indptr, indices, BATCH)
    indptr, indices = _renumbered(indptr, indices, order)
    sources = np.flatnonzero(np.isin(order, sources))
    hops, queue = np.full(n, -1, np.int32), np.empty(n, np.int32)
    first, second, running = np.zeros((3, 1))
    totals = np.zeros(k)
    tell = _Counter(k, progress)
    for row, source in enumerate(sources.tolist()):
        reached = queue[: search(indptr, indices, source, limit, hops, queue)]
        profile = np.bincount(hops[reached]).astype(np.float64)
        hops[reached] = -1
        longest = max(len(first), len(profile))
        first, second = _padded(first, longest), _padded(second, longest)
        running = np.concatenate([running, np.full(longest - len(running), running[-1])])
        profile = _padded(profile, longest)
        first, second, running = first + profile, second + profile**2, running + np.cumsum(profile) ** 2
        totals[row] = profile @ np.arange(longest)
        tell(1)
    scale = n / k
    spare = max(1 - k / n, 0.0) * n * scale / max(k - 1, 1)  # n² (1 - k/n) / (k (k - 1))
    return Hops(
        pairs=first * scale,
        pairs_error=np.sqrt(np.maximum(second - first**2 / k, 0) * spare),
        within_error=np.sqrt(np.maximum(running - np.cumsum(first) ** 2 / k, 0) * spare),
        total=float(totals.sum() * scale),
        total_error=float(np.sqrt(((totals - totals.mean()) ** 2).sum() * spare)),
        sources=k,
        eccentricity=None,
    )


def _padded(a: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    return np.concatenate([a, np.zeros(length - len(a))])

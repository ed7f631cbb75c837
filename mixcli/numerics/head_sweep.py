"""One pass over all heads of an attention tensor, shared by the measures of heads."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.head_figures import Columns, HeadFigures, head_figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Progress
    from mixcli.sequence import Attention

__all__ = ["Heads", "columns_of", "of_heads", "row_support", "sweep_bytes"]

AT_ONCE = 2**27
"""Bytes of heads that may be in memory at once; a larger head is alone."""

SPECIAL = re.compile(r"<[^<>]+>|\[[A-Z]+\]|[^\w\s]+|\s+|[Ċ▁Ġ]*[^\w\s]+|[Ċ]+")
"""Tokens that only separate: special tokens, punctuation, white space, as tokenisers write them."""


@dataclass(frozen=True, eq=False)
class Heads:
    """Figures of all heads taken, each field of `HeadFigures` an array with one row a head.

    Args:
        index: (k, 2) layer and head, as numbered in the store.
        layer: (k,) layer, counted from 0 over those taken.
        keys: (layers, T) how many keys each query may read: those that any head of the layer reads.
        figures: name -> (k,) or (k, …).
    """

    index: NDArray[np.int64]
    layer: NDArray[np.int64]
    keys: NDArray[np.int64]
    figures: dict[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.figures[name]

    def by_layer(self, values: NDArray[Any]) -> list[float]:
        """Means of some values of the heads over each layer."""
        counts = np.bincount(self.layer)
        return [float(v) for v in np.bincount(self.layer, weights=values) / counts]

    @property
    def names(self) -> list[str]:
        """L0H3 for head 3 of layer 0."""
        return [f"L{layer}H{head}" for layer, head in self.index.tolist()]


def of_heads(attention: Attention, threads: int = 1, progress: Progress | None = None) -> Heads:
    """The figures of every head taken; measures share them through `context.once`.

    Heads are read one after the other and worked off by a pool of threads, as many at once as 128 MiB hold, at least
    one. The result does not depend on the number of threads.

    Args:
        attention: T >= 2.
        threads: heads worked off at once.
        progress: told of the heads that are done.

    Cost: about 10 ns an entry of the tensor; one head in memory and 32 T bytes a head of results.

    Example:
        >>> from mixcli.sequence import Attention
        >>> found = of_heads(Attention.of(np.eye(4)[None, None]))
        >>> found.names, found["identity"].tolist()
        (['L0H0'], [1.0])
    """
    index, done = attention.index, 0
    rows: list[HeadFigures] = []
    supports = np.empty((attention.depth, attention.tokens), np.int64)
    named = columns_of(attention.labels)
    with one_blas_thread(), ThreadPoolExecutor(max(1, threads)) as pool:
        waiting: deque[Future[HeadFigures]] = deque()
        try:
            for layer, weights in _heads(attention, supports):
                waiting.append(pool.submit(head_figures, weights, supports[layer], named))
                room = max(1, min(threads, AT_ONCE // max(1, weights.nbytes)))
                del weights
                while len(waiting) >= room:
                    rows.append(waiting.popleft().result())
                    done += 1
                    if progress is not None:
                        progress("heads", done, len(index))
            rows.extend(one.result() for one in waiting)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if progress is not None:
        progress("heads", len(index), len(index))
    layers = np.repeat(np.arange(attention.depth), [len(chosen) for _, chosen in attention.selection])
    figures = {name: np.array([getattr(row, name) for row in rows]) for name in HeadFigures.names()}
    return Heads(index, layers, supports, figures)


def sweep_bytes(attention: Attention) -> float:
    """Memory that `of_heads` will need: a head in two precisions, and the results."""
    return 12.0 * attention.tokens**2 + 32.0 * attention.tokens * len(attention.index)


def row_support(attention: Attention, layer: int) -> NDArray[np.int64]:
    """(T,) how many keys each query of a layer may read: those that any head taken reads.

    This is the support of the mask, which need not be told. Heads are looked at until nothing more can be found: one of
    them, where it reads all keys that a causal (or any) mask allows.
    """
    size = attention.tokens
    most = np.arange(1, size + 1) if attention.causal else np.full(size, size)
    seen, found = np.zeros((size, size), dtype=bool), np.zeros(size, np.int64)
    for head in attention.selection[layer][1]:
        seen |= attention.head(layer, head) != 0
        found = np.count_nonzero(seen, axis=1)
        if np.array_equal(found, most):
            break
    return np.maximum(found, 1)


def columns_of(labels: tuple[str, ...] | None) -> Columns | None:
    """What the names of the tokens say about columns, or None without names.

    Example:
        >>> found = columns_of(("a", "b", ".", "a", "c"))
        >>> found.delimiter.tolist(), found.after.tolist()
        ([False, False, True, False, False], [-1, -1, -1, 1, -1])
    """
    if labels is None:
        return None
    latest: dict[str, int] = {}
    after = np.full(len(labels), -1, np.int64)
    for i, label in enumerate(labels):
        if label in latest and latest[label] + 1 < i:  # right behind it the key would be the query itself
            after[i] = latest[label] + 1
        latest[label] = i
    return Columns(np.array([SPECIAL.fullmatch(label) is not None for label in labels], dtype=bool), after)


def _heads(attention: Attention, supports: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[Any]]]:
    """(layer, weights) of every head; the supports of a layer are known when its first head comes."""
    before = -1
    for layer, _, weights in attention.each():
        if layer != before:
            supports[layer], before = row_support(attention, layer), layer
        yield layer, weights
        del weights  # else it would stay while the next one is read

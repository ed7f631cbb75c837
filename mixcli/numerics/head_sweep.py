"""One pass over all heads of an attention tensor, shared by the measures of heads."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import NotApplicable
from mixcli.heads import head_name
from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.head_figures import Columns, HeadFigures, head_figures
from mixcli.numerics.token_columns import ColumnSums, Support, support

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context, Progress
    from mixcli.sequence import Attention

__all__ = ["HeadTable", "columns_of", "of_heads", "shared_heads", "support_of", "sweep_bytes"]

AT_ONCE = 2**27
"""Bytes of heads that may be in memory at once; a larger head is alone."""

SPECIAL = re.compile(r"<[^<>]+>|\[[A-Z]+\]|\s+|[ĊĠ]*[^\w\s]*")
"""Tokens that only separate: special tokens, punctuation, white space, as tokenisers write them."""


@dataclass(frozen=True, eq=False)
class HeadTable:
    """Figures of all heads taken, each field of `HeadFigures` an array with one row a head.

    Args:
        index: (k, 2) layer and head, as numbered in the store.
        layer: (k,) layer, counted from 0 over those taken.
        supports: of each layer which keys each query may read: those that any head of the layer reads.
        figures: name -> (k,) or (k, …).
    """

    index: NDArray[np.int64]
    layer: NDArray[np.int64]
    supports: list[Support]
    figures: dict[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.figures[name]

    def by_layer(self, values: NDArray[Any]) -> list[float]:
        """Means of some values of the heads over each layer."""
        counts = np.bincount(self.layer)
        return [float(v) for v in np.bincount(self.layer, weights=values) / counts]

    @property
    def sums(self) -> list[ColumnSums]:
        """Sums over the columns of each head."""
        names = ("columns", "diagonal", "first")
        return [ColumnSums(*row) for row in zip(*(self[name] for name in names), strict=True)]

    @property
    def names(self) -> list[str]:
        """L0H3 for head 3 of layer 0."""
        return [head_name(layer, head) for layer, head in self.index.tolist()]


def of_heads(attention: Attention, threads: int = 1, progress: Progress | None = None) -> HeadTable:
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
    supports: list[Support] = []
    named = columns_of(attention.labels)
    with one_blas_thread(), ThreadPoolExecutor(max(1, threads)) as pool:
        waiting: deque[Future[HeadFigures]] = deque()
        try:
            for layer, weights in _heads(attention, supports):
                waiting.append(pool.submit(head_figures, weights, supports[layer].keys, named))
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
    return HeadTable(index, layers, supports, figures)


def sweep_bytes(attention: Attention) -> float:
    """Memory that `of_heads` will need: a head in two precisions, and the results."""
    return 12.0 * attention.tokens**2 + 32.0 * attention.tokens * len(attention.index)


def support_of(attention: Attention, layer: int) -> Support:
    """Which keys each query of a layer may read: those that any head taken reads.

    This is the support of the mask, as far as the weights tell. Heads are looked at until nothing more can be found:
    one of them, where it reads all keys that a causal (or any) mask allows.
    """
    size = attention.tokens
    most = np.arange(1, size + 1) if attention.causal else np.full(size, size)
    seen = np.zeros((size, size), dtype=bool)
    for head in attention.selection[layer][1]:
        seen |= attention.head(layer, head) != 0
        if np.array_equal(np.count_nonzero(seen, axis=1), most):
            break
    return support(seen)


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


def _heads(attention: Attention, supports: list[Support]) -> Iterator[tuple[int, NDArray[Any]]]:
    """(layer, weights) of every head; the supports of a layer are known when its first head comes."""
    for layer, _, weights in attention.each():
        if layer == len(supports):
            supports.append(support_of(attention, layer))
        yield layer, weights
        del weights  # else it would stay while the next one is read


def shared_heads(attention: Attention, context: Context, what: str) -> HeadTable:
    """The figures of all heads for a measure: checked against the limits, and computed once for all measures.

    Args:
        attention: the attention.
        context: threads, limits, progress and memo.
        what: name of the measure, for messages.

    Raises:
        NotApplicable: fewer than two tokens, so that no query has a choice.
        LimitExceeded: a head does not fit into memory.
    """
    if attention.tokens < 2:
        raise NotApplicable(f"at least two tokens for {what}", "one", "leave it out", where=attention.name)
    context.limits.check(what, memory=sweep_bytes(attention), instead="take fewer heads, or a shorter text")
    return context.once(of_heads, attention, context.thread_count, context.progress)

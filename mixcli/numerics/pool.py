"""Chunks of work for several threads; compiled loops let go of the interpreter, so a pool of Python's is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

__all__ = ["in_chunks"]

Chunk = Callable[[int, int], Any]


def in_chunks(run: Chunk, chunks: Sequence[tuple[int, int]], threads: int, tell: Chunk | None = None) -> None:
    """Call run(lo, hi) on every chunk, in a pool where there are several threads and chunks.

    Args:
        run: does one chunk; writes to places of its own.
        chunks: (lo, hi) of each, begun in this order.
        threads: threads to use.
        tell: called as tell(lo, hi) in this thread after each chunk, as they are done; what it raises ends the work.

    Example:
        >>> done = []
        >>> in_chunks(lambda lo, hi: None, [(0, 3), (3, 5)], 1, lambda lo, hi: done.append(hi - lo))
        >>> done
        [3, 2]
    """
    if threads < 2 or len(chunks) < 2:
        for lo, hi in chunks:
            run(lo, hi)
            if tell is not None:
                tell(lo, hi)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = {pool.submit(run, lo, hi): (lo, hi) for lo, hi in chunks}
        try:
            for one in as_completed(waiting):
                one.result()
                if tell is not None:
                    tell(*waiting[one])
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what runs ends within a chunk, the rest never starts
            raise

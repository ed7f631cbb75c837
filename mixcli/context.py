"""What one run may use and whom it tells: seed, threads, device, limits, progress, and a memo for shared work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mixcli.limits import Limits, thread_count

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Context", "Fingerprinted", "Progress", "silent"]

T = TypeVar("T")


class Fingerprinted(Protocol):
    """What can be told apart from others of its kind by a digest: a graph, a mask sequence, attention."""

    @property
    def fingerprint(self) -> str: ...


Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total); total is 0 where it is not known."""

log = logging.getLogger("mixcli")


def silent(what: str, done: int, total: int) -> None:
    """The progress callback that tells nobody."""


@dataclass(frozen=True)
class Context:
    """The surroundings of a computation; never part of its definition.

    Args:
        seed: start of every random stream; results depend on it and on the graph, never on threads or order.
        threads: threads to use, 0 for all this process may run on.
        device: "auto", "cpu", "cuda" or "mps".
        limits: memory and work a method may use before it must refuse.
        progress: whom to tell.

    Example:
        >>> bool(Context(seed=1).rng("sdrf").integers(10) == Context(seed=1).rng("sdrf").integers(10))
        True
    """

    seed: int = 0
    threads: int = 0
    device: str = "auto"
    limits: Limits = field(default_factory=Limits)
    progress: Progress = silent
    _memo: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def thread_count(self) -> int:
        """Threads to use, at least one."""
        return thread_count(self.threads or None)

    def rng(self, *key: str | int) -> np.random.Generator:
        """A random generator that depends on the seed and on `key` alone."""
        import hashlib

        import numpy as np

        words = hashlib.sha256("\0".join(map(str, key)).encode()).digest()
        return np.random.default_rng([self.seed, *np.frombuffer(words, dtype=np.uint32).tolist()])

    def once(self, function: Callable[..., T], graph: Fingerprinted, *args: Any) -> T:
        """`function(graph, *args)`, computed once for this graph (mask, attention) however many measures ask."""
        key = (function.__module__, function.__qualname__, graph.fingerprint, args)
        if key not in self._memo:
            self._memo[key] = function(graph, *args)
        return self._memo[key]

    def forget(self) -> None:
        """Drop the memo; the fold over a stream calls it after each graph."""
        self._memo.clear()

    def track(self, what: str, items: Iterable[T], total: int = 0) -> Iterator[T]:
        """Pass items through and report each one done."""
        for done, item in enumerate(items):
            yield item
            self.progress(what, done + 1, total)

    def note(self, text: str) -> None:
        """A line for the user that is not a result."""
        log.info(text)

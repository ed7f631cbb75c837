"""Sizes of generated graphs and masks, known from their parameters before anything is allocated."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from mixcli.arcs import MAX_NODES
from mixcli.errors import LimitExceeded
from mixcli.limits import Limits

__all__ = ["EDGE", "NODE", "Forecast", "Sized", "power", "sized"]

NODE = 32
"""Bytes that a node costs a graph: its row of the neighbour lists, its degree."""

EDGE = 140
"""Bytes that an edge costs at the most while numpy makes a graph of it (measured: 114 to 131)."""

FREE = 2**20
"""Bytes that are never refused: less than the interpreter takes for itself, so that small limits test methods."""

_HUGE = 2.0**1000
"""Stands for all that is larger, so that no forecast overflows."""

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


@dataclass(frozen=True)
class Forecast:
    """What a generator will make.

    Args:
        nodes: how many.
        edges: how many; a random family may make fewer.
        memory: bytes at the peak of making them.
        operations: elementary operations.
        nouns: what messages call nodes and edges.
    """

    nodes: float
    edges: float
    memory: float
    operations: float = 0
    nouns: tuple[str, str] = ("nodes", "edges")

    def check(self, name: str, limits: Limits) -> None:
        """Refuse what does not fit.

        Raises:
            LimitExceeded: more nodes than can be numbered, or more memory or work than is allowed.
        """
        nodes, edges, memory = (_bounded(size) for size in (self.nodes, self.edges, self.memory))
        what = f"{name} of {_count(nodes)} {self.nouns[0]} and {_count(edges)} {self.nouns[1]}"
        fewer = f"ask for fewer {self.nouns[0]} or {self.nouns[1]}"
        memory = memory if memory > FREE else 0
        limits.check(what, memory=memory, instead=f"{fewer}, or allow more (--max-memory, limits= from Python)")
        limits.check(what, operations=_bounded(self.operations), instead=fewer)
        if nodes > MAX_NODES:
            raise LimitExceeded(f"at most {MAX_NODES} {self.nouns[0]}", what, fewer)


class Sized(Protocol[P, R]):
    """A generator that knows the size of what it makes."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What the parameters say, within the limits that hold where nobody sets others."""

    def forecast(self, *args: P.args, **kwargs: P.kwargs) -> Forecast:
        """The size, without making it."""

    def within(self, limits: Limits | None, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """The same within some limits; None for those that hold where nobody sets others."""


def sized(size: Callable[..., Forecast]) -> Callable[[Callable[P, R]], Sized[P, R]]:
    """Let a generator refuse what would not fit into memory, before it allocates anything.

    Args:
        size: the forecast; takes the same parameters, which it may assume neither positive nor small.

    Returns:
        A decorator. What it returns is still called as the function is, and has `forecast` and `within`.

    Example:
        >>> @sized(lambda n: Forecast(n, 0, NODE * n))
        ... def lonely(n: int) -> list[int]:
        ...     return list(range(n))
        >>> lonely(3), lonely.forecast(10**9).memory
        ([0, 1, 2], 32000000000)
        >>> lonely.within(Limits(memory=2**20), 10**9)
        Traceback (most recent call last):
            ...
        mixcli.errors.LimitExceeded: expected lonely of 1e+09 nodes and 0 edges to fit into 1 MiB of memory, found ...
    """

    def of(make: Callable[P, R]) -> Sized[P, R]:
        signature = inspect.signature(make)

        def forecast(*args: P.args, **kwargs: P.kwargs) -> Forecast:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return size(*bound.args, **bound.kwargs)

        def within(limits: Limits | None, /, *args: P.args, **kwargs: P.kwargs) -> R:
            forecast(*args, **kwargs).check(make.__name__, limits or Limits())
            return make(*args, **kwargs)

        @functools.wraps(make)
        def made(*args: P.args, **kwargs: P.kwargs) -> R:
            return within(None, *args, **kwargs)

        generator = cast("Any", made)
        generator.forecast, generator.within = forecast, within
        return cast("Sized[P, R]", generator)

    return of


def power(base: float, exponent: float) -> float:
    """base^exponent, or a huge number instead of one that takes long to write down.

    Example:
        >>> power(2, 10), power(2, 10**9) > 1e300, power(-1, 3)
        (1024, True, -1)
    """
    if abs(base) < 2 or exponent <= 0:
        return base ** (exponent % 2 if base == -1 else min(exponent, 1))
    return _HUGE if exponent * int(abs(base)).bit_length() > 1000 else base**exponent


def _bounded(size: float) -> float:
    return size if size < _HUGE else _HUGE  # not a number, too: what is left of infinities


def _count(size: float) -> str:
    return f"{int(size):,}" if 0 <= size < 10**6 else f"{float(size):.3g}"

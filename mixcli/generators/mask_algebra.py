"""Masks made of masks: both, either, and single edges put in or taken out.

Where masks carry weights, `both` multiplies them, `either` takes the larger among those that let the key be read, and
an edge put in weighs 1; a mask without weights counts as 1.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mixcli.errors import UsageError
from mixcli.mask import Mask, alike

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.int64]

__all__ = ["both", "either", "with_edges"]


def both(masks: Sequence[Mask]) -> Mask:
    """Query i reads key j where every mask lets it."""
    return functools.reduce(_both, masks)


def either(masks: Sequence[Mask]) -> Mask:
    """Query i reads key j where some mask lets it."""
    return functools.reduce(_either, masks)


def with_edges(mask: Mask, edges: Sequence[tuple[bool, int, int]]) -> Mask:
    """The mask with single edges put in or taken out, in order.

    Args:
        mask: the mask.
        edges: whether query i shall read key j, i, j.

    Raises:
        UsageError: a token that is not there, a query that would read a later key though the mask is causal, or one
            that would read nothing.

    Example:
        >>> with_edges(Mask(3, lambda i, j: i == j), [(True, 2, 0)]).array.astype(int).tolist()
        [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    """
    if not edges:
        return mask
    state: dict[tuple[int, int], bool] = {}
    for on, i, j in edges:
        written = f"{'+' if on else '-'}{i}>{j}"
        if not (0 <= i < mask.tokens and 0 <= j < mask.tokens):
            raise UsageError(f"tokens 0 … {mask.tokens - 1}", written, "count tokens from 0")
        if on and j > i and mask.causal:
            raise UsageError("a query that reads no later key", written, f"the query stands first: +{j}>{i}")
        state[i, j] = on
    order = sorted(state)
    query, key = (np.array(side, dtype=np.int64) for side in zip(*order, strict=True))
    value = np.array([state[edge] for edge in order])

    def edited(base: NDArray[Any], i: Numbers, put: NDArray[Any], chosen: NDArray[np.bool_]) -> NDArray[Any]:
        first = int(i[0, 0])
        here = (query >= first) & (query < first + len(i)) & chosen
        base[query[here] - first, key[here]] = put[here]
        return base

    added = value & np.array([not mask.rows(i, i + 1)[0, j] for i, j in order])
    inner = mask.weigh or alike

    def weigh(i: Numbers, j: Numbers) -> NDArray[np.float64]:
        base = np.array(np.broadcast_to(inner(i, j), (len(i), mask.tokens)), dtype=np.float64)
        return edited(base, i, np.ones(len(query)), added)

    def rule(i: Numbers, j: Numbers) -> NDArray[np.bool_]:
        base = np.array(np.broadcast_to(mask.rule(i, j), (len(i), mask.tokens)), dtype=bool)
        return edited(base, i, value, np.ones(len(query), bool))

    made = Mask(mask.tokens, rule, mask.name, None if mask.weigh is None else weigh)
    for i in sorted({i for (i, _), on in state.items() if not on}):
        if not made.rows(i, i + 1).any():
            raise UsageError("every query to read a key", f"none left for query {i}", "keep one of its edges")
    return made


def _both(one: Mask, other: Mask) -> Mask:
    name = f"{one.name} & {other.name}"
    return Mask(one.tokens, lambda i, j: one.rule(i, j) & other.rule(i, j), name, _product(one, other))


def _product(one: Mask, other: Mask) -> Any:
    left, right = one.weigh, other.weigh
    if left is None or right is None:
        return left or right
    return lambda i, j: left(i, j) * right(i, j)


def _either(one: Mask, other: Mask) -> Mask:
    name = f"{one.name} | {other.name}"
    weigh = None
    if one.weigh is not None or other.weigh is not None:

        def weigh(i: Numbers, j: Numbers) -> NDArray[np.float64]:
            return np.maximum(*(m.rule(i, j) * (m.weigh or alike)(i, j) for m in (one, other)))

    return Mask(one.tokens, lambda i, j: one.rule(i, j) | other.rule(i, j), name, weigh)

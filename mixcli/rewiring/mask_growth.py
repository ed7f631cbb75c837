"""Masks over more tokens: new ones in front of or behind those there are, which read each other as before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.limits import Limits
from mixcli.mask import Mask, Rule, alike
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["grown", "grown_sequence"]


def grown(
    mask: Mask, front: int, back: int, rule: Rule, weigh: Rule | None = None, name: str = ""
) -> Mask:  # fmt: skip
    """A mask over front + T + back tokens.

    Args:
        mask: the mask of the T tokens there are.
        front: tokens before them.
        back: tokens behind them.
        rule: who reads whom where the query or the key is new, in the new numbering.
        weigh: weights of these pairs; None weighs them 1.
        name: of the mask.

    Example:
        >>> made = grown(Mask(2, lambda i, j: i == j), 1, 0, lambda i, j: j == 0)
        >>> made.array.astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
    """
    size = mask.tokens

    def joined(i: NDArray[np.int64], j: NDArray[np.int64], new: Any, old: Rule, kind: type) -> NDArray[Any]:
        out = np.array(np.broadcast_to(new(i, j), (len(i), j.shape[1])), dtype=kind)
        queries = (i[:, 0] >= front) & (i[:, 0] < front + size)
        keys = (j[0] >= front) & (j[0] < front + size)
        if queries.any():
            place = np.ix_(queries, keys)
            out[place] = old(i[queries] - front, j[:, keys] - front)
        return out

    made = Mask(front + size + back, lambda i, j: joined(i, j, rule, mask.rule, bool), name)
    if mask.weigh is None and weigh is None:
        return made
    inner, outer = mask.weigh or alike, weigh or alike
    return Mask(made.tokens, made.rule, name, lambda i, j: joined(i, j, outer, inner, np.float64))


def grown_sequence(
    tokens: MaskSequence, front: int, back: int, role: int, read_out: int, grow: Callable[[Mask], Mask]
) -> MaskSequence:  # fmt: skip
    """A sequence with new tokens; layers that were alike stay so.

    Args:
        tokens: the sequence.
        front: tokens before it.
        back: tokens behind it.
        role: of the new tokens.
        read_out: the token whose output is looked at, in the new numbering.
        grow: gives the new mask of a layer.

    Raises:
        LimitExceeded: the rows of the new masks, a block at a time, take too much memory or time.
    """
    size = front + tokens.tokens + back
    Limits().check(
        f"masks of {size} tokens", memory=16.0 * size, operations=float(size) ** 2, instead="add fewer tokens"
    )
    made = {first: grow(tokens.layers[first]) for first in sorted({tokens.like(k) for k in range(tokens.depth)})}
    roles = np.concatenate([np.full(front, role), tokens.roles, np.full(back, role)]).astype(np.int8)
    labels = tokens.labels
    if labels is not None:
        word = "<sink>" if front else "<pause>"
        labels = (*(word,) * front, *labels, *(word,) * back)
    layers = tuple(made[tokens.like(layer)] for layer in range(tokens.depth))
    return tokens.replace(layers=layers, read_out=read_out, roles=roles, labels=labels)

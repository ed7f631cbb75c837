"""What measures of tokens share: the layers ready to multiply with, and how much of itself a token keeps in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mixcli.errors import NotApplicable
from mixcli.numerics.token_forms import READABLE
from mixcli.numerics.token_operators import WEIGHED, Operators
from mixcli.sequence import REAL, Attention

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.sequence import TokenGraph

__all__ = ["Residual", "operators", "profile", "residual_shares"]

Residual: TypeAlias = float | Literal["none", "auto"]
"""Share of itself that a token keeps in each layer: a number, none (0), or auto (measured from hidden states)."""


def operators(tokens: TokenGraph, context: Context) -> Operators:
    """The layers, made ready once for all measures that ask.

    Raises:
        LimitExceeded: too many tokens for the memory allowed.
    """
    size = tokens.tokens
    matrices = 24.0 * size**2 if isinstance(tokens, Attention) else 12.0 * min(size, WEIGHED) ** 2
    context.limits.check(
        f"attention among {size} tokens",
        memory=matrices + 1.5 * min(size, READABLE) ** 2,
        operations=5.0 * tokens.depth * size**2,
        instead="take fewer tokens, or allow more memory (--max-memory)",
    )
    return context.once(Operators, tokens)


def residual_shares(tokens: TokenGraph, residual: Residual) -> tuple[float, ...]:
    """lam_l of each layer.

    Raises:
        NotApplicable: it is to be measured, and there are no hidden states.
    """
    if residual != "auto":
        return (0.0 if residual == "none" else float(residual),) * tokens.depth
    if not isinstance(tokens, Attention) or not tokens.store.hidden_states:
        raise NotApplicable("hidden states for residual=auto", "none", "give a number (0.5)", where=tokens.name)
    return tuple(_kept(tokens.hidden(k), tokens.hidden(k + 1)) for k in tokens.numbers)


def _kept(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    own, update = np.linalg.norm(before, axis=1), np.linalg.norm(after - before, axis=1)
    total = own + update
    return float(np.mean(np.divide(own, total, out=np.ones(len(own)), where=total > 0)))


def profile(tokens: TokenGraph, row: NDArray[np.float64]) -> dict[str, Any]:
    """How a row of influence is spread over the tokens that the read-out may read.

    Args:
        tokens: for the read-out, and whether later tokens count.
        row: (T,) shares that sum to 1.

    Returns:
        `first` (of the tokens of the text, sinks before it left out) and `last` (the read-out's own), `argmin` and
        `argmax`, the `thirds`, `recency` (the last third), and `u`: the mean of the first entry, sinks included, and
        the last over the mean of the middle third, None where that is 0.
    """
    end = tokens.read_out + 1 if tokens.causal else tokens.tokens
    seen, third = row[:end], end // 3
    middle = seen[third : end - third]
    ends = (seen[0] + row[tokens.read_out]) / 2
    return {
        "first": float(row[int(np.argmax(tokens.roles == REAL))]),
        "last": float(row[tokens.read_out]),
        "argmin": int(seen.argmin()),
        "argmax": int(seen.argmax()),
        "thirds": [float(part.sum()) for part in (seen[:third], middle, seen[end - third :])],
        "recency": float(seen[end - third :].sum()),
        "u": float(ends / middle.mean()) if middle.any() else None,
    }

"""One pass over the hidden states of a text, shared by the measures that look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import InputError
from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.token_states import StateFigures, state_figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.sequence import Attention

__all__ = ["finite_state", "of_states", "sweep_operations"]


def of_states(attention: Attention) -> list[StateFigures]:
    """The figures of every hidden state, the embedding first; measures share them through `context.once`.

    Example:
        >>> from mixcli.sequence import Attention
        >>> found = of_states(Attention.of([[np.eye(2)]], states=[np.eye(2), np.ones((2, 2))]))
        >>> [round(state.cosine, 12) for state in found]
        [0.0, 1.0]
    """
    with one_blas_thread():
        return [state_figures(finite_state(attention, k)) for k in range(attention.store.hidden_states)]


def finite_state(attention: Attention, state: int) -> NDArray[np.float64]:
    """(T, d) one hidden state.

    Raises:
        InputError: an entry is infinite or not a number.
    """
    found = attention.hidden(state)
    if not np.isfinite(found).all():
        fix = "capture them in a higher precision"
        raise InputError("finite hidden states", f"others in state {state}", fix, where=attention.name)
    return found


def sweep_operations(attention: Attention) -> float:
    """Elementary operations that `of_states` will take."""
    tokens, width = attention.store.hidden(0).shape
    return 6.0 * attention.store.hidden_states * tokens * width * min(tokens, width)

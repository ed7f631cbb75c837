"""Attention on disk as a store of heads: read when asked for, padding cut off, rows brought to sum 1.

Rows of less than 1 come from softmaxes with a sink of their own (a learned logit, or +1 in the denominator). What is
missing is given to a virtual token in front of the text, which reads itself and is read by all: a centre node.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.io.attention_layout import Layer, heads_of, rows_of
from mixcli.io.attention_parts import epsilon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.attention_parts import Part
    from mixcli.numerics.attention_rows import Survey

__all__ = ["StoredHeads"]

State = tuple[tuple["Part", tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class StoredHeads:
    """Heads of a file.

    Args:
        layers: where the layers lie.
        states: where the hidden states lie.
        sha256: of the file.
        lo: first token that is no padding.
        hi: first token behind them that is.
        sink: whether a virtual token in front takes what rows lack.
        survey: what the heads taken were like before anything was changed.
        keep: whatever must live as long as the file is read, such as a temporary one.
    """

    layers: tuple[Layer, ...]
    states: tuple[State, ...]
    sha256: str
    lo: int
    hi: int
    sink: bool
    survey: Survey
    keep: Any = None

    @property
    def tokens(self) -> int:
        """T, the virtual token included."""
        return self.hi - self.lo + self.sink

    @property
    def heads(self) -> tuple[int, ...]:
        """Number of heads of each layer."""
        return tuple(map(heads_of, self.layers))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file's own and of what was cut off and added."""
        leads = [block.lead for layer in self.layers for block in layer]
        text = f"{self.sha256}:{leads}:{self.lo}:{self.hi}:{self.sink}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def signed(self) -> bool:
        """Whether weights below 0 occur; rows are then left as they were saved."""
        return self.survey.signed

    @cached_property
    def causal(self) -> dict[tuple[int, int], bool]:
        """Whether a head reads no later key, for the heads that were looked at."""
        places = map(tuple, self.survey.index.tolist())
        return dict(zip(places, (self.survey.future == 0).tolist(), strict=True))

    @property
    def hidden_states(self) -> int:
        """Number of hidden states."""
        return len(self.states)

    def raw(self, layer: int, head: int) -> NDArray[Any]:
        """The weights of one head as they were saved, without padding."""
        return rows_of(self.layers[layer], head)[self.lo : self.hi, self.lo : self.hi]

    def epsilon(self, layer: int) -> float:
        """Spacing at 1 of the numbers of a layer as they are stored."""
        return epsilon(self.layers[layer][0].part.dtype)

    def head(self, layer: int, head: int) -> NDArray[Any]:
        """(T, T) weights of one head; rows sum to 1 unless there are weights below 0."""
        rows = self.raw(layer, head)
        if self.signed:
            return rows
        np.maximum(rows, 0, out=rows)  # what rounding has put below 0
        sums = rows.sum(axis=1, dtype=np.float64)
        if not self.sink:
            return np.divide(rows, sums[:, None], out=rows, casting="same_kind")
        out = np.zeros((self.tokens, self.tokens), rows.dtype)
        lacking = 1 - sums
        lacking[lacking <= self.survey.tolerance.max()] = 0
        total = sums + lacking
        np.divide(rows, total[:, None], out=out[1:, 1:], casting="same_kind")
        out[1:, 0] = lacking / total
        out[0, 0] = 1
        return out

    def hidden(self, state: int) -> NDArray[Any]:
        """(T', d) one hidden state, of the tokens of the text: a virtual token has none."""
        return np.concatenate([part.take(*lead) for part, lead in self.states[state]])[self.lo : self.hi]

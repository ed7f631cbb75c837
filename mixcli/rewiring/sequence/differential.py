"""Differential attention: one map of attention minus a share of another."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.errors import InputError, NotApplicable
from mixcli.rewiring.sequence_base import SequenceRewiring
from mixcli.sequence import Attention
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.heads import HeadStore
    from mixcli.rewiring.sequence_base import MaskEdit
    from mixcli.sequence import MaskSequence, TokenGraph

__all__ = ["Differential"]


@dataclass(frozen=True)
class Differential(SequenceRewiring):
    """Take lam times a second attention map from the first, head by head; what both share cancels.

    A = A_1 - lam A_2. Rows sum to 1 - lam and entries may be negative, so that measures of probabilities refuse the
    result; `conformance` says what share lies below 0. Where lam is not given, layer l (from 0) gets
    0.8 - 0.6 exp(-0.3 l), at which training starts.

    Args:
        other: file with the second map: as many tokens, layers and heads; "" takes the heads of each layer two by two,
            the first of a pair minus lam times the second.
        lam: the share, or "init".

    Yields:
        Nothing: heads are computed when they are read.

    Raises:
        InputError: the other file is no attention, or does not fit.
        NotApplicable: no other file, and a layer with an odd number of heads.

    Cost: one head in memory at a time, and one more.

    Example:
        >>> import numpy as np
        >>> maps = np.stack([np.eye(2), np.full((2, 2), 0.5)])
        >>> found = Differential(lam=0.2)(Attention.of(maps[None])).sequence
        >>> found.head(0, 0).round(12).tolist()
        [[0.9, -0.1], [-0.1, 0.9]]

    Source: Ye et al., "Differential Transformer", ICLR 2025, equations 1 and 2 (without the norm behind it).
    """

    other: str = param("", "file with the second map; empty: the heads of a layer two by two")
    lam: float | Literal["init"] = param("init", "share of the second map; init: 0.8 - 0.6 exp(-0.3 l)", ge=0)

    sources: ClassVar[tuple[str, ...]] = ("attention",)
    cost: ClassVar[str] = "O(T²) a head, when it is read"
    equation: ClassVar[str] = "A_1 - lam A_2, lam = 0.8 - 0.6 exp(-0.3 l) unless given"
    cites: ClassVar[str] = "Ye et al., ICLR 2025, eqs. 1 and 2"
    score: ClassVar[str] = "there are no edits"

    def prepare(self, tokens: TokenGraph, context: Context) -> TokenGraph:
        if not isinstance(tokens, Attention):
            return tokens
        store = tokens.store
        if getattr(store, "signed", False):
            raise NotApplicable(
                "two maps of probabilities", "weights below 0", "start from the maps", where=tokens.name
            )
        second = self._second(tokens)
        shares = tuple(self.share(layer) for layer in range(len(store.heads)))
        if second is not None:
            return tokens.replace(store=_Difference(store, second, shares))
        pairs = []
        for number, heads in tokens.selection:
            if len(heads) % 2:
                found, fix = f"{len(heads)} in layer {number}", "name another file: differential:other=FILE"
                raise NotApplicable("an even number of heads a layer", found, fix, where=tokens.name)
            pairs.append(tuple(zip(heads[::2], heads[1::2], strict=True)))
        shares = tuple(shares[number] for number in tokens.numbers)
        return tokens.replace(store=_Pairs(store, tokens.numbers, tuple(pairs), shares), selection=())

    def share(self, layer: int) -> float:
        """lam of a layer.

        Example:
            >>> round(Differential().share(0), 12), Differential(lam=0.5).share(3)
            (0.2, 0.5)
        """
        return 0.8 - 0.6 * math.exp(-0.3 * layer) if self.lam == "init" else float(self.lam)

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        return iter(())

    def notes(self, before: TokenGraph, after: TokenGraph, context: Context) -> dict[str, Any]:
        found: dict[str, Any] = {"lam": [self.share(layer) for layer in getattr(before, "numbers", ())]}
        second = getattr(getattr(after, "store", None), "second", None)
        return {**found, "other_sha256": second.digest} if second is not None else found

    def _second(self, tokens: Attention) -> HeadStore | None:
        """The store of the other file."""
        if not self.other:
            return None
        from mixcli.io.attention import opened, read
        from mixcli.io.attention_options import AttentionOptions

        file = opened(Path(self.other), format="attention")
        found = next(read(file, AttentionOptions())).store if file is not None else None
        first = tokens.store
        if found is None or (found.tokens, found.heads) != (first.tokens, first.heads):
            wanted = f"{first.tokens} tokens and heads {list(first.heads)}, as in {tokens.name or 'the first map'}"
            seen = "no attention" if found is None else f"{found.tokens} and {list(found.heads)}"
            raise InputError(wanted, seen, "save both maps of one text", where=self.other)
        return found


@dataclass(frozen=True, eq=False)
class _Difference:
    """Heads of one store minus shares of those of another."""

    first: HeadStore
    second: HeadStore
    shares: tuple[float, ...]

    signed = True

    @property
    def tokens(self) -> int:
        return self.first.tokens

    @property
    def heads(self) -> tuple[int, ...]:
        return self.first.heads

    @property
    def digest(self) -> str:
        text = f"{self.first.digest}:{self.second.digest}:{self.shares}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def hidden_states(self) -> int:
        return self.first.hidden_states

    def head(self, layer: int, head: int) -> NDArray[Any]:
        return _minus(self.first.head(layer, head), self.shares[layer], self.second.head(layer, head))

    def hidden(self, state: int) -> NDArray[Any]:
        return self.first.hidden(state)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Heads of a store two by two, the first of a pair minus a share of the second."""

    store: HeadStore
    numbers: tuple[int, ...]
    pairs: tuple[tuple[tuple[int, int], ...], ...]
    shares: tuple[float, ...]

    signed = True

    @property
    def tokens(self) -> int:
        return self.store.tokens

    @property
    def heads(self) -> tuple[int, ...]:
        return tuple(map(len, self.pairs))

    @property
    def digest(self) -> str:
        text = f"{self.store.digest}:{self.numbers}:{self.pairs}:{self.shares}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def hidden_states(self) -> int:
        return self.store.hidden_states if self.numbers == tuple(range(len(self.store.heads))) else 0

    def head(self, layer: int, head: int) -> NDArray[Any]:
        one, other = self.pairs[layer][head]
        number = self.numbers[layer]
        return _minus(self.store.head(number, one), self.shares[layer], self.store.head(number, other))

    def hidden(self, state: int) -> NDArray[Any]:
        return self.store.hidden(state)


def _minus(one: NDArray[Any], share: float, other: NDArray[Any]) -> NDArray[Any]:
    """One map minus a share of another, in the precision of the first but at least single."""
    kind = one.dtype if one.dtype.itemsize >= 4 else "float32"
    return (one.astype(kind) - share * other.astype(kind)).astype(kind)

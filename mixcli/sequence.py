"""MaskSequence and Attention: tokens as nodes, one directed graph per network layer.

Index convention: `A[i, j]` is how much query i reads key j; rows sum to 1; information flows j -> i. Both nouns answer
the same questions (`tokens`, `depth`, `visible(layer)`, `operator(layer)`), so that a measure need not ask which it
has: a mask without weights reads uniformly, attention is merged over its heads.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mixcli.errors import InputError, NotApplicable
from mixcli.heads import Heads, HeadStore
from mixcli.mask import Mask
from mixcli.provenance import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KINDS", "PAUSE", "REAL", "SINK", "Attention", "HeadStore", "Heads", "Mask", "MaskSequence", "TokenGraph"]

REAL = 0
"""Role of a token of the text."""
SINK = 1
"""Role of a token put before the text to be read."""
PAUSE = 2
"""Role of a token put behind the text to compute in."""


KINDS = {"mask": "a mask sequence", "attention": "attention weights"}
"""What messages call the two nouns."""


@dataclass(frozen=True, eq=False, repr=False)
class MaskSequence:
    """T tokens and the mask of each layer.

    Args:
        layers: the masks, first layer first; layers that are alike share one object.
        read_out: the token whose output is looked at; default the last one.
        roles: (T,) `REAL`, `SINK` or `PAUSE` for each token; default all real.
        labels: (T,) names of the tokens, or None.
        name: what to call it in tables.
        provenance: what was done to it so far.

    Raises:
        InputError: no layer, no token, or layers of different length.

    Example:
        >>> MaskSequence((Mask(4, lambda i, j: j <= i),) * 2)
        MaskSequence(tokens=4, layers=2)
    """

    layers: tuple[Mask, ...]
    read_out: int = -1
    roles: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    labels: tuple[str, ...] | None = None
    name: str = ""
    provenance: tuple[Step, ...] = ()

    kind = "mask"

    def __post_init__(self) -> None:
        if not self.layers or self.layers[0].tokens < 1:
            raise InputError("at least one layer and one token", "none", "give tokens=… and layers=…", where=self.name)
        sizes = {mask.tokens for mask in self.layers}
        if len(sizes) > 1:
            raise InputError("one length for all layers", f"{sorted(sizes)}", "correct the masks", where=self.name)
        object.__setattr__(self, "read_out", _read_out(self.read_out, self.tokens, self.name))
        object.__setattr__(self, "roles", _roles(self.roles, self.tokens, self.name))

    @property
    def tokens(self) -> int:
        """T."""
        return self.layers[0].tokens

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.layers)

    def __repr__(self) -> str:
        facts = f"tokens={self.tokens}, layers={self.depth}"
        return f"MaskSequence({self.name!r}, {facts})" if self.name else f"MaskSequence({facts})"

    @cached_property
    def causal(self) -> bool:
        """Whether no query reads a later key in any layer."""
        return all(self.layers[k].causal for k in set(map(self.like, range(self.depth))))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what may be read in which layer with which weights, and of the read-out."""
        digest = hashlib.sha256(f"mask:{self.read_out}:".encode() + self.roles.tobytes())
        for layer in range(self.depth):
            digest.update(self.layers[self.like(layer)].digest)
        return digest.hexdigest()

    @cached_property
    def _first(self) -> tuple[int, ...]:
        seen: dict[int, int] = {}
        return tuple(seen.setdefault(id(mask), layer) for layer, mask in enumerate(self.layers))

    def like(self, layer: int) -> int:
        """The first layer that has the same mask."""
        return self._first[layer]

    def visible(self, layer: int) -> NDArray[np.bool_]:
        """(T, T) True where query i may read key j in a layer."""
        return self.layers[layer].array

    def operator(self, layer: int) -> NDArray[np.float64]:
        """(T, T) attention of a layer: uniform over the readable keys, or by the mask's weights."""
        mask = self.layers[layer]
        out = np.empty((self.tokens, self.tokens))
        for lo, hi in mask.blocks():
            out[lo:hi] = mask.weights(lo, hi)
        return out

    def replace(self, **changes: Any) -> MaskSequence:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    @property
    def origin(self) -> Step | None:
        """The step that brought it here."""
        return _origin(self.provenance)


@dataclass(frozen=True, eq=False, repr=False)
class Attention:
    """Attention weights of a network on one text: layers × heads × T × T, read a head at a time.

    Args:
        store: where the weights lie. Its rows sum to 1: what a file says otherwise is resolved when it is read.
        selection: the layers taken, and of each the heads taken; default all. Layers are counted anew from 0 by the
            methods here; `numbers` gives their places in the store.
        merge: how `operator` makes one matrix of the heads of a layer.
        read_out: the token whose output is looked at; default the last one.
        roles: (T,) role of each token; default all real.
        labels: (T,) the tokens as text, or None.
        name: what to call it in tables.
        provenance: what was done to it so far; what reading resolved stands in the notes of its origin.

    Example:
        >>> Attention.of(np.tril(np.ones((2, 3, 4, 4))) / np.arange(1, 5)[:, None])
        Attention(tokens=4, layers=2, heads=3)
    """

    store: HeadStore
    selection: tuple[tuple[int, tuple[int, ...]], ...] = ()
    merge: Literal["mean", "max"] = "mean"
    read_out: int = -1
    roles: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    labels: tuple[str, ...] | None = None
    name: str = ""
    provenance: tuple[Step, ...] = ()

    kind = "attention"

    def __post_init__(self) -> None:
        heads = self.store.heads
        if not self.selection:
            object.__setattr__(self, "selection", tuple((k, tuple(range(n))) for k, n in enumerate(heads)))
        if not self.selection or self.tokens < 1:
            raise InputError("at least one layer, head and token", "none", "check the file", where=self.name)
        if any(layer >= len(heads) or any(h >= heads[layer] for h in chosen) for layer, chosen in self.selection):
            raise InputError(f"layers and heads within {list(heads)}", f"{self.selection}", where=self.name)
        object.__setattr__(self, "read_out", _read_out(self.read_out, self.tokens, self.name))
        object.__setattr__(self, "roles", _roles(self.roles, self.tokens, self.name))

    @classmethod
    def of(cls, weights: Any, states: Any = (), **fields: Any) -> Attention:
        """Attention from arrays in memory.

        Args:
            weights: (L, H, T, T), or a sequence of (H, T, T).
            states: hidden states, (L + 1, T, d) or a sequence of (T, d).
            fields: the other fields.

        Raises:
            InputError: the arrays do not fit each other.
        """
        layers = tuple(np.asarray(w) for w in weights)
        if any(w.ndim != 3 or w.shape[1] != w.shape[2] or w.shape[2] != layers[0].shape[2] for w in layers):
            found = ", ".join(str(w.shape) for w in layers[:3])
            raise InputError("attention of shape (layers, heads, T, T)", found, "stack square maps of one length")
        return cls(Heads(layers, tuple(np.asarray(s) for s in states)), **fields)

    @property
    def tokens(self) -> int:
        """T."""
        return self.store.tokens

    @property
    def depth(self) -> int:
        """Number of layers taken."""
        return len(self.selection)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Places of the layers in the store."""
        return tuple(layer for layer, _ in self.selection)

    def __repr__(self) -> str:
        counts = sorted({len(chosen) for _, chosen in self.selection})
        heads = str(counts[0]) if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
        facts = f"tokens={self.tokens}, layers={self.depth}, heads={heads}"
        return f"Attention({self.name!r}, {facts})" if self.name else f"Attention({facts})"

    @property
    def index(self) -> NDArray[np.int64]:
        """(k, 2) layer and head, as numbered in the store, of every head taken, in the order of `each`."""
        return np.array([(layer, head) for layer, chosen in self.selection for head in chosen], np.int64).reshape(-1, 2)

    def each(self) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """(layer, head, weights) of every head taken, one at a time; `layer` counts from 0 over those taken."""
        for place, (layer, chosen) in enumerate(self.selection):
            for head in chosen:
                yield place, head, self.store.head(layer, head)

    def head(self, layer: int, head: int) -> NDArray[Any]:
        """(T, T) weights of one head of a layer taken."""
        return self.store.head(self.selection[layer][0], head)

    def operator(self, layer: int) -> NDArray[np.float64]:
        """(T, T) float64 attention of a layer merged over the heads taken; rows sum to 1."""
        number, chosen = self.selection[layer]
        out = np.zeros((self.tokens, self.tokens))
        for head in chosen:
            if self.merge == "mean":
                out += self.store.head(number, head)
            else:
                np.maximum(out, self.store.head(number, head), out=out)
        out /= out.sum(axis=1, keepdims=True)
        return out

    def visible(self, layer: int) -> NDArray[np.bool_]:
        """(T, T) True where a head taken reads the key at all."""
        number, chosen = self.selection[layer]
        out = np.zeros((self.tokens, self.tokens), dtype=bool)
        for head in chosen:
            out |= self.store.head(number, head) != 0
        return out

    def like(self, layer: int) -> int:
        """The first layer that is known to have the same attention: itself."""
        return layer

    @cached_property
    def causal(self) -> bool:
        """Whether no head taken reads a later key; from what the store knows where it does."""
        known: dict[tuple[int, int], bool] = getattr(self.store, "causal", {})
        places = [(layer, head) for layer, chosen in self.selection for head in chosen]
        if all(place in known for place in places):
            return all(known[place] for place in places)
        return not any(np.triu(weights, 1).any() for _, _, weights in self.each())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the weights, the selection and the read-out."""
        chosen = f"attention:{self.store.digest}:{self.selection}:{self.merge}:{self.read_out}"
        return hashlib.sha256(chosen.encode() + self.roles.tobytes()).hexdigest()

    def hidden(self, state: int) -> NDArray[np.float64]:
        """(T, d) float64 hidden state: 0 is the embedding, k what layer k - 1 of the store gives.

        A virtual token in front, which holds what rows lack, has no row in it.

        Raises:
            NotApplicable: the source has no hidden states.
        """
        if not self.store.hidden_states:
            fix = "capture them (mixcli convert hf:… --hidden)"
            raise NotApplicable("hidden states", "attention weights only", fix, where=self.name)
        return np.asarray(self.store.hidden(state), dtype=np.float64)

    def replace(self, **changes: Any) -> Attention:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    @property
    def origin(self) -> Step | None:
        """The step that brought it here."""
        return _origin(self.provenance)


TokenGraph: TypeAlias = MaskSequence | Attention
"""What the measures of `mixcli.measures.sequence` look at."""


def _read_out(place: int, tokens: int, name: str) -> int:
    chosen = place + tokens if place < 0 else place
    if not 0 <= chosen < tokens:
        raise InputError(f"a read-out among {tokens} tokens", str(place), "choose one of them", where=name)
    return chosen


def _roles(roles: NDArray[np.int8], tokens: int, name: str) -> NDArray[np.int8]:
    out = np.asarray(roles, dtype=np.int8) if len(roles) else np.zeros(tokens, np.int8)
    if len(out) != tokens:
        raise InputError(f"{tokens} roles", str(len(out)), where=name)
    out.setflags(write=False)
    return out


def _origin(provenance: tuple[Step, ...]) -> Step | None:
    arrivals = [s for s in provenance if s.op in ("read", "load", "convert")]
    made = [s for s in provenance if s.op == "generate"]
    return next(reversed(arrivals or made), None)

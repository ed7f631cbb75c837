"""LayerPlan: which graph each layer of a network uses, where that is not simply "this one"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LayerPlan", "Overlay"]

SCHEDULE = re.compile(r"all|odd|even|last|from:[1-9]\d*")


@dataclass(frozen=True, eq=False)
class Overlay:
    """A second graph over the same nodes, and the layers that use it.

    Args:
        name: what it is ("cayley", "virtual_node").
        edges: (k, 2) undirected edges over the nodes 0 … n-1 and the virtual ones after them; kept canonical (u < v,
            lexicographic, none twice).
        layers: which layers use it, counted from 1: "all", "odd", "even", "last" or "from:K".
        replaces: whether these layers use it instead of the graph; else beside it, as one more relation.
        virtual: nodes that only the overlay has, numbered n … n + virtual - 1: their features start at zero, and no
            readout or prediction sees them.

    Raises:
        InputError: the edges are no list of pairs of different nodes, or there is no such schedule.

    Example:
        >>> Overlay("ring", np.array([[0, 1], [2, 1], [2, 0]]), layers="even", replaces=True)
        Overlay('ring', 3 edges, layers='even', replaces=True)
    """

    name: str
    edges: NDArray[np.int64]
    layers: str = "all"
    replaces: bool = False
    virtual: int = 0

    def __post_init__(self) -> None:
        if not SCHEDULE.fullmatch(self.layers):
            raise InputError("layers: all, odd, even, last or from:K", repr(self.layers), "correct the layer plan")
        object.__setattr__(self, "edges", _canonical(self.edges))
        self.edges.setflags(write=False)

    def used(self, layer: int, of: int) -> bool:
        """Whether layer number `layer` (from 1) of `of` layers uses it.

        Example:
            >>> [Overlay("x", np.empty((0, 2)), layers="from:2").used(k, 3) for k in (1, 2, 3)]
            [False, True, True]
        """
        if self.layers.startswith("from:"):
            return layer >= int(self.layers[5:])
        return {"all": True, "odd": layer % 2 == 1, "even": layer % 2 == 0, "last": layer == of}[self.layers]

    def check(self, n: int) -> None:
        """Refuse an overlay that names nodes a graph of n nodes does not have."""
        if self.virtual < 0 or self.edges.max(initial=-1) >= n + self.virtual:
            found = f"node {self.edges.max(initial=-1)}" if self.virtual >= 0 else f"virtual = {self.virtual}"
            raise InputError(f"the nodes 0 … {n + max(self.virtual, 0) - 1} in {self.name}", found, "correct the plan")

    def __str__(self) -> str:
        where = {"all": "every layer", "last": "the last layer"}.get(self.layers, f"{self.layers} layers")
        if self.layers.startswith("from:"):
            where = f"layers {self.layers[5:]} and up"
        extra = f" and {self.virtual} virtual node{'s' * (self.virtual > 1)}" if self.virtual else ""
        how = "in place of" if self.replaces else "beside"
        return f"{self.name} ({len(self.edges)} edges{extra}) {how} the graph in {where}"

    def __repr__(self) -> str:
        facts = [repr(self.name), f"{len(self.edges)} edges", f"layers={self.layers!r}"]
        facts += ["replaces=True"] * self.replaces + [f"virtual={self.virtual}"] * bool(self.virtual)
        return f"Overlay({', '.join(facts)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Overlay) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.name, self.layers, self.replaces, self.virtual, self.edges.tobytes()


@dataclass(frozen=True, repr=False)
class LayerPlan:
    """Which graph each layer of a network uses, where that is not simply "this one".

    Args:
        last: how the last layer mixes: None (over the graph), or a variant of `last_layer_fa`.
        overlays: further graphs that some layers use.

    Example:
        >>> LayerPlan(last="mean")
        LayerPlan(last='mean')
    """

    last: str | None = None
    overlays: tuple[Overlay, ...] = ()

    def __bool__(self) -> bool:
        return self.last is not None or bool(self.overlays)

    def __repr__(self) -> str:
        facts = [f"last={self.last!r}"] * (self.last is not None)
        facts += [f"overlays={self.overlays!r}"] * bool(self.overlays)
        return f"LayerPlan({', '.join(facts)})"

    def __str__(self) -> str:
        said = [f"last layer: {self.last}"] * (self.last is not None)
        return "; ".join([*said, *map(str, self.overlays)])

    @property
    def virtual(self) -> int:
        """Nodes beyond those of the graph; overlays share them."""
        return max((o.virtual for o in self.overlays), default=0)

    def with_overlay(self, *overlays: Overlay) -> LayerPlan:
        """The plan with these overlays; one of the same name and layers is replaced."""
        fresh = {(o.name, o.layers) for o in overlays}
        return LayerPlan(self.last, (*(o for o in self.overlays if (o.name, o.layers) not in fresh), *overlays))

    def check(self, n: int) -> None:
        """Refuse a plan that names nodes a graph of n nodes does not have."""
        for overlay in self.overlays:
            overlay.check(n)

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON; what is not there is left out."""
        out: dict[str, Any] = {}
        if self.last is not None:
            out["last"] = self.last
        if self.overlays:
            out["overlays"] = [
                {"name": o.name, "layers": o.layers, "replaces": o.replaces, "virtual": o.virtual}
                | {"edges": o.edges.tolist()}
                for o in self.overlays
            ]
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LayerPlan:
        """Read what `to_json` wrote.

        Raises:
            InputError: something else stands there.
        """
        last, overlays = data.get("last"), data.get("overlays", [])
        try:
            read = tuple(
                Overlay(
                    str(o["name"]), np.asarray(o["edges"]), str(o["layers"]), bool(o["replaces"]), int(o["virtual"])
                )
                for o in overlays
            )
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise InputError("a layer plan as mixcli writes it", f"{type(error).__name__}: {error}") from None
        return cls(str(last) if last is not None else None, read)


def _canonical(edges: Any) -> NDArray[np.int64]:
    pairs = np.asarray(edges)
    if pairs.size == 0:
        return np.empty((0, 2), np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise InputError("pairs of nodes as edges of an overlay", f"an array of shape {pairs.shape}")
    pairs = np.sort(pairs.astype(np.int64), axis=1)
    if pairs.min() < 0 or (pairs[:, 0] == pairs[:, 1]).any():
        raise InputError("pairs of different nodes >= 0 as edges of an overlay", "a negative node or a self-loop")
    return np.unique(pairs, axis=0)

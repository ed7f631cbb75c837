"""Edits of masks: single pairs (query, key), and the mask sequence that a list of them makes of another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from mixcli.errors import InputError
from mixcli.mask import Mask
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MaskEdit", "apply_mask_edits"]


class MaskEdit(NamedTuple):
    """One change: what, in which layer (None: in all), which query and key, the method's own score, step, and why."""

    op: Literal["add", "remove"]
    layer: int | None
    query: int
    key: int
    score: float = 0.0
    step: int = 0
    reason: str = ""

    def __repr__(self) -> str:
        facts = f"op={self.op!r}, layer={self.layer}, query={self.query}, key={self.key}, score={self.score!r}"
        tail = f", reason={self.reason!r}" if self.reason else ""
        return f"MaskEdit({facts}, step={self.step}{tail})"


def apply_mask_edits(tokens: MaskSequence, edits: Iterable[MaskEdit]) -> MaskSequence:
    """The mask sequence that a list of edits makes of another; layers that were alike and change alike stay so.

    An edit of all layers adds a pair to those layers that lack it, and needs at least one; the same for removals. A
    mask with weights gives an added pair the weight of its own rule.

    Args:
        tokens: the sequence before.
        edits: in order, each possible on the masks as changed by those before it.

    Raises:
        InputError: an edit adds a pair that is read already, removes one that is not, leaves a query without a key, or
            names a layer or token that does not exist.

    Cost: T² bytes for each mask that changes.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> after = apply_mask_edits(sequence_of("window:2,tokens=4,layers=2"), [MaskEdit("add", None, 3, 0)])
        >>> after.visible(1)[3].tolist()
        [True, False, True, True]
    """
    state = _Layers(tokens)
    for edit in edits:
        state.change(edit)
    return tokens.replace(layers=state.masks())


class _Layers:
    """The masks of all layers while they change; a copy is made of a mask when it first does."""

    def __init__(self, tokens: MaskSequence) -> None:
        self.base = tokens
        self.owner = [tokens.like(layer) for layer in range(tokens.depth)]
        self.arrays: dict[int, NDArray[np.bool_]] = {}

    def change(self, edit: MaskEdit) -> None:
        """Carry out one edit."""
        size, depth = self.base.tokens, self.base.depth
        if not (0 <= edit.query < size and 0 <= edit.key < size):
            raise InputError(f"tokens among {size}", f"query {edit.query}, key {edit.key}", where=self.base.name)
        if edit.layer is not None and not 0 <= edit.layer < depth:
            raise InputError(f"a layer among {depth}", str(edit.layer), where=self.base.name)
        if edit.layer is not None:
            self._part(edit.layer)
        present = edit.op == "remove"
        chosen = set(self.owner) if edit.layer is None else {self.owner[edit.layer]}
        changing = [one for one in sorted(chosen) if bool(self._array(one)[edit.query, edit.key]) == present]
        if not changing:
            what = "a pair that is read" if present else "a pair that is not read yet"
            raise InputError(f"{what}, to {edit.op}", f"query {edit.query}, key {edit.key}", where=self.base.name)
        for one in changing:
            if one not in self.arrays:
                self.arrays[one] = self._array(one).copy()
            self.arrays[one][edit.query, edit.key] = not present

    def masks(self) -> tuple[Mask, ...]:
        """The masks as they are now; layers that share an array share a mask."""
        made: dict[int, Mask] = {}
        for one in set(self.owner):
            before = self.base.layers[one]
            made[one] = before if one not in self.arrays else _like(before, self.arrays[one])
        return tuple(made[one] for one in self.owner)

    def _array(self, one: int) -> NDArray[np.bool_]:
        return self.arrays[one] if one in self.arrays else self.base.layers[one].array

    def _part(self, layer: int) -> None:
        """Let a layer no longer share its mask with others."""
        shared = self.owner[layer]
        others = [k for k, one in enumerate(self.owner) if one == shared and k != layer]
        if not others:
            return
        if layer == shared:  # the array goes on under the number of the first of the others
            for k in others:
                self.owner[k] = others[0]
            if shared in self.arrays:
                self.arrays[others[0]] = self.arrays[shared].copy()
        else:
            self.owner[layer] = layer
            if shared in self.arrays:
                self.arrays[layer] = self.arrays[shared].copy()


def _like(before: Mask, array: NDArray[np.bool_]) -> Mask:
    """A mask of an array with the weights of another."""
    made = Mask.of(array, name=f"{before.name} (edited)" if before.name else "")
    return made if before.weigh is None else dataclasses.replace(made, weigh=before.weigh)

"""Mask sequences as arrays with names, the form they have in `.npz` and `.pt`.

`masks` (K, T, T) holds each mask once, True where a key may be read; `layers` (L,) says which of them each layer has,
so that `masks[layers[l]]` goes into `scaled_dot_product_attention` as it is; `weight/k` holds the weights of what mask
k lets be read, row by row; `mixcli` is JSON: what else there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.io.base import Reading
from mixcli.io.jsonarray import parse
from mixcli.io.masks_arrays import MaskOptions, booleans, layers_of, shared, without_padding
from mixcli.io.masks_wire import SCHEMA, check_room, distinct, head_of, raw_weights, with_head
from mixcli.mask import Mask
from mixcli.provenance import Step
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["arrays_of", "from_array", "head_in", "hint", "sequence_in", "stacked"]

HINT = "it was written by something else, or is damaged"


def arrays_of(sequence: MaskSequence) -> dict[str, NDArray[Any]]:
    """Name -> array of a mask sequence; `mixcli` is a text of no axes."""
    masks, layers = distinct(sequence)
    check_room(sequence.tokens, len(masks), Reading(sequence.name))
    head = {**head_of(sequence), "names": [mask.name for mask in masks]}
    arrays: dict[str, NDArray[Any]] = {
        "mixcli": np.array(json.dumps(head, sort_keys=True)),
        "masks": np.stack([mask.array for mask in masks]),
        "layers": np.array(layers, dtype=np.int64),
    }
    for k, mask in enumerate(masks):
        if (weight := raw_weights(mask)) is not None:
            arrays[f"weight/{k}"] = weight
    return arrays


def head_in(text: Any) -> dict[str, Any] | None:
    """What the `mixcli` of an archive says, where it speaks of a mask sequence."""
    try:
        head = parse(str(text))
    except ValueError:
        return None
    return head if isinstance(head, dict) and head.get("schema") == SCHEMA else None


def sequence_in(head: dict[str, Any], arrays: Mapping[str, Any], reading: Reading, step: Step) -> MaskSequence:
    """The mask sequence of an archive.

    Args:
        head: what `head_in` found.
        arrays: name -> array.
        reading: for messages.
        step: provenance of this read.

    Raises:
        InputError: it contradicts itself.
    """
    try:
        masks = arrays["masks"]
        if masks.dtype != np.bool_ or masks.ndim != 3 or masks.shape[1] != masks.shape[2] or not masks.size:
            raise ValueError(f"masks of {masks.dtype} and shape {masks.shape}")
        masks, names = booleans(masks), head.get("names")
        names = names if isinstance(names, list) and len(names) == len(masks) else [""] * len(masks)
        made = [_mask(masks[k], arrays.get(f"weight/{k}"), str(names[k])) for k in range(len(masks))]
        return with_head(head, made, reading, step)
    except (KeyError, ValueError) as error:
        raise reading.error("a mask sequence", f"{error}", HINT) from error


def from_array(array: NDArray[Any], reading: Reading, format: str) -> Iterator[MaskSequence]:
    """The mask sequence of a bare array, padding left out."""
    layers, notes = layers_of(array, MaskOptions(reading.convention), reading)
    masks, keep = without_padding(shared(layers), reading.where)
    if len(keep) < len(layers[0]):
        notes["padding"] = len(layers[0]) - len(keep)
    yield MaskSequence(masks, name=reading.name, provenance=(reading.step(format, **notes),))


def hint(array: NDArray[Any]) -> dict[str, str]:
    """A note for a square array that is taken for a graph and looks like a causal mask: its diagonal, nothing above."""
    square = array.ndim == 2 and array.shape[0] == array.shape[1] > 1 and array.dtype.kind in "biu"
    if not square or not array.diagonal().all() or np.triu(array, 1).any():
        return {}
    return {"looks_like_a_causal_mask": "mask:file:PATH reads it as one"}


def stacked(sequence: MaskSequence) -> NDArray[np.uint8]:
    """(L, T, T) 1 where a key may be read: integers, which no library reads the other way round."""
    check_room(sequence.tokens, sequence.depth, Reading(sequence.name))
    return np.stack([mask.array for mask in sequence.layers]).astype(np.uint8)


def _mask(visible: NDArray[np.bool_], values: Any, name: str) -> Mask:
    weight = None
    if values is not None:
        if values.dtype.kind not in "iuf" or values.shape != (np.count_nonzero(visible),):
            raise ValueError(f"weight of {values.dtype} and shape {values.shape}")
        weight = np.zeros(visible.shape)
        weight[visible] = values
        if not (weight.sum(axis=1) > 0).all():
            raise ValueError("weights that sum to 0 in a row")
    return Mask.of(visible, weight, name)

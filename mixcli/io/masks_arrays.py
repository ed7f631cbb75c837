"""Arrays as masks: what their numbers mean, and which axis is what.

    bool      True attends (torch's scaled_dot_product_attention) or blocks (torch's MultiheadAttention): the user says
              which, or only one reading is causal, or one lets nobody read anything
    integers  0 and 1; 1 attends
    floats    added to the logits: 0, and -inf or the lowest number of a type

    [T, T]           one mask for all layers           [B, H, T, T]   one of B samples; heads must agree
    [L, T, T]        a mask for each layer             [B, T], [T]    padding: which tokens are there

Nothing is guessed: what could be read in two ways is refused, and what was found out stands in the notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from mixcli.errors import InputError, UsageError
from mixcli.mask import Mask, alike

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mixcli.io.base import Convention, Reading

    Visible: TypeAlias = NDArray[np.bool_]

__all__ = ["MaskOptions", "booleans", "layers_of", "seeing", "shared", "without_padding"]

BLOCKED = -1e4
"""A logit that is lower by this is out of reach: float16's lowest number is -65504, and -10000 is in use."""
SAY = "say --mask-convention attend (True may be read) or block, or mask:file:PATH,convention=attend"


@dataclass(frozen=True)
class MaskOptions:
    """What the user said about a mask file.

    Args:
        convention: what True means in it.
        sample: which one of a batch.
        padding: whether an array of two axes says which tokens are there, also where it is square.
    """

    convention: Convention | None = None
    sample: int | None = None
    padding: bool = False


def layers_of(array: NDArray[Any], options: MaskOptions, reading: Reading) -> tuple[list[Visible], dict[str, Any]]:
    """(T, T) what may be read in each layer of an array; rows of padding may be all False.

    Args:
        array: booleans, integers or floats.
        options: what the user said.
        reading: for messages.

    Returns:
        One array a layer, and notes on what was found out.

    Raises:
        InputError: it is no mask, or could be read in two ways.
        UsageError: which sample is meant is not said.

    Example:
        >>> from mixcli.io.base import Reading
        >>> found, notes = layers_of(np.tri(3, dtype=bool), MaskOptions(), Reading("m.npy"))
        >>> found[0].astype(int).tolist(), notes
        ([[1, 0, 0], [1, 1, 0], [1, 1, 1]], {'convention': 'True attends, the only causal reading'})
    """
    notes: dict[str, Any] = {}
    if array.size == 0:
        raise reading.error("a mask", f"an empty array of shape {array.shape}", "save it again")
    if array.ndim == 1 or (array.ndim == 2 and (options.padding or array.shape[0] != array.shape[1])):
        real = _attends(_sample(np.atleast_2d(array), options, reading), options, reading, notes, square=False)
        return [real[:, None] & real[None, :]], notes
    if array.ndim == 4:
        heads = _sample(array, options, reading)
        if any(not np.array_equal(heads[0], head) for head in heads[1:]):
            fix = "save the mask of one head, [L, T, T] for layers"
            raise reading.error("heads with one mask", f"{len(heads)} that differ", fix)
        array = heads[:1]
    layers = array[None] if array.ndim == 2 else array
    if layers.ndim != 3 or layers.shape[1] != layers.shape[2]:
        fix = "save [T, T], [L, T, T], [B, 1, T, T] or padding [B, T]"
        raise reading.error("a mask with as many queries as keys", f"shape {array.shape}", fix)
    return list(_attends(layers, options, reading, notes, square=True)), notes


def shared(layers: Iterable[Visible]) -> tuple[Mask, ...]:
    """A mask for each layer, one object for those that are alike; queries that read nothing are let be."""
    made: dict[bytes, Mask] = {}
    out = []
    for visible in layers:
        mask = seeing(visible)
        out.append(made.setdefault(mask.digest, mask))
    return tuple(out)


def seeing(visible: Visible, weight: NDArray[np.float64] | None = None, name: str = "") -> Mask:
    """The mask of an array, whose rows may be all False."""
    visible = np.ascontiguousarray(visible, dtype=bool)
    visible.setflags(write=False)
    weigh = None if weight is None else lambda i, j: weight[i, j]
    mask = Mask(len(visible), lambda i, j: visible[i, j], name, weigh)
    mask.__dict__["array"] = visible
    return mask


def booleans(array: Visible) -> Visible:
    """The same array where every True is the byte 1: a file may hold others, which equal neither True nor False."""
    return np.ascontiguousarray(array).view(np.uint8) != 0


def without_padding(masks: tuple[Mask, ...], where: str) -> tuple[tuple[Mask, ...], NDArray[np.int64]]:
    """The masks without the tokens that read nothing and are read by nobody, and which tokens remain.

    Raises:
        InputError: a query reads nothing in one layer and something in another, or reads nothing and is read.
    """
    distinct = {id(mask): mask for mask in masks}
    tokens = masks[0].tokens
    lost = [np.flatnonzero(~mask.array.any(axis=1)) for mask in distinct.values()]
    if not any(len(rows) for rows in lost):
        return masks, np.arange(tokens)
    if any(not np.array_equal(lost[0], rows) for rows in lost[1:]):
        raise InputError("padding that is the same in all layers", "other", "give each query a key", where=where)
    keep = np.setdiff1d(np.arange(tokens), lost[0])
    if not len(keep) or any(mask.array[np.ix_(keep, lost[0])].any() for mask in distinct.values()):
        found = f"none for query {lost[0][0]}, which others read" if len(keep) else "none for any query"
        fix = "let it read itself, or leave it out as padding"
        raise InputError("every query to read a key", found, fix, where=where)
    square = np.ix_(keep, keep)
    made = {}
    for key, mask in distinct.items():
        weight = None if mask.weigh is None else _dense_weights(mask)[square]
        made[key] = Mask.of(mask.array[square], weight, mask.name)
    return tuple(made[id(mask)] for mask in masks), keep


def _sample(array: NDArray[Any], options: MaskOptions, reading: Reading) -> NDArray[Any]:
    """The part of an array that belongs to one sample of its first axis."""
    count = len(array)
    if options.sample is not None:
        if not 0 <= options.sample < count:
            raise UsageError(f"a sample in 0 … {count - 1}", str(options.sample), where=reading.where)
        return cast("NDArray[Any]", array[options.sample])
    if any(not np.array_equal(array[0], other) for other in array[1:]):
        fix = "name one: mask:file:PATH,sample=0"
        raise UsageError("one sample", f"{count} that differ", fix, where=reading.where)
    return cast("NDArray[Any]", array[0])


def _attends(
    array: NDArray[Any], options: MaskOptions, reading: Reading, notes: dict[str, Any], *, square: bool
) -> Visible:
    """True where a key may be read."""
    kind = array.dtype.kind
    if kind == "f":
        return _added(array, options, reading)
    if kind in "iu":
        if not np.isin(array, (0, 1)).all():
            raise reading.error("0 and 1 in a mask of integers", "other numbers", "save booleans, or 0 and 1")
        return array == (0 if options.convention == "block" else 1)
    if kind != "b":
        raise reading.error("booleans, integers or floats", f"dtype {array.dtype}", "save booleans")
    array = booleans(array)
    if options.convention is not None:
        return array if options.convention == "attend" else ~array
    return _one_reading(array, reading, notes, square=square)


def _one_reading(array: Visible, reading: Reading, notes: dict[str, Any], *, square: bool) -> Visible:
    """A boolean array in the only way that makes sense."""
    above = np.triu(np.ones(array.shape[-2:], bool), 1) if square else None
    for word, visible in (("attends", array), ("blocks", ~array)):
        if not visible.any():
            continue
        if above is not None and above.any() and not (visible & above).any():
            notes["convention"] = f"True {word}, the only causal reading"
            return visible
    if array.all() or not array.any():
        notes["convention"] = f"True {'attends' if array.all() else 'blocks'}, or nobody would read anything"
        return np.ones_like(array)
    raise reading.error("a boolean mask that can be read in one way", "one that can be read in two", SAY)


def _added(array: NDArray[Any], options: MaskOptions, reading: Reading) -> Visible:
    """True where a mask that is added to the logits leaves them as they are."""
    if options.convention is not None:
        fix = "leave --mask-convention out; floats are added to the logits"
        raise UsageError("a boolean mask", f"{array.dtype}", fix, where=reading.where)
    visible = array == 0
    low = array <= BLOCKED
    if (visible | low).all():
        return visible
    if np.isnan(array).any():
        raise reading.error("0 and -inf in a mask of floats", "NaN", "correct the mask")
    if ((array == 0) | (array == 1)).all():
        fix = "save booleans or integers; models that add 0 and 1 to logits mask nothing"
        raise reading.error("0 and -inf in a mask of floats", "0 and 1", fix)
    if (array >= 0).all() and np.allclose(array.sum(axis=-1), 1, atol=1e-2):
        raise reading.error("a mask", "attention weights, rows of which sum to 1", "give the file without mask:file:")
    fix = "save 0 where a key may be read; decay:m and alibi:H are weights by distance"
    raise reading.error("0 and -inf in a mask of floats", f"{array[~(visible | low)].flat[0]:.4g}", fix)


def _dense_weights(mask: Mask) -> NDArray[np.float64]:
    every = np.arange(mask.tokens)
    weigh = mask.weigh or alike
    return np.array(np.broadcast_to(weigh(every[:, None], every[None, :]), (mask.tokens, mask.tokens)), np.float64)

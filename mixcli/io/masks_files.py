"""Mask files, `mask:file:PATH`: one array, an archive or a list of them, or what mixcli wrote."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.io import masks_archive, npz, pt, stream
from mixcli.io.base import Reading
from mixcli.io.checks import read_all
from mixcli.io.masks_arrays import MaskOptions, layers_of, shared
from mixcli.io.npy import MAGIC, decode
from mixcli.io.source import HEAD, opened
from mixcli.mask import Mask
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MaskFile", "read"]

NAMES = ("masks", "mask", "attn_mask", "attention_mask", "causal_mask", "arr_0")
"""What a mask is called in an archive, the surest name first."""


@dataclass(frozen=True)
class MaskFile:
    """What a mask file holds.

    Args:
        layers: the masks, of one layer or of several; rows of padding may be empty.
        notes: what was found out on reading.
        sha256: digest of the bytes.
    """

    layers: tuple[Mask, ...]
    notes: dict[str, Any] = field(default_factory=dict)
    sha256: str | None = None


def read(path: str, options: MaskOptions) -> MaskFile:
    """The masks of a file.

    Args:
        path: `.npy`, `.npz`, `.pt`, or JSON lines of one mask sequence.
        options: what the user said about it.

    Raises:
        InputError: it is no mask, or could be read in two ways.
        UsageError: which sample is meant is not said.
    """
    with opened(path, path) as (source, digest):
        reading = Reading(path, digest=digest)
        head = source.peek(HEAD)
        data = io.BufferedReader(source, HEAD)
        if not head.strip():
            raise reading.error("a mask", "an empty file", "check that the file was written")
        found = stream.sniff(head)
        if found is not None and found.name == "jsonl":
            return _sequence(list(found.read(data, reading)), reading, digest())
        whole = read_all(data, reading)
        if head.startswith(MAGIC):
            parts: Any = decode(whole, reading)
        elif found is not None and found.name == "npz":
            parts = npz.Archive(whole, reading)
        elif found is not None and found.name == "pt":
            parts = pt.parts(whole, reading)
        else:
            raise reading.error("a mask as .npy, .npz, .pt or .jsonl", "something else", "save it with numpy.save")
        return _made(parts, options, reading, digest())


def _made(parts: Any, options: MaskOptions, reading: Reading, sha256: str | None) -> MaskFile:
    if isinstance(parts, Mapping):
        head = masks_archive.head_in(parts["mixcli"]) if "mixcli" in parts else None
        if head is not None:
            return _sequence([masks_archive.sequence_in(head, parts, reading, reading.step("mask"))], reading, sha256)
        parts = _member(parts, reading)
    layers: list[NDArray[np.bool_]] = []
    notes: dict[str, Any] = {}
    several = isinstance(parts, (list, tuple))
    for number, array in enumerate(parts if several else [parts]):
        found, about = layers_of(array, options, reading)
        if several and len(found) > 1:
            raise reading.error("one mask in each place of a list", f"{len(found)} in place {number}", "save an array")
        layers += found
        notes |= about
    if len({visible.shape for visible in layers}) != 1:
        raise reading.error("masks of one size", f"{sorted({len(v) for v in layers})} tokens", "save them apart")
    return MaskFile(shared(layers), notes, sha256)


def _sequence(things: list[Any], reading: Reading, sha256: str | None) -> MaskFile:
    if len(things) != 1 or not isinstance(things[0], MaskSequence):
        found = "several things" if len(things) > 1 else "a graph"
        raise reading.error("one mask sequence", found, "give the file without mask:file:")
    return MaskFile(things[0].layers, {}, sha256)


def _member(parts: Mapping[str, Any], reading: Reading) -> Any:
    """The mask among the arrays of an archive."""
    names = [name for name in NAMES if name in parts] or (list(parts) if len(parts) == 1 else [])
    if not names:
        raise reading.error(
            f"a mask named {', '.join(NAMES)}", f"{', '.join(list(parts)[:5])}", "name one of them mask"
        )
    return parts[names[0]]

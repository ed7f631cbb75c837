"""Attention to a file, one head in memory at a time: `.safetensors`, `.npz`, `.npy` and `.pt`.

Heads are written as they are measured: padding gone, rows of sum 1, a virtual token where one was needed. Layers and
heads that were not taken are left out and the others numbered anew; `mixcli` in the file says what they were.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from mixcli import provenance
from mixcli.errors import UsageError
from mixcli.io.atomic import replacing
from mixcli.io.attention_safetensors import write_safetensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.sequence import Attention

__all__ = ["FORMATS", "SCHEMA", "write"]

SCHEMA = "mixcli.attention/1"
SUFFIXES = {".safetensors": "safetensors", ".npz": "npz", ".npy": "npy", ".pt": "pt", ".pth": "pt"}

Pieces = Callable[[], Iterable["NDArray[Any]"]]
Tensors = dict[str, tuple[tuple[int, ...], str, Pieces]]
"""Name -> shape, dtype, and what gives the array piece by piece."""


def write(
    attention: Attention, target: str | os.PathLike[str] | BinaryIO, *, format: str | None = None, force: bool = False
) -> list[str]:
    """Write attention to a file, which appears when it is complete, or to a stream.

    Args:
        attention: what to write.
        target: a path or a binary stream.
        format: "safetensors", "npz", "npy" or "pt"; default by the suffix.
        force: replace an existing file.

    Returns:
        What the format could not hold, in words.

    Raises:
        UsageError: no format is known, the file exists, or `.npy` and layers of different numbers of heads.
    """
    chosen = format_of(target, format)
    if isinstance(target, (str, os.PathLike)):
        try:
            with replacing(Path(target), force) as out:
                return WRITERS[chosen](attention, out)
        except OSError as error:
            found = error.strerror or str(error)
            raise UsageError("a place to write to", found, "check the path", where=str(target)) from error
    left_out = WRITERS[chosen](attention, target)
    target.flush()
    return left_out


def format_of(target: Any, format: str | None) -> str:
    names = f"attention is written as {', '.join(FORMATS)}"
    if format is None and isinstance(target, (str, os.PathLike)):
        format = SUFFIXES.get(Path(target).suffix.lower())
        if format is None:
            found = repr(Path(target).suffix)
            raise UsageError("a suffix that stands for a format of attention", found, names, where=str(target))
    if format not in WRITERS:
        raise UsageError("a format of attention", repr(format), names)
    return format


def _tensors(attention: Attention) -> tuple[Tensors, list[str]]:
    """The arrays of a file, and what is left out of it."""
    size = attention.tokens
    tensors: Tensors = {}
    for layer, (_, heads) in enumerate(attention.selection):

        def rows(layer: int = layer, heads: tuple[int, ...] = heads) -> Iterator[NDArray[Any]]:
            return (attention.head(layer, head) for head in heads)

        dtype = _stored(attention.head(layer, heads[0]).dtype)
        tensors[f"attentions.{layer}"] = ((len(heads), size, size), dtype, rows)
    count = attention.store.hidden_states
    if count and attention.numbers != tuple(range(len(attention.store.heads))):
        return tensors, ["hidden states (layers are missing between them)"]
    for state in range(count):
        first = attention.store.hidden(state)

        def values(state: int = state) -> Iterator[NDArray[Any]]:
            yield attention.store.hidden(state)

        tensors[f"hidden_states.{state}"] = (first.shape, _stored(first.dtype), values)
    return tensors, []


def _stored(dtype: np.dtype[Any]) -> str:
    return "float64" if dtype.itemsize > 4 else "float32"


def _about(attention: Attention) -> str:
    """What arrays cannot say, as JSON."""
    facts = {
        "schema": SCHEMA,
        "name": attention.name,
        "read_out": attention.read_out,
        "roles": attention.roles.tolist(),
        "taken": [[layer, list(heads)] for layer, heads in attention.selection],
        "provenance": json.loads(provenance.dumps(attention.provenance)),
    }
    if attention.labels is not None:
        facts["tokens"] = list(attention.labels)
    return json.dumps(facts, sort_keys=True)


def _safetensors(attention: Attention, out: BinaryIO) -> list[str]:
    tensors, left_out = _tensors(attention)
    write_safetensors(out, tensors, {"mixcli": _about(attention), "format": "pt"})
    return left_out


def _npz(attention: Attention, out: BinaryIO) -> list[str]:
    tensors, left_out = _tensors(attention)
    text = np.array(_about(attention))
    tensors["mixcli"] = ((), text.dtype.str, lambda: [text])
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, (shape, dtype, pieces) in tensors.items():
            info = zipfile.ZipInfo(f"{name}.npy")  # a fixed date, so that equal attention gives equal bytes
            with archive.open(info, "w", force_zip64=True) as member:
                _npy_array(member, shape, dtype, pieces())
    return left_out


def _npy(attention: Attention, out: BinaryIO) -> list[str]:
    tensors, _ = _tensors(attention)
    layers = [value for name, value in tensors.items() if name.startswith("attentions.")]
    shapes = {shape for shape, _, _ in layers}
    if len(shapes) > 1:
        found = ", ".join(str(shape[0]) for shape, _, _ in layers)
        raise UsageError("as many heads in every layer for npy", found, "write safetensors or npz")
    dtype = max(dtype for _, dtype, _ in layers)
    _npy_array(out, (len(layers), *shapes.pop()), dtype, (piece for _, _, pieces in layers for piece in pieces()))
    lost = {"hidden states": attention.store.hidden_states, "tokens": attention.labels, "roles": attention.roles.any()}
    return [name for name, there in lost.items() if there]


def _npy_array(out: Any, shape: tuple[int, ...], dtype: str, pieces: Iterable[NDArray[Any]]) -> None:
    header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(out, header) if len(str(shape)) < 2**15 else npy.write_array_header_2_0(out, header)
    for piece in pieces:
        out.write(np.ascontiguousarray(piece, dtype=dtype).tobytes())


def _pt(attention: Attention, out: BinaryIO) -> list[str]:
    """A dict of tuples, as `torch.save` writes it; the tensors lie in a temporary file meanwhile."""
    import torch

    tensors, left_out = _tensors(attention)
    found: dict[str, list[Any]] = {"attentions": [], "hidden_states": []}
    with tempfile.TemporaryDirectory(prefix="mixcli-") as folder:
        for number, (name, (shape, dtype, pieces)) in enumerate(tensors.items()):
            path = Path(folder) / str(number)
            with path.open("wb") as raw:
                for piece in pieces():
                    raw.write(np.ascontiguousarray(piece, dtype=dtype).tobytes())
            mapped = np.memmap(path, dtype, "c", 0, shape)
            found[name.partition(".")[0]].append(torch.from_numpy(mapped))
        value = {name: tuple(parts) for name, parts in found.items() if parts}
        torch.save({**value, "mixcli": _about(attention)}, out)
        found.clear()
        del value, mapped
    return left_out


WRITERS: dict[str, Callable[[Attention, BinaryIO], list[str]]] = {
    "safetensors": _safetensors, "npz": _npz, "npy": _npy, "pt": _pt,
}  # fmt: skip
FORMATS = tuple(WRITERS)
"""Formats that attention is written in."""

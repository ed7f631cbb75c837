"""Attention in `.pt` files: the tensors are mapped from the file, and the map is let go from time to time.

What has been read through a map counts as memory of the process until the map is closed. So after some reading the
file is opened anew, which costs a millisecond, and a sweep over many gigabytes stays within a few heads of memory.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError
from mixcli.io.attention_parts import ArrayPart, Part
from mixcli.io.checks import read_all
from mixcli.io.safe_load import MAGIC, ZIP, load, load_mapped
from mixcli.io.stand_ins import LoadedData, Recorded, restore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = ["Tree", "holds_graphs", "pt_tree"]

Tree = Any
"""Parts, text and numbers in dicts and lists; a tuple is an empty one, whatever was in its place."""

KEEP = 2**26
"""Bytes that may be read through one map."""
MAX_PICKLE = 2**26


def pt_tree(path: Path, reading: Reading) -> Tree:
    """What a `.pt` file holds, with parts in place of tensors.

    Raises:
        InputError: damaged, or in need of a class that is not allowed; the message names it.
    """
    with path.open("rb") as file:
        head = file.read(max(map(len, MAGIC)))
    if not head.startswith(ZIP):  # the format before torch 1.6, which cannot be mapped
        with path.open("rb") as file:
            return _tree(load(read_all(file, reading), reading), None, [])
    mapped = Mapped(path, reading)
    return mapped.tree()


def holds_graphs(path: Path) -> bool:
    """Whether a `.pt` file speaks of graphs, as far as the first look at its pickle tells."""
    with path.open("rb") as file:
        head = file.read(2**16)
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
            if archive.getinfo(name).file_size > MAX_PICKLE:
                return True  # thousands of objects, no attention
            head = archive.read(name)
    except (zipfile.BadZipFile, StopIteration, ValueError, OSError, RuntimeError, NotImplementedError):
        pass
    return any(word in head for word in (b"torch_geometric", b"edge_index", b"networkx"))


@dataclass(eq=False)
class Mapped:
    """A file whose tensors are mapped, in the order in which they occur."""

    path: Path
    reading: Reading
    tensors: list[Any] = field(default_factory=list)
    touched: int = 0

    def tree(self) -> Tree:
        """Open the file and give its structure."""
        self.tensors = []
        return _tree(load_mapped(self.path, self.reading), self, self.tensors)

    def at(self, number: int, index: tuple[int, ...]) -> NDArray[Any]:
        """A copy of a slice of one tensor."""
        if not self.tensors or self.touched > KEEP:
            self.tensors.clear()
            self.tree()
            self.touched = 0
        if number >= len(self.tensors):
            raise InputError("a file that stays as it is", "another one", "read it again", where=str(self.path))
        values = _numpy(self.tensors[number][index])
        self.touched += values.nbytes
        return values


@dataclass(frozen=True, eq=False)
class TensorPart:
    """A tensor that is read when it is asked for."""

    file: Mapped
    number: int
    shape: tuple[int, ...]
    dtype: str

    def take(self, *index: int) -> NDArray[Any]:
        """A copy of what lies at the first axes; half precision as float32."""
        return self.file.at(self.number, index)


def _tree(value: Any, file: Mapped | None, tensors: list[Any]) -> Tree:
    import torch

    if isinstance(value, torch.Tensor):
        return _part(value, file, tensors)
    if isinstance(value, Recorded):
        try:
            return ArrayPart(restore(value))
        except ValueError:
            return None
    if isinstance(value, LoadedData):
        return None
    if isinstance(value, dict):
        return {str(k): _tree(v, file, tensors) for k, v in dict.items(value)}
    if isinstance(value, (list, tuple)):
        inner = [_tree(v, file, tensors) for v in value]
        return () if isinstance(value, tuple) and not inner else inner
    return value if isinstance(value, (str, int, float)) else None


def _part(tensor: Any, file: Mapped | None, tensors: list[Any]) -> Part | None:
    """The part for a tensor, None for one that cannot be read: sparse, quantised, or larger than its bytes."""
    import torch

    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.layout == torch.strided
    if not plain or tensor.is_quantized or tensor.device.type != "cpu":
        return None
    tensor = torch.Tensor.detach(tensor)
    if math.prod(tensor.shape) * tensor.dtype.itemsize > tensor.untyped_storage().nbytes():
        return None
    if file is None:
        return ArrayPart(_numpy(tensor)) if tensor.dtype != torch.bfloat16 else None
    tensors.append(tensor)
    name = str(tensor.dtype).removeprefix("torch.")
    return TensorPart(file, len(tensors) - 1, tuple(tensor.shape), name)


def _numpy(tensor: Any) -> NDArray[Any]:
    """A copy as a numpy array; half precision as float32."""
    import torch

    if tensor.dtype in (torch.bfloat16, torch.float16):
        return np.array(tensor.to(torch.float32).numpy())
    return np.array(tensor.numpy(), order="C")

"""Stand-ins for names that a pickle may mention and that it should not get.

A `.pt` file with a numpy attribute needs `numpy.ndarray`, `numpy.dtype` and two functions. The real ones hand state
from the file to numpy's C code. These only record what the file says; `restore` then checks it and copies the bytes.
A PyG `Data` and its storage become plain holders of attributes, which also spares the seconds of importing PyG. A
`defaultdict` becomes a plain dict, which is what torch's unpickler can fill, and `bytes` makes an empty string only.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STAND_INS", "LoadedData", "Recorded", "restore"]

DTYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|c8|c16|U\d{1,6})")


class Recorded:
    """What a pickle says about a numpy value: dtype, shape, order and raw bytes."""

    def __init__(self, dtype: Any = None, raw: Any = None) -> None:
        self.shape: Any = ()
        self.dtype, self.raw, self.fortran = dtype, raw, False

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, self.fortran, self.raw = state


class RecordedType:
    """What a pickle says about a dtype: its code and its byte order."""

    def __init__(self, code: Any, align: Any = False, copy: Any = False) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]


class Marker:
    """In place of a class that a pickle mentions and never makes: `numpy.ndarray`, the classes behind `Data`."""


def record_array(kind: Any, shape: Any, code: Any) -> Recorded:
    """In place of `numpy._core.multiarray._reconstruct`."""
    return Recorded()


def record_scalar(dtype: Any, raw: Any = b"") -> Recorded:
    """In place of `numpy._core.multiarray.scalar`."""
    return Recorded(dtype, raw)


def plain_dict(factory: Any = None) -> dict[Any, Any]:
    """In place of `collections.defaultdict` (PyG's cache of attribute kinds)."""
    return {}


def no_bytes() -> bytes:
    """In place of `bytes`, which an empty numpy array is pickled with."""
    return b""


class LoadedData:
    """In place of a PyG `Data`: the attributes that the file gives it."""

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)


class LoadedStorage(LoadedData):
    """In place of the `GlobalStorage` inside a `Data`."""


def attribute_kind(value: Any) -> None:
    """In place of PyG's enumeration `AttrType`."""


_PYG = "torch_geometric.data"
STAND_INS: list[tuple[Any, str]] = [
    (Marker, "numpy.ndarray"),
    (RecordedType, "numpy.dtype"),
    *((record_array, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    *((record_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    (LoadedData, f"{_PYG}.data.Data"),
    (LoadedStorage, f"{_PYG}.storage.GlobalStorage"),
    (attribute_kind, f"{_PYG}.storage.AttrType"),
    *((Marker, f"{_PYG}.data.{name}") for name in ("DataEdgeAttr", "DataTensorAttr")),
    (plain_dict, "collections.defaultdict"),
    (no_bytes, "builtins.bytes"),
    (Recorded, f"{Recorded.__module__}.Recorded"),  # torch lets a pickle set the state of listed classes only
]
"""For `torch.serialization.safe_globals`: (object, the name it answers to)."""


def restore(recorded: Recorded) -> NDArray[Any]:
    """The array that was recorded.

    Raises:
        ValueError: objects, records or dates, or bytes that do not fit the shape.
    """
    kind, shape, raw = recorded.dtype, recorded.shape, recorded.raw
    code = f"{kind.order}{kind.code}" if isinstance(kind, RecordedType) else ""
    code = code.replace("||", "|").replace("|", "=") if not code.endswith("b1") else "b1"
    if not DTYPE.fullmatch(code):
        raise ValueError("a numpy array that does not hold numbers or text")
    dtype = np.dtype(code)
    if not isinstance(raw, bytes) or not isinstance(shape, tuple) or not all(type(s) is int and s >= 0 for s in shape):
        raise ValueError("a damaged numpy array")
    if len(raw) != math.prod(shape) * dtype.itemsize or not dtype.itemsize or len(shape) > 32:
        raise ValueError("a numpy array whose bytes do not fit its shape")
    if dtype == np.bool_:
        return (np.frombuffer(raw, np.uint8) != 0).reshape(shape)
    array = np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="))
    return array.reshape(shape, order="F" if recorded.fortran else "C")

"""Torch tensors of unknown origin, as numpy arrays.

A loaded object may shadow its own methods with attributes, claim more elements than its bytes hold, or be a subclass
with ideas of its own. So methods are called on the class, sizes are checked before anything is copied, and what has no
plain numpy form is refused.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Unusable", "as_array", "shape_of", "sparse_parts", "stated_size"]

SMALL = 2**20
"""Bytes that an expanded tensor may have, whatever is behind it (`torch.ones(1).expand(n)` is a common mask)."""


class Unusable(ValueError):
    """A value that is not an array we can hold; the message is half a sentence."""


def as_array(value: Any, limit: float = math.inf) -> NDArray[Any]:
    """A tensor, a numpy array or a Python scalar as a numpy array.

    Args:
        value: the value.
        limit: bytes of the file it came from; a larger array cannot have been in there. Infinite for an object of the
            caller's own.

    Raises:
        Unusable: sparse, quantised, nested, too large, or not an array at all.
    """
    if type(value) in (bool, int, float):
        return _scalar(value)
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind not in "biufcU":
            raise Unusable(f"an array of {array.dtype}")
        return array
    import torch

    if not isinstance(value, torch.Tensor):
        raise Unusable(f"a {type(value).__name__}")
    return _dense(_plain(value), limit)


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Shape of a tensor or a numpy array; None for anything else."""
    import torch

    return tuple(value.shape) if isinstance(value, (np.ndarray, torch.Tensor)) else None


def stated_size(value: Any) -> int | None:
    """Number of nodes that PyG's `EdgeIndex` was given, or None."""
    stated = getattr(value, "__dict__", {}).get("_sparse_size")
    sizes = [s for s in stated if type(s) is int] if isinstance(stated, (tuple, list)) else []
    return max(sizes, default=None)


def sparse_parts(value: Any, limit: float = math.inf) -> tuple[str, tuple[int, ...], list[NDArray[Any]]] | None:
    """Layout ("coo", "csr", "csc"), shape and arrays (indices…, values) of a sparse tensor; None for others."""
    import torch

    if not isinstance(value, torch.Tensor):
        return None
    T = torch.Tensor
    parts = {
        torch.sparse_coo: ("coo", (T._indices, T._values)),
        torch.sparse_csr: ("csr", (T.crow_indices, T.col_indices, T.values)),
        torch.sparse_csc: ("csc", (T.ccol_indices, T.row_indices, T.values)),
    }.get(value.layout)
    if parts is None:
        return None
    return parts[0], tuple(value.shape), [_dense(T.detach(part(value)), limit) for part in parts[1]]


def _plain(value: Any) -> Any:
    """The tensor without its subclass."""
    import torch

    if type(value) is not torch.Tensor:
        inner = getattr(value, "__dict__", {}).get("_data")  # PyG's EdgeIndex and Index wrap a tensor
        if inner is not None and type(value).__module__ in ("torch_geometric.edge_index", "torch_geometric.index"):
            return _plain(inner)
        if not isinstance(value, torch.nn.Parameter):
            raise Unusable(f"a {type(value).__name__}")
    return torch.Tensor.detach(value)


def _dense(tensor: Any, limit: float) -> NDArray[Any]:
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested or tensor.device.type == "meta":
        raise Unusable(f"a tensor of layout {tensor.layout} on {tensor.device}")
    size = math.prod(tensor.shape) * tensor.dtype.itemsize
    if not math.isinf(limit) and size > max(SMALL, min(limit, tensor.untyped_storage().nbytes())):
        raise Unusable(f"a tensor of {size} bytes in a file that does not hold them")
    tensor = torch.Tensor.cpu(tensor).resolve_conj().resolve_neg()
    if tensor.dtype == torch.bfloat16 or "float8" in str(tensor.dtype):
        tensor = tensor.to(torch.float32)
    try:
        return tensor.numpy()
    except (TypeError, RuntimeError):
        raise Unusable(f"a tensor of {tensor.dtype}") from None


def _scalar(value: bool | int | float) -> NDArray[Any]:
    try:
        return np.array(value, dtype={bool: np.bool_, int: np.int64, float: np.float64}[type(value)])
    except OverflowError:
        raise Unusable("an integer beyond 64 bits") from None

"""PyG's collated datasets, taken apart: `(data, slices)`, `(dict, slices, Data)` and TUDataset's four-tuple.

All graphs lie end to end in one tensor per attribute; `slices` says where each begins. Node numbers start from zero in
every graph, so that taking apart is slicing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.io.tensors import Unusable, as_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["separate"]


def separate(whole: Mapping[str, Any], slices: Mapping[Any, Any], limit: float) -> list[dict[str, Any]]:
    """The attributes of each graph, as views.

    Args:
        whole: attribute -> values of all graphs.
        slices: attribute -> (N + 1,) bounds.
        limit: bytes of the file.

    Raises:
        Unusable: slices that are not bounds, or that disagree on the number of graphs.
    """
    bounds = {key: _bounds(key, value) for key, value in slices.items() if isinstance(key, str) and key in whole}
    numbers = whole.get("_num_nodes")
    counts = {len(b) - 1 for b in bounds.values()}
    if len(counts) != 1:
        raise Unusable("slices that disagree on the number of graphs")
    count = counts.pop()
    graphs: list[dict[str, Any]] = [{} for _ in range(count)]
    for key, bound in bounds.items():
        values = whole[key]
        if isinstance(values, (list, tuple)):
            if len(values) < count:
                raise Unusable(f"{len(values)} values of {key} for {count} graphs")
            parts: list[Any] = list(values[:count])
        else:
            parts = _cut(key, as_array(values, limit), bound)
        for graph, part in zip(graphs, parts, strict=True):
            graph[key] = part
    if numbers is not None:
        if not isinstance(numbers, (list, tuple)) or len(numbers) != count:
            raise Unusable(f"numbers of nodes that do not fit {count} graphs")
        for graph, n in zip(graphs, numbers, strict=True):
            graph["num_nodes"] = n
    return graphs


def _bounds(key: str, value: Any) -> NDArray[np.int64]:
    bounds = np.asarray(value, dtype=np.int64) if isinstance(value, list) and _integers(value) else as_array(value)
    if bounds.ndim != 1 or bounds.dtype.kind not in "iu" or len(bounds) == 0 or bounds[0] < 0:
        raise Unusable(f"slices of {key} that are not bounds")
    if (np.diff(bounds.astype(np.int64)) < 0).any():
        raise Unusable(f"slices of {key} that do not ascend")
    return bounds.astype(np.int64)


def _integers(values: list[Any]) -> bool:
    return all(type(v) is int and 0 <= v < 2**62 for v in values)


def _cut(key: str, values: NDArray[Any], bounds: NDArray[np.int64]) -> list[NDArray[Any]]:
    if values.ndim == 0:
        raise Unusable(f"{key} without an axis to slice")
    axis = values.ndim - 1 if "index" in key or key == "face" else 0
    if bounds[-1] > values.shape[axis]:
        raise Unusable(f"slices of {key} beyond its {values.shape[axis]} entries")
    turned = np.moveaxis(values, axis, 0)
    ends = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    return [np.moveaxis(turned[low:high], 0, axis) for low, high in ends]

"""The bytes of a pickled PyG `Data`, made without importing PyG, which takes seconds.

A pickle holds the names of classes and the attributes of objects. So objects of classes here are pickled under the
names that PyG gives its own; who loads the file gets a `Data` as if PyG had written it, byte for byte.
"""

from __future__ import annotations

import pickle
import types
from typing import Any, BinaryIO

__all__ = ["TAKEN", "save"]

_TAKEN = (
    "apply apply_ batch clone coalesce concat connected_components contains_isolated_nodes contains_self_loops "
    "contiguous coo cpu csc csr cuda debug detach detach_ edge_attr edge_attrs edge_index edge_stores edge_subgraph "
    "edge_weight face from_dict generate_ids get_all_edge_attrs get_all_tensor_attrs get_edge_index get_tensor "
    "get_tensor_size has_isolated_nodes has_self_loops is_coalesced is_cuda is_directed is_edge_attr is_node_attr "
    "is_sorted is_sorted_by_time is_undirected keys mro multi_get_tensor node_attrs node_offsets node_stores "
    "num_edge_features num_edge_types num_edges num_faces num_features num_node_features num_node_types num_nodes "
    "pin_memory pos put_edge_index put_tensor record_stream register remove_edge_index remove_tensor requires_grad_ "
    "share_memory_ size snapshot sort sort_by_time stores stores_as subgraph time to to_dict to_heterogeneous "
    "to_namedtuple up_to update update_tensor validate view x y"
)
TAKEN = frozenset(_TAKEN.split())
"""Attributes that PyG's class `Data` has of its own."""


class _Data:
    """In place of `Data`."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        self._edge_attr_cls, self._tensor_attr_cls = _EdgeAttr, _TensorAttr
        self._store = _Store(attributes, self)


class _Store:
    """In place of `GlobalStorage`."""

    def __init__(self, attributes: dict[str, Any], parent: _Data) -> None:
        self._mapping, self._parent = attributes, parent


class _EdgeAttr:
    """In place of `DataEdgeAttr`, of which a `Data` mentions the class."""


class _TensorAttr:
    """In place of `DataTensorAttr`, likewise."""


_NAMES: dict[Any, tuple[str, str]] = {
    _Data: ("torch_geometric.data.data", "Data"),
    _EdgeAttr: ("torch_geometric.data.data", "DataEdgeAttr"),
    _TensorAttr: ("torch_geometric.data.data", "DataTensorAttr"),
    _Store: ("torch_geometric.data.storage", "GlobalStorage"),
}


class _Pickler(pickle._Pickler):
    """Writes the classes above under PyG's names; the pickler in C would import what it names."""

    def save_global(self, obj: Any, name: str | None = None) -> None:  # not in the type stubs
        known = _NAMES.get(obj) if isinstance(obj, type) else None
        if known is None:
            super().save_global(obj, name)  # type: ignore[misc]
            return
        module, qualname = known
        self.write(pickle.GLOBAL + f"{module}\n{qualname}\n".encode())  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]


def save(tables: list[dict[str, Any]], stream: BinaryIO) -> None:
    """Write what `torch.save` writes of one `Data`, or of a list of several.

    Args:
        tables: attribute -> tensor, number, text or list, a table for each `Data`.
        stream: where to.
    """
    import torch

    several = [_Data(attributes) for attributes in tables]
    module = types.SimpleNamespace(Pickler=_Pickler, __name__="pickle")
    torch.save(several[0] if len(several) == 1 else several, stream, pickle_module=module)

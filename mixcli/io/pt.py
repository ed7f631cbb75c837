"""PyTorch `.pt`: a `Data`, a list of them, a collated dataset, a dict of tensors, or a bare tensor.

A bare (2, k) integer tensor is an edge_index, a square one (dense or sparse) an adjacency matrix; one of three axes or
more holds masks, and so does a dict that mixcli wrote (`mixcli.io.masks_archive`). Loading is
`mixcli.io.safe_load`, attributes are read by `mixcli.io.pyg`.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

from mixcli.errors import UsageError
from mixcli.graph import Graph
from mixcli.io import masks_archive
from mixcli.io.arrays import from_array, from_listing
from mixcli.io.base import WHOLE_GRAPH, WHOLE_MASKS, Format, Reading, Thing
from mixcli.io.checks import check_nodes, one, read_all
from mixcli.io.collated import separate
from mixcli.io.pyg import adjacency, graph_of, levels_of, mapping_of_data
from mixcli.io.safe_load import MAGIC, load
from mixcli.io.stand_ins import LoadedData, Recorded, restore
from mixcli.io.tensors import Unusable, as_array, sparse_parts
from mixcli.sequence import MaskSequence

__all__ = ["FORMAT", "parts", "read", "write"]

HINT = "save a Data, a list of Data, a dict with edge_index, or an adjacency tensor"
Item = dict[str, Any] | Any


def read(stream: BinaryIO, reading: Reading) -> Iterator[Thing]:
    """The graphs of a file, made one at a time, or its masks."""
    data = read_all(stream, reading)
    loaded, size = load(data, reading), len(data)
    step = reading.step("pt")
    del data
    masks = _masks(loaded, size, reading)
    if masks is not None:
        yield from masks
        return
    try:
        items, single = _items(loaded, float(size))
    except Unusable as error:
        raise reading.error("graphs in a form PyG saves", str(error), HINT) from error
    levels = levels_of((item for item in items if isinstance(item, dict)), size)
    for number, item in enumerate(items):
        here = reading if single else dataclasses.replace(reading, name=f"{reading.name}[{number}]")
        if isinstance(item, dict):
            yield graph_of(item, here, limit=size, levels=levels, step=step)
        else:
            yield _bare(item, here, size, step)


def parts(data: bytes, reading: Reading) -> Any:
    """What a file holds as arrays: one, a list of them, or a dict of them and of text.

    Args:
        data: the whole file.
        reading: for messages.

    Raises:
        InputError: it holds something else.
    """
    loaded, size = load(data, reading), len(data)
    try:
        if isinstance(loaded, dict):
            named = {str(k): v for k, v in _resolved(loaded).items()}
            return {k: np.array(v) if isinstance(v, str) else as_array(v, size) for k, v in named.items()}
        if isinstance(loaded, (list, tuple)):
            return [as_array(_resolved({0: value})[0], size) for value in loaded]
        return as_array(_resolved({0: loaded})[0], size)
    except Unusable as error:
        raise reading.error("arrays", str(error), "save tensors; `.contiguous()` unfolds an expanded one") from error


def write(graphs: Iterable[Graph | MaskSequence], stream: BinaryIO) -> None:
    """One graph as a `Data`, several as a list, a mask sequence as a dict; equal ones give equal bytes."""
    things = iter(graphs)
    first = next(things, None)
    if isinstance(first, MaskSequence):
        _write_masks(one(itertools.chain([first], things), "pt"), stream)
    elif first is not None:
        _write_graphs(itertools.chain([first], map(_graph_only, things)), stream)


def _graph_only(thing: Graph | MaskSequence) -> Graph:
    if isinstance(thing, MaskSequence):
        raise UsageError("graphs alone, or one mask sequence, in pt", "both", "write jsonl, or files of their own")
    return thing


def _write_masks(sequence: Any, stream: BinaryIO) -> None:
    import torch

    arrays = masks_archive.arrays_of(sequence)
    text = {"mixcli": str(arrays.pop("mixcli"))}
    buffer = io.BytesIO()
    torch.save(text | {name: torch.from_numpy(values) for name, values in arrays.items()}, buffer)
    stream.write(buffer.getbuffer())


def _masks(loaded: Any, size: int, reading: Reading) -> Iterator[MaskSequence] | None:
    """The mask sequence of a dict that mixcli wrote, or of a bare tensor of three axes or more."""
    import torch

    try:
        if isinstance(loaded, torch.Tensor) and loaded.ndim > 2:
            return masks_archive.from_array(as_array(loaded, size), reading, "pt")
        head = masks_archive.head_in(loaded.get("mixcli")) if isinstance(loaded, dict) else None
        if head is None:
            return None
        arrays = {str(k): as_array(v, size) for k, v in loaded.items() if k != "mixcli"}
    except Unusable as error:
        raise reading.error("masks", str(error), "save tensors; `.contiguous()` unfolds an expanded one") from error
    return iter([masks_archive.sequence_in(head, arrays, reading, reading.step("pt"))])


def _write_graphs(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    from mixcli.io.adapters import attribute_tables
    from mixcli.io.pyg_pickle import save

    buffer = io.BytesIO()
    save(attribute_tables(graphs), buffer)
    stream.write(buffer.getbuffer())


def _items(loaded: Any, limit: float) -> tuple[list[Item], bool]:
    """What is to become a graph each, and whether the file is about a single one."""
    if isinstance(loaded, tuple) and 2 <= len(loaded) <= 4 and isinstance(loaded[1], dict):
        whole = _mapping(loaded[0])
        if whole is not None:
            return list(separate(whole, _resolved(loaded[1]), limit)), False
    if isinstance(loaded, (list, tuple)):
        return [_item(part) for part in loaded], False
    return [_item(loaded)], True


def _item(value: Any) -> Item:
    """Attributes of a `Data` or a dict; a tensor as it is."""
    import torch

    mapping = _mapping(value)
    if mapping is not None:
        return mapping
    value = _resolved({"value": value})["value"]
    if isinstance(value, torch.Tensor) or type(value).__module__ == "numpy":
        return value
    raise Unusable(f"a {type(value).__name__}")


def _mapping(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return _resolved({k: v for k, v in dict.items(value) if isinstance(k, str)})
    if type(value) is LoadedData:
        return _resolved(mapping_of_data(value))
    return None


def _resolved(mapping: dict[Any, Any]) -> dict[Any, Any]:
    """The mapping with recorded numpy arrays restored, where they can be."""
    found = {}
    for key, value in mapping.items():
        try:
            found[key] = restore(value) if isinstance(value, Recorded) else value
        except ValueError:
            found[key] = value  # whoever needs it will refuse it by name
    return found


def _bare(value: Any, reading: Reading, size: int, step: Any) -> Graph:
    """The graph of a tensor without a name."""
    try:
        if sparse_parts(value, size) is None:
            return from_array(as_array(value, size), reading, step, columns=True)
        arcs, weight = adjacency(value, reading, size)
    except Unusable as error:
        raise reading.error("an edge_index or an adjacency matrix", str(error), HINT) from error
    n = check_nodes(int(value.shape[0]), size, reading)
    return from_listing(n, arcs, reading, step, weight=weight)


def _sniff(head: bytes) -> bool:
    length = int.from_bytes(head[26:28], "little")
    zipped = head.startswith(MAGIC[0]) and head[30 : 30 + length].endswith(b"data.pkl")
    return zipped or head.startswith(MAGIC[1])


FORMAT = Format(
    name="pt",
    title="PyTorch (PyG Data, lists, collated datasets, tensors)",
    suffixes=(".pt", ".pth"),
    sniff=_sniff,
    read=read,
    write=write,
    text=False,
    many=True,
    holds=WHOLE_GRAPH,
    masks=WHOLE_MASKS,
)

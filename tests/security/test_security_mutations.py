"""Files with any part replaced by junk: read, or refused by an error of ours."""

import io
import itertools
import json
from typing import Any

import numpy as np
import torch
from hostile import PATH, only_our_errors, saved
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.graph import Graph, LayerPlan
from mixcli.io import jsonl, node_link, npy, npz, pt
from mixcli.io.base import Format
from mixcli.provenance import Step

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 5), st.floats(allow_nan=False), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


def spliced(form: Any, junk: Any, place: int) -> Any:
    """A copy of a JSON value in which the node number `place` (in depth-first order) is `junk`."""
    count = itertools.count()

    def walk(value: Any) -> Any:
        if next(count) == place:
            return junk
        if isinstance(value, dict):
            return {key: walk(part) for key, part in value.items()}
        return [walk(part) for part in value] if isinstance(value, list) else value

    return walk(form)


@settings(max_examples=60, deadline=None)
@given(junk=JSON, place=st.integers(0, 60), linked=st.booleans())
def test_json_with_any_part_replaced(junk: Any, place: int, linked: bool) -> None:
    graph = Graph(
        3, np.array([[0, 1], [1, 2]]), weight=np.array([1.0, 2]), labels=("a", "b", "c"), plan=LayerPlan("paper"),
        node={"x": np.ones((3, 1), np.float32), "y": np.arange(3)}, edge={"t": np.array([True, False])},
        graph={"z": np.array(np.nan)}, provenance=(Step("rewire", "sdrf", 1, None, {"added": 1}),),
    )  # fmt: skip
    module: Any = node_link if linked else jsonl
    form = spliced(module.object_of(graph), junk, place)
    only_our_errors(module.FORMAT, json.dumps(form).encode())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), format=st.sampled_from([npy.FORMAT, npz.FORMAT, pt.FORMAT]))
def test_files_with_any_bytes_replaced(data: st.DataObject, format: Format) -> None:
    out = io.BytesIO()
    format.write(
        [Graph(3, np.array([[0, 1], [1, 2]]), node={"x": np.ones((3, 2), np.float32)}, labels=("a", "b", "c"))], out
    )
    file = bytearray(out.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(file) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=4))
        file[at : at + len(piece)] = piece
    only_our_errors(format, bytes(file))


@settings(max_examples=60, deadline=None)
@given(
    junk=st.one_of(JSON, st.sampled_from([torch.ones(2), torch.ones(()), PATH, torch.ones(3, 3).to_sparse()])),
    key=st.sampled_from(
        ["edge_index", "x", "num_nodes", "_num_nodes", "edge_weight", "edge_weight_exact", "adj_t", "node_labels",
         "mixcli_layout", "mixcli_plan", "mixcli_provenance", "y", "edge_attr", "train_mask", 7]
    ),
    collated=st.booleans(),
)  # fmt: skip
def test_pt_with_any_attribute_replaced(junk: Any, key: Any, collated: bool) -> None:
    attributes: dict[Any, Any] = {"edge_index": PATH, "x": torch.ones(3, 1), "edge_weight": torch.ones(4), key: junk}
    slices = {
        "edge_index": torch.tensor([0, 4]),
        "x": torch.tensor([0, 3]),
        "edge_weight": torch.tensor([0, 4]),
        key: junk,
    }
    if key == "mixcli_layout" and isinstance(junk, dict):
        attributes[key] = json.dumps({"node": junk, "text": junk, "name": junk, **junk})
    only_our_errors(pt.FORMAT, saved((attributes, slices) if collated else attributes))

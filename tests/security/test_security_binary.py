"""Hostile binary and JSON files: no code runs, no memory is taken on a file's word, and the error is one line."""

import base64
import contextlib
import io
import itertools
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.loader import ClusterData

from mixcli.errors import InputError, LimitExceeded, MixcliError
from mixcli.graph import Graph, LayerPlan
from mixcli.io import checks, jsonl, node_link, npy, npz, pt
from mixcli.io.base import Format, Reading
from mixcli.io.pickle_scan import check_pickle
from mixcli.provenance import Step

PATH = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])


class Runs:
    """Pickles to a call of os.mkdir, which a test can see afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


class Evaluates:
    """Pickles to a call of eval."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return eval, (f"__import__('os').mkdir({str(self.path)!r})",)


def saved(value: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def read(format: Format, data: bytes) -> list[Any]:
    return list(format.read(io.BytesIO(data), Reading("file")))


def refused(format: Format, data: bytes, message: str) -> None:
    with pytest.raises(MixcliError, match=message) as caught:
        read(format, data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("file")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("kind", [Runs, Evaluates])
@pytest.mark.parametrize("place", ["bare", "dict", "data", "list"])
def test_pt_runs_no_code(tmp_path: Path, kind: Any, place: str, legacy: bool) -> None:
    victim = tmp_path / "made"
    attack = kind(victim)
    data = Data(edge_index=PATH, num_nodes=3)
    data["extra"] = attack
    value = {"bare": attack, "dict": {"edge_index": PATH, "a": attack}, "data": data, "list": [PATH, attack]}[place]
    file = saved(value, _use_new_zipfile_serialization=not legacy)
    refused(pt.FORMAT, file, "posix.mkdir|eval")
    assert not victim.exists()


def test_pt_names_what_a_bare_pickle_would_call(tmp_path: Path) -> None:
    victim = tmp_path / "made"
    refused(pt.FORMAT, pickle.dumps(Runs(victim), protocol=2), "posix.mkdir")
    refused(pt.FORMAT, pickle.dumps(Runs(victim), protocol=4), "names made at run time")
    assert not victim.exists()


def test_pt_classes_registered_by_others_are_not_allowed(tmp_path: Path) -> None:
    """Importing torch_geometric allows ClusterData, whose constructor loads a file of our choice without any limits."""
    victim, folder = tmp_path / "made", tmp_path / "part_1"
    folder.mkdir()
    torch.save(Runs(victim), folder / "metis.pt")

    class Clusters:
        def __reduce__(self) -> Any:
            return ClusterData, (Data(edge_index=PATH, num_nodes=3), 1, False, str(tmp_path))

    assert ClusterData in torch.serialization.get_safe_globals()
    refused(pt.FORMAT, saved(Clusters()), "cluster.ClusterData")
    assert not victim.exists()


@pytest.mark.parametrize("value", [PATH, nx.path_graph(3)])
def test_pt_leaves_the_list_of_allowed_classes_as_it_was(value: Any) -> None:
    before = set(torch.serialization.get_safe_globals())
    with contextlib.suppress(InputError):
        read(pt.FORMAT, saved(value))
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Batch.from_data_list([Data(edge_index=PATH, num_nodes=3)]), "to_data_list"),
        (HeteroData(), "HeteroData"),
        (nx.path_graph(3), "write_graphml"),
        (np.random.default_rng(0), "numpy.random"),
        (Path("a"), "pathlib"),
        (np.array([{}], dtype=object), "found a Recorded|does not hold"),
    ],
    ids=["Batch", "HeteroData", "networkx", "generator", "path", "objects"],
)
def test_pt_refuses_other_classes_by_name(value: Any, message: str) -> None:
    refused(pt.FORMAT, saved(value), message)


def test_pt_heterodata_with_content() -> None:
    value = HeteroData()
    value["a"].x = torch.ones(2, 1)
    value["a", "to", "a"].edge_index = PATH
    refused(pt.FORMAT, saved(value), "to_homogeneous")


@pytest.mark.parametrize(
    "data",
    [
        Data(edge_index=PATH, num_nodes=10**12),
        Data(edge_index=PATH, num_nodes=2**31 - 2),
        Data(edge_index=PATH, num_nodes=-1),
        Data(edge_index=torch.tensor([[0], [10**9]])),
        Data(edge_index=torch.zeros(2, 1, dtype=torch.long).expand(2, 10**9), num_nodes=3),
        Data(edge_index=PATH, num_nodes=3, edge_weight=torch.ones(1).expand(10**9)),
        torch.zeros(1).expand(10**6, 10**6),
        torch.zeros(1, dtype=torch.long).expand(2, 10**9),
        torch.sparse_coo_tensor(torch.tensor([[0], [1]]), torch.ones(1), (10**9, 10**9), check_invariants=True),
        Data(
            adj=torch.sparse_coo_tensor(torch.tensor([[0], [1]]), torch.ones(1), (10**9, 10**9), check_invariants=True)
        ),
    ],
    ids=range(10),
)
def test_pt_claims_larger_than_the_file(data: Any) -> None:
    with pytest.raises(MixcliError):
        read(pt.FORMAT, saved(data))


def test_pt_expanded_payload_is_left_out_and_named() -> None:
    (graph,) = read(pt.FORMAT, saved(Data(edge_index=PATH, num_nodes=3, big=torch.zeros(1).expand(10**9))))
    assert graph.notes["left_out"] == ["big"]


def test_pt_tensor_beyond_its_storage() -> None:
    """A size in the pickle that exceeds the bytes of the record makes torch enlarge the storage with what was there."""
    file = saved(torch.zeros(2, 3, dtype=torch.long))
    pickled = zipfile.ZipFile(io.BytesIO(file)).read("archive/data.pkl")
    small, large = b"K\x02K\x03\x86", b"K\x02J\x00\x00\x00\x20\x86"
    assert small in pickled
    source, out = zipfile.ZipFile(io.BytesIO(file)), io.BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        for name in source.namelist():
            data = source.read(name)
            changed.writestr(name, data.replace(small, large, 1) if name.endswith("data.pkl") else data)
    with pytest.raises(InputError):
        read(pt.FORMAT, out.getvalue())


def test_pt_methods_shadowed_by_attributes_are_not_called() -> None:
    data = Data(edge_index=PATH, num_nodes=3)
    data.__dict__["keys"] = data.__dict__["to_dict"] = "not a method"
    weird = torch.ones(4)
    weird.numpy = weird.detach = "not a method"  # type: ignore[method-assign, assignment]
    data["edge_weight"] = weird
    (graph,) = read(pt.FORMAT, saved(data))
    assert graph.m == 2


def test_pt_recorded_numpy_state_is_checked() -> None:
    for state in [
        (1, (10**9,), np.dtype("f8"), False, b"\0" * 8),
        (1, (2,), "f8", False, b"\0" * 16),
        (1, "xx", np.dtype("f8"), False, b"\0" * 16),
    ]:
        data = Data(edge_index=PATH, num_nodes=3, bad=_Array(state))
        (graph,) = read(pt.FORMAT, saved(data))
        assert graph.notes["left_out"] == ["bad"]


class _Array:
    """Pickles as a numpy array with a state of our choice."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def __reduce__(self) -> Any:
        return np.array(0).__reduce__()[0], (np.ndarray, (0,), b"b"), self.state


def test_pt_compressed_members_are_refused() -> None:
    source, out = zipfile.ZipFile(io.BytesIO(saved(torch.zeros(1000, 1000)))), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in source.namelist():
            packed.writestr(name, source.read(name))
    refused(pt.FORMAT, out.getvalue(), "grows on reading")


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"\x80\x02.", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", b"abc"],
)
def test_pt_rubbish(data: bytes) -> None:
    refused(pt.FORMAT, data, "torch.save")


@pytest.mark.parametrize("cut", [100, 300, 600, -1])
def test_pt_cut_off(cut: int) -> None:
    refused(pt.FORMAT, saved(Data(edge_index=PATH, num_nodes=3))[:cut], "torch.save")


def test_pt_collated_slices_are_checked() -> None:
    data = {"edge_index": PATH, "x": torch.ones(3, 1)}
    for slices in [
        {"edge_index": torch.tensor([0, 10**9]), "x": torch.tensor([0, 3])},
        {"edge_index": torch.tensor([4, 0]), "x": torch.tensor([0, 3])},
        {"edge_index": torch.tensor([0, 2, 4]), "x": torch.tensor([0, 3])},
        {"edge_index": torch.tensor([0.0, 4.0]), "x": torch.tensor([0, 3])},
        {},
        {"edge_index": "ab"},
    ]:
        refused(pt.FORMAT, saved((data, slices, Data)), "PyG saves")


# npy and npz ---------------------------------------------------------------------------------------------------------


def test_npy_header_is_not_believed() -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }\n"
    refused(npy.FORMAT, b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header, "as many bytes")
    nested = b"(" * 5000
    refused(npy.FORMAT, b"\x93NUMPY\x01\x00" + len(nested).to_bytes(2, "little") + nested, "damaged header")


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(f"{name}.npy", data)
    return out.getvalue()


def test_npz_runs_no_code(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.savez(out, edges=np.array([Runs(tmp_path / "made")], dtype=object))
    refused(npz.FORMAT, out.getvalue(), "dtype object")
    assert not (tmp_path / "made").exists()


def test_npz_bomb_is_refused_before_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "room", lambda: 10**6)
    bomb = archive(adj=npy.encode(np.zeros((1000, 1000))))
    assert len(bomb) < 10**5
    with pytest.raises(LimitExceeded, match="unpacked"):
        read(npz.FORMAT, bomb)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"edges": b"\x93NUMPY"}, "damaged header"),
        ({"nothing": npy.encode(np.zeros(3))}, "an array named"),
        ({"mixcli": npy.encode(np.array("{"))}, "damaged"),
        ({"mixcli": npy.encode(np.array("[" * 10**5))}, "damaged"),
        ({"mixcli": npy.encode(np.array('{"schema":"mixcli.graph/2","n":1,"directed":false}'))}, "mixcli.graph/1"),
        ({"mixcli": npy.encode(np.array('{"schema":"mixcli.graph/1","n":1000000000000,"directed":false}'))}, "nodes"),
        ({"mixcli": npy.encode(np.array('{"schema":"mixcli.graph/1","n":3,"directed":false}'))}, "'edges'"),
        ({"edges": npy.encode(np.array([[0, 10**9]] * 3))}, "nodes"),
        ({"n": npy.encode(np.array(10**12)), "edges": npy.encode(np.array([[0, 1]] * 3))}, "nodes"),
        ({"edge_index": npy.encode(np.array([[0.5], [1]]))}, "float64"),
    ],
    ids=range(10),
)
def test_npz_contradictions(members: dict[str, bytes], message: str) -> None:
    refused(npz.FORMAT, archive(**members), message)


def test_npz_damage() -> None:
    good = archive(edges=npy.encode(np.arange(2000).reshape(-1, 2)))
    broken = bytearray(good)
    broken[200:210] = b"\xff" * 10
    refused(npz.FORMAT, bytes(broken), "damaged|as many bytes")
    refused(npz.FORMAT, good[:-10], "npz archive")
    refused(npz.FORMAT, archive(), "1 to 10000 arrays")


def test_endless_input_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    class Zeros(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return bytes(min(size, 2**20))

    monkeypatch.setattr(checks, "room", lambda: 10**7)
    with pytest.raises(LimitExceeded, match="for the memory that is free"):
        next(npy.FORMAT.read(Zeros(), Reading("pipe")))  # type: ignore[arg-type]


# JSON ----------------------------------------------------------------------------------------------------------------


def line(**changes: Any) -> bytes:
    return json.dumps({"schema": "mixcli.graph/1", "n": 3, "edges": [[0, 1]], **changes}).encode()


ARRAY = {"dtype": "float64", "shape": [3], "data": base64.b64encode(bytes(24)).decode()}


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 10**6, b'{"a":' * 10**5, b"{", b"[]", b"7", b"\xff\xfe", b'{"schema":"mixcli.analysis/1"}',
        line(schema="mixcli.graph/2"), line(n=10**12), line(n=-1), line(n=True), line(n="3"), line(n=None),
        line(directed=1), line(edges=[[0, 1, 2]]), line(edges=[[0, 3]]), line(edges=[[-1, 0]]), line(edges=[[0, 1.0]]),
        line(edges=[[0, 2**70]]), line(edges="ab"), line(edges=None), line(edges={"dtype": "int64"}),
        line(weight=["a"]), line(weight=[1, 2]), line(weight=5), line(weight=[-1.0]), line(labels=["a"]),
        line(labels="abc"), line(labels=[1, 2, 3]), line(node=[]), line(node={"x": [1, 2]}), line(node={"x": 1}),
        line(node={"x": [1, "a", 2]}), line(node={"x": {**ARRAY, "dtype": "object"}}),
        line(node={"x": {**ARRAY, "shape": [10**12]}}), line(node={"x": {**ARRAY, "shape": [-3]}}),
        line(node={"x": {**ARRAY, "shape": "3"}}), line(node={"x": {**ARRAY, "data": "!!!!"}}),
        line(node={"x": {**ARRAY, "data": "AAAA"}}), line(node={"x": [2**70, 1, 1]}), line(node={"x": {}}),
        b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]],"weight":[NaN]}',
        b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]],"weight":[1e999]}',
        b'{"schema":"mixcli.graph/1","n":' + b"9" * 5000 + b',"edges":[]}',
        b'{"schema":"mixcli.graph/1","n":2,"edges":[[0,1]]} trailing',
    ],
    ids=range(45),
)  # fmt: skip
def test_jsonl_line_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"file:2") as caught:
        read(jsonl.FORMAT, line() + b"\n" + data + b"\n")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_jsonl_long_lines_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE", 1000)
    refused(jsonl.FORMAT, line() + b"\n" + b" " * 2000, "at most 1000 bytes")


def test_jsonl_strange_provenance_does_not_stop_a_read() -> None:
    (graph,) = read(jsonl.FORMAT, line(provenance=[7, {"op": [], "notes": 3, "seed": "x"}], plan=[1], name=5))
    assert graph.m == 1


@pytest.mark.parametrize(
    "form",
    [
        [], 7, {"nodes": 3, "edges": []}, {"nodes": [], "edges": 3}, {"nodes": [1], "edges": []}, {"nodes": []},
        {"nodes": [{"id": 1}, {"id": 1}], "edges": []}, {"nodes": [{"id": 1}, {}], "edges": []},
        {"nodes": [{"id": {}}], "edges": []}, {"nodes": [{"id": 1}], "edges": [{"source": 1}]},
        {"nodes": [{"id": 1}], "edges": [{"source": 1, "target": 2}]},
        {"nodes": [{"id": 1}], "edges": [{"source": 1, "target": [1]}]},
        {"nodes": [{"id": 1}, {"id": 2}], "edges": [{"source": 1, "target": 2, "weight": "a"}]},
        {"nodes": [{"id": 1}, {"id": 2}], "edges": [{"source": 1, "target": 2, "weight": -1}]},
        {"nodes": [{"id": 1}, {"id": 2}], "edges": [{"source": 1, "target": 2, "weight": 10**400}]},
        {"nodes": [{"id": 1}], "edges": [], "graph": {"mixcli": {"node": {"x": {**ARRAY, "dtype": "f"}}}}},
    ],
    ids=range(16),
)  # fmt: skip
def test_node_link_contradictions(form: Any) -> None:
    refused(node_link.FORMAT, json.dumps(form).encode(), "expected")


def test_node_link_attacks() -> None:
    refused(node_link.FORMAT, b'{"nodes":' + b"[" * 10**6, "nested too deeply|JSON|Expecting")
    refused(node_link.FORMAT, b'{"nodes":[{"id":0,"a":NaN}],"edges":[]}', "NaN")
    deep = b'{"nodes":[{"id":' + b"[" * 500 + b"]" * 500 + b'}],"edges":[]}'
    refused(node_link.FORMAT, deep, "node id")
    many = json.dumps({"nodes": [{"id": i, f"k{i}": 1} for i in range(5000)], "edges": []}).encode()
    refused(node_link.FORMAT, many, "rare ones")


# Planetoid's pickles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_raw_pickles_are_checked_before_they_are_opened(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "ind.cora.x"
    path.write_bytes(pickle.dumps(Runs(tmp_path / "made"), protocol=protocol))
    with pytest.raises(InputError, match=r"posix\.mkdir|STACK_GLOBAL"):
        check_pickle(path)
    path.write_bytes(b"not a pickle")
    with pytest.raises(InputError):
        check_pickle(path)
    assert not (tmp_path / "made").exists()


# Mutations -----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 5), st.floats(allow_nan=False), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


def only_our_errors(format: Format, data: bytes) -> None:
    with contextlib.suppress(MixcliError):
        read(format, data)


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


@pytest.mark.parametrize("data", [bytes(range(256)) * 8, b"PK\x03\x04" + bytes(range(256)), b"\x80\x02}.", b"x" * 999])
def test_noise_is_refused_before_torch_is_imported(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(data)
    code = (
        "import sys\nfrom mixcli.errors import InputError\nfrom mixcli.io import stream\n"
        "try:\n    list(stream.read(sys.argv[1], format='pt'))\n"
        "except InputError as error:\n    print(error, 'torch' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.pt")], capture_output=True, text=True)
    assert ran.stdout.count("\n") == 1
    assert ran.stdout.endswith("False\n")

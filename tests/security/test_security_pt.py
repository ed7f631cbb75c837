"""Hostile .pt files and pickles: no code runs, and no memory is taken on a file's word."""

import contextlib
import io
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
from hostile import PATH, Evaluates, Runs, read, refused, saved
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.loader import ClusterData

from mixcli.errors import InputError, MixcliError
from mixcli.io import pt
from mixcli.io.pickle_scan import check_pickle


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

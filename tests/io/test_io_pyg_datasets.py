"""`pyg:` datasets: names, published counts, where raw files may lie, and that a given folder stays as it is."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mixcli.errors import InputError, UsageError
from mixcli.graph import Graph
from mixcli.io import pyg_datasets
from mixcli.io.pyg_datasets import describe, load, names

DATA = Path(os.environ.get("MIXCLI_TEST_DATA", "/nonexistent"))
real = pytest.mark.skipif(not DATA.is_dir(), reason="MIXCLI_TEST_DATA does not name the folder of real graphs")


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cache of our own, shared by the tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformdirs.user_cache_path", lambda name: tmp_path_factory.getbasetemp() / "cache" / name)
        yield


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads that fail at once, as without a network."""
    from torch_geometric.datasets import Planetoid, TUDataset

    def fail(self: Any) -> None:
        raise OSError("no network")

    for cls in (Planetoid, TUDataset):
        monkeypatch.setattr(cls, "download", fail)


def tiny_tu(root: Path, name: str = "TINY") -> Path:
    """Raw files of two graphs, a triangle and an edge."""
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    arcs = ["1, 2", "2, 1", "2, 3", "3, 2", "1, 3", "3, 1", "4, 5", "5, 4"]
    (folder / f"{name}_A.txt").write_text("\n".join(arcs) + "\n")
    (folder / f"{name}_graph_indicator.txt").write_text("1\n1\n1\n2\n2\n")
    (folder / f"{name}_graph_labels.txt").write_text("1\n-1\n")
    (folder / f"{name}_node_labels.txt").write_text("0\n1\n0\n1\n1\n")
    return folder


def snapshot(root: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in root.rglob("*")}


def test_names_and_descriptions() -> None:
    assert "pyg:Planetoid/Cora" in names()
    assert "pyg:Actor" in names()
    for name in names():
        assert describe(name)["kind"] in ("node classification", "graph classification")
    assert describe("tudataset/proteins") == {
        "source": "pyg:TUDataset/PROTEINS", "kind": "graph classification", "num_classes": 2,
    }  # fmt: skip
    assert describe("pyg:TUDataset/NCI1")["num_classes"] is None


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("Planetoids/Cora", "Planetoid"), ("Planetoid/Core", "Cora"), ("Planetoid", "one of: Cora"),
        ("Actor/film", "pyg:Actor"), ("TUDataset/a b", "dataset"),
        ("Planetoid/Cora,splits=public", "split"), ("Planetoid/Cora,split=random", "public, full, geom-gcn"),
        ("WebKB/Cornell,split=public", "none"), ("TUDataset/../etc", "dataset of TUDataset"),
    ],
)  # fmt: skip
def test_specs_that_are_wrong(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list(load(spec))


@pytest.mark.parametrize("below", ["tu", ".", "TUDataset"])
def test_raw_files_are_found_and_left_alone(tmp_path: Path, below: str) -> None:
    tiny_tu(tmp_path / below)
    before = snapshot(tmp_path)
    first, second = load("pyg:TUDataset/TINY", tmp_path)
    assert snapshot(tmp_path) == before
    assert [first.name, second.name] == ["TINY[0]", "TINY[1]"]
    assert (first.n, first.m, second.n, second.m) == (3, 3, 2, 1)
    assert [g.graph["y"].tolist() for g in (first, second)] == [[1], [0]]
    assert first.node["x"].tolist() == [[1, 0], [0, 1], [1, 0]]
    (step,) = first.provenance
    assert (step.op, step.spec, len(step.sha256 or "")) == ("load", "pyg:TUDataset/TINY", 64)


def test_zipped_raw_files(tmp_path: Path) -> None:
    folder = tiny_tu(tmp_path / "made")
    (tmp_path / "tu_zips").mkdir()
    shutil.make_archive(str(tmp_path / "tu_zips" / "TINY"), "zip", folder)
    assert [g.n for g in load("TUDataset/TINY", tmp_path)] == [3, 2]
    (tmp_path / "tu_zips" / "BAD.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match="zip archive"):
        list(load("TUDataset/BAD", tmp_path))


def test_changed_raw_files_are_another_dataset(tmp_path: Path) -> None:
    folder = tiny_tu(tmp_path)
    assert len(list(load("TUDataset/TINY", tmp_path))) == 2
    (folder / "TINY_graph_labels.txt").write_text("1\n1\n")
    assert [g.graph["y"].item() for g in load("TUDataset/TINY", tmp_path)] == [0, 0]


def test_processed_files_of_others_are_not_loaded(tmp_path: Path) -> None:
    folder = tiny_tu(tmp_path)
    processed = folder.parent / "processed"
    processed.mkdir()
    for name in ("data.pt", "pre_transform.pt", "pre_filter.pt"):
        (processed / name).write_bytes(b"torch_geometric would unpickle this")
    assert len(list(load("TUDataset/TINY", tmp_path))) == 2


def test_nothing_there_and_no_network(tmp_path: Path, offline: None) -> None:
    with pytest.raises(InputError, match=r"NONE_A\.txt.*none in .*tu/NONE/raw.*no network.*--data-root") as caught:
        list(load("TUDataset/NONE", tmp_path))
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no folder to look in"):
        list(load("Planetoid/Cora"))


def test_damaged_raw_files(tmp_path: Path) -> None:
    (tiny_tu(tmp_path) / "TINY_A.txt").write_text("a, b\n")
    with pytest.raises(InputError, match=r"readable raw files of pyg:TUDataset/TINY.*compare the files"):
        list(load("TUDataset/TINY", tmp_path))


def test_works_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyg_datasets, "_cache", lambda: None)
    tiny_tu(tmp_path)
    assert len(list(load("TUDataset/TINY", tmp_path))) == 2


def test_hostile_planetoid_pickle(tmp_path: Path) -> None:
    folder = tmp_path / "Cora" / "raw"
    folder.mkdir(parents=True)
    for part in ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"):
        (folder / f"ind.cora.{part}").write_bytes(b"cposix\nmkdir\n(V" + str(tmp_path / "made").encode() + b"\ntR.")
    with pytest.raises(InputError, match=r"posix\.mkdir"):
        list(load("Planetoid/Cora", tmp_path))
    assert not (tmp_path / "made").exists()


COUNTS = [  # source, graphs, nodes, arcs without self-loops, directed, features, classes; as published with the data
    ("Planetoid/Cora", 1, 2708, 10556, False, 1433, 7),
    ("Planetoid/CiteSeer", 1, 3327, 9104, False, 3703, 6),
    ("WebKB/Cornell", 1, 183, 298 - 3, True, 1703, 5),
    ("WebKB/Texas", 1, 183, 325 - 16, True, 1703, 5),
    ("WebKB/Wisconsin", 1, 251, 515 - 16, True, 1703, 5),
    ("WikipediaNetwork/chameleon", 1, 2277, 36101 - 50, True, 2325, 5),
    ("Actor", 1, 7600, 30019 - 93, True, 932, 5),
    ("HeterophilousGraphDataset/Minesweeper", 1, 10000, 78804, False, 7, 2),
    ("TUDataset/MUTAG", 188, 3371, 7442, False, 7, 2),
    ("TUDataset/ENZYMES", 600, 19580, 74564, False, 3, 6),
    ("TUDataset/IMDB-BINARY", 1000, 19773, 193062, False, 0, 2),
]


def arcs(graph: Graph) -> int:
    return graph.m if graph.directed else 2 * graph.m


@real
@pytest.mark.parametrize(("source", "count", "n", "k", "directed", "features", "classes"), COUNTS, ids=lambda v: str(v))
def test_published_counts(source: str, count: int, n: int, k: int, directed: bool, features: int, classes: int) -> None:
    graphs = list(load(source, DATA))
    assert (len(graphs), sum(g.n for g in graphs), sum(map(arcs, graphs))) == (count, n, k)
    assert {g.directed for g in graphs} == {directed}
    assert describe(source)["num_classes"] == classes
    kind = "graph" if count > 1 else "node"
    assert describe(source)["kind"] == f"{kind} classification"
    labels = np.concatenate([getattr(g, kind)["y"] for g in graphs])
    assert len(np.unique(labels)) == classes
    assert not features or {g.node["x"].shape[1] for g in graphs} == {features}


@real
def test_splits() -> None:
    (public,) = load("Planetoid/Cora", DATA)
    assert [int(public.node[f"{part}_mask"].sum()) for part in ("train", "val", "test")] == [140, 500, 1000]
    (ten,) = load("pyg:planetoid/cora,split=geom-gcn", DATA)
    masks = [ten.node[f"{part}_mask"] for part in ("train", "val", "test")]
    assert [int(mask[:, 0].sum()) for mask in masks] == [1192, 796, 497]
    assert masks[0].shape == (2708, 10)
    assert ten.fingerprint == public.fingerprint
    assert ten.node["x"].dtype == np.float32
    enzymes = next(load("TUDataset/ENZYMES,use_node_attr=true", DATA))
    assert enzymes.node["x"].shape[1] == 18 + 3


@real
def test_the_folder_may_be_text() -> None:
    assert next(load("TUDataset/MUTAG", str(DATA))).fingerprint == next(load("TUDataset/MUTAG", DATA)).fingerprint

"""Published files: every one opens with the counts that its source states."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from mixcli.graph import Graph
from mixcli.io import stream

ROOT = Path(os.environ.get("MIXCLI_TEST_DATA", ""))
pytestmark = pytest.mark.skipif(
    not os.environ.get("MIXCLI_TEST_DATA"), reason="MIXCLI_TEST_DATA names no folder of data sets"
)

COUNTS = {
    "karate": (34, 78), "dolphins": (62, 159), "lesmis": (77, 254), "polbooks": (105, 441), "football": (115, 613),
    "adjnoun": (112, 425), "netscience": (1589, 2742), "celegansneural": (297, 2148), "jazz": (198, 2742),
    "power": (4941, 6594),
}  # fmt: skip
FILES = [
    "adjnoun/adjnoun.graphml", "celegansneural/celegansneural.gexf", "celegansneural/celegansneural.gml",
    "celegansneural/celegansneural.graphml", "celegansneural/celegansneural.net", "dolphins/dolphins.csv",
    "dolphins/dolphins.gml", "dolphins/dolphins.graphml", "dolphins/dolphins.mtx", "football/football.edgelist",
    "football/football.gml", "football/football.graphml", "jazz/jazz.net", "karate/karate.csv", "karate/karate.gml",
    "karate/karate.graphml", "karate/karate.mtx", "karate/karate.net", "lesmis/lesmis.gml", "lesmis/lesmis.graphml",
    "netscience/netscience.gml", "netscience/netscience.graphml",
    "netscience/netscience.mtx", "polbooks/polbooks.csv", "polbooks/polbooks.gml", "polbooks/polbooks.graphml",
    "polbooks/polbooks.mtx", "power/USPowerGrid.txt", "power/power.gml", "power/power.graphml",
]  # fmt: skip


def load(name: str, **options: object) -> Graph:
    (graph,) = stream.read(ROOT / name, **options)
    return graph


@pytest.mark.parametrize("name", FILES)
def test_counts(name: str) -> None:
    graph = load(f"classic/{name}")
    assert (graph.n, graph.undirected().m) == COUNTS[name.partition("/")[0]]
    assert graph.directed == ("celegans" in name)
    assert (graph.weight is not None) == any(word in name for word in ("celegans", "lesmis", "netscience", "jazz"))


def test_karate_edge_list_has_one_edge_less() -> None:
    graph = load("classic/karate/karate.edgelist")
    assert (graph.n, graph.m, graph.notes) == (34, 77, {"parallel_edges": 1})


def test_isolated_nodes() -> None:
    listed = load("classic/netscience/netscience.csv")  # an edge list cannot express isolated nodes
    assert (listed.n, listed.m, len(set(listed.labels))) == (1461, 2742, 1461)
    assert int((load("classic/netscience/netscience.gml").degree == 0).sum()) == 128
    assert load("classic/netscience/netscience.mtx").components.count == 396


def test_formats_agree_on_the_same_graph() -> None:
    for folder, names in (
        ("dolphins", "gml graphml mtx csv"),
        ("polbooks", "gml graphml mtx csv"),
        ("karate", "gml mtx net"),
    ):
        graphs = [load(f"classic/{folder}/{folder}.{suffix}") for suffix in names.split()]
        assert len({g.fingerprint for g in graphs}) == 1, folder
    arcs = [load(f"classic/celegansneural/celegansneural.{suffix}") for suffix in ("gml", "graphml", "net", "gexf")]
    assert len({g.fingerprint for g in arcs}) == 1
    assert arcs[0].notes["parallel_edges"] == 14
    assert "read as conductance" in arcs[0].notes["weights"]


def test_names_and_payload() -> None:
    dolphins = load("classic/dolphins/dolphins.gml")
    assert dolphins.labels[:2] == ("Beak", "Beescratch")
    books = load("classic/polbooks/polbooks.gml")
    assert sorted(set(books.node["value"].tolist())) == ["c", "l", "n"]
    assert load("classic/lesmis/lesmis.graphml").node["pos"].dtype.kind == "U"
    assert load("classic/jazz/jazz.net").node["pos"].shape == (198, 3)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(("gml", "net", "gexf"))])
def test_every_text_format_carries_them(name: str, tmp_path: Path) -> None:
    graph = load(f"classic/{name}")
    for suffix in (".txt", ".csv", ".mtx", ".gml", ".net", ".graphml.gz", ".gexf"):
        stream.write([graph], tmp_path / f"copy{suffix}")
        (back,) = stream.read(tmp_path / f"copy{suffix}")
        assert back.fingerprint == graph.fingerprint
        assert back.labels == graph.labels
        assert back.provenance[:-1] == graph.provenance


def test_large_files_are_quick() -> None:
    load("classic/karate/karate.csv")  # imports are not what is timed
    start = time.process_time()
    enron = load("large/email-Enron/email-Enron.txt.gz")
    middle = time.process_time()
    roads = load("large/usroads/usroads.mtx")
    end = time.process_time()
    assert (enron.n, enron.m, enron.notes) == (36692, 183831, {"both_directions": 183831})
    assert enron.components.count == 1065
    assert (roads.n, roads.m, roads.components.count) == (129164, 165435, 56)
    assert max(middle - start, end - middle) < 1.5


def test_directions_on_demand() -> None:
    enron = load("large/email-Enron/email-Enron.txt.gz", directed=True)
    assert (enron.m, enron.directed) == (367662, True)
    assert np.array_equal(np.unique(enron.undirected().edges, axis=0), enron.undirected().edges)

"""All curvatures of a file, its values by edge and by node, as a user asks for them."""

import csv
import json
from pathlib import Path

import pytest

CURVATURES = [
    "forman", "augmented_forman(cycles=3)", "augmented_forman(cycles=4)", "balanced_forman", "jost_liu", "ollivier",
    "lin_lu_yau", "resistance_curvature",
]  # fmt: skip


def refuse(word: str) -> None:
    pytest.fail(f"{word} in JSON")


def test_all_curvatures_by_edge_and_by_node(mixcli, tmp_path: Path) -> None:
    """Two triangles that share the edge b-c, a tail c-d, and a node on its own."""
    (tmp_path / "g.gml").write_text(
        "graph [ "
        + " ".join(f'node [ id {i} label "{name}" ]' for i, name in enumerate("abcde,"))
        + " ".join(f"edge [ source {u} target {v} ]" for u, v in [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4)])
        + " ]"
    )
    done = mixcli("analyze", "g.gml", "-m", "all-curvatures", "--values", "edges.csv", "--node-means")
    assert done.returncode == 0, done.stderr_text
    measures = json.loads(done.stdout_text, parse_constant=refuse)["measures"]
    assert list(measures) == CURVATURES
    with (tmp_path / "edges.edge.csv").open(newline="") as file:
        edges = list(csv.DictReader(file))
    assert list(edges[0]) == ["graph", "u", "v", "u_label", "v_label", *CURVATURES]
    by_name = {row["u_label"] + row["v_label"]: row for row in edges}
    assert by_name["bc"]["forman"] == "-3.0"
    assert by_name["bc"]["augmented_forman(cycles=3)"] == "3.0"
    assert by_name["ab"]["augmented_forman(cycles=4)"] == "4.0"  # 4 - 2 - 3 + 3 and the cycle a-b-d-c
    with (tmp_path / "edges.node.csv").open(newline="") as file:
        nodes = list(csv.DictReader(file))
    assert list(nodes[0]) == ["graph", "node", "node_label", *CURVATURES]
    assert [row["node_label"] for row in nodes] == list("abcde,")
    assert all(nodes[5][key] == "" for key in CURVATURES)
    for key in CURVATURES:
        for node, degree in enumerate((2, 3, 4, 2, 1)):
            at_node = [float(row[key]) for row in edges if str(node) in (row["u"], row["v"])]
            assert float(nodes[node][key]) == pytest.approx(sum(at_node) / degree)
        assert measures[key]["node_mean"]["isolated"] == 1
        assert "isolated" in measures[key]["node_mean"]["reason"]
    assert measures["forman"]["node_mean"]["argmin"] == [2]


def test_self_loops_and_parallel_edges_do_not_enter(mixcli, tmp_path: Path) -> None:
    (tmp_path / "clean.csv").write_text("source,target\n0,1\n0,2\n1,2\n2,3\n")
    (tmp_path / "loops.csv").write_text("source,target\n0,1\n0,2\n1,2\n2,3\n3,3\n0,1\n1,0\n")
    arguments = ["-m", "all-curvatures", "--undirected", "--unweighted", "--no-timing"]
    clean, loops = (mixcli("analyze", name, *arguments) for name in ("clean.csv", "loops.csv"))
    assert json.loads(clean.stdout)["measures"] == json.loads(loops.stdout)["measures"]
    assert "1 self-loop" in loops.stderr_text
    assert "parallel" in loops.stderr_text


def test_the_table_lists_the_lowest_edges_of_every_curvature(mixcli) -> None:
    done = mixcli(
        "analyze", "zoo:barbell:k=4", "-m", "all-curvatures", "--top", "2", "--format", "table", "--node-means"
    )
    assert done.returncode == 0, done.stderr_text
    text = " ".join(done.stdout_text.replace("│", " ").split())  # a narrow table breaks its lines
    assert text.count("lowest: 3–4") == len(CURVATURES)
    assert text.count("node means:") == len(CURVATURES)
    assert text.count("lowest: 3 ") == len(CURVATURES)


def test_an_edgeless_graph_has_null_and_a_reason(mixcli, tmp_path: Path) -> None:
    (tmp_path / "g.mtx").write_text("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 0\n")
    done = mixcli("analyze", "g.mtx", "-m", "all-curvatures", "--node-means", "--values", "v.jsonl")
    assert done.returncode == 0, done.stderr_text
    measures = json.loads(done.stdout_text, parse_constant=refuse)["measures"]
    assert all(m["summary"] == {"count": 0, "reason": "no values"} for m in measures.values())
    nodes = [json.loads(line) for line in (tmp_path / "v.node.jsonl").read_text().splitlines()]
    assert [row["forman"] for row in nodes] == [None, None, None]


def test_weights_that_play_no_role_are_mentioned_once_a_run(mixcli, tmp_path: Path) -> None:
    for name in ("g.csv", "h.csv"):
        (tmp_path / name).write_text("source,target,weight\n0,1,2\n1,2,1\n")
    done = mixcli("analyze", "g.csv", "h.csv", "-m", "all-curvatures", "--format", "csv")
    assert done.returncode == 0, done.stderr_text
    (line,) = [line for line in done.stderr_text.splitlines() if "weights play no role" in line]
    assert line.endswith("augmented_forman(cycles=3), augmented_forman(cycles=4), balanced_forman, jost_liu")
    for quiet in (["-m", "jost_liu", "--unweighted"], ["-m", "forman"], ["-m", "jost_liu", "-q"]):
        assert "no role" not in mixcli("analyze", "g.csv", *quiet).stderr_text


def test_wrong_parameters_are_refused_before_anything_is_read(mixcli) -> None:
    for spec in ("ollivier:alpha=1", "ollivier:alpha=-.1", "augmented_forman:cycles=5",
                 "augmented_forman:cycles=3,chordless=true"):  # fmt: skip
        done = mixcli("analyze", "absent.gml", "-m", spec)
        assert done.returncode == 2
        assert "absent" not in done.stderr_text


def test_one_reason_for_several_measures_is_said_once(mixcli, tmp_path: Path) -> None:
    (tmp_path / "g.gml").write_text("graph [ directed 1 node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] ]")
    done = mixcli("analyze", "g.gml", "-m", "all-curvatures")
    assert done.returncode == 4
    (line,) = [line for line in done.stderr_text.splitlines() if "directed" in line]
    assert "an undirected graph for forman, found a directed one; pass --undirected" in line
    assert all(name in line for name in CURVATURES[1:])
    measures = json.loads(done.stdout_text)["measures"]
    assert all(f"for {name.partition('(')[0]}," in measures[name]["reason"] for name in CURVATURES)

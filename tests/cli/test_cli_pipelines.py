"""Pipelines as users type them."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mixcli as mx

DATA = os.environ.get("MIXCLI_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="MIXCLI_TEST_DATA names no folder of data sets")
KARATE = Path(DATA or "") / "classic" / "karate" / "karate.gml"
SAMPLES = Path(__file__).parent.parent.parent / "sample_data"


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    script = f'mixcli() {{ "{sys.executable}" -m mixcli "$@"; }}; set -o pipefail; {command}'
    return subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, timeout=240)


@needs_data
@pytest.mark.parametrize(
    "command",
    [
        f"mixcli rewire --method sdrf:iterations=20 {KARATE} | mixcli analyze --format json",
        f"cat {KARATE} | mixcli rewire --method sdrf:iterations=20 | mixcli analyze --format json",
    ],
)
def test_rewire_pipes_into_analyze(tmp_path: Path, command: str) -> None:
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["graph"]["edges"] == 98
    assert record["measures"]["spectral_gap"]["value"] > 0.3
    assert [s["op"] for s in record["provenance"]] == ["read", "rewire", "read"]


@needs_data
def test_karate_has_the_published_values(mixcli) -> None:
    record = json.loads(mixcli("analyze", str(KARATE), "--format", "json").stdout)
    found = record["measures"]
    assert found["spectral_gap"]["value"] == pytest.approx(0.132272, abs=1e-6)
    assert found["kirchhoff"]["value"] == pytest.approx(470.268185, abs=1e-6)
    assert found["balanced_forman"]["summary"]["min"] == pytest.approx(-1.395833, abs=1e-6)
    assert found["balanced_forman"]["argmin"] == [[0, 31]]
    assert found["balanced_forman"]["summary"]["mean"] == pytest.approx(-0.221054, abs=1e-6)


@needs_data
@pytest.mark.parametrize(
    ("name", "nodes", "components", "gap"),
    [
        ("classic/power/power.gml", 4941, 1, 2.710210776e-4),
        ("large/usroads/usroads.mtx", 129164, 56, 2.94976975e-6),
        ("large/email-Enron/email-Enron.txt.gz", 36692, 1065, 3.52693953e-3),
    ],
)
def test_real_graphs_of_size_are_analysed_whole(mixcli, name: str, nodes: int, components: int, gap: float) -> None:
    done = mixcli("analyze", str(Path(DATA or "") / name), "--format", "json")
    assert done.returncode == 0, done.stderr_text
    record = json.loads(done.stdout)
    assert (record["graph"]["nodes"], record["graph"]["components"]) == (nodes, components)
    entry = record["measures"]["spectral_gap"]
    value = entry["value"] if components == 1 else entry["details"]["largest_component"]["value"]
    assert value == pytest.approx(gap, rel=1e-6)
    assert record["measures"]["effective_resistance"]["residual"] < 1e-10


def test_every_entry_has_the_keys_of_the_contract(mixcli) -> None:
    record = json.loads(mixcli("analyze", "zoo:barbell:k=5", "--format", "json").stdout)
    for name, entry in record["measures"].items():
        assert {"level", "seconds", "exact"} <= set(entry), name
        assert ("value" in entry) == (entry["level"] == "graph"), name
        if entry["level"] != "graph":
            assert {"min", "mean", "max", "std", "q05", "q50", "q95"} <= set(entry["summary"]), name


def test_a_measure_asked_for_twice_is_told_apart_by_its_parameters(mixcli) -> None:
    done = mixcli("analyze", "zoo:path:9", "-m", "reach:layers=1", "-m", "reach:layers=2", "--format", "json")
    assert list(json.loads(done.stdout)["measures"]) == ["reach(layers=1)", "reach(layers=2)"]


def test_forms_of_output(mixcli, tmp_path: Path) -> None:
    sources = ["zoo:path:4", "zoo:cycle:5"]
    jsonl = mixcli("analyze", *sources, "-m", "size").stdout_text
    assert [json.loads(line)["graph"]["nodes"] for line in jsonl.splitlines()] == [4, 5]
    assert len(json.loads(mixcli("analyze", *sources, "-m", "size", "--format", "json").stdout)) == 2
    table = list(csv.DictReader(io.StringIO(mixcli("analyze", *sources, "-m", "size", "--format", "csv").stdout_text)))
    assert [row["nodes"] for row in table] == ["4", "5"]
    assert "cycle" in mixcli("analyze", *sources, "-m", "size", "--format", "table").stdout_text
    assert mixcli("analyze", *sources, "-m", "size", "-o", "out.csv").returncode == 0
    assert (tmp_path / "out.csv").read_text().startswith("source,")


def test_equal_runs_give_equal_bytes(mixcli) -> None:
    runs = [
        mixcli("analyze", "zoo:erdos_renyi:60,150", "--no-timing", "--threads", threads).stdout for threads in "112"
    ]
    assert runs[0] == runs[1] == runs[2]
    assert b"seconds" not in runs[0]


def test_values_by_edge_and_by_node(mixcli, tmp_path: Path) -> None:
    measures = ["-m", "effective_resistance", "-m", "balanced_forman"]
    assert mixcli("analyze", "zoo:barbell:k=5", *measures, "--values", "edges.csv").returncode == 0
    rows = list(csv.DictReader((tmp_path / "edges.csv").open()))
    assert list(rows[0]) == ["graph", "u", "v", "effective_resistance", "balanced_forman"]
    assert len(rows) == 21
    assert sum(float(r["effective_resistance"]) for r in rows) == pytest.approx(9)  # Foster: n - 1
    assert mixcli("analyze", "zoo:path:3", "--values", "v.csv").returncode == 0
    assert {p.name for p in tmp_path.glob("v.*")} == {"v.edge.csv", "v.node.csv"}


def test_log_and_budget(mixcli, tmp_path: Path) -> None:
    def edits(budget: str, name: str) -> list[dict]:
        options = ["--method", "sdrf", "--budget", budget, "--log", name, "--to", "jsonl", "-q"]
        done = mixcli("rewire", "zoo:ring_of_cliques:4,5", *options)
        assert done.returncode == 0, done.stderr_text
        return [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]

    short, long, share = edits("4", "a"), edits("9", "b"), edits("25%", "c")
    assert short == long[:4]
    assert len(long) == 9
    assert len(share) == 11  # a quarter of 44 edges
    assert {"step", "op", "u", "v", "score"} <= set(short[0])


def test_payload_labels_and_masks_survive_a_pipe(tmp_path: Path) -> None:
    command = f"cat {SAMPLES / 'graph.pt'} | mixcli rewire --method fosr:iterations=4 -q > rewired.pt"
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    before, after = mx.load(SAMPLES / "graph.pt"), mx.load(tmp_path / "rewired.pt")
    assert after.m == before.m + 4
    assert set(before.node) == set(after.node) == {"x", "y", "train_mask", "val_mask", "test_mask"}
    assert all((before.node[k] == after.node[k]).all() for k in before.node)
    assert after.edge["edge_type"].sum() == 4
    named = shell(f"mixcli rewire {SAMPLES / 'house.graphml'} --method random:iterations=2 -q -o h.graphml", tmp_path)
    assert named.returncode == 0, named.stderr
    house = mx.load(tmp_path / "h.graphml")
    assert house.labels is not None
    assert "attic" in house.labels
    assert house.weight is not None
    assert sorted(house.weight)[0] == 0.25


def test_a_stream_of_graphs_flows_through(tmp_path: Path) -> None:
    command = (
        f"mixcli rewire {SAMPLES / 'graphs.jsonl'} --method random:iterations=2 -q"
        " | mixcli analyze -m size -m kirchhoff --format csv"
    )
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert len(rows) == 60
    before = list(mx.load_all(SAMPLES / "graphs.jsonl"))
    assert [int(r["edges"]) for r in rows] == [g.m + 2 for g in before]


@pytest.mark.parametrize("suffix", ["pt", "npz", "graphml", "gexf", "mtx", "gml", "net", "gr", "jsonl", "json", "csv"])
def test_convert_there_and_back(mixcli, tmp_path: Path, suffix: str) -> None:
    assert mixcli("convert", str(SAMPLES / "house.graphml"), "-o", f"h.{suffix}").returncode == 0
    there, back = mx.load(SAMPLES / "house.graphml"), mx.load(tmp_path / f"h.{suffix}")
    assert back.edges.tolist() == there.edges.tolist()
    assert back.weight == pytest.approx(there.weight)


def test_the_layer_plan_travels_in_the_file(mixcli, tmp_path: Path) -> None:
    done = mixcli("rewire", "zoo:barbell", "--method", "last_layer_fa", "-o", "fa.pt")
    assert done.returncode == 0, done.stderr_text
    assert mx.load(tmp_path / "fa.pt").plan.last == "mean"


def test_compare_resumes_and_tells_differences(mixcli, tmp_path: Path) -> None:
    options = ["zoo:barbell:k=4", "--arm", "none", "--arm", "fosr:iterations=2", "--model", "gcn:hidden=8"]
    options += ["--protocol", "epochs=3", "-o", "r.db", "--no-timing", "--format", "json", "--jobs", "1"]
    first = mixcli("compare", *options, "--trials", "2")
    assert first.returncode == 0, first.stderr_text
    again = mixcli("compare", *options, "--trials", "3")
    record = json.loads(again.stdout)
    assert record["schema"] == "mixcli.comparison/1"
    assert [arm["trials"] for arm in record["arms"]] == [3, 3]
    assert record["arms"][0]["values"][:2] == json.loads(first.stdout)["arms"][0]["values"]
    assert {"name", "metric", "mean", "ci95", "trials", "difference", "edges_added"} <= set(record["arms"][1])


def test_doctor_names_versions_and_devices(mixcli) -> None:
    facts = json.loads(mixcli("doctor", "--format", "json").stdout)
    assert {"python", "torch", "threads", "devices", "kernel cache"} <= set(facts)
    assert "cpu" in facts["devices"]


def test_columns_follow_from_the_measures_and_not_from_the_first_graph(tmp_path: Path) -> None:
    (tmp_path / "d.gml").write_text("graph [ directed 1 node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] ]")
    command = "mixcli analyze d.gml zoo:barbell:k=3 --format csv --values v.csv -q"
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = csv.DictReader(io.StringIO(done.stdout.decode()))
    assert first["balanced_forman.mean"] == ""
    assert float(second["balanced_forman.mean"]) != 0
    assert len((tmp_path / "v.edge.csv").read_text().splitlines()) == 8
    assert len((tmp_path / "v.node.csv").read_text().splitlines()) == 9


@pytest.mark.parametrize(
    "command",
    [
        "rewire zoo:petersen --method sdrf -o same.gml --log same.gml",
        "analyze zoo:path:3 -m degree -o same.csv --values same.csv",
        "analyze zoo:path:3 -m size --values v.csv",
    ],
)
def test_options_that_would_lose_data_are_refused(mixcli, tmp_path: Path, command: str) -> None:
    done = mixcli(*command.split())
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_force_keeps_mode_and_follows_links(mixcli, tmp_path: Path) -> None:
    target, link = tmp_path / "real.gml", tmp_path / "link.gml"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert mixcli("convert", "zoo:path:3", "-o", "link.gml", "--force").returncode == 0
    assert link.is_symlink()
    assert target.read_text() != "old"
    assert target.stat().st_mode & 0o777 == 0o640


def test_devices_and_dashes_are_written_to(mixcli, tmp_path: Path) -> None:
    assert mixcli("convert", "zoo:path:3", "--to", "gml", "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()
    assert b"graph" in mixcli("convert", "zoo:path:3", "--to", "gml", "-o", "-").stdout
    assert list(tmp_path.iterdir()) == []


def test_dry_run_writes_nothing(mixcli, tmp_path: Path) -> None:
    done = mixcli("rewire", "zoo:petersen", "--method", "sdrf:iterations=3", "--dry-run", "--log", "l", "-o", "o.gml")
    assert done.returncode == 0, done.stderr_text
    assert "would add 3 edges" in done.stderr_text
    assert list(tmp_path.iterdir()) == []


def test_log_tells_graphs_and_names_apart(mixcli, tmp_path: Path) -> None:
    options = ["--method", "random:iterations=1", "--to", "jsonl", "--log", "l.jsonl", "-q"]
    assert mixcli("rewire", "zoo:path:5", str(SAMPLES / "house.graphml"), *options).returncode == 0
    first, second = map(json.loads, (tmp_path / "l.jsonl").read_text().splitlines())
    assert (first["graph"], second["graph"]) == (0, 1)
    assert "u_label" not in first
    assert second["u_label"] in mx.load(SAMPLES / "house.graphml").labels


def test_control_characters_in_names_do_not_reach_the_terminal(mixcli, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("source,target\na\x1b[31mred,b\nb,c\n")
    done = mixcli("analyze", "x.csv", "-m", "balanced_forman", "--format", "table")
    assert b"\x1b" not in done.stdout


def test_help_into_a_closed_pipe_is_141(tmp_path: Path) -> None:
    done = shell("mixcli analyze --help | true", tmp_path)
    assert done.returncode in (0, 141)  # 0 where the pipe took all of it before it closed
    assert b"Traceback" not in done.stderr


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    done = shell("mixcli analyze zoo:path:3 -m size > /dev/full", tmp_path)
    assert done.returncode == 3
    assert done.stderr.decode().startswith("mixcli: expected")
    assert done.stderr.count(b"\n") == 1


def test_sources_of_different_size_are_compared_as_arms(mixcli, tmp_path: Path) -> None:
    options = ["--trials", "1", "--protocol", "epochs=1", "--model", "gcn:hidden=4", "--format", "table", "--jobs", "1"]
    assert mixcli("rewire", "zoo:barbell:k=4", "--method", "random:iterations=2", "-o", "b.jsonl").returncode == 0
    done = mixcli("compare", "zoo:barbell:k=4", "b.jsonl", *options)
    assert done.returncode == 0, done.stderr_text
    assert "+2 −0" in done.stdout_text

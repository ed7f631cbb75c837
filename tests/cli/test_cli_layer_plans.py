"""Layer plans from the command line: written, read back, told, trained on."""

from __future__ import annotations

import json
import os

import pytest

PLANS = {
    "cayley": ("cayley (48 edges and 14 virtual nodes) in place of the graph in even layers", "even", 14),
    "expander": ("expander (21 edges) beside the graph in every layer", "all", 0),
    "virtual_node:2": ("virtual_node (20 edges and 2 virtual nodes) beside the graph in every layer", "all", 2),
    "laser:hops=2": ("laser_2 (8 edges) beside the graph in layers 2 and up", "from:2", 0),
}


@pytest.mark.parametrize("spec", PLANS)
def test_plans_go_through_a_pipe(mixcli, spec: str) -> None:
    said, layers, virtual = PLANS[spec]
    done = mixcli("rewire", "zoo:barbell:5", "--method", spec, "--to", "jsonl")
    assert done.returncode == 0
    assert f"barbell:5: 21 → 21 edges (+0 −0), {said}" in done.stderr_text
    again = mixcli("convert", "-", "--to", "jsonl", stdin=done.stdout_text)
    first, second = (json.loads(d.stdout_text)["plan"] for d in (done, again))
    assert first == second
    (overlay,) = first["overlays"]
    assert (overlay["layers"], overlay["virtual"]) == (layers, virtual)
    assert len(overlay["edges"]) == int(said.split("(")[1].split()[0])


def test_no_budget_bounds_a_plan(mixcli) -> None:
    done = mixcli("rewire", "zoo:barbell:5", "--method", "cayley", "--budget", "3", "--to", "jsonl")
    assert done.returncode == 0
    assert "in even layers; a layer plan, which no budget bounds" in done.stderr_text
    assert "stopped" not in done.stderr_text


def test_a_dry_run_tells_the_plan(mixcli) -> None:
    done = mixcli("rewire", "zoo:barbell:5", "--method", "last_layer_fa", "--dry-run")
    assert done.returncode == 0
    assert "would leave the edges and give the layers: last layer: mean" in done.stderr_text


@pytest.mark.parametrize("arguments", [("trace",), ("rewire", "--until", "spectral_gap>=0.1")], ids=" ".join)
def test_nothing_is_measured_along_no_edits(mixcli, arguments: tuple[str, ...]) -> None:
    done = mixcli(*arguments, "zoo:barbell:5", "--method", "expander")
    assert done.returncode == 4
    assert "expected a method that edits edges" in done.stderr_text
    assert "found expander, a layer plan; choose another method" in done.stderr_text


def test_a_comparison_counts_what_layers_use(mixcli) -> None:
    root = os.environ.get("MIXCLI_TEST_DATA")
    if not root:
        pytest.skip("MIXCLI_TEST_DATA is not set: no MUTAG to train on")
    arms = [part for arm in ("none", "cayley", "virtual_node") for part in ("--arm", arm)]
    done = mixcli(
        "compare", "pyg:TUDataset/MUTAG", "--data-root", root, *arms, "--model", "gin", "--trials", "2",
        "--protocol", "epochs=1", "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr_text
    found = {a["name"]: a for a in json.loads(done.stdout_text)["arms"]}
    assert "overlay_edges" not in found["none"]
    # 188 graphs of 10 to 28 nodes: those of up to 24 nodes get 24 elements and 48 edges, larger ones 48 and 96.
    large = (found["cayley"]["overlay_edges"] - 188 * 48) // 48
    assert found["cayley"]["virtual_nodes"] == 188 * 24 + large * 24 - 3371
    assert (found["virtual_node"]["overlay_edges"], found["virtual_node"]["virtual_nodes"]) == (3371, 188)
    assert all(a["trials"] == 2 and a["edges"] == 3721 for a in found.values())

"""Controls under the degrees of a rewiring: every node keeps them, everything else is random."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training_compare import data, quick
from test_training_controls_overlays import labelled, laid_of, made

from mixcli.context import Context
from mixcli.errors import Interrupted
from mixcli.generators.graphs import barbell, complete, cycle, path, star
from mixcli.graph import Graph, from_arcs
from mixcli.training.arms import Arm, make_arms
from mixcli.training.controls import controlled
from mixcli.training.controls.degrees import TRIES, Swaps
from mixcli.training.controls.unfold import bare_graphs, plans_of
from mixcli.training.merging import comparisons
from mixcli.training.models.gcn import GCN
from mixcli.training.models.rgcn import RGCN
from mixcli.training.store import Store
from mixcli.training.topology import Topology, topology_of

EDITED = ["sdrf:iterations=6,c_plus=0.1", "fosr:iterations=8", "borf:iterations=1"]


def under(specs, graphs=None, **kw) -> dict[str, Arm]:
    return made(specs, graphs, kinds=("degrees",), **kw)


def received(topology: Topology, relation: int | None = None) -> list[int]:
    """Arcs that each row receives, over all relations or one."""
    arcs = topology.union if relation is None else topology.relations[relation]
    return np.bincount(arcs.receiver, minlength=topology.start[-1]).tolist()


def sent(topology: Topology) -> list[int]:
    return np.bincount(topology.union.sender, minlength=topology.start[-1]).tolist()


@pytest.mark.parametrize("spec", EDITED)
def test_every_node_keeps_the_degree_that_the_rewiring_gave(spec: str) -> None:
    arms = under([spec])
    arm, control = (a for n, a in arms.items() if n != "none")
    assert (control.name, control.control, control.of, control.spec) == (
        f"degrees for {arm.name}", "degrees", (arm.name,), "control:degrees",
    )  # fmt: skip
    assert received(control.topology) == received(arm.topology) != received(arms["none"].topology)
    assert control.edges == arm.edges
    assert control.topology.digest != arm.topology.digest
    assert np.array_equal(control.topology.union.start, arm.topology.union.start)
    assert control.added - control.removed == arm.added - arm.removed
    swaps = control.notes["swaps"]
    assert swaps["tried"] == TRIES * arm.edges
    assert 0.05 * swaps["tried"] < swaps["done"] <= swaps["tried"]


@pytest.mark.parametrize("spec", EDITED)
def test_every_node_keeps_its_degree_in_every_relation(spec: str) -> None:
    arms = under([spec], model=RGCN())
    arm, control = (a for n, a in arms.items() if n != "none")
    assert len(control.topology.relations) == len(arm.topology.relations)
    for relation in range(len(arm.topology.relations)):
        assert received(control.topology, relation) == received(arm.topology, relation)


@pytest.mark.parametrize("spec", ["cayley", "cayley:egp", "expander:d=2,virtual=1", "virtual_node:3", "laser"])
def test_overlays_keep_theirs_and_the_graph_its_edges(spec: str) -> None:
    arms = under([spec], labelled(cycle(30), path(9), barbell(5, 2)))
    arm, control = (a for n, a in arms.items() if n != "none")
    assert laid_of(control) == laid_of(arm)
    assert np.array_equal(control.topology.union.sender, arm.topology.union.sender)
    for ours, theirs in zip(control.topology.laid, arm.topology.laid, strict=True):
        assert np.array_equal(np.bincount(ours.arcs.receiver), np.bincount(theirs.arcs.receiver))
    for layer in (1, 2, 3):  # what a network without relations hears, graph by graph
        heard = [np.diff(a.topology.tables(a.topology.used(layer, 3), False)[0].start) for a in (arm, control)]
        assert (heard[0] == heard[1]).all() or spec == "laser"
        assert abs(heard[0] - heard[1]).max() <= 4  # between two cliques a pair of laser_3 may be one of laser_2 too
    assert control.topology.digest != arm.topology.digest


def test_control_of_a_cayley_graph_is_a_random_regular_one() -> None:
    control = under(["cayley"], labelled(cycle(20)))["degrees for cayley"]
    overlay = plans_of(control.topology, [20] * 12)[0].overlays[0]
    assert np.bincount(overlay.edges.ravel()).tolist() == [4] * 24
    assert overlay.virtual == 4


def test_seed_decides_and_nothing_else() -> None:
    one, same, other = (under(["fosr:iterations=8", "laser"], seed=s) for s in (0, 0, 1))
    for name in ("degrees for fosr:iterations=8", "degrees for laser"):
        assert one[name].topology.digest == same[name].topology.digest
        assert one[name].topology.digest != other[name].topology.digest


def test_swaps_reach_every_graph_of_the_degrees_alike() -> None:
    """The twelve cycles through five nodes."""
    swaps, counts = Swaps(), {}
    rng = np.random.default_rng(3)
    for _ in range(2400):
        edges = swaps.graph(cycle(5), rng).edges
        counts[edges.tobytes()] = counts.get(edges.tobytes(), 0) + 1
    assert len(counts) == 12
    assert sum((c - 200) ** 2 / 200 for c in counts.values()) < 31.3  # chi-square of 11 degrees of freedom: p < 0.001


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), directed=st.booleans(), several=st.booleans())
def test_laws_of_swaps(seed: int, directed: bool, several: bool) -> None:
    """Simple graphs of the same degrees in and out, in every relation and its reverse; weights go along."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 12)), int(rng.integers(1, 40))
    arcs = np.concatenate([[[0, 1]], rng.integers(0, n, (k - 1, 2))])
    graph = from_arcs(n, arcs, directed=directed, weight=rng.uniform(1, 2, k))
    edge = {"edge_type": rng.integers(0, 3, graph.m)} if several else {}
    if several and not directed:
        edge["edge_type.reverse"] = rng.integers(0, 3, graph.m)
    graph = graph.replace(edge=edge)
    swaps = Swaps()
    after = swaps.graph(graph, rng)
    one, two = topology_of([graph]), topology_of([after])
    assert after.m == graph.m
    assert (received(one), sent(one)) == (received(two), sent(two))
    for a, b in itertools.zip_longest(one.relations, two.relations):
        for end in ("receiver", "sender"):
            assert np.array_equal(*(np.bincount(getattr(t, end), minlength=n) for t in (a, b)))
    assert np.array_equal(np.sort(graph.weight), np.sort(after.weight))
    assert swaps.tried == TRIES * graph.m >= swaps.done


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), directed=st.booleans())
def test_graphs_come_back_from_topologies(seed: int, directed: bool) -> None:
    rng = np.random.default_rng(seed)
    graphs = []
    for n in (5, 1, 8):
        arcs = np.concatenate([[[0, n - 1]], rng.integers(0, n, (n, 2))])
        graph = from_arcs(n, arcs, directed=directed, weight=np.float32(rng.uniform(1, 2, n + 1)).astype(float))
        edge = {"edge_type": rng.integers(0, 2, graph.m)}
        if not directed:
            edge["edge_type.reverse"] = rng.integers(0, 2, graph.m)
        graphs.append(graph.replace(edge=edge))
    topology = topology_of(graphs)
    back = bare_graphs(topology, [5, 1, 8], relational=True)
    assert topology_of(back).digest == topology.digest
    for a, b in zip(graphs, back, strict=True):
        assert np.array_equal(a.edges, b.edges)


def test_odd_graphs() -> None:
    """No edges, complete, one node, a star: left alone; a directed one keeps degrees in and out."""
    bare, one = Graph(6, np.empty((0, 2), np.int64)), Graph(1, np.empty((0, 2), np.int64))
    swaps = Swaps()
    for graph in (bare, one, complete(5), star(6), path(3)):
        assert np.array_equal(swaps.graph(graph, np.random.default_rng(0)).edges, graph.edges)
    assert swaps.done == 0
    arms = under(["random:iterations=9", "sdrf:iterations=99,c_plus=9", "fosr:iterations=99"], labelled(complete(4)))
    assert [a.notes["controls"]["degrees"] for a in list(arms.values())[1:]] == [
        "it is such a control itself", "it changes no edge", "it changes no edge",
    ]  # fmt: skip
    full = under(["fosr:iterations=99"], labelled(path(3)))  # the path becomes the triangle
    assert full["fosr:iterations=99"].notes == {"controls": {"degrees": "its degrees have no other placement"}}
    assert under(["virtual_node"])["virtual_node"].notes == {
        "controls": {"degrees": "its degrees have no other placement"}
    }


def test_directed_sources_as_given() -> None:
    rng = np.random.default_rng(0)
    sources = {}
    for name in ("before", "after"):
        graph = from_arcs(30, rng.integers(0, 30, (80, 2)), directed=True)
        sources[name] = [graph.replace(node={"y": np.arange(30) % 2, "x": np.eye(30, dtype=np.float32)})]
    for model in (GCN(), RGCN()):
        arms = make_arms(sources, ["none"], Context())
        out = {a.name: a for a in controlled(arms, sources, model, Context(), ("random", "degrees"))}
        assert list(out) == ["before", "after", "degrees for after"]
        ours, theirs = out["degrees for after"].topology, out["after"].topology
        assert (received(ours), sent(ours)) == (received(theirs), sent(theirs))
        assert ours.digest != theirs.digest
        assert "undirected" in out["after"].notes["controls"]["random"]


def test_record_sets_each_arm_against_each_of_its_controls() -> None:
    asked = ["none", "fosr:iterations=4", "cayley", "last_layer_fa", "double_edge_swap"]
    with Store() as store:
        found = quick(data(), asked, trials=3, controls="all", protocol={"epochs": 6}, store=store)
        record = found.record()
        (again,), _ = comparisons(store)
    assert again["arms"] == record["arms"]
    assert again["controls"] == record["controls"] == ["mlp", "random", "degrees", "empty"]
    arms = {a["name"]: a for a in record["arms"]}
    for key, kind in (("to_control", "random"), ("to_degrees", "degrees")):
        for name in ("fosr:iterations=4", "cayley"):
            told, control = arms[name][key], arms[f"{kind} for {name}"]
            assert (told["control"], control["control"], control["control_for"]) == (control["name"], kind, [name])
            assert told["mean"] == pytest.approx(arms[name]["mean"] - control["mean"])
            assert told["p_adjusted"] is None or told["p_adjusted"] >= told["p"]
    assert set(arms["last_layer_fa"]["controls"]) == {"random", "degrees"}
    assert arms["double_edge_swap"]["controls"] == {"degrees": "it is such a control itself"}
    assert "random for double_edge_swap" in arms
    assert "swaps" in arms["degrees for cayley"]
    assert "degrees" not in {a.get("control") for a in quick(data(), asked, trials=1, controls=True).record()["arms"]}


def test_tuned_arms_have_tuned_controls() -> None:
    found = quick(data(), ["none", "fosr", "laser"], trials=1, controls="all", tune=2, protocol={"epochs": 2})
    assert [len(g) for g in found.plan.groups] == [2] * 8


def test_interrupt_while_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    sources = {"toy": data()}
    arms = make_arms(sources, ["none", "fosr"], Context())
    monkeypatch.setattr(Swaps, "graph", interrupted)
    with pytest.raises(Interrupted, match="drawing controls"):
        controlled(arms, sources, GCN(), Context(), ("degrees",))


def test_weights_of_a_rewiring_go_along() -> None:
    arms = under(["digl:k=4"], labelled(barbell(6, 4)))
    arm, control = (a for n, a in arms.items() if n != "none")
    assert len(np.unique(arm.topology.union.weight)) > 2
    assert np.array_equal(np.sort(arm.topology.union.weight), np.sort(control.topology.union.weight))

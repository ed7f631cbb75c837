"""Random controls of overlays: as many pairs, for the same layers, of the same nodes, anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training_compare import data, quick

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.generators.graphs import barbell, complete, cycle, path
from mixcli.graph import Graph, from_arcs
from mixcli.plan import LayerPlan, Overlay
from mixcli.rewiring.base import rewire
from mixcli.training.arms import Arm, make_arms
from mixcli.training.controls import controlled, kinds_of, lacking
from mixcli.training.controls.placement import drawn, pairs_of, places_of, uniform
from mixcli.training.controls.unfold import plans_of
from mixcli.training.models.base import Model
from mixcli.training.models.gcn import GCN
from mixcli.training.models.mlp import MLP
from mixcli.training.models.rgcn import RGCN
from mixcli.training.planning import Wish, plan_for

LAID = ["cayley", "cayley:egp", "expander:d=2", "expander:d=2,virtual=2", "virtual_node:2", "laser"]


def made(specs, graphs=None, model: Model | None = None, seed: int = 0, kinds=("random",)) -> dict[str, Arm]:
    sources, context = {"toy": graphs or data()}, Context(seed=seed)
    arms = controlled(make_arms(sources, ["none", *specs], context), sources, model or GCN(), context, kinds)
    return {a.name: a for a in arms}


def laid_of(arm: Arm) -> list[tuple]:
    return [(o.plan.name, o.plan.layers, o.plan.replaces, len(o.arcs.receiver)) for o in arm.topology.laid]


def labelled(*graphs: Graph) -> list[Graph]:
    """The graphs again and again, until there are enough to learn on."""
    return [graphs[i % len(graphs)].replace(graph={"y": np.array([i % 2])}) for i in range(12)]


@pytest.mark.parametrize("spec", LAID)
def test_as_many_pairs_in_every_graph_for_the_same_layers(spec: str) -> None:
    arms = made([spec])
    (name,) = [n for n in arms if arms[n].control]
    arm, control = (a for n, a in arms.items() if n != "none")
    assert (name, control.control, control.of, control.spec) == (
        f"random for {arm.name}", "random", (arm.name,), "control:random",
    )  # fmt: skip
    assert laid_of(control) == laid_of(arm)
    for ours, theirs in zip(control.topology.laid, arm.topology.laid, strict=True):
        assert np.array_equal(ours.arcs.start, theirs.arcs.start)  # graph by graph
    assert control.overlays == arm.overlays
    assert np.array_equal(control.topology.start, arm.topology.start)
    assert np.array_equal(control.topology.union.sender, arm.topology.union.sender)
    assert (control.added, control.removed, control.edges) == (0, 0, arm.edges)
    assert control.topology.relation_count == arm.topology.relation_count
    assert control.topology.digest != arm.topology.digest


@pytest.mark.parametrize("spec", [s for s in LAID if "cayley" not in s])
def test_network_without_relations_hears_as_many_messages(spec: str) -> None:
    """An overlay beside the graph brings as many pairs that are not there already as the control's."""
    arms = made([spec])
    arm, control = (a for n, a in arms.items() if n != "none")
    for layer in (1, 2, 3):
        counts = [
            np.diff(a.topology.tables(a.topology.used(layer, 3), False)[0].start).tolist() for a in (arm, control)
        ]
        assert counts[0] == counts[1]


def test_seed_decides_and_nothing_else() -> None:
    one, same, other = (made(["cayley", "laser"], seed=s) for s in (0, 0, 1))
    for name in ("random for cayley", "random for laser"):
        assert one[name].topology.digest == same[name].topology.digest
        assert one[name].topology.digest != other[name].topology.digest
    few = made(["laser"], data()[:12])["random for laser"]  # a graph's control does not depend on the other graphs
    many = one["random for laser"]
    size = few.topology.start[-1]
    for a, b in zip(few.topology.laid, many.topology.laid, strict=True):
        inside = b.arcs.receiver < size
        assert np.array_equal(a.arcs.sender, b.arcs.sender[inside])


def test_why_an_arm_has_none() -> None:
    for model in (GCN(), RGCN()):
        arms = made(["last_layer_fa", "fosr", "random:iterations=2", "sdrf:iterations=0"], model=model)
        assert [n for n in arms if arms[n].control] == ["random for fosr"]
        assert {n: a.notes["controls"] for n, a in arms.items() if a.notes} == {
            "last_layer_fa": {"random": "its last layer joins all pairs, which have no other placement"},
            "random:iterations=2": {"random": "it is such a control itself"},
            "sdrf:iterations=0": {"random": "it changes no edge"},
        }


def test_odd_graphs() -> None:
    """Without edges, complete, one node, two nodes, directed: each keeps its number of pairs."""
    bare = Graph(6, np.empty((0, 2), np.int64))
    one, two = Graph(1, np.empty((0, 2), np.int64)), path(2)
    arrows = from_arcs(7, np.array([[0, 1], [1, 2], [2, 0], [5, 6]]), directed=True)
    for graphs in ([bare, complete(5), one, two, cycle(9)], [arrows, arrows]):
        for spec in ("cayley", "cayley:egp", "expander:d=2", "virtual_node:3", *(["laser"] * (not graphs[0].directed))):
            arms = made([spec], labelled(*graphs))
            arm, control = (a for n, a in arms.items() if n != "none")
            assert laid_of(control) == laid_of(arm)
            for ours, theirs in zip(control.topology.laid, arm.topology.laid, strict=True):
                assert np.array_equal(ours.arcs.start, theirs.arcs.start)
            assert np.array_equal(control.topology.union.sender, arm.topology.union.sender)
    full = made(["expander"], labelled(cycle(5), path(4)))  # up to 7 nodes: all pairs
    assert full["expander"].notes == {
        "controls": {"random": "its layers join all pairs, which have no other placement"}
    }
    assert set(full) == {"none", "expander"}
    arms = made(["laser"], labelled(complete(4), complete(5)))  # no pair is two hops apart
    assert arms["laser"].notes == {"controls": {"random": "it changes no edge"}}


def test_overlays_that_were_there_before_stay() -> None:
    graphs = [rewire(g, "laser:hops=2").graph for g in data()]
    arms = made(["sdrf:iterations=2", "virtual_node"], graphs)
    for name in ("random for sdrf:iterations=2", "random for virtual_node"):
        plans = plans_of(arms[name].topology, [g.n for g in graphs])
        assert [p.overlays[0] for p in plans] == [g.plan.overlays[0] for g in graphs]
    plan = arms["random for virtual_node"].topology
    assert [o.plan.name for o in plan.laid] == ["laser_2", "virtual_node"]


def test_edits_and_overlays_of_a_source_as_given_are_both_matched() -> None:
    before = barbell(6, 1)
    after = rewire(rewire(before, "random:iterations=4").graph, "cayley").graph
    after = rewire(after.replace(edge={}), "last_layer_fa").graph
    record = quick({"before": before, "after": after}, trials=1, controls="random").record()
    arm, control = record["arms"][1:]
    assert (control["name"], control["edges_added"], control["edges_removed"]) == ("random for after", 4, 0)
    assert control["overlay_edges"] == arm["overlay_edges"] > 0


def test_plans_come_back_from_topologies() -> None:
    for spec in LAID:
        for graph in (cycle(9), path(2), Graph(1, np.empty((0, 2), np.int64))):
            after = rewire(graph, spec).graph
            arm = make_arms({"g": labelled(graph, cycle(9))}, [spec], Context())[0]
            assert plans_of(arm.topology, [graph.n, 9] * 6)[0] == after.plan
    loose = Overlay("loose", np.array([[0, 1]]), virtual=3)  # joined to no virtual node
    arm = make_arms({"g": labelled(path(3).replace(plan=LayerPlan(overlays=(loose,))))}, ["none"], Context())[0]
    assert plans_of(arm.topology, [3] * 12)[0].overlays == (loose,)


@settings(max_examples=40, deadline=None)
@given(nodes=st.integers(0, 9), seed=st.integers(0, 10**6))
def test_uniform_pairs_are_as_many_as_asked_inside_and_outside(nodes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    total = nodes * (nodes - 1) // 2
    there = np.sort(rng.choice(total, int(rng.integers(total + 1)), replace=False)).astype(np.int64)
    own = pairs_of(rng.choice(total, int(rng.integers(total + 1)), replace=False))
    again = int(rng.integers(len(own) + 1))
    out = uniform(Overlay("x", own), nodes, there, again, rng)
    assert len(places_of(out)) == len(out) == len(own)
    assert out.max(initial=-1) < nodes
    assert (out[:, 0] < out[:, 1]).all()
    room = (len(own) - (total - len(there)), len(there))
    assert np.isin(places_of(out), there).sum() == np.clip(again, max(0, room[0]), room[1])


def test_every_free_number_is_as_likely() -> None:
    rng, taken = np.random.default_rng(1), np.array([1, 2, 6])
    counts = np.bincount(np.concatenate([drawn(2, 8, taken, rng) for _ in range(5000)]), minlength=8)
    assert (counts[taken] == 0).all()
    free = np.delete(counts, taken)
    assert ((free - 2000) ** 2 / 2000).sum() < 20  # chi-square of 4 degrees of freedom: p < 0.001


def test_numbers_of_pairs_go_back_and_forth_where_roots_are_rounded() -> None:
    v = np.array([2**16, 2**20 + 1, 3 * 10**6, 5 * 10**7], dtype=np.int64)
    ends = np.concatenate([np.stack([u, v], axis=1) for u in (np.zeros_like(v), v // 3, v - 1)])
    ends = ends[np.lexsort((ends[:, 0], ends[:, 1]))]
    assert np.array_equal(pairs_of(places_of(ends)), ends)


def test_names_of_controls() -> None:
    assert kinds_of(["mlp,degrees", "mlp"]) == ("mlp", "degrees")
    assert kinds_of("All") == ("mlp", "random", "degrees", "empty")
    with pytest.raises(UsageError, match="did you mean degrees"):
        kinds_of("degree")
    with pytest.raises(UsageError, match="`none` alone, or names"):
        kinds_of("none,mlp")
    found = quick(data(), ["none", "cayley"], trials=1, controls=["random"]).record()
    assert [a.get("control", "") for a in found["arms"]] == ["", "", "random"]
    assert found["controls"] == ["random"]
    asked = quick(data(), ["cayley"], trials=1, controls="empty").record()  # a baseline comes with any control
    assert [a["name"] for a in asked["arms"]] == ["none", "cayley"]
    assert asked["arms"][0]["controls"] == {"empty": "the network has no relations"}
    relational = quick(data(), ["cayley"], "rgcn:hidden=4,layers=2", trials=1, controls="empty").record()
    assert relational["arms"][0]["control"] == "empty relation"


def test_what_hears_no_edges_says_so() -> None:
    sources = {"toy": data()}
    arms = make_arms(sources, ["none", "cayley"], Context())
    assert lacking(arms, sources, MLP(), ("random",)) == {"random": {"cayley": "the network hears no edges"}}


def test_controls_are_the_same_in_one_process_and_in_two() -> None:
    records = [
        quick(barbell(4, 1), ["none", "cayley"], trials=2, controls="random,degrees", jobs=jobs).record()
        for jobs in (1, 2)
    ]
    assert [a["values"] for a in records[0]["arms"]] == [a["values"] for a in records[1]["arms"]]


PINNED = {
    "gcn:hidden=4,layers=2": {
        "none": "522152ede0990bae",
        "sdrf:iterations=3": "bccefe6d1786c3a8",
        "cayley": "d0ea1794b5beb09c",
        "laser": "afcf3cbce1ab7eee",
        "virtual_node": "59c1ee91a2aa87a4",
        "last_layer_fa": "895c9206d9ec6c35",
        "random:iterations=2": "7141c7c39281b60d",
        "mlp (no edges)": "f9793d7ab316857c",
        "random for sdrf:iterations=3": "ec49465bfc634ad8",
    },
    "rgcn:hidden=4,layers=2": {
        "none": "efe971ab02a6712b",
        "sdrf:iterations=3": "2a57813dc9b24760",
        "cayley": "0faf78d0141cbd1d",
        "laser": "30f2a0293ac7a56b",
        "virtual_node": "99d9518b9ee6e2eb",
        "last_layer_fa": "48e2ba24c03f6f88",
        "random:iterations=2": "8a0168d6a6d4b3c1",
        "mlp (no edges)": "af5b8de5321e040d",
        "random for sdrf:iterations=3": "49ad10a554657918",
    },
}


@pytest.mark.parametrize("model", PINNED)
def test_trials_of_before_there_were_more_controls_keep_their_keys(model: str) -> None:
    """Databases of many hours are found by these."""
    specs = ["none", "sdrf:iterations=3", "cayley", "laser", "virtual_node", "last_layer_fa", "random:iterations=2"]
    wish = Wish(specs, (), model, 2, None, {"epochs": 3}, kinds_of("all"))
    plan = plan_for({"barbell": [barbell(5, 0)]}, wish, "cpu", Context())
    keys = {arm.name: plan.key(a, 1)[:16] for a, arm in enumerate(plan.arms)}
    assert PINNED[model].items() <= keys.items()
    assert len(set(keys.values())) == len(keys)

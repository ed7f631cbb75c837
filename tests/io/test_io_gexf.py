"""GEXF: versions, attribute values, weights, direction."""

import io

import networkx as nx
import numpy as np
import pytest

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.gexf import FORMAT


def read(graph: str, **options: object) -> Graph:
    text = f'<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">{graph}</gexf>'
    (found,) = FORMAT.read(io.BytesIO(text.encode()), Reading("a.gexf", **options))
    return found


def wrap(nodes: str, edges: str, kind: str = "undirected", more: str = "") -> str:
    return f'<graph defaultedgetype="{kind}">{more}<nodes>{nodes}</nodes><edges>{edges}</edges></graph>'


PAIR = '<node id="5" label="a"/><node id="6" label="b"/>'


def test_weights_default_to_one() -> None:
    more = '<node id="7"/>'
    graph = read(wrap(PAIR + more, '<edge source="5" target="6" weight="2.5"/><edge source="6" target="7"/>'))
    assert (graph.labels, graph.weight.tolist(), graph.notes) == (("a", "b", "7"), [2.5, 1.0], {})


@pytest.mark.parametrize(
    ("default", "type", "directed", "edges"),
    [
        ("undirected", "", False, 1), ("directed", "", True, 1), ("undirected", 'type="directed"', True, 1),
        ("directed", 'type="undirected"', False, 1), ("directed", 'type="mutual"', True, 2),
    ],
)  # fmt: skip
def test_direction(default: str, type: str, directed: bool, edges: int) -> None:
    graph = read(wrap(PAIR, f'<edge source="5" target="6" {type}/>', default))
    assert (graph.directed, graph.m) == (directed, edges)


def test_attribute_values() -> None:
    more = (
        '<attributes class="node"><attribute id="0" title="age" type="integer"><default>9</default></attribute>'
        "</attributes>"
        '<attributes class="edge"><attribute id="0" title="kind" type="string"/></attributes>'
    )
    nodes = '<node id="a"><attvalues><attvalue for="0" value="3"/></attvalues></node><node id="b"/>'
    edges = '<edge source="a" target="b"><attvalues><attvalue for="0" value="r"/></attvalues></edge>'
    graph = read(wrap(nodes, edges, more=more))
    assert graph.node["age"].tolist() == [3, 9]
    assert graph.edge["kind"].tolist() == ["r"]


def test_old_files_name_attributes_by_id() -> None:
    more = '<attributes class="node"><attribute id="0" title="age" type="integer"/></attributes>'
    nodes = '<node id="a"><attvalues><attvalue id="0" value="3"/></attvalues></node>'
    assert read(wrap(nodes, "", more=more)).node["age"].tolist() == [3]


def test_positions_and_nested_nodes() -> None:
    inner = '<node id="b"><viz:position x="3" y="4" z="5"/></node>'
    nodes = f'<node id="a"><viz:position x="1" y="2"/><nodes>{inner}</nodes></node>'
    graph = read(wrap(nodes, '<edge source="a" target="b"/>'))
    assert graph.labels == ("b", "a")
    assert graph.node["pos"].tolist() == [[3.0, 4.0, 5.0], [1.0, 2.0, 0.0]]


def test_networkx_both_ways() -> None:
    theirs = nx.les_miserables_graph()
    out = io.BytesIO()
    nx.write_gexf(theirs, out)
    (graph,) = FORMAT.read(io.BytesIO(out.getvalue()), Reading())
    assert (graph.n, graph.m, graph.labels[0]) == (77, 254, "Napoleon")
    out = io.BytesIO()
    FORMAT.write([graph.replace(node={"rank": np.arange(77), "tall": np.arange(77) % 2 == 0})], out)
    back = nx.read_gexf(io.BytesIO(out.getvalue()), relabel=True)
    assert {frozenset(e[:2]): e[2] for e in back.edges(data="weight")} == {
        frozenset(e[:2]): e[2] for e in theirs.edges(data="weight")
    }
    assert back.nodes["Napoleon"]["rank"] == 0


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (wrap("<node/>", ""), "expected <node> with id"),
        (wrap(PAIR, '<edge source="5"/>'), "expected <edge> with source and target"),
        (wrap(PAIR, '<edge source="5" target="9"/>'), "edges between nodes of the file"),
        (wrap(PAIR, '<edge source="5" target="6" weight="x"/>'), "a value of type double"),
        (wrap(PAIR, '<edge source="5" target="6" weight="NaN"/>'), "a finite edge weight"),
        (wrap('<node id="a"><attvalues><attvalue for="0" value="3"/></attvalues></node>', ""), "a declared attribute"),
        ("<node id='a'/>", "inside <graph>"),
        ("", "a <graph>"),
    ],
)
def test_complaints(graph: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(graph)
    assert words in str(caught.value)
    assert str(caught.value).startswith("a.gexf")

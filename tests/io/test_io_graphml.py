"""GraphML: keys and types, direction, foreign types, and what networkx makes of ours."""

import io

import networkx as nx
import numpy as np
import pytest

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.graphml import FORMAT


def read_all(text: str | bytes, **options: object) -> list[Graph]:
    data = text.encode() if isinstance(text, str) else text
    return list(FORMAT.read(io.BytesIO(data), Reading("a.graphml", **options)))


def read(body: str, keys: str = "", default: str = "undirected", **options: object) -> Graph:
    inner = f'<graph edgedefault="{default}">{body}</graph>'
    (graph,) = read_all(f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}{inner}</graphml>', **options)
    return graph


PAIR = '<node id="a"/><node id="b"/><edge source="a" target="b"/>'


def key(id: str, domain: str, name: str, type: str, default: str = "") -> str:
    inner = f"<default>{default}</default>" if default else ""
    return f'<key id="{id}" for="{domain}" attr.name="{name}" attr.type="{type}">{inner}</key>'


def test_ids_are_names_unless_they_count() -> None:
    assert read(PAIR).labels == ("a", "b")
    assert read('<node id="n0"/><node id="n1"/>').labels is None
    assert read('<node id="0"/><node id="1"/>').labels is None
    keys = key("k", "node", "label", "string")
    assert read('<node id="a"><data key="k">Ann</data></node><node id="b"/>', keys).labels == ("Ann", "b")


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("boolean", " true ", True), ("int", "-3", -3), ("long", "4", 4), ("float", "0x1.8p+1", 3.0),
        ("double", "1e-3", 1e-3), ("string", " x ", " x "), ("vector_float", "0x1p+0, 2", "0x1p+0, 2"),
    ],
)  # fmt: skip
def test_types(type: str, text: str, value: object) -> None:
    graph = read(f'<node id="a"><data key="k">{text}</data></node>', key("k", "node", "thing", type))
    assert graph.node["thing"].tolist() == [value]


def test_defaults_and_missing_values() -> None:
    keys = key("d", "node", "age", "int", "7") + key("e", "node", "mass", "double")
    graph = read('<node id="a"><data key="d">1</data><data key="e">2</data></node><node id="b"/>', keys)
    assert graph.node["age"].tolist() == [1, 7]
    np.testing.assert_array_equal(graph.node["mass"], [2.0, np.nan])


@pytest.mark.parametrize("name", ["weight", "value"])
def test_weights(name: str) -> None:
    keys = key("w", "edge", name, "double")
    body = '<node id="a"/><node id="b"/><edge source="a" target="b"><data key="w">0x1p+1</data></edge>'
    assert read(body, keys).weight.tolist() == [2.0]
    assert read(body, keys, weighted=False).weight is None


def test_direction() -> None:
    assert read(PAIR, default="directed").directed
    assert not read(PAIR, default="directed", directed=False).directed
    assert read(PAIR, directed=True).m == 2
    assert not read(PAIR).directed
    graph = read(PAIR + '<node id="c"/><edge source="c" target="a" directed="true"/>')
    assert (graph.directed, graph.edges.tolist()) == (True, [[0, 1], [1, 0], [2, 0]])


def test_edges_may_come_first_and_graphs_nest() -> None:
    assert read('<edge source="a" target="b"/><node id="a"/><node id="b"/>').m == 1
    graph = read(f'<node id="g"><graph edgedefault="undirected">{PAIR}</graph></node><edge source="g" target="a"/>')
    assert (graph.n, graph.m, graph.notes) == (3, 2, {"nested_graphs": 1})


def test_several_graphs() -> None:
    assert [g.n for g in read_all('<graphml><graph><node id="x"/></graph><graph/></graphml>')] == [1, 0]


def test_encodings() -> None:
    text = '<?xml version="1.0" encoding="{}"?><graphml><graph><node id="é"/></graph></graphml>'
    for encoding in ("UTF-8", "ISO-8859-1", "UTF-16", "windows-1252"):
        data = text.format(encoding).encode(encoding)
        assert FORMAT.sniff(data)
        assert read_all(data)[0].labels == ("é",)


@pytest.mark.parametrize("directed", [True, False])
def test_networkx_both_ways(directed: bool) -> None:
    theirs = nx.DiGraph() if directed else nx.Graph()
    theirs.add_node("a <&> b", age=3, tall=True)
    theirs.add_node("c", age=4, tall=False)
    theirs.add_edge("a <&> b", "c", weight=0.1, kind="r\r\n")
    out = io.BytesIO()
    nx.write_graphml(theirs, out)
    (graph,) = read_all(out.getvalue())
    assert (graph.directed, graph.labels, graph.weight.tolist()) == (directed, ("a <&> b", "c"), [0.1])
    out = io.BytesIO()
    FORMAT.write([graph], out)
    back = nx.read_graphml(io.BytesIO(out.getvalue()))
    assert back.is_directed() == directed
    assert back.nodes["n0"] == {"label": "a <&> b", "age": 3, "tall": True}
    assert back.edges["n0", "n1"]["weight"] == 0.1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<graphml><graph>\n<node/></graph></graphml>", "a.graphml:2: expected <node> with id"),
        ("<graphml><graph><node id='a'/>\n<edge source='a'/></graph></graphml>", "a.graphml:2: expected <edge> with"),
        ("<graphml><graph><node id='a'/>\n<edge source='a' target='b'/></graph></graphml>", "nodes of the file"),
        ("<graphml><graph><node id='a'/>\n<node id='a'/></graph></graphml>", "found 'a' twice"),
        ("<graphml><graph><hyperedge/></graph></graphml>", "<hyperedge>"),
        ("<graphml><graph><node id='a'><data key='k'>1</data></node></graph></graphml>", "data of a declared key"),
        ("<graphml><node id='a'/></graphml>", "inside <graph>"),
        ("<graphml></graphml>", "a <graph>"),
        ("<graphml><graph>", "well-formed XML, found no element found"),
        ("<graphml><graph></graphml>", "well-formed XML, found mismatched tag"),
        ("", "empty file"),
        ('<?xml version="1.0" encoding="klingon"?><graphml/>', "a.graphml"),
    ],
)  # fmt: skip
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_all(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(("type", "text"), [("int", "x"), ("boolean", "maybe"), ("double", "0xzz"), ("int", "1.5")])
def test_values_that_are_not_of_their_type(type: str, text: str) -> None:
    with pytest.raises(InputError, match=f"a value of type {type}"):
        read(f'<node id="a"><data key="k">{text}</data></node>', key("k", "node", "thing", type))


def test_weight_of_text() -> None:
    keys = key("w", "edge", "weight", "string")
    body = '<node id="a"/><node id="b"/><edge source="a" target="b"><data key="w">{}</data></edge>'
    assert read(body.format("2.5"), keys).weight.tolist() == [2.5]
    with pytest.raises(InputError, match="a number as weight"):
        read(body.format("heavy"), keys)

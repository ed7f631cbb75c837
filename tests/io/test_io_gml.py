"""GML: tolerant reading, exact complaints, and what networkx makes of ours."""

import io

import networkx as nx
import numpy as np
import pytest

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.gml import FORMAT

TWO = "graph [ node [ id 0 ] node [ id 1 ]"


def read_all(text: str | bytes, **options: object) -> list[Graph]:
    data = text.encode() if isinstance(text, str) else text
    return list(FORMAT.read(io.BytesIO(data), Reading("a.gml", **options)))


def read(text: str | bytes, **options: object) -> Graph:
    (graph,) = read_all(text, **options)
    return graph


def test_ids_in_any_order_and_names() -> None:
    graph = read(
        'Creator "x"\ngraph\n[\n comment "hi"\n node [ id 7 label "a &amp; b" ]\n node [ label "c" id 2 ]\n'
        " edge [ target 2 source 7 value 2.5 ] # loose end\n]\n"
    )
    assert (graph.labels, graph.edges.tolist(), graph.weight.tolist()) == (("a & b", "c"), [[0, 1]], [2.5])
    assert graph.graph["comment"].tolist() == ["hi"]


def test_ids_are_the_names_where_there_are_no_labels() -> None:
    assert read("graph [ node [ id 1 ] node [ id 2 ] ]").labels == ("1", "2")
    assert read("graph [ node [ id 0 ] node [ id 1 ] ]").labels is None
    assert read('graph [ node [ id 4 ] node [ id 1 name "x" ] ]').labels == ("4", "x")


def test_edges_before_nodes() -> None:
    assert read("graph [ edge [ source 1 target 2 ] node [ id 1 ] node [ id 2 ] ]").m == 1


def test_direction_and_parallel_edges() -> None:
    arcs = (
        "node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] edge [ source 0 target 1 ] edge [ source 1 target 0 ]"
    )
    graph = read(f"graph [ directed 1 {arcs} ]")
    assert (graph.directed, graph.m, graph.notes) == (True, 2, {"parallel_edges": 1})
    assert read(f"graph [ directed 1 {arcs} ]", directed=False).m == 1
    graph = read(f"graph [ {arcs} ]")
    assert (graph.directed, graph.m, graph.notes) == (False, 1, {"parallel_edges": 2})


def test_attributes_become_payload() -> None:
    graph = read(
        "graph [ node [ id 0 age 3 graphics [ x 1.5 fill [ rgb 7 ] ] ] node [ id 1 age 4 ]"
        ' edge [ source 0 target 1 kind "r" since 1999 weight 2 value 5 ] ]'
    )
    assert graph.node["age"].tolist() == [3, 4]
    assert graph.node["graphics_fill_rgb"][0] == 7
    np.testing.assert_array_equal(graph.node["graphics_x"], [1.5, np.nan])
    assert {key: values.tolist() for key, values in graph.edge.items()} == {
        "kind": ["r"],
        "since": [1999],
        "value": [5],
    }
    assert graph.weight.tolist() == [2.0]


def test_repeated_keys_are_counted() -> None:
    graph = read("graph [ node [ id 0 pos 1.0 pos 2.0 ] ]")
    assert (graph.node["pos"].tolist(), graph.notes) == ([1.0], {"repeated_keys": 1})


def test_missing_weights_are_ones_and_counted() -> None:
    nodes = "node [ id 0 ] node [ id 1 ] node [ id 2 ]"
    graph = read(f"graph [ {nodes} edge [ source 0 target 1 weight 3 ] edge [ source 1 target 2 ] ]")
    assert (graph.weight.tolist(), graph.notes) == ([3.0, 1.0], {"weight_missing": 1})


def test_several_graphs() -> None:
    assert [g.n for g in read_all("graph [ node [ id 0 ] ] graph [ ]")] == [1, 0]


def test_latin_1() -> None:
    assert read('graph [ node [ id 0 label "Jos\xe9" ] ]'.encode("latin-1")).labels == ("José",)


def test_networkx_both_ways() -> None:
    theirs = nx.les_miserables_graph()
    graph = read("\n".join(nx.generate_gml(theirs)))
    assert (graph.n, graph.m) == (77, 254)
    out = io.BytesIO()
    FORMAT.write([graph.replace(node={"rank": np.arange(77) / 1e7, "word": np.array(["é\n<"] * 77)})], out)
    back = nx.read_gml(io.BytesIO(out.getvalue()))
    assert {frozenset(e[:2]): e[2] for e in back.edges(data="weight")} == {
        frozenset(e[:2]): e[2] for e in theirs.edges(data="weight")
    }
    assert back.nodes["Valjean"]["word"] == "é\n<"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("graph [ node [ id 1 ]\n edge [ source 1 target 2 ] ]", "a.gml:2: expected edges between nodes of the file"),
        ("graph [ node [ id 1 ]\n\n node [ id 1 ] ]", "a.gml:3: expected different node ids, found '1' twice"),
        ('graph [ node [ id 1 \n label "x ] ]', "a.gml:2: expected a closing quotation mark"),
        ("graph [ node [ id 1 ]", "a complete GML file"),
        ("graph [ node [ id", "a complete GML file"),
        ("graph [ node [ id ] ]", "a value for 'id'"),
        ("graph [ node [ label 3 ] ]", "expected a node with id, found no id"),
        ("graph [ node [ id 1 ] edge [ source 1 ] ]", "found no target"),
        ("graph [ node [ id 1 ] ] ]", "a key, found ']'"),
        ("graph [ [ ] ]", "a key, found '['"),
        ("graph [ 5 6 ]", "a key, found '5'"),
        ("x 1", "graph [ … ]"),
        (f'{TWO}\nedge [ source 0 target 1 weight "x" ] ]', "a.gml:2: expected a number as weight"),
        (f"{TWO}\nedge [ source 0 target 1 weight 1e400 ] ]", "a.gml:2: expected a finite"),
        (f"{TWO}\nedge [ source 0 target 1 weight NAN ] ]", "a.gml:2: expected a finite"),
    ],
)  # fmt: skip
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_all(text)
    assert words in str(caught.value)


def test_sniff() -> None:
    assert FORMAT.sniff(b'# x\nCreator "Mark [1]" Version 1\ngraph\n[\n')
    assert FORMAT.sniff(b"graph[")
    assert not FORMAT.sniff(b"graph x\n")
    assert not FORMAT.sniff(b"0 1\n1 2\n")

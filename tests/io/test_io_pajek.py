"""Pajek: sections, direction rules, coordinates."""

import io

import networkx as nx
import numpy as np
import pytest

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.pajek import FORMAT


def read(text: str, **options: object) -> Graph:
    (graph,) = FORMAT.read(io.BytesIO(text.encode()), Reading("a.net", **options))
    return graph


def test_names_and_coordinates() -> None:
    graph = read('*Vertices 3\n1 "a b" 0.1 0.2 0.5 ellipse\n2 c 1 2 box\n3 "" 3 4\n*Edges\n1 2\n')
    assert graph.labels == ("a b", "c", "")
    assert graph.node["pos"].tolist() == [[0.1, 0.2], [1.0, 2.0], [3.0, 4.0]]


def test_vertex_lines_may_be_missing() -> None:
    assert read("*Vertices 3\n*Edges\n1 2\n").labels is None
    assert read('*Vertices 3\n2 "b"\n*Edges\n1 2\n').labels == ("1", "b", "3")


class TestDirection:
    def test_edges_are_undirected_and_listed_once(self) -> None:
        graph = read("*Vertices 3\n*Edges\n1 2 2\n2 1 3\n")
        assert (graph.directed, graph.weight.tolist(), graph.notes) == (False, [5.0], {"parallel_edges": 1})
        assert read("*Vertices 3\n*Edges\n1 2 2\n", directed=True).edges.tolist() == [[0, 1], [1, 0]]

    def test_arcs_are_directed(self) -> None:
        assert read("*Vertices 3\n*Arcs\n1 2\n2 3\n").directed
        assert not read("*Vertices 3\n*Arcs\n1 2\n2 3\n", directed=False).directed

    def test_arcs_that_are_all_answered_are_not(self) -> None:
        graph = read("*Vertices 3\n*Arcs\n1 2 4\n2 1 4\n")
        assert (graph.m, graph.directed, graph.weight.tolist()) == (1, False, [4.0])
        assert graph.notes["direction"] == "every arc is answered: undirected"
        assert read("*Vertices 3\n*Arcs\n1 2 4\n2 1 5\n").directed
        assert read("*Vertices 3\n*Arcs\n1 2 4\n2 1 4\n", directed=True).m == 2

    def test_arcs_and_edges(self) -> None:
        graph = read("*Vertices 3\n*Edges\n1 2 3\n*Arcs\n1 3\n")
        assert graph.directed
        assert graph.edges.tolist() == [[0, 1], [0, 2], [1, 0]]
        assert graph.weight.tolist() == [3.0, 1.0, 3.0]


@pytest.mark.parametrize("word", ["*Arcslist", "*ARCSLIST", "*edgeslist"])
def test_lists(word: str) -> None:
    graph = read(f"*Vertices 3\n{word}\n1 2 3\n2 3\n")
    assert graph.edges.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert graph.directed == ("rc" in word.lower())


def test_matrix() -> None:
    graph = read("*Vertices 2\n*Matrix\n0 1\n2 0\n")
    assert (graph.directed, graph.weight.tolist()) == (True, [1.0, 2.0])
    assert not read("*Vertices 2\n*Matrix\n0 1\n1 0\n").directed


def test_extras_after_an_edge_and_comments() -> None:
    graph = read('% c\n*Network x\n*Vertices 3\n% d\n*Edges :1 "likes"\n1 2 2.5 c Blue\n2 3 l "x"\n')
    assert graph.weight.tolist() == [2.5, 1.0]


def test_networkx_both_ways() -> None:
    theirs = nx.les_miserables_graph()
    text = "\n".join(nx.generate_pajek(theirs))
    graph = read(text)
    assert (graph.n, graph.m) == (77, 254)
    out = io.BytesIO()
    FORMAT.write([graph], out)
    back = nx.Graph(nx.parse_pajek(out.getvalue().decode()))
    assert {frozenset(e) for e in back.edges} == {frozenset(e) for e in theirs.edges}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*Vertices 3\n*Edges\n1 4\n", "a.net:3: expected a vertex from 1 to 3, found '4'"),
        ("*Vertices 3\n*Edges\n1 x\n", "a.net:3: expected a vertex from 1 to 3, found 'x'"),
        ("*Vertices 3\n*Edges\n1\n", "a.net:3: expected two vertices a line"),
        ("*Vertices 3\n*Edges\n1 2 -1\n", "a.net:3: expected a finite edge weight"),
        ("*Vertices 3\n*Edges\n1 2 nan\n2 3\n", "a.net:3: expected a finite edge weight"),
        ('*Vertices 3\n7 "x"\n', "a.net:2: expected a vertex from 1 to 3"),
        ("*Vertices 3\n*Arcslist\n1 9\n", "a.net:3: expected a vertex"),
        ("*Vertices 2\n*Matrix\n0 1\n", "expected 2 rows"),
        ("*Vertices 2\n*Matrix\n0 1\n0\n", "a.net:4: expected 2 numbers"),
        ("*Vertices 2\n*Matrix\n0 1\n0 x\n", "a.net:4: expected a number"),
        ("*Vertices 2\n*Matrix\n0 1\n0 -2\n", "a.net:4: expected a finite edge weight"),
        ("*Vertices x\n", "a.net:1: expected *Vertices N, found 'x'"),
        ("*Arcs\n1 2\n", "*Vertices first"),
        ("*Network x\n", "*Vertices N"),
        ("1 2\n", "*Vertices N"),
        ("*Vertices 2\n*Partition x\n1\n", "found *Partition"),
        ("*Vertices 2\n*Vertices 2\n", "keep one network"),
        ('*Vertices 5000000\n1 "a"\n', "a line for each of 5000000 vertices"),
    ],
)
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert words in str(caught.value)


def test_sniff() -> None:
    assert FORMAT.sniff(b"% x\n\n*vertices 3\n")
    assert FORMAT.sniff(b"*Network x\n*Vertices 3\n")
    assert not FORMAT.sniff(b"* Vertices\n")


def test_coordinates_are_written() -> None:
    graph = Graph(2, np.array([[0, 1]]), node={"pos": np.array([[0.5, 1.0], [2.0, 3.0]]), "x": np.zeros(2)})
    out = io.BytesIO()
    FORMAT.write([graph], out)
    assert b'1 "0" 0.5 1\n2 "1" 2 3\n' in out.getvalue()
    assert FORMAT.leaves_out(graph) == ["node payload (x)"]


@pytest.mark.parametrize("name", ['"q"', '"', "&quot;", "&amp;quot;", "AT&T", "&", "&#34;", "a\nb", "&lt;", "\x01&#1;"])
def test_names_with_quotation_marks_and_entities_come_back(name: str) -> None:
    out = io.BytesIO()
    FORMAT.write([Graph(2, np.array([[0, 1]]), labels=(name, "b"))], out)
    head, _, rest = out.getvalue().decode().partition("\n")
    assert "labels" not in head
    assert read(rest).labels == (name, "b")
    assert '""' not in rest


def test_names_of_other_programs_stay() -> None:
    graph = read('*Vertices 3\n1 "a&b;c"\n2 x&quot;y\n3 "d &quot;e&quot; &#233;"\n')
    assert graph.labels == ("a&b;c", "x&quot;y", 'd "e" é')

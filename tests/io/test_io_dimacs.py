"""DIMACS: lengths and conductances, both directions, colouring instances."""

import io

import numpy as np
import pytest

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.dimacs import FORMAT


def read(text: str, **options: object) -> Graph:
    (graph,) = FORMAT.read(io.BytesIO(text.encode()), Reading("a.gr", **options))
    return graph


def test_a_length_is_an_inverse_conductance() -> None:
    graph = read("c road\np sp 3 4\na 1 2 4\na 2 1 4\na 2 3 1\na 3 2 1\n")
    assert (graph.directed, graph.edges.tolist(), graph.weight.tolist()) == (False, [[0, 1], [1, 2]], [0.25, 1.0])
    assert graph.notes["lengths"] == "read as conductance 1 / length"


def test_arcs_without_answer_are_directed() -> None:
    graph = read("p sp 3 2\na 1 2 4\na 2 3 1\n")
    assert graph.directed
    assert not read("p sp 3 2\na 1 2 4\na 2 3 1\n", directed=False).directed
    assert not read("p sp 2 2\na 1 2 4\na 2 1 4\n").directed
    assert read("p sp 2 2\na 1 2 4\na 2 1 4\n", directed=True).m == 2


def test_lengths_of_one_are_no_weights() -> None:
    graph = read("p sp 2 1\na 1 2 1\n")
    assert (graph.weight, "lengths" in graph.notes) == (None, False)


@pytest.mark.parametrize("kind", ["edge", "col"])
@pytest.mark.parametrize("stated", [1, 2, 4])
def test_colouring_instances_count_edges_once_or_twice(kind: str, stated: int) -> None:
    graph = read(f"c x\np {kind} 3 {stated}\ne 1 2\ne 2 3\n")
    assert (graph.n, graph.m, graph.directed) == (3, 2, False)


def test_colouring_instance_that_lists_both_directions() -> None:
    assert read("p edge 2 2\ne 1 2\ne 2 1\n").m == 1


def test_isolated_nodes_and_no_edges() -> None:
    assert (read("p edge 5 0\n").n, read("p edge 5 0\n").m) == (5, 0)


def test_lengths_are_written_back() -> None:
    graph = Graph(3, np.array([[0, 1], [1, 2]]), weight=np.array([0.25, 0.2]))
    out = io.BytesIO()
    FORMAT.write([graph], out)
    assert out.getvalue().decode().split("\n")[1:] == [
        "p sp 3 4", "a 1 2 4", "a 2 3 5", "a 2 1 4", "a 3 2 5", "",
    ]  # fmt: skip
    out = io.BytesIO()
    FORMAT.write([graph.replace(weight=None)], out)
    assert out.getvalue().decode().split("\n")[1:] == ["p edge 3 2", "e 1 2", "e 2 3", ""]


def test_conductance_without_a_length_is_refused() -> None:
    with pytest.raises(InputError, match="length 1 / w"):
        FORMAT.write([Graph(2, np.array([[0, 1]]), weight=np.array([1e-310]))], io.BytesIO())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p sp 3 2\na 1 2 0\na 2 3 1\n", "a.gr:2: expected a length > 0"),
        ("p sp 3 3\na 1 2 4\na 2 3 1\n", "expected 3 edges, as the p line says, found 2"),
        ("p edge 3 9\ne 1 2\ne 2 3\n", "expected 9 edges"),
        ("p sp 3 2\na 1 4 4\na 2 3 1\n", "a.gr:2: expected nodes from 1 to 3, found (1, 4)"),
        ("p max 3 2\na 1 2 4\n", "p sp|edge|col NODES EDGES"),
        ("p sp x 2\na 1 2 4\n", "p sp|edge|col NODES EDGES"),
        ("p sp 3 2\na 1 2 4\nb 2 3 1\n", "a.gr:3: expected lines that start with a"),
        ("p sp 3 1\na 1 2\n", "a.gr:2: expected 3 numbers"),
        ("p sp 3 1\na 1 2 x\n", "a.gr:2: expected a number"),
        ("p sp 3 1\na 1 2 -4\n", "a.gr:2: expected a finite edge weight"),
        ("p sp 3 1\na 1 2 1e400\n", "a.gr:2: expected a finite edge weight"),
        ("c nothing\n", "a line p sp|edge|col"),
    ],
)
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert words in str(caught.value)


def test_sniff() -> None:
    assert FORMAT.sniff(b"c x\n\np sp 3 2\na 1 2 3\n")
    assert not FORMAT.sniff(b"p q\n")
    assert not FORMAT.sniff(b"x y\np sp 3 2\n")

"""Matrix Market: banner, layouts, symmetry, counts."""

import io

import numpy as np
import pytest
from scipy.io import mmread, mmwrite
from scipy.sparse import coo_array

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.matrix_market import FORMAT

HEAD = "%%MatrixMarket matrix "


def read(text: str, **options: object) -> Graph:
    (graph,) = FORMAT.read(io.BytesIO(text.encode()), Reading("a.mtx", **options))
    return graph


def test_symmetric_pattern() -> None:
    graph = read(HEAD + "coordinate pattern symmetric\n% c\n3 3 2\n2 1\n3 2\n")
    assert (graph.n, graph.edges.tolist(), graph.directed, graph.weight) == (3, [[0, 1], [1, 2]], False, None)


def test_both_triangles_of_a_symmetric_matrix_count_once() -> None:
    graph = read(HEAD + "coordinate real symmetric\n2 2 2\n2 1 3\n1 2 3\n")
    assert (graph.m, graph.weight.tolist()) == (1, [3.0])


def test_general_is_undirected_where_it_is_symmetric() -> None:
    both = HEAD + "coordinate real general\n3 3 4\n1 2 5\n2 1 5\n2 3 2\n3 2 2\n"
    graph = read(both)
    assert (graph.directed, graph.weight.tolist()) == (False, [5.0, 2.0])
    assert read(both, directed=True).m == 4
    assert read(both.replace("3 2 2", "3 2 7")).directed
    assert not read(both.replace("3 2 2", "3 2 7"), weighted=False).directed


def test_entry_is_an_arc_from_row_to_column() -> None:
    assert read(HEAD + "coordinate integer general\n3 3 1\n1 3 1\n").edges.tolist() == [[0, 2]]


def test_dense_arrays_go_down_the_columns() -> None:
    graph = read(HEAD + "array real general\n2 2\n0\n1\n2\n0\n")
    assert (graph.edges.tolist(), graph.weight.tolist()) == ([[0, 1], [1, 0]], [2.0, 1.0])
    graph = read(HEAD + "array real symmetric\n3 3\n0\n1\n2\n0\n5\n0\n")
    assert (graph.edges.tolist(), graph.weight.tolist()) == ([[0, 1], [0, 2], [1, 2]], [1.0, 2.0, 5.0])
    assert read(HEAD + "array real symmetric\n3 3\n0\n1\n2\n0\n5\n0\n", directed=True).m == 6


def test_banner_may_be_missing() -> None:
    text = "% a comment\n3 3 2\n1 2\n2 3\n"
    assert FORMAT.sniff(text.encode())
    assert read(text).directed
    assert not FORMAT.sniff(b"3 3 2\n1 2\n2 3\n1 3\n")  # more lines than entries: an edge list
    assert not FORMAT.sniff(b"3 3 2\n0 1\n1 2\n")
    assert not FORMAT.sniff(b"")


def test_zero_nodes() -> None:
    assert read(HEAD + "coordinate pattern symmetric\n0 0 0\n").n == 0


@pytest.mark.parametrize("symmetry", ["general", "symmetric"])
@pytest.mark.parametrize("dense", [True, False])
def test_scipy_writes_what_we_read(symmetry: str, dense: bool) -> None:
    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 3, (7, 7)).astype(float)
    np.fill_diagonal(matrix, 0)
    if symmetry == "symmetric":
        matrix = np.triu(matrix) + np.triu(matrix).T
    out = io.BytesIO()
    mmwrite(out, matrix if dense else coo_array(matrix), symmetry=symmetry)
    graph = read(out.getvalue().decode())
    assert graph.directed == (symmetry == "general")
    np.testing.assert_array_equal(graph.adjacency.toarray(), matrix)


@pytest.mark.parametrize("directed", [True, False])
def test_scipy_reads_what_we_write(directed: bool) -> None:
    graph = Graph(4, np.array([[0, 1], [0, 3], [2, 3]]), directed, np.array([0.1, 2.0, 1e-9]), labels=tuple("abcd"))
    out = io.BytesIO()
    FORMAT.write([graph], out)
    np.testing.assert_array_equal(mmread(io.BytesIO(out.getvalue())).toarray(), graph.adjacency.toarray())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("coordinate real general\n3 4 1\n1 2 3\n", "rectangular one, 3 × 4"),
        ("coordinate complex general\n2 2 1\n1 2 3 4\n", "found complex"),
        ("coordinate complex hermitian\n2 2 1\n1 2 3 4\n", "found complex"),
        ("coordinate real skew-symmetric\n2 2 1\n2 1 1\n", "found skew-symmetric"),
        ("array pattern general\n2 2\n1\n", "numbers in an array"),
        ("vector real general\n2 2\n1\n", "found vector"),
        ("coordinate real general\n3 3 2\n1 2 3\n", "expected 2 entries, as line 2 says, found 1"),
        ("coordinate real general\n3 3 1\n1 2 3\n2 3 1\n", "expected 1 entries"),
        ("coordinate real general\n3 3 2\n1 2 3\n2 5 1\n", "a.mtx:4: expected nodes from 1 to 3, found (2, 5)"),
        ("coordinate real general\n3 3 1\n0 2 3\n", "a.mtx:3: expected nodes from 1 to 3"),
        ("coordinate real general\n3 3 1\n1.5 2 3\n", "found (1.5, 2)"),
        ("coordinate real general\n3 3 2\n1 2 x\n2 3 1\n", "a.mtx:3: expected a number"),
        ("coordinate real general\n3 3 2\n1 2 1\n2 3\n", "a.mtx:4: expected 3 numbers a line"),
        ("coordinate pattern general\n3 3 2\n1 2 1\n2 3 1\n", "a.mtx:3: expected 2 numbers a line"),
        ("coordinate real general\n3 3 2\n1 2 1\n2 3 nan\n", "a.mtx:4: expected a finite edge weight"),
        ("array real general\n2 2\n0\n1\n", "expected 4 values in the array, found 2"),
        ("array real general\n2 2\n0\n1\nx\n0\n", "numbers in the array, found 'x'"),
        ("array real general\n2 2\n0\n1\n-1\n0\n", "a.mtx:5: expected a finite edge weight"),
        ("coordinate real general\n3 3\n1 2 3\n", "a line of rows, columns, entries"),
        ("coordinate real general\n", "a line of rows, columns, entries"),
        ("coordinate\n", "%%MatrixMarket matrix LAYOUT FIELD SYMMETRY"),
    ],
)
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(HEAD + text)
    assert words in str(caught.value)

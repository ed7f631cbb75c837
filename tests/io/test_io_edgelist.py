"""Edge lists: separators, headers, numbering, direction, weights, and complaints that name the line."""

import io

import networkx as nx
import numpy as np
import pytest

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.edgelist import CSV, FORMAT, TSV


def read(text: str | bytes, **options: object) -> Graph:
    data = text.encode() if isinstance(text, str) else text
    (graph,) = FORMAT.read(io.BytesIO(data), Reading("f.txt", **options))
    return graph


@pytest.mark.parametrize(
    "text",
    ["0 1\n1 2\n", "0\t1\n1\t2\n", "0,1\n1,2\n", "0;1\n1;2\n", "0, 1\n1, 2", "0 1\r\n1 2\r\n", "  0   1  \n\n 1\t 2\n"],
)
def test_separators(text: str) -> None:
    graph = read(text)
    assert (graph.n, graph.edges.tolist(), graph.labels) == (3, [[0, 1], [1, 2]], None)


@pytest.mark.parametrize("sign", ["#", "%", "//"])
def test_comments_may_stand_anywhere(sign: str) -> None:
    assert read(f"{sign} head\n0 1\n  {sign} middle 7 8 9\n1 2\n{sign}").m == 2


def test_comment_after_an_edge() -> None:
    assert read("a b # friends\nb c\n").labels == ("a", "b", "c")


@pytest.mark.parametrize(
    "text",
    [
        "source,target,weight\na,b,2\n",
        "src dst w\na b 2\n",
        "weight;to;from\n2;b;a\n",
        '"from"\t"to"\t"value"\na\tb\t2',
    ],
)
def test_headers(text: str) -> None:
    graph = read(text)
    assert graph.weight.tolist() == [2.0]
    assert set(graph.labels) == {"a", "b"}


def test_header_of_unknown_words_above_numbers() -> None:
    graph = read("left,right,since,kind\n0,1,1999,x\n1,2,2001,y\n")
    assert graph.weight is None
    assert graph.edge["since"].tolist() == [1999, 2001]
    assert graph.edge["kind"].tolist() == ["x", "y"]


def test_gephi_table() -> None:
    graph = read("Source;Target;Type;Id;Label;Weight\n1;2;Directed;0;;2.5\n3;2;Directed;1;;1\n")
    assert graph.directed
    assert graph.labels == ("1", "2", "3")
    assert graph.edges.tolist() == [[0, 1], [2, 1]]
    assert graph.weight.tolist() == [2.5, 1.0]


def test_quoted_cells() -> None:
    graph = read('source,target\n"Smith, J.",b\nb,"say ""x"""\n')
    assert graph.labels == ("Smith, J.", "b", 'say "x"')


@pytest.mark.parametrize("data", [True, False])
def test_networkx_edge_lists(data: bool) -> None:
    graph = nx.les_miserables_graph()
    graph = nx.relabel_nodes(graph, {name: name.replace(" ", "_") for name in graph})
    out = io.BytesIO()
    nx.write_edgelist(graph, out, data=data)
    back = read(out.getvalue())
    assert (back.n, back.m) == (77, 254)
    assert (back.weight is not None) == data
    if data:
        theirs = [graph[back.labels[u]][back.labels[v]]["weight"] for u, v in back.edges]
        assert back.weight.tolist() == theirs


def test_dict_without_weight_weighs_one() -> None:
    assert read("1 2 {'weight': 3, 'x': 'a b'}\n2 3 {}\n").weight.tolist() == [3.0, 1.0]
    assert read("1 2 {}\n2 3 {}\n").weight is None


class TestNumbering:
    def test_a_node_exists_when_an_edge_names_it(self) -> None:
        graph = read("0 1\n1 5\n")
        assert (graph.n, graph.labels, graph.edges.tolist()) == (3, ("0", "1", "5"), [[0, 1], [1, 2]])

    def test_or_when_the_file_states_that_many(self) -> None:
        graph = read("# Nodes: 6 Edges: 2\n0 1\n1 5\n")
        assert (graph.n, graph.labels, graph.notes) == (6, None, {"isolated": 3})

    def test_from_one_is_shifted_and_keeps_its_names(self) -> None:
        graph = read("1 2\n2 3\n")
        assert (graph.n, graph.labels, graph.edges.tolist()) == (3, ("1", "2", "3"), [[0, 1], [1, 2]])

    def test_sparse_integers_are_ranked(self) -> None:
        graph = read("1000 7\n7 90000\n")
        assert (graph.n, graph.labels) == (3, ("7", "1000", "90000"))
        assert graph.edges.tolist() == [[0, 1], [0, 2]]

    def test_integers_of_any_size_are_ranked(self) -> None:
        big = 10**30
        assert read(f"{big} 5\n5 {2**60}\n5 {2**60 + 1}\n").labels == ("5", str(2**60), str(2**60 + 1), str(big))

    def test_words_come_in_order_of_appearance(self) -> None:
        assert read("b a\na c\n").labels == ("b", "a", "c")

    def test_a_stated_number_of_nodes_counts(self) -> None:
        assert read("# Nodes: 9 Edges: 2\n0 1\n1 2\n").n == 9

    def test_as_many_stated_as_named_means_that_gaps_are_no_nodes(self) -> None:
        graph = read("# Nodes: 3 Edges: 2\n0 1\n1 5\n")
        assert (graph.n, graph.labels) == (3, ("0", "1", "5"))

    def test_no_edges_but_a_stated_number_of_nodes(self) -> None:
        assert (read("# Nodes: 4 Edges: 0\n").n, read("# Nodes: 4 Edges: 0\n").m) == (4, 0)


class TestDirection:
    def test_both_directions_are_one_edge(self) -> None:
        graph = read("0 1 2\n1 0 2\n1 2 1\n2 1 1\n")
        assert (graph.m, graph.directed, graph.weight.tolist()) == (2, False, [2.0, 1.0])
        assert graph.notes["both_directions"] == 2

    def test_some_in_both_directions(self) -> None:
        assert read("0 1\n1 0\n1 2\n").notes == {"both_directions": 1, "one_direction": 1}

    def test_kept_on_demand(self) -> None:
        assert read("0 1\n1 0\n1 2\n", directed=True).edges.tolist() == [[0, 1], [1, 0], [1, 2]]

    def test_self_loops_and_repetitions_are_counted(self) -> None:
        graph = read("0 0\n0 1 \n0 1\n")
        assert (graph.m, graph.notes) == (1, {"self_loops": 1, "parallel_edges": 1})


def test_weights_left_unread() -> None:
    assert read("0 1 nan\n", weighted=False).weight is None


def test_encodings() -> None:
    assert read("é b\n".encode("latin-1")).labels == ("é", "b")
    assert read("\ufeffa b\n".encode()).labels == ("a", "b")
    assert read("a b\n".encode("utf-16")).labels == ("a", "b")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("0 1\n2\n", 2, "2 columns"),
        ("# c\n0 1 2\n\n1 2\n", 4, "3 columns"),
        ("0 1\n1 -2\n", 2, "node ids >= 0"),
        ("0 1 1\n1 2 nan\n", 2, "finite edge weight"),
        ("0 1 1\n1 2 inf\n", 2, "finite edge weight"),
        ("0 1 1\n1 2 1e400\n", 2, "finite edge weight"),
        ("0 1 1\n1 2 -3\n", 2, "finite edge weight"),
        ("0 1 1\n1 2 x\n", 2, "a number as the weight"),
        ("0 1 2 3\n", 1, "name the columns"),
        ("source,target,weight\na,b,1\na,c,nan\n", 3, "finite edge weight"),
        ("source,target\na,b\na,\n", 3, "2 columns"),
        ("a,b,c,a\n1,2,3,4\n", 1, "different names"),
        ("1 2 {'weight': x}\n", 1, "a number as the weight"),
    ],
)
def test_complaints_name_the_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).startswith(f"f.txt:{line}: expected ")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "  \n", "# only words\n"])
def test_nothing_there(text: str) -> None:
    with pytest.raises(InputError):
        read(text)


def test_a_header_alone_is_said_to_hold_no_edges() -> None:
    for text in ("source,target\n", "source\ttarget\tweight\n"):
        graph = read(text)
        assert (graph.n, graph.m, graph.notes) == (0, 0, {"no_edges": True})
    assert "no_edges" not in read("0 1\n").notes


CHOICE = "third column, read as conductance; --unweighted leaves it unread"
TIMES = "third column, read as conductance (all are whole numbers of 10^8 and more, like Unix times); --unweighted"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 1 5\n1 2 7\n", CHOICE),
        ("a b 5\nb c 7\n", CHOICE),
        ("0 1 1082040961\n1 2 1082155839\n", TIMES),
        ("source,target,value\n0,1,5\n1,2,7\n", "column 'value', read as conductance; --unweighted"),
    ],
)
def test_a_column_that_nothing_calls_a_weight_is_told(text: str, says: str) -> None:
    graph = read(text)
    assert graph.weight is not None
    assert graph.notes["weights"].startswith(says)
    left = read(text, weighted=False)
    assert left.weight is None
    assert "weights" not in left.notes


@pytest.mark.parametrize(
    "text", ["source,target,weight\n0,1,5\n1,2,7\n", "0 1 1\n1 2 1\n", "0 1 {'weight': 3}\n1 2 {'weight': 4}\n"]
)
def test_what_is_called_a_weight_needs_no_note(text: str) -> None:
    assert "weights" not in read(text).notes


def test_a_column_of_times_is_no_weight() -> None:
    graph = read("source,target,timestamp\n0,1,1082040961\n1,2,1082155839\n")
    assert graph.weight is None
    assert graph.edge["timestamp"].tolist() == [1082040961, 1082155839]
    assert graph.notes == {"times": "column 'timestamp' carried along, not read as conductance"}


def test_a_file_of_ours_leaves_no_doubt() -> None:
    out = io.BytesIO()
    FORMAT.write([read("0 1 5\n1 2 7\n")], out)
    assert "weights" not in read(out.getvalue()).notes


def test_what_is_written() -> None:
    graph = Graph(3, np.array([[0, 1], [0, 2]]), weight=np.array([1.5, 2.0]), labels=("a", "b", "c d"))
    out = io.BytesIO()
    CSV.write([graph], out)
    assert out.getvalue().decode().split("\n")[1:] == ["source,target,weight", "a,b,1.5", "a,c d,2", ""]
    out = io.BytesIO()
    FORMAT.write([graph], out)  # a name with a blank: numbers in the list, names in the comment
    assert out.getvalue().decode().split("\n")[1:] == ["0 1 1.5", "0 2 2", ""]
    assert '"labels":["a","b","c d"]' in out.getvalue().decode()


def test_other_programs_read_what_is_written() -> None:
    graph = Graph(3, np.array([[0, 1], [0, 2]]), weight=np.array([1.5, 2.0]), labels=("a", "b", "c"))
    out = io.BytesIO()
    FORMAT.write([graph], out)
    theirs = nx.read_weighted_edgelist(io.BytesIO(out.getvalue()))
    assert sorted(theirs.edges(data="weight")) == [("a", "b", 1.5), ("a", "c", 2.0)]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"0 1\n", True), (b"a,b\n", True), (b"a b 3\nb c 4\n", True), (b"hello\n", False), (b"a b c d\n", False),
        (b"<x y>\n", False), (b'{"a": 1}\n', False), (b"\x00\x01 \x02", False), (b"a b\nc\n", False), (b"", False),
    ],
)  # fmt: skip
def test_sniff(head: bytes, found: bool) -> None:
    assert FORMAT.sniff(head) is found


@pytest.mark.parametrize("format", [CSV, TSV], ids=lambda f: f.name)
def test_tables_keep_numbers_and_words(format: object) -> None:
    graph = Graph(
        3, np.array([[0, 1], [0, 2]]),
        edge={"since": np.array([1, 2]), "kind": np.array(["a", "b c"]), "on": np.array([True, False])},
    )  # fmt: skip
    out = io.BytesIO()
    format.write([graph], out)
    (back,) = format.read(io.BytesIO(out.getvalue()), Reading())
    assert {key: values.tolist() for key, values in back.edge.items()} == {
        "since": [1, 2], "kind": ["a", "b c"], "on": [True, False],
    }  # fmt: skip


def test_comment_of_ours_that_does_not_fit() -> None:
    with pytest.raises(InputError, match="nodes"):
        read('# mixcli: {"nodes":2}\n0 5\n')
    with pytest.raises(InputError, match="remove the comment"):
        read('# mixcli: {"nodes":2,"named":true,"labels":["a","b"]}\na c\n')
    with pytest.raises(InputError, match="remove the comment"):
        read('# mixcli: {"nodes":2,"named":true}\na b\n')
    with pytest.raises(InputError, match="remove the comment"):
        read('# mixcli: {"nodes":2}\na b\n')
    assert read("# mixcli: {not json\n0 1\n").m == 1

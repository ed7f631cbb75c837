"""Files that were cut say so, and every complaint names the source as the user did and says what to do."""

import io
from pathlib import Path

import numpy as np
import pytest

from mixcli.catalog import FORMATS
from mixcli.errors import InputError
from mixcli.generators.graphs import barbell
from mixcli.graph import Graph
from mixcli.io import stream
from mixcli.io.about import About

COUNTED = ["edgelist", "csv", "tsv", "pajek", "dimacs", "matrix-market"]


def lines(format: str, graph: Graph) -> list[bytes]:
    out = io.BytesIO()
    stream.write([graph], out, format=format)
    return out.getvalue().splitlines(keepends=True)


def read(data: bytes, format: str) -> Graph:
    (graph,) = stream.read(io.BytesIO(data), format=format)
    return graph


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("format", COUNTED)
def test_a_cut_file_is_refused(format: str, directed: bool, weighted: bool) -> None:
    edges = barbell(4, 1).edges
    graph = Graph(9, edges, directed=directed, weight=np.arange(1.0, len(edges) + 1) if weighted else None)
    whole = lines(format, graph)
    assert read(b"".join(whole), format).m == graph.m
    for kept in (len(whole) - 1, len(whole) - 5):
        with pytest.raises(InputError, match=r"says, found \d+; "):
            read(b"".join(whole[:kept]), format)


@pytest.mark.parametrize("format", COUNTED)
def test_the_count_is_of_the_comment(format: str) -> None:
    graph = barbell(4, 1)
    data = b"".join(lines(format, graph))
    with pytest.raises(InputError, match="99 edges as the mixcli comment says, found 14"):
        read(data.replace(b'"edges":14', b'"edges":99'), format)
    assert read(data.replace(b'"edges":14,', b""), format).fingerprint == graph.fingerprint


@pytest.mark.parametrize("value", ['"3"', "true", "-1", "2.0", "null", "[]"])
def test_a_count_that_is_none_says_nothing(value: str) -> None:
    assert About.find([f'# mixcli: {{"nodes":3,"edges":{value}}}']).edges is None


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("format", COUNTED)
def test_the_count_holds_whatever_direction_the_user_wants(format: str, directed: bool) -> None:
    data = b"".join(lines(format, barbell(4, 1)))
    (graph,) = stream.read(io.BytesIO(data), format=format, directed=directed)
    assert graph.n == 9


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("a.gml", "graph [ node [ id 1 ] edge [ source 1 target 2 ] ]", "add this node, or remove the edge"),
        ("b.gml", "graph [ 5 6 ]", "correct this line, or name another format with --from"),
        ("a.txt", "0 1\n0 -1\n", "number the nodes from 0, or give them names"),
        ("b.txt", "0 1 2\n0 2 -1\n", "leave weights unread with --unweighted"),
        ("a.graphml", "<graphml><graph edgedefault='undirected'><node id='a'/>", "may be cut or damaged"),
        ("a.jsonl", '{"schema":"mixcli.graph/1","n":2,"ed', "the file may be cut"),
        ("a.json", '{"nodes":[{"id":1}', "the file may be cut"),
        ("a.net", "*Vertices 2\n*Edges\n1 5\n", "correct this line"),
        ("a.gr", "p edge 2 1\nx 1 2\n", "correct this line"),
    ],
)
def test_complaints_say_where_and_what_to_do(
    name: str, text: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data", name).write_text(text)
    with pytest.raises(InputError) as caught:
        list(stream.read(f"data/{name}", format=FORMATS.get(stream.format_of(name).name).name))
    message = str(caught.value)
    assert message.startswith(f"data/{name}:")
    assert remedy in message.partition("; ")[2]


def test_the_graph_is_called_by_its_base_name(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("0 1\n")
    (graph,) = stream.read(file)
    assert graph.name == "a.txt"
    file.write_text("0\n")
    with pytest.raises(InputError) as caught:
        list(stream.read(file, name="mine"))
    assert caught.value.where == "mine:1"


def test_an_empty_name() -> None:
    with pytest.raises(InputError, match="expected the name of a file, found an empty one; name a file"):
        list(stream.read(""))


@pytest.mark.parametrize("format", ["csv", "tsv", "edgelist"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_nameless_table_is_known_by_its_header(format: str, weighted: bool) -> None:
    graph = Graph(3, np.array([[0, 1], [1, 2]]), weight=np.array([0.5, 2.0]) if weighted else None)
    for shown in (graph, graph.replace(labels=("a", "b", "c")), Graph(2, np.zeros((0, 2), np.int64))):
        written = lines(format, shown)
        for data in (b"".join(written), b"".join(written[1:])):
            if data.strip():
                assert stream.sniff(data).name == format
                assert b"," not in data or read(data, "edgelist").m == shown.m


def test_a_table_without_header_stays_an_edge_list() -> None:
    for data in (b"0,1\n1,2\n", b"0\t1\n1\t2\n", b"a;b\nb;c\n", b"source target\n0 1\n"):
        assert stream.sniff(data).name == "edgelist"

"""Numbers that nothing calls weights are told alike by all readers; those that look like times by every one of them."""

import io

import pytest

from mixcli.catalog import FORMATS
from mixcli.graph import Graph
from mixcli.io.base import Reading

GML = (
    "graph [ node [ id 0 ] node [ id 1 ] node [ id 2 ] "
    "edge [ source 0 target 1 {0} {1} ] edge [ source 1 target 2 {0} {2} ] ]"
)
GRAPHML = (
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d" for="edge" attr.name="{0}" attr.type="double"/>'
    '<graph edgedefault="undirected"><node id="n0"/><node id="n1"/><node id="n2"/>'
    '<edge source="n0" target="n1"><data key="d">{1}</data></edge>'
    '<edge source="n1" target="n2"><data key="d">{2}</data></edge></graph></graphml>'
)
MTX = "%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n2 1 {1}\n3 2 {2}\n"
PAJEK = "*Vertices 3\n*Edges\n1 2 {1}\n2 3 {2}\n"


def told(format: str, text: str, weighted: bool = True) -> str | None:
    reading = Reading("f", weighted=weighted)
    (graph,) = FORMATS.get(format).read(io.BytesIO(text.encode()), reading)
    assert isinstance(graph, Graph)
    assert (graph.weight is not None) == weighted
    return graph.notes.get("weights")


@pytest.mark.parametrize(("format", "text"), [("gml", GML), ("graphml", GRAPHML)])
def test_an_attribute_is_told_unless_it_is_called_weight(format: str, text: str) -> None:
    said = told(format, text.format("value", 2, 3))
    assert said == "attribute 'value', read as conductance; --unweighted leaves it unread"
    assert told(format, text.format("weight", 2, 3)) is None
    assert told(format, text.format("value", 2, 3), weighted=False) is None


@pytest.mark.parametrize(
    ("format", "text"), [("gml", GML), ("graphml", GRAPHML), ("matrix-market", MTX), ("pajek", PAJEK)]
)
def test_weights_that_look_like_times_are_told(format: str, text: str) -> None:
    assert told(format, text.format("weight", 2, 1082155839)) is None
    assert "like Unix times" in (told(format, text.format("weight", 1082040961, 1082155839)) or "")

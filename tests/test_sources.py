"""Sources: the zoo, schemes and mistakes in them."""

import pytest

import mixcli
from mixcli.catalog import GRAPHS
from mixcli.errors import InputError, UsageError
from mixcli.sources import format_of_source, load_all


@pytest.mark.parametrize("name", list(GRAPHS))
def test_every_family_has_a_default_and_remembers_how_it_was_made(name: str) -> None:
    g = mixcli.load(f"zoo:{name}")
    assert g.n > 1
    assert g.provenance[0].op == "generate"
    assert g.provenance[0].spec == f"zoo:{name}"
    assert format_of_source(g) is None


def test_parameters_by_place_and_by_name() -> None:
    assert mixcli.load("zoo:lollipop:5,3").fingerprint == mixcli.load("zoo:lollipop:k=5,tail=3").fingerprint


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("zoo:lolipop", "did you mean lollipop"),
        ("zoo:path:n=0", "n >= 1"),
        ("zoo:path:m=3", "a parameter of path"),
        ("zoo:cycle:n=two", "a whole number"),
        ("pgy:Planetoid/Cora", "did you mean pyg"),
    ],
)
def test_mistakes(source: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        list(load_all(source))


def test_load_wants_exactly_one(tmp_path) -> None:
    target = tmp_path / "two.jsonl"
    mixcli.save([mixcli.load("zoo:path:3"), mixcli.load("zoo:path:4")], target)
    with pytest.raises(InputError, match="load_all"):
        mixcli.load(target)
    assert [g.n for g in mixcli.load_all(target)] == [3, 4]


def test_names_and_isolated_nodes_are_counted_in_provenance(tmp_path) -> None:
    target = tmp_path / "g.gml"
    target.write_text(
        'graph [ node [ id 1 label "a" ] node [ id 2 label "b" ] node [ id 3 ] edge [ source 1 target 2 ] ]'
    )
    graph = mixcli.load(target)
    assert (graph.notes["isolated"], graph.notes["named_nodes"]) == (1, 3)
    assert graph.provenance[-1].op == "read"


def test_numbering_from_one_is_told(tmp_path) -> None:
    (tmp_path / "g.txt").write_text("1 2\n2 3\n3 1\n")
    graph = mixcli.load(tmp_path / "g.txt")
    assert graph.labels == ("1", "2", "3")
    assert graph.notes == {"named_nodes": 3}

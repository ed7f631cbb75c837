"""Records hold what JSON can hold, and say why where there is no number."""

import csv
import io
import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mixcli.catalog import MEASURES
from mixcli.generators.graphs import complete, grid, path
from mixcli.generators.mask_spec import sequence_of
from mixcli.graph import Graph
from mixcli.measures.base import Values
from mixcli.measures.node_means import node_means
from mixcli.measures.sequence.influence import Influence
from mixcli.measures.sequence.resistance_layered import LayeredResistance
from mixcli.measures.sequence.resistance_restart import RestartResistance
from mixcli.report.record import analysis, entry, extremes, headline, jsonable, node_entry, summary
from mixcli.report.text import flat, json_stream, to_csv, to_json, to_jsonl
from mixcli.report.values import ValuesWriter
from mixcli.rewiring.sequence_base import rewire_sequence


def size_entry(**values: object) -> dict:
    return entry(MEASURES.make("size"), Values("graph", **values))


def test_a_value_that_is_not_defined_is_null_with_a_reason() -> None:
    made = jsonable(size_entry(data=None, reason="one node"))
    assert (made["value"], made["reason"]) == (None, "one node")
    made = jsonable(size_entry(data=float("inf"), reason="disconnected"))
    assert (made["value"], made["reason"]) == (None, "disconnected")


@given(arrays(np.float64, st.integers(0, 20), elements=st.floats(allow_nan=True, allow_infinity=True, width=32)))
def test_no_summary_holds_nan_or_infinity(values: np.ndarray) -> None:
    text = to_jsonl(jsonable(summary(values)))
    json.loads(text, parse_constant=lambda word: pytest.fail(word))


def test_summary_in_closed_form() -> None:
    found = summary(np.array([-1.0, 0, 1, 2]))
    assert (found["min"], found["mean"], found["max"], found["q50"]) == (-1, 0.5, 2, 0.5)
    assert found["negative_fraction"] == 0.25
    assert found["std"] == pytest.approx(np.sqrt(1.25))


def test_what_rounding_puts_below_zero_is_not_negative() -> None:
    border = MEASURES.make("balanced_forman")(grid(6, 6)).data  # edges of the border have 0
    assert border.min() < 0
    assert summary(border)["negative_fraction"] == 0
    assert summary(np.array([-1e-15, 1e-14]))["negative_fraction"] == 0.5


def test_extremes_list_ties_in_order() -> None:
    g = path(4)
    found = extremes(g, Values("edge", np.array([1.0, 0.0, 0.0])))
    assert found == {"argmin": [[1, 2], [2, 3]], "argmax": [[0, 1]]}
    assert extremes(g, Values("node", np.array([3, 1, 1, 3])))["argmin"] == [1, 2]


def test_the_record_has_the_keys_of_the_contract() -> None:
    g = complete(3)
    record = analysis(g, 0, {"size": size_entry(data=3.0)}, 0.5)
    assert record["schema"] == "mixcli.analysis/1"
    assert set(record) == {
        "schema", "source", "kind", "graph", "measures", "provenance", "environment", "seconds",
    }  # fmt: skip
    assert record["graph"] == {
        "nodes": 3, "edges": 3, "directed": False, "weighted": False, "self_loops": 0, "components": 1,
    }  # fmt: skip
    assert set(record["source"]) == {"name", "format", "sha256", "index"}


def test_one_record_is_an_object_and_several_an_array() -> None:
    assert json.loads("".join(json_stream([{"a": 1}]))) == {"a": 1}
    assert json.loads("".join(json_stream([{"a": 1}, {"a": 2}, {"a": 3}]))) == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert "".join(json_stream([])) == ""
    assert json.loads(to_json({"é": None})) == {"é": None}


def test_csv_has_one_header_and_a_row_a_graph() -> None:
    record = analysis(complete(3), 0, {"size": size_entry(data=3.0, residual=0.0)})
    lines = "".join(to_csv([record, record], {"size": "graph"})).splitlines()
    assert len(lines) == 3
    assert lines[0].split(",")[:2] == ["source", "index"]
    assert flat(record)["size"] == 3.0


def test_values_of_two_levels_go_to_two_files(tmp_path) -> None:
    g = path(3)
    told: list[str] = []
    found = {"a": Values("edge", np.array([1.0, 2.0])), "b": Values("node", np.array([1, 2, 1]))}
    with ValuesWriter(tmp_path / "v.csv", {"a": "edge", "b": "node"}, False, told.append) as out:
        out.add(g, 0, found)
        out.add(g, 1, found)
    assert (tmp_path / "v.edge.csv").read_text().splitlines()[:2] == ["graph,u,v,a", "0,0,1,1.0"]
    assert (tmp_path / "v.node.csv").read_text().splitlines()[-1] == "1,2,1"
    assert not (tmp_path / "v.csv").exists()
    assert told


NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.1 + 0.2, -0.0, 1e300, 5e-324]))
NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_are_written_as_the_csv_and_json_modules_write_them(tmp_path, data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 6))
    g = path(n)
    labels = tuple(data.draw(st.lists(NAMES, min_size=n, max_size=n))) if data.draw(st.booleans()) else None
    g = g.replace(labels=labels)
    floats = np.array(data.draw(st.lists(NUMBERS, min_size=g.m, max_size=g.m)))
    found = {"a,b": Values("edge", floats), "50%": Values("edge", np.arange(g.m)), "gone": Values("edge", None)}
    rows = []
    for i, (u, v) in enumerate(g.edges.tolist()):
        names = {"u_label": labels[u], "v_label": labels[v]} if labels else {}
        value = floats.tolist()[i]
        rows.append({"graph": 7, "u": u, "v": v, **names, "a,b": value if math.isfinite(value) else None, "50%": i})
    for suffix in ("csv", "jsonl"):
        with ValuesWriter(tmp_path / f"v.{suffix}", dict.fromkeys(found, "edge"), True, print) as out:
            out.add(g, 7, found)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0], "gone"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    assert (tmp_path / "v.csv").read_bytes() == text.getvalue().encode()
    expected = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    assert (tmp_path / "v.jsonl").read_bytes() == expected.encode()


def test_values_carry_node_names(tmp_path) -> None:
    g = path(2).replace(labels=("left", "right"))
    with ValuesWriter(tmp_path / "v.jsonl", {"a": "edge"}, False, print) as out:
        out.add(g, 0, {"a": Values("edge", np.array([np.inf]))})
    row = json.loads((tmp_path / "v.jsonl").read_text())
    assert row == {"graph": 0, "u": 0, "v": 1, "u_label": "left", "v_label": "right", "a": None}


def test_values_of_many_rows_come_in_blocks_without_a_seam(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixcli.report.values.BLOCK", 3)
    g = path(9)
    with ValuesWriter(tmp_path / "v.csv", {"a": "edge"}, False, print) as out:
        out.add(g, 0, {"a": Values("edge", np.arange(g.m) / 4)})
    lines = (tmp_path / "v.csv").read_text().splitlines()
    assert lines == ["graph,u,v,a", *(f"0,{i},{i + 1},{i / 4}" for i in range(8))]


def test_node_means_go_to_a_file_of_their_own_with_the_node_measures(tmp_path) -> None:
    g = Graph(4, np.array([[0, 1], [1, 2]]))
    found = {"a": Values("edge", np.array([1.0, 3.0])), "b": Values("node", np.array([1, 2, 1, 0]))}
    means = {"a": node_means(g, found["a"])}
    with ValuesWriter(tmp_path / "v.csv", {"a": "edge", "b": "node"}, False, print, node_means=True) as out:
        out.add(g, 0, found, means)
    assert (tmp_path / "v.edge.csv").read_text().splitlines() == ["graph,u,v,a", "0,0,1,1.0", "0,1,2,3.0"]
    lines = (tmp_path / "v.node.csv").read_text().splitlines()
    assert lines == ["graph,node,a,b", "0,0,1.0,1", "0,1,2.0,2", "0,2,3.0,1", "0,3,,0"]


def test_an_isolated_node_has_no_mean_and_the_record_says_so() -> None:
    made = jsonable(node_entry(node_means(Graph(4, np.array([[0, 1], [1, 2]])), Values("edge", np.array([1.0, 3.0])))))
    assert (made["argmin"], made["argmax"], made["isolated"]) == ([0], [2], 1)
    assert made["summary"]["count"] == 3
    assert made["summary"]["mean"] == 2.0
    assert "isolated" in made["reason"]
    none = jsonable(node_entry(node_means(Graph(2, np.zeros((0, 2))), Values("edge", np.zeros(0)))))
    assert none["summary"] == {"count": 0, "reason": "no values"}
    assert "isolated" not in node_entry(node_means(path(2), Values("edge", np.array([0.5]))))


def test_ties_do_not_hang_on_the_last_bits() -> None:
    g = path(4)
    noisy = Values("edge", np.array([0.3, 0.1 + 0.2, 1.0]))
    assert extremes(g, noisy)["argmin"] == [[0, 1], [1, 2]]
    far = Values("edge", np.array([1e-9, 2e-9, 1e9]))
    assert extremes(g, far)["argmin"] == [[0, 1]]


def test_csv_has_columns_for_node_means() -> None:
    record = analysis(path(3), 0, {"a": {"level": "edge", "summary": summary(np.array([1.0, 2.0]))}})
    record["measures"]["a"]["node_mean"] = {"summary": summary(np.array([1.0, 1.5, 2.0]))}
    (head, row) = "".join(to_csv([record], {"a": "edge"}, node_means=True)).splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=True))["a.node_mean.mean"] == "1.5"


def test_values_of_tokens_are_told_by_one_of_them() -> None:
    tokens = rewire_sequence(sequence_of("causal:tokens=6,layers=2"), "sink:2").sequence
    values = Influence()(tokens)
    assert headline(Influence(), tokens, values) == {"headline": {"token": "first", "value": values.data[2]}}
    assert headline(RestartResistance(), tokens, RestartResistance()(tokens)) == {}
    far = sequence_of("window:2,tokens=9,layers=2")
    made = jsonable(headline(LayeredResistance(), far, LayeredResistance()(far)))
    assert made == {"headline": {"token": "first", "value": None}}

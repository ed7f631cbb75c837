"""Records hold what JSON can hold, and say why where there is no number."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mixcli.catalog import MEASURES
from mixcli.generators.graphs import complete, path
from mixcli.measures.base import Values
from mixcli.report.record import analysis, entry, extremes, jsonable, summary
from mixcli.report.text import flat, json_stream, to_csv, to_json, to_jsonl
from mixcli.report.values import ValuesWriter, rows


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


def test_values_carry_node_names() -> None:
    g = path(2).replace(labels=("left", "right"))
    (row,) = rows(g, 0, "edge", {"a": Values("edge", np.array([np.inf]))})
    assert row == {"graph": 0, "u": 0, "v": 1, "u_label": "left", "v_label": "right", "a": None}

"""Files of values: estimates with their standard errors beside them; infinite values said in the table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mixcli.generators import graphs as families
from mixcli.measures.base import Values
from mixcli.report.table import analysis_tables
from mixcli.report.values import ValuesWriter


def _edge(m: int, error: bool) -> dict[str, Values]:
    errors = np.arange(m) / 8 if error else None
    return {"sketched": Values("edge", np.arange(m) / 2, exact=not error, error=errors), "sure": _sure(m)}


def _sure(m: int) -> Values:
    return Values("edge", np.ones(m))


def test_standard_errors_have_a_column_of_their_own(tmp_path: Path) -> None:
    g, notes = families.path(3), []
    with ValuesWriter(tmp_path / "v.csv", {"sketched": "edge", "sure": "edge"}, False, notes.append) as writer:
        writer.add(g, 0, _edge(2, True))
        writer.add(g, 1, _edge(2, False))
    rows = list(csv.DictReader((tmp_path / "v.csv").open()))
    assert list(rows[0]) == ["graph", "u", "v", "sketched", "sketched_error", "sure"]
    assert [row["sketched_error"] for row in rows] == ["0.0", "0.125", "", ""]
    assert not notes


def test_errors_that_come_too_late_for_a_csv_are_said_to_be_left_out(tmp_path: Path) -> None:
    g, notes = families.path(3), []
    for name in ("v.csv", "v.jsonl"):
        with ValuesWriter(tmp_path / name, {"sketched": "edge", "sure": "edge"}, False, notes.append) as writer:
            for index in range(3):
                writer.add(g, index, _edge(2, index > 0))
    assert len(notes) == 1
    assert "sketched_error left out" in notes[0]
    lines = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert [line.get("sketched_error") for line in lines] == [None, None, 0.0, 0.125, 0.0, 0.125]


@pytest.mark.parametrize("infinite", [0, 2])
def test_the_table_counts_what_is_infinite_and_says_nothing_twice(infinite: int) -> None:
    g = families.path(4)
    summary = {"count": 4, "min": 0.0, "mean": 1.0, "max": 2.5, "std": 0.5, **({"infinite": 2} if infinite else {})}
    entry = {"level": "node", "summary": summary, "exact": True, "details": {"max": 2.5, "argmax": 3}}
    record = {
        "graph": {"directed": False, "weighted": False, "nodes": 4, "edges": 3, "components": 1},
        "measures": {"hitting_time": entry},
    }
    (text,) = analysis_tables([(g, record, {})], color="never")
    assert ("2 infinite" in text) == bool(infinite)
    assert (text.count("max 2.5"), text.count("argmax 3")) == (1, 1)

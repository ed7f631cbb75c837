"""The benchmark of resistances runs, and what it compares agrees."""

from __future__ import annotations

from bench import output_of, table_in


def test_quick_run() -> None:
    output = output_of("resistance.py", "--quick")
    lines = table_in(output)
    assert len(lines) == 15
    assert "DIFF" not in output
    assert sum("| mixcli" in line for line in lines) == 4

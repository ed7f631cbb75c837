"""The benchmark of token resistances runs, and what it compares agrees."""

from __future__ import annotations

from bench import output_of, table_in


def test_quick_run() -> None:
    output = output_of("sequence.py", "--quick")
    lines = table_in(output)
    assert len(lines) == 6
    assert "DIFFER" not in output
    assert all(float(line.split("|")[3]) < 1e-7 for line in lines[2:])

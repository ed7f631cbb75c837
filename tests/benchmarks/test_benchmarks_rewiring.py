"""The benchmark of rewirings runs, and what it compares agrees."""

from __future__ import annotations

from pathlib import Path

from bench import output_of, table_in


def test_quick_run() -> None:
    output = output_of("rewiring.py", "--quick", "--only", "molecules")
    assert len(table_in(output)) == 9
    assert "DIFF" not in output
    assert all(kind in output for kind in ("| edges", "| drops", "| curvatures"))


def test_promises_are_listed_without_the_data_too(tmp_path: Path) -> None:
    output = output_of("rewiring.py", "--quick", "--only", "limits", "--data-root", str(tmp_path))
    assert output.count("skipped: ") == 10
    assert output.count("| yes") == 3

"""The benchmark of dense against sparse attention runs, and both agree."""

from __future__ import annotations

from bench import output_of, table_in


def test_quick_run() -> None:
    output = output_of("dense_vs_sparse.py", "--quick", "--backward")
    assert len(table_in(output)) >= 8
    assert output.count("dense overtakes") == 2

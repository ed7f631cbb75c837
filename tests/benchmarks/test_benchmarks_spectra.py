"""The benchmarks run, and what they compare agrees."""

from __future__ import annotations

import pytest
from bench import output_of


@pytest.mark.parametrize(("script", "rows"), [("spectra.py", 4), ("hops.py", 2), ("attention.py", 2)])
def test_quick_run(script: str, rows: int) -> None:
    output = output_of(script, "--quick")
    assert len(output.splitlines()) == rows + 2
    assert not any(word in output for word in ("DIS", "DIFF", "off by"))

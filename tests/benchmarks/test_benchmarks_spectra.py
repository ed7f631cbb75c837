"""The benchmarks run, and what they compare agrees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.mark.parametrize(("script", "rows"), [("spectra.py", 4), ("hops.py", 2), ("attention.py", 2)])
def test_quick_run(script: str, rows: int) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), "--quick"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == rows + 2
    assert not any(word in done.stdout for word in ("DIS", "DIFF", "off by"))

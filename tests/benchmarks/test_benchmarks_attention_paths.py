"""The benchmark of dense against sparse attention runs, and both agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


def test_quick_run() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "dense_vs_sparse.py"), "--quick", "--backward"],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(lines) >= 8
    assert done.stdout.count("dense overtakes") == 2

"""Runs a benchmark as a user does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / "benchmarks"


def output_of(script: str, *options: str) -> str:
    """What a script of benchmarks/ prints; it must end well."""
    command = [sys.executable, str(FOLDER / script), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def table_in(output: str) -> list[str]:
    """The lines of its tables, headings included."""
    return [line for line in output.splitlines() if line.startswith("|")]

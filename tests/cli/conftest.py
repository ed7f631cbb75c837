"""Drives the command line as a user does: real processes, real pipes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "MIXCLI_DATA")}


@pytest.fixture
def mixcli(tmp_path: Path) -> Run:
    """`mixcli("analyze", "x.gml", stdin=b"…")` in an empty folder; returns the finished process."""

    def run(*arguments: str, stdin: bytes | str = b"", cwd: Path | None = None, env: dict[str, str] | None = None):
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [sys.executable, "-m", "mixcli", *arguments],
            input=data, capture_output=True, cwd=cwd or tmp_path, timeout=240, env={**ENVIRONMENT, **(env or {})},
        )  # fmt: skip
        done.stderr_text = done.stderr.decode(errors="replace")
        done.stdout_text = done.stdout.decode(errors="replace")
        return done

    return run

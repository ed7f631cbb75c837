"""Drives the command line as a user does: real processes, real pipes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


class Done:
    """A finished command, with the names of `subprocess.CompletedProcess`."""

    def __init__(self, result: Any) -> None:
        self.returncode, self.stdout, self.stderr = result.exit_code, result.stdout_bytes, result.stderr_bytes
        self.stdout_text, self.stderr_text = (b.decode(errors="replace") for b in (self.stdout, self.stderr))


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """The same without a process of its own, for the many cases in which what a process adds plays no role."""
    from typer.testing import CliRunner

    from mixcli.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIXCLI_DATA", raising=False)

    def run(*arguments: str, stdin: bytes | str = b"") -> Done:
        return Done(CliRunner().invoke(app, list(arguments), input=stdin))

    return run

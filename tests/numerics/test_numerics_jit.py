"""When to compile: never for one small graph, soon for many, at once where it has been done before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mixcli.numerics import jit
from mixcli.numerics.jit import Plan


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(jit, "_cache", lambda: tmp_path)
    return Plan("test", ("jit.py",), loading=0.5, compiling=5)


def test_nothing_compiled_yet(plan: Plan) -> None:
    assert not plan.compiled(4.9)
    assert Plan("test", ("jit.py",), loading=0.5, compiling=5).compiled(5.1)


def test_a_stream_of_small_graphs_compiles_once_it_has_cost_as_much(plan: Plan) -> None:
    assert [plan.compiled(1.0) for _ in range(6)] == [False] * 5 + [True]
    plan.used()
    assert plan.compiled(0.001)


def test_kernels_in_the_cache_are_worth_loading(plan: Plan) -> None:
    plan.used()
    later = Plan("test", ("jit.py",), loading=0.5, compiling=5)
    assert [later.compiled(0.2) for _ in range(3)] == [False, False, True]
    assert Plan("test", ("jit.py",), loading=0.5, compiling=5).compiled(0.6)
    assert not Plan("test", ("bits.py",), loading=0.5, compiling=5).compiled(0.6)  # other code, other cache


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(jit, "_cache", lambda: tmp_path / "file" / "below")
    plan = Plan("test", ("jit.py",), loading=0.5, compiling=5)
    plan.used()
    assert plan.compiled(0.0)


def test_deciding_imports_no_compiler() -> None:
    code = (
        "import sys, mixcli; from mixcli.generators.graphs import petersen; from mixcli.measures.base import measure;"
        "measure(petersen(), 'ollivier', 'lin_lu_yau'); sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

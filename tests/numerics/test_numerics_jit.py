"""When to compile: never for one small graph, soon for many, at once where it has been done before."""

from __future__ import annotations

import os
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


def test_a_change_in_a_file_that_a_kernel_imports_is_a_change_of_the_kernel(tmp_path: Path) -> None:
    """numba by itself would run the kernel from its cache, with the old function and the old constant inside."""
    program = (
        "import sys; import mixcli.numerics as n; n.__path__.append(sys.argv[1]);"
        "from mixcli.numerics.outer_of_two import outer; print(outer(1))"
    )
    (tmp_path / "outer_of_two.py").write_text(
        "from mixcli.numerics.inner_of_two import inner, OFFSET\n"
        "from mixcli.numerics.jit import kernel\n\n"
        "@kernel\ndef outer(x):\n    return inner(x) + OFFSET\n"
    )
    said = []
    for factor, offset in ((2, 0), (3, 0), (3, 10)):
        (tmp_path / "inner_of_two.py").write_text(
            f"from mixcli.numerics.jit import kernel\n\nOFFSET = {offset}\n\n"
            f"@kernel\ndef inner(x):\n    return {factor} * x\n"
        )
        run = subprocess.run(
            [sys.executable, "-B", "-c", program, str(tmp_path)], capture_output=True, text=True, check=True,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        )  # fmt: skip
        said.append(int(run.stdout))
    assert said == [2, 3, 13]


def test_a_plan_knows_the_files_behind_its_kernels() -> None:
    assert {path.name for path in jit._sources(Path(jit.__file__).with_name("transport_kernel.py"))} == {
        "transport_kernel.py", "transport_classes.py", "transport_few.py", "transport_flow.py", "transport_rows.py",
        "transport_scratch.py", "bits.py", "jit.py",
    }  # fmt: skip
    behind = {path.name for path in jit._sources(Path(jit.__file__).with_name("weighted_transport_kernel.py"))}
    assert {"weighted_transport_steps.py", "weighted_transport_simplex.py"} < behind

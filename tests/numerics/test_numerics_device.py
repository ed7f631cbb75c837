"""The same dense and sparse-dense operations through numpy and through torch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_array

from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.numerics import device

SOLVERS = {"numpy": device.NumpySolver, "torch": lambda: device.TorchSolver("cpu")}


@pytest.fixture(params=SOLVERS)
def solver(request: pytest.FixtureRequest) -> device.Solver:
    return SOLVERS[request.param]()


def _laplacian(n: int) -> np.ndarray:
    g = families.erdos_renyi(n, 3 * n, seed=1)
    return np.diag(g.strength) - g.adjacency.toarray()


def test_inverse(solver: device.Solver) -> None:
    matrix = _laplacian(60) + 1 / 60
    found = solver.dense_inverse(matrix.copy())
    assert found @ matrix == pytest.approx(np.eye(60), abs=1e-11)
    assert found == pytest.approx(found.T, abs=1e-13)


def test_eigenvalues(solver: device.Solver) -> None:
    assert solver.eigvalsh(_laplacian(50)) == pytest.approx(np.linalg.eigvalsh(_laplacian(50)), abs=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products(solver: device.Solver, dtype: type) -> None:
    matrix = csr_array(_laplacian(40).astype(dtype))
    x = np.random.default_rng(0).standard_normal((40, 8)).astype(dtype)
    found = solver.product(matrix)(x)
    assert found.dtype == dtype
    assert found == pytest.approx(matrix.toarray() @ x, rel=1e-5, abs=1e-5)


def test_an_indefinite_matrix_is_refused(solver: device.Solver) -> None:
    with pytest.raises(NotApplicable, match="positive definite"):
        solver.dense_inverse(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_names() -> None:
    assert device.resolve("cpu") == "cpu"
    assert device.resolve() in ("cpu", "cuda")
    for name in ("gpu", "cpu:1", "cuda:x"):
        with pytest.raises(UsageError, match="device"):
            device.resolve(name)
    with pytest.raises(UsageError, match="CUDA device"):
        device.resolve("cuda:99")
    assert isinstance(device.solver(Context(device="cpu")), device.NumpySolver)


def test_the_processor_needs_no_torch() -> None:
    code = (
        "import sys; from mixcli.context import Context; from mixcli.numerics import device;"
        "device.solver(Context(device='cpu')); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

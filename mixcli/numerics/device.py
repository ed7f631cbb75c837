"""Dense and sparse-dense work on the processor with numpy, or on another device with torch: the same few operations.

Everything here takes and returns numpy arrays; where the numbers are in between is nobody else's concern. torch is
imported only when a device other than the processor is asked for, or when there are signs of one for `auto`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from mixcli.errors import NotApplicable, UsageError
from mixcli.numerics.blas import one_blas_thread
from mixcli.spec import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from mixcli.context import Context
    from mixcli.graph import Graph

    Product: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]

__all__ = ["NumpySolver", "Solver", "TorchSolver", "resolve", "solver"]

DEVICES = ("auto", "cpu", "cuda", "mps")
DRIVERS = ("/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")  # NVIDIA, Windows Subsystem for Linux, AMD
ONE_THREAD = 4000


class Solver(Protocol):
    """Where dense work is done.

    Args:
        device: "cpu", "cuda", "cuda:1", … or "mps".
    """

    device: str

    def dense_inverse(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse of a symmetric positive definite (n, n) matrix, which may be overwritten."""

    def eigvalsh(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) eigenvalues of a symmetric (n, n) matrix, ascending."""

    def product(self, matrix: csr_array) -> Product:
        """X -> matrix X for blocks (n, k) of the matrix's own type; the matrix is put on the device once."""

    def laplacian(self, graph: Graph, tolerance: float) -> Product:
        """B -> X with L X = B for blocks (n, k) whose columns sum to 0 on each component."""


def resolve(name: str = "auto") -> str:
    """The device a name stands for on this machine.

    `auto` is CUDA where there is a device and the processor otherwise: Apple's MPS has neither sparse matrices nor
    double precision, so it is used only on request.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1", … or "mps".

    Raises:
        UsageError: no such name, or the machine has no such device.

    Example:
        >>> resolve("cpu")
        'cpu'
    """
    name = name.strip().lower()
    kind, _, number = name.partition(":")
    if kind not in DEVICES or (number and (kind != "cuda" or not number.isdigit())):
        fix = nearest(kind, DEVICES) or "use auto"
        raise UsageError("a device (auto, cpu, cuda, cuda:0 …, mps)", repr(name), fix, where="--device")
    if kind == "cpu" or (kind == "auto" and not _signs_of_cuda()):
        return "cpu"
    import torch

    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "auto":
        return "cuda" if found else "cpu"
    if kind == "cuda" and int(number or 0) >= found:
        raise UsageError(f"a CUDA device for {name}", f"{found} of them", "use --device cpu", where="--device")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UsageError("an MPS device", "none on this machine", "use --device cpu", where="--device")
    return name


def _signs_of_cuda() -> bool:
    """Whether it is worth the second and a half that importing torch takes to look for a device."""
    if "torch" in sys.modules or any(Path(driver).exists() for driver in DRIVERS):
        return True
    if sys.platform != "win32":
        return False
    from ctypes.util import find_library

    return find_library("nvcuda") is not None


def solver(context: Context) -> Solver:
    """The solver of the context's device.

    Raises:
        UsageError: the machine has no such device.

    Example:
        >>> from mixcli.context import Context
        >>> solver(Context(device="cpu")).dense_inverse(np.array([[4.0, 0.0], [0.0, 16.0]])).round(12).tolist()
        [[0.25, -0.0], [-0.0, 0.0625]]
    """
    device = resolve(context.device)
    return NumpySolver() if device == "cpu" else TorchSolver(device)


class NumpySolver:
    """numpy, scipy and LAPACK on the processor."""

    device = "cpu"

    def dense_inverse(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse of a symmetric positive definite (n, n) matrix, which may be overwritten.

        Cost: n³ operations (Cholesky), 8 n² bytes beside the matrix at most.
        """
        from scipy.linalg import lapack

        def invert() -> NDArray[np.float64]:
            factor, bad = lapack.dpotrf(matrix.T, lower=1, overwrite_a=1, clean=0)
            if not bad:
                factor, bad = lapack.dpotri(factor, lower=1, overwrite_c=1)
            if bad:
                raise _not_positive(int(bad))
            lower: NDArray[np.float64] = factor.T  # rows of the transpose are contiguous; its upper triangle is set
            for i in range(1, len(lower)):
                lower[i, :i] = lower[:i, i]
            return lower

        if len(matrix) > ONE_THREAD:
            return invert()
        with one_blas_thread():
            return invert()

    def eigvalsh(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) eigenvalues of a symmetric (n, n) matrix, ascending."""
        if len(matrix) > ONE_THREAD:
            return np.linalg.eigvalsh(matrix)
        with one_blas_thread():
            return np.linalg.eigvalsh(matrix)

    def product(self, matrix: csr_array) -> Product:
        """X -> matrix X for blocks (n, k)."""
        return lambda x: matrix @ x

    def laplacian(self, graph: Graph, tolerance: float) -> Product:
        """B -> X with L X = B, directly: for graphs that factor cheaply; the tolerance is not needed."""
        from scipy.sparse import csc_array, diags_array
        from scipy.sparse.linalg import splu

        # One node of each component is tied to the ground. Nothing flows there, as each right-hand side sums to 0.
        tied = np.where(graph.strength > 0, 0.0, 1.0)
        first = np.unique(graph.components.of_node, return_index=True)[1]
        tied[first] = np.maximum(graph.strength[first], tied[first])
        matrix = csc_array(diags_array(graph.strength + tied) - graph.adjacency)
        factor = splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        return lambda b: factor.solve(np.ascontiguousarray(b))


class TorchSolver:
    """torch on any device that has double precision.

    Args:
        device: "cuda", "cuda:1", …; "cpu" takes the same way, for tests.
    """

    def __init__(self, device: str) -> None:
        import torch

        self.device = device
        self._torch, self._place = torch, torch.device(device)

    def _put(self, array: NDArray[Any]) -> Any:
        if array.dtype == np.float64 and self._place.type == "mps":
            raise NotApplicable("a device with double precision", self.device, "use --device cpu or cuda")
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self._place)

    def _held(self, matrix: csr_array) -> Any:
        parts = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data)
        return self._torch.sparse_csr_tensor(*map(self._put, parts), size=matrix.shape, check_invariants=False)

    def dense_inverse(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse of a symmetric positive definite (n, n) matrix."""
        linalg = self._torch.linalg
        factor, bad = linalg.cholesky_ex(self._put(matrix))
        if int(bad):
            raise _not_positive(int(bad))
        inverse: NDArray[np.float64] = self._torch.cholesky_inverse(factor).cpu().numpy()
        return inverse

    def eigvalsh(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) eigenvalues of a symmetric (n, n) matrix, ascending."""
        values: NDArray[np.float64] = self._torch.linalg.eigvalsh(self._put(matrix)).cpu().numpy()
        return values

    def product(self, matrix: csr_array) -> Product:
        """X -> matrix X for blocks (n, k); only X and the product travel."""
        held = self._held(matrix)

        def times(x: NDArray[Any]) -> NDArray[Any]:
            found: NDArray[Any] = (held @ self._put(x)).cpu().numpy()
            return found

        return times

    def laplacian(self, graph: Graph, tolerance: float) -> Product:
        """B -> X with L X = B by conjugate gradients under Jacobi's preconditioner, all of it on the device."""
        times = self._held(graph.adjacency)
        strength = self._put(graph.strength)[:, None]
        inverse = 1.0 / strength.clamp(min=np.finfo(float).tiny)
        steps = 20 * int(np.sqrt(graph.n)) + 1000

        def solve(b: NDArray[Any]) -> NDArray[Any]:
            r = self._put(b)
            x, z = self._torch.zeros_like(r), inverse * r
            p, rz = z, (r * z).sum(0)
            goal = tolerance * tolerance * rz
            for _ in range(steps):
                if bool((rz <= goal).all()):
                    break
                q = strength * p - times @ p
                alpha = rz / (p * q).sum(0).clamp(min=np.finfo(float).tiny)
                x, r = x + alpha * p, r - alpha * q
                z = inverse * r
                old, rz = rz, (r * z).sum(0)
                p = z + rz / old.clamp(min=np.finfo(float).tiny) * p
            found: NDArray[Any] = x.cpu().numpy()
            return found

        return solve


def _not_positive(row: int) -> NotApplicable:
    return NotApplicable("a positive definite matrix", f"pivot {row} that is not positive", "look at its weights")

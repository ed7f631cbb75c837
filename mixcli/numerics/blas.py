"""One BLAS thread around small dense work: several would fight over it, and sum in another order each time."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]


def one_blas_thread() -> AbstractContextManager[Any]:
    """A context in which numpy's and scipy's BLAS use one thread.

    Measured: Cholesky and inverse of a 1000 × 1000 matrix took 12 to 60 times as long on two contended threads as on
    one. It also makes results independent of the machine's number of cores.
    """
    return _controller("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas")


@cache
def _controller(scipy_loaded: bool) -> ThreadpoolController:
    """Looks for the loaded BLAS libraries (5 ms); scipy brings its own, so look again once it is there."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()

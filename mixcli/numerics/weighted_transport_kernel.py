"""The loops of `weighted_transport_steps` and `weighted_transport_simplex`, compiled; imports numba.

One text serves both paths: each function is copied with its module's names, where the functions it calls are replaced
by their compiled selves. So a small graph needs no compiler, and both paths take the same steps to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from mixcli.numerics import weighted_transport_simplex, weighted_transport_steps
from mixcli.numerics.jit import kernel

__all__ = ["curve", "distances"]


def _compiled(module: ModuleType, names: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """The module's functions as kernels that call each other; `names` are kernels of other modules."""
    scope = {**vars(module), **names}
    made: dict[str, Callable[..., Any]] = {}
    for name in module.__all__:
        plain = getattr(module, name)
        made[name] = scope[name] = kernel(FunctionType(plain.__code__, scope, name, plain.__defaults__))
    return made


_SIMPLEX = _compiled(weighted_transport_simplex, {})
_STEPS = _compiled(weighted_transport_steps, _SIMPLEX)

curve = _STEPS["curve"]
distances = _STEPS["distances"]

"""Masks from Python, `mask:MODULE:FUNCTION`: a mask_mod (batch, head, query, key) as FlexAttention takes it.

Naming a module runs its code: only what is installed, or on PYTHONPATH, can be named, no text is evaluated, and no file
that mixcli reads can ask for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError, UsageError
from mixcli.mask import Mask
from mixcli.spec import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mask_mod"]


def mask_mod(module: str, function: str, tokens: int, families: list[str]) -> Mask:
    """The mask of a function of the user's.

    Args:
        module: dotted name of a module that can be imported.
        function: name in it, called as function(batch, head, queries (b, 1), keys (1, T)) with batch and head 0; True
            where the query may read the key. It gets torch tensors if its own module uses torch, else numpy arrays.
        tokens: T.
        families: names of mask families, for the message when there is no such module.

    Raises:
        UsageError: no such module or function.
        InputError: importing or calling it fails, or it gives something else than booleans.
    """
    where = f"{module}:{function}"
    found = _found(module, function, families)
    ask = _with_torch(found) if _uses_torch(found) else found

    def rule(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.bool_]:
        fix = "write it for arrays: & and |, not `and` and `or`"
        try:
            out = np.asarray(ask(np.int64(0), np.int64(0), i, j))
        except Exception as error:  # the user's own code may raise anything
            raise InputError("a mask_mod (batch, head, query, key)", _said(error), fix, where=where) from error
        if out.dtype != np.bool_:
            raise InputError("booleans", f"{out.dtype}", "compare, do not count", where=where)
        try:
            return np.broadcast_to(out, (i.shape[0], j.shape[1]))
        except ValueError:
            shape = f"shape ({i.shape[0]}, {j.shape[1]}) for queries {i.shape} and keys {j.shape}"
            raise InputError(shape, f"{out.shape}", fix, where=where) from None

    rule(np.arange(1)[:, None], np.arange(tokens)[None, :])
    return Mask(tokens, rule)


def _found(module: str, function: str, families: list[str]) -> Callable[..., Any]:
    where = f"{module}:{function}"
    try:
        made = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise InputError(
                f"{module} to be importable", _said(error), "install what it needs", where=where
            ) from error
        fix = nearest(module, families) or "install it, or put its folder on PYTHONPATH"
        raise UsageError("a mask family or an installed module", repr(module), fix, where=where) from None
    except Exception as error:  # the user's own code may raise anything
        raise InputError(f"{module} to be importable", _said(error), "correct the module", where=where) from error
    found = getattr(made, function, None)
    if not callable(found):
        fix = nearest(function, [name for name in vars(made) if not name.startswith("_")]) or "name a function of it"
        raise UsageError(f"a function of {module}", repr(function), fix, where=where)
    return found


def _uses_torch(function: Any) -> bool:
    """Whether the module that a function was written in uses torch."""
    names = getattr(function, "__globals__", {})
    owners = (v.__name__ if isinstance(v, ModuleType) else getattr(v, "__module__", "") for v in list(names.values()))
    return any(str(owner).split(".")[0] == "torch" for owner in owners)


def _with_torch(function: Callable[..., Any]) -> Callable[..., Any]:
    def ask(*arguments: Any) -> Any:
        import torch

        out = function(*(torch.as_tensor(np.array(a)) for a in arguments))
        return out.cpu().numpy() if isinstance(out, torch.Tensor) else out

    return ask


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"

"""Which classes and functions a pickle would call, found by reading its opcodes and without running them.

torch_geometric unpickles the raw `ind.*` files of the Planetoid datasets. Before it gets to see one, every name in it
must be on a list of constructors of arrays, sparse matrices and containers.
"""

from __future__ import annotations

import pickletools
import warnings
from pathlib import Path

from mixcli.errors import InputError

__all__ = ["HiddenNames", "check_pickle", "names_in"]

HARMLESS = {
    f"{module} {name}"
    for modules, members in (
        (("numpy.core.multiarray", "numpy._core.multiarray"), ("_reconstruct", "scalar")),
        (("numpy",), ("ndarray", "dtype")),
        (("scipy.sparse.csr", "scipy.sparse._csr"), ("csr_matrix",)),
        (("collections",), ("defaultdict",)),
        (("__builtin__", "builtins"), ("list",)),
        (("_codecs",), ("encode",)),
    )
    for module in modules
    for name in members
}
INDIRECT = {"STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}
"""Opcodes that take a name from the stack or from a registry, where reading alone does not show it."""


class HiddenNames(ValueError):
    """A pickle that makes the names it imports while it runs."""


def names_in(data: bytes) -> set[str]:
    """Names that a pickle imports, as "module name".

    Args:
        data: the pickle.

    Raises:
        HiddenNames: it hides names from this reading.
        ValueError: not a pickle.
    """
    found: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in its strings
        try:
            for opcode, argument, _ in pickletools.genops(data):
                if opcode.name in INDIRECT:
                    raise HiddenNames(f"names made at run time ({opcode.name})")
                if opcode.name in ("GLOBAL", "INST"):
                    found.add(str(argument))
        except HiddenNames:
            raise
        except Exception as error:  # pickletools decodes what it meets, in many ways
            raise ValueError(f"no whole pickle ({error})") from error
    return found


def check_pickle(path: Path) -> None:
    """Refuse a pickle that names anything but constructors of arrays, sparse matrices and containers.

    Raises:
        InputError: it does, or it is not a pickle.
    """
    fix = "use the original file of the data set"
    try:
        unknown = names_in(path.read_bytes()) - HARMLESS
    except ValueError as error:
        raise InputError("a pickle of arrays", str(error)[:160], fix, where=str(path)) from error
    if unknown:
        shown = ", ".join(sorted(name.replace(" ", ".") for name in unknown)[:5])
        raise InputError("a pickle of arrays", f"one that needs {shown:.200}", fix, where=str(path))

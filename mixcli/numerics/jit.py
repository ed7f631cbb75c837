"""The one way mixcli compiles a hot loop, and the one rule that decides whether to.

Kernels release the interpreter lock, are cached in the user's cache folder and announced by one line. Where a plain
path gives the same results, a `Plan` weighs it against loading or compiling the kernels, so that a small graph never
waits for a compiler and a long stream of small graphs does not stay slow.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path

__all__ = ["Plan", "inner_kernel", "kernel", "lean_kernel"]

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger("mixcli")


def kernel(function: F) -> F:
    """`numba.njit(nogil=True, cache=True)`: safe to call from several threads, compiled on first use.

    Never parallel: threads are a pool over chunks of work, which compiles faster and needs no threading layer.
    """
    return _numba().njit(nogil=True, cache=True, no_cfunc_wrapper=True)(_named(function))


def lean_kernel(function: F) -> F:
    """`kernel` for a function that makes no arrays: without reference counting, for loops of short calls.

    Passing a tuple of arrays from kernel to kernel then costs nothing; working arrays come from the caller.
    """
    return _numba().njit(nogil=True, cache=True, no_cfunc_wrapper=True, _nrt=False)(_named(function))


def inner_kernel(function: F) -> F:
    """`lean_kernel` for a function that only kernels call: its entrance from Python would take long to compile.

    Called from Python all the same, it ends the process.
    """
    options = {"nogil": True, "cache": True, "_nrt": False, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}
    return _numba().njit(**options)(_named(function))


class Plan:
    """When to use a group of kernels instead of the plain path that gives the same results.

    Compiled where these kernels have run in this process, or the plain time spent in this process so far, with what is
    ahead, exceeds loading them where they are in the cache, or compiling them where they are not. Over a
    stream of small graphs the total is so at most twice that of the better choice, without knowing its length.

    Args:
        name: name of the group.
        files: files of the kernels, next to this one; a change to one of them, or to what they import, makes the
            cache stale.
        loading: seconds to import numba and load the kernels from the cache.
        compiling: seconds to compile them.

    Example:
        >>> plan = Plan("none", ("jit.py",), loading=0.5, compiling=5)
        >>> plan.compiled(3), plan.compiled(3)
        (False, True)
    """

    def __init__(self, name: str, files: tuple[str, ...], loading: float, compiling: float) -> None:
        self.name, self.files, self.loading, self.compiling = name, files, loading, compiling
        self.spent = 0.0
        self.loaded = False

    def compiled(self, plain: float) -> bool:
        """Whether to take the compiled path for work that takes `plain` seconds on the other one."""
        self.spent += plain
        cached = not self.loaded and self.spent > self.loading and self._mark().exists()
        return self.loaded or cached or self.spent > self.compiling

    def used(self) -> None:
        """Note that the kernels have run: they are loaded, and in the cache."""
        if not self.loaded:
            self.loaded = True
            mark = self._mark()
            try:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()
            except OSError:
                log.debug("no mark at %s: the next process will take the kernels for not compiled", mark)

    def _mark(self) -> Path:
        """A file that says these very kernels have been compiled, in the folder of their cache."""
        files = set().union(*map(_sources, map(Path(__file__).with_name, self.files)))
        facts = [(path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(files)]
        return _cache() / f"{self.name}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}.compiled"


def _named(function: F) -> F:
    """The function, named after the files its kernel is made from.

    A kernel in numba's cache holds the kernels it calls and the constants it reads, but numba looks for changes in the
    kernel's own file only, and would go on with what other files once said.
    """
    texts = [path.read_bytes() for path in sorted(_sources(Path(function.__code__.co_filename)))]
    function.__qualname__ += "_" + hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]
    return function


@functools.cache
def _sources(file: Path) -> frozenset[Path]:
    """A file, and those next to it that it imports from `mixcli.numerics`, directly or through others."""
    found, ahead = {file}, [file]
    while ahead:
        for node in ast.walk(ast.parse(ahead.pop().read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mixcli.numerics"):
                inner = (node.module or "").split(".")[2:]
                for name in inner or [alias.name for alias in node.names]:
                    path = file.with_name(f"{name}.py")
                    if path not in found and path.exists():
                        found.add(path)
                        ahead.append(path)
    return frozenset(found)


def _cache() -> Path:
    return user_cache_path("mixcli") / "kernels"


@functools.cache
def _numba() -> Any:
    """numba, told where to keep kernels and to announce the first compilation."""
    import numba
    from numba.core import event

    if not numba.config.CACHE_DIR:  # a site-packages folder may not be writable; the user's cache folder is
        numba.config.CACHE_DIR = str(_cache())

    class Announce(event.Listener):
        """Says once per process that a kernel is being compiled; kernels loaded from the cache do not get here."""

        said = False

        def on_start(self, event: Any) -> None:
            if not self.said:
                self.said = True
                log.info("compiling numerical kernels for this machine, once (cached in %s)", numba.config.CACHE_DIR)

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Announce())
    return numba

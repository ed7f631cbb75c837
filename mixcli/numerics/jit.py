"""The one way mixcli compiles a hot loop: nogil, cached in the user's cache folder, announced by one line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core import event
from platformdirs import user_cache_path

__all__ = ["kernel"]

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger("mixcli")

if not numba.config.CACHE_DIR:  # a site-packages folder may not be writable; the user's cache folder is
    numba.config.CACHE_DIR = str(user_cache_path("mixcli") / "kernels")


class _Announce(event.Listener):
    """Says once per process that a kernel is being compiled; kernels loaded from the cache do not get here."""

    said = False

    def on_start(self, event: Any) -> None:
        if not _Announce.said:
            _Announce.said = True
            log.info("compiling numerical kernels for this machine, once (cached in %s)", numba.config.CACHE_DIR)

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Announce())


def kernel(function: F) -> F:
    """`numba.njit(nogil=True, cache=True)`: safe to call from several threads, compiled on first use.

    Never parallel: threads are a pool over chunks of work, which compiles faster and needs no threading layer.
    """
    return numba.njit(nogil=True, cache=True)(function)

"""Ctrl-C that ends a stream of graphs in work, or between two of them, and lets what is done be written."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """While it is entered, Ctrl-C raises KeyboardInterrupt in work that can be cut short, and else is remembered.

    Telling and writing are not cut short, since that would lose graphs that are done; a second Ctrl-C does it.

    Example:
        >>> with Interrupts() as interrupts:
        ...     signal.raise_signal(signal.SIGINT)
        ...     print(interrupts.asked)
        True
    """

    def __init__(self) -> None:
        self.asked = False
        self._working = False
        self._before: Any = None

    def __enter__(self) -> "Interrupts":
        usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a background job may ignore it
        if usual and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Work that Ctrl-C cuts short; not begun at all once it was asked for.

        Raises:
            KeyboardInterrupt: Ctrl-C, now or before.
        """
        self._working = True
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._working = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, self.asked = self.asked, True
        if self._working or again:
            raise KeyboardInterrupt

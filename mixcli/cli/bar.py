"""The progress bar: who is at work, how much of it is done, how long it will take."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["Bar", "clock"]

PATIENCE = 0.5
"""Seconds of work before a row appears."""


class Bar:
    """Progress on standard error, a row for each piece of work that takes longer than `PATIENCE`.

    Work that a measure reports stands in the row of that measure: its name, what is being counted, how much of it is
    done, and the time left. A measure that reports nothing gets a row that only counts the seconds.
    """

    def __init__(self, enabled: bool) -> None:
        self.enabled, self.started = enabled, time.monotonic()
        self.bar: Any = None  # rich.progress.Progress, once there is one
        self.tasks: dict[str, tuple[Any, str]] = {}  # row -> (its task, what it says)
        self.title = ""
        self.lock = threading.RLock()

    def __call__(self, what: str, done: int, total: int) -> None:
        if self.enabled and time.monotonic() - self.started >= PATIENCE:
            own = not self.title or what.startswith(self.title)
            self._show(self.title or what, what if own else f"{self.title}: {what}", done, total)

    @contextlib.contextmanager
    def measuring(self, title: str) -> Iterator[None]:
        """Put what is reported inside into one row under this title."""
        if not self.enabled:
            yield
            return
        before = self.started
        self.title, self.started = title, time.monotonic()
        silent = threading.Timer(PATIENCE, self._wait_for, (title,))
        silent.daemon = True
        silent.start()
        try:
            yield
        finally:
            silent.cancel()
            with self.lock:
                self.title, self.started = "", before
                task, _ = self.tasks.pop(title, (None, ""))
                if task is not None:
                    self.bar.remove_task(task)

    def _wait_for(self, title: str) -> None:
        with self.lock:
            if self.title == title and title not in self.tasks:
                self._show(title, title, 0, 0)

    def _show(self, row: str, text: str, done: int, total: int) -> None:
        with self.lock:
            if self.bar is None:
                self.bar = _progress()
                self.bar.start()
            task, said = self.tasks.get(row, (None, text))
            if task is None or said != text:  # another count has begun: its speed is its own
                if task is not None:
                    self.bar.remove_task(task)
                task = self.bar.add_task(text, total=total or None, since=self.started)
                self.tasks[row] = (task, text)
            self.bar.update(task, completed=done, total=total or None)

    def pause(self) -> None:
        if self.bar is not None:
            self.stop()

    def stop(self) -> None:
        with self.lock:
            if self.bar is not None:
                self.bar.stop()
                self.bar, self.tasks = None, {}


def _progress() -> Any:
    """Name, bar, how much of how much, time taken and time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class Figures(ProgressColumn):
        """`65,536 of 183,831, 3 s, 5 s left`, as far as it is known."""

        def render(self, task: Task) -> Text:
            parts = [f"{int(task.completed):,}"] if task.completed else []
            parts = [f"{int(task.completed):,} of {int(task.total):,}"] if task.total else parts
            parts.append(clock(time.monotonic() - task.fields["since"]))
            parts += [f"{clock(task.time_remaining)} left"] if task.time_remaining is not None else []
            return Text(", ".join(parts))

    # Not redirecting: standard output carries the results, and may lead elsewhere.
    return Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), Figures(),
        console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip


def clock(seconds: float) -> str:
    """A time for people.

    Example:
        >>> clock(7.4), clock(83), clock(7265)
        ('7 s', '1:23 min', '2:01 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"

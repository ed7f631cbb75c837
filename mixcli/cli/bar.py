"""The progress bar: who is at work, how much of it is done, how long it will take."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["Bar", "clock"]

PATIENCE = 0.5
"""Seconds of work before a row appears."""

STEADY, SHORT = 30.0, 0.1
"""Seconds over which a speed is taken at least, and between two reports that are kept apart."""

MOST = 500
"""Reports kept; of more than these every other one is forgotten."""


class Bar:
    """Progress on standard error, a row for each piece of work that takes longer than `PATIENCE`.

    Work that a measure reports stands in the row of that measure: its name, what is being counted, how much of it is
    done, and the time left. A measure that reports nothing gets a row that only counts the seconds.
    """

    def __init__(self, enabled: bool) -> None:
        self.enabled, self.started = enabled, time.monotonic()
        self.bar: Any = None  # rich.progress.Progress, once there is one
        self.tasks: dict[str, tuple[Any, str]] = {}  # row -> (its task, what it says)
        self.pace: dict[str, Pace] = {}  # what is counted -> how fast it goes
        self.title = ""
        self.lock = threading.RLock()

    def __call__(self, what: str, done: int, total: int) -> None:
        if self.enabled:
            self.pace.setdefault(what, Pace()).reached(done, total)
        if self.enabled and time.monotonic() - self.started >= PATIENCE:
            own = not self.title or what.startswith(self.title)
            text = what if own else f"{self.title}: {what}"
            self._show(self.title or what, text, done, total, self.pace[what])

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
                self.pace.clear()
                task, _ = self.tasks.pop(title, (None, ""))
                if task is not None:
                    self.bar.remove_task(task)

    def _wait_for(self, title: str) -> None:
        with self.lock:
            if self.title == title and title not in self.tasks:
                self._show(title, title, 0, 0, Pace())

    def _show(self, row: str, text: str, done: int, total: int, pace: "Pace") -> None:
        with self.lock:
            if self.bar is None:
                self.bar = _progress()
                self.bar.start()
            task, said = self.tasks.get(row, (None, text))
            if task is None or said != text:  # another count has begun: its speed is its own
                if task is not None:
                    self.bar.remove_task(task)
                task = self.bar.add_task(text, total=total or None, since=self.started, pace=pace)
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


class Pace:
    """How fast a count goes, and so how long it will still take.

    Things that end together, as trials in several processes do, and things that take minutes each make a speed between
    two reports useless, and the first one runs before the others are there. So the speed is that over the later half of
    the time, or the last `STEADY` seconds if these are longer, from report to report; what was there at the first
    report, such as trials of an earlier run, is not counted.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []
        self.total = 0

    def reached(self, done: int, total: int, now: float | None = None) -> None:
        """A report."""
        now = time.monotonic() if now is None else now
        if self.seen and done < self.seen[-1][1]:  # another count of the same name
            self.seen.clear()
        if len(self.seen) > 1 and now - self.seen[-2][0] < SHORT:
            self.seen.pop()
        self.seen.append((now, done))
        if len(self.seen) > MOST:
            self.seen[1:-1] = self.seen[1:-1:2]
        self.total = total

    def left(self, now: float | None = None) -> float | None:
        """Seconds left, None where nothing is known."""
        if not self.total or len(self.seen) < 2 or self.seen[-1][1] == self.seen[0][1]:
            return None
        now = time.monotonic() if now is None else now
        (start, _), (end, done) = self.seen[0], self.seen[-1]
        since = end - max(STEADY, (end - start) / 2)
        base = max((s for s in self.seen[:-1] if s[0] <= since), default=self.seen[0])
        if done == base[1] or end == base[0]:
            base = self.seen[0]
        speed = (done - base[1]) / max(end - base[0], SHORT)
        return max(0.0, (self.total - done) / speed - (now - end))


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
            left = task.fields["pace"].left()
            parts += [f"{clock(left)} left"] if left is not None else []
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

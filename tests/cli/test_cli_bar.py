"""The progress bar: when a row appears, what it says, and that it leaves standard output alone."""

import sys
import time

import pytest

from mixcli.cli import bar as module
from mixcli.cli.bar import Bar, Pace, clock


class Screen:
    """Stands in for the drawn bar and keeps what it was told."""

    def __init__(self) -> None:
        self.rows: dict[int, dict] = {}
        self.ever: list[str] = []
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def add_task(self, text: str, total: int | None, since: float, pace: Pace) -> int:
        self.ever.append(text)
        self.rows[len(self.ever)] = {"text": text, "total": total}
        return len(self.ever)

    def update(self, task: int, completed: int, total: int | None) -> None:
        self.rows[task] |= {"done": completed, "total": total}

    def remove_task(self, task: int) -> None:
        del self.rows[task]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    made = Screen()
    monkeypatch.setattr(module, "_progress", lambda: made)
    return made


def test_quick_work_shows_nothing(screen: Screen) -> None:
    bar = Bar(enabled=True)
    with bar.measuring("forman"):
        bar("edges", 1, 2)
    bar("graphs", 1, 0)
    assert not screen.ever


def test_a_bar_that_is_off_shows_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    bar = Bar(enabled=False)
    with bar.measuring("forman"):
        bar("edges", 1, 2)
    assert not screen.ever


def test_a_measure_has_one_row_that_goes_when_it_is_done(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    bar = Bar(enabled=True)
    with bar.measuring("balanced_forman"):
        bar("edges", 10, 40)
        bar("edges", 20, 40)
        (row,) = screen.rows.values()
        assert row == {"text": "balanced_forman: edges", "done": 20, "total": 40}
        bar("balanced_forman, second part", 1, 0)
        (row,) = screen.rows.values()
        assert (row["text"], row["total"]) == ("balanced_forman, second part", None)
    assert not screen.rows
    bar("rewire", 1, 2)
    assert [row["text"] for row in screen.rows.values()] == ["rewire"]
    bar.stop()
    assert not screen.running


def test_a_measure_that_reports_nothing_is_named_after_a_while(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    bar = Bar(enabled=True)
    with bar.measuring("effective_resistance"):
        end = time.monotonic() + 5
        while not screen.rows and time.monotonic() < end:
            time.sleep(0.01)
        assert [row["text"] for row in screen.rows.values()] == ["effective_resistance"]
    assert not screen.rows


def test_the_row_survives_a_line_in_between(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0)
    bar = Bar(enabled=True)
    with bar.measuring("jost_liu"):
        bar("edges", 1, 9)
        bar.pause()
        bar("edges", 2, 9)
        assert [row["done"] for row in screen.rows.values()][-1] == 2
    bar.stop()


def test_the_drawn_bar_does_not_take_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = module._progress()
    before = sys.stdout
    with drawn:
        task = drawn.add_task("x", total=4, since=time.monotonic() - 65, pace=Pace())
        drawn.update(task, completed=1, total=4)
        assert sys.stdout is before
        text = drawn.columns[-1](drawn.tasks[0]).plain
    assert text == "1 of 4, 1:05 min"
    capsys.readouterr()


def test_time_left_of_trials_in_several_processes() -> None:
    pace = Pace()
    assert pace.left() is None
    pace.reached(20, 100, now=0)  # from an earlier run
    assert pace.left(now=50) is None
    for end in (60, 120, 180):  # two processes, a minute a trial, ending together
        for i in (1, 0):
            pace.reached(20 + end // 30 - i, 100, now=end - 0.01 * i)
        assert pace.left(now=end) == pytest.approx((80 - end / 30) * 30, rel=0.02)
    assert pace.left(now=190) == pytest.approx(74 * 30 - 10, rel=0.02)  # it counts down meanwhile


def test_time_left_follows_a_change_of_speed() -> None:
    pace = Pace()
    pace.reached(0, 1000, now=0)
    pace.reached(1, 1000, now=20)  # the first trial in this process, then many processes
    for second in range(21, 200):
        pace.reached(1 + 2 * (second - 20), 1000, now=second)
    assert pace.left(now=199) == pytest.approx((999 - 2 * 179) / 2, rel=0.02)
    pace.reached(3, 10, now=200)  # another count
    assert pace.left() is None


def test_times() -> None:
    assert [clock(t) for t in (0, 59.4, 60, 3599, 3600, 36000)] == [
        "0 s", "59 s", "1:00 min", "59:59 min", "1:00 h", "10:00 h",
    ]  # fmt: skip

"""Streams of graphs in chunks: the same results as one graph after the other, in order, also in several processes."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.rewiring import many as module
from mixcli.rewiring.base import Edit, Rewired, Rewiring, apply
from mixcli.rewiring.graph.fosr import FoSR
from mixcli.rewiring.graph.random import RandomEdges
from mixcli.rewiring.many import apply_many
from mixcli.spec import param

GRAPHS = [families.erdos_renyi(10 + s % 5, 14, s).replace(name=f"g{s}") for s in range(30)]
ARC = Graph(3, np.array([[0, 1], [1, 2]]), directed=True)


@dataclass(frozen=True)
class Interrupted(Rewiring):
    """Adds the pair 0, 3; stops the world at the graph named g20."""

    iterations: int = param(1, "edges", ge=0)

    def edits(self, graph: Graph, context: Context, rules: object) -> Iterator[Edit]:
        if graph.name == "g20":
            raise KeyboardInterrupt
        if graph.n > 3 and [0, 3] not in graph.edges.tolist():
            yield Edit("add", 0, 3, 0.0, 0)


def same(found: Rewired, expected: Rewired) -> None:
    assert found.edits == expected.edits
    assert found.graph.fingerprint == expected.graph.fingerprint
    assert found.graph.provenance == expected.graph.provenance
    assert found.graph.plan == expected.graph.plan
    assert found.base is expected.base


@pytest.mark.parametrize("name", [name for name in REWIRINGS if name != "replay"])
@pytest.mark.parametrize("chunk", [1024, 7])
def test_the_same_as_one_after_the_other(name: str, chunk: int, monkeypatch) -> None:
    monkeypatch.setattr(module, "GRAPHS", chunk)
    made, context = REWIRINGS.make(name), Context(seed=2)
    expected = [apply(made, g, context=context) for g in GRAPHS]
    for one, other in zip(apply_many(made, iter(GRAPHS), context=context), expected, strict=True):
        same(one, other)


def test_budgets_may_depend_on_the_graph() -> None:
    def some(graph: Graph) -> int:
        return graph.n - 9

    for one, g in zip(apply_many(FoSR(), GRAPHS, budget=some), GRAPHS, strict=True):
        same(one, apply(FoSR(), g, budget=some(g)))
    with pytest.raises(UsageError, match="budget"):
        list(apply_many(FoSR(), GRAPHS, budget=-1))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_graph_that_is_refused_does_not_stop_the_rest(jobs: int) -> None:
    told: list[tuple[int, str]] = []

    def note(place: int, graph: Graph, error: Exception) -> None:
        told.append((place, type(error).__name__))

    stream = [*GRAPHS[:3], ARC, *GRAPHS[3:6]]
    done = list(apply_many(FoSR(2), stream, jobs=jobs, refused=note))
    assert [d.base.name for d in done] == [f"g{s}" for s in range(6)]
    assert told == [(3, "NotApplicable")]
    with pytest.raises(NotApplicable):
        list(apply_many(FoSR(2), stream))


def test_several_processes_give_the_same_in_order(monkeypatch) -> None:
    monkeypatch.setattr(module, "GRAPHS", 4)
    for one, g in zip(apply_many(RandomEdges(3), GRAPHS, jobs=2, context=Context(seed=5)), GRAPHS, strict=True):
        same(one, apply(RandomEdges(3), g, context=Context(seed=5)))
    with pytest.raises(UsageError, match="job"):
        next(apply_many(FoSR(), GRAPHS, jobs=0))


def test_an_interrupt_keeps_the_chunks_that_are_done(monkeypatch) -> None:
    monkeypatch.setattr(module, "GRAPHS", 8)
    monkeypatch.setattr(module, "FEW", 8)
    done = list(apply_many(Interrupted(), GRAPHS))
    assert [d.base.name for d in done] == [f"g{s}" for s in range(17)]
    assert [d.interrupted for d in done] == [False] * 16 + [True]
    assert done[-1].edits == ()


def test_chunks_are_bounded_by_size(monkeypatch) -> None:
    monkeypatch.setattr(module, "ENTRIES", 100)
    chunks = list(module._chunks(iter(GRAPHS)))
    assert [g for chunk in chunks for g in chunk] == GRAPHS
    assert all(sum(g.n + g.m for g in chunk) <= 100 for chunk in chunks)
    assert next(module._chunks(iter([families.path(200)])))[0].n == 200


def test_processes_end_with_the_stream_that_is_left(monkeypatch) -> None:
    """A reader that goes away half way, as Ctrl-C makes it, leaves no process behind."""
    monkeypatch.setattr(module, "GRAPHS", 4)
    before = multiprocessing.active_children()
    stream = apply_many(RandomEdges(3), GRAPHS, jobs=2)
    next(stream)
    stream.close()
    # The pool's own thread may be the one that collects a process, so ask again rather than join.
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and set(multiprocessing.active_children()) - set(before):
        time.sleep(0.05)
    assert not set(multiprocessing.active_children()) - set(before)


def test_chunks_follow_the_time_they_take(monkeypatch) -> None:
    monkeypatch.setattr(module, "GRAPHS", 64)
    pace = module._Pace(8, 1)
    sizes = []
    for seconds, chunk in zip((0.0, 0.1, 4.0, 400.0, 1.0), module._chunks(iter(GRAPHS * 5), pace), strict=False):
        sizes.append(len(chunk))
        pace.took(len(chunk), seconds)
    assert sizes == [8, 32, 64, 32, 1]
    assert module._Pace(10**6, 4).graphs == 64


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to look into")
def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    """A parent that is killed cannot tell them to."""
    script = (
        "from mixcli.generators.graphs import erdos_renyi\n"
        "from mixcli.rewiring.graph.gtr import GTR\n"
        "from mixcli.rewiring.many import apply_many\n"
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    for done in apply_many(GTR(200), (erdos_renyi(100, 300, s) for s in range(4000)), jobs=2):\n"
        "        print([p.pid for p in multiprocessing.active_children()], flush=True)\n"
    )
    (tmp_path / "run.py").write_text(script)
    running = subprocess.Popen([sys.executable, "run.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    workers = json.loads(running.stdout.readline())
    assert len(workers) == 2
    running.kill()
    running.wait()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and any(map(alive, workers)):
        time.sleep(0.05)
    assert not any(map(alive, workers))


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

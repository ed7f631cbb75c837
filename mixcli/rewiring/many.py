"""Rewiring a stream of graphs in chunks: one pass of a method's kernels serves all graphs of a chunk."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixcli.context import Context
from mixcli.errors import MixcliError, UsageError
from mixcli.rewiring.base import Rewired, Rewiring, check, finished, within
from mixcli.rewiring.budget import without_end
from mixcli.rewiring.rules import Rules

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mixcli.graph import Graph

    Waited = Future[tuple[list[Any], float]]

__all__ = ["apply_many"]

GRAPHS = 1024  # graphs of a chunk at most
ENTRIES = 1 << 21  # their nodes and edges at most, some 100 MiB of working memory
PATIENCE = 0.5  # seconds after which a chunk is closed where graphs come in slowly
FIRST, FEW = 256, 4  # graphs of the first chunk where a method does many at once, and for each job where it does not
WORTH = 2.0  # seconds of work that a chunk should take, since Ctrl-C or a crash loses a chunk

Budget = int | None | Callable[["Graph"], int | None]
Refused = Callable[[int, "Graph", MixcliError], None]


def apply_many(
    method: Rewiring,
    graphs: Iterable[Graph],
    *,
    context: Context | None = None,
    budget: Budget = None,
    jobs: int = 1,
    refused: Refused | None = None,
) -> Iterator[Rewired]:
    """Rewire a stream of graphs, without constraints; each gets the edits that `apply` would give it.

    Args:
        method: the rewiring.
        graphs: any number of graphs; they are read a chunk ahead.
        context: seed, threads, limits, progress.
        budget: stop each graph after this many edits, or what says how many for a graph.
        jobs: processes to spread the chunks over; 1 works in this one, with the threads of the context.
        refused: told of the place in the stream, the graph and the error where a graph is refused, which is then passed
            over; without it the error is raised.

    Yields:
        The graphs in the order of the stream. Ctrl-C ends it: the graph that comes next is returned as it was, marked
        as interrupted, and the rest is left out.

    Cost: that of the method; memory of one chunk (at most 1024 graphs and 2 million nodes and edges, unless a single
    graph is larger), of 2 jobs chunks with several jobs. Chunks grow and shrink to take about two seconds each.

    Example:
        >>> from mixcli.generators.graphs import barbell, path
        >>> from mixcli.rewiring.graph.fosr import FoSR
        >>> [done.added for done in apply_many(FoSR(2), [path(5), barbell(4)])]
        [2, 2]
    """
    if jobs < 1:
        raise UsageError("at least one job", str(jobs), where="jobs")
    context = context or Context()
    work = _Work(method, context, budget)
    done = 0
    pace = _Pace(FIRST if type(method).edits_many is not Rewiring.edits_many else FEW * jobs, jobs)
    for chunk, outcomes in _worked(work, _chunks(graphs, pace), jobs, pace):
        if outcomes is None:
            graph = chunk[0]
            yield finished(method, graph, [], context, Rules(graph), budget=work.wanted(graph), interrupted=True)
            return
        for graph, outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, MixcliError):
                if refused is None:
                    raise outcome
                refused(done, graph, outcome)
            else:
                yield finished(method.at(done), graph, outcome, context, Rules(graph), budget=work.wanted(graph))
            done += 1
            context.progress("rewire", done, 0)


@dataclass(frozen=True)
class _Work:
    """What to do with each graph."""

    method: Rewiring
    context: Context
    budget: Budget = None

    def wanted(self, graph: Graph) -> int | None:
        """The budget of a graph."""
        return self.budget(graph) if callable(self.budget) else self.budget

    def edits(self, first: int, graphs: list[Graph], budgets: list[int | None]) -> list[Any]:
        """Edits of each graph, or why it gets none; `first` is the place of the first graph in the stream."""
        together = type(self.method).at is Rewiring.at and len({k is None for k in budgets}) == 1
        if together:
            try:
                for graph, budget in zip(graphs, budgets, strict=True):
                    check(self.method, graph, budget)
                most = [within(self.method, k) or 0 for k in budgets if k is not None]
                ran = without_end(self.method, budgets[0])
                return list(ran.edits_many(graphs, self.context, most or None))
            except MixcliError:
                pass  # whose fault it is shows when they go one by one
            finally:
                self.context.forget()
        return [self._alone(first + at, graph, k) for at, (graph, k) in enumerate(zip(graphs, budgets, strict=True))]

    def timed(self, first: int, graphs: list[Graph], budgets: list[int | None]) -> tuple[list[Any], float]:
        """The same, with the seconds it took."""
        started = time.monotonic()
        return self.edits(first, graphs, budgets), time.monotonic() - started

    def _alone(self, place: int, graph: Graph, budget: int | None) -> Any:
        method = self.method.at(place)
        try:
            check(method, graph, budget)
            edits = without_end(method, budget).edits(graph, self.context, Rules(graph))
            return list(itertools.islice(edits, within(method, budget)))
        except MixcliError as error:
            return error
        finally:
            self.context.forget()


class _Pace:
    """How many graphs a chunk should have: as many as take about two seconds.

    Args:
        graphs: of the first chunk.
        jobs: pieces of a chunk that are worked on at the same time.
    """

    def __init__(self, graphs: int, jobs: int) -> None:
        self.graphs, self.jobs = min(graphs, GRAPHS), jobs

    def took(self, graphs: int, seconds: float) -> None:
        """Take note of how long a piece took; a chunk grows fourfold at most."""
        fitting = self.jobs * graphs * WORTH / max(seconds, 1e-9)
        self.graphs = max(1, int(min(fitting, 4 * self.graphs, GRAPHS)))


def _chunks(graphs: Iterable[Graph], pace: _Pace | None = None) -> Iterator[list[Graph]]:
    """The stream in lists that fit into memory together."""
    chunk: list[Graph] = []
    entries, opened = 0, time.monotonic()
    for graph in graphs:
        most = pace.graphs if pace is not None else GRAPHS
        full = len(chunk) >= most or entries + graph.n + graph.m > ENTRIES
        if chunk and (full or time.monotonic() > opened + PATIENCE):
            yield chunk
            chunk, entries, opened = [], 0, time.monotonic()
        chunk.append(graph)
        entries += graph.n + graph.m
    if chunk:
        yield chunk


def _worked(
    work: _Work, chunks: Iterator[list[Graph]], jobs: int, pace: _Pace
) -> Iterator[tuple[list[Graph], list[Any] | None]]:
    """Each chunk and what became of its graphs; None where Ctrl-C came first."""
    if jobs > 1:
        yield from _spread(work, chunks, jobs, pace)
        return
    place = 0
    for chunk in chunks:
        try:
            outcomes, seconds = work.timed(place, chunk, [work.wanted(g) for g in chunk])
        except KeyboardInterrupt:
            yield chunk, None
            return
        pace.took(len(chunk), seconds)
        yield chunk, outcomes
        place += len(chunk)


def _spread(
    work: _Work, chunks: Iterator[list[Graph]], jobs: int, pace: _Pace
) -> Iterator[tuple[list[Graph], list[Any] | None]]:
    """The same in several processes, at most two chunks a process under way, results in order."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    alone = Context(work.context.seed, 1, work.context.device, work.context.limits)
    task = _Work(work.method, alone)
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _follow)
    waiting: deque[tuple[list[Graph], Waited]] = deque()
    place = 0
    try:
        for chunk in itertools.chain.from_iterable(_parts(chunk, jobs) for chunk in chunks):
            budgets = [work.wanted(g) for g in chunk]
            waiting.append((chunk, pool.submit(task.timed, place, chunk, budgets)))
            place += len(chunk)
            if len(waiting) > 2 * jobs:
                yield _next(waiting, pace)
        while waiting:
            yield _next(waiting, pace)
    except KeyboardInterrupt:
        if waiting:
            yield waiting[0][0], None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children() if waiting else ():
            if process not in others:  # ours, at work on what nobody waits for any more
                process.terminate()


def _parts(chunk: list[Graph], jobs: int) -> Iterator[list[Graph]]:
    """A chunk in as many pieces as there are jobs."""
    size = -(-len(chunk) // jobs)
    return (chunk[at : at + size] for at in range(0, len(chunk), size))


def _next(waiting: deque[tuple[list[Graph], Waited]], pace: _Pace) -> tuple[list[Graph], list[Any]]:
    outcomes, seconds = waiting[0][1].result()
    pace.took(len(outcomes), seconds)
    return waiting.popleft()[0], outcomes


def _follow() -> None:
    """Ctrl-C reaches every process of a terminal; the one that started the others decides, and its end is their end."""
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent: Any) -> None:
    """Without it a killed parent leaves its processes waiting for work for ever."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)

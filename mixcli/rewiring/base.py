"""What a rewiring is: a stream of edits, and what a graph becomes when they are applied."""

from __future__ import annotations

import dataclasses
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.graph import Graph, LayerPlan
from mixcli.provenance import Step
from mixcli.spec import parameters, parse, spec_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ADDED", "EDGE_TYPE", "Edit", "Rewired", "Rewiring", "apply", "apply_edits", "rewire"]

EDGE_TYPE = "edge_type"
"""Edge payload that tells relational networks which edges were there (0) and which were added (1)."""

ADDED = 1

UNBOUNDED = 2**31 - 1


class Edit(NamedTuple):
    """One change: what, which edge (u < v where undirected), why (the method's own score), and in which step."""

    op: Literal["add", "remove"]
    u: int
    v: int
    score: float
    step: int


class Rewiring(ABC):
    """One way to change a graph: a frozen dataclass of its parameters, plus these facts about it.

    A subclass yields edits one at a time, each valid on the graph as changed by those before it: never a self-loop,
    never an edge that is there already, never the removal of one that is not. Methods that change only how layers
    use the graph yield nothing and return a layer plan. A parameter named `iterations` is what a budget replaces.
    """

    adds: ClassVar[bool] = True
    removes: ClassVar[bool] = False
    seeded: ClassVar[bool] = True
    """Whether the result depends on the seed."""
    directed: ClassVar[bool] = False
    cost: ClassVar[str]
    equation: ClassVar[str]
    cites: ClassVar[str]
    score: ClassVar[str]
    """What the score of an edit means."""

    @abstractmethod
    def edits(self, graph: Graph, context: Context) -> Iterator[Edit]:
        """The edits, in order. Random choices come from `context.rng(...)` keyed by the method and the graph."""

    def plan(self, graph: Graph) -> LayerPlan:
        """Which graph each layer uses afterwards; by default what the graph said before."""
        return graph.plan


@dataclass(frozen=True)
class Rewired:
    """A graph before and after.

    Args:
        base: the graph before.
        graph: the graph after; edge payload holds `edge_type`, rows of added edges are zeros elsewhere.
        edits: what was done, in order.
        interrupted: True if Ctrl-C cut it short; the result is then what the edits so far give.
    """

    base: Graph
    graph: Graph
    edits: tuple[Edit, ...] = ()
    interrupted: bool = False
    added: int = field(init=False)
    removed: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "added", sum(e.op == "add" for e in self.edits))
        object.__setattr__(self, "removed", sum(e.op == "remove" for e in self.edits))


def rewire(graph: Graph, spec: str, *, context: Context | None = None, budget: int | None = None) -> Rewired:
    """Rewire a graph by a method's spec string.

    Args:
        graph: the graph.
        spec: such as "sdrf:iterations=20,tau=50".
        context: seed, threads, limits, progress.
        budget: stop after this many edits, whatever the method's own number of iterations.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> rewire(barbell(5, 0), "sdrf:iterations=1").added
        1
    """
    return apply(REWIRINGS.make(spec), graph, context=context, budget=budget)


def apply(
    method: Rewiring,
    graph: Graph,
    *,
    context: Context | None = None,
    budget: int | None = None,
    log: Callable[[Edit], None] | None = None,
) -> Rewired:
    """Run a method's edits on a graph; Ctrl-C keeps what has been done so far.

    Args:
        method: the rewiring.
        graph: the graph.
        context: seed, threads, limits, progress.
        budget: stop after this many edits. A smaller budget gives a prefix of a larger one's edits.
        log: called with each edit as it is made.

    Returns:
        The graph before and after, with every edit.

    Raises:
        NotApplicable: the graph is directed and the method is not defined there.
    """
    context = context or Context()
    if graph.directed and not method.directed:
        raise NotApplicable(
            f"an undirected graph for {type(method).__name__}",
            "a directed one",
            "pass --undirected to forget the directions",
            where=graph.name,
        )
    if budget is not None and "iterations" in {f.name for f in parameters(type(method))}:
        method = dataclasses.replace(method, iterations=UNBOUNDED)  # type: ignore[type-var]
    total = budget if budget is not None else int(getattr(method, "iterations", 0))
    done: list[Edit] = []
    interrupted = False
    try:
        for edit in itertools.islice(method.edits(graph, context), budget):
            done.append(edit)
            if log is not None:
                log(edit)
            context.progress("rewire", len(done), total)
    except KeyboardInterrupt:
        interrupted = True
    name = REWIRINGS.canonical(_name_of(method))
    notes = {"edits": len(done), **({"budget": budget} if budget is not None else {})}
    spec = spec_of(name, _without_unbounded(method))
    step = Step("rewire", spec, seed=context.seed if method.seeded else None, notes=notes)
    after = apply_edits(graph, done).replace(plan=method.plan(graph)).with_step(step)
    return Rewired(graph, after, tuple(done), interrupted)


def apply_edits(graph: Graph, edits: Iterable[Edit]) -> Graph:
    """The graph that a list of edits makes of another; payload follows the edges that stay.

    Added edges get `edge_type` 1 (or one more than the largest type there is), weight 1 where the graph is weighted,
    and zeros in every other edge payload. A removed edge that is added again counts as added.
    """
    import numpy as np

    original = {(int(u), int(v)): i for i, (u, v) in enumerate(graph.edges)}
    now: dict[tuple[int, int], int] = dict(original)  # edge -> row of the old arrays, -1 for an added one
    for edit in edits:
        key = (edit.u, edit.v) if graph.directed else (min(edit.u, edit.v), max(edit.u, edit.v))
        if edit.op == "add":
            if key in now or key[0] == key[1]:
                raise AssertionError(f"{edit} adds an edge that is there, or a self-loop")
            now[key] = -1
        else:
            del now[key]
    pairs = sorted(now)
    rows = np.array([now[p] for p in pairs], dtype=np.int64)
    edges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    payload = {k: _carry(a, rows) for k, a in graph.edge.items()}
    payload[EDGE_TYPE] = _edge_type(graph, rows)
    weight = None
    if graph.weight is not None:
        weight = np.where(rows < 0, 1.0, graph.weight[np.maximum(rows, 0)]) if graph.m else np.ones(len(rows))
    return graph.replace(edges=edges, weight=weight, edge=payload)


def _carry(values: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    out = np.zeros((len(rows), *values.shape[1:]), dtype=values.dtype)
    out[rows >= 0] = values[rows[rows >= 0]]
    return out


def _edge_type(graph: Graph, rows: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    before = graph.edge.get(EDGE_TYPE)
    if before is None or not np.issubdtype(before.dtype, np.integer):
        return np.where(rows < 0, ADDED, 0)
    fresh = max(ADDED, int(before.max(initial=0)) + 1) if not _is_ours(graph) else ADDED
    out = np.full(len(rows), fresh, dtype=np.int64)
    out[rows >= 0] = before[rows[rows >= 0]]
    return out


def _is_ours(graph: Graph) -> bool:
    """Whether `edge_type` came from an earlier rewiring, so that 1 already means "added"."""
    return any(s.op == "rewire" for s in graph.provenance)


def _name_of(method: Rewiring) -> str:
    target = f"{type(method).__module__}:{type(method).__qualname__}"
    return next((n for n in REWIRINGS if REWIRINGS.table[n] == target), parse(type(method).__name__).name)


def _without_unbounded(method: Rewiring) -> Rewiring:
    if getattr(method, "iterations", None) != UNBOUNDED:
        return method
    default = next(f.default for f in parameters(type(method)) if f.name == "iterations")
    return dataclasses.replace(method, iterations=default)  # type: ignore[type-var]

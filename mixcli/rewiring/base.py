"""What a rewiring is: a stream of edits, and what a graph becomes when they are applied."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.graph import Graph, not_directed
from mixcli.plan import LayerPlan
from mixcli.provenance import Step
from mixcli.rewiring.budget import check_budget, planned, without_end
from mixcli.rewiring.edits import ADDED, EDGE_TYPE, Edit, apply_edits, edited
from mixcli.rewiring.rules import Constraints, Rules
from mixcli.spec import spec_of

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "ADDED",
    "EDGE_TYPE",
    "Constraints",
    "Edit",
    "Rewired",
    "Rewiring",
    "Rules",
    "apply",
    "apply_edits",
    "changed",
    "check",
    "finished",
    "rewire",
    "topology_rng",
    "within",
]


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
    constrained: ClassVar[bool] = True
    """Whether it makes edits that constraints can apply to; a layer plan makes none."""
    whole: ClassVar[int] = 1
    """Edits that only make sense together: a budget, or Ctrl-C, ends before those that it could not finish."""
    reweighs: ClassVar[bool] = False
    """Whether `weigh` gives the edges of the result new weights, those that were there before included."""
    published: ClassVar[dict[str, str]] = {}
    """Data set (and network, where it depends on it) -> settings that were published for it, as a spec string."""
    published_in: ClassVar[str] = ""
    """Where `published` comes from."""
    deviations: ClassVar[tuple[str, ...]] = ()
    """In what the authors' released code departs from what is computed here by default."""

    @abstractmethod
    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        """The edits, in order.

        Random choices come from `context.rng(...)` keyed by the method and the graph. What `rules` does not allow is
        passed over: the method takes its next best choice, or stops where there is none.
        """

    def edits_many(
        self, graphs: Sequence[Graph], context: Context, budgets: Sequence[int] | None = None
    ) -> list[list[Edit]]:
        """The edits of several graphs without constraints, those that each would get alone.

        Args:
            graphs: graphs the method is defined for.
            context: seed, threads, limits, progress.
            budgets: for each graph the most edits to make.
        """
        most = budgets if budgets is not None else [None] * len(graphs)
        return [list(itertools.islice(self.edits(g, context, Rules(g)), k)) for g, k in zip(graphs, most, strict=True)]

    def plan(self, graph: Graph, context: Context) -> LayerPlan:
        """Which graph each layer uses afterwards; by default what the graph said before.

        The overlays of a method are the same in number, names and layers for every graph, empty where there is nothing
        to add, so that the graphs of a data set go into one batch.
        """
        return graph.plan

    def weigh(self, base: Graph, after: Graph, context: Context) -> Graph:
        """The graph after some of the edits with the conductances that the method gives; by default as they were."""
        return after

    def will_weigh(self) -> bool:
        """Whether `weigh` gives weights; only a method that reads what was done before knows more than its class."""
        return self.reweighs

    def at(self, index: int) -> Rewiring:
        """The method for the graph at a place of a stream; only one that reads what was done before depends on it."""
        return self

    def notes(self, graph: Graph, context: Context, rules: Rules) -> dict[str, Any]:
        """What provenance should say of the method on this graph beside its spec, JSON-ready; asked after the edits."""
        return {}


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


def rewire(
    graph: Graph,
    spec: str,
    *,
    context: Context | None = None,
    budget: int | None = None,
    constraints: Constraints | None = None,
) -> Rewired:
    """Rewire a graph by a method's spec string.

    Args:
        graph: the graph.
        spec: such as "sdrf:iterations=20,tau=50".
        context: seed, threads, limits, progress.
        budget: stop after this many edits, whatever the method's own number of iterations.
        constraints: what must hold of every edit.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> rewire(barbell(5, 0), "sdrf:iterations=1").added
        1
    """
    return apply(REWIRINGS.make(spec), graph, context=context, budget=budget, constraints=constraints)


def apply(
    method: Rewiring,
    graph: Graph,
    *,
    context: Context | None = None,
    budget: int | None = None,
    constraints: Constraints | None = None,
    log: Callable[[Edit], None] | None = None,
    stop: Callable[[Edit], bool] | None = None,
) -> Rewired:
    """Run a method's edits on a graph; Ctrl-C keeps the whole steps that have been done so far.

    Args:
        method: the rewiring.
        graph: the graph.
        context: seed, threads, limits, progress.
        budget: stop after this many edits, or the whole steps among them where a step makes no sense in part. A
            smaller budget gives a prefix of a larger one's edits.
        constraints: what must hold of every edit.
        log: called with each edit as it is made; where a step makes no sense in part, with all of it at its end.
        stop: asked after each edit whether it was the last one; a step that must not be in part is still finished.

    Returns:
        The graph before and after, with every edit.

    Raises:
        NotApplicable: the graph is directed and the method is not defined there, or there is nothing to constrain.
        UsageError: the budget is negative, or the constraints do not fit the graph.
    """
    context = context or Context()
    check(method, graph, budget)
    if constraints and not method.constrained:
        name = REWIRINGS.name_of(type(method))
        raise NotApplicable("a method that edits edges, to constrain", name, "leave the constraints out")
    rules = Rules(graph, constraints)
    done: list[Edit] = []
    interrupted = False
    try:
        total = planned(method, budget)
        for edit in itertools.islice(without_end(method, budget).edits(graph, context, rules), within(method, budget)):
            if not rules.allowed(edit):
                raise RuntimeError(f"{REWIRINGS.name_of(type(method))} made an edit that is not allowed: {edit}")
            rules.done(edit)
            done.append(edit)
            if log is not None and len(done) % method.whole == 0:
                for made in done[-method.whole :]:
                    log(made)
            context.progress("rewire", len(done), total)
            if stop is not None and stop(edit) and len(done) % method.whole == 0:
                break
    except KeyboardInterrupt:
        interrupted = True
        del done[len(done) - len(done) % method.whole :]
    return finished(method, graph, done, context, rules, budget=budget, interrupted=interrupted)


def finished(
    method: Rewiring,
    graph: Graph,
    done: list[Edit],
    context: Context,
    rules: Rules,
    *,
    budget: int | None = None,
    interrupted: bool = False,
) -> Rewired:
    """What a method's edits make of a graph, with the step that provenance keeps."""
    constraints = rules.constraints
    notes: dict[str, Any] = {"edits": len(done), **({"budget": budget} if budget is not None else {})}
    if constraints:
        notes["constraints"] = constraints.to_json()
    if done or not interrupted:
        notes |= method.notes(graph, context, rules)
    after = changed(method, graph, done, context, notes)
    if done or not interrupted:
        after = method.weigh(graph, after, context)
    return Rewired(graph, after, tuple(done), interrupted)


def changed(method: Rewiring, graph: Graph, done: list[Edit], context: Context, notes: dict[str, Any]) -> Graph:
    """The graph after a method's edits, but for weights that it gives, with what provenance should say of them."""
    spec = spec_of(REWIRINGS.name_of(type(method)), method)
    step = Step("rewire", spec, seed=context.seed if method.seeded else None, notes=notes)
    edges, weight, payload = edited(graph, done)
    plan, provenance = method.plan(graph, context), (*graph.provenance, step)
    return graph.replace(edges=edges, weight=weight, edge=payload, plan=plan, provenance=provenance)


def check(method: Rewiring, graph: Graph, budget: int | None = None) -> None:
    """Refuse a graph the method is not defined on, or a negative budget.

    Raises:
        NotApplicable: the graph is directed and the method is not defined there.
        UsageError: the budget is negative.
    """
    if graph.directed and not method.directed:
        raise not_directed(REWIRINGS.name_of(type(method)), graph.name)
    check_budget(budget)


def topology_rng(context: Context, name: str, graph: Graph) -> np.random.Generator:
    """A random generator keyed by the seed, the method and the edges; weights and payload do not change its choices."""
    plain = graph if graph.weight is None else Graph(graph.n, graph.edges, graph.directed)
    return context.rng(name, plain.fingerprint)


def within(method: Rewiring, budget: int | None) -> int | None:
    """The most edits under a budget: those of whole steps, where a step makes no sense in part."""
    return None if budget is None else budget - budget % method.whole

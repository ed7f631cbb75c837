"""What `mixcli rewire` says of each graph: before → after, and why it ended."""

from typing import TYPE_CHECKING, Any

from mixcli.cli.shell import Shell, plural

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rewired, Rewiring
    from mixcli.tracing.until import Condition, Outcome

__all__ = ["MANY", "Told", "ending", "would"]

MANY = 3
"""Graphs, or sequences, of a stream whose before → after is told one by one."""

GAP_NODES = 20_000
"""Largest graph whose spectral gap is told before and after; beyond it could take longer than the rewiring."""


class Told:
    """Before → after on standard error: in full for the first graphs, one sum for the rest.

    Args:
        shell: where to say it.
        context: of the spectral gaps.
    """

    def __init__(self, shell: Shell, context: "Context") -> None:
        self.shell, self.context = shell, context
        self.graphs = self.added = self.removed = self.reached = 0

    def one(self, result: "Rewired", method: "Rewiring", wanted: int | None, ended: str | None = None) -> None:
        """Tell of one graph: `wanted` is the budget, `ended` how a condition ended it."""
        self.graphs += 1
        self.added += result.added
        self.removed += result.removed
        if self.graphs <= MANY and not self.shell.quiet:
            base, after = result.base, result.graph
            line = f"{base.name}: {base.m} → {after.m} edges (+{result.added} −{result.removed})"
            if base.components.count != after.components.count:
                line += f", {base.components.count} → {after.components.count} components"
            if base.n <= GAP_NODES and result.edits:
                line += f", spectral gap {self._gap(base)} → {self._gap(after)}"
            if after.plan and after.plan != base.plan:
                line += f", {after.plan}"
            line += _end(result, method, wanted) if ended is None else f"; {ended}"
            line += _weights(base, after) if result.added or method.will_weigh() else ""
            for reason in after.provenance[-1].notes.get("why", ()):
                self.shell.note(f"{base.name}: {reason}" if self.graphs > 1 else reason)
            self.shell.note(line)

    def all(self, condition: Any) -> None:
        """The sum, where not every graph was told of."""
        if self.graphs > MANY:
            line = f"{self.graphs} graphs in all: +{self.added} −{self.removed} edges"
            self.shell.note(line + (f"; {condition} reached in {self.reached}" if condition is not None else ""))

    def _gap(self, graph: "Graph") -> str:
        from mixcli.catalog import MEASURES

        value = MEASURES.make("spectral_gap")(graph, self.context).data
        return "undefined" if value is None else f"{value:.6g}"


def _weights(base: "Graph", after: "Graph") -> str:
    """What became of the weights, where that is news."""
    old = {1.0} if base.weight is None else {1.0, *base.weight.tolist()}
    if after.weight is not None and not old.issuperset(after.weight.tolist()):
        return "; all edges have new weights"
    return "; added edges have weight 1" if base.weight is not None and after.provenance[-1].notes["edits"] else ""


def ending(condition: "Condition", outcome: "Outcome[Any]") -> str:
    """How a condition ended a rewiring, of graphs or of masks."""
    value = "undefined" if outcome.value is None else f"{outcome.value:.6g}"
    where = f"after {plural(len(outcome.rewired.edits), 'edit')} ({condition.column.name} = {value})"
    return f"{condition} {'reached' if outcome.reached else 'never reached, given up'} {where}"


def would(result: "Rewired") -> str:
    """What a dry run says."""
    after, before = result.graph.plan, result.base.plan
    if after and after != before and not result.edits:
        return f"would leave the edges and give the layers: {after}"
    return f"would add {plural(result.added, 'edge')} and remove {plural(result.removed, 'edge')}"


def _end(result: "Rewired", method: "Rewiring", wanted: int | None) -> str:
    """Why it ended before what was asked for, where it did."""
    from mixcli.rewiring.base import within
    from mixcli.rewiring.budget import planned

    if not method.constrained:
        return "" if wanted is None else "; a layer plan, which no budget bounds"
    made, steps = len(result.edits), len({e.step for e in result.edits})
    limited = "constraints" in result.graph.provenance[-1].notes
    why = "with nothing left that the constraints allow" if limited else "with nothing left to change"
    if result.interrupted:
        return ""
    if wanted is None:
        most = planned(method, None)
        return f"; stopped after {steps} of {most}, {why}" if most > max(steps, made) else ""
    if within(method, wanted) == made < wanted:
        return f"; {made} of {wanted} edits, {method.whole} at a time"
    return f"; stopped after {made} of {wanted} edits, {why}" if made < wanted else ""

"""The method and the budget that a trial on the graph itself recommends."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixcli.catalog import REWIRINGS
from mixcli.errors import NotApplicable, UsageError
from mixcli.graph import Graph
from mixcli.numerics.gap import gap
from mixcli.numerics.knee import knee
from mixcli.rewiring.base import Edit, Rewiring, apply, apply_edits
from mixcli.rewiring.budget import without_end
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.rewiring.base import Constraints, Rules

__all__ = ["Auto"]

LOOKS = 10
"""Looks at each candidate's curve beside the one before its first edit."""

SHORTEST, LONGEST = 10, 100
"""Bounds of the trial, in edits, unless it is given."""

CONTROL = "random"

SMALL = 1000
"""Nodes up to which gtr is tried, which costs O(n²) an edge."""


@dataclass(frozen=True)
class Auto(Rewiring):
    """Try several methods on the graph, keep the one whose spectral gap rises most and soonest, stop at its knee.

    Equation: y(k) = λ₂ - (c - 1) after k edits, c the number of components; chosen is the candidate of largest
    Σ_k y(k) over the looks, and of it the first argmax_k (y(k) - y(0)) / (max y - y(0)) - k / H edits.

    Stated rules: each candidate makes H edits on trial, H a fifth of the edges, at least 10 and at most 100, and is
    looked at ten times. One that takes an edge away is left out. Of equal candidates the one listed first is chosen,
    so list the control last. Where the curve is straight all H edits are made; where no candidate gains anything, none
    is. Weights play no role. The random control may win; the explanation says so. A given budget replaces the knee and
    leaves the choice of the method as it is.

    Args:
        iterations: edits to make; none stops at the knee.
        candidates: specs of the methods to try, joined by +; none for fosr, sdrf, gtr up to 1,000 nodes, and random.
        horizon: H; none for the rule above.

    Yields:
        The edits of the chosen method, with its scores and reasons.

    Raises:
        NotApplicable: every candidate takes edges away.

    Cost: for each candidate H edits and eleven spectral gaps.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> from mixcli.rewiring.base import rewire
        >>> done = rewire(barbell(8), "auto")
        >>> done.graph.provenance[-1].notes["chosen"], done.added
        ('fosr', 11)

    Source: ours; the knee is that of Satopää et al. 2011.
    """

    iterations: int | None = param(None, "edits to make; none: up to the knee of the curve", ge=0)
    candidates: str | None = param(None, "methods to try, joined by +; none: fosr, sdrf, gtr if small, random")
    horizon: int | None = param(None, "edits on trial; none: a fifth of the edges, 10 to 100", ge=2)

    cost = "for each candidate its edits and eleven spectral gaps"
    equation = "argmax over candidates of Σ_k λ₂(k) - (c(k) - 1); k at the knee"
    cites = "ours; knee: Satopää et al., ICDCS Workshops 2011"
    score = "that of the chosen method"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        choice = self._choice(graph, context, rules)
        wanted = choice.edits if self.iterations is None else self.iterations
        method = without_end(REWIRINGS.make(choice.method), wanted)
        yield from itertools.islice(method.edits(_plain(graph), context, rules), wanted)

    def notes(self, graph: Graph, context: Context, rules: Rules) -> dict[str, Any]:
        choice = self._choice(graph, context, rules)
        return {"chosen": choice.method, "knee": choice.edits, "mean": dict(choice.means), "why": list(choice.why)}

    def _choice(self, graph: Graph, context: Context, rules: Rules) -> Choice:
        horizon = self.horizon or min(max(graph.m // 5, SHORTEST), LONGEST)
        if self.candidates is None:
            specs = ("fosr", "sdrf", *["gtr"] * (graph.n <= SMALL), CONTROL)
        else:
            specs = tuple(filter(None, (part.strip() for part in self.candidates.split("+"))))
        return context.once(_choose, _plain(graph), specs, horizon, context, rules.constraints)


def _plain(graph: Graph) -> Graph:
    return Graph(graph.n, graph.edges, name=graph.name)


@dataclass(frozen=True)
class Choice:
    """What the trial recommends.

    Args:
        method: spec of the chosen candidate.
        edits: edits up to its knee.
        means: candidate -> mean of its curve.
        why: the explanation, three lines.
    """

    method: str
    edits: int
    means: tuple[tuple[str, float], ...]
    why: tuple[str, ...]


@dataclass(frozen=True)
class Curve:
    """What a candidate did on trial: edits made at each look, and y there."""

    edits: tuple[int, ...]
    gain: tuple[float, ...]

    def mean(self, looks: Sequence[int]) -> float:
        """Mean of y over the looks of the trial; the last value stands for those it had no edits left for."""
        return sum(map(self.at, looks)) / len(looks)

    @property
    def best(self) -> int:
        """Edits at the knee; none where nothing is gained, all where the curve is straight."""
        if max(self.gain) <= self.gain[0]:
            return 0
        at = knee(self.edits, self.gain)
        return self.edits[-1 if at is None else at]

    def at(self, edits: int) -> float:
        """y at the last look up to a number of edits."""
        return self.gain[max(k for k, made in enumerate(self.edits) if made <= edits)]


def _choose(graph: Graph, specs: tuple[str, ...], horizon: int, context: Context, constraints: Constraints) -> Choice:
    if not specs:
        raise UsageError("candidates joined by +", "none", "name methods: auto:candidates=fosr+random")
    plans = [spec for spec in specs if not REWIRINGS.make(spec).constrained]
    if plans:
        raise UsageError("candidates that edit edges", f"{plans[0]}, a layer plan", "leave it out", where="auto")
    every = max(1, -(-horizon // LOOKS))
    before = _gain(graph)
    tried = {spec: _trial(spec, graph, before, horizon, every, context, constraints) for spec in specs}
    curves = {spec: curve for spec, curve in tried.items() if curve is not None}
    if not curves:
        raise NotApplicable("a candidate that only adds edges", ", ".join(specs), "name others", where=graph.name)
    looks = sorted({*range(0, horizon, every), horizon})
    means = sorted(((spec, curve.mean(looks)) for spec, curve in curves.items()), key=lambda pair: -round(pair[1], 9))
    method = means[0][0]
    curve = curves[method]
    left_out = ", ".join(spec for spec in specs if spec not in curves)
    why = (
        f"auto: tried {', '.join(curves)} with {horizon} edits each, looking at the spectral gap every {every}"
        + (f"; left out, since they take edges away: {left_out}" if left_out else ""),
        f"auto: mean gap over the trial: {', '.join(f'{s} {y:.4g}' for s, y in means)}; before it {before:.4g}",
        _last_line(method, curve, curves.get(CONTROL)),
    )
    return Choice(method, curve.best, tuple(means), why)


def _last_line(method: str, curve: Curve, control: Curve | None) -> str:
    stop, end = curve.best, curve.edits[-1]
    if stop == 0:
        return f"auto: chose no edits: {method} does best, and gains nothing"
    where = "the knee of its curve" if stop < end else "its curve has no knee before"
    text = f"auto: chose {method} with {stop} edits, {where}: gap {curve.gain[0]:.4g} → {curve.at(stop):.4g}"
    text += f", {curve.gain[-1]:.4g} after {end}" if stop < end else ""
    if method == CONTROL:
        return text + "; no other candidate does better than chance here"
    return text + (f"; {CONTROL} control {control.at(stop):.4g} there" if control is not None else "")


def _trial(
    spec: str, graph: Graph, before: float, horizon: int, every: int, context: Context, constraints: Constraints
) -> Curve | None:
    """The curve of a candidate; None where it takes edges away."""
    quiet = dataclasses.replace(context, progress=lambda what, done, total: None, _memo={})
    done = apply(REWIRINGS.make(spec), graph, context=quiet, budget=horizon, constraints=constraints)
    if done.interrupted:
        raise KeyboardInterrupt
    if done.removed:
        return None
    stops = sorted({*range(every, len(done.edits), every), len(done.edits)} - {0})
    connected = before > 0  # and stays so, since nothing is taken away
    gains = [_gain(apply_edits(graph, done.edits[:stop]), connected) for stop in stops]
    context.progress("trial", horizon, horizon)
    return Curve((0, *stops), (before, *gains))


def _gain(graph: Graph, connected: bool = False) -> float:
    """λ₂ of a connected graph; for others minus the components beyond one, so that joining them comes first."""
    if not connected and (graph.n < 2 or graph.components.count > 1):
        return 1.0 - max(graph.components.count, 1)
    return gap(graph)

"""Greedy total resistance rewiring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mixcli.numerics.candidate_pairs import CandidatePairs
from mixcli.numerics.pair_table import ahead, component_tables
from mixcli.rewiring.base import Edit, Rewiring
from mixcli.rewiring.published import GTR_SETTINGS, GTR_SOURCE
from mixcli.spec import param

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.numerics.pair_table import PairTable
    from mixcli.rewiring.base import Rules

    Allowed = Callable[[int, int], bool]

__all__ = ["GTR"]


@dataclass(frozen=True)
class GTR(Rewiring):
    """Add the edge that lowers the total effective resistance most, one after the other.

    Equation: (u, v) = argmax n_c B_uv / (1 + R_uv) over the pairs of a component that are no edge, where n_c is its
    number of nodes, R_uv = b'L^+ b, B_uv = b'(L^+)² b, b = e_u - e_v. This is by how much Σ R over the pairs of the
    component falls when uv is added, exactly.

    Every pair is looked at in every step; L^+ and its square follow an added edge by rank-1 updates in place. Scores
    that agree to 1e-10 tie, and the smallest (u, v) wins, so symmetric graphs give the same edges everywhere.
    With `search=candidates`, for graphs too large for that, only pairs between the ends of the slowest modes of L, and
    what is around the best of them, are compared; scores are exact to the accuracy of the solves (1e-10), and the
    reason of each edit says of how many pairs it was the best.

    Stated rules: components are never joined (their resistance is infinite) and isolated nodes stay so; an edgeless or
    complete graph gets nothing. Weights are conductances and decide; an added edge has conductance 1.

    Args:
        iterations: edges to add.
        variant: "paper", or "released" for the released code, which leaves n_c out: with several components it
            compares drops of the mean resistance of a node rather than of the sum, and the score is B / (1 + R).
        search: "exact", or "candidates" for large graphs.

    Yields:
        Additions; the score is the drop of Σ R.

    Raises:
        LimitExceeded: two n x n tables are over the limit.

    Cost: n³ operations once, then O(n²) per edge; 17 n² bytes. Candidates: some 20 solves in O(m) per edge, O(n)
    memory for each of about 150 candidates; on graphs where both can be run they lower ΣR by 95 % or more of the exact.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> [e[1:4] for e in rewire(path(4), "gtr:iterations=2").edits]
        [(0, 3, 5.0), (0, 2, 1.0)]

    Source: Black, Wan, Nayyeri & Wang, "Understanding oversquashing in GNNs through the lens of effective resistance",
    ICML 2023. Updates of the square without an inverse, candidates, weights, and the rules for ties and components are
    ours.
    """

    iterations: int = param(10, "edges to add", ge=0)
    variant: Literal["paper", "released"] = param("paper", "whether components count by their size")

    search: Literal["exact", "candidates"] = param("exact", "compare all pairs, or those at the ends of slow modes")

    seeded = False
    cost = "n³ once, then O(n²) per edge; 17 n² bytes (search=candidates: some 20 solves per edge)"
    equation = "argmax over unjoined pairs of a component of n_c B_uv / (1 + R_uv)"
    cites = "Black, Wan, Nayyeri & Wang, ICML 2023"
    score = "drop of the sum of resistances over unordered pairs (variant=released: over n_c)"
    published = GTR_SETTINGS
    published_in = GTR_SOURCE
    deviations = (
        "sizes of components left out of the objective (variant=released)",
        "ties go to the first maximum in rounding order",
        "a complete component gets a self-loop, and its Laplacian is wrong from there on",
    )

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        scaled, allowed = self.variant == "paper", rules.may_add if rules else None
        if graph.components.sizes.max(initial=0) < 3:
            return
        greedy: _Greedy | CandidatePairs
        if self.search == "exact":
            tables = component_tables(graph, "drop", context.limits, "gtr", "use gtr:search=candidates, or fosr")
            greedy, among = _Greedy(graph, tables, allowed, scaled), "all"
        else:
            greedy = CandidatePairs(graph, context.limits, scaled, allowed)
        for step in range(self.iterations):
            found = greedy.best()
            if found is None:
                return
            score, u, v = found
            if isinstance(greedy, CandidatePairs):
                among = f"{greedy.count} candidate"
            yield Edit("add", u, v, score, step, f"best of {among} pairs for the total resistance")
            greedy.add(u, v)


class _Greedy:
    """The best pair over all components; a component is searched again only after it got an edge."""

    def __init__(self, graph: Graph, tables: dict[int, PairTable], allowed: Allowed | None, scaled: bool) -> None:
        self._of_node = graph.components.of_node
        self._tables, self._scaled = tables, scaled
        self._allowed = allowed
        self._best: dict[int, tuple[float, int, int] | None] = {}
        for c in tables:
            self._search(c)

    def best(self) -> tuple[float, int, int] | None:
        """The pair to join next."""
        best: tuple[float, int, int] | None = None
        for found in self._best.values():
            if found is None:
                continue
            if best is None or ahead(found[0], best[0]) or (not ahead(best[0], found[0]) and found[1:] < best[1:]):
                best = found
        return best

    def add(self, u: int, v: int) -> None:
        """Join two nodes."""
        c = int(self._of_node[u])
        self._tables[c].change(u, v, 1.0)
        self._search(c)

    def _search(self, c: int) -> None:
        table = self._tables[c]
        found = table.best(self._allowed)
        self._best[c] = found and (found[0] * (table.k if self._scaled else 1), *found[1:])

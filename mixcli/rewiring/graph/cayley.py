"""Cayley graphs in every second layer: expander graph propagation and its untruncated form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mixcli.numerics.special_linear import cayley_graph, group_order, least_modulus
from mixcli.plan import Overlay
from mixcli.rewiring.base import Edit, Rewiring, topology_rng
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.plan import LayerPlan
    from mixcli.rewiring.base import Rules

__all__ = ["Cayley"]

BYTES, OPERATIONS = 1000, 20_000
"""What an element of the group takes while its neighbours are found."""


@dataclass(frozen=True)
class Cayley(Rewiring):
    """Let even layers propagate over a Cayley graph of SL(2, Z_q) in place of the graph: a sparse expander.

    Equation: q = min{q ≥ 2 : |SL(2, Z_q)| ≥ n}, |SL(2, Z_q)| = q³ Π_{p | q} (1 - p⁻²); M ~ M S for the four shears
    S = [[1, ±1], [0, 1]], [[1, 0], [±1, 1]].

    The Cayley graph has 6 nodes for q = 2 (a cycle), 24, 48, 120, 144, 336, 384, 648, 720 for q = 3 … 10, and is
    4-regular from q = 3 on. Its nodes are numbered as a search from the identity finds them, and node i of the graph
    is element i. What is left over becomes virtual nodes (`cgp`: zero features at the start, alone in odd layers, seen
    by no readout, loss or statistic) or is cut off with its edges (`egp`). Layers are counted from 1: odd ones use the
    graph, even ones the Cayley graph alone.

    Stated rules: the edges of the graph play no role, so components and isolated nodes are reached like all others; a
    graph without nodes gets an empty overlay, a single node the six elements of q = 2 (`egp`: no edge).

    Args:
        mode: cgp, the whole Cayley graph with virtual nodes; egp, its first n elements.
        order: bfs numbers elements breadth first. dfs takes the newest element found first, as the notebook released
            with CGP does where its text says queue; what egp keeps is then a worse expander (λ₂ 0.087 against 0.178
            for n = 30).
        align: none, node i is element i whatever the graph; random, a seeded permutation of the nodes first.

    Yields:
        Nothing; the plan has one overlay.

    Cost: O(n), about 20 µs an element, once for each q.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> print(rewire(path(20), "cayley").graph.plan)
        cayley (48 edges and 4 virtual nodes) in place of the graph in even layers

    Source: egp is Deac, Lackenby & Veličković, "Expander graph propagation", LoG 2022; cgp is Wilson,
    Bechler-Speicher & Veličković, "Cayley graph propagation", LoG 2024. Breadth-first numbering and random alignment
    are choices of ours; the papers leave both open.
    """

    mode: Literal["cgp", "egp"] = param("cgp", "the whole Cayley graph with virtual nodes, or its first n elements")
    order: Literal["bfs", "dfs"] = param("bfs", "how elements are numbered; dfs as in the released notebook")
    align: Literal["none", "random"] = param("none", "which node is which element; random: by a seeded permutation")

    adds = False
    directed = True
    constrained = False
    cost = "O(n), once for each q"
    equation = "M ~ M S in SL(2, Z_q), S in {[[1,±1],[0,1]], [[1,0],[±1,1]]}, q least with |SL(2, Z_q)| >= n"
    cites = "Wilson, Bechler-Speicher & Veličković, LoG 2024; Deac, Lackenby & Veličković, LoG 2022"
    score = "there are no edits"
    deviations = ("the notebook numbers elements depth first (order=dfs)",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeded", self.align == "random")  # provenance names a seed only where there is one

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        return iter(())

    def plan(self, graph: Graph, context: Context) -> LayerPlan:
        q = least_modulus(graph.n)
        size = group_order(q)
        context.limits.check(
            "a Cayley graph", memory=BYTES * size, operations=OPERATIONS * size, instead="use expander"
        )
        edges = cayley_graph(q, self.order)
        if self.mode == "egp" or graph.n == 0:
            edges = edges[edges[:, 1] < graph.n]
        if self.align == "random":
            place = topology_rng(context, "cayley", graph).permutation(graph.n)
            inside = edges < graph.n
            edges = edges.copy()
            edges[inside] = place[edges[inside]]
        virtual = size - graph.n if self.mode == "cgp" and graph.n else 0
        return graph.plan.with_overlay(Overlay("cayley", edges, layers="even", replaces=True, virtual=virtual))

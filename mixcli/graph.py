"""Graph: the one noun that readers make, measures look at and rewirings change.

Immutable and canonical: an undirected edge is stored once with u < v, edges are sorted, there are no self-loops and no
parallel edges. What had to be resolved to get there is counted by `from_arcs` and kept in provenance. Node, edge and
graph payload (`x`, `y`, masks, `edge_attr` …) is carried along and never interpreted.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixcli.arcs import MAX_NODES, REVERSE, check_ends, checked_weight, fold, is_symmetric, joined, merge, stable_order
from mixcli.errors import InputError, NotApplicable
from mixcli.plan import LayerPlan
from mixcli.provenance import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["REVERSE", "Components", "Graph", "LayerPlan", "from_arcs", "is_symmetric", "not_directed"]

FEW = 512  # nodes and edges up to which components are found before scipy has taken the graph in


@dataclass(frozen=True)
class Components:
    """Connected components (weakly connected for a directed graph), numbered by their smallest node.

    Args:
        count: number of components.
        of_node: (n,) component of each node.
        sizes: (count,) nodes in each.
    """

    count: int
    of_node: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @property
    def largest(self) -> int:
        """The component with most nodes; the first of them where several tie."""
        return int(self.sizes.argmax())


@dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """A graph with n nodes and m edges, and whatever its file said about them.

    Args:
        n: number of nodes; nodes are 0 … n-1.
        edges: (m, 2) int64. Undirected: each edge once, u < v. Sorted lexicographically, no repeats, no self-loops.
        directed: whether (u, v) and (v, u) are different edges.
        weight: (m,) float64 conductances > 0, or None for an unweighted graph. A length is 1 / weight.
        node: name -> array whose first axis has length n.
        edge: name -> array whose first axis has length m; see `REVERSE`.
        graph: name -> array that belongs to the graph as a whole (its class label, say).
        labels: (n,) names of the nodes as they stood in the file, or None where they were 0 … n-1.
        name: what to call it in tables.
        provenance: what was done to it so far.
        plan: which graph each network layer uses.

    Example:
        >>> Graph(3, np.array([[0, 1], [1, 2]]))
        Graph(n=3, m=2)
    """

    n: int
    edges: NDArray[np.int64]
    directed: bool = False
    weight: NDArray[np.float64] | None = None
    node: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    edge: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    graph: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    name: str = ""
    provenance: tuple[Step, ...] = ()
    plan: LayerPlan = field(default_factory=LayerPlan)

    def __post_init__(self) -> None:
        edges = np.ascontiguousarray(self.edges, dtype=np.int64).reshape(-1, 2)
        object.__setattr__(self, "edges", edges)
        _check_canonical(self)
        edges.setflags(write=False)
        if self.weight is not None:
            self.weight.setflags(write=False)

    @property
    def m(self) -> int:
        """Number of edges."""
        return len(self.edges)

    def __repr__(self) -> str:
        facts = [f"n={self.n}", f"m={self.m}"]
        facts += ["directed"] * self.directed + ["weighted"] * (self.weight is not None)
        payload = [*self.node, *(k for k in self.edge if not k.endswith(REVERSE)), *self.graph]
        facts += [f"payload=[{', '.join(payload)}]"] * bool(payload)
        return f"Graph({self.name!r}, {', '.join(facts)})" if self.name else f"Graph({', '.join(facts)})"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the topology (n, direction, edges, weights); payload and names do not enter."""
        digest = hashlib.sha256(f"{self.n}:{int(self.directed)}:".encode())
        digest.update(self.edges.tobytes())
        if self.weight is not None:
            digest.update(self.weight.tobytes())
        return digest.hexdigest()

    @cached_property
    def csr(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        """Neighbour lists: `indptr` (n+1,), `indices` sorted within a row, `edge` = row of `edges` behind each entry.

        Undirected graphs have both directions (2m entries), directed ones the successors (m entries).
        """
        u, v = self.edges[:, 0], self.edges[:, 1]
        ids = np.arange(self.m, dtype=np.int64)
        if not self.directed:  # edges are sorted, and smaller neighbours come before larger ones
            u, v, ids = np.concatenate([v, u]), np.concatenate([u, v]), np.concatenate([ids, ids])
        order = stable_order(u, self.n)
        indptr = np.zeros(self.n + 1, dtype=np.int64)
        np.cumsum(np.bincount(u, minlength=self.n), out=indptr[1:])
        return indptr, v[order].astype(np.int32), ids[order]

    @cached_property
    def degree(self) -> NDArray[np.int64]:
        """(n,) number of neighbours; of successors plus predecessors in a directed graph."""
        return np.bincount(self.edges.ravel(), minlength=self.n).astype(np.int64)

    @cached_property
    def strength(self) -> NDArray[np.float64]:
        """(n,) sum of the conductances at each node; the degree where there are none."""
        if self.weight is None:
            return self.degree.astype(np.float64)
        both = np.concatenate([self.weight, self.weight])
        return np.bincount(self.edges.T.ravel(), weights=both, minlength=self.n)

    @cached_property
    def adjacency(self) -> csr_array:
        """(n, n) sparse matrix of conductances (1 where unweighted); symmetric for an undirected graph."""
        from scipy.sparse import csr_array

        indptr, indices, ids = self.csr
        data = np.ones(len(indices)) if self.weight is None else self.weight[ids]
        if len(indices) <= np.iinfo(np.int32).max:  # scipy.sparse.csgraph takes no other kind of index
            indptr = indptr.astype(np.int32)
        return csr_array((data, indices, indptr), shape=(self.n, self.n))

    @cached_property
    def components(self) -> Components:
        """Connected components."""
        if self.n + self.m <= FEW:
            of_node = joined(self.n, self.edges)
            sizes = np.bincount(of_node).astype(np.int64)
            return Components(len(sizes), of_node, sizes)
        from scipy.sparse.csgraph import connected_components

        count, raw = connected_components(self.adjacency, directed=self.directed, connection="weak")
        first = np.full(count, self.n, dtype=np.int64)
        np.minimum.at(first, raw, np.arange(self.n))
        rank = np.empty(count, dtype=np.int64)
        rank[np.argsort(first)] = np.arange(count)
        of_node = rank[raw]
        return Components(int(count), of_node, np.bincount(of_node, minlength=count).astype(np.int64))

    def component(self, number: int) -> Graph:
        """The subgraph on one connected component (topology and weights only)."""
        return self.subgraph(np.flatnonzero(self.components.of_node == number))

    def subgraph(self, nodes: NDArray[np.int64]) -> Graph:
        """The topology on some nodes, renumbered in ascending order (payload is left behind).

        Args:
            nodes: distinct node numbers, any order.
        """
        new = np.full(self.n, -1, dtype=np.int64)
        new[np.sort(nodes)] = np.arange(len(nodes))
        mapped = new[self.edges]
        keep = (mapped >= 0).all(axis=1)
        weight = None if self.weight is None else self.weight[keep]
        return Graph(len(nodes), mapped[keep], self.directed, weight, name=self.name)

    def undirected(self) -> Graph:
        """This graph with every arc made an undirected edge; two opposite arcs of different weight give their mean."""
        if not self.directed:
            return self
        return from_arcs(
            self.n, self.edges, directed=False, listing="both", weight=self.weight, node=self.node, edge=self.edge,
            graph=self.graph, labels=self.labels, name=self.name,
            provenance=(*self.provenance, Step("symmetrise", notes={"arcs": self.m})), plan=self.plan,
        )  # fmt: skip

    def replace(self, **changes: Any) -> Graph:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def with_step(self, step: Step) -> Graph:
        """A copy that remembers one more step."""
        return dataclasses.replace(self, provenance=(*self.provenance, step))

    @property
    def origin(self) -> Step | None:
        """The step that brought the graph here: its last reading or conversion, else how it was generated."""
        arrivals = [s for s in self.provenance if s.op in ("read", "load", "convert")]
        made = [s for s in self.provenance if s.op == "generate"]
        return next(reversed(arrivals or made), None)

    @property
    def notes(self) -> dict[str, Any]:
        """What the last reading resolved: `{"self_loops": 3, …}`."""
        return dict(self.origin.notes) if self.origin else {}


def _check_canonical(g: Graph) -> None:
    if not 0 <= g.n <= MAX_NODES:
        raise InputError(f"between 0 and {MAX_NODES} nodes", str(g.n), where=g.name)
    u, v = g.edges[:, 0], g.edges[:, 1]
    if g.m:
        low, high = int(g.edges.min()), int(g.edges.max())
        if low < 0 or high >= g.n:
            bad = low if low < 0 else high
            raise InputError(
                f"edges between nodes 0 … {g.n - 1}", f"node {bad}", "check the number of nodes", where=g.name
            )
        if (u == v).any() or (not g.directed and (u > v).any()):
            raise InputError("canonical edges (no self-loops, u < v)", "others", "build it with mixcli.from_arcs")
        key = u * g.n + v
        if (np.diff(key) <= 0).any():
            raise InputError("sorted edges without repeats", "others", "build it with mixcli.from_arcs")
    if g.weight is not None and (len(g.weight) != g.m or not (np.isfinite(g.weight).all() and (g.weight > 0).all())):
        raise InputError("one positive finite weight per edge", "others", "build it with mixcli.from_arcs")
    for what, size, table in (("node", g.n, g.node), ("edge", g.m, g.edge)):
        for key_, value in table.items():
            if len(value) != size:
                raise InputError(f"{what} payload {key_!r} of length {size}", str(len(value)), where=g.name)
    g.plan.check(g.n)
    if g.labels is not None and len(g.labels) != g.n:
        raise InputError(f"{g.n} node labels", str(len(g.labels)), where=g.name)


def from_arcs(
    n: int,
    arcs: NDArray[np.int64],
    *,
    directed: bool,
    listing: Literal["once", "both"] = "once",
    weight: NDArray[np.float64] | None = None,
    node: Mapping[str, NDArray[Any]] | None = None,
    edge: Mapping[str, NDArray[Any]] | None = None,
    graph: Mapping[str, NDArray[Any]] | None = None,
    labels: tuple[str, ...] | None = None,
    name: str = "",
    step: Step | None = None,
    provenance: tuple[Step, ...] = (),
    plan: LayerPlan | None = None,
) -> Graph:
    """Make a canonical Graph from the pairs of a file; what is resolved on the way is counted in `step.notes`.

    Rules: self-loops are left out. Parallel edges become one, their conductances added (payload: the first one's).
    Edges of weight 0 are left out. Weights that are all 1 mean "unweighted".

    Args:
        n: number of nodes.
        arcs: (k, 2) node pairs in the order of the file.
        directed: keep direction, or forget it.
        listing: "once": each undirected edge stands in the file once, so (u, v) and (v, u) are parallel edges;
            "both": (u, v) and (v, u) are the two halves of one edge, and where their weights differ the mean is taken.
        weight: (k,) conductances, or None.
        node: node payload, first axis n.
        edge: edge payload, first axis k; follows the edges to their canonical place.
        graph: payload of the whole graph.
        labels: names of the nodes.
        name: what to call the graph.
        step: the provenance step to complete with counts; appended to `provenance`.
        provenance: earlier steps.
        plan: layer plan.

    Returns:
        The graph.

    Raises:
        InputError: an end outside 0 … n-1, or a weight that is NaN, infinite or negative.

    Example:
        >>> g = from_arcs(3, np.array([[1, 0], [0, 1], [2, 2]]), directed=False, listing="both")
        >>> g.edges.tolist(), g.notes
        ([[0, 1]], {})
    """
    arcs = np.ascontiguousarray(arcs, dtype=np.int64).reshape(-1, 2)
    check_ends(n, arcs, name)
    counts: dict[str, Any] = {}
    keep = arcs[:, 0] != arcs[:, 1]
    if not keep.all():
        counts["self_loops"] = int((~keep).sum())
    if weight is not None:
        weight = checked_weight(weight, len(arcs), name)
        if (weight[keep] == 0).any():
            counts["zero_weight"] = int((weight[keep] == 0).sum())
        keep &= weight != 0
        weight = weight[keep]
    payload = {k: np.asarray(a)[keep] for k, a in (edge or {}).items()}
    u, v = arcs[keep, 0], arcs[keep, 1]
    if directed:
        edges, weight, payload = merge(n, u, v, weight, payload, counts)
    elif listing == "once":
        edges, weight, payload = merge(n, np.minimum(u, v), np.maximum(u, v), weight, payload, counts)
    else:
        edges, weight, payload = fold(n, u, v, weight, payload, counts)
    if weight is not None and (weight == 1).all():
        weight = None
    if step is not None:
        provenance = (*provenance, dataclasses.replace(step, notes={**step.notes, **counts}))
    return Graph(
        n, edges, directed, weight, dict(node or {}), payload, dict(graph or {}), labels, name, provenance,
        plan or LayerPlan(),
    )  # fmt: skip


def not_directed(what: str, where: str = "") -> NotApplicable:
    """What is said of a directed graph where something is not defined for it.

    Args:
        what: what is not defined.
        where: name of the graph, where it has one.
    """
    fix = "pass --undirected to forget the directions"
    return NotApplicable(f"an undirected graph for {what}", "a directed one", fix, where=where)

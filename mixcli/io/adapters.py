"""Graphs from and to the objects of other libraries: PyG's `Data`, networkx graphs, scipy matrices."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli import provenance
from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.arrays import both_arcs, from_canonical, from_dense, from_listing
from mixcli.io.base import Reading
from mixcli.io.checks import storable
from mixcli.io.values import column, gather, label_of
from mixcli.provenance import Step

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray
    from scipy.sparse import csr_array
    from torch_geometric.data import Data

__all__ = [
    "attribute_tables",
    "from_networkx",
    "from_pyg",
    "from_scipy",
    "to_networkx",
    "to_pyg",
    "to_pyg_list",
    "to_scipy",
]


def from_pyg(data: Data, *, name: str = "", directed: bool | None = None, step: Step | None = None) -> Graph:
    """The graph of a PyG `Data`; `mixcli.io.pyg` says which attribute becomes what.

    Args:
        data: with `edge_index`, or `adj_t` / `adj`.
        name: what to call it.
        directed: keep or forget direction; None: undirected if and only if symmetric, weights included.
        step: provenance of the conversion.

    Raises:
        InputError: a `Batch` or `HeteroData`, no topology, or an invalid one.

    Example:
        >>> import torch
        >>> from torch_geometric.data import Data
        >>> from_pyg(Data(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1], [1, 0]])))
        Graph(n=3, m=1, payload=[x])
    """
    from torch_geometric.data import Batch, Data

    from mixcli.io.pyg import graph_of, mapping_of_data

    if isinstance(data, Batch):
        raise InputError("single graphs", "a Batch", "convert each of batch.to_data_list()", where=name)
    if not isinstance(data, Data):
        raise InputError("a torch_geometric Data", type(data).__name__, "convert it with to_homogeneous()", where=name)
    return graph_of(mapping_of_data(data), Reading(name, directed), step=step or Step("convert", "pyg"))


def to_pyg(graph: Graph) -> Data:
    """A PyG `Data` with everything the graph carries; layers and loaders take it as it is.

    `edge_index` has both arcs of an undirected edge, sorted; edge payload is repeated for both.

    Example:
        >>> to_pyg(Graph(3, np.array([[0, 1], [1, 2]]))).edge_index.tolist()
        [[0, 1, 1, 2], [1, 0, 2, 1]]
    """
    return to_pyg_list([graph])[0]


def to_pyg_list(graphs: Iterable[Graph]) -> list[Data]:
    """A `Data` per graph, all with the same attributes, as a `DataLoader` needs them.

    A list of weighted and unweighted graphs gets `edge_weight` throughout, and so on for labels.
    """
    from torch_geometric.data import Data

    several = []
    for attributes in attribute_tables(graphs):
        data = Data()
        for key, value in attributes.items():
            data[key] = value
        several.append(data)
    return several


def attribute_tables(graphs: Iterable[Graph]) -> list[dict[str, Any]]:
    """The attributes of the `Data` of each graph: name -> tensor, number, text or list."""
    made = [_attributes(graph) for graph in graphs]
    optional = {key for attributes in made for key in attributes if key in _DEFAULTS}
    return [_completed(attributes, optional) for attributes in made]


def from_networkx(G: nx.Graph, weight: str | None = "weight", *, name: str = "") -> Graph:
    """The graph of a networkx graph; nodes keep their order, their names become labels.

    Args:
        G: Graph, DiGraph or a multigraph (parallel edges become one, their weights added).
        weight: edge attribute that is the conductance, 1 where an edge has none; None for an unweighted graph.
        name: what to call it; default the graph's own name.

    Raises:
        InputError: a weight that is not a finite number >= 0.

    Example:
        >>> import networkx as nx
        >>> from_networkx(nx.path_graph(3)).edges.tolist()
        [[0, 1], [1, 2]]
    """
    number = {node: i for i, node in enumerate(G)}
    triples = list(G.edges(data=True))
    pairs = np.array([(number[u], number[v]) for u, v, _ in triples], dtype=np.int64).reshape(-1, 2)
    rows = [attributes for _, _, attributes in triples]
    notes: dict[str, Any] = {}
    node, lost = gather([attributes for _, attributes in G.nodes(data=True)])
    edge, lost_too = gather(rows, {weight} if weight else ())
    if lost or lost_too:
        notes["left_out"] = [*lost, *lost_too]
    columns = {key: column([value]) for key, value in G.graph.items() if key != "name"}
    graph = {str(key): found[0] if found.ndim > 1 else found.reshape(()) for key, found in columns.items()
             if found is not None}  # fmt: skip
    return from_canonical(
        len(number), pairs, Reading(name), Step("convert", "networkx", notes=notes), directed=G.is_directed(),
        weight=_networkx_weight(rows, weight), labels=label_of(number), node=node, edge=edge, graph=graph,
        name=name or str(G.graph.get("name", "")),
    )  # fmt: skip


def to_networkx(graph: Graph) -> nx.Graph:
    """A networkx Graph or DiGraph: labels as node names, weights and payload as attributes (arrays as lists).

    Where labels are not unique, nodes are numbers and carry their label as the attribute `label`.

    Example:
        >>> sorted(to_networkx(Graph(2, np.array([[0, 1]]), labels=("a", "b"))).nodes)
        ['a', 'b']
    """
    import networkx as nx

    labels: list[Hashable] = list(graph.labels or range(graph.n))
    unique = len(set(labels)) == graph.n
    names = labels if unique else list(range(graph.n))
    G = nx.DiGraph() if graph.directed else nx.Graph()
    G.graph.update({"name": graph.name} if graph.name else {})
    G.graph.update({key: values.tolist() for key, values in graph.graph.items()})
    G.add_nodes_from(names)
    G.add_edges_from([(names[u], names[v]) for u, v in graph.edges.tolist()])
    columns = dict(graph.node) if unique else {**graph.node, "label": np.array(labels)}
    for key, values in columns.items():
        nx.set_node_attributes(G, dict(zip(names, values.tolist(), strict=True)), key)
    edges = dict(graph.edge) if graph.weight is None else {**graph.edge, "weight": graph.weight}
    pairs = [(names[u], names[v]) for u, v in graph.edges.tolist()]
    for key, values in edges.items():
        nx.set_edge_attributes(G, dict(zip(pairs, values.tolist(), strict=True)), key)
    return G


def from_scipy(matrix: Any, *, name: str = "", directed: bool | None = None) -> Graph:
    """The graph of a square matrix, sparse or dense: entry (i, j) is the conductance of the arc i → j.

    Args:
        matrix: scipy sparse array or matrix, or a numpy array.
        name: what to call it.
        directed: keep or forget direction; None: undirected if and only if symmetric.

    Raises:
        InputError: not square, complex, or with entries that are no conductances.

    Example:
        >>> from_scipy(np.array([[0, 2.5], [2.5, 0]]))
        Graph(n=2, m=1, weighted)
    """
    from scipy.sparse import issparse

    reading, step = Reading(name, directed), Step("convert", "scipy")
    if not issparse(matrix):
        return from_dense(np.asarray(matrix), reading, step)
    if matrix.shape[0] != matrix.shape[1]:
        raise reading.error("a square matrix", f"shape {matrix.shape}", "pass an adjacency matrix")
    triples = matrix.tocoo()
    arcs = np.stack([triples.row, triples.col], axis=1).astype(np.int64)
    return from_listing(matrix.shape[0], arcs, reading, step, weight=triples.data)


def to_scipy(graph: Graph) -> csr_array:
    """The (n, n) sparse matrix of conductances, symmetric for an undirected graph; the caller may change it."""
    return graph.adjacency.copy()


_DEFAULTS: dict[str, Any] = {"edge_weight": 1.0, "edge_weight_exact": 1.0, "node_labels": None}


def _attributes(graph: Graph) -> dict[str, Any]:
    """Attribute -> array or text, and under `mixcli_layout` which part each belongs to."""
    columns = {key: storable(values, key) for key, values in graph.edge.items()}
    weight = "\0weight"
    if graph.weight is not None:
        columns[weight] = graph.weight
    arcs = graph.edges
    if not graph.directed:
        arcs, columns = both_arcs(graph.edges, columns)
    found: dict[str, Any] = {"edge_index": np.ascontiguousarray(arcs.T), "num_nodes": graph.n}
    if graph.weight is not None:
        found |= _weight_attributes(columns.pop(weight))
    if graph.labels is not None:
        found["node_labels"] = list(graph.labels)
    layout: dict[str, Any] = {"directed": graph.directed, "name": graph.name}
    for part, table in (("node", graph.node), ("edge", columns), ("graph", graph.graph)):
        for key, values in table.items():
            attribute = _free_name(part, key, found)
            found[attribute] = storable(values, key)
            layout.setdefault(part, {})[key] = attribute
            if found[attribute].dtype.kind == "U":  # lists of str forget the shape of an empty array
                layout.setdefault("text", {})[attribute] = list(values.shape)
    found["mixcli_provenance"] = provenance.dumps(graph.provenance)
    found["mixcli_plan"] = json.dumps(graph.plan.to_json(), sort_keys=True)
    found["mixcli_layout"] = json.dumps(layout, sort_keys=True)
    return found


def _weight_attributes(weight: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """`edge_weight` as PyG's layers want it, float32, and the exact conductances where that rounds them."""
    with np.errstate(over="ignore", under="ignore"):
        single = weight.astype(np.float32)
    if not (np.isfinite(single) & (single > 0)).all():
        return {"edge_weight": weight}  # out of the range of float32
    exact = {} if (single == weight).all() else {"edge_weight_exact": weight}
    return {"edge_weight": single, **exact}


def _free_name(part: str, key: str, taken: dict[str, Any]) -> str:
    """The attribute a payload is stored under: its own name unless `Data` uses that for something else."""
    from mixcli.io.pyg import TOPOLOGY
    from mixcli.io.pyg_pickle import TAKEN

    usual = key in ("x", "y", "pos", "edge_attr", "time", "batch", "z", "face")
    free = key.isidentifier() and not key.startswith("_") and key not in TOPOLOGY and key not in taken
    if free and (usual or key not in TAKEN):
        return key
    base = "".join(c if c.isalnum() and c.isascii() else "_" for c in f"{part}_{key}")
    name, number = base, 1
    while name in taken or name in TOPOLOGY or name in TAKEN:
        number += 1
        name = f"{base}_{number}"
    return name


def _completed(attributes: dict[str, Any], optional: set[str]) -> dict[str, Any]:
    """Tensors for arrays, and the attributes that only other graphs of the list have."""
    arcs = attributes["edge_index"].shape[1]
    for key in sorted(optional - set(attributes)):
        fill = _DEFAULTS[key]
        kind = np.float32 if key == "edge_weight" else np.float64
        attributes[key] = [] if fill is None else np.full(arcs, fill, kind)
    return {key: _tensor(value) if isinstance(value, np.ndarray) else value for key, value in attributes.items()}


def _tensor(values: NDArray[Any]) -> Any:
    """A tensor of numbers with memory of its own; text as (nested lists of) str."""
    import torch

    return values.tolist() if values.dtype.kind == "U" else torch.from_numpy(values.copy())


def _networkx_weight(rows: list[dict[str, Any]], weight: str | None) -> NDArray[Any] | None:
    if weight is None or not any(weight in row for row in rows):
        return None
    try:
        return np.array([row.get(weight, 1.0) for row in rows], dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"a number as {weight!r} of every edge", str(error), "pass weight=None") from error

"""Node-link JSON, as networkx, D3 and many web pages use it, read and written without networkx.

    {"directed": false, "graph": {}, "nodes": [{"id": 0}, …], "edges": [{"source": 0, "target": 1}, …]}

Edges stand under `edges` or `links`. Node ids are text, numbers or lists; without any, edges name positions. `weight`
is the conductance, 1 where an edge has none. Other attributes are payload (`mixcli.io.values`). What plain JSON cannot
say (dtypes, NaN, layer plan, provenance) the writer puts under `graph.mixcli`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mixcli import provenance
from mixcli.errors import LimitExceeded
from mixcli.graph import Graph, LayerPlan
from mixcli.io import jsonarray
from mixcli.io.arrays import from_canonical
from mixcli.io.base import WHOLE_GRAPH, Format, Reading
from mixcli.io.checks import JSON_GROWTH, one, read_all, storable
from mixcli.io.values import column, gather, label_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMAT", "graph_of", "object_of", "read", "write"]

RESERVED = {"node": {"id"}, "edge": {"source", "target", "weight", "key"}, "graph": {"name", "mixcli"}}


def read(stream: BinaryIO, reading: Reading) -> Iterator[Graph]:
    """The graph of a node-link object."""
    data = read_all(stream, reading, growth=JSON_GROWTH)
    try:
        yield graph_of(jsonarray.parse(data.removeprefix(b"\xef\xbb\xbf")), reading, reading.step("node-link"))
    except ValueError as error:
        raise reading.error(
            "a node-link object", str(error), "the file may be cut; write it with networkx.node_link_data"
        ) from error
    except LimitExceeded as error:
        raise error if error.where else error.at(reading.where) from None


def write(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    """One node-link object, with `edges` as networkx 3.4 and later name them."""
    form = object_of(one(graphs, "node-link"))
    stream.write(json.dumps(form, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n")


def graph_of(form: Any, reading: Reading, step: provenance.Step) -> Graph:
    """The graph of a parsed node-link object.

    Args:
        form: the JSON value.
        reading: what the user decided.
        step: provenance of this read.

    Raises:
        InputError: unknown end of an edge, bad weight.
        ValueError: not a node-link object; the message is half a sentence.
    """
    if not isinstance(form, dict) or not isinstance(form.get("nodes"), list):
        raise ValueError("no list of nodes")
    nodes, edges = form["nodes"], form.get("edges", form.get("links"))
    if not isinstance(edges, list) or not all(isinstance(item, dict) for item in (*nodes, *edges)):
        raise ValueError("nodes or edges that are not lists of objects")
    attributes = form.get("graph", {})
    if isinstance(attributes, list) and all(isinstance(a, list) and len(a) == 2 for a in attributes):
        attributes = {str(key): value for key, value in attributes}  # as networkx wrote them before version 2
    attributes = attributes if isinstance(attributes, dict) else {}
    ours = attributes.get("mixcli")
    ours = ours if isinstance(ours, dict) else {}
    names = _names(nodes)
    pairs = _pairs(edges, names, reading)
    notes: dict[str, Any] = {}
    parts = {}
    for part, rows in (("node", nodes), ("edge", edges)):
        known = _known(ours, part)
        parts[part], left_out = gather(rows, RESERVED[part], known)
        parts[part] |= _decoded(known, part, len(rows))
        if left_out := [key for key in left_out if key not in parts[part]]:
            notes[f"{part}_attributes_left_out"] = left_out
    parts["graph"] = _graph_payload(attributes, _known(ours, "graph"))
    weight = _weights(edges, notes, reading) if reading.weighted else None
    labels, plan = ours.get("labels"), ours.get("plan")
    if not (isinstance(labels, list) and len(labels) == len(nodes) and all(isinstance(s, str) for s in labels)):
        labels = label_of(names)
    name = attributes.get("name")
    return from_canonical(
        len(nodes), pairs, reading, provenance.Step(step.op, step.spec, sha256=step.sha256, notes=notes),
        directed=form.get("directed") is True, weight=weight, labels=None if labels is None else tuple(labels),
        name=name if isinstance(name, str) and name else reading.name,
        provenance=provenance.loads(json.dumps(ours.get("provenance", []))),
        plan=LayerPlan.from_json(plan) if isinstance(plan, dict) else LayerPlan(), **parts,
    )  # fmt: skip


def object_of(graph: Graph) -> dict[str, Any]:
    """A graph as a node-link object."""
    ours: dict[str, Any] = {}
    names: list[Any] = list(range(graph.n))
    if graph.labels is not None:
        if len(set(graph.labels)) == graph.n:
            names = list(graph.labels)
        else:
            ours["labels"] = list(graph.labels)
    nodes: list[dict[str, Any]] = [{"id": name} for name in names]
    edges: list[dict[str, Any]] = [{"source": names[u], "target": names[v]} for u, v in graph.edges.tolist()]
    if graph.weight is not None:
        _fill(edges, "weight", graph.weight.tolist())
    for part, rows, table in (("node", nodes, graph.node), ("edge", edges, graph.edge)):
        for key, values in table.items():
            values = storable(values, key)
            if _plain(values) and key not in RESERVED[part]:
                _fill(rows, key, values.tolist())
                ours.setdefault(part, {})[key] = values.dtype.name
            else:
                ours.setdefault(part, {})[key] = jsonarray.boxed(values)
    attributes: dict[str, Any] = {"name": graph.name} if graph.name else {}
    for key, values in graph.graph.items():
        values = storable(values, key)
        if _plain(values) and key not in RESERVED["graph"]:
            attributes[key] = values.tolist()
            ours.setdefault("graph", {})[key] = values.dtype.name
        else:
            ours.setdefault("graph", {})[key] = jsonarray.boxed(values)
    if graph.provenance:
        ours["provenance"] = json.loads(provenance.dumps(graph.provenance))
    if graph.plan:
        ours["plan"] = graph.plan.to_json()
    if ours:
        attributes["mixcli"] = ours
    return {"directed": graph.directed, "multigraph": False, "graph": attributes, "nodes": nodes, "edges": edges}


def _names(nodes: list[dict[str, Any]]) -> dict[Any, int]:
    """Node id -> position."""
    if not any("id" in node for node in nodes):
        return {i: i for i in range(len(nodes))}
    names: dict[Any, int] = {}
    for position, node in enumerate(nodes):
        if "id" not in node:
            raise ValueError(f"node {position} without an id")
        name = _hashable(node["id"])
        if name in names:
            raise ValueError(f"node id {node['id']!r:.60} twice")
        names[name] = position
    return names


def _hashable(name: Any, depth: int = 0) -> Any:
    if isinstance(name, list) and depth < 8:
        return tuple(_hashable(part, depth + 1) for part in name)
    if isinstance(name, (list, dict)):
        raise ValueError("a node id that is neither text, a number nor a list of these")
    return name


def _pairs(edges: list[dict[str, Any]], names: dict[Any, int], reading: Reading) -> NDArray[np.int64]:
    flat: list[int] = []
    for number, edge in enumerate(edges):
        for end in ("source", "target"):
            if end not in edge:
                raise ValueError(f"edge {number} without a {end}")
            position = names.get(_hashable(edge[end]))
            if position is None:
                fix = "list every node under nodes"
                raise reading.error("edges between listed nodes", f"{edge[end]!r:.60} in edge {number}", fix)
            flat.append(position)
    return np.array(flat, dtype=np.int64).reshape(-1, 2)


def _weights(edges: list[dict[str, Any]], notes: dict[str, Any], reading: Reading) -> NDArray[np.float64] | None:
    given = [edge["weight"] for edge in edges if "weight" in edge]
    if not given:
        return None
    for weight in given:
        if type(weight) not in (int, float):
            raise reading.error("a number as weight", f"{weight!r:.60}", "drop the weights with --unweighted")
    if len(given) < len(edges):
        notes["edges_without_weight"] = len(edges) - len(given)
    try:
        return np.array([edge.get("weight", 1.0) for edge in edges], dtype=np.float64)
    except OverflowError:
        raise reading.error("finite edge weights", "an integer beyond a double") from None


def _known(ours: dict[str, Any], part: str) -> dict[str, Any]:
    table = ours.get(part)
    return table if isinstance(table, dict) else {}


def _decoded(known: dict[str, Any], part: str, length: int) -> dict[str, NDArray[Any]]:
    """Arrays that the writer put beside the attributes because plain JSON cannot hold them."""
    arrays = {k: jsonarray.decode(v, f"{part} payload {k!r}") for k, v in known.items() if isinstance(v, dict)}
    for key, values in arrays.items():
        if values.ndim == 0 or len(values) != length:
            raise ValueError(f"{part} payload {key!r} of shape {values.shape} for {length}")
    return arrays


def _graph_payload(attributes: dict[Any, Any], known: dict[str, Any]) -> dict[str, NDArray[Any]]:
    payload: dict[str, NDArray[Any]] = {}
    for key, value in attributes.items():
        found = column([value], known.get(key)) if key not in RESERVED["graph"] else None
        if found is not None:
            payload[str(key)] = found[0] if found.ndim > 1 else found.reshape(())
    for key, value in known.items():
        if isinstance(value, dict):
            payload[key] = jsonarray.decode(value, f"graph payload {key!r}")
    return payload


def _plain(values: NDArray[Any]) -> bool:
    finite = values.dtype.kind in "biuU" or (values.dtype.kind == "f" and bool(np.isfinite(values).all()))
    return finite and values.size > 0


def _fill(rows: list[dict[str, Any]], key: str, values: list[Any]) -> None:
    for row, value in zip(rows, values, strict=True):
        row[key] = value


def _sniff(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"{") and any(key in text for key in (b'"nodes"', b'"links"', b'"edges"'))


FORMAT = Format(
    name="node-link",
    title="Node-link JSON (networkx, D3)",
    suffixes=(".json",),
    sniff=_sniff,
    read=read,
    write=write,
    holds=WHOLE_GRAPH,
)

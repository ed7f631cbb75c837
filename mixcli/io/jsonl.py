"""JSON Lines: mixcli's wire form, one graph or mask sequence per line with everything it carries.

    {"schema":"mixcli.graph/1","name":"triangle","n":3,"directed":false,"edges":[[0,1],[0,2],[1,2]],
     "weight":[…],"labels":[…],"node":{"x":…},"edge":{…},"graph":{"y":1},"provenance":[…],"plan":{…}}

One line each; keys beyond `schema`, `n` and `edges` are optional. Arrays are as `mixcli.io.jsonarray` says; the
edges of a large graph are one too. Node-link objects, one per line, are read as well. Lines of mask sequences are as
`mixcli.io.masks_wire` says.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mixcli import provenance
from mixcli.errors import InputError, LimitExceeded
from mixcli.graph import Graph, LayerPlan
from mixcli.io import jsonarray, masks_wire, node_link
from mixcli.io.arrays import from_canonical
from mixcli.io.base import WHOLE_GRAPH, WHOLE_MASKS, Format, Reading, Thing
from mixcli.io.checks import JSON_GROWTH, check_nodes, room
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMAT", "graph_of", "object_of", "read", "write"]

SCHEMA = "mixcli.graph/1"
PARTS = ("node", "edge", "graph")
MAX_LINE = 2**28
"""Bytes of one line, that is of one graph; larger graphs travel as npz."""

PLAIN_EDGES = 50_000
"""Most edges that are written as pairs a person can read."""


def read(stream: BinaryIO, reading: Reading) -> Iterator[Thing]:
    """What the lines hold, one by one; no more than one line is held at a time.

    Raises:
        InputError: with the number of the line that is wrong.
    """
    number = index = 0
    limit = min(MAX_LINE, room() // JSON_GROWTH)
    while line := stream.readline(limit + 1):
        number += 1
        if len(line) > limit:
            raise reading.error(f"lines of at most {limit} bytes", "a longer one", "use npz", line=number)
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if not text:
            continue
        step = dataclasses.replace(reading.step("jsonl"), sha256=hashlib.sha256(text).hexdigest())
        here = dataclasses.replace(reading, name=f"{reading.name}:{number}")
        try:
            thing = _thing(jsonarray.parse(text), len(text), here, step)
        except ValueError as error:
            fix = "complete or remove this line; the file may be cut"
            raise reading.error("one graph or mask sequence as a JSON object", str(error), fix, line=number) from error
        except (InputError, LimitExceeded) as error:
            raise error if here.name in error.where else error.at(here.where) from None
        yield thing if thing.name != here.name else thing.replace(name=f"{reading.name}[{index}]")
        index += 1
    if not index:
        raise reading.error("a graph", "an empty file", "check that the file was written")


def write(graphs: Iterable[Graph | MaskSequence], stream: BinaryIO) -> None:
    """One line per graph or mask sequence, written as soon as it comes."""
    for graph in graphs:
        form = masks_wire.object_of(graph) if isinstance(graph, MaskSequence) else object_of(graph)
        line = json.dumps(form, separators=(",", ":"), allow_nan=False).encode("ascii")
        if len(line) > MAX_LINE:
            raise LimitExceeded(
                f"lines of at most {MAX_LINE} bytes", f"{len(line)}", "write npz instead", where=graph.name
            )
        stream.write(line + b"\n")


def _thing(form: Any, size: int, reading: Reading, step: provenance.Step) -> Graph | MaskSequence:
    if isinstance(form, dict) and form.get("schema") == masks_wire.SCHEMA:
        return masks_wire.sequence_of(form, reading, step)
    return graph_of(form, size, reading, step)


def object_of(graph: Graph) -> dict[str, Any]:
    """A graph as the JSON object of its line."""
    plain = graph.m <= PLAIN_EDGES
    form: dict[str, Any] = {"schema": SCHEMA}
    if graph.name:
        form["name"] = graph.name
    form |= {"n": graph.n, "directed": graph.directed}
    form["edges"] = graph.edges.tolist() if plain else jsonarray.encode(graph.edges, "edges")
    if graph.weight is not None:
        form["weight"] = graph.weight.tolist() if plain else jsonarray.encode(graph.weight, "weight")
    if graph.labels is not None:
        form["labels"] = list(graph.labels)
    for part in PARTS:
        if table := getattr(graph, part):
            form[part] = {key: jsonarray.encode(values, key) for key, values in table.items()}
    if graph.provenance:
        form["provenance"] = json.loads(provenance.dumps(graph.provenance))
    if graph.plan:
        form["plan"] = graph.plan.to_json()
    return form


def graph_of(form: Any, size: int, reading: Reading, step: provenance.Step) -> Graph:
    """The graph of one line.

    Args:
        form: the parsed JSON.
        size: bytes it came from.
        reading: what the user decided.
        step: provenance of this read.

    Raises:
        InputError: it contradicts itself.
        ValueError: it is not one of our objects; the message says why.
    """
    if not isinstance(form, dict):
        raise ValueError(f"a JSON {type(form).__name__}")
    schema = form.get("schema")
    if schema is None and "nodes" in form:
        return node_link.graph_of(form, reading, step)
    if schema != SCHEMA:
        fix = f"this mixcli reads {SCHEMA}" if str(schema).startswith("mixcli.graph/") else "analyze needs graphs"
        raise reading.error(f"an object of schema {SCHEMA}", repr(schema), fix)
    n, directed, labels = form.get("n"), form.get("directed", False), form.get("labels")
    if type(n) is not int or type(directed) is not bool:
        raise ValueError("n that is not an integer, or directed that is not true or false")
    check_nodes(n, size, reading)
    if labels is not None and not (isinstance(labels, list) and all(isinstance(s, str) for s in labels)):
        raise ValueError("labels that are not a list of text")
    edges = _pairs(form.get("edges"))
    weight = None if form.get("weight") is None else jsonarray.decode(form["weight"] or _EMPTY, "weight")
    parts = {part: _arrays(form, part, {"node": n, "edge": len(edges)}.get(part)) for part in PARTS}
    plan = form.get("plan")
    steps = provenance.loads(json.dumps(form.get("provenance", [])))
    return from_canonical(
        n, edges, reading, step, directed=directed, weight=weight, labels=None if labels is None else tuple(labels),
        name=str(form.get("name") or reading.name), provenance=steps,
        plan=LayerPlan.from_json(plan) if isinstance(plan, dict) else LayerPlan(), **parts,
    )  # fmt: skip


_EMPTY = {"dtype": "float64", "shape": [0], "data": ""}


def _pairs(value: Any) -> NDArray[np.int64]:
    if isinstance(value, dict):
        pairs = jsonarray.decode(value, "edges")
        if pairs.dtype.kind not in "iu" or pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(f"edges of {pairs.dtype} and shape {pairs.shape}")
        return pairs.astype(np.int64)
    if not isinstance(value, list) or not all(isinstance(e, list) and len(e) == 2 for e in value):
        raise ValueError("edges that are not pairs of node numbers")
    flat = [end for pair in value for end in pair]
    if any(type(end) is not int for end in flat):
        raise ValueError("node numbers that are not integers")
    try:
        return np.array(flat, dtype=np.int64).reshape(-1, 2)
    except OverflowError:
        raise ValueError("a node number beyond 64 bits") from None


def _arrays(form: dict[str, Any], part: str, length: int | None) -> dict[str, NDArray[Any]]:
    table = form.get(part, {})
    if not isinstance(table, dict):
        raise ValueError(f"{part} payload that is not an object")
    arrays = {key: jsonarray.decode(value, f"{part} payload {key!r}") for key, value in table.items()}
    for key, values in arrays.items():
        if length is not None and (values.ndim == 0 or len(values) != length):
            raise ValueError(f"{part} payload {key!r} of shape {values.shape} for {length}")
    return arrays


def _sniff(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    first, newline, rest = text.partition(b"\n")
    if not first.startswith(b"{"):
        return False
    ours = first.replace(b" ", b"").startswith(b'{"schema":"mixcli.')
    return ours or (newline == b"\n" and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{"))


FORMAT = Format(
    name="jsonl",
    title="JSON Lines, one graph or mask sequence per line",
    suffixes=(".jsonl", ".ndjson"),
    sniff=_sniff,
    read=read,
    write=write,
    many=True,
    holds=WHOLE_GRAPH,
    masks=WHOLE_MASKS,
)

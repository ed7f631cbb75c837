"""What was done before, done again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError, NotApplicable
from mixcli.plan import LayerPlan
from mixcli.rewiring.base import Edit, Rewiring
from mixcli.rewiring.edit_log import Logged, read_log
from mixcli.rewiring.edits import edited
from mixcli.rewiring.names import NodeNames
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rules

__all__ = ["Replay"]


@dataclass(frozen=True)
class Replay(Rewiring):
    """Make the edits of a log again, on the graph they were made for, or undo them.

    Equation: G' = e_k(… e_2(e_1(G))), e_1 … e_k the lines of the log.

    The log is what `mixcli rewire --log` writes: JSON lines with step, op ("add" or "remove"), u, v, score, reason, the
    place `graph` of the graph in its stream, and u_label, v_label where nodes have names. Names go before numbers, so
    the same graph may come with its nodes in another order. Weights that the method gave (digl) and layer plans are in
    the log too, so the result is that of the method, bit for bit. Every edit is checked before the first is made.

    The log says which graph it was made for, by a digest of edges and weights, and is not applied to another one unless
    `check` is false, nor to one of the stream that it does not know. A log without digests goes with any graph.

    Undoing takes the edits back from the last to the first, on the graph that came of them; an edge that comes back has
    weight 1 and no payload, and weights stay as they are.

    Args:
        file: the log.
        graph: place of the graph in the stream that the log was made from; none: its place in the present stream, or,
            for a single graph, the only one in the log.
        undo: take the edits back, on the graph as it was after them.
        check: refuse a graph other than the one the log was made for.

    Yields:
        The edits of the log, with their scores and reasons.

    Raises:
        InputError: the log cannot be read, or an edit is not possible on this graph.
        NotApplicable: the log was made for another graph, or gives weights and only some of its edits are made.

    Cost: O(m + k log k) for k edits.

    Example:
        >>> import json, tempfile
        >>> from pathlib import Path
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "edits.jsonl").write_text(json.dumps({"step": 0, "op": "add", "u": 0, "v": 2}))
        ...     rewire(path(3), f"replay:{folder}/edits.jsonl").graph.edges.tolist()
        [[0, 1], [0, 2], [1, 2]]

    Source: ours.
    """

    file: str = param("", "log of edits, as --log writes it")
    graph: int | None = param(None, "place of the graph in the log's stream; none: as it comes", ge=0)
    undo: bool = param(False, "take the edits back, the last one first")
    check: bool = param(True, "refuse a graph other than the one the log was made for")

    removes = True
    seeded = False
    directed = True
    cost = "O(m + k log k) for k edits"
    equation = "G' = e_k(… e_2(e_1(G))), e_1 … e_k the lines of the log"
    cites = "ours"
    score = "as in the log"

    def at(self, index: int) -> Rewiring:
        return self if self.graph is not None else dataclasses.replace(self, graph=index)

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        logged = self._logged()
        if self.check and not self.undo:
            logged.check(graph, (), False, self.file)
        names = NodeNames(graph)
        edits = [_edit(row, number, graph, names, self.file) for number, row in logged.edits]
        if self.undo:
            edits = [_back(edit, step) for step, edit in enumerate(reversed(edits))]
        try:
            edited(graph, edits)
            if self.check and self.undo:
                logged.check(graph, edits, True, self.file)
        except InputError as error:
            raise error.at(self.file) from None
        for edit in edits:
            if not rules.allowed(edit):
                fix = "leave the constraints out to replay the log"
                raise InputError("edits that the constraints allow", str(edit), fix, where=self.file)
            yield edit

    def will_weigh(self) -> bool:
        return bool(self.file) and not self.undo and bool(self._logged().weights)

    def weigh(self, base: Graph, after: Graph, context: Context) -> Graph:
        if not self.will_weigh():
            return after
        names, lines = NodeNames(base), self._logged().weights
        pairs = [_pair(row, number, base, names, self.file) for number, row in lines]
        key = np.array([u * base.n + v for u, v in pairs])
        order = np.argsort(key)
        wanted = after.edges[:, 0] * base.n + after.edges[:, 1]
        rows = order[np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1)]
        if (key[rows] != wanted).any():
            u, v = after.edges[(key[rows] != wanted).argmax()].tolist()
            fix = "make all edits of the log: no budget, no trace"
            raise NotApplicable("a weight for every edge in the log", f"none for {u}-{v}", fix, where=self.file)
        return after.replace(weight=np.array([float(row["weight"]) for _, row in lines])[rows])

    def plan(self, graph: Graph, context: Context) -> LayerPlan:
        facts = self._logged().facts
        plan = facts.get("plan") if facts is not None and not self.undo else None
        return LayerPlan.from_json(plan) if isinstance(plan, dict) else graph.plan

    def notes(self, graph: Graph, context: Context, rules: Rules) -> dict[str, Any]:
        return {"log_sha256": read_log(self.file).sha256}

    def _logged(self) -> Logged:
        if not self.file:
            raise NotApplicable("a log of edits", "none", "name its file: replay:edits.jsonl")
        return read_log(self.file).of_graph(self.graph, self.check)


def _edit(row: dict[str, Any], number: int, graph: Graph, names: NodeNames, file: str) -> Edit:
    u, v = _pair(row, number, graph, names, file)
    score = row.get("score")
    reason = str(row.get("reason", ""))
    return Edit(row["op"], u, v, float("nan") if score is None else float(score), row.get("step", 0), reason)


def _pair(row: dict[str, Any], number: int, graph: Graph, names: NodeNames, file: str) -> tuple[int, int]:
    u, v = (_node(row, end, graph, names, f"{file}:{number}") for end in ("u", "v"))
    return (u, v) if graph.directed else (min(u, v), max(u, v))


def _back(edit: Edit, step: int) -> Edit:
    reason = f"takes back step {edit.step}" + f": {edit.reason}" * bool(edit.reason)
    return Edit("remove" if edit.op == "add" else "add", edit.u, edit.v, edit.score, step, reason)


def _node(row: dict[str, Any], end: str, graph: Graph, names: NodeNames, where: str) -> int:
    """The node of an end: by its name where both the log and the graph have names, else by its number."""
    label, number = row.get(f"{end}_label"), row[end]
    if label is None or graph.labels is None or (number < graph.n and graph.labels[number] == label):
        return int(number)
    return names.node(str(label), where)

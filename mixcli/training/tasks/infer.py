"""Which task a source poses, from what its graphs carry."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable
from mixcli.graph import Graph
from mixcli.training.tasks.base import Task
from mixcli.training.tasks.benchmark import benchmark_of
from mixcli.training.tasks.graph_classification import GraphClassification
from mixcli.training.tasks.graph_targets import GraphLabels, GraphRegression, targets_of
from mixcli.training.tasks.node_classification import NodeClassification
from mixcli.training.tasks.transfer import Transfer

__all__ = ["infer_task"]

log = logging.getLogger("mixcli")


def infer_task(graphs: Sequence[Graph], name: str = "", context: Context | None = None) -> Task:
    """The task that a source poses: graphs with targets, one graph with labelled nodes, or one without labels.

    A graph that was made for a synthetic task (`task:…`) poses that one. Labels of one graph that are not one for each
    node are not used, and a warning says so.

    Args:
        graphs: all graphs of the source.
        name: of the source.
        context: its seed chooses the pairs of the transfer task.

    Raises:
        InputError: there is no graph.
        NotApplicable: several graphs without graph labels, or labels that are not classes.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> infer_task([cycle(20)]).kind
        'transfer'
    """
    if not graphs:
        raise InputError("a graph", "none", "give a source that holds one", where=name)
    if len(graphs) == 1:
        graph = graphs[0]
        benchmark = benchmark_of(graph)
        if benchmark is not None:
            return benchmark.pose(graph, name or graph.name)
        if "y" in graph.node:
            return NodeClassification.of(graph, name)
        _tell_unused(graph, name or graph.name)
        return Transfer.of(graph, name, context)
    if all("y" in g.graph for g in graphs):
        return _of_graphs(graphs, name)
    found = f"{len(graphs)} graphs without"
    fix = "give graphs with class labels, or one graph"
    raise NotApplicable("a class label y for every graph", found, fix, where=name)


def _tell_unused(graph: Graph, name: str) -> None:
    """Say that there are labels, but not one for each node: what follows is not what whoever made them expects."""
    y = graph.edge.get("y", graph.graph.get("y"))
    if y is None:
        return
    entries = len(y) if np.ndim(y) else 1
    log.warning(
        "%s: y has %d entr%s for %d nodes and is not used; the task is transfer",
        name, entries, "y" if entries == 1 else "ies", graph.n,
    )  # fmt: skip


def _of_graphs(graphs: Sequence[Graph], name: str) -> Task:
    """Rows of zeros and ones are labels, other rows and numbers that are not whole are targets, the rest classes."""
    y = targets_of(graphs)
    if y is not None and y.shape[1] > 1 and np.isin(y, (0, 1)).all():
        return GraphLabels.of(graphs, name)
    if y is not None and (y.shape[1] > 1 or (y[np.isfinite(y)] % 1 != 0).any()):
        return GraphRegression.of(graphs, name)
    return GraphClassification.of(graphs, name)

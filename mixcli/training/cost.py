"""The memory that training will take, predicted before anything is trained."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import numpy as np

from mixcli.training.mask_topology import MaskTopology
from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.limits import Limits
    from mixcli.training.plan import Plan
    from mixcli.training.tasks.base import Task
    from mixcli.training.topology import Topology

__all__ = ["check_memory", "memory_of", "parameters_of"]

COPIES = 7
"""Arrays as large as the weights: these, the gradient twice, Adam's two moments, its step, and the decay."""

PASSED = 4
"""Arrays as large as a layer's values in evaluation, where only the layer at work counts; found by measuring. In
training `Convolutions.kept_by_node` and `kept_by_arc` of them wait for the backward pass."""

STACKED = 1.35
"""What a trial takes in a stack, as a multiple of what it takes alone: batch statistics that mind which rows fill up a
trial, and these rows; found by measuring."""

FLOAT, ARC = 4, 64
"""Bytes of a number, and of an arc in a batch: its ends, its entry of the matrix, and what cutting it out takes."""

COUNTED = 2**24
"""Widest network that is counted; the number of parameters of a wider one grows with the square of its width."""

HELD_OUT = 0.4
"""Most of the units that a task's own split validates and tests on."""


def parameters_of(plan: Plan) -> float:
    """Trained numbers of the plan's network, counted without making any of them."""
    import torch

    task, model = plan.arms[0].task, plan.model.completed(plan.arms[0].task)
    if not isinstance(model, Convolutions):
        with torch.device("meta"):  # shapes only
            return float(model.network(task, plan.relations, None).parameter_count())
    layers, hidden = model.layers or 1, model.hidden or 1
    narrow = dataclasses.replace(model, hidden=min(hidden, COUNTED), layers_of="mixcli")  # both have the same weights

    def count(layers: int) -> int:
        with torch.device("meta"):  # shapes only
            made = dataclasses.replace(narrow, layers=layers).network(task, plan.relations, None)
        return made.parameter_count()

    if layers <= 3:
        found = count(layers)
    else:  # all layers between the first and the last are alike
        found = count(3) + (layers - 3) * (count(3) - count(2))
    return float(found) * (hidden / min(hidden, COUNTED)) ** 2


def memory_of(plan: Plan, jobs: int = 1, *, stacked: bool = False) -> float:
    """Bytes that so many trials at a time take: jobs · (4 · 7 P + max(training, evaluation) + dataset).

    In a stack it is 1.35 times as much.
    Training takes 4 · (k r + l a) Σ w + 64 a for the largest batch, of r node rows and a arcs, with layers w wide of
    whose values the model keeps k arrays by node and l by arc. Evaluation takes 4 · (4 s + l b) max w + 64 b for the s
    rows evaluated at once and the b arcs of all held-out units. P is the number of parameters. Where a complete last
    layer weighs arcs, all pairs of nodes of a graph are arcs.

    Args:
        plan: what is to be trained.
        jobs: trials trained at once, each in a process of its own.
        stacked: whether they are trained in one computation instead.

    Cost: one look at the sizes of the graphs.
    """
    from mixcli.training.loaders import EVALUATED_ROWS

    task, model = plan.arms[0].task, plan.model.completed(plan.arms[0].task)
    times = jobs * STACKED if stacked else jobs
    if not isinstance(model, Convolutions):
        values = _attention(plan) if hasattr(model, "heads") else _steps(plan)
        return times * (FLOAT * COPIES * parameters_of(plan) + values)
    inner = [float(model.hidden or 1)] * (min(model.layers or 1, 2) - 1)
    inputs, last = 0.0 if _sparse(task) else float(task.width), float(model.last_width(task))
    made = sum(inner) * ((model.layers or 1) - 1) + last
    most = 0.0
    share = HELD_OUT if plan.protocol.train is None and plan.protocol.splits in ("default", "several") else 1.0
    for arm in plan.arms:
        topology = cast("Topology", arm.topology)
        held = topology.arcs_held(model.layers or 1)
        rows, arcs = _batch(arm.task, topology, held, plan.protocol.batch_size)
        all_rows, all_arcs = _batch(arm.task, topology, held, 0)
        pairs = rows * float(np.diff(topology.start).max()) if topology.last == "complete" and model.all_pairs else 0.0
        extra = 2.0 * (model.norm != "none") + model.residual
        training = FLOAT * (model.kept_by_node + extra) * rows * (inputs + made) + ARC * (arcs + pairs)
        training += FLOAT * model.kept_by_arc * (arcs * made + pairs * last)
        at_once = min(share * all_rows, max(EVALUATED_ROWS, all_rows / len(arm.task.labels)))
        evaluation = PASSED * FLOAT * at_once * max(inputs, last, *inner) + share * ARC * all_arcs
        evaluation += FLOAT * model.kept_by_arc * at_once / all_rows * all_arcs * max(last, *inner, 0.0)
        most = max(most, max(training, evaluation) + ARC * float(held.sum()) + _features(arm.task))
    return times * (FLOAT * COPIES * parameters_of(plan) + most)


def check_memory(plan: Plan, limits: Limits, jobs: int = 1, *, stacked: bool = False) -> None:
    """Refuse a plan that needs more memory than allowed.

    Args:
        plan, jobs, stacked: as for `memory_of`.
        limits: what is allowed.

    Raises:
        LimitExceeded: with the need, what is allowed, and the settings to make smaller.
    """
    batch = " or batch_size" if plan.protocol.batch_size else ""
    fewer = f", or {'a smaller --stack' if stacked else '--jobs 1'}" if jobs > 1 else ""
    what = f"training {jobs} trials at a time" if jobs > 1 else "training"
    limits.check(what, memory=memory_of(plan, jobs, stacked=stacked), instead=f"use a smaller hidden{batch}{fewer}")


def _steps(plan: Plan) -> float:
    """Bytes of a linear model's values: the features of a batch, and four arrays of each step as wide as the scores."""
    task, model = plan.arms[0].task, plan.model.completed(plan.arms[0].task)
    layers, most = getattr(model, "layers", None) or 1, 0.0
    for arm in plan.arms:
        topology = cast("Topology", arm.topology)
        rows, arcs = _batch(arm.task, topology, topology.arcs_held(layers), plan.protocol.batch_size)
        inputs = 0.0 if _sparse(task) else float(task.width)
        width = 2 * inputs + 4 * layers * min(task.classes, task.width)
        most = max(most, FLOAT * rows * width + 2 * ARC * arcs + _features(arm.task))
    return most


def _attention(plan: Plan) -> float:
    """Bytes of a transformer's values: for each layer 16 arrays as wide as the nodes, and 4 of all pairs of each head.

    Over edges the pairs are the arcs of a batch.
    """
    task, model = plan.arms[0].task, plan.model.completed(plan.arms[0].task)
    layers, heads = getattr(model, "layers", None) or task.layers, float(getattr(model, "heads", 1))
    most = 0.0
    for arm in plan.arms:
        if isinstance(arm.topology, MaskTopology):
            samples = max(plan.protocol.batch_size, 1)
            rows, pairs = float(samples * arm.topology.tokens), samples * float(arm.topology.tokens) ** 2
        else:
            rows, pairs = _batch(arm.task, arm.topology, arm.topology.arcs_held(layers), plan.protocol.batch_size)
            if getattr(model, "over", "complete") == "complete":  # graphs are padded to the largest
                pairs = rows * float(np.diff(arm.topology.start).max())
        most = max(most, rows * 16 * (model.hidden or 1) + 4 * heads * pairs)
    return FLOAT * layers * most


def _batch(task: Task, topology: Topology, arcs: NDArray[np.int64], size: int) -> tuple[float, float]:
    """(rows, arcs) of the largest batch of `size` units, 0 for all of them; `arcs` are those of each graph."""
    nodes = np.diff(topology.start)
    units = min(size or len(task.labels), len(task.labels))
    if task.kind == "node_classification":  # the graph as a whole, however many nodes are read out
        return float(nodes.sum()), float(arcs.sum())
    if task.kind in ("transfer", "matching"):  # a copy of the graph for each sample
        return float(units * nodes.sum()), float(units * arcs.sum())
    return float(np.sort(nodes)[-units:].sum()), float(np.sort(arcs)[-units:].sum())


def _sparse(task: Task) -> bool:
    x = getattr(task, "x", None)
    return x is not None and not isinstance(x, np.ndarray)


def _features(task: Task) -> float:
    """Bytes of the input features; of sparse ones a value and three indices an entry."""
    x = getattr(task, "x", None)
    return 0.0 if x is None else float(x.nbytes) if isinstance(x, np.ndarray) else (FLOAT + 24) * float(x.nnz)

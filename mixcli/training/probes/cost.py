"""What probes will cost, foreseen from sizes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.training.cost import FLOAT, parameters_of
from mixcli.training.models.base import Convolutions
from mixcli.training.probes.base import Work
from mixcli.training.topology import Topology

if TYPE_CHECKING:
    from mixcli.training.plan import Plan

__all__ = ["backward_passes", "passes"]

BACK = 3.0
"""A pass forth and back, in passes forth."""

FLOPS = 10.0
"""Multiplications of a matrix product in the time of one elementary operation."""


def passes(plan: Plan, graphs: int) -> Work:
    """One pass forth over a sample of graphs.

    Args:
        plan: of the comparison.
        graphs: size of the sample.
    """
    rows, arcs = _largest(plan, graphs)
    return _work(plan, rows, arcs, rows)


def backward_passes(plan: Plan, graphs: int, targets: int, probes: int, *, hidden: bool = False) -> Work:
    """Passes forth and back over so many copies of each graph of a sample.

    Args:
        plan: of the comparison.
        graphs: size of the sample.
        targets: nodes of each graph.
        probes: directions for each of them; 0 for one for each output.
        hidden: whether the output is a hidden layer's.
    """
    task = plan.arms[0].task
    model = plan.model.completed(task)
    scored = isinstance(model, Convolutions) or not hasattr(model, "heads")  # a transformer's scores come after layers
    width = task.classes if scored and not hidden else int(model.hidden or 1)
    copies = targets * (min(width, probes) if probes else width)
    rows, arcs = _largest(plan, graphs)
    one, _ = _largest(plan, 1)
    work = _work(plan, rows, arcs, one)
    return Work(work.memory, BACK * copies * work.operations)


def _work(plan: Plan, rows: float, arcs: float, held: float) -> Work:
    task = plan.arms[0].task
    model = plan.model.completed(task)
    layers, hidden = float(getattr(model, "layers", None) or task.layers), float(model.hidden or 1)
    operations = rows * parameters_of(plan) / FLOPS + arcs * hidden * layers / FLOPS
    if getattr(model, "over", "") == "complete":
        operations += rows * _largest(plan, 1)[0] * hidden * layers / FLOPS
    memory = FLOAT * held * (2 * task.width + 7 * hidden * layers)
    return Work(memory, operations)


def _largest(plan: Plan, graphs: int) -> tuple[float, float]:
    """(rows, arcs) of the so many largest graphs of any arm."""
    most = 0.0, 0.0
    for arm in plan.arms:
        if not isinstance(arm.topology, Topology):
            continue
        rows = np.sort(np.diff(arm.topology.start))[-graphs:].sum()
        arcs = np.sort(arm.topology.arcs_held(1))[-graphs:].sum()
        most = max(most[0], float(rows)), max(most[1], float(arcs))
    return most

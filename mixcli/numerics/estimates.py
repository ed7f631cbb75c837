"""Resistances by whatever method is asked for, or the best one that fits; what the measures of resistance share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.numerics.resistance import PLAIN_EDGES, Resistances, resistances
from mixcli.numerics.sketch import COLUMNS, Blocks, Estimate, Sketch, sketch
from mixcli.numerics.spanning_trees import spanning_trees

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["exactly", "network", "sketched", "trees", "walks"]

Report = Callable[[str, int, int], None]

TRUSTED = 1e-10  # relative deviation from Foster's sum
STEPS = 30  # of a solve, for the prediction


def network(graph: Graph, context: Context, method: str, error: float) -> Resistances | Estimate:
    """The graph as a network of conductances: exact, or estimated with error bars.

    Args:
        graph: undirected.
        context: seed, threads, device, limits; the work is shared between measures through it.
        method: "exact"; "sketch" (random right-hand sides) or "trees" (random spanning trees); "auto" is exact within
            the limits and else the sketch, which needs fewer operations than trees on every kind of graph measured.
        error: relative error at which an estimate may end, as three standard errors.

    Raises:
        LimitExceeded: exact was asked for and does not fit, or not even the estimate fits.
    """
    if method in ("auto", "exact"):
        try:
            return exactly(graph, context)
        except LimitExceeded:
            if method == "exact":
                raise
        context.note(
            f"{graph.name or 'the graph'} is too large for exact resistances: estimating them, with error bars"
        )
    seed = int(context.rng("resistance", method if method == "trees" else "sketch").integers(2**63))
    run: Callable[..., Estimate] = trees if method == "trees" else sketched
    return context.once(run, graph, error, seed, context.device, context.limits, context.thread_count, context.progress)


def walks(graph: Graph, context: Context, method: str, error: float) -> Resistances | Sketch:
    """`network` by the methods that give figures for nodes and components too; the work is shared with it.

    Args:
        graph: undirected.
        context: seed, threads, device, limits.
        method: "auto", "exact" or "sketch".
        error: as for `network`.

    Raises:
        LimitExceeded: as for `network`.
    """
    found = network(graph, context, method, error)
    if isinstance(found, Resistances | Sketch):
        return found
    raise UsageError("auto, exact or sketch", method, "trees say nothing of nodes and components")


def exactly(graph: Graph, context: Context) -> Resistances:
    """`resistances`, result or refusal shared between measures; densely where there is an accelerator for it."""
    found = _accelerated(graph, context)
    if found is not None:
        return found
    refusals = context.once(_refusals, graph, context.limits)
    if refusals:
        raise refusals[0]
    try:
        return context.once(resistances, graph, context.limits)
    except LimitExceeded as refusal:
        refusals.append(refusal)
        raise


def _said(graph: Graph) -> list[str]:
    """An empty list for what has been said of a graph, so that it is said once."""
    del graph
    return []


def _accelerated(graph: Graph, context: Context) -> Resistances | None:
    """Exact resistances from the context's device, where it is another than the processor and Foster's sum holds."""
    from mixcli.numerics import dense_network
    from mixcli.numerics.device import resolve

    if graph.m <= PLAIN_EDGES or context.device == "cpu" or not dense_network.fits(graph, context.limits):
        return None
    device = resolve(context.device)
    if not device.startswith("cuda"):  # MPS has no double precision
        return None
    try:
        found = context.once(dense_network.on_device, graph, device)
    except NotApplicable:  # rounding has made the matrix indefinite
        found = None
    if found is not None and found.residual <= TRUSTED:
        return found
    context.note("too many decades of conductance for a dense inverse: eliminating on the processor instead")
    return None


def _refusals(graph: Graph, limits: Limits) -> list[LimitExceeded]:
    """An empty list for the refusal of a graph within its limits, should there be one."""
    del graph, limits
    return []


def sketched(
    graph: Graph, error: float, seed: int, device: str, limits: Limits, threads: int, progress: Report
) -> Sketch:
    """`sketch` with the blocks that suit the graph and the device.

    Raises:
        LimitExceeded: a block of columns does not fit into the memory or the operations allowed.
    """
    from mixcli.numerics.device import NumpySolver, TorchSolver, resolve
    from mixcli.numerics.sketch_blocks import ArrayBlocks, KernelBlocks

    what, step = "a sketch of the resistances", 32.0 * (4 * graph.m + 12 * graph.n)
    memory = min(threads, 4) * graph.n * COLUMNS * 8 * 5 + 120.0 * graph.m
    instead = (
        "use effective_resistance:method=trees, which needs less and estimates the edges alone, "
        "or raise the limits (--max-memory, Limits(operations=…) from Python)"
    )
    limits.check(what, memory=memory, operations=STEPS * step, instead=instead)
    place = resolve(device)
    blocks: Blocks
    if place != "cpu":
        blocks = ArrayBlocks(graph, seed, TorchSolver(place))
        threads, operations = 1, step
    elif graph.m <= PLAIN_EDGES:
        blocks, operations = ArrayBlocks(graph, seed, NumpySolver()), STEPS * step
    else:
        blocks = KernelBlocks(graph, seed)
        operations = COLUMNS * float(blocks.entries) * (blocks.steps + 4)
    return sketch(graph, error, blocks, limits, operations, threads, progress)


def trees(
    graph: Graph, error: float, seed: int, device: str, limits: Limits, threads: int, progress: Report
) -> Estimate:
    """`spanning_trees`, with the arguments of `sketched`; the device does not matter."""
    del device
    return spanning_trees(graph, error, seed, limits, threads, progress)

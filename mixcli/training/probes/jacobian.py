"""Norms of the Jacobian blocks ∂h_v/∂x_u of a network, by one backward pass over many copies of a graph.

Each copy of a graph serves one target v and one direction r: the gradient of r·h_v with respect to the features is
J_vu' r for all u at once, and E ‖J_vu' r‖² = ‖J_vu‖_F² for Gaussian r. As many unit vectors as h_v is wide give the
norm exactly, and are taken where they are not more than the Gaussian ones would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixcli.training.block import SparseRows
from mixcli.training.probes.states import layer_states
from mixcli.training.probes.traced import Traced

if TYPE_CHECKING:
    from mixcli.training.probes.trained import Trained

__all__ = ["block_norms", "copies_of"]

HELD = 2**27
"""Bytes of features, values and gradients that are worked on at once, one copy of a graph aside."""


def copies_of(width: int, probes: int) -> int:
    """Copies of a graph that one target takes: a unit vector for each output, or Gaussian directions if fewer."""
    return width if probes == 0 else min(width, probes)


def block_norms(
    trained: Trained, graphs: int, targets: Sequence[NDArray[np.int64]], layer: int, probes: int
) -> list[NDArray[np.float64]]:
    """‖∂h_v^(l)/∂x_u‖_F for some targets v and all nodes u of each graph of a sample.

    Args:
        trained: the network, with the weights to look at.
        graphs: size of the sample.
        targets: nodes of each of its graphs.
        layer: l, from 1; 0 for the last.
        probes: Gaussian directions for each target; 0 for unit vectors, which are exact.

    Returns:
        For each graph (targets, n); n counts nodes, not virtual ones.

    Cost: one pass forth and back over targets · min(width, probes) copies of each graph.
    """
    sample = trained.sample(graphs)
    layer = layer or trained.layers
    with torch.no_grad():
        width = layer_states(trained.net, sample.x, sample.block)[layer].shape[1]
    each = copies_of(width, probes)
    jobs = [(c, int(v), k) for c, nodes in enumerate(targets) for v in nodes for k in range(each)]
    if each == width:
        directions = torch.eye(width).repeat(len(jobs) // width, 1)
    else:
        draws = trained.random.rng("probe directions", layer, probes).standard_normal((len(jobs), width))
        directions = torch.from_numpy(draws.astype(np.float32)) / each**0.5
    out = [np.zeros((len(nodes), int(n))) for nodes, n in zip(targets, sample.size, strict=True)]
    done = 0
    for piece in _pieces(trained, graphs, jobs):
        for (c, _, _), squares in zip(piece, _squares(trained, graphs, piece, directions[done:], layer), strict=True):
            start = sum(len(nodes) for nodes in targets[:c]) * each
            out[c][(done - start) // each] += squares[: sample.size[c]]
            done += 1
    return [np.sqrt(found) for found in out]


def _squares(
    trained: Trained, graphs: int, jobs: Sequence[tuple[int, int, int]], directions: Tensor, layer: int
) -> list[NDArray[np.float64]]:
    """For each job the squared norms of the gradient by row of its copy."""
    sample = trained.sample(graphs)
    device = trained.loader.device
    copy = torch.tensor([c for c, _, _ in jobs], device=device)
    node = torch.tensor([v for _, v, _ in jobs], device=device)
    graph = torch.from_numpy(sample.graph).to(device)[copy]
    block = trained.slicer.block(graph)
    start = torch.from_numpy(trained.topology.start).to(device)
    rows = start[graph + 1] - start[graph]
    first = rows.cumsum(0) - rows
    place = torch.arange(int(rows.sum()), device=device) - first.repeat_interleave(rows)
    at = sample.block.offset[copy].repeat_interleave(rows) + place
    sparse = isinstance(sample.x, SparseRows) and getattr(trained.model, "layers_of", "mixcli") == "mixcli"
    x = Traced(sample.x, at) if sparse else sample.dense[at].detach().requires_grad_()
    h = layer_states(trained.net, x, block)[layer]
    value = (h[first + node] * directions[: len(jobs)].to(h)).sum()
    if isinstance(x, Traced):
        squares = x.squares(value).numpy()
    else:
        (grad,) = torch.autograd.grad(value, x, allow_unused=True, materialize_grads=True)
        squares = grad.cpu().double().square().sum(1).numpy()
    return np.split(squares, np.cumsum(rows.cpu().numpy())[:-1])


def _pieces(
    trained: Trained, graphs: int, jobs: Sequence[tuple[int, int, int]]
) -> Sequence[Sequence[tuple[int, int, int]]]:
    """Jobs in stretches that fit into memory at once."""
    sample, start = trained.sample(graphs), trained.topology.start
    features = 0 if isinstance(sample.x, SparseRows) else sample.x.shape[1]
    wide = features + 4 * sum(p.shape[-1] for p in trained.net.parameters() if p.dim() > 1)
    most = HELD / (4 * wide)
    pieces: list[list[tuple[int, int, int]]] = []
    held = most
    for job in jobs:
        rows = float(start[sample.graph[job[0]] + 1] - start[sample.graph[job[0]]])
        if held + rows > most:
            pieces.append([])
            held = 0.0
        pieces[-1].append(job)
        held += rows
    return pieces

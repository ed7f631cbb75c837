"""Eigenvalue moduli of a layer's Jacobian before training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from mixcli.errors import NotApplicable
from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading, Work, mean
from mixcli.training.probes.states import layer_states

if TYPE_CHECKING:
    from mixcli.training.plan import Plan
    from mixcli.training.probes.trained import Trained

__all__ = ["JacobianSpectrum", "layer_jacobian"]


@dataclass(frozen=True)
class JacobianSpectrum(Probe):
    """Moduli of the eigenvalues of a hidden layer's Jacobian ∂H_l/∂H_{l-1} at the start of training.

    The Jacobian, a square matrix of order n · width, is that of a whole graph at once. Moduli near 0 are signals, and
    gradients, that one layer wipes out; for a linear GCN they are |λ(Â)| |μ(W)|. Only graphs of at most `order / width`
    nodes are looked at, the sampled ones that fit; where none does there is no value. Layer 2 by default, the first
    that keeps the width.

    Source: Arroyo et al., "On vanishing gradients, over-smoothing, and over-squashing in GNNs", 2025, section 3.
    """

    equation: ClassVar[str] = "|eigenvalues| of dvec(H_l)/dvec(H_{l-1}) at the initial weights"
    cites: ClassVar[str] = "Arroyo et al., NeurIPS 2025, section 3"
    cost: ClassVar[str] = "(n · width)³ for each graph"
    figures: ClassVar[Mapping[str, str]] = {
        "radius": "largest modulus", "median": "median modulus", "mean": "mean modulus",
        "vanished": "share of the moduli below 0.01", "norm": "root mean square of the singular values",
    }  # fmt: skip

    graphs: int = param(2, "graphs to look at, most", ge=1)
    layer: int = param(2, "layer l", ge=1)
    order: int = param(768, "largest order n · width of a Jacobian", ge=1, le=8192)

    def __call__(self, trained: Trained) -> Reading:
        if not 1 <= self.layer <= trained.layers:
            found = f"{trained.layers} of them"
            raise NotApplicable(f"a layer number {self.layer}", found, "give another with spectrum:layer=…")
        with trained.at("start"):
            rows = self._rows(trained)
        if not rows:
            raise NotApplicable(f"graphs of order at most {self.order}", "larger ones", "give spectrum:order=…")
        return Reading({name: mean(row[name] for row in rows) for name in self.figures})

    def _rows(self, trained: Trained) -> list[dict[str, float]]:
        sample = trained.sample(max(32, self.graphs))
        with torch.no_grad():
            states = layer_states(trained.net, sample.x, sample.block)
        before, after = (states[k].shape[1] for k in (self.layer - 1, self.layer))
        if before != after:
            found = f"{before} to {after}"
            raise NotApplicable("a layer that keeps the width", found, "give a deeper network, or another layer")
        rows_of = np.diff(trained.topology.start)[sample.graph]
        fitting = [c for c in range(sample.copies) if rows_of[c] * after <= self.order][: self.graphs]
        return [_moduli(layer_jacobian(trained, sample, c, self.layer)) for c in fitting]

    def work(self, plan: Plan) -> Work:
        """Dense eigenvalues, about 25 n³ operations, at the rate of matrix products."""
        order = float(self.order)
        return Work(24 * order**2, self.graphs * 25 * order**3 / 20)


def _moduli(jacobian: NDArray[np.float64]) -> dict[str, float]:
    moduli = np.abs(np.linalg.eigvals(jacobian))
    return {
        "radius": float(moduli.max()), "median": float(np.median(moduli)), "mean": float(moduli.mean()),
        "vanished": float((moduli < 0.01).mean()), "norm": float(np.sqrt((jacobian**2).sum() / len(jacobian))),
    }  # fmt: skip


def layer_jacobian(trained: Trained, sample: Any, copy: int, layer: int) -> NDArray[np.float64]:
    """(n d, n d) ∂vec(H_l)/∂vec(H_{l-1}) of one graph, one copy of the graph for each row.

    Args:
        trained: the network, with the weights to look at.
        sample: the graphs.
        copy: which of them.
        layer: l, from 1.
    """
    device = trained.loader.device
    graph = int(sample.graph[copy])
    n = int(trained.topology.start[graph + 1] - trained.topology.start[graph])
    first = int(sample.block.offset[copy])
    x = sample.dense[first : first + n]
    slicer, rows = trained.slicer, []
    for node in range(n):
        width = rows[0].shape[0] if rows else None
        copies = width or _width(trained, slicer, x, graph, layer)
        block = slicer.block(torch.full((copies,), graph, device=device))
        h = layer_states(trained.net, x.repeat(copies, 1).requires_grad_(), block)
        picked = h[layer].view(copies, n, copies)[:, node].diagonal().sum()
        (grad,) = torch.autograd.grad(picked, h[layer - 1], allow_unused=True, materialize_grads=True)
        rows.append(grad.reshape(copies, -1).cpu())
    return torch.cat(rows).double().numpy()


def _width(trained: Trained, slicer: Any, x: Any, graph: int, layer: int) -> int:
    with torch.no_grad():
        block = slicer.block(torch.tensor([graph], device=trained.loader.device))
        return int(layer_states(trained.net, x, block)[layer].shape[1])

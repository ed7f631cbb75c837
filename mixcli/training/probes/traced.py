"""Sparse features under differentiation, without ever being made dense.

Layers meet sparse features in products X W only. Each product becomes a leaf Z of its own, and the gradient with
respect to the features of a node is Σ_k (dL/dZ_k)_u W_k', whose norm needs the small matrix of all W_k' W_l alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mixcli.training.block import SparseRows

__all__ = ["Traced"]


class Traced(SparseRows):
    """Rows of sparse features, repeats allowed, that remember the products they were in.

    Args:
        given: the features.
        rows: which of them stand where.
    """

    def __init__(self, given: SparseRows, rows: Tensor) -> None:
        super().__init__((len(rows), given.shape[1]), given.row, given.column, given.value, given.order)
        object.__setattr__(self, "_given", given)
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "products", [])

    products: list[tuple[Tensor, Tensor]]
    _given: SparseRows
    _rows: Tensor

    def __matmul__(self, weight: Tensor) -> Tensor:
        with torch.no_grad():
            z = (self._given @ weight)[self._rows]
        z.requires_grad_()
        self.products.append((z, weight.detach()))
        return z

    def squares(self, value: Tensor) -> Tensor:
        """(rows,) squared norms, in float64, of the gradient of a value with respect to each row."""
        if not self.products:
            return torch.zeros(self.shape[0], dtype=torch.float64)
        leaves, weights = zip(*self.products, strict=True)
        grads = torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True)
        g, w = torch.cat(grads, dim=1).cpu().double(), torch.cat(weights, dim=1).cpu().double()
        return ((g @ (w.T @ w)) * g).sum(1).clamp(min=0.0)

"""Effective and stable rank of the representations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading, averaged

if TYPE_CHECKING:
    from mixcli.training.probes.trained import Trained

__all__ = ["RankOfStates", "ranks"]


@dataclass(frozen=True)
class RankOfStates(Probe):
    """Effective and stable rank of each graph's centred representations, layer by layer.

    With singular values s of H - 1 mean(H) and p = s/Σs: effective rank exp(-Σ p log p), stable rank Σs²/max s². Both
    are 1 where nodes differ in one direction only, and not defined (left out) where they do not differ.

    Source: Roy & Vetterli, EUSIPCO 2007, definition 1; Rudelson & Vershynin, J. ACM 2007, for the stable rank.

    Example:
        >>> ranks(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
        (2.0, 2.0)
    """

    equation: ClassVar[str] = "exp(-Σ p log p) with p = s/Σs, and Σs²/max s², s the singular values of H - 1 mean(H)"
    cites: ClassVar[str] = "Roy & Vetterli, EUSIPCO 2007; Rudelson & Vershynin, J. ACM 2007"
    cost: ClassVar[str] = "one pass over the sample, and n d min(n, d) for each graph and layer"
    figures: ClassVar[Mapping[str, str]] = {
        "effective_rank": "effective rank of the last hidden layer", "stable_rank": "stable rank of the same",
    }  # fmt: skip
    curves: ClassVar[Mapping[str, str]] = {"effective_rank": "effective rank", "stable_rank": "stable rank"}

    undefined: ClassVar[Mapping[str, str]] = dict.fromkeys(figures, "the nodes of each graph are all alike")

    graphs: int = param(32, "graphs to look at, most", ge=1)

    def __call__(self, trained: Trained) -> Reading:
        sample, states = trained.sample(self.graphs), trained.states(self.graphs)[1:]
        found = [[ranks(part) for part in sample.parts(h)] for h in states]
        columns = list(zip(*found, strict=True))  # by graph
        effective = averaged([[pair[0] for pair in layers] for layers in columns])
        stable = averaged([[pair[1] for pair in layers] for layers in columns])
        last = trained.last_hidden
        figures = {"effective_rank": effective[last], "stable_rank": stable[last]}
        return Reading(figures, {"effective_rank": effective, "stable_rank": stable})


def ranks(h: Tensor) -> tuple[float | None, float | None]:
    """Effective and stable rank of a matrix after centring its columns; None where nothing is left.

    Args:
        h: (n, d).
    """
    h = h.detach().cpu().double()
    centred = h - h.mean(0)
    s = torch.linalg.svdvals(centred)
    if not len(s) or float(s[0]) <= 1e-6 * float(torch.linalg.norm(h)):
        return None, None
    p = s / s.sum()
    entropy = -(p * p.clamp(min=1e-300).log()).sum()
    return round(float(entropy.exp()), 12), round(float((s * s).sum() / s[0] ** 2), 12)

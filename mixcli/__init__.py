"""mixcli: where information gets stuck in a graph, what rewiring changes, and whether a network profits.

Nothing heavy is imported here: names are fetched on first use, so that `mixcli --help` needs neither numpy nor torch.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_EXPORTS = {
    "Attention": "mixcli.sequence",
    "Constraints": "mixcli.rewiring.base",
    "Context": "mixcli.context",
    "Graph": "mixcli.graph",
    "LayerPlan": "mixcli.plan",
    "Overlay": "mixcli.plan",
    "Mask": "mixcli.mask",
    "MaskSequence": "mixcli.sequence",
    "MixcliError": "mixcli.errors",
    "Rewired": "mixcli.rewiring.base",
    "RewiredSequence": "mixcli.rewiring.sequence_base",
    "Values": "mixcli.measures.base",
    "compare": "mixcli.training.compare",
    "from_arcs": "mixcli.graph",
    "from_networkx": "mixcli.io.adapters",
    "from_pyg": "mixcli.io.adapters",
    "from_scipy": "mixcli.io.adapters",
    "load": "mixcli.sources",
    "load_all": "mixcli.sources",
    "load_sequence": "mixcli.sources",
    "measure": "mixcli.measures.base",
    "measure_sequence": "mixcli.measures.sequence_base",
    "plot": "mixcli.report.plotting",
    "rewire": "mixcli.rewiring.base",
    "save": "mixcli.sources",
    "rewire_sequence": "mixcli.rewiring.sequence_base",
    "rewire_until": "mixcli.tracing.until",
    "to_networkx": "mixcli.io.adapters",
    "to_pyg": "mixcli.io.adapters",
    "to_scipy": "mixcli.io.adapters",
    "trace": "mixcli.tracing.curve",
}

__all__ = ["__version__", *sorted(_EXPORTS)]


def __getattr__(name: str) -> Any:
    if name == "transforms":  # a module, and one that needs PyG
        return importlib.import_module("mixcli.transforms")
    if name not in _EXPORTS:
        raise AttributeError(f"module 'mixcli' has no attribute {name!r}")
    return getattr(importlib.import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return __all__

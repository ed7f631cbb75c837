"""What is shown: a source, a record, or values, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Shown"]


@dataclass(frozen=True, eq=False)
class Shown:
    """One thing that can be shown.

    Args:
        kind: "graph", "mask", "attention", "values", "analysis", "trace" or "comparison".
        name: what to call it.
        data: the graph, mask sequence or attention; a `ValueTable`; or a record.
        before: the graph or mask sequence that it was rewired from.
        method: spec of that rewiring.
        store: results database that a comparison comes from.
    """

    kind: str
    name: str
    data: Any
    before: Any = None
    method: str = ""
    store: str = ""

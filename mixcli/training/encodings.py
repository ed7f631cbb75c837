"""Positional encodings as further input features."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from mixcli.errors import NotApplicable, UsageError
from mixcli.graph import Graph
from mixcli.numerics.positional import laplacian_encoding, random_walk_encoding
from mixcli.spec import nearest
from mixcli.training.tasks.base import Task

__all__ = ["ENCODINGS", "check_encodings", "with_encoding"]

COLUMNS = 16
"""Features that every encoding adds, zeros where it has fewer, so that all arms have the same parameters."""

ENCODINGS = {"none": None, "laplacian": (laplacian_encoding, 8), "random_walk": (random_walk_encoding, COLUMNS)}
"""Name -> function and number of its columns."""


def check_encodings(names: Sequence[str]) -> list[str]:
    """The names in the catalog's spelling, each once.

    Raises:
        UsageError: no such encoding.

    Example:
        >>> check_encodings(["None", "random-walk"])
        ['none', 'random_walk']
    """
    found = [name.strip().lower().replace("-", "_") for name in names]
    for name in found:
        if name not in ENCODINGS:
            fix = nearest(name, ENCODINGS) or f"one of: {', '.join(ENCODINGS)}"
            raise UsageError("a positional encoding", repr(name), fix, where="--pe")
    return list(dict.fromkeys(found))


def with_encoding(task: Task, graphs: Sequence[Graph], name: str) -> Task:
    """The task with an encoding of the nodes' places beside its features.

    Args:
        task: one whose features are given by node.
        graphs: the graphs as trained on.
        name: in the catalog's spelling.

    Raises:
        NotApplicable: the task makes its own features.
    """
    x: Any = getattr(task, "x", None)
    if x is None:
        fix = "use it for graph or node classification"
        raise NotApplicable("a task with features by node for a positional encoding", task.kind, fix, where="--pe")
    columns = np.zeros((x.shape[0], COLUMNS), dtype=np.float32)
    chosen = ENCODINGS[name]
    if chosen is not None:
        function, k = chosen
        columns[:, :k] = np.concatenate([function(graph, k) for graph in graphs])
    if isinstance(x, np.ndarray):
        joined: Any = np.concatenate([x, columns], axis=1)
    else:
        from scipy.sparse import csr_array, hstack

        joined = csr_array(hstack([x, columns], dtype=np.float32))
    return dataclasses.replace(task, x=joined)  # type: ignore[type-var]

"""What was done to a graph, so that a file or a record can be traced back to its bytes and its seed."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["Step", "dumps", "environment", "loads"]


@dataclass(frozen=True)
class Step:
    """One thing that happened to a graph.

    Args:
        op: what was done: "read", "generate", "rewire", "symmetrise" …
        spec: the spec string or format that did it.
        seed: seed of its random choices, or None where there were none.
        sha256: digest of the input bytes, where there were any.
        notes: what was resolved or counted on the way (`{"self_loops": 3}`).
    """

    op: str
    spec: str = ""
    seed: int | None = None
    sha256: str | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""

    def to_json(self) -> dict[str, Any]:
        full = {
            "op": self.op,
            "spec": self.spec,
            "seed": self.seed,
            "sha256": self.sha256,
            "notes": dict(self.notes),
            "version": self.version,
        }
        return {k: v for k, v in full.items() if v not in (None, "", {})}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        seed, sha256, notes = data.get("seed"), data.get("sha256"), data.get("notes")
        return cls(
            str(data.get("op", "unknown")),
            str(data.get("spec", "")),
            seed if isinstance(seed, int) else None,
            sha256 if isinstance(sha256, str) else None,
            dict(notes) if isinstance(notes, Mapping) else {},
            str(data.get("version", "")),
        )


def dumps(steps: Iterable[Step]) -> str:
    """Steps as one line of JSON, the form that every file format carries."""
    return json.dumps([s.to_json() for s in steps], separators=(",", ":"), sort_keys=True)


def loads(text: str) -> tuple[Step, ...]:
    """Inverse of `dumps`; text that is not ours gives no steps, since provenance must never stop a read."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(data, list):
        return ()
    return tuple(Step.from_json(d) for d in data if isinstance(d, dict))


@cache
def environment() -> dict[str, str]:
    """Versions that a number may depend on, read without importing the packages."""
    names = ("mixcli", "numpy", "scipy", "networkx", "numba", "torch", "torch_geometric")
    found = {"python": platform.python_version(), "platform": platform.system().lower() + "-" + platform.machine()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

"""What a preset is: the settings of a paper's experiments, task by task, and in what we knowingly differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.catalog import PROTOCOLS
from mixcli.errors import NotApplicable, UsageError
from mixcli.graph import Graph
from mixcli.spec import parse
from mixcli.training.protocol import Protocol

if TYPE_CHECKING:
    from mixcli.training.models.base import Model
    from mixcli.training.tasks.base import Task

__all__ = ["Preset", "largest_component", "parse_protocol"]

OF_MODEL = {"layers": int, "hidden": int, "dropout": float}
OTHER = ("trials",)


class Preset:
    """The protocol of a paper; a subclass states these facts.

    `published` holds for each kind of task the settings in the grammar of specs: those of `Protocol`; `layers`,
    `hidden` and `dropout` of the model, where a model does not say them itself; `trials`, where nobody says how many.
    """

    cites: ClassVar[str]
    published: ClassVar[Mapping[str, str]]
    deviations: ClassVar[tuple[str, ...]]
    takes: ClassVar[type] = Protocol
    """What `NAME,key=value` may change."""
    controls: ClassVar[bool] = False
    undirected: ClassVar[bool] = True
    """Whether arcs are taken as edges."""
    connected: ClassVar[bool] = False
    """Whether one graph with labelled nodes is cut down to its largest component."""

    @classmethod
    def settings(cls, task: Task) -> dict[str, str]:
        """The settings for a task.

        Raises:
            NotApplicable: the paper has no such task.
        """
        if task.kind not in cls.published:
            known = " or ".join(cls.published).replace("_", " ")
            found, fix = task.kind.replace("_", " "), "take another protocol; `mixcli methods` lists them"
            raise NotApplicable(f"{known} for the protocol {PROTOCOLS.name_of(cls)}", found, fix, where="--protocol")
        return dict(parse(f"protocol:{cls.published[task.kind]}").options)

    @classmethod
    def protocol(cls, task: Task) -> Protocol:
        """The training settings for a task, whatever the task's own defaults are."""
        said = cls.settings(task).items()
        return Protocol().changed({k: v for k, v in said if k not in OF_MODEL and k not in OTHER})

    @classmethod
    def model(cls, model: Model, task: Task) -> Model:
        """The model with the paper's depth, width and dropout where it does not say."""
        said = {k: OF_MODEL[k](v) for k, v in cls.settings(task).items() if k in OF_MODEL}
        unsaid = {k: v for k, v in said.items() if getattr(model, k, 0) is None}
        return dataclasses.replace(model, **unsaid)  # type: ignore[type-var]

    @classmethod
    def trials(cls, task: Task) -> int:
        """Trainings per arm."""
        return int(cls.settings(task)["trials"])

    @classmethod
    def prepared(cls, graphs: Sequence[Any]) -> list[Any]:
        """The graphs as the paper takes them: without directions, one with labelled nodes by its largest part."""
        if not all(isinstance(g, Graph) for g in graphs):
            return list(graphs)
        out = [g.undirected() for g in graphs] if cls.undirected else list(graphs)
        if cls.connected and len(out) == 1 and "y" in out[0].node:
            return [largest_component(out[0])]
        return out

    @classmethod
    def to_json(cls, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What the record says."""
        return {
            "name": PROTOCOLS.name_of(cls), "cites": cls.cites, "deviations": list(cls.deviations),
            "changed": {k: str(v) for k, v in changes.items()},
        }  # fmt: skip


def parse_protocol(text: str) -> tuple[str | None, dict[str, str]]:
    """A preset's name, or None, and the changes that a text like `fosr,epochs=50` asks for.

    Raises:
        UsageError: no such preset or setting, or more than one preset.

    Example:
        >>> parse_protocol("fosr,epochs=50")
        ('fosr', {'epochs': '50'})
        >>> parse_protocol("epochs=50")
        (None, {'epochs': '50'})
    """
    spec = parse(f"protocol:{text}")
    if len(spec.values) > 1:
        fix = "keep one of them; settings are written as epochs=50"
        raise UsageError("at most one protocol by name", ", ".join(spec.values), fix, where="--protocol")
    changes = dict(spec.options)
    Protocol().changed(changes)
    if not spec.values:
        return None, changes
    PROTOCOLS.target(spec.values[0])
    return PROTOCOLS.canonical(spec.values[0]), changes


def largest_component(graph: Graph) -> Graph:
    """A graph's largest connected component with all it carries; itself where it is connected.

    Raises:
        NotApplicable: the graph has overlays, which speak of all its nodes.

    Example:
        >>> g = Graph(5, np.array([[0, 1], [2, 3], [3, 4]])).replace(node={"y": np.arange(5)})
        >>> largest_component(g).node["y"]
        array([2, 3, 4])
    """
    parts = graph.components
    if parts.count <= 1:
        return graph
    if graph.plan.overlays:
        raise NotApplicable("a graph as it was read", "one with a layer plan", "rewire it by --arm", where=graph.name)
    inside = parts.of_node == parts.largest
    kept = inside[graph.edges].all(axis=1)
    labels = None if graph.labels is None else tuple(graph.labels[v] for v in np.flatnonzero(inside).tolist())
    return graph.component(parts.largest).replace(
        node={k: v[inside] for k, v in graph.node.items()}, edge={k: v[kept] for k, v in graph.edge.items()},
        graph=graph.graph, labels=labels, provenance=graph.provenance,
    )  # fmt: skip

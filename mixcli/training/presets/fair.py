"""A protocol that a referee could accept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from mixcli.training.presets.base import Preset

if TYPE_CHECKING:
    from mixcli.training.protocol import Protocol
    from mixcli.training.tasks.base import Task

__all__ = ["Fair"]


class Fair(Preset):
    """Ours: repeated stratified splits, everything chosen on validation, controls, and the same effort for every arm.

    Each task keeps its own network and training settings (`mixcli methods` does not list them; the record does). Splits
    vary by trial and are stratified by class; given ones are used where there are several (geom-gcn), not where there
    is one, since a ranking on one split is a ranking on that split. The epoch is chosen by validation, both it and the
    last are stored. Controls are trained beside the arms: the same network without edges, and for each rewiring random
    edges of the same number in every graph, for the same layers; a relational model's baseline has the same, empty,
    relation. Nothing is tuned unless `--tune K` tunes every arm by the same K settings.

    Source: requirements from Shchur et al. 2018, Errica et al., ICLR 2020, Nadeau & Bengio 2003, Tori et al. 2024; the
    combination is ours.
    """

    cites: ClassVar[str] = "ours, after Shchur et al. 2018; Errica et al., ICLR 2020; Nadeau & Bengio 2003"
    published: ClassVar[Mapping[str, str]] = {
        "graph_classification": "trials=20,splits=stratified",
        "node_classification": "trials=20,splits=several",
    }
    deviations: ClassVar[tuple[str, ...]] = ()
    controls: ClassVar[bool] = True
    undirected: ClassVar[bool] = False

    @classmethod
    def settings(cls, task: Task) -> dict[str, str]:
        """Its own for labelled data; any other task's splits are what that task is."""
        return super().settings(task) if task.kind in cls.published else {"trials": "20"}

    @classmethod
    def protocol(cls, task: Task) -> Protocol:
        """The task's own settings, with splits that vary."""
        said = cls.settings(task).items()
        return task.protocol.changed({k: v for k, v in said if k != "trials"})

"""How a network is trained: optimiser, schedule, stopping and batches."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mixcli.errors import UsageError
from mixcli.spec import Spec, build, param, parameters

__all__ = ["Protocol"]


@dataclass(frozen=True)
class Protocol:
    """The settings of one training; every arm of a comparison has the same.

    Adam throughout. The reported value is the test metric at the epoch with the best validation metric, ties going to
    the lower validation loss, or with `report=last` after the last epoch; both are stored. Test labels choose nothing.

    Args: see the fields. Each kind of task has its own defaults (`Task.protocol`).
    """

    lr: float = param(1e-3, "Adam's step size", ge=0, le=1000)
    weight_decay: float = param(0.0, "L2 penalty on the first layer, as Kipf & Welling use it", ge=0, le=1000)
    epochs: int = param(100, "most epochs", ge=1)
    patience: int = param(0, "stop after this many epochs without a better validation result; 0 never", ge=0)
    batch_size: int = param(
        64,
        "units per step, graphs or samples; of one graph's nodes, training nodes, over the whole graph; 0 for all",
        ge=0,
    )
    scheduler: Literal["none", "plateau"] = param(
        "none", "plateau: a tenth of the step size after some epochs without a lower training loss"
    )
    plateau_patience: int = param(10, "epochs without a lower training loss that the plateau schedule bears", ge=0)
    threshold: float = param(
        1.0, "factor by which validation must rise above its last rise for patience to see it", ge=1, le=1000
    )
    report: Literal["best", "last"] = param("best", "which epoch's test value is compared: best validation, or last")
    splits: Literal["default", "several", "random", "stratified", "development"] = param(
        "default",
        "default: the task's own; several: given ones where there are several, else stratified; random: by trial, "
        "whatever is given; stratified: the same, by class; development: a fixed test half, 20 per class to train on",
    )
    train: float | None = param(None, "share to train on in random and stratified splits; default by task", ge=0, le=1)
    val: float | None = param(None, "share to validate on; the rest is for testing", ge=0, le=1)
    drop_input: bool | None = param(None, "whether input features are dropped out too; default by task")

    def changed(self, changes: Mapping[str, Any] | None) -> Protocol:
        """A copy with some settings changed, values as text or already of their type.

        Raises:
            UsageError: no such setting, or a value out of range.

        Example:
            >>> changed = Protocol().changed({"epochs": "5", "lr": 0.01})
            >>> changed.epochs, changed.lr, changed.patience
            (5, 0.01, 0)
        """
        if not changes:
            return self
        said = build(Protocol, Spec("protocol", (), tuple((k, str(v)) for k, v in changes.items())))
        return dataclasses.replace(self, **{k: getattr(said, k) for k in changes})

    @classmethod
    def parse(cls, text: str) -> dict[str, str]:
        """The changes that a text like `epochs=50,lr=0.01` asks for.

        Example:
            >>> Protocol.parse("epochs=50,lr=0.01")
            {'epochs': '50', 'lr': '0.01'}
        """
        from mixcli.spec import parse

        spec = parse(f"protocol:{text}")
        if spec.values:
            known = ", ".join(f.name for f in parameters(cls))
            raise UsageError("settings like epochs=50", repr(spec.values[0]), f"known: {known}", where="protocol")
        build(cls, spec)
        return dict(spec.options)

    def to_json(self) -> dict[str, Any]:
        """All settings."""
        return dataclasses.asdict(self)

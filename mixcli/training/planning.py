"""From what was asked for to a plan: preset, settings to tune over, arms and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from mixcli.catalog import MODELS, PROTOCOLS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable
from mixcli.graph import Graph
from mixcli.sequence import MaskSequence
from mixcli.training.arms import NONE, Arm, make_arms
from mixcli.training.controls import DEFAULT, controlled, lacking
from mixcli.training.encodings import check_encodings
from mixcli.training.models.base import Model
from mixcli.training.plan import Plan, model_spec
from mixcli.training.presets.base import Preset, parse_protocol
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Task
from mixcli.training.tuning import GRID, Setting, draw, tuned, variants

__all__ = ["DEFAULT_MODEL", "Things", "Wish", "asked", "plan_for", "protocol_of"]

DEFAULT_MODEL = {
    "graph_classification": "gin", "graph_regression": "gin", "graph_labels": "gin", "node_classification": "gcn",
    "transfer": "gcn", "matching": "gcn", "reach": "decoder",
}  # fmt: skip

Things = Mapping[str, Sequence[Graph | MaskSequence]]


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    Args:
        arms: specs.
        encodings: positional encodings.
        model: its spec, or None for the task's usual one.
        trials: per arm, None for the preset's, else 10.
        preset: name of a protocol, or None.
        changes: training settings.
        controls: names of the controls to train; None for as the preset has it.
        tune: number of settings to tune over, 0 for none.
    """

    arms: Sequence[str]
    encodings: Sequence[str] = ()
    model: str | None = None
    trials: int | None = None
    preset: str | None = None
    changes: Mapping[str, Any] | None = None
    controls: tuple[str, ...] | None = None
    tune: int = 0

    @property
    def protocol(self) -> type[Preset] | None:
        """The preset."""
        return None if self.preset is None else cast("type[Preset]", PROTOCOLS.get(self.preset))

    def prepared(self, things: Things) -> dict[str, Sequence[Graph | MaskSequence]]:
        """The sources as the preset takes them."""
        preset = self.protocol
        return dict(things) if preset is None else {k: preset.prepared(v) for k, v in things.items()}


def protocol_of(said: str | Mapping[str, Any] | None) -> tuple[str | None, dict[str, Any]]:
    """The preset's name and the changed settings, from text or a mapping.

    Raises:
        UsageError: no such preset or setting.

    Example:
        >>> protocol_of({"preset": "FoSR", "epochs": 50})
        ('fosr', {'epochs': 50})
    """
    if isinstance(said, str):
        return parse_protocol(said)
    changes = dict(said or {})
    preset = changes.pop("preset", None)
    Protocol().changed(changes)  # a mistyped setting must not cost a rewiring first
    if preset is None:
        return None, changes
    PROTOCOLS.target(preset)
    return PROTOCOLS.canonical(preset), changes


def plan_for(sources: Things, wish: Wish, device: str, context: Context) -> Plan:
    """Make the arms and everything else of a plan.

    Args:
        sources: prepared, by name.
        wish: what was asked for.
        device: where to train.
        context: seed, limits, progress.
    """
    chosen = None if wish.model is None else MODELS.make(wish.model)
    settings = draw(wish.tune, context) if wish.tune else []
    preset, (specs, controls) = wish.protocol, asked(sources, wish)
    rows = _rows(sources, specs, wish, settings, context)
    task = rows[0][0].task
    model = chosen or MODELS.make(DEFAULT_MODEL[task.kind])
    protocol = (task.protocol if preset is None else preset.protocol(task)).changed(wish.changes)
    model = (model if preset is None else preset.model(model, task)).completed(task)
    _fits(model, task)
    if controls:
        rows = _controlled(rows, cast("Mapping[str, Sequence[Graph]]", sources), model, controls, context)
    arms = _under(variants(rows, settings) if settings else rows[0], protocol)
    trials = wish.trials or (10 if preset is None else preset.trials(task))
    facts: dict[str, Any] = {} if preset is None else {"preset": preset.to_json(wish.changes or {})}
    if controls:
        facts["controls"] = list(controls)
    if settings:
        facts["tuning"] = {"count": wish.tune, "grid": {k: list(v) for k, v in GRID.items()}}
    return Plan(tuple(arms), model, protocol, context.seed, trials, device, facts=facts)


def _controlled(
    rows: Sequence[Sequence[Arm]], graphs: Mapping[str, Sequence[Graph]], model: Model, kinds: Sequence[str],
    context: Context,
) -> list[list[Arm]]:  # fmt: skip
    """The arms with their controls; an arm that lacks one under some settings only has it under all."""
    found = [lacking(row, graphs, model, kinds) for row in rows]
    missing = {
        kind: {name: why for name, why in found[0][kind].items() if all(name in one[kind] for one in found)}
        for kind in kinds
    }
    return [controlled(row, graphs, model, context, kinds, missing) for row in rows]


def asked(sources: Things, wish: Wish) -> tuple[list[str], tuple[str, ...]]:
    """The rewirings there are to be, with the baseline that controls need, and the controls.

    Args:
        sources: by name.
        wish: what was asked for.

    Raises:
        NotApplicable: controls were asked for over masks, or beside positional encodings.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> asked({"path": [path(9)]}, Wish(["fosr"], preset="fair"))
        (['none', 'fosr'], ('mlp', 'random', 'empty'))
    """
    controls, specs = _controls(sources, wish), list(wish.arms)
    if controls and not any(s.strip().lower() == NONE for s in specs):
        specs.insert(0, NONE)
    return specs, controls


def _controls(sources: Things, wish: Wish) -> tuple[str, ...]:
    """The controls there are to be: as asked, else as the preset has it where they apply.

    Raises:
        NotApplicable: they were asked for over masks, or beside positional encodings.
    """
    masks = _masks(sources)
    if wish.controls and (masks or wish.encodings):
        found = "masks" if masks else "positional encodings, which tell of edges that a control lacks"
        raise NotApplicable("rewirings of graphs for controls", found, "leave out --controls", where="--controls")
    if wish.controls is None:
        fair = wish.protocol is not None and wish.protocol.controls and not masks and not wish.encodings
        return DEFAULT if fair else ()
    return wish.controls


def _masks(sources: Things) -> bool:
    return any(isinstance(thing, MaskSequence) for things in sources.values() for thing in things)


def _rows(
    sources: Things, specs: list[str], wish: Wish, settings: Sequence[Setting], context: Context
) -> list[list[Arm]]:
    """The arms, once for each setting; one row where nothing is tuned."""
    encodings = check_encodings(wish.encodings)
    if settings and not _masks(sources) and not encodings:
        return tuned(cast("Mapping[str, Sequence[Graph]]", sources), specs, settings, context)
    return [_arms(sources, specs, encodings, context)] * max(1, len(settings))


def _under(arms: Sequence[Arm], protocol: Protocol) -> list[Arm]:
    """The arms with their tasks split and fed as the protocol says; arms of one task keep one."""
    tasks = {id(a.task): a.task for a in arms}
    under = {key: task.under(protocol) for key, task in tasks.items()}
    return [replace(a, task=under[id(a.task)]) for a in arms]


def _arms(
    sources: Mapping[str, Sequence[Graph | MaskSequence]], specs: list[str], encodings: list[str], context: Context
) -> list[Arm]:
    things = [thing for several in sources.values() for thing in several]
    masks = [thing for thing in things if isinstance(thing, MaskSequence)]
    if not masks:
        return make_arms(cast("Mapping[str, Sequence[Graph]]", sources), specs, context, encodings)
    if encodings:
        raise NotApplicable("graphs for positional encodings", "masks", "use decoder:positions=…", where="--pe")
    if len(masks) < len(things):
        raise InputError("graphs or masks", "both", "compare like with like")
    from mixcli.training.mask_arms import make_mask_arms

    return make_mask_arms(cast("Mapping[str, Sequence[MaskSequence]]", sources), specs, context)


def _fits(model: Model, task: Task) -> None:
    """Refuse a decoder on graphs, and convolutions on masks.

    Raises:
        NotApplicable: the model does not read what the task is on.
    """
    wanted = "mask" if task.kind == "reach" else "graph"
    if model.reads != wanted:
        name = model_spec(model).partition(":")[0]
        able = ", ".join(n for n in MODELS if MODELS.get(n).reads == wanted)
        raise NotApplicable(f"a {wanted} model", name, f"choose one of: {able}", where="--model")

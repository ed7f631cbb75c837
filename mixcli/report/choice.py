"""The figure that something naturally has, and figures by spec."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from mixcli.catalog import FIGURES, MEASURES, SEQUENCE_MEASURES
from mixcli.errors import NotApplicable, UsageError
from mixcli.report.subject import Shown
from mixcli.spec import parse

__all__ = ["SMALL", "chosen", "natural", "paired"]

SMALL = 150
"""Nodes up to which a graph is drawn; beyond, the values of its edges are counted."""

SUMMARISED = 12
"""Analysis records that are shown one by one; more are counted."""

BY_LEVEL = {"token": "profile", "head": "heads"}


def natural(things: Sequence[Shown], measure: str = "") -> str:
    """Name of the figure that things of one kind are shown in, when nobody says otherwise.

    Args:
        things: at least one, all of one kind.
        measure: what is to be measured, if said.

    Raises:
        NotApplicable: things of several kinds.
    """
    kinds = {thing.kind for thing in things}
    if len(kinds) > 1:
        raise NotApplicable("sources or records of one kind", " and ".join(sorted(kinds)), "plot them one by one")
    kind = kinds.pop()
    if kind == "graph":
        small = len(things) == 1 and things[0].data.n <= SMALL
        return "drawing" if small and not measure else "histogram"
    if kind in ("mask", "attention"):
        level = SEQUENCE_MEASURES.get(parse(measure).name).level if measure else ""
        return BY_LEVEL.get(level, "histogram") if measure else "heads" if kind == "attention" else "heatmap"
    if kind == "values":
        return BY_LEVEL.get(things[0].data.level, "histogram")
    if kind == "analysis":
        return "summary" if len(things) <= SUMMARISED else "histogram"
    return "curve" if kind == "trace" else "differences"


def chosen(things: Sequence[Shown], spec: str = "", **asked: Any) -> Any:
    """The figure to draw, with parameters that were asked for beside its spec.

    Args:
        things: what it is to show.
        spec: such as "histogram:bins=20"; empty for the natural one.
        asked: parameters by name; empty ones do not count.

    Raises:
        UsageError: no such figure or parameter.
    """
    plot = FIGURES.make(spec or natural(things, asked.get("measure") or ""))
    for key, value in asked.items():
        if not value:
            continue
        name = FIGURES.name_of(type(plot))
        if key not in {f.name for f in dataclasses.fields(plot)}:
            able = ", ".join(n for n in FIGURES if key in {f.name for f in dataclasses.fields(FIGURES.get(n))})
            raise UsageError(f"a figure with {key}", name, f"--figure with one of {able}", where=f"--{key}")
        if key == "measure" and any(thing.kind in ("graph", "mask", "attention") for thing in things):
            known = parse(value).name
            if known not in MEASURES and known not in SEQUENCE_MEASURES:
                MEASURES.target(known)
        plot = dataclasses.replace(plot, **{key: value})
    return plot


def paired(things: Sequence[Shown]) -> list[Shown]:
    """Two graphs on the same nodes, or two masks over the same tokens, as one thing before and after."""
    if len(things) != 2 or {t.kind for t in things} not in ({"graph"}, {"mask"}) or any(t.before for t in things):
        return list(things)
    first, second = things
    sizes = {getattr(t.data, "n", 0) or getattr(t.data, "tokens", 0) for t in things}
    if len(sizes) > 1 or getattr(first.data, "directed", 0) != getattr(second.data, "directed", 0):
        return list(things)
    return [dataclasses.replace(second, before=first.data, method=second.method)]

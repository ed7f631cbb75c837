"""What probes of the trained networks found, as lines for people: a row a figure, a column an arm."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["probe_lines"]

SHELLS = 8
"""Distances that the table of a curve shows, from 0; all of them stand in the record."""

CURVE = "sensitivity"
"""The curve that people want to see: mean sensitivity by distance."""


def probe_lines(record: Mapping[str, Any]) -> str:
    """The probes of a comparison record as text, empty where there are none.

    Means ± standard errors over trials; in brackets the mean difference to the baseline, trial by trial.

    Args:
        record: schema `mixcli.comparison/1`.

    Example:
        >>> figure = {"mean": 1.25, "error": None, "trials": 1}
        >>> probe = {"by": "layer", "figures": {"rank": figure}, "curves": {}}
        >>> print(probe_lines({"baseline": "none", "arms": [{"name": "none", "probes": {"rank": probe}}]}), end="")
        probes of the trained networks, mean ± standard error over trials (difference to none)
        rank  none
          rank  1.25
    """
    arms = [arm for arm in record["arms"] if arm.get("probes")]
    if not arms:
        return ""
    out = [f"probes of the trained networks, mean ± standard error over trials (difference to {record['baseline']})\n"]
    for spec in arms[0]["probes"]:
        rows = list(_rows(spec, [arm["probes"].get(spec, {}) for arm in arms]))
        out += _table(spec, [arm["name"] for arm in arms], rows)
        reasons = {arm["name"]: arm["probes"].get(spec, {}).get("reason") for arm in arms}
        out += [f"  {reason} ({_who(reason, reasons)})\n" for reason in dict.fromkeys(filter(None, reasons.values()))]
    return "".join(out)


def _who(reason: str, reasons: Mapping[str, str | None]) -> str:
    named = [name for name, other in reasons.items() if other == reason]
    return "all arms" if len(named) == len(reasons) else ", ".join(named)


def _rows(spec: str, probes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """(what, a cell for each arm)."""
    for name in dict.fromkeys(n for p in probes for n in p.get("figures", {})):
        yield name.replace("_", " "), [_cell(p.get("figures", {}).get(name, {})) for p in probes]
    curves = [p.get("curves", {}).get(CURVE) for p in probes]
    if not spec.startswith(CURVE) or not any(curves):
        return
    longest = max(len(c["mean"]) for c in curves if c)
    for hops in range(min(longest, SHELLS)):
        word = "hop" if hops == 1 else "hops"
        yield f"S at {hops} {word}", [_at(c, hops) for c in curves]


def _at(curve: Mapping[str, Any] | None, place: int) -> str:
    if not curve or place >= len(curve["mean"]):
        return "–"
    return _cell({"mean": curve["mean"][place], "error": curve["error"][place]})


def _cell(figure: Mapping[str, Any]) -> str:
    if figure.get("mean") is None:
        return "–"
    difference = figure.get("difference") or {}
    text = _with_error(figure, "")
    return text if difference.get("mean") is None else f"{text} ({_with_error(difference, '+')})"


def _with_error(value: Mapping[str, Any], sign: str) -> str:
    text = f"{value['mean']:{sign}.3g}"
    return text if value["error"] is None else f"{text} ± {value['error']:.2g}"


def _table(title: str, names: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    """Lines, arms side by side as far as the terminal is wide, the others below."""
    if not rows:
        yield f"{title}\n"
        return
    first = max(len(title), *(len(what) + 2 for what, _ in rows))
    wide = [max(len(name), *(len(cells[k]) for _, cells in rows)) for k, name in enumerate(names)]
    room = max(shutil.get_terminal_size((120, 24)).columns, 60) - first
    groups: list[list[int]] = []
    used = room
    for k, width in enumerate(wide):
        if used + width + 2 > room:
            groups.append([])
            used = 0
        groups[-1].append(k)
        used += width + 2
    for group in groups:
        yield _line(title, first, [(names[k], wide[k]) for k in group])
        for what, cells in rows:
            yield _line(f"  {what}", first, [(cells[k], wide[k]) for k in group])


def _line(what: str, first: int, cells: Sequence[tuple[str, int]]) -> str:
    return "  ".join([what.ljust(first), *(text.ljust(width) for text, width in cells)]).rstrip() + "\n"

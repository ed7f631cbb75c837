"""What a comparison's table is made of, in words: edits, controls, tuning and the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["budgets", "changed", "control_lines", "preset_lines", "tuning_rows"]


def tuning_rows(record: Mapping[str, Any]) -> tuple[str, list[str], list[list[str]]] | None:
    """Expected test metric of the best of k settings by validation, arm by arm, and the spread over all settings.

    Args:
        record: schema `mixcli.comparison/1`.

    Returns:
        Title, columns and rows of a table; None where nothing was tuned.
    """
    arms = [arm for arm in record["arms"] if arm.get("tuning", {}).get("best_of")]
    if not arms:
        return None
    percent = record.get("percent", True)
    shown = budgets(len(arms[0]["tuning"]["best_of"]))
    columns = ["arm", *(f"k = {k}" for k in shown), "settings: min", "median", "max"]
    rows = []
    for arm in arms:
        curve, spread = arm["tuning"]["best_of"], arm["tuning"]["spread"]
        cells = [curve[k - 1]["mean"] for k in shown] + [spread[q] for q in ("min", "q50", "max")]
        rows.append([arm["name"], *(_cell(value, percent) for value in cells)])
    return f"expected {record['metric']} of the best of k settings{', %' * percent}", columns, rows


def _cell(value: float | None, percent: bool) -> str:
    return "" if value is None else f"{100 * value:.2f}" if percent else f"{value:.4g}"


def budgets(count: int) -> list[int]:
    """1, 2, 4, … and K itself.

    Example:
        >>> budgets(10)
        [1, 2, 4, 8, 10]
    """
    powers = [2**i for i in range(count.bit_length()) if 2**i < count]
    return [*powers, count]


def changed(arm: Mapping[str, Any]) -> str:
    """Edges added to and removed from the graphs, and those that layers use beside or in place of them."""
    edits = f"+{arm['edges_added']} −{arm['edges_removed']}" if arm["edges_added"] or arm["edges_removed"] else ""
    laid = f"{arm['overlay_edges']} in layers" if arm.get("overlay_edges") else ""
    return ", ".join(filter(None, (edits, laid))) or "–"


def control_lines(record: Mapping[str, Any]) -> list[str]:
    """A sentence on each arm against its controls, and one on arms that have none."""
    lines = []
    for key, same in (("to_control", "number"), ("to_degrees", "degrees")):
        for arm in record["arms"]:
            if key in arm:
                lines.append(f"{arm['name']} against random edges of the same {same}: {arm[key]['verdict']}\n")
    for arm in record["arms"]:
        kinds: dict[str, list[str]] = {}
        for kind, why in arm.get("controls", {}).items():
            if kind in ("random", "degrees"):
                kinds.setdefault(why, []).append(kind)
        lines += [f"{arm['name']}: no {' or '.join(several)} control, {why}\n" for why, several in kinds.items()]
    return lines


def preset_lines(record: Mapping[str, Any]) -> list[str]:
    """The protocol by name, what was changed of it, and where to read in what it deviates from the paper."""
    preset = record.get("preset")
    if preset is None:
        return []
    changed, count = [f"{k}={v}" for k, v in preset["changed"].items()], len(preset["deviations"])
    with_changes = f", with {', '.join(changed)}" * bool(changed)
    named = f"; {count} deviations from it are named by `mixcli methods {preset['name']}`" * bool(count)
    return [f"protocol {preset['name']} ({preset['cites']}){with_changes}{named}\n"]

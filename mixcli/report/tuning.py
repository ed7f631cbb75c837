"""What tuning and controls gave, under the table of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

__all__ = ["budgets", "control_lines", "preset_lines", "tuning_table"]


def tuning_table(record: Mapping[str, Any]) -> Table | None:
    """Expected test metric of the best of k settings by validation, arm by arm, and the spread over all settings.

    Args:
        record: schema `mixcli.comparison/1`.

    Returns:
        The table; None where nothing was tuned.
    """
    arms = [arm for arm in record["arms"] if arm.get("tuning", {}).get("best_of")]
    if not arms:
        return None
    count = len(arms[0]["tuning"]["best_of"])
    table = Table(
        title=f"expected {record['metric']} of the best of k settings{', %' * record.get('percent', True)}",
        title_justify="left", header_style="bold",
    )  # fmt: skip
    table.add_column("arm")
    shown = budgets(count)
    for k in shown:
        table.add_column(f"k = {k}", justify="right")
    for column in ("settings: min", "median", "max"):
        table.add_column(column, justify="right")
    for arm in arms:
        curve, spread = arm["tuning"]["best_of"], arm["tuning"]["spread"]
        cells = [curve[k - 1]["mean"] for k in shown] + [spread[q] for q in ("min", "q50", "max")]
        table.add_row(escape(arm["name"]), *(_cell(v, record.get("percent", True)) for v in cells))
    return table


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


def control_lines(record: Mapping[str, Any]) -> list[str]:
    """A sentence on each arm against random edges of the same number."""
    pairs = [(arm["name"], arm["to_control"]) for arm in record["arms"] if "to_control" in arm]
    return [f"{name} against random edges of the same number: {told['verdict']}\n" for name, told in pairs]


def preset_lines(record: Mapping[str, Any]) -> list[str]:
    """The protocol by name, what was changed of it, and where to read in what it deviates from the paper."""
    preset = record.get("preset")
    if preset is None:
        return []
    changed, count = [f"{k}={v}" for k, v in preset["changed"].items()], len(preset["deviations"])
    with_changes = f", with {', '.join(changed)}" * bool(changed)
    named = f"; {count} deviations from it are named by `mixcli methods {preset['name']}`" * bool(count)
    return [f"protocol {preset['name']} ({preset['cites']}){with_changes}{named}\n"]

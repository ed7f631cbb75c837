"""Sections on values that were written by edge, node, token or head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.report.choice import natural
from mixcli.report.fields import label
from mixcli.report.findings import amount
from mixcli.report.section import Section, Table, drawn

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.report.subject import Shown

__all__ = ["of_values"]


def of_values(thing: Shown, context: Context) -> Section:
    """Spread and extremes of each column, and its figure."""
    table = thing.data
    count = len(table.index)
    section = Section(label(thing.name), "values", f"{count} {table.level}{'s' * (count != 1)}")
    rows = []
    for name, values in table.columns.items():
        finite = values[np.isfinite(values)]
        spread = [amount(float(q)) for q in np.quantile(finite, [0, 0.5, 1])] if len(finite) else ["–"] * 3
        rows.append([label(name), amount(float(len(finite))), *spread])
    columns = ["column", "finite values", "min", "median", "max"]
    section.tables.append(Table("Values", columns, rows, frozenset({1, 2, 3, 4})))
    for name in table.columns if natural([thing]) == "heads" else [""]:
        drawn(section, natural([thing]), [thing], context, measure=name)
    return section

"""One number of a graph: a measure of it, or a statistic or a detail of a measure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.catalog import MEASURES
from mixcli.errors import UsageError
from mixcli.report.record import summary
from mixcli.report.text import SUMMARY
from mixcli.spec import nearest, parse

if TYPE_CHECKING:
    from mixcli.measures.base import Measure, Values

__all__ = ["Column"]

_SPLIT = re.compile(r"(?P<spec>.*?)(?:\.(?P<part>[a-z_]\w*(?:\.\w+)*))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Column:
    """What to read off a measure.

    Args:
        name: the column's name: the measure and, unless it is a value of the whole graph, the part of it.
        measure: the measure.
        part: a statistic over edges or nodes ("min", "mean" …), or a detail of a value of the whole graph; "" for the
            value itself.
    """

    name: str
    measure: Measure
    part: str = ""

    @classmethod
    def parse(cls, text: str) -> Column:
        """The column that a measure spec, `.` and the part of it stand for; the mean where no part of edges is named.

        Raises:
            UsageError: there is no such measure, or no such statistic.

        Example:
            >>> Column.parse("bfc").name, Column.parse("spectral_gap.sweep_conductance").part
            ('balanced_forman.mean', 'sweep_conductance')
        """
        match = _SPLIT.fullmatch(text.strip())
        spec, part = (match["spec"], match["part"] or "") if match else (text, "")
        measure = MEASURES.make(spec)
        parsed = parse(spec)
        if measure.level != "graph":
            part = part or "mean"
            if part not in SUMMARY:
                hint = nearest(part, SUMMARY) or f"one of {', '.join(SUMMARY)}"
                raise UsageError(f"a statistic of {spec}", repr(part), hint)
        name = str(parsed).replace(parsed.name, MEASURES.canonical(parsed.name), 1)
        return cls(f"{name}.{part}" if part else name, measure, part)

    @property
    def better(self) -> str | None:
        """Which way is better: "higher", "lower", or None where that is not known (of a detail, say)."""
        measure = self.measure
        if not self.part:
            return measure.better
        return (
            measure.better
            if measure.level != "graph" and self.part in ("min", "mean", "max", "q05", "q50", "q95")
            else None
        )

    def read(self, values: Values) -> tuple[float | None, str]:
        """The number, or None and the reason why there is none.

        Raises:
            UsageError: the measure gives no such detail.
        """
        found: Any = values.data
        if values.level != "graph" and found is not None:
            found = summary(np.asarray(found)).get(self.part, 0 if self.part == "infinite" else None)
        elif self.part and values.level == "graph":
            found = _detail(values.details, self.part, self.name)
        if found is None or not np.isfinite(found):
            return None, values.reason or ("no values" if values.level != "graph" else "not defined for this graph")
        return float(found), ""


def _detail(details: Mapping[str, Any], path: str, name: str) -> float | None:
    found: Any = details
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            known = ", ".join(k for k, v in details.items() if isinstance(v, (int, float)))
            raise UsageError(f"a detail of the measure ({known or 'it has none'})", repr(path), "name one", where=name)
        found = found[key]
    if found is not None and not isinstance(found, (int, float, np.generic)):
        raise UsageError("a detail that is a number", repr(path), "name another", where=name)
    return found
